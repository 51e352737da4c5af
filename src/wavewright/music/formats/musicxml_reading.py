"""Read scores in MusicXML, compressed or not, with repeats and endings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import starmap
from xml.etree.ElementTree import Element

import numpy as np

from ...base.errors import BadScore
from ..bars import DEFAULT_METRE, with_bar_lines
from ..score import (
    CONTROL_CHANGE,
    DETAILS,
    KEY,
    METRE,
    PROGRAM,
    Chord,
    Score,
    Track,
    controls_of,
    detail_event,
    notes_of,
)
from ..timing import TEMPO
from .musicxml_measures import SUSTAIN, Measure, MeasureReader, divisions_of
from .note_values import grid_of, tick_of
from .play_order import BarLine, in_order
from .xml_tree import parse_xml, unpacked

DRUM_CHANNEL_NUMBER = 10
VOLUME, PAN = 7, 10
MAX_NOTES = 5_000_000
TARGETS = ("segno", "coda", "coda sign")
"""Marks of jumps that stand before a measure; the others act at its end."""


@dataclass
class _Instrument:
    """The instrument of a part: its name, programme and controls; pitches of drums and programmes by their ids."""

    name: str = ""
    program: int | None = None
    controls: list[tuple[int, int, int, int]] = field(default_factory=list)
    is_drum: bool = False
    drums: dict[str, int] = field(default_factory=dict)
    programs: dict[str, int] = field(default_factory=dict)


def read_musicxml(contents: bytes) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Read a MusicXML file.

    - ``contents``: XML, or a compressed file (.mxl).
    - returns ``scores``: one, with a track for each part.
    - returns ``warnings``: what was left out.

    Raises BadScore if it is no MusicXML file, is damaged, or declares entities.
    """
    root = parse_xml(unpacked(contents))
    if root.tag not in ("score-partwise", "score-timewise"):
        raise BadScore(f"It is XML, but no MusicXML score: its root is {root.tag!r}.")
    instruments = {element.get("id", ""): _instrument(element) for element in root.iter("score-part")}
    measures_of = _measures_of(root)
    if not measures_of:
        raise BadScore("The MusicXML score has no part.")
    problems: list[str] = []
    parts = []
    divisions = [divisions_of(elements) for _, elements in measures_of]
    of_others = next((each for each in divisions if each is not None), 1)
    for number, (track_id, elements) in enumerate(measures_of, 1):
        instrument = instruments.get(track_id, _Instrument())
        reported: dict[str, None] = {}
        report, own_divisions = partial(reported.setdefault), divisions[number - 1] or of_others
        reader = MeasureReader(instrument.drums, dict(instrument.programs), report, own_divisions)
        parts.append((instrument, [reader.read(element) for element in elements]))
        reader.finish()
        problems += [f"Part {number}: {'; '.join(reported)}."] if reported else []
    return (_score_of(root, parts, problems),), tuple(problems)


def _measures_of(root: Element) -> list[tuple[str, list[Element]]]:
    """Return the id and the measures of each part."""
    if root.tag == "score-partwise":
        return [(element.get("id", ""), element.findall("measure")) for element in root.findall("part")]
    by_id: dict[str, list[Element]] = {}
    for measure in root.findall("measure"):
        for element in measure.findall("part"):
            by_id.setdefault(element.get("id", ""), []).append(element)
    return list(by_id.items())


def _instrument(element: Element) -> _Instrument:
    instrument = _Instrument(" ".join(element.findtext("part-name", "").split()))
    for midi in element.findall("midi-instrument"):
        program, drum, channel, volume, pan = (
            _whole(midi.findtext(name)) for name in ("midi-program", "midi-unpitched", "midi-channel", "volume", "pan")
        )
        if drum is not None and 1 <= drum <= 128:
            instrument.drums[midi.get("id", "")] = drum - 1
        instrument.is_drum |= channel == DRUM_CHANNEL_NUMBER
        if program is not None and 1 <= program <= 128:
            instrument.programs[midi.get("id", "")] = program - 1
        if instrument.program is None and program is not None and 1 <= program <= 128:
            instrument.program = program - 1
            instrument.controls = [(0, PROGRAM, 0, program - 1)]
            if volume is not None and 0 <= volume <= 100:
                instrument.controls.append((0, CONTROL_CHANGE, VOLUME, round(volume * 1.27)))
            if pan is not None and -90 <= pan <= 90:
                instrument.controls.append((0, CONTROL_CHANGE, PAN, min(64 + round(pan * 64 / 90), 127)))
    return instrument


