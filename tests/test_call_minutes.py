"""The minutes of a call: all that it does is within them, planned for, and reported."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from test_blas_threads import libraries as openblas_libraries
from test_run_folder import SETTINGS, write_kit
from tiny_training import SETTINGS as LOOP_SETTINGS, make_loop

from wavewright.families.gan.training import GanTraining
from wavewright.training import loop as loops, processes, run
from wavewright.training.loop import Loop
from wavewright.training.parameters import TrainParameters
from wavewright.training.plan import EVALUATION_FRACTION, SHORT_PLAN, Ending, evaluation_interval
from wavewright.training.train import train

STEP_SECONDS, EVALUATION_SECONDS, EXPORT_SECONDS, PREPARATION_SECONDS = 0.1, 0.3, 0.6, 1.0


@pytest.fixture
def clock(monkeypatch):
    """A clock that only a training moves: each step, evaluation and export takes its seconds; it has been prepared."""
    clock = SimpleNamespace(now=PREPARATION_SECONDS)

    def takes(owner, name, seconds):
        original = getattr(owner, name)

        def timed(*arguments, **options):
            result = original(*arguments, **options)
            clock.now += seconds
            return result

        monkeypatch.setattr(owner, name, timed)

    takes(Loop, "train_step", STEP_SECONDS)
    takes(GanTraining, "evaluate", EVALUATION_SECONDS)
    takes(run.Run, "export", EXPORT_SECONDS)
    for module in (loops, run):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(processes, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_a_real_training_takes_the_minutes_of_its_call(tmp_path, monkeypatch, clock, capsys):
    loops_run = []
    original = Loop.run
    monkeypatch.setattr(Loop, "run", lambda loop, minutes: loops_run.append(loop) or original(loop, minutes))
    write_kit(tmp_path / "kit")
    minutes = 0.2
    settings = (*SETTINGS, "training.evaluate_every=5")
    progress = train(
        TrainParameters(tmp_path / "kit", "gan", "tiny", tmp_path / "run", set=settings, max_minutes=minutes),
        started=0.0,
    )
    assert progress.finished
    assert progress.minutes == pytest.approx(clock.now / 60)  # preparation and export included
    assert 0.9 * minutes < progress.minutes < 1.1 * minutes
    (ending,) = [loop.ending for loop in loops_run]
    assert (ending.evaluation, ending.export) == pytest.approx((EVALUATION_SECONDS, EXPORT_SECONDS))
    every = progress.evaluate_every
    assert every % 5 == 0
    assert every > 5  # or evaluations would take most of the time
    shown = capsys.readouterr().err
    assert "an evaluation takes" in shown
    assert "exporting the model" in shown


def test_a_call_ends_in_time_to_export_where_the_plan_is_longer(tmp_path, monkeypatch, clock):
    ends = []
    original = Loop._log_end
    monkeypatch.setattr(Loop, "_log_end", lambda loop: ends.append(clock.now) or original(loop))
    write_kit(tmp_path / "kit")
    settings = (*SETTINGS, "training.steps=100000")
    progress = train(
        TrainParameters(tmp_path / "kit", "gan", "tiny", tmp_path / "run", set=settings, max_minutes=0.15, quiet=True),
        started=0.0,
    )
    assert not progress.finished
    assert 0 < progress.step < 100_000
    assert 9 - EXPORT_SECONDS - 2 * STEP_SECONDS < ends[0] <= 9 - EXPORT_SECONDS
    assert clock.now <= 9


def test_the_first_evaluation_is_timed_as_later_ones_are_run(tmp_path, monkeypatch):
    threads = []

    def noted(training, module, prepared):
        threads.append([library.get_num_threads() for library in openblas_libraries()])
        return {"distance": 1.0}

    libraries = openblas_libraries()
    if not libraries:
        pytest.skip("this NumPy has no OpenBLAS")
    before = [library.num_threads for library in libraries]
    monkeypatch.setattr(GanTraining, "evaluate", noted)
    write_kit(tmp_path / "kit")
    settings = (*SETTINGS, "training.steps=1")
    try:
        for library in libraries:
            library.set_num_threads(2)
        train(
            TrainParameters(
                tmp_path / "kit", "gan", "tiny", tmp_path / "run", set=settings, max_minutes=1.0, quiet=True
            )
        )
    finally:
        for library, count in zip(libraries, before, strict=True):
            library.set_num_threads(count)
    assert len(threads) == 2  # the one that is timed, and that of the last step
    assert all(count == 1 for counts in threads for count in counts)


@pytest.mark.parametrize("seed", range(20))
def test_evaluations_take_their_fraction_of_the_steps_at_most(seed):
    rng = np.random.default_rng(seed)
    every, step = int(rng.integers(1, 1_000)), float(rng.uniform(1e-3, 5))
    ending = Ending(float(rng.uniform(0, 100)), float(rng.uniform(0, 100)))
    interval = evaluation_interval(every, step, ending)
    cost = ending.evaluation + ending.export
    assert interval % every == 0
    assert cost <= EVALUATION_FRACTION * step * interval * (1 + 1e-9)
    assert interval == every or cost > EVALUATION_FRACTION * step * (interval - every)


def test_a_plan_that_shrinks_warns_then(tmp_path, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(loops, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(processes, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    loop = make_loop(tmp_path, replace(LOOP_SETTINGS, steps=0, evaluate_every=10_000))
    echo_loss = loop.network.echo_loss

    def slow(batch):
        clock.now += 0.1 if clock.now < 10 else 2.0
        return echo_loss(batch)

    loop.network.echo_loss = slow
    progress = loop.run(max_minutes=1)
    warnings = [message for message in loop.observer.messages if "steps is short" in message]
    assert progress.steps <= SHORT_PLAN
    assert len(warnings) == 1
    planned = [message for message in loop.observer.messages if " steps of " in message]
    assert int(planned[0].split()[0]) > 500  # at first
    assert clock.now == pytest.approx(60, abs=3)


def test_what_follows_the_steps_is_left_room_for(tmp_path, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(loops, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(processes, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    ending = Ending(evaluation=20.0, export=30.0, final=40.0)

    def evaluate(_):
        clock.now += 50.0 if loop.progress.step < loop.progress.steps else 20.0
        return {}

    loop = make_loop(tmp_path, replace(LOOP_SETTINGS, steps=0, evaluate_every=50, save_every=10_000), evaluate)
    loop.ending, loop.started = ending, -60.0  # a minute of preparation
    echo_loss = loop.network.echo_loss

    def slow(batch):
        clock.now += 0.5
        return echo_loss(batch)

    loop.network.echo_loss = slow
    progress = loop.run(max_minutes=10)
    assert progress.minutes * 60 + ending.export + ending.final == pytest.approx(600, rel=0.03)
    assert progress.evaluate_every == 400  # 50 s are a quarter of the time of 400 steps


def test_most_of_the_minutes_without_steps_is_said(tmp_path):
    loop = make_loop(tmp_path, replace(LOOP_SETTINGS, steps=0))
    loop.ending = Ending(evaluation=100.0, export=100.0)
    loop.plan(4.0, loops.time.monotonic() + 240)
    assert any(
        "export take about 3.3 of the 4 minutes; give --max-minutes 14" in each for each in loop.observer.messages
    )


def test_stages_out_of_reach_are_not_timed_and_timing_ends(monkeypatch):
    clock, steps = SimpleNamespace(now=0.0), []
    monkeypatch.setattr(processes, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setattr(processes.torch, "set_num_threads", lambda count: None)

    def run_step(step):
        steps.append(step)
        clock.now += 2.0

    seconds = processes.time_steps(run_step, (0, 1_500), [1, 2], lambda _: None, 240.0)
    assert seconds == {1: [2.0, 2.0], 2: [2.0, 2.0]}
    assert max(steps) < 1_500
    assert clock.now <= 26
    steps.clear()
    assert processes.time_steps(run_step, (0, 1_500), [1, 2], lambda _: None, 8.0) == {1: [2.0, 2.0]}
    assert steps == [0]


def test_a_long_preparation_is_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("wavewright.training.report.PHASE_SECONDS", 0.0)
    for index in range(4):
        soundfile.write(tmp_path / f"{index}.wav", 0.5 * np.sin(np.arange(800) * (index + 1) / 10), 8_000)
    settings = (*SETTINGS, "training.steps=1")
    train(TrainParameters(tmp_path, "gan", "tiny", tmp_path.parent / f"{tmp_path.name}-run", set=settings))
    shown = capsys.readouterr().err
    assert "reading the headers of the recordings: " in shown
    assert "preparing the recordings: 100%" in shown
