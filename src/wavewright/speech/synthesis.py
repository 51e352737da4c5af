"""Synthesize the steps of a plan, chunk by chunk; pieces meet in silence and are faded there.

Speech that fits a time has one rate for all words and pauses of a text, so that it ends when it should. Speech that is
faster than an acoustic model can make it is made slower, and its wave is sped up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import BadSetting
from ..base.units import seconds_to_samples
from ..contracts.runtime import AcousticModel, Utterance, Vocoder
from ..dsp.time_scale import SpeedUpStream, frame_lengths
from ..text.sentence import NO_WORD, PAUSES, SILENCE
from ..text.ssml import Duration
from .chunk import Chunk, TimedMark, timed_marks, timed_words
from .prosody import CLAUSES, Prosody
from .steps import Mark, Pause, Piece, Step

SLOWEST, FASTEST = 0.8, 1.3
"""Smallest and largest factor of the usual rate; beyond them speech sounds dragged or slurred."""

FASTEST_OF_MODELS = 1.2
"""Rate above which phones have too few frames, and the wave of words is sped up instead."""

MAX_TRIALS = 16
MAX_CORRECTION = 2.0
"""Most by which trials leave the rate that the usual length asks for."""


def fitted_steps(
    steps: Sequence[Step], n_samples: int, sample_rate: int, frame_samples: int, length: Callable[[Sequence[Step]], int]
) -> list[Step]:
    """Return steps that take a number of samples: faster or slower, with a rest of silence, usually below a frame.

    Where even one frame less is too long, they take a few samples more, which are silence.

    - ``n_samples``, ``sample_rate``: the length, in samples and Hz.
    - ``frame_samples``: samples of a frame, which durations are multiples of.
    - ``length``: returns the samples that steps take.

    Raises BadSetting if the speech would have to be slower than `SLOWEST` or faster than `FASTEST`.
    """
    usual = length(at_rate(steps, 1.0))
    needed = usual / n_samples
    if not usual / FASTEST - 0.5 <= n_samples <= usual / SLOWEST + 0.5:  # n_samples is rounded
        shortest, longest = (usual / factor / sample_rate for factor in (FASTEST, SLOWEST))
        raise BadSetting(
            f"The text takes {usual / sample_rate:.2f} s, and {n_samples / sample_rate:.2f} s are {needed:.2f} times "
            f"as fast; {SLOWEST:g} to {FASTEST:g} times are possible: {math.ceil(100 * shortest) / 100:.2f} to "
            f"{math.floor(100 * longest) / 100:.2f} s. Shorten the text, or change the rate."
        )
    factor, step, was_long = needed, 1.0, None
    best, spare = list(steps), -n_samples
    for _ in range(MAX_TRIALS):
        tried = at_rate(steps, factor)
        rest = n_samples - length(tried)
        if (rest >= 0 > spare) or ((rest >= 0) == (spare >= 0) and abs(rest) < abs(spare)):
            best, spare = tried, rest
        if 0 <= spare < frame_samples:
            break
        # Lengths are steps of a frame: from the same side twice, the next trial goes twice as far.
        step = 2 * step if was_long == (rest < 0) else step / 2
        was_long = rest < 0
        factor *= ((n_samples - rest) / n_samples) ** step
        factor = min(max(factor, needed / MAX_CORRECTION), needed * MAX_CORRECTION)
    return [*best, Pause(max(spare, 0) / sample_rate)]


def parts_of(steps: Iterable[Step]) -> Iterator[tuple[Duration | None, Iterable[Step]]]:
    """Yield the steps in parts with their duration; the pause after the last piece of a duration is not of it."""
    held: list[Step] = []  # of a duration, up to its end
    for step in steps:
        duration = held[0].duration if held and isinstance(held[0], Piece) else None
        if duration is not None and isinstance(step, Piece) and step.duration != duration:
            yield from _ended(held, duration)
            held = []
        if held or (isinstance(step, Piece) and step.duration is not None):
            held.append(step)
        else:
            yield None, [step]
    if held and isinstance(held[0], Piece) and held[0].duration is not None:
        yield from _ended(held, held[0].duration)


def _ended(held: Sequence[Step], duration: Duration) -> Iterator[tuple[Duration | None, Iterable[Step]]]:
    """Yield what belongs to a duration, and the pauses and marks after it."""
    end = 1 + max(index for index, step in enumerate(held) if isinstance(step, Piece))
    yield duration, held[:end]
    last = held[end - 1]
    yield None, [Pause(last.pause_seconds if isinstance(last, Piece) else 0.0), *held[end:]]


def at_rate(steps: Sequence[Step], factor: float) -> list[Step]:
    """Return steps at a multiple of their rate; no silence follows the last words."""
    change = Prosody(rate=factor)
    last = max((index for index, step in enumerate(steps) if isinstance(step, Piece)), default=-1)
    return [_changed(step, change, is_last=index == last) for index, step in enumerate(steps)]


def _changed(step: Step, change: Prosody, is_last: bool) -> Step:
    if isinstance(step, Pause):
        return Pause(step.seconds / change.rate)
    if not isinstance(step, Piece):
        return step
    return replace(
        step,
        prosody=tuple(prosody.combine(change) for prosody in step.prosody),
        pause_seconds=0.0 if is_last else step.pause_seconds / change.rate,
        clause_seconds=None if step.clause_seconds is None else step.clause_seconds / change.rate,
    )


FADE_SECONDS = 0.008  # at both ends of a piece


class GainEnvelope:
    """Applies level and fades to the wave of a piece as it comes.

    - ``gains``: gain of each frame, ``(frames,)``, interpolated linearly between the centres of frames.
    - ``centres``: their positions in samples, ``(frames,)``.
    - ``n_samples``, ``sample_rate``: length of the piece, and samples in a second.
    """

    def __init__(self, gains: np.ndarray, centres: np.ndarray, n_samples: int, sample_rate: int) -> None:
        self._gains, self._centres = gains, centres
        self._is_constant = bool(gains.min() == gains.max())
        self._n_samples = n_samples
        self._n_done = 0
        self._n_fade = seconds_to_samples(FADE_SECONDS, sample_rate)

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return the next samples ``(1, time)`` with gain and fades, float32; the first and the last of all are 0."""
        samples = np.arange(self._n_done, self._n_done + wave.shape[1])
        self._n_done += wave.shape[1]
        gain = self._gains[0] if self._is_constant else np.interp(samples, self._centres, self._gains)
        shaped = np.array(wave * gain, np.float32)
        from_end = np.minimum(samples, self._n_samples - 1 - samples)
        is_fade = from_end < self._n_fade
        shaped[:, is_fade] *= (0.5 - 0.5 * np.cos(np.pi * from_end[is_fade] / self._n_fade)).astype(np.float32)
        return shaped


