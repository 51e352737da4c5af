"""Attributes of clips: their measurement, and the latent directions that change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...base.units import gain_to_db
from ...contracts.morphing import Attribute
from ...dsp.onset import onset_sample
from ...dsp.spectrum import spectrogram

BRIGHTNESS = Attribute("brightness", "octaves", 0.4)
LOUDNESS = Attribute("loudness", "dB", 2.0)
LENGTH = Attribute("length", "doublings", 0.4)
ATTACK = Attribute("attack", "doublings", 0.4)
ATTRIBUTES = (BRIGHTNESS, LOUDNESS, LENGTH, ATTACK)
"""Attributes of one-shots; the first N_SEQUENCE_ATTRIBUTES are also those of clips of any length."""
N_SEQUENCE_ATTRIBUTES = 2

# Measurement
MIN_SECONDS = 5e-4  # of an attack or a length
LEVEL_SECONDS = 0.002  # window of a level
LENGTH_ENERGY = 0.9  # fraction of the energy within a clip's length

# Directions
MAX_STEPS = 50  # largest amount of an adjustment, in steps
RIDGE = 1.0  # of the regression on n clips in d dimensions: RIDGE * d / n is added to the variance 1 of each dimension
CALIBRATION_CLIPS = 32
CALIBRATION_ROUNDS = 2  # times that responses are measured and the directions corrected
MIN_RESPONSE = 0.1  # units that a direction must change its attribute by, for each unit requested
MIN_SINGULAR_VALUE = 0.05  # relative to the largest; weaker mixtures of directions are not amplified

DecodeBatch = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Decode one latent vector each, ``(n, d)``, of the clips with these rows ``(n,)``, to waves ``(n, time)``."""


