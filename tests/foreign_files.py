"""Sound files as other programs write and read them: FFmpeg's libraries by PyAV."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av")


def chirp(seconds=2.0, sample_rate=44_100, n_channels=2):
    """Return sweeps ``(channels, time)`` from 200 Hz up, whose every moment differs from the others."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    phases = [2 * np.pi * (200 + 150 * channel + 300 * time) * time for channel in range(n_channels)]
    return (0.4 * np.sin(phases)).astype(np.float32)


def encode(
    path,
    codec,
    wave,
    sample_rate,
    *,
    format=None,
    tags=None,
    options=None,
    container_options=None,
    layout=None,
    stored=lambda each: each,
):
    """Encode a wave ``(channels, time)`` by FFmpeg's libraries; ``stored`` returns a packet to store, or None."""
    layout = layout or {1: "mono", 2: "stereo", 4: "ambisonic 1", 6: "5.1"}[len(wave)]
    with av.open(str(path), "w", format=format, container_options=container_options or {}) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=sample_rate, layout=layout, options=options or {})
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sample_rate, 0
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=sample_rate)
        fifo = av.AudioFifo()
        for each in (*resampler.resample(frame), *resampler.resample(None)):
            fifo.write(each)
        n_frame = stream.codec_context.frame_size or 4_096
        position = 0
        while (part := fifo.read(n_frame, partial=True)) is not None:
            part.pts, part.time_base = position, Fraction(1, sample_rate)
            position += part.samples
            for packet in filter(None, map(stored, stream.encode(part))):
                container.mux(packet)
        for packet in filter(None, map(stored, stream.encode(None))):
            container.mux(packet)
    return path


def decode(path):
    """Return the sample rate and the wave ``(channels, time)`` that FFmpeg's libraries decode."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
        frames = []
        for packet in container.demux(stream):
            with suppress(av.error.InvalidDataError):  # the program ffmpeg goes on as well
                frames += [part.to_ndarray() for frame in packet.decode() for part in resampler.resample(frame)]
        return stream.rate, np.concatenate(frames, axis=1)


def tags_of(path):
    """Return the tags that FFmpeg's libraries read, of the file and of its sound."""
    with av.open(str(path)) as container:
        return {**container.streams.audio[0].metadata, **container.metadata}


def chapters_of(path):
    """Return start and end in seconds and title of the chapters that FFmpeg's libraries read."""
    with av.open(str(path)) as container:
        return [
            (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]), c["metadata"].get("title", ""))
            for c in container.chapters()
        ]
