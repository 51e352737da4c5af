"""`wavewright align`: scores that are played at known times, paths that are known, and files that follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wavewright import Clip, align, read_score, write_score
from wavewright.base.errors import BadAudio, BadScore, BadSetting
from wavewright.inference.score_alignment.aligning import RATE, ScoreAlignment, align_score, features_of, warping_path
from wavewright.music.performance import perform
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.timing import TEMPO
from wavewright.synth import SynthEngine

QUARTER = 480
MELODY = (60, 64, 67, 72, 71, 69, 65, 62, 64, 67, 60, 55)


def melody() -> Score:
    rows = [(QUARTER * index, QUARTER, pitch, 90) for index, pitch in enumerate(MELODY)]
    return Score((Track(notes_of(rows)),), QUARTER, length=QUARTER * len(MELODY), title="Melody </script>")


def played(score: Score, spans: list[float], lead: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return a recording at RATE whose quarters last so long, and when they start."""
    rows = [(QUARTER * index, round(1e6 * span)) for index, span in enumerate(spans)]
    tempo = np.array(rows, TEMPO)
    blocks = perform(replace(score, tempos=tempo), RATE).blocks(lambda: SynthEngine("electric-piano", RATE))
    wave = np.concatenate([np.zeros((2, round(lead * RATE))), *blocks], axis=1).mean(axis=0)
    return wave.astype(np.float32), lead + np.concatenate([[0.0], np.cumsum(spans)[:-1]])


SPANS = [0.5, 0.5, 0.6, 0.7, 0.6, 0.45, 0.4, 0.4, 0.5, 0.6, 0.8, 0.9]


def test_equal_sequences_have_a_straight_path():
    rng = np.random.default_rng(0)
    features = rng.uniform(0, 1, (50, 24)).astype(np.float32)
    features[:, :12] /= np.linalg.norm(features[:, :12], axis=1, keepdims=True)
    path = warping_path(features, features, 5)
    assert np.array_equal(path, np.stack([np.arange(50)] * 2, axis=1))
    doubled = warping_path(np.repeat(features, 2, axis=0), features, 5)
    assert np.array_equal(doubled[:, 1], doubled[:, 0] // 2)


def test_features_are_chroma_and_onsets():
    time = np.arange(RATE) / RATE
    wave = np.concatenate([np.zeros(RATE), np.sin(2 * np.pi * 440 * time)]).astype(np.float32)
    features = features_of(wave)
    assert features.shape == (101, 24)
    assert features[75, :12].argmax() == 9
    assert not features[:40].any()
    assert abs(int(features[:, 12:].sum(axis=1).argmax()) - 50) <= 5


@pytest.mark.parametrize("lead", [0.0, 1.3])
def test_notes_are_where_they_are_played(lead):
    wave, starts = played(melody(), SPANS, lead)
    alignment = align_score(wave, melody())
    errors = np.abs(alignment.times(QUARTER * np.arange(len(MELODY))) - starts)
    assert np.median(errors) < 0.03
    assert errors.max() < 0.12
    assert alignment.fit > 0.6
    assert (np.diff(alignment.seconds) >= 0.0).all()


def test_the_tempo_map_is_that_of_the_recording():
    ticks = np.array([0, QUARTER, 3 * QUARTER])
    alignment = ScoreAlignment(ticks, np.array([2.0, 2.5, 4.5]), 1.0)
    score = replace(melody(), tracks=(Track(notes_of([(0, 3 * QUARTER, 60, 90)])),), length=3 * QUARTER)
    retimed = alignment.played_score(score)
    assert retimed.tempo_map.seconds(np.array([0, QUARTER, 2 * QUARTER, 3 * QUARTER])).tolist() == pytest.approx(
        [0.0, 0.5, 1.5, 2.5]
    )


def test_a_recording_is_aligned(tmp_path):
    wave, starts = played(melody(), SPANS, 0.5)
    file = Clip(np.stack([wave, wave]), RATE).resample(48_000).write(tmp_path / "take 1.wav")
    write_score(melody(), tmp_path / "melody.mid")
    result = align(file, tmp_path / "melody.mid", tmp_path / "played.mid", tmp_path / "page.html")
    assert np.median(np.abs(np.array([note.start for note in result.details["notes"]]) - starts)) < 0.03
    assert [note.pitch for note in result.details["notes"]] == [*MELODY]
    assert [bar.number for bar in result.details["bars"]] == [1, 2, 3]
    assert abs(result.details["bars"][1].start - starts[4]) < 0.1
    assert result.notes == ()
    again = read_score(result.out)
    times = again.tempo_map.seconds(again.tracks[0].notes["start"]) + result.details["start_seconds"]
    assert np.median(np.abs(times - starts)) < 0.03
    page = result.files[1].path.read_text()
    assert page.count("</script>") == 1
    assert "data:audio/ogg;base64," in page
    assert "12 notes, bars to 3" in str(result)


def test_another_piece_is_said_to_be_one(tmp_path):
    rng = np.random.default_rng(0)
    file = Clip(rng.uniform(-0.5, 0.5, (1, 5 * RATE)).astype(np.float32), RATE).write(tmp_path / "noise.wav")
    write_score(melody(), tmp_path / "melody.mid")
    result = align(file, tmp_path / "melody.mid", tmp_path / "a.mid")
    assert "may be another piece" in result.notes[0]
    assert str(result).endswith(result.notes[0])


def test_what_cannot_be_aligned_is_refused(tmp_path):
    silent = Clip(np.zeros((1, 3 * RATE), np.float32), RATE).write(tmp_path / "silent.wav")
    write_score(melody(), tmp_path / "melody.mid")
    write_score(Score((Track(),)), tmp_path / "empty.mid")
    with pytest.raises(BadAudio, match="silent"):
        align(silent, tmp_path / "melody.mid", tmp_path / "a.mid")
    with pytest.raises(BadSetting, match=r"a\.wav; give a name that ends in \.html"):
        align(silent, tmp_path / "melody.mid", tmp_path / "a.mid", page=tmp_path / "a.wav")
    with pytest.raises(BadScore, match="no notes"):
        align(silent, tmp_path / "empty.mid", tmp_path / "a.mid")
    with pytest.raises(BadScore, match=r"a\.txt cannot be written; the name of a score must end with \.mid"):
        align(silent, tmp_path / "melody.mid", tmp_path / "a.txt")  # before the recording is read
    assert not (tmp_path / "a.mid").exists()
