"""Read digits that are no amounts: telephone numbers, versions, IP addresses, coordinates, mixtures with letters."""

from __future__ import annotations

import re

from ..pattern import pattern
from ..region import is_british
from .abbreviations import COMPASS, COMPASS_NOUNS, STARTERS, STREETS
from .names import is_spelled
from .numbers import decimal, digits, in_pairs, in_plural, letters, plural, telephone, two_digits, whole
from .rules import (
    NOT_IN_WORD,
    NOT_NOUNS,
    NUMBER,
    Around,
    Reading,
    Rule,
    alternatives,
    named_in,
    reads,
    reads_as,
    rows,
    rule,
    word_list,
)
from .units import UNITS

DIGIT_CUES = word_list("digit-cues")
CALL_CUES = word_list("call-cues")
PAIR_CUES = word_list("pair-cues")
INTERJECTIONS = word_list("interjections")
STREET = pattern(rf"\s(?:[NSEW]\.?\s)?(?:[A-Z][a-z]+|\d+[a-z]{{2}})\.?\s(?:{STREETS})\b")
PROGRAMS = word_list("programs")
STATUS_CUES = word_list("status-cues")
STATUS_NOUNS = word_list("status-nouns")
FREEWAYS = word_list("freeways")
EMERGENCY_WORDS = word_list("emergency-words")
AIRLINER_CUES = ("the", "a", "our", "this", "that", "boeing", "jet")
ACCOUNT = pattern(
    r"\b(?:account|acct|routing|card|member|membership|policy|serial|tracking|reference|ref|confirmation|order|"
    r"invoice|case|ticket|licen[cs]e|passport|id|employee|customer|booking|reservation|tax|student|part)"
    r"(?:\s(?:no|nr|num|number|code|id))?[.:]?\s?#?\s?$",
    re.IGNORECASE,
)
KIND = pattern(rf"\b(?i:{alternatives(PAIR_CUES)})\s[A-Z]{{1,3}}\s$|(?<![\w.])(?:H\.\s?R|S)\.\s$|\b[HS]B\s$")
"""A code between a word and its number, or the kind of a bill: ``flight UA 1492``, ``H.R. 3962``."""
UNCOUNTED_S = word_list("uncounted-s")
PIECES_OF_CODE = ("characters", "digits", "letters", "numbers", "symbols", "words", "minutes", "hours", "days")
COURSE = pattern(r"(?<![A-Za-z.&'-])[A-Z]{2,5}\s$")
CODE = pattern(r"(?<![\w-])(?:[A-Z]{1,5}|[A-Z][a-z]{1,12})-$")
"""Capitals before a number: ``AB-123456``."""
HIDDEN = pattern(r"(?<![\w-])(?:[Xx*]{1,4}-){1,3}$")
"""Hidden digits before a number: ``XXX-XX-6789``."""
NUMBER_SIGN = pattern(r"[#№]\s?$")
AFTER_STATE = pattern(r",\s+[A-Z]{2}\s+$")
TOLL_FREE = pattern(r"\+?(1?)[-. ]?\(?800\)?(?=[-. ])")
_STATE_ROWS = rows("states", 3)
STATES = {code: name for code, name, _ in _STATE_ROWS}

SHORT_STATES = {written: name for _, name, short in _STATE_ROWS for written in short.split()}


@reads(r"\d{2,5}(?:[ -]\d{2,6}){1,4}(?![\d-]| \d)")
def _local(match: re.Match[str], around: Around) -> Reading:
    """Read ``Tel. 555 1234``, and ``0800 555 111`` of which no group counts."""
    before = around.left(14)
    is_cued = re.search(r"\b(?:tel|telephone|phone|fax|mobile|cell|call|ring|whatsapp)\b[.:]?\s?$", before, re.I)
    n_digits = sum(character.isdigit() for character in match[0])
    is_national = match[0][0] == "0" and " " in match[0] and n_digits > 9
    return telephone(match[0]) if 6 < n_digits < 14 and (is_cued or is_national) else None


@reads(
    r"(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![\d-])",
    r"\+\d{1,3}(?:\s?\(0\)\d?)?(?:[ .-]?\(?\d{2,5}\)?){2,6}(?![\d-])",
    r"\d{3}-\d{4}(?![\d-])",
)
def _digits(match: re.Match[str], _around: Around) -> Reading:
    """Read a telephone number digit by digit; ``1-800`` with a hundred."""
    free = TOLL_FREE.match(match[0])
    if free:
        return [*digits(free[1]), "eight", "hundred", *digits(match[0][free.end() :])]
    return [*(["plus"] if match[0].startswith("+") else []), *telephone(match[0])]


