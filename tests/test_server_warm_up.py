"""The warm-up of a server: what it calls, when the server is ready for tasks, and its end."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import Popen

import pytest

pytest.importorskip("uvicorn")

from local_server import request, running
from waiting import wait_until

from wavewright.apps.server import app
from wavewright.apps.server.jobs import warm_up
from wavewright.base.errors import BadSetting
from wavewright.synth import patch_names
from wavewright.synth.procedural import PROCEDURES
from wavewright.tasks.list_effects import list_effects


def python(code: str) -> Popen[bytes]:
    return Popen([sys.executable, "-c", code])


def test_all_effects_and_procedures_are_called():
    names = [name for name, _ in warm_up.calls()]
    assert len({*names}) == len(names)
    assert {*names} >= {effect.name for effect in list_effects().details["effects"]} | {*PROCEDURES} | {
        *warm_up.PATCHES
    }
    assert {*warm_up.PATCHES} <= {*patch_names()}


def test_calls_do_what_tasks_do_and_refusals_are_left_out(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    written = []

    def refused() -> None:
        raise BadSetting("There is no such thing.")

    some = {name: call for name, call in warm_up.calls() if name in ("gain", "reverse", "click")}
    listed = [("refused", refused), *some.items(), ("last", lambda: written.append(sorted(p.name for p in folder())))]
    monkeypatch.setattr(warm_up, "calls", lambda: listed)
    seen: list[str] = []
    warm_up.warm_up(seen.append)
    assert seen == [name for name, _ in listed]
    assert {"gain.wav", "reverse.wav", "mono.wav", "score.abc"} <= {*written[0]}
    assert list(tmp_path.iterdir()) == []
    assert Path.cwd() == tmp_path


def folder():
    return Path.cwd().iterdir()


def test_the_server_is_ready_for_tasks_once_they_are_compiled(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    release = tmp_path / "release"
    code = f"import os, time\nwhile not os.path.exists({str(release)!r}): time.sleep(0.01)"
    monkeypatch.setattr(app, "start_warm_up", lambda: python(code))
    with running(is_ready_first=False, has_warm_up=True, job_workers=1) as server:
        wait_until(lambda: server.state.jobs.store.pool.process_ids)  # before any job
        assert request(server, "GET", "/ready?tasks=1").status == 503
        release.touch()
        wait_until(lambda: server.state.is_warm)
        wait_until(lambda: server.state.is_ready)
        for path in ("/ready", "/ready?tasks=1"):
            reply = request(server, "GET", path)
            assert (reply.status, reply.json) == (200, {"ready": True, "speech": True, "tasks": True})


@pytest.mark.parametrize(
    ("code", "is_warm"), [("import time; time.sleep(6_000)", False), ("raise SystemExit(1)", True)]
)
def test_a_warm_up_ends_with_the_server_and_may_fail(monkeypatch, tmp_path, code, is_warm):
    monkeypatch.chdir(tmp_path)
    started: list[Popen[bytes]] = []
    monkeypatch.setattr(app, "start_warm_up", lambda: started.append(python(code)) or started[0])
    with running(is_ready_first=False, has_warm_up=True, job_workers=1) as server:
        wait_until(lambda: started)
        assert request(server, "GET", "/health").status == 200
        wait_until(lambda: server.state.is_warm == is_warm)
    wait_until(lambda: started[0].returncode is not None)
