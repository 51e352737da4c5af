"""Read the token at a position of a text: by rules, by the user's lexicon, or as a plain word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...base.errors import BadText
from ..lexicon import Lexicon, is_ipa
from ..pattern import pattern
from ..scripts import letter_names, passage, script_of, transliterate
from . import (
    abbreviations,
    addresses,
    calendar,
    chemistry,
    citations,
    codes,
    dimensions,
    durations,
    goods,
    identifiers,
    latex,
    money,
    names,
    operators,
    quantities,
    roman,
    scores,
    signs,
)
from .numbers import digits
from .phones import phones_of_arpabet, phones_of_ipa
from .rules import Around, Rule
from .tables import alternatives
from .units import CODES, CURRENCIES

LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
WORD = pattern(rf"[{LATIN}]+(?:'[{LATIN}]+)*")
PLAIN = pattern(r"[a-z]{2,30}(?=[\s,;!?)]|$)")
INLINE = pattern(r"\[\[([^\[\]]{0,4000})\]\]")
NUMERIC = pattern(rf"[-−+±]?(?:\d|\.\d|(?:{alternatives(CURRENCIES)})\s?[-−]?[\d.])|\(\d{{3}}\)|[{quantities.HALVES}]")

VOWELS = frozenset("aeiouy")

MAX_WORD_LENGTH = 40
"""Letters; a longer word is split."""

MAX_WRITTEN_LENGTH = 400
"""Characters that a rule may match; the bound makes scanning linear in the length of the text."""

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
    *dimensions.RULES,
    *goods.RULES,
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
class Token:
    """A span of the text: its words in lower case, with names of letters as capitals, and the pause after it."""

    start: int
    end: int
    words: list[str]
    phones: tuple[str, ...] | None = None
    mark: str = ""
    is_numeric: bool = False


@dataclass
class TokenReader:
    """Reader of the tokens of one text.

    - ``text``: text, as :func:`..characters.normalize_characters` returns it.
    - ``knows``: looks a word in lower case up in the dictionary.
    - ``lexicon``: the user's own words.
    - ``on_skip``: called with start, end and reason of each passage that is skipped; without it such a passage raises
      BadText.
    - ``is_british``: dialect of numbers and dates.
    - ``quote_is_open``: true after an opening single quote.
    """

    text: str
    knows: Callable[[str], bool]
    lexicon: Lexicon | None = None
    on_skip: Callable[[int, int, str], None] | None = None
    is_british: bool = False
    quote_is_open: bool = False

    def read(self, position: int, last: Token | None) -> Token | None:
        """Read the token at a position.

        - ``position``: start of the token.
        - ``last``: token before it.
        - returns: the token; without words if the passage is skipped, None if there is only punctuation.

        Raises BadText without ``on_skip``, for a passage in another script or invalid phones in ``[[ ]]``.
        """
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
            if not chunk or not re.search(r"[A-Za-z0-9_-][.@][A-Za-z0-9]|://|:\\", chunk[0]):
                return None
        for written, reading in rules:
            match = written.match(self.text, position, position + MAX_WRITTEN_LENGTH)
            if match and match.end() > position:
                words = reading(match, Around(self.text, position, match.end(), self.knows))
                if words:
                    return Token(position, match.end(), words)
        return None

    def _number(self, position: int, before: str, last: Token | None) -> Token | None:
        """Read a number, after a hyphen with ``to``."""
        text = self.text
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

    def _inline(self, match: re.Match[str]) -> Token | None:
        """Read phones in double brackets; refuse invalid ones, or report them and read them as words."""
        start, end = match.span()
        try:
            alphabet = phones_of_ipa if is_ipa(match[1]) else phones_of_arpabet
            phones = alphabet(match[1], f"[[{match[1].strip()}]] (character {start + 1})")
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
        return Token(position, end, [])

    def _digit(self, position: int) -> Token | None:
        """Read a digit of another script."""
        value = unicodedata.digit(self.text[position], None)
        return None if value is None else Token(position, position + 1, digits(str(value)), is_numeric=True)
