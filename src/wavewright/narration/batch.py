"""Speak a batch of texts, a sound file for each line; files that exist already are kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import BadAudio, BadFolder, BadModel, BadSetting, BadText
from ..manifest_file import MANIFEST_FILE, add_records, manifest_lines
from ..names import file_stem, inside
from ..progress_bar import progress_bar
from ..speech.chunk import Clipping, clipping_message
from ..speech.voice import Voice
from ..text.skipped import warn
from .batch_lines import BadLine, Line, read_lines
from .loudness import below_target_message
from .narrator import Narrator, NarratorLoader
from .settings import NarrationSettings
from .speech_file import SECONDS_PER_CHARACTER, SpeechFormat, make_folder, read_origin, read_seconds, write_speech
from .text import check_length

SHOWN_FAILURES = 20
LINE_ERRORS = (BadText, BadSetting, BadModel, BadAudio, BadFolder)
"""Errors that concern one line only: the other lines are still spoken. A full disk is not among them."""


@dataclass(frozen=True)
class BatchFiles:
    """The files of a batch.

    Attributes
    ----------
    out : Path, optional
        Folder of the files; by default the name of the batch.
    format : {"wav", "flac", "ogg", "opus", "mp3"}
        Format of the sound files.
    subtitles : {"srt", "vtt", "json"}, optional
        Format of the subtitles, None for no subtitles.
    name_column : str, optional
        Column with the names of the sound files.
    """

    out: Path | None = None
    format: SpeechFormat = "wav"
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
    """The files of a batch.

    Attributes
    ----------
    out : Path
        Folder of the files.
    manifest : Path
        Manifest of the folder.
    lines : tuple of SpokenLine
        The sound files in the order of the lines.
    failed : tuple of FailedLine
        Lines that were not spoken.
    unused_columns : tuple of str
        Columns that are ignored.
    clipped_fraction : float
        Fraction of new samples that exceeded full scale, from 0 to 1.
    below_target : tuple of str
        New files that do not reach the target loudness.
    exit_code : int
        Exit code of the command: 2 if lines failed.
    """

    out: Path
    manifest: Path
    lines: tuple[SpokenLine, ...]
    failed: tuple[FailedLine, ...]
    unused_columns: tuple[str, ...] = ()
    clipped_fraction: float = 0.0
    below_target: tuple[str, ...] = ()
    exit_code: int = field(default=0)

    def __str__(self) -> str:
        n_new = sum(line.is_new for line in self.lines)
        seconds = sum(line.seconds for line in self.lines)
        counted = f"{len(self.lines)} of {len(self.lines) + len(self.failed)} lines are sound files in {self.out}"
        shown = [f"{counted}, {seconds:.1f} s: {n_new} new, {len(self.lines) - n_new} kept"]
        shown += [f"  line {failed.line}: {failed.problem}" for failed in self.failed[:SHOWN_FAILURES]]
        n_more = len(self.failed) - SHOWN_FAILURES
        shown += [f"  and {n_more} more lines failed; --json lists all"] if n_more > 0 else []
        shown += [f"Ignored columns: {', '.join(self.unused_columns)}"] if self.unused_columns else []
        shown += [below_target_message(self.below_target)] if self.below_target else []
        shown += [clipping_message(self.clipped_fraction)] if self.clipped_fraction else []
        return "\n".join(shown)


def speak_batch(file: Path, settings: NarrationSettings, files: BatchFiles, quiet: bool = False) -> SpokenBatch:
    """Speak every line of a batch whose sound file does not exist or is out of date.

    Parameters
    ----------
    file : Path
        The batch; see `wavewright.narration.batch_lines.read_lines`.
    settings : NarrationSettings
        Settings of all lines, which those of a line override.
    files : BatchFiles
        Folder and formats of the files.
    quiet : bool
        Show no progress.

    Returns
    -------
    SpokenBatch
        The sound files and the lines that failed; the other lines are still spoken. A manifest lists all files.

    Raises
    ------
    BadText, BadFolder
        If the whole file cannot be read, or nothing can be written.
    BadModel, BadSetting
        If the settings of all lines are invalid.
    """
    batch_lines = read_lines(file, files.name_column)
    batch = _Batch(file, settings, files)
    make_folder(batch.out)
    manifest_lines(batch.out / MANIFEST_FILE)  # refuse a file of that name that is not a manifest before speaking
    total = sum(map(_estimate_seconds, batch_lines.lines))
    try:
        with progress_bar(f"speaking {file.name}", total, quiet) as show:
            done = 0.0
            for line in batch_lines.lines:
                batch.add(line)
                done += _estimate_seconds(line)
                show(done)
    finally:
        if batch.records:
            add_records(batch.out, batch.records)
    return batch.result(batch_lines.unused_columns)


class _Batch:
    """The state of a batch while its lines are spoken."""

    def __init__(self, file: Path, settings: NarrationSettings, files: BatchFiles) -> None:
        self.file = file
        self.settings = settings
        self.files = files
        self.out = Path(file_stem(file.stem)) if files.out is None else files.out
        self.records: dict[str, dict[str, object]] = {}
        self._loader = NarratorLoader()
        self._loader.load(settings)  # raise errors of the common settings before any line
        self._spoken: list[SpokenLine] = []
        self._failed: list[FailedLine] = []
        self._below_target: list[str] = []
        self._clipping = Clipping()

    def add(self, line: Line | BadLine) -> None:
        """Speak a line, or list it as failed."""
        if isinstance(line, BadLine):
            self._failed.append(FailedLine(line.number, line.name, f"It {line.problem}."))
            return
        try:
            narrator = self._loader.load(self.settings.override(line.settings))
            spoken = self._speak(line, narrator)
        except LINE_ERRORS as error:
            self._failed.append(FailedLine(line.number, line.name, str(error)))
            return
        self._spoken.append(spoken)
        self.records[spoken.file] = _record(spoken, line, narrator.voice)

    def result(self, unused_columns: tuple[str, ...]) -> SpokenBatch:
        """Return the result of all lines so far."""
        return SpokenBatch(
            out=self.out,
            manifest=self.out / MANIFEST_FILE,
            lines=tuple(self._spoken),
            failed=tuple(self._failed),
            unused_columns=unused_columns,
            clipped_fraction=self._clipping.clipped_fraction,
            below_target=tuple(self._below_target),
            exit_code=2 if self._failed else 0,
        )

    def _speak(self, line: Line, narrator: Narrator) -> SpokenLine:
        """Speak a line unless its sound file is up to date; raise BadFolder if another file has its name."""
        path = inside(self.out, f"{line.name}.{self.files.format}")
        subtitle_file = None if self.files.subtitles is None else path.with_suffix(f".{self.files.subtitles}")
        text_hash = hashlib.sha256(line.text.encode()).hexdigest()[:12]
        origin = {"batch": self.file.name, "text": text_hash, **narrator.origin()}
        is_new = not self._is_up_to_date(path, origin, subtitle_file)
        if is_new:
            check_length(line.text, "split it")
            chunks = self._clipping.count(narrator.chunks(line.text, warn))
            normaliser = narrator.loudness_normaliser()
            write_speech(path, chunks, narrator.voice.sample_rate, origin, subtitle_file, normaliser)
            if normaliser is not None and normaliser.shortfall_message():
                self._below_target.append(path.name)
        return SpokenLine(line.number, path.name, read_seconds(path), is_new)

    def _is_up_to_date(self, path: Path, origin: dict[str, object], subtitle_file: Path | None) -> bool:
        if not path.exists():
            return False
        existing = read_origin(path)
        if existing.get("batch") != self.file.name:
            raise BadFolder(f"{path} exists and is not of {self.file.name}; choose another folder with --out.")
        return existing == origin and (subtitle_file is None or subtitle_file.is_file())


def _estimate_seconds(line: Line | BadLine) -> float:
    return len(line.text) * SECONDS_PER_CHARACTER if isinstance(line, Line) else 0.0


def _record(spoken: SpokenLine, line: Line, voice: Voice) -> dict[str, object]:
    """Return a record of the manifest, with the field names that ``data.manifest`` reads."""
    return {
        "audio_filepath": spoken.file,
        "duration": round(spoken.seconds, 6),
        "text": line.text,
        "speaker": voice.speaker or voice.name,
        "language": voice.acoustic.language,
    }
