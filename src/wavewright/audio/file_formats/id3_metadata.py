"""ID3 tags: read in versions 2.2 to 2.4 and 1, written in 2.4 with UTF-8."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from . import ape, lyrics3
from .id3 import ID3V1_BYTES, ID3V1_MAGIC, MAX_TAG_BYTES, Frame, skip_tags, synchsafe_of, to_synchsafe
from .metadata import ID3, ForeignPart, Marker, Picture, SoundMetadata, normalised, with_joined_totals

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
    **{"COM": "COMM", "ULT": "USLT", "TXX": "TXXX", "PIC": "APIC", "TDA": "TDAT", "TIM": "TIME", "TRD": "TRDA"},
    **{"TST": "TSOT", "TSA": "TSOA", "TSP": "TSOP", "TS2": "TSO2", "TSC": "TSOC", "TOA": "TOPE", "TOT": "TOAL"},
    **{"TOL": "TOLY", "TOF": "TOFN", "TFT": "TFLT", "TDY": "TDLY", "WAF": "WOAF", "WAR": "WOAR", "WAS": "WOAS"},
    **{"WCM": "WCOM", "WCP": "WCOP", "WPB": "WPUB", "BUF": "RBUF", "CRA": "AENC", "ETC": "ETCO", "MCI": "MCDI"},
    **{"IPLS": "TIPL", "IPL": "TIPL", "WXX": "WXXX", "UFI": "UFID", "POP": "POPM", "CNT": "PCNT", "GEO": "GEOB"},
    **{"SLT": "SYLT"},
}
"""Names of frames in versions 2.3 and 2.2."""

DESCRIBED_NAMES = {**NAMES, "USLT": "lyrics"}
"""Our names of the frames that FFmpeg writes as texts with their names as descriptions."""

FRAMES = {name: frame for frame, name in NAMES.items()}
ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
UTF_8 = b"\x03"
NO_LANGUAGES = ("XXX", "\0\0\0", "und")
IGNORED = ("TSIZ", "MLLT", "SEEK", "ASPI", "TDTG", "TDEN")
"""Frames about the file itself."""

ROLES = ("arranger", "engineer", "producer", "djmixer", "mixer")
"""Names of tags that are roles in the list of the people involved."""

LINK = "-->"  # type of a picture that is an address
CONTENTS = "CTOC"
TOP_LEVEL = 2  # flag of a table of contents

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
    """Return what the tags at the start of a file hold, and what those at its end add: APE, Lyrics3, ID3 version 1."""
    found = SoundMetadata()
    for tag in (*read_first(file), ape.read(file), lyrics3.read(file), _read_version_1(file)):
        found = found.completed(tag)
    return found


def read_first(file: BinaryIO) -> Iterator[SoundMetadata]:
    """Yield what the tags at the start of a file hold."""
    end, position = skip_tags(file), 0
    while position < end:
        file.seek(position)
        header = file.read(10)
        n_bytes = 10 + synchsafe_of(header[6:])
        yield parse(header + file.read(n_bytes - 10))
        position += n_bytes + (10 if header[5] & 0x10 else 0)


def parse(tag: bytes) -> SoundMetadata:
    """Return what a tag holds; frames that are damaged or coded are parts without contents."""
    fields: list[tuple[str, str]] = []
    pictures: list[Picture] = []
    markers: list[Marker] = []
    parts: list[ForeignPart] = []
    older: dict[str, str] = {}  # day and time of version 2.3
    for name, content in _frames(tag):
        if name in IGNORED or content == b"":
            continue
        try:
            if content is None:
                parts.append(ForeignPart(ID3, name, b""))
            elif name in ("APIC", "PIC"):
                pictures.append(_picture(content) if name == "APIC" else _older_picture(content))
            elif name == "CHAP":
                markers.append(_chapter(content, tag[3]))
            elif name == CONTENTS:
                parts += _contents(content)
            elif name in ("TDAT", "TIME"):
                older[name] = "".join(_texts(content[0], content[1:], None))
            elif (texts := _fields_of(name, content)) is not None:
                fields += texts
            else:
                parts.append(ForeignPart(ID3, name, content))
        except (ValueError, IndexError, struct.error):
            parts.append(ForeignPart(ID3, name, b""))
    fields = [(name, _full_date(text, older) if name == "date" else text) for name, text in fields]
    return SoundMetadata(normalised(fields), tuple(pictures), tuple(markers), parts=tuple(parts))


def _full_date(year: str, older: dict[str, str]) -> str:
    """Return a year with the day (DDMM) and the time (HHMM) of a tag of version 2.3."""
    day, time = older.get("TDAT", ""), older.get("TIME", "")
    if not (re.fullmatch(r"\d{4}", year) and re.fullmatch(r"\d{4}", day)):
        return year
    date = f"{year}-{day[2:]}-{day[:2]}"
    return f"{date}T{time[:2]}:{time[2:]}" if re.fullmatch(r"\d{4}", time) else date


def _fields_of(name: str, content: bytes) -> list[tuple[str, str]] | None:
    """Return the tags in a frame, None if it is not one of text."""
    if name in ("COMM", "USLT"):
        return [_described(name, content)]
    if name == "TXXX":
        described, *texts = _texts(content[0], content[1:], None, with_empty=True)
        own = DESCRIBED_NAMES.get(described, described)
        return [(own, text) for text in texts]
    if name in ("TMCL", "TIPL"):
        texts = _texts(content[0], content[1:], None, with_empty=True)
        return [_person(name, role, person) for role, person in zip(texts[::2], texts[1::2], strict=False) if person]
    if name[0] == "T":
        texts = _texts(content[0], content[1:], None)
        if name == "TCON":
            texts = [genre for text in texts for genre in _genres(text)]
        return [(NAMES.get(name, name.lower()), each) for each in texts]
    if name[0] == "W" and name != "WXXX":
        return [(name.lower(), content.split(b"\0")[0].decode("latin-1"))]
    return None


def _person(frame: str, role: str, person: str) -> tuple[str, str]:
    known = {"DJ-mix": "djmixer", "mix": "mixer"}.get(role, role)
    if frame == "TIPL" and known in ROLES:
        return known, person
    name = "performer" if frame == "TMCL" else "involvedpeople"
    return (f"{name}:{role}" if role else name), person


def to_bytes(metadata: SoundMetadata, end_seconds: float) -> bytes:
    """Return a tag of version 2.4; the last marker lasts to ``end_seconds``. Raise ValueError if it is too long."""
    frames = [*_text_frames(metadata)]
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
    own = [part for part in metadata.parts if part.kind == ID3 and part.content and len(part.name) == 4]
    contents = next((part.content for part in own if part.name == CONTENTS), b"")
    frames += _chapter_frames(metadata.markers, end_seconds, contents)
    frames += [Frame(part.name.encode(), b"\0\0", part.content) for part in own if part.name != CONTENTS]
    body = b"".join(frame.to_bytes(4) for frame in frames)
    if len(body) > MAX_TAG_BYTES:
        raise ValueError("its tag is too long")
    return b"ID3\x04\0\0" + to_synchsafe(len(body)) + body if body else b""


def _text_frames(metadata: SoundMetadata) -> Iterator[Frame]:
    """Yield the frames of tags: one for all texts of a name, for all people, and for each comment."""
    people: dict[str, list[str]] = {"TMCL": [], "TIPL": []}
    values: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for name, text in metadata.fields:
        own, _, qualifier = name.partition(":")
        if own in ("performer", "involvedpeople") or name in ROLES:
            role = {"djmixer": "DJ-mix", "mixer": "mix"}.get(name, name) if name in ROLES else qualifier
            people["TMCL" if own == "performer" else "TIPL"] += [role, text]
        elif own in ("comment", "lyrics") and qualifier.count(":"):
            language, described = qualifier.split(":", 1)
            yield _comment_frame(own, language, described, text)
        else:
            spelled.setdefault(name.lower(), name)
            values.setdefault(name.lower(), []).append(text)
    for frame, pairs in people.items():
        if pairs:
            yield Frame(frame.encode(), b"\0\0", UTF_8 + "\0".join(pairs).encode())
    for name, texts in with_joined_totals(values).items():
        if name in ("comment", "lyrics"):
            yield _comment_frame(name, "XXX", "", "; ".join(texts) if name == "comment" else "\n\n".join(texts))
        else:
            yield from _frames_of_name(spelled.get(name, name), texts)


def _comment_frame(name: str, language: str, described: str, text: str) -> Frame:
    code = language.encode("latin-1", "replace")[:3].ljust(3, b"X")
    content = UTF_8 + code + described.encode() + b"\0" + text.encode()
    return Frame(b"COMM" if name == "comment" else b"USLT", b"\0\0", content)


def _frames_of_name(name: str, texts: list[str]) -> Iterator[Frame]:
    frame = FRAMES.get(name.lower(), name.upper())
    content = "\0".join(texts).encode()
    if name.lower() in FRAMES or re.fullmatch(r"T(?!XXX|MCL|IPL)[A-Z0-9]{3}", frame):
        yield Frame(frame.encode(), b"\0\0", UTF_8 + content)
    elif re.fullmatch(r"W(?!XXX)[A-Z]{3}", frame):
        yield from (Frame(frame.encode(), b"\0\0", text.encode("latin-1", "replace")) for text in texts)
    else:
        described = name.upper() if name.islower() else name
        yield Frame(b"TXXX", b"\0\0", UTF_8 + described.encode() + b"\0" + content)


def _chapter_frames(markers: tuple[Marker, ...], end_seconds: float, contents: bytes) -> Iterator[Frame]:
    """Yield the frames of chapters; one without an end lasts to the next; ``contents`` are frames of their table."""
    ordered = sorted(markers, key=lambda marker: marker.start)
    ends = [*(marker.start for marker in ordered[1:]), end_seconds][: len(ordered)]
    identifiers = [f"chp{number}".encode() + b"\0" for number in range(len(ordered))]
    for identifier, marker, following in zip(identifiers, ordered, ends, strict=True):
        times = (marker.start, following if marker.end is None else marker.end)
        content = identifier + struct.pack(">2I", *(round(MILLISECONDS * time) for time in times)) + NO_OFFSET
        inside = [ForeignPart(ID3, "TIT2", UTF_8 + marker.label.encode()), *marker.parts]
        yield Frame(b"CHAP", b"\0\0", content + b"".join(_sub_frame(part) for part in inside if part.kind == ID3))
    if ordered and len(ordered) < 256:
        yield Frame(b"CTOC", b"\0\0", b"toc\0\x03" + bytes([len(ordered)]) + b"".join(identifiers) + contents)


def _sub_frame(part: ForeignPart) -> bytes:
    return Frame(part.name.encode(), b"\0\0", part.content).to_bytes(4)


def link_frame(url: str) -> ForeignPart:
    """Return a link of a chapter as a part of it."""
    return ForeignPart(ID3, "WXXX", b"\0\0" + url.encode("latin-1", "replace"))


def link_of(marker: Marker) -> str:
    """Return the first link of a chapter, empty without any."""
    content = next((part.content for part in marker.parts if (part.kind, part.name) == (ID3, "WXXX")), b"")
    separator = b"\0\0" if content[:1] in (b"\1", b"\2") else b"\0"
    return content[1:].partition(separator)[2].lstrip(b"\0").decode("latin-1")


def _chapter(content: bytes, version: int) -> Marker:
    _, rest = content.split(b"\0", 1)
    start, end = struct.unpack_from(">2I", rest)
    inside = [(name, content) for name, content in _frames_of(rest[16:], version) if content]
    title = next((content for name, content in inside if name == "TIT2"), b"\0")
    texts = _texts(title[0], title[1:], None)
    parts = tuple(ForeignPart(ID3, name, content) for name, content in inside if name != "TIT2")
    return Marker(start / MILLISECONDS, end / MILLISECONDS, texts[0] if texts else "", parts=parts)


def _contents(content: bytes) -> list[ForeignPart]:
    """Return a part with the frames in a table of contents; none if there are none in a table as it is written."""
    _, rest = content.split(b"\0", 1)
    flags, n_children = rest[0], rest[1]
    position = 2
    for _ in range(n_children):
        position = rest.index(b"\0", position) + 1
    return [ForeignPart(ID3, CONTENTS, rest[position:])] if rest[position:] or not flags & TOP_LEVEL else []


def _frames(tag: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yield the names of frames, those of version 2.4 where they differ, and their contents, None if they are coded."""
    version, flags = tag[3], tag[5]
    body = tag[10:]
    if flags & UNSYNCHRONISED and version < 4:
        body = body.replace(b"\xff\x00", b"\xff")
    if flags & EXTENDED and version >= 3:
        n_bytes = synchsafe_of(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4])
        body = body[n_bytes:]
    return _frames_of(body, version)


