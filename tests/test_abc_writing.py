"""Scores as ABC tunes: what is written is read again."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.base.errors import BadScore
from wavewright.music.bars import bars_of
from wavewright.music.formats import read_score, write_score
from wavewright.music.rules import compose_by_rule
from wavewright.music.score import KEY, METRE, TEMPO, Score, Track, notes_of

QUARTER = 480


def seconds_of(score):
    """Starts, ends and pitches of all notes of each track."""
    tempo = score.tempo_map
    return [
        (
            tempo.seconds(track.notes["start"]).round(4).tolist(),
            tempo.seconds(track.notes["start"] + track.notes["duration"]).round(4).tolist(),
            track.notes["pitch"].tolist(),
        )
        for track in score.tracks
        if len(track.notes)
    ]


def random_score(seed, sharps=0, metre=(4, 4), n_tracks=1):
    rng, tracks = np.random.default_rng(seed), []
    for _ in range(n_tracks):
        rows, tick = [], int(rng.choice([0, 120, 960]))
        while tick < 12 * QUARTER:
            length = int(rng.choice([60, 80, 120, 160, 240, 480, 1_300]))
            rows.append((tick, length, int(rng.integers(30, 100)), 80))
            tick += length + int(rng.choice([0, 0, 120]))
        tracks.append(Track(notes_of(rows), "voice"))
    keys = np.array([(0, sharps, False)], KEY)
    return Score(
        tuple(tracks), QUARTER, np.array([(0, 600_000)], TEMPO), np.array([(0, *metre, 24, 8)], METRE), keys, title="A"
    )


@pytest.mark.parametrize("sharps", range(-6, 7, 2))
@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (6, 8)])
def test_a_written_tune_is_read_again(tmp_path, sharps, metre):
    score = random_score(sharps + 10, sharps, metre)
    write_score(score, tmp_path / "a.abc")
    again = read_score(tmp_path / "a.abc")
    assert seconds_of(again) == seconds_of(score)
    assert int(again.keys["sharps"][0]) == sharps
    assert again.title == "A"


def test_voices_chords_and_a_shorter_first_bar(tmp_path):
    score = random_score(1, n_tracks=3)
    chords = [(start, 480, pitch, 70) for start in (480, 960, 1_920) for pitch in (48, 52, 55)]
    metres = np.array([(0, 1, 4, 24, 8), (480, 4, 4, 24, 8)], METRE)
    score = Score((*score.tracks, Track(notes_of(chords), "chords")), QUARTER, score.tempos, metres)
    write_score(score, tmp_path / "a.abc")
    again = read_score(tmp_path / "a.abc")
    assert seconds_of(again) == seconds_of(score)
    assert [bar.start for bar in bars_of(again)] == [bar.start for bar in bars_of(score)]
    assert again.metres["numerator"].tolist() == [4]


def test_rules_are_written(tmp_path):
    score = compose_by_rule("folk-tune", seed=4, bars=8)
    write_score(score, tmp_path / "a.abc")
    assert read_score(tmp_path / "a.abc").tracks[0].notes["pitch"].tolist() == score.tracks[0].notes["pitch"].tolist()


def test_drums_alone_are_refused(tmp_path):
    drums = Score((Track(notes_of([(0, 10, 36, 90)]), is_drum=True),))
    with pytest.raises(BadScore):
        write_score(drums, tmp_path / "a.abc")
    assert not (tmp_path / "a.abc").exists()
