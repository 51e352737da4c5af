"""Analysis of recordings: what is in a signal that was made is found in it, whatever the blocks."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

import wavewright
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.dsp.levels import ClippingDetector, FlatTops, FrameLevels
from wavewright.dsp.spectrum import FrameBuffer
from wavewright.inference.analysis.content import KINDS, ContentMeter, Smoothing
from wavewright.inference.analysis.content_features import N_FEATURES, ContentFeatures
from wavewright.inference.analysis.files import analyse_file
from wavewright.inference.analysis.key import KeyMeter
from wavewright.inference.analysis.levels import RecordingLevelsMeter
from wavewright.inference.analysis.pitch import PitchMeter
from wavewright.inference.analysis.report import note_name
from wavewright.inference.analysis.silence import SilenceMeter
from wavewright.inference.analysis.spectrum import SpectrumMeter
from wavewright.inference.analysis.tempo import TempoMeter
from wavewright.music.theory import SHARP_NAMES

RATE = 16_000


def sine(frequency_hz: float, seconds: float, sample_rate: int = RATE, peak: float = 0.5) -> np.ndarray:
    """A sine ``(1, time)`` float32."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (peak * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)[None]


def noise(seconds: float, sample_rate: int = RATE, rms: float = 0.1, n_channels: int = 1, seed: int = 0) -> np.ndarray:
    """White noise ``(channels, time)`` float32."""
    size = (n_channels, round(seconds * sample_rate))
    return (rms * np.random.default_rng(seed).standard_normal(size)).astype(np.float32)


def pieces(wave: np.ndarray, seed: int):
    """The wave in pieces of random lengths, some of them of one sample or empty."""
    rng, start = np.random.default_rng(seed), 0
    while start < wave.shape[1]:
        length = int(rng.choice([0, 1, rng.integers(2, 50), rng.integers(1_000, 40_000)]))
        yield wave[:, start : start + length]
        start += length


def measured(meter, wave: np.ndarray, seed: int | None = None):
    """The result of a meter for a wave, whole or in pieces."""
    for block in [wave] if seed is None else pieces(wave, seed):
        meter.add(block)
    return meter.result()


def write(path: Path, wave: np.ndarray, sample_rate: int = RATE) -> Path:
    soundfile.write(path, wave.T, sample_rate, subtype="FLOAT")
    return path


def partials(frequency_hz: float, seconds: float) -> np.ndarray:
    """A decaying note of six partials, ``(time,)``."""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = [np.sin(2 * np.pi * frequency_hz * n * time) / n**1.5 for n in range(1, 7)]
    return 0.05 * np.sum(tones, axis=0) * np.exp(-2 * time)


