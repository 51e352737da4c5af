"""Check whether a run may begin or resume in a folder, and read the file that its first call wrote."""

from __future__ import annotations

import json
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from reprlib import repr as repr_short
from typing import Any, NotRequired

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from ..errors import BadFolder, BadSetting
from ..models.card import CARD_FILE
from ..names import name_problem
from ..whole_file import sweep
from .loop import LAST
from .report import SAMPLES

RUN_FILE = "run.json"
CHECKPOINTS = "checkpoints"  # the folder of them in a run folder


class Clips(TypedDict):
    count: int
    sha256: str


RunFile = TypedDict(
    "RunFile",
    {
        "family": str,
        "recipe": dict[str, dict[str, Any]],
        "from": NotRequired[dict[str, str]],
        "clips": NotRequired[Clips],
    },
)
"""Contents of RUN_FILE: the recipe by its parts, the base model, and number and hash of the recordings."""


def check_call(out: Path, resume: bool, more_minutes: float | None = None) -> None:
    """Raise BadFolder where ``out`` has no run to resume, BadSetting where its run would begin again."""
    if not resume and (
        (out / CHECKPOINTS / LAST).is_file() or ((out / RUN_FILE).is_file() and (out / CARD_FILE).is_file())
    ):
        raise BadSetting(f"{out} holds a run already; continue it with --resume, or give another --out.")
    if more_minutes and not resume:
        raise BadSetting(
            "--more-minutes goes past the plan of a run; give --resume with it, or --max-minutes to begin a run."
        )
    if resume and not (out / RUN_FILE).is_file():
        siblings = [path.parent for path in sorted(out.absolute().parent.glob(f"*/{RUN_FILE}"))]
        names = [path.name for path in siblings]
        near = get_close_matches(out.name, names) or names[:3]
        listed = f" (there is {', '.join(str(out.parent / name) for name in near)})" if near else ""
        raise BadFolder(
            f"There is no run in {out} to go on with{listed}; give its folder with --out, or begin one without --resume."
        )


def check_place(out: Path, folder: Path) -> None:
    """Raise BadFolder where a run in ``out`` would mix its files with others."""
    if out.exists() and not out.is_dir():
        raise BadFolder(f"{out} is a file; give a run folder with --out.")
    problem = name_problem(out.resolve().name, is_file=True)
    if problem is not None:
        raise BadFolder(f"The name of the run folder, {out.resolve().name!r}, {problem}; give another with --out.")
    if folder.is_dir() and out.resolve().is_relative_to(folder.resolve()):
        raise BadFolder(
            f"{out} lies in {folder}, where its own sounds would be taken for recordings; give a run folder elsewhere with "
            "--out."
        )
    if out.is_dir() and not (out / RUN_FILE).is_file() and any(not path.name.startswith(".") for path in out.iterdir()):
        raise BadFolder(f"{out} holds files that are no run; give a new folder with --out.")


def remove_left_overs(out: Path) -> None:
    """Remove hidden files that a killed process left in a run folder."""
    for folder in (out, out / CHECKPOINTS, out / SAMPLES):
        sweep(folder)


def read_run_file(path: Path) -> dict[str, Any]:
    """Read the file that the first call of a run wrote; raise BadSetting where it is damaged."""
    try:
        return dict(TypeAdapter(RunFile).validate_json(path.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadSetting(
            f"{path} cannot be read ({where}: {first['msg']}); copy it again, or give another --out."
        ) from error


def with_younger_settings(described: dict[str, Any], recipe: Any) -> dict[str, Any]:
    """Return a run's file with the default value of each setting that did not exist when it was written."""
    usual = json.loads(json.dumps(asdict(type(recipe)())))
    written = described.get("recipe", {})
    return described | {"recipe": {part: usual[part] | written.get(part, {}) for part in usual}}


def differences(before: Any, now: Any, name: str = "") -> list[str]:
    """Return the settings that differ between two nested dictionaries, with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted(before.keys() | now.keys())
        return [
            line
            for key in keys
            for line in differences(before.get(key), now.get(key), f"{name}.{key}" if name else key)
        ]
    return [] if before == now else [f"{name} was {repr_short(before)}, now {repr_short(now)}"]
