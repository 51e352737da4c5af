"""Thumbnails of clips without a plotting library: a spectrogram as PNG, a waveform as an SVG path."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from ..dsp.spectrum import stft

WIDTH = 192  # columns
HEIGHT = 96  # rows, evenly spaced on a logarithmic frequency axis
MIN_HZ = 40.0
RANGE_DB = 80.0  # between the brightest and the darkest colour
FLOOR_DB = -100.0  # a clip below this is dark throughout
STEPS = 24  # of brightness, which the eye takes for smooth, and which makes a file half as large

# From dark through violet and orange to light; brightness rises evenly, so that it reads in grey as well.
COLOURS = np.array(
    [(8, 6, 20), (60, 18, 92), (140, 38, 112), (214, 78, 74), (247, 158, 60), (252, 246, 200)], dtype=float
)


def spectrogram_png(wave: np.ndarray, sample_rate: int) -> bytes:
    """Return the spectrogram of a wave ``(time,)`` on a logarithmic axis as a PNG of 192 x 96 pixels, 80 dB deep."""
    n_fft = 2048 if sample_rate > 16_000 else 1024
    hop_length = min(max(len(wave) // WIDTH, 1), n_fft)
    magnitude = np.abs(stft(wave, n_fft, hop_length))[:, : -(-len(wave) // hop_length)]  # (bins, frames)
    highest_hz = sample_rate / 2
    row_hz = np.geomspace(min(MIN_HZ, highest_hz / 10), highest_hz, HEIGHT)[::-1]
    bins = np.minimum(np.round(row_hz * n_fft / sample_rate).astype(int), n_fft // 2)
    level_db = 20 * np.log10(np.maximum(magnitude[bins], 1e-9))
    highest_db = max(level_db.max(initial=-180), FLOOR_DB)
    brightness = np.clip(1 + (level_db - highest_db) / RANGE_DB, 0, 1)
    return indexed_png(np.round(np.round(brightness * STEPS) * (255 / STEPS)).astype(np.uint8), palette())


def palette() -> np.ndarray:
    """Return 256 colours ``(256, 3)``, uint8, from dark to light."""
    anchors = np.linspace(0, 255, len(COLOURS))
    channels = [np.interp(np.arange(256), anchors, channel) for channel in COLOURS.T]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def indexed_png(pixels: np.ndarray, colours: np.ndarray) -> bytes:
    """Encode an image of uint8 indices ``(rows, columns)`` with a palette ``(256, 3)`` as PNG.

    References
    ----------
    W3C, "Portable Network Graphics (PNG) Specification": colour type 3, each row with filter 0.
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
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def envelope_path(wave: np.ndarray) -> str:
    """Return the waveform ``(time,)`` as an SVG path between the extremes of columns; x is 0 to 2, y -1 (top) to 1."""
    columns = np.array_split(wave, min(WIDTH, len(wave)))
    top = [-float(column.max()) for column in columns]
    bottom = [-float(column.min()) for column in columns]
    x = np.linspace(0, 2, len(columns))
    points = [*zip(x, top, strict=True), *reversed([*zip(x, bottom, strict=True)])]
    return "M" + "L".join(f"{across:.3f} {down:.2f}" for across, down in points) + "Z"
