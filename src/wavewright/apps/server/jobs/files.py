"""The files of a server: uploads and folders of jobs, in one temporary folder that is removed at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from ....audio.file_kind import SOUND_SUFFIXES
from ....base.names import file_stem, quoted
from ....base.whole_file import hidden_path, sweep, temporary_base
from ....dubbing.subtitle_files import SUFFIXES as SUBTITLE_SUFFIXES
from ..speech_request import BadRequest

SUFFIXES = frozenset(
    (
        *SOUND_SUFFIXES,
        *(".mid", ".midi", ".abc", ".musicxml", ".mxl", ".xml", ".sf2", ".sf3", ".wwc", ".safetensors"),
        *(".txt", ".md", ".html", ".htm", ".ssml", ".csv", ".jsonl", ".json", ".toml", ".svg", ".dict", ".lexicon"),
        *SUBTITLE_SUFFIXES,
        *(".jpg", ".jpeg", ".png"),
    )
)
"""Endings of files that may be uploaded: sounds, videos, scores, codes, texts, tables, subtitles and pictures."""

ID_BYTES = 8


@dataclass
class Upload:
    """A file that was uploaded.

    - ``id``, ``name``: its id, and its name, made of the client's name.
    - ``path``: where it is.
    - ``n_bytes``: its size.
    - ``used_at``: when it was uploaded or last used, of a clock that never goes back.
    """

    id: str
    name: str
    path: Path
    n_bytes: int = 0
    used_at: float = field(default_factory=time.monotonic)

    def record(self) -> dict[str, object]:
        """Return it as the client sees it."""
        return {"id": self.id, "name": self.name, "bytes": self.n_bytes}


class JobFiles:
    """The temporary folder of a server, which other processes remove if this one is killed.

    Raises BadFolder if no folder can be made.
    """

    def __init__(self) -> None:
        base = temporary_base()
        sweep(base)
        self._stack = contextlib.ExitStack()
        self.folder = self._stack.enter_context(hidden_path(base))
        for name in ("uploads", "jobs", "temporary"):
            (self.folder / name).mkdir(parents=True)

    def new_upload(self, client_name: str) -> Upload:
        """Return an upload to write, whose name is made of the client's; raise BadRequest for an unknown ending."""
        upload_id, name = secrets.token_hex(ID_BYTES), safe_name(client_name)
        folder = self.folder / "uploads" / upload_id
        folder.mkdir()
        return Upload(upload_id, name, folder / name)

    def new_job(self) -> tuple[str, Path]:
        """Return the id of a job and its folder, which is empty."""
        job_id = secrets.token_hex(ID_BYTES)
        folder = self.folder / "jobs" / job_id
        folder.mkdir()
        return job_id, folder

    def temporary_folder(self, name: str) -> Path:
        """Return a folder for temporary files of a process."""
        folder = self.folder / "temporary" / name
        folder.mkdir(exist_ok=True)
        return folder

    def close(self) -> None:
        """Remove everything."""
        self._stack.close()


def safe_name(client_name: str) -> str:
    """Return a file name made of a client's: allowed characters and a known ending.

    Raises BadRequest if the ending is not one of `SUFFIXES`.
    """
    name = client_name.replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    if not dot or f".{suffix.lower()}" not in SUFFIXES:
        raise BadRequest(
            f"The file {quoted(name)} has no ending of a sound, score, text or table; send one such as .wav, .flac, "
            ".mp3, .mid, .txt, .csv or .toml.",
            "file",
            "unsupported_file",
        )
    return f"{file_stem(stem)}.{suffix.lower()}"


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second path, as a link where the file system has them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def n_bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it was removed meanwhile
            total += path.lstat().st_size
    return total


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as the system allows it."""
    shutil.rmtree(folder, ignore_errors=True)
