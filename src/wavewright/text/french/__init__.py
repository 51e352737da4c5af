"""French text to phones: normalisation, rules of spelling with a list of words, liaison and stress of groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..characters import fold_accents
from ..common.calendar import is_time
from ..lexicon import Lexicon
from ..numerals import NumberWords
from ..pattern import pattern
from ..rule_front_end import RuleFrontEnd, RuleScanner, RuleTokenReader, numeric
from ..say_as import SayAs
from ..tokens import Token
from . import calendar, codes, numbers, quantities
from .calendar import day_words, time_words
from .numbers import ORDINAL_ENDINGS, ordinal_with_ending
from .phones import IPA, SYMBOLS
from .pronounce import is_known, phones_of
from .rules import LETTERS, NAMES, SIGNS, FrenchAround, spoken
from .sentences import pronounced

WORDS_OF_A_LETTER = "aàoôuy"


@dataclass
class FrenchTokenReader(RuleTokenReader):
    """Reader of the tokens of one French text."""

    LANGUAGE, AROUND, IPA = "French", FrenchAround, IPA
    numbers: ClassVar[NumberWords] = numbers

    PLAIN = pattern(r"[a-zàâçèéêëîïôùûüœ]{2,30}(?=[\s,;!?)]|$)")
    NUMERIC = numeric(quantities.CURRENCIES.signs)
    ELIDED = pattern(r"((?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quelqu)')(?=\d)", flags=re.IGNORECASE)
    SPELT_RULES, CHUNK_RULES = (*quantities.SPELT_RULES, *codes.SPELT_RULES), codes.CHUNK_RULES
    LETTER_RULES = (
        *codes.EARLY_RULES,
        *quantities.LETTER_RULES,
        *codes.ABBREVIATION_RULES,
        *calendar.LETTER_RULES,
        *codes.LETTER_RULES,
    )
    DIGIT_RULES = (
        *codes.DIGIT_RULES,
        *quantities.EARLY_RULES,
        *calendar.DIGIT_RULES,
        *quantities.MEASURE_RULES,
        *codes.LATE_RULES,
        *quantities.PLAIN_RULES,
    )
    SIGN_RULES = (*calendar.QUOTE_RULES, *codes.SIGN_RULES)

    def _letter(self, written: str, end: int) -> str:
        """Return ``a``, ``à``, ``ô`` and ``y`` as words, other letters as capitals."""
        is_word = written.lower() in WORDS_OF_A_LETTER and written.lower() not in "ou"
        follows = pattern(r"\s[a-zà-ÿœ]").match(self.text, end)
        if not is_word or (written.isupper() and written not in "ÀÔ" and follows is None):
            return "".join(letter for letter in written.upper() if "A" <= letter <= "Z") or written.lower()
        return written.lower()


@dataclass
class FrenchScanner(RuleScanner):
    """Scanner of a French text."""

    AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([{LETTERS}]*)(\S?)")
    KINDS, DOT = codes.KINDS, "point"

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() and (form == "etc." or self.KINDS.get(form) == "end")


SAY_AS = SayAs(
    numbers=numbers,
    names=SIGNS.names,
    months=NAMES.months,
    plus="plus",
    minus="moins",
    letter=lambda letter: " ".join(spoken("letters").get(fold_accents(letter).upper(), ())),
    ordinal=lambda number, mark: ordinal_with_ending(number, mark) or numbers.ordinal(number),
    ordinal_mark=rf"\.?({ORDINAL_ENDINGS})?",
    time=lambda hour, minute: " ".join(time_words(hour, int(minute))) if is_time(hour, minute) else "",
    day=day_words,
)


class FrenchFrontEnd(RuleFrontEnd):
    """Front end of French: text to sentences of words and phones; ``fr-BE`` and ``fr-CH`` have numbers of their own."""

    CODE, SAY_AS, READER, SCANNER = "fr", SAY_AS, FrenchTokenReader, FrenchScanner
    symbols = SYMBOLS

    def _dialect_of(self, region: str) -> str:
        return region.upper() if region in ("be", "ch") else ""

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        return pronounced(tokens, text, lexicon.get if lexicon else lambda _word: None)

    @staticmethod
    def _is_known(word: str) -> bool:
        return is_known(word)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word)
