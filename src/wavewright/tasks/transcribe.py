"""Transcribe a recording, or each recording of a folder: a melody or several voices, beats and bars as a score."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.errors import BadSetting
from ..base.parameters import FREE_TEXT, NAMES_MODEL, Quiet, Workers, Writes
from ..base.progress_bar import progress_bar
from ..base.rules import Needs, Without
from ..base.task_parameters import checked
from ..inference.transcription import TranscriptionSettings
from ..inference.transcription.files import (
    SUFFIXES,
    FolderTranscription,
    MelodyTranscription,
    opened_detector,
)
from ..inference.transcription.settings import HIGHEST_PITCH, LOWEST_PITCH, PolyphonicSettings
from ..music.theory import pitch_range_of
from ..outputs.converted_folder import convert_folder
from ..outputs.made import Made
from ..outputs.made_file import file_of_format
from ..plots import check_plot_of

USUAL = TranscriptionSettings()
ScoreFormat = Literal["mid", "musicxml", "mxl", "abc", "json"]


@checked
def transcribe(
    file: Annotated[
        Path,
        Field(
            description="Sound file with one voice (singing, a guitar line, a violin ...), or with --polyphonic with "
            "several; or a folder of them."
        ),
    ],
    out: Annotated[
        Path | None,
        Field(
            description="Score (.mid, .musicxml, .mxl, .abc) or notes (.json) to write; default: a new <file>.mid "
            "here. Of a folder, the folder to write; default: <folder>-transcribed beside it."
        ),
        Writes(".mid"),
    ] = None,
    format: Annotated[
        ScoreFormat | None, Field(description="Of the scores of a folder; default: mid. A file's is that of --out.")
    ] = None,
    polyphonic: Annotated[
        bool,
        Field(description="Find the notes of several voices: piano, guitar, choir, small ensembles."),
        Without("onset_db"),
    ] = False,
    model: Annotated[
        str | None,
        Field(description="Name of a transcriber of several voices, or the path of its folder; default: polyphonic."),
        NAMES_MODEL,
        Needs("polyphonic"),
    ] = None,
    chords: Annotated[bool, Field(description="Find the chord of each bar, too, and write it into the score.")] = False,
    quantise: Annotated[
        int | None,
        Field(
            description="Note value on which notes start and end: 4, 8, 12 (triplets), 16, 24 or 32; default: 16 for "
            ".musicxml and .abc, else the times of the recording."
        ),
    ] = None,
    tempo: Annotated[
        float | None, Field(description="About so many beats a minute; default: estimated.", ge=40, le=240)
    ] = None,
    metre: Annotated[
        str | None, Field(description="From 2/4 to 7/4; default: 3/4 or 4/4, which fits better."), FREE_TEXT
    ] = None,
    pitches: Annotated[str | None, Field(description="Only notes of this range, such as C3..C6.")] = None,
    onset_db: Annotated[
        float,
        Field(description="Rise in dB at which a note is repeated; less finds more repeated notes.", ge=0.5, le=40),
    ] = USUAL.onset_db,
    min_note: Annotated[float, Field(description="Shortest note in seconds.", ge=0.03, le=1)] = USUAL.min_note_seconds,
    plot: Annotated[
        Path | None, Field(description="PNG file to draw the notes over the pitch to."), Writes(".png", is_only=True)
    ] = None,
    workers: Workers = 0,
    quiet: Quiet = False,
) -> Made:
    """Transcribe a recording to a score.

    The recording has one voice, which may be noisy or reverberant, or with `polyphonic` several. Beats and bars are
    tracked; the score has the tempo of every beat, so it stays in time with the recording. Of a folder, all recordings
    are transcribed, those in its folders too; called again, what is up to date is kept.

    Raises BadAudio if the file cannot be read, or has no notes; BadModel if the model cannot be used, or finds no notes
    of several voices; BadSetting or BadFolder if a setting is wrong, or a file cannot be written; MissingExtra if a
    plot is asked for, and matplotlib is not installed.
    """
    settings: TranscriptionSettings | PolyphonicSettings
    if polyphonic:
        settings = _polyphonic_settings(model, pitches, min_note)
    else:
        settings = _melody_settings(pitches, min_note, onset_db)
    transcription = MelodyTranscription(settings, quantise, tempo, _beats_per_bar(metre), chords)
    if file.is_dir():
        if plot is not None:
            raise BadSetting(f"A plot shows one recording, and {file} is a folder; leave --plot out.")
        begin, suffix = FolderTranscription(transcription).begin, f".{format or 'mid'}"
        return convert_folder(file, out, begin, "transcribing", "transcribed", workers, quiet, suffix)
    target = file_of_format(file, out, format, "score", SUFFIXES, "mid")
    if plot is not None:
        check_plot_of(plot, file.name)
    sound = open_sound(file)
    with progress_bar(f"transcribing {file.name}", sound.header.seconds, quiet) as show:
        return transcription.write(sound, target, plot, show)


def _melody_settings(pitches: str | None, min_note: float, onset_db: float) -> TranscriptionSettings:
    """Return the settings of one voice."""
    lowest, highest = (USUAL.lowest_pitch, USUAL.highest_pitch) if pitches is None else pitch_range_of(pitches)
    return TranscriptionSettings(
        lowest_pitch=max(lowest, LOWEST_PITCH),
        highest_pitch=min(highest, HIGHEST_PITCH),
        min_note_seconds=min_note,
        onset_db=onset_db,
    )


def _polyphonic_settings(model: str | None, pitches: str | None, min_note: float) -> PolyphonicSettings:
    """Return the settings of several voices, whose model is opened."""
    usual = PolyphonicSettings()
    lowest, highest = (usual.lowest_pitch, usual.highest_pitch) if pitches is None else pitch_range_of(pitches)
    settings = PolyphonicSettings(
        model=model or usual.model,
        lowest_pitch=max(lowest, usual.lowest_pitch),
        highest_pitch=min(highest, usual.highest_pitch),
        min_note_seconds=min_note,
    )
    opened_detector(settings.model)
    return settings


def _beats_per_bar(metre: str | None) -> int | None:
    """Return the quarters of a metre such as ``3/4``."""
    if metre is None:
        return None
    match = re.fullmatch(r"\s*([2-7])\s*/\s*4\s*", metre)
    if match is None:
        raise BadSetting(f"{metre!r} is no metre of beats that are quarters; write one from 2/4 to 7/4.")
    return int(match[1])
