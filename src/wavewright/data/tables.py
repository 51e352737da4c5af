"""Tables of recordings as people write them: encodings, delimiters, names of columns, and lines without them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import BadFolder
from ..base.names import name_problem

DELIMITERS = {"|": "|", "\t": "tabs", ";": "semicolons", ",": "commas"}
"""Delimiters in the order in which they are tried, and their names."""

SYNONYMS = {
    "audio_filepath": (
        "audio_filepath",
        "file_name",
        "filename",
        "file",
        "path",
        "filepath",
        "file_path",
        "audio_file",
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
    "speaker": ("speaker", "speaker_name", "speaker_id", "client_id"),
    "label": ("label", "class", "category", "command", "class_name"),
    "duration": ("duration",),
    "language": ("language", "lang", "locale"),
    "split": ("split", "subset"),
}
"""Fields, and the names that columns have in the tables of other programs, the best first."""

MAX_SPEAKER_WORDS = 3
SAME_WORDS = 0.25
"""Mean fraction of common words above which two columns are a text and the same text in full."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Table:
    """A table without its first line of names.

    - ``columns``: field of each column, ``"text_in_full"`` for a second column of text, empty for one that is ignored.
    - ``rows``: line number and cells of each row.
    - ``note``: what was read as what.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    note: str


def decoded(path: Path) -> tuple[str, str]:
    """Return the text of a table, and a name of its encoding if that is not UTF-8, else an empty text.

    Without a byte order mark, what is not UTF-8 is taken for Windows-1252, of which Latin-1 is a part.

    Raises BadFolder if the file is no text.
    """
    contents = path.read_bytes()
    if contents.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return contents.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError as error:
            raise BadFolder(f"{path} is not UTF-16 text (byte {error.start}); save it as UTF-8.") from error
    try:
        return contents.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        if b"\0" in contents:
            raise BadFolder(f"{path} is no text (byte {error.start}); save it as UTF-8.") from error
        return contents.decode("cp1252", "replace"), "Windows-1252"


def named_columns(line: str, delimiter: str) -> tuple[str, ...] | None:
    """Return the fields of a first line of names, an empty text for each other name; None if it names no sound file.

    Of several names of a field the best of SYNONYMS counts.
    """
    names = [cell.strip().strip('"').casefold().replace(" ", "_") for cell in line.split(delimiter)]
    fields = [""] * len(names)
    for field, synonyms in SYNONYMS.items():
        name = next((each for each in synonyms if each in names), None)
        if name is not None:
            fields[names.index(name)] = field
    has_more = len([field for field in fields if field]) > 1
    return tuple(fields) if "audio_filepath" in fields and (has_more or "audio_filepath" in names) else None


def read_table(path: Path, text: str, is_sound: Callable[[str], bool]) -> Table | None:
    """Read a table without NeMo's names of columns; None if its first lines name no sound file.

    - ``path``: the table, for messages.
    - ``text``: its contents.
    - ``is_sound``: returns whether a cell names a sound file.

    Raises BadFolder if lines have different numbers of columns, or a third column may be a speaker or a text.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        return None
    for delimiter, separator in DELIMITERS.items():
        fields = named_columns(lines[0][1], delimiter)
        if fields is not None:
            shown = ", ".join(field for field in fields if field)
            separated = "" if delimiter == "," else f", separated by {separator}"
            note = f"{path.name} is read by the names of its columns, {shown}{separated}"
            return Table(fields, _rows(path, lines[1:], delimiter, len(fields)), note)
    found = _delimiter([line for _, line in lines], is_sound)
    if found is None:
        return None
    rows = _rows(path, lines, found)
    columns = _columns(path, [cells for _, cells in rows])
    shown = "|".join(column.replace("text_in_full", "text in full") for column in ("name", *columns[1:]))
    separated = "" if found == "|" else f", separated by {DELIMITERS[found]}"
    return Table(columns, rows, f"{path.name} is read as {shown}{separated}")


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
    path: Path, lines: Sequence[tuple[int, str]], delimiter: str, n_columns: int | None = None
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the cells of lines; raise BadFolder for lines with another number of them.

    Quotes belong to the text where | or tabs separate cells. Commas without quotes around them may belong to the text,
    too, where lines have different numbers of them: then the first one alone separates.
    """
    if delimiter in "|\t":
        rows = [(number, tuple(cell.strip() for cell in line.split(delimiter))) for number, line in lines]
    else:
        try:
            rows = [
                (number, tuple(cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=delimiter))))
                for number, line in lines
            ]
        except csv.Error as error:
            raise BadFolder(f"{path}: this is not CSV ({error}); check the quotes.") from error
        if n_columns in (None, 2) and len({len(cells) for _, cells in rows}) > 1:
            joined = delimiter + " "
            rows = [(number, (cells[0], joined.join(cells[1:]))) for number, cells in rows]
    counts = Counter(len(cells) for _, cells in rows)
    usual = n_columns or (3 if counts.keys() == {2, 3} else counts.most_common(1)[0][0] if counts else 0)
    for number, cells in rows:
        may_end = n_columns is None and usual == 3 and len(cells) == 2
        if (len(cells) != usual and not may_end) or not cells[0]:
            raise BadFolder(
                f"{path}, line {number}: this is not name|text, name|text|text in full or name|text|speaker, as other "
                "lines are; write one recording a line, with as many columns each, or name the columns in the first "
                "line (audio_filepath|text|speaker)."
            )
    return tuple((number, cells + ("",) * (usual - len(cells))) for number, cells in rows)


def _columns(path: Path, rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what the columns of a table without names are; raise BadFolder where that is not certain."""
    n_columns = len(rows[0])
    if n_columns == 2:
        return ("audio_filepath", "text")
    if n_columns != 3:
        raise BadFolder(
            f"{path}, line 1: this is not name|text, with {n_columns} columns; name the columns in the first line, "
            "such as audio_filepath|text|speaker|language."
        )
    second, third = ([row[index] for row in rows] for index in (1, 2))
    if not any(third) or _common_words(second, third) >= SAME_WORDS:
        return ("audio_filepath", "text", "text_in_full")
    by_second, by_third = _is_speakers(second, third), _is_speakers(third, second)
    if by_third and not by_second:
        return ("audio_filepath", "text", "speaker")
    if by_second and not by_third:
        return ("audio_filepath", "speaker", "text")
    if not (_are_names(second) or _are_names(third)):  # both are texts, such as one in another alphabet
        return ("audio_filepath", "text", "text_in_full")
    raise BadFolder(
        f"{path}: the columns may be name|text|speaker or name|speaker|text ({'|'.join(rows[0])[:60]}); name them in "
        "the first line, such as audio_filepath|text|speaker."
    )


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


def _is_speakers(cells: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether a column names speakers and the other is their text: it repeats more, or has far fewer words."""
    if not _are_names(cells):
        return False
    distinct, distinct_others = len({*cells}), len({*others})
    if distinct != distinct_others:
        return distinct < distinct_others
    n_words, n_others = (sum(len(cell.split()) for cell in column) for column in (cells, others))
    return 2 * n_words <= n_others
