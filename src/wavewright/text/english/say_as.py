"""English texts of SSML's ``say-as``."""

from __future__ import annotations

import re

from ..region import is_british
from ..say_as import SayAs, mismatch
from . import numbers
from .addresses import SIGNS
from .calendar import MONTHS
from .phones import LETTERS
from .signs import WORDS


class EnglishSayAs(SayAs):
    """See :class:`..say_as.SayAs`."""

    def date(self, day: int | None, month: int | None, year: int | None) -> list[str]:
        """Return the words of a date: the month first, in Britain the day."""
        words = [self.months[month - 1]] if month is not None else []
        of_day = self.day(day) if day is not None else []
        words = ["the", *of_day, "of", *words] if words and of_day and is_british() else [*words, *of_day]
        return [*words, *(numbers.year(year) if year is not None else [])]

    def _spelled(self, text: str) -> str:
        """Return letters as initials, a single one as its phones, digits and signs as their names."""
        pieces = re.findall(r"[A-Za-z]+|\d|\S", text)
        return " ".join(
            self._initials(piece)
            if piece.isalpha() and piece.isascii()
            else " ".join(numbers.digits(piece)) or self.names.get(piece) or piece
            for piece in pieces
        )

    def _initials(self, letters: str) -> str:
        if len(letters) == 1:
            return f"[[{self.letter(letters)}]]"
        return "".join(f"{letter.upper()}." for letter in letters)

    def _telephone(self, text: str) -> list[str]:
        return numbers.telephone(text)

    def _fraction(self, text: str) -> list[str]:
        """Read ``3/4`` and ``2 3/4``."""
        match = re.fullmatch(r"(?:(\d{1,9})[\s+])?(\d{1,9}/\d{1,9})", text.strip())
        whole = [*numbers.whole(match[1]), "and"] if match and match[1] else []
        return [*whole, *super()._fraction(match[2] if match else text)]

    def _number(self, text: str, kind: str) -> list[str]:
        """Read a cardinal or ordinal number."""
        plain = text.strip().replace(",", "").replace(" ", "")
        match = re.fullmatch(r"([-\u2212+]?)(\d{1,40})(?:st|nd|rd|th)?(?:\.(\d{1,40}))?", plain)
        if not match or (kind == "ordinal" and (match[1] or match[3])):
            raise mismatch(text, "a number such as 12")
        sign = [self.minus] if match[1] and match[1] != "+" else []
        after = ["point", *numbers.digits(match[3])] if match[3] else []
        return [*sign, *(numbers.ordinal if kind == "ordinal" else numbers.cardinal)(int(match[2])), *after]


SAY_AS = EnglishSayAs(
    numbers=numbers,
    names={**SIGNS, **WORDS},
    months=MONTHS,
    plus="plus",
    minus="minus",
    letter=lambda character: LETTERS[character.upper()],
    ordinal=lambda number, _mark: numbers.ordinal(number),
    time=lambda _hour, _minute: "",  # rules read it as it is
    day=numbers.ordinal,
)
