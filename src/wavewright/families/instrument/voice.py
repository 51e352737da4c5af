"""A voice: levels over time to sines and noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .config import FLOOR_DB, InstrumentConfig

HOP = 256
"""Samples between frames of levels."""

BATCH_FRAMES = 16
"""Frames that are decoded at once."""

SLOPE_SECONDS = 0.5
"""End of the learned part of a note, whose slope goes on."""

LARGEST_DECAY_DB = 80.0  # per second, after the learned part
FLOOR_MARGIN_DB = 6.0  # levels as close to the floor are silent
GAIN_DB = -11.0
"""Gain of all notes, headroom for chords."""

HIGHEST_FRACTION = 0.46
"""Highest partial as a fraction of the sample rate."""

Levels = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Levels ``(n, n_levels)`` in dB at times ``(n,)`` after the onset in seconds.

The first times end with the learned part of a note; the second are those that have passed, for timbres that change.
"""


@dataclass(frozen=True)
class VoiceSettings:
    """Settings of all voices of a model."""

    sample_rate: int
    n_partials: int
    seconds: float
    release_s: float
    noise_weights: np.ndarray
    """Amplitude of each bin of the noise's spectrum by the power of each band, ``(bins, n_bands)``."""

    @classmethod
    def of(cls, config: InstrumentConfig, sample_rate: int) -> VoiceSettings:
        """Return the settings for a model at any sample rate."""
        edges = config.band_edges_hz
        centres = (edges[:-1] + edges[1:]) / 2
        frequencies = np.fft.rfftfreq(2 * HOP, 1 / sample_rate)
        density = np.stack(
            [np.interp(frequencies, centres, row, left=0) for row in np.diag(1 / np.diff(edges))], axis=1
        )
        density[frequencies > edges[-1]] = 0
        low = np.flatnonzero(frequencies < centres[0])
        density[low, 0] = 1 / (edges[1] - edges[0])
        density[0] = 0
        return cls(sample_rate, config.n_partials, config.seconds, config.release_s, density * sample_rate / 2)


