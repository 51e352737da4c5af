"""The training loop: exact resume (also after a kill), turns, averaging, settings, health, early stopping, rollback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from wavewright.errors import BadModel, BadSetting, TrainingStopped
from wavewright.training import checkpoint, processes
from wavewright.training.checkpoint import Progress
from wavewright.training.health import Health
from wavewright.training.loop import BEST, LAST, Loop
from wavewright.training.settings import TrainingSettings, override

SETTINGS = TrainingSettings(steps=12, batch_size=4, save_every=5, evaluate_every=4, threads=1, precision="float32", seed=3)


class TwoPlayers(nn.Module):
    """A line fitted by one player, and a second player that learns the first one's mean error; noisy on purpose."""

    def __init__(self):
        super().__init__()
        self.line, self.echo = nn.Linear(3, 1), nn.Linear(1, 1)
        self.order: list[str] = []

    def players(self):
        return {"line": self.line, "echo": self.echo}

    def averaged(self):
        return self.line

    def loss_weights(self, step):
        return {"line/square": 1.0, "echo/square": 0.5}

    def turns(self, step):
        return [("line", self.line_loss), ("echo", self.echo_loss)]

    def line_loss(self, batch):
        batch["error"] = self.line(batch["x"] + 0.1 * torch.randn_like(batch["x"])) - batch["x"].sum(1, keepdim=True)
        return {"line/square": batch["error"].square().mean()}

    def echo_loss(self, batch):
        return {"echo/square": (self.echo(batch["error"].detach()) - batch["error"].detach().abs()).square().mean()}


class Quiet:
    """An observer that remembers."""

    def __init__(self):
        self.losses, self.said, self.evaluations = [], [], []

    def step(self, progress, losses, seconds):
        self.losses.append(losses)

    def evaluation(self, progress, metrics):
        self.evaluations.append(metrics)

    def say(self, message):
        self.said.append(message)


def batches(step: int) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng([5, step]).normal(size=(4, 3)).astype(np.float32)}


def make_loop(folder: Path, settings: TrainingSettings = SETTINGS, evaluate=None) -> Loop:
    torch.manual_seed(0)
    return Loop(TwoPlayers(), batches, settings, folder, Quiet(), evaluate)


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / LAST)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_resume_after_a_stop_at_any_step_is_bit_equal(tmp_path):
    make_loop(tmp_path / "whole").run()
    for stop in (1, 4, 5, 11):
        folder = tmp_path / f"stopped-{stop}"
        first = make_loop(folder)
        press_ctrl_c_in(first, step=stop - 1)
        first.run()
        assert first.progress.step == stop  # the step was ended
        assert first.observer.said == [f"stopped by Ctrl-C at step {stop} of 12; go on with --resume."]
        second = make_loop(folder)
        assert second.resume()
        second.run()
        assert same(tensors_of(folder), tensors_of(tmp_path / "whole"))


def press_ctrl_c_in(loop: Loop, step: int) -> None:
    """Make the person press Ctrl-C between the turns of a step."""
    echo_loss = loop.network.echo_loss

    def interrupted(batch):
        if loop.progress.step == step:
            signal.raise_signal(signal.SIGINT)
        return echo_loss(batch)

    loop.network.echo_loss = interrupted


def test_a_second_ctrl_c_stops_at_once_and_leaves_the_last_checkpoint(tmp_path):
    loop = make_loop(tmp_path)
    press_ctrl_c_in(loop, step=7)
    press_ctrl_c_in(loop, step=7)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert make_loop_reader(tmp_path / LAST) == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from dataclasses import replace
