"""Read scores in MusicXML, compressed or not, with repeats and endings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from xml.etree.ElementTree import Element

import numpy as np

from ...errors import BadScore
from ..score import CONTROL_CHANGE, KEY, METRE, PROGRAM, Chord, Score, Track, controls_of, notes_of
from ..timing import TEMPO
from .abc_symbols import Annotation, BarLine, Item, in_order
from .musicxml_measures import Measure, MeasureReader
from .time_grid import grid_of, tick_of
from .xml_tree import parse_xml, unpacked

DRUM_CHANNEL_NUMBER = 10
VOLUME, PAN = 7, 10
DEFAULT_QUARTERS = 4
MAX_NOTES = 5_000_000


@dataclass
class _Instrument:
    """The instrument of a part: its name, programme and controls, and the pitches of its drums by their ids."""

    name: str = ""
    program: int | None = None
    controls: list[tuple[int, int, int, int]] = field(default_factory=list)
    is_drum: bool = False
    drums: dict[str, int] = field(default_factory=dict)


def read_musicxml(contents: bytes) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Read a MusicXML file.

    Parameters
    ----------
    contents : bytes
        XML, or a compressed file (.mxl).

    Returns
    -------
    scores : tuple of Score
        One, with a track for each part.
    warnings : tuple of str
        What was left out.

    Raises
    ------
    BadScore
        If it is no MusicXML file, is damaged, or declares entities.
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
    for number, (track_id, elements) in enumerate(measures_of, 1):
        instrument = instruments.get(track_id, _Instrument())
        reported: dict[str, None] = {}
        reader = MeasureReader(instrument.drums, partial(reported.setdefault))
        parts.append((instrument, [reader.read(element) for element in elements]))
        problems += [f"Part {number}: {problem}." for problem in reported]
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
        controls = controls_of(instrument.controls)
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
    return Score(
        tuple(tracks),
        ticks_per_quarter,
        np.array(collected("tempos"), TEMPO),
        np.array(metres, METRE),
        np.array([(at, *key) for at, key in collected("keys")], KEY),  # type: ignore[misc]
        tuple(Chord(at, str(symbol)) for at, symbol in collected("chords")),
        title=" ".join((root.findtext("work/work-title") or root.findtext("movement-title") or "").split()),
        length=tick(starts[-1]),
    )


def _order(parts: Sequence[tuple[_Instrument, list[Measure]]]) -> tuple[list[int], list[Fraction]]:
    """Return the indices of the measures with all repeats, and their starts in quarters with the end of the last."""
    n_measures = max(len(measures) for _, measures in parts)
    lengths = [Fraction(0)] * n_measures
    lines: list[Measure | None] = [None] * n_measures
    for _, measures in parts:
        for index, measure in enumerate(measures):
            lengths[index] = max(lengths[index], measure.length)
            has_line = measure.starts_repeat or measure.ends_repeat or measure.endings or measure.ends_ending
            lines[index] = lines[index] or (measure if has_line else None)
    items: list[Item] = []
    for index, line in enumerate(lines):
        if line is not None and (line.starts_repeat or line.endings):
            items.append(BarLine(starts_repeat=line.starts_repeat, endings=line.endings))
        items.append(Annotation("measure", str(index)))
        if line is not None and (line.ends_repeat or line.ends_ending):
            items.append(BarLine(ends_repeat=line.ends_repeat, is_double=line.ends_ending and not line.ends_repeat))
    order = [int(item.text) for item in in_order(items) if isinstance(item, Annotation)]
    starts = [Fraction(0)]
    for index in order:
        starts.append(starts[-1] + lengths[index])
    return order, starts


def _joined(
    measures: Sequence[Measure], order: Sequence[int], starts: Sequence[Fraction]
) -> list[tuple[Fraction, Fraction, int, int]]:
    """Return start, duration, pitch and velocity of the notes of a part, tied ones joined."""
    notes: list[tuple[Fraction, Fraction, int, int]] = []
    tied: dict[tuple[int, Fraction], int] = {}
    for index, origin in zip(order, starts, strict=False):
        for note in measures[index].notes if index < len(measures) else ():
            start = origin + note.start
            end = start + note.duration
            first = tied.pop((note.pitch, start), None) if note.continues else None
            if first is None:
                first = len(notes)
                notes.append((start, note.duration, note.pitch, note.velocity))
            else:
                notes[first] = (notes[first][0], end - notes[first][0], *notes[first][2:])
            if note.is_tied:
                tied[note.pitch, end] = first
    return notes
