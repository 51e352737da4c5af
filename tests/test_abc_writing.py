"""Scores as ABC tunes: what is written is read again."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from wavewright.base.errors import BadScore, ScoreWarning
from wavewright.music.bars import bars_of
from wavewright.music.formats import read_score, write_score
from wavewright.music.rules import compose_by_rule
from wavewright.music.score import (
    CONTROL_CHANGE,
    KEY,
    METRE,
    NOTE,
    PITCH_BEND,
    PROGRAM,
    TEMPO,
    MetaEvent,
    Score,
    Track,
    controls_of,
    notes_of,
)
from wavewright.music.theory import MODES

QUARTER = 480


def seconds_of(score):
    """Starts, ends and pitches of all notes of each track."""
    tempo = score.tempo_map
    return [
        (
            tempo.seconds(track.notes["start"]).round(4).tolist(),
            tempo.seconds(track.notes["start"] + track.notes["duration"]).round(4).tolist(),
            track.notes["pitch"].tolist(),
        )
        for track in score.tracks
        if len(track.notes)
    ]


def random_score(seed, sharps=0, metre=(4, 4), n_tracks=1, mode="major"):
    rng, tracks = np.random.default_rng(seed), []
    for _ in range(n_tracks):
        rows, tick = [], int(rng.choice([0, 120, 960]))
        while tick < 12 * QUARTER:
            length = int(rng.choice([60, 80, 120, 160, 240, 480, 1_300]))
            rows.append((tick, length, int(rng.integers(30, 100)), 80))
            tick += length + int(rng.choice([0, 0, 120]))
        tracks.append(Track(notes_of(rows), "voice"))
    keys = np.array([(0, sharps, mode)], KEY)
    return Score(
        tuple(tracks), QUARTER, np.array([(0, 600_000)], TEMPO), np.array([(0, *metre, 24, 8)], METRE), keys, title="A"
    )


@pytest.mark.parametrize("sharps", range(-6, 7, 2))
@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (6, 8)])
def test_a_written_tune_is_read_again(tmp_path, sharps, metre):
    score = random_score(sharps + 10, sharps, metre)
    write_score(score, tmp_path / "a.abc")
    again = read_score(tmp_path / "a.abc")
    assert seconds_of(again) == seconds_of(score)
    assert int(again.keys["sharps"][0]) == sharps
    assert again.title == "A"


@pytest.mark.parametrize("ending", [".abc", ".mid", ".musicxml", ".mxl"])
@pytest.mark.parametrize("mode", MODES)
def test_the_modes_of_keys_are_kept_by_every_format(tmp_path, mode, ending):
    for sharps in range(-7, 8):
        score = random_score(sharps + 10, sharps, mode=mode)
        write_score(score, tmp_path / f"a{ending}")
        again = read_score(tmp_path / f"a{ending}")
        assert again.keys.tolist() == score.keys.tolist()
        assert seconds_of(again) == seconds_of(score)


HEADER = """O:Ireland