LEAD_FRAMES = 2  # most frames of silence at the start of a piece
MIN_TAIL_FRAMES = 4  # after the last phone, in which it decays
SILENCE_SECONDS = 0.5  # longest chunk of silence


@dataclass(frozen=True)
class Speaker:
    """A speaker of an acoustic model, with weights of the model's own styles.

    ``name`` is None for a model of one speaker without a name.
    """

    acoustic: AcousticModel
    name: str | None
    styles: Mapping[str, float]


@dataclass(frozen=True)
class _Frames:
    """The frames of a piece: ``mel (n_mels, frames)``, the duration of each symbol, and the gain of each frame.

    ``frame_ends``, ``ends``: where each frame and each symbol ends in the wave, in samples.
    """

    mel: np.ndarray
    durations: np.ndarray
    gains: np.ndarray
    frame_ends: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        ends: np.ndarray = np.append(0, self.frame_ends)[np.cumsum(self.durations)]
        return ends


class Synthesizer:
    """Converts steps to chunks of audio, which depend on the steps and the seed alone.

    - ``find_speaker``: returns the speaker for the name of a piece's voice, None for the default one.
    - ``vocoder``: converts frames to a wave.
    - ``seed``: seed of the vocoder's noise.
    """

    def __init__(self, find_speaker: Callable[[str | None], Speaker], vocoder: Vocoder, seed: int) -> None:
        self._find_speaker = find_speaker
        self._vocoder = vocoder
        self._seed = seed
        self._n_samples = 0
        self._n_pieces = 0
        self._measured: dict[Piece, _Frames] = {}  # of the last steps that were measured

    def chunks(self, steps: Iterable[Step], seconds: float | None = None) -> Iterator[Chunk]:
        """Yield the chunks of the steps, each as soon as it is computed.

        With ``seconds``, the steps take so long, see `fitted_steps`; all of them are read first. Pieces with a duration
        of their own are then fitted with all others.
        """
        if seconds is not None:
            yield from self._fitted(list(steps), seconds)
            return
        for duration, part in parts_of(steps):
            if duration is None:
                for step in part:
                    yield from self._step(step)
            else:
                yield from self._fitted(list(part), duration.seconds)

    def _fitted(self, steps: Sequence[Step], seconds: float) -> Iterator[Chunk]:
        rate, hop_length = self._vocoder.sample_rate, self._vocoder.hop_length
        n_left = seconds_to_samples(seconds, rate)
        for step in fitted_steps(steps, n_left, rate, hop_length, self.length):
            for chunk in self._step(step):
                wave = chunk.wave[:, :n_left]
                n_left -= wave.shape[1]
                self._n_samples -= chunk.wave.shape[1] - wave.shape[1]
                yield replace(chunk, wave=wave)

    def _step(self, step: Step) -> Iterator[Chunk]:
        if isinstance(step, Piece):
            yield from self._piece(step)
        elif isinstance(step, Pause):
            yield from self._silence(seconds_to_samples(step.seconds, self._vocoder.sample_rate))
        elif isinstance(step, Mark):
            yield self._mark(step)
        else:
            yield Chunk(np.zeros((1, 0), np.float32), is_waiting=True)

    def length(self, steps: Iterable[Step]) -> int:
        """Return the samples that the steps take, without vocoding them."""
        pieces = [step for step in steps if isinstance(step, Piece)]
        self._measured = {piece: self._measured.get(piece) or self._frames(piece) for piece in pieces}
        pauses = [step.seconds for step in steps if isinstance(step, Pause)]
        n_samples = sum(seconds_to_samples(seconds, self._vocoder.sample_rate) for seconds in pauses)
        return n_samples + sum(self._piece_length(piece, self._measured[piece]) for piece in pieces)

    def _piece_length(self, piece: Piece, frames: _Frames) -> int:
        """Return the samples of a piece and of the pause after it."""
        return int(frames.ends[-1]) + max(self._tail_samples(piece, frames), 0)

    def _tail_samples(self, piece: Piece, frames: _Frames) -> int:
        """Return the samples of silence that a pause lacks after the frames of a piece."""
        n_tail = trailing_silence_frames(piece.sentence.word_indices, frames.durations) * self._vocoder.hop_length
        return seconds_to_samples(piece.pause_seconds, self._vocoder.sample_rate) - n_tail

    def _frames(self, piece: Piece) -> _Frames:
        vocoder, sentence = self._vocoder, piece.sentence
        controls, gains = piece.controls()
        rates, is_word = np.array(controls.rate), np.array(sentence.word_indices) != NO_WORD
        speeds = np.where(is_word, np.maximum(rates / FASTEST_OF_MODELS, 1.0), 1.0)  # of the wave
        controls = replace(controls, rate=rates / speeds)
        speaker = self._find_speaker(piece.voice)
        spoken = speaker.acoustic.speak_symbols(
            sentence.symbols, speaker.name, self._seed, controls, dict(speaker.styles) or None
        )
        frames_per_second = vocoder.sample_rate / vocoder.hop_length
        if piece.clause_seconds is not None:
            n_frames = round(piece.clause_seconds * frames_per_second)
            spoken = with_clause_pauses(spoken, sentence.symbols, sentence.word_indices, n_frames)
        tail_frames = round(piece.pause_seconds * frames_per_second)
        durations = trim_silence(sentence.symbols, sentence.word_indices, spoken.durations, tail_frames)
        first = int(spoken.durations[0] - durations[0])
        mel = np.ascontiguousarray(spoken.mel[:, first : first + int(durations.sum())])
        lengths = frame_lengths(mel, np.repeat(speeds, durations))
        frame_ends = np.round(np.cumsum(vocoder.hop_length * lengths)).astype(np.int64)
        return _Frames(mel, durations, np.repeat(gains, durations), frame_ends)

    def _piece(self, piece: Piece) -> Iterator[Chunk]:
        vocoder = self._vocoder
        frames = self._measured.pop(piece, None) or self._frames(piece)
        inputs = np.arange(len(frames.gains) + 1) * vocoder.hop_length
        outputs = np.append(0, frames.frame_ends)
        centres = inputs[:-1] + 0.5 * vocoder.hop_length
        waves = vocoder.vocode_stream(frames.mel, self._next_seed())
        if not np.array_equal(inputs, outputs):
            centres = np.interp(centres, inputs, outputs)
            waves = SpeedUpStream(inputs, outputs, vocoder.sample_rate).process_blocks(waves)
        envelope = GainEnvelope(frames.gains, centres, int(frames.ends[-1]), vocoder.sample_rate)
        words = timed_words(piece.sentence, frames.ends, self._n_samples, vocoder.sample_rate)
        marks = timed_marks(piece.marks, words)
        for wave in waves:
            shaped = envelope.push(wave)
            n_clipped = int((np.abs(shaped) > 1.0).sum())
            yield Chunk(np.clip(shaped, -1.0, 1.0), tuple(words), tuple(marks), n_clipped)
            words, marks = [], []  # they belong to the first chunk of the piece
            self._n_samples += wave.shape[1]
        yield from self._silence(self._tail_samples(piece, frames))

    def _next_seed(self) -> int:
        """Return the seed of the next piece's noise."""
        seed = int(np.random.SeedSequence([self._seed, self._n_pieces]).generate_state(1)[0])
        self._n_pieces += 1
        return seed

    def _silence(self, n_samples: int) -> Iterator[Chunk]:
        longest = seconds_to_samples(SILENCE_SECONDS, self._vocoder.sample_rate)
        for start in range(0, n_samples, longest):
            n_chunk = min(longest, n_samples - start)
            self._n_samples += n_chunk
            yield Chunk(np.zeros((1, n_chunk), np.float32))

    def _mark(self, mark: Mark) -> Chunk:
        seconds = round(self._n_samples / self._vocoder.sample_rate, 6)
        return Chunk(np.zeros((1, 0), np.float32), marks=(TimedMark(mark.name, seconds),))


