"""Parameters of the commands that read a folder of recordings, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from .folder import GroupFrom, LabelFrom

LabelSource: TypeAlias = Annotated[
    LabelFrom | None,
    Field(description="Labels: the first sub-folders, or none; default: sub-folders if most files are in some."),
]

GroupSource: TypeAlias = Annotated[
    GroupFrom | None,
    Field(
        description="Files that belong together: those of the sub-folder below the label's, or with the same name up "
        "to the first _."
    ),
]

ManifestPath: TypeAlias = Annotated[
    Path | None, Field(description="Manifest that lists the clips, instead of all in the folder.")
]
