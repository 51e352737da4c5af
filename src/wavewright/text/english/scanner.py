"""Walks over a text and reads it piece by piece: what is spoken, and where pauses stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...errors import BadText
from ..lexicon import Lexicon
from ..pattern import pattern
from ..scripts import letter_names, passage, script_of, transliterate
from . import abbreviations, addresses, calendar, codes, dimensions, identifiers, names, operators, quantities, signs
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
"""Letters; a longer word is read in parts."""
LONGEST_WRITTEN = 400
"""Characters that are read as one amount, address or the like: what follows does not change the time that a place takes."""

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
"""Between months or days, and behind noon and midnight."""
CALCULATED = pattern(r"\s+([-–−])\s+(\d{1,9})(?![\d:/-])(?:\s*(=))?")
DOTS = pattern(r"\.{2,}|…\.*|\.(?:\s\.){2,}")

LETTER_RULES: Sequence[Rule] = (
    *identifiers.RULES,
    *calendar.LETTER_RULES,
    *quantities.CODE_RULES,
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
    *quantities.MONEY_RULES,
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
    """What is spoken at one place: words in lower case and names of letters as capitals, and the pause behind it."""

    start: int
    end: int
    words: list[str]
    phones: tuple[str, ...] | None = None
    mark: str = ""
    is_numeric: bool = False


@dataclass
class Scanner:
    """Reads one text; ``knows`` says whether a word in lower case is in the dictionary.

    Passages that cannot be read raise BadText, or are skipped and passed to ``on_skip`` as start, end and reason.
    """

    text: str
    knows: Callable[[str], bool]
    lexicon: Lexicon | None = None
    on_skip: Callable[[int, int, str], None] | None = None
    is_british: bool = False
    place: int = 0
    tokens: list[Token] = field(default_factory=list)
    unspoken: list[tuple[int, str]] = field(default_factory=list)
    quote_is_open: bool = False

    def sentences(self) -> Iterator[list[Token]]:
        """The tokens of one sentence after the other."""
        while self.place < len(self.text):
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
        """Read on at the present place; whether a sentence ended."""
        start = self.place
        space = SPACE.match(self.text, self.place)
        dash = DASHES.match(self.text, self.place)
        calculated = CALCULATED.match(self.text, self.place) if dash else None
        if calculated and self.tokens and self.tokens[-1].is_numeric:
            is_less = self.tokens[-1].words and _value(self.text, self.tokens[-1]) < int(calculated[2])
            place = calculated.start(1)
            self.tokens.append(Token(place, place + 1, ["to" if is_less and not calculated[3] else "minus"]))
            self.place = calculated.start(2)
            return False
        until = UNTIL.match(self.text, self.place)
        if until and self.tokens and self.tokens[-1].is_numeric:
            self.tokens.append(Token(self.place, until.end(), ["to"]))
            self.place = until.end()
            return False
        if self._is_until():
            return False
        if dash and not (_is_after_digit(self.text, self.place, dash[0]) and NUMERIC.match(self.text, dash.end())):
            self.place = dash.end()
            self._mark(";")
            return False
        if space:
            self.place = space.end()
            if space[0].count("\n") > 1:
                self._mark(".")
                return True
            return False
        token = self._token()
        if token:
            self.tokens.append(token)
            self.place = token.end
            return self._ends_with_dot(token)
        return False if self.place > start else self._punctuation()  # an unreadable passage was skipped

    def _is_until(self) -> bool:
        """Whether a hyphen or dash here is said as ``to``, as in ``June–August``; it is read then."""
        last = self.tokens[-1].words[-1:] if self.tokens and not self.tokens[-1].mark else []
        is_hour = last in (["noon"], ["midnight"])
        if not is_hour and not (last in CALENDAR_WORDS and self.text[self.tokens[-1].start].isupper()):
            return False
        found = FROM_NAME.match(self.text, self.place)
        if not found or (found[1] and not is_hour):
            return False
        self.tokens.append(Token(self.place, found.end(), ["to"]))
        self.place = found.end()
        return True

    def _token(self) -> Token | None:
        text, place = self.text, self.place
        plain = PLAIN.match(text, place)
        if plain and not self._is_special(plain[0]):
            return Token(place, plain.end(), [plain[0]])
        inline = INLINE.match(text, place)
        if inline:
            token = self._inline(inline)
            if token:
                return token
        before = text[place - 1 : place]
        if not (before.isalnum() or before in ("-", "'", ".", "@", "_")) and text[place].isalnum():
            token = self._own(place) or self._by(addresses.CHUNK_RULES, place, is_chunk=True)
            if token:
                return token
        character = text[place]
        if NUMERIC.match(text, place):
            token = self._number(place, before)
            if token:
                return token
        if character.isalpha():
            return self._by(LETTER_RULES, place) or self._word(place) or self._strange(place)
        return self._by(SIGN_RULES, place) or self._elided(place) or self._digit(place)

    def _is_special(self, word: str) -> bool:
        return (
            word in abbreviations.WITHOUT_DOT
            or names.is_small_roman(word)
            or (self.lexicon is not None and self.lexicon.get(word) is not None)
        )

    def _own(self, place: int) -> Token | None:
        """A word of the person's own lexicon, the longest that is there."""
        if not self.lexicon or not self.lexicon.words:
            return None
        found = pattern(r"[^\s,;:!?\"()]{1,60}").match(self.text, place)
        end = found.end() if found else place
        while end > place:
            written = self.text[place:end]
            phones = None if self.text[end : end + 1].isalnum() else self.lexicon.get(written)
            if phones:
                return Token(place, end, [written.lower()], phones)
            end -= 1
        return None

    def _by(self, rules: Sequence[Rule], place: int, is_chunk: bool = False) -> Token | None:
        if is_chunk:
            found = pattern(r"\S{1,80}").match(self.text, place)
            if not found or not re.search(r"[A-Za-z0-9_-][.@][A-Za-z0-9]|://", found[0]):
                return None
        for written, reading in rules:
            match = written.match(self.text, place, place + LONGEST_WRITTEN)
            if match and match.end() > place:
                words = reading(match, Around(self.text, place, match.end(), self.knows))
                if words:
                    return Token(place, match.end(), words)
        return None

    def _number(self, place: int, before: str) -> Token | None:
        text = self.text
        last = self.tokens[-1] if self.tokens else None
        if text[place] in "-−+±–" and before and not (before.isspace() or before in "([\"'=:/*^<>~"):
            return None
        token = self._by(DIGIT_RULES, place)
        if token:
            token.is_numeric = True
            if before in ("-", "–") and last and last.is_numeric and last.end == place - 1:
                is_none = self.is_british and token.words == ["zero"]
                token.words = ["nil"] if is_none else ["to", *token.words]
        return token

    def _word(self, place: int) -> Token | None:
        text = self.text
        match = WORD.match(
            text, place, place + LONGEST_WORD + 1
        )  # in a time that the length of what follows does not change
        if not match:
            return None
        end = match.end()
        if end - place > LONGEST_WORD:
            end = place + LONGEST_WORD
        elif text[end : end + 1] == "'" and not text[end + 1 : end + 2].isalnum():
            is_possessive = text[end - 1] in "sS" and not self.quote_is_open
            if is_possessive or self.knows(text[place : end + 1].lower()):
                end += 1
        return Token(place, end, [text[place:end].lower()])

    def _elided(self, place: int) -> Token | None:
        """``'tis``, ``'em``: words that begin with an apostrophe."""
        match = WORD.match(self.text, place + 1, place + LONGEST_WORD + 2) if self.text[place] == "'" else None
        if not match:
            return None
        word = f"'{match[0].lower()}"
        is_known = self.knows(word) and (word != "'s")
        self.quote_is_open = self.quote_is_open or not is_known
        return Token(place, match.end(), [word]) if is_known else None

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

    def _strange(self, place: int) -> Token | None:
        """Read a passage in another script: the name of a single letter, a transliteration, or refuse or skip it."""
        letter = self.text[place]
        if unicodedata.category(letter) == "Lm":
            return None
        end, script = passage(self.text, place), script_of(letter)
        written = self.text[place:end]
        names = letter_names(written)
        if names and (self.on_skip is not None or (script == "Greek" and len(written) == 1)):
            return Token(place, end, names)
        if self.on_skip is None:
            raise BadText(
                f"The text has {written!r} at character {place + 1} ({script} script), which the English front end cannot "
                "read; use a voice of its language, or leave it out."
            )
        latin = transliterate(written)
        if latin:
            return Token(place, end, [latin])
        self.on_skip(place, end, f"{script} script")
        self.place = end
        return None

    def _digit(self, place: int) -> Token | None:
        value = unicodedata.digit(self.text[place], None)
        return None if value is None else Token(place, place + 1, digits(str(value)), is_numeric=True)

    def _ends_with_dot(self, token: Token) -> bool:
        """Whether the dot of an abbreviation ends the sentence as well."""
        text = self.text
        if text[token.end - 1] != "." or token.phones:
            return False
        written = text[token.start : token.end - 1].lower()
        behind = pattern(r"[\"')\]]{0,4}(\s*)([A-Za-z']*)(\S?)").match(text, token.end)
        if behind is None:
            return False
        is_last = not behind[2] and not behind[3]
        if not is_last and (written in abbreviations.TITLES and token.words[0] == abbreviations.TITLES[written]):
            return False
        begins = behind[1] and behind[2][:1].isupper() and behind[2].lower() in abbreviations.STARTERS
        if is_last or begins or behind[1].count("\n") > 1:
            self._mark(".")
            return True
        return False

    def _punctuation(self) -> bool:
        text, place = self.text, self.place
        character = text[place]
        dots = DOTS.match(text, place)
        if dots:
            self.place = dots.end()
            return self._stop("." if self._capital_follows(self.place) else ",")
        if character in STOPS:
            return self._stops(place)
        self.place += 1
        if character in ",()[]{}\u00b7\u2022\u3001\u060c":
            self._mark("," if self.tokens and self.tokens[-1].mark == "" else "")
        elif character in ":;\u2014\u2013" and not (character == "\u2013" and text[place + 1 : place + 2].isdigit()):
            self._mark(";")
        elif character == "'" and self.quote_is_open:
            self.quote_is_open = False
        elif unicodedata.category(character) in ("So", "Sk", "Sm", "Co", "Cn", "Mn", "Lm", "Lo"):
            self.unspoken.append((place, character))
        return False

    def _stops(self, place: int) -> bool:
        """One of . ! ? and what repeats it."""
        text = self.text
        if text[place] == "." and text[place + 1 : place + 2].isalnum():
            before = text[place - 1 : place]
            if not (before.islower() or (before and before in CLOSING)) or not text[place + 1].isupper():
                self.tokens.append(Token(place, place + 1, ["dot"]))
                self.place = place + 1
                return False
        run = pattern(f"[{STOPS}]+").match(text, place)
        end = run.end() if run else place + 1
        self.place = end
        written = text[place:end]
        mark = "?" if {*written} & {*ASKING} else "!" if "!" in written else "."
        is_quoted = text[end : end + 1] in CLOSING and text[end : end + 1] != ""
        behind = pattern(r"[\"')\]*_]{0,4}\s*").match(text, end)
        next_letter = text[behind.end() : behind.end() + 1] if behind else ""
        if next_letter.islower() and written == "." and self._is_behind_unit(place):
            return False
        if next_letter.islower() and (is_quoted or (mark == "." and self._last_is_unknown())):
            self._mark("," if mark == "." else mark)
            return False
        return self._stop(mark)

    def _stop(self, mark: str) -> bool:
        self._mark(mark)
        return mark in (".", "!", "?")

    def _capital_follows(self, place: int) -> bool:
        behind = pattern(r"[\"')\]]{0,4}(\s+)(\S?)").match(self.text, place)
        return (
            not self.text[place : place + 4].strip(" \"')]\n")
            if behind is None
            else not behind[2] or behind[2].isupper()
        )

    def _is_behind_unit(self, place: int) -> bool:
        """Whether a dot belongs to a unit, as in ``5 ft. tall``."""
        last = self.tokens[-1] if self.tokens else None
        return last is not None and last.is_numeric and last.end == place and self.text[place - 1].isalpha()

    def _last_is_unknown(self) -> bool:
        return (
            bool(self.tokens) and not self.tokens[-1].is_numeric and not self.knows(self.tokens[-1].words[-1].lower())
        )

    def _mark(self, mark: str) -> None:
        """The pause behind the last token: the strongest of those written there."""
        if self.tokens and STRENGTH.index(mark) > STRENGTH.index(self.tokens[-1].mark):
            self.tokens[-1].mark = mark


def _value(text: str, token: Token) -> int:
    """The whole number that a token is written as; 0 where it is none."""
    written = text[token.start : token.end].replace(",", "")
    return int(written) if written.isdecimal() and len(written) < 10 else 0


def _is_after_digit(text: str, place: int, dash: str) -> bool:
    """Whether a dash stands between numbers, as in 3-2, rather than between clauses."""
    return dash.strip() == dash and text[place - 1 : place].isdigit()
