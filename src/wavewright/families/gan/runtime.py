"""How a GAN plays: latent vector, label and code through the generator's ONNX graph to a clip, without torch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...contracts.lookup import index_of
from ...contracts.runtime import Interpolator
from ...dsp.interpolation import lerp, slerp
from ...dsp.onset import fade
from ...dsp.spectrum import istft, stft
from ...errors import BadModel, BadSetting
from ...models.folder import ModelFolder, Shapes
from ...units import seconds_to_samples
from .config import GanConfig

GRAPH_FILE = "generator.onnx"


@dataclass(frozen=True)
class Draw:
    """The random numbers of one clip: latent vector, InfoGAN code and white noise, each float32 and one-dimensional."""

    latent: np.ndarray  # (latent_size,), normal with a standard deviation of the model's temperature
    code: np.ndarray  # (code_size,): a one-hot category, then dimensions in [-1, 1]
    noise: np.ndarray  # (n_samples,), normal; empty for the waveform generator, which needs none


class GanRuntime(Interpolator):
    """A GAN that plays. Clip ``i`` depends on the model, the label, the seed and ``i`` alone: each is computed by itself."""

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(GanConfig)
        self.labels = config.labels
        self.sample_rate = config.sample_rate
        inputs: Shapes = {"latent": (1, config.latent_size)}
        if config.labels:
            inputs["label"] = (1,)
        if config.code_size:
            inputs["code"] = (1, config.code_size)
        n_bins = config.n_fft // 2 + 1
        outputs: Shapes = {"wave": (1, 1, config.n_samples)}
        if config.generator == "spectral":
            outputs = {"spectrum": (1, 2, n_bins, config.n_frames), "noise_gain": (1, n_bins, config.n_frames)}
        self._outputs = list(outputs)
        self._edge_gain = edge_gain(config)
        self._session = folder.session(GRAPH_FILE, inputs, outputs)

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        return ("code",) if self.config.code_size else ()

    def generate(
        self,
        label: str | None = None,
        count: int = 1,
        seed: int = 0,
        start: int = 0,
        code: Sequence[float] | None = None,
    ) -> list[np.ndarray]:
        """Clips ``start`` to ``start + count - 1`` of a seed, each ``(1, n_samples)`` float32 in [-1, 1].

        Without ``label`` clip ``i`` has the label number ``i`` modulo their number. ``code`` sets the InfoGAN code of all clips: one
        number for each category (1 for the chosen one, 0 for the others), then the continuous dimensions, each in [-1, 1].
        Raises BadSetting for a label or code that the model does not have.
        """
        label_index = None if label is None else index_of(label, self.labels, "label", self.card.name)
        chosen = None if code is None else self._checked_code(code)
        waves = []
        for index in range(start, start + count):
            clip_label = self._label_of(index) if label_index is None else label_index
            waves.append(self._play(self._draw(seed, index, clip_label), clip_label, chosen)[None])
        return waves

    def interpolate(self, seed_a: int, seed_b: int, steps: int, label: str | None = None) -> list[np.ndarray]:
        """A way from clip 0 of one seed to clip 0 of another, both included, ``(1, n_samples)`` float32 each in [-1, 1].

        Latent vector and noise turn along great circles, which keeps their statistics, the code moves along a straight line. Without
        ``label`` the first is taken, as clip 0 has it. Raises BadSetting for an unknown label or fewer than two steps.
        """
        if steps < 2:
            raise BadSetting(f"An interpolation in {steps} steps is not possible; it needs at least 2, its two ends.")
        label_index = self._label_of(0) if label is None else index_of(label, self.labels, "label", self.card.name)
        a, b = (self._draw(seed, 0, label_index) for seed in (seed_a, seed_b))
        waves = []
        for part in np.linspace(0.0, 1.0, steps):
            between = Draw(
                slerp(a.latent, b.latent, part),
                lerp(a.code, b.code, part),
                slerp(a.noise, b.noise, part),
            )
            waves.append(self._play(between, label_index, None)[None])
        return waves

    def _label_of(self, index: int) -> int:
        return index % len(self.labels) if self.labels else 0

    def _checked_code(self, code: Sequence[float]) -> np.ndarray:
        numbers = np.asarray(code, dtype=np.float32)
        if numbers.shape != (self.config.code_size,) or not np.isfinite(numbers).all():
            n_categories, n_continuous = self.config.code_categories, self.config.code_continuous
            raise BadSetting(
                f"The code is {list(code)}; {self.card.name} takes {self.config.code_size} finite numbers: {n_categories} for the "
                f"category, {n_continuous} in [-1, 1]."
            )
        return numbers

    def _draw(self, seed: int, index: int, label_index: int) -> Draw:
        """The random numbers of clip ``index``; their order (latent, code, noise) is part of what a seed means."""
        config = self.config
        label = self.labels[label_index] if self.labels else ""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, zlib.crc32(label.encode())])))
        latent = rng.standard_normal(config.latent_size, dtype=np.float32) * np.float32(config.temperature)
        category = np.zeros(config.code_categories, dtype=np.float32)
        if config.code_categories:
            category[rng.integers(config.code_categories)] = 1.0
        continuous = rng.uniform(-1.0, 1.0, config.code_continuous).astype(np.float32)
        n_noise = config.n_samples if config.generator == "spectral" else 0
        return Draw(latent, np.concatenate([category, continuous]), rng.standard_normal(n_noise, dtype=np.float32))

    def _play(self, draw: Draw, label_index: int, code: np.ndarray | None) -> np.ndarray:
        """One clip ``(n_samples,)``, turned down where its peak is above 1."""
        inputs: dict[str, np.ndarray] = {"latent": draw.latent[None]}
        if self.labels:
            inputs["label"] = np.array([label_index], dtype=np.int64)
        if self.config.code_size:
            inputs["code"] = (draw.code if code is None else code)[None]
        try:
            outputs = self._session.run(self._outputs, inputs)
        except Exception as error:  # ONNX Runtime's errors share no other base class
            reason = str(error).splitlines()[0]
            raise BadModel(
                f"{self.card.name} cannot play ({reason}); its card does not fit its graph: copy the model again."
            ) from error
        is_spectral = self.config.generator == "spectral"
        wave = self._to_wave(outputs[0], outputs[1], draw.noise) if is_spectral else outputs[0][0, 0]
        wave = wave * self._edge_gain
        peak = float(np.abs(wave).max())
        if not np.isfinite(peak):
            raise BadModel(
                f"{self.card.name} gives sound that is not a number; its weights are damaged or its training exploded."
            )
        return wave / peak if peak > 1.0 else wave

    def _to_wave(self, spectrum: np.ndarray, noise_gain: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Spectrum ``(1, 2, bins, frames)`` plus shaped noise to a wave ``(n_samples,)``."""
        config = self.config
        summed = stft(noise, config.n_fft, config.hop_length)  # (bins, frames)
        summed *= noise_gain[0]
        summed.real += spectrum[0, 0]
        summed.imag += spectrum[0, 1]
        return istft(summed, config.n_fft, config.hop_length, n_samples=config.n_samples)


def edge_gain(config: GanConfig) -> np.ndarray:
    """Return the gain of every sample, ``(n_samples,)`` float32.

    It rises along a line from 0, and falls to 0 along half a period of a raised cosine.
    """
    gain = fade(
        np.ones(config.n_samples, np.float32), 0, seconds_to_samples(config.fade_out_seconds, config.sample_rate)
    )
    if config.generator == "spectral":
        gain[: config.fade_in_samples] *= np.linspace(0.0, 1.0, config.fade_in_samples, dtype=np.float32)
    return gain
