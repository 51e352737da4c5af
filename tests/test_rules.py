"""Music by rules: no limit is ever violated, forms repeat, and each rule does what defines it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.counterpoint_rules import faults_of
from wavewright.base.errors import BadSetting
from wavewright.music.rules import PRESETS, RulePiece, compose_by_rule
from wavewright.music.rules.frame import TICKS_PER_QUARTER, PieceFrame, RuleSection
from wavewright.music.rules.grammar import ChordGrammar, diatonic_chord
from wavewright.music.rules.markov import MarkovChain, MelodyToken, tokens_of, tune_collection
from wavewright.music.rules.melodies import Automaton, LSystem
from wavewright.music.rules.rhythm import euclidean_rhythm
from wavewright.music.theory import MusicalKey

KEYS = ["C", "F#m", "Bb", "D dorian", "E phrygian", "A harmonic minor", "G mixolydian", "Eb minor"]
METRES = ["2/4", "3/4", "4/4", "6/8", "5/4", "7/8", "12/8", "2/2", "3/16"]
PIECES = [name for name in PRESETS.names if not name.startswith("counterpoint")]


def voice_ranges(piece, pitches):
    return [voice.range or pitches for voice in piece.voices for _ in voice.line_names]


def check_limits(score, piece, key, metre, bars, pitches):
    """Every note is in the key, in the range of its voice, and within its bar."""
    numerator, denominator = map(int, metre.split("/"))
    bar = 4 * TICKS_PER_QUARTER * numerator // denominator
    assert score.length == bars * bar
    assert score.n_notes
    classes = MusicalKey.parse(key).pitch_classes
    for track, (lowest, highest) in zip(score.tracks, voice_ranges(piece, pitches), strict=True):
        notes = track.notes
        assert (notes["duration"] > 0).all()
        if piece.voices[0].rule != "counterpoint":  # syncopations are tied over bar lines
            assert (notes["start"] % bar + notes["duration"] <= bar).all()
        assert ((notes["start"] >= 0) & (notes["start"] + notes["duration"] <= score.length)).all()
        assert ((notes["velocity"] >= 1) & (notes["velocity"] <= 127)).all()
        by_pitch = notes[np.lexsort((notes["start"], notes["pitch"]))]
        rests = np.diff(by_pitch["start"]) - by_pitch["duration"][:-1]
        assert (rests[np.diff(by_pitch["pitch"]) == 0] >= 0).all()
        if not track.is_drum:
            assert set(notes["pitch"] % 12) <= classes
            assert ((notes["pitch"] >= lowest) & (notes["pitch"] <= highest)).all()


@settings(max_examples=150)
@given(
    st.sampled_from(PIECES),
    st.sampled_from(KEYS),
    st.sampled_from(METRES),
    st.sampled_from(["A", "AB", "AABA", "AA'BA", "ABAC"]),
    st.integers(1, 5),
    st.integers(36, 70),
    st.integers(18, 40),
    st.integers(0, 2**31),
)
def test_no_limit_is_violated(name, key, metre, form, section_bars, lowest, width, seed):
    n_sections = len(form.replace("'", ""))
    bars, pitches = section_bars * n_sections, (lowest, lowest + width)
    arguments = {"key": key, "bars": bars, "metre": metre, "form": form, "pitches": pitches, "seed": seed}
    score = compose_by_rule(name, **arguments)
    check_limits(score, PRESETS.load(name), key, metre, bars, pitches)


@pytest.mark.parametrize("name", PRESETS.names)
def test_the_same_seed_is_the_same_piece_and_others_differ(name):
    scores = [compose_by_rule(name, seed=seed) for seed in (5, 5, 6)]
    first, again, other = ([track.notes.tolist() for track in score.tracks] for score in scores)
    assert first == again
    if any(voice.rule not in ("euclid", "progression") for voice in PRESETS.load(name).voices) and name != "dragon":
        assert first != other


def section_notes(score, index, n_sections):
    length = score.length // n_sections
    return [
        [
            (int(note["start"]) - index * length, int(note["duration"]), int(note["pitch"]))
            for note in track.notes
            if index * length <= note["start"] < (index + 1) * length
        ]
        for track in score.tracks
    ]


@pytest.mark.parametrize("name", ["random-walk", "folk-tune", "alberti", "band", "counterpoint-3"])
def test_equal_letters_are_equal_sections_and_a_prime_has_another_end(name):
    score = compose_by_rule(name, form="ABA'A", bars=32, seed=4)
    a, b, varied, last = (section_notes(score, index, 4) for index in range(4))
    assert a == last
    assert a != b
    assert a != varied
    if not name.startswith("counterpoint"):
        half = score.length // 8
        assert [[note for note in each if note[0] < half] for each in a] == [
            [note for note in each if note[0] < half] for each in varied
        ]


@pytest.mark.parametrize("species", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("key", ["D dorian", "C", "A minor", "F lydian"])
@pytest.mark.parametrize("above", [True, False])
def test_counterpoint_keeps_the_rules_of_its_species(species, key, above):
    for seed in range(3):
        piece = RulePiece.model_validate(
            {
                "title": "t",
                "range": "C3..E5",
                "voices": [{"rule": "counterpoint", "species": species, "above": above}],
            }
        )
        score = compose_by_rule(piece, key=key, bars=10, seed=seed)
        check_limits(score, piece, key, "4/4", 10, (48, 76))
        upper, lower = (track.notes for track in score.tracks)
        line, cantus = (upper, lower) if above else (lower, upper)
        assert faults_of(line, cantus, is_above=above, bar=4 * TICKS_PER_QUARTER) == []


@pytest.mark.parametrize(
    ("species", "metre", "starts"),
    [
        (1, "4/4", {0}),
        (2, "4/4", {0, 2}),
        (2, "2/4", {0, 1}),
        (2, "5/4", {0, 3}),
        (2, "3/4", {0, 1, 2}),
        (3, "4/4", {0, 1, 2, 3}),
        (3, "3/4", {0, 1, 2}),
        (3, "2/4", {0, 0.5, 1, 1.5}),
        (4, "4/4", {2}),
        (4, "5/4", {3}),
    ],
)
def test_each_species_has_its_notes_in_a_bar(species, metre, starts):
    voice = {"rule": "counterpoint", "species": species}
    piece = RulePiece.model_validate({"title": "t", "range": "C3..E5", "voices": [voice]})
    score = compose_by_rule(piece, key="C", bars=8, metre=metre, seed=2)
    line, cantus = ((track.notes["start"] / TICKS_PER_QUARTER) for track in score.tracks)
    beats = int(metre[0])
    assert cantus.tolist() == [beats * bar for bar in range(8)]
    within = [{start % beats for start in line.tolist() if start // beats == bar} for bar in range(8)]
    assert within[1:-1] == [starts] * 6
    assert within[-1] == {0}


def test_the_checker_of_counterpoint_finds_parallels_and_dissonances():
    def notes(pitches):
        return np.array(
            [(1920 * i, 1920, p, 80, 64) for i, p in enumerate(pitches)],
            compose_by_rule("counterpoint-1").tracks[0].notes.dtype,
        )

    def faults(line, cantus):
        return faults_of(notes(line), notes(cantus), is_above=True, bar=1920)

    cantus = [50, 53, 52, 50]
    assert faults([57, 57, 61, 62], cantus) == []
    assert any("parallel" in fault for fault in faults([57, 60, 61, 62], cantus))
    assert any("dissonance" in fault for fault in faults([57, 58, 61, 62], cantus))
    assert any("end" in fault for fault in faults([57, 57, 59, 57], cantus))
    assert any("leap" in fault for fault in faults([57, 63, 61, 62], cantus))


@pytest.mark.parametrize(
    ("pulses", "steps", "pattern"),
    [
        (3, 8, "x..x..x."),  # tresillo
        (5, 8, "x.xx.xx."),  # cinquillo
        (2, 5, "x.x.."),
        (4, 9, "x.x.x.x.."),
        (5, 16, "x..x..x..x..x..."),  # bossa nova
        (7, 12, "x.xx.x.xx.x."),
        (0, 4, "...."),
        (4, 4, "xxxx"),
    ],
)
def test_euclidean_rhythms_are_the_traditional_ones(pulses, steps, pattern):
    assert "".join(".x"[pulse] for pulse in euclidean_rhythm(pulses, steps)) == pattern


@given(st.integers(0, 64), st.integers(1, 64), st.integers(0, 100))
def test_euclidean_distances_differ_by_at_most_one(pulses, steps, rotation):
    pulses = min(pulses, steps)
    rhythm = euclidean_rhythm(pulses, steps, rotation)
    assert (len(rhythm), sum(rhythm)) == (steps, pulses)
    onsets = [index for index, pulse in enumerate(rhythm) if pulse]
    distances = [(b - a) % steps or steps for a, b in zip(onsets, onsets[1:] + onsets[:1], strict=True)]
    assert not distances or max(distances) - min(distances) <= 1


def test_an_automaton_follows_its_number():
    rule = Automaton(number=110, cells=17)
    rows = rule.generations(50, np.random.default_rng(0))
    for before, after in pairwise(rows):
        for cell in range(17):
            neighbourhood = 4 * before[cell - 1] + 2 * before[cell] + before[(cell + 1) % 17]
            assert after[cell] == bool(110 >> neighbourhood & 1)


def test_an_l_system_grows_by_its_productions():
    algae = LSystem(axiom="A", productions={"A": "AB", "B": "A"}, iterations=7)
    lengths = [len(algae.model_copy(update={"iterations": n}).grown(np.random.default_rng(0))) for n in range(8)]
    assert lengths == [1, 2, 3, 5, 8, 13, 21, 34]  # Fibonacci's numbers
    endless = LSystem(axiom="F", productions={"F": "FF"}, iterations=40)
    assert len(endless.grown(np.random.default_rng(0))) <= 50_000


def test_a_grammar_derives_strings_of_the_length_by_their_probabilities():
    grammar = ChordGrammar(productions={"phrase": {"I phrase": 1, "V": 3}})
    for n in range(1, 60):
        assert grammar.degrees(n, np.random.default_rng(n)) == [0] * (n - 1) + [4]
    coin = ChordGrammar(productions={"phrase": {"X X": 1}, "X": {"I": 3, "V": 1}})
    rng = np.random.default_rng(1)
    drawn = [degree for _ in range(2_000) for degree in coin.degrees(2, rng)]
    assert abs(np.mean(np.array(drawn) == 0) - 0.75) < 0.03
    with pytest.raises(BadSetting, match="no progression of 3 chords"):
        coin.degrees(3, rng)


def test_diatonic_chords_have_the_names_of_theory():
    symbols = [diatonic_chord(degree, MusicalKey.parse("C"), 4).symbol() for degree in range(7)]
    assert symbols == ["Cmaj7", "Dm7", "Em7", "Fmaj7", "G7", "Am7", "Bm7b5"]
    with pytest.raises(BadSetting, match="scale of seven"):
        diatonic_chord(0, MusicalKey.parse("C blues"), 3)


def token(interval, steps=12):
    return MelodyToken(interval, steps)


def test_a_chain_backs_off_where_a_context_never_occurred():
    chain = MarkovChain([[token(0), token(2), token(4)], [token(0), token(2), token(7)]], 2)
    everything = set(chain.tokens)
    assert chain.counts((token(0), token(2))) == {token(4): 1, token(7): 1}
    rng = np.random.default_rng(0)
    assert chain.draw([token(9), token(0)], {token(2)}, rng) == token(2)
    drawn = [chain.draw([token(0), token(2)], everything, rng) for _ in range(400)]
    assert {token(4), token(7)} < set(drawn)  # by back-off others too
    assert np.mean([each in (token(4), token(7)) for each in drawn]) > 0.5
    assert chain.draw([], {token(11)}, rng) is None


@pytest.mark.parametrize("tune", tune_collection(), ids=lambda tune: tune.title)
def test_bundled_tunes_fill_their_bars(tune):
    score = tune.score()
    numerator, denominator = map(int, tune.metre.split("/"))
    bar = 4 * TICKS_PER_QUARTER * numerator // denominator
    notes = score.tracks[0].notes
    assert int((notes["start"] + notes["duration"]).max()) % bar == 0
    assert set(notes["pitch"] % 12) <= tune.musical_key.pitch_classes | {(tune.musical_key.tonic + 11) % 12, 6}


def test_tokens_are_the_same_in_every_key():
    first = tune_collection()[0].score()
    moved = first.tracks[0].notes.copy()
    moved["pitch"] += 3
    track = type(first.tracks[0])(moved, "melody")
    other = type(first)((track,), first.ticks_per_quarter, metres=first.metres)
    assert tokens_of(first) == tokens_of(other)


def test_a_chain_of_high_order_repeats_its_only_tune():
    tune = tune_collection()[1].score()
    piece = RulePiece.model_validate({"title": "t", "voices": [{"rule": "markov", "order": 12}]})
    score = compose_by_rule(piece, key="D", bars=8, pitches=(57, 84), tunes=[tune], seed=3)
    pitches = set((score.tracks[0].notes["pitch"] % 12).tolist())
    assert pitches <= {2, 4, 6, 7, 9}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "fugue"}, "no rule 'fugue'"),
        ({"rule": "random-walk", "bars": 15}, "do not divide"),
        ({"rule": "random-walk", "form": "A1"}, "write letters"),
        ({"rule": "random-walk", "metre": "4/5"}, "metre is 4/5"),
        ({"rule": "random-walk", "pitches": (60, 62)}, "give a wider"),
        ({"rule": "random-walk", "tempo": 0.0}, "tempo"),
        ({"rule": "random-walk", "key": "H"}, "is no key"),
        ({"rule": "progression", "key": "C blues"}, "scale of seven"),
        ({"rule": "counterpoint-1", "bars": 3}, "sections of 4 to 128 bars"),
        ({"rule": "counterpoint-1", "pitches": (60, 70)}, "range of"),
        ({"rule": "rule-30", "tunes": [tune_collection()[0].score()]}, "learns from no scores"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(BadSetting, match=message):
        compose_by_rule(**arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "t"', "voices"),
        ('title = "t"\n[[voices]]\nrule = "fugue"', "voices"),
        ('title = "t"\n[[voices]]\nrule = "walk"\nspeed = 3', "speed"),
        ('title = "t"\n[[voices]]\nrule = "euclid"\nrhythms = [{pulses = 9, steps = 8}]', "do not fit"),
        ('title = "t"\n[chords]\nproductions = {phrase = {"phrase" = 1}}\n[[voices]]\nrule = "walk"', "becomes itself"),
        ('title = "t"\n[[voices]]\nrule = "arpeggio"\npattern = "sideways"', "write up"),
        ("title = ", "is no TOML"),
    ],
)
def test_files_are_refused_with_the_position(text, message):
    with pytest.raises(BadSetting, match=message):
        PRESETS.parse(text, "piece.toml")


def test_a_frame_knows_its_beats():
    assert PieceFrame(metre="6/8").n_beats == 2
    assert PieceFrame(metre="7/8", bars=4).beat_ticks == TICKS_PER_QUARTER // 2
    assert RuleSection(PieceFrame(), 4).length == 16 * TICKS_PER_QUARTER
