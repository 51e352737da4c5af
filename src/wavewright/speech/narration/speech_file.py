"""Sound files of speech: where they are written, and how, with subtitles and with their origin in the metadata."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ...audio.clip import Clip, write_blocks
from ...audio.sound_file import open_sound
from ...base.errors import BadText
from ...base.names import file_stem, inside
from ...base.parameters import WritesSounds
from ...base.units import samples_to_seconds
from ...base.whole_file import write_whole
from ...outputs.made import Made, MadeFile, sound_file
from ...text.skipped import Skipped, warn_of
from ..chunk import Chunk, Clipping, TimedMark, TimedWord, clipping_message
from ..subtitles import SubtitleFormat, subtitle_format, subtitles
from .loudness import LoudnessNormaliser, below_target_message
from .narrator import Narrator

FileFormat: TypeAlias = Literal["wav", "flac", "ogg", "opus", "mp3"]

MAX_CHARACTERS = 50_000
"""Longest text for one clip, about an hour; longer ones are streamed or spoken as a book."""

SECONDS_PER_CHARACTER = 0.068  # of English read aloud, for progress bars


def write_speech(
    path: Path,
    chunks: Iterable[Chunk],
    sample_rate: int,
    origin: Mapping[str, object],
    subtitle_file: Path | None = None,
    normaliser: LoudnessNormaliser | None = None,
    with_words: bool = False,
) -> tuple[MadeFile, list[TimedWord], list[TimedMark]]:
    """Write chunks to a sound file, whole or not at all.

    Memory does not grow with the length, except for the words of subtitles.

    - ``path``: the sound file.
    - ``chunks``: the speech.
    - ``sample_rate``: sample rate in Hz.
    - ``origin``: what the audio was made from; it becomes the comment of the file.
    - ``subtitle_file``: file for the subtitles, written before the sound file, so that no sound file lacks them.
    - ``normaliser``: brings the speech to its target loudness.
    - returns: the file, and its words and marks ``with_words`` or a file for subtitles, else none.
    """
    words: list[TimedWord] = []
    marks: list[TimedMark] = []

    def collect_words() -> Iterator[Chunk]:
        for chunk in chunks:
            if with_words or subtitle_file is not None:
                words.extend(chunk.words)
                marks.extend(chunk.marks)
            yield chunk

    def clips() -> Iterator[Clip]:
        waves = (chunk.wave for chunk in collect_words() if chunk.wave.shape[1])
        for wave in waves if normaliser is None else normaliser.normalise(waves, sample_rate):
            yield Clip(wave, sample_rate)
        if subtitle_file is not None:
            write_whole(subtitle_file, subtitles(words, marks, subtitle_format(subtitle_file)).encode("utf-8"))

    header = write_blocks(path, clips(), metadata={"comment": json.dumps(origin)})
    return sound_file(path, header), words, marks


def speak_text(text: str, narrator: Narrator, out: Path, subtitle_file: Path | None = None) -> Made:
    """Speak a text into a sound file.

    Issues one `SkippedText` warning for all passages that cannot be read.

    - ``narrator``: voice and settings.
    - ``out``: sound file to write; its suffix selects the format.
    - returns: the file, and in its details ``words`` and ``marks`` with their times, ``skipped`` passages,
      ``clipped_fraction``, and with a target loudness ``lufs`` and ``true_peak_db``.

    Raises BadText if nothing in the text can be spoken, or the settings are strict and a passage cannot be read.
    """
    skipped: list[Skipped] = []
    clipping = Clipping()
    normaliser = narrator.loudness_normaliser()
    chunks = clipping.count(narrator.chunks(text, skipped.append))
    origin = {"text": hashlib.sha256(text.encode()).hexdigest()[:12], **narrator.origin()}
    made, words, marks = write_speech(
        out, chunks, narrator.voice.sample_rate, origin, subtitle_file, normaliser, with_words=True
    )
    warn_of(skipped)
    details: dict[str, object] = {
        "words": tuple(words),
        "marks": tuple(marks),
        "skipped": tuple(skipped),
        "clipped_fraction": clipping.clipped_fraction,
        "is_marked": narrator.marking is not None,
    }
    lines, notes = [], [clipping_message(clipping.clipped_fraction)] if clipping.n_clipped else []
    if normaliser is not None and normaliser.lufs != -math.inf:
        details |= {"lufs": normaliser.lufs, "true_peak_db": normaliser.true_peak_db}
        lines.append(f"  {normaliser.lufs:.1f} LUFS, true peak {normaliser.true_peak_db:.1f} dB")
        notes = [*filter(None, [normaliser.shortfall_message()]), *notes]
    spoken = replace(made, by=narrator.maker)
    others = [] if subtitle_file is None else [MadeFile(path=subtitle_file)]
    return Made.of(spoken, *others, details=details, lines=lines, notes=notes)


def check_length(text: str, advice: str) -> None:
    """Raise BadText, with advice at the end of the message, if a text is too long for one clip."""
    if len(text) > MAX_CHARACTERS:
        raise BadText(f"The text has {len(text):,} characters, and {MAX_CHARACTERS:,} fit into one clip; {advice}.")


def read_seconds(path: Path) -> float:
    """Return the duration of a sound file, which is decoded if its header does not contain it."""
    sound = open_sound(path)
    if sound.header.seconds is not None:
        return sound.header.seconds
    return samples_to_seconds(sum(block.shape[1] for block in sound.blocks()), sound.header.sample_rate)


@dataclass(frozen=True, kw_only=True)
class SpeechFiles:
    """Folder and formats of the sound files of one text file; `narrate` and `speak_lines` have them as parameters."""

    out: Annotated[
        Path | None, Field(description="Folder of the sound files; default: named after the text file."), WritesSounds()
    ] = None
    format: Annotated[FileFormat, Field(description="Format of the sound files.")] = "wav"
    subtitles: Annotated[
        SubtitleFormat | None, Field(description="Write a file for the words and their times beside each sound file.")
    ] = None

    def folder(self, source: Path) -> Path:
        """Return the folder of the files of a text file."""
        return Path(file_stem(source.stem)) if self.out is None else self.out

    def sound_file(self, folder: Path, stem: str) -> Path:
        """Return the path of a sound file in the folder."""
        return inside(folder, f"{stem}.{self.format}")

    def subtitle_file(self, sound_file: Path) -> Path | None:
        """Return the path of the subtitles of a sound file, None without subtitles."""
        return None if self.subtitles is None else sound_file.with_suffix(f".{self.subtitles}")

    def has_subtitles(self, sound_file: Path) -> bool:
        """Return False if a sound file lacks the subtitles that it should have."""
        subtitle_file = self.subtitle_file(sound_file)
        return subtitle_file is None or subtitle_file.is_file()


def level_notes(below_target: Sequence[str], clipping: Clipping) -> tuple[str, ...]:
    """Return a sentence for new files below the target loudness, and one for clipped samples."""
    notes = [below_target_message(below_target)] if below_target else []
    return (*notes, *([clipping_message(clipping.clipped_fraction)] if clipping.n_clipped else []))
