"""Train a model on a folder of recordings; the loop itself needs PyTorch and lives in ``training``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ..data.parameters import GroupSource, LabelSource, ManifestPath
from ..errors import MissingExtra, TrainingStopped, how_to_install
from ..names import inside
from ..parameters import Quiet
from . import checked

NO_MEMORY = ("allocate memory", "out of memory")
"""What PyTorch says where memory ends, on a CPU and on a GPU."""


@dataclass(frozen=True)
class Trained:
    """Where a run stands: steps done and planned, minutes of all calls, and what the last evaluation measured."""

    out: Path
    step: int
    steps: int
    minutes: float
    metrics: dict[str, float]

    def __str__(self) -> str:
        measured = "".join(f", {name} {value:.4g}" for name, value in self.metrics.items())
        return f"{self.out}: {self.step} of {self.steps} steps in {self.minutes:.1f} min{measured}"


@checked
def train(
    folder: Annotated[Path, Field(description="Folder of recordings, or a manifest (.csv, .jsonl).")],
    family: Annotated[
        str, Field(description="Model family: gan, lstm, vae, wavenet, codec, prior, acoustic, vocoder or classifier.")
    ] = "gan",
    size: Annotated[
        str, Field(description="How large a network: tiny, small, base, full; each family has its own.")
    ] = "small",
    out: Annotated[
        Path | None, Field(description="Run folder, which becomes the model; default: runs/ and the folder's name.")
    ] = None,
    label_from: LabelSource = None,
    group_from: GroupSource = None,
    manifest: ManifestPath = None,
    from_: Annotated[
        str | None, Field(description="Model to begin from, a folder or a name: a voice learns another, or a vocoder.")
    ] = None,
    max_minutes: Annotated[
        float | None, Field(description="Stop and save after so many minutes of this call.", gt=0)
    ] = None,
    more_minutes: Annotated[
        float | None,
        Field(description="With --resume: train so many minutes past the run's plan, finished or not.", gt=0),
    ] = None,
    resume: Annotated[bool, Field(description="Go on with the run in the run folder.")] = False,
    set: Annotated[
        tuple[str, ...], Field(description="Change a setting: name=value; may be given several times.")
    ] = (),
    device: Annotated[Literal["cpu", "cuda", "mps"], Field(description="Where to compute.")] = "cpu",
    quiet: Quiet = False,
) -> Trained:
    """Train a model on a folder of recordings; the run folder is a model that plays.

    Ctrl-C saves. Raises MissingExtra without PyTorch, BadFolder and BadSetting for what cannot be used, TrainingStopped where
    training could not go on in health.
    """
    if find_spec("torch") is None:
        raise MissingExtra(f"Training needs PyTorch, which is not installed: {how_to_install('train')}.")
    from ..training import run

    name = folder.resolve().stem if folder.is_file() else folder.resolve().name
    place = inside(Path("runs"), name) if out is None else out
    with _memory_in_words():
        progress = run.train(
            folder,
            family,
            size,
            place,
            label_from=label_from,
            group_from=group_from,
            manifest=manifest,
            max_minutes=max_minutes,
            more_minutes=more_minutes,
            resume=resume,
            settings=set,
            device=device,
            quiet=quiet,
            base=from_,
        )
    return Trained(place, progress.step, progress.steps, round(progress.minutes, 2), dict(progress.metrics))


@contextmanager
def _memory_in_words() -> Iterator[None]:
    """Raise TrainingStopped where the block needs more memory than there is."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
            raise TrainingStopped(
                "There is not enough memory for this network and its batches; use a smaller --size, or a smaller batch_size or channels."
            ) from error
        raise
