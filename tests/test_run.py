"""What a training run refuses before it reads, decodes or writes anything, and what it says of files that it leaves out."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from wavewright.data.entry import Problem
from wavewright.errors import BadFolder, BadSetting
from wavewright.training import report, run
from wavewright.training.checkpoint import Progress
from wavewright.training.report import Report


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A folder of recordings, in a place where nothing may be decoded."""
    monkeypatch.setattr(run, "Run", None)
    for index in range(4):
        path = tmp_path / "kit" / f"{index}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, 0.5 * np.sin(np.arange(800) * (index + 1) / 10), 8_000)
    return tmp_path / "kit"


def test_a_run_needs_a_length_before_anything_else(kit, tmp_path):
    with pytest.raises(BadSetting, match="Nothing says how long to train; give --max-minutes"):
        run.train(kit, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("out", ["kit", "kit/runs/mine", "kit/../kit/deep"])
def test_a_run_keeps_its_sounds_away_from_the_recordings(kit, tmp_path, out):
    with pytest.raises(BadFolder, match="where its own sounds would be taken for recordings"):
        run.train(kit, out=tmp_path / out, max_minutes=1)
    assert sorted(path.name for path in kit.iterdir()) == ["0.wav", "1.wav", "2.wav", "3.wav"]


def test_a_run_takes_no_folder_or_file_of_others(kit, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadFolder, match=r"file is a file; give a run folder"):
        run.train(kit, out=tmp_path / "file", max_minutes=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "card.json").write_text("{}")
    for resume in (False, True):
        with pytest.raises(BadFolder, match="full holds files that are no run; give a new folder"):
            run.train(kit, out=tmp_path / "full", max_minutes=1, resume=resume)


def test_a_run_in_the_present_folder_has_its_name(kit, tmp_path, monkeypatch):
    names = []

    class Named:
        def __init__(self, out, family, recipe, found, provenance, base=None):
            names.append(provenance.name)

        def train(self, *arguments):
            return None

    monkeypatch.setattr(run, "Run", Named)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run.train(kit, out=Path(), max_minutes=1)
    assert names == ["here"]


def test_the_device_has_an_option_of_its_own():
    with pytest.raises(BadSetting, match="give it with --device"):
        run.choose_recipe("gan", "tiny", ["device=cuda"])
    assert run.choose_recipe("gan", "tiny", [], "cpu").training.device == "cpu"


def test_files_that_are_left_out_are_named_once_and_as_they_are(tmp_path, capsys):
    path = tmp_path / "[808] kick.wav"
    assert str(Problem(path, f"{path} is an empty file.")) == f"{path} is an empty file."
    assert str(Problem(path, "its label 'x' has only 1 clip")) == f"{path}: its label 'x' has only 1 clip"
    Report(tmp_path).say(f"left out: {path}")
    assert capsys.readouterr().err == f"left out: {path}\n"


@pytest.mark.parametrize("width", [50, 80, 120])
def test_a_narrow_terminal_shows_how_far_a_run_is_and_how_long_it_takes(tmp_path, monkeypatch, width):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(report, "Console", lambda **settings: console)
    with Report(tmp_path) as told:
        for step in range(1, 51):
            told.step(Progress(step=step, steps=16_000), {f"adv/{number}": 0.5 for number in range(8)}, 0.1)
    assert re.search(r"50/16000 +[-\d]:[-\d]{2}:[-\d]{2} adv/", shown.getvalue())
