"""Run folders: resuming, training past the plan, the lock, and damaged files that are refused."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file
from tiny_training import make_loop

import wavewright
from wavewright.apps.cli import run as run_command
from wavewright.base.errors import BadFolder, BadModel, BadSetting
from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.training import run, train as training
from wavewright.training.checkpoint import Progress
from wavewright.training.choices import choose_recipe
from wavewright.training.loop import LAST
from wavewright.training.parameters import Call, TrainParameters
from wavewright.training.provenance import Provenance
from wavewright.training.run_file import RUN_FILE
from wavewright.training.run_folder import LOCK_FILE, locked_run
from wavewright.training.train import train

SETTINGS = ("training.batch_size=4", "training.threads=1", "model.sample_rate=8000", "model.n_samples=1600")
SETTINGS += ("model.n_fft=64", "model.hop_length=16", "model.noise_bands=8", "model.channels=8")
STEPS = "training.steps=3"


def write_kit(folder: Path, n_sounds: int = 4) -> Path:
    folder.mkdir()
    for index in range(n_sounds):
        soundfile.write(folder / f"{index}.wav", 0.5 * np.sin(np.arange(800) * (index + 1) / 10), 8_000)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with ``kit``, recordings, and ``mine``, a finished run of three steps."""
    folder = tmp_path_factory.mktemp("runs")
    write_kit(folder / "kit")
    train(TrainParameters(folder / "kit", "gan", "tiny", folder / "mine", set=(*SETTINGS, STEPS), quiet=True))
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "folder")


def resume(folder: Path, *settings: str, out: str = "mine", **options) -> Progress:
    settings = (*SETTINGS, *settings)
    return train(TrainParameters(folder / "kit", "gan", "tiny", folder / out, set=settings, resume=True, **options))


def test_a_finished_run_goes_on_to_more_steps_and_then_needs_no_word_of_them(folder, capsys):
    assert resume(folder, "training.steps=5").step == 5
    assert "2 steps from step 3 on; the learning rate goes from" in capsys.readouterr().err
    for setting in (STEPS, "training.steps=5", "training.steps=0"):
        assert resume(folder, setting, quiet=True).step == 5
    with pytest.raises(
        BadSetting, match=r"mine is planned for 5 steps, and training\.steps=4 is fewer; a plan can only grow"
    ):
        resume(folder, "training.steps=4", quiet=True)


def test_more_minutes_go_past_the_plan_and_minutes_of_a_finished_run_are_never_ignored(folder):
    with pytest.raises(
        BadSetting, match=r"is finished \(all planned steps are done, step 3\); train longer .* --more-minutes 6, or"
    ):
        resume(folder, STEPS, max_minutes=6.0, quiet=True)
    progress = resume(folder, STEPS, more_minutes=1e-3, quiet=True)
    assert progress.finished
    assert progress.step > 3
    with pytest.raises(BadSetting, match="more_minutes belongs to resume; give both"):
        wavewright.train(folder / "kit", "gan", "tiny", folder / "new", set=SETTINGS, more_minutes=1.0)


def test_a_run_planned_from_minutes_takes_further_minutes(folder):
    first = train(
        TrainParameters(folder / "kit", "gan", "tiny", folder / "timed", set=SETTINGS, max_minutes=1e-4, quiet=True)
    )
    assert first.finished
    again = resume(folder, out="timed", max_minutes=1e-3, quiet=True)
    assert again.finished
    assert again.step > first.step


def test_a_mistyped_run_folder_is_refused_and_not_made(folder):
    with pytest.raises(
        BadFolder, match=r"There is no run in .*mien to resume \(there is .*mine\); give its folder with --out"
    ):
        resume(folder, STEPS, out="mien")
    assert sorted(path.name for path in folder.iterdir()) == ["kit", "mine"]


def test_a_run_that_never_saved_anything_may_begin_again(folder):
    (folder / "new").mkdir()
    shutil.copy(folder / "mine" / RUN_FILE, folder / "new")
    settings = (*SETTINGS, "training.steps=1", "training.seed=4")
    assert train(TrainParameters(folder / "kit", "gan", "tiny", folder / "new", set=settings, quiet=True)).step == 1
    with pytest.raises(BadSetting, match="contains a run already; continue it with --resume"):
        train(TrainParameters(folder / "kit", "gan", "tiny", folder / "new", set=settings, quiet=True))


RUN_FILES = {
    "a list": "[]",
    "null": "null",
    "a number": "5",
    "no recipe": '{"family": "gan"}',
    "a recipe that is a list": '{"family": "gan", "recipe": [1]}',
    "a part that is a text": '{"family": "gan", "recipe": {"model": "x"}}',
    "a family that is a number": '{"family": 7, "recipe": {}}',
    "clips that are a list": '{"family": "gan", "recipe": {}, "clips": [3]}',
    "clips without a count": '{"family": "gan", "recipe": {}, "clips": {"sha256": "0"}}',
    "steps that are a text": '{"family": "gan", "recipe": {"training": {"steps": "x"}}}',
    "steps that are a long number": '{"family": "gan", "recipe": {"training": {"steps": %s}}}' % ("9" * 5000),
    "nothing": "",
    "deep nesting": '{"family": "gan", "recipe": ' + "[" * 100_000,
    "half of itself": '{"family": "gan", "rec',
    "bytes": b"\xff\xfe\x00{",
}


