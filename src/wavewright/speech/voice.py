"""Voices: a speaker of an acoustic model and a vocoder, which speak a text whole or as a stream."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from ..audio.clip import Clip, player_html
from ..base.errors import BadModel, BadSetting
from ..base.parameters import Markup
from ..contracts.runtime import AcousticModel, Vocoder
from ..dsp.mel import FRAMES_PER_SECOND
from ..families import loading
from ..text import ESPEAK_PREFIX, FrontEnd, front_end, ssml
from ..text.lexicon import Lexicon
from ..text.sentence import Sentence
from ..text.skipped import OnSkip, Skipped, warn, warn_of
from .chunk import Chunk, Clipping, TimedMark, TimedWord
from .plan import plan_ssml, plan_text
from .prosody import Pauses, Prosody, parse_style
from .steps import Step
from .synthesis import Speaker, Synthesizer, at_rate
from .voice_names import base_language, find_voice, is_spoken_by, language_named, language_of_voice, voices, voices_of

DEFAULT_VOICE = "en-kathleen"
DEFAULT_VOCODER = "vocoder"
WARM_UP_TEXT = "Ready, wuzzle 2."  # a word in no dictionary loads letter-to-sound, a number the rules


@dataclass(frozen=True)
class Speech:
    """Spoken text.

    - ``clip``: the audio, one channel.
    - ``words``: its words with their times.
    - ``marks``: its SSML marks with their times.
    - ``clipped_fraction``: fraction of samples that exceeded full scale, from 0 to 1.
    - ``skipped``: passages of the text that could not be read.
    """

    clip: Clip
    words: tuple[TimedWord, ...]
    marks: tuple[TimedMark, ...]
    clipped_fraction: float = 0.0
    skipped: tuple[Skipped, ...] = ()

    def _repr_html_(self) -> str:
        """Return a player and the words with their times for notebooks."""
        from ..audio.notebook import words_html

        return player_html(self.clip) + words_html(self.words)


class Voice:
    """A speaker of an acoustic model with a vocoder, which sets the sample rate.

    Parameters
    ----------
    acoustic : AcousticModel
        Predicts mel frames of phones.
    vocoder : Vocoder
        Converts mel frames to a wave.
    speaker : str, optional
        A speaker of the acoustic model; by default its first one.
    name : str
        Name of the voice in messages.
    language : str, optional
        Language of texts, such as ``en-GB``; by default the first one of the acoustic model.

    Raises
    ------
    BadSetting
        If the language is none of the acoustic model's.
    """

    def __init__(
        self,
        acoustic: AcousticModel,
        vocoder: Vocoder,
        speaker: str | None = None,
        name: str = "voice",
        language: str | None = None,
    ) -> None:
        self.acoustic = acoustic
        self.vocoder = vocoder
        self.speaker = speaker
        self.name = name
        self.language = acoustic.language if language is None else language
        if base_language(self.language) not in map(base_language, acoustic.languages):
            way_out = "give another voice" if voices_of(self.language) else "train a voice, for none here speaks it"
            raise BadSetting(
                f"The language is {self.language!r}, and {name} speaks {' and '.join(map(repr, acoustic.languages))}; "
                f"leave it out, or {way_out}."
            )
        self.sample_rate = vocoder.sample_rate
        self._others: dict[str, tuple[AcousticModel, str | None]] = {}
        self._front_ends: dict[str, FrontEnd] = {}

    @classmethod
    def load(cls, name: str = DEFAULT_VOICE, vocoder: str = DEFAULT_VOCODER, language: str | None = None) -> Voice:
        """Load a voice by name.

        Parameters
        ----------
        name : str
            ``<model>-<speaker>``, ``<language>-<speaker>`` of a model of several languages, or the name or folder of
            an acoustic model for its first speaker.
        vocoder : str
            Name or folder of a vocoder.
        language : str, optional
            Language of texts, ``en`` or ``en-GB`` for an English voice; by default that of its name, or the first one
            of the acoustic model.

        Returns
        -------
        Voice
            The voice.

        Raises
        ------
        BadModel
            If a model does not exist or is of the wrong kind, or the two use different mel frames.
        BadSetting
            If the language is none of the acoustic model's.

        Examples
        --------
        >>> voice = Voice.load("en-kathleen")
        >>> voice.speak("Hello.").clip.write("hello.wav")
        """
        model, speaker = find_voice(name)
        opened_vocoder, acoustic = loading.load_vocoder(vocoder), loading.load_acoustic_model(model)
        _check_frames(vocoder, opened_vocoder, acoustic)
        speaker = speaker or next(iter(acoustic.speakers), None)
        language = language or language_named(name, speaker, acoustic.languages)
        return cls(acoustic, opened_vocoder, speaker, name, language)

    def __repr__(self) -> str:
        speaker = "" if self.speaker is None else f", speaker {self.speaker}"
        source = f"of {self.acoustic.card.name} through {self.vocoder.card.name}"
        n_bytes = self.acoustic.folder.n_bytes + self.vocoder.folder.n_bytes
        rate = f"{self.sample_rate} Hz"
        return f"<{self.name}: voice, {self.acoustic.language}, {rate}{speaker}, {source}, {n_bytes / 1e6:.1f} MB>"

    @cached_property
    def front_end(self) -> FrontEnd:
        """Front end of the voice's language."""
        return self._front_end_of(self.language)

    def warm_up(self) -> None:
        """Speak a word and discard it, so that everything that the first speech loads and compiles is there."""
        self.speak(WARM_UP_TEXT)

    def speak(
        self,
        text: str,
        prosody: Prosody | None = None,
        *,
        style: str | None = None,
        lexicon: Lexicon | None = None,
        seed: int = 0,
        is_ssml: bool | None = None,
        markup: Markup = "none",
        strict: bool = False,
        pauses: Pauses | None = None,
        seconds: float | None = None,
        dialogue_voice: str | None = None,
    ) -> Speech:
        """Speak a text; the audio is that of the joined chunks of `stream`, bit for bit.

        Issues one `SkippedText` warning for all passages that cannot be read.

        Parameters
        ----------
        text : str
            The text.
        prosody, style, lexicon, seed, is_ssml, markup, strict, pauses, seconds, dialogue_voice
            As for `stream`.

        Returns
        -------
        Speech
            The audio with its words and marks.

        Raises
        ------
        BadText, NothingToSpeak, BadSetting, BadModel
            As `stream` does.

        Examples
        --------
        >>> speech = voice.speak("Hello.", Prosody(rate=1.1), style="cheerful")
        >>> speech.words[0].start
        """
        clipping = Clipping()
        skipped: list[Skipped] = []
        stream = self.stream(
            text,
            prosody,
            style=style,
            lexicon=lexicon,
            seed=seed,
            is_ssml=is_ssml,
            markup=markup,
            strict=strict,
            on_skip=skipped.append,
            pauses=pauses,
            seconds=seconds,
            dialogue_voice=dialogue_voice,
        )
        chunks = list(clipping.count(stream))
        warn_of(skipped)
        return Speech(
            clip=Clip(np.concatenate([chunk.wave for chunk in chunks], axis=1), self.sample_rate),
            words=tuple(word for chunk in chunks for word in chunk.words),
            marks=tuple(mark for chunk in chunks for mark in chunk.marks),
            clipped_fraction=clipping.clipped_fraction,
            skipped=tuple(skipped),
        )

    def stream(
        self,
        text: str | Iterable[str | None],
        prosody: Prosody | None = None,
        *,
        style: str | None = None,
        lexicon: Lexicon | None = None,
        seed: int = 0,
        is_ssml: bool | None = None,
        markup: Markup = "none",
        strict: bool = False,
        on_skip: OnSkip = warn,
        pauses: Pauses | None = None,
        seconds: float | None = None,
        dialogue_voice: str | None = None,
    ) -> Iterator[Chunk]:
        """Speak a text in chunks, each yielded as soon as it is computed; the first one is a short clause.

        The same arguments give the same samples.

        Parameters
        ----------
        text : str or iterable of str or None
            The text, or its segments as they come. A segment ends at the end of a sentence; segments sound like all of
            them joined, so that an empty line separates paragraphs. For None, where the next one has not come yet, an
            empty chunk is yielded.
        prosody : Prosody, optional
            Prosody of all words; it is combined with that of `style` and of the SSML.
        style : str, optional
            Name of a style with an optional strength, such as ``sad:0.6``; see `STYLES` of `wavewright.speech.prosody`.
        lexicon : Lexicon, optional
            Phones of words, which override the front end's own.
        seed : int
            Seed of the vocoder's noise.
        is_ssml : bool, optional
            Whether the text is SSML; by default, a text that starts like SSML is, and segments are not.
        markup : {"none", "markdown", "html"}
            Markup of a text that is not SSML.
        strict : bool
            Whether passages that cannot be read, such as letters of another script, raise BadText.
        on_skip : callable
            Called with each such passage otherwise; by default it issues a `SkippedText` warning.
        pauses : Pauses, optional
            Lengths of the pauses between sentences, clauses and paragraphs; SSML may override them.
        seconds : float, optional
            Length of the speech: words and pauses are 0.8 to 1.3 times as fast as usual, so that it ends then. The
            whole text is read first.
        dialogue_voice : str, optional
            Voice of direct speech, which stands in quotation marks: another speaker of this model, or any voice of its
            language. SSML names its voices itself.

        Returns
        -------
        iterator of Chunk
            The chunks.

        Raises
        ------
        NothingToSpeak
            If nothing in the text can be spoken.
        BadText
            If the SSML is not supported, or `strict` is set and a passage cannot be read.
        BadSetting
            If the style does not exist, the text does not fit in ``seconds``, or the voice of direct speech has
            another language.
        BadModel
            If a voice in the SSML, or that of direct speech, does not exist.
        """
        skip = None if strict else on_skip
        parsed_style = parse_style(style, self.acoustic.styles)
        prosody = (prosody or Prosody()).combine(parsed_style.prosody)
        steps: Iterator[Step]
        if is_ssml is None:
            is_ssml = markup == "none" and isinstance(text, str) and ssml.looks_like_ssml(text)
        if dialogue_voice is not None:
            self.other_fingerprint(dialogue_voice)  # raises before anything is spoken
        if is_ssml:
            whole = text if isinstance(text, str) else "".join(segment or "" for segment in text)
            document = ssml.parse(whole, self.front_end, self.resolve)
            steps = plan_ssml(document, self.front_end, prosody, lexicon, skip, pauses)
        else:
            steps = plan_text(text, self.front_end, prosody, lexicon, skip, markup, pauses, dialogue_voice)
        return self._synthesizer(parsed_style.learned, seed).chunks(steps, seconds)

    def usual_seconds(
        self,
        text: str,
        prosody: Prosody | None = None,
        *,
        style: str | None = None,
        lexicon: Lexicon | None = None,
        pauses: Pauses | None = None,
        on_skip: OnSkip = warn,
    ) -> float:
        """Return how long a plain text takes at its usual rate, without the silence after it; nothing is vocoded.

        Parameters and errors are those of `stream`, whose ``seconds`` can be 1 / 1.3 to 1 / 0.8 of it.
        """
        parsed_style = parse_style(style, self.acoustic.styles)
        prosody = (prosody or Prosody()).combine(parsed_style.prosody)
        steps = list(plan_text(text, self.front_end, prosody, lexicon, on_skip, "none", pauses))
        n_samples = self._synthesizer(parsed_style.learned, 0).length(at_rate(steps, 1.0))
        return n_samples / self.sample_rate

    def _synthesizer(self, styles: Mapping[str, float], seed: int) -> Synthesizer:
        return Synthesizer(partial(self._find_speaker, styles=styles), self.vocoder, seed)

    def read(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """Read a plain text without speaking it.

        Parameters
        ----------
        text : str
            The text.
        lexicon, on_skip
            As for `FrontEnd.stream`; by default a passage that cannot be read raises BadText.

        Returns
        -------
        iterator of Sentence
            The sentences, each as soon as it is read.
        """
        return self.front_end.stream(text, lexicon, on_skip)

    @property
    def fingerprint(self) -> str:
        """Hash of the speaker and of all weights, 12 hexadecimal digits."""
        identity = (self.acoustic.folder.hash, self.speaker, self.vocoder.folder.hash)
        return hashlib.sha256(repr(identity).encode()).hexdigest()[:12]

    def other_fingerprint(self, name: str) -> str:
        """Hash of the model and speaker of another voice, 12 hexadecimal digits.

        Parameters
        ----------
        name : str
            Another speaker of this model, or any voice of its language.

        Returns
        -------
        str
            The hash.

        Raises
        ------
        BadModel
            If there is no such voice.
        BadSetting
            If it has another language.
        """
        acoustic, speaker = self._other_voice(name)
        if not is_spoken_by(self.language, *acoustic.languages):
            raise BadSetting(
                f"The voice {name} speaks {acoustic.language!r} and {self.name} {self.language!r}; direct speech is in "
                "the language of the rest."
            )
        return hashlib.sha256(repr((acoustic.folder.hash, speaker)).encode()).hexdigest()[:12]

    def resolve(self, name: str | None, language: str | None) -> tuple[FrontEnd, str | None]:
        """Find who speaks a part of a text, and the front end that reads it.

        Parameters
        ----------
        name : str or None
            Name of a voice; None for this one.
        language : str or None
            Language of the part; None for that of the voice. If it is another one, the first voice that speaks it does.

        Returns
        -------
        front_end : FrontEnd
            Front end of the language.
        name : str or None
            Name of the voice; None for this one.

        Raises
        ------
        BadSetting
            If no voice speaks the language.
        BadModel
            If the voice does not exist, or its mel frames are not those of the vocoder.
        """
        acoustic = self.acoustic if name is None else self._other_voice(name)[0]
        own = self.language if name is None or name in acoustic.speakers else language_of_voice(name)
        if acoustic is self.acoustic and is_spoken_by(self.language, own):
            own = self.language  # with its region
        if language is None or language.lower() == own.lower():
            return self._front_end_of(own), name
        if is_spoken_by(language, own, *acoustic.languages):
            return self._front_end_of(own if own.startswith(ESPEAK_PREFIX) else language), name
        if name is not None and is_spoken_by(language, self.language, *self.acoustic.languages):
            return self.resolve(None, language)
        if found := voices_of(language):
            return self.resolve(found[0], language)
        known = ", ".join(sorted({self.language, *map(language_of_voice, voices())}))
        raise BadSetting(f"No voice speaks the language {language!r}; there are voices for {known}.")

    def _front_end_of(self, language: str) -> FrontEnd:
        if language not in self._front_ends:
            self._front_ends[language] = front_end(language)
        return self._front_ends[language]

    def _find_speaker(self, name: str | None, styles: Mapping[str, float]) -> Speaker:
        """Return this voice's speaker, or that of another voice, of SSML or of direct speech."""
        acoustic, speaker = (self.acoustic, self.speaker) if name is None else self._other_voice(name)
        known = {style: weight for style, weight in styles.items() if style in acoustic.styles}
        return Speaker(acoustic, speaker, known)

    def _other_voice(self, name: str) -> tuple[AcousticModel, str | None]:
        """Return the acoustic model and speaker of another speaker of this model, or of any voice."""
        if name not in self._others:
            if name in self.acoustic.speakers:
                self._others[name] = (self.acoustic, name)
            else:
                self._others[name] = self._load_other(name)
        return self._others[name]

    def _load_other(self, name: str) -> tuple[AcousticModel, str | None]:
        model, speaker = find_voice(name)
        acoustic = loading.load_acoustic_model(model)
        if acoustic.folder.hash == self.acoustic.folder.hash:
            acoustic = self.acoustic
        _check_frames(self.vocoder.card.name, self.vocoder, acoustic)
        return acoustic, speaker or next(iter(acoustic.speakers), None)


def _check_frames(name: str, vocoder: Vocoder, acoustic: AcousticModel) -> None:
    """Raise BadModel for a vocoder whose mel frames differ from the acoustic model's."""
    frames_per_second = vocoder.sample_rate / vocoder.hop_length
    if vocoder.n_mels != acoustic.n_mels or frames_per_second != FRAMES_PER_SECOND:
        raise BadModel(
            f"{name} decodes {frames_per_second:g} frames a second of {vocoder.n_mels} bands, and voices have "
            f"{FRAMES_PER_SECOND:g} of {acoustic.n_mels}; give another vocoder."
        )
