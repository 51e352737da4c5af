"""A logistic model of the pronunciation of heteronyms, by the words around them.

Each word has two readings. The logit of the second one is a sum of weights of features: neighbouring words, their
classes, words near by, and the guesses of :mod:`.context`. Words with a noun and a verb reading have weights of their
own and common ones, which also cover words without training sentences. ``recipes/heteronyms.py`` trains the model.

References
----------
Gorman, Mazovetskiy, Nikolaev: Improving homograph disambiguation with supervised machine learning, LREC 2018.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from . import context as classes
from .context import Context
from .pronounce import with_s
from .tables import data_text, rows, word_list

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
