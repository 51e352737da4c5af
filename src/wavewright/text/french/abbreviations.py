"""Read abbreviations, acronyms and words in capitals."""

from __future__ import annotations

import re

from ..common.abbreviations import Abbreviations, dotted_rules, form_of, hyphenated_rules, section_rules
from ..rules import AroundMatch, Reading, Rule, reads, rule
from .numbers import letters, whole
from .rules import NOT_IN_WORD, rows, spoken, word_list

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


_telephone = rule(r"[tT][ée]l(?=\s?:?\s?[\d+(])", "téléphone", is_apart=True)  # tel : 07


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

LETTER_RULES: list[Rule] = [
    *_hyphenated,
    rule(r"[nN][°º]\s?(?=\d)", "numéro", is_apart=True),
    rule(r"[nN][°º]s\s?(?=\d)", "numéros", is_apart=True),
    rule(r"([A-Z])\.-([A-Z])\.(?=\s?[A-Z])", letters, letters, is_apart=True),  # J.-J. Rousseau
    _telephone,
    *_euphonic,
    *_abbreviation,
    *_dotted,
]
LATE_RULES: list[Rule] = [*_capitals, *_spelt]
SIGN_RULES: list[Rule] = section_rules("paragraphe", "paragraphes", "à", whole)
SPELT_RULES: list[Rule] = [*_hyphenated, _telephone, *_abbreviation, *_spelt]