X:1
T:A
T:or B
C: Turlough O'Carolan
C:Zoë & others
R:reel
H:Written when he was
blind, and old.
N:arranged: twice
S:
Z:abc by me
K:C
CDEF|
"""
DETAILS = [
    ("origin", "Ireland"),
    ("subtitle", "or B"),
    ("composer", "Turlough O'Carolan"),
    ("composer", "Zoë & others"),
    ("rhythm", "reel"),
    ("history", "Written when he was"),
    ("history", "blind, and old."),
    ("notes", "arranged: twice"),
    ("transcription", "abc by me"),
]


def test_what_a_score_says_of_itself_is_kept_by_every_format(tmp_path):
    (tmp_path / "a.abc").write_text(HEADER, encoding="utf-8")
    path = tmp_path / "a.abc"
    for ending in (".mid", ".musicxml", ".abc", ".mxl", ".mid"):
        score = read_score(path)
        assert score.title == "A"
        assert sorted(score.details) == sorted(DETAILS)
        path = tmp_path / f"b{ending}"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_score(score, path)


@pytest.mark.parametrize(
    ("sharps", "mode", "name"),
    [
        (0, "dorian", "Ddor"),
        (-7, "major", "Cb"),
        (7, "minor", "A#m"),
        (1, "mixolydian", "Dmix"),
        (7, "locrian", "B#loc"),
    ],
)
def test_the_tonic_is_spelled_by_its_signature(tmp_path, sharps, mode, name):
    write_score(random_score(0, sharps, mode=mode), tmp_path / "a.abc")
    assert f"K:{name}" in (tmp_path / "a.abc").read_text().splitlines()


def test_voices_chords_and_a_shorter_first_bar(tmp_path):
    score = random_score(1, n_tracks=3)
    chords = [(start, 480, pitch, 70) for start in (480, 960, 1_920) for pitch in (48, 52, 55)]
    metres = np.array([(0, 1, 4, 24, 8), (480, 4, 4, 24, 8)], METRE)
    score = Score((*score.tracks, Track(notes_of(chords), "chords")), QUARTER, score.tempos, metres)
    with pytest.warns(ScoreWarning, match=r"Left out: velocities of notes\."):
        write_score(score, tmp_path / "a.abc")
    again = read_score(tmp_path / "a.abc")
    assert seconds_of(again) == seconds_of(score)
    assert [bar.start for bar in bars_of(again)] == [bar.start for bar in bars_of(score)]
    assert again.metres["numerator"].tolist() == [4]


def test_rules_are_written(tmp_path):
    score = compose_by_rule("folk-tune", seed=4, bars=8)
    with pytest.warns(ScoreWarning, match=r"Left out: velocities of notes\."):
        write_score(score, tmp_path / "a.abc")
    assert read_score(tmp_path / "a.abc").tracks[0].notes["pitch"].tolist() == score.tracks[0].notes["pitch"].tolist()


def rich_score():
    """Return a score with something of every kind that formats may have no place for."""
    rows = [(0, 480, 60, 40, 64), (480, 480, 62, 50, 10), (960, 480, 64, 60, 64), (1_453, 467, 65, 70, 64)]
    controls = [(0, PROGRAM, 0, 40), (0, CONTROL_CHANGE, 7, 90), (9, CONTROL_CHANGE, 64, 127), (99, PITCH_BEND, 0, 500)]
    metas = tuple(MetaEvent(0, kind, b"text") for kind in (1, 2, 5, 6, 0xF0))
    violin = Track(np.array(rows, NOTE), "violin", controls=controls_of(controls), metas=metas)
    drums = Track(notes_of([(0, 240, 36, 90), (960, 240, 38, 90)]), "kit", is_drum=True)
    return Score(
        (violin, drums),
        480,
        np.array([(0, 500_000), (960, 400_000)], TEMPO),
        np.array([(0, 3, 4, 24, 8)], METRE),
        np.array([(0, -2, "major"), (1_440, 1, "major")], KEY),
        title="A piece",
    )


@pytest.mark.parametrize(
    ("ending", "named"),
    [
        ("mid", []),
        (
            "musicxml",
            [
                *("velocities of the ends of notes", "controller 64", "bends", "texts", "copyright", "lyrics"),
                *("markers", "messages of the system"),
            ],
        ),
        (
            "abc",
            [
                *("its drums", "starts of notes", "lengths of notes", "velocities of notes"),
                *("velocities of the ends of notes", "tempos", "names of tracks", "controller 7"),
                *("controller 64", "bends", "texts", "copyright", "lyrics", "markers", "messages of the system"),
            ],
        ),
    ],
)
def test_what_a_format_has_no_place_for_is_named(tmp_path, ending, named):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        write_score(rich_score(), tmp_path / f"a.{ending}")
    message = "".join(str(each.message) for each in said)
    assert sorted(message.removesuffix(".").split("Left out: ")[-1].split(", ")) == sorted(named or [""])
    assert read_score(tmp_path / f"a.{ending}").tracks[0].program == 40


@pytest.mark.parametrize("offsets", [(13, 26), (1, 2), (37, 74), (7, 14)])
def test_times_that_no_tuplet_of_abc_holds_are_rounded(tmp_path, offsets):
    """A strummed chord: abc2midi and abcjs know tuplets of 2 to 9 notes alone."""
    rows = [(offset, 480 - offset, 60 + 4 * k, 80) for k, offset in enumerate((0, *offsets))]
    score = Score((Track(notes_of([*rows, (480, 480, 72, 80)])),), 480)
    with pytest.warns(ScoreWarning, match="Left out: .*lengths of notes"):
        write_score(score, tmp_path / "a.abc")
    tuplets = re.findall(r"\((\d+)", (tmp_path / "a.abc").read_text())
    assert all(2 <= int(each) <= 9 for each in tuplets)
    notes = read_score(tmp_path / "a.abc").tracks[0].notes
    assert sorted(notes["pitch"].tolist()) == [60, 64, 68, 72]
    ticks_per_quarter = read_score(tmp_path / "a.abc").ticks_per_quarter
    for start, pitch in zip(notes["start"] / ticks_per_quarter, notes["pitch"], strict=True):
        written = {60: 0, 64: offsets[0], 68: offsets[1], 72: 480}[pitch] / 480
        assert abs(start - written) <= 1 / 96


def test_drums_alone_are_refused(tmp_path):
    drums = Score((Track(notes_of([(0, 10, 36, 90)]), is_drum=True),))
    with pytest.raises(BadScore):
        write_score(drums, tmp_path / "a.abc")
    assert not (tmp_path / "a.abc").exists()


def test_who_made_a_score_of_musicxml_is_kept(tmp_path):
    identification = """<movement-title>Allegro</movement-title><identification><creator type="lyricist">A</creator>
        <creator type="transcriber">B</creator><rights>C</rights><encoding><software>D</software></encoding>
        <miscellaneous><miscellaneous-field name="origin">E</miscellaneous-field></miscellaneous></identification>"""
    write_score(Score(random_score(1).tracks, title="Sonata"), tmp_path / "a.musicxml")
    text = (tmp_path / "a.musicxml").read_text(encoding="utf-8").replace("</work>", f"</work>{identification}")
    (tmp_path / "a.musicxml").write_text(text, encoding="utf-8")
    details = [
        ("lyricist", "A"),
        ("notes", "transcriber: B"),
        ("origin", "E"),
        ("rights", "C"),
        ("subtitle", "Allegro"),
    ]
    score = read_score(tmp_path / "a.musicxml")
    assert sorted(score.details) == details
    write_score(score, tmp_path / "b.musicxml")
    assert sorted(read_score(tmp_path / "b.musicxml").details) == details
    write_score(score, tmp_path / "b.abc")
    assert sorted(read_score(tmp_path / "b.abc").details) == details


@pytest.mark.parametrize(
    ("tick", "text", "is_detail"),
    [(0, "notes:slow", True), (960, "notes:slow", False), (0, "notes: slow", False), (0, "file:", False)],
)
def test_a_text_by_chance_is_no_detail(tmp_path, tick, text, is_detail):
    score = Score(random_score(1).tracks, metas=(MetaEvent(tick, 1, text.encode()),))
    write_score(score, tmp_path / "a.mid")
    read = read_score(tmp_path / "a.mid")
    assert bool(read.details) == is_detail
    assert read.metas == score.metas
