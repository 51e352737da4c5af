"""Read roman numerals: of rulers, chapters, centuries, people and years."""

from __future__ import annotations

import re

from ..numerals import roman_value
from ..pattern import pattern
from .numbers import cardinal, ordinal, year
from .pronounce import known
from .rules import NEAR, NOT_IN_WORD, Around, Reading, Rule, reads, rule, word_list

REGNAL = word_list("regnal-names")
RULER_TITLES = word_list("ruler-titles")
RULER_VERBS = word_list("ruler-verbs")
FIRST_NAMES = word_list("first-names") | REGNAL
CLAUSE_OPENERS = word_list("clause-openers")
NUMBERED = word_list("roman-nouns")
SMALL_NUMBERED = word_list("small-roman-nouns") | NUMBERED
ORDINAL_NOUNS = word_list("roman-ordinals")
SERIES = word_list("series-names")
SHORT_NOUNS = ("bk", "sc", "cl", "ep", "app", "tab", "vol", "ch", "pt", "sec", "fig", "art", "bk")

LISTED = pattern(
    r"([A-Za-z]+)\s+[IVXLC]+(?:(?:,|\s?[-–]|,?\s(?:and|or|to|of|through|&))\s?[IVXLC]+){0,3}"
    r"(?:,?\s?[-–]|,|,?\s(?:and|or|to|of|through|&))\s?$"
)
AFTER_RULER = pattern(r"\s+of\b|[,.;:!?]|\s*$|\s+(?:was|is|and|had|died|in|from|at|by|or|who|until|during|after)\b")


@reads(r"([IVXLCDM]+)('s)?(?![A-Za-z0-9.]|'[A-Za-z])", r"([IVXLCDM]+)('s)?(?=\.(?:\s|$|[—–]))")
def _roman(match: re.Match[str], around: Around) -> Reading:
    """Read a roman numeral, and its possessive."""
    words = _counted(match, around)
    return [*words[:-1], words[-1] + (match[2] or "")] if words else None


def _counted(match: re.Match[str], around: Around) -> Reading:
    """Read a roman numeral as a cardinal, an ordinal or a year, by the words around it."""
    value, before = roman_value(match[1]), around.words_before
    last = before[-1] if before else ""
    listed = _listed(around) if value else ""
    if listed:
        until = ["to"] if around.text[around.start - 1] in "-–" else []
        return [*until, *(["the", *ordinal(value)] if listed in REGNAL else cardinal(value))]
    if value and is_heading(match[1], around):
        return cardinal(value)
    if not value or around.left(1) not in ("", " ", "\n", "\u2013", "-", "("):
        return None
    is_century = around.word_after in ORDINAL_NOUNS and (len(match[1]) > 1 or match[1] in "VX")
    if is_century or _is_nth(match[1], last, around):
        return ordinal(value)
    if last.lower() in SHORT_NOUNS:
        return cardinal(value)
    if len(match[1]) > 3 and match[1][0] == "M" and 1000 < value < 2100 and not known(match[1].lower()):
        return year(value)
    if last.lower() in ("numeral", "numerals"):
        return cardinal(value)
    is_apart = bool(re.search(r"[.,;:!?)]\s*$", around.left(3)))
    if not last[:1].isupper() or is_apart:
        return _alone(match[1], value, last.lower() in NUMBERED and not is_apart)
    return _named(match, value, before, around)


_HEADED = "chapter|act|book|part|scene|canto|volume|letter|stave|section|lecture|adventure|appendix"
HEADING = pattern(rf"(?:^|\n[ \t]*\n)[ \t]*$|(?:^|\n|\.[ \t])[ \t]*(?i:{_HEADED})[ \t]+$")
NAMED_HEADING = pattern(r"\.[ \t]+[A-Z]|\.?[ \t]*[:—–-]")
HEADING_LINE = pattern(r"\.?[ \t]*\n|\.[ \t]+(?:(?:[A-Z'-]{2,} ?){1,12}(?:\n|$)|[A-Z][^.,;:!?\n]{2,60}\n[ \t]*\n)")


def is_heading(written: str, around: Around) -> bool:
    """Return True for a numeral that is a line, or begins one in capitals; also for ``CHAPTER I. Advice``."""
    before, end = HEADING.search(around.text, max(0, around.start - 40), around.start), around.start + len(written)
    if before is None or not {*written} <= {*"XVIL"}:
        return False
    follows = NAMED_HEADING.match(around.text, end) if before[0].strip() else None
    return bool(follows or HEADING_LINE.match(around.text, end))


