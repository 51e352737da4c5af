"""Speech as jobs: steps that compute and encode it, and replies that stream it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from ...dsp.mel import FRAMES_PER_SECOND
from .encoders import open_encoder
from .guard import read_body_in_time
from .measurements import Measurements
from .scheduler import Job, Packet, Scheduler
from .settings import ServerSettings
from .shared_voices import SharedVoices
from .speech_request import SpeechRequest, parse_object, parse_speech


def speech_packets(request: SpeechRequest, voices: SharedVoices, measurements: Measurements) -> Iterator[Packet]:
    """Speak a text in packets, each with the bytes that a chunk of speech completes.

    Raises WavewrightError if the voice does not exist or the text cannot be spoken.
    """
    narrator = voices.narrator(request.settings, request.text, request.lexicon)
    sample_rate = narrator.voice.sample_rate
    encoder = open_encoder(request.audio_format, sample_rate)
    try:
        for chunk in narrator.chunks(request.text, lambda _: measurements.count("skipped_total")):
            seconds = chunk.wave.shape[1] / sample_rate
            measurements.count("audio_seconds_total", seconds)
            yield Packet(encoder.push(chunk.wave), seconds, chunk.words)
        yield Packet(encoder.finish())
    finally:
        encoder.close()


class SpeechEndpoint:
    """``POST /v1/audio/speech``, an ASGI application: the reply starts with the first audio.

    A client that leaves cancels its job. If the speech fails after the reply has started, the connection is closed, so
    that the client sees an incomplete reply.
    """

    def __init__(
        self, settings: ServerSettings, scheduler: Scheduler, voices: SharedVoices, measurements: Measurements
    ) -> None:
        self._settings = settings
        self._scheduler = scheduler
        self._voices = voices
        self._measurements = measurements

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.monotonic()
        request = await self._read(scope, receive)
        self._measurements.count("characters_total", len(request.text))
        job = self._scheduler.submit(speech_packets(request, self._voices, self._measurements))
        leaving = asyncio.create_task(self._cancel_when_left(job, receive))
        try:
            await self._reply(job, request, started, send)
        finally:
            leaving.cancel()
            job.cancel()

    async def _read(self, scope: Scope, receive: Receive) -> SpeechRequest:
        body = await read_body_in_time(receive, Headers(scope=scope), self._settings)
        return parse_speech(parse_object(body), self._settings.max_text)

    async def _cancel_when_left(self, job: Job, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._measurements.count("cancelled_total")
        job.cancel()

    async def _reply(self, job: Job, request: SpeechRequest, started: float, send: Send) -> None:
        events = _EventWriter(request) if request.stream_format == "sse" else None
        to_bytes: Callable[[Packet], bytes] = events.packet if events else lambda packet: packet.data
        has_started = False
        async for packet in job:
            data = to_bytes(packet)
            if not data:
                continue
            if not has_started:
                has_started = True
                self._measurements.first_audio(time.monotonic() - started)
                await send({"type": "http.response.start", "status": 200, "headers": _headers(request)})
            await send({"type": "http.response.body", "body": data, "more_body": True})
        if has_started and not job.is_cancelled:
            await send({"type": "http.response.body", "body": events.end() if events else b""})


def _headers(request: SpeechRequest) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", request.content_type.encode()),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # a proxy in front would otherwise collect the stream
    ]


class _EventWriter:
    """Server-sent events of OpenAI's API, and of words with their times where the request asks for them."""

    def __init__(self, request: SpeechRequest) -> None:
        self._request = request
        self._seconds = 0.0

    def packet(self, packet: Packet) -> bytes:
        """Return the events of a packet: its words, then its audio."""
        self._seconds += packet.seconds
        events = b""
        if self._request.with_words and packet.words:
            events += event("speech.audio.words", words=[asdict(word) for word in packet.words])
        if packet.data:
            events += event("speech.audio.delta", audio=base64.b64encode(packet.data).decode())
        return events

    def end(self) -> bytes:
        """Return the last event; tokens are words of the text and frames of the audio."""
        # Mel frames count as tokens of the reply.
        n_words, n_frames = len(self._request.text.split()), round(FRAMES_PER_SECOND * self._seconds)
        usage = {"input_tokens": n_words, "output_tokens": n_frames, "total_tokens": n_words + n_frames}
        return event("speech.audio.done", usage=usage)


def event(kind: str, **fields: object) -> bytes:
    """Return a server-sent event with one JSON object, whose ``type`` is its kind."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
