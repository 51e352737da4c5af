"""Guess the part of speech and the tense of a word from the words around it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .rules import word_list

DETERMINERS = word_list("determiners")
ARTICLES = word_list("articles")
OBJECTS = word_list("objects")
SUBJECTS = word_list("subjects")
SINGULAR_SUBJECTS = word_list("singular-subjects")
MODALS = word_list("modals")
AUXILIARIES = word_list("auxiliaries")
QUESTION_WORDS = word_list("question-words")
PRONOUNS = word_list("pronouns")
SUBJECT_ADVERBS = word_list("subject-adverbs")
TIME_ADVERBS = word_list("time-adverbs")
INDEFINITE_PRONOUNS = word_list("indefinite-pronouns")
BE = word_list("be")
HAVE = word_list("have")
PREPOSITIONS = word_list("prepositions")
ADVERBS = word_list("adverbs")
NOUNS_BEFORE_TO = word_list("nouns-before-to")
CAUSATIVES = word_list("causatives")
PLURAL_MODIFIERS = word_list("plural-modifiers")
FREQUENT_VERBS = word_list("frequent-verbs")
KEEPING_VERBS = word_list("keeping-verbs")
PAST_WORDS = word_list("past-words")
PRESENT_WORDS = word_list("present-words")
PLAIN_VERBS = word_list("plain-verbs")
COMPLEMENTS = word_list("verb-complements")
DEFINITE_OBJECTS = word_list("definite-objects")
CLAUSE_STARTS = word_list("clause-starts")
IRREGULAR_PLURALS = word_list("irregular-plurals")
SINGULAR_S = word_list("singular-s")


@dataclass(frozen=True)
class SentenceWords:
    """The words of a sentence.

    - ``words``: words in lower case.
    - ``capitals``: true for words that start with a capital.
    - ``marks``: punctuation after each word, or empty.
    """

    words: Sequence[str]
    capitals: Sequence[bool]
    marks: Sequence[str]

    @functools.cached_property
    def counts(self) -> Counter[str]:
        """Number of occurrences of each word, counted once for the sentence."""
        return Counter(self.words)

    @functools.cached_property
    def n_past_forms(self) -> int:
        """Number of words with the ending of a past form."""
        return sum(number for word, number in self.counts.items() if _is_past_form(word))


@dataclass(frozen=True)
class Context:
    """A word of a sentence, by its index."""

    sentence: SentenceWords
    index: int

    @property
    def words(self) -> Sequence[str]:
        """All words of the sentence."""
        return self.sentence.words

    def has_other(self, words: frozenset[str]) -> bool:
        """Return True if one of these words is elsewhere in the sentence."""
        counts, own = self.sentence.counts, self.words[self.index]
        return any(counts[word] > (word == own) for word in words)

    def word(self, offset: int) -> str:
        """Return the word ``offset`` words away; empty outside the sentence and across a pause."""
        index = self.index + offset
        if not 0 <= index < len(self.words) or any(
            self.sentence.marks[min(index, self.index) : max(index, self.index)]
        ):
            return ""
        return self.words[index]

    @property
    def is_first(self) -> bool:
        """True if no word is before it in its clause."""
        return self.word(-1) == ""

    @property
    def is_coordinated_verb(self) -> bool:
        """True after a verb in its plain form and ``and``: ``expand when heated and contract``."""
        if self.word(-1) not in ("and", "or", "then") or self.word(1) in BE | HAVE | MODALS - {"to", "help"}:
            return False
        for offset in range(-2, -7, -1):
            word = self.word(offset)
            if word in PLAIN_VERBS:
                return self.word(offset - 1) not in ARTICLES
            is_after_preposition = word != "" and self.word(offset - 1) in PREPOSITIONS
            is_between = (
                is_after_preposition
                or word in COMPLEMENTS | PREPOSITIONS | ADVERBS | OBJECTS
                or word.endswith(("ly", "ed"))
            )
            if not is_between:
                return False
        return False

    @property
    def part_of_speech(self) -> str:
        """``verb``, ``noun`` (for adjectives too), or empty if the words around do not decide."""
        if self.words[self.index].endswith("s") and not self.words[self.index].endswith("ss"):
            return self._word_class_of_s_form()
        before, after = self.word(-1), self.word(1)
        if before in ADVERBS or before.endswith("ly"):
            return self._after_adverb(self.word(-2), before)
        if before == "to":
            return "noun" if self.word(-2) in NOUNS_BEFORE_TO and after not in ARTICLES else "verb"
        if before in MODALS | SUBJECTS | SINGULAR_SUBJECTS:
            return "verb"
        if before in OBJECTS and self.word(-2) in CAUSATIVES:
            return "verb"
        if before in DETERMINERS or before.endswith("'s") or before in PREPOSITIONS or before in BE | HAVE:
            return "noun"
        if self._asks() and (
            after == "" or after in ARTICLES | OBJECTS | PREPOSITIONS | INDEFINITE_PRONOUNS | TIME_ADVERBS
        ):
            return "verb"
        if before in ("", "and", "or", "but", "then"):
            has_object = after in ARTICLES | OBJECTS | INDEFINITE_PRONOUNS
            return "verb" if has_object else "noun" if after in BE | HAVE | MODALS - {"to", "help"} else ""
        return self._after_noun(before, after)

    def _asks(self) -> bool:
        """Return True for ``did the teacher record``: only the subject is between an auxiliary and the word."""
        between: list[str] = []
        for offset in range(-1, -9, -1):
            word = self.word(offset)
            if word == "" or word in AUXILIARIES:
                break
            between.insert(0, word)
        if not between or word not in AUXILIARIES or not self._is_inverted(offset):
            return False
        subject, *others = between
        if subject in PRONOUNS and not (others and subject in ARTICLES and others[0] not in SUBJECT_ADVERBS):
            return all(other in ADVERBS | SUBJECT_ADVERBS or other.endswith("ly") for other in others)
        has_second_subject = any(
            word in ARTICLES and before not in PREPOSITIONS | {"and", "or"}
            for before, word in zip(between, others, strict=False)
        )
        is_clause = any(other in PRONOUNS | QUESTION_WORDS | BE | HAVE or _is_past_form(other) for other in others)
        return not has_second_subject and not is_clause

    def _is_inverted(self, offset: int) -> bool:
        """Return True if an auxiliary is before its subject: at the start of a clause, or after a question word."""
        before = self.word(offset - 1)
        if before in {"", "and", "but", "so", "or"} | QUESTION_WORDS:
            return True
        starts = [self.word(earlier) for earlier in range(offset - 1, offset - 6, -1)]
        return before not in SUBJECTS | SINGULAR_SUBJECTS and bool({*starts} & QUESTION_WORDS)

    def _after_adverb(self, earlier: str, adverb: str) -> str:
        """Return the part of speech after an adverb."""
        if adverb == "not":
            return "verb" if earlier in MODALS else "noun"
        if earlier in MODALS | SUBJECTS | SINGULAR_SUBJECTS or earlier == "" or earlier in HAVE:
            return "verb" if earlier or self.word(1) in ARTICLES | OBJECTS else ""
        return "noun" if earlier in ARTICLES | BE else "verb" if _is_plural(earlier) else ""

    def _after_noun(self, before: str, after: str) -> str:
        """Return the part of speech after a noun: a verb after a plural that can be its subject, else a noun."""
        if self.word(-2) in ("a", "an"):
            return "noun"
        is_subject = _is_plural(before) and after not in BE | HAVE | MODALS - {"to", "please", "help"}
        is_bare = self.word(-2) == "" and (after == "" or after in PREPOSITIONS)
        is_subject = is_subject and (before not in PLURAL_MODIFIERS or is_bare or after in ARTICLES | OBJECTS)
        if self.word(-2) in ARTICLES and self.word(-3) in PREPOSITIONS and _is_plural(self.word(-4)):
            is_subject = is_subject or after == "to" or after in ARTICLES | OBJECTS
        is_complement = bool(KEEPING_VERBS & {self.word(-2), self.word(-3)})
        return "verb" if is_subject and not is_complement else "noun"

    def _word_class_of_s_form(self) -> str:
        """Return the part of speech of a word in -s: a plural noun or a third person."""
        before, after = self.word(-1), self.word(1)
        if before in SINGULAR_SUBJECTS | {"who", "which"} or (before in ADVERBS and self.word(-2) in SINGULAR_SUBJECTS):
            return "verb"
        if (
            before in DETERMINERS
            or before in PREPOSITIONS
            or before.endswith("'s")
            or before in BE | HAVE | MODALS | {"to"}
        ):
            return "noun"
        if self._has_subject_and_object():
            return "verb"
        if before and not _is_plural(before) and after in ARTICLES | OBJECTS | {"that"} and before not in ("and", "or"):
            return "verb"
        return "noun"

    def _has_subject_and_object(self) -> bool:
        """Return True for ``The firm exports cars``: a singular noun opens the clause, and a noun follows."""
        before, after = self.word(-1), self.word(1)
        is_subject = (self.word(-2) in ARTICLES and self.word(-3) == "") or self.word(-2) == ""
        if not is_subject or not before or not after or before in ADVERBS or _is_plural(before):
            return False
        if after in FREQUENT_VERBS | BE | HAVE | MODALS | PREPOSITIONS | ADVERBS | {"and", "or"} or after.endswith(
            ("ed", "ly")
        ):
            return False
        return _is_plural(after) or self.word(2) == "" or self.word(2) in PREPOSITIONS

    @property
    def is_past(self) -> bool:
        """True if a verb with the same form in present and past is in the past, or is a participle."""
        before, near = self.word(-1), [self.word(-1), self.word(-2), self.word(-3)]
        if any(word in HAVE | BE for word in near[:2]) or (near[2] in HAVE and near[0] not in MODALS):
            return True
        if self._asks():
            return False
        if before in ("well", "widely") or before in SINGULAR_SUBJECTS:
            return True
        if before in MODALS or self.is_first or (before in OBJECTS and self.word(-2) in CAUSATIVES):
            return False
        is_one = not _is_plural(before) and before not in SUBJECTS | ADVERBS | DETERMINERS | PREPOSITIONS | {
            "and",
            "or",
        }
        if is_one and self.word(-2) in ARTICLES and self.word(-3) not in CAUSATIVES:
            return True  # in the present it would be ``reads``
        is_in_past = self.has_other(PAST_WORDS)
        if self.has_other(PRESENT_WORDS) and not is_in_past:
            return False
        if is_in_past or self.sentence.n_past_forms > _is_past_form(self.words[self.index]):
            return True
        if before in SUBJECTS and self.word(1) in DEFINITE_OBJECTS and self.word(-2) not in CLAUSE_STARTS:
            return True  # one text, once: ``I read your email``
        return before not in SUBJECTS | ADVERBS | DETERMINERS | {"and", "or"} and not _is_plural(before)


def _is_past_form(word: str) -> bool:
    return word.endswith("ed") and len(word) > 4


def _is_plural(word: str) -> bool:
    return word in IRREGULAR_PLURALS or (
        word.endswith("s") and not word.endswith(("ss", "'s", "us", "is")) and word not in SINGULAR_S
    )
