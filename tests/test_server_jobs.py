"""Tasks over HTTP: descriptions, uploads, jobs in worker processes, files, limits; no request reaches another path."""

from __future__ import annotations

import asyncio
import errno
import http.client
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import wave
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from http_jobs import WAIT, do, ended, form, tone, upload
from local_server import request, running
from waiting import LIMIT_SECONDS, wait_until

from wavewright import models
from wavewright.apps.cli import run
from wavewright.apps.server.jobs.endpoints import events_of
from wavewright.apps.server.jobs.files import SUFFIXES, safe_name
from wavewright.apps.server.jobs.request import parameters_of, prepare
from wavewright.apps.server.jobs.store import JobStore
from wavewright.apps.server.jobs.task_job import TaskJob
from wavewright.apps.server.jobs.worker import FileAccess, interrupt_again
from wavewright.apps.server.settings import ServerSettings
from wavewright.apps.server.speech_request import BadRequest
from wavewright.base.errors import BadSetting
from wavewright.base.parameters import FREE_TEXT
from wavewright.tasks.commands import Local, all_commands
from wavewright.tasks.description import http_tasks, innermost_types


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("server")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
        with running(job_workers=1, max_jobs=1, max_upload_mb=1, is_ready_first=False) as server:
            yield server


def sentence(reply, status: int) -> str:
    """Return the sentence of an error with a status."""
    assert reply.status == status, reply.body
    message = reply.json["error"]["message"]
    assert message.endswith(".")
    assert "\n" not in message
    return message


# ----------------------------------------------------------------------------------------------------- descriptions


def test_every_command_but_servers_is_a_task(server):
    reply = request(server, "GET", "/v1/tasks")
    listed = {task["name"]: task for task in reply.json["tasks"]}
    words = {words for words, entry in all_commands() if not isinstance(entry, Local)}
    assert {tuple(task["command"].split()[1:]) for task in listed.values()} == words
    assert {"generate", "models", "data-inspect"} <= listed.keys()
    assert not {"serve", "batch", "live", "sign", "keys", "keys-new", "bench-wavenet"} & listed.keys()
    for task in listed.values():
        schema = task["parameters"]
        assert task["summary"].endswith(".")
        assert {*task["files"], *task["outputs"], *schema["required"]} <= schema["properties"].keys()
        assert not {"quiet", "workers", "watermark", "watermark_key"} & schema["properties"].keys()
    seconds = listed["generate"]["parameters"]["properties"]["seconds"]
    assert (seconds["unit"], seconds["maximum"], seconds["default"]) == ("s", 600, None)
    assert seconds["description"].startswith("Length of each clip")
    assert listed["generate"]["parameters"]["properties"]["format"]["enum"] == ["wav", "flac", "ogg"]
    assert listed["morph"]["files"] == ["file_a", "file_b"]
    related = listed["morph"]["parameters"], listed["render"]["parameters"]
    assert {"not": {"required": ["over_time", "joined"]}} in related[0]["allOf"]
    assert related[1]["dependentRequired"] == {"timbre": ["instrument"]}
    rules = listed["accompany"]["parameters"]["allOf"]
    chorale = {"properties": {"style": {"const": "chorale"}}}
    assert {"if": {"required": ["voice"]}, "then": {"required": ["style"], **chorale}} in rules
    assert {"not": {"required": ["style", "chords"], **chorale}} in rules
    assert {"oneOf": [{"required": ["do"]}, {"required": ["chain"]}]} in listed["edit"]["parameters"]["allOf"]
    assert request(server, "GET", "/v1/tasks/morph").json == listed["morph"]
    assert "/v1/tasks" in sentence(request(server, "GET", "/v1/tasks/serve"), 404)


def test_no_parameter_takes_a_path():
    def none(_):
        raise BadRequest("There is no such file.")

    n_checked = 0
    for task in http_tasks().values():
        for parameter in parameters_of(task):
            is_text = any(member is str for member in innermost_types(parameter.type))
            if FREE_TEXT in parameter.markers or not (is_text or parameter.role != "value"):
                continue
            for path in ("../x", "/etc/passwd", "a/b", "..", "C:\\x", "\\\\host\\x"):
                for value in (path, [path], {path: 1}):
                    with pytest.raises(BadRequest):
                        prepare(task, {parameter.key: value}, none, Path("runs"))
            n_checked += 1
    assert n_checked > 100


