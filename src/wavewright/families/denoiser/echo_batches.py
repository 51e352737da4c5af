"""Batches of simulated calls: a near end, and the echo of a far end as a linear canceller leaves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...base.units import db_to_gain, seconds_to_samples
from ...data.augmentation import log_uniform
from ...dsp.echo import LinearEchoCanceller
from ...dsp.rooms import Room
from . import mixing
from .batches import DenoiserBatches

MAX_LEAD_SECONDS = 3.0  # for which the canceller has run before a crop
MAX_ROOM_SECONDS = 0.6  # reverberation time
MAX_LOUDSPEAKER_METRES = 1.0
DELAY_SECONDS = (0.005, 0.5)
ECHO_RATIO_DB = (-15.0, 15.0)  # near end over echo
NOISE_RATIO_DB = (15.0, 45.0)  # near end or echo over noise
FAR_LEVEL_DB = (-40.0, -12.0)
MICROPHONE_LEVEL_DB = (-45.0, -15.0)
DRIVE = (1.0, 20.0)  # of a distorting loudspeaker, times the peak

FAR_ALONE, NEAR_ALONE, NO_ECHO = 0.25, 0.1, 0.05  # probabilities; otherwise both talk
DISTORTED, CHANGED = 0.5, 0.15  # probabilities of a distorting loudspeaker, and of a path that changes
MOVED, DRIFTED = 0.12, 0.12  # probabilities of a delay that jumps once, and of clocks that differ
MOVE_SECONDS = 0.15
DRIFT = 2e-4  # largest, of the rates of two clocks


class EchoBatches(DenoiserBatches):
    """Batches of calls, a pure function of the step.

    The inputs are the output of the linear canceller, its estimate of the echo, the microphone, and the far end; the
    target is the near end with its noise.
    """

    def mixture(self, rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the inputs ``(4, time)``, 0, and the target ``(time,)``, float32."""
        hop_length = self.recipe.model.hop_length
        n_lead = int(rng.uniform(0, MAX_LEAD_SECONDS) * self.sample_rate / hop_length) * hop_length
        n_samples = n_lead + self.n_samples
        kind = rng.random()
        room = Room.random(rng)
        room = replace(room, t60=min(room.t60, MAX_ROOM_SECONDS))
        far = self._far_end(rng, n_samples)
        echo = self._echo(rng, room, far)
        near = mixing.reverberate(self._speech(rng, n_samples), room.response(rng, self.sample_rate))
        if kind < FAR_ALONE:
            near = np.zeros_like(near)
        elif kind < FAR_ALONE + NEAR_ALONE:
            far, echo = np.zeros_like(far), np.zeros_like(echo)
        elif kind < FAR_ALONE + NEAR_ALONE + NO_ECHO:
            echo = np.zeros_like(echo)
        echo_level, near_level = mixing.active_rms(echo), mixing.active_rms(near)
        if echo_level and near_level:
            echo = echo * (near_level / echo_level * db_to_gain(-rng.uniform(*ECHO_RATIO_DB)))
        clean_level = max(mixing.active_rms(echo), near_level)
        noise = self._noise(rng, n_samples)
        near = near + noise * (clean_level * db_to_gain(-rng.uniform(*NOISE_RATIO_DB)) / mixing.rms(noise))
        microphone = near + echo
        gain = db_to_gain(rng.uniform(*MICROPHONE_LEVEL_DB)) / max(mixing.active_rms(microphone), 1e-9)
        gain = min(gain, 1 / max(np.abs(microphone).max(), 1e-9))
        near, microphone = (gain * near).astype(np.float32), (gain * microphone).astype(np.float32)
        linear = LinearEchoCanceller(self.sample_rate, self.recipe.model.echo_settings)
        pairs = [
            linear.process(microphone[start : start + hop_length], far[start : start + hop_length])
            for start in range(0, n_samples, hop_length)
        ]
        error, estimate = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        inputs = np.stack([error, estimate, microphone, far])[:, n_lead:]
        return inputs.astype(np.float32), 0.0, near[n_lead:]

    def _far_end(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return what the loudspeaker plays."""
        kind = rng.random()
        if kind < 0.1 and self.music is not None:
            far = self.music.crop(rng, n_samples)
        elif kind < 0.15:
            far = self._noise(rng, n_samples)
        else:
            far = mixing.equalise(self._speech(rng, n_samples), rng, 6.0)
        level = db_to_gain(rng.uniform(*FAR_LEVEL_DB)) / max(mixing.active_rms(far), 1e-9)
        loudspeaker: np.ndarray = min(level, 1 / max(np.abs(far).max(), 1e-9)) * far
        return loudspeaker.astype(np.float32)

    def _echo(self, rng: np.random.Generator, room: Room, far: np.ndarray) -> np.ndarray:
        """Return the far end after a loudspeaker, a delay and the room."""
        loudspeaker = far
        if rng.random() < DISTORTED:
            drive = log_uniform(rng, *DRIVE) / max(np.abs(far).max(), 1e-9)
            bias = rng.uniform(-0.3, 0.3)
            loudspeaker = (np.tanh(drive * far + bias) - np.tanh(bias)) / drive
            loudspeaker = mixing.equalise(loudspeaker.astype(np.float32), rng, 10.0)
        responses = [room.response(rng, self.sample_rate, MAX_LOUDSPEAKER_METRES) for _ in range(2)]
        echo = mixing.reverberate(loudspeaker, responses[0])
        if rng.random() < CHANGED:
            change = int(rng.integers(len(far)))
            echo[change:] = mixing.reverberate(loudspeaker, responses[1])[change:]
        return delayed(echo, self._delay(rng, len(far)))

    def _delay(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return the delay ``(n_samples,)`` of each sample of an echo, in samples; it may jump or drift."""
        delay = np.full(n_samples, float(seconds_to_samples(rng.uniform(*DELAY_SECONDS), self.sample_rate)))
        kind = rng.random()
        if kind < MOVED:
            move = seconds_to_samples(rng.uniform(-MOVE_SECONDS, MOVE_SECONDS), self.sample_rate)
            delay[int(rng.integers(n_samples)) :] += move
        elif kind < MOVED + DRIFTED:
            delay += rng.uniform(-DRIFT, DRIFT) * np.arange(n_samples)
        lowest, highest = (seconds_to_samples(seconds, self.sample_rate) for seconds in DELAY_SECONDS)
        clipped: np.ndarray = np.clip(delay, lowest, highest)
        return clipped


def delayed(wave: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """Return a wave ``(time,)`` float32, each sample late by its own delay in samples; silence comes before."""
    positions = np.arange(len(wave)) - delay
    whole = np.floor(positions).astype(int)
    if not np.any(positions - whole):
        return np.where(whole >= 0, wave[whole.clip(0)], 0).astype(np.float32)
    from scipy.ndimage import map_coordinates

    cubic: np.ndarray = map_coordinates(wave, positions[None], order=3, mode="constant", prefilter=True)
    return cubic.astype(np.float32)
