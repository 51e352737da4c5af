"""MusicXML: notes as they sound, repeats, round trips, broken and hostile files."""

from __future__ import annotations

import io
import re
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wavewright import read_score, write_score
from wavewright.base.errors import BadScore, ScoreWarning
from wavewright.music.formats.musicxml_reading import read_musicxml
from wavewright.music.formats.musicxml_writing import write_musicxml
from wavewright.music.formats.xml_tree import packed, parse_xml
from wavewright.music.score import KEY, METRE, PROGRAM, Chord, Score, Track, controls_of, notes_of
from wavewright.music.theory import spelled
from wavewright.music.timing import TEMPO

PART_LIST = '<part-list><score-part id="P1"><part-name>Horn</part-name></score-part></part-list>'


def note(pitch: str, duration: int = 1, inside: str = "") -> str:
    """Return a note such as C4 or F#4."""
    alter = "<alter>1</alter>" if "#" in pitch else ""
    written = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    marks = {"grace": "<grace/>", "slash": '<grace slash="yes"/>', "chord": "<chord/>"}
    first = "".join(mark for word, mark in marks.items() if word in inside.split())
    rest = " ".join(word for word in inside.split() if word not in marks)
    length = "" if "<grace" in first else f"<duration>{duration}</duration>"
    return f"<note>{first}{written}{length}{rest}</note>"


TIE = '<tie type="start"/>'
TIED = '<tie type="stop"/>'


def score_of(*measures: str, attributes: str = "", head: str = PART_LIST) -> Score:
    first = f"<attributes><divisions>2</divisions>{attributes}</attributes>"
    body = "".join(f"<measure>{first if not index else ''}{each}</measure>" for index, each in enumerate(measures))
    text = f'<?xml version="1.0"?><score-partwise>{head}<part id="P1">{body}</part></score-partwise>'
    (score,), problems = read_musicxml(text.encode())
    assert problems == ()
    return score


def notes(*measures: str, attributes: str = "", head: str = PART_LIST) -> list[tuple[Fraction, Fraction, int]]:
    """Return start and duration in eighths, and pitch of each note."""
    score = score_of(*measures, attributes=attributes, head=head)
    eighth = Fraction(score.ticks_per_quarter, 2)
    return [(int(n["start"]) / eighth, int(n["duration"]) / eighth, int(n["pitch"])) for n in score.tracks[0].notes]


def test_notes_chords_rests_and_voices():
    rest = "<note><rest/><duration>2</duration></note>"
    back = "<backup><duration>5</duration></backup>"
    skip = "<forward><duration>1</duration></forward>"
    music = note("C4") + note("E4", 1, "chord") + rest + note("F#4", 2) + back + skip + note("C3", 4)
    assert notes(music) == [(0, 1, 60), (0, 1, 64), (1, 4, 48), (3, 2, 66)]


def test_cue_notes_and_fingers_of_harmonics_are_silent_and_take_their_time():
    def harmonic(pitch: str, kind: str, chord: str = "") -> str:
        return note(
            pitch, 2, f"{chord} <notations><technical><harmonic><{kind}-pitch/></harmonic></technical></notations>"
        )

    assert notes(note("C4", 2, "<cue/>") + note("E4", 2, "chord <cue/>") + note("G4")) == [(2, 1, 67)]
    fingered = harmonic("E4", "base") + harmonic("A4", "touching", "chord")
    for written, pitches in ((fingered + harmonic("E6", "sounding", "chord"), [88]), (fingered, [88])):
        text = (
            f'<score-partwise>{PART_LIST}<part id="P1"><measure>{written}{note("C4")}</measure></part></score-partwise>'
        )
        (score,), problems = read_musicxml(text.encode())
        sounding = score.tracks[0].notes
        assert sorted(sounding["pitch"]) == [60, *pitches]
        assert [int(each["start"]) / score.ticks_per_quarter for each in sounding if each["pitch"] == 60] == [2]
        assert problems == ()


HARMONIC = "<notations><technical><harmonic><artificial/>{}</harmonic></technical></notations>"


