"""Voices that are loaded once and shared by all requests."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ... import models
from ...base.errors import BadModel, BadText
from ...base.names import quoted
from ...families.loading import read_card
from ...outputs.watermark.payload import DEFAULT_KEY
from ...speech.narration.narrator import Narrator, NarratorLoader
from ...speech.narration.settings import NarrationSettings
from ...speech.prosody import Pauses
from ...speech.voice import DEFAULT_VOICE, Voice
from ...speech.voice_names import base_language, find_voice, language_of_voice, voices
from ...text import FrontEnd, ssml
from ...text.lexicon import Lexicon, phones_in_alphabet
from ...text.lexicon_file import language_of_lexicon
from .speech_request import BadRequest

OPENAI_VOICES = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"),
)
"""Names of OpenAI's voices, which clients offer when they have no list."""

LIST_SECONDS = 10.0
"""Time for which the list of voices is kept, so that a voice that was trained meanwhile appears."""


class SharedVoices:
    """Narrators by their settings; methods may be called by several threads.

    - ``watermark``, ``watermark_key``: whether all speech gets the mark of generated sound, and its key.
    - ``lexicon``: file with phones of words for all requests in its languages.
    - ``pauses``: lengths of pauses that requests do not set.
    """

    def __init__(
        self,
        watermark: bool = True,
        watermark_key: str = DEFAULT_KEY,
        lexicon: Path | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        self._fixed = {"watermark": watermark, "watermark_key": watermark_key}
        self._lexicon = lexicon
        self._lexicon_language = None if lexicon is None else language_of_lexicon(lexicon)
        self._pauses = pauses or Pauses()
        self._loader = NarratorLoader()
        self._locks: defaultdict[tuple[str, str, str | None], threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._languages: dict[str, str] = {}
        self._listed_at = float("-inf")

    def names(self) -> tuple[str, ...]:
        """Return the names of all voices; the default one comes first."""
        with self._lock:
            if time.monotonic() - self._listed_at > LIST_SECONDS:
                self._names = tuple(sorted(voices(), key=lambda name: name != DEFAULT_VOICE))
                self._languages.clear()
                self._listed_at = time.monotonic()
            return self._names

    def language(self, name: str) -> str:
        """Return the language of a voice, such as ``en``."""
        if name not in self._languages:
            self._languages[name] = language_of_voice(name)
        return self._languages[name]

    def credits(self, name: str) -> tuple[str, str]:
        """Return whose recordings a voice was trained on, and the address of the first that has one."""
        sources = read_card(models.find(find_voice(name)[0])).sources
        addresses = (f"https://{source.origin}" for source in sources if re.match(r"[\w.-]+\.\w+/", source.origin))
        return "; ".join(source.credit or source.name for source in sources) or "Wavewright", next(addresses, "")

    def find(self, name: str) -> str:
        """Return the voice for the name in a request, one of OpenAI's or of our own.

        - ``name``: the name. That of a model stands for its first voice, OpenAI's names for our English voices in turn.

        Raises BadModel if there is no such voice. Folders are not accepted.
        """
        known = self.names()
        if name in known:
            return name
        if own := next((voice for voice in known if find_voice(voice)[0] == name), None):
            return own
        if name.lower() in OPENAI_VOICES and known:
            english = tuple(voice for voice in known if self.language(voice).startswith("en")) or known[:1]
            return english[OPENAI_VOICES.index(name.lower()) % len(english)]
        advice = f"give one of {', '.join(known)}" if known else "train one with --family acoustic"
        raise BadModel(f"There is no voice {quoted(name)}; {advice}.")

    def narrator(self, settings: NarrationSettings, text: str, words: Mapping[str, str] | None = None) -> Narrator:
        """Return the narrator of a text, whose models are loaded once.

        - ``words``: words of the request with their phones, which override those of the server's lexicon.

        Raises BadModel if a voice does not exist; BadRequest, BadText or BadSetting if words, the SSML, the style or
        the language are not valid.
        """
        pauses = self._pauses.override(settings.pauses)
        lengths = {f"{name}_pause": seconds for name, seconds in vars(pauses).items()}
        voice = self.find(settings.voice)
        lexicon = self._lexicon if self._has_words(settings.language or self.language(voice)) else None
        settings = settings.override({"voice": voice, "lexicon": lexicon, **self._fixed, **lengths})
        with self._lock:
            lock = self._locks[settings.voice, settings.vocoder, settings.language]
        with lock:
            narrator = self._loader.load(settings)
        if words:
            reader = narrator.voice.front_end
            try:
                own = {word: reader.phones(*phones_in_alphabet(phones)) for word, phones in words.items()}
            except BadText as error:
                raise BadRequest(str(error), "lexicon") from error
            known = narrator.lexicon.words if narrator.lexicon else {}
            others = narrator.lexicon.others if narrator.lexicon else {}
            narrator = replace(narrator, lexicon=Lexicon({**known, **Lexicon(own).words}, others))
        if settings.ssml or (settings.markup == "none" and ssml.looks_like_ssml(text)):
            ssml.parse(text, narrator.voice.front_end, partial(self._resolve, narrator.voice))
        return narrator

    def _has_words(self, language: str) -> bool:
        """Return whether the lexicon has words of a language; a text file is of one language."""
        return self._lexicon_language is None or base_language(language) == self._lexicon_language

    def _resolve(self, voice: Voice, name: str | None, language: str | None) -> tuple[FrontEnd, str | None]:
        """Find who speaks a part of a text, see `Voice.resolve`, of the voices that requests may name."""
        if name is not None and name not in voice.acoustic.speakers:
            self.find(name)
        return voice.resolve(name, language)