@reads(r"(?:0\d{2,4}\)?|\+44\s?\(0\)\s?\d{2,4})[ -]?\d{3,4}[ -]?\d{3,4}(?![\d-])")
def _british_digits(match: re.Match[str], _around: Around) -> Reading:
    """Read British telephone numbers: ``020 7946 0958``, ``07700 900123``."""
    if not is_british():
        return None
    number = match[0].replace("+44 (0)", "+44 ").replace("+44(0)", "+44 ")
    return [*(["plus"] if number.startswith("+") else []), *telephone(number)]


@reads(r"(\d{1,2})\.(\d\d)(?![\d.]\d|\d|%|[A-Za-z])")
def _release(match: re.Match[str], around: Around) -> Reading:
    """Read the version of a program, as in ``Python 3.11`` and ``Ubuntu 22.04``."""
    if around.word_before.lower() not in PROGRAMS:
        return None
    between = [] if len(match[1]) == 2 and match[2] in ("04", "10") else ["point"]
    return [*whole(match[1]), *between, *two_digits(int(match[2]))]


@reads(r"\d+(?:\.\d+){2,}(?::(\d{2,5})(?![\d:]))?(?!\d)")
def _address(match: re.Match[str], _around: Around) -> Reading:
    """Read ``192.168.0.1:80`` with dots, ``2.0.1`` with points."""
    numbers = match[0].partition(":")[0].split(".")
    between = "dot" if len(numbers) == 4 else "point"
    words = [word for number in numbers for word in [between, *whole(number)]]
    return [*words[1:], *(["colon", *in_pairs(match[1])] if match[1] else [])]


@reads(r"\d+(?:[-–]\d+){2,}(?!\d)")
def _chain(match: re.Match[str], _around: Around) -> Reading:
    """Read numbers that several dashes join."""
    groups = re.split("[-–]", match[0])
    return [word for group in groups for word in (digits(group) if len(group) > 2 else whole(group))]


def _chained(numbers: str) -> list[str]:
    """Return the words of small numbers that slashes join and that are no date."""
    return [word for number in numbers.split("/") for word in whole(number)]


@reads(rf"(7\d7)-(\d{{1,3}})([A-Z]{{0,2}}){NOT_IN_WORD}(?!-)")
def _airliner(match: re.Match[str], around: Around) -> Reading:
    """Read ``747-400``."""
    if around.word_before.lower() in ("page", "pages", "pp", "lines", "from"):
        return None
    return [*in_pairs(match[1]), *whole(match[2]), *letters(match[3])]


@reads(
    r"[-−]?(\d+(?:\.\d+)?)°\s?(?:(\d+(?:\.\d+)?)['′]\s?)?(?:(\d+(?:\.\d+)?)(?:\"|″|'')\s?)?([NSEW])(?![A-Za-z])",
    r"[-−]?(\d+(?:\.\d+)?)°\s?(\d+(?:\.\d+)?)['′](?:\s?(\d+(?:\.\d+)?)(?:\"|″|''))?()",
)
def _coordinate(match: re.Match[str], around: Around) -> Reading:
    """Read ``40.7° N``."""
    degrees, minutes, seconds, direction = match.groups()
    words = [*(["minus"] if around.text[around.start] in "-−" else []), *decimal(degrees), "degrees"]
    words += [*decimal(minutes), "minutes"] if minutes else []
    words += [*decimal(seconds), "seconds"] if seconds else []
    return [*words, *([COMPASS[direction]] if direction else [])]


_CUED = rf"(\d{{2,}})('s\b)?(?![.,:/]\d|\s?[°%]|\s?[kcm]?m[23²³]\b){NOT_IN_WORD}"


@reads(_CUED)
def _cued_digits(match: re.Match[str], around: Around) -> Reading:
    """Read a number digit by digit where the text around asks for it."""
    before = [word.lower() for word in around.words_before]
    last, number = before[-1] if before else "", match[1]
    is_emergency = number in ("911", "999") and around.word_after in EMERGENCY_WORDS
    is_texted = len(number) in (5, 6) and last == "to" and before[0] in ("text", "sms", "send")
    of_code = bool(DIGIT_CUES & {*before[-2:]}) and around.word_after.lower() not in PIECES_OF_CODE
    is_called = last in CALL_CUES and len(number) == 3
    is_cued = is_emergency or is_texted or of_code or is_called or _is_ending(before, number)
    return _with_ending(digits(number), match[2]) if is_cued or _is_labelled(number, around) else None


