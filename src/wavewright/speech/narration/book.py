"""Speak a book, a sound file for each chapter; chapters that exist already are kept."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ...audio.sound_file import read_origin
from ...base.errors import BadFolder, NothingToSpeak, SkippedText
from ...base.progress_bar import progress_bar
from ...base.whole_file import make_folder
from ...outputs.made import Made, MadeFile, sound_file
from ...text.markup import MarkupReader
from ...text.sentence import Sentence
from ...text.skipped import MAX_LISTED, Skipped
from ..book_source import BookSource, PositionUnit
from ..chapters import Chapter
from ..chunk import Clipping
from ..reading import SourceLines, check_lines
from .audiobook import Audiobook, AudiobookSettings, BookChapter
from .narrator import Narrator
from .speech_file import SECONDS_PER_CHARACTER, SpeechFiles, level_notes, write_speech


@dataclass(frozen=True)
class SkippedInBook:
    """A passage of a book that was not spoken, the number of its line, from 1, and the reason.

    - ``unit``: what ``line`` counts: the lines of a text, the paragraphs of an EPUB.
    """

    text: str
    line: int
    reason: str
    unit: PositionUnit = "line"

    def __str__(self) -> str:
        return f"{self.text!r} in {self.unit} {self.line} ({self.reason})"


@dataclass(frozen=True)
class _PlannedChapter:
    """A chapter with its sound file and the origin of that; ``is_new`` unless the file exists and is up to date."""

    chapter: Chapter
    path: Path
    origin: dict[str, object]
    is_new: bool


def speak_book(
    source: BookSource,
    narrator: Narrator,
    files: SpeechFiles,
    quiet: bool = False,
    joined: AudiobookSettings | None = None,
) -> Made:
    """Speak every chapter of a book whose sound file does not exist or is out of date, in bounded memory.

    The comment of each sound file records its text and settings; a chapter is spoken again only if they differ. New
    chapters are read to their end before anything is spoken.

    - ``source``: the book.
    - ``narrator``: voice and settings.
    - ``files``: folder and formats of the files.
    - ``quiet``: show no progress.
    - ``joined``: the audio book to join the chapters in; it is written again only if something has changed.

    Raises BadText if the file is not text, has nothing to speak or, with strict settings, a line that cannot be read,
    or BadFolder if a chapter has the name of another file, or nothing can be written.
    """
    file = source.file
    chapters = source.chapters()
    book = _Book(source, narrator, files, {chapter.text_hash for chapter in chapters})
    planned, skipped = book.plan(chapters)
    _warn(file, skipped)
    if not planned:
        raise NothingToSpeak(f"Nothing in {file} can be read; give a text in English letters.")
    audiobook = book.audiobook(planned, joined or AudiobookSettings())
    make_folder(book.out)
    clipping = Clipping()
    spoken: list[MadeFile] = []
    below_target: list[str] = []
    n_done = 0  # characters
    n_characters = sum(chapter.n_characters for chapter in chapters)
    with progress_bar(f"speaking {file.name}", n_characters * SECONDS_PER_CHARACTER, quiet) as show:
        for chapter in planned:
            if chapter.is_new and not book.speak(chapter, clipping, partial(_show_characters, show, n_done)):
                below_target.append(chapter.path.name)
            made = replace(sound_file(chapter.path), by=narrator.maker, is_new=chapter.is_new, origin=chapter.origin)
            spoken.append(replace(made, details={"title": chapter.chapter.title}))
            n_done += chapter.chapter.n_characters
            _show_characters(show, n_done, 0)
    leftover = book.leftover({chapter.path.name for chapter in spoken})
    lines = [f"Files of chapters that the text no longer has: {', '.join(leftover)}"] if leftover else []
    if audiobook is not None:
        spoken.append(_joined(audiobook, sum(each.seconds or 0.0 for each in spoken), quiet))
    return Made(
        out=book.out,
        files=tuple(spoken),
        notes=level_notes(below_target, clipping),
        details={
            "leftover": leftover,
            "skipped": tuple(skipped),
            "clipped_fraction": clipping.clipped_fraction,
            "below_target": tuple(below_target),
            "is_marked": narrator.marking is not None,
        },
        lines=tuple(lines),
    )


@dataclass
class _Book:
    """A book with the narrator and the folder of its chapters."""

    source: BookSource
    narrator: Narrator
    files: SpeechFiles
    text_hashes: Set[str]

    def __post_init__(self) -> None:
        file = self.source.file
        self.out = self.files.folder(file)
        self.origin = {"book": file.name, "path": _path_hash(file), **self.narrator.origin()}

    def plan(self, chapters: Iterable[Chapter]) -> tuple[list[_PlannedChapter], list[SkippedInBook]]:
        """Return the chapters with something to speak, and the skipped passages of the new ones."""
        planned: list[_PlannedChapter] = []
        skipped: list[SkippedInBook] = []
        for found in chapters:
            chapter = replace(found, number=len(planned) + 1)  # chapters without speech have no number
            path = self.files.sound_file(self.out, chapter.stem)
            origin = {**self.origin, "text": chapter.text_hash}
            is_new = not self._is_up_to_date(path, origin)
            has_speech = True
            if is_new:
                passages, has_speech = self._check(chapter)
                skipped += passages
            if has_speech:
                planned.append(_PlannedChapter(chapter, path, origin, is_new))
        return planned, skipped

    def audiobook(self, planned: Iterable[_PlannedChapter], settings: AudiobookSettings) -> Audiobook | None:
        """Return the audio book of the chapters, None without one; raise BadFolder if another file is there."""
        if settings.audiobook is None:
            return None
        chapters = [BookChapter(each.path, each.chapter.title, each.origin) for each in planned]
        tags = settings.tags_of(self.source.tags, self.source.file)
        return Audiobook(settings.audiobook, chapters, tags, self.origin)

    def speak(self, planned: _PlannedChapter, clipping: Clipping, show: Callable[[int], None]) -> bool:
        """Write the sound file of a chapter; return whether it reaches the target loudness."""
        texts = (paragraph.text for paragraph in self.source.paragraphs(planned.chapter))
        chunks = self.narrator.chunks(_counted(texts, show), on_skip=_ignore)  # `plan` has listed the passages
        subtitle_file = self.files.subtitle_file(planned.path)
        normaliser = self.narrator.loudness_normaliser()
        sample_rate = self.narrator.voice.sample_rate
        write_speech(planned.path, clipping.count(chunks), sample_rate, planned.origin, subtitle_file, normaliser)
        return normaliser is None or not normaliser.shortfall_message()

    def leftover(self, names: Set[str]) -> tuple[str, ...]:
        """Return the other files of the folder that are chapters of this book."""
        others = (path for path in self.out.glob(f"[0-9][0-9]*.{self.files.format}") if path.name not in names)
        return tuple(sorted(path.name for path in others if self._is_chapter(read_origin(path))))

    def _check(self, chapter: Chapter) -> tuple[list[SkippedInBook], bool]:
        """Return skipped passages and whether anything is spoken; raise BadText for an unreadable line."""
        reader = MarkupReader(self.narrator.settings.markup)
        skipped_in_book: list[SkippedInBook] = []
        is_spoken = False
        unit = self.source.unit
        for paragraph in self.source.paragraphs(chapter):
            skipped: list[Skipped] = []
            source = SourceLines(str(self.source.file), paragraph.first, chapter.title, unit)
            read = partial(self._read, reader, skipped)
            is_spoken = check_lines(paragraph.text, paragraph.lines, source, read) or is_spoken
            plain = reader.read(paragraph.text)
            skipped_in_book += [
                SkippedInBook(passage.text, paragraph.line_at(plain.position(passage.start)), passage.reason, unit)
                for passage in skipped
            ]
        return skipped_in_book, is_spoken

    def _read(self, reader: MarkupReader, skipped: list[Skipped], text: str) -> Iterator[Sentence]:
        """Read the next paragraph without its markup; append skipped passages to ``skipped``."""
        return self.narrator.sentences(reader.peek(text).text, skipped.append)

    def _is_up_to_date(self, path: Path, origin: Mapping[str, object]) -> bool:
        """Return whether a chapter exists with this origin; raise BadFolder if another file has its name."""
        if not path.exists():
            return False
        existing = read_origin(path)
        if existing.get("book") != origin["book"]:
            raise BadFolder(
                f"{path} exists and is not a chapter of {origin['book']}; choose another folder with --out."
            )
        if not self._is_chapter(existing):
            raise BadFolder(f"{path} exists and is of another {origin['book']}; choose another folder with --out.")
        is_same = {**existing, "path": origin["path"]} == origin
        return is_same and self.files.has_subtitles(path)

    def _is_chapter(self, origin: Mapping[str, object]) -> bool:
        """Return whether an origin is that of a text file of this name and path, or with a chapter's text."""
        is_same_file = origin.get("path") == self.origin["path"] or origin.get("text") in self.text_hashes
        return origin.get("book") == self.origin["book"] and is_same_file


