"""Oscillators as a source of sound: waves, pulses and noise, each with detuned copies in stereo."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .controls import Segments, VoiceState
from .patch import NOISE_COLOURS, OscillatorTable
from .sources import VoiceSource
from .spectra import CLASSIC_WAVES, MAX_HARMONICS, harmonic_spectrum, period_spectrum
from .waves import formula_spectrum
from .wavetables import Wavetables, classic_morph, classic_tables, make_wavetables

GOLDEN_RATIO = 0.6180339887498949


class OscillatorSource(VoiceSource):
    """The oscillators of a patch."""

    def __init__(self, oscillators: Sequence[OscillatorTable], n_voices: int, sample_rate: int) -> None:
        from .noise_kernels import N_NOISE_STATES  # numba is slow to import
        from .oscillator_kernels import NOISE, PULSE, TABLE, OscillatorBank

        self._oscillators = tuple(oscillators)
        self._sample_rate = float(sample_rate)
        is_stereo = any(each.pan or (each.spread and (each.unison > 1 or each.is_noise)) for each in oscillators)
        self.n_channels = 2 if is_stereo else 1
        tables = [_tables_of(each) for each in oscillators]
        n, n_copies = len(tables), max(1 if each.is_noise else each.unison for each in oscillators)
        n_levels = max(len(each.shifts) for each in tables)
        bank = OscillatorBank(
            kinds=np.zeros((n, 2), np.int64),
            pitches=np.array([(each.key_tracking, each.semitones + each.cents / 100.0) for each in oscillators]),
            shapes=np.array([(each.width, each.morph) for each in oscillators], np.float64),
            ratios=np.ones((n, n_copies)),
            gains=np.zeros((n, n_copies, self.n_channels)),
            samples=np.concatenate([each.samples for each in tables]),
            offsets=np.zeros((sum(each.n_frames for each in tables), n_levels), np.int64),
            tables=np.zeros((n, 2), np.int64),
            shifts=np.zeros((n, n_levels), np.int64),
            level_of=np.zeros((n, 1 + MAX_HARMONICS), np.int64),
            n_harmonics=np.array([len(each.level_of) - 1 for each in tables], np.int64),
            phases=np.zeros((n_voices, n, n_copies), np.int64),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
            noise=np.zeros((n_voices, n, self.n_channels, N_NOISE_STATES)),
        )
        row = point = 0
        for number, (each, table) in enumerate(zip(oscillators, tables, strict=True)):
            levels = slice(0, len(table.shifts))
            bank.offsets[row : row + table.n_frames, levels] = table.offsets + point
            bank.tables[number] = row, table.n_frames
            bank.shifts[number, levels] = table.shifts
            bank.level_of[number, : len(table.level_of)] = table.level_of
            row, point = row + table.n_frames, point + len(table.samples)
            if each.is_noise:
                bank.kinds[number] = NOISE, NOISE_COLOURS.index(each.wave)
                bank.gains[number, 0] = each.level * _pan_gains(each.pan, self.n_channels)
            else:
                bank.kinds[number] = PULSE if each.wave == "pulse" else TABLE, each.unison
                bank.ratios[number, : each.unison], bank.gains[number, : each.unison] = _copies(each, self.n_channels)
        self._bank = bank
        self._rows = bank.phases, bank.seeds, bank.counts, bank.noise

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Set the phases, see :meth:`.sources.VoiceSource.start`."""
        bank, rng = self._bank, np.random.default_rng(seed)
        bank.seeds[voice] = seed * 64
        bank.counts[voice] = 0
        bank.noise[voice] = 0.0
        for number, each in enumerate(self._oscillators):
            n_copies = bank.phases.shape[2]
            phases = rng.random((1, n_copies))[0]
            if not isinstance(each.phase, str):  # copies at one phase would begin with a peak
                phases = np.array([(each.phase + GOLDEN_RATIO * copy) % 1.0 for copy in range(n_copies)])
            bank.phases[voice, number] = np.floor(phases * 2.0**32)
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.sources.VoiceSource.render`."""
        from .oscillator_kernels import render_oscillators

        render_oscillators(self._bank, segments, n_segments, self._sample_rate, output)


def _tables_of(oscillator: OscillatorTable) -> Wavetables:
    if oscillator.wave == "harmonics" and oscillator.harmonics is not None:
        return make_wavetables([harmonic_spectrum(oscillator.harmonics)])
    if oscillator.formula is not None:
        return make_wavetables([formula_spectrum(oscillator.formula)])
    if oscillator.period is not None:
        return make_wavetables([period_spectrum(np.array(oscillator.period))])
    if oscillator.wave == "table":
        if oscillator.frames:
            return make_wavetables([harmonic_spectrum(frame) for frame in oscillator.frames])
        return classic_morph()
    return classic_tables(oscillator.wave if oscillator.wave in CLASSIC_WAVES else "saw")


def _copies(oscillator: OscillatorTable, n_channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the frequency ratios ``(copies,)``, rising, and the gains ``(copies, channels)`` of detuned copies."""
    n = oscillator.unison
    positions = np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1)
    ratios = 2.0 ** (0.5 * oscillator.detune_cents * positions / 1_200.0)
    sides = positions * np.where(np.arange(n) % 2, 1.0, -1.0)  # neighbours in pitch lie on opposite sides
    pans = np.clip(oscillator.pan + oscillator.spread * sides, -1.0, 1.0)
    gains = np.array([_pan_gains(pan, n_channels) for pan in pans])
    return ratios, oscillator.level * gains / math.sqrt(n)


def _pan_gains(pan: float, n_channels: int) -> np.ndarray:
    """Return gains of constant power, 1 in the middle."""
    if n_channels == 1:
        return np.ones(1)
    angle = (pan + 1.0) * math.pi / 4.0
    return math.sqrt(2.0) * np.array([math.cos(angle), math.sin(angle)])