def _is_labelled(number: str, around: Around) -> bool:
    """Return True for the digits of an account, a code, a ZIP code or a hidden number, by the text right before."""
    labels = [
        *([HIDDEN] if len(number) > 2 else []),
        *([ACCOUNT, CODE, NUMBER_SIGN] if len(number) > 4 else []),
        *([AFTER_STATE] if len(number) == 5 else []),
    ]
    return any(label.search(around.text, *around.before) for label in labels)


@reads(_CUED)
def _cued_pairs(match: re.Match[str], around: Around) -> Reading:
    """Read a number of up to four digits in pairs where the text around asks for it."""
    before = [word.lower() for word in around.words_before]
    last, number = before[-1] if before else "", match[1]
    if len(number) > 4:
        return None
    is_form = number in ("1040", "1098", "1099") and last in ("a", "form", "the", "your", "my")
    is_plain = len(number) > 2 and number[0] != "0"
    is_address = is_plain and STREET.match(around.text, around.end)
    after = around.word_after
    is_plural = after.islower() and after.endswith("s") and after not in UNCOUNTED_S
    is_counted = is_plural or after in UNITS or last in DIGIT_CUES | CALL_CUES
    is_course = len(number) == 3 and is_plain and not is_counted and COURSE.search(around.text, *around.before)
    is_status = len(number) == 3 and _is_status(number, last, around)
    is_coded = len(number) > 2 and CODE.search(around.text, *around.before)
    is_cued = last in PAIR_CUES or KIND.search(around.text, *around.before)
    if not (is_cued or is_form or is_address or is_course or is_status or is_coded):
        return None
    return _with_ending(in_pairs(number), match[2])


def _with_ending(words: list[str], ending: str | None) -> list[str]:
    """Return words with an ending of the last one: ``Blink-182's``."""
    return [*words[:-1], words[-1] + (ending or "")]


def _is_status(number: str, last: str, around: Around) -> bool:
    """Return True for the number of an answer on the web (``HTTP 404``), an airliner (``the 747``) or a freeway."""
    after = around.word_after.lower()
    is_alone = not after or after in NOT_NOUNS or not (after.endswith("s") and around.word_after.islower())
    if last in STATUS_CUES:
        return number[0] in "12345"
    before = around.left(12)
    is_road = re.search(r"\b(?:on|off|take|took|via|down|up|from|to|along) the $", before) is not None
    is_road = is_road or (last == "the" and after in ("is", "was", "north", "south", "east", "west", "freeway"))
    if number in FREEWAYS and is_road and is_alone:
        return True
    if number[1] == "0" and number[0] in "345" and number[2] != "0":
        return after in STATUS_NOUNS or (last in ("a", "an") and number[0] != "3" and is_alone)
    return re.fullmatch("7[0-8]7", number) is not None and last in AIRLINER_CUES and is_alone


def _is_ending(before: list[str], number: str) -> bool:
    """Return True for the last digits of a card: ``ending in 4242``."""
    is_ending = (
        "ending" in before[-2:]
        or "ends" in before[-2:]
        or before[-3:] in (["last", "four", "digits"], ["last", "digits", "are"])
    )
    return is_ending and 2 < len(number) < 6


_card = reads(
    r"(\d{4}([ -])\d{4}\2\d{4}(?:\2\d{1,4}){0,3})(?![\d-])",
    r"(3\d{3}([ -])\d{6}\2\d{5})(?![\d-])",
    r"(\d{3}([ -])\d{2}\2\d{4})(?![\d-])",
    r"(\d{5}-\d{4})(?![\d-])",
)(reads_as(digits))
"""Rules of a card, of social security and of a long ZIP code."""


_rating = reads(r"(\d+(?:\.\d+)?)\s?/\s?(\d{1,3})(?=\s+stars?\b)", r"(\d+\.\d+)/(5|10|20|100|\d\.\d)(?![\d/.])")(
    reads_as(decimal, "out", "of", decimal)
)


@reads(
    r"([Ll]at|[Ll]ong?|LAT|LONG|LON)(?:\.|(?=:))(?=:?\s?[-−]?\d{1,3}(?:\.\d{2,}|°))", r"([Ll]at)/([Ll]ong?)(?![A-Za-z])"
)
def _coordinate_name(match: re.Match[str], _around: Around) -> Reading:
    """Read ``Lat. 40.7°``, ``Long: -74.0060`` and ``lat/long``."""
    if match.lastindex == 2:
        return ["latitude", "longitude"]
    return ["latitude" if match[1].lower() == "lat" else "longitude"]


