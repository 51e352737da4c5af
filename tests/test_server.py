"""The server over a loop-back socket: speech in every format, errors, keys, hosts, origins, limits, cancellation."""

from __future__ import annotations

import base64
import io
import itertools
import json
import random
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest

pytest.importorskip("uvicorn")

from local_server import request, running, send_raw, speak, stand_in_voices
from waiting import LIMIT_SECONDS, wait_until

from wavewright.apps.server import guard, scheduler
from wavewright.apps.server.app import Server
from wavewright.apps.server.shared_voices import SharedVoices
from wavewright.audio.pcm import to_pcm
from wavewright.base.errors import BadSetting
from wavewright.speech.narration.narrator import NarratorLoader
from wavewright.speech.narration.settings import NarrationSettings

TEXT = "Hello there. This is a second sentence, and it goes on for a while."
LONG = TEXT * 200


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Stand-in voices en-kathleen, en-ruth and de-kerstin."""
    with stand_in_voices(tmp_path_factory.mktemp("models")) as models:
        yield models


@pytest.fixture(scope="module")
def server(voices):
    with running(max_text=20_000) as server:
        yield server


def samples_of(**settings) -> bytes:
    """Return what `wavewright.speak` makes of TEXT, as 16-bit samples."""
    narrator = NarratorLoader().load(NarrationSettings(**settings))
    return b"".join(to_pcm(chunk.wave) for chunk in narrator.chunks(TEXT, print))


def error_of(reply):
    """Return the error of a reply, one sentence in the JSON form of OpenAI's API."""
    assert set(reply.json) == {"error"}
    assert set(reply.json["error"]) == {"message", "type", "param", "code"}
    message = reply.json["error"]["message"]
    assert message.endswith(".")
    assert "\n" not in message
    return reply.json["error"]


# ---------------------------------------------------------------------------------------------------------- speech


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_samples_are_those_of_speak(server, prefix):
    reply = request(server, "POST", f"{prefix}/audio/speech", {"input": TEXT, "response_format": "pcm"})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "audio/pcm"
    assert reply.body == samples_of()


def test_fields_change_the_speech_as_parameters_of_speak_do(server):
    fields = {"voice": {"id": "en-ruth"}, "speed": 1.5, "pitch": 2, "seed": 7, "instructions": "Sound SAD, please."}
    assert speak(server, TEXT, **fields).body == samples_of(voice="en-ruth", rate=1.5, pitch=2.0, seed=7, style="sad")


@pytest.mark.parametrize("instructions", ["", "None", None, "do not sound angry", "Speak like a pirate."])
def test_other_instructions_change_nothing(server, instructions):
    assert speak(server, TEXT, instructions=instructions, anything=[1], stream=True).body == samples_of()


def test_a_wav_stream_has_no_known_length(server):
    wav = speak(server, TEXT, response_format="wav").body
    assert wav[:4] + wav[8:16] == b"RIFFWAVEfmt "
    assert wav[4:8] == wav[40:44] == b"\xff" * 4
    assert wav[44:] == samples_of()


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    """Return the wave ``(time,)`` of a sound file, and its sample rate."""
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(data)) as container:
        frames = [(frame.to_ndarray(), frame.sample_rate) for frame in container.decode(audio=0)]
    wave = np.concatenate([frame[0] for frame, _ in frames])
    return (wave / 32_768 if wave.dtype == np.int16 else wave), frames[0][1]


