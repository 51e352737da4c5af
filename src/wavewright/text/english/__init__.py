"""English text to phones: normalisation, a pronouncing dictionary, a letter-to-sound model, heteronyms in context."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...base.errors import BadText
from ..lexicon import Lexicon
from ..reading import Report, ScanningFrontEnd, shortened
from ..tokens import Token
from .phones import SYMBOLS, ipa_of, phones_of_arpabet, phones_of_ipa
from .pronounce import known, phones_of
from .rules import data_text
from .scanner import Scanner, TokenReader

if TYPE_CHECKING:
    from ..say_as import SayAs
    from .context import SentenceWords

BRITISH_REGIONS = ("gb", "uk", "au", "ie", "in", "nz", "za")
"""Regions of the BCP 47 tag whose numbers and dates are read as in Britain."""

BRITISH_LETTERS = {"Z": "zed", "Zs": "zeds", "Z's": "zed's"}
"""British names of letters, and their plurals and possessives."""


class EnglishFrontEnd(ScanningFrontEnd):
    """Front end of English: text to sentences of words and phones; with ``en-GB``, numbers and dates are British."""

    CODE = "en"
    symbols = SYMBOLS

    def _say_as(self) -> SayAs:
        from .say_as import SAY_AS

        return SAY_AS

    def _dialect_of(self, region: str) -> str:
        return "GB" if region in BRITISH_REGIONS else ""

    def phones(self, text: str, alphabet: str = "x-arpabet") -> tuple[str, ...]:
        """Parse the phones of one word, written in the alphabet ``x-arpabet`` or ``ipa``.

        Raises BadText if they are not phones of English, or the alphabet is unknown.
        """
        where = f"The sound {shortened(text)!r}"
        if alphabet == "ipa":
            return phones_of_ipa(text, where)
        if alphabet in ("x-arpabet", "arpabet", "x-cmu"):
            return phones_of_arpabet(text, where)
        raise BadText(f"The alphabet of phones is {alphabet!r}; it can be 'ipa' or 'x-arpabet'.")

    def ipa(self, symbol: str) -> str:
        """Return a phone in IPA, without its stress: ``ə`` for ``AH0`` and ``ʌ`` for ``AH1``."""
        return ipa_of(symbol)

    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> Scanner:
        return Scanner(TokenReader(text, _is_known, lexicon, report, self._region))

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        spoken = [
            (token, number, BRITISH_LETTERS.get(word, word) if self._region == "GB" else word)
            for token in tokens
            for number, word in enumerate(token.words)
        ]
        sentence: SentenceWords | None = None
        for index, (token, number, word) in enumerate(spoken):
            phones = token.phones or (lexicon.get(word) if lexicon else None)
            if not phones and word.removesuffix("s") in _heteronyms():
                from .context import Context
                from .heteronyms import in_context, phones_in_context

                sentence = sentence or in_context(spoken, text)
                phones = phones_in_context(Context(sentence, index))
            yield token, number, _display_form(word), phones or phones_of(word)


def _is_known(word: str) -> bool:
    return known(word) is not None


@functools.cache
def _heteronyms() -> frozenset[str]:
    """Return the words that may have several pronunciations, without a final s."""
    found = re.findall(
        r"^(?:word )?(\S+)(?=\t|$)", data_text("heteronym_rules.txt") + data_text("heteronyms.tsv"), re.M
    )
    return frozenset(word.removesuffix("s") for word in found)


def _display_form(word: str) -> str:
    """Return a word as it is displayed: the plural of a letter with a space, ``o s``."""
    return f"{word[0].lower()} s" if re.fullmatch("[A-Z]s", word) else word.lower()
