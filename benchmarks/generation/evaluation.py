"""One-shots as the metrics take them, and the table of an evaluation."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries
from benchmarks.harness.script import Report
from benchmarks.harness.tables import Table, columns
from wavewright.contracts.runtime import Generator
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.inference.rejection import RejectionSampler
from wavewright.metrics.clips import Clips
from wavewright.metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from wavewright.metrics.report import EvaluationReport

EVALUATION = Table(
    "evaluation",
    columns(model="s", clips="s", n_clips="d", metric="s", value=".3f", threshold="g", is_met="s"),
)


def drum_embeddings(sample_rate: int, n_samples: int) -> list[Embedding]:
    """Return the embeddings that judge drums: log-mel, and the bundled drum classifier."""
    classifier = ClassifierEmbedding(loading.load_classifier("drum-classifier"))
    return [LogMelEmbedding(sample_rate, n_samples / sample_rate), classifier]


def add_evaluation(model: str, evaluation: EvaluationReport, report: Report) -> None:
    """Add the metrics with a threshold, of generated clips, recordings and cheats, and the whole evaluation as JSON."""
    report.attach(model, evaluation)
    print(f"\n{model}\n{evaluation}", flush=True)
    for row in evaluation.rows:
        for criterion in row.criteria:
            report.add(
                EVALUATION,
                {
                    "model": model,
                    "clips": row.name,
                    "n_clips": row.n_clips,
                    "metric": criterion.name,
                    "value": criterion.value,
                    "threshold": criterion.threshold,
                    "is_met": criterion.is_met,
                },
            )


def recorded_clips(corpus: Path, split: str, labels: Sequence[str], sample_rate: int, n_samples: int) -> Clips:
    """Return the recordings of a split, prepared as for training."""
    entries = corpus_entries(corpus, split, labels)
    with tempfile.TemporaryDirectory() as cache:
        store = ClipStore.build(entries, sample_rate, n_samples, Preparation(), cache)
        waves = np.stack([store[index][0] for index in range(len(store))])
    return Clips.of(waves, sample_rate, [str(label) for label in store.labels], [str(group) for group in store.groups])


def prepared_clips(waves: np.ndarray, labels: Sequence[str], sample_rate: int) -> Clips:
    """Return generated clips ``(n, time)``, aligned to their onsets and levelled like recordings."""
    preparation = Preparation()
    aligned = [preparation.apply(wave[None], sample_rate, waves.shape[1])[0] for wave in waves]
    return Clips.of(np.stack(aligned), sample_rate, list(labels))


def generate_waves(
    model: Generator, per_label: int, every_clip: bool, report: Report, seed: int = SEED
) -> tuple[np.ndarray, list[str]]:
    """Return clips ``(n, time)``, label after label, and their labels.

    Clips too close to a recording are left out as ``wavewright generate`` does, unless ``every_clip``.
    """
    rejection = RejectionSampler(
        model, lambda label, seed, index: model.generate(label, 1, seed, index)[0], None, 0.0 if every_clip else None
    )
    start = time.perf_counter()
    chosen = [clip for label in model.labels for clip in rejection.sample(label, per_label, seed)]
    seconds = time.perf_counter() - start
    waves = np.stack([clip.wave[0] for clip in chosen])
    report.note(
        f"{rejection.n_rejected} clips left out as too close to a recording, {rejection.n_near_copies} retained all "
        f"the same; {1000 * seconds / len(waves):.1f} ms a clip, {waves.size / model.sample_rate / seconds:.0f} times "
        "real time."
    )
    return waves, [label for label in model.labels for _ in range(per_label)]


def generated_clips(model: Generator, per_label: int, every_clip: bool, report: Report, seed: int = SEED) -> Clips:
    """Return the clips of :func:`generate_waves`, prepared like recordings."""
    waves, labels = generate_waves(model, per_label, every_clip, report, seed)
    return prepared_clips(waves, labels, model.sample_rate)
