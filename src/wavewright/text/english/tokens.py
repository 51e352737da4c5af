"""Read the token at a position of a text: by rules, by the user's lexicon, or as a plain word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dialect import is_british
from ..lexicon import is_ipa
from ..pattern import pattern
from ..tokens import INLINE, MAX_WORD_LENGTH, WORD, Token, WordReader
from . import (
    abbreviations,
    addresses,
    calendar,
    chemistry,
    citations,
    codes,
    durations,
    identifiers,
    latex,
    money,
    names,
    operators,
    quantities,
    roman,
    scores,
    signs,
    sizes,
)
from .numbers import digits
from .phones import phones_of_arpabet, phones_of_ipa
from .rules import Around, Rule
from .tables import alternatives
from .units import CODES, CURRENCIES

PLAIN = pattern(r"[a-z]{2,30}(?=[\s,;!?)]|$)")
NUMERIC = pattern(rf"[-−+±]?(?:\d|\.\d|(?:{alternatives(CURRENCIES)})\s?[-−]?[\d.])|\(\d{{3}}\)|[{quantities.HALVES}]")

VOWELS = frozenset("aeiouy")

LETTER_RULES: Sequence[Rule] = (
    *identifiers.RULES,
    *calendar.LETTER_RULES,
    *money.CODE_RULES,
    *quantities.LETTER_RULES,
    *signs.LETTER_RULES,
    *names.MOVE_RULES,
    *chemistry.LETTER_RULES,
    *citations.LETTER_RULES,
    *codes.LETTER_RULES,
    *abbreviations.LETTER_RULES,
    *names.LETTER_RULES,
)
DIGIT_RULES: Sequence[Rule] = (
    *names.DIGIT_RULES,
    *latex.AMOUNT_RULES,
    *identifiers.DIGIT_RULES,
    *codes.PROPORTION_RULES,
    *citations.VERSE_RULES,
    *scores.CUED_RULES,
    *codes.PHONE_RULES,
    *citations.NUMBER_RULES,
    *durations.DIGIT_RULES,
    *calendar.DIGIT_RULES,
    *citations.DIGIT_RULES,
    *codes.DIGIT_RULES,
    *chemistry.DIGIT_RULES,
    *quantities.SCIENTIFIC_RULES,
    *money.RULES,
    *sizes.RULES,
    *scores.DIGIT_RULES,
    *quantities.MEASURE_RULES,
    *calendar.YEAR_RULES,
    *codes.MIXTURE_RULES,
    *quantities.PLAIN_RULES,
)
SIGN_RULES: Sequence[Rule] = (
    *latex.RULES,
    *calendar.QUOTE_RULES,
    *durations.SIGN_RULES,
    *identifiers.SIGN_RULES,
    *addresses.SIGN_RULES,
    *operators.RULES,
    *signs.SIGN_RULES,
)


@dataclass
class TokenReader(WordReader):
    """Reader of the tokens of one English text.

    - ``quote_is_open``: true after an opening single quote.
    """

    LANGUAGE = "English"

    quote_is_open: bool = False

    def read(self, position: int, last: Token | None) -> Token | None:
        """Read the token at a position; see :meth:`WordReader.read`."""
        text = self.text
        plain = PLAIN.match(text, position)
        if plain and not self._is_special(plain[0]):
            return Token(position, plain.end(), [plain[0]])
        inline = INLINE.match(text, position)
        if inline:
            token = self._inline(inline)
            if token:
                return token
        before = text[position - 1 : position]
        if not (before.isalnum() or before in ("-", "'", ".", "@", "_")) and text[position].isalnum():
            token = self._own(position) or self._by(addresses.CHUNK_RULES, position, is_chunk=True)
            if token:
                return token
        character = text[position]
        if NUMERIC.match(text, position):
            token = self._number(position, before, last)
            if token:
                return token
        if character.isalpha():
            return self._by(LETTER_RULES, position) or self._word(position) or self._strange(position)
        return self._by(SIGN_RULES, position) or self._elided(position) or self._digit(position)

    def _is_special(self, word: str) -> bool:
        """Return True for a word in small letters that needs a rule or is in the user's lexicon."""
        return (
            word in abbreviations.WITHOUT_DOT
            or word in abbreviations.NUMBERED
            or not VOWELS & {*word}
            or roman.is_small_roman(word)
            or word in CODES
            or (self.lexicon is not None and self.lexicon.get(word) is not None)
        )

    def _number(self, position: int, before: str, last: Token | None) -> Token | None:
        """Read a number, after a hyphen with ``to``."""
        text = self.text
        if text[position] in "-−+±–" and before and not (before.isspace() or before in "([\"'=:/*^<>~"):
            return None
        token = self._by(DIGIT_RULES, position)
        if token:
            token.is_numeric = True
            if before in ("-", "–") and last and last.is_numeric and last.end == position - 1:
                is_none = is_british() and token.words == ["zero"]
                token.words = ["nil"] if is_none else ["to", *token.words]
        return token

    def _word(self, position: int) -> Token | None:
        """Read a word of Latin letters, with the apostrophe of a plural possessive."""
        text = self.text
        match = WORD.match(
            text, position, position + MAX_WORD_LENGTH + 1
        )  # the bound keeps the time of a word constant
        if not match:
            return None
        end = match.end()
        if end - position > MAX_WORD_LENGTH:
            end = position + MAX_WORD_LENGTH
        elif text[end : end + 1] == "'" and not text[end + 1 : end + 2].isalnum():
            is_possessive = text[end - 1] in "sS" and not self.quote_is_open
            if is_possessive or self.knows(text[position : end + 1].lower()):
                end += 1
        return Token(position, end, [text[position:end].lower()])

    def _elided(self, position: int) -> Token | None:
        """Read a word that starts with an apostrophe: ``'tis``."""
        match = (
            WORD.match(self.text, position + 1, position + MAX_WORD_LENGTH + 2) if self.text[position] == "'" else None
        )
        if not match:
            return None
        word = f"'{match[0].lower()}"
        is_known = self.knows(word) and (word != "'s")
        self.quote_is_open = self.quote_is_open or not is_known
        return Token(position, match.end(), [word]) if is_known else None

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        return (phones_of_ipa if is_ipa(text) else phones_of_arpabet)(text, where)

    def _digits(self, text: str) -> list[str]:
        return digits(text)

    def _around(self, start: int, end: int) -> Around:
        return Around(self.text, start, end, self.knows)
