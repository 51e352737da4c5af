"""Frames of a wave as a network hears them, and the wave that a network's frames stand for, piece by piece or whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .mel import hz_to_mel
from .spectrum import frame, hann_window, overlap_add, power_spectrum

POWER_FLOOR = 1e-8  # of a full-scale tone's
COMPRESSION = 0.5  # exponent of the magnitudes that a network hears and makes
LOG_SCALE, LOG_SHIFT = 1 / 6, 1.4  # bring log power to about zero mean and unit variance
LARGEST_LOG_GAIN = 3.0  # of a bin or a band of noise, where 0 is a full-scale tone


@dataclass(frozen=True)
class FrameSettings:
    """What a frame is: ``n_fft`` samples through a Hann window, one every ``hop_length``, which an even number of times gives ``n_fft``."""

    sample_rate: int
    n_fft: int
    hop_length: int
    noise_bands: int = 0  # of the noise of a network's frames, 0 for none

    @property
    def n_bins(self) -> int:
        """Bins of a frame's spectrum."""
        return self.n_fft // 2 + 1

    @property
    def n_overlapping(self) -> int:
        """Frames that hear a sample."""
        return self.n_fft // self.hop_length

    @property
    def scale(self) -> float:
        """The magnitude of a full-scale tone's bin: half the window's sum."""
        return self.n_fft / 4

    @property
    def noise_scale(self) -> float:
        """The scale over the deviation of a bin of white noise, the root of the window's energy."""
        return self.scale / (0.375 * self.n_fft) ** 0.5


def bin_phasors(first: int, n_frames: int, settings: FrameSettings) -> np.ndarray:
    """How far a tone in the middle of each bin has turned at frames ``first`` and on, complex64 ``(n_frames, bins)``.

    Seen so, a steady tone is a constant for the networks.
    """
    period = settings.n_overlapping  # frames after which every bin has turned a whole number of times
    places = np.outer(np.arange(first, first + n_frames) % period, np.arange(settings.n_bins)) % period
    return np.exp(2j * np.pi * np.arange(period) / period).astype(np.complex64)[places]


def spectrum_to_features(spectrum: np.ndarray, first: int, settings: FrameSettings) -> np.ndarray:
    """What a network hears of ``spectrum (frames, bins)``, of which the first is frame ``first`` of the sound: ``(frames, n_features)``.

    Log power, then real and imaginary part, turned back as :func:`bin_phasors` says, their magnitude to the power COMPRESSION.
    """
    scaled = spectrum / np.float32(settings.scale)
    power = power_spectrum(scaled) + np.float32(POWER_FLOOR)
    turned = scaled * bin_phasors(first, len(spectrum), settings).conj() * power ** np.float32((COMPRESSION - 1) / 2)
    log_power = np.log(power) * np.float32(LOG_SCALE) + np.float32(LOG_SHIFT)
    return np.concatenate([log_power, turned.real, turned.imag], axis=1).astype(np.float32, copy=False)


def head_to_spectrum(head: np.ndarray, first: int, settings: FrameSettings) -> np.ndarray:
    """The spectrum ``(frames, bins)`` complex64 of a network's frames ``(frames, 3 * bins)``, of which the first is frame ``first``.

    They hold the logarithm of a gain for each bin, which silences it easily, then real and imaginary part, of magnitudes to the power
    COMPRESSION, as :func:`spectrum_to_features` gives them. These are no mere direction: where a phase cannot be foreseen they shrink to
    nothing, and grow again from there, while a direction of length 1 is lost as its magnitude vanishes.
    """
    log_gain, real, imaginary = np.split(head, 3, axis=1)
    gain = np.exp(np.minimum(log_gain, np.float32(LARGEST_LOG_GAIN)))
    expansion = np.sqrt(real * real + imaginary * imaginary) * gain  # to the power 1 / COMPRESSION - 1, which is 1
    magnified = (real + np.complex64(1j) * imaginary) * (expansion * gain * np.float32(settings.scale))
    return magnified * bin_phasors(first, len(head), settings)


@cache
def band_interpolation(n_bands: int, n_fft: int, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Of bands evenly spaced in mel, the one below each bin ``(bins,)`` and the part of the way to the next one, float32 ``(bins,)``."""
    places = hz_to_mel(np.arange(n_fft // 2 + 1) * sample_rate / n_fft, "htk")
    places = places / places[-1] * (n_bands - 1)
    below = np.minimum(places.astype(np.int64), max(n_bands - 2, 0))
    return below, (places - below).astype(np.float32)


def noise_gains(log_gains: np.ndarray, settings: FrameSettings) -> np.ndarray:
    """The factor of each bin of white noise of variance 1, ``(frames, bins)``, from a network's ``log_gains (frames, noise_bands)``."""
    gains = np.exp(np.minimum(log_gains, np.float32(LARGEST_LOG_GAIN))) * np.float32(settings.noise_scale)
    below, part = band_interpolation(settings.noise_bands, settings.n_fft, settings.sample_rate)
    above = np.minimum(below + 1, settings.noise_bands - 1)
    # No matrix product, whose last digit depends on how many frames there are.
    return gains[:, below] * (1 - part) + gains[:, above] * part


class StreamingSTFT:
    """Frames of a wave that comes in pieces; the first frames also hear the silence before it."""

    def __init__(self, settings: FrameSettings):
        self.settings = settings
        self.window = hann_window(settings.n_fft)
        self.waiting = np.zeros(settings.n_fft - settings.hop_length, np.float32)

    def push(self, wave: np.ndarray) -> np.ndarray:
        """The spectrum ``(frames, bins)`` of the frames that ``wave (time,)`` completes."""
        heard = np.concatenate([self.waiting, wave])
        n_frames = max(0, (len(heard) - self.settings.n_fft) // self.settings.hop_length + 1)
        self.waiting = heard[n_frames * self.settings.hop_length :]
        if not n_frames:
            return np.zeros((0, self.settings.n_bins), np.complex64)
        return np.fft.rfft(frame(heard, self.settings.n_fft, self.settings.hop_length) * self.window).astype(
            np.complex64
        )


class StreamingISTFT:
    """A wave from frames that come in pieces; it begins with the first frame's samples, most of them before the sound itself."""

    def __init__(self, settings: FrameSettings):
        self.settings = settings
        self.window = hann_window(settings.n_fft)
        self.before = np.zeros((settings.n_overlapping - 1, settings.n_fft), np.float32)
        # Where every sample is heard by all frames that can hear it, the squared windows add up to the same in each hop.
        self.envelope = np.square(self.window).reshape(settings.n_overlapping, -1).sum(axis=0)

    def push(self, spectrum: np.ndarray) -> np.ndarray:
        """The ``hop_length`` samples a frame that ``spectrum (frames, bins)`` completes."""
        fresh = np.fft.irfft(spectrum, n=self.settings.n_fft).astype(np.float32) * self.window
        frames = np.concatenate([self.before, fresh])
        self.before = frames[len(spectrum) :]
        hop, n_before = self.settings.hop_length, self.settings.n_overlapping - 1
        wave = overlap_add(frames, hop)[n_before * hop : (n_before + len(spectrum)) * hop]
        return (wave.reshape(-1, hop) / self.envelope).reshape(-1)
