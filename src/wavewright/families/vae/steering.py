"""Sliders that keep to their units: what a sound is moved by is measured, and moved again until it has what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...dsp.onset import CLICK_FACTOR, attenuate_end, local_crest_factor
from ...units import db_to_gain
from .directions import ATTRIBUTES, LEVEL_SECONDS, MOST_STEPS, Directions, measure
from .morphing import loudness_db, tilted_to

MOST_TRIES = 16  # of one sound
NEAR = 0.1  # of an attribute's step is near enough
LATE_SECONDS, LATE_DB = 0.003, -6.0
"""An attack is late if this long after the original one the level is still this far below the loudest moment."""

FRACTIONS = (
    0.75,
    0.5,
    0.25,
    0.0,
)  # of the sliders' positions, tried in place of a sound whose attack is late or clicks
LARGEST_CHANGE = 1.5  # steps of the sliders from one try to the next
DAMPING = 0.05  # of a change, against directions that hardly move anything
BRIGHTNESS, LOUDNESS = (next(each for each in ATTRIBUTES if each.name == name) for name in ("brightness", "loudness"))

Decode = Callable[[np.ndarray], np.ndarray]
"""Latents ``(n, d)`` of a sound to its wave ``(time,)``."""


@dataclass(frozen=True)
class Candidate:
    """A decoded ``wave (time,)``, the ``position (n,)`` of the sliders, and its distance from the target in steps."""

    wave: np.ndarray
    position: np.ndarray
    distance: float


class Steering:
    """Search for latents whose decoded wave has the requested attributes.

    Starts at ``latents (n, d)``, whose reconstruction is that of ``decode``, and iterates Broyden's method ("A class of
    methods for solving nonlinear simultaneous equations", 1965) up to MOST_TRIES times; the nearest candidate is taken.
    A tilt of the spectrum corrects the remaining error in brightness, a gain that in loudness. If the attack is late or
    the peak is a click, another candidate is taken, or smaller slider positions with more tilt.
    """

    def __init__(
        self, latents: np.ndarray, directions: Directions, decode: Decode, sample_rate: int, is_one_shot: bool = True
    ):
        self._latents, self._directions, self._decode, self._sample_rate = latents, directions, decode, sample_rate
        self._sliders = directions.attributes
        self._places = [ATTRIBUTES.index(each) for each in self._sliders]
        self._steps = np.array([each.step for each in self._sliders])
        self._start, self._is_one_shot = decode(latents), is_one_shot

    def moved(self, amounts: Mapping[str, float]) -> np.ndarray:
        """The wave ``(time,)`` whose attributes are moved by ``amounts``, those of other sliders by nothing; raises BadSetting as
        :meth:`.Directions.move`."""
        self._directions.move(self._latents, amounts)
        if not any(amounts.values()):
            return self._start
        asked = np.array([amounts.get(each.name, 0.0) for each in self._sliders]) / self._steps
        wanted = self._measured(self._start) + asked
        wave = self._best(asked, wanted)
        wave = attenuate_end(wave, self._sample_rate) if self._is_one_shot else wave
        if LOUDNESS in self._sliders:
            wanted_db = loudness_db(self._start) + amounts.get(LOUDNESS.name, 0.0)
            wave = wave * np.float32(db_to_gain(wanted_db - loudness_db(wave)))
        return wave

    def _best(self, asked: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Return the wave ``(time,)`` nearest to ``wanted`` with a good attack, tilted to its brightness."""
        candidates = self._candidates(asked, wanted)
        nearest = min(candidates, key=lambda each: each.distance)
        wave = nearest.wave if nearest.distance < NEAR else self._tilted(nearest.wave, wanted)
        if self._begins_well(wave):
            return wave
        waves = [self._decode(self._at(fraction * nearest.position)) for fraction in FRACTIONS]
        waves += [each.wave for each in candidates if each is not nearest]
        others = [self._tilted(each, wanted) for each in waves]
        good = [each for each in others if self._begins_well(each)] or [self._tilted(self._start, wanted)]
        return min(good, key=lambda each: self._distance(wanted - self._measured(each)))

    def _candidates(self, asked: np.ndarray, wanted: np.ndarray) -> list[Candidate]:
        """Return the iterates of Broyden's method towards ``wanted``, starting with the sliders at ``asked (n,)``."""
        position, response, missed, change = asked, np.eye(len(asked)), wanted, asked
        candidates: list[Candidate] = []
        for number in range(MOST_TRIES):
            wave = self._decode(self._at(position))
            missing = wanted - self._measured(wave)
            candidates.append(Candidate(wave, position, self._distance(missing)))
            if candidates[-1].distance < NEAR:
                break
            if number:
                response += np.outer(missed - missing - response @ change, change) / max(float(change @ change), 1e-9)
            change, missed = np.clip(_solved(response, missing), -LARGEST_CHANGE, LARGEST_CHANGE), missing
            position = np.clip(position + change, -MOST_STEPS, MOST_STEPS)
        return candidates

    def _distance(self, missing: np.ndarray) -> float:
        """Return the largest entry of ``missing (n,)`` in timbre, in steps; a gain makes up for loudness."""
        in_timbre = np.array([each != LOUDNESS for each in self._sliders])
        return float(np.abs(missing[in_timbre]).max(initial=0.0))

    def _tilted(self, wave: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Return ``wave (time,)`` tilted to the brightness of ``wanted``, if brightness is a slider."""
        if BRIGHTNESS not in self._sliders:
            return wave
        octaves = float(wanted[self._sliders.index(BRIGHTNESS)]) * BRIGHTNESS.step
        return tilted_to(octaves, wave, self._sample_rate)

    def _begins_well(self, wave: np.ndarray) -> bool:
        """Return whether the attack of ``wave (time,)`` is not late, and its peak no click that the original lacks."""
        new_click = self._has_click(wave) and not self._has_click(self._start)
        return not new_click and not is_late(wave, self._start, self._sample_rate)

    def _has_click(self, wave: np.ndarray) -> bool:
        return local_crest_factor(wave, int(np.abs(wave).argmax()), self._sample_rate) > CLICK_FACTOR

    def _at(self, position: np.ndarray) -> np.ndarray:
        """The latents where each slider is moved by so many of its steps."""
        amounts = zip(self._sliders, position * self._steps, strict=True)
        return self._directions.move(self._latents, {each.name: float(amount) for each, amount in amounts})

    def _measured(self, wave: np.ndarray) -> np.ndarray:
        """What the sliders move, each in its own steps."""
        return measure(wave, self._sample_rate)[self._places] / self._steps


def is_late(wave: np.ndarray, start: np.ndarray, sample_rate: int) -> bool:
    """Return whether the attack of ``wave (time,)`` comes later than that of ``start (time,)``, the original sound.

    Levels are powers over LEVEL_SECONDS; the attack is where the level first reaches half of its maximum.
    """
    width = max(1, round(LEVEL_SECONDS * sample_rate))
    powers = [np.convolve(np.square(each, dtype=np.float64), np.ones(width), "same") for each in (wave, start)]
    in_time = int(np.argmax(powers[1] >= powers[1].max() / 2)) + round(LATE_SECONDS * sample_rate) + 1
    return bool(powers[0][:in_time].max() < powers[0].max() * db_to_gain(LATE_DB) ** 2)


def _solved(response: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The change of sliders that makes up for what is ``missing (n,)``, where they do ``response (n, n)``."""
    return np.linalg.solve(response.T @ response + DAMPING * np.eye(len(missing)), response.T @ missing)
