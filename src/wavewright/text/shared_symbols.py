"""Symbols that the front ends of several languages share: phones by their sign of IPA, vowels with their stress."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import BadText
from . import FrontEnd, front_end

STRESSES = "012"
"""At the end of vowels."""

UNSTRESSED = ("ə", "ɚ")
"""Signs that have no digit of stress in any language."""


def sign_of(reader: FrontEnd, symbol: str) -> str:
    """Return the sign of a symbol of a front end: ``aɪ1`` for ``AY1``, ``t`` for ``T``; a mark is its own sign."""
    sign = reader.ipa(symbol)
    return f"{sign}{symbol[-1]}" if symbol[-1] in STRESSES and sign not in UNSTRESSED else sign


def shared_signs(languages: Sequence[str]) -> dict[str, str]:
    """Return the sign of each symbol of the front ends of some languages, in their order.

    Raises BadSetting or MissingExtra if a language has no front end here.
    """
    readers = [front_end(language) for language in languages]
    return {symbol: sign_of(reader, symbol) for reader in readers for symbol in reader.symbols}


def nearest_vowels(language: str, signs: Sequence[str]) -> dict[str, str]:
    """Return the vowel of a language that is nearest to each vowel that it lacks: ``ɑː1`` of English for ``aː1``.

    - ``signs``: of :func:`shared_signs`, which raises what this does.
    - returns: signs by sign; a vowel that the language writes with several phones is left out.
    """
    reader = front_end(language)
    own = {sign_of(reader, symbol) for symbol in reader.symbols}
    nearest = {}
    for sign in signs:
        if sign in own or sign[-1] not in (*STRESSES, *UNSTRESSED):
            continue
        stress = sign[-1] if sign[-1] in STRESSES else "0"
        try:
            (phone,) = reader.phones(sign.rstrip(STRESSES), "ipa")
        except (BadText, ValueError):
            continue
        nearest[sign] = sign_of(reader, f"{phone[:-1]}{stress}" if phone[-1] in STRESSES else phone)
    return nearest
