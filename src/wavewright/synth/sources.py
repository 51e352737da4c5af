"""Sources of sound: what the voices of a patch begin with, before filter and level, but for oscillators."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from .controls import CONTROL_SAMPLES, DECAY_NEPERS, Segments, VoiceState, envelope_settings
from .fm_algorithms import ALGORITHMS
from .formula import parse_formula
from .patch import N_OPERATORS, DrumTable, FMTable, GrainTable, ModalTable, OperatorTable, StringTable
from .spectra import harmonic_spectrum, make_wavetables


class VoiceSource(ABC):
    """Sound of the voices of a patch."""

    n_channels: int = 1  # 1, or 2 where a voice is stereo
    _rows: tuple[np.ndarray, ...]  # arrays with a row for each voice

    @abstractmethod
    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Begin a note in a voice and return its longest duration in samples, infinite while it is held."""

    def move(self, voice: int, target: int) -> None:
        """Move the state of a voice to another row."""
        for array in self._rows:
            array[target] = array[voice]

    @abstractmethod
    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs ``(channels, voices, time)`` float32 of the first voices."""


MIDDLE_KEY = 60.0


class FMSource(VoiceSource):
    """The operators of a patch.

    Operators that the patch leaves out are silent. A loop over several operators feeds its target with the target's own
    outputs.
    """

    def __init__(self, settings: FMTable, n_voices: int, sample_rate: int) -> None:
        from .source_kernels import OperatorBank  # numba is slow to import

        algorithm = ALGORITHMS[settings.algorithm - 1]
        self._operators = settings.operators
        self._sample_rate = float(sample_rate)
        carriers = np.zeros(N_OPERATORS)
        carriers[[number - 1 for number in algorithm.carriers]] = 1.0
        pitches, envelopes = np.zeros((N_OPERATORS, 2)), np.zeros((N_OPERATORS, 5))
        for number, operator in enumerate(settings.operators):
            if operator.fixed_hz is None:
                pitches[number, 0] = operator.ratio * 2.0 ** (operator.cents / 1_200.0)
            else:
                pitches[number, 1] = operator.fixed_hz / sample_rate
            envelopes[number] = envelope_settings(operator.envelope, sample_rate)
        self._bank = bank = OperatorBank(
            modulators=algorithm.matrix(),
            carriers=carriers,
            loop=np.array([number - 1 for number in algorithm.feedback], np.int64),
            feedback=np.array([settings.feedback / (2.0 * math.pi)]),
            pitches=pitches,
            envelopes=envelopes,
            levels=np.zeros((n_voices, N_OPERATORS)),
            phases=np.zeros((n_voices, N_OPERATORS), np.int64),
            stages=np.zeros((n_voices, N_OPERATORS), np.int64),
            held=np.zeros((n_voices, N_OPERATORS)),
            ends=np.zeros((n_voices, 2, N_OPERATORS)),
            positions=np.zeros(n_voices, np.int64),
            history=np.zeros((n_voices, 2)),
            memory=np.zeros((N_OPERATORS + 1, CONTROL_SAMPLES)),
        )
        self._rows = bank.levels, bank.phases, bank.stages, bank.held, bank.ends, bank.positions, bank.history

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Start the envelopes, see :meth:`VoiceSource.start`."""
        bank = self._bank
        for array in (bank.phases, bank.stages, bank.held, bank.ends, bank.positions, bank.history):
            array[voice] = 0
        bank.ends[voice] = bank.envelopes[:, 0] >= 1.0  # without an attack
        bank.levels[voice, : len(self._operators)] = [_level(each, key, velocity) for each in self._operators]
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`VoiceSource.render`."""
        from .source_kernels import render_operators

        render_operators(self._bank, state.stages, segments, n_segments, self._sample_rate, output)


def _level(operator: OperatorTable, key: float, velocity: float) -> float:
    """Return the level of an operator for a key and a velocity."""
    scaling = 10.0 ** (operator.key_scaling_db * (key - MIDDLE_KEY) / 12.0 / 20.0)
    return float(operator.level * min(scaling, 16.0) * (1.0 - operator.velocity * (1.0 - velocity)))


LOWEST_HZ = 12.0
STRING_REFERENCE_KEY = 57.0
LARGEST_GAIN = 0.99995
STRING_SILENT_DECAYS = 2.0
"""Times to -60 dB after which a string is silent."""

STROKE_RMS = 0.25


class StringSource(VoiceSource):
    """Strings: a delay line in a loop with losses, filled by a stroke."""

    def __init__(self, settings: StringTable, n_voices: int, sample_rate: int) -> None:
        from .source_kernels import StringBank  # numba is slow to import

        self._settings = settings
        self._sample_rate = float(sample_rate)
        length = 1 << math.ceil(math.log2(sample_rate / LOWEST_HZ + 8))
        self._bank = StringBank(
            lines=np.zeros((n_voices, length), np.float32),
            heads=np.zeros(n_voices, np.int64),
            loops=np.zeros((n_voices, 3)),
            filters=np.zeros((n_voices, 2)),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = tuple(self._bank)

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Pluck a string, see :meth:`VoiceSource.start`."""
        bank, settings = self._bank, self._settings
        frequency = max(LOWEST_HZ, 440.0 * 2.0 ** ((key - 69.0) / 12.0))
        decay_s = settings.decay_s * 2.0 ** (-settings.key_scaling * (key - STRING_REFERENCE_KEY) / 12.0)
        pole = 0.9 * settings.damping**1.5 * math.exp(-frequency / self._sample_rate)
        angle = 2.0 * math.pi * frequency / self._sample_rate
        magnitude = (1.0 - pole) / math.sqrt(1.0 - 2.0 * pole * math.cos(angle) + pole * pole)
        gain = min(LARGEST_GAIN, 10.0 ** (-3.0 / (decay_s * frequency)) / magnitude)
        is_bowed = settings.stroke == "bow"
        bank.loops[voice] = gain, pole, 3.0 * math.sqrt(1.0 - gain) if is_bowed else 0.0
        bank.heads[voice] = bank.counts[voice] = 0
        bank.filters[voice] = 0.0
        bank.seeds[voice] = seed
        bank.lines[voice] = 0.0
        if is_bowed:
            return math.inf
        stroke = self._stroke(frequency, velocity, seed)
        bank.lines[voice, -len(stroke) :] = stroke
        return float(STRING_SILENT_DECAYS * decay_s * self._sample_rate)

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`VoiceSource.render`."""
        from .source_kernels import render_strings

        render_strings(self._bank, state.stages, segments, n_segments, self._sample_rate, output)

    def _stroke(self, frequency: float, velocity: float, seed: int) -> np.ndarray:
        """Return the displacement: noise of one period, darker for soft notes, shaped by the position of the stroke."""
        n = math.ceil(self._sample_rate / frequency) + 4
        spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
        numbers = np.arange(len(spectrum))
        brightness = self._settings.brightness_hz * (0.3 + 0.7 * velocity)
        spectrum *= np.sin(np.pi * numbers * self._settings.position) / (1.0 + (numbers * frequency / brightness) ** 2)
        spectrum[0] = 0.0
        wave = np.fft.irfft(spectrum, n)
        return STROKE_RMS * wave / max(1e-9, math.sqrt(float(np.square(wave).mean())))


MODAL_REFERENCE_KEY = 60.0
MODAL_SILENT_DECAYS = 1.5


class ModalSource(VoiceSource):
    """The modes of a patch."""

    def __init__(self, settings: ModalTable, n_voices: int, sample_rate: int) -> None:
        from .source_kernels import ModeBank  # numba is slow to import

        self._settings = settings
        self._sample_rate = float(sample_rate)
        self._decays_s = np.array([mode.decay_s for mode in settings.modes])
        self._levels = np.array([mode.level for mode in settings.modes])
        n = len(settings.modes)
        self._bank = ModeBank(
            ratios=np.array([mode.ratio for mode in settings.modes]),
            decays=np.zeros((n_voices, n)),
            states=np.zeros((n_voices, 2, n)),
            rotations=np.zeros((n_voices, 2, n)),
            pitches=np.zeros(n_voices),
            noise=np.zeros((n_voices, 2)),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = tuple(self._bank)[1:]

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Strike, see :meth:`VoiceSource.start`; a soft stroke excites fewer high modes."""
        bank, settings = self._bank, self._settings
        frequencies = 440.0 * 2.0 ** ((key - 69.0) / 12.0) * bank.ratios
        hardness = settings.hardness_hz * (0.25 + 0.75 * velocity)
        amplitudes = self._levels / (1.0 + (frequencies / hardness) ** 2)
        decays_s = self._decays_s * 2.0 ** (-settings.key_scaling * (key - MODAL_REFERENCE_KEY) / 12.0)
        bank.decays[voice] = np.exp(-DECAY_NEPERS / (decays_s * self._sample_rate))
        bank.states[voice, 0] = 0.0
        bank.states[voice, 1] = np.where(frequencies < 0.49 * self._sample_rate, amplitudes, 0.0)
        bank.pitches[voice] = math.nan
        bank.noise[voice] = settings.noise, math.exp(-DECAY_NEPERS / (settings.noise_s * self._sample_rate))
        bank.seeds[voice] = seed
        bank.counts[voice] = 0
        return MODAL_SILENT_DECAYS * float(decays_s.max()) * self._sample_rate

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`VoiceSource.render`."""
        from .source_kernels import render_modes

        render_modes(self._bank, segments, n_segments, self._sample_rate, output)


MAX_GRAINS = 24


class GrainSource(VoiceSource):
    """The grains of a patch: a modulation of ``morph`` by 1 makes them four times as dense."""

    n_channels = 2

    def __init__(self, settings: GrainTable, n_voices: int, sample_rate: int) -> None:
        from .source_kernels import GrainBank  # numba is slow to import

        self._sample_rate = float(sample_rate)
        tables = make_wavetables([harmonic_spectrum(settings.harmonics)])
        length = max(2.0, round(settings.length_s * sample_rate))
        cloud = (sample_rate / settings.density_hz, length, settings.pitch_jitter_cents / 100.0, settings.spread)
        self._bank = bank = GrainBank(
            cloud=np.array(cloud),
            chord=np.array(settings.chord, np.float64),
            samples=tables.samples,
            offsets=tables.offsets[0],
            shifts=tables.shifts,
            level_of=tables.level_of,
            grains=np.full((n_voices, MAX_GRAINS, 4), 2**40, np.int64),
            gains=np.zeros((n_voices, MAX_GRAINS, 2)),
            waits=np.zeros(n_voices),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = bank.grains, bank.gains, bank.waits, bank.seeds, bank.counts

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Start a cloud, see :meth:`VoiceSource.start`."""
        bank = self._bank
        bank.grains[voice] = 2**40
        bank.waits[voice] = 0.0
        bank.counts[voice] = 0
        bank.seeds[voice] = seed
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`VoiceSource.render`."""
        from .source_kernels import render_grains

        render_grains(self._bank, segments, n_segments, self._sample_rate, output)


OVERSAMPLING = 8
HALF_TAPS = 24 * OVERSAMPLING
BLOCK = 256
"""Samples that are computed at once, so that the lengths of the engine's blocks change no bit."""


