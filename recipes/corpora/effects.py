"""Sound effects and textures: the corpus ``ambience``, and steps, blows, weapons, tools and animals of 0 A.D.

    python recipes/corpora effects --pack PACK --zero-ad AUDIO --megaglest DATA --out corpora/effects

The options are those of the command ``ambience``. The clips have no labels; their folders say what they are. One of
twelve effects of the game is split ``valid``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import ambience
import games
from corpus import Recording, checked_folder, gather

from wavewright.base.result import Failed

VALID_OF = 12
EFFECTS = {
    "steps": "actor/singlesteps/*.ogg",
    "impact": "attack/impact/*.ogg",
    "weapon": "attack/weapon/*.ogg",
    "mining": "resource/mining/*.ogg",
    "chopping": "resource/lumbering/*.ogg",
    "building": "resource/construction/*.ogg",
    "gathering": "resource/gathering/*.ogg",
    "animal": "actor/fauna/**/*.ogg",
}
"""Folders of the corpus, and their files in the folder ``audio`` of 0 A.D."""


def find_effects(audio: Path) -> Iterator[Recording]:
    """Yield the effects of 0 A.D.; raise BadFolder if it is missing."""
    checked_folder(audio, "the sound of 0 A.D.")
    for folder, pattern in EFFECTS.items():
        for path in sorted(audio.glob(pattern)):
            split = "train" if zlib.crc32(path.name.encode()) % VALID_OF else "valid"
            target = f"{folder}/{path.parent.name}-{path.stem}"
            yield Recording(path, target, split, games.ZERO_AD, {"group": target})


def gather_effects(pack: Path, zero_ad: Path, megaglest: Path, out: Path) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out. Raise BadFolder if a source is missing."""
    textures = map(_without_label, ambience.find_all(pack, zero_ad, megaglest))
    return gather(chain(textures, find_effects(zero_ad)), out, ambience.sound_of)


def _without_label(item: Recording | Failed) -> Recording | Failed:
    return item if isinstance(item, Failed) else replace(item, facts={"group": item.facts["group"]})
