"""Resume: a run that was stopped, killed or shared by processes equals an unbroken one; checkpoints are checked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_training import SETTINGS, make_loop, make_shared_loop, same, step_of, tensors_of
from torch import nn
from waiting import LIMIT_SECONDS

from wavewright.base.errors import BadModel, TrainingStopped
from wavewright.base.interruption import Terminated, ended_by_signals
from wavewright.training import stop_request
from wavewright.training.checkpoint import Progress
from wavewright.training.health import Health
from wavewright.training.loop import LAST, Loop
from wavewright.training.stop_request import SAVING

CAUSES = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}
CAUSES |= {"SIGHUP": signal.SIGHUP} if hasattr(signal, "SIGHUP") else {}


@pytest.fixture(autouse=True)
def received(monkeypatch):
    """Restore the signals of a terminal; a process that was started in the background ignores Ctrl-C.

    A busy machine may take its time to act on a second signal: the process of the tests is not ended for that.
    """
    for name in ("GRACE_SECONDS", "RESPONSE_SECONDS"):
        monkeypatch.setattr(stop_request, name, LIMIT_SECONDS)
    handlers = [signal.signal(number, signal.SIG_DFL) for number in CAUSES.values()]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ended_by_signals() as signal_received:
        yield signal_received
    for number, handler in zip(CAUSES.values(), handlers, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("cause", CAUSES)
def test_resume_after_a_stop_at_any_step_is_bit_equal(tmp_path, cause, received):
    make_loop(tmp_path / "whole").run()
    for stop in (1, 4, 5, 11):
        folder = tmp_path / f"stopped-{stop}"
        first = make_loop(folder)
        stop_in(first, stop - 1, cause)
        first.run()
        assert first.progress.step == stop  # the step was ended
        messages = [SAVING.format(cause=cause), f"stopped by {cause} at step {stop} of 12; continue with `--resume`."]
        assert first.observer.messages[1:] == messages
        second = make_loop(folder)
        assert second.resume()
        second.run()
        assert same(tensors_of(folder), tensors_of(tmp_path / "whole"))
    assert received() == (None if cause == "Ctrl-C" else CAUSES[cause])  # from which the exit code is made


def stop_in(loop: Loop, step: int, *causes: str) -> None:
    """Send the process signals between the turns of a step."""
    echo_loss = loop.network.echo_loss

    def interrupted(batch):
        for cause in causes if loop.progress.step == step else ():
            signal.raise_signal(CAUSES[cause])
        return echo_loss(batch)

    loop.network.echo_loss = interrupted


@pytest.mark.parametrize("cause", CAUSES)
def test_a_request_to_stop_is_answered_at_once(tmp_path, cause):
    loop = make_loop(tmp_path)
    stop_in(loop, 7, cause)
    messages_in_the_step, line_loss, saving = [], loop.network.echo_loss, SAVING.format(cause=cause)

    def slow(batch):
        losses = line_loss(batch)
        if loop.progress.step == 7:
            loop.observer.answered.wait(LIMIT_SECONDS)
            messages_in_the_step.extend(loop.observer.messages)
        return losses

    loop.observer.answered = threading.Event()
    loop.observer.log = lambda message: (
        loop.observer.messages.append(message),
        message == saving and loop.observer.answered.set(),
    )
    loop.network.echo_loss = slow
    loop.run()
    assert messages_in_the_step[-1] == saving


@pytest.mark.parametrize("second", CAUSES)
@pytest.mark.parametrize("first", CAUSES)
def test_a_second_request_stops_at_once_and_leaves_the_last_checkpoint(tmp_path, first, second):
    loop = make_loop(tmp_path)
    stop_in(loop, 7, first, second)
    with pytest.raises(KeyboardInterrupt if second == "Ctrl-C" else Terminated):
        loop.run()
    assert step_of(tmp_path / LAST) == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_sigterm_while_the_model_is_written_stops_at_once(tmp_path):
    loop = make_loop(tmp_path)
    stop_in(loop, 7, "SIGTERM")
    loop.run()
    with pytest.raises(Terminated):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)  # and a third is ignored while part files are removed


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from dataclasses import replace
from tiny_training import SETTINGS, make_loop
loop = make_loop(Path({folder!r}), replace(SETTINGS, steps={steps}, save_every=1))
loop.resume()
def step(progress, losses, seconds):
    print(progress.step, flush=True)
    if progress.step == {last}:
        sys.stdin.read()  # until it is killed
loop.observer.step = step
loop.run()
"""


