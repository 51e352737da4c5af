"""Formulas of waves: a small grammar, its parser, and the evaluation on arrays; never Python's own.

A formula has the variables ``t`` (seconds), ``f`` (the frequency of the note in Hz) and ``phase`` (``f * t`` without
its integer part), the constants ``pi`` and ``e``, numbers, ``+ - * / % ^``, parentheses, and the functions of
FUNCTIONS. The arguments of ``sin``, ``cos`` and ``tan`` are in radians, those of ``saw``, ``square``, ``pulse`` and
``triangle`` in cycles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting, printable

MAX_CHARACTERS = 2_000
MAX_DEPTH = 40
MAX_NODES = 500
MAX_EXCERPT = 40

Array = np.ndarray
Values = dict[str, Array]


def _cycle(x: Array) -> Array:
    fraction: Array = x - np.floor(x)
    return fraction


def _pulse(x: Array, width: Array) -> Array:
    return np.where(_cycle(x) < width, 1.0, -1.0)


def _noise(x: Array) -> Array:
    """Return noise in [-1, 1) that is a function of ``x`` (S. Vigna, SplitMix64)."""
    mixed = np.asarray(x, np.float64).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(11)) * (2.0 / 2.0**53) - 1.0


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Array]]] = {
    "sin": (1, 1, np.sin),
    "cos": (1, 1, np.cos),
    "tan": (1, 1, np.tan),
    "abs": (1, 1, np.abs),
    "exp": (1, 1, np.exp),
    "log": (1, 1, np.log),
    "sqrt": (1, 1, np.sqrt),
    "tanh": (1, 1, np.tanh),
    "min": (2, 2, np.minimum),
    "max": (2, 2, np.maximum),
    "clip": (3, 3, lambda x, low, high: np.minimum(np.maximum(x, low), high)),
    "mod": (2, 2, np.mod),
    "saw": (1, 1, lambda x: 2.0 * _cycle(x) - 1.0),
    "square": (1, 1, lambda x: np.where(_cycle(x) < 0.5, 1.0, -1.0)),
    "pulse": (2, 2, _pulse),
    "triangle": (1, 1, lambda x: 1.0 - 4.0 * np.abs(_cycle(x + 0.25) - 0.5)),
    "noise": (0, 1, _noise),
}
"""Functions: fewest and most arguments, and the function on arrays. ``noise()`` is ``noise(t)``."""

CONSTANTS = {"pi": math.pi, "e": math.e}
VARIABLES = ("t", "f", "phase")
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|[-+*/%^(),]))"
)
BINARY = {
    "+": (1, np.add),
    "-": (1, np.subtract),
    "*": (2, np.multiply),
    "/": (2, np.divide),
    "%": (2, np.mod),
}


@dataclass(frozen=True)
class FormulaToken:
    """A number, name or sign, and its position in the text, counted from 0."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True)
class Formula:
    """A parsed formula."""

    text: str
    program: Callable[[Values], Array]  # from the values of the variables to the value

    def __call__(self, t: np.ndarray, frequency_hz: float) -> np.ndarray:
        """Return the values at times in seconds, of the shape of ``t``, for a note of a frequency.

        Raises BadSetting if a value is not finite.
        """
        t = np.asarray(t, np.float64)
        cycles = frequency_hz * t
        values = {"t": t, "f": np.asarray(frequency_hz), "phase": cycles - np.floor(cycles)}
        with np.errstate(all="ignore"):
            wave = np.broadcast_to(np.asarray(self.program(values), np.float64), t.shape)
        if not np.isfinite(wave).all():
            at = float(t.ravel()[np.flatnonzero(~np.isfinite(wave.ravel()))[0]])
            raise BadSetting(
                f"The formula {_quote(self.text)} is infinite or undefined at t = {at:.6g} s; keep divisors, "
                "logarithms and roots away from zero, for example by max(x, 0.001)."
            )
        return wave


def parse_formula(text: str) -> Formula:
    """Parse a formula.

    Raises BadSetting with the position of the first fault, counted from 1, and what may stand there.
    """
    if len(text) > MAX_CHARACTERS:
        raise BadSetting(f"The formula has {len(text)} characters; it may have {MAX_CHARACTERS}.")
    parser = FormulaParser(text)
    program = parser.expression(0, 0)
    parser.expect_end()
    return Formula(text, program)


