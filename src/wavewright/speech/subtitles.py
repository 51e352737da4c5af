"""Words with their times as subtitles: SRT, WebVTT, or JSON with every phone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import BadSetting
from .timestamps import TimedMark, TimedWord

KINDS = ("srt", "vtt", "json")
LINE_CHARACTERS = 42
MOST_LINES = 2
LONGEST_SECONDS = 6.0
LONGEST_GAP_SECONDS = 0.8  # between words of one subtitle
SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True)
class Cue:
    """A subtitle: lines that are shown from ``start`` to ``end``, seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def subtitle_format(path: Path) -> str:
    """``srt``, ``vtt`` or ``json`` by how a path ends, or by the path itself (``srt``); raises BadSetting for others."""
    kind = (path.suffix or path.name).lower().lstrip(".")
    if kind not in KINDS:
        raise BadSetting(f"Subtitles are to be written to {path}; that can end with .srt, .vtt or .json.")
    return kind


def subtitles(words: Sequence[TimedWord], marks: Sequence[TimedMark], kind: str) -> str:
    """The whole subtitle file."""
    if kind == "json":
        found = {"words": [asdict(word) for word in words], "marks": [asdict(mark) for mark in marks]}
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    shown = [
        f"{_time(cue.start, kind)} --> {_time(cue.end, kind)}\n" + "\n".join(_escaped(line, kind) for line in cue.lines)
        for cue in cues(words)
    ]
    if kind == "vtt":
        return "\n\n".join(["WEBVTT", *shown]) + "\n"
    return "\n\n".join(f"{number}\n{cue}" for number, cue in enumerate(shown, 1)) + "\n"


def cues(words: Iterable[TimedWord]) -> list[Cue]:
    """Words in subtitles of two short lines at most, which end with sentences and where it is silent for long."""
    found: list[Cue] = []
    held: list[TimedWord] = []
    for word in _as_written(words):
        if held and not _fits(held, word):
            found.append(_cue(held))
            held = []
        held.append(word)
    return [*found, _cue(held)] if held else found


def _as_written(words: Iterable[TimedWord]) -> Iterable[TimedWord]:
    """The words as they are written: what is spoken as several words is one again."""
    last: TimedWord | None = None
    for word in words:
        if last is not None and (last.from_character, last.to_character) == (word.from_character, word.to_character):
            last = TimedWord(
                last.text,
                f"{last.spoken} {word.spoken}",
                last.start,
                word.end,
                last.from_character,
                last.to_character,
                word.mark_after,
                last.phones + word.phones,
            )
            continue
        if last is not None:
            yield last
        last = word
    if last is not None:
        yield last


def _fits(held: list[TimedWord], word: TimedWord) -> bool:
    last = held[-1]
    return (
        last.mark_after not in SENTENCE_ENDS
        and word.start - last.end <= LONGEST_GAP_SECONDS
        and word.end - held[0].start <= LONGEST_SECONDS
        and len(_lines([*held, word])) <= MOST_LINES
    )


def _cue(held: list[TimedWord]) -> Cue:
    return Cue(held[0].start, held[-1].end, tuple(_lines(held)))


def _lines(held: list[TimedWord]) -> list[str]:
    lines = [""]
    for word in held:
        shown = " ".join(word.text.split()) + (word.mark_after if word.mark_after != ";" else ",")
        if lines[-1] and len(lines[-1]) + 1 + len(shown) > LINE_CHARACTERS:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + shown
    return lines


def _time(seconds: float, kind: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{',' if kind == 'srt' else '.'}{rest % 1000:03d}"


def _escaped(line: str, kind: str) -> str:
    if kind == "srt":
        return line
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
