"""Read subtitles: SRT, WebVTT and ASS, as subtitle editors and video sites write them."""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ..base.errors import BadText, SkippedText
from ..base.text_encoding import decoded_text
from ..speech.subtitles import Cue, written

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
MAX_FILE_BYTES = 2**26

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_ARROW = re.compile(rf"\s*{_TIME}\s*-{{1,2}}>\s*{_TIME}(?:\s.*)?$")
_ASS_TIME = re.compile(rf"\s*{_TIME}\s*$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>", re.IGNORECASE)
_TAG = re.compile(r"<rt>.*?(?:</rt>|$)|</?[a-zA-Z0-9][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}.*?(?:\{[^{}]*\\p0[^{}]*\}|$)")
_ASS_BREAK = re.compile(r"\\[Nnh]")
_ASS_BRACES = re.compile(r"\{[^{}]*\}")
_UNSPOKEN = re.compile(r"\[[^\[\]]*\]|[\u266a\u266b]|^\W*\([^()]*\)\W*$")  # sounds for the deaf, and notes of music
_INVISIBLE = re.compile("[\N{ZERO WIDTH NO-BREAK SPACE}\N{WORD JOINER}]")
_VTT_BLOCKS = ("NOTE", "STYLE", "REGION", "WEBVTT")
JOINED_SECONDS = 0.05  # between cues that follow each other
FRAME_SECONDS = 0.2  # of the cues of a text that moves, at most
LEAST_ROLLED = 1 / 3  # of the cues, where each shows lines of the one before again
_EVENT_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")


@dataclass(frozen=True)
class RecognisedWord:
    """A recognised word with its start and end in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class SpeechSegment:
    """A subtitle, or a recognised stretch of speech: start and end in seconds, text on one line, and what is known."""

    start: float
    end: float
    text: str
    speaker: str = ""
    language: str = ""
    words: tuple[RecognisedWord, ...] = ()


def is_subtitle_file(path: Path) -> bool:
    """Return True for the name of a file that `read_cues` reads."""
    return path.suffix.lower() in SUFFIXES


def read_cues(path: Path) -> list[SpeechSegment]:
    """Read a subtitle file.

    - ``path``: SRT, WebVTT or ASS; UTF-8, UTF-16, or Windows-1252, which a warning names.
    - returns: the cues with words, by their starts. Tags, positions, drawings, comments and styles are left out, as are
      descriptions of sounds in brackets, and text that is shown again; the actors of ASS and the voices of WebVTT are
      speakers.

    Raises BadText if the file cannot be read, is of another kind, or has no cue with text.
    """
    if not is_subtitle_file(path):
        raise BadText(f"{path} ends in {path.suffix!r}; subtitles end in {', '.join(SUFFIXES)}.")
    return parse_cues(_decoded(path), path.suffix.lower(), str(path))


def parse_cues(text: str, suffix: str, where: str) -> list[SpeechSegment]:
    """Return the cues of the text of a subtitle file with an ending of SUFFIXES; errors begin with ``where``."""
    lines = text.splitlines()
    is_vtt = suffix == ".vtt" or text.startswith("WEBVTT")
    outside: list[str] = []
    cues = [*(_ass_cues(lines, outside) if suffix in (".ass", ".ssa") else _timed_cues(lines, is_vtt, outside))]
    spoken = sorted((cue for cue in cues if any(map(str.isalnum, cue.text))), key=lambda cue: cue.start)
    if not spoken:
        raise BadText(f"{where} has no subtitle with a text; check that it is a whole {suffix} file.")
    if outside:
        warnings.warn(
            f"{where}: {len(outside)} of its lines belong to no subtitle with a valid time and are not used (the first "
            f"is {outside[0].strip()[:60]!r}); correct the time above them, or remove an empty line before them.",
            SkippedText,
            stacklevel=2,
        )
    if turned := [cue.start for cue in spoken if cue.end < cue.start]:
        warnings.warn(
            f"{where}: {len(turned)} of the subtitles end before they start (the first at {turned[0]:.3f} s); their "
            "ends are not used, check them.",
            SkippedText,
            stacklevel=2,
        )
    return _once(spoken)


def _once(cues: list[SpeechSegment]) -> list[SpeechSegment]:
    """Return the cues without those of one text at one time: its layers, outlines and movements."""
    found: list[SpeechSegment] = []
    latest: dict[tuple[str, str], int] = {}
    for cue in cues:
        index = latest.get((cue.text, cue.speaker))
        if index is not None and _is_same(found[index], cue):
            found[index] = replace(found[index], end=max(found[index].end, cue.end))
        else:
            latest[cue.text, cue.speaker] = len(found)
            found.append(cue)
    return found


def _is_same(earlier: SpeechSegment, later: SpeechSegment) -> bool:
    """Return whether two cues of one text are one: they overlap, or the later one is a frame right after."""
    if later.start == earlier.start or later.start < earlier.end:
        return True
    return later.start - earlier.end < JOINED_SECONDS and later.end - later.start < FRAME_SECONDS


def _decoded(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadText(f"{path} has {path.stat().st_size} bytes; subtitles have at most {MAX_FILE_BYTES}.")
        contents = path.read_bytes()
    except OSError as error:
        raise BadText(f"{path} cannot be read ({error.strerror}); give a subtitle file.") from error
    try:
        return decoded_text(str(path), contents)
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is no text (byte {error.start}); give a subtitle file.") from error


@dataclass(frozen=True)
class _ShownLines:
    """A cue of SRT or WebVTT with its lines."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str

    def n_repeated(self, earlier: _ShownLines) -> int:
        """Return how many of the first lines are the last ones of the cue right before."""
        if self.start - earlier.end > JOINED_SECONDS:
            return 0
        most = min(len(self.lines), len(earlier.lines))
        return next((n for n in range(most, 0, -1) if earlier.lines[-n:] == self.lines[:n]), 0)


