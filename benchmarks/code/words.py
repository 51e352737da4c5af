"""Count words that the field does not use, in the names and docstrings of the package.

    python -m benchmarks.code.words            # a count for each file, and the sum
    python -m benchmarks.code.words --list     # each word with its line
    python -m benchmarks.code.words PATH ...   # some files or folders only

Names are checked where they are defined (functions, classes, parameters, variables, attributes), by the words that
underscores and capitals separate; docstrings by words and by how they open. `ALLOWED` lists the names that use a
word in its ordinary sense. Exits with 1 where anything is counted.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "wavewright"

WORDS = Table("words", columns(file="s", words="d"))

NAME_WORDS = {
    "heard",
    "hear",
    "hears",
    "hearing",
    "listen",
    "listens",
    "listener",
    "told",
    "tell",
    "tells",
    "said",
    "say",
    "says",
    "saying",
    "found",
    "given",
    "give",
    "gives",
    "gave",
    "take",
    "takes",
    "taken",
    "place",
    "places",
    "placed",
    "way",
    "ways",
    "walk",
    "walks",
    "walked",
    "walking",
    "part",
    "detail",
    "risen",
    "begins",
    "begun",
    "beginnings",
    "beginning",
    "lend",
    "lends",
    "lent",
    "fits",
    "doubtful",
    "settles",
    "evenly",
    "plane",
    "picture",
    "pictures",
    "sounds",
    "play",
    "plays",
    "played",
    "playing",
    "playable",
    "kept",
    "desk",
    "door",
    "doors",
    "closeness",
    "narrow",
    "share",
    "shares",
    "figures",
    "slide",
    "neighbours",
    "neighbour",
    "asked",
    "wanted",
    "talk",
    "talks",
    "talker",
    "talkers",
    "lies",
}
"""Words that no name of the package contains."""

ALLOWED = {
    "part_of_speech": "the grammatical term",
    "parts_of_speech": "the grammatical term",
    "decimal_places": "of a number",
    "playback": "of sound by a loudspeaker",
    "say_as": "an element of SSML",
    "takes_from": "takes of one recording",
    "TakesFrom": "takes of one recording",
    "synthetic_heart_sounds": "the medical term",
}
"""Names that contain such a word in its ordinary sense, and what it means there."""

DOCSTRING_WORDS = re.compile(
    r"\b(heard|hears?|listens?|told|tells?|said|risen|lends?|lent|doubtful|evenly|plane|desk|doors?|closeness|"
    r"walks?|walked|walking|pictures?|(?<!heart )sounds(?! like)|played|shares?|figures|"
    r"(?<!nearest )(?<!nearest-)neighbours?|"
    r"on the way|of the way|(?<!in )(?<!take )(?<!takes )(?<!decimal )places?)\b",
    re.IGNORECASE,
)
"""Words that no docstring of the package contains."""

OPENINGS = re.compile(r"(What|How|Whether|Where|Which|Who|Whose|Does|Is|Are|Gives|Says|Tells|Makes)\b")
"""Words that no docstring begins with: the first line says what a function does, or what a thing is."""


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each name that is defined in a syntax tree."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.arg(arg=name)
            ):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def words_of(name: str) -> set[str]:
    """Return the lower-case words of a name in snake case or camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def docstrings_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each docstring, also of those below a constant or a field."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text


def counted(path: Path) -> list[tuple[int, str]]:
    """Return the line and the reason of everything that is counted in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reasons = [(0, f"file name {path.stem}")] if path.stem not in ALLOWED and words_of(path.stem) & NAME_WORDS else []
    for line, name in names_in(tree):
        if name.strip("_") not in ALLOWED and (words := sorted(words_of(name) & NAME_WORDS)):
            reasons.append((line, f"name {name} ({', '.join(words)})"))
    for line, docstring in docstrings_in(tree):
        reasons += [(line, f"docstring: {word[0]!r}") for word in DOCSTRING_WORDS.finditer(docstring)]
        if opening := OPENINGS.match(docstring.strip()):
            reasons.append((line, f"docstring opens with {opening[0]!r}"))
    return sorted(reasons)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("paths", nargs="*", type=Path, default=[PACKAGE], help="files and folders")
    parser.add_argument("--list", action="store_true", help="print each word with its line")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each file with such words, and one for all files."""
    files = sorted(file for path in options.paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    total = 0
    for file in files:
        reasons = counted(file)
        total += len(reasons)
        if reasons and options.list:
            print(*(f"{file}:{line}: {reason}" for line, reason in reasons), sep="\n")
        elif reasons:
            report.add(WORDS, {"file": str(file), "words": len(reasons)})
    report.add(WORDS, {"file": f"all {len(files)}", "words": total})
    report.has_fault = bool(total)


BENCHMARK = Benchmark(__doc__, (WORDS,), add_options, measure, smoke={"paths": [Path(__file__)]})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
