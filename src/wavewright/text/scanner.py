"""Scan a text from left to right: the words that are spoken, and the pauses between them, in any language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from .layout import HEADING_END, MARK, ROW, RULE, TITLE, number_of
from .pattern import pattern
from .region import dialect
from .tokens import Token, WordReader

SPACE = pattern(r"\s+")
STOPS = ".!?\u203d\u3002\u061f\u0964"
ASKING = "?\u203d\u061f"
STRENGTH = ("", ",", ";", ".", "!", "?")
CLOSING = "\"')]}*_"
NOTE = pattern(
    r"(?:\[(?:[1-9]\d{0,2}(?:[,–-]\s?\d{1,3})*|[a-z]|nb \d{1,2}|note \d{1,2}|citation needed|[a-z]+ needed|"
    r"\^\w{0,20}|\d{1,3}(?::\d{1,3})?\u2020[^\[\]\n]{0,80})\](?:,?\s?(?=\[\d))?){1,20}"
)
"""Marks of footnotes or sources after a word: ``[12]``, ``[1][2]``, ``\u30104\u2020source\u3011``."""
CITED = pattern(r"\[[1-9]\d{0,2}(?:[,–-]\s?\d{1,3}\]|\]\s?\[\d|(?::\d{1,3})?\u2020)")
"""The start of several sources, which are no number of a thing, also after a space."""
NAMED = pattern(r"\b(?:see|in|and|or|of|by|to|from|with|cf\.?|refs?\.?|references?|than|,)\s?$", re.IGNORECASE)
"""Words before sources that are a part of the sentence."""
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
ITEM_CHARACTERS = 4_000  # of the longest first item with a roman numeral
DOTS = pattern(r"\.{2,}|…\.*|\.(?:\s\.){2,}")


@dataclass
class TextScanner:
    """Scanner of the text of a reader of tokens; a language derives its own."""

    reader: WordReader
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
            with dialect(self.reader.region):
                has_ended = self._step()
            if has_ended and self.tokens:
                yield self.tokens
                self.tokens = []
        if self.tokens:
            self._mark(".")
            yield self.tokens
        self.tokens = []

    def _number_of_item(self, number: int) -> list[str]:
        """Read the number of an item of a list."""
        raise NotImplementedError

    def _dash(self) -> bool:
        """Read a dash; return False if there is none here."""
        raise NotImplementedError

    def _ends_with_dot(self, token: Token) -> bool:
        """Return True if the dot of an abbreviation ends the sentence as well."""
        raise NotImplementedError

    def _stops(self, position: int) -> bool:
        """Read a run of full stops, question and exclamation marks; return True if a sentence ended."""
        raise NotImplementedError

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
            return mark["number"] is None or self._is_item_number(mark["number"])
        return self.is_item and not is_indented and text[position : position + 1].isupper()

    def _is_item_number(self, written: str) -> bool:
        """Return True for the number of an item; a line of a wrapped paragraph may begin with one, too."""
        last = self.tokens[-1] if self.tokens else None
        is_apart = last is None or last.mark in (".", "!", "?", ";")
        number = number_of(written)
        if written.isdigit():
            return number in (1, self.item + 1) or is_apart
        if number == 1:  # ``I. Newton`` is none
            following = re.compile(rf"\n[ \t]*{2 * written}[.)]\s")
            return is_apart and following.search(self.text, self.position, self.position + ITEM_CHARACTERS) is not None
        return number > 0 and (number == self.item + 1 > 1 or (is_apart and len(written) > 1))

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
        if not mark or (mark["number"] and not self._is_item_number(mark["number"])):
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
        self.item = number_of(mark["number"] or "")
        end = start + len(mark["number"] or mark["letter"])
        words = self._number_of_item(self.item) if mark["number"] else [mark["letter"].upper()]
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
        is_cited = CITED.match(text, position) and not NAMED.search(text, max(0, position - 12), position)
        match = (
            SILENT.match(text, position)
            or LINK.match(text, position)
            or (FACE.match(text, position) if is_apart else None)
            or (NOTE.match(text, position) if is_after_word or is_cited else None)
        )
        self.position = match.end() if match else position
        return match is not None

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
        elif character == "'":
            self._apostrophe()
        elif unicodedata.category(character) in ("So", "Sk", "Sm", "Co", "Cn", "Mn", "Lm", "Lo"):
            self.unspoken.append((position, character))
        return False

    def _apostrophe(self) -> None:
        """Note an apostrophe that is no part of a word."""

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

    def _mark(self, mark: str) -> None:
        """Set the pause after the last token; the strongest one counts."""
        if self.tokens and STRENGTH.index(mark) > STRENGTH.index(self.tokens[-1].mark):
            self.tokens[-1].mark = mark
