"""Read tunes in ABC notation (version 2.1, C. Walshaw): headers, voices, repeats, and the notes of each voice."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import accumulate, starmap

import numpy as np

from ...base.errors import BadScore, BadSetting
from ...base.text_encoding import decoded, note_on
from ..bars import with_bar_lines
from ..engine import DRUM_CHANNEL
from ..score import DETAILS, KEY, METRE, Chord, Score, Track, controls_of, detail_event, empty, notes_of
from ..theory import DYNAMICS, ChordSymbol, sounding_sharps
from ..timing import TEMPO
from .abc_fields import (
    AbcKey,
    fraction_of,
    key_of,
    metre_of,
    sections_of,
    semitones_of,
    tempo_of,
    unit_of_metre,
)
from .abc_midi import DrumPattern, MidiCommands
from .abc_symbols import Annotation, Item, LineReader, Symbol, WrittenPitch, is_text
from .note_values import grid_of, tick_of
from .play_order import MAX_SYMBOLS, BarLine, JumpMark, in_order

MAX_BYTES = 2**23
MAX_VOICES = 1_000
MAX_WHOLE_NOTES = 100_000
MAX_NAMED = 20
"""Marks of a voice that are named."""

NORMAL_VELOCITY, ACCENT = 80, 18
GRACE_LENGTH = Fraction(1, 64)

PROPAGATIONS = ("pitch", "octave", "not")
"""Notes of a bar that an accidental holds for: of its letter in all octaves, in its octave, or itself alone."""

LEFT_OUT = {
    **dict.fromkeys(("begintext", "text", "center"), "Texts beside the music (%%text) are left out."),
    **dict.fromkeys(("score", "staves"), "The order and the groups of voices (%%score) are left out."),
}
"""Lines that begin with ``%%`` and say something of the music."""

_FIELD = re.compile(r"[ \t]{0,3}([A-Za-z+]):(?![|:])(.*)")
_CONTINUED = re.compile(r"(?m)^[ \t]{0,3}[A-Za-z]:(?![|:]).*(?:\n\+:.*)+")
_INLINE_FIELD = re.compile(r"(\[[A-Za-z]:[^][]*\])")
_WORDS_FIELDS = "HNRSWwsZ"
_LEFT_OUT = re.compile(rf"%%({'|'.join(LEFT_OUT)})\b")
_BLOCK = re.compile(r"%%begin([a-z]+)")
_PROPAGATION = re.compile(r"%%propagate-accidentals\s+(\S+)")
_MIDI = re.compile(r"%%MIDI\s+(.*)")
_CLEF = re.compile(r"\b(clef|octave|transpose)=|\b(treble|bass|alto|tenor)(?![a-z])")
_USER_SYMBOL = re.compile(r"([H-Wh-w~])\s*=\s*[!+]?([^!+]*)")

_DETAILS = {kind: name for name, kind in DETAILS.items() if kind}
_FIELDS_OF_TUNE = {"M": "metre", "L": "unit", "Q": "tempo", "P": "sections"}


@dataclass
class TuneText:
    """The text of a tune: fields of its header, and the lines of each voice."""

    title: str | None = None
    details: list[tuple[str, str]] = field(default_factory=list)
    metre: str = ""
    unit: str = ""
    tempo: str = ""
    key: str = ""
    sections: str = ""
    propagation: str = PROPAGATIONS[0]
    commands: dict[str, list[str]] = field(default_factory=dict)
    symbols: dict[str, str] = field(default_factory=dict)
    voices: dict[str, LineReader] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    transpositions: dict[str, int] = field(default_factory=dict)


def read_abc(contents: bytes) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Read the tunes of an ABC file.

    - ``contents``: UTF-8, UTF-16 or Windows-1252.
    - returns ``scores``: at least one, each with a track for each voice.
    - returns ``warnings``: what was left out.

    Raises BadScore if the file has no tune, or one of them is too long.
    """
    if len(contents) > MAX_BYTES:
        raise BadScore(f"It has more than {MAX_BYTES // 2**20} MiB; no file of tunes is that long.")
    try:
        text, encoding = decoded(contents)
    except UnicodeDecodeError as error:
        raise BadScore(f"It is no text (byte {error.start}), as a file of tunes is.") from error
    text = _CONTINUED.sub(_on_one_line, text.replace("\r\n", "\n").replace("\r", "\n"))
    blocks = re.split(r"(?m)^(?=[ \t]{0,3}X:)", text)
    if len(blocks) < 2:
        raise BadScore("It has no ABC tune: none begins with a line such as X:1.")
    problems = [*note_on("It", encoding)]
    scores = []
    for number, block in enumerate(blocks[1:], 1):
        reader = _TuneReader(blocks[0])
        reader.read(block)
        of_tune = list(reader.problems)
        scores.append(_score_of(reader.tune, of_tune))
        problems += [f"Tune {number}: {problem}" for problem in dict.fromkeys(of_tune)]
    return tuple(scores), tuple(problems)


