"""Train from Python: settings by name, recordings in memory, a callback; and resume from the run folder alone."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys

import numpy as np
import pytest
from test_run_folder import SETTINGS

import wavewright
from wavewright.apps.cli import run as run_command
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.base.interruption import stopped_results
from wavewright.data.recording import Recording, write_recordings
from wavewright.training.loop import BEST, LAST
from wavewright.training.run_file import RUN_FILE

RATE = 8_000
BY_NAME = dict(setting.split("=") for setting in SETTINGS) | {"training.steps": 2}


class Dataset:
    """A dataset of one's own: it is only iterated."""

    def __iter__(self):
        for index in range(8):
            wave = 0.5 * np.sin(np.arange(800) * (index + 1) / 10)
            yield wavewright.Recording(wave, RATE, label="low" if index < 4 else "high", group=str(index))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run on a dataset in memory, and what its callback received."""
    out = tmp_path_factory.mktemp("python") / "runs" / "mine"
    steps = []
    result = wavewright.train(recordings=Dataset(), size="tiny", out=out, set=BY_NAME, on_step=steps.append, quiet=True)
    return out, result, steps


@pytest.fixture
def copied(trained, tmp_path):
    return shutil.copytree(trained[0], tmp_path / "mine")


def test_a_training_takes_arrays_settings_by_name_and_a_callback(trained):
    out, result, steps = trained
    assert (result.details["step"], result.details["steps"]) == (2, 2)
    assert [(each.step, each.steps) for each in steps] == [(1, 2), (2, 2)]
    assert all(np.isfinite(list(each.losses.values())).all() and each.losses for each in steps)
    assert 0 < steps[0].minutes <= steps[1].minutes <= result.details["minutes"] + 0.01
    assert sorted(wavewright.load(out).folder.card.labels) == ["high", "low"]
    recipe = json.loads((out / RUN_FILE).read_text())["recipe"]
    assert recipe["training"]["steps"] == 2
    assert recipe["model"]["n_samples"] == 1600


def test_a_run_resumes_from_its_folder_alone(copied, capsys):
    assert run_command(["train", "--resume", "--out", str(copied), "--set", "training.steps=3", "--quiet"]) == 0
    assert "3 of 3 steps" in capsys.readouterr().out
    resumed = wavewright.train(out=copied, resume=True, set={"training.steps": 4, "training.threads": 2}, quiet=True)
    assert resumed.details["step"] == 4
    with pytest.raises(BadSetting, match=r"begun with other settings \(recipe.model.channels was 8, now 16\)"):
        wavewright.train(out=copied, resume=True, set={"model.channels": 16}, quiet=True)


def test_a_run_and_its_recordings_may_move_together(tmp_path, monkeypatch, capsys):
    here, there = tmp_path / "here", tmp_path / "there"
    write_recordings(Dataset(), here / "sounds")
    monkeypatch.chdir(here)
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    call = ["train", "sounds", "--size", "tiny", "--out", "runs/mine", *settings, "--set", "training.steps=2"]
    assert run_command(call) == 0
    assert "`wavewright train --resume --out runs/mine --more-minutes 10`" in capsys.readouterr().err
    here.rename(there)
    monkeypatch.chdir(tmp_path)
    assert run_command(["train", "--resume", "--out", "there/runs/mine", "--set", "steps=3", "--quiet"]) == 0
    assert "3 of 3 steps" in capsys.readouterr().out


def test_without_its_last_checkpoint_a_run_goes_on_from_the_best_and_never_over_a_model(copied, capsys):
    checkpoints = copied / "checkpoints"
    (checkpoints / LAST).rename(checkpoints / BEST)
    wavewright.train(out=copied, resume=True, set={"training.steps": 3})
    assert "last.safetensors is missing; continuing from the best checkpoint, step 2." in capsys.readouterr().err
    shutil.rmtree(checkpoints)
    model = {path.name: path.read_bytes() for path in copied.glob("*.*") if path.is_file()}
    with pytest.raises(BadFolder, match="contains a trained model, but no checkpoint to resume from"):
        wavewright.train(out=copied, resume=True, quiet=True)
    assert {path.name: path.read_bytes() for path in copied.glob("*.*") if path.is_file()} == model


def test_a_run_of_an_earlier_version_resumes_with_its_whole_command(copied, tmp_path):
    contents = json.loads((copied / RUN_FILE).read_text())
    del contents["call"]
    (copied / RUN_FILE).write_text(json.dumps(contents))
    with pytest.raises(BadSetting, match="nothing to train on"):
        wavewright.train(out=copied, resume=True, quiet=True)
    manifest = copied / ".recordings" / "manifest.jsonl"
    settings = {**BY_NAME, "training.steps": 3}
    assert (
        wavewright.train(manifest, size="tiny", out=copied, resume=True, set=settings, quiet=True).details["step"] == 3
    )


def test_a_run_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(BadFolder, match=r"There is no run in .*none to resume"):
        wavewright.train(out=tmp_path / "none", resume=True, quiet=True)


@pytest.mark.parametrize("minutes", [np.inf, 1e308, 525_601])
def test_more_minutes_than_a_year_has_are_refused(tmp_path, minutes):
    with pytest.raises(BadSetting, match="at most 525600"):
        wavewright.train(tmp_path, out=tmp_path / "run", max_minutes=minutes, quiet=True)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"recordings": []}, "There are no recordings"),
        ({"recordings": [np.zeros(800)]}, "Item 0 of the recordings is of the type ndarray; give wavewright.Recording"),
        ({"recordings": Dataset(), "folder": "sounds"}, "recordings and folder exclude each other"),
        ({}, "nothing to train on"),
    ],
)
def test_wrong_recordings_are_one_sentence_and_leave_nothing(tmp_path, arguments, what):
    with pytest.raises((BadSetting, BadFolder), match=what):
        wavewright.train(out=tmp_path / "run", size="tiny", set=BY_NAME, quiet=True, **arguments)
    assert not (tmp_path / "run").exists()


class Tones:
    """A dataset as PyTorch's: items by number, computed for any number, and a length."""

    def __init__(self):
        self.asked = []

    def __len__(self):
        return 8

    def __getitem__(self, index):
        self.asked.append(index)
        wave = 0.5 * np.sin(np.arange(800) * (index % 8 + 1) / 10)
        return wavewright.Recording(wave, RATE, label="low" if index % 8 < 4 else "high", group=str(index))


