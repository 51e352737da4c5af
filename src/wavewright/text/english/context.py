"""Guesses from the words around whether a word is a verb or a noun, and whether a sentence tells of the past."""

from __future__ import annotations

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
BE = word_set("is are was were be been being am isn't aren't wasn't weren't i'm you're we're they're he's she's it's that's")
HAVE = word_set("have has had having haven't hasn't hadn't i've you've we've they've")
PREPOSITIONS = word_set(
    "of in on at for with by from into onto upon about over under through between against during without within across behind beyond "
    "as like than per via toward towards after before near among along off out until since because"
)
ADVERBS = word_set("never always often sometimes usually also still just even ever rarely seldom soon again now then not only")
NOUNLIKE_TO = word_set("according due thanks access next close addition contrary prior related similar up back used key answer")
CAUSATIVE = word_set("let make made makes help helped watch watched see saw hear heard have had")
ADJUNCTS = word_set(
    "sports sales arms goods customs systems savings futures earnings operations economics politics athletics human rights"
)
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
class Context:
    """A word of a sentence in its place: words in lower case, whether each was written with a capital, the marks behind each."""

    words: Sequence[str]
    capitals: Sequence[bool]
    marks: Sequence[str]
    place: int

    def word(self, offset: int) -> str:
        """The word so many places away; empty beyond the sentence, and where a pause stands between."""
        place = self.place + offset
        if not 0 <= place < len(self.words) or any(self.marks[min(place, self.place) : max(place, self.place)]):
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
        if before in ("", "and", "or", "but", "then"):
            takes_object = after in ARTICLES | OBJECTS
            return "verb" if takes_object else "noun" if after in BE | HAVE | MODALS - {"to", "help"} else ""
        return self._behind_noun(before, after)

    def _asks(self) -> bool:
        """``did he record``: an auxiliary before the subject."""
        return self.word(-2) in MODALS - {"to", "please"}

    def _behind_adverb(self, earlier: str, adverb: str) -> str:
        if adverb == "not":
            return "verb" if earlier in MODALS else "noun"
        if earlier in MODALS | SUBJECTS | THIRD or earlier == "" or earlier in HAVE:
            return "verb" if earlier or self.word(1) in ARTICLES | OBJECTS else ""
        return "noun" if earlier in ARTICLES | BE else "verb" if _is_plural(earlier) else ""

    def _behind_noun(self, before: str, after: str) -> str:
        is_subject = _is_plural(before) and after not in BE | HAVE | MODALS - {"to", "please", "help"}
        is_subject = is_subject and (before not in ADJUNCTS or after in ARTICLES | OBJECTS)
        is_kept = bool(KEEPING & {self.word(-2), self.word(-3)})
        return "verb" if is_subject and not is_kept else "noun"

    def _part_of_s_form(self) -> str:
        before, after = self.word(-1), self.word(1)
        if before in THIRD | {"who", "which"} or (before in ADVERBS and self.word(-2) in THIRD):
            return "verb"
        if before in DETERMINERS or before in PREPOSITIONS or before.endswith("'s") or before in BE | HAVE | MODALS | {"to"}:
            return "noun"
        if before and not _is_plural(before) and after in ARTICLES | OBJECTS | {"that"} and before not in ("and", "or"):
            return "verb"
        return "noun"

    @property
    def is_past(self) -> bool:
        """Whether a verb here that looks alike in the present and the past is in the past, or a participle."""
        before, near = self.word(-1), [self.word(-1), self.word(-2), self.word(-3)]
        if any(word in HAVE | BE for word in near[:2]) or (near[2] in HAVE and near[0] not in MODALS):
            return True
        if before in ("well", "widely") or (before in THIRD and not self._asks()):
            return True
        if self.word(-1) in MODALS or self.is_first:
            return False
        others = [word for place, word in enumerate(self.words) if place != self.place]
        if PRESENT_WORDS & {*others} and not PAST_WORDS & {*others}:
            return False
        if PAST_WORDS & {*others} or any(word.endswith("ed") and len(word) > 4 for word in others):
            return True
        return before not in SUBJECTS | ADVERBS | DETERMINERS | {"and", "or"} and not _is_plural(before)


def _is_plural(word: str) -> bool:
    return word in PLURALS or (word.endswith("s") and not word.endswith(("ss", "'s", "us", "is")) and word not in NOT_PLURALS)
