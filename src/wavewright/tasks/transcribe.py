"""Transcribe the melody of a recording: notes, beats and bars as a score."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..drawing import check_plot_of
from ..errors import BadAudio, BadSetting
from ..music.formats import WRITABLE, write_score
from ..music.theory import MusicalKey, pitch_name, pitch_range_of
from ..names import file_stem
from ..parameters import Quiet
from ..progress_bar import progress_bar
from ..sound_file import read_header
from ..transcription import Beats, MelodyNote, TranscriptionSettings, score_of, track_beats, transcribe_file
from ..transcription.plot import draw_transcription
from ..transcription.settings import HIGHEST_PITCH, LOWEST_PITCH
from ..whole_file import check_target, write_whole
from . import checked

USUAL = TranscriptionSettings()
NOTATION = (".musicxml", ".mxl", ".abc")
"""Endings of scores that are read by people: their notes are quantised, their tempo is one."""

NOTATION_VALUE = 16


@dataclass(frozen=True, kw_only=True)
class TranscribedMelody:
    """A transcription that was written.

    Attributes
    ----------
    out : Path
        The score, or the JSON file.
    seconds : float
        Length of the recording.
    tuning_cents : float
        Tuning above 440 Hz for A4.
    tempo : float
        Median of the beats, in beats a minute.
    metre, key : str
    notes : tuple of MelodyNote
    plot : Path, optional
    """

    out: Path
    seconds: float
    tuning_cents: float
    tempo: float
    metre: str
    key: str
    notes: tuple[MelodyNote, ...]
    plot: Path | None = None

    def __str__(self) -> str:
        """Return the file, the number and range of the notes, tempo, metre, key and tuning."""
        pitches = [note.pitch for note in self.notes]
        lines = [
            f"{self.out}: {len(pitches)} notes from {pitch_name(min(pitches))} to {pitch_name(max(pitches))} "
            f"in {self.seconds:.1f} s",
            f"  {self.tempo:.0f} beats a minute, {self.metre}, {self.key}, tuning {self.tuning_cents:+.0f} cents",
        ]
        return "\n".join([*lines, *([] if self.plot is None else [f"  plot: {self.plot}"])])


@checked
def transcribe(
    file: Annotated[Path, Field(description="Sound file with one voice: singing, a guitar line, a violin ...")],
    out: Annotated[
        Path | None,
        Field(description="Score (.mid, .musicxml, .mxl, .abc) or notes (.json) to write; default: <file>.mid here."),
    ] = None,
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
    metre: Annotated[str | None, Field(description="From 2/4 to 7/4; default: 3/4 or 4/4, which fits better.")] = None,
    pitches: Annotated[str | None, Field(description="Only notes of this range, such as C3..C6.")] = None,
    onset_db: Annotated[
        float,
        Field(description="Rise in dB at which a note is repeated; less finds more repeated notes.", ge=0.5, le=40),
    ] = USUAL.onset_db,
    min_note: Annotated[float, Field(description="Shortest note in seconds.", ge=0.03, le=1)] = USUAL.min_note_seconds,
    plot: Annotated[Path | None, Field(description="PNG file to draw the notes over the pitch to.")] = None,
    quiet: Quiet = False,
) -> TranscribedMelody:
    """Transcribe the melody of a recording to a score.

    The recording has one voice, which may be noisy or reverberant. Beats and bars are tracked; the score has the tempo
    of every beat, so it stays in time with the recording.

    Returns
    -------
    TranscribedMelody

    Raises
    ------
    BadAudio
        If the file cannot be read, or has no notes.
    BadSetting, BadFolder
        If a setting is wrong, or a file cannot be written.
    MissingExtra
        If a plot is asked for, and matplotlib is not installed.
    """
    target = Path(f"{file_stem(file.stem)}.mid") if out is None else out
    check_target(target)
    suffix = target.suffix.lower()
    if suffix not in (*WRITABLE, ".json"):
        raise BadSetting(f"{target} is no score; its name must end with {', '.join((*WRITABLE, '.json'))}.")
    if plot is not None:
        check_plot_of(plot, file.name)
    lowest, highest = (USUAL.lowest_pitch, USUAL.highest_pitch) if pitches is None else pitch_range_of(pitches)
    settings = TranscriptionSettings(
        lowest_pitch=max(lowest, LOWEST_PITCH),
        highest_pitch=min(highest, HIGHEST_PITCH),
        min_note_seconds=min_note,
        onset_db=onset_db,
    )
    beats_per_bar = _beats_per_bar(metre)
    with progress_bar(f"transcribing {file.name}", read_header(file).seconds, quiet) as show:
        transcription = transcribe_file(file, settings, show)
    if not transcription.notes:
        raise BadAudio(f"{file} has no notes: it is silent, has no pitch, or none in the range; try another recording.")
    beats = track_beats(transcription.notes, transcription.seconds, tempo, beats_per_bar)
    is_notation = suffix in NOTATION
    value = quantise or (NOTATION_VALUE if is_notation else None)
    score = score_of(transcription.notes, beats, value, is_steady=is_notation)
    key = score.keys[0]
    result = TranscribedMelody(
        out=target,
        seconds=round(transcription.seconds, 3),
        tuning_cents=transcription.tuning_cents,
        tempo=round(beats.tempo, 1),
        metre=f"{beats.beats_per_bar}/4",
        key=MusicalKey.of_sharps(int(key["sharps"]), bool(key["is_minor"])).name,
        notes=transcription.notes,
        plot=plot,
    )
    if suffix == ".json":
        write_whole(target, _json_of(result, file, beats))
    else:
        write_score(score, target)
    if plot is not None:
        draw_transcription(transcription, plot, file.name, beats)
    return result


def _json_of(result: TranscribedMelody, file: Path, beats: Beats) -> bytes:
    """Return the notes and the beats as JSON."""
    contents: dict[str, object] = {"file": file.name, **asdict(result)}
    del contents["out"], contents["plot"]
    contents["beats_s"] = [round(float(time), 3) for time in beats.times_s]
    contents["first_downbeat"] = beats.first_downbeat
    return (json.dumps(contents, indent=1) + "\n").encode()


def _beats_per_bar(metre: str | None) -> int | None:
    """Return the quarters of a metre such as ``3/4``."""
    if metre is None:
        return None
    match = re.fullmatch(r"\s*([2-7])\s*/\s*4\s*", metre)
    if match is None:
        raise BadSetting(f"{metre!r} is no metre of beats that are quarters; write one from 2/4 to 7/4.")
    return int(match[1])
