"""Compile the loops of the tasks, once for a machine, by calling the tasks with tiny inputs.

``python -m wavewright.apps.server.jobs.warm_up`` does so in a process of its own, which gives way to all others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, Popen

from ....base.errors import WavewrightError
from ....base.whole_file import scratch_folder
from ....tasks.catalogue import function_of
from ....tasks.description import http_tasks

NICENESS = 10
PATCHES = (
    *("accordion", "acoustic-kit", "banjo", "celesta", "choir-aah", "cloud-pad", "crystal"),
    *("growl-bass", "morph-pad", "recorder", "sea"),
)
"""Patches with all kinds of sources."""

SCORE = "X:1\nM:4/4\nL:1/8\nK:C\nC|\n"


def start_warm_up() -> Popen[bytes]:
    """Start to compile in a process of its own; end it by `stop_warm_up`."""
    command = [sys.executable, "-m", __name__]
    return Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)


def stop_warm_up(process: Popen[bytes]) -> None:
    """End the process if it still compiles."""
    process.kill()
    process.wait()


def warm_up(report: Callable[[str], None] = lambda _: None) -> None:
    """Call tasks that have compiled loops, in a temporary folder, and report each before it.

    What cannot be done here is left out.
    """
    previous = Path.cwd()
    with scratch_folder() as folder:
        os.chdir(folder)
        try:
            _write_inputs()
            for name, call in calls():
                report(name)
                with suppress(WavewrightError, OSError):
                    call()
        finally:
            os.chdir(previous)


def calls() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the calls by name, those of frequent tasks first; they read the files of `_write_inputs`."""
    from ....synth.procedural import PROCEDURES
    from ....tasks.list_effects import list_effects

    edit, synthesise, render = _task("edit"), _task("synthesise"), _task("render")
    mono, stereo = Path("mono.wav"), Path("stereo.wav")
    yield "analyse", partial(_task("analyse"), stereo)
    for effect in list_effects().details["effects"]:
        yield effect.name, partial(edit, stereo, do=effect.name, out=Path(f"{effect.name}.wav"))
    yield "soundfont", partial(render, Path("score.abc"), out=Path("score.wav"))
    yield "encode", partial(_task("encode"), mono, kbps=1.5, out=Path("mono.wwc"))
    yield "decode", partial(_task("decode"), Path("mono.wwc"), out=Path("decoded.wav"))
    yield "separate", partial(_task("separate"), mono, out=Path("stems"))
    yield "podcast", partial(_task("podcast"), (mono, stereo), out=Path("episode.mp3"))
    yield "cancel-echo", partial(_task("cancel-echo"), mono, mono, out=Path("e.wav"), unchecked=True)
    for procedure in PROCEDURES:
        yield procedure, partial(synthesise, procedure)
    for patch in PATCHES:
        yield patch, partial(render, Path("score.abc"), instrument=patch, out=Path(f"{patch}.wav"))


def _task(name: str) -> Callable[..., object]:
    return function_of(http_tasks()[name].entry)


def _write_inputs() -> None:
    import numpy as np

    from ....audio.clip import Clip

    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 8_000)).astype(np.float32)
    noise[:, 1_000::2_000] = 0.9  # clicks, which a repair finds
    Clip(noise, 44_100).write(Path("stereo.wav"))
    Clip(noise[:1], 16_000).write(Path("mono.wav"))
    Path("score.abc").write_text(SCORE, encoding="utf-8")


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    warm_up()
