"""Sign sound files and folders with a private key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.errors import BadFolder
from ..base.parameters import Quiet
from ..base.rules import Without
from ..base.runner import each_item
from ..base.task_parameters import checked
from ..data.entry import Entry
from ..data.folder import entries_of, items_of
from ..outputs.made import Made, MadeFile
from ..outputs.provenance.keys import load_private_key
from ..outputs.provenance.signing import sign_file


@checked
def sign(
    file: Annotated[Path, Field(description="Sound file, or a folder.")],
    key: Annotated[
        Path | None, Field(description="Private key in PEM; default: your own, which `wavewright keys new` makes.")
    ] = None,
    made_of: Annotated[
        tuple[Path, ...], Field(description="A file that the sound was made of; may be given several times.")
    ] = (),
    beside_only: Annotated[
        bool,
        Field(description="Write the record beside the file alone, and leave the file as it is."),
        Without("c2pa"),
    ] = False,
    c2pa: Annotated[
        bool,
        Field(description="Also write a C2PA manifest, which other programs read: WAV, FLAC and MP3 files."),
    ] = False,
    quiet: Quiet = False,
) -> Made:
    """Sign a sound file, or all of a folder: what made it, and a hash of its sound.

    The record is written beside the file, as ``<file>.provenance.json``, and into the metadata of WAV, FLAC, Ogg
    Vorbis, Opus and MP3 files. It says what the comment of the file says: model with hash, task, settings, seed,
    sources. The sound stays as it is. A file with the same signature is kept.

    Raises BadAudio if the only file cannot be read; BadFolder if a folder contains no sound, or a file cannot be
    written; BadSetting if there is no key, a file can have no C2PA manifest, or ``c2pa`` and ``beside_only`` are given;
    MissingExtra without the extra ``sign``, or ``c2pa``.
    """
    private = load_private_key(key)
    if not file.is_dir():
        return Made.of(sign_file(file, private, made_of, beside_only=beside_only, with_c2pa=c2pa))

    def sign_inside(entry: Entry) -> MadeFile:
        path = entry.path
        if not path.resolve().is_relative_to(file.resolve()):
            raise BadFolder(f"{path} leads out of {file}; sign it by its own path.")
        return sign_file(path, private, made_of, beside_only=beside_only, with_c2pa=c2pa)

    entries, unread = entries_of([file])
    signed, failed = each_item([*unread, *items_of(entries)], lambda: sign_inside, f"signing {file.name}", quiet)
    return Made(out=file, files=signed, failed=failed)
