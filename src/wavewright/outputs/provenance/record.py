"""Signed records: their statements on a sound and its origin, their signature, and where a file has them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from ...base.json_text import JsonValue, parse
from ...base.names import MAX_NAME_BYTES
from . import tags
from .keys import has_small_order, id_of_bytes
from .sound_hash import HashOf

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT = "wavewright-provenance/1"

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, ALGORITHMIC, ENHANCED = "trainedAlgorithmicMedia", "algorithmicMedia", "algorithmicallyEnhanced"
STATEMENTS = {
    TRAINED: "Trained algorithmic media: created algorithmically using a model derived from sampled content",
    ALGORITHMIC: "Algorithmic media: created purely by an algorithm, not based on any sampled training data",
    ENHANCED: "Algorithmically enhanced: minor augmentation or correction by algorithm",
}
"""Terms of IPTC's digital source types, and what they mean."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=1_000)]


class _SignedPart(BaseModel):
    """A part of a record; fields of later versions are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SignedSound(_SignedPart):
    """The hash of a sound and its format, see :class:`.sound_hash.SoundHash`."""

    sha256: Sha256
    hash_of: HashOf
    sample_rate: int
    n_channels: int


class SignedModel(_SignedPart):
    """A model that made a sound: its name, the digits of its hash in manifests, and the whole hash if it was known."""

    name: Text
    hash: Text
    sha256: Sha256 | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.hash})"


class Ingredient(_SignedPart):
    """A file of which a sound was made.

    - ``file_sha256``: start of the hash of the file, as the sound's comment gives it.
    - ``sound_sha256``, ``record_sha256``: hash of its sound, and of its own record, where the file was there when the
      sound was signed.
    """

    name: Text
    file_sha256: Text = ""
    sound_sha256: Sha256 | None = None
    record_sha256: Sha256 | None = None


class Record(_SignedPart):
    """A statement about a sound.

    - ``format``: version of the record.
    - ``file``: name of the file when it was signed.
    - ``sound``: hash and format of the sound.
    - ``digital_source_type``, ``statement``: IPTC's term for how the sound came to be, and its meaning; None if it is
      not known.
    - ``task``: command that made it, as far as it is known.
    - ``models``: models that made it.
    - ``settings``: everything else in the comment of the file: settings, seed, version.
    - ``ingredients``: files of which it was made.
    - ``wavewright``: version that signed it.
    - ``time``: when it was signed, in UTC.
    """

    format: Annotated[str, Field(pattern=f"^{FORMAT}$")] = FORMAT
    file: Text
    sound: SignedSound
    digital_source_type: Text | None = None
    statement: Text | None = None
    task: Text | None = None
    models: tuple[SignedModel, ...] = ()
    settings: dict[str, object] = Field(default_factory=dict)
    ingredients: tuple[Ingredient, ...] = ()
    wavewright: Text
    time: Text


ALGORITHM = "Ed25519"
MAX_BYTES = 2**20
KEY_BYTES, SIGNATURE_BYTES = 32, 64


@dataclass(frozen=True)
class Envelope:
    """A record, the public key of its signer, and the signature of its canonical form.

    References
    ----------
    RFC 8032, "Edwards-Curve Digital Signature Algorithm"; RFC 8785, "JSON Canonicalization Scheme".
    """

    record: Mapping[str, JsonValue]
    public_key: bytes
    signature: bytes

    @classmethod
    def seal(cls, record: Mapping[str, JsonValue], key: Ed25519PrivateKey) -> Envelope:
        """Sign a record; raise ValueError if it holds what JSON cannot, such as numbers that are not finite."""
        return cls(record, key.public_key().public_bytes_raw(), key.sign(canonical(record)))

    @classmethod
    def parse(cls, contents: bytes) -> Envelope:
        """Read an envelope of unknown origin; raise ValueError for every fault. The signature is not checked."""
        if len(contents) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        value = parse(contents.decode("utf-8"), has_unique_keys=True)
        signature = value.get("signature") if isinstance(value, dict) else None
        if not isinstance(signature, dict) or not isinstance(value.get("record"), dict):
            raise ValueError("it has no record with a signature")
        if signature.get("algorithm") != ALGORITHM:
            raise ValueError("its signature is of an unknown kind")
        public_key = _decoded(signature.get("public_key"), KEY_BYTES)
        if signature.get("key_id") != id_of_bytes(public_key):
            raise ValueError("its key has another id than it says")
        return cls(value["record"], public_key, _decoded(signature.get("value"), SIGNATURE_BYTES))

    def is_authentic(self) -> bool:
        """Return True if the owner of the key signed this record."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if has_small_order(self.public_key):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(self.signature, canonical(self.record))
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def sha256(self) -> str:
        """Hash of the canonical record, by which another record refers to it."""
        return hashlib.sha256(canonical(self.record)).hexdigest()

    def to_text(self, indent: int | None = None) -> str:
        """Return ASCII JSON, on one line without ``indent``."""
        signature = {
            "algorithm": ALGORITHM,
            "key_id": id_of_bytes(self.public_key),
            "public_key": base64.b64encode(self.public_key).decode(),
            "value": base64.b64encode(self.signature).decode(),
        }
        separators = (",", ":") if indent is None else None
        return json.dumps({"record": self.record, "signature": signature}, indent=indent, separators=separators)


def canonical(record: Mapping[str, JsonValue]) -> bytes:
    """Return the bytes of a record that are signed, which its layout does not change; raise ValueError for no JSON."""
    import rfc8785

    try:
        return rfc8785.dumps(dict(record))
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error


def _decoded(text: object, n_bytes: int) -> bytes:
    if not isinstance(text, str):
        raise ValueError("its signature is incomplete")
    contents = base64.b64decode(text, validate=True)
    if len(contents) != n_bytes or base64.b64encode(contents).decode() != text:
        raise ValueError("its signature is damaged")
    return contents


SIDE_SUFFIX = ".provenance.json"
SEVERAL = b"several"  # instead of the texts
IN_FILE, BESIDE, IN_MANIFEST = "in the file", "beside it", "in the C2PA manifest"


def side_file_of(path: Path) -> Path:
    """Return the file beside a sound file for its record."""
    return path.with_name(path.name + SIDE_SUFFIX)


def envelopes(path: Path) -> dict[str, bytes]:
    """Return the unchecked texts of the records of a sound file, by where they are."""
    found = {}
    inside = tags.read(path)
    if inside:  # programs differ in which of several they read, so that none of them counts
        found[IN_FILE] = inside[0] if len(inside) == 1 else SEVERAL
    side_file = side_file_of(path)
    if len(os.fsencode(side_file.name)) <= MAX_NAME_BYTES and side_file.is_file():  # which raises if it is longer
        with side_file.open("rb") as file:
            found[BESIDE] = file.read(MAX_BYTES + 1)
    return found


def authentic(text: bytes | None) -> Envelope | None:
    """Return an envelope if its signature is that of its record, else None."""
    try:
        envelope = Envelope.parse(text or b"")
    except ValueError:
        return None
    return envelope if envelope.is_authentic() else None
