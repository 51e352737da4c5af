"""Read the samples of percussion kits in a SoundFont 2 file, with the keys that play them.

References
----------
"SoundFont Technical Specification", version 2.04, Creative Technology, 2006: the chunks and generators named below.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio

PERCUSSION_BANK = 128
_KEY_RANGE, _INSTRUMENT, _SAMPLE_ID = 43, 41, 53  # generators
_PRESET, _BAG, _GENERATOR = struct.Struct("<20sHHHIII"), struct.Struct("<HH"), struct.Struct("<Hh")
_INSTRUMENT_HEADER, _SAMPLE = struct.Struct("<20sH"), struct.Struct("<20sIIIIIBbHH")


@dataclass(frozen=True)
class KeyedSample:
    """A sample of a percussion kit: the kit's name, the first key that plays it, the sample's name and number."""

    kit: str
    key: int
    name: str
    number: int


class SoundFont:
    """A SoundFont file with 16-bit samples and percussion kits; raises BadAudio for any other file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data = np.memmap(path, dtype=np.uint8, mode="r")
        if bytes(self._data[:4]) != b"RIFF" or bytes(self._data[8:12]) != b"sfbk":
            raise BadAudio(f"{path} is not a SoundFont file; give a .sf2 file.")
        lists = {
            bytes(self._data[start : start + 4]): (start + 4, start + size)
            for name, start, size in self._chunks(12, len(self._data))
            if name == b"LIST"
        }
        tables = {name: (start, size) for name, start, size in self._chunks(*lists[b"pdta"])}
        self._tables = {name: bytes(self._data[start : start + size]) for name, (start, size) in tables.items()}
        self._first_sample = next(start for name, start, _ in self._chunks(*lists[b"sdta"]) if name == b"smpl")

    def percussion(self) -> Iterator[KeyedSample]:
        """Yield every sample of every percussion kit, once for each key range that plays it, with its first key."""
        presets, instruments = self._table(b"phdr", _PRESET), self._table(b"inst", _INSTRUMENT_HEADER)
        preset_bags, instrument_bags = self._table(b"pbag", _BAG), self._table(b"ibag", _BAG)
        preset_generators, instrument_generators = self._table(b"pgen", _GENERATOR), self._table(b"igen", _GENERATOR)
        for (kit, _, bank, first, *_), (_, _, _, end, *_) in pairwise(presets):
            if bank != PERCUSSION_BANK:
                continue
            for zone in _zones(preset_bags, preset_generators, first, end):
                if _INSTRUMENT not in zone:
                    continue
                (_, inner_first), (_, inner_end) = instruments[zone[_INSTRUMENT] : zone[_INSTRUMENT] + 2]
                for inner in _zones(instrument_bags, instrument_generators, inner_first, inner_end):
                    if _SAMPLE_ID in inner and _KEY_RANGE in inner:
                        number = inner[_SAMPLE_ID]
                        yield KeyedSample(_text(kit), inner[_KEY_RANGE] & 0xFF, _text(self._samples[number][0]), number)

    def clip(self, number: int) -> Clip:
        """Return sample ``number`` without pitch, filters and envelopes of the SoundFont."""
        _, start, end, _, _, sample_rate, *_ = self._samples[number]
        data = self._data[self._first_sample + 2 * start : self._first_sample + 2 * end]
        wave = np.frombuffer(bytes(data), "<i2").astype(np.float32) / 32_768
        return Clip(wave[None], sample_rate)

    @cached_property
    def _samples(self) -> list[tuple]:
        return self._table(b"shdr", _SAMPLE)

    def _table(self, name: bytes, row: struct.Struct) -> list[tuple]:
        return list(row.iter_unpack(self._tables[name]))

    def _chunks(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Yield name, offset and size of each chunk between two offsets of the file."""
        while start + 8 <= end:
            size = int.from_bytes(bytes(self._data[start + 4 : start + 8]), "little")
            yield bytes(self._data[start : start + 4]), start + 8, size
            start += 8 + size + size % 2


def _zones(bags: list[tuple], generators: list[tuple], first: int, end: int) -> Iterator[dict[int, int]]:
    """Yield the generators of each zone by their number; a key range has its low and high key in one value."""
    for (begin, _), (stop, _) in zip(bags[first:end], bags[first + 1 : end + 1], strict=True):
        yield {number: value & 0xFFFF for number, value in generators[begin:stop]}


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("latin-1").strip()
