"""Lengths of the pauses between sentences, clauses and paragraphs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..base.errors import BadSetting
from .prosody import Prosody

SECONDS = {",": 0.12, ";": 0.22, ".": 0.36, "?": 0.36, "!": 0.36, "": 0.06}
"""Silence after a piece by its last punctuation symbol, the voice's own silence included."""

PARAGRAPH_SECONDS = 0.4
"""Additional silence between paragraphs, and after a heading, which is one; chapters have narration/audiobook.py."""

CLAUSES = (",", ";")
SENTENCES = (".", "?", "!")
MAX_SECONDS = 10.0


@dataclass(frozen=True)
class Pauses:
    """Lengths of pauses in seconds; None for the usual ones, which follow the rate and the style.

    Parameters
    ----------
    sentence : float or None
        Silence after a sentence, 0 to 10 s; usually 0.36 s.
    clause : float or None
        Silence after a comma, a semicolon, a colon or a dash, 0 to 10 s; usually as the voice predicts it.
    paragraph : float or None
        Additional silence between paragraphs, 0 to 10 s; usually 0.4 s.

    Raises
    ------
    BadSetting
        If a length is out of range.
    """

    sentence: float | None = None
    clause: float | None = None
    paragraph: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not 0.0 <= value <= MAX_SECONDS:
                raise BadSetting(f"The {name} pause is {value!r} seconds; it can be 0 to {MAX_SECONDS:g}.")

    def after(self, mark: str, prosody: Prosody) -> float:
        """Return the silence in seconds after a piece that ends with a mark."""
        own = self.clause if mark in CLAUSES else self.sentence if mark in SENTENCES else None
        return SECONDS[mark] * prosody.pauses / prosody.rate if own is None else own

    def between_paragraphs(self, prosody: Prosody) -> float:
        """Return the additional silence in seconds between paragraphs."""
        own = self.paragraph
        return PARAGRAPH_SECONDS * prosody.pauses / prosody.rate if own is None else own

    def override(self, other: Pauses) -> Pauses:
        """Return the lengths with those of another one that are given."""
        return replace(self, **{name: value for name, value in vars(other).items() if value is not None})
