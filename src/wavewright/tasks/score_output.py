"""Write the score of a task as a score, or as sound, by the ending of the file's name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from ..audio.clip import FORMATS
from ..base.errors import BadSetting
from ..base.names import file_stem
from ..base.parameters import FREE_TEXT, MAX_SEED
from ..base.whole_file import check_target, new_target, scratch_folder
from ..music.bars import bars_of
from ..music.formats import WRITABLE, write_score
from ..music.score import Score
from ..outputs.made import Made, MadeFile, sound_file
from ..outputs.watermark.marking import Marking
from .render import render_composed

KeyName: TypeAlias = Annotated[
    str | None, Field(description="Only notes of this key, such as D, F#m or A dorian."), FREE_TEXT
]

PitchRangeText: TypeAlias = Annotated[str | None, Field(description="Only notes of this range, such as C4..G5.")]

ScoreSeed: TypeAlias = Annotated[int, Field(description="Same seed, same score.", ge=0, le=MAX_SEED)]


def composed_target(name: str, seed: int, out: Path | None) -> Path:
    """Return the file to write; raise BadSetting or BadFolder if it cannot be written."""
    target = new_target(Path(f"{file_stem(name)}-{seed}.mid")) if out is None else out
    check_score_target(target)
    return target


def composed_score(score: Score, target: Path, by: str, seed: int, is_marked: bool = False) -> Made:
    """Return the result of a score that was written; ``is_marked`` says whether its sound is."""
    bars, voices = bars_of(score, to_end=True)[-1].number, tuple(track.name for track in score.tracks)
    details = {"seed": seed, "bars": bars, "n_notes": score.n_notes, "voices": voices, "is_marked": is_marked}
    named = [name or f"track {number}" for number, name in enumerate(voices, 1)]
    line = f"  {bars} bars, {score.n_notes} notes for {', '.join(named)}, seed {seed}"
    return Made.of(replace(written_file(score, target), by=by), details=details, lines=[line])


def written_file(score: Score, target: Path) -> MadeFile:
    """Return what was written: a score with its length, or its sound with that of the file."""
    if target.suffix.lower() in WRITABLE:
        return MadeFile(path=target, seconds=round(score.seconds, 2))
    return sound_file(target)


def check_score_target(target: Path) -> None:
    """Raise BadSetting or BadFolder, before any work, for a file that can be neither a score nor a sound file."""
    check_target(target)
    endings = (*WRITABLE, *FORMATS)
    if target.suffix.lower() not in endings:
        raise BadSetting(
            f"{target} ends with {target.suffix!r}; scores are written to {', '.join(WRITABLE)}, and their sound to "
            f"{', '.join(FORMATS)}."
        )


def write_or_render(
    score: Score,
    target: Path,
    *,
    instrument: str | None = None,
    quiet: bool = False,
    marking: Marking | None = None,
) -> None:
    """Write a score, or render it to a sound file.

    Raises BadScore if the score cannot be written or has no notes; BadAudio or BadFolder if the file cannot be written.

    Parameters
    ----------
    score : Score
    target : Path
        A name with an ending of WRITABLE, or of a sound file.
    instrument : str, optional
        A SoundFont, a patch or a wave; the bundled General MIDI bank by default.
    quiet : bool
        Show no progress.
    marking : Marking, optional
        The mark of the sound of a score that a model composed; a written score has none.
    """
    if target.suffix.lower() in WRITABLE:
        write_score(score, target)
        return
    with scratch_folder() as folder:
        path = folder / f"{file_stem(target.stem)}.mid"
        write_score(score, path)
        render_composed(path, target, marking, instrument=instrument, quiet=quiet)
