"""Read and write manifests: JSON lines or CSV with NeMo's field names."""

from __future__ import annotations

import csv
import io
import math
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal, cast, get_args

from ..audio.file_kind import SOUND_SUFFIXES
from ..base.errors import BadAudio, BadFolder, MissingExtra
from ..base.files import files_below
from ..base.json_text import line_of
from ..base.names import name_problem, quoted
from ..base.result import Failed, first_of
from ..base.tables import lines_of, table_records
from ..base.text_encoding import decoded, note_on
from ..base.whole_file import write_whole
from .entry import SPLITS, Entry, Scan, Split, read_length
from .manifest_tables import DELIMITERS, Table, fields_of, header_of, read_table, refused, shown_fields

FIELDS = (
    "audio_filepath",
    "offset",
    "duration",
    "label",
    "text",
    "speaker",
    "group",
    "split",
    "pitch",
    "language",
    "labels",
)
"""The fields that are written. When reading, other names count as in :data:`.manifest_tables.SYNONYMS`, a missing
``group`` is the ``speaker``, and further fields are named as not used. ``labels`` are those of a clip with several: a
list, or names between ``|`` signs."""

TABLE_SUFFIXES = (".csv", ".tsv")
SUFFIXES = (*TABLE_SUFFIXES, ".jsonl", ".json")
"""File name endings of manifests."""

SOUND_FOLDERS = ("wavs/", "wav/", "clips/", "audio/", "")
"""Folders beside a table in which its files are looked for."""

EXAMPLE = '{"audio_filepath": ..., "label": ...}'
LABEL_SEPARATOR = "|"
ROUNDED_SECONDS = 0.1  # by which a length in a manifest may be beyond the end of a file

Record = dict[str, object]
"""The fields of one clip by name."""


def read(path: Path | str, folder: Path | None = None, refuse: Callable[[BadFolder], None] = refused) -> Scan:
    """Read a manifest and the header of each file that it names.

    A clip starts at ``offset`` seconds and lasts ``duration`` seconds, at most to the end of the file. Files that
    cannot be used are listed in ``failed``.

    - ``path``: ``.jsonl`` with one object a line, ``.json`` with such lines or an array of objects, ``.csv`` or
      ``.tsv`` with a table. A table without NeMo's names of columns is read as :mod:`.manifest_tables` says, such as
      ``name|text`` of LJSpeech.
    - ``folder``: where files are that are not beside the manifest. There, or at any depth below it, and in usual
      sub-folders beside a table, they are looked for by their name.
    - ``refuse``: called with the error about a line that is invalid or contradicts another one; what returns has the
      lines that are not invalid read.

    Raises BadFolder if a field is invalid (the message has the line), two lines contradict each other, or no clip can
    be used.
    """
    path = Path(path)
    entries: list[Entry] = []
    lines: list[int] = []
    failed: list[Failed] = []
    places = Places(path.parent, folder)
    records, notes = _records(path, places, refuse)
    unknown: dict[str, None] = {}
    cut: list[str] = []
    for line, record in records:
        unknown |= dict.fromkeys(name for name in record if name not in (*FIELDS, "end"))
        try:
            clip = _entry(record, path, line, places, cut)
        except BadFolder as error:
            refuse(error)
            continue
        if isinstance(clip, Failed):
            failed.append(clip)
        else:
            entries.append(clip)
            lines.append(line)
    if not entries:
        why = first_of(failed) if failed else "it lists no clips"
        raise BadFolder(f"{path} lists no clip that can be used: {why}.")
    try:
        check_lines(path, entries, lines)
        check_spelling(path, entries)
    except BadFolder as error:
        refuse(error)
    if unknown:
        notes = (*notes, f"{path.name}: fields that are not used: {', '.join(map(quoted, unknown))}.")
    if cut:
        notes = (*notes, f"{path.name}: {len(cut)} clips end after the end of their files, which ends them ({cut[0]}).")
    return Scan(tuple(entries), tuple(failed), notes)


def write(path: Path | str, entries: Sequence[Entry]) -> None:
    """Write a manifest, whole or not at all.

    - ``path``: CSV if it ends in ``.csv``, else one JSON object a line.
    - ``entries``: the clips. Files below the manifest's folder are named relative to it.
    """
    path = Path(path)
    records = [_record(entry, path.parent) for entry in entries]
    if path.suffix.lower() == ".csv":
        table = io.StringIO(newline="")
        has_returns = any("\r" in value for record in records for value in record.values() if isinstance(value, str))
        # QUOTE_MINIMAL leaves some carriage returns unquoted.
        quoting: Literal[0, 1] = csv.QUOTE_ALL if has_returns else csv.QUOTE_MINIMAL
        writer = csv.DictWriter(table, FIELDS, lineterminator="\n", quoting=quoting)
        writer.writeheader()
        writer.writerows(records)
        content = table.getvalue()
    else:
        known = ({name: value for name, value in record.items() if value is not None} for record in records)
        content = "".join(map(line_of, known))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.encode())


