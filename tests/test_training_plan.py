"""Plans: positions on the schedule, the number of steps that fit into the minutes, and runs that are extended."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
from tiny_training import SETTINGS, make_loop, same, tensors_of

from wavewright.base.errors import BadSetting
from wavewright.training import loop as loops, processes
from wavewright.training.checkpoint import Progress
from wavewright.training.loop import LAST
from wavewright.training.parameters import Call
from wavewright.training.plan import keep_position, rewarm, rewarm_end, schedule_position, steps_within


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what steps add to it."""
    clock = SimpleNamespace(now=1000.0)
    read = lambda: clock.now  # noqa: E731
    monkeypatch.setattr(loops, "time", SimpleNamespace(monotonic=read))
    monkeypatch.setattr(processes, "time", SimpleNamespace(perf_counter=read))
    return clock


def timed_loop(folder, clock, seconds_at, settings=SETTINGS):
    """A loop whose steps take ``seconds_at(minutes of the clock)`` and which records its checkpoints."""
    loop = make_loop(folder, settings)
    echo_loss, save, loop.saved = loop.network.echo_loss, loop.save, []

    def slow(batch):
        clock.now += seconds_at(clock.now)
        return echo_loss(batch)

    def remembered(name):
        save(name)
        loop.saved.append(((folder / name).read_bytes(), replace(loop.progress)))

    loop.network.echo_loss, loop.save = slow, remembered
    return loop


def test_without_breakpoints_the_position_is_the_share_of_the_steps():
    for steps in (1, 7, 300, 12_345):
        assert [schedule_position(step, steps) for step in range(steps + 2)] == [
            min(step / steps, 1.0) for step in range(steps + 2)
        ]
    assert schedule_position(0, 0) == 0.0


@pytest.mark.no_cover
def test_moving_the_end_and_extending_keep_the_schedule_whole():
    draw = random.Random(3)
    for _ in range(60):
        steps, breakpoints, now = draw.randint(1, 2000), [], 0
        for _ in range(draw.randint(1, 6)):
            now = draw.randint(now, steps)
            new_steps = draw.randint(now + 1, 3000)
            before = [schedule_position(step, steps, breakpoints) for step in range(now + 1)]
            if draw.random() < 0.5 and new_steps > steps:
                breakpoints = rewarm(now, steps, breakpoints, new_steps)
                top = rewarm_end(now, new_steps)
                if top < new_steps:
                    assert schedule_position(top, new_steps, breakpoints) == min(before[-1], top / new_steps)
            else:
                breakpoints = keep_position(now, steps, breakpoints)
            steps = new_steps
            positions = [schedule_position(step, steps, breakpoints) for step in range(steps + 1)]
            assert positions[: now + 1] == pytest.approx(before)  # what was done stays as it was
            assert all(0 <= position <= 1 for position in positions)
            assert positions[-1] == 1.0
            assert [*map(list, breakpoints)] == sorted(map(list, breakpoints))


def test_an_extended_plan_falls_as_one_that_was_longer_from_its_start():
    breakpoints = rewarm(300, 300, [], 900)
    learning_rates = [SETTINGS.learning_rate_at(step, 900, breakpoints) / SETTINGS.learning_rate for step in range(901)]
    longer = [SETTINGS.learning_rate_at(step, 900) / SETTINGS.learning_rate for step in range(901)]
    assert learning_rates[:300] == pytest.approx([1 - 0.9 * step / 300 for step in range(300)])
    assert learning_rates[300] == pytest.approx(0.1)
    assert learning_rates[330:] == pytest.approx(longer[330:])  # 5 % of 600 steps later
    assert max(abs(after - before) for before, after in pairwise(learning_rates)) < 0.02


def test_steps_within_counts_as_a_loop_would():
    draw = random.Random(5)
    for _ in range(300):
        starts = [0, *sorted(draw.sample(range(1, 60), draw.randint(0, 3)))]
        each = [draw.choice((0.5, 1.0, 2.0, 4.0)) for _ in starts]
        first, seconds = draw.randint(0, 70), draw.randint(0, 150)
        count, left = 0, float(seconds)
        while left >= (cost := each[max(i for i, start in enumerate(starts) if start <= first + count)]):
            left -= cost
            count += 1
        assert steps_within(seconds, first, starts, each) == count


