"""Rules between parameters, settings or keys of a table: declared at one of them, and checked and worded here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple


def shown_with(name: str, value: object) -> str:
    """Return a name with the value that is meant, as it is written; the name alone for None."""
    return name if value is None else f"{name} {value}" if name.startswith("-") else f"{name}={value}"


class Needs(NamedTuple):
    """It means nothing without another one, by its name in Python; ``value``: that the other must have, if only one."""

    other: str
    value: object = None

    def problem(self, name: str, values: Mapping[str, object], given: Collection[str], names: Mapping[str, str]) -> str:
        """Return the sentence where the rule is broken, else an empty one."""
        has_other = self.other in given if self.value is None else values[self.other] == self.value
        if name not in given or has_other:
            return ""
        other = shown_with(names[self.other], self.value)
        return f"{names[name]} belongs to {other}; give both, or leave {names[name]} out."


class Without:
    """It excludes each of some others, by their names in Python; ``value``: only where it has this one itself."""

    def __init__(self, *others: str, value: object = None) -> None:
        self.others, self.value = others, value

    def problem(self, name: str, values: Mapping[str, object], given: Collection[str], names: Mapping[str, str]) -> str:
        """Return the sentence where the rule is broken, else an empty one."""
        applies = name in given if self.value is None else values[name] == self.value
        excluded = [other for other in self.others if applies and other in given]
        return excluding(shown_with(names[name], self.value), names[excluded[0]]) if excluded else ""


class OneOf:
    """Exactly one of it and some others is given, by their names in Python."""

    def __init__(self, *others: str) -> None:
        self.others = others

    def problem(self, name: str, values: Mapping[str, object], given: Collection[str], names: Mapping[str, str]) -> str:
        """Return the sentence where the rule is broken, else an empty one."""
        choices = [names[each] for each in (name, *self.others)]
        found = [names[each] for each in (name, *self.others) if each in given]
        if not found:
            return f"Give one of {', '.join(choices[:-1])} and {choices[-1]}."
        return excluding(*found[:2]) if len(found) > 1 else ""


def excluding(one: str, other: str) -> str:
    """Return the sentence on two that are not given together."""
    return f"{one} and {other} exclude each other; leave one of them out."


def is_given(value: object, default: object) -> bool:
    """Return whether a value is another than its default, and neither None nor an empty list."""
    return value not in (default, None, [])


def broken_rule(
    rules: Mapping[str, Iterable[object]],
    values: Mapping[str, object],
    defaults: Mapping[str, object],
    names: Mapping[str, str] | None = None,
) -> str:
    """Return the sentence of the first rule that values break, empty if there is none.

    - ``rules``: by the name of what they are declared at, also with markers that are no rules.
    - ``values``, ``defaults``: by name; see :func:`is_given`.
    - ``names``: those in the sentence; by default those of the values.
    """
    given = {name for name, default in defaults.items() if is_given(values[name], default)}
    shown = {name: name for name in defaults} | dict(names or {})
    problems = (
        rule.problem(name, values, given, shown)
        for name, markers in rules.items()
        for rule in markers
        if isinstance(rule, Needs | Without | OneOf)
    )
    return next(filter(None, problems), "")
