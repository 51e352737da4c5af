"""Every command either marks the sound that it writes, or the documentation says that it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_watermark import speech_like

import wavewright
from wavewright.audio.clip import Clip
from wavewright.tasks.commands import all_commands

PAGE = Path(__file__).parent.parent / "docs" / "watermark.md"
TEXT = "The quick brown fox jumps over the lazy dog, and then it sleeps in the sun for a while."
TEXTURE = {"model": "morph-textures"}

MARKED = {
    "speak": lambda out: wavewright.speak(TEXT, out=out / "a.wav"),
    "narrate": lambda out: wavewright.narrate(text_file(), out=out, quiet=True),
    "speak-lines": lambda out: wavewright.speak_lines(text_file(), out=out, quiet=True),
    "dub": lambda out: wavewright.dub(subtitles(), "en", "en", out=out / "a.wav", quiet=True),
    "generate": lambda out: wavewright.generate("ambience", "rain", 1, seconds=4, out=out),
    "vary": lambda out: wavewright.vary(Path("a.wav"), count=1, residual=0.0, out=out, **TEXTURE),
    "adjust": lambda out: wavewright.adjust(Path("a.wav"), {"brightness": 0.3}, out=out, **TEXTURE),
    "morph": lambda out: wavewright.morph(Path("a.wav"), Path("b.wav"), over_time=True, out=out),
    "decode": lambda out: wavewright.decode(latents_of(Path("a.wav")), out / "a.wav", quiet=True),
    "render": lambda out: wavewright.render("A3", out / "a.wav", "notes", seconds=6.0, quiet=True),
    "compose": lambda out: wavewright.compose("chorales", out / "a.wav", bars=2, quiet=True),
    "revise": lambda out: wavewright.revise("melody", melody(), out / "a.wav", bars=2, quiet=True),
    "accompany": lambda out: wavewright.accompany(melody(), out / "a.wav", style="chorale", quiet=True),
    "layer": lambda out: wavewright.layer("seaside", seconds=4, out=out / "a.wav", quiet=True),
}
"""Commands whose sound is that of a model, with a call of each that writes into a folder."""

UNMARKED = {
    *("synthesise", "compose-by-rule", "edit", "split", "slice", "mix", "enhance", "cancel-echo", "encode"),
    *("separate", "podcast", "collect-alarms"),
    *("train", "pretrain", "tune"),
}
"""Commands that write sound without a mark: by rules, recordings, and the samples of training runs."""

BY_OTHERS = {"batch", "serve", "speechd", "studio", "demo"}
"""Commands that write what the others write."""

WITHOUT_SOUND = {
    *("effects", "map", "similar", "transcribe", "recognise", "soundfont", "phonemes", "analyse", "detect", "verify"),
    *("plot", "models list", "models show", "check-settings", "calibrate-recogniser", "runs", "evaluate", "audit"),
    *("data inspect", "caption", "sign", "keys show", "keys new", "bench wavenet", "play", "live", "align"),
}


def text_file() -> Path:
    """Return a text file of one line."""
    Path("lines.txt").write_text(TEXT, encoding="utf-8")
    return Path("lines.txt")


def subtitles() -> Path:
    """Return subtitles of one line."""
    Path("scene.srt").write_text(f"1\n00:00:00,000 --> 00:00:05,000\n{TEXT}\n", encoding="utf-8")
    return Path("scene.srt")


def latents_of(path: Path) -> Path:
    """Return the file of the latents of a sound file."""
    wavewright.encode(path, out=Path("a.safetensors"), **TEXTURE)
    return Path("a.safetensors")


def melody() -> Path:
    """Return a score of eight notes."""
    Path("melody.abc").write_text("X:1\nT:Melody\nM:4/4\nL:1/4\nK:C\nG A B c | B A G2 |\n", encoding="utf-8")
    return Path("melody.abc")


@pytest.mark.parametrize("command", MARKED)
def test_generated_sound_is_detected(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for index, name in enumerate("ab"):
        Clip(speech_like(4.0, seed=index), 16_000).write(Path(f"{name}.wav"))
    out = tmp_path / "made"
    if command not in ("generate", "vary", "adjust", "morph"):
        out.mkdir()
    assert MARKED[command](out).details["is_marked"]
    found = wavewright.detect(out, same_speed=True, quiet=True)
    assert found.sounds
    assert [each.file.name for each in found.sounds if not each.is_marked] == []


def test_every_command_is_in_one_list_and_documented():
    names = sorted(" ".join(words) for words, _ in all_commands())
    assert sorted([*MARKED, *UNMARKED, *BY_OTHERS, *WITHOUT_SOUND]) == names
    what, _, rest = PAGE.read_text(encoding="utf-8").partition("Not marked are")
    rows = {name for row in re.findall(r"^\| (`.*?) \|", what, re.MULTILINE) for name in re.findall(r"`([\w-]+)`", row)}
    assert rows == {*MARKED, *BY_OTHERS}
    paragraph = rest.partition("\n\n")[0]
    assert set(re.findall(r"`([\w-]+)`", paragraph)) >= UNMARKED
