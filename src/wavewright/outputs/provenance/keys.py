"""Keys that sign: made on request, kept in files, and the number by which people compare them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.errors import BadFolder, BadSetting, MissingExtra, how_to_install
from ...base.whole_file import make_folder, write_whole
from ..made import Made, MadeFile

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption

KEYS_VARIABLE = "WAVEWRIGHT_KEYS"
PASSWORD_VARIABLE = "WAVEWRIGHT_KEY_PASSWORD"
PRIVATE_FILE, PUBLIC_FILE = "signing-key.pem", "signing-key.pub.pem"
PRIVATE_MODE = 0o600
MAX_KEY_BYTES = 2**16
MAX_PASSWORD_BYTES = 1023  # OpenSSL takes no longer one
ID_DIGITS = 32
PRIME = 2**255 - 19
CURVE_D = -121_665 * pow(121_666, -1, PRIME) % PRIME  # of the curve -x^2 + y^2 = 1 + d x^2 y^2, RFC 8032
HOW_TO_MAKE = "`wavewright keys new` makes one"


def _made(folder: Path, key: Ed25519PublicKey, is_new: bool) -> Made:
    """Return a pair of keys as files in PEM: the public one, the private one, and the id of the key."""
    files = tuple(MadeFile(path=folder / name, is_new=is_new) for name in (PUBLIC_FILE, PRIVATE_FILE))
    lines = (
        f"key {key_id(key)}",
        f"  private {folder / PRIVATE_FILE}: keep it to yourself, and a copy in a safe place",
        f"  public  {folder / PUBLIC_FILE}: give it to those who verify, with --trust",
    )
    return Made(out=folder, files=files, details={"key_id": key_id(key)}, lines=lines)


def key_folder() -> Path:
    """Return the folder of the user's keys, that of the environment variable WAVEWRIGHT_KEYS if it is set."""
    if os.environ.get(KEYS_VARIABLE):
        return Path(os.environ[KEYS_VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("wavewright", appauthor=False) / "keys"


def new_key(folder: Path) -> Made:
    """Make a pair of keys in a folder, the private one readable by its owner alone.

    The private key is encrypted if the environment variable WAVEWRIGHT_KEY_PASSWORD has a password.

    Raises BadFolder if the folder has a key, which is never replaced, or cannot be written; MissingExtra without the
    extra ``sign``.
    """
    check_extra()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

    make_folder(folder)
    key = Ed25519PrivateKey.generate()
    path = folder / PRIVATE_FILE
    _write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_whole(folder / PUBLIC_FILE, public)
    return _made(folder, key.public_key(), is_new=True)


def own_key() -> Made:
    """Return the user's key; raise BadSetting if there is none."""
    folder = key_folder()
    return _made(folder, load_private_key(folder / PRIVATE_FILE).public_key(), is_new=False)


def own_public_bytes() -> bytes | None:
    """Return the 32 bytes of the user's public key, None without one or if it cannot be read."""
    try:
        return load_public_key(key_folder() / PUBLIC_FILE).public_bytes_raw()
    except (BadSetting, MissingExtra):
        return None


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 32 hexadecimal digits of the SHA-256 of a public key."""
    return id_of_bytes(key.public_bytes_raw())


def has_small_order(public: bytes) -> bool:
    """Return True for a point of order 1, 2, 4 or 8 and for a point that is not written in its one way.

    Signatures by the first are valid for nearly any text, without a private key. Doubling a point three times gives the
    neutral one exactly if y (y^2 - 1) (d y^4 + 2 y^2 - 1) = 0.
    """
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    return y >= PRIME or y * (y**2 - 1) * (CURVE_D * y**4 + 2 * y**2 - 1) % PRIME == 0


def id_of_bytes(public: bytes) -> str:
    """Return the id of a public key by its 32 bytes."""
    return hashlib.sha256(public).hexdigest()[:ID_DIGITS]


def load_private_key(path: Path | None = None) -> Ed25519PrivateKey:
    """Read a private key, by default that of the user.

    Raises BadSetting if there is none, it is no Ed25519 key in PEM, or WAVEWRIGHT_KEY_PASSWORD does not have its
    password, or MissingExtra without the extra ``sign``.
    """
    check_extra()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = key_folder() / PRIVATE_FILE if path is None else path
    contents, password = _contents(path), _password()
    is_encrypted = b"ENCRYPTED" in contents
    try:
        key = load_pem_private_key(contents, password if is_encrypted else None)
    except TypeError as error:
        raise BadSetting(f"{path} is protected by a password; set {PASSWORD_VARIABLE} to it.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if is_encrypted and password:
            raise BadSetting(f"{PASSWORD_VARIABLE} does not have the password of {path}; correct it.") from error
        raise BadSetting(f"{path} is no private key in PEM; give one, or {HOW_TO_MAKE}.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadSetting(f"{path} is a key of another kind than Ed25519; give such a one, or {HOW_TO_MAKE}.")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key; raise BadSetting and MissingExtra as :func:`load_private_key`."""
    check_extra()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_contents(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadSetting(f"{path} is no public key in PEM; give a file such as {PUBLIC_FILE}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadSetting(f"{path} is a key of another kind than Ed25519; give such a one.")
    if has_small_order(key.public_bytes_raw()):
        raise BadSetting(f"{path} is a key by which everybody can sign; give another one.")
    return key


def check_extra() -> None:
    """Raise MissingExtra if the extra ``sign`` is not installed."""
    try:
        import cryptography  # noqa: F401
        import rfc8785  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"Signatures need the extra sign; {how_to_install('sign')}.") from error


def _password() -> bytes | None:
    """Return the password of private keys, None without one."""
    password = os.fsencode(os.environ.get(PASSWORD_VARIABLE, ""))
    if len(password) > MAX_PASSWORD_BYTES:
        raise BadSetting(f"{PASSWORD_VARIABLE} has {len(password)} bytes; a password has at most {MAX_PASSWORD_BYTES}.")
    return password or None


def _encryption() -> KeySerializationEncryption:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption

    password = _password()
    return BestAvailableEncryption(password) if password else NoEncryption()


def _contents(path: Path) -> bytes:
    if not path.exists():
        raise BadSetting(f"There is no key {path}; {HOW_TO_MAKE}.")
    if not path.is_file():
        raise BadSetting(f"{path} is no file; give a key in PEM.")
    with path.open("rb") as file:
        return file.read(MAX_KEY_BYTES)


def _write_private(path: Path, contents: bytes) -> None:
    """Create a file that its owner alone can read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    except FileExistsError as error:
        raise BadFolder(
            f"{path} exists and is never replaced, since it proves whose the files are that it signed; move it first, "
            "or choose another folder with --out."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())
