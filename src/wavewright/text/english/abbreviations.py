"""Read abbreviations, and decide by the words around whether their dot ends the sentence."""

from __future__ import annotations

import re

from ..pattern import pattern
from .calendar import DAY_NAMES, MONTH_NAMES, WEEKDAYS
from .rules import (
    NEAR,
    NOT_IN_WORD,
    Around,
    Reading,
    Rule,
    alternatives,
    of_kind,
    reads,
    reads_as,
    rows,
    rule,
    word_list,
)

_ROWS = rows("abbreviations", 3)

TITLES = of_kind(_ROWS, "title")
"""Read before a name; no sentence ends with one."""

STREET_TYPES = of_kind(_ROWS, "street")
"""Read after the name of a street."""

BEFORE_NUMBER = of_kind(_ROWS, "number")
"""Read before a number."""

GENERAL = of_kind(_ROWS, "general")
"""Read anywhere."""


AMBIGUOUS = word_list("ambiguous-abbreviations")
"""Also words that may end a sentence: abbreviations only where the sentence goes on or a number or name follows."""

WITHOUT_DOT = word_list("undotted-abbreviations")
REGIONS = ("Dakota", "Carolina", "Virginia", "Korea", "Africa", "America", "Ireland", "Wales", "Yorkshire", "Sussex")
COMPASS_NOUNS = word_list("compass-nouns")
COMPASS_CUES = word_list("compass-cues")
DAY_CUES = word_list("weekday-cues")
CAPITALISED = word_list("capitalised-abbreviations")
COUNTING = word_list("number-words")
LABELS = word_list("labels")
LIMITED = word_list("limited-nouns")

MUSICAL_KEY = pattern(r"\b[A-G](?:[#♯b♭]|[ -](?:sharp|flat))?\s$")
SPOONS = {"c": ("cup", "cups"), "T": ("tablespoon", "tablespoons"), "t": ("teaspoon", "teaspoons")}
SPOONS_BEFORE = pattern(r"(?:(?<![\w/.])(\d{1,2})|(\d\s|\d-)?(?:\d/\d{1,2}|[¼½¾⅓⅔⅛])|\d[¼½¾⅓⅔⅛])\s$")
WIND_SPEED = pattern(r"\s(?:at\s)?\d{1,3}(?:\s?[-–]\s?\d{1,3})?\s?(?:mph|kts?|knots|km/h|kph|m/s)\b")
EDITION_BEFORE = pattern(
    r"(?:\d(?:st|nd|rd|th|d)|\b(?:revised|rev\.|new|abridged|[a-z]*(?:first|second|third|th)))\s$", re.I
)
DISTANCE_BEFORE = pattern(r"\d\s?(?:mi|miles?|km|blocks?)\.?\s$")
ROAD_BEFORE = pattern(r"\b(?:I-|US[ -]|Hwy\.?\s|Route\s|Rte\.?\s|Highway\s|SR[ -])\d{1,3}\s$")
LETTERED = word_list("lettered-abbreviations")
NEEDS_CAPITAL = word_list("capital-numbered")
NUMBER_NEXT = pattern(r"\s(?:[Nn]os?\.\s?|#\s?)\d")  # ``Apt. No. 4``
LETTER_NEXT = pattern(r"\s(?![AI]\s[a-z])[A-Z](?![\w'.]\w)\W?")  # ``Apt. B``
ADDRESS_PARTS = ("apt", "ste", "unit", "suite", "bldg", "rm", "fl", "floor", "nw", "ne", "sw", "se")
PRODUCT_CODE = pattern(r"\s?[A-Z]{1,4}-?\d|\s[A-Z]{2,3} \d")  # ``No. XJ-9``
COMPASS = of_kind(_ROWS, "compass")
SLASHED = of_kind(_ROWS, "slash")

