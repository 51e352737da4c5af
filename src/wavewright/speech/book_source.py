"""Books to be spoken: a text file, whose headings start chapters, or an EPUB."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from ..base.errors import BadSetting
from ..base.parameters import Markup
from ..text import ESPEAK_PREFIX
from ..text.epub import Epub, read_epub
from ..text.markdown import HEADER
from ..text.standard_input import EPUB, START_BYTES, document_format
from .chapters import Chapter, Paragraph, find_chapters, paragraphs
from .voice import Voice
from .voice_names import is_spoken_by

NO_LANGUAGES = ("und", "mul", "mis", "zxx")
"""Codes of no certain language."""

HEADER_BYTES = 2**16
_ENTRY = re.compile(
    r"^(title|author|lang(?:uage)?|date)[ \t]*[:=][ \t]*(?P<quote>[\"']?)([^\n]*?)(?P=quote)[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""An entry of the header of Markdown, in YAML or TOML."""
_META = re.compile(
    r"<meta\s[^<>]{0,500}?name\s*=\s*([\"'])(author|date)\1[^<>]{0,500}?content\s*=\s*([\"'])([^<>]{1,500}?)\3",
    re.IGNORECASE,
)
_HEAD = {
    "title": re.compile(r"<title\b[^<>]{0,200}>([^<>]{1,500})</title", re.IGNORECASE),
    "lang": re.compile(r"<html\b[^<>]{0,500}?\slang\s*=\s*[\"']?([\w-]{2,35})", re.IGNORECASE),
}

PositionUnit: TypeAlias = Literal["line", "paragraph"]


@dataclass(frozen=True)
class BookTags:
    """What a book says about itself, empty where it says nothing.

    - ``language``: such as ``en-GB``.
    - ``cover``: bytes of its picture.
    - ``others``: names and texts of further tags.
    """

    title: str = ""
    author: str = ""
    language: str = ""
    date: str = ""
    cover: bytes = b""
    others: tuple[tuple[str, str], ...] = ()


class BookSource(Protocol):
    """A book in chapters."""

    @property
    def file(self) -> Path:
        """Its file."""
        ...

    @property
    def unit(self) -> PositionUnit:
        """Unit of the positions of its paragraphs, from 1."""
        ...

    @property
    def tags(self) -> BookTags:
        """Its title, author and other tags."""
        ...

    def chapters(self) -> list[Chapter]:
        """Return the chapters with something to speak; raise BadText if there are none or the file is not a book."""
        ...

    def paragraphs(self, chapter: Chapter) -> Iterator[Paragraph]:
        """Yield the paragraphs of a chapter."""
        ...


@dataclass(frozen=True)
class TextBook:
    """A text file, which is read several times in bounded memory.

    - ``chapter_mark``: prefix of the lines that start a chapter; by default headings do.
    - ``markup``: markup of the text.
    """

    file: Path
    chapter_mark: str | None = None
    markup: Markup = "none"
    unit: PositionUnit = "line"

    @property
    def tags(self) -> BookTags:
        """Those of the header of Markdown or the head of HTML; plain text has none."""
        return _tags_of(self.file, self.markup)

    def chapters(self) -> list[Chapter]:
        """Return the chapters, see `find_chapters`."""
        return find_chapters(self.file, self.chapter_mark, self.markup)

    def paragraphs(self, chapter: Chapter) -> Iterator[Paragraph]:
        """Yield the paragraphs of a chapter."""
        return paragraphs(self.file, chapter, self.chapter_mark, self.markup)


@dataclass(frozen=True)
class EpubBook:
    """An EPUB, read as a whole."""

    file: Path
    unit: PositionUnit = "paragraph"

    @cached_property
    def _epub(self) -> Epub:
        return read_epub(self.file)

    @property
    def tags(self) -> BookTags:
        """The metadata of the EPUB."""
        epub = self._epub
        return BookTags(epub.title, epub.author, epub.language, epub.date, epub.cover, epub.others)

    def chapters(self) -> list[Chapter]:
        """Return the chapters; their positions count the paragraphs of the book."""
        found = []
        first = 0
        for number, chapter in enumerate(self._epub.chapters, 1):
            text = "\n".join(chapter.paragraphs)
            text_hash = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
            end = first + len(chapter.paragraphs)
            found.append(Chapter(number, chapter.title, False, first, end, len(text), text_hash))
            first = end
        return found

    def paragraphs(self, chapter: Chapter) -> Iterator[Paragraph]:
        """Yield the paragraphs of a chapter."""
        texts = itertools.chain.from_iterable(each.paragraphs for each in self._epub.chapters)
        for index, text in enumerate(itertools.islice(texts, chapter.first, chapter.end)):
            yield Paragraph(chapter.first + index + 1, (text,))


def open_book(file: Path, chapter_mark: str | None = None, markup: Markup = "none") -> BookSource:
    """Open a book, an EPUB or a text file, by its first bytes or its suffix.

    Raises BadText if an EPUB cannot be read, or BadSetting if it is given together with a mark of chapters or markup.
    """
    if not (file.suffix.lower() == ".epub" or _start_is_epub(file)):
        return TextBook(file, chapter_mark, markup)
    if chapter_mark is not None or markup != "none":
        option = "a mark of chapters" if chapter_mark is not None else f"the markup {markup}"
        raise BadSetting(f"{file} is an EPUB, which has its own chapters and markup; leave {option} out.")
    book = EpubBook(file)
    book.chapters()  # raises before a voice is loaded
    return book


def language_of_book(book: BookSource, voice: Voice) -> str:
    """Return the language in which a voice reads a book: that of the book, of its region where the voice has none.

    Raises BadSetting if the book is in another language.
    """
    own = book.tags.language.replace("_", "-")
    code, _, region = own.partition("-")
    spoken = voice.language.removeprefix(ESPEAK_PREFIX).partition("-")[0].lower()
    is_known = re.fullmatch("[a-z]{2,3}", code.lower()) and code.lower() not in NO_LANGUAGES
    if is_known and code.lower() != spoken:
        if is_spoken_by(code, *voice.acoustic.languages):
            return own
        raise BadSetting(
            f"{book.file} is in {own!r}, and {voice.name} speaks {voice.language!r}; give a voice of that language, "
            f"or --language {voice.language} if what the book says is wrong."
        )
    has_region = region and voice.language.lower() == code.lower()
    return own if has_region else voice.language


def _tags_of(file: Path, markup: Markup) -> BookTags:
    """Return the tags that the start of a text has."""
    if markup == "none":
        return BookTags()
    start, named = "", dict[str, str]()
    with suppress(OSError), file.open("rb") as contents:
        start = contents.read(HEADER_BYTES).decode("utf-8-sig", "ignore")
    if markup == "markdown" and (header := HEADER.match(start)):
        named = {each[1].lower(): each[3] for each in _ENTRY.finditer(header[0])}
    elif markup == "html":
        named = {name.lower(): value for _, name, _, value in _META.findall(start)}
        named |= {name: match[1] for name, tag in _HEAD.items() if (match := tag.search(start))}
    title, author, date, language, lang = (
        " ".join(unescape(named.get(name, "")).split()) for name in ("title", "author", "date", "language", "lang")
    )
    day = re.match(r"\d{4}\b(?:-\d\d(?:-\d\d)?\b)?", date)
    return BookTags(title, author, lang or language, day[0] if day else "")


def _start_is_epub(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as contents:
        return document_format(contents.read(START_BYTES)) == EPUB
