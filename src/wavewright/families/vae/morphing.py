"""Interpolation between two clips: alignment, paths through latent space, monotonic brightness, and levels.

References
----------
Huang, Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...base.errors import BadSetting
from ...base.units import db_to_gain, gain_to_db, seconds_to_samples
from ...contracts.morphing import AdjustedClips
from ...contracts.runtime import AlignedClip
from ...dsp.interpolation import lerp, slerp
from ...dsp.onset import align, count_onsets
from .adjustment import adjust_brightness
from .attributes import BRIGHTNESS, AttributeDirections, brightness, loudness_db
from .conditioning import ClipConditioning
from .synthesis import Residual

MIN_STD = 1e-3  # of a latent dimension over time
LEVEL_WINDOW = 4  # hops over which a level is measured
MAX_GAIN = 10.0  # 20 dB; a style that is silent here has nothing to amplify
FLOOR = 1e-6


def match_statistics(latents: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Return latents ``(n, latent_size)`` with the mean and standard deviation over time of others (AdaIN)."""
    scale = style.std(axis=0) / np.maximum(latents.std(axis=0), MIN_STD)
    matched: np.ndarray = style.mean(axis=0) + (latents - latents.mean(axis=0)) * scale
    return matched.astype(np.float32)


def match_levels(wave: np.ndarray, reference: np.ndarray, hop_length: int) -> np.ndarray:
    """Return ``wave (time,)`` with the level over time, each ``hop_length``, of a reference that is as long."""
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


