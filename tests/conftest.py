"""Settings of the whole run: each worker of pytest-xdist has one thread; which tests it takes."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck

# Set before any test module imports a library that reads them; subprocesses inherit them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # tests of several threads take no core to wait for each other
# No file of a test has to outlive a power cut; on a busy disk the wait for it is most of a test.
setattr(os, "fsync", lambda _: None)  # noqa: B010 - no annotation of a module's function fits


def pytest_configure(config: pytest.Config) -> None:
    """Put the cache of byte code next to pytest's where none is wanted beside the sources."""
    folder = config.rootpath / ".pytest_cache"
    if sys.dont_write_bytecode:  # or each worker and each command compiles all modules again
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(folder / "byte-code")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    # No test is one of time, not of the time that hypothesis takes to draw an example either.
    hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis.settings.load_profile("untimed")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[object]:
    """Import the files in another order in each worker: what one compiled, the others read.

    No collection of garbage looks through the million objects of all modules and tests, which stay.
    """
    gc.disable()
    worker = getattr(session.config, "workerinput", None)
    if worker is not None and not names_files(session.config):
        paths = sorted(Path(__file__).parent.glob("test_*.py"))
        taken = [path for path in paths if not pytest_ignore_collect(path, session.config)]
        first = len(taken) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        for path in taken[first:] + taken[:first]:
            with contextlib.suppress(Exception, pytest.skip.Exception):  # which collecting the file reports
                importlib.import_module(path.stem)
    result = yield
    gc.freeze()
    gc.enable()
    return result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose tests, and the one that measures them."""
    parser.addoption("--all", action="store_true", help="also run tests that take long, as .ci/full does")
    parser.addoption("--part", metavar="K/N", help="run the K-th of N parts of about equal length")
    parser.addoption("--measure", action="store_true", help="write .pytest_cache/seconds.json, for .ci/choose_tests.py")


# What `pytest` leaves out: the cases of tests/durations.json, which take time and run few lines that no other case
# runs, and all that need a browser. `pytest --all` leaves out what other shards of .ci/full run alone: OF_OTHER_SHARDS,
# and what needs a browser, which `pytest --all -m browser` runs. Files that are named leave out nothing.
# .ci/choose_tests.py renews the durations; .ci/planted_faults.py tells how many faults the default run finds of those
# that the whole one finds.

OF_OTHER_SHARDS = {"test_notebooks.py::test_a_new_run_shows_the_same": "documents"}
"""Tests that a shard of .ci/full runs by the name of their file, with that shard."""

DURATIONS_FILE = Path(__file__).with_name("durations.json")
DURATIONS: dict[str, float] = json.loads(DURATIONS_FILE.read_text("utf-8")) if DURATIONS_FILE.exists() else {}
"""Processor seconds of cases that wait ("file.py::test[case]"), and of files of such cases alone ("file.py")."""

USUAL_SECONDS = 0.02  # of a case that does not wait


def case_of(nodeid: str) -> str:
    """Return the name by which the duration of a test is kept."""
    return nodeid.removeprefix("tests/")


def seconds_of(nodeid: str) -> float | None:
    """Return the measured processor seconds of a case that waits for `--all`; None of any other."""
    case = case_of(nodeid)
    return DURATIONS.get(case, DURATIONS.get(case.partition("[")[0]))


def names_files(config: pytest.Config) -> bool:
    """True where files are asked for by name."""
    return any(argument.partition("::")[0].endswith(".py") for argument in config.args)


def takes_all(config: pytest.Config) -> bool:
    """True where all tests, or files by name, are asked for."""
    return config.getoption("--all") or names_files(config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import files whose cases all wait unless they are asked for: each worker imports every file."""
    return True if collection_path.name in DURATIONS and not takes_all(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what waits unless all, or files by name, are asked for; begin with the longest."""
    if not names_files(config):
        taken = [item for item in items if case_of(item.nodeid).partition("[")[0] not in OF_OTHER_SHARDS]
        if "browser" not in config.option.markexpr:
            taken = [item for item in taken if not item.get_closest_marker("browser")]
        if not takes_all(config):
            taken = [item for item in taken if seconds_of(item.nodeid) is None]
        kept = {id(item) for item in taken}
        config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
        items[:] = [item for item in items if id(item) in kept]
    if part := config.getoption("--part"):
        k, n = map(int, part.split("/"))
        items[:] = parts_of(items, n)[k - 1]
    seconds = file_seconds(items)
    items.sort(key=lambda item: -seconds[item.path.name])  # no worker is left with a long file at the end


def file_seconds(items: list[pytest.Item]) -> Counter[str]:
    """Return about how many processor seconds each file takes."""
    seconds: Counter[str] = Counter()
    for item in items:
        seconds[item.path.name] += seconds_of(item.nodeid) or USUAL_SECONDS
    return seconds


def parts_of(items: list[pytest.Item], n: int) -> list[list[pytest.Item]]:
    """Divide tests into `n` parts of whole files that take about equally long, the same in every process."""
    seconds = file_seconds(items)
    totals, part_of = [0.0] * n, {}
    for name in sorted(seconds, key=lambda name: (-seconds[name], name)):
        part_of[name] = shortest = totals.index(min(totals))
        totals[shortest] += seconds[name]
    return [[item for item in items if part_of[item.path.name] == index] for index in range(n)]


def processor_seconds() -> float:
    """Return the processor time of this process and of those that it started and waited for."""
    return sum(os.times()[:4])


MEASURED: Counter[str] = Counter()
LAST_SECONDS = [processor_seconds()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Add the processor seconds since the report before to each report; workers send it to the first process."""
    report = yield
    now = processor_seconds()
    report.processor_seconds, LAST_SECONDS[0] = now - LAST_SECONDS[0], now
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the processor seconds of a case."""
    MEASURED[case_of(report.nodeid)] += getattr(report, "processor_seconds", 0.0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the seconds of what has run, where asked to, in the process that has all reports."""
    if session.config.getoption("--measure") and not hasattr(session.config, "workerinput"):
        file = session.config.rootpath / ".pytest_cache" / "seconds.json"
        file.write_text(json.dumps(MEASURED, indent=0) + "\n", encoding="utf-8")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Fail a test that leaves models open, which each load of later tests would give; begin with one thread."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # a training leaves those that it timed last
    yield
    loading = sys.modules.get("wavewright.families.loading")
    assert loading is None or not loading._shelves


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
    """Chromium or Firefox, driven by Playwright."""
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
