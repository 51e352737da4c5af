"""Sound files of jobs that the server signs with its key."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("cryptography")

from http_jobs import do, tone, upload
from local_server import request, running

import wavewright
from wavewright.apps.cli import run
from wavewright.apps.server.jobs.pool import JobSigner
from wavewright.outputs.provenance.keys import load_private_key, new_key
from wavewright.outputs.provenance.record import side_file_of


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return new_key(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def server(tmp_path_factory, keys):
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("server")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
        with running(job_workers=1, is_ready_first=False, signing_key=load_private_key(keys.files[1].path)) as server:
            yield server


def fetched(server, job, folder):
    """Fetch the files of a job into a folder; return their names."""
    for file in job["files"]:
        folder.joinpath(file["name"]).write_bytes(request(server, "GET", file["url"]).body)
    return {file["name"] for file in job["files"]}


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_the_files_of_a_job_are_signed(server, keys, tmp_path, format):
    job = do(server, "edit", source=upload(server), do="gain -6dB", out=f"quiet.{format}").json
    assert job["state"] == "done", job["error"]
    assert fetched(server, job, tmp_path) == {f"quiet.{format}", f"quiet.{format}.provenance.json"}
    verified = wavewright.verify(tmp_path / f"quiet.{format}", trust=(keys.files[0].path,)).sounds[0]
    assert verified.is_verified
    assert verified.record.task == "edit"
    assert {signature.where for signature in verified.signatures} == {"in the file", "beside it"}


def test_a_job_without_sounds_has_no_signature(server):
    job = do(server, "analyse", file=upload(server)).json
    assert job["state"] == "done", job["error"]
    assert not any(file["name"].endswith(".provenance.json") for file in job["files"])
    assert job["warnings"] == []


def test_only_files_of_the_job_are_signed(tmp_path, keys):
    folder, other = tmp_path / "job", tmp_path / "other.wav"
    folder.mkdir()
    for path in (other, folder / "a.wav"):
        path.write_bytes(tone())
    (folder / "link.wav").symlink_to(other)
    (folder / "text.wav").write_text("no sound")
    job = SimpleNamespace(folder=folder, prepared=SimpleNamespace(task=SimpleNamespace(name="edit")))
    sounds = ["a.wav", "../other.wav", str(other), "link.wav", "missing.wav", "text.wav"]
    (problem,) = JobSigner(load_private_key(keys.files[1].path)).sign(job, sounds)
    assert problem.startswith("text.wav is not signed: ")
    assert side_file_of(folder / "a.wav").is_file()
    assert other.read_bytes() == tone()
    assert {path.name for path in folder.iterdir()} == {
        "a.wav",
        "a.wav.provenance.json",
        "link.wav",
        "text.wav",
    }


def test_a_server_does_not_start_without_its_key(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WAVEWRIGHT_KEYS", str(tmp_path / "none"))
    assert run(["serve", "--port", "0", "--sign"]) == 2
    assert "`wavewright keys new` makes one" in capsys.readouterr().err
