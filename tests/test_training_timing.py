"""Timing: the fastest number of threads is chosen, and a hopeless one is abandoned early."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
from tiny_training import SETTINGS, make_loop

from wavewright.training import loop, processes


class Timed:
    """Steps that take as many seconds as ``cost`` says for the number of threads."""

    def __init__(self, monkeypatch, cost):
        self.clock, self.threads, self.steps = 0.0, 1, []
        self.cost = cost
        monkeypatch.setattr(processes.time, "perf_counter", lambda: self.clock)
        monkeypatch.setattr(torch, "set_num_threads", lambda count: setattr(self, "threads", count))

    def run_step(self, step):
        self.steps.append((self.threads, step))
        self.clock += self.cost[self.threads]


@pytest.mark.parametrize(
    ("cost", "n_steps"),
    [
        ({1: 1.0, 2: 0.6}, 10),
        ({1: 1.0, 2: 1.5}, 10),
        ({1: 1.0, 2: 200.0}, 2),
        ({1: 2.0, 2: 1.0, 4: 90.0}, 2),
    ],
)
def test_a_hopeless_thread_count_is_abandoned(monkeypatch, cost, n_steps):
    timed, messages = Timed(monkeypatch, cost), []
    seconds = processes.time_steps(timed.run_step, (0, 100), sorted(cost), messages.append)
    assert seconds == {count: pytest.approx([cost[count]] * 2) for count in cost}
    assert [step for count, step in timed.steps if count == 1] == [*range(5), *range(100, 105)]
    assert [count for count, _ in timed.steps].count(max(cost)) == n_steps  # five of each of two stages, or one of each
    assert re.match(r"timing \d+ steps on 1 thread and 2 threads", messages[0])


def test_the_fastest_thread_count_is_chosen(tmp_path, monkeypatch):
    def time_steps(run_step, stage_starts, counts, log, seconds_for_steps):
        assert (stage_starts, counts) == ((0,), [1, 2, 4])
        run_step(3)
        return {1: [2.0], 2: [0.5], 4: [1.0]}

    monkeypatch.setattr(loop, "thread_counts", lambda device: [1, 2, 4])
    monkeypatch.setattr(loop, "time_steps", time_steps)
    timed = make_loop(tmp_path, replace(SETTINGS, threads=0))
    weights = timed.state.snapshot()
    assert timed.choose_threads() == [0.5]
    assert (timed.progress.threads, timed.progress.step) == (2, 0)
    for before, after in zip(weights, timed.state.snapshot(), strict=True):
        assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(("steps", "is_timed"), [(1, False), (59, False), (60, True), (1_000, True)])
def test_a_plan_too_short_for_timing_has_one_thread(tmp_path, monkeypatch, steps, is_timed):
    calls = []
    monkeypatch.setattr(loop, "thread_counts", lambda device: [1, 2, 4])
    monkeypatch.setattr(loop, "time_steps", lambda *rest: calls.append(rest) or {1: [1.0], 2: [0.5], 4: [1.0]})
    planned = make_loop(tmp_path, replace(SETTINGS, threads=0, steps=steps))
    planned.plan(None)
    assert (planned.progress.threads, len(calls)) == ((2, 1) if is_timed else (1, 0))
