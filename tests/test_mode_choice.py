"""Mode ``auto``: drift is measured against float32, bounds decide, and the choice of a machine is cached."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_wavenet import CONFIG, MU_LAW, random_tensors

from wavewright.base import processor, whole_file
from wavewright.families.wavenet import mode_choice
from wavewright.families.wavenet.engine import Engine
from wavewright.families.wavenet.mode_choice import (
    DRIFT_BOUNDS_BITS,
    ModeMeasurement,
    fastest,
    measure_modes,
    open_engine,
)
from wavewright.families.wavenet.weights import tensor_shapes


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty cache folder in the place of the user's."""
    monkeypatch.setattr(mode_choice, "_cache_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("drifts", "rates", "expected"),
    [
        ((0.0, 0.0001, 0.001), (1, 2, 3), "int8"),
        ((0.0, 0.0001, 0.02), (1, 2, 3), "int16"),  # int8 drifts too far
        ((0.0, 0.0006, 0.02), (1, 2, 3), "float32"),  # both do
        ((0.0, 0.0, 0.0), (1, 3, 2), "int16"),
        ((0.0, 0.0, 0.0), (3, 2, 1), "float32"),
    ],
)
def test_the_fastest_mode_within_its_bound_is_chosen(drifts, rates, expected):
    modes = ("float32", "int16", "int8")
    assert fastest([ModeMeasurement(*each) for each in zip(modes, drifts, rates, strict=True)]) == expected


@pytest.mark.parametrize("config", [CONFIG, MU_LAW], ids=["logistics", "mu-law"])
def test_drift_is_zero_for_float32_and_larger_for_fewer_bits(config):
    measured = {each.mode: each for each in measure_modes(config, random_tensors(config))}
    assert list(measured) == list(DRIFT_BOUNDS_BITS)
    assert measured["float32"].drift_bits == 0.0
    assert 0.0 < measured["int16"].drift_bits <= DRIFT_BOUNDS_BITS["int16"]
    assert measured["int8"].drift_bits > measured["int16"].drift_bits
    assert all(each.samples_per_second > 0 for each in measured.values())


def test_drift_is_the_divergence_of_the_distributions(monkeypatch):
    """Constant outputs: the divergence of two distributions is known, and samples of the one estimate it."""
    logits = np.random.default_rng(0).standard_normal((2, 256))
    tensors = {name: np.zeros(shape, np.float32) for name, shape in tensor_shapes(MU_LAW).items()}
    engines = {
        mode: Engine(MU_LAW, tensors | {"output.bias": bias.astype(np.float32)}, "float32")
        for mode, bias in zip(("float32", "int8"), logits, strict=True)
    }
    monkeypatch.setattr(mode_choice, "DRIFT_SAMPLES", 4_096)
    p, q = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = float((p * np.log2(p / q)).sum())
    assert mode_choice._drifts(MU_LAW, engines)["int8"] == pytest.approx(expected, rel=0.05)


def test_a_choice_is_measured_once_for_a_network(cache_folder, monkeypatch):
    calls = []

    def measured(config, tensors):
        calls.append(config)
        return [ModeMeasurement("float32", 0.0, 1.0), ModeMeasurement("int16", 0.0, 2.0)]

    monkeypatch.setattr(mode_choice, "measure_modes", measured)
    tensors, others = random_tensors(CONFIG), random_tensors(CONFIG, seed=5)
    left_over = cache_folder / ".wavewright-1-0123abcd.lock"  # of a process that was killed
    left_over.write_text("1")
    monkeypatch.setattr(whole_file, "_swept", set())
    assert [open_engine(CONFIG, each, "auto").mode for each in (tensors, tensors, others)] == ["int16"] * 3
    assert len(calls) == 2
    assert not left_over.exists()
    monkeypatch.setattr(mode_choice, "description", lambda: "another processor")
    assert open_engine(CONFIG, tensors, "auto").mode == "int16"
    assert len(calls) == 3


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b'{"a": 1}', b"[" * 100_000])
def test_a_damaged_file_of_choices_is_measured_anew(cache_folder, monkeypatch, damage):
    path = cache_folder / mode_choice.CHOICES_FILE
    monkeypatch.setattr(mode_choice, "measure_modes", lambda config, tensors: [ModeMeasurement("int8", 0.0, 1.0)])
    path.write_bytes(damage)
    assert open_engine(CONFIG, random_tensors(CONFIG), "auto").mode == "int8"
    cached = json.loads(path.read_bytes())
    assert "int8" in [each["mode"] for each in cached.values() if isinstance(each, dict)]


def test_auto_draws_the_samples_of_the_mode_that_it_stands_for(cache_folder):
    tensors = random_tensors(CONFIG)
    auto = open_engine(CONFIG, tensors, "auto")
    plain = Engine(CONFIG, tensors, auto.mode)
    np.testing.assert_array_equal(auto.draw(auto.start([3]), 200), plain.draw(plain.start([3]), 200))
    assert (cache_folder / mode_choice.CHOICES_FILE).is_file()


def test_the_brand_is_read_from_cpuinfo():
    text = (
        "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz\n"
        "\nprocessor\t: 1\n"
    )
    assert processor._brand_in(text) == "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz"
    assert processor._brand_in("processor : 0\nFeatures : fp asimd\n") == ""


def test_the_instruction_sets_are_those_of_llvm(monkeypatch):
    monkeypatch.setattr(
        "llvmlite.binding.get_host_cpu_features", lambda: {"avx2": True, "avx512bw": True, "avx512vnni": False}
    )
    assert processor.instruction_sets.__wrapped__() == ("AVX2", "AVX-512")
