"""Single words to phones: the lexicon, then what follows from words in it, then letters to sounds."""

from __future__ import annotations

import functools
import re
from importlib import resources

from ..characters import fold_accents
from ..letter_to_sound import LetterToSound, unpack
from .dictionary import Dictionary
from .phones import LETTERS

MOST_REMEMBERED = 50_000
SUPPLEMENTS = ("supplement.txt", "names.txt")
VOICELESS = ("P", "T", "K", "F", "TH")
HISSING = ("S", "Z", "SH", "ZH", "CH", "JH")

SUFFIXES = {
    **{"ly": "L IY0", "ness": "N AH0 S", "less": "L AH0 S", "ful": "F AH0 L", "ment": "M AH0 N T", "ship": "SH IH2 P"},
    **{
        "hood": "HH UH2 D",
        "like": "L AY2 K",
        "wise": "W AY2 Z",
        "ish": "IH0 SH",
        "able": "AH0 B AH0 L",
        "er": "ER0",
        "ers": "ER0 Z",
    },
    **{"est": "AH0 S T", "ing": "IH0 NG", "ings": "IH0 NG Z", "in'": "IH0 N", "ism": "IH2 Z AH0 M", "ist": "IH0 S T"},
    **{"y": "IY0", "ier": "IY0 ER0", "iest": "IY0 AH0 S T", "ily": "AH0 L IY0", "iness": "IY0 N AH0 S"},
}
MAY_CHANGE_STEM = ("er", "ers", "est", "ing", "ings", "in'", "able", "ish", "y", "ism", "ist")
PREFIXES = {
    **{
        "un": "AH0 N",
        "re": "R IY0",
        "non": "N AA0 N",
        "pre": "P R IY0",
        "mis": "M IH0 S",
        "over": "OW2 V ER0",
        "under": "AH2 N D ER0",
    },
    **{
        "out": "AW2 T",
        "anti": "AE2 N T IY0",
        "counter": "K AW2 N T ER0",
        "inter": "IH2 N T ER0",
        "super": "S UW2 P ER0",
    },
    **{
        "sub": "S AH0 B",
        "semi": "S EH2 M IY0",
        "multi": "M AH2 L T IY0",
        "micro": "M AY2 K R OW0",
        "mega": "M EH2 G AH0",
    },
    **{
        "dis": "D IH0 S",
        "co": "K OW0",
        "de": "D IY0",
        "hyper": "HH AY2 P ER0",
        "ultra": "AH2 L T R AH0",
        "post": "P OW2 S T",
    },
    **{
        "self": "S EH2 L F",
        "tele": "T EH2 L AH0",
        "cyber": "S AY2 B ER0",
        "bio": "B AY2 OW0",
        "geo": "JH IY2 OW0",
        "auto": "AO2 T OW0",
    },
    **{
        "mini": "M IH2 N IY0",
        "nano": "N AE2 N OW0",
        "photo": "F OW2 T OW0",
        "electro": "IH0 L EH2 K T R OW0",
        "pseudo": "S UW2 D OW0",
    },
    **{
        "trans": "T R AE0 N Z",
        "fore": "F AO2 R",
        "up": "AH2 P",
        "down": "D AW2 N",
        "neuro": "N UH2 R OW0",
        "eco": "IY2 K OW0",
    },
}
SHORTEST_PART = 4
"""Letters of each of two words that are joined as one."""


def with_s(phones: tuple[str, ...]) -> tuple[str, ...]:
    """A plural, possessive or third person."""
    if phones[-1] in HISSING:
        return (*phones, "IH0", "Z")
    return (*phones, "S" if phones[-1] in VOICELESS else "Z")


def with_ed(phones: tuple[str, ...]) -> tuple[str, ...]:
    """A past form."""
    if phones[-1] in ("T", "D"):
        return (*phones, "IH0", "D")
    return (*phones, "T" if phones[-1] in (*VOICELESS, "S", "SH", "CH") else "D")


@functools.cache
def dictionary() -> Dictionary:
    """The lexicon of the package, opened once."""
    return Dictionary(data_file("cmudict.wwdict"))


@functools.cache
def supplement() -> dict[str, tuple[str, ...]]:
    """Return the words and names that supplement or correct the lexicon."""
    lines = [line for name in SUPPLEMENTS for line in data_file(name).decode("utf-8").splitlines()]
    entries = [line.split() for line in lines if line and not line.startswith("#")]
    return {word: tuple(phones) for word, *phones in entries}


@functools.cache
def letter_to_sound() -> LetterToSound:
    """The model for unknown words, opened when the first of them comes."""
    return unpack(data_file("letter_to_sound.wwl2s"))


