"""Parameters of the commands that read a folder of recordings, each described once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from .entry import Scan
from .folder import GroupFrom, LabelFrom, scan

LabelSource: TypeAlias = Annotated[
    LabelFrom | None,
    Field(
        description="Labels are the first subfolders (folder), or there are none; default: folder if most clips are in "
        "one."
    ),
]

GroupSource: TypeAlias = Annotated[
    GroupFrom | None,
    Field(
        description="Groups of clips that belong together: the subfolder below the label's (folder), or the file name "
        "up to its first _ (prefix)."
    ),
]

ManifestPath: TypeAlias = Annotated[
    Path | None, Field(description="Manifest that lists the clips, instead of all in the folder.")
]


@dataclass(frozen=True, kw_only=True)
class FolderParameters:
    """How a folder of recordings is read."""

    label_from: LabelSource = None
    group_from: GroupSource = None
    manifest: ManifestPath = None

    def scan(self, folder: Path) -> Scan:
        """Return the recordings of a folder; raise BadFolder if none can be used."""
        return scan(folder, self.label_from, self.group_from, self.manifest)
