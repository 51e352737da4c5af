"""Who speaks a line, by clustering of voices: numbers by first appearance, how sure, and where it is used."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter
from test_caption import printing
from tiny_speech import install

from wavewright import caption, dub
from wavewright.base.errors import BadSetting
from wavewright.dubbing.drafting import Draft
from wavewright.dubbing.project import read_dub
from wavewright.dubbing.speakers import ClusteredSpeakers, clustered
from wavewright.dubbing.subtitle_files import written_cues
from wavewright.families import loading

pytestmark = pytest.mark.uses("sound-encoder")

RATE = 16_000
TURNS = "ABBACCAB"


def voice(kind: str, seconds: float, seed: int) -> np.ndarray:
    """Return pulses through two resonances, whose pitch and formants are those of one of three people."""
    rng = np.random.default_rng(seed)
    f0, formants = {"A": (110, (500, 1_200)), "B": (210, (750, 2_100)), "C": (160, (320, 2_700))}[kind]
    time = np.arange(round(seconds * RATE)) / RATE
    phase = np.cumsum(f0 * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(2, 4) * time))) / RATE
    wave = np.diff(np.floor(phase), prepend=0) + 0.01 * rng.standard_normal(len(time))
    for hz in formants:
        pole = 0.97 * np.exp(2j * np.pi * hz * rng.uniform(0.95, 1.05) / RATE)
        wave = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], wave)
    return 0.2 * wave / np.abs(wave).max()


@pytest.fixture
def talk(tmp_path):
    """A recording of TURNS, and a recogniser that finds a segment for each."""
    parts, rows, start = [np.zeros(RATE // 2)], [], 0.5
    for number, kind in enumerate(TURNS):
        seconds = 1.5 + 0.1 * number
        parts += [voice(kind, seconds, number), np.zeros(RATE // 2)]
        rows.append({"start": start, "end": start + seconds, "text": f"Line {kind}."})
        start += seconds + 0.5
    soundfile.write(tmp_path / "talk.wav", np.concatenate(parts), RATE)
    return tmp_path / "talk.wav", printing(tmp_path, json.dumps({"segments": rows, "language": "en"}))


def test_rows_are_clustered_in_the_order_of_appearance():
    rng = np.random.default_rng(0)
    centres = np.eye(6)[[4, 2, 2, 0, 4]]
    found = clustered(centres + 0.05 * rng.standard_normal(centres.shape), 3)
    assert found.numbers == (1, 2, 2, 3, 1)
    assert [sure == 0 for sure in found.sureness] == [False, False, False, True, False]
    assert found.suspect == [3]
    between = np.concatenate([np.eye(2)[[0, 0, 1, 1]], [[1.0, 0.999]]])
    assert clustered(between, 2).suspect == [4]


@pytest.mark.parametrize("n_speakers", [1, 2, 3, 5])
def test_the_number_of_speakers_is_found(n_speakers):
    rng = np.random.default_rng(n_speakers)
    turns = np.concatenate([np.arange(n_speakers), rng.integers(0, n_speakers, 12)])
    # Rows are standardised over the lines, so those of one speaker are noise around nothing.
    rows = (n_speakers > 1) * np.eye(60)[turns] + 0.05 * rng.standard_normal((len(turns), 60))
    found = clustered(rows, 0)
    assert found.numbers == tuple((turns + 1).tolist())
    assert found.numbers == clustered(rows, n_speakers).numbers


def test_captions_name_the_speakers(talk):
    sound, recogniser = talk
    made = caption(sound, recogniser=recogniser, speakers=3, out=sound.with_suffix(".txt"), quiet=True)
    assert made.out.read_text(encoding="utf-8").split("\n\n")[0] == "speaker 1: Line A."
    again = caption(sound, recogniser=recogniser, speakers=0, out=sound.with_suffix(".0.txt"), quiet=True)
    assert again.out.read_text(encoding="utf-8") == made.out.read_text(encoding="utf-8")  # three are found
    found = [line.split(":") for line in made.out.read_text(encoding="utf-8").split("\n") if line]
    names = {kind: f"speaker {number}" for number, kind in enumerate("ABC", 1)}
    assert [name for name, _ in found] == [names[kind] for kind in ("A", "B", "A", "C", "A", "B")]


def test_a_cast_by_voices(talk, tmp_path, monkeypatch):
    sound, recogniser = talk
    (tmp_path / "models").mkdir()
    encoder = loading.load_encoder("sound-encoder")
    monkeypatch.setattr("wavewright.dubbing.speakers.loading.load_encoder", lambda _: encoder)
    install(monkeypatch, tmp_path / "models")
    given = {"to": "en", "recogniser": recogniser, "speakers": 3, "quiet": True}
    made = dub(sound, **given)
    project = read_dub(made.details["project"])
    assert [line.speaker[-1] for line in project.lines] == [str("ABC".index(kind) + 1) for kind in TURNS]
    assert [member.speaker for member in project.cast] == ["speaker 1", "speaker 2", "speaker 3"]
    assert len({member.voice for member in project.cast}) == 2  # English has two here
    text = made.details["project"].read_text(encoding="utf-8").replace("speaker 2", "Ben")
    made.details["project"].write_text(text, encoding="utf-8")
    assert dub(made.details["project"], quiet=True).details["n_new"] == 0
    assert dub(sound, **given).details["n_new"] == 0  # again


def test_two_speakers_share_no_line(talk, monkeypatch):
    sound, _ = talk
    rows = [(0.5, 1.9, "I think"), (2.0, 3.4, "that is"), (3.5, 4.9, "all right."), (5.5, 6.0, "Yes.")]
    sound.with_suffix(".srt").write_text(written_cues(rows), encoding="utf-8")
    found = ClusteredSpeakers((1, 1, 2, 1), (0.9, 0.01, 0.02, 0.9))
    monkeypatch.setattr("wavewright.dubbing.drafting.cluster_speakers", lambda *_: found)
    draft = Draft(sound, "en", subtitles=sound.with_suffix(".srt"), voice="en-kathleen", n_speakers=2)
    project, note = draft.project(sound.parent)
    lines = [(line.start, line.end, line.speaker, line.original) for line in project.lines]
    assert lines == [
        (0.5, 3.4, "speaker 1", "I think that is"),
        (3.5, 4.9, "speaker 2", "all right."),
        (5.5, 6.0, "speaker 1", "Yes."),
    ]
    assert note == "The speaker is doubtful of 2 of 3 lines, 1, 2; check them."


def test_what_is_refused(talk, tmp_path):
    sound, recogniser = talk
    with pytest.raises(BadSetting, match="has 8 lines, and there are 20 speakers"):
        caption(sound, recogniser=recogniser, speakers=20, out=sound.with_suffix(".srt"), quiet=True)
    (tmp_path / "a.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nHello.\n")
    with pytest.raises(BadSetting, match="has no sound to tell them apart; leave --speakers out"):
        dub(tmp_path / "a.srt", to="en", from_="en", speakers=2, quiet=True)
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:00.500 --> 00:02.000\n<v Anna>Hello.\n")
    with pytest.raises(BadSetting, match="The lines name their speakers"):
        dub(sound, to="en", from_="en", subtitles=tmp_path / "a.vtt", speakers=2, quiet=True)
