"""Bars of scores: pickups, bars that are cut, and what uses them, whatever the format of the score."""

from __future__ import annotations

import io
from dataclasses import replace

import mido
import numpy as np
import pytest

from wavewright import read_score, write_score
from wavewright.apps.studio.scores import roll_of_midi
from wavewright.music.accompaniment import accompany, style_names
from wavewright.music.bars import bars_of, with_bar_lines
from wavewright.music.formats.abc_reading import read_abc
from wavewright.music.formats.midi_writing import write_midi
from wavewright.music.formats.musicxml_reading import read_musicxml
from wavewright.music.performance import PerformanceSettings, perform
from wavewright.music.score import METRE, Score, Track, notes_of
from wavewright.music.timing import TEMPO

QUARTER = 480
METRES = [(3, 4), (4, 4), (6, 8), (5, 8), (9, 8), (2, 2)]


def with_pickup(metre, pickup, n_bars=5):
    """Return a score of eighths whose first bar has so many, and all ticks at which its bars start."""
    whole = 4 * QUARTER * metre[0] // metre[1]
    start = pickup * QUARTER // 2
    lines = [0, *range(start, start + n_bars * whole + 1, whole)] if pickup else [*range(0, n_bars * whole + 1, whole)]
    rows = [(tick, QUARTER // 2, 60 + tick // 240 % 12, 80) for tick in range(0, lines[-1], QUARTER // 2)]
    score = Score((Track(notes_of(rows), "melody"),), metres=np.array([(0, *metre, 24, 8)], METRE), length=lines[-1])
    return with_bar_lines(score, lines), lines


def xml_of(*measures: str) -> Score:
    """Return the score of measures, each with its attributes and the lengths of its notes in quarters."""
    body = ""
    for index, measure in enumerate(measures):
        number, *lengths = measure.split()
        first = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        pitch = "<pitch><step>C</step><octave>4</octave></pitch>"
        notes = "".join(f"<note>{pitch}<duration>{length}</duration></note>" for length in lengths)
        implicit = ' implicit="yes"' if number == "0" or number.startswith("X") else ""
        body += f'<measure number="{number}"{implicit}>{"" if index else first}{notes}</measure>'
    head = '<part-list><score-part id="P1"><part-name/></score-part></part-list>'
    (score,), problems = read_musicxml(f'<score-partwise>{head}<part id="P1">{body}</part></score-partwise>'.encode())
    assert problems == ()
    return score


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("suffix", [".mid", ".abc", ".musicxml"])
def test_every_format_keeps_the_bars(metre, suffix, tmp_path):
    for pickup in range(8 * metre[0] // metre[1]):
        score, lines = with_pickup(metre, pickup)
        path = tmp_path / f"{pickup}{suffix}"
        write_score(score, path)
        for again in (score, read_score(path)):
            bars, scale = bars_of(again), again.ticks_per_quarter / QUARTER
            assert [bar.start / scale for bar in bars] == lines[:-1]
            assert [bar.number for bar in bars] == [*range(0 if pickup else 1, 6)]
            assert {bar.metre for bar in bars} == {f"{metre[0]}/{metre[1]}"}
            assert bars[0].is_pickup == (pickup > 0)
            assert bars[1].strength(bars[1].start) == 1.0


def test_a_midi_file_has_a_pickup_as_other_programs_write_it():
    score, _ = with_pickup((4, 4), 2)
    file = mido.MidiFile(file=io.BytesIO(write_midi(score)))
    tick, metres = 0, []
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "time_signature":
            metres.append((tick, message.numerator, message.denominator))
    assert metres == [(0, 1, 4), (QUARTER, 4, 4)]


def test_a_pickup_of_abc_and_of_musicxml():
    (score,), problems = read_abc(b"X:1\nM:3/4\nL:1/8\nK:G\nD2|G2 B2 d2|c4 A2|G4|]\n")
    assert problems == ()
    assert [(bar.number, bar.start // QUARTER) for bar in bars_of(score)] == [(0, 0), (1, 1), (2, 4), (3, 7)]
    score = xml_of("0 1", "1 4", "2 4", "3 3")
    assert [(bar.number, bar.start // QUARTER, bar.lead) for bar in bars_of(score)] == [
        (0, 0, 3 * QUARTER),
        (1, 1, 0),
        (2, 5, 0),
        (3, 9, 0),
    ]


def test_bars_that_a_repeat_divides_are_whole():
    (score,), _ = read_abc(b"X:1\nM:4/4\nL:1/4\nK:C\n|:D|CDEF|GAB:|:c|cBAG|FED:|\n")
    bars = bars_of(score)  # upbeat, whole bars, of which each repeat divides one, and the last
    assert [bar.length // QUARTER for bar in bars] == [1, 4, 4, 4, 4, 4, 4, 4, 3]
    assert [bar.number for bar in bars] == [*range(9)]
    score = xml_of("1 4", "2 3", "X1 1", "3 4")
    assert [(bar.number, bar.length // QUARTER) for bar in bars_of(score)] == [(1, 4), (2, 4), (3, 4)]


def test_a_long_rest_has_its_bars_and_a_changed_metre_holds():
    (score,), _ = read_abc(b"X:1\nM:3/4\nL:1/4\nK:C\nG|Z3|[M:2/4]CD|EF|[M:3/4]G3|]\n")
    assert [(bar.start // QUARTER, bar.metre) for bar in bars_of(score)] == [
        (0, "3/4"),
        (1, "3/4"),
        (4, "3/4"),
        (7, "3/4"),
        (10, "2/4"),
        (12, "2/4"),
        (14, "3/4"),
    ]


@pytest.mark.parametrize("style", style_names())
def test_no_part_of_an_accompaniment_plays_on_a_pickup(style):
    for metre, pickup in (((3, 4), 2), ((4, 4), 1), ((6, 8), 1)):
        score, lines = with_pickup(metre, pickup, n_bars=8)
        whole, _ = with_pickup(metre, 0, n_bars=8)
        added, on_bars = (accompany(each, style).tracks[1:] for each in (score, whole))
        assert min(int(track.notes["start"].min()) for track in added) >= lines[1]
        chords = accompany(score, style).chords
        assert chords[0].tick == lines[1]
        downbeats = [set(lines[1:-1]), {line - lines[1] for line in lines[1:-1]}]
        n_kicks = [
            sum(int(note["start"]) in starts for track in tracks if track.is_drum for note in track.notes)
            for tracks, starts in zip((added, on_bars), downbeats, strict=True)
        ]
        assert (n_kicks[0] > 0) == (n_kicks[1] > 0)


def test_chords_that_are_given_begin_with_the_first_whole_bar():
    score, lines = with_pickup((3, 4), 1)
    assert [chord.tick for chord in accompany(score, "pop", "C F G").chords] == lines[1:-1]


def test_swing_is_counted_from_the_bars():
    score, _ = with_pickup((4, 4), 1)  # an eighth: the second one of its quarter
    tempo = np.array([(0, 1_000_000)], TEMPO)
    events = perform(replace(score, tempos=tempo), 1_000, PerformanceSettings(swing=2 / 3)).events[0]
    starts = np.unique(events["sample"][events["kind"] == 0x9])
    assert np.unique(np.round((starts[1:] - starts[1]) / 1_000 % 1, 2)).tolist() == [0.0, 0.67]


def test_a_pickup_in_the_studio_is_a_bar_that_begins_with_a_rest():
    score, lines = with_pickup((3, 4), 2)
    roll = roll_of_midi(write_midi(score))
    assert roll.beats_per_bar == 3
    assert roll.tracks[0].notes[0].start == 2
    assert roll.quarters == 2 + lines[-1] / QUARTER
