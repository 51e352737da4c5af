"""Front end of a language whose rules of reading are lists, and whose symbols are signs of IPA: reader and scanner.

A language is a folder such as `italian`, whose `phones.py` has `phones_of_ipa`, and an entry of `LANGUAGES` in
`__init__.py`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..base.errors import BadText
from .ipa import IpaSigns, has_stress
from .lexicon import Lexicon
from .numerals import NumberWords
from .pattern import Pattern, pattern
from .reading import Report, ScanningFrontEnd, shortened
from .rules import AroundMatch, RuleOf
from .scanner import ASKING, CLOSING, STOPS, TextScanner
from .tokens import MAX_WORD_LENGTH, WORD, Token, WordReader

DASHES = pattern(r"\s+[-–]+\s+|\s*(?:—|--+(?![->]))\s*|–")
"""A dash that is a pause."""
SIGNS_OF_ORDINALS = "ºª"
"""Characters that Python counts as letters."""

HALVES = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
"""Fractions of one character."""

Rules = Sequence[RuleOf[Any]]


def numeric(currencies: str, area: str = r"\(0\d") -> Pattern:
    """Return the pattern of the start of a number: an alternative of ``currencies`` may stand before it."""
    return pattern(rf"[-−+±]?(?:\d|(?:{currencies})\s?[-−]?\d)|{area}|[{HALVES}]")


@dataclass
class RuleTokenReader(WordReader):
    """Reader of the tokens of one text by the rules of its language.

    - ``AROUND``: class of the text around a match.
    - ``numbers``: words of numbers.
    - ``IPA``: signs of the phones.
    - ``PLAIN``: pattern of a word in small letters that only ``SPELT_RULES`` may read otherwise.
    - ``NUMERIC``: pattern of the start of a number.
    - ``ELIDED``: pattern of an article, in a group, that is joined with a number.
    - ``CHUNK_RULES``: addresses.
    - ``LETTER_RULES``, ``DIGIT_RULES``, ``SIGN_RULES``: by the first character.
    """

    AROUND: ClassVar[type[AroundMatch]]
    numbers: ClassVar[NumberWords]
    IPA: ClassVar[IpaSigns]
    PLAIN: ClassVar[Pattern]
    NUMERIC: ClassVar[Pattern]
    ELIDED: ClassVar[Pattern | None] = None
    SPELT_RULES: ClassVar[Rules]
    CHUNK_RULES: ClassVar[Rules]
    LETTER_RULES: ClassVar[Rules]
    DIGIT_RULES: ClassVar[Rules]
    SIGN_RULES: ClassVar[Rules]

    def read(self, position: int, last: Token | None) -> Token | None:
        """Read the token at a position; see :meth:`WordReader.read`."""
        text = self.text
        plain = self.PLAIN.match(text, position)
        if plain and not (self.lexicon is not None and self.lexicon.get(plain[0]) is not None):
            return self._by(self.SPELT_RULES, position) or Token(position, plain.end(), [plain[0]])
        before = text[position - 1 : position]
        token = self._at_start(self.CHUNK_RULES, position)
        if token is None and self.NUMERIC.match(text, position):
            token = self._number(position, before)
        if token:
            return token
        if text[position].isalpha() and text[position] not in SIGNS_OF_ORDINALS:
            return self._letters(position, before) or self._word(position) or self._strange(position)
        return self._by(self.SIGN_RULES, position) or self._digit(position)

    def _number(self, position: int, before: str) -> Token | None:
        """Read a number."""
        if self.text[position] in "-−+±" and before and not (before.isspace() or before in "([\"'=:/*^<>~"):
            return None
        if self.text[position] in "-−" and self.text[max(0, position - 2) : position].strip().isdigit():
            return None  # a difference
        token = self._by(self.DIGIT_RULES, position)
        if token:
            token.is_numeric = True
        return token

    def _joined_number(self, position: int, before: str) -> Token | None:
        """Read ``l'8``: the first word of the number is joined with the article."""
        match = None if self.ELIDED is None or before.isalnum() else self.ELIDED.match(self.text, position)
        number = self._number(match.end(), "'") if match else None
        if match is None or number is None:
            return None
        first, *others = number.words
        return Token(position, number.end, [match[1].lower() + first, *others], is_numeric=True)

    def _letters(self, position: int, before: str) -> Token | None:
        """Read what begins with a letter by rules, or a number that is joined with an article."""
        return self._joined_number(position, before) or self._by(self.LETTER_RULES, position)

    def _word(self, position: int) -> Token | None:
        """Read a word of Latin letters."""
        match = WORD.match(self.text, position, position + MAX_WORD_LENGTH + 1)
        if not match:
            return None
        end = min(match.end(), position + MAX_WORD_LENGTH)
        written = self.text[position:end]
        return Token(position, end, [self._letter(written, end) if len(written) == 1 else written.lower()])

    def _letter(self, written: str, end: int) -> str:
        """Return a letter that stands alone: a capital to be read by its name, a small one as a word."""
        return written.upper()

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        return self.IPA.phones(text, where)

    def _digits(self, text: str) -> list[str]:
        return self.numbers.digits(text)

    def _around(self, start: int, end: int) -> AroundMatch:
        return self.AROUND(self.text, start, end, self.knows)


