"""Clicks and clipping are found and repaired, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from tests.effect_streams import check_edges, check_streams, cuts, in_blocks, noise, tone
from wavewright.base.errors import BadSetting
from wavewright.effects import DeClick, DeClip
from wavewright.effects.restoration import ClippingLevel
from wavewright.effects.restoration_kernels import fit_model, interpolate
from wavewright.metrics.paired import si_sdr_db

RATE = 16_000


def resonances(n_samples, seed=0):
    """Noise through a few resonances, as in speech and music."""
    wave = noise(n_samples, 1, seed)[0].astype(np.float64)
    for hz, radius in ((300.0, 0.99), (900.0, 0.985), (2_500.0, 0.97)):
        wave = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2], wave)
    return (0.5 * wave / np.abs(wave).max())[None].astype(np.float32)


def test_models_solve_the_normal_equations():
    frame = resonances(1_000)[0].astype(np.float64)
    model = np.zeros(21)
    fit_model(frame, np.ones(1_000), model)
    correlations = np.array([frame[lag:] @ frame[: 1_000 - lag] for lag in range(21)])
    np.testing.assert_allclose(model[1:], solve_toeplitz(correlations[:20], -correlations[1:]), rtol=1e-3, atol=1e-4)


def test_interpolation_minimises_the_prediction_error():
    frame = resonances(400)[0].astype(np.float64)
    model = np.zeros(13)
    fit_model(frame, np.ones(400), model)
    is_missing = np.zeros(400, bool)
    is_missing[[60, 61, 62, 80, 150, 152, 200, 201, 202, 203, 300]] = True
    # The prediction errors are linear in the missing samples: least squares.
    filters = np.array([[model[n - k] if 0 <= n - k <= 12 else 0.0 for k in range(400)] for n in range(412)])
    known = np.where(is_missing, 0.0, frame)
    expected = np.linalg.lstsq(filters[:, is_missing], -filters @ known, rcond=None)[0]
    interpolate(frame, is_missing, model)
    np.testing.assert_allclose(frame[is_missing], expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(frame[~is_missing], known[~is_missing])


@pytest.mark.parametrize(("level", "gained_db"), [(0.3, 6.5), (0.15, 3.0)])
def test_clipping_is_restored(level, gained_db):
    wave = resonances(8_000)
    clipped = np.clip(wave, -level, level)
    for effect in (DeClip(headroom_db=0.0), DeClip(20 * np.log10(level) - 1e-4, 0.0)):
        restored = effect(clipped, RATE)
        assert si_sdr_db(wave[0], restored[0]) > si_sdr_db(wave[0], clipped[0]) + gained_db
        is_clipped = np.abs(clipped) >= level
        np.testing.assert_array_equal(restored[~is_clipped], clipped[~is_clipped])
        assert (np.abs(restored) >= np.abs(clipped) - 1e-6).all()


def test_short_runs_count_once_a_long_one_was_at_their_level():
    level = ClippingLevel()
    assert not level.clipped(np.array([0.0, 0.5, 0.5, 0.5, 0.1], np.float32)).any()
    assert level.clipped(np.array([0.5, 0.5, 0.5, 0.5, 0.1, 0.5], np.float32)).tolist() == [True] * 4 + [False, True]
    assert level.clipped(np.array([0.2, 0.5, 0.1], np.float32)).tolist() == [False, True, False]
    assert not level.clipped(np.array([0.7, 0.5, 0.5, 0.5, 0.5], np.float32)).any()  # a louder sound was not clipped


def test_a_clipped_sine_is_restored():
    wave = tone(440.0, RATE, 0.5)
    restored = DeClip()(np.clip(wave, -0.8, 0.8), RATE)
    assert si_sdr_db(wave[0], restored[0]) > 27.0


@pytest.mark.parametrize("clipped_by_db", [3.0, 6.0, 10.0])
def test_restored_peaks_fit_below_full_scale(clipped_by_db):
    wave = resonances(8_000) * (10 ** (clipped_by_db / 20) / np.abs(resonances(8_000)).max())
    clipped = np.clip(wave, -1.0, 1.0)
    restored = DeClip()(clipped, RATE)
    assert np.abs(restored).max() < 1.0
    np.testing.assert_allclose(restored, DeClip(headroom_db=0.0)(clipped, RATE) * 10 ** (-12 / 20), rtol=1e-6)


def test_clicks_are_removed():
    wave = resonances(16_000)
    damaged = wave.copy()
    for position, n in ((1_000, 1), (4_000, 3), (4_100, 8), (9_000, 16), (12_799, 2)):
        damaged[0, position : position + n] += noise(n, 1, position)[0] + 0.1
    repaired = DeClick()(damaged, RATE)
    assert si_sdr_db(wave[0], repaired[0]) > si_sdr_db(wave[0], damaged[0]) + 15.0
    assert np.abs(repaired - wave).max() < 0.1
    np.testing.assert_array_equal(repaired[:, 5_000:8_000], wave[:, 5_000:8_000])


def test_long_events_are_no_clicks():
    wave = resonances(8_000)
    wave[0, 3_000:3_100] += 0.5 * noise(100, 1)[0]
    np.testing.assert_array_equal(DeClick(max_ms=2.0)(wave, RATE), wave)


@pytest.mark.parametrize("effect", [DeClick(), DeClip(headroom_db=0.0)], ids=str)
def test_undamaged_sound_is_unchanged(effect):
    for wave in (resonances(8_000), tone(440.0, RATE, 0.3, 0.5), np.zeros((1, 3_000), np.float32)):
        np.testing.assert_array_equal(effect(wave, RATE), wave)


@pytest.mark.parametrize("effect", [DeClick(3.0), DeClip(), DeClip(-14.0)], ids=str)
def test_restoration_is_a_stream(effect):
    check_streams(effect)
    check_edges(effect)
    damaged = np.clip(resonances(9_000), -0.2, 0.2)
    damaged[0, ::1_100] += 0.4
    np.testing.assert_array_equal(in_blocks(effect, damaged, RATE, cuts(9_000, 0, 3_000)), effect(damaged, RATE))


def test_settings_out_of_range_are_refused():
    with pytest.raises(BadSetting, match="threshold_db is 3"):
        DeClip(3.0)
    with pytest.raises(BadSetting, match="threshold"):
        DeClick(0.5)
