"""A pytest plugin that deselects the tests of some families: those that name them or one of their bundled models.

The environment variable `NAMES` lists them. A test names the words of the strings, other than docstrings, in its
source, its parameters and fixtures, and the functions of the tests that these call. What it uses in another way is in
its mark ``uses``.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator

import pytest

NAMES = "WITHOUT_NAMES"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of the family."""
    words = "|".join(map(re.escape, os.environ[NAMES].split()))
    named = re.compile(rf"""(?:^|[\s/"'])(?:{words})(?:$|[\s/:"'-])""", re.MULTILINE)
    deselected = [item for item in items if isinstance(item, pytest.Function) and named.search(_text(item))]
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
        yield from _strings(inspect.getsource(function))
        yield from (repr(function.__globals__.get(name)) for name in function.__code__.co_names)
        called = (function.__globals__.get(name) for name in function.__code__.co_names)
        yield from _sources((each for each in called if inspect.isfunction(each)), seen)


def _strings(source: str) -> Iterator[str]:
    """Yield the strings of a function's source, except for docstrings."""
    tree = ast.parse(textwrap.dedent(source))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
