"""Align a recording with its score: times of notes and bars, a tempo map, a page that follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..audio.clip import Clip
from ..audio.sound_file import open_sound
from ..base.errors import BadAudio
from ..base.names import file_stem
from ..base.parameters import TuneNumber, Writes
from ..base.task_parameters import checked
from ..base.whole_file import check_target, new_target, write_whole
from ..inference.score_alignment.aligning import MAX_SECONDS, RATE, align_score, bar_times
from ..inference.score_alignment.page import follow_page
from ..music.formats import check_score_name, read_score, write_score
from ..outputs.made import Made, MadeFile

POOR_FIT = 0.65
PAGE_RATE_HZ = 32_000


@dataclass(frozen=True)
class AlignedNote:
    """A note of the score: start and end in the recording in seconds, pitch, track and tick."""

    start: float
    end: float
    pitch: int
    track: int
    tick: int


@dataclass(frozen=True)
class AlignedBar:
    """A bar of the score: its number, and its start in the recording in seconds."""

    number: int
    start: float


@checked
def align(
    file: Annotated[Path, Field(description="Recording of the score.")],
    score: Annotated[Path, Field(description="Score: a MIDI, ABC or MusicXML file.")],
    out: Annotated[
        Path | None,
        Field(description="MIDI file with the tempo map of the recording; default: a new <file>-aligned.mid here."),
        Writes(".mid"),
    ] = None,
    page: Annotated[
        Path | None,
        Field(description="HTML file that plays the recording and follows the score."),
        Writes(".html", is_only=True),
    ] = None,
    tune: TuneNumber = 1,
) -> Made:
    """Align a recording with its score: when each note and bar is played.

    The score is written again with the tempo of each quarter of the recording.

    Raises BadAudio if the recording cannot be read, is silent, or lasts more than an hour; BadScore if the score cannot
    be read, or has no notes; BadSetting or BadFolder if a file cannot be written.
    """
    header = open_sound(file).header
    if header.seconds is not None and header.seconds > MAX_SECONDS:
        raise BadAudio(f"{file} lasts {header.seconds:.0f} s; recordings of up to an hour can be aligned: cut it.")
    target = new_target(Path(f"{file_stem(file.stem)}-aligned.mid")) if out is None else out
    check_score_name(target)
    check_target(target, file, score)
    if page is not None:
        check_target(page)
    written = read_score(score, tune)
    recording = Clip.read(file)
    alignment = align_score(recording.mono().resample(RATE).wave[0], written)
    notes = []
    for number, track in enumerate(written.tracks):
        starts = track.notes["start"]
        spans = alignment.times(np.stack([starts, starts + track.notes["duration"]]))
        for start, end, pitch, tick in zip(*spans, track.notes["pitch"], starts, strict=True):
            notes.append(AlignedNote(round(float(start), 4), round(float(end), 4), int(pitch), number, int(tick)))
    notes.sort(key=lambda note: (note.start, note.pitch))
    bars = bar_times(alignment, written)
    write_score(alignment.played_score(written), target)
    if page is not None:
        rows = [(note.start, note.end, note.pitch) for note in notes]
        clip = recording.mono().resample(PAGE_RATE_HZ)
        write_whole(page, follow_page(clip, written.title or score.stem, rows, bars).encode())
    start_seconds = round(float(alignment.times(np.array([0]))[0]), 4)
    last = bars[-1][0] if bars else 0
    lines = [f"  {len(notes)} notes, bars to {last}, from {start_seconds:.2f} s on, fit {alignment.fit:.2f}"]
    is_poor = alignment.fit < POOR_FIT
    files = [MadeFile(path=target, source=file), *([] if page is None else [MadeFile(path=page, source=file)])]
    details = {
        "score": score,
        "start_seconds": start_seconds,
        "fit": alignment.fit,
        "notes": tuple(notes),
        "bars": tuple(AlignedBar(number, round(time, 4)) for number, time in bars),
    }
    advice = [f"The fit is poor: {file.name} may be another piece than {score.name}."] if is_poor else []
    return Made.of(*files, details=details, lines=lines, notes=advice)
