"""Capitals: initials, acronyms, roman numerals, names written as one word."""

from __future__ import annotations

import re

from ..pattern import pattern
from .numbers import cardinal, in_pairs, ordinal, word_set, year
from .phones import LETTERS
from .pronounce import known
from .rules import LATER_LETTERS, NEAR, NOT_IN_WORD, Around, Reading, Rule, letters

SPOKEN_AS_WORDS = word_set(
    "nasa nato unesco unicef aids swat laser radar scuba opec jpeg gif ram rom nascar fifa fema osha ikea covid sars pin sim nafta "
    "asean darpa norad interpol unix linux basic java yolo lol fomo nimby zip taser sonar awol pisa mensa cern hepa wysiwyg bios "
    "ascii cad mash gulag dos raid lan wan vat captcha ted moma soho noaa potus scotus"
)
SPOKEN_AS_LETTERS = word_set(
    "us it eu uk un uae ussr usa fbi cia nsa irs cnn bbc abc nbc cbs ibm hp bmw gm tv pc cd dvd id ok ai vip diy faq atm gps dna rna "
    "hiv url html css php sql xml pdf usb ssd hdd cpu gpu api cfo cto coo phd mba ma ba md rsvp asap aka eta ps pm am ad bc "
    "hr pr nyc la dc lgbt nba nfl nhl mlb ufc mvp gdp ipo llc rip uv ir ac dj mc bbq ufo oj er iq eq em sos sms sim2 hd vr ar led lcd "
    "est pst cst mst gmt utc edt pdt cet mit ucla usc nyu io co2"
)
EMPHASISED = word_set(
    "net a i the and not you are but all can new now one two who why how yes no go do so if is be we he me my to in on at of or up by "
    "an as his her she him our out get got had has was did let say see too use way may off day end big old any own ten six for "
    "top hot red bad run cut buy far few fun god man men mom dad put sad set sit son sun try war win stop"
)
"""Short words that stand in capitals for emphasis rather than for their letters."""