def _record(entry: Entry, folder: Path) -> Record:
    audio, root = entry.path.absolute(), folder.absolute()
    return {
        "audio_filepath": (audio.relative_to(root) if audio.is_relative_to(root) else audio).as_posix(),
        "offset": entry.offset_seconds,
        "duration": entry.seconds,
        "label": entry.label,
        "text": entry.text,
        "speaker": entry.speaker,
        "group": entry.group,
        "split": entry.split,
        "pitch": entry.pitch,
        "language": entry.language,
        "labels": LABEL_SEPARATOR.join(entry.all_labels) if entry.more_labels else None,
    }


def _records(
    path: Path, places: Places, refuse: Callable[[BadFolder], None]
) -> tuple[Iterable[tuple[int, Record]], tuple[str, ...]]:
    """Return the line number and the fields of every clip in the manifest, and notes on how it is read."""
    if not path.is_file():
        raise BadFolder(f"The manifest {path} does not exist; give a .csv or .jsonl file.")
    if path.suffix.lower() not in SUFFIXES:
        raise BadFolder(f"The manifest {path} ends in {path.suffix!r}; it must be a .csv or .jsonl file.")
    try:
        content, encoding = decoded(path.read_bytes())
    except UnicodeDecodeError as error:
        raise BadFolder(f"{path} is no text (byte {error.start}); save it as UTF-8.") from error
    by_encoding = note_on(path.name, encoding)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        records, by_name = _named_records(_json_records(path, content, refuse))
        return records, (
            *(f"{path.name} is read by the names of its fields, {each}." for each in by_name),
            *by_encoding,
        )
    table = read_table(path, content, places.has, refuse)
    if table is None:
        if not content.strip():
            raise BadFolder(f"{path} lists no clips; write one recording a line.")
        raise BadFolder(
            f"{path}, line 1: no column is named audio_filepath; the first line must name the columns "
            f"({', '.join(FIELDS)})."
        )
    return (_table_record(table, line, cells) for line, cells in table.rows), (
        *filter(None, [table.note]),
        *by_encoding,
    )


def _named_records(records: Iterable[tuple[int, Record]]) -> tuple[list[tuple[int, Record]], list[str]]:
    """Return records of JSON with their fields for the names of other programs, and what was read as what."""
    named, fields = [], dict[str, str]()
    for line, record in records:
        of_record = {name: field or name for name, field in zip(record, fields_of(tuple(record)), strict=True)}
        fields |= {name: field for name, field in of_record.items() if field != name}
        named.append((line, _with_split({of_record[name]: value for name, value in record.items()})))
    return named, [shown_fields(tuple(fields), tuple(fields.values()))] if fields else []


def facts_of(entry: Entry) -> Record:
    """Return the known fields of a clip but for its file and its times."""
    record = _record(entry, entry.path.parent)
    left_out = ("audio_filepath", "offset", "duration")
    return {name: value for name, value in record.items() if value is not None and name not in left_out}


def is_metadata(path: Path, folder: Path | None = None) -> bool:
    """Return True if a file is a table that names sound files of its folder, or below another one."""
    try:
        if not path.is_file():
            return False
        content, _ = decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError):
        return False
    lines = [line for line in lines_of(content) if line.strip()]
    is_sound = Places(path.parent, folder).has
    if lines and path.suffix.lower() not in TABLE_SUFFIXES:
        with suppress(BadFolder):
            records, _ = _named_records(islice(_json_records(path, content, lambda _: None), 1))
            return any(is_sound(str(record.get("audio_filepath", ""))) for _, record in records)
        return False
    if not lines or any(header_of(lines, delimiter, is_sound) for delimiter in DELIMITERS):
        return bool(lines)
    return "|" in lines[0] or any(
        is_sound(line.split(delimiter)[0].strip().strip('"'))
        for line in lines[:50]
        for delimiter in DELIMITERS
        if delimiter in lines[0]
    )


