"""Sockets: speech of text that arrives in pieces, live enhancement, a live codec, and Wyoming's own client."""

from __future__ import annotations

import asyncio
import io
import json
import random
import socket
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")
pytest.importorskip("wyoming")

from local_server import request, running, speak, stand_in_voices
from studio_browser import reason_to_skip, running_browser
from tiny_codec import MeansCodec
from waiting import LIMIT_SECONDS, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice

from wavewright.apps.server import live_works, shared_voices
from wavewright.apps.server.live_text import LiveText
from wavewright.apps.server.speech_request import BadRequest
from wavewright.audio.pcm import endless_wav_header, to_pcm
from wavewright.contracts.enhancement import Enhancer, EnhancerStream
from wavewright.families import loading
from wavewright.families.codec.wwc.header import HEADER_BYTES
from wavewright.models.card import Source
from wavewright.speech.narration.narrator import NarratorLoader
from wavewright.speech.narration.settings import NarrationSettings
from wavewright.speech.prosody import Pauses
from wavewright.tasks.encode import encode_stream
from wavewright.tasks.enhance import enhance_stream, enhancement_of

TEXT = "Hello there. Dr. Smith paid $3.50 at 5 p.m. on Monday! Was it much? It was not."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with (
        stand_in_voices(tmp_path_factory.mktemp("models")),
        running(has_wyoming=True, wyoming_port=0, max_text=1_000) as server,
    ):
        yield server


def samples_of(text: str = TEXT, **settings) -> bytes:
    narrator = NarratorLoader().load(NarrationSettings(**settings))
    return b"".join(to_pcm(chunk.wave) for chunk in narrator.chunks(text, print))


def pieces_of(text: str, seed: int) -> list[str]:
    """Cut a text at random places, also inside words."""
    cuts = sorted(random.Random(seed).sample(range(1, len(text)), 12))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def opened(server, path: str = "/v1/audio/speech/stream", **options):
    return connect(
        f"ws://127.0.0.1:{server.port}{path}", open_timeout=LIMIT_SECONDS, close_timeout=LIMIT_SECONDS, **options
    )


def received(connection) -> tuple[bytes, list[dict]]:
    """Return the audio and the messages of a connection up to its end."""
    audio, messages = b"", []
    try:
        while True:
            message = connection.recv(timeout=LIMIT_SECONDS)
            if isinstance(message, bytes):
                audio += message
            else:
                messages.append(json.loads(message))
    except ConnectionClosed:
        return audio, messages


def send_text(connection, pieces, **fields) -> None:
    if fields:
        connection.send(json.dumps({"type": "start", **fields}))
    for piece in pieces:
        connection.send(json.dumps({"type": "text", "text": piece}))
    connection.send(json.dumps({"type": "end"}))


@pytest.fixture(scope="module")
def server_with_words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    lexicon = folder / "words.txt"
    lexicon.write_text("there /bi\u02d0/\n", encoding="utf-8")
    with (
        stand_in_voices(folder),
        running(has_wyoming=True, wyoming_port=0, lexicon=lexicon, pauses=Pauses(sentence=1.0)) as server,
    ):
        server.lexicon = lexicon
        yield server


# -------------------------------------------------------------------------------------------------------- live text


@pytest.mark.parametrize("split", ["sentence", "clause"])
@pytest.mark.parametrize("seed", range(5))
def test_segments_joined_are_the_text(split, seed):
    text = LiveText(1_000, split)
    segments = text.segments(EnglishReader().read)
    found = []
    for piece in pieces_of(TEXT, seed):
        text.push(piece)
        found += [segment for segment in (next(segments), next(segments)) if segment]
    text.end()
    found += list(segments)
    assert "".join(filter(None, found)) == TEXT
    assert len(found) > 1


class EnglishReader:
    """Reads with the English front end, as voices do."""

    def read(self, text):
        from wavewright.text import front_end

        return front_end("en").stream(text, None, lambda _: None)


