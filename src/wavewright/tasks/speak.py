"""Speak a text into a sound file or onto a pipe."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, TextIO

from pydantic import Field

from ..base.errors import BadFolder, BadSetting
from ..base.parameters import FREE_TEXT, OF_FILES, POSITIONAL, STANDARD_STREAM, Writes, WritesSounds
from ..base.task_parameters import parameters_from
from ..base.whole_file import check_target
from ..outputs.made import Made
from ..speech.chunk import Clipping, clipping_message
from ..speech.narration.narrator import Narrator, NarratorLoader, write_stream
from ..speech.narration.settings import NarrationSettings
from ..speech.narration.speech_file import MAX_CHARACTERS, check_length, speak_text
from ..speech.reading import segment_lines
from ..speech.subtitles import FORMATS, subtitle_format
from ..text.sentence import Sentence
from ..text.skipped import Skipped, warn
from ..text.ssml import looks_like_ssml
from ..text.standard_input import join_lines, read_lines, read_text

DEFAULT_OUT = Path("speech.wav")
TOO_LONG_ADVICE = "narrate it from a file, or give --out -"
STANDARD_INPUT = "Standard input"  # as messages call it


@dataclass(frozen=True)
class SpeakParameters(NarrationSettings):
    """Parameters of `speak`."""

    text: Annotated[
        str | None, Field(description="Text to speak; default, or -: standard input."), POSITIONAL, FREE_TEXT
    ] = None
    _: KW_ONLY
    out: Annotated[
        Path | None,
        Field(
            description=f"Sound file to write; default: {DEFAULT_OUT}; -: 16-bit WAV to standard output, each chunk as "
            "soon as it is computed."
        ),
        WritesSounds(DEFAULT_OUT.suffix),
    ] = None
    subtitles: Annotated[
        Path | None,
        Field(description=f"File for words and their times: {', '.join(f'.{each}' for each in FORMATS)}."),
        Writes(".srt"),
        OF_FILES,
    ] = None


@parameters_from(SpeakParameters)
def speak(given: SpeakParameters) -> Made:
    """Speak a text.

    The same text, voice, vocoder, settings and seed give the same samples, streamed or whole. To standard output, text
    from standard input is spoken as its lines arrive: a line that ends a sentence at once, any other one with the next
    line. Words that cannot be read, such as those of another script, are skipped with a SkippedText warning. Files are
    written whole or not at all.

    Raises BadText if nothing in the text can be spoken, it is too long for one file, or ``strict`` is set and a word
    cannot be read; BadSetting if parameters exclude each other, or a style, a language or a lexicon does not exist;
    BadModel if a voice or vocoder does not exist, or they do not belong together; BadFolder if files cannot be written.
    """
    if given.out == STANDARD_STREAM:
        if sys.stdout.isatty():
            raise BadSetting("A stream goes to a file or program, and standard output is the terminal; redirect it.")
        _stream(given)
        return Made(out=STANDARD_STREAM)
    if given.subtitles is not None:
        _check_subtitles(given.subtitles)
    text = _whole_text(given.text)
    return speak_text(text, NarratorLoader().load(given), given.out or DEFAULT_OUT, given.subtitles)


def _stream(given: SpeakParameters) -> None:
    """Speak a text, or the lines of standard input as they arrive, to standard output."""
    source = (
        _lines(sys.stdin, given) if given.text in (None, "-") and given.seconds is None else _whole_text(given.text)
    )
    narrator = NarratorLoader().load(given)
    if not isinstance(source, str):
        source = segment_lines(source, STANDARD_INPUT, lambda line: _sentences(narrator, line), given.markup)
    clipping = Clipping()
    write_stream(sys.stdout.buffer, narrator.voice.sample_rate, clipping.count(narrator.chunks(source, warn)))
    if clipping.n_clipped:
        print(clipping_message(clipping.clipped_fraction), file=sys.stderr)


def _sentences(narrator: Narrator, line: str) -> Iterator[Sentence]:
    """Read a line; passages that cannot be read are reported when it is spoken."""
    skipped: list[Skipped] = []
    return narrator.sentences(line, skipped.append)


def _whole_text(text: str | None) -> str:
    """Return the text, or that on standard input; raise BadText if it is too long, BadSetting if there is none."""
    if text is None or text == "-":
        if sys.stdin.isatty():
            raise BadSetting('There is nothing to speak; give a text, such as wavewright speak "Hello".')
        return read_text(sys.stdin.buffer, MAX_CHARACTERS, TOO_LONG_ADVICE)
    check_length(text, TOO_LONG_ADVICE)
    return text


def _lines(source: TextIO, settings: NarrationSettings) -> str | Iterator[str]:
    """Return the lines of standard input as they arrive; SSML, also after empty lines, is read to its end."""
    lines = read_lines(source.buffer, settings.strict)
    first: list[str] = []
    for line in lines:
        first.append(line)
        if line.strip():
            break
    if settings.ssml or (settings.markup == "none" and looks_like_ssml("".join(first))):
        return join_lines(itertools.chain(first, lines))
    return itertools.chain(first, lines)


def _check_subtitles(path: Path) -> None:
    """Raise BadSetting for another suffix, BadFolder if the file cannot be written, before anything is spoken."""
    subtitle_format(path)
    check_target(path)
    if not os.access(path.parent, os.W_OK):
        raise BadFolder(f"{path} cannot be written, because its folder is read-only; choose another folder.")
