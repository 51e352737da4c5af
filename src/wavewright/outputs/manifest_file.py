"""Manifests of folders of clips: `manifest.jsonl`, to which each call adds the clips that it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..base.errors import BadFolder
from ..base.file_lock import locked
from ..base.json_text import JsonValue, line_of, parse
from ..base.whole_file import FOLDER_LOCK, write_whole
from .made import MadeFile

MANIFEST_FILE = "manifest.jsonl"


class FolderTable(NamedTuple):
    """The fields of recordings in a table of their folder, by their names below it.

    ``name`` is that of the table, and ``notes`` say how it was read, and what of it is left out.
    """

    name: str = ""
    facts: Mapping[str, Mapping[str, object]] = {}
    notes: tuple[str, ...] = ()


NO_TABLE = FolderTable()


def manifest_lines(path: Path) -> list[tuple[str, str]]:
    """Return file name and line of each clip of a manifest, which need not exist, in their order.

    Raises BadFolder if the file is not a manifest.
    """
    if not path.is_file():
        return []
    try:
        lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        files = [parse(line)["audio_filepath"] for line in lines]
        if not all(isinstance(file, str) for file in files):
            raise TypeError("a file name is not a string")
    except (ValueError, KeyError, TypeError) as error:  # also a line without a file name
        raise BadFolder(
            f"{path} is not a manifest of clips, so it cannot be added to; choose another folder with --out."
        ) from error
    return [(file, f"{line}\n") for file, line in zip(files, lines, strict=True)]


def known_records(folder: Path) -> Callable[[Path, Mapping[str, object]], dict[str, JsonValue] | None]:
    """Return a function that looks in the manifest of a folder, as it is now, for the record of a file that is there.

    It returns None if the file, or a record with the same origin, is missing.
    """
    known = {name: parse(line) for name, line in manifest_lines(folder / MANIFEST_FILE)}

    def record(path: Path, origin: Mapping[str, object]) -> dict[str, JsonValue] | None:
        found: dict[str, JsonValue] = known.get(str(path.relative_to(folder)), {})
        return found if path.is_file() and origin.items() <= found.items() else None

    return record


def record_of(folder: Path, made: MadeFile, facts: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the record of a file of a folder, with the field names that `wavewright.data.manifest` reads.

    - ``facts``: of the recording that it was made of.
    """
    name = made.path.relative_to(folder).as_posix()
    return {"audio_filepath": name, "duration": round(made.seconds or 0.0, 6), **(facts or {}), **made.origin}


def manifest_with(folder: Path, records: Mapping[str, Mapping[str, object]]) -> str:
    """Return the manifest of a folder with the records of some files, which replace earlier ones; for `add_records`."""
    retained = [line for file, line in manifest_lines(folder / MANIFEST_FILE) if file not in records]
    return "".join([*retained, *map(line_of, records.values())])


def add_records(folder: Path, records: Mapping[str, Mapping[str, object]]) -> None:
    """Add records by file name, replacing earlier ones, to the manifest of a folder, which is created if there is none.

    Their field names are those that `wavewright.data.manifest` reads.

    Raises BadFolder if the folder has a file of that name that is not a manifest.
    """
    with locked(folder / FOLDER_LOCK, wait=True):
        write_whole(folder / MANIFEST_FILE, manifest_with(folder, records).encode())
