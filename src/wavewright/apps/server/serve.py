"""The command ``serve``: answer at an address until a signal ends it."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ...base.errors import BadSetting, MissingExtra, WavewrightError, how_to_install
from ...base.parameters import (
    ClausePause,
    IsMarked,
    LexiconPath,
    MarkKey,
    ParagraphPause,
    RecogniserName,
    SentencePause,
    TranslatorName,
)
from ...base.task_parameters import checked
from ...contracts.settings import assignments_of, override_settings
from ...outputs.watermark.payload import DEFAULT_KEY
from ...speech.prosody import Pauses
from .settings import LanguageTools, ServerLimits, ServerSettings, read_keys

if TYPE_CHECKING:
    import uvicorn
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from starlette.routing import BaseRoute

SWITCH_SECONDS = 0.001
"""Longest time for which a computing thread holds Python's lock while the event loop waits for it."""

MAX_MESSAGE_BYTES = 2**20
"""Longest message of a WebSocket."""

KEEP_ALIVE_SECONDS = 15
SHUTDOWN_SECONDS = 5
BACKLOG = 512


LIMITS = tuple(each.name for each in fields(ServerLimits))


@checked
def serve(
    host: Annotated[str, Field(description="Address of the server; 0.0.0.0 for all of this machine.")] = "127.0.0.1",
    port: Annotated[int, Field(description="Port; 0 for a free one.", ge=0, le=65_535)] = 8760,
    api_key_file: Annotated[
        Path | None, Field(description="File of keys, one a line; requests must have one. Default: no keys.")
    ] = None,
    set: Annotated[
        tuple[str, ...] | Mapping[str, object],
        Field(description=f"Change a limit: name=value, of {', '.join(LIMITS)}; may be given several times."),
    ] = (),
    wyoming: Annotated[
        bool, Field(description="Speak for Home Assistant, too: answer the Wyoming protocol, which has no keys.")
    ] = False,
    wyoming_host: Annotated[
        str, Field(description="Address for Wyoming; 0.0.0.0 if Home Assistant runs on another machine.")
    ] = "127.0.0.1",
    wyoming_port: Annotated[int, Field(description="Port for Wyoming; 0 for a free one.", ge=0, le=65_535)] = 10_200,
    allow_host: Annotated[
        tuple[str, ...], Field(description="Host name under which the server is reached; may be given several times.")
    ] = (),
    allow_origin: Annotated[
        tuple[str, ...],
        Field(
            description="Origin of web pages that may use the server, such as http://localhost:3000, or of a browser "
            "extension, such as chrome-extension://ID; may be given several times."
        ),
    ] = (),
    warm_up: Annotated[
        bool,
        Field(description="Start no processes for tasks and compile nothing before the first job."),
    ] = True,
    lexicon: LexiconPath = None,
    recogniser: RecogniserName = None,
    translator: TranslatorName = None,
    sentence_pause: SentencePause = None,
    clause_pause: ClausePause = None,
    paragraph_pause: ParagraphPause = None,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    sign: Annotated[
        bool, Field(description="Sign the sound files of jobs with your key; see `sign`. Streams are not signed.")
    ] = False,
) -> None:
    """Serve speech to clients of OpenAI's API, and every task, over HTTP.

    The server answers ``/v1/audio/speech``, ``/v1/audio/voices`` and ``/v1/models``, and runs tasks as jobs of
    ``/v1/tasks``, until Ctrl-C or SIGTERM ends it. Voices are loaded once; the audio of all requests is computed in
    turn, first for those who wait. Jobs run in processes of their own.

    Raises BadSetting if the address is in use or cannot be used, the file of keys cannot be read or is empty, there is
    no key to sign with, or the recogniser or translator cannot be used, or MissingExtra if the extra ``serve`` is not
    installed, or ``sign`` to sign, or the package of a recogniser or translator.
    """
    settings = ServerSettings(
        host=host,
        port=port,
        keys=() if api_key_file is None else read_keys(api_key_file),
        **vars(override_settings(ServerLimits(), assignments_of(set))),
        has_wyoming=wyoming,
        wyoming_host=wyoming_host,
        wyoming_port=wyoming_port,
        hosts=allow_host,
        origins=allow_origin,
        has_warm_up=warm_up,
        watermark=watermark,
        watermark_key=watermark_key,
        signing_key=_signing_key() if sign else None,
        lexicon=checked_lexicon(lexicon),
        pauses=Pauses(sentence_pause, clause_pause, paragraph_pause),
        tools=language_tools(recogniser, translator),
    )
    listen(settings, lambda address: f"Serving at {address} (speech: {address}/v1/audio/speech)")