class _TuneReader:
    """Sorts the lines of a tune into its header and its voices."""

    def __init__(self, file_header: str) -> None:
        self.tune = TuneText()
        self.problems: list[str] = []
        self._voice = ""
        self._is_header = True
        for line in file_header.splitlines():
            if (match := _FIELD.fullmatch(_without_comment(line))) and match[1] in {*"ILMQUm", *_DETAILS} - {"T"}:
                self._header_field(match[1], match[2])
            elif line.startswith("%%"):
                self._directive(line.strip())

    def read(self, block: str) -> None:
        """Read all lines of a tune, up to the first empty one; music after it is named."""
        is_ended = False
        skipped = ""  # the block of text or drawings, or the field, whose lines are no music
        for line in block.splitlines():
            if skipped.startswith("%%"):
                skipped = "" if line.startswith(skipped) else skipped
            elif line.lstrip().startswith("%"):
                match = _BLOCK.match(line.strip())
                skipped = f"%%end{match[1]}" if match else skipped
                self._directive(line.strip())
            elif is_ended:
                if "|" in line and not _FIELD.fullmatch(line) and not is_text(line):
                    self.problems.append(f"{line.strip()[:60]!r} and what follows it are left out: no X: begins them.")
                    break
            elif not line.strip():
                is_ended = not self._is_header
            else:
                skipped = self._line(_without_comment(line), skipped)
        for name, voice in self.tune.voices.items():
            marks = ", ".join(list(voice.marks)[:MAX_NAMED])
            problems = [*voice.problems, *[f"Marks of notes are left out: {marks}."] * bool(marks)]
            self.problems += [f"{f'voice {name}: ' if name else ''}{problem}" for problem in problems]

    def _line(self, line: str, skipped: str) -> str:
        """Read a field or a line of music; return the field whose text goes on in the next line."""
        text = line.removesuffix("\\")
        match = _FIELD.fullmatch(text)
        if match is None:
            is_words = bool(skipped) or (self._is_header and is_text(text))
            if not is_words:
                self._music(text)
            elif self._is_header and skipped in _DETAILS:
                self._header_field(skipped, text)
            elif not skipped:
                self.problems.append(f"The line {text.strip()[:60]!r} of the header is no field; it is left out.")
            return skipped if is_words and (self._is_header or text != line) else ""
        if match[1] in "wW":
            self.problems.append("Lyrics are left out.")
        if self._is_header:
            self._header_field(match[1], match[2])
        else:
            self._body_field(match[1], match[2])
        goes_on = text != line or match[1] == "H" if self._is_header else text != line and match[1] in _WORDS_FIELDS
        return match[1] if goes_on else ""

    def _directive(self, line: str) -> None:
        """Read a line that begins with ``%%``."""
        if match := _PROPAGATION.match(line):
            self.tune.propagation = match[1] if match[1] in PROPAGATIONS else self.tune.propagation
        elif match := _MIDI.match(line):
            command = _without_comment(match[1])
            if self._is_header or not (self._voice or self.tune.voices):
                self.tune.commands.setdefault(self._voice, []).append(command)
            else:
                self._reader().items.append(Annotation("midi", command))
        elif match := _LEFT_OUT.match(line):
            self.problems.append(LEFT_OUT[match[1]])

    def _header_field(self, kind: str, text: str) -> None:
        tune, value = self.tune, text.strip()
        if kind == "T" and tune.title is None:
            tune.title = value
        elif kind in _DETAILS:
            name, _, rest = value.partition(": ")
            detail = (name, rest) if DETAILS.get(name) == "" else (_DETAILS[kind], value)
            tune.details += [detail] if detail[1] else []
        elif kind in _FIELDS_OF_TUNE:
            setattr(tune, _FIELDS_OF_TUNE[kind], value)
        elif kind == "U" and (match := _USER_SYMBOL.match(value)):
            tune.symbols[match[1]] = match[2]
        elif kind == "I":
            self._directive(f"%%{value}")
        elif kind == "V":
            self._select(value)
        elif kind == "K":
            tune.key = value
            self._is_header = False
            self._voice = next(iter(tune.names), "")
        elif kind not in ("X", "r", *"wW"):
            self.problems.append(f"The field {kind}: is left out.")

    def _body_field(self, kind: str, text: str) -> None:
        if kind == "V":
            self._select(text.strip())
        elif kind == "I":
            self._directive(f"%%{text.strip()}")
        elif kind in "KLMQP":
            self._reader().items.append(Annotation(kind, text.strip()))
        else:
            self._header_field(kind, text)

    def _music(self, line: str) -> None:
        if self._is_header:
            self.problems.append("The header has no K: field; the key is C.")
            self._is_header = False
        for piece in _INLINE_FIELD.split(line):
            if _INLINE_FIELD.fullmatch(piece):
                self._body_field(piece[1], piece[3:-1])
            elif piece.strip():
                reader = self._reader()
                reader.symbols = self.tune.symbols
                reader.read(piece)

    def _select(self, text: str) -> None:
        """Continue with a voice such as ``1 name="Tenor" octave=-1``."""
        name, _, rest = text.partition(" ")
        if name not in self.tune.names and len(self.tune.names) >= MAX_VOICES:
            raise BadScore(f"A tune has more than {MAX_VOICES} voices.")
        self._voice = name
        title = re.search(r'\b(?:name|nm)\s*=\s*(?:"([^"]*)"|(\S+))', rest)
        self.tune.names.setdefault(name, "")
        if title:
            self.tune.names[name] = title[1] or title[2] or ""
        if "=" in rest:
            self.tune.transpositions[name] = _transposition(rest)

    def _reader(self) -> LineReader:
        if self._voice not in self.tune.voices:
            self.tune.names.setdefault(self._voice, "")
            metre = metre_of(self.tune.metre)
            is_compound = metre is not None and metre[1] == 8 and metre[0] % 3 == 0
            self.tune.voices[self._voice] = LineReader(is_compound)
        return self.tune.voices[self._voice]


