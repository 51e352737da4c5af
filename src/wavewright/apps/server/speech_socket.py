"""Speech over a WebSocket: text arrives in pieces, audio and word times go out as soon as a sentence is complete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ...base.errors import NothingToSpeak, WavewrightError
from ...base.json_text import parse_sent
from ...base.names import quoted
from ...speech.narration.narrator import Narrator
from ...text.sentence import Sentence
from .encoders import open_encoder
from .faults import ServerFault
from .guard import error_object
from .live_text import SPLITS, LiveText
from .measurements import Measurements
from .scheduler import Job, Packet, Scheduler, TooManyRequests
from .settings import ServerSettings
from .shared_voices import SharedVoices
from .speech_request import BadRequest, JsonObject, SpeechRequest, field_of, parse_speech

NORMAL, REFUSED, FAILED = 1000, 1008, 1011
"""Codes with which a connection is closed."""

WHAT = '{"type": "text", "text": ...}, {"type": "flush"} or {"type": "end"}'


class LiveSpeech:
    """Speech of a text that is not complete yet: a job of the scheduler that waits for text.

    - ``request``: the settings; its text is not used.
    - ``measurements``: counts seconds of audio and passages that were skipped.
    """

    def __init__(
        self, request: SpeechRequest, text: LiveText, voices: SharedVoices, measurements: Measurements
    ) -> None:
        self._request = request
        self._text = text
        self._voices = voices
        self._measurements = measurements

    def packets(self) -> Iterator[Packet]:
        """Yield the audio as encoded bytes; packets that wait where there is no whole sentence yet."""
        while (whole := self._text.awaited_ssml(self._request.settings.ssml)) is None:
            yield Packet(b"", waits=True)
        narrator = self._voices.narrator(self._request.settings, whole, self._request.lexicon)
        encoder = open_encoder(self._request.audio_format, narrator.voice.sample_rate)
        try:
            segments = self._text.segments(lambda text: _sentences(narrator, text), self._request.settings.markup)
            with suppress(NothingToSpeak):  # the client may end without a word
                for chunk in narrator.chunks(whole or segments, self._skip):
                    seconds = chunk.wave.shape[1] / narrator.voice.sample_rate
                    self._measurements.count("audio_seconds_total", seconds)
                    yield Packet(encoder.push(chunk.wave), seconds, chunk.words)
                    if chunk.is_waiting:
                        yield Packet(b"", waits=True)
            yield Packet(encoder.finish())
        finally:
            encoder.close()

    def _skip(self, _: object) -> None:
        self._measurements.count("skipped_total")


def _sentences(narrator: Narrator, text: str) -> Iterator[Sentence]:
    return narrator.voice.read(text, narrator.lexicon, lambda _: None)


class SpeechSocket:
    """``/v1/audio/speech/stream``, an endpoint for WebSockets; arguments as of `.speaking.SpeechEndpoint`."""

    def __init__(
        self, settings: ServerSettings, scheduler: Scheduler, voices: SharedVoices, measurements: Measurements
    ) -> None:
        self._settings = settings
        self._scheduler = scheduler
        self._voices = voices
        self._measurements = measurements

    async def answer(self, socket: WebSocket) -> None:
        """Answer one connection."""
        await socket.accept()
        try:
            with suppress(WebSocketDisconnect):
                await self._answer(socket)
        except WavewrightError as error:
            await close_with(socket, error)

    async def _answer(self, socket: WebSocket) -> None:
        message = await receive_object(socket, self._settings.max_body_bytes, self._settings.body_seconds)
        fields = message if message.get("type") == "start" else {}
        request, text = self._parsed(fields)
        speech = LiveSpeech(request, text, self._voices, self._measurements)
        job = self._scheduler.submit(speech.packets())
        sending = Activity()
        reading = asyncio.create_task(self._read(socket, job, text, None if fields else message, sending))
        try:
            await self._send(socket, job, request, sending)
            if job.is_cancelled:
                await reading  # raises what was wrong with a message
            else:
                await socket.close(NORMAL)
        finally:
            job.cancel()
            reading.cancel()
            with suppress(asyncio.CancelledError, WavewrightError):
                await reading

    def _parsed(self, fields: JsonObject) -> tuple[SpeechRequest, LiveText]:
        """Return the settings of the first message, which are those of ``POST /v1/audio/speech``."""
        split = fields.get("split", SPLITS[0])
        if split not in SPLITS:
            raise BadRequest(f"split is {quoted(str(split))}; it must be sentence or clause.", "split")
        defaults: JsonObject = {"input": "", "response_format": "pcm", "voice": None}
        request = parse_speech({**defaults, **fields, "stream_format": "sse"}, self._settings.max_text)
        if request.settings.ssml:
            raise BadRequest("A text that arrives in pieces is no SSML; leave ssml out, or give a markup.", "ssml")
        return request, LiveText(self._settings.max_text, split)

    async def _read(
        self, socket: WebSocket, job: Job, text: LiveText, first: JsonObject | None, sending: Activity
    ) -> None:
        """Take the messages of the client; cancel the job when it leaves, or at one that is not valid."""
        limits = self._settings
        try:
            message = first or await receive_object(socket, limits.max_body_bytes, limits.idle_seconds)
            while True:
                _take(message, text)
                job.wake()
                seconds = None if message.get("type") == "end" else limits.idle_seconds
                message = await receive_object(socket, limits.max_body_bytes, seconds, sending)
        except WebSocketDisconnect:
            self._measurements.count("cancelled_total")
            job.cancel()
        except WavewrightError:
            job.cancel()
            raise

    async def _send(self, socket: WebSocket, job: Job, request: SpeechRequest, sending: Activity) -> None:
        """Send audio as binary messages, words and the end as JSON."""
        started, seconds, is_first = time.monotonic(), 0.0, True
        await socket.send_json({"type": "started", "format": request.audio_format, "content_type": _type_of(request)})
        async for packet in job:
            seconds += packet.seconds
            sending.use()
            if packet.words:
                words = [asdict(word) for word in packet.words]
                await socket.send_json({"type": "words", "words": words})
            if packet.data:
                if is_first:
                    self._measurements.first_audio(time.monotonic() - started)
                    is_first = False
                await socket.send_bytes(packet.data)
        if not job.is_cancelled:
            await socket.send_json({"type": "done", "seconds": round(seconds, 6)})


def _type_of(request: SpeechRequest) -> str:
    return SpeechRequest("", request.settings, request.audio_format).content_type


def _take(message: JsonObject, text: LiveText) -> None:
    kind = message.get("type")
    if kind == "text" and isinstance(message.get("text"), str):
        text.push(message["text"])
    elif kind == "flush":
        text.flush()
    elif kind == "end":
        text.end()
    else:
        raise BadRequest(f"The message is not one of {WHAT}.", "type")


class Activity:
    """When a connection was last used by the server."""

    def __init__(self) -> None:
        self._used_at = time.monotonic()

    def use(self) -> None:
        """Count as used now."""
        self._used_at = time.monotonic()

    def is_within(self, seconds: float) -> bool:
        """Return whether it was used within the last seconds."""
        return time.monotonic() - self._used_at < seconds


async def receive_in_time(socket: WebSocket, seconds: float | None, sending: Activity | None = None) -> Message:
    """Receive a message; raise BadRequest if none comes, and nothing is sent, for so long."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                return await socket.receive()
        except TimeoutError:
            if seconds is not None and (sending is None or not sending.is_within(seconds)):
                raise BadRequest(
                    f"No message came for {seconds:g} s; connect again.", code="idle", status=408
                ) from None


