"""ID3 tags: read in versions 2.2 to 2.4 and 1, written in 2.4 with UTF-8."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from .id3 import ID3V1_BYTES, ID3V1_MAGIC, MAX_TAG_BYTES, Frame, skip_tags, synchsafe_of
from .metadata import ForeignPart, Marker, Picture, SoundMetadata, normalised

KIND = "ID3"
NAMES = {
    **{"TIT1": "grouping", "TIT2": "title", "TIT3": "subtitle", "TPE1": "artist", "TPE2": "albumartist"},
    **{"TPE3": "conductor", "TPE4": "remixer", "TALB": "album", "TCOM": "composer", "TEXT": "lyricist"},
    **{"TRCK": "tracknumber", "TPOS": "discnumber", "TCON": "genre", "TDRC": "date", "TDOR": "originaldate"},
    **{"TCOP": "copyright", "TPUB": "organization", "TENC": "encodedby", "TSSE": "software", "TSRC": "isrc"},
    **{"TBPM": "bpm", "TLAN": "language", "TKEY": "key", "TMOO": "mood", "TMED": "media", "TLEN": "length"},
    **{"TCMP": "compilation", "TSOA": "albumsort", "TSOP": "artistsort", "TSOT": "titlesort"},
    **{"TSO2": "albumartistsort", "TSOC": "composersort"},
}
"""Our names of text frames."""

OLDER_NAMES = {
    **{"TYER": "TDRC", "TORY": "TDOR", "TT1": "TIT1", "TT2": "TIT2", "TT3": "TIT3", "TP1": "TPE1", "TP2": "TPE2"},
    **{"TP3": "TPE3", "TP4": "TPE4", "TAL": "TALB", "TCM": "TCOM", "TXT": "TEXT", "TRK": "TRCK", "TPA": "TPOS"},
    **{"TCO": "TCON", "TYE": "TDRC", "TOR": "TDOR", "TCR": "TCOP", "TPB": "TPUB", "TEN": "TENC", "TSS": "TSSE"},
    **{"TRC": "TSRC", "TBP": "TBPM", "TLA": "TLAN", "TKE": "TKEY", "TMT": "TMED", "TLE": "TLEN", "TCP": "TCMP"},
    **{"COM": "COMM", "ULT": "USLT", "TXX": "TXXX", "PIC": "APIC"},
}
"""Names of frames in versions 2.3 and 2.2."""

FRAMES = {name: frame for frame, name in NAMES.items()}
ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
UTF_8 = b"\x03"
NO_LANGUAGE = b"XXX"
IGNORED = ("TDAT", "TIME", "TRDA", "TSIZ", "MLLT", "SEEK", "ASPI", "TDTG", "TDEN", "CTOC")
"""Frames about the file itself, and those that CHAP frames make superfluous."""

UNSYNCHRONISED, EXTENDED = 0x80, 0x40  # flags of a tag
FRAME_UNSYNCHRONISED, FRAME_HAS_LENGTH, FRAME_CODED = 0x02, 0x01, 0x0C  # flags of a frame of version 2.4
OLDER_FRAME_CODED = 0xE0  # of version 2.3: compressed, encrypted or grouped
NO_OFFSET = b"\xff" * 8
MILLISECONDS = 1_000
MAX_FRAMES = 10_000

GENRE_NAMES = (
    "Blues,Classic Rock,Country,Dance,Disco,Funk,Grunge,Hip-Hop,Jazz,Metal,New Age,Oldies,Other,Pop,R&B,Rap,Reggae,"
    "Rock,Techno,Industrial,Alternative,Ska,Death Metal,Pranks,Soundtrack,Euro-Techno,Ambient,Trip-Hop,Vocal,Jazz+Funk,"
    "Fusion,Trance,Classical,Instrumental,Acid,House,Game,Sound Clip,Gospel,Noise,AlternRock,Bass,Soul,Punk,Space,"
    "Meditative,Instrumental Pop,Instrumental Rock,Ethnic,Gothic,Darkwave,Techno-Industrial,Electronic,Pop-Folk,"
    "Eurodance,Dream,Southern Rock,Comedy,Cult,Gangsta,Top 40,Christian Rap,Pop/Funk,Jungle,Native American,Cabaret,"
    "New Wave,Psychedelic,Rave,Showtunes,Trailer,Lo-Fi,Tribal,Acid Punk,Acid Jazz,Polka,Retro,Musical,Rock & Roll,"
    "Hard Rock"
)
GENRES = tuple(GENRE_NAMES.split(","))
"""Genres by their numbers in ID3v1."""


def read(file: BinaryIO) -> SoundMetadata:
    """Return what the tags at the start of a file hold, or without any, the tag of version 1 at its end."""
    end = skip_tags(file)
    position = 0
    found = SoundMetadata()
    while position < end:
        file.seek(position)
        header = file.read(10)
        n_bytes = 10 + synchsafe_of(header[6:])
        found = found if found else parse(header + file.read(n_bytes - 10))
        position += n_bytes + (10 if header[5] & 0x10 else 0)
    return found or _read_version_1(file)


def parse(tag: bytes) -> SoundMetadata:
    """Return what a tag holds; frames that are damaged or coded are left out."""
    fields: list[tuple[str, str]] = []
    pictures: list[Picture] = []
    markers: list[Marker] = []
    parts: list[ForeignPart] = []
    for name, content in _frames(tag):
        if name in IGNORED or not content:
            continue
        try:
            if name in ("APIC", "PIC"):
                pictures.append(_picture(content) if name == "APIC" else _older_picture(content))
            elif name == "CHAP":
                markers.append(_chapter(content, tag[3]))
            elif (texts := _fields_of(name, content)) is not None:
                fields += texts
            elif len(name) == 4:
                parts.append(ForeignPart(KIND, name, content))
        except (ValueError, IndexError, struct.error):
            continue
    return SoundMetadata(normalised(fields), tuple(pictures), tuple(markers), parts=tuple(parts))


def _fields_of(name: str, content: bytes) -> list[tuple[str, str]] | None:
    """Return the tags in a frame, None if it is not one of text."""
    if name in ("COMM", "USLT"):
        return [_described(name, content)]
    if name == "TXXX":
        described, text = _texts(content[0], content[1:], 2)
        return [(described, text)]
    if name[0] == "T":
        texts = _texts(content[0], content[1:], None)
        return [(NAMES.get(name, name.lower()), _genre(each) if name == "TCON" else each) for each in texts]
    if name[0] == "W" and name != "WXXX":
        return [(name.lower(), content.split(b"\0")[0].decode("latin-1"))]
    return None


def to_bytes(metadata: SoundMetadata, end_seconds: float) -> bytes:
    """Return a tag of version 2.4; the last marker lasts to ``end_seconds``. Raise ValueError if it is too long."""
    frames = [_text_frame(name, text) for name, text in metadata.tags.items()]
    frames += [
        Frame(
            b"APIC",
            b"\0\0",
            UTF_8
            + picture.mime.encode("latin-1", "replace")
            + b"\0"
            + bytes([picture.kind])
            + picture.description.encode()
            + b"\0"
            + picture.content,
        )
        for picture in metadata.pictures
    ]
    frames += _chapter_frames(metadata.markers, end_seconds)
    frames += [Frame(part.name.encode(), b"\0\0", part.content) for part in metadata.parts if part.kind == KIND]
    body = b"".join(frame.to_bytes(4) for frame in frames)
    if len(body) > MAX_TAG_BYTES:
        raise ValueError("its tag is too long")
    return b"ID3\x04\0\0" + _synchsafe(len(body)) + body if body else b""


def _text_frame(name: str, text: str) -> Frame:
    content = text.encode()
    if name in ("comment", "lyrics"):
        return Frame(b"COMM" if name == "comment" else b"USLT", b"\0\0", UTF_8 + NO_LANGUAGE + b"\0" + content)
    frame = FRAMES.get(name, name.upper())
    if name in FRAMES or re.fullmatch(r"T(?!XXX)[A-Z0-9]{3}", frame):
        return Frame(frame.encode(), b"\0\0", UTF_8 + content)
    if re.fullmatch(r"W(?!XXX)[A-Z]{3}", frame):
        return Frame(frame.encode(), b"\0\0", text.encode("latin-1", "replace"))
    return Frame(b"TXXX", b"\0\0", UTF_8 + name.upper().encode() + b"\0" + content)


def _chapter_frames(markers: tuple[Marker, ...], end_seconds: float) -> Iterator[Frame]:
    """Yield the frames of chapters; one without an end lasts to the next."""
    ordered = sorted(markers, key=lambda marker: marker.start)
    ends = [*(marker.start for marker in ordered[1:]), end_seconds][: len(ordered)]
    identifiers = [f"chp{number}".encode() + b"\0" for number in range(len(ordered))]
    for identifier, marker, following in zip(identifiers, ordered, ends, strict=True):
        times = (marker.start, following if marker.end is None else marker.end)
        content = identifier + struct.pack(">2I", *(round(MILLISECONDS * time) for time in times)) + NO_OFFSET
        yield Frame(b"CHAP", b"\0\0", content + Frame(b"TIT2", b"\0\0", UTF_8 + marker.label.encode()).to_bytes(4))
    if ordered and len(ordered) < 256:
        yield Frame(b"CTOC", b"\0\0", b"toc\0\x03" + bytes([len(ordered)]) + b"".join(identifiers))


def _chapter(content: bytes, version: int) -> Marker:
    _, rest = content.split(b"\0", 1)
    start, end = struct.unpack_from(">2I", rest)
    titles = dict(_frames_of(rest[16:], version))
    title = titles.get("TIT2", b"\0")
    texts = _texts(title[0], title[1:], None)
    return Marker(start / MILLISECONDS, end / MILLISECONDS, texts[0] if texts else "")


def _frames(tag: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names of frames, those of version 2.4 where they differ, and their contents."""
    version, flags = tag[3], tag[5]
    body = tag[10:]
    if flags & UNSYNCHRONISED and version < 4:
        body = body.replace(b"\xff\x00", b"\xff")
    if flags & EXTENDED and version >= 3:
        n_bytes = synchsafe_of(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4])
        body = body[n_bytes:]
    return _frames_of(body, version)


