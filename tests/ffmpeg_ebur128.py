"""FFmpeg's loudness meter, by PyAV, as an oracle."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import av
import numpy as np

PREFIX = "lavfi.r128."
BLOCK_SAMPLES = 4_800


def ebur128(wave: np.ndarray, sample_rate: int) -> dict[str, list[float]]:
    """Return what ``ebur128`` measures every 100 ms of ``wave (1 or 2, time)``, by name: I, LRA, M, S, true_peak."""
    layout = {1: "mono", 2: "stereo"}[len(wave)]
    graph = av.filter.Graph()
    time_base = Fraction(1, sample_rate)
    source = graph.add_abuffer(format="fltp", sample_rate=sample_rate, layout=layout, time_base=time_base)
    meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    measured: dict[str, list[float]] = defaultdict(list)
    blocks = [wave[:, start : start + BLOCK_SAMPLES] for start in range(0, wave.shape[1], BLOCK_SAMPLES)]
    for number, block in enumerate([*blocks, None]):
        frame = None
        if block is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, number * BLOCK_SAMPLES
        source.push(frame)
        while True:
            try:
                metadata = sink.pull().metadata
            except (av.BlockingIOError, av.EOFError):
                break
            for name, value in metadata.items():
                measured[name.removeprefix(PREFIX)].append(float(value))
    return measured
