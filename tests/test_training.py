"""The training loop: turns, accumulation, averaging, the best checkpoint, plans, settings and schedules."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import SETTINGS, Quiet, TwoPlayers, batches, make_loop, same, step_of, tensors_of

from wavewright.base.errors import BadSetting
from wavewright.contracts.config import ModelConfig
from wavewright.contracts.recipe import Recipe
from wavewright.contracts.settings import TrainingSettings, override
from wavewright.training import loop as loop_module
from wavewright.training.loop import BEST, Loop


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
    joined = run(
        tmp_path / "b", 1, lambda step: {"x": np.concatenate([batches(2 * step)["x"], batches(2 * step + 1)["x"]])}
    )
    torch.testing.assert_close(twice, joined, rtol=1e-6, atol=1e-7)


def test_the_average_of_constant_weights_is_those_weights_and_lags_behind_moving_ones(tmp_path):
    still = make_loop(tmp_path / "still", replace(SETTINGS, learning_rate=1e-9))
    still.run()
    torch.testing.assert_close(still.average.weight, still.network.line.weight, rtol=1e-6, atol=1e-7)
    loop = make_loop(tmp_path / "moving", replace(SETTINGS, steps=1, schedule="constant"))
    start = loop.network.line.weight.detach().clone()
    loop.run()
    expected = start + (1 - 1 / 10) * (loop.network.line.weight - start)  # the first decay is (1 + 0) / (10 + 0)
    torch.testing.assert_close(loop.average.weight, expected)


def test_a_network_that_freezes_layers_continues_from_its_average(tmp_path):
    loop = make_loop(tmp_path, replace(SETTINGS, steps=8))
    seen = {}

    def turns(step):
        seen[step] = (loop.network.line.weight.detach().clone(), loop.average.weight.detach().clone())
        return [("line", loop.network.line_loss), ("echo", loop.network.echo_loss)]

    loop.network.freeze_steps, loop.network.turns = lambda: (5,), turns
    loop.run()
    assert [step for step, (present, average) in seen.items() if torch.equal(present, average)] == [0, 5]


def test_the_best_checkpoint_is_that_of_the_best_metric_and_patience_ends_the_run(tmp_path):
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0])
    loop = make_loop(
        tmp_path,
        replace(SETTINGS, steps=100, metric="valid/loss", patience=2),
        evaluate=lambda _: {"valid/loss": next(values)},
    )
    progress = loop.run()
    assert (progress.best, progress.best_step, progress.step) == (1.0, 8, 16)
    assert "valid/loss has not improved" in progress.finished
    assert step_of(tmp_path / BEST) == 8


def test_an_unknown_metric_is_named(tmp_path):
    loop = make_loop(tmp_path, replace(SETTINGS, metric="nosuch"), evaluate=lambda _: {"valid/loss": 1.0})
    with pytest.raises(BadSetting, match="valid/loss"):
        loop.run()


def test_minutes_decide_the_number_of_steps_once(tmp_path):
    loop = make_loop(tmp_path, replace(SETTINGS, steps=0, threads=0))
    loop.run(max_minutes=0.01)
    planned, threads = loop.progress.steps, loop.progress.threads
    assert planned == loop.progress.step >= 1
    again = make_loop(tmp_path, replace(SETTINGS, steps=0, threads=0))
    again.resume()
    again.run(max_minutes=0.02)
    assert (again.progress.steps, again.progress.threads) == (planned, threads)


def test_without_steps_or_minutes_it_asks_for_them(tmp_path):
    with pytest.raises(BadSetting, match="--max-minutes"):
        make_loop(tmp_path, replace(SETTINGS, steps=0)).run()


def test_timing_threads_leaves_no_trace(tmp_path):
    timed, plain = make_loop(tmp_path / "a", replace(SETTINGS, threads=0)), make_loop(tmp_path / "b")
    timed.choose_threads()
    timed.progress.threads = 1
    timed.run()
    plain.run()
    assert same(tensors_of(tmp_path / "a"), tensors_of(tmp_path / "b"))


def test_a_run_of_several_stages_reports_its_duration_and_trains_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(loop_module, "is_worth_timing", lambda *plan: True)
    plain, staged = make_loop(tmp_path / "plain"), make_loop(tmp_path / "staged", replace(SETTINGS, threads=0))
    staged.network.stage_starts = lambda: (0, 8)
    staged.plan(None)
    staged.progress.threads = 1
    plain.run()
    staged.run()
    words = r"12 steps \(8 of \d+ ms, 4 of \d+ ms\) on \d+ threads?, in all about \d+ minutes"
    assert any(re.fullmatch(words, message) for message in staged.observer.messages)
    assert same(tensors_of(tmp_path / "plain"), tensors_of(tmp_path / "staged"))


def test_the_best_of_an_earlier_stage_does_not_count(tmp_path):
    values = iter([1.0, 5.0, 4.0])  # after steps 4, 8 and 12; critics, say, come in after step 6
    loop = make_loop(tmp_path, replace(SETTINGS, metric="error"), lambda _: {"error": next(values)})
    loop.network.stage_starts = lambda: (0, 6)
    progress = loop.run()
    assert (progress.best, progress.best_step) == (4.0, 12)
    values = iter([1.0, 5.0, 4.0])
    loop = make_loop(tmp_path / "one", replace(SETTINGS, metric="error"), lambda _: {"error": next(values)})
    assert (loop.run().best, loop.progress.best_step) == (1.0, 4)


@pytest.mark.parametrize(
    ("schedule", "step", "factor"),
    [
        ("linear", 0, 1.0),
        ("linear", 50, 0.55),
        ("linear", 100, 0.1),
        ("cosine", 50, 0.55),
        ("cosine", 100, 0.1),
        ("constant", 70, 1.0),
    ],
)
def test_schedules_follow_their_formula(schedule, step, factor):
    settings = TrainingSettings(learning_rate=0.5, schedule=schedule, final_fraction=0.1)
    assert settings.learning_rate_at(step, 100) == pytest.approx(0.5 * factor)


def test_warm_up_rises_in_a_line():
    settings = TrainingSettings(learning_rate=1.0, schedule="constant", warmup_steps=4)
    assert [settings.learning_rate_at(step, 100) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_overrides_are_checked_by_name_and_type():
    training = override(
        Recipe(ModelConfig(), None, SETTINGS), ["steps=7", "training.betas=0.5,0.9", "schedule=cosine"]
    ).training
    assert (training.steps, training.betas, training.schedule) == (7, (0.5, 0.9), "cosine")
    for wrong, words in [
        ("step=7", "the nearest are steps"),
        ("steps=many", "whole number"),
        ("steps", "steps=VALUE"),
        ("schedule=wave", "'linear'"),
    ]:
        with pytest.raises(BadSetting, match=words):
            override(Recipe(ModelConfig(), None, SETTINGS), [wrong])
