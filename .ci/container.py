"""Run the steps of the Containerfile in fresh virtual environments instead of a container engine, and check the server.

    python .ci/container.py

Each stage gets a virtual environment and a folder that stands for the root of its file system: absolute paths of COPY
and WORKDIR, and the same paths in RUN, lie there. The base image is the Python that runs this script, and a user that
``useradd`` would create is only a home folder. The server must become healthy by the health check, speak, and end with
SIGTERM. An instruction that this script does not know is an error, so the two cannot drift apart.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEALTHY_SECONDS = 300.0
USER_ADDED = re.compile(r"useradd --create-home --uid [1-9]\d+ (\w+)")


@dataclass
class Stage:
    """A stage: the folder of its root, and what its instructions set."""

    root: Path
    workdir: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    user: str = ""
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    port: str = ""

    def folder(self, path: str) -> Path:
        """Return the folder that stands for a path of the container."""
        return self.root / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")  # noqa: PTH118

    def environment(self) -> dict[str, str]:
        """Return the environment of a step."""
        programs = f"{self.root / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        home = {"HOME": str(self.folder(f"/home/{self.user}"))} if self.user else {}
        without = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        kept = {name: value for name, value in os.environ.items() if name not in without}
        return kept | self.variables | home | {"PATH": programs}


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Containerfile and their arguments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def build(text: str, work: Path) -> Stage:
    """Run all steps of a Containerfile; return its last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(work)
    for word, argument in instructions(text):
        print(f"{word} {argument}", flush=True)
        if word == "FROM":
            name = argument.partition(" AS ")[2] or str(len(stages))
            stage = stages[name] = Stage(work / name)
            stage.root.mkdir()
            make_environment(stage.root / "venv")
        elif word == "COPY":
            copy(argument, stage, stages)
        elif word == "RUN":
            run(argument, stage)
        elif word not in SETTINGS:
            raise ValueError(f"The Containerfile has {word}, which .ci/container.py does not know; teach it.")
        else:
            SETTINGS[word](stage, argument)
    return stage


def make_environment(folder: Path) -> None:
    """Create a virtual environment of this Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)


def set_workdir(stage: Stage, argument: str) -> None:
    """Make and enter a folder."""
    stage.workdir = argument
    stage.paths.add(argument)
    stage.folder(".").mkdir(parents=True, exist_ok=True)


def set_variable(stage: Stage, argument: str) -> None:
    """Set a variable of the build, which the environment overrides."""
    name, _, default = argument.partition("=")
    stage.variables[name] = os.environ.get(name, default)


SETTINGS: dict[str, Callable[[Stage, str], None]] = {
    "WORKDIR": set_workdir,
    "ARG": set_variable,
    "USER": lambda stage, argument: setattr(stage, "user", argument),
    "HEALTHCHECK": lambda stage, argument: setattr(stage, "health", json.loads(argument.partition("CMD ")[2])),
    "ENTRYPOINT": lambda stage, argument: setattr(stage, "entrypoint", json.loads(argument)),
    "CMD": lambda stage, argument: setattr(stage, "command", json.loads(argument)),
    "EXPOSE": lambda stage, argument: setattr(stage, "port", argument),
}


def copy(argument: str, stage: Stage, stages: dict[str, Stage]) -> None:
    """Copy files of the repository, or of an earlier stage."""
    *sources, target = argument.split()
    source_root = ROOT
    if sources[0].startswith("--from="):
        source_root = stages[sources.pop(0).removeprefix("--from=")].root
    if target.startswith("/"):
        stage.paths.add(target.rstrip("/"))
    for source in sources:
        path = source_root / source.lstrip("/")
        if path.is_dir():
            shutil.copytree(
                path, stage.folder(target), dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            stage.folder(target).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, stage.folder(target))


def run(argument: str, stage: Stage) -> None:
    """Run a step by the shell; an absolute path of a folder that a step names lies in the stage's root."""
    if added := USER_ADDED.fullmatch(argument):
        stage.folder(f"/home/{added[1]}").mkdir(parents=True)
        return
    stage.paths |= {word for word in shlex.split(argument) if re.fullmatch(r"/[a-z]+", word)}
    for path in stage.paths:
        argument = argument.replace(f" {path}", f" {stage.folder(path)}")
    subprocess.run(argument, shell=True, check=True, cwd=stage.folder("."), env=stage.environment())


def check(stage: Stage) -> None:
    """Start the server, wait until it is healthy, let it speak, and end it."""
    if stage.user in ("", "root", "0"):
        raise ValueError("The Containerfile runs the server as root; add USER.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [*stage.entrypoint, *stage.command, "--port", port]
    print(f"$ {shlex.join(command)}", flush=True)
    environment = stage.environment()
    command[0] = str(stage.root / "venv" / "bin" / command[0])
    server = subprocess.Popen(command, cwd=stage.folder("."), env=environment)
    try:
        health = [part.replace(stage.port, port) for part in stage.health]
        health[0] = str(stage.root / "venv" / "bin" / health[0])
        ends = time.monotonic() + HEALTHY_SECONDS
        while subprocess.run(health, env=environment, stderr=subprocess.DEVNULL, check=False).returncode:
            if server.poll() is not None or time.monotonic() > ends:
                raise RuntimeError("The server did not become healthy.")
            time.sleep(0.5)
        body = json.dumps({"model": "tts-1", "input": "Hello.", "voice": "alloy", "response_format": "wav"}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/audio/speech", body, headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            sound = reply.read()
        if not sound.startswith(b"RIFF") or len(sound) < 10_000:
            raise RuntimeError("The server answered with something else than speech.")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    print(f"healthy, spoke {len(sound)} bytes, ended with {server.returncode}")


def main() -> None:
    """Run all steps in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="container-") as work:
        check(build((ROOT / "Containerfile").read_text(encoding="utf-8"), Path(work)))


if __name__ == "__main__":
    main()
