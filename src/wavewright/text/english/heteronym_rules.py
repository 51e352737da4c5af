"""Pronounce heteronyms in their sentence: by the rules of ``data/heteronym_rules.txt``, or by the model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..tokens import Token
from .context import Context, SentenceWords
from .heteronym_model import bundled_model
from .pronounce import phones_of
from .tables import data_text

TAGS = ("noun", "verb", "past", "capital", "first", "end", "before-vowel")
OFFSETS = {"after": (-1,), "before": (1,), "second": (2,), "near": (-1, -2, -3)}


@dataclass(frozen=True)
class Term:
    """A condition: a tag of the word, or words around it; ``is_negated`` inverts it."""

    kind: str
    words: frozenset[str]
    is_negated: bool

    def holds(self, context: Context, starts_with_vowel: Callable[[str], bool]) -> bool:
        """Return True if the condition holds for a word in its sentence."""
        return self._is_met(context, starts_with_vowel) != self.is_negated

    def _is_met(self, context: Context, starts_with_vowel: Callable[[str], bool]) -> bool:
        if self.kind in ("noun", "verb"):
            return context.part_of_speech == self.kind
        if self.kind == "past":
            return context.is_past
        if self.kind == "capital":
            return context.sentence.capitals[context.index]
        if self.kind == "first":
            return context.is_first
        if self.kind == "end":
            return context.word(1) == ""
        if self.kind == "before-vowel":
            return starts_with_vowel(context.word(1))
        if self.kind == "with":
            return context.has_other(self.words)
        return any(context.word(offset) in self.words for offset in OFFSETS[self.kind])


@dataclass(frozen=True)
class ConditionalReading:
    """Phones, and alternatives of conditions, one of which must hold if there are any."""

    phones: tuple[str, ...]
    alternatives: tuple[tuple[Term, ...], ...]


class HeteronymRules:
    """Readings of the words in a table of rules.

    - ``table``: text of the table; ``data/heteronym_rules.txt`` explains the format.

    Raises ValueError if a line is malformed; the message names it.
    """

    def __init__(self, table: str) -> None:
        self.readings: dict[str, list[ConditionalReading]] = {}
        word = ""
        for number, line in enumerate(table.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("word "):
                word = line[5:].strip()
                self.readings[word] = []
            elif line.startswith(" ") and word:
                phones, _, conditions = line.partition(":")
                self.readings[word].append(ConditionalReading(tuple(phones.split()), _alternatives(conditions, number)))
            else:
                raise ValueError(f"Line {number} of the table of heteronyms is neither a word nor a reading: {line!r}.")

    def __contains__(self, word: str) -> bool:
        return word in self.readings

    def phones(self, context: Context, starts_with_vowel: Callable[[str], bool]) -> tuple[str, ...]:
        """Return the phones of a word of the table in its sentence.

        - ``context``: the word and its sentence.
        - ``starts_with_vowel``: return True for a word whose first phone is a vowel.
        - returns: phones of the first reading whose conditions hold.
        """
        readings = self.readings[context.words[context.index]]
        for reading in readings:
            if not reading.alternatives:
                return reading.phones
            if any(all(term.holds(context, starts_with_vowel) for term in terms) for terms in reading.alternatives):
                return reading.phones
        return readings[-1].phones


def _alternatives(conditions: str, number: int) -> tuple[tuple[Term, ...], ...]:
    if not conditions.strip():
        return ()
    return tuple(
        tuple(_term(term.strip(), number) for term in alternative.split("&")) for alternative in conditions.split("|")
    )


def _term(text: str, number: int) -> Term:
    is_negated = text.startswith("not ")
    name, *words = text.removeprefix("not ").split()
    kind = name.rstrip(":")
    if kind not in (*TAGS, *OFFSETS, "with") or bool(words) != (kind not in TAGS):
        raise ValueError(f"Line {number} of the table of heteronyms has the condition {text!r}, which is none.")
    return Term(kind, frozenset(words), is_negated)


@functools.cache
def bundled_rules() -> HeteronymRules:
    """Return the rules of the package, read once."""
    return HeteronymRules(data_text("heteronym_rules.txt"))


def in_context(spoken: Sequence[tuple[Token, int, str]], text: str) -> SentenceWords:
    """Return the words of a sentence as the context of each other.

    - ``spoken``: for each word its token, its number in the token, and the word.
    - ``text``: text that the scanner read.
    """
    return SentenceWords(
        words=[word.lower() for _, _, word in spoken],
        capitals=[text[token.start].isupper() for token, _, _ in spoken],
        marks=[token.mark if number == len(token.words) - 1 else "" for token, number, _ in spoken],
    )


def phones_in_context(context: Context) -> tuple[str, ...]:
    """Pronounce a word in its sentence by the rules of heteronyms, or by their model; nothing if neither has it."""
    word = context.words[context.index]
    if word in bundled_rules():
        return bundled_rules().phones(context, _starts_with_vowel)
    return bundled_model().phones(context) if word in bundled_model() else ()


def _starts_with_vowel(word: str) -> bool:
    return bool(word) and phones_of(word)[:1] != () and phones_of(word)[0][-1].isdigit()
