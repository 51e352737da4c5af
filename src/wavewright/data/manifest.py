"""Read and write manifests: JSON lines or CSV with NeMo's field names."""

from __future__ import annotations

import csv
import io
import math
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, cast, get_args

from ..base.errors import BadAudio, BadFolder, MissingExtra
from ..base.json_text import line_of, parse
from ..base.names import name_problem, quoted
from ..base.whole_file import write_whole
from .entry import SUFFIXES as SOUND_SUFFIXES
from .entry import Entry, Problem, Scan, Split, first_problem, read_length
from .tables import DELIMITERS, Table, decoded, named_columns, read_table

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
"""The fields that are written. When reading, ``command`` is a synonym of ``label``, a missing ``group`` is the
``speaker``, and fields of other names are ignored. ``labels`` are those of a clip with several: a list, or names
between ``|`` signs."""

TABLE_SUFFIXES = (".csv", ".tsv")
SUFFIXES = (*TABLE_SUFFIXES, ".jsonl", ".json")
"""File name endings of manifests."""

LABEL_SEPARATOR = "|"

Record = dict[str, object]
"""The fields of one clip by name."""


def read(path: Path | str) -> Scan:
    """Read a manifest and the header of each file that it names.

    A clip starts at ``offset`` seconds and lasts ``duration`` seconds, at most to the end of the file. Files that
    cannot be used are listed in ``problems``.

    - ``path``: ``.jsonl`` or ``.json`` with one object a line, or a table, ``.csv`` or ``.tsv``. A table without NeMo's
      names of columns is read as :mod:`.tables` says, such as ``name|text`` of LJSpeech: the clips are in ``wavs`` or
      beside it. File names are relative to the manifest's folder.

    Raises BadFolder if a field is invalid (the message has the line), two lines contradict each other, or no clip can
    be used.
    """
    path = Path(path)
    entries: list[Entry] = []
    lines: list[int] = []
    problems: list[Problem] = []
    records, notes = _records(path)
    for line, record in records:
        clip = _entry(record, path, line)
        if isinstance(clip, Problem):
            problems.append(clip)
        else:
            entries.append(clip)
            lines.append(line)
    if not entries:
        why = first_problem(problems) if problems else "it lists no clips"
        raise BadFolder(f"{path} lists no clip that can be used: {why}.")
    check_lines(path, entries, lines)
    check_spelling(path, entries)
    return Scan(tuple(entries), tuple(problems), notes)


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


