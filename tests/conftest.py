"""Settings of the whole run: each worker of pytest-xdist has one thread, and all share one cache of compiled loops."""

from __future__ import annotations

import errno
import os
import shutil
import zlib

import pytest

# Set before any test module imports a library that reads them; subprocesses inherit them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Put numba's cache, ours and librosa's, next to pytest's, where every worker and the next run find it."""
    folder = config.rootpath / ".pytest_cache" / "numba"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose tests."""
    parser.addoption("--all", action="store_true", help="also run the thorough test files, as .ci/full does")
    parser.addoption("--part", metavar="K/N", help="run the K-th of N parts of the files")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out thorough files and tests unless all, or their files, are asked for; run the slowest files first."""
    names_a_file = any(argument.partition("::")[0].endswith(".py") for argument in config.args)
    if not (config.getoption("--all") or names_a_file):
        left_out = [item for item in items if item.path.stem in THOROUGH or item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in {*left_out}]
    if part := config.getoption("--part"):
        k, n = map(int, part.split("/"))
        items[:] = [item for item in items if zlib.crc32(item.path.stem.encode()) % n == k - 1]
    # No worker is left with a long file at the end.
    items.sort(key=lambda item: item.path.stem not in LONG)


THOROUGH = {
    "test_bench",
    "test_benchmarks",
    "test_call_minutes",
    "test_compiled",
    "test_contributing",
    "test_corpora",
    "test_demo",
    "test_few_shot",
    "test_fuzz",
    "test_generated_clips",
    "test_growth",
    "test_named_commands",
    "test_network",
    "test_notebooks",
    "test_remove_speakers",
    "test_server_tasks",
    "test_server_training",
    "test_studio_page",
    "test_studio_sequences",
    "test_training_from_python",
    "test_training_plan",
    "test_tune",
    "test_typing",
}
"""Files that take long and rarely fail alone: smoke runs, fuzzing, browsers, the type checker, whole trainings."""

LONG = THOROUGH | {
    "test_documents",
    "test_resume",
    "test_vae",
    "test_phase",
    "test_dsp",
    "test_codec",
    "test_gan",
    "test_classifier",
    "test_marking",
    "test_family_contract",
}


@pytest.fixture
def fill_disk(monkeypatch):
    """Return a function after which the disk is full at the clip of a number, counted from 1."""
    from wavewright.audio import clip
    from wavewright.outputs import clip_folder

    def fill_at(number):
        write, paths = clip.write_blocks, []

        def write_clip(path, *rest, **options):
            paths.append(path)
            if len(paths) == number:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            return write(path, *rest, **options)

        for module in (clip, clip_folder):
            monkeypatch.setattr(module, "write_blocks", write_clip)

    return fill_at


@pytest.fixture(scope="session")
def tiny_gan(tmp_path_factory):
    """The model folder of a tiny GAN, which no test may change."""
    from tiny_models import make_gan

    return make_gan(tmp_path_factory.mktemp("gan"))


@pytest.fixture
def copied_gan(tiny_gan, tmp_path):
    """A copy of the tiny GAN that a test may damage."""
    return shutil.copytree(tiny_gan, tmp_path / "copied")


@pytest.fixture
def players(tmp_path, monkeypatch):
    """Install a stand-in voice and vocoder in an empty working folder; return them by name."""
    from tiny_speech import install

    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    return install(monkeypatch, tmp_path / "models")
