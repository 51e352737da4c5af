"""Heart sounds: beats of synthetic sounds are found, at all rates, with murmurs and noise; beats at another rate."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.errors import BadAudio, BadSetting
from wavewright.heart_sounds.segmentation import SYSTOLE_SECONDS, segment_beats, sound_level
from wavewright.heart_sounds.synthesis import HeartSoundSettings, assemble_beats, synthetic_heart_sounds

RATE = 2_000
TOLERANCE_SECONDS = 0.06


def matched(truth: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """Return the fractions of true onsets that are found, and of found onsets that are true."""
    near = np.abs(truth[:, None] - found[None]) <= TOLERANCE_SECONDS
    return float(near.any(axis=1).mean()), float(near.any(axis=0).mean())


@pytest.mark.parametrize("rate_bpm", [45.0, 60.0, 75.0, 100.0, 130.0])
@pytest.mark.parametrize(("murmur", "noise_db"), [("none", -30.0), ("systolic", -25.0), ("diastolic", -25.0)])
def test_beats_of_synthetic_sounds_are_found(rate_bpm, murmur, noise_db):
    settings = HeartSoundSettings(rate_bpm=rate_bpm, murmur=murmur, noise_db=noise_db)
    wave, truth = synthetic_heart_sounds(12.0, RATE, settings, seed=3)
    beats = segment_beats(wave, RATE)
    assert beats.rate_bpm == pytest.approx(rate_bpm, rel=0.08)
    inner = truth[1:-1]  # the first and last may be cut
    for column in (0, 2):  # S1 and S2
        recall, _ = matched(inner[:, column], beats.onsets[:, column])
        _, precision = matched(truth[:, column], beats.onsets[1:-1, column])
        assert min(recall, precision) >= 0.9
    assert np.median(beats.systole_seconds) == pytest.approx(settings.systole_seconds, abs=0.06)


def test_beats_follow_each_other_and_their_parts_are_in_order():
    wave, _ = synthetic_heart_sounds(10.0, 4_000, HeartSoundSettings(rate_bpm=80.0), seed=1)
    onsets = segment_beats(wave, 4_000).onsets
    assert (np.diff(onsets, axis=1) > 0).all()
    np.testing.assert_allclose(onsets[1:, 0], onsets[:-1, 4])
    assert SYSTOLE_SECONDS[0] - 0.1 < np.median(onsets[:, 2] - onsets[:, 0]) < SYSTOLE_SECONDS[1]


def test_beats_do_not_depend_on_the_level_nor_on_clicks():
    wave, _ = synthetic_heart_sounds(8.0, RATE, HeartSoundSettings(rate_bpm=70.0), seed=2)
    beats = segment_beats(wave, RATE).onsets
    np.testing.assert_array_equal(segment_beats(0.01 * wave, RATE).onsets, beats)
    clicked = wave.copy()
    clicked[[3_000, 9_100]] = 20.0
    recall, _ = matched(beats[:, 0], segment_beats(clicked, RATE).onsets[:, 0])
    assert recall >= 0.85


def test_synthetic_sounds_are_seeded_and_beats_have_the_rate():
    settings = HeartSoundSettings(rate_bpm=90.0, jitter=0.0)
    wave, onsets = synthetic_heart_sounds(6.0, RATE, settings, seed=5)
    np.testing.assert_array_equal(wave, synthetic_heart_sounds(6.0, RATE, settings, seed=5)[0])
    assert not np.array_equal(wave, synthetic_heart_sounds(6.0, RATE, settings, seed=6)[0])
    np.testing.assert_allclose(np.diff(onsets[:, 0]), 60 / 90)
    assert np.abs(wave).max() == pytest.approx(0.8)


@pytest.mark.parametrize("rate_bpm", [50.0, 70.0, 110.0])
def test_assembled_beats_have_the_rate(rate_bpm):
    wave, _ = synthetic_heart_sounds(10.0, RATE, HeartSoundSettings(rate_bpm=80.0), seed=4)
    out = assemble_beats(wave, RATE, segment_beats(wave, RATE), rate_bpm, 9.0, seed=1)
    assert out.shape == (18_000,)
    assert out.dtype == np.float32
    assert segment_beats(out, RATE).rate_bpm == pytest.approx(rate_bpm, rel=0.06)
    assert np.abs(np.diff(out)).max() <= 1.5 * np.abs(np.diff(wave)).max()  # no clicks at the joins


def test_errors_say_what_is_allowed():
    wave, _ = synthetic_heart_sounds(4.0, RATE)
    beats = segment_beats(wave, RATE)
    for bad in (wave[None], wave[:100], np.full(9_000, np.nan), np.zeros(9_000)):
        with pytest.raises(BadAudio):
            segment_beats(bad, RATE)
    with pytest.raises(BadAudio, match="at least 2 s at 1,000 Hz"):
        sound_level(wave, 500)
    with pytest.raises(BadSetting, match="30 to 180"):
        assemble_beats(wave, RATE, beats, 500.0, 4.0)
    with pytest.raises(BadSetting, match="rate_bpm"):
        HeartSoundSettings(rate_bpm=10.0)
    with pytest.raises(BadSetting, match="up to 3,600 s"):
        synthetic_heart_sounds(0.0, RATE)
