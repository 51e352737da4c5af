"""Every task over HTTP, once, with tiny inputs: it is described, and ends as done with what it promises."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("uvicorn")

from http_jobs import do, ended, tone, upload
from local_server import request, running

from wavewright.apps.server.jobs.request import parameters_of
from wavewright.apps.server.settings import LanguageTools
from wavewright.tasks.description import http_tasks

pytestmark = [
    pytest.mark.uses("drums", "morph-drums", "en", "vocoder", "denoise-16k", "echo-16k", "speech-codec"),
    pytest.mark.uses("drum-classifier", "heart-classifier", "composer"),
]

MIX = b'sample_rate = 8000\n[[tracks]]\nname = "a"\n[[tracks.regions]]\nfile = "tone.wav"\n'
ABC = b"X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|cBAG|FEDC|\n"
TINY_STEPS = ("training.steps=2", "training.evaluate_every=1", "training.save_every=1", "training.threads=1")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("server")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
        (folder / "runs" / "old").mkdir(parents=True)
        (folder / "runs" / "old" / "run.json").write_text("{}")
        words = folder / "words.srt"
        words.write_bytes(SRT)
        code = f"print(open({str(words)!r}).read())"
        tools = LanguageTools(recogniser=f'"{sys.executable}" -c "{code}" {{file}}')
        with running(job_workers=1, is_ready_first=False, tools=tools) as server:
            yield server


def kicks(server, count: int = 4, labels: tuple[str, str] = ("low", "high")) -> list[dict[str, str]]:
    """Upload a folder of two labels, whose clips all differ."""
    waves = {
        label: [tone(0.2, 16_000, hz + 5 * n) for n in range(count)]
        for label, hz in zip(labels, (110, 880), strict=True)
    }
    return [
        {**upload(server, f"{n}.wav", wave), "path": f"{label}/{n}.wav"}
        for label in waves
        for n, wave in enumerate(waves[label])
    ]


def file_of(job: dict, end: str = "") -> dict[str, str]:
    """Return a reference to the first file of a job whose name has an ending."""
    return {"job": job["id"], "file": next(file["name"] for file in job["files"] if file["name"].endswith(end))}


def kick_of(server) -> dict[str, str]:
    return file_of(do(server, "generate", model="drums", label="kick", count=1).json)


def coded(server) -> dict[str, str]:
    return file_of(do(server, "encode", file=upload(server), kbps=1.5).json)


def trained(server) -> dict[str, object]:
    return {"folder": kicks(server), "size": "tiny", "set": list(TINY_STEPS)}


def classifier(server) -> dict[str, object]:
    return {**trained(server), "family": "classifier"}


SRT = b"1\n00:00:00,500 --> 00:00:02,000\nHello.\n"

REFUSED = {
    "check-settings": "0.01 minutes",
    "tune": "leave training.steps out of --set",
}
"""What the sentences say of calls that cannot be done with so little; the tasks themselves have tests of their own."""

WRITTEN = {
    "speak": {"wav"},
    "narrate": {"wav", "srt"},
    "speak-lines": {"wav", "jsonl"},
    "dub": {"wav", "toml"},
    "generate": {"wav", "jsonl"},
    "morph": {"wav", "jsonl"},
    "vary": {"wav", "jsonl"},
    "adjust": {"wav", "jsonl"},
    "map": {"json", "png"},
    "edit": {"wav"},
    "split": {"wav", "jsonl"},
    "slice": {"wav", "sfz", "sf2", "mid", "jsonl"},
    "mix": {"wav"},
    "layer": {"wav"},
    "synthesise": {"wav", "jsonl"},
    "compose": {"mid"},
    "revise": {"mid"},
    "compose-by-rule": {"mid"},
    "accompany": {"mid"},
    "caption": {"srt"},
    "transcribe": {"mid"},
    "render": {"wav"},
    "align": {"mid"},
    "enhance": {"wav"},
    "cancel-echo": {"wav"},
    "separate": {"wav"},
    "podcast": {"mp3"},
    "encode": {"wwc"},
    "decode": {"wav"},
    "plot": {"png"},
    "demo": {"flac", "html"},
}
"""Endings of the files that tasks write."""

CALLS = {
    "speak": lambda server: {"text": "Hello."},
    "narrate": lambda server: {"file": upload(server, "book.txt", b"Hello."), "subtitles": "srt"},
    "speak-lines": lambda server: {"file": upload(server, "lines.csv", b"text\nHello.\n")},
    "dub": lambda server: {"source": upload(server, "scene.srt", SRT), "to": "en", "from": "en"},
    "generate": lambda server: {"model": "drums", "count": 1},
    "morph": lambda server: {"file_a": kick_of(server), "file_b": kick_of(server), "steps": 2},
    "vary": lambda server: {"file": kick_of(server), "count": 1},
    "adjust": lambda server: {"file": kick_of(server), "set": ["brightness=1"], "candidates": 1},
    "map": lambda server: {"folder": kicks(server), "embedding": "log-mel"},
    "similar": lambda server: {"file": upload(server), "folder": kicks(server), "embedding": "log-mel"},
    "edit": lambda server: {"source": upload(server), "do": "reverse"},
    "split": lambda server: {"file": upload(server), "every": 0.05},
    "slice": lambda server: {"file": kick_of(server)},
    "effects": lambda server: {},
    "mix": lambda server: {"project": upload(server, "mix.toml", MIX), "attachments": [upload(server)]},
    "layer": lambda server: {"preset": "office", "seconds": 1},
    "synthesise": lambda server: {"name": "click"},
    "compose": lambda server: {"model": "drum-pattern", "bars": 1},
    "revise": lambda server: {"model": "melody", "score": upload(server, "tune.abc", ABC), "bars": 1},
    "compose-by-rule": lambda server: {"rule": "band", "bars": 4},
    "accompany": lambda server: {"melody": upload(server, "tune.abc", ABC)},
    "caption": lambda server: {"file": upload(server, "tone.wav", tone(1.0)), "language": "en"},
    "transcribe": lambda server: {"file": upload(server, "tone.wav", tone(1.0))},
    "render": lambda server: {"score": upload(server, "tune.abc", ABC), "instrument": "reed-organ"},
    "align": lambda server: {"file": upload(server, "tone.wav", tone(1.5)), "score": upload(server, "tune.abc", ABC)},
    "recognise": lambda server: {"model": "drum-classifier", "file": [upload(server)]},
    "enhance": lambda server: {"source": upload(server, "tone.wav", tone(0.2, 16_000))},
    "cancel-echo": lambda server: {
        "mic": upload(server, "mic.wav", tone(0.5, 16_000)),
        "far": upload(server, "far.wav", tone(0.5, 16_000, 300)),
        "unchecked": True,
    },
    "separate": lambda server: {"source": upload(server, "tone.wav", tone(0.2, 16_000))},
    "podcast": lambda server: {"recordings": [upload(server, "tone.wav", tone(0.5))]},
    "encode": lambda server: {"file": upload(server), "kbps": 1.5},
    "decode": lambda server: {"file": coded(server)},
    "soundfont": lambda server: {},
    "phonemes": lambda server: {"text": "Hello."},
    "analyse": lambda server: {"file": upload(server)},
    "detect": lambda server: {"file": kick_of(server)},
    "verify": lambda server: {"file": kick_of(server)},
    "plot": lambda server: {"file": upload(server)},
    "demo": lambda server: {"models": ["drums"]},
    "models": lambda server: {},
    "models-show": lambda server: {"name": "drums"},
    "pretrain": lambda server: {**trained(server), "out": "tiny-encoder"},
    "check-settings": lambda server: {**classifier(server), "max_minutes": 0.01},
    "tune": lambda server: {
        **classifier(server),
        "max_minutes": 0.2,
        "trial_minutes": 0.05,
        "out": "tiny-tune",
    },
    "collect-alarms": lambda server: {"model": "drum-classifier", "file": [kick_of(server)]},
    "runs": lambda server: {},
    "evaluate": lambda server: {"reference": kicks(server), "generated": kicks(server)},
    "audit": lambda server: {"model": "drums", "folder": kicks(server, labels=("kick", "snare")), "count": 4},
    "data-inspect": lambda server: {"folder": kicks(server)},
}


def test_every_task_has_a_call():
    assert CALLS.keys() | {"train"} == http_tasks().keys()  # test_server_training.py trains


@pytest.mark.parametrize("name", CALLS)
def test_a_task_over_http_ends_as_done_or_in_a_sentence(server, name):
    job = ended(server, do(server, name, **CALLS[name](server)).json)
    if name in REFUSED:
        assert job["state"] == "failed"
        assert REFUSED[name] in job["error"]
        assert job["files"] == []
        return
    assert (job["state"], job["error"], job["progress"]) == ("done", None, 1.0)
    assert {file["name"].rpartition(".")[2] for file in job["files"]} >= WRITTEN.get(name, set())
    for file in job["files"]:
        assert len(request(server, "GET", file["url"]).body) == file["bytes"]


def test_the_description_has_every_task(server):
    paths = request(server, "GET", "/openapi.json").json["paths"]
    for name, task in http_tasks().items():
        operation = paths[f"/v1/tasks/{name}"]["post"]
        body = json.dumps(operation["requestBody"])
        assert all(f'"{each.key}"' in body or "$ref" in body for each in parameters_of(task))


def test_a_demo_goes_into_the_folder_of_its_job(server):
    job = do(server, "demo", models=["drums"], out="page").json
    assert "page/index.html" in {file["name"] for file in job["files"]}
    assert "out" in {each.key for each in parameters_of(http_tasks()["demo"]) if each.role == "output"}
