"""Find the chapters of a book in a text file, by headings or a marker, and read their paragraphs one at a time."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import BadText
from ..base.names import file_stem
from ..base.parameters import Markup
from ..text.markup import MarkupReader
from ..text.ssml import looks_like_ssml
from ..text.standard_input import START_BYTES, document_format
from .reading import has_alphanumeric

MAX_HEADING_LENGTH = 80
MAX_LINE_LENGTH = 2**20  # characters
MAX_MINOR_WORD_LENGTH = 3  # not capitalised in titles: of, the, and
MINOR_WORDS = ("from", "into", "over", "under", "upon", "with", "without")
MAX_TITLE_WORDS = 15
_ROMAN = r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_NUMBER = rf"(?:\d{{1,4}}|{_ROMAN}|{_ONES}|{_TEENS}|(?:{_TENS})(?:[-\s](?:{_ONES}))?)"
_SEPARATOR = r"(?:\s*[.:](?:\s+|$)|\s+[-\u2013\u2014]+\s+|\s*[\u2013\u2014]+\s*)"
_NUMBERED = re.compile(rf"(?:chapter|part|book)\s+{_NUMBER}(?:$|{_SEPARATOR}(?P<title>.*)$)", re.IGNORECASE)
_NAMED = re.compile(
    r"#{1,2}\s+\S|(?:prologue|epilogue|preface|foreword|introduction|afterword)\s*[.:]?\s*$",
    re.IGNORECASE,
)

FENCES = ("```", "~~~")
_MARKDOWN_HEADING = re.compile(r" {0,3}#{1,2}\s+\S")
_UNDERLINE = re.compile(r" {0,3}(?:={2,}|-{2,})\s*$")
_NO_TITLE = re.compile(r"\s{4}|\s*(?:[#>|]|[-*+]\s|\d+[.)]\s)")
"""The start of an indented line, heading, quote, table or item of a list."""

_HTML_HEADING = re.compile(r"\s*<h[12][\s>]", re.IGNORECASE)
_HTML_SPLIT = re.compile(r"(?=<h[12][\s>])|(?<=</h[12]>)", re.IGNORECASE)
_HTML_OPEN = re.compile(r"<h[12](?:\s[^<>]*)?>(?!.*</h[12]\s*>)", re.IGNORECASE | re.DOTALL)
MAX_HEADING_LINES = 20


@dataclass(frozen=True)
class Chapter:
    """A chapter of a text file, or of an EPUB, whose lines are its paragraphs.

    - ``number``: its number, from 1.
    - ``title``: text of its heading, or empty.
    - ``has_heading``: whether its first line is a heading.
    - ``first``, ``end``: index of its first line, and of the line after its last one.
    - ``text_hash``: hash of its lines, 16 hexadecimal digits.
    """

    number: int
    title: str
    has_heading: bool
    first: int
    end: int
    n_characters: int
    text_hash: str

    @property
    def stem(self) -> str:
        """Name of its audio file without the suffix."""
        words = re.sub(r"[^\w]+", "-", self.title.lower()).strip("-")[:40].rstrip("-")
        return file_stem(*(text for text in (f"{self.number:02d}", words) if text))


def find_chapters(path: Path, marker: str | None = None, markup: Markup = "none") -> list[Chapter]:
    """Find the chapters of a text file that have something to speak.

    A heading is a line after an empty one (or the first) that starts with ``# `` or ``## ``, or is Chapter, Part or
    Book and a number, optionally with a title (``Chapter 2: Home``), or is Prologue, Epilogue or the like. With a
    `marker`, only lines that start with it are headings. In Markdown, lines of a code block are not, and those with
    ``#`` and ``##`` or underlined by ``===`` and ``---`` are, wherever they stand; in HTML, ``<h1>`` and ``<h2>``.

    - ``path``: text file in UTF-8.
    - ``marker``: prefix of the lines that start a chapter.
    - ``markup``: markup of the text.
    - returns: the chapters in order; one if there are no headings.

    Raises BadText if the file is not text, is SSML, or has nothing to speak.
    """
    if markup == "none" and looks_like_ssml(next((line for _, line in _lines(path, markup) if line.strip()), "")):
        raise BadText(f"{path} is SSML, and a book is plain text; send it to standard input instead.")
    chapters: list[Chapter] = []
    chapter = _OpenChapter(0, "", False)
    was_empty = True
    is_code = False
    for number, (_, line) in enumerate(_lines(path, markup)):
        if not is_code and _is_heading(line, was_empty, marker, markup):
            chapters += chapter.close(len(chapters) + 1, number)
            chapter = _OpenChapter(number, MarkupReader(markup).read(_title(line, marker)).text.strip(), True)
        chapter.add(line)
        is_code = is_code != (markup == "markdown" and line.lstrip().startswith(FENCES))
        was_empty = not line.strip()
    chapters += chapter.close(len(chapters) + 1, chapter.first + chapter.n_lines)
    if not chapters:
        raise BadText(f"There is nothing to speak in {path}; give a text with words.")
    return chapters


class _OpenChapter:
    """A chapter while its lines are read."""

    def __init__(self, first: int, title: str, has_heading: bool) -> None:
        self.first = first
        self.title = title
        self.has_heading = has_heading
        self.n_lines = 0
        self._n_characters = 0
        self._is_spoken = has_alphanumeric(title)
        self._digest = hashlib.sha256()

    def add(self, line: str) -> None:
        """Append a line."""
        is_heading = self.has_heading and not self.n_lines
        self._is_spoken = self._is_spoken or (not is_heading and has_alphanumeric(line))
        self.n_lines += 1
        self._n_characters += len(line)
        self._digest.update(line.encode("utf-8", "replace"))

    def close(self, number: int, end: int) -> list[Chapter]:
        """Return the chapter, or an empty list if it has nothing to speak."""
        if not self._is_spoken:
            return []
        text_hash = self._digest.hexdigest()[:16]
        return [Chapter(number, self.title, self.has_heading, self.first, end, self._n_characters, text_hash)]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph without the mark of a heading.

    - ``first``: number of its first line, from 1.
    """

    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, and an empty line."""
        return "\n".join(self.lines) + "\n\n"

    def line_at(self, position: int) -> int:
        """Return the number of the line, from 1, that contains a character of `text`."""
        ends = itertools.accumulate(len(line) + 1 for line in self.lines)
        return self.first + min(sum(end <= position for end in ends), len(self.lines) - 1)


def paragraphs(path: Path, chapter: Chapter, marker: str | None = None, markup: Markup = "none") -> Iterator[Paragraph]:
    """Read the paragraphs of a chapter, which empty lines separate.

    - ``path``: the text file.
    - ``marker``: prefix of the lines that start a chapter; it is removed.
    - ``markup``: markup of the text.
    - returns: each paragraph with something in it.
    """
    pending: list[str] = []
    first = 0  # line of the pending ones
    for index, (number, line) in enumerate(itertools.islice(_lines(path, markup), chapter.first, chapter.end)):
        if index == 0 and chapter.has_heading:
            if title := _title(line, marker):  # a marker may stand alone
                yield Paragraph(number, (title,))
        elif line.strip():
            first = first if pending else number
            pending.append(line.strip())
        elif pending:
            yield Paragraph(first, tuple(pending))
            pending = []
    if pending:
        yield Paragraph(first, tuple(pending))


def _lines(path: Path, markup: Markup) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, from 1.

    In HTML, headings are lines of their own; in Markdown, those that are underlined have a mark instead.
    """
    if markup == "none":
        yield from enumerate(_written_lines(path), 1)
        return
    if markup == "markdown":
        yield from enumerate(_with_marks(_written_lines(path)), 1)
        return
    pending, first = "", 1  # of a heading that continues in the next line
    for number, line in enumerate(_written_lines(path), 1):
        first = first if pending else number
        pending += line
        if _HTML_OPEN.search(pending) and number - first < MAX_HEADING_LINES:
            continue
        yield from ((first, part) for part in _HTML_SPLIT.split(pending) if part)
        pending = ""
    if pending:
        yield from ((first, part) for part in _HTML_SPLIT.split(pending) if part)


