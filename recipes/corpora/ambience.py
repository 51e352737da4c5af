"""Ambience, 44.1 kHz: the classes of ESC-10 (the permissive part of ESC-50), and textures of two games.

    python recipes/corpora ambience --pack PACK --zero-ad AUDIO --megaglest DATA --out corpora/ambience
    python recipes/corpora ambience --pack PACK --out corpora/esc10-clips

The games (see games.py) add wind, streams, birds and insects, and more rain, sea and fire; without them the corpus has
ESC-10 alone, as some benchmarks need it. ``--pack`` is a folder ``<class>/<fold>-<recording>-<letter>.ogg`` with
``CREDITS.csv`` (clip, derived_from, author, licence, source) from the public repository karolpiczak/ESC-10. Fold 4 is
split ``valid``; fold 5 is left out for tests. Many clips are padded with digital silence to 5 s, which is cut off.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import games
import numpy as np
from corpus import Excerpt, Recording, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder
from wavewright.base.result import Failed

LICENCES = {"CC0": "CC0-1.0", "CC-BY": "CC-BY-3.0"}  # that permit training a model that is given away
VALID_FOLD, TEST_FOLD = "4", "5"
SILENT_PEAK = 2e-4  # Ogg Vorbis leaves a little in what was digital silence
MIN_SECONDS = 0.1


def credits_of(pack: Path) -> dict[str, dict[str, str]]:
    """Return the rows of ``CREDITS.csv`` by clip; raise BadFolder without that file."""
    path = pack / "CREDITS.csv"
    if not path.is_file():
        raise BadFolder(f"{path} does not exist; give the folder of ESC-10 with its table of credits.")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["clip"]: row for row in csv.DictReader(file)}


def find(pack: Path) -> Iterator[Recording | Failed]:
    """Yield the clips of the pack; those of one recording have the same group."""
    credit = credits_of(checked_folder(pack, "<class>/<fold>-<recording>-<letter>.ogg and CREDITS.csv"))
    for path in sorted(pack.glob("*/*.ogg")):
        fold, recording, _ = path.stem.split("-")
        row = credit.get(path.name)
        if row is None or row["licence"] not in LICENCES:
            yield Failed(path, f"its licence is {'unknown' if row is None else row['licence']}")
        elif fold == TEST_FOLD:
            yield Failed(path, "the fold of the tests")
        else:
            split = "valid" if fold == VALID_FOLD else "train"
            facts = {"label": path.parent.name, "group": recording}
            yield Recording(path, f"{path.parent.name}/{path.stem}", split, _source(row), facts)


def _source(row: dict[str, str]) -> Source:
    licence = LICENCES[row["licence"]]
    credit = f"{row['author']}, via ESC-10 (Karol J. Piczak, 2015, CC-BY-3.0)"
    return Source(
        f"{row['author']} ({licence})",
        licence,
        credit,
        "freesound.org; github.com/karolpiczak/ESC-10",
        "silence cut off",
    )


def sound_of(recording: Recording) -> Clip:
    """Return the clip without the silence at its end; raise BadAudio if nearly nothing remains."""
    clip = recording.read() if isinstance(recording, Excerpt) else Clip.read(recording.path).mono()
    loud = np.flatnonzero(np.abs(clip.wave[0]) > SILENT_PEAK)
    n_samples = int(loud[-1]) + 1 if len(loud) else 0
    if n_samples < MIN_SECONDS * clip.sample_rate:
        raise BadAudio(f"{recording.path} is silent; remove it.")
    return Clip(clip.wave[:, :n_samples], clip.sample_rate)


def find_all(pack: Path, zero_ad: Path | None, megaglest: Path | None) -> Iterator[Recording | Failed]:
    """Yield the clips of the pack and the excerpts of the games; raise BadFolder if a source is missing."""
    yield from find(pack)
    if zero_ad:
        yield from games.from_zero_ad(zero_ad)
    if megaglest:
        yield from games.from_megaglest(megaglest)


def gather_ambience(
    pack: Path, zero_ad: Path | None, megaglest: Path | None, out: Path
) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out. Raise BadFolder if a source is missing."""
    return gather(find_all(pack, zero_ad, megaglest), out, sound_of)
