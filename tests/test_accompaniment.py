"""Chords of melodies and accompaniments in styles."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from traditional_tunes import TUNES

from wavewright.base.errors import BadSetting, ScoreWarning
from wavewright.music.accompaniment import accompany, load_style, parse_style, style_names
from wavewright.music.accompaniment.arrangement import coloured, with_resolution
from wavewright.music.accompaniment.chord_model import find_chords, model_of, viterbi
from wavewright.music.accompaniment.chord_text import chords_of_score, parse_chords
from wavewright.music.accompaniment.melody import find_key, melody_track, phrase_ends, profile_of, skyline
from wavewright.music.accompaniment.style import DRUMS, HARMONIC_PARTS, STRIKES, SYMBOLS, parse_pattern
from wavewright.music.accompaniment.voicing import lead_voices, voicings_of
from wavewright.music.bars import bar_index, bars_of
from wavewright.music.formats.abc_reading import read_abc
from wavewright.music.score import KEY, METRE, Chord, Score, Track, notes_of
from wavewright.music.theory import CHORD_KINDS, ChordSymbol, MusicalKey

QUARTER = 480
C_MAJOR = MusicalKey()


def melody_of(n_bars=8, metre="4/4", seed=0, ticks_per_quarter=QUARTER):
    """A random melody of a scale that ends with the bars."""
    rng = np.random.default_rng(seed)
    numerator, denominator = (int(number) for number in metre.split("/"))
    length = 4 * ticks_per_quarter * numerator // denominator
    unit = max(1, ticks_per_quarter // 2)
    rows, tick = [], 0
    while tick < n_bars * length:
        duration = min(unit * int(rng.integers(1, 4)), n_bars * length - tick)
        rows.append((tick, duration, int(rng.choice(C_MAJOR.pitches(60, 79))), 80))
        tick += duration
    metres = np.array([(0, numerator, denominator, 24, 8)], METRE)
    return Score((Track(notes_of(rows), "melody"),), ticks_per_quarter, metres=metres)


# --- bars


def test_bars_follow_the_metres():
    metres = np.array([(0, 3, 4, 24, 8), (3 * 1440, 6, 8, 24, 8), (4 * 1440 + 100, 4, 4, 24, 8)], METRE)
    score = Score((Track(notes_of([(0, 4 * 1440 + 100 + 1921, 60, 80)])),), QUARTER, metres=metres)
    bars = bars_of(score)
    assert [bar.metre for bar in bars] == ["3/4"] * 3 + ["6/8"] * 2 + ["4/4"] * 2
    assert [bar.length for bar in bars] == [1440, 1440, 1440, 1440, 100, 1920, 1920]
    assert all(first.end == second.start for first, second in itertools.pairwise(bars))
    assert bar_index(bars, np.array([0, 1439, 1440, 10**9])).tolist() == [0, 0, 1, 6]


def test_a_score_without_notes_has_one_bar():
    assert [(bar.start, bar.length) for bar in bars_of(Score())] == [(0, 1920)]


def test_too_many_bars_are_refused():
    score = Score((Track(notes_of([(2**37, 10, 60, 80)])),))
    with pytest.raises(BadSetting, match="more than 10000 bars"):
        bars_of(score)


def test_strong_beats_weigh_more():
    (four,) = bars_of(melody_of(1))
    assert [four.strength(240 * i) for i in range(8)] == [1.0, 0.25, 0.5, 0.25, 0.75, 0.25, 0.5, 0.25]
    (six,) = bars_of(melody_of(1, "6/8"))
    assert [six.strength(240 * i) for i in range(6)] == [1.0, 0.25, 0.25, 0.75, 0.25, 0.25]


# --- chords


@pytest.mark.parametrize("seed", range(20))
def test_viterbi_equals_the_best_of_all_paths(seed):
    rng = np.random.default_rng(seed)
    n, steps = int(rng.integers(2, 5)), int(rng.integers(1, 6))
    initial, final = rng.normal(size=(2, n))
    transitions, evidence = rng.normal(size=(steps - 1, n, n)), rng.normal(size=(steps, n))

    def log_probability(path):
        inner = sum(transitions[t, path[t], path[t + 1]] for t in range(steps - 1))
        return initial[path[0]] + inner + sum(evidence[t, path[t]] for t in range(steps)) + final[path[-1]]

    best = max(itertools.product(range(n), repeat=steps), key=log_probability)
    assert tuple(viterbi(initial, transitions, evidence, final)) == best


@pytest.mark.parametrize("key", ["C", "F# minor", "Bb", "D dorian"])
def test_probabilities_of_the_model_sum_to_one(key):
    model = model_of(MusicalKey.parse(key))
    for logs in (model.initial, model.final, *model.transitions, *model.tones):
        assert np.exp(logs).sum() == pytest.approx(1)


def test_keys_of_known_tunes():
    for name, tune in TUNES.items():
        score = tune.score()
        assert find_key(score.tracks[0].notes, bars_of(score)).name == tune.key, name


def test_chords_of_known_tunes_are_mostly_the_usual_ones():
    agreements = []
    for tune in TUNES.values():
        score = tune.score()
        bars = bars_of(score)
        found = dict(find_chords(score.tracks[0].notes, bars, MusicalKey.parse(tune.key)))
        ticks = sorted(found)
        for bar, usual in zip(bars, tune.chords.split(), strict=True):
            chord = found[max(tick for tick in ticks if tick <= bar.start)]
            roots = [ChordSymbol.parse(text).root for text in usual.split(",")]
            agreements.append(chord.root in roots)
    assert np.mean(agreements) > 0.8


@pytest.mark.parametrize(("first", "second"), [("C", "Ab"), ("G", "Em"), ("D", "F#")])
def test_chords_follow_the_keys_of_a_score(first, second):
    """Those of a part in another key are those of the part alone."""
    head, parts = "X:1\nM:4/4\nL:1/4\n", ("CDEF|GAGE|FEDC|G2C2|\n", "ABcd|efec|dcBA|e2A2|ABcd|efec|dcBA|e2A2|\n")

    def chords(text):
        (score,), _ = read_abc(f"{head}{text}".encode())
        accompanied = accompany(score, "pop")
        return [(chord.tick / accompanied.ticks_per_quarter, chord.symbol) for chord in accompanied.chords]

    alone = [chords(f"K:{key}\n{part}") for key, part in zip((first, second), parts, strict=True)]
    both = chords(f"K:{first}\n{parts[0]}K:{second}\n{parts[1]}")
    assert both == [*alone[0], *((at + 16, symbol) for at, symbol in alone[1])]


def test_chords_move_with_the_melody():
    tune = TUNES["Ode to joy"].score()
    notes, bars = tune.tracks[0].notes, bars_of(tune)
    higher = notes.copy()
    higher["pitch"] += 5
    chords = find_chords(notes, bars, MusicalKey.parse("D"))
    moved = find_chords(higher, bars, MusicalKey.parse("G"))
    assert moved == tuple((tick, chord.transposed(5)) for tick, chord in chords)
    assert find_key(higher, bars) == MusicalKey.parse("G")


def test_two_chords_a_bar_change_at_its_half():
    score = melody_of(16, seed=3)
    bars = bars_of(score)
    ticks = {tick % 1920 for tick, _ in find_chords(score.tracks[0].notes, bars, C_MAJOR, 2)}
    assert ticks == {0, 960}
    waltz = melody_of(16, "3/4", seed=3)
    assert all(tick % 1440 == 0 for tick, _ in find_chords(waltz.tracks[0].notes, bars_of(waltz), C_MAJOR, 2))


def test_the_profile_counts_lengths_and_strong_beats():
    (bar,) = bars_of(melody_of(1))
    notes = notes_of([(0, 480, 60, 80), (480, 960, 62, 80), (1440, 960, 64, 80)])
    profile = profile_of(notes, (bar,), 0, 1920)
    assert profile[[0, 2, 4]].tolist() == [1.5, 2.0, 1.0]
    assert profile.sum() == 4.5


def test_written_chords_are_repeated_and_share_bars():
    bars = bars_of(melody_of(5))
    assert [(t, c.symbol()) for t, c in parse_chords("I V7 | % | bVII", bars, MusicalKey.parse("A"))] == [
        (0, "A"),
        (960, "E7"),
        (3840, "G"),
        (5760, "A"),
        (6720, "E7"),
    ]
    for text, message in (
        ("", "no chords"),
        ("% %", "repeats chords"),
        ("C H", "is no chord"),
        ("C " * 10_001, "more"),
    ):
        with pytest.raises(BadSetting, match=message):
            parse_chords(text, bars, C_MAJOR)


def test_chords_of_a_score_are_used():
    chords = (Chord(480, "Am7"), Chord(960, "N.C."), Chord(1920, "F7(b9,#11)"), Chord(3840, "Bm(add11)"))
    read = [(tick, chord.symbol()) for tick, chord in chords_of_score(chords, 0)]
    assert read == [(0, "Am7"), (1920, "F7b9#11"), (3840, "Bmadd11")]
    result = accompany(replace(melody_of(4), chords=chords), "pop")
    assert result.chords == chords
    for track in result.tracks[1:]:
        starts = track.notes["start"]
        assert track.is_drum or not ((starts >= 960) & (starts < 1_920)).any()


def test_a_chord_that_cannot_be_read_is_named_and_no_triad():
    chords = (Chord(0, "C"), Chord(960, "Cquux"), Chord(1_920, "Allegro"))
    with pytest.warns(ScoreWarning, match="'Cquux', 'Allegro'"):
        assert [tick for tick, _ in chords_of_score(chords, 0)] == [0]


def test_chords_alone_are_accompanied():
    chords = tuple(Chord(1_920 * bar, symbol) for bar, symbol in enumerate(("Bb7", "Eb7", "F7alt", "N.C.")))
    result = accompany(Score(chords=chords, length=4 * 1_920), "swing")
    assert result.n_notes > 10
    assert result.chords == chords


def test_a_style_colours_the_chords_that_are_found():
    kinds = [coloured(ChordSymbol.parse(c), C_MAJOR, "sevenths").symbol() for c in ("C", "F", "G", "Am", "D7", "Bdim")]
    assert kinds == ["Cmaj7", "Fmaj7", "G7", "Am7", "D7", "Bm7b5"]
    assert coloured(ChordSymbol.parse("F"), C_MAJOR, "dominant").kind == "7"
    assert coloured(ChordSymbol.parse("Am"), C_MAJOR, "power").kind == "5"


# --- the melody


def test_the_melody_is_the_named_track_or_the_highest():
    low, high = Track(notes_of([(0, 10, 40, 80)])), Track(notes_of([(0, 10, 70, 80)]))
    drums = Track(notes_of([(0, 10, 80, 80)]), is_drum=True)
    assert melody_track(Score((low, drums, high))) == 2
    assert melody_track(Score((replace(low, name="Lead vocal"), high))) == 0
    with pytest.raises(BadSetting, match="no notes of a melody"):
        melody_track(Score((drums,)))


def test_the_skyline_has_one_note_at_a_time():
    notes = skyline(Track(notes_of([(0, 900, 60, 80), (0, 480, 67, 80), (480, 900, 64, 80), (960, 480, 65, 80)])))
    assert notes["pitch"].tolist() == [67, 64, 65]
    assert notes["duration"].tolist() == [480, 480, 480]


def test_phrases_end_every_four_bars_or_where_the_melody_rests():
    assert phrase_ends(melody_of(16, seed=1).tracks[0].notes, bars_of(melody_of(16)))[-1] == 15
    rows = [(480 * i, 480, 60 + i % 5, 80) for i in range(4 * 14) if not 8 <= i < 12]
    score = Score((Track(notes_of(rows)),))
    assert phrase_ends(score.tracks[0].notes, bars_of(score))[0] == 2


# --- patterns and styles


def test_patterns_are_read():
    (first, second) = parse_pattern("|x-.o|Xxx.|", "drums")
    assert [(e.start, e.end, e.symbol) for e in first.events] == [(0, 2, "x"), (3, 4, "o")]
    assert [e.symbol for e in second.events] == ["X", "x", "x"]
    for text, part, message in (
        ("x.q.", "drums", "'q'"),
        ("--x.", "bass", "holds"),
        ("x", "bass", "'x'"),
        ("", "bass", "0"),
    ):
        with pytest.raises(BadSetting, match=message):
            parse_pattern(text, part)


def test_there_are_many_styles():
    assert len(style_names()) >= 18
    assert {"waltz", "march", "swing", "bossa", "ballad", "rock", "pop", "folk", "tango", "samba"} < {*style_names()}
    assert {"reggae", "funk", "country", "blues", "gospel", "hymn", "polka", "jig"} < {*style_names()}


STYLE = """
title = "Test"
[bass]
program = 32
range = "E1..G3"
[[patterns]]
metre = "4/4"
bass = "1-5-"
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("title", "titel"), "titel: extra inputs|title"),
        (('"E1..G3"', '"E1..G1"'), "bass: range: the range E1..G1 is narrower"),
        (("1-5-", "1-9-"), "patterns, number 1: .*'9'"),
        (("program = 32", "program = 128"), "bass: program is "),
        (('bass = "1-5-"', 'drums = {gong = "x"}'), "no drum 'gong'"),
        (('bass = "1-5-"', 'chords = "x"'), r"no table \[chords\]"),
        (('"4/4"', '"4/5"'), "metre"),
        (('metre = "4/4"', 'metre = "4/4"\nuse = "fill"'), "no main pattern of 4/4"),
        (("[bass]", "[bass"), "no TOML"),
    ],
)
def test_a_bad_style_is_refused_with_its_position(change, message):
    assert parse_style(STYLE).title == "Test"
    with pytest.raises(BadSetting, match=message):
        parse_style(STYLE.replace(*change))