class FormulaSource(VoiceSource):
    """A formula of time and frequency; a note keeps the frequency that it begins with.

    - ``text``: see :mod:`.formula`.
    """

    def __init__(self, text: str, n_voices: int, sample_rate: int) -> None:
        self._formula = parse_formula(text)
        self._sample_rate = sample_rate
        self._taps = decimation_filter()
        self._frequencies = np.zeros(n_voices)
        self._counts = np.zeros(n_voices, np.int64)
        self._blocks = np.zeros((n_voices, BLOCK), np.float32)
        self._rows = self._frequencies, self._counts, self._blocks

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Start at time 0, see :meth:`VoiceSource.start`."""
        self._frequencies[voice] = 440.0 * 2.0 ** ((key - 69.0) / 12.0)
        self._counts[voice] = 0
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`VoiceSource.render`."""
        n_samples = output.shape[2]
        for voice in range(output.shape[1]):
            done = 0
            while done < n_samples:
                first = int(self._counts[voice]) % BLOCK
                if first == 0:
                    self._blocks[voice] = self._block(voice)
                n = min(BLOCK - first, n_samples - done)
                output[0, voice, done : done + n] = self._blocks[voice, first : first + n]
                self._counts[voice] += n
                done += n

    def _block(self, voice: int) -> np.ndarray:
        """Return the next block of a voice, low-pass filtered and decimated."""
        from scipy.signal import upfirdn  # slow to import

        start = int(self._counts[voice]) * OVERSAMPLING
        numbers = np.arange(start - HALF_TAPS, start + BLOCK * OVERSAMPLING + HALF_TAPS)
        times = np.maximum(numbers, 0) / (OVERSAMPLING * self._sample_rate)
        wave = np.where(numbers < 0, 0.0, self._formula(times, float(self._frequencies[voice])))
        filtered = upfirdn(self._taps, wave, 1, OVERSAMPLING)
        skipped = 2 * HALF_TAPS // OVERSAMPLING
        return np.asarray(filtered[skipped : skipped + BLOCK], np.float32)


