"""Decode an entry block by block, so that a clip of any length takes little memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..clip import read_blocks, resampled
from ..errors import BadAudio
from .entry import Entry


def decode(entry: Entry) -> Iterator[np.ndarray]:
    """The samples of ``entry`` as they are in its file, in blocks ``(channels, time)`` float32.

    Raises BadAudio where the file is damaged, breaks off or holds samples that are not finite, MissingExtra where its format
    needs the extra ``media``.
    """
    for block in read_blocks(entry.path, start_seconds=entry.offset_seconds, seconds=entry.seconds):
        yield block.wave


def decode_at(entry: Entry, sample_rate: int, channels: int) -> Iterator[np.ndarray]:
    """The samples of ``entry`` at ``sample_rate`` with ``channels`` channels, in blocks ``(channels, time)`` float32.

    One channel is the mean of all; more must be there or are copies of one. The blocks joined are what ``Clip.resample`` gives.
    Raises BadAudio where the channels do not fit, and what :func:`decode` raises.
    """
    mixed = (_with_channels(block, channels, entry) for block in decode(entry))
    return resampled(mixed, entry.sample_rate, sample_rate, channels)


def _with_channels(block: np.ndarray, channels: int, entry: Entry) -> np.ndarray:
    if block.shape[0] == channels:
        return block
    if channels == 1:
        return block.mean(axis=0, keepdims=True, dtype=np.float32)
    if block.shape[0] == 1:
        return np.repeat(block, channels, axis=0)
    raise BadAudio(
        f"{entry.path} has {block.shape[0]} channels where {channels} are asked for; mix it down or ask for 1."
    )
