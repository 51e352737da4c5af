"""How far a long file has come, on standard error and on a terminal alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(title: str, seconds: float | None, quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """A bar for a sound of so many ``seconds``, None where nobody knows; what it gives is told how many seconds are done."""
    from rich.console import Console  # slow to import
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, quiet=quiet)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:.0f} s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(title, total=seconds)
        yield lambda done: bar.update(task, completed=done)
