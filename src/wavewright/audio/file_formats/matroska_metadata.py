"""Tags with several texts, titles, chapters and descriptions of Matroska files, of which PyAV reads a part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .metadata import OTHER, ForeignPart, Marker, SoundMetadata, normalised, text_of

SEGMENT, INFO, TITLE = 0x18538067, 0x1549A966, 0x7BA9
TAGS, TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
TARGETS, TARGET_UIDS = 0x63C0, (0x63C4, 0x63C5, 0x63C6, 0x63C9)
CHAPTERS, EDITION, EDITION_HIDDEN, EDITION_DEFAULT = 0x1043A770, 0x45B9, 0x45BD, 0x45DB
CHAPTER, CHAPTER_START, CHAPTER_END = 0xB6, 0x91, 0x92
DISPLAY, DISPLAYED, DISPLAY_LANGUAGE = 0x80, 0x85, 0x437C
TRACKS, TRACK_ENTRY, TRACK_LANGUAGE = 0x1654AE6B, 0xAE, 0x22B59D
ATTACHMENTS, ATTACHED_FILE, DESCRIPTION = 0x1941A469, 0x61A7, 0x467E
"""Elements of Matroska; tags whose targets have numbers are those of tracks, chapters and attached files."""

MAX_BYTES = 2**24
MAX_DEPTH = 8  # of chapters within chapters
NANOSECONDS = 1e9

Element = tuple[int, int, int]
"""Identifier of an element, the position of its content, and the position after it."""


def read(file: BinaryIO) -> SoundMetadata:
    """Return what PyAV does not read: tags with several texts, the title, chapters, regions of languages."""
    top = [*_inside(file, [(0, 0, file.seek(0, 2))], SEGMENT)]
    top = [each for _, *span in top for each in _elements(file, span[0], span[1])]
    title = [("title", text) for info in _of(top, INFO) for text in _texts(file, info, TITLE)]
    fields = normalised(each for tag in _inside(file, _of(top, TAGS), TAG) for each in _of_tag(file, tag))
    values = SoundMetadata(fields).values
    several = (each for each in fields if len(values[each[0].lower()]) > 1 or (each[0].lower() == "title" and title))
    languages = (
        ("language", text)
        for track in _inside(file, _of(top, TRACKS), TRACK_ENTRY)
        for text in _texts(file, track, TRACK_LANGUAGE)
        if "-" in text
    )
    descriptions = (
        ("description", text)
        for attached in _inside(file, _of(top, ATTACHMENTS), ATTACHED_FILE)
        for text in _texts(file, attached, DESCRIPTION)
    )
    parts = [ForeignPart(OTHER, f"{name} {text}", b"") for name, text in (*languages, *descriptions)]
    editions = _editions(file, _inside(file, _of(top, CHAPTERS), EDITION))
    parts += [ForeignPart(OTHER, "edition of chapters", b"") for _ in editions[1:]]
    markers = [marker for edition in editions[:1] for marker in _chapters(file, edition)]
    return SoundMetadata(normalised((*title, *several)), markers=(*markers,), parts=(*parts,))


def _editions(file: BinaryIO, editions: Iterable[Element]) -> list[Element]:
    """Return editions of the chapters, the default first and hidden ones last."""

    def rank(edition: Element) -> tuple[bool, bool]:
        flags = {kind: _number(file, start, end) for kind, start, end in _elements(file, *edition[1:])}
        return bool(flags.get(EDITION_HIDDEN)), not flags.get(EDITION_DEFAULT)

    return sorted(editions, key=rank)


def _chapters(file: BinaryIO, parent: Element, depth: int = 0) -> Iterator[Marker]:
    """Yield the chapters of an edition, each before those in it; titles in further languages are parts of them."""
    for chapter in _inside(file, [parent], CHAPTER):
        times = {kind: _number(file, start, end) / NANOSECONDS for kind, start, end in _elements(file, *chapter[1:])}
        texts = [
            (" ".join(_texts(file, display, DISPLAY_LANGUAGE)), text)
            for display in _inside(file, [chapter], DISPLAY)
            for text in _texts(file, display, DISPLAYED)
        ]
        parts = (ForeignPart(OTHER, f"title {language}", text.encode()) for language, text in texts[1:])
        label = texts[0][1] if texts else ""
        yield Marker(times.get(CHAPTER_START, 0.0), times.get(CHAPTER_END), label, parts=(*parts,))
        if depth < MAX_DEPTH:
            yield from _chapters(file, chapter, depth + 1)


def _of(elements: Iterable[Element], kind: int) -> list[Element]:
    return [each for each in elements if each[0] == kind]


def _inside(file: BinaryIO, elements: Iterable[Element], kind: int) -> Iterator[Element]:
    """Yield the elements of a kind inside others."""
    for _, start, end in elements:
        yield from (each for each in _elements(file, start, end) if each[0] == kind)


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    while start < end:
        file.seek(start)
        head = file.read(12)
        n_kind, n_size = (9 - each.bit_length() for each in (head[0], (head[9 - head[0].bit_length() :] or b"\0")[0]))
        size = int.from_bytes(head[n_kind : n_kind + n_size]) & (1 << 7 * n_size) - 1
        if n_kind > 4 or n_size > 8:
            return
        content = start + n_kind + n_size
        is_endless = size == (1 << 7 * n_size) - 1
        start = end if is_endless else min(end, content + size)
        yield int.from_bytes(head[:n_kind]), content, start


def _of_tag(file: BinaryIO, tag: Element) -> Iterator[tuple[str, str]]:
    """Yield the name and text of the tags of a file, not of its parts."""
    targets = _inside(file, [tag], TARGETS)
    if any(each in TARGET_UIDS for target in targets for each, *_ in _elements(file, *target[1:])):
        return
    for simple in _inside(file, [tag], SIMPLE_TAG):
        texts = {kind: _text(file, start, end) for kind, start, end in _elements(file, *simple[1:])}
        yield texts.get(TAG_NAME, ""), texts.get(TAG_STRING, "")


def _texts(file: BinaryIO, parent: Element, kind: int) -> Iterator[str]:
    """Yield the texts of the elements of a kind in another one."""
    yield from (_text(file, *each[1:]) for each in _inside(file, [parent], kind))


def _text(file: BinaryIO, start: int, end: int) -> str:
    file.seek(start)
    return text_of(file.read(min(end - start, MAX_BYTES)))


def _number(file: BinaryIO, start: int, end: int) -> int:
    file.seek(start)
    return int.from_bytes(file.read(min(end - start, 8)))
