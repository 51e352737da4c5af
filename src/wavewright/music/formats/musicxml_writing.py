"""Write scores in MusicXML 4.0: a part for each track, notes tied across bars, chords, and voices that overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from ...base.errors import BadSetting
from ..bars import Bar, bars_of
from ..score import CONTROL_CHANGE, CREATORS, NO_CHORD, PROGRAM, Score, Track
from ..theory import ChordSymbol, names_of_chord, notes_of_kind, spelled
from .musicxml_measures import FORTE, KINDS
from .note_values import NoteValue, tuplet_of, values_of

PAN, VOLUME = 10, 7
MIDDLE_C = 60
US_PER_MINUTE = 60_000_000
FIFTHS = {6, 7, 8}
DEGREES = {
    **{2: (2, 0), 3: (3, -1), 4: (3, 0), 5: (4, 0), 6: (5, -1), 7: (5, 0), 8: (5, 1), 9: (6, 0), 10: (7, 0)},
    **{11: (7, 1), 13: (9, -1), 14: (9, 0), 15: (9, 1), 16: (11, -1), 17: (11, 0), 18: (11, 1), 20: (13, -1)},
    **{21: (13, 0), 22: (13, 1)},
}
"""Degree and alteration of semitones above the root of a chord; a seventh is minor."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_musicxml(score: Score) -> bytes:
    """Return a score as MusicXML.

    Notes, tempos, metres, keys, chords that can be parsed, titles, details, names, programmes and the first volume
    and pan of each track are written. Notes of no length and other controls are left out.

    Raises BadSetting if the score has more than 10,000 bars, or a metre that is none.
    """
    root = Element("score-partwise", version="4.0")
    if score.title:
        SubElement(SubElement(root, "work"), "work-title").text = _text(score.title)
    if score.details:
        root.append(_identification(score.details))
    track_list = SubElement(root, "part-list")
    tracks = score.tracks or (Track(),)
    bars = bars_of(score)
    for number, track in enumerate(tracks, 1):
        track_list.append(_description(f"P{number}", track))
    for number, track in enumerate(tracks, 1):
        element = SubElement(root, "part", id=f"P{number}")
        pieces = _pieces(track.notes, bars, score.keys)
        tied: dict[int, int] = {}
        for index, bar in enumerate(bars):
            is_new = index == 0 or bar.metre != bars[index - 1].metre
            measure = _measure(
                score, track, bar, index, pieces[index], tied, f"P{number}", is_first=number == 1, is_new=is_new
            )
            element.append(measure)
    indent(root, " ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    doctype = '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
    return f"{head}{doctype}".encode() + tostring(root) + b"\n"


def _text(text: str) -> str:
    """Return a text without characters that XML cannot hold."""
    return _NOT_XML.sub(" ", text)


def _identification(details: Sequence[tuple[str, str]]) -> Element:
    """Return the details of a score, in the order that MusicXML prescribes."""
    element = Element("identification")
    for name, text in details:
        if name in CREATORS:
            SubElement(element, "creator", type=name).text = _text(text)
    for name, text in details:
        if name == "rights":
            SubElement(element, "rights").text = _text(text)
    if others := [each for each in details if each[0] not in (*CREATORS, "rights")]:
        miscellaneous = SubElement(element, "miscellaneous")
        for name, text in others:
            SubElement(miscellaneous, "miscellaneous-field", name=name).text = _text(text)
    return element


def _description(track_id: str, track: Track) -> Element:
    element = Element("score-part", id=track_id)
    SubElement(element, "part-name").text = _text(track.name)
    pitches = sorted({int(pitch) for pitch in track.notes["pitch"]}) if track.is_drum else []
    ids = [f"{track_id}-I{pitch}" for pitch in pitches] or [f"{track_id}-I1"]
    for instrument_id in ids:
        instrument = SubElement(element, "score-instrument", id=instrument_id)
        SubElement(instrument, "instrument-name").text = _text(track.name) or "instrument"
    for index, instrument_id in enumerate(ids):
        midi = SubElement(element, "midi-instrument", id=instrument_id)
        if track.is_drum:
            SubElement(midi, "midi-channel").text = "10"
        if (track.controls["kind"] == PROGRAM).any() or (PROGRAM, 0) in track.inherited:
            SubElement(midi, "midi-program").text = str(track.program + 1)
        if pitches:
            SubElement(midi, "midi-unpitched").text = str(pitches[index] + 1)
        for name, number, scale, centre in (("volume", VOLUME, 1 / 1.27, 0), ("pan", PAN, 90 / 64, 64)):
            of_number = track.controls[
                (track.controls["kind"] == CONTROL_CHANGE) & (track.controls["number"] == number)
            ]
            value = of_number["value"][0] if len(of_number) else track.inherited.get((CONTROL_CHANGE, number))
            if value is not None:
                SubElement(midi, name).text = f"{(int(value) - centre) * scale:.2f}"
    return element


Piece = tuple[int, int, int, int, bool, bool, int]
"""Start in the bar, duration, pitch, velocity, ties to the next and from the last piece of a note, and sharps of it."""


def _pieces(notes: np.ndarray, bars: Sequence[Bar], keys: np.ndarray) -> list[list[Piece]]:
    """Return the notes of each bar, cut at the bars; a note is named in the key in which it starts."""
    pieces: list[list[Piece]] = [[] for _ in bars]
    starts = np.array([bar.start for bar in bars])
    first_bars = np.maximum(np.searchsorted(starts, notes["start"], side="right") - 1, 0)
    sharps = np.zeros(len(notes), int)
    if len(keys):
        sharps = keys["sharps"][np.maximum(np.searchsorted(keys["tick"], notes["start"], side="right") - 1, 0)]
    for note, first, key in zip(notes, first_bars.tolist(), sharps.tolist(), strict=True):
        start, end, index = int(note["start"]), int(note["start"] + note["duration"]), first
        position = start
        while position < end:
            bar = bars[index]
            stop = end if index == len(bars) - 1 else min(end, bar.end)
            piece = (position - bar.start, stop - position, int(note["pitch"]), int(note["velocity"]))
            pieces[index].append((*piece, stop < end, position > start, key))
            position, index = stop, index + 1
    return pieces


def _measure(
    score: Score,
    track: Track,
    bar: Bar,
    index: int,
    pieces: list[Piece],
    tied: dict[int, int],
    track_id: str,
    *,
    is_first: bool,
    is_new: bool,
) -> Element:
    measure = Element("measure", number=str(bar.number))
    if bar.is_pickup or bar.length < bar.whole:
        measure.set("implicit", "yes")
    for at, element in _changes(score, bar, is_first=is_first, is_new=is_new):
        _move(measure, "forward", at)
        measure.append(element)
        _move(measure, "backup", at)
    if index == 0:
        _describe(measure, score, track)
    position = 0
    for voice, of_voice in enumerate(_voices(pieces, tied) or [[]], 1):
        _move(measure, "backup", position)
        position, n_before = 0, len(measure)
        for start, chord in of_voice:
            _rest(measure, start - position, score.ticks_per_quarter, voice)
            values = values_of(Fraction(chord[0][1], score.ticks_per_quarter))
            for at, value in enumerate(values):
                for number, (_, _, pitch, velocity, is_tied, continues, key) in enumerate(chord):
                    ticks = round(value.sounding * score.ticks_per_quarter)
                    ties = (is_tied or at + 1 < len(values), continues or at > 0)
                    piece = (start, ticks, pitch, velocity, *ties, key)
                    note = _note(track, piece, voice, track_id, value, is_chord=number > 0)
                    measure.append(note)
            position = start + chord[0][1]
        _rest(measure, bar.length - position, score.ticks_per_quarter, voice)
        position = bar.length
        _add_tuplets(measure[n_before:])
    return measure


def _add_tuplets(elements: Iterable[Element]) -> None:
    """Mark where tuplets begin and end among the notes of a voice: Verovio plays none without."""
    notes = [element for element in elements if element.find("chord") is None]
    kinds = [note.findtext("time-modification/actual-notes", "") for note in notes]
    for note, last, kind, following in zip(notes, ["", *kinds], kinds, [*kinds[1:], ""], strict=False):
        for change in ("start",) * (kind != last) + ("stop",) * (kind != following) if kind else ():
            notations = note.find("notations")
            SubElement(SubElement(note, "notations") if notations is None else notations, "tuplet", type=change)


def _describe(measure: Element, score: Score, track: Track) -> None:
    """Write the divisions and the clef: percussion, bass or treble."""
    if len(measure) and measure[0].tag == "attributes":
        attributes = measure[0]
    else:
        attributes = Element("attributes")
        measure.insert(0, attributes)
    divisions = Element("divisions")
    divisions.text = str(score.ticks_per_quarter)
    attributes.insert(0, divisions)
    pitches = track.notes["pitch"]
    is_low = len(pitches) > 0 and float(np.median(pitches)) < MIDDLE_C
    sign, line = ("percussion", None) if track.is_drum else ("F", 4) if is_low else ("G", 2)
    clef = SubElement(attributes, "clef")
    SubElement(clef, "sign").text = sign
    if line is not None:
        SubElement(clef, "line").text = str(line)


def _rest(measure: Element, ticks: int, ticks_per_quarter: int, voice: int) -> None:
    """Write rests in the first voice, and in tuplets; move on in the others."""
    quarters = Fraction(ticks, ticks_per_quarter)
    if ticks <= 0 or (voice > 1 and tuplet_of(quarters)[0] == 1):
        _move(measure, "forward", ticks)
        return
    for value in values_of(quarters):
        rest = SubElement(measure, "note")
        SubElement(rest, "rest")
        SubElement(rest, "duration").text = str(round(value.sounding * ticks_per_quarter))
        SubElement(rest, "voice").text = str(voice)
        _add_value(rest, value)


def _add_value(note: Element, value: NoteValue) -> None:
    SubElement(note, "type").text = value.name
    for _ in range(value.dots):
        SubElement(note, "dot")
    if value.actual > 1:
        modification = SubElement(note, "time-modification")
        SubElement(modification, "actual-notes").text = str(value.actual)
        SubElement(modification, "normal-notes").text = str(value.normal)


def _move(measure: Element, direction: str, ticks: int) -> None:
    if ticks > 0:
        SubElement(SubElement(measure, direction), "duration").text = str(ticks)


def _voices(pieces: Iterable[Piece], tied: dict[int, int]) -> list[list[tuple[int, list[Piece]]]]:
    """Return the chords of each voice, the notes of one start and duration; voices do not overlap.

    - ``tied``: voices of the pitches that are tied into the bar, where they stay: Verovio ties none across voices.
      Replaced by those of the next bar.
    """
    chords: dict[tuple[int, int, int], list[Piece]] = {}
    for piece in pieces:
        chords.setdefault((*piece[:2], tied.get(piece[2], -1) if piece[5] else -1), []).append(piece)
    tied.clear()
    voices: list[list[tuple[int, list[Piece]]]] = []
    ends: list[int] = []
    for (start, duration, kept), chord in sorted(
        chords.items(), key=lambda each: (each[0][0], each[0][2] < 0, each[0])
    ):
        free = next((index for index, end in enumerate(ends) if end <= start), len(voices))
        voice = kept if kept >= len(ends) or (kept >= 0 and ends[kept] <= start) else free
        while len(voices) <= voice:
            voices.append([])
            ends.append(0)
        voices[voice].append((start, chord))
        ends[voice] = start + duration
        tied |= {piece[2]: voice for piece in chord if piece[4]}
    return voices


def _changes(score: Score, bar: Bar, *, is_first: bool, is_new: bool) -> list[tuple[int, Element]]:
    """Return key, metre, tempos and chords of a bar with their ticks in it."""
    changes: list[tuple[int, Element]] = []
    for key in _within(score.keys, bar):
        attributes = Element("attributes")
        element = SubElement(attributes, "key")
        SubElement(element, "fifths").text = str(int(key["sharps"]))
        SubElement(element, "mode").text = str(key["mode"])
        changes.append((int(key["tick"]) - bar.start, attributes))
    if is_new:
        attributes = Element("attributes")
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(bar.numerator)
        SubElement(time, "beat-type").text = str(bar.denominator)
        changes.append((0, attributes))
    if is_first:
        for tempo in _within(score.tempos, bar):
            direction = Element("direction")
            quarters_per_minute = US_PER_MINUTE / int(tempo["us_per_quarter"])
            mark = SubElement(SubElement(direction, "direction-type"), "metronome")
            SubElement(mark, "beat-unit").text = "quarter"
            SubElement(mark, "per-minute").text = f"{quarters_per_minute:.4g}"
            SubElement(direction, "sound", tempo=f"{quarters_per_minute:.12f}".rstrip("0").rstrip("."))
            changes.append((int(tempo["tick"]) - bar.start, direction))
        for chord in score.chords:
            if bar.start <= chord.tick < bar.end and (element_ := _harmony(chord.symbol)) is not None:
                changes.append((chord.tick - bar.start, element_))
    return changes


def _within(events: np.ndarray, bar: Bar) -> np.ndarray:
    return events[(events["tick"] >= bar.start) & (events["tick"] < bar.end)]


def unwritten_symbols(score: Score) -> list[str]:
    """Return the chord symbols of a score that are no chords, each once: MusicXML has no place for them."""
    symbols = dict.fromkeys(chord.symbol for chord in score.chords)
    return [symbol for symbol in symbols if _harmony(symbol) is None]


def _harmony(symbol: str) -> Element | None:
    """Return a chord, None for one that cannot be parsed."""
    if symbol == NO_CHORD:
        harmony = Element("harmony")
        _add_name(SubElement(harmony, "root"), "root", "C")
        SubElement(harmony, "kind", text=NO_CHORD).text = "none"
        return harmony
    try:
        chord = ChordSymbol.parse(symbol)
    except BadSetting:
        return None
    harmony = Element("harmony")
    root, bass = names_of_chord(symbol)
    _add_name(SubElement(harmony, "root"), "root", root)
    name, degrees = _kind_and_degrees(chord)
    SubElement(harmony, "kind", text=chord.kind).text = name
    if bass:
        _add_name(SubElement(harmony, "bass"), "bass", bass)
    for value, alter, change in degrees:
        degree = SubElement(harmony, "degree")
        for key, text in (("value", value), ("alter", alter), ("type", change)):
            SubElement(degree, f"degree-{key}").text = str(text)
    return harmony


def _kind_and_degrees(chord: ChordSymbol) -> tuple[str, list[tuple[int, int, str]]]:
    """Return the kind of MusicXML that is nearest to a chord, and value, alteration and type of each difference."""

    def degrees_of(text: str) -> list[tuple[int, int, str]]:
        notes, of_kind = {*chord.intervals}, {*notes_of_kind(text)}
        missing, further = of_kind - notes, sorted(notes - of_kind)
        alters = bool(missing & FIFTHS)
        changed = [(*DEGREES[each], "alter" if alters and each in FIFTHS else "add") for each in further]
        is_altered = any(change == "alter" for *_, change in changed)
        left_out = [DEGREES.get(each, (3, 0)) for each in sorted(missing) if not (each in FIFTHS and is_altered)]
        return changed + [(value, 0, "subtract") for value, _ in left_out]

    named = {text: degrees_of(text) for text in KINDS.values()}
    best = min(named, key=lambda text: (len(named[text]), not chord.kind.startswith(text), -len(text)))
    return next(name for name, text in KINDS.items() if text == best), named[best]


def _add_name(element: Element, kind: str, name: str) -> None:
    SubElement(element, f"{kind}-step").text = name[0]
    if alteration := name.count("#") - name.count("b"):
        SubElement(element, f"{kind}-alter").text = str(alteration)


def _note(track: Track, piece: Piece, voice: int, track_id: str, value: NoteValue, *, is_chord: bool) -> Element:
    _, duration, pitch, velocity, is_tied, continues, key = piece
    note = Element("note", dynamics=f"{velocity * 100 / FORTE:.2f}")
    if is_chord:
        SubElement(note, "chord")
    letter, alteration, octave = spelled(pitch, 0 if track.is_drum else key)
    written = SubElement(note, "unpitched" if track.is_drum else "pitch")
    prefix = "display-" if track.is_drum else ""
    SubElement(written, f"{prefix}step").text = letter
    if alteration and not track.is_drum:
        SubElement(written, "alter").text = str(alteration)
    SubElement(written, f"{prefix}octave").text = str(octave)
    SubElement(note, "duration").text = str(duration)
    ties = [kind for kind, is_there in (("stop", continues), ("start", is_tied)) if is_there]
    for kind in ties:
        SubElement(note, "tie", type=kind)
    if track.is_drum:
        SubElement(note, "instrument", id=f"{track_id}-I{pitch}")
    SubElement(note, "voice").text = str(voice)
    _add_value(note, value)
    if ties:
        notations = SubElement(note, "notations")
        for kind in ties:
            SubElement(notations, "tied", type=kind)
    return note