def _records(path: Path) -> tuple[Iterable[tuple[int, Record]], tuple[str, ...]]:
    """Return the line number and the fields of every clip in the manifest, and notes on how it is read."""
    if not path.is_file():
        raise BadFolder(f"The manifest {path} does not exist; give a .csv or .jsonl file.")
    if path.suffix.lower() not in SUFFIXES:
        raise BadFolder(f"The manifest {path} ends in {path.suffix!r}; it must be a .csv or .jsonl file.")
    if path.suffix.lower() in TABLE_SUFFIXES:
        return _table_records(path)
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFolder(f"The manifest {path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    return _json_records(path, _with_one_line_end(content).split("\n")), ()


def _with_one_line_end(content: str) -> str:
    """Return a text whose lines end in a newline; splitlines would also divide at U+2028, which may be in a name."""
    return content.replace("\r\n", "\n").replace("\r", "\n")


def _table_records(path: Path) -> tuple[Iterable[tuple[int, Record]], tuple[str, ...]]:
    """Return the records of a table, and what was read as what if the table does not say so itself."""
    content, encoding = decoded(path)
    first = next((line for line in content.splitlines() if line.strip()), "")
    note = f"{path.name} is not UTF-8 and is read as {encoding}; save it as UTF-8 if letters are wrong."
    by_encoding = (note,) if encoding else ()
    if "audio_filepath" in [name.strip().strip('"') for name in first.split(",")]:
        return _csv_records(path, content.lstrip("\r\n")), by_encoding
    table = read_table(path, _with_one_line_end(content), partial(_names_sound, path.parent))
    if table is None:
        return _csv_records(path, content), by_encoding  # which says what is missing
    return (_table_record(path, table, line, cells) for line, cells in table.rows), (f"{table.note}.", *by_encoding)


def is_metadata(path: Path) -> bool:
    """Return True if a file is a table that names sound files of its folder."""
    try:
        if not path.is_file():
            return False
        content, _ = decoded(path)
    except (OSError, BadFolder):
        return False
    first = next((line for line in content.splitlines() if line.strip()), "")
    if any(named_columns(first, delimiter) for delimiter in DELIMITERS):
        return True
    delimiters = [delimiter for delimiter in DELIMITERS if delimiter in first]
    lines = [line for line in _with_one_line_end(content).split("\n") if line.strip()]
    return "|" in first or any(
        _names_sound(path.parent, line.split(delimiter)[0].strip().strip('"'))
        for line in lines[:50]
        for delimiter in delimiters
    )


def _names_sound(folder: Path, name: str) -> bool:
    """Return whether a cell of a table names a sound file of its folder."""
    return bool(name) and _is_file(folder / _file_of(folder, name))


def _table_record(path: Path, table: Table, line: int, cells: tuple[str, ...]) -> tuple[int, Record]:
    record: Record = {field: cell for field, cell in zip(table.columns, cells, strict=True) if field and cell}
    text = record.pop("text_in_full", None)
    if text is not None:
        record["text"] = text
    return line, record | {"audio_filepath": _file_of(path.parent, str(record["audio_filepath"]))}


def _file_of(folder: Path, name: str) -> str:
    """Return the file of a name with or without ending, relative to the folder; by default ``wavs/<name>.wav``."""
    endings = ("", *SOUND_SUFFIXES)
    candidates = [f"{subfolder}{name}{ending}" for ending in endings for subfolder in ("wavs/", "wav/", "")]
    missing = name if name.lower().endswith(endings[1:]) else f"wavs/{name}.wav"
    return next((file for file in candidates if _is_file(folder / file)), missing)


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


def _csv_records(path: Path, content: str) -> Iterator[tuple[int, Record]]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        if reader.fieldnames is None or "audio_filepath" not in reader.fieldnames:
            raise BadFolder(
                f"{path}, line 1: no column is named audio_filepath; the first line must name the columns "
                f"({', '.join(FIELDS)})."
            )
        if doubled := sorted(
            name for name, count in Counter(reader.fieldnames).items() if name in FIELDS and count > 1
        ):
            raise BadFolder(f"{path}, line 1: two columns are named {doubled[0]}; remove one of them, or rename it.")
        for record in reader:
            if None in record:
                raise BadFolder(
                    f"{path}, line {reader.line_num}: there are more values than columns; put values with commas in "
                    "quotes."
                )
            yield reader.line_num, {name: value for name, value in record.items() if value not in (None, "")}
    except csv.Error as error:
        raise BadFolder(
            f"{path}, line {max(1, reader.line_num)}: this is not CSV ({error}); check the quotes."
        ) from error


def _json_records(path: Path, lines: Sequence[str]) -> Iterator[tuple[int, Record]]:
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            record = parse(text)
        except ValueError as error:
            raise BadFolder(f"{path}, line {line}: this is not JSON ({error}); write one object a line.") from error
        if not isinstance(record, dict):
            raise BadFolder(
                f"{path}, line {line}: this is no JSON object; write one object a line, with audio_filepath and label."
            )
        yield line, {name: value for name, value in record.items() if value is not None}


def _entry(record: Record, manifest: Path, line: int) -> Entry | Problem:
    """Return the entry of a record, or why its file cannot be used; raise BadFolder for an invalid field."""
    where = f"{manifest}, line {line}"
    file_name = record.get("audio_filepath")
    if not isinstance(file_name, str) or not file_name:
        raise BadFolder(f"{where}: audio_filepath is missing or no text; name the sound file.")
    offset_seconds = _number(record, "offset", where, "of seconds, 0 or more") or 0.0
    duration_seconds = _number(record, "duration", where, "of seconds, 0 or more")
    pitch = _number(record, "pitch", where, "of MIDI, 0 to 127 (60 is middle C)", 127.0)
    split = record.get("split")
    if split is not None and split not in get_args(Split):
        raise BadFolder(f"{where}: split is {split!r}; it must be train, valid or test.")
    speaker = _name(record, "speaker", where)
    labels = _labels(record, where)
    path = manifest.parent / file_name
    try:
        file_frames, sample_rate, channels = read_length(path)
    except (BadAudio, MissingExtra) as error:
        return Problem(path, str(error))
    file_seconds = file_frames / sample_rate
    n_frames = file_frames - round(min(offset_seconds, file_seconds) * sample_rate)
    if duration_seconds is not None:
        n_frames = min(n_frames, round(min(duration_seconds, file_seconds) * sample_rate))
    if n_frames <= 0:
        return Problem(path, f"{where}: offset and duration leave nothing of the {file_seconds:g} s of {path}.")
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
    single = _name(record, "label", where) or _name(record, "command", where)
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
