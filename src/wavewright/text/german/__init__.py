"""German text to phones: normalisation, a pronouncing dictionary, compounds, a letter-to-sound model."""

from __future__ import annotations

from collections.abc import Iterator

from ..ipa_front_end import IpaFrontEnd
from ..lexicon import Lexicon
from ..reading import Report
from ..say_as import SayAs
from ..tokens import Token
from . import signs
from .phones import SYMBOLS, phones_of_ipa
from .pronounce import composed, known, phones_of, plain
from .say_as import SAY_AS
from .scanner import GermanScanner
from .tokens import GermanTokenReader

MIN_COMPOSED = 6
"""Letters of the shortest word that counts as known because it is made of known words."""


class GermanFrontEnd(IpaFrontEnd):
    """Front end of German: text to sentences of words and phones."""

    LANGUAGE = "German"
    symbols = SYMBOLS

    def __init__(self, language: str = "de") -> None:
        """Make the front end; all regions of ``language`` are read in the same way."""
        self.language = "de"

    def _phones_of_ipa(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _say_as(self) -> SayAs:
        return SAY_AS

    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> GermanScanner:
        return GermanScanner(GermanTokenReader(text, _is_known, lexicon, report))

    def _name_of_sign(self, sign: str) -> list[str]:
        return signs.name_of(sign)

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        for index, token in enumerate(tokens):
            is_noun = index > 0 and text[token.start].isupper() and len(token.words) == 1
            for number, word in enumerate(token.words):
                phones = token.phones or (lexicon.get(word) if lexicon else None)
                yield token, number, word.lower(), phones or phones_of(word, is_noun)


def _is_known(word: str) -> bool:
    word = plain(word)
    return known(word) is not None or (len(word) >= MIN_COMPOSED and composed(word) is not None)