@pytest.mark.parametrize(
    ("touching", "sounding"),
    [("C4", 88), ("C#4", 85), ("D4", 81), ("E4", 76), ("F#4", 85), ("A4", 69), ("C#5", 85), ("E5", 76), ("A5", 81)],
)
def test_a_harmonic_sounds_at_the_partial_whose_node_is_touched(touching, sounding):
    """A3 is stopped; a fourth above it is the node of the fourth partial, two octaves above it."""
    stopped = note("A3", 2, HARMONIC.format("<base-pitch/>"))
    assert notes(stopped + note(touching, 2, f"chord {HARMONIC.format('<touching-pitch/>')}")) == [(0, 2, sounding)]


def test_a_harmonic_without_its_fingers_is_played_as_written():
    with pytest.raises(AssertionError, match="harmonics without a sounding pitch are played as written"):
        notes(note("A3", 2, HARMONIC.format("")))


def test_a_part_changes_its_instrument_where_notes_name_another(tmp_path):
    ids = "".join(
        f'<midi-instrument id="{name}"><midi-program>{program}</midi-program></midi-instrument>'
        for name, program in (("flute", 74), ("tuba", 59))
    )
    head = f'<part-list><score-part id="P1"><part-name>Horn</part-name>{ids}</score-part></part-list>'
    sound = '<sound><midi-instrument id="flute"><midi-program>41</midi-program></midi-instrument></sound>'
    repeat = '<barline><repeat direction="backward"/></barline>'
    flute, tuba = '<instrument id="flute"/>', '<instrument id="tuba"/>'
    music = note("C5", 2, flute) + note("D5", 2, flute) + note("C3", 4, tuba) + repeat
    score = score_of(music, sound + note("C5", 2, flute), head=head)
    quarter = score.ticks_per_quarter
    changes = [(int(each["tick"]) // quarter, int(each["value"])) for each in score.tracks[0].controls]
    assert changes == [(0, 73), (2, 58), (4, 73), (6, 58), (8, 40)]
    write_score(score, tmp_path / "a.mid")
    assert read_score(tmp_path / "a.mid").tracks[0].controls["value"].tolist() == [73, 58, 73, 58, 40]
    with pytest.warns(ScoreWarning, match=r"Left out: programmes\."):
        write_score(score, tmp_path / "a.musicxml")


def test_notes_of_single_passes_sound_in_those_alone():
    def only(text: str, passes: str) -> str:
        return text.replace("<note>", f'<note time-only="{passes}">')

    repeat = '<barline><repeat direction="backward" times="3"/></barline>'
    music = only(note("C4", 2), "1,3") + "<backup><duration>2</duration></backup>" + only(note("E4", 2), "2")
    grace = only(note("B4", 0, "slash"), "2") + note("G4", 2)
    played = [(start, pitch) for start, _, pitch in notes(music + grace + repeat)]
    assert [each for each in played if each[1] != 67] == [(0, 60), (4, 64), (6, 71), (8, 60)]


@pytest.mark.parametrize("is_after", [False, True])
def test_a_grace_note_of_one_pass_takes_time_in_that_alone(is_after):
    """A slashed grace note is a 64th, before its note or, where none follows, off the last one."""

    def grace(name: str, passes: str) -> str:
        return note(name, 0, "slash").replace("<note>", f'<note time-only="{passes}">')

    repeat = '<barline><repeat direction="backward" times="3"/></barline>'
    chord, graces = note("G4", 2) + note("C5", 2, "chord"), grace("B4", "2") + grace("A4", "2,3")
    played = notes((chord + graces if is_after else graces + chord) + repeat)
    short = Fraction(1, 8)
    first, second, third = ([each for each in played if pass_at <= each[0] < pass_at + 2] for pass_at in (0, 2, 4))
    assert first == [(0, 2, 67), (0, 2, 72)]
    if is_after:
        assert second == [
            (2, 2 - 2 * short, 67),
            (2, 2 - 2 * short, 72),
            (4 - 2 * short, short, 71),
            (4 - short, short, 69),
        ]
        assert third == [(4, 2 - short, 67), (4, 2 - short, 72), (6 - short, short, 69)]
    else:
        late = 2 + 2 * short
        assert second == [(2, short, 71), (2 + short, short, 69), (late, 4 - late, 67), (late, 4 - late, 72)]
        assert third == [(4, short, 69), (4 + short, 2 - short, 67), (4 + short, 2 - short, 72)]


@pytest.mark.parametrize("n_measures", [1, 2])
def test_measures_under_a_repeat_sign_are_played_as_those_before(n_measures):
    def sign(kind: str) -> str:
        style = f'<measure-repeat type="{kind}">{n_measures}</measure-repeat>'
        return f"<attributes><measure-style>{style}</measure-style></attributes>"

    rest = '<note><rest measure="yes"/><duration>2</duration></note>'
    written = [note("C4") + note("D4"), note("E4", 2)][:n_measures]
    signed = [sign("start") + rest, *[rest] * (2 * n_measures - 1), sign("stop") + rest, note("G4", 2)]
    spelled_out = written * 3 + [rest, note("G4", 2)]
    assert notes(*written, *signed) == notes(*spelled_out)


def test_a_repeat_sign_beside_notes_or_at_the_beginning_is_named():
    sign = '<attributes><measure-style><measure-repeat type="start">1</measure-repeat></measure-style></attributes>'
    text = f'<score-partwise>{PART_LIST}<part id="P1"><measure>{sign}{note("C4")}</measure></part></score-partwise>'
    (score,), problems = read_musicxml(text.encode())
    assert list(score.tracks[0].notes["pitch"]) == [60]
    assert problems == ("Part 1: signs that repeat measures are left out where notes stand or none came before.",)


def test_ties_join_notes_across_bars():
    assert notes(note("C4", 2, TIE), note("C4", 3, TIED + TIE), note("C4", 1, TIED)) == [(0, 6, 60)]
    assert notes(note("C4", 2, TIE), note("D4", 3, TIED)) == [(0, 2, 60), (2, 3, 62)]


def test_ties_need_neither_the_order_of_the_document_nor_notes_that_touch():
    back = "<backup><duration>4</duration></backup>"
    skip = "<forward><duration>2</duration></forward>"
    assert notes(skip + note("G4", 2, TIED) + back + note("G4", 2, TIE)) == [(0, 4, 67)]
    chain = note("G4", 1, TIE) + skip + note("G4", 1, TIED) + back + "<forward><duration>1</duration></forward>"
    assert notes(chain + note("G4", 2, TIED + TIE)) == [(0, 4, 67)]
    arpeggio = note("C4", 1, TIE) + note("E4", 1, TIE)
    assert notes(arpeggio, note("C4", 4, TIED) + note("E4", 4, "chord " + TIED)) == [(0, 6, 60), (1, 5, 64)]
    far = notes(note("C4", 1, TIE), note("D4", 1), note("D4", 1), note("C4", 1, TIED))
    assert [pitch for *_, pitch in far] == [60, 62, 62, 60]
    notations = "<notations><tied type='{}'/></notations>"
    assert notes(note("C4", 2, notations.format("start")), note("C4", 3, notations.format("stop"))) == [(0, 5, 60)]


def test_grace_notes_shorten_the_note_after_them():
    """As Verovio 6.4 plays them: one without a slash is half of its note."""
    slashed = notes(note("D5", 1, "slash") + note("C5", 2) + note("B4", 2))
    assert slashed == [(0, Fraction(1, 8), 74), (Fraction(1, 8), Fraction(15, 8), 72), (2, 2, 71)]
    plain = notes(note("D5", 1, "grace") + note("C5", 2) + note("B4", 2))
    assert plain == [(0, 1, 74), (1, 1, 72), (2, 2, 71)]
    two = note("D5", 1, "grace") + note("E5", 1, "grace")
    assert notes(two + note("C5", 2)) == [(0, Fraction(1, 2), 74), (Fraction(1, 2), Fraction(1, 2), 76), (1, 1, 72)]
    chord = notes(note("D5", 1, "grace") + note("C5", 2) + note("A4", 2, "chord"))
    assert sorted(chord) == [(0, 1, 74), (1, 1, 69), (1, 1, 72)]


def test_grace_notes_at_the_end_of_a_bar_or_voice_sound_before_it():
    end = note("D4", 1, "grace") + note("E4", 1, "grace")
    graced = [(0, Fraction(15, 4), 60), (Fraction(15, 4), Fraction(1, 8), 62), (Fraction(31, 8), Fraction(1, 8), 64)]
    assert notes(note("C4", 4) + end, note("G4", 4)) == [*graced, (4, 4, 67)]
    many = notes(note("C4", 7) + note("D4", 1) + 8 * note("E4", 1, "grace"))  # a quarter of their note, all together
    assert many[1:] == [(7, Fraction(3, 4), 62), *((8 - Fraction(n, 32), Fraction(1, 32), 64) for n in range(8, 0, -1))]
    alone = "<forward><duration>4</duration></forward>" + note("D4", 1, "grace")  # nothing before it
    assert notes(alone) == [(Fraction(31, 8), Fraction(1, 8), 62)]
    back = "<backup><duration>4</duration></backup>"
    assert notes(note("C4", 4) + end + back + note("G4", 4)) == sorted([*graced, (0, 4, 67)])
    repeat = "<barline location='right'><repeat direction='backward'/></barline>"
    again = notes(note("C4", 4) + end + repeat)
    assert [pitch for *_, pitch in again] == [60, 62, 64] * 2


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ("<sfz/>", [112, 80]),
        ("<fp/>", [96, 53]),
        ("<p/><sf/>", [112, 53]),
        ("<sfp/>", [112, 53]),
        ("<sfpp/>", [112, 40]),
        ("<fz/>", [112, 80]),
        ("<ff/>", [112, 112]),
    ],
)
def test_accents_hold_for_their_notes_alone(marks, expected):
    direction = f"<direction><direction-type><dynamics>{marks}</dynamics></direction-type></direction>"
    score = score_of(direction + note("C4") + note("D4"))
    assert score.tracks[0].notes["velocity"].tolist() == expected


