"""The metadata of a sound file: tags, pictures, markers, loop points and chunks of other programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...base.channel_layouts import PLACES_FIELD, USUAL_PLACES, core_audio_mask
from ..wav_chunks import LoopPoints, Sampler

TAGS = (
    *("title", "artist", "album", "tracknumber", "genre", "date", "comment", "copyright", "license", "software"),
    *("albumartist", "composer", "discnumber", "isrc", "lyrics", "organization", "language", "bpm"),
)
"""Names of the tags of sound files."""

SYNONYMS = {
    "album artist": "albumartist",
    "album_artist": "albumartist",
    "author": "artist",
    "disc": "discnumber",
    "encoder": "software",
    "encoded_by": "encodedby",
    "publisher": "organization",
    "sort_album": "albumsort",
    "sort_album_artist": "albumartistsort",
    "sort_artist": "artistsort",
    "sort_composer": "composersort",
    "sort_name": "titlesort",
    "totaldiscs": "disctotal",
    "totaltracks": "tracktotal",
    "track": "tracknumber",
    "tsrc": "isrc",
    "unsyncedlyrics": "lyrics",
    "year": "date",
}
"""Names of tags in other programs, and ours, which are those of Vorbis comments."""

MATROSKA_STATISTICS = (
    *("bps", "duration", "number_of_frames", "number_of_bytes"),
    *("_statistics_writing_app", "_statistics_writing_date_utc", "_statistics_tags"),
)
"""Tags that mkvmerge writes about each track; FFmpeg appends their language."""

AUTOMATIC = (
    *("software", "encoder", "encodersettings", "encoding", "encoder_settings", "duration", "length"),
    *(
        "major_brand",
        "minor_version",
        "compatible_brands",
        "handler_name",
        "vendor_id",
        "itunsmpb",
        "itunpgap",
    ),
    *("itunes_cddb_1", "tagging time"),
    *(f"{name}{of}" for name in MATROSKA_STATISTICS for of in ("", "-eng")),
)
"""Tags that programs write about a file, which are not those of a file that is made of it."""

AIFF, APE, FLAC, ID3, LYRICS3, M4A, WAV = "AIFF", "APE", "FLAC", "ID3", "Lyrics3", "M4A", "WAV"
OTHER = "CAF, VOC or RIFX"
"""Kinds of the parts of other programs."""

TRACK = "track"
"""Kind of the parts that are other tracks of a file, with sound, subtitles or an attached file."""

RATE = "sample rate"
"""Kind of the part that is a sample rate with a fraction, which is read as a whole number of Hz."""

KINDS = {
    ID3: "frame",
    WAV: "chunk",
    AIFF: "chunk",
    FLAC: "block",
    M4A: "atom",
    APE: "item",
    LYRICS3: "field",
    OTHER: "part",
    TRACK: "track",
    RATE: "exact sample rate",
}

LEVELS = ("replaygain_", "r128_", "itunnorm", "mp3gain_")
"""First letters of tags that state the level of the sound."""


@dataclass(frozen=True)
class Picture:
    """A picture, such as a cover: its kind as of ID3 (3 is the front), its MIME type, a description, and its bytes."""

    kind: int
    mime: str
    description: str
    content: bytes


@dataclass(frozen=True)
class ForeignPart:
    """A part of a file that is copied as it is: the kind of file, the part's name, and its bytes."""

    kind: str
    name: str
    content: bytes

    @property
    def described(self) -> str:
        """Its kind and name for a message."""
        return f"the {KINDS[self.kind]} {self.name.strip()!r}"


AMBISONICS = ForeignPart(OTHER, "ambisonics", b"")
"""Channels that are no loudspeakers but parts of a field of sound, which no file that is written says."""


@dataclass(frozen=True)
class Marker:
    """A marker or chapter: its times in seconds, and its label; a marker without an end is a point.

    ``remark`` is a longer text; ``parts`` are links, pictures and other things in a chapter or region.
    """

    start: float
    end: float | None = None
    label: str = ""
    remark: str = ""
    parts: tuple[ForeignPart, ...] = ()


