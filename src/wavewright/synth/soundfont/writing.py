"""Write SoundFont 2 files, of 16 or 24 bits, and SoundFont 3 files, whose samples are Ogg Vorbis."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ...base.errors import BadSoundFont
from ...base.whole_file import write_whole
from . import generators as gen
from .bank import BAG, GENERATOR, INSTRUMENT, MODULATOR, PRESET, SAMPLE, VORBIS
from .zones import Zone

GLOBAL = -1
"""Terminal of a zone whose settings are those of all zones of its preset or instrument; it comes first."""

GAP_SAMPLES = 46
"""Zeros after each sample (section 6.1 of the specification)."""

MONO = 1
VERSIONS = {".sf2": (2, 4), ".sf3": (3, 1)}
MAX_ENTRIES = 65_535
RANGES = (gen.KEY_RANGE, gen.VELOCITY_RANGE)


@dataclass(frozen=True, eq=False)
class NewSample:
    """A sample to write."""

    name: str  # at most 20 characters
    wave: np.ndarray  # ``(time,)``, full scale at 1
    sample_rate: int  # in Hz
    root_key: int  # key at which it is not transposed
    correction: int = 0  # cents that tune it, -99 to 99
    loop: tuple[int, int] | None = None  # first sample of the loop and the one after its last


@dataclass(frozen=True)
class NewEntry:
    """A preset or an instrument to write: bank and program are those of a preset."""

    name: str
    zones: tuple[Zone, ...]
    bank: int = 0
    program: int = 0


def write_soundfont(
    path: Path,
    name: str,
    presets: Sequence[NewEntry],
    instruments: Sequence[NewEntry],
    samples: Sequence[NewSample],
    *,
    bits: int = 16,
    vorbis_quality: float = 0.4,
    texts: dict[str, str] | None = None,
) -> None:
    """Write a bank.

    - ``path``: the ending decides: ``.sf2``, or ``.sf3`` for samples as Ogg Vorbis.
    - ``presets``, ``instruments``: zones of presets refer to instruments, those of instruments to samples, by index.

    Raises BadSoundFont if the ending is another one, or a table would have more entries than the format can count.
    """
    version = VERSIONS.get(path.suffix.lower())
    if version is None or bits not in (16, 24):
        raise BadSoundFont(f"{path.name} with {bits} bits cannot be written; use .sf2 with 16 or 24 bits, or .sf3.")
    sdta, headers = _vorbis_data(samples, vorbis_quality) if version[0] == 3 else _pcm_data(samples, bits)
    written = {"INAM": name[:255], "isng": "EMU8000"} | (texts or {})
    info = _chunk("ifil", np.array(version, "<u2").tobytes()) + b"".join(
        _chunk(tag, _even(text.encode("latin-1", "replace") + b"\0")) for tag, text in written.items()
    )
    pdta = b"".join(
        _chunk(tag, table.tobytes())
        for tag, table in (
            *zip(("phdr", "pbag", "pmod", "pgen"), _tables(presets, gen.INSTRUMENT, PRESET), strict=True),
            *zip(("inst", "ibag", "imod", "igen"), _tables(instruments, gen.SAMPLE_ID, INSTRUMENT), strict=True),
            ("shdr", headers),
        )
    )
    lists = _chunk("LIST", b"INFO" + info) + _chunk("LIST", b"sdta" + sdta) + _chunk("LIST", b"pdta" + pdta)
    write_whole(path, _chunk("RIFF", b"sfbk" + lists))


def _chunk(tag: str, contents: bytes) -> bytes:
    return tag.encode("ascii") + len(contents).to_bytes(4, "little") + _even(contents)


def _even(contents: bytes) -> bytes:
    return contents + b"\0" * (len(contents) % 2)


def _tables(entries: Sequence[NewEntry], terminal: int, dtype: np.dtype[np.void]) -> tuple[np.ndarray, ...]:
    """Return heads, bags, modulators and generators, each with its terminal record."""
    heads = np.zeros(len(entries) + 1, dtype)
    bags: list[tuple[int, int]] = []
    modulators: list[tuple[int, ...]] = []
    generators: list[tuple[int, int]] = []
    for head, entry in zip(heads, entries, strict=False):
        head["name"], head["bag"] = entry.name.encode("latin-1", "replace")[:20], len(bags)
        if dtype is PRESET:
            head["bank"], head["program"] = entry.bank, entry.program
        for zone in entry.zones:
            bags.append((len(generators), len(modulators)))
            generators += _generators(zone, terminal)
            modulators += [(*key[:2], amount, *key[2:]) for key, amount in zone.modulators.items()]
    heads[-1]["name"], heads[-1]["bag"] = (b"EOP" if dtype is PRESET else b"EOI"), min(len(bags), MAX_ENTRIES)
    bags.append((len(generators), len(modulators)))
    if len(bags) > MAX_ENTRIES or max(bags[-1]) > MAX_ENTRIES:
        raise BadSoundFont(
            f"The bank has {len(bags)} zones, {len(generators)} generators and {len(modulators)} modulators; "
            f"SoundFont counts up to {MAX_ENTRIES}."
        )
    ended = np.array([*modulators, (0, 0, 0, 0, 0)], MODULATOR), np.array([*generators, (0, 0)], GENERATOR)
    return heads, np.array(bags, BAG), *ended


def _generators(zone: Zone, terminal: int) -> list[tuple[int, int]]:
    """Return the generators of a zone in the order of the specification: ranges first, the terminal last."""
    rows = [
        (number, first | last << 8 if first | last << 8 < 1 << 15 else (first | last << 8) - (1 << 16))
        for number, (first, last) in zip(RANGES, (zone.keys, zone.velocities), strict=True)
        if (first, last) != gen.FULL_RANGE
    ]
    rows += sorted(zone.amounts.items())
    return rows if zone.terminal == GLOBAL else [*rows, (terminal, zone.terminal)]


def _headers(samples: Sequence[NewSample], starts: list[int], ends: list[int], kind: int) -> np.ndarray:
    headers = np.zeros(len(samples) + 1, SAMPLE)
    for header, sample, start, end in zip(headers, samples, starts, ends, strict=False):
        base = 0 if kind & VORBIS else start
        loop = sample.loop or (0, len(sample.wave))
        header["name"] = sample.name.encode("latin-1", "replace")[:20]
        header["start"], header["end"] = start, end
        header["loop_start"], header["loop_end"] = base + loop[0], base + loop[1]
        header["sample_rate"], header["root_key"] = sample.sample_rate, sample.root_key
        header["correction"], header["type"] = sample.correction, kind
    headers[-1]["name"] = b"EOS"
    return headers


def _pcm_data(samples: Sequence[NewSample], bits: int) -> tuple[bytes, np.ndarray]:
    """Return the chunks of samples, and their headers."""
    starts, ends, waves, position = [], [], [], 0
    full_scale = 1 << (bits - 1)
    for sample in samples:
        starts.append(position)
        ends.append(position + len(sample.wave))
        position = ends[-1] + GAP_SAMPLES
        scaled = np.rint(np.asarray(sample.wave, np.float64) * full_scale)
        waves += [np.clip(scaled, -full_scale, full_scale - 1).astype(np.int64), np.zeros(GAP_SAMPLES, np.int64)]
    joined = np.concatenate([np.zeros(0, np.int64), *waves])
    high = joined if bits == 16 else joined >> 8
    data = _chunk("smpl", high.astype("<i2").tobytes())
    low = b"" if bits == 16 else _chunk("sm24", (joined & 0xFF).astype(np.uint8).tobytes())
    return data + low, _headers(samples, starts, ends, MONO)


def _vorbis_data(samples: Sequence[NewSample], quality: float) -> tuple[bytes, np.ndarray]:
    """Return the chunk of Ogg Vorbis streams, and their headers, whose positions are bytes."""
    starts, ends, streams = [], [], b""
    for sample in samples:
        starts.append(len(streams))
        stream = io.BytesIO()
        wave = np.asarray(sample.wave, np.float32)
        soundfile.write(
            stream, wave, sample.sample_rate, format="OGG", subtype="VORBIS", compression_level=1.0 - quality
        )
        streams += stream.getvalue()
        ends.append(len(streams))
    return _chunk("smpl", streams), _headers(samples, starts, ends, MONO | VORBIS)
