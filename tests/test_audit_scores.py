"""Audits of composers: common runs of notes are found by definition; planted copies are, independent pieces are not."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import refused

import wavewright
from wavewright import loading
from wavewright.auditing.note_chain import NoteChain
from wavewright.auditing.score_recitation import CHAIN, MIN_NOTES, score_recitation
from wavewright.auditing.score_runs import RunIndex, ScorePiece, voices_of
from wavewright.auditing.verdicts import CLEAR, RECITES
from wavewright.cli import run
from wavewright.contracts.composition import ScoreComposer
from wavewright.contracts.scoring import ScoreScorer
from wavewright.families.composer import COMPOSER
from wavewright.models.card import Card, Source
from wavewright.music.formats import write_score
from wavewright.music.score import Score, Track, notes_of


def tune(seed: int, n_notes: int = 40, semitones: int = 0) -> Score:
    """Return a melody of random pitches and times above one low note; it follows from the seed."""
    rng = np.random.default_rng(seed)
    pitches, steps = rng.integers(60, 80, n_notes), rng.integers(1, 5, n_notes)
    starts = np.concatenate([[0], np.cumsum(steps)[:-1]])
    rows = [
        (120 * int(start), 120 * int(length), int(pitch) + semitones, 80)
        for start, length, pitch in zip(starts, steps, pitches, strict=True)
    ]
    return Score((Track(notes_of(rows), "melody"), Track(notes_of([(0, 480, 40, 80)]), "bass")))


def pieces(scores) -> list[ScorePiece]:
    return [ScorePiece(str(number), score, Path(f"{number}.mid")) for number, score in enumerate(scores)]


def longest_by_definition(voices, others) -> int:
    """Return the notes of the longest run of a voice that is a run of another."""
    best = 0
    for voice in voices:
        for first, last in itertools.combinations(range(len(voice) + 1), 2):
            part = voice[first:last]
            if any(other[i : i + len(part)] == part for each in others for other in each for i in range(len(other))):
                best = max(best, len(part) + 1)
    return best


@pytest.mark.parametrize("n_symbols", [2, 3, 6])
def test_the_longest_common_run_is_that_of_the_definition(n_symbols):
    rng = np.random.default_rng(n_symbols)

    def random_voices():
        return [tuple(rng.integers(0, n_symbols, rng.integers(0, 12)).tolist()) for _ in range(2)]

    for _ in range(40):
        others, voices = [random_voices() for _ in range(3)], random_voices()
        found = RunIndex(others).longest(voices)
        assert found.n_notes == longest_by_definition(voices, others)
        if found.n_notes:
            part = voices[found.voice][found.note : found.note + found.n_notes - 1]
            assert longest_by_definition([part], [others[found.source]]) == found.n_notes


def test_voices_are_the_same_in_any_key_and_resolution():
    score = tune(1)
    moved = tune(1, semitones=-7)
    notes = score.tracks[0].notes.copy()
    notes["start"] *= 2
    notes["duration"] *= 2
    finer = Score((Track(notes, "melody"), score.tracks[1]), ticks_per_quarter=960)
    assert voices_of(score) == voices_of(moved) == voices_of(finer)
    assert len(voices_of(score)[0]) == 39
    drums = notes_of([(0, 60, 36, 80), (0, 60, 42, 80), (240, 60, 42, 80), (480, 60, 38, 80)])
    assert voices_of(Score((Track(drums, is_drum=True),))) == [(((42,), 2), ((38,), 2))]


def test_a_chain_goes_on_as_several_pieces_do():
    chain = NoteChain([[(1, 2, 3, 4, 5)], [(6, 2, 3, 4, 7)]])
    drawn = chain.draw([200, 3], np.random.default_rng(0))
    assert [len(voice) for voice in drawn] == [200]  # no piece has a second voice
    pairs = set(itertools.pairwise(drawn[0]))
    assert {b for a, b in pairs if a == 2} == {3}
    assert {b for a, b in pairs if a == 4} == {5, 7}
    assert len({b for a, b in pairs if a == 1}) > 1  # only one piece has it, so its past is left out


def test_copies_are_found_and_independent_pieces_are_not():
    training, held_out = pieces(map(tune, range(30))), pieces(map(tune, range(100, 120)))
    copies = [tune(3, semitones=5), tune(7), tune(7, semitones=-2)]
    found = score_recitation(pieces([*copies, *map(tune, range(200, 203))]), training, held_out, seed=0)
    assert (found.share.n_near, found.share.n_clips, found.usual.n_near) == (3, 6, 0)
    assert found.p_value == pytest.approx(20 / 2_600)  # three of six, none of twenty
    assert found.verdict == RECITES
    assert {(run.source.stem, run.n_notes) for run in found.copies} == {("3", 40), ("7", 40)}
    clear = score_recitation(pieces(map(tune, range(200, 220))), training, held_out, seed=0)
    assert (clear.verdict, clear.share.n_near, clear.limit) == (CLEAR, 0, MIN_NOTES - 1)
    assert clear.baseline == "held-out pieces"
    assert score_recitation(pieces(map(tune, range(200, 220))), training, [], seed=0).baseline == CHAIN


# -------------------------------------------------------------------------------------------------------- the command


class Reciter(ScoreComposer, ScoreScorer):
    """A composer whose pieces are tunes of some seeds, in other keys; its loss is lower for tunes that it knows."""

    loss_name = "nats"
    voices = ("melody", "bass")

    def __init__(self, seeds):
        self.seeds = list(seeds)
        self.card = Card(
            name="tunes",
            family="composer",
            sample_rate=16_000,
            licence="CC0-1.0",
            sources=[Source(name="a", licence="CC0-1.0", n_clips=40)],
        )
        self.folder = SimpleNamespace(card=self.card, hash="0" * 12, path=Path("tunes"))
        self.labels, self.sample_rate = (), 16_000

    def compose(self, bars=16, settings=None, index=0):
        return tune(self.seeds[index % len(self.seeds)], semitones=index % 5)

    continue_score = infill = replace_voices = vary = None

    def loss_of_score(self, score):
        pitches = score.tracks[0].notes["pitch"]
        known = [tune(seed).tracks[0].notes["pitch"] for seed in range(24)]
        return 0.1 if any(np.array_equal(pitches, each) for each in known) else 2.0


@pytest.fixture
def scores(tmp_path, monkeypatch):
    """Training and held-out tunes, one of them twice, and a function that makes the composer of some seeds."""
    for name, seeds in (("train", range(24)), ("held", range(100, 124))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            write_score(tune(seed), tmp_path / name / f"{seed}.mid")
    write_score(tune(7, semitones=2), tmp_path / "train" / "again.mid")
    monkeypatch.setattr(loading, "family_of", lambda card, path: COMPOSER)

    def use(seeds):
        monkeypatch.setattr(loading, "load", lambda name: Reciter(seeds))

    return tmp_path, use


def test_a_composer_that_recites_is_found(scores, capsys):
    folder, use = scores
    use([3, 7, 11, 200, 201])
    call = ["audit", "tunes", str(folder / "train"), "--held-out", str(folder / "held"), "--count", "20", "--quiet"]
    assert run([*call, "--fail", "--html", str(folder / "audit.html")]) == 1
    text = capsys.readouterr().out
    assert "Yes: runs of 3 training pieces come back." in text
    assert "25 scores" in text
    assert "1 of them copies of others" in text
    assert "The card names 40 training clips, and the folder has 25" in text
    assert "AUC 0.9" in text or "AUC 1.0" in text
    page = (folder / "audit.html").read_text()
    assert "Recitation: recites." in page
    assert run([*call, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["recitation"]
    assert f"here, more than {data['limit']} notes" in page
    assert data["share"] == {"n_near": 12, "n_clips": 20}
    assert {Path(each["source"]).stem for each in data["copies"]} in ({"3", "7", "11"}, {"3", "again", "11"})


def test_a_composer_that_does_not_recite_is_clear(scores):
    folder, use = scores
    use(range(200, 220))
    report = wavewright.audit("tunes", folder / "train", folder / "held", count=20, fail=True, quiet=True)
    assert report.recitation.verdict == CLEAR
    assert report.exit_code == 0
    alone = wavewright.audit("tunes", folder / "train", count=20, quiet=True)
    assert alone.recitation.baseline == CHAIN
    assert "give --held-out" in " ".join(alone.notes)


def test_wrong_calls_for_composers_give_one_sentence(scores, capsys):
    folder, use = scores
    use([3])
    train = str(folder / "train")
    (folder / "empty").mkdir()
    assert "does not exist" in refused(capsys, "audit", "tunes", str(folder / "none"))
    assert "holds no scores" in refused(capsys, "audit", "tunes", str(folder / "empty"))
    assert "holds no scores" in refused(capsys, "audit", "tunes", train, "--held-out", str(folder / "empty"))
    for option in ("--pairs", "--voices", "--manifest"):
        message = refused(capsys, "audit", "tunes", train, option, str(folder / "empty"))
        assert f"{option} is for recordings" in message


@pytest.mark.uses("composer")
def test_a_bundled_composer_has_likelihoods(tmp_path):
    composer = loading.load_composer("folk-tunes")
    composed = composer.compose(2)
    assert isinstance(composer, ScoreScorer)
    assert 0 < composer.loss_of_score(composed) < composer.loss_of_score(tune(1))
