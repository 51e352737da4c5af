"""Digits that are no amounts: telephone numbers, versions, addresses of machines, places on the globe, mixtures with letters."""

from __future__ import annotations

import re

from ..pattern import pattern
from .abbreviations import COMPASS, STARTERS, STREETS
from .dialect import is_british
from .numbers import decimal, digits, in_pairs, plural, telephone, whole, word_set
from .rules import NOT_IN_WORD, Around, Reading, Rule, letters

BOOKS = {
    **{"gen": "genesis", "ex": "exodus", "exod": "exodus", "lev": "leviticus", "num": "numbers", "deut": "deuteronomy"},
    **{
        "josh": "joshua",
        "judg": "judges",
        "sam": "samuel",
        "chron": "chronicles",
        "neh": "nehemiah",
        "ps": "psalm",
        "prov": "proverbs",
    },
    **{
        "eccl": "ecclesiastes",
        "isa": "isaiah",
        "jer": "jeremiah",
        "lam": "lamentations",
        "ezek": "ezekiel",
        "dan": "daniel",
    },
    **{"hos": "hosea", "mic": "micah", "hab": "habakkuk", "zeph": "zephaniah", "zech": "zechariah", "mal": "malachi"},
    **{
        "matt": "matthew",
        "mk": "mark",
        "lk": "luke",
        "jn": "john",
        "rom": "romans",
        "cor": "corinthians",
        "gal": "galatians",
    },
    **{
        "eph": "ephesians",
        "phil": "philippians",
        "col": "colossians",
        "thess": "thessalonians",
        "tim": "timothy",
        "heb": "hebrews",
    },
    **{"jas": "james", "pet": "peter", "rev": "revelation"},
}
"""Short names of books of the Bible."""
BOOK_NAMES = {*BOOKS, *BOOKS.values()} | word_set(
    "ruth kings ezra esther job psalms song songs solomon joel amos obadiah jonah nahum haggai acts titus philemon jude revelations tobit "
    "judith wisdom sirach baruch maccabees koran quran surah sura"
)
NUMBERED_BOOKS = (
    "Samuel|Sam|Kings|Chronicles|Chron|Corinthians|Cor|Thessalonians|Thess|Timothy|Tim|Peter|Pet|John|Jn|Maccabees"
)
DIGIT_CUES = word_set("pin code dial ext extension zip postcode passcode password")
CALL_CUES = word_set("call dial phone ring dialed called text")
PAIR_CUES = word_set(
    "office rtx gtx geforce radeon xbox nikon cessna porsche ferrari peugeot bmw nokia form flight room route highway interstate boeing airbus apartment apt suite gate bus studio area hwy rte rm locker"
)
CALLS = word_set("yes no well oh hello hi hey please sorry thanks so now")
STREET = pattern(rf"\s(?:[NSEW]\.?\s)?(?:[A-Z][a-z]+|\d+[a-z]{{2}})\.?\s(?:{STREETS})\b")
TOLL_FREE = pattern(r"\+?(1?)[-. ]?\(?800\)?(?=[-. ])")
STATES = {
    **{"AL": "alabama", "AK": "alaska", "AZ": "arizona", "AR": "arkansas", "CA": "california", "CO": "colorado"},
    **{
        "CT": "connecticut",
        "DE": "delaware",
        "FL": "florida",
        "GA": "georgia",
        "HI": "hawaii",
        "ID": "idaho",
        "IL": "illinois",
    },
    **{
        "IN": "indiana",
        "IA": "iowa",
        "KS": "kansas",
        "KY": "kentucky",
        "LA": "louisiana",
        "ME": "maine",
        "MD": "maryland",
    },
    **{
        "MA": "massachusetts",
        "MI": "michigan",
        "MN": "minnesota",
        "MS": "mississippi",
        "MO": "missouri",
        "MT": "montana",
    },
    **{
        "NE": "nebraska",
        "NV": "nevada",
        "NH": "new hampshire",
        "NJ": "new jersey",
        "NM": "new mexico",
        "NY": "new york",
    },
    **{
        "NC": "north carolina",
        "ND": "north dakota",
        "OH": "ohio",
        "OK": "oklahoma",
        "OR": "oregon",
        "PA": "pennsylvania",
    },
    **{
        "RI": "rhode island",
        "SC": "south carolina",
        "SD": "south dakota",
        "TN": "tennessee",
        "TX": "texas",
        "UT": "utah",
    },
    **{
        "VT": "vermont",
        "VA": "virginia",
        "WA": "washington",
        "WV": "west virginia",
        "WI": "wisconsin",
        "WY": "wyoming",
    },
    **{"DC": "D C"},
}

