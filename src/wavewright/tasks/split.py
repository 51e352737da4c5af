"""Split a sound file at its silences or at times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.parameters import WritesSounds
from ..base.rules import Without
from ..base.task_parameters import checked
from ..effects.editing.splitting import LengthSplit, SilenceSplit, Split, TimeSplit, split_file
from ..outputs.made import Made


@checked
def split(
    file: Annotated[Path, Field(description="Sound file, of any length.")],
    out: Annotated[
        Path | None,
        Field(description="Folder for the files; default: <name>-split beside the sound file."),
        WritesSounds(),
    ] = None,
    silence_db: Annotated[
        float, Field(description="Level in dB of full scale that no sample of silence exceeds.", ge=-120, le=0)
    ] = SilenceSplit.silence_db,
    min_silence: Annotated[
        float, Field(description="Shortest silence to split at, in seconds.", ge=0.001, le=3_600)
    ] = SilenceSplit.min_silence_seconds,
    min_seconds: Annotated[
        float, Field(description="Shortest sound between silences that is kept, in seconds.", ge=0, le=3_600)
    ] = SilenceSplit.min_seconds,
    padding: Annotated[
        float, Field(description="Silence kept before and after each sound, in seconds.", ge=0, le=60)
    ] = SilenceSplit.padding_seconds,
    at: Annotated[
        tuple[float, ...],
        Field(description="Split at this time in seconds instead; may be given several times."),
        Without("silence_db", "min_silence", "min_seconds", "padding", "at_most"),
    ] = (),
    every: Annotated[
        float | None,
        Field(description="Split every so many seconds instead.", ge=0.01, le=86_400),
        Without("silence_db", "min_silence", "min_seconds", "padding", "at_most"),
    ] = None,
    at_most: Annotated[
        float | None,
        Field(description="Split into parts of at most so many seconds, cut at silences.", ge=0.01, le=86_400),
        Without("min_seconds", "padding"),
    ] = None,
) -> Made:
    """Split a sound file into numbered files of a folder: at its silences, at times, or into parts of a length.

    The parts of a split at times or of a length are the whole sound; at silences, what is silent is left out but for
    the padding.

    Raises BadAudio if the sound cannot be read, or has nothing above the threshold; BadSetting if a time lies outside
    the sound; BadFolder if the files cannot be written.
    """
    kind: Split = SilenceSplit(silence_db, min_silence, min_seconds, padding)
    if at or every is not None:
        kind = TimeSplit(at, every)
    elif at_most is not None:
        kind = LengthSplit(at_most, silence_db, min_silence)
    sound = open_sound(file)
    folder = file.with_name(f"{file.stem}-split") if out is None else out
    return split_file(sound, folder, kind)
