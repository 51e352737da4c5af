"""Speak one text into one sound file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ...audio.clip import Clip, write_blocks
from ...audio.notebook import speech_html, text_html
from ...base.errors import BadText
from ...base.units import samples_to_seconds
from ...base.whole_file import write_whole
from ...text.skipped import Skipped, warn_of
from ..chunk import Chunk, Clipping, clipping_message
from ..subtitles import subtitle_format, subtitles
from ..timestamps import TimedMark, TimedWord
from .narrator import Narrator
from .speech_file import clips_of

MAX_CHARACTERS = 50_000
"""Longest text for one clip, about an hour; longer ones are streamed or spoken as a book."""


@dataclass(frozen=True)
class SpokenText:
    """A text that was spoken into a file, with the names of both models and the files that were written.

    - ``words``, ``marks``: the words and the SSML marks with their times.
    - ``clipped_fraction``: fraction of samples that exceeded full scale, from 0 to 1.
    - ``skipped``: passages that could not be read.
    - ``is_marked``: the audio has the inaudible mark of generated sound.
    - ``lufs``, ``true_peak_db``, ``shortfall``: with a target loudness: loudness and true peak of the file, and the
      message that the target was not reached, or an empty one.
    """

    out: Path
    voice: str
    vocoder: str
    seconds: float
    sample_rate: int
    words: tuple[TimedWord, ...]
    marks: tuple[TimedMark, ...]
    subtitles: Path | None
    clipped_fraction: float
    skipped: tuple[Skipped, ...]
    is_marked: bool = False
    lufs: float | None = None
    true_peak_db: float | None = None
    shortfall: str = ""

    @cached_property
    def clip(self) -> Clip:
        """The audio, which is read from the file when it is asked for."""
        return Clip.read(self.out)

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return (self.out,)

    def _repr_html_(self) -> str:
        """Return a player, the words with their times, and the text for notebooks."""
        return speech_html(self.clip, self.words) + text_html(self)

    def __str__(self) -> str:
        lines = [f"{self.out}: {self.seconds:.2f} s at {self.sample_rate} Hz by {self.voice} through {self.vocoder}"]
        lines += [f"{self.lufs:.1f} LUFS, true peak {self.true_peak_db:.1f} dB"] if self.lufs is not None else []
        lines += [self.shortfall] if self.shortfall else []
        lines += [f"{self.subtitles}: {len(self.words)} words"] if self.subtitles else []
        lines += [clipping_message(self.clipped_fraction)] if self.clipped_fraction else []
        return "\n".join(lines)


def speak_text(text: str, narrator: Narrator, out: Path, subtitle_file: Path | None = None) -> SpokenText:
    """Speak a text into a sound file.

    Issues one `SkippedText` warning for all passages that cannot be read.

    - ``narrator``: voice and settings.
    - ``out``: sound file to write; its suffix selects the format.
    - returns: the file, its words and its audio.

    Raises BadText if nothing in the text can be spoken, or the settings are strict and a passage cannot be read.
    """
    words: list[TimedWord] = []
    marks: list[TimedMark] = []
    skipped: list[Skipped] = []
    clipping = Clipping()
    normaliser = narrator.loudness_normaliser()
    sample_rate = narrator.voice.sample_rate
    n_samples = 0

    def noted() -> Iterator[Chunk]:
        nonlocal n_samples
        for chunk in clipping.count(narrator.chunks(text, skipped.append)):
            words.extend(chunk.words)
            marks.extend(chunk.marks)
            n_samples += chunk.wave.shape[1]
            yield chunk

    origin = {"text": hashlib.sha256(text.encode()).hexdigest()[:12], **narrator.origin()}
    write_blocks(out, clips_of(noted(), sample_rate, normaliser), metadata={"comment": json.dumps(origin)})
    if subtitle_file is not None:
        write_whole(subtitle_file, subtitles(words, marks, subtitle_format(subtitle_file)).encode("utf-8"))
    warn_of(skipped)
    spoken = SpokenText(
        out=out,
        voice=narrator.voice.name,
        vocoder=narrator.voice.vocoder.card.name,
        seconds=samples_to_seconds(n_samples, sample_rate),
        sample_rate=sample_rate,
        words=tuple(words),
        marks=tuple(marks),
        subtitles=subtitle_file,
        clipped_fraction=clipping.clipped_fraction,
        skipped=tuple(skipped),
        is_marked=narrator.marking is not None,
    )
    if normaliser is None or normaliser.lufs == -math.inf:
        return spoken
    return replace(
        spoken, lufs=normaliser.lufs, true_peak_db=normaliser.true_peak_db, shortfall=normaliser.shortfall_message()
    )


def check_length(text: str, advice: str) -> None:
    """Raise BadText, with advice at the end of the message, if a text is too long for one clip."""
    if len(text) > MAX_CHARACTERS:
        raise BadText(f"The text has {len(text):,} characters, and {MAX_CHARACTERS:,} fit into one clip; {advice}.")
