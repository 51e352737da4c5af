"""Linear and spherical interpolation between latent vectors."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting


def slerp(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """Interpolate spherically: ``(sin((1 - t) w) a + sin(t w) b) / sin w`` with the angle ``w`` between the vectors.

    - ``a``, ``b``: ``(n,)``, vectors; parallel ones are interpolated linearly.
    - ``t``: 0 (exactly ``a``) to 1 (exactly ``b``).
    - returns: ``(n,)`` float32; at 0 and 1 the vector itself.

    References
    ----------
    K. Shoemake, "Animating rotation with quaternion curves", 1985.
    """
    if t in (0.0, 1.0):
        return b if t else a
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    angle = np.arccos(np.clip(float(a @ b) / norms, -1.0, 1.0)) if norms else 0.0
    weights = (1 - t, t) if np.sin(angle) < 1e-6 else np.sin([(1 - t) * angle, t * angle]) / np.sin(angle)
    mixed: np.ndarray = weights[0] * a + weights[1] * b
    return mixed.astype(np.float32)


def lerp(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """Interpolate arrays of one shape linearly: ``(1 - t) a + t b``, float32, exactly ``a`` or ``b`` at the ends."""
    if t in (0.0, 1.0):
        return b if t else a
    mixed: np.ndarray = (1 - t) * a + t * b
    return mixed.astype(np.float32)


def interpolation_steps(n_steps: int) -> np.ndarray:
    """Return ``t`` of each step from 0 to 1, ``(n_steps,)``; raise BadSetting for fewer than two."""
    if n_steps < 2:
        raise BadSetting(f"An interpolation in {n_steps} steps is not possible; it needs at least 2, its two ends.")
    return np.linspace(0.0, 1.0, n_steps)
