"""Pronounce the words of a sentence: heteronyms, liaison, the e that is spoken between consonants, and stress."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..tokens import Token
from .phones import SCHWA, is_vowel
from .pronounce import Phones, phones_of, phones_of_letters, stressed
from .rules import rows, word_list

UNSTRESSED, PREPOSITIONS = word_list("unstressed"), word_list("prepositions")
LIAISON, CLOSE_LIAISON, JOINED = word_list("liaison"), word_list("close-liaison"), word_list("joined")
MUTE, APART = word_list("mute"), word_list("apart")
ENT_VERBS, AFTER_ALL, NEGATIONS = word_list("ent-verbs"), word_list("after-all"), word_list("negations")

_ASPIRATED = re.compile(
    "|".join(f"{start[1:]}$" if start.startswith(".") else start for start in sorted(word_list("aspirated")))
)
_CONSONANTS = {"s": "z", "x": "z", "z": "z", "d": "t", "t": "t", "n": "n", "p": "p"}
"""Consonants of liaison by the last letter."""
_FEMININES = {
    **{"bon": "bonne", "certain": "certaine", "ancien": "ancienne", "prochain": "prochaine", "plein": "pleine"},
    **{"moyen": "moyenne", "premier": "première", "dernier": "dernière"},
}
"""Adjectives that sound like their feminine before a vowel."""
_SHORT_NUMBERS = {"six": ("s", "i"), "dix": ("d", "i"), "huit": ("ɥ", "i")}
_SUBJECTS = ("il", "elle", "on", "ils", "elles")
_OBSTRUENTS = frozenset("pbtdkɡfv")
_LARGE = ("mille", "cents", "cent", "millions", "milliards", "millième", "centième")


@dataclass
class WordInContext:
    """A word of a sentence with its neighbours.

    - ``base``: what follows the last apostrophe, in lower case: ``un`` of ``d'un``.
    - ``is_joined``: True if a hyphen is between it and the word before.
    - ``phones``: those of the word alone, without stress; or those that the user gave, ``is_given``.
    """

    token: Token
    number: int
    word: str
    base: str
    is_joined: bool
    phones: Phones
    is_given: bool
    before: WordInContext | None = None
    after: WordInContext | None = None
    """Neighbours without a pause between."""

    @property
    def is_open(self) -> bool:
        """True if it begins with a vowel that a liaison may join."""
        low = self.word.lower()
        if not self.phones or low in APART or (low not in MUTE and _ASPIRATED.match(low)):
            return False
        if len(self.word) == 1 and self.word.isupper():
            return is_vowel(self.phones[0])
        is_glide = self.phones[0] in ("w", "ɥ") or low in ("yeux", "hier", "ions", "iode")
        return is_vowel(self.phones[0]) or (is_glide and low[0] in "aeiouyhéèêœ")

    @property
    def is_stressless(self) -> bool:
        """True for an article, a pronoun, a preposition and other words without stress."""
        if self.base == "tous":
            return self.after is not None and self.after.base in AFTER_ALL
        return self.base in UNSTRESSED and not (len(self.word) == 1 and self.word.isupper())

    def earlier(self, count: int) -> list[str]:
        """Return the bases of up to ``count`` words before it, the nearest first, and ``n'`` after a word with it."""
        found: list[str] = []
        word = self.before
        while word is not None and len(found) < count:
            found += [word.base, *(["n'"] if word.word.lower().startswith("n'") else [])]
            word = word.before
        return found


def pronounced(
    tokens: Sequence[Token], text: str, own_phones: Callable[[str], Phones | None]
) -> Iterator[tuple[Token, int, str, Phones]]:
    """Yield each word of a sentence: its token, its number in the token, how it is displayed, and its phones.

    - ``own_phones``: phones that the user gave to a word, or None.
    """
    for word in _words(tokens, text, own_phones):
        yield word.token, word.number, word.word.lower(), word.phones if word.is_given else _phones(word)


def _words(tokens: Sequence[Token], text: str, own_phones: Callable[[str], Phones | None]) -> list[WordInContext]:
    """Return the words of a sentence, joined with their neighbours."""
    words: list[WordInContext] = []
    end = 0
    for token in tokens:
        is_joined = text[end : token.start] == "-"
        for number, written in enumerate(token.words):
            given = token.phones or own_phones(written)
            base = written.lower().rpartition("'")[2] or written.lower()
            phones = given or phones_of(written)
            word = WordInContext(token, number, written, base, is_joined and not number, phones, given is not None)
            if words and not (number == 0 and words[-1].token.mark):
                words[-1].after, word.before = word, words[-1]
            words.append(word)
        end = token.end
    return words