async def receive_object(
    socket: WebSocket, max_bytes: int, seconds: float | None, sending: Activity | None = None
) -> JsonObject:
    """Receive a text message with a JSON object.

    Raises BadRequest if it is something else, or too long, or none comes in time, or WebSocketDisconnect if the client
    left.
    """
    received = await receive_in_time(socket, seconds, sending)
    if received["type"] != "websocket.receive":
        raise WebSocketDisconnect(received.get("code", NORMAL))
    contents = received.get("text")
    if contents is None:
        raise BadRequest("The message is binary; send JSON as text.", "type")
    if len(contents) > max_bytes:
        raise BadRequest(f"The message has more than {max_bytes} bytes; send the text in pieces.", code="too_long")
    try:
        value = parse_sent(contents)
    except ValueError as error:
        raise BadRequest(f"The message is not JSON ({error}); send {WHAT}.") from error
    if not isinstance(value, dict):
        raise BadRequest(f"The message is not a JSON object; send {WHAT}.")
    return value


async def close_with(socket: WebSocket, error: WavewrightError) -> None:
    """Send an error in the form of OpenAI's API and close the connection."""
    if socket.application_state != WebSocketState.CONNECTED or socket.client_state != WebSocketState.CONNECTED:
        return
    param, code, status = field_of(error)
    if isinstance(error, TooManyRequests):
        code, status = "too_many_requests", 429
    elif isinstance(error, ServerFault):
        code, status = "server_error", 500
    with suppress(RuntimeError, WebSocketDisconnect, OSError):
        await socket.send_json({"type": "error", **error_object(error, status, param, code)})
        await socket.close(FAILED if status == 500 else REFUSED)
