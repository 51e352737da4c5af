"""Drums of some sixty drum machines and synthesisers that no other corpus has, to choose on some and confirm on others.

    python recipes/corpora drum-machines --machines MACHINES --out corpora/drum-machines

``--machines`` is the folder ``machines`` of the public repository geikha/tidal-drum-machines, whose folders name
machine and drum. It states no licence, so nothing is trained on these recordings and none is distributed. Machines that
another corpus has (TR-505, TR-808, TR-909, CR-78, LM-2) are left out, and so are recordings named after these and the
LinnDrum, whose fingerprints are those of the LM-2. Makers with machines in common are in one split: ``valid`` to choose
by, ``test`` to confirm on. Of each drum of a machine at most six recordings are taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from corpus import checked_folder
from drums import Drum, Source, gather_one_shots

from wavewright.base.result import Failed

ORIGIN = "github.com/geikha/tidal-drum-machines"
IN_OTHER_CORPORA = ("LinnDrum", "LinnLM2", "RolandCompurhythm78", "RolandTR505", "RolandTR808", "RolandTR909")
NAMED_AFTER_THESE = re.compile(r"(?<!\d)(78|505|808|909)(?!\d)")
TEST_MAKERS = (
    *("Akai", "MPC1000", "Linn", "Casio", "Emu", "MFB", "Oberheim"),
    *("Sakata", "Serge", "Soundmasters", "Visco", "Yamaha"),
)
KINDS = {
    "bd": "kick",
    "sd": "snare",
    **dict.fromkeys(("hh", "oh"), "hat"),
    **dict.fromkeys(("lt", "mt", "ht"), "tom"),
    **dict.fromkeys(("cr", "rd"), "cymbal"),
}
"""Label by the end of a folder's name."""

MOST_OF_A_DRUM = 6


def find_machines(folder: Path) -> Iterator[Drum | Failed]:
    """Yield the recordings, labelled by their folders, and those left out."""
    n_taken: Counter[tuple[str, str]] = Counter()
    for path in sorted(folder.glob("*/*/*.wav")):
        machine, label = path.parts[-3], KINDS.get(path.parent.name.rpartition("-")[2])
        if machine in IN_OTHER_CORPORA or NAMED_AFTER_THESE.search(path.stem):
            yield Failed(path, "of a machine that another corpus has")
        elif label is None:
            yield Failed(path, "no drum with a label")
        elif n_taken[machine, label] == MOST_OF_A_DRUM:
            yield Failed(path, f"more than {MOST_OF_A_DRUM} of this machine")
        else:
            n_taken[machine, label] += 1
            split = "test" if machine.startswith(TEST_MAKERS) else "valid"
            source = Source(machine.lower(), split, "not stated", machine, ORIGIN)
            stem = f"{path.parent.name.rpartition('-')[2]}_{re.sub(r'[^A-Za-z0-9]+', '_', path.stem)}"
            yield Drum(path, label, f"{source.kit}/{label}", source, stem)


def gather_machines(machines: Path, out: Path) -> tuple[list[Drum], list[Failed]]:
    """Write the corpus to ``out``; return its drums and what was left out."""
    return gather_one_shots(find_machines(checked_folder(machines, "the folder of machines")), out)
