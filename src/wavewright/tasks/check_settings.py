"""Check learning rate and batch size of a training in minutes (:mod:`wavewright.training.quick_checks`)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..base.errors import BadSetting, check_training
from ..base.parameters import MAX_MINUTES, TrainingDevice, Writes
from ..base.result import Result
from ..base.task_parameters import parameters_from
from ..base.whole_file import check_target
from ..data.parameters import FolderParameters
from ..training.parameters import FAMILY_HELP, SIZE_HELP
from .train import memory_errors

if TYPE_CHECKING:
    from ..training.quick_checks import BatchTime, RangeTest

CHECK_FRACTION = 0.4
"""Fraction of the minutes for each of the two checks; the rest is for reading and choosing the threads."""


@dataclass(frozen=True)
class SettingsCheck(Result):
    """Learning rates and batch sizes that suit a training.

    Attributes
    ----------
    family
        Of the training.
    learning_rates
        Range test; None where players train against each other, or the loss falls at no rate; `note` says which.
    batch_sizes
        Time of a step by batch size.
    default_learning_rate, default_batch_size
        Of the family and size.
    batch_size
        The smallest that trains on nearly as many clips a second as the fastest.
    threads
        Of PyTorch, the faster number.
    note
        Why there is no range test, or empty.
    image
        PNG file, if one was asked for.
    """

    family: str
    learning_rates: RangeTest | None
    batch_sizes: tuple[BatchTime, ...]
    default_learning_rate: float
    default_batch_size: int
    batch_size: int
    threads: int
    note: str = ""
    image: Path | None = None

    def __str__(self) -> str:
        lines = [self.note] if self.learning_rates is None else self._rate_lines(self.learning_rates)
        for each in self.batch_sizes:
            mark = " (nearly as fast as the fastest)" if each.batch_size == self.batch_size else ""
            lines.append(
                f"batch size {each.batch_size:5d}: {1e3 * each.step_s:8.1f} ms a step, "
                f"{each.clips_per_second:8.1f} clips a second{mark}"
            )
        lines += [] if self.image is None else [str(self.image)]
        return "\n".join(lines)

    def _rate_lines(self, rates: RangeTest) -> list[str]:
        return [
            f"learning rate: the loss falls from {rates.lowest:.2g} to {rates.highest:.2g}, fastest at "
            f"{rates.steepest:.2g}; the default is {self.default_learning_rate:.2g}"
        ]


@dataclass(frozen=True)
class CheckParameters(FolderParameters):
    """Parameters of `check_settings`."""

    folder: Annotated[Path, Field(description="Folder of recordings, or a manifest (.csv, .jsonl).")]
    family: Annotated[
        str | None, Field(description=f"Model family: {FAMILY_HELP}; default: that of --from, or gan.")
    ] = None
    size: Annotated[str, Field(description=f"Size of the network: {SIZE_HELP}.")] = "small"
    max_minutes: Annotated[float, Field(description="Duration of the checks in minutes.", gt=0, le=MAX_MINUTES)] = 3.0
    image: Annotated[
        Path | None,
        Field(description="PNG file with the loss by learning rate and clips a second by batch size."),
        Writes(".png", is_only=True),
    ] = None
    from_: Annotated[str | None, Field(description="Model of the same family that training starts from.")] = None
    set: Annotated[tuple[str, ...], Field(description="A setting: name=value; may be given several times.")] = ()
    device: TrainingDevice = "cpu"


@parameters_from(CheckParameters)
def check_settings(given: CheckParameters) -> SettingsCheck:
    """Check learning rate and batch size of a training in minutes: a range test, and the time of a step by batch size.

    Nothing is trained for use, and nothing but the image is written.

    Raises MissingExtra if a package of the extra ``train`` is not installed, or matplotlib for an image; BadFolder if
    the recordings cannot be used; BadSetting if an option is out of its range, or the minutes are too few.
    """
    check_training("The checks need")
    from ..plots.plots import figure_class, save_figure
    from ..training import quick_checks
    from ..training.choices import choose_recipe, family_of, open_base, scan_for
    from ..training.provenance import provenance_of
    from ..training.run import Run

    image, max_minutes = given.image, given.max_minutes
    if image is not None:
        figure_class()
        check_target(image)
    family = given.family or family_of(given.from_)
    base = None if given.from_ is None else open_base(given.from_, family)
    recipe = choose_recipe(family, given.size, given.set, given.device, base)
    recordings = scan_for(family, given.folder, given)

    def open_run(batch_size: int = 0) -> Run:
        training = replace(recipe.training, steps=quick_checks.N_RATES, patience=0)
        training = replace(training, batch_size=batch_size or training.batch_size)
        provenance = provenance_of(Path(family), family, recordings)
        return Run(Path(family), family, replace(recipe, training=training), recordings, provenance, base=base)

    with memory_errors():
        run = open_run()
        steps_per_hour, threads = run.steps_in(60.0)
        n_steps = int(steps_per_hour * CHECK_FRACTION * max_minutes / 60)
        if n_steps < quick_checks.MIN_RATES:
            needed = 60 * quick_checks.MIN_RATES / CHECK_FRACTION / max(steps_per_hour, 1)
            raise BadSetting(
                f"{max_minutes:.2g} minutes have time for {n_steps} steps of a range test, which say nothing; give "
                f"--max-minutes {max(1.05 * needed, 0.1):.2g} or more, or a smaller --size."
            )
        rates, note = None, ""
        try:
            rates = quick_checks.range_test(quick_checks.loop_of(run), min(n_steps, quick_checks.N_RATES))
        except BadSetting as error:
            note = str(error)
        defaults = run.recipe.training
        deadline = time.monotonic() + 60 * CHECK_FRACTION * max_minutes
        times = quick_checks.batch_times(open_run, defaults.batch_size, threads, deadline)
    if image is not None:
        save_figure(quick_checks.drawing(rates, times), image)
    return SettingsCheck(
        family=family,
        learning_rates=rates,
        batch_sizes=times,
        default_learning_rate=defaults.learning_rate,
        default_batch_size=defaults.batch_size,
        batch_size=quick_checks.preferred(times),
        threads=threads,
        note=note,
        image=image,
    )
