"""Sound files of speech: written from chunks, with subtitles and with their origin in the metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from ...audio.clip import Clip, write_blocks
from ...audio.sound_file import open_sound
from ...base.units import samples_to_seconds
from ...base.whole_file import write_whole
from ..chunk import Chunk
from ..subtitles import subtitle_format, subtitles
from ..timestamps import TimedMark, TimedWord
from .loudness import LoudnessNormaliser

SpeechFormat: TypeAlias = Literal["wav", "flac", "ogg", "opus", "mp3"]

SECONDS_PER_CHARACTER = 0.068  # of English read aloud, for progress bars


def write_speech(
    path: Path,
    chunks: Iterable[Chunk],
    sample_rate: int,
    origin: Mapping[str, object],
    subtitle_file: Path | None = None,
    normaliser: LoudnessNormaliser | None = None,
) -> None:
    """Write chunks to a sound file, whole or not at all.

    Memory does not grow with the length, except for the words of subtitles.

    - ``path``: the sound file.
    - ``chunks``: the speech.
    - ``sample_rate``: sample rate in Hz.
    - ``origin``: what the audio was made from; it becomes the comment of the file.
    - ``subtitle_file``: file for the subtitles, written before the sound file, so that no sound file lacks them.
    - ``normaliser``: brings the speech to its target loudness.
    """
    words: list[TimedWord] = []
    marks: list[TimedMark] = []

    def collect_words() -> Iterator[Chunk]:
        for chunk in chunks:
            if subtitle_file is not None:
                words.extend(chunk.words)
                marks.extend(chunk.marks)
            yield chunk

    def clips() -> Iterator[Clip]:
        yield from clips_of(collect_words(), sample_rate, normaliser)
        if subtitle_file is not None:
            write_whole(subtitle_file, subtitles(words, marks, subtitle_format(subtitle_file)).encode("utf-8"))

    write_blocks(path, clips(), metadata={"comment": json.dumps(origin)})


def clips_of(chunks: Iterable[Chunk], sample_rate: int, normaliser: LoudnessNormaliser | None = None) -> Iterator[Clip]:
    """Yield the audio of chunks as clips, at the target loudness."""
    waves = (chunk.wave for chunk in chunks if chunk.wave.shape[1])
    normalised = waves if normaliser is None else normaliser.normalise(waves, sample_rate)
    return (Clip(wave, sample_rate) for wave in normalised)


def read_seconds(path: Path) -> float:
    """Return the duration of a sound file, which is decoded if its header does not contain it."""
    sound = open_sound(path)
    if sound.header.seconds is not None:
        return sound.header.seconds
    return samples_to_seconds(sum(block.shape[1] for block in sound.blocks()), sound.header.sample_rate)
