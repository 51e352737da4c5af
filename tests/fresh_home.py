"""Run as a program: generate, plot and train in the environment's home folder, and print every network event as JSON.

The audit hook sees Python's own calls; `benchmarks/system/network.py` also sees those of native threads.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NETWORK = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.")
events: list[str] = []


def record(event: str, arguments: tuple[object, ...]) -> None:
    """Record network events, except for the host name in TensorBoard's file names, which needs no network."""
    if event.startswith(NETWORK) and event != "socket.gethostname":
        events.append(f"{event} {arguments!r}")


sys.addaudithook(record)


def play(work: Path) -> None:
    """Run commands that generate, encode, decode, plot and inspect sounds."""
    from wavewright.apps.cli import run

    commands = [
        ["speak", "Hello.", "--out", "hello.wav"],
        ["generate", "drums", "--label", "kick", "--count", "1", "--out", "kicks"],
        ["encode", "hello.wav", "--out", "hello.wwc"],
        ["decode", "hello.wwc", "--out", "decoded.wav"],
        ["plot", "hello.wav", "--out", "hello.png"],
        ["data", "inspect", "kicks"],
        ["models", "list"],
    ]
    for command in commands:
        assert run(command) == 0, command


def train(work: Path) -> None:
    """Train two steps, with TensorBoard, pictures and export."""
    import numpy as np

    from wavewright.audio.clip import Clip
    from wavewright.training.parameters import TrainParameters
    from wavewright.training.train import train

    random = np.random.default_rng(0)
    for label in ("low", "high"):
        (work / "kit" / label).mkdir(parents=True)
        for number in range(10):
            Clip(random.uniform(-0.5, 0.5, (1, 4000)).astype(np.float32), 8000).write(
                work / "kit" / label / f"{number}.wav"
            )
    settings = [
        "steps=2",
        "threads=1",
        "sample_rate=8000",
        "n_samples=4000",
        "n_fft=256",
        "hop_length=64",
        "noise_bands=20",
    ]
    train(TrainParameters(work / "kit", "gan", "tiny", work / "run", label_from="folder", set=settings))


if __name__ == "__main__":
    {"play": play, "train": train}[sys.argv[1]](Path.cwd())
    print(json.dumps(events))
