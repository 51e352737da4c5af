"""Drums of kits that no other corpus has, to confirm on them what was chosen on others.

    python recipes/corpora drum-unseen --sampled SAMPLED --soundfont TimGM6mb.sf2 --out corpora/drum-unseen

``--sampled`` is the public repository oramics/sampled, of which the kits TR-505, TR-909 and Pearl Master Studio are
taken. ``--soundfont`` is ``usr/share/sounds/sf2/TimGM6mb.sf2`` of the Debian package timgm6mb-soundfont (GPL-2), whose
samples are labelled by the keys of General MIDI, each once, whatever kits have it. Nothing is trained on these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from corpus import checked_folder
from drum_judge import from_folder
from drums import Drum, Source, gather_one_shots
from soundfont import SoundFont

from wavewright.base.errors import BadFolder
from wavewright.base.result import Failed

_SAMPLED = "github.com/oramics/sampled"
SAMPLED_SOURCES = {
    "DM/TR-505": Source("tr-505", "train", "public domain", "Roland TR-505, oramics/sampled", _SAMPLED),
    "DM/TR-909": Source("tr-909", "train", "public domain", "Roland TR-909, oramics/sampled", _SAMPLED),
    "DRUMS/pearl-master-studio": Source(
        "pearl-master-studio", "train", "CC-BY-3.0", "Pearl Master Studio Pack 1, enoe", _SAMPLED
    ),
}
SAMPLED_KINDS: list[tuple[str, str | None]] = [
    (r"kick", "kick"),
    (r"snare", "snare"),
    (r"hihat", "hat"),
    (r"\btom", "tom"),
    (r"crash|ride|cymbal|splash", "cymbal"),
]
TIMGM_SOURCE = Source("timgm6mb", "train", "GPL-2", "TimGM6mb, Tim Brechbill", "Debian package timgm6mb-soundfont")
KEYS = {
    **dict.fromkeys((35, 36), "kick"),
    **dict.fromkeys((38, 40), "snare"),
    **dict.fromkeys((42, 44, 46), "hat"),
    **dict.fromkeys((41, 43, 45, 47, 48, 50), "tom"),
    **dict.fromkeys((49, 51, 52, 53, 55, 57, 59), "cymbal"),
}
"""Label of each key of General MIDI's percussion map that has one."""


def from_sampled(folder: Path) -> Iterator[Drum | Failed]:
    """Yield the recordings of the kits; those of one name get the name of their folder, too."""
    for name, source in SAMPLED_SOURCES.items():
        for item in from_folder(checked_folder(folder / name, "the kit"), source, SAMPLED_KINDS, []):
            if isinstance(item, Failed):
                yield item
            else:
                inner = item.path.relative_to(folder / name).with_suffix("").parts
                yield replace(item, stem="_".join(part for part in inner if part != "samples"))


def from_soundfont(path: Path) -> Iterator[Drum]:
    """Yield the samples whose keys have a label; raise BadFolder without the file."""
    if not path.is_file():
        raise BadFolder(f"{path} does not exist; give TimGM6mb.sf2 of the unpacked package timgm6mb-soundfont.")
    seen: set[int] = set()
    for sample in SoundFont(path).percussion():
        label = KEYS.get(sample.key)
        if label is None or sample.number in seen:
            continue
        seen.add(sample.number)
        stem = f"{sample.number}_{''.join(sign if sign.isalnum() else '_' for sign in sample.name)}"
        yield Drum(path, label, f"timgm6mb/{sample.number}", TIMGM_SOURCE, stem, (sample.number,))


def gather_unseen(sampled: Path, soundfont: Path, out: Path) -> tuple[list[Drum], list[Failed]]:
    """Write the corpus to ``out``; return its drums and what was left out."""
    return gather_one_shots((*from_sampled(sampled), *from_soundfont(soundfont)), out)