def test_no_sentence_is_cut_at_an_abbreviation_or_a_number():
    text = LiveText(1_000)
    segments = text.segments(EnglishReader().read)
    for piece in ("Dr. ", "Smith paid $3.", "50 at 5 p.m. on Mon", "day!"):
        text.push(piece)
        assert next(segments) is None
    text.push(" Was")
    assert next(segments) == "Dr. Smith paid $3.50 at 5 p.m. on Monday! "
    text.flush()
    assert next(segments) == "Was"
    text.end()
    assert list(segments) == []
    with pytest.raises(BadRequest, match="has ended"):
        text.push("more")


# ----------------------------------------------------------------------------------------------------------- speech


@pytest.mark.parametrize("seed", [1, 2])
def test_pieces_sound_like_the_whole_text(server, seed):
    with opened(server) as connection:
        send_text(connection, pieces_of(TEXT, seed))
        audio, messages = received(connection)
    assert audio == samples_of()
    assert [message["type"] for message in messages][:: len(messages) - 1] == ["started", "done"]
    words = [word for message in messages if message["type"] == "words" for word in message["words"]]
    assert [TEXT[word["from_character"] : word["to_character"]] for word in words] == [word["text"] for word in words]
    assert messages[-1]["seconds"] == pytest.approx(len(audio) / 48_000, abs=0.05)


def test_a_sentence_is_spoken_before_the_next_one_comes(server):
    with opened(server, "/audio/speech/stream") as connection:
        connection.send(json.dumps({"type": "start", "voice": "en-ruth", "seed": 3, "response_format": "wav"}))
        connection.send(json.dumps({"type": "text", "text": "Hello there. Now"}))
        first = b""
        while len(first) < 10_000:
            message = connection.recv(timeout=LIMIT_SECONDS)
            first += message if isinstance(message, bytes) else b""
        assert server.state.scheduler.n_jobs == 1
        connection.send(json.dumps({"type": "text", "text": " it goes on."}))
        connection.send(json.dumps({"type": "end"}))
        audio, _ = received(connection)
    assert (first + audio)[44:] == samples_of("Hello there. Now it goes on.", voice="en-ruth", seed=3)
    wait_until(lambda: server.state.scheduler.n_jobs == 0)


def test_clauses_come_sooner_and_a_client_may_flush(server):
    with opened(server) as connection:
        connection.send(json.dumps({"type": "start", "split": "clause"}))
        connection.send(json.dumps({"type": "text", "text": "Well, then"}))
        assert any(isinstance(connection.recv(timeout=LIMIT_SECONDS), bytes) for _ in range(3))
        connection.send(json.dumps({"type": "flush"}))
        connection.send(json.dumps({"type": "end"}))
        audio, messages = received(connection)
    assert audio
    words = [word["text"] for message in messages if message["type"] == "words" for word in message["words"]]
    assert words[-1] == "then"


def test_nothing_to_speak_is_no_error(server):
    with opened(server) as connection:
        send_text(connection, [" ... "])
        audio, messages = received(connection)
    assert [message["type"] for message in messages] == ["started", "done"]
    assert len(audio) <= 2 * 24_000 * 0.1


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (["{"], "not JSON"),
        (["[1]"], "not a JSON object"),
        ([b"\0"], "binary"),
        (['{"type": "other"}'], "not one of"),
        (['{"type": "text", "text": 1}'], "not one of"),
        (['{"type": "start", "voice": "nobody"}', '{"type": "end"}'], "no voice 'nobody'"),
        (['{"type": "start", "voice": "../x"}', '{"type": "end"}'], "no voice '../x'"),
        (['{"type": "start", "speed": 9}'], "speed"),
        (['{"type": "start", "split": "word"}'], "split is"),
        (['{"type": "start", "ssml": true}'], "ssml"),
        ([json.dumps({"type": "text", "text": "a " * 600})], "more than 1000 characters"),
    ],
)
def test_wrong_messages_get_one_sentence(server, messages, words):
    with opened(server) as connection:
        with suppress(ConnectionClosed):  # an earlier message may have ended it
            for message in messages:
                connection.send(message)
        _, answers = received(connection)
        assert connection.close_code == 1008
    assert answers[-1]["type"] == "error"
    assert words in answers[-1]["error"]["message"]
    assert answers[-1]["error"]["message"].endswith(".")
    wait_until(lambda: server.state.scheduler.n_jobs == 0)


