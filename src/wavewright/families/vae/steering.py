"""Sliders that keep to their units: what a sound is moved by is measured, and moved again until it has what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...units import db_to_gain
from .directions import ATTRIBUTES, MOST_STEPS, Attribute, Directions, measure
from .morphing import loudness_db, tilted_to

MOST_TRIES = 16  # of one sound
NEAR = 0.1  # of an attribute's step is near enough
LARGEST_CHANGE = 1.5  # steps of the sliders from one try to the next
DAMPING = 0.05  # of a change, against directions that hardly move anything
BRIGHTNESS, LOUDNESS = (next(each for each in ATTRIBUTES if each.name == name) for name in ("brightness", "loudness"))

Decode = Callable[[np.ndarray], np.ndarray]
"""Latents ``(n, d)`` of a sound to its wave ``(time,)``."""


def steered(
    latents: np.ndarray, amounts: Mapping[str, float], directions: Directions, decode: Decode, sample_rate: int
) -> np.ndarray:
    """The wave ``(time,)`` of a sound's ``latents (n, d)`` whose attributes are moved by ``amounts``, those of other sliders by nothing.

    A step along all sliders corrects what the last one missed, by what sliders were seen to do to this sound (Broyden, "A class of methods
    for solving nonlinear simultaneous equations", 1965); the nearest of MOST_TRIES is taken. What it misses in brightness is an even tilt of
    the spectrum, in loudness a gain. Raises BadSetting as :meth:`.Directions.move`.
    """
    wave = decode(directions.move(latents, amounts))
    if not any(amounts.values()):
        return wave
    sliders = directions.attributes
    places, steps = [ATTRIBUTES.index(each) for each in sliders], np.array([each.step for each in sliders])
    moved = np.array([amounts.get(each.name, 0.0) for each in sliders]) / steps
    start = decode(latents)
    wanted = measure(start, sample_rate)[places] / steps + moved
    in_timbre = np.array([each != LOUDNESS for each in sliders])
    response, nearest, least = np.eye(len(steps)), wave, np.inf
    missing = wanted - measure(wave, sample_rate)[places] / steps
    for _ in range(MOST_TRIES):
        if (far := float(np.abs(missing[in_timbre]).max(initial=0.0))) < least:
            nearest, least = wave, far
        if least < NEAR:
            break
        change = np.clip(_solved(response, missing), -LARGEST_CHANGE, LARGEST_CHANGE)
        moved = np.clip(moved + change, -MOST_STEPS, MOST_STEPS)
        wave = decode(directions.move(latents, _amounts(moved * steps, sliders)))
        still = wanted - measure(wave, sample_rate)[places] / steps
        response += np.outer(missing - still - response @ change, change) / max(float(change @ change), 1e-9)
        missing = still
    if BRIGHTNESS in sliders and least >= NEAR:
        nearest = tilted_to(float(wanted[sliders.index(BRIGHTNESS)]) * BRIGHTNESS.step, nearest, sample_rate)
    if LOUDNESS in sliders:
        louder = loudness_db(start) + amounts.get(LOUDNESS.name, 0.0) - loudness_db(nearest)
        nearest = nearest * np.float32(db_to_gain(louder))
    return nearest


def _solved(response: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The change of sliders that makes up for what is ``missing (n,)``, where they do ``response (n, n)``."""
    return np.linalg.solve(response.T @ response + DAMPING * np.eye(len(missing)), response.T @ missing)


def _amounts(moved: np.ndarray, sliders: tuple[Attribute, ...]) -> dict[str, float]:
    return {each.name: float(amount) for each, amount in zip(sliders, moved, strict=True)}
