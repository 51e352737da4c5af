"""Descriptions of procedures: their parameters with defaults and ranges."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, fields
from typing import Literal, get_args, get_origin, get_type_hints

from ...base.ranges import ranges_of
from .procedure import Procedure


@dataclass(frozen=True)
class Parameter:
    """A setting of a procedure.

    Attributes
    ----------
    name, default
        Name, which ends with the unit, and default value.
    low, high
        Smallest and largest number; None for a choice.
    choices
        All values of a choice.
    description
        One sentence or more.
    """

    name: str
    default: float | str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    description: str

    @property
    def allowed(self) -> str:
        """The values that it may have, as text."""
        return " ".join(self.choices) if self.low is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class ProcedureDescription:
    """A procedure: its name, whether it is a texture of any length, a sentence, and its parameters."""

    name: str
    is_texture: bool
    description: str
    parameters: tuple[Parameter, ...]

    def __str__(self) -> str:
        kind = "any length" if self.is_texture else "one-shot"
        rows = [(each.name, f"{each.default}", each.allowed, each.description) for each in self.parameters]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in rows]
        texts = [f"  {line}  {row[3]}" for line, row in zip(lines, rows, strict=True)]
        return "\n".join([f"{self.name} ({kind}): {self.description}", *texts])


def describe(name: str, procedure: type[Procedure]) -> ProcedureDescription:
    """Return the description of a procedure."""
    text = inspect.getdoc(procedure) or ""
    ranges, hints, sentences = ranges_of(procedure), get_type_hints(procedure), _attributes(text)
    usual = procedure()
    parameters = []
    for field in fields(procedure):
        low, high = ranges.get(field.name, (None, None))
        hint = hints[field.name]
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        sentence = sentences.get(field.name, "")
        parameters.append(Parameter(field.name, getattr(usual, field.name), low, high, choices, sentence))
    return ProcedureDescription(name, procedure.is_texture, text.partition("\n")[0], tuple(parameters))


def _attributes(text: str) -> dict[str, str]:
    """Return the descriptions in the section of attributes of a docstring, by name; ``a, b`` have one in common."""
    section = re.search(r"^Attributes\n-+\n(.*?)(?:\n\n\w+\n-+|\Z)", text, re.DOTALL | re.MULTILINE)
    described: dict[str, str] = {}
    names: list[str] = []
    for line in section[1].split("\n") if section else ():
        if line.startswith(" "):
            described |= {name: f"{described[name]} {line.strip()}".strip() for name in names}
        else:
            names = line.split(", ")
            described |= dict.fromkeys(names, "")
    return described
