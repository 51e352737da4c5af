"""The SoundFont player: pitch, level, envelopes, filter, loops and controls against formulas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from wavewright.base.errors import BadSetting
from wavewright.music.engine import DRUM_CHANNEL
from wavewright.synth.soundfont import generators as gen
from wavewright.synth.soundfont.bank import read_soundfont
from wavewright.synth.soundfont.player import PlayerSettings, SoundFontEngine
from wavewright.synth.soundfont.writing import NewEntry, NewSample, write_soundfont
from wavewright.synth.soundfont.zones import Zone

RATE = 48_000
SAMPLE_RATE = 44_100
N_LOOP = 4_410
HZ = 440.0
DRY = PlayerSettings(gain_db=0.0, reverb=0.0, chorus=0.0)
SINE = 0.5 * np.sin(2 * np.pi * HZ / SAMPLE_RATE * np.arange(2 * N_LOOP))  # 44 cycles in a loop
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, 8 * N_LOOP)
STEP = np.repeat([0.5, 0.25], N_LOOP)


def engine_of(path, rate=RATE, settings=DRY, modulators=None, **amounts):
    """Open an engine with a preset of a sine, one of noise, one of constant levels, and a drum kit."""
    numbers = {getattr(gen, name.upper()): amount for name, amount in amounts.items()}
    samples = [
        NewSample("sine", SINE, SAMPLE_RATE, 69, 0, (N_LOOP, 2 * N_LOOP)),
        NewSample("noise", NOISE, SAMPLE_RATE, 69, 0, (0, 8 * N_LOOP)),
        NewSample("step", STEP, SAMPLE_RATE, 69, 0, (100, N_LOOP - 100)),
    ]
    full = gen.FULL_RANGE
    instruments = [
        NewEntry("i", (Zone(index, full, full, {gen.SAMPLE_MODES: 1} | numbers, modulators or {}),))
        for index in range(3)
    ]
    presets = [NewEntry("p", (Zone(index, full, full, {}, {}),), 0, 10 + index) for index in range(3)]
    presets += [NewEntry("kit", (Zone(2, full, full, {}, {}),), 128, 0)]
    write_soundfont(path / "bank.sf2", "bank", presets, instruments, samples)
    engine = SoundFontEngine(read_soundfont(path / "bank.sf2"), rate, settings)
    engine.control(0, 7, 127)
    return engine


def frequency(wave, rate):
    """Return the frequency of a sine by the phases of two windows."""
    n = len(wave) // 2
    window = np.hanning(n)
    peak = np.argmax(np.abs(np.fft.rfft(wave[:n] * window, 8 * n))) / (8 * n)
    turns = np.exp(-2j * np.pi * peak * np.arange(2 * n))
    phases = [np.angle(np.sum(wave[i * n : i * n + n] * window * turns[i * n : i * n + n])) for i in (0, 1)]
    return (peak + (phases[1] - phases[0] + np.pi) % (2 * np.pi) / (2 * np.pi * n) - 0.5 / n) * rate


def played(engine, seconds=0.4, key=69, velocity=127, program=10):
    engine.program(0, 0, program)
    engine.note_on(0, key, velocity)
    return engine.process(round(seconds * engine.sample_rate)).copy()


def level_db(wave):
    return 10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-30)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("key", [40, 69, 81])
def test_keys_are_in_tune(tmp_path, rate, key):
    wave = played(engine_of(tmp_path, rate), key=key)[0]
    expected = HZ * 2 ** ((key - 69) / 12)
    assert abs(1_200 * np.log2(frequency(wave[rate // 20 :], rate) / expected)) < 0.2


def test_tuning_adds_up(tmp_path):
    engine = engine_of(tmp_path, scale_tuning=50, coarse_tune=-3, fine_tune=20, root_key=60)
    cents = 50 * (72 - 60) - 300 + 20
    assert abs(1_200 * np.log2(frequency(played(engine, key=72)[0], RATE) / HZ) - cents) < 0.2


@pytest.mark.parametrize(("wheel", "sensitivity", "cents"), [(8191, None, 200), (-8192, 12, -1200), (4096, 7, 350)])
def test_the_wheel_bends_by_its_range(tmp_path, wheel, sensitivity, cents):
    engine = engine_of(tmp_path)
    if sensitivity is not None:
        for controller, value in ((101, 0), (100, 0), (6, sensitivity), (38, 0)):
            engine.control(0, controller, value)
    engine.pitch_bend(0, wheel)
    assert abs(1_200 * np.log2(frequency(played(engine)[0], RATE) / HZ) - cents) < 0.3


def test_registered_parameters_tune_a_channel(tmp_path):
    engine = engine_of(tmp_path)
    for controller, value in ((101, 0), (100, 2), (6, 64 + 5), (100, 1), (6, 80), (38, 0)):
        engine.control(0, controller, value)
    assert abs(1_200 * np.log2(frequency(played(engine)[0], RATE) / HZ) - 525) < 0.3


@pytest.mark.parametrize(
    ("controls", "velocity", "amounts", "expected"),
    [
        ((), 64, {}, 40 * np.log10(64 / 127)),
        ((), 127, {"attenuation": 100}, -4.0),
        (((7, 100),), 127, {}, 40 * np.log10(100 / 127)),
        (((7, 90), (11, 60)), 100, {"attenuation": 50}, -2 + 40 * np.log10(90 * 60 * 100 / 127**3)),
    ],
)
def test_levels_follow_velocity_and_controls(tmp_path, controls, velocity, amounts, expected):
    engine = engine_of(tmp_path, **amounts)
    for controller, value in controls:
        engine.control(0, controller, value)
    level = level_db(played(engine, 0.2, velocity=velocity)[:, 2_400:]) - level_db(SINE) + 10 * np.log10(2)
    assert level == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("pan", "amount"), [(64, 0), (0, 0), (127, 0), (64, -250), (100, 100)])
def test_pan_has_constant_power(tmp_path, pan, amount):
    engine = engine_of(tmp_path, pan=amount)
    engine.control(0, 10, pan)
    left, right = 10 ** (level_db(played(engine)[0]) / 10), 10 ** (level_db(engine.process(4_800)[1]) / 10)
    centred = (pan - 64) / (63 if pan > 64 else 64)
    angle = (np.clip(500 * centred + amount, -500, 500) + 500) / 1_000 * np.pi / 2
    total = 10 ** (level_db(SINE) / 10)
    assert left == pytest.approx(total * np.cos(angle) ** 2, rel=0.02, abs=1e-9)
    assert right == pytest.approx(total * np.sin(angle) ** 2, rel=0.02, abs=1e-9)


def timecents(seconds):
    return round(1_200 * np.log2(seconds))


def test_the_volume_envelope(tmp_path):
    seconds = {"vol_env_delay": 0.1, "vol_env_attack": 0.2, "vol_env_hold": 0.15, "vol_env_decay": 2.0}
    amounts = {name: timecents(each) for name, each in seconds.items()}
    engine = engine_of(tmp_path, **amounts, vol_env_sustain=200, vol_env_release=timecents(1.0))
    wave = played(engine, 1.2, program=12)[0] / (0.5 * np.sqrt(0.5))  # constant level 0.5 in its loop
    at = lambda time: wave[round(time * RATE)]  # noqa: E731
    assert not wave[: round(0.098 * RATE)].any()
    for time in (0.15, 0.2, 0.25):
        assert at(time) == pytest.approx((time - 0.1) / 0.2, abs=0.005)
    assert at(0.4) == pytest.approx(1.0, abs=1e-3)
    for time in (0.6, 0.7):
        assert 20 * np.log10(at(time)) == pytest.approx(-96 * (time - 0.45) / 2, abs=0.1)
    assert 20 * np.log10(at(1.1)) == pytest.approx(-20, abs=0.05)
    engine.note_off(0, 69)
    released = engine.process(RATE)[0] / (0.5 * np.sqrt(0.5))
    assert 20 * np.log10(released[RATE // 4]) == pytest.approx(-20 - 24, abs=0.2)
    assert not released[round(0.9 * RATE) :].any()
    assert engine.is_silent()


def test_keys_scale_envelopes(tmp_path):
    engine = engine_of(
        tmp_path, vol_env_decay=timecents(1.0), key_to_vol_env_decay=100, vol_env_sustain=900, scale_tuning=0
    )
    wave = played(engine, 0.3, key=72, program=12)[0]
    fall = 20 * np.log10(wave[RATE // 4] / wave[RATE // 20])
    assert fall == pytest.approx(-96 * 0.2 * 2, abs=0.2)  # 1,200 cents for twelve keys above 60: half the time


def test_a_release_within_the_attack_starts_at_its_level(tmp_path):
    engine = engine_of(tmp_path, vol_env_attack=timecents(1.0), vol_env_release=timecents(0.5))
    before = played(engine, 0.25, program=12)[0]
    engine.note_off(0, 69)
    after = engine.process(RATE)[0]
    assert after[0] == pytest.approx(before[-1], rel=0.02)
    assert after[4_800] == pytest.approx(before[-1] * 10 ** (-96 * 0.1 / 0.5 / 20), rel=0.05)


def test_the_wheel_adds_vibrato(tmp_path):
    engine = engine_of(tmp_path, vib_lfo_frequency=timecents(5.0 / 8.176))
    engine.control(0, 1, 127)
    wave = played(engine, 1.0)[0]
    cents = [1_200 * np.log2(frequency(wave[i : i + 960], RATE) / HZ) for i in range(960, 46_000, 480)]
    assert max(cents) == pytest.approx(50, abs=9)
    assert min(cents) == pytest.approx(-50, abs=9)
    spectrum = np.abs(np.fft.rfft(cents - np.mean(cents), 2_000))
    assert np.argmax(spectrum) / 2_000 * 100 == pytest.approx(5.0, abs=0.2)


@pytest.mark.parametrize(("cutoff", "resonance"), [(8_000, 0), (9_500, 0), (9_000, 200)])
def test_the_filter(tmp_path, cutoff, resonance):
    engine = engine_of(tmp_path, filter_cutoff=cutoff, filter_q=resonance)
    hertz = 8.176 * 2 ** (cutoff / 1_200)
    spectra = []
    for settings in (engine, engine_of(tmp_path)):
        wave = played(settings, 0.7, program=11)[0].astype(np.float64)
        parts = wave[2_400:].reshape(-1, 600 if len(wave[2_400:]) % 600 == 0 else len(wave[2_400:]))
        spectra.append(np.sqrt(np.mean(np.abs(np.fft.rfft(parts * np.hanning(parts.shape[1]), axis=1)) ** 2, axis=0)))
    ratio = 20 * np.log10(spectra[0] / spectra[1])
    frequencies = np.fft.rfftfreq(2 * (len(ratio) - 1), 1 / RATE)
    at = lambda each: ratio[np.argmin(np.abs(frequencies - each))]  # noqa: E731
    quality = resonance / 10 - 3.01
    assert at(240) == pytest.approx(-resonance / 20, abs=1.0)
    assert at(hertz) == pytest.approx(quality - resonance / 20, abs=1.5)
    assert at(4 * hertz) < -21 - resonance / 20


def test_a_loop_has_no_seam(tmp_path):
    engine = engine_of(tmp_path, SAMPLE_RATE)
    wave = played(engine, 1.5)[0]
    expected = SINE[np.arange(len(wave)) % N_LOOP] * np.sqrt(0.5)
    assert np.abs(wave - expected)[200:].max() < 2e-3  # rounding to 16 bits, and the roll-off at 440 Hz


def test_loops_end_with_the_release_or_last(tmp_path):
    for mode, last in ((3, 0.25), (1, 0.5)):
        engine = engine_of(tmp_path, SAMPLE_RATE, sample_modes=mode, vol_env_release=8_000)
        played(engine, 0.3, program=12)
        engine.note_off(0, 69)
        wave = engine.process(N_LOOP * 2)[0]
        assert wave[N_LOOP // 2 + N_LOOP // 2 :][200] == pytest.approx(last * np.sqrt(0.5), rel=0.1)
        assert engine.is_silent() == (mode == 3 and not engine.process(2 * N_LOOP)[0][N_LOOP:].any())


@pytest.mark.parametrize("key", [76, 95])
def test_aliases_are_weak(tmp_path, key):
    engine = engine_of(tmp_path)
    wave = played(engine, 0.6, key=key)[0][4_800:28_800].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave))))
    peak = np.argmax(spectrum)
    spectrum[max(0, peak - 6) : peak + 7] = 0
    assert 20 * np.log10(spectrum.max() / np.abs(np.fft.rfft(wave * np.blackman(len(wave))))[peak]) < -60


def performed(engine, blocks):
    """Return events and blocks of the given lengths."""
    pieces = []
    engine.control(0, 91, 80)
    engine.control(0, 93, 80)
    for step in range(5):
        engine.program(0, 0, 10 + step % 3)
        engine.note_on(0, 50 + 7 * step, 40 + 20 * step)
        if step == 2:
            engine.pitch_bend(0, 3_000)
            engine.control(0, 1, 100)
        n = 3_001
        while n:
            pieces.append(engine.process(min(n, next(blocks))).copy())
            n -= pieces[-1].shape[1]
        engine.note_off(0, 50 + 7 * step)
    n = 60_000
    while n:
        pieces.append(engine.process(min(n, 512 + next(blocks))).copy())
        n -= pieces[-1].shape[1]
    return np.concatenate(pieces, axis=1)


def test_the_length_of_blocks_changes_no_sample(tmp_path):
    settings = PlayerSettings(velocity_to_filter=True)
    amounts = {"vol_env_attack": -5_000, "filter_cutoff": 9_000, "mod_env_to_filter": 1_200, "mod_env_attack": -4_000}
    whole = performed(engine_of(tmp_path, settings=settings, **amounts), itertools.repeat(99_999))
    for lengths in ((1, 7, 64, 129), (128,), (1_000, 63)):
        blocks = itertools.cycle(lengths)
        assert np.array_equal(whole, performed(engine_of(tmp_path, settings=settings, **amounts), blocks))
    assert np.abs(whole).max() > 0.05


def test_a_reset_engine_is_a_new_one(tmp_path):
    engine = engine_of(tmp_path, settings=PlayerSettings())
    first = performed(engine, itertools.repeat(700))
    assert not engine.is_silent() or engine.n_voices == 0
    engine.reset()
    assert engine.is_silent()
    assert not engine.process(5_000).any()
    engine.control(0, 7, 127)
    assert np.array_equal(first, performed(engine, itertools.repeat(700)))


def test_effects_end_in_silence(tmp_path):
    engine = engine_of(tmp_path, settings=PlayerSettings())
    engine.control(0, 91, 127)
    played(engine, 0.2)
    engine.note_off(0, 69)
    after = [engine.process(4_800).copy() for _ in range(2)][-1]
    assert engine.n_voices == 0
    assert after.any()  # the reverb goes on
    for _ in range(100):
        engine.process(4_800)
    assert engine.is_silent()
    assert not engine.process(10).any()


def test_the_pedal_and_repeated_keys(tmp_path):
    engine = engine_of(tmp_path)
    played(engine, 0.01)
    engine.note_on(0, 69, 100)
    engine.note_off(0, 69)
    engine.process(4_800)
    assert engine.n_voices == 1  # the oldest was released
    engine.control(0, 64, 127)
    engine.note_off(0, 69)
    engine.process(4_800)
    assert engine.n_voices == 1
    engine.note_on(0, 69, 100)  # releases the one that the pedal sustains
    engine.process(4_800)
    assert engine.n_voices == 1
    engine.note_off(0, 69)
    engine.control(0, 64, 0)
    engine.process(4_800)
    assert engine.is_silent()


@pytest.mark.parametrize("message", [120, 123])
def test_messages_end_all_notes(tmp_path, message):
    engine = engine_of(tmp_path)
    engine.note_on(1, 50, 90)
    played(engine, 0.05)
    engine.control(0, message, 0)
    engine.process(4_800)
    assert engine.n_voices == 1  # of channel 1, whose program 0 the bank replaces by its first
    engine.note_on(0, 69, 80)
    assert engine.n_voices == 2


def test_exclusive_classes_cut_each_other_off(tmp_path):
    engine = engine_of(tmp_path, exclusive_class=3)
    played(engine, 0.1)
    engine.note_on(0, 75, 100)
    engine.process(RATE // 2)
    assert engine.n_voices == 1


def test_the_polyphony_is_kept_without_clicks(tmp_path):
    engine = engine_of(tmp_path, settings=PlayerSettings(polyphony=4, gain_db=-12, reverb=0))
    engine.program(0, 0, 10)
    loudest = 0.0
    for key in range(40, 60):
        engine.note_on(0, key, 100)
        wave = engine.process(2_400)[0]
        loudest = max(loudest, np.abs(np.diff(wave)).max())
    assert engine.n_voices <= 5
    assert loudest < 0.06  # a cut would be a step of 0.1 and more


def test_programs_fall_back_and_drums_have_their_bank(tmp_path):
    engine = engine_of(tmp_path)
    engine.program(0, 7 << 7, 99)
    engine.note_on(0, 69, 100)
    assert engine.n_voices == 1
    engine.program(DRUM_CHANNEL, 0, 25)
    engine.note_on(DRUM_CHANNEL, 69, 100)
    assert engine.n_voices == 2
    assert level_db(engine.process(2_000)) > -20


@pytest.mark.parametrize(
    ("channel", "bank", "program", "expected"),
    [
        (0, 8, 5, (8, 5)),
        (0, 3, 5, (0, 5)),  # the file has no such bank
        (0, 8, 7, (8, 0)),  # nor such a program
        (0, 3, 7, (0, 0)),
        (0, 127, 9, (128, 9)),  # a bank of drums
        (0, 127, 5, (128, 0)),
        (DRUM_CHANNEL, 0, 9, (128, 9)),
        (DRUM_CHANNEL, 8, 5, (128, 0)),
    ],
)
def test_the_nearest_preset_is_played(tmp_path, channel, bank, program, expected):
    places = [(0, 0), (0, 5), (8, 0), (8, 5), (128, 0), (128, 9)]
    zone = Zone(0, gen.FULL_RANGE, gen.FULL_RANGE, {}, {})
    presets = [NewEntry("p", (zone,), *place) for place in places]
    samples = [NewSample("sine", SINE, SAMPLE_RATE, 69, 0, (N_LOOP, 2 * N_LOOP))]
    write_soundfont(tmp_path / "bank.sf2", "bank", presets, [NewEntry("i", (zone,))], samples)
    engine = SoundFontEngine(read_soundfont(tmp_path / "bank.sf2"), RATE, DRY)
    found = engine._preset(channel, bank << 7, program)
    assert (found.bank, found.program) == expected


@pytest.mark.parametrize(
    ("bank", "is_sine"),
    [(0, True), (1 << 7, True), (1 << 7 | 5, True), (5, True), (127 << 7, False), (120 << 7, False)],
)
def test_only_banks_of_drums_are_drums(tmp_path, bank, is_sine):
    engine = engine_of(tmp_path)
    engine.program(0, bank, 10)
    engine.note_on(0, 69, 100)
    wave = engine.process(9_600)[0]
    assert (abs(frequency(wave[2_400:], RATE) - HZ) < 1) == is_sine


def test_modulators_of_the_file_apply(tmp_path):
    wheel_to_pitch = (0x0082, gen.FINE_TUNE, 0, 0)  # controller 2, linear
    engine = engine_of(tmp_path, modulators={wheel_to_pitch: 90})
    engine.control(0, 2, 127)
    assert abs(1_200 * np.log2(frequency(played(engine)[0], RATE) / HZ) - 90) < 0.3


@pytest.mark.parametrize(
    ("curve", "value", "expected"),
    [
        (0x0000, 32, 32 / 127),
        (0x0100, 32, 95 / 127),
        (0x0200, 96, 32 / 63),
        (0x0400, 127 - 13, -400 / 960 * np.log10(13 / 127)),
        (0x0800, 13, 1 + 400 / 960 * np.log10(13 / 127)),
        (0x0C00, 70, 1.0),
        (0x0C00, 50, 0.0),
    ],
)
def test_curves_of_sources(tmp_path, curve, value, expected):
    engine = engine_of(tmp_path, modulators={(0x0082 | curve, gen.COARSE_TUNE, 0, 0): 10})
    engine.control(0, 2, value)
    cents = 1_200 * np.log2(frequency(played(engine)[0], RATE) / HZ)
    assert cents == pytest.approx(1_000 * expected, abs=1.0)


def test_loops_outside_of_samples_are_left_out(tmp_path):
    engine = engine_of(tmp_path, loop_end_offset=30_000, loop_start_offset=-32_000, loop_start_coarse_offset=-5)
    played(engine, 0.1)
    engine.process(RATE)
    assert engine.is_silent()


def test_a_wrong_rate_is_refused(tmp_path):
    with pytest.raises(BadSetting, match="sample_rate"):
        engine_of(tmp_path, 10)
