"""Hash of the sound of a file: the same whatever its metadata, another one after any change of the sound.

The rule: what is signed is all that a decoder may use of a file, namely the parameters of the sound (rate, channels
and their places), and every part of it in its order and its place. What decoders could read in two ways has to be said
in the canonical one, in which they agree; a file that says it otherwise is refused. The hash covers the samples or the
coded sound and the parameters; :func:`check_structure` refuses what is not canonical.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from ...audio.file_formats import flac, mpeg, ogg
from ...audio.sound_file import AudioHeader, OpenSound, open_sound
from ...base.channel_layouts import CORE_AUDIO_BITMAP, USUAL_PLACES
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
FORMAT_BYTES = {PCM: (16, 18), FLOAT: (16, 18), A_LAW: (16, 18), MU_LAW: (16, 18), EXTENSIBLE: (40,)}
"""Bytes of a format chunk by the format tag: without the size of an extension, with one of 0, or with one of 22."""

WAVE_BYTES = {PCM: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
"""Bytes of a sample by the format tag; decoders read other formats in different ways."""

GUID_END = bytes.fromhex("000000001000800000aa00389b71")
AIFF_BYTES = {
    **{b"NONE": (1, 2, 3, 4), b"twos": (2,), b"sowt": (2,), b"raw ": (1,), b"in24": (3,), b"in32": (4,)},
    **{b"fl32": (4,), b"FL32": (4,), b"fl64": (8,), b"FL64": (8,)},
    **{b"alaw": (1,), b"ALAW": (1,), b"ulaw": (1,), b"ULAW": (1,)},
}
"""Bytes of a sample by the compression of AIFF-C files."""

AIFC_VERSION = bytes.fromhex("a2805140")
AIFF_BYTES_OF_COMMON = 18  # of the chunk COMM
MANTISSA_BITS, EXPONENT_BIAS = 63, 0x3FFF
"""Of the 80-bit float that is the sample rate of AIFF files; the bits of the mantissa behind the point."""

FIRST_CHUNK = 12  # position
LARGEST = 2**32 - 1
SIZES_BYTES = 28  # of the chunk ds64 without a table
SHORTEST = {b"bext": 602, b"LIST": 4}  # bytes of metadata, without which FFmpeg refuses the whole file
SOUND_NAMES = (b"data", b"wavl", b"slnt")  # chunks with samples, in upper or lower case
STEERING_NAMES = (b"wavl", b"slnt", b"plst", b"xma2", b"smv0", b"chna")
"""Further chunks that say which samples there are, in which order, of which format or in which places."""

AIFF_LAYOUT = struct.Struct(">3I")  # of a chunk CHAN: that it has a mask, the mask, no descriptions
Chunk = tuple[bytes, int, int]  # name, start and length of its content


@dataclass(frozen=True)
class Structure:
    """The properties of a sound that the structure of its file states."""

    n_samples: int | None = None  # of one channel that it must decode to, None where the structure does not say
    places: int = 0  # mask of the places of the channels, as WAV files have it; 0 if the file does not say
    md5: bytes = b""
    """Hash of the samples as integers of ``bits``, as FLAC files have it; empty if the file does not say."""
    bits: int = 0


def check_structure(path: Path, file_format: str) -> Structure:
    """Check that a file holds one sound and nothing else that a decoder could play, and says so in the canonical way.

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
            stream = flac.stream_information(file)
            return Structure(flac_frames.n_samples(file), flac.places(file), stream.md5.strip(b"\0"), stream.bits)
        if kind == "ogg":
            ogg.check_positions(file)
        else:
            mpeg.check_description(file)
    return Structure()


def _check_riff(file: BinaryIO) -> Structure:
    """Check a WAV or RF64 file."""
    sizes = _riff_sizes(file)
    n_bytes = file.seek(0, 2)
    found = list(_chunks(file, n_bytes, "<", sizes[1] if sizes else None, FIRST_CHUNK))
    _, form, form_bytes = _only(found, b"fmt ")
    _, start, length = _only(found, b"data")
    _in_order(found, b"fmt ", b"data")
    _refuse(found, *STEERING_NAMES, *(() if sizes else (b"ds64",)))
    for name, position, n_content in found:
        file.seek(position)
        if n_content < SHORTEST.get(name, 0):
            raise ValueError(f"its chunk {name.decode()!r} is shorter than its fields, which some decoders refuse")
        if name == b"LIST" and file.read(4).lower() in SOUND_NAMES:
            raise ValueError("it holds a list of sounds")
    if length % 2:  # some decoders skip no padding, and search for further sound one byte earlier
        _refuse(_chunks(file, n_bytes, "<", None, start + length, is_strict=False), *SOUND_NAMES, *STEERING_NAMES)
    file.seek(form)
    block, places = _format_of(_whole(file, min(form_bytes, max(FORMAT_BYTES[EXTENSIBLE]) + 1)))
    n_samples = _exact(length, block)
    counted = _optional(file, found, b"fact")
    if counted not in (None, struct.pack("<I", n_samples)) and not (sizes and counted == struct.pack("<I", LARGEST)):
        raise ValueError("it announces another number of samples than it has")
    if sizes and (_only(found, b"ds64") and sizes[1:] != (length, n_samples)):
        raise ValueError("it announces another length than it has")
    return Structure(n_samples, places)


