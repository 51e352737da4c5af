"""A book spoken chapter by chapter, each a sound file that appears whole or not at all; what is there already is left as it is."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..clip import read_blocks, read_header, read_metadata
from ..errors import BadAudio, BadFolder, NothingToSpeak, SkippedText
from ..json_text import parse
from ..names import file_stem, inside
from ..progress_bar import progress_bar
from ..speech.chapters import Chapter, find_chapters, paragraphs
from ..speech.chunk import Chunk, Clipping, clipping_message
from ..speech.reading import Read, SourceLines, check_lines
from ..speech.voice import Voice
from ..text.markup import Markup, MarkupReader
from ..text.sentence import Sentence
from ..text.skipped import MOST_LISTED, Skipped
from ..version import __version__
from ..whole_file import sweep_once, why_not_written
from .leveling import Leveler, shortfall_of
from .spoken_file import write_spoken

BookFormat = Literal["wav", "flac", "ogg", "opus", "mp3"]

SECONDS_PER_CHARACTER = 0.068  # of English read aloud, for the progress bar

Say = Callable[[str | Iterable[str]], Iterator[Chunk]]
"""A text, or its parts, to sound."""


@dataclass(frozen=True)
class BookFiles:
    """Output folder (default: the book's name), formats of sounds and subtitles, mark of chapters, and markup."""

    out: Path | None = None
    format: BookFormat = "wav"
    subtitles: str | None = None
    chapter_mark: str | None = None
    markup: Markup = "none"


@dataclass(frozen=True)
class SkippedInBook:
    """A passage of a book that was not spoken, the number of its line, from 1, and the reason."""

    text: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.text!r} in line {self.line} ({self.reason})"


@dataclass(frozen=True)
class SpokenChapter:
    """The sound file of a chapter; ``is_new`` unless it was there before."""

    file: str
    title: str
    seconds: float
    is_new: bool


@dataclass(frozen=True)
class SpokenBook:
    """The files of a book, in the order of its chapters, and ``leftover``, those of chapters that it has no more.

    ``clipped_share``, from 0 to 1, is the fraction of new samples that exceeded full scale; ``skipped`` are the
    passages of new chapters that could not be read; ``quieter`` are the new files that do not reach the target
    loudness.
    """

    out: Path
    voice: str
    vocoder: str
    chapters: tuple[SpokenChapter, ...]
    leftover: tuple[str, ...] = ()
    clipped_share: float = 0.0
    skipped: tuple[SkippedInBook, ...] = ()
    quieter: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"  {chapter.file}  {chapter.seconds / 60:.1f} min{'' if chapter.is_new else ', was there'}"
            for chapter in self.chapters
        ]
        minutes = sum(chapter.seconds for chapter in self.chapters) / 60
        n_chapters = "1 chapter" if len(lines) == 1 else f"{len(lines)} chapters"
        lines.append(f"{n_chapters}, {minutes:.1f} min by {self.voice} through {self.vocoder} in {self.out}")
        if self.leftover:
            lines.append(f"No chapters of the text as it is now, to be deleted: {', '.join(self.leftover)}")
        lines += [shortfall_of(self.quieter)] if self.quieter else []
        lines += [clipping_message(self.clipped_share)] if self.clipped_share else []
        return "\n".join(lines)


def speak_book(
    file: Path,
    voice: Voice,
    say: Say,
    read: Callable[[str, list[Skipped]], Iterable[Sentence]],
    manner: dict[str, Any],
    files: BookFiles,
    quiet: bool,
    leveler: Leveler | None = None,
) -> SpokenBook:
    """Speak every chapter of the text ``file`` that is not there yet in the same ``manner``, in bounded memory.

    New chapters are read to their end before anything is spoken; ``read`` appends skipped passages to a list. The
    comment of each sound file records its text and settings: a chapter is spoken again only if they differ. A
    ``leveler`` brings each chapter to its target loudness. Raises BadText for a file that is not text, has nothing to
    speak or, with its line, something that cannot be read; BadFolder where another file has the name of a chapter.
    """
    chapters = find_chapters(file, files.chapter_mark, files.markup)
    out = Path(file_stem(file.stem)) if files.out is None else files.out
    same = {"book": file.name, "path": _hash_of(file), "voice": voice.name, "models": voice.fingerprint}
    same |= {"wavewright": __version__, **manner}
    texts = {chapter.text_hash for chapter in chapters}
    planned: list[tuple[Chapter, Path, dict[str, Any], bool]] = []
    skipped: list[SkippedInBook] = []
    for chapter in chapters:
        place, origin = inside(out, f"{chapter.stem}.{files.format}"), {**same, "text": chapter.text_hash}
        is_new = not _is_there(place, origin, texts, files.subtitles)
        passages, has_speech = _check_chapter(file, chapter, files, read) if is_new else ([], True)
        skipped += passages
        planned += [(chapter, place, origin, is_new)] if has_speech else []
    _warn(file, skipped)
    if not planned:
        raise NothingToSpeak(f"Nothing in {file} can be read; give a text in English letters.")
    make_folder(out)
    spoken, clipping = [], Clipping()
    quieter: list[str] = []
    total = sum(chapter.n_characters for chapter in chapters) * SECONDS_PER_CHARACTER
    with progress_bar(f"speaking {file.name}", total, quiet) as show:
        done = 0
        for chapter, place, origin, is_new in planned:
            if is_new:
                parts = (paragraph.text for paragraph in paragraphs(file, chapter, files.chapter_mark, files.markup))
                subtitles = None if files.subtitles is None else place.with_suffix(f".{files.subtitles}")
                chunks = clipping.count(say(_Counted(parts, show, done)))
                write_spoken(place, chunks, voice.sample_rate, origin, subtitles, leveler)
                quieter += [place.name] if leveler is not None and leveler.shortfall_line else []
            spoken.append(SpokenChapter(place.name, chapter.title, seconds_of(place), is_new))
            done += chapter.n_characters
            show(done * SECONDS_PER_CHARACTER)
    leftover = _leftover(out, files.format, {chapter.file for chapter in spoken}, same, texts)
    return SpokenBook(
        out=out,
        voice=voice.name,
        vocoder=voice.vocoder.card.name,
        chapters=tuple(spoken),
        leftover=leftover,
        clipped_share=clipping.clipped_fraction,
        skipped=tuple(skipped),
        quieter=tuple(quieter),
    )


