"""Notes of a score by a model: an engine for the renderer of scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...music.engine import N_CHANNELS, InstrumentEngine
from ...music.midi_channel import NOTES_OFF, SOUND_OFF, MidiChannel
from ...music.timbre_path import TimbrePath
from .voice import NoteVoice, VoiceSettings

MAX_VOICES = 64
TIMBRE = 74

VIBRATO_HZ, VIBRATO_CENTS = 5.5, 40.0
"""Rate of the vibrato, and its depth at the full modulation wheel."""

GAIN_SECONDS = 0.01
"""Time of a change of gain by 1."""


class _Channel(MidiChannel):
    """Controllers of one channel, its position along the path of timbres, and its gains so far."""

    def __init__(self) -> None:
        super().__init__()
        self.last_gains = np.zeros(2)
        self.timbre: int | None = None

    def bend_ratio(self) -> float:
        """Return the ratio of the pitch."""
        return float(2 ** (self.bend_semitones / 12))


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
            state.last_gains = state.gains()
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
                if not self._channels[channel].is_sustained:
                    note.voice.release()
                return

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller."""
        state = self._channels[channel]
        state.control(controller, value)
        if controller == TIMBRE:
            state.timbre = value
        elif controller == SOUND_OFF:
            self._notes[channel].clear()
        elif controller == NOTES_OFF:
            self._release(channel)
        elif not state.is_sustained:
            self._release(channel, only_sustained=True)

    def _release(self, channel: int, only_sustained: bool = False) -> None:
        """Release the notes of a channel; while the pedal is down it sustains them."""
        for note in self._notes[channel]:
            if not only_sustained:
                note.is_held = False
            if not note.is_held and not self._channels[channel].is_sustained:
                note.voice.release()

    def pitch_bend(self, channel: int, value: int) -> None:
        """Bend all notes of a channel."""
        self._channels[channel].pitch_bend(value)

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
            add_with_gains(wave, state.last_gains, state.gains(), 1 / (GAIN_SECONDS * self.sample_rate), out)
        self._position += n_samples
        return out.astype(np.float32)

    def is_silent(self) -> bool:
        """Return whether all that follows is zero until the next note."""
        return not any(self._notes)


def _vibrato_ratio(state: _Channel, seconds: float) -> float:
    """Return the ratio of the pitch by the modulation wheel."""
    cents = VIBRATO_CENTS * state.modulation / 127 * np.sin(2 * np.pi * VIBRATO_HZ * seconds)
    return float(2 ** (cents / 1200))
