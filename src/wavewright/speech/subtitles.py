"""Write words with their times as subtitles: SRT, WebVTT, or JSON with every phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from ..base.errors import BadSetting
from .chunk import TimedMark, TimedWord

SubtitleFormat: TypeAlias = Literal["srt", "vtt", "json"]
FORMATS: tuple[str, ...] = get_args(SubtitleFormat)
MAX_LINE_CHARACTERS = 42
MAX_LINES = 2
MAX_SECONDS = 6.0  # of one subtitle
MAX_GAP_SECONDS = 0.8  # between words of one subtitle
MAX_JOINED_GAP_SECONDS = 1.6  # before or after a subtitle of one word that is joined to another
SENTENCE_ENDS = (".", "?", "!")
_INSIDE = "\ue000"  # stands for a space within a number
_TAG_BEGINNING = re.compile(r"<(?=[a-zA-Z0-9/])|\{(?=\\)|&(?=#?\w+;)")


@dataclass(frozen=True)
class Cue:
    """A subtitle: its start and end in seconds, its lines, and its speaker, which WebVTT shows."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str = ""


def subtitle_format(path: Path) -> str:
    """Return the format of a subtitle file, one of FORMATS.

    - ``path``: a file with that suffix, or the format itself.

    Raises BadSetting if the suffix is another one.
    """
    suffix = (path.suffix or path.name).lower().lstrip(".")
    if suffix not in FORMATS:
        raise BadSetting(f"The subtitle file is {path}; its suffix can be {', '.join(f'.{each}' for each in FORMATS)}.")
    return suffix


def subtitles(words: Sequence[TimedWord], marks: Sequence[TimedMark], file_format: str) -> str:
    """Return the contents of a subtitle file.

    - ``words``: the spoken words.
    - ``marks``: the marks, which only JSON contains.
    """
    if file_format == "json":
        contents = {"words": [asdict(word) for word in words], "marks": [asdict(mark) for mark in marks]}
        return json.dumps(contents, ensure_ascii=False, indent=1) + "\n"
    return written(cues(words), file_format)


def written(shown: Iterable[Cue], file_format: str) -> str:
    """Return subtitles as SRT or WebVTT."""
    blocks = [
        f"{_time(cue.start, file_format)} --> {_time(cue.end, file_format)}\n{_text(cue, file_format)}" for cue in shown
    ]
    if file_format == "vtt":
        return "\n\n".join(["WEBVTT", *blocks]) + "\n"
    return "\n\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, 1)) + "\n"


def cues(words: Iterable[TimedWord]) -> list[Cue]:
    """Return the words as subtitles of at most two lines, split at sentence ends and long silences.

    A subtitle of one word is joined to the next or the last one, or gets a word of one, where that fits.
    """
    groups: list[list[TimedWord]] = []
    for word in _written_words(words):
        if groups and _belongs(word, groups[-1]):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [_cue(group) for group in _joined(groups)]


def _joined(groups: list[list[TimedWord]]) -> list[list[TimedWord]]:
    """Return the words of each subtitle without subtitles of one word, where they fit into another."""
    done: list[list[TimedWord]] = []
    waiting = list(groups)
    while waiting:
        group = waiting.pop(0)
        is_item = group[0].text.rstrip(".)").isdigit()  # its number stays with what follows
        last = done[-1] if done and not is_item else []
        if len(group) > 1 or not (last or waiting):
            done.append(group)
        elif waiting and _fits([*group, *waiting[0]]) and _is_near(group, waiting[0]):
            waiting[0] = [*group, *waiting[0]]
        elif last and _fits([*last, *group]) and _is_near(last, group):
            last += group
        elif len(last) > 2 and _fits([last[-1], *group]) and _is_near(last, group):
            done.append([last.pop(), *group])
        elif waiting and len(waiting[0]) > 2 and _fits([*group, waiting[0][0]]) and _is_near(group, waiting[0]):
            done.append([*group, waiting[0].pop(0)])
        else:
            done.append(group)
    return done


def _fits(words: list[TimedWord]) -> bool:
    """Return whether words fit into one subtitle."""
    return words[-1].end - words[0].start <= MAX_SECONDS and len(_lines(words)) <= MAX_LINES


def _is_near(words: list[TimedWord], others: list[TimedWord]) -> bool:
    """Return whether only a short silence, and no end of a paragraph, is between the words of two subtitles."""
    return others[0].start - words[-1].end <= MAX_JOINED_GAP_SECONDS and not others[0].shown.startswith("\n\n")


def _written_words(words: Iterable[TimedWord]) -> Iterator[TimedWord]:
    """Yield the words with those merged that are written as one word."""
    last: TimedWord | None = None
    for word in words:
        is_same = last is not None and (
            (last.from_character, last.to_character) == (word.from_character, word.to_character)
            or (not word.shown and bool(last.shown))  # a further word of an alias
        )
        if last is not None and is_same:
            last = replace(
                last,
                spoken=f"{last.spoken} {word.spoken}",
                end=word.end,
                mark_after=word.mark_after,
                phones=last.phones + word.phones,
                shown=last.shown + word.shown,
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
    return last.mark_after not in SENTENCE_ENDS and word.start - last.end <= MAX_GAP_SECONDS and _fits([*pending, word])


def _cue(words: list[TimedWord]) -> Cue:
    return Cue(words[0].start, words[-1].end, tuple(_lines(words)))


def _lines(words: list[TimedWord]) -> list[str]:
    lines = [""]
    for shown in "".join(map(_unbroken, words)).split():
        if lines[-1] and len(lines[-1]) + 1 + len(shown) > MAX_LINE_CHARACTERS:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + shown.replace(_INSIDE, " ")
    return lines


def _unbroken(word: TimedWord) -> str:
    """Return a word with its signs, or with its mark if it was not read from a text; a number stays on one line."""
    shown = word.shown or f" {word.text}{',' if word.mark_after == ';' else word.mark_after}"
    number = " ".join(word.text.split())
    return shown.replace(number, number.replace(" ", _INSIDE), 1) if re.search(r"\d", number) else shown


def _time(seconds: float, file_format: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{',' if file_format == 'srt' else '.'}{rest % 1000:03d}"


def _text(cue: Cue, file_format: str) -> str:
    if file_format == "srt":  # has no escapes, and players drop what looks like a tag
        return _TAG_BEGINNING.sub("\\g<0>\N{WORD JOINER}", "\n".join(cue.lines))
    lines = "\n".join(map(_escaped, cue.lines))
    return f"<v {_escaped(cue.speaker)}>{lines}" if cue.speaker else lines


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
