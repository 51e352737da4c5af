"""Speak a text into a sound file or, as it comes, onto a pipe; a book by chapters; or many texts into a file each."""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import numpy as np
from pydantic import Field

from ..clip import Clip, write_blocks
from ..errors import BadFolder, BadSetting, BadText
from ..speech.chunk import Chunk, Clipping, clipping_message
from ..speech.prosody import Prosody
from ..speech.reading import segment_lines
from ..speech.styles import parse_style
from ..speech.subtitles import subtitle_format
from ..speech.subtitles import subtitles as subtitle_file
from ..speech.timestamps import TimedMark, TimedWord
from ..speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE, Voice
from ..text.markup import Markup
from ..text.sentence import Sentence
from ..text.skipped import Skipped, warn, warn_of
from ..text.ssml import looks_like_ssml
from ..text.standard_input import join_lines, read_lines, read_text
from ..whole_file import write_whole
from . import POSITIONAL, PYTHON_ONLY, LARGEST_SEED, checked
from .batch import BatchFiles, SpokenBatch, speak_batch
from .book import BookFiles, BookFormat, SpokenBook, speak_book
from .leveling import Leveler, target_lufs
from .pcm import endless_wav_header, pipe_out, to_pcm
from .spoken_file import clips_of
from .talks import MOST_CHARACTERS, Reading, Talks, lexicon_of, manner_of

TOO_LONG_FOR_A_CLIP = "give it as --file, or with --stream"

STANDARD_INPUT = "Standard input"  # as messages call it


@dataclass(frozen=True)
class SpokenText:
    """A spoken text: its file, the times of its words and marks, and the fraction of clipped samples, from 0 to 1.

    ``skipped`` are the passages that could not be read. With a target loudness, ``lufs`` and ``true_peak_db`` are
    those of the file, and ``shortfall`` is the reason where the target is missed. ``clip`` exists in Python only."""

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
    clip: Clip = field(metadata=PYTHON_ONLY)
    lufs: float | None = None
    true_peak_db: float | None = None
    shortfall: str = ""

    def __str__(self) -> str:
        lines = [f"{self.out}: {self.seconds:.2f} s at {self.sample_rate} Hz by {self.voice} through {self.vocoder}"]
        lines += [f"{self.lufs:.1f} LUFS, true peak {self.true_peak_db:.1f} dB"] if self.lufs is not None else []
        lines += [self.shortfall] if self.shortfall else []
        lines += [f"{self.subtitles}: {len(self.words)} words"] if self.subtitles else []
        lines += [clipping_message(self.clipped_share)] if self.clipped_share else []
        return "\n".join(lines)