def _named(match: re.Match[str], value: int, before: list[str], around: Around) -> Reading:
    """Read a roman numeral after a capitalised word: of a ruler, a numbered thing, a person or anything else."""
    last = before[-1]
    is_ruler = len(before) > 1 and before[-2].lower() in RULER_TITLES
    if last.lower() in REGNAL or is_ruler:
        follows = AFTER_RULER.match(around.right(8))
        is_first = match[1] in "VX" or match[2] or is_ruler or follows or _is_subject(around)
        return ["the", *ordinal(value)] if len(match[1]) > 1 or is_first else None
    if last.lower() in NUMBERED or last.lower().removesuffix("s") in NUMBERED:
        return cardinal(value)
    if match[1] == "V" and last.lower() in SERIES:
        return cardinal(value)
    if len(match[1]) == 1 or last.isupper():
        return None
    is_person = any(name.lower() in FIRST_NAMES and name[0].isupper() for name in before[:-1])
    if is_person and value < 6:
        return ["the", *ordinal(value)]
    return cardinal(value) if value < 40 else None


def _listed(around: Around) -> str:
    """Return the noun, in lower case, of a list of numerals: ``war`` in ``Wars I and II``; empty for no list."""
    match = LISTED.search(around.text, max(0, around.start - 60), around.start)
    name = match[1].lower() if match else ""
    return name if name in REGNAL else next((stem for stem in (name, name.removesuffix("s")) if stem in NUMBERED), "")


def _is_nth(written: str, last: str, around: Around) -> bool:
    """Return True for an ordinal: ``the XXIII Olympic Games``."""
    is_numeral = len(written) > 1 and set(written) <= {*"XVI"} and written not in ("IV", "VI", "XXX")
    return is_numeral and last.lower() == "the" and around.word_after[:1].isupper() and not around.word_after.isupper()


def _alone(written: str, value: int, is_after_noun: bool) -> Reading:
    """Read a numeral without a name before it, if it could be nothing else."""
    is_number = len(written) > 2 and set(written) <= {*"XVI"} and written != "XXX"
    return cardinal(value) if is_number or (is_after_noun and len(written) > 1) else None


def _is_subject(around: Around) -> bool:
    """Return True for ``Elizabeth I ruled``: a name that opens a clause, and a verb of rulers."""
    before = re.search(r"(?:(\w+)\s+)?\w+\s*$", around.left(NEAR))
    start = around.left(NEAR)[: before.start()].rstrip()[-1:] if before else ""
    joins = before is not None and (
        not before[1] or before[1].lower() in CLAUSE_OPENERS or (before[1] == "of" and start != "")
    )
    return joins and around.word_after in RULER_VERBS


@reads(r"[ivIV]{1,4}(?:[-–][ivIV]{1,4}){2,7}(?![\w-])")
def _progression(match: re.Match[str], _around: Around) -> Reading:
    """Read the chords ``I–IV–V``."""
    values = [roman_value(numeral.upper()) for numeral in re.split("[-–]", match[0])]
    return [word for value in values for word in cardinal(value)] if all(values) else None


@reads(rf"([IVXLC]{{2,}})(?:th|st|nd|rd){NOT_IN_WORD}")
def _nth(match: re.Match[str], _around: Around) -> Reading:
    """Read ``XIXth``."""
    value = roman_value(match[1])
    return ordinal(value) if value else None


@reads(r"([ivx]{1,5})(?![A-Za-z0-9'])")
def _small_roman(match: re.Match[str], around: Around) -> Reading:
    """Read ``Act III, Scene iv``."""
    before = around.word_before
    value = roman_value(match[1].upper())
    is_numeral = before[:1].isupper() or len(match[1]) > 1
    return cardinal(value) if value and is_numeral and before.lower().removesuffix("s") in SMALL_NUMBERED else None


@reads(r"(?<=[\w)]\()([ivx]{2,4})(?=\))")
def _clause(match: re.Match[str], _around: Around) -> Reading:
    """Read the last part of ``3(b)(ii)``."""
    value = roman_value(match[1].upper())
    return cardinal(value) if value else None


SMALL_RULES: list[Rule] = [*_clause, *_small_roman]
RULES: list[Rule] = [rule(r"ACT(?=\s[IVXL]{1,5}\b)", "act"), *_progression, *_nth, *_roman]
