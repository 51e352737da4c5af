"""Draw the waveform, spectrogram and mel spectrogram of a sound file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..drawing import Kind, check_drawable, described, draw, picture_of
from ..errors import BadAudio
from . import checked


@dataclass(frozen=True)
class Plot:
    """A picture that was drawn and what it shows; ``peak_db`` is relative to full scale."""

    out: Path
    file: Path
    kind: Kind
    seconds: float
    sample_rate: int
    n_channels: int
    peak_db: float

    def __str__(self) -> str:
        return f"{self.out}: {described(self.seconds, self.sample_rate, self.n_channels, self.peak_db)}"


@checked
def plot(
    file: Annotated[Path, Field(description="Sound file to draw, of any length.")],
    out: Annotated[Path | None, Field(description="PNG file to write; default: <name>-plot.png beside the sound.")] = None,
    kind: Annotated[Kind, Field(description="What to draw.")] = "all",
) -> Plot:
    """Draw the waveform, spectrogram and mel spectrogram of a sound file.

    Raises BadAudio where the file cannot be read, BadSetting where ``out`` is no PNG file, BadFolder where its folder does not exist,
    MissingExtra without matplotlib.
    """
    if file.is_dir():
        raise BadAudio(f"{file} is a folder; give a sound file.")
    out = file.with_name(f"{file.stem}-plot.png") if out is None else out
    check_drawable(out)  # before a long file is read
    picture = picture_of(file)
    draw(picture, out, kind, title=file.name)
    return Plot(out, file, kind, picture.seconds, picture.sample_rate, len(picture.low), picture.peak_db)
