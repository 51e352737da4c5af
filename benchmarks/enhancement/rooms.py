"""Impulse responses of rooms that no model was trained in, simulated by another program."""

from __future__ import annotations

import numpy as np

from benchmarks.harness.peers import Peer
from wavewright.dsp.rooms import Room

PYROOMACOUSTICS = Peer("pyroomacoustics", "pip install pyroomacoustics==0.10.1", module="pyroomacoustics")
SMALLEST, LARGEST = (3.0, 3.0, 2.4), (9.0, 7.0, 4.0)  # metres
WALL = 0.5  # distance of source and microphone from the walls
MAX_ORDER = 40


def simulated_response(
    rng: np.random.Generator, sample_rate: int, t60: tuple[float, float], distance: tuple[float, float]
) -> np.ndarray:
    """Return an impulse response ``(time,)``; the direct sound is the first sample, 1.

    It is one of pyroomacoustics, or of Wavewright's own simulation where that is not installed.

    Parameters
    ----------
    rng
        Draws the room and the places.
    sample_rate
        Hz.
    t60, distance
        Ranges of the reverberation time in seconds and of the distance in metres.
    """
    if not PYROOMACOUSTICS.is_installed:
        size = rng.uniform(SMALLEST, LARGEST)
        return Room(size, rng.uniform(*t60)).response(rng, sample_rate, max_distance=distance[1])
    import pyroomacoustics

    while True:
        size = rng.uniform(SMALLEST, LARGEST)
        try:
            absorption, order = pyroomacoustics.inverse_sabine(rng.uniform(*t60), size)
        except ValueError:  # so short a reverberation is impossible in so large a room
            continue
        microphone = rng.uniform(WALL, size - WALL)
        direction = rng.standard_normal(3)
        source = microphone + rng.uniform(*distance) * direction / np.linalg.norm(direction)
        if (source > WALL).all() and (source < size - WALL).all():
            break
    room = pyroomacoustics.ShoeBox(
        size, fs=sample_rate, materials=pyroomacoustics.Material(absorption), max_order=min(order, MAX_ORDER)
    )
    room.add_source(source)
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0])
    start = int(np.abs(response).argmax())
    aligned: np.ndarray = (response[start:] / response[start]).astype(np.float32)
    return aligned


def convolved(wave: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Return a wave ``(time,)`` in a room, of the same length."""
    from scipy.signal import oaconvolve

    reverberant: np.ndarray = oaconvolve(wave, response)[: len(wave)].astype(np.float32)
    return reverberant