def _frames_of(body: bytes, version: int) -> Iterator[tuple[str, bytes | None]]:
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
        name = name if name == "PIC" else OLDER_NAMES.get(name, name)
        is_unknown = len(name) < 4 and name != "PIC"
        if is_unknown or (version == 4 and header[9] & FRAME_CODED) or (version == 3 and header[9] & OLDER_FRAME_CODED):
            yield name, None
            continue
        if version == 4:
            if header[9] & FRAME_HAS_LENGTH:
                content = content[4:]
            if header[9] & FRAME_UNSYNCHRONISED:
                content = content.replace(b"\xff\x00", b"\xff")
        yield name, content


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


def _texts(encoding: int, content: bytes, at_most: int | None, *, with_empty: bool = False) -> list[str]:
    """Return the texts between nulls; with ``at_most`` exactly as many."""
    text = content.decode(ENCODINGS[encoding], "replace")
    texts = text.split("\0") if at_most is None else text.split("\0", at_most - 1)
    texts = [each.lstrip("\ufeff") for each in texts]
    if at_most is None:
        return [each for each in texts if each or with_empty]
    return [*(each.rstrip("\0") for each in texts), *[""] * (at_most - len(texts))]


def _described(name: str, content: bytes) -> tuple[str, str]:
    """Return a comment or lyrics; with a language or a description its name has these qualifiers."""
    described, text = _texts(content[0], content[4:], 2)
    language = content[1:4].decode("latin-1")
    own = "comment" if name == "COMM" else "lyrics"
    if language in NO_LANGUAGES and (not described or described.lower() == own == "comment"):
        return own, text
    return f"{own}:{language}:{described}", text


def _genres(text: str) -> list[str]:
    """Return genres by their names, which may be given as numbers, in brackets and one after the other in old tags."""
    numbers = []
    while numbered := re.match(r"\((\d{1,3})\)|(\d{1,3})$", text):
        numbers.append(int(numbered[1] or numbered[2]))
        text = text[numbered.end() :]
    names = [GENRES[number] if number < len(GENRES) else str(number) for number in numbers]
    return names if not text else [text] if len(names) <= 1 else [*names, text]


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
    return Picture(
        kind, name if "/" in name or name == LINK else f"image/{name or 'jpeg'}", (described or [""])[0], image
    )


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
