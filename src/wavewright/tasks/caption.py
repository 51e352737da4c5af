"""Write what is said in a recording, or in each recording of a folder: text, subtitles, or words with their times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.errors import BadSetting
from ..base.parameters import TERMINAL, Quiet, RecogniserName, Settled, Writes
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..dubbing.captioning import Captioning
from ..dubbing.captions import SUFFIXES, CaptionFormat
from ..dubbing.project import LANGUAGE
from ..dubbing.recognition import CHOICES, open_recogniser
from ..outputs.converted_folder import convert_folder
from ..outputs.made import Made
from ..outputs.made_file import file_of_format


@checked
def caption(
    file: Annotated[Path, Field(description="Sound or video in which somebody speaks, or a folder of them.")],
    recogniser: RecogniserName = None,
    out: Annotated[
        Path | None,
        Field(
            description="Subtitles (.srt, .vtt), text (.txt) or words with their times (.json) to write; default: "
            "a new <file>.srt here. Of a folder, the folder to write; default: <folder>-captioned beside it."
        ),
        Writes(".srt"),
    ] = None,
    format: Annotated[
        CaptionFormat | None, Field(description="Of the files of a folder; default: srt. A file's is that of --out.")
    ] = None,
    language: Annotated[
        str | None,
        Field(description="Language of the speech, such as en; default: what is recognised.", pattern=LANGUAGE),
    ] = None,
    speakers: Annotated[
        int | None,
        Field(
            description="Number of speakers, if the recogniser names none: they are told apart by their voices; 0 "
            "to find the number, too.",
            ge=0,
            le=20,
        ),
    ] = None,
    workers: Annotated[
        int,
        Field(
            description="Files of a folder at a time, each by a recogniser of its own; 0: one for each core.",
            ge=0,
            le=256,
        ),
        TERMINAL,
        Settled(1),
    ] = 1,
    quiet: Quiet = False,
) -> Made:
    """Write what is said in a recording as text, subtitles, or words with their times.

    The recogniser is a program or a model of your own: none comes with Wavewright, and nothing is downloaded. Subtitles
    have at most two lines, and end with sentences and long silences; speakers, where the recogniser knows them, are in
    WebVTT, text and JSON. Where it gives no times of words, these are estimated from the letters and the silences. Of a
    folder, all recordings are captioned, those in its folders too; called again, what is up to date is kept.

    Raises BadAudio if the file cannot be read, or no speech was recognised; BadSetting or BadText if there is no
    recogniser, or it fails or prints something else; BadFolder if a file cannot be written; MissingExtra if the package
    of the recogniser is not installed.
    """
    if recogniser is None:
        raise BadSetting(
            f"Nothing here recognises open speech; give --recogniser {CHOICES}. A server is started with it."
        )
    if file.is_dir():
        suffix = f".{format or 'srt'}"
        begin = Captioning(recogniser, language or "", suffix, speakers).begin
        return convert_folder(file, out, begin, "captioning", "captioned", workers, quiet, suffix)
    target = file_of_format(file, out, format, "file of captions", SUFFIXES, "srt")
    open_sound(file)  # refuse what is no sound before a recogniser is opened
    captioning = Captioning(recogniser, language or "", target.suffix.lower(), speakers)
    with progress_bar(f"captioning {file.name}", None, quiet):
        made = captioning.write(open_recogniser(recogniser), file, target)
    language_text = f" in {made.details['language']!r}" if made.details["language"] else ""
    words = f"  {made.details['n_words']} words{language_text}; {made.details['word_times']} times of words"
    return Made.of(made, lines=(words,))
