"""Scan a text from left to right: the words that are spoken, and the pauses between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..layout import HEADING_END, MARK, ROW, RULE, TITLE
from ..pattern import pattern
from . import abbreviations, calendar
from .dialect import british
from .numbers import cardinal
from .tables import alternatives
from .tokens import NUMERIC, Token, TokenReader

SPACE = pattern(r"\s+")
CALENDAR_WORDS = [[name] for name in (*calendar.MONTHS, *calendar.DAY_NAMES)]

STOPS = ".!?\u203d\u3002\u061f\u0964"
ASKING = "?\u203d\u061f"
STRENGTH = ("", ",", ";", ".", "!", "?")
CLOSING = "\"')]}*_"
DASHES = pattern(
    r"\s+[-–]+\s+|(?!(?:\s|(?<!\S))--[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:[\s=,.;:)\"'`]|$))\s*(?:—|--+(?![->]))\s*|–"
)
"""A dash that is a pause; not the hyphens of an option, ``--verbose``."""
NUMBERED = pattern(r"\)\s?[-–]\s?\((?=\d{1,4}\))")
UNTIL = pattern(r"\s?[-–]\s?(?=(?:noon|midnight|present|now|today)\b|ca?\.\s?\d)")
_NAMES = alternatives(
    [*calendar.MONTH_NAMES, *(day.title() for day in (*calendar.DAY_NAMES, *calendar.WEEKDAYS)), "Midnight", "Noon"]
)
PARTS = pattern(r"\W?(?:ft|yd|lb|hr)\.\s\d{1,2}\s?(?:in|ft|oz|min)\b")
"""Parts of a length, a weight or a time: ``5 ft. 10 in.``."""
AFTER_NUMBER = pattern(r"\d(?:st|nd|rd|th)?$")
UNKNOWN = pattern(r"[\^²³]-?\d*$|(?<![A-Za-z])[a-z]$")
"""A power or the letter of an unknown before a minus."""
FROM_NAME = pattern(rf"\.?\s?[-–]\s?(?=(?:{_NAMES}|midnight|noon)\b|(\d))")
"""A dash between months or days, or after noon and midnight."""
CALCULATED = pattern(r"\s+([-–−])\s+(\d{1,9})(?![\d:/-])(?:\s*(=))?")
GLUED = pattern(r"(?:[A-Z][a-z]|[AI]\s)")
"""Beginning of a sentence without a space before it: ``$5.Then``."""
NOTE = pattern(
    r"\[(?:[1-9]\d{0,2}(?:[,–-]\s?\d{1,3})*|[a-z]|nb \d{1,2}|note \d{1,2}|citation needed|[a-z]+ needed|\^)\]"
)
"""A mark of a footnote or a source after a word: ``[12]``."""
SILENT = pattern(
    r"\\(?:cite[pt]?|ref|eqref|label|[vh]space|begin|end|item|usepackage|documentclass|includegraphics|bibliography)"
    r"(?![A-Za-z])\*?(?:\[[^\[\]]{0,100}\])?(?:\{[^{}]{0,200}\})?|\\(?=[$%&#_{}])"
)
"""Commands of LaTeX that are not spoken."""
LINK = pattern(r"\]\((?=[^\s()]*[./#])[^\s()]{1,300}(?:\s\"[^\"\n]{0,200}\")?\)|!(?=\[[^\[\]\n]{0,200}\]\()")
"""The address of a link in Markdown after its text, and the mark of a picture."""
FACE = pattern(
    r"(?:[:;][-'^o]?(?:[()DPpOo|/*\[\]]+|3(?!\d))|=[()D]|[xX]D+|[\^>T;][_.-]{1,2}[\^<T;]|</3|¯?\\_\([^()\s]{1,3}\)_/¯?)"
    r"(?=[\s.,!?]|$)"
)
"""A face made of signs, which is silent: ``:-)``, ``xD``, ``^_^``."""
SILENT_STARTS = frozenset(":;=xX^>T<¯\\]![")
DOTS = pattern(r"\.{2,}|…\.*|\.(?:\s\.){2,}")


@dataclass
class Scanner:
    """Scanner of the text of a reader of tokens."""

    reader: TokenReader
    position: int = field(default=0, init=False)
    tokens: list[Token] = field(default_factory=list, init=False)
    unspoken: list[tuple[int, str]] = field(default_factory=list, init=False)
    line_start: int = field(default=-1, init=False)  # where a mark of a list, a heading or a quote may be
    ends_with_line: bool = field(default=False, init=False)  # in a heading or a row of a table
    is_item: bool = field(default=False, init=False)
    is_quote: bool = field(default=False, init=False)
    is_nested: bool = field(default=False, init=False)  # after another mark
    is_row: bool = field(default=False, init=False)
    item: int = field(default=0, init=False)  # number of the last item of a list

    def __post_init__(self) -> None:
        self.text = self.reader.text
        if SPACE.match(self.text) is None:
            self.line_start = 0

    def sentences(self) -> Iterator[list[Token]]:
        """Yield the tokens of each sentence."""
        while self.position < len(self.text):
            with british(self.reader.is_british):
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
        if self.position == self.line_start:
            self.line_start = -1
            consumed, has_ended = self._block()
            if consumed:
                return has_ended
        if self.ends_with_line and (end := HEADING_END.match(self.text, self.position)) and not self.is_row:
            self.position = end.end()
            return False
        space = SPACE.match(self.text, self.position)
        if not (space and "\n" in space[0]) and (self._silent() or self._dash()):
            return False
        if space:
            return self._space(space[0])
        token = self.reader.read(self.position, self.tokens[-1] if self.tokens else None)
        if token is None:
            return self._punctuation()
        self.position = token.end
        if not token.words:  # a passage was skipped
            return False
        self.tokens.append(token)
        return self._ends_with_dot(token)

    def _space(self, space: str) -> bool:
        """Pass over space; return True if a sentence ended with its line or its paragraph."""
        n_lines = space.count("\n")
        start, self.position = self.position, self.position + len(space)
        if not n_lines and start > 0:
            return False
        self.line_start = self.position
        if n_lines > 1:
            self.ends_with_line = self.is_item = self.is_quote = self.is_row = False
            self._mark(".")
            return True
        if self.ends_with_line or self._starts_block(is_indented=not space.endswith("\n")):
            self.ends_with_line = self.is_row = False
            self._mark(".")
            return True
        return False

    def _starts_block(self, is_indented: bool) -> bool:
        """Return True if the line that starts here is no continuation of the sentence before it."""
        text, position = self.text, self.position
        mark = MARK.match(text, position)
        if mark and mark["quote"]:
            return not self.is_quote
        if self.is_quote or RULE.match(text, position) or ROW.match(text, position) or TITLE.match(text, position):
            return True
        if mark:
            return mark["number"] is None or self._is_item_number(int(mark["number"]))
        return self.is_item and not is_indented and text[position : position + 1].isupper()

    def _is_item_number(self, number: int) -> bool:
        """Return True for the number of an item; a line of a wrapped paragraph may begin with one, too."""
        last = self.tokens[-1] if self.tokens else None
        return number == 1 or number == self.item + 1 or last is None or last.mark in (".", "!", "?", ";")

    def _block(self) -> tuple[bool, bool]:
        """Pass over a mark at the start of a line; return whether there is one, and whether a sentence ended."""
        text, start = self.text, self.position
        rule = RULE.match(text, start)
        if rule:
            self.position = rule.end()
            return True, False
        mark = MARK.match(text, start)
        if not self.is_nested:
            self.is_quote = bool(mark and mark["quote"])
        self.is_nested = False
        if ROW.match(text, start):
            self.ends_with_line = self.is_row = True
        elif TITLE.match(text, start):
            self.ends_with_line = True
        if not mark or (mark["number"] and not self._is_item_number(int(mark["number"]))):
            return False, False
        self.position = mark.end()
        if mark["quote"] or mark["bullet"]:
            self.line_start = mark.end()  # another mark may follow
            self.is_nested = True
        if mark["heading"]:
            self.ends_with_line = True
        self.is_item = not mark["quote"] and not mark["heading"]
        if not (mark["number"] or mark["letter"]):
            return True, False
        self.item = int(mark["number"] or 0)
        end = start + len(mark["number"] or mark["letter"])
        words = cardinal(self.item) if mark["number"] else [mark["letter"].upper()]
        self.tokens.append(Token(start, end, words, is_numeric=mark["number"] is not None, mark="."))
        return True, True

    def _silent(self) -> bool:
        """Pass over a command of LaTeX, the address of a link, a face, or the mark of a footnote after a word."""
        text, position = self.text, self.position
        if text[position] not in SILENT_STARTS:
            return False
        before = text[max(0, position - 3) : position]
        is_apart = not before[-1:].strip()
        is_after_word = before != "" and (before.isalpha() or before[-1] in (*STOPS, *",;:\"')]"))
        match = (
            SILENT.match(text, position)
            or LINK.match(text, position)
            or (FACE.match(text, position) if is_apart else None)
            or (NOTE.match(text, position) if is_after_word else None)
        )
        self.position = match.end() if match else position
        return match is not None

    def _dash(self) -> bool:
        """Read a dash as ``minus``, as ``to`` or as a pause; return False if there is none here."""
        dash = DASHES.match(self.text, self.position)
        if (dash and self._minus()) or self._until() or self._until_name():
            return True
        is_joined = _is_after_digit(self.text, self.position, dash[0]) if dash else False
        last = self.tokens[-1] if self.tokens else None
        if dash and last and last.is_numeric and last.end == self.position and dash[0] == "–":
            is_joined = True  # 10am–6pm
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
        last = self.tokens[-1].words[-1:] if self.tokens and not self.tokens[-1].mark else []
        is_hour = last in (["noon"], ["midnight"])
        is_name = last in CALENDAR_WORDS and self.text[self.tokens[-1].start].isupper()
        if not (is_hour or is_name or self._is_after_date()):
            return False
        match = FROM_NAME.match(self.text, self.position)
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
        return any([word] in CALENDAR_WORDS for word in near)

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
        if token.end - token.start == 2 and pattern(r"\s*[A-Z]\.").match(text, token.end):
            return False  # the initials of a name
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
        if character in ",()[]{}\u00b7\u2022\u3001\u060c" or (character == "|" and self.is_row):
            self._mark("," if self.tokens and self.tokens[-1].mark == "" else "")
        elif character in ":;\u2014\u2013" and not (
            character == "\u2013" and text[position + 1 : position + 2].isdigit()
        ):
            self._mark(";")
        elif character == "'" and self.reader.quote_is_open:
            self.reader.quote_is_open = False
        elif unicodedata.category(character) in ("So", "Sk", "Sm", "Co", "Cn", "Mn", "Lm", "Lo"):
            self.unspoken.append((position, character))
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
        last = self.tokens[-1] if self.tokens else None
        return last is not None and not last.is_numeric and not self.reader.knows(last.words[-1].lower())

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
    return dash.strip() == dash and AFTER_NUMBER.search(text, max(0, position - 4), position) is not None
