"""Small pictures of sounds that need no plotting library: a spectrogram as PNG, a wave as an SVG path."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from ..dsp.spectrum import stft

WIDTH = 192  # columns of a picture
HEIGHT = 96  # rows, evenly spaced on a logarithmic frequency axis
LOWEST_HZ = 40.0
RANGE_DB = 80.0  # between the brightest and the darkest colour

# From darkness through violet and orange to light: brightness rises evenly, so it reads in grey as well.
COLOURS = np.array(
    [(8, 6, 20), (60, 18, 92), (140, 38, 112), (214, 78, 74), (247, 158, 60), (252, 246, 200)], dtype=float
)


def spectrogram_png(wave: np.ndarray, sample_rate: int) -> bytes:
    """A PNG of the spectrogram of ``wave`` ``(time,)``: logarithmic frequency upwards, 80 dB below its loudest point is dark."""
    n_fft = 2048 if sample_rate > 16_000 else 1024
    hop_length = min(max(len(wave) // WIDTH, 1), n_fft)
    level = np.abs(stft(wave, n_fft, hop_length))[:, : -(-len(wave) // hop_length)]  # (bins, frames)
    highest_hz = sample_rate / 2
    row_hz = np.geomspace(min(LOWEST_HZ, highest_hz / 10), highest_hz, HEIGHT)[::-1]
    rows = np.minimum(np.round(row_hz * n_fft / sample_rate).astype(int), n_fft // 2)
    level_db = 20 * np.log10(np.maximum(level[rows], 1e-9))
    brightness = np.clip(1 + (level_db - max(level_db.max(initial=-180), -100.0)) / RANGE_DB, 0, 1)
    return indexed_png(np.round(brightness * 255).astype(np.uint8), palette())


def palette() -> np.ndarray:
    """256 colours ``(256, 3)`` uint8 from dark to light."""
    anchors = np.linspace(0, 255, len(COLOURS))
    return (
        np.stack([np.interp(np.arange(256), anchors, channel) for channel in COLOURS.T], axis=1)
        .round()
        .astype(np.uint8)
    )


def indexed_png(pixels: np.ndarray, colours: np.ndarray) -> bytes:
    """A PNG of ``pixels`` ``(rows, columns)`` uint8, each the number of one of ``colours`` ``(256, 3)`` uint8.

    Format: W3C, "Portable Network Graphics (PNG) Specification", colour type 3, each row with filter 0.
    """
    height, width = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", colours.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def envelope_path(wave: np.ndarray) -> str:
    """The highest and lowest sample of each column of ``wave`` ``(time,)`` as an SVG path; x from 0 to 2, y from -1 (up) to 1."""
    columns = np.array_split(wave, min(WIDTH, len(wave)))
    high = [-float(column.max()) for column in columns]
    low = [-float(column.min()) for column in columns]
    x = np.linspace(0, 2, len(columns))
    points = [*zip(x, high, strict=True), *reversed([*zip(x, low, strict=True)])]
    return "M" + "L".join(f"{across:.3f} {down:.3f}" for across, down in points) + "Z"
