"""Measure how fast a WaveNet draws samples on this machine, beside a plain PyTorch loop."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..families.wavenet import SIZES, Config
from ..families.wavenet.engine import Engine, Mode, tensor_shapes
from . import checked

Size = Literal["tiny", "small", "base", "full"]
Head = Literal["mu-law", "logistics"]

ROUNDS = 5  # of which the fastest counts: other work on the machine only ever slows a round down
MANY_STREAMS = 8


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
class BenchReport:
    """The rows, and what they were measured on."""

    rows: tuple[Row, ...]
    head: str
    sample_rate: int
    machine: str
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{'size':<7}{'mode':<17}{'samples/s':>10}{'real time':>11}{'torch loop':>12}{'memory':>10}"]
        for row in self.rows:
            beside = "" if row.times_torch_loop is None else f"{row.times_torch_loop:.1f} x"
            lines.append(
                f"{row.size:<7}{row.mode:<17}{row.samples_per_second:>10,.0f}{row.times_real_time:>9.2f} x{beside:>12}"
                f"{row.memory_mb:>7.1f} MB"
            )
        return "\n".join([*lines, f"One core of {self.machine}; head {self.head} at {self.sample_rate:,} Hz.", *self.notes])


@checked
def bench_wavenet(
    size: Annotated[Size, Field(description="Size of the network.")] = "small",
    head: Annotated[Head, Field(description="Classes of mu-law, or a mixture of logistics on 16 bits.")] = "logistics",
    seconds: Annotated[float, Field(description="Measure each row for about so long.", ge=0.05, le=600)] = 3.0,
) -> BenchReport:
    """Measure how many samples a second a WaveNet draws on one core of this machine.

    Weights are random, which changes no speed. Each row is the fastest of several rounds by processor time, so that other work on the
    machine counts little. ``int16-portable`` names no instruction, as on processors that have no wide integer products; ``torch-loop``
    is a plain PyTorch loop with cached layers, where PyTorch is installed.
    """
    config = Config(**SIZES[size], head=head, condition="none")
    tensors, notes = _random_tensors(config), []
    modes: tuple[tuple[str, Mode, int], ...] = (
        ("int8", "int8", 1),
        ("int16", "int16", 1),
        (f"int16-{MANY_STREAMS}-streams", "int16", MANY_STREAMS),
        ("int16-portable", "int16", 1),
        ("float32", "float32", 1),
    )
    rows = []
    for name, mode, n_streams in modes:
        engine = Engine(config, tensors, mode, portable=name.endswith("portable"))
        state = engine.start(range(n_streams))
        rate = n_streams * _fastest(lambda n, engine=engine, state=state: engine.draw(state, n), seconds)  # type: ignore[misc]
        rows.append(_row(config, size, name, rate, engine.memory_bytes + state.memory_bytes, n_streams))
    try:
        from ..nn.step_loop import StepLoop
    except ImportError:
        notes.append("PyTorch is not installed, so its loop is not measured; pip install wavewright[train] adds it.")
    else:
        loop = StepLoop(tensors, config.dilations, is_mixture=head == "logistics")
        rate = _fastest(loop.draw, seconds)
        rows = [replace(row, times_torch_loop=row.samples_per_second / rate) for row in rows]
        rows.append(replace(_row(config, size, "torch-loop", rate, loop.memory_bytes, 1), times_torch_loop=1.0))
    return BenchReport(tuple(rows), head, config.sample_rate, _machine(), tuple(notes))


def _row(config: Config, size: str, mode: str, rate: float, n_bytes: int, n_streams: int) -> Row:
    return Row(size, mode, rate, rate / config.sample_rate, None, n_bytes / 1e6, n_streams)


def _random_tensors(config: Config) -> dict[str, np.ndarray]:
    """Weights with which every unit is at work."""
    rng = np.random.default_rng(0)
    return {
        name: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in tensor_shapes(config).items()
    }


def _fastest(draw: Callable[[int], object], seconds: float) -> float:
    """Samples that ``draw`` draws in a second of processor time, in the fastest of several rounds of ``seconds`` in all."""
    draw(16)  # compiles, where that was never done
    n_samples, spent = 16, 0.0
    while spent < seconds / (4 * ROUNDS):
        n_samples *= 2
        spent = _seconds(draw, n_samples)
    n_samples = max(16, round(n_samples * seconds / ROUNDS / spent))
    return n_samples / min(_seconds(draw, n_samples) for _ in range(ROUNDS))


def _seconds(draw: Callable[[int], object], n_samples: int) -> float:
    start = time.process_time()
    draw(n_samples)
    return time.process_time() - start


def _machine() -> str:
    from llvmlite.binding import get_host_cpu_name

    return f"a {get_host_cpu_name()} processor ({platform.machine()}, {platform.system()})"
