"""Read EPUB books, version 2 and 3: title, authors, language, cover, and the text of the chapters in reading order.

Nothing is unpacked to the disk. Files are read up to a size, XML without entities of its own.
"""

from __future__ import annotations

import posixpath
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ..base.errors import BadText, NothingToSpeak, SkippedText
from .epub_flow import (
    NoteTargets,
    first_heading,
    is_picture_alone,
    plain_paragraphs,
    resolve_link,
    split_document,
    words_of_title,
)
from .reading import shortened

MAX_FILE_BYTES = 2**24
"""Most bytes of a document or cover, unpacked."""

MAX_BOOK_BYTES = 2**27
"""Most bytes of all documents of a book, unpacked."""

MAX_DEPTH = 200
"""Most elements inside each other in lists of contents."""

ENCRYPTION = "META-INF/encryption.xml"
FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Methods that hide fonts only; the text of such a book can be read."""

DOCUMENT_TYPES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/x-dtbook+xml")
NCX_TYPE = "application/x-dtbncx+xml"
SKIPPED_GUIDES = ("cover", "toc")
XML_ENTITIES = ("amp", "lt", "gt", "quot", "apos")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class EpubChapter:
    """A chapter: its title in the table of contents, or that of its heading, and its paragraphs as plain text."""

    title: str
    paragraphs: tuple[str, ...]


_HTML_BREAK, _HTML_TAG = re.compile(r"</?(?:p|div|br|li|h\d)\b[^<>]*>"), re.compile("<[^<>]*>")  # in descriptions
OTHER_TAGS = {
    **{"publisher": "organization", "rights": "copyright", "description": "description", "subject": "subject"},
    **{"source": "source", "relation": "relation", "coverage": "coverage"},
}
"""Elements of the metadata of a book, and the names of their tags in sound files."""

ROLES = {"trl": "translator", "edt": "editor", "ill": "illustrator", "aui": "introduction", "aft": "afterword"}
"""Codes of MARC for those who contributed to a book, and their roles in tags; others are these codes."""

BOOK_PRODUCER = "bkp"  # usually a program
ISBN_TYPES = ("02", "15")  # of ONIX, of ten and of thirteen digits
_ISBN_PREFIX = re.compile(r"(?:urn:)?isbn:?\s*(?=\d)", re.IGNORECASE)
_DATE = re.compile(r"(?!0101-01-01)\d{4}(?:-\d\d(?:-\d\d)?)?")  # Calibre's date of books without one is 101


@dataclass(frozen=True)
class Epub:
    """A book; title, authors, language (such as ``en-GB``) and date are empty if the file does not say them.

    - ``cover``: the bytes of its picture, empty without one.
    - ``others``: names and texts of further tags, by the names that they have in sound files.
    """

    title: str
    author: str
    language: str
    date: str
    cover: bytes
    chapters: tuple[EpubChapter, ...]
    others: tuple[tuple[str, str], ...] = ()


def read_epub(path: Path) -> Epub:
    """Read an EPUB.

    Left out are the parts that are not in the line of reading: notes and their numbers, asides, page numbers, tables
    of contents, the page of the cover, and documents that the book calls not linear.

    - ``path``: the file.

    Notes, indexes and documents with text among them are named in a SkippedText warning.

    Raises BadText if it is no EPUB, damaged, encrypted or too large, or NothingToSpeak if it has no text.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            package = _Package(_Archive(path, archive))
            book = package.book()
    except FileNotFoundError as error:
        raise BadText(f"{path} does not exist; check the path.") from error
    except BadText:
        raise
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise BadText(f"{path} is no EPUB, or damaged ({error}); get the file again.") from error
    left_out = f"left out are {' and '.join(package.left_out)}" if package.left_out else ""
    if not book.chapters:
        raise NothingToSpeak(f"There is no text in {path}; {left_out or 'a book of pictures cannot be spoken'}.")
    if left_out:
        warnings.warn(f"{path.name}: {left_out}.", SkippedText, stacklevel=2)
    return book


