"""Spectral editing: gain, isolation, copies and healing of a region in time and frequency."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadAudio, BadSetting
from ..base.ranges import ranged
from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.spectral_healing import heal
from ..dsp.spectral_selection import EDGE_BINS, TimeFrequencyRegion, fade_gains_around, harmonic_bands
from ..dsp.spectrum import frame, hann_window, overlap_add
from .effect import Effect, EffectStream, Measurement, PartitionStream, TwoPassEffect, milliseconds_to_samples
from .spool import Spool

DAY_SECONDS = 86_400.0
HIGHEST_HZ = 384_000.0
MAX_HARMONICS, MAX_CORNERS = 64, 1_000
LONGEST_FADE_MS = 10_000.0
SHORTEST_WINDOW_MS, LONGEST_WINDOW_MS = 0.5, 1_000.0
HOPS_PER_WINDOW = 4
WINDOW_SUM = 1.5  # of squared Hann windows that overlap
WINDOWS_PER_PARTITION, SMALLEST_PARTITION = 4, 8_192
LONGEST_HEALED_SECONDS = 30.0
CONTEXT_PER_SECOND, SHORTEST_CONTEXT_SECONDS, LONGEST_CONTEXT_SECONDS = 2.0, 0.1, 0.5
MARGIN_SECONDS = 0.02  # of silence around a segment, whose ends meet in its spectrum
WIDEST_HZ = 4_000.0  # bandwidth that decides on the resolution of healing


@dataclass(frozen=True)
class SpectralEffect(Effect):
    """Base of the effects on a region of time and frequency.

    Attributes
    ----------
    start_seconds, end_seconds : float
        Times; no end is that of the sound.
    low_hz, high_hz : float
        Frequencies; no highest one is half the sample rate.
    harmonics : int
        Multiples of the frequencies that belong to the region: 1 for themselves alone, 3 for two harmonics more.
    outline : tuple of float, optional
        Corners of a polygon, time in s and frequency in Hz of one after the other, outside of which nothing is
        selected; with ``harmonics``, its frequencies are multiplied, too.
    fade_ms : float, optional
        Time over which the effect fades in before the start, and out after the end; half a window by default.
    window_ms : float, optional
        Length of the window of the transform. The edge in frequency is 8000 / ``window_ms`` Hz wide, outside of the
        region, and full over half of it. By default it suits duration and bandwidth.
    """

    start_seconds: float = ranged(0.0, 0.0, DAY_SECONDS)
    end_seconds: float | None = None
    low_hz: float = ranged(0.0, 0.0, HIGHEST_HZ)
    high_hz: float | None = None
    harmonics: int = ranged(1, 1, MAX_HARMONICS)
    outline: tuple[float, ...] | None = None
    fade_ms: float | None = None
    window_ms: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_optional("end_seconds", self.end_seconds, 0.0, DAY_SECONDS)
        _check_optional("high_hz", self.high_hz, 0.0, HIGHEST_HZ)
        _check_optional("fade_ms", self.fade_ms, 0.0, LONGEST_FADE_MS)
        _check_optional("window_ms", self.window_ms, SHORTEST_WINDOW_MS, LONGEST_WINDOW_MS)
        if self.end_seconds is not None and self.end_seconds <= self.start_seconds:
            raise BadSetting(
                f"end_seconds is {self.end_seconds:g}; it must lie after start_seconds, "
                f"which is {self.start_seconds:g}."
            )
        if self.high_hz is not None and self.high_hz <= self.low_hz:
            raise BadSetting(f"high_hz is {self.high_hz:g}; it must lie above low_hz, which is {self.low_hz:g}.")
        if self.outline is not None:
            self._check_outline(self.outline)

    def _check_outline(self, outline: tuple[float, ...]) -> None:
        if len(outline) % 2 or not 6 <= len(outline) <= 2 * MAX_CORNERS:
            raise BadSetting(
                f"outline has {len(outline)} numbers; give time and frequency of each of 3 to {MAX_CORNERS} corners."
            )
        if not all(0.0 <= number <= HIGHEST_HZ for number in outline):
            raise BadSetting(f"outline has a number that is not between 0 and {HIGHEST_HZ:g}; give times and Hz.")
        times, frequencies = outline[::2], outline[1::2]
        start, end = self.start_seconds, self.end_seconds
        if max(times) <= start or (end is not None and min(times) >= end) or max(frequencies) <= self.low_hz:
            raise BadSetting("outline lies outside of the times and frequencies; leave one of both out.")

    def region(self, sample_rate: int) -> TimeFrequencyRegion:
        """Return the region in a sound of a sample rate in Hz.

        Raises BadSetting if its frequencies lie above half the sample rate.
        """
        limit = sample_rate / 2
        low, high = self.low_hz, limit if self.high_hz is None else min(self.high_hz, limit)
        start, end = self.start_seconds, math.inf if self.end_seconds is None else self.end_seconds
        corners = None if self.outline is None else np.reshape(self.outline, (-1, 2))
        if corners is not None:
            (left, lowest), (right, highest) = corners.min(axis=0), corners.max(axis=0)
            start, end, low, high = max(start, left), min(end, right), max(low, lowest), min(high, highest)
        if low >= limit or low >= high:
            raise BadSetting(
                f"The frequencies begin at {low:g} Hz; at a sample rate of {sample_rate} Hz they must be "
                f"below {limit:g}."
            )
        return TimeFrequencyRegion(
            start, end, harmonic_bands(low, high, self.harmonics, limit), corners, self.harmonics
        )

    def window_samples(self, sample_rate: int, widest_hz: float = math.inf) -> int:
        """Return the even length of the window."""
        if self.window_ms is None:
            return self.region(sample_rate).window_samples(sample_rate, widest_hz)
        n_hop = max(EDGE_BINS, round(self.window_ms / 1_000 * sample_rate / HOPS_PER_WINDOW))
        return n_hop * HOPS_PER_WINDOW

    def fade_samples(self, sample_rate: int, n_fft: int) -> int:
        """Return the length of the fades."""
        return n_fft // 2 if self.fade_ms is None else milliseconds_to_samples(self.fade_ms, sample_rate)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the sound; raise BadSetting if the region begins after its end."""
        if self.start_seconds >= seconds > 0.0:
            raise BadSetting(f"The region begins at {self.start_seconds:g} s, and the sound ends at {seconds:.3f} s.")
        return seconds


