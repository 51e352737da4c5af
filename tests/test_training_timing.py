"""Thread counts are timed by a clock of the test's own: the fastest is kept, and a hopeless one is given up early."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from wavewright.training import timing


class Staged(torch.nn.Linear):
    """A network of two stages."""

    def __init__(self):
        super().__init__(1, 1)

    def stage_starts(self):
        return (0, 100)


class Timed:
    """A loop whose steps take as many seconds as ``cost`` gives for the number of threads."""

    def __init__(self, monkeypatch, cost):
        self.clock, self.threads, self.taken = 0.0, 1, []
        self.network = self.average = Staged()
        self.settings, self.device = SimpleNamespace(threads=0), torch.device("cpu")
        self.observer, self.progress = SimpleNamespace(log=lambda text: None), SimpleNamespace(step=0, threads=0)
        self.cost, self.new_optimizers, self.batches_from = cost, dict, None
        monkeypatch.setattr(timing, "_thread_counts", lambda device: sorted(cost))
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.clock)
        monkeypatch.setattr(torch, "set_num_threads", lambda count: setattr(self, "threads", count))

    def step_once(self, batches):
        self.taken.append(self.threads)
        self.clock += self.cost[self.threads]


@pytest.mark.parametrize(
    ("cost", "best", "n_steps"),
    [
        ({1: 1.0, 2: 0.6}, 2, 10),
        ({1: 1.0, 2: 1.5}, 1, 10),
        ({1: 1.0, 2: 200.0}, 1, 2),
        ({1: 2.0, 2: 1.0, 4: 90.0}, 2, 2),
    ],
)
def test_a_thread_count_that_cannot_win_is_given_up(monkeypatch, cost, best, n_steps):
    loop = Timed(monkeypatch, cost)
    assert timing.time_threads(loop) == pytest.approx([cost[best]] * 2)
    assert loop.progress.threads == best
    assert loop.taken.count(max(cost)) == n_steps  # five of each of two stages, or one of each
