"""Pronounce German words by the words they are made of: inflected and derived forms, prefixes, compounds."""

from __future__ import annotations

from collections.abc import Callable

from ..ipa import has_stress
from ..tables import of_kind
from .phones import is_vowel
from .rules import rows, word_list

Phones = tuple[str, ...]
Analysis = tuple[float, Phones]
"""Cost of the analysis of a word, and its phones."""

_AFFIXES = rows("affixes", 3)
SUFFIXES: dict[str, Phones] = {suffix: tuple(phones.split()) for suffix, phones in of_kind(_AFFIXES, "suffix").items()}
"""Suffixes and their phones."""

WEAK_PREFIXES: dict[str, Phones] = {
    prefix: tuple(phones.split()) for prefix, phones in of_kind(_AFFIXES, "prefix").items()
}
"""Prefixes without stress."""

NO_PARTS = word_list("no-parts")
"""Words that are no parts of compounds: articles, and what looks like endings."""

NO_FIRSTS = NO_PARTS - word_list("first-parts")
"""Words that are no first parts of compounds."""

PARTICLES = word_list("particles")
"""Short words that often begin others."""

LINKS = ("s", "es", "n", "en", "er", "e", "ens")
"""Suffixes of the first word of a compound."""

VOICED = {"p": ("b", "b"), "t": ("d", "d"), "k": ("g", "ɡ"), "s": ("s", "z"), "f": ("v", "v")}
"""Voiceless consonants at the end of a word, the letter of the voiced one, and the voiced one."""

VOICELESS = {"b": "p", "d": "t", "ɡ": "k", "z": "s", "v": "f"}

LONGEST_SUFFIX = max(map(len, SUFFIXES))

LONGEST = 40
"""Letters; a longer word is not analysed."""

SUFFIX_COST, LINK_COST, PREFIX_COST, SHORT_COST, PARTICLE_COST = 0.3, 0.2, 0.4, 0.4, 0.8
RARE_LINKS, RARE_LINK_COST = ("er", "e", "ens"), 0.6
MIN_SECOND = 3
MAX_FIRST_COST = 2.5
MAX_COST_PER_LETTER = 0.45
"""Largest cost of an analysis that is believed; a foreign word may be cut into many short ones."""


def suffixed(stem: str, phones: Phones, suffix: str) -> Phones:
    """Return the phones of a stem and a suffix: ``weg``, ``e`` with a voiced g; the stem may end voiced already."""
    ending = SUFFIXES[suffix] if suffix else ()
    if suffix == "e" and stem.endswith("i") and phones[-1] == "iː1":
        return phones
    if ending and is_vowel(ending[0]):
        return (*_before_vowel(stem, phones), *ending)
    if suffix == "n" and stem.endswith("ie") and phones[-1] == "iː1":
        return (*phones, "ə", "n")
    phones = _before_consonant(phones)
    if ending[:1] == ("s",) and phones[-1] == "t":
        return (*phones[:-1], "ts", *ending[1:])
    if ending[:1] == ("ɐ",):
        return (*_before_vowel(stem, phones), *ending)
    return (*phones, *ending)


def fits(stem: str, suffix: str) -> bool:
    """Return True if a suffix may follow a stem."""
    if suffix[:1] == "e" and stem.endswith("e"):
        return stem.endswith("ee")
    return suffix[:1] != "n" or suffix == "nis" or stem.endswith(("e", "el", "er", "a", "i", "o", "u", "ä", "ö", "ü"))


def _before_vowel(stem: str, phones: Phones) -> Phones:
    """Return the phones of a stem before a vowel: with a voiced last consonant, and with an r that is no vowel."""
    last = phones[-1]
    if last == "ɐ" and stem.endswith(("er", "r")):
        return (*phones[:-1], "ə", "ʁ")
    if last == "ɐ̯":
        return (*phones[:-1], "ʁ")
    if last == "ç" and stem.endswith("ig"):
        return (*phones[:-1], "ɡ")
    if last in VOICED and stem.endswith(VOICED[last][0]) and not stem.endswith(("ss", "bb", "dd", "gg", "ng")):
        if last == "s" and len(phones) > 1 and not _voices_s(phones[-2]):
            return phones
        return (*phones[:-1], VOICED[last][1])
    return phones


def _voices_s(before: str) -> bool:
    return is_vowel(before) or before in ("n", "m", "l", "ʁ", "ŋ", "ɐ̯")


def _before_consonant(phones: Phones) -> Phones:
    """Return the phones of a stem before a consonant or at the end: with a voiceless last consonant."""
    if phones[-2:] == ("ə", "ʁ"):
        return (*phones[:-2], "ɐ")
    if phones[-2:] == ("ɪ0", "ɡ"):
        return (*phones[:-1], "ç")
    if phones[-1] == "ʁ" and len(phones) > 1 and _is_long(phones[-2]):
        return (*phones[:-1], "ɐ̯")
    return (*phones[:-1], VOICELESS.get(phones[-1], phones[-1]))


def _is_long(phone: str) -> bool:
    return has_stress(phone) and (phone[-2] == "ː")


