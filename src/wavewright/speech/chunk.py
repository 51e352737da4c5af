"""Chunks: spoken audio with the times of its words, phones and marks, and the count of its clipped samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..text.sentence import NO_WORD, Sentence


@dataclass(frozen=True)
class TimedPhone:
    """A phone and its start and end in seconds."""

    phone: str
    start: float
    end: float


@dataclass(frozen=True)
class TimedWord:
    """A spoken word and its time.

    Text that is spoken as several words (``1984``) is several words with the same position.

    - ``text``, ``spoken``: the word as written, and as spoken.
    - ``start``, ``end``: seconds since the start of the audio.
    - ``from_character``, ``to_character``: position of its first character, and of the character after its last one, in
      the text.
    - ``mark_after``: the punctuation symbol after it, or empty.
    - ``shown``: the word with the signs and the space around it in the text, for subtitles; empty where another word
      has it.
    """

    text: str
    spoken: str
    start: float
    end: float
    from_character: int
    to_character: int
    mark_after: str
    phones: tuple[TimedPhone, ...]
    shown: str = ""


@dataclass(frozen=True)
class TimedMark:
    """An SSML mark and its time in seconds."""

    name: str
    seconds: float


def timed_words(sentence: Sentence, ends: np.ndarray, start_samples: int, sample_rate: int) -> list[TimedWord]:
    """Return the words of a sentence with their times.

    - ``sentence``: the words.
    - ``ends``: where each symbol ends, in samples from the start of the first one, ``(symbols,)``.
    - ``start_samples``: sample at which the first symbol starts.
    - ``sample_rate``: samples in a second.
    - returns: one entry for each word.
    """
    ends = start_samples + ends
    starts = np.append(start_samples, ends[:-1])
    phones: list[list[TimedPhone]] = [[] for _ in sentence.words]
    for symbol, index, start, end in zip(sentence.symbols, sentence.word_indices, starts, ends, strict=True):
        if index != NO_WORD:
            phones[index].append(TimedPhone(symbol, _seconds(start, sample_rate), _seconds(end, sample_rate)))
    return [
        TimedWord(
            text=word.text,
            spoken=word.spoken,
            start=word_phones[0].start,
            end=word_phones[-1].end,
            from_character=word.start,
            to_character=word.end,
            mark_after=word.mark_after,
            phones=tuple(word_phones),
            shown=word.shown,
        )
        for word, word_phones in zip(sentence.words, phones, strict=True)
    ]


def timed_marks(marks: Sequence[tuple[str, int]], words: Sequence[TimedWord]) -> list[TimedMark]:
    """Return marks, each a name and the index of the word after it, with their times."""
    return [TimedMark(name, words[index].start) for name, index in marks]


def _seconds(samples: float, sample_rate: int) -> float:
    return round(float(samples) / sample_rate, 6)


@dataclass(frozen=True)
class Chunk:
    """A stretch of audio.

    - ``wave``: samples ``(1, time)``, float32 in [-1, 1].
    - ``words``: words of the piece that starts with this chunk; empty for later chunks of a piece.
    - ``marks``: marks of the same piece.
    - ``n_clipped``: number of samples that exceeded full scale and were clipped.
    - ``is_waiting``: without samples: further text has not come yet, so that the next chunk is worth asking for only
      when it has.
    """

    wave: np.ndarray
    words: tuple[TimedWord, ...] = ()
    marks: tuple[TimedMark, ...] = ()
    n_clipped: int = 0
    is_waiting: bool = False


class Clipping:
    """Counts the samples of chunks, and the clipped ones, as the chunks pass."""

    def __init__(self) -> None:
        self.n_samples = 0
        self.n_clipped = 0

    def count(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yield the chunks unchanged and count their samples."""
        for chunk in chunks:
            self.n_samples += chunk.wave.shape[1]
            self.n_clipped += chunk.n_clipped
            yield chunk

    @property
    def clipped_fraction(self) -> float:
        """Fraction of samples that were clipped, from 0 to 1."""
        return self.n_clipped / max(self.n_samples, 1)


def clipping_message(fraction: float) -> str:
    """Return the message on the fraction of samples that were clipped."""
    return f"{100 * fraction:.2g} % of the samples exceeded full scale and were clipped; lower the volume."