def test_parameters_that_exclude_each_other_are_no_job(server):
    upload_id = upload(server, "tone.wav")
    reply = request(server, "POST", "/v1/tasks/split", {"file": upload_id, "at": [0.02], "padding": 0.01})
    assert sentence(reply, 400) == "at and padding exclude each other; leave one of them out."


def test_texts_with_slashes_are_no_names_of_files():
    texts = [each for task in http_tasks().values() for each in parameters_of(task) if FREE_TEXT in each.markers]
    assert {each.role for each in texts} == {"value"}
    assert {"text", "do", "chords", "label", "metre", "tag"} <= {each.name for each in texts}


# ------------------------------------------------------------------------------------------------------------- jobs


def test_a_job_reads_an_upload_and_answers_files(server):
    reply = do(server, "edit", source=upload(server, "my tone.WAV"), do="gain -6.0206dB; pad end=0.1s")
    job = reply.json
    assert (reply.status, job["state"], job["error"], job["progress"]) == (200, "done", None, 1.0)
    assert reply.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert job["result"]["out"] == "my_tone-edited.wav"
    assert job["command"] == "wavewright edit my_tone.wav --do 'gain -6.0206dB; pad end=0.1s'"
    (file,) = job["files"]
    assert (file["name"], file["type"]) == ("my_tone-edited.wav", "audio/wav")
    whole = request(server, "GET", file["url"])
    assert len(whole.body) == file["bytes"]
    with wave.open(io.BytesIO(whole.body)) as written:
        samples = np.frombuffer(written.readframes(10_000), "<i2")
    with wave.open(io.BytesIO(tone())) as given:
        expected = np.frombuffer(given.readframes(10_000), "<i2") / 2
    assert len(samples) == 1_600
    assert np.abs(samples[:800] - expected).max() <= 1
    part = request(server, "GET", file["url"], headers={"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole.body[10:20])
    archive = zipfile.ZipFile(io.BytesIO(request(server, "GET", f"/v1/jobs/{job['id']}/files.zip").body))
    assert archive.read(file["name"]) == whole.body
    assert json.loads(archive.read("job.json"))["command"] == job["command"]


def test_a_text_stands_for_a_score_without_being_a_path(server):
    """A note is 440 Hz without a file; a name of a file on the server is no score, whether it is there or not."""
    job = do(server, "render", score="A4", instrument="sin(2*pi*f*t)", seconds=1, reverb=0).json
    assert job["command"] == "wavewright render A4 --instrument 'sin(2*pi*f*t)' --seconds 1 --reverb 0"
    assert [file["name"] for file in job["files"]] == ["A4.wav"]
    samples, rate = soundfile.read(io.BytesIO(request(server, "GET", job["files"][0]["url"]).body), always_2d=True)
    assert abs(int(np.abs(np.fft.rfft(samples[:rate, 0])).argmax()) - 440) <= 1
    listed = request(server, "GET", "/v1/tasks/render").json["parameters"]["properties"]["score"]["anyOf"]
    assert {"type": "string"} in listed
    assert "is 'a/b', a path" in sentence(do(server, "render", score="a/b"), 400)
    assert "H9" in do(server, "render", score="H9").json["error"]


def test_a_job_reads_files_of_an_earlier_one_and_a_folder(server):
    first = do(server, "edit", source=upload(server), do="gain -6dB", out="quiet.flac").json
    assert [file["name"] for file in first["files"]] == ["quiet.flac"]
    source = {"job": first["id"], "file": "quiet.flac"}
    again = do(server, "analyse", source=source, file=source)
    assert "source" in sentence(again, 400)
    assert do(server, "analyse", file=source).json["result"]["details"]["sample_rate"] == 8_000
    folder = [{**upload(server), "path": "kick/1.wav"}, {**upload(server), "path": "../../../snare/1.wav"}]
    inspected = do(server, "data-inspect", folder=folder).json
    assert inspected["state"] == "done"
    assert "kick 1" in inspected["text"]
    assert "snare 1" in inspected["text"]
    whole = do(server, "data-inspect", folder={"job": first["id"]}).json
    assert "1 clip," in whole["text"]


def test_a_form_has_parameters_and_files(server):
    body, headers = form(("parameters", None, b'{"do": "reverse"}'), ("source", "a.wav", tone()))
    reply = request(server, "POST", f"/v1/tasks/edit{WAIT}", body, headers)
    assert (reply.status, reply.json["state"]) == (200, "done")
    body, headers = form(("other", "a.wav", tone()))
    assert "other" in sentence(request(server, "POST", "/v1/tasks/edit", body, headers), 400)


def test_attachments_are_there_under_their_names(server):
    chain = "append b.wav crossfade=0s"
    mixed = do(server, "edit", source=upload(server), do=chain, attachments=[upload(server, "b.wav")]).json
    assert mixed["error"] is None
    assert mixed["result"]["files"][0]["seconds"] == pytest.approx(0.2)


def test_attachments_are_where_their_references_say(server):
    project = upload(server, "mix.toml", b'[[tracks]]\nregions = [{ file = "sounds/a.wav" }]')
    placed = {**upload(server, "b.wav"), "path": "sounds/a.wav"}
    assert do(server, "mix", project=project, attachments=[placed]).json["error"] is None


def test_the_command_does_the_same(server, capsys):
    job = do(server, "phonemes", text='-- It\'s "ten past six".', language="en-GB").json
    assert run(shlex.split(job["command"])[1:]) == 0
    assert capsys.readouterr().out.strip() == job["text"].strip()
    assert job["result"]["details"]["sentences"]


def test_events_end_with_the_job(server):
    job = do(server, "phonemes", "", text="Hello.").json
    assert job["state"] in ("queued", "running", "done")
    reply = request(server, "GET", f"/v1/jobs/{job['id']}/events")
    states = [json.loads(line[6:])["state"] for line in reply.body.decode().splitlines() if line.startswith("data: ")]
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    assert states[-1] == "done"
    assert states == sorted(states, key=["queued", "running", "done"].index)
    listed = request(server, "GET", "/v1/jobs").json["jobs"]
    assert listed[0]["id"] == job["id"]


def test_a_job_that_ends_while_an_event_is_sent_has_another_event(tmp_path):
    async def states() -> list[str]:
        task = SimpleNamespace(name="phonemes")
        prepared = SimpleNamespace(task=task, files={}, command="", run=None)
        job = TaskJob("1", tmp_path, prepared, asyncio.get_running_loop(), state="running")
        seen = []
        async for event in events_of(job):
            seen.append(json.loads(event.decode().partition("data: ")[2])["state"])
            job.end("done")  # as a worker's thread would, before the stream goes on
        return seen

    assert asyncio.run(states()) == ["running", "done"]


def test_a_task_that_refuses_fails_with_its_sentence(server):
    job = do(server, "edit", source=upload(server), do="no-such-effect").json
    assert job["state"] == "failed"
    assert "no-such-effect" in job["error"]
    assert job["files"] == []
    missing = do(server, "edit", source=upload(server, "no-sound.wav", b"no sound"), do="reverse").json
    assert "no-sound.wav is not a sound file" in missing["error"]


LONG = {"name": "wind", "seconds": 3_000, "format": "wav"}


def started(server) -> dict[str, object]:
    """Start a long job; return its status once it computes."""
    job = do(server, "synthesise", "", **LONG).json

    def computes() -> bool:
        status = request(server, "GET", f"/v1/jobs/{job['id']}").json
        assert status["state"] in ("queued", "running"), status["error"]
        return (status["progress"] or 0) > 0

    wait_until(computes)
    return job


def process_of(server) -> int:
    (number,) = server.state.jobs.store.pool.process_ids
    return number


def test_a_job_whose_process_is_killed_runs_again_and_then_fails(server):
    job = started(server)
    first = process_of(server)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: server.state.jobs.store.pool.process_ids not in ([], [first]))
    store_job = server.state.jobs.store.jobs[job["id"]]
    wait_until(lambda: (store_job.progress or 0) > 0)
    assert not store_job.has_ended
    os.kill(process_of(server), signal.SIGKILL)
    failed = ended(server, job)
    assert failed["state"] == "failed"
    assert failed["error"].startswith("The process of the job ended before the job did")
    assert do(server, "phonemes", text="Hello.").json["state"] == "done"


def test_a_cancelled_job_leaves_nothing_and_a_full_queue_is_refused(server):
    job = started(server)
    folder = server.state.jobs.store.jobs[job["id"]].folder
    waiting = do(server, "phonemes", "", text="Hello.")
    assert (waiting.status, waiting.json["state"]) == (202, "queued")
    full = do(server, "phonemes", "", text="Hello.")
    assert "jobs waiting" in sentence(full, 429)
    assert full.headers["Retry-After"] == "1"
    assert sentence(request(server, "GET", f"/v1/jobs/{job['id']}/files.zip"), 409)
    assert request(server, "DELETE", f"/v1/jobs/{job['id']}").json["state"] == "cancelled"
    assert not folder.exists()
    assert sentence(request(server, "GET", f"/v1/jobs/{job['id']}"), 404)
    assert ended(server, waiting.json)["state"] == "done"


def test_a_stopped_job_keeps_its_status(server):
    job = started(server)
    stopped = request(server, "POST", f"/v1/jobs/{job['id']}/stop{WAIT}").json
    assert (stopped["state"], stopped["error"]) == ("cancelled", "The job was cancelled.")
    assert request(server, "POST", f"/v1/jobs/{job['id']}/stop").json == stopped


@pytest.mark.parametrize(
    "error", [OSError(11, "Resource temporarily unavailable"), RuntimeError("\n  No start\n  here.\n\nMore.")]
)
def test_a_job_fails_where_no_process_can_be_started_and_the_next_one_runs(tmp_path, monkeypatch, error):
    monkeypatch.chdir(tmp_path)

    def refuse(*_, **__):
        raise error

    with running(job_workers=1, is_ready_first=False) as server:
        with monkeypatch.context() as refusing:
            refusing.setattr("multiprocessing.process.BaseProcess.start", refuse)
            failed = do(server, "phonemes", text="Hello.").json
        assert failed["state"] == "failed"
        reason = "Resource temporarily unavailable" if isinstance(error, OSError) else "No start here"
        assert failed["error"] == f"The process of the job cannot be started ({reason}); try again."
        assert do(server, "phonemes", text="Hello.").json["state"] == "done"


def test_the_end_of_the_server_ends_what_waits_for_a_job_without_a_traceback(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wavewright.apps.server.serve.SHUTDOWN_SECONDS", 1)
    with running(job_workers=1, is_ready_first=False) as server:
        job = started(server)
        clients = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT_SECONDS) for _ in range(2)]
        for client, rest in zip(clients, ("/events", WAIT), strict=True):
            client.request("GET", f"/v1/jobs/{job['id']}{rest}")
        events = clients[0].getresponse()
        changed = server.state.jobs.store.jobs[job["id"]]
        wait_until(lambda: len(changed._changed._waiters) == 2)
    states = [
        json.loads(line[6:])["state"] for line in events.read().decode().splitlines() if line.startswith("data: ")
    ]
    assert set(states) == {"running"}
    for each in (events, *clients):
        each.close()
    errors = capfd.readouterr().err
    assert "Traceback" not in errors
    assert "Cancel 1 running task(s)" in errors  # the one that waits for the job, not the stream