def test_killed_at_any_moment_it_resumes_bit_equal_and_finds_no_broken_checkpoint(tmp_path):
    steps = 1000
    script = textwrap.dedent(KILLED)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    make_loop(whole, replace(SETTINGS, steps=steps, save_every=1000)).run()
    seen = []
    for wait, last in ((0.02, steps // 2), (0.2, steps - 1)):
        code = script.format(tests=str(Path(__file__).parent), folder=str(killed), steps=steps, last=last)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, "-c", code], text=True, **pipes)
        next(line for line in process.stdout if int(line) > max([0, *seen]) + 1)  # the step before is saved
        time.sleep(wait)  # any moment will do
        process.kill()  # SIGKILL: no handler runs
        process.communicate()
        seen.append(step_of(killed / LAST))
    assert 0 < seen[0] < seen[1] < steps
    last = make_loop(killed, replace(SETTINGS, steps=steps, save_every=1000))
    assert last.resume()
    last.run()
    assert same(tensors_of(killed), tensors_of(whole))


TOGETHER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import torch
from tiny_training import make_shared_loop
from wavewright.training import processes
with processes.process_group(torch.device("cpu")):
    make_shared_loop(Path({folder!r}), accumulate=1).run()
"""


@pytest.mark.skipif(
    sys.platform == "win32", reason="torch starts no process groups on Windows without further settings"
)
def test_two_processes_equal_one_that_accumulates_two_batches(tmp_path):
    code = TOGETHER.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "two"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    network = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo",
    }
    common = {**os.environ, **network, "WORLD_SIZE": "2"}
    started = [subprocess.Popen([sys.executable, "-c", code], env={**common, "RANK": str(rank)}) for rank in range(2)]
    assert [process.wait(LIMIT_SECONDS) for process in started] == [0, 0]
    one = make_shared_loop(tmp_path / "one", accumulate=2).run()
    assert (one.step, one.rollbacks, one.best) == (3, 1, 0)
    together, alone = tensors_of(tmp_path / "two"), tensors_of(tmp_path / "one")
    for name in alone:
        torch.testing.assert_close(together[name], alone[name], rtol=1e-5, atol=1e-6)


def raise_disk_full(_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_old_checkpoint_and_nothing_else(tmp_path, monkeypatch):
    loop = make_loop(tmp_path)
    loop.save(LAST)
    before = (tmp_path / LAST).read_bytes()

    monkeypatch.setattr(os, "fsync", raise_disk_full)
    with pytest.raises(TrainingStopped, match="no space left"):
        loop.save(LAST)
    assert (tmp_path / LAST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [LAST]


def test_a_truncated_or_foreign_checkpoint_is_refused(tmp_path):
    loop = make_loop(tmp_path)
    loop.save(LAST)
    content = (tmp_path / LAST).read_bytes()
    (tmp_path / LAST).write_bytes(content[: len(content) // 2])
    with pytest.raises(BadModel, match=r"not a checkpoint that can be read .* delete it: --resume continues from"):
        make_loop(tmp_path).resume()
    (tmp_path / LAST).write_bytes(content)
    other = make_loop(tmp_path)
    other.network.line = nn.Linear(4, 1)
    with pytest.raises(BadModel, match="another shape"):
        other.resume()


def test_progress_survives_the_checkpoint(tmp_path):
    loop = make_loop(tmp_path)
    loop.progress = Progress(
        step=5, steps=12, threads=1, minutes=1.5, best=0.25, best_step=4, rollbacks=1, metrics={"a": 2.0}
    )
    loop.progress.health = Health({"silent": 2}, best_validation=0.5)
    loop.save(LAST)
    other = make_loop(tmp_path)
    other.resume()
    assert other.progress == loop.progress
