"""Measure the confidences of tempo and key in ``wavewright analyse``, by kind of recording.

    python -m benchmarks.analysis.confidence --clips speech=corpora/denoise music=corpora/denoise --json confidence.json

``NAME=FOLDER`` are the recordings with the label NAME in a corpus; recordings of a kind are joined to excerpts of at
least 20 s where they are speech, and otherwise cut to a minute.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_drums
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns
from wavewright.data.entry import Entry
from wavewright.inference.analysis.files import MONO_RATE
from wavewright.inference.analysis.key import KeyMeter
from wavewright.inference.analysis.tempo import TempoMeter

LONGEST_SECONDS, SHORTEST_SECONDS = 60, 20

CONFIDENCES = Table(
    "confidences",
    columns(kind="s", excerpts="d", subject="s", median=".2f", ninetieth=".2f", largest=".2f", sure=".2f"),
)


def excerpt(entries: Sequence[Entry], number: int, is_joined: bool) -> np.ndarray:
    """Return the recording with a number, ``(1, time)`` float32, and those after it where they are joined."""
    wave = np.zeros(0, np.float32)
    for entry in [*entries[number:], *entries[:number]]:
        wave = np.concatenate([wave, read_wave(entry.path, MONO_RATE)])
        if not is_joined or len(wave) >= SHORTEST_SECONDS * MONO_RATE:
            break
    return wave[None, : LONGEST_SECONDS * MONO_RATE]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    kinds = [f"{kind}=corpora/denoise" for kind in ("speech", "noise", "music")]
    parser.add_argument("--clips", nargs="+", default=kinds, metavar="NAME=FOLDER")
    parser.add_argument("--joined", nargs="*", default=["speech"], help="kinds whose recordings are joined")
    parser.add_argument("--count", type=int, default=40, help="excerpts of each kind")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each kind and subject."""
    for clips in options.clips:
        kind, _, folder = clips.partition("=")
        entries = shuffle_entries(corpus_entries(Path(folder), labels=(kind,)), 4 * options.count)
        meters: dict[str, type[TempoMeter | KeyMeter]] = {"tempo": TempoMeter, "key": KeyMeter}
        waves = [excerpt(entries, row, kind in options.joined) for row in range(min(options.count, len(entries)))]
        for subject, meter_class in meters.items():
            results = []
            for wave in waves:
                meter = meter_class(MONO_RATE)
                meter.add(wave)
                results.append(meter.result())
            values = [result.confidence for result in results]
            row: Row = {
                "kind": kind,
                "excerpts": len(values),
                "subject": subject,
                "median": float(np.median(values)),
                "ninetieth": float(np.percentile(values, 90)),
                "largest": max(values),
                "sure": float(np.mean([result.is_sure for result in results])),
            }
            report.add(CONFIDENCES, row)


def smoke_clips(folder: Path) -> list[str]:
    """Return the clips of the smoke mode."""
    return [f"kick={smoke_drums(folder)}"]


BENCHMARK = Benchmark(
    __doc__, (CONFIDENCES,), add_options, measure, smoke={"clips": smoke_clips, "joined": ["kick"], "count": 2}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
