"""Patches as TOML files: those that come with Wavewright, and the user's own."""

from __future__ import annotations

from pathlib import Path

from ..base.toml_tables import TomlTables
from .patch import Patch

PATCHES = Path(__file__).parent / "patches"
"""Folder of the patches that come with Wavewright."""

_TABLES = TomlTables(PATCHES, Patch, "patch")


def parse_patch(text: str, name: str = "") -> Patch:
    """Read a patch from TOML.

    - ``name``: name of the file in messages.

    Raises BadSetting with the file, the key and what is allowed there.
    """
    return _TABLES.parse(text, name)


def patch_names() -> tuple[str, ...]:
    """Return the names of the patches that come with Wavewright, sorted."""
    return _TABLES.names


def load_patch(name_or_path: str | Path) -> Patch:
    """Load a patch.

    - ``name_or_path``: a name of :func:`patch_names`, or a TOML file.

    Raises BadSetting if there is no such patch, or it is invalid.
    """
    return _TABLES.load(name_or_path)
