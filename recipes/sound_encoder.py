"""The bundled model ``sound-encoder``: embeddings of speech, effects and music, learned without labels.

python recipes/corpora denoise --speech corpora/speech corpora/synthetic --esc10 PACK --zero-ad AUDIO \\
    --megaglest DATA --out corpora/denoise
python recipes/sound_encoder.py --corpus corpora/denoise --max-minutes 40
python recipes/sound_encoder.py --corpus corpora/denoise --resume          # as often as needed
python recipes/sound_encoder.py --bundle                                   # into the package

ESC-10 is left out, and the corpus has neither drums nor the spoken digits: the encoder is judged by these, see
benchmarks/recognition/pretraining.py. The bundled weights are those of step 5,024, begun with the weights of an
earlier run of 1,609 steps (``--from sound-encoder``); 68 minutes beside other work.
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
from wavewright.training.run import Provenance, Run, open_base

NAME = "sound-encoder"
LICENCE = "CC-BY-SA-3.0"  # the strictest of the recordings' licences
DESCRIPTION = "Turns recordings into embeddings, and is where classifiers of few recordings start from."
LEFT_OUT = "esc10"  # folder of the corpus
MAX_CLIPS = {"kathleen": 400, "kerstin": 400, "june": 400, "carlo": 400}
MAX_SYNTHETIC_CLIPS = 80  # of each voice of flite


def settings() -> EncoderRecipe:
    """Return the settings of the run: 54,000 weights, and views that differ more than by default."""
    base = recipe("small")
    data = replace(
        base.data,
        largest_warp=1.15,
        largest_bands=1.5,
        mix_probability=0.4,
        noise_probability=0.4,
        speaker_fraction=0.5,
    )
    model = replace(base.model, width=3, statistics_weight=1.0)
    return replace(base, model=model, data=data, training=replace(base.training, threads=1))


def choose(corpus: Path) -> list[Entry]:
    """Return the recordings of a corpus to learn from; no reader has more than a share."""
    entries = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    known = [entry for entry in entries if entry.split != "test" and LEFT_OUT not in entry.path.parts]
    by_speaker: dict[str, list[Entry]] = defaultdict(list)
    for row in np.random.default_rng(0).permutation(len(known)):
        by_speaker[known[row].speaker or ""].append(known[row])
    return [
        replace(entry, split=None, label=None)
        for speaker, own in sorted(by_speaker.items())
        for entry in own[: MAX_SYNTHETIC_CLIPS if speaker.startswith("flite") else MAX_CLIPS.get(speaker)]
    ]


def sources_of(corpus: Path, entries: Sequence[Entry]) -> tuple[Source, ...]:
    """Return the sources of recordings, each with their number."""
    rows = {}
    for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[(corpus / row["audio_filepath"]).resolve()] = (row["source"], row["credit"], row["licence"])
    counts = Counter(rows[entry.path.resolve()] for entry in entries)
    return tuple(
        Source(
            name=source["name"],
            n_clips=counts[key],
            licence=source["licence"],
            credit=source["credit"],
            origin=source["origin"],
        )
        for source in json.loads((corpus / "sources.json").read_text(encoding="utf-8"))
        if counts[key := (source["origin"], source["credit"], source["licence"])]
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/denoise"))
    parser.add_argument("--out", type=Path, default=Path("runs") / NAME)
    parser.add_argument("--max-minutes", type=float, default=None, help="of this call")
    parser.add_argument("--more-minutes", type=float, default=None, help="with --resume: past the run's plan")
    parser.add_argument("--from", dest="base", default=None, help="encoder to start from, such as sound-encoder")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package")
    options = parser.parse_args()
    if options.bundle:
        bundle(options.out)
        return
    chosen = choose(options.corpus)
    provenance = Provenance(NAME, DESCRIPTION, LICENCE, sources_of(options.corpus, chosen))
    base = None if options.base is None else open_base(options.base, "encoder")
    run = Run(options.out, "encoder", settings(), Scan(tuple(chosen)), provenance, base=base)
    run.train(options.max_minutes, options.resume, more_minutes=options.more_minutes)


if __name__ == "__main__":
    main()
