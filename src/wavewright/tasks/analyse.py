"""Analyse a recording: loudness, levels, spectrum, silence, speech and music, pitch, tempo and key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.errors import BadSetting
from ..base.parameters import Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..inference.analysis.files import MIN_SILENCE_SECONDS, SILENCE_DB, analyse_file
from ..inference.analysis.pitch import HIGHEST_HZ, LIMITS_HZ, LOWEST_HZ
from ..inference.analysis.plot import draw_analysis
from ..inference.analysis.report import Analysis
from ..plots import check_plot_of


@checked
def analyse(
    file: Annotated[Path, Field(description="Sound file, of any length.")],
    plot: Annotated[
        Path | None,
        Field(description="PNG file to draw waveform, spectrogram, loudness, pitch, speech, music and silence to."),
        Writes(".png", is_only=True),
    ] = None,
    silence_db: Annotated[
        float, Field(description="Level in dB of full scale that no sample of silence exceeds.", ge=-120, le=0)
    ] = SILENCE_DB,
    min_silence: Annotated[
        float, Field(description="Shortest silence to list, in seconds.", ge=0.001, le=3_600)
    ] = MIN_SILENCE_SECONDS,
    f_min_hz: Annotated[
        float, Field(description="Lowest pitch to search, Hz.", ge=LOWEST_HZ, le=HIGHEST_HZ)
    ] = LIMITS_HZ[0],
    f_max_hz: Annotated[
        float, Field(description="Highest pitch to search, Hz; 400 suits speech.", ge=LOWEST_HZ, le=HIGHEST_HZ)
    ] = LIMITS_HZ[1],
    quiet: Quiet = False,
) -> Analysis:
    """Measure loudness, levels, spectrum, silence, speech and music, pitch, tempo and key of a sound file.

    The file is decoded once, in bounded memory, and once more for a plot.

    Raises BadAudio if the file cannot be read; BadSetting if `plot` is not a PNG file, or the limits of the pitch do
    not rise; BadFolder if the folder of `plot` does not exist, or another file has its name; MissingExtra if a plot is
    asked for, and matplotlib is not installed.

    Returns
    -------
    Analysis
        The measurements.
    """
    if f_min_hz >= f_max_hz:
        raise BadSetting(
            f"The pitch is searched from {f_min_hz:g} to {f_max_hz:g} Hz; the second must be the higher one."
        )
    if plot is not None:
        check_plot_of(plot, file.name)  # before a long file is read
    sound = open_sound(file)
    with progress_bar(f"analysing {file.name}", sound.header.seconds, quiet) as show:
        analysis = analyse_file(sound, silence_db, min_silence, (f_min_hz, f_max_hz), show)
    if plot is None:
        return analysis
    draw_analysis(analysis, plot)
    return replace(analysis, plot=plot)