def decimation_filter() -> np.ndarray:
    """Return the low-pass filter before the decimation, ``(1 + 2 * HALF_TAPS,)``, 0.42 of the sample rate wide."""
    positions = np.arange(-HALF_TAPS, HALF_TAPS + 1)
    taps = np.sinc(0.92 * positions / OVERSAMPLING) * np.kaiser(len(positions), 10.0)
    normalised: np.ndarray = taps / taps.sum()
    return normalised


CLICK_S = 0.004
BURST_NEPERS = 3.0
DRUM_SILENT_DECAYS = 1.5
NOISE_KINDS = ("band-pass", "high-pass", "low-pass")


class DrumSource(VoiceSource):
    """The drums of a kit; keys without a drum are silent."""

    n_channels = 2

    def __init__(self, drums: Sequence[DrumTable], n_voices: int, sample_rate: int) -> None:
        from .drum_kernels import N_PHASES, N_SETTINGS, DrumBank  # numba is slow to import

        self._sample_rate = float(sample_rate)
        self._drums = {drum.key: drum for drum in drums}
        self._bank = DrumBank(
            settings=np.zeros((n_voices, N_SETTINGS)),
            phases=np.zeros((n_voices, N_PHASES)),
            envelopes=np.zeros((n_voices, 5)),
            filters=np.zeros((n_voices, 2)),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = tuple(self._bank)

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Strike the drum of a key, see :meth:`VoiceSource.start`."""
        bank = self._bank
        drum = self._drums.get(round(key))
        if drum is None:
            bank.settings[voice] = 0.0
            return 0.0
        bank.settings[voice] = _settings_of(drum, self._sample_rate)
        bank.phases[voice] = 0.0
        bank.phases[voice, 2:] = np.random.default_rng(seed).random(bank.phases.shape[1] - 2)
        bank.envelopes[voice] = 1.0
        bank.filters[voice] = 0.0
        bank.seeds[voice] = seed
        bank.counts[voice] = 0
        decays = {drum.tone_decay_s: drum.tone_level + drum.overtone_level, drum.metal_decay_s: drum.metal_level}
        decays |= {drum.noise_decay_s: drum.noise_level, CLICK_S: 1.0}
        longest = max(seconds for seconds, level in decays.items() if level > 0)
        return (DRUM_SILENT_DECAYS * longest + drum.bursts * drum.burst_s) * self._sample_rate

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`VoiceSource.render`."""
        from .drum_kernels import render_drums

        render_drums(self._bank, segments, n_segments, output)


def _settings_of(drum: DrumTable, sample_rate: float) -> np.ndarray:
    """Return the settings of a drum for the compiled loop, see :mod:`.drum_kernels`."""

    def factor(seconds: float, nepers: float = DECAY_NEPERS) -> float:
        return math.exp(-nepers / max(1.0, seconds * sample_rate))

    burst = max(1, round(drum.burst_s * sample_rate))
    angle = (drum.pan + 1.0) * math.pi / 4.0
    return np.array(
        [
            *(drum.tone_hz / sample_rate, drum.tone_level),
            *(2.0 ** (drum.sweep_semitones / 12.0) - 1.0, factor(drum.sweep_s, BURST_NEPERS)),
            *(factor(drum.tone_decay_s), drum.overtone_ratio, drum.overtone_level),
            *(drum.metal_hz / sample_rate, drum.metal_level, factor(drum.metal_decay_s)),
            *(drum.noise_level, factor(drum.noise_decay_s)),
            *(math.tan(math.pi * min(drum.noise_hz / sample_rate, 0.47)), 1.0 / drum.noise_q),
            NOISE_KINDS.index(drum.noise_kind),
            *(burst, burst * (drum.bursts - 1), factor(drum.burst_s, BURST_NEPERS)),
            *(drum.click_level, factor(CLICK_S)),
            1.0 / max(1.0, drum.attack_s * sample_rate),
            10.0 ** (drum.drive_db / 20.0) if drum.drive_db else 0.0,
            *(drum.level, math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)),
        ]
    )
