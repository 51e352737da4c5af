"""Time stretching that keeps the pitch, and pitch shifting that keeps the time, by a phase vocoder; other rates.

The phase of each peak advances by what it advances in the input over one hop. That is measured, by a second spectrum
one hop earlier, instead of estimated from the frequency. All bins around a peak, in all channels, get its rotation.
Around an attack, frames advance as fast in the input as in the output, so that all contain it at the same time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import log2

import numpy as np
import soxr

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from ..base.units import semitones_to_ratio
from .effect import Effect, EffectStream, PartitionStream, StatelessStream

LARGEST_FACTOR = 16.0


@dataclass(frozen=True)
class Resample(Effect):
    """Convert to another sample rate, by soxr's HQ filter."""

    sample_rate_hz: int = ranged(48_000, 1_000, 768_000)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return resampling_stream(sound.sample_rate, self.sample_rate_hz, sound.n_channels)

    def output_rate(self, sample_rate: int) -> int:
        """Return the new sample rate."""
        return self.sample_rate_hz


@dataclass(frozen=True)
class Speed(Effect):
    """Play faster or slower as a tape does: at ``factor`` 2 an octave higher, in half the time."""

    factor: float = ranged(1.0, 1.0 / LARGEST_FACTOR, LARGEST_FACTOR)

    @property
    def speed(self) -> float:
        """The factor."""
        return self.factor

    @property
    def semitones_up(self) -> float:
        """An octave for each doubling."""
        return 12 * log2(self.factor)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return resampling_stream(sound.sample_rate * self.factor, sound.sample_rate, sound.n_channels)

    def output_seconds(self, seconds: float) -> float:
        """Return the length of the output, see :meth:`.effect.Effect.output_seconds`."""
        return seconds / self.factor

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        return position_seconds / self.factor


def resampling_stream(from_rate: float, to_rate: float, n_channels: int) -> EffectStream:
    """Return a stream that resamples; it passes the sound on if both rates are equal."""
    if from_rate == to_rate:
        return StatelessStream(n_channels, np.copy)
    return ResamplingStream(from_rate, to_rate, n_channels)