class Endless:
    """A dataset without a length, and without an error at its end."""

    __getitem__ = Tones.__getitem__


class Loader:
    """An iterable with a length that is not that of its items."""

    def __len__(self):
        return 2

    def __iter__(self):
        return iter(Dataset())


def test_a_dataset_has_as_many_items_as_its_length(tmp_path):
    torch = pytest.importorskip("torch")
    data = torch.utils.data
    dataset = type("Computed", (Tones, data.Dataset), {})()
    peer = list(data.DataLoader(dataset, batch_size=None, collate_fn=lambda item: item))
    asked, dataset.asked = dataset.asked, []
    lines = write_recordings(dataset, tmp_path / "x").read_text().splitlines()
    assert dataset.asked == asked == list(range(8))
    assert [json.loads(line)["group"] for line in lines] == [item.group for item in peer]
    assert len(write_recordings(Loader(), tmp_path / "y").read_text().splitlines()) == 8
    assert len(write_recordings(data.Subset(dataset, [1, 3]), tmp_path / "z").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (np.full(800, np.nan), "000002.wav holds a sample"),
        (np.r_[np.zeros(400), -np.inf, np.ones(399)], "000002.wav holds a sample"),
        (np.zeros(0), "000002.wav holds no samples"),
        (np.zeros((1, 0), np.int16), "000002.wav holds no samples"),
    ],
)
def test_a_recording_that_is_no_sound_is_left_out_and_named(tmp_path, capsys, wave, reason):
    clips = [*Dataset()]
    clips.insert(2, wavewright.Recording(wave, RATE, label="low"))
    wavewright.train(recordings=clips, size="tiny", out=tmp_path / "run", set=BY_NAME)
    assert re.search(f"left out: .*{reason}", " ".join(capsys.readouterr().err.split()))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"device": "mps" if sys.platform != "darwin" else "cuda"}, "is not available"),
        ({"size": "huge"}, "no size 'huge'"),
        ({"set": {"training.no_such": 1}}, "no_such"),
        ({"set": {}}, "how long|steps"),
    ],
)
def test_what_cannot_work_is_refused_before_a_recording_is_read(tmp_path, change, what):
    tones = Tones()
    with pytest.raises(BadSetting, match=what):
        wavewright.train(**{"recordings": tones, "size": "tiny", "out": tmp_path / "run", "set": BY_NAME} | change)
    assert not tones.asked
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "recordings", [[Recording(np.full(800, np.nan), RATE)] * 3, Endless(), [*[*Dataset()][:1], None]]
)
def test_recordings_that_cannot_be_used_leave_no_file(tmp_path, recordings):
    with pytest.raises((BadSetting, BadFolder)):
        wavewright.train(recordings=recordings, size="tiny", out=tmp_path / "run", set=BY_NAME, quiet=True)
    assert not (tmp_path / "run").exists()


