"""The outputs that `.ci/sameness.json` pins: all models and effects are among them; differences are named by level."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from wavewright.effects.editing.chain import CHAIN_EFFECTS
from wavewright.models import bundled
from wavewright.speech.voice_names import voices_of_model

CI = Path(__file__).parents[1] / ".ci"
pytestmark = pytest.mark.skipif(not CI.is_dir(), reason="the project's files are not beside the tests")


@pytest.fixture(scope="module")
def sameness():
    spec = importlib.util.spec_from_file_location("sameness", CI / "sameness.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_line_model_and_effect_is_pinned(sameness):
    """Where a model, patch, style or rule is new, ``python .ci/sameness.py .ci/sameness.json`` adds it."""
    pinned = json.loads((CI / "sameness.json").read_text(encoding="utf-8"))
    lines = list(sameness.command_lines())
    assert {name.rpartition(": ")[0] for name in pinned} == set(lines)
    words = {word for line in lines for word in line.split()}
    assert {name for name in bundled() if not words & {name, *voices_of_model(name)}} == set()
    assert {name for name in CHAIN_EFFECTS if f"edit-{name}.wav" not in words} == set()


def test_the_level_of_a_difference_is_estimated(sameness):
    rng = np.random.default_rng(0)
    wave, error = rng.standard_normal((2, 44_100))
    for level_db in (-90.0, -30.0):
        changed = wave + 10 ** (level_db / 20) * error
        estimate = sameness.difference_db(sameness.sums_of(wave), sameness.sums_of(changed))
        assert estimate == pytest.approx(level_db, abs=4)
    assert sameness.difference_db(sameness.sums_of(wave), sameness.sums_of(-wave)) == pytest.approx(6.02, abs=0.01)


def test_differences_are_named(sameness):
    wave = np.random.default_rng(0).standard_normal(8_000)
    old = {"a": sameness.entry_of_array("sound", wave), "b": sameness.entry_of_text('{"level": 0.25}')}
    new = {"a": sameness.entry_of_array("sound", wave * 1.00001), "b": sameness.entry_of_text('{"level": 0.35}')}
    assert list(sameness.differences(old, old)) == []
    assert list(sameness.differences(old, new)) == [(False, "a: -100 dB"), (True, "b: fractions by 1.0e-01")]
    assert [is_changed for is_changed, _ in sameness.differences(old, {"a": ["sound, longer", "", ""]})] == [True, True]