REGNAL = word_set(
    "henry louis george elizabeth edward richard charles william james john paul pius benedict leo gregory clement innocent "
    "alexander nicholas peter catherine mary philip ferdinand francis frederick wilhelm friedrich napoleon ramses ramesses "
    "cleopatra ptolemy darius xerxes constantine otto leopold harald harold haakon carl gustav christian margaret margrethe "
    "beatrix anne victoria baldwin robert david urban julius sixtus boniface celestine honorius adrian stephen theodore "
    "justinian basil ivan selim mehmed murad suleiman albert alfonso isabella joseph maximilian rudolf sigismund tutankhamun "
    "thutmose amenhotep seti hirohito felipe juan carlos umberto emmanuel rainier haile hussein abdullah mohammed faisal"
)
RULERS = word_set("king queen pope emperor empress tsar czar prince princess saint duke sultan pharaoh kaiser")
NUMBERED = word_set(
    "chapter part war act scene volume vol book section bowl phase type level title article appendix fantasy rocky episode grade stage "
    "class mark figure table unit step round apollo canto movement symphony version league division tier schedule psalm verse "
    "trek wars model region olympiad saturn gemini corps generation gen exhibit canon lesson quest area"
)
RULERS_DO = word_set(
    "ruled reigned became succeeded died ascended invaded married signed founded abdicated abolished ordered granted defeated conquered "
    "crowned declared restored built issued summoned dissolved fought lost won fled returned sent refused executed established "
    "inherited came took began ended made gave commissioned expelled appointed moved created named"
)
FIRST_NAMES = (
    word_set("thomas michael daniel samuel benjamin andrew walter arthur frank harry jack steven kenneth patrick")
    | REGNAL
)
SMALL_NUMBERED = word_set("page pages line lines paragraph item items step footnote no pp p") | NUMBERED
COUNTED = word_set("century centuries dynasty olympiad olympic olympics winter summer congress")
LETTERED = word_set(
    "plan vitamin grade type hepatitis section group class option appendix exhibit team model point side part level category gate "
    "block unit room wing terminal figure series schedule form step zone line letter an straight"
)
MIXED_CASE = {
    **{
        "PhDs": "P H Ds",
        "PhD": "P H D",
        "iOS": "I O S",
        "macOS": "mac O S",
        "LaTeX": "lay tech",
        "GHz": "gigahertz",
        "MHz": "megahertz",
    },
    **{
        "kHz": "kilohertz",
        "kWh": "kilowatt hours",
        "MSc": "M S C",
        "BSc": "B S C",
        "tvOS": "T V O S",
        "mRNA": "M R N A",
        "pH": "P H",
    },
    **{
        "WWII": "world war two",
        "WWI": "world war one",
        "NAACP": "N double A C P",
        "NCAA": "N C double A",
        "AAA": "triple A",
    },
    **{
        "YouTube": "youtube",
        "iPhone": "iphone",
        "iPad": "ipad",
        "GitHub": "github",
        "LinkedIn": "linked in",
        "WiFi": "wi fi",
    },
}
VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
PIECES = {"N": "knight", "B": "bishop", "R": "rook", "Q": "queen", "K": "king"}
BETWEEN_SIZES = pattern(r"(?:[\d\u00bc-\u00be]|\d\s?(?:mm|cm|m|km|in|ft|px)\.?|\d['\"\u2032\u2033]) x \d$")
LISTED = pattern(
    r"([A-Za-z]+)\s+[IVXLC]+(?:(?:,|\s?[-–]|,?\s(?:and|or|to|of|through|&))\s?[IVXLC]+){0,3}(?:,?\s?[-–]|,|,?\s(?:and|or|to|of|through|&))\s?$"
)
CONJUNCTIONS = word_set(
    "when while after before since until that because although though where how if under king queen emperor pope"
)
ROMAN = pattern(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def roman_value(text: str) -> int:
    """The value of a roman numeral in capitals, 0 where it is none."""
    if not text or not ROMAN.fullmatch(text):
        return 0
    values = [VALUES[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _roman(match: re.Match[str], around: Around) -> Reading:
    words = _counted(match, around)
    return [*words[:-1], words[-1] + (match[2] or "")] if words else None


def _counted(match: re.Match[str], around: Around) -> Reading:
    value, before = roman_value(match[1]), around.words_before
    last = before[-1] if before else ""
    listed = _listed(around) if value else ""
    if listed:
        until = ["to"] if around.text[around.start - 1] in "-–" else []
        return [*until, *(["the", *ordinal(value)] if listed in REGNAL else cardinal(value))]
    if not value or around.text[around.start - 1 : around.start] not in ("", " ", "\n", "\u2013", "-", "("):
        return None
    if around.word_after in COUNTED and (len(match[1]) > 1 or match[1] in "VX"):
        return ordinal(value)
    if _is_nth(match[1], last, around):
        return ordinal(value)
    if last.lower() in ("vol", "ch", "pt", "sec", "fig", "art", "bk"):
        return cardinal(value)
    if len(match[1]) > 3 and match[1][0] == "M" and 1000 < value < 2100 and not known(match[1].lower()):
        return year(value)
    if last.lower() in ("numeral", "numerals"):
        return cardinal(value)
    is_apart = bool(re.search(r"[.,;:!?)]\s*$", around.text[max(0, around.start - 3) : around.start]))
    if not last[:1].isupper() or is_apart:
        return _alone(match[1], value, last.lower() in NUMBERED and not is_apart)
    is_ruler = len(before) > 1 and before[-2].lower() in RULERS
    if last.lower() in REGNAL or is_ruler:
        follows = re.match(
            r"\s+of\b|[,.;:!?]|\s*$|\s+(?:was|is|and|had|died|in|from|at|by|or|who|until|during|after)\b",
            around.text[around.end : around.end + 8],
        )
        is_first = match[1] in "VX" or match[2] or is_ruler or follows or _does_what_rulers_do(around)
        return ["the", *ordinal(value)] if len(match[1]) > 1 or is_first else None
    if last.lower() in NUMBERED or last.lower().removesuffix("s") in NUMBERED:
        return cardinal(value)
    is_person = any(name.lower() in FIRST_NAMES and name[0].isupper() for name in before[:-1])
    if is_person and len(match[1]) > 1 and value < 6 and not last.isupper():
        return ["the", *ordinal(value)]
    return cardinal(value) if len(match[1]) > 1 and value < 40 and not last.isupper() else None


def _listed(around: Around) -> str:
    """The word in lower case that a numeral of a list belongs to: ``Wars I and II``; empty where it is in none."""
    found = LISTED.search(around.text, max(0, around.start - 60), around.start)
    name = found[1].lower() if found else ""
    return name if name in REGNAL else next((stem for stem in (name, name.removesuffix("s")) if stem in NUMBERED), "")


def _is_nth(written: str, last: str, around: Around) -> bool:
    """``the XXIII Olympic Games``."""
    is_numeral = len(written) > 1 and set(written) <= {*"XVI"} and written not in ("IV", "VI", "XXX")
    return is_numeral and last.lower() == "the" and around.word_after[:1].isupper() and not around.word_after.isupper()


def _alone(written: str, value: int, is_behind_small: bool) -> Reading:
    """A numeral that no name stands before, where it could be nothing else."""
    is_number = len(written) > 2 and set(written) <= {*"XVI"} and written != "XXX"
    return cardinal(value) if is_number or (is_behind_small and len(written) > 1) else None


def _does_what_rulers_do(around: Around) -> bool:
    """``Elizabeth I ruled``: with the name at the start of what is said, or behind a conjunction; a verb that fits a ruler behind."""
    before = re.search(r"(?:(\w+)\s+)?\w+\s*$", around.text[max(0, around.start - NEAR) : around.start])
    start = around.text[max(0, around.start - NEAR) : around.start][: before.start()].rstrip()[-1:] if before else ""
    joins = before is not None and (
        not before[1] or before[1].lower() in CONJUNCTIONS or (before[1] == "of" and start != "")
    )
    return joins and around.word_after in RULERS_DO


def _nth(match: re.Match[str], around: Around) -> Reading:
    """``XIXth``."""
    value = roman_value(match[1])
    return ordinal(value) if value else None


def is_small_roman(word: str) -> bool:
    """Whether a word in lower case could be a numeral of several letters up to 39."""
    return len(word) > 1 and word[0] in "ivx" and set(word) <= {*"ivx"} and roman_value(word.upper()) > 0


def _small_roman(match: re.Match[str], around: Around) -> Reading:
    """``Act III, Scene iv``."""
    before = around.word_before
    value = roman_value(match[1].upper())
    is_numeral = before[:1].isupper() or len(match[1]) > 1
    return cardinal(value) if value and is_numeral and before.lower().removesuffix("s") in SMALL_NUMBERED else None


def _chess(match: re.Match[str], around: Around) -> Reading:
    """``Nf3``, ``Qxe4``."""
    return [PIECES[match[1]], *(["takes"] if match[2] else []), match[3].upper(), *cardinal(int(match[4]))]


def _highway(match: re.Match[str], around: Around) -> Reading:
    return ["U", "S", *in_pairs(match[1])]


def _of_life(match: re.Match[str], around: Around) -> Reading:
    return ["born" if match[1] == "b" else "died"]


def _dotted_initials(match: re.Match[str], around: Around) -> Reading:
    *names, last = letters(match[1])
    return [*names, last + (match[2] or "")]


def _initial(match: re.Match[str], around: Around) -> Reading:
    if match[1] == "I" and around.word_before.islower():
        return None
    is_start = around.word_before == "" or around.text[: around.start].rstrip()[-1:] in (".", "!", "?", "\n", '"')
    return [match[1]] if around.word_before[:1].isupper() or is_start else None


def _acronym(match: re.Match[str], around: Around) -> Reading:
    stem, ending = match[1], match[2] or ""
    low = stem.lower()
    if "&" in (around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]):
        return letters(stem)
    if low in SPOKEN_AS_WORDS:
        return [low + ending]
    if low == "who" and around.word_before.lower() == "the" and not _is_shouted(around):
        return letters(stem)
    is_word = around.knows(low) and not is_spelled(low) and (_is_shouted(around) or (len(low) > 3 or low in EMPHASISED))
    if is_word and not (low in SPOKEN_AS_LETTERS and not _is_shouted(around)):
        return [low + ending]
    if len(stem) > 5 and re.search("[AEIOUY]", stem):
        return [low + ending]
    names = letters(stem)
    return [*names[:-1], names[-1] + ending] if ending else names


def _is_shouted(around: Around) -> bool:
    """Whether most words of the line around are in capitals."""
    start = max(around.text.rfind("\n", 0, around.start) + 1, around.start - 80)
    line = (
        around.text[start : around.end + 80].partition("\n")[0] if "\n" in around.text[start : around.end + 80] else ""
    )
    words = re.findall(r"[A-Za-z]{2,}", line or around.text[start : around.end + 80])
    others = [word for word in words if word != around.text[around.start : around.end]]
    return len(others) > 1 and 2 * sum(word.isupper() for word in others) > len(others)


def _single(match: re.Match[str], around: Around) -> Reading:
    letter = match[1]
    if letter == "x" and BETWEEN_SIZES.search(around.text, max(0, around.start - 8), around.end + 2):
        return ["times" if "=" in around.text[around.end : around.end + 12] else "by"]
    if letter in ("I", "i"):
        is_article_like = around.word_before.lower() in ("roman", "letter")
        return ["I"] if is_article_like else ["i"]
    if letter in ("a", "A"):
        before_word = re.match(r"[\s\"'(*_]*[A-Za-z0-9$€£]", around.text[around.end : around.end + 4])
        is_letter = letter == "A" and (
            around.word_before.lower() in LETTERED or (around.word_before.isupper() and _joined(around))
        )
        return ["A"] if is_letter or (not before_word and letter == "A") else ["a"]
    return [letter.upper()]


def _letter_of(match: re.Match[str], around: Around) -> Reading:
    """``A's``, ``p's``: several letters, or what belongs to one."""
    return [f"{match[1].upper()}'s"]


def _joined(around: Around) -> bool:
    return around.text[around.start - 1 : around.start] in ("&", "-", "/")


def is_spelled(word: str) -> bool:
    """Whether the lexicon has a word, in lower case, as the names of its letters: ``http``."""
    phones = known(word) or ()
    names = [phone for letter in word if letter.upper() in LETTERS for phone in LETTERS[letter.upper()].split()]
    return bool(phones) and [phone.rstrip("012") for phone in phones] == [phone.rstrip("012") for phone in names]


def _mixed_case(match: re.Match[str], around: Around) -> Reading:
    return MIXED_CASE[match[0]].split()


def _camel(match: re.Match[str], around: Around) -> Reading:
    low = match[0].lower()
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", match[0])
    if around.knows(low) or any(len(part) < 3 for part in parts):
        return [low]
    return [word for part in parts for word in _part(part)]


def _part(part: str) -> list[str]:
    return letters(part) if part.isupper() and len(part) < 5 else [part.lower()]


MOVE_RULES: list[Rule] = [(pattern(r"([NBRQK])(x?)([a-h])([1-8])(?=[+#]?(?:[\s,.;:!?)]|$))"), _chess)]
LETTER_RULES: list[Rule] = [
    (pattern(r"([ivx]{1,5})(?![A-Za-z0-9'])"), _small_roman),
    (pattern(r"US (\d{2,3})(?![\d,.%])"), _highway),
    (pattern(r"([bd])\.(?=\s?[12]\d{3})"), _of_life),
    (pattern(rf"(?:{'|'.join(MIXED_CASE)}){NOT_IN_WORD}"), _mixed_case),
    (pattern(r"((?:[A-Z]\.){2,12}|[A-Z](?:\.[A-Z]){1,12}(?![A-Za-z.]))('s\b)?"), _dotted_initials),
    (pattern(r"([A-Z])\.(?=\s*[A-Z][a-z'A-Z.])"), _initial),
    (pattern(rf"([IVXLC]{{2,}})(?:th|st|nd|rd){NOT_IN_WORD}"), _nth),
    (pattern(r"([IVXLCDM]+)('s)?(?![A-Za-z0-9.]|'[A-Za-z])"), _roman),
    (pattern(r"([IVXLCDM]+)('s)?(?=\.(?:\s|$))"), _roman),
    (pattern(rf"([A-Z]{{2,12}})('?s)?{NOT_IN_WORD}"), _acronym),
    (pattern(rf"([A-HJ-Za-z])'s(?![A-Za-z0-9'{LATER_LETTERS}])"), _letter_of),
    (pattern(rf"([A-Za-z])(?![A-Za-z0-9'{LATER_LETTERS}])"), _single),
    (pattern(rf"[A-Za-z]?[a-z]+(?:[A-Z][a-z]*){{1,8}}(?![A-Za-z0-9'{LATER_LETTERS}])"), _camel),
]
