"""A file of many hours through the codec: memory at its peak, time, bytes, and whether all of it comes back.

    python -m benchmarks.codec.long_file --clips corpora/speech --hours 10

The recordings of a folder stand one behind the other, again and again, in a 16 kHz FLAC of so many hours; the commands ``wavewright encode`` and
``wavewright decode`` are then run as anybody would run them. Memory is the largest resident set of the process (Linux, macOS).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import soundfile

from wavewright.clip import Clip, write_blocks
from wavewright.data.folder import scan
from wavewright.errors import WavewrightError

SAMPLE_RATE = 16_000
BYTES_OF_RSS = 1 if sys.platform == "darwin" else 1_024  # that ``ru_maxrss`` counts in


def blocks(folder: Path, n_samples: int) -> Iterator[Clip]:
    """Recordings one behind the other, ``n_samples`` in all."""
    for entry in cycle(scan(folder, manifest=folder / "manifest.jsonl").entries):
        clip = Clip.read(entry.path).mono().resample(SAMPLE_RATE)
        kept = Clip(clip.wave[:, :n_samples], SAMPLE_RATE)
        yield kept
        n_samples -= kept.wave.shape[1]
        if not n_samples:
            return


def ran(*arguments: str) -> dict[str, float]:
    """Run a command of the package: its processor seconds, and what its process held at most, in megabytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "wavewright", *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "processor_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "seconds": time.monotonic() - start,
        "most_megabytes": after.ru_maxrss * BYTES_OF_RSS / 1e6,  # of all children so far: decoding reads after encoding
    }


def measured(folder: Path, hours: float, kbps: float, model: str) -> dict[str, object]:
    """The figures of a file of so many hours."""
    n_samples = round(3_600 * hours * SAMPLE_RATE)
    with tempfile.TemporaryDirectory() as place:
        given, coded, back = (Path(place) / name for name in ("given.flac", "coded.wwc", "back.flac"))
        write_blocks(given, blocks(folder, n_samples))
        encoding = ran("encode", str(given), "--kbps", str(kbps), "--model", model, "--out", str(coded))
        decoding = ran("decode", str(coded), "--model", model, "--out", str(back))
        return {
            "hours": hours,
            "encode": encoding,
            "decode": decoding,
            "megabytes": coded.stat().st_size / 1e6,
            "kbps": 8e-3 * coded.stat().st_size / (3_600 * hours),
            "all_came_back": soundfile.info(back).frames == n_samples,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--kbps", type=float, default=3.0)
    parser.add_argument("--model", default="speech-codec")
    given = parser.parse_args()
    try:
        found = measured(given.clips, given.hours, given.kbps, given.model)
    except WavewrightError as error:
        parser.error(str(error))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
