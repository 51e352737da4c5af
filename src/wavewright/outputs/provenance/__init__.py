"""Provenance: signed records of what made a sound, beside sound files and in their metadata."""

from __future__ import annotations

from .keys import load_private_key, load_public_key, new_key
from .signing import sign_file
from .sound_hash import SoundHash, sound_hash
from .verification import TrustedKeys, VerifiedFile, verify_file

__all__ = [
    "SoundHash",
    "TrustedKeys",
    "VerifiedFile",
    "load_private_key",
    "load_public_key",
    "new_key",
    "sign_file",
    "sound_hash",
    "verify_file",
]
