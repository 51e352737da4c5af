"""Read words with capitals: initials, acronyms, single letters, names in mixed case."""

from __future__ import annotations

import re

from ..pattern import pattern
from . import roman
from .calendar import MONTH_NAMES
from .numbers import cardinal, in_pairs, letters
from .phones import LETTERS
from .pronounce import known
from .rules import (
    ARTICLES,
    LATER_LETTERS,
    NEAR,
    NOT_IN_WORD,
    NOT_NOUNS,
    Around,
    Reading,
    Rule,
    alternatives,
    mapping,
    named_in,
    of_kind,
    reads,
    rows,
    rule,
    word_list,
)

ACRONYMS = word_list("acronyms")
INITIALISMS = word_list("initialisms")
EMPHASISED = word_list("emphasised")
LETTERED = word_list("letter-nouns")
STARTERS = word_list("sentence-starters")
COUNTED_LETTERS = word_list("articles") | word_list("number-words") | {"is", "was", "are", "were", "be", "or"}
"""Words before a letter that is no initial: ``a B``."""
CARDS = {"T": ["ten"], "J": ["jack"], "Q": ["queen"], "K": ["king"], "A": ["ace"]}
SUITS = ("spades", "hearts", "diamonds", "clubs")
BLOOD = frozenset(("blood", "type", "donor", "donors", "group", "rh", "plasma"))
STRAIGHT = word_list("letter-counts")
MIXED_CASE = mapping("mixed_case")
PIECES = of_kind(rows("abbreviations", 3), "chess")
FOR_TIME = pattern(r"\s\d{1,3}\s?(?:d|days?|w|wks?|weeks?|mos?|months?|hrs?|hours?)\b")
"""Time after the ``x`` of a prescription."""
CHESS = pattern(
    r"(?<![\w-])(?:[a-h]x?[a-h]?[1-8]|[NBRQK]x?[a-h][1-8]|O-O)\b|\b\d{1,2}\.{1,3}\s?(?=\S?\S?x?[a-h][1-8]|$|\s)|"
    r"(?i:\b(?:white|black|chess|check\w*|mates?|knights?|rooks?|bishops?|pawns?|queens?|kings?|played|plays|moves?)\b)"
)
BETWEEN_PRICES = pattern(r"\d x [$€£¥₹]$")
BETWEEN_SIZES = pattern(
    r"(?:[\d\u00bc-\u00be]|\b(?:high|wide|long|deep|tall|thick)|\d\s?(?:mm|cm|m|km|in|ft|px)\.?|"
    r"\d['\"\u2032\u2033]) x \d$"
)


@reads(r"([NBRQK])(x?)([a-h])([1-8])(?=[+#]?(?:[\s,.;:!?)]|$))")
def _chess(match: re.Match[str], around: Around) -> Reading:
    """Read the chess moves ``Nf3`` and ``Qxe4`` where something near speaks of chess, but no pieces of identifiers."""
    near = around.left(2 * NEAR) + " " + around.right(2 * NEAR)
    if around.left(1) == "-" or not (CHESS.search(near) or near == " "):
        return None
    return [PIECES[match[1]], *(["takes"] if match[2] else []), match[3].upper(), *cardinal(int(match[4]))]


@reads(r"(10|[2-9TJQKA])\s?([♠♥♦♣♤♡♢♧])\ufe0f?")
def _card(match: re.Match[str], _around: Around) -> Reading:
    """Read the card ``A♠``."""
    rank = CARDS.get(match[1]) or cardinal(int(match[1]))
    return [*rank, "of", SUITS["♠♥♦♣♤♡♢♧".index(match[2]) % 4]]


@reads(
    rf"([bd])\.(?=\s?(?:(?:c\.|ca\.)\s?)?[12]\d{{3}}|\s(?:\d{{1,2}}\s)?(?:{alternatives(MONTH_NAMES)})\b|\sin\s'?\d)"
)
def _of_life(match: re.Match[str], around: Around) -> Reading:
    """Read ``b. 1920`` as ``born``."""
    if around.word_before.lower() in LETTERED:
        return None
    return ["born" if match[1] == "b" else "died"]


@reads(r"((?:[A-Z]\.){2,12}|[A-Z](?:\.[A-Z]){1,12}(?![A-Za-z.]))('s\b)?")
def _dotted_initials(match: re.Match[str], _around: Around) -> Reading:
    """Read ``U.S.A.``."""
    *names, last = letters(match[1])
    return [*names, last + (match[2] or "")]


