"""Speak one text into one sound file."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

from ...base.errors import BadText
from ...outputs.made import Made, MadeFile, sound_file
from ...text.skipped import Skipped, warn_of
from ..chunk import Clipping, clipping_message
from .narrator import Narrator
from .speech_file import write_speech

MAX_CHARACTERS = 50_000
"""Longest text for one clip, about an hour; longer ones are streamed or spoken as a book."""


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
    words, marks = write_speech(
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
    spoken = replace(sound_file(out), by=narrator.maker)
    others = [] if subtitle_file is None else [MadeFile(path=subtitle_file)]
    return Made.of(spoken, *others, details=details, lines=lines, notes=notes)


def check_length(text: str, advice: str) -> None:
    """Raise BadText, with advice at the end of the message, if a text is too long for one clip."""
    if len(text) > MAX_CHARACTERS:
        raise BadText(f"The text has {len(text):,} characters, and {MAX_CHARACTERS:,} fit into one clip; {advice}.")
