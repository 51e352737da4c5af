"""Speak a batch of texts, a sound file for each line; files that exist already are kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ...audio.clip import FORMATS
from ...audio.sound_file import read_origin
from ...base.errors import BadFolder, BadText
from ...base.names import MAX_STEM_BYTES, RESERVED, has_lone_surrogate, name_problem, quoted
from ...base.parameters import FREE_TEXT, Quiet
from ...base.result import Failed
from ...base.runner import Item
from ...base.tables import TableRecord, listed, table_records
from ...base.text_encoding import read_decoded
from ...outputs.converted_folder import make_each
from ...outputs.made import Made, MadeFile, sound_file
from ...text.skipped import warn
from ..chunk import Clipping
from .narrator import NarratorLoader
from .settings import NarrationSettings
from .speech_file import SECONDS_PER_CHARACTER, SpeechFiles, check_length, level_notes, write_speech

TEXT_COLUMN = "text"
NAME_COLUMNS = ("name", "file")
"""Default columns with the names of sound files; without one the files are numbered."""

SETTING_COLUMNS = (
    *("voice", "rate", "pitch", "range", "energy", "volume_db", "style", "seed", "lufs"),
    *("sentence_pause", "clause_pause", "paragraph_pause", "seconds"),
)
"""Columns with settings of a line, named as the options of ``speak-lines``; empty cells are ignored."""

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".txt")
EXAMPLE = '{"name": ..., "text": ...}'
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class Line:
    """A line of a batch: its number in the file, from 1, the name of its sound file without the suffix, and its text.

    ``settings`` override those of the batch, by the names of `SETTING_COLUMNS`.
    """

    number: int
    name: str
    text: str
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchLines:
    """The lines of a batch in their order, and the columns that are ignored."""

    lines: tuple[Line | Failed, ...]
    unused_columns: tuple[str, ...] = ()


def read_lines(path: Path, name_column: str | None = None) -> BatchLines:
    """Read a batch.

    - ``path``: ``.csv`` with the names of columns in its first line, ``.jsonl`` with an object a line, or ``.txt``,
      whose lines are texts.
    - ``name_column``: column with the names of the sound files; by default the first of `NAME_COLUMNS` that exists.
      Without one, files are numbered.

    Raises BadFolder if the file does not exist or has another suffix, or BadText if it is no text, or has no lines,
    no texts or no such column.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadFolder(f"{path} ends in {path.suffix!r}; give a .csv, .jsonl or .txt file with a text a line.")
    if not path.is_file():
        raise BadFolder(f"{path} does not exist; give a .csv, .jsonl or .txt file with a text a line.")
    try:
        content = read_decoded(path)
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is no text (byte {error.start}); save it as UTF-8.") from error
    if path.suffix.lower() == ".txt":
        return _plain(path, content, name_column)
    return _named(path, list(table_records(path, content, EXAMPLE)), name_column)


def stem_problem(name: str) -> str | None:
    """Return the reason why a file name without its suffix is not valid on every system, None if it is.

    Stricter than `wavewright.base.names.name_problem`, because the name is used as it is. The reason is the end of a
    sentence.
    """
    if not name.strip():
        return "has no name; give one, or leave the column of names out"
    if re.search(r'[/\\:*?"<>|]', name):
        return f'has the name {quoted(name)}; a name has none of / \\ : * ? " < > |'
    problem = name_problem(name, is_file=True)
    if problem is not None:
        return f"has the name {quoted(name)}, which {problem}"
    if name.startswith((".", " ")) or name.endswith((".", " ")):
        return f"has the name {quoted(name)}; a name neither begins nor ends with a dot or a space"
    if name.partition(".")[0].upper() in RESERVED:
        return f"has the name {quoted(name)}, which Windows reserves for a device; choose another one"
    if len(name.encode()) > MAX_STEM_BYTES:
        return f"has a name of more than {MAX_STEM_BYTES} bytes; shorten it"
    return None


def _plain(path: Path, content: str, name_column: str | None) -> BatchLines:
    """Return each line that is not empty as a text with a numbered file."""
    if name_column is not None:
        raise BadText(
            f"{path} has no columns, so there is none called {name_column!r}; leave --name-column out, or give a .csv."
        )
    texts = [(number, text.strip()) for number, text in enumerate(content.split("\n"), 1) if text.strip()]
    if not texts:
        raise BadText(f"{path} has no text to speak; write one a line.")
    return BatchLines(tuple(Line(number, _numbered(index), text) for index, (number, text) in enumerate(texts, 1)))


def _numbered(index: int) -> str:
    """Return the file name of a text without a name, by its index among the texts, from 1."""
    return f"{index:04d}"


def _named(path: Path, records: Sequence[tuple[int, TableRecord | str]], name_column: str | None) -> BatchLines:
    """Return the lines of records; a record may be the reason why it cannot be read."""
    written = {name for _, record in records if isinstance(record, dict) for name in record}
    named = {name: _column(name) for name in written if _column(name) not in written}
    if len({*named.values()}) != len(named):
        raise BadText(f"{path} has two columns of one name; {listed(sorted(written))}.")
    records = [
        (line, record if isinstance(record, str) else {named.get(name, name): value for name, value in record.items()})
        for line, record in records
    ]
    name_column = named.get(name_column or "", name_column)
    columns = list(dict.fromkeys(name for _, record in records if isinstance(record, dict) for name in record))
    if TEXT_COLUMN not in columns:
        raise BadText(f"{path} has no column called {TEXT_COLUMN!r}; {listed(columns)}.")
    if name_column is not None and name_column not in columns:
        raise BadText(f"{path} has no column called {name_column!r}; {listed(columns)}.")
    named_by = name_column or next((name for name in NAME_COLUMNS if name in columns), None)
    lines: list[Line | Failed] = []
    line_by_name: dict[str, int] = {}
    for index, (number, record) in enumerate(records, 1):
        line = _line(number, record, named_by, _numbered(index))
        if isinstance(line, Line):
            first = line_by_name.setdefault(line.name.casefold(), number)
            if first != number:
                line = _failed(number, f"has the name {line.name!r}, as line {first} has; every line needs its own")
        lines.append(line)
    known = {TEXT_COLUMN, named_by, *SETTING_COLUMNS}
    return BatchLines(tuple(lines), tuple(name for name in columns if name not in known))