MINUTES = replace(SETTINGS, steps=0, save_every=50, evaluate_every=100)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.no_cover
def test_the_minutes_asked_for_are_used_however_busy_the_machine_is(tmp_path, clock, seed):
    draw = random.Random(seed)
    moments = sorted(1000.0 + draw.uniform(0, 500) for _ in range(draw.randint(0, 3)))
    paces = [draw.uniform(0.3, 3.0) for _ in range(len(moments) + 1)]  # the first while the plan is made
    minutes = draw.uniform(2, 10)
    loop = timed_loop(tmp_path, clock, lambda now: paces[sum(moment <= now for moment in moments)], MINUTES)
    loop.network.stage_starts = lambda: (0, 40)
    progress = loop.run(max_minutes=minutes)
    assert progress.finished == "all planned steps are done"
    assert progress.step == progress.steps
    assert progress.minutes == pytest.approx(minutes, rel=0.06)
    rates = [
        SETTINGS.learning_rate_at(step, progress.steps, progress.breakpoints) for step in range(progress.steps + 1)
    ]
    assert rates == sorted(rates, reverse=True)
    assert rates[-2] == pytest.approx(rates[-1], rel=0.5)  # it fell to its end


def test_a_plan_of_a_busy_machine_grows_when_the_machine_is_idle(tmp_path, clock):
    loop = timed_loop(tmp_path, clock, lambda now: 1.4 if now < 1010 else 1.0, MINUTES)
    assert loop.run(max_minutes=6).minutes == pytest.approx(6, rel=0.03)  # and not 4.3


def test_a_run_whose_plan_moved_resumes_bit_equal_by_its_recorded_plan(tmp_path, clock):
    whole = timed_loop(tmp_path / "whole", clock, lambda now: 1.0 if now < 1100 else 0.6, MINUTES)
    end = whole.run(max_minutes=6)
    assert end.breakpoints
    followed = [(saved, at) for saved, at in whole.saved if (at.steps, at.breakpoints) == (end.steps, end.breakpoints)]
    assert len(followed) > 3
    for number, (saved, at) in enumerate(followed):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / LAST).write_bytes(saved)
        again = make_loop(folder, MINUTES)
        assert again.resume()
        if not at.finished:
            again.run()  # without a clock it follows the plan that was recorded
        assert same(tensors_of(folder), tensors_of(tmp_path / "whole"))


def test_a_moved_plan_is_saved_at_once(tmp_path, clock):
    loop = timed_loop(tmp_path, clock, lambda now: 1.0 if now < 1100 else 0.6, replace(MINUTES, save_every=10_000))
    loop.run(max_minutes=6)
    moved = {tuple(at.breakpoints) for _, at in loop.saved}
    assert tuple(loop.progress.breakpoints) in moved
    assert len(moved) == len(loop.progress.breakpoints) + 1  # every one of them, and the first without any


@pytest.mark.parametrize("extension", [{"steps": 40}, {"minutes": 0.5}])
def test_a_finished_run_goes_on_past_its_plan(tmp_path, clock, extension):
    first = timed_loop(tmp_path / "run", clock, lambda now: 1.0)
    assert first.run().finished
    loop = timed_loop(tmp_path / "run", clock, lambda now: 1.0)
    loop.resume()
    loop.extend(**extension)
    assert reported_steps(loop) == (40 - 12 if "steps" in extension else 30, 12)
    progress = loop.run()
    assert progress.finished == "all planned steps are done"
    assert progress.step == progress.steps
    assert progress.step == 40 if "steps" in extension else 12 + 28 <= progress.step <= 12 + 32
    assert progress.breakpoints[0] == (12, 1.0)


def reported_steps(loop):
    """The number of further steps that the run reports, and the step from which it goes on."""
    words = loop.observer.messages[-1].removeprefix("about ").split()
    return int(words[0]), int(words[words.index("step") + 1])


