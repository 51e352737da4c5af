"""The result of all commands that write files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..audio.clip import FORMATS, Clip, describe_audio
from ..audio.sound_file import AudioHeader, open_sound
from ..audio.wave_blocks import LOWER_THE_TRACKS, ClippedSamples
from ..base.json_text import NOT_IN_JSON
from ..base.parameters import STANDARD_STREAM
from ..base.result import Result, count_of

SHOWN_FILES = 20


@dataclass(frozen=True, kw_only=True)
class MadeFile:
    """A file that was written, or kept because it is up to date.

    - ``path``: the file.
    - ``source``: the file that it was made of, if it was made of one.
    - ``seconds``, ``sample_rate``, ``n_channels``: of the sound, where it is one or shows or describes one.
    - ``by``: what made it: a model with its hash, an engine, a style.
    - ``is_new``: False if it was there and is up to date.
    - ``notes``: what a user should know about it, one sentence each.
    - ``details``: everything else, by name.
    - ``origin``: what it was made from, which its comment or its line of a manifest says.
    """

    path: Path
    source: Path | None = None
    seconds: float | None = None
    sample_rate: int | None = None
    n_channels: int | None = None
    by: str = ""
    is_new: bool = True
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, object] = field(default_factory=dict, metadata=NOT_IN_JSON, repr=False)

    @property
    def size(self) -> str:
        """Length, sample rate and channels as text, as far as they are known."""
        if self.seconds is None or self.sample_rate is None:
            return "" if self.seconds is None else f"{self.seconds:.2f} s"
        return describe_audio(self.seconds, self.sample_rate, self.n_channels or 1)


def sound_file(path: Path, header: AudioHeader | None = None) -> MadeFile:
    """Return a sound file that is there, with the format of its header, which is read unless it is known."""
    header = open_sound(path).header if header is None else header
    return MadeFile(
        path=path,
        seconds=header.seconds or 0.0,
        sample_rate=header.sample_rate,
        n_channels=header.n_channels,
    )


@dataclass(frozen=True, kw_only=True)
class Made(Result):
    """Result of a command that writes files.

    - ``out``: the file or folder that was written to; ``-`` for standard output, whose result is not printed; None of a
      plan or a list.
    - ``files``: the files, the main one first.
    - ``details``: everything else, by name.
    - ``lines``: lines of the text after those of the files.
    """

    out: Path | str | None = None
    files: tuple[MadeFile, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = field(default=(), metadata=NOT_IN_JSON, repr=False)

    @classmethod
    def of(
        cls,
        *files: MadeFile,
        details: Mapping[str, Any] | None = None,
        lines: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Made:
        """Return the result of a command that made a file, and others beside it."""
        return cls(out=files[0].path, files=files, details=details or {}, lines=tuple(lines), notes=tuple(notes))

    @property
    def by(self) -> str:
        """Models, instruments and styles that made the files, with the hashes of models."""
        return ", ".join(dict.fromkeys(file.by for file in self.files if file.by))

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return tuple(file.path for file in self.files if file.path.suffix.lower() in FORMATS)

    @cached_property
    def clip(self) -> Clip:
        """The sound of the main file, which is read when it is asked for."""
        return Clip.read(self.files[0].path)

    @property
    def seconds(self) -> float | None:
        """Length of the main file."""
        return self.files[0].seconds if self.files else None

    @property
    def sample_rate(self) -> int | None:
        """Sample rate of the main file, Hz."""
        return self.files[0].sample_rate if self.files else None

    @property
    def n_channels(self) -> int | None:
        """Channels of the main file."""
        return self.files[0].n_channels if self.files else None

    @property
    def is_new(self) -> bool:
        """Whether anything was written now."""
        return any(file.is_new for file in self.files)

    def _repr_html_(self) -> str:
        """Return players, words with their times, and the text for notebooks."""
        from ..audio.notebook import files_html, text_html, words_html

        return files_html(self.sound_files) + words_html(self.details.get("words", ())) + text_html(self)

    def __str__(self) -> str:
        """Return the files, what there is to say about them, and what failed."""
        if self.out == STANDARD_STREAM:
            return ""
        return "\n".join([*self._file_lines(), *self.lines, *self.endings(self.details.get("results", "--json"))])

    def _file_lines(self) -> list[str]:
        """Return a line for the file that was asked for, or one for all of a folder, and one for each other file."""
        if not self.files and (self.lines or not self.failed):
            return []
        main = self.files[0] if self.files and self.files[0].path == self.out else None
        others = self.files if main is None else self.files[1:]
        lines = [] if main is None else [self._line(main), *main.notes]
        for file in others[:SHOWN_FILES]:
            lines += [f"  {self._line(file, is_short=main is None)}", *(f"    {note}" for note in file.notes)]
        n_more = len(others) - SHOWN_FILES
        lines += [f"  and {n_more} more; --json lists all"] if n_more > 0 else []
        return [*lines, self._count()] if main is None else lines

    def _line(self, file: MadeFile, is_short: bool = False) -> str:
        """Return path, size and maker of a file; in the list of a folder without the folder and the maker."""
        kept = "" if file.is_new else " (kept, it is up to date)"
        if not is_short:
            return f"{file.path}{f': {file.size}' if file.size else ''}{f' by {file.by}' if file.by else ''}{kept}"
        folder = Path() if self.out is None else Path(self.out)
        name = file.path.relative_to(folder) if file.path.is_relative_to(folder) else file.path
        return f"{name}{f': {file.size}' if file.size else ''}{kept}"

    def _count(self) -> str:
        """Return the line about all files."""
        n_files, n_new, n_failed = len(self.files), sum(file.is_new for file in self.files), len(self.failed)
        number = f"{n_files} of {n_files + n_failed} files" if n_failed else f"{n_files} file{'s' * (n_files != 1)}"
        seconds = sum(file.seconds or 0.0 for file in self.files)
        length = f", {seconds:.2f} s" if seconds else ""
        by = f" by {self.by}" if self.by else ""
        where = "" if self.out is None else f" in {self.out}"
        counts = f": {count_of(n_new, n_files - n_new, n_failed)}" if n_failed or n_new < n_files else ""
        return f"{number}{length}{by}{where}{counts}"


def listed(what: str, entries: Iterable[Mapping[str, Any]], line: str) -> Made:
    """Return a list as a result: the entries as the detail ``what``, and a line for each by a format of its values."""
    found = list(entries)
    width = max(len(str(entry["name"])) for entry in found)
    lines = []
    for entry in found:
        texts = {key: ", ".join(value) if isinstance(value, list) else value for key, value in entry.items()}
        lines.append(line.format(**{**texts, "name": f"{entry['name']:{width}}"}))
    return Made(details={what: found}, lines=tuple(lines))


def with_stems(made: Made, stems: Sequence[Path], clipped: ClippedSamples | None) -> Made:
    """Return a result with stems, and what of them was clipped."""
    notes = (f"Of the stems, {clipped.warning(LOWER_THE_TRACKS)}",) if clipped else ()
    return replace(
        made,
        files=(*made.files, *map(sound_file, stems)),
        notes=(*made.notes, *notes),
        details={**made.details, "clipped_in_stems": clipped},
    )
