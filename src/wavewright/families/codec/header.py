"""The header of a .wwc file: what the codes were made by and how much sound they are, in 28 bytes that survive one damaged byte."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import BinaryIO

from ...errors import BadAudio, BadSetting
from . import contexts, range_coder

MAGIC = b"WWC"
STATIC, CONTEXTUAL = 1, 2
"""Versions of the format: codes by how frequent they are, and by how frequent they are behind others."""
VERSIONS = {STATIC: range_coder.most_bytes, CONTEXTUAL: contexts.most_bytes}
"""The most bytes of a payload of so many channels, levels and frames."""
HEADER_BYTES = 28

SAMPLE_RATES_HZ = (1_000, 768_000)
MOST_CHANNELS = 255
MOST_LEVELS = 32
MOST_FRAMES = 255  # of a packet
MOST_PAYLOAD_BYTES = 0x7EFF  # the largest length that two bytes of a packet can say
_VERSIONS = " and ".join(map(str, VERSIONS))
LONGEST_SECONDS = 1_000 * 3_600  # of a file; more is taken for damage

UNKNOWN = 2**40 - 1  # a count of samples that was not known when the header was written: the stream form


@dataclass(frozen=True)
class Header:
    """What a .wwc file says of itself. ``n_samples`` of each channel are counted at ``sample_rate``, the rate of the sound that was given;
    ``None`` is the stream form, whose end says how many there were."""

    model_hash: str  # twelve hexadecimal digits
    codec_sample_rate: int
    sample_rate: int
    n_channels: int
    n_samples: int | None
    n_codebooks: int
    frames_per_packet: int
    version: int = STATIC

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise BadSetting(f"There is no version {self.version} of .wwc files; they are {_VERSIONS}.")
        limits = (
            (self.sample_rate, *SAMPLE_RATES_HZ, "samples a second"),
            (self.codec_sample_rate, *SAMPLE_RATES_HZ, "samples a second"),
            (self.n_channels, 1, MOST_CHANNELS, "channels"),
            (self.n_codebooks, 1, MOST_LEVELS, "levels"),
            (self.frames_per_packet, 1, MOST_FRAMES, "frames in a packet"),
            (self.most_payload_bytes, 0, MOST_PAYLOAD_BYTES, "bytes in a packet"),
            (
                1 if self.n_samples is None else self.n_samples,
                1,
                LONGEST_SECONDS * self.sample_rate,
                "samples, or 1000 hours",
            ),
        )
        for value, smallest, largest, what in limits:
            if not smallest <= value <= largest:
                raise BadSetting(f"A .wwc file has {smallest} to {largest} {what}, not {value}.")

    @property
    def most_payload_bytes(self) -> int:
        """No payload of a packet is larger."""
        return VERSIONS[self.version](self.n_channels, self.n_codebooks, self.frames_per_packet)

    def to_bytes(self) -> bytes:
        """The 28 bytes of the header; numbers are little-endian."""
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
        return _with_check(b"".join(fields))


def read_header(source: BinaryIO, name: str) -> tuple[Header, int | None]:
    """The header at the start of ``source``, and the place of the byte that was damaged in it and has been put right, if one was.

    ``name`` is what the sentences call the source. Raises BadAudio for what is no .wwc file, for one of another version, for a header
    with more damage than a byte, and for numbers that no sound has.
    """
    found = b""
    while len(found) < HEADER_BYTES and (chunk := source.read(HEADER_BYTES - len(found))):
        found += chunk
    if not found:
        raise BadAudio(f"{name} is empty; give a .wwc file that `wavewright encode` wrote.")
    if len(found) < HEADER_BYTES:
        what = f"breaks off in its header, after {len(found)} bytes" if found.startswith(MAGIC) else "is no .wwc file"
        raise BadAudio(f"{name} {what}; give a .wwc file that `wavewright encode` wrote.")
    fields, damaged = _repaired(found)
    if fields is None:
        raise BadAudio(f"{name} {_what_is_wrong(found)}.")
    try:
        return _from_bytes(fields), damaged
    except BadSetting as error:
        raise BadAudio(f"{name} cannot be decoded: {str(error)[:1].lower()}{str(error)[1:]}") from error


def _with_check(fields: bytes) -> bytes:
    return fields + zlib.crc32(fields).to_bytes(4, "little")


def _repaired(found: bytes) -> tuple[bytes | None, int | None]:
    """The header itself, or the one header with a right CRC that differs in one byte, and the place of that byte; None where there is none.

    No two ways to damage one of so few bytes change a CRC-32 alike, so the damage can be told from the CRC: each is tried.
    """
    if _with_check(found[:-4]) == found:
        return found, None
    for place in range(HEADER_BYTES):
        for value in range(256):
            tried = found[:place] + bytes([value]) + found[place + 1 :]
            if _with_check(tried[:-4]) == tried:
                return tried, place
    return None, None


def _what_is_wrong(found: bytes) -> str:
    if not found.startswith(MAGIC):
        return "is no .wwc file; give one that `wavewright encode` wrote"
    if found[3] not in VERSIONS:
        return f"has version {found[3]} of the format, this Wavewright reads {_VERSIONS}; upgrade it, or copy the file again"
    return "has a header that is damaged in more than one byte; copy the file again"


def _from_bytes(fields: bytes) -> Header:
    """The header in 28 bytes whose CRC is right; raises BadSetting where its numbers are absurd."""
    if fields[:3] != MAGIC:
        raise BadSetting(f"A .wwc file begins with {MAGIC.hex()}, not with {fields[:3].hex()}.")
    count = int.from_bytes(fields[17:22], "little")
    return Header(
        model_hash=fields[4:10].hex(),
        codec_sample_rate=int.from_bytes(fields[10:13], "little"),
        sample_rate=int.from_bytes(fields[13:16], "little"),
        n_channels=fields[16],
        n_samples=None if count == UNKNOWN else count,
        n_codebooks=fields[22],
        frames_per_packet=fields[23],
        version=fields[3],
    )