def test_an_unknown_style_is_refused(tmp_path):
    with pytest.raises(BadSetting, match=r"no style 'bosa'; give one such as bossa"):
        load_style("bosa")
    with pytest.raises(BadSetting, match="cannot be read"):
        load_style(tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text(STYLE, encoding="utf-8")
    assert len(accompany(melody_of(), tmp_path / "own.toml").tracks) == 2


# --- voicings


@pytest.mark.parametrize("kind", CHORD_KINDS)
@pytest.mark.parametrize("n_voices", [1, 2, 3, 4, 5, 6])
def test_voicings_keep_the_range_and_the_chord(kind, n_voices):
    for root in range(12):
        chord = ChordSymbol(root, kind)
        for pitches in voicings_of(chord, n_voices, 52, 72):
            assert len(pitches) == n_voices
            assert {pitch % 12 for pitch in pitches} <= chord.pitch_classes
            assert list(pitches) == sorted(pitches)
            assert pitches[0] >= 52
            if n_voices <= 4:
                assert pitches[-1] <= 72


def test_voices_move_least():
    chords = [ChordSymbol.parse(text) for text in ("C", "Am", "F", "G")]
    options = [voicings_of(chord, 3, 52, 72) for chord in chords]
    (constant,) = {*lead_voices([chords[0]] * 3, 3, 52, 72)}
    assert constant in options[0]
    led = lead_voices(chords, 3, 52, 72)
    moved = sum(np.abs(np.subtract(a, b)).sum() for a, b in itertools.pairwise(led))
    assert moved <= 14
    for low in range(30, 60):
        assert all(low <= p <= low + 18 for pitches in lead_voices(chords, 4, low, low + 18) for p in pitches)


# --- accompaniments


def check(result, melody, style):
    """Check what holds for every accompaniment."""
    fine = with_resolution(melody, 96)
    assert all(np.array_equal(new.notes, old.notes) for new, old in zip(result.tracks, fine.tracks, strict=False))
    bars = bars_of(fine)
    end = bars[-1].end
    for track in result.tracks[len(melody.tracks) :]:
        notes = track.notes
        assert len(notes)
        assert notes["start"].min() >= 0
        assert notes["duration"].min() >= 1
        assert (notes["start"] + notes["duration"]).max() <= end
        assert notes["velocity"].min() >= 1
        assert notes["velocity"].max() <= 127
        assert (np.diff(notes["start"]) >= 0).all()
        for pitch in np.unique(notes["pitch"]):
            same = notes[notes["pitch"] == pitch]
            assert (same["start"][1:] >= (same["start"] + same["duration"])[:-1]).all(), track.name
        if track.is_drum:
            assert {*notes["pitch"].tolist()} <= {*DRUMS.values()}
            continue
        part = {"bass": "bass", "chords": "chords", "inner voices": "inner"}[track.name]
        low, high = getattr(style, part).range
        assert low <= notes["pitch"].min()
        assert notes["pitch"].max() <= high
        if part != "bass":
            chords = [(chord.tick, ChordSymbol.parse(chord.symbol).pitch_classes) for chord in result.chords]
            for note in notes:
                begun = [classes for tick, classes in chords if tick <= note["start"]]
                sounding = begun[-1] if begun else chords[0][1]  # the first one begins with the bar
                assert note["pitch"] % 12 in sounding


@pytest.mark.parametrize("name", style_names())
def test_every_style_in_all_its_metres(name):
    style = load_style(name)
    for metre in style.metres:
        for seed in range(2):
            melody = melody_of(9, metre, seed)
            check(accompany(melody, name, seed=seed), melody, style)


@pytest.mark.parametrize("name", style_names())
@pytest.mark.parametrize("metre", ["5/4", "7/8", "3/8", "12/8", "3/2", "1/4", "11/16"])
def test_every_style_in_metres_that_it_lacks(name, metre):
    melody = melody_of(5, metre)
    check(accompany(melody, name), melody, load_style(name))


@pytest.mark.parametrize("ticks_per_quarter", [1, 7, 24, 95, 96, 1000])
def test_coarse_grids_become_finer_and_times_stay(ticks_per_quarter):
    melody = melody_of(6, ticks_per_quarter=ticks_per_quarter)
    melody = replace(melody, chords=(Chord(2 * ticks_per_quarter, "C"),), keys=np.array([(0, 0, "major")], KEY))
    fine = with_resolution(melody, 96)
    assert fine.ticks_per_quarter >= 96
    for name in ("start", "duration"):
        assert np.array_equal(
            fine.tracks[0].notes[name] * ticks_per_quarter,
            melody.tracks[0].notes[name] * fine.ticks_per_quarter,
        )
    assert fine.seconds == pytest.approx(melody.seconds)
    check(accompany(melody, "swing"), melody, load_style("swing"))


def test_the_seed_decides():
    melody = melody_of(24)
    first, again = accompany(melody, "funk", seed=1), accompany(melody, "funk", seed=1)
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(first.tracks, again.tracks, strict=True))
    other = accompany(melody, "funk", seed=2)
    assert any(
        not np.array_equal(a.notes["start"], b.notes["start"]) for a, b in zip(first.tracks, other.tracks, strict=True)
    )


