"""The plan of a text: what is spoken at once, how, and what silences and marks lie between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import NothingToSpeak
from ..text import ssml
from ..text.characters import Characters
from ..text.lexicon import Lexicon
from ..text.markup import Markup, MarkupReader
from ..text.sentence import NO_WORD, PAUSES, Sentence, Word
from ..text.skipped import OnSkip, Skipped
from .pieces import split_long_words, split_words
from .prosody import Prosody
from .reading import has_alphanumeric
from .styles import EMPHASES

PAUSE_SECONDS = {",": 0.12, ";": 0.22, ".": 0.36, "?": 0.36, "!": 0.36, "": 0.06}
"""How long it is silent behind a piece that ends so, what the voice itself is silent included."""

PARAGRAPH_SECONDS = 0.4
"""How much longer between paragraphs."""

_EMPTY_LINE = re.compile(r"\n\s*\n")
_PARAGRAPH = re.compile(re.escape(ssml.PARAGRAPH))  # in the text of markup; other line breaks part sentences


@dataclass(frozen=True)
class Piece:
    """Words that are spoken at once by one voice, None for the one that was asked for.

    ``prosody`` has an entry for each word; ``marks`` are names with the number of the word that they stand before; ``pause_seconds`` is how
    long it is silent after the last phone, 0 where a pause follows.
    """

    words: tuple[Word, ...]
    prosody: tuple[Prosody, ...]
    pause_seconds: float
    voice: str | None = None
    marks: tuple[tuple[str, int], ...] = ()

    @property
    def sentence(self) -> Sentence:
        """The words with the symbols that an acoustic model reads."""
        return Sentence(self.words)

    def controls(self) -> dict[str, np.ndarray]:
        """``rate``, ``pitch``, ``pitch_range``, ``energy`` and ``volume_db`` of each symbol, ``(symbols,)``.

        A symbol between words goes with the word before it; punctuation lasts as long as pauses are asked to be.
        """
        sentence, word = self.sentence, 0
        rows = []
        for symbol, place in zip(sentence.symbols, sentence.word_indices, strict=True):
            word = word if place == NO_WORD else place
            prosody = self.prosody[word]
            rows.append(prosody.over(Prosody(rate=_slower(prosody.pauses))) if symbol in PAUSES else prosody)
        names = ("rate", "pitch", "pitch_range", "energy", "volume_db")
        return {name: np.array([getattr(row, name) for row in rows]) for name in names}


@dataclass(frozen=True)
class Pause:
    """Exact silence."""

    seconds: float


@dataclass(frozen=True)
class Mark:
    """A mark between pieces."""

    name: str


Step = Piece | Pause | Mark


def plan_text(
    texts: str | Iterable[str],
    front_end: Any,
    prosody: Prosody | None = None,
    lexicon: Lexicon | None = None,
    on_skip: OnSkip | None = None,
    markup: Markup = "none",
) -> Iterator[Step]:
    """Yield the steps of a plain text, or of its parts one after the other, as they are read.

    A part ends where a sentence does. Pauses are those of all parts joined, with empty lines between paragraphs; the
    positions of words count the characters of all parts, including their ``markup``. Of several parts, those with
    nothing to speak are skipped. Raises NothingToSpeak where no part has anything to speak, and BadText for passages
    that the front end cannot read, unless ``on_skip`` is given, which is then called with each of them.
    """
    manners, plain = _Plain(prosody or Prosody()), MarkupReader(markup)
    plan, offset, is_silent = _Plan(manners), 0, True
    is_whole = isinstance(texts, str)
    for text in [texts] if isinstance(texts, str) else texts:
        part = _Part(text, plain.read(text), offset)
        manners.part = part
        if is_whole or has_alphanumeric(part.plain):
            try:
                yield from plan.steps(read(front_end, part.plain, lexicon, part.skipping(on_skip)), part.plain)
                is_silent = False
            except NothingToSpeak:
                if is_whole:
                    raise
                plan.pass_over(part.plain)
        else:
            plan.pass_over(part.plain)
        offset += len(text)
    if is_silent:
        raise NothingToSpeak("There is nothing to speak in the text; give one with words or numbers.")


def plan_ssml(
    markup: ssml.SsmlDocument,
    front_end: Any,
    prosody: Prosody | None = None,
    lexicon: Lexicon | None = None,
    on_skip: OnSkip | None = None,
) -> Iterator[Step]:
    """The steps of an SSML document; places of words are those in its text. Raises BadText as :func:`plan_text` does."""
    walk = _Walk(markup, prosody or Prosody())
    if has_alphanumeric(markup.text) or not walk.events:
        yield from _Plan(walk).steps(read(front_end, markup.text, lexicon, on_skip), markup.text)
    yield from (step for _, step in walk.before(len(markup.text) + 1))


def read(front_end: Any, text: str, lexicon: Lexicon | None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
    """The sentences of a text, each as soon as the front end has it."""
    return iter(getattr(front_end, "stream", front_end.sentences)(text, lexicon, on_skip))


@dataclass(frozen=True)
class _Part:
    """A part of a text, its characters without markup, and its offset in the whole text."""

    given: str
    characters: Characters
    offset: int

    @property
    def plain(self) -> str:
        return self.characters.text

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return start and end in the whole text of a span of the plain text."""
        return self.offset + self.characters.position(start), self.offset + self.characters.position(
            max(start, end - 1)
        ) + 1

    def skipping(self, on_skip: OnSkip | None) -> OnSkip | None:
        """Return a callback that calls ``on_skip`` with positions in the whole text."""
        if on_skip is None:
            return None

        def report(passage: Skipped) -> None:
            start, end = self.place(passage.start, passage.end)
            on_skip(replace(passage, start=start, end=end))

        return report


