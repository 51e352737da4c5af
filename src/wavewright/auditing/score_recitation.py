"""Does a composer recite: the longest runs of notes that its pieces have in common with training pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..contracts.composition import CompositionSettings, ScoreComposer
from ..music.score import Score
from .note_chain import NoteChain
from .recitation import Share, p_value
from .score_runs import NoteRun, NoteSequence, RunIndex, ScorePiece, voices_of
from .verdicts import verdict_of

BARS = 16
"""Of a composed piece."""

MIN_NOTES = 16
"""Fewest notes of a run that counts as a copy; it is also longer than any that a Markov chain of the pieces gives."""

CHAIN = "pieces of a Markov chain"
N_LISTED = 10


@dataclass(frozen=True)
class CopiedRun:
    """The longest run of a piece that a training piece has, too.

    Attributes
    ----------
    piece
        What the piece is, or its file.
    source
        File of the training piece.
    n_notes
        Of the run.
    is_copy
        It is longer than the limit.
    """

    piece: str
    source: Path
    n_notes: int
    is_copy: bool

    def __str__(self) -> str:
        return f"{self.piece} ~ {self.source}: {self.n_notes} notes"


@dataclass(frozen=True)
class ScoreRecitation:
    """Runs of notes of training pieces in composed ones.

    Attributes
    ----------
    limit
        Notes of a run, above which it counts as a copy.
    share, usual
        Composed pieces with such a run, and pieces that the composer has not learned from.
    baseline
        What the latter are.
    p_value
        Of the difference, by Fisher's exact test.
    median_run, usual_run
        Medians of the longest runs of both.
    copies, longest
        Copies, one of each training piece, and the longest runs.
    """

    limit: int
    share: Share
    usual: Share
    baseline: str
    p_value: float
    median_run: float
    usual_run: float
    copies: tuple[CopiedRun, ...]
    longest: tuple[CopiedRun, ...]

    @property
    def verdict(self) -> str:
        """RECITES, SUSPICIOUS or CLEAR."""
        return verdict_of(self.share, self.p_value)


def composed_pieces(
    composer: ScoreComposer, training: Sequence[ScorePiece], count: int, seed: int, show: Callable[[float], None]
) -> Iterator[ScorePiece]:
    """Yield composed pieces of BARS bars, in the metres of training pieces."""
    lengths = [_bar_steps(piece.score) for piece in training]
    drawn = np.random.default_rng(seed).choice(lengths, count)
    for index in range(count):
        settings = CompositionSettings(seed=seed, bar_steps=int(drawn[index]))
        yield ScorePiece(f"piece {index} of seed {seed}", composer.compose(BARS, settings, index))
        show(index + 1)


def score_recitation(
    composed: Sequence[ScorePiece], training: Sequence[ScorePiece], held_out: Sequence[ScorePiece], seed: int
) -> ScoreRecitation:
    """Compare composed pieces with training pieces, and so the held-out ones, or those of a Markov chain without any.

    Parameters
    ----------
    composed, training
        Pieces.
    held_out
        Pieces of the same kind that the composer did not learn from; may be empty.
    seed
        Of the chain.
    """
    learned = [piece.voices for piece in training]
    index = RunIndex(learned)
    drawn = _chain_pieces(NoteChain(learned), [piece.voices for piece in composed], seed)
    chain_runs = [index.longest(voices).n_notes for voices in drawn]
    limit = max([MIN_NOTES, *(n_notes + 1 for n_notes in chain_runs)]) - 1
    found = [_copied(piece, index.longest(piece.voices), training, limit) for piece in composed]
    usual = [index.longest(voices_of(piece.score)).n_notes for piece in held_out] or chain_runs
    share = Share(sum(run.is_copy for run in found), len(found))
    usual_share = Share(sum(n_notes > limit for n_notes in usual), len(usual))
    ordered = sorted(found, key=lambda run: -run.n_notes)
    by_source = {run.source: run for run in reversed(ordered) if run.is_copy}
    return ScoreRecitation(
        limit=limit,
        share=share,
        usual=usual_share,
        baseline="held-out pieces" if held_out else CHAIN,
        p_value=p_value(share, usual_share),
        median_run=float(np.median([run.n_notes for run in found])),
        usual_run=float(np.median(usual)),
        copies=tuple(sorted(by_source.values(), key=lambda run: -run.n_notes)),
        longest=tuple(ordered[:N_LISTED]),
    )


def _chain_pieces(chain: NoteChain, like: Sequence[Sequence[NoteSequence]], seed: int) -> Iterator[list[NoteSequence]]:
    """Yield pieces of a chain with as many notes as others."""
    rng = np.random.default_rng(seed)
    for voices in like:
        yield chain.draw([len(voice) for voice in voices], rng)


def _copied(piece: ScorePiece, run: NoteRun, training: Sequence[ScorePiece], limit: int) -> CopiedRun:
    source = training[run.source]
    return CopiedRun(piece.name, source.path or Path(source.name), run.n_notes, run.n_notes > limit)


def _bar_steps(score: Score) -> int:
    """Return the sixteenths of a bar of the first metre, within what a composer takes."""
    if not len(score.metres):
        return 16
    numerator, denominator = int(score.metres["numerator"][0]), int(score.metres["denominator"][0])
    return min(max(16 * numerator // denominator, 4), 64)