# --------------------------------------------------------------------------------------------------------- refusals


def test_uploads_are_named_and_limited(server):
    reply = request(server, "POST", "/v1/uploads", *form(("file", "../../etc/a b.wav", tone()), ("x", "b.mid", b"M")))
    assert [(each["name"], each["bytes"]) for each in reply.json["uploads"]] == [("a_b.wav", 1_644), ("b.mid", 1)]
    for name in ("a.exe", "noending", ".wav.", "a.wav\0.sh", "a.py"):
        assert "ending" in sentence(request(server, "POST", "/v1/uploads", *form(("file", name, b"x"))), 400)
    assert safe_name("/x/CON.wav") == "_CON.wav"
    assert ".wav" in SUFFIXES
    too_long = form(("file", "a.wav", bytes(1_100_000)))
    assert "1000000 bytes" in sentence(request(server, "POST", "/v1/uploads", *too_long), 413)
    assert sentence(request(server, "POST", "/v1/uploads", *form(("file", None, b"text"))), 400)
    assert sentence(request(server, "POST", "/v1/uploads", b"x", {"Content-Type": "multipart/form-data"}), 400)
    assert sentence(request(server, "POST", "/v1/uploads", {"a": 1}), 400)
    reference = upload(server)
    assert request(server, "DELETE", f"/v1/uploads/{reference['upload']}").status == 204
    assert "no upload" in sentence(do(server, "analyse", file=reference), 404)


