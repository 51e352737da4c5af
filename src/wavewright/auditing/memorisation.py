"""Memorisation by a model: training material that it predicts far better than other material; verdicts on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .recitation import SIGNIFICANCE, Share, p_value

RECITES, SUSPICIOUS, CLEAR = "recites", "look at the pairs", "no recitation found"


def verdict_of(share: Share, p_value: float) -> str:
    """Return the verdict on so many copies, and the p-value of their number beside that of held-out material."""
    if not share.n_near:
        return CLEAR
    return RECITES if p_value < SIGNIFICANCE else SUSPICIOUS


def worst_of(verdicts: Iterable[str]) -> str:
    """Return the worst verdict; CLEAR for none."""
    given = set(verdicts)
    return next((verdict for verdict in (RECITES, SUSPICIOUS) if verdict in given), CLEAR)


MEMORISED_FRACTION = 0.04
"""Loss over the median loss of held-out material, up to which a recording or score is memorised."""


@dataclass(frozen=True)
class Scored:
    """A recording or score, and its loss under a model: from 0, for what it predicts exactly."""

    path: Path
    loss: float


@dataclass(frozen=True)
class MemorisedOne:
    """A training recording or score that a model predicts far better than held-out ones."""

    path: Path  # its file
    fraction: float  # its loss over the median loss of held-out ones

    def __str__(self) -> str:
        return f"{self.path}: {100 * self.fraction:.2g} % of the usual loss"


@dataclass(frozen=True)
class Memorisation:
    """Training material that a model knows by heart, whether or not it generates it.

    - ``usual_loss``: median loss of held-out recordings or scores.
    - ``share``, ``held_out``: training, and held-out ones, whose loss is at most MEMORISED_FRACTION of that.
    - ``p_value``: of the difference, by Fisher's exact test.
    - ``lowest``: lowest loss of a training one over the median of held-out ones.
    - ``memorised``: the training ones up to the limit, lowest loss first.
    """

    usual_loss: float
    share: Share
    held_out: Share
    p_value: float
    lowest: float
    memorised: tuple[MemorisedOne, ...]

    @property
    def verdict(self) -> str:
        """RECITES, SUSPICIOUS or CLEAR."""
        return verdict_of(self.share, self.p_value)


def memorisation_of(train: Sequence[Scored], held_out: Sequence[Scored]) -> Memorisation:
    """Return which training recordings or scores a model has memorised, by their losses and those of others."""
    usual = float(np.median([each.loss for each in held_out]))
    found, others = (
        [MemorisedOne(each.path, each.loss / usual if usual > 0 else 1.0) for each in group]
        for group in (train, held_out)
    )
    share, held_out_share = (
        Share(sum(one.fraction <= MEMORISED_FRACTION for one in group), len(group)) for group in (found, others)
    )
    ordered = sorted(found, key=lambda one: one.fraction)
    return Memorisation(
        usual_loss=usual,
        share=share,
        held_out=held_out_share,
        p_value=p_value(share, held_out_share),
        lowest=ordered[0].fraction,
        memorised=tuple(ordered[: share.n_near]),
    )
