"""Measure morphs between drums and the attributes that are adjusted: onsets, labels, monotonicity, distances.

    python -m benchmarks generation.morphing --corpus corpora/drums                     # the bundled morph-drums
    python -m benchmarks generation.morphing --corpus corpora/drums --model runs/mine --pairs 600 --json morphing.json
    python -m benchmarks generation.morphing --corpus corpora/drums --pairs 0           # the attributes alone
    python -m benchmarks generation.morphing --corpus corpora/drums --ends test         # unseen kits

Pairs are drawn from the recordings of every split or of one, both of one label as often as of two. A midpoint is the
middle of ``--steps``, with the residual of both ends and without. Its peer is a crossfade: the mean of the two
recordings, aligned to their onsets and levelled. The classifier is the bundled one. A label lies between two others if
the mean embedding (log-mel) of its recordings is nearer to both of theirs than these are to each other.

To the classifier a crossfade of two recordings is almost a recording: it assigns 0.967 of them to the kind of an end.
Attributes are adjusted in a closed loop (``families/vae/attributes.py``), since by the directions alone brightness and
length hardly change in some clips and three times too much in others.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries, smoke_drums
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, Value, columns, optional
from wavewright.base.errors import BadModel
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.dsp.onset import count_onsets
from wavewright.families import loading
from wavewright.families.vae.attributes import ATTRIBUTES, measure_attributes
from wavewright.families.vae.runtime import VaeRuntime
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from wavewright.metrics.relative_frechet import frechet_at_equal_counts

TOLERANCES = {"brightness": 0.05, "loudness": 0.1}  # octaves, dB, by which a step may go back
RESIDUALS = {"morph": 1.0, "without residual": 0.0}
HEADROOM = 0.5  # of full scale for recordings whose attributes are adjusted, or louder clips would be attenuated again
LOW = 0.1  # quantiles of the recordings that an attribute is adjusted on
HIGH = 0.9

MORPHS = Table(
    "morphs",
    columns(clips="s", n_clips="d", one_onset=".3f")
    | optional(label_of_an_end=".3f", label_of_an_end_or_between=".3f")
    | optional(frechet_log_mel=".3g", frechet_classifier=".3g")
    | optional(monotonic_brightness=".2f", monotonic_loudness=".2f"),
    is_optional=True,
)
ATTRIBUTE_STEPS = Table(
    "change of each attribute, in its steps, by one step of another",
    columns(adjusted="s", attribute="s", median="+.2f", low_10_percent="+.2f", high_90_percent="+.2f"),
)


def recordings(corpus: Path, model: VaeRuntime) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the waves ``(n, n_samples)`` of all splits, prepared as for training, their labels and splits ``(n,)``."""
    entries = corpus_entries(corpus, labels=model.labels)
    with tempfile.TemporaryDirectory() as cache:
        store = ClipStore.build(entries, model.sample_rate, model.config.n_samples, Preparation(), cache)
        waves = np.stack([store[index][0] for index in range(len(store))])
    return waves, np.array(store.labels), np.array([entry.split for entry in store.entries])


def is_monotonic(values: np.ndarray, tolerance: float) -> bool:
    """Return whether ``values (steps,)`` rise or fall throughout, except for steps back of at most ``tolerance``."""
    steps = np.diff(values) * (1.0 if values[-1] >= values[0] else -1.0)
    return bool((steps >= -tolerance).all())


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


def morph_pairs(
    model: VaeRuntime, waves: np.ndarray, ends: np.ndarray, options: Options, residual: float
) -> np.ndarray:
    """Return morphs ``(pairs, steps, time)`` between ``ends (pairs, 2)``."""
    morphs = [
        model.morph(waves[first], waves[last], options.steps, options.interpolation, residual=residual)
        for first, last in ends
    ]
    return np.stack([np.stack([step[0] for step in steps]) for steps in morphs])


def labels_between(labels: np.ndarray, embeddings: np.ndarray) -> dict[tuple[str, str], set[str]]:
    """Return, for each two labels, both and those between them, from the ``embeddings (n, d)`` of recordings."""
    names = np.unique(labels).tolist()
    means = {name: embeddings[labels == name].mean(axis=0) for name in names}
    distances = {(a, b): float(np.linalg.norm(means[a] - means[b])) for a in names for b in names}
    return {
        (a, b): {a, b} | {name for name in names if max(distances[name, a], distances[name, b]) < distances[a, b]}
        for a, b in distances
    }