def _joined(audiobook: Audiobook, seconds: float, quiet: bool) -> MadeFile:
    """Write an audio book and show its progress."""
    with progress_bar(f"writing {audiobook.path.name}", seconds, quiet) as show:
        return audiobook.write(show)


def _counted(texts: Iterable[str], show: Callable[[int], None]) -> Iterator[str]:
    """Yield texts; call ``show`` with the number of characters of those that were used."""
    n_characters = 0
    for text in texts:
        yield text
        n_characters += len(text)
        show(n_characters)


def _show_characters(show: Callable[[float], None], n_before: int, n_characters: int) -> None:
    show((n_before + n_characters) * SECONDS_PER_CHARACTER)


def _ignore(_: Skipped) -> None:
    """Do nothing."""


def _warn(file: Path, skipped: list[SkippedInBook]) -> None:
    """Issue one warning for all skipped passages of a book."""
    if skipped:
        listed = ", ".join(str(passage) for passage in skipped[:MAX_LISTED])
        more = f" and {len(skipped) - MAX_LISTED} more" if len(skipped) > MAX_LISTED else ""
        warnings.warn(
            f"{file}: skipped {listed}{more}; a strict reading refuses the text instead.", SkippedText, stacklevel=2
        )


def _path_hash(file: Path) -> str:
    """Return twelve digits that identify the path of a text file among those of one name."""
    return hashlib.sha256(str(file.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