def test_swing_delays_the_second_eighths():
    result = accompany(melody_of(4), "swing")
    (ride,) = (track for track in result.tracks if track.is_drum)
    assert {*(ride.notes["start"] % QUARTER).tolist()} == {0, round(0.66 * QUARTER)}


def test_the_last_bar_has_the_ending_and_phrases_end_with_fills():
    style = load_style("rock")
    result = accompany(melody_of(17), style)
    drums = result.tracks[-1].notes
    assert {*drums["pitch"][drums["start"] >= 16 * 1920].tolist()} == {DRUMS["kick"], DRUMS["crash"]}
    assert DRUMS["low-tom"] in drums["pitch"]
    without = replace(melody_of(2))
    assert DRUMS["low-tom"] not in accompany(without, style).tracks[-1].notes["pitch"]


def test_given_chords_sound_from_their_bars():
    result = accompany(melody_of(4), "hymn", "C F G7 C")
    assert [(chord.tick, chord.symbol) for chord in result.chords] == [(0, "C"), (1920, "F"), (3840, "G7"), (5760, "C")]
    (bass,) = (track for track in result.tracks if track.name == "bass")
    first = [int(bass.notes["pitch"][bass.notes["start"] >= tick][0]) % 12 for tick in (0, 1920, 3840, 5760)]
    assert first == [0, 5, 7, 0]


