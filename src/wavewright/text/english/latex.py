r"""Read mathematics as LaTeX writes it: ``$x^2$``, ``\frac{1}{2}``, ``\alpha``."""

from __future__ import annotations

import re

from ..pattern import pattern
from .numbers import decimal, fraction, ordinal
from .rules import Around, Reading, Rule, alternatives, mapping, reads

COMMANDS = mapping("latex")
"""Words of commands without arguments."""

TEXTS = (
    *("section", "subsection", "subsubsection", "chapter", "paragraph", "title", "author", "caption", "footnote"),
    *("text", "textbf", "textit", "textrm", "texttt", "textsf", "emph", "mbox", "underline", "operatorname"),
)
FONTS = ("mathrm", "mathbf", "mathit", "mathcal", "mathbb", "mathsf", "mathfrak", "boldsymbol", "boxed", "overbrace")
ACCENTS = {
    **{"hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "dot": "dot"},
    **{"ddot": "double dot", "vec": "vector"},
}
FRACTIONS = ("frac", "dfrac", "tfrac", "cfrac")
OPERATORS = {
    **{"+": ["plus"], "-": ["minus"], "−": ["minus"], "=": ["equals"], "<": ["is", "less", "than"], "/": ["over"]},
    **{">": ["is", "greater", "than"], "*": ["times"], "!": ["factorial"], "%": ["percent"], "'": ["prime"]},
    **{"≤": ["is", "less", "than", "or", "equal", "to"], "≥": ["is", "greater", "than", "or", "equal", "to"]},
    **{"≠": ["is", "not", "equal", "to"], "±": ["plus", "or", "minus"]},
}
SUMS = ("sum", "prod", "int", "iint", "oint")
FUNCTIONS = "fghFGHPpuvyxTV"
MAX_DEPTH = 20

_ATOM = pattern(r"\\([A-Za-z]+)\s*|\\([^A-Za-z])|(\d+(?:\.\d+)?|\.\d+)|([A-Za-z])|\s+|(.)", re.DOTALL)
_NAMES = alternatives(
    [*TEXTS, *FONTS, *ACCENTS, *FRACTIONS, "sqrt", "binom", *(name for name, words in COMMANDS.items() if words)]
)
_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]{0,80}\}){0,80}\}){0,120}\}"
_SCRIPTS = rf"(?:\s?[\^_](?:{_GROUP}|\\[A-Za-z]+|[A-Za-z0-9])){{0,2}}"


@reads(
    r"\$\$(?P<body>[^$]{1,300})\$\$",
    r"\$(?P<body>[^\s$](?:[^$\n]{0,200}[^\s$\\])?)\$(?!\d)",
    r"\\\((?P<body>.{1,300}?)\\\)",
    r"\\\[(?P<body>.{1,300}?)\\\]",
    flags=re.DOTALL,
)
def _mathematics(match: re.Match[str], _around: Around) -> Reading:
    r"""Read mathematics between dollars or ``\(`` and ``\)``; amounts of money are none."""
    body = match["body"]
    is_delimited = match[0][0] == "\\" or match[0].startswith("$$")
    is_formula = re.search(r"[\\^_=<>+]|^[A-Za-z](?:[,(][^$]*)?$|^[A-Za-z]\s?[-/*]\s?\w$|^\d*[a-z]$", body)
    if not is_delimited and not is_formula:
        return None
    return _Formula(body).words() or None


@reads(rf"\\(?:{_NAMES})(?![A-Za-z])(?:\[\w{{1,4}}\])?(?:\s?{_GROUP}){{0,2}}{_SCRIPTS}")
def _command(match: re.Match[str], _around: Around) -> Reading:
    r"""Read a command outside of mathematics: ``\frac{1}{2}``, ``\alpha``."""
    return _Formula(match[0]).words() or None


