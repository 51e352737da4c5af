"""Sign sound files: a record beside the file and in its metadata."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...audio.sound_file import read_origin
from ...base.errors import BadAudio, BadSetting, WavewrightError
from ...base.version import __version__
from ...base.whole_file import check_name, temporary_path, write_whole
from . import tags
from .c2pa_manifest import check_manifest, read_manifest, write_manifest
from .envelope import MAX_BYTES, Envelope
from .finding import BESIDE, IN_FILE, IN_MANIFEST, authentic, envelopes, side_file_of
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
    with_c2pa: bool = False,
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
    with_c2pa
        Also write a C2PA manifest into the file. Without it, a file that has one is left as it is.
    ingredient_folders
        Where, besides the folder of the file, ingredients are looked for that its comment names.

    Raises
    ------
    BadAudio
        If the file or an ingredient cannot be read, or its format cannot be signed.
    BadSetting
        If the file can have no C2PA manifest.
    MissingExtra
        Without the extra ``c2pa``, if a manifest is asked for.
    BadFolder, WavewrightError
        If the files cannot be written.
    """
    path = path.resolve() if path.is_symlink() else path
    side_file = side_file_of(path)
    check_name(side_file)
    record = record_of(path, ingredients, task, ingredient_folders)
    if with_c2pa:
        check_manifest(path, record)
    try:
        envelope = Envelope.seal(record.model_dump(mode="json"), key)
    except ValueError as error:
        raise BadSetting(f"The comment of {path} holds what cannot be signed ({error}); write another one.") from error
    key_id = id_of_bytes(envelope.public_key)
    beside_only = beside_only or (not with_c2pa and tags.has_manifest(path))
    kept = _kept(path, envelope, beside_only, with_c2pa)
    if kept is not None:
        return SignedFile(path, side_file, key_id, kept, is_new=False)
    if len(envelope.to_text()) > MAX_BYTES:
        raise BadSetting(f"The record of {path} would have more than {MAX_BYTES} bytes; shorten its comment.")
    in_file = not beside_only and _write_into(path, envelope, record.sound, key if with_c2pa else None)
    write_whole(side_file, (envelope.to_text(indent=1) + "\n").encode())
    return SignedFile(path, side_file, key_id, in_file)


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


def _kept(path: Path, envelope: Envelope, beside_only: bool, with_c2pa: bool) -> bool | None:
    """Return whether the file holds a record, if all are there and say the same but for the time; else None."""
    found = envelopes(path)
    expected = {BESIDE} if beside_only or tags.kind_of(path) is None else {IN_FILE, BESIDE}
    if with_c2pa:
        manifest = read_manifest(path)
        if manifest is None or not manifest.is_valid or manifest.record is None:
            return None
        found[IN_MANIFEST] = manifest.record
    same = all(_says_the_same(authentic(text), envelope) for text in found.values())
    return IN_FILE in found if same and expected <= found.keys() else None


def _says_the_same(old: Envelope | None, new: Envelope) -> bool:
    if old is None or old.public_key != new.public_key:
        return False
    return {**old.record, "time": ""} == {**new.record, "time": ""}


def _write_into(path: Path, envelope: Envelope, sound: SignedSound, manifest_key: Ed25519PrivateKey | None) -> bool:
    """Write a record into the metadata of a file where they have a place for it, and a manifest if there is a key.

    The sound is compared before the new file replaces the old one.
    """
    with temporary_path(path) as tagged, temporary_path(path) as with_manifest:
        has_place = tags.write(path, tagged, envelope.to_text().encode()) and _has_sound(tagged, sound)
        written = tagged if has_place else path
        if manifest_key is not None:
            write_manifest(written, with_manifest, envelope, manifest_key)
            written = with_manifest
            if not _has_sound(written, sound):
                raise BadAudio(f"A C2PA manifest would change the sound of {path}; leave --c2pa out.")
        if written != path:
            shutil.copymode(path, written)
            written.replace(path)
    return has_place


def _has_sound(path: Path, sound: SignedSound) -> bool:
    try:
        return sound_hash(path)[0].sha256 == sound.sha256
    except WavewrightError:
        return False
