"""Front ends of the languages whose rules of reading are lists; their symbols are signs of IPA."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from ..base.errors import BadText
from .ipa import has_stress
from .lexicon import Lexicon
from .reading import Report, ScanningFrontEnd, shortened
from .rule_scanner import RuleScanner, RuleTokenReader
from .tokens import Token


class RuleFrontEnd(ScanningFrontEnd):
    """Base of these front ends.

    - ``READER``, ``SCANNER``: classes of the reader of tokens and of the scanner.
    """

    READER: ClassVar[type[RuleTokenReader]]
    SCANNER: ClassVar[type[RuleScanner]]

    def phones(self, text: str, alphabet: str = "ipa") -> tuple[str, ...]:
        """Parse the phones of one word, in IPA or in symbols of this front end.

        Raises BadText if they are not phones of the language, or the alphabet is unknown.
        """
        if alphabet not in ("ipa", "x-arpabet"):
            raise BadText(f"The alphabet of phones is {alphabet!r}; in {self.READER.LANGUAGE} it can be 'ipa'.")
        return self.READER.IPA.phones(text, f"The sound {shortened(text)!r}")

    def ipa(self, symbol: str) -> str:
        """Return a phone in IPA, without its stress."""
        return symbol[:-1] if has_stress(symbol) else symbol

    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> RuleScanner:
        return self.SCANNER(self.READER(text, self._is_known, lexicon, report, self._region))

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        for index, token in enumerate(tokens):
            is_noun = index > 0 and text[token.start].isupper() and len(token.words) == 1
            for number, word in enumerate(token.words):
                phones = token.phones or (lexicon.get(word) if lexicon else None)
                yield token, number, word.lower(), phones or self._phones_of(word, is_noun)

    @staticmethod
    @abstractmethod
    def _is_known(word: str) -> bool:
        """Return True for a word that the language has."""

    @abstractmethod
    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        """Return the phones of a word; ``is_noun`` is True for one with a capital within a sentence."""
