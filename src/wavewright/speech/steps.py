"""The steps of a speech plan: pieces that are spoken at once, pauses, marks and waiting for text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.units import db_to_gain
from ..contracts.runtime import Controls
from ..text.sentence import NO_WORD, PAUSES, Sentence, Word
from ..text.ssml import Duration
from .prosody import LIMITS, Prosody

MIN_PAUSES = 0.01  # smallest factor whose inverse is a rate


@dataclass(frozen=True)
class Piece:
    """Words that one voice speaks at once.

    - ``prosody``: prosody of each word.
    - ``pause_seconds``: silence after the last phone; 0 if a `Pause` follows.
    - ``voice``: name of another voice that speaks the piece.
    - ``marks``: name of each mark and the index of the word after it.
    - ``clause_seconds``: length of the pauses at commas and semicolons within it; None as the acoustic model predicts
      them.
    - ``duration``: of the stretch of text that it belongs to, with all its pieces.
    """

    words: tuple[Word, ...]
    prosody: tuple[Prosody, ...]
    pause_seconds: float
    voice: str | None = None
    marks: tuple[tuple[str, int], ...] = ()
    clause_seconds: float | None = None
    duration: Duration | None = None

    @property
    def sentence(self) -> Sentence:
        """The words as a sentence, which has the symbols for an acoustic model."""
        return Sentence(self.words)

    def controls(self) -> tuple[Controls, np.ndarray]:
        """Return the controls of each symbol, and its gain ``(symbols,)``.

        Symbols between words have the prosody of the word before; the rate of punctuation also scales its pause.
        """
        sentence = self.sentence
        last, rows = self.prosody[0], []
        for word in sentence.word_indices:
            last = last if word == NO_WORD else self.prosody[word]
            rows.append(last)
        controls = Controls(
            [
                row.combine(_pause_rate(row.pauses)).rate if symbol in PAUSES else row.rate
                for symbol, row in zip(sentence.symbols, rows, strict=True)
            ],
            *([getattr(row, name) for row in rows] for name in ("pitch", "pitch_range", "energy")),
        )
        return controls, db_to_gain(np.array([row.volume_db for row in rows]))


@dataclass(frozen=True)
class Pause:
    """Exact silence of a length in seconds."""

    seconds: float


@dataclass(frozen=True)
class Mark:
    """An SSML mark between pieces."""

    name: str


@dataclass(frozen=True)
class Waiting:
    """Further text has not come yet."""


Step = Piece | Pause | Mark | Waiting


def _pause_rate(pauses: float) -> Prosody:
    """Return the rate at which a pause is `pauses` times as long, clipped to the limits of rates."""
    slowest, fastest = LIMITS["rate"]
    return Prosody(rate=min(max(1 / max(pauses, MIN_PAUSES), slowest), fastest))
