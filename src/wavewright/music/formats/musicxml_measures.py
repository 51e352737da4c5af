"""Measures of MusicXML parts: notes, chords, tempos, keys and metres in quarters from the start of each measure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from ...base.errors import BadSetting
from ..score import NO_CHORD
from ..theory import DYNAMICS, SEMITONES, ChordSymbol, mode_named, sounding_sharps
from .play_order import MAX_PASSES, BarLine, JumpMark, mark_of

ACCENTS = ("sf", "sfz", "sffz", "fz", "rf", "rfz", "sfp", "sfpp", "fp", "pf", "sfzp")
"""Dynamics of the notes at their place alone; of those with two, the last letters hold after it."""

FORTE = 90
"""Velocity of dynamics of 100 %."""

KINDS = {
    **{"major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant": "7", "major-seventh": "maj7"},
    **{"minor-seventh": "m7", "diminished-seventh": "dim7", "augmented-seventh": "aug7", "half-diminished": "m7b5"},
    **{"major-minor": "mmaj7", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9"},
    **{"minor-ninth": "m9", "dominant-11th": "11", "minor-11th": "m11", "dominant-13th": "13", "major-13th": "maj13"},
    **{"suspended-second": "sus2", "suspended-fourth": "sus4", "power": "5"},
}
"""Chord symbols of the kinds of MusicXML."""

BEATS: dict[str, int | Fraction] = {
    "whole": 4,
    "half": 2,
    "quarter": 1,
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
}
TYPES: dict[str, int | Fraction] = {
    **BEATS,
    **{"maxima": 32, "long": 16, "breve": 8, "32nd": Fraction(1, 8), "64th": Fraction(1, 16)},
}
"""Quarters of the values of notes."""

JUMPS = {"dacapo": "da capo", "dalsegno": "dal segno", "tocoda": "to coda", "fine": "fine"}
"""Marks of attributes of sounds, which act at the end of a measure."""

SKIPPED = {
    "note/notations/ornaments": "trills, tremolos and other ornaments are played as one note",
    "note/notations/arpeggiate": "arpeggios are played at once",
    "note/notations/glissando": "slides are left out",
    "note/notations/slide": "slides are left out",
    "note/notations/slur": "slurs are left out",
    "note/notations/articulations": "articulations are left out",
    "note/notations/fermata": "fermatas are left out",
    "note/lyric": "lyrics are left out",
    "direction/direction-type/rehearsal": "rehearsal marks are left out",
    "direction/direction-type/wedge": "crescendos and diminuendos are left out",
    "figured-bass": "figured bass is left out",
}
"""Elements of a measure that a score has no place for, and the words that say so."""

NODES = {
    round(12 * math.log2(number / (number - node))): round(12 * math.log2(number))
    for number in range(10, 1, -1)
    for node in range(1, number)
    if math.gcd(number, node) == 1
}
"""Semitones above the stopped or open string at which a node is touched, and those of the harmonic that sounds."""

GRACE_QUARTERS = Fraction(1, 16)
SUSTAIN, PEDAL_DOWN = 64, 127
_PER_MINUTE = re.compile(r"\d+(?:\.\d+)?")
MAX_DIVISIONS = 2**20
MAX_QUARTERS = 10_000
ALL_PASSES = frozenset(range(1, 2 * MAX_PASSES + 1))


@dataclass
class XmlNote:
    """A note in quarters from the start of its measure; ``passes`` of a repeat that play it."""

    start: Fraction
    duration: Fraction
    pitch: int
    velocity: int
    is_tied: bool = False
    continues: bool = False
    passes: frozenset[int] = ALL_PASSES


@dataclass
class Measure:
    """A measure of a part; times are quarters from its start.

    ``line`` joins what the bar lines at both ends say of repeats.
    """

    length: Fraction = Fraction(0)
    notes: list[XmlNote] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    tempos: list[tuple[Fraction, int]] = field(default_factory=list)
    metres: list[tuple[Fraction, tuple[int, int]]] = field(default_factory=list)
    keys: list[tuple[Fraction, tuple[int, str]]] = field(default_factory=list)
    pedals: list[tuple[Fraction, int]] = field(default_factory=list)
    programs: list[tuple[Fraction, int]] = field(default_factory=list)
    line: BarLine = field(default_factory=BarLine)
    marks: tuple[JumpMark, ...] = ()


class MeasureReader:
    """Reads the measures of a part, one after another.

    - ``drums``: pitches of unpitched instruments by their ids.
    - ``programs``: programmes of instruments by their ids.
    - ``report``: called with each problem.
    - ``divisions``: units of a quarter up to the first measure that says them.
    """

    def __init__(
        self, drums: dict[str, int], programs: dict[str, int], report: Callable[[str], None], divisions: int = 1
    ) -> None:
        self._drums = drums
        self._programs = programs
        self._report = report
        self._divisions = divisions
        self._semitones = self._sharps = 0
        self._velocity = DYNAMICS["mf"]
        self._measure = Measure()
        self._cursor = self._chord_start = Fraction(0)
        self._grace: list[list[tuple[int, frozenset[int]]]] = []  # pitches and passes
        self._is_slashed = False
        self._taken = [(ALL_PASSES, Fraction(0))]  # of the start of the chord, by the grace notes of passes
        self._before: list[XmlNote] = []  # the notes that end at the cursor, in their voice
        self._accent: tuple[Fraction, int] | None = None
        self._quarters_per_minute = Fraction(120)
        self._harmonics: dict[Element, int | None] = {}  # semitones above the stopped note; None for fingers alone
        self._notes_before: list[list[XmlNote]] = []
        self._n_repeated = 0  # measures that each further measure repeats

    def read(self, element: Element) -> Measure:
        """Read the next measure."""
        self._measure = measure = Measure()
        self._cursor = Fraction(0)
        self._before, self._accent = [], None
        self._harmonics = {}
        self._harmonics = self._harmonics_of(element)
        readers: dict[str, Callable[[Element], None]] = {
            "note": self._note,
            "attributes": self._attributes,
            "backup": self._backup,
            "forward": self._forward,
            "direction": self._direction,
            "sound": self._sound,
            "harmony": self._harmony,
            "barline": self._barline,
        }
        for child in element:
            if child.tag in readers:
                readers[child.tag](child)
        measure.length = max(measure.length, self._cursor)
        self._end_with_grace()
        if 0 < self._n_repeated <= len(self._notes_before) and not measure.notes:
            measure.notes = list(self._notes_before[-self._n_repeated])
        elif self._n_repeated:
            self._report("signs that repeat measures are left out where notes stand or none came before")
        self._notes_before.append(measure.notes)
        for place, problem in SKIPPED.items():
            if element.find(place) is not None:
                self._report(problem)
        if any(mark.tag != "harmonic" for mark in element.iterfind("note/notations/technical/*")):
            self._report("fingerings and other technical marks are left out")
        return measure

    def finish(self) -> None:
        """Report grace notes that stand alone."""
        if self._grace:
            self._report("grace notes after the last note are left out")

    def _harmonics_of(self, measure: Element) -> dict[Element, int | None]:
        """Return the notes that show how harmonics are fingered: they are silent, or the stopped one as it sounds."""
        chords: list[list[Element]] = []
        for note in measure.iterfind("note"):
            if note.find("chord") is None or not chords:
                chords.append([])
            chords[-1].append(note)
        harmonics: dict[Element, int | None] = {}
        path = "notations/technical/harmonic"
        for chord in chords:
            base, touching, sounding = (
                [note for note in chord if note.find(f"{path}/{kind}-pitch") is not None]
                for kind in ("base", "touching", "sounding")
            )
            if sounding:
                harmonics |= dict.fromkeys((*base, *touching))
                continue
            for stopped, touched in zip(base, touching, strict=False):
                low, high = self._pitch(stopped), self._pitch(touched)
                if low is not None and high is not None and high - low in NODES:
                    harmonics |= {stopped: NODES[high - low], touched: None}
            if any(note.find(path) is not None and note not in harmonics for note in chord):
                self._report("harmonics without a sounding pitch are played as written")
        return harmonics

    def _end_with_grace(self) -> None:
        """Add grace notes that nothing follows in their voice, at the end of the notes before them."""
        if not self._grace or not self._cursor:
            return
        most = min([note.duration for note in self._before] or [self._cursor]) / 4
        *others, (own, own_taken) = self._add_grace(self._cursor, most, is_before=True)
        for note in self._before:
            for passes, taken in others:
                other = replace(note, duration=note.duration - taken, passes=note.passes & passes)
                self._measure.notes.append(other)
            note.duration, note.passes = note.duration - own_taken, note.passes & own

    def _backup(self, element: Element) -> None:
        self._end_with_grace()
        self._before = []
        self._move(-self._quarters(element))

    def _forward(self, element: Element) -> None:
        self._before = []
        self._move(self._quarters(element))

    def _move(self, quarters: Fraction) -> None:
        self._measure.length = max(self._measure.length, self._cursor)
        self._cursor = min(max(self._cursor + quarters, Fraction(0)), Fraction(MAX_QUARTERS))

    def _quarters(self, element: Element) -> Fraction:
        """Return the duration of an element, 0 for one that is none."""
        return self._as_quarters(element.findtext("duration"))

    def _as_quarters(self, text: str | None) -> Fraction:
        number = _number(text)
        return Fraction(0) if number is None or number < 0 else min(number / self._divisions, Fraction(MAX_QUARTERS))

    def _attributes(self, element: Element) -> None:
        divisions = _number(element.findtext("divisions"))
        if divisions is not None:
            if 0 < divisions <= MAX_DIVISIONS and divisions.denominator == 1:
                self._divisions = int(divisions)
            else:
                self._report(f"divisions are {float(divisions):g}; they stay {self._divisions}")
        for transpose in element.findall("transpose")[:1]:
            chromatic, octaves = (_integer(transpose.findtext(name)) or 0 for name in ("chromatic", "octave-change"))
            self._semitones = min(max(chromatic + 12 * octaves, -127), 127)
        for key in element.findall("key")[:1]:
            fifths = _integer(key.findtext("fifths"))
            if fifths is not None and -7 <= fifths <= 7:
                self._sharps = fifths = sounding_sharps(fifths, self._semitones)
                mode = mode_named(key.findtext("mode", "").strip()) or "major"
                self._measure.keys.append((self._cursor, (fifths, mode)))
        for repeat in element.iterfind("measure-style/measure-repeat"):
            self._n_repeated = (_integer(repeat.text) or 1) if repeat.get("type") == "start" else 0
        for time in element.findall("time")[:1]:
            beats = [_integer(beat) for beat in time.findtext("beats", "").split("+")]
            beat_type = _integer(time.findtext("beat-type"))
            numerator = sum(beat or 0 for beat in beats)
            if beat_type in (1, 2, 4, 8, 16, 32, 64, 128) and 1 <= numerator <= 255:
                self._measure.metres.append((self._cursor, (numerator, int(beat_type or 4))))

    def _note(self, element: Element) -> None:
        is_grace, is_chord = element.find("grace") is not None, element.find("chord") is not None
        duration = self._quarters(element)
        if element.find("cue") is not None or self._harmonics.get(element, 0) is None:
            if not is_chord:
                self._chord_start, self._before = self._cursor, []
                self._move(duration)
            return
        start = self._chord_start if is_chord else self._cursor
        pitch = self._pitch(element)
        if is_grace:
            if pitch is not None and is_chord and self._grace:
                self._grace[-1].append((pitch, _passes(element)))
            elif pitch is not None:
                self._grace.append([(pitch, _passes(element))])
                self._is_slashed = any(grace.get("slash") == "yes" for grace in element.findall("grace"))
            return
        self._chord_start = start
        if not is_chord:
            self._before = []
            self._move(duration)
        if pitch is None or not duration:
            return
        self._measure.programs += self._program_of(element, start)
        velocity = self._velocity_of(_number(element.get("dynamics"))) or self._velocity_at(start)
        if not self._before:
            # Without a slash they are appoggiaturas, which take half of the note.
            self._taken = self._add_grace(start, duration / (4 if self._is_slashed else 2))
        ties = {tie.get("type") for tie in (*element.findall("tie"), *element.iterfind("notations/tied"))}
        for passes, taken in self._taken:
            note = XmlNote(start + taken, duration - taken, pitch, velocity, "start" in ties, "stop" in ties)
            note.passes = _passes(element) & passes
            self._before.append(note)
            self._measure.notes.append(note)

    def _program_of(self, element: Element, start: Fraction) -> list[tuple[Fraction, int]]:
        """Return the time and the programme of a note whose instrument is named."""
        programs = (self._programs.get(each.get("id", "")) for each in element.findall("instrument"))
        return [(start, program) for program in programs if program is not None]

    def _velocity_at(self, start: Fraction) -> int:
        """Return the velocity of a note without its own."""
        return self._accent[1] if self._accent is not None and self._accent[0] == start else self._velocity

    def _add_grace(
        self, at: Fraction, most: Fraction, is_before: bool = False
    ) -> list[tuple[frozenset[int], Fraction]]:
        """Add the grace notes from a time on, or before it; return how long they last in which passes.

        - ``most``: how long they last at most; each is GRACE_QUARTERS long at most, but for appoggiaturas.
        """
        named = {number for chord in self._grace for _, passes in chord if passes != ALL_PASSES for number in passes}
        taken: list[tuple[frozenset[int], Fraction]] = []
        for own in [*({number} for number in sorted(named)), ALL_PASSES - named]:
            played = [[pitch for pitch, passes in chord if own <= passes] for chord in self._grace]
            chords = [chord for chord in played if chord]
            each = most / max(len(chords), 1)
            each = min(each, GRACE_QUARTERS) if self._is_slashed or is_before else each
            taken.append((frozenset(own), each * len(chords)))
            start = at - taken[-1][1] if is_before else at
            for index, chord in enumerate(chords):
                for pitch in chord:
                    note = XmlNote(start + index * each, each, pitch, self._velocity, passes=frozenset(own))
                    self._measure.notes.append(note)
        self._grace = []
        return taken

    def _pitch(self, element: Element) -> int | None:
        """Return the pitch of a note; None for rests and notes without one."""
        instrument = element.find("instrument")
        drum = self._drums.get(instrument.get("id", "")) if instrument is not None else None
        if element.find("unpitched") is not None:
            return next(iter(self._drums.values()), 38) if drum is None else drum
        written = element.find("pitch")
        if written is None:
            return None
        step, octave = written.findtext("step", "").strip(), _integer(written.findtext("octave"))
        alter = _number(written.findtext("alter")) or Fraction(0)
        if step not in SEMITONES or octave is None:
            self._report("a note has no pitch that can be read")
            return None
        if alter.denominator != 1:
            self._report("quarter tones and other parts of a semitone are rounded")
        pitch = 12 * (octave + 1) + SEMITONES[step] + round(min(max(alter, Fraction(-9)), Fraction(9)))
        pitch += self._semitones + (self._harmonics.get(element) or 0)
        if not 0 <= pitch <= 127:
            self._report(f"a note has the pitch {pitch} of MIDI, outside of 0 to 127; it is left out")
            return None
        return pitch

    def _velocity_of(self, percent: Fraction | None) -> int | None:
        return None if percent is None or percent < 0 else min(max(round(percent * FORTE / 100), 1), 127)

    def _direction(self, element: Element) -> None:
        offset = _number(element.findtext("offset")) or Fraction(0)
        at = max(self._cursor + max(offset, Fraction(-MAX_DIVISIONS)) / self._divisions, Fraction(0))
        self._add_marks(element)
        for mark in element.iterfind("direction-type/dynamics/*"):
            if mark.tag in ACCENTS:
                loud = DYNAMICS["f" if mark.tag.startswith("f") and mark.tag != "fz" else "ff"]
                self._accent = (at, loud)
                self._velocity = DYNAMICS.get(mark.tag.lstrip("srfz"), self._velocity)
            self._velocity = DYNAMICS.get(mark.tag, self._velocity)
        for pedal in element.iterfind("direction-type/pedal"):
            self._pedal(
                at, {"stop": (0,), "change": (0, 1), "start": (1,), "sostenuto": ()}.get(pedal.get("type", ""), ())
            )
        marks = element.findall("sound")
        for sound in marks:
            self._sound(sound, at)
        if any(sound.get("tempo") for sound in marks):
            return
        for metronome in element.iter("metronome"):
            self._add_tempo(at, self._tempo_of(metronome))

    def _tempo_of(self, metronome: Element) -> Fraction | None:
        """Return the quarters a minute of a mark such as a quarter = c. 108, or a quarter = the eighth that follows."""
        beats: list[Fraction] = []
        for each in metronome:
            if each.tag == "beat-unit":
                beats.append(Fraction(BEATS.get((each.text or "").strip(), 0)))
                dots = 0
            elif each.tag == "beat-unit-dot" and beats:
                dots += 1
                beats[-1] *= Fraction(2 ** (dots + 1) - 1, 2 ** (dots + 1) - 2)
        per_minute = _PER_MINUTE.search(metronome.findtext("per-minute", "")[:40])
        if per_minute is not None and beats and beats[0]:
            return Fraction(per_minute[0]) * beats[0]
        if len(beats) == 2 and all(beats):  # the note before and the one that lasts as long from here on
            return self._quarters_per_minute * beats[1] / beats[0]
        self._report("a metronome mark cannot be read; the tempo stays as it was")
        return None

    def _pedal(self, at: Fraction, states: Iterable[int]) -> None:
        self._measure.pedals += [(at, PEDAL_DOWN * state) for state in states]

    def _add_marks(self, direction: Element) -> None:
        """Add the marks of jumps of a direction: those of its sound, or else its words and signs."""
        words = " ".join(each.text or "" for each in direction.iter("words"))
        mark = mark_of(words)
        if words.strip() and mark is None:
            self._report("words at notes are left out")
        if any(_marks_of_sound(sound) for sound in direction.findall("sound")):
            return
        self._mark(JumpMark("segno") for _ in direction.iter("segno"))
        self._mark(JumpMark("coda sign") for _ in direction.iter("coda"))
        self._mark([] if mark is None else [mark])

    def _mark(self, marks: Iterable[JumpMark]) -> None:
        self._measure.marks += tuple(mark for mark in marks if mark not in self._measure.marks)

    def _sound(self, element: Element, at: Fraction | None = None) -> None:
        self._mark(_marks_of_sound(element))
        if _passes(element) != ALL_PASSES:
            self._report("tempos and dynamics of single passes of a repeat are played in all")
        if element.get("forward-repeat") == "yes":
            self._measure.line = replace(self._measure.line, starts_repeat=True)
        at = self._cursor if at is None else at
        self._add_tempo(at, _number(element.get("tempo")))
        if (pedal := element.get("damper-pedal")) is not None:
            self._pedal(at, (pedal not in ("no", "0"),))
        for midi in element.iterfind("midi-instrument"):
            program = _integer(midi.findtext("midi-program"))
            if program is not None and 1 <= program <= 128 and midi.get("id", "") in self._programs:
                self._programs[midi.get("id", "")] = program - 1
                self._measure.programs.append((at, program - 1))
        if element.find("swing/first") is not None:
            self._report("swing is left out; --swing of render plays it")
        self._velocity = self._velocity_of(_number(element.get("dynamics"))) or self._velocity

    def _add_tempo(self, at: Fraction, quarters_per_minute: Fraction | None) -> None:
        if quarters_per_minute is not None and quarters_per_minute > 0:
            us = round(60_000_000 / quarters_per_minute)
            if 1 <= us < 2**24:
                self._quarters_per_minute = quarters_per_minute
                self._measure.tempos.append((min(at, Fraction(MAX_QUARTERS)), us))

    def _harmony(self, element: Element) -> None:
        offset = _number(element.findtext("offset")) or Fraction(0)
        at = max(self._cursor + max(offset, Fraction(-MAX_DIVISIONS)) / self._divisions, Fraction(0))
        symbol = self._chord_of(element)
        if symbol is not None:
            self._measure.chords.append((min(at, Fraction(MAX_QUARTERS)), symbol))

    def _chord_of(self, element: Element) -> str | None:
        """Return the symbol of a chord as it sounds; None, with a report, for one that has none."""
        written, kind = element.find("kind"), element.findtext("kind", "").strip()
        if kind == "none":
            return NO_CHORD
        root, bass = (_note_name(element.find(name), name) for name in ("root", "bass"))
        text = KINDS.get(kind)
        if text is None and written is not None:
            text = written.get("text")
        changes = "".join(map(_degree, element.findall("degree")))
        slash = "" if bass is None else f"/{bass}"
        try:
            chord = ChordSymbol.parse(f"{root or '?'}{'?' if text is None else text}{changes}{slash}")
        except BadSetting:
            self._report(f"a chord of the kind {kind[:40]!r}{' without a root' * (root is None)} is left out")
            return None
        inversion = _integer(element.findtext("inversion")) or 0
        if bass is None and 0 < inversion < len(chord.intervals):
            chord = replace(chord, bass=(chord.root + chord.intervals[inversion]) % 12)
        if (chord.bass is not None and bass is None) or self._semitones % 12:
            return chord.transposed(self._semitones).symbol(self._sharps)
        return f"{root}{chord.kind}{slash}"

    def _barline(self, element: Element) -> None:
        for repeat in element.findall("repeat"):
            if repeat.get("direction") == "forward":
                self._measure.line = replace(self._measure.line, starts_repeat=True)
            elif repeat.get("direction") == "backward":
                times = _integer(repeat.get("times"))
                n_passes = 2 if times is None else min(max(times, 1), MAX_PASSES)
                self._measure.line = replace(self._measure.line, ends_repeat=True, n_passes=n_passes)
        for ending in element.findall("ending"):
            if ending.get("type") == "start":
                numbers = ending.get("number", "").replace(",", " ").split()
                endings = frozenset(int(number) for number in numbers if number.isdecimal()) & {*range(1, MAX_PASSES)}
                self._measure.line = replace(self._measure.line, endings=endings, starts_ending=True)
            else:
                self._measure.line = replace(self._measure.line, ends_ending=True)


def divisions_of(measures: Iterable[Element]) -> int | None:
    """Return the units of a quarter of a part: those it says, or that its first plain note implies; else None."""
    for measure in measures:
        for element in measure:
            divisions = _number(element.findtext("divisions")) if element.tag == "attributes" else None
            if divisions is not None:
                return int(divisions) if 0 < divisions <= MAX_DIVISIONS and divisions.denominator == 1 else None
            duration = _number(element.findtext("duration")) if element.tag == "note" else None
            value = TYPES.get(element.findtext("type", "").strip())
            if duration and value and element.find("time-modification") is None and element.find("rest") is None:
                implied = duration / value / (2 - Fraction(1, 2 ** min(len(element.findall("dot")), 4)))
                return int(implied) if implied.denominator == 1 and 0 < implied <= MAX_DIVISIONS else None
    return None


def _marks_of_sound(sound: Element) -> list[JumpMark]:
    """Return the marks of jumps of a sound element."""
    marks = [JumpMark(kind, label=sound.get(kind, "")) for kind in ("segno", "coda") if sound.get(kind)]
    for name, kind in JUMPS.items():
        if sound.get(name, "no") != "no":
            marks.append(JumpMark(kind, label=sound.get(name, "") if name in ("dalsegno", "tocoda") else ""))
    return marks


def _passes(element: Element) -> frozenset[int]:
    """Return the passes of a repeat that play a note."""
    numbers = [each for each in element.get("time-only", "").replace(",", " ").split() if each.isdecimal()]
    return frozenset(int(each) for each in numbers if len(each) < 4) & ALL_PASSES if numbers else ALL_PASSES


def _number(text: str | None) -> Fraction | None:
    """Return a decimal number, None for another text."""
    text = (text or "").strip()
    is_number = len(text) <= 30 and text.lstrip("+-").replace(".", "", 1).isdecimal() and text.isascii()
    return Fraction(text) if is_number else None


def _integer(text: str | None) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number.denominator == 1 and abs(number) < 2**31 else None


def _degree(element: Element) -> str:
    """Return a change of a chord as text, such as ``b9``, ``#5`` or ``no3``."""
    value, alter = _integer(element.findtext("degree-value")) or 0, _integer(element.findtext("degree-alter")) or 0
    if element.findtext("degree-type", "").strip() == "subtract":
        return f"no{value}"
    if value == 7:  # counted from a minor seventh
        return "addmaj7" if alter > 0 else "add7"
    return {-1: "b", 0: "add", 1: "#"}.get(alter, "?") + str(value)


def _note_name(element: Element | None, kind: str) -> str | None:
    """Return the name of the root or bass of a chord, such as ``F#``."""
    step = "" if element is None else element.findtext(f"{kind}-step", "").strip()
    if element is None or step not in SEMITONES:
        return None
    alter = _integer(element.findtext(f"{kind}-alter")) or 0
    return step + {-2: "bb", -1: "b", 1: "#", 2: "##"}.get(alter, "")