def test_pedals_are_controls():
    pedal = "<direction><direction-type><pedal type='{}'/></direction-type></direction>".format
    score = score_of(pedal("start") + note("C4", 2) + pedal("change") + note("D4", 2) + pedal("stop"))
    controls = score.tracks[0].controls
    assert (controls["tick"] / score.ticks_per_quarter).tolist() == [0, 1, 1, 2]
    assert controls[["number", "value"]].tolist() == [(64, 127), (64, 0), (64, 127), (64, 0)]


@pytest.mark.parametrize(
    ("mark", "quarters_per_minute"),
    [
        ("<beat-unit>quarter</beat-unit><per-minute>c. 108</per-minute>", 108),
        ("<beat-unit>eighth</beat-unit><beat-unit-dot/><per-minute>ca. 100.5-110</per-minute>", 75.375),
        ("<beat-unit>half</beat-unit><beat-unit>quarter</beat-unit>", 60),
        ("<beat-unit>quarter</beat-unit><beat-unit>quarter</beat-unit><beat-unit-dot/>", 180),
    ],
)
def test_metronome_marks(mark, quarters_per_minute):
    direction = f"<direction><direction-type><metronome>{mark}</metronome></direction-type></direction>"
    score = score_of(direction + note("C4"))
    assert 60e6 / score.tempos["us_per_quarter"][0] == pytest.approx(quarters_per_minute, rel=1e-5)


