"""Sound files of speech: written from chunks, with subtitles and with their origin in the metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ..clip import Clip, read_blocks, read_header, read_metadata, write_blocks
from ..errors import BadAudio, BadFolder
from ..json_text import parse
from ..names import file_stem, inside
from ..speech.chunk import Chunk, clipping_message
from ..speech.subtitles import subtitle_format, subtitles
from ..speech.timestamps import TimedMark, TimedWord
from ..whole_file import sweep_once, why_not_written, write_whole
from .loudness import LoudnessNormaliser, below_target_message

SpeechFormat: TypeAlias = Literal["wav", "flac", "ogg", "opus", "mp3"]

SECONDS_PER_CHARACTER = 0.068  # of English read aloud, for progress bars


@dataclass(frozen=True)
class SpeechFiles:
    """Where and how many sound files of one text file are written.

    Attributes
    ----------
    out
        Their folder; by default the name of the text file.
    format
        Format of the sound files.
    subtitles
        Format of the subtitles, ``srt``, ``vtt`` or ``json``; None for no subtitles.
    """

    out: Path | None = None
    format: SpeechFormat = "wav"
    subtitles: str | None = None

    def folder(self, source: Path) -> Path:
        """Return the folder of the files of a text file."""
        return Path(file_stem(source.stem)) if self.out is None else self.out

    def sound_file(self, folder: Path, stem: str) -> Path:
        """Return the path of a sound file in the folder."""
        return inside(folder, f"{stem}.{self.format}")

    def subtitle_file(self, sound_file: Path) -> Path | None:
        """Return the path of the subtitles of a sound file, None without subtitles."""
        return None if self.subtitles is None else sound_file.with_suffix(f".{self.subtitles}")

    def has_subtitles(self, sound_file: Path) -> bool:
        """Return False if a sound file lacks the subtitles that it should have."""
        subtitle_file = self.subtitle_file(sound_file)
        return subtitle_file is None or subtitle_file.is_file()


@dataclass(frozen=True)
class SpokenFile:
    """A sound file; ``is_new`` unless it existed before."""

    file: str
    seconds: float
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class SpokenFiles:
    """Many sound files of one text file.

    Attributes
    ----------
    out
        Their folder.
    clipped_fraction
        Fraction of new samples that exceeded full scale, from 0 to 1.
    below_target
        New files that do not reach the target loudness.
    """

    out: Path
    clipped_fraction: float = 0.0
    below_target: tuple[str, ...] = ()

    def level_notes(self) -> list[str]:
        """Return a sentence for files below the target loudness, and one for clipped samples."""
        notes = [below_target_message(self.below_target)] if self.below_target else []
        return notes + ([clipping_message(self.clipped_fraction)] if self.clipped_fraction else [])


def write_speech(
    path: Path,
    chunks: Iterable[Chunk],
    sample_rate: int,
    origin: Mapping[str, object],
    subtitle_file: Path | None = None,
    normaliser: LoudnessNormaliser | None = None,
) -> None:
    """Write chunks to a sound file, whole or not at all.

    Memory does not grow with the length, except for the words of subtitles.

    Parameters
    ----------
    path : Path
        The sound file.
    chunks : iterable of Chunk
        The speech.
    sample_rate : int
        Sample rate in Hz.
    origin : mapping of str to object
        What the audio was made from; it becomes the comment of the file.
    subtitle_file : Path, optional
        File for the subtitles, written before the sound file, so that no sound file lacks them.
    normaliser : LoudnessNormaliser, optional
        Brings the speech to its target loudness.
    """
    words: list[TimedWord] = []
    marks: list[TimedMark] = []

    def collect_words() -> Iterator[Chunk]:
        for chunk in chunks:
            if subtitle_file is not None:
                words.extend(chunk.words)
                marks.extend(chunk.marks)
            yield chunk

    def clips() -> Iterator[Clip]:
        yield from clips_of(collect_words(), sample_rate, path.parent, normaliser)
        if subtitle_file is not None:
            write_whole(subtitle_file, subtitles(words, marks, subtitle_format(subtitle_file)).encode("utf-8"))

    write_blocks(path, clips(), metadata={"comment": json.dumps(origin)})


def clips_of(
    chunks: Iterable[Chunk], sample_rate: int, folder: Path, normaliser: LoudnessNormaliser | None = None
) -> Iterator[Clip]:
    """Yield the audio of chunks as clips, at the target loudness; long audio is spooled to a file in ``folder``."""
    waves = (chunk.wave for chunk in chunks if chunk.wave.shape[1])
    normalised = waves if normaliser is None else normaliser.normalise(waves, sample_rate, folder)
    return (Clip(wave, sample_rate) for wave in normalised)


def read_origin(path: Path) -> dict[str, object]:
    """Return what a sound file was made from, by its comment; empty if it is not a file of speech."""
    try:
        origin = parse(read_metadata(path)["comment"])
    except (BadAudio, ValueError, KeyError):
        return {}
    return origin if isinstance(origin, dict) else {}


def read_seconds(path: Path) -> float:
    """Return the duration of a sound file, which is decoded if its header does not contain it."""
    seconds = read_header(path).seconds
    return sum(block.seconds for block in read_blocks(path)) if seconds is None else seconds


def make_folder(out: Path) -> None:
    """Create a folder, or remove the temporary files of killed processes from it; raise BadFolder if that fails."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        sweep_once(out)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadFolder(f"{out} is a file or lies in one; give a folder to write to with --out.") from error
    except OSError as error:
        raise BadFolder(why_not_written(out, error.strerror or str(error))) from error
