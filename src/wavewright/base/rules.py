"""Rules between parameters, settings or keys of a table: declared at one of them, and checked and worded here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple


class Needs(NamedTuple):
    """It means nothing without another one, by its name in Python; ``value``: that the other must have, if only one."""

    other: str
    value: object = None


class Without:
    """It excludes each of some others, by their names in Python; ``value``: only where it has this one itself."""

    def __init__(self, *others: str, value: object = None) -> None:
        self.others, self.value = others, value


class OneOf:
    """Exactly one of it and some others is given, by their names in Python."""

    def __init__(self, *others: str) -> None:
        self.others = others


def shown_with(name: str, value: object) -> str:
    """Return a name with the value that is meant, as it is written; the name alone for None."""
    return name if value is None else f"{name} {value}" if name.startswith("-") else f"{name}={value}"


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
    pairs = ((name, rule) for name, own in rules.items() for rule in own)
    return next(filter(None, (_problem(rule, name, values, given, shown) for name, rule in pairs)), "")


def _problem(
    rule: object, name: str, values: Mapping[str, object], given: Collection[str], shown: Mapping[str, str]
) -> str:
    """Return the sentence of a rule that is broken, else an empty one."""
    own = shown[name]
    together: list[str] = []  # of which one alone may be given
    if isinstance(rule, Needs):
        has_other = rule.other in given if rule.value is None else values[rule.other] == rule.value
        if name in given and not has_other:
            return f"{own} belongs to {shown_with(shown[rule.other], rule.value)}; give both, or leave {own} out."
    elif isinstance(rule, Without):
        if name in given if rule.value is None else values[name] == rule.value:
            together = [shown_with(own, rule.value), *(shown[each] for each in rule.others if each in given)]
    elif isinstance(rule, OneOf):
        choices = (name, *rule.others)
        together = [shown[each] for each in choices if each in given]
        if not together:
            *first, last = (shown[each] for each in choices)
            return f"Give one of {', '.join(first)} and {last}."
    return f"{together[0]} and {together[1]} exclude each other; leave one of them out." if together[1:] else ""
