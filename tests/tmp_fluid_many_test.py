"""The state of a channel beside FluidSynth: pitch and level of a note after random sequences of controllers."""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path

import numpy as np
import pytest

from wavewright.music.engine import N_CHANNELS
from wavewright.music.midi_channel import PITCH_WHEEL, WHEEL_RANGE
from wavewright.synth.soundfont import generators as gen
from wavewright.synth.soundfont.bank import read_soundfont
from wavewright.synth.soundfont.player import PlayerSettings, SoundFontEngine
from wavewright.synth.soundfont.writing import NewEntry, NewSample, write_soundfont
from wavewright.synth.soundfont.zones import Zone

LIBRARY = ctypes.util.find_library("fluidsynth")
RATE = 44_100
N_LOOP = 4_410
HZ = 440.0
N_START, N_HELD = 2_205, 10_787  # an attack, and two turns of the vibrato
PRESETS = {(0, 0): 0, (0, 5): 1, (1, 5): 3, (8, 40): 7, (128, 0): -5, (128, 16): -9}
"""Semitones by which the presets of the bank differ."""

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="FluidSynth is not installed")


def bank(path: Path) -> Path:
    """Write a bank of sines whose presets are told apart by their pitches."""
    sine = 0.5 * np.sin(2 * np.pi * HZ / RATE * np.arange(2 * N_LOOP))
    full = gen.FULL_RANGE
    instruments = [
        NewEntry(f"i{index}", (Zone(0, full, full, {gen.SAMPLE_MODES: 1, gen.COARSE_TUNE: semitones}, {}),))
        for index, semitones in enumerate(PRESETS.values())
    ]
    presets = [NewEntry(f"p{i}", (Zone(i, full, full, {}, {}),), *pair) for i, pair in enumerate(PRESETS)]
    write_soundfont(path, "bank", presets, instruments, [NewSample("sine", sine, RATE, 69, 0, (N_LOOP, 2 * N_LOOP))])
    return path


