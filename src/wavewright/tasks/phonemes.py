"""Convert a text to words and phones."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import Field

from ..base.errors import BadText
from ..base.parameters import FREE_TEXT, LexiconPath, StrictReading, TextMarkup
from ..base.result import Result
from ..base.task_parameters import checked
from ..text import KNOWN_LANGUAGES, FrontEnd, front_end, ssml
from ..text.characters import Characters
from ..text.lexicon_file import read_lexicon
from ..text.markup import MarkupReader
from ..text.sentence import Word
from ..text.skipped import Skipped, warn_of
from ..text.standard_input import MAX_LINE_BYTES, read_text


@dataclass(frozen=True)
class SpokenWord:
    """A word and its phones.

    ``text`` is the word as written, from character ``start`` to before ``end`` of the text; ``spoken`` is the word that
    is read; ``mark_after`` is the punctuation symbol after it.
    """

    text: str
    spoken: str
    phones: tuple[str, ...]
    start: int
    end: int
    mark_after: str


@dataclass(frozen=True)
class SpokenSentence:
    """The words of a sentence, and its input symbols for an acoustic model."""

    words: tuple[SpokenWord, ...]
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Phonemes(Result):
    """Words and phones of a text, sentence by sentence.

    ``text`` is the text that was read, without SSML tags. ``skipped`` are the passages that could not be read.
    """

    language: str
    text: str
    sentences: tuple[SpokenSentence, ...]
    skipped: tuple[Skipped, ...] = ()

    def __str__(self) -> str:
        blocks = []
        for sentence in self.sentences:
            width = max(len(word.spoken) + len(word.mark_after) for word in sentence.words)
            lines = [f"{word.spoken + word.mark_after:{width}}  {' '.join(word.phones)}" for word in sentence.words]
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)


@checked
def phonemes(
    text: Annotated[str, Field(description="Text, or SSML that begins with <speak>; - for standard input."), FREE_TEXT],
    language: Annotated[
        str,
        Field(description=f"Language: {KNOWN_LANGUAGES}, or espeak: and one of eSpeak NG, if installed."),
    ] = "en",
    lexicon: LexiconPath = None,
    markup: TextMarkup = "none",
    strict: StrictReading = False,
) -> Phonemes:
    """Show the words and phones with which a text is spoken.

    Words that cannot be read, such as those of another script, are skipped with a SkippedText warning.

    Raises BadText if nothing in the text can be spoken, the SSML or the lexicon is invalid, or `strict` is set and a
    word cannot be read; BadSetting if the lexicon cannot be read, or the language is unknown; MissingExtra if the
    language needs eSpeak NG, which is not installed.

    Returns
    -------
    Phonemes
        The words and phones, sentence by sentence.
    """
    if text == "-":
        text = read_text(sys.stdin.buffer, MAX_LINE_BYTES, "split it")
    reader = front_end(language)
    user_lexicon = None if lexicon is None else read_lexicon(lexicon, reader.language)
    is_ssml = markup == "none" and ssml.looks_like_ssml(text)
    document = ssml.parse(text, reader, partial(_resolve, reader)) if is_ssml else None
    source = text if document is None else document.text
    if not source.strip():
        raise BadText("There is nothing to speak in the text; give words or numbers.")
    plain = MarkupReader(markup).read(source)
    skipped: list[Skipped] = []
    read = partial(document.sentences, reader) if document else partial(reader.stream, plain.text)
    read_sentences = list(read(lexicon=user_lexicon, on_skip=None if strict else skipped.append))
    skipped = [Skipped(passage.text, *_source_span(plain, passage), passage.reason) for passage in skipped]
    warn_of(skipped)
    sentences = tuple(
        SpokenSentence(tuple(_spoken_word(plain, word) for word in sentence.words), sentence.symbols)
        for sentence in read_sentences
    )
    return Phonemes(reader.language, source, sentences, tuple(skipped))


def _resolve(reader: FrontEnd, voice: str | None, language: str | None) -> tuple[FrontEnd, str | None]:
    return (reader if language is None else front_end(language)), voice


def _spoken_word(plain: Characters, word: Word) -> SpokenWord:
    start, end = _source_span(plain, word)
    return SpokenWord(word.text, word.spoken, word.phones, start, end, word.mark_after)


def _source_span(plain: Characters, passage: Word | Skipped) -> tuple[int, int]:
    """Return start and end, in the text with its markup, of a word or passage of the text without markup."""
    return plain.position(passage.start), plain.position(max(passage.start, passage.end - 1)) + 1