@reads(r"([A-Z]{2})(?=[\s.,;!?]|$)")
def _state(match: re.Match[str], around: Around) -> Reading:
    """Read ``Austin, TX``."""
    if match[1] not in STATES or around.word_after in COMPASS_NOUNS or not re.search(r"[A-Za-z],\s+$", around.left(6)):
        return None
    return STATES[match[1]].split()


@reads(r"(?<=\()([RDI])-([A-Z]{2})(?=\))")
def _party(match: re.Match[str], _around: Around) -> Reading:
    """Read the party and state of a senator: ``(R-TX)``."""
    return [match[1], *STATES[match[2]].split()] if match[2] in STATES else None


@reads(rf"({alternatives(SHORT_STATES)})\.")
def _short_state(match: re.Match[str], around: Around) -> Reading:
    """Read ``Boston, Mass.``."""
    is_after_town = re.search(r"(?<![A-Za-z])[A-Z][a-z]+,\s+$", around.left(24))
    is_title = match[1] == "Miss" and around.word_after[:1].isupper() and around.word_after.lower() not in STARTERS
    is_state = is_after_town and around.words_before[-1].lower() not in INTERJECTIONS and not is_title
    return SHORT_STATES[match[1]].split() if is_state else None


@reads(rf"[vV](?:er\.?\s?|\.\s?)?(\d+(?:\.\d+)*){NOT_IN_WORD}")
def _version(match: re.Match[str], around: Around) -> Reading:
    """Read ``v2.0.1``."""
    numbers = match[1].split(".")
    if match[0] == f"V{match[1]}" and len(numbers) == 1:
        return None  # an engine
    if re.match(r",?\s[Nn]o?\.\s?\d", around.right(8)):
        return ["volume", *whole(match[1])] if len(numbers) == 1 else None
    if len(numbers) == 2:
        return ["version", *decimal(match[1])]
    return ["version", *[word for number in numbers for word in ["point", *whole(number)]][1:]]


def mixture(text: str, around: Around) -> list[str]:
    """Read runs of letters and of digits in one word: ``MP3``, ``COVID19``, ``B12``."""
    words: list[str] = []
    for run in re.findall(r"\d+s$|\d+|[A-Za-z]+", text):
        if run.endswith("s") and run[0].isdigit():
            words += in_plural(whole(run[:-1]))
        elif run.isdigit():
            words += in_pairs(run) if len(run) in (3, 4) else whole(run) if len(run) < 3 else digits(run)
        elif (
            (len(run) > 3 or (len(run) == 3 and not run.isupper()))
            and around.knows(run.lower())
            and (not is_spelled(run.lower()))
        ):
            words.append(run.lower())
        else:
            words += letters(run) if len(run) < 4 or run.isupper() else [run.lower()]
    return words


@reads(r"(\d{1,15}\.\d{1,15})([A-Za-z][A-Za-z0-9]{0,24})")
def _decimal_mixture(match: re.Match[str], around: Around) -> Reading:
    """Read ``1.5x``."""
    return [*decimal(match[1]), *mixture(match[2], around)]


@reads(r"((?:1-)?8\d\d)-([A-Z]{3,12}(?:-[A-Z]{2,12})?)(?![A-Za-z0-9])")
def _word_number(match: re.Match[str], around: Around) -> Reading:
    """Read ``1-800-FLOWERS``."""
    before = ["eight", "hundred"] if match[1].endswith("800") else digits(match[1][-3:])
    words = [word for part in match[2].split("-") for word in _dialled(part, around)]
    return [*digits(match[1][:-4]), *before, *words]


def _dialled(part: str, around: Around) -> list[str]:
    """Read a part of the words of a telephone number."""
    return [part.lower()] if len(part) > 2 and around.knows(part.lower()) else mixture(part, around)


def _mixture(match: re.Match[str], around: Around) -> Reading:
    """Read a word of letters and digits; spell a long number of a parcel or a car."""
    changes = len(re.findall(r"(?<=\d)(?=[A-Z])|(?<=[A-Z])(?=\d)", match[1]))
    if len(match[1]) > 9 and changes > 2:
        return letters(match[1])
    return _with_ending(mixture(match[1], around), match[2])


@reads(r"(\d{1,4})([A-Za-z])\s?[-–]\s?([A-Za-z])(?![A-Za-z0-9-])")
def _lettered_range(match: re.Match[str], _around: Around) -> Reading:
    """Read ``Figs. 3a–c``."""
    is_range = match[2].islower() == match[3].islower() and match[2] < match[3]
    return [*whole(match[1]), match[2].upper(), "to", match[3].upper()] if is_range else None


