"""Health: warnings, and rollbacks to an earlier checkpoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import SETTINGS, Quiet, TwoPlayers, batches, make_loop, step_of, tensors_of

from wavewright.base.errors import TrainingStopped
from wavewright.contracts.family import HealthRules
from wavewright.training.health import Health
from wavewright.training.loop import LAST, Loop

RULES = HealthRules(loss="valid/loss", level_db="level_db", diversity="diversity", copying="copying")


def test_health_warns_of_silence_collapse_copying_and_overfitting():
    messages: list[str] = []
    health = Health()
    results = [health.after_evaluation({"level_db": -90.0}, RULES, messages.append) for _ in range(3)]
    assert results[:2] == [None, None]
    assert "silent" in results[2]
    for metrics in ({"diversity": 0.1}, {"copying": 0.9}, {"valid/loss": 1.0}, {"valid/loss": 2.0}):
        for _ in range(5):
            assert health.after_evaluation(metrics, RULES, messages.append) is None
    assert len(messages) == 3
    for line, words in zip(messages, ("repeats itself", "the generator copies", "over-fits"), strict=True):
        assert words in line


@pytest.mark.parametrize(
    ("metric", "remedy"),
    [
        ("", "no best checkpoint is kept, set training.metric=valid/loss in a new run to keep it."),
        ("valid/bits", "the best checkpoint by valid/bits is kept, set training.patience to stop automatically."),
        ("-accuracy", "the best checkpoint by accuracy is kept, set training.patience to stop automatically."),
    ],
)
def test_the_remedy_for_overfitting_depends_on_the_metric(metric, remedy):
    messages: list[str] = []
    health = Health()
    for loss in (1.0, 2.0, 2.0, 2.0):
        health.after_evaluation({"valid/loss": loss}, RULES, messages.append, metric)
    assert messages == [
        f"warning: the validation loss 2.000 has risen from its best 1.000: the network over-fits; {remedy}"
    ]


def test_health_of_losses():
    assert "not a number" in Health().after_step({"a": float("inf")})
    health = Health()
    assert [health.after_step({"a": loss}) is None for loss in (1e6, 1e6, 1.0, 1e6, 1e6, 1e6)] == [True] * 5 + [False]
    assert Health().after_step({"a": 1.0}) is None


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
    assert loop.state.optimizers["line"].param_groups[0]["lr"] == pytest.approx(SETTINGS.learning_rate_at(11, 12) / 2)


def test_a_run_that_diverges_again_and_again_stops_with_a_remedy(tmp_path):
    loop = make_loop(tmp_path)
    loop.network.turns = lambda step: [
        ("line", lambda batch: {"line/square": loop.network.line(batch["x"]).mean() * float("nan")})
    ]
    with pytest.raises(TrainingStopped, match="learning_rate"):
        loop.run()
    assert step_of(tmp_path / LAST) == 0


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
    assert "A weight is not a number" in loop.observer.messages[1]
    assert "Going back to step 5" in loop.observer.messages[1]
    assert all(tensor.isfinite().all() for tensor in tensors_of(tmp_path).values())


def test_silence_goes_back_to_the_best_checkpoint(tmp_path):
    measured = iter([(3.0, -1.0), (2.0, -1.0), (4.0, -90.0), (5.0, -90.0), (6.0, -90.0)] + [(2.5, -1.0)] * 99)
    settings = replace(SETTINGS, steps=40, metric="distance")
    loop = make_loop(
        tmp_path, settings, lambda _: dict(zip(("distance", "level_db"), next(measured), strict=True)), RULES
    )
    progress = loop.run()
    assert (progress.step, progress.best_step, progress.rollbacks) == (40, 8, 1)
    assert loop.observer.messages[1].startswith(
        "warning: The generated clips are silent (-90 dB) for 3 evaluations. Going back to step 8"
    )


def test_after_going_back_other_batches_are_drawn(tmp_path):
    silent_at_its_best = iter([3.0, 2.0, 1.0, 4.0, 4.0])
    settings = replace(SETTINGS, steps=14, metric="distance")
    torch.manual_seed(0)
    numbered = lambda number: {**batches(number), "number": np.array(number)}  # noqa: E731
    measure = lambda _: {"distance": next(silent_at_its_best), "level_db": -90.0}  # noqa: E731
    loop = Loop(TwoPlayers(), numbered, settings, tmp_path, Quiet(), measure, health_rules=RULES)
    drawn, line_loss = [], loop.network.line_loss
    loop.network.line_loss = lambda batch: drawn.append(int(batch["number"])) or line_loss(batch)
    loop.run()
    assert drawn[-14:] == [*range(12), 1_000_003 + 12, 1_000_003 + 13]  # not the one that was made in advance


def test_a_rollback_is_saved(tmp_path):
    loop = make_loop(tmp_path)
    loop.save(LAST)
    loop.progress.health.in_a_row["silent"] = 2
    loop.roll_back("It is silent.", LAST)
    other = make_loop(tmp_path)
    other.resume()
    assert other.progress.rollbacks == 1
    assert other.progress.health == Health()


def test_what_a_family_does_not_name_is_not_watched():
    messages: list[str] = []
    health, metrics = Health(), {"level_db": -90.0, "diversity": 0.0, "copying": 1.0, "valid/active": 0.0}
    assert [health.after_evaluation(metrics, HealthRules(), messages.append) for _ in range(4)] == [None] * 4
    assert messages == []


def test_a_warning_has_the_remedy_of_the_family():
    rules, messages = HealthRules(diversity="spread", diversity_remedy="raise model.energy_weight"), []
    health = Health()
    for _ in range(3):
        health.after_evaluation({"spread": 0.1}, rules, messages.append)
    assert messages[0].endswith("raise model.energy_weight.")