def cadences(tonic: int, mode: str, bpm: float = 100.0, seconds: float = 20.0, cents: float = 0.0) -> np.ndarray:
    """Tonic, subdominant, dominant and tonic in bars of four beats, ``(1, time)`` float32."""
    third = 4 if mode == "major" else 3
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7)]
    n_beats = round(seconds * bpm / 60)
    steps = [[tonic - 9 + note for note in chords[beat // 4 % 4]] for beat in range(n_beats)]
    beats = [sum(partials(220 * 2 ** ((step + cents / 100) / 12), 60 / bpm) for step in chord) for chord in steps]
    return np.concatenate(beats).astype(np.float32)[None]


# ------------------------------------------------------------------------------------------------ building blocks


def test_frames_are_those_of_the_whole_wave():
    wave = noise(0.2, n_channels=2)
    expected = np.lib.stride_tricks.sliding_window_view(wave, 300, axis=1)[:, ::110]
    for seed in range(5):
        buffer = FrameBuffer(2, 300, 110)
        frames = np.concatenate([buffer.add(block) for block in pieces(wave, seed)], axis=1)
        np.testing.assert_array_equal(frames, expected)
        np.testing.assert_array_equal(buffer.rest(), wave[:, 110 * expected.shape[1] :])


def test_frame_levels_are_powers_of_20_ms():
    levels = FrameLevels(RATE, 2)
    wave = np.concatenate([sine(1_000, 1.0), 2 * sine(1_000, 1.0)])
    for block in pieces(wave, 1):
        levels.add(block)
    np.testing.assert_allclose(levels.powers(), np.full(50, (0.125 + 0.5) / 2), rtol=1e-5)
    short = FrameLevels(RATE, 1)
    assert len(short.powers()) == 0
    short.add(np.full((1, 5), 0.5, np.float32))
    np.testing.assert_allclose(short.powers(), [0.25])


def test_clipped_runs_and_their_samples_are_counted_across_blocks():
    wave = np.zeros((2, 1_000), np.float32)
    wave[0, 10:13] = 1.0  # too few
    wave[0, 100:104] = -1.0
    wave[1, 200:260] = 1.0
    wave[1, 990:1_000] = 1.0
    for seed in range(5):
        meter = ClippingDetector(2)
        for block in pieces(wave, seed):
            meter.add(block)
        assert meter.result() == FlatTops(3, 74, 1.0)


def test_runs_at_full_scale_are_clipped_below_floats_above_it():
    wave = np.sin(2 * np.pi * 100 * np.arange(48_000) / 48_000)
    clipped = np.clip(1.5 * wave, -1, 1)
    added = clipped + 0.5 * np.where(np.abs(np.arange(48_000) - 31_000) < 800, np.abs(wave), 0.0)
    assert added.max() > 1.4
    n_runs = [(np.diff((sign * added == 1.0).astype(int)) == 1).sum() for sign in (1, -1)]
    for seed in range(3):
        meter = ClippingDetector(1)
        for block in pieces(added[None].astype(np.float32), seed):
            meter.add(block)
        assert meter.result().n_runs == sum(n_runs)
        meter = ClippingDetector(1)
        for block in pieces((1.001 * wave)[None].astype(np.float32), seed):
            meter.add(block)
        assert meter.result() == FlatTops()


def test_a_square_wave_is_clipped():
    meter = ClippingDetector(1)
    meter.add(np.repeat(np.tile([0.5, -0.5], 50), 40)[None].astype(np.float32))
    assert meter.result().n_runs == 100


@pytest.mark.parametrize("gain", [1.0, 0.999, 0.5, 0.05])
@pytest.mark.parametrize("bits", [8, 16, 24, None])
@pytest.mark.parametrize("clipped_by", [1.1, 2.0])
def test_clipping_is_found_at_any_level(gain, bits, clipped_by):
    time = np.arange(2 * RATE) / RATE
    wave = np.clip(clipped_by * np.stack([np.sin(2 * np.pi * 130 * time), np.sin(2 * np.pi * 211 * time)]), -1, 1)
    n_expected = int((np.abs(wave) == 1.0).sum())
    n_runs = int((np.diff(np.abs(wave) == 1.0, axis=1, prepend=False).sum() + 1) // 2)
    rounded = gain * wave if bits is None else np.rint(gain * wave * 2 ** (bits - 1)) / 2 ** (bits - 1)
    if bits == 8 and (gain < 0.5 or clipped_by < 2):
        return  # the slopes beside the peaks are lost in the steps
    for seed in range(2):
        meter = ClippingDetector(2)
        for block in pieces(rounded.astype(np.float32), seed):
            meter.add(block)
        found = meter.result()
        assert found.level == pytest.approx(gain, rel=0.02)
        assert found.n_runs == pytest.approx(n_runs, abs=(0.15 if bits == 8 else 0.03) * n_runs)
        assert found.n_samples == pytest.approx(n_expected, rel=0.15 if bits == 8 else 0.06)


@pytest.mark.parametrize("bits", [8, 12, 16, None])
@pytest.mark.parametrize("peak", [1.0, 0.5, 0.01])
def test_smooth_peaks_are_not_clipped_however_low_and_coarse(bits, peak):
    rng = np.random.default_rng(0)
    for frequency_hz in (8, 30, 55, 440):
        wave = peak * np.sin(2 * np.pi * frequency_hz * np.arange(3 * RATE) / RATE)[None]
        wave = wave if bits is None else np.rint(wave * 2 ** (bits - 1)) / 2 ** (bits - 1)
        meter = ClippingDetector(1)
        meter.add(np.clip(wave, -1, 1 - 2.0**-23).astype(np.float32))
        assert meter.result().n_runs == 0, frequency_hz
    meter = ClippingDetector(2)
    meter.add((0.2 * rng.standard_normal((2, 5 * RATE))).astype(np.float32))
    assert meter.result().n_runs == 0


@pytest.mark.parametrize("law", ["ALAW", "ULAW"])
@pytest.mark.parametrize("peak", [0.97, 0.5, 0.11])
def test_a_telephone_s_steps_are_not_clipping(law, peak, tmp_path):
    """The largest of them are up to a sixteenth of the level."""
    time = np.arange(3 * 8_000) / 8_000
    for frequency_hz in (55, 130, 440):
        for clipped_by in (1.0, 4.0):
            wave = np.clip(clipped_by * peak * np.sin(2 * np.pi * frequency_hz * time), -peak, peak)
            soundfile.write(tmp_path / "call.wav", wave, 8_000, subtype=law)
            levels = analyse_file(tmp_path / "call.wav").levels
            assert bool(levels.clipped_runs) == (clipped_by > 1), frequency_hz


def test_levels_below_usual_floors_are_measured(tmp_path):
    peak = 2.0**-23
    soundfile.write(tmp_path / "quiet.wav", np.tile([peak, -peak], 8_000), 16_000, subtype="PCM_24")
    levels = analyse_file(tmp_path / "quiet.wav").levels
    assert levels.peak_db == levels.rms_db == round(20 * np.log10(peak), 2)


def test_the_report_says_at_which_level_a_sound_was_clipped(tmp_path):
    time = np.arange(RATE) / RATE
    wave = np.clip(1.5 * np.sin(2 * np.pi * 220 * time), -1, 1)[None].astype(np.float32)
    assert "samples at full scale" in str(analyse_file(write(tmp_path / "a.wav", wave * 0.999)))
    analysis = analyse_file(write(tmp_path / "b.wav", wave * 0.5))
    assert "flat at -6.02 dB" in str(analysis)
    assert analysis.levels.clipped_samples == (np.abs(wave) == 1).sum()


# --------------------------------------------------------------------------------------------------------- levels


def test_levels_of_a_sine_follow_from_its_formula():
    wave = np.concatenate([sine(997, 5.0, 48_000, peak=0.5), sine(997, 5.0, 48_000, peak=0.25) + np.float32(0.01)])
    levels = measured(RecordingLevelsMeter(48_000, 2), wave, seed=0)
    assert levels.peak_db == pytest.approx(-6.02, abs=0.01)
    assert levels.true_peak_db == pytest.approx(-6.02, abs=0.02)
    rms_db = 10 * math.log10((0.125 + 0.03125 + 0.0001) / 2)
    assert levels.rms_db == pytest.approx(rms_db, abs=0.01)
    assert levels.crest_factor_db == pytest.approx(-6.02 - rms_db, abs=0.02)
    assert levels.dc_offset == pytest.approx(0.01, abs=1e-4)
    assert [channel.rms_db for channel in levels.channels] == pytest.approx([-9.03, -15.04], abs=0.03)


def test_the_noise_floor_is_that_of_the_pauses_without_digital_silence():
    pauses = noise(4.0, rms=0.001)
    wave = np.concatenate([sine(300, 4.0), pauses, np.zeros((1, 4 * RATE), np.float32)], axis=1)
    assert measured(RecordingLevelsMeter(RATE, 1), wave).noise_floor_db == pytest.approx(-60.0, abs=0.5)


def test_silence_has_no_levels():
    meter = RecordingLevelsMeter(RATE, 1)
    levels = measured(meter, np.zeros((1, RATE), np.float32))
    assert levels.peak_db is levels.true_peak_db is levels.rms_db is levels.crest_factor_db is None
    assert levels.noise_floor_db is None


# -------------------------------------------------------------------------------------------------------- silence


@pytest.mark.parametrize("seed", range(5))
def test_silence_is_found_to_the_sample(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 3_000, 30)
    expected, start, parts = [], 0, []
    for index, length in enumerate(lengths.tolist()):
        is_silent = index % 2 == 0
        parts.append(np.full((2, length), 0.0009 if is_silent else 0.0011, np.float32))
        if is_silent and length >= 1_600:
            expected.append((round(start / RATE, 6), round((start + length) / RATE, 6)))
        start += length
    silence = measured(SilenceMeter(RATE, -60.0, 0.1), np.concatenate(parts, axis=1), seed)
    assert list(silence.segments) == expected
    assert silence.seconds == pytest.approx(silence.fraction * start / RATE, abs=1e-3)


# ------------------------------------------------------------------------------------------------------- spectrum


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 48_000])
def test_a_sine_is_in_its_octave_with_its_level(sample_rate):
    spectrum = measured(SpectrumMeter(sample_rate, 1), sine(1_000, 3.3, sample_rate), seed=1)
    assert spectrum.octaves_db[1_000] == pytest.approx(-9.03, abs=0.1)
    assert all(level < -45 for centre, level in spectrum.octaves_db.items() if centre != 1_000)
    assert spectrum.centroid_hz == pytest.approx(1_000, abs=2)


def test_octaves_of_white_noise_rise_by_3_db():
    spectrum = measured(SpectrumMeter(48_000, 2), noise(10.0, 48_000, n_channels=2))
    levels = [level for centre, level in spectrum.octaves_db.items() if centre >= 250]
    np.testing.assert_allclose(np.diff(levels), 3.0, atol=0.4)
    total = 10 * math.log10(sum(10 ** (level / 10) for level in spectrum.octaves_db.values()))
    assert total == pytest.approx(-20 + 10 * math.log10(22_387 / 24_000), abs=0.1)
    assert spectrum.centroid_hz == pytest.approx(12_000, rel=0.01)


@pytest.mark.parametrize("content_rate", [8_000, 16_000, 32_000])
def test_bandwidth_is_that_before_resampling(content_rate):
    wave = Clip(noise(4.0, content_rate), content_rate).resample(48_000).wave
    dither = noise(4.0, 48_000, rms=2**-16, seed=1)
    for recording in (wave, wave[:, : wave.shape[1]] + dither[:, : wave.shape[1]]):
        bandwidth_hz = measured(SpectrumMeter(48_000, 1), recording).bandwidth_hz
        assert bandwidth_hz == pytest.approx(content_rate / 2, rel=0.06)


def test_bandwidth_of_what_was_not_filtered_is_half_the_rate():
    assert measured(SpectrumMeter(44_100, 1), noise(2.0, 44_100)).bandwidth_hz == pytest.approx(22_050, rel=0.01)
    pink = np.cumsum(noise(4.0, 44_100), axis=1)
    pink -= pink.mean()
    assert measured(SpectrumMeter(44_100, 1), 0.01 * pink).bandwidth_hz > 20_000


def test_bandwidth_of_an_mp3_is_that_of_its_filter(tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise(4.0, 44_100)[0], 44_100, format="MP3", bitrate_mode="CONSTANT", compression_level=0.8)
    assert 15_000 < analyse_file(path).spectrum.bandwidth_hz < 20_500


@pytest.mark.parametrize(("mains_hz", "harmonics"), [(50.0, (1,)), (60.0, (1, 2, 3)), (50.0, (2, 4)), (60.0, (1, 3))])
def test_hum_is_found_below_a_recording(mains_hz, harmonics):
    hum = sum(sine(mains_hz * harmonic, 20.0, peak=0.003) for harmonic in harmonics)
    voice = noise(20.0, rms=0.05) * (np.sin(np.arange(20 * RATE) / RATE * 5) > 0)
    found = measured(SpectrumMeter(RATE, 1), (hum + 0.02 * voice).astype(np.float32)).hum
    assert found is not None
    assert (found.frequency_hz, found.harmonics) == (mains_hz, harmonics)
    expected_db = 10 * math.log10(len(harmonics) * 0.003**2 / 2)
    assert found.level_db == pytest.approx(expected_db, abs=0.5)


@pytest.mark.parametrize("bits", [12, 16, 24])
@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 48_000])
def test_rounding_is_no_hum(bits, sample_rate):
    for frequency_hz in (80.0, 100.0, 180.0, 220.0, 440.0, 1_000.0):
        for peak in (0.9, 0.2):
            wave = np.rint(sine(frequency_hz, 4.0, sample_rate, peak) * 2 ** (bits - 1)) / 2 ** (bits - 1)
            assert measured(SpectrumMeter(sample_rate, 1), wave.astype(np.float32)).hum is None


