"""A person's own lexicon: words and how they sound, which go before everything that a front end knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import BadSetting, BadText
from .characters import normalize_characters

LARGEST_BYTES = 2**26
"""Largest file; the words of a whole language take a twentieth of it."""


@dataclass(frozen=True)
class Lexicon:
    """Phones of words; words are compared without regard to case."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", {_plain(word): tuple(phones) for word, phones in self.words.items()})

    def get(self, word: str) -> tuple[str, ...] | None:
        """The phones of a word, or None."""
        return self.words.get(_plain(word))

    def check(self, phones: Iterable[str]) -> None:
        """Raise BadText for the first word that has a phone which a front end does not know."""
        known = {*phones}
        for word, spoken in self.words.items():
            strange = next((phone for phone in spoken if phone not in known), None)
            if strange is not None:
                raise BadText(_strange(f"The lexicon's word {word!r}", strange, known))

    @classmethod
    def read(cls, path: Path | str, phones: Iterable[str] | None = None) -> Lexicon:
        """Read a text file in UTF-8: a word, then its phones, one word a line; ``#`` begins a comment, empty lines are passed over.

        ``phones`` are those that may occur, by default those of English. Raises BadText, with the line, where a line has no phones or
        an unknown one, where a word stands twice, and where the file is no text; BadSetting where there is no file; OSError where it
        cannot be read.
        """
        path = Path(path)
        if not path.is_file():
            raise BadSetting(f"There is no lexicon {path}; give a text file with a word and its phones on each line.")
        if path.stat().st_size > LARGEST_BYTES:
            raise BadText(
                f"{path} has {path.stat().st_size:,} bytes; a lexicon has at most {LARGEST_BYTES:,}: leave words out."
            )
        known = {*(_english() if phones is None else phones)}
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            raise BadText(f"{path} is no text in UTF-8 (byte {error.start}); save it as UTF-8.") from error
        words: dict[str, tuple[str, ...]] = {}
        for number, line in enumerate(lines, 1):
            word, *spoken = line.partition("#")[0].split() or [""]
            if not word:
                continue
            where = f"{path}, line {number}"
            if not spoken:
                raise BadText(
                    f"{where}: {word!r} stands without phones; write a word and its phones, such as HELLO HH AH0 L OW1."
                )
            spoken = [phone.upper() if phone.upper() in known else phone for phone in spoken]
            strange = next((phone for phone in spoken if phone not in known), None)
            if strange is not None:
                raise BadText(_strange(f"{where}: {word!r}", strange, known))
            if _plain(word) in words:
                raise BadText(f"{where}: {word!r} stands there already; give each word once.")
            words[_plain(word)] = tuple(spoken)
        return cls(words)


def _plain(word: str) -> str:
    return normalize_characters(word).text.lower()


def _english() -> tuple[str, ...]:
    from .english.phones import PHONES

    return PHONES


def _strange(what: str, phone: str, known: Iterable[str]) -> str:
    near = [name for name in sorted(known) if name.rstrip("012") == phone.upper().rstrip("012")] or sorted(known)
    return f"{what} has the phone {phone!r}, which is none of this language; it knows {', '.join(near)}."
