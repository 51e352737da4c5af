"""Tags and pictures of M4A files: the atoms of iTunes in ``moov/udta/meta/ilst``."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from .id3_metadata import GENRES
from .metadata import (
    M4A,
    ForeignPart,
    Picture,
    SoundMetadata,
    normalised,
    plain,
    text_of,
    with_joined_totals,
    with_qualifiers,
)

TEXTS = {
    **{"\xa9nam": "title", "\xa9ART": "artist", "aART": "albumartist", "\xa9alb": "album", "\xa9wrt": "composer"},
    **{"\xa9gen": "genre", "\xa9day": "date", "\xa9cmt": "comment", "cprt": "copyright", "\xa9grp": "grouping"},
    **{"\xa9lyr": "lyrics", "\xa9too": "software", "desc": "description", "ldes": "synopsis", "tvsh": "show"},
    **{"tven": "episode_id", "tvnn": "network", "catg": "category", "keyw": "keywords", "purl": "purl"},
    **{"egid": "episode_uid", "soal": "albumsort", "soar": "artistsort", "sonm": "titlesort", "soco": "composersort"},
    **{"soaa": "albumartistsort", "purd": "purchase_date", "\xa9wrk": "work", "\xa9mvn": "movement"},
}
"""Our names of atoms with text; those that other kinds of files lack are named as FFmpeg names them."""

NUMBERS = {
    **{"tmpo": ("bpm", 2), "cpil": ("compilation", 1), "pcst": ("podcast", 1), "pgap": ("gapless_playback", 1)},
    **{"tves": ("episode_sort", 4), "tvsn": ("season_number", 4), "hdvd": ("hd_video", 1), "rtng": ("rating", 1)},
    **{"stik": ("media_type", 1)},
}
"""Our names of atoms with a number, and its bytes."""

PAIRS = {"trkn": ("tracknumber", 8), "disk": ("discnumber", 6)}
TEXT_NAMES = {name: atom for atom, name in TEXTS.items()}
NUMBER_NAMES = {name: (atom, n_bytes) for atom, (name, n_bytes) in NUMBERS.items()}
PAIR_NAMES = {name: (atom, n_bytes) for atom, (name, n_bytes) in PAIRS.items()}
FREE, OWNER = "----", b"com.apple.iTunes"
GENRE_NUMBER, COVER = "gnre", "covr"
UTF_8, INTEGER, BINARY = 1, 21, 0
IMAGES = {13: "image/jpeg", 14: "image/png", 27: "image/bmp"}
IMAGE_TYPES = {**{mime: number for number, mime in IMAGES.items()}, "image/jpg": 13}
FRONT_COVER = 3
MAX_BYTES = 2**28
KEY_NUMBER = "\0"  # first byte of atoms that are numbers of keys, which FFmpeg reads
USER_ATOMS = ("meta", "chpl", "name", "loci", "titl", "auth", "perf", "albm", "gnre", "yrrc", "cprt", "dscp")
"""Atoms of ``udta`` that hold tags or chapters which FFmpeg reads; so do those whose names begin with a ©."""

HANDLER = bytes(8) + b"mdirappl" + bytes(9)


def read(file: BinaryIO) -> SoundMetadata | None:
    """Return tags and pictures of a file, None if it has no such atoms."""
    movie = _moved_to(file, "moov")
    content = b"" if movie is None else file.read(movie[1])
    user = next((each for atom, each in _atoms(content) if atom == "udta"), b"")
    beside = [atom for atom, _ in _atoms(user) if atom not in USER_ATOMS and not atom.startswith("\xa9")]
    beside += ["uuid"] if _moved_to(file, "uuid") else []
    parts = [ForeignPart(M4A, atom, b"") for atom in beside]
    for name, skipped in (("udta", 0), ("meta", 0), ("ilst", 4)):
        content = next((each for atom, each in _atoms(content[skipped:]) if atom == name), b"")
        if not content:
            return SoundMetadata(parts=tuple(parts)) if parts else None
    fields: list[tuple[str, str]] = []
    pictures: list[Picture] = []
    for atom, each in _atoms(content):
        values = [(int.from_bytes(value[1:4]), value[8:]) for name, value in _atoms(each) if name == "data"]
        if atom == COVER:
            pictures += [Picture(FRONT_COVER, _image_type(kind, image), "", image) for kind, image in values]
        elif (found := _fields_of(atom, each, values)) is not None:
            fields += found
        elif not atom.startswith(KEY_NUMBER):
            parts.append(ForeignPart(M4A, atom, each))
    return SoundMetadata(normalised(fields), tuple(pictures), parts=tuple(parts))


def _fields_of(atom: str, content: bytes, values: list[tuple[int, bytes]]) -> list[tuple[str, str]] | None:
    """Return the tags in an atom, None if it is not one of a tag."""
    if atom in TEXTS:
        return [(TEXTS[atom], text_of(value)) for _, value in values]
    if atom in NUMBERS:
        return [(NUMBERS[atom][0], str(int.from_bytes(value, signed=True))) for _, value in values if value]
    if atom in PAIRS:
        pairs = [struct.unpack_from(">2H", value, 2) for _, value in values if len(value) >= 6]
        return [
            (PAIRS[atom][0], f"{number or ''}/{total}" if total else str(number))
            for number, total in pairs
            if number or total
        ]
    if atom == GENRE_NUMBER:
        numbers = [int.from_bytes(value) - 1 for _, value in values]
        return [("genre", GENRES[number]) for number in numbers if 0 <= number < len(GENRES)]
    if atom != FREE:
        return None
    named = {name: each[4:] for name, each in _atoms(content) if name in ("mean", "name")}
    if named.get("mean") != OWNER or "name" not in named or any(kind != UTF_8 for kind, _ in values):
        return None
    name = text_of(named["name"])
    return [with_qualifiers(name, text_of(value)) for _, value in values]


def write(file: BinaryIO, metadata: SoundMetadata) -> None:
    """Give a file whose movie atom is the last one other tags and pictures."""
    values = with_joined_totals(metadata.values)
    spelled = {plain(*field)[0].lower(): plain(*field)[0] for field in metadata.fields}
    atoms = [_tag(spelled.get(name, name), texts) for name, texts in values.items()]
    covers = [
        _data(IMAGE_TYPES[picture.mime.lower()], picture.content)
        for picture in metadata.pictures
        if picture.mime.lower() in IMAGE_TYPES
    ]
    atoms += [_atom(COVER, b"".join(covers))] if covers else []
    atoms += [_atom(part.name, part.content) for part in metadata.parts if part.kind == M4A and part.content]
    tags = _atom("meta", bytes(4) + _atom("hdlr", HANDLER) + _atom("ilst", b"".join(atoms))) if atoms else b""
    movie = _moved_to(file, "moov")
    if movie is None or movie[0] + 8 + movie[1] != file.seek(0, 2):
        raise ValueError("its tags cannot be placed at its end")
    file.seek(movie[0] + 8)
    inside = [*_atoms(file.read(movie[1]))]
    retained = b"".join(_atom(name, each) for name, each in inside if name != "udta")
    data = [each for name, each in inside if name == "udta"]
    own = b"".join(_atom(name, each) for content in data for name, each in _atoms(content) if name != "meta")
    file.seek(movie[0])
    file.write(_atom("moov", retained + (_atom("udta", own + tags) if own or tags else b"")))
    file.truncate()


def length(path: Path, index: int) -> Fraction | None:
    """Return the seconds of a track without the silence that its encoder added, None if nothing states them exactly.

    The edit list says where the sound starts in the track, but how long it is only in units of the movie.
    """
    with path.open("rb") as file:
        movie = _moved_to(file, "moov")
        inside = [*_atoms(b"" if movie is None else file.read(movie[1]))]
    tracks = [content for name, content in inside if name == "trak"]
    try:
        header = next(content for name, content in inside if name == "mvhd")
        media = _inside(_inside(tracks[index], "mdia"), "mdhd")
        edits = _inside(_inside(tracks[index], "edts"), "elst")
        movie_clock, _ = _clock_of(header)
        clock, duration = _clock_of(media)
        entry = ">Qq" if edits[0] else ">Ii"
        (n_edits,) = struct.unpack_from(">I", edits, 4)
        if n_edits != 1 or not duration or duration >= 2**32 - 1:
            return None
        edited, first = struct.unpack_from(entry, edits, 8)
    except (IndexError, StopIteration, struct.error):
        return None
    if not clock or not movie_clock or first < 0 or first >= duration:
        return None
    whole, stated = Fraction(duration - first, clock), Fraction(edited, movie_clock)
    return whole if not edited or abs(whole - stated) <= Fraction(1, movie_clock) else min(whole, stated)


def _clock_of(header: bytes) -> tuple[int, int]:
    """Return ticks of a second and duration in the header of a movie or of a medium."""
    clock, duration = struct.unpack_from(">IQ", header, 20) if header[0] else struct.unpack_from(">2I", header, 12)
    return clock, duration


def _inside(content: bytes, wanted: str) -> bytes:
    return next(each for name, each in _atoms(content) if name == wanted)


def _tag(name: str, texts: list[str]) -> bytes:
    """Return the atom of a tag, one of free form if the texts are not those of another."""
    own = name.lower()
    if own in TEXT_NAMES:
        return _atom(TEXT_NAMES[own], b"".join(_data(UTF_8, text.encode()) for text in texts))
    if own in NUMBER_NAMES and all(_fits(text, NUMBER_NAMES[own][1]) for text in texts):
        atom, n_bytes = NUMBER_NAMES[own]
        return _atom(atom, b"".join(_data(INTEGER, int(text).to_bytes(n_bytes, signed=True)) for text in texts))
    if own in PAIR_NAMES and len(texts) == 1:
        number, _, total = texts[0].partition("/")
        if all(not text or _fits(text, 2) for text in (number, total)) and f"{number}/{total}" != "/":
            atom, n_bytes = PAIR_NAMES[own]
            pair = struct.pack(">H2H", 0, int(number or 0), int(total or 0))
            return _atom(atom, _data(BINARY, pair.ljust(n_bytes, b"\0")))
    described = name.upper() if name.islower() else name
    head = _atom("mean", bytes(4) + OWNER) + _atom("name", bytes(4) + described.encode())
    return _atom(FREE, head + b"".join(_data(UTF_8, text.encode()) for text in texts))


def _fits(text: str, n_bytes: int) -> bool:
    """Return True for a whole number that so many bytes hold, written as it is read again."""
    return text.isascii() and text.isdecimal() and str(int(text)) == text and int(text) < 1 << (8 * n_bytes - 1)


def _image_type(kind: int, image: bytes) -> str:
    return "image/png" if image.startswith(b"\x89PNG") else IMAGES.get(kind, "image/jpeg")


def _data(kind: int, value: bytes) -> bytes:
    return _atom("data", struct.pack(">II", kind, 0) + value)


def _atom(name: str, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name.encode("latin-1") + content


def _atoms(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of consecutive atoms, up to one that breaks off."""
    position = 0
    while position + 8 <= len(content):
        n_bytes = int.from_bytes(content[position : position + 4])
        if n_bytes < 8 or position + n_bytes > len(content):
            return
        yield content[position + 4 : position + 8].decode("latin-1"), content[position + 8 : position + n_bytes]
        position += n_bytes


def _moved_to(file: BinaryIO, wanted: str) -> tuple[int, int] | None:
    """Leave a file at the content of the first atom of a name; return the atom's position and bytes of its content."""
    end = file.seek(0, 2)
    position = 0
    while position + 8 <= end:
        file.seek(position)
        n_bytes, name = struct.unpack(">I4s", file.read(8))
        n_header = 8
        if n_bytes == 1:
            n_bytes, n_header = int.from_bytes(file.read(8)), 16
        elif n_bytes == 0:
            n_bytes = end - position
        if n_bytes < n_header or position + n_bytes > end:
            return None
        if name == wanted.encode():
            return (position, n_bytes - n_header) if n_bytes <= MAX_BYTES else None
        position += n_bytes
    return None
