"""Damaged requests: the server answers the next one, never with status 500, and sends no file of its machine."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")

from damaged_requests import SECRET, damaged_requests, send
from local_server import request, running
from waiting import LIMIT_SECONDS


def test_damaged_requests_crash_nothing_and_read_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("damaged_requests.SECONDS", LIMIT_SECONDS)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
    for each in (folder, tmp_path):
        (each / "secret.txt").write_bytes(SECRET)
    with running(is_ready_first=False, job_workers=1, max_jobs=2, max_upload_mb=1, body_seconds=0.5) as server:
        statuses = []
        for damaged in damaged_requests(7, 150):
            status, reply = send(server.port, damaged)
            assert status != 500, damaged
            assert SECRET not in reply, damaged
            statuses.append(status)
        assert {200, 400, 404} <= {*statuses}
        assert request(server, "GET", "/health").status == 200
    assert [path.name for path in folder.iterdir()] == ["secret.txt"]


def test_the_same_seed_gives_the_same_requests():
    assert list(damaged_requests(3, 20)) == list(damaged_requests(3, 20))
    assert list(damaged_requests(3, 20)) != list(damaged_requests(4, 20))