@dataclass
class RuleScanner(TextScanner):
    """Scanner of the text of such a reader.

    - ``AFTER``: pattern of what follows a dot, with groups of the space, the word and the first other sign.
    - ``KINDS``: kinds of the abbreviations by their forms without spaces; the dots of those of the kinds ``open``,
      ``title`` and ``number`` end no sentence.
    - ``DOT``: word for a dot in a number.
    """

    AFTER: ClassVar[Pattern]
    KINDS: ClassVar[Mapping[str, str]]
    DOT: ClassVar[str]

    reader: RuleTokenReader

    def _number_of_item(self, number: int) -> list[str]:
        return self.reader.numbers.cardinal(number)

    def _dash(self) -> bool:
        """Read a dash as a pause, unless it is a minus."""
        last = self.tokens[-1] if self.tokens else None
        dash = DASHES.match(self.text, self.position)
        if not dash or (last and last.is_numeric and dash[0].strip() == "-" and self.text[dash.end() :][:1].isdigit()):
            return False
        self.position = dash.end()
        self._mark(";")
        return True

    def _joining(self, dash: Pattern, word: str) -> bool:
        """Read a dash that joins two numbers as a word; return False if there is none here."""
        last = self.tokens[-1] if self.tokens else None
        match = dash.match(self.text, self.position)
        if not match or not last or last.end != self.position or not self._joins(last, match[0]):
            return False
        self.tokens.append(Token(self.position, match.end(), [word]))
        self.position = match.end()
        return True

    def _joins(self, last: Token, dash: str) -> bool:
        """Return True if a dash after a token joins it with the number that follows."""
        return last.is_numeric

    def _ends_with_dot(self, token: Token) -> bool:
        """Return True if the dot of an abbreviation ends the sentence as well."""
        text = self.text
        after = self.AFTER.match(text, token.end)
        if text[token.end - 1] != "." or token.phones or after is None:
            return False
        form = re.sub(r"\s", "", text[token.start : token.end])
        is_last = not after[2] and not after[3]
        if not is_last and self.KINDS.get(form) in ("open", "title", "number"):
            return False
        if is_last or after[1].count("\n") > 1 or (after[1] and self._starts_sentence(after[2], form)):
            self._mark(".")
            return True
        return False

    def _starts_sentence(self, word: str, form: str) -> bool:
        """Return True if a word after the abbreviation ``form`` begins a sentence."""
        raise NotImplementedError

    def _stops(self, position: int) -> bool:
        """Read a run of full stops, question and exclamation marks."""
        text = self.text
        before, after = text[position - 1 : position], text[position + 1 : position + 2]
        if text[position] == "." and after.isalnum() and not (before.islower() and after.isupper()):
            self.position = position + 1
            if before.isalnum() and (before.isdigit() or after.isdigit()):
                self.tokens.append(Token(position, position + 1, [self.DOT]))
            return False
        run = pattern(f"[{STOPS}]+").match(text, position)
        self.position = end = run.end() if run else position + 1
        written = text[position:end]
        mark = "?" if {*written} & {*ASKING} else "!" if "!" in written else "."
        follows = pattern(r"[\"')\]*_]{0,4},?\s*").match(text, end)
        next_letter = text[follows.end() : follows.end() + 1] if follows else ""
        is_quoted = text[end : end + 1] in CLOSING and text[end : end + 1] != ""
        if next_letter.islower() and (is_quoted or mark != "."):
            self._mark(",")
            return False
        if mark == "." and (next_letter.islower() or self._is_no_stop(position, next_letter)):
            return False
        return self._stop(mark)

    def _is_no_stop(self, position: int, next_letter: str) -> bool:
        """Return True for the dot of an initial: ``J. S. Bach``."""
        last = self.tokens[-1] if self.tokens else None
        if last is None or last.end != position:
            return False
        written = self.text[last.start : last.end]
        after = self.AFTER.match(self.text, position + 1)
        is_letter = len(written) == 1 and written.isupper()
        return is_letter and after is not None and after[2][:1].isupper() and self._is_name(after[2], after[3])

    def _is_name(self, word: str, sign: str) -> bool:
        """Return True if a capitalised word after an initial is a name; ``sign`` is the sign after it."""
        return True


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
