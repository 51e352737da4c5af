"""Names of pitches, scales, keys and chords, and the pitch classes they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from ..base.errors import BadSetting

SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FIFTHS = "FCGDAEB"
"""Letters in order of fifths, that of the sharps of key signatures."""

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
DYNAMICS = {"ppp": 30, "pp": 40, "p": 53, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 124}
"""Velocities."""

MAX_PITCH = 127
"""The highest pitch of MIDI, G9."""

SCALES = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "harmonic-minor": (0, 2, 3, 5, 7, 8, 11),
        "melodic-minor": (0, 2, 3, 5, 7, 9, 11),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "locrian": (0, 1, 3, 5, 6, 8, 10),
        "major-pentatonic": (0, 2, 4, 7, 9),
        "minor-pentatonic": (0, 3, 5, 7, 10),
        "blues": (0, 3, 5, 6, 7, 10),
        "whole-tone": (0, 2, 4, 6, 8, 10),
        "octatonic": (0, 1, 3, 4, 6, 7, 9, 10),
        "chromatic": tuple(range(12)),
    }
)
"""Semitones above the tonic of each scale."""

MODES = MappingProxyType(
    {"major": 0, "minor": 3, "dorian": 10, "phrygian": 8, "lydian": 7, "mixolydian": 5, "locrian": 1}
)
"""Scales that key signatures name, in semitones from the tonic up to that of the major key of the same notes."""

_SCALE_ALIASES = {"": "major", "m": "minor", "min": "minor", "maj": "major", "ionian": "major", "aeolian": "minor"}

CHORD_KINDS = MappingProxyType(
    {
        "": (0, 4, 7),
        "m": (0, 3, 7),
        "dim": (0, 3, 6),
        "aug": (0, 4, 8),
        "5": (0, 7),
        "sus2": (0, 2, 7),
        "sus4": (0, 5, 7),
        "6": (0, 4, 7, 9),
        "m6": (0, 3, 7, 9),
        "7": (0, 4, 7, 10),
        "maj7": (0, 4, 7, 11),
        "m7": (0, 3, 7, 10),
        "mmaj7": (0, 3, 7, 11),
        "m7b5": (0, 3, 6, 10),
        "dim7": (0, 3, 6, 9),
        "aug7": (0, 4, 8, 10),
        "7sus4": (0, 5, 7, 10),
        "7b5": (0, 4, 6, 10),
        "add9": (0, 4, 7, 14),
        "madd9": (0, 3, 7, 14),
        "69": (0, 4, 7, 9, 14),
        "9": (0, 4, 7, 10, 14),
        "maj9": (0, 4, 7, 11, 14),
        "m9": (0, 3, 7, 10, 14),
        "7b9": (0, 4, 7, 10, 13),
        "7#9": (0, 4, 7, 10, 15),
        "11": (0, 4, 7, 10, 14, 17),
        "maj11": (0, 4, 7, 11, 14, 17),
        "m11": (0, 3, 7, 10, 14, 17),
        "13": (0, 4, 7, 10, 14, 21),
        "maj13": (0, 4, 7, 11, 14, 21),
        "m13": (0, 3, 7, 10, 14, 21),
        "m69": (0, 3, 7, 9, 14),
    }
)
"""Semitones above the root of each kind of chord."""

_MINOR, _MAJOR = "(?:minor|min|mi|m|-)", "(?:[Mm]ajor|[Mm]aj|[Mm]a|M|j|[Δ△∆^])"
_BASE = re.compile(
    rf"""(?P<minor_major>{_MINOR}{_MAJOR})7? | {_MINOR}(?P<minor>6/9|69|6|7|9|11|13)?(?!a(?!dd))
    | (?P<delta>{_MAJOR})(?P<major>6/9|69|6|7|9|11|13)? | (?P<half>[øØh])7?
    | (?P<dim>dim|o|°)(?P<dim7>7)? | (?P<aug>aug|\+)(?![59]|1[13])(?P<aug7>7)?
    | (?P<dominant>6/9|69|6|7|9|11|13|5|2|4)""",
    re.VERBOSE,
)
_CHANGE = re.compile(
    rf"(?:add)?(?P<sign>[b#+-]?)(?P<number>13|11|9|6|5|4|2)|sus(?P<sus>[24]?)|(?:add)?(?P<seventh>{_MAJOR}?)7|"
    r"(?:no|omit)(?P<left_out>[35])(?:rd|th)?|(?P<alt>alt)"
)
_SEMITONES_OF_DEGREE = {2: 14, 4: 17, 5: 7, 6: 9, 9: 14, 11: 17, 13: 21}
_SPELLING = str.maketrans({"♭": "b", "♯": "#", "–": "-", "−": "-", **dict.fromkeys("() ,[]")})


def _base_of(match: re.Match[str]) -> str:
    """Return the kind of chord that the beginning of a symbol stands for."""
    if match["minor_major"]:
        return "mmaj7"
    if match["delta"]:
        number = match["major"] or ("7" if match["delta"] in "Δ△∆^" else "")
        return number.replace("/", "") if number[:1] in ("6", "") else f"maj{number}"
    if match["dim"] or match["aug"]:
        word = "dim" if match["dim"] else "aug"
        return word + (match["dim7"] or match["aug7"] or "")
    if match["half"]:
        return "m7b5"
    if match["dominant"]:
        return {"2": "sus2", "4": "sus4"}.get(match["dominant"], match["dominant"].replace("/", ""))
    return f"m{(match['minor'] or '').replace('/', '')}"


def _change(notes: set[int], match: re.Match[str]) -> None:
    """Change the semitones of a chord by a part of its symbol, such as ``b9``, ``sus4`` or ``no3``."""
    if match["alt"]:
        notes -= {7}
        notes |= {8, 13, 15}
    elif match["left_out"]:
        notes -= {3, 4} if match["left_out"] == "3" else {6, 7, 8}
    elif match["sus"] is not None:
        notes -= {3, 4}
        notes |= {2 if match["sus"] == "2" else 5}
    elif match["seventh"] is not None:
        notes |= {11 if match["seventh"] else 10}
    else:
        degree = int(match["number"])
        shift = {"": 0, "b": -1, "-": -1, "#": 1, "+": 1}[match["sign"]]
        notes -= {6, 7, 8} if degree == 5 else {14} if degree == 9 and shift and not notes & {13, 15} else set()
        notes |= {_SEMITONES_OF_DEGREE[degree] + shift}


@cache
def _read_kind(text: str) -> tuple[str, tuple[int, ...]] | None:
    """Return the kind of the text after a root, and its semitones above it; None for another text."""
    written = text.translate(_SPELLING).rstrip(".")
    match = _BASE.match(written)
    base, at = ("", 0) if match is None else (_base_of(match), match.end())
    if base not in CHORD_KINDS:
        return None
    notes, changes = set(CHORD_KINDS[base]), []
    while at < len(written):
        match = _CHANGE.match(written, at + (at > 0 and written[at] == "/"))
        if match is None:
            return None
        _change(notes, match)
        changes.append(match[0].replace("-", "b").replace("+", "#"))
        at = match.end()
    return _KINDS_BY_NOTES.get(frozenset(notes), base + "".join(changes)), tuple(sorted(notes))


def notes_of_kind(kind: str) -> tuple[int, ...]:
    """Return the semitones above the root of a kind that :func:`kind_of_chord` returns."""
    read = _read_kind(kind)
    if read is None:
        raise BadSetting(f"{kind!r} is no kind of chord.")
    return CHORD_KINDS.get(kind, read[1])


def kind_of_chord(text: str) -> str | None:
    """Return the kind that the text after a root stands for, None for another text.

    It is one of CHORD_KINDS, or such a one with what differs: ``7b9#11``, ``maj7#5``, ``7no3``.

    Examples
    --------
    >>> [kind_of_chord(text) for text in ("Ma7", "m7-5", "7+5", "9#11", "dim.", "quux")]
    ['maj7', 'm7b5', 'aug7', '9#11', 'dim', None]
    """
    read = _read_kind(text)
    return None if read is None else read[0]


_KINDS_BY_NOTES = {frozenset(notes): kind for kind, notes in CHORD_KINDS.items()}

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_PITCH_CLASS = re.compile(r"([A-Ga-g])(##|bb|[#b♯♭]?)")
_PITCH = re.compile(r"([A-Ga-g](?:##|bb|[#b♯♭]?))(-?\d{1,2})")
_CHORD = re.compile(r"([A-G](?:##|bb|[#b♯♭]?))(.*?)(?:/([A-G](?:##|bb|[#b♯♭]?)))?")
_NUMERAL = re.compile(r"([b#]?)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)(.*)")


def pitch_class_of(name: str) -> int:
    """Return the pitch class of a note's name, 0 (C) to 11 (B).

    Raises BadSetting if it is no letter from A to G, followed by sharps or flats if any.

    Examples
    --------
    >>> pitch_class_of("Bb"), pitch_class_of("F##")
    (10, 7)
    """
    match = _PITCH_CLASS.fullmatch(name.strip())
    if match is None:
        raise BadSetting(f"{name!r} is no note; notes are A to G with # or b, such as F# or Bb.")
    shift = {"": 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}[match[2]]
    return (SHARP_NAMES.index(match[1].upper()) + shift) % 12


def pitch_of(name: str) -> int:
    """Return the pitch of a note's name with its octave: 60 for C4, 69 for A4.

    A whole number from 0 to 127 stands for itself.

    Raises BadSetting if it is no such name, or outside of 0 to 127 (C-1 to G9).

    Examples
    --------
    >>> pitch_of("C4"), pitch_of("Cb4"), pitch_of("69")
    (60, 59, 69)
    """
    text = name.strip()
    match = _PITCH.fullmatch(text)
    if match is not None:
        letter = pitch_class_of(match[1][0])
        shift = (pitch_class_of(match[1]) - letter + 6) % 12 - 6
        pitch = 12 * (int(match[2]) + 1) + letter + shift
    elif text.isascii() and text.isdigit():
        pitch = int(text[:4])
    else:
        raise BadSetting(
            f"{name!r} is no pitch; pitches are notes with an octave, such as C4, F#3 or Bb5, or 0 to 127."
        )
    if not 0 <= pitch <= MAX_PITCH:
        raise BadSetting(f"{name!r} is outside of C-1 to G9.")
    return pitch


def pitch_name(pitch: int, sharps: int = 0) -> str:
    """Return the name of a pitch with its octave in a key signature.

    Examples
    --------
    >>> pitch_name(60), pitch_name(70, -1), pitch_name(71, -6)
    ('C4', 'Bb4', 'Cb5')
    """
    return f"{pitch_class_name(pitch, sharps)}{spelled(pitch, sharps)[2]}"


def pitch_class_name(pitch_class: int, sharps: int = 0) -> str:
    """Return the name of a pitch class, or of that of a pitch, in a key signature."""
    letter, alteration, _ = spelled(pitch_class, sharps)
    return f"{letter}{'#' * alteration}{'b' * -alteration}"


def spelled(pitch: int, sharps: int = 0) -> tuple[str, int, int]:
    """Return letter, semitones of the accidental and octave of a pitch in a key signature, -7 (flats) to 7 (sharps).

    Names are twelve fifths in a row, with all of the scale: from Gb to B with flats, from F to A# without, and further
    by fifths where there are six or seven. An accidental is at most one semitone.
    """
    first = min(sharps - 1, -6) if sharps < 0 else max(sharps - 6, -1)
    alteration, letter = divmod((7 * pitch - first) % 12 + first + 1, len(FIFTHS))
    return FIFTHS[letter], alteration, (pitch - alteration) // 12 - 1


def sounding_sharps(sharps: int, semitones: int) -> int:
    """Return the key signature of notes that sound some semitones higher: -5 (flats) to 6 (sharps) if they do."""
    return (sharps + 7 * semitones + 5) % 12 - 5 if semitones % 12 else sharps


def mode_named(text: str) -> str | None:
    """Return the mode of MODES that a word such as ``m``, ``Dor`` or ``ionian`` names; major without a word."""
    word = text.lower()[:3]
    known = {"": "major", "m": "minor", "ion": "major", "aeo": "minor"} | {mode[:3]: mode for mode in MODES}
    return known.get(word)


@dataclass(frozen=True)
class MusicalKey:
    """A tonic and a scale.

    Examples
    --------
    >>> MusicalKey.parse("D minor").name, MusicalKey.parse("Bb").sharps
    ('D minor', -2)
    """

    tonic: int = 0  # pitch class, 0 to 11
    scale: str = "major"
    has_flats: bool = field(default=False, compare=False, repr=False)
    """A key of six flats or six sharps, which sound alike, is that of flats."""

    @classmethod
    def parse(cls, text: str) -> MusicalKey:
        """Read a key: ``C``, ``F#m``, ``D minor``, ``A dorian``, ``Eb minor pentatonic``.

        Raises BadSetting if the tonic is no note or the scale is not one of SCALES.
        """
        match = re.fullmatch(r"\s*([A-Ga-g](?:##|bb|[#b♯♭]?))[\s_-]*(.*?)\s*", text)
        if match is None:
            raise BadSetting(f"{text!r} is no key; keys are written as C, F#m, D minor or A dorian.")
        words = re.sub(r"[\s_-]+", "-", match[2])
        words = words if words in ("m", "") else words.lower()
        scale = _SCALE_ALIASES.get(words, words)
        if scale not in SCALES:
            raise BadSetting(f"{match[2]!r} is no scale; scales are {', '.join(SCALES)}.")
        key = cls(pitch_class_of(match[1]), scale)
        flats = cls(key.tonic, scale, has_flats=True)
        return flats if flats.name[: len(match[1])] == match[1].capitalize().replace("♭", "b") else key

    @classmethod
    def of_sharps(cls, sharps: int, mode: str = "major") -> MusicalKey:
        """Return the key of a key signature, -7 (flats) to 7 (sharps), and one of MODES."""
        return cls((7 * sharps - MODES[mode]) % 12, mode, has_flats=sharps < 0)

    @property
    def name(self) -> str:
        """The key as :meth:`parse` reads it."""
        return f"{pitch_class_name(self.tonic, self.sharps)} {self.scale}"

    @property
    def intervals(self) -> tuple[int, ...]:
        """Semitones of the scale above the tonic."""
        return SCALES[self.scale]

    @property
    def is_minor(self) -> bool:
        """True if the third above the tonic is minor and not major."""
        return 3 in self.intervals and 4 not in self.intervals

    @property
    def mode(self) -> str:
        """The scale if it is one of MODES, else minor or major by the third."""
        return self.scale if self.scale in MODES else "minor" if self.is_minor else "major"

    @property
    def sharps(self) -> int:
        """The key signature: -6 (flats) to 6 (sharps); that of the major or minor key for scales of other notes."""
        sharps = 7 * (self.tonic + MODES[self.mode]) % 12
        return sharps - 12 if sharps > (5 if self.has_flats else 6) else sharps

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of the scale."""
        return frozenset((self.tonic + interval) % 12 for interval in self.intervals)

    def pitches(self, low: int = 0, high: int = MAX_PITCH) -> list[int]:
        """Return the pitches of the scale from ``low`` to ``high``, both included."""
        return [pitch for pitch in range(low, high + 1) if pitch % 12 in self.pitch_classes]

    def pitch_of_degree(self, degree: int, octave: int = 4) -> int:
        """Return the pitch of a step of the scale: 0 is the tonic of the octave, -1 the step below it."""
        octaves, step = divmod(degree, len(self.intervals))
        return 12 * (octave + 1 + octaves) + self.tonic + self.intervals[step]


