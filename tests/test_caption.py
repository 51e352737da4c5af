"""Captions: what a recogniser finds as subtitles, text and JSON, of files, folders and requests."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, strategies as st

from wavewright import caption
from wavewright.apps.cli import run
from wavewright.base.errors import BadAudio, BadSetting, BadText
from wavewright.base.parameters import RecogniserName
from wavewright.dubbing import recognition
from wavewright.dubbing.captions import captions_of, spread
from wavewright.dubbing.commands import absolute
from wavewright.dubbing.recognition import checked_recogniser, parse_segments
from wavewright.dubbing.stretches import FRAME_SECONDS, RATE, active_frames, frame_levels, speech_stretches
from wavewright.dubbing.subtitle_files import RecognisedWord, SpeechSegment, read_cues

SEGMENTS = [
    {"start": 0.5, "end": 2.0, "text": "Guten Morgen, Frau Meyer.", "speaker": "Anna & Co"},
    {"start": 2.4, "end": 3.4, "text": "Ja?", "speaker": "Ben"},
    {"start": 6.5, "end": 7.5, "text": "Wie geht es?", "speaker": "Ben"},
]


def printing(folder: Path, contents: str) -> str:
    """Return the command of a recogniser that prints a text whatever the file is."""
    (folder / "printed").write_text(contents, encoding="utf-8")
    code = "import sys, pathlib; sys.stdout.reconfigure(encoding='utf-8'); "
    code += f"print(pathlib.Path({str(folder / 'printed')!r}).read_text(encoding='utf-8'))"
    return f'"{sys.executable}" -c "{code}" {{file}}'


def sound(path: Path, seconds: float = 8.0) -> Path:
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(round(seconds * 8_000)), 8_000)
    return path


@pytest.fixture
def german(tmp_path):
    return printing(tmp_path, json.dumps({"segments": SEGMENTS, "language": "de"}))


def test_what_is_written(tmp_path, german):
    talk = sound(tmp_path / "talk.wav")
    made = {}
    for suffix in ("srt", "vtt", "txt", "json"):
        result = caption(talk, recogniser=german, out=tmp_path / f"talk.{suffix}", quiet=True)
        assert (
            result.files[0].details["n_segments"],
            result.files[0].details["n_words"],
            result.files[0].details["language"],
            result.files[0].details["word_times"],
        ) == (3, 8, "de", "estimated")
        made[suffix] = result.out.read_text(encoding="utf-8")
    assert made["txt"] == "Anna & Co: Guten Morgen, Frau Meyer.\n\nBen: Ja?\n\nBen: Wie geht es?\n"
    assert made["srt"].startswith("1\n00:00:00,500 --> 00:00:02,000\nGuten Morgen, Frau Meyer.\n\n2\n00:00:02,400 --> ")
    assert "<v Anna &amp; Co>Guten Morgen, Frau Meyer.\n" in made["vtt"]
    cues = read_cues(tmp_path / "talk.vtt")
    assert [(cue.start, cue.end, cue.text, cue.speaker) for cue in cues] == [
        tuple(row[name] for name in ("start", "end", "text", "speaker")) for row in SEGMENTS
    ]
    again = parse_segments(made["json"], "it")
    assert [(segment.text, segment.speaker, segment.language) for segment in again] == [
        (row["text"], row["speaker"], "de") for row in SEGMENTS
    ]
    contents = json.loads(made["json"])
    assert (contents["file"], contents["seconds"], contents["word_times"]) == ("talk.wav", 8.0, "estimated")
    assert contents["segments"][2]["words"][0] == {
        "word": "Wie",
        "start": 6.5,
        "end": pytest.approx(6.833, abs=FRAME_SECONDS),
    }


def test_its_own_json_is_that_of_a_recogniser(tmp_path, german):
    talk = sound(tmp_path / "talk.wav")
    first = caption(talk, recogniser=german, out=tmp_path / "a.json", quiet=True)
    own = printing(tmp_path, first.out.read_text(encoding="utf-8"))
    second = caption(talk, recogniser=own, out=tmp_path / "b.json", quiet=True)
    assert second.files[0].details["word_times"] == "recognised"
    one, two = (json.loads(made.out.read_text(encoding="utf-8"))["segments"] for made in (first, second))
    assert one == two


def test_long_speech_is_parted_into_subtitles(tmp_path):
    words = [f"word{n}" + ("." if n % 20 == 19 else "") for n in range(60)]
    timed = [{"word": word, "start": 0.4 * n, "end": 0.4 * n + 0.3} for n, word in enumerate(words)]
    row = {"start": 0.0, "end": 23.9, "text": " ".join(words), "words": timed}
    recogniser = printing(tmp_path, json.dumps([row]))
    made = caption(sound(tmp_path / "a.wav", 24), recogniser=recogniser, out=tmp_path / "a.srt", quiet=True)
    assert made.files[0].details["word_times"] == "recognised"
    cues = read_cues(made.out)
    assert " ".join(cue.text for cue in cues) == row["text"]
    assert all(cue.end - cue.start <= 6 and len(cue.text) <= 85 for cue in cues)
    assert [cue.text.endswith(".") for cue in cues].count(True) == 3


@example("a aaaaaaaaaaa", 0.0, 0.015625, [])  # an end that is rounded up, and the next start down
@given(
    st.text("ab .,", min_size=1, max_size=40).filter(lambda text: bool(text.split())),
    st.floats(0, 20),
    st.floats(0.01, 10),
    st.lists(st.booleans(), max_size=300),
)
def test_spread_words_are_in_order_within_their_segment(text, start, seconds, active):
    segment = SpeechSegment(start, start + seconds, text)
    words = spread(segment, np.array(active, bool))
    assert [word.text for word in words] == text.split()
    times = [time for word in words for time in (word.start, word.end)]
    assert times[0] >= start - 1e-3
    assert times[-1] <= segment.end + 1e-3
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(times))


def test_words_are_spread_over_the_sound_alone():
    active = np.zeros(200, bool)
    active[10:30] = active[100:120] = True
    words = spread(SpeechSegment(0.0, 200 * FRAME_SECONDS, "abcd efgh"), active)
    expected = [(10, 30), (100, 120)]
    assert [(word.start, word.end) for word in words] == [
        (pytest.approx(first * FRAME_SECONDS, abs=1e-3), pytest.approx(last * FRAME_SECONDS, abs=1e-3))
        for first, last in expected
    ]


def test_words_of_a_recogniser_are_kept_beside_estimated_ones(tmp_path):
    timed = SpeechSegment(2.0, 3.0, "two", words=(RecognisedWord("two", 2.25, 2.75),))
    found = captions_of(tmp_path / "a.wav", "it", 4.0, [timed, SpeechSegment(0.0, 1.0, "one")], np.ones(133, bool))
    assert [segment.text for segment in found.segments] == ["one", "two"]
    assert found.segments[1].words == timed.words
    assert found.word_times == "estimated"


def test_stretches_are_read_in_blocks(tmp_path):
    rng = np.random.default_rng(1)
    wave = 1e-4 * rng.standard_normal(60 * RATE)
    for start in range(1, 58, 4):
        wave[start * RATE : (start + 2) * RATE] += 0.1 * rng.standard_normal(2 * RATE)
    soundfile.write(tmp_path / "a.wav", wave, RATE, "FLOAT")
    levels = frame_levels(tmp_path / "a.wav")
    assert len(levels) == 2_000
    assert active_frames(levels).sum() == pytest.approx(15 * 2 / FRAME_SECONDS, abs=30)
    found = list(speech_stretches(tmp_path / "a.wav"))
    assert len(found) == 15
    for start, part in found:
        first = round(start * RATE)
        np.testing.assert_array_equal(part, wave[first : first + len(part)].astype(np.float32))


def test_a_folder(tmp_path, german, monkeypatch):
    folder = tmp_path / "talks"
    (folder / "more").mkdir(parents=True)
    sound(folder / "a.wav")
    sound(folder / "more" / "b.wav")
    (folder / "c.wav").write_bytes(b"no sound")
    made = caption(folder, recogniser=german, format="txt", quiet=True)
    out = tmp_path / "talks-captioned"
    assert made.out == out
    assert sorted(path.name for path in out.rglob("*.txt")) == ["a.txt", "b.txt"]
    assert [Path(each.what).name for each in made.failed] == ["c.wav"]
    assert made.exit_code == 2
    (folder / "c.wav").unlink()
    monkeypatch.setattr(recognition.CommandRecogniser, "segments", lambda *_: pytest.fail("it is up to date"))
    kept = caption(folder, recogniser=german, format="txt", quiet=True)
    assert [file.is_new for file in kept.files] == [False, False]
    assert [file.details["n_words"] for file in kept.files] == [8, 8]
    assert str(tmp_path) not in (out / "manifest.jsonl").read_text(encoding="utf-8")


def test_the_command_line(tmp_path, german, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sound(tmp_path / "talk.wav")
    assert run(["caption", "talk.wav", "--recogniser", german]) == 0
    assert "  8 words in 'de'; estimated times of words" in capsys.readouterr().out
    assert run(["caption", "talk.wav"]) == 2
    assert "Nothing here recognises open speech; give --recogniser" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"out": "a.ass"}, BadSetting, r"its name must end with \.srt, \.vtt, \.json, \.txt"),
        ({"out": "a.srt", "format": "vtt"}, BadSetting, "--format is vtt, and --out is a.srt"),
        ({"file": "missing.wav"}, BadAudio, "missing"),
        ({"recogniser": "whisper"}, BadSetting, "it can be moonshine:FOLDER"),
        ({"prints": "[]"}, BadAudio, "No speech was recognised in talk.wav"),
        ({"prints": "nothing"}, BadText, "has no subtitle with a text"),
        ({"prints": "{}"}, BadSetting, "is JSON of another form"),
        ({"language": "de en"}, BadSetting, "language"),
    ],
)
def test_what_cannot_be_captioned_is_refused(tmp_path, monkeypatch, given, error, message):
    monkeypatch.chdir(tmp_path)
    sound(tmp_path / "talk.wav")
    recogniser = given.pop("recogniser", None) or printing(tmp_path, given.pop("prints", json.dumps(SEGMENTS)))
    with pytest.raises(error, match=message):
        caption(given.pop("file", "talk.wav"), recogniser=recogniser, quiet=True, **given)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "printed") == ["talk.wav"]


def test_a_recogniser_of_a_server_has_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("moonshine:tiny", recognition.PROVIDERS) == f"moonshine:{tmp_path / 'tiny'}"
    words = absolute("python3 -c 'print( 1)' {file}", ())
    assert Path(words.split()[0]).is_absolute()
    assert words.endswith(" -c 'print( 1)' '{file}'")
    assert checked_recogniser(None) is None
    with pytest.raises(BadSetting, match="give moonshine:FOLDER"):
        checked_recogniser("moonshine:nowhere")
    with pytest.raises(BadSetting, match="The program 'no-such-program' cannot be run"):
        checked_recogniser("no-such-program {file}")


def test_the_help_names_every_recogniser():
    (field,) = (each for each in get_args(RecogniserName) if hasattr(each, "description"))
    assert all(f"{name}:" in field.description for name in recognition.MODELS)