class Places:
    """Where the files are that a manifest names: beside it, else in or anywhere below another folder."""

    def __init__(self, beside: Path, folder: Path | None = None) -> None:
        self._roots = [beside] if folder is None else [beside, folder]
        self._folder = folder

    @cached_property
    def _below(self) -> dict[str, list[Path]]:
        """The sound files below the other folder by their names, with and without ending."""
        files: dict[str, list[Path]] = {}
        for path in files_below(self._folder, SOUND_SUFFIXES) if self._folder is not None else ():
            if isinstance(path, Path):
                for name in {path.name, path.stem}:
                    files.setdefault(str(_composed(name)), []).append(path)
        return files

    def find(self, name: str, is_exact: bool = False) -> list[Path]:
        """Return the files that a name may mean, the first place that has some; ``is_exact``: endings are given.

        A table that was written on Windows has backslashes between folders, which elsewhere may be part of a name, and
        names from a Mac may have their accents encoded as letters of their own.
        """
        names = dict.fromkeys((name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))))
        endings, folders = (("",), ("",)) if is_exact else (("", *SOUND_SUFFIXES), SOUND_FOLDERS)
        for root in self._roots:
            found = (root / f"{folder}{each}{ending}" for each in names for ending in endings for folder in folders)
            if (path := next(filter(_is_file, found), None)) is not None:
                return [path]
        if "\\" in name:
            return self.find(name.replace("\\", "/"), is_exact)
        parts = _composed(name).parts
        below = self._below.get(parts[-1], []) if parts else []
        return [path for path in below if _composed(path).parts[-len(parts) : -1] == parts[:-1]]

    def has(self, name: str) -> bool:
        """Return whether a name means a sound file."""
        return bool(name) and bool(self.find(name))


def _composed(path: Path | str) -> Path:
    """Return a path with accents that are parts of their letters."""
    return Path(unicodedata.normalize("NFC", str(path)))


def _table_record(table: Table, line: int, cells: tuple[str, ...]) -> tuple[int, Record]:
    """Return the fields of a row; text in full counts instead of the text, and split may have another word for it."""
    record: Record = {field: cell for field, cell in zip(table.columns, cells, strict=True) if field and cell}
    text = record.pop("text_in_full", None)
    if text is not None:
        record["text"] = text
    return line, _with_split(record)


def _with_split(record: Record) -> Record:
    """Return a record whose split may be another word for one of Split."""
    split = record.get("split")
    return record | {"split": SPLITS.get(split.casefold(), split)} if isinstance(split, str) else record


def check_lines(path: Path, entries: Sequence[Entry], lines: Sequence[int]) -> None:
    """Raise BadFolder if two lines say different things of one clip."""
    known: dict[tuple[str, float, int], int] = {}
    for index, entry in enumerate(entries):
        first = known.setdefault((os.path.normpath(entry.path), entry.offset_seconds, entry.n_frames), index)
        before, now = _facts(entries[first]), _facts(entry)
        for name in before:
            if before[name] == now[name]:
                continue
            several = "; a clip with several labels has them all in one line, as labels" if name == "label" else ""
            raise BadFolder(
                f"{path}: the lines {lines[first]} and {lines[index]} contradict each other about {entry.path.name} "
                f"({name} {quoted(str(before[name]))} and {quoted(str(now[name]))}); keep one of them{several}."
            )


def _facts(entry: Entry) -> dict[str, object]:
    """Return what a manifest says of a clip."""
    names = ("text", "speaker", "split", "pitch", "language")
    return {"label": LABEL_SEPARATOR.join(entry.all_labels), **{name: getattr(entry, name) for name in names}}


def check_spelling(source: Path, entries: Sequence[Entry]) -> None:
    """Raise BadFolder for labels, or speakers, that differ in case or in how accents are encoded alone."""
    names = {
        "labels": dict.fromkeys(label for entry in entries for label in entry.all_labels),
        "speakers": dict.fromkeys(entry.speaker for entry in entries if entry.speaker),
    }
    for kind, spellings in names.items():
        known: dict[str, str] = {}
        for name in spellings:
            other = known.setdefault(unicodedata.normalize("NFKC", name).casefold().strip(), name)
            if other != name:
                raise BadFolder(
                    f"{source} has the {kind} {quoted(other)} and {quoted(name)}, which differ in their spelling "
                    "alone; rename one, or merge them."
                )


def _is_file(path: Path) -> bool:
    """Return True if the file exists; False also for names that are too long for the system."""
    try:
        return path.is_file()
    except OSError:
        return False


def _json_records(path: Path, text: str, refuse: Callable[[BadFolder], None]) -> Iterator[tuple[int, Record]]:
    for line, record in table_records(path, text, EXAMPLE):
        if isinstance(record, str):
            refuse(BadFolder(f"{path}, line {line}: this {record}."))
            continue
        yield line, {name: value for name, value in record.items() if value is not None}


