"""Settings of the whole run: each worker of pytest-xdist has one thread, and all share one cache of compiled loops."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck

# Set before any test module imports a library that reads them; subprocesses inherit them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Put the caches of numba and, where none is wanted beside the sources, of byte code next to pytest's."""
    folder = config.rootpath / ".pytest_cache"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "numba"))
    if sys.dont_write_bytecode:  # or each worker and each command compiles all modules again
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(folder / "byte-code")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    # No test is one of time, not of the time that hypothesis takes to draw an example either.
    hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose tests."""
    parser.addoption("--all", action="store_true", help="also run the thorough test files, as .ci/full does")
    parser.addoption("--part", metavar="K/N", help="run the K-th of N parts of the files")


def takes_all(config: pytest.Config) -> bool:
    """True where all tests, or files by name, are asked for."""
    return config.getoption("--all") or any(argument.partition("::")[0].endswith(".py") for argument in config.args)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import thorough files unless all, or files by name, are asked for: each worker imports every file."""
    return True if collection_path.stem in THOROUGH and not takes_all(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out thorough tests and most numbers unless all, or files by name, are asked for; run slow files first."""
    if not takes_all(config):
        kept = [item for item in items if not any(map(item.get_closest_marker, ("browser", "thorough")))]
        kept = without_most_numbers(kept)
        ids = {id(item) for item in kept}
        config.hook.pytest_deselected(items=[item for item in items if id(item) not in ids])
        items[:] = kept
    if part := config.getoption("--part"):
        k, n = map(int, part.split("/"))
        items[:] = [item for item in items if zlib.crc32(item.path.stem.encode()) % n == k - 1]
    # No worker is left with a long file at the end.
    items.sort(key=lambda item: item.path.stem not in LONG)


def without_most_numbers(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the first, middle and last of the cases of a test that differ in numbers alone, and all other tests."""
    cases: dict[tuple[str, str], list[pytest.Item]] = {}
    for item in items:
        parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        others = {name: value for name, value in parameters.items() if not is_of_numbers(value)}
        is_alone = len(others) == len(parameters)
        cases.setdefault((item.nodeid if is_alone else item.nodeid.partition("[")[0], repr(others)), []).append(item)
    kept = {id(each[at]) for each in cases.values() for at in (0, len(each) // 2, -1)}
    return [item for item in items if id(item) in kept]


def is_of_numbers(value: object) -> bool:
    """True for a number, and for a tuple or list of numbers, of None and of such tuples."""
    if isinstance(value, tuple | list):
        return all(each is None or is_of_numbers(each) for each in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.fixture(scope="module")
def studio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A server with the studio's page, in a folder of its own."""
    from test_studio import running_studio

    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("studio")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
        with running_studio(folder / "runs", job_workers=2) as server:
            yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Chromium, driven by Playwright."""
    from studio_browser import running_browser

    with running_browser() as browser:
        yield browser


@pytest.fixture
def studio_script() -> str:
    """A script that runs in each page of the studio before those of the page."""
    return ""


@pytest.fixture
def studio(studio_server, browser, studio_script) -> Iterator[object]:
    """A page of the studio in a context of its own, which must have had no fault in the end."""
    from studio_browser import Studio

    studio = Studio(browser, studio_server.url)
    if studio_script:
        studio.context.add_init_script(studio_script)
    yield studio
    studio.close()


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
    "test_studio_dub",
    "test_studio_page",
    "test_studio_sequences",
    "test_studio_spectral",
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
