"""Write scores as ABC tunes: a voice for each track, notes tied across bars, exact lengths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import TypeAlias

import numpy as np

from ...base.errors import BadScore
from ..bars import Bar, bars_of
from ..score import DETAILS, PROGRAM, Score, Track
from ..theory import FIFTHS, MODES, sounding_sharps, spelled
from ..timing import DEFAULT_US_PER_QUARTER
from .note_values import tuplet_of

BARS_PER_LINE = 4
UNIT = Fraction(1, 2)
"""Quarters of the unit of lengths, an eighth."""

TRIPLET = 3
LARGEST_TUPLET = 9
GRID = 48
"""Ticks of a quarter to which notes are rounded that no tuplet of ABC holds, such as strummed chords and recordings."""

Word: TypeAlias = tuple[str, int, str]
"""Note or rest, ticks, tie."""

SIGNS = {-1: "_", 0: "=", 1: "^"}


def write_abc(score: Score) -> bytes:
    """Return a score as an ABC tune.

    Notes, chord symbols, the first tempo, metres, the first key, title, details, names and programmes of tracks are
    written. Notes that start together form a chord; a note that lasts beyond the start of the next one of its track is
    cut there. Drums are left out.

    Raises BadScore if the score has no notes but those of drums, or BadSetting if it has more than 10,000 bars, or a
    metre that is none.
    """
    tracks = [track for track in score.tracks if len(track.notes) and not track.is_drum]
    if not tracks:
        raise BadScore("The score has no notes that ABC can hold; drums are left out.")
    bars = bars_of(score)
    _, sharps, mode = score.keys[0].item() if len(score.keys) else (0, 0, "major")
    us = int(score.tempos["us_per_quarter"][0]) if len(score.tempos) else DEFAULT_US_PER_QUARTER
    lines = ["X:1", f"T:{_text(score.title)}", f"M:{bars[0].metre}", "L:1/8", f"Q:1/4={60e6 / us:.6g}"]
    fields = ((f"{DETAILS[name]}:" if DETAILS[name] else f"N:{name}: ", _text(text)) for name, text in score.details)
    lines[2:2] = [f"{field}{text}" for field, text in fields]
    names = [f'V:{number} name="{_text(track.name)}"' for number, track in enumerate(tracks, 1)]
    has_voices = len(tracks) > 1 or bool(_text(tracks[0].name))
    lines += [*(names if has_voices else ()), f"K:{_key_name(sharps, mode)}"]
    for number, track in enumerate(tracks, 1):
        chords = {chord.tick: _text(chord.symbol) for chord in score.chords} if number == 1 else {}
        lines += [f"V:{number}"] if has_voices else []
        has_program = (PROGRAM, 0) in track.inherited or (track.controls["kind"] == PROGRAM).any()
        lines += [f"%%MIDI program {track.program}"] if has_program else []
        lines += _music(track, bars, chords, score.ticks_per_quarter, sharps)
    return ("\n".join(lines) + "\n").encode()


def _text(text: str) -> str:
    """Return a text on one line, without what ends a field."""
    return re.sub(r'[\s%"\\]+', " ", text).strip()


def _key_name(sharps: int, mode: str) -> str:
    """Return the key as ABC writes it, its tonic on the line of fifths: ``Cb``, ``F#m``, ``Ddor``."""
    octave, index = divmod(sharps + 1 - sounding_sharps(0, MODES[mode]), len(FIFTHS))
    tonic = FIFTHS[index] + ("#" * octave or "b" * -octave)
    return tonic + {"major": "", "minor": "m"}.get(mode, mode[:3])


def _music(
    track: Track, bars: Sequence[Bar], chords: Mapping[int, str], ticks_per_quarter: int, sharps: int
) -> Iterator[str]:
    """Yield the lines of a voice; on a grid of GRID ticks if its lengths need tuplets that ABC has not."""
    notes = track.notes
    words = [
        [*_with_chords(_bar(notes, bar, _Spelling(sharps), is_last=bar is bars[-1]), chords, bar.start)] for bar in bars
    ]
    lengths = {ticks for of_bar in words for _, ticks, _ in of_bar}
    if ticks_per_quarter != GRID and any(
        tuplet_of(Fraction(each, ticks_per_quarter))[0] > LARGEST_TUPLET for each in lengths
    ):
        yield from _music(*_on_grid(track, bars, chords, ticks_per_quarter), GRID, sharps)
        return
    texts = [
        _in_tuplets((text, Fraction(ticks, ticks_per_quarter), tie) for text, ticks, tie in each) for each in words
    ]
    for index in range(1, len(bars)):
        if bars[index].metre != bars[index - 1].metre:
            texts[index] = f"[M:{bars[index].metre}] {texts[index]}"
    for start in range(0, len(texts), BARS_PER_LINE):
        end = "|]" if start + BARS_PER_LINE >= len(texts) else "|"
        yield " | ".join(texts[start : start + BARS_PER_LINE]) + f" {end}"


