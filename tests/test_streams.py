"""Closed standard streams and readers that leave: a sentence or silence, never a traceback."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import pytest
from tiny_models import make_gan

COMMANDS = {
    "help": ["--help"],
    "list": ["models", "list"],
    "phonemes": ["phonemes", "hello there"],
    "nothing to speak": ["speak"],
    "generate": ["generate", "tiny", "--count", "1", "--out", "sounds"],
    "no such model": ["generate", "nothing"],
}
CLOSED = [streams for size in (1, 2, 3) for streams in itertools.combinations(("<&-", ">&-", "2>&-"), size)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    make_gan(folder / "models")
    return folder


def environment(home):
    return {**os.environ, "WAVEWRIGHT_HOME": str(home / "models")}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that closes streams")
@pytest.mark.parametrize(
    ("name", "streams"), [(name, CLOSED[i % len(CLOSED)]) for i, name in enumerate([*COMMANDS] * 2)]
)
def test_closed_streams_are_no_error(home, tmp_path, name, streams):
    shell = f'exec "$0" -m wavewright "$@" {" ".join(streams)}'
    done = subprocess.run(
        ["sh", "-c", shell, sys.executable, *COMMANDS[name]],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        env=environment(home),
        check=False,
    )
    assert done.returncode == (2 if name.startswith("no") else 0)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    if name == "generate":  # nothing that is printed ends up in a sound
        assert (tmp_path / "sounds" / "tiny-kick-s0-000.wav").read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize("name", ["help", "list", "phonemes", "generate"])
def test_a_reader_that_leaves_is_no_error(home, tmp_path, name):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "wavewright", *COMMANDS[name]],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment(home),
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_nobody_needs_to_read_a_refusal(home, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        arguments = [sys.executable, "-m", "wavewright", *COMMANDS["no such model"]]
        done = subprocess.run(arguments, stderr=writing, cwd=tmp_path, env=environment(home), check=False)
    finally:
        os.close(writing)
    assert done.returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")  # noqa: PTH110
def test_a_full_device_is_reported(home, tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "wavewright", "models", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(home),
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "wavewright: There is no space left; free some, or write to another disk.\n"