def test_a_client_that_leaves_ends_its_job(server):
    with opened(server) as connection:
        connection.send(json.dumps({"type": "text", "text": "Hello there. And"}))
        assert connection.recv(timeout=LIMIT_SECONDS)
        wait_until(lambda: server.state.scheduler.n_jobs == 1)
        connection.socket.shutdown(socket.SHUT_RDWR)  # without a word
        wait_until(lambda: server.state.scheduler.n_jobs == 0)


@pytest.mark.parametrize("path", [f"/v1/audio/{what}/stream" for what in ("speech", "enhance", "encode", "decode")])
def test_sockets_have_the_checks_of_requests(tmp_path, path):
    with (
        stand_in_voices(tmp_path),
        running(keys=("secret-key",), origins=("http://app.example",), is_ready_first=False) as server,
    ):
        key = {"Authorization": "Bearer secret-key"}
        for headers, origin in [({}, None), ({"Authorization": "Bearer x"}, None), (key, "http://evil.example")]:
            with (
                pytest.raises(InvalidStatus) as raised,
                opened(server, path, additional_headers=headers, origin=origin),
            ):
                pass
            assert raised.value.response.status_code == 403
        for origin in (None, "http://app.example", f"http://127.0.0.1:{server.port}"):
            with opened(server, path, additional_headers=key, origin=origin):
                pass
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            lines = [f"GET {path} HTTP/1.1", "Host: evil.example", "Upgrade: websocket", "Connection: Upgrade"]
            lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""]
            raw.sendall("\r\n".join(lines).encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    ("protocols", "answer"),
    [
        (["wavewright", "openai-insecure-api-key.secret%2Fkey"], "wavewright"),
        (["realtime", "openai-insecure-api-key.other-key", "openai-beta.realtime-v1"], "realtime"),
        (["openai-insecure-api-key.other-key"], ""),
        (["wavewright", "openai-insecure-api-key.other-ke"], None),
        (["wavewright", "other-key"], None),
        (["wavewright"], None),
        (["wavewright", *(f"openai-insecure-api-key.guess-{n}" for n in range(9))], None),
    ],
)
def test_a_browser_sends_its_key_as_a_subprotocol(tmp_path, capfd, protocols, answer):
    path = "/v1/audio/speech/stream"
    keys = ("secret/key", "other-key")
    with stand_in_voices(tmp_path), running(keys=keys, is_ready_first=False) as server:
        if answer is None:
            with pytest.raises(InvalidStatus), opened(server, path, subprotocols=protocols):
                pass
        else:
            with opened(server, path, subprotocols=protocols) as connection:
                assert (connection.subprotocol or "") == answer
                assert not any(
                    "key" in value for value in connection.response.headers.get_all("Sec-WebSocket-Protocol")
                )
    assert "key" not in "".join(capfd.readouterr())


@pytest.mark.browser
@pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-")
def test_chromium_opens_a_socket_with_a_key(tmp_path):
    script = """([url, protocols]) => new Promise(resolve => {
      const socket = new WebSocket(url, protocols);
      socket.onopen = () => { resolve(socket.protocol); socket.close(); };
      socket.onerror = () => resolve("refused");
    })"""
    with (
        stand_in_voices(tmp_path),
        running(keys=("secret/key",), is_ready_first=False) as server,
        running_browser() as browser,
    ):
        page = browser.new_page()
        page.set_default_timeout(1_000 * LIMIT_SECONDS)
        page.goto(f"{server.url}/docs")
        url = f"ws://127.0.0.1:{server.port}/v1/audio/speech/stream"
        for key, answer in {"secret%2Fkey": "wavewright", "other": "refused"}.items():
            protocols = ["wavewright", f"openai-insecure-api-key.{key}"]
            assert page.evaluate(script, [url, protocols]) == answer


