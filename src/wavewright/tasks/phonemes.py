"""Show how a text is spoken: its words and phones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..errors import BadText
from ..text import front_end, ssml
from ..text.characters import Characters
from ..text.lexicon import Lexicon
from ..text.markup import Markup, MarkupReader
from ..text.sentence import Word
from ..text.skipped import Skipped, warn_of
from . import checked


@dataclass(frozen=True)
class SpokenWord:
    """A word as it is spoken; ``start`` and ``end`` are its place in the text."""

    text: str
    spoken: str
    phones: tuple[str, ...]
    start: int
    end: int
    mark_after: str


@dataclass(frozen=True)
class SpokenSentence:
    """The words of a sentence, and the symbols that an acoustic model reads."""

    words: tuple[SpokenWord, ...]
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Phonemes:
    """How a text is spoken, sentence by sentence.

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
    text: Annotated[str, Field(description="Text, or SSML that begins with <speak>.")],
    language: Annotated[
        str, Field(description="Language: en, en-GB, or espeak: and a language of eSpeak NG where that is installed.")
    ] = "en",
    lexicon: Annotated[
        Path | None, Field(description="Lexicon of your own: a word, then its phones, one word a line.")
    ] = None,
    markup: Annotated[Markup, Field(description="Markup of the text, which is not spoken.")] = "none",
    strict: Annotated[
        bool, Field(description="Refuse a text with letters that cannot be read, instead of skipping them.")
    ] = False,
) -> Phonemes:
    """Show how a text is spoken: its words and their phones.

    Words that cannot be read, such as those of another script, are skipped with a SkippedText warning, or refused with
    ``strict``. Raises BadText where nothing in it can be spoken, or the SSML or lexicon cannot be understood;
    BadSetting where the lexicon cannot be read or the language is not known; MissingExtra where a language needs eSpeak
    NG.
    """
    reader = front_end(language)
    own = None if lexicon is None else Lexicon.read(lexicon, reader.symbols)
    is_ssml = markup == "none" and ssml.looks_like_ssml(text)
    read = ssml.parse(text, reader).text if is_ssml else text
    if not read.strip():
        raise BadText("There is nothing to speak in the text; give words or numbers.")
    plain, skipped = MarkupReader(markup).read(read), list[Skipped]()
    found = reader.sentences(plain.text, own, None if strict else skipped.append)
    skipped = [Skipped(passage.text, *_place(plain, passage), passage.reason) for passage in skipped]
    warn_of(skipped)
    sentences = tuple(
        SpokenSentence(
            tuple(SpokenWord(w.text, w.spoken, w.phones, *_place(plain, w), w.mark_after) for w in sentence.words),
            sentence.symbols,
        )
        for sentence in found
    )
    return Phonemes(reader.language, read, sentences, tuple(skipped))


def _place(plain: Characters, found: Word | Skipped) -> tuple[int, int]:
    """Return start and end in the given text of a word or passage of the text without markup."""
    return plain.position(found.start), plain.position(max(found.start, found.end - 1)) + 1
