"""The decoder's frames to a wave: tones and noise, in pieces or whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...dsp.phase import griffin_lim
from ...dsp.spectral_frames import StreamingISTFT, StreamingSTFT, head_to_spectrum, noise_gains
from ...dsp.spectrum import frame, power_spectrum
from .config import VaeConfig
from .detail import Detail

STEADY_BELOW_HZ = 600.0  # tones of drums; above them lie noises
PASSES = 8  # of the search for their phases


@dataclass(frozen=True)
class Noise:
    """Which noise a sound has: that of a seed, or at ``part`` (0 to 1) of the way to that of another."""

    seed: int
    other: int = 0
    part: float = 0.0

    def source(self) -> Callable[[int], np.ndarray]:
        """What gives the next ``n`` samples of it, ``(n,)`` float32 of variance 1, however many are asked for at a time."""
        first, second = (np.random.Generator(np.random.PCG64(seed)) for seed in (self.seed, self.other))
        if self.part in (0.0, 1.0):
            alone = second if self.part else first
            return lambda n: alone.standard_normal(n, np.float32)
        # Of two independent noises cosine and sine keep the variance.
        weights = np.cos(np.pi / 2 * np.array([self.part, 1 - self.part])).astype(np.float32)
        return lambda n: (
            weights[0] * first.standard_normal(n, np.float32) + weights[1] * second.standard_normal(n, np.float32)
        )


class Rendering:
    """The decoder's frames to a wave, piece by piece."""

    def __init__(self, config: VaeConfig, noise: Noise):
        self.config, self.first = config, 0
        self.synthesis, self.white = StreamingISTFT(config.frames), StreamingSTFT(config.frames)
        self.draw = noise.source()

    def next(self, frames: Mapping[str, np.ndarray], detail: Detail | None = None) -> np.ndarray:
        """As :meth:`whole` where one latent is a sound, which comes at once, and as :meth:`push` where sounds may come in pieces."""
        return self.whole(frames, detail) if self.config.latent == "clip" else self.push(frames, detail)

    def push(self, frames: Mapping[str, np.ndarray], detail: Detail | None = None) -> np.ndarray:
        """``head (frames, 3 * bins)`` and ``log_gains (frames, noise_bands)`` to ``hop_length`` samples a frame, with ``detail``, if any."""
        spectrum, power = self._spectrum(frames)
        return self.synthesis.push(spectrum if detail is None else detail.added(spectrum, power))

    def whole(self, frames: Mapping[str, np.ndarray], detail: Detail | None = None) -> np.ndarray:
        """All frames of a sound, as :meth:`push` has them, but for low tones: theirs are phases that fit each other.

        A network that does not foresee the phases of a drum's tone makes a noise of it, whose level flutters. So what lies below
        STEADY_BELOW_HZ becomes the wave that has the levels of tone and noise together, from their phases on. All of a detail has the
        recording's phases instead.
        """
        spectrum, power = self._spectrum(frames)
        if detail is not None and detail.share == 1:
            return self.synthesis.push(detail.added(spectrum, power))
        wave = self._steady(spectrum, power)
        if detail is None:
            return wave
        settings = self.config.frames
        framed = frame(np.pad(wave, (0, settings.n_fft - settings.hop_length)), settings.n_fft, settings.hop_length)
        return StreamingISTFT(settings).push(
            detail.added(np.fft.rfft(framed * self.synthesis.window).astype(np.complex64), power)
        )

    def _steady(self, spectrum: np.ndarray, power: np.ndarray) -> np.ndarray:
        """The wave of a whole sound whose low tones have phases that fit."""
        settings = self.config.frames
        n_low = int(STEADY_BELOW_HZ * settings.n_fft / settings.sample_rate)
        low = np.zeros_like(power)
        low[:, :n_low] = np.sqrt(power[:, :n_low])
        tones = griffin_lim(low.T, settings.n_fft, settings.hop_length, PASSES, start=spectrum.T)
        spectrum[:, :n_low] = 0
        wave = self.synthesis.push(spectrum)
        heard = wave[settings.n_fft // 2 :]  # their first sample is the middle of the first frame
        heard += tones[: len(heard)]
        return wave

    def power(self, frames: Mapping[str, np.ndarray]) -> np.ndarray:
        """The power ``(frames, bins)`` that frames as :meth:`push` has them get from chance on average."""
        return self._levels(frames)[2]

    def _spectrum(self, frames: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Tone and noise ``(frames, bins)`` complex64, and the power that chance gives them on average."""
        spectrum, gains, power = self._levels(frames)
        if gains is not None:
            spectrum += self.white.push(self.draw(len(spectrum) * self.config.hop_length)) * gains
        self.first += len(spectrum)
        return spectrum, power

    def _levels(self, frames: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """The tones ``(frames, bins)`` complex64, the gains of noise, if any, and the power of both together on average."""
        settings = self.config.frames
        tones = head_to_spectrum(frames["head"], self.first, settings)
        power = power_spectrum(tones)
        if not settings.noise_bands:
            return tones, None, power
        gains = noise_gains(frames["log_gains"], settings)
        return tones, gains, power + (gains * np.float32(settings.scale / settings.noise_scale)) ** 2


def sounds(config: VaeConfig, heads: np.ndarray, log_gains: np.ndarray | None, first_seed: int) -> list[np.ndarray]:
    """Whole sounds ``(n_samples,)`` of a batch, ``heads (batch, frames, 3 * bins)`` and ``log_gains (batch, frames, noise_bands)``, with the
    noises of seeds in a row."""
    found = []
    for row, head in enumerate(heads):
        frames = {"head": head} if log_gains is None else {"head": head, "log_gains": log_gains[row]}
        wave = Rendering(config, Noise(first_seed + row)).next(frames)
        found.append(wave[config.n_fft - config.hop_length :][: config.n_samples])
    return found
