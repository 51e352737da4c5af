"""Progress of long work: a bar on a terminal, in seconds of audio, and reports to a listener."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, float | None], None]
"""Called with what is done, and the fraction of it from 0 to 1, None if it is unknown."""

_listeners: list[Listener] = []


@contextmanager
def progress_reported_to(listener: Listener) -> Iterator[None]:
    """Call a listener with all progress of this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def progress_changed(change: Callable[[str, float | None], tuple[str, float | None]]) -> Iterator[None]:
    """Report the progress of a part of the work, changed to that of the whole, while the block runs."""
    listeners = _listeners.copy()

    def forward(message: str, fraction: float | None) -> None:
        for listener in listeners:
            listener(*change(message, fraction))

    _listeners[:] = [forward]
    try:
        yield
    finally:
        _listeners[:] = listeners


def report_progress(message: str, fraction: float | None) -> None:
    """Report progress to the listeners, if there are any."""
    for listener in _listeners:
        listener(message, None if fraction is None else min(max(fraction, 0.0), 1.0))


@contextmanager
def progress_bar(
    title: str, seconds: float | None, quiet: bool = False, unit: str = "s"
) -> Iterator[Callable[[float], None]]:
    """Show a progress bar while the block runs; yield what sets its progress to a number of seconds or ``unit``."""
    report_progress(title, 0.0 if seconds else None)
    if quiet or not (sys.stderr and sys.stderr.isatty()):
        yield lambda done: report_progress(title, done / seconds if seconds else None)
        return
    from rich.console import Console  # slow to import
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn(f"{{task.completed:.0f}} {unit}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=seconds)

        def show(done: float) -> None:
            bar.update(task, completed=done)
            report_progress(title, done / seconds if seconds else None)

        yield show
