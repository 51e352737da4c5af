"""A patch on one channel: its oscillators, voices, filter and effects, and the notes that become voices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..audio.sound_file import SoundFormat
from .controls import (
    CHUNK_SAMPLES,
    CONTROL_SAMPLES,
    KILL,
    OFF,
    RELEASE,
    Segments,
    VoiceState,
    control_program,
    new_segments,
    new_state,
    rewind,
)
from .patch import NOISE_COLOURS, FilterTable, OscillatorTable, Patch
from .sources import DrumSource, FMSource, FormulaSource, GrainSource, ModalSource, StringSource, VoiceSource
from .spectra import (
    CLASSIC_WAVES,
    MAX_HARMONICS,
    Wavetables,
    classic_morph,
    classic_tables,
    harmonic_spectrum,
    make_wavetables,
    period_spectrum,
)
from .waves import formula_spectrum

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


# --- The source of sound of a patch


def open_source(patch: Patch, n_voices: int, sample_rate: int) -> VoiceSource:
    """Return the source of sound of a patch, with ``n_voices`` rows of state."""
    if patch.fm is not None:
        return FMSource(patch.fm, n_voices, sample_rate)
    if patch.string is not None:
        return StringSource(patch.string, n_voices, sample_rate)
    if patch.modal is not None:
        return ModalSource(patch.modal, n_voices, sample_rate)
    if patch.grains is not None:
        return GrainSource(patch.grains, n_voices, sample_rate)
    if patch.formula is not None:
        return FormulaSource(patch.formula, n_voices, sample_rate)
    if patch.drums:
        return DrumSource(patch.drums, n_voices, sample_rate)
    return OscillatorSource(patch.oscillators, n_voices, sample_rate)


N_SPARE_VOICES = 4
"""Voices in which stolen notes fade out."""

QUIET = 1e-6
"""Peak below which the effects of a patch without voices are stopped."""

LONGEST_ECHO_S = 2.0
FILTER_KINDS = ("low-pass", "high-pass", "band-pass", "notch", "ladder", "vowel")


class PatchPlayer:
    """The voices of a patch on one channel.

    - ``sample_rate``: in Hz.
    - ``seed``: of random phases and numbers.
    """

    def __init__(self, patch: Patch, sample_rate: int, seed: int) -> None:
        self.patch = patch
        self._sample_rate = sample_rate
        self._seed = seed
        n_voices = patch.voices.count + N_SPARE_VOICES
        self._program = control_program(patch, sample_rate)
        self._source = open_source(patch, n_voices, sample_rate)
        self._gain = np.float32(10.0 ** (patch.gain_db / 20.0))
        self._state = new_state(n_voices)
        self._segments = new_segments(n_voices)
        self._memory = np.zeros(self._source.n_channels * n_voices * CHUNK_SAMPLES, np.float32)
        self._filter = (
            None if patch.filter is None else VoiceFilter(patch.filter, sample_rate, n_voices, self._source.n_channels)
        )
        self._streams = [each.stream(SoundFormat(sample_rate, 2)) for each in patch.effects]
        self._keys = np.full(n_voices, -1, np.int64)
        self._is_held = np.zeros(n_voices, bool)
        self._n_voices = 0
        self._n_notes = 0
        self._position = CONTROL_SAMPLES
        self._n_quiet = 0
        self._last_pitch: float | None = None
        self._stack: list[tuple[int, float]] = []
        self.wheel = 0.0
        self.bend = 0.0

    @property
    def is_silent(self) -> bool:
        """True if all that follows is zero until the next note."""
        return self._n_voices == 0 and self._n_quiet == 0

    def change(self) -> None:
        """Begin a block of the controls, where an event changes them."""
        rewind(self._state, self._position)
        self._position = CONTROL_SAMPLES

    def start(self, key: int, velocity: int) -> None:
        """Start a note."""
        self.change()
        if self.patch.voices.mode != "poly":
            self._stack = [*(pair for pair in self._stack if pair[0] != key), (key, velocity)]
            if self._glides_to(key):
                return
        self._choke(key)
        self._start_voice(key, velocity)

    def release(self, key: int) -> None:
        """Release the oldest held note of a key."""
        self.change()
        if self.patch.voices.mode != "poly":
            self._release_mono(key)
            return
        voices = [v for v in range(self._n_voices) if self._keys[v] == key and self._is_held[v]]
        if voices:
            self._release_voice(max(voices, key=lambda voice: float(self._state.age[voice, 0])))

    def release_all(self) -> None:
        """Release all notes."""
        self.change()
        self._stack = []
        for voice in range(self._n_voices):
            self._release_voice(voice)

    def stop(self) -> None:
        """Stop all sound at once."""
        self.change()
        self._stack = []
        self._n_voices = 0
        self._keys[:] = -1
        self._is_held[:] = False
        self._n_quiet = 0
        self._streams = [each.stream(SoundFormat(self._sample_rate, 2)) for each in self.patch.effects]

    def render(self, n_samples: int) -> np.ndarray:
        """Return the next samples, ``(2, time)`` float32, at most CHUNK_SAMPLES."""
        from .control_kernels import (
            advance_controls,  # numba is slow to import
            mix_voices,
        )

        output = np.zeros((2, n_samples), np.float32)
        if self._n_voices:
            self._position, n_segments = advance_controls(
                *(self._state, self._program, self.wheel, self.bend, self._n_voices),
                *(self._position, n_samples, self._segments),
            )
            shape = self._source.n_channels, self._n_voices, n_samples
            block = self._memory[: math.prod(shape)].reshape(shape)  # contiguous, which is fastest
            self._source.render(self._state, self._segments, n_segments, block)
            if self._filter is not None:
                self._filter.process(self._segments, n_segments, block)
            mix_voices(self._segments, n_segments, block, output)
            output *= self._gain
        for stream in self._streams:
            output = stream.push(output)
        return output

    def tidy(self, last: np.ndarray) -> None:
        """Free voices that are over, and stop effects that have decayed in the last samples; called at fixed times."""
        for voice in reversed(range(self._n_voices)):
            if self._state.stages[voice, 0] == OFF:
                self._n_voices -= 1
                self._move(self._n_voices, voice)
        if self._n_voices or not self._streams:
            self._n_quiet = int(LONGEST_ECHO_S * self._sample_rate) if self._n_voices and self._streams else 0
        elif np.abs(last).max(initial=0.0) > QUIET:
            self._n_quiet = int(LONGEST_ECHO_S * self._sample_rate)
        elif self._n_quiet > last.shape[1]:
            self._n_quiet -= last.shape[1]
        elif self._n_quiet:
            self.stop()

    def _glides_to(self, key: int) -> bool:
        """Move the sounding voice of a monophonic patch to a key without a new attack, if it is legato."""
        voices = [voice for voice in range(self._n_voices) if self._is_held[voice]]
        if not voices or self.patch.voices.mode == "mono":
            for voice in voices:
                self._is_held[voice] = False
                self._state.stages[voice] = KILL
            return False
        voice = voices[-1]
        self._keys[voice] = key
        self._glide(voice, self._pitch(key), float(self._state.pitch[voice, 1]))
        return True

    def _release_mono(self, key: int) -> None:
        is_last = bool(self._stack) and self._stack[-1][0] == key
        self._stack = [pair for pair in self._stack if pair[0] != key]
        if not is_last:
            return
        if not self._stack:
            for voice in range(self._n_voices):
                if self._is_held[voice]:
                    self._release_voice(voice)
        else:
            previous, velocity = self._stack[-1]
            if not self._glides_to(previous):
                self._start_voice(previous, velocity)

    def _choke(self, key: int) -> None:
        """Stop the drums that a drum of the same group ends."""
        groups = {drum.key: drum.choke for drum in self.patch.drums if drum.choke}
        for voice in range(self._n_voices):
            if key in groups and groups.get(int(self._keys[voice])) == groups[key]:
                self._state.stages[voice] = KILL

    def _start_voice(self, key: int, velocity: float) -> None:
        voice = self._free_voice()
        settings, state = self.patch.voices, self._state
        self._n_notes += 1
        seed = (self._seed * 1_000_003 + self._n_notes * 7_919 + key) % 2**31
        pitch = self._pitch(key)
        state.glide[voice] = 0.0
        self._glide(voice, pitch, pitch if self._last_pitch is None or not settings.glide_s else self._last_pitch)
        state.constants[voice, 0] = velocity / 127.0
        state.constants[voice, 1] = 2.0 * np.random.default_rng(seed).random() - 1.0
        state.gain[voice] = 10.0 ** (-settings.velocity_db * (127 - velocity) / 126.0 / 20.0)
        state.age[voice, 0] = 0.0
        state.is_fresh[voice] = 1
        state.stages[voice] = 0
        state.held[voice] = 0.0
        state.envelopes[voice] = 0.0
        state.envelopes[voice, :, : len(self._program.envelopes)] = self._program.envelopes[:, 0] >= 1.0  # no attack
        for row, lfo in enumerate(self.patch.lfos.values()):
            cycles = 0.0 if lfo.per_note else self._n_notes * math.pi  # free: any phase
            state.lfos[voice, :, row] = lfo.phase + cycles
        if self._filter is not None:
            self._filter.start(voice)
        self._keys[voice] = key
        self._is_held[voice] = True
        state.age[voice, 1] = self._source.start(voice, pitch, velocity / 127.0, seed)

    def _pitch(self, key: int) -> float:
        return key + self.patch.voices.semitones

    def _glide(self, voice: int, pitch: float, start: float) -> None:
        state = self._state
        state.pitch[voice, :2] = start
        state.pitch[voice, 2] = pitch
        n_samples = max(1.0, self.patch.voices.glide_s * self._sample_rate)
        state.glide[voice] = abs(pitch - start) / n_samples
        self._last_pitch = pitch

    def _release_voice(self, voice: int) -> None:
        self._is_held[voice] = False
        stages = self._state.stages
        stages[voice] = np.maximum(stages[voice], RELEASE)

    def _free_voice(self) -> int:
        """Return a row for a note; another note is stopped where as many sound as may."""
        sounding = [voice for voice in range(self._n_voices) if self._state.stages[voice, 0] < KILL]
        if len(sounding) >= self.patch.voices.count:
            levels = self._state.envelopes[:, 1, 0]
            stolen = min(sounding, key=lambda voice: (bool(self._is_held[voice]), -float(self._state.age[voice, 0])))
            if not self._is_held[stolen]:
                released = [voice for voice in sounding if not self._is_held[voice]]
                stolen = min(released, key=lambda voice: float(levels[voice]))
            self._state.stages[stolen] = KILL
            self._is_held[stolen] = False
        if self._n_voices < len(self._keys):
            self._n_voices += 1
            return self._n_voices - 1
        ending = [voice for voice in range(self._n_voices) if self._state.stages[voice, 0] >= KILL]
        return min(ending, key=lambda voice: float(self._state.envelopes[voice, 1, 0]))

    def _move(self, voice: int, target: int) -> None:
        if voice != target:
            for array in self._state:
                array[target] = array[voice]
            self._source.move(voice, target)
            if self._filter is not None:
                self._filter.move(voice, target)
            self._keys[target], self._is_held[target] = self._keys[voice], self._is_held[voice]
        self._keys[voice], self._is_held[voice] = -1, False


class VoiceFilter:
    """The filter of a patch's voices."""

    def __init__(self, settings: FilterTable, sample_rate: int, n_voices: int, n_channels: int) -> None:
        from .voice_filter_kernels import N_FILTER_STATES  # numba is slow to import

        self._kind = FILTER_KINDS.index(settings.kind)
        self._n_stages = 1 if settings.slope_db == 12 else 2
        self._drive = 10.0 ** (settings.drive_db / 20.0) if settings.drive_db else 0.0
        self._sample_rate = float(sample_rate)
        self._states = np.zeros((n_voices, n_channels, N_FILTER_STATES))
        self._copy = np.zeros(CONTROL_SAMPLES, np.float32)

    def start(self, voice: int) -> None:
        """Clear the states of a voice."""
        self._states[voice] = 0.0

    def move(self, voice: int, target: int) -> None:
        """Move a voice to another row."""
        self._states[target] = self._states[voice]

    def process(self, segments: Segments, n_segments: int, block: np.ndarray) -> None:
        """Filter the voices ``(channels, voices, time)``."""
        from .voice_filter_kernels import VOWELS, filter_voices, filter_vowels

        if self._kind == VOWELS:
            filter_vowels(segments, n_segments, self._sample_rate, self._states, self._copy, block)
        else:
            filter_voices(
                *(self._kind, self._n_stages, self._drive, segments, n_segments),
                *(self._sample_rate, self._states, block),
            )
