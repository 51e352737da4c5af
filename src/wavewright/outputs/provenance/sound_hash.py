"""Hash of the sound of a file: the same whatever its metadata, another one after any change of the sound.

A signature covers the samples that one decoder plays. These checks make sure that no other decoder plays more.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from ...audio.file_formats import mpeg, ogg
from ...audio.sound_file import AudioHeader, decode, read_header
from ...base.errors import BadAudio
from . import flac_frames

SUFFIXES = {
    "riff": (".wav", ".wave", ".bwf", ".rf64"),
    "aiff": (".aif", ".aiff", ".aifc"),
    "flac": (".flac",),
    "ogg": (".ogg", ".oga", ".opus"),
    "mpeg": (".mp3",),
}
"""Endings of the kinds that can be signed; players that choose a decoder by the ending must choose the right one."""

KINDS = {"WAV": "riff", "WAVEX": "riff", "RF64": "riff", "AIFF": "aiff", "FLAC": "flac", "OGG": "ogg", "MP3": "mpeg"}
"""libsndfile's names of formats."""

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
WAVE_BYTES = {PCM: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
"""Bytes of a sample by the format tag; decoders read other formats in different ways."""

GUID_END = bytes.fromhex("000000001000800000aa00389b71")
AIFF_BYTES = {
    **{b"NONE": (1, 2, 3, 4), b"twos": (2,), b"sowt": (2,), b"raw ": (1,), b"in24": (3,), b"in32": (4,)},
    **{b"fl32": (4,), b"FL32": (4,), b"fl64": (8,), b"FL64": (8,)},
    **{b"alaw": (1,), b"ALAW": (1,), b"ulaw": (1,), b"ULAW": (1,)},
}
"""Bytes of a sample by the compression of AIFF-C files."""

FIRST_CHUNK = 12  # position
LARGEST = 2**32 - 1
SOUND_NAMES = (b"data", b"wavl", b"slnt")  # chunks with samples, in upper or lower case
Chunk = tuple[bytes, int, int]  # name, start and length of its content


def check_structure(path: Path, file_format: str) -> int | None:
    """Check that a file holds one sound and nothing else that a decoder could play.

    - ``path``: the file.
    - ``file_format``: libsndfile's name of its format.
    - returns: samples of one channel that the file must decode to, None where its structure does not say.

    Raises ValueError with the end of a sentence, if it holds anything else, or is of another kind.
    """
    kind = KINDS.get(file_format)
    if kind is None:
        raise ValueError(f"{file_format} files cannot be signed")
    suffix = path.suffix.lower()
    wanted = next((name for name, suffixes in SUFFIXES.items() if suffix in suffixes), kind)
    if wanted != kind:
        raise ValueError(f"it is no {suffix} file, whatever its name says")
    with path.open("rb") as file:
        if kind == "riff":
            return _check_riff(file)
        if kind == "aiff":
            return _check_aiff(file)
        if kind == "flac":
            return flac_frames.n_samples(file)
        if kind == "ogg":
            ogg.check_positions(file)
        else:
            mpeg.check_description(file)
    return None


def _check_riff(file: BinaryIO) -> int:
    """Check a WAV or RF64 file; return its samples."""
    n_bytes = file.seek(0, 2)
    file.seek(0)
    magic, size, kind = struct.unpack("<4sI4s", _whole(file, 12))
    if magic not in (b"RIFF", b"RF64") or kind != b"WAVE":
        raise ValueError("it starts with something else than a WAV file")
    data_bytes = None
    if magic == b"RF64":
        name, _, size, data_bytes = struct.unpack("<4sIQQ", _whole(file, 24))
        if name != b"ds64":
            raise ValueError("its chunk ds64 is not the first one")
    if size + 8 != n_bytes and not (size % 2 and size + 9 == n_bytes):
        raise ValueError(f"its header announces {size + 8} bytes, and it has {n_bytes}")
    found = list(_chunks(file, n_bytes, "<", data_bytes, FIRST_CHUNK))
    if data_bytes is not None:
        _only(found, b"ds64")
    _, form, _ = _only(found, b"fmt ")
    _, start, length = _only(found, *SOUND_NAMES)
    names = [name for name, _, _ in found]
    for name, position, _ in found:
        file.seek(position)
        if name == b"LIST" and file.read(4).lower() in SOUND_NAMES:
            raise ValueError("it holds a list of sounds")
    if names.index(b"fmt ") > names.index(b"data"):
        raise ValueError("its format follows its sound")
    if length % 2:  # some decoders skip no padding, and search for further sound one byte earlier
        _check_no_sound(_chunks(file, n_bytes, "<", None, start + length, is_strict=False))
    file.seek(form)
    return _exact(length, _block_bytes(file.read(40)))


def _block_bytes(content: bytes) -> int:
    """Return the bytes of a sample of all channels, from a ``fmt`` chunk whose fields agree."""
    try:
        tag, n_channels, _, _, block, bits = struct.unpack_from("<HHIIHH", content)
        if tag == EXTENSIBLE:
            valid_bits, _, tag, guid_end = struct.unpack_from("<HIH14s", content, 18)
            if guid_end != GUID_END or valid_bits not in (0, bits):
                tag = EXTENSIBLE
    except struct.error as error:
        raise ValueError("its format breaks off") from error
    if tag not in WAVE_BYTES or bits % 8 or bits // 8 not in WAVE_BYTES[tag]:
        raise ValueError("its samples are neither integers of 8 to 32 bits nor floats, or fill a part of their bits")
    if not n_channels or block != n_channels * bits // 8:
        raise ValueError("the fields of its format contradict each other")
    return int(block)


def _check_aiff(file: BinaryIO) -> int:
    """Check an AIFF or AIFF-C file; return its samples."""
    n_bytes = file.seek(0, 2)
    file.seek(0)
    magic, size, kind = struct.unpack(">4sI4s", _whole(file, 12))
    if magic != b"FORM" or kind not in (b"AIFF", b"AIFC"):
        raise ValueError("it starts with something else than an AIFF file")
    if size + 8 != n_bytes and not (size % 2 and size + 9 == n_bytes):
        raise ValueError(f"its header announces {size + 8} bytes, and it has {n_bytes}")
    found = list(_chunks(file, n_bytes, ">", None, FIRST_CHUNK))
    _, common, _ = _only(found, b"COMM")
    _, sound, length = _only(found, b"SSND")
    file.seek(common)
    n_channels, n_samples, bits = struct.unpack(">hIh", _whole(file, 8))
    compression = b"NONE"
    if kind == b"AIFC":
        file.seek(common + 18)
        compression = file.read(4)
    file.seek(sound)
    if _whole(file, 8) != bytes(8):
        raise ValueError("its sound does not start at the start of its chunk")
    sample_bytes = (bits + 7) // 8
    if sample_bytes not in AIFF_BYTES.get(compression, ()) or n_channels < 1:
        raise ValueError("it is compressed in a way that decoders read differently")
    if length - 8 != n_samples * n_channels * sample_bytes:
        raise ValueError("it holds more or less sound than it announces")
    return int(n_samples)


def _chunks(
    file: BinaryIO, end: int, order: str, data_bytes: int | None, start: int, is_strict: bool = True
) -> Iterator[Chunk]:
    """Yield the chunks from a position up to the end; raise ValueError if they do not fill it, unless not strict."""
    position = start
    while position < end:
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            if is_strict:
                raise ValueError("something follows its last chunk")
            return
        name, length = struct.unpack(f"{order}4sI", header)
        if name == b"data" and length == LARGEST and data_bytes is not None:
            length = data_bytes
        yield name, position + 8, length
        position += 8 + length
        if position > end and is_strict:
            raise ValueError(f"its chunk {name.decode('ascii', 'replace')!r} breaks off")
        position += length % 2


def _only(found: list[Chunk], *names: bytes) -> Chunk:
    """Return the only chunk of a name; raise ValueError if there is none or another one, in any case of its letters."""
    alike = [chunk for chunk in found if chunk[0].lower() in {name.lower() for name in names}]
    if not alike or alike[0][0] != names[0]:
        raise ValueError(f"it has no chunk {names[0].decode()!r} where one has to be")
    if len(alike) > 1:
        raise ValueError(f"it has {len(alike)} chunks like {names[0].decode()!r}, where one is allowed")
    return alike[0]


def _check_no_sound(found: Iterator[Chunk]) -> None:
    if any(name.lower() in SOUND_NAMES for name, _, _ in found):
        raise ValueError("some decoders would find more sound in it")


def _exact(length: int, block: int) -> int:
    if length % block:
        raise ValueError("its last sample breaks off")
    return length // block


def _whole(file: BinaryIO, n_bytes: int) -> bytes:
    content = file.read(n_bytes)
    if len(content) < n_bytes:
        raise ValueError("it breaks off")
    return content


HashOf = Literal["samples", "packets", "frames"]
"""What is hashed: the decoded samples of lossless files, the packets of Ogg files, or the frames of MP3 files."""


@dataclass(frozen=True)
class SoundHash:
    """Hash of a sound.

    - ``sha256``: 64 hexadecimal digits.
    - ``hash_of``: what is hashed, see ``HashOf``.
    """

    sha256: str
    hash_of: HashOf


def sound_hash(path: Path) -> tuple[SoundHash, AudioHeader]:
    """Return the hash of the sound of a file, and its header.

    Samples are hashed as 64-bit floats, little-endian, the channels interleaved, after a line with the sample rate and
    the number of channels. They are the same in WAV, FLAC and AIFF files, and with more bits than they need. Decoders
    of lossy formats differ in the last bits, so the coded sound is hashed without the metadata around it.

    Raises BadAudio if the file cannot be read, is of a format whose sound cannot be told from its metadata, or could
    hold more sound for another decoder.
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
