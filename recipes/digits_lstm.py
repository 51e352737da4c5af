"""The exact run behind the bundled model `digits`: ten spoken digits by five speakers, drawn mel frame by mel frame.

    python recipes/digits_lstm.py --data shared/data/digits --out runs/digits --max-minutes 15            # then, to go on:
    python recipes/digits_lstm.py --data shared/data/digits --out runs/digits --max-minutes 60 --resume   # as often as needed
    python recipes/digits_lstm.py --out runs/digits --bundle                                              # into the package

The data are the Free Spoken Digit Dataset (Jakobovski/free-spoken-digit-dataset): a folder for each digit, ``<speaker>_<take>.flac`` (or
``.wav``, as published ``<digit>_<speaker>_<take>.wav``). Takes 0 to 4, its test split, are never looked at; takes 45 to 49 validate.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from bundling import bundle

from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.families.lstm.recipe import Recipe, recipe
from wavewright.models.card import Source
from wavewright.training.run import Provenance, Run
from wavewright.training.settings import override

LABELS = tuple("0123456789")
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")  # the sixth is kept for judging
FIRST_TAKE, FIRST_VALID_TAKE = 5, 45
STEPS = 3_500


def digits(device: str = "cpu") -> Recipe:
    """The settings of the run."""
    base = recipe("base")
    model = replace(
        base.model,
        sample_rate=8_000,
        labels=LABELS,
        speakers=SPEAKERS,
        n_fft=200,  # short frames and wide bands do not hear single harmonics: these are the pitch's part
        hop_length=80,
        n_mels=32,
        n_mixtures=6,
        source="voice",
        duration="drawn",
        hidden_size=320,
        prenet_size=160,
        passes=4,
        log_floor=1e-5,
        input_noise=0.15,
    )
    data = replace(base.data, heard_seconds=0.7)
    training = replace(base.training, steps=STEPS, threads=1, device=device, evaluate_every=500, weight_bits=8)
    return replace(base, model=model, data=data, training=training)


def recordings(folder: Path) -> Scan:
    """The takes to learn from and to validate by, with their speakers."""
    found = scan(folder, label_from="folder")
    chosen = [take for take in map(_as_take, found.entries) if take is not None]
    return Scan(tuple(chosen), found.problems)


def _as_take(entry: Entry) -> Entry | None:
    """The entry with its speaker and split; None for what is kept for judging."""
    *_, speaker, take = entry.path.stem.split("_")
    if speaker not in SPEAKERS or int(take) < FIRST_TAKE:
        return None
    return replace(entry, speaker=speaker, split="valid" if int(take) >= FIRST_VALID_TAKE else "train")


def provenance(found: Scan) -> Provenance:
    """What the card says of the recordings."""
    return Provenance(
        name="digits",
        description="Spoken digits 0 to 9 by five speakers, 8 kHz.",
        licence="CC-BY-SA-4.0",
        sources=(
            Source(
                name="Free Spoken Digit Dataset",
                licence="CC-BY-SA-4.0",
                credit="Zohar Jackson and contributors",
                origin="Jakobovski/free-spoken-digit-dataset",
                n_clips=sum(entry.split == "train" for entry in found.entries),
            ),
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("shared/data/digits"))
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    parser.add_argument("--max-minutes", type=float, default=None)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings, for comparisons")
    parser.add_argument("--bundle", action="store_true", help="copy the finished run into the package instead of training")
    given = parser.parse_args()
    if given.bundle:
        bundle(given.out)
        return
    found = recordings(given.data)
    recipe = digits(given.device)
    parts = override({"model": recipe.model, "data": recipe.data, "training": recipe.training}, given.set)
    Run(given.out, "lstm", replace(recipe, **parts), found, provenance(found)).train(given.max_minutes, given.resume)


if __name__ == "__main__":
    main()
