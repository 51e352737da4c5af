"""Pieces that a composer writes for an audit: its own, and continuations of the first bars of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..base.errors import BadSetting
from ..contracts.composition import CompositionSettings, ScoreComposer
from ..music.bars import bars_of
from ..music.score import Score, Track
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
