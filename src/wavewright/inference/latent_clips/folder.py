"""Latents of the clips of a folder, and the smallest distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base.errors import BadAudio, BadFolder, MissingExtra
from ...base.progress_bar import progress_bar
from ...base.result import Failed, first_of
from ...data.entry import Entry, Scan
from .source import decode_entry
from .space import ClipSpace


@dataclass(frozen=True)
class FolderLatents:
    """The clips of a folder, or of the folder of a manifest, and the latents of each.

    ``failed`` are files that cannot be used.
    """

    root: Path
    entries: tuple[Entry, ...]
    latents: tuple[np.ndarray, ...]
    failed: tuple[Failed, ...]

    @property
    def names(self) -> list[str]:
        """Paths of the files below the folder."""
        return [_name_below(self.root, entry.path) for entry in self.entries]


def encode_folder(folder: Path, scanned: Scan, space: ClipSpace, quiet: bool) -> FolderLatents:
    """Encode all clips of a scanned folder or manifest in a space; raise BadFolder if no clip can be used."""
    entries: list[Entry] = []
    latents: list[np.ndarray] = []
    failed = list(scanned.failed)
    seconds = 0.0
    with progress_bar(f"encoding {folder.name}", sum(entry.seconds for entry in scanned.entries), quiet) as show:
        for entry in scanned.entries:
            try:
                latents.append(space.encode_clip(decode_entry(entry, space.sample_rate)))
                entries.append(entry)
            except (BadAudio, MissingExtra) as error:
                failed.append(Failed(entry.path, str(error)))
            seconds += entry.seconds
            show(seconds)
    if not entries:
        raise BadFolder(f"{folder} holds no clip that can be used: {first_of(failed)}.")
    return FolderLatents(folder if folder.is_dir() else folder.parent, tuple(entries), tuple(latents), tuple(failed))


def smallest(distances: np.ndarray, count: int, excluded: int | None = None) -> Sequence[tuple[int, float]]:
    """Return the indices and values of the ``count`` smallest of the distances ``(n,)``, ascending.

    The index ``excluded`` is left out.
    """
    order = [int(index) for index in np.argsort(distances, kind="stable") if index != excluded]
    return [(index, float(distances[index])) for index in order[:count]]


def _name_below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