@dataclass(frozen=True)
class SoundMetadata:
    """The metadata of a sound file.

    - ``fields``: names and texts of tags, in their order; a name may occur several times. Some have qualifiers, see
      :func:`plain`.
    - ``pictures``, ``markers``, ``loops``: pictures; markers and chapters; loop points, in samples.
    - ``sampler``: how a sampler plays the sound.
    - ``parts``: chunks and frames of other programs.
    """

    fields: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    markers: tuple[Marker, ...] = ()
    loops: tuple[LoopPoints, ...] = ()
    sampler: Sampler | None = None
    parts: tuple[ForeignPart, ...] = field(default=())

    @property
    def values(self) -> dict[str, list[str]]:
        """The texts of tags by their plain names in lower case."""
        found: dict[str, list[str]] = {}
        for name, text in self.fields:
            plain_name, plain_text = plain(name, text)
            found.setdefault(plain_name.lower(), []).append(plain_text)
        return found

    @property
    def tags(self) -> dict[str, str]:
        """The tags by their plain names, several texts of one name joined."""
        return {name: "; ".join(dict.fromkeys(texts)) for name, texts in self.values.items()}

    @property
    def is_of_every_format(self) -> bool:
        """Whether it is one text each of ``TAGS``, but no genre, which may be a number; every format holds these."""
        names = [name for name, text in self.fields if name in TAGS and name != "genre" and text == text.strip()]
        return self == SoundMetadata(self.fields) and len({*names}) == len(self.fields)

    def with_tags(self, tags: Mapping[str, str]) -> SoundMetadata:
        """Return the same with other texts of some tags, see :func:`fields_of`."""
        others = (field for field in self.fields if plain(*field)[0].lower() not in tags)
        return replace(self, fields=(*others, *fields_of(tags)))

    def without(self, tag: str) -> SoundMetadata:
        """Return the same without a tag."""
        return replace(self, fields=tuple(each for each in self.fields if plain(*each)[0].lower() != tag.lower()))

    def completed(self, other: SoundMetadata) -> SoundMetadata:
        """Return the same with what another tag of the file has in addition: by names, and where there is nothing."""
        known = self.values
        added = (field for field in other.fields if plain(*field)[0].lower() not in known)
        return SoundMetadata(
            (*self.fields, *added),
            self.pictures or other.pictures,
            self.markers or other.markers,
            self.loops or other.loops,
            self.sampler or other.sampler,
            (*self.parts, *other.parts),
        )

    def __bool__(self) -> bool:
        return self != SoundMetadata()


QUALIFIED = re.compile(r"(performer|involvedpeople):(.*)|(comment|lyrics):([^:]*):(.*)", re.S)
WITH_ROLE = re.compile(r"(.*) \(([^()]+)\)", re.S)
"""A person and in brackets what they do, as in Vorbis comments."""


def plain(name: str, text: str) -> tuple[str, str]:
    """Return name and text of a tag without qualifiers, for kinds of files that have none.

    Qualified are ``performer:flute``, ``involvedpeople:producer``, and comments and lyrics by language and description,
    such as ``comment:deu:mood``.
    """
    qualified = QUALIFIED.fullmatch(name)
    if qualified is None:
        return name, text
    person, role, own, _, described = qualified.groups()
    if person:
        return person, f"{text} ({role})" if role else text
    return (described or own) if own == "comment" else own, text


def with_qualifiers(name: str, text: str) -> tuple[str, str]:
    """Return name and text of a tag with the role that its text holds: the inverse of :func:`plain` for people."""
    if name.lower() in ("performer", "involvedpeople") and (found := WITH_ROLE.fullmatch(text)):
        return f"{name.lower()}:{found[2]}", found[1]
    return name, text


def numbers_of(values: Mapping[str, Sequence[str]], name: str, total: str) -> list[str]:
    """Return the texts of a number such as that of a track, with the total behind a stroke: ``3/12``."""
    numbers, totals = values.get(name, ()), values.get(total, ())
    if len(numbers) > 1 or len(totals) != 1 or any("/" in number for number in numbers):
        return [*numbers]
    return [f"{numbers[0] if numbers else ''}/{totals[0]}"]


TOTALS = {"tracknumber": "tracktotal", "discnumber": "disctotal"}


def with_joined_totals(values: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return tags with the totals of tracks and discs behind their numbers, as ID3, M4A and INFO have them."""
    joined = dict(values)
    for name, total in TOTALS.items():
        numbers = numbers_of(joined, name, total)
        if total in joined and numbers != [*joined.get(name, ())]:
            joined[name] = numbers
            del joined[total]
    return joined


def normalised(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return tags by our names, without empty ones and repetitions."""
    named = ((name.strip(), text.replace("\0", "")) for name, text in fields)
    return tuple(
        dict.fromkeys((SYNONYMS.get(name.lower(), name), text) for name, text in named if name and text.strip())
    )


def fields_of(tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return tags by name as fields; a null separates several texts."""
    return tuple((name, text) for name, texts in tags.items() for text in texts.split("\0") if text)


def named_if_long(
    chunks: Iterable[tuple[str, bytes | None]], kind: str, structure: Sequence[str], parts: list[ForeignPart]
) -> Iterator[tuple[str, bytes]]:
    """Yield the chunks that were read; add those without content, which are too long, to ``parts`` by their names.

    - ``structure``: names of chunks about the samples themselves, which are not added.
    """
    for name, content in chunks:
        if content is not None:
            yield name, content
        elif name not in structure:
            parts.append(ForeignPart(kind, name, b""))


def exact_rate(rate: float) -> tuple[ForeignPart, ...]:
    """Return a sample rate in Hz as a part that has no place in what is written; nothing if it is a whole number."""
    return () if rate.is_integer() else (ForeignPart(RATE, f"{rate:.10g} Hz", b""),)


def layout_of(kind: str, name: str, content: bytes) -> tuple[list[tuple[str, str]], list[ForeignPart]]:
    """Return the layout in a chunk as the tag of the places of channels, as a part if no mask says it."""
    mask = core_audio_mask(content)
    fields = [(PLACES_FIELD.lower(), f"0x{mask:X}")] if mask and mask not in USUAL_PLACES[:3] else []
    return fields, [] if mask else [ForeignPart(kind, name, content)]


def text_of(content: bytes) -> str:
    """Return a text up to its null; what is not UTF-8, as of old recorders, is Windows' or ISO's Latin alphabet."""
    content = content.split(b"\0", 1)[0]
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
