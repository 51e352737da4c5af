"""Write scores as ABC tunes: a voice for each track, notes tied across bars, exact lengths."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from ...base.errors import BadScore
from ..bars import Bar, bars_of
from ..score import DETAILS, PROGRAM, Score, Track
from ..theory import FIFTHS, MODES, sounding_sharps, spelled
from ..timing import DEFAULT_US_PER_QUARTER
from .abc_fields import accidentals_of
from .note_values import tuplet_of

BARS_PER_LINE = 4
UNIT = Fraction(1, 2)
"""Quarters of the unit of lengths, an eighth."""

TRIPLET = 3
LARGEST_TUPLET = 9
GRID = 48
"""Ticks of a quarter to which notes are rounded that no tuplet of ABC holds, such as strummed chords and recordings."""

Keys: TypeAlias = dict[int, tuple[int, str]]
"""Sharps and mode from ticks on; the first is 0."""

Word: TypeAlias = tuple[str, int, str]
"""Note or rest, ticks, tie."""

SIGNS = {-1: "_", 0: "=", 1: "^"}


def write_abc(score: Score) -> bytes:
    """Return a score as an ABC tune.

    Notes, chord symbols, the first tempo, metres, keys, title, details, names and programmes of tracks are written.
    Notes that start together form a chord; a note that lasts beyond the start of the next one of its track is cut
    there. Drums are left out.

    Raises BadScore if the score has no notes but those of drums, or BadSetting if it has more than 10,000 bars, or a
    metre that is none.
    """
    tracks = [track for track in score.tracks if len(track.notes) and not track.is_drum]
    if not tracks:
        raise BadScore("The score has no notes that ABC can hold; drums are left out.")
    bars = bars_of(score)
    keys = {0: (0, "major")} | {tick: (sharps, mode) for tick, sharps, mode in score.keys.tolist()}
    us = int(score.tempos["us_per_quarter"][0]) if len(score.tempos) else DEFAULT_US_PER_QUARTER
    lines = ["X:1", f"T:{_text(score.title)}", f"M:{bars[0].metre}", "L:1/8", f"Q:1/4={60e6 / us:.6g}"]
    fields = ((f"{DETAILS[name]}:" if DETAILS[name] else f"N:{name}: ", _text(text)) for name, text in score.details)
    lines[2:2] = [f"{field}{text}" for field, text in fields]
    names = [f'V:{number} name="{_text(track.name)}"' for number, track in enumerate(tracks, 1)]
    has_voices = len(tracks) > 1 or bool(_text(tracks[0].name))
    lines += [*(names if has_voices else ()), f"K:{_key_name(*keys[0])}"]
    for number, track in enumerate(tracks, 1):
        chords = {chord.tick: _text(chord.symbol) for chord in score.chords} if number == 1 else {}
        lines += [f"V:{number}"] if has_voices else []
        has_program = (PROGRAM, 0) in track.inherited or (track.controls["kind"] == PROGRAM).any()
        lines += [f"%%MIDI program {track.program}"] if has_program else []
        lines += _music(track, bars, chords, keys, score.ticks_per_quarter)
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
    track: Track, bars: Sequence[Bar], chords: Mapping[int, str], keys: Keys, ticks_per_quarter: int
) -> Iterator[str]:
    """Yield the lines of a voice; on a grid of GRID ticks if its lengths need tuplets that ABC has not."""
    parts: list[list[tuple[int, list[Word]]]] = []  # of bars, divided where the key changes
    for bar in bars:
        edges = [bar.start, *(tick for tick in sorted(keys) if bar.start < tick < bar.end), bar.end]
        spelling = _Spelling(keys)
        divided = ((start, spelling, end, bar is bars[-1] and end == bar.end) for start, end in pairwise(edges))
        parts.append([(part[0], [*_with_chords(_bar(track.notes, *part), chords, part[0])]) for part in divided])
    lengths = {ticks for of_bar in parts for _, words in of_bar for _, ticks, _ in words}
    if ticks_per_quarter != GRID and any(
        tuplet_of(Fraction(each, ticks_per_quarter))[0] > LARGEST_TUPLET for each in lengths
    ):
        yield from _music(*_on_grid(track, bars, chords, keys, ticks_per_quarter), GRID)
        return
    texts = []
    for last, bar, of_bar in zip([bars[0], *bars], bars, parts, strict=False):
        fields = [f"[M:{bar.metre}]"] * (bar.metre != last.metre)
        for start, words in of_bar:
            fields += [f"[K:{_key_name(*keys[start])}]"] if start in keys and start else []
            fields.append(_in_tuplets((text, Fraction(ticks, ticks_per_quarter), tie) for text, ticks, tie in words))
        texts.append(" ".join(fields))
    for start in range(0, len(texts), BARS_PER_LINE):
        end = "|]" if start + BARS_PER_LINE >= len(texts) else "|"
        yield " | ".join(texts[start : start + BARS_PER_LINE]) + f" {end}"


def _on_grid(
    track: Track, bars: Sequence[Bar], chords: Mapping[int, str], keys: Keys, ticks_per_quarter: int
) -> tuple[Track, list[Bar], dict[int, str], Keys]:
    """Return notes, bars, chord symbols and keys with GRID ticks a quarter, rounded."""

    def moved(ticks: np.ndarray | int) -> np.ndarray:
        return np.rint(np.asarray(ticks) * GRID / ticks_per_quarter).astype(np.int64)

    notes = track.notes.copy()
    notes["start"] = moved(track.notes["start"])
    notes["duration"] = np.maximum(moved(track.notes["start"] + track.notes["duration"]) - notes["start"], 1)
    moved_bars = [
        replace(bar, start=int(moved(bar.start)), length=int(moved(bar.end) - moved(bar.start))) for bar in bars
    ]
    moved_chords = {int(moved(tick)): text for tick, text in chords.items()}
    return (
        replace(track, notes=notes),
        moved_bars,
        moved_chords,
        {int(moved(tick)): keys[tick] for tick in sorted(keys)},
    )


def _with_chords(words: Iterable[Word], chords: Mapping[int, str], position: int) -> Iterator[Word]:
    """Yield the notes and rests of a bar from a tick on with chord symbols, at which they are divided."""
    for text, ticks, tie in words:
        end = position + ticks
        cuts = sorted(tick for tick in chords if position < tick < end)
        for start, stop in pairwise([position, *cuts, end]):
            symbol = f'"{chords[start]}"' if start in chords else ""
            yield symbol + text, stop - start, tie if stop == end else "-" * (text != "z")
        position = end


def _bar(notes: np.ndarray, bar_start: int, spelling: _Spelling, bar_end: int, is_last: bool) -> list[Word]:
    """Return the notes and rests of a bar, or of a part of it in one key."""
    spelling.change_key(bar_start)
    first, last = np.searchsorted(notes["start"], [bar_start, bar_end])
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
    stop = max(bar_end, *ends.values()) if is_last and ends else bar_end
    words: list[Word] = []
    position = bar_start
    for start, end in ends.items():
        if end <= bar_start or end == start:
            continue
        begin = max(start, bar_start)
        if begin > position:
            words.append(("z", begin - position, ""))
        pitches = sorted({int(pitch) for pitch in notes["pitch"][notes["start"] == start]})
        texts = [spelling.note(pitch, start) for pitch in pitches]
        chord = texts[0] if len(texts) == 1 else f"[{''.join(texts)}]"
        tie = "-" if end > stop else ""
        position = min(end, stop)
        words.append((chord, position - begin, tie))
    if position < bar_end:
        words.append(("z", bar_end - position, ""))
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

    def __init__(self, keys: Keys) -> None:
        self._keys = sorted(keys.items())
        self._changed: set[str] = set()

    def change_key(self, tick: int) -> None:
        """Note the key signature from a tick on."""
        self._accidentals = accidentals_of(self._sharps(tick))

    def note(self, pitch: int, tick: int) -> str:
        """Return a note that starts at a tick: ``C`` is middle C, ``c`` the octave above, ``C,`` the one below."""
        letter, accidental, octave = spelled(pitch, self._sharps(tick))
        sign = ""
        if accidental != self._accidentals.get(letter, 0) or letter in self._changed:
            sign = SIGNS[accidental]
            self._changed.add(letter)
        return sign + (letter + "," * (4 - octave) if octave <= 4 else letter.lower() + "'" * (octave - 5))

    def _sharps(self, tick: int) -> int:
        """Return the sharps of the key at a tick."""
        return self._keys[bisect_right(self._keys, tick, key=itemgetter(0)) - 1][1][0]