@pytest.mark.parametrize(
    ("task", "parameters", "status", "words"),
    [
        ("generate", {}, 400, "generate needs model"),
        ("generate", {"model": "drums", "counts": 2}, 400, "the nearest is count"),
        ("generate", {"model": "drums", "count": 0}, 400, "count is 0"),
        ("generate", {"model": "drums", "seed": "x"}, 400, "seed is x"),
        ("generate", {"model": ["drums"]}, 400, "model is"),
        ("generate", {"model": "drums", "out": "../x"}, 400, "path separator"),
        ("speak", {"text": "x", "out": "/elsewhere/x.wav"}, 400, "path separator"),
        ("speak", {"text": "x", "out": ".x.wav"}, 400, "dot"),
        ("speak", {"text": "x", "watermark_key": "mine"}, 400, "command line alone"),
        ("tune", {"folder": [], "storage": "postgresql://x"}, 400, "command line alone"),
        ("analyse", {"file": "/etc/passwd"}, 400, "paths are not read"),
        ("analyse", {"file": {"upload": "../../x"}}, 404, "no upload"),
        ("analyse", {"file": {"upload": {"a": 1}}}, 404, "no upload"),
        ("analyse", {"file": {"job": "x", "file": "../x"}}, 404, "no job"),
        ("train", {"folder": [], "set": ["data.speech=/home"]}, 400, "a path"),
    ],
)
def test_wrong_parameters_give_one_sentence(server, task, parameters, status, words):
    assert words in sentence(do(server, task, **parameters), status)


