"""Check whether a run can begin or resume in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path

from ..base.errors import BadFolder, BadSetting, InUse
from ..base.file_lock import locked
from ..base.names import name_problem
from ..base.whole_file import sweep
from ..models.card import CARD_FILE
from .parameters import Call
from .report import SAMPLES
from .run_file import BEST, CHECKPOINTS, LAST, RUN_FILE

LOCK_FILE = ".wavewright-run.lock"


@contextmanager
def locked_run(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder; raise BadFolder if another process holds it. A stale lock file is no obstacle."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK_FILE, wait=False))
        except InUse as error:
            raise BadFolder(
                f"Another process is training in {folder}; wait until it ends or stop it, or give another folder with "
                "--out."
            ) from error
        yield


JUDGE = "judge"
"""Subfolder of a run folder with the classifier that judges generated clips, trained on the recordings alone."""

GENERATED = "generated"
"""Subfolder of a run folder with generated clips, which are learned from beside the recordings."""

EXISTS = "{} contains a run already; continue it with --resume, or give another --out."


def begins_judge(out: Path) -> bool:
    """Return whether the judge of a run has begun."""
    return (out / JUDGE / RUN_FILE).is_file()


def resumes_judge(out: Path, resume: bool) -> bool:
    """Return True if a call resumes a run of which only the judge has begun; raise BadSetting if it does not resume."""
    has_judge = begins_judge(out) and not (out / RUN_FILE).is_file()
    if has_judge and not resume:
        raise BadSetting(EXISTS.format(out))
    return has_judge


def check_call(out: Path, call: Call) -> None:
    """Check that a call begins a new run, or resumes one that exists.

    Raises BadFolder if there is no run to resume, or its checkpoints are missing beside its model, or BadSetting if the
    call would begin an existing run again.
    """
    resume = call.resume
    has_checkpoint = any((out / CHECKPOINTS / name).is_file() for name in (LAST, BEST))
    has_model = (out / RUN_FILE).is_file() and (out / CARD_FILE).is_file()
    if not resume and (has_checkpoint or has_model):
        raise BadSetting(EXISTS.format(out))
    if resume and has_model and not has_checkpoint:
        raise BadFolder(
            f"{out} contains a trained model, but no checkpoint to resume from; copy {CHECKPOINTS}/{LAST} back, or "
            f"start another run from the model with --from {out} --out FOLDER."
        )
    if resume and not (out / RUN_FILE).is_file():
        siblings = [path.parent for path in sorted(out.absolute().parent.glob(f"*/{RUN_FILE}"))]
        names = [path.name for path in siblings]
        near = get_close_matches(out.name, names) or names[:3]
        listed = f" (there is {', '.join(str(out.parent / name) for name in near)})" if near else ""
        raise BadFolder(
            f"There is no run in {out} to resume{listed}; give its folder with --out, or begin one without --resume."
        )


def check_run_folder(out: Path, recordings: Path) -> None:
    """Raise BadFolder if a run in ``out`` would mix its files with the recordings or with other files."""
    if out.exists() and not out.is_dir():
        raise BadFolder(f"{out} is a file; give a run folder with --out.")
    problem = name_problem(out.resolve().name, is_file=True)
    if problem is not None:
        raise BadFolder(f"The name of the run folder, {out.resolve().name!r}, {problem}; give another with --out.")
    if recordings.is_dir() and out.resolve().is_relative_to(recordings.resolve()):
        raise BadFolder(
            f"{out} is inside {recordings}, where its samples would be taken for recordings; give a run folder "
            "elsewhere with --out."
        )
    if out.is_dir() and not (out / RUN_FILE).is_file() and any(not path.name.startswith(".") for path in out.iterdir()):
        raise BadFolder(f"{out} contains files of other origin; give a new folder with --out.")


@contextmanager
def removed_unless_begun(out: Path) -> Iterator[None]:
    """Remove generated clips of a run that is refused or interrupted before it has begun."""
    had_folder, had_clips = out.exists(), (out / GENERATED).exists()
    try:
        yield
    finally:
        if not (had_clips or begins_judge(out) or (out / RUN_FILE).exists()):
            shutil.rmtree(out / GENERATED, ignore_errors=True)
            if not had_folder:
                with suppress(OSError):  # it has other files, or was never made
                    out.rmdir()


def remove_left_overs(out: Path) -> None:
    """Remove hidden files that a killed process left in a run folder."""
    for folder in (out, out / CHECKPOINTS, out / SAMPLES):
        sweep(folder)