def _timed_cues(lines: list[str], is_vtt: bool, outside: list[str]) -> Iterator[SpeechSegment]:
    """Yield the cues of SRT or WebVTT; of captions that roll up line by line, each line once."""
    shown = list(_shown(lines, is_vtt, outside))
    repeated = [0, *(cue.n_repeated(earlier) for earlier, cue in pairwise(shown))]
    n_rolled = sum(
        0 < n < max(len(cue.lines), len(earlier.lines))
        for n, (earlier, cue) in zip(repeated[1:], pairwise(shown), strict=True)
    )
    if n_rolled < max(2, LEAST_ROLLED * len(shown)):
        repeated = [0] * len(shown)
    for cue, n in zip(shown, repeated, strict=True):
        yield SpeechSegment(cue.start, cue.end, " ".join(cue.lines[n:]), cue.speaker)


def _shown(lines: list[str], is_vtt: bool, outside: list[str]) -> Iterator[_ShownLines]:
    """Yield the cues of SRT or WebVTT; lines of text that are in none are added to ``outside``."""
    for times, text, is_above_time in _blocks(lines, is_vtt):
        if times is not None:
            yield _cue_of(times, _without_number(text) if is_above_time else text)
        elif text and not text[0].startswith(_VTT_BLOCKS):
            outside += _texts(text[:-1] if is_vtt and is_above_time else text)  # a cue may have a name


def _blocks(lines: list[str], is_vtt: bool) -> Iterator[tuple[re.Match[str] | None, list[str], bool]]:
    """Yield the times of a cue, if any, its lines, and whether the next time is right below them.

    A cue ends at the next time, in WebVTT also at an empty line.
    """
    times: re.Match[str] | None = None
    text: list[str] = []
    for line in lines:
        arrow = _ARROW.match(line)
        is_comment = times is None and (text or [line])[0].startswith(_VTT_BLOCKS)
        if arrow or ("-->" in line and not is_comment):
            yield times, text, True
            times, text = arrow, [] if arrow else [line]
        elif (times is None and not line.strip()) or (is_vtt and not line):
            yield times, text, False
            times, text = None, []
        else:
            text.append(line.strip())
    yield times, text, False


def _texts(lines: list[str]) -> list[str]:
    """Return lines without empty ones and numbers of cues."""
    return [line for line in lines if line and not line.isdigit()]


def _without_number(text: list[str]) -> list[str]:
    """Return the lines of a cue of SRT without the number of the next one, below an empty line or above its time."""
    numbered = [index for index, line in enumerate(text) if line]
    if not numbered or not text[numbered[-1]].isdigit():
        return text
    is_number = numbered[-1] == len(text) - 1 or (numbered[-1] > 0 and not text[numbered[-1] - 1])
    return text[: numbered[-1]] if is_number else text


def _cue_of(times: re.Match[str], lines: list[str]) -> _ShownLines:
    voice = _VOICE.search(" ".join(lines))
    start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    speaker = " ".join(html.unescape(voice[1]).split()) if voice else ""
    return _ShownLines(start, end, tuple(plain for line in lines if (plain := _plain(line))), speaker)


def _ass_cues(lines: list[str], outside: list[str]) -> Iterator[SpeechSegment]:
    """Yield the dialogue of ASS or SSA by the order of fields of its Format line; others are added to ``outside``."""
    fields: tuple[str, ...] = _EVENT_FIELDS
    is_events = False
    for line in lines:
        kind, _, values = line.partition(":")
        if line.startswith("["):
            is_events = line.strip().lower() == "[events]"
        elif is_events and kind.strip().lower() == "format":
            fields = tuple(name.strip().lower() for name in values.split(","))
        elif is_events and kind.strip().lower() == "dialogue":
            row = dict(zip(fields, values.split(",", len(fields) - 1), strict=False))
            start, end = (_ASS_TIME.match(row.get(name, "")) for name in ("start", "end"))
            if start and end:
                text = _ASS_BREAK.sub(" ", _ASS_BRACES.sub("", _DRAWING.sub("", row.get("text", ""))))
                speaker = row.get("name", row.get("actor", "")).strip()
                yield SpeechSegment(_seconds(start.groups()), _seconds(end.groups()), _plain(text), speaker)
            else:
                outside.append(line)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    return round(whole + float(f"0.{fraction or 0}"), 3)


def _plain(text: str) -> str:
    words = _INVISIBLE.sub("", html.unescape(_TAG.sub("", text))).split()
    return " ".join(_UNSPOKEN.sub("", " ".join(words)).split())


def written_cues(rows: Iterable[tuple[float, float, str]]) -> str:
    """Return SRT of starts and ends in seconds and texts; rows without a text are left out."""
    return written([Cue(start, end, (text,)) for start, end, text in rows if text.strip()], "srt")
