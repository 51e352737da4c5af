"""Mix many hours of stereo: speed and peak memory of ``wavewright mix`` and ``wavewright layer``.

    python -m benchmarks.mixing.long_mix --hours 10 --json long-mix.json

The project has music on repeat at another sample rate, speech every 20 s that ducks it, a panned mono texture, a bus
with a reverb, automation, and a limiter on the master. The commands run as processes of their own; memory is the
largest resident set (Linux, macOS).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.harness.timing import peak_megabytes_of_children, time_process
from wavewright.audio.clip import Clip

SAMPLE_RATE = 48_000
MUSIC_RATE = 44_100
SPEECH_GAP_SECONDS = 20
FASTER_THAN_TIME = 30.0
MEGABYTES = 300.0

COMMANDS = Table(
    "commands", columns(command="s", hours="g", seconds=".1f", faster_than_time=".0f", peak_megabytes=".0f")
)

PROJECT = """
sample_rate = {rate}
length = {seconds}
[master]
effects = "limit -1dBTP"
[[tracks]]
name = "music"
gain_db = -9
duck = {{ by = "speech" }}
automation.gain_db = [[0, -20], [5, 0]]
regions = [{{ file = "music.wav", loop = true, length = {seconds} }}]
[[tracks]]
name = "texture"
pan = 0.4
effects = "lowpass 6kHz"
regions = [{{ file = "texture.wav", loop = true, length = {seconds} }}]
[[tracks]]
name = "speech"
effects = "highpass 80Hz; compress -20dB 3"
sends = [{{ to = "room", gain_db = -12 }}]
regions = [{regions}]
[[buses]]
name = "room"
effects = "reverb 0.6s mix=1"
"""


def write_project(folder: Path, seconds: float) -> Path:
    """Write the project and its files, which are noise; return the path of the project."""
    rng = np.random.default_rng(0)
    sounds = (("music", MUSIC_RATE, 2, 30), ("texture", SAMPLE_RATE, 1, 20), ("speech", SAMPLE_RATE, 1, 8))
    for name, rate, n_channels, length in sounds:
        Clip(rng.uniform(-0.2, 0.2, (n_channels, length * rate)), rate).write(folder / f"{name}.wav")
    starts = range(0, max(1, int(seconds)), SPEECH_GAP_SECONDS)
    regions = ", ".join(f'{{ file = "speech.wav", start = {start} }}' for start in starts)
    path = folder / "long.toml"
    path.write_text(PROJECT.format(rate=SAMPLE_RATE, seconds=seconds, regions=regions), encoding="utf-8")
    return path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--preset", default="rain-and-thunder", help="of the layered background")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Mix a project, and make a background of the same length."""
    seconds = 3_600 * options.hours
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = str(folder / "out.wav")
        commands = {
            "mix": ["mix", str(write_project(folder, seconds)), "--out", out],
            "layer": ["layer", options.preset, "--seconds", str(seconds), "--seed", "7", "--out", out],
        }
        for command, arguments in commands.items():
            times = time_process([sys.executable, "-m", "wavewright", *arguments, "--subtype", "PCM_16", "--quiet"])
            speed = seconds / times.seconds
            peak = peak_megabytes_of_children()  # of all children so far
            row = {"command": command, "hours": options.hours, "seconds": times.seconds, "faster_than_time": speed}
            report.add(COMMANDS, {**row, "peak_megabytes": peak})
            if options.hours >= 1:
                report.target(command, "times faster than the sound", speed, at_least=FASTER_THAN_TIME)
                report.target(command, "peak memory, MB", peak, at_most=MEGABYTES)


BENCHMARK = Benchmark(
    __doc__,
    (COMMANDS, TARGETS),
    add_options,
    measure,
    smoke={"hours": 5 / 3_600},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
