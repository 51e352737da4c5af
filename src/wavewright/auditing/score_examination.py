"""The parts of an audit of a composer, over its training and held-out scores."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting, ScoreWarning
from ..base.result import Failed
from ..contracts.composition import CompositionSettings, ScoreComposer
from ..contracts.scoring import ScoreScorer
from ..data.scores import scan_scores
from ..music.bars import bars_of
from ..music.formats import read_score
from ..music.score import Score, Track
from .examination import Show, membership_or_reason
from .membership import Membership
from .memorisation import Scored
from .score_recitation import COMPOSED, CONTINUED, ScoreRecitation, WrittenPieces, score_recitation
from .score_runs import ScorePiece

BARS = 16
"""Of a composed piece, and most of a continuation."""

GIVEN_BARS = 4
"""Of a score, to be continued."""

MIN_CONTINUED_BARS = 4
"""Fewest bars of a score after those that are given."""


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


def continued_pieces(
    composer: ScoreComposer, pieces: Sequence[ScorePiece], seed: int, show: Callable[[float], None]
) -> Iterator[ScorePiece]:
    """Yield what a composer continues the first bars of pieces with; those that are too short are left out."""
    for number, piece in enumerate(pieces):
        bars = bars_of(piece.score)
        n_bars = min(len(bars) - GIVEN_BARS, BARS)
        if n_bars >= MIN_CONTINUED_BARS:
            given = beginning_of(piece.score, bars[GIVEN_BARS].start)
            try:
                continued = composer.continue_score(given, n_bars, CompositionSettings(seed=seed))
            except BadSetting:  # nothing in the first bars that the model composes
                continue
            end = continued.length - n_bars * bars_of(continued)[-1].length
            yield ScorePiece(f"continuation of {piece.name}", continued, given=beginning_of(continued, end))
        show(number + 1)


def beginning_of(score: Score, end: int) -> Score:
    """Return a score up to a tick: its notes, chords and metres."""
    return replace(
        score,
        tracks=tuple(_track_until(track, end) for track in score.tracks),
        tempos=score.tempos[score.tempos["tick"] < end],
        metres=score.metres[score.metres["tick"] < end],
        bar_lines=score.bar_lines[score.bar_lines <= end],
        keys=score.keys[score.keys["tick"] < end],
        chords=tuple(chord for chord in score.chords if chord.tick < end),
        metas=(),
        length=end,
    )


def _track_until(track: Track, end: int) -> Track:
    notes = track.notes[track.notes["start"] < end].copy()
    notes["duration"] = np.minimum(notes["duration"], end - notes["start"])
    return Track(notes, track.name, track.is_drum, track.channel, track.port)


def _bar_steps(score: Score) -> int:
    """Return the sixteenths of a bar of the first metre, within what a composer takes."""
    if not len(score.metres):
        return 16
    numerator, denominator = int(score.metres["numerator"][0]), int(score.metres["denominator"][0])
    return min(max(16 * numerator // denominator, 4), 64)


@dataclass(frozen=True)
class ScoreMaterial:
    """Scores of an audit: those that the composer may have learned from, others, and files that were left out."""

    training: tuple[ScorePiece, ...]
    held_out: tuple[ScorePiece, ...]
    failed: tuple[Failed, ...]

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
    return ScoreMaterial(pieces[0], pieces[1] if held_out is not None else (), scans[0].failed)


def examine_scores(
    composer: ScoreComposer, material: ScoreMaterial, count: int, seed: int, show: Show
) -> tuple[ScoreRecitation, Membership | str]:
    """Return what a composer repeats of its training pieces, and how well its loss tells them from others.

    It composes, continues and scores ``count`` pieces each.
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