def test_words_are_not_recognised(server):
    reply = request(server, "POST", "/v1/audio/transcriptions", b"x", {"Content-Type": "multipart/form-data"})
    assert reply.status == 501
    assert "started without --recogniser" in reply.json["error"]["message"]


# ------------------------------------------------------------------------------------------------------ enhancement


class HalvingStream(EnhancerStream):
    def _process_hops(self, hops):
        return hops.reshape(len(hops), -1) / 2

    def _hop_state(self):
        return {}

    def _restore_hops(self, state): ...


class StandInEnhancer(Enhancer):
    """Halves the sound, four samples later."""

    sample_rate = 16_000

    def __init__(self):
        from types import SimpleNamespace

        self.card, self.folder = SimpleNamespace(name="half", family="denoiser"), SimpleNamespace(hash="x")

    def stream(self, n_channels=1, settings=None):
        return HalvingStream(n_channels, hop_length=5, delay_hops=0)

    def enhance(self, wave, sample_rate=None, settings=None):
        raise NotImplementedError


def noise(n_samples: int, n_channels: int) -> bytes:
    return np.random.default_rng(1).integers(-20_000, 20_000, n_samples * n_channels).astype("<i2").tobytes()


@pytest.mark.parametrize(("sample_rate", "n_channels"), [(16_000, 1), (44_100, 2)])
def test_live_enhancement_equals_that_of_a_stream(server, monkeypatch, sample_rate, n_channels):
    monkeypatch.setattr("wavewright.families.loading.load_enhancer", lambda _: StandInEnhancer())
    data = noise(5_001, n_channels)
    with opened(server, f"/v1/audio/enhance/stream?sample_rate={sample_rate}&channels={n_channels}&model=half") as live:
        for start in range(0, len(data), 999):  # also in the middle of a sample
            live.send(data[start : start + 999])
        live.send(json.dumps({"type": "end"}))
        audio, messages = received(live)
    assert messages == [{"type": "done", "samples": 5_001}]
    if n_channels == 1:
        expected = io.BytesIO()
        enhance_stream(io.BytesIO(data), expected, enhancement_of(model="half"))
        assert audio == expected.getvalue()
        halved = np.frombuffer(data, "<i2") / 2
        assert np.abs(np.frombuffer(audio, "<i2") - halved).max() <= 1
    assert len(audio) == len(data)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sample_rate=1", "sample_rate"),
        ("channels=x", "channels"),
        ("model=../x", "model is"),
        ("model=vocoder", "enhances no recordings"),
        ("size=small", "no parameter 'size'"),
        ("mix=2", "mix is"),
    ],
)
def test_wrong_settings_of_enhancement_get_one_sentence(server, query, words):
    with opened(server, f"/v1/audio/enhance/stream?{query}") as live:
        _, answers = received(live)
    assert words in answers[-1]["error"]["message"]


# ------------------------------------------------------------------------------------------------------------ codec


@pytest.fixture
def codec(monkeypatch):
    """The codec of means, also for servers that run in this process."""
    codec = MeansCodec()
    live_works._codec.cache_clear()
    monkeypatch.setattr(loading, "load_codec", lambda _: codec)
    monkeypatch.setattr(live_works, "codec_of", lambda *_: codec)
    yield codec
    live_works._codec.cache_clear()


def packets_over(server, query: str, data: bytes) -> tuple[list[bytes], list[dict]]:
    """Send samples in pieces that fit nothing; return the binary messages and the others."""
    with opened(server, f"/v1/audio/encode/stream?{query}") as live:
        for start in range(0, len(data), 777):
            live.send(data[start : start + 777])
        live.send(json.dumps({"type": "end"}))
        packets, messages = [], []
        with suppress(ConnectionClosed):
            while True:
                message = live.recv(timeout=LIMIT_SECONDS)
                (packets if isinstance(message, bytes) else messages).append(message)
    return packets, [json.loads(message) for message in messages]


