"""Steps of every recipe: read the sources of its recordings, train or resume, copy the model into the package.

    python recipes/bundling.py

updates all bundled models: each gets optimised graphs, and a card that explains a size above 5 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from wavewright.base.interruption import ended_by_signals
from wavewright.contracts.recipe import Recipe
from wavewright.contracts.settings import override
from wavewright.data.folder import scan
from wavewright.families import FAMILIES
from wavewright.models import find
from wavewright.models.card import CARD_FILE, Source
from wavewright.models.consent import required_consent
from wavewright.models.folder import ModelFolder, write_card
from wavewright.training.export import optimised
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance, sources_through
from wavewright.training.run import Run
from wavewright.training.run_folder import check_call

BUNDLED = Path(__file__).parents[1] / "src" / "wavewright" / "models" / "bundled"
MAX_BYTES = 60_000_000  # of all bundled models together
MAX_UNEXPLAINED_BYTES = 5_000_000  # of a model whose card gives no reason for its size

SIZE_REASONS = {
    "crossed": "Encoder, predictors and decoder of two voices: 4.5 million weights of 8 bits.",
    "de": "Encoder, predictors and decoder of a voice: 4.5 million weights of 8 bits.",
    "drums": "One generator with 256 channels makes five kinds of drum at 44.1 kHz: 4.4 million weights of 8 bits.",
    "en": "Encoder, predictors and decoder of a voice: 4.5 million weights of 8 bits.",
    "morph-drums": "It holds an encoder and a decoder for 44.1 kHz, and where each training sound lies among the "
    "latents.",
    "speech-codec": "It holds an encoder and a decoder, and 1.7 MB of tables that say how codes follow each other, "
    "which make files smaller.",
}
"""Reason on the card of each bundled model larger than MAX_UNEXPLAINED_BYTES, by name."""


@dataclass(frozen=True)
class Corpus:
    """Recordings that a model is trained on: those of some labels or speakers, all by default.

    ``licence`` is the strictest of the recordings' licences, where the others allow it.
    """

    folder: Path
    licence: str
    labels: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()


DIGITS = Corpus(Path("corpora/digits"), "CC-BY-SA-4.0")
DRUMS = Corpus(Path("corpora/drums"), "CC-BY-SA-3.0", labels=("kick", "snare", "hat", "tom", "cymbal"))
SPEECH = Corpus(Path("corpora/speech"), "CC-BY-SA-3.0")


@dataclass(frozen=True)
class Bundled:
    """A bundled model: its family, the settings of its run, the description on its card, and its recordings."""

    name: str
    family: str
    settings: Callable[[], Recipe]
    description: str
    corpus: Corpus

    def recipe(self, device: str = "cpu") -> Recipe:
        """Return the settings of a run on a device, with one thread and the labels of the corpus."""
        settings = self.settings()
        model = replace(settings.model, labels=self.corpus.labels)
        return replace(settings, model=model, training=replace(settings.training, threads=1, device=device))


def sources_of(corpus: Path, labels: tuple[str, ...] = (), speakers: tuple[str, ...] = ()) -> tuple[Source, ...]:
    """Return the sources of a corpus by recipes/corpora, each with the number of its training clips.

    With ``labels`` or ``speakers``, only clips of those count.
    """
    rows = [json.loads(line) for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    used = [row for row in rows if row["split"] == "train" and (not labels or row["label"] in labels)]
    used = [row for row in used if not speakers or row.get("speaker") in speakers]
    counts = Counter(row["kit"] if "kit" in row else (row["source"], row["credit"], row["licence"]) for row in used)
    sources = []
    for source in json.loads((corpus / "sources.json").read_text(encoding="utf-8")):
        name = source.get("name", source.get("kit"))
        n_clips = counts[source["kit"] if "kit" in source else (source["origin"], source["credit"], source["licence"])]
        if n_clips:
            known = {key: source[key] for key in ("licence", "credit", "origin")}
            sources.append(Source(name=name, n_clips=n_clips, **known))
    return tuple(sources)


def bundle(run: Path) -> None:
    """Copy the playable files of a run into the package."""
    folder = ModelFolder(run)
    folder.verify()
    card = folder.card
    target, fresh = BUNDLED / card.name, BUNDLED / f".{card.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in card.files:
        shutil.copyfile(folder.file(name), fresh / name)
    write_card(fresh, card)
    update(fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    print(f"bundled {card.name}: {n_bytes_of(target) / 1e6:.2f} MB")


def n_bytes_of(folder: Path) -> int:
    """Return the size of a model folder in bytes."""
    return sum(path.stat().st_size for path in folder.iterdir())


def update(folder: Path) -> None:
    """Optimise the graphs of a model folder; write the reason for its size and the consent to a voice on the card.

    Coded files that carry the model's former hash can still be decoded.
    """
    model = ModelFolder(folder)
    card, files = model.card, dict(model.card.files)
    for name in files:
        if name.endswith(".onnx"):
            graph = onnx.load(folder / name, load_external_data=False)
            smaller = optimised(graph)
            if len(smaller.graph.node) < len(graph.graph.node):
                onnx.save_model(smaller, folder / name)
                files[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    if files != card.files:
        card = card.model_copy(update={"files": files, "former_hashes": [*card.former_hashes, model.hash]})
        write_card(folder, card)
    reason = SIZE_REASONS.get(card.name, "") if n_bytes_of(folder) > MAX_UNEXPLAINED_BYTES else ""
    if n_bytes_of(folder) > MAX_UNEXPLAINED_BYTES and not reason:
        raise SystemExit(
            f"{card.name} has {n_bytes_of(folder):,} bytes; above {MAX_UNEXPLAINED_BYTES:,} it needs a reason in "
            "SIZE_REASONS."
        )
    consent = card.consent
    if consent is None and FAMILIES[card.family].imitates_voices:
        consent = required_consent(None, card.licence, card.speakers)
    if (card.size_reason, card.consent) != (reason, consent):
        write_card(folder, card.model_copy(update={"size_reason": reason, "consent": consent}))


def update_all() -> None:
    """Update all bundled models and print their sizes."""
    total = 0
    for folder in sorted(path.parent for path in BUNDLED.glob(f"*/{CARD_FILE}")):
        before = n_bytes_of(folder)
        update(folder)
        ModelFolder(folder).verify()
        total += n_bytes_of(folder)
        print(f"{folder.name}: {before:,} -> {n_bytes_of(folder):,} bytes")
    print(f"together {total:,} of {MAX_BYTES:,} bytes")


def main(model: Bundled, description: str | None) -> None:
    """Run the command line of a recipe: train, resume, or bundle."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=model.corpus.folder)
    parser.add_argument("--out", type=Path, default=Path("runs") / model.name)
    parser.add_argument("--max-minutes", type=float, default=None, help="of this call")
    parser.add_argument("--more-minutes", type=float, default=None, help="with --resume: past the run's plan")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--from", dest="base", help="model that the weights are initialised from: a name or a folder")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--set", nargs="*", action="extend", default=[], metavar="NAME=VALUE", help="other settings, for comparisons"
    )
    parser.add_argument(
        "--bundle", action="store_true", help="copy the finished run into the package instead of training"
    )
    options = parser.parse_args()
    if options.bundle:
        bundle(options.out)
        return
    call = Call(max_minutes=options.max_minutes, more_minutes=options.more_minutes, resume=options.resume)
    check_call(options.out, call)
    recipe = override(model.recipe(options.device), options.set)
    base = None if options.base is None else ModelFolder(find(options.base))
    sources = sources_of(options.corpus, model.corpus.labels, model.corpus.speakers)
    if background := getattr(recipe.data, "background", ""):  # a folder or its manifest
        folder = Path(background)
        sources += sources_of(folder if folder.is_dir() else folder.parent, ("noise", "music"))
    if base is not None:
        own = {source.name for source in sources}
        sources += tuple(source for source in sources_through(base) if source.name not in own)
    provenance = Provenance(model.name, model.description, model.corpus.licence, sources)
    scanned = scan(options.corpus, manifest=options.corpus / "manifest.jsonl")
    run = Run(options.out, model.family, recipe, scanned, provenance, base=base)
    with ended_by_signals():  # SIGTERM saves
        run.train(call)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    update_all()