SHORT_STATES = {
    **{
        "Ala": "alabama",
        "Ariz": "arizona",
        "Ark": "arkansas",
        "Calif": "california",
        "Cal": "california",
        "Colo": "colorado",
    },
    **{
        "Conn": "connecticut",
        "Del": "delaware",
        "Fla": "florida",
        "Ga": "georgia",
        "Ill": "illinois",
        "Ind": "indiana",
    },
    **{
        "Kan": "kansas",
        "Kans": "kansas",
        "Ky": "kentucky",
        "La": "louisiana",
        "Md": "maryland",
        "Mass": "massachusetts",
    },
    **{
        "Mich": "michigan",
        "Minn": "minnesota",
        "Miss": "mississippi",
        "Mo": "missouri",
        "Mont": "montana",
        "Neb": "nebraska",
    },
    **{
        "Nev": "nevada",
        "Okla": "oklahoma",
        "Ore": "oregon",
        "Pa": "pennsylvania",
        "Penn": "pennsylvania",
        "Tenn": "tennessee",
    },
    **{"Tex": "texas", "Vt": "vermont", "Va": "virginia", "Wash": "washington", "Wis": "wisconsin", "Wyo": "wyoming"},
}


def _digits(match: re.Match[str], around: Around) -> Reading:
    free = TOLL_FREE.match(match[0])
    if free:
        return [*digits(free[1]), "eight", "hundred", *digits(match[0][free.end() :])]
    return [*(["plus"] if match[0].startswith("+") else []), *telephone(match[0])]


def _british_digits(match: re.Match[str], around: Around) -> Reading:
    """Read British telephone numbers: ``020 7946 0958``, ``07700 900123``."""
    if not is_british():
        return None
    number = match[0].replace("+44 (0)", "+44 ").replace("+44(0)", "+44 ")
    if number.startswith("0800"):
        return ["oh", "eight", "hundred", *telephone(number[4:])]
    return [*(["plus"] if number.startswith("+") else []), *telephone(number)]


def _address(match: re.Match[str], around: Around) -> Reading:
    parts = match[0].partition(":")[0].split(".")
    between = "dot" if len(parts) == 4 else "point"
    words = [word for part in parts for word in [between, *whole(part)]]
    return [*words[1:], *(["colon", *in_pairs(match[1])] if match[1] else [])]


def _chain(match: re.Match[str], around: Around) -> Reading:
    parts = re.split("[-–]", match[0])
    return [word for part in parts for word in (digits(part) if len(part) > 2 else whole(part))]


def _verses(match: re.Match[str], around: Around) -> Reading:
    """``Psalm 23:1-4``."""
    if around.word_before.lower() not in BOOK_NAMES or not around.word_before[:1].isupper():
        return None
    until = ["to", *whole(match[3])] if match[3] else []
    return [*whole(match[1]), *whole(match[2]), *until]


def _book_number(match: re.Match[str], around: Around) -> Reading:
    return [("first", "second", "third")[int(match[1]) - 1]]


def _book(match: re.Match[str], around: Around) -> Reading:
    return [BOOKS[match[1].lower()]]


def _numbered_item(match: re.Match[str], around: Around) -> Reading:
    """The digits of an ISBN and the like, which may end with an X."""
    return [*digits(match[1]), *(["X"] if match[2] else [])]


def _airliner(match: re.Match[str], around: Around) -> Reading:
    """``747-400``."""
    if around.word_before.lower() in ("page", "pages", "pp", "lines", "from"):
        return None
    return [*in_pairs(match[1]), *whole(match[2]), *letters(match[3])]


def _ratio(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), "to", *decimal(match[2])]


def _place(match: re.Match[str], around: Around) -> Reading:
    degrees, minutes, seconds, way = match.groups()
    words = [*(["minus"] if around.text[around.start] in "-−" else []), *decimal(degrees), "degrees"]
    words += [*decimal(minutes), "minutes"] if minutes else []
    words += [*decimal(seconds), "seconds"] if seconds else []
    return [*words, COMPASS[way]]


