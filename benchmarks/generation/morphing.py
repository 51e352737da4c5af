"""Measure morphs between drums and the attributes that are adjusted: onsets, labels, monotonicity, distances.

    python -m benchmarks generation.morphing --corpus corpora/drums

Pairs are drawn from the recordings of every split or of one, both of one label as often as of two. A midpoint is the
middle of ``--steps``, with the residual of both ends and without. Its peer is a crossfade: the mean of the two
recordings, aligned to their onsets and levelled. The classifier is the bundled one. A label lies between two others if
the mean embedding (log-mel) of its recordings is nearer to both of theirs than these are to each other.

To the classifier a crossfade of two recordings is almost a recording: it assigns 0.977 of them to the kind of an end,
or to one between.
Attributes are adjusted in a closed loop (``families/vae/attributes.py``), since by the directions alone brightness and
length hardly change in some clips and three times too much in others.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries, prepared, prepared_clips, smoke_drums
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, Value, columns, optional
from wavewright.dsp.onset import count_onsets
from wavewright.families import loading
from wavewright.families.vae.attributes import ATTRIBUTES, measure_attributes
from wavewright.families.vae.runtime import VaeRuntime
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from wavewright.metrics.relative_frechet import frechet_at_equal_counts

TOLERANCES = {"brightness": 0.05, "loudness": 0.1}  # octaves, dB, by which a step may go back
RESIDUALS = {"morph": 1.0, "without residual": 0.0}
MODEL = "morph-drums"
HEADROOM = 0.5  # of full scale for recordings whose attributes are adjusted, or louder clips would be attenuated again

MORPHS = Table(
    "morphs",
    columns(clips="s", n_clips="d", one_onset=".3f")
    | optional(label_of_an_end_or_between=".3f", frechet_log_mel=".3g", frechet_classifier=".3g")
    | optional(monotonic_brightness=".2f", monotonic_loudness=".2f"),
    is_optional=True,
)
ATTRIBUTE_STEPS = Table(
    "change of each attribute, in its steps, by one step of another",
    columns(adjusted="s", attribute="s", median="+.2f", low_10_percent="+.2f", high_90_percent="+.2f"),
)


def draw_pairs(labels: np.ndarray, candidates: np.ndarray, n_pairs: int) -> np.ndarray:
    """Return the rows of the two ends of each morph ``(pairs, 2)``, of two labels and of one in turn.

    - ``labels``: of all recordings, ``(n,)``.
    - ``candidates``: rows to draw from.
    """
    rng, ends = np.random.default_rng(SEED), []
    names, counts = np.unique(labels[candidates], return_counts=True)
    candidates = candidates[np.isin(labels[candidates], names[counts > 1])]
    for index in range(n_pairs):
        first = int(rng.choice(candidates))
        others = candidates[(labels[candidates] == labels[first]) == bool(index % 2)]
        ends.append((first, int(rng.choice(others[others != first]))))
    return np.array(ends)


def labels_between(labels: np.ndarray, embeddings: np.ndarray) -> dict[tuple[str, str], set[str]]:
    """Return, for each two labels, both and those between them, from the ``embeddings (n, d)`` of recordings."""
    names = np.unique(labels).tolist()
    means = {name: embeddings[labels == name].mean(axis=0) for name in names}
    distances = {(a, b): float(np.linalg.norm(means[a] - means[b])) for a in names for b in names}
    return {
        (a, b): {a, b} | {name for name in names if max(distances[name, a], distances[name, b]) < distances[a, b]}
        for a, b in distances
    }


def fraction_with_one_onset(waves: np.ndarray, sample_rate: int) -> float:
    """Return the fraction of waves ``(n, time)`` that have one onset."""
    return float(np.mean([count_onsets(wave, sample_rate) == 1 for wave in waves]))


def monotonic_fractions(morphs: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the fraction of morphs ``(pairs, steps, time)`` along which each attribute rises or falls throughout.

    A step back of at most its tolerance is allowed.
    """
    values = np.array([[measure_attributes(step, sample_rate) for step in steps] for steps in morphs])
    steps = np.diff(values, axis=1) * np.where(values[:, -1:] >= values[:, :1], 1.0, -1.0)
    return {
        f"monotonic_{name}": float((steps[:, :, column] >= -tolerance).all(axis=1).mean())
        for column, (name, tolerance) in enumerate(TOLERANCES.items())
    }