def test_what_is_no_hum():
    for wave in (noise(10.0), sine(49.0, 10.0), sine(61.7, 10.0), sine(440.0, 10.0), np.zeros((1, RATE), np.float32)):
        assert measured(SpectrumMeter(RATE, 1), wave).hum is None
    notes = np.concatenate([sine(frequency_hz, 1.0) for frequency_hz in (50, 98, 75, 131) * 4], axis=1)
    assert measured(SpectrumMeter(RATE, 1), notes).hum is None


# -------------------------------------------------------------------------------------------- pitch, tempo and key


def test_pitch_is_summarised_over_blocks(monkeypatch):
    monkeypatch.setattr("wavewright.inference.analysis.pitch.BLOCK_SECONDS", 2.0)
    tones = [partials(frequency_hz, 1.5) for frequency_hz in (110.0, 220.0, 440.0)]
    wave = np.concatenate([*tones, np.zeros(int(1.5 * RATE))]).astype(np.float32)[None]
    meter = PitchMeter(RATE)
    pitch = measured(meter, wave, seed=0)
    assert pitch.median_hz == pytest.approx(220, rel=0.01)
    assert (pitch.low_hz, pitch.high_hz) == (pytest.approx(110, rel=0.01), pytest.approx(440, rel=0.01))
    assert pitch.voiced_fraction == pytest.approx(0.75, abs=0.03)
    track = meter.track()
    assert len(track) == pytest.approx(300, abs=1)
    np.testing.assert_allclose(track[80:145], 220, rtol=0.01)


