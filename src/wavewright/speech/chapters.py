"""A book as a text file: its chapters, found by headings or by a marker, and their paragraphs, read one at a time."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadText
from ..names import file_stem
from ..text.markup import Markup, MarkupReader
from ..text.ssml import looks_like_ssml

LONGEST_HEADING = 80
LONGEST_LINE = 2**20  # characters
LONGEST_SMALL_WORD = 3  # of a title: of, the, and
SMALL_WORDS = ("from", "into", "over", "under", "upon", "with", "without")
MOST_TITLE_WORDS = 15
_ROMAN = r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_NUMBER = rf"(?:\d{{1,4}}|{_ROMAN}|{_ONES}|{_TEENS}|(?:{_TENS})(?:[-\s](?:{_ONES}))?)"
_BEHIND = r"(?:\s*[.:](?:\s+|$)|\s+[-\u2013\u2014]+\s+|\s*[\u2013\u2014]+\s*)"
_NUMBERED = re.compile(rf"(?:chapter|part|book)\s+{_NUMBER}(?:$|{_BEHIND}(?P<title>.*)$)", re.IGNORECASE)
_NAMED = re.compile(
    r"#{1,2}\s+\S|(?:prologue|epilogue|preface|foreword|introduction|afterword)\s*[.:]?\s*$",
    re.IGNORECASE,
)

_HTML_HEADING = re.compile(r"\s*<h[12][\s>]", re.IGNORECASE)


@dataclass(frozen=True)
class Chapter:
    """Lines ``first`` to ``end`` of a file, the first of which is its heading, where it has one, and ``title`` what that says."""

    number: int
    title: str
    has_heading: bool
    first: int
    end: int
    n_characters: int
    text_hash: str

    @property
    def stem(self) -> str:
        """A name for its file, without the ending."""
        words = re.sub(r"[^\w]+", "-", self.title.lower()).strip("-")[:40].rstrip("-")
        return file_stem(*(part for part in (f"{self.number:02d}", words) if part))


def find_chapters(path: Path, marker: str | None = None, markup: Markup = "none") -> list[Chapter]:
    """The chapters of a text file in UTF-8 that have something to speak, in their order; one where there are no headings.

    A heading is a line after an empty one (or the first) that begins with ``# `` or ``## ``, or is Chapter, Part or Book and a
    number, optionally with a title (``Chapter 2: Home``), or is Prologue, Epilogue or the like; with a ``marker`` only
    lines that begin with it are headings. In Markdown, lines of a code block are not headings; in HTML, lines that
    begin with ``<h1>`` or ``<h2>`` are. Raises BadText for a file that is not text, is SSML or has nothing to speak.
    """
    if looks_like_ssml(next((line for line in _lines(path) if line.strip()), "")):
        raise BadText(f"{path} is SSML, and a book is plain text; send it to standard input instead.")
    found: list[Chapter] = []
    part, was_empty, is_code = _Part(0, "", False), True, False
    for number, line in enumerate(_lines(path)):
        if not is_code and _is_heading(line, was_empty, marker, markup):
            found += part.chapter(len(found) + 1, number)
            part = _Part(number, MarkupReader(markup).read(_title(line, marker)).text.strip(), True)
        part.add(line)
        is_code = is_code != (markup == "markdown" and line.lstrip().startswith(("```", "~~~")))
        was_empty = not line.strip()
    found += part.chapter(len(found) + 1, part.first + part.n_lines)
    if not found:
        raise BadText(f"There is nothing to speak in {path}; give a text with words.")
    return found


class _Part:
    """A chapter while its lines are read."""

    def __init__(self, first: int, title: str, has_heading: bool):
        self.first, self.title, self.has_heading = first, title, has_heading
        self.n_lines = self.n_characters = 0
        self.is_spoken = any(character.isalnum() for character in title)
        self.digest = hashlib.sha256()

    def add(self, line: str) -> None:
        is_heading = self.has_heading and not self.n_lines
        self.is_spoken = self.is_spoken or (not is_heading and any(character.isalnum() for character in line))
        self.n_lines += 1
        self.n_characters += len(line)
        self.digest.update(line.encode("utf-8", "replace"))

    def chapter(self, number: int, end: int) -> list[Chapter]:
        """The chapter, where there is something to speak in it."""
        text_hash = self.digest.hexdigest()[:16]
        made = Chapter(number, self.title, self.has_heading, self.first, end, self.n_characters, text_hash)
        return [made] if self.is_spoken else []


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: the lines that it is written in, without what marks a heading; ``first`` is the number of the first one, from 1."""

    first: int
    lines: tuple[str, ...]
    between: str = " "

    @property
    def text(self) -> str:
        """The lines joined, and an empty line."""
        return self.between.join(self.lines) + "\n\n"

    def line_at(self, place: int) -> int:
        """Return the number of the line, from 1, that contains a character of the text."""
        ends = itertools.accumulate(len(line) + 1 for line in self.lines)
        return self.first + min(sum(end <= place for end in ends), len(self.lines) - 1)


