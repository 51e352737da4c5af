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
from wavewright.apps.cli import run
from wavewright.auditing.memorisation import CLEAR, RECITES
from wavewright.auditing.score_examination import GIVEN_BARS, beginning_of, continued_pieces
from wavewright.auditing.score_recitation import (
    CHAIN,
    COMPOSED,
    CONTINUED,
    HELD_OUT,
    MIN_NOTES,
    NoteChain,
    WrittenPieces,
    score_recitation,
)
from wavewright.auditing.score_runs import FIGURE_NOTES, RunIndex, ScorePiece, figures_of, n_new_notes, voices_of
from wavewright.contracts.composition import ScoreComposer
from wavewright.contracts.scoring import ScoreScorer
from wavewright.families import loading
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


def is_part(run, voice) -> bool:
    return any(voice[start : start + len(run)] == run for start in range(len(voice) - len(run) + 1))


def runs_by_definition(voice, others) -> set:
    """Return the first and last event of each run of a voice that others have, and that cannot be made longer."""
    common = [
        (first, last)
        for first, last in itertools.combinations(range(len(voice) + 1), 2)
        if any(is_part(voice[first:last], other) for each in others for other in each)
    ]
    return {(a, b) for a, b in common if not any((c, d) != (a, b) and c <= a and b <= d for c, d in common)}


@pytest.mark.parametrize("n_symbols", [2, 3, 6])
def test_common_runs_are_those_of_the_definition(n_symbols):
    rng = np.random.default_rng(n_symbols)

    def random_voices():
        return [tuple(rng.integers(0, n_symbols, rng.integers(0, 12)).tolist()) for _ in range(2)]

    for _ in range(40):
        others, voices = [random_voices() for _ in range(3)], random_voices()
        index = RunIndex(others)
        runs = list(index.runs(voices))
        for number, voice in enumerate(voices):
            spans = {(run.note, run.note + run.n_notes - 1) for run in runs if run.voice == number}
            assert spans == runs_by_definition(voice, others)
        for found in runs:
            part = voices[found.voice][found.note : found.note + found.n_notes - 1]
            assert found.events(voices) == part
            expected = [number for number, each in enumerate(others) if any(is_part(part, voice) for voice in each)]
            assert index.sources(found, voices) == expected


def test_notes_that_repeat_a_figure_do_not_count():
    rng = np.random.default_rng(0)
    assert n_new_notes(tuple(range(20))) == 21
    assert n_new_notes((1, 2, 3) * 9) == 1 + FIGURE_NOTES + 3
    figure = tuple(rng.permutation(12).tolist())
    assert n_new_notes(figure * 3) == 1 + FIGURE_NOTES + 12
    assert n_new_notes(figure * 3) == n_new_notes(figure * 8)
    assert n_new_notes(tuple(range(20)), figures_of([tuple(range(12))])) == 1 + 8
    assert n_new_notes(tuple(range(20)), figures_of([tuple(range(100, 120))])) == 21
    for _ in range(20):  # a longer run never counts less
        run = tuple(rng.integers(0, 3, 30).tolist())
        assert n_new_notes(run[3:27]) <= n_new_notes(run) <= 31


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


def compared(written, training, held_out):
    return score_recitation([WrittenPieces(COMPOSED, pieces(written), held_out)], training, seed=0)


def test_copies_are_found_and_independent_pieces_are_not():
    training, held_out = pieces(map(tune, range(30))), pieces(map(tune, range(100, 120)))
    copies = [tune(3, semitones=5), tune(7), tune(7, semitones=-2)]
    found = compared([*copies, *map(tune, range(200, 203))], training, held_out)
    (comparison,) = found.comparisons
    assert (comparison.share.n_near, comparison.share.n_clips, comparison.usual.n_near) == (3, 6, 0)
    assert comparison.p_value == pytest.approx(20 / 2_600)  # three of six, none of twenty
    assert found.verdict == RECITES
    assert {(run.source.stem, run.n_notes) for run in found.copies} == {("3", 40), ("7", 40)}
    clear = compared(map(tune, range(200, 220)), training, held_out)
    assert (clear.verdict, clear.comparisons[0].share.n_near, clear.limit) == (CLEAR, 0, MIN_NOTES - 1)
    assert clear.comparisons[0].baseline == HELD_OUT
    assert compared(map(tune, range(200, 220)), training, []).comparisons[0].baseline == CHAIN


