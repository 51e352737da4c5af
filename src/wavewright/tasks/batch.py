"""Speak many short texts, each into its own sound file; keep files that exist already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BadAudio, BadFolder, BadModel, BadSetting, BadText
from ..manifest_file import MANIFEST_FILE, add_records, manifest_lines
from ..names import file_stem, inside
from ..progress_bar import progress_bar
from ..speech.chunk import Chunk, Clipping, clipping_message
from ..speech.voice import Voice
from ..version import __version__
from .batch_lines import BadLine, Line, read_lines
from .book import BookFormat, make_folder, origin_of, seconds_of
from .leveling import Leveler, shortfall_of
from .spoken_file import write_spoken

SECONDS_PER_CHARACTER = 0.068  # of English read aloud, for the progress bar
SHOWN_FAILURES = 20
LINE_ERRORS = (BadText, BadSetting, BadModel, BadAudio, BadFolder)
"""Errors that concern one line only: the other lines are still spoken. A full disk is not among them."""


@dataclass(frozen=True)
class Talk:
    """Voice and settings of a line; ``manner`` holds all that its sound depends on besides text and models."""

    voice: Voice
    say: Callable[[str], Iterator[Chunk]]
    manner: dict[str, Any]
    leveler: Leveler | None = None


@dataclass(frozen=True)
class BatchFiles:
    """Output folder, formats of sound and subtitle files, and the column with the names."""

    out: Path | None = None
    format: BookFormat = "wav"
    subtitles: str | None = None
    name_column: str | None = None


@dataclass(frozen=True)
class SpokenLine:
    """The sound file of a line; ``is_new`` unless it existed before."""

    line: int
    file: str
    seconds: float
    is_new: bool


@dataclass(frozen=True)
class FailedLine:
    """A line that was not spoken, with the reason."""

    line: int
    name: str
    problem: str


@dataclass(frozen=True)
class SpokenBatch:
    """The files of a batch in the order of its lines, and the lines that failed; ``exit_code`` is 2 if there are any.

    ``clipped_share``, from 0 to 1, is the fraction of new samples that exceeded full scale. ``quieter`` are the new
    files that do not reach the target loudness."""

    out: Path
    manifest: Path
    lines: tuple[SpokenLine, ...]
    failed: tuple[FailedLine, ...]
    unused_columns: tuple[str, ...] = ()
    clipped_share: float = 0.0
    quieter: tuple[str, ...] = ()
    exit_code: int = field(default=0)

    def __str__(self) -> str:
        n_new = sum(line.is_new for line in self.lines)
        seconds = sum(line.seconds for line in self.lines)
        counted = f"{len(self.lines)} of {len(self.lines) + len(self.failed)} lines are sound files in {self.out}"
        shown = [f"{counted}, {seconds:.1f} s: {n_new} new, {len(self.lines) - n_new} were there"]
        shown += [f"  line {failed.line}: {failed.problem}" for failed in self.failed[:SHOWN_FAILURES]]
        n_more = len(self.failed) - SHOWN_FAILURES
        shown += [f"  and {n_more} more lines failed; --json lists all"] if n_more > 0 else []
        shown += [f"Columns that mean nothing here: {', '.join(self.unused_columns)}"] if self.unused_columns else []
        shown += [shortfall_of(self.quieter)] if self.quieter else []
        shown += [clipping_message(self.clipped_share)] if self.clipped_share else []
        return "\n".join(shown)


def speak_batch(
    file: Path, talk_of: Callable[[dict[str, Any]], Talk], files: BatchFiles, quiet: bool = False
) -> SpokenBatch:
    """Speak every line of ``file`` whose sound does not exist yet, each into a file that appears whole or not at all.

    Parameters
    ----------
    file : Path
        A batch, see :func:`.batch_lines.read_lines`.
    talk_of : callable
        Maps a line's own settings, named as the options of ``speak``, to how it is spoken.
    files : BatchFiles
        Output folder and formats.
    quiet : bool
        Show no progress.

    Returns
    -------
    SpokenBatch
        Lists the lines that failed; the other lines are still spoken. A manifest lists all sounds of the folder.

    Raises
    ------
    BadText, BadFolder
        Where the whole file cannot be read, or nothing can be written.
    """
    found = read_lines(file, files.name_column)
    out = Path(file_stem(file.stem)) if files.out is None else files.out
    make_folder(out)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file of that name that is not a manifest before speaking
    batch = _Batch(file, talk_of, files, out)
    total = sum(len(line.text) for line in found.lines if isinstance(line, Line)) * SECONDS_PER_CHARACTER
    try:
        with progress_bar(f"speaking {file.name}", total, quiet) as show:
            done = 0.0
            for line in found.lines:
                batch.add(line)
                done += len(line.text) * SECONDS_PER_CHARACTER if isinstance(line, Line) else 0.0
                show(done)
    finally:
        if batch.records:
            add_records(out, batch.records)
    return batch.result(found.unused_columns)


@dataclass
class _Batch:
    """The state of a batch while its lines are spoken."""

    file: Path
    talk_of: Callable[[dict[str, Any]], Talk]
    files: BatchFiles
    out: Path
    spoken: list[SpokenLine] = field(default_factory=list)
    failed: list[FailedLine] = field(default_factory=list)
    quieter: list[str] = field(default_factory=list)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    clipping: Clipping = field(default_factory=Clipping)

    def add(self, line: Line | BadLine) -> None:
        """Speak a line, or list it as failed."""
        if isinstance(line, BadLine):
            self.failed.append(FailedLine(line.number, line.name, f"It {line.problem}."))
            return
        try:
            talk = self.talk_of(line.settings)
            spoken = _spoken(line, self.file, talk, self.out, self.files, self.clipping)
        except LINE_ERRORS as error:
            self.failed.append(FailedLine(line.number, line.name, str(error)))
            return
        self.spoken.append(spoken)
        self.records[spoken.file] = _record(spoken, line, talk.voice)
        if spoken.is_new and talk.leveler is not None and talk.leveler.shortfall_line:
            self.quieter.append(spoken.file)

    def result(self, unused_columns: tuple[str, ...]) -> SpokenBatch:
        """Return the result of all lines so far."""
        return SpokenBatch(
            out=self.out,
            manifest=self.out / MANIFEST_FILE,
            lines=tuple(self.spoken),
            failed=tuple(self.failed),
            unused_columns=unused_columns,
            clipped_share=self.clipping.clipped_fraction,
            quieter=tuple(self.quieter),
            exit_code=2 if self.failed else 0,
        )


def _spoken(line: Line, batch: Path, talk: Talk, out: Path, files: BatchFiles, clipping: Clipping) -> SpokenLine:
    """Speak a line unless its sound exists; raise BadFolder where another file has its name."""
    place = inside(out, f"{line.name}.{files.format}")
    subtitles = None if files.subtitles is None else place.with_suffix(f".{files.subtitles}")
    text_hash = hashlib.sha256(line.text.encode()).hexdigest()[:12]
    origin = {"batch": batch.name, "text": text_hash, "voice": talk.voice.name, "models": talk.voice.fingerprint}
    origin |= {"wavewright": __version__, **talk.manner}
    is_there = False
    if place.exists():
        before = origin_of(place)
        if before.get("batch") != batch.name:
            raise BadFolder(
                f"{place} is there already and is no sound of {batch.name}; choose another folder with --out."
            )
        is_there = before == origin and (subtitles is None or subtitles.is_file())
    if not is_there:
        write_spoken(
            place, clipping.count(talk.say(line.text)), talk.voice.sample_rate, origin, subtitles, talk.leveler
        )
    return SpokenLine(line.number, place.name, seconds_of(place), not is_there)


def _record(spoken: SpokenLine, line: Line, voice: Voice) -> dict[str, Any]:
    """Return a record of the manifest, with the field names that ``data.manifest`` reads."""
    record = {"audio_filepath": spoken.file, "duration": round(spoken.seconds, 6), "text": line.text}
    return record | {"speaker": voice.speaker or voice.name, "language": voice.acoustic.language}
