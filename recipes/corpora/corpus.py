"""Recordings with their sources, written as a folder of clips with ``manifest.jsonl`` and ``sources.json``."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder
from wavewright.base.result import Failed
from wavewright.base.whole_file import write_whole


@dataclass(frozen=True)
class Source:
    """Origin of recordings, their licence, their credit, and the changes to them."""

    name: str
    licence: str
    credit: str
    origin: str
    changes: str = "none"


@dataclass(frozen=True)
class Gathered(ABC):
    """A recording of which a corpus gets a clip: its file."""

    path: Path

    @property
    @abstractmethod
    def file(self) -> str:
        """The clip below the corpus."""

    @property
    @abstractmethod
    def fields(self) -> dict[str, str]:
        """The fields of the manifest, without file and length."""


@dataclass(frozen=True)
class Recording(Gathered):
    """One recording: the path of its clip (below the corpus, without suffix), and its metadata.

    ``facts`` are fields of the manifest: label, text, speaker, group, language.
    """

    target: str
    split: str
    source: Source
    facts: dict[str, str]

    @property
    def file(self) -> str:
        return f"{self.target}.flac"

    @property
    def fields(self) -> dict[str, str]:
        source = {"licence": self.source.licence, "credit": self.source.credit, "source": self.source.origin}
        return {**self.facts, "split": self.split, **source}


@dataclass(frozen=True)
class Excerpt(Recording):
    """A part of a longer recording."""

    start_seconds: float
    seconds: float

    def read(self) -> Clip:
        """Return the part, in mono."""
        return Clip.read(self.path, self.start_seconds, self.seconds).mono()


RecordingT = TypeVar("RecordingT", bound=Recording)
Item = TypeVar("Item", bound=Gathered)
Record: TypeAlias = dict[str, str | float]
"""A line of the manifest."""


def gather(
    items: Iterable[RecordingT | Failed], out: Path, read: Callable[[RecordingT], Clip]
) -> tuple[list[RecordingT], list[Failed]]:
    """Write the clip that ``read`` returns for each recording, the manifest and the sources.

    Returns the recordings and those left out, which cannot be read or are silent.
    """
    gathered, left_out, records = write_clips(items, out, read)
    write_lists(out, records, _summary(gathered, records))
    return gathered, left_out


def write_clips(
    items: Iterable[Item | Failed], out: Path, read: Callable[[Item], Clip], subtype: str | None = None
) -> tuple[list[Item], list[Failed], list[Record]]:
    """Write the clip that ``read`` returns for each recording, in a sound file's ``subtype``.

    Returns the recordings, those left out, and the lines of the manifest.
    """
    gathered: list[Item] = []
    left_out: list[Failed] = []
    records: list[Record] = []
    for item in items:
        if isinstance(item, Failed):
            left_out.append(item)
            continue
        try:
            clip = read(item)
        except BadAudio as error:
            left_out.append(Failed(item.path, str(error)))
            continue
        target = out / item.file
        target.parent.mkdir(parents=True, exist_ok=True)
        clip.write(target, subtype)
        gathered.append(item)
        records.append({"audio_filepath": item.file, "duration": round(clip.seconds, 6), **item.fields})
    return gathered, left_out, records


def write_lists(out: Path, records: Sequence[Record], sources: list[dict[str, str | float]]) -> None:
    """Write ``manifest.jsonl`` and ``sources.json``; remove clips of an earlier run. Raise BadFolder without clips."""
    if not records:
        raise BadFolder(f"There are no recordings to write to {out}; give the folders where the sources were unpacked.")
    written = {record["audio_filepath"] for record in records}
    for path in out.rglob("*.flac"):
        if path.relative_to(out).as_posix() not in written:
            path.unlink()
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    write_whole(out / "manifest.jsonl", lines.encode())
    write_whole(out / "sources.json", (json.dumps(sources, indent=2, ensure_ascii=False) + "\n").encode())


def checked_folder(folder: Path, holds: str) -> Path:
    """Return ``folder``; raise BadFolder unless it exists. ``holds`` names its contents in the message."""
    if not folder.is_dir():
        raise BadFolder(f"The folder {folder} does not exist; give the one that holds {holds}.")
    return folder


def print_summary(gathered: Sequence[Recording], left_out: Sequence[Failed]) -> None:
    """Print how many clips there are of each source in each split, and what was left out."""
    counts = Counter((item.source.name, item.split) for item in gathered)
    splits = ("train", "valid", "test")
    print(f"{'source':34}" + "".join(f"{split:>8}" for split in splits))
    for name in dict.fromkeys(item.source.name for item in gathered):
        print(f"{name[:32]:34}" + "".join(f"{counts[name, split]:8}" for split in splits))
    print_left_out(len(gathered), left_out)


def print_left_out(n_gathered: int, left_out: Sequence[Failed]) -> None:
    """Print how many clips were written, and what was left out."""
    print(f"\n{n_gathered} clips, {len(left_out)} left out:")
    for problem in left_out:
        print(f"  {problem.what.parent.name}/{problem.what.name}: {problem.reason}")


def _summary(gathered: Sequence[Recording], records: list[Record]) -> list[dict[str, str | float]]:
    clips: Counter[Source] = Counter()
    seconds: Counter[Source] = Counter()
    for item, record in zip(gathered, records, strict=True):
        clips[item.source] += 1
        seconds[item.source] += float(record["duration"])
    return [{**asdict(source), "clips": clips[source], "seconds": round(seconds[source], 1)} for source in clips]