@checked
def speak(
    text: Annotated[str | None, Field(description="What to say; default: standard input."), POSITIONAL] = None,
    voice: Annotated[str, Field(description="<model>-<speaker>, or the folder of a voice.")] = DEFAULT_VOICE,
    vocoder: Annotated[
        str, Field(description="What makes sound of frames: vocoder, wavenet, or a folder.")
    ] = DEFAULT_VOCODER,
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
    lexicon: Annotated[
        Path | None, Field(description="File of words with their phones, which go before all others.")
    ] = None,
    seed: Annotated[int, Field(description="Same seed, same samples.", ge=0, le=LARGEST_SEED)] = 0,
    out: Annotated[
        Path | None,
        Field(
            description="Sound file to write; with --file and --batch, the folder; default: speech.wav, or that file's name."
        ),
    ] = None,
    stream: Annotated[
        bool, Field(description="WAV of 16 bits to standard output, each chunk as soon as it is there.")
    ] = False,
    subtitles: Annotated[
        Path | None,
        Field(description="File for words and their times: .srt, .vtt or .json; with --file, only how it ends counts."),
    ] = None,
    ssml: Annotated[bool, Field(description="The text is SSML; a text that begins with <speak is anyway.")] = False,
    markup: Annotated[Markup, Field(description="Markup of the text, which is not spoken.")] = "none",
    language: Annotated[
        str | None,
        Field(description="How the text is read: en-GB for British dates and numbers; default: the voice's."),
    ] = None,
    strict: Annotated[
        bool, Field(description="Refuse a text with letters that cannot be read, instead of skipping them.")
    ] = False,
    file: Annotated[Path | None, Field(description="Text file of any length, a sound file for each chapter.")] = None,
    chapter_mark: Annotated[
        str | None, Field(description="What lines begin with that part chapters; default: headings.")
    ] = None,
    batch: Annotated[
        Path | None,
        Field(
            description="CSV, JSONL or text file with a text a line; a sound file each, named by a column or numbered."
        ),
    ] = None,
    name_column: Annotated[
        str | None,
        Field(description="With --batch: the column of the files' names; default: name or file, else numbers."),
    ] = None,
    format: Annotated[
        BookFormat | None, Field(description="With --file and --batch: kind of sound files; default: wav.")
    ] = None,
    lufs: Annotated[
        str | float | None,
        Field(
            description="Loudness of each file: podcast (-16), broadcast (-23) or LUFS; true peaks stay below -1 dB."
        ),
    ] = None,
    quiet: Annotated[bool, Field(description="Show no progress.")] = False,
) -> SpokenText | SpokenBook | SpokenBatch | None:
    """Speak a text.

    The same text, voice, vocoder, settings and seed give the same samples, streamed or whole. A book is spoken chapter by chapter; called
    again, it goes on with the first chapter that is not there. Each line of a batch is spoken into its own file, with
    the settings in its columns; called again, unchanged lines are skipped, and lines that fail are listed. With
    ``stream`` nothing is returned, and text from standard input is spoken as its lines come: a line whose sentence is
    over at once, another one with the next, at an empty line or at the end. Words that cannot be read, such as those of
    another script, are skipped with a SkippedText warning. Raises BadText for a text that has nothing to speak, is too
    long for one file or, with ``strict``, has something that cannot be read, BadSetting for a style or a name that does
    not exist, BadModel for voices and vocoders, BadFolder where nothing can be written. No file is half written.
    """
    prosody = Prosody(rate, pitch, range, energy, volume_db)
    _check_together(text, file, out, stream, subtitles, chapter_mark, ssml)
    _check_batch(text, file, batch, stream, name_column, lufs)
    _check_files(batch or file, format, subtitles)
    if ssml and markup != "none":
        raise BadSetting(f"SSML is markup itself, and --markup {markup} was asked for; leave one of them out.")
    if subtitles is not None:
        subtitle_format(subtitles)
    reading = Reading(ssml, markup, strict, language)
    if batch is not None:
        own = {"voice": voice, "rate": rate, "pitch": pitch, "range": range, "energy": energy, "volume_db": volume_db}
        talks = Talks(speak, vocoder, lexicon, reading, own | {"style": style, "seed": seed, "lufs": lufs})
        kind = None if subtitles is None else subtitle_format(subtitles)
        return speak_batch(batch, talks, BatchFiles(out, format or "wav", kind, name_column), quiet)
    leveler = None if lufs is None else Leveler(target_lufs(lufs))
    is_live = stream and text is None
    given: str | Iterator[str] = (
        "" if file is not None else _lines(sys.stdin, ssml, markup, strict) if is_live else _text(text)
    )
    speaker = Voice.load(voice, vocoder, language)
    parse_style(style, speaker.acoustic.styles)
    words = lexicon_of(speaker, lexicon)

    skipped: list[Skipped] = []
    on_skip = warn if stream else skipped.append

    def say(what: str | Iterable[str]) -> Iterator[Chunk]:
        return speaker.stream(
            what,
            prosody,
            style=style,
            lexicon=words,
            seed=seed,
            is_ssml=ssml or None,
            markup=markup,
            strict=strict,
            on_skip=on_skip,
        )

    def read(what: str, left_out: list[Skipped] | None = None) -> Iterator[Sentence]:
        left_out = [] if left_out is None else left_out
        return speaker.read(what, words, None if strict else left_out.append)

    if file is not None:
        manner = manner_of(prosody, style, seed, words, leveler, reading)
        kind = None if subtitles is None else subtitle_format(subtitles)
        return speak_book(
            file,
            speaker,
            say,
            read,
            manner,
            BookFiles(out, format or "wav", kind, chapter_mark, markup),
            quiet,
            leveler,
        )
    if stream:
        parts = given if isinstance(given, str) else segment_lines(given, STANDARD_INPUT, read, markup)
        clipping = Clipping()
        stream_to(sys.stdout.buffer, speaker.sample_rate, clipping.count(say(parts)))
        if clipping.n_clipped:
            print(clipping_message(clipping.clipped_fraction), file=sys.stderr)
        return None
    spoken = _into_file(speaker, say(given), Path("speech.wav") if out is None else out, subtitles, leveler)
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


