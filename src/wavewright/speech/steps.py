"""The steps of a speech plan: pieces that are spoken at once, pauses, marks and waiting for text."""

from __future__ import annotations

from dataclasses import dataclass

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

    def symbol_prosody(self) -> list[Prosody]:
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
        return rows


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
