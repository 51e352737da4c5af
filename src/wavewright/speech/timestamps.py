"""When words, phones and marks are heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..text.sentence import Sentence


@dataclass(frozen=True)
class TimedPhone:
    """A phone from ``start`` to ``end``, seconds since the sound began."""

    phone: str
    start: float
    end: float


@dataclass(frozen=True)
class TimedWord:
    """A word from ``start`` to ``end``, seconds since the sound began; ``from_character`` to ``to_character`` is its place in the text.

    ``text`` is as written; what is written as one and spoken as several words (``1984``) gives several with the same place. ``spoken`` is
    what is said, with ``mark_after``, the punctuation behind it.
    """

    text: str
    spoken: str
    start: float
    end: float
    from_character: int
    to_character: int
    mark_after: str
    phones: tuple[TimedPhone, ...]


@dataclass(frozen=True)
class TimedMark:
    """An SSML mark and its time in seconds."""

    name: str
    seconds: float


def timed_words(
    sentence: Sentence, durations: np.ndarray, start_samples: int, hop_length: int, sample_rate: int
) -> list[TimedWord]:
    """When the words of a sentence are heard; ``durations (symbols,)`` are the frames of its symbols, the first at ``start_samples``."""
    ends = start_samples + np.cumsum(durations) * hop_length
    starts = ends - np.asarray(durations) * hop_length
    phones: list[list[TimedPhone]] = [[] for _ in sentence.words]
    for symbol, place, start, end in zip(sentence.symbols, sentence.word_indices, starts, ends, strict=True):
        if place >= 0:
            phones[place].append(TimedPhone(symbol, _seconds(start, sample_rate), _seconds(end, sample_rate)))
    return [
        TimedWord(
            word.text,
            word.spoken,
            spoken[0].start,
            spoken[-1].end,
            word.start,
            word.end,
            word.mark_after,
            tuple(spoken),
        )
        for word, spoken in zip(sentence.words, phones, strict=True)
    ]


def timed_marks(marks: Sequence[tuple[str, int]], words: Sequence[TimedWord]) -> list[TimedMark]:
    """Marks that stand before words, by the words' numbers."""
    return [TimedMark(name, words[number].start) for name, number in marks]


def _seconds(samples: float, sample_rate: int) -> float:
    return round(float(samples) / sample_rate, 6)
