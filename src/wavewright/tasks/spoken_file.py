"""Write chunks of speech into a sound file with its origin in the metadata, and its subtitles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..clip import Clip, write_blocks
from ..speech.chunk import Chunk
from ..speech.subtitles import subtitle_format, subtitles
from ..speech.timestamps import TimedMark, TimedWord
from ..whole_file import write_whole
from .leveling import Leveler


def write_spoken(
    place: Path,
    chunks: Iterable[Chunk],
    sample_rate: int,
    origin: dict[str, Any],
    subtitle_file: Path | None = None,
    leveler: Leveler | None = None,
) -> None:
    """Write chunks to ``place``, whole or not at all; the subtitles first, so that no sound exists without them.

    ``origin`` becomes the file's comment. Memory does not grow with the length, except for the words of subtitles.
    """
    words: list[TimedWord] = []
    marks: list[TimedMark] = []

    def noted() -> Iterator[Chunk]:
        for chunk in chunks:
            if subtitle_file is not None:
                words.extend(chunk.words)
                marks.extend(chunk.marks)
            yield chunk

    def clips() -> Iterator[Clip]:
        yield from clips_of(noted(), sample_rate, place.parent, leveler)
        if subtitle_file is not None:
            write_whole(subtitle_file, subtitles(words, marks, subtitle_format(subtitle_file)).encode("utf-8"))

    write_blocks(place, clips(), metadata={"comment": json.dumps(origin)})


def clips_of(chunks: Iterable[Chunk], sample_rate: int, folder: Path, leveler: Leveler | None = None) -> Iterator[Clip]:
    """Yield chunks as clips, at the leveler's loudness if there is one, which spools long sounds to ``folder``."""
    waves = (chunk.wave for chunk in chunks if chunk.wave.shape[1])
    leveled = waves if leveler is None else leveler.waves(waves, sample_rate, folder)
    return (Clip(wave, sample_rate) for wave in leveled)
