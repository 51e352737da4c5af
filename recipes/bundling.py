"""What every recipe does: read where its recordings come from, train for some minutes or go on, copy the model into the package."""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wavewright.data.folder import scan
from wavewright.models.card import CARD_FILE, Card, Source
from wavewright.models.folder import ModelFolder
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import check_call
from wavewright.training.settings import override

BUNDLED = Path(__file__).parents[1] / "src" / "wavewright" / "models" / "bundled"


@dataclass(frozen=True)
class Bundled:
    """A bundled model: its family, the settings of its run, and what its card says of it."""

    name: str
    family: str
    settings: Callable[[str], Any]  # device -> recipe
    description: str
    licence: str  # the strictest of the recordings' licences, where the others allow it
    corpus: Path
    labels: tuple[str, ...] = ()  # of the recordings that are used; empty for all
    speakers: tuple[str, ...] = ()  # likewise


def sources_of(corpus: Path, labels: tuple[str, ...] = (), speakers: tuple[str, ...] = ()) -> tuple[Source, ...]:
    """The sources of a corpus that recipes/corpora wrote, each with the number of its training clips.

    Of ``labels`` and ``speakers`` alone, where they are given.
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
    ModelFolder(run).verify()
    card = Card.read(run)
    target, fresh = BUNDLED / card.name, BUNDLED / f".{card.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in [*card.files, CARD_FILE]:
        shutil.copyfile(run / name, fresh / name)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    print(f"bundled {card.name}: {sum(path.stat().st_size for path in target.iterdir()) / 1e6:.2f} MB")


def main(model: Bundled, words: str | None) -> None:
    """The command line of a recipe, described by ``words``: train, go on, or bundle."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=model.corpus)
    parser.add_argument("--out", type=Path, default=Path("runs") / model.name)
    parser.add_argument("--max-minutes", type=float, default=None, help="of this call")
    parser.add_argument("--more-minutes", type=float, default=None, help="with --resume: past the run's plan")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--from", dest="base", type=Path, help="model folder whose weights the run begins with")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings, for comparisons")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package instead of training")
    given = parser.parse_args()
    if given.bundle:
        bundle(given.out)
        return
    check_call(given.out, given.resume, given.more_minutes)
    recipe = model.settings(given.device)
    recipe = replace(recipe, **override({part: getattr(recipe, part) for part in ("model", "data", "training")}, given.set))
    sources = sources_of(given.corpus, model.labels, model.speakers)
    provenance = Provenance(model.name, model.description, model.licence, sources)
    found = scan(given.corpus, manifest=given.corpus / "manifest.jsonl")
    base = None if given.base is None else ModelFolder(given.base)
    run = Run(given.out, model.family, recipe, found, provenance, base=base)
    run.train(given.max_minutes, given.resume, more_minutes=given.more_minutes)
