"""Lay the sounds of a folder out on a map where what sounds alike lies together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ..data.folder import LabelFrom, scan
from ..drawing import check_drawable, draw_map
from ..errors import BadFolder, BadSetting, MissingExtra
from ..whole_file import whole_folder
from . import checked
from .latent_sounds import DEFAULT_MODEL, FolderLatents, encode_folder, open_vae

if TYPE_CHECKING:
    from ..families.vae.runtime import VaeRuntime


@dataclass(frozen=True)
class Near:
    """Another sound of the map and how far it lies away: 1 is a training sound's usual deviation."""

    file: str
    distance: float


@dataclass(frozen=True)
class Placed:
    """A sound of the map: its place in the square from -1 to 1 and the sounds nearest to it, nearest first."""

    file: str
    label: str | None
    x: float
    y: float
    neighbours: tuple[Near, ...]


@dataclass(frozen=True)
class SoundMap:
    """A map that was written. ``picture`` is None where it could not be drawn, and ``note`` says why."""

    out: Path
    picture: Path | None
    model: str
    model_hash: str
    folder: Path
    sounds: tuple[Placed, ...]
    problems: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        labels = {sound.label for sound in self.sounds} - {None}
        kinds = f" of {len(labels)} labels" if labels else ""
        picture = f", drawn in {self.picture}" if self.picture else ""
        lines = [f"{self.out}: {len(self.sounds)} sounds{kinds} by {self.model} ({self.model_hash}){picture}"]
        return "\n".join([*lines, *self.problems, *([self.note] if self.note else [])])


@checked
def map_sounds(
    folder: Annotated[Path, Field(description="Folder with sound files, or a manifest (.csv, .jsonl).")],
    out: Annotated[
        Path, Field(description="JSON file to write; the picture lies beside it and ends with .png.")
    ] = Path("wavewright-map.json"),
    neighbours: Annotated[int, Field(description="Nearest sounds that are named with each.", ge=0, le=100)] = 5,
    label_from: Annotated[
        LabelFrom | None,
        Field(
            description="Labels are the first sub-folders, or there are none; default: sub-folders where most sounds lie in some."
        ),
    ] = None,
    model: Annotated[str, Field(description="Name of a VAE, or the path of its folder.")] = DEFAULT_MODEL,
    quiet: Annotated[bool, Field(description="Show no progress.")] = False,
) -> SoundMap:
    """Lay the sounds of a folder out on a map, as JSON and as a picture, where what sounds alike lies together.

    The same folder gives the same map. Without matplotlib the JSON alone is written. Files that cannot be used are named. Raises
    BadFolder where none can, or where the map cannot be written, BadModel for a model without latents.
    """
    if out.suffix.lower() != ".json":
        raise BadSetting(f"{out} does not end with .json; a map is written as a .json file, its picture beside it.")
    if not out.parent.is_dir():
        raise BadFolder(f"{out} cannot be written, because the folder {out.parent} does not exist; create it first.")
    if out.is_dir():
        raise BadFolder(f"{out} is a folder; give the name of a file to write.")
    player = open_vae(model)
    found = encode_folder(folder, scan(folder, label_from), player, quiet)
    sounds = _placed(found, player, neighbours)
    picture, note = _drawable(out.with_suffix(".png"))
    placed = SoundMap(out, picture, player.card.name, player.folder.hash, folder, sounds, found.problems, note)
    _write(placed)
    return placed


def _placed(found: FolderLatents, player: VaeRuntime, n_neighbours: int) -> tuple[Placed, ...]:
    """The sounds with their places and neighbours."""
    places, names = player.map(found.latents), found.names
    sounds = []
    for index, (entry, (x, y)) in enumerate(zip(found.entries, places.tolist(), strict=True)):
        distances = player.distances(found.latents[index], found.latents)
        near = [Near(names[other], round(distance, 4)) for other, distance in nearest(distances, n_neighbours, index)]
        sounds.append(Placed(names[index], entry.label, round(x, 4), round(y, 4), tuple(near)))
    return tuple(sounds)


def nearest(distances: np.ndarray, count: int, without: int | None = None) -> Sequence[tuple[int, float]]:
    """The places of the ``count`` smallest of ``distances (n,)`` and these, smallest first, one of them left out."""
    order = [int(place) for place in np.argsort(distances, kind="stable") if place != without]
    return [(place, float(distances[place])) for place in order[:count]]


def _drawable(picture: Path) -> tuple[Path | None, str]:
    """Where the picture will be, or the sentence that says why there will be none."""
    try:
        check_drawable(picture)
    except MissingExtra as error:
        return None, str(error)
    return picture, ""


def _write(placed: SoundMap) -> None:
    """Write the map and its picture, both or none."""
    written = {
        "model": placed.model,
        "model_hash": placed.model_hash,
        "folder": str(placed.folder),
        "sounds": [
            {
                "file": sound.file,
                "label": sound.label,
                "x": sound.x,
                "y": sound.y,
                "neighbours": [{"file": near.file, "distance": near.distance} for near in sound.neighbours],
            }
            for sound in placed.sounds
        ],
        "problems": list(placed.problems),
    }
    with whole_folder(placed.out.parent, last=placed.out.name) as hidden:
        text = json.dumps(written, indent=1, ensure_ascii=False)
        (hidden / placed.out.name).write_text(text + "\n", encoding="utf-8")
        if placed.picture is not None:
            places = np.array([(sound.x, sound.y) for sound in placed.sounds])
            labels = [sound.label for sound in placed.sounds]
            names = [Path(sound.file).stem for sound in placed.sounds]
            draw_map(places, labels, names, hidden / placed.picture.name, title=placed.folder.name)
