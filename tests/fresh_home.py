"""Run as a program: play, plot and train in the home folder of the environment, and print every network event as JSON.

The audit hook sees what Python does; a library that connects from a thread of its own is seen by `benchmarks/network.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NETWORK = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.")
events: list[str] = []


def listen(event: str, arguments: tuple[object, ...]) -> None:
    """Note what reaches for the network; TensorBoard puts the name of the machine, which needs none, into a file's name."""
    if event.startswith(NETWORK) and event != "socket.gethostname":
        events.append(f"{event} {arguments!r}")


sys.addaudithook(listen)


def play(work: Path) -> None:
    """Run commands that play models, code sound, draw and look at files."""
    from wavewright.cli import run

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

    from wavewright.clip import Clip
    from wavewright.training.run import train

    random = np.random.default_rng(0)
    for label in ("low", "high"):
        (work / "kit" / label).mkdir(parents=True)
        for number in range(10):
            Clip(random.uniform(-0.5, 0.5, (1, 4000)).astype(np.float32), 8000).write(work / "kit" / label / f"{number}.wav")
    settings = ["steps=2", "threads=1", "sample_rate=8000", "n_samples=4000", "n_fft=256", "hop_length=64", "noise_bands=20"]
    train(work / "kit", "gan", "tiny", work / "run", "folder", settings=settings)


if __name__ == "__main__":
    {"play": play, "train": train}[sys.argv[1]](Path.cwd())
    print(json.dumps(events))
