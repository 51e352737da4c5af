"""Read the token at a position of a text: by rules, by the user's lexicon, as phones in brackets, or as a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..base.errors import BadText
from .lexicon import Lexicon
from .pattern import pattern
from .rules import AroundMatch, RuleOf
from .scripts import letter_names, passage, script_of, transliterate

LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
WORD = pattern(rf"[{LATIN}]+(?:'[{LATIN}]+)*")
INLINE = pattern(r"\[\[([^\[\]]{0,4000})\]\]")

MAX_WORD_LENGTH = 40
"""Letters; a longer word is split."""

MAX_WRITTEN_LENGTH = 400
"""Characters that a rule may match; the bound makes scanning linear in the length of the text."""


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
class WordReader:
    """Reader of the tokens of one text, what all languages share.

    - ``text``: text, as :func:`.characters.normalize_characters` returns it.
    - ``knows``: looks a word in lower case up in the dictionary.
    - ``lexicon``: the user's own words.
    - ``on_skip``: called with start, end and reason of each passage that is skipped; without it such a passage raises
      BadText.
    - ``region``: dialect of numbers and dates, see :func:`.region.region`.
    """

    LANGUAGE: ClassVar[str]

    text: str
    knows: Callable[[str], bool]
    lexicon: Lexicon | None = None
    on_skip: Callable[[int, int, str], None] | None = None
    region: str = ""

    def read(self, position: int, last: Token | None) -> Token | None:
        """Read the token at a position.

        - ``position``: start of the token.
        - ``last``: token before it.
        - returns: the token; without words if the passage is skipped, None if there is only punctuation.

        Raises BadText without ``on_skip``, for a passage in another script or invalid phones in ``[[ ]]``.
        """
        raise NotImplementedError

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        """Parse phones in brackets."""
        raise NotImplementedError

    def _digits(self, text: str) -> list[str]:
        """Read digits one by one."""
        raise NotImplementedError

    def _around(self, start: int, end: int) -> AroundMatch:
        return AroundMatch(self.text, start, end, self.knows)

    def _at_start(self, rules: Sequence[RuleOf[Any]], position: int) -> Token | None:
        """Read phones in brackets or, at the start of a word, one of the user's lexicon or an address by rules."""
        inline = INLINE.match(self.text, position)
        if inline and (token := self._inline(inline)):
            return token
        before = self.text[position - 1 : position]
        if before.isalnum() or before in ("-", "'", ".", "@", "_") or not self.text[position].isalnum():
            return None
        return self._own(position) or self._by(rules, position, is_chunk=True)

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

    def _by(self, rules: Sequence[RuleOf[Any]], position: int, is_chunk: bool = False) -> Token | None:
        """Read by the first rule that applies; rules of chunks need a dot, an ``@`` or ``://`` inside."""
        if is_chunk:
            chunk = pattern(r"\S{1,80}").match(self.text, position)
            if not chunk or not re.search(r"[A-Za-z0-9_-][.@][A-Za-z0-9]|://|:\\", chunk[0]):
                return None
        for written, reading in rules:
            match = written.match(self.text, position, position + MAX_WRITTEN_LENGTH)
            if match and match.end() > position:
                words = reading(match, self._around(position, match.end()))
                if words:
                    return Token(position, match.end(), words)
        return None

    def _inline(self, match: re.Match[str]) -> Token | None:
        """Read phones in double brackets; refuse invalid ones, or report them and read them as words."""
        start, end = match.span()
        try:
            phones = self._phones(match[1], f"[[{match[1].strip()}]] (character {start + 1})")
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
                f"The text has {written!r} at character {position + 1} ({script} script), which the {self.LANGUAGE} "
                "front end cannot read; use a voice of its language, or leave it out."
            )
        latin = transliterate(written)
        if latin:
            return Token(position, end, [latin])
        self.on_skip(position, end, f"{script} script")
        return Token(position, end, [])

    def _digit(self, position: int) -> Token | None:
        """Read a digit of another script."""
        value = unicodedata.digit(self.text[position], None)
        return None if value is None else Token(position, position + 1, self._digits(str(value)), is_numeric=True)
