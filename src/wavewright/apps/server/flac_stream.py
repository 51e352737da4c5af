"""FLAC streams that begin with a short block: players of live streams leave out the first block they get.

FFmpeg without a buffer takes the first block for its format and does not play it, and a block of libsndfile, 4,096
samples, is 171 ms of speech. Blocks of several sizes are numbered by their first samples, so every header changes.

References
----------
RFC 9639, "Free Lossless Audio Codec (FLAC)".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

FIRST_BLOCK = 16  # samples, the smallest block of the format
BLOCK = b"\xff\xf8"
"""Start of a block where all have one size."""
INFORMATION = b"\x00\x00\x00\x22"
"""Start of the information of a stream."""

_SYNC = b"\xff\xf9"  # of blocks of several sizes
_VERBATIM = b"\x02"
_OF_8_BITS = 0x60  # size of a block, less one, in a byte after the number
_SIZE_BYTES = {6: 1, 7: 2}
_RATE_BYTES = {12: 1, 13: 2, 14: 2}


def stream_information(part: bytes) -> bytes:
    """Return the information of a stream, 38 bytes with those of its kind and length, with its smallest block."""
    return part[:4] + FIRST_BLOCK.to_bytes(2, "big") + part[6:]


def first_block(samples: bytes, following: bytes) -> bytes:
    """Return the first block, of ``FIRST_BLOCK`` 16-bit little-endian samples, before a block of the same rate."""
    _, _, of_rate = _parts(following)
    header = _SYNC + bytes([_OF_8_BITS | following[2] & 15, following[3], 0, FIRST_BLOCK - 1]) + of_rate
    return _checked(header, _VERBATIM + np.frombuffer(samples, "<i2").astype(">i2").tobytes())


def renumbered(block: bytes, number: int) -> bytes:
    """Return a block of a stream whose blocks have one size, by the number of its first sample instead of its own."""
    coded, size, rate = _parts(block)
    end = 4 + len(coded) + len(size) + len(rate) + 1
    header = _with_checksum(_SYNC + block[2:4] + _coded(number) + size + rate)
    changed = _remainder(block[:end], _CRC_16, 16) ^ _remainder(header, _CRC_16, 16)
    checksum = int.from_bytes(block[-2:], "big") ^ _behind(changed, len(block) - end - 2)
    return header + block[end:-2] + checksum.to_bytes(2, "big")


def _parts(block: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the coded number of a block, and what stands of its size and its rate behind it."""
    end = 4 + max(1, 8 - (block[4] ^ 0xFF).bit_length())
    of_size = end + _SIZE_BYTES.get(block[2] >> 4, 0)
    return block[4:end], block[end:of_size], block[of_size : of_size + _RATE_BYTES.get(block[2] & 15, 0)]


def _coded(number: int) -> bytes:
    """Return a number as UTF-8 would code it, up to 36 bits."""
    if number < 0x80:
        return bytes([number])
    n_bytes = next(n for n in range(2, 8) if number < 1 << (5 * n + 1))
    first = 0xFF00 >> n_bytes & 0xFF | number >> 6 * (n_bytes - 1)
    return bytes([first, *(0x80 | number >> 6 * place & 63 for place in reversed(range(n_bytes - 1)))])


def _checked(header: bytes, subframe: bytes) -> bytes:
    """Return a block with its two checksums."""
    block = _with_checksum(header) + subframe
    return block + _remainder(block, _CRC_16, 16).to_bytes(2, "big")


def _with_checksum(header: bytes) -> bytes:
    return header + bytes([_remainder(header, _CRC_8, 8)])


def _behind(remainder: int, n_bytes: int) -> int:
    """Return the remainder of 16 bits after so many bytes of zeros: the sum of two checksums depends on no other."""
    power, factor = 1, 0x100  # x to the power of 8, a byte
    while n_bytes:
        power = _product(power, factor) if n_bytes & 1 else power
        factor, n_bytes = _product(factor, factor), n_bytes >> 1
    return _product(remainder, power)


def _product(a: int, b: int) -> int:
    """Return the product of two polynomials modulo that of the checksum of 16 bits."""
    product = 0
    for bit in range(15, -1, -1):
        product = product << 1 ^ (_POLYNOMIAL_16 if product >> 15 else 0) ^ (a if b >> bit & 1 else 0)
    return product


def _remainder(content: Iterable[int], table: list[int], n_bits: int) -> int:
    remainder, mask = 0, (1 << n_bits) - 1
    for byte in content:
        remainder = (remainder << 8 & mask) ^ table[remainder >> (n_bits - 8) ^ byte]
    return remainder


def _table(polynomial: int, n_bits: int) -> list[int]:
    """Return the remainder of each byte."""
    remainders = []
    for byte in range(256):
        remainder = byte << (n_bits - 8)
        for _ in range(8):
            remainder = remainder << 1 ^ (polynomial if remainder >> (n_bits - 1) else 0)
        remainders.append(remainder)
    return remainders


_POLYNOMIAL_16 = 0x18005
_CRC_8, _CRC_16 = _table(0x107, 8), _table(_POLYNOMIAL_16, 16)
