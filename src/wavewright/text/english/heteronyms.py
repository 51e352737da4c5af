"""Pronounce heteronyms by the words around them: by the rules of ``data/heteronym_rules.txt``, or a logistic model.

In the model each word has two readings. The logit of the second one is a sum of weights of features: neighbouring
words, their classes, words near by, and the guesses of :mod:`.context`. Words with a noun and a verb reading have
weights of their own and common ones, which also cover words without training sentences. ``recipes/heteronyms.py``
trains the model.

References
----------
Gorman, Mazovetskiy, Nikolaev: Improving homograph disambiguation with supervised machine learning, LREC 2018.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..tokens import Token
from . import context as classes
from .context import Context, SentenceWords
from .pronounce import phones_of, with_s
from .rules import data_text, rows, word_list

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


NEAR = 8
"""Words before and after a heteronym that are features whatever their order."""

COMMON = "*"
"""Name of the common weights of words with a noun and a verb reading; ``*s`` for their forms in -s."""

WORDS = "words"
"""Kind of a word whose readings are not a noun and a verb; it has weights of its own alone."""

Phones = tuple[str, ...]
Weights = Mapping[str, float]

SUFFIXES = ("'s", "ing", "ed", "ly", "tion", "ment", "ness", "ous", "ful", "ive", "al", "er", "est", "ity", "ss", "us")
CLASSES = {
    "det": classes.ARTICLES,
    "subj": classes.SUBJECTS | classes.SINGULAR_SUBJECTS,
    "obj": classes.OBJECTS,
    "to": frozenset({"to"}),
    "modal": classes.MODALS,
    "be": classes.BE,
    "have": classes.HAVE,
    "prep": classes.PREPOSITIONS,
    "adv": classes.ADVERBS,
    "wh": classes.QUESTION_WORDS,
    "conj": frozenset({"and", "or", "but", "then"}),
    "adj": classes.DETERMINERS,
    "num": word_list("number-words"),
}
"""Classes of frequent words; the first that has a word is its class."""

CLASS_OF = {word: name for name, words in reversed(CLASSES.items()) for word in words}


def word_class(word: str, is_capital: bool) -> str:
    """Return the class of a word: of a frequent word, else its suffix, ``cap`` for a capital, ``^`` for no word."""
    if not word:
        return "^"
    if word in CLASS_OF:
        return CLASS_OF[word]
    suffix = next((suffix for suffix in SUFFIXES if word.endswith(suffix) and len(word) > len(suffix) + 2), "")
    return suffix or ("s" if word.endswith("s") else "cap" if is_capital else "x")


def features(context: Context) -> Iterator[str]:
    """Yield the features of a word in its sentence.

    - ``context``: the word and its sentence.
    - returns: name of a feature, without spaces, such as ``-1=the`` (the word before) or ``1:prep`` (the class of the
      next).
    """
    capitals, index = context.sentence.capitals, context.index
    words = {offset: context.word(offset) for offset in (-3, -2, -1, 1, 2)}
    kinds = {offset: word_class(word, bool(word) and capitals[index + offset]) for offset, word in words.items()}
    yield "bias"
    yield f"capital:{capitals[index]},{context.is_first}"
    yield f"part:{context.part_of_speech}"
    yield f"past:{context.is_past}"
    for offset in (-2, -1, 1, 2):
        yield f"{offset}:{kinds[offset]}"
        if words[offset]:
            yield f"{offset}={words[offset]}"
    yield f"-2,-1:{kinds[-2]},{kinds[-1]}"
    yield f"-1,1:{kinds[-1]},{kinds[1]}"
    yield f"1,2:{kinds[1]},{kinds[2]}"
    yield f"-3,-2,-1:{kinds[-3]},{kinds[-2]},{kinds[-1]}"
    for other in range(max(0, index - NEAR), min(len(context.words), index + NEAR + 1)):
        word = context.words[other]
        if other != index and len(word) > 2 and word not in CLASS_OF:
            yield f"near={word}"


class HeteronymModel:
    """Readings and weights of the words that the model covers.

    - ``table``: rows of ``data/heteronyms.tsv``: word, kind, phones of the first and of the second reading.
    - ``weights``: by word, or ``*`` and ``*s``: features and their weights, separated by spaces. They are parsed at
      their first use.
    """

    def __init__(self, table: list[list[str]], weights: Mapping[str, str]) -> None:
        self.readings: dict[str, tuple[Phones, Phones]] = {}
        self.kinds: dict[str, str] = {}
        for word, kind, first, second in table:
            readings = tuple(first.split()), tuple(second.split())
            self._add(word, kind, *readings)
            if kind != WORDS and f"{word}s" not in self.readings and not word.endswith("s"):
                self._add(f"{word}s", kind, *map(with_s, readings))
        self._lines = weights
        self._weights: dict[str, Weights] = {}

    def _add(self, word: str, kind: str, first: Phones, second: Phones) -> None:
        """Add a word and its readings."""
        self.readings[word], self.kinds[word] = (first, second), kind

    def __contains__(self, word: str) -> bool:
        return word in self.readings

    def score(self, context: Context) -> float:
        """Return the logit of the second reading of a word."""
        word = context.words[context.index]
        names = self.weight_names(word)
        present = [*features(context), f"kind:{self.kinds[word]}"]
        return sum(weights.get(feature, 0.0) for weights in map(self._parsed, names) for feature in present)

    def weight_names(self, word: str) -> list[str]:
        """Return the names of the weights of a word: its own, and the common ones of nouns and verbs."""
        if self.kinds[word] == WORDS:
            return [word]
        return [word, f"{COMMON}s" if word.endswith("s") and not word.endswith("ss") else COMMON]

    def phones(self, context: Context) -> tuple[str, ...]:
        """Return the phones of a word in its sentence."""
        word = context.words[context.index]
        first, second = self.readings[word]
        if self.kinds[word] != WORDS and not word.endswith("s") and context.is_coordinated_verb:
            return second
        return second if self.score(context) > 0 else first

    def _parsed(self, name: str) -> Weights:
        """Return the weights of a name, parsed once."""
        if name not in self._weights:
            fields = self._lines.get(name, "").split()
            self._weights[name] = dict(zip(fields[::2], map(float, fields[1::2]), strict=True))
        return self._weights[name]


@functools.cache
def bundled_model() -> HeteronymModel:
    """Return the model of the package, read once."""
    lines = (line.partition(" ") for line in data_text("heteronym_model.txt").splitlines() if not line.startswith("#"))
    return HeteronymModel(rows("heteronyms", 4), {name: weights for name, _, weights in lines})
