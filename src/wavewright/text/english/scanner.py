"""Scan a text from left to right: tokens by rules, by the user's lexicon or as plain words, and the pauses between."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from ..lexicon import is_ipa
from ..pattern import Pattern, pattern
from ..region import is_british
from ..rules import AroundMatch
from ..scanner import ASKING, CLOSING, STOPS, TextScanner
from ..tokens import MAX_WORD_LENGTH, WORD, Token, WordReader
from .phones import phones_of_arpabet, phones_of_ipa
from .rules import alternatives, mapping, rows, word_list

PLAIN = pattern(r"([a-z]{2,30}(?=[\s,;!?)]|$))|[A-Za-z][a-z]{2,29}(?=[,;!?]?(?:\s+[a-z]|\s*$)|\.(?:\s+[A-Z]|\s*$))")
"""A word that needs no rule unless it is special: in small letters, or where a plain text goes on or ends."""
PAUSE = pattern(r"[.,;?](?=\s|$)")
CHORD = pattern(r"[A-G]b(?:m|maj|min|dim|sus|add)$")

VOWELS = frozenset("aeiouy")
SPECIAL = ("ret", "eds", "disc", "med", "min", "max", "pub", "cal", "fed")
"""Words that rules read with a capital or a dot, beside those of the tables."""


@functools.cache
def _special_words(is_small: bool) -> frozenset[str]:
    """Return the words, in lower case, that rules read in small letters alone, or also with a capital or a dot."""
    words = word_list("undotted-abbreviations") | word_list("undotted-numbered")
    if is_small:
        return words
    named = (name for table in ("calendar", "states") for row in rows(table, 3) for name in row[1:])
    written = " ".join([*mapping("abbreviations"), *mapping("mixed_case"), *named])
    return words.union(word_list("labels"), SPECIAL, written.lower().split())


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
        if plain and not self._is_special(plain[0], plain[1] is not None):
            return Token(position, plain.end(), [plain[0].lower()])
        return self._by_rules(position, last)

    def _by_rules(self, position: int, last: Token | None) -> Token | None:
        """Read a token that is no plain word; the rules are imported at the first of them."""
        from .rule_order import CHUNK_RULES, LETTER_RULES, NUMERIC, SIGN_RULES

        token = self._at_start(CHUNK_RULES, position)
        if token is None and NUMERIC.match(self.text, position):
            token = self._number(position, self.text[position - 1 : position], last)
        if token:
            return token
        if self.text[position].isalpha():
            return self._by(LETTER_RULES, position) or self._word(position) or self._strange(position)
        return self._by(SIGN_RULES, position) or self._elided(position) or self._digit(position)

    def _is_special(self, word: str, is_small: bool) -> bool:
        """Return True for a word that a rule may read or that is in the user's lexicon."""
        letters = {*word.lower()}
        return (
            word.lower() in _special_words(is_small)
            or not VOWELS & letters
            or letters <= {*"ivx"}
            or CHORD.match(word) is not None
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


A_DASH = pattern(r"[).]?\s*[-–—−]")
"""First characters of the dashes below."""

DASHES = pattern(
    r"\s+[-–]+\s+|(?!(?:\s|(?<!\S))--[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:[\s=,.;:)\"'`]|$))\s*(?:—|--+(?![->]))\s*|–"
)
"""A dash that is a pause; not the hyphens of an option, ``--verbose``."""
NUMBERED = pattern(r"\)\s?[-–]\s?\((?=\d{1,4}\))")
UNTIL = pattern(r"\s?[-–]\s?(?=(?:noon|midnight|present|now|today)\b|ca?\.\s?\d)")
PARTS = pattern(r"\W?(?:ft|yd|lb|hr)\.\s\d{1,2}\s?(?:in|ft|oz|min)\b")
"""Parts of a length, a weight or a time: ``5 ft. 10 in.``."""
AFTER_NUMBER = pattern(r"\d(?:st|nd|rd|th)?$")
UNKNOWN = pattern(r"[\^²³]-?\d*$|(?<![A-Za-z])[a-z]$")
"""A power or the letter of an unknown before a minus."""
CALCULATED = pattern(r"\s+([-–−])\s+(\d{1,9})(?![\d:/-])(?:\s*(=))?")
GLUED = pattern(r"(?:[A-Z][a-z]|[AI]\s)")
"""Beginning of a sentence without a space before it: ``$5.Then``."""


@functools.cache
def _names() -> tuple[frozenset[str], Pattern]:
    """Return the names of months and days, and a dash between them, or after noon and midnight."""
    from . import calendar

    names = (*calendar.MONTHS, *calendar.DAY_NAMES)
    written = (*calendar.MONTH_NAMES, *(day.title() for day in (*calendar.DAY_NAMES, *calendar.WEEKDAYS)))
    either = alternatives([*written, "Midnight", "Noon"])
    return frozenset(names), pattern(rf"\.?\s?[-–]\s?(?=(?:{either}|midnight|noon)\b|(\d))")


@dataclass
class Scanner(TextScanner):
    """Scanner of the text of a reader of tokens."""

    reader: TokenReader

    def _number_of_item(self, number: int) -> list[str]:
        from .numbers import cardinal

        return cardinal(number)

    def _apostrophe(self) -> None:
        self.reader.quote_is_open = False

    def _dash(self) -> bool:
        """Read a dash as ``minus``, as ``to`` or as a pause; return False if there is none here."""
        if not A_DASH.match(self.text, self.position):
            return False
        dash = DASHES.match(self.text, self.position)
        if (dash and self._minus()) or self._until() or self._until_name():
            return True
        is_joined = _is_after_digit(self.text, self.position, dash[0]) if dash else False
        last = self.tokens[-1] if self.tokens else None
        if dash and last and last.is_numeric and last.end == self.position and dash[0] == "–":
            is_joined = True  # 10am–6pm
        from .rule_order import NUMERIC

        if not dash or (is_joined and NUMERIC.match(self.text, dash.end())):
            return False
        self.position = dash.end()
        self._mark(";")
        return True

    def _minus(self) -> bool:
        """Read a dash with spaces between numbers: ``to`` in ``5 - 10``, else ``minus``."""
        match = CALCULATED.match(self.text, self.position)
        if not match or not self.tokens:
            return False
        unknown = UNKNOWN.search(self.text, max(0, self.position - 4), self.position)
        if not self.tokens[-1].is_numeric and not (unknown and (match[3] or unknown[0][0] in "^²³")):
            return False
        is_less = self.tokens[-1].words and not unknown and _value(self.text, self.tokens[-1]) < int(match[2])
        start = match.start(1)
        self.tokens.append(Token(start, start + 1, ["to" if is_less and not match[3] else "minus"]))
        self.position = match.start(2)
        return True

    def _until(self) -> bool:
        """Read a dash after a number and before a word such as ``noon`` as ``to``, also in ``(2)-(4)``."""
        match = UNTIL.match(self.text, self.position) or NUMBERED.match(self.text, self.position)
        if not match or not self.tokens or not self.tokens[-1].is_numeric:
            return False
        self.tokens.append(Token(self.position, match.end(), ["to"]))
        self.position = match.end()
        return True

    def _until_name(self) -> bool:
        """Read a dash after the name of a month, a day or an hour as ``to``: ``June–August``."""
        last = "".join(self.tokens[-1].words[-1:]) if self.tokens and not self.tokens[-1].mark else ""
        is_hour = last in ("noon", "midnight")
        is_name = last in _names()[0] and self.text[self.tokens[-1].start].isupper()
        if not (is_hour or is_name or self._is_after_date()):
            return False
        match = _names()[1].match(self.text, self.position)
        if not match or (match[1] and not is_hour):
            return False
        self.tokens.append(Token(self.position, match.end(), ["to"]))
        self.position = match.end()
        return True

    def _is_after_date(self) -> bool:
        """Return True after a date with its month, or a year without space: ``Sept. 2021–Jan. 2022``."""
        if not self.tokens or not AFTER_NUMBER.search(self.text, max(0, self.position - 4), self.position):
            return False
        near = [word for token in self.tokens[-2:] for word in token.words]
        return any(word in _names()[0] for word in near)

    def _ends_with_dot(self, token: Token) -> bool:
        """Return True if the dot of an abbreviation ends the sentence as well."""
        text = self.text
        if text[token.end - 1] != "." or token.phones:
            return False
        from .abbreviations import STARTERS, TITLES

        written = text[token.start : token.end - 1].lower()
        after = pattern(r"[\"')\]]{0,4}(\s*)([A-Za-z']*)(\S?)").match(text, token.end)
        if after is None:
            return False
        is_last = not after[2] and not after[3]
        if not is_last and (written in TITLES and token.words[0] == TITLES[written]):
            return False
        if token.end - token.start == 2 and pattern(r"\s*[A-Z]\.").match(text, token.end):
            return False  # the initials of a name
        starts_sentence = after[1] and after[2][:1].isupper() and after[2].lower() in STARTERS
        if is_last or starts_sentence or after[1].count("\n") > 1:
            self._mark(".")
            return True
        return False

    def _stops(self, position: int) -> bool:
        """Read a run of full stops, question and exclamation marks."""
        text = self.text
        if text[position] == "." and text[position + 1 : position + 2].isalnum():
            before = text[position - 1 : position]
            is_glued = before.isdigit() and GLUED.match(text, position + 1) is not None
            if not (is_glued or before.islower() or (before and before in CLOSING)) or not text[position + 1].isupper():
                self.tokens.append(Token(position, position + 1, ["dot"]))
                self.position = position + 1
                return False
        run = pattern(f"[{STOPS}]+").match(text, position)
        end = run.end() if run else position + 1
        self.position = end
        written = text[position:end]
        mark = "?" if {*written} & {*ASKING} else "!" if "!" in written else "."
        is_quoted = text[end : end + 1] in CLOSING and text[end : end + 1] != ""
        after = pattern(r"[\"')\]*_]{0,4}\s*").match(text, end)
        next_letter = text[after.end() : after.end() + 1] if after else ""
        if next_letter.islower() and written == "." and self._is_after_unit(position):
            return False
        if written == "." and PARTS.match(text, position - 3):
            return False
        if next_letter.islower() and (is_quoted or (mark == "." and self._last_is_unknown())):
            self._mark("," if mark == "." else mark)
            return False
        return self._stop(mark)

    def _is_after_unit(self, position: int) -> bool:
        """Return True if a dot belongs to a unit, as in ``5 ft. tall``."""
        last = self.tokens[-1] if self.tokens else None
        return last is not None and last.is_numeric and last.end == position and self.text[position - 1].isalpha()

    def _last_is_unknown(self) -> bool:
        """Return True if the last word is not in the dictionary, as an abbreviation."""
        last = self.tokens[-1] if self.tokens else None
        return last is not None and not last.is_numeric and not self.reader.knows(last.words[-1].lower())


def _value(text: str, token: Token) -> int:
    """Return the whole number that a token is written as, or 0."""
    written = text[token.start : token.end].replace(",", "")
    return int(written) if written.isdecimal() and len(written) < 10 else 0


def _is_after_digit(text: str, position: int, dash: str) -> bool:
    """Return True if a dash joins numbers, as in ``3-2``, rather than clauses."""
    return dash.strip() == dash and AFTER_NUMBER.search(text, max(0, position - 4), position) is not None