def _on_one_line(match: re.Match[str]) -> str:
    """Return a field with the lines after ``+:`` that continue it."""
    return " ".join(_without_comment(line).strip() for line in match[0].split("\n+:"))


def _without_comment(line: str) -> str:
    """Return a line up to a ``%`` that is not escaped."""
    return re.split(r"(?<!\\)%", line, maxsplit=1)[0].rstrip()


def _transposition(text: str) -> int:
    """Return the semitones of ``octave=`` and ``transpose=`` (or a clef such as ``treble-8``)."""
    semitones = 0
    for word, factor in (("octave", 12), ("transpose", 1)):
        if match := re.search(rf"\b{word}\s*=\s*([+-]?\d{{1,2}})", text):
            semitones += factor * int(match[1])
    if match := re.search(r"[a-z]\d?([+-])8(?:va|vb)?\b", text):
        semitones += 12 if match[1] == "+" else -12
    return semitones


def _score_of(tune: TuneText, problems: list[str]) -> Score:
    """Return the tune as a score, on a grid on which all its times are whole ticks if there is one."""
    metre = metre_of(tune.metre)
    unit = fraction_of(tune.unit) or unit_of_metre(metre)
    tempo = _tempo(tune.tempo, unit, problems) if tune.tempo else None
    key = _key(tune.key, problems)
    sections = sections_of(tune.sections)
    items = _with_all_marks({name: voice.items for name, voice in tune.voices.items()})
    voices: dict[str, _VoiceReader] = {}
    keys = {0: key}
    for name in tune.voices:
        is_first = not voices
        semitones = tune.transpositions.get(name, 0) + _transposition(tune.key)
        voices[name] = voice = _VoiceReader(key, metre, unit, semitones, problems, tune.propagation)
        for command in (*(tune.commands.get("", ()) if name else ()), *tune.commands.get(name, ())):
            voice.midi.execute(command, Fraction(0), has_drums=is_first or command in tune.commands.get(name, ()))
        if is_first:
            keys = {0: voice.sounding_key(key)}
        voice.read(_in_order(items[name], sections))
        problems += voice.midi.problems()
    ticks_per_quarter, is_exact = grid_of(4 * time for voice in voices.values() for time in voice.times)
    if not is_exact:
        problems.append("The notes have no common grid; times are rounded.")

    def tick(time: Fraction) -> int:
        return tick_of(4 * time, ticks_per_quarter)

    tracks = []
    for name, voice in voices.items():
        tracks += _tracks(voice, tune.names.get(name, ""), tick)
    first = next(iter(voices.values()), None)
    chords = next((voice.chords for voice in voices.values() if voice.chords), [])
    tempos = {0: tempo} if tempo is not None else {}
    metres = {0: metre} if metre is not None else {}
    for voice in [first] if first else []:
        tempos |= {tick(time): us for time, us in voice.tempos}
        metres |= {tick(time): each for time, each in voice.metres}
        keys |= {tick(time): each for time, each in voice.keys}
    score = Score(
        tuple(tracks),
        ticks_per_quarter,
        np.array(sorted(tempos.items()), TEMPO) if tempos else empty(TEMPO),
        np.array([(at, *each, _clocks(each), 8) for at, each in sorted(metres.items())], METRE),
        np.array([(at, each.sharps, each.mode) for at, each in sorted(keys.items()) if each.sharps is not None], KEY),
        tuple(Chord(tick(time), symbol) for time, symbol in chords),
        metas=tuple(starmap(detail_event, tune.details)),
        title=tune.title or "",
        length=max((tick(voice.end) for voice in voices.values()), default=0),
    )
    return with_bar_lines(score, (tick(time) for time in first.lines)) if first else score


