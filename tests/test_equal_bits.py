"""What docs/training.md promises to be equal to the bit: in any number of threads, and after a resumed training."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from threadpoolctl import threadpool_limits
from tiny_training import SETTINGS, make_loop, same, tensors_of

from wavewright.base.onnx_runtime import open_session
from wavewright.contracts.runtime import Generator
from wavewright.data.splits import split_of
from wavewright.effects import EFFECTS, Pan

RATE = 44_100


@contextmanager
def threads(n_threads):
    """Give NumPy, SciPy and PyTorch so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    with threadpool_limits(n_threads):
        yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_resumed_training_has_the_threads_of_its_start(tmp_path, n_threads):
    def run(folder, n_steps, around):
        loop = make_loop(tmp_path / folder, replace(SETTINGS, threads=n_threads))
        loop.resume()
        seen, echo_loss = set(), loop.network.echo_loss

        def noted(batch):
            seen.add(torch.get_num_threads())
            if loop.progress.step == n_steps:
                signal.raise_signal(signal.SIGINT)
            return echo_loss(batch)

        loop.network.echo_loss = noted
        with threads(around):
            loop.run()
        return seen, loop.progress.step

    assert run("whole", 99, n_threads) == ({n_threads}, 12)
    assert run("stopped", 6, n_threads) == ({n_threads}, 7)
    assert run("stopped", 99, 3 - n_threads) == ({n_threads}, 12)
    assert same(tensors_of(tmp_path / "stopped"), tensors_of(tmp_path / "whole"))


def without_files():
    """Return the effects that need no file and no setting."""
    for name, effect in EFFECTS.items():
        try:
            yield pytest.param(effect(), id=name)
        except TypeError:
            continue


@pytest.mark.parametrize("effect", [*without_files()])
def test_effects_are_equal_in_any_number_of_threads(effect):
    n_channels = 1 if isinstance(effect, Pan) else 2
    wave = (0.3 * np.random.default_rng(0).standard_normal((n_channels, RATE // 2))).astype(np.float32)
    results = []
    for n_threads in (1, 2):
        with threads(n_threads):
            results.append(effect(wave, RATE).tobytes())
    assert results[0] == results[1]


def test_models_are_run_in_one_thread(tmp_path):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", values[:1], values[1:])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "a.onnx")
    options = open_session(tmp_path / "a.onnx").get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def test_splits_and_draws_are_those_of_every_machine():
    assert [split_of(f"clip {number}", 0.3, 0.3) for number in range(6)] == [
        "test",
        "valid",
        "valid",
        "train",
        "valid",
        "train",
    ]
    rng = Generator.clip_rng(SimpleNamespace(labels=("kick",)), 7, 3, 0)
    assert rng.integers(0, 2**63, 2).tolist() == [3506645011038401260, 3415916610250404700]
