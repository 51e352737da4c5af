"""Speak a batch of texts, a sound file for each line; files that exist already are kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ...audio.sound_file import read_origin
from ...base.errors import BadAudio, BadFolder, BadModel, BadSetting, BadText
from ...base.progress_bar import progress_bar
from ...base.whole_file import make_folder
from ...outputs.manifest_file import MANIFEST_FILE, add_records, manifest_lines
from ...text.skipped import warn
from ..chunk import Clipping
from ..voice import Voice
from .batch_lines import FailedLine, Line, read_lines
from .narrator import Narrator, NarratorLoader
from .settings import NarrationSettings
from .speech_file import SECONDS_PER_CHARACTER, read_seconds, write_speech
from .speech_files import SpeechFiles, SpokenFile, SpokenFiles
from .text import check_length

SHOWN_FAILURES = 20
LINE_ERRORS = (BadText, BadSetting, BadModel, BadAudio, BadFolder)
"""Errors that concern one line only: the other lines are still spoken. A full disk is not among them."""


@dataclass(frozen=True)
class SpokenLine(SpokenFile):
    """The sound file of a line, by its number."""

    line: int


@dataclass(frozen=True, kw_only=True)
class SpokenBatch(SpokenFiles):
    """The files of a batch.

    Attributes
    ----------
    manifest : Path
        Manifest of the folder.
    lines : tuple of SpokenLine
        The sound files in the order of the lines.
    failed : tuple of FailedLine
        Lines that were not spoken.
    unused_columns : tuple of str
        Columns that are ignored.
    exit_code : int
        Exit code of the command: 2 if lines failed.
    """

    manifest: Path
    lines: tuple[SpokenLine, ...]
    failed: tuple[FailedLine, ...]
    unused_columns: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return tuple(self.out / line.file for line in self.lines)

    def __str__(self) -> str:
        n_new = sum(line.is_new for line in self.lines)
        seconds = sum(line.seconds for line in self.lines)
        counted = f"{len(self.lines)} of {len(self.lines) + len(self.failed)} lines are sound files in {self.out}"
        shown = [f"{counted}, {seconds:.1f} s: {n_new} new, {len(self.lines) - n_new} kept"]
        shown += [f"  line {failed.line}: {failed.problem}" for failed in self.failed[:SHOWN_FAILURES]]
        n_more = len(self.failed) - SHOWN_FAILURES
        shown += [f"  and {n_more} more lines failed; --json lists all"] if n_more > 0 else []
        shown += [f"Ignored columns: {', '.join(self.unused_columns)}"] if self.unused_columns else []
        return "\n".join([*shown, *self.level_notes()])


def speak_batch(
    file: Path, settings: NarrationSettings, files: SpeechFiles, name_column: str | None = None, quiet: bool = False
) -> SpokenBatch:
    """Speak every line of a batch whose sound file does not exist or is out of date.

    A line that fails does not keep the other lines from being spoken. A manifest lists all files.

    Parameters
    ----------
    file : Path
        The batch; see `wavewright.speech.narration.batch_lines.read_lines`.
    settings : NarrationSettings
        Settings of all lines, which those of a line override.
    files : SpeechFiles
        Folder and formats of the files.
    name_column : str, optional
        Column with the names of the files.
    quiet : bool
        Show no progress.

    Raises
    ------
    BadText, BadFolder
        If the whole file cannot be read, or nothing can be written.
    BadModel, BadSetting
        If the settings of all lines are invalid.
    """
    batch_lines = read_lines(file, name_column)
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

    def __init__(self, file: Path, settings: NarrationSettings, files: SpeechFiles) -> None:
        self.file = file
        self.settings = settings
        self.files = files
        self.out = files.folder(file)
        self.records: dict[str, dict[str, object]] = {}
        self._loader = NarratorLoader()
        self._loader.load(settings)  # raise errors of the common settings before any line
        self._spoken: list[SpokenLine] = []
        self._failed: list[FailedLine] = []
        self._below_target: list[str] = []
        self._clipping = Clipping()

    def add(self, line: Line | FailedLine) -> None:
        """Speak a line, or list it as failed."""
        if isinstance(line, FailedLine):
            self._failed.append(line)
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
            is_marked=self.settings.watermark,
            exit_code=2 if self._failed else 0,
        )

    def _speak(self, line: Line, narrator: Narrator) -> SpokenLine:
        """Speak a line unless its sound file is up to date; raise BadFolder if another file has its name."""
        path = self.files.sound_file(self.out, line.name)
        text_hash = hashlib.sha256(line.text.encode()).hexdigest()[:12]
        origin = {"batch": self.file.name, "text": text_hash, **narrator.origin()}
        is_new = not self._is_up_to_date(path, origin)
        if is_new:
            check_length(line.text, "split it")
            chunks = self._clipping.count(narrator.chunks(line.text, warn))
            normaliser = narrator.loudness_normaliser()
            subtitle_file = self.files.subtitle_file(path)
            write_speech(path, chunks, narrator.voice.sample_rate, origin, subtitle_file, normaliser)
            if normaliser is not None and normaliser.shortfall_message():
                self._below_target.append(path.name)
        return SpokenLine(path.name, read_seconds(path), is_new, line.number)

    def _is_up_to_date(self, path: Path, origin: dict[str, object]) -> bool:
        if not path.exists():
            return False
        existing = read_origin(path)
        if existing.get("batch") != self.file.name:
            raise BadFolder(f"{path} exists and is not of {self.file.name}; choose another folder with --out.")
        return existing == origin and self.files.has_subtitles(path)


def _estimate_seconds(line: Line | FailedLine) -> float:
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
