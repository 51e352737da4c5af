"""Arguments of the call that began a run, so that a call which resumes it need not repeat them."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue

from ...base.errors import BadFolder
from ...contracts.settings import assignments_of
from ...data.consent import PermissionParameters
from ..parameters import Call, TrainParameters
from ..run_file import RUN_FILE, read_run_file

PATHS = ("manifest", "speech")
"""Arguments that are paths."""

NAMES_OR_PATHS = ("from_", "augment_with")
"""Arguments that are names of models, or paths of folders."""


STATED_EACH_TIME = {each.name for each in (*fields(Call), *fields(PermissionParameters))} - {"set"}
RECORDED = tuple(
    each for each in fields(TrainParameters) if each.name not in {*STATED_EACH_TIME, "folder", "out", "recordings"}
)
"""Parameters of the call that began a run which hold for those that resume it."""


def call_of(out: Path, folder: Path, given: TrainParameters) -> dict[str, JsonValue]:
    """Return the arguments that are not the defaults, as JSON stores them; paths are relative to the run folder."""
    call: dict[str, JsonValue] = {"folder": _relative(folder, out)}
    for name, default in ((each.name, each.default) for each in RECORDED):
        value: Any = getattr(given, name)
        if value == default:
            continue
        if name in PATHS:
            call[name] = _relative(Path(value), out)
        elif name in NAMES_OR_PATHS:
            call[name] = _named(value, out) if isinstance(value, str) else [_named(each, out) for each in value]
        else:
            call[name] = list(value) if isinstance(value, tuple) else value
    return call


def completed(out: Path, given: TrainParameters) -> TrainParameters:
    """Return the parameters of a call that resumes a run, completed by those of the first call.

    Settings that are given again follow those of the first call. A run that an earlier version began tells its family
    alone. Raises BadSetting if the record of the run is damaged, BadFolder if its recordings were moved.
    """
    if not (out / RUN_FILE).is_file():
        return given
    first = read_run_file(out / RUN_FILE)
    call = first.get("call", {})
    changes: dict[str, Any] = {
        each.name: _restored(each.name, call[each.name], out)
        for each in RECORDED
        if each.name in call and getattr(given, each.name) == each.default
    }
    changes |= {"family": given.family or call.get("family") or first["family"]}
    changes |= {"set": (*cast("list[str]", call.get("set", [])), *assignments_of(given.set))}
    if given.folder is None and "folder" in call:
        changes |= {"folder": _path(str(call["folder"]), out)}
    for name in ("folder", *PATHS):
        if name in changes and not changes[name].exists():
            option = "FOLDER" if name == "folder" else f"--{name} PATH"
            raise BadFolder(
                f"{out} was begun with {changes[name]}, which does not exist any more; if it was moved, give its new "
                f"path: wavewright train {option} --resume --out {out}."
            )
    return replace(given, **changes)


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
