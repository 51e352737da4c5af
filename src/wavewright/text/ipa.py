"""Phones written in the International Phonetic Alphabet, for front ends whose own phones are its signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from ..base.errors import BadText

_STRESS = {"ˈ": "1", "'": "1", "ˌ": "2", ",": "2"}
_SILENT = " .\u2016|‿͡ˑ/[]ːʰ()-\u0329\u032f\u0325\u0303\u031e\u032a"


class IpaSigns:
    """The signs of a language, and the phones that they stand for.

    - ``language``: its name, ``German``.
    - ``vowels``: phones that have a digit of stress after them: 1 main, 2 secondary, 0 none.
    - ``signs``: returns the phones of each sign, vowels without stress; called at the first use.
    - ``example``: phones of a word, as an error shows them.
    - ``stressed``: index among the vowels of the one that has the main stress if none is marked; -1 is the last.
    """

    def __init__(
        self,
        language: str,
        vowels: tuple[str, ...],
        signs: Callable[[], Mapping[str, tuple[str, ...]]],
        example: str,
        stressed: int = 0,
    ) -> None:
        self._language, self._vowels, self._written, self._example = language, frozenset(vowels), signs, example
        self._stressed = stressed

    @cached_property
    def _signs(self) -> dict[str, tuple[str, ...]]:
        return {unicodedata.normalize("NFD", sign): phones for sign, phones in self._written().items()}

    def phones(self, text: str, where: str) -> tuple[str, ...]:
        """Convert IPA, or phones of the front end, to phones: ``ˈhaʊ̯s`` and ``h aʊ1 s`` to ``h``, ``aʊ1``, ``s``.

        A stress mark applies to the next vowel, a digit to the vowel before it; without any, the first vowel has the
        main stress, or the last one. Raises BadText, which begins with ``where``, if a sign stands for no phone of the
        language, or there is none.
        """
        text, signs = unicodedata.normalize("NFD", text), self._signs
        longest = max(map(len, signs))
        phones: list[str] = []
        stress, position = "0", 0
        while position < len(text):
            character = text[position]
            if character in _STRESS:
                stress, position = _STRESS[character], position + 1
                continue
            if character in "012" and phones and phones[-1][:-1] in self._vowels:
                phones[-1], position = phones[-1][:-1] + character, position + 1
                continue
            candidates = (text[position : position + size] for size in range(longest, 0, -1))
            sign = next((candidate for candidate in candidates if candidate in signs), None)
            if sign is None:
                if character not in _SILENT:
                    raise BadText(
                        f"{where} has the sign {character!r} (character {position + 1}), which stands for no phone of "
                        f"{self._language}."
                    )
                position += 1
                continue
            for phone in signs[sign]:
                is_vowel = phone in self._vowels
                phones.append(phone + stress if is_vowel else phone)
                stress = "0" if is_vowel else stress
            position += len(sign)
        if not phones:
            raise BadText(f"{where} has no phones; write them as in {self._example}.")
        return _with_main_stress(phones, self._stressed)


def signs_of(own: Iterable[str], rows: Iterable[list[str]]) -> dict[str, tuple[str, ...]]:
    """Return the phones of the signs of a language: of its own, and of rows of phones, or ``-``, and other signs."""
    others = {sign: tuple(phones.strip("-").split()) for phones, signs in rows for sign in signs.split()}
    return {**{phone: (phone,) for phone in own}, **others}


def has_stress(phone: str) -> bool:
    """Return True for a vowel with a digit of stress."""
    return phone[-1] in "012"


def _with_main_stress(phones: list[str], stressed: int) -> tuple[str, ...]:
    """Give one of the vowels with a stress the main one if none has any."""
    stresses = [(phone[-1], index) for index, phone in enumerate(phones) if has_stress(phone)]
    if stresses and all(stress == "0" for stress, _ in stresses):
        index = stresses[stressed][1]
        phones[index] = f"{phones[index][:-1]}1"
    return tuple(phones)
