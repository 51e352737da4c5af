"""Find the clips most similar to one, among a model's training clips or in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ..data.folder import scan
from ..errors import BadFolder
from ..parameters import Quiet
from . import checked
from .latent_clips import DEFAULT_MODEL, ModelName, SourceClip, encode_folder, open_vae, read_clip

if TYPE_CHECKING:
    from ..families.vae.runtime import VaeRuntime


@dataclass(frozen=True)
class SimilarClip:
    """A similar clip: distance 1 is the standard deviation of the training clips from their mean."""

    file: str
    label: str | None
    distance: float


@dataclass(frozen=True)
class SimilarClips:
    """The clips most similar to one, most similar first.

    Attributes
    ----------
    source
        The one clip.
    model, model_hash
        Name and hash of the model.
    folder
        Where the clips are; None for the training clips of the model.
    clips
        The similar clips.
    problems
        Files that cannot be used, one sentence each.
    """

    source: SourceClip
    model: str
    model_hash: str
    folder: Path | None
    clips: tuple[SimilarClip, ...]
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"the training clips of {self.model} ({self.model_hash})" if self.folder is None else str(self.folder)
        lines = [f"Most similar to {self.source.file} in {where}:"]
        for clip in self.clips:
            label = "" if clip.label is None else f" ({clip.label})"
            lines.append(f"  {clip.distance:.3f}  {clip.file}{label}")
        if self.source.changes:
            lines.append(str(self.source))
        return "\n".join([*lines, *self.problems])


@checked
def similar(
    file: Annotated[Path, Field(description="Sound file to compare with.")],
    folder: Annotated[
        Path | None, Field(description="Folder or manifest to search; default: the training clips of the model.")
    ] = None,
    count: Annotated[int, Field(description="Number of similar clips.", ge=1, le=1_000)] = 5,
    model: ModelName = DEFAULT_MODEL,
    quiet: Quiet = False,
) -> SimilarClips:
    """Find the clips most similar to one, among the training clips of the model or in a folder.

    The file itself is left out if it is in the folder; files that cannot be used are named.

    Raises
    ------
    BadAudio
        If the file cannot be read or is silent.
    BadFolder
        If the folder holds no other clip that can be used.
    BadModel
        If the model is no VAE.
    """
    runtime = open_vae(model)
    source, wave = read_clip(file, runtime)
    latents = runtime.encode(runtime.align(wave).wave)
    if folder is None:
        clips = tuple(
            SimilarClip(name, label or None, round(distance, 4))
            for name, label, distance in runtime.similar(latents, count)
        )
        return SimilarClips(source, runtime.name, runtime.folder.hash, None, clips)
    return _search(source, latents, folder, count, runtime, quiet)


def _search(
    source: SourceClip, latents: np.ndarray, folder: Path, count: int, runtime: VaeRuntime, quiet: bool
) -> SimilarClips:
    """Return the clips of a folder most similar to ``latents``, without the file of ``source`` itself."""
    others = encode_folder(folder, scan(folder, None), runtime, quiet)
    paths = [entry.path.resolve() for entry in others.entries]
    own = paths.index(source.file.resolve()) if source.file.resolve() in paths else None
    names = others.names
    clips = tuple(
        SimilarClip(names[index], others.entries[index].label, round(distance, 4))
        for index, distance in smallest(runtime.distances(latents, others.latents), count, own)
    )
    if not clips:
        raise BadFolder(f"{folder} holds no clip besides {source.file}; give a folder with more of them.")
    return SimilarClips(source, runtime.name, runtime.folder.hash, folder, clips, others.problems)


def smallest(distances: np.ndarray, count: int, excluded: int | None = None) -> Sequence[tuple[int, float]]:
    """Return the indices and values of the smallest distances, ascending.

    Parameters
    ----------
    distances
        ``(n,)``.
    count
        Number of results.
    excluded
        An index to leave out.
    """
    order = [int(index) for index in np.argsort(distances, kind="stable") if index != excluded]
    return [(index, float(distances[index])) for index in order[:count]]
