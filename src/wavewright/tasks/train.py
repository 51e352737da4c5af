"""Train a model on a folder of recordings; the training itself needs PyTorch, see :mod:`wavewright.training`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..audio.notebook import text_html
from ..base.errors import TrainingStopped, check_training
from ..base.interruption import raise_if_stopped
from ..base.task_parameters import parameters_from
from ..outputs.made import Made
from ..training.parameters import TrainParameters
from ..training.run_records.page import chart
from ..training.run_records.records import read_run

MEMORY_ERRORS = ("allocate memory", "out of memory")
"""Parts of PyTorch's messages when memory is exhausted, on a CPU and on a GPU."""


@dataclass(frozen=True, kw_only=True)
class Trained(Made):
    """The result of a training, whose folder is the model."""

    def _repr_html_(self) -> str:
        """Return the curves of the losses and metrics that have several values, and the text, for notebooks."""
        run = read_run(Path(self.out or ""))
        charts = "".join(chart(name, [run]) for name, curve in run.curves.items() if len(curve) > 1)
        return f"<div>{charts}</div>{text_html(self)}"


@parameters_from(TrainParameters)
def train(given: TrainParameters) -> Trained:
    """Train a model on a folder of recordings; the run folder becomes the model. Ctrl-C saves.

    The minutes of a call count from its beginning to its end: preparation, timing, evaluations and export included. A
    call that resumes needs the run folder alone; options that are given again must equal those of the first call.

    Raises MissingExtra if a package of the extra ``train`` is not installed; BadFolder if the recordings or the run
    folder cannot be used; BadSetting if an option or a setting is unknown or out of its range, or a voice is to be
    trained without consent; TrainingStopped if training diverges again and again, or memory or disk are exhausted.
    """
    check_training("Training needs")
    started = time.monotonic()
    from ..training import train as training

    with memory_errors():
        progress = training.train(given, started)
    out = given.run_folder()
    raise_if_stopped(progress.stopped_by, out)
    known = {"step": progress.step, "steps": progress.steps, "minutes": round(progress.minutes, 2)}
    measured = "".join(f", {name} {value:.4g}" for name, value in progress.metrics.items())
    line = f"{out}: {progress.step} of {progress.steps} steps in {known['minutes']:.1f} min{measured}"
    details = {**known, "metrics": dict(progress.metrics), "stopped_by": progress.stopped_by}
    return Trained(out=out, details=details, lines=(line,))


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise TrainingStopped if the block needs more memory than there is."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(text in str(error) for text in MEMORY_ERRORS):
            raise TrainingStopped(
                "There is not enough memory for this network and its batches; use a smaller --size, or a smaller "
                "batch_size or channels."
            ) from error
        raise
