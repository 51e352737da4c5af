"""Voices of the module: their list, the one that a client asks for, and narrators with a client's settings."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from ...outputs.watermark.payload import DEFAULT_KEY
from ...speech.narration.narrator import Narrator
from ...speech.narration.settings import NarrationSettings
from ...speech.voice import DEFAULT_VOCODER
from ..server.shared_voices import SharedVoices
from .module_settings import ModuleSettings

BRITISH = "en-gb"
NO_VARIANT = "none"
MAX_CACHED = 64
"""Settings whose narrators are kept."""


class ModuleVoices:
    """The installed voices; methods may be called by several threads.

    - ``watermark``, ``watermark_key``: whether the speech gets the mark of generated sound, and its key.

    ``narrator(settings)`` returns the narrator of messages with some settings, whose models are loaded once; it raises
    BadModel if its voice or the vocoder does not exist, BadSetting or BadText if the lexicon is invalid.

    Raises BadModel if the default voice does not exist.
    """

    def __init__(
        self,
        default: str,
        vocoder: str = DEFAULT_VOCODER,
        lexicon: Path | None = None,
        watermark: bool = True,
        watermark_key: str = DEFAULT_KEY,
    ) -> None:
        self._shared = SharedVoices(watermark, watermark_key, lexicon)
        self.default = self._shared.find(default)
        self._vocoder = vocoder
        self.narrator = lru_cache(MAX_CACHED)(self._load)

    def rows(self, language: str = "", variant: str = "") -> list[tuple[str, str, str]]:
        """Return name, language and variant of each voice, the default one first."""
        self.narrator.cache_clear()  # a voice may be new
        return self._rows(language, variant)

    def _rows(self, language: str = "", variant: str = "") -> list[tuple[str, str, str]]:
        names = sorted(self._shared.names(), key=lambda name: name != self.default)
        rows = [(name, self._shared.language(name), NO_VARIANT) for name in names]
        return [
            row
            for row in rows
            if (not language or _base(row[1]) == _base(language)) and variant.lower() in ("", NO_VARIANT)
        ]

    def find(self, settings: ModuleSettings) -> str:
        """Return the voice that is asked for by name, else the first one of the language, else the default one."""
        rows = self._rows()
        if settings.voice in {name for name, _, _ in rows}:
            return settings.voice
        wanted = _base(settings.language)
        return next((name for name, language, _ in rows if wanted and _base(language) == wanted), self.default)

    def language(self, name: str, settings: ModuleSettings) -> str:
        """Return the language in which a voice reads: British English where it speaks English and that is asked for."""
        own = self._shared.language(name)
        return "en-GB" if _base(own) == "en" and settings.language.lower() == BRITISH else own

    def _load(self, settings: ModuleSettings) -> Narrator:
        name = self.find(settings)
        language = self.language(name, settings)
        narration = NarrationSettings(
            voice=name, vocoder=self._vocoder, language=None if language == self._shared.language(name) else language
        )
        narrator = self._shared.narrator(narration, "")
        return replace(narrator, settings=narrator.settings.override({**settings.prosody, "ssml": True}))


def _base(language: str) -> str:
    """Return the language without its region: ``en`` for ``en-US`` and ``en_US``."""
    return language.replace("_", "-").partition("-")[0].lower()
