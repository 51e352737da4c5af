"""Read pairs of numbers: sizes (``8.5 x 11 in.``, tires, threads, shrimps) and scores of games (``6-4, 6-3``)."""

from __future__ import annotations

import re

from ..pattern import pattern
from .numbers import decimal, in_pairs, letters, whole
from .quantities import HALVES, fraction_words, in_mixed_number
from .rules import NEAR, NOT_NOUNS, NUMBER, Around, Reading, Rule, alternatives, reads, reads_as, rule, word_list
from .units import UNITS, named

SIGNS = {'"': "in", "″": "in", "”": "in", "''": "in", "'": "ft", "′": "ft"}
PRINTED = word_list("printed-nouns")
_NAMES = alternatives(("mm", "cm", "m", "km", "in", "ft", "yd", "mi", "px", "nm", "µm"))
_SIGN = alternatives(SIGNS)
_MARK = rf"(?P<mark>{_SIGN}|[\s-]?(?:{_NAMES})\b\.?)?"
_AMOUNT = rf"(?:\d{{1,9}}[\s-]\d{{1,9}}/\d{{1,9}}|\d{{1,9}}/\d{{1,9}}|\d{{0,9}}\s?[{HALVES}]|{NUMBER})"
SIZE = pattern(
    rf"(?:(?:(?P<whole>\d{{1,9}})[\s-])?(?P<over>\d{{1,9}})/(?P<under>\d{{1,9}})|"
    rf"(?P<before>\d{{1,9}})?\s?(?P<vulgar>[{HALVES}])|(?P<number>{NUMBER})){_MARK}"
)
UNIT_WORD = pattern(
    r"\s(?:inch|inches|foot|feet|yards?|miles?|meters?|metres?|centimeters?|centimetres?|millimeters?|pixels?)\b"
)
_ANY_MARK = _MARK.replace("?P<mark>", "?:")


@reads(rf"{_AMOUNT}{_ANY_MARK}(?:(?:\s?[x×]\s?|\sby\s)(?=[\d{HALVES}.]){_AMOUNT}{_ANY_MARK}){{1,3}}(?![\w])")
def _sizes(match: re.Match[str], around: Around) -> Reading:
    """Read each size with its own unit, if it has one; the last unit applies to the sizes before it."""
    sizes = list(SIZE.finditer(match[0]))
    marks = [(size["mark"] or "").strip(" -").removesuffix(".") for size in sizes]
    is_spelled = UNIT_WORD.match(around.text, around.end) is not None
    if not marks[-1] and not is_spelled:
        return None
    is_word = marks[-1] == "in" and not match[0].endswith("in.") and around.right(1) == " "
    if is_word and around.word_after.islower() and not any(marks[:-1]) and around.word_after not in PRINTED:
        return None  # ``5 x 7 in the drawer``
    is_signed = (marks[-1] in SIGNS and around.word_after.islower() and around.word_after not in NOT_NOUNS) and (
        around.right(1) == " "
    )
    is_hyphened = (sizes[-1]["mark"] or "").startswith("-")  # ``9x13-in. pan``
    is_before_noun = is_hyphened or around.word_after in PRINTED or around.is_adjective or is_signed
    words = []
    for size, mark in zip(sizes, marks, strict=True):
        is_one = is_before_noun or not (size["number"] or size["whole"] or size["before"])
        words += ["by", *_amount(size), *(named(UNITS[SIGNS.get(mark, mark)], is_one) if mark else [])]
    return words[1:]


def _amount(size: re.Match[str]) -> list[str]:
    """Read the number of a size."""
    if size["number"]:
        return decimal(size["number"])
    fraction = fraction_words(size["over"] or "", size["under"] or "", size["vulgar"] or "") or []
    before = size["whole"] or size["before"]
    return [*whole(before), "and", *in_mixed_number(fraction)] if before and fraction else fraction


@reads(r"(\d{1,2})/(\d{1,2})-(\d\d)(?=\s(?:x\s|bolts?|screws?|taps?|threads?|nuts?|UN[CF]|stud))")
def _thread(match: re.Match[str], _around: Around) -> Reading:
    """Read the screw thread ``1/4-20``."""
    size = fraction_words(match[1], match[2], "")
    return [*size, *whole(match[3])] if size else None


_stars = reads(
    r"(\d(?:\.\d)?)\s?(?:[⭐★]\ufe0f?)+",
    r"([1-7](?:\.\d)?)\*(?=\s(?:hotels?|ratings?|reviews?|resorts?|restaurants?|motels?|general|products?|books?)\b)",
)(reads_as(decimal, "star"))


