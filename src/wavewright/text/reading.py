"""What the front ends share: the sentences of a text, passages that are skipped, sentences that are too long."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..base.errors import NothingToSpeak
from .characters import Characters, normalize_characters
from .lexicon import Lexicon
from .region import dialect
from .scanner import TextScanner
from .scripts import name_of_sign
from .sentence import Sentence, Word
from .skipped import OnSkip, Skipped, report_objects
from .tokens import Token

if TYPE_CHECKING:
    from .say_as import SayAs

MAX_WORDS = 60
"""Largest number of words of a sentence; a longer one is cut after its last pause, or at the limit."""

MAX_PHONES = 400
"""Largest number of phones of a sentence."""

Report = Callable[[int, int, str], None]
"""Callback with start, end and reason of a passage that is skipped."""


class ScanningFrontEnd(ABC):
    """Front end whose scanner reads a text from left to right.

    - ``CODE``: code of the language.
    - ``SAY_AS``: what rewrites the texts of SSML's ``say-as``.
    """

    CODE: ClassVar[str]
    SAY_AS: ClassVar[SayAs]
    symbols: tuple[str, ...]

    def __init__(self, language: str = "") -> None:
        """Set the dialect by the region of ``language``; a region without a dialect of its own is read as usual."""
        self._region = self._dialect_of(language.lower().partition("-")[2])
        self.language = f"{self.CODE}-{self._region}" if self._region else self.CODE

    def _dialect_of(self, region: str) -> str:
        """Return the region, in capitals, whose dialect is read in a region in small letters; empty for the usual."""
        return ""

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str:
        """Return the text to read for SSML's ``say-as`` element; see :class:`.say_as.SayAs`."""
        with dialect(self._region):
            return self._say_as()(text, interpret_as, order)

    def _say_as(self) -> SayAs:
        return self.SAY_AS

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """Return the sentences of a text; see :meth:`.FrontEnd.sentences`."""
        return list(self.stream(text, lexicon, on_skip))

    def stream(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """Yield the sentences of a text, each as soon as it has been read."""
        if lexicon is not None:
            lexicon.check(self.symbols)
        report_objects(text, on_skip)
        characters = normalize_characters(text)
        scanner = self._scanner(characters.text, lexicon, _reporter(on_skip, characters, text))
        is_silent = True
        for tokens in scanner.sentences():
            for sentence in self._spoken(tokens, characters, text, lexicon):
                is_silent = False
                yield sentence
        if is_silent:
            tokens = [
                Token(position, position + 1, name)
                for position, sign in scanner.unspoken
                if (name := name_of_sign(sign))
            ]
            named = list(self._spoken(tokens, characters, text, lexicon))
            if not named:
                raise NothingToSpeak(
                    f"There is nothing to speak in {shortened(text)!r}; give a text with words or numbers."
                )
            yield from named

    @abstractmethod
    def _scanner(self, text: str, lexicon: Lexicon | None, report: Report | None) -> TextScanner:
        """Return the scanner of a text."""

    @abstractmethod
    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        """Yield each word of a sentence: its token, its number in the token, how it is displayed, and its phones."""

    def _spoken(
        self, tokens: list[Token], characters: Characters, text: str, lexicon: Lexicon | None
    ) -> Iterator[Sentence]:
        """Pronounce the words of a sentence, and cut it where it is too long."""
        words: list[Word] = []
        written = ""
        for token, number, shown, phones in self._pronounced(tokens, characters.text, lexicon):
            start, end = characters.position(token.start), characters.position(token.end - 1) + 1
            written = written if number else text[start:end]
            mark = token.mark if number == len(token.words) - 1 else ""
            if phones:
                words.append(Word(written, shown, phones, start, end, mark))
            elif mark and words and not words[-1].mark_after:
                words[-1] = dataclasses.replace(words[-1], mark_after=mark)
        yield from (Sentence(tuple(cut)) for cut in _split_long(words))


def _reporter(on_skip: OnSkip | None, characters: Characters, text: str) -> Report | None:
    """Return a callback that calls ``on_skip`` with a passage and its position in the original text."""
    if on_skip is None:
        return None

    def report(start: int, end: int, reason: str) -> None:
        first, last = characters.position(start), characters.position(end - 1) + 1
        on_skip(Skipped(text[first:last], first, last, reason))

    return report


def _split_long(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Yield the words of a sentence, cut where it is too long."""
    start = 0
    while start < len(words):
        end, phones = start, 0
        while end < min(len(words), start + MAX_WORDS) and (
            phones == 0 or phones + len(words[end].phones) <= MAX_PHONES
        ):
            phones += len(words[end].phones)
            end += 1
        if end < len(words):
            least = start + (end - start) // 3
            end = next((index + 1 for index in range(end - 1, least, -1) if words[index].mark_after), end)
        yield words[start:end]
        start = end


def shortened(text: str) -> str:
    """Return a text for an error message."""
    return text if len(text) <= 40 else f"{text[:37]}..."
