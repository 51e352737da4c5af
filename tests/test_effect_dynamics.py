"""Dynamics keep to their static curves within 0.1 dB, and to their times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, sosfreqz

from tests.effect_streams import check_effect, cuts, noise, tone
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.effects import Compressor, DeEsser, Ducker, Expander, Gate

RATE = 48_000
EFFECTS = [Compressor(), Compressor(-30.0, 8.0, 0.0, 0.0, 0.0, 6.0, linked=False), Expander(-10.0), Gate(-12.0)]
EFFECTS += [
    Gate(-20.0, hold_ms=0.0, linked=False),
    Ducker(-12.0),
    Ducker(-12.0, knee_db=0.0),
    DeEsser(threshold_db=-20),
]


def settled_gain_db(effect, level_db, hz=1_000.0, seconds=3.0):
    """The gain of a sine, after some seconds."""
    wave = tone(hz, RATE, seconds, 10 ** (level_db / 20))
    end = slice(-RATE // 2, None)
    gain = np.std(effect(wave, RATE)[0, end]) / np.std(wave[0, end])
    return 20 * np.log10(gain)


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_dynamics_are_streams(effect):
    check_effect(effect)


def compressed_db(level_db, threshold_db, ratio, knee_db):
    """Giannoulis, Massberg and Reiss (2012), eq. 4."""
    over = level_db - threshold_db
    if 2 * over < -knee_db:
        return level_db
    if 2 * abs(over) <= knee_db and knee_db:
        return level_db + (1 / ratio - 1) * (over + knee_db / 2) ** 2 / (2 * knee_db)
    return threshold_db + over / ratio


@pytest.mark.parametrize("knee_db", [0.0, 6.0, 20.0])
@pytest.mark.parametrize("hz", [60.0, 1_000.0, 7_919.0])
def test_the_compressor_keeps_to_its_static_curve(knee_db, hz):
    for ratio, level_db in ((1.0, -3.0), (2.0, -24.0), (3.0, -17.0), (4.0, -20.0), (20.0, -0.5), (3.0, -50.0)):
        effect = Compressor(-20.0, ratio, knee_db, 5.0, 100.0, makeup_db=2.0)
        expected = compressed_db(level_db, -20.0, ratio, knee_db) - level_db + 2.0
        assert settled_gain_db(effect, level_db, hz) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("level_db", [-10.0, -35.0, -43.0, -50.0, -70.0])
def test_the_expander_keeps_to_its_static_curve(level_db):
    effect = Expander(-40.0, 3.0, 30.0, 0.0)
    assert settled_gain_db(effect, level_db) == pytest.approx(max(-30.0, min(0.0, 2 * (level_db + 40.0))), abs=0.1)


def test_the_gate_opens_closes_and_has_hysteresis():
    effect = Gate(-30.0, 60.0, 6.0)
    assert settled_gain_db(effect, -29.0) == pytest.approx(0.0, abs=0.1)
    assert settled_gain_db(effect, -31.0) == pytest.approx(-60.0, abs=0.1)
    loud_then_less = np.concatenate([tone(1_000.0, RATE, 1.0, 0.1), tone(1_000.0, RATE, 2.0, 10 ** (-34 / 20))], axis=1)
    gated = effect(loud_then_less, RATE)[0, -RATE:]
    assert np.abs(gated).max() == pytest.approx(10 ** (-34 / 20), rel=0.01)


def test_the_gain_changes_by_its_time_constants():
    effect = Compressor(-20.0, 1_000.0, 0.0, 20.0, 200.0)
    wave = np.concatenate([np.full(RATE, 0.01), np.full(RATE, 1.0), np.full(RATE, 0.01)])[None]
    gain_db = 20 * np.log10(effect(wave, RATE)[0] / wave[0])
    assert gain_db[RATE + RATE // 50] == pytest.approx(-20 * (1 - np.exp(-1)), abs=0.1)
    assert gain_db[2 * RATE - 1] == pytest.approx(-20.0, abs=0.1)
    released = gain_db[2 * RATE :]
    reached = np.flatnonzero(released > -20 * np.exp(-1))[0] / RATE
    assert 0.2 + 0.0095 < reached < 0.2 + 0.0115


def test_linked_channels_keep_their_balance_and_others_do_not():
    wave = tone(500.0, RATE, 1.0, 0.9, 2) * np.float32([[1.0], [0.1]])
    linked = Compressor(-12.0, 10.0)(wave, RATE)
    np.testing.assert_allclose(linked[1], 0.1 * linked[0], atol=1e-5)
    separate = Compressor(-12.0, 10.0, linked=False)(wave, RATE)
    np.testing.assert_array_equal(separate[1], wave[1])
    np.testing.assert_array_equal(separate[0], linked[0])


def test_a_side_chain_ducks_the_music():
    music = tone(300.0, RATE, 4.0, 0.5, 2)
    voice = np.zeros((1, 4 * RATE), np.float32)
    voice[:, RATE : 2 * RATE] = tone(200.0, RATE, 1.0, 0.5)
    ducked = Ducker(-30.0, 12.0)(music, RATE, key=voice)
    level = np.abs(ducked).reshape(2, 40, -1).max(axis=2)[0]
    np.testing.assert_allclose(level[:10], 0.5, rtol=1e-3)
    np.testing.assert_allclose(level[13:20], 0.5 * 10 ** (-12 / 20), rtol=0.03)
    assert level[-1] == pytest.approx(0.5, rel=0.03)
    stream = Ducker(-30.0, 12.0).stream(SoundFormat(RATE, 2))
    edges = cuts(music.shape[1], 0, 9_000)
    blocks = [stream.push(music[:, a:b], voice[:, a:b]) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), ducked)
    np.testing.assert_array_equal(Ducker()(music, RATE, key=voice[:, :0]), music)


def test_side_chains_that_do_not_fit_are_refused():
    stream = Compressor(linked=False).stream(SoundFormat(RATE, 2))
    with pytest.raises(BadAudio, match="side chain has 5 samples"):
        stream.push(noise(10), noise(5))
    with pytest.raises(BadAudio, match="3 channels"):
        stream.push(noise(10), noise(10, 3))
    stream.push(noise(10), noise(10, 1))
    with pytest.raises(BadSetting, match="ratio"):
        Compressor(ratio=0.5)


@pytest.mark.parametrize("level_db", [-40.0, -25.0, -20.0, -6.0])
def test_sibilants_are_compressed_and_vowels_are_not(level_db):
    effect = DeEsser(2_000.0, -30.0, 4.0, 12.0)
    for hz in (150.0, 2_500.0, 11_900.0):
        band = sosfreqz(butter(2, 2_000.0, "highpass", fs=RATE, output="sos"), [hz], fs=RATE)[1][0]
        band_gain_db = -min(12.0, 0.75 * max(0.0, level_db + 20 * np.log10(abs(band)) + 30.0))
        expected = 20 * np.log10(abs(1 + (10 ** (band_gain_db / 20) - 1) * band))
        assert settled_gain_db(effect, level_db, hz) == pytest.approx(expected, abs=0.1)
    with pytest.raises(BadSetting, match="below half"):
        effect(noise(10), 4_000)
