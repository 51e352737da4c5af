"""Front ends whose symbols are signs of IPA, vowels with a digit of stress."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from ..base.errors import BadText
from .ipa import has_stress
from .reading import ScanningFrontEnd, shortened
from .say_as import SayAs


class IpaFrontEnd(ScanningFrontEnd):
    """Base of these front ends.

    - ``LANGUAGE``: name of the language in messages.
    """

    LANGUAGE: ClassVar[str]

    def phones(self, text: str, alphabet: str = "ipa") -> tuple[str, ...]:
        """Parse the phones of one word, in IPA or in symbols of this front end.

        Raises BadText if they are not phones of the language, or the alphabet is unknown.
        """
        if alphabet not in ("ipa", "x-arpabet"):
            raise BadText(f"The alphabet of phones is {alphabet!r}; in {self.LANGUAGE} it can be 'ipa'.")
        return self._phones_of_ipa(text, f"The sound {shortened(text)!r}")

    def ipa(self, symbol: str) -> str:
        """Return a phone in IPA, without its stress."""
        return symbol[:-1] if has_stress(symbol) else symbol

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str:
        """Return the text to read for SSML's ``say-as`` element.

        - ``text``: text of the element.
        - ``interpret_as``: kind of text, such as ``date`` or ``telephone``.
        - ``order``: format of a date, such as ``dmy``.
        - returns: text that the front end reads as the element asks.

        Raises BadText if the kind is unknown or the text does not fit it.
        """
        return self._say_as()(text, interpret_as, order)

    @abstractmethod
    def _phones_of_ipa(self, text: str, where: str) -> tuple[str, ...]:
        """Parse phones of the language; raise BadText, which begins with ``where``, for other ones."""

    @abstractmethod
    def _say_as(self) -> SayAs:
        """Return what rewrites the texts of ``say-as``."""
