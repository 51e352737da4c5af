"""Edges of generated clips: cut a texture where it is quiet, attenuate loud edges, join a prompt."""

from __future__ import annotations

import numpy as np

from .config import LstmConfig

EDGE_SECONDS = 0.02  # at either end of a clip
LOUD_EDGE = 1.26  # ratio to the peak of the rest, 2 dB, above which an edge is attenuated


def edge_frames(config: LstmConfig) -> int:
    """Return the number of frames that shape the first EDGE_SECONDS of a clip."""
    return 1 + -(-round(EDGE_SECONDS * config.sample_rate) // config.hop_length)


def window_frames(config: LstmConfig) -> int:
    """Return the number of frames after the end of a clip whose windows reach into it."""
    return -(-config.n_fft // config.hop_length)


def frame_levels_db(frames: np.ndarray, config: LstmConfig) -> np.ndarray:
    """Return the power of ``frames (frames, n_features)`` in dB, ``(frames,)``."""
    log_power = np.logaddexp.reduce(frames[:, : config.n_mels].astype(np.float64), axis=1)
    return np.asarray(10 / np.log(10) * log_power)


def quietest_cut(levels_db: np.ndarray, n_frames: int, n_edge: int) -> int:
    """Return the start of the cut whose louder edge is quietest.

    Parameters
    ----------
    levels_db : np.ndarray
        Level of each frame, ``(frames,)``.
    n_frames : int
        Length of the cut.
    n_edge : int
        Frames of an edge, at either end.
    """
    n_starts = len(levels_db) - n_frames + 1
    edge_levels_db = np.lib.stride_tricks.sliding_window_view(levels_db, min(n_edge, n_frames)).max(axis=1)
    start_db = edge_levels_db[:n_starts]
    end_db = edge_levels_db[len(edge_levels_db) - n_starts :]
    return int(np.argmin(np.maximum(start_db, end_db)))


def attenuate_edges(wave: np.ndarray, n_edge: int, has_start: bool = True) -> np.ndarray:
    """Attenuate the edges of ``wave (time,)``, ``n_edge`` samples each, that exceed the peak of the rest by LOUD_EDGE.

    The gain lowers an edge to that peak and returns to 1 over ``n_edge`` more samples; other waves are unchanged.
    Without ``has_start`` only the end is treated.
    """
    if len(wave) < 4 * n_edge:
        return wave
    attenuated = wave.copy()
    peak = float(np.abs(wave[n_edge:-n_edge]).max())
    start, end = attenuated[: 2 * n_edge], attenuated[: -2 * n_edge - 1 : -1]
    for edge in (start, end) if has_start else (end,):
        edge_peak = float(np.abs(edge[:n_edge]).max())
        if edge_peak > LOUD_EDGE * peak:
            gain = np.interp(np.arange(2 * n_edge), [n_edge, 2 * n_edge], [peak / edge_peak, 1.0])
            np.multiply(edge, gain.astype(np.float32), out=edge)
    return attenuated


def within_full_scale(wave: np.ndarray) -> np.ndarray:
    """Return ``wave (time,)``, scaled to a peak of 1 if it is louder."""
    return np.asarray(wave / max(1.0, float(np.abs(wave).max())))


def join_prompt(prompt: np.ndarray, wave: np.ndarray, n_fade: int) -> np.ndarray:
    """Return ``wave (time,)`` with its start replaced by ``prompt (time,)``, cross-faded over the last ``n_fade``."""
    n_prompt = min(len(prompt), len(wave))
    n_fade = min(n_fade, n_prompt)
    fade_in = np.linspace(0.0, 1.0, n_fade, dtype=np.float32)
    joined = wave.copy()
    joined[: n_prompt - n_fade] = prompt[: n_prompt - n_fade]
    overlap = slice(n_prompt - n_fade, n_prompt)
    joined[overlap] = (1 - fade_in) * prompt[overlap] + fade_in * wave[overlap]
    return joined