def test_ctrl_c_saves_and_raises_and_a_command_returns_what_is_saved(tmp_path):
    settings = {**BY_NAME, "training.steps": 5}

    def stop(step):
        if step.step == 2:
            signal.raise_signal(signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for name in ("python", "command"):
            call = {"recordings": Dataset(), "size": "tiny", "out": tmp_path / name, "set": settings, "quiet": True}
            if name == "python":
                with pytest.raises(KeyboardInterrupt, match="is saved and can be resumed"):
                    wavewright.train(**call, on_step=stop)
            else:
                with stopped_results():
                    result = wavewright.train(**call, on_step=stop)
                assert (result.details["step"], result.details["stopped_by"]) == (2, "Ctrl-C")
            assert wavewright.load(tmp_path / name)
            resumed = wavewright.train(out=tmp_path / name, resume=True, quiet=True)
            assert (resumed.details["step"], resumed.details["stopped_by"]) == (5, "")
    finally:
        signal.signal(signal.SIGINT, handler)


def test_the_run_folder_is_asked_for():
    with pytest.raises(BadSetting, match="run folder is missing, and the recordings have no name; give it with --out"):
        wavewright.train(recordings=Dataset(), size="tiny", set=BY_NAME)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int32, np.uint8])
@pytest.mark.parametrize("channels", [(), (2,)])
def test_arrays_of_any_type_are_written_at_their_level(tmp_path, dtype, channels):
    wave = 0.5 * np.sin(np.arange(100) / 5)
    wave = np.stack([wave] * channels[0]) if channels else wave
    scale = {np.int16: 2**15, np.int32: 2**31, np.uint8: 2**7}.get(dtype, 1)
    given = (wave * scale + (128 if dtype is np.uint8 else 0)).astype(dtype)
    manifest = write_recordings([Recording(given, RATE, "a", text="one", split="test")], tmp_path / "x")
    clip = wavewright.Clip.read(tmp_path / "x" / "000000.wav")
    assert clip.wave.shape == (len(channels) + 1, 100)
    np.testing.assert_allclose(clip.wave, np.atleast_2d(wave), atol=1 / 64 if dtype is np.uint8 else 1e-4)
    record = json.loads(manifest.read_text())
    assert (record["label"], record["text"], record["split"]) == ("a", "one", "test")


def test_enhancement_settings_and_streams_of_any_rate_are_public(monkeypatch):
    sound = 0.1 * np.sin(np.arange(22_050) / 9).astype(np.float32)
    settings = wavewright.EnhancementSettings(mix=0.0)  # the recording itself, resampled and back
    blocks = [*wavewright.enhanced_blocks(np.array_split(sound, 7), 22_050, settings=settings)]
    enhanced = np.concatenate(blocks, axis=1)
    assert enhanced.shape == (1, 22_050)
    np.testing.assert_allclose(enhanced[0, 2_000:-2_000], sound[2_000:-2_000], atol=2e-3)
