"""Synthetic noise and what recordings pass through: tones whose answers are known, at every rate and length."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.data import mixing

RATE = 16_000
SOUNDS = (mixing.hum, mixing.machine_noise, mixing.pulsed_noise, mixing.random_notes, mixing.procedural_sound)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(hz: float, n_samples: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hz / RATE * np.arange(n_samples)).astype(np.float32)


def levels(wave: np.ndarray) -> np.ndarray:
    """Amplitudes of whole hertz of a second."""
    return np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) * 4 / len(wave)


@pytest.mark.parametrize("sound", SOUNDS, ids=lambda each: each.__name__)
@pytest.mark.parametrize(("n_samples", "rate"), [(300, 8_000), (16_000, 16_000), (10_001, 44_100)])
def test_sounds_have_their_length_and_follow_their_seed(sound, n_samples, rate):
    first, again, other = (sound(rng(seed), n_samples, rate) for seed in (3, 3, 4))
    assert first.shape == (n_samples,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("sound", [mixing.hum, mixing.machine_noise])
def test_waves_begin_at_any_phase(sound):
    positive = sum(sound(rng(seed), 64, RATE)[0] > 0 for seed in range(40))
    assert 9 < positive < 31


def test_hum_has_the_harmonics_of_50_or_60_hertz():
    found = []
    for seed in range(8):
        spectrum = levels(mixing.hum(rng(seed), RATE, RATE))
        loudest = int(spectrum[20:].argmax()) + 20
        distances = [abs(loudest / hz - round(loudest / hz)) for hz in (50, 60)]
        assert min(distances) < 0.04 * loudest / 50
        found.append(int(np.argmin(distances)))
    assert {*found} == {0, 1}


def test_notes_are_as_short_as_a_few_hundredths_of_a_second():
    """The wave of one voice is exactly 0 where a note begins."""
    waves = [mixing.random_notes(rng(seed), 4 * 8_000, 8_000) for seed in range(20)]
    assert max(np.count_nonzero(np.diff((wave == 0).astype(int)) == 1) for wave in waves) > 20
    assert all(np.abs(wave).max() > 0.1 for wave in waves)


def test_pulses_of_noise_rise_above_what_is_between_them():
    for seed in range(4):
        wave = mixing.pulsed_noise(rng(seed), 4 * RATE, RATE)
        loudness = np.square(wave).reshape(-1, 160).mean(axis=1)
        assert np.percentile(loudness, 99) > 2 * np.median(loudness)
        thirds = np.array_split(loudness, 3)
        assert min(map(np.max, thirds)) > 0.03 * loudness.max()


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_another_speed_is_another_length_and_pitch(speed):
    changed = mixing.at_speed(tone(1_000, 2 * RATE), speed)
    assert changed.shape == (int(2 * RATE / speed),)
    assert abs(int(levels(changed[:RATE]).argmax()) - 1_000 * speed) <= 1
    assert levels(changed[:RATE]).max() == pytest.approx(1.0, rel=0.02)


def test_formants_move_and_harmonics_stay():
    hz = 125 * np.arange(1, 60)
    formant = np.exp(-0.5 * ((hz - 1_500) / 300) ** 2) + 1e-3
    voice = sum(level * tone(each) for level, each in zip(formant, hz, strict=True))
    np.testing.assert_allclose(mixing.with_formants(voice, 1.0, RATE)[500:-500], voice[500:-500], atol=1e-3)
    for factor in (0.8, 1.25):
        spectrum = levels(mixing.with_formants(voice, factor, RATE))
        assert spectrum[hz].sum() > 5 * spectrum[hz + 62].sum()
        power = spectrum[hz] ** 2
        assert (power * hz).sum() / power.sum() == pytest.approx(1_500 * factor, rel=0.08)


def test_what_a_converter_leaves_out_is_above_its_slope():
    wave = sum(tone(hz) for hz in (1_000, 5_900, 7_000, 7_900))
    kept = levels(mixing.rolled_off(wave, 0.75, 0.95))[[1_000, 5_900, 7_000, 7_900]]
    np.testing.assert_allclose(kept, [1, 1, np.cos(0.5 * np.pi * 0.625) ** 2, 0], atol=0.01)


def test_a_room_delays_and_keeps_the_length():
    wave = tone(440, 1_000)
    response = np.zeros(1_500, np.float32)
    response[[0, 300, 1_200]] = 1.0, 0.5, 9.0
    expected = wave + 0.5 * np.pad(wave, (300, 0))[:1_000]
    np.testing.assert_allclose(mixing.reverberate(wave, response), expected, atol=1e-5)


def test_an_equaliser_keeps_its_range_and_delays_nothing():
    impulse = np.zeros(4_001, np.float32)
    impulse[2_000] = 1.0
    np.testing.assert_allclose(mixing.equalise(impulse, rng(), 0.0), impulse, atol=0.01)
    for seed in range(5):
        filtered = mixing.equalise(impulse, rng(seed), 6.0)
        gains_db = 20 * np.log10(np.abs(np.fft.rfft(filtered)))
        assert -13 < gains_db.min() < -3
        assert abs(gains_db.max()) < 1
        np.testing.assert_allclose(filtered[1_990:2_000], filtered[2_010:2_000:-1], atol=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_a_codec_keeps_length_time_and_most_of_a_tone(seed):
    wave = 0.5 * tone(440, 12_345)
    decoded = mixing.coded(wave, RATE, rng(seed))
    assert decoded.shape == wave.shape
    assert np.corrcoef(decoded[1_000:-1_000], wave[1_000:-1_000])[0, 1] > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_a_texture_has_the_colour_of_its_wave(seed):
    wave = tone(1_000, 2 * RATE) + 0.001 * rng(1).standard_normal(2 * RATE).astype(np.float32)
    texture = mixing.texture(wave, rng(seed))
    assert texture.shape == wave.shape
    assert mixing.rms(texture) == pytest.approx(mixing.rms(wave), rel=0.4)
    spectrum = levels(texture[:RATE]) ** 2
    assert spectrum[950:1_050].sum() > 0.95 * spectrum.sum()
    assert abs(np.corrcoef(texture, wave)[0, 1]) < 0.4
    assert all(mixing.rms(part) > 0.4 * mixing.rms(texture) for part in np.array_split(texture, 10))


@pytest.mark.parametrize("seed", range(4))
def test_a_repeated_piece_is_of_the_wave(seed):
    wave = tone(1_000, 2 * RATE)
    repeated = mixing.repeated(wave, rng(seed), RATE)
    assert repeated.shape == wave.shape
    spectrum = levels(repeated[:RATE]) ** 2
    assert spectrum[800:1_200].sum() > 0.9 * spectrum.sum()
