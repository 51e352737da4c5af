"""Sliders that keep to their units: what a sound is moved by is measured, and moved again until it has what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...units import db_to_gain
from .directions import ATTRIBUTES, MOST_STEPS, Directions, measure
from .morphing import loudness_db, tilted_to

MOST_TRIES = 16  # of one sound
NEAR = 0.1  # of an attribute's step is near enough
LARGEST_CHANGE = 1.5  # steps of the sliders from one try to the next
DAMPING = 0.05  # of a change, against directions that hardly move anything
BRIGHTNESS, LOUDNESS = (next(each for each in ATTRIBUTES if each.name == name) for name in ("brightness", "loudness"))

Decode = Callable[[np.ndarray], np.ndarray]
"""Latents ``(n, d)`` of a sound to its wave ``(time,)``."""


class Steering:
    """A sound's ``latents (n, d)``, its reconstruction by ``decode``, and the waves that sliders make of it.

    A step along all sliders corrects what the last one missed, by what sliders were seen to do to this sound (Broyden, "A class of methods
    for solving nonlinear simultaneous equations", 1965); the nearest of MOST_TRIES is taken. What it misses in brightness is an even tilt of
    the spectrum, in loudness a gain.
    """

    def __init__(self, latents: np.ndarray, directions: Directions, decode: Decode, sample_rate: int):
        self._latents, self._directions, self._decode, self._sample_rate = latents, directions, decode, sample_rate
        self._sliders = directions.attributes
        self._places = [ATTRIBUTES.index(each) for each in self._sliders]
        self._steps = np.array([each.step for each in self._sliders])
        self._start = decode(latents)

    def moved(self, amounts: Mapping[str, float]) -> np.ndarray:
        """The wave ``(time,)`` whose attributes are moved by ``amounts``, those of other sliders by nothing; raises BadSetting as
        :meth:`.Directions.move`."""
        self._directions.move(self._latents, amounts)
        if not any(amounts.values()):
            return self._start
        asked = np.array([amounts.get(each.name, 0.0) for each in self._sliders]) / self._steps
        wanted = self._measured(self._start) + asked
        wave, is_near = self._nearest(asked, wanted)
        if BRIGHTNESS in self._sliders and not is_near:
            octaves = float(wanted[self._sliders.index(BRIGHTNESS)]) * BRIGHTNESS.step
            wave = tilted_to(octaves, wave, self._sample_rate)
        if LOUDNESS in self._sliders:
            wanted_db = loudness_db(self._start) + amounts.get(LOUDNESS.name, 0.0)
            wave = wave * np.float32(db_to_gain(wanted_db - loudness_db(wave)))
        return wave

    def _nearest(self, asked: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, bool]:
        """The wave whose timbre comes nearest to ``wanted``, first tried where the sliders are ``asked (n,)``, and whether that is near."""
        in_timbre = np.array([each != LOUDNESS for each in self._sliders])
        position, response, missed, change = asked, np.eye(len(asked)), wanted, asked
        nearest, least = self._start, np.inf
        for number in range(MOST_TRIES):
            wave = self._decode(self._at(position))
            missing = wanted - self._measured(wave)
            if (far := float(np.abs(missing[in_timbre]).max(initial=0.0))) < least:
                nearest, least = wave, far
            if least < NEAR:
                break
            if number:
                response += np.outer(missed - missing - response @ change, change) / max(float(change @ change), 1e-9)
            change, missed = np.clip(_solved(response, missing), -LARGEST_CHANGE, LARGEST_CHANGE), missing
            position = np.clip(position + change, -MOST_STEPS, MOST_STEPS)
        return nearest, least < NEAR

    def _at(self, position: np.ndarray) -> np.ndarray:
        """The latents where each slider is moved by so many of its steps."""
        amounts = zip(self._sliders, position * self._steps, strict=True)
        return self._directions.move(self._latents, {each.name: float(amount) for each, amount in amounts})

    def _measured(self, wave: np.ndarray) -> np.ndarray:
        """What the sliders move, each in its own steps."""
        return measure(wave, self._sample_rate)[self._places] / self._steps


def _solved(response: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The change of sliders that makes up for what is ``missing (n,)``, where they do ``response (n, n)``."""
    return np.linalg.solve(response.T @ response + DAMPING * np.eye(len(missing)), response.T @ missing)
