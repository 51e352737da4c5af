"""Sounds as files of one folder: each says what it was made from, a manifest lists them, and all of them appear or none."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..clip import Clip, read_metadata
from ..errors import BadAudio, BadFolder
from ..whole_file import whole_folder

MANIFEST_FILE = "manifest.jsonl"

SoundFormat = Literal["wav", "flac", "ogg"]
"""Kinds of file that are written; wav and flac have 24 bits."""


@dataclass(frozen=True)
class Made:
    """A sound to write: ``wave (channels, time)``, the name of its file without the ending, and what it was made from.

    ``origin`` (with the model and its hash) becomes the file's comment and, with what was ``measured``, its line of the manifest.
    A sound that is not ``listed`` has no line there.
    """

    wave: np.ndarray
    stem: str
    origin: dict[str, Any]
    measured: dict[str, Any] = field(default_factory=dict)
    listed: bool = True


@dataclass(frozen=True)
class Written:
    """A sound's file below the folder, and what was known of it."""

    file: str
    seconds: float
    origin: dict[str, Any]
    measured: dict[str, Any]


def write_sounds(sounds: Iterator[Made], sample_rate: int, out: Path, format: str) -> tuple[Written, ...]:
    """Write each sound beside its place as it is made; when all are there, move them into their places, the manifest last.

    What the manifest listed before stays in it. Raises BadFolder where ``out`` cannot be written to, and where a file of a sound's
    name is another sound.
    """
    kept = list(records_of(out / MANIFEST_FILE))
    sounds = itertools.chain([next(sounds)], sounds)  # what cannot be played is refused before there is a folder
    with whole_folder(out, last=MANIFEST_FILE) as hidden:
        written, added = [], []
        for made in sounds:
            written.append(_write_sound(made, sample_rate, out, hidden, format))
            added += [_record(written[-1])] if made.listed else []
        names = {sound.file for sound in written}
        records = [record for record in kept if record["audio_filepath"] not in names] + added
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (hidden / MANIFEST_FILE).write_text(lines, encoding="utf-8")
    return tuple(written)


def stem_of(*parts: str) -> str:
    """Parts of a file's name joined, in letters that every file system knows."""
    return "-".join(re.sub(r"[^\w.+-]+", "_", part) for part in parts)


def _write_sound(made: Made, sample_rate: int, out: Path, hidden: Path, format: str) -> Written:
    """Write one sound into the hidden folder; raises BadFolder where another sound of its name is in ``out``."""
    name = f"{made.stem}.{format}"
    if (out / name).exists() and _origin_of(out / name) != made.origin:
        raise BadFolder(
            f"{out / name} is there already and is another sound than the one that {made.origin['model']} "
            f"({made.origin['model_hash']}) makes; choose another folder with --out."
        )
    subtype = "VORBIS" if format == "ogg" else "PCM_24"
    Clip(made.wave, sample_rate).write(hidden / name, subtype, {"comment": json.dumps(made.origin)})
    return Written(name, made.wave.shape[-1] / sample_rate, made.origin, made.measured)


def _record(sound: Written) -> dict[str, Any]:
    """A line of the manifest, with the field names that ``data.manifest`` reads."""
    return {"audio_filepath": sound.file, "duration": round(sound.seconds, 6), **sound.origin, **sound.measured}


def records_of(manifest: Path) -> Iterator[dict[str, Any]]:
    """The lines of a manifest of sounds, none where there is no such file; raises BadFolder for a file of another kind."""
    if not manifest.is_file():
        return
    try:
        for line in manifest.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            record["audio_filepath"]  # a line without it is not one of ours
            yield record
    except (ValueError, KeyError, TypeError) as error:
        raise BadFolder(
            f"{manifest} is not a manifest of sounds, so it cannot be added to; choose another folder with --out."
        ) from error


def _origin_of(path: Path) -> Any:
    """What a sound file says of itself; None where it says nothing."""
    try:
        return json.loads(read_metadata(path)["comment"])
    except (BadAudio, ValueError, KeyError):
        return None
