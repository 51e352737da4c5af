"""XML of unknown origin: no entities of its own, bounded depth and size; compressed files."""

from __future__ import annotations

import io
import zipfile
import zlib
from urllib.parse import unquote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ...base.errors import BadScore

MAX_DEPTH = 64
MAX_XML_BYTES = 2**26
SMALL_XML_BYTES, MAX_RATIO = 2**20, 100
"""A compressed score becomes at most so many times as long, besides the first bytes; scores become 10 to 40 times."""

CONTAINER = "META-INF/container.xml"


def parse_xml(contents: bytes) -> Element:
    """Return the root of a document; names of elements have no namespaces.

    Raises BadScore if it is not well-formed, is nested deeper than MAX_DEPTH, or declares entities.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise BadScore(f"Its XML has more than {MAX_DEPTH} levels.")
        builder.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(":")[2])

    def refuse(*_: object) -> None:
        raise BadScore("Its XML declares entities, which scores do not need.")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(contents, True)
        return builder.close()
    except expat.ExpatError as error:
        raise BadScore(f"It is no XML document: {error}.") from error
    except BadScore:
        raise
    except (LookupError, ValueError, AssertionError) as error:
        raise BadScore("It is no XML document that can be decoded.") from error


def unpacked(contents: bytes) -> bytes:
    """Return the score in a compressed file (.mxl), or the contents of another one.

    Raises BadScore if the archive is damaged, has no score, or one of more than MAX_XML_BYTES or many times its own
    length.
    """
    if contents[:2] != b"PK":
        return contents
    try:
        with zipfile.ZipFile(io.BytesIO(contents)) as archive:
            names = [name for name in archive.namelist() if not name.startswith("META-INF/")]
            if CONTAINER in archive.namelist():
                container = parse_xml(_member(archive, CONTAINER))
                listed = [each.get("full-path", "") for each in container.iter("rootfile")]
                listed = [name if name in archive.namelist() else unquote(name) for name in listed]
                names = [name for name in listed if name in archive.namelist()] or names
            scores = [name for name in names if name.lower().endswith((".xml", ".musicxml"))] or names
            if not scores:
                raise BadScore("The compressed file has no score in it.")
            return _member(archive, scores[0])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, BadScore):
            raise
        raise BadScore(f"The compressed file is damaged ({error}).") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    most = min(MAX_XML_BYTES, SMALL_XML_BYTES + MAX_RATIO * info.compress_size)
    with archive.open(info) as file:
        contents = file.read(most + 1)
    if len(contents) > most:
        raise BadScore(f"The score in the compressed file has more than {most / 2**20:.0f} MiB.")
    return contents


def packed(contents: bytes, name: str = "score.musicxml") -> bytes:
    """Return a score as a compressed file."""
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
        f'<rootfile full-path="{name}" media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in ((CONTAINER, container.encode()), (name, contents)):
            archive.writestr(zipfile.ZipInfo(member, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
