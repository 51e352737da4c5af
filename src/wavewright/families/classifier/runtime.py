"""Classifier inference without PyTorch: wave to log-mel spectrogram, and through the ONNX graph to probabilities."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...contracts.recognition import Calibration
from ...contracts.runtime import Classifier, checked_wave, checked_wave_batch
from ...metrics.calibration import sigmoid, softmax
from ...models.folder import REMEDY, ModelFolder
from .config import CALIBRATION_FILE, GRAPH_FILE, ClassifierConfig, output_names
from .features import fixed_length, log_mel_spectrogram


class ClassifierRuntime(Classifier):
    """A classifier that is open for inference.

    Each clip is computed by itself, so its result does not depend on the others of a call.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(ClassifierConfig)
        self.window_samples = config.n_samples
        self.output = config.output
        self.frame_samples = config.hop_length if config.output == "frames" else 0
        self.is_aligned = _is_aligned(folder)
        self.calibration = read_calibration(folder)
        n_labels = len(config.labels)
        outputs = {
            "logits": (None, n_labels),
            "embedding": (None, config.embedding_size),
            "frame_logits": (None, n_labels, config.n_frames),
        }
        self._session = folder.session(
            GRAPH_FILE,
            {"log_mel": (None, config.n_mels, config.n_frames)},
            {name: outputs[name] for name in output_names(config)},
        )

    def probabilities(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the probability of each label, ``(n, labels)`` float32; see :meth:`classify`."""
        return self.classify(waves, sample_rate)[0]

    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the activations before the last layer, ``(n, embedding_size)`` float32; see :meth:`classify`."""
        return self.classify(waves, sample_rate)[1]

    def classify(self, waves: np.ndarray, sample_rate: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Compute probabilities and embeddings.

        - ``waves``: mono clips ``(n, time)``. The first ``n_samples`` of the configuration count; shorter clips are
          padded with zeros.
        - ``sample_rate``: of the waves, in hertz; by default the model's. Waves of another sample rate are resampled.
        - returns ``probabilities``: ``(n, labels)`` float32; each row sums to 1, unless a clip can have several labels.
        - returns ``embeddings``: ``(n, embedding_size)`` float32.

        Raises BadAudio for another shape, integers, no samples, NaN or infinite values, or BadSetting for a sample rate
        below 1, or BadModel if the model produces NaN or infinite values.
        """
        checked = self._resampled(checked_wave_batch(waves), sample_rate)
        outputs = [self.logits_and_embedding(wave) for wave in checked]
        logits = np.array([logits for logits, _ in outputs], dtype=np.float32).reshape(-1, len(self.labels))
        embeddings = np.array([embedding for _, embedding in outputs], dtype=np.float32)
        probabilities = softmax(logits) if self.output == "softmax" else sigmoid(logits)
        return probabilities, embeddings.reshape(-1, self.config.embedding_size)

    def logits(self, wave: np.ndarray) -> np.ndarray:
        """Return the logits ``(labels,)`` of a wave ``(time,)`` at the sample rate of the model."""
        return self.logits_and_embedding(checked_wave(wave))[0]

    def frame_logits(self, wave: np.ndarray) -> np.ndarray:
        """Return the logits ``(labels, frames)`` of a wave ``(time,)``; frame ``i`` is at ``i * frame_samples``."""
        if not self.frame_samples:
            raise BadSetting(f"{self.name} has no frames; train with --set output=frames.")
        log_mel = log_mel_spectrogram(fixed_length(checked_wave(wave), self.config), self.config)
        logits: np.ndarray = self.finite(self._session.run(["frame_logits"], {"log_mel": log_mel[None]})[0])[0]
        return logits

    def logits_and_embedding(self, wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return logits ``(labels,)`` and embedding ``(size,)`` of a wave ``(time,)`` at the model's sample rate.

        Raises BadModel if the model produces NaN or infinite values.
        """
        log_mel = log_mel_spectrogram(fixed_length(wave, self.config), self.config)
        logits, embedding = self._session.run(["logits", "embedding"], {"log_mel": log_mel[None]})
        return self.finite(logits)[0], self.finite(embedding)[0]

    def _resampled(self, waves: np.ndarray, sample_rate: int | None) -> np.ndarray:
        """Return waves ``(n, time)`` at the sample rate of the model."""
        if sample_rate is None or sample_rate == self.sample_rate or not len(waves):
            return waves
        if sample_rate < 1:
            raise BadSetting(f"The sample rate is {sample_rate} Hz; it must be at least 1.")
        import soxr

        return np.stack([soxr.resample(wave, sample_rate, self.sample_rate) for wave in waves])


def read_calibration(folder: ModelFolder) -> Calibration:
    """Return the calibration of a model, the neutral one for a model without; raise BadModel if it is damaged."""
    if CALIBRATION_FILE not in folder.card.files:
        return Calibration()
    tensors = folder.tensors(CALIBRATION_FILE)
    numbers = [tensors.get(name, np.zeros(0)).ravel() for name in ("temperature", "min_fit", "n_clips")]
    if any(len(each) != 1 or np.isnan(each[0]) for each in numbers) or not 0 < numbers[0][0] < np.inf:
        raise BadModel(f"{folder.path / CALIBRATION_FILE} holds no calibration; {REMEDY}.")
    temperature, min_fit, n_clips = (float(each[0]) for each in numbers)
    return Calibration(temperature, min_fit, int(max(n_clips, 0)))


def _is_aligned(folder: ModelFolder) -> bool:
    """Return True if the clips that the model was trained on were aligned to their onsets."""
    data = folder.card.recipe.get("data")
    return bool(data.get("align", True)) if isinstance(data, dict) else True