_ANYWHERE = pattern("")
BETWEEN = (
    ("min", MUSICAL_KEY, _ANYWHERE, "minor"),
    ("min", pattern(r"\d(?:st|nd|rd|th)\s$"), _ANYWHERE, "minute"),
    ("est", _ANYWHERE, pattern(r"\s(?:(?!1\d{3}|20\d\d)[$€£~]?\d|[a-z]{3})"), "estimated"),
    ("amend", pattern(r"\d(?:st|nd|rd|th)\s$"), _ANYWHERE, "amendment"),
    (
        "pt",
        _ANYWHERE,
        pattern(r"\s(?:c/o|is|was|has|had|w/|presents?|denie[sd]|reports?|states|admitted)\b"),
        "patient",
    ),
    ("incl", _ANYWHERE, pattern(r"[,;)]|\s*$"), "included"),
    ("rev", _ANYWHERE, pattern(r"\s\d{4}"), "revised"),
    ("rev", _ANYWHERE, pattern(r"\s\d"), "revision"),
    ("ed", EDITION_BEFORE, _ANYWHERE, "edition"),
    ("ed eds", _ANYWHERE, pattern(r"\sby\b"), "edited"),
    ("pt", pattern(r"\b(?:dew|melting|boiling|freezing|flash)\s$", re.IGNORECASE), _ANYWHERE, "point"),
    ("cir", pattern(r"\d(?:st|nd|rd|th|d)\s$"), _ANYWHERE, "circuit"),
    ("disc", _ANYWHERE, pattern(r"\s\(?(?:[$€£¥₹]\s?\d|\d[\d.,]*\s?(?:%|percent\b))"), "discount"),
    ("reg", _ANYWHERE, pattern(r"\s(?:no|number|nr)\b", re.IGNORECASE), "registration"),
    ("reg", _ANYWHERE, _ANYWHERE, "regular"),
)
"""Abbreviations, the text before and after them, and the word that they then are."""

STARTERS = word_list("sentence-starters")
"""With a capital after the dot of an abbreviation, these words begin a new sentence."""


STREETS = alternatives(name.title() for kind, street in STREET_TYPES.items() for name in (kind, street))
_NAMES = frozenset((*TITLES, *STREET_TYPES, *BEFORE_NUMBER, *GENERAL, *WEEKDAYS, "ret", "eds", "disc"))
_DAY = f"({alternatives(name.title() for name in WEEKDAYS)})"
_BARE_DAY = alternatives(name.title() for name in word_list("undotted-weekdays"))
DAY_BEFORE = pattern(rf"\b{_DAY}\.?(?:,|,?\s(?:&|and))\s$")

APOSTROPHES = of_kind(_ROWS, "apostrophe")
"""Words that are shortened by an apostrophe: ``cont'd``."""

NUMBERED = word_list("undotted-numbered")
"""Read without a dot before a number: ``Hwy 101``."""


@reads(r"([A-Za-z][A-Za-z.-]{0,6}?)\.(?![A-Za-z0-9])", r"([A-Za-z]{1,7})\.(?=\d)", r"([A-Za-z-]{1,7})\.(?=[A-Za-z]{2})")
def _dotted(match: re.Match[str], around: Around) -> Reading:
    """Read an abbreviation with a dot, by the first of its kinds that fits the words around."""
    written, name, follows = match[1], match[1].lower(), around.right(1)
    if name not in (BEFORE_NUMBER if follows.isdecimal() else TITLES if "a" <= follows.lower() <= "z" else _NAMES):
        return None
    if around.left(1).isdigit() or re.fullmatch("[A-Z]{2,}s", written):
        return None  # ``5p.12``, ``40 HRs``
    after = re.match(r"\s*\(?([A-Za-z]?)(\d?)", around.right(20))
    next_letter, next_digit = (after[1], after[2]) if after else ("", "")
    if written == "Oz":
        return None  # the land of the wizard
    is_name_next = next_letter.isupper() and around.word_after.lower() not in (*STARTERS, *ADDRESS_PARTS)
    return (
        _exception(written, name, next_digit, around)
        or _before_number(name, next_digit, around)
        or _street(name, is_name_next, around)
        or _title(written, next_letter, is_name_next, around)
        or _weekday(written, next_letter, next_digit, around)
        or _general(written, around)
    )


def _exception(written: str, name: str, next_digit: str, around: Around) -> Reading:
    """Read ``min. 5``, ``Col. Lee, Ret.`` and ``ed. by``."""
    for names, before, after, word in BETWEEN:
        if (
            name in names.split()
            and before.search(around.text, *around.before)
            and after.match(around.text, around.end)
        ):
            return [word]
    if written == "P" and around.text[around.start - 2 : around.start] == ". ":
        return ["P"]
    if name in ("min", "max") and (next_digit or not _is_counted(around)):
        return ["minimum" if name == "min" else "maximum"]
    if name == "exp" and written[0].isupper() and next_digit:
        return ["expires"]
    if name == "ret" and (written[0].isupper() or around.text[: around.start].rstrip()[-1:] in (",", "(")):
        return ["retired"]
    is_guest = written == "ft" and around.word_before[:1].isupper() and around.word_after[:1].isupper()
    return ["featuring"] if is_guest else None