def _slower(pauses: float) -> float:
    return min(max(1 / max(pauses, 0.01), 0.25), 4.0)


class _Plain:
    """A text that is spoken in one way; ``paragraph`` is what stands between its paragraphs."""

    paragraph = _EMPTY_LINE

    def __init__(self, prosody: Prosody):
        self._prosody = prosody
        self.part = _Part("", Characters("", None), 0)

    def before(self, place: int) -> list[tuple[int, Pause | Mark]]:
        return []

    def is_pause_next(self, place: int) -> bool:
        return False

    def manner(self, word: Word) -> tuple[Word, Prosody, str | None]:
        start, end = self.part.place(word.start, word.end)
        return replace(word, start=start, end=end), self._prosody, None


class _Walk:
    """The spans of a document, walked once from its beginning to its end."""

    paragraph = _PARAGRAPH

    def __init__(self, markup: ssml.SsmlDocument, prosody: Prosody):
        self._text, self._prosody = markup.text, prosody
        self._spans = [span for span in markup.spans if span.text]
        self.events: list[tuple[int, Pause | Mark]] = []
        for span in markup.spans:
            if span.mark is not None:
                self.events.append((span.start, Mark(span.mark)))
            elif not span.text:
                self.events.append((span.start, Pause(span.pause_seconds)))
        self._next_event = self._next_span = 0

    def before(self, place: int) -> list[tuple[int, Pause | Mark]]:
        """Pauses and marks up to a place of the text, which did not come yet."""
        first = self._next_event
        while self._next_event < len(self.events) and self.events[self._next_event][0] <= place:
            self._next_event += 1
        return self.events[first : self._next_event]

    def is_pause_next(self, place: int) -> bool:
        """Whether a pause follows a place of the text before any word does."""
        for start, event in self.events[self._next_event :]:
            if has_alphanumeric(self._text[place:start]):
                return False
            if isinstance(event, Pause):
                return True
        return False

    def manner(self, word: Word) -> tuple[Word, Prosody, str | None]:
        """A word as it stood in the markup, how it is spoken and by whom."""
        while self._next_span < len(self._spans) - 1 and self._spans[self._next_span].end <= word.start:
            self._next_span += 1
        span = self._spans[self._next_span]
        own = Prosody(span.rate, span.pitch_semitones, span.pitch_range, 1.0, span.volume_db)
        if span.written and word.text.strip() not in span.written:  # what is spoken stands for something else
            word = replace(word, text=span.written)
        return word, self._prosody.over(own).over(EMPHASES[span.emphasis]), span.voice


class _Plan:
    """Sentences to steps."""

    def __init__(self, walk: _Plain | _Walk):
        self._walk = walk
        self._is_first = True  # nothing was spoken yet
        self._is_paragraph = False  # whether one ended behind the last sentence
        self._end = ""  # the spaces that came last

    def steps(self, sentences: Iterator[Sentence], text: str) -> Iterator[Step]:
        """Yield the steps of a part."""
        end = 0
        for sentence in sentences:
            self.pass_over(text[end : sentence.start])
            yield from self._of_sentence(sentence, self._is_paragraph and not self._is_first)
            self._is_paragraph, self._end, end = False, "", sentence.end
        self.pass_over(text[end:])

    def pass_over(self, text: str) -> None:
        """Go on behind ``text``, of which nothing is spoken."""
        since = self._end + text
        self._is_paragraph = self._is_paragraph or self._walk.paragraph.search(since) is not None
        self._end = "" if self._is_paragraph else since[len(since.rstrip()) :]

    def _of_sentence(self, sentence: Sentence, is_paragraph: bool) -> Iterator[Step]:
        words: list[Word] = []
        manners: list[Prosody] = []
        marks: list[tuple[str, int]] = []
        speaker: str | None = None
        for given in split_long_words(sentence.words):
            events = [event for _, event in self._walk.before(given.start)]
            word, prosody, voice = self._walk.manner(given)
            last_pause = max((number for number, event in enumerate(events) if isinstance(event, Pause)), default=-1)
            if words and (last_pause >= 0 or voice != speaker):
                yield from self._pieces(words, manners, marks, speaker, is_pause_next=last_pause >= 0)
                words, manners, marks = [], [], []
            if is_paragraph and last_pause < 0:
                yield Pause(PARAGRAPH_SECONDS * prosody.pauses)
            is_paragraph = False
            yield from events[: last_pause + 1]
            marks += [(event.name, len(words)) for event in events[last_pause + 1 :] if isinstance(event, Mark)]
            words.append(word)
            manners.append(prosody)
            speaker = voice
        yield from self._pieces(words, manners, marks, speaker, self._walk.is_pause_next(sentence.end))

    def _pieces(
        self,
        words: list[Word],
        manners: list[Prosody],
        marks: list[tuple[str, int]],
        speaker: str | None,
        is_pause_next: bool,
    ) -> Iterator[Piece]:
        """One piece, or several where it would be too long; the first piece of all is a clause."""
        if is_pause_next and not words[-1].mark_after:
            words[-1] = replace(words[-1], mark_after=",")  # the voice goes towards a pause
        start = 0
        for part in split_words(words, self._is_first):
            end = start + len(part)
            pause_seconds = PAUSE_SECONDS[part[-1].mark_after] * manners[end - 1].pauses
            if end == len(words) and is_pause_next:
                pause_seconds = 0.0
            inside = tuple((name, number - start) for name, number in marks if start <= number < end)
            yield Piece(tuple(part), tuple(manners[start:end]), pause_seconds, speaker, inside)
            start = end
            self._is_first = False
