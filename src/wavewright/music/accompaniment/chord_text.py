"""Chords that a user writes, or that a score has, as chords from ticks on."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import cycle, islice, pairwise

from ...base.errors import BadSetting, ScoreWarning
from ..bars import Bar, bars_of
from ..score import Chord, Score, Track, notes_of
from ..theory import ChordSymbol, MusicalKey, chord_of_numeral

MAX_CHORDS = 10_000
MAX_NAMED = 8
CHORD_VELOCITY, CHORD_TRACK = 62, "chords"  # of chords that are played as they are written
Row = tuple[int, int, int, int]
SAME = ("%", ".", "/")
_NO_CHORD = re.compile(r"n\.?\s*c\.?|no chord|tacet", re.IGNORECASE)


def parse_chord(text: str, key: MusicalKey) -> ChordSymbol:
    """Read a chord symbol such as ``Am7``, or a Roman numeral such as ``V7`` in a key."""
    return chord_of_numeral(text, key) if text.lstrip("b#")[:1] in ("I", "V", "i", "v") else ChordSymbol.parse(text)


def parse_chords(text: str, bars: tuple[Bar, ...], key: MusicalKey) -> tuple[tuple[int, ChordSymbol], ...]:
    """Read a progression and repeat it to the end of the bars, from the first whole one on.

    - ``text``: ``C G Am F``: a chord a bar. ``C | G Am | F``: bars between ``|``, divided equally between their chords.
      Numerals stand for chords of the key; ``%`` repeats the chord before.

    Raises BadSetting if there is no chord, or one cannot be read.

    Examples
    --------
    >>> bars = tuple(Bar(4 * i, 4, 4, 4) for i in range(3))
    >>> [(tick, chord.symbol()) for tick, chord in parse_chords("C | F G7", bars, MusicalKey())]
    [(0, 'C'), (4, 'F'), (6, 'G7'), (8, 'C')]
    """
    texts = (
        [names.split() for names in text.strip().strip("|").split("|")] if "|" in text else [[t] for t in text.split()]
    )
    if not any(texts):
        raise BadSetting("There are no chords; write some such as 'C G Am F', or 'C | F G7 | C' with bars.")
    if sum(map(len, texts)) > MAX_CHORDS:
        raise BadSetting(f"There are more than {MAX_CHORDS} chords; give fewer, they are repeated.")
    known = {name: parse_chord(name, key) for names in texts for name in names if name not in SAME}
    if not known:
        raise BadSetting(f"{text!r} repeats chords only; begin with one such as C.")
    entries: list[tuple[int, ChordSymbol]] = []
    last = next(iter(known.values()))
    whole = [bar for bar in bars if not bar.is_pickup] or bars
    for bar, names in zip(whole, islice(cycle(texts), len(whole)), strict=True):
        for index, name in enumerate(names):
            last = known.get(name, last)
            entries.append((bar.start + bar.length * index // len(names), last))
    return without_repeats(entries)


def chords_of_score(chords: tuple[Chord, ...], start: int) -> tuple[tuple[int, ChordSymbol], ...]:
    """Return the chords of a score; one warning names those that cannot be read, which are left out."""
    entries: list[tuple[int, ChordSymbol]] = []
    unread: dict[str, None] = {}
    for chord in sorted(chords, key=lambda chord: chord.tick):
        try:
            entries.append((chord.tick, ChordSymbol.parse(chord.symbol)))
        except BadSetting:
            if not is_no_chord(chord):
                unread[chord.symbol[:40]] = None
    if unread:
        names = ", ".join(map(repr, list(unread)[:MAX_NAMED])) + " ..." * (len(unread) > MAX_NAMED)
        warnings.warn(f"Chord symbols that cannot be read are left out: {names}.", ScoreWarning, stacklevel=2)
    if entries and entries[0][0] > start and not any(is_no_chord(chord) for chord in chords if chord.tick <= start):
        entries[0] = (start, entries[0][1])
    return without_repeats(entries)


def is_no_chord(chord: Chord) -> bool:
    """Return True for a symbol such as ``N.C.``, from which on no chord sounds."""
    return _NO_CHORD.fullmatch(chord.symbol.strip()) is not None


def silences_of(chords: Iterable[Chord], end: int) -> list[tuple[int, int]]:
    """Return start and end of the spans in which a score says that no chord sounds."""
    ordered = sorted(chords, key=lambda chord: chord.tick)
    stops = [*(chord.tick for chord in ordered[1:]), end]
    return [(chord.tick, stop) for chord, stop in zip(ordered, stops, strict=True) if is_no_chord(chord)]


def without_silences(rows: Iterable[Row], silences: Sequence[tuple[int, int]]) -> list[Row]:
    """Return rows of start, duration, pitch and velocity, those that begin in a silence left out, others cut there."""
    kept = []
    for start, duration, pitch, velocity in rows:
        if not any(first <= start < last for first, last in silences):
            end = min([start + duration, *(first for first, _ in silences if first > start)])
            kept.append((start, end - start, pitch, velocity))
    return kept


def with_chord_track(score: Score) -> Score:
    """Return a score whose chord symbols are notes of a track of their own, struck anew at each bar line.

    They are voiced closely, see `ChordSymbol.close_voicing`. N.C. is silence; one warning names symbols that cannot be
    read. The score itself has no symbols then. One without any stays as it is, with a warning.
    """
    marks = Track(notes_of((chord.tick, 1, 60, 1) for chord in score.chords))
    bars = bars_of(replace(score, tracks=(*score.tracks, marks)))  # to the last symbol too
    known = chords_of_score(score.chords, 0)
    if not known:
        warnings.warn("The score has no chord symbols to play.", ScoreWarning, stacklevel=2)
        return score
    end = max(bars[-1].end, *(track.end for track in score.tracks), 0)
    begin = min(chord.tick for chord in score.chords)
    rows: list[Row] = []
    stops = [*(tick for tick, _ in known[1:]), end]
    for (tick, chord), stop in zip(known, stops, strict=True):
        strikes = sorted({max(tick, begin), *(bar.start for bar in bars if tick < bar.start < stop), stop})
        keys = chord.close_voicing()
        rows += [(on, off - on, key, CHORD_VELOCITY) for on, off in pairwise(strikes) for key in keys]
    notes = notes_of(without_silences(rows, silences_of(score.chords, end)))
    return replace(score, tracks=(*score.tracks, Track(notes, CHORD_TRACK)), chords=())


def without_repeats(chords: list[tuple[int, ChordSymbol]]) -> tuple[tuple[int, ChordSymbol], ...]:
    """Return chords without those that are equal to the chord before; the last of several at one tick counts."""
    last = list(dict(chords).items())
    return tuple(entry for i, entry in enumerate(last) if i == 0 or entry[1] != last[i - 1][1])
