"""Encode and decode a file of many hours: peak memory, time, bitrate, and whether all samples come back.

    python -m benchmarks.codec.long_file --clips corpora/speech --hours 10

The recordings of a corpus follow each other, again and again, in a 16 kHz FLAC file. The commands ``wavewright encode``
and ``wavewright decode`` run as processes of their own; memory is the largest resident set (Linux, macOS).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import soundfile

from benchmarks.harness.corpora import corpus_entries, smoke_speech
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.harness.timing import peak_megabytes_of_children, time_process
from wavewright.audio.clip import Clip, write_blocks

SAMPLE_RATE = 16_000
MAX_MEGABYTES, MAX_TIMES_OF_THE_SOUND = 1_000.0, 0.01

COMMANDS = Table(
    "commands",
    columns(command="s", processor_seconds=".1f", times_of_the_sound=".4f", peak_megabytes=".0f"),
)
FILES = Table("files", columns(hours="g", megabytes=".2f", kbps=".2f", has_all_samples="s"))


def blocks(corpus: Path, n_samples: int) -> Iterator[Clip]:
    """Yield recordings one after another, ``n_samples`` in all."""
    for entry in cycle(corpus_entries(corpus)):
        clip = Clip.read(entry.path).mono().resample(SAMPLE_RATE)
        cut = Clip(clip.wave[:, :n_samples], SAMPLE_RATE)
        yield cut
        n_samples -= cut.wave.shape[1]
        if not n_samples:
            return


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--clips", type=Path, default=Path("corpora/speech"), help="a corpus")
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--kbps", type=float, default=3.0)
    parser.add_argument("--model", default="speech-codec")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Encode and decode one long file."""
    seconds = 3_600 * options.hours
    n_samples = round(seconds * SAMPLE_RATE)
    with tempfile.TemporaryDirectory() as folder:
        source, encoded, decoded = (Path(folder) / name for name in ("source.flac", "encoded.wwc", "decoded.flac"))
        write_blocks(source, blocks(options.clips, n_samples))
        encode = ["encode", str(source), "--kbps", str(options.kbps), "--model", options.model, "--out", str(encoded)]
        decode = ["decode", str(encoded), "--model", options.model, "--out", str(decoded)]
        for arguments in (encode, decode):
            times = time_process([sys.executable, "-m", "wavewright", *arguments])
            report.add(
                COMMANDS,
                {
                    "command": arguments[0],
                    "processor_seconds": times.processor_seconds,
                    "times_of_the_sound": times.processor_seconds / seconds,
                    "peak_megabytes": peak_megabytes_of_children(),  # of all children so far
                },
            )
            subject = arguments[0]
            report.target(subject, "peak memory, MB", peak_megabytes_of_children(), at_most=MAX_MEGABYTES)
            share = times.processor_seconds / seconds
            report.target(subject, "processor time over the sound", share, at_most=MAX_TIMES_OF_THE_SOUND)
        n_bytes = encoded.stat().st_size
        report.add(
            FILES,
            {
                "hours": options.hours,
                "megabytes": n_bytes / 1e6,
                "kbps": 8e-3 * n_bytes / seconds,
                "has_all_samples": soundfile.info(decoded).frames == n_samples,
            },
        )


BENCHMARK = Benchmark(
    __doc__, (COMMANDS, FILES, TARGETS), add_options, measure, smoke={"clips": smoke_speech, "hours": 10 / 3_600}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