def _entry(record: Record, manifest: Path, line: int, places: Places, cut: list[str]) -> Entry | Failed:
    """Return the entry of a record, or why its file cannot be used; raise BadFolder for an invalid field.

    A name is added to ``cut`` if the file ends before the clip.
    """
    where = f"{manifest}, line {line}"
    file_name = record.get("audio_filepath")
    if not isinstance(file_name, str) or not file_name:
        raise BadFolder(f"{where}: audio_filepath is missing or no text; name the sound file.")
    is_table = manifest.suffix.lower() in TABLE_SUFFIXES
    offset_seconds = _number(record, "offset", where, "of seconds, 0 or more") or 0.0
    duration_seconds = _number(record, "duration", where, "of seconds, 0 or more")
    if (end := _number(record, "end", where, "of seconds, 0 or more")) is not None:
        duration_seconds = max(0.0, end - offset_seconds)
    pitch = _number(record, "pitch", where, "of MIDI, 0 to 127 (60 is middle C)", 127.0)
    split = record.get("split")
    if split is not None and split not in get_args(Split):
        raise BadFolder(f"{where}: split is {split!r}; it must be train, valid or test.")
    speaker = _name(record, "speaker", where)
    labels = _labels(record, where)
    found = places.find(file_name, is_exact=not is_table)
    if len(found) > 1:
        shown = " and ".join(str(path) for path in found[:2])
        return Failed(found[0], f"{where}: {file_name} may be {shown}; write the folder before its name.")
    is_bare = is_table and not file_name.lower().endswith(SOUND_SUFFIXES)
    path = found[0] if found else manifest.parent / (f"wavs/{file_name}.wav" if is_bare else file_name)
    try:
        file_frames, sample_rate, channels = read_length(path)
    except (BadAudio, MissingExtra) as error:
        return Failed(path, str(error))
    file_seconds = file_frames / sample_rate
    n_frames = file_frames - round(min(offset_seconds, file_seconds) * sample_rate)
    if duration_seconds is not None:
        is_cut = offset_seconds + duration_seconds > file_seconds + ROUNDED_SECONDS
        cut += [f"{file_name}, line {line}"] * is_cut
        n_frames = min(n_frames, round(min(duration_seconds, file_seconds) * sample_rate))
    if n_frames <= 0:
        return Failed(path, f"{where}: offset and duration leave nothing of the {file_seconds:g} s of {path}.")
    return Entry(
        path=path,
        label=labels[0] if labels else None,
        group=_text(record, "group", where) or speaker,
        seconds=n_frames / sample_rate,
        sample_rate=sample_rate,
        channels=channels,
        n_frames=n_frames,
        split=cast("Split | None", split),
        offset_seconds=offset_seconds,
        text=_text(record, "text", where),
        speaker=speaker,
        pitch=pitch,
        language=_text(record, "language", where),
        more_labels=labels[1:],
    )


def _labels(record: Record, where: str) -> tuple[str, ...]:
    """Return the labels of a record, each once; raise BadFolder for an invalid name."""
    listed = record.get("labels")
    names = listed.split(LABEL_SEPARATOR) if isinstance(listed, str) else listed if isinstance(listed, list) else []
    if listed is not None and not isinstance(listed, str | list):
        raise BadFolder(f"{where}: labels is {listed!r}; it must be a list of names, or names between | signs.")
    several = [_name({"labels": name}, "labels", where) for name in names]
    single = _name(record, "label", where)
    return tuple(dict.fromkeys(name for name in (single, *several) if name))


def _number(record: Record, name: str, where: str, allowed: str, largest: float = math.inf) -> float | None:
    """Return a numeric field, None if it is missing; raise BadFolder for an invalid number."""
    value = record.get(name)
    if value is None:
        return None
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and 0 <= number <= largest):
        raise BadFolder(f"{where}: {name} is {value!r}; it must be a number {allowed}.")
    return number


def _text(record: Record, name: str, where: str) -> str | None:
    """Return a text field, None if it is missing or empty; raise BadFolder for an invalid text."""
    value = record.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, (dict, list)):
            raise TypeError
        str(value).encode("utf-8")  # JSON can contain lone surrogates
    except (TypeError, UnicodeEncodeError) as error:
        raise BadFolder(f"{where}: {name} is {value!r}; it must be text.") from error
    return str(value)


def _name(record: Record, field: str, where: str) -> str | None:
    """Return a field that names a label or a speaker, None for an empty one; raise BadFolder for an invalid name."""
    name = _text(record, field, where)
    problem = name_problem(name) if name else None
    if name and problem is not None:
        raise BadFolder(f"{where}: {field} is {quoted(name)}, which {problem}; rename it.")
    return name
