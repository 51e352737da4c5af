"""Filters have the frequency response of their formula, in streams as in whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, sosfreqz

from tests.effect_streams import check_effect, noise, tone
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadSetting
from wavewright.effects import (
    EFFECTS,
    GraphicEqualiser,
    HighPass,
    HighShelf,
    HumNotch,
    LowPass,
    LowShelf,
    Notch,
    Peak,
    RemoveDC,
)
from wavewright.effects.filters import OCTAVES_HZ

EQUALISER = GraphicEqualiser((6.0, -3.0, 12.0, -12.0, 0.0, 0.0, 4.0, -6.0, 8.0, -8.0))
FILTERS = [
    *(HighPass(), HighPass(300.0, 5), LowPass(3_000.0), LowPass(1_000.0, 8), LowShelf(400.0, 6.0)),
    *(HighShelf(3_000.0, -9.0, 1.5), Peak(1_000.0, 12.0, 3.0), Notch(1_000.0, 5.0), HumNotch(), RemoveDC(), EQUALISER),
]
RATE = 16_000


def measured_db(effect, hz, sample_rate=RATE):
    """The gain at some frequencies, from the impulse response."""
    impulse = np.zeros((1, 4 * sample_rate), np.float32)
    impulse[0, 0] = 1.0
    response = effect(impulse, sample_rate)[0].astype(np.float64)
    z = np.exp(-2j * np.pi * np.outer(np.asarray(hz), np.arange(len(response))) / sample_rate)
    return 20 * np.log10(np.maximum(np.abs(z @ response), 1e-12))


@pytest.mark.parametrize("effect", FILTERS, ids=str)
def test_filters_are_streams(effect):
    check_effect(effect)


@pytest.mark.parametrize("effect", FILTERS, ids=str)
def test_filters_are_those_of_scipy(effect):
    wave = noise(5_000)
    expected = sosfilt(effect.sections(RATE), wave.astype(np.float64), axis=1)
    np.testing.assert_allclose(effect(wave, RATE), expected, atol=2e-6)
    hz = np.array([30.0, 130.0, 500.0, 1_100.0, 3_100.0, 7_000.0])
    _, response = sosfreqz(effect.sections(RATE), hz, fs=RATE)
    np.testing.assert_allclose(10 ** (measured_db(effect, hz) / 20), np.abs(response), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, 8])
def test_butterworth_filters_have_the_response_of_their_formula(order):
    hz = np.array([200.0, 1_000.0, 3_000.0])
    warped = np.tan(np.pi * hz / RATE) / np.tan(np.pi * 1_000.0 / RATE)
    low = -10 * np.log10(1 + warped ** (2 * order))
    high = -10 * np.log10(1 + warped ** (-2 * order))
    np.testing.assert_allclose(measured_db(LowPass(1_000.0, order), hz), low, atol=0.02)
    np.testing.assert_allclose(measured_db(HighPass(1_000.0, order), hz)[1:], high[1:], atol=0.02)
    for effect, kind in ((LowPass(1_000.0, order), "low"), (HighPass(1_000.0, order), "high")):
        _, response = sosfreqz(effect.sections(RATE), hz, fs=RATE)
        _, expected = sosfreqz(butter(order, 1_000.0, kind, fs=RATE, output="sos"), hz, fs=RATE)
        np.testing.assert_allclose(response, expected, rtol=1e-9)


@pytest.mark.parametrize("gain_db", [-18.0, -3.0, 0.0, 6.0, 20.0])
def test_shelves_and_peaks_have_their_gain(gain_db):
    for effect, hz, expected in (
        (LowShelf(500.0, gain_db), (5.0, 500.0, 7_900.0), (gain_db, gain_db / 2, 0.0)),
        (HighShelf(2_000.0, gain_db), (20.0, 2_000.0, 7_990.0), (0.0, gain_db / 2, gain_db)),
        (Peak(1_000.0, gain_db, 2.0), (2.0, 1_000.0, 7_990.0), (0.0, gain_db, 0.0)),
    ):
        np.testing.assert_allclose(measured_db(effect, hz), expected, atol=0.05)


def test_the_bandwidth_of_a_notch_is_its_frequency_over_its_quality():
    centre, quality = 1_000.0, 20.0
    _, response = sosfreqz(Notch(centre, quality).sections(48_000), [975.3, 1_000.0, 1_025.3], fs=48_000)
    np.testing.assert_allclose(20 * np.log10(np.abs(response[[0, 2]])), -3.01, atol=0.05)
    assert np.abs(response[1]) < 1e-9


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_is_removed_and_the_rest_is_not(mains_hz):
    effect = HumNotch(mains_hz, n_harmonics=6)
    hum = sum(tone(mains_hz * k, RATE, 4.0, 0.1) for k in range(1, 7))
    voice = tone(mains_hz * 3.5, RATE, 4.0, 0.1)
    settled = slice(3 * RATE, None)
    assert np.abs(effect(hum, RATE)[:, settled]).max() < 1e-4
    np.testing.assert_allclose(effect(hum + voice, RATE)[:, settled].std(), voice.std(), rtol=0.01)
    assert len(HumNotch(mains_hz, n_harmonics=64).sections(1_000)) == np.ceil(500 / mains_hz) - 1


def test_an_offset_is_removed():
    wave = tone(100.0, RATE, 2.0, 0.2) + np.float32(0.3)
    assert abs(RemoveDC()(wave, RATE)[0, RATE:].mean()) < 1e-5


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 96_000])
def test_the_graphic_equaliser_has_its_gains_at_its_centres(sample_rate):
    rng = np.random.default_rng(sample_rate)
    centres = np.array([hz for hz in OCTAVES_HZ if hz < sample_rate / 2])
    for bands in (EQUALISER.bands_db, tuple(rng.uniform(-12, 12, 10)), (0.0,) * 10, (12.0, -12.0) * 5):
        sections = GraphicEqualiser(bands).sections(sample_rate)
        _, response = sosfreqz(sections, centres, fs=sample_rate)
        np.testing.assert_allclose(20 * np.log10(np.abs(response)), bands[: len(centres)], atol=0.1)


def test_filters_are_linear_and_recover_from_loud_sound_to_exact_silence():
    wave = noise(2_000)
    np.testing.assert_allclose(EQUALISER(wave * 4, RATE), EQUALISER(wave, RATE) * 4, rtol=1e-4, atol=1e-5)
    stream = HighPass(80.0, 4).stream(SoundFormat(RATE, 2))
    stream.push(wave * 1e6)
    assert not stream.push(np.zeros((2, 20 * RATE), np.float32))[:, -RATE:].any()


def test_frequencies_beyond_the_sample_rate_are_refused():
    for effect in (HighPass(8_000.0), LowShelf(9_000.0), Peak(9_000.0), Notch(8_000.0), HumNotch(1_000.0)):
        with pytest.raises(BadSetting, match=r"at a sample rate of \d+ Hz it must lie below"):
            effect(noise(10), 1_000)
    with pytest.raises(BadSetting, match="order"):
        HighPass(80.0, 0)
    with pytest.raises(BadSetting, match="frequency_hz"):
        HighPass(float("nan"))
    with pytest.raises(BadSetting, match="3 gains"):
        GraphicEqualiser((1.0, 2.0, 3.0))
    with pytest.raises(BadSetting, match="above"):
        GraphicEqualiser()(noise(10), 60)


def test_mono_waves_without_channels_stay_without():
    wave = noise(100, 1)
    np.testing.assert_array_equal(HighPass()(wave[0], RATE), HighPass()(wave, RATE)[0])
    assert EFFECTS["highpass"] is HighPass