class ResamplingStream(EffectStream):
    """Resample by soxr; the output is as long as the input times the ratio of the rates, rounded."""

    def __init__(self, from_rate: float, to_rate: float, n_channels: int) -> None:
        super().__init__(n_channels)
        self._resamplers = [soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32") for _ in range(n_channels)]

    def _process(self, block: np.ndarray) -> np.ndarray:
        return self._resampled(block, is_last=False)

    def finish(self) -> np.ndarray:
        """Return the rest."""
        return self._resampled(np.zeros((self.n_channels, 0), np.float32), is_last=True)

    def _resampled(self, block: np.ndarray, *, is_last: bool) -> np.ndarray:
        pairs = zip(self._resamplers, block, strict=True)  # channels apart: soxr would separate them first
        return np.stack([resampler.resample_chunk(channel, last=is_last) for resampler, channel in pairs])


WINDOW_SECONDS = 0.085
HOPS_PER_WINDOW = 4
OVERLAP_SUM = 1.5
"""Sum of the squares of the windows that overlap."""

STEPS_PER_HOP = 8
ATTACK_STEPS = 16
ATTACK_RATIO = 8.0
"""The power of an attack, in a step, exceeds the mean of the steps before by this ratio (of differences of samples)."""

ATTACK_FLOOR = 1e-8


@dataclass(frozen=True)
class Stretch(Effect):
    """Change the duration and keep the pitch: at ``factor`` 2 the sound takes twice as long.

    References
    ----------
    J. Laroche, M. Dolson, "Improved phase vocoder time-scale modification of audio", 1999.
    """

    keeps_loops = False

    factor: float = ranged(1.0, 0.1, 10.0)

    def stream(self, sound: SoundFormat) -> StretchStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return StretchStream(self.factor, sound)

    def output_seconds(self, seconds: float) -> float:
        """Return the length of the output, see :meth:`.effect.Effect.output_seconds`."""
        return seconds * self.factor

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        return position_seconds * self.factor


class StretchStream(PartitionStream):
    """The stream of :class:`Stretch`; its output comes in hops."""

    def __init__(self, factor: float, sound: SoundFormat) -> None:
        n_window = max(64, 1 << round(math.log2(WINDOW_SECONDS * sound.sample_rate)))
        n_hop = n_window // HOPS_PER_WINDOW
        super().__init__(sound.n_channels, n_hop)
        self._factor = float(factor)
        self._n_window, self._n_hop = n_window, n_hop
        angles = 2.0 * np.pi * np.arange(n_window) / n_window
        self._window = (0.5 - 0.5 * np.cos(angles)).astype(np.float32)
        self._synthesis_window = (self._window / np.float32(OVERLAP_SUM)).astype(np.float32)
        self._attacks = AttackDetector(sound.n_channels, n_hop // STEPS_PER_HOP, n_window * max(1.0, 1.0 / factor))
        self._frame = -1  # the first whose window reaches into the sound
        # The first frame and the spectrum before it begin before the sound.
        n_before = n_window // 2 + math.ceil(n_hop / factor) + n_window
        self._held = np.zeros((sound.n_channels, n_before), np.float32)
        self._held_start = -n_before
        self._overlap = np.zeros((sound.n_channels, n_window), np.float32)
        self._previous = np.zeros((sound.n_channels, n_window // 2 + 1), np.complex64)
        self._n_samples = 0
        self._n_output = 0

    def _position(self) -> int:
        """Return the position in the input of the centre of the current frame."""
        half = self._n_window // 2
        centre = self._frame * self._n_hop  # in the output
        position = math.floor(centre / self._factor + 0.5)
        for attack in self._attacks.positions:
            offset = centre - round(attack * self._factor)
            if abs(offset) <= half:
                return attack + offset
            # No other frame contains the attack.
            position = max(position, attack + half) if offset > 0 else min(position, attack - half)
        return position

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        self._n_samples += partition.shape[1]
        return self._stretched(partition)

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        n_left = round((self._n_samples + partition.shape[1]) * self._factor) - self._n_output
        hops = [np.pad(partition, ((0, 0), (0, self._n_hop - partition.shape[1])))]
        silence = np.zeros((self.n_channels, self._n_hop), np.float32)
        outputs = [self._stretched(hops[0])]
        while sum(output.shape[1] for output in outputs) < n_left:
            outputs.append(self._stretched(silence))
        return np.concatenate(outputs, axis=1)[:, :n_left]

    def _stretched(self, partition: np.ndarray) -> np.ndarray:
        """Return the hops that are complete after the next partition."""
        self._attacks.add(partition)
        self._held = np.concatenate([self._held, partition], axis=1)
        half = self._n_window // 2
        end = self._held_start + self._held.shape[1]
        n_ahead = math.ceil(max(half, half / self._factor))  # an attack as far ahead may move the frame
        hops = [partition[:, :0]]
        while math.ceil(self._frame * self._n_hop / self._factor) + n_ahead < end:
            position = self._position()
            if position + half > end:
                break
            self._add_frame(position)
            hop = self._overlap[:, : self._n_hop].copy()
            self._overlap[:, : -self._n_hop] = self._overlap[:, self._n_hop :]
            self._overlap[:, -self._n_hop :] = 0.0
            self._frame += 1
            self._attacks.forget(position - 2 * self._n_window)
            if self._frame > HOPS_PER_WINDOW // 2:  # earlier hops lie before the sound
                hops.append(hop)
        n_used = min(self._position(), end - half) - half - self._n_hop - self._held_start
        if n_used > 0:
            self._held = self._held[:, n_used:]
            self._held_start += n_used
        output = np.concatenate(hops, axis=1)
        self._n_output += output.shape[1]
        return output

    def _add_frame(self, position: int) -> None:
        """Add the frame whose centre is at a position in the input to the overlapping ones."""
        from scipy.fft import irfft, rfft

        from .stretching_kernels import rotate_peaks  # numba is slow to import

        start = position - self._n_window // 2 - self._held_start
        before = self._held[:, start - self._n_hop : start - self._n_hop + self._n_window]
        now = self._held[:, start : start + self._n_window]
        spectra = rfft(np.stack([before, now]) * self._window)
        rotate_peaks(spectra[0], spectra[1], self._previous)
        self._overlap += irfft(self._previous, self._n_window) * self._synthesis_window


class AttackDetector:
    """Find attacks: steps of samples with much more power than those before, at least ``n_apart`` samples apart."""

    def __init__(self, n_channels: int, n_step: int, n_apart: float) -> None:
        self.positions: list[int] = []
        self._n_step = n_step
        self._n_apart = n_apart
        self._n_samples = 0
        self._last_sample = np.zeros((n_channels, 1), np.float32)
        self._last_attack = -math.inf
        self._powers = np.zeros(ATTACK_STEPS)  # of the last steps

    def add(self, partition: np.ndarray) -> None:
        """Add the next samples ``(channels, time)``, a whole number of steps."""
        differences = np.diff(partition, axis=1, prepend=self._last_sample)
        self._last_sample = partition[:, -1:].copy()
        powers = np.square(differences).sum(axis=0, dtype=np.float64).reshape(-1, self._n_step)
        means = powers.mean(axis=1)
        history = np.concatenate([self._powers, means])
        self._powers = history[-ATTACK_STEPS:]
        for number in np.flatnonzero(means > ATTACK_FLOOR):
            before = history[number : number + ATTACK_STEPS].mean()
            position = self._n_samples + int(number) * self._n_step + int(powers[number].argmax())
            if means[number] > ATTACK_RATIO * before and position - self._last_attack >= self._n_apart:
                self.positions.append(position)
                self._last_attack = position
        self._n_samples += partition.shape[1]

    def forget(self, position: int) -> None:
        """Forget the attacks before a position."""
        while self.positions and self.positions[0] < position:
            self.positions.pop(0)


@dataclass(frozen=True)
class PitchShift(Effect):
    """Shift the pitch, formants included, and keep the duration: stretching, then resampling."""

    keeps_loops = keeps_parts = False

    semitones: float = ranged(0.0, -36.0, 36.0)

    @property
    def semitones_up(self) -> float:
        """The semitones."""
        return self.semitones

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return PitchShiftStream(float(semitones_to_ratio(self.semitones)), sound)


class PitchShiftStream(EffectStream):
    """The stream of :class:`PitchShift`; its output comes in hops, as long as the input in the end."""

    def __init__(self, ratio: float, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._stretch = StretchStream(ratio, sound)
        self._resample = resampling_stream(sound.sample_rate * ratio, sound.sample_rate, sound.n_channels)
        self._n_missing = 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        output = self._resample.push(self._stretch.push(block))
        self._n_missing += block.shape[1] - output.shape[1]
        return output

    def finish(self) -> np.ndarray:
        """Return the rest."""
        rest = np.concatenate([self._resample.push(self._stretch.finish()), self._resample.finish()], axis=1)
        n_short = max(0, self._n_missing - rest.shape[1])
        return np.pad(rest, ((0, 0), (0, n_short)))[:, : self._n_missing]
