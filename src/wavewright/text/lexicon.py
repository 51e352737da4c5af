"""A user's lexicon: pronunciations of words that override the front end's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..base.errors import BadText
from .characters import normalize_characters


@dataclass(frozen=True)
class Lexicon:
    """Phones of words; the case of words is ignored.

    - ``words``: the phones of each word.
    - ``others``: those of words of other languages, by the language without its region.
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", {plain(word): tuple(phones) for word, phones in self.words.items()})

    def get(self, word: str) -> tuple[str, ...] | None:
        """Return the phones of a word, or None."""
        return self.words.get(plain(word))

    def of(self, language: str) -> Lexicon:
        """Return the words of another language."""
        return Lexicon(self.others.get(without_region(language), {}))

    def check(self, phones: Iterable[str]) -> None:
        """Raise BadText for the first word with a phone that is not one of `phones`."""
        known = {*phones}
        for word, spoken in self.words.items():
            unknown = next((phone for phone in spoken if phone not in known), None)
            if unknown is not None:
                raise BadText(unknown_phone(f"The lexicon's word {word!r}", unknown, known))


def is_ipa(phones: str) -> bool:
    """Return True for phones of the International Phonetic Alphabet: with its signs, or between slashes or brackets."""
    text = phones.strip()
    return not text.isascii() or (len(text) > 2 and text[0] + text[-1] in ("//", "[]"))


def phones_in_alphabet(phones: str) -> tuple[str, str]:
    """Return phones and the name of their alphabet: ``ipa``, or ``x-arpabet``."""
    return phones, "ipa" if is_ipa(phones) else "x-arpabet"


def without_region(language: str) -> str:
    """Return a language without its region."""
    return language.replace("_", "-").split("-", maxsplit=1)[0].lower()


def plain(word: str) -> str:
    """Return a word as it is looked up."""
    return normalize_characters(word).text.lower()


def unknown_phone(subject: str, phone: str, known: Iterable[str]) -> str:
    """Return the sentence about a phone that a language does not have, and those like it."""
    similar = [name for name in sorted(known) if name.rstrip("012") == phone.upper().rstrip("012")] or sorted(known)
    return f"{subject} has the phone {phone!r}, which this language does not have; it has {', '.join(similar)}."
