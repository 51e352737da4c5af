"""Measure how much of its time a block takes while sixteen notes sound.

    python -m benchmarks music.live

The blocks have 128 samples at 48 kHz. Notes start and end while they are measured, so that sixteen are held at all
times. Printed are the median and the 99th percentile of the processor time of a block over the time that it sounds; on
a machine with other load, blocks also wait for the processor.
"""

from __future__ import annotations

from time import thread_time

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.apps.live.performer import LivePerformer
from wavewright.music.engine import InstrumentEngine
from wavewright.synth import SynthEngine
from wavewright.synth.banks import bank_engine, read_bank

RATE, N_BLOCK, N_VOICES = 48_000, 128, 16
PATCHES = ("warm-pad", "electric-piano", "reed-organ")
BLOCKS = Table("blocks", columns(instrument="s", notes="d", blocks="d", median=".4f", p99=".4f", longest=".3f"))


def loads(engine: InstrumentEngine, seconds: float) -> np.ndarray:
    """Return the time of each block over the time that it sounds, while N_VOICES notes are held."""
    performer = LivePerformer(engine)
    rng = np.random.default_rng(0)
    times: list[float] = []
    block = np.zeros((2, N_BLOCK), np.float32)
    held: list[int] = []
    performer.fill(block)
    for number in range(round(seconds * RATE / N_BLOCK)):
        while len(held) < N_VOICES:
            key = int(rng.choice([key for key in range(36, 96) if key not in held]))
            held.append(key)
            performer.receive(bytes([0x90, key, int(rng.integers(30, 128))]))
        if number % 20 == 19:
            performer.receive(bytes([0x80, held.pop(0), 64]))
        start = thread_time()
        performer.fill(block)
        times.append(thread_time() - start)
    return np.array(times[100:]) * RATE / N_BLOCK


def measure(options: Options, report: Report) -> None:
    bank = read_bank(None)
    engines: dict[str, InstrumentEngine] = {bank.name: bank_engine(bank, RATE)}
    engines |= {name: SynthEngine(name, RATE) for name in PATCHES}
    for name, engine in engines.items():
        loads(engine, 0.3)
        engine.reset()
        engine.load(0)  # as `wavewright live` does
        measured = loads(engine, options.seconds)
        median, p99 = np.percentile(measured, [50, 99]).tolist()
        row = {"instrument": name, "notes": N_VOICES, "blocks": len(measured), "median": median, "p99": p99}
        report.add(BLOCKS, **row, longest=float(measured.max()))
        report.target(name, "99th percentile of the time of a block", p99, at_most=0.25)


BENCHMARK = Benchmark(measure, Option("seconds", 20.0, smoke=0.5))
