"""Many sound files of one text file: where they are written, and what was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ...base.names import file_stem, inside
from ...base.parameters import WritesSounds
from ..chunk import clipping_message
from .loudness import below_target_message
from .speech_file import SpeechFormat

SubtitleFormat: TypeAlias = Literal["srt", "vtt", "json"]


@dataclass(frozen=True, kw_only=True)
class SpeechFiles:
    """Folder and formats of the sound files of one text file; `narrate` and `speak_lines` have them as parameters."""

    out: Annotated[
        Path | None, Field(description="Folder of the sound files; default: named after the text file."), WritesSounds()
    ] = None
    format: Annotated[SpeechFormat, Field(description="Format of the sound files.")] = "wav"
    subtitles: Annotated[
        SubtitleFormat | None, Field(description="Write a file for the words and their times beside each sound file.")
    ] = None

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

    - ``out``: their folder.
    - ``clipped_fraction``: fraction of new samples that exceeded full scale, from 0 to 1.
    - ``below_target``: new files that do not reach the target loudness.
    - ``is_marked``: the files have the inaudible mark of generated sound.
    """

    out: Path
    clipped_fraction: float = 0.0
    below_target: tuple[str, ...] = ()
    is_marked: bool = False

    def level_notes(self) -> list[str]:
        """Return a sentence for files below the target loudness, and one for clipped samples."""
        notes = [below_target_message(self.below_target)] if self.below_target else []
        return notes + ([clipping_message(self.clipped_fraction)] if self.clipped_fraction else [])
