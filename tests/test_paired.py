"""Scores of processed speech against its clean recording."""

import numpy as np
import pytest

from wavewright.clip import Clip
from wavewright.errors import BadFolder, BadSetting
from wavewright.metrics import paired
from wavewright.metrics.paired import compare_pairs, si_sdr_db
from wavewright.tasks.evaluate import evaluate

RATE = 16_000


def wave(seed, seconds=1.0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


class TestSiSdr:
    @pytest.mark.parametrize("ratio_db", [-5.0, 0.0, 20.0])
    @pytest.mark.parametrize("scale", [0.1, 3.0])
    def test_is_the_ratio_of_orthogonal_noise_at_every_scale(self, ratio_db, scale):
        reference, noise = wave(0).astype(np.float64), wave(1).astype(np.float64)
        noise -= noise @ reference / (reference @ reference) * reference
        noise *= np.linalg.norm(reference) / np.linalg.norm(noise) * 10 ** (-ratio_db / 20)
        assert abs(si_sdr_db(reference, scale * (reference + noise)) - ratio_db) < 1e-6

    def test_a_silent_reference_has_none(self):
        assert np.isnan(si_sdr_db(np.zeros(10), np.ones(10)))


@pytest.fixture
def folders(tmp_path):
    """Clean recordings, noisier ones and less noisy ones, in two levels of folders and two formats."""
    rng = np.random.default_rng(5)
    for index, name in enumerate(("a", "day/b", "day/c")):
        clean = wave(index)
        noise = 0.1 * rng.standard_normal(len(clean)).astype(np.float32)
        for folder, factor, suffix in (("clean", 0, "flac"), ("noisy", 1, "wav"), ("processed", 0.1, "wav")):
            path = tmp_path / folder / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Clip((clean + factor * noise)[None], RATE).write(path, "PCM_24")
    return tmp_path


@pytest.fixture(autouse=True)
def no_packages(monkeypatch):
    """Measure the same whatever is installed."""
    monkeypatch.setattr(paired, "find_spec", lambda name: None)


def test_files_of_the_same_names_are_compared(folders):
    report = compare_pairs(folders / "clean", folders / "processed", folders / "noisy")
    assert set(report.scores) == set(report.noisy_scores) == {"a", "day/b", "day/c"}
    assert abs(report.means["si_sdr_db"].value - 20) < 0.5
    assert abs(report.noisy_means["si_sdr_db"].value) < 0.5
    assert set(report.not_measured) == {"pesq", "stoi", "dnsmos"}
    assert "PESQ is left out: pip install pesq" in str(report)
    assert "before" in str(report)


def test_packages_are_used_where_they_are_installed(folders, monkeypatch):
    monkeypatch.setattr(paired, "find_spec", lambda name: name == "pystoi" or None)
    monkeypatch.setattr(paired, "METRICS", {**paired.METRICS, "stoi": lambda reference, estimate: 0.75})
    report = compare_pairs(folders / "clean", folders / "processed")
    assert report.means["stoi"].value == 0.75
    assert "stoi" not in report.not_measured


def test_what_cannot_be_compared_is_listed(folders):
    Clip(wave(9)[None], RATE).write(folders / "processed" / "new.wav")
    Clip(wave(0, 0.5)[None], RATE).write(folders / "processed" / "a.wav")
    report = evaluate(folders / "clean", folders / "processed", paired=True)
    assert set(report.scores) == {"day/b", "day/c"}
    assert sorted(report.problems.values()) == [
        f"It is 0.50 s long, and {folders / 'clean' / 'a.flac'} 1.00 s; pairs start and end together.",
        "there is no clean recording of this name.",
    ]
    assert all(problem in str(report) for problem in report.problems.values())


def test_refuses(folders):
    (folders / "empty").mkdir()
    with pytest.raises(BadFolder, match=r"Nothing in .*empty can be compared"):
        compare_pairs(folders / "clean", folders / "empty")
    with pytest.raises(BadSetting, match="is not a folder"):
        compare_pairs(folders / "clean", folders / "clean" / "a.flac")
    with pytest.raises(BadSetting, match="is for --paired"):
        evaluate(folders / "clean", folders / "processed", noisy=folders / "noisy")
