"""Other programs as functions of waves: FFmpeg's audio filters, by PyAV, and python-stretch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np

BLOCK_SAMPLES = 65_536
LAYOUTS = {1: "mono", 2: "stereo"}


def ffmpeg(wave: np.ndarray, sample_rate: int, filters: str) -> np.ndarray:
    """Return ``wave (1 or 2, time)`` after filters such as ``highpass=f=80,volume=-3dB``, as float32."""
    layout = LAYOUTS[len(wave)]
    graph = av.filter.Graph()
    last = source = graph.add_abuffer(
        format="fltp", sample_rate=sample_rate, layout=layout, time_base=Fraction(1, sample_rate)
    )
    for each in filters.split(","):
        name, _, arguments = each.partition("=")
        node = graph.add(name, arguments or None)
        last.link_to(node)
        last = node
    for node in (graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")):
        last.link_to(node)
        last = node
    graph.configure()
    outputs = []
    for start in range(0, wave.shape[1] + BLOCK_SAMPLES, BLOCK_SAMPLES):
        frame = None
        if start < wave.shape[1]:
            block = np.ascontiguousarray(wave[:, start : start + BLOCK_SAMPLES], np.float32)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, start
        source.push(frame)
        while True:
            try:
                pulled = last.pull()
            except (av.BlockingIOError, av.EOFError):
                break
            if isinstance(pulled, av.AudioFrame):
                outputs.append(pulled.to_ndarray())
    return np.concatenate([wave[:, :0], *outputs], axis=1)


def python_stretch(sample_rate: int, factor: float = 1.0, semitones: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    """Return python-stretch as a function of waves ``(channels, time)``."""
    stretch = importlib.import_module("python_stretch.Signalsmith").Stretch

    def process(wave: np.ndarray) -> np.ndarray:
        stretcher = stretch(0)
        stretcher.preset(len(wave), sample_rate)
        stretcher.setTimeFactor(1.0 / factor)
        stretcher.setTransposeSemitones(semitones)
        return stretcher.process(np.ascontiguousarray(wave))

    return process
