"""SoundFontEngine plays the presets of a SoundFont file: the user's, or the bank that comes with Wavewright."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ...audio.sound_file import SAMPLE_RATES_HZ, SoundFormat
from ...base.errors import BadSetting
from ...base.ranges import RangedSettings, ranged
from ...effects.delays import Chorus
from ...effects.effect import EffectStream
from ...effects.space import Reverb
from ...music.engine import DRUM_BANKS, DRUM_CHANNEL, N_CHANNELS, InstrumentEngine
from ...music.midi_channel import N_CONTROLS, NOTES_OFF, SOUND_OFF, MidiChannel
from . import generators as gen
from .bank import Regions, SampledBank, SoundFont, SoundFontPreset, read_soundfont
from .modulators import MAX_MODULATORS, VELOCITY_TO_FILTER
from .voice import VOICE, interpolation_tables

QUIET = 1e-5
"""Amplitude below which the tail of an effect counts as silence."""

QUIET_SAMPLES = 8_192
"""Length of the silence after which the effect is at rest; longer than any block."""


class SendEffect:
    """An effect with a mono input and a stereo output, exactly silent soon after its tail falls below QUIET.

    - ``open_stream``: returns a new stream of two channels.
    """

    def __init__(self, open_stream: Callable[[], EffectStream]) -> None:
        self._open_stream = open_stream
        self.reset()

    @property
    def is_silent(self) -> bool:
        """True if the output is zero until the next input."""
        return self._stream is None

    def reset(self) -> None:
        """Drop the tail."""
        self._stream: EffectStream | None = None
        self._n_quiet = 0

    def add(self, send: np.ndarray, output: np.ndarray) -> None:
        """Add the effect of the next samples, at most QUIET_SAMPLES, to the output ``(2, time)``.

        Zeros after a rest start the effect at the first other sample.
        """
        if self._stream is None:
            loud = np.flatnonzero(send)
            if not len(loud):
                return
            self._stream = self._open_stream()
            self._n_quiet = 0
            send, output = send[loud[0] :], output[:, loud[0] :]
        wet = self._stream.push(np.stack([send, send]))
        rest = QUIET_SAMPLES - self._n_quiet
        if send[-1] != 0.0 and (send[0] != 0.0 or rest > len(send)):  # nothing to search
            output += wet
            self._n_quiet = 0
            return
        loud = np.flatnonzero((np.abs(wet).max(axis=0) > QUIET) | (send != 0.0))
        if (loud[0] if len(loud) else len(send)) >= rest:
            output[:, :rest] += wet[:, :rest]
            self.reset()
            self.add(send[rest:], output[:, rest:])
            return
        output += wet
        self._n_quiet = len(send) - 1 - int(loud[-1]) if len(loud) else self._n_quiet + len(send)


DRUM_BANK = 128
MAX_BLOCK = 4_096
SPARE_VOICES = 64
"""Voices beside the polyphony, which fade out after they were stolen."""

STOLEN_SECONDS = 0.01
EXCLUDED_SECONDS = 0.25
"""Fades, by 96 dB, of a stolen voice, and of one that another of its exclusive class cuts off."""


@dataclass(frozen=True)
class PlayerSettings(RangedSettings):
    """Settings of the player.

    - ``polyphony``: voices at once; a note has one or more. What exceeds it fades out quickly, released and older
      voices first.
    - ``gain_db``: level of the output in dB.
    - ``reverb``, ``chorus``: level of the effects that channels are sent to, as a factor; 0 leaves them out.
    - ``velocity_to_filter``: apply the default modulator that darkens soft notes, which most banks are made without.
    """

    polyphony: int = ranged(256, 1, 4_096)
    gain_db: float = ranged(-9.0, -60.0, 24.0)
    reverb: float = ranged(1.0, 0.0, 4.0)
    chorus: float = ranged(1.0, 0.0, 4.0)
    velocity_to_filter: bool = False


@dataclass(frozen=True, eq=False)
class LocatedRegion:
    """A region of a preset in an engine.

    - ``is_audible``: false where its sample is empty.
    - ``window``: int64: start, end, and loop in the array of samples, mode, exclusive class.
    - ``generators``, ``modulators``: see :class:`.bank.Regions`.
    - ``ratio``: sample rate of the sample over that of the engine.
    - ``correction``: cents that tune the sample.
    """

    is_audible: bool
    window: np.ndarray
    generators: np.ndarray
    modulators: np.ndarray
    ratio: float
    correction: float


class SoundFontEngine(InstrumentEngine):
    """Plays a bank on sixteen channels.

    Envelopes, oscillators and filters are those of SoundFont 2.04, with three settled customs: attenuation of
    generators counts 0.4 times, envelopes fall by 96 dB in their times, and pan has constant power.

    - ``font``: several engines may use it at once.
    - ``sample_rate``: in Hz.
    - ``unsounded``: how many notes were played for which the instrument has no sound, by key.

    Raises BadSetting if the sample rate is out of range.
    """

    def __init__(self, font: SampledBank, sample_rate: int, settings: PlayerSettings | None = None) -> None:
        low, high = SAMPLE_RATES_HZ
        if not low <= sample_rate <= high:
            raise BadSetting(f"sample_rate is {sample_rate}; it must lie between {low} and {high}.")
        self.sample_rate = sample_rate
        self._font = font
        self._settings = settings or PlayerSettings()
        n_voices = self._settings.polyphony + SPARE_VOICES
        self._voices = np.zeros(n_voices, VOICE)
        self._base = np.zeros((n_voices, gen.N_GENERATORS))
        self._modulators = np.zeros((n_voices, MAX_MODULATORS, 5))
        self._amounts = np.zeros(gen.N_GENERATORS)
        self._tables = interpolation_tables()
        self._scratch = np.zeros(64, np.float32)
        self._level = 10.0 ** (self._settings.gain_db / 20.0)
        reverb = Reverb(seconds=1.4, size=0.7, high_ratio=0.3, pre_delay_ms=12.0, mix=1.0)
        chorus = Chorus(rate_hz=0.6, delay_ms=12.0, depth_ms=3.0, n_voices=2, mix=1.0)
        self._reverb = SendEffect(lambda: reverb.stream(SoundFormat(sample_rate, 2)))
        self._chorus = SendEffect(lambda: chorus.stream(SoundFormat(sample_rate, 2)))
        self._regions: dict[tuple[int, int], LocatedRegion] = {}
        self.unsounded: Counter[int] = Counter()
        self.reset()

    def reset(self) -> None:
        """Stop all sound and return to the state of a new engine."""
        self._voices["is_active"] = 0
        self._n_active = 0
        self._n_notes = 0
        self._controls = np.zeros((N_CHANNELS, N_CONTROLS))
        self._channels = [MidiChannel(row) for row in self._controls]
        self._followed = self._controls.copy()
        self._presets = [self._preset(channel, 0, 0) for channel in range(N_CHANNELS)]
        self._reverb.reset()
        self._chorus.reset()

    def is_silent(self) -> bool:
        """Return whether all that follows is zero until the next note."""
        return not self._n_active and self._reverb.is_silent and self._chorus.is_silent

    @property
    def n_voices(self) -> int:
        """The voices that are active."""
        return int(np.count_nonzero(self._voices["is_active"]))

    def program(self, channel: int, bank: int, program: int) -> None:
        """Select the instrument for the notes that follow; where the bank lacks it, the nearest one."""
        self._presets[channel] = self._preset(channel, bank, program)

    def pitch_bend(self, channel: int, value: int) -> None:
        """Bend all notes of a channel; -8192 to 8191, by default over two semitones to either side."""
        self._channels[channel].pitch_bend(value)
        self._control_voices(channel)

    def pressure(self, channel: int, value: int) -> None:
        """Set the pressure of a channel, 0 to 127, which is vibrato in most banks."""
        self._channels[channel].pressure(value)
        self._control_voices(channel)

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller, see :meth:`.InstrumentEngine.control`; all may be sources of modulators."""
        state = self._channels[channel]
        state.control(controller, value)
        if controller == SOUND_OFF:
            self._release(self._of(channel), STOLEN_SECONDS)
        elif controller >= NOTES_OFF:
            is_held = self._of(channel) & (self._voices["is_held"] != 0)
            self._voices["is_held"][is_held] = 0
            self._voices["is_sustained"][is_held] = 1
        if not state.is_sustained:
            self._release(self._of(channel) & (self._voices["is_sustained"] != 0))
        self._control_voices(channel)

    def note_on(self, channel: int, key: int, velocity: int) -> None:
        """Start a note; it releases what the pedal sustains of the same key."""
        if velocity <= 0:
            self.note_off(channel, key)
            return
        preset = self._presets[channel]
        if preset is None:
            return
        voices = self._voices
        if self._n_active:
            self._release(self._of(channel) & (voices["key"] == key) & (voices["is_sustained"] != 0))
        regions = self._font.regions(preset.index)
        ranges = regions.ranges
        is_of_key = (ranges[:, 0] <= key) & (key <= ranges[:, 1])
        if not is_of_key.any():
            self.unsounded[key] += 1
        is_hit = is_of_key & (ranges[:, 2] <= velocity) & (velocity <= ranges[:, 3])
        matching = [self._region(preset, row) for row in np.flatnonzero(is_hit).tolist()]
        sounding = [region for region in matching if region.is_audible]
        self._exclude(channel, preset, sounding)
        self._n_notes += 1
        for region in sounding:
            self._start(channel, key, velocity, preset, region)

    def note_off(self, channel: int, key: int) -> None:
        """Release the oldest held note of this key, if there is one."""
        is_held = self._of(channel) & (self._voices["key"] == key) & (self._voices["is_held"] != 0)
        if not is_held.any():
            return
        notes = self._voices["note"]
        is_note = is_held & (notes == notes[is_held].min())
        if self._channels[channel].is_sustained:
            self._voices["is_held"][is_note] = 0
            self._voices["is_sustained"][is_note] = 1
        else:
            self._release(is_note)

    def load(self, channel: int) -> None:
        """Decode the samples of a channel's preset, up to MAX_LOADED of the bank; other threads may call it."""
        if (preset := self._presets[channel]) is not None:
            self._font.samples.load(np.unique(self._font.regions(preset.index).samples))

    def process(self, n_samples: int) -> np.ndarray:
        """Return the next block, float32 ``(2, n_samples)``; -9 dB of full scale is a single sample at its loudest."""
        output = np.zeros((2, n_samples), np.float32)
        for start in range(0, n_samples, MAX_BLOCK):
            self._process(output[:, start : start + MAX_BLOCK])
        return output

    def _process(self, output: np.ndarray) -> None:
        from .voice_kernels import render_voices  # numba is slow to import

        mix = np.zeros((4, output.shape[1]), np.float32)
        if self._n_active:
            self._n_active = render_voices(
                self._voices, self._font.samples.wave, self._tables, float(self.sample_rate), self._scratch, mix
            )
        output[:] = mix[:2]
        for effect, level, send in (
            (self._reverb, self._settings.reverb, mix[2]),
            (self._chorus, self._settings.chorus, mix[3]),
        ):
            if level:
                effect.add(send * np.float32(level), output)

    def _preset(self, channel: int, bank: int, program: int) -> SoundFontPreset | None:
        """Return the preset of a bank, which controller 0 selects, or of the nearest one that the file has."""
        high = bank >> 7
        tried = [(DRUM_BANK, program), (DRUM_BANK, 0)] if channel == DRUM_CHANNEL or high in DRUM_BANKS else []
        if channel != DRUM_CHANNEL:
            tried += [(high, program), (0, program), (high, 0)]
        matches = (self._font.find(*pair) for pair in tried)
        melodic = (preset for preset in self._font.presets if preset.bank != DRUM_BANK)
        last = None if channel == DRUM_CHANNEL else next(melodic, None)
        return next((preset for preset in matches if preset is not None), last)

    def _of(self, channel: int) -> np.ndarray:
        """Return a mask of the active voices of a channel."""
        is_of: np.ndarray = (self._voices["is_active"] != 0) & (self._voices["channel"] == channel)
        return is_of

    def _control_voices(self, channel: int) -> None:
        """Let the voices of a channel follow its controls, where these have changed."""
        is_changed = self._n_active and (self._controls[channel] != self._followed[channel]).any()
        self._followed[channel] = self._controls[channel]
        if is_changed:
            from .voice_kernels import control_voices

            control_voices(self._voices, channel, self._base, self._modulators, self._amounts, self._controls)

    def _release(self, is_released: np.ndarray, seconds: float = 0.0) -> None:
        from .voice_kernels import release_voice

        for index in np.flatnonzero(is_released).tolist():
            release_voice(self._voices, index, seconds * self.sample_rate)

    def _exclude(self, channel: int, preset: SoundFontPreset, regions: list[LocatedRegion]) -> None:
        """Cut off the voices of the same exclusive classes."""
        classes = {int(region.window[-1]) for region in regions} - {0}
        for number in classes:
            voices = self._voices
            is_same = (voices["exclusive"] == number) & (voices["preset"] == preset.index)
            self._release(self._of(channel) & is_same & (voices["is_stolen"] == 0), EXCLUDED_SECONDS)

    def _region(self, preset: SoundFontPreset, row: int) -> LocatedRegion:
        """Return a region with its position among the samples."""
        key = preset.index, row
        if key not in self._regions:
            self._regions[key] = self._located(self._font.regions(preset.index), row)
        return self._regions[key]

    def _located(self, regions: Regions, row: int) -> LocatedRegion:
        sample = int(regions.samples[row])
        amounts = regions.generators[row]
        offsets = amounts.astype(np.int64)
        first, last = self._font.samples.position(sample)
        start = first + offsets[gen.START_OFFSET] + gen.COARSE_STEP * offsets[gen.START_COARSE_OFFSET]
        end = last + offsets[gen.END_OFFSET] + gen.COARSE_STEP * offsets[gen.END_COARSE_OFFSET]
        start, end = min(max(start, first), last), min(max(end, first), last)
        loop_start, loop_end = self._font.loop(sample)
        loop_start += first + offsets[gen.LOOP_START_OFFSET] + gen.COARSE_STEP * offsets[gen.LOOP_START_COARSE_OFFSET]
        loop_end += first + offsets[gen.LOOP_END_OFFSET] + gen.COARSE_STEP * offsets[gen.LOOP_END_COARSE_OFFSET]
        loop_end = min(loop_end, last)
        mode = offsets[gen.SAMPLE_MODES] if start <= loop_start < loop_end else 0
        modulators = regions.modulators[slice(*regions.bounds[row])]
        if not self._settings.velocity_to_filter:
            source, destination, amount_source, _ = VELOCITY_TO_FILTER
            is_left_out = (modulators[:, [0, 1, 3]] == (source, destination, amount_source)).all(axis=1)
            modulators = modulators[~is_left_out]
        return LocatedRegion(
            start < end,
            np.array([start, end, loop_start, loop_end, mode, offsets[gen.EXCLUSIVE_CLASS]], np.int64),
            amounts,
            np.ascontiguousarray(modulators),
            self._font.rate(sample) / self.sample_rate,
            float(self._font.headers["correction"][sample]),
        )

    def _start(
        self,
        channel: int,
        key: int,
        velocity: int,
        preset: SoundFontPreset,
        region: LocatedRegion,
        gain: float = 1.0,
        cents: float = 0.0,
    ) -> int:
        """Start a voice with a further gain and tuning, and return its index."""
        from .voice_kernels import start_voice

        amounts = region.generators
        sounding_key = amounts[gen.KEY] if amounts[gen.KEY] >= 0 else key
        tuning = amounts[gen.SCALE_TUNING] * (sounding_key - amounts[gen.ROOT_KEY]) + region.correction + cents
        sounding_velocity = int(amounts[gen.VELOCITY]) if amounts[gen.VELOCITY] > 0 else velocity
        index = self._free_voice()
        self._base[index] = amounts
        self._modulators[index, : len(region.modulators)] = region.modulators
        numbers = np.array([channel, key, sounding_velocity, self._n_notes, preset.index, len(region.modulators)])
        start_voice(
            self._voices,
            index,
            region.window,
            numbers,
            region.ratio,
            float(tuning),
            self._level * gain,
            self._base,
            self._modulators,
            self._amounts,
            self._controls,
            float(self.sample_rate),
        )
        self._n_active += 1
        return index

    def _free_voice(self) -> int:
        """Return a voice that is free; above the polyphony the least audible one begins a short fade."""
        voices = self._voices
        if self._n_active < self._settings.polyphony:
            return int(voices["is_active"].argmin())
        is_active = voices["is_active"] != 0
        is_owned = is_active & (voices["is_stolen"] == 0)
        if np.count_nonzero(is_owned) >= self._settings.polyphony:
            # Released ones first, then sustained ones, then the oldest.
            rank = voices["note"] + (1 << 40) * voices["is_sustained"] + (1 << 41) * voices["is_held"]
            index = int(np.argmin(np.where(is_owned, rank, np.iinfo(np.int64).max)))
            self._release(np.arange(len(voices)) == index, STOLEN_SECONDS)
            voices["is_stolen"][index] = 1
        free = np.flatnonzero(~is_active)
        if len(free):
            return int(free[0])
        return int(np.argmin(np.where(voices["is_stolen"] != 0, voices["note"], np.iinfo(np.int64).max)))


BUNDLED_BANK = Path(__file__).parent / "data" / "general-midi.sf3"
"""A small bank of General MIDI's instruments; ``recipes/general_midi.py`` makes it."""


@cache
def default_soundfont() -> SoundFont:
    """Return the bundled bank, which all engines use; a bank is never changed."""
    return read_soundfont(BUNDLED_BANK)


def open_soundfont(path: Path | None, sample_rate: int, settings: PlayerSettings | None = None) -> SoundFontEngine:
    """Open a SoundFont as an instrument.

    - ``path``: an ``.sf2`` or ``.sf3`` file; None for the bundled bank.
    - ``sample_rate``: in Hz.

    Raises BadSoundFont if the file cannot be used, or BadSetting if the sample rate is out of range.

    Examples
    --------
    >>> engine = open_soundfont(None, 44_100)
    >>> engine.note_on(0, 60, 100)
    >>> block = engine.process(128)
    """
    font = default_soundfont() if path is None else read_soundfont(path)
    return SoundFontEngine(font, sample_rate, settings)
