"""Textures of two games, in excerpts: rain, sea, fire, wind, streams, birds and insects.

The folders are ``audio`` of ``public.zip`` in the Debian package 0ad-data, and ``usr/share/games/megaglest`` of
megaglest-data. Of each label one recording, or the takes of one, are split ``valid``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from corpus import Excerpt, Source, checked_folder

from wavewright.audio.clip import Clip

ZERO_AD = Source(
    "0 A.D.", "CC-BY-SA-3.0", "0 A.D., Wildfire Games", "Debian package 0ad-data, public.zip", "mixed to mono"
)
MEGAGLEST = Source("MegaGlest", "CC-BY-SA-3.0", "MegaGlest team", "Debian package megaglest-data", "mixed to mono")

SECONDS = 8.0  # of an excerpt
MAX_EXCERPTS = 5  # of a recording, evenly spread: some recordings last three minutes

Textures = Mapping[str, Mapping[str, Sequence[str]]]
"""Files of each label, by split and by label."""

ZERO_AD_TEXTURES: Textures = {
    "train": {
        "rain": ("weather/rain_11",),
        "sea-waves": ("water/wave_21", "water/waverocky_21"),
        "fire-crackling": tuple(f"../attack/fire/c_{number}" for number in range(11, 20)),
        "wind": ("weather/wind_11", "weather/snowstorm_11", "weather/windgust_11", "weather/windleaves_10"),
        "stream": ("water/river_slow_21", "water/river_fast_21", "water/river_raging_21", "water/waterfall_31"),
        "birds": ("dayscape/day_temperate_gen_01", "dayscape/day_temperate_12", "dayscape/day_tropical_10"),
    },
    "valid": {
        "rain": ("weather/rain_12",),
        "sea-waves": ("water/wavecrash_21",),
        "fire-crackling": tuple(f"../attack/fire/sp_{number}" for number in range(11, 20)),
        "wind": ("weather/windstorm_11",),
        "stream": ("water/river_med_21",),
    },
}
MEGAGLEST_TEXTURES: Textures = {
    "train": {
        "rain": ("autumn/sounds/rain", "dark_forest/sounds/rain"),
        "wind": ("winter/sounds/wind",),
        "birds": (
            *(f"{tileset}/sounds/day" for tileset in ("birch_forest", "dark_forest", "fernland")),
            "autumn/sounds/sunny_day",
        ),
        "insects": (
            *(f"{tileset}/sounds/night" for tileset in ("dark_forest", "fernland", "desert2")),
            *("autumn/sounds/nightime", "mediterran/sounds/desertday"),
        ),
    },
    "valid": {"birds": ("spring/sounds/day",), "insects": ("mediterran/sounds/night",)},
}


def from_zero_ad(audio: Path) -> Iterator[Excerpt]:
    """Yield the excerpts of 0 A.D.; raise BadFolder if it is missing."""
    return _excerpts(checked_folder(audio / "ambient", "the ambience of 0 A.D."), ZERO_AD, ZERO_AD_TEXTURES)


def from_megaglest(data: Path) -> Iterator[Excerpt]:
    """Yield the excerpts of MegaGlest; raise BadFolder if it is missing."""
    return _excerpts(checked_folder(data / "tilesets", "the tilesets of MegaGlest"), MEGAGLEST, MEGAGLEST_TEXTURES)


def _excerpts(folder: Path, source: Source, textures: Textures) -> Iterator[Excerpt]:
    for split, by_label in textures.items():
        for label, names in by_label.items():
            for name in names:
                path = folder / f"{name}.ogg"
                seconds = Clip.read(path).seconds
                count = max(1, min(MAX_EXCERPTS, int(seconds / SECONDS)))
                group = name.replace("../", "").replace("/sounds", "").replace("/", "-")
                for start in np.linspace(0.0, max(0.0, seconds - SECONDS), count):
                    facts = {"label": label, "group": group}
                    target = f"{label}/{group}-{start:.0f}"
                    yield Excerpt(path, target, split, source, facts, float(start), SECONDS)
