"""Settings of the whole run: each worker of pytest-xdist has one thread, and all share one cache of compiled loops."""

from __future__ import annotations

import os

import pytest

# Set before any test module imports a library that reads them; subprocesses inherit them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Put numba's cache, ours and librosa's, next to pytest's, where every worker and the next run find it."""
    folder = config.rootpath / ".pytest_cache" / "numba"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest files first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: item.path.stem not in LONG)


LONG = {
    "test_benchmarks",
    "test_documents",
    "test_resume",
    "test_vae",
    "test_phase",
    "test_dsp",
    "test_bench",
    "test_codec",
    "test_gan",
    "test_classifier",
}


@pytest.fixture
def players(tmp_path, monkeypatch):
    """Install a stand-in voice and vocoder in an empty working folder; return them by name."""
    from tiny_speech import install

    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    return install(monkeypatch, tmp_path / "models")
