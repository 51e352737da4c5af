"""Verify the signatures of sound files, and say what made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...base.errors import WavewrightError, printable
from ...base.names import name_problem
from ...models.card import Source
from ...models.folder import ModelFolder
from . import origin
from .c2pa_manifest import FoundManifest, read_manifest
from .keys import id_of_bytes, load_public_key, own_public_bytes
from .record import IN_FILE, IN_MANIFEST, IPTC, SEVERAL, Envelope, Ingredient, Record, SignedModel, authentic, envelopes
from .sound_hash import SoundHash, sound_hash

Status = Literal["verified", "untrusted", "changed", "forged", "unreadable", "unsigned"]
"""``verified``: signed, and the sound is as it was; ``untrusted``: the same by a key that is not trusted; ``changed``:
the sound is another one than the signed one; ``forged``: the record is another one than the signed one; ``unreadable``:
what is found is no record; ``unsigned``: nothing is found."""

MAX_LINE = 400  # characters that are shown of what a record says
MAX_SOURCES = 6  # that are shown of a model

WORST_FIRST: tuple[Status, ...] = ("forged", "changed", "unreadable", "untrusted", "verified")
MEANINGS: Mapping[Status, str] = {
    "verified": "verified, the sound is as it was signed",
    "untrusted": "not verified, the key is not among the trusted ones",
    "changed": "not verified, the sound is not the signed one",
    "forged": "not verified, the record is not the signed one",
    "unreadable": "not verified, its record cannot be read",
    "unsigned": "not verified, it has no record",
}
OWN_KEY, UNKNOWN_KEY = "your own key", "a key that is not known here; compare its id, or give --trust"


@dataclass(frozen=True)
class TrustedKeys:
    """Public keys by their bytes, each with what to call it."""

    names: Mapping[bytes, str]  # name of each key
    is_required: bool  # other keys do not count

    @classmethod
    def read(cls, files: tuple[Path, ...]) -> TrustedKeys:
        """Read the keys of files, which are then required; without files, the user's own key is known."""
        if files:
            return cls({load_public_key(path).public_bytes_raw(): f"the key in {path}" for path in files}, True)
        own = own_public_bytes()
        return cls({} if own is None else {own: OWN_KEY}, False)


@dataclass(frozen=True)
class FoundSignature:
    """A record that was found."""

    where: str  # ``in the file``, ``beside it`` or ``in the C2PA manifest``
    status: Status  # see ``Status``
    key_id: str = ""  # id of the key, empty for an unreadable record and for a manifest of another program
    key_name: str | None = None  # the name of a key that is known, else None
    reason: str = ""  # why a record cannot be read; for a manifest, its certificate and program

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def what(self) -> str:
        """The status and the key as text."""
        if self.status == "unreadable":
            return f"unreadable, {printable(self.reason)}"
        if not self.key_id:
            return f"{self.status}, {printable(self.reason)}"
        end = f"; {printable(self.reason)}" if self.reason else ""
        return f"{self.status}, signed by {self.key_id}, {self.key_name or UNKNOWN_KEY}{end}"


@dataclass(frozen=True)
class ModelSources:
    """What a model learned from, as the card of the installed model says.

    - ``model``, ``sha256``: its name and hash.
    - ``sources``: recordings with their licences.
    """

    model: str
    sha256: str
    licence: str
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, folder: ModelFolder) -> ModelSources:
        """Return the sources of an installed model."""
        return cls(folder.card.name, folder.sha256, folder.card.licence, tuple(folder.card.sources))

    def __str__(self) -> str:
        shown = [f"{source.name} ({source.n_clips} clips, {source.licence})" for source in self.sources[:MAX_SOURCES]]
        learned = ", ".join(shown) or "nothing that its card names"
        n_more = len(self.sources) - MAX_SOURCES
        licences = ", ".join(sorted({source.licence for source in self.sources}))
        more = f" and {n_more} more ({licences}); `wavewright models show {self.model}` lists all" if n_more > 0 else ""
        return f"{self.model}, licence {self.licence}, learned from {learned}{more}"


@dataclass(frozen=True)
class VerifiedFile:
    """Result of the verification of a sound file."""

    file: Path
    is_verified: bool
    """Every record that was found is signed, by a trusted key if keys are required, and the sound is as it was."""
    status: Status  # the worst status of the records that were found
    signatures: tuple[FoundSignature, ...] = ()  # the records that were found
    record: Record | None = None  # what the best of them says; None unless it is signed
    models: tuple[ModelSources, ...] = ()  # what the models that made the sound learned from, where they are installed
    ingredients: tuple[str, ...] = ()  # each ingredient with what is known about its file in the same folder

    def __str__(self) -> str:
        lines = [f"{self.file}: {MEANINGS[self.status]}"]
        for what in dict.fromkeys(each.what for each in self.signatures):
            lines.append(f"  {' and '.join(each.where for each in self.signatures if each.what == what)}: {what}")
        if self.record is not None:
            lines += [f"  {line}" for line in described(self.record)]
        lines += [f"  model {model}" for model in self.models]
        return "\n".join([*lines, *(f"  made of {each}" for each in self.ingredients)])


