"""The Wyoming protocol of Home Assistant: voices, speech of whole texts and of texts that arrive in pieces."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from ...base.errors import BadSetting, WavewrightError
from ...base.names import quoted
from ...base.version import __version__
from ...speech.narration.settings import NarrationSettings
from ...speech.voice import DEFAULT_VOICE
from ...text.lexicon import without_region
from .encoders import PCM_RATE_HZ
from .faults import server_fault
from .live_text import LiveText
from .measurements import Measurements
from .scheduler import Job, Scheduler
from .settings import ServerSettings
from .shared_voices import SharedVoices
from .speech_request import SpeechRequest
from .speech_socket import LiveSpeech

EventT = TypeVar("EventT")

MAX_LINE_BYTES = 65_536
IDLE_SECONDS = 600.0
MAX_CONNECTIONS = 256


class WyomingServer:
    """Answers Wyoming events over TCP, in the event loop of the HTTP server, at a socket that listens."""

    def __init__(
        self,
        settings: ServerSettings,
        bound: socket.socket,
        scheduler: Scheduler,
        voices: SharedVoices,
        measurements: Measurements,
    ) -> None:
        self._settings = settings
        self._scheduler = scheduler
        self._voices = voices
        self._measurements = measurements
        self._connections: set[asyncio.Task[None]] = set()
        self.bound = bound
        self.port = bound.getsockname()[1]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept connections while the block runs."""
        server = await asyncio.start_server(self._connected, sock=self.bound, limit=MAX_LINE_BYTES)
        try:
            yield
        finally:
            server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) <= MAX_CONNECTIONS:
                limited = _LimitedReader(reader, self._settings.max_body_bytes)
                await _Connection(self, limited, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            pass  # the client left, or the server ends
        finally:
            self._connections.discard(task)
            writer.close()

    async def info(self) -> Event:
        """Return the event that lists the voices."""
        names = await asyncio.to_thread(self._voices.names)
        voices = [
            TtsVoice(
                name=name,
                attribution=Attribution(*await asyncio.to_thread(self._voices.credits, name)),
                installed=True,
                description=name,
                version=__version__,
                languages=[await asyncio.to_thread(self._voices.language, name)],
            )
            for name in names
        ]
        program = TtsProgram(
            name="wavewright",
            attribution=Attribution("Wavewright", ""),
            installed=True,
            description="Wavewright",
            version=__version__,
            voices=voices,
            supports_synthesize_streaming=True,
        )
        return Info(tts=[program]).event()

    def speak(
        self, voice: SynthesizeVoice | None, text_format: str | None, whole: str | None = None
    ) -> tuple[LiveText, Job]:
        """Return a text, by default one that nothing has come of, and the job that speaks it.

        - ``text_format``: ``text`` although it starts like SSML, or ``ssml``.
        """
        text = LiveText(self._settings.max_text, may_be_ssml=text_format != "text")
        if whole is not None:
            text.push(whole)
            text.end()
        request = SpeechRequest("", NarrationSettings(voice=self.voice_of(voice), ssml=text_format == "ssml"), "pcm")
        job = self._scheduler.submit(LiveSpeech(request, text, self._voices, self._measurements).packets())
        return text, job

    def count_first_audio(self, seconds: float) -> None:
        """Count the time to the first audio."""
        self._measurements.first_audio(seconds)

    def voice_of(self, voice: SynthesizeVoice | None) -> str:
        """Return the name of a voice that is asked for by name, by language or not at all."""
        if voice is None:
            return DEFAULT_VOICE
        if voice.name:
            return voice.name
        names = self._voices.names() if voice.language else ()
        language = without_region(voice.language or "")
        return next((name for name in names if self._voices.language(name).startswith(language)), DEFAULT_VOICE)


class _LimitedReader:
    """A stream whose events have limits: the package would read as many bytes as a header names."""

    def __init__(self, reader: asyncio.StreamReader, max_bytes: int) -> None:
        self._reader = reader
        self._max_bytes = max_bytes

    async def readline(self) -> bytes:
        async with asyncio.timeout(IDLE_SECONDS):
            return await self._reader.readline()

    async def readexactly(self, n: int) -> bytes:
        if not isinstance(n, int) or not 0 < n <= self._max_bytes:
            raise ValueError("The event is too long.")
        async with asyncio.timeout(IDLE_SECONDS):
            return await self._reader.readexactly(n)


class _Connection:
    """One client: events in, events out; audio is sent by a task beside the reading."""

    def __init__(self, server: WyomingServer, reader: _LimitedReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._writing = asyncio.Lock()
        self._speaking: asyncio.Task[None] | None = None
        self._text: LiveText | None = None  # of a stream that has not ended
        self._job: Job | None = None

    async def run(self) -> None:
        """Answer events until the client leaves or sends none."""
        try:
            while (event := await self._next_event()) is not None:
                try:
                    await self._take(event)
                except WavewrightError as error:
                    await self._write(Error(str(error)).event())
        finally:
            if self._job is not None:
                self._job.cancel()
            if self._speaking is not None:
                self._speaking.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await self._speaking

    async def _next_event(self) -> Event | None:
        try:
            event = await async_read_event(self._reader)  # type: ignore[arg-type]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return event if event is not None and isinstance(event.data, dict) else None

    async def _take(self, event: Event) -> None:
        kind = event.type
        if Describe.is_type(kind):
            await self._write(await self._server.info())
        elif Ping.is_type(kind):
            await self._write(Pong(text=_parsed(Ping.from_event, event).text).event())
        elif Synthesize.is_type(kind) and self._text is None:  # during a stream it repeats the whole text
            whole = _parsed(Synthesize.from_event, event)
            await self._finish_speaking()
            _, job = self._server.speak(whole.voice, whole.text_format, _text_of(event))
            self._send_later(job, False)
        elif SynthesizeStart.is_type(kind):
            started = _parsed(SynthesizeStart.from_event, event)
            await self._finish_speaking()
            self._text, job = self._server.speak(started.voice, started.text_format)
            self._send_later(job, True)
        elif SynthesizeChunk.is_type(kind) and self._text is not None and self._job is not None:
            self._text.push(_text_of(event))
            self._job.wake()
        elif SynthesizeStop.is_type(kind) and self._text is not None:
            text, self._text = self._text, None
            text.end()
            if self._job is not None:
                self._job.wake()

    async def _finish_speaking(self) -> None:
        """Wait until the audio of the text before has been sent."""
        if self._speaking is not None:
            await self._speaking

    def _send_later(self, job: Job, is_stream: bool) -> None:
        self._job = job
        self._speaking = asyncio.create_task(self._send(job, is_stream))

    async def _send(self, job: Job, is_stream: bool) -> None:
        """Send the audio of a job."""
        started = time.monotonic()
        has_started = False
        try:
            async for packet in job:
                if not packet.data:
                    continue
                if not has_started:
                    has_started = True
                    self._server.count_first_audio(time.monotonic() - started)
                    await self._write(AudioStart(PCM_RATE_HZ, 2, 1).event())
                await self._write(AudioChunk(PCM_RATE_HZ, 2, 1, packet.data).event())
            if not has_started:
                await self._write(AudioStart(PCM_RATE_HZ, 2, 1).event())
            await self._write(AudioStop().event())
            if is_stream:
                await self._write(SynthesizeStopped().event())
        except ConnectionError:
            job.cancel()
        except Exception as error:
            self._text = None
            is_known = isinstance(error, WavewrightError)
            if not is_known:
                traceback.print_exc()
            await self._write(Error(str(error if is_known else server_fault(error))).event())

    async def _write(self, event: Event) -> None:
        async with self._writing:
            await async_write_event(event, self._writer)


def _parsed(parse: Callable[[Event], EventT], event: Event) -> EventT:
    """Parse an event; raise BadSetting if a field is missing or of another type."""
    try:
        return parse(event)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadSetting(f"The event {quoted(event.type)} has no text, or a field of another type.") from error


def _text_of(event: Event) -> str:
    text = event.data.get("text")
    if not isinstance(text, str):
        raise BadSetting(f"The event {event.type} has no text; send one.")
    return text