def test_transposing_instruments_sound_at_their_pitch():
    transpose = "<transpose><diatonic>-4</diatonic><chromatic>-7</chromatic></transpose>"
    assert notes(note("C5"), attributes=transpose) == [(0, 1, 65)]
    octave = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
    assert notes(note("C5"), attributes=octave) == [(0, 1, 60)]


def barline(**kinds: str) -> str:
    repeat = f'<repeat direction="{kinds["repeat"]}"/>' if "repeat" in kinds else ""
    ending = f'<ending number="{kinds["number"]}" type="{kinds["type"]}"/>' if "number" in kinds else ""
    return f"<barline>{ending}{repeat}</barline>"


FORWARD, BACKWARD = barline(repeat="forward"), barline(repeat="backward")
FIRST = barline(number="1", type="start")
END_OF_FIRST = barline(number="1", type="stop", repeat="backward")
SECOND, END_OF_SECOND = barline(number="2", type="start"), barline(number="2", type="discontinue")


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        (["C", "D" + BACKWARD, "E"], "CDCDE"),
        (["C", FORWARD + "D" + BACKWARD, "E"], "CDDE"),
        ([FORWARD + "C", FIRST + "D" + END_OF_FIRST, SECOND + "E" + END_OF_SECOND, "F"], "CDCEF"),
        ([FORWARD + "C" + BACKWARD, FORWARD + "D" + BACKWARD], "CCDD"),
        (
            ["C", FIRST + "D" + END_OF_FIRST, SECOND + "E" + END_OF_SECOND, "F" + BACKWARD, "G"],
            "CDCEFFG",
        ),
    ],
)
def test_repeats_and_endings(measures, expected):
    filled = ["".join(note(f"{each}4") if each in "CDEFG" else each for each in split(text)) for text in measures]
    assert names(notes(*filled)) == list(expected)


