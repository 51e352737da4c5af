"""The header of a .wwc file: model, rates and length in 28 bytes that survive one damaged byte."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import BinaryIO

from ....base.errors import BadAudio, BadSetting
from . import MAGIC, context_coder, range_coder

STATIC = 1
"""Version of the format whose codes are coded by their mean frequencies."""

CONTEXTUAL = 2
"""Version of the format whose codes are coded with a context model."""

VERSIONS = {STATIC: range_coder.max_payload_bytes, CONTEXTUAL: context_coder.max_payload_bytes}
"""Upper bound of a payload's size, by channels, codebooks and frames, for each version."""

HEADER_BYTES = 28
CRC_BYTES = 4
SAMPLE_RATES_HZ = (1_000, 768_000)
MAX_CHANNELS = 255
MAX_CODEBOOKS = 32
MAX_FRAMES = 255  # of a packet
MAX_PAYLOAD_BYTES = 0x7EFF  # the largest length that two bytes of a packet can hold
MAX_SECONDS = 1_000 * 3_600  # of a file; a longer one is considered damaged
UNKNOWN = 2**40 - 1  # number of samples that is not known when the header is written: a stream

_VERSIONS_TEXT = " and ".join(map(str, VERSIONS))


@dataclass(frozen=True)
class WwcHeader:
    """Header of a .wwc file.

    Raises BadSetting if a value is out of its range.
    """

    model_hash: str  # hash of the model folder, twelve hexadecimal digits
    codec_sample_rate: int  # sample rate of the codec, Hz
    sample_rate: int  # sample rate of the encoded audio, Hz
    n_channels: int
    n_samples: int | None  # samples per channel at ``sample_rate``; None for a stream, whose last packet has the number
    n_codebooks: int  # codes per frame
    frames_per_packet: int  # frames of a packet, except the last
    version: int = STATIC  # version of the format, a key of `VERSIONS`

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise BadSetting(f"There is no version {self.version} of .wwc files; they are {_VERSIONS_TEXT}.")
        n_samples = 1 if self.n_samples is None else self.n_samples
        for value, smallest, largest, unit in (
            (self.sample_rate, *SAMPLE_RATES_HZ, "samples a second"),
            (self.codec_sample_rate, *SAMPLE_RATES_HZ, "samples a second"),
            (self.n_channels, 1, MAX_CHANNELS, "channels"),
            (self.n_codebooks, 1, MAX_CODEBOOKS, "codebooks"),
            (self.frames_per_packet, 1, MAX_FRAMES, "frames in a packet"),
            (self.max_payload_bytes, 0, MAX_PAYLOAD_BYTES, "bytes in a packet"),
            (n_samples, 1, MAX_SECONDS * self.sample_rate, "samples, or 1000 hours"),
        ):
            if not smallest <= value <= largest:
                raise BadSetting(f"A .wwc file has {smallest} to {largest} {unit}, not {value}.")

    @property
    def max_payload_bytes(self) -> int:
        """Upper bound of the size of a packet's payload."""
        return VERSIONS[self.version](self.n_channels, self.n_codebooks, self.frames_per_packet)

    def to_bytes(self) -> bytes:
        """Return the 28 bytes of the header; numbers are little-endian."""
        count = UNKNOWN if self.n_samples is None else self.n_samples
        fields = (
            MAGIC,
            self.version.to_bytes(1, "little"),
            bytes.fromhex(self.model_hash),
            self.codec_sample_rate.to_bytes(3, "little"),
            self.sample_rate.to_bytes(3, "little"),
            self.n_channels.to_bytes(1, "little"),
            count.to_bytes(5, "little"),
            self.n_codebooks.to_bytes(1, "little"),
            self.frames_per_packet.to_bytes(1, "little"),
        )
        return with_crc(b"".join(fields))


def read_header(source: BinaryIO, name: str) -> tuple[WwcHeader, int | None]:
    """Read the header of a .wwc file, called ``name`` in messages; also return the index of a byte that was repaired.

    Raises BadAudio if it is not a .wwc file, has another version, more than one damaged byte or values out of their
    ranges.
    """
    data = b""
    while len(data) < HEADER_BYTES and (chunk := source.read(HEADER_BYTES - len(data))):
        data += chunk
    if not data:
        raise BadAudio(f"{name} is empty; give a .wwc file that `wavewright encode` wrote.")
    if len(data) < HEADER_BYTES:
        fault = f"breaks off in its header, after {len(data)} bytes" if data.startswith(MAGIC) else "is no .wwc file"
        raise BadAudio(f"{name} {fault}; give a .wwc file that `wavewright encode` wrote.")
    fields, repaired_byte = _repair(data)
    if fields is None:
        raise BadAudio(f"{name} {_fault_of(data)}.")
    try:
        return _from_bytes(fields), repaired_byte
    except BadSetting as error:
        raise BadAudio(f"{name} cannot be decoded: {str(error)[:1].lower()}{str(error)[1:]}") from error


def with_crc(fields: bytes) -> bytes:
    """Return bytes followed by their CRC-32."""
    return fields + zlib.crc32(fields).to_bytes(CRC_BYTES, "little")


def _repair(data: bytes) -> tuple[bytes | None, int | None]:
    """Return the only header with a valid CRC that differs in at most one byte, and the index of that byte.

    All one-byte changes of so few bytes change a CRC-32 differently, so at most one header has a valid CRC.
    """
    if with_crc(data[:-CRC_BYTES]) == data:
        return data, None
    for index in range(HEADER_BYTES):
        for value in range(256):
            candidate = data[:index] + bytes([value]) + data[index + 1 :]
            if with_crc(candidate[:-CRC_BYTES]) == candidate:
                return candidate, index
    return None, None


def _fault_of(data: bytes) -> str:
    """Return the fault of a header that cannot be repaired, and the remedy."""
    if not data.startswith(MAGIC):
        return "is no .wwc file; give one that `wavewright encode` wrote"
    if data[3] not in VERSIONS:
        return (
            f"has version {data[3]} of the format, this Wavewright reads {_VERSIONS_TEXT}; upgrade it, or copy the "
            "file again"
        )
    return "has a header that is damaged in more than one byte; copy the file again"


def _from_bytes(fields: bytes) -> WwcHeader:
    """Return the header of 28 bytes with a valid CRC; raise BadSetting for values out of their ranges."""
    if fields[:3] != MAGIC:
        raise BadSetting(f"A .wwc file starts with {MAGIC.hex()}, not with {fields[:3].hex()}.")
    count = int.from_bytes(fields[17:22], "little")
    return WwcHeader(
        model_hash=fields[4:10].hex(),
        codec_sample_rate=int.from_bytes(fields[10:13], "little"),
        sample_rate=int.from_bytes(fields[13:16], "little"),
        n_channels=fields[16],
        n_samples=None if count == UNKNOWN else count,
        n_codebooks=fields[22],
        frames_per_packet=fields[23],
        version=fields[3],
    )
