"""Write the score of a task as a score, or as sound, by the ending of the file's name."""

from __future__ import annotations

from pathlib import Path

from ..audio.clip import FORMATS
from ..base.errors import BadSetting
from ..base.names import file_stem
from ..base.whole_file import check_target, scratch_folder
from ..music.formats import WRITABLE, write_score
from ..music.score import Score
from ..outputs.watermark.marking import Marking
from .render import render_composed


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
    soundfont: Path | None = None,
    quiet: bool = False,
    marking: Marking | None = None,
) -> None:
    """Write a score, or render it to a sound file.

    Parameters
    ----------
    score : Score
    target : Path
        A name with an ending of WRITABLE, or of a sound file.
    soundfont : Path, optional
        Instruments of the sound; the bundled General MIDI bank by default.
    quiet : bool
        Show no progress.
    marking : Marking, optional
        The mark of the sound of a score that a model composed; a written score has none.

    Raises
    ------
    BadScore
        If the score cannot be written or has no notes.
    BadAudio, BadFolder
        If the file cannot be written.
    """
    if target.suffix.lower() in WRITABLE:
        write_score(score, target)
        return
    with scratch_folder() as folder:
        path = folder / f"{file_stem(target.stem)}.mid"
        write_score(score, path)
        render_composed(path, target, marking, soundfont=soundfont, quiet=quiet)
