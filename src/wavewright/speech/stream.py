"""Pieces of a plan to sound, chunk by chunk; the joins lie in silence and are faded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..text.sentence import NO_WORD, PAUSES, SILENCE
from ..units import db_to_gain, seconds_to_samples
from .plan import Mark, Pause, Piece, Step
from .timestamps import TimedMark, TimedWord, timed_marks, timed_words

FADE_SECONDS = 0.008  # at both ends of a piece
LEAD_FRAMES = 2  # of silence that a piece begins with, at most
FEWEST_TAIL_FRAMES = 4  # in which the last phone dies away
SILENCE_SECONDS = 0.5  # of a chunk of silence, at most


@dataclass(frozen=True)
class Chunk:
    """A stretch of sound ``wave (1, time)`` float32, and the words and marks of the piece that begins with it.

    ``n_clipped`` samples were louder than full scale and are cut off there.
    """

    wave: np.ndarray
    words: tuple[TimedWord, ...] = ()
    marks: tuple[TimedMark, ...] = ()
    n_clipped: int = 0


@dataclass(frozen=True)
class Speaker:
    """An acoustic model, one of its speakers, and weights of the model's own styles."""

    acoustic: Any
    name: str | None
    styles: Mapping[str, float]


class Clipping:
    """Counts the samples of chunks, and those that were clipped, as the chunks pass."""

    def __init__(self) -> None:
        self.n_samples = self.n_clipped = 0

    def count(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yield the chunks unchanged and count their samples."""
        for chunk in chunks:
            self.n_samples += chunk.wave.shape[1]
            self.n_clipped += chunk.n_clipped
            yield chunk

    @property
    def clipped_fraction(self) -> float:
        """How many of all samples were clipped, from 0 to 1."""
        return self.n_clipped / max(self.n_samples, 1)


def clipping_message(share: float) -> str:
    """The sentence that says how much was clipped."""
    return f"{100 * share:.2g} % of the samples were louder than full scale and are clipped there; ask for less volume."


class Stream:
    """Steps to chunks. What comes out depends on the steps and the seed alone; a whole text is its chunks joined."""

    def __init__(self, speaker_of: Callable[[str | None], Speaker], vocoder: Any, seed: int):
        self._speaker_of, self._vocoder, self._seed = speaker_of, vocoder, seed
        self._n_samples = self._n_pieces = 0

    def chunks(self, steps: Iterable[Step]) -> Iterator[Chunk]:
        """The chunks of the steps, each as soon as it is there."""
        for step in steps:
            if isinstance(step, Piece):
                yield from self._piece(step)
            elif isinstance(step, Pause):
                yield from self._silence(seconds_to_samples(step.seconds, self._vocoder.sample_rate))
            else:
                yield self._mark(step)

    def _piece(self, piece: Piece) -> Iterator[Chunk]:
        vocoder, sentence, controls = self._vocoder, piece.sentence, piece.controls()
        speaker = self._speaker_of(piece.voice)
        volume_db = controls.pop("volume_db")
        spoken = speaker.acoustic.speak_symbols(
            sentence.symbols,
            speaker.name,
            self._seed,
            rate=controls["rate"],
            pitch=controls["pitch"],
            pitch_range=controls["pitch_range"],
            energy=controls["energy"],
            style=dict(speaker.styles) or None,
        )
        rate_frames = vocoder.sample_rate / vocoder.hop_length
        durations = trim_silence(
            sentence.symbols, sentence.word_indices, spoken.durations, round(piece.pause_seconds * rate_frames)
        )
        first = int(spoken.durations[0] - durations[0])
        mel = spoken.mel[:, first : first + int(durations.sum())]
        shape = Shape(np.repeat(db_to_gain(volume_db), durations), vocoder.hop_length, vocoder.sample_rate)
        words = timed_words(sentence, durations, self._n_samples, vocoder.hop_length, vocoder.sample_rate)
        marks = timed_marks(piece.marks, words)
        seed = int(np.random.SeedSequence([self._seed, self._n_pieces]).generate_state(1)[0])
        self._n_pieces += 1
        for wave in vocoder.vocode_stream(np.ascontiguousarray(mel), seed):
            loud = shape.push(wave)
            yield Chunk(np.clip(loud, -1.0, 1.0), tuple(words), tuple(marks), int((np.abs(loud) > 1.0).sum()))
            words, marks = [], []
            self._n_samples += wave.shape[1]
        n_silent = trailing_silence_frames(sentence.word_indices, durations) * vocoder.hop_length
        yield from self._silence(seconds_to_samples(piece.pause_seconds, vocoder.sample_rate) - n_silent)

    def _silence(self, n_samples: int) -> Iterator[Chunk]:
        most = seconds_to_samples(SILENCE_SECONDS, self._vocoder.sample_rate)
        for start in range(0, n_samples, most):
            n_here = min(most, n_samples - start)
            self._n_samples += n_here
            yield Chunk(np.zeros((1, n_here), np.float32))

    def _mark(self, mark: Mark) -> Chunk:
        seconds = round(self._n_samples / self._vocoder.sample_rate, 6)
        return Chunk(np.zeros((1, 0), np.float32), marks=(TimedMark(mark.name, seconds),))


def trim_silence(
    symbols: tuple[str, ...], places: tuple[int, ...], durations: np.ndarray, tail_frames: int
) -> np.ndarray:
    """Durations ``(symbols,)`` of a piece whose silence at the beginning is short, and at the end as long as asked for, or shorter."""
    shorter = np.array(durations, np.int64)
    if symbols[0] == SILENCE:
        shorter[0] = min(shorter[0], LEAD_FRAMES)
    to_cut = trailing_silence_frames(places, shorter) - max(tail_frames, FEWEST_TAIL_FRAMES)
    for number in range(len(symbols) - 1, -1, -1):
        if to_cut <= 0 or places[number] != NO_WORD or symbols[number] not in (SILENCE, *PAUSES):
            break
        cut = min(int(shorter[number]), to_cut)
        shorter[number] -= cut
        to_cut -= cut
    return shorter


def trailing_silence_frames(places: tuple[int, ...], durations: np.ndarray) -> int:
    """Frames after the last phone of a piece."""
    last = max((number for number, place in enumerate(places) if place != NO_WORD), default=-1)
    return int(durations[last + 1 :].sum())


class Shape:
    """Level and fades of a piece, laid on its wave as it comes; ``gains (frames,)``, between whose middles lie straight lines."""

    def __init__(self, gains: np.ndarray, hop_length: int, sample_rate: int):
        self._gains, self._hop_length = gains, hop_length
        self._is_even = bool(gains.min() == gains.max())
        self._n_samples, self._done = len(gains) * hop_length, 0
        self._n_fade = seconds_to_samples(FADE_SECONDS, sample_rate)

    def push(self, wave: np.ndarray) -> np.ndarray:
        """The next samples ``(1, time)`` float32, which rise from 0 at the first one and fall to 0 at the last."""
        places = np.arange(self._done, self._done + wave.shape[1])
        self._done += wave.shape[1]
        gain = (
            self._gains[0]
            if self._is_even
            else np.interp(places / self._hop_length - 0.5, np.arange(len(self._gains)), self._gains)
        )
        shaped = np.array(wave * gain, np.float32)
        nearest_end = np.minimum(places, self._n_samples - 1 - places)
        at_an_end = nearest_end < self._n_fade
        shaped[:, at_an_end] *= (0.5 - 0.5 * np.cos(np.pi * nearest_end[at_an_end] / self._n_fade)).astype(np.float32)
        return shaped
