"""The verb accompany: files, styles learned from folders, errors."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from command_line import refused
from hypothesis import given, settings, strategies as st
from test_accompaniment import QUARTER, melody_of

import wavewright
from wavewright import Clip
from wavewright.apps.cli import run
from wavewright.audio.file_formats.metadata import SoundMetadata, fields_of
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder, BadSetting, ScoreWarning
from wavewright.music import accompaniment
from wavewright.music.accompaniment import learn_style, load_style, parse_style, style_names, style_text
from wavewright.music.accompaniment.learning import parts_of
from wavewright.music.accompaniment.style import parse_pattern
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import METRE, PROGRAM, TEMPO, Chord, Score, Track, controls_of, notes_of
from wavewright.music.theory import ChordSymbol

STRAIGHT = [name for name in style_names() if load_style(name).swing == 0.5]


def onsets(text, role):
    """Onsets of each bar of a pattern, as fractions of the bar."""
    return [{event.start / bar.n_steps for event in bar.events} for bar in parse_pattern(text, role)]


@pytest.fixture
def melody(tmp_path):
    write_score(melody_of(8, seed=3), tmp_path / "tune.mid")
    return tmp_path / "tune.mid"


# --- learning


@pytest.mark.parametrize("name", STRAIGHT)
def test_a_style_is_learned_from_its_own_accompaniments(name):
    style = load_style(name)
    metre = style.patterns[0].metre
    scores = [accompaniment.accompany(melody_of(12, metre, seed), style, seed=seed) for seed in range(6)]
    learned = learn_style(scores, "again")
    assert learned.metres == (metre,)
    assert (learned.drums is None, learned.bass is None) == (style.drums is None, style.bass is None)
    own = [pattern for pattern in style.patterns if pattern.metre == metre]
    for pattern in learned.of_metre(metre):
        for drum, text in pattern.drums.items():
            known = [onsets(each.drums[drum], "drums") for each in own if drum in each.drums]
            (bar,) = onsets(text, "drums")
            assert bar in list(itertools.chain(*known))
    assert all(pattern.use in ("main", "fill", "ending") for pattern in learned.patterns)
    assert parse_style(style_text(learned)) == learned


@pytest.mark.parametrize("name", style_names())
def test_a_style_is_written_as_text_and_read_again(name):
    assert parse_style(style_text(load_style(name))) == load_style(name)


def song_of(steps, degrees, chords="C G Am F", n_bars=8):
    """A score of 4/4 whose bass plays semitones above the roots of given chords at given sixteenths."""
    roots = {"C": 36, "G": 43, "Am": 45, "F": 41}
    rows, symbols = [], []
    for bar in range(n_bars):
        name = chords.split()[bar % 4]
        symbols.append(Chord(bar * 4 * QUARTER, name))
        for step, degree in zip(steps, degrees, strict=True):
            rows.append((bar * 4 * QUARTER + step * QUARTER // 4, 100, roots[name] + degree, 90))
    bass = Track(notes_of(rows), "bass", controls=controls_of([(0, PROGRAM, 0, 33)]))
    lead = melody_of(n_bars).tracks[0]
    return Score((lead, bass), QUARTER, chords=tuple(symbols), tempos=np.array([(0, 400_000)], TEMPO))


def test_bars_of_rests_are_left_out():
    full = song_of((0, 8), (0, 7))
    notes = full.tracks[1].notes
    gap = Track(notes[(notes["start"] // 1920) % 2 == 0], "bass", controls=full.tracks[1].controls)
    learned = learn_style([Score((full.tracks[0], gap), QUARTER, chords=full.chords)])
    assert [(pattern.bass, pattern.weight) for pattern in learned.patterns] == [("1.......5.......", 4)]


@pytest.mark.parametrize(
    ("steps", "degrees", "expected"),
    [
        ((0, 4, 8, 12), (0, 7, 0, 7), "1...5...1...5..."),
        ((0, 6, 8, 14), (0, 12, 7, 0), "1.....8.5.....1."),
        ((0, 3, 10), (0, 0, 7), "1..1......5....."),
    ],
)
def test_the_bass_becomes_steps_above_the_roots(steps, degrees, expected):
    learned = learn_style([song_of(steps, degrees)])
    assert [pattern.bass for pattern in learned.of_metre("4/4")] == [expected]
    assert (learned.bass.program, learned.bass.velocity) == (33, 90)
    assert learned.tempo == 150


@pytest.mark.parametrize(("n_together", "n_voices"), [(1, 2), (2, 2), (4, 4), (8, 6)])
def test_a_chord_has_two_voices_at_least_and_six_at_most(n_together, n_voices):
    song = song_of((0, 8), (0, 7))
    rows = [(480 * beat, 400, 52 + 2 * voice, 70) for beat in range(32) for voice in range(n_together)]
    learned = learn_style([Score((*song.tracks, Track(notes_of(rows), "guitar")), QUARTER, chords=song.chords)])
    assert (learned.chords.voices, learned.bass.voices) == (n_voices, 1)
    assert (learned.chords.velocity, learned.bass.velocity) == (70, 90)


def learned_from(track, n_bars=8):
    """Return the main pattern that is learned from a track beside a melody, over one chord."""
    chords = (Chord(0, "C"),)
    (pattern,) = learn_style([Score((*melody_of(n_bars).tracks, track), QUARTER, chords=chords)]).of_metre("4/4")
    return pattern


@settings(max_examples=12)
@given(st.lists(st.sampled_from(["x", "x-", "x--", ".", ".."]), min_size=1, max_size=8), st.integers(0, 2**31))
def test_struck_chords_are_learned_as_they_were_written(parts, seed):
    text = ("x" + "".join(parts)).ljust(16, ".")[:16]
    events, rng = parse_pattern(text, "chords")[0].events, np.random.default_rng(seed)
    rows = []
    for bar, event in itertools.product(range(8), events):
        start = bar * 4 * QUARTER + event.start * QUARTER // 4
        early = int(rng.integers(0, 12)) if start else 0  # as people play, also before the bar line
        duration = (event.end - event.start) * QUARTER // 4 - int(rng.integers(0, 12))
        rows += [(start - early, duration, pitch, 80) for pitch in (55, 60, 64)]
    assert learned_from(Track(notes_of(rows), "guitar")).chords == text


@pytest.mark.parametrize(("last", "symbol"), [((42, 35), "a"), ((45, 38), "a"), ((46, 41), "7")])
def test_a_last_note_within_a_tone_of_the_next_root_leads_to_it(last, symbol):
    rows, chords = [], []
    for bar in range(10):
        start, root = bar * 4 * QUARTER, (36, 43)[bar % 2]
        rows += [(start, 100, root, 90), (start + 2 * QUARTER, 100, last[bar % 2], 90)]
        chords.append(Chord(start, "CG"[bar % 2]))
    bass = Track(notes_of(rows), "bass")
    learned = learn_style([Score((*melody_of(10).tracks, bass), QUARTER, chords=tuple(chords))])
    assert [pattern.bass for pattern in learned.of_metre("4/4")] == [f"1.......{symbol}......."]


def test_a_bar_that_is_cut_short_is_no_pattern():
    whole = [480 + 1_920 * bar + tick for bar in range(8) for tick in (0, 960)]
    track = Track(notes_of([(tick, 60, 38, 80) for tick in [0, 120, 240, *whole]]), is_drum=True)
    metres = np.array([(0, 4, 4, 24, 8), (480, 4, 4, 24, 8)], METRE)
    (pattern,) = learn_style([Score((track,), QUARTER, metres=metres)]).of_metre("4/4")
    assert (pattern.drums["snare"], pattern.weight) == ("x.......x.......", 7)


def test_bars_in_a_metre_that_no_style_has_are_named():
    """As a damaged file has them: 155/16 lasts for 155 steps."""
    strikes = [120 * step for step in (0, 8, 155, 163)]
    track = Track(notes_of([(tick, 60, 38, 80) for tick in strikes]), is_drum=True)
    score = Score((track,), QUARTER, metres=np.array([(0, 155, 16, 24, 8)], METRE))
    with pytest.warns(ScoreWarning, match=r"Left out: the bars in 155/16, a metre that no style has\."):
        learned = learn_style([score, song_of((0, 8), (0, 7))])
    assert {pattern.metre for pattern in learned.patterns} == {"4/4"}


def test_more_voices_than_a_pattern_can_name_are_its_highest():
    rows = [(1_920 * bar + 240 * voice, 200, 55 + voice, 80) for bar in range(8) for voice in range(8)]
    assert learned_from(Track(notes_of(rows), "guitar")).chords == "1-2-3-4-5-6-6-6-"


@pytest.mark.parametrize("text", ["1.2.3.2.1.2.3.2.", "1---3---2---3---", "x...1.2.3.2.1..."])
def test_single_voices_of_chords_are_counted_from_the_lowest(text):
    rows = []
    for bar, event in itertools.product(range(8), parse_pattern(text, "chords")[0].events):
        start, duration = bar * 4 * QUARTER + event.start * QUARTER // 4, (event.end - event.start) * QUARTER // 4
        pitches = (55, 60, 64) if event.symbol == "x" else ((55, 60, 64)[int(event.symbol) - 1],)
        rows += [(start, duration, pitch, 80) for pitch in pitches]
    assert learned_from(Track(notes_of(rows), "guitar")).chords == text


@pytest.mark.parametrize(
    ("root", "steps", "colour"),
    [
        (5, (0, 4, 7), "triads"),
        (7, (0, 4, 7), "triads"),
        (7, (0, 4, 7, 10), "sevenths"),
        (6, (0, 4, 7, 11), "sevenths"),
    ],
)
def test_a_style_has_sevenths_if_the_chords_have_them_above_their_roots(root, steps, colour):
    rows = [(1_920 * bar, 480, 48 + root + step, 80) for bar in range(8) for step in steps]
    chords = (Chord(0, ChordSymbol(root, "").symbol()),)
    score = Score((*melody_of(8).tracks, Track(notes_of(rows), "guitar")), QUARTER, chords=chords)
    assert learn_style([score]).chord_colour == colour


@pytest.mark.parametrize(("key", "drum"), [(36, "kick"), (35, "kick"), (40, "snare"), (57, "crash")])
def test_strikes_are_accented_or_soft_beside_most_of_the_others(key, drum):
    text, velocities = "x.o.x.X.x.x.o.x.", {"x": 80, "X": 100, "o": 50}
    steps = [(step, velocities[symbol]) for step, symbol in enumerate(text) if symbol != "."]
    rows = [(1_920 * bar + 120 * step, 60, key, velocity) for bar in range(8) for step, velocity in steps]
    assert learned_from(Track(notes_of(rows), is_drum=True)).drums == {drum: text}


def test_triplets_become_a_grid_of_triplets():
    rows = [(bar * 1920 + tick, 60, 42, 80) for bar in range(6) for tick in (0, 320, 480, 800, 960, 1280, 1440, 1760)]
    score = Score((Track(notes_of(rows), "drums", is_drum=True),), QUARTER)
    assert learn_style([score]).of_metre("4/4")[0].drums == {"closed-hat": "x.xx.xx.xx.x"}


def test_patterns_weigh_as_many_bars_as_resemble_them():
    one, other = (0, 480, 960, 1440), (240, 720)
    rows = [(bar * 1920 + tick, 60, 38, 80) for bar in range(20) for tick in (other if bar % 4 == 1 else one)]
    learned = learn_style([Score((Track(notes_of(rows), is_drum=True),), QUARTER)])
    weights = {pattern.drums["snare"]: pattern.weight for pattern in learned.of_metre("4/4")}
    assert weights == {"x...x...x...x...": 14, "..x...x.........": 5}
    assert [each.drums["snare"] for each in learned.of_metre("4/4", "ending")] == ["x...x...x...x..."]


def test_the_parts_of_a_score_are_its_drums_bass_and_chords():
    score = accompaniment.accompany(melody_of(8), "rock")
    names = {part: [track.name for track in tracks] for part, tracks in parts_of(score).items()}
    assert names == {"drums": ["drums"], "bass": ["bass"], "chords": ["chords"]}
    with pytest.raises(BadSetting, match="No score has a bass, chords or drums"):
        learn_style([melody_of(4)])
    deep = Score((Track(notes_of([(0, 480, 40, 80)])),))
    assert parts_of(deep) == {"drums": [], "bass": [], "chords": []}  # the only track is the melody, however low
    with pytest.raises(BadSetting, match="No score has"):
        learn_style([Score()])


@pytest.mark.parametrize(
    ("pitch", "name", "program", "is_bass"),
    [
        (60, "Contrabass", 43, True),
        (60, "Bassoon", 70, False),
        (60, "", 33, True),
        (40, "", 0, True),
        (60, "", 0, False),
        (53, "cello", 42, False),
    ],
)
def test_the_bass_is_named_or_of_a_bass_instrument_or_else_low(pitch, name, program, is_bass):
    track = Track(notes_of([(0, 480, pitch, 80)]), name, controls=controls_of([(0, PROGRAM, 0, program)]))
    chords = Track(notes_of([(0, 480, 64, 80), (480, 480, 64, 80)]))
    parts = parts_of(Score((*melody_of(4).tracks, chords, track)))
    assert (parts["bass"] == [track], parts["chords"]) == (is_bass, [chords])


# --- the verb


def test_the_melody_stays_and_parts_are_added(melody, tmp_path):
    result = wavewright.accompany(melody, tmp_path / "x.mid", style="bossa", chords="Dm G7 C C", seed=4)
    written = read_score(result.out)
    before = melody_of(8, seed=3).tracks[0].notes
    assert np.array_equal(written.tracks[0].notes[["start", "pitch"]], before[["start", "pitch"]])
    assert result.details["parts"] == ("bass", "chords", "inner voices", "drums")
    assert [track.name for track in written.tracks[1:]] == [*result.details["parts"]]
    assert result.details["chords"] == ("Dm", "G7", "C", "Dm", "G7", "C")
    assert result.details["n_notes"] == written.n_notes
    again = wavewright.accompany(melody, tmp_path / "y.mid", style="bossa", chords="Dm G7 C C", seed=4)
    assert again.out.read_bytes() == result.out.read_bytes()


def test_a_sound_file_lasts_as_long_as_the_score(melody, tmp_path):
    result = wavewright.accompany(melody, tmp_path / "x.flac", style="folk", quiet=True)
    clip = Clip.read(result.out)
    assert clip.n_samples / clip.sample_rate >= result.seconds
    assert 0.1 < np.abs(clip.wave).max() <= 1


def test_a_style_is_learned_from_a_folder_and_saved(melody, tmp_path, monkeypatch):
    (tmp_path / "songs").mkdir()
    for seed in range(3):
        write_score(accompaniment.accompany(melody_of(8, seed=seed), "rock"), tmp_path / "songs" / f"{seed}.mid")
    (tmp_path / "songs" / "broken.mid").write_bytes(b"MThd")
    alone = wavewright.accompany(learn_from=tmp_path / "songs", save_style=tmp_path / "mine.toml")
    assert str(alone).endswith(f"{alone.details['n_patterns']} patterns from 3 scores")
    direct = wavewright.accompany(melody, tmp_path / "a.mid", learn_from=tmp_path / "songs")
    saved = wavewright.accompany(melody, tmp_path / "b.mid", style=str(tmp_path / "mine.toml"))
    assert (direct.details["style"], saved.details["style"]) == ("songs", "mine")
    assert direct.out.read_bytes() == saved.out.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert str(wavewright.accompany(melody).out) == "tune-pop.mid"


def test_a_chorale_has_four_voices_and_the_melody(melody, tmp_path):
    result = wavewright.accompany(melody, tmp_path / "x.musicxml", style="chorale", seed=4)
    assert result.details["parts"] == ("soprano", "alto", "tenor", "bass")
    assert result.details["chords"] == ()
    score = read_score(tmp_path / "x.musicxml")
    assert len([track for track in score.tracks if len(track.notes)]) == 4


def test_options_of_chorales_are_checked(melody, tmp_path, capsys):
    chorale = "accompany", str(melody), "--style", "chorale"
    assert "--style chorale and --chords exclude each other" in refused(capsys, *chorale, "--chords", "C")
    assert "--style chorale and --save-style exclude each other" in refused(capsys, *chorale, "--save-style", "x.toml")
    assert "There is no voice 'descant'" in refused(capsys, *chorale, "--voice", "descant")
    assert "--voice belongs to --style chorale" in refused(capsys, "accompany", str(melody), "--voice", "bass")
    assert "is no score" in refused(capsys, "accompany", "a.wav", "--style", "chorale", "--out", "b.wav")


def test_the_command_lists_styles_and_prints_json(melody, tmp_path, capsys):
    assert run(["accompany", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*style_names(), "chorale"]
    assert run(["accompany", str(melody), "--key", "Bb", "--out", str(tmp_path / "x.mid"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)["details"]
    assert (printed["key"], printed["style"], printed["seed"]) == ("Bb major", "pop", 0)


def test_what_is_wrong_is_one_sentence(melody, tmp_path, capsys):
    accompany = "accompany", str(melody)
    assert "There is no melody" in refused(capsys, "accompany")
    assert "There is no style 'bosa'" in refused(capsys, *accompany, "--style", "bosa")
    assert "'Hm' is no chord" in refused(capsys, *accompany, "--chords", "Hm")
    assert "'H' is no key" in refused(capsys, *accompany, "--key", "H")
    assert "There is no such file" in refused(capsys, "accompany", str(tmp_path / "no.mid"))
    assert "--save-style is mine.txt; give a name that ends in .toml" in refused(
        capsys, *accompany, "--save-style", "mine.txt"
    )
    out = str(tmp_path / "x.mid")
    assert "is a score" in refused(capsys, *accompany, "--instrument", "x.sf2", "--out", out)
    (tmp_path / "alone").mkdir()
    assert "holds no scores" in refused(capsys, *accompany, "--learn-from", str(tmp_path / "alone"))
    (tmp_path / "alone" / "tune.mid").write_bytes(melody.read_bytes())
    assert "No score has a bass" in refused(capsys, *accompany, "--learn-from", str(tmp_path / "alone"))
    with pytest.raises(BadFolder):
        wavewright.accompany(melody, tmp_path / "missing" / "x.mid")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "tune.mid"]


@pytest.mark.filterwarnings("ignore::wavewright.base.errors.SoundWarning")
def test_a_recording_keeps_its_tags_with_an_accompaniment_and_its_level_is_named(melody, tmp_path, capsys):
    recording = wavewright.render(melody, out=tmp_path / "played.wav", quiet=True).out
    clip = Clip.read(recording)
    tags = {"title": "At dawn", "artist": "Ann", "comment": "first take", "replaygain_track_gain": "-3.20 dB"}
    clip.write(tmp_path / "take.flac", metadata=SoundMetadata(fields_of(tags)))
    out = tmp_path / "both.flac"
    assert run(["accompany", str(tmp_path / "take.flac"), "--out", str(out), "--quiet"]) == 0
    written = dict(open_sound(out).metadata.fields)
    assert {name.lower(): written[name] for name in written if name.lower() in tags} == {
        name: text for name, text in tags.items() if name != "replaygain_track_gain"
    }
    assert "Left out: the tag 'replaygain_track_gain'." in " ".join(capsys.readouterr().err.split())