@pytest.mark.parametrize(("sample_rate", "n_channels"), [(16_000, 1), (44_100, 2)])
def test_a_live_codec_sends_the_packets_of_a_stream(server, codec, sample_rate, n_channels):
    data = noise(sample_rate + 1, n_channels)
    packets, messages = packets_over(server, f"sample_rate={sample_rate}&channels={n_channels}&kbps={n_channels}", data)
    assert messages == [{"type": "done", "samples": sample_rate + 1}]
    wav, expected = io.BytesIO(endless_wav_header(sample_rate, n_channels) + data), io.BytesIO()
    encode_stream(wav, expected, codec, float(n_channels))
    assert b"".join(packets) == expected.getvalue()
    assert len(packets[0]) == HEADER_BYTES
    n_frames = -(-(codec.sample_rate * (sample_rate + 1) // sample_rate) // codec.hop_length)
    assert abs(len(packets) - 1 - n_frames) <= 1  # a message for each frame

    with opened(server, "/v1/audio/decode/stream") as live:
        for packet in packets:
            live.send(packet)
        live.send(json.dumps({"type": "end"}))
        audio, messages = received(live)
    assert messages == [{"type": "done", "samples": sample_rate + 1, "lost_frames": 0}]
    assert len(audio) == len(data)
    assert not np.array_equal(np.frombuffer(audio, "<i2"), np.frombuffer(data, "<i2"))  # a copy, by codes


def test_packets_that_are_left_out_are_counted_and_keep_the_time(server, codec):
    packets, _ = packets_over(server, "kbps=1", noise(32_000, 1))
    with opened(server, "/v1/audio/decode/stream") as live:
        for index, packet in enumerate(packets):
            if not 20 <= index < 27:
                live.send(packet)
        live.send(json.dumps({"type": "end"}))
        audio, messages = received(live)
    assert messages == [{"type": "done", "samples": 32_000, "lost_frames": 7}]
    assert len(audio) == 64_000


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("encode/stream?kbps=x", "kbps is 'x'"),
        ("encode/stream?kbps=900", "900 kbps cannot be made"),
        ("encode/stream?model=../x", "give the name of a codec"),
        ("encode/stream?sample_rate=1", "sample_rate"),
        ("decode/stream?model=/tmp", "give the name of a codec"),
        ("decode/stream", "is no .wwc file"),
    ],
)
def test_wrong_streams_of_a_codec_get_one_sentence(server, codec, path, words):
    with opened(server, f"/v1/audio/{path}") as live:
        with suppress(ConnectionClosed):
            live.send(bytes(64))
            live.send(json.dumps({"type": "end"}))
        _, answers = received(live)
    assert words in answers[-1]["error"]["message"]


# ---------------------------------------------------------------------------------------------------------- Wyoming


def wyoming(server, *events, until=AudioStop):
    """Send events by Wyoming's own client; return those of the server up to a kind."""

    async def talk():
        found = []
        async with AsyncTcpClient("127.0.0.1", server.state.wyoming.port) as client:
            for event in events:
                await client.write_event(event.event())
            while (event := await asyncio.wait_for(client.read_event(), LIMIT_SECONDS)) is not None:
                found.append(event)
                if until.is_type(event.type) or Error.is_type(event.type):
                    break
        return found

    return asyncio.run(talk())


def audio_in(events) -> bytes:
    assert AudioStart.is_type(events[0].type)
    start = AudioStart.from_event(events[0])
    assert (start.rate, start.width, start.channels) == (24_000, 2, 1)
    return b"".join(AudioChunk.from_event(event).audio for event in events if AudioChunk.is_type(event.type))


def test_wyoming_answers_a_ping_with_its_text(server):
    (event,) = wyoming(server, Ping(text="a"), until=Pong)
    assert Pong.from_event(event).text == "a"


