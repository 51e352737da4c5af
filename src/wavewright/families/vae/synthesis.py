"""From the decoder's outputs to a wave: tone, noise, rebuilt low tones, and the residual of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...dsp.phase import griffin_lim, unit_phasors
from ...dsp.spectral_frames import FrameSettings, StreamingISTFT, StreamingSTFT, head_to_spectrum, noise_gains
from ...dsp.spectrum import frame, power_spectrum
from .config import VaeConfig

LOW_TONES_HZ = 600.0  # drums have their tones below, noise above
GRIFFIN_LIM_ITERATIONS = 8
RESIDUAL_FLOOR = 1e-4  # of a full-scale tone; below it the residual is neutral
MAX_RESIDUAL_GAIN = 20.0
EPSILON = 1e-9
MIN_DECODER_WEIGHT = 1e-3  # of the decoder's phases, which apply where the recording is silent


@dataclass(frozen=True)
class NoiseSource:
    """The white noise of a clip."""

    seed: int  # seed of the noise at ``t`` = 0
    other_seed: int = 0  # seed of the noise at ``t`` = 1
    t: float = 0.0  # 0 to 1: between them, a mixture of both with the variance of either

    def generator(self) -> Callable[[int], np.ndarray]:
        """Return a function that draws the next ``n`` samples, ``(n,)`` float32 of variance 1, from the start."""
        first, second = (np.random.Generator(np.random.PCG64(seed)) for seed in (self.seed, self.other_seed))
        if self.t in (0.0, 1.0):
            single = second if self.t else first
            return lambda n: single.standard_normal(n, np.float32)
        # The squares of cosine and sine add up to 1, and so do the variances of independent noises.
        weights = np.cos(np.pi / 2 * np.array([self.t, 1 - self.t])).astype(np.float32)

        def mixture(n: int) -> np.ndarray:
            mixed: np.ndarray = weights[0] * first.standard_normal(n, np.float32)
            mixed += weights[1] * second.standard_normal(n, np.float32)
            return mixed

        return mixture


@dataclass(frozen=True)
class Residual:
    """Difference between the spectra of a recording and its reconstruction.

    A latent vector cannot represent every partial. Applied in full to the frames that the recording's own latents
    decode to, the residual restores the recording: its phases replace the decoder's, and its gains start from the mean
    power, so the decoder's noise hardly matters. Applied to the frames of an interpolation, a variation or an
    adjustment, it restores the details and phases that a latent vector leaves out.

    - ``spectrum``: STFT of the recording, whose phases are restored, ``(frames, bins)`` complex64.
    - ``log_gains``: natural logarithm of the recording's magnitudes over the root of the mean power of the
      reconstruction, averaged over the decoder's noise; ``(frames, bins)``.
    - ``fraction``: how much of it is applied, 0 to 1.
    - ``smoothing_frames``: deviation of a Gaussian over time that smooths the change of each frame's energy; 0 for
      none.
    """

    spectrum: np.ndarray
    log_gains: np.ndarray
    fraction: float = 1.0
    smoothing_frames: float = 0.0

    @classmethod
    def measure(cls, spectrum: np.ndarray, power: np.ndarray, fraction: float, settings: FrameSettings) -> Residual:
        """Measure the residual between spectrum and mean power of the reconstruction, ``(frames, bins)``.

        ``fraction`` of it, 0 to 1, will be applied; for the power see :meth:`DecoderSynthesis.mean_power`.
        """
        floor = np.float32(RESIDUAL_FLOOR * settings.scale)
        limit = np.float32(np.log(MAX_RESIDUAL_GAIN))
        log_gains = np.log((np.abs(spectrum) + floor) / (np.sqrt(power) + floor))
        return cls(spectrum, np.clip(log_gains, -limit, limit), fraction)

    def interpolate(self, other: Residual, t: float | np.ndarray) -> Residual:
        """Interpolate towards the residual of another clip by ``t``, 0 to 1, for all frames or ``(frames, 1)``.

        Gains that both have in common are interpolated linearly. Gains that differ are weighted by cosine and sine,
        which preserves their variance; their mean would be flatter than either.
        """
        a, b = self.log_gains, other.log_gains
        linear = (1 - t) * a + t * b
        power_preserving = np.cos(np.pi / 2 * t) * a + np.sin(np.pi / 2 * t) * b
        difference = np.abs(a - b) / (np.abs(a) + np.abs(b) + np.float32(EPSILON))
        log_gains = linear + difference * (power_preserving - linear)
        spectrum = (1 - t) * self.spectrum + t * other.spectrum
        return replace(self, spectrum=spectrum.astype(np.complex64), log_gains=log_gains.astype(np.float32))

    def smooth(self, n_frames: float) -> Residual:
        """Return this residual with its energy smoothed over ``n_frames``; only for clips that are decoded at once."""
        return replace(self, smoothing_frames=n_frames)

    def scale(self, factor: float) -> Residual:
        """Return this residual with its fraction multiplied by a factor from 0 to 1."""
        return replace(self, fraction=factor * self.fraction)

    def slice_frames(self, first: int, last: int) -> Residual:
        """Return the residual of frames ``first`` to ``last``."""
        return replace(self, spectrum=self.spectrum[first:last], log_gains=self.log_gains[first:last])

    def apply(self, spectrum: np.ndarray, power: np.ndarray) -> np.ndarray:
        """Add the residual to decoded frames and their mean power, ``(frames, bins)``.

        Magnitudes are interpolated geometrically, phases as sums of phasors.
        """
        fraction = np.float32(self.fraction)
        restored = np.sqrt(power) * np.exp(self._smoothed_log_gains(power))
        magnitude = np.abs(spectrum) ** (1 - fraction) * restored**fraction
        decoder_weight = max(1 - fraction, np.float32(MIN_DECODER_WEIGHT))
        result: np.ndarray = magnitude * unit_phasors(fraction * self.spectrum + decoder_weight * spectrum)
        return result

    def _smoothed_log_gains(self, power: np.ndarray) -> np.ndarray:
        """Return the log gains, with a gain for each frame that makes the change of its energy smooth in time."""
        if not self.smoothing_frames:
            return self.log_gains
        from scipy.ndimage import gaussian_filter1d  # slow to import

        before = np.sum(power, axis=1, dtype=np.float64)
        after = np.sum(power * np.exp(2 * self.log_gains), axis=1, dtype=np.float64)
        log_energy_gain = np.log((after + EPSILON) / (before + EPSILON)) / 2
        smooth = gaussian_filter1d(log_energy_gain, self.smoothing_frames, mode="nearest")
        correction = (smooth - log_energy_gain).astype(np.float32)
        log_gains: np.ndarray = self.log_gains + correction[:, None]
        return log_gains


class DecoderSynthesis:
    """Synthesis of a wave from the decoder's outputs, block by block: tone plus filtered noise, inverse STFT."""

    def __init__(self, config: VaeConfig, noise: NoiseSource) -> None:
        self.config = config
        self.first_frame = 0
        self.istft = StreamingISTFT(config.frame_settings)
        self.noise_stft = StreamingSTFT(config.frame_settings)
        self.draw_noise = noise.generator()

    def synthesise(self, outputs: Mapping[str, np.ndarray], residual: Residual | None = None) -> np.ndarray:
        """Return the wave of the next outputs; a model of clips has those of the whole clip, and rebuilds low tones."""
        if self.config.latent == "clip":
            return self.with_low_tones_rebuilt(outputs, residual)
        return self.push(outputs, residual)

    def push(self, outputs: Mapping[str, np.ndarray], residual: Residual | None = None) -> np.ndarray:
        """Return the samples that the next frames complete.

        - ``outputs``: of the decoder: ``head (frames, 3 * bins)`` and ``log_gains (frames, noise_bands)``.
        - returns: ``(frames * hop_length,)`` float32; the first ``n_fft - hop_length`` samples precede the clip.
        """
        spectrum, power = self._spectrum(outputs)
        return self.istft.push(spectrum if residual is None else residual.apply(spectrum, power))

    def with_low_tones_rebuilt(self, outputs: Mapping[str, np.ndarray], residual: Residual | None = None) -> np.ndarray:
        """Return the wave of all frames of a clip, its bins below LOW_TONES_HZ by Griffin-Lim.

        Where the decoder cannot predict the phases of a drum's tone, the tone becomes noise, whose level fluctuates. So
        Griffin-Lim rebuilds the low bins: it starts from their phases, and keeps the magnitudes of their mean power,
        tone and noise. A residual with fraction 1 replaces all phases by those of the recording, so nothing is rebuilt.
        """
        spectrum, power = self._spectrum(outputs)
        if residual is not None and residual.fraction == 1:
            return self.istft.push(residual.apply(spectrum, power))
        wave = self._with_consistent_phases(spectrum, power)
        if residual is None:
            return wave
        # A residual is applied to frames, so the wave is analysed again; a new inverse STFT, since the first one has
        # the overlap of the wave without residual in its buffer.
        settings = self.config.frame_settings
        padded = np.pad(wave, (0, settings.n_fft - settings.hop_length))  # for as many frames as before
        windowed = frame(padded, settings.n_fft, settings.hop_length) * self.istft.window
        consistent = np.fft.rfft(windowed).astype(np.complex64)
        return StreamingISTFT(settings).push(residual.apply(consistent, power))

    def _with_consistent_phases(self, spectrum: np.ndarray, power: np.ndarray) -> np.ndarray:
        """Return the wave of a whole clip, its low bins by Griffin-Lim; the low bins of ``spectrum`` become zero."""
        settings = self.config.frame_settings
        n_low = int(LOW_TONES_HZ * settings.n_fft / settings.sample_rate)
        magnitude = np.zeros_like(power)
        magnitude[:, :n_low] = np.sqrt(power[:, :n_low])
        low = griffin_lim(magnitude.T, settings.n_fft, settings.hop_length, GRIFFIN_LIM_ITERATIONS, start=spectrum.T)
        spectrum[:, :n_low] = 0
        wave = self.istft.push(spectrum)
        aligned = wave[settings.n_fft // 2 :]  # a view; Griffin-Lim's first sample is the centre of the first frame
        aligned += low[: len(aligned)]
        return wave

    def mean_power(self, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the power ``(frames, bins)`` of the next frames, averaged over their noise."""
        _, _, power = self._decode_levels(outputs)
        return power

    def _spectrum(self, outputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return tone plus noise ``(frames, bins)`` complex64, and their mean power."""
        spectrum, gains, power = self._decode_levels(outputs)
        if gains is not None:
            spectrum += self.noise_stft.push(self.draw_noise(len(spectrum) * self.config.hop_length)) * gains
        self.first_frame += len(spectrum)
        return spectrum, power

    def _decode_levels(self, outputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """Return the tone ``(frames, bins)`` complex64, the gains of the noise, and the mean power of both."""
        settings = self.config.frame_settings
        tone = head_to_spectrum(outputs["head"], self.first_frame, settings)
        power = power_spectrum(tone)
        if not settings.noise_bands:
            return tone, None, power
        gains = noise_gains(outputs["log_gains"], settings)
        return tone, gains, power + (gains * np.float32(settings.scale / settings.noise_scale)) ** 2


def synthesise_batch(
    config: VaeConfig, heads: np.ndarray, log_gains: np.ndarray | None, first_seed: int
) -> list[np.ndarray]:
    """Synthesise clips ``(n_samples,)`` from the decoder's outputs, the noise of each from the next seed."""
    waves = []
    for row, head in enumerate(heads):
        outputs = {"head": head} if log_gains is None else {"head": head, "log_gains": log_gains[row]}
        wave = DecoderSynthesis(config, NoiseSource(first_seed + row)).synthesise(outputs)
        waves.append(wave[config.n_fft - config.hop_length :][: config.n_samples])
    return waves
