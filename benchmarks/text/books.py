"""Compare the text of EPUBs with what Pandoc reads in them: chapters, their order, and words that are left out.

    python -m benchmarks text.books BOOK.epub ... --passages passages.txt

Words of both readings are aligned, paragraphs first, then words where paragraphs differ. A word that only Pandoc has is
left out, one that only ours has is added; a passage in another place counts as both. Pandoc's notes are removed from
its document, and ``--passages`` writes all passages, so that a person sees what they are. ``chapters`` are ours,
``entries`` those of the first level of the book's table of contents, read here by itself; ``in_order`` says how many of
them, in their order, are titles of our chapters.
"""

from __future__ import annotations

import difflib
import json
import posixpath
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.harness.peers import PANDOC
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.text.epub import read_epub

BOOKS = Table(
    "books",
    columns(book="s", chapters="d", entries="d", in_order="d", words="d", left_out="d", left_out_percent=".2f")
    | columns(added="d", cover_bytes="d", title="s", author="s"),
    is_optional=True,
)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without signs."""
    return re.findall(r"[^\W_]+", text.casefold())


def pandoc_paragraphs(path: Path) -> list[str]:
    """Return the paragraphs that Pandoc reads in a book, without its notes."""
    document = json.loads(_output(["pandoc", "-f", "epub", "-t", "json", str(path)]))
    without = json.dumps(_without_notes(document)).encode()
    plain = _output(["pandoc", "-f", "json", "-t", "plain", "--wrap=none", "--columns=10000"], without)
    return [line for line in plain.decode().splitlines() if words_of(line)]


def _without_notes(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_notes(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_notes(each) for each in value if not (isinstance(each, dict) and each.get("t") == "Note")]
    return value


def passages(reference: list[str], estimate: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what two lists of paragraphs do not share: ``left out`` of the first or ``added`` in the second, words."""
    one, other = ([" ".join(words_of(text)) for text in texts] for texts in (reference, estimate))
    for kind, start, end, other_start, other_end in difflib.SequenceMatcher(None, one, other, False).get_opcodes():
        if kind == "equal":
            continue
        first, second = " ".join(one[start:end]).split(), " ".join(other[other_start:other_end]).split()
        for sort, a, b, c, d in difflib.SequenceMatcher(None, first, second, False).get_opcodes():
            if sort != "equal" and "".join(first[a:b]) != "".join(second[c:d]):
                yield from ((name, part) for name, part in (("left out", first[a:b]), ("added", second[c:d])) if part)


def first_level(path: Path) -> list[str]:
    """Return the titles of the first level of a book's table of contents, that of EPUB 3 if there is one."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        package = next(name for name in names if name.lower().endswith(".opf"))
        items = ElementTree.fromstring(archive.read(package)).iter("{*}item")
        navigation = [each.get("href", "") for each in items if "nav" in each.get("properties", "").split()]
        if navigation:
            root = ElementTree.fromstring(archive.read(posixpath.join(posixpath.dirname(package), navigation[0])))
            contents = next(each for each in root.iter("{*}nav") if "toc" in "".join(each.attrib.values()))
            entries = contents.find(".//{*}ol")
            return [_line(next(part for part in entry if part.tag.endswith(("}a", "}span")))) for entry in entries]
        root = ElementTree.fromstring(archive.read(next(name for name in names if name.lower().endswith(".ncx"))))
    return [_line(label) for label in root.findall(".//{*}navMap/{*}navPoint/{*}navLabel")]


def _line(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def compare(path: Path, report: Report) -> list[str]:
    """Add the row of a book; return the passages that differ, a line each."""
    book = read_epub(path)
    reference, estimate = pandoc_paragraphs(path), [text for chapter in book.chapters for text in chapter.paragraphs]
    found = [*passages(reference, estimate)]
    left_out, added = (sum(len(words) for name, words in found if name == kind) for kind in ("left out", "added"))
    entries, titles = first_level(path), [chapter.title for chapter in book.chapters]
    matches = difflib.SequenceMatcher(None, entries, titles, False).get_matching_blocks()
    n_words = sum(len(words_of(text)) for text in reference)
    percent = 100 * left_out / n_words
    row = {"book": path.name, "chapters": len(titles), "entries": len(entries), "words": n_words}
    row |= {"in_order": sum(match.size for match in matches), "left_out": left_out, "left_out_percent": percent}
    facts = {"cover_bytes": len(book.cover), "title": book.title, "author": book.author}
    report.add(BOOKS, row, added=added, **facts)
    report.target(path.name, "words left out, percent", percent, at_most=1.0)
    return [f"{path.name}\t{kind}\t{len(words)}\t{' '.join(words)}" for kind, words in found]


def _output(command: list[str], given: bytes | None = None) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, input=given).stdout


def measure(options: Options, report: Report) -> None:
    if report.has(PANDOC, "The text of books"):
        found = [line for path in options.books for line in compare(path, report)]
        if options.passages is not None:
            options.passages.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")


def smoke_books(folder: Path) -> list[Path]:
    """Write a book by Pandoc, or none where that is not installed."""
    if not PANDOC.is_installed:
        return []
    text = b"% A Book\n% Ann Author\n\n# One\n\nIt began here.^[A note.]\n\n# Two\n\nIt ended there.\n"
    _output(["pandoc", "-f", "markdown", "-t", "epub3", "-o", str(folder / "book.epub")], text)
    return [folder / "book.epub"]


BENCHMARK = Benchmark(
    measure,
    Option("books", (), "EPUBs", type=Path, smoke=smoke_books, is_positional=True),
    Option("passages", type=Path, help="file for the passages that differ"),
)