@pytest.mark.parametrize("kind", RUN_FILES)
def test_a_run_file_of_another_shape_is_one_sentence(folder, kind, capsys, monkeypatch):
    contents = RUN_FILES[kind]
    (folder / "mine" / RUN_FILE).write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    monkeypatch.chdir(folder)
    settings = [word for setting in (*SETTINGS, STEPS) for word in ("--set", setting)]
    assert run_command(["train", "kit", "--size", "tiny", "--out", "mine", "--resume", *settings]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("wavewright: mine")
    assert "run.json cannot be read" in sentence or "was begun with other settings" in sentence
    assert len(sentence) < 500


@pytest.mark.parametrize(
    "change",
    [
        {"threads": -1},
        {"threads": 1_000_000},
        {"threads": 2.5},
        {"metrics": None},
        {"metrics": {"a": []}},
        {"step": -3},
        {"step": "5"},
        {"step": True},
        {"steps": 10**30},
        {"steps": 2},
        {"minutes": "1"},
        {"minutes": -1},
        {"best": "low"},
        {"rollbacks": 10**9},
        {"health": None},
        {"health": {"in_a_row": {"a": "b"}}},
        {"health": {"other": 1}},
        {"breakpoints": [[1, 2.0]]},
        {"breakpoints": [1]},
        {"finished": None},
        {"colour": "red"},
    ],
)
def test_progress_of_another_shape_is_one_sentence(tmp_path, change):
    loop = make_loop(tmp_path)
    loop.progress = Progress(step=5, steps=12, threads=1)
    loop.save(LAST)
    stored = json.loads(loop.progress.to_json())
    save_file(load_file(tmp_path / LAST), tmp_path / LAST, metadata={"progress": json.dumps(stored | change)})
    with pytest.raises(
        BadModel, match=r"last\.safetensors is not a checkpoint that can be read \(.{5,200}\); copy it again"
    ) as refusal:
        make_loop(tmp_path).resume()
    assert "\n" not in str(refusal.value)


DAMAGE = ["a strange number", "one too many", "another shape", "one missing", "another type", "steps below nothing"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_optimizer_that_does_not_fit_is_one_sentence(tmp_path, damage):
    loop = make_loop(tmp_path)
    loop.run()
    tensors = load_file(tmp_path / LAST)
    state = "optimizer/line/0"
    if damage == "a strange number":
        tensors["optimizer/line/first/exp_avg"] = tensors.pop(f"{state}/exp_avg")
    elif damage == "one too many":
        tensors["optimizer/line/2/exp_avg"] = tensors[f"{state}/exp_avg"].clone()
    elif damage == "another shape":
        tensors[f"{state}/exp_avg"] = torch.zeros(7)
    elif damage == "one missing":
        del tensors[f"{state}/step"]
    elif damage == "another type":
        tensors[f"{state}/step"] = torch.tensor(True)
    else:
        tensors[f"{state}/step"] = torch.tensor(-1.0)
    save_file(tensors, tmp_path / LAST, metadata={"progress": loop.progress.to_json()})
    with pytest.raises(BadModel, match="another shape; resume with the settings of the first call"):
        make_loop(tmp_path).resume()


HOLDER = """
import sys, time
from pathlib import Path
from wavewright.training.run_file import RUN_FILE
from wavewright.training.run_folder import locked_run
with locked_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(6_000)
"""


def test_two_runs_in_one_folder_are_refused_until_the_first_process_is_gone(folder):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, folder / "mine"], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        before = (folder / "mine" / "checkpoints" / LAST).read_bytes()
        with pytest.raises(BadFolder, match=r"Another process is training in .*mine; wait until it ends or stop it"):
            resume(folder, "training.steps=5", quiet=True)
        assert (folder / "mine" / "checkpoints" / LAST).read_bytes() == before
    finally:
        holder.kill()  # SIGKILL: no handler runs
        holder.communicate()
    assert resume(folder, "training.steps=4", quiet=True).step == 4


TERMINATED = """
import os, signal, sys
from wavewright.apps import cli
from wavewright.training import stop_request
from wavewright.training.loop import Loop
stop_request.GRACE_SECONDS = 1_800
train_step = Loop.train_step

def terminated(loop, *batches):
    if loop.progress.step == 2:
        os.kill(os.getpid(), signal.SIGTERM)
    return train_step(loop, *batches)

Loop.train_step = terminated
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without telling them")
def test_sigterm_ends_the_step_saves_and_says_so(folder):
    options = [word for each in (*SETTINGS, "training.steps=5") for word in ("--set", each)]
    ended = subprocess.run(
        [sys.executable, "-c", TERMINATED, "train", "kit", "--size", "tiny", "--out", "other", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 128 + signal.SIGTERM
    assert "SIGTERM: saving the checkpoint and the model" in ended.stderr
    assert "stopped by SIGTERM at step 3 of 5; continue with `wavewright train --resume --out other`." in ended.stderr
    assert "other contains step 3" in ended.stderr
    assert resume(folder, "training.steps=5", out="other", quiet=True).step == 5
    train(
        TrainParameters(
            folder / "kit", "gan", "tiny", folder / "whole", set=(*SETTINGS, "training.steps=5"), quiet=True
        )
    )
    resumed, whole = (load_file(folder / name / "checkpoints" / LAST) for name in ("other", "whole"))
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_a_lock_file_that_was_left_behind_does_no_harm(tmp_path):
    (tmp_path / LOCK_FILE).write_text("12345")
    for _ in range(2):
        with locked_run(tmp_path), pytest.raises(BadFolder, match="Another process"), locked_run(tmp_path):
            pass


def test_what_a_killed_process_was_writing_is_removed(folder):
    mine = folder / "mine"
    partial = [mine / ".wavewright-12345-0123abcd.json", mine / "checkpoints" / ".wavewright-12345-89abcdef"]
    for path in partial:
        path.write_bytes(b"half a file")
    resume(folder, STEPS, quiet=True)
    assert not any(path.exists() for path in partial)


@pytest.mark.parametrize(
    ("clips", "labels", "few"),
    [
        ([("a", 0.5)] * 13 + [("b", 0.5)] * 14, ("a", "b"), "(a 13)"),
        ([("a", 0.5)] * 14, ("a",), None),
        ([("a", 30.0)] * 5, ("a",), None),  # five long recordings hold many crops
        ([(None, 0.5)] * 13, (), "(13)"),
        ([("a", 0.1)] * 7 + [("b", 0.1)] * 6, (), "(13)"),
    ],
)
def test_few_recordings_are_warned_of(clips, labels, few):
    entries = [SimpleNamespace(label=label, seconds=seconds) for label, seconds in clips]
    messages: list[str] = []
    run.warn_of_few_clips(entries, labels, messages.append)
    assert all(f"warning: there are few training recordings {few};" in message for message in messages)
    assert len(messages) == bool(few)


def test_a_short_plan_is_warned_of_and_timing_is_announced(tmp_path):
    loop = make_loop(tmp_path, replace(make_loop(tmp_path).settings, threads=0, steps=150))
    loop.plan(None)
    timing, *others = loop.observer.messages
    assert timing.startswith("timing ")
    assert "first, to" in timing
    assert others[-1].startswith("warning: a plan of 150 steps is short")
    loop = make_loop(tmp_path, replace(loop.settings, threads=1, steps=151))
    loop.plan(None)
    assert loop.observer.messages == []


def test_of_several_processes_the_first_one_prints_the_result(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(training, "train", lambda *arguments, **options: Progress(step=3, steps=3))
    for processes, rank, lines in [("1", "0", 1), ("2", "0", 1), ("2", "1", 0), ("1", "3", 1)]:
        monkeypatch.setenv("WORLD_SIZE", processes)
        monkeypatch.setenv("RANK", rank)
        assert run_command(["train", "kit", "--out", "x", "--quiet"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == lines


def test_a_run_made_in_python_is_refused_alike(folder):
    recipe = choose_recipe("gan", "tiny", (*SETTINGS, STEPS))
    recordings = scan(folder / "kit", "none")
    assert isinstance(recordings, Scan)
    for out, words in (("mien", "There is no run in"), ("kit", "There is no run in")):
        with pytest.raises(BadFolder, match=words):
            run.Run(folder / out, "gan", recipe, recordings, Provenance("x")).train(Call(resume=True))


def test_a_run_whose_recordings_were_moved_asks_for_their_new_folder(folder):
    (folder / "kit").rename(folder / "other")
    out = folder / "mine"
    with pytest.raises(BadFolder, match=r"begun with .*kit, which does not .* new path: wavewright train FOLDER --res"):
        train(TrainParameters(out=out, resume=True, set=("training.steps=4",), quiet=True))
    assert (
        train(TrainParameters(folder / "other", out=out, resume=True, set=("training.steps=4",), quiet=True)).step == 4
    )


def test_further_recordings_of_a_run_may_be_moved(folder):
    kit, out = folder / "kit", folder / "denoiser"
    (folder / "speech").mkdir()
    for index in range(2):
        soundfile.write(folder / "speech" / f"{index}.wav", np.sin(np.arange(16_000) ** 1.1), 16_000)
    settings = ("training.batch_size=1", "training.steps=1", "data.crop_seconds=0.5", "data.valid_fraction=0")
    given = TrainParameters(
        kit, "denoiser", "tiny", out, set=settings, speech=folder / "speech", label_from="none", quiet=True
    )
    assert train(given).step == 1
    (folder / "speech").rename(folder / "voices")
    more = TrainParameters(out=out, resume=True, set=("training.steps=2",), quiet=True)
    with pytest.raises(BadFolder, match=r"begun with .*speech, which .* wavewright train --speech PATH --resume --out"):
        train(more)
    assert train(replace(more, speech=folder / "voices")).step == 2