@dataclass(frozen=True)
class SpectralGain(SpectralEffect):
    """Change the level of a region in time and frequency by ``gain_db``; see SpectralEffect for the region."""

    gain_db: float = ranged(0.0, -120.0, 60.0)

    def stream(self, sound: SoundFormat) -> SpectralStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return SpectralStream(self, sound, float(db_to_gain(self.gain_db)) - 1.0, keeps_rest=True)


@dataclass(frozen=True)
class SpectralIsolate(SpectralEffect):
    """Keep a region in time and frequency alone, and nothing else."""

    def stream(self, sound: SoundFormat) -> SpectralStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return SpectralStream(self, sound, 1.0, keeps_rest=False)


class SpectralStream(PartitionStream):
    """The stream of an effect that adds a multiple of the region's sound to the sound, or to silence.

    The output lags behind by one to two partitions. Partitions that the region does not touch are not transformed.
    """

    def __init__(self, settings: SpectralEffect, sound: SoundFormat, factor: float, *, keeps_rest: bool) -> None:
        self._n_fft = settings.window_samples(sound.sample_rate)
        n_partition = max(WINDOWS_PER_PARTITION * self._n_fft, SMALLEST_PARTITION // self._n_fft * self._n_fft)
        super().__init__(sound.n_channels, n_partition)
        self._region = settings.region(sound.sample_rate)
        self._sample_rate, self._factor, self._keeps_rest = sound.sample_rate, factor, keeps_rest
        self._n_fade = settings.fade_samples(sound.sample_rate, self._n_fft)
        self._start = seconds_to_samples(self._region.start_seconds, sound.sample_rate)
        end = self._region.end_seconds
        self._end = math.inf if math.isinf(end) else seconds_to_samples(end, sound.sample_rate)
        self._before = np.zeros((sound.n_channels, self._n_fft), np.float32)
        self._waiting = np.zeros((sound.n_channels, 0), np.float32)
        self._position = 0  # of the partition that waits

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        waiting, self._waiting = self._waiting, partition.copy()
        return self._changed(waiting, partition)

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        rest = np.zeros((self.n_channels, 0), np.float32)
        return np.concatenate([self._changed(self._waiting, partition), self._changed(partition, rest)], axis=1)

    def _changed(self, partition: np.ndarray, following: np.ndarray) -> np.ndarray:
        """Return a partition with the effect; a shorter one is the last."""
        n_samples, position = partition.shape[1], self._position
        self._position += n_samples
        output = partition.copy() if self._keeps_rest else np.zeros_like(partition)
        is_touched = position + n_samples > self._start - self._n_fade and position < self._end + self._n_fade
        if n_samples and self._factor and is_touched:
            gains = fade_gains_around(position, n_samples, self._start, self._end, self._n_fade)
            selected = self._selected(partition, following)[:, :n_samples]
            output += (np.float32(self._factor) * gains) * selected
        if n_samples == self._partitions.length:
            self._before = partition[:, n_samples - self._n_fft :]
        return output

    def _selected(self, partition: np.ndarray, following: np.ndarray) -> np.ndarray:
        """Return the sound of the region in a partition, by the short-time Fourier transform."""
        n_fft, n_partition = self._n_fft, self._partitions.length
        n_hop = n_fft // HOPS_PER_WINDOW
        wave = np.zeros((self.n_channels, n_partition + 2 * n_fft))
        wave[:, :n_fft] = self._before
        wave[:, n_fft : n_fft + partition.shape[1]] = partition
        n_following = min(n_fft, following.shape[1])
        wave[:, n_fft + partition.shape[1] :][:, :n_following] = following[:, :n_following]
        window = hann_window(n_fft).astype(np.float64)
        spectra = np.fft.rfft(frame(wave, n_fft, n_hop) * window)
        first = self._position - partition.shape[1] - n_fft / 2
        seconds = (first + n_hop * np.arange(spectra.shape[1])) / self._sample_rate
        spectra *= self._region.bin_gains(seconds, n_hop / self._sample_rate, n_fft, self._sample_rate)
        selected = overlap_add(np.fft.irfft(spectra, n_fft) * (window / WINDOW_SUM), n_hop)
        return selected[:, n_fft : n_fft + n_partition].astype(np.float32)


@dataclass(frozen=True)
class SpectralCopy(SpectralEffect, TwoPassEffect):
    """Copy a region in time and frequency: its sound is added, changed by ``gain_db``, from ``to_seconds`` on."""

    to_seconds: float = ranged(0.0, 0.0, DAY_SECONDS)
    gain_db: float = ranged(0.0, -120.0, 60.0)

    def measurement(self, sound: SoundFormat) -> CopiedRegion:
        """Open a measurement, see :meth:`.effect.TwoPassEffect.measurement`."""
        return CopiedRegion(self, sound)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the sound; raise BadSetting if the region or the copy begins after its end."""
        if self.to_seconds >= seconds > 0.0:
            raise BadSetting(f"to_seconds is {self.to_seconds:g}; the sound ends at {seconds:.3f} s.")
        return super().output_seconds(seconds)


class CopiedRegion(Measurement):
    """The first pass of a copy, which keeps the sound of the region with its fades."""

    def __init__(self, settings: SpectralCopy, sound: SoundFormat) -> None:
        self._stream = SpectralIsolate(
            settings.start_seconds,
            settings.end_seconds,
            settings.low_hz,
            settings.high_hz,
            settings.harmonics,
            settings.outline,
            settings.fade_ms,
            settings.window_ms,
        ).stream(sound)
        region = settings.region(sound.sample_rate)
        n_fade = settings.fade_samples(sound.sample_rate, settings.window_samples(sound.sample_rate))
        start = seconds_to_samples(region.start_seconds, sound.sample_rate)
        self._first = max(0, start - n_fade)
        end = region.end_seconds
        self._last = math.inf if math.isinf(end) else seconds_to_samples(end, sound.sample_rate) + n_fade
        self._to = seconds_to_samples(settings.to_seconds, sound.sample_rate) + self._first - start
        self._gain = float(db_to_gain(settings.gain_db))
        self._spool = Spool(sound.n_channels)
        self._position = 0

    def add(self, block: np.ndarray) -> None:
        """Keep what the next block ``(channels, time)`` has of the region."""
        self._keep(self._stream.push(block))

    def _keep(self, selected: np.ndarray) -> None:
        first, last = self._first - self._position, self._last - self._position
        self._position += selected.shape[1]
        if last > 0:
            self._spool.append(selected[:, max(0, first) : int(min(last, selected.shape[1]))])

    def effect(self) -> Effect:
        """Return the effect that adds the sound of the region."""
        self._keep(self._stream.finish())
        return PasteSound(self._spool, self._to, self._gain)


@dataclass(frozen=True)
class PasteSound(Effect):
    """Add samples from a position on, which may lie before the start of the sound."""

    spool: Spool = field(compare=False)
    to_sample: int = 0
    gain: float = 1.0

    def stream(self, sound: SoundFormat) -> PasteStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return PasteStream(sound.n_channels, self)


class PasteStream(EffectStream):
    """The stream of :class:`PasteSound`."""

    def __init__(self, n_channels: int, settings: PasteSound) -> None:
        super().__init__(n_channels)
        self._spool, self._to, self._gain = settings.spool, settings.to_sample, np.float32(settings.gain)
        self._position = 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        start = max(self._position, self._to)
        end = min(self._position + block.shape[1], self._to + self._spool.n_samples)
        output = block.copy()
        if start < end:
            pasted = self._spool.read(start - self._to, end - start)
            output[:, start - self._position : end - self._position] += self._gain * pasted
        self._position += block.shape[1]
        return output

    def warning(self) -> str:
        """Return a sentence if the copy is longer than the sound."""
        n_cut = self._to + self._spool.n_samples - self._position
        return f"The last {n_cut} samples of the copy lie beyond the end of the sound." if n_cut > 0 else ""


@dataclass(frozen=True)
class SpectralHeal(SpectralEffect):
    """Replace a region in time and frequency by what its surroundings in time suggest: tones go on, noise stays noise.

    Each subband is interpolated by an autoregressive model of both sides, see :mod:`wavewright.dsp.spectral_healing`.
    The sound of the region itself has no influence. A region of at most 30 s; ``seed`` draws the noise.
    """

    seed: int = ranged(0, 0, 2**31 - 1)

    def stream(self, sound: SoundFormat) -> HealStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return HealStream(self, sound)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the sound; raise BadSetting if the region is too long or begins after its end."""
        end = seconds if self.end_seconds is None else min(seconds, self.end_seconds)
        if end - self.start_seconds > LONGEST_HEALED_SECONDS and self.outline is None:
            raise BadSetting(_too_long(end - self.start_seconds))
        return super().output_seconds(seconds)


class HealStream(EffectStream):
    """The stream of :class:`SpectralHeal`: it holds back the region with its context until it has all of it."""

    def __init__(self, settings: SpectralHeal, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._settings, self._sample_rate = settings, sound.sample_rate
        region = settings.region(sound.sample_rate)
        self._start = seconds_to_samples(region.start_seconds, sound.sample_rate)
        is_open = math.isinf(region.end_seconds)
        self._end = math.inf if is_open else seconds_to_samples(region.end_seconds, sound.sample_rate)
        longest = seconds_to_samples(LONGEST_HEALED_SECONDS, sound.sample_rate)
        if not is_open and self._end - self._start > longest:
            raise BadSetting(_too_long(region.end_seconds - region.start_seconds))
        per_second = LONGEST_HEALED_SECONDS if is_open else region.end_seconds - region.start_seconds
        context = CONTEXT_PER_SECOND * per_second
        context = min(max(context, SHORTEST_CONTEXT_SECONDS), LONGEST_CONTEXT_SECONDS)
        self._n_context = seconds_to_samples(context, sound.sample_rate)
        self._n_longest = longest + 2 * self._n_context
        self._first = max(0, self._start - self._n_context)
        self._held: list[np.ndarray] | None = []
        self._n_held = self._position = 0
        self._warning = ""

    def _process(self, block: np.ndarray) -> np.ndarray:
        if self._held is None:
            return block
        n_before = min(max(0, self._first - self._position), block.shape[1])
        self._position += block.shape[1]
        self._held.append(block[:, n_before:].copy())
        self._n_held += block.shape[1] - n_before
        output = block[:, :n_before]
        if self._position >= self._end + self._n_context:
            return np.concatenate([output, self._healed()], axis=1)
        if self._n_held > self._n_longest:
            raise BadAudio(_too_long(self._n_held / self._sample_rate))
        return output

    def finish(self) -> np.ndarray:
        """Return what was held back, ``(channels, time)``, healed."""
        return np.zeros((self.n_channels, 0), np.float32) if self._held is None else self._healed()

    def warning(self) -> str:
        """Return a sentence if there was nothing around the region."""
        return self._warning

    def _healed(self) -> np.ndarray:
        """Return the samples that are held, healed, and hold no more."""
        empty = np.zeros((self.n_channels, 0), np.float32)
        held = np.concatenate([empty, *(self._held or [])], axis=1)
        self._held = None
        n_held, rate = held.shape[1], self._sample_rate
        # A context ends at the same sample whatever the blocks.
        n_used = min(n_held, int(min(self._end + self._n_context, self._position)) - self._first)
        start, end = self._start - self._first, int(min(self._end - self._first, n_used))
        if start >= end:
            return held
        if start == 0 and end == n_used:
            self._warning = (
                "There is no sound before or after the region from which it could be healed; it is unchanged."
            )
            return held
        n_margin = seconds_to_samples(MARGIN_SECONDS, rate)
        shift = (n_margin - self._first) / rate
        region = self._settings.region(rate)
        outline = None if region.outline is None else region.outline + np.array([shift, 0.0])
        placed = TimeFrequencyRegion(
            (start + n_margin) / rate, (end + n_margin) / rate, region.bands_hz, outline, region.harmonics
        )
        n_fft = self._settings.window_samples(rate)
        if self._settings.window_ms is None:
            n_fft = placed.window_samples(rate, WIDEST_HZ)
        segment = np.pad(held[:, :n_used], ((0, 0), (n_margin, n_margin)))
        known = (n_margin, n_margin + n_used)
        added = heal(segment, rate, placed, known, n_fft, self._settings.seed)[:, n_margin : n_margin + n_used]
        gains = fade_gains_around(0, n_used, start, end, self._settings.fade_samples(rate, n_fft))
        healed = held.copy()
        healed[:, :n_used] += gains * added.astype(np.float32)
        return healed

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield what was held back."""
        yield self.finish()


def _too_long(seconds: float) -> str:
    return (
        f"The region to heal has {seconds:.1f} s; at most {LONGEST_HEALED_SECONDS:g} s are healed from what is around "
        "them: heal parts of it."
    )


def _check_optional(name: str, value: float | None, low: float, high: float) -> None:
    """Raise BadSetting if a value that may be left out is out of its range."""
    if value is not None and not low <= value <= high:
        raise BadSetting(f"{name} is {value}; it must lie between {low} and {high}.")