def test_wyoming_lists_the_voices(server):
    (event,) = wyoming(server, Describe(), until=Info)
    (program,) = Info.from_event(event).tts
    assert program.supports_synthesize_streaming
    assert [voice.name for voice in program.voices] == ["en-kathleen", "de-kerstin", "en-ruth"]
    assert all(voice.installed and len(voice.languages) == 1 for voice in program.voices)


def test_wyoming_names_whose_recordings_a_voice_learned_from(server, monkeypatch):
    sources = [
        Source(name="letters", licence="CC0-1.0", origin="Debian package letters"),
        Source(name="clips", licence="CC-BY-4.0", credit="Ann, Bob", origin="github.com/ann/clips"),
    ]
    monkeypatch.setattr(shared_voices, "read_card", lambda folder: SimpleNamespace(sources=sources))
    (event,) = wyoming(server, Describe(), until=Info)
    made_by = Info.from_event(event).tts[0].voices[0].attribution
    assert (made_by.name, made_by.url) == ("letters; Ann, Bob", "https://github.com/ann/clips")


@pytest.mark.parametrize(
    ("language", "name"), [("de_DE", "de-kerstin"), ("en-GB", "en-kathleen"), ("xx", "en-kathleen")]
)
def test_wyoming_finds_a_voice_by_its_language(server, monkeypatch, language, name):
    monkeypatch.setattr(server.state.voices, "language", lambda voice: voice[:2])
    assert server.state.wyoming.voice_of(SynthesizeVoice(language=language)) == name


@pytest.mark.parametrize(
    ("voice", "name"),
    [
        (None, "en-kathleen"),
        (SynthesizeVoice(name="en-ruth"), "en-ruth"),
        (SynthesizeVoice(language="xx"), "en-kathleen"),
    ],
)
def test_wyoming_speaks_a_text(server, voice, name):
    events = wyoming(server, Synthesize("Hello there.", voice))
    assert audio_in(events) == samples_of("Hello there.", voice=name)


def test_wyoming_speaks_ssml(server):
    text = '<speak>Hello<break time="1s"/>there.</speak>'
    assert audio_in(wyoming(server, Synthesize(text, text_format="ssml"))) == samples_of(text, ssml=True)


def test_wyoming_speaks_tags_of_a_text_that_is_no_ssml(server):
    text = "<speak>Hello there."
    assert audio_in(wyoming(server, Synthesize(text, text_format="text"))) == samples_of("speak>Hello there.")


def test_wyoming_speaks_a_text_that_arrives_in_pieces(server):
    chunks = [SynthesizeChunk(piece) for piece in pieces_of(TEXT, 3)]
    events = wyoming(server, SynthesizeStart(), *chunks, Synthesize(TEXT), SynthesizeStop(), until=SynthesizeStopped)
    assert audio_in(events) == samples_of()
    assert [event.type for event in events[-2:]] == ["audio-stop", "synthesize-stopped"]


@pytest.mark.parametrize("text_format", [None, "ssml"])
@pytest.mark.parametrize("start", ["", '<?xml version="1.0"?>\n', " \n"])
def test_wyoming_speaks_ssml_that_arrives_in_pieces(server, text_format, start):
    text = start + '<speak>Hello<break time="1s"/>there. <prosody rate="slow">Bye &amp; bye.</prosody></speak>'
    expected = samples_of(text, ssml=True)
    for seed in range(3):
        chunks = [SynthesizeChunk(piece) for piece in pieces_of(text, seed)]
        events = wyoming(
            server, SynthesizeStart(text_format=text_format), *chunks, SynthesizeStop(), until=SynthesizeStopped
        )
        assert audio_in(events) == expected


def test_wyoming_changes_to_a_voice_of_the_list_only(server, tmp_path):
    text = f'<speak>Hello <voice name="{tmp_path}">there.</voice></speak>'
    (error,) = wyoming(server, SynthesizeStart(), SynthesizeChunk(text), SynthesizeStop(), until=SynthesizeStopped)
    assert "There is no voice" in Error.from_event(error).text