def powers_of(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    n = sample_rate // 10
    return np.square(wave[: len(wave) // n * n].reshape(-1, n)).mean(axis=1)


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "flac", "aac"])
def test_encoded_speech_has_the_same_sound(server, audio_format):
    reply = speak(server, TEXT, response_format=audio_format)
    assert reply.status == 200
    spoken = np.frombuffer(samples_of(), "<i2") / 32_768
    wave, sample_rate = decoded(reply.body)
    if audio_format == "flac":
        assert np.array_equal(wave, spoken)
    assert abs(len(wave) / sample_rate - len(spoken) / 24_000) <= 0.12
    powers = powers_of(spoken, 24_000), powers_of(wave, sample_rate)
    n = min(map(len, powers))
    assert np.corrcoef(powers[0][:n], powers[1][:n])[0, 1] > 0.8


def test_events_carry_audio_words_and_usage(server):
    reply = speak(server, TEXT, stream_format="sse", word_timestamps=True)
    assert reply.headers["Content-Type"] == "text/event-stream"
    events = [json.loads(line[6:]) for line in reply.body.decode().splitlines() if line.startswith("data: ")]
    audio = b"".join(base64.b64decode(each["audio"]) for each in events if each["type"] == "speech.audio.delta")
    assert audio == samples_of()
    words = [word for each in events if each["type"] == "speech.audio.words" for word in each["words"]]
    assert [TEXT[word["from_character"] : word["to_character"]] for word in words] == [word["text"] for word in words]
    assert [word["text"] for word in words][:2] == ["Hello", "there"]
    assert all(first["end"] <= second["start"] + 1e-6 for first, second in itertools.pairwise(words))
    usage = events[-1]["usage"]
    assert events[-1]["type"] == "speech.audio.done"
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]
    plain = speak(server, TEXT, stream_format="sse").body
    assert b"speech.audio.words" not in plain


def test_ssml_may_change_to_a_voice_of_the_list_only(server):
    text = '<speak><voice name="{}">Hello there.</voice></speak>'
    assert speak(server, text.format("en-ruth")).status == 200
    assert speak(server, text.format("ruth")).status == 200
    assert speak(server, text.format("en")).status == 200  # a model stands for its first voice
    for name in ("../en", "/etc", "models/en", "none"):
        assert error_of(speak(server, text.format(name)))["code"] == "voice_not_found"


def test_lists_have_the_keys_that_clients_read(server):
    for path in ("/v1/audio/voices", "/audio/voices"):
        listed = request(server, "GET", path).json
        assert [voice["id"] for voice in listed["voices"]] == ["en-kathleen", "de-kerstin", "en-ruth"]
        assert listed["data"] == listed["voices"]
    for path in ("/v1/models", "/v1/audio/models", "/models", "/audio/models"):
        listed = request(server, "GET", path).json
        assert "tts-1" in [model["id"] for model in listed["models"]]
        assert listed["object"] == "list"
    assert request(server, "GET", "/v1/models/tts-1-hd").json["object"] == "model"
    assert request(server, "GET", "/v1/models/gpt-5").status == 404


def test_names_of_openai_stand_for_english_voices_in_turn(voices, monkeypatch):
    monkeypatch.setattr(SharedVoices, "language", lambda _, name: name[:2])
    shared = SharedVoices()
    assert {shared.find(name) for name in ("alloy", "ash", "Nova", "onyx")} == {"en-kathleen", "en-ruth"}
    assert shared.find("de-kerstin") == "de-kerstin"


def test_probes_and_measurements(server):
    speak(server, TEXT)
    assert request(server, "GET", "/health").json["status"] == "ok"
    assert request(server, "GET", "/ready").json == {"ready": True, "speech": True, "tasks": False}
    text = request(server, "GET", "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["wavewright_audio_seconds_total"]) > 1
    assert float(values['wavewright_requests_total{path="/v1/audio/speech",status="200"}']) >= 1
    buckets = [float(value) for name, value in values.items() if "_bucket" in name]
    assert buckets == sorted(buckets)
    assert buckets[-1] == float(values["wavewright_first_audio_seconds_count"])


# ---------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("fields", "param", "status"),
    [
        ({"input": None}, "input", 400),
        ({"input": 7}, "input", 400),
        ({"input": " \n"}, "input", 400),
        ({"input": "\u4f60\u597d"}, "input", 400),
        ({"input": "x" * 20_001}, "input", 400),
        ({"voice": "Kathleen"}, "voice", 404),
        ({"voice": "../../etc/passwd"}, "voice", 404),
        ({"voice": 3}, "voice", 400),
        ({"model": "kokoro"}, "model", 404),
        ({"model": []}, "model", 400),
        ({"response_format": "wma"}, "response_format", 400),
        ({"stream_format": "x"}, "stream_format", 400),
        ({"speed": 5}, "speed", 400),
        ({"speed": "fast"}, "speed", 400),
        ({"speed": True}, "speed", 400),
        ({"pitch": 99}, "pitch", 400),
        ({"seed": -1}, "seed", 400),
        ({"lexicon": {"Kyiv": "K QQ V"}}, "lexicon", 400),
        ({"style": "drunk"}, "style", 400),
        ({"instructions": 3}, "instructions", 400),
        ({"input": "<speak><b>x</b></speak>"}, "input", 400),
        ({"language": "fr"}, "language", 400),
        ({"strict": True, "input": "\u4f60\u597d hello"}, "input", 400),
    ],
)
def test_bad_fields_are_named(server, fields, param, status):
    reply = speak(
        server, **{"text": TEXT, **{{"input": "text"}.get(name, name): value for name, value in fields.items()}}
    )
    assert (reply.status, error_of(reply)["param"]) == (status, param)
    assert error_of(reply)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"input": 1e400}', b'{"a": ' + b"9" * 5_000]
)
def test_bodies_that_are_no_requests_are_refused(server, body):
    reply = request(server, "POST", "/v1/audio/speech", body)
    assert reply.status == 400
    error_of(reply)