def test_slash_chords_have_their_bass():
    result = accompany(melody_of(2), "waltz", "C/E G/B")
    (bass,) = (track for track in result.tracks if track.name == "bass")
    assert int(bass.notes["pitch"][0]) % 12 == 4


def test_the_score_gets_a_key_and_a_tempo_where_it_has_none():
    tune = TUNES["Amazing grace"].score()
    result = accompany(tune, "waltz")
    assert (result.keys["sharps"].tolist(), result.keys["mode"].tolist()) == ([1], ["major"])
    assert result.tempos["us_per_quarter"].tolist() == [round(60_000_000 / load_style("waltz").tempo)]
    assert np.array_equal(accompany(result, "waltz").tempos, result.tempos)


@st.composite
def pattern_texts(draw, role):
    """A pattern of one bar, and its events: first step, step after the last, and symbol."""
    text, events = "", []
    for symbol in draw(st.lists(st.sampled_from(SYMBOLS[role] + "."), min_size=1, max_size=12)):
        holds = draw(st.integers(0, 3))
        if symbol != ".":
            events.append((len(text), len(text) + 1 + holds, symbol))
        text += symbol + ("." if symbol == "." else "-") * holds
    return text, events


def style_of(chords="x", bass="1", snare="x", pitches="C3..C5"):
    """A style of one pattern, a bass, chords of three voices and a snare drum, all with a velocity of 80."""
    return parse_style(
        'title = "t"\n[bass]\nprogram = 32\nrange = "E1..G3"\nvelocity = 80\n[drums]\nvelocity = 80\n'
        f'[chords]\nprogram = 0\nrange = "{pitches}"\nvoices = 3\nvelocity = 80\n'
        f'[[patterns]]\nmetre = "4/4"\nchords = "{chords}"\nbass = "{bass}"\ndrums = {{snare = "{snare}"}}\n'
    )