def _is_counted(around: Around) -> bool:
    """Return True after a number: ``5 min.``."""
    before = around.left(NEAR).rstrip(" -")
    return before[-1:].isdigit() or around.word_before.lower() in COUNTING


def _before_number(name: str, next_digit: str, around: Around) -> Reading:
    """Read ``No. 5``, ``No. XJ-9`` and ``Vol. II``."""
    numbers = [NUMBER_NEXT, *([PRODUCT_CODE] if name in ("no", "nos") else [LETTER_NEXT] if name in LETTERED else [])]
    is_number_next = next_digit != "" or any(number.match(around.text, around.end) for number in numbers)
    if name in NEEDS_CAPITAL and not around.text[around.start].isupper():
        is_number_next = is_number_next and around.left(1) == "("
    is_mark = name == "no" and re.match(r"\s\d{1,2}/10\b", around.right(6))  # ``no. 3/10``
    if name in BEFORE_NUMBER and not is_mark and (is_number_next or (name != "no" and _is_roman(around))):
        return BEFORE_NUMBER[name].split()
    return None


def _street(name: str, is_name_next: bool, around: Around) -> Reading:
    """Read ``Main St.`` and ``42nd St.``, but not ``in Paris St. Denis``."""
    if name not in STREET_TYPES:
        return None
    is_title = is_name_next and name in TITLES and not _is_street(around)
    numbered = re.search(r"\d(st|nd|rd|th)?\s+$", around.left(8))
    is_numbered = numbered is not None and (numbered[1] is not None or not is_title)  # ``5 St. James's Pl.``
    return [STREET_TYPES[name]] if (_is_after_name(around) and not is_title) or is_numbered else None


def _title(written: str, next_letter: str, is_name_next: bool, around: Around) -> Reading:
    """Read ``Dr. Lee`` and ``Mr. & Mrs. Lee``."""
    name = written.lower()
    if name not in TITLES or not written[0].isupper():
        return None
    is_only_title = name not in AMBIGUOUS and name not in STREET_TYPES
    is_before_capital = next_letter.isupper() and name in STREET_TYPES and not _is_after_name(around)
    is_couple = re.match(r"\s(?:&|and) M[a-z]{1,3}\.", around.right(9))
    is_after_name = not next_letter and around.text[: around.start].rstrip()[-1:] in ("(", ",")  # ``A. Clarke (Mrs.)``
    is_title = is_name_next or ((next_letter or is_after_name) and is_only_title) or is_before_capital or is_couple
    return [TITLES[name]] if is_title else None


def _weekday(written: str, next_letter: str, next_digit: str, around: Around) -> Reading:
    """Read ``Sat. morning`` and ``Sat., May 5``, but not ``The cat Sat.``."""
    name = written.lower()
    if name not in WEEKDAYS or not written[0].isupper():
        return None
    is_before_mark = around.right(1) in (",", "-", "–", ")")
    is_named = around.word_before.lower() in DAY_CUES
    continues = name not in AMBIGUOUS or next_digit or next_letter.islower() or is_before_mark or is_named
    return [WEEKDAYS[name]] if continues else None


def _general(written: str, around: Around) -> Reading:
    """Read ``etc.``, and ``Co.`` where the sentence continues."""
    name = written.lower()
    if name not in GENERAL or (name in AMBIGUOUS and not _continues(around, written)):
        return None
    return GENERAL[name].split()


def _continues(around: Around, written: str) -> bool:
    """Return True if the sentence continues after an abbreviation that is also a word."""
    after = around.right(2).lstrip()
    if written[0].isupper() and written.lower() in ("co", "ed", "inc") and after[:1] in ("", ",", "'"):
        return True
    return after[:1].islower() or after[:1] in (",", ";") or after[:1].isdigit() or (written.lower() == "co")


def _is_roman(around: Around) -> bool:
    """Return True if a roman numeral follows."""
    return bool(re.fullmatch(r"[IVXLC]+|[ivx]{1,5}", around.word_after))


def _is_after_name(around: Around) -> bool:
    """Return True if a capitalised word is right before."""
    return around.word_before[:1].isupper() and around.text[around.start - 2 : around.start].strip().isalpha()