def harmonic_tone(kind: str, frequency_hz: float, seed: int) -> np.ndarray:
    """A tone of a second ``(1, time)`` float32: a sine, a saw, a plucked tone, or a vowel with vibrato and breath."""
    time = np.arange(RATE) / RATE
    rng = np.random.default_rng(seed)
    cents = 15 * np.sin(2 * np.pi * 5 * time) if kind == "vowel" else np.zeros(RATE)
    phase = np.cumsum(frequency_hz * 2 ** (cents / 1200)) / RATE
    numbers = np.arange(1, 2 if kind == "sine" else max(2, int(0.45 * RATE / frequency_hz) + 1))
    weights = 1 / numbers
    if kind == "vowel":  # of the formants of /a/
        hertz = numbers * frequency_hz
        weights = weights * sum(gain / (1 + ((hertz - at) / 90) ** 2) for at, gain in ((700, 1), (1_200, 0.6)))
        weights = weights + 0.02 / numbers
    tone = weights @ np.sin(2 * np.pi * numbers[:, None] * phase + rng.uniform(0, 2 * np.pi, (len(numbers), 1)))
    tone *= np.exp(-4 * time) if kind == "pluck" else 1.0
    return (0.3 * tone / np.abs(tone).max() + 1e-3 * rng.standard_normal(RATE)).astype(np.float32)[None]


