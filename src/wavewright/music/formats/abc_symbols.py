"""Symbols of the music lines of ABC tunes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..theory import DYNAMICS, SEMITONES
from .abc_fields import length_of
from .play_order import BarLine, JumpMark, mark_of

MIN_TEXT_WORDS = 2
"""Words that are no music from which on a line is text."""

MIN_TEXT_FRACTION = 0.25
"""Fraction of letters that are no music from which on a line is text; fewer are symbols without a meaning."""

_LENGTH = r"\d*/*\d*"
_ACCIDENTAL = r"(?:\^\^|__|[\^_](?:\d{0,2}/\d{0,2})?|=)"
_NOTE = rf"{_ACCIDENTAL}?[A-Ga-g][,']*{_LENGTH}"
_TOKEN = re.compile(
    rf"""
    (?P<comment>%.*) | (?P<quoted>"[^"]*"?)
    | (?P<decoration>![^!\s|]*!|\+[a-z()<>.]+\+)
    | (?P<bar>(?:\[\|[|:]*|\.?:*\|+[\]|:]*|::+)(?:\s*\[?(?P<with>\d[\d,.-]*))?) | (?P<ending>\[(?P<alone>\d[\d,.-]*))
    | (?P<grace>\{{[^{{}}]*\}}) | (?P<tuplet>\(\d(?::\d*){{0,2}})
    | (?P<chord>\[[^\[\]|]*\]{_LENGTH}) | (?P<note>{_NOTE}) | (?P<rest>[zxZX]{_LENGTH})
    | (?P<broken>>+|<+) | (?P<tie>-) | (?P<overlay>&) | (?P<ornament>[.~H-Wuv]) | (?P<slur>[()])
    | (?P<ignored>[\s`y\\*;?@$!])
    """,
    re.VERBOSE,
)
PITCH = re.compile(rf"({_ACCIDENTAL})?([A-Ga-g])([,']*)({_LENGTH})(-?)")


@dataclass(frozen=True)
class WrittenPitch:
    """A written pitch: accidental if any, letter, and octave (0 begins at middle C)."""

    accidental: str
    letter: str
    octave: int
    is_tied: bool = False

    def number(self, shift: int) -> int:
        """Return the pitch of MIDI, with an accidental of so many semitones."""
        return 60 + 12 * self.octave + SEMITONES[self.letter] + shift


@dataclass(frozen=True)
class Symbol:
    """A note, chord or rest.

    ``length`` is in units of the L: field; ``n_bars`` counts the bars of a long rest. ``grace`` are
    grace notes before it.
    """

    pitches: tuple[WrittenPitch, ...] = ()
    length: Fraction = Fraction(1)
    grace: tuple[WrittenPitch, ...] = ()
    n_bars: int = 0
    is_staccato: bool = False
    is_accented: bool = False


@dataclass(frozen=True)
class Annotation:
    """A chord symbol, a dynamic, a field or a section in the order of the music: its kind and its text."""

    kind: str
    text: str


Item = Symbol | BarLine | Annotation | JumpMark

MARKS = {"segno": JumpMark("segno"), "coda": JumpMark("coda sign"), "dacoda": JumpMark("to coda")}
"""Marks of decorations; those of jumps are words."""

SYMBOLS = {
    **{"~": "roll", "T": "trill", "M": "lowermordent", "P": "uppermordent", "S": "segno", "O": "coda"},
    **{"L": "accent", "H": "fermata", "u": "upbow", "v": "downbow"},
}
"""Decorations of the letters that a tune does not define (U:)."""

STACCATO, ACCENTS = {".", "staccato"}, {">", "accent", "emphasis"}
NO_DECORATIONS = ("nil", "none")
"""Names that take the meaning of a letter away."""

ORNAMENTS = (
    *("trill", "trill(", "roll", "mordent", "lowermordent", "uppermordent", "pralltriller", "turn", "invertedturn"),
    *("turnx", "invertedturnx", "arpeggio", "slide", "/", "//", "///", "////"),
)
"""Decorations that other programs play as several notes."""

_NO_MUSIC = re.compile(r'"[^"]*"?|![^!]*!|\+[^+]*\+|\[[A-Za-z]:[^][]*\]|%.*')
_WORD = re.compile(r"[A-Za-z]{2,}")
_LETTER = re.compile(r"[A-Za-z]")
_LETTERS_OF_MUSIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXZabcdefguvxyz")


def is_text(line: str, symbols: Collection[str] = ()) -> bool:
    """Return True for a line of words, among whose letters some look like notes.

    ``symbols`` are letters that the tune defines.
    """
    known = _LETTERS_OF_MUSIC.union(symbols)
    text = _NO_MUSIC.sub(" ", line)
    if sum(not known.issuperset(word) for word in _WORD.findall(text)) < MIN_TEXT_WORDS:
        return False
    letters = _LETTER.findall(text)
    return sum(letter not in known for letter in letters) >= MIN_TEXT_FRACTION * len(letters)


@dataclass
class LineReader:
    """Reads the music lines of a voice into ``items``."""

    is_compound: bool = False
    symbols: Mapping[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    marks: dict[str, None] = field(default_factory=dict)
    _grace: tuple[WrittenPitch, ...] = ()
    _decorations: set[str] = field(default_factory=set)
    _factor: Fraction = Fraction(1)
    _tuplet: Fraction = Fraction(1)
    _n_in_tuplet: int = 0
    _last: int | None = None

    def read(self, line: str) -> None:
        """Read a line."""
        if is_text(line, self.symbols):
            self._report(f"The line {line.strip()[:60]!r}")
            return
        position = 0
        unknown = ""
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                if line[position] in self.symbols:
                    self._decorate(line[position])
                else:
                    unknown += line[position]
                position += 1
                continue
            position = match.end()
            kind = match.lastgroup or ""
            kind = {"with": "bar", "alone": "ending"}.get(kind, kind)
            getattr(self, f"_{kind}_token")(match)
        if unknown:
            self._report(f"{unknown[:40]!r} in {line.strip()[:60]!r}")

    def _report(self, problem: str) -> None:
        self.problems.append(f"{problem} is no music; it is left out.")

    def _comment_token(self, match: re.Match[str]) -> None:
        """Skip a comment."""

    _ignored_token = _comment_token

    def _quoted_token(self, match: re.Match[str]) -> None:
        text = match[0].strip('"')
        if (mark := mark_of(text.lstrip("^_<>@ "))) is not None:
            self.items.append(mark)
        elif text.startswith(tuple("^_<>@")):
            self.problems.append("Words at notes are left out.")
        elif text:
            self.items.append(Annotation("chord", text))

    def _decoration_token(self, match: re.Match[str]) -> None:
        self._decorate(match[0])

    _ornament_token = _decoration_token

    def _decorate(self, text: str) -> None:
        """Add a decoration, ``!trill!`` or the letter of one; what it changes in no note is named."""
        name = self.symbols.get(text, SYMBOLS.get(text, text.strip("!+") or text))
        mark = MARKS.get(name) or mark_of(name)
        self.items.append(Annotation("decoration", name) if mark is None else mark)
        self._decorations.add(name)
        if name in ORNAMENTS:
            self.problems.append("Rolls, trills and other ornaments are played as one note.")
        elif mark is None and name not in (*STACCATO, *ACCENTS, *DYNAMICS, *NO_DECORATIONS):
            self.marks[text] = None

    def _bar_token(self, match: re.Match[str]) -> None:
        text = match[0].split("[")[0] if match["with"] else match[0]
        text = re.sub(r"\s*\d.*", "", text)
        before, _, after = text.rpartition("|") if "|" in text else (text[: len(text) // 2], "", text[len(text) // 2 :])
        ends, starts = before.count(":"), after.count(":")
        self.items.append(
            BarLine(
                starts_repeat=starts > 0,
                ends_repeat=ends > 0,
                is_double=text.count("|") > 1 or "]" in text or text == "[|",
                endings=_endings(match["with"]),
                starts_ending=match["with"] is not None,
                n_passes=1 + max(ends, 1),
                n_passes_of_next=1 + max(starts, 1),
            )
        )
        self._last = None

    def _ending_token(self, match: re.Match[str]) -> None:
        self.items.append(BarLine(endings=_endings(match["alone"]), starts_ending=True, is_line=False))

    def _grace_token(self, match: re.Match[str]) -> None:
        self._grace = tuple(written_pitch(note) for note in PITCH.finditer(match[0]))[:8]

    def _tuplet_token(self, match: re.Match[str]) -> None:
        numbers = [int(number) if number else 0 for number in match[0][1:].split(":")]
        n_notes, in_time_of, n_long = (*numbers, 0, 0)[:3]
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(n_notes, 3 if self.is_compound else 2)
        if n_notes > 1 or (n_notes and in_time_of):
            self._tuplet, self._n_in_tuplet = Fraction(in_time_of or usual, n_notes), n_long or n_notes

    def _chord_token(self, match: re.Match[str]) -> None:
        inside, _, outside = match[0].rpartition("]")
        notes = list(PITCH.finditer(inside))
        lengths = [length_of(note[4]) for note in notes]
        if not notes:
            self._report(repr(match[0][:40]))
            return
        self._add(tuple(written_pitch(note) for note in notes), lengths[0], length_of(outside), match[0])

    def _note_token(self, match: re.Match[str]) -> None:
        note = PITCH.match(match[0])
        assert note is not None
        self._add((written_pitch(note),), length_of(note[4]), Fraction(1), match[0])

    def _rest_token(self, match: re.Match[str]) -> None:
        length = length_of(match[0][1:])
        if match[0][0] in "ZX" and length is not None:
            self.items.append(Symbol(n_bars=max(1, int(length))))
        else:
            self._add((), length, Fraction(1), match[0])

    def _add(self, pitches: tuple[WrittenPitch, ...], one: Fraction | None, other: Fraction | None, text: str) -> None:
        """Add a note, chord or rest; its length is the product of both."""
        if one is None or other is None:
            self._report(f"The length of {text[:40]!r}")
            return
        length = one * other * self._factor * self._tuplet
        is_note = bool(pitches)
        last = None if self._last is None or self._factor == 1 else self.items[self._last]
        if isinstance(last, Symbol) and last.length * self._factor != length * (2 - self._factor):
            self.problems.append(
                "Broken rhythm of notes of unequal lengths is undefined; it changes both in proportion."
            )
        self.items.append(
            Symbol(
                pitches,
                length,
                self._grace if is_note else (),
                is_staccato=not STACCATO.isdisjoint(self._decorations),
                is_accented=not ACCENTS.isdisjoint(self._decorations),
            )
        )
        self._last, self._factor, self._grace, self._decorations = len(self.items) - 1, Fraction(1), (), set()
        self._n_in_tuplet -= 1
        if self._n_in_tuplet <= 0:
            self._tuplet = Fraction(1)

    def _broken_token(self, match: re.Match[str]) -> None:
        if self._last is None or len(match[0]) > 3:
            self._report(repr(match[0][:10]))
            return
        short = Fraction(1, 2 ** len(match[0]))
        factors = (2 - short, short) if match[0][0] == ">" else (short, 2 - short)
        symbol = self.items[self._last]
        assert isinstance(symbol, Symbol)
        self.items[self._last] = replace(symbol, length=symbol.length * factors[0])
        self._factor = factors[1]

    def _slur_token(self, match: re.Match[str]) -> None:
        self.problems.append("Slurs are left out.")

    def _tie_token(self, match: re.Match[str]) -> None:
        if self._last is not None and isinstance(symbol := self.items[self._last], Symbol):
            tied = tuple(replace(pitch, is_tied=True) for pitch in symbol.pitches)
            self.items[self._last] = replace(symbol, pitches=tied)

    def _overlay_token(self, match: re.Match[str]) -> None:
        self.items.append(Annotation("overlay", ""))


def written_pitch(match: re.Match[str]) -> WrittenPitch:
    """Return the pitch that PITCH has found."""
    octave = match[2].islower() + match[3].count("'") - match[3].count(",")
    return WrittenPitch(match[1] or "", match[2].upper(), octave, bool(match[5]))


def _endings(text: str | None) -> frozenset[int]:
    """Return the numbers of an ending such as ``1,3`` or ``1-3``."""
    numbers: set[int] = set()
    for piece in (text or "").replace(".", ",").split(","):
        ends = [int(end[:2]) for end in piece.split("-") if end.isdigit()]
        numbers.update(range(ends[0], ends[-1] + 1) if ends else ())
    return frozenset(numbers)
