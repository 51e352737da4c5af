"""What a run tells while it trains: a progress line with time left, JSON lines, TensorBoard, sounds to hear and pictures to see."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from ..clip import Clip
from ..drawing import draw_grid
from ..errors import MissingExtra
from .checkpoint import Progress as RunProgress

LOG_FILE = "log.jsonl"
SAMPLES = "samples"  # the folder of sounds and pictures in a run folder
LOG_EVERY = 50  # steps whose losses are averaged into one line


class Report:
    """Observer of a training loop that writes into a run folder and onto the terminal; with ``mute`` it does neither."""

    def __init__(self, folder: Path, quiet: bool = False, mute: bool = False):
        self.folder, self.mute = folder, mute
        quiet = quiet or mute
        self.console = Console(stderr=True, quiet=quiet)
        self.bar = Progress(
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=13)),
            TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
            # The losses take what the others leave: a narrow terminal cuts them, not the time that is left.
            TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True, ratio=1)),
            expand=True,
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=None, numbers="")
        self.losses: dict[str, list[float]] = defaultdict(list)  # since the last line; a lazy penalty has fewer
        self.seconds: list[float] = []
        self.board = None if mute else _tensorboard(folder / "tensorboard")

    def __enter__(self) -> Report:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a terminal may be closed while a run trains, which ends it by SIGHUP
            self.bar.stop()
        if self.board is not None:
            self.board.close()

    def step(self, progress: RunProgress, losses: dict[str, float], seconds: float) -> None:
        """Count a step; every LOG_EVERY-th writes the mean losses since the last."""
        for name, value in losses.items():
            self.losses[name].append(value)
        self.seconds.append(seconds)
        self.bar.update(self.task, total=progress.steps, completed=progress.step)
        if progress.step % LOG_EVERY:
            return
        means = {name: fmean(values) for name, values in self.losses.items()}
        self._write(
            {"step": progress.step, "minutes": progress.minutes, "ms_per_step": 1e3 * fmean(self.seconds), **means}
        )
        numbers = _listed(means)
        self.bar.update(self.task, numbers=numbers)
        if not self.console.is_terminal:
            self.log(f"step {progress.step}/{progress.steps}  {numbers}")
        self.losses.clear()
        self.seconds.clear()

    def evaluation(self, progress: RunProgress, metrics: dict[str, float]) -> None:
        """The health line: what the validation found."""
        self._write({"step": progress.step, **metrics})
        self.log(f"step {progress.step}: {_listed(metrics)}")

    def log(self, message: str) -> None:
        """A sentence for the person, above the progress line."""
        with suppress(OSError):
            self.console.print(
                message, highlight=False, markup=False, soft_wrap=True
            )  # names of files may hold [brackets]

    def samples(self, progress: RunProgress, waves: list[np.ndarray], titles: list[str], sample_rate: int) -> None:
        """Write what the network makes now, ``waves`` of ``(channels, time)`` each: one file with all of them in a row, and a picture
        of their log-mel spectrograms."""
        folder = self.folder / SAMPLES
        folder.mkdir(exist_ok=True)
        gap = np.zeros((waves[0].shape[0], sample_rate // 10), np.float32)
        row = np.concatenate([part for wave in waves for part in (wave, gap)], axis=1)
        Clip(row, sample_rate).write(folder / f"step-{progress.step:07d}.wav")
        with suppress(MissingExtra):  # matplotlib belongs to the extra "plot"
            draw_grid([Clip(wave, sample_rate) for wave in waves], titles, folder / f"step-{progress.step:07d}.png")

    def _write(self, numbers: dict[str, Any]) -> None:
        if self.mute:
            return
        with (self.folder / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": round(time.time(), 1), **numbers}) + "\n")
        if self.board is not None:
            for name, value in numbers.items():
                if name != "step":
                    self.board.add_scalar(name, value, numbers["step"])


def _listed(numbers: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in numbers.items())


def _tensorboard(folder: Path) -> Any:
    """A TensorBoard writer, or None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
