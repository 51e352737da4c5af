"""The text of a document of an EPUB in reading order, without notes, their numbers, page numbers and contents."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

from .html import BLOCKS, EMPTY, HIDDEN, MARKUP, OBJECTS, Html
from .skipped import OBJECT

KINDS_LEFT_OUT = (
    *("noteref", "footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes", "backlink", "annotation"),
    *("pagebreak", "page-list", "pagelist", "toc", "landmarks", "loi", "lot", "index", "cover"),
)
"""Kinds of elements that are not spoken, by ``epub:type``, or by ``role`` after ``doc-``."""

CLASSES_LEFT_OUT = (
    *("noteref", "footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes"),
    *("footnote-ref", "footnote-back", "footnote-backref", "fnanchor", "pagenum", "pageno", "page-number", "pagebreak"),
)
"""Classes of the same in EPUB 2, which has no ``epub:type``, as Pandoc, Project Gutenberg and others write them."""

ELEMENTS_LEFT_OUT = {*HIDDEN} - {*OBJECTS}
NOTE_ELEMENTS = ("aside", "p", "li", "dd")
"""Elements that may be a note of which nothing says so but the number that leads to it."""

MIN_LINKS = 3
"""Fewest links to parts of the book that make a list of contents."""

_ATTRIBUTE = re.compile(r"([\w:.-]{1,60})\s*=\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')")
_COMMENT_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}
_LINK_TEXT = re.compile(r"(?P<text>.{0,100}?)</a\s*>", re.IGNORECASE | re.DOTALL)
_NOTE = re.compile(r"(?<!\w)(?:doc-)?(?:(?:foot|end|rear)notes?|annotation|index)(?![\w-])")
_NOTE_NUMBER = re.compile(r"\s*(?:[\[(]\s*(?:\d{1,4}|[*†‡§¶]{1,4}|[a-z])\s*[\])]|[*†‡§¶]{1,4})\s*")
_RAISED_NUMBER = re.compile(r"\s*(?:\d{1,4}|[a-z])\s*")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_IMAGE = re.compile(r"<img\b[^<>]{0,2000}>", re.IGNORECASE)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADING, _LINK, _LINK_END = "\ue000\ue001\ue002"
_MARKS = re.compile(f"[{_HEADING}{_LINK}{_LINK_END}]")
_LINKED = re.compile(f"{_LINK}([^{_LINK}{_LINK_END}]*)(?:{_LINK_END}|$)")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass
class NoteTargets:
    """The elements that numbers of notes have led to so far, in all documents of a book; notes follow their numbers."""

    found: set[tuple[str, str]] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)
    """Texts of notes and indexes that are not spoken."""

    def add(self, document: str, link: str) -> None:
        """Add the target of a link in a document."""
        self.found.add(resolve_link(document, link))


def resolve_link(base: str, link: str) -> tuple[str, str]:
    """Return the name of the file and the identifier that a link in another file has."""
    link, _, anchor = link.partition("#")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(link))) if link else base
    return name, unquote(anchor)


def split_document(
    document: str, anchors: Set[str], name: str = "", notes: NoteTargets | None = None
) -> list[tuple[str, str]]:
    """Split a document at the elements with some identifiers, and leave out what is not spoken.

    - ``document``: XHTML or HTML.
    - ``anchors``: identifiers of the elements at which a stretch starts.
    - ``name``: name of the document in its book.
    - ``notes``: notes that earlier documents lead to; those that this one leads to are added.
    - returns: the identifier at the start of each stretch, empty for the first one, and its HTML, in which links and
      headings are marked for `plain_paragraphs`.
    """
    splitter = _Splitter(anchors, name, NoteTargets() if notes is None else notes)
    document = _MARKS.sub("", document)
    end = 0
    for match in MARKUP.finditer(document):
        if match.start() < end:
            continue
        splitter.add(document[end : match.start()])
        if match["comment"]:
            closing = _COMMENT_ENDS.get(match["comment"], ">")
            position = document.find(closing, match.end())
            end = len(document) if position < 0 else position + len(closing)
        elif match["tag"]:
            end = splitter.add_tag(match)
        else:
            splitter.add(match[0])
            end = match.end()
    splitter.add(document[end:])
    return [(anchor, "".join(pieces)) for anchor, pieces in splitter.stretches]


class _Splitter:
    """Collects the stretches of a document."""

    def __init__(self, anchors: Set[str], name: str, notes: NoteTargets) -> None:
        self.stretches: list[tuple[str, list[str]]] = [("", [])]
        self._anchors = anchors
        self._name = name
        self._notes = notes
        self._has_text = False  # of the block that is open
        self._left_out = ""  # name of the element that is left out
        self._depth = 0  # how many of its name are open
        self._unspoken: list[str] | None = None  # what a note that is left out says

    def add(self, text: str) -> None:
        """Add text or an entity."""
        if self._unspoken is not None:
            self._unspoken.append(text)
        if not self._left_out:
            self.stretches[-1][1].append(text)
            self._has_text = self._has_text or any(character.isalnum() for character in text)

    def add_tag(self, match: re.Match[str]) -> int:
        """Add a tag, and return the position after what it stands for."""
        name, is_end = match["name"].lower(), match["tag"][1] == "/"
        attributes = _attributes_of(match)
        anchor = attributes.get("id") or (attributes.get("name", "") if name == "a" else "")
        if anchor in self._anchors and not is_end:
            self.stretches.append((anchor, []))
        is_open = not (is_end or name in EMPTY or match["tag"].endswith("/>"))
        if self._left_out:
            if name == self._left_out:
                self._depth += int(is_open) - int(is_end)
                self._left_out = name if self._depth else ""
            if self._unspoken is not None and not self._left_out:
                text = " ".join("".join(self._unspoken).split())
                self._notes.left_out += [text] * any(map(str.isalnum, text))
                self._unspoken = None
        elif not is_end and self._is_left_out(name, attributes):
            self._left_out, self._depth = (name, 1) if is_open else ("", 0)
            self._unspoken = [] if is_open and _is_note(name, attributes) else None
        elif is_open and name == "a" and (end := _note_reference_end(match, attributes)):
            self._add_note(attributes)
            return end
        else:
            self._add_seen_tag(name, match[0], is_open, attributes)
        return match.end()

    def _is_left_out(self, name: str, attributes: dict[str, str]) -> bool:
        if _is_left_out(name, attributes):
            if _is_note_reference(attributes):
                self._add_note(attributes)
            return True
        return name in NOTE_ELEMENTS and (self._name, attributes.get("id", "")) in self._notes.found

    def _add_note(self, attributes: dict[str, str]) -> None:
        """Add what a number leads to; a number that starts a block is that of the note itself, and leads back."""
        if self._has_text and "#" in attributes.get("href", ""):
            self._notes.add(self._name, attributes["href"])

    def _add_seen_tag(self, name: str, tag: str, is_open: bool, attributes: dict[str, str]) -> None:
        """Add a tag of what is spoken, with marks at headings and links to parts of the book."""
        if name in BLOCKS:
            self._has_text = False
        is_link = name == "a" and is_open and "href" in attributes and ":" not in attributes["href"]
        before = _LINK_END if name == "a" and not is_open else ""
        after = _HEADING if name in _HEADINGS and is_open else _LINK if is_link else ""
        self.stretches[-1][1].append(f"{before}{tag}{after}")


def plain_paragraphs(html: str, titles: Set[str] = frozenset()) -> Iterator[str]:
    """Yield the paragraphs of HTML as plain text on one line, those with a letter or digit; no lists of contents.

    - ``titles``: titles of chapters, as `words_of_title` writes them.
    """
    lines = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", Html().convert(html).text))
    paragraphs = [line for line in lines if any(character.isalnum() or character == OBJECT for character in line)]
    yield from (" ".join(_MARKS.sub("", line).split()) for line in _without_contents(paragraphs, titles))


def is_picture_alone(html: str, name: str, picture: str) -> bool:
    """Return whether all that can be seen of the HTML of a document ``name`` is one picture, the file ``picture``."""
    images = [match for match in MARKUP.finditer(html) if match["tag"] and match["name"].lower() == "img"]
    sources = {resolve_link(name, _attributes_of(match).get("src", ""))[0] for match in images}
    return sources == {picture} and not any(plain_paragraphs(_IMAGE.sub("", html)))


def words_of_title(text: str) -> str:
    """Return the words of a title in lower case, without signs and marks."""
    return " ".join(re.findall(r"[^\W_]+", _MARKS.sub("", text).casefold()))


def _without_contents(paragraphs: list[str], titles: Set[str]) -> Iterable[str]:
    """Leave out lists of links to parts of the book under a heading, and the heading if nothing else is under it."""
    kept: list[str] = []
    position = 0
    while position < len(paragraphs):
        end = position
        while end < len(paragraphs) and _is_entry(paragraphs[end], titles):
            end += 1
        n_links = sum(len(_LINKED.findall(line)) for line in paragraphs[position:end])
        if n_links >= MIN_LINKS and (not kept or _HEADING in kept[-1]):
            if kept and (end == len(paragraphs) or _HEADING in paragraphs[end]):
                kept.pop()
            position = end
        else:
            kept += paragraphs[position : max(end, position + 1)]
            position = max(end, position + 1)
    return kept


def _is_entry(line: str, titles: Set[str]) -> bool:
    """Return whether a paragraph is a link, a linked title, or capitalised words or Roman numbers and links."""
    if _HEADING not in line and _LINK in line and words_of_title(line) in titles:
        return True
    linked = sum(len(_WORD.findall(text)) for text in _LINKED.findall(line))
    beside = _WORD.findall(_MARKS.sub("", _LINKED.sub(" ", line)))
    is_title = all(word[0].isupper() or not word.strip("ivxlcdm") for word in beside)
    return _HEADING not in line and is_title and len(beside) <= linked and linked > 0


def first_heading(html: str) -> str:
    """Return the text of the first heading, empty without one."""
    heading = re.search(r"<h([1-3])[\s>].{0,2000}?</h\1\s*>", html, re.IGNORECASE | re.DOTALL)
    return " ".join(plain_paragraphs(heading[0])) if heading else ""


def _attributes_of(match: re.Match[str]) -> dict[str, str]:
    """Return the attributes of a tag by name, in lower case."""
    found = _ATTRIBUTE.findall(match["attributes"] or "")
    return {name.lower(): unescape(double or single) for name, double, single in found}


def _is_left_out(name: str, attributes: dict[str, str]) -> bool:
    kinds = attributes.get("epub:type", "").lower().split()
    roles = attributes.get("role", "").lower().split()
    classes = attributes.get("class", "").lower().split()
    return (
        name in ELEMENTS_LEFT_OUT
        or "hidden" in attributes
        or not {*KINDS_LEFT_OUT}.isdisjoint([*kinds, *(role.removeprefix("doc-") for role in roles)])
        or not {*CLASSES_LEFT_OUT}.isdisjoint(classes)
    )


def _is_note(name: str, attributes: dict[str, str]) -> bool:
    """Return whether an element that is left out has text that the book says: a note, an index, an annotation."""
    words = " ".join(attributes.get(each, "") for each in ("epub:type", "role", "class")).lower()
    is_named = name in NOTE_ELEMENTS and not _is_left_out(name, attributes)
    return is_named or (name not in ELEMENTS_LEFT_OUT and _NOTE.search(words) is not None)


def _is_note_reference(attributes: dict[str, str]) -> bool:
    """Return whether an element that is left out is the number of a note by its kind or class."""
    words = " ".join(attributes.get(name, "") for name in ("epub:type", "role", "class")).lower().split()
    return any(word.removeprefix("doc-") in ("noteref", "footnote-ref", "fnanchor") for word in words)


def _note_reference_end(match: re.Match[str], attributes: dict[str, str]) -> int:
    """Return the end of a link that is the number of a note by its form, raised or in brackets, else 0."""
    link = _LINK_TEXT.match(match.string, match.end()) if "#" in attributes.get("href", "") else None
    if link is None:
        return 0
    is_raised = "<sup" in link["text"].lower() or re.search(
        r"<sup[^<>]{0,200}>\s*$", match.string[max(0, match.start() - 210) : match.start()], re.IGNORECASE
    )
    text = unescape(_TAG.sub("", link["text"]))
    is_number = _NOTE_NUMBER.fullmatch(text) or (is_raised and _RAISED_NUMBER.fullmatch(text))
    return link.end() if is_number else 0
