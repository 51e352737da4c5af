"""Words that are written alike and spoken differently: the table in ``data/heteronyms.txt``, and its conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .context import Context

TAGS = ("noun", "verb", "past", "capital", "first", "end", "before-vowel")
OFFSETS = {"after": (-1,), "before": (1,), "second": (2,), "near": (-1, -2, -3)}


@dataclass(frozen=True)
class Term:
    """One condition: a tag, or words that must stand somewhere; turned around where it is negated."""

    kind: str
    words: frozenset[str]
    is_negated: bool

    def holds(self, context: Context, starts_with_vowel: Callable[[str], bool]) -> bool:
        return self._is_so(context, starts_with_vowel) != self.is_negated

    def _is_so(self, context: Context, starts_with_vowel: Callable[[str], bool]) -> bool:
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
class Reading:
    """Phones, and the alternatives of which one must hold; without any it always does."""

    phones: tuple[str, ...]
    alternatives: tuple[tuple[Term, ...], ...]


class Heteronyms:
    """The readings of every word in the table."""

    def __init__(self, table: str) -> None:
        """``table`` is the text of the table; raises ValueError, with the line, where it cannot be understood."""
        self.readings: dict[str, list[Reading]] = {}
        word = ""
        for number, line in enumerate(table.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("word "):
                word = line[5:].strip()
                self.readings[word] = []
            elif line.startswith(("noun-verb ", "verb-noun ")):
                self._add_pair(line)
            elif line.startswith(" ") and word:
                phones, _, conditions = line.partition(":")
                self.readings[word].append(Reading(tuple(phones.split()), _alternatives(conditions, number)))
            else:
                raise ValueError(f"Line {number} of the table of heteronyms is neither a word nor a reading: {line!r}.")

    def __contains__(self, word: str) -> bool:
        return word in self.readings

    def phones(self, context: Context, starts_with_vowel: Callable[[str], bool]) -> tuple[str, ...]:
        """The phones of a word of the table in its place."""
        readings = self.readings[context.words[context.index]]
        for reading in readings:
            if not reading.alternatives:
                return reading.phones
            if any(all(term.holds(context, starts_with_vowel) for term in terms) for terms in reading.alternatives):
                return reading.phones
        return readings[-1].phones

    def _add_pair(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        word, _, sounds = rest.partition(":")
        noun, verb = (tuple(sound.split()) for sound in sounds.split("/"))
        for written, as_noun, as_verb in ((word, noun, verb), (f"{word}s", _with_s(noun), _with_s(verb))):
            first, last = (as_verb, as_noun) if kind == "noun-verb" else (as_noun, as_verb)
            condition = Term("verb" if kind == "noun-verb" else "noun", frozenset(), False)
            self.readings.setdefault(written, [Reading(first, ((condition,),)), Reading(last, ())])


def _alternatives(conditions: str, number: int) -> tuple[tuple[Term, ...], ...]:
    if not conditions.strip():
        return ()
    return tuple(tuple(_term(term.strip(), number) for term in part.split("&")) for part in conditions.split("|"))


def _term(text: str, number: int) -> Term:
    is_negated = text.startswith("not ")
    name, *words = text.removeprefix("not ").split()
    kind = name.rstrip(":")
    if kind not in (*TAGS, *OFFSETS, "with") or bool(words) != (kind not in TAGS):
        raise ValueError(f"Line {number} of the table of heteronyms has the condition {text!r}, which is none.")
    return Term(kind, frozenset(words), is_negated)


def _with_s(phones: Sequence[str]) -> tuple[str, ...]:
    from .pronounce import with_s

    return with_s(tuple(phones))
