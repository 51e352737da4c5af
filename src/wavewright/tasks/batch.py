"""Many short texts, each spoken into a sound file of its own; what is there already is left as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import BadAudio, BadFolder, BadModel, BadSetting, BadText
from ..names import file_stem, inside
from ..speech.stream import Chunk, Clipping, clipped_line
from ..speech.voice import Voice
from .batch_lines import BadLine, Line, read_lines
from .book import BookFormat, make_folder, origin_of, seconds_of
from .leveling import Leveler
from .progress_bar import progress_bar
from .sound_folder import MANIFEST_FILE, lines_by_file, list_sounds
from .spoken_file import write_spoken

SECONDS_PER_CHARACTER = 0.068  # of English read aloud, for the progress bar
SHOWN_FAILURES = 20
LINE_ERRORS = (BadText, BadSetting, BadModel, BadAudio, BadFolder)
"""What is wrong with one line; other lines go on. A full disk is none of these."""


@dataclass(frozen=True)
class Talk:
    """How a line is spoken: by whom, in which manner (all that its sound depends on beside text and models), to which loudness."""

    voice: Voice
    say: Callable[[str], Iterator[Chunk]]
    manner: dict[str, Any]
    leveler: Leveler | None = None


@dataclass(frozen=True)
class BatchFiles:
    """Where sounds go and where their names come from: a folder, kinds of sound and subtitle files, the column of the names."""

    out: Path | None = None
    format: BookFormat = "wav"
    subtitles: str | None = None
    name_column: str | None = None


@dataclass(frozen=True)
class SpokenLine:
    """The sound file of a line; ``is_new`` unless it was there before."""

    line: int
    file: str
    seconds: float
    is_new: bool


@dataclass(frozen=True)
class FailedLine:
    """A line that was not spoken, and why."""

    line: int
    name: str
    problem: str


@dataclass(frozen=True)
class SpokenBatch:
    """The files of a batch in the order of its lines, and the lines that failed; ``exit_code`` is 2 where there are any.

    ``clipped_share``, from 0 to 1, is how much of what was spoken now was louder than full scale. ``quieter`` are the files that do not
    reach the loudness that was asked for.
    """

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
        shown += (
            [f"Not as loud as asked for, or their peaks would pass full scale: {_few(self.quieter)}"] if self.quieter else []
        )
        shown += [clipped_line(self.clipped_share)] if self.clipped_share else []
        return "\n".join(shown)


def speak_batch(file: Path, talk_of: Callable[[dict[str, Any]], Talk], files: BatchFiles, quiet: bool = False) -> SpokenBatch:
    """Speak every line of ``file`` whose sound is not there yet, each into a file that appears whole or not at all.

    Parameters
    ----------
    file : Path
        A batch, see :func:`.batch_lines.read_lines`.
    talk_of : callable
        From a line's own settings, by the names of the options of ``speak``, to how it is spoken.
    files : BatchFiles
        Where the sounds go.
    quiet : bool
        Show no progress.

    Returns
    -------
    SpokenBatch
        What is wrong with a line is listed there, and the other lines go on. A manifest lists all sounds that are there.

    Raises
    ------
    BadText, BadFolder
        Where the whole file cannot be read, or nothing can be written.
    """
    found = read_lines(file, files.name_column)
    out = Path(file_stem(file.stem)) if files.out is None else files.out
    make_folder(out)
    lines_by_file(out / MANIFEST_FILE)  # a file of that name that is no manifest is refused before anything is spoken
    spoken: list[SpokenLine] = []
    failed: list[FailedLine] = []
    records: dict[str, dict[str, Any]] = {}
    clipping, quieter = Clipping(), []
    total = sum(len(line.text) for line in found.lines if isinstance(line, Line)) * SECONDS_PER_CHARACTER
    try:
        with progress_bar(f"speaking {file.name}", total, quiet) as show:
            done = 0.0
            for line in found.lines:
                if isinstance(line, BadLine):
                    failed.append(FailedLine(line.number, line.name, f"It {line.problem}."))
                    continue
                try:
                    talk = talk_of(line.settings)
                    spoken.append(_spoken(line, file, talk, out, files, clipping))
                except LINE_ERRORS as error:
                    failed.append(FailedLine(line.number, line.name, str(error)))
                else:
                    records[spoken[-1].file] = _record(spoken[-1], line, talk.voice)
                    if spoken[-1].is_new and talk.leveler is not None and talk.leveler.shortfall_line:
                        quieter.append(spoken[-1].file)
                done += len(line.text) * SECONDS_PER_CHARACTER
                show(done)
    finally:
        if records:
            list_sounds(out, records)
    return SpokenBatch(
        out,
        out / MANIFEST_FILE,
        tuple(spoken),
        tuple(failed),
        found.unused_columns,
        clipping.clipped_share,
        tuple(quieter),
        2 if failed else 0,
    )


def _spoken(line: Line, batch: Path, talk: Talk, out: Path, files: BatchFiles, clipping: Clipping) -> SpokenLine:
    """Speak a line unless its sound is there; raises BadFolder where a file of another kind is in the way."""
    place = inside(out, f"{line.name}.{files.format}")
    subtitles = None if files.subtitles is None else place.with_suffix(f".{files.subtitles}")
    text_hash = hashlib.sha256(line.text.encode()).hexdigest()[:12]
    origin = {"batch": batch.name, "text": text_hash, "voice": talk.voice.name, "models": talk.voice.fingerprint}
    origin |= {"wavewright": __version__, **talk.manner}
    is_there = False
    if place.exists():
        before = origin_of(place)
        if before.get("batch") != batch.name:
            raise BadFolder(f"{place} is there already and is no sound of {batch.name}; choose another folder with --out.")
        is_there = before == origin and (subtitles is None or subtitles.is_file())
    if not is_there:
        write_spoken(place, clipping.heard(talk.say(line.text)), talk.voice.sample_rate, origin, subtitles, talk.leveler)
    return SpokenLine(line.number, place.name, seconds_of(place), not is_there)


def _record(spoken: SpokenLine, line: Line, voice: Voice) -> dict[str, Any]:
    """A line of the manifest, with the field names that ``data.manifest`` reads."""
    record = {"audio_filepath": spoken.file, "duration": round(spoken.seconds, 6), "text": line.text}
    return record | {"speaker": voice.speaker or voice.name, "language": voice.acoustic.language}


def _few(names: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
