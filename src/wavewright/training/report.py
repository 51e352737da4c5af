"""Report of a running training: progress line, JSON lines, TensorBoard, and samples as audio and spectrograms."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import fmean
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as ProgressBar, TextColumn, TimeRemainingColumn
from rich.table import Column

from ..audio.clip import Clip
from ..base.errors import MissingExtra
from ..base.progress_bar import progress_reported_to, report_progress
from ..plots import draw_grid
from .checkpoint import Progress
from .parameters import TrainingStep

LOG_FILE = "log.jsonl"
SAMPLES = "samples"
"""Subfolder of a run folder with samples of each evaluation."""

WARNING = "warning: "
"""Begin of messages that say what goes wrong."""

LOG_EVERY = 50
"""Steps whose losses are averaged into one line."""

GAP_SECONDS = 0.1
"""Silence between the clips in a file of samples."""


PHASE_SECONDS = 10.0
"""Seconds between two lines about work that goes on, such as the preparation of recordings."""


OnStep = Callable[[TrainingStep], object]


class PhaseLines:
    """Listener that writes a line about work that takes long: what is done, and the fraction of it.

    - ``log``: called with a line, at most every PHASE_SECONDS.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log
        self.due = time.monotonic() + PHASE_SECONDS

    def __call__(self, message: str, fraction: float | None) -> None:
        """Receive progress."""
        now = time.monotonic()
        if now < self.due:
            return
        self.due = now + PHASE_SECONDS
        self.log(message if fraction is None else f"{message}: {fraction:.0%}")


class ScalarWriter(Protocol):
    """The methods of TensorBoard's SummaryWriter that a report needs."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        """Record a number of a step."""

    def close(self) -> None:
        """Write what is still in memory."""


class Report:
    """Observer of a training loop that writes into the run folder and to the terminal.

    - ``folder``: the run folder.
    - ``quiet``: show nothing on the terminal.
    - ``mute``: write no files either, as in all processes but the first.
    - ``on_step``: called after each step, unless ``mute``.
    """

    def __init__(self, folder: Path, quiet: bool = False, mute: bool = False, on_step: OnStep | None = None) -> None:
        self.folder = folder
        self.on_step = None if mute else on_step
        self.mute = mute
        quiet = quiet or mute
        self.console = Console(stderr=True, quiet=quiet)
        self.bar = ProgressBar(
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=13)),
            TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
            # The losses take the remaining width: a narrow terminal cuts them, not the remaining time.
            TextColumn("{task.fields[losses]}", table_column=Column(no_wrap=True, ratio=1)),
            expand=True,
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=None, losses="")
        self.losses: dict[str, list[float]] = defaultdict(list)  # since the last line; not every step has every loss
        self.seconds: list[float] = []
        self.tensorboard = None if mute else _tensorboard(folder / "tensorboard")
        self.phases = PhaseLines(self.log)
        self._is_stepping = False
        self._step = 0
        self._listening = ExitStack()

    def __enter__(self) -> Report:
        self._listening.enter_context(progress_reported_to(self._listen))
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        with suppress(OSError):  # the terminal may have been closed, which ends a run by SIGHUP
            self.bar.stop()
        if self.tensorboard is not None:
            self.tensorboard.close()

    def step(self, progress: Progress, losses: Mapping[str, float], seconds: float) -> None:
        """Record the losses of a step and its duration; every LOG_EVERY steps write their means."""
        self._step = progress.step
        for name, loss in losses.items():
            self.losses[name].append(loss)
        self.seconds.append(seconds)
        self.bar.update(self.task, total=progress.steps, completed=progress.step)
        self._is_stepping = True
        report_progress(f"step {progress.step} of {progress.steps}", progress.step / max(progress.steps, 1))
        self._is_stepping = False
        if self.on_step is not None:
            self.on_step(
                TrainingStep(progress.step, progress.steps, progress.minutes, {**losses}, {**progress.metrics})
            )
        if progress.step % LOG_EVERY:
            return
        means = {name: fmean(values) for name, values in self.losses.items()}
        self._write(progress.step, {"minutes": progress.minutes, "ms_per_step": 1e3 * fmean(self.seconds), **means})
        listed = _listed(means)
        self.bar.update(self.task, losses=listed)
        if not self.console.is_terminal:
            self.log(f"step {progress.step}/{progress.steps}  {listed}")
        self.losses.clear()
        self.seconds.clear()

    def evaluation(self, progress: Progress, metrics: Mapping[str, float]) -> None:
        """Write and show the metrics of an evaluation."""
        self._step = progress.step
        self._write(progress.step, metrics)
        if metrics:  # a family may have none without validation recordings
            self.log(f"step {progress.step}: {_listed(metrics)}")

    def phase(self, message: str) -> None:
        """Show and report what begins now, besides steps."""
        self.phases.due = time.monotonic() + PHASE_SECONDS
        self.log(message)
        report_progress(message, None)

    def _listen(self, message: str, fraction: float | None) -> None:
        """Show the progress of work between steps; the steps have lines of their own."""
        if not self._is_stepping:
            self.phases(message, fraction)

    def log(self, message: str) -> None:
        """Show a message above the progress line; a warning is also written into the log of the run."""
        if message.startswith(WARNING):
            self._write(self._step, {"warning": message.removeprefix(WARNING)})
        with suppress(OSError):
            # Without markup: names of files may contain [brackets].
            self.console.print(message, highlight=False, markup=False, soft_wrap=True)

    def samples(self, progress: Progress, waves: Sequence[np.ndarray], titles: Sequence[str], sample_rate: int) -> None:
        """Write samples of the network as one audio file, with gaps, and a plot of their log-mel spectrograms."""
        folder = self.folder / SAMPLES
        folder.mkdir(exist_ok=True)
        stem = f"step-{progress.step:07d}"
        gap = np.zeros((waves[0].shape[0], round(GAP_SECONDS * sample_rate)), np.float32)
        joined = np.concatenate([segment for wave in waves for segment in (wave, gap)], axis=1)
        Clip(joined, sample_rate).write(folder / f"{stem}.wav")
        with suppress(MissingExtra):  # matplotlib belongs to the extra "plot"
            draw_grid([Clip(wave, sample_rate) for wave in waves], list(titles), folder / f"{stem}.png")

    def _write(self, step: int, values: Mapping[str, float | str]) -> None:
        if self.mute:
            return
        with (self.folder / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": round(time.time(), 1), "step": step, **values}) + "\n")
        if self.tensorboard is not None:
            for name, value in values.items():
                if not isinstance(value, str):
                    self.tensorboard.add_scalar(name, value, step)


def _listed(numbers: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {number:.3f}" for name, number in numbers.items())


def _tensorboard(folder: Path) -> ScalarWriter | None:
    """Return a TensorBoard writer, or None if TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    writer: ScalarWriter = SummaryWriter(str(folder))
    return writer