@reads(r"([A-Z])\.(?=\s*[A-Z][a-z'A-Z.])")
def _initial(match: re.Match[str], around: Around) -> Reading:
    """Read the initial of ``J. Smith``."""
    if (match[1] == "I" and around.word_before.islower()) or roman.is_heading(match[1], around):
        return None
    end_before = around.left(NEAR).rstrip()[-1:]
    is_start = around.word_before == "" or end_before in (*'.!?\n"(',)
    is_initial = around.word_before[:1].isupper() or is_start or _is_before_name(around)
    return [match[1]] if is_initial else None


def _is_before_name(around: Around) -> bool:
    """Return True if a letter with a dot after a word in small letters is an initial: ``a novel by A. Christie``."""
    before = around.words_before
    after = re.match(r"\s*([A-Z](?:\.|[A-Za-z']+))", around.right(40))
    if not after or not before or before[-1] in LETTERED | COUNTED_LETTERS or before[-1].endswith("n't"):
        return False
    is_between_letters = len(before) > 1 and len(before[-2]) == 1 and before[-2] not in ("a", "I")
    return not is_between_letters and after[1].lower() not in STARTERS


@reads(rf"([A-Z]{{2,12}})('?s)?{NOT_IN_WORD}")
def _acronym(match: re.Match[str], around: Around) -> Reading:
    """Read capitals as a word or letter by letter."""
    stem, ending = match[1], match[2] or ""
    low = stem.lower()
    if "&" in (around.left(1), around.right(1)):
        return letters(stem)
    if low in ACRONYMS:
        return [low + ending]
    if low == "who" and around.word_before.lower() == "the" and not _is_shouted(around):
        return letters(stem)
    is_called = around.text.startswith("(", around.end) and len(low) > 2  # ``SUM(A1:A9)``
    is_word = around.knows(low) and not is_spelled(low)
    is_word = is_word and (is_called or _is_shouted(around) or len(low) > 3 or low in EMPHASISED)
    if is_word and not (low in INITIALISMS and not _is_shouted(around)):
        return [low + ending]
    if len(stem) > 5 and re.search("[AEIOUY]", stem):
        return [low + ending]
    names = letters(stem)
    return [*names[:-1], names[-1] + ending] if ending else names


def _is_shouted(around: Around) -> bool:
    """Return True if most words of the line around are in capitals."""
    start = max(around.text.rfind("\n", 0, around.start) + 1, around.start - 80)
    line = (
        around.text[start : around.end + 80].partition("\n")[0] if "\n" in around.text[start : around.end + 80] else ""
    )
    words = re.findall(r"[A-Za-z]{2,}", line or around.text[start : around.end + 80])
    others = [word for word in words if word != around.text[around.start : around.end]]
    is_long = any(len(word) > 3 and word.isupper() for word in others)  # not the score LA 101, NY 99 (OT)
    return len(others) > 1 and is_long and 2 * sum(word.isupper() for word in others) > len(others)


@reads(rf"([A-Za-z])(?![A-Za-z0-9'{LATER_LETTERS}])")
def _single(match: re.Match[str], around: Around) -> Reading:
    """Read a single letter: its name, a pronoun or an article."""
    letter = match[1]
    if letter == "x" and BETWEEN_PRICES.search(around.text, max(0, around.start - 8), around.end + 2):
        return ["times"]
    if letter == "x" and FOR_TIME.match(around.text, around.end):
        return ["for"]
    if letter == "x" and BETWEEN_SIZES.search(around.text, max(0, around.start - 8), around.end + 2):
        return ["times" if "=" in around.right(12) else "by"]
    if letter in ("I", "i"):
        is_article_like = around.word_before.lower() in ("roman", "letter")
        return ["I"] if is_article_like else ["i"]
    if letter in ("a", "A"):
        before_word = re.match(r"[\s\"'(*_]*[A-Za-z0-9$€£]", around.right(4))
        is_letter = letter == "A" and (
            around.word_before.lower() in LETTERED or (around.word_before.isupper() and _joined(around))
        )
        return ["A"] if is_letter or (not before_word and letter == "A") else ["a"]
    return [letter.upper()]