def _tracks(voice: _VoiceReader, name: str, tick: Callable[[Fraction], int]) -> list[Track]:
    """Return the notes of a voice as a track, those of each channel that it names, and its drums."""
    channels = list(dict.fromkeys(channel for *_, channel in voice.notes)) or [voice.midi.channel]
    tracks = []
    for channel in channels:
        rows = [
            (tick(start), tick(start + length) - tick(start), *note)
            for start, length, *note, its_channel in voice.notes
            if its_channel == channel
        ]
        controls = [(tick(time), *control) for time, its_channel, *control in voice.midi.controls_of(channel, channels)]
        is_drum = channel == DRUM_CHANNEL
        tracks.append(Track(notes_of(rows), name, is_drum, channel, controls=controls_of(controls)))
    drums = [(tick(start), tick(start + length) - tick(start), *note) for start, length, *note in voice.drum_hits]
    return tracks + ([Track(notes_of(drums), "drums", is_drum=True, channel=DRUM_CHANNEL)] if drums else [])


def _in_order(items: Sequence[Item], sections: str) -> Iterator[Item]:
    """Yield the items in the order in which they sound: that of the sections, or as they are written."""
    starts = [index for index, item in enumerate(items) if isinstance(item, Annotation) and item.kind == "P"]
    if not sections or not starts:
        yield from (items[index] for index in in_order(items))
        return
    spans: dict[str, Sequence[Item]] = {}
    for start, end in zip(starts, [*starts[1:], len(items)], strict=True):
        item = items[start]
        assert isinstance(item, Annotation)
        spans.setdefault(item.text[:1], items[start + 1 : end])
    n_items = 0
    for span in (items[: starts[0]], *(spans.get(letter, ()) for letter in sections)):
        for index in in_order(span):
            n_items += 1
            if n_items > MAX_SYMBOLS:
                raise BadScore(f"A voice has more than {MAX_SYMBOLS} notes with all repeats.")
            yield span[index]


def _with_all_marks(voices: dict[str, list[Item]]) -> dict[str, Sequence[Item]]:
    """Return the items of voices; those without marks of jumps get the marks of the first that has some."""
    marked = next((items for items in voices.values() if any(isinstance(item, JumpMark) for item in items)), None)
    if marked is None:
        return {**voices}
    n_bars = [0, *accumulate(map(_bars_of, marked))]
    marks = [(n_bars[index], item) for index, item in enumerate(marked) if isinstance(item, JumpMark)]
    return {
        name: items if any(isinstance(item, JumpMark) for item in items) else _with_marks(items, marks)
        for name, items in voices.items()
    }


def _bars_of(item: Item) -> int:
    """Return the number of bars that end with an item: one with a bar line, those of a long rest but the last."""
    return item.is_line if isinstance(item, BarLine) else max(item.n_bars - 1, 0) if isinstance(item, Symbol) else 0


def _with_marks(items: Sequence[Item], marks: Sequence[tuple[int, JumpMark]]) -> list[Item]:
    """Return items with marks after so many bar lines."""
    result: list[Item] = []
    waiting, n_bars = deque(marks), 0
    for item in items:
        while waiting and waiting[0][0] <= n_bars:
            result.append(waiting.popleft()[1])
        result.append(item)
        n_bars += _bars_of(item)
    return result + [mark for _, mark in waiting]