def _riff_sizes(file: BinaryIO) -> tuple[int, int, int] | None:
    """Check how long a WAV or RF64 file says that it is.

    - returns: its bytes, those of its sound, and its samples, as the chunk ds64 of an RF64 file has them; None for WAV.
    """
    file.seek(0)
    magic, size, kind = struct.unpack("<4sI4s", _whole(file, 12))
    if magic not in (b"RIFF", b"RF64") or kind != b"WAVE":
        raise ValueError("it starts with something else than a WAV file")
    sizes = None
    if magic == b"RF64":
        name, ds64_bytes, *large, n_others = struct.unpack("<4sIQQQI", _whole(file, 8 + SIZES_BYTES))
        if (name, ds64_bytes, n_others) != (b"ds64", SIZES_BYTES, 0) or size not in (LARGEST, large[0]):
            raise ValueError(
                "its chunk ds64 is not the first one, not of the usual form, or another length precedes it"
            )
        sizes = (large[0], large[1], large[2])
        size = large[0]
    _check_size(file, size)
    return sizes


def _check_size(file: BinaryIO, size: int) -> None:
    """Check the length that the header of a file of chunks announces."""
    n_bytes = file.seek(0, 2)
    if size + 8 != n_bytes and not (size % 2 and size + 9 == n_bytes):
        raise ValueError(f"its header announces {size + 8} bytes, and it has {n_bytes}")


def _format_of(content: bytes) -> tuple[int, int]:
    """Return the bytes of a sample of all channels and the mask of their places, from a ``fmt`` chunk that agrees."""
    tag, n_channels, rate, byte_rate, block, bits = struct.unpack_from("<HHIIHH", content.ljust(16, b"\0"))
    if len(content) not in FORMAT_BYTES.get(tag, (len(content),)):
        raise ValueError("its format is of another length than its kind has")
    places = extension = 0
    if len(content) > 16:
        (extension,) = struct.unpack_from("<H", content, 16)
    if extension != max(0, len(content) - 18):
        raise ValueError("its format announces an extension of another length")
    if tag == EXTENSIBLE:
        valid_bits, places, tag, guid_end = struct.unpack_from("<HIH14s", content, 18)
        if guid_end != GUID_END or valid_bits != bits:
            tag = EXTENSIBLE
    if tag not in WAVE_BYTES or bits % 8 or bits // 8 not in WAVE_BYTES[tag]:
        raise ValueError("its samples are neither integers of 8 to 32 bits nor floats, or fill a part of their bits")
    if not n_channels or block != n_channels * bits // 8 or byte_rate != rate * block:
        raise ValueError("the fields of its format contradict each other")
    flac.check_places(places, n_channels)
    return int(block), int(places)


def _check_aiff(file: BinaryIO) -> Structure:
    """Check an AIFF or AIFF-C file."""
    file.seek(0)
    magic, size, kind = struct.unpack(">4sI4s", _whole(file, 12))
    if magic != b"FORM" or kind not in (b"AIFF", b"AIFC"):
        raise ValueError("it starts with something else than an AIFF file")
    _check_size(file, size)
    found = list(_chunks(file, file.seek(0, 2), ">", None, FIRST_CHUNK))
    _, common, common_bytes = _only(found, b"COMM")
    _, sound, length = _only(found, b"SSND")
    _in_order(found, b"COMM", b"SSND")
    _refuse(found, b"wave")
    file.seek(common)
    n_channels, n_samples, bits, exponent, mantissa = struct.unpack(">hIhHQ", _whole(file, AIFF_BYTES_OF_COMMON))
    compression = file.read(4) if kind == b"AIFC" else b"NONE"
    version = _optional(file, found, b"FVER")
    if version not in (None, AIFC_VERSION) or (kind == b"AIFF" and (version or common_bytes != AIFF_BYTES_OF_COMMON)):
        raise ValueError("it has the fields of another version of AIFF than it says")
    fraction_bits = MANTISSA_BITS + EXPONENT_BIAS - exponent
    if not 0 <= fraction_bits <= MANTISSA_BITS or mantissa % (1 << fraction_bits) or not mantissa >> MANTISSA_BITS:
        raise ValueError("its sample rate is no whole number, which decoders round differently")
    file.seek(sound)
    if _whole(file, 8) != bytes(8):
        raise ValueError("its sound does not start at the start of its chunk")
    sample_bytes, rest = divmod(bits, 8)
    if rest or sample_bytes not in AIFF_BYTES.get(compression, ()) or n_channels < 1:
        raise ValueError("it is compressed in a way that decoders read differently")
    if length - 8 != n_samples * n_channels * sample_bytes:
        raise ValueError("it holds more or less sound than it announces")
    return Structure(n_samples, _aiff_places(file, found, n_channels))


