"""The engine of the synthesiser: blocks of any length, pitches, filters, envelopes, voices, controllers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import signal

from wavewright.base.errors import BadSetting
from wavewright.synth import SynthEngine, noise_kernels, parse_patch
from wavewright.synth.patch import NOISE_COLOURS

RATE = 48_000

PLAIN = """
title = "Plain"
category = "lead"
voices = { velocity_db = 0 }
envelopes.amplitude = { attack_s = 0.0, release_s = 0.05 }
"""
RICH = """
title = "Rich"
category = "pad"
voices = { count = 3, glide_s = 0.05 }
[[oscillators]]
wave = "saw"
unison = 3
detune_cents = 20
spread = 0.8
phase = "random"
[[oscillators]]
wave = "pulse"
semitones = -12
[[oscillators]]
wave = "table"
[[oscillators]]
wave = "pink"
level = 0.1
[filter]
kind = "ladder"
cutoff_hz = 900
resonance = 0.6
key_tracking = 0.5
[envelopes]
amplitude = { attack_s = 0.01, decay_s = 0.3, sustain = 0.5, release_s = 0.1 }
sweep = { attack_s = 0.1, decay_s = 0.5, sustain = 0 }
[lfos]
slow = { rate_hz = 3, fade_s = 0.2 }
chance = { shape = "random", rate_hz = 9, per_note = false }
[[modulations]]
source = "sweep"
destination = "cutoff"
amount = 2
[[modulations]]
source = "slow"
destination = "width"
amount = 0.3
[[modulations]]
source = "slow"
destination = "pitch"
amount = 0.4
via = "wheel"
[[modulations]]
source = "chance"
destination = "morph"
amount = 0.5
[[modulations]]
source = "random"
destination = "pan"
amount = 0.7
[[effects]]
kind = "chorus"
[[effects]]
kind = "delay"
seconds = 0.1
"""


def plain(**oscillator):
    settings = ", ".join(f"{name} = {value!r}" for name, value in oscillator.items()).replace("'", '"')
    return parse_patch(PLAIN + f"oscillators = [{{ {settings} }}]")


def played(engine, key=69, seconds=1.0, velocity=127):
    engine.note_on(0, key, velocity)
    return engine.process(int(seconds * engine.sample_rate))


EVENTS = [
    (0, "note_on", 60, 100),
    (700, "note_on", 64, 90),
    (701, "control", 1, 90),
    (1_300, "pitch_bend", 3_000),
    (1_300, "note_on", 67, 127),
    (1_333, "note_on", 72, 10),
    (2_900, "control", 64, 127),
    (4_001, "note_off", 64),
    (4_500, "note_on", 48, 64),
    (7_000, "control", 64, 0),
    (7_001, "control", 10, 20),
    (9_000, "note_off", 48),
]


def performed(patch, lengths, total=12_000):
    engine = SynthEngine(patch, RATE, seed=5)
    blocks, position, events = [], 0, list(EVENTS)
    while position < total:
        while events and events[0][0] == position:
            _, kind, *numbers = events.pop(0)
            getattr(engine, kind)(0, *numbers)
        n = min(next(lengths), (events[0][0] if events else total) - position)
        blocks.append(engine.process(n).copy())
        position += n
    return np.concatenate(blocks, axis=1)


def test_the_lengths_of_blocks_change_no_bit():
    patch = parse_patch(RICH)
    rng = np.random.default_rng(2)
    whole = performed(patch, iter(lambda: 100_000, 0))
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() > 0.01
    assert np.array_equal(whole, performed(patch, iter(lambda: int(rng.integers(1, 300)), 0)))
    assert np.array_equal(whole, performed(patch, iter(lambda: 128, 0)))
    assert not np.array_equal(whole[0], whole[1])


@pytest.mark.parametrize(("key", "rate"), [(21, 44_100), (60, 48_000), (69, 44_100), (108, 48_000)])
def test_notes_are_in_tune(key, rate):
    wave = played(SynthEngine(plain(wave="saw"), rate), key, 1.5)[0, rate // 2 :].astype(float)
    frequency = 440 * 2 ** ((key - 69) / 12)
    half = len(wave) // 2
    phasor = np.exp(-2j * np.pi * frequency * np.arange(half) / rate) * np.hanning(half)
    start, end = np.sum(wave[:half] * phasor), np.sum(wave[half : 2 * half] * phasor)
    expected = 2 * np.pi * frequency * half / rate
    error = np.angle(end / start * np.exp(-1j * expected)) * rate / (2 * np.pi * half)
    assert abs(1_200 * math.log2(1 + error / frequency)) < 0.1


@pytest.mark.parametrize("width", [0.5, 0.3, 0.1])
def test_a_pulse_has_the_harmonics_of_its_width(width):
    wave = played(SynthEngine(plain(wave="pulse", width=width), RATE), 57, 1.0)[0]
    levels = np.abs(np.fft.rfft(wave[-RATE // 2 :] * np.hanning(RATE // 2)))
    harmonics = np.array([levels[round(220 * number / 2) + 0] for number in range(1, 9)])
    expected = np.abs(np.sin(np.pi * np.arange(1, 9) * width)) / np.arange(1, 9)
    np.testing.assert_allclose(harmonics / harmonics[0], expected / expected[0], atol=0.01)


SLOPES_DB = {"white": 0, "pink": -3, "brown": -6, "blue": 3, "violet": 6}


def test_every_colour_of_noise_has_a_number_and_a_slope():
    assert [getattr(noise_kernels, colour.upper()) for colour in NOISE_COLOURS] == list(range(len(SLOPES_DB)))
    assert {*NOISE_COLOURS} == {*SLOPES_DB}


@pytest.mark.parametrize(("wave", "slope_db"), SLOPES_DB.items())
def test_noise_has_the_slope_of_its_colour(wave, slope_db):
    noise = played(SynthEngine(plain(wave=wave), RATE), 60, 6.0)[0]
    frequencies, power = signal.welch(noise, RATE, nperseg=4_096)
    bands = [10 * np.log10(power[(frequencies > low) & (frequencies < 2 * low)].mean()) for low in (125, 500, 2_000)]
    assert np.abs(np.diff(bands) / 2 - slope_db).max() < 0.7


@pytest.mark.parametrize(
    ("kind", "slope_db", "expected_db"),
    [("low-pass", 12, -24.1), ("low-pass", 24, -48.2), ("high-pass", 12, 0.0), ("ladder", 12, -49.2)],
)
def test_filters_have_the_slopes_that_they_say(kind, slope_db, expected_db):
    text = f'filter = {{ kind = "{kind}", slope_db = {slope_db}, cutoff_hz = 500, resonance = 0.0 }}\n'
    noisy = 'oscillators = [{ wave = "white", level = 0.01 }]\n'
    filtered = played(SynthEngine(parse_patch(PLAIN + text + noisy), RATE), 60, 4.0)[0]
    source = played(SynthEngine(parse_patch(PLAIN + noisy), RATE), 60, 4.0)[0]
    frequencies, cross = signal.csd(source, filtered, RATE, nperseg=4_096)
    gains_db = 20 * np.log10(np.abs(cross / signal.welch(source, RATE, nperseg=4_096)[1]))
    assert gains_db[np.argmin(np.abs(frequencies - 2_000))] == pytest.approx(expected_db, abs=1.0)


def test_an_envelope_takes_its_times():
    text = PLAIN.replace("attack_s = 0.0, release_s = 0.05", "attack_s = 0.1, decay_s = 0.6, sustain = 0.25")
    engine = SynthEngine(parse_patch(text + 'oscillators = [{ wave = "square" }]'), RATE)
    levels = np.abs(played(engine, 93, 1.5)[0])
    peaks = np.array([levels[int(at * RATE) : int(at * RATE) + 500].max() for at in (0.045, 0.1, 0.2, 0.3, 1.4)])
    decayed = [0.25 + 0.75 * 10 ** (-3 * past / 0.6) for past in (0.1, 0.2, 1.3)]
    np.testing.assert_allclose(peaks / peaks[1], [0.53, 1.0, *decayed], atol=0.06)


def test_a_released_note_ends_and_the_engine_is_silent():
    engine = SynthEngine(parse_patch(RICH), RATE)
    assert engine.is_silent()
    played(engine, 60, 0.5)
    engine.note_off(0, 60)
    assert not engine.is_silent()
    engine.process(5 * RATE)
    assert engine.is_silent()
    assert not engine.process(1_000).any()


def test_more_notes_than_voices_neither_click_nor_pile_up():
    engine = SynthEngine(plain(wave="sine"), RATE)
    blocks = []
    for note in range(60):
        engine.note_on(0, 40 + note % 30, 100)
        blocks.append(engine.process(997).copy())
    wave = np.concatenate(blocks, axis=1)[0].astype(float)
    fast = signal.sosfilt(signal.butter(8, 9_000, "high", fs=RATE, output="sos"), wave)
    assert np.abs(fast).max() < 0.02 * np.abs(wave).max()


def frequency_of(wave):
    crossings = np.flatnonzero((wave[:-1] < 0) & (wave[1:] >= 0))
    exact = crossings + wave[crossings] / (wave[crossings] - wave[crossings + 1])
    return RATE / np.diff(exact).mean()


def test_the_pitch_bend_reaches_the_range_that_is_set():
    engine = SynthEngine(plain(wave="sine"), RATE)
    engine.pitch_bend(0, 8_191)
    assert frequency_of(played(engine, 69, 0.5)[0]) == pytest.approx(440 * 2 ** (2 / 12), rel=1e-3)
    for controller, value in ((101, 0), (100, 0), (6, 12), (38, 0)):
        engine.control(0, controller, value)
    engine.process(RATE // 10)
    assert frequency_of(engine.process(RATE // 2)[0]) == pytest.approx(880, rel=1e-3)
    engine.control(0, 121, 0)
    engine.process(RATE // 10)
    assert frequency_of(engine.process(RATE // 2)[0]) == pytest.approx(440, rel=1e-3)


def test_sustain_holds_notes_until_it_ends():
    engine = SynthEngine(plain(wave="sine"), RATE)
    engine.control(0, 64, 100)
    played(engine, 60, 0.1)
    engine.note_off(0, 60)
    assert np.abs(engine.process(RATE)[0, -100:]).max() > 0.01
    engine.control(0, 64, 0)
    assert not engine.process(RATE)[0, -100:].any()


def test_legato_glides_and_returns_to_the_note_below():
    text = PLAIN.replace("velocity_db = 0", 'velocity_db = 0, mode = "legato", glide_s = 0.1')
    engine = SynthEngine(parse_patch(text + 'oscillators = [{ wave = "sine" }]'), RATE)
    played(engine, 57, 0.3)
    glide = played(engine, 69, 0.05)[0]
    assert 220 < frequency_of(glide) < 440
    engine.process(RATE // 5)
    assert frequency_of(engine.process(RATE // 4)[0]) == pytest.approx(440, rel=1e-3)
    engine.note_off(0, 69)
    engine.process(RATE // 5)
    assert frequency_of(engine.process(RATE // 4)[0]) == pytest.approx(220, rel=1e-3)


def test_programs_select_patches_and_volume_and_pan_work():
    engine = SynthEngine({0: plain(wave="sine"), 40: plain(wave="sine", semitones=12)}, RATE)
    engine.program(2, 0, 50)
    engine.control(2, 10, 0)
    engine.note_on(2, 57, 127)
    engine.process(RATE // 10)
    full = engine.process(RATE // 2).copy()
    assert frequency_of(full[0]) == pytest.approx(440, rel=1e-3)
    assert not np.abs(full[1]).max() > 1e-4
    engine.control(2, 7, 50)
    engine.process(RATE // 10)
    assert np.abs(engine.process(RATE // 2)).max() / np.abs(full).max() == pytest.approx(0.25, abs=0.01)
    engine.control(2, 120, 0)
    assert not engine.process(100).any()


def test_a_reset_engine_is_as_a_new_one():
    engine = SynthEngine(parse_patch(RICH), RATE, seed=3)
    first = played(engine, 60, 0.2).copy()
    engine.reset()
    assert engine.is_silent()
    assert np.array_equal(first, played(engine, 60, 0.2))
    assert not np.array_equal(first, played(SynthEngine(parse_patch(RICH), RATE, seed=4), 60, 0.2))


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("nonsense = 1", "nonsense"),
        ("gain_db = 99", "gain_db"),
        ("oscillators = []", "one source"),
        ('oscillators = [{ wave = "sawtooth" }]', "saw"),
        ('oscillators = [{ wave = "harmonics" }]', "harmonics"),
        ("oscillators = [{ width = 7.0 }]", "width"),
        ("oscillators = [{}]\nfm = { operators = [{}] }", "oscillators and fm"),
        ('oscillators = [{}]\neffects = [{ kind = "stretch" }]', "chorus"),
        ('oscillators = [{}]\neffects = [{ kind = "delay", second = 3 }]', "feedback"),
        ('oscillators = [{}]\neffects = [{ kind = "delay", seconds = 3e9 }]', "delay"),
        ('oscillators = [{}]\nmodulations = [{ source = "lfo", destination = "pitch", amount = 1 }]', "wheel"),
        ('oscillators = [{}]\nmodulations = [{ source = "wheel", destination = "pich", amount = 1 }]', "cutoff"),
        ("oscillators = [{}", "TOML"),
    ],
)
def test_wrong_patches_are_refused_with_the_key_and_what_is_allowed(addition, said):
    with pytest.raises(BadSetting, match=said):
        parse_patch(PLAIN + addition, "mine.toml")


def test_wrong_engines_are_refused():
    with pytest.raises(BadSetting, match="sample rate"):
        SynthEngine(plain(wave="saw"), 100)
    with pytest.raises(BadSetting, match="no patch"):
        SynthEngine("no-such-patch")
    with pytest.raises(BadSetting, match="programs"):
        SynthEngine({128: plain(wave="saw")})