def _is_street(around: Around) -> bool:
    """Return True if a preposition is two words before: ``on Main St.``."""
    before = around.words_before
    return len(before) >= 2 and before[-2].lower() in ("on", "at", "down", "along", "to", "near", "of", "off", "from")


@reads(rf"([A-Za-z]{{1,5}}'[a-z]{{1,3}}){NOT_IN_WORD}")
def _shortened(match: re.Match[str], _around: Around) -> Reading:
    """Read ``cont'd``."""
    words = APOSTROPHES.get(match[1].lower())
    return words.split() if words else None


@reads(r"([A-Za-z]{1,7})(?=:\s)", r"([A-Za-z]{1,7})(?=\s\(?#?\d|\s[Nn]os?\.\s?\d)")
def _numbered(match: re.Match[str], around: Around) -> Reading:
    """Read ``Tel: 555-0134``, ``Hwy 101`` and ``pp 3-5``."""
    written, name, is_label = match[1], match[1].lower(), around.text[around.end] == ":"
    if name not in (LABELS if is_label else NUMBERED) or written not in (name, name.title(), name.upper() * is_label):
        return None
    return (BEFORE_NUMBER.get(name) or GENERAL[name]).split()


def _weekday_of(written: str) -> list[str]:
    return [WEEKDAYS[written.lower()]]


_day = reads(
    rf"({_DAY})(?=\s\d{{1,2}}(?:[:.]\d\d)?\s?(?:[aApP]\.?[mM]|[-–]\s?\d))",
    rf"({_DAY})(?=,?\s(?:\d{{1,2}}/\d{{1,2}}(?!\d|\scup)|(?:\d{{1,2}}\s)?(?:{alternatives(MONTH_NAMES)})\b))",
    rf"({_DAY})(?=,?\s(?:&|and)\s{_DAY}\b)",
    rf"({_BARE_DAY})(?![A-Za-z0-9'.-])(?=\W|$)",
)(reads_as(_weekday_of))
"""Rules of ``Sat 10-2``, ``Sat & Sun`` and ``Fri``."""


@reads(rf"({_DAY})(?![A-Za-z.'])")
def _last_day(match: re.Match[str], around: Around) -> Reading:
    """Read the last one of ``Thu & Sat``."""
    before = around.left(14)
    return [WEEKDAYS[match[1].lower()]] if DAY_BEFORE.search(before) else None


@reads(r"([Mm])(in|ax)(?=\s\(?(?:\d|[a-z]+\b))")
def _limit(match: re.Match[str], around: Around) -> Reading:
    """Read ``min 2 nights`` and ``Max occupancy``, where no number is before."""
    if _is_counted(around) or (match[2] == "ax" and match[1] == "M" and not around.word_after.islower()):
        return None
    is_apart = around.left(2).strip() in ("", ":", "(", ",", ";", ".", "/", "-")
    if match[2] == "ax":
        return ["maximum"] if match[1] == "m" or (is_apart and around.word_after in LIMITED) else None
    is_limit = re.match(r"\s\(?\d", around.right(3)) or around.word_after in LIMITED
    return ["minimum"] if is_limit else None


@reads(rf"([A-Za-z]{{2,6}}){NOT_IN_WORD}")
def _bare(match: re.Match[str], around: Around) -> Reading:
    """Read an abbreviation without a dot."""
    name = match[1].lower()
    is_several = re.fullmatch("[A-Z]{2,}s", match[1]) is not None  # ``40 HRs``
    if name not in WITHOUT_DOT or is_several or around.text.startswith(("'", "."), around.end):
        return None
    if name in TITLES and name not in ("ft",) and match[1][0].isupper():
        if name in STREET_TYPES and _is_after_name(around) and not around.word_after[:1].isupper():
            return [STREET_TYPES[name]]
        return [TITLES[name]] if around.word_after[:1].isupper() and match[1] != match[1].upper() else None
    is_capital = match[1].isupper() and name not in CAPITALISED
    return GENERAL[name].split() if name in GENERAL and not is_capital else None


@reads(r"([NSEW])\.?(?=\s(?:[A-Z][a-z]|\d))")
def _direction_before(match: re.Match[str], around: Around) -> Reading:
    """Read the direction before a street: ``45 N. Main St.``."""
    is_street = re.match(rf"\s(?:[A-Z][a-z]+|\d+[a-z]{{2}})\.?\s(?:{STREETS})\b", around.right(40))
    is_region = around.word_after in REGIONS
    return [COMPASS[match[1]]] if is_street or is_region else None