from test_training import SETTINGS, make_loop
loop = make_loop(Path({folder!r}), replace(SETTINGS, steps={steps}, save_every=1))
loop.resume()
loop.run()
print("done")
"""


def test_killed_at_any_moment_it_resumes_bit_equal_and_finds_no_broken_checkpoint(tmp_path):
    steps = 1000
    script = textwrap.dedent(KILLED)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    make_loop(whole, replace(SETTINGS, steps=steps, save_every=1000)).run()
    seen = []
    for wait in (0.02, 0.2):
        code = script.format(tests=str(Path(__file__).parent), folder=str(killed), steps=steps)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        before = seen[-1] if seen else 0
        deadline = time.monotonic() + 60
        while _step_of(killed) <= before and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(wait)
        process.kill()  # SIGKILL: no handler runs
        process.communicate()
        seen.append(_step_of(killed))
    assert 0 < seen[0] < seen[1] < steps
    last = make_loop(killed, replace(SETTINGS, steps=steps, save_every=1000))
    assert last.resume()
    last.run()
    assert same(tensors_of(killed), tensors_of(whole))


def _step_of(folder: Path) -> int:
    """The step of the checkpoint in a folder, -1 while there is none; a checkpoint that is there must load."""
    if not (folder / LAST).is_file():
        return -1
    return make_loop_reader(folder / LAST)


def make_loop_reader(path: Path) -> int:
    network = TwoPlayers()
    optimizers = {name: torch.optim.AdamW(player.parameters()) for name, player in network.players().items()}
    return checkpoint.load(path, network, nn.Linear(3, 1), optimizers).step


def test_each_turn_moves_its_own_player_alone(tmp_path):
    loop = make_loop(tmp_path)
    network = loop.network
    network.turns = lambda step: [("echo", lambda batch: network.line_loss(batch) and network.echo_loss(batch))]
    line, echo = network.line.weight.clone(), network.echo.weight.clone()
    loop.run()
    assert torch.equal(network.line.weight, line)
    assert not torch.equal(network.echo.weight, echo)


def test_a_loss_without_a_weight_is_an_error(tmp_path):
    loop = make_loop(tmp_path)
    loop.network.loss_weights = lambda step: {"line/square": 1.0}
    with pytest.raises(KeyError, match="echo/square"):
        loop.run()


def test_accumulating_two_batches_equals_one_of_twice_the_size(tmp_path):
    def run(folder, accumulate, source):
        settings = replace(SETTINGS, accumulate=accumulate, steps=3)
        torch.manual_seed(0)
        loop = Loop(TwoPlayers(), source, settings, folder, Quiet())
        loop.network.line_loss = lambda batch: (
            batch.update(error=loop.network.line(batch["x"]) - 1) or {"line/square": batch["error"].square().mean()}
        )
        loop.run()
        return loop.network.line.weight.detach()

    twice = run(tmp_path / "a", 2, batches)
    joined = run(tmp_path / "b", 1, lambda step: {"x": np.concatenate([batches(2 * step)["x"], batches(2 * step + 1)["x"]])})
    torch.testing.assert_close(twice, joined, rtol=1e-6, atol=1e-7)


TOGETHER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import torch
from test_training import make_shared_loop
from wavewright.training import processes
with processes.joined(torch.device("cpu")):
    make_shared_loop(Path({folder!r}), accumulate=1).run()
"""


def make_shared_loop(folder: Path, accumulate: int) -> Loop:
    """A loop without noise whose last process meets a loss that is no number in its second step."""
    settings = replace(SETTINGS, accumulate=accumulate, steps=3, evaluate_every=1, metric="rank")
    loop = make_loop(folder, settings, lambda _: {"rank": processes.rank()})

    def line_loss(batch):
        batch["error"] = loop.network.line(batch["x"]) - 1
        is_bad = (loop.progress.step, loop.progress.rollbacks, processes.rank()) == (1, 0, processes.count() - 1)
        return {"line/square": batch["error"].square().mean() * (float("nan") if is_bad else 1.0)}

    loop.network.line_loss = line_loss
    return loop


def test_two_processes_equal_one_that_accumulates_two_batches(tmp_path):
    code = TOGETHER.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "two"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = [subprocess.Popen([sys.executable, "-c", code], env={**common, "RANK": str(rank)}) for rank in range(2)]
    assert [process.wait(120) for process in started] == [0, 0]
    one = make_shared_loop(tmp_path / "one", accumulate=2).run()
    assert (one.step, one.rollbacks, one.best) == (3, 1, 0)
    together, alone = tensors_of(tmp_path / "two"), tensors_of(tmp_path / "one")
    for name in alone:
        torch.testing.assert_close(together[name], alone[name], rtol=1e-5, atol=1e-6)


def test_the_average_of_constant_weights_is_those_weights_and_lags_behind_moving_ones(tmp_path):
    still = make_loop(tmp_path / "still", replace(SETTINGS, learning_rate=0.0))
    still.run()
    torch.testing.assert_close(still.average.weight, still.network.line.weight, rtol=1e-6, atol=1e-7)
    loop = make_loop(tmp_path / "moving", replace(SETTINGS, steps=1, schedule="constant"))
    start = loop.network.line.weight.detach().clone()
    loop.run()
    expected = start + (1 - 1 / 10) * (loop.network.line.weight - start)  # the first decay is (1 + 0) / (10 + 0)
    torch.testing.assert_close(loop.average.weight, expected)


