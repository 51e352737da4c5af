"""Style transfer over time: the course of one clip with the sound of another.

References
----------
Huang, Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", 2017.
"""

from __future__ import annotations

import numpy as np

MIN_STD = 1e-3  # of a latent dimension over time
LEVEL_WINDOW = 4  # hops over which a level is measured
MAX_GAIN = 10.0  # 20 dB; a style that is silent here has nothing to amplify
FLOOR = 1e-6


def match_statistics(latents: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Return latents with the mean and the standard deviation over time of others (AdaIN).

    Parameters
    ----------
    latents, style : np.ndarray
        ``(n, latent_size)``, of any two lengths.
    """
    scale = style.std(axis=0) / np.maximum(latents.std(axis=0), MIN_STD)
    matched: np.ndarray = style.mean(axis=0) + (latents - latents.mean(axis=0)) * scale
    return matched.astype(np.float32)


def match_levels(wave: np.ndarray, reference: np.ndarray, hop_length: int) -> np.ndarray:
    """Return ``wave (time,)`` with the level over time of a reference that is as long.

    Parameters
    ----------
    wave, reference : np.ndarray
        ``(time,)``.
    hop_length : int
        Samples from one level to the next; the gains between are interpolated.
    """
    gains = np.minimum(_levels(reference, hop_length) / (_levels(wave, hop_length) + FLOOR), MAX_GAIN)
    positions = (np.arange(len(wave)) + 0.5) / hop_length - 0.5  # a level belongs to the middle of its hop
    return (wave * np.interp(positions, np.arange(len(gains)), gains)).astype(np.float32)


def _levels(wave: np.ndarray, hop_length: int) -> np.ndarray:
    """Return the root mean square around every hop, ``(hops,)``."""
    power = np.square(np.pad(wave.astype(np.float64), (0, -len(wave) % hop_length)))
    hops = power.reshape(-1, hop_length).mean(axis=1)
    window = np.hanning(LEVEL_WINDOW + 1)
    levels: np.ndarray = np.sqrt(np.convolve(hops, window / window.sum(), "same"))
    return levels
