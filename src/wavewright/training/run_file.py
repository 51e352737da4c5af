"""The file in a run folder that describes its first call, with which later calls are compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from reprlib import repr as repr_short
from typing import TYPE_CHECKING, Literal, NotRequired, cast

from pydantic import JsonValue, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from ..base.errors import BadSetting
from ..base.validation import fault_of
from ..base.whole_file import write_whole
from ..contracts.recipe import Recipe, settings_of_recordings
from ..contracts.settings import TrainingSettings
from ..data.entry import Entry

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ..models.folder import ModelFolder

RUN_FILE = "run.json"

CHECKPOINTS = "checkpoints"
"""Subfolder of a run folder with its checkpoints."""

LAST, BEST = "last.safetensors", "best.safetensors"
"""The last checkpoint, from which a run resumes, and the best one, which becomes the model."""

Settings = dict[str, dict[str, JsonValue]]
"""Settings of a recipe by section (``"model"``, ``"data"``, ``"training"``) and name."""


class ClipsRecord(TypedDict):
    """Number of the training clips, and a hash of their names, labels and lengths."""

    count: int
    sha256: str


RunFile = TypedDict(
    "RunFile",
    {
        "family": str,
        "recipe": Settings,
        "from": NotRequired[dict[str, str]],
        "clips": NotRequired[ClipsRecord],
        "provenance": NotRequired[dict[str, JsonValue]],
        "call": NotRequired[dict[str, JsonValue]],
    },
)
"""Contents of RUN_FILE: family, recipe, base model, training clips; licence, sources and consent; arguments of the
command, which a call that resumes need not repeat."""

PER_CALL = {"training": ("steps", "threads", "device")}
"""Settings that a call which resumes may change: they do not change what the run learns from. So may the names of
folders, since those may be moved; that their recordings are the same is checked by ``clips``."""


def run_file_of(
    family: str,
    recipe: Recipe,
    base: ModelFolder | None,
    entries: Sequence[Entry],
    provenance: dict[str, JsonValue] | None = None,
    call: Mapping[str, JsonValue] | None = None,
) -> RunFile:
    """Return the description of a call."""
    clips = sorted(f"{entry.path.name} {entry.label} {entry.n_frames}" for entry in entries)
    contents: RunFile = {
        "family": family,
        "recipe": cast("Settings", json_of(recipe)),
        "clips": {"count": len(clips), "sha256": hashlib.sha256("\n".join(clips).encode()).hexdigest()},
    }
    if base is not None:
        contents["from"] = {"name": base.card.name, "hash": base.hash}
    if provenance is not None:
        contents["provenance"] = provenance
    if call:
        contents["call"] = dict(call)
    return contents


def json_of(settings: DataclassInstance) -> dict[str, object]:
    """Return a dataclass as JSON stores it: tuples as lists."""
    values: dict[str, object] = json.loads(json.dumps(asdict(settings)))
    return values


def write_run_file(path: Path, contents: RunFile) -> None:
    """Write the description of the first call, whole or not at all."""
    names: tuple[Literal["family", "recipe", "from", "clips", "provenance", "call"], ...]
    names = ("family", "recipe", "from", "clips", "provenance", "call")
    ordered = {name: contents[name] for name in names if name in contents}
    write_whole(path, (json.dumps(ordered, indent=2) + "\n").encode())


def read_run_file(path: Path) -> RunFile:
    """Read the description of the first call; raise BadSetting if it is damaged."""
    try:
        contents: RunFile = TypeAdapter(RunFile).validate_json(path.read_bytes())
    except ValidationError as error:
        fault = fault_of(error)
        where = fault.position or "the file"
        raise BadSetting(
            f"{path} cannot be read ({where}: {fault.message}); copy it again, or give another --out."
        ) from error
    return contents


def store_provenance(path: Path, current: RunFile) -> None:
    """Write licence, sources and consent of a call that resumes into the file of the first call, if they differ."""
    first = read_run_file(path)
    if "provenance" in current and first.get("provenance") != current["provenance"]:
        write_run_file(path, {**first, "provenance": current["provenance"]})


def check_resume(path: Path, current: RunFile, recipe: Recipe) -> tuple[int, str]:
    """Compare a call that resumes with the first call of the run.

    Settings that did not exist at the first call have their defaults. The number of steps may differ, because the
    checkpoint contains the extended plan, and so may the other settings of PER_CALL.

    - returns: ``training.steps`` of the first call, and a message if the training clips differ, else an empty text.

    Raises BadSetting if the file is damaged or another setting differs.
    """
    first = read_run_file(path)
    settings = _with_defaults(first["recipe"], recipe)
    steps = settings["training"]["steps"]
    current_settings = {section: dict(values) for section, values in current["recipe"].items()}
    for section, names in {**PER_CALL, "data": settings_of_recordings(recipe.data)}.items():
        current_settings[section] |= {name: settings[section][name] for name in names if name in settings[section]}
    changed = [
        *_differences(first["family"], current["family"], "family"),
        *_differences(first.get("from"), current.get("from"), "from"),
        *_differences(settings, current_settings, "recipe"),
    ]
    if changed or not isinstance(steps, int):
        raise BadSetting(
            f"{path.parent} was begun with other settings ({', '.join(changed[:4])}); resume with those of the first "
            f"call, or begin another run with these from its weights: --from {path.parent} --out FOLDER."
        )
    first_clips, current_clips = first.get("clips", current["clips"]), current["clips"]
    if first_clips == current_clips:
        return steps, ""
    counts = f"{first_clips['count']} then, {current_clips['count']} now"
    return steps, f"the recordings are not those of the first call ({counts}); continuing with the new ones."


def _with_defaults(settings: Settings, recipe: Recipe) -> Settings:
    """Return the settings of a first call, with the defaults of those that did not exist then."""
    unset = replace(recipe, model=type(recipe.model)(), data=type(recipe.data)(), training=TrainingSettings())
    defaults = cast("Settings", json_of(unset))
    return {section: defaults[section] | settings.get(section, {}) for section in defaults}


def _differences(first: object, current: object, name: str) -> list[str]:
    """Return the settings that differ between two nested dictionaries, with both values."""
    if isinstance(first, dict) and isinstance(current, dict):
        keys = sorted(first.keys() | current.keys())
        return [line for key in keys for line in _differences(first.get(key), current.get(key), f"{name}.{key}")]
    return [] if first == current else [f"{name} was {repr_short(first)}, now {repr_short(current)}"]
