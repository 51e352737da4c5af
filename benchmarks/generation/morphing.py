"""Walks between drums against their bars: onsets, labels, even brightness and loudness, Frechet distance to recordings, sliders.

    python -m benchmarks.generation.morphing --corpus corpora/drums                                  # the bundled morph-drums
    python -m benchmarks.generation.morphing --corpus corpora/drums --model runs/mine --pairs 600 --json morphing.json
    python -m benchmarks.generation.morphing --corpus corpora/drums --pairs 0                        # the sliders alone
    python -m benchmarks.generation.morphing --corpus corpora/drums --ends test                      # between kits that nothing was trained on

Pairs are drawn among the recordings of every split or of one, both of one label as often as of two. A midpoint is the middle of seven
steps, with the detail of both ends and without. Its peer is a crossfade: the mean of the two recordings brought to their onsets and to one
level. The classifier is the bundled one. A label lies between two others if the mean picture (metrics/embeddings.py) of its recordings is
nearer to both of theirs than these are to each other.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from wavewright import loading
from wavewright.cli.command import plain
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.dsp.onset import count_onsets
from wavewright.families.vae.directions import ATTRIBUTES, measure
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.embeddings import ClassifierEmbedding, LogMelEmbedding
from wavewright.metrics.relative_frechet import frechet_at_equal_counts

STEPS = 7
SEED = 2026
TOLERANCES = {"brightness": 0.05, "loudness": 0.1}  # octaves, dB, that a step may go back
QUANTILES = {"median": 0.5, "low": 0.1, "high": 0.9}  # of the recordings that a slider is tried on
DETAILS = {"morph": 1.0, "without detail": 0.0}
HEADROOM = 0.5  # of full scale for what sliders move, or a louder sound would be turned down again


def recordings(corpus: Path, player) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Waves ``(n, n_samples)`` of all splits as the model's training prepares them, their labels and their splits ``(n,)``."""
    found = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    entries = [entry for entry in found if entry.label in player.labels]
    with tempfile.TemporaryDirectory() as cache:
        store = ClipStore.build(entries, player.sample_rate, player.config.n_samples, Preparation(), cache)
        waves = np.stack([store[index][0] for index in range(len(store))])
    return waves, np.array(store.labels), np.array([entry.split for entry in store.entries])


def is_even(values: np.ndarray, tolerance: float) -> bool:
    """Whether ``values (steps,)`` go one way, but for steps back of at most ``tolerance``."""
    steps = np.diff(values) * (1.0 if values[-1] >= values[0] else -1.0)
    return bool((steps >= -tolerance).all())


def drawn_pairs(labels: np.ndarray, among: np.ndarray, n_pairs: int) -> np.ndarray:
    """The two ends of each walk ``(pairs, 2)``: places ``among`` those of ``labels (n,)``, of two labels and of one by turns."""
    rng, ends = np.random.default_rng(SEED), []
    names, counts = np.unique(labels[among], return_counts=True)
    among = among[np.isin(labels[among], names[counts > 1])]
    for index in range(n_pairs):
        first = int(rng.choice(among))
        others = among[(labels[among] == labels[first]) == bool(index % 2)]
        ends.append((first, int(rng.choice(others[others != first]))))
    return np.array(ends)


def walks(player, waves: np.ndarray, ends: np.ndarray, way: str, detail: float) -> np.ndarray:
    """Walks ``(pairs, STEPS, time)`` between ``ends (pairs, 2)``."""
    ways = [player.morph(waves[first], waves[last], STEPS, way, detail=detail) for first, last in ends]
    return np.stack([np.stack([step[0] for step in steps]) for steps in ways])


def between(labels: np.ndarray, pictures: np.ndarray) -> dict[tuple[str, str], set[str]]:
    """The labels that lie between each two or are one of them, from the ``pictures (n, d)`` of recordings."""
    names = np.unique(labels).tolist()
    means = {name: pictures[labels == name].mean(axis=0) for name in names}
    apart = {(a, b): float(np.linalg.norm(means[a] - means[b])) for a in names for b in names}
    return {
        (a, b): {a, b} | {name for name in names if max(apart[name, a], apart[name, b]) < apart[a, b]} for a, b in apart
    }


def as_recorded(waves: np.ndarray, sample_rate: int) -> np.ndarray:
    """Made waves ``(n, time)`` brought to their onsets and one level, as recordings are."""
    preparation = Preparation()
    return np.stack([preparation.apply(wave[None], sample_rate, len(wave))[0] for wave in waves])


