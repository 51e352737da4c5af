"""The parts of an audit of a composer, over its training and held-out scores."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting, ScoreWarning
from ..contracts.composition import ScoreComposer
from ..contracts.scoring import ScoreScorer
from ..data.entry import Problem
from ..data.scores import scan_scores
from ..music.formats import read_score
from .examination import Show, membership_or_reason
from .membership import Membership
from .memorisation import Scored
from .score_output import composed_pieces, continued_pieces
from .score_recitation import COMPOSED, CONTINUED, ScoreRecitation, WrittenPieces, score_recitation
from .score_runs import ScorePiece


@dataclass(frozen=True)
class ScoreMaterial:
    """Scores of an audit: those that the composer may have learned from, others, and files that were left out."""

    training: tuple[ScorePiece, ...]
    held_out: tuple[ScorePiece, ...]
    problems: tuple[Problem, ...]

    @property
    def n_different(self) -> int:
        """Number of training pieces with other notes than all before, in any key."""
        return len({tuple(piece.voices) for piece in self.training})


def read_scores_of(folder: Path, held_out: Path | None) -> ScoreMaterial:
    """Read the scores of an audit; raises BadFolder if one of the folders has none."""
    scans = [scan_scores(each) for each in (folder, held_out) if each is not None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        pieces = [
            tuple(ScorePiece(str(entry.path), read_score(entry.path), entry.path) for entry in scan.entries)
            for scan in scans
        ]
    return ScoreMaterial(pieces[0], pieces[1] if held_out is not None else (), scans[0].problems)


def examine_scores(
    composer: ScoreComposer, material: ScoreMaterial, count: int, seed: int, show: Show
) -> tuple[ScoreRecitation, Membership | str]:
    """Return what a composer repeats of its training pieces, and how well its loss tells them from others.

    Parameters
    ----------
    composer
        The composer.
    material
        Scores.
    count
        Pieces to compose, to continue, and to score.
    seed
        Of the pieces.
    show
        Shows progress.
    """
    composed = list(composed_pieces(composer, material.training, count, seed, show("composing", count)))
    continued = [_continued(composer, pieces, count, seed, show) for pieces in (material.training, material.held_out)]
    show("comparing", 0)
    written = [WrittenPieces(COMPOSED, composed, material.held_out)]
    if continued[0]:
        written.append(WrittenPieces(CONTINUED, *continued))
    recitation = score_recitation(written, material.training, seed)
    if not isinstance(composer, ScoreScorer):
        return recitation, f"Membership inference needs a likelihood, which {composer.name} lacks."
    scorer: ScoreScorer = composer

    def losses(pieces: Sequence[ScorePiece], shown: Callable[[float], None]) -> list[Scored]:
        return _losses(scorer, pieces, shown)

    return recitation, membership_or_reason(scorer.loss_name, material.training, material.held_out, count, losses, show)


def _continued(
    composer: ScoreComposer, pieces: Sequence[ScorePiece], count: int, seed: int, show: Show
) -> list[ScorePiece]:
    """Return continuations of so many pieces, drawn by a fixed seed."""
    order = np.random.default_rng(0).permutation(len(pieces))[:count]
    return list(continued_pieces(composer, [pieces[row] for row in order], seed, show("continuing", len(order))))


def _losses(scorer: ScoreScorer, pieces: Sequence[ScorePiece], show: Callable[[float], None]) -> list[Scored]:
    """Return the loss of each piece; those that the model cannot hold are left out."""
    losses = []
    for number, piece in enumerate(pieces):
        try:
            losses.append(Scored(piece.path or Path(piece.name), scorer.loss_of_score(piece.score)))
        except BadSetting:
            continue
        show(number + 1)
    return losses
