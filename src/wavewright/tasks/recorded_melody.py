"""Recordings as melodies of accompaniments: transcribed first, mixed with the accompaniment in the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..audio.sound_file import read_header
from ..base.errors import BadAudio
from ..base.progress_bar import progress_bar
from ..base.whole_file import scratch_folder
from ..effects.editing.chain import Chain
from ..effects.mixing.files import check_out, write_mix
from ..effects.mixing.plan import MASTER, Mix, Placement, Strip
from ..effects.mixing.sources import FileSource
from ..inference.transcription import score_of, track_beats, transcribe_file
from ..music.accompaniment.melody import melody_track
from ..music.formats import write_score
from ..music.score import Score
from .render import render

QUANTISATION = 16
MELODY_LUFS = -20.0
CEILING = "limit -1dBTP"
LOWEST_RATE_HZ = 44_100
"""Sample rate of the mix where that of the recording is lower."""


def read_melody(path: Path, tempo: float | None = None, *, quiet: bool = False) -> Score:
    """Transcribe a recording to a melody on sixteenths, in time with the recording.

    Parameters
    ----------
    path : Path
        Sound file.
    tempo : float, optional
        About so many beats a minute; estimated by default.
    quiet : bool
        Show no progress.

    Raises
    ------
    BadAudio
        If the file cannot be read or has no notes.
    """
    with progress_bar(f"transcribing {path.name}", read_header(path).seconds, quiet) as show:
        transcription = transcribe_file(path, progress=show)
    if not transcription.notes:
        raise BadAudio(f"{path} has no notes to accompany: it is silent or has no pitch; try another recording.")
    beats = track_beats(transcription.notes, transcription.seconds, tempo)
    return score_of(transcription.notes, beats, QUANTISATION)


def write_with_recording(
    score: Score,
    recording: Path,
    target: Path,
    *,
    balance_db: float = 0.0,
    soundfont: Path | None = None,
    quiet: bool = False,
) -> None:
    """Render an accompaniment and mix it with the recording of its melody.

    Parameters
    ----------
    score : Score
        Melody and accompaniment, in time with the recording.
    recording : Path
    target : Path
        Sound file to write.
    balance_db : float
        Loudness of the accompaniment over that of the recording.
    soundfont : Path, optional
        Instruments; the bundled General MIDI bank by default.
    quiet : bool
        Show no progress.

    Raises
    ------
    BadAudio, BadFolder, BadSetting
        If the file cannot be written.
    """
    melody = melody_track(score)
    others = replace(score, tracks=tuple(track for index, track in enumerate(score.tracks) if index != melody))
    sample_rate = max(read_header(recording).sample_rate, LOWEST_RATE_HZ)
    with scratch_folder() as folder:
        parts, rendered = folder / "accompaniment.mid", folder / "accompaniment.wav"
        write_score(others, parts)
        render(parts, rendered, soundfont=soundfont, sample_rate=sample_rate, quiet=quiet)
        mix = _mix(recording, rendered, sample_rate, balance_db)
        check_out(mix, target)
        with progress_bar(f"mixing {target.name}", mix.expected_seconds, quiet) as show:
            write_mix(mix, target, recording.name, show=show)


def _mix(recording: Path, accompaniment: Path, sample_rate: int, balance_db: float) -> Mix:
    """Return the mix of both, each at its loudness."""
    loudness = {"melody": MELODY_LUFS, "accompaniment": MELODY_LUFS + balance_db}
    strips = {
        name: Strip(name, (Placement(FileSource(path)),), Chain.parse(f"loudness {loudness[name]:g}LUFS"))
        for name, path in (("melody", recording), ("accompaniment", accompaniment))
    }
    strips[MASTER] = Strip(MASTER, chain=Chain.parse(CEILING), output=None)
    mix = Mix(strips, sample_rate, 2)
    mix.check()
    return mix
