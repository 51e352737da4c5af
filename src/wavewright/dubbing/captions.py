"""Write recognised speech as text, SRT, WebVTT, or JSON with the times of words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np

from ..speech.chunk import TimedWord
from ..speech.subtitles import MAX_LINE_CHARACTERS, MAX_LINES, SENTENCE_ENDS, SubtitleFormat, cues, written
from .stretches import FRAME_SECONDS
from .subtitle_files import RecognisedWord, SpeechSegment

CaptionFormat: TypeAlias = Literal[SubtitleFormat, "txt"]
SUFFIXES = tuple(f".{each}" for each in get_args(CaptionFormat))
PARAGRAPH_SECONDS = 2.0  # of silence between two paragraphs of a text
CLOSING = "\"'\u00bb\u201d\u2019)]"


@dataclass(frozen=True)
class Captions:
    """Recognised speech of a recording."""

    file: str
    recogniser: str
    seconds: float
    language: str  # of the speech; empty if it is unknown
    segments: tuple[SpeechSegment, ...]  # in the order of their starts, each with its words
    word_times: Literal["recognised", "estimated"]  # ``recognised``, or ``estimated`` where the recogniser gave none

    @property
    def n_words(self) -> int:
        """Number of words."""
        return sum(len(segment.words) for segment in self.segments)

    def contents(self, suffix: str) -> str:
        """Return the contents of a file with an ending of SUFFIXES."""
        if suffix == ".json":
            return self._json()
        if suffix == ".txt":
            return "\n\n".join(self._paragraphs()) + "\n"
        shown = [replace(cue, speaker=speaker) for speaker, words in self._turns() for cue in cues(list(_timed(words)))]
        return written(shown, suffix[1:])

    def _turns(self) -> Iterator[tuple[str, list[RecognisedWord]]]:
        """Yield the speakers in turn with their words."""
        for speaker, segments in groupby(self.segments, lambda segment: segment.speaker):
            yield speaker, [word for segment in segments for word in segment.words]

    def _paragraphs(self) -> Iterator[str]:
        for speaker, segments in groupby(self.segments, lambda segment: segment.speaker):
            parts: list[list[SpeechSegment]] = []
            for segment in segments:
                if parts and segment.start - parts[-1][-1].end < PARAGRAPH_SECONDS:
                    parts[-1].append(segment)
                else:
                    parts.append([segment])
            for part in parts:
                yield (f"{speaker}: " if speaker else "") + " ".join(segment.text for segment in part)

    def _json(self) -> str:
        contents = {
            "file": self.file,
            "recogniser": self.recogniser,
            "language": self.language,
            "seconds": round(self.seconds, 3),
            "word_times": self.word_times,
            "text": " ".join(segment.text for segment in self.segments),
            "segments": [_row(segment) for segment in self.segments],
        }
        return json.dumps(contents, ensure_ascii=False, indent=1) + "\n"


def captions_of(
    file: Path, recogniser: str, seconds: float, segments: Sequence[SpeechSegment], active: np.ndarray
) -> Captions:
    """Return the captions of recognised segments.

    - ``recogniser``: its name for the file.
    - ``seconds``: length of the recording.
    - ``active``: frames of FRAME_SECONDS that are not silent, ``(frames,)`` bool. Over these, words without times are
      spread by the numbers of their letters.
    """
    ordered = sorted(segments, key=lambda segment: segment.start)
    is_timed = all(segment.words for segment in ordered)
    with_words = [each if each.words else replace(each, words=spread(each, active)) for each in ordered]
    language = next((segment.language for segment in ordered if segment.language), "")
    return Captions(
        file.name, recogniser, seconds, language, tuple(with_words), "recognised" if is_timed else "estimated"
    )


def spread(segment: SpeechSegment, active: np.ndarray) -> tuple[RecognisedWord, ...]:
    """Return the words of a segment with times in which each letter has the same share of the frames with sound."""
    texts = segment.text.split()
    first, last = math.floor(segment.start / FRAME_SECONDS), math.ceil(segment.end / FRAME_SECONDS)
    frames = np.zeros(max(last - first, 1), bool)
    given = active[first:last]
    frames[: len(given)] = given
    if not frames.any():
        frames[:] = True
    heard = np.concatenate([[0.0], np.cumsum(frames)])
    letters = np.concatenate([[0], np.cumsum([max(sum(map(str.isalnum, text)), 1) for text in texts])])
    shares = letters / letters[-1] * heard[-1]
    starts = np.searchsorted(heard, shares[:-1], side="right") - 1  # after the silence before a word
    ends = np.searchsorted(heard, shares[1:], side="left")
    partial = shares[:-1] - heard[starts], shares[1:] - heard[ends]
    times = FRAME_SECONDS * (first + np.array([starts + partial[0], ends + partial[1]]))
    rounded = times.clip(segment.start, segment.end).round(3)
    in_order = np.maximum.accumulate(rounded.T.ravel()).reshape(-1, 2).tolist()
    return tuple(RecognisedWord(text, *span) for text, span in zip(texts, in_order, strict=True))


def subtitle_rows(start: float, end: float, text: str) -> list[tuple[float, float, str]]:
    """Return starts, ends and texts of subtitles for a text; a long one is spread over its time by its letters."""
    if len(text) <= MAX_LINES * MAX_LINE_CHARACTERS:
        return [(start, end, text)]
    words = spread(SpeechSegment(start, end, text), np.zeros(0, bool))
    return [(cue.start, cue.end, "\n".join(cue.lines)) for cue in cues(_timed(words))]


def _timed(words: Sequence[RecognisedWord]) -> Iterator[TimedWord]:
    """Yield words as subtitles are made of; the end of a sentence is the mark after its last word."""
    for index, word in enumerate(words):
        ending = word.text.rstrip(CLOSING)[-1:]
        mark = ending if ending in SENTENCE_ENDS else ""
        yield TimedWord(word.text, word.text, word.start, word.end, index, index + 1, mark, (), f" {word.text}")


def _row(segment: SpeechSegment) -> dict[str, object]:
    row: dict[str, object] = {"start": round(segment.start, 3), "end": round(segment.end, 3), "text": segment.text}
    row |= {"speaker": segment.speaker} if segment.speaker else {}
    words = [{"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)} for word in segment.words]
    return {**row, "words": words}
