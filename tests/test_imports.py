"""Importing loads little, torch stays where training is, imports go in one direction, and class names are unique."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import wavewright
from wavewright import Clip

PACKAGE = Path(wavewright.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ROOT = Path(__file__).parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"

TORCH_FILES = ("modules", "losses", "training", "export")
"""Files of a family that may import PyTorch."""


def module_of(path: Path) -> str:
    parts = ("wavewright", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


class Contents(NamedTuple):
    """The first paragraph of a file, its classes, and the absolute names of all that it imports, for types, too."""

    summary: str
    classes: list[str]
    imports: list[str]


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements in a node; no expression holds an import or a class."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for each in getattr(node, name, ()):
            yield each
            yield from statements(each)


@cache
def contents(path: Path) -> Contents:
    """Read a file once, and keep no tree: a million nodes would slow down each later collection of garbage."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ["wavewright", *path.relative_to(PACKAGE).parts[:-1]] if path.is_relative_to(PACKAGE) else []
    classes, imported = [], []
    for node in statements(tree):
        if isinstance(node, ast.ClassDef):
            classes.append(node.name)
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            imported += [f"{module}.{alias.name}" for alias in node.names]
    return Contents((ast.get_docstring(tree) or "").split("\n\n")[0], classes, imported)


def imported_modules(path: Path) -> set[str]:
    """Return the modules of the package that a file imports; ``from .a import b`` is ``a.b`` where that is a module."""
    names = [name for name in contents(path).imports if name.startswith("wavewright.")]
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} & MODULES.keys() - {module_of(path)}


def test_what_is_imported_is_there():
    """Also by functions that no test calls; mypy takes a module that is gone for one of another package."""
    known = MODULES.keys() | {module_of(path / "__init__.py") for path in PACKAGE.rglob("*") if path.is_dir()}
    missing = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in FILES
        for name in contents(path).imports
        if name.startswith("wavewright.") and not {name, name.rpartition(".")[0]} & known
    }
    assert not missing


