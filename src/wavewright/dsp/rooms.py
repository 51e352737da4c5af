"""Simulated rooms: random impulse responses by image sources for early reflections, and decaying noise after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.units import seconds_to_samples

SPEED_OF_SOUND = 343.0  # metres a second
IMAGE_SECONDS = 0.06  # reflections later than this are decaying noise
SMALLEST_ROOM, LARGEST_ROOM = (2.0, 2.0, 2.2), (10.0, 8.0, 4.5)  # metres
MIN_DISTANCE, MAX_DISTANCE = 0.15, 5.0  # from source to microphone
WALL_DISTANCE = 0.3  # of both from each wall, at least
MIN_T60, MAX_T60 = 0.12, 1.3  # reverberation time, seconds
TAIL_BANDS_HZ = (500.0, 2_000.0, 8_000.0)
"""Frequencies between which the reverberation time falls towards high frequencies."""


@dataclass(frozen=True)
class Room:
    """A shoebox room: its size in metres, and its reverberation time in seconds."""

    size: np.ndarray
    t60: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Room:
        """Return a room with a random size and reverberation time."""
        size = rng.uniform(SMALLEST_ROOM, LARGEST_ROOM)
        return cls(size, float(np.exp(rng.uniform(np.log(MIN_T60), np.log(MAX_T60)))))

    @property
    def reflection(self) -> float:
        """Reflection factor of all walls, from the reverberation time by Eyring's formula."""
        volume = float(np.prod(self.size))
        x, y, z = self.size
        surface = 2 * float(x * y + y * z + z * x)
        return float(np.exp(-0.5 * 0.161 * volume / (surface * self.t60)))

    def response(self, rng: np.random.Generator, sample_rate: int, max_distance: float = MAX_DISTANCE) -> np.ndarray:
        """Return an impulse response between random positions, ``(time,)`` float32.

        The direct sound is the first sample, 1. Image sources give the reflections of the first 60 ms, with the random
        absorption of each wall; noise that decays faster at high frequencies continues at their level.

        References
        ----------
        J. Allen, D. Berkley, "Image method for efficiently simulating small-room acoustics", 1979; E. Lehmann,
        A. Johansson, "Diffuse reverberation model for efficient image-source simulation of room impulse responses",
        2010.
        """
        n_samples = seconds_to_samples(max(min(1.1 * self.t60, 1.0), IMAGE_SECONDS), sample_rate)
        response = np.zeros(n_samples + 1)
        source, microphone = self._positions(rng, max_distance)
        gains, delays = self._images(rng, source, microphone)
        sample_positions = delays * sample_rate
        whole = sample_positions.astype(np.int64)
        is_inside = whole < min(n_samples, seconds_to_samples(IMAGE_SECONDS, sample_rate))
        whole, fraction, gains = whole[is_inside], (sample_positions - whole)[is_inside], gains[is_inside]
        np.add.at(response, whole, gains * (1 - fraction))
        np.add.at(response, whole + 1, gains * fraction)
        response = response[:n_samples] + self._tail(rng, response[:n_samples], sample_rate)
        response[0] = 1.0
        wave: np.ndarray = response.astype(np.float32)
        return wave

    def _positions(self, rng: np.random.Generator, max_distance: float) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.full(3, WALL_DISTANCE), self.size - WALL_DISTANCE
        microphone = rng.uniform(low, high)
        direction = rng.standard_normal(3)
        distance = np.exp(rng.uniform(np.log(MIN_DISTANCE), np.log(max_distance)))
        return np.clip(microphone + distance * direction / np.linalg.norm(direction), low, high), microphone

    def _images(
        self, rng: np.random.Generator, source: np.ndarray, microphone: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return gains over that of the direct sound, and delays after it in seconds, of the early image sources."""
        direct = max(float(np.linalg.norm(source - microphone)), MIN_DISTANCE)
        reach = IMAGE_SECONDS * SPEED_OF_SOUND + direct
        walls = np.clip(self.reflection + rng.normal(0, 0.1, (3, 2)), 0.05, 0.99)
        offsets, gains = [], []
        for axis in range(3):
            n = int(reach / (2 * self.size[axis])) + 1
            repeats = np.arange(-n, n + 1)
            mirrored = [2 * repeats * self.size[axis] + sign * source[axis] - microphone[axis] for sign in (1.0, -1.0)]
            at_low = [np.abs(repeats), np.abs(repeats - 1)]
            at_high = [np.abs(repeats), np.abs(repeats)]
            low, high = walls[axis]
            offsets.append(np.concatenate(mirrored))
            gains.append(np.concatenate([low**a * high**b for a, b in zip(at_low, at_high, strict=True)]))
        square = np.square(offsets[0])[:, None, None] + np.square(offsets[1])[:, None] + np.square(offsets[2])
        factor = gains[0][:, None, None] * gains[1][:, None] * gains[2]
        distance = np.maximum(np.sqrt(square.ravel()), direct)
        sign = np.where(rng.random(len(distance)) < 0.5, -1.0, 1.0)  # no wall reflects all frequencies in phase
        return sign * factor.ravel() * direct / distance, (distance - direct) / SPEED_OF_SOUND

    def _tail(self, rng: np.random.Generator, early: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return decaying noise from the end of the early reflections on, at their level."""
        n_early = seconds_to_samples(IMAGE_SECONDS, sample_rate)
        n_tail = len(early) - n_early
        if n_tail <= 0:
            return np.zeros_like(early)
        seconds = np.arange(n_tail) / sample_rate
        noise = rng.standard_normal(n_tail)
        spectrum = np.fft.rfft(noise)
        hz = np.fft.rfftfreq(n_tail, 1 / sample_rate)
        bands = np.interp(np.log(np.maximum(hz, 1.0)), np.log(TAIL_BANDS_HZ), (0.0, 0.5, 1.0))
        fastest = rng.uniform(0.35, 0.9)  # reverberation time at high frequencies over that at low ones
        tail = np.zeros(n_tail)
        for band, ratio in ((0.0, 1.0), (0.5, (1 + fastest) / 2), (1.0, fastest)):
            weight = np.maximum(1 - 2 * np.abs(bands - band), 0.0)
            tail += np.fft.irfft(spectrum * weight, n_tail) * 10 ** (-3 * seconds / (ratio * self.t60))
        last = early[n_early // 2 : n_early]
        level = np.sqrt(np.mean(np.square(last))) * 10 ** (-0.75 * IMAGE_SECONDS / self.t60)
        return np.concatenate([np.zeros(n_early), level * tail])


def early_response(response: np.ndarray, sample_rate: int, seconds: float) -> np.ndarray:
    """Return an impulse response ``(time,)`` up to ``seconds`` after its start, its last fifth faded out."""
    n_early = seconds_to_samples(seconds, sample_rate)
    window = np.ones(min(n_early, len(response)), np.float32)
    n_fade = n_early // 5
    window[-n_fade:] *= np.linspace(1, 0, n_fade, dtype=np.float32)[-len(window) :]
    return response[: len(window)] * window
