"""Read signs: arithmetic, powers, and signs with a word of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ..pattern import pattern
from ..rules import AroundMatch, Reading, Rule, reads, reads_as
from ..tables import of_kind

SIGN = r"([-−+±]?)"
"""Pattern of what may stand before a number, in a group."""


class Signs:
    """Signs of a language, from its table ``signs``.

    - ``words``: words of signs in a text; ``address`` has those in addresses, ``names`` both.
    - ``signed``: words of what stands before a number: ``-``, ``−``, ``+``, ``±``, or nothing.
    """

    def __init__(self, rows: list[list[str]]) -> None:
        self.words: Mapping[str, str] = of_kind(rows, "text")
        self.address: Mapping[str, str] = of_kind(rows, "address")
        self.names: Mapping[str, str] = {**self.words, **self.address}
        self.signed: dict[str, Sequence[str]] = {sign: self.words[sign].split() for sign in "−+±"}
        self.signed |= {"-": self.signed["−"], "": []}
        self._powers = of_kind(rows, "power")
        self._patterns = of_kind(rows, "pattern")

    def sign(self, written: str) -> Sequence[str]:
        """Return the words of what stands before a number."""
        return self.signed[written]

    def rules(self, whole: Callable[[str], list[str]]) -> list[Rule]:
        """Return the rules of all signs; ``whole`` returns the words of a whole number."""

        def power(match: re.Match[str], _around: AroundMatch) -> Reading:
            """Read ``^4``; ``^2`` and ``^3`` may have names of their own."""
            if match[0] in self._powers:
                return self._powers[match[0]].split()
            return [*self._powers["^"].split(), *self.signed[match[1] or ""], *whole(match[2])]

        return [
            *((pattern(written), reads_as(*words.split())) for written, words in self._patterns.items()),
            *reads(r"\^(-)?(\d{1,3})")(power),
            *reads(r"[-−](?=\s?\d)", r"(?<=\d )[-−](?= [a-z]\b)", r"(?<=[a-z] )[-−](?= [a-z\d]\b)")(self._minus),
            *reads(f"[{re.escape(''.join(sign for sign in self.words if len(sign) == 1))}]")(self._word),
        ]

    def _minus(self, _match: re.Match[str], around: AroundMatch) -> Reading:
        """Read ``7 - 4``."""
        before = around.left(2)
        return [*self.signed["-"]] if not before.strip() or before.endswith((" ", "(", "=")) else None

    def _word(self, match: re.Match[str], around: AroundMatch) -> Reading:
        """Read a sign with a word of its own, but no brackets or arrows made of ``<`` and ``>``."""
        before, after = around.left(1), around.right(1)
        is_bracket = match[0] in (before, after) or before.isalpha() or after.isalpha() or "/" in (before, after)
        if (match[0] in "<>" and is_bracket) or (match[0] == "#" and not after.isdigit()):
            return None
        if (match[0] == "†" and before.strip()) or (match[0] == "º" and not before.strip()):
            return None
        return self.words[match[0]].split()
