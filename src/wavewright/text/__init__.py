"""Front ends: text to phones, one front end a language, each with its own symbol set."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

from ..base.errors import BadSetting

if TYPE_CHECKING:
    from .lexicon import Lexicon
    from .sentence import Sentence
    from .skipped import OnSkip

LANGUAGES = {
    "en": ("english", "EnglishFrontEnd"),
    "de": ("german", "GermanFrontEnd"),
    "es": ("spanish", "SpanishFrontEnd"),
    "it": ("italian", "ItalianFrontEnd"),
    "fr": ("french", "FrenchFrontEnd"),
}
"""Languages with a front end of their own: its module in this package, and its class.

The names of signs for screen readers are in apps/speechd/data/names.tsv.
"""

KNOWN_LANGUAGES = "en, en-GB, de, es, es-419, it, fr, fr-BE, fr-CH"
"""Languages and their regions, as messages and help list them."""

ESPEAK_PREFIX = "espeak:"
"""Prefix of a language that eSpeak NG reads, where that is installed: ``espeak:de``."""


class FrontEnd(Protocol):
    """Converts text of one language to sentences of phones.

    - ``language``: language code, such as ``en-GB``.
    - ``symbols``: all symbols that a sentence may contain; number 0 is silence.
    """

    language: str
    symbols: tuple[str, ...]

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """Return the sentences of a text.

        - ``text``: plain text, without markup.
        - ``lexicon``: phones of words, which override the front end's own.
        - ``on_skip``: called with each passage that cannot be read; by default such a passage raises BadText.
        - returns: at least one sentence.

        Raises NothingToSpeak if nothing in the text can be spoken, or BadText if a passage cannot be read and `on_skip`
        is None, or if the lexicon has unknown phones.
        """
        ...

    def stream(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """Yield what `sentences` returns, each sentence as soon as it is read."""
        ...

    def phones(self, text: str, alphabet: str = "x-arpabet") -> tuple[str, ...]:
        """Parse phones written in an alphabet; raise BadText if this language does not have them."""
        ...

    def ipa(self, symbol: str) -> str:
        """Return a symbol of this front end in IPA, without its stress; what is no phone stays as it is."""
        ...

    def say_as(self, text: str, interpret_as: str, order: str = "", /) -> str:
        """Return `text` expanded as SSML's ``say-as`` defines; raise BadText for an unknown `interpret_as`."""
        ...


def front_end(language: str = "en") -> FrontEnd:
    """Return a new front end of a language.

    - ``language``: one of KNOWN_LANGUAGES, or ``espeak:`` and a language of eSpeak NG, such as ``espeak:pt``; ``en_GB``
      is ``en-GB``.

    Raises BadSetting or MissingExtra if there is no front end for the language, or it needs eSpeak NG, which is not
    installed.
    """
    language = language.replace("_", "-")
    if language.startswith(ESPEAK_PREFIX):
        from .espeak import EspeakFrontEnd

        return EspeakFrontEnd(language.removeprefix(ESPEAK_PREFIX).lower())
    code = language.split("-", maxsplit=1)[0].lower()
    if code not in LANGUAGES:
        raise BadSetting(
            f"The language is {language!r}; it can be {KNOWN_LANGUAGES}, or espeak: and a language of eSpeak NG, such "
            "as espeak:pt."
        )
    module, name = LANGUAGES[code]
    return cast(FrontEnd, vars(importlib.import_module(f".{module}", __name__))[name](language))
