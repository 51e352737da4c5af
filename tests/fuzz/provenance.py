"""Signed sound files whose bytes, records or both are damaged, and public keys that are none."""

from __future__ import annotations

import importlib.util
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from fuzz import mutate

FORMATS = ("wav", "flac", "ogg", "opus", "mp3", "aiff")

_healthy: dict[str, tuple[bytes, bytes, np.ndarray]] = {}
_keys: dict[str, bytes] = {}


def WARM_UP() -> None:
    from wavewright.audio.clip import Clip
    from wavewright.outputs.provenance.keys import load_private_key, new_key
    from wavewright.outputs.provenance.signing import sign_file

    rng = np.random.default_rng(0)
    folder = Path(tempfile.mkdtemp())
    files = new_key(folder)
    _keys.update(public=files.files[0].path.read_bytes(), private=files.files[1].path.read_bytes())
    key = load_private_key(files.files[1].path)
    for ending in FORMATS:
        path = folder / f"sound.{ending}"
        comment = {"comment": '{"procedure": "rain", "source": "a.wav", "source_hash": "123", "seed": 1}'}
        Clip(rng.uniform(-0.5, 0.5, (1, 2_000)).astype(np.float32), 16_000).write(path, metadata=comment)
        has_manifest = ending in ("wav", "flac", "mp3") and importlib.util.find_spec("c2pa") is not None
        signed = sign_file(path, key, with_c2pa=has_manifest)
        _healthy[ending] = path.read_bytes(), signed.details["side_file"].read_bytes(), soundfile.read(path)[0]
    shutil.rmtree(folder)


def verify_sound(rng: random.Random, folder: Path) -> None:
    """Verify a file of which something is damaged; what is verified sounds as it did."""
    from wavewright.outputs.provenance.verification import TrustedKeys, verify_file

    ending = rng.choice(FORMATS)
    sound, record, wave = _healthy[ending]
    path = folder / f"sound.{ending}"
    path.write_bytes(mutate.bytes_of(rng, sound) if rng.random() < 0.7 else sound)
    if rng.random() < 0.8:
        damaged = mutate.bytes_of(rng, record) if rng.random() < 0.7 else record
        path.with_name(f"{path.name}.provenance.json").write_bytes(damaged)
    found = verify_file(path, TrustedKeys({}, False), lambda _: None)
    str(found)
    if found.is_verified:
        np.testing.assert_array_equal(soundfile.read(path)[0], wave)


def read_key(rng: random.Random, folder: Path) -> None:
    """Read a damaged key."""
    from wavewright.outputs.provenance.keys import load_private_key, load_public_key

    kind = rng.choice(("public", "private"))
    path = folder / "key.pem"
    path.write_bytes(mutate.bytes_of(rng, _keys[kind]) if rng.random() < 0.8 else _keys[kind])
    load_public_key(path) if kind == "public" else load_private_key(path)


READERS = {"provenance": verify_sound, "signing-keys": read_key}
