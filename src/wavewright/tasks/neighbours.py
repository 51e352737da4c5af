"""Find the sounds that lie nearest to one: those that a model learned from, or the files of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..data.folder import scan
from ..errors import BadFolder
from . import checked
from .latent_sounds import DEFAULT_MODEL, Source, encode_folder, open_vae, read_sound
from .map_sounds import nearest


@dataclass(frozen=True)
class Neighbour:
    """A sound that lies near: ``distance`` 1 is a training sound's usual deviation."""

    file: str
    label: str | None
    distance: float


@dataclass(frozen=True)
class Neighbours:
    """The sounds nearest to one, nearest first: training sounds of the model where ``folder`` is None."""

    source: Source
    model: str
    model_hash: str
    folder: Path | None
    nearest: tuple[Neighbour, ...]
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"the training sounds of {self.model} ({self.model_hash})" if self.folder is None else str(self.folder)
        lines = [f"Nearest to {self.source.file} among {where}:"]
        for near in self.nearest:
            label = "" if near.label is None else f" ({near.label})"
            lines.append(f"  {near.distance:.3f}  {near.file}{label}")
        return "\n".join([*lines, *([str(self.source)] if self.source.changes else []), *self.problems])


@checked
def neighbours(
    file: Annotated[Path, Field(description="Sound file whose neighbours are looked for.")],
    folder: Annotated[
        Path | None, Field(description="Folder or manifest to look in; default: what the model learned from.")
    ] = None,
    count: Annotated[int, Field(description="Number of neighbours.", ge=1, le=1_000)] = 5,
    model: Annotated[str, Field(description="Name of a VAE, or the path of its folder.")] = DEFAULT_MODEL,
    quiet: Annotated[bool, Field(description="Show no progress.")] = False,
) -> Neighbours:
    """Find the sounds nearest to one, among the training sounds of the model or in a folder.

    The file itself is left out where it lies in the folder; files that cannot be used are named. Raises BadAudio where the file cannot
    be read or is silent, BadFolder where nothing in the folder can be used, BadModel for a model without latents.
    """
    player = open_vae(model)
    source, wave = read_sound(file, player)
    latents = player.encode(player.heard(wave).wave)
    if folder is None:
        known = tuple(
            Neighbour(name, label or None, round(distance, 4))
            for name, label, distance in player.neighbours(latents, count)
        )
        return Neighbours(source, player.card.name, player.folder.hash, None, known)
    others = encode_folder(folder, scan(folder, None), player, quiet)
    own = next((index for index, entry in enumerate(others.entries) if entry.path.resolve() == file.resolve()), None)
    names = others.names
    found = tuple(
        Neighbour(names[index], others.entries[index].label, round(distance, 4))
        for index, distance in nearest(player.distances(latents, others.latents), count, own)
    )
    if not found:
        raise BadFolder(f"{folder} holds no sound besides {file}; give a folder with more of them.")
    return Neighbours(source, player.card.name, player.folder.hash, folder, found, others.problems)
