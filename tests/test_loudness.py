"""Loudness and true peaks: targets are met, and peaks stay below the ceiling."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import resample_poly

from wavewright.base.errors import BadSetting
from wavewright.dsp.loudness import LoudnessMeter, integrated_loudness
from wavewright.dsp.true_peak import TruePeakMeter, true_peak_db, true_peaks
from wavewright.effects import spool
from wavewright.speech.narration.loudness import CEILING_DB, LoudnessNormaliser, parse_loudness

RATES = (8_000, 16_000, 24_000, 44_100)


def bursts(seed: int, sample_rate: int, seconds: float) -> np.ndarray:
    """Noise in syllables of random levels, as peaky as speech, ``(1, time)`` float32."""
    rng = np.random.default_rng(seed)
    n_samples = int(seconds * sample_rate)
    wave = rng.normal(size=n_samples)
    levels = np.repeat(10 ** (rng.uniform(-30, 0, n_samples // (sample_rate // 8) + 1) / 20), sample_rate // 8)[
        :n_samples
    ]
    wave *= levels
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)[None]


def pieces(wave: np.ndarray, seed: int):
    """The wave in pieces of random lengths, some of them empty."""
    rng = np.random.default_rng(seed)
    start = 0
    while start < wave.shape[1]:
        end = start + int(rng.integers(0, 9_000))
        yield wave[:, start:end]
        start = end


def test_a_peak_between_samples_is_measured():
    """A sine of a quarter of the sample rate whose samples all lie 3 dB below its peak."""
    wave = np.sin(np.pi / 2 * np.arange(4_000) + np.pi / 4)[None]
    assert np.abs(wave).max() == pytest.approx(math.sqrt(0.5))
    assert true_peak_db(wave[:, 500:-500] * np.hanning(3_000)) == pytest.approx(0.0, abs=0.1)
    assert true_peak_db(np.zeros((1, 100))) == -math.inf
    assert true_peaks(np.zeros((2, 0))).shape == (0,)


@pytest.mark.parametrize("target", [-16.0, -23.0, -14.5, -40.0])
def test_speech_reaches_its_loudness_below_the_ceiling(target):
    for seed, sample_rate in enumerate(RATES[:3]):
        wave = bursts(seed, sample_rate, 1.5)
        leveler = LoudnessNormaliser(target)
        actual = np.concatenate([*leveler.normalise(pieces(wave, seed), sample_rate)], axis=1)
        assert actual.shape == wave.shape
        assert actual.dtype == np.float32
        lufs, peak_db = integrated_loudness(actual, sample_rate), true_peak_db(actual)
        assert lufs == pytest.approx(target, abs=0.1)
        assert leveler.lufs == pytest.approx(lufs, abs=0.01)
        assert peak_db <= CEILING_DB
        oracle = np.abs(resample_poly(actual.astype(np.float64), 16, 1, axis=1)).max()
        assert 20 * math.log10(oracle) <= CEILING_DB + 0.35  # between the points that BS.1770 looks at


def test_a_gain_is_all_that_changes_where_peaks_allow_it():
    wave = bursts(3, 24_000, 2.0)
    actual = np.concatenate([*LoudnessNormaliser(-40.0).normalise([wave], 24_000)], axis=1)
    gain = float(actual[0, 1_000] / wave[0, 1_000])
    np.testing.assert_allclose(actual, wave * gain, rtol=1e-5)


def test_silence_stays_silence_and_a_missed_target_is_reported():
    leveler = LoudnessNormaliser(-16.0)
    assert not np.concatenate([*leveler.normalise([np.zeros((1, 5_000), np.float32)], 24_000)], axis=1).any()
    assert leveler.lufs == -math.inf
    assert leveler.shortfall_message() == ""
    clicks = np.zeros((1, 48_000), np.float32)
    clicks[0, ::12_000] = 0.5
    leveler = LoudnessNormaliser(-8.0)
    actual = np.concatenate([*leveler.normalise([clicks], 24_000)], axis=1)
    assert true_peak_db(actual) <= CEILING_DB
    assert "is as near to -8 as it comes" in leveler.shortfall_message()


def test_long_audio_is_spooled_to_a_file(monkeypatch):
    wave = bursts(1, 8_000, 3.0)
    inside = np.concatenate([*LoudnessNormaliser(-20.0).normalise([wave], 8_000)], axis=1)
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1_000)
    outside = np.concatenate([*LoudnessNormaliser(-20.0).normalise([wave], 8_000)], axis=1)
    np.testing.assert_array_equal(inside, outside)


@pytest.mark.parametrize(("value", "target"), [("podcast", -16), ("broadcast", -23), ("-19.5", -19.5), (-14, -14)])
def test_presets_and_numbers(value, target):
    assert parse_loudness(value) == target


@pytest.mark.parametrize("value", ["loud", "", "nan", "inf", 0, "3", -80])
def test_other_targets_are_refused(value):
    with pytest.raises(BadSetting, match=r"podcast \(-16\) or broadcast \(-23\), or a number from -50 to -5"):
        parse_loudness(value)


# --------------------------------------------------------------------- test signals of EBU Tech 3341 and Tech 3342


def stereo_sine(levels_db: list[tuple[float, float]], sample_rate: int = 48_000) -> np.ndarray:
    """A sine of 1 kHz on both channels, at levels in dB for times in seconds, ``(2, time)``."""
    gains = np.concatenate([np.full(round(seconds * sample_rate), 10 ** (level / 20)) for level, seconds in levels_db])
    wave = gains * np.sin(2 * np.pi * 1_000 * np.arange(len(gains)) / sample_rate)
    return np.stack([wave, wave]).astype(np.float32)


def meter_of(wave: np.ndarray, sample_rate: int = 48_000) -> LoudnessMeter:
    meter = LoudnessMeter(sample_rate, len(wave))
    for block in pieces(wave, 0):
        meter.add(block)
    return meter


@pytest.mark.parametrize(
    ("levels_db", "expected_lufs"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_integrated_loudness_of_tech_3341(levels_db, expected_lufs):
    assert meter_of(stereo_sine(levels_db)).integrated_lufs() == pytest.approx(expected_lufs, abs=0.1)


def test_short_term_and_momentary_loudness_of_tech_3341():
    """Cases 9 and 12: patterns of levels whose mean over every full window is -23 LUFS."""
    short_term = meter_of(stereo_sine([(-20, 1.34), (-30, 1.66)] * 5)).short_term_lufs()
    np.testing.assert_allclose(short_term, -23.0, atol=0.1)
    momentary = meter_of(stereo_sine([(-20, 0.18), (-30, 0.22)] * 25)).momentary_lufs()
    np.testing.assert_allclose(momentary, -23.0, atol=0.1)


@pytest.mark.parametrize(
    ("levels_db", "expected_lu"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_loudness_range_of_tech_3342(levels_db, expected_lu):
    assert meter_of(stereo_sine(levels_db)).range_lu() == pytest.approx(expected_lu, abs=1)


def test_a_wave_shorter_than_its_window_is_one_window():
    meter = meter_of(stereo_sine([(-23, 0.2)]))
    assert meter.momentary_lufs() == meter.short_term_lufs() == [meter.integrated_lufs()]
    assert meter.range_lu() == 0.0
    silent = meter_of(np.zeros((2, 48_000), np.float32))
    assert silent.range_lu() == 0.0
    assert (silent.momentary_lufs() == -math.inf).all()


def ebur128(wave, sample_rate):
    """Return what ``ebur128`` measures every 100 ms of ``wave (1 or 2, time)``, by name: I, LRA, M, S, true_peak."""
    import av

    layout = {1: "mono", 2: "stereo"}[len(wave)]
    graph = av.filter.Graph()
    time_base = Fraction(1, sample_rate)
    source = graph.add_abuffer(format="fltp", sample_rate=sample_rate, layout=layout, time_base=time_base)
    meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    measured = defaultdict(list)
    blocks = [wave[:, start : start + 4_800] for start in range(0, wave.shape[1], 4_800)]
    for number, block in enumerate([*blocks, None]):
        frame = None
        if block is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, number * 4_800
        source.push(frame)
        while True:
            try:
                metadata = sink.pull().metadata
            except (av.BlockingIOError, av.EOFError):
                break
            for name, value in metadata.items():
                measured[name.removeprefix("lavfi.r128.")].append(float(value))
    return measured


@pytest.mark.parametrize("sample_rate", [8_000, 44_100])
def test_loudness_equals_that_of_ffmpeg(sample_rate):
    """Ten seconds, of which FFmpeg's windows that are not yet full are left out."""
    pytest.importorskip("av")
    wave = bursts(5, sample_rate, 10.0)
    expected = ebur128(wave, sample_rate)
    meter, peak = meter_of(wave, sample_rate), TruePeakMeter(1)
    peak.add(wave)
    assert meter.integrated_lufs() == pytest.approx(expected["I"][-1], abs=0.1)
    np.testing.assert_allclose(meter.momentary_lufs(), expected["M"][3:], atol=0.1)
    np.testing.assert_allclose(meter.short_term_lufs(), expected["S"][29:], atol=0.1)
    assert 10 ** (peak.peak_db() / 20) == pytest.approx(expected["true_peak"][-1], rel=0.02)


def test_true_peaks_do_not_depend_on_blocks():
    for seed in range(5):
        wave = np.concatenate([bursts(seed, 16_000, 1.0), bursts(seed + 9, 16_000, 1.0)])
        meter = TruePeakMeter(2)
        for block in pieces(wave, seed):
            meter.add(block)
            meter.peak_db()  # asking changes nothing
        assert meter.peak_db() == true_peak_db(wave)
    assert TruePeakMeter(2).peak_db() == -math.inf
