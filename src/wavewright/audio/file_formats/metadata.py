"""The metadata of a sound file: tags, pictures, markers, loop points and chunks of other programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..wav_chunks import MIDDLE_C, LoopPoints

SYNONYMS = {
    "album artist": "albumartist",
    "album_artist": "albumartist",
    "author": "artist",
    "disc": "discnumber",
    "encoder": "software",
    "encoded_by": "encodedby",
    "publisher": "organization",
    "track": "tracknumber",
    "tsrc": "isrc",
    "unsyncedlyrics": "lyrics",
    "year": "date",
}
"""Names of tags in other programs, and ours, which are those of Vorbis comments."""

AUTOMATIC = (
    *("software", "encoder", "encodersettings", "encoding", "encoder_settings", "creation_time", "duration", "length"),
    *(
        "major_brand",
        "minor_version",
        "compatible_brands",
        "handler_name",
        "media_type",
        "vendor_id",
        "itunsmpb",
        "itunpgap",
    ),
    *("itunes_cddb_1", "tagging time"),
)
"""Tags that programs write about a file, which are not those of a file that is made of it."""

LEVELS = ("replaygain_", "r128_", "itunnorm")
"""First letters of tags that state the level of the sound."""


@dataclass(frozen=True)
class Picture:
    """A picture, such as a cover: its kind as of ID3 (3 is the front), its MIME type, a description, and its bytes."""

    kind: int
    mime: str
    description: str
    content: bytes


@dataclass(frozen=True)
class Marker:
    """A marker or chapter: its times in seconds, and its label; a marker without an end is a point."""

    start: float
    end: float | None = None
    label: str = ""


@dataclass(frozen=True)
class ForeignPart:
    """A part of a file that is copied as it is: the kind of file, the part's name, and its bytes."""

    kind: str
    name: str
    content: bytes


@dataclass(frozen=True)
class SoundMetadata:
    """The metadata of a sound file.

    - ``fields``: names and texts of tags, in their order; a name may occur several times.
    - ``pictures``, ``markers``, ``loops``: pictures; markers and chapters; loop points, in samples.
    - ``midi_note``: the note at which a sampler plays the sound as it is.
    - ``parts``: chunks and frames of other programs.
    """

    fields: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    markers: tuple[Marker, ...] = ()
    loops: tuple[LoopPoints, ...] = ()
    midi_note: int = MIDDLE_C
    parts: tuple[ForeignPart, ...] = field(default=())

    @property
    def tags(self) -> dict[str, str]:
        """The tags by name, several of one name joined."""
        joined: dict[str, list[str]] = {}
        for name, text in self.fields:
            joined.setdefault(name, []).append(text)
        return {name: "; ".join(dict.fromkeys(texts)) for name, texts in joined.items()}

    def with_tags(self, tags: Mapping[str, str]) -> SoundMetadata:
        """Return the same with other texts of some tags."""
        others = (field for field in self.fields if field[0] not in tags)
        return replace(self, fields=(*others, *fields_of(tags)))

    def __bool__(self) -> bool:
        return bool(self.fields or self.pictures or self.markers or self.loops or self.parts)


def normalised(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return tags by our names, without empty ones and repetitions."""
    named = ((name.strip().lower(), text.replace("\0", "").strip()) for name, text in fields)
    return tuple(dict.fromkeys((SYNONYMS.get(name, name), text) for name, text in named if name and text))


def fields_of(tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return tags by name as fields."""
    return tuple((name, text.replace("\0", "")) for name, text in tags.items() if text)


def text_of(content: bytes) -> str:
    """Return a text up to its null; what is not UTF-8, as of old recorders, is Windows' or ISO's Latin alphabet."""
    content = content.split(b"\0", 1)[0]
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
