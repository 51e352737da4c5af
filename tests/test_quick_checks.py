"""Quick checks: a range test of known losses, times of batch sizes, and the command that prints both."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import soundfile
from tiny_training import SETTINGS, make_loop

from wavewright.apps.cli import run
from wavewright.base.errors import BadSetting
from wavewright.tasks.check_settings import check_settings
from wavewright.training.quick_checks import BatchTime, batch_times, described, preferred, range_test

SAMPLE_RATE = 8_000
TINY = ("sample_rate=8000", "n_samples=1600", "n_fft=256", "hop_length=64", "n_mels=40", "valid_fraction=0.3")
TINY += ("precision=float32", "batch_size=4", "warmup_steps=0", "threads=1")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checks") / "clips"
    rng = np.random.default_rng(0)
    times = np.arange(1_600) / SAMPLE_RATE
    for label, pitch_hz in (("low", 200), ("high", 1_600)):
        (folder / label).mkdir(parents=True)
        for take in range(8):
            wave = 0.5 * np.sin(2 * np.pi * pitch_hz * times) + 0.02 * rng.standard_normal(1_600)
            soundfile.write(folder / label / f"{take}.wav", wave, SAMPLE_RATE)
    return folder


def test_a_loss_of_known_shape_gives_its_rates():
    rates = np.geomspace(1e-6, 1.0, 121)  # 20 steps a decade
    exponents = np.log10(rates)
    losses = 1 - 1 / (1 + np.exp(-8 * (exponents + 3)))  # falls around 1e-3
    losses[exponents > -1.5] += 10 * (exponents[exponents > -1.5] + 1.5)
    found = described(rates, losses)
    assert found.steepest == pytest.approx(1e-3, rel=0.13)  # one step
    assert found.highest == pytest.approx(10**-1.5, rel=0.13)
    assert math.log10(found.lowest) == pytest.approx(-3 - math.log(19) / 8, abs=0.06)  # where 5 % of the fall are over
    assert len(found.losses) == 121


@pytest.mark.parametrize("losses", [np.linspace(1, 9, 50), np.ones(50), [], [3.0]])
def test_a_loss_that_never_falls_is_said(losses):
    with pytest.raises(BadSetting, match="falls at no learning rate"):
        described(np.geomspace(1e-6, 1, 50), losses)


def test_the_fit_of_a_line_has_a_range(tmp_path):
    loop = make_loop(tmp_path)
    network = loop.network
    network.turns = lambda step: [("line", network.line_loss)]
    found = range_test(loop, 60)
    rates = [each.learning_rate for each in found.losses]
    assert rates == sorted(rates)
    assert 1e-6 <= found.lowest <= found.steepest <= found.highest <= 1
    assert min(each.loss for each in found.losses) < found.losses[0].loss
    assert not (tmp_path / "checkpoints").exists()


def test_players_against_each_other_have_no_range_test(tmp_path):
    with pytest.raises(BadSetting, match="against each other"):
        range_test(make_loop(tmp_path, SETTINGS), 60)


def test_the_smallest_batch_that_is_nearly_as_fast_is_preferred():
    times = tuple(BatchTime(size, 1.0, speed) for size, speed in ((4, 50.0), (8, 89.0), (16, 91.0), (32, 100.0)))
    assert preferred(times) == 16
    assert preferred(times[:1]) == 4


def test_a_batch_that_does_not_fit_ends_the_list(tmp_path, monkeypatch):
    import torch

    def open_run(size):
        if size > 16:
            raise RuntimeError("not enough memory")
        return size

    monkeypatch.setattr("wavewright.training.quick_checks.loop_of", lambda size: make_loop(tmp_path))
    n_threads = torch.get_num_threads()
    assert [each.batch_size for each in batch_times(open_run, 8, n_threads, math.inf)][:1] == [2]
    sizes = [each.batch_size for each in batch_times(open_run, 8, n_threads, math.inf)]
    assert set(sizes) <= {2, 4, 8, 16}
    assert [each.batch_size for each in batch_times(open_run, 8, n_threads, -math.inf)] == [2]
    with pytest.raises(RuntimeError):
        batch_times(open_run, 1_000, n_threads, math.inf)


def test_the_command_prints_both_checks_and_draws_them(clips, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wavewright.training.run.Run.steps_in", lambda run, minutes: (3_000, 1))
    settings = [option for setting in TINY for option in ("--set", setting)]
    words = ["check-settings", str(clips), "--family", "classifier", "--size", "tiny", "--image", "check.png"]
    assert run([*words, *settings, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["details"]
    assert result["default_batch_size"] == 4
    assert [each["batch_size"] for each in result["batch_sizes"]][:3] == [1, 2, 4]
    rates = result["learning_rates"]
    assert rates["lowest"] <= rates["steepest"] <= rates["highest"]
    assert (tmp_path / "check.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"check.png"}


def test_too_few_minutes_are_refused(clips, monkeypatch):
    monkeypatch.setattr("wavewright.training.run.Run.steps_in", lambda run, minutes: (1_500, 1))
    with pytest.raises(BadSetting, match=r"time for 10 steps .* --max-minutes 4.2"):
        check_settings(clips, "classifier", "tiny", max_minutes=1.0, set=TINY)
