"""Measure what signing costs: bytes in each kind of file and beside it, and the time of signing and verifying.

    python -m benchmarks system.provenance

The sound is noise of ten seconds in stereo at 48 kHz; times are those of the processor, relative to its length.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.audio.clip import Clip
from wavewright.outputs.provenance.keys import load_private_key, new_key
from wavewright.outputs.provenance.record import side_file_of
from wavewright.outputs.provenance.signing import sign_file
from wavewright.outputs.provenance.verification import TrustedKeys, verify_file

RATE = 48_000
FORMATS = ("wav", "flac", "ogg", "opus", "mp3")
COMMENT = {"comment": '{"model": "drums", "model_hash": "96bcff97b838", "seed": 0, "index": 0, "label": "kick"}'}

SIGNING = Table(
    "signing",
    columns(format="s", file_kb=".1f", added_bytes="d", beside_bytes="d", sign_percent=".2f", verify_percent=".2f"),
)


def measure(options: Options, report: Report) -> None:
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (2, int(options.seconds * RATE))).astype(np.float32)
    trusted = TrustedKeys({}, False)
    with tempfile.TemporaryDirectory() as folder:
        key = load_private_key(new_key(Path(folder) / "keys").files[1].path)
        for ending in FORMATS:
            path = Clip(wave, RATE).write(Path(folder) / f"sound.{ending}", metadata=COMMENT)
            contents = path.read_bytes()

            def sign(path: Path = path, contents: bytes = contents) -> None:
                path.write_bytes(contents)
                sign_file(path, key)

            row = {"format": ending, "file_kb": len(contents) / 1_000}
            row["sign_percent"] = 100 * median_seconds(sign) / options.seconds
            row |= {
                "added_bytes": path.stat().st_size - len(contents),
                "beside_bytes": side_file_of(path).stat().st_size,
            }
            verify = partial(verify_file, path, trusted, lambda _: None)
            report.add(SIGNING, row, verify_percent=100 * median_seconds(verify) / options.seconds)


BENCHMARK = Benchmark(measure, Option("seconds", 10.0, "length of the sound", smoke=0.1))
