"""Arguments of the call that began a run, so that a call which resumes it need not repeat them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue

from ..run_file import RUN_FILE, read_run_file

PATHS = ("manifest", "speech")
"""Arguments that are paths."""

NAMES_OR_PATHS = ("from_", "augment_with")
"""Arguments that are names of models, or paths of folders."""


def call_of(out: Path, folder: Path, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return the arguments that are not the defaults, as JSON stores them; paths are relative to the run folder."""
    call: dict[str, JsonValue] = {"folder": _relative(folder, out)}
    for name, value in options.items():
        if value == defaults[name]:
            continue
        if name in PATHS:
            call[name] = _relative(Path(value), out)
        elif name in NAMES_OR_PATHS:
            call[name] = _named(value, out) if isinstance(value, str) else [_named(each, out) for each in value]
        else:
            call[name] = list(value) if isinstance(value, tuple) else value
    return call


def completed(
    out: Path, folder: Path | None, options: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[Path | None, dict[str, Any]]:
    """Return the folder and the options of a call that resumes a run, completed by those of the first call.

    Settings that are given again follow those of the first call. A run that an earlier version began tells its family
    alone. Raises BadSetting if the record of the run is damaged.
    """
    options = dict(options)
    if not (out / RUN_FILE).is_file():
        return folder, options
    first = read_run_file(out / RUN_FILE)
    call = first.get("call", {})
    options["family"] = options["family"] or first["family"]
    options["set"] = (*cast("list[str]", call.get("set", [])), *options["set"])
    for name in options.keys() & call.keys() - {"set"}:
        if options[name] == defaults[name]:
            options[name] = _restored(name, call[name], out)
    if folder is None and "folder" in call:
        folder = _path(str(call["folder"]), out)
    return folder, options


def _restored(name: str, value: JsonValue, out: Path) -> object:
    if name in PATHS:
        return _path(str(value), out)
    if name in NAMES_OR_PATHS:
        names = [value] if isinstance(value, str) else cast("list[str]", value)
        restored = [str(_path(each, out)) if each.startswith(".") else each for each in names]
        return restored[0] if isinstance(value, str) else tuple(restored)
    return tuple(value) if isinstance(value, list) else value


def _named(name: str, out: Path) -> str:
    """Return the name of a model, or the relative path of a folder, which begins with a dot."""
    if not Path(name).exists():
        return name
    relative = _relative(Path(name), out)
    return relative if relative.startswith(".") or Path(relative).is_absolute() else f"./{relative}"


def _relative(path: Path, out: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), out.resolve())).as_posix()
    except ValueError:  # on another drive
        return path.resolve().as_posix()


def _path(relative: str, out: Path) -> Path:
    """Return a path below the present folder as such a path, so that messages stay short, else an absolute one."""
    path = Path(os.path.normpath(out.resolve() / relative))
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) and path != here else path
