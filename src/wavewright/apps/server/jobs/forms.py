"""Forms with files, read piece by piece up to a limit, and stored as uploads."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from ..guard import LEAST_BYTES_PER_SECOND, body_too_long, check_length, discard
from ..speech_request import BadRequest
from .files import Upload, remove_folder
from .store import JobStore, no_room

MAX_FILES = 1_000
MAX_FIELDS = 10
HOW = "send multipart/form-data"


async def read_form(request: Request, max_bytes: int, seconds: float, max_field_bytes: int) -> FormData:
    """Read a form; its files are spooled to the disk.

    - ``max_bytes``: longest body.
    - ``seconds``: longest time of the body, and one more for each ``LEAST_BYTES_PER_SECOND`` bytes that came.
    - ``max_field_bytes``: longest part that is no file.

    Raises BadRequest if the body is too long or too slow, or is no form.
    """
    await check_length(request.receive, request.headers, max_bytes)
    limited = Request(request.scope, _limited(request.receive, max_bytes, seconds))
    try:
        return await limited.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=max_field_bytes)
    except (HTTPException, MultiPartException) as error:
        reason = getattr(error, "detail", None) or getattr(error, "message", "")
        raise BadRequest(f"The form cannot be read ({str(reason).rstrip('.')}); {HOW}.", code="bad_form") from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise no_room("the files") from error
    except ClientDisconnect as error:
        raise BadRequest("The client left before the request was complete.", status=499) from error
    except (ValueError, LookupError, UnicodeError) as error:
        if isinstance(error, BadRequest):
            raise
        raise BadRequest(f"The form cannot be read; {HOW}.", code="bad_form") from error


async def store_files(store: JobStore, files: Sequence[UploadFile]) -> list[Upload]:
    """Store files of a form as uploads, all or none; raise BadRequest for an ending that is not known."""
    store.check_room(sum(file.size or 0 for file in files))
    stored: list[Upload] = []
    try:
        for file in files:
            upload = store.job_files.new_upload(file.filename or "")
            stored.append(upload)
            await asyncio.to_thread(_copy, file, upload.path)
    except BaseException:
        for upload in stored:
            remove_folder(upload.path.parent)
        raise
    for upload in stored:
        store.add_upload(upload)
    return stored


def _copy(file: UploadFile, path: Path) -> None:
    try:
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise no_room(f"{(file.size or 0) / 1e6:.0f} MB") from error


def _limited(receive: Receive, max_bytes: int, seconds: float) -> Receive:
    """Return a ``receive`` that raises BadRequest once a body is too long, or too slow."""
    n_bytes = 0
    begin = asyncio.get_running_loop().time()

    async def receive_some() -> Message:
        nonlocal n_bytes
        try:
            async with asyncio.timeout_at(begin + seconds + n_bytes / LEAST_BYTES_PER_SECOND):
                message = await receive()
        except TimeoutError:
            raise BadRequest(
                f"The body came too slowly: {n_bytes} bytes in {seconds + n_bytes / LEAST_BYTES_PER_SECOND:.0f} s; "
                "send it at once.",
                status=408,
            ) from None
        n_bytes += len(message.get("body", b""))
        if n_bytes > max_bytes:
            await discard(receive, message.get("more_body", False))
            raise body_too_long(max_bytes)
        return message

    return receive_some