def described(record: Record) -> list[str]:
    """Return lines of text for what a record says."""
    lines = [
        f"signed as {printable(record.file)} at {printable(record.time)} by Wavewright {printable(record.wavewright)}"
    ]
    if record.statement:
        lines.append(f"{record.statement} ({(record.digital_source_type or '').removeprefix(IPTC)})")
    made = [f"by {record.task}"] if record.task else []
    made += [f"with {', '.join(map(str, record.models))}"] if record.models else []
    made += [f"seed {record.settings['seed']}"] if "seed" in record.settings else []
    lines += [f"made {', '.join(made)}"] if made else []
    return [printable(line, MAX_LINE) for line in lines]


def verify_file(
    path: Path,
    trusted: TrustedKeys,
    installed: Callable[[SignedModel], ModelFolder | None] = origin.installed,
) -> VerifiedFile:
    """Compare the records of a sound file with its sound.

    Raises BadAudio if the file cannot be read.
    """
    path = path.resolve() if path.is_symlink() else path
    sound, _ = sound_hash(path)
    found = envelopes(path)
    signatures = tuple(_examined(where, text, sound, trusted) for where, text in found.items())
    manifest = read_manifest(path)
    if manifest is not None:
        found[IN_MANIFEST] = manifest.record or b""
        signatures += (_of_manifest(manifest, sound, trusted),)
    statuses = {signature.status for signature in signatures}
    status: Status = next((each for each in WORST_FIRST if each in statuses), "unsigned")
    best = max(signatures, key=_worth, default=None)
    record = None if best is None else _record(authentic(found[best.where]))
    folders = [] if record is None else [installed(model) for model in record.models]
    return VerifiedFile(
        file=path,
        is_verified=status == "verified",
        status=status,
        signatures=signatures,
        record=record,
        models=tuple(ModelSources.of(folder) for folder in folders if folder is not None),
        ingredients=() if record is None else tuple(_in_folder(each, path.parent) for each in record.ingredients),
    )


def _worth(signature: FoundSignature) -> tuple[int, bool]:
    return WORST_FIRST.index(signature.status), signature.where == IN_FILE


def _examined(where: str, text: bytes, sound: SoundHash, trusted: TrustedKeys) -> FoundSignature:
    """Return what is right and wrong about a record."""
    if text == SEVERAL:
        return FoundSignature(where, "unreadable", reason="there are several records, of which no one counts")
    try:
        envelope = Envelope.parse(text)
    except ValueError as error:
        return FoundSignature(where, "unreadable", reason=str(error))
    name = trusted.names.get(envelope.public_key)
    key_id = id_of_bytes(envelope.public_key)
    if not envelope.is_authentic():
        return FoundSignature(where, "forged", key_id, name)
    record = _record(envelope)
    if record is None:
        return FoundSignature(where, "unreadable", key_id, name, "its record is of a later version")
    if (record.sound.sha256, record.sound.hash_of) != (sound.sha256, sound.hash_of):
        return FoundSignature(where, "changed", key_id, name)
    status: Status = "untrusted" if trusted.is_required and name is None else "verified"
    return FoundSignature(where, status, key_id, name)


def _of_manifest(manifest: FoundManifest, sound: SoundHash, trusted: TrustedKeys) -> FoundSignature:
    """Return what is right and wrong about a C2PA manifest; its own record says whose key it is."""
    made_by = f"made by {manifest.generator}, " if manifest.generator else ""
    said = f"{made_by}certificate of {manifest.signer}, which anybody can make"
    if manifest.source_type:
        said += f"; {manifest.source_type.removeprefix(IPTC)}"
    status: Status = "untrusted" if trusted.is_required else "verified"
    inner = FoundSignature(IN_MANIFEST, status)
    if manifest.record is not None:
        inner = _examined(IN_MANIFEST, manifest.record, sound, trusted)
    return replace(inner, status=inner.status if manifest.is_valid else "changed", reason=inner.reason or said)


def _record(envelope: Envelope | None) -> Record | None:
    try:
        return None if envelope is None else Record.model_validate(envelope.record)
    except ValueError:
        return None


def _in_folder(ingredient: Ingredient, folder: Path) -> str:
    """Return an ingredient with whether its file in a folder is the one that was used."""
    name = printable(ingredient.name)
    path = folder / ingredient.name if name_problem(ingredient.name, is_file=True) is None else None
    if path is None or not path.is_file() or path.is_symlink():
        return f"{name}, whose file is not here"
    try:
        sound = sound_hash(path)[0].sha256
        signed = [authentic(text) for text in envelopes(path).values()]
    except WavewrightError:
        return f"{name}, whose file here cannot be read"
    if ingredient.sound_sha256 is None:
        return f"{name}, whose sound was not known when this was signed"
    if sound != ingredient.sound_sha256:
        return f"{name}, but the file here has another sound"
    has_record = any(each is not None and each.sha256 == ingredient.record_sha256 for each in signed)
    return f"{name}, which is here with {'the same sound and record' if has_record else 'the same sound'}"
