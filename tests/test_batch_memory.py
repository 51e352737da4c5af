"""Batches that are refused before they are made, and signals while the main thread is in a native function."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from tiny_training import SETTINGS, TwoPlayers
from torch import nn
from waiting import LIMIT_SECONDS

from wavewright.base.errors import BadSetting
from wavewright.training import batch_memory
from wavewright.training.batch_memory import available_bytes, bytes_of_step, check_batch_size


class Deep(TwoPlayers):
    """One player: layers of ReLU; a step keeps the input and the output of each, ``n`` numbers of each clip."""

    def __init__(self, n, depth):
        super().__init__()
        self.layers = nn.Sequential(*(layer for _ in range(depth) for layer in (nn.Linear(n, n), nn.ReLU())))

    def turns(self, step):
        return [("line", lambda batch: {"line/square": self.layers(batch["x"]).sum()})]


def loop_of(network, batch_size, n=3):
    class Batches:
        def __init__(self):
            self.batch_size = batch_size

        def __call__(self, number):
            return {"x": torch.zeros(self.batch_size, n).numpy()}

    return SimpleNamespace(
        settings=replace(SETTINGS, batch_size=batch_size),
        network=network,
        batches=Batches(),
        progress=SimpleNamespace(step=0),
        state=SimpleNamespace(device=torch.device("cpu")),
    )


def entries(n, seconds):
    return [SimpleNamespace(seconds=seconds) for _ in range(n)]


@pytest.mark.parametrize(("n", "depth"), [(50, 4), (200, 2), (16, 30)])
@pytest.mark.parametrize("batch_size", [300, 10_000])
def test_the_memory_of_a_step_is_that_of_its_layers(n, depth, batch_size):
    weights = 4 * depth * n * (n + 1)
    kept = 4 * batch_size * n * (depth + 1)  # the input, and the output of each ReLU, in float32
    fixed, each = bytes_of_step(loop_of(Deep(n, depth), batch_size, n))
    needed = (fixed + batch_size * each) / batch_memory.OVERHEAD
    assert kept <= needed <= kept + 2 * weights + 4 * batch_size * n


def test_a_batch_that_draws_each_recording_again_and_again_is_refused():
    with pytest.raises(BadSetting, match=r"batch_size is 4096, .* 13 training recordings of 3.9 s.* at most 832"):
        check_batch_size(loop_of(TwoPlayers(), 4096), entries(13, 0.3))
    check_batch_size(loop_of(TwoPlayers(), 256), entries(1, 0.3))  # as many as a default may have


def test_a_batch_beyond_the_memory_is_refused_with_one_that_fits(monkeypatch):
    network, size = Deep(100, 5), 4096
    monkeypatch.setattr(batch_memory, "available_bytes", lambda: 1_000_000)
    with pytest.raises(BadSetting, match=r"batch_size=4096 needs about .* GB of memory") as refusal:
        check_batch_size(loop_of(network, size, 100), entries(100, 60.0))
    fitting = int(re.search(r"batch_size=(\d+) or less", str(refusal.value))[1])
    fixed, each = bytes_of_step(loop_of(network, fitting, 100))
    assert 900_000 < fixed + fitting * each <= 1_000_000
    for free in (None, 10**12):
        monkeypatch.setattr(batch_memory, "available_bytes", lambda free=free: free)
        check_batch_size(loop_of(network, size, 100), entries(100, 60.0))


def test_the_free_memory_is_the_least_that_system_and_container_leave(tmp_path, monkeypatch):
    monkeypatch.setattr("wavewright.training.batch_memory.MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr("wavewright.training.batch_memory.CGROUP", tmp_path)
    assert available_bytes() is None
    (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:    4000 kB\n")
    assert available_bytes() == 4_096_000
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert available_bytes() == 4_096_000
    (tmp_path / "memory.max").write_text("3000000\n")
    assert available_bytes() == 2_000_000


STUCK = """
import hashlib, sys
from wavewright.base.interruption import ended_by_signals
from wavewright.training import stop_request
stop_request.GRACE_SECONDS, stop_request.RESPONSE_SECONDS = float(sys.argv[1]), 0.1
stop_request.ANSWERED_SECONDS = 0.1  # the signal may come before the function begins, and its handler run
with ended_by_signals(), stop_request.stop_request(lambda line: print(line, flush=True)):
    print("in the step", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)  # for minutes, and no handler runs meanwhile
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without telling them")
@pytest.mark.parametrize(("grace", "n_signals"), [("600", 2), ("0.1", 1)])
def test_a_training_that_is_in_a_native_function_ends_on_sigterm(grace, n_signals):
    with subprocess.Popen([sys.executable, "-c", STUCK, grace], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "in the step\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline().startswith("SIGTERM: saving the checkpoint")  # at once
        if n_signals == 2:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LIMIT_SECONDS) == 128 + signal.SIGTERM
        assert "the step takes too long; stopping without it" in process.stdout.read()