@settings(max_examples=40)
@given(pattern_texts("chords"), pattern_texts("drums"))
def test_a_pattern_sounds_step_by_step_in_each_of_its_bars(chords, drums):
    n_bars, bar = 3, 4 * QUARTER
    result = accompany(melody_of(n_bars), style_of(chords[0], snare=drums[0]), "C")
    tracks = {track.name: track.notes for track in result.tracks}
    hits, struck = tracks.get("drums", notes_of([])), [*itertools.product(range(n_bars), drums[1])]
    for hit, (number, (step, _, symbol)) in zip(hits, struck, strict=True):
        assert hit["start"] == pytest.approx(bar * (number + step / len(drums[0])), abs=1)
        assert 0.92 * 80 * STRIKES[symbol] - 5 <= hit["velocity"] <= 80 * STRIKES[symbol] + 5
    notes, taken = tracks.get("chords", notes_of([])), 0
    for number, (first, last, symbol) in itertools.product(range(n_bars), chords[1]):
        start, end = (bar * (number + step / len(chords[0])) for step in (first, last))
        played = notes[(notes["start"] >= start - 1) & (notes["start"] < end - 1)]
        taken += len(played)
        assert np.abs(played["start"] + played["duration"] - end).max() <= 1
        delays = played["start"][np.argsort(played["pitch"])] - start  # from the lowest voice up
        if symbol.isdigit():
            assert len(played) == 1
        elif symbol in "du" and end - start > 40:  # from the first to the last in a twenty-fourth of a quarter
            assert np.abs(delays - np.array([0, 10, 20])[:: 1 if symbol == "d" else -1]).max() <= 1
        elif symbol not in "du":
            assert len(played) == 3
            assert np.abs(delays).max() <= 1
        assert np.ptp(played["velocity"]) == 0
        assert 0.92 * 80 * STRIKES.get(symbol, 1.0) - 5 <= played["velocity"][0] <= 80 * STRIKES.get(symbol, 1.0) + 5
    assert taken == len(notes)