def test_unknown_paths_and_methods(server):
    assert error_of(request(server, "GET", "/nowhere"))["message"].startswith("There is nothing at '/nowhere'")
    assert "GET" in error_of(request(server, "GET", "/v1/audio/speech"))["message"]


def test_a_fault_of_the_server_has_no_details(server, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(server.state.voices, "narrator", fail)
    reply = speak(server, TEXT)
    assert reply.status == 500
    assert error_of(reply)["message"] == "The server failed (RuntimeError); its log has the details."


def test_speech_that_fails_later_is_an_incomplete_reply(server, monkeypatch):
    def packets(*_):
        yield scheduler.Packet(b"abc", 0.1)
        raise BadSetting("late.")

    monkeypatch.setattr("wavewright.apps.server.speaking.speech_packets", packets)
    with pytest.raises(Exception, match="IncompleteRead"):
        speak(server, TEXT)
    monkeypatch.undo()
    assert speak(server, TEXT).body == samples_of()


# ---------------------------------------------------------------------------------------------------------- security


def test_keys(voices):
    with running(keys=("correct-horse", "battery-staple")) as server:
        for key, status in {
            "Bearer correct-horse": 200,
            "bearer battery-staple": 200,
            "Bearer correct-hors": 401,
            "Bearer ": 401,
            "correct-horse": 401,
            "Basic correct-horse": 401,
            "Bearer \u00e4\u00f6": 401,
        }.items():
            headers = {"Authorization": key.encode("latin-1")}
            reply = request(server, "POST", "/v1/audio/speech", {"input": TEXT}, headers)
            assert reply.status == status, key
        reply = request(server, "GET", "/metrics")
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert error_of(reply)["code"] == "invalid_api_key"
        for path in ("/health", "/ready", "/v1/audio/voices", "/audio/models"):
            assert request(server, "GET", path).status == 200


def test_without_keys_any_key_is_accepted(server):
    for key in ("Bearer ", "Bearer sk-anything", "x"):
        assert request(server, "GET", "/v1/models", headers={"Authorization": key}).status == 200


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("127.0.0.1:1", True),
        ("192.168.1.7", True),
        ("[::1]:8760", True),
        ("mybox:8760", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[", False),
        ("localhost:99999999", False),
        ("a@b:c", False),
    ],
)
def test_a_foreign_host_name_is_refused(voices, host, is_own):
    server = _hosted(voices)
    assert request(server, "GET", "/health", headers={"Host": host}).status == (200 if is_own else 421)


_SERVERS = []


def _hosted(voices):
    """Return one server with a host name and an origin of its own for all tests that need them."""
    if not _SERVERS:
        manager = running(hosts=("MyBox",), origins=("http://app.example:3000",))
        _SERVERS.append((manager.__enter__(), manager))
    return _SERVERS[0][0]


@pytest.fixture(scope="module", autouse=True)
def _end_servers():
    yield
    while _SERVERS:
        _SERVERS.pop()[1].__exit__(None, None, None)


def test_pages_of_other_origins_are_refused(voices):
    server = _hosted(voices)
    body = {"input": "Hello."}
    for origin, status in {
        "http://evil.example": 403,
        "null": 403,
        "http://app.example": 403,
        "http://app.example:3000": 200,
        f"http://127.0.0.1:{server.port}": 200,
    }.items():
        reply = request(server, "POST", "/v1/audio/speech", body, {"Origin": origin})
        assert reply.status == status, origin
        is_listed = origin == "http://app.example:3000"
        assert (reply.headers["Access-Control-Allow-Origin"] == origin) is is_listed
    headers = {"Origin": "http://app.example:3000", "Access-Control-Request-Method": "POST"}
    preflight = request(server, "OPTIONS", "/v1/audio/speech", headers=headers)
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, POST, DELETE, OPTIONS")
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    headers["Origin"] = "http://evil.example"
    assert request(server, "OPTIONS", "/v1/audio/speech", headers=headers).status == 403


def test_replies_may_not_be_embedded_or_sniffed(server):
    headers = request(server, "GET", "/health").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_body_over_the_limit_is_refused(server, monkeypatch):
    limit = server.state.settings.max_body_bytes
    head = b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (limit + 1)
    with monkeypatch.context() as hasty:
        hasty.setattr(guard, "DISCARD_SECONDS", 0.1)
        assert b" 413 " in send_raw(server, head)  # by its header alone
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    head = b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = send_raw(server, head + chunk * (limit // 65_536 + 2) + b"0\r\n\r\n")
    assert b" 413 " in reply
    assert b"more than" in reply


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/uploads"])
def test_a_client_that_sends_all_of_a_long_body_first_reads_why_it_is_refused(server, path):
    settings = server.state.settings
    n_bytes = 3 * max(settings.max_body_bytes, 2_000_000)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for _ in range(5):
        reply = request(server, "POST", path, bytes(n_bytes), headers)
        assert reply.status in (400, 413)
        assert reply.json["error"]["message"]


def test_a_client_that_waits_before_its_long_body_is_refused_at_once(server):
    head = (
        b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n"
    )
    reply = send_raw(server, head + b"\r\n")
    assert reply.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_arrive_is_given_up(voices):
    with running(body_seconds=0.2) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT_SECONDS) as connection:
            connection.sendall(b"POST /audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{")
            assert b" 408 " in connection.recv(4_096)
        with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT_SECONDS) as connection:
            connection.sendall(b"POST /audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{")
        wait_until(lambda: request(server, "GET", "/health").status == 200)
        assert server.state.scheduler.n_jobs == 0


VALUES = (
    None,
    True,
    0,
    -1,
    1e308,
    float("nan"),
    "",
    "x",
    "\u0000",
    "\ud83d\ude00",
    [],
    {},
    [[]],
    {"id": []},
    "en-ruth",
    10**30,
)
FIELDS = (
    *("input", "model", "voice", "speed", "response_format", "stream_format", "instructions", "seed", "pitch", "style"),
    *("ssml", "markup", "language", "strict", "range", "energy", "volume_db", "word_timestamps", "x"),
)


def fuzzed(rng: random.Random) -> tuple[bytes, bool]:
    """Return the bytes of a request with damage at some place, and whether it may be incomplete."""
    fields = {"input": "Hi.", **{rng.choice(FIELDS): rng.choice(VALUES) for _ in range(rng.randrange(5))}}
    body = json.dumps(fields).encode()
    if rng.random() < 0.3:
        body = bytes(rng.choice((byte, rng.randrange(256))) if rng.random() < 0.1 else byte for byte in body)
    path = rng.choice(
        ("/v1/audio/speech", "/audio/speech", "/v1/models", "/v1/models/%00", "/v1/../..", "/%2e%2e/x", "//", "*")
    )
    method = rng.choice(("POST", "POST", "POST", "GET", "PUT", "OPTIONS", "HEAD", "\u00e9"))
    length = rng.choice((len(body), len(body), len(body), len(body) + 5, -1, "x", 10**30))
    lines = [
        f"{method} {path} HTTP/{rng.choice(('1.1', '1.1', '1.0', '9'))}",
        f"Host: {rng.choice(('localhost', 'localhost', 'x', '', '[', ' '))}",
        f"Content-Length: {length}",
        "Connection: close",
    ]
    for _ in range(rng.randrange(3)):
        name = rng.choice(
            ("Origin", "Authorization", "Transfer-Encoding", "Content-Length", "Upgrade", "X", "Expect", ": ")
        )
        lines.append(
            f"{name}: {rng.choice(('a', 'null', 'chunked', 'websocket', '100-continue', '', 'x' * 5_000, chr(255)))}"
        )
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    is_damaged = rng.random() < 0.1
    if is_damaged:
        head = bytes(rng.randrange(256) if rng.random() < 0.05 else byte for byte in head)
    return head + body, is_damaged or length != len(body) or len(lines) > 4


@pytest.mark.parametrize("seed", range(3))
def test_fuzzed_requests_are_answered_or_refused(server, seed):
    rng = random.Random(seed)
    for _ in range(100):
        data, is_incomplete = fuzzed(rng)
        reply = send_raw(server, data, is_incomplete)
        status = reply[9:12]
        assert reply == b"" or b"200" <= status < b"500", (data, reply[:500])
    wait_until(lambda: server.state.scheduler.n_jobs == 0)
    assert speak(server, TEXT).body == samples_of()


# -------------------------------------------------------------------------------------------- clients that leave, queue


def begin(server, text=LONG, audio_format="pcm") -> socket.socket:
    """Ask for speech, read the first bytes of the reply and leave the rest unread."""
    body = json.dumps({"input": text, "response_format": audio_format}).encode()
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT_SECONDS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    assert connection.recv(100)
    return connection


def test_a_client_that_leaves_stops_its_work(server):
    scheduler_ = server.state.scheduler
    connections = [begin(server, LONG[:20_000]) for _ in range(5)]
    assert scheduler_.n_jobs == 5
    for connection in connections:
        connection.close()
    wait_until(lambda: scheduler_.n_jobs == 0)
    assert speak(server, TEXT).body == samples_of()


def test_a_slow_client_holds_the_computation_back(server, monkeypatch):
    monkeypatch.setattr(scheduler, "MAX_UNREAD_SECONDS", 2.0)
    jobs, submit = [], server.state.scheduler.submit
    monkeypatch.setattr(server.state.scheduler, "submit", lambda steps: jobs.append(submit(steps)) or jobs[-1])
    with begin(server, LONG[:20_000]):

        def is_held_while_others_are_answered():
            n_steps = jobs[0].n_steps
            assert speak(server, TEXT).body == samples_of()
            return jobs[0].is_parked and jobs[0].n_steps == n_steps

        wait_until(is_held_while_others_are_answered)
        assert server.state.scheduler.n_jobs == 1
    wait_until(lambda: server.state.scheduler.n_jobs == 0)


def test_requests_over_the_limit_are_told_to_wait(voices):
    with running(max_requests=2) as server:
        connections = [begin(server, LONG[:20_000]) for _ in range(2)]
        reply = speak(server, TEXT)
        assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
        assert error_of(reply)["type"] == "rate_limit_error"
        assert request(server, "GET", "/health").status == 200
        for connection in connections:
            connection.close()
        wait_until(lambda: server.state.scheduler.n_jobs == 0)
        assert speak(server, TEXT).body == samples_of()


def test_parallel_streams_are_those_of_single_ones(server):
    texts = [f"{'So ' * number} {TEXT}" for number in range(12)]
    alone = [speak(server, text).body for text in texts]
    together = [b""] * len(texts)

    def ask(index):
        together[index] = speak(server, texts[index]).body

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_a_server_without_voices_runs_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("wavewright.models.BUNDLED_FOLDER", tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    state = Server(server_settings())
    state.warm_up()
    state.scheduler.close()
    assert not state.is_ready
    assert state.voices.names() == ()


def server_settings(**settings):
    from wavewright.apps.server.settings import ServerSettings

    return ServerSettings(workers=1, **settings)


def test_importing_the_server_loads_no_torch():
    program = "import sys, wavewright.apps.server.app, wavewright.apps.server.serve; print('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )
