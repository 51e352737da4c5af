"""Seams, seamless loops, textures of any length, and the chain effect `loop`."""

from __future__ import annotations

import numpy as np
import pytest

from tests.effect_streams import check_streams, noise, tone
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.dsp.looping import LARGEST_RANK, SeamChecks, extend, extend_blocks, looped, make_loop
from wavewright.dsp.seams import LOWEST_CORRELATION, crossfade_gains, crossfaded
from wavewright.effects import MakeLoop
from wavewright.effects.trimming import MAX_SECONDS

RATE = 16_000


def texture(seconds: float = 4.0, n_channels: int = 1, seed: int = 0) -> np.ndarray:
    return noise(round(seconds * RATE), n_channels, seed, 0.1)


def loudest_step(wave: np.ndarray) -> float:
    """The largest difference between neighbouring samples of a wave that is played twice."""
    return float(np.abs(np.diff(np.concatenate([wave, wave], axis=1), axis=1)).max())


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.3, 1.0])
def test_the_gains_keep_the_power_of_correlated_sounds(correlation):
    up = crossfade_gains(1_000, correlation)
    down = up[::-1]
    np.testing.assert_allclose(up**2 + down**2 + 2 * correlation * up * down, 1.0, atol=1e-12)


def test_coherent_sounds_get_a_linear_curve_and_opposite_ones_a_bounded_gain():
    np.testing.assert_allclose(crossfade_gains(100, 1.0), (np.arange(100) + 0.5) / 100)
    np.testing.assert_array_equal(crossfade_gains(100, -1.0), crossfade_gains(100, LOWEST_CORRELATION))
    assert crossfade_gains(101, -1.0).max() < 1.3


def test_a_crossfade_of_a_sound_with_itself_is_the_sound():
    wave = texture(0.5, 2)
    np.testing.assert_allclose(crossfaded(wave, wave, RATE), wave, atol=1e-6)


def test_hum_that_is_coherent_and_hiss_that_is_not_both_keep_their_power():
    n = 4 * RATE
    hum = tone(100, RATE, 4.0, 0.5)
    hiss = [noise(n, 1, seed, 0.05) for seed in (1, 2)]
    mixed = crossfaded(hum + hiss[0], hum + hiss[1], RATE)
    middle = np.abs(np.fft.rfft(mixed[0] * np.hanning(n))) ** 2
    before = np.abs(np.fft.rfft((hum + hiss[0])[0] * np.hanning(n))) ** 2
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    for low, high in ((90, 110), (2_000, 7_000)):
        band = (low < hertz) & (hertz < high)
        assert abs(10 * np.log10(middle[band].sum() / before[band].sum())) < 0.3


class TestChecks:
    N = RATE // 4

    def checked(self, change=None, seed=3):
        """The checks of a loop whose crossfade is changed."""
        wave = texture(4.0, 2, seed)
        start, end = RATE, 3 * RATE
        loop = wave[:, start:end].copy()
        loop[:, -self.N :] = crossfaded(wave[:, end - self.N : end], wave[:, start - self.N : start], RATE)
        if change is not None:
            change(loop)
        checks = SeamChecks(wave, RATE, self.N)
        return (check(loop, start, end) for check in (checks.flux_rank, checks.spectrum_difference_db, checks.excess))

    def test_a_good_crossfade_of_noise_passes(self):
        passed = [excess for seed in range(20) for *_, excess in [self.checked(seed=seed)] if excess == 0]
        assert len(passed) >= 10  # of 20: three of four ranks of equal noise are low enough

    @pytest.mark.parametrize("position", [-1, -600, 0, 20])
    def test_a_click_at_the_seam_is_found(self, position):
        def click(loop):
            loop[:, position] += 0.9

        rank, _, excess = self.checked(click)
        assert rank == 1
        assert excess > LARGEST_RANK

    @pytest.mark.parametrize("gain_db", [-6.0, 6.0])
    def test_a_crossfade_that_is_too_quiet_or_too_loud_is_found(self, gain_db):
        def change(loop):
            loop[:, -self.N :] *= 10 ** (gain_db / 20)

        _, difference_db, excess = self.checked(change)
        assert abs(difference_db - abs(gain_db)) < 1.0
        assert excess > 4

    def test_a_crossfade_of_silence_that_is_loud_is_far_off(self):
        wave = np.zeros((1, 2 * RATE), np.float32)
        checks = SeamChecks(wave, RATE, self.N)
        assert checks.spectrum_difference_db(wave, RATE // 2, RATE) == 0
        assert 40 < checks.spectrum_difference_db(noise(RATE, 1, 1, 0.1), RATE // 2, RATE) < 200


def test_a_seam_is_not_where_the_sound_bursts():
    wave = texture(6.0)
    for second in (0.7, 1.3, 4.9, 5.6):
        wave[:, round(second * RATE) :][:, :200] *= 9
    for seconds in (None, 3.0):
        loop = make_loop(wave, RATE, seconds)
        checks = SeamChecks(wave, RATE, loop.crossfade_samples)
        start = loop.start_samples
        assert checks.excess(loop.wave, start, start + loop.wave.shape[1]) == 0


def test_the_end_of_a_loop_continues_as_its_start_did_in_the_sound():
    wave = texture(4.0, 2)
    loop = make_loop(wave, RATE)
    n, start = loop.crossfade_samples, loop.start_samples
    end = start + loop.wave.shape[1]
    np.testing.assert_array_equal(loop.wave[:, :-n], wave[:, start : end - n])
    assert np.abs(loop.wave[:, -1] - wave[:, start - 1]).max() < 1e-2  # the sample before the first
    assert loop.wave.shape[1] > 0.3 * wave.shape[1]


def test_a_loop_of_a_tone_is_a_whole_number_of_periods():
    for hertz in (57.3, 440.0, 1_234.5):
        loop = make_loop(tone(hertz, RATE, 3.0, 0.5), RATE, crossfade_seconds=0.1)
        twice = np.tile(loop.wave, 2)[0]
        periods = len(loop.wave[0]) * hertz / RATE
        assert abs(periods - round(periods)) * RATE / hertz <= 0.5  # to the nearest sample
        spectrum = np.abs(np.fft.rfft(twice * np.blackman(len(twice))))
        peak = int(spectrum.argmax())
        spectrum[peak - 6 : peak + 7] = 0
        assert loop.correlation > 0.99
        assert spectrum.max() < 10 ** (-30 / 20) * len(twice) / 8
        assert loudest_step(loop.wave) < 1.1 * loudest_step(loop.wave[:, : RATE // 2])


def test_the_seam_avoids_a_click():
    wave = texture(6.0)
    clicks = [RATE // 3, 2 * RATE, 5 * RATE + 100]
    wave[:, clicks] += 1.0
    loop = make_loop(wave, RATE)
    n, start, end = loop.crossfade_samples, loop.start_samples, loop.start_samples + loop.wave.shape[1]
    for click in clicks:
        assert not start - n <= click < start
        assert not end - n <= click < end


def test_a_loop_joins_where_the_spectrum_matches():
    quiet = texture(8.0)
    wave = quiet * np.where(np.arange(quiet.shape[1]) < 1.5 * RATE, 8.0, 1.0)  # a loud start
    loop = make_loop(wave, RATE)
    assert loop.start_samples - loop.crossfade_samples >= 1.4 * RATE


@pytest.mark.parametrize("seconds", [0.5, 1.234, 3.5])
def test_a_loop_has_the_length_that_is_asked_for(seconds):
    loop = make_loop(texture(), RATE, seconds)
    assert loop.wave.shape[1] == round(seconds * RATE)


def test_a_loop_longer_than_its_sound_is_refused_with_the_longest_one():
    with pytest.raises(BadSetting, match=r"up to 3\.500 s"):
        make_loop(texture(4.0), RATE, 3.9)
    for bad, message in ((texture(0.05), "at least 0.1 s"), (np.full((1, RATE), np.nan), "not finite")):
        with pytest.raises(BadAudio, match=message):
            make_loop(bad, RATE)
    with pytest.raises(BadSetting, match="above 0"):
        make_loop(texture(), RATE, crossfade_seconds=0)


def test_silence_and_constant_sounds_loop():
    for wave in (np.zeros((1, RATE), np.float32), np.full((2, RATE), 0.5, np.float32)):
        loop = make_loop(wave, RATE)
        np.testing.assert_allclose(loop.wave, wave[:, : loop.wave.shape[1]], atol=1e-6)


@pytest.mark.parametrize("is_loop", [False, True])
@pytest.mark.parametrize("seconds", [0.5, 3.0, 31.4])
def test_an_extension_has_its_length_and_follows_its_seed(seconds, is_loop):
    wave = texture(4.0, 2)
    first, again, other = (extend(wave, RATE, seconds, seed, is_loop=is_loop) for seed in (1, 1, 2))
    assert first.shape == (2, round(seconds * RATE))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_end_of_an_extended_loop_is_what_precedes_its_start():
    wave = texture(4.0)
    for seed in range(5):
        loop = extend(wave, RATE, 9.0, seed, is_loop=True)
        joined = np.concatenate([loop[:, -200:], loop[:, :200]], axis=1)[0]
        matches = np.lib.stride_tricks.sliding_window_view(wave[0], 400)
        assert np.abs(matches - joined).max(axis=1).min() < 1e-6


def test_an_extension_repeats_nothing_at_once_and_has_no_period():
    wave = texture(4.0)
    extended = extend(wave, RATE, 60.0, 3)[0]
    spectrum = np.fft.rfft(extended, 2 * len(extended))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(extended)]
    n_over = np.arange(len(extended), 0, -1) / len(extended)
    lags = slice(RATE // 10, 40 * RATE)
    assert (correlation[lags] / n_over[lags] / correlation[0]).max() < 0.4  # of a sound on repeat it is 1


def test_an_extension_keeps_the_level():
    wave = texture(3.0)
    extended = extend(wave, RATE, 30.0)[0]
    levels = np.sqrt((extended.reshape(-1, RATE // 10) ** 2).mean(axis=1))
    assert np.abs(20 * np.log10(levels / 0.1)).max() < 1.5


def test_an_extension_comes_in_blocks():
    blocks = extend_blocks(texture(3.0), RATE, 36_000.0)
    assert sum(next(blocks).shape[1] for _ in range(5)) < 60 * RATE


@pytest.mark.parametrize(("seconds", "expected"), [(None, None), (1.5, 1.5), (10.0, 10.0)])
def test_looped_takes_what_fits(seconds, expected):
    wave = looped(texture(3.0), RATE, seconds)
    assert wave.shape[1] == round(expected * RATE) if expected else wave.shape[1] < 3 * RATE


def test_the_effect_is_the_function_and_takes_any_blocks():
    wave = noise(8_000, 2)
    for effect in (MakeLoop(), MakeLoop(0.3, 0.05), MakeLoop(2.0, 0.05, 3)):
        expected = looped(wave, RATE, effect.seconds or None, effect.seed, effect.crossfade_seconds)
        np.testing.assert_array_equal(effect(wave, RATE), expected)
    check_streams(MakeLoop(0.1, 0.02))


def test_the_effect_refuses_what_it_cannot_hold():
    with pytest.raises(BadSetting, match="at most 600 s"):
        MakeLoop().output_seconds(MAX_SECONDS + 1)
    stream = MakeLoop().stream(SoundFormat(10, 1))
    with pytest.raises(BadSetting, match="at most 600 s"):
        stream.push(np.zeros((1, 6_001), np.float32))
    assert MakeLoop(5.0).output_seconds(3.0) == 5.0
    assert MakeLoop().output_seconds(3.0) is None


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("seconds", [1e-4, 0.001, 0.003, 0.01, 0.02, 0.05, 0.3, 1.999])
def test_loops_of_any_length_are_made_or_refused(sample_rate, seconds):
    wave = noise(2 * sample_rate, 1, 0, 0.1)
    try:
        loop = looped(wave, sample_rate, seconds, 0)
    except BadSetting:
        assert seconds < 2 / sample_rate or seconds > 1.9
        return
    assert loop.shape == (1, round(seconds * sample_rate))
    assert np.isfinite(loop).all()
