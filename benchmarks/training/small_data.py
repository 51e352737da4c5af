"""What 200 one-shots and half an hour make: the size ``small`` on 40 recordings of each of five labels, then judged by these.

    python -m benchmarks.training.small_data --corpus corpora/drums --out runs/small-data --max-minutes 30
    python -m benchmarks.training.small_data --corpus corpora/drums --out runs/recurrent --max-minutes 30 --set model.recurrent=true

The judge of the labels is the bundled drum classifier.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.generation.drums import generated
from wavewright import loading
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import compare
from wavewright.metrics.embeddings import ClassifierEmbedding, LogMelEmbedding
from wavewright.training.run import train

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
CLIPS_A_LABEL = 40


def choose(corpus: Path, folder: Path) -> None:
    """Copy the same 40 training recordings of each label to ``folder/<label>/``."""
    draw = random.Random(0)
    entries = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    for label in LABELS:
        known = [entry.path for entry in entries if entry.label == label and entry.split == "train"]
        (folder / label).mkdir(parents=True)
        for path in draw.sample(known, CLIPS_A_LABEL):
            shutil.copyfile(path, folder / label / path.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/small-data"))
    parser.add_argument("--max-minutes", type=float, default=30)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place) / "clips", Path(place) / "cache"
        choose(given.corpus, folder)
        train(folder, "gan", "small", given.out, "folder", max_minutes=given.max_minutes, settings=given.set)
        player = loading.load(str(given.out))
        rate, n_samples = player.sample_rate, player.config.n_samples
        store = ClipStore.build(scan(folder, "folder").entries, rate, n_samples, Preparation(), cache)
        recordings = Clips.of(np.stack([store[i][0] for i in range(len(store))]), rate, store.labels)
        judges = [LogMelEmbedding(rate, n_samples / rate), ClassifierEmbedding(loading.load("drum-classifier"))]
        print(compare(recordings, generated(player, 200, False), judges, cheats=False))


if __name__ == "__main__":
    main()
