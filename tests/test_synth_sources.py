"""Sources of sound: frequency modulation, strings, modes, grains and drums against what their formulas say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from wavewright.synth import SynthEngine, parse_patch

RATE = 48_000
HEAD = """
title = "Source"
category = "effect"
voices = { velocity_db = 0 }
envelopes.amplitude = { attack_s = 0.0, release_s = 30 }
"""
FM = HEAD + "fm = { algorithm = 1, operators = [{ level = 0.5 }, { level = 2.0 }] }"
FEEDBACK = HEAD + "fm = { algorithm = 4, feedback = 0.7, operators = [{}, {}, {}, {}, {}, { ratio = 2.0 }] }"
STRING = HEAD + "string = { decay_s = 3, key_scaling = 0, damping = 0.2 }"
BOW = HEAD + 'string = { stroke = "bow", decay_s = 2 }'
MODAL = (
    HEAD + "modal = { modes = [{ ratio = 1, decay_s = 2 }, { ratio = 2.76, level = 0.5, decay_s = 1 }], noise = 0.3 }"
)
GRAINS = HEAD + "grains = { density_hz = 60, chord = [0, 7] }"
DRUMS = (
    HEAD
    + """
[[drums]]
key = 36
tone_level = 1
sweep_semitones = 24
[[drums]]
key = 38
noise_level = 0.6
bursts = 3
tone_level = 0.3
click_level = 0.4
drive_db = 6
[[drums]]
key = 42
metal_level = 0.5
noise_kind = "high-pass"
choke = 1
[[drums]]
key = 46
metal_level = 0.5
metal_decay_s = 1.0
pan = 0.5
choke = 1
"""
)
SOURCES = {"fm": FM, "loop": FEEDBACK, "string": STRING, "bow": BOW, "modal": MODAL, "grains": GRAINS, "drums": DRUMS}


def played(text, key=69, seconds=1.0, velocity=127, rate=RATE):
    engine = SynthEngine(parse_patch(text), rate)
    engine.note_on(0, key, velocity)
    return engine.process(int(seconds * rate)).astype(float)


def cents_off(wave, frequency, rate=RATE):
    half = len(wave) // 2
    phasor = np.exp(-2j * np.pi * frequency * np.arange(half) / rate) * np.hanning(half)
    turn = np.sum(wave[half : 2 * half] * phasor) / np.sum(wave[:half] * phasor)
    error = np.angle(turn * np.exp(-2j * np.pi * frequency * half / rate)) * rate / (2 * np.pi * half)
    return 1_200 * np.log2(1 + error / frequency)


@pytest.mark.parametrize("name", SOURCES)
def test_the_lengths_of_blocks_change_no_bit(name):
    patch = parse_patch(SOURCES[name])
    rng = np.random.default_rng(4)

    def performed(sizes):
        engine, blocks = SynthEngine(patch, RATE), []
        for round_number in range(4):
            for key in (36, 38, 46, 42):
                engine.note_on(0, key + (round_number if name != "drums" else 0), 100)
                n = 937
                while n:
                    size = min(n, sizes())
                    blocks.append(engine.process(size).copy())
                    n -= size
            engine.note_off(0, 36)
        return np.concatenate(blocks, axis=1)

    whole = performed(lambda: 1_000)
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() > 0.005
    assert np.array_equal(whole, performed(lambda: int(rng.integers(1, 90))))


def test_the_sidebands_of_two_operators_are_bessel_functions():
    wave = played(FM, 69, 1.2)[0][-RATE:]
    levels = np.abs(np.fft.rfft(wave * np.hanning(RATE)))
    # With both operators at one pitch, sine of sine: harmonic n has J(n - 1) and the mirrored J(-n - 1).
    expected = np.array([abs(special.jv(n - 1, 2.0) - special.jv(-n - 1, 2.0)) for n in range(1, 7)])
    measured = levels[[440 * n for n in range(1, 7)]]
    np.testing.assert_allclose(measured / measured[0], expected / expected[0], atol=2e-3)


@pytest.mark.parametrize("key", [33, 45, 57, 69, 81, 93])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_strings_are_in_tune_within_half_a_cent(key, rate):
    wave = played(STRING, key, 1.0, rate=rate)[0][rate // 10 :]
    assert abs(cents_off(wave, 440 * 2 ** ((key - 69) / 12), rate)) < 0.5


def test_strings_and_modes_decay_in_their_times():
    for text, decay_s in ((STRING, 3.0), (MODAL.replace("noise = 0.3", "key_scaling = 0"), 2.0)):
        wave = played(text, 57, 2.0)[0]
        phasor = np.exp(-2j * np.pi * 220 * np.arange(len(wave)) / RATE)
        early, late = (np.abs(np.sum((wave * phasor)[a : a + RATE // 2])) for a in (RATE // 4, 5 * RATE // 4))
        assert 20 * np.log10(late / early) == pytest.approx(-60 / decay_s, abs=1.5)


def test_modes_lie_at_their_ratios():
    wave = played(MODAL, 69, 1.0)[0]
    levels = np.abs(np.fft.rfft(wave * np.hanning(RATE)))
    assert np.argmax(levels) == 440
    assert 1_000 + np.argmax(levels[1_000:2_000]) == pytest.approx(440 * 2.76, abs=1)


def test_grains_have_the_pitches_of_their_chord_and_are_stereo():
    wave = played(GRAINS, 57, 3.0)
    levels = np.abs(np.fft.rfft(wave[0][RATE:] * np.hanning(2 * RATE)))
    energy = np.square(levels)
    near = sum(energy[int(2 * f * 0.96) : int(2 * f * 1.04)].sum() for f in (220, 329.6))
    assert near > 0.5 * energy[100:750].sum()
    assert np.corrcoef(wave)[0, 1] < 0.98


def test_a_kick_falls_to_its_pitch_and_hats_choke_each_other():
    kick = played(DRUMS, 36, 0.4)[0]
    crossings = np.flatnonzero((kick[:-1] < 0) & (kick[1:] >= 0))
    periods = np.diff(crossings) / RATE
    assert periods[0] < 0.6 / 60
    assert periods[8:14].mean() == pytest.approx(1 / 60, rel=0.03)
    engine = SynthEngine(parse_patch(DRUMS), RATE)
    engine.note_on(9, 46, 127)
    engine.process(RATE // 5)
    ringing = np.abs(engine.process(2_000)).max()
    engine.note_on(9, 42, 1)
    engine.process(RATE // 4)
    assert np.abs(engine.process(2_000)).max() < 0.03 * ringing
    assert not played(DRUMS, 50, 0.2).any()


@pytest.mark.parametrize("name", ["string", "modal", "drums"])
def test_what_decays_by_itself_ends_though_the_key_is_held(name):
    engine = SynthEngine(parse_patch(SOURCES[name]), RATE)
    engine.note_on(0, 36, 100)
    for _ in range(14):
        engine.process(RATE)
    assert engine.is_silent()
