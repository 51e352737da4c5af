"""How the classifier listens: wave to log-mel picture in NumPy, picture through the ONNX graph to probabilities and embedding."""

from __future__ import annotations

import numpy as np

from ...contracts.runtime import Classifier
from ...dsp.mel import log_mel
from ...dsp.onset import fade
from ...errors import BadAudio, BadSetting
from ...models.folder import ModelFolder
from ...units import seconds_to_samples
from .config import FADE_SECONDS, POWER_FLOOR, ClassifierConfig

GRAPH_FILE = "classifier.onnx"


class ClassifierRuntime(Classifier):
    """A classifier that listens. Each clip is computed by itself, so its result does not depend on the others of a call."""

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(ClassifierConfig)
        self.labels = config.labels
        self.sample_rate = config.sample_rate
        self._session = folder.session(
            GRAPH_FILE,
            {"log_mel": (None, config.n_mels, config.n_frames)},
            {"logits": (None, len(config.labels)), "embedding": (None, config.embedding_size)},
        )

    def probabilities(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """The probability of each label ``(n, classes)`` for ``waves (n, time)``; see :meth:`listen`."""
        return self.listen(waves, sample_rate)[0]

    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """The activations before the last layer ``(n, embedding_size)`` for ``waves (n, time)``; see :meth:`listen`."""
        return self.listen(waves, sample_rate)[1]

    def listen(self, waves: np.ndarray, sample_rate: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities ``(n, classes)`` and embeddings ``(n, embedding_size)`` of ``waves (n, time)``, float32.

        Waves of another ``sample_rate`` than the model's are resampled; of each, the first ``n_samples`` of the config are heard, and
        what is shorter is followed by silence. Raises BadAudio for another shape, no samples, or samples that are not finite.
        """
        heard = [self.logits_and_embedding(wave) for wave in self._checked(waves, sample_rate)]
        logits = np.array([one for one, _ in heard], dtype=np.float32).reshape(-1, len(self.labels))
        embeddings = np.array([one for _, one in heard], dtype=np.float32).reshape(-1, self.config.embedding_size)
        return softmax(logits), embeddings

    def logits_and_embedding(self, wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits ``(classes,)`` and embedding ``(embedding_size,)`` of one wave ``(time,)`` at the model's rate."""
        picture = picture_of(heard(wave, self.config), self.config)
        logits, embedding = self._session.run(["logits", "embedding"], {"log_mel": picture[None]})
        return logits[0], embedding[0]

    def _checked(self, waves: np.ndarray, sample_rate: int | None) -> np.ndarray:
        """``waves (n, time)`` as float32 at the model's rate."""
        waves = np.asarray(waves, dtype=np.float32)
        if waves.ndim != 2 or waves.shape[1] == 0:
            raise BadAudio(
                f"The waves have shape {waves.shape}; they must be (n, time), one row for each clip: mix channels first."
            )
        if not np.isfinite(waves).all():
            raise BadAudio("The waves hold samples that are not numbers (NaN or infinite); leave those clips out.")
        if sample_rate is None or sample_rate == self.sample_rate or not len(waves):
            return waves
        if sample_rate < 1:
            raise BadSetting(f"The sample rate is {sample_rate} Hz; it must be at least 1.")
        import soxr

        return np.stack([soxr.resample(wave, sample_rate, self.sample_rate) for wave in waves])


def heard(wave: np.ndarray, config: ClassifierConfig) -> np.ndarray:
    """What the network hears of ``wave (time,)``: ``(n_samples,)`` float32, cut or padded with silence, its last 10 ms faded out."""
    clip = np.zeros(config.n_samples, dtype=np.float32)
    kept = min(len(wave), config.n_samples)
    clip[:kept] = wave[:kept]
    return fade(clip, 0, seconds_to_samples(FADE_SECONDS, config.sample_rate))


def picture_of(clip: np.ndarray, config: ClassifierConfig) -> np.ndarray:
    """The log-mel picture ``(n_mels, n_frames)`` float32 of a clip ``(n_samples,)``."""
    return log_mel(
        clip,
        config.sample_rate,
        config.n_fft,
        config.hop_length,
        config.n_mels,
        config.f_min_hz,
        preset="htk",
        floor=POWER_FLOOR,
    ).astype(np.float32, copy=False)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits ``(n, classes)`` to probabilities of the same shape; each row sums to 1."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
