"""Speak a book, a sound file for each chapter."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base import parameters
from ..base.parameters import FREE_TEXT
from ..base.task_parameters import parameters_from
from ..outputs.made import Made
from ..speech.book_source import language_of_book, open_book
from ..speech.narration.audiobook import AudiobookSettings
from ..speech.narration.book import speak_book
from ..speech.narration.narrator import NarratorLoader
from ..speech.narration.settings import NarrationSettings
from ..speech.narration.speech_file import SpeechFiles
from ..text.markup import markup_of


@dataclass(frozen=True)
class NarrateParameters(AudiobookSettings, SpeechFiles, NarrationSettings):
    """Parameters of `narrate`."""

    file: Annotated[Path, Field(description="Text file of any length, Markdown or HTML by its name, or an EPUB.")]
    _: KW_ONLY
    ssml: bool = field(default=False, init=False)  # a book is plain text
    seconds: float | None = field(default=None, init=False)  # and as long as it is
    chapter_mark: Annotated[
        str | None,
        Field(description="Prefix of the lines that start a chapter; default: headings.", min_length=1),
        FREE_TEXT,
    ] = None
    quiet: parameters.Quiet = False


@parameters_from(NarrateParameters)
def narrate(given: NarrateParameters) -> Made:
    """Speak a book, a sound file for each chapter.

    The book is a text file, Markdown or HTML, or an EPUB, whose table of contents starts the chapters, and whose notes
    and page numbers are left out. Title, author and language are those of the EPUB, the header of Markdown or the head
    of HTML. Chapters whose sound files exist and are up to date are skipped, so that an interrupted call can be
    repeated. Words that cannot be read, such as those of another script, are skipped with a SkippedText warning. Files
    are written whole or not at all.

    ``audiobook`` also joins the chapters in one M4B, M4A or MP3 file with chapters, cover and tags, which is written
    again only if a chapter or a tag has changed.

    Raises BadText if the file is neither plain text nor an EPUB, or is damaged or encrypted, nothing in it can be
    spoken, or ``strict`` is set and a word cannot be read; BadSetting if a style, a language or a lexicon does not
    exist, or an EPUB is in another language than the voice, or the audio book is of another kind; BadModel if a voice
    or vocoder does not exist, or they do not belong together; BadFolder if files cannot be written, or another file has
    the name of a chapter or of the audio book; MissingExtra if an M4B or M4A file is asked for and PyAV is not
    installed.
    """
    given.check_audiobook()
    if given.markup == "none":
        given = replace(given, markup=markup_of(given.file))
    book = open_book(given.file, given.chapter_mark, given.markup)
    narrator = NarratorLoader().load(given)
    if given.language is None:
        narrator = narrator.in_language(language_of_book(book, narrator.voice))
    return speak_book(book, narrator, given, given.quiet, given)
