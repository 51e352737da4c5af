"""Tables of recordings as people write them: encodings, delimiters, names of columns, and lines without them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..base.errors import BadFolder
from ..base.names import name_problem
from ..base.tables import csv_rows, lines_of

DELIMITERS = {"|": "|", "\t": "tabs", ";": "semicolons", ",": "commas"}
"""Delimiters in the order in which they are tried, and their names."""

CUT_FILE = "slice_file_name"
"""Name of the column of files that are cut already (UrbanSound8K): its times are places in another file."""

SYNONYMS = {
    "audio_filepath": (
        "audio_filepath",
        "file_name",
        "filename",
        "fname",
        CUT_FILE,
        "file",
        "path",
        "filepath",
        "file_path",
        "audio_file",
        "audio_filename",
        "audio_path",
        "audio",
        "wav",
        "wav_path",
        "wav_filename",
        "clip",
        "id",
        "name",
    ),
    "text": (
        "text",
        "normalized_text",
        "normalised_text",
        "transcription",
        "transcript",
        "sentence",
        "raw_text",
    ),
    "speaker": ("speaker", "speaker_name", "speaker_id", "client_id", "spk", "spk_id"),
    "label": (
        "label",
        "class",
        "category",
        "command",
        "class_name",
        "class_label",
        "event_label",
        "scene_label",
    ),
    "labels": ("labels", "event_labels"),
    "group": ("group", "group_id", "src_file", "source_file", "fsid"),
    "offset": ("onset", "offset", "start", "start_time", "start_seconds", "onset_time", "begin", "begin_time"),
    "end": ("end", "end_time", "end_seconds", "offset_time", "stop", "offset"),
    "duration": ("duration", "duration_seconds"),
    "pitch": ("pitch", "midi_pitch", "midi_note"),
    "language": ("language", "lang", "locale"),
    "split": ("split", "subset"),
}
"""Fields, and the names that columns have in the tables of other programs, the best first. Beside an onset, as in
tables of events, ``offset`` is the end."""

LABEL_SEPARATORS = {"|": "|", ";": "semicolons", ",": "commas"}
"""Signs between several labels of a clip in the order in which they are tried, and their names."""

MAX_SPEAKER_WORDS = 3
SAME_WORDS = 0.25
"""Mean fraction of common words above which two columns are a text and the same text in full."""

_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_FRACTION = re.compile(r"[+-]?\d*[.,]\d+")


@dataclass(frozen=True)
class Table:
    """A table without its first line of names.

    - ``columns``: field of each column, ``"text_in_full"`` for a second column of text, empty for one that is not used.
    - ``rows``: line number and cells of each row.
    - ``note``: what was read as what.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    note: str