@reads(r"([ABC])\1(\1)?([-+−])(?=[\s.,;:!?)]|$)")
def _rating(match: re.Match[str], _around: Around) -> Reading:
    """Read the rating ``BBB+``."""
    return ["triple" if match[2] else "double", match[1], "plus" if match[3] == "+" else "minus"]


@reads(r"(AB|[A-FO])([-+−])(?=[\s.,;:!?)/\"']|$)(?!\s?(?:and|or|to)\s[A-Z]+-[A-Za-z])(?![+-]?\s?[=\d])")
def _grade(match: re.Match[str], around: Around) -> Reading:
    """Read the grade ``B-`` and the blood group ``O-``."""
    if around.left(1) in ("-", "+"):
        return None
    near = {word.lower() for word in [*around.words_before, *re.findall("[a-z]+", around.right(40))[:2]]}
    if match[1] in ("AB", "O") or near & BLOOD:
        return [*letters(match[1]), "positive" if match[2] == "+" else "negative"]
    is_apart = around.right(1) in ("", " ", "\n")
    before = around.left(2).strip()
    if match[1] == "A" and match[2] != "+" and is_apart and not before and around.word_after.islower():
        return ["A", "minus"] if around.word_before.lower() in (*ARTICLES, "got", "to", "from") else None
    return [match[1], "plus" if match[2] == "+" else "minus"]


@reads(r"([A-Z])s(?![A-Za-z0-9'’.]|-)(?!,?\s\d)", r"([A-Z])s(?=\.(?:\s|$|[\"')]))")
def _several(match: re.Match[str], around: Around) -> Reading:
    """Read the plural of a letter: ``Ps and Qs``, ``straight As``; ``As`` and ``Is`` only if a word around says so."""
    if match[1] not in "AIMU":
        return [match[0]]
    joins = re.match(r",?\s(?:and|or|&)\s[A-Z]s\b", around.right(12))
    joined = re.search(r"\b[A-Z]s,?\s(?:and|or|&)\s$", around.left(10))
    is_counted = around.word_before.lower() in STRAIGHT or around.left(NEAR).rstrip()[-1:].isdigit()
    is_noun = not (around.word_after.islower() and around.word_after not in NOT_NOUNS) or match[1] != "A"
    is_noun = is_noun or around.word_before.lower() == "straight"
    return [match[0]] if joins or joined or (is_counted and is_noun and not around.word_after.istitle()) else None


def _joined(around: Around) -> bool:
    return around.left(1) in ("&", "-", "/")


def is_spelled(word: str) -> bool:
    """Return True if the lexicon has a word, in lower case, as the names of its letters: ``http``."""
    phones = known(word) or ()
    names = [phone for letter in word if letter.upper() in LETTERS for phone in LETTERS[letter.upper()].split()]
    return bool(phones) and [phone.rstrip("012") for phone in phones] == [phone.rstrip("012") for phone in names]


@reads(
    rf"(?:[A-Za-z]?[a-z]+|[A-Z]{{2,5}}(?=[A-Z][a-z]{{2}}))(?:[A-Z][a-z]*){{1,8}}"
    rf"(?![A-Za-z0-9{LATER_LETTERS}]|'[A-Za-z])"
)
def _camel(match: re.Match[str], around: Around) -> Reading:
    """Read ``YouTube`` as one word, or by its capitals: ``NoneType``, ``XMLParser``."""
    low = match[0].lower()
    humps = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", match[0])
    is_code = humps[0].islower() and len(humps[0]) > 1  # ``getElementById``
    rest = [hump for hump in humps[len(humps[0]) > 1 and not humps[0].istitle() :] if len(hump) < 3]
    if around.knows(low) or not all(is_code and (len(hump) == 1 or around.knows(hump.lower())) for hump in rest):
        return [low]
    return [word for hump in humps for word in (letters(hump) if _is_initialism(hump) else [hump.lower()])]


def _is_initialism(hump: str) -> bool:
    return hump.isupper() and len(hump) < 5 and hump.lower() not in ACRONYMS


@reads(r"vs?\.(?=\s(?:the\s)?[A-Z])", r"v(?=\s[A-Z][a-z])")
def _against(_match: re.Match[str], around: Around) -> Reading:
    """Read the parties of ``Roe v. Wade``."""
    return ["versus"] if around.word_before[:1].isupper() and around.text[around.start - 1] == " " else None


