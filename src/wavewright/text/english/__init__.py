"""English text to phones: normalisation, a pronouncing dictionary, a letter-to-sound model, heteronyms in context."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...base.errors import BadText
from ..lexicon import Lexicon
from ..reading import Report, ScanningFrontEnd, shortened
from ..tokens import Token
from .context import Context, SentenceWords
from .heteronym_model import bundled_model
from .heteronym_rules import bundled_rules
from .phones import SYMBOLS, ipa_of, phones_of_arpabet, phones_of_ipa
from .pronounce import known, phones_of
from .say_as import EnglishSayAs
from .scanner import Scanner
from .tokens import TokenReader

BRITISH_REGIONS = ("gb", "uk", "au", "ie", "in", "nz", "za")
"""Regions of the BCP 47 tag whose numbers and dates are read as in Britain."""

BRITISH_LETTERS = {"Z": "zed", "Zs": "zeds", "Z's": "zed's"}
"""British names of letters, and their plurals and possessives."""


class EnglishFrontEnd(ScanningFrontEnd):
    """Front end of English: text to sentences of words and phones; with ``en-GB``, numbers and dates are British."""

    CODE, SAY_AS = "en", EnglishSayAs
    symbols = SYMBOLS

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
        spoken, sentence = in_context(tokens, text, self._region == "GB")
        for index, (token, number, word) in enumerate(spoken):
            phones = token.phones or (lexicon.get(word) if lexicon else None)
            yield token, number, _display_form(word), phones or _phones(word, Context(sentence, index))


def in_context(
    tokens: list[Token], text: str, is_british: bool = False
) -> tuple[list[tuple[Token, int, str]], SentenceWords]:
    """List the words of a sentence.

    - ``tokens``: tokens of the sentence.
    - ``text``: text that the scanner read.
    - ``is_british``: dialect of the names of letters.
    - returns: for each word its token, its number in the token, and the word.
    - returns ``SentenceWords``: the words as the context of each other.
    """
    spoken = [
        (token, number, BRITISH_LETTERS.get(word, word) if is_british else word)
        for token in tokens
        for number, word in enumerate(token.words)
    ]
    sentence = SentenceWords(
        words=[word.lower() for _, _, word in spoken],
        capitals=[text[token.start].isupper() for token, _, _ in spoken],
        marks=[token.mark if number == len(token.words) - 1 else "" for token, number, _ in spoken],
    )
    return spoken, sentence


def _is_known(word: str) -> bool:
    return known(word) is not None


def _phones(word: str, context: Context) -> tuple[str, ...]:
    """Pronounce a word in its sentence: by the rules of heteronyms, the model of heteronyms, or alone."""
    if word == context.words[context.index]:  # and not the name of a letter
        if word in bundled_rules():
            return bundled_rules().phones(context, _starts_with_vowel)
        if word in bundled_model():
            return bundled_model().phones(context)
    return phones_of(word)


def _starts_with_vowel(word: str) -> bool:
    return bool(word) and phones_of(word)[:1] != () and phones_of(word)[0][-1].isdigit()


def _display_form(word: str) -> str:
    """Return a word as it is displayed: the plural of a letter with a space, ``o s``."""
    return f"{word[0].lower()} s" if re.fullmatch("[A-Z]s", word) else word.lower()
