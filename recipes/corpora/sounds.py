"""Sounds of things, animals and machines, several takes of which are pairs that an encoder learns from.

    python recipes/corpora sounds --zero-ad AUDIO --megaglest DATA --sonic-pi SAMPLES --out corpora/sounds

``--zero-ad`` and ``--megaglest`` are those of the command ``ambience``: all sounds of the two games but music and
voices. ``--sonic-pi`` is that of the command ``drums``. Equal files are taken once. The text of a clip is its file's
name without the number of the take; what units of MegaGlest say has none. One of twenty names is split ``valid``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import games
from corpus import Recording, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.files import sha256_of
from wavewright.base.result import Failed

SONIC_PI = Source(
    "Sonic Pi",
    "CC0-1.0",
    "Sonic Pi samples, from freesound.org",
    "github.com/sonic-pi-net/sonic-pi",
    "mixed to mono",
)
VALID_OF = 20
MAX_SECONDS = 40.0  # of a long recording, its beginning
LEFT_OUT = ("music", "voice", "menu")  # folders
TAKE = re.compile(r"[\d_ -]*[a-z]?$")  # of "mine_stone_12a"
SPEECH = re.compile(r"_(ack|select)$")  # of the units of MegaGlest
BEASTS = re.compile(r"bull|chicken|cow|daemon|dragon|eagle|golem|mummy|pig|behemoth|ornithopter")


@dataclass(frozen=True)
class Origin:
    """A folder of sounds, and how its files end."""

    name: str
    folder: Path
    source: Source
    suffixes: tuple[str, ...]


def find_sounds(origins: list[Origin]) -> Iterator[Recording | Failed]:
    """Yield the sounds of all folders; raise BadFolder if one is missing."""
    seen: set[str] = set()
    for origin in origins:
        folder = checked_folder(origin.folder, f"the sounds of {origin.source.name}")
        for path in sorted(path for path in folder.rglob("*") if path.suffix in origin.suffixes):
            inner = path.relative_to(folder).with_suffix("")
            if not set(LEFT_OUT).isdisjoint(inner.parts):
                continue
            digest = sha256_of(path)
            if digest in seen:
                yield Failed(path, "equal to another file")
                continue
            seen.add(digest)
            name = TAKE.sub("", inner.name, count=1)
            group = f"{origin.name}/{name}"
            facts = {"group": group}
            if name and (not SPEECH.search(name) or BEASTS.search(name)):
                facts["text"] = group
            split = "train" if zlib.crc32(group.encode()) % VALID_OF else "valid"
            yield Recording(path, f"{origin.name}/{inner.as_posix()}", split, origin.source, facts)


def gather_sounds(zero_ad: Path, megaglest: Path, sonic_pi: Path, out: Path) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out. Raise BadFolder if a source is missing."""
    origins = [
        Origin("0ad", zero_ad, games.ZERO_AD, (".ogg",)),
        Origin("megaglest", megaglest, games.MEGAGLEST, (".ogg", ".wav")),
        Origin("sonic-pi", sonic_pi, SONIC_PI, (".flac",)),
    ]
    return gather(find_sounds(origins), out, lambda recording: Clip.read(recording.path, 0.0, MAX_SECONDS).mono())