def _cued(match: re.Match[str], around: Around) -> Reading:
    before = [word.lower() for word in around.words_before]
    last = before[-1] if before else ""
    if last in PAIR_CUES and len(match[0]) <= 4:
        return in_pairs(match[0])
    of_place = re.search(r",\s+[A-Z]{2}\s+$", around.text[max(0, around.start - 12) : around.start])
    if len(match[0]) == 3 and STREET.match(around.text, around.end):
        return in_pairs(match[0])
    of_code = bool(DIGIT_CUES & {*before[-2:]}) or (last in CALL_CUES and len(match[0]) == 3)
    return digits(match[0]) if of_code or (of_place and len(match[0]) == 5) else None


def _state(match: re.Match[str], around: Around) -> Reading:
    if match[1] not in STATES or not re.search(r"[A-Za-z],\s+$", around.text[max(0, around.start - 6) : around.start]):
        return None
    return STATES[match[1]].split()


def _party(match: re.Match[str], around: Around) -> Reading:
    """``(R-TX)``: the party and state of a senator."""
    return [match[1], *STATES[match[2]].split()] if match[2] in STATES else None


def _short_state(match: re.Match[str], around: Around) -> Reading:
    """``Boston, Mass.``"""
    is_behind_place = re.search(r"(?<![A-Za-z])[A-Z][a-z]+,\s+$", around.text[max(0, around.start - 24) : around.start])
    is_title = match[1] == "Miss" and around.word_after[:1].isupper() and around.word_after.lower() not in STARTERS
    is_place = is_behind_place and around.words_before[-1].lower() not in CALLS and not is_title
    return SHORT_STATES[match[1]].split() if is_place else None


def _version(match: re.Match[str], around: Around) -> Reading:
    parts = match[1].split(".")
    if match[0] == f"V{match[1]}" and len(parts) == 1:
        return None  # an engine
    if len(parts) == 2:
        return ["version", *decimal(match[1])]
    return ["version", *[word for part in parts for word in ["point", *whole(part)]][1:]]


def mixture(text: str, around: Around) -> list[str]:
    """Letters and digits in one word, part by part: ``MP3``, ``COVID19``, ``B12``."""
    words: list[str] = []
    for part in re.findall(r"\d+s$|\d+|[A-Za-z]+", text):
        if part.endswith("s") and part[0].isdigit():
            *front, last = whole(part[:-1])
            words += [*front, plural(last)]
        elif part.isdigit():
            words += in_pairs(part) if len(part) in (3, 4) else whole(part) if len(part) < 3 else digits(part)
        elif (len(part) > 3 or (len(part) == 3 and part.istitle())) and around.knows(part.lower()):
            words.append(part.lower())
        else:
            words += letters(part) if len(part) < 4 or part.isupper() else [part.lower()]
    return words


def _decimal_mixture(match: re.Match[str], around: Around) -> Reading:
    return [*decimal(match[1]), *mixture(match[2], around)]


def _word_number(match: re.Match[str], around: Around) -> Reading:
    before = ["eight", "hundred"] if match[1].endswith("800") else digits(match[1][-3:])
    return [*digits(match[1][:-4]), *before, *mixture(match[2], around)]


def _mixture(match: re.Match[str], around: Around) -> Reading:
    return mixture(match[0], around)


def _coded(match: re.Match[str], around: Around) -> Reading:
    """``F-16``, ``I-95``, ``C-3PO``: a capital and a number with a hyphen."""
    return mixture(match[0], around) if match[0][0] in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" else None


def _agent(match: re.Match[str], around: Around) -> Reading:
    return ["double", "oh", "seven"]


def _plan(match: re.Match[str], around: Around) -> Reading:
    """``401(k)``, where Americans save."""
    number, letter = match[1] or match[3], match[2] or match[4]
    return [*digits(number[0]), "oh", *digits(number[2]), letter.upper()]


def _airplanes(match: re.Match[str], around: Around) -> Reading:
    *words, last = in_pairs(match[1])
    return [*words, plural(last)]


def _team(match: re.Match[str], around: Around) -> Reading:
    """``49ers``."""
    *words, last = whole(match[1])
    return [*words, last + ("rs" if last.endswith("e") else "ers")]


def _bits(match: re.Match[str], around: Around) -> Reading:
    return [plural(*whole(match[1] or match[2] or match[3]))]