def _whole(text: str | None) -> int | None:
    try:
        value = float((text or "").strip()[:20])
    except ValueError:
        return None
    return round(value) if abs(value) < 1e6 else None


def _score_of(root: Element, parts: Sequence[tuple[_Instrument, list[Measure]]], problems: list[str]) -> Score:
    """Return the parts as a score, all measures as long as the longest of their number."""
    order, starts = _order(parts)
    if sum(len(measures[index].notes) for _, measures in parts for index in order if index < len(measures)) > MAX_NOTES:
        raise BadScore(f"The score has more than {MAX_NOTES} notes with all repeats.")
    times = [
        time
        for _, measures in parts
        for measure in measures
        for note in measure.notes
        for time in (note.start, note.duration)
    ]
    ticks_per_quarter, is_exact = grid_of([*times, *starts])
    if not is_exact:
        problems.append("The notes have no common grid; times are rounded.")

    def tick(time: Fraction) -> int:
        return tick_of(time, ticks_per_quarter)

    tracks = []
    for instrument, measures in parts:
        rows = [
            (tick(start), tick(start + duration) - tick(start), pitch, velocity)
            for start, duration, pitch, velocity in _joined(measures, order, starts)
        ]
        is_drum = instrument.is_drum and bool(instrument.drums or instrument.program is None)
        pedals = [
            (tick(start + at), CONTROL_CHANGE, SUSTAIN, value)
            for index, start in zip(order, starts, strict=False)
            for at, value in (measures[index].pedals if index < len(measures) else ())
        ]
        programs = [] if is_drum else _changes(instrument.program, measures, order, starts)
        changes = [(tick(at), PROGRAM, 0, program) for at, program in programs]
        controls = controls_of([*instrument.controls, *pedals, *changes])
        tracks.append(Track(notes_of(rows), instrument.name, is_drum, controls=controls))

    def collected(name: str) -> list[tuple[int, object]]:
        """Return events of all parts by tick, those of the first part where several have one."""
        events: dict[int, object] = {}
        for _, measures in parts:
            for index, start in zip(order, starts, strict=False):
                for at, value in getattr(measures[index], name) if index < len(measures) else ():
                    events.setdefault(tick(start + at), value)
        changes = sorted(events.items())
        pairs = zip([None, *changes], changes, strict=False)
        return [change for last, change in pairs if name == "chords" or last is None or last[1] != change[1]]

    metres = [(at, *metre, 24, 8) for at, metre in collected("metres")]  # type: ignore[misc]
    score = Score(
        tuple(tracks),
        ticks_per_quarter,
        np.array(collected("tempos"), TEMPO),
        np.array(metres, METRE),
        np.array([(at, *key) for at, key in collected("keys")], KEY),  # type: ignore[misc]
        tuple(Chord(at, str(symbol)) for at, symbol in collected("chords")),
        metas=tuple(starmap(detail_event, _details(root))),
        title=" ".join((root.findtext("work/work-title") or root.findtext("movement-title") or "").split()),
        length=tick(starts[-1]),
    )
    return with_bar_lines(score, map(tick, starts))


def _changes(
    program: int | None, measures: Sequence[Measure], order: Sequence[int], starts: Sequence[Fraction]
) -> Iterator[tuple[Fraction, int]]:
    """Yield when the programme of a part changes, in quarters, and to which one."""
    for index, start in zip(order, starts, strict=False):
        for at, following in sorted(measures[index].programs) if index < len(measures) else ():
            if following != program:
                yield start + at, following
            program = following


