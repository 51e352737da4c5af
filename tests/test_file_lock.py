"""Lock files exclude processes and threads from each other, and end with the process that held them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wavewright.base import file_lock
from wavewright.base.errors import InUse
from wavewright.base.file_lock import locked

HOLD = """
import sys
from pathlib import Path
from wavewright.base.file_lock import locked
with locked(Path(sys.argv[1]), wait=False):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNT = """
import sys
from pathlib import Path
from test_file_lock import count_up
count_up(Path(sys.argv[1]))
"""


def count_up(folder):
    for _ in range(50):
        with locked(folder / ".lock", wait=True):
            count = int((folder / "count").read_text())
            (folder / "count").write_text(str(count + 1))


def held_by_a_process(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_is_refused_to_others_and_gone_afterwards(tmp_path):
    path = tmp_path / ".lock"
    with locked(path, wait=False) as is_held:
        assert is_held
        with pytest.raises(InUse, match=rf"in use by another process \({os.getpid()}\); wait until") as refusal:
            locked(path, wait=False).__enter__()
        assert str(tmp_path) in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_holds_no_lock(tmp_path):
    path = tmp_path / ".lock"
    with held_by_a_process(path) as process:
        with pytest.raises(InUse, match=rf"\({process.pid}\)"), locked(path, wait=False):
            pass
        process.kill()
        process.wait()
    assert path.exists(), "the killed process could not remove it"
    with locked(path, wait=False):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_nobody_holds_locks_nothing(tmp_path):
    (tmp_path / ".lock").write_text("another program wrote this, and it is longer than a number")
    with locked(tmp_path / ".lock", wait=False):
        assert int((tmp_path / ".lock").read_text()) == os.getpid()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_does_not_hold_its_parents_lock(tmp_path):
    path = tmp_path / ".lock"
    with locked(path, wait=False):
        child = os.fork()
        if not child:
            os._exit(0 if not file_lock._open_locks else 1)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(InUse):
            locked(path, wait=False).__enter__()


def test_processes_and_threads_take_turns(tmp_path):
    (tmp_path / "count").write_text("0")
    processes = [
        subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path)], cwd=Path(__file__).parent) for _ in range(3)
    ]
    threads = [threading.Thread(target=count_up, args=(tmp_path,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "300"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["count"]


def test_a_file_system_without_locks_excludes_nobody(tmp_path, monkeypatch):
    def refuse(descriptor, wait):
        raise OSError(next(iter(file_lock.NO_LOCKS)), "no locks")

    monkeypatch.setattr(file_lock, "_system_lock", refuse)
    with locked(tmp_path / ".lock", wait=False) as first, locked(tmp_path / ".lock", wait=False) as second:
        assert (first, second) == (False, False)