def _with_marks(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines of Markdown; a line after an empty one becomes ``# line`` if it is underlined."""
    is_code, is_title, before = False, False, ""
    for line, following in itertools.pairwise(itertools.chain(lines, ("",))):
        is_underline = is_title
        is_code = is_code != line.lstrip().startswith(FENCES)
        is_title = not (is_code or is_underline or before.strip()) and _may_be_title(line, following)
        yield "\n" if is_underline else f"# {line}" if is_title else line
        before = line


def _may_be_title(line: str, following: str) -> bool:
    return has_alphanumeric(line) and _UNDERLINE.match(following) is not None and not _NO_TITLE.match(line)


def _written_lines(path: Path) -> Iterator[str]:
    if path.exists() and not path.is_file() and not path.is_dir():  # a book is read several times
        raise BadText(f"{path} is a pipe, socket or device; save the text to a file, and give that.")
    try:
        with path.open("rb") as contents:
            kind = document_format(contents.read(START_BYTES))
        if kind:
            raise BadText(f"{path} is {kind}, and a book is plain text, Markdown, HTML or EPUB; convert it first.")
        with path.open(encoding="utf-8-sig") as file:
            while line := file.readline(MAX_LINE_LENGTH + 1):
                if len(line) > MAX_LINE_LENGTH:
                    raise BadText(
                        f"{path} has a line of more than {MAX_LINE_LENGTH:,} characters; break the text into lines."
                    )
                yield line
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    except FileNotFoundError as error:
        raise BadText(f"{path} does not exist; check the path.") from error
    except IsADirectoryError as error:
        raise BadText(f"{path} is a folder; give a text file.") from error


def _is_heading(line: str, was_empty: bool, marker: str | None, markup: Markup) -> bool:
    if marker is not None:
        return line.startswith(marker)
    own = {"html": _HTML_HEADING, "markdown": _MARKDOWN_HEADING}.get(markup)
    if own is not None and own.match(line):
        return True
    if not was_empty or len(line) > MAX_HEADING_LENGTH:
        return False
    numbered = _NUMBERED.match(line.strip())
    return _NAMED.match(line.strip()) is not None or (numbered is not None and _is_title(numbered["title"] or ""))


def _is_title(text: str) -> bool:
    """Return whether the text after the number of a chapter is its title, not a sentence.

    A title starts with a capital or a sign; if it ends like a sentence, its major words are capitalised, as in ``The
    Grand Armada.``
    """
    words = text.split()
    if text[:1].islower() or len(words) > MAX_TITLE_WORDS:
        return False
    is_ended = text.rstrip("\"'\u2019\u201d)").endswith((".", "!", "?", ","))
    major_words = (word for word in words if len(word) > MAX_MINOR_WORD_LENGTH and word not in MINOR_WORDS)
    return not is_ended or not any(word[:1].islower() for word in major_words)


def _title(line: str, marker: str | None) -> str:
    plain = line.removeprefix(marker) if marker else line.strip().lstrip("#")
    return " ".join(plain.split())
