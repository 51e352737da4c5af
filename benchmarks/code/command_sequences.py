"""Run random sequences of commands in which each command takes files that earlier ones wrote.

    python -m benchmarks.code.command_sequences --count 500
    python -m benchmarks.code.command_sequences --count 1 --first 137       # one of them again

A sequence starts with a sound or a score by a command. Each further command is drawn among those that take a kind of
file that is there, with random formats and settings. No output of Wavewright may be refused by Wavewright, and no
command may raise anything else; refusals that are right, such as a transcription without notes, are in ``RIGHT``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import re
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.apps import cli
from wavewright.effects import EFFECTS

SOUND, SCORE, CODE, LATENT, FOLDER = "sound", "score", "code", "latent", "folder"
KINDS = {
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3"), SOUND),
    **dict.fromkeys((".mid", ".musicxml", ".mxl", ".abc"), SCORE),
    **{".wwc": CODE, ".safetensors": LATENT},
}
MAX_FILES = 12  # of a sequence that further commands are drawn from

RIGHT = (
    "no note",
    "has no notes",
    "found no notes",
    "silent",
    "No echo of",  # two sounds that do not belong together
)
"""Parts of refusals that are right."""

CHAINS = (
    "gain -3dB",
    "normalise -1dB",
    "loudness -18LUFS",
    "fadein 50ms; fadeout 100ms",
    "trim start=0.1s",
    "pad 0.2s",
    "highpass 120Hz",
    "lowpass 5kHz",
    "reverb 0.4s mix=20%",
    "delay 120ms",
    "stretch 1.2",
    "speed 0.8",
    "pitch 3st",
    "reverse",
    "mono",
    "stereo",
    "resample 22050Hz",
    "resample 48000Hz",
    "compress",
    "limit -2dB",
    "chorus",
    "saturate 6dB",
)
"""Steps of chains of effects."""

FORMATS = (".wav", ".wav", ".flac", ".ogg", ".mp3")
SCORE_FORMATS = (".mid", ".musicxml", ".mxl", ".abc")
TEXTS = ("Good morning.", "It is ten past six, and the ferry leaves at noon.", "One, two, three!")
BOTH = (SOUND, SCORE)


@dataclass
class Sequence:
    """The files of a sequence by kind, and its commands."""

    number: int
    folder: Path
    random: random.Random
    files: dict[str, list[Path]] = field(default_factory=lambda: {kind: [] for kind in set(KINDS.values())})
    commands: list[list[str]] = field(default_factory=list)

    def new(self, suffix: str = "") -> Path:
        """Return a path that is free."""
        return self.folder / f"{len(self.commands)}{suffix}"

    def one(self, kind: str) -> str:
        """Return a file of a kind."""
        return str(self.random.choice(self.files[kind]))

    def collect(self) -> None:
        """Take up the files that the last command wrote."""
        known = {path for paths in self.files.values() for path in paths}
        for path in sorted(self.folder.rglob("*")):
            kind = KINDS.get(path.suffix)
            if kind and path not in known and sum(map(len, self.files.values())) < MAX_FILES:
                self.files[kind].append(path)


Command = Callable[[Sequence], list[str]]


def _edit(sequence: Sequence) -> list[str]:
    steps = (*CHAINS, *sequence.random.sample(sorted(EFFECTS), len(CHAINS)))  # the latter with their defaults
    chain = "; ".join(sequence.random.sample(steps, sequence.random.randint(1, 3)))
    out = sequence.new(sequence.random.choice(FORMATS))
    return ["edit", sequence.one(SOUND), "--do", chain, "--out", str(out), "--quiet"]


def _split(sequence: Sequence) -> list[str]:
    return ["split", sequence.one(SOUND), "--every", "0.7", "--out", str(sequence.new())]


def _mix(sequence: Sequence) -> list[str]:
    project = sequence.new(".toml")
    tracks = [sequence.one(SOUND) for _ in range(sequence.random.randint(1, 3))]
    text = "".join(
        f'[[tracks]]\nname = "track{number}"\n[[tracks.regions]]\nfile = "{path}"\nstart = {number * 0.25}\n'
        for number, path in enumerate(tracks)
    )
    project.write_text(text, encoding="utf-8")
    return ["mix", str(project), "--out", str(sequence.new(sequence.random.choice(FORMATS[:4])))]


def _compose(sequence: Sequence) -> list[str]:
    ways = (["--continue", sequence.one(SCORE), "--bars", "4"], ["--score", sequence.one(SCORE), "--vary", "0.3"])
    return ["compose", "folk-tunes", *sequence.random.choice(ways), "--out", str(sequence.new(".mid"))]


STARTS: dict[str, Command] = {
    "speak": lambda of: ["speak", of.random.choice(TEXTS), "--out", str(of.new(of.random.choice(FORMATS[:4])))],
    "generate": lambda of: ["generate", "drums", "--count", "2", "--seed", str(of.number), "--out", str(of.new())],
    "synthesise": lambda of: [
        *("synthesise", of.random.choice(("rain", "footsteps", "fire", "wind"))),
        *("--seconds", "2", "--out", str(of.new(of.random.choice(FORMATS[:3])))),
    ],
    "rules": lambda of: ["compose", "--rule", "folk-tune", "--bars", "4", "--out", str(of.new(".mid"))],
}
"""Commands that need no file."""

STEPS: dict[str, tuple[str, Command]] = {
    "edit": (SOUND, _edit),
    "split": (SOUND, _split),
    "mix": (SOUND, _mix),
    "analyse": (SOUND, lambda of: ["analyse", of.one(SOUND), "--json"]),
    "enhance": (SOUND, lambda of: ["enhance", of.one(SOUND), "--out", str(of.new(".wav")), "--quiet"]),
    "cancel-echo": (
        SOUND,
        lambda of: ["cancel-echo", of.one(SOUND), of.one(SOUND), "--out", str(of.new(".wav"))],
    ),
    "encode": (SOUND, lambda of: ["encode", of.one(SOUND), "--out", str(of.new(".wwc")), "--quiet"]),
    "latents": (
        SOUND,
        lambda of: [
            "encode",
            of.one(SOUND),
            "--model",
            "morph-drums",
            "--label",
            "kick",
            "--out",
            str(of.new(".safetensors")),
        ],
    ),
    "decode": (CODE, lambda of: ["decode", of.one(CODE), "--out", str(of.new(".wav")), "--quiet"]),
    "decode latents": (LATENT, lambda of: ["decode", of.one(LATENT), "--out", str(of.new(".wav"))]),
    "vary": (SOUND, lambda of: ["vary", of.one(SOUND), "--label", "kick", "--count", "1", "--out", str(of.new())]),
    "morph": (
        SOUND,
        lambda of: [
            *("morph", of.one(SOUND), of.one(SOUND), "--label-a", "kick", "--label-b", "snare", "--steps", "2"),
            *("--out", str(of.new())),
        ],
    ),
    "similar": (SOUND, lambda of: ["similar", of.one(SOUND), "--quiet"]),
    "transcribe": (
        SOUND,
        lambda of: ["transcribe", of.one(SOUND), "--out", str(of.new(of.random.choice(SCORE_FORMATS))), "--quiet"],
    ),
    "recognise": (SOUND, lambda of: ["recognise", "drum-classifier", of.one(SOUND)]),
    "detect": (SOUND, lambda of: ["detect", of.one(SOUND), "--quiet"]),
    "verify": (SOUND, lambda of: ["verify", of.one(SOUND)]),
    "plot": (SOUND, lambda of: ["plot", of.one(SOUND), "--out", str(of.new(".png"))]),
    "render": (
        SCORE,
        lambda of: ["render", of.one(SCORE), "--out", str(of.new(of.random.choice(FORMATS[:4]))), "--quiet"],
    ),
    "accompany": (SCORE, lambda of: ["accompany", of.one(SCORE), "--out", str(of.new(".mid"))]),
    "compose": (SCORE, _compose),
    "plot score": (SCORE, lambda of: ["plot", of.one(SCORE), "--out", str(of.new(".png"))]),
}
"""Commands by name, each with the kind of file that it takes."""

FAULTS = Table("faults", columns(sequence="d", step="d", code="d", command="s", message="s"), is_optional=True)
TOTALS = Table("sequences", columns(sequences="d", commands="d", right_refusals="d", faults="d"))


def run_command(arguments: list[str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code, 1 for a traceback, and what it wrote as errors."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            code = cli.run(arguments)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        except Exception:
            code = 1
            traceback.print_exc(file=errors)
    return code, errors.getvalue()


def run_sequence(number: int, folder: Path) -> tuple[Sequence, list[tuple[int, str]]]:
    """Run a sequence in a folder; return it, and the exit code and errors of each command."""
    sequence = Sequence(number, folder, random.Random(number))
    results = []
    for step in range(sequence.random.randint(3, 8)):
        choices = [make for kind, make in STEPS.values() if sequence.files[kind]] if step else []
        make = sequence.random.choice(choices or list(STARTS.values()))
        sequence.commands.append(make(sequence))
        results.append(run_command(sequence.commands[-1]))
        sequence.collect()
    return sequence, results


def is_right(command: list[str], code: int, message: str) -> bool:
    """Return True for success, and for a refusal among those that are right."""
    is_unsigned = command[0] == "verify" and code == 1 and not message
    return code == 0 or is_unsigned or (code == cli.BAD_INPUT and any(re.search(part, message) for part in RIGHT))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number, which is the seed, of the first sequence")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Run the sequences; add a row for each fault, and one with the totals."""
    n_commands = n_refused = n_faults = 0
    for number in range(options.first, options.first + options.count):
        with tempfile.TemporaryDirectory() as folder:
            sequence, results = run_sequence(number, Path(folder))
        for step, (code, message) in enumerate(results):
            n_commands += 1
            right = is_right(sequence.commands[step], code, message)
            n_refused += code != 0 and right
            if not right:
                n_faults += 1
                last = (message.strip().splitlines() or [""])[-1]
                command = shlex.join(sequence.commands[step]).replace(folder, ".")
                report.add(
                    FAULTS,
                    {"sequence": number, "step": step, "code": code, "command": command, "message": last},
                )
                print(f"{number}.{step}: {command}: {last}", file=sys.stderr, flush=True)
    report.add(
        TOTALS,
        {"sequences": options.count, "commands": n_commands, "right_refusals": n_refused, "faults": n_faults},
    )


BENCHMARK = Benchmark(__doc__, (TOTALS, FAULTS), add_options, measure, smoke={"count": 1, "first": 3})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
