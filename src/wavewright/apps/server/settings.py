"""Settings of a server: address, keys, limits."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.errors import BadSetting
from ...base.names import quoted
from ...base.ranges import RANGE, RangedSettings, check_ranges, ranged
from ...outputs.watermark.payload import DEFAULT_KEY
from ...speech.prosody import Pauses

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_KEY_FILE_BYTES = 1_000_000
MIN_KEY_CHARACTERS = 8
BYTES_PER_CHARACTER = 12
"""Of text in JSON at most: an emoji is written as two escapes."""

ORIGIN = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://[^/\s?#@]+")

LOCAL_HOST = "127.0.0.1"

PORTS = {"port": (0, 65_535), "wyoming_port": (0, 65_535)}


def usable_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class ServerLimits(RangedSettings):
    """Limits of a server.

    - ``max_text``: longest text in characters.
    - ``workers``: threads that compute; default: the number of processors.
    - ``max_requests``: requests that are computed or wait; further ones are refused.
    - ``max_connections``: open connections; a client, which is an address, has at most half of them. Idle ones give
      way.
    - ``idle_seconds``: time after which a WebSocket is closed whose client sends nothing.
    - ``body_seconds``: time in which the body of a request, and the first message of a WebSocket, must arrive.
    - ``job_workers``: processes that run jobs, by default 2, or 1 on one processor; trainings have one of their own.
    - ``max_jobs``: jobs that may wait; further ones are refused.
    - ``job_minutes``: longest time of a job that is no training.
    - ``max_upload_mb``, ``max_files_gb``: largest upload, and all files of uploads and jobs together.
    - ``keep_minutes``: time after which uploads and jobs that have ended are removed.
    """

    max_text: int = ranged(20_000, 1, 1_000_000)
    workers: int = field(default_factory=usable_processors, metadata={RANGE: (1, 64)})
    max_requests: int = ranged(256, 1, 100_000)
    max_connections: int = ranged(512, 8, 100_000)
    idle_seconds: float = ranged(300.0, 0.1, 86_400)
    body_seconds: float = ranged(30.0, 0.1, 3_600)
    job_workers: int = field(default_factory=lambda: min(2, usable_processors()), metadata={RANGE: (1, 64)})
    max_jobs: int = ranged(64, 1, 10_000)
    job_minutes: float = ranged(60.0, 0.01, 100_000)
    max_upload_mb: float = ranged(512.0, 1, 1_000_000)
    max_files_gb: float = ranged(8.0, 0.001, 100_000)
    keep_minutes: float = ranged(60.0, 0.01, 100_000)


@dataclass(frozen=True)
class LanguageTools:
    """Names of the recogniser and the translator of jobs, with absolute paths; None for none."""

    recogniser: str | None = None
    translator: str | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """Files and folders of their models, which jobs read; of a name with languages, the folder of all of them."""
        if self.recogniser is None and self.translator is None:
            return ()
        from ...dubbing import recognition, translation  # slow to import
        from ...dubbing.commands import model_of

        named = ((self.recogniser, recognition.MODELS), (self.translator, translation.MODELS))
        models = (model_of(name, providers) for name, providers in named if name is not None)
        paths = (Path(str(model).partition("{")[0]) for model in models if model is not None)
        return tuple(path for path in paths if path.exists())


@dataclass(frozen=True, kw_only=True)
class ServerSettings(ServerLimits):
    """Settings of a server, with its limits.

    - ``host``: address of the server.
    - ``port``: port, 0 for a free one.
    - ``keys``: keys that requests must have one of; without keys, every request is answered.
    - ``hosts``: host names under which the server is reached, besides ``localhost`` and addresses.
    - ``origins``: origins of web pages and browser extensions that may use the server, such as
      ``http://localhost:3000`` and ``chrome-extension://ID``.
    - ``runs_folder``: folder of the runs, which trainings write to.
    - ``has_wyoming``, ``wyoming_host``, ``wyoming_port``: whether and where it answers the Wyoming protocol, which has
      no keys.
    - ``has_warm_up``: the processes for jobs start with the server, and loops that tasks need are compiled, instead of
      when the first job needs them.
    - ``watermark``, ``watermark_key``: whether all speech gets the mark of generated sound, and its key; requests
      cannot change that.
    - ``signing_key``: key that signs the sound files of jobs; without it they are not signed.
    - ``lexicon``: file with phones of words for all speech.
    - ``pauses``: lengths of pauses that requests do not set.
    - ``tools``: recogniser and translator of jobs; requests cannot name them.

    Raises BadSetting if a number is out of range, or an origin is not one.
    """

    host: str = LOCAL_HOST
    port: int = 8760
    keys: tuple[str, ...] = field(default=(), repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    runs_folder: Path = Path("runs")
    has_wyoming: bool = False
    wyoming_host: str = "127.0.0.1"
    wyoming_port: int = 10_200
    has_warm_up: bool = False
    watermark: bool = True
    watermark_key: str = field(default=DEFAULT_KEY, repr=False)
    signing_key: Ed25519PrivateKey | None = field(default=None, repr=False)
    lexicon: Path | None = None
    pauses: Pauses = field(default_factory=Pauses)
    tools: LanguageTools = field(default_factory=LanguageTools)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, PORTS)
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                raise BadSetting(
                    f"The origin is {quoted(origin)}; it must be a scheme with a host, such as http://localhost:3000 "
                    "or chrome-extension://ID."
                )

    @property
    def fixed_values(self) -> dict[str, object]:
        """Values of parameters that requests cannot set, for tasks that have them."""
        mark = {"watermark": self.watermark, "watermark_key": self.watermark_key}
        return {**mark, "recogniser": self.tools.recogniser, "translator": self.tools.translator}

    @property
    def max_body_bytes(self) -> int:
        """Longest body of a request without files."""
        return 65_536 + BYTES_PER_CHARACTER * self.max_text

    @property
    def max_upload_bytes(self) -> int:
        """Longest body of a request with files."""
        return round(1e6 * self.max_upload_mb)

    @property
    def max_files_bytes(self) -> int:
        """All files of uploads and jobs together."""
        return round(1e9 * self.max_files_gb)

    @property
    def is_local(self) -> bool:
        """Return whether only this machine reaches the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: ``localhost`` or a loop-back address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_keys(path: Path) -> tuple[str, ...]:
    """Read a file of keys, one a line; empty lines and those that start with ``#`` are skipped.

    Raises BadSetting if the file cannot be read, has no key, or has one that is too short or cannot be sent in a
    header.
    """
    try:
        with path.open("rb") as file:
            contents = file.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise BadSetting(
            f"The file of keys {path} cannot be read ({error.strerror}); give a text file with a key a line."
        ) from error
    if len(contents) > MAX_KEY_FILE_BYTES:
        raise BadSetting(f"The file of keys {path} has more than {MAX_KEY_FILE_BYTES} bytes; give a key a line.")
    lines = [line.strip() for line in contents.decode("utf-8", "replace").splitlines()]
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise BadSetting(f"The file of keys {path} has no key; write one a line, or leave --api-key-file out.")
    for number, key in enumerate(keys, 1):
        if len(key) < MIN_KEY_CHARACTERS or not (key.isascii() and key.isprintable() and " " not in key):
            raise BadSetting(
                f"Key {number} of {path} cannot be used; a key has at least {MIN_KEY_CHARACTERS} ASCII characters and "
                "no spaces."
            )
    return keys
