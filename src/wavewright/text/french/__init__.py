"""French text to phones: normalisation, rules of spelling with a list of words, liaison and stress of groups."""

from __future__ import annotations

from collections.abc import Iterator

from ..ipa_front_end import IpaFrontEnd
from ..lexicon import Lexicon
from ..reading import Report
from ..say_as import SayAs
from ..tokens import Token
from . import codes
from .phones import SYMBOLS, phones_of_ipa
from .pronounce import is_known
from .say_as import FrenchSayAs
from .sentences import pronounced
from .tokens import FrenchScanner, FrenchTokenReader

REGIONS = ("be", "ch")
"""Regions of the BCP 47 tag with numbers of their own: ``septante``, ``nonante``."""


class FrenchFrontEnd(IpaFrontEnd):
    """Front end of French: text to sentences of words and phones."""

    LANGUAGE = "French"
    symbols = SYMBOLS

    def __init__(self, language: str = "fr") -> None:
        """Set the numbers by the region of ``language``: ``fr-BE`` and ``fr-CH`` have their own."""
        region = language.lower().partition("-")[2]
        self._region = region if region in REGIONS else ""
        self.language = f"fr-{region.upper()}" if self._region else "fr"

    def _phones_of_ipa(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _say_as(self) -> SayAs:
        return FrenchSayAs(self._region)

    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> FrenchScanner:
        return FrenchScanner(FrenchTokenReader(text, is_known, lexicon, report, self._region))

    def _name_of_sign(self, sign: str) -> list[str]:
        return codes.name_of(sign)

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        return pronounced(tokens, text, lexicon.get if lexicon else lambda _word: None)
