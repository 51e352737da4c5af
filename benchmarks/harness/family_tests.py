"""A pytest plugin that deselects the tests of a family: those that name it or one of its bundled models.

The environment variables `FAMILY` and `MODELS` name them. A test names what stands in quotation marks in its source, in
its parameters, in that of its fixtures, and in that of the functions of the tests that these call. What it uses in
another way is in its mark ``uses``.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

FAMILY = "WITHOUT_FAMILY"
MODELS = "WITHOUT_MODELS"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of the family."""
    names = [os.environ[FAMILY], *os.environ[MODELS].split()]
    quoted = re.compile("|".join(rf"""["' ]{re.escape(name)}["' /:-]""" for name in names))
    deselected = [item for item in items if isinstance(item, pytest.Function) and quoted.search(_text(item))]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in set(deselected)]


def _text(item: pytest.Function) -> str:
    """Return everything that may name a family: parameters and sources."""
    fixtures = (
        definition.func for name in item.fixturenames for definition in item._fixtureinfo.name2fixturedefs.get(name, ())
    )
    parameters = repr(item.callspec.params) if hasattr(item, "callspec") else ""
    parameters += "".join(repr(mark.args) for mark in item.iter_markers("uses"))
    return parameters + "\n".join(_sources([item.function, *fixtures], set()))


def _sources(functions: Iterable[Callable[..., object]], seen: set[Callable[..., object]]) -> Iterator[str]:
    """Yield the sources of functions of the tests, and of those that they call."""
    for function in map(inspect.unwrap, functions):
        if function in seen or not inspect.isfunction(function) or "tests" not in function.__code__.co_filename:
            continue
        seen.add(function)
        yield inspect.getsource(function)
        yield from (repr(function.__globals__.get(name)) for name in function.__code__.co_names)
        called = (function.__globals__.get(name) for name in function.__code__.co_names)
        yield from _sources((each for each in called if inspect.isfunction(each)), seen)
