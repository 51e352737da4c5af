"""Inspect a folder of recordings before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from rich.console import Console
from rich.progress import Progress

from ..data.folder import scan
from ..data.inspect import inspect_clips
from ..data.parameters import GroupSource, LabelSource, ManifestPath
from ..data.report import InspectionReport
from . import checked


@checked
def inspect(
    folder: Annotated[Path, Field(description="Folder with sound files, or a manifest (.csv, .jsonl).")],
    label_from: LabelSource = None,
    group_from: GroupSource = None,
    manifest: ManifestPath = None,
) -> InspectionReport:
    """Report clips, hours, labels, rates, clipping, silence, DC offset, duplicates and unusable files of a folder.

    Every file is decoded once, in bounded memory, with a progress bar on a terminal.

    Returns
    -------
    InspectionReport
        The measurements, with warnings and remedies.

    Raises
    ------
    BadFolder
        If the folder or manifest has no usable clips.
    """
    clips = scan(folder, label_from, group_from, manifest)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("inspecting", total=len(clips.entries))
        return inspect_clips(clips, folder, lambda done, _: bar.update(task, completed=done))
