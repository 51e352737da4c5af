"""Features of the position of a frame in a clip."""

from __future__ import annotations

import numpy as np

POSITION_FEATURES = 8
EDGE_FRAMES = 8.0  # over which a sound's beginning and end are felt


def position_features(n_frames: int) -> np.ndarray:
    """Where each frame of a sound of ``n_frames`` frames is, ``(n_frames, POSITION_FEATURES)`` float32.

    Its part of the whole, half and whole waves over it, how near beginning and end are, and how long the whole is.
    """
    number = np.arange(n_frames, dtype=np.float64)
    part = number / max(n_frames - 1, 1)
    columns = [2 * part - 1]
    columns += [wave(np.pi * turns * part) for turns in (1, 2) for wave in (np.sin, np.cos)]
    columns += [np.exp(-number / EDGE_FRAMES), np.exp(-number[::-1] / EDGE_FRAMES)]
    columns.append(np.full(n_frames, np.log(n_frames / 50)))
    return np.stack(columns, axis=1).astype(np.float32).reshape(n_frames, POSITION_FEATURES)
