"""The bundled model ``sound-encoder``: embeddings of speech, noise and music, learned without labels.

python recipes/corpora denoise --speech corpora/speech corpora/synthetic --esc10 PACK --zero-ad AUDIO \\
    --megaglest DATA --out corpora/denoise
python recipes/corpora digits --pack PACK --out corpora/digits
python recipes/sound_encoder.py --corpora corpora/denoise corpora/digits --max-minutes 30
python recipes/sound_encoder.py --corpora corpora/denoise corpora/digits --resume          # as often as needed
python recipes/sound_encoder.py --bundle                                                   # into the package

Only recordings of split ``train`` are used: of ESC-10 folds 1 to 3, of the digits takes 5 to 44, and these of three
speakers alone. Fold 4, the speakers theo and george, and all drums are what the encoder is judged by, see
benchmarks/recognition/pretraining.py.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from bundling import bundle

from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.families.encoder.recipe import EncoderRecipe, recipe
from wavewright.models.card import Source
from wavewright.training.run import Provenance, Run

NAME = "sound-encoder"
LICENCE = "CC-BY-SA-4.0"  # the strictest of the recordings' licences
DESCRIPTION = "Turns recordings into embeddings, and is where classifiers of few recordings start from."
UNSEEN_SPEAKERS = ("theo", "george")
MAX_CLIPS = {"kathleen": 150, "kerstin": 150, "june": 150, "carlo": 150}
MAX_SYNTHETIC_CLIPS = 40  # of each voice of flite
EVALUATIONS_EVERY = 300  # steps


def settings() -> EncoderRecipe:
    """Return the settings of the run."""
    base = recipe("small")
    training = replace(
        base.training, batch_size=32, learning_rate=2e-3, threads=1, evaluate_every=EVALUATIONS_EVERY, save_every=50
    )
    return replace(base, training=training)


def choose(corpus: Path) -> tuple[list[Entry], list[Source]]:
    """Return the recordings of a corpus to learn from, and their sources; no speaker has more than his share."""
    entries = [entry for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries if entry.split == "train"]
    by_speaker: dict[str, list[Entry]] = defaultdict(list)
    for row in np.random.default_rng(0).permutation(len(entries)):
        by_speaker[entries[row].speaker or ""].append(entries[row])
    chosen = [
        entry
        for speaker, own in sorted(by_speaker.items())
        if speaker not in UNSEEN_SPEAKERS
        for entry in own[: MAX_SYNTHETIC_CLIPS if speaker.startswith("flite") else MAX_CLIPS.get(speaker)]
    ]
    return [replace(entry, split=None, label=None) for entry in chosen], sources_of(corpus, chosen)


def sources_of(corpus: Path, entries: Sequence[Entry]) -> list[Source]:
    """Return the sources of recordings, each with their number."""
    rows = {}
    for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[(corpus / row["audio_filepath"]).resolve()] = (row["source"], row["credit"], row["licence"])
    counts = Counter(rows[entry.path.resolve()] for entry in entries)
    known = json.loads((corpus / "sources.json").read_text(encoding="utf-8"))
    return [
        Source(
            name=source["name"],
            n_clips=counts[key],
            licence=source["licence"],
            credit=source["credit"],
            origin=source["origin"],
        )
        for source in known
        if counts[key := (source["origin"], source["credit"], source["licence"])]
    ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, nargs="+", default=[Path("corpora/denoise"), Path("corpora/digits")])
    parser.add_argument("--out", type=Path, default=Path("runs") / NAME)
    parser.add_argument("--max-minutes", type=float, default=None, help="of this call")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package")
    options = parser.parse_args()
    if options.bundle:
        bundle(options.out)
        return
    chosen = [choose(corpus) for corpus in options.corpora]
    entries = [entry for own, _ in chosen for entry in own]
    sources = tuple(source for _, own in chosen for source in own)
    provenance = Provenance(NAME, DESCRIPTION, LICENCE, sources)
    Run(options.out, "encoder", settings(), Scan(tuple(entries)), provenance).train(options.max_minutes, options.resume)


if __name__ == "__main__":
    main()
