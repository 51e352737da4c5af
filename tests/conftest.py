"""For the whole run: each worker of pytest-xdist has one thread, and all share one folder of compiled loops."""

from __future__ import annotations

import os

import pytest

# Before any test module imports a library that reads them; processes that tests start inherit them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled loops, ours and librosa's, beside pytest's own cache: the next run and every worker find them there."""
    folder = config.rootpath / ".pytest_cache" / "numba"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.path.stem not in LONG)


LONG = {
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
