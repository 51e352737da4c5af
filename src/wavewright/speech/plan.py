"""Plan how a text is spoken: its pieces with their prosody, and the pauses and marks between them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..base.errors import NothingToSpeak
from ..base.parameters import Markup
from ..text import FrontEnd, ssml
from ..text.characters import Characters
from ..text.lexicon import Lexicon
from ..text.markup import MarkupReader
from ..text.pattern import pattern
from ..text.quotation import QuotationReader
from ..text.sentence import Sentence, Word
from ..text.skipped import OnSkip, Skipped
from .prosody import EMPHASES, Pauses, Prosody
from .reading import has_alphanumeric
from .steps import Mark, Pause, Piece, Step, Waiting

FIRST_SYMBOLS = 36
"""Longest first sentence (about 3 s) that is spoken whole; a longer one is split at its first pause."""

MAX_SYMBOLS = 200
"""Longest piece, about 16 s."""

MIN_WORDS = 2
"""Fewest words on each side of the first split."""

SPLIT_MARKS = ((".", "?", "!", ";"), (",",))
"""Punctuation to split a long sentence at, in order of preference; otherwise it is split between words."""


def split_words(words: Sequence[Word], is_first: bool) -> Iterator[Sequence[Word]]:
    """Split the words of a sentence into pieces.

    - ``words``: words of at most `MAX_SYMBOLS` symbols each; see `split_long_words`.
    - ``is_first``: whether the sentence is the first one of the text; its first piece is then short.
    - returns: words of one piece, at most `MAX_SYMBOLS` symbols.
    """
    if is_first and _n_symbols(words) > FIRST_SYMBOLS:
        end = _first_clause_end(words)
        if end:
            yield words[:end]
            words = words[end:]
    while _n_symbols(words) > MAX_SYMBOLS and len(words) > 1:
        end = _piece_end(words)
        yield words[:end]
        words = words[end:]
    if words:
        yield words


def split_long_words(words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words; split one with more phones than a piece may have into several."""
    most = MAX_SYMBOLS - 1
    for word in words:
        starts = range(0, max(len(word.phones), 1), most)
        if len(starts) == 1:
            yield word
            continue
        for start in starts:
            mark = word.mark_after if start == starts[-1] else ""
            yield replace(word, phones=word.phones[start : start + most], mark_after=mark)


def _n_symbols(words: Sequence[Word]) -> int:
    return sum(len(word.phones) + 1 for word in words)


def _first_clause_end(words: Sequence[Word]) -> int:
    """Return the number of words before the first pause with `MIN_WORDS` on both sides, 0 if there is none."""
    ends = range(MIN_WORDS, len(words) - MIN_WORDS + 1)
    return next((end for end in ends if words[end - 1].mark_after), 0)


