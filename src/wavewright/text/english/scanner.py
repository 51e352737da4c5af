"""Scan a text from left to right: the words that are spoken, and the pauses between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...errors import BadText
from ..lexicon import Lexicon
from ..pattern import pattern
from ..scripts import letter_names, passage, script_of, transliterate
from . import (
    abbreviations,
    addresses,
    calendar,
    codes,
    dimensions,
    identifiers,
    money,
    names,
    operators,
    quantities,
    roman,
    signs,
)
from .dialect import british
from .numbers import digits
from .phones import phones_of_arpabet
from .rules import Around, Rule

LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
WORD = pattern(rf"[{LATIN}]+(?:'[{LATIN}]+)*")
PLAIN = pattern(r"[a-z]{2,30}(?=[\s,;!?)]|$)")
SPACE = pattern(r"\s+")
INLINE = pattern(r"\[\[([^\[\]]{0,4000})\]\]")
LONGEST_WORD = 40
"""Letters; a longer word is split."""
LONGEST_WRITTEN = 400
"""Characters that a rule may match; the bound makes scanning linear in the length of the text."""

CALENDAR_WORDS = [[name] for name in (*calendar.MONTHS, *calendar.DAY_NAMES)]

STOPS = ".!?\u203d\u3002\u061f\u0964"
ASKING = "?\u203d\u061f"
STRENGTH = ("", ",", ";", ".", "!", "?")
CLOSING = "\"')]}*_"
DASHES = pattern(r"\s+[-–]+\s+|\s*(?:—|--+(?![->]))\s*|–")
UNTIL = pattern(r"\s?[-–]\s?(?=(?:noon|midnight|present|now|today)\b)")
FROM_NAME = pattern(
    rf"\.?\s?[-–]\s?(?=(?:{'|'.join([*calendar.MONTH_NAMES, *(day.title() for day in calendar.DAY_NAMES)])}"
    r"|(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b|[Mm]idnight|[Nn]oon)\b|(\d))"
)
"""A dash between months or days, or after noon and midnight."""
CALCULATED = pattern(r"\s+([-–−])\s+(\d{1,9})(?![\d:/-])(?:\s*(=))?")
DOTS = pattern(r"\.{2,}|…\.*|\.(?:\s\.){2,}")

LETTER_RULES: Sequence[Rule] = (
    *identifiers.RULES,
    *calendar.LETTER_RULES,
    *money.CODE_RULES,
    *signs.LETTER_RULES,
    *names.MOVE_RULES,
    *codes.LETTER_RULES,
    *abbreviations.LETTER_RULES,
    *names.LETTER_RULES,
)
DIGIT_RULES: Sequence[Rule] = (
    *identifiers.DIGIT_RULES,
    *codes.VERSE_RULES,
    *codes.PHONE_RULES,
    *calendar.DIGIT_RULES,
    *codes.DIGIT_RULES,
    *quantities.SCIENTIFIC_RULES,
    *money.RULES,
    *dimensions.RULES,
    *quantities.MEASURE_RULES,
    *calendar.YEAR_RULES,
    *codes.MIXTURE_RULES,
    *quantities.PLAIN_RULES,
)
SIGN_RULES: Sequence[Rule] = (
    *calendar.QUOTE_RULES,
    *identifiers.SIGN_RULES,
    *addresses.SIGN_RULES,
    *operators.RULES,
    *signs.SIGN_RULES,
)
NUMERIC = pattern(
    r"[-−+±]?(?:\d|\.\d|(?:US|HK|NZ|[AC])?\$\s?[-−]?[\d.]|R\$\s?\d|[€£¥₹₽₩₿₪₺฿₫₴₦₱₡₲₵₭₮₸₼₾₣₤৳៛]\s?[-−]?[\d.])|\(\d{3}\)|["
    + quantities.HALVES
    + "]"
)


@dataclass
class Token:
    """A span of the text: its words in lower case, with names of letters as capitals, and the pause after it."""

    start: int
    end: int
    words: list[str]
    phones: tuple[str, ...] | None = None
    mark: str = ""
    is_numeric: bool = False


@dataclass
class Scanner:
    """Scanner of one text.

    Parameters
    ----------
    text : str
        Text, as :func:`..characters.normalize_characters` returns it.
    knows : Callable[[str], bool]
        Looks a word in lower case up in the dictionary.
    lexicon : Lexicon or None
        The user's own words.
    on_skip : Callable[[int, int, str], None] or None
        Called with start, end and reason of each passage that is skipped; without it such a passage raises BadText.
    is_british : bool
        Dialect of numbers and dates.
    """

    text: str
    knows: Callable[[str], bool]
    lexicon: Lexicon | None = None
    on_skip: Callable[[int, int, str], None] | None = None
    is_british: bool = False
    position: int = 0
    tokens: list[Token] = field(default_factory=list)
    unspoken: list[tuple[int, str]] = field(default_factory=list)
    quote_is_open: bool = False

    def sentences(self) -> Iterator[list[Token]]:
        """Yield the tokens of each sentence."""
        while self.position < len(self.text):
            with british(self.is_british):
                has_ended = self._step()
            if has_ended and self.tokens:
                yield self.tokens
                self.tokens = []
        if self.tokens:
            self._mark(".")
            yield self.tokens
        self.tokens = []

    def _step(self) -> bool:
        """Scan the next token, space or sign; return True if a sentence ended."""
        start = self.position
        if self._dash():
            return False
        space = SPACE.match(self.text, self.position)
        if space:
            self.position = space.end()
            if space[0].count("\n") > 1:
                self._mark(".")
                return True
            return False
        token = self._token()
        if token:
            self.tokens.append(token)
            self.position = token.end
            return self._ends_with_dot(token)
        return False if self.position > start else self._punctuation()  # an unreadable passage was skipped

    def _dash(self) -> bool:
        """Read a dash as ``minus``, as ``to`` or as a pause; return False if there is none here."""
        dash = DASHES.match(self.text, self.position)
        if (dash and self._minus()) or self._until() or self._until_name():
            return True
        if not dash or (_is_after_digit(self.text, self.position, dash[0]) and NUMERIC.match(self.text, dash.end())):
            return False
        self.position = dash.end()
        self._mark(";")
        return True

    def _minus(self) -> bool:
        """Read a dash with spaces between numbers: ``to`` in ``5 - 10``, else ``minus``."""
        match = CALCULATED.match(self.text, self.position)
        if not match or not self.tokens or not self.tokens[-1].is_numeric:
            return False
        is_less = self.tokens[-1].words and _value(self.text, self.tokens[-1]) < int(match[2])
        start = match.start(1)
        self.tokens.append(Token(start, start + 1, ["to" if is_less and not match[3] else "minus"]))
        self.position = match.start(2)
        return True

    def _until(self) -> bool:
        """Read a dash after a number and before a word such as ``noon`` as ``to``."""
        match = UNTIL.match(self.text, self.position)
        if not match or not self.tokens or not self.tokens[-1].is_numeric:
            return False
        self.tokens.append(Token(self.position, match.end(), ["to"]))
        self.position = match.end()
        return True

    def _until_name(self) -> bool:
        """Read a dash after the name of a month, a day or an hour as ``to``: ``June–August``."""
        last = self.tokens[-1].words[-1:] if self.tokens and not self.tokens[-1].mark else []
        is_hour = last in (["noon"], ["midnight"])
        if not is_hour and not (last in CALENDAR_WORDS and self.text[self.tokens[-1].start].isupper()):
            return False
        match = FROM_NAME.match(self.text, self.position)
        if not match or (match[1] and not is_hour):
            return False
        self.tokens.append(Token(self.position, match.end(), ["to"]))
        self.position = match.end()
        return True

    def _token(self) -> Token | None:
        """Read a token at the current position, or return None."""
        text, position = self.text, self.position
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
            token = self._number(position, before)
            if token:
                return token
        if character.isalpha():
            return self._by(LETTER_RULES, position) or self._word(position) or self._strange(position)
        return self._by(SIGN_RULES, position) or self._elided(position) or self._digit(position)

    def _is_special(self, word: str) -> bool:
        """Return True for a word in small letters that needs a rule or is in the user's lexicon."""
        return (
            word in abbreviations.WITHOUT_DOT
            or roman.is_small_roman(word)
            or (self.lexicon is not None and self.lexicon.get(word) is not None)
        )

    def _own(self, position: int) -> Token | None:
        """Read the longest word of the user's lexicon that starts here."""
        if not self.lexicon or not self.lexicon.words:
            return None
        match = pattern(r"[^\s,;:!?\"()]{1,60}").match(self.text, position)
        end = match.end() if match else position
        while end > position:
            written = self.text[position:end]
            phones = None if self.text[end : end + 1].isalnum() else self.lexicon.get(written)
            if phones:
                return Token(position, end, [written.lower()], phones)
            end -= 1
        return None

    def _by(self, rules: Sequence[Rule], position: int, is_chunk: bool = False) -> Token | None:
        """Read by the first rule that applies; rules of chunks need a dot, an ``@`` or ``://`` inside."""
        if is_chunk:
            chunk = pattern(r"\S{1,80}").match(self.text, position)
            if not chunk or not re.search(r"[A-Za-z0-9_-][.@][A-Za-z0-9]|://", chunk[0]):
                return None
        for written, reading in rules:
            match = written.match(self.text, position, position + LONGEST_WRITTEN)
            if match and match.end() > position:
                words = reading(match, Around(self.text, position, match.end(), self.knows))
                if words:
                    return Token(position, match.end(), words)
        return None

    def _number(self, position: int, before: str) -> Token | None:
        """Read a number, after a hyphen with ``to``."""
        text = self.text
        last = self.tokens[-1] if self.tokens else None
        if text[position] in "-−+±–" and before and not (before.isspace() or before in "([\"'=:/*^<>~"):
            return None
        token = self._by(DIGIT_RULES, position)
        if token:
            token.is_numeric = True
            if before in ("-", "–") and last and last.is_numeric and last.end == position - 1:
                is_none = self.is_british and token.words == ["zero"]
                token.words = ["nil"] if is_none else ["to", *token.words]
        return token

    def _word(self, position: int) -> Token | None:
        """Read a word of Latin letters, with the apostrophe of a plural possessive."""
        text = self.text
        match = WORD.match(text, position, position + LONGEST_WORD + 1)  # the bound keeps the time of a word constant
        if not match:
            return None
        end = match.end()
        if end - position > LONGEST_WORD:
            end = position + LONGEST_WORD
        elif text[end : end + 1] == "'" and not text[end + 1 : end + 2].isalnum():
            is_possessive = text[end - 1] in "sS" and not self.quote_is_open
            if is_possessive or self.knows(text[position : end + 1].lower()):
                end += 1
        return Token(position, end, [text[position:end].lower()])

    def _elided(self, position: int) -> Token | None:
        """Read a word that starts with an apostrophe: ``'tis``."""
        match = WORD.match(self.text, position + 1, position + LONGEST_WORD + 2) if self.text[position] == "'" else None
        if not match:
            return None
        word = f"'{match[0].lower()}"
        is_known = self.knows(word) and (word != "'s")
        self.quote_is_open = self.quote_is_open or not is_known
        return Token(position, match.end(), [word]) if is_known else None

    def _inline(self, match: re.Match[str]) -> Token | None:
        """Read phones in double brackets; refuse invalid ones, or report them and read them as words."""
        start, end = match.span()
        try:
            phones = phones_of_arpabet(match[1], f"[[{match[1].strip()}]] (character {start + 1})")
        except BadText:
            if self.on_skip is None:
                raise
            self.on_skip(start, end, "no phones, read as words")
            return None
        return Token(start, end, [match[1].strip().lower()], phones)

    def _strange(self, position: int) -> Token | None:
        """Read a passage in another script: the name of a single letter, a transliteration, or refuse or skip it."""
        letter = self.text[position]
        if unicodedata.category(letter) == "Lm":
            return None
        end, script = passage(self.text, position), script_of(letter)
        written = self.text[position:end]
        spelled = letter_names(written)
        if spelled and (self.on_skip is not None or (script == "Greek" and len(written) == 1)):
            return Token(position, end, spelled)
        if self.on_skip is None:
            raise BadText(
                f"The text has {written!r} at character {position + 1} ({script} script), which the English front end "
                "cannot read; use a voice of its language, or leave it out."
            )
        latin = transliterate(written)
        if latin:
            return Token(position, end, [latin])
        self.on_skip(position, end, f"{script} script")
        self.position = end
        return None

    def _digit(self, position: int) -> Token | None:
        """Read a digit of another script."""
        value = unicodedata.digit(self.text[position], None)
        return None if value is None else Token(position, position + 1, digits(str(value)), is_numeric=True)

    def _ends_with_dot(self, token: Token) -> bool:
        """Return True if the dot of an abbreviation ends the sentence as well."""
        text = self.text
        if text[token.end - 1] != "." or token.phones:
            return False
        written = text[token.start : token.end - 1].lower()
        after = pattern(r"[\"')\]]{0,4}(\s*)([A-Za-z']*)(\S?)").match(text, token.end)
        if after is None:
            return False
        is_last = not after[2] and not after[3]
        if not is_last and (written in abbreviations.TITLES and token.words[0] == abbreviations.TITLES[written]):
            return False
        starts_sentence = after[1] and after[2][:1].isupper() and after[2].lower() in abbreviations.STARTERS
        if is_last or starts_sentence or after[1].count("\n") > 1:
            self._mark(".")
            return True
        return False

    def _punctuation(self) -> bool:
        """Read punctuation, or pass over a sign; return True if a sentence ended."""
        text, position = self.text, self.position
        character = text[position]
        dots = DOTS.match(text, position)
        if dots:
            self.position = dots.end()
            return self._stop("." if self._capital_follows(self.position) else ",")
        if character in STOPS:
            return self._stops(position)
        self.position += 1
        if character in ",()[]{}\u00b7\u2022\u3001\u060c":
            self._mark("," if self.tokens and self.tokens[-1].mark == "" else "")
        elif character in ":;\u2014\u2013" and not (
            character == "\u2013" and text[position + 1 : position + 2].isdigit()
        ):
            self._mark(";")
        elif character == "'" and self.quote_is_open:
            self.quote_is_open = False
        elif unicodedata.category(character) in ("So", "Sk", "Sm", "Co", "Cn", "Mn", "Lm", "Lo"):
            self.unspoken.append((position, character))
        return False

    def _stops(self, position: int) -> bool:
        """Read a run of full stops, question and exclamation marks."""
        text = self.text
        if text[position] == "." and text[position + 1 : position + 2].isalnum():
            before = text[position - 1 : position]
            if not (before.islower() or (before and before in CLOSING)) or not text[position + 1].isupper():
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
        if next_letter.islower() and (is_quoted or (mark == "." and self._last_is_unknown())):
            self._mark("," if mark == "." else mark)
            return False
        return self._stop(mark)

    def _stop(self, mark: str) -> bool:
        """Set a mark; return True if it ends the sentence."""
        self._mark(mark)
        return mark in (".", "!", "?")

    def _capital_follows(self, position: int) -> bool:
        """Return True if the next word starts with a capital or the text ends."""
        after = pattern(r"[\"')\]]{0,4}(\s+)(\S?)").match(self.text, position)
        return (
            not self.text[position : position + 4].strip(" \"')]\n")
            if after is None
            else not after[2] or after[2].isupper()
        )

    def _is_after_unit(self, position: int) -> bool:
        """Return True if a dot belongs to a unit, as in ``5 ft. tall``."""
        last = self.tokens[-1] if self.tokens else None
        return last is not None and last.is_numeric and last.end == position and self.text[position - 1].isalpha()

    def _last_is_unknown(self) -> bool:
        """Return True if the last word is not in the dictionary, as an abbreviation."""
        return (
            bool(self.tokens) and not self.tokens[-1].is_numeric and not self.knows(self.tokens[-1].words[-1].lower())
        )

    def _mark(self, mark: str) -> None:
        """Set the pause after the last token; the strongest one counts."""
        if self.tokens and STRENGTH.index(mark) > STRENGTH.index(self.tokens[-1].mark):
            self.tokens[-1].mark = mark


def _value(text: str, token: Token) -> int:
    """Return the whole number that a token is written as, or 0."""
    written = text[token.start : token.end].replace(",", "")
    return int(written) if written.isdecimal() and len(written) < 10 else 0


def _is_after_digit(text: str, position: int, dash: str) -> bool:
    """Return True if a dash joins numbers, as in ``3-2``, rather than clauses."""
    return dash.strip() == dash and text[position - 1 : position].isdigit()
