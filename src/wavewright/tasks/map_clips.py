"""Map the clips of a folder by similarity: a two-dimensional t-SNE embedding of their latents, as JSON and a plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..base.errors import MissingExtra
from ..base.parameters import DEFAULT_VAE, EmbeddingName, Quiet, VaeName, Writes
from ..base.task_parameters import checked
from ..base.whole_file import check_target, whole_folder
from ..contracts.runtime import model_text
from ..data.folder import scan
from ..data.parameters import LabelSource
from ..inference.latent_clips.folder import FolderLatents, encode_folder, smallest
from ..inference.latent_clips.space import ClipSpace, open_space
from ..outputs.made import Made, MadeFile
from ..plots import check_drawable, draw_map


@dataclass(frozen=True)
class NearClip:
    """Another clip of the map: distance 1 is the standard deviation of the training clips from their mean."""

    file: str
    distance: float


@dataclass(frozen=True)
class MappedClip:
    """A clip of the map: its coordinates from -1 to 1, and the most similar clips by the distance of their latents."""

    file: str
    label: str | None
    x: float
    y: float
    similar: tuple[NearClip, ...]


@checked
def map_clips(
    folder: Annotated[Path, Field(description="Folder with sound files, or a manifest (.csv, .jsonl).")],
    out: Annotated[
        Path,
        Field(description="JSON file to write; the plot is beside it and ends with .png."),
        Writes(".json", is_only=True),
    ] = Path("wavewright-map.json"),
    similar: Annotated[int, Field(description="Number of similar clips to list for each.", ge=0, le=100)] = 5,
    label_from: LabelSource = None,
    model: VaeName = DEFAULT_VAE,
    embedding: EmbeddingName = None,
    quiet: Quiet = False,
) -> Made:
    """Map the clips of a folder by similarity (t-SNE of their latents, or of an embedding), as JSON and as a plot.

    The same folder gives the same map. Without matplotlib only the JSON is written. Files that cannot be used are
    named.

    Raises BadFolder if no clip can be used, or the map cannot be written; BadModel if the model is no VAE, or the
    embedding that of no model.
    """
    check_target(out)
    space = open_space(model, embedding)
    encoded = encode_folder(folder, scan(folder, label_from, needs_labels=False), space, quiet)
    clips = _mapped(encoded, space, similar)
    plot, notes = _plot_path(out.with_suffix(".png"))
    contents = {**space.identity, "folder": str(folder), "clips": [asdict(clip) for clip in clips]}
    contents["failed"] = [str(each) for each in encoded.failed]
    _write(contents, clips, out, plot, folder.name)
    names = {clip.label for clip in clips} - {None}
    lines = (f"  {len(clips)} clips{f' of {len(names)} labels' if names else ''}",)
    paths = [out, *([] if plot is None else [plot])]
    files = tuple(MadeFile(path=path, source=folder, by=model_text(**space.identity)) for path in paths)
    return Made(out=out, files=files, notes=notes, failed=encoded.failed, details={"clips": clips}, lines=lines)


def _mapped(encoded: FolderLatents, space: ClipSpace, n_similar: int) -> tuple[MappedClip, ...]:
    """Return the clips with their coordinates and similar clips."""
    positions = space.embedding_2d(encoded.latents).tolist()
    names = encoded.names
    clips = []
    for index, (entry, (x, y)) in enumerate(zip(encoded.entries, positions, strict=True)):
        distances = space.distances(encoded.latents[index], encoded.latents)
        similar = tuple(
            NearClip(names[other], round(distance, 4)) for other, distance in smallest(distances, n_similar, index)
        )
        clips.append(MappedClip(names[index], entry.label, round(x, 4), round(y, 4), similar))
    return tuple(clips)


def _plot_path(path: Path) -> tuple[Path | None, tuple[str, ...]]:
    """Return the path of the plot, or None and the reason why it cannot be drawn."""
    try:
        check_drawable(path)
    except MissingExtra as error:
        return None, (str(error),)
    return path, ()


def _write(contents: dict[str, object], clips: Sequence[MappedClip], out: Path, plot: Path | None, title: str) -> None:
    """Write the map and its plot, both or none."""
    with whole_folder(out.parent, last=out.name) as hidden:
        text = json.dumps(contents, indent=1, ensure_ascii=False)
        (hidden / out.name).write_text(text + "\n", encoding="utf-8")
        if plot is not None:
            positions = np.array([(clip.x, clip.y) for clip in clips])
            names = [Path(clip.file).stem for clip in clips]
            draw_map(positions, [clip.label for clip in clips], names, hidden / plot.name, title=title)
