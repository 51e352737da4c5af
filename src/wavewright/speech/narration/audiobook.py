"""One audio book of the sound files of chapters, with chapters to jump to, a cover and tags: M4B, M4A or MP3."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ...audio import m4a_file
from ...audio.clip import Clip, write_blocks
from ...audio.file_formats.metadata import Marker, SoundMetadata, fields_of
from ...audio.metadata_file import cover_of, read_cover
from ...audio.sound_file import open_sound, read_origin
from ...base.errors import BadFolder, BadSetting, SoundWarning
from ...base.parameters import FREE_TEXT, Writes
from ...base.rules import Needs
from ...base.units import samples_to_seconds, seconds_to_samples
from ...base.whole_file import check_target, sweep_once
from ...outputs.made import MadeFile
from ..book_source import BookTags
from .speech_file import read_seconds

SUFFIXES = (".m4b", ".m4a", ".mp3")
GENRE = "Audiobook"
PAUSE_SECONDS = 1.0
"""Silence between chapters."""


@dataclass(frozen=True, kw_only=True)
class AudiobookSettings:
    """File and tags of an audio book, which `narrate` has as parameters."""

    audiobook: Annotated[
        Path | None,
        Field(description="Also join all chapters in one file, with chapters, cover and tags: .m4b, .m4a or .mp3."),
        Writes(".m4b"),
    ] = None
    title: Annotated[
        str | None,
        Field(description="Title of the audio book; default: of the book, or the file's name."),
        FREE_TEXT,
        Needs("audiobook"),
    ] = None
    author: Annotated[
        str | None, Field(description="Author of the audio book; default: of the book."), FREE_TEXT, Needs("audiobook")
    ] = None
    cover: Annotated[
        Path | None,
        Field(description="Picture of the audio book, JPEG or PNG; default: of the EPUB."),
        Needs("audiobook"),
    ] = None

    def check_audiobook(self) -> None:
        """Raise an error, before any work, if the audio book cannot be written or the cover is no picture."""
        out = self.audiobook
        if out is None:
            return
        if out.suffix.lower() not in SUFFIXES:
            raise BadSetting(f"The audio book {out} ends with {out.suffix!r}; it can be {', '.join(SUFFIXES)}.")
        check_target(out)
        if out.suffix.lower() != ".mp3":
            m4a_file.check_extra(out)
        if self.cover is not None:
            read_cover(self.cover)

    def tags_of(self, tags: BookTags, file: Path) -> BookTags:
        """Return the tags of a book with those that are set."""
        return replace(
            tags,
            title=self.title or tags.title or file.stem,
            author=self.author or tags.author,
            cover=tags.cover if self.cover is None else read_cover(self.cover),
        )


@dataclass(frozen=True)
class BookChapter:
    """The sound file of a chapter, its title, and everything that it was made from."""

    path: Path
    title: str
    origin: Mapping[str, object]


class Audiobook:
    """An audio book that is joined from sound files.

    Parameters
    ----------
    path : Path
        File to write.
    chapters : sequence of BookChapter
        Its chapters; the files need not exist before `write`.
    tags : BookTags
        Title, author, date and cover.
    origin : mapping
        What all chapters were made from, with the name of the ``book``.

    Raises
    ------
    BadFolder
        If the path is that of a file that is no audio book of this book.
    """

    def __init__(
        self, path: Path, chapters: Sequence[BookChapter], tags: BookTags, origin: Mapping[str, object]
    ) -> None:
        self.path = path
        self.chapters = chapters
        self.tags = tags
        parts = [
            [
                chapter.title,
                chapter.path.suffix,
                {name: chapter.origin[name] for name in chapter.origin if name != "path"},
            ]
            for chapter in chapters
        ]
        named = [tags.title, tags.author, tags.date, hashlib.sha256(tags.cover).hexdigest(), *tags.others]
        digest = hashlib.sha256(json.dumps([parts, named], sort_keys=True).encode()).hexdigest()[:12]
        own = {name: value for name, value in origin.items() if name != "book"}
        self.origin: dict[str, object] = {"audiobook": origin["book"], **own, "chapters": digest}
        existing = read_origin(path) if path.exists() else self.origin
        is_same = existing.get("chapters") == digest
        if existing.get("audiobook") != origin["book"] or not (is_same or existing.get("path") == origin["path"]):
            raise BadFolder(f"{path} exists and is not an audio book of this {origin['book']}; give another file.")
        self.is_new = not (is_same and path.exists())

    def write(self, show: Callable[[float], None]) -> MadeFile:
        """Write the file from the chapters, whole or not at all; keep it if it is up to date.

        - ``show``: called with the seconds that were written.
        """
        lengths = [_exact_seconds(chapter.path) for chapter in self.chapters]
        starts = [*accumulate((seconds + PAUSE_SECONDS for seconds in lengths), initial=0.0)]
        seconds = starts[-1] - PAUSE_SECONDS
        if self.is_new:
            ends = [*starts[1:-1], seconds]
            markers = [
                Marker(start, end, chapter.title or f"{number}")
                for number, (start, end, chapter) in enumerate(zip(starts, ends, self.chapters, strict=False), 1)
            ]
            write_blocks(self.path, self._blocks(show), None, self._metadata((*markers,)), seconds)
        else:
            sweep_once(self.path.parent)
        notes = (f"{len(self.chapters)} chapters",)
        return MadeFile(path=self.path, seconds=seconds, is_new=self.is_new, notes=notes, origin=self.origin)

    def _blocks(self, show: Callable[[float], None]) -> Iterator[Clip]:
        seconds = 0.0
        for number, chapter in enumerate(self.chapters):
            sound = open_sound(chapter.path)
            rate = sound.header.sample_rate
            if number:
                n_samples = seconds_to_samples(PAUSE_SECONDS, rate)
                yield Clip(np.zeros((sound.header.n_channels, n_samples), np.float32), rate)
            for block in sound.blocks():
                yield Clip(block, rate)
                seconds += samples_to_seconds(block.shape[1], rate)
                show(seconds)

    def _metadata(self, markers: tuple[Marker, ...]) -> SoundMetadata:
        tags = self.tags
        pictures = cover_of(tags.cover)
        if tags.cover and not pictures:
            warnings.warn(
                f"The cover of {self.origin['audiobook']} is neither JPEG nor PNG and was left out; give one with "
                "--cover.",
                SoundWarning,
                stacklevel=2,
            )
        named = {"title": tags.title, "album": tags.title, "artist": tags.author, "albumartist": tags.author}
        named |= {"composer": str(self.origin["voice"]), "date": tags.date, "genre": GENRE}
        named["comment"] = json.dumps(self.origin)
        named |= {"language": tags.language}
        return SoundMetadata((*fields_of(named), *tags.others), pictures, markers)


def _exact_seconds(path: Path) -> float:
    """Return the length of a sound file as it is decoded; the header of an MP3 file is off by some frames."""
    if path.suffix != ".mp3":
        return read_seconds(path)
    sound = open_sound(path)
    return samples_to_seconds(sum(block.shape[1] for block in sound.blocks()), sound.header.sample_rate)