class _Formula:
    """A formula that is read from left to right."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self._text = text
        self._depth = depth
        self._position = 0

    def words(self) -> list[str]:
        """Return the words of the formula."""
        words: list[str] = []
        while self._position < len(self._text):
            words += self._next()
        return words

    def _next(self) -> list[str]:
        """Read the next atom with its powers and indices."""
        text, start = self._text, self._position
        if text[start] == "{":
            return self._scripted(self._inner(self._group()))
        if text[start] in "^_":
            self._position += 1
            return self._power() if text[start] == "^" else self._index()
        match = _ATOM.match(text, start)
        assert match is not None
        self._position = match.end()
        command, escaped, number, letter, sign = match.groups()
        if command:
            return self._of_command(command)
        if number:
            return self._scripted(decimal(number))
        if letter:
            is_function = letter in FUNCTIONS and re.match(
                r"'{0,2}\([A-Za-z0-9,\s\\+-]{1,12}\)", text[self._position :]
            )
            return self._scripted([letter.upper(), *(["of"] if is_function else [])])
        if escaped:
            return {"%": ["percent"], "&": ["and"], "$": ["dollars"], "#": ["number"]}.get(escaped, [])
        return OPERATORS.get(sign or "", [])

    def _of_command(self, name: str) -> list[str]:
        """Read a command with its arguments."""
        if name in FRACTIONS:
            above, below = self._argument(), self._argument()
            if above.isdecimal() and below.isdecimal() and 2 <= int(below) <= 100 and len(above) < 10:
                return self._scripted(fraction(int(above), int(below)))
            return self._scripted([*self._inner(above), "over", *self._inner(below)])
        if name == "binom":
            return [*self._inner(self._argument()), "choose", *self._inner(self._argument())]
        if name == "sqrt":
            return self._scripted(self._root())
        if name in TEXTS:
            return re.findall(r"[a-z']+", self._argument().lower())
        if name in FONTS:
            return self._scripted(self._inner(self._argument()))
        if name in ACCENTS:
            argument = self._inner(self._argument())
            words = ["vector", *argument] if name == "vec" else [*argument, *ACCENTS[name].split()]
            return self._scripted(words)
        if name in SUMS:
            return [*COMMANDS[name].split(), *self._limits(), "of"]
        if name == "lim":
            under = self._script("_")
            return ["limit", *(["as", *[*self._inner(under)]] if under else []), "of"]
        words = [
            word.upper() if len(word) == 1 and word.isupper() else word for word in COMMANDS.get(name, name).split()
        ]
        return self._scripted(words)

    def _root(self) -> list[str]:
        """Read the argument of a root."""
        order = re.compile(r"\s*\[(\w{1,4})\]").match(self._text, self._position)
        self._position = order.end() if order else self._position
        kinds = {"": ["square"], "2": ["square"], "3": ["cube"]}
        kind = kinds.get(order[1] if order else "") or [*_nth(order[1] if order else "")]
        return [*kind, "root", "of", *self._inner(self._argument())]

    def _limits(self) -> list[str]:
        """Read the limits of a sum or an integral."""
        below, above = "", ""
        for _ in range(2):
            below = below or self._script("_")
            above = above or self._script("^")
        if above:
            return ["from", *self._inner(below), "to", *self._inner(above)] if below else ["to", *self._inner(above)]
        return ["over", *self._inner(below)] if below else []

    def _scripted(self, words: list[str]) -> list[str]:
        """Append the indices and powers that follow."""
        for _ in range(3):
            index, power = self._script("_"), self._script("^")
            if index:
                words = [*words, "sub", *self._inner(index)]
            if power:
                words = [*words, *self._to_power(power)]
            if not index and not power:
                break
        return words

    def _power(self) -> list[str]:
        return self._to_power(self._argument())

    def _index(self) -> list[str]:
        return ["sub", *self._inner(self._argument())]

    def _to_power(self, power: str) -> list[str]:
        """Read an exponent."""
        plain = power.strip()
        if plain in ("\\circ", "\\degree"):
            return ["degrees"]
        named = {
            "2": ["squared"],
            "3": ["cubed"],
            "T": ["transpose"],
            "\\top": ["transpose"],
            "\\prime": ["prime"],
            "*": ["star"],
        }
        return named.get(plain) or ["to", "the", "power", "of", *self._inner(power)]

    def _script(self, sign: str) -> str:
        """Return the argument of a ``^`` or ``_`` that is next, or an empty text."""
        match = re.compile(rf"\s*{re.escape(sign)}").match(self._text, self._position)
        if not match:
            return ""
        self._position = match.end()
        return self._argument()

    def _argument(self) -> str:
        """Return the next group without its braces, or the next atom."""
        while self._position < len(self._text) and self._text[self._position].isspace():
            self._position += 1
        if self._position >= len(self._text):
            return ""
        if self._text[self._position] == "{":
            return self._group()
        match = re.compile(r"\\[A-Za-z]+|\\?.", re.DOTALL).match(self._text, self._position)
        self._position = match.end() if match else len(self._text)
        return match[0] if match else ""

    def _group(self) -> str:
        """Return the contents of the group that opens here."""
        depth, start = 0, self._position
        for position in range(start, len(self._text)):
            depth += {"{": 1, "}": -1}.get(self._text[position], 0)
            if depth == 0:
                self._position = position + 1
                return self._text[start + 1 : position]
        self._position = len(self._text)
        return self._text[start + 1 :]

    def _inner(self, text: str) -> list[str]:
        """Read an argument as a formula of its own."""
        return _Formula(text, self._depth + 1).words() if self._depth < MAX_DEPTH else []


def _nth(order: str) -> list[str]:
    """Read the order of a root: ``fourth``, ``n th``."""
    return ordinal(int(order)) if order.isdecimal() else [f"{order.upper()}", "th"]


AMOUNT_RULES: list[Rule] = [*_mathematics]
"""Tried before amounts of money."""

RULES: list[Rule] = [*_mathematics, *_command]
