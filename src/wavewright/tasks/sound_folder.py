"""Sounds as files of one folder: each says what it was made from, a manifest lists them, and all of them appear or none."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..clip import Clip, read_metadata
from ..errors import BadAudio, BadFolder
from ..json_text import line_of, parse
from ..manifest_file import MANIFEST_FILE, manifest_lines
from ..names import inside
from ..whole_file import check_name, whole_folder

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

    Entries of the manifest are kept, also those that other processes add meanwhile. Raises BadFolder where ``out``
    cannot be written to, and where a file of a sound's name is another sound.
    """
    check_name(out)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file that is not a manifest before any work
    sounds = itertools.chain([next(sounds)], sounds)  # what cannot be played is refused before there is a folder
    written: list[Written] = []
    added: list[str] = []

    def write_manifest(hidden: Path) -> None:
        for sound in written:
            _check_is_same(out / sound.file, sound.origin)
        names = {sound.file for sound in written}
        kept = [line for file, line in manifest_lines(out / MANIFEST_FILE) if file not in names]
        (hidden / MANIFEST_FILE).write_text("".join(kept + added), encoding="utf-8")

    with whole_folder(out, MANIFEST_FILE, write_manifest) as hidden:
        for made in sounds:
            written.append(_write_sound(made, sample_rate, out, hidden, format))
            added += [line_of(_record(written[-1]))] if made.listed else []
    return tuple(written)


def _write_sound(made: Made, sample_rate: int, out: Path, hidden: Path, format: str) -> Written:
    """Write one sound into the hidden folder; raises BadFolder where another sound of its name is in ``out``."""
    name = f"{made.stem}.{format}"
    _check_is_same(out / name, made.origin)
    subtype = "VORBIS" if format == "ogg" else "PCM_24"
    Clip(made.wave, sample_rate).write(inside(hidden, name), subtype, {"comment": json.dumps(made.origin)})
    return Written(name, made.wave.shape[-1] / sample_rate, made.origin, made.measured)


def _check_is_same(path: Path, origin: dict[str, Any]) -> None:
    """Raise BadFolder where ``path`` exists and is not the sound of ``origin``."""
    if path.exists() and _origin_of(path) != origin:
        raise BadFolder(
            f"{path} is there already and is another sound than the one that {origin['model']} "
            f"({origin['model_hash']}) makes; choose another folder with --out."
        )


def _record(sound: Written) -> dict[str, Any]:
    """A line of the manifest, with the field names that ``data.manifest`` reads."""
    return {"audio_filepath": sound.file, "duration": round(sound.seconds, 6), **sound.origin, **sound.measured}


def _origin_of(path: Path) -> Any:
    """What a sound file says of itself; None where it says nothing."""
    try:
        return parse(read_metadata(path)["comment"])
    except (BadAudio, ValueError, KeyError):
        return None
