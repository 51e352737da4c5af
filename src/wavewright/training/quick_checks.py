"""Quick checks before a training: learning rates at which the loss falls, and clips a second by batch size."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..base.errors import BadSetting
from ..plots.plots import GRID_COLOUR, INK, MAP_COLOURS, figure_class
from .loop import Loop
from .report import Report
from .run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOWEST_RATE, HIGHEST_RATE = 1e-6, 1.0
N_RATES = 120
"""Steps of a range test, each with a higher learning rate than the one before."""

MIN_RATES = 40
"""Steps below which a range test says nothing."""

N_BATCHES = 4
"""Batches of a range test, which come again and again, so that its losses differ by the learning rate alone."""

SMOOTHED_STEPS = 2 * N_BATCHES
"""Width of the centred moving average over the losses of a range test."""

DIVERGED = 2.0
"""A range test ends when the loss is above its lowest value by this many times its fall."""

NOTICEABLE = 0.05
"""Fraction of the fall of the loss that counts as its beginning."""

TIMED_STEPS = 3  # of each batch size, after one that does not count
BATCH_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # of the default
NEARLY_FASTEST = 0.9
"""Fraction of the most clips a second above which a smaller batch is preferred."""


@dataclass(frozen=True)
class RateLoss:
    """Loss around a step of a range test, a moving average."""

    learning_rate: float
    loss: float


@dataclass(frozen=True)
class RangeTest:
    """Losses of one training whose learning rate rises from step to step.

    - ``losses``: in the order of the learning rates; they end where the loss diverges.
    - ``lowest``, ``highest``: learning rates between which the loss falls.
    - ``steepest``: learning rate at which it falls fastest.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", 2017.
    """

    losses: tuple[RateLoss, ...]
    lowest: float
    steepest: float
    highest: float


@dataclass(frozen=True)
class BatchTime:
    """Time of a step with a batch size."""

    batch_size: int  # clips of a batch
    step_s: float  # median seconds of a step
    clips_per_second: float  # that the step trains on


def range_test(loop: Loop, n_steps: int) -> RangeTest:
    """Train some steps, each at a higher learning rate, and measure the loss; the weights stay those of the last.

    Raises BadSetting if several players train against each other from the beginning, or the loss does not fall at any
    rate.
    """
    if len(loop.network.turns(0)) > 1:
        raise BadSetting(
            "A range test needs one loss that falls while the network learns; here players train against each other. "
            "Search the learning rate with `wavewright tune ... --dial learning_rate`."
        )
    weights = loop.network.loss_weights(0)
    rates = np.geomspace(LOWEST_RATE, HIGHEST_RATE, n_steps)
    losses: list[float] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(loop.settings.seed)
        for step, rate in enumerate(rates):
            batches = loop.batches_from(step % N_BATCHES * loop.settings.accumulate)
            named = loop.state.update(step, batches, float(rate))
            losses.append(sum(weights[name] * loss for name, loss in named.items()))
            if not math.isfinite(losses[-1]) or _has_diverged(losses):
                break
    return described(rates, smoothed([loss for loss in losses if math.isfinite(loss)]))


def _has_diverged(losses: Sequence[float]) -> bool:
    if len(losses) < MIN_RATES // 2:
        return False
    means = smoothed(losses)
    fall = means[0] - means.min()
    return bool(means[-1] - means.min() > DIVERGED * max(fall, abs(means[0]) / 2))


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """Return the centred moving average of losses, over fewer of them at both ends."""
    kernel = np.ones(min(SMOOTHED_STEPS, max(len(losses), 1)))
    values = np.asarray(losses)
    if not len(values):
        return values
    means: np.ndarray = np.convolve(values, kernel, "same") / np.convolve(np.ones_like(values), kernel, "same")
    return means


def described(rates: np.ndarray, losses: Sequence[float] | np.ndarray) -> RangeTest:
    """Return the learning rates at which a loss starts to fall, falls fastest and is lowest.

    Rates rise by a constant factor; there are fewer losses, which are smoothed, if the loss diverged.

    Raises BadSetting if the loss never falls.
    """
    values = np.asarray(losses)
    bottom = int(np.argmin(values)) if len(values) else 0
    fall = float(values[: bottom + 1].max() - values[bottom]) if len(values) else 0.0
    if bottom < 2 or fall <= 0:
        raise BadSetting(
            "The loss falls at no learning rate from 1e-06 to 1; look at the recordings with `wavewright data "
            "inspect`, or give another --size."
        )
    slopes = np.gradient(values[: bottom + 1])
    top = int(np.argmax(values[: bottom + 1]))
    first = top + int(np.argmax(values[top : bottom + 1] < values[top] - NOTICEABLE * fall))
    return RangeTest(
        losses=tuple(RateLoss(float(rate), float(loss)) for rate, loss in zip(rates, values, strict=False)),
        lowest=float(rates[first]),
        steepest=float(rates[first + int(np.argmin(slopes[first:]))]),
        highest=float(rates[bottom]),
    )


def batch_times(open_run: Callable[[int], Run], default: int, threads: int, deadline: float) -> tuple[BatchTime, ...]:
    """Time the steps of batch sizes, smallest first, until more clips a batch are no longer worth their time.

    After ``deadline``, as :func:`time.monotonic` counts, no other size is timed.
    """
    torch.set_num_threads(threads)
    sizes = sorted({max(1, round(factor * default)) for factor in BATCH_FACTORS})
    times: list[BatchTime] = []
    for size in sizes:
        if times and (time.monotonic() > deadline or _is_slower(times)):
            break
        try:
            loop = loop_of(open_run(size))
            _step_seconds(loop, 0)
            seconds = median(_step_seconds(loop, step) for step in range(1, 1 + TIMED_STEPS))
        except (MemoryError, RuntimeError):  # PyTorch's name for memory that is not there
            if not times:
                raise
            break
        times.append(BatchTime(size, seconds, size * loop.settings.accumulate / seconds))
    return tuple(times)


def loop_of(run: Run) -> Loop:
    """Return the loop of a run, which writes nothing."""
    return Loop(run.network, run.prepared.batches, run.recipe.training, run.out, Report(run.out, True, True))


def _step_seconds(loop: Loop, step: int) -> float:
    started = time.perf_counter()
    loop.state.update(step, loop.batches_from(step * loop.settings.accumulate), loop.settings.learning_rate)
    return time.perf_counter() - started


def _is_slower(times: Sequence[BatchTime]) -> bool:
    """Return True if the last two sizes train on fewer clips a second than one before."""
    rates = [each.clips_per_second for each in times]
    return len(rates) > 2 and max(rates[-2:]) < max(rates[:-2])


def preferred(times: Sequence[BatchTime]) -> int:
    """Return the smallest batch size that trains on nearly as many clips a second as the fastest."""
    fastest = max(each.clips_per_second for each in times)
    return min(each.batch_size for each in times if each.clips_per_second >= NEARLY_FASTEST * fastest)


def drawing(rates: RangeTest | None, times: Sequence[BatchTime]) -> Figure:
    """Draw the losses by learning rate beside the clips a second by batch size."""
    figure = figure_class()(figsize=(9, 3.4), dpi=110, layout="constrained")
    axes, bars = figure.subplots(1, 2, width_ratios=[1.6, 1])
    for each in (axes, bars):
        each.tick_params(labelsize=8, colors=INK)
        each.grid(color=GRID_COLOUR)
        each.set_axisbelow(True)
        for side in ("top", "right"):
            each.spines[side].set_visible(False)
    axes.set_xlabel("learning rate", fontsize=9)
    axes.set_ylabel("loss", fontsize=9)
    axes.set_xscale("log")
    if rates is not None:
        axes.axvspan(rates.lowest, rates.highest, color=MAP_COLOURS[0], alpha=0.12, lw=0)
        axes.axvline(rates.steepest, color=MAP_COLOURS[0], lw=1)
        axes.plot([each.learning_rate for each in rates.losses], [each.loss for each in rates.losses], color=INK)
    bars.bar([str(each.batch_size) for each in times], [each.clips_per_second for each in times], color=MAP_COLOURS[0])
    bars.set_xlabel("batch size", fontsize=9)
    bars.set_ylabel("clips a second", fontsize=9)
    return figure