class FormulaParser:
    """A parser by precedence climbing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._read(text)
        self._next = 0
        self._n_nodes = 0

    def expression(self, lowest: int, depth: int) -> Callable[[Values], Array]:
        """Parse operators of at least a precedence."""
        left = self._unary(depth)
        while self._peek().text in BINARY and BINARY[self._peek().text][0] > lowest:
            sign = self._advance().text
            precedence, operation = BINARY[sign]
            right = self.expression(precedence, depth + 1)
            left = _combined(operation, left, right)
            self._count()
        return left

    def expect_end(self) -> None:
        """Refuse what follows a whole formula."""
        if self._peek().kind != "end":
            raise self._fault(self._peek(), "an operator such as + or *, or the end")

    def _unary(self, depth: int) -> Callable[[Values], Array]:
        self._count()
        if depth > MAX_DEPTH:
            raise self._fault(self._peek(), f"fewer than {MAX_DEPTH} levels of nesting")
        if self._peek().text in ("-", "+"):
            sign = self._advance().text
            inner = self._unary(depth + 1)
            return inner if sign == "+" else lambda values: np.negative(inner(values))
        base = self._primary(depth)
        if self._peek().text in ("^", "**"):
            self._advance()
            return _combined(np.power, base, self._unary(depth + 1))
        return base

    def _primary(self, depth: int) -> Callable[[Values], Array]:
        token = self._advance()
        if token.kind == "number":
            number = np.asarray(float(token.text))
            return lambda _: number
        if token.text == "(":
            inner = self.expression(0, depth + 1)
            self._close()
            return inner
        if token.kind == "name":
            return self._named(token, depth)
        raise self._fault(token, "a number, a variable, a function or (")

    def _named(self, token: FormulaToken, depth: int) -> Callable[[Values], Array]:
        name = token.text
        if name in CONSTANTS:
            constant = np.asarray(CONSTANTS[name])
            return lambda _: constant
        if name in VARIABLES:
            return lambda values: values[name]
        if name not in FUNCTIONS:
            allowed = ", ".join([*VARIABLES, *CONSTANTS, *FUNCTIONS])
            raise self._fault(token, f"one of {allowed}")
        fewest, most, function = FUNCTIONS[name]
        if self._peek().text != "(":
            raise self._fault(self._peek(), f"( after {name}")
        self._advance()
        arguments = []
        while self._peek().text != ")":
            arguments.append(self.expression(0, depth + 1))
            if self._peek().text != ",":
                break
            self._advance()
        if not fewest <= len(arguments) <= most:
            raise self._fault(token, f"{name} with {most} argument{'s' * (most > 1)}, not {len(arguments)}")
        self._close()
        if not arguments:
            arguments = [lambda values: values["t"]]
        return lambda values: function(*(argument(values) for argument in arguments))

    def _close(self) -> None:
        if self._peek().text != ")":
            raise self._fault(self._peek(), ") or an operator")
        self._advance()

    def _peek(self) -> FormulaToken:
        return self._tokens[self._next]

    def _advance(self) -> FormulaToken:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _count(self) -> None:
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES:
            raise self._fault(self._peek(), f"a formula of at most {MAX_NODES} terms")

    def _fault(self, token: FormulaToken, expected: str) -> BadSetting:
        shown = f'"{printable(token.text, MAX_EXCERPT)}"' if token.text else "the end"
        position = token.position + 1
        return BadSetting(
            f"The formula {_quote(self._text)} has {shown} at character {position}, where {expected} must stand."
        )

    def _read(self, text: str) -> list[FormulaToken]:
        tokens, position = [], 0
        end = len(text.rstrip())
        while position < end:
            match = TOKEN.match(text, position)
            if match is None:
                blank = len(text[position:]) - len(text[position:].lstrip())
                token = FormulaToken("sign", text[position + blank], position + blank)
                raise self._fault(token, "a number, a name or an operator")
            kind = str(match.lastgroup)
            tokens.append(FormulaToken(kind, match[kind], match.start(kind)))
            position = match.end()
        return [*tokens, FormulaToken("end", "", end)]


def is_periodic(formula: Formula, frequency_hz: float) -> bool:
    """Return whether a formula repeats in each period of a frequency, tested at a thousand random times."""
    rng = np.random.default_rng(1)
    times = rng.uniform(0.0, 8.0 / frequency_hz, 1_000)
    periods = rng.integers(1, 400, 1_000) / frequency_hz
    here, there = formula(times, frequency_hz), formula(times + periods, frequency_hz)
    scale = max(1e-9, float(np.abs(here).max()))
    return float(np.mean(np.abs(here - there) < 1e-6 * scale)) > 0.99  # jumps may fall on either side


def _combined(
    operation: Callable[[Array, Array], Array], left: Callable[[Values], Array], right: Callable[[Values], Array]
) -> Callable[[Values], Array]:
    return lambda values: operation(left(values), right(values))


def _quote(text: str) -> str:
    return f'"{printable(text, 2 * MAX_EXCERPT)}"'