def data_file(name: str) -> bytes:
    """The bytes of a file in ``data/``."""
    return (resources.files(__package__) / "data" / name).read_bytes()


def known(word: str) -> tuple[str, ...] | None:
    """The phones of a word that the lexicon has."""
    return supplement().get(word) or dictionary().get(word)


@functools.lru_cache(MOST_REMEMBERED)
def phones_of(word: str) -> tuple[str, ...]:
    """The phones of a word in lower case, or of the name of a letter (a capital, with ``s`` or ``'s`` behind it or without).

    What has no letter that could sound has no phones.
    """
    if re.fullmatch("[A-Z](?:'?s)?", word):
        name = tuple(LETTERS[word[0]].split())
        return with_s(name) if len(word) > 1 else name
    accented, word = supplement().get(word), fold_accents(word)
    found = accented or known(word) or _derived(word, 2)
    if found:
        return found
    parts = re.findall("[a-z]+(?:'[a-z]+)*", word)
    if parts and parts != [word]:
        return tuple(phone for part in parts for phone in phones_of(part))
    return letter_to_sound().phones(word) if parts else ()


def _derived(word: str, depth: int) -> tuple[str, ...] | None:
    """A word from those it is made of."""
    if depth == 0 or len(word) > 40:
        return None
    return _inflected(word, depth) or _with_suffix(word, depth) or _with_prefix(word, depth) or _joined(word)


def _inner(word: str, depth: int) -> tuple[str, ...] | None:
    return None if len(word) < 2 else known(word) or (_derived(word, depth - 1) if len(word) > 3 else None)


def _inflected(word: str, depth: int) -> tuple[str, ...] | None:
    if word.endswith("'s") or word.endswith("s'") or (word.endswith("'") and len(word) > 2):
        stem = word[:-2] if word.endswith("'s") else word[:-1]
        base = _inner(stem, depth) or (letter_to_sound().phones(stem) if len(stem) > 1 else None)
        return with_s(base) if base and word.endswith("'s") else base
    for ending, contracted in (("'ll", "AH0 L"), ("'d", "D"), ("'ve", "V"), ("'re", "ER0"), ("n't", "AH0 N T")):
        if word.endswith(ending) and len(word) > len(ending):
            base = _inner(word[: -len(ending)], depth)
            return (*base, *contracted.split()) if base else None
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        for stem in (
            word[:-1],
            *([word[:-2]] if word.endswith("es") else []),
            *([f"{word[:-3]}y"] if word.endswith("ies") else []),
        ):
            base = _inner(stem, depth)
            if base:
                return with_s(base)
    if word.endswith("ed") and len(word) > 4:
        base = _stem(word[:-2], depth) or (_inner(f"{word[:-3]}y", depth) if word.endswith("ied") else None)
        return with_ed(base) if base else None
    return None


def _stem(stem: str, depth: int) -> tuple[str, ...] | None:
    """What an ending that may swallow an e or double a letter stands on."""
    candidates = [f"{stem}e", stem] if re.search("[^aeiouwxy][aeiou][^aeiouwxy]$", stem) else [stem, f"{stem}e"]
    if len(stem) > 3 and stem[-1] == stem[-2]:
        candidates.insert(0, stem[:-1])
    return next((base for base in (_inner(candidate, depth) for candidate in candidates) if base), None)


def _with_suffix(word: str, depth: int) -> tuple[str, ...] | None:
    for suffix, sound in sorted(SUFFIXES.items(), key=lambda item: -len(item[0])):
        stem = word[: -len(suffix)]
        if not word.endswith(suffix) or len(stem) < 3:
            continue
        base = _stem(stem, depth) if suffix in MAY_CHANGE_STEM else _inner(stem, depth)
        if not base and suffix in ("ier", "iest", "ily", "iness"):
            base = _inner(f"{stem}y", depth)
            base = base[:-1] if base else None
        if base:
            return (*base, *sound.split())
    return None


def _with_prefix(word: str, depth: int) -> tuple[str, ...] | None:
    for prefix, sound in sorted(PREFIXES.items(), key=lambda item: -len(item[0])):
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > 3:
            base = _inner(rest, depth)
            if base:
                return (*sound.split(), *base)
    return None


def _joined(word: str) -> tuple[str, ...] | None:
    """Two words of the lexicon written as one, the longer one first to be found; the second has the weaker stress."""
    for cut in sorted(range(SHORTEST_PART, len(word) - SHORTEST_PART + 1), key=lambda cut: abs(2 * cut - len(word))):
        first, second = known(word[:cut]), known(word[cut:])
        if first and second:
            return (*first, *(phone.replace("1", "2") for phone in second))
    return None
