"""Front ends: text to phones, one front end a language, each with its own symbol set."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from ..base.errors import BadSetting

if TYPE_CHECKING:
    from .lexicon import Lexicon
    from .sentence import Sentence
    from .skipped import OnSkip


class Language(NamedTuple):
    """The front end of a language: its module in this package, its class, and languages of regions that it knows."""

    module: str
    front_end: str
    regions: tuple[str, ...] = ()


LANGUAGES = {
    "en": Language("english", "EnglishFrontEnd", ("en-GB",)),
    "de": Language("german", "GermanFrontEnd"),
    "es": Language("spanish", "SpanishFrontEnd", ("es-419",)),
    "it": Language("italian", "ItalianFrontEnd"),
    "fr": Language("french", "FrenchFrontEnd", ("fr-BE", "fr-CH")),
}
"""Languages with a front end of their own, in the order of the columns of apps/speechd/data/names.tsv.

That table has the names of signs for screen readers.
"""

KNOWN_LANGUAGES = ", ".join(name for code, language in LANGUAGES.items() for name in (code, *language.regions))
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
    known = LANGUAGES[code]
    return cast(FrontEnd, vars(importlib.import_module(f".{known.module}", __name__))[known.front_end](language))
