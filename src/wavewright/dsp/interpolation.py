"""Ways between two latent vectors."""

from __future__ import annotations

import numpy as np


def slerp(a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """The point at ``part`` (0 to 1) of the way from ``a`` to ``b`` along a great circle, of their shape; the ends are exact.

    ``(sin((1 - t) w) a + sin(t w) b) / sin w`` with the angle ``w`` between them: K. Shoemake, "Animating rotation with quaternion
    curves", 1985. Vectors in one line have no circle between them and are joined by the line.
    """
    if part in (0.0, 1.0):
        return b if part else a
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    angle = np.arccos(np.clip(float(a @ b) / lengths, -1.0, 1.0)) if lengths else 0.0
    weights = (1 - part, part) if np.sin(angle) < 1e-6 else np.sin([(1 - part) * angle, part * angle]) / np.sin(angle)
    return (weights[0] * a + weights[1] * b).astype(np.float32)


def lerp(a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """The point at ``part`` (0 to 1) of the straight way from ``a`` to ``b``, of their shape; the ends are exact."""
    if part in (0.0, 1.0):
        return b if part else a
    return ((1 - part) * a + part * b).astype(np.float32)
