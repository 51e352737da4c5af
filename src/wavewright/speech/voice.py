"""Voices: an acoustic model, one of its speakers and a vocoder, which speak a text whole or as it comes."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .. import models
from ..clip import Clip
from ..errors import BadModel, BadSetting
from ..text import front_end, ssml, warm_up
from ..text.lexicon import Lexicon
from ..text.markup import Markup
from ..text.sentence import Sentence
from ..text.skipped import OnSkip, Skipped, warn, warn_of
from .plan import Step, plan_ssml, plan_text, read
from .prosody import Prosody
from .stream import Chunk, Clipping, Speaker, Stream
from .styles import parse_style
from .timestamps import TimedMark, TimedWord

DEFAULT_VOICE, DEFAULT_VOCODER = "en-kathleen", "vocoder"
FRAMES_PER_SECOND = 62.5  # of the mel frames that all voices and vocoders share


@dataclass(frozen=True)
class Speech:
    """Spoken text: the ``clip``, the times of its words and marks, and the passages that were skipped.

    ``clipped_fraction`` is the fraction of samples that exceeded full scale, from 0 to 1.
    """

    clip: Clip
    words: tuple[TimedWord, ...]
    marks: tuple[TimedMark, ...]
    clipped_fraction: float = 0.0
    skipped: tuple[Skipped, ...] = ()


class Voice:
    """A speaker of an acoustic model, heard through a vocoder, at the vocoder's sample rate."""

    def __init__(
        self, acoustic: Any, vocoder: Any, speaker: str | None = None, name: str = "voice", language: str | None = None
    ):
        """Combine an acoustic model and a vocoder.

        ``language``, such as ``en-GB``, sets how texts are read; by default as the acoustic model was trained. Raises
        BadSetting where it is not the language of the acoustic model.
        """
        self.acoustic, self.vocoder, self.speaker, self.name = acoustic, vocoder, speaker, name
        self.language: str = acoustic.language if language is None else language
        if _base(self.language) != _base(acoustic.language):
            raise BadSetting(
                f"The language is {self.language!r}, and {name} speaks {acoustic.language!r}; leave it out, or give another "
                "voice."
            )
        self.sample_rate: int = vocoder.sample_rate
        self._others: dict[str, tuple[Any, str | None]] = {}

    @classmethod
    def load(cls, name: str = DEFAULT_VOICE, vocoder: str = DEFAULT_VOCODER, language: str | None = None) -> Voice:
        """A voice by name: ``<model>-<speaker>``, or a model (a name, or a run folder), whose first speaker it is then.

        ``language`` sets how texts are read, ``en`` or ``en-GB`` for a voice of English. Raises BadModel for names that
        do not exist and for models that are no acoustic model or no vocoder of its mel frames, BadSetting for a
        language other than the voice's.
        """
        model, speaker = find_voice(name)
        with ThreadPoolExecutor(2) as pool:  # ONNX Runtime opens graphs without holding the interpreter's lock
            opening_acoustic, opening_vocoder = pool.submit(models.load, model), pool.submit(models.load, vocoder)
            warm_up(language or _language(model))
            player, acoustic = opening_vocoder.result(), opening_acoustic.result()
        _check_vocoder(vocoder, player, acoustic)
        return cls(acoustic, player, speaker or next(iter(acoustic.speakers), None), name, language)

    def __repr__(self) -> str:
        speaker = "" if self.speaker is None else f", speaker {self.speaker}"
        of = f"of {self.acoustic.card.name} through {self.vocoder.card.name}"
        n_bytes = self.acoustic.folder.n_bytes + self.vocoder.folder.n_bytes
        return f"<{self.name}: voice, {self.acoustic.language}, {self.sample_rate} Hz{speaker}, {of}, {n_bytes / 1e6:.1f} MB>"

    @cached_property
    def front_end(self) -> Any:
        """What reads the voice's language."""
        return front_end(self.language)

    def warm_up(self) -> None:
        """Speak a word and forget it, so that whatever is loaded, or compiled, at the first sound is there."""
        self.speak("Ready, wuzzle.")  # of which no dictionary knows the second word

    def speak(
        self,
        text: str,
        prosody: Prosody | None = None,
        style: str | None = None,
        lexicon: Lexicon | None = None,
        seed: int = 0,
        is_ssml: bool | None = None,
        markup: Markup = "none",
        strict: bool = False,
    ) -> Speech:
        """Speak a text: the chunks of :meth:`stream` joined, bit for bit.

        Raises as it does, and issues one warning for all passages that it skips.
        """
        clipping = Clipping()
        skipped: list[Skipped] = []
        stream = self.stream(text, prosody, style, lexicon, seed, is_ssml, markup, strict, skipped.append)
        chunks = list(clipping.count(stream))
        warn_of(skipped)
        return Speech(
            Clip(np.concatenate([chunk.wave for chunk in chunks], axis=1), self.sample_rate),
            tuple(word for chunk in chunks for word in chunk.words),
            tuple(mark for chunk in chunks for mark in chunk.marks),
            clipping.clipped_fraction,
            tuple(skipped),
        )

    def stream(
        self,
        text: str | Iterable[str],
        prosody: Prosody | None = None,
        style: str | None = None,
        lexicon: Lexicon | None = None,
        seed: int = 0,
        is_ssml: bool | None = None,
        markup: Markup = "none",
        strict: bool = False,
        on_skip: OnSkip = warn,
    ) -> Iterator[Chunk]:
        """Speak a text, or its parts as they come, in chunks: the first is short and cut at a clause, and each comes when it is there.

        A part ends where a sentence does; parts sound as all of them joined, so that an empty line parts paragraphs.

        A text that begins as SSML does is SSML, unless ``is_ssml`` says otherwise; parts are SSML only where it is True.
        ``markup`` is the markup of a text that is not SSML: ``none``, ``markdown`` or ``html``.
        ``prosody`` is laid over what ``style`` (``sad:0.6``, see :mod:`.styles`) and the SSML ask for; phones of the ``lexicon`` go before
        the front end's. The same arguments give the same samples. Passages that cannot be read, such as letters of
        another script, are skipped and passed to ``on_skip``, which issues a SkippedText warning by default; with
        ``strict`` they raise BadText. Raises NothingToSpeak for a text with nothing to speak, BadText for SSML that is
        not understood, BadSetting for an unknown style, BadModel for unknown voices in the SSML.
        """
        skip = None if strict else on_skip
        manner = parse_style(style, getattr(self.acoustic, "styles", ()))
        base = (prosody or Prosody()).over(manner.prosody)
        steps: Iterator[Step]
        if is_ssml or (is_ssml is None and markup == "none" and isinstance(text, str) and ssml.looks_like_ssml(text)):
            document = ssml.parse(text if isinstance(text, str) else "".join(text), self.front_end)
            for name in {span.voice for span in document.spans if span.voice}:
                self._other(name)
            steps = plan_ssml(document, self.front_end, base, lexicon, skip)
        else:
            steps = plan_text(text, self.front_end, base, lexicon, skip, markup)
        speaker = Speaker(self.acoustic, self.speaker, manner.learned)

        def speaker_of(name: str | None) -> Speaker:
            return (
                speaker if name is None else replace(speaker, acoustic=self._other(name)[0], name=self._other(name)[1])
            )

        return Stream(speaker_of, self.vocoder, seed).chunks(steps)

    def read(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """Yield the sentences of a plain text, each as soon as it is read, without speaking them.

        Raises BadText for passages that cannot be read, unless ``on_skip`` is given, which is then called with each
        of them."""
        return read(self.front_end, text, lexicon, on_skip)

    def _other(self, name: str) -> tuple[Any, str | None]:
        """The acoustic model and speaker that SSML calls ``name``: a speaker of this model, or any voice of the same language."""
        if name not in self._others:
            if name in self.acoustic.speakers:
                self._others[name] = (self.acoustic, name)
            else:
                self._others[name] = self._loaded(name)
        return self._others[name]

    def _loaded(self, name: str) -> tuple[Any, str | None]:
        model, speaker = find_voice(name)
        acoustic = models.load(model)
        if getattr(self.acoustic, "folder", None) is not None and acoustic.folder.hash == self.acoustic.folder.hash:
            acoustic = self.acoustic
        if _base(acoustic.language) != _base(self.acoustic.language):
            raise BadSetting(
                f"The voice {name} speaks {acoustic.language!r} and {self.name} {self.acoustic.language!r}; a text is read in one language."
            )
        return acoustic, speaker or next(iter(acoustic.speakers), None)

    @property
    def fingerprint(self) -> str:
        """A hash that changes with any weight that takes part, 12 digits."""
        parts = (self.acoustic.folder.hash, self.speaker, self.vocoder.folder.hash)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def voices() -> list[str]:
    """The names of all voices: every speaker of every acoustic model that has a name, sorted."""
    found = [(name, _card(name)) for name in models.names()]
    return sorted(voice for name, card in found if card is not None for voice in card.voices(name))


def find_voice(name: str) -> tuple[str, str | None]:
    """The model and the speaker, None for its first, that a voice's name stands for; raises BadModel where there is none."""
    if _speakers(name) is not None:
        return name, None
    for place in range(len(name) - 1, 0, -1):
        if name[place] == "-":
            model, speaker = name[:place], name[place + 1 :]
            if speaker in (_speakers(model) or ()):
                return model, speaker
    _refuse_broken(name)
    known = voices()
    if not known:
        raise BadModel(
            f"There is no voice {name!r}, nor any other; train one with --family acoustic, or give the folder of one."
        )
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4) if len(known) > 1 else []
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadModel(f"There is no voice {name!r}; give one of {', '.join(known)}, or the folder of a voice{hint}")


