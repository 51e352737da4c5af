"""A SoundFont file: its records and presets, the regions of each, and its samples, decoded at first use."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
import soundfile

from ...base.errors import BadSoundFont
from . import generators as gen
from .modulators import combined
from .zones import Level, Zone

PRESET = np.dtype(
    [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("library", "<u4"), ("rest", "<u8")]
)
BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
MODULATOR = np.dtype(
    [("source", "<u2"), ("destination", "<u2"), ("amount", "<i2"), ("amount_source", "<u2"), ("transform", "<u2")]
)
GENERATOR = np.dtype([("number", "<u2"), ("amount", "<i2")])
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
SAMPLE = np.dtype(
    [
        *(("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4")),
        *(("sample_rate", "<u4"), ("root_key", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2")),
    ]
)

CHUNKS = {
    "phdr": PRESET,
    "pbag": BAG,
    "pmod": MODULATOR,
    "pgen": GENERATOR,
    "inst": INSTRUMENT,
    "ibag": BAG,
    "imod": MODULATOR,
    "igen": GENERATOR,
    "shdr": SAMPLE,
}
"""The chunks of the list ``pdta``, in their order, and the record that each repeats."""

VORBIS = 0x10
"""Flag of the type of a sample that is compressed as Ogg Vorbis (SoundFont 3)."""

ROM = 0x8000
"""Flag of the type of a sample in the memory of a sound card, which no file has."""


HEADER_BYTES = 8  # of a chunk
SAMPLE_BYTES = 2
MAX_TEXT = 65_536
KNOWN_TAGS = ("LIST", "smpl", "sm24", *CHUNKS)
"""Tags that follow chunks of odd sizes."""


@dataclass(frozen=True, eq=False)
class Chunks:
    """The contents of a SoundFont file."""

    tables: Mapping[str, np.ndarray]  # records of each chunk of ``pdta``, with the terminal one
    samples: np.ndarray  # uint8: 16-bit samples, or Ogg Vorbis streams in SoundFont 3
    low_bytes: np.ndarray  # uint8: the lower 8 bits of samples of 24; empty where samples have 16
    texts: Mapping[str, str]  # ``INAM`` and other texts about the bank
    version: tuple[int, int]  # version of the format, such as (2, 4); 3 is that with Ogg Vorbis


def read_chunks(contents: np.ndarray, name: str) -> Chunks:
    """Split a SoundFont file, called ``name`` in messages, into its chunks.

    Raises BadSoundFont if it is no SoundFont file, or chunks are missing, cut off or of impossible sizes.
    """
    if len(contents) < 12 or _tag(contents, 0) != "RIFF" or _tag(contents, 8) != "sfbk":
        raise BadSoundFont(
            f"{name} is not a SoundFont file: it has no RIFF header of the type sfbk; give an .sf2 file."
        )
    lists = {
        _tag(contents, start): (start + 4, end)
        for tag, start, end in _chunks(contents, 12, len(contents), name)
        if tag == "LIST" and end - start >= 4
    }
    if missing := [each for each in ("sdta", "pdta") if each not in lists]:
        raise BadSoundFont(f"{name} has no list {' and no list '.join(missing)}; the file is damaged or cut off.")
    info = {tag: contents[start:end] for tag, start, end in _chunks(contents, *lists.get("INFO", (0, 0)), name)}
    data = {tag: contents[start:end] for tag, start, end in _chunks(contents, *lists["sdta"], name)}
    hydra = {tag: contents[start:end] for tag, start, end in _chunks(contents, *lists["pdta"], name)}
    samples = data.get("smpl", contents[:0])
    low_bytes = data.get("sm24", contents[:0])
    version = info.get("ifil", contents[:0])
    return Chunks(
        {tag: _table(hydra, tag, name) for tag in CHUNKS},
        samples,
        low_bytes if len(low_bytes) >= len(samples) // SAMPLE_BYTES else contents[:0],
        {tag: text_of(chunk[:MAX_TEXT].tobytes()) for tag, chunk in info.items() if tag.startswith("I")},
        (int(version[0]), int(version[2])) if len(version) == 4 else (2, 0),
    )


def text_of(stored: bytes) -> str:
    """Return a text that ends at the first zero byte, without control characters."""
    text = stored.split(b"\0")[0].decode("latin-1")
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _tag(contents: np.ndarray, start: int) -> str:
    return contents[start : start + 4].tobytes().decode("latin-1")


def _chunks(contents: np.ndarray, start: int, end: int, name: str) -> list[tuple[str, int, int]]:
    """Return tag, start and end of each chunk between two positions."""
    chunks = []
    while start + HEADER_BYTES <= end:
        tag = _tag(contents, start)
        n_bytes = int.from_bytes(contents[start + 4 : start + HEADER_BYTES].tobytes(), "little")
        start += HEADER_BYTES
        if n_bytes > end - start:
            raise BadSoundFont(
                f"{name} is cut off or damaged: its chunk {tag!r} claims {n_bytes} bytes, and {end - start} follow."
            )
        chunks.append((tag, start, start + n_bytes))
        start += n_bytes
        if n_bytes % 2 and _tag(contents, start) not in KNOWN_TAGS:  # some programs leave out the byte of padding
            start += 1
    return chunks


def _table(hydra: Mapping[str, np.ndarray], tag: str, name: str) -> np.ndarray:
    """Return the records of a chunk: one or more, of which the last is the terminal one."""
    record = CHUNKS[tag]
    chunk = hydra.get(tag)
    if chunk is None:
        raise BadSoundFont(f"{name} has no chunk {tag!r}; the file is damaged.")
    if len(chunk) % record.itemsize or not len(chunk):
        raise BadSoundFont(
            f"{name} is damaged: its chunk {tag!r} has {len(chunk)} bytes, no multiple of {record.itemsize}."
        )
    return np.frombuffer(chunk.tobytes(), record)


GUARD = 16
"""Zeros before and after each sample in memory, which interpolation may read."""

MAX_REGIONS = 65_536  # of a preset
MAX_PRESETS_REGIONS = 4_000_000  # of all presets
MAX_COMPRESSION = 200
"""Largest accepted ratio of a decoded sample in memory to its Ogg Vorbis stream."""

MAX_AMPLITUDE = 4.0  # of Ogg Vorbis, which exceeds full scale a little

SAMPLE_RATES_HZ = (400, 192_000)
DEFAULT_ROOT_KEY = 60
LOWEST_BYTES = 1 << 20
CACHED_PRESETS = 512


@dataclass(frozen=True)
class SoundFontPreset:
    """A sound of a bank.

    - ``index``: position in the file.
    - ``bank``, ``program``: 128 is the bank of drum kits.
    """

    index: int
    name: str
    bank: int
    program: int


@dataclass(frozen=True, eq=False)
class Regions:
    """The n regions of a preset: a sample and its settings for a range of keys and velocities each."""

    ranges: np.ndarray  # int64 ``(n, 4)``: first and last key, first and last velocity
    generators: np.ndarray  # float64 ``(n, N_GENERATORS)``, limited, in the units of the file
    samples: np.ndarray  # int64 ``(n,)``: index of the sample
    modulators: np.ndarray  # float64 ``(modulators, 5)`` of all regions, see :func:`.modulators.combined`
    bounds: np.ndarray  # int64 ``(n, 2)``: first modulator of each region and the end of its modulators


class SampledBank(Protocol):
    """A bank as the player needs it: its presets, their regions, and its samples."""

    @property
    def presets(self) -> tuple[SoundFontPreset, ...]:
        """The sounds, sorted by bank and program."""

    @property
    def headers(self) -> np.ndarray:
        """Records of the samples, of which ``correction`` is used: cents that tune each."""

    @property
    def samples(self) -> SamplePool:
        """The decoded samples."""

    def find(self, bank: int, program: int, /) -> SoundFontPreset | None:
        """Return the preset of a bank and a program, None where the file has none."""

    def regions(self, index: int, /) -> Regions:
        """Return the regions of a preset."""

    def decoded(self, index: int, /) -> np.ndarray:
        """Decode a sample, float32 ``(time,)``."""

    def loop(self, index: int, /) -> tuple[int, int]:
        """Return the loop of a sample from its start: the first sample, and the one after the last."""

    def rate(self, index: int, /) -> float:
        """Return the sample rate of a sample in Hz."""


class SoundFont:
    """A bank of instruments in a SoundFont 2 or 3 file.

    - ``contents``: uint8, the whole file; it may be mapped into memory.
    - ``file_name``: name of the file, for messages.
    - ``name``: name of the bank.
    - ``version``: version of the format.
    - ``presets``: sorted by bank and program; of equal ones, the first of the file.
    - ``n_instruments``, ``n_samples``: number of instruments and samples of the file.
    - ``headers``: records of the samples.

    Raises BadSoundFont if the contents are no SoundFont, damaged, or without presets.
    """

    def __init__(self, contents: np.ndarray, file_name: str) -> None:
        self.file_name = file_name
        self._chunks: Chunks = read_chunks(contents, file_name)
        tables = self._chunks.tables
        self.headers = tables["shdr"][:-1]
        self.n_samples = len(self.headers)
        self.n_instruments = len(tables["inst"]) - 1
        self._presets = _level(self._chunks, PRESET_TABLES, gen.INSTRUMENT, self.n_instruments)
        self._instruments = _level(self._chunks, INSTRUMENT_TABLES, gen.SAMPLE_ID, self.n_samples)
        self._presets.check(file_name, PRESET_TABLES)
        self._instruments.check(file_name, INSTRUMENT_TABLES)
        self._check_regions()
        self.version = self._chunks.version
        self.name = self._chunks.texts.get("INAM", "") or Path(file_name).stem
        self.texts = self._chunks.texts
        first: dict[tuple[int, int], SoundFontPreset] = {}
        for index, (stored, program, bank) in enumerate(tables["phdr"][["name", "program", "bank"]][:-1].tolist()):
            first.setdefault((bank, program), SoundFontPreset(index, text_of(stored), bank, program))
        self.presets = tuple(first[key] for key in sorted(first))
        self._zones = lru_cache(maxsize=None)(lambda index: tuple(self._instruments.zones(index)))
        self.regions = lru_cache(maxsize=CACHED_PRESETS)(self._regions)

    @cached_property
    def samples(self) -> SamplePool:
        """The decoded samples."""
        return SamplePool(self)

    def find(self, bank: int, program: int) -> SoundFontPreset | None:
        """Return the preset of a bank and a program, None where the file has none."""
        return self._by_number.get((bank, program))

    def decoded(self, index: int) -> np.ndarray:
        """Decode a sample to float32 ``(time,)``; empty where it is outside of the file, or damaged."""
        header = self.headers[index]
        start, end = int(header["start"]), int(header["end"])
        if header["type"] & ROM or end <= start:
            return np.zeros(0, np.float32)
        if header["type"] & VORBIS:
            return _decoded_vorbis(self._chunks.samples[start:end])
        high = self._chunks.samples[start * SAMPLE_BYTES : end * SAMPLE_BYTES]
        high = high[: len(high) // SAMPLE_BYTES * SAMPLE_BYTES].view("<i2")
        low = self._chunks.low_bytes[start : start + len(high)]
        wave = high.astype(np.float32)
        if len(low) == len(wave):
            wave += low.astype(np.float32) / np.float32(256.0)
        wave *= np.float32(1.0 / 32_768.0)
        return wave

    def loop(self, index: int) -> tuple[int, int]:
        """Return the loop of a sample from its start: the first sample, and the one after the last."""
        header = self.headers[index]
        base = 0 if header["type"] & VORBIS else int(header["start"])
        return int(header["loop_start"]) - base, int(header["loop_end"]) - base

    def rate(self, index: int) -> float:
        """Return the sample rate of a sample in Hz, within SAMPLE_RATES_HZ."""
        return float(min(max(int(self.headers[index]["sample_rate"]), SAMPLE_RATES_HZ[0]), SAMPLE_RATES_HZ[1]))

    def key_range(self, preset: SoundFontPreset) -> tuple[int, int]:
        """Return the first and the last key that a preset plays; (0, 0) where it has no regions."""
        ranges = self.regions(preset.index).ranges
        return (int(ranges[:, 0].min()), int(ranges[:, 1].max())) if len(ranges) else (0, 0)

    def sample_bytes(self, preset: SoundFontPreset) -> int:
        """Return the size in the file of the samples of a preset."""
        headers = self.headers[np.unique(self.regions(preset.index).samples)]
        lengths = np.maximum(headers["end"].astype(np.int64) - headers["start"], 0)
        return int((lengths * np.where(headers["type"] & VORBIS, 1, SAMPLE_BYTES)).sum())

    @cached_property
    def _by_number(self) -> dict[tuple[int, int], SoundFontPreset]:
        return {(preset.bank, preset.program): preset for preset in self.presets}

    def _check_regions(self) -> None:
        """Raise BadSoundFont if damaged indices would make presets of millions of regions."""
        n_zones = self._instruments.n_zones()
        total = 0
        for index in range(len(self._presets.heads) - 1):
            n_regions = int(n_zones[self._presets.terminals(index)].sum())
            total += n_regions
            if n_regions > MAX_REGIONS or total > MAX_PRESETS_REGIONS:
                raise BadSoundFont(
                    f"{self.file_name} is damaged: preset {index} would play {n_regions} regions; "
                    f"at most {MAX_REGIONS} are possible."
                )

    def _regions(self, index: int) -> Regions:
        rows = [
            _region(zone, inner, self.headers[inner.terminal])
            for zone in self._presets.zones(index)
            for inner in self._zones(zone.terminal)
            if _overlap(zone, inner) is not None
        ]
        n_modulators = np.cumsum([0, *(len(row[3]) for row in rows)])
        return Regions(
            np.array([row[0] for row in rows], np.int64).reshape(-1, 4),
            np.array([row[1] for row in rows], np.float64).reshape(-1, gen.N_GENERATORS),
            np.array([row[2] for row in rows], np.int64),
            np.concatenate([np.zeros((0, 5)), *(row[3] for row in rows)]),
            np.stack([n_modulators[:-1], n_modulators[1:]], axis=1).astype(np.int64),
        )


PRESET_TABLES = ("phdr", "pbag", "pgen", "pmod")
INSTRUMENT_TABLES = ("inst", "ibag", "igen", "imod")


MAX_LOADED = 1 << 28
"""Samples of a bank that are decoded before a note needs them: 1 GiB; all others wait for their first note."""


class SamplePool:
    """Samples in one array, each decoded when it is first used, or before by another thread.

    - ``wave``: float32: the samples one after the other, zeros between them. Growing replaces the array.
    """

    def __init__(self, font: SampledBank) -> None:
        self._font = font
        self._lock = Lock()
        self._positions: dict[int, tuple[int, int]] = {}
        self._end = GUARD
        self.wave = np.zeros(LOWEST_BYTES, np.float32)

    def position(self, index: int) -> tuple[int, int]:
        """Return start and end of a sample in :attr:`wave`."""
        if index not in self._positions:
            self._add(index, self._font.decoded(index))
        return self._positions[index]

    def load(self, indices: np.ndarray) -> None:
        """Decode samples, until MAX_LOADED are decoded."""
        for index in indices.tolist():
            if self._end > MAX_LOADED:
                return
            self.position(index)

    def _add(self, index: int, decoded: np.ndarray) -> None:
        """Append a sample that was decoded, perhaps by two threads at once."""
        with self._lock:
            if index in self._positions:
                return
            start, end = self._end, self._end + len(decoded)
            if end + GUARD > len(self.wave):
                grown = np.zeros(max(2 * len(self.wave), end + GUARD), np.float32)
                grown[:start] = self.wave[:start]
                self.wave = grown
            self.wave[start:end] = decoded
            self._end = end + GUARD
            self._positions[index] = start, end


def read_soundfont(path: Path) -> SoundFont:
    """Open a SoundFont file, ``.sf2`` or ``.sf3``; its samples are read at first use.

    Raises BadSoundFont if the file does not exist or cannot be used.
    """
    try:
        n_bytes = path.stat().st_size
        contents = np.memmap(path, np.uint8, "r") if n_bytes and path.is_file() else np.zeros(0, np.uint8)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadSoundFont(f"{path} cannot be read ({reason}); give the path of an .sf2 or .sf3 file.") from error
    return SoundFont(contents, path.name)


def _level(chunks: Chunks, tags: tuple[str, str, str, str], terminal: int, n_terminals: int) -> Level:
    heads, bags, generators, modulators = (chunks.tables[tag] for tag in tags)
    return Level(heads, bags, generators, modulators, terminal, n_terminals)


def _overlap(zone: Zone, inner: Zone) -> tuple[int, int, int, int] | None:
    """Return the keys and velocities that two zones have in common."""
    keys = max(zone.keys[0], inner.keys[0]), min(zone.keys[1], inner.keys[1])
    velocities = max(zone.velocities[0], inner.velocities[0]), min(zone.velocities[1], inner.velocities[1])
    return (*keys, *velocities) if keys[0] <= keys[1] and velocities[0] <= velocities[1] else None


def _region(zone: Zone, inner: Zone, header: np.void) -> tuple[object, np.ndarray, int, np.ndarray]:
    """Return ranges, generators, sample and modulators of an instrument's zone in a preset's zone."""
    amounts = gen.DEFAULTS.copy()
    for number, amount in inner.amounts.items():
        amounts[number] = amount
    for number, amount in zone.amounts.items():
        if number not in gen.IN_INSTRUMENTS_ONLY:
            amounts[number] += amount
    np.clip(amounts, gen.LIMITS[:, 0], gen.LIMITS[:, 1], out=amounts)
    root = int(header["root_key"])
    if amounts[gen.ROOT_KEY] < 0:
        amounts[gen.ROOT_KEY] = root if root <= gen.FULL_RANGE[1] else DEFAULT_ROOT_KEY
    return _overlap(zone, inner), amounts, inner.terminal, combined(inner.modulators, zone.modulators)


def _decoded_vorbis(stream: np.ndarray) -> np.ndarray:
    """Return an Ogg Vorbis stream as float32, empty where it is damaged or claims to be far longer than it can be."""
    try:
        with soundfile.SoundFile(io.BytesIO(stream.tobytes())) as file:
            if file.channels != 1:
                return np.zeros(0, np.float32)
            limit = MAX_COMPRESSION * len(stream)
            decoded: np.ndarray = file.read(limit, dtype="float32")
    except (soundfile.LibsndfileError, RuntimeError, ValueError):
        return np.zeros(0, np.float32)
    limited: np.ndarray = np.nan_to_num(np.clip(decoded, -MAX_AMPLITUDE, MAX_AMPLITUDE))
    return limited
