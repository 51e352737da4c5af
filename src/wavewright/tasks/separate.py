"""Part a recording into speech and background."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.parameters import NAMES_MODEL, Quiet, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..families import loading
from ..inference.enhancement.stems import Stems, separate_file
from ..outputs.made import Made

DEFAULT_MODEL = "denoise-48k"


@checked
def separate(
    source: Annotated[Path, Field(description="Sound file or video, of any length.")],
    out: Annotated[
        Path | None,
        Field(description="Folder for the stems; default: <name>-stems beside the sound file."),
        WritesSounds(),
    ] = None,
    stems: Annotated[
        Stems,
        Field(description="Stems to write."),
    ] = "both",
    model: Annotated[
        str,
        Field(description="Name of a denoiser, the path of its folder, or an ONNX file of another program."),
        NAMES_MODEL,
    ] = DEFAULT_MODEL,
    quiet: Quiet = False,
) -> Made:
    """Part a recording into stems: speech, and the background, which is music, effects and noise.

    The stems are as long as the recording, have its sample rate and channels, and add up to it. All channels share a
    mask, so every sound stays in its place. Called again, stems that are up to date are kept.

    Raises BadAudio if the sound cannot be read; BadModel if the model does not exist, enhances nothing or is damaged;
    BadFolder if the stems cannot be written.
    """
    header = open_sound(source).header
    folder = source.with_name(f"{source.stem}-stems") if out is None else out
    enhancer = loading.load_enhancer(model)
    with progress_bar(f"separating {source.name}", header.seconds, quiet) as show:
        return separate_file(source, folder, enhancer, stems, show)
