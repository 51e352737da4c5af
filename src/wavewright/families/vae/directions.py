"""Sliders: directions in the latents along which one attribute of the sound changes and the others stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...dsp.onset import onset_sample
from ...dsp.spectrum import spectrogram
from ...errors import BadModel, BadSetting
from ...units import gain_to_db


@dataclass(frozen=True)
class Attribute:
    """What a slider moves: its name, its unit, and the step by which its direction is measured."""

    name: str
    unit: str
    step: float


ATTRIBUTES = (
    Attribute("brightness", "octaves", 0.4),
    Attribute("loudness", "dB", 2.0),
    Attribute("length", "doublings", 0.4),
    Attribute("attack", "doublings", 0.4),
)
"""Of one-shots; sounds of any length have the first two."""
OF_ANY_LENGTH = 2

MOST_STEPS = 50  # that a slider may be moved by
SHORTEST_SECONDS = 5e-4  # of an attack or a length
LEVEL_SECONDS = 0.002  # over which a level is taken
ENERGY_SHARE = 0.9  # that a sound's length holds
RIDGE = 1.0  # added to the variances of whitened latents, over their number
CLIPS_TO_CALIBRATE = 32
CALIBRATIONS = 2  # times that the responses are measured and the directions corrected
SMALLEST_RESPONSE = 0.1  # units of its own attribute that a direction must move for each unit asked for
SMALLEST_MIXTURE = 0.05  # of the strongest response; weaker mixtures of directions are not amplified

Decode = Callable[[np.ndarray], np.ndarray]
"""Latents ``(n, d)`` to waves ``(n, time)``."""


def measure(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """The attributes of ``wave (time,)``, ``(len(ATTRIBUTES),)`` float64.

    Brightness: log2 of the magnitudes' centroid in hertz. Loudness: root mean square in dB of full scale. Length: log2 of the seconds
    from the onset that hold nine tenths of the energy. Attack: log2 of the seconds from the onset to half of the highest power.
    """
    n_fft = min(2048, 2 ** int(np.log2(max(len(wave), 16))))
    magnitudes = spectrogram(wave, n_fft, n_fft // 4, power=1.0).sum(axis=1, dtype=np.float64)
    frequencies_hz = np.arange(len(magnitudes)) * sample_rate / n_fft
    centroid_hz = (magnitudes @ frequencies_hz) / max(magnitudes.sum(), 1e-12)
    power = np.square(wave, dtype=np.float64)
    onset = onset_sample(wave, sample_rate)
    energy = np.cumsum(power[onset:])
    length = np.searchsorted(energy, ENERGY_SHARE * energy[-1]) if energy[-1] > 0 else 0
    width = max(1, round(LEVEL_SECONDS * sample_rate))
    levels = np.convolve(power[onset:], np.ones(width), "valid") if len(power) - onset > width else power[onset:]
    seconds = np.maximum(
        np.array([length, np.argmax(levels >= levels.max(initial=0.0) / 2)]) / sample_rate, SHORTEST_SECONDS
    )
    loudness_db = float(gain_to_db(np.sqrt(power.mean()), -100.0))
    return np.array([np.log2(max(centroid_hz, 20.0)), loudness_db, *np.log2(seconds)])


@dataclass(frozen=True)
class Directions:
    """A direction ``(d,)`` for each attribute, of the length that changes it by one unit: ``vectors (attributes, d)``, zeros for none."""

    vectors: np.ndarray

    @classmethod
    def find(cls, points: np.ndarray, attributes: np.ndarray, decode: Decode, sample_rate: int) -> Directions:
        """Directions from ``points (n, d)`` of sounds and their ``attributes (n, a)``, then corrected by what the decoder makes of them.

        A ridge regression of the attributes on the latents says how each depends on them; the directions are the shortest steps, in
        deviations of the latents, that change one attribute by a unit and none of the others. Then steps are decoded and measured, and
        the directions mixed so that each moves what it is named after; one that moves nothing is left out.
        """
        vectors = _regressed(points.astype(np.float64), attributes)
        chosen = points[np.linspace(0, len(points) - 1, min(len(points), CLIPS_TO_CALIBRATE)).round().astype(int)]
        kept = np.ones(len(vectors), bool)
        for _ in range(CALIBRATIONS):
            responses = _responses(vectors, chosen, decode, sample_rate)
            kept &= np.diag(responses) > SMALLEST_RESPONSE
            among = np.ix_(kept, kept)
            vectors[kept] = np.linalg.pinv(responses[among].T, rcond=SMALLEST_MIXTURE) @ vectors[kept]
            vectors[~kept] = 0.0
        return cls(vectors.astype(np.float32))

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What the directions that there are are named after."""
        return tuple(each for each, vector in zip(ATTRIBUTES, self.vectors, strict=False) if vector.any())

    def move(self, latents: np.ndarray, amounts: Mapping[str, float]) -> np.ndarray:
        """``latents (..., d)`` moved by ``amounts`` in the units of the attributes.

        Raises BadSetting for an attribute that there is not, or an amount beyond MOST_STEPS of its steps.
        """
        names = [attribute.name for attribute in self.attributes]
        for name, amount in amounts.items():
            if name not in names:
                raise BadSetting(f"There is no slider {name!r}; this model has {', '.join(names) or 'none'}.")
            attribute = self.attributes[names.index(name)]
            if not abs(amount) <= attribute.step * MOST_STEPS:  # no comparison holds for what is not a number
                most = f"{attribute.step * MOST_STEPS:g}"
                raise BadSetting(
                    f"The slider {name} is {amount}; it must lie between -{most} and {most} {attribute.unit}."
                )
        steps = np.array([amounts.get(each.name, 0.0) for each in ATTRIBUTES[: len(self.vectors)]], np.float32)
        return (latents + steps @ self.vectors).astype(np.float32)

    @classmethod
    def of(cls, vectors: np.ndarray | None, latent_size: int) -> Directions:
        """The directions of a model folder; raises BadModel where they do not fit it."""
        vectors = np.zeros((0, latent_size)) if vectors is None else vectors
        if (
            vectors.ndim != 2
            or vectors.shape[1] != latent_size
            or len(vectors) > len(ATTRIBUTES)
            or not np.isfinite(vectors).all()
        ):
            raise BadModel(
                f"The sliders of the model have shape {vectors.shape}, which does not fit it; copy it again."
            )
        return cls(vectors.astype(np.float32))