def _check_chapter(
    file: Path, chapter: Chapter, files: BookFiles, read: Callable[[str, list[Skipped]], Iterable[Sentence]]
) -> tuple[list[SkippedInBook], bool]:
    """Return the skipped passages of a chapter and whether anything is spoken; raise BadText for an unreadable line."""
    plain, left_out, is_spoken = MarkupReader(files.markup), list[SkippedInBook](), False
    for paragraph in paragraphs(file, chapter, files.chapter_mark, files.markup):
        found: list[Skipped] = []
        place = SourceLines(str(file), paragraph.first, chapter.title)
        has_words = check_lines(paragraph.text, paragraph.lines, place, _reader(read, plain, found))
        characters = plain.read(paragraph.text)
        left_out += [
            SkippedInBook(passage.text, paragraph.line_at(characters.position(passage.start)), passage.reason)
            for passage in found
        ]
        is_spoken = is_spoken or has_words
    return left_out, is_spoken


def _reader(
    read: Callable[[str, list[Skipped]], Iterable[Sentence]], plain: MarkupReader, found: list[Skipped]
) -> Read:
    """Return a function that reads the next paragraph without its markup and appends skipped passages to ``found``."""
    return lambda text: read(plain.peek(text), found)


def _warn(file: Path, skipped: list[SkippedInBook]) -> None:
    """Issue one warning for all skipped passages of a book."""
    if skipped:
        listed = ", ".join(str(passage) for passage in skipped[:MOST_LISTED])
        more = f" and {len(skipped) - MOST_LISTED} more" if len(skipped) > MOST_LISTED else ""
        warnings.warn(
            f"{file}: skipped {listed}{more}; a strict reading refuses the text instead.", SkippedText, stacklevel=2
        )


def _is_there(place: Path, origin: dict[str, Any], texts: set[str], kind: str | None) -> bool:
    """Whether a chapter was spoken before in this way; raises BadFolder where a file is in the way that is none of this book."""
    if not place.exists():
        return False
    found = origin_of(place)
    if found.get("book") != origin["book"]:
        raise BadFolder(
            f"{place} is there already and is no chapter of {origin['book']}; choose another folder with --out."
        )
    if not _is_of_book(found, origin, texts):
        raise BadFolder(
            f"{place} is there already and is of another {origin['book']}; choose another folder with --out."
        )
    is_same = {**found, "path": origin["path"]} == origin
    return is_same and (kind is None or place.with_suffix(f".{kind}").is_file())


def origin_of(place: Path) -> dict[str, Any]:
    """What a sound file says that it was made of; nothing where it is no chapter of any book."""
    try:
        found = parse(read_metadata(place)["comment"])
    except (BadAudio, ValueError, KeyError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_of_book(found: dict[str, Any], same: dict[str, Any], texts: set[str]) -> bool:
    """Whether a chapter is of a book: of a text file of its name that lay in the same place, or has the chapter's text."""
    return found.get("book") == same["book"] and (found.get("path") == same["path"] or found.get("text") in texts)


def _leftover(out: Path, format: str, files: set[str], same: dict[str, Any], texts: set[str]) -> tuple[str, ...]:
    """Files of an earlier form of a book, whose chapters were called otherwise."""
    others = (place for place in out.glob(f"[0-9][0-9]*.{format}") if place.name not in files)
    return tuple(sorted(place.name for place in others if _is_of_book(origin_of(place), same, texts)))


def _hash_of(file: Path) -> str:
    """What tells text files of one name apart: a hash of where they lie, 12 digits."""
    return hashlib.sha256(str(file.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def make_folder(out: Path) -> None:
    """Create a folder, or remove what killed processes left in it; raise BadFolder where that fails."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        sweep_once(out)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadFolder(f"{out} is a file or lies in one; give a folder to write to with --out.") from error
    except OSError as error:
        raise BadFolder(why_not_written(out, error.strerror or str(error))) from error


def seconds_of(place: Path) -> float:
    """How long a sound file is, by its header where that says it."""
    seconds = read_header(place).seconds
    return sum(block.seconds for block in read_blocks(place)) if seconds is None else seconds


class _Counted:
    """Texts of paragraphs; ``show`` is told how far the book has come, ``n_characters`` of which came before."""

    def __init__(self, texts: Iterator[str], show: Callable[[float], None], n_characters: int):
        self._texts, self._show, self._n_characters = texts, show, n_characters

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            yield text
            self._n_characters += len(text)
            self._show(self._n_characters * SECONDS_PER_CHARACTER)
