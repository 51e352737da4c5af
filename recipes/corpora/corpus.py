"""Recordings with their sources, written as a folder of clips with ``manifest.jsonl`` and ``sources.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wavewright.clip import Clip
from wavewright.errors import BadAudio, BadFolder
from wavewright.whole_file import write_whole


@dataclass(frozen=True)
class Source:
    """Origin of recordings, their licence, their credit, and the changes to them."""

    name: str
    licence: str
    credit: str
    origin: str
    changes: str


@dataclass(frozen=True)
class Recording:
    """One recording: its file, the path of its clip (below the corpus, without suffix), and its metadata.

    ``facts`` are fields of the manifest: label, text, speaker, group, language.
    """

    path: Path
    target: str
    split: str
    source: Source
    facts: dict[str, str]


@dataclass(frozen=True)
class LeftOut:
    """A recording that is left out, and the reason."""

    path: Path
    reason: str


def gather(
    items: Iterable[Recording | LeftOut], out: Path, read: Callable[[Recording], Clip]
) -> tuple[list[Recording], list[LeftOut]]:
    """Write the clip that ``read`` returns for each recording, the manifest and the sources.

    Returns the recordings and those left out, which cannot be read or are silent.
    """
    gathered: list[Recording] = []
    left_out: list[LeftOut] = []
    records = []
    for item in items:
        if isinstance(item, LeftOut):
            left_out.append(item)
            continue
        try:
            clip = read(item)
        except BadAudio as error:
            left_out.append(LeftOut(item.path, str(error)))
            continue
        target = out / f"{item.target}.flac"
        target.parent.mkdir(parents=True, exist_ok=True)
        clip.write(target)
        gathered.append(item)
        records.append(_record(item, target.relative_to(out), clip.seconds))
    write_lists(out, records, _summary(gathered, records))
    return gathered, left_out


def write_lists(out: Path, records: Sequence[dict[str, str | float]], sources: list[dict[str, str | float]]) -> None:
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


def print_summary(gathered: Sequence[Recording], left_out: Sequence[LeftOut]) -> None:
    """Print how many clips there are of each source in each split, and what was left out."""
    counts = Counter((item.source.name, item.split) for item in gathered)
    splits = ("train", "valid", "test")
    print(f"{'source':34}" + "".join(f"{split:>8}" for split in splits))
    for name in dict.fromkeys(item.source.name for item in gathered):
        print(f"{name[:32]:34}" + "".join(f"{counts[name, split]:8}" for split in splits))
    print(f"\n{len(gathered)} clips, {len(left_out)} left out:")
    for item in left_out:
        print(f"  {item.path.parent.name}/{item.path.name}: {item.reason}")


def _record(item: Recording, audio_path: Path, seconds: float) -> dict[str, str | float]:
    return {
        "audio_filepath": audio_path.as_posix(),
        "duration": round(seconds, 6),
        **item.facts,
        "split": item.split,
        "licence": item.source.licence,
        "credit": item.source.credit,
        "source": item.source.origin,
    }


def _summary(gathered: list[Recording], records: list[dict[str, str | float]]) -> list[dict[str, str | float]]:
    clips: Counter[Source] = Counter()
    seconds: Counter[Source] = Counter()
    for item, record in zip(gathered, records, strict=True):
        clips[item.source] += 1
        seconds[item.source] += float(record["duration"])
    return [{**asdict(source), "clips": clips[source], "seconds": round(seconds[source], 1)} for source in clips]
