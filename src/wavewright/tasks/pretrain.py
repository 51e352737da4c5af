"""Train an encoder on recordings without labels, from which classifiers of few recordings start."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..base.names import inside
from ..base.parameters import WritesRun
from ..base.task_parameters import parameters_from
from ..contracts.settings import assignments_of
from ..data.parameters import GroupSource, ManifestPath
from ..families import FAMILIES
from ..training.parameters import Call
from .train import Trained, train

ENCODER = "encoder"
DEFAULT_MINUTES = 30.0


@dataclass(frozen=True)
class PretrainParameters(Call):
    """Parameters of `pretrain`."""

    folder: Annotated[Path, Field(description="Folder of recordings, or a manifest (.csv, .jsonl); no labels needed.")]
    size: Annotated[str, Field(description=f"Size of the network: {', '.join(FAMILIES[ENCODER].sizes)}.")] = "small"
    out: Annotated[
        Path | None,
        Field(description="Run folder, which becomes the model; default: runs/ and NAME-encoder."),
        WritesRun(name_end="-encoder"),
    ] = None
    group_from: GroupSource = None
    manifest: ManifestPath = None
    from_: Annotated[
        str | None, Field(description="Encoder whose weights the training starts from, a name or a folder.")
    ] = None


@parameters_from(PretrainParameters)
def pretrain(given: PretrainParameters) -> Trained:
    """Train an encoder on recordings without labels: `train --family classifier --from` it needs few with labels.

    Raises MissingExtra if PyTorch is not installed; BadFolder if the recordings or the run folder cannot be used;
    BadSetting if an option or a setting is unknown or out of its range; TrainingStopped if training diverges again and
    again, or memory or disk are exhausted.
    """
    folder = given.folder
    name = folder.resolve().stem if folder.is_file() else folder.resolve().name
    changes: dict[str, Any] = {each.name: getattr(given, each.name) for each in fields(given)}
    changes["out"] = given.out or inside(Path("runs"), f"{name}-encoder")
    if not (
        given.resume or given.minutes or any(each.split("=")[0].endswith("steps") for each in assignments_of(given.set))
    ):
        changes["max_minutes"] = DEFAULT_MINUTES
    return train(**changes, family=ENCODER, label_from="none")