def second(phones: Phones) -> Phones:
    """Return the phones of a later word of a compound: its main stress becomes the secondary one."""
    return tuple(f"{phone[:-1]}2" if phone[-1] == "1" else phone for phone in phones)


class WordComposer:
    """Pronounces words by known words.

    - ``known``: looks the phones of a word in lower case up; they begin with ``ʔ`` before a vowel.
    """

    def __init__(self, known: Callable[[str], Phones | None]) -> None:
        self._known = known
        self._analyses: dict[str, Analysis | None] = {}

    def phones(self, word: str) -> Phones | None:
        """Return the phones of a word in lower case that is made of known words, or None."""
        if len(word) > LONGEST:
            return None
        analysis = self.analysis(word)
        return analysis[1] if analysis and analysis[0] <= MAX_COST_PER_LETTER * len(word) else None

    def analysis(self, word: str) -> Analysis | None:
        """Return the best analysis of a word."""
        if word not in self._analyses:
            self._analyses[word] = None  # ends a recursion
            self._analyses[word] = self.composed(word)
        return self._analyses[word]

    @property
    def n_cached(self) -> int:
        """Number of words whose analysis is cached."""
        return len(self._analyses)

    def clear(self) -> None:
        """Drop all analyses."""
        self._analyses.clear()

    def forget(self, word: str) -> None:
        """Drop the analysis of a word."""
        self._analyses.pop(word, None)

    def composed(self, word: str) -> Analysis | None:
        """Return the best analysis of a word as a known one, an inflected one, or by its prefix or parts."""
        return self._single(word) or min(
            filter(None, (self._prefixed(word), self._compound(word))), default=None, key=lambda found: found[0]
        )

    def _single(self, word: str) -> Analysis | None:
        phones = self._known(word)
        return (_cost(word), phones) if phones else self._inflected(word)

    def _inflected(self, word: str, depth: int = 3) -> Analysis | None:
        """Return the analysis of a word as a stem and up to ``depth`` suffixes."""
        best: Analysis | None = None
        for size in range(min(LONGEST_SUFFIX, len(word) - 2), -1, -1):
            suffix = word[len(word) - size :]
            if suffix and suffix not in SUFFIXES:
                continue
            stem = word[: len(word) - size]
            if not fits(stem, suffix):
                continue
            found = self._stem(stem, bool(suffix))
            if found is None and suffix and depth > 1 and size < len(word) - 3:
                found = self._inflected(stem, depth - 1)
            cost = SUFFIX_COST if suffix else LINK_COST
            if found and (best is None or found[0] + cost < best[0]):
                best = found[0] + cost, suffixed(stem, found[1], suffix)
        return best

    def _stem(self, stem: str, may_be_word: bool) -> Analysis | None:
        """Return the phones of the stem of a known word: the word, or without its -e, -en or -n."""
        if may_be_word and (phones := self._known(stem)):
            return _cost(stem), phones
        if len(stem) < 2:
            return None
        for ending, n_phones in (("e", 1), ("en", 2), ("n", 1)):
            if ending == "n" and not stem.endswith(("el", "er")):
                continue
            phones = self._known(stem + ending)
            if phones and phones[-n_phones:] == SUFFIXES[ending] and len(phones) > n_phones:
                return _cost(stem), phones[:-n_phones]
        return None

    def _prefixed(self, word: str) -> Analysis | None:
        """Return the analysis of a word with an unstressed prefix."""
        best: Analysis | None = None
        for prefix, phones in WEAK_PREFIXES.items():
            rest = word.removeprefix(prefix)
            if rest == word or len(rest) < 3:
                continue
            found = self.analysis(rest)
            if found and (best is None or found[0] + PREFIX_COST < best[0]):
                best = found[0] + PREFIX_COST, (*phones, *found[1])
        return best

    def _compound(self, word: str) -> Analysis | None:
        """Return the analysis of a word as a known word, perhaps with a linking sound, and others."""
        best: Analysis | None = None
        for cut in range(2, len(word) - MIN_SECOND + 1):
            first = self._first(word[:cut])
            if first is None or (best is not None and first[0] + 1 >= best[0]):
                continue
            rest = None if word[cut:] in NO_PARTS else self.analysis(word[cut:])
            if rest and (best is None or first[0] + rest[0] < best[0]):
                best = first[0] + rest[0], (*first[1], *second(rest[1]))
        return best

    def _first(self, word: str) -> Analysis | None:
        """Return the analysis of the first part of a compound."""
        if word in PARTICLES:
            phones = self._known(word)
            return (PARTICLE_COST, phones) if phones else None
        if len(word) < 3 or word in NO_FIRSTS:
            return None
        best = self.analysis(word)
        for link in LINKS:
            stem = word[: len(word) - len(link)]
            if word.endswith(link) and len(stem) > 2 and fits(stem, link) and (found := self.analysis(stem)):
                cost = RARE_LINK_COST if link in RARE_LINKS else LINK_COST
                linked = found[0] + cost, suffixed(stem, found[1], link)
                best = linked if best is None or linked[0] < best[0] else best
        return best if best and best[0] < MAX_FIRST_COST else None


def _cost(word: str) -> float:
    """Return the cost of a known word; short words are rarely parts of others."""
    return 1 + SHORT_COST * max(0, 4 - len(word))