def _on_grid(
    track: Track, bars: Sequence[Bar], chords: Mapping[int, str], ticks_per_quarter: int
) -> tuple[Track, list[Bar], dict[int, str]]:
    """Return notes, bars and chord symbols with GRID ticks a quarter, rounded."""

    def moved(ticks: np.ndarray | int) -> np.ndarray:
        return np.rint(np.asarray(ticks) * GRID / ticks_per_quarter).astype(np.int64)

    notes = track.notes.copy()
    notes["start"] = moved(track.notes["start"])
    notes["duration"] = np.maximum(moved(track.notes["start"] + track.notes["duration"]) - notes["start"], 1)
    moved_bars = [
        replace(bar, start=int(moved(bar.start)), length=int(moved(bar.end) - moved(bar.start))) for bar in bars
    ]
    return replace(track, notes=notes), moved_bars, {int(moved(tick)): text for tick, text in chords.items()}


def _with_chords(words: Iterable[Word], chords: Mapping[int, str], position: int) -> Iterator[Word]:
    """Yield the notes and rests of a bar from a tick on with chord symbols, at which they are divided."""
    for text, ticks, tie in words:
        end = position + ticks
        cuts = sorted(tick for tick in chords if position < tick < end)
        for start, stop in pairwise([position, *cuts, end]):
            symbol = f'"{chords[start]}"' if start in chords else ""
            yield symbol + text, stop - start, tie if stop == end else "-" * (text != "z")
        position = end


def _bar(notes: np.ndarray, bar: Bar, spelling: _Spelling, *, is_last: bool) -> list[Word]:
    """Return the notes and rests of a bar."""
    first, last = np.searchsorted(notes["start"], [bar.start, bar.end])
    first = max(0, first - 1)  # the last one before, which may last into the bar
    first = int(np.searchsorted(notes["start"], notes["start"][first])) if len(notes) else 0
    following = int(notes["start"][last]) if last < len(notes) else np.iinfo(np.int64).max
    notes = notes[first:last]
    starts = np.unique(notes["start"])
    ends = {
        int(start): min(
            int((notes["start"] + notes["duration"])[notes["start"] == start].max()),
            int(starts[index + 1]) if index + 1 < len(starts) else following,
        )
        for index, start in enumerate(starts)
    }
    stop = max(bar.end, *ends.values()) if is_last and ends else bar.end
    words: list[Word] = []
    position = bar.start
    for start, end in ends.items():
        if end <= bar.start or end == start:
            continue
        begin = max(start, bar.start)
        if begin > position:
            words.append(("z", begin - position, ""))
        pitches = sorted({int(pitch) for pitch in notes["pitch"][notes["start"] == start]})
        texts = [spelling.note(pitch, is_tied=start < bar.start) for pitch in pitches]
        chord = texts[0] if len(texts) == 1 else f"[{''.join(texts)}]"
        tie = "-" if end > stop else ""
        position = min(end, stop)
        words.append((chord, position - begin, tie))
    if position < bar.end:
        words.append(("z", bar.end - position, ""))
    return words


def _in_tuplets(words: Iterable[tuple[str, Fraction, str]]) -> str:
    """Return notes and rests with their quarters and ties as ABC; such as ``(3CDE`` where they are parts of tuplets."""
    texts = []
    for (actual, normal), group in groupby(words, key=lambda word: tuplet_of(word[1])):
        notes = [text + _length(quarters * actual / normal) + tie for text, quarters, tie in group]
        if actual > 1:
            usual = actual == TRIPLET and len(notes) == TRIPLET
            notes[0] = f"({actual}{'' if usual else f':{normal}:{len(notes)}'}{notes[0]}"
        texts += notes
    return " ".join(texts)


def _length(quarters: Fraction) -> str:
    """Return the length of a note in units; nothing for one."""
    length = quarters / UNIT
    if length == 1:
        return ""
    return str(length) if length.denominator == 1 or length.numerator != 1 else f"/{length.denominator}"


class _Spelling:
    """Names of notes in a bar: accidentals where the key or an earlier one would be wrong."""

    def __init__(self, sharps: int) -> None:
        self._sharps = sharps
        signature = FIFTHS[:sharps] if sharps >= 0 else FIFTHS[sharps:]
        self._accidentals = {letter: (1 if sharps > 0 else -1) * (letter in signature) for letter in FIFTHS}
        self._changed: set[str] = set()

    def note(self, pitch: int, *, is_tied: bool) -> str:
        """Return a note as ABC writes it: ``C`` is middle C, ``c`` the octave above, ``C,`` the one below.

        A note that is tied to the bar before keeps its accidental, which is not written again.
        """
        letter, accidental, octave = spelled(pitch, self._sharps)
        sign = ""
        if accidental != self._accidentals[letter] or letter in self._changed:
            sign = "" if is_tied else SIGNS[accidental]
            self._changed.add(letter)
        return sign + (letter + "," * (4 - octave) if octave <= 4 else letter.lower() + "'" * (octave - 5))
