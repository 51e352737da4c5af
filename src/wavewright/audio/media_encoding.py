"""Sound encoded by PyAV, for M4A and video files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ..base.units import seconds_to_samples

AvObject: TypeAlias = Any  # of PyAV, which is an optional dependency

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Channels in the order of the layouts of WAV files, by their number."""

BITS_PER_SECOND_AND_CHANNEL = 96_000


def sound_packets(
    stream: AvObject, waves: Iterable[np.ndarray], rate: int, start_seconds: float = 0.0
) -> Iterator[AvObject]:
    """Yield the packets of a sound ``(channels, time)``, encoded."""
    import av

    position = seconds_to_samples(start_seconds, rate)
    for wave in waves:
        if not wave.shape[1]:
            continue
        # Interleaved: PyAV writes beyond the planes of more than seven channels.
        interleaved = np.ascontiguousarray(wave.T.clip(-1, 1), np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=stream.layout.name)
        frame.rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
        position += wave.shape[1]
        yield from (packet for packet in stream.encode(frame) if packet.dts is not None)
    yield from (packet for packet in stream.encode(None) if packet.dts is not None)
