"""The chunks of SoundFont files, with every size and count checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadSoundFont
from .records import CHUNKS

HEADER_BYTES = 8  # of a chunk
SAMPLE_BYTES = 2
MAX_TEXT = 256
KNOWN_TAGS = ("LIST", "smpl", "sm24", *CHUNKS)
"""Tags that follow chunks of odd sizes."""


@dataclass(frozen=True, eq=False)
class Chunks:
    """The contents of a SoundFont file.

    Attributes
    ----------
    tables : mapping
        Records of each chunk of ``pdta``, with the terminal one.
    samples : np.ndarray
        uint8: 16-bit samples, or Ogg Vorbis streams in SoundFont 3.
    low_bytes : np.ndarray
        uint8: the lower 8 bits of samples of 24; empty where samples have 16.
    texts : mapping
        ``INAM`` and other texts about the bank.
    version : tuple of int
        Version of the format, such as (2, 4); 3 is that with Ogg Vorbis.
    """

    tables: Mapping[str, np.ndarray]
    samples: np.ndarray
    low_bytes: np.ndarray
    texts: Mapping[str, str]
    version: tuple[int, int]


def read_chunks(contents: np.ndarray, name: str) -> Chunks:
    """Split a SoundFont file into its chunks.

    Parameters
    ----------
    contents : np.ndarray
        uint8, the whole file.
    name : str
        Name of the file, for messages.

    Raises
    ------
    BadSoundFont
        If it is no SoundFont file, or chunks are missing, cut off or of impossible sizes.
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
