"""Files of a job as a ZIP archive that is sent while it is made."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .task_job import TaskJob

if TYPE_CHECKING:
    from typing_extensions import Buffer

BLOCK_BYTES = 2**18
MANIFEST = "job.json"
"""The status of the job: task, command, result, names of files."""

STORED = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".aac", ".m4a", ".png", ".wwc"})
"""Endings of files that deflate would hardly make shorter, or slowly."""


class _Pieces(io.RawIOBase):
    """A file that cannot seek, whose contents are taken out as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        contents = bytes(data)
        self._written += contents
        return len(contents)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def zip_pieces(job: TaskJob) -> Iterator[bytes]:
    """Yield a ZIP archive of all files of a job, with a manifest, piece by piece."""
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(job.status(), indent=2))
        for file in job.files:
            path = job.folder / file.name
            info = zipfile.ZipInfo.from_file(path, file.name, strict_timestamps=False)
            info.compress_type = zipfile.ZIP_STORED if path.suffix.lower() in STORED else zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(info, "w") as target:
                while block := source.read(BLOCK_BYTES):
                    target.write(block)
                    yield pieces.take()
    yield pieces.take()
