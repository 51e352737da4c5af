"""A pronouncing dictionary in one small file, of which only the blocks that are asked for are opened.

Words are sorted and cut into blocks. In a block every word is the number of letters that it shares with the word before, its other
letters, and its phones, each one byte; a block is deflated on its own, with a sample of other blocks to refer to.
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
WORDS_A_BLOCK = 512
SAMPLE_BYTES = 32_768  # as far back as deflate can refer
SAMPLED_BLOCKS = 40
PHONES_FROM = 0x80  # bytes from here on are phones, those below 0x20 shared letters, those between letters
MOST_SHARED = 0x1F
ENTRY = re.compile(rb"([\x00-\x1f])([\x20-\x7f]*)([\x80-\xff]+)")  # shared letters, other letters, phones


class Dictionary:
    """Words and their phones; blocks are opened when a word in them is looked up, and then stay open."""

    def __init__(self, contents: bytes) -> None:
        """``contents`` are the bytes of a file that ``pack`` made; raises ValueError for others."""
        if not contents.startswith(MAGIC):
            raise ValueError("These bytes are not a pronouncing dictionary.")
        (size,) = struct.unpack_from("<I", contents, len(MAGIC))
        start = len(MAGIC) + 4
        header = json.loads(zlib.decompress(contents[start : start + size]))
        self._phones: list[str] = header["phones"]
        self._firsts: list[str] = header["firsts"]
        self.credit: str = header["credit"]
        places = [start + size]
        for length in [header["sample"], *header["lengths"]]:
            places.append(places[-1] + length)
        self._sample = zlib.decompress(contents[places[0] : places[1]])
        self._blocks = [contents[a:b] for a, b in pairwise(places[1:])]
        self._open: dict[int, dict[str, bytes]] = {}

    def get(self, word: str) -> tuple[str, ...] | None:
        """The phones of a word in lower case, or None."""
        number = bisect_right(self._firsts, word) - 1
        codes = None if number < 0 else self._block(number).get(word)
        return None if codes is None else self._spoken(codes)

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """All words and their phones, in the order of the alphabet."""
        for number in range(len(self._blocks)):
            for word, codes in self._block(number).items():
                yield word, self._spoken(codes)

    def _spoken(self, codes: bytes) -> tuple[str, ...]:
        return tuple([self._phones[code - PHONES_FROM] for code in codes])

    def _block(self, number: int) -> dict[str, bytes]:
        """The words of a block and the codes of their phones."""
        if number not in self._open:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=self._sample)
            words: dict[str, bytes] = {}
            word = ""
            for shared, letters, codes in ENTRY.findall(inflate.decompress(self._blocks[number])):
                word = word[: shared[0]] + letters.decode("ascii")
                words[word] = codes
            self._open[number] = words
        return self._open[number]


def pack(words: Mapping[str, tuple[str, ...]], credit: str) -> bytes:
    """The bytes of a dictionary file; ``credit`` says where the words come from. Words are of ASCII letters, each has phones."""
    phones = sorted({phone for spoken in words.values() for phone in spoken})
    code = {phone: PHONES_FROM + number for number, phone in enumerate(phones)}
    names = sorted(words)
    firsts, plain = [], []
    for start in range(0, len(names), WORDS_A_BLOCK):
        block, before = bytearray(), ""
        for word in names[start : start + WORDS_A_BLOCK]:
            shared = _shared(before, word)
            block.append(shared)
            block += word[shared:].encode("ascii") + bytes(code[phone] for phone in words[word])
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


def _shared(before: str, word: str) -> int:
    """How many letters two words begin with in common."""
    pairs = enumerate(zip(before, word, strict=False))
    return min(next((place for place, (a, b) in pairs if a != b), min(len(before), len(word))), MOST_SHARED)


def _deflated(block: bytes, sample: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=sample)
    return deflate.compress(block) + deflate.flush()
