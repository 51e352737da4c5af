"""SynthEngine: patches as an instrument that plays MIDI channels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting
from ..music.engine import DRUM_BANKS, DRUM_CHANNEL, N_CHANNELS, InstrumentEngine
from ..music.midi_channel import (
    DATA,
    FINE_DATA,
    MODULATION,
    NOTES_OFF,
    RESET_CONTROLLERS,
    SOUND_OFF,
    MidiChannel,
)
from .controls import CHUNK_SAMPLES
from .patch import Patch, load_patch
from .patch_player import PatchPlayer

DRUMS = -1
"""Key of the drums in a mapping of programs."""

_PIANOS = ("piano", "piano", "piano", "piano", "electric-piano", "wurly", "harpsichord", "clavinet")
_CHROMATIC = (
    *("celesta", "glockenspiel", "music-box", "vibraphone"),
    *("marimba", "xylophone", "tubular-bells", "koto"),
)
_ORGANS = (
    *("drawbar-organ", "jazz-organ", "gospel-organ", "pipe-organ"),
    *("reed-organ", "accordion", "reed-organ", "accordion"),
)
_GUITARS = (
    *("nylon-guitar", "steel-guitar", "clean-guitar", "clean-guitar"),
    *("muted-guitar", "overdriven-guitar", "distorted-lead", "kalimba"),
)
_BASSES = (
    *("upright-bass", "finger-bass", "slap-bass", "finger-bass"),
    *("slap-bass", "slap-bass", "saw-bass", "square-bass"),
)
_STRINGS = ("violin", "viola", "cello", "bowed-string", "tremolo-strings", "pizzicato", "harp", "marimba")
_ENSEMBLES = (
    *("string-ensemble", "slow-strings", "string-pad", "dark-pad"),
    *("choir-aah", "choir-ooh", "space-voice", "orchestra-hit"),
)
_BRASS = (
    *("trumpet", "trombone", "tuba", "muted-trumpet"),
    *("french-horn", "brass-section", "synth-brass", "synth-brass"),
)
_REEDS = ("saxophone", "saxophone", "saxophone", "saxophone", "oboe", "oboe", "bassoon", "clarinet")
_PIPES = ("flute", "flute", "recorder", "pan-flute", "flute-organ", "pan-flute", "whistle", "solo-triangle")
_LEADS = (
    *("square-lead", "saw-lead", "solo-triangle", "chip-lead"),
    *("distorted-lead", "solo-voice", "super-saw", "ladder-lead"),
)
_PADS = ("glass-pad", "warm-pad", "pulse-pad", "choir-aah", "bowed-string", "fm-pad", "cloud-pad", "sweep-pad")
_EFFECTS = ("rain-grains", "dark-pad", "crystal", "noise-pad", "shimmer", "morph-pad", "space-voice", "fm-pad")
_ETHNIC = ("sitar", "banjo", "koto", "koto", "kalimba", "oboe", "violin", "oboe")
_PERCUSSIVE = ("fm-bell", "steel-drum", "steel-drum", "marimba", "marimba", "steel-drum", "steel-drum", "riser")
_NOISES = ("muted-guitar", "wind-noise", "sea", "whistle", "telephone", "wind-noise", "sea", "laser")

GENERAL_MIDI = (
    *(_PIANOS + _CHROMATIC + _ORGANS + _GUITARS + _BASSES + _STRINGS + _ENSEMBLES + _BRASS),
    *(_REEDS + _PIPES + _LEADS + _PADS + _EFFECTS + _ETHNIC + _PERCUSSIVE + _NOISES),
)
"""Names of the patches of the programs 0 to 127."""

DRUM_KIT = "acoustic-kit"


def general_midi() -> dict[int, str]:
    """Return the patches of General MIDI by program, for :class:`.engine.SynthEngine`; -1 are the drums."""
    return {DRUMS: DRUM_KIT, **dict(enumerate(GENERAL_MIDI))}


PatchChoice = str | Path | Patch
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
FADER_SECONDS = 0.005
HEARD_BY_PLAYERS = (MODULATION, DATA, FINE_DATA, RESET_CONTROLLERS)
HEADROOM = 0.35
"""Gain of every channel, so that chords of several instruments stay below full scale."""


class SynthChannel(MidiChannel):
    """Controllers, notes and players of one channel."""

    def __init__(self) -> None:
        super().__init__()
        self.players: dict[int, PatchPlayer] = {}
        self.program = 0
        self.is_drum = False
        self.sustained: list[int] = []  # keys that the pedal holds
        self.last_gains: np.ndarray | None = None  # None in silence: the next note begins with the targets

    def targets(self) -> np.ndarray:
        """Return the gains of both sides that volume, expression and pan set, ``(2,)``."""
        return HEADROOM * math.sqrt(2.0) * self.gains()


class SynthEngine(InstrumentEngine):
    """The synthesiser as an instrument.

    - ``patch``: one patch for all channels, or patches by program, 0 to 127; -1 are the drums of channel 9. Programs
      that a mapping lacks use its patch of the largest lower program, or its first one.
    - ``sample_rate``: in Hz.
    - ``seed``: of random phases; the same seed gives the same samples.

    Raises BadSetting if a patch or the sample rate is invalid.

    Examples
    --------
    >>> engine = SynthEngine("warm-pad", 48_000)
    >>> engine.note_on(0, 60, 100)
    >>> block = engine.process(128)
    """

    def __init__(
        self, patch: PatchChoice | Mapping[int, PatchChoice], sample_rate: int = 48_000, seed: int = 0
    ) -> None:
        if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
            raise BadSetting(
                f"The sample rate is {sample_rate} Hz; it must lie between {LOWEST_RATE} and {HIGHEST_RATE}."
            )
        choices = dict(patch) if isinstance(patch, Mapping) else {0: patch}
        if not choices or any(not DRUMS <= number <= 127 for number in choices):
            raise BadSetting("The programs must be numbers from 0 to 127, or -1 for the drums, and at least one.")
        loaded = {each: load_patch(each) for each in choices.values() if not isinstance(each, Patch)}
        self._patches = {n: each if isinstance(each, Patch) else loaded[each] for n, each in choices.items()}
        self.sample_rate = sample_rate
        self._seed = seed
        self._speed = 1.0 - math.exp(-1.0 / (FADER_SECONDS * sample_rate))
        self.reset()

    def reset(self) -> None:
        """Return to the state of a new engine, see :meth:`.InstrumentEngine.reset`."""
        self._channels = [SynthChannel() for _ in range(N_CHANNELS)]
        self._n_samples = 0
        self._recent: dict[PatchPlayer, list[np.ndarray]] = {}

    def note_on(self, channel: int, key: int, velocity: int) -> None:
        """Start a note, see :meth:`.InstrumentEngine.note_on`."""
        own = self._channels[channel]
        if key in own.sustained:
            own.sustained.remove(key)
            self._release(own, key)
        self._player(channel).start(key, velocity)

    def note_off(self, channel: int, key: int) -> None:
        """Release a note, see :meth:`.InstrumentEngine.note_off`."""
        own = self._channels[channel]
        if own.is_sustained:
            own.sustained.append(key)
        else:
            self._release(own, key)

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller, see :meth:`.InstrumentEngine.control`."""
        own = self._channels[channel]
        own.control(controller, value)
        if controller in (SOUND_OFF, NOTES_OFF):
            own.sustained = []
            for player in own.players.values():
                player.stop() if controller == SOUND_OFF else player.release_all()
        elif not own.is_sustained:
            self._release_sustained(own)
        if controller in HEARD_BY_PLAYERS:
            self._update(own)

    def pitch_bend(self, channel: int, value: int) -> None:
        """Bend the notes of a channel, see :meth:`.InstrumentEngine.pitch_bend`."""
        self._channels[channel].pitch_bend(value)
        self._update(self._channels[channel])

    def program(self, channel: int, bank: int, program: int) -> None:
        """Select a patch, see :meth:`.InstrumentEngine.program`; of the banks, those of drums count alone."""
        self._channels[channel].program = program
        self._channels[channel].is_drum = channel == DRUM_CHANNEL or bank >> 7 in DRUM_BANKS

    def process(self, n_samples: int) -> np.ndarray:
        """Return the next block, see :meth:`.InstrumentEngine.process`."""
        output = np.zeros((2, n_samples), np.float32)
        start = 0
        while start < n_samples:
            n = min(n_samples - start, CHUNK_SAMPLES - self._n_samples % CHUNK_SAMPLES)
            self._process_chunk(output[:, start : start + n])
            self._n_samples += n
            start += n
            if self._n_samples % CHUNK_SAMPLES == 0:
                self._tidy()
        return output

    def is_silent(self) -> bool:
        """Return whether all that follows is zero until the next note."""
        return all(player.is_silent for own in self._channels for player in own.players.values())

    def _process_chunk(self, output: np.ndarray) -> None:
        from .control_kernels import add_faded  # numba is slow to import

        for own in self._channels:
            players = [player for player in own.players.values() if not player.is_silent]
            if not players:
                own.last_gains = None
                continue
            targets = own.targets()
            gains = targets if own.last_gains is None else own.last_gains
            for player in players:
                block = player.render(output.shape[1])
                self._recent.setdefault(player, []).append(block)
                own.last_gains = gains.copy()
                add_faded(block, own.last_gains, targets, self._speed, output)

    def _tidy(self) -> None:
        for player, blocks in self._recent.items():
            player.tidy(np.concatenate(blocks, axis=1))
        self._recent = {}

    def _player(self, channel: int) -> PatchPlayer:
        """Return the player that plays the current program of a channel."""
        own = self._channels[channel]
        number = self._program_of(own.is_drum or channel == DRUM_CHANNEL, own.program)
        if number not in own.players:
            own.players[number] = PatchPlayer(self._patches[number], self.sample_rate, self._seed * 16 + channel)
            self._update(own)
        return own.players[number]

    def _program_of(self, is_drum: bool, program: int) -> int:
        """Return the program of the mapping that plays a program."""
        if is_drum and DRUMS in self._patches:
            return DRUMS
        numbers = [number for number in self._patches if number != DRUMS] or [DRUMS]
        return max((number for number in numbers if number <= program), default=min(numbers))

    def _release(self, own: SynthChannel, key: int) -> None:
        for player in own.players.values():
            player.release(key)

    def _update(self, own: SynthChannel) -> None:
        """Pass modulation and bend on to the players of a channel."""
        for player in own.players.values():
            player.change()
            player.wheel = own.modulation / 127.0
            player.bend = own.bend_semitones

    def _release_sustained(self, own: SynthChannel) -> None:
        keys, own.sustained = own.sustained, []
        for key in keys:
            self._release(own, key)