_CHAT_DIGITS = alternatives(word for word in MIXED_CASE if not word.isalpha())
_chat_digits = rule(rf"({_CHAT_DIGITS}){NOT_IN_WORD}", named_in(MIXED_CASE))


@reads(rf"([b-df-hj-np-tv-xz]{{2,5}}){NOT_IN_WORD}(?!['.:/=_]|-(?!\d))")
def _without_vowel(match: re.Match[str], around: Around) -> Reading:
    """Spell ``ngl`` and ``smh``: unknown letters without a vowel."""
    is_sound = re.search(r"(.)\1|^ps|^pf|^[sh]+$|^tsk$", match[1])
    return None if around.knows(match[1]) or is_sound else letters(match[1])


@reads(r"([A-G])([#♯b♭])(m|maj|min|dim|sus|add)?(\d{1,2})?(?![\w#])")
def _chord(match: re.Match[str], around: Around) -> Reading:
    """Read ``Bb major`` and ``F#m7``."""
    is_flat = match[2] in "b♭"
    if match[2] == "b" and not match[3] and around.word_after.lower() not in KEY_NOUNS:
        return None
    if not is_flat and not match[3]:
        return None
    kinds = {"m": "minor", "maj": "major", "min": "minor", "dim": "diminished", "sus": "suspended", "add": "add"}
    kind = [kinds[match[3]]] if match[3] else []
    return [match[1], "flat" if is_flat else "sharp", *kind, *(cardinal(int(match[4])) if match[4] else [])]


@reads(rf"([LR]){NOT_IN_WORD}(?!['’&/-])")
def _turn(match: re.Match[str], around: Around) -> Reading:
    """Read ``Turn L``."""
    is_way = re.match(r"\s(?:onto|at the (?:light|fork|stop|end|corner|roundabout))\b", around.right(20))
    if around.word_before.lower() not in ("turn", "bear", "veer", "turning", "keep") and not is_way:
        return None
    return ["left" if match[1] == "L" else "right"]


@reads(
    r"([a-zA-Z])('{0,2}|′|″)(?=\([nxyztskm](?:[\s^+*/,-][\w\s^+*/,.-]{0,12})?\))",
    r"([a-zA-Z])()(?=\((?:\d+(?:,\s?\d+)?|[a-z])\)\s?[=<>≤≥])",
)
def _function(match: re.Match[str], around: Around) -> Reading:
    """Read ``f(x)``, ``O(n log n)`` and ``t(28) = 2.3``."""
    is_apart = not around.left(1).strip(" (=+*/-<>")
    primes = {"'": ["prime"], "′": ["prime"], "''": ["double", "prime"], "″": ["double", "prime"]}.get(match[2], [])
    return [match[1].upper(), *primes, "of"] if is_apart and match[1] not in "aAsI" else None


@reads(r"(UTC|GMT)\s?([-+−])(\d{1,2})(?::?(\d\d))?(?!\d)")
def _zone(match: re.Match[str], _around: Around) -> Reading:
    """Read ``UTC-5``."""
    minutes = cardinal(int(match[4])) if match[4] and int(match[4]) else []
    return [*letters(match[1]), "plus" if match[2] == "+" else "minus", *cardinal(int(match[3])), *minutes]


KEY_NOUNS = word_list("key-nouns")
MOVE_RULES: list[Rule] = [*_chess, *_card, *_against, *_zone, *_turn, *_function, *_chord, _chat_digits]
DIGIT_RULES: list[Rule] = [_chat_digits, *_card]
LETTER_RULES: list[Rule] = [
    *roman.SMALL_RULES,
    rule(r"US[ -](\d{2,3})(?![\d,%]|\.\d)", "U", "S", in_pairs),  # US 66
    *_of_life,
    rule(rf"({alternatives(MIXED_CASE)}){NOT_IN_WORD}", named_in(MIXED_CASE)),
    *_dotted_initials,
    rule(r"((?:[a-z]\.){2,4})(?=\s[a-z]|[,;)]|\s*$)", letters),  # e.e. cummings, b.i.d.
    *_initial,
    *roman.RULES,
    *_rating,
    *_grade,
    *_several,
    *_acronym,
    rule(rf"([A-HJ-Za-z])'s(?![A-Za-z0-9'{LATER_LETTERS}])", lambda letter: [f"{letter.upper()}'s"]),  # A's
    *_single,
    *_camel,
    *_without_vowel,
]