@pytest.mark.parametrize("limits_hz", [(40.0, 2_000.0), (30.0, 4_000.0), (60.0, 400.0)])
@pytest.mark.parametrize("kind", ["sine", "saw", "pluck", "vowel"])
def test_pitch_is_right_in_the_whole_range_and_none_outside(kind, limits_hz):
    for midi in range(22, 108, 2):
        frequency_hz = 440.0 * 2 ** ((midi + 0.3 - 69) / 12)
        pitch = measured(PitchMeter(RATE, limits_hz), harmonic_tone(kind, frequency_hz, midi))
        if limits_hz[0] * 1.03 <= frequency_hz <= limits_hz[1] / 1.03 and (kind != "vowel" or frequency_hz < 700):
            assert pitch.median_hz == pytest.approx(frequency_hz, rel=0.015), midi
            assert pitch.voiced_fraction > 0.9
        elif frequency_hz > limits_hz[1] * 1.03 and kind in ("sine", "saw"):
            assert pitch.voiced_fraction < 0.1, midi


def test_noise_and_nothing_have_no_pitch():
    assert measured(PitchMeter(RATE), noise(2.0)).voiced_fraction < 0.1
    assert measured(PitchMeter(RATE), np.zeros((1, 100), np.float32)).median_hz is None
    assert PitchMeter(RATE).result().median_hz is None