def _details(root: Element) -> Iterator[tuple[str, str]]:
    """Yield names and texts of details; a creator of a kind that DETAILS lacks is one of the notes."""
    title, subtitle = (root.findtext(path, "").strip() for path in ("work/work-title", "movement-title"))
    if title and subtitle not in ("", title):
        yield "subtitle", subtitle
    for element in root.iterfind("identification/*"):
        for each in element if element.tag == "miscellaneous" else (element,):
            text, name = (each.text or "").strip(), each.get("type", each.get("name", each.tag))
            if text and name in DETAILS:
                yield name, text
            elif text and each.tag == "creator":
                yield "notes", f"{name}: {text}"


def _order(parts: Sequence[tuple[_Instrument, list[Measure]]]) -> tuple[list[int], list[Fraction]]:
    """Return the indices of the measures with all repeats, and their starts in quarters with the end of the last."""
    lengths = _lengths([measures for _, measures in parts])
    items: list[object] = []
    for index in range(len(lengths)):
        of_parts = [measures[index] for _, measures in parts if index < len(measures)]
        line = next((each.line for each in of_parts if each.line != BarLine()), BarLine())
        if line.starts_repeat or line.starts_ending:
            start = (line.starts_repeat, line.endings, line.starts_ending)
            items.append(BarLine(starts_repeat=start[0], endings=start[1], starts_ending=start[2], is_line=False))
        marks = next((each.marks for each in of_parts if each.marks), ())
        items += [
            *(mark for mark in marks if mark.kind in TARGETS),
            index,
            *(mark for mark in marks if mark.kind not in TARGETS),
        ]
        items.append(BarLine(ends_repeat=line.ends_repeat, ends_ending=line.ends_ending, n_passes=line.n_passes))
    order = [item for item in (items[at] for at in in_order(items, nested=True)) if isinstance(item, int)]
    starts = [Fraction(0)]
    for index in order:
        starts.append(starts[-1] + lengths[index])
    return order, starts


def _lengths(parts: Sequence[list[Measure]]) -> list[Fraction]:
    """Return the quarters of each measure, the longest of its parts; an empty one is as long as its metre."""
    lengths, metre = [], DEFAULT_METRE
    for index in range(max(map(len, parts))):
        of_parts = [measures[index] for measures in parts if index < len(measures)]
        metre = next((each for measure in of_parts for at, each in measure.metres if at == 0), metre)
        lengths.append(max(measure.length for measure in of_parts) or Fraction(4 * metre[0], metre[1]))
        metre = next((each for measure in of_parts for _, each in measure.metres[::-1]), metre)
    return lengths


def _joined(
    measures: Sequence[Measure], order: Sequence[int], starts: Sequence[Fraction]
) -> list[tuple[Fraction, Fraction, int, int]]:
    """Return start, duration, pitch and velocity of the notes of a part, tied ones joined."""
    played = []
    passes: Counter[int] = Counter()
    for at, (index, origin) in enumerate(zip(order, starts, strict=False)):
        passes[index] += 1
        for note in measures[index].notes if index < len(measures) else ():
            if passes[index] in note.passes:
                played.append((origin + note.start, at, note))
    notes: list[tuple[Fraction, Fraction, int, int]] = []
    tied: dict[int, list[tuple[Fraction, int, int]]] = {}
    for start, at, note in sorted(played, key=lambda each: each[:2]):
        end = start + note.duration
        # A tie ends at a note that touches it or, of arpeggios that lead into a chord, comes within a measure.
        open_ties = tied.setdefault(note.pitch, [])
        candidates = [tie for tie in open_ties if tie[0] <= start and at - tie[1] <= 1] if note.continues else []
        if candidates:
            tie = max(candidates)
            open_ties.remove(tie)
            first = tie[2]
            notes[first] = (notes[first][0], end - notes[first][0], *notes[first][2:])
        else:
            first = len(notes)
            notes.append((start, note.duration, note.pitch, note.velocity))
        if note.is_tied:
            open_ties.append((end, at, first))
    return notes