def measure_attributes(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Measure the attributes of a clip.

    - returns: ``(len(ATTRIBUTES),)`` float64. Brightness: log2 of the spectral centroid in hertz. Loudness: root mean
      square in dB of full scale. Length: log2 of the seconds after the onset that contain LENGTH_ENERGY of the energy.
      Attack: log2 of the seconds from the onset to half of the highest power.
    """
    power = np.square(wave, dtype=np.float64)
    from_onset = power[onset_sample(wave, sample_rate) :]
    energy = np.cumsum(from_onset)
    length = np.searchsorted(energy, LENGTH_ENERGY * energy[-1]) if energy[-1] > 0 else 0
    width = max(1, round(LEVEL_SECONDS * sample_rate))
    levels = np.convolve(from_onset, np.ones(width), "valid") if len(from_onset) > width else from_onset
    attack = np.argmax(levels >= levels.max(initial=0.0) / 2)
    seconds = np.maximum(np.array([length, attack]) / sample_rate, MIN_SECONDS)
    return np.array([brightness(wave, sample_rate), loudness_db(wave), *np.log2(seconds)])


def loudness_db(wave: np.ndarray) -> float:
    """Return the root mean square of ``wave (time,)`` in dB of full scale, at least -100."""
    return float(gain_to_db(np.sqrt(np.mean(np.square(wave, dtype=np.float64))), -100.0))


def brightness(wave: np.ndarray, sample_rate: int) -> float:
    """Return the brightness of ``wave (time,)`` in octaves, see :func:`measure_attributes`."""
    n_fft = min(2048, 2 ** int(np.log2(max(len(wave), 16))))
    magnitudes = spectrogram(wave, n_fft, n_fft // 4, power=1.0).sum(axis=1, dtype=np.float64)
    frequencies_hz = np.arange(len(magnitudes)) * sample_rate / n_fft
    centroid_hz = (magnitudes @ frequencies_hz) / max(magnitudes.sum(), 1e-12)
    return float(np.log2(max(centroid_hz, 20.0)))


@dataclass(frozen=True)
class AttributeDirections:
    """Directions in latent space that change one attribute and leave the others.

    - ``vectors``: ``(attributes, d)`` in the order of ATTRIBUTES, each of the length that changes its attribute by one
      unit; zeros for an attribute that the decoder does not follow.
    """

    vectors: np.ndarray

    @classmethod
    def fit(
        cls, latents: np.ndarray, attributes: np.ndarray, decode: DecodeBatch, sample_rate: int
    ) -> AttributeDirections:
        """Fit directions to clips by ridge regression, and calibrate them on decoded clips.

        Calibration decodes steps along each direction, measures how every attribute responds, and mixes the directions
        so that each changes its own attribute alone. A direction without effect is set to zero.

        - ``decode``: the decoder, with the conditioning of the clips.
        """
        vectors = _regress_directions(latents.astype(np.float64), attributes)
        rows = np.linspace(0, len(latents) - 1, min(len(latents), CALIBRATION_CLIPS)).round().astype(int)
        is_effective = np.ones(len(vectors), bool)
        for _ in range(CALIBRATION_ROUNDS):
            responses = _measure_responses(vectors, latents[rows], lambda shifted: decode(shifted, rows), sample_rate)
            is_effective &= np.diag(responses) > MIN_RESPONSE
            effective = responses[np.ix_(is_effective, is_effective)]
            # Directions mixed by the inverse of the transposed responses change their own attribute by 1, others by 0.
            vectors[is_effective] = np.linalg.pinv(effective.T, rcond=MIN_SINGULAR_VALUE) @ vectors[is_effective]
            vectors[~is_effective] = 0.0
        return cls(vectors.astype(np.float32))

    @classmethod
    def from_tensor(cls, vectors: np.ndarray | None, latent_size: int) -> AttributeDirections:
        """Check and adopt the tensor of a model folder; None for no attributes.

        Raises BadModel if the shape is wrong, or a value is NaN or infinite.
        """
        vectors = np.zeros((0, latent_size)) if vectors is None else vectors
        is_valid = vectors.ndim == 2 and vectors.shape[1] == latent_size and len(vectors) <= len(ATTRIBUTES)
        if not is_valid or not np.isfinite(vectors).all():
            raise BadModel(
                f"The attribute directions have shape {vectors.shape}, which does not fit the model; copy it again."
            )
        return cls(vectors.astype(np.float32))

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that have a direction."""
        return tuple(each for each, vector in zip(ATTRIBUTES, self.vectors, strict=False) if vector.any())

    def shift(self, latents: np.ndarray, amounts: Mapping[str, float]) -> np.ndarray:
        """Return latents ``(..., d)`` float32 shifted by the change of each attribute by name, in its unit.

        Raises BadSetting as :meth:`check`.
        """
        self.check(amounts)
        row = np.array([amounts.get(each.name, 0.0) for each in ATTRIBUTES[: len(self.vectors)]], np.float32)
        shifted: np.ndarray = latents + row @ self.vectors
        return shifted.astype(np.float32)

    def check(self, amounts: Mapping[str, float]) -> None:
        """Raise BadSetting for an attribute without a direction, or an amount beyond MAX_STEPS of its steps."""
        by_name = {attribute.name: attribute for attribute in self.attributes}
        for name, amount in amounts.items():
            if name not in by_name:
                raise BadSetting(
                    f"There is no attribute {name!r} to adjust; this model has {', '.join(by_name) or 'none'}."
                )
            attribute = by_name[name]
            limit = attribute.step * MAX_STEPS
            if not abs(amount) <= limit:  # also refuses NaN
                raise BadSetting(
                    f"The amount of {name} is {amount}; it must lie between -{limit:g} and {limit:g} {attribute.unit}."
                )


def _regress_directions(latents: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Return the direction of each attribute by linear regression, ``(attributes, d)``.

    Ridge regression estimates ``attributes = latents @ B``. Of all steps ``x`` with ``B.T @ x = e_i``, whose regressed
    change is one unit of attribute ``i`` and zero of the others, the direction has the smallest Mahalanobis norm, so it
    is the most plausible one. These steps are the columns of ``S @ B @ inv(B.T @ S @ B)``; ``S`` is the covariance of
    the latents.
    """
    centred = latents - latents.mean(axis=0)
    target = attributes - attributes.mean(axis=0)
    n, d = latents.shape
    std = np.maximum(centred.std(axis=0), 1e-3)
    white = centred / std  # B and S refer to these, and the result is scaled back to latents
    slopes = np.linalg.solve(white.T @ white + RIDGE * d * np.eye(d), white.T @ target)  # (d, attributes)
    covariance = white.T @ white / n + 1e-3 * np.eye(d)
    projected = covariance @ slopes
    directions: np.ndarray = (projected @ np.linalg.pinv(slopes.T @ projected)).T * std
    return directions


def _measure_responses(
    vectors: np.ndarray, latents: np.ndarray, decode: Callable[[np.ndarray], np.ndarray], sample_rate: int
) -> np.ndarray:
    """Return the change of each attribute (row) by one unit of each direction (column), the median over the clips."""
    n_attributes = len(vectors)
    columns = []
    for vector, attribute in zip(vectors, ATTRIBUTES, strict=False):
        measured = []
        for sign in (-0.5, 0.5):
            shifted = (latents + sign * attribute.step * vector).astype(np.float32)
            measured.append([measure_attributes(wave, sample_rate)[:n_attributes] for wave in decode(shifted)])
        before, after = np.array(measured)
        columns.append(np.median(after - before, axis=0) / attribute.step)
    return np.stack(columns, axis=1)
