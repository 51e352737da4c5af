"""Speak a text into a sound file or onto a pipe, a book by chapters, or a batch line by line."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

from pydantic import Field

from ..base import parameters
from ..base.errors import BadFolder, BadSetting
from ..base.parameters import FREE_TEXT, TERMINAL, Writes
from ..base.whole_file import check_target
from ..outputs.watermark.sequences import DEFAULT_KEY
from ..speech.chunk import Clipping, clipping_message
from ..speech.narration.batch import SpokenBatch, speak_batch
from ..speech.narration.book import SpokenBook, speak_book
from ..speech.narration.loudness import parse_loudness
from ..speech.narration.narrator import Narrator, NarratorLoader, write_stream
from ..speech.narration.settings import NarrationSettings
from ..speech.narration.speech_file import SpeechFormat
from ..speech.narration.speech_files import SpeechFiles
from ..speech.narration.text import MAX_CHARACTERS, SpokenText, check_length, speak_text
from ..speech.reading import segment_lines
from ..speech.subtitles import subtitle_format
from ..speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE
from ..text.sentence import Sentence
from ..text.skipped import Skipped, warn
from ..text.ssml import looks_like_ssml
from ..text.standard_input import join_lines, read_lines, read_text
from . import POSITIONAL, checked

DEFAULT_OUT = Path("speech.wav")
TOO_LONG_ADVICE = "give it as --file, or with --stream"
STANDARD_INPUT = "Standard input"  # as messages call it


@checked
def speak(
    text: Annotated[
        str | None, Field(description="Text to speak; default: standard input."), POSITIONAL, FREE_TEXT
    ] = None,
    # Voice and prosody
    voice: parameters.VoiceName = DEFAULT_VOICE,
    vocoder: parameters.VocoderName = DEFAULT_VOCODER,
    rate: parameters.SpeakingRate = 1.0,
    pitch: parameters.PitchShift = 0.0,
    range: parameters.PitchRange = 1.0,
    energy: parameters.VocalEffort = 1.0,
    volume_db: parameters.GainDb = 0.0,
    style: parameters.StyleName = None,
    seed: parameters.SpeechSeed = 0,
    sentence_pause: parameters.SentencePause = None,
    clause_pause: parameters.ClausePause = None,
    paragraph_pause: parameters.ParagraphPause = None,
    # Reading
    lexicon: parameters.LexiconPath = None,
    ssml: parameters.IsSsml = False,
    markup: parameters.TextMarkup = "none",
    language: parameters.TextLanguage = None,
    strict: parameters.StrictReading = False,
    # Output
    out: Annotated[
        Path | None,
        Field(
            description="Sound file to write; with --file and --batch, the folder; default: speech.wav, or that "
            "file's name."
        ),
        Writes(".wav", folder_with=("file", "batch")),
    ] = None,
    lufs: parameters.TargetLoudness = None,
    watermark: parameters.IsMarked = True,
    watermark_key: parameters.MarkKey = DEFAULT_KEY,
    subtitles: Annotated[
        Path | None,
        Field(
            description="File for words and their times: .srt, .vtt or .json; with --file and --batch, only the suffix "
            "counts."
        ),
        Writes(".srt"),
    ] = None,
    stream: Annotated[
        bool,
        Field(description="Write 16-bit WAV to standard output, each chunk as soon as it is computed."),
        TERMINAL,
    ] = False,
    # Books and batches
    file: Annotated[Path | None, Field(description="Text file of any length, a sound file for each chapter.")] = None,
    chapter_mark: Annotated[
        str | None,
        Field(description="Prefix of the lines that start a chapter; default: headings."),
        FREE_TEXT,
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
        FREE_TEXT,
    ] = None,
    format: Annotated[
        SpeechFormat | None, Field(description="With --file and --batch: format of the sound files; default: wav.")
    ] = None,
    quiet: parameters.Quiet = False,
) -> SpokenText | SpokenBook | SpokenBatch | None:
    """Speak a text.

    The same text, voice, vocoder, settings and seed give the same samples, streamed or whole. A book is spoken chapter
    by chapter, and a batch line by line with the settings in its columns; called again, both skip the sound files that
    exist and are up to date. With ``stream``, text from standard input is spoken as its lines arrive: a line that ends
    a sentence at once, any other one with the next line. Words that cannot be read, such as those of another script,
    are skipped with a SkippedText warning. Files are written whole or not at all.

    Returns
    -------
    SpokenText, SpokenBook, SpokenBatch or None
        The result for a text, a book or a batch; None with ``stream``.

    Raises
    ------
    BadText
        If nothing in the text can be spoken, it is too long for one file, or ``strict`` is set and a word cannot be
        read.
    BadSetting
        If parameters exclude each other, or a style, a language or a lexicon does not exist.
    BadModel
        If a voice or vocoder does not exist, or they do not belong together.
    BadFolder
        If files cannot be written.
    """
    settings = NarrationSettings(
        voice=voice,
        vocoder=vocoder,
        rate=rate,
        pitch=pitch,
        range=range,
        energy=energy,
        volume_db=volume_db,
        style=style,
        lexicon=lexicon,
        seed=seed,
        ssml=ssml,
        markup=markup,
        language=language,
        strict=strict,
        lufs=lufs,
        sentence_pause=sentence_pause,
        clause_pause=clause_pause,
        paragraph_pause=paragraph_pause,
        watermark=watermark,
        watermark_key=watermark_key,
    )
    _check_settings(settings)
    _check_sources(text, file, batch)
    _check_book(file, chapter_mark, ssml)
    _check_batch(batch, name_column)
    if stream:
        _check_stream(batch, file or out or subtitles, lufs)
    files = SpeechFiles(out, format or "wav", _check_files(batch or file, format, subtitles))
    if batch is not None:
        return speak_batch(batch, settings, files, name_column, quiet)
    if file is not None:
        return speak_book(file, NarratorLoader().load(settings), files, chapter_mark, quiet)
    if stream:
        _stream(text, settings)
        return None
    whole_text = _whole_text(text)
    return speak_text(whole_text, NarratorLoader().load(settings), out or DEFAULT_OUT, subtitles)


def _stream(text: str | None, settings: NarrationSettings) -> None:
    """Speak a text, or the lines of standard input as they arrive, to standard output."""
    source = _lines(sys.stdin, settings) if text is None else _whole_text(text)
    narrator = NarratorLoader().load(settings)
    if not isinstance(source, str):
        source = segment_lines(source, STANDARD_INPUT, lambda line: _sentences(narrator, line), settings.markup)
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
    if text is None:
        if sys.stdin.isatty():
            raise BadSetting('There is nothing to speak; give a text, such as wavewright speak "Hello", or --file.')
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


# ------------------------------------------------------------------------------------- parameters that exclude others


def _check_settings(settings: NarrationSettings) -> None:
    """Raise BadSetting for a target loudness out of range, and for SSML with other markup."""
    if settings.lufs is not None:
        parse_loudness(settings.lufs)
    if settings.ssml and settings.markup != "none":
        raise BadSetting(f"SSML is markup itself, and --markup {settings.markup} was given; leave one of them out.")


def _check_sources(text: str | None, file: Path | None, batch: Path | None) -> None:
    """Raise BadSetting for more than one text, book or batch."""
    if file is not None and text is not None:
        raise BadSetting(f"There are two texts to speak; leave either --file {file} or the text out.")
    if batch is not None and (text is not None or file is not None):
        other = "the text" if file is None else f"--file {file}"
        raise BadSetting(f"There are two things to speak; leave either --batch {batch} or {other} out.")


def _check_book(file: Path | None, chapter_mark: str | None, ssml: bool) -> None:
    """Raise BadSetting for parameters that do not apply to a book, or only to a book."""
    if file is not None and ssml:
        raise BadSetting(f"A book is plain text, and --ssml was given; leave it out, or send {file} to standard input.")
    if chapter_mark is not None and file is None:
        raise BadSetting(f"There are no chapters without --file; leave --chapter-mark {chapter_mark} out.")
    if chapter_mark == "":
        raise BadSetting(
            "--chapter-mark is empty, which starts a chapter at every line; give the prefix of the lines that start a "
            "chapter, such as %%."
        )


def _check_batch(batch: Path | None, name_column: str | None) -> None:
    """Raise BadSetting for parameters that apply to a batch only."""
    if name_column is not None and batch is None:
        raise BadSetting(f"There are no columns without --batch; leave --name-column {name_column} out.")


def _check_stream(batch: Path | None, output: Path | None, lufs: str | float | None) -> None:
    """Raise BadSetting for parameters that do not apply to a stream, and for a stream to the terminal."""
    if output is not None:
        raise BadSetting(f"A stream goes to standard output alone; leave {output} out, or --stream.")
    if sys.stdout.isatty():
        raise BadSetting("A stream goes to a file or program, and standard output is the terminal; redirect it.")
    if batch is not None:
        raise BadSetting(f"A stream is one sound, and --batch {batch} becomes many files; leave one of them out.")
    if lufs is not None:
        raise BadSetting(
            "--lufs measures the whole audio before it applies a gain, and a stream is played while it is spoken; "
            "leave one of them out, or change the level of the stream by --volume-db."
        )


def _check_files(
    source_of_many: Path | None, file_format: SpeechFormat | None, subtitle_file: Path | None
) -> str | None:
    """Return the format of subtitles.

    Raises BadSetting for another suffix, or a format of many files for one file; BadFolder if the subtitles of one file
    cannot be written.
    """
    if source_of_many is None and file_format is not None:
        raise BadSetting(
            f"--format is for the files of --file and --batch; leave --format {file_format} out, and name a file with "
            f"--out hello.{file_format}."
        )
    if subtitle_file is None:
        return None
    if source_of_many is None:
        _check_writable(subtitle_file)
    return subtitle_format(subtitle_file)


def _check_writable(path: Path) -> None:
    """Raise BadFolder if a file cannot be written, before anything is spoken."""
    check_target(path)
    if not os.access(path.parent, os.W_OK):
        raise BadFolder(f"{path} cannot be written, because its folder is read-only; choose another folder.")
