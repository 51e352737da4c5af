"""The bench: the PyTorch loop draws from the same network as the engine, and the rows say what was measured."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from tiny_wavenet import CONFIG, MU_LAW, random_signal, random_tensors

from wavewright.apps.cli import run
from wavewright.base import processor
from wavewright.families.wavenet.engine import Engine
from wavewright.families.wavenet.mode_choice import ModeMeasurement
from wavewright.families.wavenet.weights import tensor_shapes
from wavewright.nn.step_loop import StepLoop
from wavewright.tasks import bench
from wavewright.tasks.bench import bench_wavenet

MODES = ["int8", "int16", "int16-8-streams", "int16-portable", "float32", "torch-loop"]


@pytest.mark.parametrize("config", [CONFIG, MU_LAW], ids=["logistics", "mu-law"])
def test_the_loop_has_the_outputs_of_the_engine(config):
    tensors, wave = random_tensors(config), random_signal(1, 200, config)
    engine = Engine(config, tensors, "float32")
    expected = engine.outputs(engine.start([0]), wave)[0]
    loop = StepLoop(tensors, config.dilations, is_mixture=config is CONFIG)
    with torch.inference_mode():
        for sample, outputs in zip(torch.from_numpy(wave[0]), expected, strict=True):
            np.testing.assert_allclose(loop.outputs().numpy(), outputs, atol=1e-4)
            loop.append(sample)


@pytest.mark.parametrize("config", [CONFIG, MU_LAW], ids=["logistics", "mu-law"])
def test_the_loop_draws_from_the_same_distribution(config):
    bias = np.random.default_rng(0).standard_normal(config.outputs).astype(np.float32)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in tensor_shapes(config).items()} | {
        "output.bias": bias
    }
    drawn = StepLoop(tensors, config.dilations, is_mixture=config is CONFIG).draw(2_000)
    engine = Engine(config, tensors)
    by_engine = engine.draw(engine.start([0]), 20_000)[0]
    assert ks_2samp(drawn, by_engine).pvalue > 1e-3


def test_rows_are_json(capsys):
    assert run(["bench", "wavenet", "--size", "tiny", "--seconds", "0.05", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["details"]
    rows = {row["mode"]: row for row in report["rows"]}
    assert list(rows) == MODES
    for row in rows.values():
        assert row["size"] == "tiny"
        assert row["times_real_time"] == pytest.approx(row["samples_per_second"] / report["sample_rate"])
        ratio = row["samples_per_second"] / rows["torch-loop"]["samples_per_second"]
        assert row["times_torch_loop"] == pytest.approx(ratio)
    assert rows["int16-8-streams"]["streams"] == 8
    assert rows["int8"]["memory_mb"] < rows["int16"]["memory_mb"] < rows["float32"]["memory_mb"]
    assert all(row["samples_per_second"] > 0 for row in rows.values())


def test_without_torch_its_row_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "wavewright.nn.step_loop", None)
    report = bench_wavenet("tiny", "mu-law", 0.05)
    assert [row.mode for row in report.rows] == MODES[:-1]
    assert report.rows[0].times_torch_loop is None
    lines = str(report).splitlines()
    assert lines[0].split() == ["size", "mode", "torch", "loop", "real", "time", "samples/s", "memory"]
    assert lines[1].split()[:2] == ["tiny", "int8"]
    assert lines[-2].startswith("PyTorch is not installed")


def test_without_a_size_all_are_measured_and_the_processor_is_named(monkeypatch):
    monkeypatch.setattr(bench, "measure_modes", lambda config, tensors: [ModeMeasurement("int16", 0.0, 1.0)])
    monkeypatch.setattr(bench, "_median_rate", lambda draw, seconds: 1_000.0)
    report = bench_wavenet(seconds=0.05)
    assert [row.size for row in report.rows] == [size for size in ("tiny", "small", "base", "full") for _ in MODES]
    assert report.auto == dict.fromkeys(("tiny", "small", "base", "full"), "int16")
    assert report.machine == processor.description()
    assert processor.processor_name() in str(report)


def test_the_rate_is_the_median_of_the_rounds(monkeypatch):
    seconds = iter([1.0, 2.0, 1.0, 100.0, 4.0, 3.0])  # the first is of finding out how many samples fit
    monkeypatch.setattr(bench, "_seconds", lambda draw, n_samples: next(seconds))
    assert bench._median_rate(lambda n: None, 1.0) == pytest.approx(16 / 3.0)


def test_a_size_that_does_not_exist_is_refused(capsys):
    assert run(["bench", "wavenet", "--size", "huge"]) == 2
    assert "--size is huge; it must be 'tiny', 'small', 'base' or 'full'" in capsys.readouterr().err