@pytest.mark.parametrize("voicing", ["123", "146"])
def test_single_voices_are_those_of_the_chord_from_the_lowest_up(voicing):
    result = accompany(melody_of(2), style_of(f"x.{voicing}..."), "G7 Am")
    (chords,) = (track.notes for track in result.tracks if track.name == "chords")
    for start in (0, 1920):
        played = chords[(chords["start"] >= start) & (chords["start"] < start + 1920)]["pitch"].tolist()
        assert played[3:] == [sorted(played[:3])[(int(voice) - 1) % 3] for voice in voicing]


@pytest.mark.parametrize(
    ("chord", "steps"),
    [
        ("C", [0, 2, 4, 7, 9, 0, 0]),  # a triad has no seventh
        ("Am", [9, 11, 0, 4, 5, 9, 9]),
        ("G7", [7, 9, 11, 2, 4, 5, 7]),
        ("C5", [0, 2, 7, 7, 9, 0, 0]),  # nor a power chord a third
        ("Csus4", [0, 2, 5, 7, 9, 0, 0]),
        ("C6", [0, 2, 4, 7, 9, 9, 0]),
        ("Bm7b5", [11, 0, 2, 5, 7, 9, 11]),  # the second and the sixth are of the key
        ("C/E", [4, 2, 4, 7, 9, 0, 4]),  # the lowest note instead of the root
    ],
)
def test_the_bass_plays_steps_above_the_root(chord, steps):
    result = accompany(melody_of(1), style_of(bass="1235678."), chord, key=C_MAJOR)
    (bass,) = (track.notes for track in result.tracks if track.name == "bass")
    assert (bass["pitch"] % 12).tolist() == steps
    assert bass["pitch"][-1] - bass["pitch"][0] == 12


