"""Small EPUB files for tests."""

from __future__ import annotations

import zipfile
from pathlib import Path

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)
"""A red dot."""


def page(body: str, attributes: str = "") -> str:
    """Return an XHTML document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>A document</title></head><body {attributes}>{body}'
        "</body></html>"
    )


def navigation(entries: str) -> str:
    """Return a navigation document of EPUB 3 with a list of entries, and one of pages."""
    pages = '<nav epub:type="page-list"><ol><li><a href="one.xhtml#p1">1</a></li></ol></nav>'
    return page(f'{pages}<nav epub:type="toc"><h1>Contents</h1><ol>{entries}</ol></nav>')


def ncx(points: str) -> str:
    """Return a table of contents of EPUB 2."""
    return (
        '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
        '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd"><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/">'
        f"<navMap>{points}</navMap></ncx>"
    )


def point(title: str, source: str, below: str = "") -> str:
    """Return an entry of a table of contents of EPUB 2."""
    return f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{source}"/>{below}</navPoint>'


def write_epub(
    path: Path,
    documents: dict[str, str],
    *,
    metadata: str = "<dc:title>A Book</dc:title><dc:creator>Ann Author</dc:creator><dc:language>en</dc:language>",
    contents: str | None = None,
    spine: str | None = None,
    manifest: str = "",
    guide: str = "",
    other: dict[str, str | bytes] | None = None,
) -> Path:
    """Write an EPUB.

    - ``documents``: XHTML by name; they are the spine unless ``spine`` is given.
    - ``contents``: a navigation document (``<html``) or NCX file.
    - ``other``: further files by name.
    """
    is_navigation = contents is not None and "<html" in contents
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in documents) + (
        ""
        if contents is None
        else '<item id="toc" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        if is_navigation
        else '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    )
    order = spine if spine is not None else "".join(f'<itemref idref="{name}"/>' for name in documents)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">'
        f"{metadata}</metadata><manifest>{items}{manifest}</manifest>"
        f"<spine{' toc=' + chr(34) + 'toc' + chr(34) if contents and not is_navigation else ''}>{order}</spine>"
        f"<guide>{guide}</guide></package>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/book.opf", package)
        if contents is not None:
            archive.writestr("OEBPS/nav.xhtml" if is_navigation else "OEBPS/toc.ncx", contents)
        for name, document in documents.items():
            archive.writestr(f"OEBPS/{name}", document)
        for name, content in (other or {}).items():
            archive.writestr(name, content)
    return path