def split(text: str) -> list[str]:
    """Return letters outside of tags as items of their own."""
    items, rest = [], text
    while rest:
        end = rest.index("</barline>") + 10 if rest.startswith("<") else 1
        items.append(rest[:end])
        rest = rest[end:]
    return items


def names(rows: list[tuple[Fraction, Fraction, int]]) -> list[str]:
    return [{60: "C", 62: "D", 64: "E", 65: "F", 67: "G"}[pitch] for *_, pitch in rows]


def test_directions_keys_metres_and_harmonies():
    attributes = (
        "<key><fifths>-3</fifths><mode>minor</mode></key><time><beats>3+2</beats><beat-type>8</beat-type></time>"
    )
    metronome = "<direction><direction-type><metronome><beat-unit>eighth</beat-unit><beat-unit-dot/>"
    metronome += "<per-minute>80</per-minute></metronome></direction-type></direction>"
    harmony = "<harmony><root><root-step>F</root-step><root-alter>1</root-alter></root><kind>minor-seventh</kind>"
    harmony += "<bass><bass-step>B</bass-step></bass></harmony>"
    loud = "<direction><direction-type><dynamics><ff/></dynamics></direction-type></direction>"
    music = metronome + note("C4", 2) + harmony + loud + note("C4", 3) + '<sound tempo="90.5"/>'
    score = score_of(music, attributes=attributes)
    quarter = score.ticks_per_quarter
    assert score.keys.tolist() == [(0, -3, "minor")]
    assert score.metres.tolist()[0][:3] == (0, 5, 8)
    assert score.tempos.tolist() == [(0, 1_000_000), (5 * quarter // 2, round(60_000_000 / 90.5))]
    assert score.chords == (Chord(quarter, "F#m7/B"),)
    assert score.tracks[0].notes["velocity"].tolist() == [80, 112]


def test_instruments_and_drums():
    head = '<part-list><score-part id="P1"><part-name>Kit</part-name><midi-instrument id="a"><midi-channel>10'
    head += '</midi-channel><midi-unpitched>37</midi-unpitched></midi-instrument><midi-instrument id="b">'
    head += "<midi-unpitched>43</midi-unpitched></midi-instrument></score-part></part-list>"
    drum = '<note><unpitched/><duration>1</duration><instrument id="{}"/></note>'
    score = score_of(drum.format("b") + drum.format("a"), head=head)
    assert score.tracks[0].is_drum
    assert score.tracks[0].notes["pitch"].tolist() == [42, 36]
    head = '<part-list><score-part id="P1"><midi-instrument id="x"><midi-program>41</midi-program><pan>-90</pan>'
    head += "<volume>100</volume></midi-instrument></score-part></part-list>"
    track = score_of(note("C4"), head=head).tracks[0]
    assert (track.program, track.controls["value"].tolist()) == (40, [40, 127, 0])


def test_scores_by_time_and_namespaces_are_read():
    text = f"<score-timewise>{PART_LIST}" + "".join(
        f'<measure><part id="P1"><attributes><divisions>1</divisions></attributes>{note(p)}</part></measure>'
        for p in ("C4", "D4")
    )
    (score,), _ = read_musicxml(f"{text}</score-timewise>".encode())
    assert score.tracks[0].notes["pitch"].tolist() == [60, 62]


times = st.integers(0, 5_000)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(times, st.integers(1, 3_000), st.integers(0, 127), st.integers(1, 127)),
        max_size=20,
        unique_by=lambda row: row[2],
    ),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1_000, 2**24 - 1)), max_size=4, unique_by=lambda row: row[0]),
    st.sampled_from([(4, 4), (3, 8), (7, 16), (5, 2)]),
    st.booleans(),
)
def test_a_score_written_and_read_is_the_same(rows, tempos, metre, is_drum):
    notes = notes_of(sorted([*rows, (0, 700, 60, 80)] if not any(row[2] == 60 for row in rows) else rows))
    track = Track(notes, "A <name> & more", is_drum=is_drum, controls=controls_of([(0, PROGRAM, 0, 12)]))
    metres = np.array([(0, *metre, 24, 8)], METRE)
    score = Score((track,), 480, np.array(sorted(tempos), TEMPO), metres, np.array([(0, 2, "minor")], KEY), title="é")
    (again,), problems = read_musicxml(packed(write_musicxml(score)))
    assert problems == ()
    rows_of = [
        sorted((n["start"], n["duration"], n["pitch"], n["velocity"]) for n in s.tracks[0].notes)
        for s in (score, again)
    ]
    assert rows_of[0] == rows_of[1]
    kept = [index for index, row in enumerate(score.tempos) if not index or row[1] != score.tempos[index - 1][1]]
    assert np.array_equal(again.tempos, score.tempos[kept])
    assert again.metres.tolist() == score.metres.tolist()
    assert again.keys.tolist() == score.keys.tolist()
    assert (again.title, again.tracks[0].name, again.tracks[0].is_drum) == ("é", track.name, is_drum)


