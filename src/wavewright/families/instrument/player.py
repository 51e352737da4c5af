"""Notes of a score by a model: an engine for the renderer of scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ...music.engine import BEND_RANGE, N_CHANNELS, InstrumentEngine
from ...music.timbre_path import TimbrePath
from .voice import NoteVoice, VoiceSettings

MAX_VOICES = 64
VOLUME, PAN, EXPRESSION, MODULATION, SUSTAIN, TIMBRE = 7, 10, 11, 1, 64, 74
ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 120, 121, 123
DATA_MSB, DATA_LSB, RPN_LSB, RPN_MSB = 6, 38, 100, 101
NO_RPN = (127, 127)

VIBRATO_HZ, VIBRATO_CENTS = 5.5, 40.0
"""Rate of the vibrato, and its depth at the full modulation wheel."""

GAIN_SECONDS = 0.01
"""Time of a change of gain by 1."""


@dataclass
class _Channel:
    """State of a MIDI channel."""

    volume: int = 100
    pan: int = 64
    expression: int = 127
    modulation: int = 0
    sustain: bool = False
    timbre: int | None = None
    bend: int = 0
    bend_cents: float = 200.0
    rpn: tuple[int, int] = NO_RPN
    gains: np.ndarray = field(default_factory=lambda: np.zeros(2))

    def targets(self) -> np.ndarray:
        """Return the gains of both sides; constant power over the pan."""
        gain = (self.volume / 127) ** 2 * (self.expression / 127) ** 2
        angle = np.pi / 2 * np.clip((self.pan - 1) / 126, 0, 1)
        return np.array([np.cos(angle), np.sin(angle)]) * gain

    def bend_ratio(self) -> float:
        """Return the ratio of the pitch."""
        return float(2 ** (self.bend / 8192 * self.bend_cents / 1200))


@dataclass(eq=False)
class _ChannelNote:
    """A voice and its key."""

    key: int
    voice: NoteVoice
    is_held: bool = True
    """False after its note-off, even while the pedal sustains it."""


class InstrumentPlayer(InstrumentEngine):
    """Plays MIDI channels by a model.

    Controller 74 chooses a position along the path of timbres for the channel; without it, the time does.

    - ``levels``: levels ``(n, n_levels)`` of latents ``(n, latent_size)``, pitch, velocity and times ``(n,)`` after the
      onset.
    - ``paths``: the path of timbres of a program.
    - ``seed``: of phases and noise.
    """

    def __init__(
        self,
        levels: Callable[[np.ndarray, float, float, np.ndarray], np.ndarray],
        settings: VoiceSettings,
        paths: Callable[[int], TimbrePath],
        seed: int = 0,
    ) -> None:
        self.sample_rate = settings.sample_rate
        self._decode, self._paths, self._seed = levels, paths, seed
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Stop all sound and return to the state of a new engine."""
        self._channels = [_Channel() for _ in range(N_CHANNELS)]
        self._programs = [0] * N_CHANNELS
        self._notes: list[list[_ChannelNote]] = [[] for _ in range(N_CHANNELS)]
        self._n_notes = 0
        self._position = 0

    def note_on(self, channel: int, key: int, velocity: int) -> None:
        """Start a note."""
        state = self._channels[channel]
        if not self._notes[channel]:
            state.gains = state.targets()
        path = self._paths(self._programs[channel])
        levels = partial(self._levels, state, path, self._position / self.sample_rate, key, velocity)
        voice = NoteVoice(levels, self._settings, key, (self._seed, self._n_notes))
        self._n_notes += 1
        self._notes[channel].append(_ChannelNote(key, voice))
        if sum(map(len, self._notes)) > MAX_VOICES:
            self._steal()

    def _levels(
        self,
        state: _Channel,
        path: TimbrePath,
        onset_s: float,
        key: int,
        velocity: int,
        seconds: np.ndarray,
        elapsed_s: np.ndarray,
    ) -> np.ndarray:
        """Return the levels of a note at times after its onset, by the timbres that the path has then."""
        latents = path.at(onset_s + elapsed_s) if state.timbre is None else path.along(state.timbre / 127)
        return self._decode(latents, key, velocity, seconds)

    def _steal(self) -> None:
        """Remove the oldest note, a released one if there is one."""
        channels = [notes for notes in self._notes if notes]
        released = [notes for notes in channels if notes[0].voice.is_released]
        oldest = max(released or channels, key=lambda notes: notes[0].voice.seconds)
        del oldest[0]

    def note_off(self, channel: int, key: int) -> None:
        """Release the oldest held note of this key, if there is one."""
        for note in self._notes[channel]:
            if note.key == key and note.is_held:
                note.is_held = False
                if not self._channels[channel].sustain:
                    note.voice.release()
                return

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller."""
        state = self._channels[channel]
        if controller in (VOLUME, PAN, EXPRESSION, MODULATION, TIMBRE):
            names = {VOLUME: "volume", PAN: "pan", EXPRESSION: "expression", MODULATION: "modulation", TIMBRE: "timbre"}
            setattr(state, names[controller], value)
        elif controller == SUSTAIN:
            state.sustain = value >= 64
            if not state.sustain:
                self._release(channel, only_sustained=True)
        elif controller == ALL_SOUND_OFF:
            self._notes[channel].clear()
        elif controller == ALL_NOTES_OFF:
            self._release(channel)
        elif controller == RESET_CONTROLLERS:
            state.modulation, state.expression, state.bend, state.rpn, state.timbre = 0, 127, 0, NO_RPN, None
            self.control(channel, SUSTAIN, 0)
        else:
            self._parameter(state, controller, value)

    @staticmethod
    def _parameter(state: _Channel, controller: int, value: int) -> None:
        """Follow the registered parameter 0, the range of the pitch bend."""
        if controller == RPN_MSB:
            state.rpn = (value, state.rpn[1])
        elif controller == RPN_LSB:
            state.rpn = (state.rpn[0], value)
        elif state.rpn == (0, 0) and controller == DATA_MSB:
            state.bend_cents = 100.0 * value + state.bend_cents % 100
        elif state.rpn == (0, 0) and controller == DATA_LSB:
            state.bend_cents = 100.0 * (state.bend_cents // 100) + min(value, 99)

    def _release(self, channel: int, only_sustained: bool = False) -> None:
        """Release the notes of a channel; while the pedal is down it sustains them."""
        for note in self._notes[channel]:
            if not only_sustained:
                note.is_held = False
            if not note.is_held and not self._channels[channel].sustain:
                note.voice.release()

    def pitch_bend(self, channel: int, value: int) -> None:
        """Bend all notes of a channel."""
        self._channels[channel].bend = min(max(value, BEND_RANGE[0]), BEND_RANGE[1])

    def program(self, channel: int, bank: int, program: int) -> None:
        """Select the program, whose timbres the following notes have."""
        self._programs[channel] = program

    def process(self, n_samples: int) -> np.ndarray:
        """Return the next block, float32 ``(2, n_samples)``."""
        from .voice_kernels import add_with_gains

        out = np.zeros((2, n_samples))
        for state, notes in zip(self._channels, self._notes, strict=True):
            if not notes:
                continue
            vibrato = partial(_vibrato_ratio, state) if state.modulation else None
            wave = np.zeros(n_samples)
            for note in notes:
                wave += note.voice.process(n_samples, state.bend_ratio(), vibrato)
            notes[:] = [note for note in notes if not note.voice.is_over]
            add_with_gains(wave, state.gains, state.targets(), 1 / (GAIN_SECONDS * self.sample_rate), out)
        self._position += n_samples
        return out.astype(np.float32)

    def is_silent(self) -> bool:
        """Return whether all that follows is zero until the next note."""
        return not any(self._notes)


def _vibrato_ratio(state: _Channel, seconds: float) -> float:
    """Return the ratio of the pitch by the modulation wheel."""
    cents = VIBRATO_CENTS * state.modulation / 127 * np.sin(2 * np.pi * VIBRATO_HZ * seconds)
    return float(2 ** (cents / 1200))
