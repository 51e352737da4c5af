"""Clients of the server: OpenAI's own, and the requests of others as they send them."""

from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip("uvicorn")

from local_server import request, running, send_raw

openai = pytest.importorskip("openai")

TEXT = "Hello there. This is a second sentence."
OPEN_WEBUI = {
    "model": "tts-1",
    "input": TEXT,
    "voice": "alloy",
    "response_format": "mp3",
    "lang_code": "a",
    "extra": {"x": 1},
}
SILLY_TAVERN = {"input": TEXT, "voice": "nova", "speed": 1, "response_format": "mp3", "model": "tts-1"}
ANYTHING_LLM = {"model": "tts-1", "voice": "alloy", "input": TEXT}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from tiny_speech import install

    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("models")
        monkeypatch.chdir(folder)
        monkeypatch.setattr("wavewright.models.BUNDLED_FOLDER", folder / "none")
        install(monkeypatch, folder)
        with running(keys=("sk-correct-horse",)) as server:
            yield server


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-correct-horse", max_retries=0) as client:
        yield client


def is_mp3(data: bytes) -> bool:
    return data[0] == 0xFF and data[1] & 0xE0 == 0xE0


def test_openai_speaks(client):
    reply = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    assert is_mp3(reply.content)
    fast = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, speed=2, response_format="pcm")
    slow = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, speed=0.5, response_format="pcm")
    assert len(slow.content) > 2 * len(fast.content)


def test_openai_streams(client, tmp_path):
    options = {"model": "gpt-4o-mini-tts", "voice": "coral", "input": TEXT * 5, "instructions": "cheerful"}
    with client.audio.speech.with_streaming_response.create(**options, response_format="wav") as reply:
        chunks = list(reply.iter_bytes(4_096))
    assert len(chunks) > 3
    assert chunks[0][:4] == b"RIFF"
    with client.audio.speech.with_streaming_response.create(**options, response_format="opus") as reply:
        reply.stream_to_file(tmp_path / "speech.opus")
    assert (tmp_path / "speech.opus").read_bytes()[:4] == b"OggS"


def test_openai_lists_models(client):
    assert "tts-1" in [model.id for model in client.models.list()]
    assert client.models.retrieve("tts-1").owned_by == "wavewright"


def test_openai_shows_errors(client, server):
    with pytest.raises(openai.NotFoundError) as refused:
        client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
    assert (refused.value.code, refused.value.param) == ("voice_not_found", "voice")
    with pytest.raises(openai.BadRequestError, match="20000"):
        client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 20_001)
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-other", max_retries=0) as other:  # noqa: SIM117
        with pytest.raises(openai.AuthenticationError):
            other.models.list()


def test_home_assistant_streams_by_the_asynchronous_client(server):
    async def speak() -> list[bytes]:
        async with (
            openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="sk-correct-horse") as client,
            client.audio.speech.with_streaming_response.create(
                model="tts-1", voice="nova", input=TEXT, instructions="None", response_format="mp3", speed=1.0
            ) as reply,
        ):
            return [chunk async for chunk in reply.iter_bytes(1_024)]

    assert is_mp3(b"".join(asyncio.run(speak())))


def test_open_webui(server):
    key = {"Authorization": "Bearer sk-correct-horse", "X-OpenWebUI-User-Name": "me"}
    for lists, name in (("audio/models", "models"), ("audio/voices", "voices")):
        listed = request(server, "GET", f"/v1/{lists}", headers={"Content-Type": "application/json"}).json[name]
        assert all({"id", "name"} <= set(each) for each in listed)
    reply = request(server, "POST", "/v1/audio/speech", OPEN_WEBUI, key)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "audio/mpeg")
    assert is_mp3(reply.body)


@pytest.mark.parametrize(("path", "fields"), [("/v1/audio/speech", SILLY_TAVERN), ("/audio/speech", ANYTHING_LLM)])
def test_other_clients(server, path, fields):
    assert is_mp3(request(server, "POST", path, fields, {"Authorization": "Bearer sk-correct-horse"}).body)


def test_a_key_of_nothing_is_accepted_where_there_are_no_keys(server):
    with running() as open_server:
        reply = request(open_server, "POST", "/v1/audio/speech", SILLY_TAVERN, {"Authorization": "Bearer "})
        assert is_mp3(reply.body)


def test_a_client_of_http_1_0_gets_the_whole_reply(server):
    body = json.dumps({"input": TEXT, "response_format": "wav"}).encode()
    head = "POST /v1/audio/speech HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer sk-correct-horse\r\n"
    reply = send_raw(server, head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    head, _, audio = reply.partition(b"\r\n\r\n")
    assert b" 200 " in head
    assert audio[:4] == b"RIFF"
    assert len(audio) > 10_000