@reads(rf"([NSEW]){NOT_IN_WORD}(?!'|\.\w)")
def _direction_of_road(match: re.Match[str], around: Around) -> Reading:
    """Read ``I-90 W``, and ``N 40°`` of a coordinate."""
    is_road = ROAD_BEFORE.search(around.text, max(0, around.start - NEAR), around.start)
    is_road = is_road or DISTANCE_BEFORE.search(around.text, max(0, around.start - 12), around.start)
    is_degree = re.match(r"\s?\d{1,3}(?:\.\d+)?°", around.right(12))
    return [COMPASS[match[1]]] if is_road or is_degree else None


@reads(r"([cTt])\.(?=\)|\s[a-z=])")
def _spoon(match: re.Match[str], around: Around) -> Reading:
    """Read ``2 c. sugar`` and ``1 T. butter``, and the century of ``the 18th c.``."""
    amount = SPOONS_BEFORE.search(around.text, max(0, around.start - 8), around.start)
    if not amount:
        return None
    is_one = amount[1] == "1" or (not amount[1] and amount[0][0] in "0123456789¼½¾⅓⅔⅛" and not amount[2])
    one, several = SPOONS[match[1]]
    return [one if is_one and not re.match(r"\d[¼½¾⅓⅔⅛]", amount[0]) else several]


@reads(r"c\.(?=\W|$)")
def _century(_match: re.Match[str], around: Around) -> Reading:
    """Read ``the 18th c.``."""
    before = around.left(5)
    return ["century"] if re.search(r"\d(?:st|nd|rd|th)\s$", before) else None


@reads(r"(Mo?|T|Tu|W|Th|F)[-–](Th|F|Fr|Sa|Su)(?=:?,?\s\d)")
def _letters_of_days(match: re.Match[str], _around: Around) -> Reading:
    """Read ``M-F 9-5``."""
    names = [next(name for name in DAY_NAMES if name.startswith(day.lower())) for day in match.groups()]
    return [names[0], "to", names[1]]


@reads(rf"([NSEW](?=[NS][EW]))?([NS][EW]|[NSEW]){NOT_IN_WORD}")
def _direction_of_wind(match: re.Match[str], around: Around) -> Reading:
    """Read ``Winds NW at 15 mph`` and ``wind from the SSE``."""
    near = {word.lower() for word in around.words_before}
    names = ["".join(COMPASS[letter] for letter in part) for part in match.groups() if part]
    return names if near & COMPASS_CUES or WIND_SPEED.match(around.text, around.end) else None


@reads(rf"([NS][EW]){NOT_IN_WORD}")
def _direction_after(match: re.Match[str], around: Around) -> Reading:
    """Read the direction after a street: ``Pennsylvania Ave. NW``."""
    is_street = re.fullmatch(STREETS, around.word_before) or around.word_after.lower() in COMPASS_NOUNS | {"of"}
    return [COMPASS[match[1][0]] + COMPASS[match[1][1]]] if is_street else None


@reads(r"(?:w/o|w/out|w/|b/c|c/o|n/a)(?![A-Za-z])", flags=re.IGNORECASE)
def _slashed(match: re.Match[str], around: Around) -> Reading:
    """Read ``w/o``."""
    if match[0].lower() == "c/o" and around.word_before.lower() in ("pt", "patient", "he", "she"):
        return ["complains", "of"]
    return SLASHED[match[0].lower()].split()


LETTER_RULES: list[Rule] = [
    *_shortened,
    *_direction_before,
    *_direction_of_wind,
    *_direction_after,
    *_direction_of_road,
    *_spoon,
    *_century,
    rule(r"[Mm]ed\.?(?=[-\s](?:high|low|heat)\b)", "medium"),  # med-high heat
    *_letters_of_days,
    rule(rf"({_DAY}(?:/{_DAY}){{1,4}})(?![A-Za-z])", lambda days: [WEEKDAYS[day.lower()] for day in days.split("/")]),
    rule(rf"{_DAY}\.?\s?[-–]\s?{_DAY}(?![A-Za-z])", _weekday_of, "to", _weekday_of),  # Mon-Fri
    *_slashed,
    *_dotted,
    *_numbered,
    *_day,
    *_last_day,
    *_limit,
    *_bare,
]
