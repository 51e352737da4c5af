"""The verdicts of an audit on recitation."""

from __future__ import annotations

from collections.abc import Iterable

from .recitation import SIGNIFICANCE, Share

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
