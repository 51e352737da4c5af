"""Generate audio with every bundled model, and a page to play it, which grows while the models run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.errors import BadFolder, BadModel, WavewrightError
from ..base.parameters import OutputFolder, Quiet
from ..base.progress_bar import progress_bar
from ..base.result import Failed
from ..base.runner import Item, in_processes, in_this_process, outcomes
from ..base.task_parameters import checked
from ..base.whole_file import sweep, write_whole
from ..contracts.family import Capability
from ..models import bundled, find
from ..models.folder import ModelFolder
from ..outputs.made import Made, MadeFile
from .demo_jobs import TOOLS, DemoJob, capabilities_of, jobs_of
from .demo_page.page import GENERATOR, ModelSection, PlayerRow, Section, ToolSection, render_page

PAGE_FILE = "index.html"
MAX_WORKERS = 2  # each needs the memory of a few models, and more of them compile the same loops


@checked
def demo(
    out: OutputFolder = Path("wavewright-demo"),
    models: Annotated[tuple[str, ...], Field(description="Models to run; default: every bundled one.")] = (),
    quiet: Quiet = False,
) -> Made:
    """Generate audio with every bundled model and without a model, and a page to play it in a browser.

    The page contains its images, style and script; the sound files lie beside it. It is there with the first clips
    and grows; one that was interrupted says so, and the next call replaces it. Models that generate no audio are
    listed with the reason.

    Raises BadModel if no model generates audio; BadFolder if the folder has another page of that name.
    """
    begin = time.perf_counter()
    folders = [ModelFolder(find(name)) for name in models or bundled()]
    if not folders:
        raise BadModel(_no_audio_message(models))
    page = out / PAGE_FILE
    _refuse_to_replace(page)
    jobs = jobs_of(folders, () if models else TOOLS)
    done: list[Section] = []
    with progress_bar("demo", len(jobs), quiet, unit="parts") as show, closing(_results(out, folders, jobs)) as results:
        for n_done, sections in enumerate(results, start=1):
            is_first = not _rows(done) and bool(_rows(sections))
            done = sorted([*done, *sections], key=partial(_position, folders))
            if _rows(done):
                write_whole(page, _render(done, n_done, len(jobs)).encode())
            if is_first and not quiet:
                print(f"Open {page} in a browser: it has the first clips, and grows.", file=sys.stderr)
            show(n_done)
    if not _rows(done):
        raise BadModel(_no_audio_message(models))
    n_clips = sum(len(row.players) for row in _rows(done))
    skipped = {each.card.name: each.reason for each in done if isinstance(each, ModelSection) and not each.rows}
    seconds = time.perf_counter() - begin
    return Made(
        out=out,
        files=(MadeFile(path=page),),
        notes=tuple(f"Skipped: {name}. {reason}" for name, reason in skipped.items()),
        details={"n_clips": n_clips, "seconds": seconds, "skipped": skipped},
        lines=(f"{n_clips} clips in {seconds:.1f} s. Open {page} in a browser to play them.",),
    )


def _results(out: Path, folders: Sequence[ModelFolder], jobs: Sequence[DemoJob]) -> Generator[list[Section]]:
    """Yield the sections of each job as it is finished; raise its error."""
    n_processes = min(os.cpu_count() or 1, MAX_WORKERS, len(jobs))
    begin = partial(_begin, out, folders)
    lanes = in_this_process(begin) if n_processes == 1 else in_processes(begin, n_processes, one_thread=True)
    try:
        with closing(outcomes([Item(job.name, job) for job in jobs], lanes)) as ended:
            for _, outcome in ended:
                if isinstance(outcome, Failed):
                    raise WavewrightError(str(outcome))
                sections, printed = outcome
                sys.stderr.write(printed)
                if isinstance(sections, Exception):
                    raise sections
                yield sections
    finally:
        if out.is_dir():
            sweep(out)


def _begin(out: Path, folders: Sequence[ModelFolder]) -> Callable[[DemoJob], tuple[list[Section] | Exception, str]]:
    """Return the function that writes a job, and returns its sections or its error, and what it printed."""
    from .demo_models import write_job  # slow to import: the process of the page does without it

    def work(job: DemoJob) -> tuple[list[Section] | Exception, str]:
        with redirect_stderr(StringIO()) as printed:
            try:
                sections: list[Section] | Exception = write_job(out, folders, job)
            except Exception as error:
                sections = error
        return sections, printed.getvalue()

    return work


def _rows(sections: Sequence[Section]) -> list[PlayerRow]:
    return [row for section in sections for row in section.rows]


def _render(sections: Sequence[Section], n_done: int, n_jobs: int) -> str:
    models = [section for section in sections if isinstance(section, ModelSection)]
    tools = [section for section in sections if isinstance(section, ToolSection)]
    return render_page(models, tools, n_done, n_jobs)


def _position(folders: Sequence[ModelFolder], section: Section) -> tuple[bool, bool, int]:
    """Return the sort key of a section: voices first, models without clips last, tools in their order."""
    if isinstance(section, ToolSection):
        return False, False, TOOLS.index(section.name)
    [number, folder] = next(each for each in enumerate(folders) if each[1].card == section.card)
    return not section.rows, Capability.SPEAK not in capabilities_of(folder), number


def _no_audio_message(models: Sequence[str]) -> str:
    if models:
        return f"{', '.join(models)} cannot generate audio; `wavewright models` lists all models."
    return "This installation has no bundled model that generates audio; name one of your own with --models."


def _refuse_to_replace(path: Path) -> None:
    """Raise BadFolder if a file that is not the page of a demo exists."""
    if path.exists() and not (path.is_file() and GENERATOR.encode() in path.read_bytes()):
        raise BadFolder(f"{path} exists and is not the page of a demo; choose another folder with --out.")
