"""GAN inference without PyTorch: latent vector, label and code through the generator's ONNX graph to a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ...base.errors import BadSetting
from ...base.units import seconds_to_samples
from ...contracts.runtime import Interpolator
from ...dsp.interpolation import interpolation_steps, lerp, slerp
from ...dsp.onset import fade
from ...dsp.spectrum import istft, stft
from ...models.folder import ModelFolder
from ...models.graph_file import Shapes
from .config import GRAPH_FILE, GanConfig

Code: TypeAlias = Sequence[float]
"""InfoGAN code: one number for each category (1 for the chosen one, 0 for the others), then dimensions in [-1, 1]."""


@dataclass(frozen=True)
class ClipDraw:
    """The random numbers of one clip, each float32 and one-dimensional."""

    latent: np.ndarray  # ``(latent_size,)``, normal with a standard deviation of the model's temperature
    code: np.ndarray  # ``(code_size,)``: a one-hot category, then dimensions in [-1, 1]
    noise: np.ndarray  # white noise ``(n_samples,)``; empty for the waveform generator


class GanRuntime(Interpolator):
    """A GAN that is open for inference.

    Each clip is computed by itself, so it does not depend on the others of a call.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(GanConfig)
        inputs: Shapes = {"latent": (1, config.latent_size)}
        if config.labels:
            inputs["label"] = (1,)
        if config.code_size:
            inputs["code"] = (1, config.code_size)
        n_bins = config.n_fft // 2 + 1
        outputs: Shapes = {"wave": (1, 1, config.n_samples)}
        if config.generator == "spectral":
            outputs = {"spectrum": (1, 2, n_bins, config.n_frames), "noise_gain": (1, n_bins, config.n_frames)}
        self._output_names = list(outputs)
        self._edge_gain = edge_gain(config)
        self._session = folder.session(GRAPH_FILE, inputs, outputs)

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        return ("code",) if self.config.code_size else ()

    def generate(
        self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0, code: Code | None = None
    ) -> list[np.ndarray]:
        """Return clips of a seed, see :meth:`.Generator.generate`; by default, a code is drawn for each clip."""
        checked_code = None if code is None else self._checked_code(code)
        clips = []
        for index in range(start, start + count):
            label_number = self.label_index(label, index)
            clips.append(self._synthesise(self._draw(seed, index, label_number), label_number, checked_code))
        return clips

    def interpolate(self, seed_a: int, seed_b: int, steps: int, label: str | None = None) -> list[np.ndarray]:
        """Return a path from clip 0 of one seed to clip 0 of another.

        Latent vector and noise are interpolated on great circles, which keeps their statistics, the code linearly.
        """
        positions = interpolation_steps(steps)
        label_number = self.label_index(label)
        a, b = (self._draw(seed, 0, label_number) for seed in (seed_a, seed_b))
        clips = []
        for t in positions:
            between = ClipDraw(slerp(a.latent, b.latent, t), lerp(a.code, b.code, t), slerp(a.noise, b.noise, t))
            clips.append(self._synthesise(between, label_number))
        return clips

    def _checked_code(self, code: Code) -> np.ndarray:
        """Return a code as float32; raise BadSetting for one of another length or with values that are not finite."""
        checked = np.asarray(code, dtype=np.float32)
        if checked.shape != (self.config.code_size,) or not np.isfinite(checked).all():
            n_categories, n_continuous = self.config.code_categories, self.config.code_continuous
            raise BadSetting(
                f"The code is {list(code)}; {self.name} takes {self.config.code_size} finite numbers: {n_categories} "
                f"for the category, {n_continuous} in [-1, 1]."
            )
        return checked

    def _draw(self, seed: int, index: int, label: int) -> ClipDraw:
        """Draw the random numbers of clip ``index``; their order (latent, code, noise) defines what a seed means."""
        config = self.config
        rng = self.clip_rng(seed, index, label)
        latent = rng.standard_normal(config.latent_size, dtype=np.float32) * np.float32(config.temperature)
        category = np.zeros(config.code_categories, dtype=np.float32)
        if config.code_categories:
            category[rng.integers(config.code_categories)] = 1.0
        continuous = rng.uniform(-1.0, 1.0, config.code_continuous).astype(np.float32)
        n_noise = config.n_samples if config.generator == "spectral" else 0
        noise = rng.standard_normal(n_noise, dtype=np.float32)
        return ClipDraw(latent, np.concatenate([category, continuous]), noise)

    def _synthesise(self, draw: ClipDraw, label: int, code: np.ndarray | None = None) -> np.ndarray:
        """Return one clip ``(1, n_samples)``, attenuated where its peak is above 1."""
        inputs: dict[str, np.ndarray] = {"latent": draw.latent[None]}
        if self.labels:
            inputs["label"] = np.array([label], dtype=np.int64)
        if self.config.code_size:
            inputs["code"] = (draw.code if code is None else code)[None]
        outputs = self._session.run(self._output_names, inputs)
        if self.config.generator == "spectral":
            wave = self._inverse_stft(outputs[0], outputs[1], draw.noise)
        else:
            wave = outputs[0][0, 0]
        wave = self.finite(wave * self._edge_gain)
        peak = float(np.abs(wave).max())
        return (wave / peak if peak > 1.0 else wave)[None]

    def _inverse_stft(self, spectrum: np.ndarray, noise_gain: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return the wave ``(n_samples,)`` of a spectrum ``(1, 2, bins, frames)`` plus shaped noise."""
        config = self.config
        summed = stft(noise, config.n_fft, config.hop_length)  # (bins, frames)
        summed *= noise_gain[0]
        summed.real += spectrum[0, 0]
        summed.imag += spectrum[0, 1]
        return istft(summed, config.n_fft, config.hop_length, n_samples=config.n_samples)


def edge_gain(config: GanConfig) -> np.ndarray:
    """Return the gain of every sample by which a clip is faded, ``(n_samples,)`` float32.

    It rises linearly from 0 (spectral generator) and falls to 0 along half a period of a raised cosine.
    """
    n_fade_out = seconds_to_samples(config.fade_out_seconds, config.sample_rate)
    gain = fade(np.ones(config.n_samples, np.float32), 0, n_fade_out)
    if config.generator == "spectral":
        gain[: config.fade_in_samples] *= np.linspace(0.0, 1.0, config.fade_in_samples, dtype=np.float32)
    return gain
