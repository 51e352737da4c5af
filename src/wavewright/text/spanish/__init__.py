"""Spanish text to phones: normalisation, and the rules of a spelling that is nearly regular."""

from __future__ import annotations

from collections.abc import Iterator

from ..ipa_front_end import IpaFrontEnd
from ..lexicon import Lexicon
from ..reading import Report
from ..say_as import SayAs
from ..tokens import Token
from .abbreviations import name_of
from .phones import SYMBOLS, phones_of_ipa
from .pronounce import is_known, phones_of
from .say_as import SpanishSayAs
from .scanner import SpanishScanner, SpanishTokenReader

EUROPEAN_REGIONS = ("", "es")
"""Regions of the BCP 47 tag with Castilian θ; all others are read as in America."""


class SpanishFrontEnd(IpaFrontEnd):
    """Front end of Spanish: text to sentences of words and phones."""

    LANGUAGE = "Spanish"
    symbols = SYMBOLS

    def __init__(self, language: str = "es") -> None:
        """Set the dialect by the region of ``language``: with ``es-419`` or ``es-MX``, c and z are [s]."""
        self._is_american = language.lower().partition("-")[2] not in EUROPEAN_REGIONS
        self.language = "es-419" if self._is_american else "es"

    def _phones_of_ipa(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _say_as(self) -> SayAs:
        return SpanishSayAs(self._is_american)

    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> SpanishScanner:
        return SpanishScanner(SpanishTokenReader(text, is_known, lexicon, report, self._is_american))

    def _name_of_sign(self, sign: str) -> list[str]:
        return name_of(sign)

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        for token in tokens:
            for number, word in enumerate(token.words):
                phones = token.phones or (lexicon.get(word) if lexicon else None)
                yield token, number, word.lower(), phones or phones_of(word, not self._is_american)