@pytest.mark.parametrize(("text", "text_format"), [("<This> is it.", None), ("<speak>Hello there.", "text")])
def test_wyoming_speaks_pieces_of_a_text_that_is_no_ssml(server, text, text_format):
    chunks = [SynthesizeChunk(piece) for piece in pieces_of(text, 1)]
    events = wyoming(
        server, SynthesizeStart(text_format=text_format), *chunks, SynthesizeStop(), until=SynthesizeStopped
    )
    assert audio_in(events) == samples_of(text.replace("<speak", "speak"))


def test_wyoming_answers_errors_as_events(server):
    (error,) = wyoming(server, Synthesize("Hello.", SynthesizeVoice(name="nobody")))
    assert "no voice 'nobody'" in Error.from_event(error).text
    (error,) = wyoming(server, Synthesize("a " * 600))
    assert "1000 characters" in Error.from_event(error).text


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"{\n",
        b"[]\n",
        b'{"type": "describe", "data_length": 99999999999}\n',
        b'{"type": "describe", "payload_length": "x"}\n',
        b'{"type": "synthesize", "data": {"text": 1}}\n',
        b'{"type": "synthesize", "data": [1]}\n',
        b'{"type": 1}\n',
        b"x" * 200_000,
        b'{"type": "synthesize-start"}\n{"type": "synthesize-chunk", "data": {"text": {}}}\n',
    ],
)
def test_damaged_events_end_the_connection_alone(server, data):
    with socket.create_connection(("127.0.0.1", server.state.wyoming.port), timeout=LIMIT_SECONDS) as raw:
        with suppress(OSError):  # the server may have ended the connection already
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
        reply = b""
        try:
            while chunk := raw.recv(65_536):
                reply += chunk
        except ConnectionResetError:
            pass
        assert not reply or b'"type": "error"' in reply
    assert wyoming(server, Describe(), until=Info)
    wait_until(lambda: server.state.scheduler.n_jobs == 0)


# ----------------------------------------------------------------------------- a lexicon and pauses of the server


def test_wyoming_and_requests_have_the_lexicon_and_the_pauses_of_the_server(server_with_words):
    server = server_with_words
    expected = samples_of("Hello there. Bye.", lexicon=server.lexicon, sentence_pause=1.0)
    assert audio_in(wyoming(server, Synthesize("Hello there. Bye."))) == expected
    assert speak(server, "Hello there. Bye.").body == expected
    longer = samples_of("Hello there. Bye.", lexicon=server.lexicon, sentence_pause=2.0)
    assert speak(server, "Hello there. Bye.", sentence_pause=2).body == longer
    assert expected != samples_of("Hello there. Bye.", sentence_pause=1.0)


def test_a_request_may_have_words_of_its_own(server_with_words, tmp_path):
    server = server_with_words
    path = tmp_path / "words.txt"
    path.write_text("there B IY1\nhello K AE1 T\n", encoding="utf-8")
    expected = samples_of("Hello there.", lexicon=path, sentence_pause=1.0)
    for phones in ("K AE1 T", "/\u02c8k\u00e6t/"):
        assert speak(server, "Hello there.", lexicon={"Hello": phones}).body == expected
        with opened(server) as connection:
            send_text(connection, ["Hello ", "there."], lexicon={"hello": phones})
            assert received(connection)[0] == expected
    for lexicon, words in (("x", "not an object"), ({"a": 1}, "not an object"), ({"hello": "QQ"}, "QQ")):
        reply = speak(server, "Hello there.", lexicon=lexicon)
        assert reply.status == 400
        assert words in reply.json["error"]["message"]


@pytest.mark.parametrize("seed", range(3))
def test_markdown_that_arrives_in_pieces_sounds_like_the_whole(server, seed):
    text = "# Steps\n\n1. Wash **it well** now.\n2. Dry it.\n\nThen [eat](a.b). That is all."
    with opened(server) as connection:
        send_text(connection, pieces_of(text, seed), markup="markdown")
        assert received(connection)[0] == samples_of(text, markup="markdown")
