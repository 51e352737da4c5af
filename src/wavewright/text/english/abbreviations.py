"""Abbreviations: what they are spoken as, and whether a sentence may end with their dot."""

from __future__ import annotations

import re

from ..pattern import pattern
from .numbers import word_set
from .rules import NOT_IN_WORD, Around, Reading, Rule

TITLES = {
    **{
        "mr": "mister",
        "mrs": "missus",
        "ms": "miz",
        "mx": "mix",
        "dr": "doctor",
        "prof": "professor",
        "rev": "reverend",
    },
    **{"gen": "general", "col": "colonel", "maj": "major", "capt": "captain", "cpt": "captain", "lt": "lieutenant"},
    **{"sgt": "sergeant", "cpl": "corporal", "pvt": "private", "adm": "admiral", "cmdr": "commander", "sen": "senator"},
    **{
        "rep": "representative",
        "gov": "governor",
        "pres": "president",
        "hon": "honorable",
        "fr": "father",
        "st": "saint",
    },
    **{
        "mt": "mount",
        "ft": "fort",
        "messrs": "messers",
        "supt": "superintendent",
        "det": "detective",
        "insp": "inspector",
    },
    **{
        "brig": "brigadier",
        "amb": "ambassador",
        "atty": "attorney",
        "assoc": "associate",
        "msgr": "monsignor",
        "ens": "ensign",
    },
}
"""Before a name; no sentence ends with them."""

PLACES = {
    **{"st": "street", "dr": "drive", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "rd": "road", "ln": "lane"},
    **{
        "ct": "court",
        "pl": "place",
        "sq": "square",
        "hwy": "highway",
        "pkwy": "parkway",
        "apt": "apartment",
        "ste": "suite",
    },
}
"""Behind the name of a street."""

WITH_NUMBER = {
    **{
        "no": "number",
        "nos": "numbers",
        "p": "page",
        "pp": "pages",
        "vol": "volume",
        "vols": "volumes",
        "fig": "figure",
    },
    **{
        "figs": "figures",
        "ch": "chapter",
        "sec": "section",
        "art": "article",
        "eq": "equation",
        "ver": "version",
        "pt": "part",
    },
    **{
        "op": "opus",
        "nr": "number",
        "tel": "telephone",
        "ext": "extension",
        "ca": "circa",
        "c": "circa",
        "bldg": "building",
    },
    **{
        "apt": "apartment",
        "ste": "suite",
        "hwy": "highway",
        "rte": "route",
        "rm": "room",
        "para": "paragraph",
        "ex": "example",
        "ed": "edition",
    },
}
"""Only before a number."""

ALWAYS = {
    **{
        "e.g": "for example",
        "eg": "for example",
        "i.e": "that is",
        "etc": "et cetera",
        "vs": "versus",
        "cf": "compare",
    },
    **{
        "viz": "namely",
        "al": "al",
        "approx": "approximately",
        "dept": "department",
        "govt": "government",
        "est": "established",
    },
    **{
        "inc": "incorporated",
        "ltd": "limited",
        "co": "company",
        "corp": "corporation",
        "bros": "brothers",
        "jr": "junior",
    },
    **{"sr": "senior", "assn": "association", "univ": "university", "inst": "institute", "intl": "international"},
    **{
        "natl": "national",
        "min": "minutes",
        "max": "maximum",
        "misc": "miscellaneous",
        "temp": "temperature",
        "tel": "telephone",
    },
    **{
        "appt": "appointment",
        "asst": "assistant",
        "attn": "attention",
        "avg": "average",
        "bldg": "building",
        "cont": "continued",
    },
    **{
        "dist": "district",
        "div": "division",
        "esp": "especially",
        "ext": "extension",
        "incl": "including",
        "mgr": "manager",
    },
    **{
        "orig": "original",
        "pop": "population",
        "qty": "quantity",
        "ref": "reference",
        "resp": "respectively",
        "sci": "science",
    },
    **{
        "hrs": "hours",
        "hr": "hour",
        "mins": "minutes",
        "secs": "seconds",
        "lb": "pounds",
        "lbs": "pounds",
        "oz": "ounces",
    },
    **{
        "ft": "feet",
        "yd": "yards",
        "yds": "yards",
        "yr": "year",
        "yrs": "years",
        "tbsp": "tablespoons",
        "tsp": "teaspoons",
    },
    **{"ph.d": "P H D", "m.d": "M D", "b.a": "B A", "m.a": "M A", "b.sc": "B S C", "m.sc": "M S C", "a.k.a": "A K A"},
    **{
        "esq": "esquire",
        "doz": "dozen",
        "pkg": "package",
        "acct": "account",
        "admin": "administration",
        "mkt": "market",
    },
    **{"wm": "william", "chas": "charles", "thos": "thomas", "robt": "robert", "jas": "james"},
    **{"a.m": "A M", "p.m": "P M", "n.b": "N B", "p.s": "P S", "q.e.d": "Q E D", "r.i.p": "R I P", "d.i.y": "D I Y"},
    **{"ave": "avenue", "blvd": "boulevard", "rd": "road", "hwy": "highway", "mfg": "manufacturing", "ca": "circa"},
}

