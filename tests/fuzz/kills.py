"""Kill commands at drawn moments; check what is there, what the next call does and what is left over.

::

    python -m tests.fuzz.kills --kills 200 --terms 50           # shared by all commands
    python -m tests.fuzz.kills --only train-gan book --kills 50 --terms 10 --seed 3

Each trial copies a prepared folder, starts a command in a process of its own and ends it with SIGKILL or SIGTERM: half
of the trials at a moment of its duration (every third of these in the last tenth), half right before the n-th change of
a file or folder (open for writing, rename, link, delete, make), which an audit hook in the process counts. A trial
whose command ends before its signal is drawn again. Then it checks:

- after the signal: visible files are whole, what was finished before is unchanged, a model that was there opens,
  checkpoints are no older than ``training.save_every`` steps; after SIGTERM also: the exit code is 143, training has
  saved the step that it reports, and nothing hidden is left but a lock file
- after the next call of the same command (with ``--resume`` for training): it ends with 0; the files equal those of an
  undisturbed call by name and content, in the user's cache and the folder of temporary files as well; finished chapters
  of a book were not spoken again

Processes are forked from one that has loaded the libraries, so that signals arrive during the work and not during
imports.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "src")]

LIMIT_SECONDS = 300.0
LISTS = ("manifest.jsonl", "results.jsonl")  # which list what is done so far
MAX_DRAWS = 20  # of a trial whose command ends before its signal
HOME, TEMPORARY = "home", "tmp"  # folders of a trial: the user's cache and data, and temporary files
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate")

TRAINING = ("--quiet", "--set", "training.threads=1", "--set", "training.batch_size=4")
GAN = ("model.sample_rate=8000", "model.n_samples=1600", "model.n_fft=64", "model.hop_length=16", "model.noise_bands=8")
GAN += ("model.channels=8", "training.steps=10", "training.evaluate_every=10", "training.save_every=3")
ACOUSTIC = ("model.synthesis_from=2", "model.joint_alignment_from=3", "model.adversarial_from=4", "model.channels=16")
ACOUSTIC += (
    "model.hidden=32",
    "training.steps=8",
    "training.evaluate_every=8",
    "training.save_every=3",
    "data.valid_fraction=0.3",
)
CODEC = ("model.unquantised_steps=1", "data.crop_frames=12", "training.steps=8", "training.evaluate_every=8")
CODEC += ("training.save_every=3",)
SAVE_EVERY = 3


@dataclass(frozen=True)
class Command:
    """A command to kill: its words, the folder or file that it makes, and the earlier call that prepares the folder."""

    words: tuple[str, ...]
    makes: str
    before: tuple[str, ...] = ()
    is_training: bool = False

    def next_words(self, workspace: Path) -> tuple[str, ...]:
        """Return the words of the next call: a run that has begun is resumed."""
        has_begun = self.is_training and (workspace / self.makes / "run.json").is_file()
        return (*self.words, "--resume") if has_begun and "--resume" not in self.words else self.words


@dataclass(frozen=True)
class Aim:
    """When to send a signal: after so many seconds, or before the change of that number, from 1."""

    number: int = 0
    seconds: float = 0.0
    change: int = 0

    def __str__(self) -> str:
        when = f"before change {self.change}" if self.change else f"after {self.seconds:.2f} s"
        return f"{signal.Signals(self.number).name} {when}"


@dataclass(frozen=True)
class Ended:
    """An ended process: its exit code (negative: the signal that killed it), output, duration, changes and modules."""

    code: int
    output: str
    seconds: float
    n_changes: int
    modules: tuple[str, ...]


def training(folder: str, out: str, settings: tuple[str, ...], *words: str) -> tuple[str, ...]:
    """Return the words of a training call of the tiny size."""
    options = [word for setting in settings for word in ("--set", setting)]
    return ("train", folder, "--size", "tiny", "--out", out, *words, *TRAINING, *options)


GAN_RUN = training("kit", "gan", GAN)
ACOUSTIC_RUN = training("voice", "acoustic", ACOUSTIC, "--family", "acoustic", "--i-have-consent")
CODEC_RUN = training("kit", "codec", CODEC, "--family", "codec")
BATCH = ("batch", "kit", "--task", "edit", "--on", "serial", "--quiet")
COMMANDS = {
    "train-gan": Command(GAN_RUN, "gan", is_training=True),
    "train-acoustic": Command(ACOUSTIC_RUN, "acoustic", is_training=True),
    "train-codec": Command(CODEC_RUN, "codec", is_training=True),
    "export": Command((*GAN_RUN, "--resume"), "gan", GAN_RUN, is_training=True),  # a finished run only exports
    "generate": Command(
        ("generate", "drums", "--count", "40", "--seed", "7", "--out", "sounds"),
        "sounds",
        ("generate", "drums", "--count", "3", "--seed", "1", "--out", "sounds"),
    ),
    "encode": Command(("encode", "long.wav", "--out", "long.wwc"), "long.wwc"),
    "batch": Command((*BATCH, "--set", "do=gain -6dB", "--out", "done"), "done"),
    "book": Command(("narrate", "book.txt", "--out", "book", "--subtitles", "srt"), "book"),
}


def write_inputs(workspace: Path) -> None:
    """Write recordings, a voice, a long sound and a book."""
    import numpy as np
    import soundfile
    import tiny_voice

    for name in ("kit", HOME, TEMPORARY):
        (workspace / name).mkdir(parents=True)
    for index in range(6):
        sound = 0.5 * np.sin(np.arange(16_000) * (index + 1) / 30) * np.exp(-np.arange(16_000) / 5_000)
        soundfile.write(workspace / "kit" / f"{index}.wav", sound, 16_000)
    tiny_voice.write_folder(workspace / "voice")
    soundfile.write(
        workspace / "long.wav", 0.2 * np.random.default_rng(0).standard_normal(16_000 * 20).clip(-4, 4), 16_000
    )
    chapters = (f"CHAPTER {number}\n\nThis is the text of chapter {number}. It is short.\n\n" for number in (1, 2, 3))
    (workspace / "book.txt").write_text("".join(chapters), encoding="utf-8")


def call(workspace: Path, words: tuple[str, ...], aim: Aim | None = None) -> Ended:
    """Run a command in a process of its own, and send it a signal where an aim is given."""
    log, counted = workspace.with_suffix(".log"), workspace.with_suffix(".changes")
    counted.unlink(missing_ok=True)
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        _child(workspace, words, log, counted, aim)
    to_send = aim.seconds if aim is not None and not aim.change else None
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        seconds = time.monotonic() - started
        if to_send is not None and seconds >= to_send:
            os.kill(process, aim.number)
            to_send = None
        if seconds > LIMIT_SECONDS:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.002)
    n_changes, *modules = counted.read_text().splitlines() if counted.is_file() else ("0",)
    code, output = os.waitstatus_to_exitcode(ended[1]), log.read_text(errors="replace")
    return Ended(code, output, time.monotonic() - started, int(n_changes), tuple(modules))


def _child(workspace: Path, words: tuple[str, ...], log: Path, counted: Path, aim: Aim | None) -> None:
    code = 70
    try:
        os.setsid()
        os.chdir(workspace)
        home = str(workspace / HOME)
        os.environ.update({"HOME": home, "XDG_CACHE_HOME": home, "XDG_DATA_HOME": home, "WAVEWRIGHT_HOME": home})
        os.environ["TMPDIR"] = tempfile.tempdir = str(workspace / TEMPORARY)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        from wavewright.apps import cli

        sys.argv = ["wavewright", *words]
        changes = _count_changes(aim)
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        counted.write_text("\n".join([str(changes[0]), *sys.modules]))
    finally:
        os._exit(code)


def _count_changes(aim: Aim | None) -> list[int]:
    """Count the changes of files by this process, in the list's only item; send it its signal before the aimed one."""
    changes = [0]

    def note(event: str, arguments: tuple) -> None:
        if event == "open":
            is_path = isinstance(arguments[0], (str, bytes)) and not os.fsdecode(arguments[0]).startswith("/dev/")
            if not is_path or not arguments[2] & WRITING:
                return
        elif event not in CHANGES:
            return
        changes[0] += 1
        if aim is not None and changes[0] == aim.change:
            os.kill(os.getpid(), aim.number)

    sys.addaudithook(note)
    return changes


