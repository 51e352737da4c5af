"""Read abbreviations, acronyms, telephone numbers, codes with letters and digits, addresses and signs."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations, dotted_rules, form_of, hyphenated_rules, section_rules
from ..common.codes import IBAN, ISBN, Addresses, mixed_rules, spelled_rules, version_rules
from ..rules import AroundMatch, Reading, Rule, reads, rule
from . import numbers
from .numbers import MAX_DIGITS, digits, letters, pairs, whole
from .rules import LETTERS, NOT_IN_WORD, SIGNS, rows, spoken, word_list

_TABLE = Abbreviations(rows("abbreviations", 3))
WORDS, KINDS = _TABLE.words, _TABLE.kinds

ACRONYMS, SPELT = word_list("acronyms"), word_list("spelt")
_CAPITALS = "A-ZÀÂÄÇÈÉÊËÎÏÔÖÙÛÜŒ"
_ELISION = r"(?:[cdjlmnstCDJLMNST]|[Qq]u|[Jj]usqu|[Ll]orsqu|[Pp]uisqu)'"
_READABLE = re.compile(
    r"(?:[bcdfglmnprstvj]|[bcdfgpt][lr]|ch|qu|s[cpt]r?)?(?:[aeiouyàâéèêîôû]{1,3}"
    r"(?:[bcdfglmnprstvzjx]|([bcdfglmnprst])\1|[lmnrs][bcdfgpstv][lr]?|[bcdfgptv][lr]|gn|ch|qu|ct))*"
    r"[aeiouyéàèêù]{0,3}[bcdfglmnprstxz]{0,2}"
)
"""Letters that are read as a French word."""
MIN_WORD = 5
"""Letters of the shortest unknown capitals that are read as a word."""


@reads(rf"()({_TABLE.any}){NOT_IN_WORD}", rf"({_ELISION})({_TABLE.any}){NOT_IN_WORD}")
def _abbreviation(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``M.``, ``etc.``, ``p. ex.`` and ``l'art. 3``."""
    form = form_of(match[2])
    before = around.left(1)
    if form not in WORDS or not around.is_apart or before in ("@", "_", "-", "/", "'"):
        return None
    after = around.right(6)
    kind = KINDS[form]
    if kind == "number" and not re.match(r"[\s:]{0,2}(?:\d|[IVXLC]+\b(?!\.)|[LRDA]\.?\s?\d)", after):
        return None
    if kind == "title" and not re.match(rf"\s?[{_CAPITALS}]|\s[a-zà-ÿ]+", after):
        return None
    if form in ("Me", "Mes", "Pr", "Gal", "Cap.", "Col.", "St", "Ste", "Sts") and not re.match(
        rf"[\s-][{_CAPITALS}]", after
    ):
        return None
    if form in ("M.", "vs", "pb", "ill.", "app.", "max.", "min.", "av.", "pl.", "ch.", "imp.") and not after.strip():
        return None if form != "M." and not after else WORDS[form]
    first, *others = WORDS[form]
    return [match[1].lower() + first, *others]


_tel = rule(r"[tT][ée]l(?=\s?:?\s?[\d+(])", "téléphone", is_apart=True)  # tel : 07


