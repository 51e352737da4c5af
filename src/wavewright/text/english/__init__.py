"""English: normalisation, the CMU Pronouncing Dictionary, letters to sounds for other words, heteronyms by what stands around them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from ...errors import BadText, NothingToSpeak
from ..characters import Characters, normalize_characters
from ..lexicon import Lexicon
from ..sentence import Sentence, Word
from ..skipped import OnSkip, Skipped
from . import signs
from .context import Context, Spoken
from .dialect import BRITISH_LETTERS, BRITISH_REGIONS, british
from .heteronyms import Heteronyms
from .phones import SYMBOLS, phones_of_arpabet, phones_of_ipa
from .pronounce import data_file, known, phones_of
from .say_as import say_as
from .scanner import Scanner, Token

MOST_WORDS = 60
"""A longer sentence is cut, behind its last pause where it has one."""

MOST_PHONES = 400


class FrontEnd:
    """English text to sentences of words and phones."""

    symbols = SYMBOLS

    def __init__(self, language: str = "en") -> None:
        """Set the dialect by the region of ``language``: with ``en-GB``, numbers and dates are read as in Britain."""
        self._is_british = language.lower().partition("-")[2] in BRITISH_REGIONS
        self.language = "en-GB" if self._is_british else "en"

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """All sentences of a text; the phones of a ``lexicon`` go before all others.

        Raises NothingToSpeak where nothing in the text can be spoken, and BadText where the lexicon has phones that are
        not English. Letters of another script, and invalid phones in ``[[ ]]``, raise BadText as well, unless
        ``on_skip`` is given: then words of some scripts are transliterated, and ``on_skip`` is called with each passage
        that is skipped.
        """
        return list(self.stream(text, lexicon, on_skip))

    def stream(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """The sentences of a text one after the other, each as soon as it has been read; raises what ``sentences`` raises."""
        if lexicon is not None:
            lexicon.check(SYMBOLS)
        characters = normalize_characters(text)
        scanner = Scanner(characters.text, _is_known, lexicon, _reporter(on_skip, characters, text), self._is_british)
        is_silent = True
        for tokens in scanner.sentences():
            for sentence in self._spoken(tokens, characters, text, lexicon):
                is_silent = False
                yield sentence
        if is_silent:
            tokens = [
                Token(place, place + 1, name) for place, sign in scanner.unspoken if (name := signs.name_of(sign))
            ]
            named = list(self._spoken(tokens, characters, text, lexicon))
            if not named:
                raise NothingToSpeak(
                    f"There is nothing to speak in {_shortened(text)!r}; give a text with words or numbers."
                )
            yield from named

    def phones(self, text: str, alphabet: str = "x-arpabet") -> tuple[str, ...]:
        """The phones that a person wrote, in ``x-arpabet`` or ``ipa``; raises BadText where they are none of English."""
        where = f"The sound {_shortened(text)!r}"
        if alphabet == "ipa":
            return phones_of_ipa(text, where)
        if alphabet in ("x-arpabet", "arpabet", "x-cmu"):
            return phones_of_arpabet(text, where)
        raise BadText(f"The alphabet of phones is {alphabet!r}; it can be 'ipa' or 'x-arpabet'.")

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str:
        """The text that is read as SSML's ``say-as`` asks; raises BadText where the kind is not known or the text none of it."""
        with british(self._is_british):
            return say_as(text, interpret_as, order)

    def _spoken(
        self, tokens: list[Token], characters: Characters, text: str, lexicon: Lexicon | None
    ) -> Iterator[Sentence]:
        spoken = [
            (token, number, BRITISH_LETTERS.get(word, word) if self._is_british else word)
            for token in tokens
            for number, word in enumerate(token.words)
        ]
        marks = [token.mark if number == len(token.words) - 1 else "" for token, number, _ in spoken]
        names = [word.lower() for _, _, word in spoken]
        capitals = [characters.text[token.start].isupper() for token, _, _ in spoken]
        context = Spoken(names, capitals, marks)
        words: list[Word] = []
        written = ""
        for place, (token, number, word) in enumerate(spoken):
            phones = token.phones or (lexicon.get(word) if lexicon else None)
            phones = phones or _phones(word, Context(context, place))
            start, end = characters.position(token.start), characters.position(token.end - 1) + 1
            written = written if number else text[start:end]
            if phones:
                words.append(Word(written, _shown(word), phones, start, end, marks[place]))
            elif marks[place] and words:
                last = words[-1]
                words[-1] = Word(
                    last.text, last.spoken, last.phones, last.start, last.end, last.mark_after or marks[place]
                )
        yield from (Sentence(tuple(part)) for part in _cut(words))


def _reporter(on_skip: OnSkip | None, characters: Characters, text: str) -> Callable[[int, int, str], None] | None:
    """Return a callback that calls ``on_skip`` with a passage and its position in the given text."""
    if on_skip is None:
        return None

    def report(start: int, end: int, reason: str) -> None:
        first, last = characters.position(start), characters.position(end - 1) + 1
        on_skip(Skipped(text[first:last], first, last, reason))

    return report


def _is_known(word: str) -> bool:
    return known(word) is not None


def _phones(word: str, context: Context) -> tuple[str, ...]:
    if word == context.words[context.place] and word in _heteronyms():
        return _heteronyms().phones(context, _begins_with_vowel)
    return phones_of(word)


def _begins_with_vowel(word: str) -> bool:
    return bool(word) and phones_of(word)[:1] != () and phones_of(word)[0][-1].isdigit()


@functools.cache
def _heteronyms() -> Heteronyms:
    return Heteronyms(data_file("heteronyms.txt").decode("utf-8"))


def _shown(word: str) -> str:
    """A word as it is shown: the plural of a letter apart, ``o s``."""
    return f"{word[0].lower()} s" if re.fullmatch("[A-Z]s", word) else word.lower()


def _cut(words: list[Word]) -> Iterator[list[Word]]:
    """A sentence in parts that are short enough."""
    start = 0
    while start < len(words):
        end, phones = start, 0
        while end < min(len(words), start + MOST_WORDS) and (
            phones == 0 or phones + len(words[end].phones) <= MOST_PHONES
        ):
            phones += len(words[end].phones)
            end += 1
        if end < len(words):
            least = start + (end - start) // 3
            end = next((place + 1 for place in range(end - 1, least, -1) if words[place].mark_after), end)
        yield words[start:end]
        start = end


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
