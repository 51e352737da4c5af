"""Sign sound files: a record beside the file and in its metadata."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadAudio, BadSetting, WavewrightError
from ..sound_file import read_origin
from ..version import __version__
from ..whole_file import check_name, temporary_path, write_whole
from . import tags
from .envelope import MAX_BYTES, Envelope
from .finding import BESIDE, IN_FILE, authentic, envelopes, side_file_of
from .ingredients import is_generated, with_files
from .keys import id_of_bytes
from .origin import DERIVED, read_comment
from .record import IPTC, STATEMENTS, TRAINED, Record, SignedSound
from .sound_hash import sound_hash

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class SignedFile:
    """A signed sound file.

    Attributes
    ----------
    file
        The sound file.
    side_file
        The signed record beside it.
    key_id
        Id of the key.
    in_file
        The record is in the metadata of the file, too.
    is_new
        False if the file had this signature already.
    """

    file: Path
    side_file: Path
    key_id: str
    in_file: bool
    is_new: bool = True

    def __str__(self) -> str:
        note = "" if self.is_new else " (kept, it is up to date)"
        where = "in the file and beside it" if self.in_file else f"beside it in {self.side_file.name} alone"
        return f"{self.file}: signed by key {self.key_id}, {where}{note}"


def sign_file(
    path: Path,
    key: Ed25519PrivateKey,
    ingredients: Sequence[Path] = (),
    task: str | None = None,
    beside_only: bool = False,
    ingredient_folders: Sequence[Path] = (),
) -> SignedFile:
    """Sign a sound file; its sound stays as it is, and so do its other metadata.

    Parameters
    ----------
    path
        The file; where it is a link, the file that it leads to.
    key
        Private key.
    ingredients
        Files that the sound was made of, besides those that its comment names.
    task
        Command that made it, if its comment does not say so.
    beside_only
        Leave the file itself as it is.
    ingredient_folders
        Where, besides the folder of the file, ingredients are looked for that its comment names.

    Raises
    ------
    BadAudio
        If the file or an ingredient cannot be read, or its format cannot be signed.
    BadFolder, WavewrightError
        If the files cannot be written.
    """
    path = path.resolve() if path.is_symlink() else path
    side_file = side_file_of(path)
    check_name(side_file)
    record = record_of(path, ingredients, task, ingredient_folders)
    try:
        envelope = Envelope.seal(record.model_dump(mode="json"), key)
    except ValueError as error:
        raise BadSetting(f"The comment of {path} holds what cannot be signed ({error}); write another one.") from error
    signed = SignedFile(path, side_file, id_of_bytes(envelope.public_key), in_file=False)
    kept = _kept(path, envelope, beside_only)
    if kept is not None:
        return SignedFile(path, side_file, signed.key_id, kept, is_new=False)
    text = envelope.to_text()
    if len(text) > MAX_BYTES:
        raise BadSetting(f"The record of {path} would have {len(text)} bytes; at most {MAX_BYTES} are read.")
    in_file = not beside_only and _write_into(path, text, record.sound)
    write_whole(side_file, (envelope.to_text(indent=1) + "\n").encode())
    return SignedFile(path, side_file, signed.key_id, in_file)


def record_of(
    path: Path, ingredients: Sequence[Path] = (), task: str | None = None, ingredient_folders: Sequence[Path] = ()
) -> Record:
    """Return the statement about a sound file that its comment and its ingredients support; see :func:`sign_file`."""
    found, header = sound_hash(path)
    origin = read_comment(read_origin(path))
    made_of = with_files(origin.ingredients, ingredients, (path.parent, *ingredient_folders))
    source_type = origin.source_type
    if (origin.task or task) in DERIVED and any(is_generated(known) for _, known in made_of):
        source_type = TRAINED
    return Record(
        file=path.name,
        sound=SignedSound(
            sha256=found.sha256,
            hash_of=found.hash_of,
            sample_rate=header.sample_rate,
            n_channels=header.n_channels,
        ),
        digital_source_type=None if source_type is None else IPTC + source_type,
        statement=None if source_type is None else STATEMENTS[source_type],
        task=origin.task or task,
        models=origin.models,
        settings=origin.settings,
        ingredients=tuple(ingredient for ingredient, _ in made_of),
        wavewright=__version__,
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _kept(path: Path, envelope: Envelope, beside_only: bool) -> bool | None:
    """Return whether the file holds a record, if all are there and say the same but for the time; else None."""
    try:
        found = envelopes(path)
    except BadAudio:
        return None
    expected = {BESIDE} if beside_only or tags.kind_of(path) is None else {IN_FILE, BESIDE}
    same = all(_says_the_same(authentic(text), envelope) for text in found.values())
    return IN_FILE in found if same and expected <= found.keys() else None


def _says_the_same(old: Envelope | None, new: Envelope) -> bool:
    if old is None or old.public_key != new.public_key:
        return False
    return {**old.record, "time": ""} == {**new.record, "time": ""}


def _write_into(path: Path, text: str, sound: SignedSound) -> bool:
    """Write a record into the metadata of a file, if it has a place for it and its sound stays the same."""
    with temporary_path(path) as temporary:
        if not tags.write(path, temporary, text.encode()):
            return False
        try:
            if sound_hash(temporary)[0].sha256 != sound.sha256:
                return False
        except WavewrightError:
            return False
        shutil.copymode(path, temporary)
        temporary.replace(path)
    return True