@pytest.mark.parametrize("bpm", [63.0, 84.5, 97.3, 120.0, 141.0, 165.0])
def test_tempo_of_a_metronome(bpm):
    wave = noise(30.0, rms=0.001)
    for beat in range(int(30 * bpm / 60)):
        start = round(beat * 60 / bpm * RATE)
        wave[:, start : start + 400] += 0.3 * noise(1.0, seed=beat)[:, :400][:, : wave.shape[1] - start]
    tempo = measured(TempoMeter(RATE), wave, seed=1)
    assert tempo.bpm == pytest.approx(bpm, rel=0.01)
    assert tempo.is_sure


def test_tempo_of_noise_is_unsure_and_a_short_sound_has_none():
    assert not measured(TempoMeter(RATE), noise(30.0)).is_sure
    assert measured(TempoMeter(RATE), np.zeros((1, 30 * RATE), np.float32)).bpm is None
    assert measured(TempoMeter(RATE), noise(3.0)).bpm is None


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", [0, 3, 6, 10])
def test_key_of_cadences(tonic, mode):
    key = measured(KeyMeter(RATE), cadences(tonic, mode, cents=20.0, seconds=10.0), seed=0)
    assert key.name == f"{SHARP_NAMES[tonic]} {mode}"
    assert key.is_sure
    assert key.tuning_cents == pytest.approx(20, abs=3)


def test_key_of_noise_is_unsure_and_silence_has_none():
    assert not measured(KeyMeter(RATE), noise(10.0)).is_sure
    assert not measured(KeyMeter(RATE), sine(440, 5.0)).is_sure
    assert measured(KeyMeter(RATE), np.zeros((1, RATE), np.float32)).name is None


@pytest.mark.parametrize(("frequency_hz", "name"), [(440, "A4"), (261.6, "C4"), (61.7, "B1"), (1_000, "B5")])
def test_notes_have_their_names(frequency_hz, name):
    assert note_name(frequency_hz) == name


# ---------------------------------------------------------------------------------------------- speech and music


def content(wave: np.ndarray, seed: int | None = None):
    """The speech, music and other sounds of a wave at 16 kHz."""
    return measured(ContentMeter(-60.0), wave, seed)


def sample_of(model: str) -> np.ndarray:
    """The sample of a bundled model, ``(1, time)`` at 16 kHz."""
    return Clip.read(Path(wavewright.__file__).parent / f"models/bundled/{model}/sample.ogg").mono().resample(RATE).wave


def sentences(seconds: float) -> np.ndarray:
    """A sentence again and again."""
    return np.resize(sample_of("en"), (1, round(seconds * RATE)))


def test_features_are_those_of_the_whole_wave():
    wave = np.concatenate([sentences(4.0), cadences(3, "minor", seconds=5.3)], axis=1)
    expected = None
    for seed in (None, 0, 1, 2):
        features = ContentFeatures()
        blocks = [wave] if seed is None else pieces(wave, seed)
        rows = np.concatenate([*map(features.add, blocks), features.rest()])
        assert rows.shape == (math.ceil(wave.shape[1] / RATE / 0.5), N_FEATURES)
        expected = rows if expected is None else expected
        np.testing.assert_allclose(rows, expected, atol=1e-4)