def _phones(word: WordInContext) -> Phones:
    """Return the phones of a word in its sentence, with stress."""
    if not word.phones:
        return ()
    after = word.after
    phones = _in_context(word)
    stress = _stress(word)
    if stress == "1" and word.is_joined and phones[-1] == SCHWA:
        phones = (*phones[:-1], "ø")
    spoken = stressed(phones, stress)
    consonant = _liaison(word)
    if consonant:
        return (*spoken, consonant)
    is_cluster = len(phones) > 1 and phones[-1] in ("l", "ʁ") and phones[-2] in _OBSTRUENTS
    if is_cluster and after and not is_vowel(after.phones[0] if after.phones else "a") and word.base[-1] in "est":
        return (*spoken, SCHWA)
    return spoken


def _stress(word: WordInContext) -> str:
    """Return the stress of the last vowel: 1 at the end of a rhythmic group, 2 of other words with stress."""
    if word.after is None:
        return "1"
    if word.is_stressless and not word.token.is_numeric:
        return "0"
    is_last_but_one = word.after.after is None
    is_inner = word.after.token is word.token or not word.after.is_stressless or word.after.is_joined or is_last_but_one
    return "2" if is_inner else "1"


def _in_context(word: WordInContext) -> Phones:
    """Return the phones without stress that a word has between its neighbours."""
    base, after = word.base, word.after
    prefix = phones_of(word.word[: -len(base)]) if base != word.word.lower() else ()
    following = after.base if after else ""
    if base in _FEMININES and _is_before_vowel(word):
        return (*prefix, *phones_of(_FEMININES[base]))
    if base == "neuf" and following in ("heures", "ans", "hommes", "autres"):
        return ("n", "œ", "v")
    if base in _SHORT_NUMBERS:
        return _number(word, following)
    special = _HETERONYMS.get(base)
    other = special(word, following) if special else _verb(word)
    return (*prefix, *other) if other is not None else word.phones


def _number(word: WordInContext, following: str) -> Phones:
    """Return the phones of ``six``, ``dix`` and ``huit``, whose consonant is silent before another one."""
    after, short = word.after, _SHORT_NUMBERS[word.base]
    if word.base == "dix" and following in ("huit", "neuf"):
        return ("d", "i", "z")
    if after is None or following == "sept" or after.is_stressless or following in PREPOSITIONS or following == "pour":
        return word.phones
    is_large = following in _LARGE
    if (after.token is word.token and not is_large and not after.is_open) and following in ("pour", "virgule", "fois"):
        return word.phones
    return word.phones if after.is_open and word.base == "huit" else short


def _verb(word: WordInContext) -> Phones | None:
    """Return the phones of a verb that is written as a noun: ``ils président``, ``nous portions``."""
    base = word.base
    if base in ENT_VERBS and any(each in ("ils", "elles") for each in word.earlier(3)):
        return phones_of_letters(f"{base[:-3]}e")
    if base.endswith("tions") and any(each == "nous" for each in word.earlier(2)) and base != "étions":
        return (*phones_of(f"{base[:-5]}tons")[:-1], "j", "ɔ̃")
    return None


def _east(word: WordInContext, _following: str) -> Phones | None:
    before = word.earlier(1)
    is_noun = word.word.lower() in ("l'est", "d'est") and not (before and before[0] in ("je", "tu", "il", "elle", "on"))
    is_noun = is_noun and (not before or before[0] not in ("ne", "le", "c", "qu", "qui", "ça", "cela"))
    return ("ɛ", "s", "t") if is_noun or (word.is_joined and before and before[0] in ("nord", "sud")) else None


def _sons(word: WordInContext, following: str) -> Phones | None:
    is_thread = following in ("barbelés", "électriques", "conducteurs", "téléphoniques") or (
        following in ("de", "du") and word.after and word.after.after and word.after.after.base in _THREADS
    )
    return ("f", "i", "l") if is_thread else None


_THREADS = ("fer", "laine", "coton", "soie", "cuivre", "nylon", "téléphone", "or", "discussion")


def _all(word: WordInContext, following: str) -> Phones | None:
    is_article = following in AFTER_ALL or (word.after is not None and word.after.word[:2] in ("d'",))
    return ("t", "u") if is_article else ("t", "u", "s")


