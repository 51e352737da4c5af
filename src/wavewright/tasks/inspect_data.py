"""Inspect a folder of recordings before training on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from rich.console import Console
from rich.progress import Progress

from ..base.errors import BadFolder
from ..base.task_parameters import parameters_from
from ..data.inspect import inspect_clips
from ..data.parameters import FolderParameters
from ..data.report import InspectionReport
from ..data.scores import ScoreReport, has_scores, inspect_scores


@dataclass(frozen=True)
class InspectParameters(FolderParameters):
    """Parameters of `inspect`."""

    folder: Annotated[
        Path, Field(description="Folder with sound files, a manifest (.csv, .jsonl), or a folder with scores.")
    ]


@parameters_from(InspectParameters)
def inspect(given: InspectParameters) -> InspectionReport | ScoreReport:
    """Report clips, hours, labels, rates, clipping, silence, DC offset, duplicates and unusable files of a folder.

    Every file is decoded once, in bounded memory, with a progress bar on a terminal. Of a folder without sound files,
    the scores are reported.

    Raises BadFolder if the folder or manifest has no usable clips.

    Returns
    -------
    InspectionReport or ScoreReport
        The measurements, with warnings and remedies.
    """
    folder = given.folder
    try:
        clips = given.scan(folder)
    except BadFolder:
        if given.manifest is None and has_scores(folder):
            return inspect_scores(folder)
        raise
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("inspecting", total=len(clips.entries))
        return inspect_clips(clips, folder, lambda done, _: bar.update(task, completed=done))
