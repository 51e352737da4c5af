"""Read abbreviations, acronyms and words in capitals."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations, dotted_rules, form_of, hyphenated_rules, section_rules
from ..rules import AroundMatch, Reading, Rule, reads, reads_as
from .numbers import letters, whole
from .rules import NOT_IN_WORD, rows, spoken, word_list

_TABLE = Abbreviations(rows("abbreviations", 3))
WORDS, KINDS = _TABLE.words, _TABLE.kinds

ACRONYMS, SPELT = word_list("acronyms"), word_list("spelt")
_CAPITALS = "A-ZÀÈÉÌÒÙ"
_READABLE = re.compile(
    r"(?:[bcdfglmnprstvz]{0,2}|s[bcdfglmnpqrtv]r?)[aeiou]"
    r"(?:(?:[bcdfglmnprstvz]|([bcdfglmprtvz])\1|[lmnrs][bcdfglmnpqstvz]r?|[bcdfgptv][rl]|gn|ch|gh|qu|cqu)?[aeiouàèéìòù])*"
    r"[lnrst]?"
)
"""Letters that are read as an Italian word."""
_NEEDS_NUMBER = ("p.", "v.", "n.", "N.", "co.", "par.", "ed.", "int.", "lett.", "sec.", "num.", "tab.", "vol.", "cap.")
_SAINT_FEMININE = re.compile(r"\s?(?:[A-Z][a-z]+a|Agnese|Irene|Rita|Beatrice)\b")
_NOT_FEMININE = ("Luca", "Andrea", "Nicola", "Mattia", "Elia")


@reads(
    rf"()({_TABLE.any}){NOT_IN_WORD}",
    rf"((?:l|dell|all|dall|nell|sull|L|Dell|All|Dall|Nell|Sull)')({_TABLE.any}){NOT_IN_WORD}",
)
def _abbreviation(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``Sig.``, ``ecc.``, ``p. es.`` and ``l'art. 3``."""
    form = form_of(match[2])
    before = around.left(1)
    if form not in WORDS or not around.is_apart or before in ("@", "_", "-", "/"):
        return None
    after = around.right(3)
    if form == "sec." and re.fullmatch("[IVXLC]+", around.word_before):
        return ["secolo"]
    if KINDS[form] == "number" and form in _NEEDS_NUMBER and not re.match(r"\s?(?:\d|[IVXLC]+\b|[a-z]\))", after):
        return None
    if (form in ("es.", "fig.", "art.", "int.") and before == ".") or (
        form == "cell." and not re.match(r"\s?[\d+(]", after)
    ):
        return None
    first, *others = WORDS[form]
    return [match[1].lower() + first, *others]


_pages = reads(r"pp\.\s?(?=\d)", r"pp\.")(reads_as("pagine"))


@reads(r"S\.(?=\s?[A-Z][a-z])", r"SS\.(?=\s[A-Z][a-z])")
def _saint(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``S. Pietro`` and ``S. Maria``."""
    if not around.is_apart:
        return None
    if match[0] == "SS.":
        return ["santi"]
    name = around.word_after
    follows = around.right(30)
    if name[:1] in "AEIOU":
        return ["sant"]
    if _SAINT_FEMININE.match(follows) and name not in _NOT_FEMININE:
        return ["santa"]
    return ["santo"] if re.match("S[^aeiou]|Z", name) else ["san"]


@reads(
    rf"([{_CAPITALS}]{{2,30}}){NOT_IN_WORD}",
    rf"((?:[LD]|DELL|ALL|DALL|NELL|SULL|UN|QUEST|QUELL)'[{_CAPITALS}]{{2,30}}){NOT_IN_WORD}",
)
def _capitals(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``DVD`` letter by letter, ``ONU`` and shouted words as words."""
    word = match[1].lower()
    if not around.is_apart or around.right(1) == "'":
        return None
    if "'" in word or word in ACRONYMS:
        return [word]
    if word in SPELT:
        return letters(word)
    neighbours = [around.word_before, around.word_after]
    is_among = any(len(other) > 1 and other.isupper() for other in neighbours)
    is_word = _READABLE.fullmatch(word) is not None or around.knows(word)
    if is_word and (len(word) > 4 or (len(word) > 1 and is_among) or (len(word) == 4 and word[-1] in "aeiou")):
        return [word]
    return letters(match[1]) if len(word) < 7 else [word]


@reads(
    rf"((?:l|d|un|c|s|t|m|v|n|all|dall|dell|nell|sull|coll|quell|quest|L|D|Un|C|All|Dall|Dell|Nell|Sull|Quell)')"
    rf"([A-Z]{{2,7}}){NOT_IN_WORD}"
)
def _after_elision(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``l'ONU`` as one word, ``l'UE`` with the first letter's name."""
    if not around.is_apart:
        return None
    start, low = match[1].lower(), match[2].lower()
    is_word = low in ACRONYMS or (low not in SPELT and len(low) > 3 and _READABLE.fullmatch(low) is not None)
    if is_word:
        return [start + low]
    first, *others = letters(match[2])
    return [start + first, *others]


@reads(rf"([a-zA-Z]{{2,6}}){NOT_IN_WORD}")
def _spelt(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``dvd`` and words without vowels letter by letter."""
    low = match[1].lower()
    has_no_vowel = re.fullmatch("[bcdfghjklmnpqrstvwxz]{2,4}", low) is not None and not around.knows(low)
    is_spelt = around.is_apart and (low in SPELT or has_no_vowel)
    if not is_spelt or around.right(1) == "'":
        return None
    return letters(low)


_hyphenated = hyphenated_rules(spoken("loans"), NOT_IN_WORD)
_dotted = dotted_rules(ACRONYMS, letters, NOT_IN_WORD)

LETTER_RULES: list[Rule] = [*_hyphenated, *_abbreviation, *_pages, *_saint, *_after_elision, *_dotted]
LATE_RULES: list[Rule] = [*_capitals, *_spelt]
SIGN_RULES: list[Rule] = section_rules("paragrafo", "paragrafi", "e", whole)
SPELT_RULES: list[Rule] = [*_spelt]