def test_the_best_checkpoint_is_that_of_the_best_metric_and_patience_ends_the_run(tmp_path):
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0])
    loop = make_loop(
        tmp_path, replace(SETTINGS, steps=100, metric="valid/loss", patience=2), evaluate=lambda _: {"valid/loss": next(values)}
    )
    progress = loop.run()
    assert (progress.best, progress.best_step, progress.step) == (1.0, 8, 16)
    assert "valid/loss has not improved" in progress.finished
    assert make_loop_reader(tmp_path / BEST) == 8


def test_an_unknown_metric_is_named(tmp_path):
    loop = make_loop(tmp_path, replace(SETTINGS, metric="nosuch"), evaluate=lambda _: {"valid/loss": 1.0})
    with pytest.raises(BadSetting, match="valid/loss"):
        loop.run()


def test_a_loss_that_is_not_a_number_goes_back_to_the_checkpoint_with_half_the_learning_rate(tmp_path):
    loop = make_loop(tmp_path)
    good = loop.network.line_loss

    def bad_once(batch):
        losses = good(batch)
        poisoned = loop.progress.step == 7 and loop.progress.rollbacks == 0
        return {"line/square": losses["line/square"] * (float("nan") if poisoned else 1.0)}

    loop.network.turns = lambda step: [("line", bad_once), ("echo", loop.network.echo_loss)]
    progress = loop.run()
    assert (progress.step, progress.rollbacks) == (12, 1)
    assert torch.isfinite(loop.network.line.weight).all()
    assert loop.optimizers["line"].param_groups[0]["lr"] == pytest.approx(SETTINGS.learning_rate_at(11, 12) / 2)


def test_a_run_that_diverges_again_and_again_stops_with_a_remedy(tmp_path):
    loop = make_loop(tmp_path)
    loop.network.turns = lambda step: [
        ("line", lambda batch: {"line/square": loop.network.line(batch["x"]).mean() * float("nan")})
    ]
    with pytest.raises(TrainingStopped, match="learning_rate"):
        loop.run()
    assert make_loop_reader(tmp_path / LAST) == 0


def test_weights_that_are_not_numbers_are_never_saved(tmp_path):
    loop = make_loop(tmp_path)
    good = loop.network.echo_loss

    def poisons_its_weights(batch):  # with a finite loss, as the root of zero does
        if loop.progress.step == 9 and loop.progress.rollbacks == 0:
            loop.network.line.weight.data[0, 0] = float("nan")
        return good(batch)

    loop.network.echo_loss = poisons_its_weights
    progress = loop.run()
    assert (progress.step, progress.rollbacks) == (12, 1)
    assert "A weight is not a number" in loop.observer.said[0]
    assert "Going back to step 5" in loop.observer.said[0]
    assert all(tensor.isfinite().all() for tensor in tensors_of(tmp_path).values())


def test_silence_goes_back_to_the_best_checkpoint(tmp_path):
    measured = iter([(3.0, -1.0), (2.0, -1.0), (4.0, -90.0), (5.0, -90.0), (6.0, -90.0)] + [(2.5, -1.0)] * 99)
    settings = replace(SETTINGS, steps=40, metric="distance")
    loop = make_loop(tmp_path, settings, lambda _: dict(zip(("distance", "level_db"), next(measured), strict=True)))
    progress = loop.run()
    assert (progress.step, progress.best_step, progress.rollbacks) == (40, 8, 1)
    assert loop.observer.said[0].startswith("The generated sounds are silent (-90 dB) for 3 evaluations. Going back to step 8")


def test_after_going_back_other_batches_are_drawn(tmp_path):
    silent_at_its_best = iter([3.0, 2.0, 1.0, 4.0, 4.0])
    settings = replace(SETTINGS, steps=14, metric="distance")
    torch.manual_seed(0)
    numbered = lambda number: {**batches(number), "number": np.array(number)}  # noqa: E731
    measure = lambda _: {"distance": next(silent_at_its_best), "level_db": -90.0}  # noqa: E731
    loop = Loop(TwoPlayers(), numbered, settings, tmp_path, Quiet(), measure)
    drawn, line_loss = [], loop.network.line_loss
    loop.network.line_loss = lambda batch: drawn.append(int(batch["number"])) or line_loss(batch)
    loop.run()
    assert drawn[-14:] == [*range(12), 1_000_003 + 12, 1_000_003 + 13]  # not the one that was made in advance


