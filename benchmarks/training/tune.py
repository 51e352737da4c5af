"""Search settings of a family on a folder, kill the search again and again, and train with what it found and without.

    python -m benchmarks.training.tune --folder recordings --family classifier --max-minutes 60 --kills 10
    python -m benchmarks.training.tune --folder scores --family composer --max-minutes 60

The search runs as ``wavewright tune`` in a process of its own, which SIGKILL ends ``--kills`` times at random moments;
a finished trial is lost if it is missing afterwards or has another value. Then the defaults and the settings that were
found are trained with other seeds, by ``--trial-steps``, or by the steps that fit into the minutes of a whole trial:
both are timed in turn before, several times, so that other work on the machine weighs on both alike. The value is the
metric at the last step.

Give ``--trial-steps`` on a busy machine: trials by minutes found settings on ESC-10 that were worse with other seeds,
since their steps depend on what else the machine does, and settings such as ``ema_decay`` suit one number of steps.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean, median

from optuna.trial import TrialState

from benchmarks.harness.corpora import smoke_digits, smoke_out
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.models import BEST_RUN
from wavewright.tasks.train import train
from wavewright.tasks.tune import tune
from wavewright.training.run import Run, choose_recipe, provenance_of, scan_for
from wavewright.training.tuning import trials
from wavewright.training.tuning.search import Search, open_study

SEARCHED = Table("searched", columns(family="s", minutes=".1f", trials="d", finished="d", kills="d", lost="d"))
TRAINED = Table("trained", columns(family="s", settings="s", seed="d", steps="d", metric="s", value=".4f"))
FIRST_SEED = 100
N_TIMINGS = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--folder", type=Path, default=Path("corpora/drums"), help="recordings or scores")
    parser.add_argument("--family", default="classifier")
    parser.add_argument("--size", default="small")
    parser.add_argument("--out", type=Path, default=Path("runs/tuned"))
    parser.add_argument("--max-minutes", type=float, default=60.0)
    parser.add_argument("--trial-minutes", type=float, default=0.0, help="default: an eighth")
    parser.add_argument("--trial-steps", type=int, default=0, help="of a whole trial, instead of minutes")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--max-trials", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="allow trials that are too short to say anything")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Search, and train with the defaults and the best settings."""
    trial_minutes = options.trial_minutes or options.max_minutes / 8
    search = Search(
        folder=options.folder,
        family=options.family,
        out=options.out,
        trial_minutes=trial_minutes,
        size=options.size,
        settings=tuple(options.set),
        max_trials=options.max_trials,
        trial_steps=options.trial_steps,
    )
    if options.short:
        trials.MIN_TRIAL_STEPS = 0
    shutil.rmtree(options.out, ignore_errors=True)
    started = time.monotonic()
    if options.kills:
        lost = killed_search(search, options.max_minutes, options.kills)
    else:
        lost = 0
        tune(
            search.folder,
            search.family,
            options.max_minutes,
            search.size,
            search.out,
            trial_minutes=None if search.trial_steps else trial_minutes,
            trial_steps=search.trial_steps or None,
            max_trials=search.max_trials,
            set=search.settings,
            quiet=True,
        )
    begun = open_study(search).trials
    finished = [trial for trial in begun if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    report.add(
        SEARCHED,
        {
            "family": options.family,
            "minutes": (time.monotonic() - started) / 60,
            "trials": len(begun),
            "finished": len(finished),
            "kills": options.kills,
            "lost": lost,
        },
    )
    report.target(options.family, "finished trials that a kill lost", lost, at_most=0)
    contents = json.loads((options.out / "tune.json").read_text())
    best = next(row["settings"] for row in contents["trials"] if row["trial"] == contents["best"])
    found = [f"{name}={value}" for name, value in best.items()]
    metric = contents["metric"]
    values: dict[str, list[float]] = {"defaults": [], "found": []}
    compared = {"defaults": list(options.set), "found": [*options.set, *found]}
    steps = dict.fromkeys(compared, search.trial_steps) if search.trial_steps else planned_steps(search, compared)
    for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
        for name, settings in compared.items():
            out = options.out / "seeds" / f"{name}-{seed}"
            chosen = (*settings, f"training.seed={seed}", f"training.steps={steps[name]}", f"training.metric={metric}")
            trained = train(options.folder, options.family, options.size, out, set=chosen, quiet=True)
            value = trained.metrics[metric.removeprefix("-")]
            values[name].append(value)
            row = {"family": options.family, "settings": name, "seed": seed, "steps": trained.step}
            report.add(TRAINED, {**row, "metric": metric, "value": value})
    sign = -1.0 if metric.startswith("-") else 1.0
    gain = sign * (fmean(values["found"]) - fmean(values["defaults"]))
    report.target(options.family, f"mean {metric} above that of the defaults", gain, at_most=0.0)


def planned_steps(search: Search, compared: dict[str, list[str]]) -> dict[str, int]:
    """Return the steps of a whole trial with each of several settings: the median of timings in turn."""
    recordings = scan_for(search.family, search.folder, search.label_from, search.group_from, search.manifest)
    timed: dict[str, list[int]] = {name: [] for name in compared}
    for turn in range(N_TIMINGS):
        for name, settings in compared.items():
            recipe = choose_recipe(search.family, search.size, settings)
            out = search.out / "timings" / f"{name}-{turn}"
            run = Run(out, search.family, recipe, recordings, provenance_of(out, search.family, recordings))
            timed[name].append(run.steps_in(search.trial_minutes)[0])
    return {name: max(1, round(median(steps))) for name, steps in timed.items()}


def killed_search(search: Search, max_minutes: float, kills: int) -> int:
    """Run the search as a command; return how many finished trials were lost by SIGKILL at random moments."""
    draw = random.Random(0)
    deadline = time.monotonic() + 60 * max_minutes
    known: dict[int, object] = {}
    lost = 0
    for kill in range(kills + 1):
        left = max(deadline - time.monotonic(), 1.0) / 60
        process = subprocess.Popen(_command(search, left, resume=(search.out / "trials").is_dir()))
        if kill < kills:
            time.sleep(60 * max_minutes * draw.uniform(0.5, 1.5) / (kills + 2))
            process.kill()
        elif process.wait() != 0:
            raise SystemExit("The search failed.")
        process.wait()
        if not (search.out / "study.db").is_file():
            continue
        values = {trial.number: trial.value for trial in open_study(search).trials if trial.state.is_finished()}
        lost += sum(values.get(number, "missing") != value for number, value in known.items())
        known = {**values}
    assert (search.out / BEST_RUN).is_dir()
    return lost


def _command(search: Search, minutes: float, resume: bool) -> list[str]:
    command = [sys.executable, "-m", "wavewright", "tune", str(search.folder), "--family", search.family]
    command += ["--size", search.size, "--out", str(search.out), "--max-minutes", f"{minutes:.3f}"]
    if search.trial_steps:
        command += ["--trial-steps", str(search.trial_steps)]
    else:
        command += ["--trial-minutes", f"{min(search.trial_minutes, minutes):.3f}"]
    command += [option for setting in search.settings for option in ("--set", setting)]
    return [*command, "--resume"] if resume else command


BENCHMARK = Benchmark(
    __doc__,
    (SEARCHED, TRAINED, TARGETS),
    add_options,
    measure,
    smoke={
        "folder": lambda folder: smoke_digits(folder) / "manifest.jsonl",
        "out": smoke_out,
        "size": "tiny",
        "max_minutes": 20.0,
        "trial_minutes": 0.01,
        "max_trials": 2,
        "short": True,
        "seeds": 1,
        "set": ["sample_rate=8000", "n_samples=1600", "n_fft=256", "hop_length=64", "n_mels=40", "threads=1"],
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
