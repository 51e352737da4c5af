"""Embeddings: what a metric looks at instead of the wave; one needs no model, one wraps a classifier, others plug in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from ..dsp.mel import mel_filterbank
from ..dsp.spectrum import spectrogram
from ..errors import BadAudio, BadModel, BadSetting
from ..units import seconds_to_samples


class Embedding(Protocol):
    """Anything that turns waves into rows of numbers in which clips that sound alike lie close together."""

    @property
    def name(self) -> str:
        """What stands beside a score."""

    @property
    def sample_rate(self) -> int:
        """The sample rate in hertz that the embedding hears; other waves are resampled to it."""

    @property
    def near_duplicate_distance(self) -> float | None:
        """The distance up to which two clips count as takes of one sound, or None where it is not known."""

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed ``waves`` ``(n, time)`` of ``sample_rate`` hertz as ``(n, d)``."""


def frame_samples(sample_rate: int) -> int:
    """Samples of a frame: the power of two nearest to 46 ms, on a logarithmic scale."""
    return 2 ** round(np.log2(0.0464 * sample_rate))


@dataclass(frozen=True)
class LogMelEmbedding:
    """A fixed picture of a short sound: log-mel levels, how they flicker and how tonal they are; no weights, any level.

    The first ``seconds`` are cut (padded with silence if shorter, and to 8 frames) and seen through frames of about 46 ms, a quarter
    apart:

    - picture, 8 x 24: mean power in 8 spans of time, the first one frame long and each longer by the same factor, and 24 mel
      bands (HTK's scale, 30 Hz to 16 kHz or half the sample rate), in decibels below the loudest cell, not below -70 dB;
    - flicker, 3 x 8: mean absolute change from frame to frame in dB, in 3 spans of time (as above) and 8 groups of 3 bands; it
      hears buzzing and pulsing that the picture averages away;
    - peakiness, 3 x 8: dB of the mean minus mean of the dB over the bins of a band: near 2.5 for noise, high for a few
      partials.

    Each part is divided by the square root of its size, flicker and peakiness count twice, so a Euclidean distance reads in dB:
    ``sqrt(mean picture^2 + 4 mean flicker^2 + 4 mean peakiness^2)``. Everything is relative to the loudest cell, so level does
    not count. Takes of one drum usually lie within 3 dB of another take, different drums of a kind farther apart
    (docs/metrics.md).
    """

    sample_rate: int = 44_100
    seconds: float = 0.7

    name: ClassVar[str] = "log-mel"
    near_duplicate_distance: ClassVar[float | None] = 3.0
    floor_db: ClassVar[float] = -70.0
    n_mels: ClassVar[int] = 24
    n_spans: ClassVar[int] = 8
    n_detail_mels: ClassVar[int] = 8
    n_detail_spans: ClassVar[int] = 3
    detail_weight: ClassVar[float] = 2.0

    def __post_init__(self) -> None:
        if not 4_000 <= self.sample_rate <= 768_000:
            raise BadSetting(
                f"The sample rate is {self.sample_rate} Hz; the log-mel embedding needs 4,000 to 768,000 Hz."
            )
        if not 0.1 <= self.seconds <= 60:
            raise BadSetting(f"seconds is {self.seconds}; the log-mel embedding looks at 0.1 to 60 seconds.")

    @property
    def n_fft(self) -> int:
        """Samples of a frame."""
        return frame_samples(self.sample_rate)

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed ``waves`` ``(n, time)`` of ``sample_rate`` hertz as ``(n, 240)``; raises BadAudio as :func:`checked_waves`."""
        waves = resampled(checked_waves(waves), sample_rate, self.sample_rate)
        waves = waves[:, : seconds_to_samples(self.seconds, self.sample_rate)]
        fewest = (self.n_spans - 1) * self.n_fft // 4  # samples, for a frame in every span
        n_samples = max(seconds_to_samples(self.seconds, self.sample_rate), fewest)
        waves = np.pad(waves, ((0, 0), (0, n_samples - waves.shape[1])))
        f_max_hz = min(16_000.0, self.sample_rate / 2)
        filters = mel_filterbank(self.sample_rate, self.n_fft, self.n_mels, 30.0, f_max_hz, "htk")
        return np.stack([self._embed(wave, filters) for wave in waves])

    def _embed(self, wave: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """One row ``(240,)`` of a wave ``(time,)``."""
        power = spectrogram(wave, self.n_fft, self.n_fft // 4).T  # (frames, bins)
        mel_power = power @ filters.T  # (frames, mels)
        picture = mean_of_spans(mel_power, self.n_spans)
        loudest = picture.max()
        changes = np.abs(np.diff(decibels(mel_power, loudest, self.floor_db), axis=0, append=0.0))
        changes[-1] = 0.0  # nothing follows the last frame
        return np.concatenate(
            [
                part(decibels(picture, loudest, self.floor_db)),
                self.detail_weight * part(detail_of(changes, self.n_detail_spans, self.n_detail_mels)),
                self.detail_weight
                * part(detail_of(peakiness(power, filters, self.floor_db), self.n_detail_spans, self.n_detail_mels)),
            ]
        )


class ClassifierRuntime(Protocol):
    """What a loaded classifier offers; ``waves`` are ``(n, time)`` at the sample rate of its card."""

    card: Any

    def embed(self, waves: np.ndarray) -> np.ndarray:
        """The activations before the last layer, ``(n, d)``."""

    def probabilities(self, waves: np.ndarray) -> np.ndarray:
        """The probability of each label of the card, ``(n, classes)``."""


@dataclass(frozen=True)
class ClassifierEmbedding:
    """The inner activations of a classifier, and its probabilities; its own test accuracy belongs beside every score.

    ``runtime`` is a loaded model of the family ``classifier``; raises BadModel where it has no ``embed`` and ``probabilities``.
    """

    runtime: ClassifierRuntime
    near_duplicate_distance: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not hasattr(self.runtime, "embed") or not hasattr(self.runtime, "probabilities"):
            raise BadModel(
                f"The model {self.runtime.card.name} is of the family {self.runtime.card.family}, which cannot classify; "
                "give a model of the family classifier."
            )

    @property
    def name(self) -> str:
        """The name of the classifier."""
        return str(self.runtime.card.name)

    @property
    def sample_rate(self) -> int:
        """The sample rate in hertz that the classifier hears."""
        return int(self.runtime.card.sample_rate)

    @property
    def labels(self) -> list[str]:
        """The labels it knows, in the order of the columns of its probabilities."""
        return list(self.runtime.card.labels)

    @property
    def test_accuracy(self) -> float | None:
        """Its accuracy on recordings that it never heard, as its card says; None where that was not measured."""
        accuracy = self.runtime.card.metrics.get("test/accuracy")
        return None if accuracy is None else float(accuracy)

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed ``waves`` ``(n, time)`` of ``sample_rate`` hertz as ``(n, d)``; raises BadAudio as :func:`checked_waves`."""
        return np.asarray(
            self.runtime.embed(resampled(checked_waves(waves), sample_rate, self.sample_rate)), dtype=np.float64
        )

    def probabilities(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Probabilities ``(n, classes)`` of ``waves`` ``(n, time)`` of ``sample_rate`` hertz."""
        return np.asarray(
            self.runtime.probabilities(resampled(checked_waves(waves), sample_rate, self.sample_rate)), dtype=np.float64
        )


def checked_waves(waves: np.ndarray) -> np.ndarray:
    """``waves`` as float32 ``(n, time)``; raises BadAudio for another shape, nothing in it, or numbers that are not finite."""
    waves = np.asarray(waves, dtype=np.float32)
    if waves.ndim != 2 or waves.size == 0:
        raise BadAudio(
            f"The waves have shape {waves.shape}; they must be (n, time), one row for each clip: mix channels first."
        )
    if not np.isfinite(waves).all():
        raise BadAudio("The waves hold numbers that are not finite; leave those clips out.")
    return waves


def resampled(waves: np.ndarray, sample_rate: int, to_sample_rate: int) -> np.ndarray:
    """``waves`` ``(n, time)`` of ``sample_rate`` hertz at ``to_sample_rate``, float32."""
    if sample_rate == to_sample_rate:
        return waves
    import soxr

    return np.stack([soxr.resample(wave, sample_rate, to_sample_rate) for wave in waves])


def mean_of_spans(values: np.ndarray, n_spans: int, even: bool = False) -> np.ndarray:
    """Means ``(n_spans, ...)`` of ``(frames, ...)`` over equal spans, or spans that grow by the same factor from one frame on."""
    edges = span_edges(len(values), n_spans, even)
    return np.add.reduceat(values, edges[:-1], axis=0) / np.diff(edges).reshape(-1, *[1] * (values.ndim - 1))


def span_edges(n_frames: int, n_spans: int, even: bool = False) -> list[int]:
    """Return the bounds of ``n_spans`` spans, equal ones or such that grow by a constant factor: ``n_spans + 1``."""
    growing = np.geomspace(1.0, n_frames + 1.0, n_spans + 1) - 1.0
    ideal = np.linspace(0.0, n_frames, n_spans + 1) if even else growing
    edges = [0]
    for edge in ideal[1:]:
        edges.append(max(round(edge), edges[-1] + 1))
    return [*edges[:-1], n_frames]


def detail_of(values: np.ndarray, n_spans: int, n_groups: int, even: bool = False) -> np.ndarray:
    """Means ``(n_spans, n_groups)`` of ``(frames, mels)`` over spans of time and groups of bands."""
    return mean_of_spans(values, n_spans, even).reshape(n_spans, n_groups, -1).mean(axis=-1)


def decibels(power: np.ndarray, loudest: float, floor_db: float) -> np.ndarray:
    """Power in dB relative to ``loudest``, not below ``floor_db``; silence is at the floor."""
    floor = 10.0 ** (floor_db / 10.0)
    return 10.0 * np.log10(np.maximum(power / max(loudest, np.finfo(np.float32).tiny), floor))


def peakiness(power: np.ndarray, filters: np.ndarray, floor_db: float) -> np.ndarray:
    """dB of the mean minus mean of the dB ``(frames, mels)`` over each filter's bins; ``power`` is ``(frames, bins)``."""
    heard = (filters > 0).astype(power.dtype)
    heard /= heard.sum(axis=1, keepdims=True)
    loudest = power.max()
    # a floor 10 dB lower for single bins, since a band is the sum of many
    return decibels(power @ heard.T, loudest, floor_db - 10.0) - decibels(power, loudest, floor_db - 10.0) @ heard.T


def part(values: np.ndarray) -> np.ndarray:
    """``values`` in a row, divided by the root of their number, so that distances are root mean squares."""
    return values.ravel() / np.sqrt(values.size)
