"""A progress bar on standard error, in seconds of audio; only on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    title: str, seconds: float | None, quiet: bool = False, unit: str = "s"
) -> Iterator[Callable[[float], None]]:
    """Show a progress bar while the block runs.

    Parameters
    ----------
    title : str
        Text before the bar.
    seconds : float or None
        Duration of the audio, None if it is unknown.
    quiet : bool
        Show nothing.
    unit : str
        What is counted, where that is not seconds of audio.

    Yields
    ------
    callable
        Sets the progress to a number of seconds.
    """
    from rich.console import Console  # slow to import
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, quiet=quiet)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn(f"{{task.completed:.0f}} {unit}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(title, total=seconds)
        yield lambda done: bar.update(task, completed=done)