@dataclass(frozen=True)
class ChordSymbol:
    """A chord: a root, a kind and a bass.

    Examples
    --------
    >>> chord = ChordSymbol.parse("Bbmaj7/D")
    >>> sorted(chord.pitch_classes), chord.bass
    ([2, 5, 9, 10], 2)
    """

    root: int  # pitch class
    kind: str = ""  # one of CHORD_KINDS
    bass: int | None = None  # pitch class of the lowest note; the root by default
    is_flat: bool = field(default=False, compare=False)  # its names have flats, not sharps

    @classmethod
    def parse(cls, text: str) -> ChordSymbol:
        """Read a chord symbol such as ``Am7``, ``F#m7b5``, ``Bbmaj7/D`` or ``C6/9``.

        Raises BadSetting if the root is no note or the kind is not one of CHORD_KINDS.
        """
        match = _CHORD.fullmatch(text.strip())
        if match is None:
            raise BadSetting(f"{text!r} is no chord; chords are written as C, Am7, F#m7b5 or Bbmaj7/D.")
        kind = kind_of_chord(match[2])
        if kind is None:
            raise BadSetting(
                f"{match[2]!r} in {text!r} is no kind of chord; kinds are {', '.join(filter(None, CHORD_KINDS))}, and "
                "these with changes such as b9, #11, sus4 or no3."
            )
        bass = None if match[3] is None else pitch_class_of(match[3])
        is_flat = any(name[1:2] in ("b", "♭") for name in (match[1], match[3] or ""))
        return cls(pitch_class_of(match[1]), kind, bass, is_flat)

    @property
    def intervals(self) -> tuple[int, ...]:
        """Semitones above the root."""
        return notes_of_kind(self.kind)

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of the chord, with that of the bass."""
        of_kind = {(self.root + interval) % 12 for interval in self.intervals}
        return frozenset(of_kind if self.bass is None else of_kind | {self.bass})

    @property
    def lowest(self) -> int:
        """Pitch class of the bass, the root if none is given."""
        return self.root if self.bass is None else self.bass

    def close_voicing(self) -> list[int]:
        """Return MIDI keys: the bass from C2 on, and all tones in the octave from E3 on."""
        return [36 + self.lowest, *sorted(52 + (tone - 52) % 12 for tone in self.pitch_classes)]

    def symbol(self, sharps: int = 0) -> str:
        """Return the symbol as :meth:`parse` reads it, spelled in a key signature."""
        sharps = min(sharps, -1) if self.is_flat else sharps
        bass = "" if self.bass is None else f"/{pitch_class_name(self.bass, sharps)}"
        return f"{pitch_class_name(self.root, sharps)}{self.kind}{bass}"

    def transposed(self, semitones: int) -> ChordSymbol:
        """Return the chord moved by semitones."""
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return ChordSymbol((self.root + semitones) % 12, self.kind, bass, self.is_flat)


def names_of_chord(symbol: str) -> tuple[str, str]:
    """Return the names of root and bass as they are written in a symbol that can be read; no bass is empty."""
    match = _CHORD.fullmatch(symbol.strip())
    assert match is not None
    root, bass = (name.replace("♯", "#").replace("♭", "b") for name in (match[1], match[3] or ""))
    return root, bass


def chord_of_numeral(text: str, key: MusicalKey) -> ChordSymbol:
    """Return the chord of a Roman numeral in a key.

    Small numerals are minor; ``o`` or ``dim`` after them is diminished. A kind of chord may follow, and ``b`` or ``#``
    before the numeral lowers or raises the root. Steps are those of the key's scale (of the minor scale in minor
    keys).

    Raises BadSetting if it is no numeral, or the scale of the key has not seven steps.

    Examples
    --------
    >>> [chord_of_numeral(n, MusicalKey.parse("C")).symbol() for n in ("ii7", "V7", "Imaj7", "bVII", "viio")]
    ['Dm7', 'G7', 'Cmaj7', 'A#', 'Bdim']
    """
    match = _NUMERAL.fullmatch(text.strip())
    if match is None:
        raise BadSetting(f"{text!r} is no Roman numeral; numerals are I to VII or i to vii, such as ii7 or V7.")
    if len(key.intervals) != len(_NUMERALS):
        raise BadSetting(f"Numerals need a scale of seven steps; {key.name} has {len(key.intervals)}.")
    shift = {"": 0, "b": -1, "#": 1}[match[1]]
    root = (key.tonic + key.intervals[_NUMERALS.index(match[2].upper())] + shift) % 12
    kind = match[3]
    if match[2].islower():
        if "sus" in kind:
            raise BadSetting(f"{text!r} is minor, but has no third; write {match[2].upper()}{kind}.")
        kind = kind_of_chord(kind) or kind
        kind = kind if kind.startswith(("dim", "m7b5", "mmaj7")) else f"m{kind}"
    return ChordSymbol(root, ChordSymbol.parse(f"C{kind}").kind)


def pitch_range_of(text: str) -> tuple[int, int]:
    """Read a range of pitches such as ``C4..G5`` or ``48..72``.

    Raises BadSetting if it is no range, or its low end is above its high end.

    Examples
    --------
    >>> pitch_range_of("C4..G5")
    (60, 79)
    """
    low, separator, high = text.partition("..")
    if not separator:
        raise BadSetting(f"{text!r} is no range of pitches; ranges are written as C4..G5.")
    lowest, highest = pitch_of(low), pitch_of(high)
    if lowest > highest:
        raise BadSetting(f"The range {text!r} begins above its end; write {high}..{low}.")
    return lowest, highest


def nearest_of(pitch: int, pitch_classes: Iterable[int]) -> int:
    """Return the nearest pitch of the given classes, the lower of two equally near; within 0 to 127."""
    allowed = set(pitch_classes)
    candidates = [p for p in range(max(0, pitch - 12), min(MAX_PITCH, pitch + 12) + 1) if p % 12 in allowed]
    return min(candidates, key=lambda p: (abs(p - pitch), p))