def _into_file(
    speaker: Voice, chunks: Iterator[Chunk], out: Path, subtitles: Path | None, leveler: Leveler | None
) -> SpokenText:
    kept: list[Chunk] = []
    waves: list[np.ndarray] = []
    clipping = Clipping()

    def noted() -> Iterator[Chunk]:
        for chunk in clipping.count(chunks):
            kept.append(chunk)
            yield chunk

    def clips() -> Iterator[Clip]:
        for clip in clips_of(noted(), speaker.sample_rate, out.parent, leveler):
            waves.append(clip.wave)
            yield clip

    write_blocks(out, clips())
    words = tuple(word for chunk in kept for word in chunk.words)
    marks = tuple(mark for chunk in kept for mark in chunk.marks)
    if subtitles is not None:
        write_whole(subtitles, subtitle_file(words, marks, subtitle_format(subtitles)).encode("utf-8"))
    clip = Clip(np.concatenate(waves, axis=1), speaker.sample_rate)
    spoken = SpokenText(
        out=out,
        voice=speaker.name,
        vocoder=speaker.vocoder.card.name,
        seconds=clip.seconds,
        sample_rate=clip.sample_rate,
        words=words,
        marks=marks,
        subtitles=subtitles,
        clipped_share=clipping.clipped_fraction,
        skipped=(),
        clip=clip,
    )
    if leveler is None or leveler.lufs == -math.inf:
        return spoken
    return replace(spoken, lufs=leveler.lufs, true_peak_db=leveler.true_peak_db, shortfall=leveler.shortfall_line)


def _check_together(
    text: str | None,
    file: Path | None,
    out: Path | None,
    stream: bool,
    subtitles: Path | None,
    chapter_mark: str | None,
    ssml: bool,
) -> None:
    """Raise BadSetting for settings that have no meaning together."""
    if file is not None and text is not None:
        raise BadSetting(f"There are two texts to speak; leave either --file {file} or the text out.")
    if file is not None and ssml:
        raise BadSetting(
            f"A book is plain text, and --ssml was asked for; leave it out, or send {file} to standard input."
        )
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


def _check_batch(
    text: str | None,
    file: Path | None,
    batch: Path | None,
    stream: bool,
    name_column: str | None,
    lufs: str | float | None,
) -> None:
    """Raise BadSetting for settings of batches and of loudness that have no meaning together with others."""
    if batch is not None and (text is not None or file is not None):
        other = "the text" if file is None else f"--file {file}"
        raise BadSetting(f"There are two things to speak; leave either --batch {batch} or {other} out.")
    if batch is not None and stream:
        raise BadSetting(f"A stream is one sound, and --batch {batch} becomes many files; leave one of them out.")
    if name_column is not None and batch is None:
        raise BadSetting(f"There are no columns without --batch; leave --name-column {name_column} out.")
    if lufs is not None:
        target_lufs(lufs)
    if lufs is not None and stream:
        raise BadSetting(
            "--lufs measures a whole sound before it applies a gain, and a stream is heard while it is spoken; leave one of "
            "them out, or change the level of the stream by --volume-db."
        )


def _check_files(of_many: Path | None, format: BookFormat | None, subtitles: Path | None) -> None:
    """Raise BadSetting for a kind of files where there is one file, BadFolder where its subtitles cannot be written."""
    if of_many is None and format is not None:
        raise BadSetting(
            f"--format is for the files of --file and --batch; leave --format {format} out, and name a file with "
            f"--out hello.{format}."
        )
    if of_many is None and subtitles is not None:
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


def _lines(source: TextIO, is_ssml: bool, markup: Markup, strict: bool) -> str | Iterator[str]:
    """What comes on standard input, line by line; SSML, which may begin behind empty lines, is read to its end."""
    lines = read_lines(source.buffer, strict)
    first: list[str] = []
    for line in lines:
        first.append(line)
        if line.strip():
            break
    if is_ssml or (markup == "none" and looks_like_ssml("".join(first))):
        return join_lines(itertools.chain(first, lines))
    return itertools.chain(first, lines)