def test_chords_and_changes_within_bars_are_kept(tmp_path):
    track = Track(notes_of([(0, 4_000, 60, 80)]), "x\x00y")
    metres = np.array([(0, 3, 4, 24, 8), (2_880, 6, 8, 24, 8)], METRE)
    chords = (Chord(0, "Bbmaj7/D"), Chord(700, "C#m"), Chord(1_440, "C#m"), Chord(2_000, "unknown"))
    score = Score(
        (track,), 480, metres=metres, keys=np.array([(0, -2, "major"), (500, 4, "dorian")], KEY), chords=chords
    )
    for name in ("x.musicxml", "x.mxl"):
        with pytest.warns(ScoreWarning, match="Left out: names of tracks, chord symbols that are no chords: 'unknown'"):
            write_score(score, tmp_path / name)
        again = read_score(tmp_path / name)
        assert again.metres.tolist() == metres.tolist()
        assert again.keys.tolist() == score.keys.tolist()
        assert again.chords == chords[:3]
        assert again.tracks[0].name == "x y"


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"<a>", "no XML document"),
        (b"<html></html>", "root is 'html'"),
        (b"<score-partwise></score-partwise>", "no part"),
        (b"PK\3\4 damaged", "compressed file is damaged"),
        (b"<a>" * 100 + b"</a>" * 100, "levels"),
        (b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><x>&c;</x>', "declares entities"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "declares entities"),
        (b'<?xml version="1.0" encoding="utf-7"?><x/>', "no XML document"),
    ],
)
def test_broken_and_hostile_files_are_refused(contents, words):
    with pytest.raises(BadScore, match=words):
        read_musicxml(contents)


