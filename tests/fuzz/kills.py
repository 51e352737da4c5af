"""Kill commands at random moments and look at what is there, what the next call does and what is left over.

::

    python -m tests.fuzz.kills --kills 20 --terms 5             # of every command
    python -m tests.fuzz.kills --only train-gan book --kills 50

Each trial copies a prepared folder, starts a command in a process of its own, sends it SIGKILL or SIGTERM after a random time, and checks:
what was finished before is as it was; the next call of the same command (with ``--resume`` for training) ends with 0; the result is the
one of a call that nobody disturbed; no hidden file is left. Processes are forked from one that has loaded the libraries, so that the
moments lie in the work and not in imports.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "src")]

HIDDEN = (".wavewright", ".export-", ".lock")
LIMIT_SECONDS = 300.0
TRAINING = ("--quiet", "--set", "training.threads=1", "--set", "training.batch_size=4")
GAN = ("model.sample_rate=8000", "model.n_samples=1600", "model.n_fft=64", "model.hop_length=16", "model.noise_bands=8")
GAN += ("model.channels=8", "training.steps=30", "training.evaluate_every=10", "training.save_every=3")
ACOUSTIC = ("model.voice_from=2", "model.listens_from=3", "model.critics_from=4", "model.channels=16", "model.hidden=32")
ACOUSTIC += ("training.steps=12", "training.evaluate_every=6", "training.save_every=2", "data.valid_share=0.3")
CODEC = ("model.unquantised_steps=1", "data.crop_frames=12", "training.steps=12", "training.evaluate_every=6")
CODEC += ("training.save_every=2",)


@dataclass(frozen=True)
class Command:
    """A command to kill: its words, the folder or file that it makes, and the earlier call that prepares the place."""

    words: tuple[str, ...]
    makes: str
    before: tuple[str, ...] = ()
    is_training: bool = False

    def next_words(self, place: Path) -> tuple[str, ...]:
        """Return the words of the next call: a run that has begun is resumed."""
        has_begun = self.is_training and (place / self.makes / "run.json").is_file()
        return (*self.words, "--resume") if has_begun and "--resume" not in self.words else self.words


def training(folder: str, out: str, settings: tuple[str, ...], *words: str) -> tuple[str, ...]:
    """Return the words of a training call of the tiny size."""
    given = [word for setting in settings for word in ("--set", setting)]
    return ("train", folder, "--size", "tiny", "--out", out, *words, *TRAINING, *given)


GAN_RUN = training("kit", "gan", GAN)
COMMANDS = {
    "train-gan": Command(GAN_RUN, "gan", is_training=True),
    "train-acoustic": Command(training("voice", "acoustic", ACOUSTIC, "--family", "acoustic"), "acoustic", is_training=True),
    "train-codec": Command(training("kit", "codec", CODEC, "--family", "codec"), "codec", is_training=True),
    "export": Command((*GAN_RUN, "--resume"), "gan", GAN_RUN, is_training=True),  # of a finished run, which exports alone
    "generate": Command(
        ("generate", "drums", "--count", "40", "--seed", "7", "--out", "sounds"),
        "sounds",
        ("generate", "drums", "--count", "3", "--seed", "1", "--out", "sounds"),
    ),
    "encode": Command(("encode", "long.wav", "--out", "long.wwc"), "long.wwc"),
    "book": Command(("speak", "--file", "book.txt", "--out", "book"), "book"),
}


def write_inputs(place: Path) -> None:
    """Write recordings, a voice, a long sound and a book."""
    import numpy as np
    import soundfile
    import tiny_voice

    (place / "kit").mkdir(parents=True)
    for index in range(6):
        sound = 0.5 * np.sin(np.arange(16_000) * (index + 1) / 30) * np.exp(-np.arange(16_000) / 5_000)
        soundfile.write(place / "kit" / f"{index}.wav", sound, 16_000)
    tiny_voice.write_folder(place / "voice")
    soundfile.write(place / "long.wav", 0.2 * np.random.default_rng(0).standard_normal(16_000 * 20).clip(-4, 4), 16_000)
    chapters = (f"CHAPTER {number}\n\nThis is the text of chapter {number}. It is short.\n\n" for number in (1, 2, 3))
    (place / "book.txt").write_text("".join(chapters), encoding="utf-8")


def call(place: Path, words: tuple[str, ...], number: int = 0, after_seconds: float = 0.0) -> tuple[int, str, float]:
    """Run a command in a process of its own, and send it a signal after some time; its exit code, what it said, its seconds."""
    log = place.with_suffix(".log")
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        _child(place, words, log)
    sent = number == 0
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        seconds = time.monotonic() - started
        if not sent and seconds >= after_seconds:
            os.kill(process, number)
            sent = True
        if seconds > LIMIT_SECONDS:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.002)
    return os.waitstatus_to_exitcode(ended[1]), log.read_text(errors="replace"), time.monotonic() - started


def _child(place: Path, words: tuple[str, ...], log: Path) -> None:
    code = 70
    try:
        os.setsid()
        os.chdir(place)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        from wavewright import cli

        sys.argv = ["wavewright", *words]
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def result_of(command: Command, place: Path) -> object:
    """Return what can be compared of a result: tensors of a run, samples and lines of others."""
    made = place / command.makes
    if command.is_training:
        from safetensors.torch import load_file

        from wavewright.models.folder import ModelFolder

        ModelFolder(made).verify()
        tensors = load_file(made / "checkpoints" / "last.safetensors")
        return {name: hashlib.sha256(tensor.numpy().tobytes()).hexdigest() for name, tensor in tensors.items()}
    return digests(made)


def digests(made: Path) -> dict[str, str]:
    """Return the SHA-256 of a file, or of every visible file of a folder."""
    paths = [made] if made.is_file() else sorted(path for path in made.rglob("*") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if not path.name.startswith(HIDDEN)}


def problem_after_kill(command: Command, place: Path, before: dict[str, str]) -> str:
    """Return what is wrong right after a kill: something that was finished before is lost or does not open."""
    made = place / command.makes
    if command.before and command.is_training:
        from wavewright import models

        try:
            models.load(str(made)).folder.verify()
        except Exception as error:
            return f"the earlier model is lost: {error}"
        return ""
    now = digests(made) if made.exists() else {}
    lost = [name for name, digest in before.items() if name != "manifest.jsonl" and now.get(name) != digest]
    return f"lost or changed: {', '.join(lost)}" if lost else ""


def problem_after_next_call(command: Command, place: Path, expected: object) -> str:
    """Return what is wrong after the next call: a left-over, a result that is not whole, sounds that no line names."""
    left = [str(path.relative_to(place)) for path in place.rglob(".*") if path.name.startswith(HIDDEN)]
    if left:
        return f"left over: {', '.join(left[:5])}"
    if command.makes == "sounds":
        listed = {json.loads(line)["audio_filepath"] for line in (place / "sounds/manifest.jsonl").read_text().splitlines()}
        there = {path.name for path in (place / "sounds").glob("*.wav")}
        if listed != there:
            return f"{len(there - listed)} sounds without a line, {len(listed - there)} lines without a sound"
        return ""  # numbered on from those that were finished
    return "" if result_of(command, place) == expected else "the result is not that of a call that nobody disturbed"


def trials(name: str, numbers: list[int], rng: random.Random, say: Callable[[str], None]) -> Counter[str]:
    """Kill a command once for each signal number; count what became of it."""
    command, counts = COMMANDS[name], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        template, whole, place = Path(folder) / "template", Path(folder) / "whole", Path(folder) / "place"
        write_inputs(template)
        if command.before and (ended := call(template, command.before))[0]:
            raise RuntimeError(f"{name} cannot be prepared: {ended[1]}")
        shutil.copytree(template, whole)
        code, said, seconds = call(whole, command.words)
        if code:
            raise RuntimeError(f"{name} does not work: {said}")
        expected, before = result_of(command, whole), digests(template / command.makes) if command.before else {}
        for number in numbers:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(template, place)
            moment = rng.uniform(0, seconds)
            call(place, command.words, number, moment)
            problem = problem_after_kill(command, place, before)
            words = command.next_words(place)
            if not problem:
                code, said, _ = call(place, words)
                problem = (
                    f"the next call ends with {code}: {said[-500:]}"
                    if code
                    else problem_after_next_call(command, place, expected)
                )
            counts["failed" if problem else "passed"] += 1
            if problem:
                say(f"{name}, {signal.Signals(number).name} after {moment:.2f} of {seconds:.2f} s: {problem}")
    return counts


def main() -> int:
    """Run the command line; the exit code is 1 where a trial failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--kills", type=int, default=20, help="SIGKILLs of each command")
    parser.add_argument("--terms", type=int, default=5, help="SIGTERMs of each command")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-home-") as home:
        os.environ.update({"HOME": home, "XDG_CACHE_HOME": home, "XDG_DATA_HOME": home, "WAVEWRIGHT_HOME": home})
        os.environ.update({"OMP_NUM_THREADS": "1"})
        if any(COMMANDS[name].is_training for name in given.only):
            import wavewright.training.run
        import wavewright.tasks.encode
        import wavewright.tasks.generate
        import wavewright.tasks.speak  # noqa: F401

        failed = 0
        for name in given.only:
            started = time.monotonic()
            numbers = [signal.SIGKILL] * given.kills + [signal.SIGTERM] * given.terms
            counts = trials(name, numbers, random.Random(f"{name} {given.seed}"), lambda text: print(text, flush=True))
            print(f"{name}: {dict(counts)} in {time.monotonic() - started:.0f} s", flush=True)
            failed += counts["failed"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