@pytest.mark.parametrize("cost", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("seed", range(5))
def test_smoothing_finds_the_best_of_all_paths(cost, seed):
    log_odds = np.random.default_rng(seed).normal(0, 2, (9, 2))
    paths = (np.arange(2**9)[:, None] >> np.arange(9)) & 1
    scores = 0.5 * paths @ log_odds - cost * np.abs(np.diff(paths, axis=1)).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(Smoothing(0.5, cost)(log_odds), paths[scores.argmax(axis=0)].T == 1)


def test_speech_music_and_noise_follow_each_other():
    parts = {"speech": sentences(12.0), "other": noise(12.0), "music": cadences(0, "major", seconds=12.0)}
    parts["silence"] = np.zeros((1, 4 * RATE), np.float32)
    found = content(np.concatenate(list(parts.values()), axis=1), seed=0)
    assert found == content(np.concatenate(list(parts.values()), axis=1))
    assert [segment.kind for segment in found.segments] == list(parts)
    for segment, expected in zip(found.segments, (12.0, 24.0, 36.0, 40.0), strict=True):
        assert segment.end == pytest.approx(expected, abs=1.5)
    assert (found.speech, found.other, found.music) == pytest.approx((0.3, 0.3, 0.3), abs=0.05)
    assert found.silence == pytest.approx(0.1, abs=0.02)


def test_speech_over_music_is_both():
    music = cadences(2, "major", seconds=20.0)
    speech = sentences(20.0)[:, : music.shape[1]]
    found = content(speech + 0.3 * music[:, : speech.shape[1]] / music.std() * speech.std())
    assert found.speech > 0.9
    assert found.both > 0.5


def test_rain_wind_and_fire_are_neither_speech_nor_music():
    found = content(sample_of("ambience"))
    assert found.other > 0.8


@pytest.mark.parametrize("n_seconds", [1.0, 1.3, 7.9])
@pytest.mark.parametrize("gain", [1e-3, 1.0])
def test_segments_and_shares_cover_the_recording(n_seconds, gain):
    for wave in (noise(n_seconds), sine(440, n_seconds), sentences(n_seconds)):
        meter = ContentMeter(-60.0)
        found = measured(meter, np.float32(gain) * wave)
        starts, ends = zip(*((segment.start, segment.end) for segment in found.segments), strict=True)
        assert (0.0, *ends[:-1]) == starts
        assert ends[-1] == pytest.approx(n_seconds)
        assert {segment.kind for segment in found.segments} <= set(KINDS)
        total = found.speech + found.music - found.both + found.other + found.silence
        assert total == pytest.approx(1, abs=0.003)
        assert meter.probabilities().shape == (math.ceil(n_seconds * 2), 2)


def test_silence_is_neither_and_a_second_is_needed():
    assert content(np.zeros((1, 3 * RATE), np.float32)).silence == 1
    for wave in (noise(0.99), noise(0.01), np.zeros((1, 0), np.float32)):
        assert content(wave).speech is None


def test_a_sine_is_no_speech():
    assert content(sine(440, 10.0)).speech == 0


# ---------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(("sample_rate", "n_channels"), [(1_000, 1), (2_000, 4), (8_000, 9), (96_000, 6), (192_000, 1)])
def test_any_rate_and_any_channels(tmp_path, sample_rate, n_channels):
    path = write(tmp_path / "a.wav", noise(1.3, sample_rate, n_channels=n_channels), sample_rate)
    analysis = analyse_file(path)
    assert (analysis.sample_rate, analysis.n_channels) == (sample_rate, n_channels)
    assert analysis.seconds == pytest.approx(1.3)
    assert analysis.levels.rms_db == pytest.approx(-20, abs=0.3)
    assert len(analysis.levels.channels) == n_channels
    has_loudness = sample_rate >= 4_000 and n_channels != 9
    assert (analysis.loudness is not None) is has_loudness
    assert ("not defined" in str(analysis)) is not has_loudness


@pytest.mark.parametrize("n_samples", [1, 2, 100, 5_000])
def test_the_shortest_sounds(tmp_path, n_samples):
    for wave in (np.zeros((1, n_samples), np.float32), np.full((1, n_samples), 0.5, np.float32)):
        analysis = analyse_file(write(tmp_path / "a.wav", wave))
        assert analysis.levels.peak_db == (None if not wave.any() else pytest.approx(-6.02, abs=0.01))
        assert str(analysis)


def test_long_files_are_read_in_blocks_that_change_nothing(tmp_path, monkeypatch):
    path = write(tmp_path / "a.wav", cadences(0, "major", seconds=16.0))
    whole = analyse_file(path)
    monkeypatch.setattr("wavewright.inference.analysis.files.MONO_BLOCK_VALUES", 7_001)
    assert str(analyse_file(path)) == str(whole)


def test_the_command_prints_words_json_and_draws(tmp_path, capsys):
    wave = np.concatenate([cadences(9, "minor", bpm=120.0, seconds=20.0), np.zeros((1, 2 * RATE), np.float32)], axis=1)
    path = write(tmp_path / "song.wav", wave)
    assert run(["analyse", str(path), "--quiet"]) == 0
    text = capsys.readouterr().out
    for expected in (
        "LUFS",
        "dBTP",
        "A minor (confidence",
        "2.0 s (",
        "median",
        "bpm (confidence",
        "none at 50",
        "music 9",
    ):
        assert expected in text
    assert max(map(len, text.splitlines()[1:])) <= 110
    assert run(["analyse", str(path), "--json", "--quiet"]) == 0
    values = json.loads(capsys.readouterr().out)["details"]
    assert values["key"]["name"] == "A minor"
    assert values["tempo"]["bpm"] == pytest.approx(120, rel=0.01)
    assert values["silence"]["segments"][-1] == [pytest.approx(20.0, abs=0.3), 22.0]
    assert values["content"]["segments"][0]["kind"] == "music"
    assert "curves" not in values


def test_the_picture_is_drawn_and_replaces_only_its_own(tmp_path):
    pytest.importorskip("matplotlib")
    path = write(tmp_path / "a.wav", np.concatenate([sine(220, 2.0), np.zeros((1, RATE), np.float32)], axis=1))
    out = tmp_path / "a.png"
    for _ in range(2):
        assert wavewright.analyse(path, plot=out, quiet=True).plot == out
    assert out.read_bytes().startswith(b"\x89PNG")
    other = tmp_path / "b.png"
    other.write_bytes(b"something else")
    with pytest.raises(BadFolder, match="not a plot of"):
        wavewright.analyse(path, plot=other, quiet=True)
    assert other.read_bytes() == b"something else"
    with pytest.raises(BadSetting, match="png"):
        wavewright.analyse(path, plot=tmp_path / "a.jpg", quiet=True)


def test_bad_files_and_settings_are_refused(tmp_path):
    with pytest.raises(BadAudio, match="does not exist"):
        wavewright.analyse(tmp_path / "none.wav", quiet=True)
    with pytest.raises(BadAudio, match="folder"):
        wavewright.analyse(tmp_path, quiet=True)
    path = write(tmp_path / "a.wav", sine(220, 0.1))
    for low, high in ((400.0, 60.0), (400.0, 400.0), (1.0, 400.0), (60.0, 9e9), (math.nan, 400.0)):
        with pytest.raises(BadSetting, match=r"higher one|f_m(in|ax)_hz"):
            wavewright.analyse(path, f_min_hz=low, f_max_hz=high, quiet=True)
    assert run(["analyse", str(path), "--f-min-hz", "60", "--f-max-hz", "400", "--quiet"]) == 0
    with pytest.raises(BadSetting, match="silence_db"):
        wavewright.analyse(path, silence_db=3.0, quiet=True)


@pytest.mark.parametrize(
    ("level", "largest", "said"),
    [
        (1.5, 1.135, "200 runs"),
        (1.135, 2.0, "none; over full scale by up to 1.1 dB, which only files of floats hold"),
        (1.5, 1.0, "at full scale"),
        (0.9, 2.0, "none"),
    ],
)
def test_over_full_scale_is_not_clipped(tmp_path, level, largest, said):
    wave = np.clip(level * np.sin(2 * np.pi * 100 * np.arange(48_000) / 48_000), -largest, largest)
    soundfile.write(tmp_path / "a.wav", wave, 48_000, "FLOAT")
    line = next(line for line in str(analyse_file(tmp_path / "a.wav")).splitlines() if line.startswith("clipping"))
    assert said in line
    assert ("flat at +1.10 dB; over full scale by up to 1.1 dB" in line) == (largest == 1.135)
    assert (line.split(None, 1)[1] == said) == (said[:4] == "none")
