"""Read amounts of money."""

from __future__ import annotations

import re

from ..pattern import pattern
from ..region import is_british
from .numbers import MAGNITUDES, cardinal, decimal, plural, several, whole
from .quantities import LETTERED_NOUNS, SIGN, SIGNS
from .rules import NOT_IN_WORD, NUMBER, Around, Reading, Rule, alternatives, reads, rule, word_list
from .units import CODES, CURRENCIES, PER, Currency, named

PRICED = {noun for one in word_list("priced-nouns") for noun in (one, plural(one))}

_MAGNITUDE = (
    rf"(?:\s?-?({alternatives(name for name in MAGNITUDES if len(name) > 3)})\b"
    rf"|(?:\s(?=(?:M|B|bn|mn|tn)\b(?![-\d])))?({alternatives(name for name in MAGNITUDES if len(name) < 4)})\b)?"
)
_CURRENCY = f"({alternatives(CURRENCIES)})"


def _money(sign: str | None, number: str, size: str | None, currency: Currency, around: Around) -> list[str]:
    """Read an amount of a currency, with its cents if it has two decimals."""
    before, _, after = number.partition(".")
    words = SIGNS[sign] if sign else []
    if size is None and len(after) == 2 and currency.cent:
        is_none = not before.strip("0,")
        cents = int(after)
        of_cents = [*cardinal(cents), currency.cent if cents == 1 else currency.cents] if cents else []
        whole_words = [*whole(before or "0"), *named(currency, before == "1")] if not is_none or not cents else []
        if whole_words and cents > 9 and currency == CURRENCIES["£"] and is_british():
            return [*words, *whole_words, *cardinal(cents)]  # ``three pounds fifty``
        return [*words, *whole_words, *(["and"] if whole_words and of_cents else []), *of_cents]
    is_before_noun = around.word_after in PRICED and around.right(1) in (" ", "-")
    is_one = (number == "1" and size is None) or around.is_adjective or is_before_noun
    return [*words, *decimal(number), *([MAGNITUDES[size]] if size else []), *named(currency, is_one)]


@reads(rf"{SIGN}{_CURRENCY}\s?{SIGN}({NUMBER}){_MAGNITUDE}(?:\s?/\s?({alternatives(PER)}){NOT_IN_WORD})?")
def _sign_first(match: re.Match[str], around: Around) -> Reading:
    """Read ``$12.50`` and ``$5/h``."""
    per = ["per", *PER[match[7]].split()] if match[7] else []
    return [*_money(match[1] or match[3], match[4], match[5] or match[6], CURRENCIES[match[2]], around), *per]


@reads(
    rf"(?:₹|Rs\.?|INR)\s?({NUMBER})(?:\s?[-–]\s?₹?({NUMBER}))?\s?(lakhs?|lacs?|crores?|L|[Cc]r\.?)"
    rf"(?:\s(crores?|[Cc]r\.?))?{NOT_IN_WORD}"
)
def _indian(match: re.Match[str], around: Around) -> Reading:
    """Read ``₹75 lakh`` and ``Rs. 2.5 Cr``: a hundred thousand and ten million rupees."""
    is_before_noun = around.word_after in PRICED and around.right(1) in (" ", "-")
    sizes = ["crore" if size[0] in "cC" else "lakh" for size in (match[3], match[4]) if size]
    until = ["to", *decimal(match[2])] if match[2] else []
    return [*decimal(match[1]), *until, *sizes, *named(CURRENCIES["₹"], around.is_adjective or is_before_noun)]


@reads(rf"(?:Rs\.?|Re\.)\s?({NUMBER}){_MAGNITUDE}")
def _rupees(match: re.Match[str], around: Around) -> Reading:
    """Read ``Rs. 500``."""
    return _money(None, match[1], match[2] or match[3], CURRENCIES["₹"], around)


@reads(rf"([1-9]\d?)([cp]){NOT_IN_WORD}(?!')")
def _small_money(match: re.Match[str], around: Around) -> Reading:
    """Read ``50c`` and ``50p``, but not the letter of a page, a form or a model."""
    word, is_start = around.word_before, len(around.words_before) == 1
    if word.lower() in LETTERED_NOUNS or (word and not word.islower() and not (is_start and word.istitle())):
        return None
    if match[2] == "c":
        return _cents(match, around)
    return [*whole(match[1]), "penny" if match[1] == "1" else "pence"]


@reads(rf"{_CURRENCY}({NUMBER})([kKmMbB]?)\s?[-–]\s?(?:\1)?(?=\d)({NUMBER}){_MAGNITUDE}{NOT_IN_WORD}")
def _money_range(match: re.Match[str], around: Around) -> Reading:
    """Read ``$5-10 million``."""
    size = match[5] or match[6]
    if match[3] and match[3] != size:
        return None
    return [*decimal(match[2]), "to", *_money(None, match[4], size, CURRENCIES[match[1]], around)]


@reads(rf"({alternatives(CODES)})\s?({NUMBER}){_MAGNITUDE}")
def _code_first(match: re.Match[str], around: Around) -> Reading:
    """Read ``USD 500``."""
    return _money(None, match[2], match[3] or match[4], CODES[match[1]], around)


@reads(rf"{SIGN}({NUMBER}){_MAGNITUDE}\s?({alternatives(CODES)}|[€£¥₹]){NOT_IN_WORD}")
def _code_last(match: re.Match[str], around: Around) -> Reading:
    """Read ``500 USD`` and ``500 €``."""
    currency = CODES.get(match[5]) or CURRENCIES[match[5]]
    return _money(match[1], match[2], match[3] or match[4], currency, around)


@reads(r"([€£])\s?(\d{1,3}(?:\.\d{3})*),(\d\d)()(?!\d|,)", r"()(\d{1,3}(?:\.\d{3})*),(\d\d)\s?(€|EUR\b)")
def _european(match: re.Match[str], around: Around) -> Reading:
    """Read ``5,99 €``, with the comma of the continent."""
    currency = CODES[match[4]] if match[4] in CODES else CURRENCIES[match[1] or match[4]]
    return _money(None, f"{match[2].replace('.', '')}.{match[3]}", None, currency, around)


def _cents(match: re.Match[str], around: Around) -> Reading:
    """Read ``25¢``."""
    return [*decimal(match[1]), "cent" if match[1] == "1" or around.is_adjective else "cents"]


RULES: list[Rule] = [
    *_indian,
    *_european,
    rule(rf"(?:{alternatives(CURRENCIES)})(\d{{1,4}})'?s{NOT_IN_WORD}", several),  # notes of a value, $20s
    *_money_range,
    *_sign_first,
    *_code_last,
    (pattern(rf"({NUMBER})\s?¢"), _cents),
    *_small_money,
]
CODE_RULES: list[Rule] = [*_indian, *_code_first, *_rupees]
