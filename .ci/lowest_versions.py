"""Writes the lowest versions that pyproject.toml allows, as constraints for pip: ``python .ci/lowest_versions.py``.

The result, ``constraints-lowest.txt``, covers playing and training; tools of development are as in ``constraints.txt``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "constraints-lowest.txt"
EXTRAS = ("train", "media", "plot", "espeak", "serve", "storage", "sign", "c2pa")
REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)>=([\w.]+)")
HEAD = (
    "# The lowest versions that pyproject.toml allows, by .ci/lowest_versions.py: "
    "pip install -c constraints-lowest.txt .\n"
)


def lowest(pyproject: str) -> dict[str, str]:
    """Return name and lowest version of each requirement of a ``pyproject.toml``; ValueError where one has no bound."""
    project = tomllib.loads(pyproject)["project"]
    extras = project.get("optional-dependencies", {})
    requirements = project["dependencies"] + [item for extra in EXTRAS for item in extras.get(extra, ())]
    versions: dict[str, str] = {}
    for requirement in requirements:
        bound = REQUIREMENT.fullmatch(requirement)
        if bound is None:
            raise ValueError(f"{requirement!r} has no lowest version; write it as name>=version.")
        name, version = bound.groups()
        if versions.setdefault(name, version) != version:
            raise ValueError(f"{name} has two lowest versions, {versions[name]} and {version}.")
    return versions


def constraints(pyproject: str) -> str:
    """Return the text of the constraints file."""
    return HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(lowest(pyproject).items()))


if __name__ == "__main__":
    FILE.write_text(constraints((ROOT / "pyproject.toml").read_text(encoding="utf-8")), encoding="utf-8")
