"""Speech to text over HTTP: OpenAI's transcriptions, by a recogniser that the server was started with."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("uvicorn")

from http_jobs import do, ended, form, tone, upload
from local_server import request, running, stand_in_voices
from tiny_subtitles import SRT

from wavewright.apps.server.serve import language_tools
from wavewright.apps.server.settings import LanguageTools

ROWS = [{"start": 0.1, "end": 0.5, "text": "Guten Morgen."}, {"start": 0.6, "end": 0.9, "text": "Ja?"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "it.json").write_text(json.dumps({"segments": ROWS, "language": "de"}))
    (folder / "phrases.csv").write_text("Guten Morgen,Good morning\nJa,Yes\n")
    code = f"import sys; assert sys.argv[1].endswith('.wav'); print(open({str(folder / 'it.json')!r}).read())"
    tools = language_tools(f'"{sys.executable}" -c "{code}" {{file}}', f"table:{folder / 'phrases.csv'}")
    with stand_in_voices(folder), running(job_workers=1, tools=tools) as server:
        yield server


def transcribe(server, **fields: str):
    parts = [("file", "talk.wav", tone(1.0)), *((name, None, value.encode()) for name, value in fields.items())]
    return request(server, "POST", "/v1/audio/transcriptions", *form(*parts))


def test_the_formats_of_an_answer(server):
    assert transcribe(server, model="whisper-1").json == {"text": "Guten Morgen. Ja?"}
    assert transcribe(server, response_format="text").body == b"Guten Morgen. Ja?"
    srt = transcribe(server, response_format="srt", language="de").body.decode()
    assert srt == "1\n00:00:00,100 --> 00:00:00,900\nGuten Morgen. Ja?\n"
    assert transcribe(server, response_format="vtt").body.startswith(b"WEBVTT\n")
    verbose = transcribe(server, response_format="verbose_json").json
    assert (verbose["language"], verbose["duration"]) == ("de", 1.0)
    assert [segment["start"] for segment in verbose["segments"]] == [0.1, 0.6]
    assert [word["word"] for word in verbose["words"]] == ["Guten", "Morgen.", "Ja?"]
    assert request(server, "GET", "/v1/jobs").json["jobs"] == []
    assert server.state.jobs.store.uploads == {}


def test_what_is_refused(server):
    reply = transcribe(server, response_format="docx")
    assert (reply.status, reply.json["error"]["param"]) == (400, "response_format")
    reply = request(server, "POST", "/v1/audio/transcriptions", *form(("model", None, b"whisper-1")))
    assert (reply.status, reply.json["error"]["code"]) == (400, "missing_file")
    reply = request(server, "POST", "/v1/audio/transcriptions", *form(("file", "a.wav", b"no sound")))
    assert reply.status == 400
    assert "a.wav" in reply.json["error"]["message"]
    assert request(server, "POST", "/v1/audio/translations", *form(("file", "a.wav", tone()))).status == 501
    reply = do(server, "caption", file=upload(server), recogniser="sh -c {file}")
    assert (reply.status, reply.json["error"]["code"]) == (400, "unknown_parameter")


def test_a_recording_is_dubbed_by_the_tools_of_the_server(server):
    job = ended(server, do(server, "dub", source=upload(server, "talk.wav", tone(1.0)), to="en").json)
    assert (job["state"], job["error"]) == ("done", None)
    assert [line["text"] for line in job["result"]["details"]["lines"]] == ["Good morning", "Yes"]


def test_a_dub_of_subtitles_needs_nothing_of_the_server(server):
    """Its recogniser is a setting, which no request can leave out."""
    given = {"source": upload(server, "talk.wav", tone(1.0)), "subtitles": upload(server, "talk.srt", SRT.encode())}
    job = ended(server, do(server, "dub", to="en", draft=True, **given).json)
    assert (job["state"], job["error"]) == ("done", None)
    assert job["result"]["notes"][0] == "The lines are those of talk.srt, and the recogniser is not used."


def test_jobs_read_only_the_models_of_recognisers(tmp_path):
    (tmp_path / "de-en").mkdir()
    (tmp_path / "phrases.csv").write_text("a,b\n")
    tools = LanguageTools("program --of a:/etc {file}", f"ctranslate2:{tmp_path}/{{from}}-{{to}}")
    assert tools.folders == (tmp_path,)
    assert LanguageTools(f"moonshine:{tmp_path}", f"table:{tmp_path / 'phrases.csv'}").folders == (
        tmp_path,
        tmp_path / "phrases.csv",
    )
