"""Wavetables and spectra: no aliases, exact pitches, the waves that the formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.base.errors import BadAudio, BadSetting
from wavewright.synth import spectra
from wavewright.synth.fm_algorithms import ALGORITHMS
from wavewright.synth.oscillator_kernels import CYCLE, add_wave
from wavewright.synth.spectra import classic_tables, level_harmonics, make_wavetables

N = 1 << 16


def played(tables, frequency_hz, sample_rate, n=N, frame=0):
    n_harmonics = min(int(np.ceil(sample_rate / 2 / frequency_hz)) - 1, len(tables.level_of) - 1)
    level = tables.level_of[n_harmonics]
    wave = np.zeros(n, np.float32)
    increment = round(frequency_hz / sample_rate * CYCLE)
    shape = tables.offsets[frame, level], tables.shifts[level]
    add_wave(tables.samples, *shape, 0, increment, 0, 0, np.float32(1), np.float32(0), wave)
    return wave.astype(float)


def alias_db(wave, frequency_hz, sample_rate):
    """Return the largest component that is no harmonic, relative to the largest harmonic."""
    window = np.kaiser(len(wave), 24)
    levels = np.abs(np.fft.rfft(wave * window))
    frequencies = np.fft.rfftfreq(len(wave), 1 / sample_rate)
    harmonic = np.abs(frequencies - frequency_hz * np.round(frequencies / frequency_hz)) < 16 * sample_rate / len(wave)
    return 20 * np.log10(levels[~harmonic].max() / levels.max())


@pytest.mark.parametrize("name", ["saw", "square", "triangle", "sine"])
@pytest.mark.parametrize(("frequency_hz", "sample_rate"), [(5_000, 44_100), (5_003.7, 48_000), (441.3, 44_100)])
def test_classic_waves_have_no_aliases(name, frequency_hz, sample_rate):
    assert alias_db(played(classic_tables(name), frequency_hz, sample_rate), frequency_hz, sample_rate) < -110


@pytest.mark.parametrize("frequency_hz", [27.5, 97.3, 440.0, 4_186.0])
def test_pitch_is_right_within_a_tenth_of_a_cent(frequency_hz):
    wave = played(classic_tables("saw"), frequency_hz, 44_100)
    window = np.hanning(N)
    halves = [wave[: N // 2] * window[::2], wave[N // 2 :] * window[::2]]
    times = np.arange(N // 2) / 44_100
    phases = [np.angle(np.sum(half * np.exp(-2j * np.pi * frequency_hz * times))) for half in halves]
    expected = 2 * np.pi * frequency_hz * (N // 2) / 44_100
    error = np.angle(np.exp(1j * (phases[1] - phases[0] - expected))) / (2 * np.pi) / (N // 2) * 44_100
    assert abs(1_200 * np.log2(1 + error / frequency_hz)) < 0.1


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("sine", lambda t: np.sin(2 * np.pi * t)),
        ("saw", lambda t: 2 * t - 1),
        ("square", lambda t: np.where(t < 0.5, 1.0, -1.0)),
        ("triangle", lambda t: 1 - 4 * np.abs((t + 0.25) % 1 - 0.5)),
    ],
)
def test_waves_are_those_of_their_formulas(name, formula):
    wave = played(classic_tables(name), 44_100 / 1_024, 44_100, 1_024)
    phases = np.arange(1_024) / 1_024
    away = np.minimum(np.abs(phases - 0.5), np.minimum(phases, 1 - phases)) > 0.05
    assert np.abs(wave - formula(phases))[away].max() < 0.02


def test_a_period_gives_its_own_spectrum():
    rng = np.random.default_rng(3)
    spectrum = np.concatenate([[0], rng.normal(size=40) + 1j * rng.normal(size=40)])
    period = np.fft.irfft(np.pad(spectrum, (0, 200)), 480) * 240
    np.testing.assert_allclose(spectra.period_spectrum(period + 0.7, 40), spectrum, atol=1e-9)


def test_bad_periods_and_waves_are_refused():
    for period in (np.ones(64), np.zeros(1), np.array([0.0, np.nan, 1.0]), np.zeros((2, 8))):
        with pytest.raises(BadAudio):
            spectra.period_spectrum(period)
    with pytest.raises(BadSetting, match="saw"):
        spectra.wave_spectrum("swa")
    with pytest.raises(BadSetting, match="frames"):
        make_wavetables([])


@pytest.mark.parametrize("n_harmonics", [1, 2, 7, 100, 1_024])
def test_levels_reach_the_last_harmonic_and_lose_less_than_a_third_of_an_octave(n_harmonics):
    numbers = np.array(level_harmonics(n_harmonics))
    assert numbers[-1] == n_harmonics
    assert (np.diff(numbers) > 0).all()
    assert all(numbers[i + 1] - 1 < numbers[i] * 2 ** (1 / 3) for i in range(len(numbers) - 1))


def test_a_change_of_pitch_is_the_same_in_any_pieces():
    tables = classic_tables("saw")
    whole = np.zeros(700, np.float32)
    shape = tables.samples, tables.offsets[0, -1], tables.shifts[-1], 99, 4_000_000, 321
    gains = np.float32(0.5), np.float32(0.013)
    add_wave(*shape, 0, *gains, whole)
    pieces = np.zeros(700, np.float32)
    add_wave(*shape, 0, *gains, pieces[:333])
    add_wave(*shape, 333, *gains, pieces[333:])
    assert np.array_equal(whole, pieces)


def test_the_algorithms_are_32_different_ones_without_loops_but_the_feedback():
    assert len({(each.modulators, each.carriers, each.feedback) for each in ALGORITHMS}) == 32
    for algorithm in ALGORITHMS:
        assert all(modulator > modulated for modulator, modulated in algorithm.modulators)
        heard = {*algorithm.carriers}
        for _ in range(6):
            heard |= {modulator for modulator, modulated in algorithm.modulators if modulated in heard}
        assert heard == {1, 2, 3, 4, 5, 6}
        assert not {modulator for modulator, _ in algorithm.modulators} & {*algorithm.carriers}
        assert algorithm.feedback[0] <= algorithm.feedback[1]
