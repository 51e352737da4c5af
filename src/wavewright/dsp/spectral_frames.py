"""Input features from STFT frames, and waves from predicted frames; streaming STFT and its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .mel import hz_to_mel
from .spectrum import FrameBuffer, hann_window, overlap_add, power_spectrum

POWER_FLOOR = 1e-8  # relative to a full-scale tone
COMPRESSION = 0.5  # exponent of the magnitudes in input features and predicted frames
LOG_SCALE, LOG_SHIFT = 1 / 6, 1.4  # normalise log power to about zero mean and unit variance
MAX_LOG_GAIN = 3.0  # of a bin or a band of noise; 0 is a full-scale tone


@dataclass(frozen=True)
class FrameSettings:
    """STFT settings of a network's frames."""

    sample_rate: int  # Hz
    n_fft: int  # length of the Hann window, an even multiple of the hop length
    hop_length: int  # samples between frames
    noise_bands: int = 0  # bands of the predicted noise, 0 for none

    @property
    def n_bins(self) -> int:
        """Bins of a frame's spectrum."""
        return self.n_fft // 2 + 1

    @property
    def n_overlapping(self) -> int:
        """Frames that contain a sample."""
        return self.n_fft // self.hop_length

    @property
    def scale(self) -> float:
        """Magnitude of a full-scale tone's bin: half the sum of the window."""
        return self.n_fft / 4

    @property
    def noise_scale(self) -> float:
        """Factor from the standard deviation of a bin of white noise, the root of the window's energy, to ``scale``."""
        return self.scale / float((0.375 * self.n_fft) ** 0.5)


def bin_phasors(first: int, n_frames: int, settings: FrameSettings) -> np.ndarray:
    """Return the phase of a tone at the centre of each bin since frame 0, as phasors ``(n_frames, bins)``.

    Divided by these, the spectrum of a steady tone is constant.
    """
    period = settings.n_overlapping  # frames in which every bin advances by a whole number of turns
    indices = np.outer(np.arange(first, first + n_frames) % period, np.arange(settings.n_bins)) % period
    phasors: np.ndarray = np.exp(2j * np.pi * np.arange(period) / period).astype(np.complex64)
    return phasors[indices]


def spectrum_to_features(spectrum: np.ndarray, first: int, settings: FrameSettings) -> np.ndarray:
    """Return the input features of a network: log power, then real and imaginary part of the compressed spectrum.

    - ``spectrum``: STFT, ``(frames, bins)``.
    - ``first``: index of its first frame, for :func:`bin_phasors`, by which the spectrum is divided.
    - returns: ``(frames, 3 * bins)`` float32. Magnitudes are raised to the power COMPRESSION.
    """
    scaled = spectrum / np.float32(settings.scale)
    power = power_spectrum(scaled) + np.float32(POWER_FLOOR)
    phasors = bin_phasors(first, len(spectrum), settings)
    compressed = scaled * phasors.conj() * power ** np.float32((COMPRESSION - 1) / 2)
    log_power = np.log(power) * np.float32(LOG_SCALE) + np.float32(LOG_SHIFT)
    return np.concatenate([log_power, compressed.real, compressed.imag], axis=1).astype(np.float32, copy=False)


def head_to_spectrum(head: np.ndarray, first: int, settings: FrameSettings) -> np.ndarray:
    """Return the spectrum of a network's predicted frames.

    They hold the log gain of each bin, which can silence it, then real and imaginary part with magnitudes to the power
    COMPRESSION, as in :func:`spectrum_to_features`. Unlike a unit phasor, these shrink to zero where a phase is
    unpredictable and grow again from there, so their gradient does not vanish.

    - ``head``: output of the network's head, ``(frames, 3 * bins)``.
    - ``first``: index of its first frame.
    - returns: ``(frames, bins)`` complex64.
    """
    log_gain, real, imaginary = np.split(head, 3, axis=1)
    gain = np.exp(np.minimum(log_gain, np.float32(MAX_LOG_GAIN)))
    expansion = np.sqrt(real * real + imaginary * imaginary) * gain  # to the power 1 / COMPRESSION - 1, which is 1
    expanded = (real + np.complex64(1j) * imaginary) * (expansion * gain * np.float32(settings.scale))
    spectrum: np.ndarray = expanded * bin_phasors(first, len(head), settings)
    return spectrum


@cache
def band_interpolation(n_bands: int, n_fft: int, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how bins interpolate between bands at equal intervals in mel.

    - ``n_bands``: number of bands, from 0 Hz to half the sample rate.
    - returns ``lower``: index of the band at or below each bin, ``(bins,)`` int64.
    - returns ``fraction``: weight of the next band, ``(bins,)`` float32.
    """
    positions = hz_to_mel(np.arange(n_fft // 2 + 1) * sample_rate / n_fft, "htk")
    positions = positions / positions[-1] * (n_bands - 1)
    lower = np.minimum(positions.astype(np.int64), max(n_bands - 2, 0))
    return lower, (positions - lower).astype(np.float32)


def noise_gains(log_gains: np.ndarray, settings: FrameSettings) -> np.ndarray:
    """Return the gain of each bin of white noise of variance 1, ``(frames, bins)``, from ``(frames, noise_bands)``."""
    gains = np.exp(np.minimum(log_gains, np.float32(MAX_LOG_GAIN))) * np.float32(settings.noise_scale)
    lower, fraction = band_interpolation(settings.noise_bands, settings.n_fft, settings.sample_rate)
    upper = np.minimum(lower + 1, settings.noise_bands - 1)
    # No matrix product: its rounding depends on the number of frames.
    bin_gains: np.ndarray = gains[:, lower] * (1 - fraction) + gains[:, upper] * fraction
    return bin_gains


class StreamingSTFT:
    """STFT of consecutive blocks of a wave; the first frames also contain zeros before it."""

    def __init__(self, settings: FrameSettings) -> None:
        self.settings = settings
        self.window = hann_window(settings.n_fft)
        self._frames = FrameBuffer(1, settings.n_fft, settings.hop_length)
        self._frames.add(np.zeros((1, settings.n_fft - settings.hop_length), np.float32))

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return the spectra of the frames that the next samples ``(time,)`` complete, ``(frames, bins)`` complex64."""
        return np.fft.rfft(self._frames.add(wave[None])[0] * self.window).astype(np.complex64)


class StreamingISTFT:
    """Inverse STFT of consecutive blocks of frames; it starts with the first frame, mostly before the wave."""

    def __init__(self, settings: FrameSettings) -> None:
        self.settings = settings
        self.window = hann_window(settings.n_fft)
        self.buffer = np.zeros((settings.n_overlapping - 1, settings.n_fft), np.float32)
        # The sum of squared windows where all overlapping frames are present is periodic in hops.
        self.envelope = np.square(self.window).reshape(settings.n_overlapping, -1).sum(axis=0)

    def push(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the samples that the next frames ``(frames, bins)`` complete, ``(frames * hop_length,)`` float32."""
        hop_length, n_before = self.settings.hop_length, self.settings.n_overlapping - 1
        windowed = np.fft.irfft(spectrum, n=self.settings.n_fft).astype(np.float32) * self.window
        frames = np.concatenate([self.buffer, windowed])
        self.buffer = frames[len(spectrum) :]
        wave = overlap_add(frames, hop_length)[n_before * hop_length : (n_before + len(spectrum)) * hop_length]
        normalised: np.ndarray = wave.reshape(-1, hop_length) / self.envelope
        return normalised.reshape(-1)
