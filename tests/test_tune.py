"""The search of settings: dials, trials that are resumed, ended and ranked, storages, the page, and refusals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from optuna.trial import TrialState
from waiting import LIMIT_SECONDS

from wavewright import WavewrightError
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.base.progress_bar import progress_reported_to
from wavewright.families import FAMILIES
from wavewright.families.loading import load_classifier
from wavewright.tasks.train import train
from wavewright.tasks.tune import tune
from wavewright.training.loop import Loop
from wavewright.training.run import Run
from wavewright.training.run_file import RUN_FILE, read_run_file
from wavewright.training.tuning import trials, tune as searching
from wavewright.training.tuning.page import importance_of, write_page
from wavewright.training.tuning.search import N_RUNGS, Search, open_study, without_password
from wavewright.training.tuning.trials import (
    MIN_TRIAL_STEPS,
    PLAN,
    Ground,
    Worker,
    assignments,
    distribution,
    open_dials,
)

SAMPLE_RATE = 8_000
SETTINGS = ("sample_rate=8000", "n_samples=1600", "n_fft=256", "hop_length=64", "n_mels=40", "valid_fraction=0.3")
SETTINGS += ("precision=float32", "model.width=1", "batch_size=4", "warmup_steps=0")
FAR = 1e12


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tune") / "clips"
    rng = np.random.default_rng(0)
    times = np.arange(1_600) / SAMPLE_RATE
    for label, pitch_hz in (("low", 200), ("high", 1_600)):
        (folder / label).mkdir(parents=True)
        for take in range(10):
            wave = np.sin(2 * np.pi * (pitch_hz + 5 * take) * times) * np.exp(-8 * times)
            soundfile.write(folder / label / f"{take}.wav", 0.5 * wave + 0.02 * rng.standard_normal(1_600), SAMPLE_RATE)
    return folder


@pytest.fixture
def search(exported, monkeypatch) -> Search:
    """A search whose trials write no model, which takes seconds."""
    monkeypatch.setattr(Run, "export_best", lambda *_, **__: None)
    return exported


@pytest.fixture
def exported(clips, tmp_path, monkeypatch) -> Search:
    """A search whose trials have one step for each evaluation, whatever the machine does beside it."""
    monkeypatch.setattr(Run, "steps_in", lambda run, minutes: (N_RUNGS, 1))
    monkeypatch.setattr(trials, "MIN_TRIAL_STEPS", N_RUNGS)
    return Search(clips, "classifier", tmp_path / "out", 1.0, size="tiny", settings=SETTINGS, label_from="folder")


def begun(search: Search, number: int = 0) -> Worker:
    (search.out / trials.TRIALS).mkdir(parents=True, exist_ok=True)
    worker = Worker(search, Ground.of(search), number, lambda line: None)
    worker.plan()
    return worker


@pytest.mark.parametrize("name", list(FAMILIES))
def test_the_dials_of_a_family_hold_the_defaults_of_each_size(name):
    family = FAMILIES[name]
    for size in family.sizes:
        recipe = family.recipe(size)
        assert (recipe.training.metric or family.ranking).removeprefix("-") in recipe.model.metrics
        for dial in family.dials:
            values = distribution(dial, recipe)
            assert values._contains(values.to_internal_repr(dial.default(recipe)))


def test_a_search_begins_with_the_defaults_and_retains_the_best_run(exported):
    search = exported
    worker = begun(search)
    for _ in range(2):
        assert worker.train_next(FAR)
    outcome = searching.keep_best(search, worker.study, worker.ground.metric)
    recipe = worker.ground.recipe
    assert worker.study.trials[0].params == {dial.name: dial.default(recipe) for dial in worker.ground.dials}
    assert "model.width" not in worker.study.trials[0].params  # --set fixes it
    best = outcome.finished[0]
    assert best.value == min(trial.value for trial in outcome.finished)
    lines = [json.loads(line) for line in (search.out / "best" / "log.jsonl").read_text().splitlines()]
    assert best.value == min(line["valid/loss"] for line in lines if "valid/loss" in line)
    assert load_classifier(search.out / "best").labels == ("high", "low")
    stored = json.loads((search.out / "best" / "run.json").read_text())["recipe"]
    for name, value in best.params.items():
        section, _, field = name.partition(".")
        assert stored[section][field] == value


def test_a_killed_trial_is_resumed_and_ends_as_without_the_kill(search, monkeypatch):
    class Kill(BaseException):
        pass

    whole = begun(replace(search, out=search.out.parent / "whole"))
    killed = begun(search)
    for worker in (whole, killed):
        assert worker.train_next(FAR)
    assert whole.train_next(FAR)
    step = Loop.train_step

    def die(loop: Loop, source: object) -> dict[str, float]:
        if loop.progress.step == 4:
            raise Kill
        return step(loop, source)

    monkeypatch.setattr(Loop, "train_step", die)
    with pytest.raises(Kill):
        killed.train_next(FAR)
    assert [trial.state for trial in killed.study.trials] == [TrialState.COMPLETE, TrialState.RUNNING]
    monkeypatch.setattr(Loop, "train_step", step)
    assert begun(search, 1).train_next(FAR)
    for before, after in zip(whole.study.trials, killed.study.trials, strict=True):
        assert after.params == before.params
        assert after.state == before.state
        assert after.intermediate_values == before.intermediate_values


def test_a_search_that_ctrl_c_stops_is_saved_and_ends_as_without_it(search, monkeypatch):
    whole = begun(replace(search, out=search.out.parent / "whole"))
    assert whole.train_next(FAR)
    step = Loop.train_step

    def interrupted(loop: Loop, source: object) -> dict[str, float]:
        if loop.progress.step == 4:
            signal.raise_signal(signal.SIGINT)
        return step(loop, source)

    monkeypatch.setattr(Loop, "train_step", interrupted)
    stopped = begun(search)
    stopped.train_next(FAR)
    assert stopped.stopped_by == "Ctrl-C"
    assert [trial.state for trial in stopped.study.trials] == [TrialState.RUNNING]
    monkeypatch.setattr(Loop, "train_step", step)
    resumed = begun(search, 1)
    assert resumed.train_next(FAR)
    assert not resumed.stopped_by
    (before,), (after,) = whole.study.trials, resumed.study.trials
    assert after.params == before.params
    assert after.state == before.state == TrialState.COMPLETE
    assert after.intermediate_values == before.intermediate_values


@pytest.mark.parametrize("place", ["export_best", "tell"])
@pytest.mark.parametrize("is_pruned", [False, True])
def test_a_trial_that_was_killed_after_its_last_step_is_recorded_without_training(
    search, monkeypatch, place, is_pruned
):
    class Kill(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Kill

    monkeypatch.setattr("optuna.Trial.should_prune", lambda trial: is_pruned)
    whole = begun(replace(search, out=search.out.parent / "whole"))
    killed = begun(search)
    for worker in (whole, killed):
        assert worker.train_next(FAR)
    assert whole.train_next(FAR)
    owner, name = (Run, "export_best") if place == "export_best" else (trials.Worker, "_show_result")
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        if name == "_show_result":
            patch.setattr("optuna.Study.tell", die)
        with pytest.raises(Kill):
            killed.train_next(FAR)
    steps = []
    monkeypatch.setattr(Loop, "train_step", lambda *_: steps.append(1))
    assert begun(search, 1).train_next(FAR)
    assert not steps
    for before, after in zip(whole.study.trials, killed.study.trials, strict=True):
        assert (after.state, after.value, after.user_attrs["steps"]) == (
            before.state,
            before.value,
            before.user_attrs["steps"],
        )
    assert killed.study.trials[1].state == (TrialState.PRUNED if is_pruned else TrialState.COMPLETE)


def test_a_trial_whose_worker_was_killed_before_it_wrote_its_name_is_taken_over(search, monkeypatch):
    worker = begun(replace(search, max_trials=1))
    abandoned = worker.study.ask({dial.name: distribution(dial, worker.ground.recipe) for dial in worker.ground.dials})
    with trials.ExitStack() as stack:
        assert worker._claim(FAR, stack) is None  # it may be of another machine, which is about to write its name
    monkeypatch.setattr(trials, "NAMELESS_SECONDS", -1.0)
    with trials.ExitStack() as stack:
        assert worker._claim(FAR, stack).number == abandoned.number


def test_a_trial_in_training_is_left_to_its_worker(search):
    first, second = begun(search), begun(search, 1)
    with trials.ExitStack() as stack:
        taken = first._claim(FAR, stack)
        with trials.ExitStack() as other:
            assert second._claim(FAR, other).number == taken.number + 1
    with trials.ExitStack() as stack:
        assert second._claim(FAR, stack).number == taken.number


def test_a_trial_that_lags_behind_ends_but_the_defaults_do_not(search, monkeypatch):
    monkeypatch.setattr("optuna.Trial.should_prune", lambda trial: True)
    worker = begun(search)
    assert worker.train_next(FAR)
    assert worker.train_next(FAR)
    defaults, lagging = worker.study.trials
    assert defaults.state == TrialState.COMPLETE
    assert lagging.state == TrialState.PRUNED
    assert list(lagging.intermediate_values) == [1]
    assert not (search.out / "trials" / "0001" / "checkpoints").exists()


def test_settings_that_cannot_be_trained_fail_alone(search, monkeypatch):
    worker = begun(search)
    assert worker.train_next(FAR)
    monkeypatch.setattr(Run, "train", lambda *_, **__: (_ for _ in ()).throw(WavewrightError("it diverged.")))
    assert worker.train_next(FAR)
    assert worker.study.trials[1].state == TrialState.FAIL
    assert worker.study.trials[1].user_attrs["fault"] == "it diverged."


def test_proposals_follow_the_seed(search):
    def proposals(seed: int, name: str) -> list[dict[str, object]]:
        worker = begun(replace(search, seed=seed, out=search.out.parent / name))
        return [
            worker.study.ask({d.name: distribution(d, worker.ground.recipe) for d in worker.ground.dials}).params
            for _ in range(3)
        ]

    assert proposals(1, "a") == proposals(1, "b") != proposals(2, "c")


def test_no_trial_begins_when_too_little_time_is_left(search):
    worker = begun(search)
    assert worker.train_next(FAR)
    assert not worker.train_next(time.time() + 5.0)
    assert len(worker.study.trials) == 1


def test_the_journal_stores_trials_like_the_database(search, tmp_path):
    search = replace(search, storage=f"journal:{tmp_path / 'study.log'}")
    worker = begun(search)
    assert worker.train_next(FAR)
    assert open_study(search).trials[0].value == worker.study.trials[0].value


@pytest.mark.parametrize(
    "rest", [b'{"op_code": 5, "worker_id": "x", "trial', b"{", b'{"op_code": 8, "trial_id": 0}', b"\xff\0"]
)
def test_half_of_a_last_line_of_the_journal_is_cut_off(search, tmp_path, rest):
    path = tmp_path / "study.log"
    search = replace(search, storage=f"journal:{path}")
    assert begun(search).train_next(FAR)
    before = path.read_bytes()
    records = [json.loads(line) for line in before.splitlines()]
    if rest.endswith(b"}"):  # a whole record without its end of line
        path.write_bytes(before[:-1])
    else:
        path.write_bytes(before + rest)
    worker = begun(search, 1)
    assert [json.loads(line) for line in path.read_bytes().splitlines()][: len(records)] == records
    assert worker.train_next(FAR)
    assert [trial.state for trial in worker.study.trials] == [TrialState.COMPLETE] * 2


def test_a_journal_with_another_line_that_is_no_record_is_refused_with_its_number(search, tmp_path):
    path = tmp_path / "study.log"
    search = replace(search, storage=f"journal:{path}")
    begun(search)
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(2, b'{"op_code": 5, "tri' + lines[1])
    path.write_bytes(b"".join(lines))
    with pytest.raises(BadSetting, match=r"study\.log is damaged: line 3 is no record"):
        begun(search, 1)
    assert path.read_bytes() == b"".join(lines)


def test_the_plan_of_a_trial_is_exact(search):
    worker = begun(search)
    worker.train_next(FAR)
    worker.train_next(FAR)
    trial = worker.study.trials[1]
    plan = dict(setting.split("=") for setting in trial.user_attrs[PLAN])
    assert {name: float(plan[name]) for name, value in trial.params.items() if isinstance(value, float)} == {
        name: value for name, value in trial.params.items() if isinstance(value, float)
    }
    assert assignments({"a.b": 0.1 + 0.2, "c.d": 3}) == ("a.b=0.30000000000000004", "c.d=3")


def test_the_page_lists_every_trial(search):
    worker = begun(search)
    for _ in range(3):
        worker.train_next(FAR)
    outcome = searching.Outcome("-valid/accuracy", tuple(worker.study.trials))
    write_page(search.out, outcome, "wavewright train <clips>")
    data = json.loads((search.out / "tune.json").read_text())
    assert [row["trial"] for row in data["trials"]] == [trial.number for trial in outcome.finished] + [
        trial.number for trial in outcome.trials if trial.state != TrialState.COMPLETE
    ]
    assert data["trials"][0]["value"] == -outcome.finished[0].value
    html = (search.out / "index.html").read_text()
    assert "wavewright train &lt;clips&gt;" in html
    assert html.count("<tr class=") == len(worker.study.trials)
    assert "data:image/png;base64," in html
    assert importance_of(outcome) == {}  # of three trials


def test_importance_names_the_dial_that_matters(search):
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("a", 0, 1) ** 2 + 0 * trial.suggest_float("b", 0, 1), n_trials=40)
    importance = importance_of(searching.Outcome("valid/loss", tuple(study.trials)))
    assert importance["a"] > 0.9
    assert importance["b"] < 0.1


def test_a_search_ends_after_its_trials(search):
    worker = begun(replace(search, max_trials=2))
    worker.work(FAR)
    assert len(worker.study.trials) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dials": ("colour",)}, "no dial 'colour' to search; there are training.learning_rate"),
        ({"dials": ("batch_size",)}, "no dial 'batch_size'"),  # fixed by --set
        ({"storage": "sqlite:////nowhere/at/all.db"}, "cannot be used"),
        ({"storage": "elephant://x"}, "cannot be used"),
        ({"settings": (*SETTINGS, "training.steps=9")}, "leave training.steps out"),
        ({"size": "huge"}, "no size 'huge'"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_leaves_no_folder(search, changes, message):
    with pytest.raises(WavewrightError, match=message):
        searching.tune(replace(search, **changes), 1.0, quiet=True)
    assert not search.out.exists()


def test_a_storage_is_printed_without_its_password(search, monkeypatch):
    storage = replace(search, storage="postgresql://me:secret@nowhere.invalid:5432/tune")
    with pytest.raises(BadSetting) as raised, searching.storage_errors(storage):
        raise OSError("no route")
    assert "postgresql://me:***@nowhere.invalid:5432/tune cannot be used (no route)" in str(raised.value)
    for driver in ("psycopg", "psycopg2"):  # of SQLAlchemy 2.1, and before
        monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(BadSetting, match=r"me:\*\*\*@.* needs the Python package psycopg"):
        searching.tune(storage, 1.0, quiet=True)
    with pytest.raises(BadSetting, match=r"me:\*\*\*@host:port/x cannot be used \(its port is no number\)"):
        searching.tune(replace(search, storage="postgresql://me:secret@host:port/x"), 1.0, quiet=True)


@pytest.mark.parametrize("password", ["secret", "se@cret", "se/cret", "se:cret", ""])
def test_no_part_of_a_password_remains(password):
    assert (
        without_password(f"postgresql+psycopg://me:{password}@host:5432/x") == "postgresql+psycopg://me:***@host:5432/x"
    )


@pytest.mark.parametrize(
    "storage", ["", "no URL", "journal:/a/b:c@d.log", "sqlite:////a:b@c.db", "postgresql://me@host:5432/x"]
)
def test_a_storage_without_a_password_is_printed_as_it_is(storage):
    assert without_password(storage) == storage


def test_too_few_minutes_are_refused_with_those_needed(search, monkeypatch):
    monkeypatch.setattr(trials, "MIN_TRIAL_STEPS", 4 * N_RUNGS)
    with pytest.raises(BadSetting, match=r"time for 9 steps.*--trial-minutes 4\.2 "):
        searching.tune(search, 1.0, quiet=True)
    assert not search.out.exists()


def test_trials_by_steps_do_not_depend_on_the_minutes(search):
    by_steps = replace(search, trial_steps=2 * N_RUNGS, trial_minutes=FAR, max_trials=2)
    with pytest.raises(BadSetting, match=r"18 steps takes about 2e\+12 minutes here.*fewer --trial-steps"):
        searching.tune(by_steps, 1.0, quiet=True)
    outcome = searching.tune(replace(by_steps, trial_steps=N_RUNGS), 1.0, quiet=True)
    assert [trial.user_attrs["steps"] for trial in outcome.finished] == [N_RUNGS] * len(outcome.finished)
    joined = searching.tune(replace(search, trial_steps=0, max_trials=3), 1.0, resume=True, quiet=True)
    assert len(joined.trials) == 3
    assert open_study(search).user_attrs["trial_steps"] == N_RUNGS


def test_a_trial_by_its_steps_lasts_as_long_as_the_shortest_before(search):
    by_steps = replace(search, trial_steps=N_RUNGS, max_trials=1)
    searching.tune(by_steps, 1.0, quiet=True)
    worker = Worker(by_steps, Ground.of(by_steps), 0, print)
    minutes = worker.study.trials[0].user_attrs["minutes"]
    assert worker._whole_trial_minutes() == minutes
    assert Worker(search, Ground.of(search), 0, print)._whole_trial_minutes() == search.trial_minutes


def test_a_folder_without_validation_is_refused(search, tmp_path):
    (tmp_path / "few").mkdir()
    for label in ("a", "b"):
        (tmp_path / "few" / label).mkdir()
        for take in range(2):
            soundfile.write(tmp_path / "few" / label / f"{take}.wav", 0.1 * np.ones(1_600), SAMPLE_RATE)
    with pytest.raises(BadFolder):
        searching.tune(replace(search, folder=tmp_path / "few"), 1.0, quiet=True)


def test_another_search_in_the_folder_is_refused(search):
    begun(search)
    open_study(search).set_user_attr("signature", search.signature)
    with pytest.raises(BadSetting, match="contains a search already"):
        searching.tune(search, 1.0, quiet=True)
    with pytest.raises(BadSetting, match="size was 'tiny' and is 'small'"):
        searching.tune(replace(search, size="small"), 1.0, resume=True, quiet=True)
    with pytest.raises(BadFolder, match="no search"):
        searching.tune(replace(search, out=search.out / "other"), 1.0, resume=True, quiet=True)


def test_dials_are_chosen_by_their_short_or_whole_names():
    dials = FAMILIES["classifier"].dials
    assert [dial.name for dial in open_dials(dials, (), ("dropout", "training.batch_size"))] == [
        "training.batch_size",
        "model.dropout",
    ]
    with pytest.raises(BadSetting, match="Every dial is fixed"):
        open_dials(dials, [f"{dial.name}=1" for dial in dials])


def test_the_task_reports_the_best_settings(search, monkeypatch):
    monkeypatch.setattr(trials, "WORTH_STARTING", 1e9)  # the defaults alone
    reports = []
    with progress_reported_to(lambda *report: reports.append(report)):
        result = tune(
            search.folder, "classifier", 4.0, "tiny", search.out, label_from="folder", set=SETTINGS, quiet=True
        )
    assert all(message.startswith("trial 0: ") for message, _ in reports[-N_RUNGS:])
    fractions = [fraction for message, fraction in reports if message.startswith("trial 0: ")]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] <= 1
    assert result.details["n_trials"] == result.details["n_finished"] == 1
    assert result.details["value"] == result.details["default_value"]
    assert result.details["best"].name == "best"
    learning_rate = FAMILIES["classifier"].recipe("tiny").training.learning_rate
    assert f"--set training.learning_rate={learning_rate}" in result.details["command"]
    n_steps = read_run_file(result.details["best"] / RUN_FILE)["recipe"]["training"]["steps"]
    further = train(out=result.details["best"], resume=True, more_minutes=0.001, quiet=True)
    assert further.details["step"] > n_steps
    with pytest.raises(BadSetting, match="does not fit"):
        tune(search.folder, "classifier", 1.0, trial_minutes=2.0)
    with pytest.raises(BadSetting, match="trial_steps and trial_minutes exclude each other"):
        tune(search.folder, "classifier", 1.0, trial_minutes=0.5, trial_steps=200)
    with pytest.raises(BadSetting, match="trial_steps"):
        tune(search.folder, "classifier", 1.0, trial_steps=89)


def test_a_script_without_a_guard_searches_in_several_processes(clips, tmp_path):
    options = f"label_from='folder', set={SETTINGS}, jobs=2, quiet=True"
    limits = f"{LIMIT_SECONDS / 60}, 'tiny', 'out', trial_steps={MIN_TRIAL_STEPS}, max_trials=2"
    call = f"wavewright.tune({str(clips)!r}, 'classifier', {limits}, {options})"
    (tmp_path / "script.py").write_text(f"import wavewright\n\nprint('begins')\nprint({call}.details['n_finished'])\n")
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split()[0] == "begins"
    assert done.stdout.count("begins") == 1  # no worker runs the script
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) == 2
    assert (tmp_path / "out" / "best" / "card.json").is_file()
