"""Readers that violate each rule, to test that the driver detects it."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from wavewright.base.errors import BadFolder


def behave(rng: random.Random, folder: Path) -> None:
    (folder / "out.txt").write_text("whole")


def refuse(rng: random.Random, folder: Path) -> None:
    raise BadFolder("This is refused.")


def fail(rng: random.Random, folder: Path) -> None:
    raise IndexError(f"{rng.random()}")


def quit_silently(rng: random.Random, folder: Path) -> None:
    raise SystemExit(0)


def compute_for_ever(rng: random.Random, folder: Path) -> None:
    while True:
        pass


def wait_for_ever(rng: random.Random, folder: Path) -> None:
    time.sleep(1_000)


def take_memory(rng: random.Random, folder: Path) -> None:
    bytearray(os.urandom(2**20)) * 400


def take_all_memory(rng: random.Random, folder: Path) -> None:
    held = [bytearray(os.urandom(2**20)) * 4 for _ in range(300)]  # far above the limit, far below that of a machine
    while held:
        time.sleep(1_000)


def die(rng: random.Random, folder: Path) -> None:
    os.abort()


def write_above(rng: random.Random, folder: Path) -> None:
    (folder / "../../x").write_text("")


def write_elsewhere(rng: random.Random, folder: Path) -> None:
    Path(__file__).with_name("never.txt").touch()
    Path(__file__).with_name("never.txt").unlink()


def leave_a_part(rng: random.Random, folder: Path) -> None:
    (folder / ".wavewright-0-0").touch()


def refuse_and_leave(rng: random.Random, folder: Path) -> None:
    (folder / "out").mkdir()
    raise BadFolder("This is refused.")


def say_too_much(rng: random.Random, folder: Path) -> None:
    raise OSError(1, "This is refused." * 1_000)


def say_escapes(rng: random.Random, folder: Path) -> None:
    raise OSError(1, "\x1b[2J")


READERS = {
    "_behave": behave,
    "_refuse": refuse,
    "_fail": fail,
    "_quit_silently": quit_silently,
    "_compute_for_ever": compute_for_ever,
    "_wait_for_ever": wait_for_ever,
    "_take_memory": take_memory,
    "_take_all_memory": take_all_memory,
    "_die": die,
    "_write_above": write_above,
    "_write_elsewhere": write_elsewhere,
    "_leave_a_part": leave_a_part,
    "_refuse_and_leave": refuse_and_leave,
    "_say_too_much": say_too_much,
    "_say_escapes": say_escapes,
}