def _frames_of(body: bytes, version: int) -> Iterator[tuple[str, bytes]]:
    n_name, n_header = (3, 6) if version == 2 else (4, 10)
    position = n_frames = 0
    while position + n_header <= len(body) and body[position] and n_frames < MAX_FRAMES:
        n_frames += 1
        header = body[position : position + n_header]
        size = header[n_name : 2 * n_name]
        n_bytes = _frame_size(body, position, size) if version == 4 else int.from_bytes(size)
        content = body[position + n_header : position + n_header + n_bytes]
        position += n_header + n_bytes
        name = header[:n_name].decode("latin-1")
        if not re.fullmatch("[A-Z][A-Z0-9]+", name):
            return
        if version == 4:
            if header[9] & FRAME_CODED:
                continue
            if header[9] & FRAME_HAS_LENGTH:
                content = content[4:]
            if header[9] & FRAME_UNSYNCHRONISED:
                content = content.replace(b"\xff\x00", b"\xff")
        elif version == 3 and header[9] & OLDER_FRAME_CODED:
            continue
        yield (name if name == "PIC" else OLDER_NAMES.get(name, name)), content


def _frame_size(body: bytes, position: int, size: bytes) -> int:
    """Return the size of a frame of version 2.4, which some programs write with all bits."""
    plain = int.from_bytes(size)
    if any(byte & 0x80 for byte in size):
        return plain
    n_bytes = synchsafe_of(size)
    following = body[position + 10 + n_bytes :][:4]
    if n_bytes != plain and following.strip(b"\0") and not re.fullmatch(rb"[A-Z][A-Z0-9]{3}", following):
        after_plain = body[position + 10 + plain :][:4]
        if re.fullmatch(rb"[A-Z][A-Z0-9]{3}", after_plain):
            return plain
    return n_bytes