def paragraphs(path: Path, chapter: Chapter, marker: str | None = None, markup: Markup = "none") -> Iterator[Paragraph]:
    """Yield the paragraphs of a chapter, separated by empty lines, without the marks of headings.

    With ``markup`` their line breaks are kept.
    """
    between = " " if markup == "none" else "\n"
    held: list[str] = []
    number = chapter.first
    for number, line in enumerate(itertools.islice(_lines(path), chapter.first, chapter.end), chapter.first + 1):
        if number == chapter.first + 1 and chapter.has_heading:
            if title := _title(line, marker):  # a marker may stand alone
                yield Paragraph(number, (title,), between)
        elif line.strip():
            held.append(line.strip())
        elif held:
            yield Paragraph(number - len(held), tuple(held), between)
            held = []
    if held:
        yield Paragraph(number + 1 - len(held), tuple(held), between)


def _lines(path: Path) -> Iterator[str]:
    if path.exists() and not path.is_file() and not path.is_dir():  # it cannot be read several times, as a book is
        raise BadText(f"{path} is a pipe, socket or device; save the text to a file, and give that.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise BadText(
                        f"{path} has a line of more than {LONGEST_LINE:,} characters; break the text into lines."
                    )
                yield line
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is no text in UTF-8 (byte {error.start}); save it as UTF-8.") from error
    except FileNotFoundError as error:
        raise BadText(f"{path} does not exist; check the path.") from error
    except IsADirectoryError as error:
        raise BadText(f"{path} is a folder; give a text file.") from error


def _is_heading(line: str, was_empty: bool, marker: str | None, markup: Markup) -> bool:
    if marker is not None:
        return line.startswith(marker)
    if markup == "html" and _HTML_HEADING.match(line):
        return True
    if not was_empty or len(line) > LONGEST_HEADING:
        return False
    numbered = _NUMBERED.match(line.strip())
    return _NAMED.match(line.strip()) is not None or (numbered is not None and _is_title(numbered["title"] or ""))


def _is_title(text: str) -> bool:
    """Whether what stands behind the number of a chapter is its title and no sentence.

    A title begins with a capital or a sign; where it ends as a sentence does, its long words are capitals, as in ``The Grand Armada.``
    """
    words = text.split()
    if text[:1].islower() or len(words) > MOST_TITLE_WORDS:
        return False
    is_ended = text.rstrip("\"'\u2019\u201d)").endswith((".", "!", "?", ","))
    long_words = (word for word in words if len(word) > LONGEST_SMALL_WORD and word not in SMALL_WORDS)
    return not is_ended or not any(word[:1].islower() for word in long_words)


def _title(line: str, marker: str | None) -> str:
    plain = line.removeprefix(marker) if marker else line.strip().lstrip("#")
    return " ".join(plain.split())
