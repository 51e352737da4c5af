"""Inspect a folder of recordings before learning from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from rich.console import Console
from rich.progress import Progress

from ..data.folder import GroupFrom, LabelFrom, scan
from ..data.inspect import inspect_clips
from ..data.report import InspectionReport
from . import checked


@checked
def inspect(
    folder: Annotated[Path, Field(description="Folder with sound files, or a manifest (.csv, .jsonl).")],
    label_from: Annotated[
        LabelFrom | None,
        Field(
            description="Labels are the first sub-folders, or there are none; default: sub-folders where most sounds lie in some."
        ),
    ] = None,
    group_from: Annotated[
        GroupFrom | None,
        Field(
            description="What belongs together: the sub-folder below the label's, or the file name up to its first _."
        ),
    ] = None,
    manifest: Annotated[
        Path | None, Field(description="Manifest that lists the clips, instead of all in the folder.")
    ] = None,
) -> InspectionReport:
    """Report clips, hours, labels, rates, clipping, silence, DC offset, duplicates and unusable files of a folder.

    Every file is decoded once, in bounded memory; a bar on a terminal shows how far it is. Raises BadFolder where the folder or
    manifest holds nothing that can be used.
    """
    found = scan(folder, label_from, group_from, manifest)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("inspecting", total=len(found.entries))
        return inspect_clips(found, folder, lambda done, _: bar.update(task, completed=done))
