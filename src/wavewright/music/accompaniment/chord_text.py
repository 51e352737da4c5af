"""Chords that a user writes, or that a score has, as chords from ticks on."""

from __future__ import annotations

import re
from itertools import cycle, islice

from ...base.errors import BadSetting
from ..bars import Bar
from ..score import Chord
from ..theory import ChordSymbol, MusicalKey, chord_of_numeral

MAX_CHORDS = 10_000
SAME = ("%", ".", "/")
NO_CHORD = re.compile(r"n\.?\s*c\.?", re.IGNORECASE)
ROOT_AND_KIND = re.compile(r"([A-G](?:##|bb|[#b♯♭]?))(m(?!a)|min|-)?")


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
    """Return the chords of a score; symbols of unknown kinds become triads, those without a root are left out."""
    entries = []
    for chord in sorted(chords, key=lambda chord: chord.tick):
        try:
            symbol = ChordSymbol.parse(chord.symbol)
        except BadSetting:
            match = ROOT_AND_KIND.match(chord.symbol.strip())
            if match is None or NO_CHORD.fullmatch(chord.symbol.strip()):
                continue
            symbol = ChordSymbol.parse(match[1] + ("m" if match[2] else ""))
        entries.append((chord.tick, symbol))
    if entries and entries[0][0] > start:
        entries[0] = (start, entries[0][1])
    return without_repeats(entries)


def without_repeats(chords: list[tuple[int, ChordSymbol]]) -> tuple[tuple[int, ChordSymbol], ...]:
    """Return chords without those that are equal to the chord before; the last of several at one tick counts."""
    last = list(dict(chords).items())
    return tuple(entry for i, entry in enumerate(last) if i == 0 or entry[1] != last[i - 1][1])
