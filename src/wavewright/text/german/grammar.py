"""Endings of ordinals and forms of the number one, by the words before and the noun after."""

from __future__ import annotations

import re

from ..rules import AroundMatch
from .rules import LETTERS, NAMES, word_list

FEMININE, NEUTER, MASCULINE = word_list("feminine"), word_list("neuter"), word_list("masculine")
ENDING_EN, ENDING_E, BY_GENDER = word_list("ending-en"), word_list("ending-e"), word_list("ending-by-gender")
DATIVE, EITHER_CASE, ACCUSATIVE = word_list("dative"), word_list("either-case"), word_list("accusative")
GENITIVE, TRANSITIVE = word_list("genitive"), word_list("transitive")
STARTERS = word_list("starters")
ORDINAL_NOUNS = word_list("ordinal-nouns")

_FEMININE_ENDINGS = re.compile("(?:ung|heit|keit|schaft|ion|tät|enz|anz|ur|ik|in|ei|ie)$")
_NEUTER_ENDINGS = re.compile("(?:chen|lein|ment|tum|um|ma|nis)$")
_SERIES = re.compile(r"(?:\d{1,3}\.,?\s*(?:und|oder|bis|sowie|,|/|–|-)?\s*)+$")


def gender(noun: str) -> str:
    """Guess the gender of a noun: ``m``, ``f`` or ``n``."""
    word = noun.lower()
    if word in MASCULINE or noun in NAMES.month_names:
        return "m"
    for kind, names in (("f", FEMININE), ("n", NEUTER)):
        if word in names:
            return kind
    endings = ((name, kind) for kind, names in (("f", FEMININE), ("n", NEUTER)) for name in names if len(name) > 3)
    longest = max((pair for pair in endings if word.endswith(pair[0])), default=None, key=lambda pair: len(pair[0]))
    if longest:
        return longest[1]
    if _NEUTER_ENDINGS.search(word) and len(word) > 5:
        return "n"
    return "f" if (_FEMININE_ENDINGS.search(word) and len(word) > 5) or (word.endswith("e") and len(word) > 3) else "m"


def ending(around: AroundMatch, noun: str) -> str | None:
    """Return the ending of an ordinal before a noun; None if no word before it calls for an ordinal."""
    words = _words_before(around)
    last = words[-1].lower() if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last in ENDING_EN:
        return "en"
    if last == "der" or last in ("dieser", "jeder", "jener"):
        return "en" if _is_oblique(before) or (last == "der" and gender(noun) == "f" and before != "") else "e"
    if last in ("einer", "meiner", "seiner", "ihrer", "unserer", "keiner"):
        return "en"
    if last in ENDING_E:
        return "en" if last == "die" and noun.endswith(("en", "ern")) and len(noun) > 5 else "e"
    if last in BY_GENDER:
        return {"m": "er", "f": "e", "n": "es"}[gender(noun)]
    return None


def free_ending(around: AroundMatch, noun: str) -> str:
    """Return the ending of an ordinal without an article: ``in dritter Auflage``, ``zweiter Platz``, ``erste Liga``."""
    words = _words_before(around)
    last = words[-1].lower() if words else ""
    kind = gender(noun)
    if noun in NAMES.month_names:
        return "en" if last in ("seit", "ab", "bis", "vor", "nach", "den", "von", "zum") else "er"
    if last in DATIVE or last in EITHER_CASE:
        return "er" if kind == "f" else "em"
    return {"m": "er", "f": "e", "n": "es"}[kind]


def _words_before(around: AroundMatch) -> list[str]:
    """Return the words before an ordinal, or before the series of ordinals that it ends: ``am 1. und 2.``."""
    text = around.left(60)
    text = _SERIES.sub("", text)
    clause = re.split(r"[.!?;:\n]\s", text)[-1]
    return re.findall(f"[{LETTERS}]+", clause)[-3:]


def _is_oblique(word: str) -> bool:
    """Return True for a word after which ``der`` is no nominative: a preposition or a noun."""
    low = word.lower()
    is_preposition = low in DATIVE or low in EITHER_CASE or low in GENITIVE
    return is_preposition or (word[:1].isupper() and low not in STARTERS)


def form_of_one(around: AroundMatch, noun: str, kind: str = "") -> str:
    """Return the form of the number one before a noun: ``eine Frau``, ``für einen Monat``, ``seit einem Jahr``."""
    kind = kind or gender(noun)
    words = around.far_before
    last = next((word for word in reversed(words) if word not in ("nur", "etwa", "ca", "rund", "genau", "circa")), "")
    if last in DATIVE or last in EITHER_CASE:
        return "einer" if kind == "f" else "einem"
    if last in ("am", "im", "der", "dem", "zum", "den"):
        return {"den": "einen"}.get(last, "ein" if kind != "f" else "eine")
    if last in GENITIVE:
        return "einer" if kind == "f" else "eines"
    is_object = last in ACCUSATIVE or last in TRANSITIVE or any(word in TRANSITIVE for word in words[-3:])
    return {"f": "eine", "n": "ein"}.get(kind, "einen" if is_object else "ein")
