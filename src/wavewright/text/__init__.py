"""Text to phones: front ends, one a language, each with the symbols that its voices read."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

from ..errors import BadSetting

if TYPE_CHECKING:
    from .lexicon import Lexicon
    from .sentence import Sentence
    from .skipped import OnSkip

LANGUAGES = {"en": "english"}
"""Languages that have a front end of their own: a module beside this one with a class ``FrontEnd``."""

OTHERS = "espeak:"
"""What stands before a language that is read by eSpeak NG, where that is installed: ``espeak:de``."""


WARM_UP_TEXT = "Ready"
"""A word with a capital, for which most rules are tried."""


class FrontEnd(Protocol):
    """What reads a text of one language. ``symbols`` is all that its sentences may hold; number 0 is silence."""

    language: str
    symbols: tuple[str, ...]

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """Return the sentences of a text; raise NothingToSpeak where nothing in it can be spoken.

        Passages that cannot be read raise BadText, or are skipped and passed to ``on_skip``.
        """
        ...

    def phones(self, text: str, alphabet: str = "x-arpabet") -> tuple[str, ...]:
        """Phones as a person wrote them; raises BadText where they are none of this language."""
        ...

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str:
        """A text that is read as SSML's ``say-as`` asks; raises BadText where that is not known."""
        ...


def front_end(language: str = "en") -> FrontEnd:
    """Return the front end of a language: ``en``, ``en-GB``, or ``espeak:`` and a language of eSpeak NG.

    Raises BadSetting for a language that there is none for, MissingExtra where eSpeak NG is asked for and not installed.
    """
    if language.startswith(OTHERS):
        from .espeak import EspeakFrontEnd

        return EspeakFrontEnd(language.removeprefix(OTHERS))
    module = LANGUAGES.get(language.split("-")[0].lower())
    if module is None:
        raise BadSetting(
            f"The language is {language!r}; it can be en, en-GB, or espeak: and a language of eSpeak NG, such as espeak:de."
        )
    return importlib.import_module(f".{module}", __name__).FrontEnd(language)


def warm_up(language: str) -> None:
    """Load what the front end of a language needs for any text; nothing where that is not part of Wavewright."""
    if language.split("-")[0].lower() in LANGUAGES:
        front_end(language).sentences(WARM_UP_TEXT)