Interpolation = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""Two vectors ``(d,)`` and ``t`` from 0 to 1 to the vector at ``t``."""

PEAK = 0.95  # of a one-shot at the encoder's input, as in training (data.preparation)
LEAD_SECONDS = 0.002  # before the onset, as in training


def align_one_shot(wave: np.ndarray, sample_rate: int, n_samples: int) -> AlignedClip:
    """Align a one-shot to its onset, normalise its peak to PEAK (silence stays silent), and cut or pad it."""
    cut = align(wave, sample_rate, n_samples, seconds_to_samples(LEAD_SECONDS, sample_rate))
    peak = float(np.abs(cut).max())
    if peak == 0.0:
        return AlignedClip(cut)
    return AlignedClip((cut * np.float32(PEAK / peak)).astype(np.float32), float(gain_to_db(peak / PEAK)))


@dataclass(frozen=True)
class EncodedClip:
    """A clip in latent space."""

    latents: np.ndarray  # ``(n, latent_size)``
    conditioning: ClipConditioning  # of the decoder
    residual: Residual | None = None  # of the recording; None where it is not used

    def interpolate(self, other: EncodedClip, interpolation: Interpolation, t: float) -> EncodedClip:
        """Interpolate each latent vector towards another clip with as many latents, which is at ``t`` = 1."""
        residual = None
        if self.residual is not None and other.residual is not None:
            residual = self.residual.interpolate(other.residual, t)
        latents = interpolate_rows(interpolation, self.latents, other.latents, t)
        return EncodedClip(latents, self.conditioning.interpolate(other.conditioning, t), residual)


def interpolation_of(name: str, centre: np.ndarray) -> Interpolation:
    """Return an interpolation by its name; arcs of ``slerp`` are about ``centre (d,)``, the mean of the clips' latents.

    Raises BadSetting for another name.
    """
    if name == "linear":
        return lerp
    if name != "slerp":
        raise BadSetting(f"There is no interpolation {name!r}; choose linear or slerp.")

    def slerp_around_centre(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
        if t in (0.0, 1.0):
            return b if t else a
        vector: np.ndarray = centre + slerp(a - centre, b - centre, t)
        return vector

    return slerp_around_centre


def interpolate_rows(interpolation: Interpolation, a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """Return the interpolation of each pair of rows of two arrays ``(n, d)`` at ``t``."""
    return np.stack([interpolation(first, last, t) for first, last in zip(a, b, strict=True)])


def interpolate_over_time(
    a: EncodedClip, b: EncodedClip, interpolation: Interpolation, latent_frames: int
) -> tuple[np.ndarray, list[ClipConditioning], Residual | None]:
    """Interpolate from the first latents of one clip to the last of another that has as many.

    Returns latents ``(n, latent_size)``, the conditioning of each, and the residual of all frames.
    """
    positions = np.linspace(0.0, 1.0, len(a.latents))
    latents = np.stack([interpolation(*vectors) for vectors in zip(a.latents, b.latents, positions, strict=True)])
    conditioning = [a.conditioning.interpolate(b.conditioning, t) for t in positions]
    if a.residual is None or b.residual is None:
        return latents, conditioning, None
    frame_positions = np.repeat(positions, latent_frames)[:, None]
    return latents, conditioning, a.residual.interpolate(b.residual, frame_positions)


def monotonic(values: np.ndarray) -> np.ndarray:
    """Return values ``(n,)`` without reversals between the first and the last, which do not change.

    For rising values, that is the mean of the running maximum from the start and the running minimum from the end.
    """
    sign = 1.0 if values[-1] >= values[0] else -1.0
    rising = np.clip(values * sign, sign * values[0], sign * values[-1])
    upper = np.maximum.accumulate(rising)
    lower = np.minimum.accumulate(rising[::-1])[::-1]
    result: np.ndarray = sign * (upper + lower) / 2
    return result


@dataclass(frozen=True)
class MonotonicPath:
    """Decoding of a path between two clips with monotonic brightness and without additional onsets.

    A clip whose brightness reverses is adjusted, if the model has that attribute. A clip with more onsets than the end
    that has fewer (as where partials beat) is decoded again with a smoother residual.
    """

    decode: Callable[[EncodedClip], np.ndarray]  # the decoder: an encoded clip to its wave ``(time,)``
    directions: AttributeDirections  # of the model
    sample_rate: int  # in Hz
    smoothing_frames: Sequence[float] = (0.0,)
    """Smoothing of the residual, tried in this order until there are few enough onsets."""

    def waves(self, path: Sequence[EncodedClip]) -> list[np.ndarray]:
        """Return the waves ``(time,)`` of the clips of a path; its ends are decoded as they are."""
        decoded = [self.decode(clip) for clip in path]
        max_onsets = min(count_onsets(end, self.sample_rate) for end in (decoded[0], decoded[-1]))
        octaves = monotonic(np.array([brightness(wave, self.sample_rate) for wave in decoded]))
        inner = [
            self._with_few_onsets(path[index], decoded[index], float(octaves[index]), max_onsets)
            for index in range(1, len(path) - 1)
        ]
        return [decoded[0], *inner, decoded[-1]]

    def _with_few_onsets(self, clip: EncodedClip, decoded: np.ndarray, octaves: float, max_onsets: int) -> np.ndarray:
        """Return the wave of a clip at a brightness, with at most ``max_onsets`` or as few as smoothing achieves."""
        if clip.residual is None:
            return self._at_brightness(clip, decoded, octaves)
        best = np.zeros(0)
        fewest: int | None = None
        for n_frames in self.smoothing_frames:
            smoothed = replace(clip, residual=clip.residual.smooth(n_frames))
            wave = self._at_brightness(smoothed, self.decode(smoothed) if n_frames else decoded, octaves)
            n_onsets = count_onsets(wave, self.sample_rate)
            if fewest is None or n_onsets < fewest:
                best, fewest = wave, n_onsets
            if n_onsets <= max_onsets:
                break
        return best

    def _at_brightness(self, clip: EncodedClip, wave: np.ndarray, octaves: float) -> np.ndarray:
        """Return the ``wave (time,)`` of a clip, adjusted to a brightness if the model has that attribute."""
        if BRIGHTNESS not in self.directions.attributes:
            return wave

        def shift(latents: np.ndarray, change: float) -> tuple[np.ndarray, np.ndarray]:
            shifted = self.directions.shift(latents, {BRIGHTNESS.name: change})
            return shifted, self.decode(replace(clip, latents=shifted))

        return adjust_brightness(clip.latents, wave, octaves, shift, self.sample_rate)


def interpolate_levels(waves: list[np.ndarray], level_a_db: float, level_b_db: float) -> list[np.ndarray]:
    """Scale the clips of a path so that their loudness changes linearly in dB between two levels.

    All are attenuated alike if one would exceed full scale.
    """
    first_db = loudness_db(waves[0]) + level_a_db
    last_db = loudness_db(waves[-1]) + level_b_db
    scaled = []
    for t, wave in zip(np.linspace(0.0, 1.0, len(waves)), waves, strict=True):
        gain = db_to_gain((1 - t) * first_db + t * last_db - loudness_db(wave))
        scaled.append((wave * gain).astype(np.float32))
    return limit_peak(scaled)


def limit_peak(waves: list[np.ndarray]) -> list[np.ndarray]:
    """Return ``waves (time,)``, all attenuated alike if one exceeds full scale."""
    peak = _peak(waves)
    return [wave / np.float32(peak) for wave in waves] if peak > 1.0 else waves


def adjusted_clips(waves: list[np.ndarray]) -> AdjustedClips:
    """Return versions of a clip, ``waves (time,)`` of any level, attenuated to full scale."""
    attenuation_db = max(float(gain_to_db(_peak(waves), 0.0)), 0.0)
    return AdjustedClips([wave[None] for wave in limit_peak(waves)], attenuation_db)


def _peak(waves: list[np.ndarray]) -> float:
    return max(float(np.abs(wave).max(initial=0.0)) for wave in waves)