SIZE_RULES: list[Rule] = [
    *_sizes,
    rule(r"(\d{3})/(\d\d)\s?(Z?R)(\d\d)(?!\d)", in_pairs, whole, letters, whole),  # 225/45R17
    *_thread,
    rule(r"(\d{1,2})W-?(\d\d)(?!\d)", whole, "W", whole),  # 5W-30
    rule(r"(\d\d)/(\d\d)\s?ct\b", whole, whole, "count"),  # the size of shrimps, 21/25 ct
    *reads(r"(\d{1,2})\s?st\b\.?(?=\s\d{1,2}\s?lbs?\b)", r"(?<=weighs )(\d{1,2})\s?st\b\.?")(reads_as(whole, "stone")),
    *_stars,
]


ODDS_BEFORE = pattern(r"\b(?:odds|favou?rites?|favou?red|bookies|outsider|bet|priced|backed)\W+(?:[\w/]+\s){0,2}$")
ODDS_AFTER = pattern(r"\s(?:odds|favou?rite|outsider|shot|long shot|underdog|on the (?:favou?rite|underdog))\b")
CRICKET = pattern(
    r"\b(?:overs?|ov|innings|wickets?|declared|dec|all out|runs|stumps|cricket|chasing|bowled|batting|ODI|T20I?)\b"
)
_SET = r"[0-7][-–][0-7](?:\s?\(\d{1,2}(?:[-–]\d{1,2})?\))?"
RECORD_VERBS = word_list("record-verbs")
RECORD_PHRASES = ("improved to", "fell to", "dropped to", "record of", "record is", "record was")


@reads(r"(\d{1,3})/(\d{1,2})(?![\d/]|\.\d)")
def _odds(match: re.Match[str], around: Around) -> Reading:
    """Read the odds ``5/2``."""
    is_cued = ODDS_BEFORE.search(around.text, *around.before) or ODDS_AFTER.match(around.text, around.end)
    return [*whole(match[1]), "to", *whole(match[2])] if is_cued else None


@reads(r"(\d{2,3})/(10|\d)(?![\d/]|\.\d)", r"(\d)/(\d{2,3})(?![\d/]|\.\d)")
def _wickets(match: re.Match[str], around: Around) -> Reading:
    """Read the runs and wickets ``287/6`` of a team of cricket."""
    is_cued = CRICKET.search(around.text, max(0, around.start - NEAR), around.end + NEAR)
    is_score = max(int(match[1]), int(match[2])) > 19 and is_cued
    return [*whole(match[1]), "for", *whole(match[2])] if is_score else None


@reads(rf"{_SET}(?:,\s(?:and\s)?{_SET}){{1,4}}(?![-–\d/])")
def _sets(match: re.Match[str], _around: Around) -> Reading:
    """Read the sets of tennis ``6-4, 7-5``, where one of each pair is six or seven."""
    pairs = re.findall(r"(?<!\()\b([0-7])[-–]([0-7])\b", match[0])
    is_tennis = all(max(pair) in "67" for pair in pairs)
    return [word for number in re.findall(r"\d+", match[0]) for word in whole(number)] if is_tennis else None


@reads(r"(\d{1,2})[-–](\d{1,2})(?![-–\d/:%]|\.\d)")
def _record(match: re.Match[str], around: Around) -> Reading:
    """Read games won and lost: ``finished 10-6``."""
    before = [word.lower() for word in around.words_before]
    is_record = bool(before) and (before[-1] in RECORD_VERBS or " ".join(before[-2:]) in RECORD_PHRASES)
    after = re.match(
        r"\s(?:this|on the|for the|last|in the) (?:season|year)\b|\s(?:overall|ATS|SU)\b", around.right(20)
    )
    is_record = is_record or (after is not None and before[-1:] != ["won"] and before[-1:] != ["lost"])
    return [*whole(match[1]), "and", *whole(match[2])] if is_record else None


CUED_SCORE_RULES: list[Rule] = [
    *_odds,
    *_wickets,
    rule(r"(\d{1,2})/(\d{1,2})c(?![A-Za-z0-9])", whole, whole, "central"),  # the time of a program, 9/8c
]
SCORE_RULES: list[Rule] = [
    *_sets,
    rule(r"(\d{1,3})\+(\d{1,2})['′]", whole, "plus", whole, "minutes"),  # the minute 90+3' of a game
    *_record,
]
