"""Italian text to phones: normalisation, stress by a list and by endings, phones by rules of spelling."""

from __future__ import annotations

from collections.abc import Iterator

from ..ipa_front_end import IpaFrontEnd
from ..lexicon import Lexicon
from ..reading import Report
from ..say_as import SayAs
from ..tokens import Token
from . import codes
from .phones import SYMBOLS, phones_of_ipa
from .pronounce import is_known, phones_of
from .say_as import SAY_AS
from .tokens import ItalianScanner, ItalianTokenReader


class ItalianFrontEnd(IpaFrontEnd):
    """Front end of Italian: text to sentences of words and phones."""

    LANGUAGE = "Italian"
    symbols = SYMBOLS

    def __init__(self, language: str = "it") -> None:
        """Make the front end; all regions of ``language`` are read in the same way."""
        self.language = "it"

    def _phones_of_ipa(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _say_as(self) -> SayAs:
        return SAY_AS

    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> ItalianScanner:
        return ItalianScanner(ItalianTokenReader(text, is_known, lexicon, report))

    def _name_of_sign(self, sign: str) -> list[str]:
        return codes.name_of(sign)

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        for token in tokens:
            for number, word in enumerate(token.words):
                phones = token.phones or (lexicon.get(word) if lexicon else None)
                yield token, number, word.lower(), phones or phones_of(word)