def test_an_extended_run_that_is_stopped_resumes_bit_equal(tmp_path):
    make_loop(tmp_path / "whole").run()
    shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
    whole = make_loop(tmp_path / "whole")
    whole.resume()
    whole.extend(steps=40)
    whole.run()
    stopped = make_loop(tmp_path / "stopped")
    stopped.resume()
    stopped.extend(steps=40)
    for stop in (1, 2, 14, 25):
        stopped.run(max_minutes=1e-9)  # which is over before a step
        stopped = make_loop(tmp_path / "stopped")
        assert stopped.resume()
        stopped.observer.step = lambda progress, losses, seconds, stop=stop: progress.step < 12 + stop or give_up()
        with pytest.raises(KeyboardInterrupt):
            stopped.run()
        stopped = make_loop(tmp_path / "stopped")
        assert stopped.resume()
    stopped.run()
    assert same(tensors_of(tmp_path / "stopped"), tensors_of(tmp_path / "whole"))


def give_up():
    raise KeyboardInterrupt


def test_an_extended_run_has_its_patience_again_and_keeps_its_best(tmp_path):
    values = iter([3.0, 1.0, 2.0, 2.0, 2.5, 2.5, 0.5, 3.0, 3.0, 3.0, 3.0, 3.0])
    settings = replace(SETTINGS, steps=100, metric="valid/loss", patience=2)
    make_loop(tmp_path, settings, lambda _: {"valid/loss": next(values)}).run()
    again = make_loop(tmp_path, settings, lambda _: {"valid/loss": next(values)})
    again.resume()
    assert (again.progress.step, again.progress.evaluations_since_best) == (16, 2)
    again.extend(steps=200)
    progress = again.run()
    assert (progress.best, progress.best_step, progress.step) == (1.0, 8, 24)


def test_going_back_keeps_a_plan_that_is_newer_than_the_checkpoint(tmp_path):
    loop = make_loop(tmp_path)
    loop.run()
    again = make_loop(tmp_path)
    again.resume()
    checkpoint = (tmp_path / LAST).read_bytes()
    again.extend(steps=40)
    (tmp_path / LAST).write_bytes(checkpoint)
    plan = again.progress.steps, again.progress.breakpoints
    again.roll_back("A loss is not a number.", LAST)
    assert (again.progress.steps, again.progress.breakpoints) == plan
    assert again.run().step == 40


@pytest.mark.parametrize(
    ("steps", "call", "at_first", "progress", "expected"),
    [
        (0, Call(), 0, Progress(step=9, steps=9, finished="done"), (0, 0.0)),
        (0, Call(max_minutes=6), 0, Progress(step=9, steps=9, finished="done"), (0, 6)),
        (0, Call(max_minutes=6), 0, Progress(step=5, steps=9), (0, 0.0)),  # goes on with the plan
        (0, Call(more_minutes=6), 0, Progress(step=5, steps=9), (0, 6)),
        (9, Call(more_minutes=6), 9, Progress(step=9, steps=9, finished="done"), (0, 6)),
        (20, Call(), 9, Progress(step=5, steps=9), (20, 0.0)),
        (20, Call(), 0, Progress(step=9, steps=9, finished="done"), (20, 0.0)),
        (
            9,
            Call(),
            9,
            Progress(step=20, steps=20, finished="done"),
            (0, 0.0),
        ),  # the first call's, after an extension
        (20, Call(), 9, Progress(step=12, steps=20), (0, 0.0)),
        (9, Call(max_minutes=6), 9, Progress(step=5, steps=9), (0, 0.0)),
        (
            9,
            Call(max_minutes=6),
            9,
            Progress(step=9, steps=9, finished="done"),
            "run is finished .* --more-minutes 6, or",
        ),
        (7, Call(), 9, Progress(step=5, steps=9), "planned for 9 steps, and training.steps=7 is fewer"),
        (20, Call(more_minutes=6), 9, Progress(step=5, steps=9), "not both"),
    ],
)
def test_the_length_of_a_call_extends_the_plan_or_is_refused(tmp_path, steps, call, at_first, progress, expected):
    if isinstance(expected, str):
        with pytest.raises(BadSetting, match=expected):
            call.extension(steps, tmp_path / "run", progress, at_first)
    else:
        assert call.extension(steps, tmp_path / "run", progress, at_first) == expected
