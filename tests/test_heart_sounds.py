"""Heart sounds: beats of synthetic sounds are found, at all rates, with murmurs and noise; beats at another rate."""

from __future__ import annotations

import numpy as np
import pytest

from recipes.heart_sounds.features import feature_names, recording_features
from recipes.heart_sounds.recogniser import KernelRecogniser, KernelSettings
from recipes.heart_sounds.segmentation import SYSTOLE_SECONDS, HeartBeats, segment_beats, sound_level
from recipes.heart_sounds.synthesis import HeartSoundSettings, assemble_beats, synthetic_heart_sounds
from wavewright.base.errors import BadAudio, BadSetting

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


@pytest.mark.parametrize("rate", [2_000, 4_000, 1_000])
def test_features_have_names_and_find_murmurs(rate):
    features = {}
    for murmur in ("none", "systolic", "diastolic"):
        wave, _ = synthetic_heart_sounds(8.0, rate, HeartSoundSettings(murmur=murmur, murmur_db=-12.0), seed=7)
        features[murmur] = dict(zip(feature_names(), recording_features(wave, rate), strict=True))
    plain = features["none"]
    assert plain["cycle_median"] == pytest.approx(60 / 70, rel=0.05)
    assert plain["beats_per_second"] == pytest.approx(70 / 60, rel=0.2)
    assert features["systolic"]["systole_of_s1_median"] > plain["systole_of_s1_median"] + 1.0
    assert features["diastolic"]["diastole_of_s2_median"] > plain["diastole_of_s2_median"] + 1.0
    assert features["diastolic"]["systole_of_s1_median"] < plain["systole_of_s1_median"] + 0.5


def test_features_do_not_depend_on_the_level_and_are_finite_without_beats():
    wave, _ = synthetic_heart_sounds(5.0, RATE, seed=8)
    np.testing.assert_allclose(recording_features(0.1 * wave, RATE), recording_features(wave, RATE), atol=1e-4)
    empty = recording_features(wave, RATE, HeartBeats(np.zeros((0, 5)), -1.0))
    assert empty.shape == (len(feature_names()),)
    assert empty[-1] == -1.0
    assert not empty[:-1].any()
    assert np.isfinite(recording_features(np.random.default_rng(0).standard_normal(3 * RATE), RATE)).all()


def test_kernel_recogniser_learns_a_circle_and_both_kinds_count_alike():
    rng = np.random.default_rng(9)
    points = rng.standard_normal((600, 2)) * [3.0, 0.1]
    inside = np.hypot(points[:, 0] / 3, points[:, 1] / 0.1) < 0.8  # about a quarter
    recogniser = KernelRecogniser(points[:400], inside[:400])
    called = recogniser.decision(points[400:]) > 0
    assert (called == inside[400:]).mean() > 0.93
    noise = rng.standard_normal((500, 3))
    few = np.arange(500) % 10 == 0
    smooth = KernelRecogniser(noise, few, KernelSettings(5.0, 100.0)).decision(rng.standard_normal((500, 3))) > 0
    assert 0.2 < smooth.mean() < 0.8  # features say nothing: neither kind is preferred


def test_kernel_recogniser_solves_its_equations():
    rng = np.random.default_rng(10)
    points, labels = rng.standard_normal((30, 4)), np.arange(30) % 3 == 0
    recogniser = KernelRecogniser(points, labels, KernelSettings(1.0, 1e-6))
    np.testing.assert_allclose(recogniser.decision(points), np.where(labels, 1.0, -1.0), atol=1e-3)
    with pytest.raises(BadSetting, match="of one kind"):
        KernelRecogniser(points, np.ones(30, bool))
    with pytest.raises(BadSetting, match=r"\(n, d\) and \(n,\)"):
        KernelRecogniser(points, labels[:5])


def test_intervals_of_the_benchmark_are_those_of_the_binomial():
    from recipes.heart_sounds.evaluation import Recordings, folds_of, score_intervals

    truth = np.arange(400) % 4 == 0
    called = truth.copy()
    called[np.flatnonzero(truth)[:20]] = False  # 80 of 100 found
    sensitivity, specificity, score = score_intervals(truth, called)
    assert (sensitivity.value, specificity.value, score.value) == (0.8, 1.0, 0.9)
    assert sensitivity.low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.015)
    groups = np.repeat([0, 1], 200)
    assert score_intervals(truth, called, groups)[0].value == pytest.approx(0.8)
    recordings = Recordings(np.zeros((400, 1)), truth, groups.astype(str), np.arange(400).astype(str))
    folds = folds_of(recordings)
    counts = np.array([[np.sum(truth[(folds == k) & (groups == g)]) for k in range(5)] for g in (0, 1)])
    np.testing.assert_array_equal(counts, 10)


def test_the_evaluation_runs_on_synthetic_recordings(capsys):
    pytest.importorskip("sklearn")
    from recipes.heart_sounds.evaluation import BENCHMARK

    assert BENCHMARK.run(["--smoke"]) == 0
    assert "kernel" in capsys.readouterr().out
