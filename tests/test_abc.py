"""Tunes in ABC notation: notes, keys, repeats, tuplets, voices, and broken files."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from wavewright import read_score, read_tunes, write_score
from wavewright.base.errors import BadScore, ScoreWarning
from wavewright.music.formats.abc_fields import key_of, length_of, metre_of, sections_of, tempo_of
from wavewright.music.formats.abc_reading import read_abc
from wavewright.music.score import DETAILS, Score
from wavewright.music.theory import SCALES, MusicalKey

LYRICS, ORNAMENTS = "Lyrics are left out.", "Rolls, trills and other ornaments are played as one note."
WORDS, TEXTS = "Words at notes are left out.", "Texts beside the music (%%text) are left out."
DETAIL_NAMES = {kind: name for name, kind in DETAILS.items()}


def tune(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> Score:
    (score,), problems = read_abc(f"X:1\n{head}\n{music}\n".encode())
    known = {LYRICS, ORNAMENTS, WORDS, TEXTS}
    found = {problem.removeprefix("Tune 1: ") for problem in problems}
    assert not {problem for problem in found - known if not problem.startswith("Marks of notes")}
    return score


def notes(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> list[tuple[Fraction, Fraction, int]]:
    """Return start and duration in eighths, and pitch of each note."""
    score = tune(music, head)
    eighth = Fraction(score.ticks_per_quarter, 2)
    return [(int(n["start"]) / eighth, int(n["duration"]) / eighth, int(n["pitch"])) for n in score.tracks[0].notes]


def pitches(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> list[int]:
    return [pitch for *_, pitch in notes(music, head)]


def lengths(music: str) -> list[Fraction]:
    return [length for _, length, _ in notes(music)]


def test_octaves_and_accidentals():
    assert pitches("C,, C, C c c' c''") == [36, 48, 60, 72, 84, 96]
    assert pitches("^C _D =E ^^F __G F") == [61, 61, 64, 67, 65, 67]
    assert pitches("^C C|C", "K:C") == [61, 61, 60]
    assert pitches("^Cc C,|c", "K:C") == [61, 73, 49, 72]  # of its letter, as abc2midi reads it


@pytest.mark.parametrize("tonic", ["C", "F#", "Bb", "D", "Eb", "A"])
@pytest.mark.parametrize(
    ("mode", "scale"),
    [
        *(("", "major"), ("m", "minor"), ("dor", "dorian"), ("Phrygian", "phrygian"), ("lyd", "lydian")),
        *(("Mix", "mixolydian"), ("loc", "locrian"), ("Minor", "minor"), ("ionian", "major"), ("aeo", "minor")),
    ],
)
def test_keys_have_the_pitch_classes_of_their_scales(tonic, mode, scale):
    key = MusicalKey.parse(tonic)
    expected = {(key.tonic + step) % 12 for step in SCALES[scale]}
    assert {pitch % 12 for pitch in pitches("CDEFGAB", f"K:{tonic}{mode}")} == expected


def test_unusual_keys():
    assert pitches("FGA", "K:HP") == [66, 67, 69]
    assert pitches("FGB", "K:D exp _b ^g") == [65, 68, 70]
    assert pitches("CFG", "K:D ^g") == [61, 66, 68]
    assert pitches("FC", "K:none") == [65, 60]
    assert key_of("clef=bass") is None
    assert pitches("F[K:G]F[K:bass]F") == [65, 66, 66]


@pytest.mark.parametrize(
    ("text", "length"), [("", 1), ("2", 2), ("3/2", 1.5), ("/", 0.5), ("//", 0.25), ("/4", 0.25), ("3/", 1.5)]
)
def test_lengths(text, length):
    assert length_of(text) == length
    assert lengths(f"A{text}z{text}A{text}") == [length, length]


def test_lengths_that_are_none_are_left_out_with_a_warning():
    for text in ("0", "/0", "99999", "1/99999", "////////////"):
        (score,), problems = read_abc(f"X:1\nK:C\nA{text}B\n".encode())
        assert score.tracks[0].notes["pitch"].tolist() == [71]
        assert "The length of" in problems[0]


def test_broken_rhythm_and_tuplets():
    assert lengths("A>B c<d e>>f") == [Fraction(n, 4) for n in (6, 2, 2, 6, 7, 1)]
    assert lengths("A2>B2") == [3, 1]
    assert lengths("(3ABc (3A2B2c2") == [Fraction(2, 3)] * 3 + [Fraction(4, 3)] * 3
    assert lengths("(5ABcde A") == [Fraction(2, 5)] * 5 + [1]
    assert lengths("(3:2:4ABcdA") == [Fraction(2, 3)] * 4 + [1]
    assert lengths("(2AB (4ABcd") == [Fraction(3, 2)] * 2 + [Fraction(3, 4)] * 4
    assert [n[1] for n in notes("(5ABcde A", "M:6/8\nL:1/8\nK:C")] == [Fraction(3, 5)] * 5 + [1]


def test_ties_chords_and_grace_notes():
    assert notes("A2-A B-|B") == [(0, 3, 69), (3, 2, 71)]
    assert notes("^F-|F F", "L:1/8\nK:C") == [(0, 2, 66), (2, 1, 65)]
    assert notes("[CEG]2 [C2E2G2]/") == [(0, 2, 60), (0, 2, 64), (0, 2, 67), (2, 1, 60), (2, 1, 64), (2, 1, 67)]
    assert notes("[C-E]2 C2") == [(0, 4, 60), (0, 2, 64)]
    grace = notes("{gf}A4 B")
    assert grace[2] == (Fraction(1, 4), Fraction(15, 4), 69)
    assert grace[3][0] == 4
    assert notes(".A2 B") == [(0, 1, 69), (2, 1, 71)]


def test_rests_of_whole_bars_have_their_metre():
    assert notes("Z2 A", "M:6/8\nL:1/8\nK:C")[0][0] == 12
    assert notes("z3/2 x/ A")[0][0] == 2


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A|:B:|c", "ABBc"),
        ("A:|B", "AAB"),
        ("|:A::B:|", "AABB"),
        ("|:A|1B:|2c|]", "ABAc"),
        ("|:A|[1 B:|[2 c||d", "ABAcd"),
        ("|:A|1,3B:|2c:|4d|]", "ABAcABAd"),
        ("A||B:|", "ABB"),
        ("|:A|1B:|2c||:d|1e:|2f|]", "ABAcdedf"),
        ("|:A:|:B:|", "AABB"),
        ("A|B|]C", "ABC"),
        ("|:A|1-2B:|3c|]", "ABABAc"),
    ],
)
def test_repeats_and_endings(music, expected):
    letters = "CDEFGABcdefgab"
    scale = dict(zip(letters, pitches(letters), strict=True))
    assert pitches(music) == [scale[letter] for letter in expected]


def test_sections_are_in_the_order_of_their_field():
    assert sections_of("A2B(CD)2") == "AABCDCD"
    assert pitches("P:A\nC|\nP:B\nD|\n", "P:A2BA\nK:C") == [60, 60, 62, 60]
    assert pitches("P:A\nC|\nP:B\nD|\n") == [60, 62]


def test_voices_become_tracks():
    score = tune('V:1 name="Upper part"\nV:2 octave=-1\n[V:1] c4|\n[V:2] c2 e2|\nV:1\nd4|\nV:2\nz2f2|')
    assert [track.name for track in score.tracks] == ["Upper part", ""]
    assert [track.notes["pitch"].tolist() for track in score.tracks] == [[72, 74], [60, 64, 65]]
    assert [track.notes["start"].tolist() for track in score.tracks] == [[0, 960], [0, 480, 1440]]


def test_overlays_share_a_bar():
    assert sorted(notes("A4 & c2e2|B4")) == [(0, 2, 72), (0, 4, 69), (2, 2, 76), (4, 4, 71)]


def test_fields_of_a_tune():
    text = "T:The Tune\nT:Other\nM:6/8\nL:1/8\nQ:3/8=100\nK:Em"
    score = tune('"Em"A3 "D/F#"B3|[M:3/4][Q:1/4=60]c6|', text + " % comment")
    assert score.title == "The Tune"
    assert score.metres["numerator"].tolist() == [6, 3]
    assert score.tempos.tolist() == [(0, 400_000), (1440, 1_000_000)]
    assert score.keys.tolist() == [(0, 1, "minor")]
    assert [(chord.tick, chord.symbol) for chord in score.chords] == [(0, "Em"), (720, "D/F#")]


def test_numbers_of_fields():
    assert [metre_of(text) for text in ("C", "C|", "(2+3)/8", "none", "3/5")] == [(4, 4), (2, 2), (5, 8), None, None]
    unit = Fraction(1, 8)
    assert tempo_of("C=120", unit) == 1_000_000
    assert tempo_of('"Slow" 1/4=60', unit) == tempo_of("1/8 1/8=60", unit) == 1_000_000
    assert tempo_of("1/4=0", unit) is tempo_of("fast", unit) is None
    assert notes("A", "M:2/4\nK:C") == [(0, Fraction(1, 2), 69)]
    assert notes("A", "M:3/4\nK:C") == [(0, 1, 69)]


def test_dynamics_accents_and_programmes():
    score = tune("%%MIDI program 40\n!p!A !f!B !>!c LA")
    assert score.tracks[0].notes["velocity"].tolist() == [53, 96, 114, 114]
    assert score.tracks[0].program == 40


def test_a_file_has_several_tunes_and_fields_for_all(tmp_path):
    (tmp_path / "x.abc").write_text(
        "L:1/4\n% songs\n\nX:1\nT:One\nK:C\nA\n\nnot music\n\nX:2\nT:Zwöi\nK:C\nB\n", "latin-1"
    )
    with pytest.warns(ScoreWarning, match="is not UTF-8 and is read as Windows-1252"):
        first, second = read_tunes(tmp_path / "x.abc")
    assert (first.title, second.title) == ("One", "Zwöi")
    assert first.tracks[0].notes.tolist()[0][:3] == (0, 480, 69)
    (tmp_path / "x.abc").write_text("X:1\nK:C\nA\n\nX:2\nT:Zwöi\nK:C\nB\n", "utf-16")
    assert read_score(tmp_path / "x.abc", 2).tracks[0].notes["pitch"].tolist() == [71]


def test_lines_are_joined_and_comments_skipped():
    assert pitches("A \\\nB % c\n% d\nw: la la\nc") == [69, 71, 72]
    assert notes("A>\\\nB") == [(0, Fraction(3, 2), 69), (Fraction(3, 2), Fraction(1, 2), 71)]


def test_unequal_grids_are_whole():
    score = tune("(7ABcdefg (5ABcde (3ABc A/32")
    assert score.ticks_per_quarter % (7 * 5 * 3 * 16) == 0


def test_what_cannot_be_read_is_left_out_with_a_warning():
    (score,), problems = read_abc(b"X:1\nK:Q\nA # B >c ((( [] K [Q:x] ,\n")
    assert score.tracks[0].notes["pitch"].tolist() == [69, 71, 72]
    assert [problem.partition(" is no")[0] for problem in problems] == [
        "Tune 1: Slurs are left out.",
        "Tune 1: '[]'",
        "Tune 1: '#' in 'A # B >c ((( [] K'",
        "Tune 1: ',' in ','",
        "Tune 1: Marks of notes are left out: K.",
        "Tune 1: 'Q'",
        "Tune 1: The tempo 'x' cannot be read; it is left out.",
    ]


@given(
    st.sampled_from("NRCSBDFGOAZH"),
    st.lists(st.text("abc |-xyz", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=3),
    st.sampled_from(["head", "body", "inline"]),
)
def test_a_detail_is_kept_wherever_it_is_written(kind, pieces, position):
    pieces = ["once", *pieces]
    text = " ".join(pieces)
    field = f"{kind}:" + "\n+:".join(pieces)
    head, line, inside = {"head": (field, "", ""), "body": ("", field, ""), "inline": ("", "", f"[{kind}:{text}]")}[
        position
    ]
    lines = ["X:1", "T:t", head, "K:C", "CD|", line, f"EF|{inside}GA|"]
    (score,), problems = read_abc("\n".join(filter(None, lines)).encode())
    assert score.details == ((DETAIL_NAMES[kind], " ".join(text.split())),)
    assert score.tracks[0].notes["pitch"].tolist() == [60, 62, 64, 65, 67, 69]
    assert not problems


@pytest.mark.parametrize(
    ("music", "named"),
    [
        ("CD|\nm: ~n3 = nnn\nEF|", "The field m: is left out."),
        ("CD|\ns: * !f!\nEF|", "The field s: is left out."),
        ("C>D2|EF|", "Broken rhythm of notes of unequal lengths is undefined; it changes both in proportion."),
        ("CD|\n%%center words\nEF|", TEXTS),
        ("CD|\n%%begintext\nabc|\n\ndef|\n%%endtext\nEF|", TEXTS),
        ("CD|\n+: more\nEF|", "The field +: is left out."),
        ("%%score (1 2)\nCD|EF|", "The order and the groups of voices (%%score) are left out."),
        ("CD|(EF)|", "Slurs are left out."),
        ("CHD|!fermata!E!trem(!F|", "Marks of notes are left out: H, !fermata!, !trem(!."),
        ('CD|"^dolce"EF|', "Words at notes are left out."),
        ('CD|[Q:"Allegro" 1/4=120]EF|', "The words of the tempo '\"Allegro\" 1/4=120' are left out."),
        ("CD|EF|\n\nwords that are no music\nGA|\nBc|", "'GA|' and what follows it are left out: no X: begins them."),
    ],
)
def test_what_is_left_out_is_named(music, named):
    (score,), problems = read_abc(f"X:1\nL:1/8\nK:C\n{music}\n".encode())
    assert score.tracks[0].notes["pitch"].tolist() == [60, 62, 64, 65]
    assert problems == (f"Tune 1: {named}",)


def test_symbols_are_defined_in_the_music_too():
    (score,), problems = read_abc(b"X:1\nK:C\nTCHD|\nU:n=!p!\nU:T=!accent!\nU:H=!nil!\nnETHF|\n")
    assert score.tracks[0].notes["velocity"].tolist() == [80, 80, 53, 71]
    assert problems == (f"Tune 1: {ORNAMENTS}", "Tune 1: Marks of notes are left out: H.")


@pytest.mark.parametrize("second", ["^F2", "F2", "_G2", "[K:Db]G2"])
def test_ties_join_equal_pitches_however_they_are_written(second):
    assert notes(f"^F2-|{second}") == [(0, 4, 66)]


def test_the_first_title_is_the_title_if_it_is_empty():
    (score,), _ = read_abc(b"X:1\nT:\nT:Part two\nK:C\nC|\n")
    assert (score.title, score.details) == ("", (("subtitle", "Part two"),))
    (score,), problems = read_abc(b"X:1\nQ:1/4=0\nA c''''''''\n")
    assert score.tracks[0].notes["pitch"].tolist() == [69]
    assert any("no K: field" in problem for problem in problems)
    assert any("outside of 0 to 127" in problem for problem in problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no ABC tune"),
        ("K:C\nA", "no ABC tune"),
        ("X:1\nK:C\n" + "|:A1024" * 50 + "Z1024" * 100, "too long"),
        ("X:1\nP:((((A99)99)99)99)\nK:C\nA", "sections"),
        ("X:1\nK:C\n" + "\n".join(f"V:{index}\nA" for index in range(1_100)), "1000 voices"),
        ("X:1\nK:C\n" + "|:A" + "|1-99B:|" * 3 + "C|:A" * 6_000 + "|1-99B:|", None),
    ],
)
def test_tunes_that_are_no_music_or_endless_are_refused(text, words, tmp_path):
    if words is None:
        read_abc(text.encode())
        return
    with pytest.raises(BadScore, match=words):
        read_abc(text.encode())


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("CDEFGABcdefgab"), st.integers(1, 16)), min_size=1, max_size=40))
def test_written_notes_are_read(tmp_path_factory, rows):
    text = " ".join(f"{letter}{length}" for letter, length in rows)
    read = notes(text)
    assert [length for _, length, _ in read] == [length for _, length in rows]
    assert [start for start, *_ in read] == [sum(length for _, length in rows[:index]) for index in range(len(rows))]
    path = tmp_path_factory.mktemp("abc") / "x.mid"
    write_score(tune(text), path)
    assert read_score(path).tracks[0].notes.tolist() == tune(text).tracks[0].notes.tolist()


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A|B:|", "ABAB"),
        ("|::A|B::|C|", "ABABABC"),
        ("A::B:|", "AABB"),
        ("|:A|1B:|2C||D:|", "ABACDD"),
        ("|:A|1,3B:|2C:|D|", "ABACABD"),
        ("|:A|1.2B:|3C|D|", "ABABACD"),
        ("A|B|C!D.C.!|]", "ABCABC"),
        ("A|B!fine!|C!D.C.alfine!|]", "ABCAB"),
        ("A|!segno!B|C!D.S.!|]", "ABCBC"),
        ("A|SB|C!fine!|D!D.S.!|]", "ABCDBC"),
        ("A!dacoda!|B!D.C.alcoda!|!coda!C|]", "ABAC"),
        ("AOB|C!D.C.!||OD|]", "ABCABD"),
        ('|:A|1B:|2C|D"^Fine"|E"^D.C. al Fine"|]', "ABACDEACD"),
        ('A|"^Fine and slow"B|]', "AB"),
    ],
)
def test_jumps_and_repeats(music, expected):
    names = {0: "C", 2: "D", 4: "E", 5: "F", 7: "G", 9: "A", 11: "B"}
    assert "".join(names[pitch % 12] for pitch in pitches(music)) == expected


def test_jumps_of_one_voice_are_those_of_all():
    score = tune("V:1\nA4|B4!fine!|c4!D.C.!|]\nV:2\nC4|D4|E4|]", "M:2/4\nL:1/8\nK:C")
    assert [track.notes["pitch"].tolist() for track in score.tracks] == [[69, 71, 72, 69, 71], [60, 62, 64, 60, 62]]


def test_lines_between_lines_of_music_are_no_music():
    assert pitches("CD % a comment that ends in \\\nEF|") == [60, 62, 64, 65]
    assert pitches("CD\\\nw: la la\nEF|") == [60, 62, 64, 65]
    assert pitches("CD|\\\nM:3/4\nEFG|") == [60, 62, 64, 65, 67]
    assert pitches("CD\\ % comment\nEF|") == [60, 62, 64, 65]
    assert pitches("C\n%%begintext\nabc\n\ndef\n%%endtext\nD|") == [60, 62]
    assert pitches("CD|", "H:first line\nsecond line of a cafe\nK:C") == [60, 62]
    assert pitches("C|\nw: la la\\\nla la\nD|") == [60, 62]


def test_text_is_one_warning():
    (score,), problems = read_abc(b"X:1\nK:C\nCD|\nThis line is no music at all\nEF|\n")
    assert score.tracks[0].notes["pitch"].tolist() == [60, 62, 64, 65]
    assert problems == ("Tune 1: The line 'This line is no music at all' is no music; it is left out.",)
    assert pitches("~C.D JENF HCRD TEuF vcLB MAPG ScOB|") == [60, 62, 64, 65, 60, 62, 64, 65, 72, 71, 69, 67, 72, 71]


def test_symbols_without_a_meaning_do_not_make_a_line_text():
    (score,), problems = read_abc(b"X:1\nL:1/8\nK:C\nAkB2.c d kef2 | .gkA4 BcdB |\n")
    assert score.tracks[0].notes["pitch"].tolist() == [69, 71, 72, 74, 76, 77, 79, 69, 71, 72, 74, 71]
    assert problems == ("Tune 1: 'kkk' in 'AkB2.c d kef2 | .gkA4 BcdB |' is no music; it is left out.",)


@pytest.mark.parametrize(
    ("music", "problems"),
    [
        ("C~D|\nw: la la", [ORNAMENTS, LYRICS]),
        ("!trill!C TD PE|!mordent!F", [ORNAMENTS]),
        ("C|\nw: la\nD|\nw: lo\nW: the end", [LYRICS]),
        (".C vD HE !p!F LG|", ["Marks of notes are left out: v, H."]),
    ],
)
def test_lyrics_and_ornaments_are_one_line_each(music, problems):
    (score,), found = read_abc(f"X:1\nK:C\n{music}\n".encode())
    assert len(score.tracks[0].notes) == sum(each in "CDEFG" for each in re.sub("!.*?!|(?m:^[wW]:.*)", "", music))
    assert sorted(found) == sorted(f"Tune 1: {each}" for each in problems)


def test_accidentals_hold_as_the_tune_says():
    music = "^FfF,|f"
    assert pitches(music) == [66, 78, 54, 77]
    assert pitches(music, "%%propagate-accidentals octave\nK:C") == [66, 77, 53, 77]
    assert pitches("^FFf|", "%%propagate-accidentals not\nK:C") == [66, 65, 77]
    assert pitches("cdf", "K:C^f^c^a") == [73, 74, 78]


@pytest.mark.parametrize("music", ["^/C ^3/2C _/D|", "^1/2C^3/2C|_/D", "^/C ^4/2B, _/D|"])
def test_parts_of_a_semitone_are_left_out_with_a_line(music):
    (score,), problems = read_abc(f"X:1\nL:1/8\nK:C\n{music}\n".encode())
    assert score.tracks[0].notes["pitch"].tolist() == [60, 61, 62]
    assert problems == ("Tune 1: Parts of a semitone are left out.",)


def test_commands_for_midi():
    for moved in ("X:1\nK:C transpose=-2\nC|\nK:G transpose=-2\nG|", "X:1\n%%MIDI transpose -2\nK:C\nC|\nK:G\nG|"):
        (score,), _ = read_abc(f"{moved}\n".encode())
        assert score.keys["sharps"].tolist() == [-2, -1]  # those of a clarinet, as they sound
    assert pitches("C|\n%%MIDI transpose 7\nC|\n[I:MIDI transpose -12]C|", "K:C") == [60, 67, 48]
    score = tune("%%MIDI program 40\nC|\n%%MIDI program 41\nD|", "L:1/4\nK:C")
    programs = score.tracks[0].controls[["tick", "value"]].tolist()
    assert programs == [(0, 40), (score.ticks_per_quarter, 41)]
    score = tune("%%MIDI channel 10\n%%MIDI drummap G 42\nCG|", "K:C")
    assert score.tracks[0].is_drum
    assert score.tracks[0].notes["pitch"].tolist() == [60, 42]


def test_drums_of_a_tune():
    """Two strokes of a bar of three quarters, lengths 2 and 1 of 4 steps after a rest of one; none in the pickup."""
    head = "M:3/4\nL:1/4\nK:C\n%%MIDI drum zd2d 36 38 90 70\n%%MIDI drumon"
    score = tune("C|CCC|CCC|\n%%MIDI drumoff\nCCC|", head)
    quarter = score.ticks_per_quarter
    drums = score.tracks[1].notes
    assert score.tracks[1].is_drum
    assert (drums["start"] / quarter).tolist() == [1.75, 3.25, 4.75, 6.25]
    assert drums["pitch"].tolist() == [36, 38, 36, 38]
    assert drums["velocity"].tolist() == [90, 70, 90, 70]
    _, problems = read_abc(b"X:1\nK:C\n%%MIDI drone 70 45\n%%MIDI droneon\nC\n")
    assert problems == ("Tune 1: The commands %%MIDI drone, droneon are not followed.",)


@pytest.mark.parametrize("metre", ["4/4", "6/8", "2/2", "3/8"])
@pytest.mark.parametrize("unit", ["1/4", "1/8", "1/16"])
def test_a_tempo_without_a_unit_counts_quarters_as_in_abc2midi(metre, unit):
    score = tune("C8|", f"M:{metre}\nL:{unit}\nQ:100\nK:C")
    assert score.tempos["us_per_quarter"].tolist() == [600_000]


def test_a_tuplet_of_one_note_has_the_time_it_says():
    quarter = tune("(1:2:2 CD E|", "L:1/4\nK:C").tracks[0].notes["duration"]
    assert (quarter / 480).tolist() == [2, 2, 1]


def test_moved_chords_are_spelled_in_the_key_that_sounds():
    assert [chord.symbol for chord in tune('"C"C4"F"F4|', "L:1/8\nK:C transpose=6").chords] == ["F#", "B"]
    assert [chord.symbol for chord in tune('"C"C4"F"F4|', "L:1/8\nK:C transpose=3").chords] == ["Eb", "Ab"]