def _texts(encoding: int, content: bytes, at_most: int | None) -> list[str]:
    """Return the texts between nulls; with ``at_most`` exactly as many."""
    text = content.decode(ENCODINGS[encoding], "replace")
    texts = text.split("\0") if at_most is None else text.split("\0", at_most - 1)
    texts = [each.lstrip("\ufeff") for each in texts]
    if at_most is None:
        return [each for each in texts if each]
    return [*(each.rstrip("\0") for each in texts), *[""] * (at_most - len(texts))]


def _described(name: str, content: bytes) -> tuple[str, str]:
    """Return a comment or lyrics; a comment with a description has a name of its own."""
    described, text = _texts(content[0], content[4:], 2)
    own = "comment" if name == "COMM" else "lyrics"
    is_plain = name == "USLT" or not described or described.lower() == "comment"
    return own if is_plain else described, text


def _genre(text: str) -> str:
    """Return a genre by its name, which may be given as a number, in brackets in older tags."""
    numbered = re.fullmatch(r"\(?(\d{1,3})\)?(.*)", text)
    if numbered is None:
        return text
    number = int(numbered[1])
    return numbered[2] or (GENRES[number] if number < len(GENRES) else text)


def _picture(content: bytes) -> Picture:
    mime, rest = content[1:].split(b"\0", 1)
    kind, rest = rest[0], rest[1:]
    wide = content[0] in (1, 2)
    position = 0
    while rest[position : position + (2 if wide else 1)] not in (b"\0\0" if wide else b"\0", b""):
        position += 2 if wide else 1
    described = _texts(content[0], rest[:position], None)
    image = rest[position + (2 if wide else 1) :]
    name = mime.decode("latin-1").lower()
    return Picture(kind, name if "/" in name else f"image/{name or 'jpeg'}", (described or [""])[0], image)


def _older_picture(content: bytes) -> Picture:
    format_ = content[1:4].decode("latin-1").lower()
    mime = b"image/" + {"jpg": "jpeg"}.get(format_, format_).encode()
    return _picture(content[:1] + mime + b"\0" + content[4:])


def _read_version_1(file: BinaryIO) -> SoundMetadata:
    n_bytes = file.seek(0, 2)
    if n_bytes < ID3V1_BYTES:
        return SoundMetadata()
    file.seek(n_bytes - ID3V1_BYTES)
    tag = file.read()
    if tag[:3] != ID3V1_MAGIC:
        return SoundMetadata()
    spans = {"title": (3, 33), "artist": (33, 63), "album": (63, 93), "date": (93, 97), "comment": (97, 127)}
    fields = [(name, tag[slice(*span)].split(b"\0")[0].decode("latin-1").strip()) for name, span in spans.items()]
    if tag[125] == 0 and tag[126]:
        fields.append(("tracknumber", str(tag[126])))
    if tag[127] < len(GENRES):
        fields.append(("genre", GENRES[tag[127]]))
    return SoundMetadata(normalised(fields))


def _synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))