def files_of(workspace: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a trial by its path.

    Checkpoints are compared by their tensors, files with a time or a random number by their presence.
    """
    return dict(_files_of(workspace))


def _files_of(workspace: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(workspace.rglob("*")):
        name = str(path.relative_to(workspace))
        if {"tensorboard", ".wavewright-batch"} & {*path.parts}:
            continue  # a file a process, named after its time; logs with times
        if path.is_dir():
            yield f"{name}/", ""
        elif path.name in ("log.jsonl", "card.json", "sample.ogg"):  # minutes and times; a random serial number
            yield name, "there"
        elif path.parent.name == "checkpoints" and not path.name.startswith("."):
            yield name, _digest_of_tensors(path)
        else:
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()


def _digest_of_tensors(path: Path) -> str:
    from safetensors.torch import load_file

    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(path).items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def problem_after_signal(command: Command, workspace: Path, aim: Aim, ended: Ended, before: dict, whole: dict) -> str:
    """Return what is wrong right after a signal."""
    made = workspace / command.makes
    now = files_of(workspace)
    is_untouched = ended.code == -aim.number and now == before  # it came before the command line had begun
    if aim.number == signal.SIGTERM and ended.code != 128 + signal.SIGTERM and not is_untouched:
        return f"SIGTERM ends with {ended.code}: {ended.output[-500:]}"
    hidden = [name for name in now if Path(name).name.startswith(".") and not name.endswith(".lock")]
    if aim.number == signal.SIGTERM and hidden:
        return f"SIGTERM leaves {', '.join(hidden[:5])}"
    if command.is_training:
        return _problem_of_run(command, made, ended)
    visible = {name: digest for name, digest in now.items() if not Path(name).name.startswith(".") and "/." not in name}
    visible = {name: digest for name, digest in visible.items() if name.startswith(command.makes) and digest}
    known = {name: (whole.get(name), before.get(name)) for name in visible if not name.endswith(LISTS)}
    damaged = [name for name, digests in known.items() if visible[name] not in digests]
    if damaged:
        return f"not whole: {', '.join(damaged)}"
    lost = [name for name in before if name.startswith(command.makes) and name not in now]
    return f"lost: {', '.join(lost)}" if lost else _problem_of_manifest(made / "manifest.jsonl", bool(command.before))


def _problem_of_manifest(manifest: Path, is_expected: bool) -> str:
    if not is_expected:
        return ""
    files = [json.loads(line)["audio_filepath"] for line in manifest.read_text().splitlines()]
    missing = [file for file in files if not (manifest.parent / file).is_file()]
    return f"the manifest lists {len(missing)} missing sounds" if missing or len(files) < 3 else ""


def _problem_of_run(command: Command, made: Path, ended: Ended) -> str:
    from safetensors import safe_open

    log = made / "log.jsonl"
    steps = [json.loads(line)["step"] for line in log.read_text().splitlines()] if log.is_file() else [0]
    checkpoint = made / "checkpoints" / "last.safetensors"
    saved = -1
    if checkpoint.is_file():
        with safe_open(checkpoint, "np") as opened:
            saved = json.loads(opened.metadata()["progress"])["step"]
    if saved < max(steps) - SAVE_EVERY:
        return f"the checkpoint is of step {saved}, {max(steps)} steps were done"
    stopped = re.search(r"stopped by SIGTERM at step (\d+)", ended.output)
    if stopped and saved != int(stopped[1]):
        return f"the checkpoint is of step {saved}, the command speaks of {stopped[1]}"
    if command.before or (made / "card.json").is_file():
        from wavewright.families import loading

        try:
            loading.load(str(made)).folder.verify()
        except Exception as error:
            return f"the model is lost: {error}"
    return ""


def problem_after_next_call(workspace: Path, whole: dict[str, str]) -> str:
    """Return what differs from a call that nobody disturbed."""
    now = files_of(workspace)
    for what, names in (
        ("left over", now.keys() - whole.keys()),
        ("missing", whole.keys() - now.keys()),
        ("not the result of an undisturbed call", {name for name in whole if now.get(name) != whole[name]}),
    ):
        if names:
            return f"{what}: {', '.join(sorted(names)[:5])}"
    return ""


def load(modules: tuple[str, ...]) -> None:
    """Import the modules of a call, so that the next ones need not; our own first, as some prepare their imports."""
    for module in sorted(modules, key=lambda module: not module.startswith("wavewright")):
        if module not in sys.modules:
            with suppress(Exception):
                importlib.import_module(module)


def disturb(command: Command, template: Path, workspace: Path, aim: Aim) -> Ended:
    """Run a command in a new copy of its folder, and send it a signal."""
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(template, workspace)
    return call(workspace, command.words, aim)


def problem_of(command: Command, workspace: Path, aim: Aim, ended: Ended, whole: dict, before: dict) -> str:
    """Return what is wrong after a command was disturbed and after its next call, or nothing."""
    problem = problem_after_signal(command, workspace, aim, ended, before, whole)
    if problem:
        return problem
    finished = {path: path.stat().st_mtime_ns for path in (workspace / command.makes).glob("[0-9]*.wav")}  # chapters
    ended = call(workspace, command.next_words(workspace))
    if ended.code:
        return f"the next call ends with {ended.code}: {ended.output[-500:]}"
    again = [path.name for path, changed in finished.items() if path.stat().st_mtime_ns != changed]
    if again:
        return f"made again: {', '.join(again)}"
    return problem_after_next_call(workspace, whole)


def aims(number: int, count: int, n_changes: int, rng: random.Random) -> Iterator[Callable[[float], Aim]]:
    """Yield a function of the duration for each trial that draws its aim: moments and changes by turns, stratified."""

    def draw(index: int, seconds: float) -> Aim:
        low, high = index / count, (index + 1) / count
        if index % 2:
            return Aim(number, change=1 + int(rng.uniform(low, high) * n_changes))
        fraction = rng.uniform(0.9, 1) if index % 6 == 4 else rng.uniform(low, high)
        return Aim(number, seconds=fraction * seconds)

    for index in range(count):
        yield partial(draw, index)


def trials(name: str, numbers: Counter[int], rng: random.Random, say: Callable[[str], None]) -> Counter[str]:
    """Disturb a command as often as ``numbers`` says of each signal; count what became of it."""
    command, counts = COMMANDS[name], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        template, workspace = Path(folder) / "template", Path(folder) / "workspace"
        write_inputs(workspace)  # where the trials run, too: results name their folder
        if command.before and (ended := call(workspace, command.before)).code:
            raise RuntimeError(f"{name} cannot be prepared: {ended.output}")
        workspace.rename(template)
        shutil.copytree(template, workspace)
        for _ in range(2):  # the first may compile
            shutil.rmtree(workspace)
            shutil.copytree(template, workspace)
            undisturbed = call(workspace, command.words)
            if undisturbed.code:
                raise RuntimeError(f"{name} does not work: {undisturbed.output}")
            load(undisturbed.modules)
        whole, before, seconds = files_of(workspace), files_of(template), undisturbed.seconds
        say(f"{name}: {seconds:.2f} s, {undisturbed.n_changes} changes of files undisturbed")
        for number, count in numbers.items():
            for draw in aims(number, count, undisturbed.n_changes, rng):
                for _ in range(MAX_DRAWS):
                    aim = draw(seconds)
                    ended = disturb(command, template, workspace, aim)
                    if ended.code:
                        break
                    seconds = min(seconds, ended.seconds)  # it ended before its signal
                problem = problem_of(command, workspace, aim, ended, whole, before) if ended.code else ""
                outcome = "failed" if problem else "passed" if ended.code else "missed"
                counts[f"{signal.Signals(number).name} {'file' if aim.change else 'moment'} {outcome}"] += 1
                if problem:
                    say(f"{name}, {aim} of {seconds:.2f} s or {undisturbed.n_changes} changes: {problem}")
    return counts


def main() -> int:
    """Run the command line; the exit code is 1 where a trial failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--kills", type=int, default=140, help="SIGKILLs, shared by the commands")
    parser.add_argument("--terms", type=int, default=35, help="SIGTERMs, shared by the commands")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    if any(COMMANDS[name].is_training for name in options.only):
        import wavewright.training.run
    import wavewright.apps.batch_jobs.batch
    import wavewright.tasks.encode
    import wavewright.tasks.generate
    import wavewright.tasks.speak  # noqa: F401

    failed = 0
    for name in options.only:
        started = time.monotonic()
        numbers = Counter(
            {
                signal.SIGKILL: -(-options.kills // len(options.only)),
                signal.SIGTERM: -(-options.terms // len(options.only)),
            }
        )
        counts = trials(name, numbers, random.Random(f"{name} {options.seed}"), lambda text: print(text, flush=True))
        print(f"{name}: {dict(counts)} in {time.monotonic() - started:.0f} s", flush=True)
        failed += sum(count for outcome, count in counts.items() if not outcome.endswith("passed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
