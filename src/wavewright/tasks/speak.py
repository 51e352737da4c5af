"""Speak a text: into a sound file, onto a pipe as it comes, or a book, chapter by chapter."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import numpy as np
from pydantic import Field

from ..clip import Clip, write_blocks
from ..errors import BadFolder, BadSetting, BadText
from ..speech.prosody import Prosody
from ..speech.reading import parts_of_lines
from ..speech.stream import Chunk, Clipping, clipped_line
from ..speech.styles import style_of
from ..speech.subtitles import kind_of
from ..speech.subtitles import subtitles as subtitle_file
from ..speech.timestamps import TimedMark, TimedWord
from ..speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE, Voice
from ..text.lexicon import Lexicon
from ..text.markup import Markup
from ..text.sentence import BOUNDARY, PAUSES, SILENCE, Sentence
from ..text.skipped import Skipped, warn, warn_of
from ..text.ssml import is_markup
from ..whole_file import write_whole
from . import BY_PLACE, IN_PYTHON_ALONE, LARGEST_SEED, checked
from .book import BookFiles, BookFormat, SpokenBook, speak_book
from .pcm import endless_wav_header, pipe_out, to_pcm
from .standard_input import joined, read_lines, read_text

MOST_CHARACTERS = 50_000
"""Of a text that is spoken into one clip, about an hour; longer ones go onto a pipe, or are a book."""

TOO_LONG_FOR_A_CLIP = "give it as --file, or with --stream"

STANDARD_INPUT = "Standard input"  # as messages call it


@dataclass(frozen=True)
class SpokenText:
    """A spoken text: its file, when words and marks are heard, and how much was clipped, from 0 to 1. ``clip`` is there in Python alone.

    ``skipped`` are the passages that could not be read.
    """

    out: Path
    voice: str
    vocoder: str
    seconds: float
    sample_rate: int
    words: tuple[TimedWord, ...]
    marks: tuple[TimedMark, ...]
    subtitles: Path | None
    clipped_share: float
    skipped: tuple[Skipped, ...]
    clip: Clip = field(metadata=IN_PYTHON_ALONE)

    def __str__(self) -> str:
        lines = [f"{self.out}: {self.seconds:.2f} s at {self.sample_rate} Hz by {self.voice} through {self.vocoder}"]
        lines += [f"{self.subtitles}: {len(self.words)} words"] if self.subtitles else []
        lines += [clipped_line(self.clipped_share)] if self.clipped_share else []
        return "\n".join(lines)


@checked
def speak(
    text: Annotated[str | None, Field(description="What to say; default: standard input."), BY_PLACE] = None,
    voice: Annotated[str, Field(description="<model>-<speaker>, or the folder of a voice.")] = DEFAULT_VOICE,
    vocoder: Annotated[str, Field(description="What makes sound of frames: vocoder, wavenet, or a folder.")] = DEFAULT_VOCODER,
    rate: Annotated[float, Field(description="Times faster.", ge=0.25, le=4)] = 1.0,
    pitch: Annotated[float, Field(description="Semitones higher; below 0 lower.", ge=-24, le=24)] = 0.0,
    range: Annotated[float, Field(description="Times as wide a melody; 0 is one tone.", ge=0, le=4)] = 1.0,
    energy: Annotated[float, Field(description="Times the effort, which is heard in the timbre.", ge=0.1, le=10)] = 1.0,
    volume_db: Annotated[float, Field(description="Louder, in dB; below 0 softer.", ge=-60, le=24)] = 0.0,
    style: Annotated[
        str | None,
        Field(
            description="Preset of prosody, with a strength: sad:0.6; calm, cheerful, sad, angry, excited, soft, newsreader, "
            "storyteller; or a style that the model learned, style-1 and so on."
        ),
    ] = None,
    lexicon: Annotated[Path | None, Field(description="File of words with their phones, which go before all others.")] = None,
    seed: Annotated[int, Field(description="Same seed, same samples.", ge=0, le=LARGEST_SEED)] = 0,
    out: Annotated[
        Path | None, Field(description="Sound file to write; with --file, the folder; default: speech.wav, or the book's name.")
    ] = None,
    stream: Annotated[bool, Field(description="WAV of 16 bits to standard output, each chunk as soon as it is there.")] = False,
    subtitles: Annotated[
        Path | None,
        Field(description="File for words and their times: .srt, .vtt or .json; with --file, only how it ends counts."),
    ] = None,
    ssml: Annotated[bool, Field(description="The text is SSML; a text that begins with <speak is anyway.")] = False,
    markup: Annotated[Markup, Field(description="Markup of the text, which is not spoken.")] = "none",
    language: Annotated[
        str | None, Field(description="How the text is read: en-GB for British dates and numbers; default: the voice's.")
    ] = None,
    strict: Annotated[
        bool, Field(description="Refuse a text with letters that cannot be read, instead of skipping them.")
    ] = False,
    file: Annotated[Path | None, Field(description="Text file of any length, a sound file for each chapter.")] = None,
    chapter_mark: Annotated[
        str | None, Field(description="What lines begin with that part chapters; default: headings.")
    ] = None,
    format: Annotated[BookFormat | None, Field(description="Kind of the chapters' sound files; default: wav.")] = None,
    quiet: Annotated[bool, Field(description="Show no progress.")] = False,
) -> SpokenText | SpokenBook | None:
    """Speak a text.

    The same text, voice, vocoder, settings and seed give the same samples, streamed or whole. A book is spoken chapter by chapter; called
    again, it goes on with the first chapter that is not there. With ``stream`` nothing is returned, and text from standard input is spoken as
    its lines come: a line whose sentence is over at once, another one with the next, at an empty line or at the end. Words that cannot be
    read, such as those of another script, are skipped with a SkippedText warning. Raises BadText for a text
    that has nothing to speak, is too long for one file or, with ``strict``, has something that cannot be read, BadSetting for a style or a name that does not exist, BadModel for
    voices and vocoders, BadFolder where nothing can be written. No file is half written.
    """
    prosody = Prosody(rate, pitch, range, energy, volume_db)
    _check_together(text, file, out, stream, subtitles, chapter_mark, format, ssml)
    if ssml and markup != "none":
        raise BadSetting(f"SSML is markup itself, and --markup {markup} was asked for; leave one of them out.")
    if subtitles is not None:
        kind_of(subtitles)
    is_live = stream and text is None
    given: str | Iterator[str] = "" if file is not None else _lines(sys.stdin, ssml, markup) if is_live else _text(text)
    speaker = Voice.load(voice, vocoder, language)
    style_of(style, speaker.acoustic.styles)
    phones = {*speaker.front_end.symbols} - {SILENCE, BOUNDARY, *PAUSES}
    words = None if lexicon is None else Lexicon.read(lexicon, phones)

    skipped: list[Skipped] = []
    on_skip = warn if stream else skipped.append

    def say(what: str | Iterable[str]) -> Iterator[Chunk]:
        return speaker.stream(what, prosody, style, words, seed, ssml or None, markup, strict, on_skip)

    def read(what: str, left_out: list[Skipped] | None = None) -> Iterator[Sentence]:
        left_out = [] if left_out is None else left_out
        return speaker.read(what, words, None if strict else left_out.append)

    if file is not None:
        manner = {**asdict(prosody), "style": style, "seed": seed, "lexicon": None if words is None else _hash_of(words)}
        manner |= {name: given for name, given in (("markup", markup), ("language", language)) if given not in ("none", None)}
        kind = None if subtitles is None else kind_of(subtitles)
        return speak_book(file, speaker, say, read, manner, BookFiles(out, format or "wav", kind, chapter_mark, markup), quiet)
    if stream:
        parts = given if isinstance(given, str) else parts_of_lines(given, STANDARD_INPUT, read, markup)
        clipping = Clipping()
        stream_to(sys.stdout.buffer, speaker.sample_rate, clipping.heard(say(parts)))
        if clipping.n_clipped:
            print(clipped_line(clipping.clipped_share), file=sys.stderr)
        return None
    spoken = _into_file(speaker, say(given), Path("speech.wav") if out is None else out, subtitles)
    warn_of(skipped)
    return replace(spoken, skipped=tuple(skipped))


def stream_to(sink: BinaryIO, sample_rate: int, chunks: Iterator[Chunk]) -> None:
    """Write chunks to ``sink`` as a WAV file of 16 bits whose length is not known, each as soon as it is there."""
    with pipe_out(sink):
        first = next(chunks)  # what cannot be spoken is refused before anything is written
        sink.write(endless_wav_header(sample_rate))
        for chunk in itertools.chain([first], chunks):
            sink.write(to_pcm(chunk.wave))
            sink.flush()


def _into_file(speaker: Voice, chunks: Iterator[Chunk], out: Path, subtitles: Path | None) -> SpokenText:
    kept: list[Chunk] = []
    clipping = Clipping()

    def clips() -> Iterator[Clip]:
        for chunk in clipping.heard(chunks):
            kept.append(chunk)
            yield Clip(chunk.wave, speaker.sample_rate)

    write_blocks(out, clips())
    words = tuple(word for chunk in kept for word in chunk.words)
    marks = tuple(mark for chunk in kept for mark in chunk.marks)
    if subtitles is not None:
        write_whole(subtitles, subtitle_file(words, marks, kind_of(subtitles)).encode("utf-8"))
    clip = Clip(np.concatenate([chunk.wave for chunk in kept], axis=1), speaker.sample_rate)
    vocoder = speaker.vocoder.card.name
    share = clipping.clipped_share
    return SpokenText(out, speaker.name, vocoder, clip.seconds, clip.sample_rate, words, marks, subtitles, share, (), clip)


def _check_together(
    text: str | None,
    file: Path | None,
    out: Path | None,
    stream: bool,
    subtitles: Path | None,
    chapter_mark: str | None,
    format: BookFormat | None,
    ssml: bool,
) -> None:
    """Raise BadSetting for settings that have no meaning together."""
    if file is not None and text is not None:
        raise BadSetting(f"There are two texts to speak; leave either --file {file} or the text out.")
    if file is not None and ssml:
        raise BadSetting(f"A book is plain text, and --ssml was asked for; leave it out, or send {file} to standard input.")
    if stream and (file or out or subtitles):
        raise BadSetting(f"A stream goes to standard output alone; leave {file or out or subtitles} out, or --stream.")
    if stream and sys.stdout.isatty():
        raise BadSetting("A stream goes to a file or program, and standard output is the terminal; redirect it.")
    if chapter_mark is not None and file is None:
        raise BadSetting(f"There are no chapters without --file; leave --chapter-mark {chapter_mark} out.")
    if chapter_mark == "":
        raise BadSetting(
            "--chapter-mark is empty, with which every line begins; give what lines begin with that part chapters, such as %%."
        )
    if format is not None and file is None:
        raise BadSetting(
            f"There are no chapters without --file; leave --format {format} out, and name a file with --out hello.{format}."
        )
    if subtitles is not None and file is None:
        _check_place(subtitles)


def _check_place(subtitles: Path) -> None:
    """Raise BadFolder where no file can be written, before anything is spoken."""
    if not subtitles.parent.is_dir():
        raise BadFolder(
            f"{subtitles} cannot be written, because the folder {subtitles.parent} does not exist; create it first."
        )
    if subtitles.is_dir():
        raise BadFolder(f"{subtitles} is a folder; give the name of a file to write.")
    if not os.access(subtitles.parent, os.W_OK):
        raise BadFolder(f"{subtitles} cannot be written, because its folder is read-only; choose another folder.")


def _text(text: str | None) -> str:
    """The text given, or that on standard input; raises BadText where it is too long for one clip, BadSetting where there is none."""
    if text is None:
        if sys.stdin.isatty():
            raise BadSetting('There is nothing to speak; give a text, such as wavewright speak "Hello", or --file.')
        return read_text(sys.stdin.buffer, MOST_CHARACTERS, TOO_LONG_FOR_A_CLIP)
    if len(text) > MOST_CHARACTERS:
        raise BadText(
            f"The text has {len(text):,} characters, and {MOST_CHARACTERS:,} fit into one clip; {TOO_LONG_FOR_A_CLIP}."
        )
    return text


def _lines(source: TextIO, is_ssml: bool, markup: Markup) -> str | Iterator[str]:
    """What comes on standard input, line by line; SSML, which may begin behind empty lines, is read to its end."""
    lines = read_lines(source.buffer)
    first: list[str] = []
    for line in lines:
        first.append(line)
        if line.strip():
            break
    if is_ssml or (markup == "none" and is_markup("".join(first))):
        return joined(itertools.chain(first, lines))
    return itertools.chain(first, lines)


def _hash_of(lexicon: Lexicon) -> str:
    return hashlib.sha256(repr(sorted(lexicon.words.items())).encode()).hexdigest()[:12]
