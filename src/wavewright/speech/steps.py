"""The steps of a speech plan: pieces that are spoken at once, pauses, marks and waiting for text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..text.sentence import NO_WORD, PAUSES, Sentence, Word
from .prosody import LIMITS, Prosody

MIN_PAUSES = 0.01  # smallest factor whose inverse is a rate


@dataclass(frozen=True)
class SymbolControls:
    """Prosody of each symbol of a piece, arrays ``(symbols,)``.

    - ``rate``, ``pitch``, ``pitch_range``, ``energy``: factors; 1 is neutral.
    - ``volume_db``: gain in dB.
    """

    rate: np.ndarray
    pitch: np.ndarray
    pitch_range: np.ndarray
    energy: np.ndarray
    volume_db: np.ndarray


@dataclass(frozen=True)
class Piece:
    """Words that one voice speaks at once.

    - ``prosody``: prosody of each word.
    - ``pause_seconds``: silence after the last phone; 0 if a `Pause` follows.
    - ``voice``: name of another voice that speaks the piece.
    - ``marks``: name of each mark and the index of the word after it.
    - ``clause_seconds``: length of the pauses at commas and semicolons within it; None as the acoustic model predicts
      them.
    """

    words: tuple[Word, ...]
    prosody: tuple[Prosody, ...]
    pause_seconds: float
    voice: str | None = None
    marks: tuple[tuple[str, int], ...] = ()
    clause_seconds: float | None = None

    @property
    def sentence(self) -> Sentence:
        """The words as a sentence, which has the symbols for an acoustic model."""
        return Sentence(self.words)

    def controls(self) -> SymbolControls:
        """Return the prosody of each symbol.

        Symbols between words have the prosody of the word before; the rate of punctuation also scales its pause.
        """
        sentence = self.sentence
        rows: list[Prosody] = []
        word = 0
        for symbol, index in zip(sentence.symbols, sentence.word_indices, strict=True):
            word = word if index == NO_WORD else index
            prosody = self.prosody[word]
            rows.append(prosody.combine(_pause_rate(prosody.pauses)) if symbol in PAUSES else prosody)
        return SymbolControls(
            rate=np.array([row.rate for row in rows]),
            pitch=np.array([row.pitch for row in rows]),
            pitch_range=np.array([row.pitch_range for row in rows]),
            energy=np.array([row.energy for row in rows]),
            volume_db=np.array([row.volume_db for row in rows]),
        )


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