@dataclass
class _Archive:
    """The files of an EPUB by their names; only files of the archive are ever opened."""

    path: Path
    archive: zipfile.ZipFile
    n_bytes: int = 0

    def __contains__(self, name: str) -> bool:
        return name in self.archive.NameToInfo

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; raise BadText if it is missing, encrypted or too large."""
        info = self.archive.NameToInfo.get(name)
        if info is None:
            raise self.damaged(f"it has no {name!r}")
        if info.flag_bits & 1:
            raise self.encrypted()
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.damaged(f"{name!r} is compressed in a way that EPUBs do not have")
        with self.archive.open(info) as file:
            content = file.read(MAX_FILE_BYTES + 1)
        self.n_bytes += len(content)
        if len(content) > MAX_FILE_BYTES or self.n_bytes > MAX_BOOK_BYTES:
            what, limit = (name, MAX_FILE_BYTES) if len(content) > MAX_FILE_BYTES else ("the book", MAX_BOOK_BYTES)
            raise BadText(
                f"{self.path}: {what} unpacks to more than {limit // 2**20} MiB; split the book, or check its source."
            )
        return content

    def text(self, name: str) -> str:
        """Return the text of a file in the encoding that it declares, by default UTF-8."""
        content = self.read(name)
        declared = _DECLARED.match(content)
        encoding = next((each for mark, each in _MARKS if content.startswith(mark)), None)
        encoding = encoding or (declared[1].decode() if declared else "utf-8")
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise self.damaged(f"{name!r} is not text in {encoding}") from error

    def xml(self, name: str) -> Element:
        """Return the root of an XML file; names of elements and attributes have no namespaces."""
        text = _ENTITY.sub(_entity, re.sub(r"^\ufeff?<\?xml[^>]{0,200}\?>", "", self.text(name)))
        builder = TreeBuilder()
        depth = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MAX_DEPTH:
                raise self.damaged(f"{name!r} has more than {MAX_DEPTH} elements inside each other")
            builder.start(_local(tag), {_local(key): value for key, value in attributes.items()})

        def end(tag: str) -> None:
            nonlocal depth
            depth -= 1
            builder.end(_local(tag))

        def refuse(*_: object) -> None:
            raise self.damaged(f"{name!r} defines entities, which EPUBs do not have")

        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = builder.data
        parser.EntityDeclHandler = refuse
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            raise self.damaged(f"{name!r} is no XML: {error}") from error
        return builder.close()

    def damaged(self, reason: str) -> BadText:
        """Return the error for a damaged book."""
        return BadText(f"{self.path} is no EPUB, or damaged: {reason}; get the file again.")

    def encrypted(self) -> BadText:
        """Return the error for a book that is protected against copying."""
        return BadText(f"{self.path} is encrypted (DRM), and its text cannot be read; get a copy without protection.")


@dataclass(frozen=True)
class _Entry:
    """An entry of the table of contents: its title, the document and the identifier in it, and the entries below."""

    title: str
    document: str
    anchor: str
    below: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class _Item:
    """A file of the manifest."""

    name: str
    type: str
    properties: tuple[str, ...]


class _Package:
    """The package document of a book: metadata, files and their order."""

    def __init__(self, archive: _Archive) -> None:
        self.archive = archive
        if ENCRYPTION in archive:
            methods = archive.xml(ENCRYPTION).iter("EncryptionMethod")
            if any(method.get("Algorithm") not in FONT_ALGORITHMS for method in methods):
                raise archive.encrypted()
        roots = [root.get("full-path", "") for root in archive.xml("META-INF/container.xml").iter("rootfile")]
        if not roots:
            raise archive.damaged("its container names no package")
        self.name = roots[0] if roots[0] in archive else unquote(roots[0])
        self.left_out: list[str] = []
        self.root = archive.xml(self.name)
        self.items = {
            item.get("id", ""): _Item(
                resolve_link(self.name, item.get("href", ""))[0],
                item.get("media-type", "").lower(),
                (*item.get("properties", "").split(),),
            )
            for item in self.root.findall("manifest/item")
        }

    def book(self) -> Epub:
        """Read the book."""
        dates = self.root.findall("metadata/date")
        date = next((each for each in dates if each.get("event") == "publication"), dates[0] if dates else None)
        day = _DATE.search(_text(date))
        titles = self._titles()
        cover = self._cover()
        chapters = _Chapters(self.archive, self._contents(), cover)
        texts = chapters.read(self._documents())
        if notes := chapters.notes.left_out:
            self.left_out.append(f"{len(notes)} notes or indexes ({shortened(notes[0])!r})")
        return Epub(
            title=_text(titles[0]) if titles else "",
            author=", ".join(self._authors()),
            language=_text(self.root.find("metadata/language")),
            date=day[0] if day else "",
            cover=self.archive.read(cover) if cover else b"",
            chapters=(*texts,),
            others=(
                *(("subtitle", _text(title)) for title in titles[1:]),
                *self._sort_names(titles[:1]),
                *(("language", _text(each)) for each in self.root.findall("metadata/language")[1:]),
                *self._identifiers(),
                *self._elements(),
                *self._contributors(),
                *self._series(),
            ),
        )

    def _titles(self) -> list[Element]:
        """Return the elements of the title and of further ones, such as the subtitle."""
        kinds = self._refining("title-type")
        elements = [each for each in self.root.findall("metadata/title") if _text(each)]
        return sorted(elements, key=lambda each: kinds.get(each.get("id", "")) != "main")

    def _sort_names(self, titles: list[Element]) -> list[tuple[str, str]]:
        """Return the tags of title and authors as they are sorted."""
        sorted_as, authors = self._refining("file-as"), self._authors()
        creators = [each for each in self.root.findall("metadata/creator") if _text(each) in authors]
        named = {"titlesort": titles, "artistsort": creators}
        found = {
            name: [each.get("file-as", sorted_as.get(each.get("id", ""), "")) for each in elements]
            for name, elements in named.items()
        }
        return [(name, "; ".join(texts)) for name, texts in found.items() if texts and all(texts)]

    def _identifiers(self) -> list[tuple[str, str]]:
        """Return the tags of ISBNs and of other identifiers, which begin with their kind."""
        types = self._refining("identifier-type")
        found = []
        for each in self.root.findall("metadata/identifier"):
            text, kind = _text(each), each.get("scheme", "")
            number = _ISBN_PREFIX.sub("", text, count=1)
            if number != text or kind.upper().startswith("ISBN") or types.get(each.get("id", "")) in ISBN_TYPES:
                found.append(("isbn", number))
            elif text:
                found.append(("identifier", text if ":" in text or not kind else f"{kind.lower()}:{text}"))
        return found

    def _elements(self) -> list[tuple[str, str]]:
        """Return the tags of OTHER_TAGS, whose texts may have HTML."""
        return [
            (tag, text)
            for name, tag in OTHER_TAGS.items()
            for each in self.root.findall(f"metadata/{name}")
            if (text := " ".join(_HTML_TAG.sub("", _HTML_BREAK.sub(" ", _text(each))).split()))
        ]

    def _refining(self, name: str) -> dict[str, str]:
        """Return the texts of a property by the identifiers of the elements that it refines."""
        metas = (meta for meta in self.root.findall("metadata/meta") if meta.get("property") == name)
        return {meta.get("refines", "").removeprefix("#"): _text(meta) for meta in metas}

    def _people(self, kind: str) -> list[tuple[str, str]]:
        """Return the codes of the roles and the names of the creators, or the contributors."""
        roles = self._refining("role")
        default = "aut" if kind == "creator" else "ctb"
        elements = self.root.findall(f"metadata/{kind}")
        return [
            (each.get("role", roles.get(each.get("id", ""), default)), _text(each)) for each in elements if _text(each)
        ]

    def _authors(self) -> list[str]:
        """Return the authors, or all creators if none is said to be an author."""
        creators = self._people("creator")
        authors = [name for role, name in creators if role == "aut"]
        return [*dict.fromkeys(authors or [name for _, name in creators])]

    def _contributors(self) -> list[tuple[str, str]]:
        """Return the tags of translators and others who are not the authors."""
        authors = {*self._authors()}
        others = [(role, name) for kind in ("creator", "contributor") for role, name in self._people(kind)]
        return [
            (f"involvedpeople:{ROLES.get(role, role)}", name)
            for role, name in dict.fromkeys(others)
            if name not in authors and role != BOOK_PRODUCER
        ]

    def _series(self) -> list[tuple[str, str]]:
        """Return the series of the book and its number there as tags."""
        metas = self.root.findall("metadata/meta")
        kinds, numbers = self._refining("collection-type"), self._refining("group-position")
        found = [
            (_text(meta), numbers.get(meta.get("id", ""), ""))
            for meta in metas
            if meta.get("property") == "belongs-to-collection" and kinds.get(meta.get("id", ""), "series") == "series"
        ]
        of_calibre = {meta.get("name"): meta.get("content", "") for meta in metas}
        if name := of_calibre.get("calibre:series"):
            found.append((name, of_calibre.get("calibre:series_index", "").removesuffix(".0")))
        known = {name: number for name, number in reversed(found) if name}
        return [("grouping", f"{name} #{number}" if number else name) for name, number in known.items()]

    def _cover(self) -> str:
        """Return the name of the picture of the cover, empty if it is missing."""
        named = {meta.get("content", "") for meta in self.root.findall("metadata/meta") if meta.get("name") == "cover"}
        covers = [
            item.name
            for identifier, item in self.items.items()
            if item.type.startswith("image/") and ("cover-image" in item.properties or identifier in named)
        ]
        return next((name for name in covers if name in self.archive), "")

    def _documents(self) -> list[str]:
        """Return the names of the documents to read, in their order."""
        guides = self.root.findall("guide/reference")
        skipped = {
            resolve_link(self.name, guide.get("href", ""))[0]
            for guide in guides
            if guide.get("type", "").lower() in SKIPPED_GUIDES and "#" not in guide.get("href", "")
        }
        skipped |= {item.name for item in self.items.values() if "nav" in item.properties}
        documents, others, missing = [], [], []
        for reference in self.root.findall("spine/itemref"):
            item = self.items.get(reference.get("idref", ""))
            is_text = item is not None and item.type in DOCUMENT_TYPES
            if item is None or (is_text and item.name not in self.archive):
                missing.append(repr(reference.get("idref", "") if item is None else posixpath.basename(item.name)))
                continue
            if item.name in skipped:
                continue
            if reference.get("linear", "yes") != "no" and is_text:
                documents.append(item.name)
            elif item.name in self.archive and (not is_text or any(plain_paragraphs(self.archive.text(item.name)))):
                others.append(posixpath.basename(item.name))
        if others:
            self.left_out.append(f"the documents {', '.join(others)}")
        if missing:
            self.left_out.append(f"the documents {', '.join(missing)}, which are not in the file")
        return [*dict.fromkeys(documents)]

    def _contents(self) -> list[_Entry]:
        """Return the table of contents: of the navigation document of EPUB 3, else of the NCX file of EPUB 2."""
        navigation = next((item.name for item in self.items.values() if "nav" in item.properties), "")
        if navigation in self.archive:
            lists = [*self.archive.xml(navigation).iter("nav")]
            lists = [each for each in lists if "toc" in each.get("type", "").split()] or lists[:1]
            if entries := [*self._listed(navigation, lists[0].find("ol"))] if lists else []:
                return entries
        spine = self.root.find("spine")
        item = self.items.get("" if spine is None else spine.get("toc", ""))
        name = item.name if item else next((each.name for each in self.items.values() if each.type == NCX_TYPE), "")
        root = self.archive.xml(name).find("navMap") if name in self.archive else None
        return [] if root is None else [*self._points(name, root)]

    def _listed(self, name: str, ordered: Element | None) -> Iterator[_Entry]:
        """Yield the entries of a list of a navigation document."""
        for item in [] if ordered is None else ordered.findall("li"):
            below = (*self._listed(name, item.find("ol")),)
            link = next((each for each in item if each.tag in ("a", "span")), None)
            href = "" if link is None else link.get("href", "")
            target = resolve_link(name, href) if href else ("", "")
            yield _Entry(_text(link), *target, below)

    def _points(self, name: str, parent: Element) -> Iterator[_Entry]:
        """Yield the entries of an NCX file."""
        for point in parent.findall("navPoint"):
            content = point.find("content")
            target = resolve_link(name, "" if content is None else content.get("src", ""))
            yield _Entry(_text(point.find("navLabel/text")), *target, (*self._points(name, point),))


@dataclass
class _Chapters:
    """Collects the text of documents into chapters, which start where entries of the table of contents point."""

    archive: _Archive
    contents: list[_Entry]
    cover: str
    chapters: list[EpubChapter] = field(default_factory=list)
    title: str = ""
    pending: list[str] = field(default_factory=list)
    notes: NoteTargets = field(default_factory=NoteTargets)

    def read(self, documents: list[str]) -> list[EpubChapter]:
        """Return the chapters with text."""
        starts: dict[str, dict[str, str]] = {}  # titles by document and anchor
        for entry in _chapter_entries(self.contents):
            starts.setdefault(entry.document, {}).setdefault(entry.anchor, entry.title)
        has_begun = False
        known = {words_of_title(title) for titles in starts.values() for title in titles.values()}
        for name in documents:
            titles = starts.get(name, {})
            stretches = split_document(self.archive.text(name), titles.keys() - {""}, name, self.notes)
            unknown = [anchor for anchor in titles if anchor not in {each for each, _ in stretches}]
            for anchor in unknown:  # an entry whose element is missing points to the start
                titles.setdefault("", titles[anchor])
            for anchor, html in stretches:
                if anchor in titles:
                    self._begin(titles[anchor])
                    has_begun = True
                elif not has_begun:  # what precedes the table's first chapter; without a table, all
                    self._begin(first_heading(html))
                if not is_picture_alone(html, name, self.cover):
                    self.pending += plain_paragraphs(html, known)
        self._begin("")
        return self.chapters

    def _begin(self, title: str) -> None:
        if self.pending:
            self.chapters.append(EpubChapter(self.title, (*self.pending,)))
        self.title, self.pending = title, []


def _chapter_entries(entries: list[_Entry]) -> Iterator[_Entry]:
    """Yield the entries that start chapters: the first level, and deeper ones that lead to other documents.

    Deeper entries in the document of the one above them are sections. A single entry above all others is the book.
    """
    if len(entries) == 1 and entries[0].below:
        yield entries[0]
        yield from _chapter_entries([*entries[0].below])
        return
    for entry in entries:
        if entry.document:
            yield entry
        yield from _in_other_documents(entry)


def _in_other_documents(parent: _Entry) -> Iterator[_Entry]:
    for entry in parent.below:
        if entry.document and entry.document != parent.document:
            yield entry
        yield from _in_other_documents(entry)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _text(element: Element | None) -> str:
    """Return the text of an element on one line."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _entity(match: re.Match[str]) -> str:
    """Return the character of an entity of HTML, which XML does not know."""
    return match[0] if match[1] in XML_ENTITIES else html5.get(f"{match[1]};", match[0])