@pytest.mark.parametrize("wait", ["x", "-1", "nan", "1e9", ""])
def test_wrong_times_to_wait_are_refused(server, wait):
    assert "wait is" in sentence(do(server, "phonemes", f"?wait={wait}", text="x"), 400)


@pytest.mark.parametrize("name", ["../uploads", "..%2f..%2fx", "%2e%2e/x", "/etc/passwd", "x", ".", ""])
def test_no_name_leads_out_of_the_folder_of_a_job(server, name):
    job = do(server, "phonemes", text="Hello.").json
    assert request(server, "GET", f"/v1/jobs/{job['id']}/files/{name}").status in (400, 404)


def chains_and_files(private):
    """Requests that name a file of somebody else, in every way that a text or an uploaded file can."""
    folder, name = str(Path(private).parent), str(private)
    track = f'[[track]]\nname = "a"\n[[track.region]]\nfile = "{name}"\n'
    layer = "[[layers]]\n{}\n"
    yield "edit", {"source": ("a.wav", tone()), "do": f"append {name}"}
    yield "edit", {"source": ("a.wav", tone()), "do": f"overlay {os.path.relpath(name, '/x/y')}"}
    yield "edit", {"source": ("a.wav", tone()), "do": f'convolve "{name}"'}
    yield "mix", {"project": ("p.toml", track.encode())}
    yield "layer", {"preset": ("p.toml", layer.format(f'file = "{name}"').encode()), "seconds": 1}
    yield "layer", {"preset": ("p.toml", layer.format(f'folder = "{folder}"\nevery = 1').encode()), "seconds": 1}
    yield "render", {"score": ("a.abc", b"X:1\nK:C\nC|\n"), "instrument": name}