def _clocks(metre: tuple[int, int]) -> int:
    """Return the clocks of a metronome's click: 24 are a quarter."""
    return min(96 // metre[1] * (3 if metre[1] >= 8 and metre[0] % 3 == 0 and metre[0] > 3 else 1), 255)


def _key(text: str, problems: list[str]) -> AbcKey:
    """Return a key, C for one that cannot be read."""
    try:
        return key_of(text) or AbcKey({}, 0)
    except BadScore as error:
        problems.append(f"{error} The key is C.")
        return AbcKey({}, 0)


def _tempo(text: str, unit: Fraction, problems: list[str]) -> int | None:
    """Return a tempo, None for one that cannot be read; its words are named."""
    us, words = tempo_of(text, unit), re.search(r'"[^"]*"', text)
    if us is None:
        problems.append(f"The tempo {text[:60]!r} cannot be read; it is left out.")
    elif words is not None:
        problems.append(f"The words of the tempo {text[:60]!r} are left out.")
    return us


@dataclass
class _VoiceReader:
    """Turns the items of a voice into notes, in fractions of whole notes."""

    key: AbcKey
    metre: tuple[int, int] | None
    unit: Fraction
    semitones: int
    problems: list[str]
    propagation: str = PROPAGATIONS[0]
    notes: list[tuple[Fraction, Fraction, int, int, int | None]] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    tempos: list[tuple[Fraction, int]] = field(default_factory=list)
    metres: list[tuple[Fraction, tuple[int, int]]] = field(default_factory=list)
    keys: list[tuple[Fraction, AbcKey]] = field(default_factory=list)
    lines: list[Fraction] = field(default_factory=list)
    drum_hits: list[tuple[Fraction, Fraction, int, int]] = field(default_factory=list)
    midi: MidiCommands = field(default_factory=MidiCommands)
    end: Fraction = Fraction(0)
    _time: Fraction = Fraction(0)
    _bar_start: Fraction = Fraction(0)
    _velocity: int = NORMAL_VELOCITY
    _accidentals: dict[tuple[str, int], int] = field(default_factory=dict)
    _ties: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    _drums: DrumPattern | None = None

    @property
    def times(self) -> Iterable[Fraction]:
        """Starts and ends of notes, and times of chords and bar lines."""
        yield from (time for start, length, *_ in self.notes for time in (start, start + length))
        yield from (time for start, length, *_ in self.drum_hits for time in (start, start + length))
        yield from (time for time, _ in self.chords)
        yield from self.lines

    def read(self, items: Iterable[Item]) -> None:
        """Read the items of a voice in the order in which they sound."""
        self._drums = self.midi.drums
        for item in items:
            if isinstance(item, BarLine):
                self._bar(item)
            elif isinstance(item, Annotation):
                self._annotation(item)
            elif isinstance(item, Symbol):
                self._symbol(item)
            self.end = max(self.end, self._time)
            if self.end > MAX_WHOLE_NOTES:
                raise BadScore(f"A tune lasts more than {MAX_WHOLE_NOTES} whole notes; it is too long.")
        self._end_bar(self.end)

    def _bar(self, line: BarLine) -> None:
        if line.is_line:
            self._time = max(self._time, self.end)
            self._end_bar(self._time)
            self._accidentals.clear()

    def _end_bar(self, time: Fraction) -> None:
        """Note a bar line, and the drums of the bar before it."""
        if time > self._bar_start:
            self.lines.append(time)
            if self._drums is not None:
                metre = Fraction(*self.metre) if self.metre else Fraction(1)
                is_pickup = len(self.lines) == 1 and time - self._bar_start < metre
                self.drum_hits += () if is_pickup else self._drums.hits(self._bar_start, time, metre)
        self._bar_start = time
        self._drums = self.midi.drums

    def _annotation(self, item: Annotation) -> None:  # noqa: C901 (one branch for each kind)
        if item.kind == "chord":
            self.chords.append((self._time, self._sounding(item.text)))
        elif item.kind == "decoration":
            self._velocity = DYNAMICS.get(item.text, self._velocity)
        elif item.kind == "overlay":
            self.end = max(self.end, self._time)
            self._time = self._bar_start
        elif item.kind == "midi":
            self.midi.execute(item.text, self._time)
            if self._time == self._bar_start:
                self._drums = self.midi.drums
        elif item.kind == "K":
            self._change_key(item.text)
        elif item.kind == "M":
            self.metre = metre_of(item.text)
            if self.metre is not None:
                self.metres.append((self._time, self.metre))
        elif item.kind == "L":
            self.unit = fraction_of(item.text) or self.unit
        elif item.kind == "Q" and (us := _tempo(item.text, self.unit, self.problems)) is not None:
            self.tempos.append((self._time, us))

    def _sounding(self, symbol: str) -> str:
        """Return a chord symbol, moved as the notes of the voice are."""
        semitones = self.semitones + self.midi.semitones
        try:
            chord = ChordSymbol.parse(symbol).transposed(semitones)
        except BadSetting:
            return symbol
        return chord.symbol(self.sounding_key(self.key).sharps or 0) if semitones % 12 else symbol

    def sounding_key(self, key: AbcKey) -> AbcKey:
        """Return a key signature, moved as the notes of the voice are."""
        if key.sharps is None:
            return key
        return replace(key, sharps=sounding_sharps(key.sharps, self.semitones + self.midi.semitones))

    def _change_key(self, text: str) -> None:
        try:
            key = key_of(text)
        except BadScore as error:
            self.problems.append(f"{error} The key stays.")
            return
        if _CLEF.search(text):
            self.semitones = _transposition(text)
        if key is not None:
            self.key = key
            self.keys.append((self._time, self.sounding_key(key)))

    def _symbol(self, symbol: Symbol) -> None:
        """Add the notes of a symbol, with its grace notes before."""
        length = symbol.length * self.unit
        if symbol.n_bars:
            whole = Fraction(*self.metre) if self.metre else Fraction(1)
            length = symbol.n_bars * whole
            for _ in range(min(symbol.n_bars, MAX_WHOLE_NOTES) - 1):
                self._end_bar(self._bar_start + whole)
        start, end = self._time, self._time + length
        self._time = end
        if symbol.grace:
            each = min(GRACE_LENGTH, length / 4 / len(symbol.grace))
            for pitch in symbol.grace:
                self._add(start, each, self._pitch(pitch), self._velocity)
                start += each
        velocity = min(127, self._velocity + ACCENT * symbol.is_accented)
        sounding = (end - start) / 2 if symbol.is_staccato else end - start
        self._add_tied(symbol.pitches, start, sounding, velocity)

    def _add_tied(self, pitches: Sequence[WrittenPitch], start: Fraction, length: Fraction, velocity: int) -> None:
        """Add notes, or lengthen those that are tied to them."""
        ties: dict[tuple[str, int], tuple[int, int]] = {}
        for pitch in pitches:
            written = (pitch.letter, pitch.octave)
            tied = self._ties.get(written) if not pitch.accidental else None
            number = self._pitch(pitch) if tied is None else tied[0]
            index = dict(self._ties.values()).get(number)  # a tie joins equal pitches, however they are written
            if index is None:
                index = len(self.notes)
                if not self._add(start, length, number, velocity):
                    continue
            else:
                first = self.notes[index]
                self.notes[index] = (first[0], start + length - first[0], *first[2:])
            if pitch.is_tied:
                ties[written] = (number, index)
        if pitches:
            self._ties = ties

    def _add(self, start: Fraction, length: Fraction, pitch: int, velocity: int) -> bool:
        """Add a note and return True if its pitch is one of MIDI."""
        if not 0 <= pitch <= 127:
            self.problems.append(f"A note has the pitch {pitch} of MIDI, outside of 0 to 127; it is left out.")
            return False
        self.notes.append((start, length, self.midi.drum_map.get(pitch, pitch), velocity, self.midi.channel))
        return True

    def _pitch(self, pitch: WrittenPitch) -> int:
        """Return the pitch of a note, with the accidentals of its bar and key."""
        written = (pitch.letter, pitch.octave if self.propagation == "octave" else 0)
        shift = self._accidentals.get(written, self.key.accidentals.get(pitch.letter, 0))
        if pitch.accidental:
            shift = semitones_of(pitch.accidental)
            if (problem := "Parts of a semitone are left out.") not in self.problems and "/" in pitch.accidental:
                self.problems.append(problem)
            if self.propagation != "not":
                self._accidentals[written] = shift
        semitones = 0 if self.midi.channel == DRUM_CHANNEL else self.semitones + self.midi.semitones
        return pitch.number(shift + semitones)
