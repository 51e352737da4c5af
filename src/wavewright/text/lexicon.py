"""A user's lexicon: pronunciations of words that override the front end's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import BadSetting, BadText
from .characters import normalize_characters

MAX_BYTES = 2**26
"""Size limit of a file, about twenty times the words of a language."""


@dataclass(frozen=True)
class Lexicon:
    """Phones of words; the case of words is ignored.

    - ``words``: the phones of each word.
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", {_plain(word): tuple(phones) for word, phones in self.words.items()})

    def get(self, word: str) -> tuple[str, ...] | None:
        """Return the phones of a word, or None."""
        return self.words.get(_plain(word))

    def check(self, phones: Iterable[str]) -> None:
        """Raise BadText for the first word with a phone that is not one of `phones`."""
        known = {*phones}
        for word, spoken in self.words.items():
            unknown = next((phone for phone in spoken if phone not in known), None)
            if unknown is not None:
                raise BadText(_unknown_phone(f"The lexicon's word {word!r}", unknown, known))

    @classmethod
    def read(cls, path: Path | str, phones: Iterable[str] | None = None) -> Lexicon:
        """Read a lexicon file: UTF-8 text, each line a word and its phones; ``#`` starts a comment.

        English phones are ARPAbet, or signs of the International Phonetic Alphabet such as ``/təˈmɑːtoʊ/``.

        - ``path``: the file.
        - ``phones``: allowed phones, by default those of English.

        Raises BadSetting if the file does not exist, or BadText if the file is too large or not UTF-8, or a line has no
        phones, an unknown phone or a repeated word, or OSError if the file cannot be read.
        """
        path = Path(path)
        if not path.is_file():
            raise BadSetting(f"There is no lexicon {path}; give a text file with a word and its phones on each line.")
        if path.stat().st_size > MAX_BYTES:
            raise BadText(
                f"{path} has {path.stat().st_size:,} bytes; a lexicon has at most {MAX_BYTES:,}: leave words out."
            )
        known = {*(_english_phones() if phones is None else phones)}
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            raise BadText(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
        words: dict[str, tuple[str, ...]] = {}
        for number, line in enumerate(lines, 1):
            word, *spoken = line.partition("#")[0].split() or [""]
            if not word:
                continue
            where = f"{path}, line {number}"
            if not spoken:
                raise BadText(
                    f"{where}: {word!r} has no phones; write a word and its phones, such as HELLO HH AH0 L OW1."
                )
            if "AA0" in known and is_ipa("".join(spoken)):
                spoken = _of_ipa("".join(spoken), f"{where}: {word!r}")
            spoken = [phone.upper() if phone.upper() in known else phone for phone in spoken]
            unknown = next((phone for phone in spoken if phone not in known), None)
            if unknown is not None:
                raise BadText(_unknown_phone(f"{where}: {word!r}", unknown, known))
            if _plain(word) in words:
                raise BadText(f"{where}: {word!r} is repeated; give each word once.")
            words[_plain(word)] = tuple(spoken)
        return cls(words)


def is_ipa(phones: str) -> bool:
    """Return True for phones of the International Phonetic Alphabet: with its signs, or between slashes or brackets."""
    text = phones.strip()
    return not text.isascii() or (len(text) > 2 and text[0] + text[-1] in ("//", "[]"))


def phones_in_alphabet(phones: str) -> tuple[str, str]:
    """Return phones and the name of their alphabet: ``ipa``, or ``x-arpabet``."""
    return phones, "ipa" if is_ipa(phones) else "x-arpabet"


def _plain(word: str) -> str:
    return normalize_characters(word).text.lower()


def _of_ipa(phones: str, where: str) -> list[str]:
    """Return the English phones of IPA."""
    from .english.phones import phones_of_ipa

    return [*phones_of_ipa(phones, where)]


def _english_phones() -> tuple[str, ...]:
    from .english.phones import PHONES

    return PHONES


def _unknown_phone(subject: str, phone: str, known: Iterable[str]) -> str:
    similar = [name for name in sorted(known) if name.rstrip("012") == phone.upper().rstrip("012")] or sorted(known)
    return f"{subject} has the phone {phone!r}, which this language does not have; it has {', '.join(similar)}."
