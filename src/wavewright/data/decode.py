"""Decode an entry block by block, so that a clip of any length takes little memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..audio.sound_file import open_sound
from ..audio.wave_blocks import resampled, with_channels
from ..base.channel_layouts import Positions
from ..base.errors import BadAudio
from .entry import Entry


def decode(entry: Entry) -> Iterator[np.ndarray]:
    """Decode an entry at the sample rate and with the channels of its file.

    Raises BadAudio if the file is damaged or truncated, or holds samples that are not finite; MissingExtra if its
    format needs the extra ``media``.

    Parameters
    ----------
    entry : Entry
        The clip.

    Yields
    ------
    np.ndarray
        Blocks ``(channels, time)`` float32.
    """
    yield from open_sound(entry.path).blocks(start_seconds=entry.offset_seconds, seconds=entry.seconds, strict=True)


def decode_at(entry: Entry, sample_rate: int, channels: int) -> Iterator[np.ndarray]:
    """Decode an entry at another sample rate and number of channels; together the blocks equal ``Clip.resample``.

    - ``entry``: the clip.
    - ``sample_rate``: of the result, Hz.
    - ``channels``: of the result. 1: their mix; more: as many as the file has, or copies of its only one.
    - returns: blocks ``(channels, time)`` float32.

    Raises BadAudio if the file has another number of channels, or as :func:`decode`, or MissingExtra as :func:`decode`.
    """
    positions = open_sound(entry.path).positions
    mixed = (_with_channels(block, channels, entry, positions) for block in decode(entry))
    return resampled(mixed, entry.sample_rate, sample_rate, channels)


def _with_channels(block: np.ndarray, channels: int, entry: Entry, positions: Positions | None) -> np.ndarray:
    if 1 in (channels, len(block)) or channels == len(block):
        return with_channels(block, channels, positions)
    raise BadAudio(
        f"{entry.path} has {block.shape[0]} channels where {channels} are asked for; mix it down or ask for 1."
    )