def _piece_end(words: Sequence[Word]) -> int:
    """Return the number of words up to the last preferred pause in the second half of the longest piece."""
    sizes: list[int] = []
    size = 0
    for word in words:
        size += len(word.phones) + 1
        sizes.append(size)
    most = max(1, sum(size <= MAX_SYMBOLS for size in sizes))
    for marks in SPLIT_MARKS:
        for end in range(most, most // 2, -1):
            if words[end - 1].mark_after in marks:
                return end
    return most


_SIGNS = pattern(
    r"(?:\[[^\[\]\n]{1,60}\]|[ \t]*\u3010[^\u3010\u3011\n]{1,60}\u3011|"
    r"[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]|[^\w\s])*"
    r"(?:[ \t]+[-\u2013\u2014]+(?=\s))?"
)
"""Signs after a word, marks of notes and sources among them, which stay whole."""
_LINE_MARKS = "#> "  # of headings and quotes, which subtitles do not show
_EMPTY_LINE = pattern(r"\n\s*\n")
_SSML_PARAGRAPH = pattern(re.escape(ssml.PARAGRAPH))  # other line breaks separate sentences there


def plan_text(
    texts: str | Iterable[str | None],
    front_end: FrontEnd,
    prosody: Prosody | None = None,
    lexicon: Lexicon | None = None,
    on_skip: OnSkip | None = None,
    markup: Markup = "none",
    pauses: Pauses | None = None,
    dialogue_voice: str | None = None,
) -> Iterator[Step]:
    """Plan a plain text, or its segments one after the other as they come.

    A segment ends at the end of a sentence. The steps are those of all segments joined: an empty line separates
    paragraphs also between segments, and the positions of words count the characters of all segments, including their
    `markup`. Segments with nothing to speak are skipped.

    - ``texts``: the text, or its segments; None where the next one has not come yet.
    - ``front_end``: front end of the language.
    - ``prosody``: prosody of all words.
    - ``lexicon``: phones of words, which override the front end's own.
    - ``on_skip``: called with each passage that cannot be read; by default such a passage raises BadText.
    - ``markup``: markup of the text.
    - ``pauses``: lengths of the pauses.
    - ``dialogue_voice``: voice of direct speech, see `QuotationReader`; by default that of the rest.
    - returns: each step as soon as its sentence is read.

    Raises NothingToSpeak if nothing in the text can be spoken, or BadText if a passage cannot be read and `on_skip` is
    None.
    """
    source = _PlainSource(prosody or Prosody(), dialogue_voice)
    planner = _Planner(source, pauses or Pauses())
    reader = MarkupReader(markup)
    is_whole = isinstance(texts, str)
    is_silent = True
    offset = 0
    for text in [texts] if isinstance(texts, str) else texts:
        if text is None:
            yield Waiting()
            continue
        plain = reader.read(text)
        segment = _Segment(plain, offset)
        source.begin(segment)
        if is_whole or has_alphanumeric(plain.text):
            try:
                sentences = front_end.stream(plain.text, lexicon, segment.shifted(on_skip))
                yield from planner.steps(sentences, plain.text)
                is_silent = False
            except NothingToSpeak:
                if is_whole:
                    raise
                planner.skip(plain.text)
        else:
            planner.skip(plain.text)
        offset += len(text)
    if is_silent:
        raise NothingToSpeak("There is nothing to speak in the text; give one with words or numbers.")


def plan_ssml(
    document: ssml.SsmlDocument,
    front_end: FrontEnd,
    prosody: Prosody | None = None,
    lexicon: Lexicon | None = None,
    on_skip: OnSkip | None = None,
    pauses: Pauses | None = None,
) -> Iterator[Step]:
    """Plan an SSML document.

    Parameters and steps are those of `plan_text`. Positions of words are those in the text of the document, whose
    prosody is combined with `prosody`, and whose pauses override `pauses`. Raises NothingToSpeak for a document with
    neither words nor pauses nor marks, BadText for a passage that cannot be read if `on_skip` is None.
    """
    source = _SsmlSource(document, prosody or Prosody())
    if has_alphanumeric(document.text) or not source.events:
        planner = _Planner(source, (pauses or Pauses()).override(Pauses(**document.pauses)))
        yield from planner.steps(document.sentences(front_end, lexicon, on_skip), document.text)
    yield from source.events_until(len(document.text) + 1)


@dataclass(frozen=True)
class _Segment:
    """A segment of a text without its markup, and its offset in the whole text."""

    characters: Characters
    offset: int

    def positions(self, start: int, end: int) -> tuple[int, int]:
        """Return start and end in the whole text of a span of the plain text."""
        last = self.characters.position(max(start, end - 1))
        return self.offset + self.characters.position(start), self.offset + last + 1

    def shifted(self, on_skip: OnSkip | None) -> OnSkip | None:
        """Return a callback that calls `on_skip` with positions in the whole text."""
        if on_skip is None:
            return None

        def report(passage: Skipped) -> None:
            start, end = self.positions(passage.start, passage.end)
            on_skip(replace(passage, start=start, end=end))

        return report


@dataclass(frozen=True)
class _Part:
    """Properties that all words of a piece share: the name of another voice, and a duration."""

    voice: str | None = None
    duration: ssml.Duration | None = None


class _Source(Protocol):
    """The prosody of words, and the pauses and marks between them."""

    paragraph: re.Pattern[str]

    def events_until(self, position: int) -> list[Pause | Mark]:
        """Return the pauses and marks up to a position that were not returned before."""
        ...

    def is_pause_next(self, position: int) -> bool:
        """Return whether a pause comes after a position before any word does."""
        ...

    def prosody_of(self, word: Word) -> tuple[Word, Prosody, _Part]:
        """Return the word as written in the whole text, its prosody, and what it must share with others of a piece."""
        ...


class _PlainSource:
    """Plain text: one prosody, no pauses and marks; direct speech may have a voice of its own."""

    paragraph = _EMPTY_LINE

    def __init__(self, prosody: Prosody, dialogue_voice: str | None) -> None:
        self._prosody = prosody
        self._dialogue = _Part(dialogue_voice)
        self._quotations = None if dialogue_voice is None else QuotationReader()
        self._segment = _Segment(Characters("", None), 0)
        self._dialogue_spans: deque[tuple[int, int]] = deque()

    def begin(self, segment: _Segment) -> None:
        """Go on with the next segment."""
        self._segment = segment
        if self._quotations is not None:
            self._dialogue_spans = deque(self._quotations.spans(segment.characters.text))

    def events_until(self, _position: int) -> list[Pause | Mark]:
        return []

    def is_pause_next(self, _position: int) -> bool:
        return False

    def prosody_of(self, word: Word) -> tuple[Word, Prosody, _Part]:
        while self._dialogue_spans and self._dialogue_spans[0][1] <= word.start:
            self._dialogue_spans.popleft()
        is_dialogue = bool(self._dialogue_spans) and self._dialogue_spans[0][0] <= word.start
        start, end = self._segment.positions(word.start, word.end)
        return replace(word, start=start, end=end), self._prosody, self._dialogue if is_dialogue else _Part()


class _SsmlSource:
    """The spans of an SSML document, passed once from start to end."""

    paragraph = _SSML_PARAGRAPH

    def __init__(self, document: ssml.SsmlDocument, prosody: Prosody) -> None:
        self._text = document.text
        self._prosody = prosody
        self._spans = [span for span in document.spans if span.text]
        self.events: list[tuple[int, Pause | Mark]] = []
        for span in document.spans:
            if span.mark is not None:
                self.events.append((span.start, Mark(span.mark)))
            elif not span.text:
                self.events.append((span.start, Pause(span.pause_seconds)))
        self._next_event = 0
        self._next_span = 0
        self._shown_span = -1

    def events_until(self, position: int) -> list[Pause | Mark]:
        first = self._next_event
        while self._next_event < len(self.events) and self.events[self._next_event][0] <= position:
            self._next_event += 1
        return [event for _, event in self.events[first : self._next_event]]

    def is_pause_next(self, position: int) -> bool:
        for start, event in self.events[self._next_event :]:
            if has_alphanumeric(self._text[position:start]):
                return False
            if isinstance(event, Pause):
                return True
        return False

    def prosody_of(self, word: Word) -> tuple[Word, Prosody, _Part]:
        while self._next_span < len(self._spans) - 1 and self._spans[self._next_span].end <= word.start:
            self._next_span += 1
        span = self._spans[self._next_span]
        own = Prosody(span.rate, span.pitch_semitones, span.pitch_range, 1.0, span.volume_db)
        if span.written and word.text.strip() not in span.written:  # sub, say-as or phoneme replaced the written text
            is_shown = self._next_span != self._shown_span  # by the first word of its alias
            self._shown_span = self._next_span
            shown = word.shown.replace(" ".join(word.text.split()), span.written, 1)
            word = replace(word, text=span.written, shown=shown if is_shown else "")
        prosody = self._prosody.combine(own).combine(EMPHASES[span.emphasis])
        return word, prosody, _Part(span.voice, span.duration)


class _Planner:
    """Converts sentences to steps; keeps what the pause before the next sentence depends on."""

    def __init__(self, source: _Source, pauses: Pauses) -> None:
        self._source = source
        self._pauses = pauses
        self._is_first = True  # nothing was spoken yet
        self._is_paragraph = False  # a paragraph ended after the last sentence
        self._trailing_space = ""  # at the end of the text so far

    def steps(self, sentences: Iterator[Sentence], text: str) -> Iterator[Step]:
        """Yield the steps of the sentences of a text."""
        end = 0
        for sentence in sentences:
            self.skip(text[end : sentence.start])
            is_paragraph = self._is_paragraph and not self._is_first
            shown = Sentence(tuple(_shown_words(sentence.words, text, end, is_paragraph)))
            yield from self._sentence_steps(shown, is_paragraph)
            self._is_paragraph = False
            self._trailing_space = ""
            end = sentence.end
        self.skip(text[end:])

    def skip(self, text: str) -> None:
        """Continue after text of which nothing is spoken."""
        unspoken = self._trailing_space + text
        self._is_paragraph = self._is_paragraph or self._source.paragraph.search(unspoken) is not None
        self._trailing_space = "" if self._is_paragraph else unspoken[len(unspoken.rstrip()) :]

    def _sentence_steps(self, sentence: Sentence, is_paragraph: bool) -> Iterator[Step]:
        """Yield the steps of a sentence, split at pauses and where the voice or the duration changes."""
        piece = _OpenPiece()
        for split_word in split_long_words(sentence.words):
            events = self._source.events_until(split_word.start)
            word, prosody, part = self._source.prosody_of(split_word)
            last_pause = max((index for index, event in enumerate(events) if isinstance(event, Pause)), default=-1)
            if piece.words and (last_pause >= 0 or part != piece.part):
                yield from self._pieces(piece, is_pause_next=last_pause >= 0)
                piece = _OpenPiece()
            if is_paragraph and last_pause < 0:
                yield Pause(self._pauses.between_paragraphs(prosody))
            is_paragraph = False
            yield from events[: last_pause + 1]
            piece.marks += [
                (event.name, len(piece.words)) for event in events[last_pause + 1 :] if isinstance(event, Mark)
            ]
            piece.words.append(word)
            piece.prosody.append(prosody)
            piece.part = part
        yield from self._pieces(piece, self._source.is_pause_next(sentence.end))

    def _pieces(self, piece: _OpenPiece, is_pause_next: bool) -> Iterator[Piece]:
        """Yield the piece, split where it is too long; the first piece of all is a clause."""
        words = piece.words
        if is_pause_next and not words[-1].mark_after:
            words[-1] = replace(words[-1], mark_after=",")  # the intonation of a word before a pause
        start = 0
        for piece_words in split_words(words, self._is_first):
            end = start + len(piece_words)
            pause_seconds = self._pauses.after(piece_words[-1].mark_after, piece.prosody[end - 1])
            if end == len(words) and is_pause_next:
                pause_seconds = 0.0
            marks = tuple((name, index - start) for name, index in piece.marks if start <= index < end)
            yield Piece(
                words=tuple(piece_words),
                prosody=tuple(piece.prosody[start:end]),
                pause_seconds=pause_seconds,
                voice=piece.part.voice,
                duration=piece.part.duration,
                marks=marks,
                clause_seconds=self._pauses.clause,
            )
            start = end
            self._is_first = False


def _shown_words(words: Sequence[Word], text: str, end: int, is_paragraph: bool) -> Iterator[Word]:
    """Yield the words with what subtitles show: each with the signs around it, from position ``end`` of the text on.

    The first one of a paragraph begins with an empty line.
    """
    shown_end = end + len(_SIGNS.match(text, end)[0]) if end else 0  # type: ignore[index]
    for index, word in enumerate(words):
        if word.end <= shown_end:
            yield replace(word, shown="")
            continue
        before = text[shown_end : max(word.start, shown_end)]
        next_start = next((other.start for other in words[index + 1 :] if other.start >= word.end), len(text))
        after = _SIGNS.match(text, word.end, next_start)
        shown_end = word.end + (len(after[0]) if after else 0)
        space = "\n\n" if is_paragraph and not index else " " if before[:1].isspace() else ""
        lead = " ".join(before.split()) + (" " if before.split() and before[-1:].isspace() else "")
        written = " ".join(word.text.split())
        yield replace(word, shown=f"{space}{lead.lstrip(_LINE_MARKS)}{written}{after[0] if after else ''}")


class _OpenPiece:
    """Words of one part without a pause between them, while they are collected."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.prosody: list[Prosody] = []
        self.marks: list[tuple[str, int]] = []
        self.part = _Part()
