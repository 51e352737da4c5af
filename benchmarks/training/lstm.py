"""What the mixture density is worth: two recurrent models, the same minutes, one with a mixture of Gaussians, one with mean squared error.

    python -m benchmarks.training.lstm --corpus corpora/ambience --out runs/lstm-benchmark --minutes 5

Both learn the ambience of recipes/ambience.py. Their sounds are compared with the recordings by the Frechet distance of log-mel pictures
and by the distance of modulation spectra, label by label, beside what one half of the recordings is to the other; and 10 s of sound are
timed. A row that is there already (``--out``) is not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "recipes"))

from ambience import LABELS, MODEL, ambience
from bundling import sources_of

from wavewright import loading
from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.metrics.frechet import frechet_distance
from wavewright.metrics.modulation import modulation_distance
from wavewright.models.card import CARD_FILE
from wavewright.training.run import Provenance, Run

OUTPUTS = ("mixture", "mse")
CLIP_SECONDS, SEGMENT_SECONDS = 5.0, 2.0
TIMED_SECONDS, TIMES = 10.0, 5

Sides = dict[str, np.ndarray]
"""Waves of each label, ``(n, time)``."""


def train(output: str, found: Scan, corpus: Path, out: Path, minutes: float) -> None:
    """A run of so many minutes; its schedule ends with them."""
    recipe = ambience()
    recipe = replace(
        recipe,
        model=replace(recipe.model, output=output),
        training=replace(recipe.training, steps=0, metric="", evaluate_every=1_000_000),
    )
    provenance = Provenance(f"ambience-{output}", MODEL.description, MODEL.licence, sources_of(corpus, LABELS))
    Run(out, "lstm", recipe, found, provenance).train(minutes)


def recorded(found: Scan, sample_rate: int) -> Sides:
    """The recordings, each cut or padded to CLIP_SECONDS."""
    entries = [entry for entry in found.entries if entry.label in LABELS]
    store = ClipStore.build(entries, sample_rate, None, Preparation("crop"))
    n_samples = round(CLIP_SECONDS * sample_rate)
    rows = {label: [i for i, other in enumerate(store.labels) if other == label] for label in LABELS}
    return {label: np.stack([store.crop(row, 0, n_samples)[0] for row in own]) for label, own in rows.items()}


def drawn(model: Path, count: int) -> Sides:
    """As many sounds of each label as there are recordings."""
    player = loading.load(model)
    return {label: np.concatenate(player.generate(label, count, seed=1, seconds=CLIP_SECONDS)) for label in LABELS}


def distances(reference: Sides, estimate: Sides, sample_rate: int) -> dict[str, float]:
    """Frechet distance of pictures of two seconds and distance of modulation spectra, each the mean over the labels."""
    embedding = LogMelEmbedding(sample_rate, SEGMENT_SECONDS)
    n = round(SEGMENT_SECONDS * sample_rate)
    frechet, modulation = [], []
    for label in LABELS:
        count = min(len(reference[label]), len(estimate[label]))
        sides = [side[label][:count] for side in (reference, estimate)]
        # A sound's second and fourth second on: two pictures of each.
        pictures = [
            embedding(np.concatenate([side[:, n // 2 : 3 * n // 2], side[:, 3 * n // 2 :]])[:, :n], sample_rate)
            for side in sides
        ]
        frechet.append(frechet_distance(*pictures))
        modulation.append(modulation_distance(*sides, sample_rate))
    return {"frechet": float(np.mean(frechet)), "modulation_db": float(np.mean(modulation))}


def seconds_to_generate(model: Path) -> float:
    """Return the CPU seconds for 10 s of sound, the median of a few runs, with the model loaded."""
    player = loading.load(model)
    times = []
    for index in range(TIMES):
        begin = time.process_time()
        player.generate(LABELS[0], 1, start=index, seconds=TIMED_SECONDS)
        times.append(time.process_time() - begin)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=MODEL.corpus)
    parser.add_argument("--out", type=Path, default=Path("runs/lstm-benchmark"))
    parser.add_argument("--minutes", type=float, default=5.0)
    given = parser.parse_args()
    found = scan(given.corpus, manifest=given.corpus / "manifest.jsonl")
    sample_rate = ambience().model.sample_rate
    for output in OUTPUTS:
        if not (given.out / output / CARD_FILE).is_file():
            train(output, found, given.corpus, given.out / output, given.minutes)
    real = recorded(found, sample_rate)
    halves = [{label: waves[start::2] for label, waves in real.items()} for start in (0, 1)]
    rows = [{"row": "half to half of the recordings", **distances(*halves, sample_rate)}]
    for output in OUTPUTS:
        made = drawn(given.out / output, len(halves[0][LABELS[0]]))
        steps = loading.load(given.out / output).card.training["steps"]
        row = {"row": output, "steps": steps, **distances(halves[0], made, sample_rate)}
        rows.append(row | {"seconds_for_10_s": seconds_to_generate(given.out / output)})
    print(json.dumps({"minutes": given.minutes, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
