"""Effects that change the time of a sound: its length, rate and order."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest
import soxr

from tests.effect_streams import check_edges, check_effect, check_streams, cuts, in_blocks, noise, tone
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.effects import (
    Pad,
    PitchShift,
    RemoveSilence,
    Resample,
    Reverse,
    Speed,
    Stretch,
    Trim,
    TrimSilence,
    spool as spool_module,
)
from wavewright.effects.spool import Spool

RATE = 16_000
TRIMS = [(0.05, 0.1), (0.02, None), (-0.08, None), (-0.08, -0.02), (0.02, -0.03), (-0.15, 0.1), (0.0, -0.1)]


@pytest.mark.parametrize(("start", "end"), TRIMS)
def test_trimming_is_slicing(start, end):
    effect = Trim(start, end)
    wave = noise(3_000)
    first, last = (None if each is None else round(each * RATE) for each in (start, end))
    np.testing.assert_array_equal(effect(wave, RATE), wave[:, first:last])
    check_streams(effect)
    expected = effect(wave, RATE).shape[1] / RATE
    assert effect.output_seconds(3_000 / RATE) == pytest.approx(expected)


@pytest.mark.parametrize("seconds", [{"start_seconds": 1.0}, {"end_seconds": 0.5}, {"start_seconds": -0.5}])
def test_times_outside_the_sound_are_refused_at_its_end(seconds):
    effect = Trim(**seconds)
    with pytest.raises(BadAudio, match=r"The sound is 0\.1 s long"):
        effect(noise(1_600), RATE)
    with pytest.raises(BadSetting, match=r"The sound is 0\.1 s long"):
        effect.output_seconds(0.1)


@pytest.mark.parametrize(("start", "end"), [(2.0, 1.0), (1.0, 1.0), (-1.0, -2.0), (0.0, float("nan"))])
def test_lengths_that_are_not_positive_are_refused(start, end):
    with pytest.raises(BadSetting, match="end_seconds"):
        Trim(start, end)


@pytest.mark.parametrize(
    ("start", "end", "n_needed"), [(0.0, 0.01, 2), (0.005, 0.0101, 3), (0.0, None, 10), (0.0, -0.02, 10)]
)
def test_no_further_than_the_end_is_read(start, end, n_needed):
    blocks = iter(np.split(noise(800), 10, axis=1))
    trimmed = list(Trim(start, end).stream(SoundFormat(RATE, 2)).process_blocks(blocks))
    assert len(list(blocks)) == 10 - n_needed
    np.testing.assert_array_equal(np.concatenate(trimmed, axis=1), Trim(start, end)(noise(800), RATE))


def test_padding_is_silence():
    effect = Pad(0.01, 0.02)
    padded = effect(noise(100), RATE)
    np.testing.assert_array_equal(padded, np.pad(noise(100), ((0, 0), (160, 320))))
    check_streams(effect)
    check_edges(effect, keeps_length=False)
    assert effect.output_seconds(1.0) == pytest.approx(1.03)


def test_long_padding_comes_in_blocks():
    blocks = Pad(10.0, 10.0).stream(SoundFormat(RATE, 1)).process_blocks([noise(10, 1)])
    sizes = [block.shape[1] for block in blocks]
    assert sum(sizes) == 320_010
    assert max(sizes) < 70_000


def test_reversing():
    wave = noise(3_000)
    np.testing.assert_array_equal(Reverse()(wave, RATE), wave[:, ::-1])
    check_effect(Reverse())


def test_long_sounds_wait_in_a_file(monkeypatch):
    monkeypatch.setattr(spool_module, "MEMORY_BYTES", 1_000)
    wave = noise(200_000)
    np.testing.assert_array_equal(Reverse()(wave, RATE), wave[:, ::-1])
    blocks = cuts(200_000, 0, 5_000)
    np.testing.assert_array_equal(in_blocks(Trim(-5.0, -1.0), wave, RATE, blocks), wave[:, -5 * RATE : -RATE])


def test_the_last_samples_are_kept():
    spool = Spool(2, n_retained=100)
    wave = noise(1_000)
    for start in range(0, 1_000, 30):
        spool.append(wave[:, start : start + 30])
    np.testing.assert_array_equal(spool.read(900, 100), wave[:, 900:])
    np.testing.assert_array_equal(spool.read(950, 7), wave[:, 950:957])


def test_a_full_disk_is_one_sentence(monkeypatch):
    class FullFile:
        def close(self):
            pass

        def seek(self, _position):
            pass

        def write(self, _samples):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda **_: FullFile())
    monkeypatch.setattr(spool_module, "MEMORY_BYTES", 0)
    with pytest.raises(BadFolder, match=r"temporary file in .* \(No space left on device\); free some space"):
        Reverse()(noise(10), RATE)


def test_resampling_is_that_of_soxr():
    wave = noise(5_000)
    for rate in (8_000, 44_100, 48_000):
        effect = Resample(rate)
        assert effect.output_rate(RATE) == rate
        np.testing.assert_array_equal(effect(wave, RATE), soxr.resample(wave.T, RATE, rate).T)
    np.testing.assert_array_equal(Resample(RATE)(wave, RATE), wave)
    check_streams(Resample(11_025))
    check_edges(Resample(11_025), keeps_length=False)


@pytest.mark.parametrize("factor", [0.5, 1.25, 2.0])
def test_speed_changes_pitch_and_time(factor):
    effect = Speed(factor)
    fast = effect(tone(500.0, RATE, 1.0), RATE)[0]
    assert len(fast) == round(RATE / factor) == round(effect.output_seconds(1.0) * RATE)
    assert frequency_of(fast) == pytest.approx(500.0 * factor, rel=1e-4)
    check_streams(effect)
    check_edges(effect, keeps_length=False)


def frequency_of(wave, sample_rate=RATE):
    """The frequency of the strongest sine, by the phase advance of one bin over a few samples."""
    step, n = 64, len(wave) // 2
    start = len(wave) // 4
    windows = np.stack([wave[start : start + n], wave[start + step : start + step + n]]) * np.hanning(n)
    spectra = np.fft.rfft(windows, 4 * n)
    bin_ = np.argmax(np.abs(spectra[0]))
    coarse = bin_ / (4 * n)
    advance = np.angle(spectra[1, bin_] / spectra[0, bin_]) / (2 * np.pi)
    return sample_rate * (coarse + ((advance - coarse * step + 0.5) % 1.0 - 0.5) / step)


@pytest.mark.parametrize("factor", [0.3, 0.8, 1.0, 1.25, 2.0, 4.0])
@pytest.mark.parametrize("hz", [110.0, 440.0, 3_000.0])
def test_stretching_keeps_the_pitch_and_the_level(factor, hz):
    effect = Stretch(factor)
    stretched = effect(tone(hz, RATE, 2.0, 0.5), RATE)[0]
    assert len(stretched) == round(2 * RATE * factor) == round(effect.output_seconds(2.0) * RATE)
    assert abs(1_200 * np.log2(frequency_of(stretched) / hz)) < 0.1  # cents
    middle = stretched[len(stretched) // 4 : -len(stretched) // 4]
    assert np.sqrt(2 * np.square(middle).mean()) == pytest.approx(0.5, rel=1e-3)


def test_stretching_by_one_changes_nothing():
    wave = noise(9_000)
    np.testing.assert_allclose(Stretch(1.0)(wave, RATE), wave, atol=1e-6)


@pytest.mark.parametrize("factor", [0.7, 1.6])
def test_stretched_events_keep_their_order_and_place(factor):
    wave = np.zeros((1, RATE), np.float32)
    wave[0, [4_000, 12_000]] = 1.0
    stretched = np.abs(Stretch(factor)(wave, RATE)[0])
    for position in (4_000, 12_000):
        near = stretched[round(position * factor) - 1_600 : round(position * factor) + 1_600]
        assert np.argmax(near) == pytest.approx(1_600, abs=RATE * 0.02)


@pytest.mark.parametrize("factor", [0.5, 1.25, 3.0])
def test_stretched_attacks_stay_sharp(factor):
    wave = np.zeros((1, 2 * RATE), np.float32)
    positions = np.arange(4_000, 2 * RATE - 4_000, 5_000)
    wave[0, positions] = 1.0
    energy = np.square(Stretch(factor)(wave + 1e-3 * tone(440.0, RATE, 2.0), RATE)[0])
    near = sum(energy[round(each * factor) - 16 :][:33].sum() for each in positions)
    assert near > 0.95 * len(positions)
    assert near > 0.97 * energy.sum()


def test_stretching_keeps_the_stereo_image():
    left = noise(8_000, 1)
    stretched = Stretch(1.3)(np.concatenate([left, -0.5 * left]), RATE)
    np.testing.assert_allclose(stretched[1], -0.5 * stretched[0], atol=1e-6)


@pytest.mark.parametrize("semitones", [-12.0, -3.5, 0.0, 4.0, 12.0])
def test_the_pitch_shifts_by_its_semitones(semitones):
    shifted = PitchShift(semitones)(tone(440.0, RATE, 2.0, 0.5), RATE)[0]
    assert len(shifted) == 2 * RATE
    assert abs(1_200 * np.log2(frequency_of(shifted) / 440.0) - 100 * semitones) < 0.1
    assert np.sqrt(2 * np.square(shifted[RATE // 2 : -RATE // 2]).mean()) == pytest.approx(0.5, rel=2e-3)


@pytest.mark.parametrize("effect", [Stretch(0.6), Stretch(1.7), PitchShift(-5.0), PitchShift(5.0)], ids=str)
def test_stretched_sounds_are_streams(effect):
    check_streams(effect, n_samples=6_000)
    check_edges(effect, keeps_length=False)


def with_silences(lengths, n_channels=2):
    """Noise without quiet samples, and silence, in turns."""
    parts = [(1 - seed % 2) * noise(n, n_channels, seed) for seed, n in enumerate(lengths)]
    wave = np.concatenate(parts, axis=1)
    return wave + np.float32(0.1) * np.sign(wave)


def test_silence_is_shortened_to_its_padding():
    wave = with_silences((2_000, 4_000, 1_000, 300, 2_000, 9_000, 500))
    effect = RemoveSilence(-60.0, 0.1, 0.02, 5.0)  # 1600 samples, 320 on each side
    removed = effect(wave, RATE)
    expected = with_silences((2_000, 640, 1_000, 300, 2_000, 640, 500))
    expected[:, 2_640:3_640] = wave[:, 6_000:7_000]
    expected[:, 3_940:5_940] = wave[:, 7_300:9_300]
    expected[:, 6_580:] = wave[:, 18_300:]
    np.testing.assert_array_equal(removed, expected)


@pytest.mark.parametrize("padding", [0, 320, 100_000])
@pytest.mark.parametrize("lengths", [(5_000, 1_000, 9_000, 1, 5_000), (0, 1_000, 9_000, 700, 0), (1, 1, 1)])
def test_silence_at_both_ends_alone_is_cut(lengths, padding):
    first, *inside, last = lengths
    wave = np.concatenate([np.zeros((2, first)), with_silences((*inside, last))], axis=1).astype(np.float32)
    padded = wave[:, max(0, first - padding) : wave.shape[1] - last + min(padding, last)]
    np.testing.assert_array_equal(TrimSilence(-60.0, padding / 16_000)(wave, 16_000), padded)
    np.testing.assert_array_equal(TrimSilence()(np.zeros((1, 700)), 16_000), np.zeros((1, 700)))


def test_silence_at_both_ends_keeps_one_padding():
    wave = np.concatenate([np.zeros((2, 5_000)), with_silences((1_000, 5_000))], axis=1).astype(np.float32)
    removed = RemoveSilence(-60.0, 0.1, 0.02)(wave, RATE)
    np.testing.assert_array_equal(removed, wave[:, 5_000 - 320 : 6_000 + 320])
    assert RemoveSilence()(np.zeros((2, 50_000), np.float32), RATE).shape == (2, 0)
    assert RemoveSilence().output_seconds(1.0) is None


def test_cuts_in_noise_do_not_click():
    rng = np.random.default_rng(3)
    hiss = 1e-3 * np.sin(np.arange(40_000) * 0.01)[None] + 1e-5 * rng.standard_normal((1, 40_000))
    hiss[:, :4_000] += noise(4_000, 1)
    hiss[:, -4_000:] += noise(4_000, 1)
    removed = RemoveSilence(-50.0, 0.1, 0.1, 20.0)(hiss, RATE)[0]
    quiet = removed[4_000:-4_000]
    assert len(quiet) == 3_200
    assert np.abs(np.diff(quiet)).max() < 1e-4


@pytest.mark.parametrize("padding", [0.0, 0.001, 0.05])
def test_silence_removal_is_a_stream(padding):
    effect = RemoveSilence(-30.0, 0.05, padding, 8.0)
    wave = with_silences((500, 3_000, 20, 2_500, 4_000, 700, 1, 6_000))
    whole = effect(wave, RATE)
    for seed, longest in enumerate((1, 60, 900, 5_000, 20_000)):
        edges = cuts(wave.shape[1], seed, longest)
        np.testing.assert_array_equal(in_blocks(effect, wave, RATE, edges), whole)
    check_effect(effect)
