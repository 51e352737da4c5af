"""Hash of the sound of a file: the same whatever its metadata, another one after any change of the sound."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ...audio.file_formats import mpeg, ogg
from ...audio.sound_file import AudioHeader, decode, read_header
from ...base.errors import BadAudio
from .structure import KINDS, check_structure

HashOf = Literal["samples", "packets", "frames"]
"""What is hashed: the decoded samples of lossless files, the packets of Ogg files, or the frames of MP3 files."""


@dataclass(frozen=True)
class SoundHash:
    """Hash of a sound.

    Attributes
    ----------
    sha256
        64 hexadecimal digits.
    hash_of
        What is hashed, see ``HashOf``.
    """

    sha256: str
    hash_of: HashOf


def sound_hash(path: Path) -> tuple[SoundHash, AudioHeader]:
    """Return the hash of the sound of a file, and its header.

    Samples are hashed as 64-bit floats, little-endian, the channels interleaved, after a line with the sample rate and
    the number of channels. They are the same in WAV, FLAC and AIFF files, and with more bits than they need. Decoders
    of lossy formats differ in the last bits, so the coded sound is hashed without the metadata around it.

    Raises
    ------
    BadAudio
        If the file cannot be read, is of a format whose sound cannot be told from its metadata, or could hold more
        sound for another decoder.
    """
    header = read_header(path)
    if header.format not in KINDS:
        raise BadAudio(
            f"{path} is of a kind that cannot be signed; convert it to wav, flac, aiff, ogg, opus or mp3 first."
        )
    hash_of: HashOf = "samples"
    if header.format == "OGG":
        hash_of = "packets"
    elif header.format == "MP3":
        hash_of = "frames"
    digest = hashlib.sha256(f"{hash_of} {header.sample_rate} {header.n_channels}\n".encode())
    try:
        expected = check_structure(path, header.format)
        for part in _samples(path, expected) if hash_of == "samples" else _coded(path, hash_of):
            digest.update(part)
    except BadAudio:
        raise
    except ValueError as error:
        raise BadAudio(f"{path} cannot be signed or verified, because {error}; copy or export it again.") from error
    return SoundHash(digest.hexdigest(), hash_of), header


def _samples(path: Path, n_expected: int | None) -> Iterator[bytes]:
    """Yield the decoded samples; raise ValueError if there are more or less than the structure of the file says."""
    n_samples = 0
    for chunk in decode(path, dtype="float64", strict=True)[1]:
        n_samples += chunk.shape[1]
        yield np.ascontiguousarray(chunk.T, "<f8").tobytes()
    if n_expected not in (None, n_samples):
        raise ValueError(f"it holds {n_expected} samples, of which {n_samples} can be decoded")


def _coded(path: Path, hash_of: HashOf) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from ogg.audio_parts(file) if hash_of == "packets" else mpeg.audio_parts(file)
    yield str(sum(chunk.shape[1] for chunk in decode(path, strict=True)[1])).encode()
