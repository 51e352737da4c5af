"""A support vector machine on features of whole clips, which learns in seconds: the quick method of the study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.recognition.study_tasks import StudyTask
from wavewright.data.augmentation import augment, draw_augmentation
from wavewright.data.entry import Entry
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.dsp.mel import mfcc
from wavewright.families.classifier.features import fixed_length
from wavewright.metrics.calibration import softmax
from wavewright.metrics.embeddings import LogMelEmbedding

N_MFCC = 20
N_SPANS = 6  # of equal length, over which the MFCC are averaged
SHARPNESS = 3.0  # of the softmax of the machine's scores


class ClipFeatures:
    """Recordings of a task as features of augmented copies.

    Parameters
    ----------
    task
        Sample rate, length and augmentation.
    """

    def __init__(self, task: StudyTask) -> None:
        self.model, self.data = task.classifier.model, task.classifier.data
        self.embedding = LogMelEmbedding(self.model.sample_rate, self.model.n_samples / self.model.sample_rate)

    def waves(self, entries: Sequence[Entry]) -> ClipStore:
        """Return the clips, prepared as those of the classifier."""
        preparation = Preparation("one-shot", align=self.data.align)
        return ClipStore.build(entries, self.model.sample_rate, self.data.n_stored(self.model), preparation)

    def clean(self, entries: Sequence[Entry]) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of the clips themselves, ``(n, d)``, and their labels; silent ones are left out."""
        store = self.waves(entries)
        vectors = [self(fixed_length(store[row][0], self.model)) for row in range(len(store))]
        return np.stack(vectors), np.array([str(entry.label) for entry in store.entries])

    def augmented(self, entries: Sequence[Entry], rows: Sequence[int], seed: int) -> np.ndarray:
        """Return the features of a copy of each of some clips, each augmented differently, ``(rows, d)``."""
        store = self.waves(entries)
        rng = np.random.default_rng([seed, 2])
        waves = [
            augment(store[row][0], draw_augmentation(self.data, rng), self.model.sample_rate, self.model.n_samples)
            for row in rows
        ]
        return np.stack([self(wave) for wave in waves])

    def __call__(self, wave: np.ndarray) -> np.ndarray:
        """Return the features of a clip ``(time,)``: MFCC over time, their spread, and the log-mel embedding."""
        model = self.model
        coefficients = mfcc(wave, model.sample_rate, N_MFCC, model.n_fft, model.hop_length, model.n_mels)
        spans = [span.mean(axis=1) for span in np.array_split(coefficients, N_SPANS, axis=1)]
        slopes = np.diff(coefficients, axis=1)
        embedded = self.embedding(wave[None].astype(np.float32), model.sample_rate)[0]
        return np.concatenate([*spans, coefficients.mean(1), coefficients.std(1), slopes.std(1), embedded])


class Machine:
    """A support vector machine, which also judges generated clips.

    Attributes
    ----------
    labels, sample_rate, window_samples
        As of a classifier.
    """

    def __init__(self, features: ClipFeatures, vectors: np.ndarray, labels: Sequence[str]) -> None:
        SCIKIT_LEARN.require()
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        self.features = features
        self.labels = tuple(sorted(set(labels)))
        self.sample_rate = features.model.sample_rate
        self.window_samples = features.model.n_samples
        self.machine = make_pipeline(StandardScaler(), SVC(C=10.0, gamma="scale", class_weight="balanced"))
        self.machine.fit(vectors, labels)

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Return the label of each vector, ``(n,)``."""
        predicted: np.ndarray = self.machine.predict(vectors)
        return predicted

    def probabilities(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return a confidence for each label, ``(n, labels)``, of waves ``(n, time)``."""
        vectors = np.stack([self.features(fixed_length(wave, self.features.model)) for wave in waves])
        scores = self.machine.decision_function(vectors)
        if scores.ndim == 1:
            scores = np.stack([-scores, scores], axis=1)
        return softmax(SHARPNESS * scores)
