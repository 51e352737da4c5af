"""Adjustment of a clip's attributes to a target: measured, corrected, and completed by a spectral tilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...base.units import db_to_gain
from ...contracts.morphing import MAX_CANDIDATES, Attribute
from ...dsp.onset import CLICK_FACTOR, attenuate_end, local_crest_factor
from ...dsp.tilt import tilting
from .attributes import (
    ATTRIBUTES,
    BRIGHTNESS,
    LEVEL_SECONDS,
    LOUDNESS,
    MAX_STEPS,
    AttributeDirections,
    brightness,
    loudness_db,
    measure_attributes,
)

TOLERANCE = 0.1  # of an attribute's step
MAX_UPDATE = 1.5  # steps of an attribute in one iteration
DAMPING = 0.05  # of the least squares of an update, against large updates along directions with little effect
RETRY_FRACTIONS = (0.75, 0.5, 0.25, 0.0)  # of the amounts, tried if the attack is late or the peak is a click
LATE_SECONDS, LATE_DB = 0.003, -6.0  # an attack is late if the level stays so far below its maximum for so long
MAX_TILT_DB, TILT_ITERATIONS = 9.0, 9  # per octave; bisections
BRIGHTNESS_ITERATIONS = 6  # of adjust_brightness
BRIGHTNESS_TOLERANCE = 0.02  # octaves
MAX_BRIGHTNESS_UPDATE = 1.5  # octaves in one iteration

DecodeClip = Callable[[np.ndarray], np.ndarray]
"""Decode the latents ``(n, d)`` of one clip to its wave ``(time,)``."""


@dataclass(frozen=True)
class Candidate:
    """A decoded clip during an adjustment."""

    wave: np.ndarray  # ``(time,)``
    shift: np.ndarray  # amounts along the directions in steps, ``(attributes,)``
    missing: np.ndarray  # target minus measured attributes in steps, ``(attributes,)``
    error: float  # largest absolute entry of ``missing`` except loudness, which a gain corrects


@dataclass(frozen=True)
class AttributeAdjustment:
    """Search for latents whose decoded clip has the requested attributes.

    The directions are exact for the median clip only: one clip may respond less or more, and other attributes change
    with it. So the search decodes, measures and corrects the shift by Broyden's method with damped updates, and takes
    the nearest of at most `max_candidates`. A spectral tilt corrects the remaining error of brightness, a gain that of
    loudness. If the attack is late or the peak is a click, another candidate is taken, or a smaller shift with more
    tilt.

    - ``is_one_shot``: attenuate a rising end of the result.
    - ``max_candidates``: candidates that are decoded, 1 to MAX_CANDIDATES. With 1 there is no search: the directions
      alone, then the tilt and the gain, whatever the attack.

    References
    ----------
    C. G. Broyden, "A class of methods for solving nonlinear simultaneous equations", 1965.
    """

    latents: np.ndarray
    directions: AttributeDirections
    decode: DecodeClip
    sample_rate: int
    is_one_shot: bool = True
    max_candidates: int = MAX_CANDIDATES

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that can be adjusted."""
        return self.directions.attributes

    @cached_property
    def _steps(self) -> np.ndarray:
        """Step of each attribute, ``(attributes,)``."""
        return np.array([each.step for each in self.attributes])

    @cached_property
    def _original(self) -> np.ndarray:
        """The decoded clip ``(time,)`` before any adjustment."""
        return self.decode(self.latents)

    def adjust(self, amounts: Mapping[str, float]) -> np.ndarray:
        """Return the clip ``(time,)`` with some attributes changed by amounts in their units, the others retained.

        Where all amounts are 0, that is the decoded original.

        Raises BadSetting as :meth:`AttributeDirections.check`.
        """
        self.directions.check(amounts)
        if not any(amounts.values()):
            return self._original
        shift = np.array([amounts.get(each.name, 0.0) for each in self.attributes]) / self._steps
        target = self._measure(self._original) + shift
        wave = self._search(shift, target)
        if self.is_one_shot:
            wave = attenuate_end(wave, self.sample_rate)
        if LOUDNESS in self.attributes:
            target_db = loudness_db(self._original) + amounts.get(LOUDNESS.name, 0.0)
            wave = wave * np.float32(db_to_gain(target_db - loudness_db(wave)))
        return wave

    def _search(self, shift: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the wave ``(time,)`` nearest to ``target`` with an intact attack, tilted to its brightness."""
        candidates = self._iterate(shift, target)
        nearest = min(candidates, key=lambda each: each.error)
        wave = nearest.wave if nearest.error < TOLERANCE else self._tilt(nearest.wave, target)
        if self.max_candidates == 1 or self._is_attack_intact(wave):
            return wave
        waves = [self._decode_shifted(fraction * nearest.shift) for fraction in RETRY_FRACTIONS]
        waves += [each.wave for each in candidates if each is not nearest]
        tilted = [self._tilt(each, target) for each in waves]
        intact = [each for each in tilted if self._is_attack_intact(each)] or [self._tilt(self._original, target)]
        return min(intact, key=lambda each: self._error(self._missing(each, target)))

    def _iterate(self, shift: np.ndarray, target: np.ndarray) -> list[Candidate]:
        """Return the iterates of Broyden's method, starting at ``shift (attributes,)``, all in steps."""
        jacobian = np.eye(len(shift))  # of calibrated directions: each step changes its own attribute by one step
        candidates = [self._candidate(shift, target)]
        while len(candidates) < self.max_candidates and not candidates[-1].error < TOLERANCE:
            last = candidates[-1]
            update = np.clip(_solve_damped(jacobian, last.missing), -MAX_UPDATE, MAX_UPDATE)
            candidate = self._candidate(np.clip(last.shift + update, -MAX_STEPS, MAX_STEPS), target)
            unexplained = last.missing - candidate.missing - jacobian @ update
            jacobian += np.outer(unexplained, update) / max(float(update @ update), 1e-9)
            candidates.append(candidate)
        return candidates

    def _candidate(self, shift: np.ndarray, target: np.ndarray) -> Candidate:
        """Decode and measure the latents shifted by ``shift (attributes,)``, in steps."""
        wave = self._decode_shifted(shift)
        missing = self._missing(wave, target)
        return Candidate(wave, shift, missing, self._error(missing))

    def _error(self, missing: np.ndarray) -> float:
        """Return the largest absolute entry of ``missing (attributes,)`` except loudness, which a gain corrects."""
        is_timbre = np.array([each != LOUDNESS for each in self.attributes])
        return float(np.abs(missing[is_timbre]).max(initial=0.0))

    def _missing(self, wave: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return ``target (attributes,)`` minus the attributes of ``wave (time,)``, in steps."""
        missing: np.ndarray = target - self._measure(wave)
        return missing

    def _tilt(self, wave: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return ``wave (time,)`` tilted to the brightness of ``target``, if the model has that attribute."""
        if BRIGHTNESS not in self.attributes:
            return wave
        octaves = float(target[self.attributes.index(BRIGHTNESS)]) * BRIGHTNESS.step
        return tilt_to_brightness(wave, octaves, self.sample_rate)

    def _is_attack_intact(self, wave: np.ndarray) -> bool:
        """Return whether the attack of ``wave (time,)`` is in time, and its peak no click that the original lacks."""
        has_new_click = self._has_click(wave) and not self._has_click(self._original)
        return not has_new_click and not is_attack_late(wave, self._original, self.sample_rate)

    def _has_click(self, wave: np.ndarray) -> bool:
        return local_crest_factor(wave, int(np.abs(wave).argmax()), self.sample_rate) > CLICK_FACTOR

    def _decode_shifted(self, shift: np.ndarray) -> np.ndarray:
        """Return the wave ``(time,)`` of the latents shifted by ``shift (attributes,)``, in steps."""
        amounts = zip(self.attributes, shift * self._steps, strict=True)
        return self.decode(self.directions.shift(self.latents, {each.name: float(amount) for each, amount in amounts}))

    def _measure(self, wave: np.ndarray) -> np.ndarray:
        """Return the attributes of ``wave (time,)`` in their steps, ``(attributes,)``."""
        indices = [ATTRIBUTES.index(each) for each in self.attributes]
        measured: np.ndarray = measure_attributes(wave, self.sample_rate)[indices] / self._steps
        return measured


def is_attack_late(wave: np.ndarray, original: np.ndarray, sample_rate: int) -> bool:
    """Return whether the attack of a clip ``(time,)`` is later than that of the original.

    It is if LATE_SECONDS after the original's level first reaches half of its maximum power, the level of ``wave`` is
    still LATE_DB below its own maximum. Levels are powers over LEVEL_SECONDS.
    """
    width = max(1, round(LEVEL_SECONDS * sample_rate))
    window = np.ones(width)
    level = np.convolve(np.square(wave, dtype=np.float64), window, "same")
    original_level = np.convolve(np.square(original, dtype=np.float64), window, "same")
    attack = int(np.argmax(original_level >= original_level.max() / 2))
    latest = attack + round(LATE_SECONDS * sample_rate) + 1
    return bool(level[:latest].max() < level.max() * db_to_gain(LATE_DB) ** 2)


def _solve_damped(jacobian: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return the damped least-squares solution (Levenberg-Marquardt) of ``jacobian @ x = missing``."""
    gram = jacobian.T @ jacobian + DAMPING * np.eye(len(missing))
    return np.linalg.solve(gram, jacobian.T @ missing)


def adjust_brightness(
    latents: np.ndarray,
    wave: np.ndarray,
    octaves: float,
    shift: Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]],
    sample_rate: int,
) -> np.ndarray:
    """Shift the latents of a clip until its brightness is ``octaves``; a spectral tilt corrects the remaining error.

    - ``octaves``: target, see :func:`brightness`.
    - ``shift``: return new latents and their wave ``(time,)`` from latents and a change of brightness in octaves.
    """
    missing = octaves - brightness(wave, sample_rate)
    nearest, error = wave, abs(missing)
    for _ in range(BRIGHTNESS_ITERATIONS):
        if error < BRIGHTNESS_TOLERANCE:
            break
        change = float(np.clip(missing, -MAX_BRIGHTNESS_UPDATE, MAX_BRIGHTNESS_UPDATE))
        latents, wave = shift(latents, change)
        missing = octaves - brightness(wave, sample_rate)
        if abs(missing) < error:
            nearest, error = wave, abs(missing)
    return nearest if error < BRIGHTNESS_TOLERANCE else tilt_to_brightness(nearest, octaves, sample_rate)


def tilt_to_brightness(wave: np.ndarray, octaves: float, sample_rate: int) -> np.ndarray:
    """Tilt the spectrum of a clip ``(time,)`` until its brightness is ``octaves``, by up to MAX_TILT_DB per octave."""
    tilted = tilting(wave, sample_rate)
    low, high = -MAX_TILT_DB, MAX_TILT_DB
    for _ in range(TILT_ITERATIONS):
        middle = (low + high) / 2
        if brightness(tilted(middle), sample_rate) < octaves:
            low = middle
        else:
            high = middle
    return tilted((low + high) / 2)
