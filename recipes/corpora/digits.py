"""Digits: spoken English digits of five speakers, 8 kHz, from the training part of the Free Spoken Digit Dataset.

    python recipes/corpora digits --pack PACK --out corpora/digits

``--pack`` is a folder ``<digit>/<speaker>_<take>.flac`` (or .wav) from the public repository
Jakobovski/free-spoken-digit-dataset. Takes 45 to 49 are split ``valid``, by which models are judged; takes 0 to 4, the
published test split, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpus import Recording, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.result import Failed

SOURCE = Source(
    "free-spoken-digit-dataset",
    "CC-BY-SA-4.0",
    "Free Spoken Digit Dataset, Zohar Jackson and contributors",
    "github.com/Jakobovski/free-spoken-digit-dataset",
)
FIRST_TAKE = 5  # earlier ones are the published test split
FIRST_VALID_TAKE = 45


def find(pack: Path) -> Iterator[Recording | Failed]:
    """Yield the recordings of the pack with label, speaker and take, each with its own group."""
    checked_folder(pack, "<digit>/<speaker>_<take>.flac")
    for path in sorted(path for path in pack.glob("[0-9]/*") if path.suffix in (".flac", ".wav")):
        speaker, _, take = path.stem.rpartition("_")
        label = path.parent.name
        if not (speaker and take.isdigit()):
            yield Failed(path, "not named <speaker>_<take>")
        elif int(take) < FIRST_TAKE:
            yield Failed(path, "a take of the published test split")
        else:
            facts = {
                "label": label,
                "speaker": speaker,
                "take": take,
                "group": f"{label}/{path.stem}",
                "language": "en",
            }
            yield Recording(
                path, f"{label}/{path.stem}", "valid" if int(take) >= FIRST_VALID_TAKE else "train", SOURCE, facts
            )


def gather_digits(pack: Path, out: Path) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out. Raise BadFolder if the pack is missing."""
    return gather(find(pack), out, lambda recording: Clip.read(recording.path).mono())
