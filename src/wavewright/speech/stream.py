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
    """A stretch of sound ``wave (1, time)`` float32, and the words and marks of the piece that begins with it."""

    wave: np.ndarray
    words: tuple[TimedWord, ...] = ()
    marks: tuple[TimedMark, ...] = ()


@dataclass(frozen=True)
class Speaker:
    """An acoustic model, one of its speakers, and weights of the model's own styles."""

    acoustic: Any
    name: str | None
    styles: Mapping[str, float]


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
        durations = trimmed(sentence.symbols, sentence.places, spoken.durations, round(piece.pause_seconds * rate_frames))
        first = int(spoken.durations[0] - durations[0])
        mel = spoken.mel[:, first : first + int(durations.sum())]
        gain = frame_gains(volume_db, durations)
        words = timed_words(sentence, durations, self._n_samples, vocoder.hop_length, vocoder.sample_rate)
        marks = timed_marks(piece.marks, words)
        n_samples = mel.shape[1] * vocoder.hop_length
        seed = int(np.random.SeedSequence([self._seed, self._n_pieces]).generate_state(1)[0])
        self._n_pieces += 1
        done = 0
        for wave in vocoder.vocode_stream(np.ascontiguousarray(mel), seed):
            places = np.arange(done, done + wave.shape[1])
            envelope = sample_gains(gain, places, vocoder.hop_length) * faded(places, n_samples, vocoder.sample_rate)
            yield Chunk(np.clip(wave * envelope, -1.0, 1.0).astype(np.float32), tuple(words), tuple(marks))
            words, marks = [], []
            done += wave.shape[1]
            self._n_samples += wave.shape[1]
        n_silent = silent_frames_behind(sentence.places, durations) * vocoder.hop_length
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


def trimmed(symbols: tuple[str, ...], places: tuple[int, ...], durations: np.ndarray, tail_frames: int) -> np.ndarray:
    """Durations ``(symbols,)`` of a piece whose silence at the beginning is short, and at the end as long as asked for, or shorter."""
    shorter = np.array(durations, np.int64)
    if symbols[0] == SILENCE:
        shorter[0] = min(shorter[0], LEAD_FRAMES)
    to_cut = silent_frames_behind(places, shorter) - max(tail_frames, FEWEST_TAIL_FRAMES)
    for number in range(len(symbols) - 1, -1, -1):
        if to_cut <= 0 or places[number] != NO_WORD or symbols[number] not in (SILENCE, *PAUSES):
            break
        cut = min(int(shorter[number]), to_cut)
        shorter[number] -= cut
        to_cut -= cut
    return shorter


def silent_frames_behind(places: tuple[int, ...], durations: np.ndarray) -> int:
    """Frames after the last phone of a piece."""
    last = max((number for number, place in enumerate(places) if place != NO_WORD), default=-1)
    return int(durations[last + 1 :].sum())


def frame_gains(volume_db: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """The gain of each frame ``(frames,)`` from the volume of each symbol ``(symbols,)``."""
    return np.repeat(db_to_gain(volume_db), durations)


def sample_gains(gain: np.ndarray, places: np.ndarray, hop_length: int) -> np.ndarray:
    """The gains of samples at ``places``, straight lines between the middles of frames."""
    return np.interp(places / hop_length - 0.5, np.arange(len(gain)), gain)


def faded(places: np.ndarray, n_samples: int, sample_rate: int) -> np.ndarray:
    """Gains that rise from 0 at the first sample and fall to 0 at the last one of ``n_samples``, as half a cosine does."""
    length = seconds_to_samples(FADE_SECONDS, sample_rate)
    nearest_end = np.minimum(places, n_samples - 1 - places)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(nearest_end / length, 0.0, 1.0))
