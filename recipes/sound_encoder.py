"""The bundled model ``sound-encoder``: embeddings of speech, effects and music, learned without labels.

python recipes/corpora denoise --speech corpora/speech corpora/synthetic --esc10 PACK --zero-ad AUDIO \\
    --megaglest DATA --out corpora/denoise
python recipes/corpora words --flite flite --speech corpora/speech --out corpora/words
python recipes/corpora sounds --zero-ad AUDIO --megaglest DATA --sonic-pi SAMPLES --out corpora/sounds
python recipes/corpora doppelgangers --out corpora/doppelgangers
python recipes/sound_encoder.py --max-minutes 90
python recipes/sound_encoder.py --resume                                  # as often as needed
python recipes/sound_encoder.py --bundle --mean-with sound-encoder        # into the package

ESC-10, the spoken digits, and the drums of the pack are left out: the encoder is judged by these, see
docs/benchmarks/training.md. Pairs are learned from: words by two voices (generated, none of the ten digits),
so that what remains is the word; takes of a sound; synthetic sounds that differ a little; two places of a recording.

The bundled weights are those of six runs, each begun with the weights of the one before (``--from``): 6,633 steps on
``denoise`` alone, 6,611 with words and drums and up to 400 recordings of a reader, 2,873 and 1,619 with fewer of
readers and words, 2,300 with sounds and 3,000 pairs of synthetic sounds, and 1,427 with 1,000 of these; and then the
mean of these weights (0.7) and those after the fourth run (0.3), by ``--mean-with``. The card counts the recordings of
the last run.
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

from wavewright.base.files import sha256_of
from wavewright.base.whole_file import write_whole
from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.families.encoder.recipe import EncoderRecipe, recipe
from wavewright.models.card import Source
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder, write_card
from wavewright.training.choices import open_base
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

NAME = "sound-encoder"
LICENCE = "CC-BY-SA-3.0"  # the strictest of the recordings' licences
DESCRIPTION = "Turns recordings into embeddings, and is where classifiers of few recordings start from."
LEFT_OUT_KITS = ("avl", "cr-78", "lm-2", "mrk-2")  # of the pack of drums, by which the encoder is judged
WORDS = "words"  # corpus
DOPPELGANGERS = "doppelgangers"  # corpus
CORPORA = ("denoise", WORDS, "drums", "sounds", DOPPELGANGERS)
LEFT_OUT = "esc10"  # folder of a corpus
PAIRED = (WORDS, "sounds", DOPPELGANGERS)  # corpora whose texts make pairs
MEAN_WEIGHT = 0.3  # of the weights of ``--mean-with``
MOST_PAIRS = 1_000  # of doppelgangers
NOISE = "noise"  # label of the corpus denoise: sounds that the corpus sounds has with their takes
WORD_BY = "word by "  # before the name of the voice that says a word
MAX_CLIPS = dict.fromkeys(("kathleen", "kerstin", "june", "carlo"), 150)
MAX_CLIPS |= {WORD_BY + "en-kathleen": 900}
MAX_CLIPS |= {f"{WORD_BY}flite-{name}": 400 for name in ("rms", "awb", "slt", "kal16")}
MAX_SYNTHETIC_CLIPS = 40  # sentences of each voice of flite
"""Of each reader and voice, so that a third of the recordings are neither speech nor words."""


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
        same_text_probability=0.7,
        apart_probability=0.5,
    )
    model = replace(base.model, width=3, statistics_weight=1.0)
    return replace(base, model=model, data=data, training=replace(base.training, threads=1))


def choose(corpora: Sequence[Path]) -> list[Entry]:
    """Return the recordings of corpora to learn from; no reader has more than a share."""
    known = [entry for corpus in corpora for entry in _known(corpus)]
    by_speaker: dict[str, list[Entry]] = defaultdict(list)
    for row in np.random.default_rng(0).permutation(len(known)):
        by_speaker[known[row].speaker or ""].append(known[row])
    return [
        replace(entry, split=None, label=None)
        for speaker, own in sorted(by_speaker.items())
        for entry in own[: MAX_SYNTHETIC_CLIPS if speaker.startswith("flite") else MAX_CLIPS.get(speaker)]
    ]


def _known(corpus: Path) -> list[Entry]:
    """Return the recordings of a corpus without those that the encoder is judged by."""
    entries = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    known = [entry for entry in entries if entry.split != "test" and LEFT_OUT not in entry.path.parts]
    known = [entry for entry in known if not entry.path.name.startswith(LEFT_OUT_KITS) and entry.label != NOISE]
    if corpus.name == DOPPELGANGERS:
        return known[: 2 * MOST_PAIRS]
    if corpus.name == WORDS:
        return [replace(entry, speaker=f"{WORD_BY}{entry.speaker}") for entry in known]
    return known if corpus.name in PAIRED else [replace(entry, text=None) for entry in known]


def sources_of(corpora: Sequence[Path], entries: Sequence[Entry]) -> tuple[Source, ...]:
    """Return the sources of recordings, each with their number."""
    rows, by_source = {}, {}
    for corpus in corpora:
        for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows[(corpus / row["audio_filepath"]).resolve()] = (row["source"], row["credit"], row["licence"])
        for source in json.loads((corpus / "sources.json").read_text(encoding="utf-8")):
            name = source.get("name") or source["kit"]
            by_source[source["origin"], source["credit"], source["licence"]] = name
    counts = Counter(rows[path] for path in {entry.path.resolve() for entry in entries})
    return tuple(
        Source(name=name, n_clips=counts[key], licence=key[2], credit=key[1], origin=key[0])
        for key, name in by_source.items()
        if counts[key]
    )


def interpolate(run: ModelFolder, base: ModelFolder, weight: float) -> None:
    """Replace the weights of a model by their means with those of another one, which has ``weight``, in place."""
    others, path = base.tensors(), run.file(WEIGHTS_FILE)
    content = bytearray(path.read_bytes())
    n_header = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n_header])
    for name, own in run.tensors().items():
        mean = ((1 - weight) * own.astype(np.float64) + weight * others[name].astype(np.float64)).astype(own.dtype)
        start, end = (8 + n_header + offset for offset in header[name]["data_offsets"])
        content[start:end] = mean.tobytes()
    write_whole(path, bytes(content))
    write_card(run.path, run.card.model_copy(update={"files": {**run.card.files, WEIGHTS_FILE: sha256_of(path)}}))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, nargs="+", default=[Path("corpora") / name for name in CORPORA])
    parser.add_argument("--out", type=Path, default=Path("runs") / NAME)
    parser.add_argument("--max-minutes", type=float, default=None, help="of this call")
    parser.add_argument("--more-minutes", type=float, default=None, help="with --resume: past the run's plan")
    parser.add_argument("--from", dest="base", default=None, help="encoder to start from, such as sound-encoder")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package")
    parser.add_argument("--mean-with", default=None, help="with --bundle: encoder for a mean of weights, changes --out")
    options = parser.parse_args()
    if options.bundle:
        if options.mean_with is not None:
            interpolate(open_base(str(options.out), "encoder"), open_base(options.mean_with, "encoder"), MEAN_WEIGHT)
        bundle(options.out)
        return
    chosen = choose(options.corpora)
    provenance = Provenance(NAME, DESCRIPTION, LICENCE, sources_of(options.corpora, chosen))
    base = None if options.base is None else open_base(options.base, "encoder")
    run = Run(options.out, "encoder", settings(), Scan(tuple(chosen)), provenance, base=base)
    call = Call(max_minutes=options.max_minutes, more_minutes=options.more_minutes, resume=options.resume)
    run.train(call)


if __name__ == "__main__":
    main()
