"""Recognisers of speech: programs and packages that the user has, or a table of the phrases that are said.

A recogniser is named as ``moonshine:FOLDER``, ``faster-whisper:FOLDER``, ``table:FILE``, or a command with ``{file}``.
Nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from ..base.errors import BadSetting, MissingExtra
from ..base.names import quoted
from ..metrics.recogniser import Recogniser
from ..speech.voice_names import base_language
from .commands import absolute, output_of, words_of
from .stretches import RATE, speech_stretches
from .subtitle_files import RecognisedWord, SpeechSegment, parse_cues

COMMAND_SECONDS = 7_200.0
FILE = "{file}"
TABLE = "table"


class SpeechRecogniser(Protocol):
    """Recognises speech in sound files."""

    gives_sentences: bool
    """True where each stretch is a whole sentence."""

    def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
        """Return the stretches of speech in order; ``language`` is empty if it is unknown."""
        ...


def open_recogniser(name: str) -> SpeechRecogniser:
    """Return a recogniser by its name, which is that of a provider and a folder, or a command.

    Raises BadSetting for another name, or MissingExtra if its package is not installed.
    """
    provider, _, folder = name.partition(":")
    if provider == TABLE:
        from .phrases import PhraseRecogniser  # which needs voices

        return PhraseRecogniser(Path(folder))
    if provider in PROVIDERS:
        if not folder or not Path(folder).is_dir():
            raise BadSetting(f"The recogniser is {name!r}; give {provider}:FOLDER with the folder of its model files.")
        return PROVIDERS[provider](Path(folder))
    if FILE in name:
        return CommandRecogniser(words_of(name))
    raise BadSetting(f"The recogniser is {name!r}; it can be {CHOICES}.")


def checked_recogniser(name: str | None) -> str | None:
    """Return the name of a recogniser that can be opened, with absolute paths; raise as `open_recogniser` does."""
    if name is None:
        return None
    open_recogniser(name)
    return absolute(name, MODELS)


class CommandRecogniser:
    """A program that prints subtitles or JSON; ``words`` are those of its command line, ``{file}`` among them."""

    gives_sentences = False

    def __init__(self, words: Sequence[str], timeout_seconds: float = COMMAND_SECONDS) -> None:
        self._words = words
        self._timeout_seconds = timeout_seconds

    def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
        """Run the program, with ``{file}`` and ``{language}`` replaced, and read what it prints."""
        words = [word.replace("{language}", language or "auto").replace(FILE, str(sound)) for word in self._words]
        return parse_segments(output_of(words, None, self._timeout_seconds), f"What {words[0]!r} printed")


def parse_segments(text: str, where: str) -> list[SpeechSegment]:
    """Read segments from SRT, WebVTT or JSON.

    - ``text``: JSON is a list of segments, or an object with one as ``segments``; each has ``start``, ``end`` and
      ``text``, and may have ``speaker``, ``language`` and ``words`` with ``word`` or ``text``, ``start`` and ``end``.

    Raises BadText or BadSetting if it is none of them.
    """
    if text.lstrip()[:1] not in ("[", "{"):
        suffix = ".vtt" if text.lstrip("\ufeff \n").startswith("WEBVTT") else ".srt"
        return parse_cues(text, suffix, where)
    try:
        contents = json.loads(text)
        language = contents.get("language", "") if isinstance(contents, dict) else ""
        rows = contents["segments"] if isinstance(contents, dict) else contents
        segments = [_segment(row, str(language or "")) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadSetting(
            f"{where} is JSON of another form; give a list of segments, each with start, end and text."
        ) from error
    return sorted((segment for segment in segments if segment.text), key=lambda segment: segment.start)


def _segment(row: dict[str, Any], language: str) -> SpeechSegment:
    words = tuple(
        RecognisedWord(str(word.get("word", word.get("text", ""))).strip(), float(word["start"]), float(word["end"]))
        for word in row.get("words") or ()
        if "start" in word and "end" in word
    )
    text = " ".join(str(row["text"]).encode("utf-8", "replace").decode("utf-8").split())
    speaker, own = row.get("speaker") or "", row.get("language") or language
    start, end = float(row["start"]), float(row["end"])
    if not 0 <= start < end < 1e7:
        raise ValueError(f"{start} to {end}")
    return SpeechSegment(start, end, text, str(speaker), str(own), words)


class MoonshineRecogniser:
    """Moonshine's English ONNX graphs by the package useful-moonshine-onnx, stretch of speech by stretch.

    - ``folder``: with ``encoder_model.onnx`` and ``decoder_model_merged.onnx``.
    """

    gives_sentences = False

    def __init__(self, folder: Path) -> None:
        self._recogniser = Recogniser(folder)

    def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
        """Recognise each stretch of speech that the level shows."""
        if base_language(language) not in ("", "en"):
            raise BadSetting(
                f"Moonshine recognises English, and the language is {language!r}; give another recogniser."
            )
        found = []
        for start, wave in speech_stretches(sound):
            text = self._recogniser.text_of(wave, RATE)
            if text:
                found.append(SpeechSegment(start, start + len(wave) / RATE, text, language="en"))
        return found


class FasterWhisperRecogniser:
    """Whisper by the package faster-whisper; ``folder`` has a model that CTranslate2 reads."""

    gives_sentences = False

    def __init__(self, folder: Path) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise MissingExtra(
                "The recogniser faster-whisper needs the package of that name; install it, and give the folder of a "
                "model, such as a download of faster-whisper-small."
            ) from error
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)

    def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
        """Recognise the file with the times of words."""
        rows, info = self._model.transcribe(str(sound), language=base_language(language) or None, word_timestamps=True)
        return [
            SpeechSegment(
                row.start,
                row.end,
                row.text.strip(),
                language=info.language,
                words=tuple(RecognisedWord(word.word.strip(), word.start, word.end) for word in row.words or ()),
            )
            for row in rows
            if row.text.strip()
        ]


PROVIDERS: dict[str, Callable[[Path], SpeechRecogniser]] = {
    "moonshine": MoonshineRecogniser,
    "faster-whisper": FasterWhisperRecogniser,
}
"""Recognisers by packages, each opened with the folder of its model files."""

MODELS = (*PROVIDERS, TABLE)
"""Recognisers whose names have the path of a model or a table."""

CHOICES = (
    f"{', '.join(f'{each}:FOLDER' for each in PROVIDERS)}, {TABLE}:FILE with the phrases that are said, or a command "
    f"with {FILE} that prints SRT, WebVTT or JSON"
)
"""Names of recognisers, as messages list them."""


def describe(name: str) -> str:
    """Return the name of a recogniser for the record, without paths of folders."""
    provider = name.partition(":")[0]
    return provider if provider in MODELS else quoted(Path(words_of(name)[0]).name)