def language_tools(recogniser: str | None, translator: str | None) -> LanguageTools:
    """Return a recogniser and a translator of jobs, which are opened once to check them."""
    from ...dubbing.recognition import checked_recogniser  # slow to import
    from ...dubbing.translation import checked_translator

    return LanguageTools(checked_recogniser(recogniser), checked_translator(translator))


def checked_lexicon(path: Path | None) -> Path | None:
    """Return the path of a lexicon, which is read once to check it; raise BadSetting or BadText if it is invalid."""
    if path is not None:
        from ...text.lexicon_file import language_of_lexicon

        language_of_lexicon(path)
    return path


def _signing_key() -> Ed25519PrivateKey:
    from ...outputs.provenance.keys import load_private_key  # slow to import

    return load_private_key()


def listen(
    settings: ServerSettings,
    announce: Callable[[str], str],
    extra_routes: Sequence[BaseRoute] = (),
    open_paths: Sequence[str] = (),
) -> None:
    """Answer requests until a signal ends the process.

    - ``announce``: called with the address once it is open; returns the start of the line that is printed.
    - ``extra_routes``, ``open_paths``: further routes, and paths that need no key.

    Raises BadSetting if the address is in use or cannot be used, or MissingExtra if the extra ``serve`` is not
    installed.
    """
    bound = bind(settings)
    try:
        server = make_server(settings, extra_routes, open_paths)
    except WavewrightError:
        bound.close()
        raise
    print(f"{announce(url_of(bound))} (Ctrl-C ends it)", file=sys.stderr, flush=True)
    if settings.has_wyoming:
        print(f"Home Assistant (Wyoming): {_wyoming_address(server)}", file=sys.stderr, flush=True)
    if not settings.is_local and not settings.keys:
        print("Everyone in the network can use it; --api-key-file asks for a key.", file=sys.stderr, flush=True)
    sys.setswitchinterval(SWITCH_SECONDS)
    server.run(sockets=[bound])


def make_server(
    settings: ServerSettings, extra_routes: Sequence[BaseRoute] = (), open_paths: Sequence[str] = ()
) -> uvicorn.Server:
    """Return the server of an application, which ``run(sockets=[...])`` starts.

    - ``extra_routes``, ``open_paths``: further routes, and paths that need no key; see
      :class:`wavewright.apps.server.app.Server`.

    Raises MissingExtra if the extra ``serve`` is not installed, or BadSetting if the address for Wyoming is in use or
    cannot be used.
    """
    try:
        import uvicorn

        from .app import Server
        from .connections import (
            ACCEPTED_AT_ONCE,
            Connections,
            LimitedHttp,
            LimitedServer,
            LimitedWebSocket,
            limit_log,
            usable_connections,
        )
    except ImportError as error:
        raise MissingExtra(f"serve needs the extra serve; {how_to_install('serve')}.") from error
    connections = Connections(usable_connections(settings.max_connections), settings.body_seconds)
    wyoming = _bind(settings.wyoming_host, settings.wyoming_port, "wyoming-") if settings.has_wyoming else None
    application = Server(settings, extra_routes, open_paths, wyoming)
    config = uvicorn.Config(
        application.app(),
        http=partial(LimitedHttp, connections=connections),  # type: ignore[arg-type]
        ws=LimitedWebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=ACCEPTED_AT_ONCE,
    )
    limit_log()
    return LimitedServer(config, application.jobs.end_events)


def bind(settings: ServerSettings) -> socket.socket:
    """Open the socket of a server.

    Raises BadSetting if the address is in use, is not one of this machine, or may not be used.
    """
    return _bind(settings.host, settings.port, "")


def _bind(host: str, port: int, prefix: str) -> socket.socket:
    """Open a socket of an address, which the options ``--PREFIXhost`` and ``--PREFIXport`` gave."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = addresses[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise BadSetting(_refusal(host, port, prefix, error)) from error
    try:
        if sys.platform != "win32":  # there it would let two servers listen at one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise BadSetting(_refusal(host, port, prefix, error)) from error
    return bound


def url_of(bound: socket.socket) -> str:
    """Return the address of a bound socket as a URL."""
    return f"http://{_address_of(bound)}"


def _address_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _wyoming_address(server: uvicorn.Server) -> str:
    return _address_of(server.config.app.state.server.wyoming.bound)  # type: ignore[union-attr]


def _refusal(host: str, port: int, prefix: str, error: OSError) -> str:
    """Return the sentence for an address that the system refuses."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use; choose another one with --{prefix}port, or 0 for a free one."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for the system; choose one above 1023 with --{prefix}port."
    reason = error.strerror or "unknown"
    return f"The server cannot use the address {host} ({reason}); give an address of this machine with --{prefix}host."
