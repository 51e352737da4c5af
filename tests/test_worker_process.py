"""Worker processes: of scripts without a guard, lost by a file, ended with their parent; who else goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from http_jobs import do, tone, upload
from local_server import running
from waiting import wait_until

from wavewright.apps.batch_jobs.batch import batch
from wavewright.base.errors import SoundWarning
from wavewright.base.progress_bar import progress_reported_to
from wavewright.base.result import Failed
from wavewright.base.runner import Item, each_item
from wavewright.base.worker_process import THREAD_VARIABLES, WorkerLost, WorkerProcess
from wavewright.tasks.edit import edit

CALLS = {
    "edit": 'wavewright.edit("sounds", "out", do="gain -6dB", workers=2, quiet=True)',
    "batch": 'wavewright.batch("sounds", "out", "edit", ("do=gain -6dB",), jobs=2, quiet=True)',
}
DEADLY = "deadly.wav"
CODE = f"""
import os, sys

def end_at_deadly_file(event, arguments):
    if event == "open" and str(arguments[0]).endswith({DEADLY!r}):
        os._exit(3)

sys.addaudithook(end_at_deadly_file)
"""
"""Ends every process that opens the file."""


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Three short sounds, the second of which is a deadly file."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    for name in ("a.wav", DEADLY, "z.wav"):
        soundfile.write(folder / name, np.linspace(-0.5, 0.5, 800), 8_000, "FLOAT")
    return folder


@pytest.fixture
def is_deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that are started end when they open the deadly file."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CODE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))


@pytest.mark.parametrize("task", CALLS)
def test_a_script_without_a_guard_runs_once(tmp_path, sounds, task):
    script = tmp_path / "script.py"
    script.write_text(f'import wavewright\n\nprint("begins")\n{CALLS[task]}\n', encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("begins")) == (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    written = sorted(tmp_path.glob("out/**/*.wav"))
    assert [path.name for path in written] == ["a.wav", DEADLY, "z.wav"]
    for path in written:
        edited, _ = soundfile.read(path)
        np.testing.assert_allclose(edited, np.linspace(-0.5, 0.5, 800) * 10 ** (-6 / 20), atol=1e-4)


@pytest.mark.usefixtures("is_deadly")
def test_a_file_that_ends_its_process_is_one_failed_file_of_a_folder(sounds, tmp_path):
    (sounds / "more").mkdir()
    for name in "bc":
        (sounds / "more" / f"{name}.wav").write_bytes((sounds / "a.wav").read_bytes())
    result = edit(sounds, tmp_path / "out", do="gain -6dB", workers=2, quiet=True)
    assert [(Path(each.what).name, each.reason) for each in result.failed] == [
        (DEADLY, "Its process ended with exit code 3.")
    ]
    assert [path.name for path in result.sound_files] == ["a.wav", "b.wav", "c.wav", "z.wav"]
    assert result.exit_code == 2
    assert all(path.is_file() for path in result.sound_files)
    assert not list((tmp_path / "out").rglob(".wavewright-*"))


@pytest.mark.usefixtures("is_deadly")
def test_a_file_that_ends_its_process_is_one_failed_job_of_a_batch(sounds, tmp_path):
    result = batch(sounds, tmp_path / "out", "edit", ("do=gain -6dB",), jobs=2, quiet=True)
    failed = (Failed("line 2 (deadly.wav)", "Its process ended with exit code 3."),)
    assert (result.details["n_done"], result.failed) == (2, failed)


@pytest.mark.usefixtures("is_deadly")
def test_a_file_that_ends_its_process_is_one_failed_job_of_the_server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with running(job_workers=1, is_ready_first=False) as server:
        failed = do(server, "edit", source=upload(server, DEADLY, tone()), do="reverse").json
        assert failed["state"] == "failed"
        assert failed["error"].startswith("The process of the job ended before the job did, 2 times")
        assert do(server, "edit", source=upload(server, "a.wav", tone()), do="reverse").json["state"] == "done"


# --------------------------------------------------------------------------------------------- targets of processes


def answer_with_threads(connection) -> None:
    connection.send([os.environ.get(name) for name in THREAD_VARIABLES])
    connection.recv()


def begin_doubling():
    return doubled


def doubled(number: int) -> int:
    if number < 0:
        os._exit(-number)
    if number == 0:
        warnings.warn("It is 0.", SoundWarning, stacklevel=1)
        raise ZeroDivisionError("zero")
    return 2 * number


def interrupt_import_at_two(number: int) -> int:
    if number == 2:
        raise ImportError("a library") from KeyboardInterrupt()
    return number


def interrupt_at_the_end(_: str, fraction: float | None) -> None:
    if fraction == 1.0:
        raise KeyboardInterrupt


def start_another_and_wait(connection) -> None:
    code = "import time; time.sleep(6_000)"
    connection.send((os.getpid(), subprocess.Popen([sys.executable, "-c", code]).pid))
    connection.recv()


def start_one_and_wait(connection) -> None:
    process = WorkerProcess(start_another_and_wait)
    with process.talk() as inner:
        connection.send(inner.recv())
    time.sleep(6_000)


# --------------------------------------------------------------------------------------------------------- processes


def test_a_process_computes_with_one_thread_unless_the_environment_says_otherwise(monkeypatch):
    monkeypatch.setenv(THREAD_VARIABLES[0], "3")
    for name in THREAD_VARIABLES[1:]:
        monkeypatch.delenv(name, raising=False)
    process = WorkerProcess(answer_with_threads, one_thread=True)
    with process.talk() as connection:
        assert connection.recv() == ["3", "1", "1", "1"]
    process.kill()
    assert THREAD_VARIABLES[1] not in os.environ


def test_items_have_results_in_their_order_and_lost_processes_are_replaced():
    items = [Item("early", 1), Failed("no item", "It was none."), *(Item(f"item {n}", n) for n in (-3, 2, -4, 3, 0))]
    kept: list[tuple[object, ...]] = []
    with pytest.warns(SoundWarning, match="It is 0"):
        results, failed = each_item(items, begin_doubling, "doubling", True, 2, lambda made: kept.append((*made,)))
    assert results == (2, 4, 6) == tuple(kept[-1])
    assert failed == (
        Failed("no item", "It was none."),
        Failed("item -3", "Its process ended with exit code 3."),
        Failed("item -4", "Its process ended with exit code 4."),
        Failed("item 0", "Wavewright failed at item 0 (ZeroDivisionError: zero); please report it with the file."),
    )


TWO = (Item("one", 1, 1.0), Item("two", 2, 1.0))


@pytest.mark.parametrize("n_processes", [1, 2])
def test_an_interruption_keeps_what_is_done(n_processes):
    kept: list[tuple[object, ...]] = []  # after some seconds what is new, at the end all
    with pytest.raises(KeyboardInterrupt), progress_reported_to(interrupt_at_the_end):
        each_item(TWO, begin_doubling, "doubling", True, n_processes, lambda made: kept.append((*made,)))
    assert kept[-1] == (2, 4)
    with pytest.raises(KeyboardInterrupt):
        each_item(TWO, lambda: interrupt_import_at_two, "doubling", True, 1, lambda made: kept.append((*made,)))
    assert kept[-1] == (1,)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("end", ["kill", "parent"])
def test_a_process_ends_with_its_parent_and_with_all_that_it_started(end):
    process = WorkerProcess(start_one_and_wait if end == "parent" else start_another_and_wait)
    with process.talk() as connection:
        numbers = connection.recv()
    if end == "parent":
        os.kill(process.id, signal.SIGKILL)
    else:
        process.kill()
    wait_until(lambda: not any(map(is_running, numbers)))
    with pytest.raises(WorkerLost, match="ended by SIGKILL"), process.talk() as connection:
        connection.recv()
    assert not process.is_alive


def is_running(number: int) -> bool:
    """Whether a process runs; one that has ended and is not waited for does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False).stdout
    return bool(shown.strip()) and not shown.startswith("Z")
