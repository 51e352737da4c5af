"""Many sound files of one text file: where they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ...base.names import file_stem, inside
from ...base.parameters import WritesSounds
from ..chunk import Clipping, clipping_message
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


def level_notes(below_target: Sequence[str], clipping: Clipping) -> tuple[str, ...]:
    """Return a sentence for new files below the target loudness, and one for clipped samples."""
    notes = [below_target_message(below_target)] if below_target else []
    return (*notes, *([clipping_message(clipping.clipped_fraction)] if clipping.n_clipped else []))
