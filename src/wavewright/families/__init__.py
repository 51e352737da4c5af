"""The model families: each is a line of `NAMES`; its package is imported when it is first asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ..base.errors import BadFamily, BadSetting
from ..contracts.family import Family

AnyFamily = Family[Any]

NAMES = (
    "acoustic",
    "classifier",
    "codec",
    "composer",
    "denoiser",
    "encoder",
    "gan",
    "instrument",
    "lstm",
    "prior",
    "transcriber",
    "vae",
    "vocoder",
    "wavenet",
)
"""The packages of the families, each of which defines a `Family` by its name in capitals."""


class FamilyTable(Mapping[str, AnyFamily]):
    """The families by name; a program that uses one of them need not import the others."""

    def __getitem__(self, name: str) -> AnyFamily:
        """Return a family; raise KeyError for one that there is not."""
        if name not in NAMES:
            raise KeyError(name)
        return _imported(name)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(NAMES)

    def __len__(self) -> int:
        """Return the number of families."""
        return len(NAMES)

    def __contains__(self, name: object) -> bool:
        """Return True for the name of a family, without importing it."""
        return name in NAMES


@cache
def _imported(name: str) -> AnyFamily:
    """Return the family that a package defines; raise BadFamily if it defines none."""
    family = vars(import_module(f".{name}", __name__)).get(name.upper())
    if not isinstance(family, Family):
        raise BadFamily(f"The package of the family {name!r} has to define {name.upper()}, an object of its Family.")
    return family


FAMILIES: Mapping[str, AnyFamily] = FamilyTable()
"""Every family by its name, in alphabetical order."""


def family(name: str) -> AnyFamily:
    """Return a family by its name; raise BadSetting for one that there is not."""
    if name not in FAMILIES:
        nearest = difflib.get_close_matches(name, FAMILIES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else "."
        raise BadSetting(f"There is no model family {name!r}; the families are {', '.join(FAMILIES)}{hint}")
    return FAMILIES[name]
