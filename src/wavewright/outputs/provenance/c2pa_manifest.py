"""C2PA manifests in WAV, FLAC and MP3 files, which other programs show as content credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ...base.errors import BadAudio, BadSetting, MissingExtra, how_to_install
from ...base.json_text import JsonValue, parse
from ...base.version import __version__
from .keys import key_id
from .record import Envelope, Record
from .tags import has_manifest

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


ORGANISATION = "Wavewright user"
LIFETIME = timedelta(days=3_650)
CLOCK_TOLERANCE = timedelta(days=1)


def certificate_chain(key: Ed25519PrivateKey) -> bytes:
    """Return certificates in PEM, that of the key first and then that of its authority.

    The key of the authority exists in this function alone, so it can issue no other certificate. The name in the
    certificate is the id of the key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority = Ed25519PrivateKey.generate()
    public, of_authority = key.public_key(), authority.public_key()
    name = f"key {key_id(public)}"
    issuer = f"authority of {name}"
    root = _builder(issuer, issuer, of_authority, is_authority=True).sign(authority, None)
    leaf = (
        _builder(name, issuer, public, is_authority=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(of_authority), critical=False)
        .sign(authority, None)
    )
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in (leaf, root))


def _builder(name: str, issuer: str, public: Ed25519PublicKey, is_authority: bool) -> x509.CertificateBuilder:
    """Return a certificate without its signature."""
    from cryptography import x509

    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    texts = {NameOID.ORGANIZATION_NAME: ORGANISATION, NameOID.COMMON_NAME: common_name}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in texts.items()])


MIME_TYPES = {".wav": "audio/wav", ".flac": "audio/flac", ".mp3": "audio/mpeg"}
"""File name endings of the formats that have manifests here."""

ASSERTION = "org.wavewright.outputs.provenance"
"""Label of the signed record inside the manifest."""

OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
"""Settings of the library: a file may name a manifest or a service on the network, which nobody asks."""

NAME = "Wavewright"

Library: TypeAlias = Any  # the module c2pa and its objects: it is an optional dependency


@dataclass(frozen=True)
class FoundManifest:
    """A C2PA manifest as the library reads it."""

    is_valid: bool  # the file is as it was when the manifest was signed, its metadata included
    signer: str  # names in the certificate, which anybody can make
    generator: str  # program that made the manifest
    source_type: str  # IPTC's term in its actions, empty without one
    record: bytes | None  # text of the signed record of Wavewright in it, None without one


def check_manifest(path: Path, record: Record) -> None:
    """Raise BadSetting or MissingExtra, before anything is written, if a file cannot have a manifest."""
    is_known = path.suffix.lower() in MIME_TYPES
    if not is_known or record.digital_source_type is None:
        of_kinds = "C2PA knows WAV, FLAC and MP3 files, but neither Ogg nor Opus"
        reason = "that says how a sound came to be, which is not known of it" if is_known else of_kinds
        raise BadSetting(f"{path} can have no C2PA manifest: {reason}; leave --c2pa out.")
    _library()


def write_manifest(path: Path, target: Path, envelope: Envelope, key: Ed25519PrivateKey) -> None:
    """Copy a file with a manifest, which replaces one that it has.

    Raises BadAudio if the library refuses the file, or MissingExtra without the extra ``c2pa``.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    c2pa = _library()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ED25519, certificate_chain(key), private, None)
    try:
        with (
            path.open("rb") as source,
            target.open("w+b") as copy,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(_manifest(envelope), context=_context(c2pa)) as builder,
        ):
            builder.sign(signer, MIME_TYPES[path.suffix.lower()], source, copy)
    except c2pa.C2paError as error:
        raise BadAudio(f"{path} cannot get a C2PA manifest ({error}); leave --c2pa out.") from error


def read_manifest(path: Path) -> FoundManifest | None:
    """Return the manifest in a file; None without one, and without the extra ``c2pa``."""
    mime_type = MIME_TYPES.get(path.suffix.lower())
    if mime_type is None:
        return None
    try:
        c2pa = _library()
    except MissingExtra:
        return None
    try:
        with path.open("rb") as file, c2pa.Reader(mime_type, file, context=_context(c2pa)) as reader:
            return _found(parse(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except (c2pa.C2paError, ValueError, KeyError, TypeError, AttributeError):  # anything may stand in a manifest
        if not has_manifest(path):  # the library does not read RF64 files
            return None
        return FoundManifest(False, "unknown", "", "", None)


def _library() -> Library:
    """Return the module of the library; raise MissingExtra without it."""
    try:
        import c2pa
    except ImportError as error:
        raise MissingExtra(f"C2PA manifests need the extra c2pa; {how_to_install('c2pa')}.") from error
    return c2pa


def _context(c2pa: Library) -> Library:
    return c2pa.Context(c2pa.Settings.from_dict(OFFLINE))


def _manifest(envelope: Envelope) -> dict[str, JsonValue]:
    """Return the claims of a manifest: what made the sound, and the whole signed record."""
    agent = {"name": NAME, "version": __version__}
    action = {
        "action": "c2pa.created",
        "digitalSourceType": envelope.record["digital_source_type"],
        "softwareAgent": agent,
    }
    return {
        "claim_generator_info": [agent],
        "title": envelope.record["file"],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": ASSERTION, "data": {"envelope": envelope.to_text()}},
        ],
    }


def _found(report: JsonValue) -> FoundManifest:
    """Return what a report of the library says about the active manifest."""
    manifest = report["manifests"][report["active_manifest"]]
    data = {each["label"]: each["data"] for each in manifest.get("assertions", ())}
    actions = next((each.get("actions", ()) for label, each in data.items() if label.startswith("c2pa.actions")), ())
    types = [each["digitalSourceType"] for each in actions if "digitalSourceType" in each]
    record = data.get(ASSERTION, {}).get("envelope")
    signer, generators = manifest.get("signature_info", {}), manifest.get("claim_generator_info") or [{}]
    return FoundManifest(
        is_valid=report.get("validation_state") in ("Valid", "Trusted"),
        signer=f"{signer.get('common_name', 'unknown')} ({signer.get('issuer', 'unknown')})",
        generator=str(generators[0].get("name", "")),
        source_type=str(types[0]) if types else "",
        record=record.encode() if isinstance(record, str) else None,
    )
