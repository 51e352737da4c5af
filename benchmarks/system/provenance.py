"""Measure what signing costs: bytes in each kind of file and beside it, and the time of signing and verifying.

    python -m benchmarks system.provenance

The sound is noise of ten seconds in stereo at 48 kHz; times are those of the processor, relative to its length.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.units import samples_to_seconds
from wavewright.outputs.provenance.keys import load_private_key, new_key
from wavewright.outputs.provenance.record import side_file_of
from wavewright.outputs.provenance.signing import sign_file
from wavewright.outputs.provenance.verification import TrustedKeys, verify_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RATE = 48_000
FORMATS = ("wav", "flac", "ogg", "opus", "mp3")
COMMENT = {"comment": '{"model": "drums", "model_hash": "96bcff97b838", "seed": 0, "index": 0, "label": "kick"}'}

SIGNING = Table(
    "signing",
    columns(format="s", file_kb=".1f", added_bytes="d", beside_bytes="d", sign_percent=".2f", verify_percent=".2f"),
)


def measure(options: Options, report: Report) -> None:
    """Add a row for one file of each kind."""
    rng = np.random.default_rng(0)
    clip = Clip(rng.uniform(-0.5, 0.5, (2, int(options.seconds * RATE))).astype(np.float32), RATE)
    with tempfile.TemporaryDirectory() as folder:
        key = load_private_key(new_key(Path(folder) / "keys").files[1].path)
        for ending in FORMATS:
            report.add(SIGNING, _measured(clip.write(Path(folder) / f"sound.{ending}", metadata=COMMENT), key))
    report.note(f"Percentages of the length of the sound, {options.seconds:g} s; one core.")


def _measured(path: Path, key: Ed25519PrivateKey) -> dict[str, object]:
    contents, trusted = path.read_bytes(), TrustedKeys({}, False)
    seconds = samples_to_seconds(open_sound(path).header.n_samples or 0, RATE)

    def sign() -> None:
        path.write_bytes(contents)
        sign_file(path, key)

    sign_seconds = median_seconds(sign)
    return {
        "format": path.suffix[1:],
        "file_kb": len(contents) / 1_000,
        "added_bytes": path.stat().st_size - len(contents),
        "beside_bytes": side_file_of(path).stat().st_size,
        "sign_percent": 100 * sign_seconds / seconds,
        "verify_percent": 100 * median_seconds(lambda: verify_file(path, trusted, lambda _: None)) / seconds,
    }


BENCHMARK = Benchmark(
    __doc__,
    (SIGNING,),
    measure,
    Option("seconds", 10.0, "length of the sound", smoke=0.1),
)
