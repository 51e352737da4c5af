"""The simple instrument: tuning, levels, controllers, blocks of any length."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.music.tones import FAMILIES, ToneEngine

RATE = 44_100


def sound_of(
    program: int = 16, key: int = 69, seconds: float = 1.0, velocity: int = 100, **controls: int
) -> np.ndarray:
    engine = ToneEngine(RATE)
    engine.program(0, 0, program)
    for name, value in controls.items():
        engine.control(0, int(name[1:]), value)
    engine.process(2_000)
    engine.note_on(0, key, velocity)
    return engine.process(int(seconds * RATE)).copy()


def frequency_hz(wave: np.ndarray, near_hz: float) -> float:
    """Return the frequency of the strongest partial near a frequency, by interpolation of a windowed spectrum."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 2**19))
    bins = np.arange(len(spectrum)) * RATE / 2**19
    return float(bins[np.argmax(np.where(abs(bins - near_hz) < 0.03 * near_hz, spectrum, 0))])


@pytest.mark.parametrize("key", [33, 69, 96])
def test_tones_are_in_tune_within_half_a_cent(key):
    expected = 440 * 2 ** ((key - 69) / 12)
    cents = 1_200 * np.log2(frequency_hz(sound_of(key=key)[0, 5_000:], expected) / expected)
    assert abs(cents) < 0.5


def test_high_tones_have_no_aliases():
    wave = sound_of(program=80, key=108)[0, 10_000:]
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave))))
    frequency = np.arange(len(spectrum)) * RATE / len(wave)
    nearest = np.abs(frequency / 4_186.009 - np.rint(frequency / 4_186.009)) * 4_186.009
    assert 20 * np.log10(spectrum[nearest > 60].max() / spectrum.max()) < -60


def test_blocks_of_any_length_have_the_same_samples():
    outputs = []
    for lengths in ([6_000], [1] * 100 + [899, 5_001]):
        engine = ToneEngine(RATE)
        engine.control(1, 10, 100)
        for key in (60, 64, 67):
            engine.note_on(1, key, 90)
        engine.note_on(9, 38, 90)
        outputs.append(np.concatenate([engine.process(length) for length in lengths], axis=1))
    assert np.array_equal(*outputs)


@pytest.mark.parametrize("family", range(len(FAMILIES)))
def test_notes_begin_at_once_and_end_in_silence(family):
    engine = ToneEngine(RATE)
    engine.program(3, 0, 8 * family)
    engine.note_on(3, 60, 100)
    wave = engine.process(RATE // 2)
    assert 0.02 < np.abs(wave).max() < 0.9
    engine.note_off(3, 60)
    for _ in range(10):
        engine.process(RATE)
    assert engine.is_silent()
    assert not engine.process(100).any()


def test_every_drum_sounds_and_ends():
    for key in range(27, 88):
        engine = ToneEngine(RATE)
        engine.note_on(9, key, 100)
        assert np.abs(engine.process(4_000)).max() > 0.01
        engine.process(12 * RATE)
        assert engine.is_silent()


def test_volume_expression_and_velocity_follow_their_squares():
    level = np.abs(sound_of()).max()
    assert np.abs(sound_of(_7=50)).max() == pytest.approx(level / 4, rel=0.02)
    assert np.abs(sound_of(_11=64)).max() == pytest.approx(level * (64 / 127) ** 2, rel=0.02)
    assert np.abs(sound_of(velocity=50)).max() == pytest.approx(level / 4, rel=0.02)


def test_pan_moves_between_the_channels():
    assert np.abs(sound_of(_10=0)[1]).max() < 1e-4
    assert np.abs(sound_of(_10=127)[0]).max() < 1e-4
    left, right = sound_of(_10=64)
    assert np.allclose(left, right, atol=1e-6)


def test_bends_follow_the_range_that_was_set():
    for bend_range in (2, 12):
        engine = ToneEngine(RATE)
        for controller, value in ((101, 0), (100, 0), (6, bend_range)):
            engine.control(0, controller, value)
        engine.program(0, 0, 16)
        engine.pitch_bend(0, -8192)
        engine.process(RATE // 5)
        engine.note_on(0, 69, 100)
        expected = 440 * 2 ** (-bend_range / 12)
        assert frequency_hz(engine.process(RATE)[0], expected) == pytest.approx(expected, rel=3e-4)


def test_the_pedal_holds_notes_and_the_oldest_note_of_a_key_ends_first():
    engine = ToneEngine(RATE)
    engine.program(0, 0, 16)
    engine.control(0, 64, 127)
    engine.note_on(0, 60, 100)
    engine.process(1_000)
    engine.note_off(0, 60)
    engine.process(RATE)
    assert np.abs(engine.process(1_000)).max() > 0.05
    engine.note_on(0, 60, 100)
    engine.control(0, 64, 0)
    engine.process(RATE)
    assert np.abs(engine.process(1_000)).max() > 0.05
    engine.note_off(0, 60)
    engine.process(2 * RATE)
    assert engine.is_silent()


def test_all_sound_off_and_reset_are_at_once():
    engine = ToneEngine(RATE)
    for key in range(128):
        engine.note_on(0, key, 127)
    engine.process(100)
    engine.control(0, 120, 0)
    assert engine.is_silent()
    engine.note_on(0, 60, 100)
    engine.pitch_bend(0, 3_000)
    engine.reset()
    assert engine.is_silent()
    engine.note_on(0, 60, 100)
    fresh = ToneEngine(RATE)
    fresh.note_on(0, 60, 100)
    assert np.array_equal(engine.process(500), fresh.process(500))
