"""Walks between drums against their bars: onsets, labels, even brightness and loudness, closeness to recordings, sliders.

    python benchmarks/morphing.py --corpus corpora/drums                                  # the bundled morph-drums
    python benchmarks/morphing.py --corpus corpora/drums --model runs/mine --pairs 600 --json morphing.json
    python benchmarks/morphing.py --corpus corpora/drums --pairs 0                        # the sliders alone

Pairs are drawn among the recordings of every split, both of one label as often as of two. A midpoint is the middle of seven steps. Its
peer is a crossfade: the mean of the two recordings brought to their onsets and to one level. The classifier is the bundled one.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from wavewright import models
from wavewright.cli.command import plain
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families.vae.directions import ATTRIBUTES, measure
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.closeness import equal_distance
from wavewright.metrics.embeddings import ClassifierEmbedding, LogMelEmbedding

STEPS = 7
SEED = 2026
TOLERANCES = {"brightness": 0.05, "loudness": 0.1}  # octaves, dB, that a step may go back
ONSET_DB, DIP_DB = -20.0, -10.0  # an onset is a rise to within 20 dB of the loudest from 10 dB below
LEVEL_SECONDS = 0.01
QUANTILES = {"median": 0.5, "low": 0.1, "high": 0.9}  # of the recordings that a slider is tried on
HEADROOM = 0.5  # of full scale for what sliders move, or a louder sound would be turned down again


def recordings(corpus: Path, player) -> tuple[np.ndarray, np.ndarray]:
    """Waves ``(n, n_samples)`` of all splits as the model's training prepares them, and their labels ``(n,)``."""
    found = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    entries = [entry for entry in found if entry.label in player.labels]
    with tempfile.TemporaryDirectory() as cache:
        store = ClipStore.build(entries, player.sample_rate, player.config.n_samples, Preparation(), cache)
        return np.stack([store[index][0] for index in range(len(store))]), np.array(store.labels)


def onsets(wave: np.ndarray, sample_rate: int) -> int:
    """How often the level of ``wave (time,)`` rises to within ONSET_DB of its loudest from DIP_DB below that rise."""
    width = round(LEVEL_SECONDS * sample_rate)
    power = np.convolve(np.square(wave, dtype=np.float64), np.ones(width) / width, "same")[:: width // 2]
    level_db = 10 * np.log10(np.maximum(power / max(power.max(), 1e-12), 1e-6))
    count, lowest, highest, is_up = 0, -60.0, -60.0, False
    for now in level_db:
        if not is_up and now > ONSET_DB and now > lowest - DIP_DB:
            count, is_up, highest = count + 1, True, now
        elif is_up:
            highest = max(highest, now)
            if now < highest + DIP_DB:
                is_up, lowest = False, now
        lowest = min(lowest, now)
    return count


def is_even(values: np.ndarray, tolerance: float) -> bool:
    """Whether ``values (steps,)`` go one way, but for steps back of at most ``tolerance``."""
    steps = np.diff(values) * (1.0 if values[-1] >= values[0] else -1.0)
    return bool((steps >= -tolerance).all())


def walks(player, waves: np.ndarray, labels: np.ndarray, n_pairs: int, way: str) -> dict[str, np.ndarray]:
    """``morphs (pairs, STEPS, time)``, ``crossfades (pairs, time)``, and the two ``ends (pairs, 2)`` of each walk."""
    rng, ends, morphs, fades = np.random.default_rng(SEED), [], [], []
    for index in range(n_pairs):
        first = int(rng.integers(len(waves)))
        others = np.flatnonzero((labels == labels[first]) == bool(index % 2))
        second = int(rng.choice(others[others != first]))
        ends.append((first, second))
        steps = player.morph(waves[first], waves[second], STEPS, way)
        morphs.append(np.stack([step[0] for step in steps]))
        fades.append((waves[first] + waves[second]) / 2)
    return {"morphs": np.stack(morphs), "crossfades": np.stack(fades), "ends": np.array(ends)}


def as_recorded(waves: np.ndarray, sample_rate: int) -> np.ndarray:
    """Made waves ``(n, time)`` brought to their onsets and one level, as recordings are."""
    preparation = Preparation()
    return np.stack([preparation.apply(wave[None], sample_rate, len(wave))[0] for wave in waves])


def judged(walked: dict[str, np.ndarray], waves: np.ndarray, labels: np.ndarray, classifier, sample_rate: int) -> dict:
    """What the bars ask of walks, and the same of the crossfades where that makes sense."""
    morphs, ends = walked["morphs"], walked["ends"]
    middles = {
        "morph": as_recorded(morphs[:, STEPS // 2], sample_rate),
        "crossfade": as_recorded(walked["crossfades"], sample_rate),
    }
    found: dict = {}
    names = np.array(classifier.labels)
    for name, made in middles.items():
        guessed = names[classifier.probabilities(made, sample_rate).argmax(axis=1)]
        found[name] = {
            "one onset": np.mean([onsets(wave, sample_rate) == 1 for wave in made]),
            "label of an end": np.mean([guess in labels[pair] for guess, pair in zip(guessed, ends, strict=True)]),
        }
    measured = np.stack([[measure(step, sample_rate) for step in steps] for steps in morphs])  # (pairs, STEPS, attributes)
    for column, (name, tolerance) in enumerate(TOLERANCES.items()):
        found["morph"][f"even {name}"] = np.mean([is_even(values, tolerance) for values in measured[:, :, column]])
    rebuilt = as_recorded(morphs[:, 0], sample_rate)
    for name, made in {"recordings": waves, "reconstruction": rebuilt}.items():
        found[name] = {"one onset": np.mean([onsets(wave, sample_rate) == 1 for wave in made])}
    embeddings = [LogMelEmbedding(sample_rate, waves.shape[1] / sample_rate), ClassifierEmbedding(classifier)]
    for embedding in embeddings:
        real = EmbeddedClips.of(embedding(waves, sample_rate))
        for name, made in {**middles, "reconstruction": rebuilt}.items():
            distance = equal_distance(real, EmbeddedClips.of(embedding(made, sample_rate)))
            found[name][f"Frechet, {embedding.name}"] = distance.value
    return found


def slider_table(player, waves: np.ndarray) -> dict[str, dict[str, dict[str, float]]]:
    """By how many of its steps each attribute changes when one slider moves by one step: QUANTILES over recordings."""
    table = {}
    for slider in player.sliders:
        swept = [player.sweep(HEADROOM * wave, {slider.name: slider.step}, (0.0, 1.0)).waves for wave in waves]
        before, after = np.array([[measure(wave[0], player.sample_rate) for wave in pair] for pair in swept]).swapaxes(0, 1)
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
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    player, classifier = models.load(given.model), models.load("drum-classifier")
    waves, labels = recordings(given.corpus, player)
    found: dict = {"way": given.way, "walks": {}}
    if given.pairs:
        walked = walks(player, waves, labels, given.pairs, given.way)
        found["walks"] = judged(walked, waves, labels, classifier, player.sample_rate)
    for name, row in found["walks"].items():
        print(f"{name:15}" + "  ".join(f"{key} {value:.3g}" for key, value in row.items()))
    chosen = waves[np.random.default_rng(SEED).choice(len(waves), min(60, len(waves)), replace=False)]
    found["sliders"] = slider_table(player, chosen)
    for name, row in found["sliders"].items():
        said = (f"{key} {of['median']:+.2f} ({of['low']:+.2f} to {of['high']:+.2f})" for key, of in row.items())
        print(f"slider {name:12}" + "  ".join(said))
    if given.json:
        given.json.write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
