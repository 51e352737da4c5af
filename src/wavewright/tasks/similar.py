"""Find the clips most similar to one, among a model's training clips or in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..base.errors import BadFolder, BadSetting
from ..base.parameters import DEFAULT_VAE, EmbeddingName, Quiet, VaeName
from ..base.result import Result
from ..base.rules import Needs
from ..base.task_parameters import checked
from ..contracts.morphing import Morpher
from ..contracts.runtime import Autoencoder, ModelResult, identity
from ..data.folder import scan
from ..families import loading
from ..inference.latent_clips.folder import FolderLatents, encode_folder, smallest
from ..inference.latent_clips.source import SourceClip, read_clip, read_source
from ..inference.latent_clips.space import ClipSpace, LatentSpace, open_space


@dataclass(frozen=True)
class SimilarClip:
    """A similar clip: distance 1 is the standard deviation of the training clips from their mean."""

    file: str
    label: str | None
    distance: float


@dataclass(frozen=True, kw_only=True)
class SimilarClips(Result, ModelResult):
    """The clips of a folder most similar to ``source``, most similar first; without a folder, training clips."""

    source: SourceClip
    folder: Path | None
    clips: tuple[SimilarClip, ...]

    def __str__(self) -> str:
        where = f"the training clips of {self.by}" if self.folder is None else str(self.folder)
        lines = [f"Most similar to {self.source.file} in {where}:"]
        for clip in self.clips:
            label = "" if clip.label is None else f" ({clip.label})"
            lines.append(f"  {clip.distance:.3f}  {clip.file}{label}")
        if self.source.changes:
            lines.append(str(self.source))
        return "\n".join([*lines, *self.endings()])


@checked
def similar(
    file: Annotated[Path, Field(description="Sound file to compare with.")],
    folder: Annotated[
        Path | None, Field(description="Folder or manifest to search; default: the training clips of the model.")
    ] = None,
    count: Annotated[int, Field(description="Number of similar clips.", ge=1, le=1_000)] = 5,
    model: VaeName = DEFAULT_VAE,
    embedding: Annotated[EmbeddingName, Needs("folder")] = None,
    quiet: Quiet = False,
) -> SimilarClips:
    """Find the clips most similar to one, among the training clips of the model or in a folder.

    The file itself is left out if it is in the folder; files that cannot be used are named. With an encoder or
    a classifier, distances are root mean squares in standard deviations over the clips of the folder.

    Raises BadAudio if the file cannot be read or is silent; BadFolder if the folder holds no other clip that can be
    used; BadModel if the model is no VAE, or the embedding that of no model.
    """
    if folder is None:
        return _similar_training_clips(file, loading.load_autoencoder(model), count)
    space = open_space(model, embedding)
    if isinstance(space, LatentSpace):
        source, wave = read_clip(file, space.runtime)
    else:
        source, wave = read_source(file, space.sample_rate)
    latents = space.encode_clip(wave)
    others = encode_folder(folder, scan(folder, None, needs_labels=False), space, quiet)
    clips = _nearest(source, latents, others, count, space)
    if not clips:
        raise BadFolder(f"{folder} holds no clip besides {file}; give a folder with more of them.")
    return SimilarClips(**space.identity, source=source, folder=folder, clips=clips, failed=others.failed)


def _similar_training_clips(file: Path, runtime: Autoencoder, count: int) -> SimilarClips:
    """Return the training clips of a model most similar to a file; raise BadSetting if it does not know them."""
    if not isinstance(runtime, Morpher):
        raise BadSetting(f"{runtime.name} has no list of its training clips; give a folder to search with --folder.")
    source, wave = read_clip(file, runtime)
    nearest = runtime.similar(runtime.encode(runtime.align(wave).wave), count)
    clips = tuple(SimilarClip(name, label or None, round(distance, 4)) for name, label, distance in nearest)
    return SimilarClips(**identity(runtime), source=source, folder=None, clips=clips)


def _nearest(
    source: SourceClip, latents: np.ndarray, others: FolderLatents, count: int, space: ClipSpace
) -> tuple[SimilarClip, ...]:
    """Return the clips of a folder most similar to ``latents``, without the file of ``source`` itself."""
    paths = [entry.path.resolve() for entry in others.entries]
    own = paths.index(source.file.resolve()) if source.file.resolve() in paths else None
    return tuple(
        SimilarClip(others.names[index], others.entries[index].label, round(distance, 4))
        for index, distance in smallest(space.distances(latents, others.latents), count, own)
    )
