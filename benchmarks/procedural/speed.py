"""Time every procedural effect on one thread, and measure the memory of a long texture.

    python -m benchmarks.procedural.speed --json speed.json
    python -m benchmarks.procedural.speed --only rain --long-seconds 3600

Times are those of the processor, medians over several seeds after a first run, which compiles loops. A short one-shot
is rendered for several seeds in a row, as its variations are.
"""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from collections.abc import Sequence
from functools import partial

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.synth.procedural import PROCEDURES, Procedure

MIN_RATIO = 100.0

SPEEDS = Table(
    "speed", columns(effect="s", channels="d", seconds=".2f", milliseconds_per_second=".2f", times_real_time=".0f")
)
MEMORY = Table("memory of blocks", columns(effect="s", seconds=".0f", peak_mib=".1f"), is_optional=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--only", nargs="+", choices=PROCEDURES, default=list(PROCEDURES))
    parser.add_argument("--sample-rate", type=int, default=44_100)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of textures")
    parser.add_argument("--seeds", type=int, default=8, help="one-shots in a row")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--long-seconds", type=float, nargs="*", default=[60.0, 600.0], help="lengths for the memory")


def render_all(procedure: Procedure, seconds: float | None, sample_rate: int, seeds: Sequence[int]) -> int:
    """Render an effect for each seed; return the number of samples of one channel."""
    return sum(procedure.render(seconds, sample_rate, seed).shape[1] for seed in seeds)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each effect, with its default settings and channels."""
    for name in options.only:
        procedure = PROCEDURES[name]()
        seeds = (0,) if procedure.is_texture else range(options.seeds)
        length = options.seconds if procedure.is_texture else None

        render = partial(render_all, procedure, length, options.sample_rate, seeds)
        seconds = render() / options.sample_rate
        spent = median_seconds(render, options.runs)
        row = {"effect": name, "channels": procedure.default_channels, "seconds": seconds / len(seeds)}
        ratio = seconds / spent
        report.add(SPEEDS, row | {"milliseconds_per_second": 1_000 / ratio, "times_real_time": ratio})
        report.target(name, "times real time", ratio, at_least=MIN_RATIO)
        if procedure.is_texture:
            for long_seconds in options.long_seconds:
                tracemalloc.start()
                for _ in procedure.blocks(long_seconds, options.sample_rate):
                    pass
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                report.add(MEMORY, {"effect": name, "seconds": long_seconds, "peak_mib": peak / 2**20})


BENCHMARK = Benchmark(
    __doc__ or "",
    (SPEEDS, MEMORY, TARGETS),
    add_options,
    measure,
    smoke={"seconds": 1.0, "seeds": 1, "runs": 1, "long_seconds": [1.0], "only": ["rain", "click"]},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
