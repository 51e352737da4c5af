"""Speak a table of texts, a sound file for each line."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base import parameters
from ..base.parameters import FREE_TEXT
from ..outputs.made import Made
from ..speech.narration.batch import speak_batch
from ..speech.narration.settings import NarrationSettings
from ..speech.narration.speech_file import SpeechFiles
from . import parameters_from


@dataclass(frozen=True)
class SpeakLinesParameters(SpeechFiles, NarrationSettings):
    """Parameters of `speak_lines`."""

    file: Annotated[Path, Field(description="CSV, JSONL or text file with a text a line.")]
    _: KW_ONLY
    name_column: Annotated[
        str | None,
        Field(description="Column with the names of the sound files; default: name or file, else numbers."),
        FREE_TEXT,
    ] = None
    quiet: parameters.Quiet = False


@parameters_from(SpeakLinesParameters)
def speak_lines(given: SpeakLinesParameters) -> Made:
    """Speak a table of texts, a sound file for each line, with the settings in its columns.

    Lines whose sound files exist and are up to date are skipped, so that an interrupted call can be repeated. A line
    that cannot be spoken does not keep the others from being spoken. ``manifest.jsonl`` lists all files. Words that
    cannot be read, such as those of another script, are skipped with a SkippedText warning. Files are written whole or
    not at all.

    Raises BadText if the file is no table of texts; BadSetting if a style, a language or a lexicon of all lines does
    not exist; BadModel if a voice or vocoder of all lines does not exist, or they do not belong together; BadFolder if
    the file does not exist, or files cannot be written.
    """
    return speak_batch(given.file, given, given, given.name_column, given.quiet)