def test_a_job_opens_no_other_file(server, tmp_path):
    """Neither content nor name of a file, nor whether it is there, is in an answer; so for all places of a machine."""
    (tmp_path / "private.wav").write_bytes(tone())
    (tmp_path / "private.txt").write_text("a line\nof a secret\n")
    environment = f"/proc/{os.getpid()}/environ"
    for private in (tmp_path / "private.wav", tmp_path / "private.txt", "/etc/passwd", environment):
        for task, fields in chains_and_files(private):
            answers = []
            for named in (str(private), str(Path(private).with_name(f"missing-{Path(private).name}"))):
                references = {
                    name: upload(server, value[0], value[1].replace(str(private).encode(), named.encode()))
                    if isinstance(value, tuple)
                    else value.replace(str(private), named)
                    if isinstance(value, str)
                    else value
                    for name, value in fields.items()
                }
                job = do(server, task, **references).json
                assert "state" in job, job
                assert (job["state"], job["files"]) == ("failed", []), (task, fields)
                answers.append(job["error"].replace("missing-", ""))
            assert answers[0] == answers[1]
            assert not [secret for secret in ("a line", "secret", "root:", "PATH=") if secret in answers[0]]


ATTEMPTS = """
import os, sys, shutil, sqlite3, glob
from pathlib import Path
from wavewright.apps.server.jobs.worker import FileAccess

base = Path(sys.argv[1])
before = sorted(map(str, base.rglob("*")))
access = FileAccess(base / "runs")
access.install()
access.allow([base / "job"])
os.chdir(base / "job")
private, link = base / "other" / "private.txt", base / "job" / "link"
writes = [base / "runs" / "new", base / "new", Path(os.__file__).parent / "new"]
attempts = [
    lambda: open(private),
    lambda: open(os.fsencode(private)),
    lambda: os.open(private, os.O_RDONLY),
    lambda: private.read_text(),
    lambda: open("../other/private.txt"),
    lambda: open(link),
    lambda: os.stat(private),
    lambda: os.lstat(private),
    lambda: private.stat(),
    lambda: os.readlink(private),
    lambda: os.listdir(base / "other"),
    lambda: list(os.scandir(base / "other")),
    lambda: list((base / "other").iterdir()),
    lambda: list(os.walk(base / "other", onerror=lambda error: 1 / 0)),
    lambda: os.listdir(base),
    lambda: os.mkdir(base / "other" / "new"),
    lambda: os.remove(private),
    lambda: os.rename(private, "here"),
    lambda: os.rename("own.txt", base / "other" / "there"),
    lambda: os.link(private, "here"),
    lambda: os.symlink("own.txt", base / "other" / "there"),
    lambda: os.truncate(private, 0),
    lambda: os.chmod(private, 0),
    lambda: shutil.rmtree(base / "other"),
    lambda: shutil.copy(private, "here"),
    lambda: shutil.copy("own.txt", base / "other"),
    lambda: sqlite3.connect(base / "other" / "new.sqlite"),
    lambda: open("/proc/self/environ"),
    lambda: open(f"/proc/{os.getppid()}/cmdline"),
    lambda: open("/etc/passwd"),
    lambda: os.stat("/etc/passwd"),
    *(lambda path=path: open(path, "w") for path in writes),
    *(lambda path=path: os.open(path, os.O_CREAT | os.O_WRONLY) for path in writes),
]
for number, attempt in enumerate(attempts):
    try:
        attempt()
    except (PermissionError, FileNotFoundError, ZeroDivisionError):
        continue
    print("allowed", number)
found = [private.exists(), private.is_file(), link.exists(), os.path.exists(private), os.access(private, os.R_OK)]
found += [os.path.isdir(base / "other"), os.path.lexists(private), Path.home().joinpath(".ssh").exists()]
if any(found) or glob.glob(str(base / "other" / "*")):
    print("seen", found)
assert open("own.txt").read() == "own"  # what a job needs
assert (base / "job").exists() and base.exists() and Path("own.txt").stat().st_size == 3
opened, folder = os.open("own.txt", os.O_RDONLY), os.open(".", os.O_RDONLY)
assert os.stat(opened).st_size == os.stat("own.txt", dir_fd=folder).st_size == 3  # what is open was checked
os.mkdir("sub"), open("sub/a", "w").close(), os.rename("sub/a", "sub/b"), shutil.rmtree("sub")
assert (base / "runs" / "a" / "card.json").read_text() == "{}"
assert os.path.realpath("own.txt") == str(base.resolve() / "job" / "own.txt")
assert "MemTotal" in open("/proc/meminfo").read() if sys.platform == "linux" else True
access.install  # the hook lasts
os.chdir("/")
print(before == sorted(before))
"""


