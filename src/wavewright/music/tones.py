"""A simple instrument without samples: sixteen timbres of additive tones, and drums of tones and noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .engine import BEND_RANGE, DRUM_CHANNEL, N_CHANNELS, InstrumentEngine

N_VOICES = 96
TABLE_SIZE = 1_024
N_PARTIALS = 64
N_OCTAVES = 11
LEVEL = 0.3
VIBRATO_HZ = 5.5
MAX_VIBRATO = 0.02
SMOOTHING_SECONDS = 0.005
DEFAULT_VOLUME, CENTRE, FULL = 100, 64, 127
HIGHEST_PARTIAL_HZ = 18_000.0
FADED = 0.05
"""Level to which tones fall in their times of decay and release: -26 dB."""

MODULATION, VOLUME, PAN, EXPRESSION, SUSTAIN = 1, 7, 10, 11, 64
DATA_MSB, DATA_LSB, RPN_LSB, RPN_MSB = 6, 38, 100, 101
ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 120, 121, 123


@dataclass(frozen=True)
class Timbre:
    """Tones of a family of instruments.

    Attributes
    ----------
    partials : tuple of float
        Amplitudes from the first on; of more, each continues at ``slope`` times the one before.
    slope : float
    attack_s, decay_s, release_s : float
    sustain : float
        Level after the decay, 0 to 1.
    """

    partials: tuple[float, ...]
    slope: float
    attack_s: float
    decay_s: float
    sustain: float
    release_s: float


FAMILIES = (
    Timbre((1, 0.6, 0.35, 0.22, 0.12), 0.6, 0.002, 2.5, 0.0, 0.25),  # pianos
    Timbre((1, 0.05, 0.02, 0.35, 0.02, 0.1), 0.3, 0.001, 1.6, 0.0, 0.8),  # chromatic percussion
    Timbre((1, 0.7, 0.5, 0.45, 0.05, 0.25, 0.05, 0.25), 0.2, 0.008, 0.2, 0.9, 0.06),  # organs
    Timbre((1, 0.7, 0.5, 0.3, 0.25, 0.15), 0.7, 0.002, 1.4, 0.0, 0.2),  # guitars
    Timbre((1, 0.6, 0.35, 0.15), 0.55, 0.004, 2.0, 0.15, 0.12),  # basses
    Timbre((1, 0.6, 0.45, 0.35, 0.28, 0.2), 0.8, 0.08, 0.5, 0.85, 0.25),  # strings
    Timbre((1, 0.55, 0.4, 0.3, 0.2), 0.75, 0.09, 0.5, 0.85, 0.35),  # ensembles
    Timbre((1, 0.9, 0.75, 0.55, 0.4, 0.3), 0.75, 0.03, 0.3, 0.8, 0.12),  # brass
    Timbre((1, 0.15, 0.6, 0.12, 0.35, 0.1), 0.7, 0.025, 0.3, 0.85, 0.1),  # reeds
    Timbre((1, 0.25, 0.08, 0.03), 0.4, 0.04, 0.3, 0.9, 0.12),  # pipes
    Timbre((1, 0.5, 0.333, 0.25, 0.2), 0.84, 0.005, 0.4, 0.75, 0.12),  # leads
    Timbre((1, 0.4, 0.3, 0.12, 0.1), 0.6, 0.25, 1.0, 0.8, 0.7),  # pads
    Timbre((1, 0.1, 0.4, 0.1, 0.2), 0.5, 0.15, 2.0, 0.5, 0.8),  # effects
    Timbre((1, 0.8, 0.5, 0.4, 0.25), 0.65, 0.002, 1.0, 0.0, 0.2),  # plucked instruments of the world
    Timbre((1, 0.1, 0.05, 0.2), 0.3, 0.001, 0.5, 0.0, 0.4),  # tuned percussion
    Timbre((1, 0.3, 0.2), 0.5, 0.02, 1.0, 0.3, 0.3),  # noises
)
"""Timbres of the programmes of General MIDI, eight of them each."""


@dataclass(frozen=True)
class Drum:
    """A drum: a falling tone and high-passed noise.

    Attributes
    ----------
    start_hz, end_hz : float
        Frequencies of the tone.
    tone, noise : float
        Amplitudes.
    noise_hz : float
        Frequency of the high pass of the noise.
    decay_s : float
    """

    start_hz: float
    end_hz: float
    tone: float
    noise: float
    noise_hz: float
    decay_s: float


KICK = Drum(170, 48, 1.6, 0.08, 3_000, 0.35)
SNARE = Drum(230, 180, 0.6, 0.7, 1_200, 0.22)
STICK = Drum(900, 800, 0.5, 0.3, 2_500, 0.06)
CLAP = Drum(400, 400, 0.0, 0.9, 900, 0.2)
CLOSED_HAT = Drum(400, 400, 0.0, 0.45, 6_500, 0.08)
OPEN_HAT = Drum(400, 400, 0.0, 0.45, 6_000, 0.5)
CRASH = Drum(400, 400, 0.0, 0.5, 4_000, 1.6)
RIDE = Drum(5_200, 5_200, 0.06, 0.3, 6_000, 1.0)
COWBELL = Drum(560, 560, 0.7, 0.02, 3_000, 0.25)
SHAKER = Drum(400, 400, 0.0, 0.3, 5_000, 0.12)
DRUMS = {
    **dict.fromkeys((35, 36), KICK),
    **dict.fromkeys((38, 40), SNARE),
    **dict.fromkeys((37, 31, 75, 76, 77), STICK),
    39: CLAP,
    **dict.fromkeys((42, 44), CLOSED_HAT),
    46: OPEN_HAT,
    **dict.fromkeys((49, 52, 55, 57), CRASH),
    **dict.fromkeys((51, 53, 59), RIDE),
    56: COWBELL,
    **dict.fromkeys((54, 69, 70, 82), SHAKER),
    **{key: Drum(hz * 1.4, hz, 1.2, 0.12, 2_000, 0.45) for key, hz in ((41, 80), (43, 95), (45, 115), (47, 135))},
    **{key: Drum(hz * 1.4, hz, 1.2, 0.12, 2_000, 0.35) for key, hz in ((48, 160), (50, 190))},
}
"""Drums of General MIDI; the others are high toms."""


class ToneEngine(InstrumentEngine):
    """General MIDI without samples.

    Parameters
    ----------
    sample_rate : int, in Hz
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._tables = _tables(sample_rate)
        self._smoothing = 1 - np.exp(-1 / (SMOOTHING_SECONDS * sample_rate))
        self.reset()

    def reset(self) -> None:
        """Stop all sound and return to the state of a new engine."""
        from .tone_kernels import N_FIELDS  # numba is slow to import

        self._voices = np.zeros((N_VOICES, N_FIELDS))
        self._clock = np.array([0.25, 1.0])
        self._n_started = 0
        self._programs = np.zeros(N_CHANNELS, np.int64)
        self._controls = np.zeros((N_CHANNELS, 128), np.int64)
        self._bends = np.zeros(N_CHANNELS)
        self._bend_ranges = np.full(N_CHANNELS, 2.0)
        self._targets = np.zeros((N_CHANNELS, 5))
        for channel in range(N_CHANNELS):
            self._controls[channel, [VOLUME, PAN]] = DEFAULT_VOLUME, CENTRE
            self._reset_controllers(channel)
        self._channels = self._targets.copy()

    def _reset_controllers(self, channel: int) -> None:
        self._controls[channel, [MODULATION, EXPRESSION, SUSTAIN]] = 0, FULL, 0
        self._controls[channel, [RPN_LSB, RPN_MSB]] = FULL
        self._bends[channel] = 0
        self._update(channel)

    def _update(self, channel: int) -> None:
        """Compute what the controllers of a channel mean."""
        controls = self._controls[channel]
        angle = np.clip((controls[PAN] - 1) / 126, 0, 1) * np.pi / 2
        self._targets[channel] = (
            2 ** (self._bends[channel] * self._bend_ranges[channel] / 12),
            (controls[VOLUME] * controls[EXPRESSION] / FULL**2) ** 2,
            np.cos(angle),
            np.sin(angle),
            controls[MODULATION] / FULL * MAX_VIBRATO,
        )

    def note_on(self, channel: int, key: int, velocity: int) -> None:
        """Start a note, see :meth:`.engine.InstrumentEngine.note_on`."""
        from . import tone_kernels as k

        voice = self._voices[self._free_voice()]
        voice[:] = 0
        voice[[k.ACTIVE, k.CHANNEL, k.KEY, k.HELD, k.AGE]] = 1, channel, key, 1, self._n_started
        voice[k.GAIN] = LEVEL * (velocity / FULL) ** 2
        self._n_started += 1
        if channel == DRUM_CHANNEL:
            self._start_drum(voice, DRUMS.get(key, DRUMS[50]))
        else:
            self._start_tone(voice, int(self._programs[channel]) // 8, key)

    def _start_tone(self, voice: np.ndarray, family: int, key: int) -> None:
        from . import tone_kernels as k

        timbre = FAMILIES[family]
        frequency_hz = 440 * 2 ** ((key - 69) / 12)
        decay_s = timbre.decay_s * 2 ** ((60 - key) / 24)
        voice[k.TIMBRE] = family * N_OCTAVES + key // 12
        voice[[k.STEP, k.STEP_END]] = frequency_hz / self.sample_rate
        voice[k.TONE], voice[k.COLOUR] = 1, 1
        voice[k.ATTACK] = 1 / max(1.0, timbre.attack_s * self.sample_rate)
        voice[k.DECAY], voice[k.RELEASE] = self._ratio(decay_s), self._ratio(timbre.release_s)
        voice[k.SUSTAIN] = timbre.sustain

    def _start_drum(self, voice: np.ndarray, drum: Drum) -> None:
        from . import tone_kernels as k

        voice[k.TIMBRE] = len(FAMILIES) * N_OCTAVES
        voice[k.STEP], voice[k.STEP_END] = drum.start_hz / self.sample_rate, drum.end_hz / self.sample_rate
        voice[k.STEP_RATIO] = self._ratio(0.06)
        voice[k.TONE], voice[k.NOISE] = drum.tone, drum.noise
        voice[k.COLOUR] = 1 - np.exp(-2 * np.pi * drum.noise_hz / self.sample_rate)
        voice[k.ATTACK] = 1 / max(1.0, 0.001 * self.sample_rate)
        voice[k.DECAY] = voice[k.RELEASE] = self._ratio(drum.decay_s)

    def _ratio(self, seconds: float) -> float:
        """Return what is left after a sample of a level that falls to FADED in this time."""
        return float(FADED ** (1 / (seconds * self.sample_rate)))

    def _free_voice(self) -> int:
        """Return the index of a voice that is free, or else of the quietest."""
        from . import tone_kernels as k

        is_free = self._voices[:, k.ACTIVE] == 0
        if is_free.any():
            return int(np.argmax(is_free))
        return int(
            np.argmin(self._voices[:, k.LEVEL] * self._voices[:, k.GAIN] + (self._voices[:, k.STAGE] == k.ATTACKING))
        )

    def note_off(self, channel: int, key: int) -> None:
        """Release the oldest held note of this key."""
        from . import tone_kernels as k

        if channel == DRUM_CHANNEL:
            return
        voices = self._voices
        is_held = (voices[:, k.ACTIVE] > 0) & (voices[:, k.HELD] > 0)
        is_held &= (voices[:, k.CHANNEL] == channel) & (voices[:, k.KEY] == key)
        if not is_held.any():
            return
        oldest = int(np.argmin(np.where(is_held, voices[:, k.AGE], np.inf)))
        voices[oldest, k.HELD] = 0
        if self._controls[channel, SUSTAIN] >= CENTRE:
            voices[oldest, k.PEDAL] = 1
        else:
            voices[oldest, k.STAGE] = k.RELEASED

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller, see :meth:`.engine.InstrumentEngine.control`."""
        from . import tone_kernels as k

        self._controls[channel, controller] = value
        is_own = (self._voices[:, k.CHANNEL] == channel) & (channel != DRUM_CHANNEL)
        if controller == ALL_SOUND_OFF:
            self._voices[self._voices[:, k.CHANNEL] == channel, k.ACTIVE] = 0
        elif controller == ALL_NOTES_OFF:
            self._voices[is_own & (self._voices[:, k.HELD] > 0), k.STAGE] = k.RELEASED
            self._voices[is_own, k.HELD] = 0
        elif controller == RESET_CONTROLLERS:
            self._reset_controllers(channel)
        elif controller in (DATA_MSB, DATA_LSB) and not self._controls[channel, [RPN_LSB, RPN_MSB]].any():
            self._bend_ranges[channel] = self._controls[channel, DATA_MSB] + self._controls[channel, DATA_LSB] / 100
        if controller in (SUSTAIN, RESET_CONTROLLERS) and self._controls[channel, SUSTAIN] < CENTRE:
            self._voices[is_own & (self._voices[:, k.PEDAL] > 0), k.STAGE] = k.RELEASED
            self._voices[is_own, k.PEDAL] = 0
        self._update(channel)

    def pitch_bend(self, channel: int, value: int) -> None:
        """Bend all notes of a channel."""
        self._bends[channel] = value / -BEND_RANGE[0]
        self._update(channel)

    def program(self, channel: int, bank: int, program: int) -> None:
        """Select the instrument for the notes that follow; all banks are alike."""
        self._programs[channel] = program

    def process(self, n_samples: int) -> np.ndarray:
        """Return the next block, float32 ``(2, n_samples)``."""
        from .tone_kernels import add_voices

        output = np.zeros((2, n_samples), np.float32)
        step = VIBRATO_HZ / self.sample_rate
        add_voices(
            output, self._tables, self._voices, self._channels, self._targets, self._smoothing, self._clock, step
        )
        return output

    def is_silent(self) -> bool:
        """Return True if no voice is active."""
        return not self._voices[:, 0].any()


@cache
def _tables(sample_rate: int) -> np.ndarray:
    """Return a period of each family in each octave, without partials above half the sample rate, and of a sine."""
    highest_hz = min(HIGHEST_PARTIAL_HZ, 0.45 * sample_rate)
    tables = np.zeros((len(FAMILIES) * N_OCTAVES + 1, TABLE_SIZE + 1))
    phase = 2 * np.pi * np.arange(TABLE_SIZE + 1) / TABLE_SIZE
    tables[-1] = np.sin(phase)
    sines = np.sin(phase * np.arange(1, N_PARTIALS + 1)[:, None])
    for family, timbre in enumerate(FAMILIES):
        head = np.array(timbre.partials)
        amplitudes = np.concatenate([head, head[-1] * timbre.slope ** np.arange(1, N_PARTIALS + 1 - len(head))])
        amplitudes /= np.sqrt((amplitudes**2).sum())
        for octave in range(N_OCTAVES):
            n_partials = int(highest_hz / (440 * 2 ** ((12 * octave + 11 - 69) / 12)))
            tables[family * N_OCTAVES + octave] = amplitudes[:n_partials] @ sines[:n_partials]
    return tables
