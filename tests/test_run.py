"""Training runs: what is refused before any file is read or written, and the report of excluded files."""

from __future__ import annotations

import errno
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.base.result import Failed
from wavewright.data.entry import Entry
from wavewright.training import report, train as training
from wavewright.training.checkpoint import Progress
from wavewright.training.choices import choose_recipe
from wavewright.training.parameters import TrainParameters
from wavewright.training.report import Report
from wavewright.training.run import notes_on_rates
from wavewright.training.run_file import RUN_FILE


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A folder of recordings that may not be decoded."""
    monkeypatch.setattr(training, "Run", None)
    for index in range(4):
        path = tmp_path / "kit" / f"{index}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, 0.5 * np.sin(np.arange(800) * (index + 1) / 10), 8_000)
    return tmp_path / "kit"


@pytest.mark.uses("gan")
def test_a_run_needs_a_length_before_anything_else(kit, tmp_path):
    with pytest.raises(BadSetting, match="The length of the training is missing; give --max-minutes"):
        training.train(TrainParameters(kit, out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.uses("gan")
@pytest.mark.parametrize("out", ["kit", "kit/runs/mine", "kit/../kit/deep"])
def test_a_run_keeps_its_sounds_away_from_the_recordings(kit, tmp_path, out):
    with pytest.raises(BadFolder, match="where its samples would be taken for recordings"):
        training.train(TrainParameters(kit, out=tmp_path / out, max_minutes=1))
    assert sorted(path.name for path in kit.iterdir()) == ["0.wav", "1.wav", "2.wav", "3.wav"]


@pytest.mark.uses("gan")
def test_a_run_takes_no_folder_or_file_of_others(kit, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadFolder, match=r"file is a file; give a run folder"):
        training.train(TrainParameters(kit, out=tmp_path / "file", max_minutes=1))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "card.json").write_text("{}")
    with pytest.raises(BadFolder, match="full contains files of other origin; give a new folder"):
        training.train(TrainParameters(kit, out=tmp_path / "full", max_minutes=1))
    with pytest.raises(BadFolder, match=r"There is no run in .*full to resume; give its folder with --out"):
        training.train(TrainParameters(kit, out=tmp_path / "full", max_minutes=1, resume=True))


@pytest.mark.uses("gan")
def test_a_run_in_the_present_folder_has_its_name(kit, tmp_path, monkeypatch):
    names = []

    class Named:
        def __init__(self, out, family, recipe, recordings, provenance, base=None, record=None):
            names.append(provenance.name)

        def train(self, *arguments, **options):
            return None

    monkeypatch.setattr(training, "Run", Named)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    training.train(TrainParameters(kit, out=Path(), max_minutes=1))
    assert names == ["here"]


def test_a_run_from_before_a_setting_existed_goes_on(kit, tmp_path, monkeypatch):
    monkeypatch.undo()
    settings = ["training.steps=2", "training.threads=1", "training.batch_size=4"]
    training.train(TrainParameters(kit, "gan", "tiny", tmp_path / "run", max_minutes=1e-5, set=settings, quiet=True))
    path = tmp_path / "run" / RUN_FILE
    written = json.loads(path.read_text())
    del written["recipe"]["training"]["base_weight"]
    path.write_text(json.dumps(written))
    assert (
        training.train(
            TrainParameters(kit, "gan", "tiny", tmp_path / "run", resume=True, set=settings, quiet=True)
        ).step
        == 2
    )
    written["recipe"]["training"]["seed"] = 7
    path.write_text(json.dumps(written))
    with pytest.raises(BadSetting, match=r"begun with other settings \(recipe\.training\.seed was 7, now 0\)"):
        training.train(TrainParameters(kit, "gan", "tiny", tmp_path / "run", resume=True, set=settings, quiet=True))


@pytest.mark.parametrize("setting", ["learning_rate", "ema_decay"])
def test_a_resumed_run_with_other_settings_names_the_way(kit, tmp_path, monkeypatch, setting):
    monkeypatch.undo()
    settings = ["training.steps=2", "training.threads=1", "training.batch_size=4"]
    out = tmp_path / "run"
    training.train(TrainParameters(kit, "gan", "tiny", out, max_minutes=1e-5, set=settings, quiet=True))
    before = (out / RUN_FILE).read_bytes()
    match = rf"recipe\.training\.{setting} was .*, now .*; resume with .* from its weights: --from {out} --out FOLDER"
    with pytest.raises(BadSetting, match=match):
        training.train(
            TrainParameters(
                kit, "gan", "tiny", out, resume=True, set=[*settings, f"training.{setting}=0.0123"], quiet=True
            )
        )
    assert (out / RUN_FILE).read_bytes() == before


def test_a_base_weight_without_a_base_is_refused(kit, tmp_path):
    with pytest.raises(BadSetting, match="the weight of the model that a run starts from; give one with --from"):
        training.train(
            TrainParameters(kit, "gan", "tiny", tmp_path / "run", max_minutes=1, set=["training.base_weight=0.3"])
        )
    assert not (tmp_path / "run").exists()


def test_the_device_has_an_option_of_its_own():
    with pytest.raises(BadSetting, match="give it with --device"):
        choose_recipe("gan", "tiny", ["device=cuda"])
    assert choose_recipe("gan", "tiny", [], "cpu").training.device == "cpu"


def test_files_that_are_left_out_are_named_once_and_as_they_are(tmp_path, capsys):
    path = tmp_path / "[808] kick.wav"
    assert str(Failed(path, f"{path} is an empty file.")) == f"{path} is an empty file."
    assert str(Failed(path, "its label 'x' has only 1 clip")) == f"{path}: its label 'x' has only 1 clip"
    Report(tmp_path).log(f"left out: {path}")
    assert capsys.readouterr().err == f"left out: {path}\n"


@pytest.mark.parametrize("width", [50, 80, 120])
def test_a_narrow_terminal_shows_how_far_a_run_is_and_how_long_it_takes(tmp_path, monkeypatch, width):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(report, "Console", lambda **settings: console)
    with Report(tmp_path) as shown_report:
        for step in range(1, 51):
            shown_report.step(Progress(step=step, steps=16_000), {f"adv/{number}": 0.5 for number in range(8)}, 0.1)
    assert re.search(r"50/16000 +[-\d]:[-\d]{2}:[-\d]{2} adv/", shown.getvalue())


def test_a_run_goes_on_where_its_terminal_is_closed(tmp_path, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise OSError(errno.EIO, "Input/output error")

    for is_terminal in (False, True):
        console = Console(file=Closed(), force_terminal=is_terminal)
        monkeypatch.setattr(report, "Console", lambda console=console, **settings: console)
        closed = Report(tmp_path)
        closed.log("saving")
        closed.bar.start = lambda: None  # the terminal was open then
        with closed:
            closed.step(Progress(step=50, steps=100), {"loss": 0.5}, 0.1)
    assert len((tmp_path / report.LOG_FILE).read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("rates", "model", "what"),
    [
        ([8_000] * 3, 22_050, "warning: the recordings have 8000 Hz, .* above 4000 Hz .* --set model.sample_rate=8000"),
        ([8_000, 8_000, 44_100], 22_050, "warning: 2 of 3 recordings have 8000 Hz"),
        ([44_100] * 3, 22_050, "have 44100 Hz, and the model 22050 Hz: what they have above 11025 Hz is not learned"),
        ([8_000, 22_050, 44_100], 22_050, None),
        ([22_050] * 3, 22_050, None),
    ],
)
def test_rates_that_differ_are_said(rates, model, what):
    entries = [Entry(Path("a.wav"), None, None, 1.0, rate, 1, rate) for rate in rates]
    notes = notes_on_rates(entries, model)
    assert len(notes) == (what is not None)
    assert all(re.search(what, note) for note in notes)