@reads(rf"[tT]-(ils?|elles?|on|y|en){NOT_IN_WORD}")
def _euphonic(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``t-il`` of ``va-t-il`` as one word."""
    return [match[0].lower()] if around.left(1) == "-" else None


def _is_word(word: str, around: AroundMatch) -> bool:
    """Return True for capitals that are read as a word."""
    low = word.lower()
    if low in ACRONYMS:
        return True
    if low in SPELT:
        return False
    others = [other for other in (around.word_before, around.word_after) if len(other) > 1]
    is_among = any(other.isupper() for other in others)
    if around.knows(low) and (is_among or len(low) > 3):
        return True
    is_long = len(low) >= MIN_WORD or (is_among and len(low) > 1 and not re.search("[bcdfghjklmnpqrstvwxz]{3}", low))
    return is_long and _READABLE.fullmatch(low) is not None


@reads(rf"()([{_CAPITALS}]{{2,30}})(s?){NOT_IN_WORD}", rf"({_ELISION})([{_CAPITALS}]{{2,30}})(){NOT_IN_WORD}")
def _capitals(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``SNCF`` letter by letter, ``l'ONU`` and shouted words as words."""
    if not around.is_apart or around.right(1) == "'":
        return None
    start, word = match[1].lower(), match[2].lower()
    if _is_word(match[2], around):
        return [start + word + match[3]]
    if len(word) > 6:
        return [start + word]
    first, *others = letters(match[2])
    return [start + first.lower() if start else first, *others]


@reads(rf"([a-zA-Z]{{2,6}}){NOT_IN_WORD}")
def _spelt(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``dvd`` and words without vowels letter by letter."""
    low = match[1].lower()
    has_no_vowel = re.fullmatch("[bcdfghjklmnpqrstvwxz]{2,5}", low) is not None and not around.knows(low)
    is_word = low in ("ps", "id", "it", "tp", "td", "om", "jo", "cd", "pc", "cv", "wc", "rn", "usa", "ong", "ue", "ia")
    is_spelt = around.is_apart and ((low in SPELT and (not is_word or match[1].isupper())) or has_no_vowel)
    if not is_spelt or around.right(1) == "'":
        return None
    return letters(low)


_hyphenated = hyphenated_rules(spoken("words"), NOT_IN_WORD)
_dotted = dotted_rules(ACRONYMS, letters, NOT_IN_WORD)

DIGIT_CUES, AS_WORDS = word_list("digit-cues"), word_list("address-words")


@reads(r"(?:\+|00)(\d{1,3})((?:[\s/.-]{0,3}\(?\d{1,8}\)?){1,6})(?!\d)")
def _international(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``+33 6 12 34 56 78``, the country code and then groups."""
    if sum(character.isdigit() for character in match[0]) < 8 or match[0][0] == "0":
        return None
    groups = re.findall(r"\d+", match[2])
    return [
        "plus",
        *whole(match[1]),
        *(word for group in groups for word in (whole(group) if len(group) < 4 else pairs(group))),
    ]


@reads(r"0\d(?:[\s./-]?\d\d){4}(?!\d|[.,]\d)", r"0\d{1,3}(?:[\s./-]\d{2,3}){3}(?!\d|[.,]\d)")
def _telephone(match: re.Match[str], _around: AroundMatch) -> Reading:
    """Read ``01 23 45 67 89`` in pairs."""
    groups = re.findall(r"\d+", match[0])
    return pairs(match[0]) if len(groups) != 4 else [word for group in groups for word in whole(group)]


@reads(rf"([A-Z]{{1,4}})-?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``A4``, ``MP3``, ``H2O`` and ``CAC40``."""
    start = [match[1].lower()] if match[1].lower() in ACRONYMS else letters(match[1])
    return [*start, *whole(match[2]), *letters(match[3])] if around.is_apart else None


@reads(rf"([a-z]+')([A-Z]{{1,3}})(\d{{1,4}}){NOT_IN_WORD}")
def _after_elision(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``l'A7`` with the article."""
    first, *others = letters(match[2])
    return [match[1] + first.lower(), *others, *whole(match[3])] if around.is_apart else None


@reads(r"(\d{8,14}|\d{3}(?: \d{3}){2}(?: \d{5})?)(?!\d|[.,]\d)")
def _cued(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read a long number after a word such as ``SIRET`` in its groups, or digit by digit."""
    if not any(word in DIGIT_CUES for word in around.far_before[-3:]):
        return None
    return [word for group in match[1].split() for word in (whole(group) if len(group) < 8 else digits(group))]


@reads(r"([LRDA])\.?\s?(\d{1,4})-(\d{1,3})(?:-(\d{1,2}))?(?!\d|-)")
def _article(match: re.Match[str], around: AroundMatch) -> Reading:
    """Read ``L. 121-1`` of a code of law."""
    parts = [word for part in match.groups()[2:] if part for word in ("tiret", *whole(part))]
    return [match[1], *whole(match[2]), *parts] if around.is_apart else None


def _is_word_of_address(low: str, _around: AroundMatch) -> bool:
    """Return True for a piece of an address that is read as a word."""
    return low in AS_WORDS or (len(low) > 2 and low not in SPELT and re.search("[aeiouyà-ÿœ]", low) is not None)


_addresses = Addresses(
    numbers,
    SIGNS.address,
    (LETTERS, "A-ZÀ-Ý", "a-zà-ÿœ"),
    "be|ch|ca|lu|es|paris|shop",
    _is_word_of_address,
    {"#": "hashtag", "@": "arobase"},
    start=r"(?=[A-Za-z0-9-]*[A-Za-z]{2})",
)
_spelled = spelled_rules(letters, IBAN)
_long = [*spelled_rules(letters, ISBN), *spelled_rules(digits, rf"(\d{{{MAX_DIGITS + 1},}})")]
_version = version_rules(numbers, "point", r"(\d{1,3})\.(\d{1,2}|\d{4,})(?!\d|[.,]\d)")
_mixed = mixed_rules(
    numbers, lambda low, _around: len(low) > 2 and re.search("[aeiouy]", low) is not None, NOT_IN_WORD, longest=4
)

EARLY_RULES: list[Rule] = [*_article]
ABBREVIATION_RULES: list[Rule] = [
    *_hyphenated,
    rule(r"[nN][°º]\s?(?=\d)", "numéro", is_apart=True),
    rule(r"[nN][°º]s\s?(?=\d)", "numéros", is_apart=True),
    rule(r"([A-Z])\.-([A-Z])\.(?=\s?[A-Z])", letters, letters, is_apart=True),  # J.-J. Rousseau
    _tel,
    *_euphonic,
    *_abbreviation,
    *_dotted,
]
LETTER_RULES: list[Rule] = [*_spelled, *_after_elision, *_letters_digits, *_capitals, *_spelt, *_mixed]
DIGIT_RULES: list[Rule] = [
    *_long,
    *_international,
    *_telephone,
    rule(r"(08\d\d)\s(\d{3})\s(\d{3})(?!\d)", whole, whole, whole),  # 0800 123 456
    *_cued,
]
LATE_RULES: list[Rule] = [*_mixed, *_version]
CHUNK_RULES: list[Rule] = _addresses.chunk_rules
SIGN_RULES: list[Rule] = [
    *section_rules("paragraphe", "paragraphes", "à", whole),
    *_addresses.tag_rules,
    *SIGNS.rules(whole),
]
SPELT_RULES: list[Rule] = [*_hyphenated, _tel, *_abbreviation, *_spelt]
