"""Read the token at a position of a text: by rules, by the user's lexicon, or as a plain word."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from ..dialect import is_british
from ..lexicon import is_ipa
from ..pattern import pattern
from ..rules import AroundMatch
from ..tokens import INLINE, MAX_WORD_LENGTH, WORD, Token, WordReader
from .phones import phones_of_arpabet, phones_of_ipa
from .tables import rows, word_list

PLAIN = pattern(r"[a-z]{2,30}(?=[\s,;!?)]|$)|[A-Z][a-z]{2,29}(?=[,;!?]?(?:\s+[a-z]|\s*$)|\.\s*$)")
"""A word that needs no rule unless it is special: in small letters, or with a capital where a plain text goes on."""
PAUSE = pattern(r"[.,;?](?=\s|$)")
CHORD = pattern(r"[A-G]b(?:m|maj|min|dim|sus|add)$")

VOWELS = frozenset("aeiouy")
CAPITALISED = ("ret", "eds", "disc", "med", "min", "max")
"""Words that rules read where they begin with a capital, beside those of the tables."""


@functools.cache
def _special_words(is_small: bool) -> frozenset[str]:
    """Return the words, in lower case, that rules read in small letters, or where they begin with a capital."""
    words = word_list("undotted-abbreviations") | word_list("undotted-numbered")
    if is_small:
        return words
    fields = (each for table in ("abbreviations", "calendar", "states", "mixed_case") for each in rows(table, 3))
    return words.union(word_list("labels"), CAPITALISED, " ".join(itertools.chain(*fields)).lower().split())


@dataclass
class TokenReader(WordReader):
    """Reader of the tokens of one English text.

    - ``quote_is_open``: true after an opening single quote.
    """

    LANGUAGE = "English"

    quote_is_open: bool = False

    def read(self, position: int, last: Token | None) -> Token | None:
        """Read the token at a position; see :meth:`WordReader.read`."""
        if PAUSE.match(self.text, position):
            return None
        plain = PLAIN.match(self.text, position)
        if plain and not self._is_special(plain[0]):
            return Token(position, plain.end(), [plain[0].lower()])
        return self._by_rules(position, last)

    def _by_rules(self, position: int, last: Token | None) -> Token | None:
        """Read a token that is no plain word; the rules are imported at the first of them."""
        from .rule_order import CHUNK_RULES, LETTER_RULES, NUMERIC, SIGN_RULES

        text = self.text
        inline = INLINE.match(text, position)
        if inline:
            token = self._inline(inline)
            if token:
                return token
        before = text[position - 1 : position]
        if not (before.isalnum() or before in ("-", "'", ".", "@", "_")) and text[position].isalnum():
            token = self._own(position) or self._by(CHUNK_RULES, position, is_chunk=True)
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
        """Return True for a word that a rule may read or that is in the user's lexicon."""
        is_small = word[0].islower()
        return (
            word.lower() in _special_words(is_small)
            or (not VOWELS & {*word} or {*word} <= {*"ivx"} if is_small else CHORD.match(word) is not None)
            or (self.lexicon is not None and self.lexicon.get(word) is not None)
        )

    def _number(self, position: int, before: str, last: Token | None) -> Token | None:
        """Read a number, after a hyphen with ``to``."""
        from .rule_order import DIGIT_RULES

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
        from .numbers import digits

        return digits(text)

    def _around(self, start: int, end: int) -> AroundMatch:
        from .rules import Around

        return Around(self.text, start, end, self.knows)
