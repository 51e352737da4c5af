"""Importing loads little, torch stays where learning is, and the arrows between the parts point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import wavewright

PACKAGE = Path(wavewright.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ARCHITECTURE = Path(__file__).parents[1] / "docs" / "architecture.md"

# Which parts a part may import besides itself. A part is a folder or file of the package; the doors of a family are parts of their own.
BASE = {"errors", "json_text", "names", "ranges", "units"}
ARROWS = {
    "errors": set(),
    "json_text": set(),
    "interruption": set(),
    "onnx_runtime": set(),
    "units": set(),
    "processor": set(),
    "names": {"errors"},
    "ranges": {"errors", "names"},
    "file_lock": {"errors", "interruption"},
    "whole_file": {"errors", "file_lock", "interruption", "names"},
    "torchrun": set(),
    "sound_file": BASE,
    "clip": BASE | {"sound_file", "whole_file"},
    "dsp": BASE | {"whole_file"},
    "drawing": BASE | {"clip", "dsp", "whole_file"},
    "data": BASE | {"clip", "dsp", "sound_file", "whole_file"},
    "metrics": BASE | {"dsp"},
    "families": BASE | {"dsp"},
    "families/mode_choice": BASE | {"families", "processor", "whole_file"},
    "families/runtime": BASE | {"dsp", "families", "models"},
    "families/coding": BASE | {"dsp", "families", "models"},
    "families/coded": BASE | {"data", "families"},
    "families/recipe": BASE | {"data", "dsp", "families", "metrics", "models", "text", "training"},
    "families/pairs": BASE | {"data", "families"},
    "families/given": BASE | {"data", "dsp", "families"},
    "families/network": BASE | {"dsp", "families", "nn"},
    "models": BASE | {"interruption", "onnx_runtime", "families", "whole_file"},
    "text": BASE,
    "speech": BASE | {"clip", "models", "text"},
    "nn": BASE | {"dsp", "metrics"},
    "training": BASE
    | {"clip", "data", "drawing", "families", "file_lock", "interruption", "models", "nn", "onnx_runtime"}
    | {"processor", "torchrun", "whole_file"},
    "tasks": BASE
    | {"clip", "data", "drawing", "dsp", "families", "file_lock", "metrics", "models", "nn", "processor", "speech"}
    | {"text", "training", "whole_file"},
    "cli": BASE | {"interruption", "models", "tasks", "torchrun"},
    "__init__": {"clip", "errors", "models", "speech", "tasks"},  # for type checkers, or when a name is first used
    "__main__": {"cli"},
}


def imports(path: Path) -> list[str]:
    """The absolute names of all modules that a file imports, anywhere in it."""
    found = []
    package = ["wavewright", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def part_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    door = f"families/{parts[-1]}"
    return door if parts[0] == "families" and door in ARROWS else parts[0]


def may_use_torch(path: Path) -> bool:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] in ("nn", "training") or (parts[0] == "families" and parts[-1] == "network.py")


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_torch_is_imported_only_where_learning_is(path):
    uses_torch = [name for name in imports(path) if name.split(".")[0] in ("torch", "accelerate", "onnx", "onnxscript")]
    assert may_use_torch(path) or not uses_torch


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows_point_one_way(path):
    own = [name.split(".")[1:] for name in imports(path) if name.startswith("wavewright.")]
    assert {part[0] for part in own} - {part_of(path), "__version__"} <= ARROWS[part_of(path)]
    if part_of(path) == "families/recipe":  # a recipe holds settings; it does not train
        assert {part[1] for part in own if part[0] == "training"} == {"settings"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_says_what_it_is_and_is_no_heap(path):
    text = path.read_text(encoding="utf-8")
    assert (ast.get_docstring(ast.parse(text)) or "").endswith(".") or "\n" in (
        ast.get_docstring(ast.parse(text)) or ""
    )
    assert len(text.splitlines()) <= 600  # one idea a file; no file is squeezed to a count


@pytest.mark.skipif(not ARCHITECTURE.is_file(), reason="the documents are not beside the tests")
def test_the_tree_in_the_documents_is_that_of_the_package():
    tree = ARCHITECTURE.read_text(encoding="utf-8").split("## The tree")[1].split("```")[1]
    listed, folders = set(), []
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0] if line.strip() else ""
        folders[depth:] = [name]
        if name.endswith(".py"):
            listed.add("".join(folders))
    assert listed == {f"src/wavewright/{name_of(path)}" for path in FILES}


def in_a_new_python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["torch", "numpy", "scipy", "onnxruntime", "matplotlib", "pydantic", "typer", "soundfile", "librosa"]
    assert in_a_new_python(f"import sys, wavewright; print([name for name in {heavy} if name in sys.modules])") == "[]"


NOT_FOR_SPEAKING = (
    *("scipy", "numba", "rich", "torch", "onnx", "matplotlib", "librosa", "numpy.f2py", "numpy.testing"),
    *(
        "wavewright.metrics",
        "wavewright.tasks.generate",
        "wavewright.training",
        "wavewright.data",
        "wavewright.drawing",
    ),
)


def test_speaking_imports_nothing_that_it_does_not_need(tmp_path):
    """A list of imports rather than a time, which depends on the machine; `benchmarks/start.py` measures the time."""
    program = (
        "import sys; from wavewright.cli import run; "
        f"code = run(['speak', 'Hello.', '--out', {str(tmp_path / 'hello.wav')!r}]); "
        f"print(code, [name for name in {NOT_FOR_SPEAKING!r} if name in sys.modules])"
    )
    assert in_a_new_python(program).splitlines()[-1] == "0 []"


@pytest.mark.parametrize("name", [name for name in wavewright.__all__ if name != "__version__"])
def test_public_names_are_those_of_their_modules(name):
    value = getattr(wavewright, name)
    assert value.__name__ == name
    assert value.__module__.startswith(f"wavewright.{wavewright._MODULES[name]}")
    assert name in dir(wavewright)


def test_type_checkers_see_the_public_names_and_no_others():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == wavewright._MODULES == {name: seen[name] for name in wavewright.__all__ if name != "__version__"}
    assert [node.name for node in block.orelse] == ["__getattr__"]  # type checkers would accept any name


def test_other_names_do_not_exist():
    with pytest.raises(AttributeError, match="has no attribute 'sing'"):
        _ = wavewright.sing


def test_public_names_need_no_torch():
    names = [name for name in wavewright.__all__ if name != "__version__"]
    program = f"import sys, wavewright; [getattr(wavewright, name) for name in {names}]; print('torch' in sys.modules)"
    assert in_a_new_python(program) == "False"
