"""Features of the position of a frame in a clip."""

from __future__ import annotations

import numpy as np

POSITION_FEATURES = 8
EDGE_FRAMES = 8.0  # time constant of the proximity to the start and the end


def position_features(n_frames: int) -> np.ndarray:
    """Return features of the position of each frame in a clip of ``n_frames``.

    - returns: ``(n_frames, POSITION_FEATURES)`` float32: relative position from -1 to 1, half and whole sine and cosine
      waves over the clip, proximity to the start and to the end, log-length.
    """
    index = np.arange(n_frames, dtype=np.float64)
    position = index / max(n_frames - 1, 1)
    columns = [2 * position - 1]
    columns += [wave(np.pi * turns * position) for turns in (1, 2) for wave in (np.sin, np.cos)]
    columns += [np.exp(-index / EDGE_FRAMES), np.exp(-index[::-1] / EDGE_FRAMES)]
    columns.append(np.full(n_frames, np.log(n_frames / 50)))
    return np.stack(columns, axis=1).astype(np.float32).reshape(n_frames, POSITION_FEATURES)