def test_compressed_files_are_bounded_and_need_a_score(monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/other", "")
    with pytest.raises(BadScore, match="no score in it"):
        read_musicxml(buffer.getvalue())
    monkeypatch.setattr("wavewright.music.formats.xml_tree.MAX_XML_BYTES", 1_000)
    with pytest.raises(BadScore, match="more than"):
        read_musicxml(packed(b" " * 2_000))


def test_an_external_document_type_is_not_loaded():
    assert parse_xml(b'<!DOCTYPE a PUBLIC "x" "http://example.invalid/a.dtd"><a/>').tag == "a"


@pytest.mark.parametrize(
    ("inside", "alter", "problems"),
    [
        ("<notations><ornaments><trill-mark/></ornaments></notations>", "0", ["ornaments"]),
        ("<notations><ornaments><tremolo>3</tremolo></ornaments></notations>", "-0.5", ["quarter tones", "ornaments"]),
        ("", "1.5", ["quarter tones"]),
        ("<notations><articulations><staccato/></articulations></notations>", "1.0", ["articulations"]),
        ("<notations><fermata/><arpeggiate/></notations>", "0", ["arpeggios", "fermatas"]),
        ('<lyric number="1"><text>a</text></lyric><lyric number="2"><text>b</text></lyric>', "0", ["lyrics"]),
    ],
)
def test_what_of_a_note_is_not_played_is_one_line(inside, alter, problems):
    each = note("C4", 1, inside).replace("<octave>", f"<alter>{alter}</alter><octave>")
    text = f'<score-partwise>{PART_LIST}<part id="P1"><measure>{each}{each}</measure></part></score-partwise>'
    (score,), found = read_musicxml(text.encode())
    assert len(score.tracks[0].notes) == 2
    words = ("quarter tones", "ornaments", "arpeggios", "articulations", "fermatas", "lyrics")
    assert [word for word in words if word in " ".join(found)] == problems
    assert len(found) == bool(problems)


def test_wrong_numbers_are_left_out_with_a_warning():
    wrong = "<attributes><divisions>0</divisions><key><fifths>99</fifths></key></attributes>"
    text = f'<score-partwise>{PART_LIST}<part id="P1"><measure>{wrong}{note("C9", 4)}{note("C4", 99999999)}'
    text += "<backup><duration>1e9</duration></backup></measure></part></score-partwise>"
    (score,), problems = read_musicxml(text.replace("<octave>9", "<octave>12").encode())
    assert score.tracks[0].notes["pitch"].tolist() == [60]
    assert score.seconds < 10_000
    assert [problem.count("; ") for problem in problems] == [3]


def barline(inside: str) -> str:
    return f"<barline>{inside}</barline>"


def sound(**attributes: str) -> str:
    return "<sound " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + "/>"


def direction(inside: str) -> str:
    return f"<direction><direction-type>{inside}</direction-type></direction>"


FORWARD, BACKWARD = barline('<repeat direction="forward"/>'), barline('<repeat direction="backward"/>')


def ending(number: str, kind: str) -> str:
    return barline(f'<ending number="{number}" type="{kind}"/>')


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        # a repeat within the first ending, another within the second
        (
            [
                "C",
                ending("1", "start") + "D",
                FORWARD + "E" + BACKWARD,
                "F" + barline('<ending number="1" type="stop"/><repeat direction="backward"/>'),
                FORWARD + ending("2", "start") + "G" + BACKWARD,
                "A" + ending("2", "discontinue"),
                "B",
            ],
            "CDEEFCGGAB",
        ),
        (["C", FORWARD + "D", "E" + barline('<repeat direction="backward" times="3"/>')], "CDEDEDE"),
        ([FORWARD + "C", FORWARD + "D" + BACKWARD, "E" + BACKWARD], "CDDECDDE"),
        (["C", ending("1, 2, 3", "start") + "D" + ending("1, 2, 3", "stop"), ending("2", "start") + "E"], "CDCECD"),
        (["C", "D" + sound(fine="yes"), "E" + sound(dacapo="yes")], "CDECD"),
        (["C", sound(segno="1") + "D", "E" + sound(dalsegno="1"), "F"], "CDEDEF"),
        (["C" + sound(tocoda="c"), "D" + sound(dacapo="yes"), sound(coda="c") + "E"], "CDCE"),
        ([FORWARD + "C", "D" + BACKWARD, "E" + sound(dacapo="yes")], "CDCDECDE"),
        (["C", "D" + direction("<words>Fine</words>"), "E" + direction("<words>D.C. al Fine</words>")], "CDECD"),
        (
            [
                "C",
                direction("<segno/>") + "D" + direction("<coda/>"),
                "E" + direction("<words>D.S. al Coda</words>"),
                direction("<coda/>") + "F",
            ],
            "CDEDF",
        ),
    ],
)
def test_nested_repeats_and_jumps(measures, expected):
    written = [re.sub(r"(?<![\w.])[A-G](?![\w.])", lambda name: note(f"{name[0]}4"), each) for each in measures]
    names = {0: "C", 2: "D", 4: "E", 5: "F", 7: "G", 9: "A", 11: "B"}
    assert "".join(names[pitch % 12] for *_, pitch in notes(*written)) == expected


def test_a_part_without_divisions_has_those_of_its_notes_or_of_others():
    parts = '<part-list><score-part id="P1"><part-name/></score-part><score-part id="P2"><part-name/></score-part>'
    first = (
        f"<part id='P1'><measure><attributes><divisions>480</divisions></attributes>{note('C4', 1920)}</measure></part>"
    )
    for inside in ("<type>whole</type>", ""):
        second = f"<part id='P2'><measure>{note('G4', 1920, inside)}</measure></part>"
        text = f"<score-partwise>{parts}</part-list>{first}{second}</score-partwise>"
        (score,), _ = read_musicxml(text.encode())
        assert score.length == 4 * score.ticks_per_quarter
    alone = (
        f"<score-partwise>{parts}</part-list><part id='P1'><measure>{note('C4', 4)}</measure></part></score-partwise>"
    )
    (score,), _ = read_musicxml(alone.encode())
    assert score.length == 4 * score.ticks_per_quarter