def joined(*seeds) -> Score:
    """Return a melody that has one tune after another."""
    parts, start = [], 0
    for seed in seeds:
        notes = tune(seed).tracks[0].notes.copy()
        notes["start"] += start
        start = int(notes["start"][-1] + notes["duration"][-1])
        parts.append(notes)
    return Score((Track(np.concatenate(parts), "melody"),))


def test_every_score_that_a_piece_repeats_is_named():
    training, held_out = pieces(map(tune, range(10))), pieces(map(tune, range(100, 120)))
    found = compared([joined(*range(6)), joined(2, 300, 6), *map(tune, range(200, 206))], training, held_out)
    assert (found.comparisons[0].share.n_near, len(found.longest)) == (2, 8)
    assert {run.source.stem for run in found.copies} == set("0123456")
    assert {run.n_notes for run in found.copies} <= {40, 41}  # an interval to the next tune may be in both
    twice = pieces([*map(tune, range(4)), tune(3, semitones=1)])
    assert {run.source.stem for run in compared([tune(3)], twice, []).copies} == {"3", "4"}


def test_a_bar_that_is_repeated_is_no_copy():
    def pattern(seed, n_bars=16):
        rng = np.random.default_rng(seed)
        bar = [(480 * beat, 60, int(rng.choice([36, 38, 42])), 80) for beat in range(4)]
        rows = [(1_920 * n + start, *rest) for n in range(n_bars) for start, *rest in bar]
        return Score((Track(notes_of(rows), is_drum=True),))

    training = pieces(pattern(seed) for seed in range(20))
    found = compared([pattern(3)], training, pieces([pattern(4)]))
    assert [comparison.share.n_near for comparison in found.comparisons] == [0]
    assert found.longest[0].n_notes == 4 + FIGURE_NOTES + 1


def test_the_first_bars_are_given_and_do_not_count():
    score = tune(5, 60)
    given = beginning_of(score, 1_920 * GIVEN_BARS)
    notes = given.tracks[0].notes
    assert given.length == 1_920 * GIVEN_BARS
    assert (notes["start"] + notes["duration"]).max() == given.length
    assert np.array_equal(notes["pitch"], score.tracks[0].notes["pitch"][: len(notes)])

    class Memory(Reciter):
        def continue_score(self, score, bars=16, settings=None):
            known = {int(tune(seed, 60).tracks[0].notes["pitch"][0]): tune(seed, 60) for seed in self.seeds}
            whole = known[int(score.tracks[0].notes["pitch"][0])]
            return beginning_of(whole, 1_920 * (GIVEN_BARS + bars))

    training = pieces(tune(seed, 60) for seed in range(5, 8))
    continued = list(continued_pieces(Memory([5, 6, 7]), [*training, *pieces([tune(1, 20)])], 0, lambda done: None))
    assert len(continued) == 3  # four bars and no four more: left out
    written = [WrittenPieces(COMPOSED, pieces([tune(200)]), []), WrittenPieces(CONTINUED, continued, [])]
    found = score_recitation(written, training, seed=0)
    assert len(found.copies) == 3
    for number, piece in enumerate(continued):
        (copy,) = (each for each in found.copies if each.source.stem == str(number))
        n_notes, n_given = (len(score.tracks[0].notes) for score in (piece.score, piece.given))
        assert copy.n_notes == n_notes - n_given + 1


# -------------------------------------------------------------------------------------------------------- the command


