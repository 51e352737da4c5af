"""English text to phones: normalisation, a pronouncing dictionary, a letter-to-sound model, heteronyms in context."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator

from ...base.errors import BadText, NothingToSpeak
from ..characters import Characters, normalize_characters
from ..lexicon import Lexicon
from ..sentence import Sentence, Word
from ..skipped import OnSkip, Skipped
from . import signs
from .context import Context, SentenceWords
from .dialect import BRITISH_LETTERS, BRITISH_REGIONS, british
from .heteronym_model import bundled_model
from .heteronym_rules import bundled_rules
from .phones import SYMBOLS, phones_of_arpabet, phones_of_ipa
from .pronounce import known, phones_of
from .say_as import say_as
from .scanner import Scanner
from .tokens import Token, TokenReader

MAX_WORDS = 60
"""Largest number of words of a sentence; a longer one is cut after its last pause, or at the limit."""

MAX_PHONES = 400
"""Largest number of phones of a sentence."""


class EnglishFrontEnd:
    """Front end of English: text to sentences of words and phones."""

    symbols = SYMBOLS

    def __init__(self, language: str = "en") -> None:
        """Set the dialect by the region of ``language``: with ``en-GB``, numbers and dates are read as in Britain."""
        self._is_british = language.lower().partition("-")[2] in BRITISH_REGIONS
        self.language = "en-GB" if self._is_british else "en"

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """Return the sentences of a text.

        - ``text``: plain text.
        - ``lexicon``: the user's own words, which override all others.
        - ``on_skip``: called with each passage that is skipped; words of some scripts are then transliterate.
        - returns: sentences of words with their phones.

        Raises NothingToSpeak if nothing in the text can be spoken, or BadText if the lexicon has phones that are not
        English, or, without ``on_skip``, if the text has letters of another script or invalid phones in ``[[ ]]``.
        """
        return list(self.stream(text, lexicon, on_skip))

    def stream(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """Yield the sentences of a text, each as soon as it has been read.

        Parameters, errors and results are those of :meth:`sentences`.
        """
        if lexicon is not None:
            lexicon.check(SYMBOLS)
        characters = normalize_characters(text)
        report = _reporter(on_skip, characters, text)
        scanner = Scanner(TokenReader(characters.text, _is_known, lexicon, report, self._is_british))
        is_silent = True
        for tokens in scanner.sentences():
            for sentence in self._spoken(tokens, characters, text, lexicon):
                is_silent = False
                yield sentence
        if is_silent:
            tokens = [
                Token(position, position + 1, name)
                for position, sign in scanner.unspoken
                if (name := signs.name_of(sign))
            ]
            named = list(self._spoken(tokens, characters, text, lexicon))
            if not named:
                raise NothingToSpeak(
                    f"There is nothing to speak in {_shortened(text)!r}; give a text with words or numbers."
                )
            yield from named

    def phones(self, text: str, alphabet: str = "x-arpabet") -> tuple[str, ...]:
        """Parse the phones of one word, written in the alphabet ``x-arpabet`` or ``ipa``.

        Raises BadText if they are not phones of English, or the alphabet is unknown.
        """
        where = f"The sound {_shortened(text)!r}"
        if alphabet == "ipa":
            return phones_of_ipa(text, where)
        if alphabet in ("x-arpabet", "arpabet", "x-cmu"):
            return phones_of_arpabet(text, where)
        raise BadText(f"The alphabet of phones is {alphabet!r}; it can be 'ipa' or 'x-arpabet'.")

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str:
        """Return the text to read for SSML's ``say-as`` element.

        - ``text``: text of the element.
        - ``interpret_as``: kind of text, such as ``date`` or ``telephone``.
        - ``order``: format of a date, such as ``mdy``.
        - returns: text that the front end reads as the element asks.

        Raises BadText if the kind is unknown or the text does not fit it.
        """
        with british(self._is_british):
            return say_as(text, interpret_as, order)

    def _spoken(
        self, tokens: list[Token], characters: Characters, text: str, lexicon: Lexicon | None
    ) -> Iterator[Sentence]:
        """Pronounce the words of a sentence, and cut it where it is too long."""
        spoken, sentence = in_context(tokens, characters.text, self._is_british)
        words: list[Word] = []
        written = ""
        for index, (token, number, word) in enumerate(spoken):
            phones = token.phones or (lexicon.get(word) if lexicon else None)
            phones = phones or _phones(word, Context(sentence, index))
            start, end = characters.position(token.start), characters.position(token.end - 1) + 1
            written = written if number else text[start:end]
            mark = sentence.marks[index]
            if phones:
                words.append(Word(written, _display_form(word), phones, start, end, mark))
            elif mark and words and not words[-1].mark_after:
                words[-1] = dataclasses.replace(words[-1], mark_after=mark)
        yield from (Sentence(tuple(cut)) for cut in _split_long(words))


def in_context(
    tokens: list[Token], text: str, is_british: bool = False
) -> tuple[list[tuple[Token, int, str]], SentenceWords]:
    """List the words of a sentence.

    - ``tokens``: tokens of the sentence.
    - ``text``: text that the scanner read.
    - ``is_british``: dialect of the names of letters.
    - returns: for each word its token, its number in the token, and the word.
    - returns ``SentenceWords``: the words as the context of each other.
    """
    spoken = [
        (token, number, BRITISH_LETTERS.get(word, word) if is_british else word)
        for token in tokens
        for number, word in enumerate(token.words)
    ]
    sentence = SentenceWords(
        words=[word.lower() for _, _, word in spoken],
        capitals=[text[token.start].isupper() for token, _, _ in spoken],
        marks=[token.mark if number == len(token.words) - 1 else "" for token, number, _ in spoken],
    )
    return spoken, sentence


def _reporter(on_skip: OnSkip | None, characters: Characters, text: str) -> Callable[[int, int, str], None] | None:
    """Return a callback that calls ``on_skip`` with a passage and its position in the original text."""
    if on_skip is None:
        return None

    def report(start: int, end: int, reason: str) -> None:
        first, last = characters.position(start), characters.position(end - 1) + 1
        on_skip(Skipped(text[first:last], first, last, reason))

    return report


def _is_known(word: str) -> bool:
    return known(word) is not None


def _phones(word: str, context: Context) -> tuple[str, ...]:
    """Pronounce a word in its sentence: by the rules of heteronyms, the model of heteronyms, or alone."""
    if word == context.words[context.index]:  # and not the name of a letter
        if word in bundled_rules():
            return bundled_rules().phones(context, _starts_with_vowel)
        if word in bundled_model():
            return bundled_model().phones(context)
    return phones_of(word)


def _starts_with_vowel(word: str) -> bool:
    return bool(word) and phones_of(word)[:1] != () and phones_of(word)[0][-1].isdigit()


def _display_form(word: str) -> str:
    """Return a word as it is displayed: the plural of a letter with a space, ``o s``."""
    return f"{word[0].lower()} s" if re.fullmatch("[A-Z]s", word) else word.lower()


def _split_long(words: list[Word]) -> Iterator[list[Word]]:
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


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