def top_names(tree: ast.AST) -> set[str]:
    """Return the names that a module defines or imports, outside of its functions and classes."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        else:
            names |= {node.id} if isinstance(node, ast.Name) else top_names(node)
    return names


@cache
def names_of(module: str) -> set[str]:
    """Return the names of a module of the package, those of its stub included."""
    paths = [MODULES[module], MODULES[module].with_suffix(".pyi")] if module in MODULES else []
    return {name for path in paths if path.exists() for name in top_names(ast.parse(path.read_text("utf-8")))}


def is_there(module: str, name: str) -> bool:
    """Return whether a module or package has a name, by its text unless it looks names up itself."""
    if f"{module}.{name}" in MODULES or name in names_of(module):
        return True
    return "__getattr__" in names_of(module) and hasattr(import_module(module), name)


def test_scripts_import_what_is_there():
    """Scripts, most of which no test runs, take names of the package that it has."""
    scripts = [path for folder in (".ci", "recipes", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py")]
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in scripts
        for name in contents(path).imports
        if name.startswith("wavewright.") and not is_there(*name.rsplit(".", 1))
    }
    assert len(scripts) > 100
    assert not missing


def package_of(module: str) -> str:
    """Return the package that a module belongs to: a folder or file of the house; each family is one of its own."""
    parts = module.split(".")[1:]
    is_family = parts[:1] == ["families"] and len(parts) > 1
    return ".".join(parts[: 2 if is_family else 1])


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one node (R. Tarjan, 1972)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    components = []

    def visit(node: str) -> None:
        index[node] = lowest[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
            if other in stack:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == index[node]:
            position = stack.index(node)
            components.append(sorted(stack[position:]))
            del stack[position:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return [component for component in components if len(component) > 1]


def may_use_torch(path: Path) -> bool:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] in ("nn", "training") or (parts[0] == "families" and path.stem in TORCH_FILES)


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_torch_is_imported_only_where_learning_is():
    learning = {"torch", "accelerate", "onnx", "onnxscript"}
    uses_torch = [path for path in FILES if learning & {name.split(".")[0] for name in contents(path).imports}]
    assert [name_of(path) for path in uses_torch if not may_use_torch(path)] == []


def test_cycles_are_found():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert cycles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}}) == [["a", "b"], ["c", "d"]]


def test_no_two_files_import_each_other():
    assert cycles({module: imported_modules(path) for module, path in MODULES.items()}) == []


def test_a_family_imports_none_that_imports_it():
    graph: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        own = package_of(module)
        graph.setdefault(own, set()).update({package_of(other) for other in imported_modules(path)} - {own})
    assert cycles(graph) == []


@pytest.mark.skipif(not ARCHITECTURE.is_file(), reason="the documents are not beside the tests")
def test_a_room_imports_only_rooms_above_it():
    table = ARCHITECTURE.read_text(encoding="utf-8").split("## Rooms")[1].split("##")[0]
    rooms = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert sorted(rooms) == sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    place = {room: number for number, room in enumerate(rooms)}
    inside = {module: path for module, path in MODULES.items() if "." in module.removeprefix("wavewright.")}
    upwards = [
        (module, other)
        for module, path in inside.items()
        for other in imported_modules(path) - {"wavewright"}
        if place[other.split(".")[1]] > place[module.split(".")[1]]
    ]
    assert upwards == []


def test_every_file_says_what_it_is_and_is_no_heap():
    """One idea a file; no file is squeezed to a count."""
    assert [name_of(path) for path in FILES if not contents(path).summary.endswith(".")] == []
    assert [name_of(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > 600] == []


def in_a_new_python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["torch", "numpy", "scipy", "onnxruntime", "matplotlib", "pydantic", "typer", "soundfile", "librosa"]
    assert in_a_new_python(f"import sys, wavewright; print([name for name in {heavy} if name in sys.modules])") == "[]"


def test_importing_the_tasks_loads_neither_numba_nor_filters():
    heavy = ["numba", "scipy.signal", "torch"]
    program = f"import sys, wavewright.tasks.demo_models; print([name for name in {heavy} if name in sys.modules])"
    assert in_a_new_python(program) == "[]"


NOT_FOR_SPEAKING = (
    *("scipy", "numba", "rich", "torch", "onnx", "matplotlib", "librosa", "numpy.f2py", "numpy.testing"),
    *(
        "wavewright.metrics",
        "wavewright.tasks.generate",
        "wavewright.training",
        "wavewright.data",
        "wavewright.plots",
    ),
)


NOT_FOR_ENHANCING = (*NOT_FOR_SPEAKING, *(f"wavewright.{room}" for room in ("effects", "music", "speech", "text")))
NOT_FOR_HELP = ("numpy", "onnxruntime", "soundfile", "wavewright.audio", "wavewright.tasks.speak", "wavewright.models")


@pytest.mark.uses("acoustic", "vocoder", "denoiser")
@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["speak", "Hello.", "--out", "hello.wav"], NOT_FOR_SPEAKING),
        (["enhance", "noisy.wav", "--quiet"], NOT_FOR_ENHANCING),
        (["--help"], NOT_FOR_HELP),
    ],
    ids=["speak", "enhance", "help"],
)
def test_a_command_imports_nothing_that_it_does_not_need(tmp_path, monkeypatch, arguments, heavy):
    """A list of imports, since a time depends on the machine; `benchmarks/system/start.py` measures the time."""
    monkeypatch.chdir(tmp_path)
    Clip(np.full((1, 1_600), 0.1, np.float32), 16_000).write(tmp_path / "noisy.wav")
    program = (
        f"import sys; from wavewright.apps.cli import run; code = run({arguments!r}); "
        f"print(code, [name for name in {heavy!r} if name in sys.modules])"
    )
    assert in_a_new_python(program).splitlines()[-1] == "0 []"


@pytest.mark.parametrize("name", [name for name in wavewright.__all__ if name != "__version__"])
def test_public_names_are_those_of_their_modules(name):
    value = getattr(wavewright, name)
    assert value.__name__ == name
    assert name in dir(wavewright)


def test_public_names_are_imported_when_they_are_used():
    assert in_a_new_python("import sys, wavewright; print([m for m in sys.modules if 'numpy' in m])") == "[]"


def test_other_names_do_not_exist():
    with pytest.raises(AttributeError, match="No wavewright attribute sing"):
        _ = wavewright.sing


def test_public_names_need_no_torch():
    names = [name for name in wavewright.__all__ if name != "__version__"]
    program = f"import sys, wavewright; [getattr(wavewright, name) for name in {names}]; print('torch' in sys.modules)"
    assert in_a_new_python(program) == "False"


def test_every_class_name_is_unique():
    names = [name for path in FILES for name in contents(path).classes]
    assert [name for name, count in Counter(names).items() if count > 1] == []
