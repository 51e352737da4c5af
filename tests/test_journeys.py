"""The tutorials: their command lines run as they stand, with trainings of two steps, and make what they say."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_documents import BLOCK, commands_of, text_of

from wavewright import Clip, read_score
from wavewright.apps.cli import run
from wavewright.audio.sound_file import open_sound

DOCS = Path(__file__).parents[1] / "docs"
SHORT = ["--set", "training.steps=2", "--quiet"]
UNFINISHED = {"serve"}
"""Commands that end with Ctrl-C."""

pytestmark = [
    pytest.mark.skipif(not DOCS.is_dir(), reason="the documents are not beside the tests"),
    pytest.mark.filterwarnings("ignore"),  # of trainings of two steps
]


@functools.cache
def lines_of(page: str) -> list[list[str]]:
    """Return the arguments of the commands with which a page opens."""
    first = next(f"```\n{body}```" for language, body in BLOCK.findall(text_of(DOCS / page)) if not language)
    return list(commands_of(first))


def follow(page: str, capsys, size: str | None = None, fewer: dict[str, str] | None = None) -> dict[str, str]:
    """Run the commands of a page with short trainings; return what each last call of a command printed."""
    printed = {}
    for arguments in lines_of(page):
        if arguments[0] in UNFINISHED:
            continue
        chosen = [(fewer or {}).get(argument, argument) for argument in arguments]
        if chosen[0] == "train":
            at = chosen.index("--max-minutes")
            chosen[at : at + 2] = [*SHORT, *(() if size is None else ("--size", size))]
        assert run(chosen) == 0, (chosen, capsys.readouterr().err)
        printed[arguments[0]] = capsys.readouterr().out
    return printed


@pytest.mark.uses("drum-classifier", "morph-drums")
def test_a_musician_gets_a_kit_and_a_beat(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    follow("musician.md", capsys)
    lines = [json.loads(line) for line in Path("kit/manifest.jsonl").read_text().splitlines()]
    assert {line["drum"] for line in lines} >= {"kick-1", "hat-1"}
    assert {line["take"] for line in lines} == {1, 2, 3, 4}
    assert any("model" in line for line in lines)
    sfz = Path("kit/kit.sfz").read_text()
    assert all((Path("kit") / name).is_file() for name in re.findall(r"sample=(\S+)", sfz))
    score, loop, again = read_score(Path("kit/pattern.mid")), Clip.read("loop.wav"), Clip.read("again.wav")
    assert score.tracks[0].is_drum
    assert loop.seconds - 0.5 < again.seconds < loop.seconds + 4
    assert np.abs(Clip.read("beat.wav").wave).max() > 0.1


@pytest.mark.uses("en", "vocoder", "ambience", "denoise-48k", "denoise-16k")
def test_a_podcaster_gets_an_episode(tmp_path, monkeypatch, capsys):
    pytest.importorskip("av")
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    printed = follow("podcaster.md", capsys)
    loudness, peak = re.search(r"(-[\d.]+) LUFS, true peak (-[\d.]+) dB", printed["podcast"]).groups()
    assert float(loudness) == pytest.approx(-16, abs=0.3)
    assert float(peak) < -0.5
    metadata = open_sound("episode.mp3").metadata
    assert metadata.tags["title"] == "Bridges that sing"
    assert [marker.label for marker in metadata.markers] == ["Welcome", "Ben"]
    assert metadata.pictures
    assert open_sound("episode.m4a").metadata.tags["title"] == "Bridges that sing"
    for name in ("anna", "ben"):  # each is louder in its half than the noise of the other
        assert f"{name}.wav: noise" in printed["podcast"]


@pytest.mark.uses("en", "vocoder")
def test_a_voice_developer_gets_a_voice_and_corrects_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = (DOCS / "voice" / "script.txt").read_text(encoding="utf-8").splitlines()[:10]
    Path("script.txt").write_text("\n".join(script), encoding="utf-8")
    page = text_of(DOCS / "voice-developer.md")
    Path("words.txt").write_text(re.search(r"```text\n(.*?)```", page, re.DOTALL)[1].replace("   ", ""))
    printed = follow("voice-developer.md", capsys)
    assert "V AA0 V ZH IH1 N Y AA0 K" in printed["phonemes"]
    card = json.loads(Path("runs/my-voice/card.json").read_text())
    assert card["family"] == "acoustic"
    assert "consent" in json.dumps(card)
    assert 0.5 < Clip.read("gdynia.wav").seconds < 10


@pytest.mark.uses("drums", "gan", "vae", "wavenet")
def test_a_student_trains_three_models_and_reads_what_went_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    printed = follow("student.md", capsys, size="tiny", fewer={"60": "20", "8": "2"})
    for family in ("gan", "vae", "wavenet"):
        assert f"{family}: 1 run" in printed["runs"]
        assert f"runs/{family}, step 0: a plan of 2 steps is short" in printed["runs"]
    assert "<svg" in Path("runs.html").read_text()
    assert re.search(r"good|too alike|copies|unlike", printed["evaluate"])
    assert len(list(Path("path").glob("*.wav"))) >= 3