@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_what_is_not_listed_is_neither_read_nor_seen_nor_changed(tmp_path):
    for name in ("job", "other", "runs/a"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "other" / "private.txt").write_text("secret")
    (tmp_path / "job" / "own.txt").write_text("own")
    (tmp_path / "job" / "link").symlink_to(tmp_path / "other" / "private.txt")
    (tmp_path / "runs" / "a" / "card.json").write_text("{}")
    done = subprocess.run([sys.executable, "-c", ATTEMPTS, tmp_path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        ["job", "other", "runs", "a", "private.txt", "own.txt", "link", "card.json"]
    )
    assert (tmp_path / "other" / "private.txt").read_text() == "secret"


def test_files_are_allowed_by_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    access = FileAccess(tmp_path / "runs")
    access.allow([tmp_path / "job"])
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "link").symlink_to(tmp_path / "other")
    for path, is_allowed in [
        ("job/a.wav", True),
        ("runs/a/card.json", True),
        ("job2/a.wav", False),
        ("job/../other", False),
        ("job/link", False),
        ("other", False),
    ]:
        assert access.is_allowed(str(tmp_path / path)) == is_allowed
    assert access.is_allowed(np.__file__)
    assert access.is_allowed(str(models.BUNDLED_FOLDER / "drums" / "card.json"))
    for path in ("/etc/passwd", "/usr/share/dict/words", "/opt/x", "/proc/self/environ", "/proc/1/cmdline", "/dev/sda"):
        assert not access.is_allowed(path)
    assert not access.is_allowed(str(Path.home() / ".ssh" / "id_rsa"))
    if sys.platform == "linux":  # clips of the user's trainings and caches of other programs are nobody's else
        clips = str(tmp_path / "cache" / "wavewright" / "clips" / "a" / "waves.npy")
        assert not access.is_allowed(clips)
        assert FileAccess(tmp_path / "runs", is_long=True).is_allowed(clips, writes=True)
        assert not access.is_allowed(str(tmp_path / "cache" / "mozilla" / "key4.db"))


# ------------------------------------------------------------------------------------------------------ what is kept


def test_old_files_leave_and_the_folder_goes_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with running(is_ready_first=False, max_files_gb=0.001, max_upload_mb=2) as server:
        store = server.state.jobs.store
        reference = upload(server)
        store.sweep()
        store.uploads[reference["upload"]].used_at -= 3_601
        store.sweep()
        assert "no upload" in sentence(do(server, "analyse", file=reference), 404)
        upload(server, "a.wav", bytes(600_000))
        full = request(server, "POST", "/v1/uploads", *form(("file", "a.wav", bytes(600_000))))
        assert "no room" in sentence(full, 413)
        folder = store.job_files.folder
        assert folder.is_relative_to(tmp_path)
        assert len(list((folder / "uploads").iterdir())) == 1
    assert not folder.exists()


