"""A pronouncing dictionary in one small file, whose blocks are inflated at their first use.

Words are sorted and cut into blocks. A block stores each word as the length of the prefix in common with the word
before, its other letters, and its phones, each one byte. Blocks are deflated on their own, with a common sample of
other blocks as the preset dictionary.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import pairwise

MAGIC = b"WWDICT1"
WORDS_PER_BLOCK = 512
SAMPLE_BYTES = 32_768  # the window of deflate
SAMPLED_BLOCKS = 40
PHONES_FROM = 0x80  # phones are bytes from here on, prefix lengths are below 0x20, letters between
MAX_PREFIX_LENGTH = 0x1F
ENTRY = re.compile(rb"([\x00-\x1f])([\x20-\x7f]*)([\x80-\xff]+)")  # prefix length, other letters, phones


class Dictionary:
    """Words and their phones; a block is inflated when a word in it is looked up, and then cached."""

    def __init__(self, contents: bytes) -> None:
        """Read the header of a file that ``pack`` made; raise ValueError for other bytes."""
        if not contents.startswith(MAGIC):
            raise ValueError("These bytes are not a pronouncing dictionary.")
        (size,) = struct.unpack_from("<I", contents, len(MAGIC))
        start = len(MAGIC) + 4
        header = json.loads(zlib.decompress(contents[start : start + size]))
        self._phones: list[str] = header["phones"]
        self._firsts: list[str] = header["firsts"]
        self.credit: str = header["credit"]
        offsets = [start + size]
        for length in [header["sample"], *header["lengths"]]:
            offsets.append(offsets[-1] + length)
        self._sample = zlib.decompress(contents[offsets[0] : offsets[1]])
        self._blocks = [contents[a:b] for a, b in pairwise(offsets[1:])]
        self._inflated: dict[int, dict[str, bytes]] = {}

    def get(self, word: str) -> tuple[str, ...] | None:
        """Return the phones of a word in lower case, or None."""
        number = bisect_right(self._firsts, word) - 1
        codes = None if number < 0 else self._block(number).get(word)
        return None if codes is None else self._decoded(codes)

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield all words and their phones, in alphabetical order."""
        for number in range(len(self._blocks)):
            for word, codes in self._block(number).items():
                yield word, self._decoded(codes)

    def _decoded(self, codes: bytes) -> tuple[str, ...]:
        return tuple([self._phones[code - PHONES_FROM] for code in codes])

    def _block(self, number: int) -> dict[str, bytes]:
        """Return the words of a block and the codes of their phones."""
        if number not in self._inflated:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=self._sample)
            words: dict[str, bytes] = {}
            word = ""
            for n_common, letters, codes in ENTRY.findall(inflate.decompress(self._blocks[number])):
                word = word[: n_common[0]] + letters.decode("ascii")
                words[word] = codes
            self._inflated[number] = words
        return self._inflated[number]


def pack(words: Mapping[str, tuple[str, ...]], credit: str) -> bytes:
    """Return the bytes of a dictionary file.

    - ``words``: words in lower case, of ASCII letters, and their phones.
    - ``credit``: source and licence of the words.
    - returns: contents of the file, for :class:`Dictionary`.
    """
    phones = sorted({phone for spoken in words.values() for phone in spoken})
    code = {phone: PHONES_FROM + number for number, phone in enumerate(phones)}
    names = sorted(words)
    firsts, plain = [], []
    for start in range(0, len(names), WORDS_PER_BLOCK):
        block, before = bytearray(), ""
        for word in names[start : start + WORDS_PER_BLOCK]:
            n_common = _prefix_length(before, word)
            block.append(n_common)
            block += word[n_common:].encode("ascii") + bytes(code[phone] for phone in words[word])
            before = word
        firsts.append(names[start])
        plain.append(bytes(block))
    sample = b"".join(plain[:: max(1, len(plain) // SAMPLED_BLOCKS)])[:SAMPLE_BYTES]
    blocks = [_deflated(block, sample) for block in plain]
    small = zlib.compress(sample, 9)
    header = {
        "credit": credit,
        "phones": phones,
        "firsts": firsts,
        "sample": len(small),
        "lengths": [*map(len, blocks)],
    }
    head = zlib.compress(json.dumps(header).encode(), 9)
    return MAGIC + struct.pack("<I", len(head)) + head + small + b"".join(blocks)


def _prefix_length(before: str, word: str) -> int:
    """Return the length of the common prefix of two words."""
    pairs = enumerate(zip(before, word, strict=False))
    return min(next((index for index, (a, b) in pairs if a != b), min(len(before), len(word))), MAX_PREFIX_LENGTH)


def _deflated(block: bytes, sample: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=sample)
    return deflate.compress(block) + deflate.flush()