def test_an_approach_leads_by_a_step_to_the_root_of_the_next_chord():
    result = accompany(melody_of(4), style_of(bass="1-.a"), "C F G Am", key=C_MAJOR)
    (bass,) = (track.notes for track in result.tracks if track.name == "bass")
    roots, approaches = bass["pitch"].reshape(4, 2).astype(int).T
    assert (roots % 12).tolist() == [0, 5, 7, 9]
    assert {*np.abs(approaches[:-1] - roots[1:]).tolist()} <= {1, 2}
    assert {*(approaches % 12).tolist()} <= C_MAJOR.pitch_classes


def test_voices_stay_below_a_melody_that_is_held_over_their_chords():
    style = style_of(pitches="C4..C6")
    tops = {}
    for pitch in (64, 100):
        melody = Score((Track(notes_of([(0, 8 * 4 * QUARTER, pitch, 80)])),), QUARTER)
        (chords,) = (track.notes for track in accompany(melody, style, "C F").tracks if track.name == "chords")
        tops[pitch] = chords["pitch"].reshape(8, 3).max(axis=1)
    assert (tops[64] < tops[100]).all()


def test_every_part_of_a_style_sounds():
    for name in style_names():
        style = load_style(name)
        n_parts = sum(getattr(style, part) is not None for part in (*HARMONIC_PARTS, "drums"))
        assert len(accompany(melody_of(12, style.metres[0]), style).tracks) == 1 + n_parts