@reads(
    r"([A-Z]{1,3}\d{1,4}):([A-Z]{1,3}\d{1,4})(?![\w:])",
    r"(Q[1-4])\s?[-–]\s?(Q[1-4])(?!\w)",
    r"(([A-Z]{1,3})\d{1,4})–(\2\d{1,4})(?![\w–-])",
)
def _cells(match: re.Match[str], around: Around) -> Reading:
    """Read the range of cells ``A1:B10``, and ``Q1–Q3``."""
    return [*mixture(match[1], around), "to", *mixture(match[match.re.groups], around)]


@reads(rf"[A-Z]-\d{{1,4}}[A-Z]{{0,2}}{NOT_IN_WORD}")
def _coded(match: re.Match[str], around: Around) -> Reading:
    """Read a capital and a number with a hyphen: ``F-16``, ``C-3PO``."""
    return mixture(match[0], around) if match[0][0] in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" else None


@reads(r"(40[13])\s?\(([kb])\)|(40[13])([kb])(?![A-Za-z0-9])")
def _plan(match: re.Match[str], _around: Around) -> Reading:
    """Read the retirement plan ``401(k)``."""
    number, letter = match[1] or match[3], match[2] or match[4]
    return [*digits(number[0]), "oh", *digits(number[2]), letter.upper()]


@reads(rf"(\d{{1,6}})ers{NOT_IN_WORD}")
def _team(match: re.Match[str], _around: Around) -> Reading:
    """Read ``49ers``."""
    *words, last = whole(match[1])
    return [*words, last + ("rs" if last.endswith("e") else "ers")]


@reads(r"([01])s(?=\s(?:and|or)\s[01]s\b)|(?<=[01]s\sand\s)([01])s\b|(?<=[01]s\sor\s)([01])s\b")
def _bits(match: re.Match[str], _around: Around) -> Reading:
    """Read ``0s and 1s``."""
    return [plural(*whole(match[1] or match[2] or match[3]))]


PROPORTION_RULES: list[Rule] = [
    rule(r"(\d+):(\d+)\s?::\s?(\d+):(\d+)(?![\d:])", whole, "is", "to", whole, "as", whole, "is", "to", whole)
]
PHONE_RULES: list[Rule] = [*_card, *_rating, *_local, *_british_digits, *_airliner, *_word_number, *_digits]
DIGIT_RULES: list[Rule] = [
    *_release,
    rule(r"24-7(?![\d-])", "twenty", "four", "seven"),
    rule(r"007(?!\d)", "double", "oh", "seven"),
    *_plan,
    rule(rf"(7\d7)s{NOT_IN_WORD}", lambda number: in_plural(in_pairs(number))),  # 747s
    *_team,
    *_bits,
    *_coordinate,
    *_address,
    *_chain,
    rule(r"(\d{1,3}(?:/\d{1,3}){2,})(?![\d/])", _chained),  # 24/7/365
    rule(rf"({NUMBER}):({NUMBER})(?![\d:])", decimal, "to", decimal),  # 16:9
    rule(r"802\.(\d{1,2})([a-z]{1,2})?(?![\w.])", "eight", "oh", "two", "point", whole, letters),  # 802.11ac
    rule(
        r"(\d{1,2}(?:\.\d+)?)\s?([NS]),?\s(\d{1,3}(?:\.\d+)?)\s?([EW])(?!\w)",  # 40.7N, 74W
        *(decimal, named_in(COMPASS), decimal, named_in(COMPASS)),
    ),
    rule(r"(?<=[Rr]unway )(\d{1,2})([LRC])(?!\w)", whole, named_in({"L": "left", "R": "right", "C": "center"})),
    *_cued_pairs,
    *_cued_digits,
]
MIXTURE_RULES: list[Rule] = [
    *_lettered_range,
    *_decimal_mixture,
    rule(r"(\d{1,4})ish(?![A-Za-z])", whole, "ish"),  # 7ish
    (pattern(r"(\d+[A-Za-z][A-Za-z0-9]{0,24})('s\b)?"), _mixture),
]
LETTER_RULES: list[Rule] = [
    *_coordinate_name,
    *_version,
    *_party,
    *_coded,
    *_state,
    *_short_state,
    rule(r"log_?(\d{1,2})(?=\s?\()", "log", "base", whole),  # log2(8)
    rule(r"x(?=\d{1,3}\s?(?:d|days?|wks?|weeks?|mos?|months?|hrs?|hours?)\b)", "for"),
    *_cells,
    rule(r"(FY|CY|AY|SY)(?='?\d)", letters),  # FY2024
    (pattern(rf"([A-Za-z]{{1,24}}\d[A-Za-z0-9]{{0,24}})('s\b)?{NOT_IN_WORD}"), _mixture),
]