def header_of(
    lines: Sequence[str], delimiter: str, is_sound: Callable[[str], bool]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the names in a first line of names and the field of each, empty for an unknown one; None without such.

    Of several names of a field the best of SYNONYMS counts. A file is found by its name, or by what is below it.
    """
    if delimiter not in lines[0] and delimiter != ",":
        return None
    names = tuple(_cells(lines[0], delimiter))
    fields = list(fields_of(names))
    is_certain = "audio_filepath" in map(_plain, names) or (
        "audio_filepath" in fields and any(field != "audio_filepath" and field for field in fields)
    )
    if not is_certain and any(fields) and not any(map(is_sound, names)):
        below = [_cells(line, delimiter) for line in lines[1:50]]
        n_sounds = [
            sum(place < len(cells) and is_sound(cells[place]) for cells in below) for place in range(len(names))
        ]
        if any(n_sounds):
            fields = [field if field != "audio_filepath" else "" for field in fields]
            fields[n_sounds.index(max(n_sounds))] = "audio_filepath"
            is_certain = True
    return (names, tuple(fields)) if is_certain else None


@lru_cache
def fields_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the field of SYNONYMS that each name of a column stands for, empty for an unknown one."""
    plain = [*map(_plain, names)]
    fields = [""] * len(names)
    for field, synonyms in SYNONYMS.items():
        place = next((plain.index(each) for each in synonyms if each in plain and not fields[plain.index(each)]), None)
        if place is not None:
            fields[place] = field
    return tuple("" if CUT_FILE in plain and each in ("offset", "end", "duration") else each for each in fields)


def _plain(name: str) -> str:
    return name.casefold().lstrip("# ").replace(" ", "_")


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line, without quotes around them."""
    if delimiter not in "|\t":
        with suppress(csv.Error):
            return next((cells for _, cells in csv_rows(line, delimiter)), [])
    return [cell.strip().strip('"') for cell in line.split(delimiter)]


def refused(error: BadFolder) -> None:
    """Raise the error about a line of a manifest."""
    raise error


def read_table(
    path: Path, text: str, is_sound: Callable[[str], bool], refuse: Callable[[BadFolder], None] = refused
) -> Table | None:
    """Read a table; None if its first lines name no sound file.

    - ``path``: the table, for messages.
    - ``text``: its contents.
    - ``is_sound``: returns whether a cell names a sound file.
    - ``refuse``: called with the error about a line with another number of columns; the line is left out if it returns.

    Raises BadFolder if lines have different numbers of columns, two columns have one name, or it is uncertain what a
    column without a name is.
    """
    lines = [(number, line) for number, line in enumerate(lines_of(text), start=1) if line.strip()]
    if not lines:
        return None
    for delimiter in DELIMITERS:
        header = header_of([line for _, line in lines], delimiter, is_sound)
        if header is not None:
            return _named_table(path, _split_rows(path, text, lines, delimiter)[1:], delimiter, *header, refuse)
    found = _delimiter([line for _, line in lines], is_sound)
    if found is None:
        return None
    rows = _rows(path, lines, found, refuse)
    columns = _columns(path, [cells for _, cells in rows])
    shown = "|".join(column.replace("text_in_full", "text in full") for column in ("name", *columns[1:]))
    separated = "" if found == "|" else f", separated by {DELIMITERS[found]}"
    return Table(columns, rows, f"{path.name} is read as {shown}{separated}.")


def _named_table(
    path: Path,
    rows: Sequence[tuple[int, tuple[str, ...]]],
    delimiter: str,
    names: tuple[str, ...],
    fields: tuple[str, ...],
    refuse: Callable[[BadFolder], None],
) -> Table:
    """Return a table with a first line of names; raise BadFolder if a name or the number of cells is not clear."""
    used = [name.casefold() for name, field in zip(names, fields, strict=True) if field]
    doubled = sorted(name for name in {*used} if [each.casefold() for each in names].count(name) > 1)
    if doubled:
        raise BadFolder(f"{path}, line 1: two columns are named {doubled[0]}; remove one of them, or rename it.")
    may_join = len(fields) == 2 and fields[1] == "text"  # commas without quotes around them belong to the text
    if may_join:
        rows = [(number, (cells[0], f"{delimiter} ".join(cells[1:]))) for number, cells in rows]
    separator = DELIMITERS[delimiter]
    for number, cells in rows:
        if len(cells) > len(fields):
            why = f"there are more values than columns; put values with {separator} in quotes"
            refuse(BadFolder(f"{path}, line {number}: {why}."))
    rows = [(n, cells + ("",) * (len(fields) - len(cells))) for n, cells in rows if len(cells) <= len(fields)]
    shown = shown_fields(names, fields)
    unused = ", ".join(name or "one without a name" for name, field in zip(names, fields, strict=True) if not field)
    note = f"{path.name} is read by the names of its columns, {shown}"
    note += "" if delimiter == "," else f", separated by {separator}"
    if "labels" in fields:
        place = fields.index("labels")
        sign = next((sign for sign in LABEL_SEPARATORS if any(sign in cells[place] for _, cells in rows)), "|")
        note += "" if sign == "|" else f"; labels are separated by {LABEL_SEPARATORS[sign]}"
        rows = [(n, (*c[:place], "|".join(map(str.strip, c[place].split(sign))), *c[place + 1 :])) for n, c in rows]
    if "fold" in names:
        unused += " (to keep a fold out, add a column split: test for its lines, train for the others)"
    is_plain = delimiter == "," and not unused and names == fields
    return Table(fields, tuple(rows), "" if is_plain else f"{note}{f'; not used: {unused}' if unused else ''}.")


def shown_fields(names: Sequence[str], fields: Sequence[str]) -> str:
    """Return the used columns for a note: their names, and what they are read as if that is another."""
    pairs = [(name, field) for name, field in zip(names, fields, strict=True) if field]
    return ", ".join(name if name.casefold() == field else f"{name} as {field}" for name, field in pairs)


def _split_rows(
    path: Path, text: str, lines: Sequence[tuple[int, str]], delimiter: str
) -> list[tuple[int, tuple[str, ...]]]:
    """Return the line number and the cells of each row.

    Where | or tabs separate cells, quotes belong to the text, unless the first line has them, or those within are
    doubled.
    """
    if delimiter in "|\t":
        rows = [(number, [cell.strip() for cell in line.split(delimiter)]) for number, line in lines]
        is_quoted = all(map(_QUOTED.fullmatch, rows[0][1]))
        return [(number, tuple(_unquoted(cell, is_quoted) for cell in cells)) for number, cells in rows]
    try:
        return [(line, tuple(cells)) for line, cells in csv_rows(text, delimiter)]
    except csv.Error as error:
        raise BadFolder(f"{path}, {error}.") from error


def _unquoted(cell: str, is_quoted: bool) -> str:
    quoted = _QUOTED.fullmatch(cell)
    return quoted[1].replace('""', '"') if quoted and (is_quoted or '""' in quoted[1]) else cell


def _delimiter(lines: Sequence[str], is_sound: Callable[[str], bool]) -> str | None:
    """Return the delimiter before which most of the first lines name a sound file, None without any."""
    first = lines[:50]
    counts = {
        delimiter: sum(delimiter in line and is_sound(line.split(delimiter)[0].strip().strip('"')) for line in first)
        for delimiter in DELIMITERS
    }
    best = max(counts, key=lambda delimiter: counts[delimiter])
    if counts[best]:
        return best
    return "|" if all("|" in line for line in first) else None  # the sounds may be missing


def _rows(
    path: Path, lines: Sequence[tuple[int, str]], delimiter: str, refuse: Callable[[BadFolder], None]
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the cells of lines without names; raise BadFolder for lines with another number of them.

    Commas without quotes around them may belong to the text where lines have different numbers of them: then the first
    one alone separates.
    """
    rows = [(number, _split_rows(path, line, [(number, line)], delimiter)[0][1]) for number, line in lines]
    if delimiter in ",;" and len({len(cells) for _, cells in rows}) > 1:
        rows = [(number, (cells[0], f"{delimiter} ".join(cells[1:]))) for number, cells in rows]
    counts = Counter(len(cells) for _, cells in rows)
    usual = 3 if counts.keys() == {2, 3} else counts.most_common(1)[0][0]
    wanted: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in rows:
        if len(cells) in (usual, 2 if usual == 3 else usual) and cells[0]:
            wanted.append((number, cells + ("",) * (usual - len(cells))))
            continue
        refuse(
            BadFolder(
                f"{path}, line {number}: this is not name|text, name|text|text in full or name|text|speaker, as other "
                "lines are; write one recording a line, with as many columns each, or name the columns in the first "
                "line (audio_filepath|text|speaker)."
            )
        )
    return tuple(wanted)


def _columns(path: Path, rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what the columns of a table without names are; raise BadFolder where that is not certain."""
    n_columns = len(rows[0])
    example = "|".join(rows[0])[:60]
    if n_columns == 2:
        cells = [row[1] for row in rows]
        if _are_numbers(cells) or _are_repeated_names(cells):
            raise BadFolder(
                f"{path}: the second column may be a text, a label, a speaker or a number ({example}); name the "
                "columns in the first line, such as audio_filepath|label."
            )
        return ("audio_filepath", "text")
    if n_columns != 3:
        raise BadFolder(
            f"{path}, line 1: this is not name|text, with {n_columns} columns; name the columns in the first line, "
            "such as audio_filepath|text|speaker|language."
        )
    second, third = ([row[index] for row in rows] for index in (1, 2))
    if not any(third) or _common_words(second, third) >= SAME_WORDS:
        return ("audio_filepath", "text", "text_in_full")
    by_second, by_third = _are_repeated_names(second), _are_repeated_names(third) and not _are_numbers(third)
    if by_third and not by_second:
        return ("audio_filepath", "text", "speaker")
    if by_second and not by_third:
        return ("audio_filepath", "speaker", "text")
    if _are_numbers(third):
        what = "the third column may be speakers, seconds or another number"
    elif _are_names(second) or _are_names(third):
        what = "the columns may be name|text|speaker or name|speaker|text"
    else:
        what = "the second and third column have few words in common, and one may be phones or a translation"
    raise BadFolder(f"{path}: {what} ({example}); name them in the first line, such as audio_filepath|text|speaker.")


def _common_words(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the mean fraction of the words of a text that are in the other text of its row, too."""
    fractions = []
    for one, other in zip(first, second, strict=True):
        words, others = ({*_WORD.findall(text.casefold())} for text in (one, other))
        if words and others:
            fractions.append(len(words & others) / min(len(words), len(others)))
    return sum(fractions) / len(fractions) if fractions else 1.0


def _are_names(cells: Sequence[str]) -> bool:
    """Return whether all cells may name a speaker."""
    return all(cell and len(cell.split()) <= MAX_SPEAKER_WORDS and name_problem(cell) is None for cell in cells)


def _are_repeated_names(cells: Sequence[str]) -> bool:
    """Return whether cells may name a speaker or label each: short, whole, and each twice on average."""
    return _are_names(cells) and 2 * len({*cells}) <= len(cells) and not any(map(_FRACTION.fullmatch, cells))


def _are_numbers(cells: Sequence[str]) -> bool:
    """Return whether all cells are numbers."""
    return all(_FRACTION.fullmatch(cell) or cell.isdecimal() for cell in cells)