def _plus(word: WordInContext, following: str) -> Phones | None:
    if word.token.words == ["plus"] and word.token.end - word.token.start == 1:
        return ("p", "l", "y", "s")
    if _is_sum(word):
        return ("p", "l", "y", "s")
    is_last = word.after is None or following in ("et", "que")
    is_negated = any(each in NEGATIONS for each in word.earlier(8))
    is_more = is_last and not is_negated and (word.before is not None or following == "")
    return ("p", "l", "y", "s") if is_more and following != "que" else None


def _is_sum(word: WordInContext) -> bool:
    """Return True between two numbers."""
    return all(
        other is not None and (other.token.is_numeric or other.base in _NUMBER_WORDS)
        for other in (word.before, word.after)
    )


_NUMBER_WORDS = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "cent")


_AFTER = {
    word: (tuple(phones.split()), {*before.split()}, {*forms.split()})
    for word, phones, before, forms in rows("heteronyms", 4)
}


def _after(word: WordInContext, _following: str) -> Phones | None:
    """Return the phones of a word of the table ``heteronyms`` after those that it names."""
    phones, before, forms = _AFTER[word.base]
    return phones if word.word.lower() in forms or not before.isdisjoint(word.earlier(1)[:1]) else None


def _screw(word: WordInContext, following: str) -> Phones | None:
    if following in ("à", "en") and word.after is not None and word.after.is_joined:
        return ("v", "i", "z")
    return ("v", "i") if word.earlier(1)[:1] in (["je"], ["tu"], ["y"], ["ne"]) or following == "à" else None


def _twenty(word: WordInContext, following: str) -> Phones | None:
    is_joined = word.earlier(1) != ["quatre"] and following in ("et", *_NUMBER_WORDS[1:9], "deuxième", "troisième")
    return ("v", "ɛ̃", "t") if is_joined else None


def _jeans(word: WordInContext, following: str) -> Phones | None:
    is_cloth = word.earlier(1)[:1] in (["un"], ["le"], ["mon"], ["son"], ["ton"], ["ce"], ["en"], ["des"], ["les"])
    return ("d", "ʒ", "i", "n") if is_cloth and word.token.words[0].islower() and following not in ("paul",) else None


_HETERONYMS: dict[str, Callable[[WordInContext, str], Phones | None]] = {
    **dict.fromkeys(_AFTER, _after),
    **{"est": _east, "fils": _sons, "tous": _all, "plus": _plus, "vis": _screw, "vingt": _twenty, "jean": _jeans},
}
"""Words with several sounds, and the function that returns the one that the list of words does not have, or None."""


def _is_before_vowel(word: WordInContext) -> bool:
    """Return True for a word close to a following noun or adjective that begins with a vowel."""
    after = word.after
    return after is not None and after.is_open and after.base not in PREPOSITIONS and not after.is_stressless


def _liaison(word: WordInContext) -> str:
    """Return the consonant that joins a word with the next one, empty if there is none."""
    after, base = word.after, word.base
    if after is None or not after.is_open or (len(word.word) == 1 and word.word.isupper()):
        return ""
    is_inverted = after.is_joined and (
        (after.base in _SUBJECTS and base[-1] in "td") or (after.base in ("y", "en") and base[-1] in "sz")
    )
    if not (is_inverted or f"{base}-{after.word.lower()}" in JOINED) and not _is_liaison_word(word, after):
        return ""
    consonant = _CONSONANTS.get(base[-1], "")
    is_spoken = not base.endswith("es") and _in_context(word)[-1] in ("s", "z", "t", "n", "p")
    return "" if is_spoken else consonant


def _is_liaison_word(word: WordInContext, after: WordInContext) -> bool:
    base = word.base
    if base in _FEMININES or base == "neuf" or word.word.lower() in ("quelqu'un", "l'un"):
        return False  # the first ones change as a whole
    if base == "est" and _east(word, after.base) is not None:
        return False
    if base in LIAISON:
        return after.base not in ("et", "ou", "mais") and not (base == "en" and word.is_joined)
    is_pronoun = base in ("nous", "vous", "ils", "elles", "on")
    if base not in CLOSE_LIAISON or (is_pronoun and word.is_joined):
        return False
    if (
        base in ("vingt", "cent")
        and after.token is word.token
        and word.token.is_numeric
        and after.base in ("un", "une")
    ):
        return False
    forms = ("y", "en", "a", "ont", "est")
    return (after.base in forms or after.word.lower() not in PREPOSITIONS) if is_pronoun else _is_before_vowel(word)
