"""Files appear whole or not at all, and the sentence about what went wrong names the path that was given."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from signals_at_changes import terminated_before_change

from wavewright.audio.clip import Clip, write_blocks
from wavewright.base import file_lock, whole_file
from wavewright.base.errors import BadAudio, BadFolder, WavewrightError
from wavewright.base.whole_file import check_target, temporary_path, whole_folder, why_not_written, write_whole

Usage = namedtuple("Usage", "total used free")


def test_a_failed_write_leaves_the_previous_file(tmp_path, monkeypatch):
    path = tmp_path / "notes.txt"
    write_whole(path, b"old")

    def refuse(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(whole_file.os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left") as refusal:
        write_whole(path, b"new")
    assert refusal.value.filename == str(path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("notes.txt", b"old")]


def test_names_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / f"{'n' * 240}.wav"
    try:
        path.touch()
    except OSError:
        pytest.skip("this system allows shorter names only")
    write_whole(path, b"text")
    assert path.read_bytes() == b"text"
    Clip(np.zeros((1, 8), np.float32), 8_000).write(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_files_move_into_a_folder_together_and_the_last_one_last(tmp_path, monkeypatch):
    moved, replace = [], whole_file.Path.replace
    monkeypatch.setattr(
        whole_file.Path, "replace", lambda path, target: (moved.append(path.name), replace(path, target))
    )
    with whole_folder(tmp_path / "out", last="list") as hidden:
        (hidden / "list").write_text("ab")
        (hidden / "deep").mkdir()
        for name in ("a", "b"):
            (hidden / "deep" / name).write_text(name)
        assert [path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")] == []
    assert moved[-1] == "list"
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "out/deep/a",
        "out/deep/b",
        "out/list",
    ]


@pytest.mark.parametrize("existed", [True, False])
@pytest.mark.parametrize("error", [BadAudio, OSError, KeyboardInterrupt])
def test_a_folder_stays_as_it_was_where_writing_fails(tmp_path, existed, error):
    out = tmp_path / "out"
    if existed:
        out.mkdir()
        (out / "a").write_text("old")

    def fail():
        with whole_folder(out, last="list") as hidden:
            (hidden / "a").write_text("new")
            raise error(28, "no", str(hidden / "a")) if error is OSError else error(f"{hidden / 'a'} is wrong")

    with pytest.raises(error) as refusal:
        fail()
    if error is not KeyboardInterrupt:
        assert str(out / "a") in str(refusal.value)
        assert ".wavewright-" not in str(refusal.value)
    assert [(path.name, path.read_text()) for path in tmp_path.rglob("*") if path.is_file()] == [("a", "old")] * existed
    assert out.is_dir() == existed


def test_a_file_cannot_be_a_folder(tmp_path):
    (tmp_path / "out").write_text("")
    for out in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(BadFolder, match="is a file or lies in one"), whole_folder(out, last="list"):
            pass


def test_a_full_disk_is_called_full_whatever_a_library_says(tmp_path, monkeypatch):
    assert why_not_written(tmp_path / "a.wav", "System error.") == (
        f"{tmp_path / 'a.wav'} could not be written (System error); choose another folder."
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(2**30, 2**30 - 4096, 4096))
    assert why_not_written(tmp_path / "a.wav", "System error") == (
        f"There is no space left to write {tmp_path / 'a.wav'}; free some, or write to another disk."
    )

    def refuse(file, *rest):
        raise soundfile.LibsndfileError(2)

    monkeypatch.setattr(soundfile.SoundFile, "write", refuse)
    with pytest.raises(WavewrightError, match="There is no space left to write"):
        Clip(np.zeros((1, 8), np.float32), 8_000).write(tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_called_so(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "because its folder is read-only" in why_not_written(tmp_path / "a.wav", "System error")


def test_files_of_dead_processes_are_removed_and_those_of_running_ones_stay(tmp_path):
    dead = [".wavewright-1-0123abcd", ".wavewright-99999999-01234567.wav", ".wavewright-2-89abcdef.tar.gz"]
    others = [
        ".wavewright-clips",
        ".wavewright-1",
        "wavewright-1-0123abcd",
        ".wavewright-1-0123abcde",
        ".wavewright-x-0123abcd",
    ]
    for name in (*dead, *others):
        (tmp_path / name).write_text("half")
    (tmp_path / ".wavewright-3-0123abcd").mkdir()
    (tmp_path / ".wavewright-3-0123abcd" / "deep").write_text("half")
    for name in (*dead, ".wavewright-4-0123abcd"):
        (tmp_path / f".{name.split('.')[1]}.lock").write_text("1")  # what a killed process leaves
    with temporary_path(tmp_path / "living.wav") as living:
        living.write_text("half")
        whole_file.sweep(tmp_path)
        assert living.read_text() == "half"
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {*others, living.name, living.with_suffix(".lock").name}
    assert {path.name for path in tmp_path.iterdir()} == {*others}


@pytest.mark.parametrize("write", [write_whole, lambda path, _: Clip(np.zeros((1, 8), np.float32), 8_000).write(path)])
def test_the_first_file_of_a_folder_sweeps_it(tmp_path, write):
    (tmp_path / ".wavewright-1-0123abcd.wav").write_text("half")
    write(tmp_path / "a.wav", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_nothing_is_swept_on_file_systems_without_locks(tmp_path, monkeypatch):
    def refuse(descriptor, wait):
        raise OSError(next(iter(file_lock.NO_LOCKS)), "no locks")

    monkeypatch.setattr(file_lock, "_system_lock", refuse)
    (tmp_path / ".wavewright-1-0123abcd").write_text("half")
    whole_file.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".wavewright-1-0123abcd"]


@pytest.mark.parametrize("name", ["n" * 256 + ".wav", "\u00fc" * 130 + ".wav", "\U0001f600" * 64 + ".wav"])
def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path, name):
    def blocks():
        raise AssertionError("work was done")
        yield

    for write in (
        lambda: write_whole(tmp_path / name, b""),
        lambda: write_blocks(tmp_path / name, blocks()),
        lambda: whole_folder(tmp_path / name, last="a").__enter__(),
    ):
        with pytest.raises(
            BadFolder, match=r"The name .*\.wav has 2\d\d bytes; file systems allow 255: choose a shorter one\."
        ):
            write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without telling them")
def test_sigterm_before_any_change_leaves_all_files_or_none_and_nothing_hidden(tmp_path):
    def write(folder):
        with whole_folder(folder, "c.txt") as hidden:
            (hidden / "b.txt").write_text("b")
            (hidden / "c.txt").write_text("c")
        write_whole(folder / "d.txt", b"d")

    states, number, is_over = set(), 0, False
    while not is_over:
        number += 1
        folder = tmp_path / str(number)
        is_over = not terminated_before_change(number, lambda folder=folder: write(folder))
        states.add("".join(sorted(path.stem for path in folder.iterdir())) if folder.exists() else "none")
    assert states == {"none", "bc", "bcd"}
    assert number > 10


def test_a_disk_that_was_full_while_writing_is_called_full(tmp_path, monkeypatch):
    """After the unfinished file is removed, there is space again."""
    capacity = 2**20 + 40_000

    def usage(folder):
        used = sum(path.stat().st_size for path in Path(folder).iterdir())
        return SimpleNamespace(free=max(0, capacity - used))

    write = soundfile.SoundFile.write

    def write_until_full(file, data):
        write(file, data)
        file.flush()
        if usage(tmp_path).free < 2**20:
            raise soundfile.LibsndfileError(2)  # which says "System error"

    monkeypatch.setattr("wavewright.base.whole_file.shutil.disk_usage", usage)
    monkeypatch.setattr(soundfile.SoundFile, "write", write_until_full)
    long = Clip(np.zeros((1, 100_000), np.float32), 16_000)
    with pytest.raises(WavewrightError, match="There is no space left to write"):
        long.write(tmp_path / "a.wav")
    assert [*tmp_path.iterdir()] == []
    assert usage(tmp_path).free > 2**20
    Clip(np.zeros((1, 100), np.float32), 16_000).write(tmp_path / "b.wav")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of POSIX")
@pytest.mark.parametrize("name", ["pipe.wav", "pipe.json", "pipe.mid", "link.wav"])
def test_a_pipe_is_not_replaced_by_a_file(tmp_path, name):
    os.mkfifo(tmp_path / "pipe.wav")
    if name != "pipe.wav":
        if name == "link.wav":
            (tmp_path / name).symlink_to("pipe.wav")
        else:
            os.mkfifo(tmp_path / name)
    writers = [lambda path: write_whole(path, b"x"), check_target]
    if name.endswith(".wav"):
        writers.append(Clip(np.zeros((1, 10), np.float32), 16_000).write)
    for write in writers:
        with pytest.raises(BadFolder, match="is a pipe, socket or device; give the name of a file to write"):
            write(tmp_path / name)
    assert (tmp_path / name).is_fifo()


def test_scratch_folders_of_killed_processes_are_removed(tmp_path):
    """The first process is killed while it has one; the next call removes it, and leaves that of a running one."""
    script = "import sys\nfrom wavewright.base.whole_file import scratch_folder\n"
    script += (
        "with scratch_folder() as folder:\n (folder / 'a').mkdir()\n print(folder, flush=True)\n sys.stdin.read()\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    processes = [subprocess.Popen([sys.executable, "-c", script], **pipes) for _ in range(2)]
    killed, running = (Path(process.stdout.readline().strip()) for process in processes)
    assert killed.parent == running.parent
    assert killed.parent.stat().st_mode & 0o077 == 0
    processes[0].kill()
    processes[0].communicate()
    assert (killed / "a").is_dir()
    third = subprocess.run(
        [sys.executable, "-c", script], input="", capture_output=True, text=True, env=environment, check=True
    )
    assert not killed.exists()
    assert running.is_dir()
    assert not Path(third.stdout.strip()).exists()
    processes[1].communicate("")
    assert [path.name for path in running.parent.iterdir()] == []