def judged(
    walked: dict[str, np.ndarray],
    ends: np.ndarray,
    waves: np.ndarray,
    labels: np.ndarray,
    among: np.ndarray,
    classifier,
    sample_rate: int,
) -> dict:
    """What the bars ask of ``walked``, walks ``(pairs, STEPS, time)`` by name, beside the recordings ``among`` which their ends were drawn,
    and the same of crossfades where that makes sense."""
    embeddings = [LogMelEmbedding(sample_rate, waves.shape[1] / sample_rate), ClassifierEmbedding(classifier)]
    allowed = between(labels, embeddings[0](waves, sample_rate))
    drawn_from = waves[among]
    real = {embedding: embedding(drawn_from, sample_rate) for embedding in embeddings}
    made = {name: morphs[:, STEPS // 2] for name, morphs in walked.items()}
    made["crossfade"] = waves[ends].mean(axis=1)
    made |= {f"end of {name}": morphs[:, 0] for name, morphs in walked.items()}
    names, found = np.array(classifier.labels), {"recordings": {"one onset": _one_onset(drawn_from, sample_rate)}}
    for name, sounds in made.items():
        prepared = as_recorded(sounds, sample_rate)
        found[name] = {"one onset": _one_onset(prepared, sample_rate)}
        if not name.startswith("end"):
            guessed = names[classifier.probabilities(prepared, sample_rate).argmax(axis=1)]
            pairs = [(guess, *labels[pair]) for guess, pair in zip(guessed, ends, strict=True)]
            found[name]["label of an end"] = np.mean([guess in (a, b) for guess, a, b in pairs])
            found[name]["or between"] = np.mean([guess in allowed[a, b] for guess, a, b in pairs])
        for embedding in embeddings:
            distance = frechet_at_equal_counts(
                EmbeddedClips.of(real[embedding]), EmbeddedClips.of(embedding(prepared, sample_rate))
            )
            found[name][f"Frechet, {embedding.name}"] = distance.value
    for name, morphs in walked.items():
        measured = np.stack(
            [[measure(step, sample_rate) for step in steps] for steps in morphs]
        )  # (pairs, STEPS, attributes)
        for column, (attribute, tolerance) in enumerate(TOLERANCES.items()):
            found[name][f"even {attribute}"] = np.mean(
                [is_even(values, tolerance) for values in measured[:, :, column]]
            )
    return found


def _one_onset(waves: np.ndarray, sample_rate: int) -> float:
    return float(np.mean([count_onsets(wave, sample_rate) == 1 for wave in waves]))


def slider_table(player, waves: np.ndarray) -> dict[str, dict[str, dict[str, float]]]:
    """By how many of its steps each attribute changes when one slider moves by one step: QUANTILES over recordings."""
    table = {}
    for slider in player.sliders:
        swept = [player.sweep(HEADROOM * wave, {slider.name: slider.step}, (0.0, 1.0)).waves for wave in waves]
        before, after = np.array([[measure(wave[0], player.sample_rate) for wave in pair] for pair in swept]).swapaxes(
            0, 1
        )
        steps = (after - before) / [attribute.step for attribute in ATTRIBUTES]
        table[slider.name] = {
            attribute.name: {name: float(np.quantile(column, share)) for name, share in QUANTILES.items()}
            for attribute, column in zip(ATTRIBUTES, steps.T, strict=True)
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--model", default="morph-drums")
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--way", default="spherical", choices=("linear", "spherical"))
    parser.add_argument(
        "--ends", default="all", choices=("all", "train", "valid", "test"), help="Split to draw pairs from."
    )
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    player, classifier = loading.load(given.model), loading.load("drum-classifier")
    waves, labels, splits = recordings(given.corpus, player)
    found: dict = {"way": given.way, "ends": given.ends, "walks": {}}
    if given.pairs:
        among = np.flatnonzero((splits == given.ends) | (given.ends == "all"))
        ends = drawn_pairs(labels, among, given.pairs)
        walked = {name: walks(player, waves, ends, given.way, detail) for name, detail in DETAILS.items()}
        found["walks"] = judged(walked, ends, waves, labels, among, classifier, player.sample_rate)
    for name, row in found["walks"].items():
        print(f"{name:23}" + "  ".join(f"{key} {value:.3g}" for key, value in row.items()))
    chosen = waves[np.random.default_rng(SEED).choice(len(waves), min(60, len(waves)), replace=False)]
    found["sliders"] = slider_table(player, chosen)
    for name, row in found["sliders"].items():
        said = (f"{key} {of['median']:+.2f} ({of['low']:+.2f} to {of['high']:+.2f})" for key, of in row.items())
        print(f"slider {name:12}" + "  ".join(said))
    if given.json:
        given.json.write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
