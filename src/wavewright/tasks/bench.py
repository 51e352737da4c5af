"""Measure how fast a WaveNet draws samples on this machine, beside a plain PyTorch loop."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import Field

from ..base.errors import how_to_install
from ..base.processor import description
from ..base.result import Result
from ..base.task_parameters import checked
from ..families.wavenet.config import SIZES, Mode, WaveNetConfig
from ..families.wavenet.engine import Engine
from ..families.wavenet.mode_choice import DRIFT_BOUNDS_BITS, fastest, measure_modes
from ..families.wavenet.weights import tensor_shapes

Size = Literal["tiny", "small", "base", "full"]
Head = Literal["mu-law", "logistics"]

ROUNDS = 5  # of which the median counts
MANY_STREAMS = 8
MODES: tuple[tuple[str, Mode, int], ...] = (
    ("int8", "int8", 1),
    ("int16", "int16", 1),
    (f"int16-{MANY_STREAMS}-streams", "int16", MANY_STREAMS),
    ("int16-portable", "int16", 1),
    ("float32", "float32", 1),
)
"""The rows of a size: name, mode and number of streams."""


@dataclass(frozen=True)
class Row:
    """One way to draw; samples of all its streams together."""

    size: str
    mode: str
    samples_per_second: float
    times_real_time: float
    times_torch_loop: float | None  # None where PyTorch is not installed
    memory_mb: float  # of the weights and of what the streams remember
    streams: int


@dataclass(frozen=True)
class BenchReport(Result):
    """The rows, and what they were measured on."""

    rows: tuple[Row, ...]
    head: str
    sample_rate: int
    machine: str  # processor, instruction sets, architecture, system
    auto: dict[str, Mode]  # of each size, the mode that auto is here

    def __str__(self) -> str:
        lines = [f"{'size':<7}{'mode':<17}{'torch loop':>12}{'real time':>12}{'samples/s':>12}{'memory':>11}"]
        for row in self.rows:
            beside = "" if row.times_torch_loop is None else f"{row.times_torch_loop:.1f} x"
            lines.append(
                f"{row.size:<7}{row.mode:<17}{beside:>12}{row.times_real_time:>10.2f} x{row.samples_per_second:>12,.0f}"
                f"{row.memory_mb:>8.1f} MB"
            )
        lines += [f"{size}: mode auto is {mode} on this machine." for size, mode in self.auto.items()]
        return "\n".join(
            [*lines, f"One core of {self.machine}; head {self.head} at {self.sample_rate:,} Hz.", *self.notes]
        )


@checked
def bench_wavenet(
    size: Annotated[Size | None, Field(description="Size of the network; all sizes by default.")] = None,
    head: Annotated[Head, Field(description="Classes of mu-law, or a mixture of logistics on 16 bits.")] = "logistics",
    seconds: Annotated[float, Field(description="Measure each row for about so long.", ge=0.05, le=600)] = 3.0,
) -> BenchReport:
    """Measure how many samples a second a WaveNet draws on one core of this machine.

    Weights are random, which does not change the speed. Each row is the median of several rounds by processor time.
    ``int16-portable`` uses no special instructions, as on processors without wide integer products; ``torch-loop``, the
    reference of the first ratio, is a plain PyTorch loop with cached layers, where PyTorch is installed. The choice of
    ``auto`` is measured as the engine measures it.
    """
    sizes: tuple[Size, ...] = get_args(Size) if size is None else (size,)
    rows: list[Row] = []
    notes: list[str] = []
    auto: dict[str, Mode] = {}
    for each in sizes:
        config = replace(SIZES[each], head=head, condition="none")
        tensors = _random_tensors(config)
        measured = [_measure(config, each, tensors, *mode, seconds) for mode in MODES]
        try:
            from ..nn.step_loop import StepLoop
        except ImportError:
            notes = [f"PyTorch is not installed, so its loop is not measured; {how_to_install('train')} to add it."]
        else:
            loop = StepLoop(tensors, config.dilations, is_mixture=head == "logistics")
            rate = _median_rate(loop.draw, seconds)
            measured.append(_row(config, each, "torch-loop", rate, loop.memory_bytes, 1))
            measured = [replace(row, times_torch_loop=row.samples_per_second / rate) for row in measured]
        rows += measured
        auto[each] = fastest(measure_modes(config, tensors))
    bounds = ", ".join(f"{mode} {bound:g}" for mode, bound in DRIFT_BOUNDS_BITS.items())
    notes.append(f"Mode auto allows these bits a sample more than float32: {bounds}.")
    return BenchReport(tuple(rows), head, config.sample_rate, description(), auto, notes=tuple(notes))


def _measure(
    config: WaveNetConfig,
    size: str,
    tensors: dict[str, np.ndarray],
    name: str,
    mode: Mode,
    n_streams: int,
    seconds: float,
) -> Row:
    """Return the row of one mode and number of streams."""
    engine = Engine(config, tensors, mode, portable=name.endswith("portable"))
    state = engine.start(range(n_streams))
    rate = n_streams * _median_rate(lambda n: engine.draw(state, n), seconds)
    return _row(config, size, name, rate, engine.memory_bytes + state.memory_bytes, n_streams)


def _row(config: WaveNetConfig, size: str, mode: str, rate: float, n_bytes: int, n_streams: int) -> Row:
    return Row(size, mode, rate, rate / config.sample_rate, None, n_bytes / 1e6, n_streams)


def _random_tensors(config: WaveNetConfig) -> dict[str, np.ndarray]:
    """Weights with which every unit is at work."""
    rng = np.random.default_rng(0)
    return {
        name: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in tensor_shapes(config).items()
    }


def _median_rate(draw: Callable[[int], object], seconds: float) -> float:
    """Return the samples per second of processor time of ``draw``, the median of rounds of ``seconds`` in all."""
    draw(16)  # compiles, where that was never done
    n_samples, spent = 16, 0.0
    while spent < seconds / (4 * ROUNDS):
        n_samples *= 2
        spent = _seconds(draw, n_samples)
    n_samples = max(16, round(n_samples * seconds / ROUNDS / spent))
    return n_samples / statistics.median(_seconds(draw, n_samples) for _ in range(ROUNDS))


def _seconds(draw: Callable[[int], object], n_samples: int) -> float:
    start = time.process_time()
    draw(n_samples)
    return time.process_time() - start