def prepare(waves: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return generated waves ``(n, time)`` aligned to their onsets and levelled, as recordings are."""
    preparation = Preparation()
    return np.stack([preparation.apply(wave[None], sample_rate, len(wave))[0] for wave in waves])


def fraction_with_one_onset(waves: np.ndarray, sample_rate: int) -> float:
    """Return the fraction of waves ``(n, time)`` that have one onset."""
    return float(np.mean([count_onsets(wave, sample_rate) == 1 for wave in waves]))


def monotonic_fractions(morphs: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the fraction of morphs ``(pairs, steps, time)`` along which each attribute is monotonic."""
    values = np.array([[measure_attributes(step, sample_rate) for step in steps] for steps in morphs])
    return {
        f"monotonic_{name}": float(np.mean([is_monotonic(row, tolerance) for row in values[:, :, column]]))
        for column, (name, tolerance) in enumerate(TOLERANCES.items())
    }


def add_morphs(
    model: VaeRuntime,
    waves: np.ndarray,
    labels: np.ndarray,
    candidates: np.ndarray,
    options: Options,
    report: Report,
) -> None:
    """Add rows of the recordings, of midpoints and ends of morphs, and of crossfades."""
    rate = model.sample_rate
    classifier = loading.load("drum-classifier")
    ends = draw_pairs(labels, candidates, options.pairs)
    morphs = {name: morph_pairs(model, waves, ends, options, residual) for name, residual in RESIDUALS.items()}
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
    first_steps = {f"end of {name}": morphed[:, 0] for name, morphed in morphs.items()}
    for name, clips in {**midpoints, **first_steps}.items():
        prepared = prepare(clips, rate)
        row: dict[str, Value] = {
            "clips": name,
            "n_clips": len(clips),
            "one_onset": fraction_with_one_onset(prepared, rate),
        }
        for column, embedding in embeddings.items():
            row[column] = frechet_at_equal_counts(real[column], EmbeddedClips.of(embedding(prepared, rate))).value
        if name in midpoints:
            guesses = np.array(classifier.labels)[classifier.probabilities(prepared, rate).argmax(axis=1)]
            pairs = [(guess, *labels[pair]) for guess, pair in zip(guesses, ends, strict=True)]
            row["label_of_an_end"] = float(np.mean([guess in (a, b) for guess, a, b in pairs]))
            row["label_of_an_end_or_between"] = float(np.mean([guess in allowed[a, b] for guess, a, b in pairs]))
        if name in morphs:
            row |= monotonic_fractions(morphs[name], rate)
        report.add(MORPHS, row)


def add_attribute_steps(model: VaeRuntime, waves: np.ndarray, report: Report) -> None:
    """Add the change of each attribute when one attribute is adjusted by one of its steps."""
    for changed in model.attributes:
        adjusted = [model.adjust(HEADROOM * wave, {changed.name: changed.step}, (0.0, 1.0)).waves for wave in waves]
        values = np.array([[measure_attributes(wave[0], model.sample_rate) for wave in pair] for pair in adjusted])
        steps = (values[:, 1] - values[:, 0]) / [attribute.step for attribute in ATTRIBUTES]
        for attribute, column in zip(ATTRIBUTES, steps.T, strict=True):
            report.add(
                ATTRIBUTE_STEPS,
                adjusted=changed.name,
                attribute=attribute.name,
                median=float(np.median(column)),
                low_10_percent=float(np.quantile(column, LOW)),
                high_90_percent=float(np.quantile(column, HIGH)),
            )


def measure(options: Options, report: Report) -> None:
    """Measure morphs and adjusted attributes of one model."""
    model = loading.load_morpher(options.model)
    if not isinstance(model, VaeRuntime):
        raise BadModel(f"{options.model} has no attributes to measure; name a model of the family vae.")
    waves, labels, splits = recordings(options.corpus, model)
    if options.pairs:
        candidates = np.flatnonzero((splits == options.ends) | (options.ends == "all"))
        add_morphs(model, waves, labels, candidates, options, report)
    rng = np.random.default_rng(SEED)
    adjusted = waves[rng.choice(len(waves), min(options.adjusted, len(waves)), replace=False)]
    add_attribute_steps(model, adjusted, report)


BENCHMARK = Benchmark(
    __doc__,
    (MORPHS, ATTRIBUTE_STEPS),
    measure,
    Option("corpus", Path("corpora/drums"), smoke=smoke_drums),
    Option("model", "morph-drums"),
    Option("pairs", 600, smoke=2),
    Option("steps", 7, "of a morph, both ends included", smoke=3),
    Option("interpolation", "slerp", choices=("linear", "slerp")),
    Option("ends", "all", "split of the pairs", choices=("all", "train", "valid", "test")),
    Option("adjusted", 60, "recordings whose attributes are adjusted", smoke=1),
)
