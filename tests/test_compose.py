"""The command compose: files, options, and what it refuses."""

from __future__ import annotations

import pytest
import soundfile
from tiny_families import trained

import wavewright
from wavewright.apps.cli import run
from wavewright.base.errors import BadModel, BadScore, BadSetting
from wavewright.music.formats import write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.tasks.compose import compose
from wavewright.tasks.compose_by_rule import compose_by_rule
from wavewright.tasks.revise import revise


@pytest.fixture(scope="module")
def composer():
    return str(trained("composer").out)


@pytest.fixture
def piece(composer, tmp_path):
    path = tmp_path / "piece.mid"
    compose(composer, path, bars=3, metre="3/4", tempo=90, seed=1)
    return path


def test_a_score_has_its_bars_and_tempo(composer, piece, tmp_path):
    score = wavewright.read_score(piece)
    assert score.length == 3 * 3 * score.ticks_per_quarter
    assert tuple(score.metres[0])[1:3] == (3, 4)
    compose(composer, tmp_path / "again.mid", bars=3, metre="3/4", tempo=90, seed=1)
    assert (tmp_path / "again.mid").read_bytes() == piece.read_bytes()


def test_a_score_is_continued_in_its_own_tempo_and_metre(composer, piece, tmp_path):
    longer = revise(composer, piece, tmp_path / "longer.mid", bars=2)
    assert longer.details["bars"] == 5
    score = wavewright.read_score(tmp_path / "longer.mid")
    assert round(60e6 / score.tempos[0]["us_per_quarter"]) == 90


@pytest.mark.parametrize("option", [{"infill": "2:3"}, {"infill": "2"}, {"voices": "voice 2"}, {"vary": 0.5}])
def test_a_score_is_changed(composer, piece, tmp_path, option):
    changed = revise(composer, piece, tmp_path / "changed.mid", seed=4, **option)
    assert changed.details["bars"] == 3
    assert (tmp_path / "changed.mid").read_bytes() != piece.read_bytes()


def test_a_form_says_how_many_bars_a_piece_has(composer, tmp_path):
    assert compose(composer, tmp_path / "a.mid", form="ABA").details["bars"] == 24
    assert compose(composer, tmp_path / "b.mid", form="ABA", bars=6).details["bars"] == 6
    (tmp_path / "plan.toml").write_text('[[sections]]\nletter = "A"\nbars = 5\n', encoding="utf-8")
    assert compose(composer, tmp_path / "c.mid", plan=tmp_path / "plan.toml").details["bars"] == 5


def test_a_score_is_written_as_sound(composer, tmp_path):
    made = compose(composer, tmp_path / "piece.wav", bars=1, quiet=True, seed=2)
    sound = soundfile.info(tmp_path / "piece.wav")
    assert sound.duration > 2
    assert (made.files[0].seconds, made.files[0].n_channels) == (
        pytest.approx(sound.duration, abs=0.01),
        sound.channels,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metre": "5"}, "'5' is no metre"),
        ({"smallest_note": 3}, "smallest note is 3"),
        ({"key": "H"}, "'H' is no key"),
        ({"pitches": "C4-G5"}, "no range of pitches"),
        ({"pitches": "C-1..D-1"}, "No note of the model keeps the constraints"),
        ({"chords": "C Q"}, "'Q' is no chord"),
        ({"bars": 0}, "bars is 0"),
        ({"form": "AB", "plan": "x.toml"}, "plan and form exclude each other"),
        ({"plan": "x.toml", "bars": 4}, "plan and bars exclude each other"),
        ({"form": "AB", "bars": 3}, "3 bars do not divide into the 2 sections"),
    ],
)
def test_wrong_options_are_refused(composer, tmp_path, options, message):
    with pytest.raises(BadSetting, match=message):
        compose(composer, tmp_path / "out.mid", **options)
    assert not (tmp_path / "out.mid").exists()


def test_a_score_is_revised_in_one_way_at_a_time(composer, piece, tmp_path):
    for options, named in (
        ({"vary": 0.2, "infill": "1:2"}, "infill and vary"),
        ({"bars": 4, "vary": 0.2}, "bars and vary"),
    ):
        with pytest.raises(BadSetting, match=f"{named} exclude each other; leave one of them out"):
            revise(composer, piece, tmp_path / "out.mid", **options)
    assert not (tmp_path / "out.mid").exists()


def test_chords_are_separated_by_spaces_commas_or_bar_lines(composer, tmp_path):
    scores = []
    for index, chords in enumerate(("C Am F", "C,Am , F", "| C | Am | F |")):
        compose(composer, tmp_path / f"{index}.mid", bars=3, chords=chords, seed=6)
        scores.append((tmp_path / f"{index}.mid").read_bytes())
    assert scores[0] == scores[1] == scores[2]


def test_voices_are_named_in_any_case(composer, piece, tmp_path):
    revise(composer, piece, tmp_path / "changed.mid", voices="VOICE 1, Voice 2")
    with pytest.raises(BadSetting, match="no voice 'alto'"):
        revise(composer, piece, tmp_path / "other.mid", voices="Alto")


