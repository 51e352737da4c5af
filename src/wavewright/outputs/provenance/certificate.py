"""A certificate for a key that signs, from an authority of its own: C2PA asks for one, and nobody vouches for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .keys import key_id

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