CAPITAL_ONLY = {
    **{"mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thur": "thursday"},
    **{"thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday"},
}
"""Written with a capital; otherwise, and where the sentence ends, the words that they also are."""

ALSO_WORDS = word_set(
    "no art ex ed sat sun fig min max temp pop div est al co ext misc ms op ver ch sec inst ref rep gen col pt c p fr det hon"
)
"""Also words, or parts of words, that may end a sentence: read as abbreviations only where what stands around says so."""

WITHOUT_DOT = word_set("mr mrs ms dr prof st vs etc jr sr ltd inc lt capt sgt approx dept govt ave blvd ft mt eg")

CODE_NEXT = pattern(r"\s?[A-Z]{1,4}-?\d")  # of a part: ``XJ-9``
COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
SHORT_FORMS = {
    "w/o": "without",
    "w/": "with",
    "b/c": "because",
    "c/o": "care of",
    "n/a": "not applicable",
    "w/out": "without",
}

STARTERS = word_set(
    "the a an this that these those he she it we they i you his her its our their my your there here in on at by for from with to but "
    "and so or yet if when while after before since because although though as then now once what who why how where which is are was "
    "were do does did can could will would should have has had not no yes let please some many most all both each every one two "
    "however meanwhile finally first next also still even just only later today tomorrow yesterday"
)
"""Words that begin sentences: behind the dot of an abbreviation, a capital on one of these means that the dot also ended a sentence."""


def _dotted(match: re.Match[str], around: Around) -> Reading:
    written, name = match[1], match[1].lower()
    after = re.match(r"\s*([A-Za-z]?)(\d?)([A-Za-z]?)", around.text[around.end : around.end + 20])
    next_letter, next_digit = (after[1], after[2]) if after else ("", "")
    if name in ("min", "max") and next_digit:
        return ["minimum" if name == "min" else "maximum"]
    if name == "ret":
        is_rank = around.text[: around.start].rstrip()[-1:] in (",", "(")
        return ["retired"] if is_rank or written[0].isupper() else None
    if name in ("ed", "eds") and around.word_after == "by":
        return ["edited"]
    if written == "Oz":
        return None  # where the wizard is
    next_digit = next_digit or (name in ("no", "nos") and CODE_NEXT.match(around.text, around.end))
    if name in WITH_NUMBER and (next_digit or (name != "no" and _is_roman(around))):
        return WITH_NUMBER[name].split()
    is_name_next = next_letter.isupper() and around.word_after.lower() not in STARTERS
    if name in PLACES and _is_behind_name(around) and not (is_name_next and name in TITLES and not _is_street(around)):
        return [PLACES[name]]
    if name in PLACES and re.search(r"\d(?:st|nd|rd|th)?\s+$", around.text[max(0, around.start - 8) : around.start]):
        return [PLACES[name]]
    is_title = is_name_next or (next_letter and name not in {*ALSO_WORDS, *PLACES})
    is_title = is_title or (next_letter.isupper() and name in PLACES and not _is_behind_name(around))
    if name in TITLES and written[0].isupper() and is_title:
        return [TITLES[name]]
    if (
        name in TITLES
        and written[0].isupper()
        and re.match(r"\s(?:&|and) M[a-z]{1,3}\.", around.text[around.end : around.end + 9])
    ):
        return [TITLES[name]]
    if name in CAPITAL_ONLY:
        goes_on = (
            name not in ALSO_WORDS
            or next_digit
            or next_letter.islower()
            or around.text[around.end : around.end + 1] in (",", "-", "–", ")")
        )
        return [CAPITAL_ONLY[name]] if written[0].isupper() and goes_on else None
    if name in ALSO_WORDS and not _goes_on(around, written):
        return None
    return ALWAYS[name].split() if name in ALWAYS else None