def _column(name: str) -> str:
    """Return the name of a column as it is known, whatever its capitals and spaces: ``Sentence pause``."""
    plain = name.strip().casefold().replace(" ", "_")
    return plain if plain in (TEXT_COLUMN, *NAME_COLUMNS, *SETTING_COLUMNS) else name


def _line(number: int, record: TableRecord | str, named_by: str | None, unnamed: str) -> Line | Failed:
    if isinstance(record, str):
        return _failed(number, record)
    cells = {name: value for name, value in record.items() if value not in (None, "")}
    nested = next((name for name, value in cells.items() if isinstance(value, dict | list)), None)
    name = unnamed if named_by is None else str(cells.get(named_by, ""))
    if Path(name).suffix.lower() in FORMATS:
        name = name[: -len(Path(name).suffix)]
    if nested is not None:
        return _failed(number, f"has a list or an object as its {nested}; write text or a number")
    problem = stem_problem(name)
    if problem is not None:
        return _failed(number, problem)
    text = str(cells.get(TEXT_COLUMN, "")).strip()
    if not text:
        return _failed(number, "has no text; write one, or delete the line")
    if has_lone_surrogate(text):
        return _failed(number, "has a lone surrogate in its text; replace that character")
    settings = {column: cells[column] for column in SETTING_COLUMNS if column in cells}
    for column, value in settings.items():
        if isinstance(value, str) and column != "seed" and DECIMAL_COMMA.fullmatch(value.strip()):
            settings[column] = value.strip().replace(",", ".")
    return Line(number, name, text, settings)


def _failed(number: int, problem: str) -> Failed:
    """Return a line that is not spoken; ``problem`` is the rest of the sentence that says why."""
    return Failed(f"line {number}", f"It {problem}.")


@dataclass(frozen=True)
class SpeakLinesParameters(SpeechFiles, NarrationSettings):
    """A table of texts, and the settings of all its lines, which those of a line override."""

    file: Annotated[Path, Field(description="CSV, JSONL or text file with a text a line.")]
    _: KW_ONLY
    name_column: Annotated[
        str | None,
        Field(description="Column with the names of the sound files; default: name or file, else numbers."),
        FREE_TEXT,
    ] = None
    quiet: Quiet = False


def speak_batch(given: SpeakLinesParameters) -> Made:
    """Speak every line of a table whose sound file does not exist or is out of date; see `tasks.speak_lines`."""
    table = read_lines(given.file, given.name_column)
    batch = _Batch(given)
    title = f"speaking {given.file.name}"
    made = make_each(batch.out, [*map(_item, table.lines)], lambda: batch.speak, title, given.quiet)
    unused = table.unused_columns
    return replace(
        made,
        notes=level_notes(batch.below_target, batch.clipping),
        details={
            **made.details,
            "unused_columns": unused,
            "clipped_fraction": batch.clipping.clipped_fraction,
            "below_target": tuple(batch.below_target),
            "is_marked": given.watermark,
        },
        lines=(f"Ignored columns: {', '.join(unused)}",) if unused else (),
    )


def _item(line: Line | Failed) -> Item[Line] | Failed:
    if isinstance(line, Failed):
        return line
    return Item(f"line {line.number}", line, len(line.text) * SECONDS_PER_CHARACTER)


class _Batch:
    """The state of a batch while its lines are spoken."""

    def __init__(self, given: SpeakLinesParameters) -> None:
        self.out = given.folder(given.file)
        self.below_target: list[str] = []
        self.clipping = Clipping()
        self._given = given
        self._loader = NarratorLoader()
        self._loader.load(given)  # raise errors of the common settings before any line

    def speak(self, line: Line) -> MadeFile:
        """Speak a line unless its sound file is up to date; raise BadFolder if another file has its name."""
        narrator = self._loader.load(self._given.override(line.settings))
        path = self._given.sound_file(self.out, line.name)
        text_hash = hashlib.sha256(line.text.encode()).hexdigest()[:12]
        origin = {"batch": self._given.file.name, "text": text_hash, **narrator.origin()}
        is_new = not self._is_up_to_date(path, origin)
        if is_new:
            check_length(line.text, "split it")
            chunks = self.clipping.count(narrator.chunks(line.text, warn))
            normaliser = narrator.loudness_normaliser()
            subtitle_file = self._given.subtitle_file(path)
            write_speech(path, chunks, narrator.voice.sample_rate, origin, subtitle_file, normaliser)
            if normaliser is not None and normaliser.shortfall_message():
                self.below_target.append(path.name)
        voice, details = narrator.voice, {"line": line.number}
        listed = {"text": line.text, "speaker": voice.speaker or voice.name, "language": voice.language}
        return replace(sound_file(path), by=narrator.maker, is_new=is_new, details=details, origin=listed)

    def _is_up_to_date(self, path: Path, origin: dict[str, object]) -> bool:
        if not path.exists():
            return False
        existing = read_origin(path)
        if existing.get("batch") != origin["batch"]:
            raise BadFolder(f"{path} exists and is not of {origin['batch']}; choose another folder with --out.")
        return existing == origin and self._given.has_subtitles(path)