def test_wrong_files_are_refused(composer, piece, tmp_path):
    with pytest.raises(BadSetting, match=r"ends with '\.txt'; scores are written to \.mid"):
        compose(composer, tmp_path / "out.txt")
    with pytest.raises(BadScore, match="There is no such file"):
        revise(composer, tmp_path / "none.mid", tmp_path / "out.mid")
    with pytest.raises(BadSetting, match="'2:x' are no bars"):
        revise(composer, piece, tmp_path / "out.mid", infill="2:x")
    with pytest.raises(BadModel, match="which composes no scores; give a composer"):
        compose("drums", tmp_path / "out.mid")


def test_the_command_names_file_bars_and_seed(composer, tmp_path, capsys):
    out = tmp_path / "piece.mid"
    assert run(["compose", composer, "--bars", "2", "--seed", "5", "--out", str(out)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{out}: ")
    assert second.startswith("  2 bars, ")
    assert second.endswith("seed 5")


def folder_of_scores(folder, kind):
    """Write scores of one kind, whose notes repeat every bar, and return their folder."""
    folder.mkdir()
    scale = (0, 2, 4, 5, 7, 9, 11, 12)
    for number in range(4):
        melody = Track(notes_of([(240 * i, 240, 60 + number + scale[i * 3 % 8], 80) for i in range(32)]))
        low = Track(notes_of([(480 * i, 480, 48 + number + scale[i % 4], 80) for i in range(16)]), channel=1)
        triads = [(960 * i, 960, 48 + number + tone, 60) for i in range(8) for tone in (0, 4, 7)]
        drums = [(240 * i, 60, (36, 42, 38, 42)[i % 4], 90) for i in range(32)]
        tracks = {
            "voices": (melody, low),
            "lead-sheet": (melody, Track(notes_of(triads), channel=1)),
            "drums": (Track(notes_of(drums), is_drum=True, channel=9),),
        }
        write_score(Score(tracks[kind]), folder / f"{number}.mid")
    return folder


@pytest.mark.parametrize(
    "kind",
    [
        "voices",
        "lead-sheet",
        "drums",
    ],
)
def test_a_folder_of_scores_becomes_a_model_by_the_commands(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of_scores(tmp_path / "midi", kind)
    settings = ["training.steps=2", "training.batch_size=2", "training.threads=1", "data.crop_steps=16"]
    options = [word for setting in settings for word in ("--set", setting)]
    assert run(["train", "midi", "--family", "composer", "--size", "tiny", "--out", "mine", *options]) == 0
    assert run(["compose", "mine", "--bars", "2", "--out", "piece.mid"]) == 0
    score = wavewright.read_score("piece.mid")
    names = {"voices": ["voice 1", "voice 2"], "lead-sheet": ["melody", "chords"], "drums": ["drums"]}
    assert [track.name for track in score.tracks] == names[kind]
    if kind == "drums":
        assert set(score.tracks[0].notes["pitch"]) <= {36, 38, 42, 46, 41, 45, 48, 49, 51}
        assert score.tracks[0].is_drum
        for limit in (["--key", "D"], ["--pitches", "C4..C5"], ["--chords", "C"]):
            assert run(["compose", "mine", *limit]) == 2
    assert run(["compose", "mine", "--bars", "1", "--seed", "3", "--out", "piece.wav", "--quiet"]) == 0
    assert soundfile.info("piece.wav").duration > 2


class TestRules:
    def test_a_piece_by_rules_has_what_was_asked_for(self, tmp_path):
        result = compose_by_rule(
            "band", out=tmp_path / "p.mid", key="D", bars=12, metre="3/4", tempo=91, form="ABA", seed=3
        )
        assert (result.details["bars"], result.by, result.details["voices"]) == (
            12,
            "the rule band",
            ("melody", "arpeggio", "bass", "drums"),
        )
        score = wavewright.read_score(tmp_path / "p.mid")
        assert tuple(score.metres[0])[1:3] == (3, 4)
        assert round(60e6 / score.tempos[0]["us_per_quarter"]) == 91
        assert all(
            set(track.notes["pitch"] % 12) <= {2, 4, 6, 7, 9, 11, 1} for track in score.tracks if not track.is_drum
        )

    def test_a_file_is_a_rule_and_a_folder_is_learned(self, piece, tmp_path):
        rule = tmp_path / "mine.toml"
        rule.write_text('title = "Mine"\nbars = 4\n[[voices]]\nrule = "markov"\n', encoding="utf-8")
        result = compose_by_rule(str(rule), learn_from=piece.parent, out=tmp_path / "p.mid")
        assert (result.details["bars"], result.by) == (4, "the rule mine")

    def test_every_rule_is_listed(self, capsys):
        assert run(["compose-by-rule"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) >= 20
        assert any(line.startswith("counterpoint-5 ") for line in lines)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"rule": "nothing"}, "no rule 'nothing'"),
            ({"rule": "band", "bars": 13}, "do not divide"),
        ],
    )
    def test_refuses(self, options, message, tmp_path):
        with pytest.raises(BadSetting, match=message):
            compose_by_rule(out=tmp_path / "p.mid", **options)
        assert not (tmp_path / "p.mid").exists()