def _refuse_broken(name: str) -> None:
    """Raise BadModel with the reason where the name of a voice begins with the name of a broken model."""
    for place in range(len(name), 0, -1):
        if place == len(name) or name[place] == "-":
            try:
                folder = models.find(name[:place])
            except BadModel:
                continue
            models.Card.read(folder)


def _base(language: str) -> str:
    """Return the language without its region: ``en`` for ``en-GB``."""
    return language if language.startswith("espeak:") else language.split("-")[0].lower()


def _speakers(model: str) -> tuple[str, ...] | None:
    """The speakers of an acoustic model, None for other models and where there is none of that name."""
    card = _card(model)
    return None if card is None else card.speakers


def _language(model: str) -> str:
    """Return the language of an acoustic model, as its card says; an empty string if there is none."""
    card = _card(model)
    return "" if card is None else str(card.config.get("language", ""))


def _card(model: str) -> models.Card | None:
    try:
        return models.Card.read(models.find(model))
    except BadModel:
        return None


def _check_vocoder(name: str, player: Any, acoustic: Any) -> None:
    """Raise BadModel for a model that is not a vocoder, or whose mel frames differ from the acoustic model's."""
    if not hasattr(player, "vocode_stream"):
        raise BadModel(f"{name} is of the family {player.card.family}, which plays no mel frames; give a vocoder.")
    frames_per_second = player.sample_rate / player.hop_length
    if player.n_mels != acoustic.n_mels or frames_per_second != FRAMES_PER_SECOND:
        raise BadModel(
            f"{name} plays {frames_per_second:g} frames a second of {player.n_mels} bands, voices speak {FRAMES_PER_SECOND:g} of "
            f"{acoustic.n_mels}; give another vocoder."
        )
