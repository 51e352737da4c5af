"""Instrument inference without PyTorch: timbres, notes, and the player of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...contracts.composition import ScorePlayer
from ...contracts.runtime import checked_wave
from ...models.folder import ModelFolder
from ...music.engine import N_CHANNELS, InstrumentEngine
from ...music.midi_channel import NOTES_OFF, SOUND_OFF, MidiChannel
from ...music.timbre_path import TimbrePath
from .analysis import note_levels
from .batches import encoder_levels
from .config import DECODER_FILE, ENCODER_FILE, N_CONDITIONS, TIMBRES, WEIGHT_PREFIX, InstrumentConfig, conditions
from .voice import NoteVoice, VoiceSettings, render_note

# --- Notes of a score by a model: an engine for the renderer of scores

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


PROGRAMS: Mapping[str, int] = {
    "piano": 0,
    "bright-piano": 1,
    "electric-piano": 4,
    "harpsichord": 6,
    "clavinet": 7,
    "celesta": 8,
    "music-box": 10,
    "vibraphone": 11,
    "marimba": 12,
    "xylophone": 13,
    "organ": 16,
    "rock-organ": 18,
    "church-organ": 19,
    "reed-organ": 20,
    "accordion": 21,
    "harmonica": 22,
    "nylon-guitar": 24,
    "steel-guitar": 25,
    "jazz-guitar": 26,
    "clean-guitar": 27,
    "overdriven-guitar": 29,
    "distorted-guitar": 30,
    "acoustic-bass": 32,
    "fingered-bass": 33,
    "picked-bass": 34,
    "fretless-bass": 35,
    "slap-bass": 36,
    "synth-bass": 38,
    "violin": 40,
    "viola": 41,
    "cello": 42,
    "contrabass": 43,
    "pizzicato": 45,
    "harp": 46,
    "strings": 48,
    "slow-strings": 49,
    "synth-strings": 50,
    "choir": 52,
    "voice": 53,
    "trumpet": 56,
    "trombone": 57,
    "tuba": 58,
    "muted-trumpet": 59,
    "french-horn": 60,
    "brass": 61,
    "synth-brass": 62,
    "soprano-saxophone": 64,
    "alto-saxophone": 65,
    "tenor-saxophone": 66,
    "baritone-saxophone": 67,
    "oboe": 68,
    "english-horn": 69,
    "bassoon": 70,
    "clarinet": 71,
    "piccolo": 72,
    "flute": 73,
    "recorder": 74,
    "pan-flute": 75,
    "bottle": 76,
    "shakuhachi": 77,
    "whistle": 78,
    "ocarina": 79,
    "square-lead": 80,
    "saw-lead": 81,
    "sitar": 104,
    "banjo": 105,
    "shamisen": 106,
    "koto": 107,
    "kalimba": 108,
    "bagpipe": 109,
    "shanai": 111,
    "steel-drum": 114,
}
"""Programs of General MIDI by label, counted from 0."""


def nearest_label(program: int, labels: Sequence[str]) -> str | None:
    """Return the label whose program is nearest, the first label if none is in PROGRAMS; None without labels."""
    known = [label for label in labels if label in PROGRAMS]
    if not known:
        return labels[0] if labels else None
    return min(known, key=lambda label: (abs(PROGRAMS[label] - program), PROGRAMS[label]))


NOTE_SECONDS, NOTE_VELOCITY = 1.5, 100


class InstrumentRuntime(ScorePlayer):
    """An instrument that is open for inference.

    - ``timbres``: latent of each label, ``(labels, latent_size)`` float32; one row for a model without labels.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(InstrumentConfig)
        size = (None, config.latent_size)
        condition = {"condition": (None, N_CONDITIONS)}
        self._decoder = folder.session(DECODER_FILE, {"latent": size, **condition}, {"levels": (None, config.n_levels)})
        self._encoder = folder.session(
            ENCODER_FILE, {"source": (None, config.n_times, config.n_levels), **condition}, {"latent": size}
        )
        name = f"{WEIGHT_PREFIX}{TIMBRES}"
        timbres = folder.weights().get(name)
        shape = (max(1, len(self.labels)), config.latent_size)
        if timbres is None or timbres.shape != shape:
            raise BadModel(f"{folder.path} needs the weight {name} with shape {shape}; copy the model folder again.")
        self.timbres: np.ndarray = self.finite(timbres)

    def timbre(self, label: str | None = None) -> np.ndarray:
        """Return the latent ``(latent_size,)`` of a label, by default the first; raise BadSetting for others."""
        return np.asarray(self.timbres[self.label_index(label)])

    def label_of_program(self, program: int) -> str | None:
        """Return the label that comes closest to a program of General MIDI; None without labels."""
        return nearest_label(program, self.labels)

    def engine(self, paths: Callable[[int], TimbrePath], sample_rate: int, seed: int = 0) -> InstrumentPlayer:
        """Return a player of MIDI channels; see :meth:`.ScorePlayer.engine`."""
        return InstrumentPlayer(self.levels, VoiceSettings.of(self.config, sample_rate), paths, seed)

    def encode(self, wave: np.ndarray, pitch: float, velocity: float = NOTE_VELOCITY) -> np.ndarray:
        """Return the latent ``(latent_size,)`` of a note ``(time,)`` from its onset on, at the model's sample rate.

        Raises BadAudio if the wave has another shape or invalid values.
        """
        levels = encoder_levels(note_levels(checked_wave(wave), pitch, self.config)[None])
        condition = conditions(np.array([pitch]), np.array([velocity]), np.zeros(1), self.config)
        (latent,) = self._encoder.run(["latent"], {"source": levels, "condition": condition})
        return self.finite(latent[0])

    def levels(self, latents: np.ndarray, pitch: float, velocity: float, seconds: np.ndarray) -> np.ndarray:
        """Return levels ``(n, n_levels)`` in dB at ``seconds (n,)`` after the onset: partials, then noise bands.

        The latent is ``(latent_size,)``, or one for each time.
        """
        condition = conditions(np.array(pitch), np.array(velocity), seconds, self.config)
        latent = np.ascontiguousarray(np.broadcast_to(latents, (len(seconds), self.config.latent_size)), np.float32)
        (levels,) = self._decoder.run(["levels"], {"latent": latent, "condition": condition})
        return self.finite(levels)

    def render(
        self,
        latent: np.ndarray,
        pitch: float,
        velocity: float = NOTE_VELOCITY,
        seconds: float = NOTE_SECONDS,
        seed: int = 0,
    ) -> np.ndarray:
        """Return a note with its release, ``(time,)`` float32, in [-1, 1] unless it is clipped."""
        settings = VoiceSettings.of(self.config, self.sample_rate)
        wave = render_note(
            lambda times, _: self.levels(latent, pitch, velocity, times), settings, pitch, seconds, (seed, 0)
        )
        return np.asarray(np.clip(wave, -1, 1), np.float32)

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return notes of drawn pitches and velocities; see :meth:`.Generator.generate`."""
        if count < 0:
            raise BadSetting(f"The number of clips is {count}; it must be 0 or more.")
        waves = []
        for index in range(start, start + count):
            number = self.label_index(label, index)
            rng = self.clip_rng(seed, index, number)
            low, high = sorted((round(self.config.lowest), round(self.config.highest)))
            pitch, velocity = int(rng.integers(low, high + 1)), int(rng.integers(60, 121))
            waves.append(
                self.render(self.timbres[number], pitch, velocity, NOTE_SECONDS, int(rng.integers(2**31)))[None]
            )
        return waves