def add_morphs(
    model: VaeRuntime, waves: np.ndarray, labels: np.ndarray, candidates: np.ndarray, options: Options, report: Report
) -> None:
    """Add rows of the recordings, of the midpoints of morphs, and of crossfades."""
    rate = model.sample_rate
    classifier = loading.load("drum-classifier")
    ends = draw_pairs(labels, candidates, options.pairs)
    morphs = {}  # along great circles, (pairs, steps, time)
    for name, residual in RESIDUALS.items():
        morphed = [model.morph(*waves[pair], options.steps, "slerp", residual=residual) for pair in ends]
        morphs[name] = np.stack([[step[0] for step in steps] for steps in morphed])
    embeddings: dict[str, Embedding] = {
        "frechet_log_mel": LogMelEmbedding(rate, waves.shape[1] / rate),
        "frechet_classifier": ClassifierEmbedding(classifier),
    }
    allowed = labels_between(labels, embeddings["frechet_log_mel"](waves, rate))
    real = {name: EmbeddedClips.of(embedding(waves[candidates], rate)) for name, embedding in embeddings.items()}
    one_onset = fraction_with_one_onset(waves[candidates], rate)
    report.add(MORPHS, clips="recordings", n_clips=len(candidates), one_onset=one_onset)
    midpoints = {name: morphed[:, options.steps // 2] for name, morphed in morphs.items()}
    midpoints["crossfade"] = waves[ends].mean(axis=1)
    for name, clips in {name: prepared(clips, rate) for name, clips in midpoints.items()}.items():
        guesses = np.array(classifier.labels)[classifier.probabilities(clips, rate).argmax(axis=1)]
        is_between = [guess in allowed[tuple(labels[pair])] for guess, pair in zip(guesses, ends, strict=True)]
        row: dict[str, Value] = {"one_onset": fraction_with_one_onset(clips, rate)}
        row["label_of_an_end_or_between"] = float(np.mean(is_between))
        for column, embedding in embeddings.items():
            row[column] = frechet_at_equal_counts(real[column], EmbeddedClips.of(embedding(clips, rate))).value
        if name in morphs:
            row |= monotonic_fractions(morphs[name], rate)
        report.add(MORPHS, row, clips=name, n_clips=len(clips))


def add_attribute_steps(model: VaeRuntime, waves: np.ndarray, report: Report) -> None:
    """Add the change of each attribute when one attribute is adjusted by one of its steps."""
    for changed in model.attributes:
        adjusted = [model.adjust(HEADROOM * wave, {changed.name: changed.step}, (0.0, 1.0)).waves for wave in waves]
        values = np.array([[measure_attributes(wave[0], model.sample_rate) for wave in pair] for pair in adjusted])
        steps = (values[:, 1] - values[:, 0]) / [attribute.step for attribute in ATTRIBUTES]
        for attribute, column in zip(ATTRIBUTES, steps.T, strict=True):
            median, low, high = np.quantile(column, [0.5, 0.1, 0.9])
            row = {"median": median, "low_10_percent": low, "high_90_percent": high}
            report.add(ATTRIBUTE_STEPS, row, adjusted=changed.name, attribute=attribute.name)


def measure(options: Options, report: Report) -> None:
    model = loading.load_morpher(MODEL)
    entries = corpus_entries(options.corpus, labels=model.labels)
    waves, store = prepared_clips(entries, model.sample_rate, model.config.n_samples)
    labels, splits = np.array(store.labels), np.array([entry.split for entry in store.entries])
    if options.pairs:
        candidates = np.flatnonzero((splits == options.ends) | (options.ends == "all"))
        add_morphs(model, waves, labels, candidates, options, report)
    rng = np.random.default_rng(SEED)
    adjusted = waves[rng.choice(len(waves), min(options.adjusted, len(waves)), replace=False)]
    add_attribute_steps(model, adjusted, report)


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/drums"), smoke=smoke_drums),
    Option("pairs", 600, smoke=2),
    Option("steps", 7, "of a morph, both ends included", smoke=3),
    Option("ends", "all", "split of the pairs", choices=("all", "train", "valid", "test")),
    Option("adjusted", 60, "recordings whose attributes are adjusted", smoke=1),
)