def _aiff_places(file: BinaryIO, found: list[Chunk], n_channels: int) -> int:
    """Return the mask of the places of the channels in the form that is written here, 0 without one."""
    if not any(name.lower() == b"chan" for name, _, _ in found):
        return 0
    _, position, n_bytes = _only(found, b"CHAN")
    file.seek(position)
    kind, mask, n_described = AIFF_LAYOUT.unpack(_whole(file, AIFF_LAYOUT.size))
    if (kind, n_described, n_bytes) != (CORE_AUDIO_BITMAP, 0, AIFF_LAYOUT.size) or not mask:
        raise ValueError("it says the places of its channels in an unusual way")
    flac.check_places(mask, n_channels)
    return int(mask)


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


def _optional(file: BinaryIO, found: list[Chunk], name: bytes) -> bytes | None:
    """Return the first bytes of the only chunk of a name, None without one; raise ValueError for several."""
    if not any(each.lower() == name.lower() for each, _, _ in found):
        return None
    _, position, n_bytes = _only(found, name)
    file.seek(position)
    return file.read(min(n_bytes, 8))


def _in_order(found: list[Chunk], *names: bytes) -> None:
    if [name for name, _, _ in found if name in names] != [*names]:
        raise ValueError("its format follows its sound")


def _refuse(found: Iterable[Chunk], *refused: bytes) -> None:
    """Raise ValueError if a chunk has one of some names, in any case of its letters."""
    for name, _, _ in found:
        if name.lower() in refused:
            raise ValueError(f"its chunk {name.decode('ascii', 'replace')!r} could change what a decoder plays")


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
    """Hash of a sound."""

    sha256: str  # 64 hexadecimal digits
    hash_of: HashOf  # what is hashed, see ``HashOf``


def sound_hash(path: Path) -> tuple[SoundHash, AudioHeader]:
    """Return the hash of the sound of a file, and its header.

    Samples are hashed as 64-bit floats, little-endian, the channels interleaved, after a line with the sample rate, the
    number of channels, and the mask of their places where the file says it and it is not mono or stereo. They are the
    same in WAV, FLAC and AIFF files, and with more bits than they need. Decoders of lossy formats differ in the last
    bits, so the coded sound is hashed without the metadata around it.

    Raises BadAudio if the file cannot be read, is of a format whose sound cannot be told from its metadata, or could
    hold more sound for another decoder.
    """
    sound = open_sound(path)
    header = sound.header
    if header.format not in KINDS:
        raise BadAudio(
            f"{path} is of a kind that cannot be signed; convert it to wav, flac, aiff, ogg, opus or mp3 first."
        )
    hash_of: HashOf = "samples"
    if header.format == "OGG":
        hash_of = "packets"
    elif header.format == "MP3":
        hash_of = "frames"
    try:
        structure = check_structure(path, header.format)
        is_usual = structure.places in (0, USUAL_PLACES[header.n_channels] if header.n_channels < 3 else 0)
        places = "" if is_usual else f" {structure.places:#x}"
        digest = hashlib.sha256(f"{hash_of} {header.sample_rate} {header.n_channels}{places}\n".encode())
        for part in _samples(sound, structure) if hash_of == "samples" else _coded(sound, hash_of):
            digest.update(part)
    except BadAudio:
        raise
    except ValueError as error:
        raise BadAudio(f"{path} cannot be signed or verified, because {error}; copy or export it again.") from error
    return SoundHash(digest.hexdigest(), hash_of), header


def _samples(sound: OpenSound, structure: Structure) -> Iterator[bytes]:
    """Yield the decoded samples; raise ValueError if they are others than the structure of the file says."""
    n_samples, md5 = 0, hashlib.md5(usedforsecurity=False)
    for chunk in sound.chunks(dtype="float64", strict=True):
        n_samples += chunk.shape[1]
        if structure.md5:
            integers = np.ascontiguousarray(chunk.T * 2 ** (structure.bits - 1), "<i4")
            md5.update(integers.view(np.uint8).reshape(-1, 4)[:, : -(-structure.bits // 8)].tobytes())
        yield np.ascontiguousarray(chunk.T, "<f8").tobytes()
    if structure.n_samples not in (None, n_samples):
        raise ValueError(f"it holds {structure.n_samples} samples, of which {n_samples} can be decoded")
    if structure.md5 and md5.digest().strip(b"\0") != structure.md5:
        raise ValueError("it announces the hash of another sound than it has")


def _coded(sound: OpenSound, hash_of: HashOf) -> Iterator[bytes]:
    with sound.path.open("rb") as file:
        yield from ogg.audio_parts(file) if hash_of == "packets" else mpeg.audio_parts(file)
    yield str(sum(chunk.shape[1] for chunk in sound.chunks(strict=True))).encode()
