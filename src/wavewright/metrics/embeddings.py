"""Embeddings that metrics compare: a log-mel embedding without weights, the activations of a classifier, and others.

``evaluate`` chooses its own in tasks/evaluate.py, maps and searches of clips in inference/latent_clips/space.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import numpy as np

from ..base.errors import BadModel, BadSetting
from ..base.units import seconds_to_samples
from ..dsp.mel import mel_filterbank
from ..dsp.spectrum import spectrogram
from .checks import checked_waves
from .spectral_features import (
    COARSE_WEIGHT,
    N_COARSE_BANDS,
    N_COARSE_SPANS,
    N_MELS,
    N_SPANS,
    frame_samples,
    spectral_features,
)

if TYPE_CHECKING:
    from ..models.card import Card

SAMPLE_RATE_RANGE = (4_000, 768_000)  # hertz


class Embedding(Protocol):
    """A function from waves to vectors in which similar clips are close to each other."""

    @property
    def name(self) -> str:
        """Name of the embedding in reports."""

    @property
    def sample_rate(self) -> int:
        """Sample rate of the input in hertz; other waves are resampled to it."""

    @property
    def near_duplicate_distance(self) -> float | None:
        """Distance up to which two clips count as takes of one sound, None where it is not known."""

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed waves ``(n, time)`` of ``sample_rate`` hertz as ``(n, d)``."""


@dataclass(frozen=True)
class SpectralEmbedding(ABC):
    """Base of the deterministic embeddings of power spectrograms in 24 mel bands; no weights.

    Raises BadSetting where ``sample_rate``, that of the analysis, is not from 4,000 to 768,000 Hz.
    """

    sample_rate: int

    name: ClassVar[str]
    near_duplicate_distance: ClassVar[float | None]
    floor_db: ClassVar[float]
    f_max_hz: ClassVar[float]

    def __post_init__(self) -> None:
        lowest, highest = SAMPLE_RATE_RANGE
        if not lowest <= self.sample_rate <= highest:
            raise BadSetting(
                f"The sample rate is {self.sample_rate} Hz; the {self.name} embedding needs {lowest:,} to "
                f"{highest:,} Hz."
            )

    @property
    def n_fft(self) -> int:
        """Length of a frame in samples."""
        return frame_samples(self.sample_rate)

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed waves ``(n, time)`` of ``sample_rate`` hertz as ``(n, d)``; raises BadAudio for invalid waves."""
        waves = resampled(checked_waves(waves), sample_rate, self.sample_rate)
        f_max_hz = min(self.f_max_hz, self.sample_rate / 2)
        filters = mel_filterbank(self.sample_rate, self.n_fft, N_MELS, 30.0, f_max_hz, "htk")
        return np.stack([self._embed(self._trim(wave), filters) for wave in waves])

    @abstractmethod
    def _trim(self, wave: np.ndarray) -> np.ndarray:
        """Return the samples of a wave ``(time,)`` that are analysed."""

    @abstractmethod
    def _embed(self, wave: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """Embed the analysed samples ``(time,)`` as ``(d,)``."""


@dataclass(frozen=True)
class LogMelEmbedding(SpectralEmbedding):
    """A deterministic embedding of one-shots: coarse log-mel spectrogram, spectral flux and tonality; no weights.

    The first ``seconds`` are cut (padded with silence if shorter) and analysed in frames of about 46 ms with a hop of a
    quarter frame. The 240 numbers of a clip are

    - the log-mel spectrogram, 8 x 24: mean power in 8 time spans, the first one frame long and each longer by the same
      factor, and 24 mel bands (HTK scale, 30 Hz to 16 kHz or half the sample rate), in dB relative to the loudest cell,
      not below -70 dB;
    - the spectral flux, 3 x 8: mean absolute change from frame to frame in dB, in 3 time spans (as above) and 8 groups
      of 3 bands; it shows buzzing and pulsing that the coarse spectrogram averages away;
    - the tonality, 3 x 8: minus the spectral flatness of each band in dB, near 2.5 for noise, high for few partials.

    The Euclidean distance reads in dB: ``sqrt(mean level^2 + 4 mean flux^2 + 4 mean tonality^2)`` of the differences.
    Levels are relative to the loudest cell, so the gain does not count. Takes of one drum usually lie within 3 dB of
    another take, different drums of a kind farther apart (docs/metrics.md).

    Attributes
    ----------
    sample_rate : int
        Sample rate of the analysis in hertz, 4,000 to 768,000.
    seconds : float
        Length of the analysed beginning of a clip, 0.1 to 60.
    """

    sample_rate: int = 44_100
    seconds: float = 0.7

    name: ClassVar[str] = "log-mel"
    near_duplicate_distance: ClassVar[float | None] = 3.0
    floor_db: ClassVar[float] = -70.0
    f_max_hz: ClassVar[float] = 16_000.0
    n_mels: ClassVar[int] = N_MELS
    n_spans: ClassVar[int] = N_SPANS
    n_coarse_bands: ClassVar[int] = N_COARSE_BANDS
    n_coarse_spans: ClassVar[int] = N_COARSE_SPANS
    coarse_weight: ClassVar[float] = COARSE_WEIGHT

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.seconds <= 60:
            raise BadSetting(f"seconds is {self.seconds}; the log-mel embedding analyses 0.1 to 60 seconds.")

    def _trim(self, wave: np.ndarray) -> np.ndarray:
        """Cut or pad a wave ``(time,)`` to the analysed length."""
        n_analysed = seconds_to_samples(self.seconds, self.sample_rate)
        wave = wave[:n_analysed]
        min_samples = (self.n_spans - 1) * self.n_fft // 4  # a frame for every span
        return np.pad(wave, (0, max(n_analysed, min_samples) - len(wave)))

    def _embed(self, wave: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """Embed one wave ``(time,)`` as ``(240,)``."""
        power = spectrogram(wave, self.n_fft, self.n_fft // 4).T  # (frames, bins)
        return np.concatenate(spectral_features(power, filters, self.floor_db))


class EmbeddingModel(Protocol):
    """A loaded model that makes embeddings."""

    @property
    def card(self) -> Card:
        """Card of the model."""

    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the embeddings ``(n, d)`` of waves ``(n, time)``."""


