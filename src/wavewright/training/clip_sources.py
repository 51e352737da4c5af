"""Sources of generated clips beside models: a folder of clips, and clips made like recordings of their label."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ..audio.clip import Clip
from ..base.errors import BadFolder
from ..base.file_hash import sha256_of
from ..data.decode import decode_at
from ..data.entry import Entry
from ..data.folder import scan
from ..dsp.onset import trim
from .recording_match import RecordingMatch

PADDING_DB = -100.0  # below the peak: what is cut off of recordings, which zeros may follow
UNKNOWN_LICENCE = "unknown"


class ClipSource(Protocol):
    """A source of clips by label: a model, a voice, procedures, or a folder; see :class:`.Generator`.

    ``generate`` returns fewer clips than were asked for if the source has no more.
    """

    @property
    def name(self) -> str:
        """Name in manifests and on cards."""

    @property
    def content_hash(self) -> str:
        """Changes with the clips that the source generates."""

    @property
    def licence(self) -> str:
        """Of its clips."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names that `generate` accepts."""

    @property
    def sample_rate(self) -> int:
        """Of its clips, Hz."""

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips ``start`` to ``start + count - 1`` of a seed, each ``(1, time)``."""


class FolderOfClips:
    """Generated clips in the sub-folders of a folder, or in its ``manifest.jsonl``; each seed has an order of its own.

    Attributes
    ----------
    name, labels, sample_rate
        Name of the folder, labels of its clips, and the highest sample rate of these.

    Raises
    ------
    BadFolder
        If the folder has no clip with a label.
    """

    licence = UNKNOWN_LICENCE

    def __init__(self, folder: Path) -> None:
        manifest = folder / "manifest.jsonl"
        scanned = scan(folder, None, manifest=manifest if manifest.is_file() else None)
        self._entries: dict[str, list[Entry]] = {}
        for entry in scanned.entries:
            if entry.label is not None:
                self._entries.setdefault(entry.label, []).append(entry)
        if not self._entries:
            raise BadFolder(f"{folder} has no clips in sub-folders, which would be their labels; name another folder.")
        self.name = folder.resolve().name
        self.labels = tuple(sorted(self._entries))
        self.sample_rate = max(entry.sample_rate for entries in self._entries.values() for entry in entries)
        facts = [
            (label, each.path.name, each.offset_seconds, each.n_frames, sha256_of(each.path))
            for label, entries in self._entries.items()
            for each in entries
        ]
        self.content_hash = hashlib.sha256(repr(sorted(facts)).encode()).hexdigest()

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips of a label, or of all in turn, in the order of a seed, see :class:`ClipSource`."""
        if label is None:
            turns = [divmod(index, len(self.labels)) for index in range(start, start + count)]
            return [wave for number, row in turns for wave in self.generate(self.labels[row], 1, seed, number)]
        entries = self._entries[label]
        order = np.random.default_rng(seed).permutation(len(entries))[start : start + count]
        return [np.concatenate(list(decode_at(entries[row], self.sample_rate, 1)), axis=1) for row in order]


@dataclass(frozen=True)
class MatchedSource:
    """A source whose clips are made like recordings of their label, each like one that is drawn.

    Attributes
    ----------
    source
        The source.
    targets
        Label of the recordings for each label of the source that is to be generated.
    match
        The recordings; its sample rate is that of the clips.
    """

    source: ClipSource
    targets: Mapping[str, str]
    match: RecordingMatch

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.source.name

    @property
    def content_hash(self) -> str:
        """That of the source."""
        return self.source.content_hash

    @property
    def licence(self) -> str:
        """That of the source."""
        return self.source.licence

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the source that recordings have."""
        return tuple(self.targets)

    @property
    def sample_rate(self) -> int:
        """That of the recordings."""
        return self.match.sample_rate

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips of the source, each made like a recording of its label."""
        waves = []
        for index in range(start, start + count):
            name = self.labels[index % len(self.labels)] if label is None else label
            for wave in self.source.generate(name, 1, seed, index):
                clip = Clip(wave, self.source.sample_rate).mono().resample(self.sample_rate)
                rng = np.random.default_rng([seed, index, zlib.crc32(name.encode())])
                waves.append(self.match(clip.wave[0], self.targets[name], rng)[None])
        return waves


def match_of(waves: np.ndarray, labels: Sequence[str], sample_rate: int) -> RecordingMatch:
    """Return the match with recordings ``(n, time)``, which zeros may follow; silent ones are left out."""
    recordings: dict[str, list[np.ndarray]] = {}
    for wave, label in zip(waves, labels, strict=True):
        if len(sounding := trim(wave, PADDING_DB)):
            recordings.setdefault(label, []).append(sounding)
    return RecordingMatch(recordings, sample_rate)