class Reciter(ScoreComposer, ScoreScorer):
    """A composer whose pieces are tunes of some seeds, in other keys; its loss is lower for tunes that it knows."""

    loss_name = "nats"
    voices = ("melody", "bass")

    def __init__(self, seeds, known_loss=0.5):
        self.seeds, self.known_loss = list(seeds), known_loss
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

    infill = replace_voices = vary = None

    def continue_score(self, score, bars=16, settings=None):
        return joined(201)

    def loss_of_score(self, score):
        pitches = score.tracks[0].notes["pitch"]
        known = [tune(seed).tracks[0].notes["pitch"] for seed in range(24)]
        return self.known_loss if any(np.array_equal(pitches, each) for each in known) else 2.0


@pytest.fixture
def scores(tmp_path, monkeypatch):
    """Training and held-out tunes, one of them twice, and a function that makes the composer of some seeds."""
    for name, seeds in (("train", range(24)), ("held", range(100, 124))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            write_score(tune(seed), tmp_path / name / f"{seed}.mid")
    write_score(tune(7, semitones=2), tmp_path / "train" / "again.mid")
    monkeypatch.setattr(loading, "family_of", lambda card, path: COMPOSER)

    def use(seeds, known_loss=0.5):
        monkeypatch.setattr(loading, "load", lambda name: Reciter(seeds, known_loss))

    return tmp_path, use


def test_a_composer_that_recites_is_found(scores, capsys):
    folder, use = scores
    use([3, 7, 11, 200, 201])
    call = ["audit", "tunes", str(folder / "train"), "--held-out", str(folder / "held"), "--count", "20", "--quiet"]
    assert run([*call, "--fail", "--html", str(folder / "audit.html")]) == 1
    text = capsys.readouterr().out
    assert "Yes: runs of 4 training pieces come back." in text
    assert "25 scores" in text
    assert "1 of them copies of others" in text
    assert "The card names 40 training clips, and the folder has 25" in text
    assert "AUC 0.9" in text or "AUC 1.0" in text
    page = (folder / "audit.html").read_text()
    assert "Recitation: recites." in page
    assert run([*call, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["details"]["recitation"]
    assert f"here, more than {data['limit']} notes" in page
    assert [each["kind"] for each in data["comparisons"]] == [COMPOSED, CONTINUED]
    assert data["comparisons"][0]["share"] == {"n_near": 12, "n_clips": 20}
    assert data["comparisons"][1]["share"]["n_near"] == 0
    assert {Path(each["source"]).stem for each in data["copies"]} == {"3", "7", "11", "again"}


def test_a_composer_that_does_not_recite_is_clear(scores):
    folder, use = scores
    use(range(200, 220))
    report = wavewright.audit("tunes", folder / "train", folder / "held", count=20, fail=True, quiet=True)
    assert report.recitation.verdict == CLEAR
    assert report.exit_code == 0
    alone = wavewright.audit("tunes", folder / "train", count=20, quiet=True)
    assert {each.baseline for each in alone.recitation.comparisons} == {CHAIN}
    assert "give --held-out" in " ".join(alone.notes)


def test_scores_that_are_known_by_heart_are_named(scores):
    folder, use = scores
    use(range(200, 220), known_loss=0.02)
    report = wavewright.audit("tunes", folder / "train", folder / "held", count=30, fail=True, quiet=True)
    assert report.recitation.verdict == CLEAR
    assert (report.verdict, report.exit_code) == (RECITES, 1)
    memorisation = report.membership.memorisation
    assert {one.path.stem for one in memorisation.memorised} == set(map(str, range(24)))
    assert "KNOWN" in str(report)
    assert "1 % of the usual loss" in str(report)


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
        assert f"leave {option} out" in message


@pytest.mark.uses("composer")
def test_a_bundled_composer_has_likelihoods(tmp_path):
    composer = loading.load_composer("folk-tunes")
    composed = composer.compose(2)
    assert isinstance(composer, ScoreScorer)
    assert 0 < composer.loss_of_score(composed) < composer.loss_of_score(tune(1))
