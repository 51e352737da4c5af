"""Narrators: a voice with the settings with which it speaks into sound files."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ...audio.pcm import endless_wav_header, pipe_out, to_pcm
from ...base.version import __version__
from ...contracts.model_results import identity
from ...outputs.watermark.marking import Marking, marking_of
from ...text.lexicon import Lexicon
from ...text.sentence import BOUNDARY, PAUSES, SILENCE, Sentence
from ...text.skipped import OnSkip
from ..chunk import Chunk
from ..options import SpeechOptions
from ..pauses import Pauses
from ..styles import parse_style
from ..voice import Voice
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

    @property
    def options(self) -> SpeechOptions:
        """Options of the voice."""
        settings = self.settings
        return SpeechOptions(
            prosody=settings.prosody,
            style=settings.style,
            lexicon=self.lexicon,
            seed=settings.seed,
            is_ssml=settings.ssml or None,
            markup=settings.markup,
            strict=settings.strict,
            pauses=settings.pauses,
        )

    def chunks(self, text: str | Iterable[str | None], on_skip: OnSkip) -> Iterator[Chunk]:
        """Speak a text, or its segments as they come; call `on_skip` with each passage that cannot be read.

        All speech of tasks and of the server passes here, and gets the mark.
        """
        chunks = self.voice.chunks(text, self.options, on_skip)
        return chunks if self.marking is None else marked_chunks(chunks, self.voice.sample_rate, self.marking)

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
        if settings.markup != "none":
            origin["markup"] = settings.markup
        if settings.pauses != Pauses():
            origin["pauses"] = asdict(settings.pauses)
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

        Raises BadModel if a model does not exist, or the models do not belong together, or BadSetting if the style, the
        language, the loudness or the lexicon does not exist, or BadText if the lexicon is invalid.
        """
        key = (settings.voice, settings.vocoder, settings.language, settings.lexicon)
        if key not in self._voices:
            voice = Voice.load(settings.voice, settings.vocoder, settings.language)
            self._voices[key] = voice, _read_lexicon(voice, settings.lexicon)
        voice, lexicon = self._voices[key]
        parse_style(settings.style, voice.acoustic.styles)  # checks its name
        narrator = Narrator(voice, settings, lexicon)
        narrator.loudness_normaliser()  # checks the target
        return narrator


def _read_lexicon(voice: Voice, path: Path | None) -> Lexicon | None:
    """Read a lexicon in the phones of a voice."""
    phones = {*voice.front_end.symbols} - {SILENCE, BOUNDARY, *PAUSES}
    return None if path is None else Lexicon.read(path, phones)


def _hash_of(lexicon: Lexicon) -> str:
    """Return twelve hexadecimal digits that identify the words and phones of a lexicon."""
    return hashlib.sha256(repr(sorted(lexicon.words.items())).encode()).hexdigest()[:12]
