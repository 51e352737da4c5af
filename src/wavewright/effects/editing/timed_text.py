"""Times in the texts of tags: lines of lyrics (LRC) and the indices of a cue sheet, moved with the sound."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...audio.file_formats.metadata import Marker, plain

LRC = re.compile(r"\[(\d+):(\d\d(?:[.:]\d+)?)\]")
LRC_WORD = re.compile(r"<(\d+):(\d\d(?:[.:]\d+)?)>")
INDEX = re.compile(r"(?m)^([ \t]*INDEX[ \t]+\d+[ \t]+)(\d+):(\d\d):(\d\d)")
TRACK = re.compile(r"(?m)^(?=[ \t]*TRACK[ \t])")
CUE_FRAMES = 75  # of a second

Field = tuple[str, str]
Move = Callable[[Marker], Marker | None]
"""Returns a marker where it is then, None if it is cut out."""


def moved(field: Field, move: Move, seconds: float | None) -> Field | None:
    """Return a tag with the times in its text where they are then; None if none of them is left.

    What lasts until the next time begins at the start of what is left of it. ``seconds`` is the length of the sound.
    """
    name, text = field
    own = plain(name, "")[0].lower()
    if own.endswith("lyrics") and LRC.search(text):
        text = _moved_lyrics(text, move, seconds)
    elif own == "cuesheet" and INDEX.search(text):
        text = _moved_sheet(text, move, seconds)
    return (name, text) if text else None


def _moved_lyrics(text: str, move: Move, seconds: float | None) -> str:
    heads, lines = [], []
    for line in text.splitlines():
        times = []
        rest = line
        while found := LRC.match(rest):
            times.append(_seconds(found))
            rest = rest[found.end() :]
        if not times:
            heads.append(line)
        lines += [(time, rest) for time in times]
    lines.sort(key=lambda each: each[0])
    shifted = []
    ends = [*(time for time, _ in lines[1:]), seconds]
    for (start, line), end in zip(lines, ends, strict=True):
        there = _start(start, end, move)
        if there is not None:
            shifted.append((there, LRC_WORD.sub(lambda found: _moved_word(found, move), line)))
    shifted.sort(key=lambda each: each[0])
    return "\n".join([*heads, *(f"[{_clock(time)}]{line}" for time, line in shifted)]) if shifted else ""


def _moved_word(found: re.Match[str], move: Move) -> str:
    there = move(Marker(_seconds(found)))
    return "" if there is None else f"<{_clock(there.start)}>"


def _moved_sheet(text: str, move: Move, seconds: float | None) -> str:
    head, *tracks = TRACK.split(text)
    starts = [
        next((_frames(found) for found in INDEX.finditer(track) if " 01 " in f"{found[1]} "), None) for track in tracks
    ]
    if not tracks or None in starts:
        return ""
    kept = []
    for number, track in enumerate(tracks):
        start = starts[number]
        end = starts[number + 1] if number + 1 < len(tracks) else seconds
        there = _start(start or 0.0, end, move)
        if there is None:
            continue

        def index(found: re.Match[str], first: float = there) -> str:
            point = move(Marker(_frames(found)))
            if point is None and " 01 " not in f"{found[1]} ":
                return ""
            frames = round(CUE_FRAMES * (first if point is None else point.start))
            return (
                f"{found[1]}{frames // (60 * CUE_FRAMES):02d}:{frames // CUE_FRAMES % 60:02d}:{frames % CUE_FRAMES:02d}"
            )

        kept.append((there, INDEX.sub(index, track)))
    kept.sort(key=lambda each: each[0])
    return head + "".join(track for _, track in kept) if kept else ""


def _start(start: float, end: float | None, move: Move) -> float | None:
    """Return where something that lasts from one time to another begins then, None if nothing of it is left."""
    there = move(Marker(start, end if end is not None and end > start else None))
    return None if there is None else there.start


def _seconds(found: re.Match[str]) -> float:
    return 60.0 * int(found[1]) + float(found[2].replace(":", "."))


def _frames(found: re.Match[str]) -> float:
    return 60.0 * int(found[2]) + int(found[3]) + int(found[4]) / CUE_FRAMES


def _clock(seconds: float) -> str:
    hundredths = round(100 * seconds)
    return f"{hundredths // 6_000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