def test_a_run_killed_after_going_back_knows_of_it(tmp_path):
    loop = make_loop(tmp_path)
    loop.save(LAST)
    loop.progress.health.in_a_row["silent"] = 2
    loop._roll_back("It is silent.", LAST)
    other = make_loop(tmp_path)
    other.resume()
    assert other.progress.rollbacks == 1
    assert other.progress.health == Health()


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
    with pytest.raises(BadModel, match="not a checkpoint that can be read"):
        make_loop(tmp_path).resume()
    (tmp_path / LAST).write_bytes(content)
    other = make_loop(tmp_path)
    other.network.line = nn.Linear(4, 1)
    with pytest.raises(BadModel, match="another shape"):
        other.resume()


def test_minutes_decide_the_number_of_steps_once(tmp_path):
    loop = make_loop(tmp_path, replace(SETTINGS, steps=0, threads=0))
    loop.run(max_minutes=0.01)
    planned, threads = loop.progress.steps, loop.progress.threads
    assert planned >= 20
    again = make_loop(tmp_path, replace(SETTINGS, steps=0, threads=0))
    again.resume()
    again.run(max_minutes=0.02)
    assert (again.progress.steps, again.progress.threads) == (planned, threads)


def test_without_steps_or_minutes_it_asks_for_them(tmp_path):
    with pytest.raises(BadSetting, match="--max-minutes"):
        make_loop(tmp_path, replace(SETTINGS, steps=0)).run()


def test_timing_threads_leaves_no_trace(tmp_path):
    timed, plain = make_loop(tmp_path / "a", replace(SETTINGS, threads=0)), make_loop(tmp_path / "b")
    timed._time_threads()
    timed.progress.threads = 1
    timed.run()
    plain.run()
    assert same(tensors_of(tmp_path / "a"), tensors_of(tmp_path / "b"))


@pytest.mark.parametrize(
    ("schedule", "step", "share"),
    [
        ("linear", 0, 1.0),
        ("linear", 50, 0.55),
        ("linear", 100, 0.1),
        ("cosine", 50, 0.55),
        ("cosine", 100, 0.1),
        ("constant", 70, 1.0),
    ],
)
def test_schedules_follow_their_formula(schedule, step, share):
    settings = TrainingSettings(learning_rate=2.0, schedule=schedule, final_share=0.1)
    assert settings.learning_rate_at(step, 100) == pytest.approx(2.0 * share)


def test_warm_up_rises_in_a_line():
    settings = TrainingSettings(learning_rate=1.0, schedule="constant", warmup_steps=4)
    assert [settings.learning_rate_at(step, 100) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_overrides_are_checked_by_name_and_type():
    parts = override({"training": SETTINGS}, ["steps=7", "training.betas=0.5,0.9", "schedule=cosine"])
    assert (parts["training"].steps, parts["training"].betas, parts["training"].schedule) == (7, (0.5, 0.9), "cosine")
    for wrong, words in [
        ("step=7", "near are steps"),
        ("steps=many", "integer"),
        ("steps", "name=value"),
        ("schedule=wave", "'linear'"),
    ]:
        with pytest.raises(BadSetting, match=words):
            override({"training": SETTINGS}, [wrong])


def test_health_speaks_of_silence_collapse_copying_and_overfitting():
    said: list[str] = []
    health = Health()
    results = [health.after_evaluation({"level_db": -90.0}, said.append) for _ in range(3)]
    assert results[:2] == [None, None]
    assert "silent" in results[2]
    for metrics in ({"diversity": 0.1}, {"copying": 0.9}, {"valid/loss": 1.0}, {"valid/loss": 2.0}):
        for _ in range(5):
            assert health.after_evaluation(metrics, said.append) is None
    assert len(said) == 3
    for line, words in zip(said, ("repeats itself", "the generator copies", "over-fits"), strict=True):
        assert words in line


def test_health_of_losses():
    assert "not a number" in Health().after_step({"a": float("inf")})
    health = Health()
    assert [health.after_step({"a": loss}) is None for loss in (1e6, 1e6, 1.0, 1e6, 1e6, 1e6)] == [True] * 5 + [False]
    assert Health().after_step({"a": 1.0}) is None


def test_progress_survives_the_checkpoint(tmp_path):
    loop = make_loop(tmp_path)
    loop.progress = Progress(step=5, steps=12, threads=1, minutes=1.5, best=0.25, best_step=4, rollbacks=1, metrics={"a": 2.0})
    loop.progress.health = Health({"silent": 2}, best_validation=0.5)
    loop.save(LAST)
    other = make_loop(tmp_path)
    other.resume()
    assert other.progress == loop.progress
