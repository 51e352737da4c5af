"""Stretches of a recording that are not silent, by the level of short frames, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..audio.sound_file import open_sound
from ..dsp.mel import mel_spectrogram

RATE = 16_000
N_FFT, HOP, N_MELS = 512, 160, 40
FRAME = 480  # samples
FRAME_SECONDS = FRAME / RATE
MAX_STRETCH_SECONDS = 20.0
PAUSE_SECONDS = 0.45  # of silence, at which stretches are parted
MARGIN_SECONDS = 0.15  # kept around a stretch
ABOVE_FLOOR_DB = 9.0
FLOOR_QUANTILE = 0.1
QUIETEST_DB = -60.0


def speech_stretches(sound: Path, longest_seconds: float = MAX_STRETCH_SECONDS) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the start in seconds and the wave ``(time,)`` float32 at 16 kHz of each stretch that is not silent.

    Stretches of more than ``longest_seconds`` are parted at their quietest frame.
    """
    spans = _spans(frame_levels(sound), round(longest_seconds / FRAME_SECONDS))
    for (first, _), wave in zip(spans, _waves(sound, spans), strict=True):
        yield first * FRAME_SECONDS, wave


def waves_between(sound: Path, times: Sequence[tuple[float, float]]) -> Iterator[np.ndarray]:
    """Yield the wave ``(time,)`` float32 at 16 kHz from each start to its end in seconds; the starts are in order."""
    spans = [
        (int(start / FRAME_SECONDS), max(round(end / FRAME_SECONDS), int(start / FRAME_SECONDS) + 1))
        for start, end in times
    ]
    yield from _waves(sound, spans)


def mel_power(wave: np.ndarray) -> np.ndarray:
    """Return the power of a wave ``(time,)`` at 16 kHz in mel bands, ``(N_MELS, frames)`` of 10 ms."""
    return mel_spectrogram(np.pad(wave, (0, max(0, N_FFT - len(wave)))), RATE, N_FFT, HOP, N_MELS)


def frame_levels(sound: Path) -> np.ndarray:
    """Return the level of each frame of FRAME_SECONDS in dB of full scale, ``(frames,)``."""
    levels: list[np.ndarray] = []
    rest = np.zeros(0, np.float32)
    for block in open_sound(sound).mono().blocks(RATE):
        wave = np.concatenate([rest, block])
        n_whole = len(wave) // FRAME * FRAME
        power = np.mean(np.square(wave[:n_whole].reshape(-1, FRAME), dtype=np.float64), axis=1)
        levels.append(10 * np.log10(power + 1e-12))
        rest = wave[n_whole:]
    return np.concatenate(levels) if levels else np.zeros(0)


def active_frames(levels: np.ndarray) -> np.ndarray:
    """Return which frames are not silent, ``(frames,)`` bool: those well above the quietest tenth."""
    if not len(levels) or levels.max() < QUIETEST_DB:
        return np.zeros(len(levels), bool)
    floor = max(float(np.quantile(levels, FLOOR_QUANTILE)) + ABOVE_FLOOR_DB, QUIETEST_DB)
    return levels > min(floor, float(levels.max()) - ABOVE_FLOOR_DB)


def _spans(levels: np.ndarray, longest: int) -> list[tuple[int, int]]:
    """Return the first frame of each stretch, and the frame after its last one."""
    active = np.flatnonzero(active_frames(levels))
    if not len(active):
        return []
    gaps = np.flatnonzero(np.diff(active) > PAUSE_SECONDS / FRAME_SECONDS)
    starts, ends = active[np.r_[0, gaps + 1]], active[np.r_[gaps, len(active) - 1]] + 1
    margin = round(MARGIN_SECONDS / FRAME_SECONDS)
    spans: list[tuple[int, int]] = []
    for start, end in zip(starts, ends, strict=True):
        first, last = max(0, int(start) - margin), min(len(levels), int(end) + margin)
        while last - first > longest:
            cut = first + longest // 2 + int(np.argmin(levels[first + longest // 2 : first + longest]))
            spans.append((first, cut))
            first = cut
        spans.append((first, last))
    return spans


def _waves(sound: Path, spans: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """Yield the wave of each span of frames, which are in order; the sound is read once."""
    blocks = open_sound(sound).mono().blocks(RATE)
    wave, offset = np.zeros(0, np.float32), 0  # what was read, and the sample at which it starts
    for first, last in spans:
        while offset + len(wave) < last * FRAME:
            block = next(blocks, None)
            if block is None:
                break
            used = min(max(first * FRAME - offset, 0), len(wave))
            wave, offset = np.concatenate([wave[used:], block]), offset + used
        yield wave[first * FRAME - offset : last * FRAME - offset]
