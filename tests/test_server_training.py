"""A training over HTTP: started, followed, stopped, resumed, and used as a model."""

from __future__ import annotations

import http.client
import json
import re
import time

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("torch")

from http_jobs import do, ended, tone, upload
from local_server import request, running
from waiting import LIMIT_SECONDS

SETTINGS = ["training.evaluate_every=2", "training.save_every=2", "training.threads=1", "training.batch_size=4"]
SETTINGS += ["model.n_samples=8192"]  # 0.2 s


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("server")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
        with running(job_workers=1, is_ready_first=False) as server:
            yield server


def recordings(server) -> list[dict[str, str]]:
    return [
        {**upload(server, f"{n}.wav", tone(0.1, 8_000, hz + 7 * n)), "path": f"{label}/{n}.wav"}
        for label, hz in (("low", 110), ("high", 880))
        for n in range(4)
    ]


def events(server, job: dict):
    """Yield the states of a job as its stream of events has them."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", f"/v1/jobs/{job['id']}/events")
        for line in connection.getresponse():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
    finally:
        connection.close()


def test_a_training_is_followed_stopped_resumed_and_is_a_model(server):
    call = {"folder": recordings(server), "family": "gan", "size": "tiny", "out": "beeps", "set": SETTINGS}
    job = do(server, "train", "", **call, max_minutes=30).json
    assert job["run"] == "beeps"
    step = next(state for state in events(server, job) if re.match(r"step [1-9]\d* of", state["message"]))
    assert step["state"] == "running"
    assert 0 < step["progress"] < 1
    stopped = ended(server, request(server, "POST", f"/v1/jobs/{job['id']}/stop").json)
    assert stopped["state"] == "cancelled"
    assert stopped["error"] == "The training was stopped and saved; resume continues it."
    again = ended(server, do(server, "train", **call, max_minutes=1).json)
    assert "continue it with --resume" in again["error"]
    resumed = ended(server, do(server, "train", **call, resume=True, max_minutes=0.01).json)
    assert (resumed["state"], resumed["run"]) == ("done", "beeps")
    assert resumed["result"]["details"]["step"] > stopped["result"]["details"]["step"] > 0
    (listed,) = do(server, "runs").json["result"]["details"]["runs"]
    assert listed["folder"] == "runs/beeps"  # and no path of the machine
    generated = do(server, "generate", model="beeps", count=1).json
    assert generated["result"]["by"].startswith("beeps (")
    assert "beeps" in do(server, "runs").json["text"]


def test_a_training_that_is_stopped_before_it_has_begun_leaves_no_traceback(server, capfd):
    """As soon as it runs, while its process starts, and while its task is imported."""
    call = {"folder": recordings(server), "family": "gan", "size": "tiny", "set": SETTINGS, "max_minutes": 30}
    for number, seconds in enumerate((0.0, 0.3, 1.0, 2.0)):
        job = do(server, "train", "", out=f"stopped-{number}", **call).json
        next(state for state in events(server, job) if state["state"] == "running")
        time.sleep(seconds)  # what comes of it is the same at any moment
        stopped = ended(server, request(server, "POST", f"/v1/jobs/{job['id']}/stop").json)
        assert stopped["state"] == "cancelled"
    assert "Traceback" not in capfd.readouterr().err