def _regressed(points: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Directions ``(attributes, d)`` by ridge regression alone."""
    centred, wanted = points - points.mean(axis=0), attributes - attributes.mean(axis=0)
    n, d = points.shape
    deviations = np.maximum(centred.std(axis=0), 1e-3)
    white = centred / deviations
    slopes = np.linalg.solve(white.T @ white + RIDGE * d * np.eye(d), white.T @ wanted)  # (d, attributes)
    covariance = white.T @ white / n + 1e-3 * np.eye(d)
    reached = covariance @ slopes
    return (reached @ np.linalg.pinv(slopes.T @ reached)).T * deviations


def _responses(vectors: np.ndarray, points: np.ndarray, decode: Decode, sample_rate: int) -> np.ndarray:
    """How much each attribute (row) changes for a unit of each direction (column), the median over ``points (n, d)``."""
    n_attributes = len(vectors)
    columns = []
    for vector, attribute in zip(vectors, ATTRIBUTES, strict=False):
        ends = []
        for sign in (-0.5, 0.5):
            moved = (points + sign * attribute.step * vector).astype(np.float32)
            ends.append(np.stack([measure(wave, sample_rate)[:n_attributes] for wave in decode(moved)]))
        columns.append(np.median(ends[1] - ends[0], axis=0) / attribute.step)
    return np.stack(columns, axis=1)