def with_clause_pauses(
    spoken: Utterance, symbols: tuple[str, ...], word_indices: tuple[int, ...], n_frames: int
) -> Utterance:
    """Return an utterance whose pauses at commas and semicolons between words have ``n_frames`` frames.

    A pause is cut or extended in its middle; one without frames gets the quietest frame of the utterance.
    """
    last = max((symbol for symbol, word in enumerate(word_indices) if word != NO_WORD), default=-1)
    durations = np.array(spoken.durations, np.int64)
    ends = np.cumsum(durations)
    quietest = int(spoken.mel.sum(axis=0).argmin())
    columns: list[np.ndarray] = []
    for index, (symbol, end) in enumerate(zip(symbols, ends, strict=True)):
        frames = np.arange(end - durations[index], end)
        if symbol in CLAUSES and word_indices[index] == NO_WORD and index < last:
            middle = frames[len(frames) // 2] if len(frames) else quietest
            n_before, n_after = min((n_frames + 1) // 2, (len(frames) + 1) // 2), min(n_frames // 2, len(frames) // 2)
            filling = np.full(n_frames - n_before - n_after, middle)
            frames = np.concatenate([frames[:n_before], filling, frames[len(frames) - n_after :]])
            durations[index] = n_frames
        columns.append(frames)
    return replace(spoken, mel=spoken.mel[:, np.concatenate(columns)], durations=durations)


def trim_silence(
    symbols: tuple[str, ...], word_indices: tuple[int, ...], durations: np.ndarray, tail_frames: int
) -> np.ndarray:
    """Shorten the silence at both ends of a piece.

    - ``symbols``: symbols of the piece.
    - ``word_indices``: index of each symbol's word.
    - ``durations``: duration of each symbol in frames, ``(symbols,)``.
    - ``tail_frames``: most frames after the last phone; at least `MIN_TAIL_FRAMES` are left.
    - returns: durations ``(symbols,)``, int64.
    """
    trimmed = np.array(durations, np.int64)
    if symbols[0] == SILENCE:
        trimmed[0] = min(trimmed[0], LEAD_FRAMES)
    excess = trailing_silence_frames(word_indices, trimmed) - max(tail_frames, MIN_TAIL_FRAMES)
    for index in range(len(symbols) - 1, -1, -1):
        if excess <= 0 or word_indices[index] != NO_WORD or symbols[index] not in (SILENCE, *PAUSES):
            break
        cut = min(int(trimmed[index]), excess)
        trimmed[index] -= cut
        excess -= cut
    return trimmed


def trailing_silence_frames(word_indices: tuple[int, ...], durations: np.ndarray) -> int:
    """Return the number of frames after the last phone of a piece."""
    last = max((symbol for symbol, word in enumerate(word_indices) if word != NO_WORD), default=-1)
    return int(durations[last + 1 :].sum())
