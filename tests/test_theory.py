"""Names of pitches, scales, keys and chords."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from wavewright.base.errors import BadSetting
from wavewright.music.theory import (
    CHORD_KINDS,
    MODES,
    SCALES,
    ChordSymbol,
    MusicalKey,
    chord_of_numeral,
    nearest_of,
    pitch_class_name,
    pitch_class_of,
    pitch_name,
    pitch_of,
    pitch_range_of,
)

PITCHES = st.integers(0, 127)


SHARPS = st.integers(-7, 7)


@given(PITCHES, SHARPS)
def test_names_of_pitches_are_read_back(pitch, sharps):
    assert pitch_of(pitch_name(pitch, sharps)) == pitch
    assert pitch_of(str(pitch)) == pitch


@given(SHARPS, st.sampled_from(sorted(MODES)))
def test_a_scale_has_each_letter_once(sharps, mode):
    key = MusicalKey.of_sharps(sharps, mode)
    names = [pitch_class_name(pitch_class, sharps) for pitch_class in key.pitch_classes]
    assert sorted(name[0] for name in names) == [*"ABCDEFG"]


@pytest.mark.parametrize(
    ("key", "numeral", "symbol"),
    [("Gb", "IV", "Cb"), ("Ebm", "VI", "Cb"), ("F#", "viio", "E#dim"), ("F", "IV", "Bb"), ("E", "vii", "D#m")],
)
def test_chords_are_spelled_in_their_key(key, numeral, symbol):
    assert chord_of_numeral(numeral, MusicalKey.parse(key)).symbol(MusicalKey.parse(key).sharps) == symbol


@pytest.mark.parametrize("name", ["Gb major", "F# major", "Eb minor", "D# minor", "F locrian", "Cb lydian"])
def test_the_name_of_a_key_is_read_back(name):
    assert MusicalKey.parse(name).name == name


@pytest.mark.parametrize(
    ("name", "pitch"),
    [("A4", 69), ("C-1", 0), ("G9", 127), ("Cb4", 59), ("B#3", 60), ("e2", 40), ("F##5", 79), ("Bb3", 58)],
)
def test_names_of_pitches(name, pitch):
    assert pitch_of(name) == pitch


@pytest.mark.parametrize("name", ["", "H4", "C", "C##b4", "C10000", "128", "G#9", "Cb-1", "-1", "4.5", "C 4", "٣"])
def test_what_is_no_pitch_is_refused(name):
    with pytest.raises(BadSetting):
        pitch_of(name)


@given(st.integers(0, 11), st.sampled_from(sorted(SCALES)))
def test_names_of_keys_are_read_back(tonic, scale):
    key = MusicalKey(tonic, scale)
    assert MusicalKey.parse(key.name) == key


@given(st.integers(-6, 6), st.sampled_from(sorted(MODES)))
def test_signatures_of_keys_are_read_back(sharps, mode):
    key = MusicalKey.of_sharps(sharps, mode)
    assert (key.sharps, key.mode) == (sharps, mode)
    assert key.pitch_classes == MusicalKey.of_sharps(sharps).pitch_classes
    assert (MusicalKey.parse(key.name).sharps - sharps) % 12 == 0  # F locrian may be one of sharps


@pytest.mark.parametrize(
    ("text", "tonic", "scale"),
    [
        ("C", 0, "major"),
        ("F#m", 6, "minor"),
        ("Bb", 10, "major"),
        ("d minor", 2, "minor"),
        ("A dorian", 9, "dorian"),
        ("Eb minor pentatonic", 3, "minor-pentatonic"),
        ("G  Harmonic-Minor", 7, "harmonic-minor"),
    ],
)
def test_keys(text, tonic, scale):
    assert MusicalKey.parse(text) == MusicalKey(tonic, scale)


@pytest.mark.parametrize("text", ["", "H", "C purple", "minor", "C#b"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(BadSetting):
        MusicalKey.parse(text)


@pytest.mark.parametrize(("mode", "tonic"), [("dorian", 2), ("phrygian", 4), ("lydian", 5), ("mixolydian", 7)])
def test_modes_of_the_white_keys_have_no_signature(mode, tonic):
    key = MusicalKey(tonic, mode)
    assert key.sharps == 0
    assert key.pitch_classes == MusicalKey(0).pitch_classes


@given(st.integers(0, 11), st.sampled_from(sorted(SCALES)), st.integers(-14, 14))
def test_degrees_are_consecutive_pitches_of_the_scale(tonic, scale, degree):
    key = MusicalKey(tonic, scale)
    low, high = key.pitch_of_degree(degree), key.pitch_of_degree(degree + 1)
    assert key.pitches(low, high) == [low, high]
    assert key.pitch_of_degree(0) == 60 + tonic


@given(st.integers(0, 11), st.sampled_from(sorted(CHORD_KINDS)), st.none() | st.integers(0, 11), SHARPS)
def test_chord_symbols_are_read_back(root, kind, bass, sharps):
    chord = ChordSymbol(root, kind, bass)
    assert ChordSymbol.parse(chord.symbol(sharps)) == chord


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("C", {0, 4, 7}),
        ("Am7", {9, 0, 4, 7}),
        ("F#m7b5", {6, 9, 0, 4}),
        ("Gsus", {7, 0, 2}),
        ("C6/9", {0, 4, 7, 9, 2}),
        ("C/Bb", {0, 4, 7, 10}),
        ("G7(b9)", {7, 11, 2, 5, 8}),
        ("Eo7", {4, 7, 10, 1}),
    ],
)
def test_pitch_classes_of_chords(text, classes):
    assert ChordSymbol.parse(text).pitch_classes == classes


@pytest.mark.parametrize("text", ["", "H", "Cx", "C/", "C/H", "am", "N.C."])
def test_what_is_no_chord_is_refused(text):
    with pytest.raises(BadSetting):
        ChordSymbol.parse(text)


@given(st.integers(0, 11), st.sampled_from(sorted(CHORD_KINDS)), st.integers(-24, 24))
def test_transposed_chords(root, kind, semitones):
    chord = ChordSymbol(root, kind, 0)
    assert chord.transposed(semitones).pitch_classes == {(c + semitones) % 12 for c in chord.pitch_classes}
    assert chord.transposed(semitones).transposed(-semitones) == chord


@pytest.mark.parametrize(
    ("numeral", "key", "symbol"),
    [
        ("I", "D", "D"),
        ("ii7", "C", "Dm7"),
        ("V7", "A minor", "E7"),
        ("i", "A minor", "Am"),
        ("VI", "A minor", "F"),
        ("bVII", "D", "C"),
        ("viio", "C", "Bdim"),
        ("iiø", "A minor", "Bm7b5"),
        ("IVmaj7", "G", "Cmaj7"),
        ("vsus4", "C", None),
    ],
)
def test_numerals(numeral, key, symbol):
    if symbol is None:
        with pytest.raises(BadSetting):
            chord_of_numeral(numeral, MusicalKey.parse(key))
    else:
        assert chord_of_numeral(numeral, MusicalKey.parse(key)).symbol() == symbol


def test_numerals_need_seven_steps():
    with pytest.raises(BadSetting, match="seven"):
        chord_of_numeral("I", MusicalKey.parse("C blues"))
    with pytest.raises(BadSetting, match="numeral"):
        chord_of_numeral("XI", MusicalKey())


def test_ranges():
    assert pitch_range_of("C4..G5") == (60, 79)
    assert pitch_range_of("48..48") == (48, 48)
    for text in ("C4", "G5..C4", "C4..", "C4-G5"):
        with pytest.raises(BadSetting):
            pitch_range_of(text)


@given(PITCHES, st.sets(st.integers(0, 11), min_size=1))
def test_the_nearest_pitch(pitch, classes):
    nearest = nearest_of(pitch, classes)
    assert nearest % 12 in classes
    assert all(abs(nearest - pitch) <= abs(other - pitch) for other in range(128) if other % 12 in classes)


def test_pitch_classes_are_names():
    assert [pitch_class_of(name) for name in ("C", "Cb", "E#", "a♭", "G♯")] == [0, 11, 5, 8, 8]
    with pytest.raises(BadSetting, match="note"):
        pitch_class_of("X")


@pytest.mark.parametrize(
    ("texts", "intervals"),
    [
        (("Cdim.", "C°", "Co", "Cmb5", "Cm-5"), (0, 3, 6)),
        (("CMa7", "CMaj7", "Cma7", "CM7", "CΔ", "C△7", "C∆", "C^7", "Cj7"), (0, 4, 7, 11)),
        (("Cm7-5", "Cø", "Cmi7b5", "C-7(b5)", "Ch7"), (0, 3, 6, 10)),
        (("C7+5", "C+7", "Caug7", "C7#5"), (0, 4, 8, 10)),
        (("C7alt", "C7alt."), (0, 4, 8, 10, 13, 15)),
        (("Cmi7", "Cmin7", "C-7", "Cm7"), (0, 3, 7, 10)),
        (("C9#11", "C9(#11)", "C9+11"), (0, 4, 7, 10, 14, 18)),
        (("Cmaj7#5", "CΔ+5", "Cmaj7(♯5)"), (0, 4, 8, 11)),
        (("C7no3", "C7omit3", "C7(no3rd)"), (0, 7, 10)),
    ],
)
def test_chords_as_people_write_them(texts, intervals):
    chords = [ChordSymbol.parse(text) for text in texts]
    assert {chord.intervals for chord in chords} == {intervals}
    assert all(ChordSymbol.parse(chord.symbol()) == chord for chord in chords)


def test_flats_stay_flats():
    assert ChordSymbol.parse("Bb7/D").symbol() == "Bb7/D"
    assert ChordSymbol.parse("E♭m").transposed(7).symbol() == "Bbm"