@pytest.mark.parametrize(
    ("minutes", "gigabytes", "trains", "error"),
    [
        (4.9, 0.49, False, None),
        (5.1, 0.1, False, "The job took more than 5 minutes, as long as this server lets one run."),
        (5.1, 0.1, True, None),
        (0.1, 0.51, True, "The job wrote more than 0.5 GB; ask for less at a time."),
    ],
)
def test_a_job_that_takes_too_long_or_writes_too_much_is_ended(
    tmp_path, monkeypatch, minutes, gigabytes, trains, error
):
    monkeypatch.chdir(tmp_path)
    store = JobStore(ServerSettings(job_minutes=5.0, max_files_gb=1.0))
    task = SimpleNamespace(description=SimpleNamespace(trains=trains))
    prepared = SimpleNamespace(task=task, files={"source": tmp_path / "source"})
    job = TaskJob("job", tmp_path, prepared, asyncio.new_event_loop(), "running")
    job.started_at = time.monotonic() - 60 * minutes
    cancelled = []
    monkeypatch.setattr(store.pool_of(prepared), "cancel", cancelled.append)
    monkeypatch.setattr(store, "jobs", {"job": job})
    monkeypatch.setattr(store, "_n_bytes", {"job": round(gigabytes * 1e9)})
    store.sweep()
    assert (job.state, job.error) == (("failed", error) if error else ("running", None))
    assert cancelled == [job] * (error is not None)
    job.loop.close()
    store.jobs.clear()
    store.close()


def test_uploads_of_a_job_that_runs_stay(server):
    source = upload(server)
    job = do(server, "synthesise", "", **LONG).json
    waiting = do(server, "edit", "", source=source, do="reverse").json
    store = server.state.jobs.store
    kept = store.find_upload(source["upload"])
    kept.used_at = other_used_at = time.monotonic() - 7 * 24 * 3_600
    other = store.find_upload(upload(server)["upload"])
    other.used_at = other_used_at
    store.sweep()
    assert kept.path.is_file()
    assert not other.path.exists()
    for each in (waiting, job):
        request(server, "DELETE", f"/v1/jobs/{each['id']}")


def test_command_lines_have_values_as_options_take_them():
    tasks = http_tasks()
    assert tasks["generate"].command_line({"model": "drums", "count": 8, "interpolate": [1, 2], "loop": True}) == (
        "wavewright generate drums --interpolate 1 2 --loop"
    )
    assert tasks["adjust"].command_line({"file": "a.wav", "set": {"brightness": 0.5}}) == (
        "wavewright adjust a.wav --set brightness=0.5"
    )
    assert tasks["phonemes"].command_line({"text": "-x"}) == "wavewright phonemes -- -x"
    assert tasks["recognise"].command_line({"model": "m", "file": ["a b.wav", "c.wav"]}) == (
        "wavewright recognise m 'a b.wav' c.wav"
    )
    with pytest.raises(BadSetting, match=r"the nearest is count"):
        tasks["generate"].description.parameter("cuont")


@pytest.mark.parametrize("value", ['"\\ud800"', '{"a": "x\\udfff"}', '["\\udc00\\ud800"]'])
def test_half_of_a_character_pair_is_refused_and_the_list_of_jobs_stays(server, value):
    """JSON can have it in texts, lists and keys, and no reply could repeat it in UTF-8."""
    body = f'{{"text": {value}}}'.encode()
    reply = request(server, "POST", "/v1/tasks/phonemes?wait=60", body, {"Content-Type": "application/json"})
    assert "half of a surrogate pair" in sentence(reply, 400)
    assert request(server, "GET", "/v1/jobs").status == 200
    whole = do(
        server, "phonemes", "?wait=60", text="\ud83d\ude00 smile".encode("utf-16", "surrogatepass").decode("utf-16")
    )
    assert whole.status == 200


@pytest.mark.parametrize("target", ["store_files", "read_form"])
def test_an_upload_to_a_full_disk_is_a_sentence(server, monkeypatch, target):
    async def fill(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"wavewright.apps.server.jobs.endpoints.{target}", fill)
    reply = request(server, "POST", "/v1/uploads", *form(("file", "a.wav", tone())))
    assert "The disk of the server is full" in sentence(reply, 507)
    assert request(server, "GET", "/health").status == 200


@pytest.mark.skipif(sys.platform == "win32", reason="no process of a job is interrupted there")
def test_an_interruption_in_a_destructor_is_not_lost(monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", interrupt_again)

    class Interrupted:
        def __del__(self):
            raise KeyboardInterrupt

    Interrupted()
    with pytest.raises(KeyboardInterrupt):
        threading.Event().wait(LIMIT_SECONDS)