class FluidSynth:
    """A synthesiser of FluidSynth with the methods of an engine."""

    def __init__(self, font: Path) -> None:
        lib = self._lib = ctypes.CDLL(LIBRARY)
        for name in ("new_fluid_settings", "new_fluid_synth"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.fluid_set_log_function(ctypes.c_int(2), None, None)  # warnings
        settings = ctypes.c_void_p(lib.new_fluid_settings())
        for name, value in (("sample-rate", RATE), ("gain", 1.0)):
            lib.fluid_settings_setnum(settings, f"synth.{name}".encode(), ctypes.c_double(value))
        for name in ("reverb", "chorus"):
            lib.fluid_settings_setint(settings, f"synth.{name}.active".encode(), 0)
        self._synth = ctypes.c_void_p(lib.new_fluid_synth(settings))
        assert lib.fluid_synth_sfload(self._synth, str(font).encode(), 1) >= 0

    def send(self, name: str, *numbers: int) -> None:
        if name == "program":  # the bank was selected by controllers
            name, numbers = "program_change", (numbers[0], numbers[2])
        elif name == "pitch_bend":
            numbers = (numbers[0], numbers[1] + 8_192)
        names = {"control": "cc", "note_on": "noteon", "pressure": "channel_pressure", "reset": "system_reset"}
        getattr(self._lib, f"fluid_synth_{names.get(name, name)}")(self._synth, *numbers)

    def process(self, n_samples: int) -> np.ndarray:
        wave = np.zeros((2, n_samples), np.float32)
        sides = (ctypes.c_void_p(side.ctypes.data) for side in wave)
        left, right = sides
        self._lib.fluid_synth_write_float(self._synth, n_samples, left, 0, 1, right, 0, 1)
        return wave


class Ours:
    """The SoundFont player, and the banks that controllers select."""

    def __init__(self, font: Path) -> None:
        self._engine = SoundFontEngine(read_soundfont(font), RATE, PlayerSettings(gain_db=0.0, reverb=0.0, chorus=0.0))
        self.process = self._engine.process

    def send(self, name: str, *numbers: int) -> None:
        getattr(self._engine, name)(*numbers)

    def row(self, channel: int) -> np.ndarray:
        return self._engine._channels[channel].row


def controls_of(rng: np.random.Generator, kind: int, number: int) -> list[tuple[int, int]]:
    """Return controllers with their values; `number` is that of the parameter that was selected last."""
    if kind <= 2:  # a registered parameter, coarse number first or last, or only one of them
        numbers = [(101, rng.choice([0, 0, 0, 0, 1, 127])), (100, rng.choice([0, 0, 1, 2, 3, 5, 127]))]
        return rng.permutation(numbers)[: rng.choice([2, 2, 2, 1])].tolist()
    if kind == 3:  # one that is not; FluidSynth reads 120 as generators of SoundFont
        return rng.permutation([(99, rng.integers(120)), (98, rng.integers(128))]).tolist()
    if (
        kind <= 5
    ):  # a range of the wheel, or a tuning, which may have a fine value: FluidSynth 2.3 has none of the wheel
        data = [(6, 64 + rng.integers(-12, 13) if number in (1, 2) else rng.integers(25))]
        return data + ([(101, 0), (100, 1), (38, rng.integers(40))] if rng.random() < 0.3 else [])
    if kind <= 7:
        return [(rng.choice([7, 7, 8, 10, 11, 11]), rng.integers(20, 108))]
    if kind == 8:
        others = [1, 2, 4, 5, 33, 39, 42, 43, 71, 74, 91, 93, 96, 97, 102]
        return [(rng.choice(others), rng.integers(128))]
    return [(rng.choice([121, 123]), 0)]


def random_events(rng: np.random.Generator, channel: int) -> list[tuple]:
    """Return messages of a channel, most of them about parameters, in any order."""
    events: list[tuple] = []
    number = 127
    for _ in range(rng.integers(1, 14)):
        kind = int(rng.integers(13))
        if kind < 10:
            controls = controls_of(rng, kind, number)
            number = next((value for controller, value in controls[::-1] if controller == 100), number)
            events += [("control", channel, int(each), int(value)) for each, value in controls]
        elif kind == 10:
            events.append(("pitch_bend", channel, int(rng.integers(-8_192, 8_192))))
        elif kind == 11:
            events.append(("pressure", channel, int(rng.integers(128))))
        else:
            bank_msb, bank_lsb, program = (int(rng.choice(each)) for each in ((0, 1, 8, 2), (0, 1, 3), (0, 5, 40, 16)))
            events += [("control", channel, 0, bank_msb), ("control", channel, 32, bank_lsb)]
            events.append(("program", channel, bank_msb << 7 | bank_lsb, program))
    return events


def measured(player, channel: int, before: list[tuple], after: list[tuple], key: int) -> tuple[float, float]:
    """Return pitch in cents and level in dB of a note after some messages, and others while it sounds."""
    player.send("reset")
    for event in (*before, ("note_on", channel, key, 100), *after):
        player.send(*event)
    player.process(N_START)
    wave = player.process(N_HELD).astype(np.float64)
    level = 10 * np.log10(np.mean(wave**2) + 1e-30)
    mono = wave[np.argmax(np.abs(wave).max(axis=1))]
    spectrum = np.fft.rfft(mono)
    spectrum[0] = 0  # an analytic signal, whose phase rises by the frequency
    analytic = np.fft.ifft(np.concatenate([2 * spectrum, np.zeros(len(mono) - len(spectrum))]))
    phase = np.unwrap(np.angle(analytic))[500:-500]
    slope = np.polyfit(np.arange(len(phase)), phase, 1)[0] / (2 * np.pi)
    return 1_200 * np.log2(max(slope * RATE, 1e-3) / HZ), level


def is_for_sounding_notes(event: tuple) -> bool:
    """False for what ends the note, or changes later ones alone: FluidSynth retunes none at controller 121."""
    return event[0] != "program" and event[2:] not in ((121, 0), (123, 0))


@pytest.mark.parametrize("n", [10_000])
def test_pitch_and_level_are_those_of_fluidsynth(tmp_path, n):
    font = bank(tmp_path / "bank.sf2")
    players = Ours(font), FluidSynth(font)
    rng = np.random.default_rng(n)
    (_, level), (_, other) = (measured(each, 0, [], [], 69) for each in players)
    offset, errors, wrong = level - other, [], []
    for _ in range(n):
        channel, key = int(rng.integers(N_CHANNELS)), int(rng.integers(57, 82))
        events = random_events(rng, channel)
        at = int(rng.integers(len(events) + 1))
        after = [each for each in events[at:] if is_for_sounding_notes(each)]
        (cents, level), (cents_there, level_there) = (
            measured(each, channel, events[:at], after, key) for each in players
        )
        # FluidSynth before 2.4 takes 128 for the full scale of the range: 12 semitones are 11.9.
        state = players[0].row(channel)
        bend = 100 * state[WHEEL_RANGE] * state[PITCH_WHEEL] / 8_192
        errors.append((abs(cents - cents_there - bend / 128), abs(level - level_there - offset)))
        if errors[-1][0] > 3 or errors[-1][1] > 1:
            wrong.append((events[:at], after, key, cents, cents_there, level - offset, level_there))
    print(f"{len(errors)} of {n}: largest differences {np.max(errors, axis=0).round(3)} cents and dB")
    assert not wrong, (len(wrong), *wrong[:2])
