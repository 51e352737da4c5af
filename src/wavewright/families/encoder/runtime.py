"""Encoder inference without PyTorch: wave to log-mel spectrograms of windows, and through the ONNX graph."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadSetting
from ...contracts.runtime import Encoder, checked_wave, checked_wave_batch
from ...models.folder import ModelFolder
from ..classifier.features import fixed_length, log_mel_spectrogram
from .config import GRAPH_FILE, EncoderConfig

QUIETEST_DB = -40.0  # windows further below the loudest one do not count
SILENCE = 1e-12  # power


class EncoderRuntime(Encoder):
    """An encoder that is open for inference.

    Each window is computed by itself, so its result does not depend on the others of a call.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(EncoderConfig)
        self.embedding_size = config.vector_size
        self._session = folder.session(
            GRAPH_FILE,
            {"log_mel": (None, config.n_mels, config.n_frames)},
            {"embedding": (None, config.vector_size)},
        )

    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the embeddings of waves; see :meth:`.contracts.runtime.Encoder.embed`."""
        checked = checked_wave_batch(waves)
        if sample_rate is not None and sample_rate < 1:
            raise BadSetting(f"The sample rate is {sample_rate} Hz; it must be at least 1.")
        embeddings = [self._embed(self._resampled(wave, sample_rate)) for wave in checked]
        return np.array(embeddings, np.float32).reshape(-1, self.embedding_size)

    def _resampled(self, wave: np.ndarray, sample_rate: int | None) -> np.ndarray:
        """Return a wave ``(time,)`` at the sample rate of the model."""
        if sample_rate is None or sample_rate == self.sample_rate:
            return wave
        import soxr

        resampled: np.ndarray = soxr.resample(wave, sample_rate, self.sample_rate)
        return resampled

    def _embed(self, wave: np.ndarray) -> np.ndarray:
        """Return the embedding ``(embedding_size,)`` of a wave ``(time,)`` of any length."""
        windows = windows_of(checked_wave(wave), self.config.n_samples)
        embeddings = [
            self._session.run(["embedding"], {"log_mel": log_mel_spectrogram(window, self.config)[None]})[0][0]
            for window in (fixed_length(each, self.config) for each in windows)
        ]
        mean: np.ndarray = self.finite(np.array(embeddings)).mean(0)
        return mean


def windows_of(wave: np.ndarray, n_samples: int) -> list[np.ndarray]:
    """Return the windows of a wave ``(time,)`` that overlap by half, without silent ones; at least one.

    A window whose power is more than 40 dB below that of the loudest one is silent.
    """
    n_windows = 1 + max(0, -(-(len(wave) - n_samples) // (n_samples // 2)))
    starts = np.linspace(0, max(len(wave) - n_samples, 0), n_windows).round().astype(int)
    windows = [wave[start : start + n_samples] for start in starts]
    powers = np.array([np.square(window, dtype=np.float64).sum() for window in windows]) + SILENCE
    is_loud = 10 * np.log10(powers / powers.max()) >= QUIETEST_DB
    return [window for window, loud in zip(windows, is_loud, strict=True) if loud]