VERSE_RULES: list[Rule] = [
    (pattern(r"(\d{1,3}):(\d{1,3})(?:\s?[-–]\s?(\d{1,3}))?(?![\d:])"), _verses),
    (pattern(r"([123])(?=\s(?:Corinthians|Chronicles|Thessalonians|Maccabees)\b)"), _book_number),
    (pattern(rf"([123])(?=\s(?:{NUMBERED_BOOKS})\.?\s\d{{1,3}}(?![\d,]))"), _book_number),
]
PHONE_RULES: list[Rule] = [
    (pattern(r"(?:0\d{2,4}\)?|\+44\s?\(0\)\s?\d{2,4})[ -]?\d{3,4}[ -]?\d{3,4}(?![\d-])"), _british_digits),
    (pattern(r"(?<=(?:ISBN|ISSN)[:\s])(\d[\d -]{6,16}[\d])-?(X)?(?![\dA-Za-z])"), _numbered_item),
    (pattern(r"(97[89][- ]\d[\d -]{6,14}\d)(X)?(?![\dA-Za-z-])"), _numbered_item),
    (pattern(r"(\d-\d{2,7}-\d{1,6}-[\dX]|\d{3}-\d\d-\d{4})()(?![\d-])"), _numbered_item),
    (pattern(r"(\d{9})(X)(?![A-Za-z0-9])"), _numbered_item),
    (pattern(rf"(7\d7)-(\d{{1,3}})([A-Z]{{0,2}}){NOT_IN_WORD}(?!-)"), _airliner),
    (pattern(r"((?:1-)?8\d\d)-([A-Z]{3,12})(?![A-Za-z0-9])"), _word_number),
    (pattern(r"(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![\d-])"), _digits),
    (pattern(r"\+\d{1,3}(?:[ .-]?\(?\d{2,5}\)?){2,6}(?![\d-])"), _digits),
    (pattern(r"\d{3}-\d{4}(?![\d-])"), _digits),
]
DIGIT_RULES: list[Rule] = [
    (pattern(r"007(?!\d)"), _agent),
    (pattern(r"(40[13])\s?\(([kb])\)|(40[13])([kb])(?![A-Za-z0-9])"), _plan),
    (pattern(rf"(7\d7)s{NOT_IN_WORD}"), _airplanes),
    (pattern(rf"(\d{{1,6}})ers{NOT_IN_WORD}"), _team),
    (pattern(r"([01])s(?=\s(?:and|or)\s[01]s\b)|(?<=[01]s\sand\s)([01])s\b|(?<=[01]s\sor\s)([01])s\b"), _bits),
    (
        pattern(
            r"-?(\d+(?:\.\d+)?)°\s?(?:(\d+(?:\.\d+)?)['′]\s?)?(?:(\d+(?:\.\d+)?)(?:\"|″|'')\s?)?([NSEW])(?![A-Za-z])"
        ),
        _place,
    ),
    (pattern(r"\d+(?:\.\d+){2,}(?::(\d{2,5})(?![\d:]))?(?!\d)"), _address),
    (pattern(r"\d+(?:[-–]\d+){2,}(?!\d)"), _chain),
    (pattern(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)(?![\d:])"), _ratio),
    (pattern(rf"\d{{2,}}(?![.,:/]\d|\s?[°%]){NOT_IN_WORD}"), _cued),
]
MIXTURE_RULES: list[Rule] = [
    (pattern(r"(\d{1,15}\.\d{1,15})([A-Za-z][A-Za-z0-9]{0,24})"), _decimal_mixture),
    (pattern(r"\d+[A-Za-z][A-Za-z0-9]{0,24}"), _mixture),
]
LETTER_RULES: list[Rule] = [
    (pattern(rf"({'|'.join(name.title() for name in BOOKS)})\.?(?=\s\d{{1,3}}:\d)"), _book),
    (pattern(rf"[vV](?:er\.?\s?)?(\d+(?:\.\d+)*){NOT_IN_WORD}"), _version),
    (pattern(r"(?<=\()([RDI])-([A-Z]{2})(?=\))"), _party),
    (pattern(rf"[A-Z]-\d{{1,4}}[A-Z]{{0,2}}{NOT_IN_WORD}"), _coded),
    (pattern(r"([A-Z]{2})(?=[\s.,;!?]|$)"), _state),
    (pattern(rf"({'|'.join(SHORT_STATES)})\."), _short_state),
    (pattern(rf"[A-Za-z]{{1,24}}\d[A-Za-z0-9]{{0,24}}{NOT_IN_WORD}"), _mixture),
]
