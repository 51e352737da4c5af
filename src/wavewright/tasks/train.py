"""Train a model on a folder of recordings; the loop itself needs PyTorch and lives in ``training``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ..errors import MissingExtra
from . import checked


@checked
def train(
    folder: Annotated[Path, Field(description="Folder of recordings, or a manifest (.csv, .jsonl).")],
    family: Annotated[str, Field(description="Model family: gan or classifier.")] = "gan",
    size: Annotated[Literal["tiny", "small", "base"], Field(description="How large a network.")] = "small",
    out: Annotated[
        Path | None, Field(description="Run folder, which becomes the model; default: runs/ and the folder's name.")
    ] = None,
    label_from: Annotated[
        Literal["folder", "none"], Field(description="Labels are the names of sub-folders, or there are none.")
    ] = "folder",
    max_minutes: Annotated[float | None, Field(description="Stop and save after so many minutes of this call.", gt=0)] = None,
    resume: Annotated[bool, Field(description="Go on with the run in the run folder.")] = False,
    set: Annotated[tuple[str, ...], Field(description="Change a setting: name=value; may be given several times.")] = (),
    device: Annotated[Literal["cpu", "cuda", "mps"], Field(description="Where to compute.")] = "cpu",
) -> Any:
    """Train a generative model on a folder of recordings; the run folder is a model that plays.

    Raises MissingExtra without PyTorch, BadFolder and BadSetting for what cannot be used, TrainingStopped where training went ill.
    """
    if find_spec("torch") is None:
        raise MissingExtra("Training needs PyTorch, which is not installed: pip install 'wavewright[train]'.")
    from ..training import run

    return run.train(
        folder, family, size, out or Path("runs") / folder.stem, label_from, max_minutes, resume, list(set), device
    )
