"""Write words with their times as subtitles: SRT, WebVTT, or JSON with every phone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..errors import BadSetting
from .timestamps import TimedMark, TimedWord

FORMATS = ("srt", "vtt", "json")
MAX_LINE_CHARACTERS = 42
MAX_LINES = 2
MAX_SECONDS = 6.0  # of one subtitle
MAX_GAP_SECONDS = 0.8  # between words of one subtitle
SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True)
class Cue:
    """A subtitle: its start and end in seconds, and its lines."""

    start: float
    end: float
    lines: tuple[str, ...]


def subtitle_format(path: Path) -> str:
    """Return the format of a subtitle file, ``srt``, ``vtt`` or ``json``.

    Parameters
    ----------
    path : Path
        A file with that suffix, or the format itself.

    Returns
    -------
    str
        The format.

    Raises
    ------
    BadSetting
        If the suffix is another one.
    """
    suffix = (path.suffix or path.name).lower().lstrip(".")
    if suffix not in FORMATS:
        raise BadSetting(f"The subtitle file is {path}; its suffix can be .srt, .vtt or .json.")
    return suffix


def subtitles(words: Sequence[TimedWord], marks: Sequence[TimedMark], file_format: str) -> str:
    """Return the contents of a subtitle file.

    Parameters
    ----------
    words : sequence of TimedWord
        The spoken words.
    marks : sequence of TimedMark
        The marks, which only JSON contains.
    file_format : {"srt", "vtt", "json"}
        Format of the file.

    Returns
    -------
    str
        The contents.
    """
    if file_format == "json":
        contents = {"words": [asdict(word) for word in words], "marks": [asdict(mark) for mark in marks]}
        return json.dumps(contents, ensure_ascii=False, indent=1) + "\n"
    blocks = [
        f"{_time(cue.start, file_format)} --> {_time(cue.end, file_format)}\n"
        + "\n".join(_escaped(line, file_format) for line in cue.lines)
        for cue in cues(words)
    ]
    if file_format == "vtt":
        return "\n\n".join(["WEBVTT", *blocks]) + "\n"
    return "\n\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, 1)) + "\n"


def cues(words: Iterable[TimedWord]) -> list[Cue]:
    """Return the words as subtitles of at most two lines, split at sentence ends and long silences."""
    done: list[Cue] = []
    pending: list[TimedWord] = []
    for word in _written_words(words):
        if pending and not _belongs(word, pending):
            done.append(_cue(pending))
            pending = []
        pending.append(word)
    return [*done, _cue(pending)] if pending else done


def _written_words(words: Iterable[TimedWord]) -> Iterator[TimedWord]:
    """Yield the words with those merged that are written as one word."""
    last: TimedWord | None = None
    for word in words:
        if last is not None and (last.from_character, last.to_character) == (word.from_character, word.to_character):
            last = replace(
                last,
                spoken=f"{last.spoken} {word.spoken}",
                end=word.end,
                mark_after=word.mark_after,
                phones=last.phones + word.phones,
            )
            continue
        if last is not None:
            yield last
        last = word
    if last is not None:
        yield last


def _belongs(word: TimedWord, pending: list[TimedWord]) -> bool:
    """Return whether a word belongs to the subtitle of the words before it."""
    last = pending[-1]
    return (
        last.mark_after not in SENTENCE_ENDS
        and word.start - last.end <= MAX_GAP_SECONDS
        and word.end - pending[0].start <= MAX_SECONDS
        and len(_lines([*pending, word])) <= MAX_LINES
    )


def _cue(words: list[TimedWord]) -> Cue:
    return Cue(words[0].start, words[-1].end, tuple(_lines(words)))


def _lines(words: list[TimedWord]) -> list[str]:
    lines = [""]
    for word in words:
        shown = " ".join(word.text.split()) + (word.mark_after if word.mark_after != ";" else ",")
        if lines[-1] and len(lines[-1]) + 1 + len(shown) > MAX_LINE_CHARACTERS:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + shown
    return lines


def _time(seconds: float, file_format: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{',' if file_format == 'srt' else '.'}{rest % 1000:03d}"


def _escaped(line: str, file_format: str) -> str:
    if file_format == "srt":
        return line
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
