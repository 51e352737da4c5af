"""Narrators: a voice with the settings with which it speaks into sound files."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ...base.version import __version__
from ...contracts.runtime import identity
from ...outputs.watermark.marking import Marking, marking_of
from ...text import ESPEAK_PREFIX
from ...text.lexicon import Lexicon
from ...text.lexicon_file import read_lexicon
from ...text.sentence import Sentence
from ...text.skipped import OnSkip
from ..chunk import Chunk
from ..prosody import Pauses, parse_style
from ..voice import DEFAULT_VOICE, Voice
from ..voice_names import find_voice, is_spoken_by, languages_of, voices_of
from .loudness import LoudnessNormaliser
from .settings import NarrationSettings


def marked_chunks(chunks: Iterable[Chunk], sample_rate: int, marking: Marking) -> Iterator[Chunk]:
    """Add the mark to chunks, each as soon as it comes.

    - ``chunks``: the speech.
    - ``sample_rate``: sample rate in Hz.
    - ``marking``: the mark.
    - returns: the chunks with their words and marks, whose last samples, up to 32 ms, follow in the next chunk.
    """
    stream = marking.stream(sample_rate, 1)
    for chunk in chunks:
        yield replace(chunk, wave=stream.push(chunk.wave))
    yield Chunk(stream.finish())


def write_stream(sink: BinaryIO, sample_rate: int, chunks: Iterator[Chunk]) -> None:
    """Write chunks as a 16-bit WAV file of unknown length.

    - ``sink``: the pipe; writing ends without an error if its reader leaves.
    - ``sample_rate``: sample rate in Hz.
    - ``chunks``: the speech. Nothing is written if the first chunk raises an error.
    """
    from ...audio.pcm import endless_wav_header, pipe_out, to_pcm

    with pipe_out(sink):
        first = next(chunks)
        sink.write(endless_wav_header(sample_rate))
        for chunk in itertools.chain([first], chunks):
            sink.write(to_pcm(chunk.wave))
            sink.flush()


@dataclass(frozen=True)
class Narrator:
    """A voice with the settings of the files that it speaks, and the lexicon in its phones."""

    voice: Voice
    settings: NarrationSettings
    lexicon: Lexicon | None = None

    def chunks(self, text: str | Iterable[str | None], on_skip: OnSkip) -> Iterator[Chunk]:
        """Speak a text, or its segments as they come; call `on_skip` with each passage that cannot be read.

        All speech of tasks and of the server passes here, and gets the mark.
        """
        settings = self.settings
        chunks = self.voice.stream(
            text,
            settings.prosody,
            style=settings.style,
            lexicon=self.lexicon,
            seed=settings.seed,
            is_ssml=settings.ssml or None,
            markup=settings.markup,
            strict=settings.strict,
            on_skip=on_skip,
            pauses=settings.pauses,
            seconds=settings.seconds,
            dialogue_voice=settings.dialogue_voice,
        )
        return chunks if self.marking is None else marked_chunks(chunks, self.voice.sample_rate, self.marking)

    def in_language(self, language: str) -> Narrator:
        """Return a narrator that reads texts in another language of the voice, or another region of it."""
        voice = self.voice
        if language == voice.language:
            return self
        voice = Voice(voice.acoustic, voice.vocoder, voice.speaker, voice.name, language)
        return Narrator(voice, replace(self.settings, language=language), self.lexicon)

    def usual_seconds(self, text: str, on_skip: OnSkip) -> float:
        """Return how long a plain text takes without a length of its own."""
        settings = self.settings
        return self.voice.usual_seconds(
            text, settings.prosody, style=settings.style, lexicon=self.lexicon, pauses=settings.pauses, on_skip=on_skip
        )

    @property
    def marking(self) -> Marking | None:
        """The mark of the speech, None without one."""
        settings = self.settings
        return marking_of(self.voice.acoustic.folder.hash, settings.watermark, settings.watermark_key, is_speech=True)

    def sentences(self, text: str, on_skip: OnSkip) -> Iterator[Sentence]:
        """Read a text without its markup; call `on_skip` with each passage that cannot be read, unless strict."""
        return self.voice.read(text, self.lexicon, None if self.settings.strict else on_skip)

    def loudness_normaliser(self) -> LoudnessNormaliser | None:
        """Return what brings one file to the target loudness, None without a target."""
        target_lufs = self.settings.target_lufs
        return None if target_lufs is None else LoudnessNormaliser(target_lufs)

    @property
    def maker(self) -> str:
        """Voice and vocoder as text."""
        return f"{self.voice.name} through {self.voice.vocoder.card.name}"

    def origin(self) -> dict[str, object]:
        """Return everything that the audio depends on, besides its text, for the comment of its file."""
        settings = self.settings
        origin: dict[str, object] = {
            "voice": self.voice.name,
            "models": self.voice.fingerprint,
            **identity(self.voice.acoustic),
            "vocoder": self.voice.vocoder.name,
            "vocoder_hash": self.voice.vocoder.folder.hash,
            "wavewright": __version__,
            **asdict(settings.prosody),
            "style": settings.style,
            "seed": settings.seed,
            "lexicon": None if self.lexicon is None else _hash_of(self.lexicon),
        }
        if settings.dialogue_voice is not None:
            origin["dialogue_voice"] = settings.dialogue_voice
            origin["dialogue_model"] = self.voice.other_fingerprint(settings.dialogue_voice)
        if settings.markup != "none":
            origin["markup"] = settings.markup
        if settings.pauses != Pauses():
            origin["pauses"] = asdict(settings.pauses)
        if settings.seconds is not None:
            origin["seconds"] = settings.seconds
        if settings.language is not None:
            origin["language"] = settings.language
        if settings.target_lufs is not None:
            origin["lufs"] = settings.target_lufs
        if self.marking is not None:
            origin |= self.marking.origin()
        return origin


class NarratorLoader:
    """Loads narrators; models are loaded once."""

    def __init__(self) -> None:
        self._voices: dict[tuple[object, ...], tuple[Voice, Lexicon | None]] = {}

    def load(self, settings: NarrationSettings) -> Narrator:
        """Load a narrator.

        - ``settings``: settings of its files.

        Raises BadModel if a model does not exist, or the models do not belong together, or BadSetting if a setting is
        not valid, or the style, the language or the lexicon does not exist, or BadText if the lexicon is invalid.
        """
        settings.check()
        key = (settings.voice, settings.vocoder, settings.language, settings.lexicon)
        if key not in self._voices:
            voice = Voice.load(_voice_of(settings), settings.vocoder, settings.language)
            self._voices[key] = voice, _read_lexicon(voice, settings.lexicon)
        voice, lexicon = self._voices[key]
        parse_style(settings.style, voice.acoustic.styles)  # checks its name
        if settings.dialogue_voice is not None:
            voice.other_fingerprint(settings.dialogue_voice)
        return Narrator(voice, settings, lexicon)


def _voice_of(settings: NarrationSettings) -> str:
    """Return the voice; for a language that the usual voice does not speak, the first one that does, if any."""
    language = settings.language
    if settings.voice != DEFAULT_VOICE or language is None or language.startswith(ESPEAK_PREFIX):
        return settings.voice
    is_usual = is_spoken_by(language, *languages_of(find_voice(settings.voice)[0]))
    return settings.voice if is_usual else next(iter(voices_of(language)), settings.voice)


def _read_lexicon(voice: Voice, path: Path | None) -> Lexicon | None:
    """Read a lexicon in the phones of a voice."""
    return None if path is None else read_lexicon(path, voice.front_end.language)


def _hash_of(lexicon: Lexicon) -> str:
    """Return twelve hexadecimal digits that identify the words and phones of a lexicon."""
    others = [(language, sorted(words.items())) for language, words in sorted(lexicon.others.items())]
    return hashlib.sha256(repr([*sorted(lexicon.words.items()), *others]).encode()).hexdigest()[:12]
