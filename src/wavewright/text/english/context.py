"""Guesses from the words around whether a word is a verb or a noun, and whether a sentence tells of the past."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .numbers import word_set

DETERMINERS = word_set(
    "the a an this these those my your his her its our their some any no every each another which what whose that both all several "
    "many few more most other such one two three four five six seven eight nine ten new old first second third last next good bad "
    "great big small little large own same whole long short high low strange strong poor fresh local former current recent early "
    "late public private single double simple full final main major minor daily annual"
)
ARTICLES = word_set("the a an this these those my your his her its our their some any no every each another that")
OBJECTS = word_set("me us him them it you her myself yourself himself herself itself ourselves themselves")
SUBJECTS = word_set("i you we they who")
THIRD = word_set("he she it everyone everybody nobody someone somebody anyone")
MODALS = word_set(
    "will would can could shall should may might must do does did don't doesn't didn't won't wouldn't can't cannot couldn't shouldn't "
    "shan't mustn't needn't let's lets please to i'll you'll we'll they'll he'll she'll it'll i'd you'd we'd they'd help gonna wanna "
    "ll"
)
ASKING = word_set(
    "will would can could shall should may might must do does did don't doesn't didn't won't wouldn't can't couldn't shouldn't mustn't"
)
"""What stands before the subject of a question."""
QUESTION_WORDS = word_set("what who whom whose which when where why how")
PRONOUNS = word_set(
    "i you we they he she it this that these those one anyone anybody everyone everybody someone somebody nobody anything everything"
)
BY_PRONOUNS = word_set("here there ever really all both else first actually even also never always still just often")
LATER = word_set("again now today tomorrow too soon well much")
INDEFINITE = word_set("everything anything something nothing everyone anyone each both whatever what how")
BE = word_set(
    "is are was were be been being am isn't aren't wasn't weren't i'm you're we're they're he's she's it's that's"
)
HAVE = word_set("have has had having haven't hasn't hadn't i've you've we've they've")
PREPOSITIONS = word_set(
    "of in on at for with by from into onto upon about over under through between against during without within across behind beyond "
    "as like than per via toward towards after before near among along off out until since because"
)
ADVERBS = word_set(
    "never always often sometimes usually also still just even ever rarely seldom soon again now then not only"
)
NOUNLIKE_TO = word_set(
    "according due thanks access next close addition contrary prior related similar up back used key answer"
)
CAUSATIVE = word_set("let make made makes help helped watch watched see saw hear heard have had")
ADJUNCTS = word_set(
    "sports sales arms goods customs systems savings futures earnings operations economics politics athletics human rights"
)
VERB_LIKE = word_set(
    "fell fall falls rose rise rises grew grow grows shrank sank sink show shows say says tell told went go came come stood stand sat sit "
    "lay lie began begin broke break hurt help matter did make made took take got get ran run lost won hit beat seem look mean need "
    "want remain stay became become exist continue drop jump soar double alone today here there now too abroad again who which"
)
"""What may be the verb of a noun before it."""
KEEPING = word_set("keep keeps kept keeping make makes made making consider leave leaves left hold held get gets")
PAST_WORDS = word_set(
    "yesterday ago once earlier previously was were had went said came took left saw got made told gave found thought knew felt sat "
    "stood ran began wrote put fell slept spoke broke lay laid kept held heard met paid sent brought bought taught caught already "
    "last did"
)
PRESENT_WORDS = word_set("every often always usually tomorrow today sometimes daily now never")
PLURALS = word_set("people men women children police teeth feet geese mice")
NOT_PLURALS = word_set(
    "is was has this its his does us yes as across less unless always perhaps thus plus news gas bus class makes gives takes needs wants gets goes says sees keeps becomes seems looks shows "
    "plays lets tells puts"
)
ENDS = frozenset({""})


@dataclass(frozen=True)
class Spoken:
    """The words of a sentence in lower case, whether each was written with a capital, the marks behind each."""

    words: Sequence[str]
    capitals: Sequence[bool]
    marks: Sequence[str]

    @functools.cached_property
    def counts(self) -> Counter[str]:
        """How often each word stands there: counted once, that a long sentence takes no more time for each word."""
        return Counter(self.words)

    @functools.cached_property
    def n_past_forms(self) -> int:
        """How many words have the ending of a past form."""
        return sum(number for word, number in self.counts.items() if _is_past_form(word))


@dataclass(frozen=True)
class Context:
    """A word of a sentence in its place."""

    spoken: Spoken
    place: int

    @property
    def words(self) -> Sequence[str]:
        """All words of the sentence."""
        return self.spoken.words

    def has_other(self, words: frozenset[str]) -> bool:
        """Whether one of these words stands at another place of the sentence."""
        counts, own = self.spoken.counts, self.words[self.place]
        return any(counts[word] > (word == own) for word in words)

    def word(self, offset: int) -> str:
        """The word so many places away; empty beyond the sentence, and where a pause stands between."""
        place = self.place + offset
        if not 0 <= place < len(self.words) or any(self.spoken.marks[min(place, self.place) : max(place, self.place)]):
            return ""
        return self.words[place]

    @property
    def is_first(self) -> bool:
        """Whether no word stands before it in its clause."""
        return self.word(-1) == ""

    @property
    def part(self) -> str:
        """``verb``, ``noun`` (adjectives too), or nothing where the words around do not tell."""
        if self.words[self.place].endswith("s") and not self.words[self.place].endswith("ss"):
            return self._part_of_s_form()
        before, after = self.word(-1), self.word(1)
        if before in ADVERBS or before.endswith("ly"):
            return self._behind_adverb(self.word(-2), before)
        if before == "to":
            return "noun" if self.word(-2) in NOUNLIKE_TO and after not in ARTICLES else "verb"
        if before in MODALS | SUBJECTS | THIRD:
            return "verb"
        if before in OBJECTS and self.word(-2) in CAUSATIVE:
            return "verb"
        if before in DETERMINERS or before.endswith("'s") or before in PREPOSITIONS or before in BE | HAVE:
            return "noun"
        if self._asks() and (after == "" or after in ARTICLES | OBJECTS | PREPOSITIONS | INDEFINITE | LATER):
            return "verb"
        if before in ("", "and", "or", "but", "then"):
            takes_object = after in ARTICLES | OBJECTS | INDEFINITE
            return "verb" if takes_object else "noun" if after in BE | HAVE | MODALS - {"to", "help"} else ""
        return self._behind_noun(before, after)

    def _asks(self) -> bool:
        """``did the teacher record``: an auxiliary before the subject, and nothing but the subject between."""
        between: list[str] = []
        for offset in range(-1, -9, -1):
            word = self.word(offset)
            if word == "" or word in ASKING:
                break
            between.insert(0, word)
        if not between or word not in ASKING or not self._is_inverted(offset):
            return False
        subject, *others = between
        if subject in PRONOUNS and not (others and subject in ARTICLES and others[0] not in BY_PRONOUNS):
            return all(other in ADVERBS | BY_PRONOUNS or other.endswith("ly") for other in others)
        begins_again = any(
            word in ARTICLES and before not in PREPOSITIONS | {"and", "or"}
            for before, word in zip(between, others, strict=False)
        )
        is_clause = any(other in PRONOUNS | QUESTION_WORDS | BE | HAVE or _is_past_form(other) for other in others)
        return not begins_again and not is_clause

    def _is_inverted(self, offset: int) -> bool:
        """Whether the auxiliary there stands before its subject: at the start of its clause, or behind what is asked for."""
        before = self.word(offset - 1)
        if before in {"", "and", "but", "so", "or"} | QUESTION_WORDS:
            return True
        starts = [self.word(earlier) for earlier in range(offset - 1, offset - 6, -1)]
        return before not in SUBJECTS | THIRD and bool({*starts} & QUESTION_WORDS)

    def _behind_adverb(self, earlier: str, adverb: str) -> str:
        if adverb == "not":
            return "verb" if earlier in MODALS else "noun"
        if earlier in MODALS | SUBJECTS | THIRD or earlier == "" or earlier in HAVE:
            return "verb" if earlier or self.word(1) in ARTICLES | OBJECTS else ""
        return "noun" if earlier in ARTICLES | BE else "verb" if _is_plural(earlier) else ""

    def _behind_noun(self, before: str, after: str) -> str:
        if self.word(-2) in ("a", "an"):
            return "noun"
        is_subject = _is_plural(before) and after not in BE | HAVE | MODALS - {"to", "please", "help"}
        is_bare = self.word(-2) == "" and (after == "" or after in PREPOSITIONS)
        is_subject = is_subject and (before not in ADJUNCTS or is_bare or after in ARTICLES | OBJECTS)
        if self.word(-2) in ARTICLES and self.word(-3) in PREPOSITIONS and _is_plural(self.word(-4)):
            is_subject = is_subject or after == "to" or after in ARTICLES | OBJECTS
        is_kept = bool(KEEPING & {self.word(-2), self.word(-3)})
        return "verb" if is_subject and not is_kept else "noun"

    def _part_of_s_form(self) -> str:
        before, after = self.word(-1), self.word(1)
        if before in THIRD | {"who", "which"} or (before in ADVERBS and self.word(-2) in THIRD):
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
        """``The firm exports cars``: a clause begins with a single noun, and a noun that is no verb stands behind."""
        before, after = self.word(-1), self.word(1)
        is_subject = (self.word(-2) in ARTICLES and self.word(-3) == "") or self.word(-2) == ""
        if not is_subject or not before or not after or before in ADVERBS or _is_plural(before):
            return False
        if after in VERB_LIKE | BE | HAVE | MODALS | PREPOSITIONS | ADVERBS | {"and", "or"} or after.endswith(
            ("ed", "ly")
        ):
            return False
        return _is_plural(after) or self.word(2) == "" or self.word(2) in PREPOSITIONS

    @property
    def is_past(self) -> bool:
        """Whether a verb here that looks alike in the present and the past is in the past, or a participle."""
        before, near = self.word(-1), [self.word(-1), self.word(-2), self.word(-3)]
        if any(word in HAVE | BE for word in near[:2]) or (near[2] in HAVE and near[0] not in MODALS):
            return True
        if self._asks():
            return False
        if before in ("well", "widely") or before in THIRD:
            return True
        if before in MODALS or self.is_first or (before in OBJECTS and self.word(-2) in CAUSATIVE):
            return False
        is_one = not _is_plural(before) and before not in SUBJECTS | ADVERBS | DETERMINERS | PREPOSITIONS | {
            "and",
            "or",
        }
        if is_one and self.word(-2) in ARTICLES and self.word(-3) not in CAUSATIVE:
            return True  # in the present it would be ``reads``
        tells_of_past = self.has_other(PAST_WORDS)
        if self.has_other(PRESENT_WORDS) and not tells_of_past:
            return False
        if tells_of_past or self.spoken.n_past_forms > _is_past_form(self.words[self.place]):
            return True
        return before not in SUBJECTS | ADVERBS | DETERMINERS | {"and", "or"} and not _is_plural(before)


def _is_past_form(word: str) -> bool:
    return word.endswith("ed") and len(word) > 4


def _is_plural(word: str) -> bool:
    return word in PLURALS or (
        word.endswith("s") and not word.endswith(("ss", "'s", "us", "is")) and word not in NOT_PLURALS
    )
