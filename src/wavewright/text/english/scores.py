"""Read scores of games and odds: sets of tennis, wickets, records of a season."""

from __future__ import annotations

import re

from ..pattern import pattern
from .numbers import whole
from .rules import NEAR, Around, Reading, Rule, reads
from .tables import word_list

ODDS_BEFORE = pattern(r"\b(?:odds|favou?rites?|favou?red|bookies|outsider|bet|priced|backed)\W+(?:[\w/]+\s){0,2}$")
ODDS_AFTER = pattern(r"\s(?:odds|favou?rite|outsider|shot|long shot|underdog|on the (?:favou?rite|underdog))\b")
CRICKET = pattern(
    r"\b(?:overs?|ov|innings|wickets?|declared|dec|all out|runs|stumps|cricket|chasing|bowled|batting|ODI|T20I?)\b"
)
_SET = r"[0-7][-–][0-7](?:\s?\(\d{1,2}(?:[-–]\d{1,2})?\))?"
RECORD_VERBS = word_list("record-verbs")
RECORD_PHRASES = {
    ("improved", "to"),
    ("fell", "to"),
    ("dropped", "to"),
    ("record", "of"),
    ("record", "is"),
    ("record", "was"),
}


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


@reads(r"(\d{1,2})/(\d{1,2})c(?![A-Za-z0-9])")
def _of_zones(match: re.Match[str], _around: Around) -> Reading:
    """Read the time of a program ``9/8c``: in the east, and in central time."""
    return [*whole(match[1]), *whole(match[2]), "central"]


@reads(r"(\d{1,3})\+(\d{1,2})['′]")
def _added_time(match: re.Match[str], _around: Around) -> Reading:
    """Read the minute ``90+3'`` of a game."""
    return [*whole(match[1]), "plus", *whole(match[2]), "minutes"]


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
    is_record = bool(before) and (before[-1] in RECORD_VERBS or tuple(before[-2:]) in RECORD_PHRASES)
    after = re.match(
        r"\s(?:this|on the|for the|last|in the) (?:season|year)\b|\s(?:overall|ATS|SU)\b",
        around.text[around.end : around.end + 20],
    )
    is_record = is_record or (after is not None and before[-1:] != ["won"] and before[-1:] != ["lost"])
    return [*whole(match[1]), "and", *whole(match[2])] if is_record else None


CUED_RULES: list[Rule] = [*_odds, *_wickets, *_of_zones]
DIGIT_RULES: list[Rule] = [*_sets, *_added_time, *_record]