def test_an_empty_measure_is_as_long_as_its_metre():
    metre = "<time><beats>3</beats><beat-type>4</beat-type></time>"
    assert notes(note("C4", 6), "", note("D4", 6), attributes=metre) == [(0, 6, 60), (12, 6, 62)]


def test_grace_notes_of_a_chord_sound_together_and_none_is_lost():
    grace = note("E4", 1, "grace") + note("G4", 1, "grace chord")
    assert [(start, pitch) for start, _, pitch in notes(grace + note("C4", 4))] == [
        (0, 64),
        (0, 67),
        (2, 60),
    ]
    after = notes(note("C4", 4) + note("D4", 1, "grace"))
    assert [pitch for *_, pitch in after] == [60, 62]
    assert sum(after[-1][:2]) == 4


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("<words>dolce</words>", ("Part 1: words at notes are left out.",)),
        ("<rehearsal>B</rehearsal>", ("Part 1: rehearsal marks are left out.",)),
        ("<words>Fine</words>", ()),
    ],
)
def test_words_are_played_or_named(inside, named):
    direction = f"<direction><direction-type>{inside}</direction-type></direction>"
    part = f'<part id="P1"><measure>{direction}{note("C4")}</measure></part>'
    (score,), problems = read_musicxml(f"<score-partwise>{PART_LIST}{part}</score-partwise>".encode())
    assert (score.n_notes, problems) == (1, named)


@pytest.mark.parametrize("symbol", ["Cb", "E#dim", "Bbb7/Fb", "F##m7b5"])
def test_chords_keep_the_names_of_their_roots(tmp_path, symbol):
    score = Score(
        (Track(notes_of([(0, 480, 59, 80)])),), chords=(Chord(0, symbol),), keys=np.array([(0, -6, "major")], KEY)
    )
    write_score(score, tmp_path / "a.musicxml")
    assert read_score(tmp_path / "a.musicxml").chords == (Chord(0, symbol),)
    assert "<step>C</step>" in (tmp_path / "a.musicxml").read_text(encoding="utf-8")


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4), st.integers(40, 80)), min_size=1, max_size=8),
    st.lists(st.integers(-7, 7), min_size=1, max_size=3),
)
def test_notes_are_named_by_the_key_in_which_they_start(rows, signatures):
    half_bar = 960
    keys = np.array([(4 * half_bar * number, sharps, "major") for number, sharps in enumerate(signatures)], KEY)
    played = notes_of([(start * half_bar, length * half_bar, pitch, 80) for start, length, pitch in rows])
    root = parse_xml(write_musicxml(Score((Track(played),), 480, keys=keys)))
    assert root is not None
    started = [each for each in root.iter("note") if "stop" not in [tie.get("type") for tie in each.findall("tie")]]
    found = sorted(
        (pitch.findtext("step"), int(pitch.findtext("alter") or 0), int(pitch.findtext("octave")))
        for each in started
        if (pitch := each.find("pitch")) is not None
    )
    sharps_of = [signatures[min(start // 4, len(signatures) - 1)] for start, _, _ in rows]
    assert found == sorted(spelled(pitch, sharps) for (_, _, pitch), sharps in zip(rows, sharps_of, strict=True))


def test_a_note_tied_over_a_change_of_key_keeps_its_name():
    keys = np.array([(0, -3, "major"), (1920, 4, "major")], KEY)
    written = write_musicxml(Score((Track(notes_of([(960, 1920, 63, 80), (2880, 480, 63, 80)])),), 480, keys=keys))
    names = re.findall(rb"<step>(.)</step>\s*<alter>(.*)</alter>", written)
    assert names == [(b"E", b"-1"), (b"E", b"-1"), (b"D", b"1")]


def test_slurs_are_named():
    slurred = note("C4", 2, '<notations><slur type="start" number="1"/></notations>')
    text = f'<score-partwise>{PART_LIST}<part id="P1"><measure>{slurred}</measure></part></score-partwise>'
    _, problems = read_musicxml(text.encode())
    assert [problem for problem in problems if "slurs are left out" in problem]