def _goes_on(around: Around, written: str) -> bool:
    """Whether the sentence goes on behind an abbreviation that is also a word."""
    behind = around.text[around.end : around.end + 2].lstrip()
    if written[0].isupper() and written.lower() in ("co", "ed", "inc") and behind[:1] in ("", ",", "'"):
        return True
    return behind[:1].islower() or behind[:1] in (",", ";") or behind[:1].isdigit() or (written.lower() == "co")


def _is_roman(around: Around) -> bool:
    return bool(re.fullmatch(r"[IVXLC]+", around.word_after))


def _is_behind_name(around: Around) -> bool:
    """Whether a capitalised word stands right before."""
    return around.word_before[:1].isupper() and around.text[around.start - 2 : around.start].strip().isalpha()


def _is_street(around: Around) -> bool:
    """Whether a title that is also a kind of street stands behind the name of one: two capitals before, or an article or number."""
    before = around.words_before
    return len(before) >= 2 and before[-2].lower() in ("on", "at", "down", "along", "to", "near", "of", "off", "from")


def _bare(match: re.Match[str], around: Around) -> Reading:
    name = match[1].lower()
    if name not in WITHOUT_DOT or around.text.startswith(("'", "."), around.end):
        return None
    if name in TITLES and name not in ("ft",) and match[1][0].isupper():
        if name in PLACES and _is_behind_name(around) and not around.word_after[:1].isupper():
            return [PLACES[name]]
        return [TITLES[name]] if around.word_after[:1].isupper() and match[1] != match[1].upper() else None
    return ALWAYS[name].split() if name in ALWAYS and not match[1].isupper() else None


def _way_before(match: re.Match[str], around: Around) -> Reading:
    """``45 N. Main St.``: a direction before a street."""
    is_street = re.match(
        rf"\s(?:[A-Z][a-z]+|\d+[a-z]{{2}})\.?\s(?:{STREETS})\b", around.text[around.end : around.end + 40]
    )
    return [COMPASS[match[1]]] if is_street else None


def _way_behind(match: re.Match[str], around: Around) -> Reading:
    """``Pennsylvania Ave. NW``."""
    return [COMPASS[match[1][0]] + COMPASS[match[1][1]]] if re.fullmatch(STREETS, around.word_before) else None


def _days(match: re.Match[str], around: Around) -> Reading:
    return [CAPITAL_ONLY[match[1].lower()], "to", CAPITAL_ONLY[match[2].lower()]]


def _short_form(match: re.Match[str], around: Around) -> Reading:
    return SHORT_FORMS[match[0].lower()].split()


STREETS = "|".join(name for kind, street in PLACES.items() for name in (kind.title(), street.title()))
_NAMES = sorted({*TITLES, *PLACES, *WITH_NUMBER, *ALWAYS, *CAPITAL_ONLY, "ret", "eds"}, key=len, reverse=True)
_DAY = f"({'|'.join(name.title() for name in sorted(CAPITAL_ONLY, key=len, reverse=True))})"
LETTER_RULES: list[Rule] = [
    (pattern(r"([NSEW])\.?(?=\s(?:[A-Z][a-z]|\d))"), _way_before),
    (pattern(rf"([NS][EW]){NOT_IN_WORD}"), _way_behind),
    (pattern(rf"{_DAY}\.?\s?[-–]\s?{_DAY}(?![A-Za-z])"), _days),
    (pattern(r"(?:w/o|w/out|w/|b/c|c/o|n/a)(?![A-Za-z])", re.IGNORECASE), _short_form),
    (pattern(rf"({'|'.join(map(re.escape, _NAMES))})\.(?![A-Za-z0-9])", re.IGNORECASE), _dotted),
    (pattern(rf"([A-Za-z]{{2,6}}){NOT_IN_WORD}"), _bare),
]
