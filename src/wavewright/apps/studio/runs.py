"""Runs of trainings for the page: curves, and samples to play. Names are looked up among those that exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ... import families
from ...base.errors import BadSetting
from ...base.json_text import JsonValue
from ...base.names import name_problem, quoted
from ...contracts.settings import override
from ...models.card import CARD_FILE
from ...training.run_file import CHECKPOINTS, LAST, RUN_FILE
from ...training.run_records.plan import read_plan
from ...training.run_records.records import RunRecord, read_run
from ..server.speech_request import BadRequest

SAMPLES = "samples"
SAMPLE = re.compile(r"step-(\d+)\.wav")
MOST_SAMPLES = 30
MOST_POINTS = 400
"""Points of a curve that the page draws."""


def list_runs(folder: Path) -> list[dict[str, object]]:
    """Return the runs of a folder with their families, in the order of their names."""
    return [{"name": path.name, "family": read_run(path).family} for path in _run_folders(folder)]


def show_run(folder: Path, name: str) -> dict[str, object]:
    """Return one run: step, minutes, minutes that its plan has left, curves, warnings and samples.

    Raises BadRequest if there is no such run.
    """
    path = _find(folder, name)
    record = read_run(path)
    plan = read_plan(path)
    samples = sorted((path / SAMPLES).glob("step-*.wav"))[-MOST_SAMPLES:]
    return {
        "name": name,
        "family": record.family,
        "step": record.step,
        "minutes": record.minutes,
        "minutes_left": plan and round(plan.minutes_left, 3),
        "is_model": (path / CARD_FILE).is_file(),
        "problem": record.problem,
        "warnings": [f"Step {step}: {text}" for step, text in record.warnings],
        "curves": _thinned(record),
        "samples": [
            {"name": sample.name, "step": int(match[1]), "url": f"/studio/runs/{name}/samples/{sample.name}"}
            for sample in samples
            if (match := SAMPLE.fullmatch(sample.name))
        ],
    }


def find_sample(folder: Path, name: str, sample: str) -> Path:
    """Return the file of a sample; raise BadRequest if there is none."""
    found = [path for path in (_find(folder, name) / SAMPLES).glob("step-*.wav") if path.name == sample]
    if not found:
        raise BadRequest(f"The run {quoted(name)} has no sample {quoted(sample)}.", "sample", status=404)
    return found[0]


def check_training(folder: Path, call: Mapping[str, JsonValue]) -> None:
    """Check the name, the family, the size and the settings with which a training is to begin or to resume.

    With ``is_draft`` only these: the consent, and whether the name is free, count when it begins.

    Raises BadSetting for the first that cannot be used, or BadRequest if there is no run to resume.
    """
    name, size = str(call.get("out", "")), str(call.get("size", "small"))
    problem = name_problem(name, is_file=True)
    if problem is not None:
        raise BadSetting(f"The name of the model {problem}; give one such as my-drums.")
    family = families.family(str(call.get("family", "")))
    if size not in family.sizes:
        raise BadSetting(f"There is no size {quoted(size)}; {family.name} has {', '.join(family.sizes)}.")
    settings = call.get("set", [])
    override(family.recipe(size), [str(each) for each in settings] if isinstance(settings, list) else [])
    if call.get("is_draft"):
        return
    path = folder / name
    if call.get("resume"):
        _find(folder, name)
    elif (path / CHECKPOINTS / LAST).is_file() or (path / CARD_FILE).is_file():
        raise BadSetting(f"There is a run {quoted(name)} already; press Resume, or give the model another name.")
    if family.imitates_voices and not call.get("i_have_consent") and not call.get("resume"):
        raise BadSetting("A voice needs the consent of its speaker; tick the box if you have it.")


def _find(folder: Path, name: str) -> Path:
    found = [path for path in _run_folders(folder) if path.name == name]
    if not found:
        raise BadRequest(f"There is no run {quoted(name)}; start a training first.", "name", status=404)
    return found[0]


def _run_folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob(f"*/{RUN_FILE}") if not path.parent.is_symlink())


def _thinned(record: RunRecord) -> dict[str, list[tuple[int, float]]]:
    """Return the curves with at most MOST_POINTS points, the last one always."""
    curves = {}
    for name, curve in record.curves.items():
        stride = -(-len(curve) // MOST_POINTS)
        curves[name] = curve[::-1][::stride][::-1]
    return curves
