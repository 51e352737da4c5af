"""Patches as TOML files: those that come with Wavewright, and the user's own."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from ...errors import BadSetting, printable
from ...names import quoted
from .patch import Patch

PATCHES = Path(__file__).parent / "patches"
"""Folder of the patches that come with Wavewright."""

MAX_FILE_BYTES = 2**20
MAX_SHOWN = 12


def parse_patch(text: str, name: str = "The patch") -> Patch:
    """Read a patch from TOML.

    Parameters
    ----------
    text : str
    name : str
        Name of the file in messages.

    Raises
    ------
    BadSetting
        With the file, the key and what is allowed there.
    """
    try:
        contents = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise BadSetting(f"{name} is no TOML ({printable(str(error))}); correct it there.") from error
    try:
        return Patch.model_validate(contents)
    except ValidationError as error:
        first = error.errors()[0]
        where = ", ".join(f"number {key + 1}" if isinstance(key, int) else str(key) for key in first["loc"])
        message = printable(first["msg"].removeprefix("Value error, ").rstrip("."))
        if first["type"] == "extra_forbidden":
            message = "there is no such key; see docs/synth.md"
        sentence = f"{name}: {where}: {message}" if where else f"{name}: {message}"
        raise BadSetting(f"{sentence}.") from error


@cache
def patch_names() -> tuple[str, ...]:
    """Return the names of the patches that come with Wavewright, sorted."""
    return tuple(sorted(path.stem for path in PATCHES.glob("*.toml")))


def load_patch(name_or_path: str | Path) -> Patch:
    """Load a patch.

    Parameters
    ----------
    name_or_path : str or Path
        A name of :func:`patch_names`, or a TOML file.

    Raises
    ------
    BadSetting
        If there is no such patch, or it is invalid.
    """
    name = str(name_or_path)
    if name in patch_names():
        path = PATCHES / f"{name}.toml"
    else:
        path = Path(name_or_path)
        if path.suffix != ".toml" or not path.is_file():
            likely = get_close_matches(name, patch_names(), MAX_SHOWN, 0.3)
            raise BadSetting(
                f"There is no patch {quoted(name)}; give the path of a .toml file, or a name like {', '.join(likely)}."
            )
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadSetting(f"{path} has more than {MAX_FILE_BYTES} bytes, which no patch needs.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {printable(str(error))}.") from error
    return parse_patch(text, path.name)
