"""Train an encoder on recordings without labels, from which classifiers of few recordings start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.names import inside
from ..base.parameters import MoreMinutes, Quiet, ResumeRun, SettingChanges, TrainingDevice, WritesRun
from ..contracts.settings import assignments_of
from ..data.parameters import GroupSource, ManifestPath
from ..families import FAMILIES
from . import checked
from .train import Trained, train

ENCODER = "encoder"
DEFAULT_MINUTES = 30.0


@checked
def pretrain(
    folder: Annotated[Path, Field(description="Folder of recordings, or a manifest (.csv, .jsonl); no labels needed.")],
    size: Annotated[str, Field(description=f"Size of the network: {', '.join(FAMILIES[ENCODER].sizes)}.")] = "small",
    out: Annotated[
        Path | None,
        Field(description="Run folder, which becomes the model; default: runs/ and NAME-encoder."),
        WritesRun(name_end="-encoder"),
    ] = None,
    group_from: GroupSource = None,
    manifest: ManifestPath = None,
    from_: Annotated[
        str | None, Field(description="Encoder whose weights the training starts from, a name or a folder.")
    ] = None,
    max_minutes: Annotated[
        float | None, Field(description="Stop and save after so many minutes of this call; default: 30.", gt=0)
    ] = None,
    more_minutes: MoreMinutes = None,
    resume: ResumeRun = False,
    set: SettingChanges = (),
    device: TrainingDevice = "cpu",
    quiet: Quiet = False,
) -> Trained:
    """Train an encoder on recordings without labels: `train --family classifier --from` it needs few with labels.

    Raises MissingExtra if PyTorch is not installed; BadFolder if the recordings or the run folder cannot be used;
    BadSetting if an option or a setting is unknown or out of its range; TrainingStopped if training diverges again and
    again, or memory or disk are exhausted.
    """
    name = folder.resolve().stem if folder.is_file() else folder.resolve().name
    has_length = resume or more_minutes or any(each.split("=")[0].endswith("steps") for each in assignments_of(set))
    return train(
        folder,
        ENCODER,
        size,
        out or inside(Path("runs"), f"{name}-encoder"),
        "none",
        group_from,
        manifest,
        from_,
        max_minutes=max_minutes or (None if has_length else DEFAULT_MINUTES),
        more_minutes=more_minutes,
        resume=resume,
        set=set,
        device=device,
        quiet=quiet,
    )