class NoteVoice:
    """A note in progress, whose phases and noise follow from a seed."""

    def __init__(self, levels: Levels, settings: VoiceSettings, pitch: float, seed: tuple[int, ...] = (0,)) -> None:
        self.settings, self._levels = settings, levels
        self.f0_hz = float(440 * 2 ** ((pitch - 69) / 12))
        self._rng = np.random.default_rng(seed)
        angles = self._rng.uniform(-np.pi, np.pi, settings.n_partials)
        self._phasors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        self._amplitudes = np.zeros((1, settings.n_partials))
        self._noise = np.zeros(0)
        self._tail = np.zeros(HOP)
        self._frame = self._first_frame = 0
        self._position = 0
        self._released_at: int | None = None
        self._n_done = 0
        self._is_faint = False
        self._ratio = 1.0
        self._vibrato = 1.0

    @property
    def is_released(self) -> bool:
        """True after :meth:`release`."""
        return self._released_at is not None

    @property
    def is_over(self) -> bool:
        """True if only silence follows."""
        return self._is_faint or (self._released_at is not None and self._n_done >= self._released_at + self._n_release)

    @property
    def _n_release(self) -> int:
        return max(1, round(self.settings.release_s * self.settings.sample_rate))

    @property
    def seconds(self) -> float:
        """Time after the onset of the next sample."""
        return self._n_done / self.settings.sample_rate

    def release(self) -> None:
        """End the note from the next sample on."""
        if self._released_at is None:
            self._released_at = self._n_done

    def process(self, n_samples: int, bend: float = 1.0, vibrato: Callable[[float], float] | None = None) -> np.ndarray:
        """Return the next samples ``(n_samples,)`` float64; ``bend`` and ``vibrato(time)`` are ratios of the pitch."""
        from .voice_kernels import add_partials

        out = np.zeros(n_samples)
        start = 0
        while start < n_samples and not self.is_over:
            if self._position == 0:
                self._next_hop(vibrato)
            end = min(n_samples, start + HOP - self._position)
            row = self._frame - self._first_frame - 1
            piece = out[start:end]
            rotations = self._rotations(bend * self._vibrato)
            amplitudes = self._amplitudes
            add_partials(self._phasors, rotations, amplitudes[row], amplitudes[row + 1], self._position, HOP, piece)
            first = row * HOP + self._position
            piece += self._noise[first : first + len(piece)]
            self._fade(piece)
            self._position = (self._position + len(piece)) % HOP
            self._n_done += len(piece)
            start = end
        return out

    def _next_hop(self, vibrato: Callable[[float], float] | None) -> None:
        """Go to the next frame, decoding frames where needed."""
        if self._frame == self._first_frame + len(self._amplitudes) - 1:
            self._decode()
        self._frame += 1
        self._phasors /= np.hypot(self._phasors[:, 0], self._phasors[:, 1])[:, None]
        self._vibrato = 1.0 if vibrato is None else vibrato(self.seconds)

    def _decode(self) -> None:
        """Decode the next frames: amplitudes of partials, and noise."""
        settings, n = self.settings, self.settings.n_partials
        frames = self._frame + 1 + np.arange(BATCH_FRAMES)
        times = frames * HOP / settings.sample_rate
        late = np.array([settings.seconds - SLOPE_SECONDS, settings.seconds])
        learned = np.concatenate([np.minimum(times, settings.seconds), late])
        levels = self._levels(learned, np.append(times, times[[-1, -1]])).astype(np.float64)
        slope = np.clip((levels[-1] - levels[-2]) / SLOPE_SECONDS, -LARGEST_DECAY_DB, 0)
        levels = levels[:-2] + np.maximum(times - settings.seconds, 0)[:, None] * slope
        gains = np.where(levels > FLOOR_DB + FLOOR_MARGIN_DB, 10 ** ((levels + GAIN_DB) / 20), 0)
        self._is_faint = bool(times[0] > settings.seconds and not gains.any() and not self._amplitudes[-1].any())
        self._amplitudes = np.concatenate([self._amplitudes[-1:], gains[:, :n] * np.sqrt(2)])
        self._noise = self._filtered(gains[:, n:])
        self._first_frame = self._frame

    def _filtered(self, gains: np.ndarray) -> np.ndarray:
        """Return noise ``(frames * HOP,)`` with the gains ``(frames, n_bands)``."""
        spectrum = np.sqrt(np.square(gains) @ self.settings.noise_weights.T)
        white = self._rng.standard_normal((len(gains), 2 * HOP))
        shaped = np.fft.irfft(np.fft.rfft(white) * spectrum, 2 * HOP) * np.sin(
            np.pi * (np.arange(2 * HOP) + 0.5) / (2 * HOP)
        )
        padded = np.concatenate([self._tail, shaped[:-1, HOP:].ravel()])
        self._tail = shaped[-1, HOP:].copy()
        return np.asarray(shaped[:, :HOP].ravel() + padded)

    def _rotations(self, ratio: float) -> np.ndarray:
        """Return cosine and sine of the phase step of each partial, zeros for those that are too high."""
        hertz = self.f0_hz * ratio * np.arange(1, self.settings.n_partials + 1)
        steps = 2 * np.pi * hertz / self.settings.sample_rate
        rotations = np.stack([np.cos(steps), np.sin(steps)], axis=1)
        rotations[hertz > HIGHEST_FRACTION * self.settings.sample_rate] = 0
        return rotations

    def _fade(self, piece: np.ndarray) -> None:
        """Apply the release."""
        if self._released_at is None:
            return
        after = self._n_done - self._released_at + np.arange(len(piece))
        piece *= np.maximum(1 - after / self._n_release, 0) ** 3


def render_note(
    levels: Levels, settings: VoiceSettings, pitch: float, seconds: float, seed: tuple[int, ...] = (0,)
) -> np.ndarray:
    """Return a note with its release, ``(time,)`` float64."""
    voice = NoteVoice(levels, settings, pitch, seed)
    held = voice.process(round(seconds * settings.sample_rate))
    voice.release()
    return np.concatenate([held, voice.process(max(1, round(settings.release_s * settings.sample_rate)))])