@dataclass(frozen=True)
class ModelEmbedding:
    """The embedding of an encoder, or the activations of a classifier before its last layer.

    Attributes
    ----------
    runtime : EmbeddingModel
        A loaded model.
    near_duplicate_distance : None
        Not known.
    """

    runtime: EmbeddingModel
    near_duplicate_distance: float | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.runtime.card.name

    @property
    def sample_rate(self) -> int:
        """Sample rate of the model's input in hertz."""
        return self.runtime.card.sample_rate

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed waves ``(n, time)`` of ``sample_rate`` hertz as ``(n, d)``; raises BadAudio for invalid waves."""
        waves = resampled(checked_waves(waves), sample_rate, self.sample_rate)
        return np.asarray(self.runtime.embed(waves), dtype=np.float64)


@runtime_checkable
class ClipClassifier(EmbeddingModel, Protocol):
    """A loaded classifier, which embeds clips as the activations before its last layer."""

    def probabilities(self, waves: np.ndarray) -> np.ndarray:
        """Return the probability of each label of the card, ``(n, classes)``."""


@dataclass(frozen=True)
class ClassifierEmbedding(ModelEmbedding):
    """The activations of a classifier before its last layer, and its class probabilities.

    Raises BadModel where ``runtime`` is a model that cannot classify.

    Attributes
    ----------
    runtime : ClipClassifier
        A loaded model of the family ``classifier``.
    """

    runtime: ClipClassifier

    def __post_init__(self) -> None:
        if not isinstance(self.runtime, ClipClassifier):
            raise BadModel(
                f"The model {self.runtime.card.name} is of the family {self.runtime.card.family}, which cannot "
                "classify; give a model of the family classifier."
            )

    @property
    def labels(self) -> list[str]:
        """Labels in the order of the columns of :meth:`probabilities`."""
        return list(self.runtime.card.labels)

    @property
    def test_accuracy(self) -> float | None:
        """Accuracy on held-out recordings according to the card, None where it was not measured."""
        accuracy = self.runtime.card.metrics.get("test/accuracy")
        return float(accuracy) if isinstance(accuracy, int | float) else None

    def probabilities(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Classify clips.

        Raises BadAudio if the waves have another shape or values that are not finite.

        Parameters
        ----------
        waves : np.ndarray of shape ``(n, time)``
            Mono clips.
        sample_rate : int, in Hz

        Returns
        -------
        np.ndarray
            Probabilities of :attr:`labels`, ``(n, classes)``.
        """
        waves = resampled(checked_waves(waves), sample_rate, self.sample_rate)
        return np.asarray(self.runtime.probabilities(waves), dtype=np.float64)


def resampled(waves: np.ndarray, sample_rate: int, to_sample_rate: int) -> np.ndarray:
    """Return waves ``(n, time)`` at ``to_sample_rate``, float32."""
    if sample_rate == to_sample_rate:
        return waves
    import soxr

    return np.stack([soxr.resample(wave, sample_rate, to_sample_rate) for wave in waves])
