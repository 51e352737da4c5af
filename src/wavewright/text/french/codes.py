"""Read telephone numbers, codes with letters and digits, versions, addresses and signs."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .numbers import MAX_DIGITS, digits, letters, pairs, whole
from .rules import LETTERS, NOT_IN_WORD, FrenchAround, Reading, Rule, of_kind, reads, reads_as, rows, word_list

WORDS = of_kind(rows("signs", 3), "text")
"""Words for signs."""
ADDRESS_SIGNS = of_kind(rows("signs", 3), "address")
"""Words for signs in addresses."""
DIGIT_CUES, AS_WORDS, SPELT = word_list("digit-cues"), word_list("address-words"), word_list("spelt")
ACRONYMS = word_list("acronyms")

_TAIL = r"[^\s<>\"(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"(){}\[\]]|$))"
_DOMAINS = (
    "fr|be|ch|ca|lu|eu|com|org|net|info|edu|gov|io|uk|de|it|es|tv|app|dev|paris|shop|html?|pdf|txt|docx?|jpe?g|png"
)


@reads(r"([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])")
def _iban(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read an IBAN sign by sign."""
    return letters(match[1])


@reads(r"(?:\+|00)(\d{1,3})((?:[\s/.-]{0,3}\(?\d{1,8}\)?){1,6})(?!\d)")
def _international(match: re.Match[str], _around: FrenchAround) -> Reading:
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
def _telephone(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``01 23 45 67 89`` in pairs."""
    groups = re.findall(r"\d+", match[0])
    return pairs(match[0]) if len(groups) != 4 else [word for group in groups for word in whole(group)]


@reads(r"(08\d\d)\s(\d{3})\s(\d{3})(?!\d)")
def _green(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``0800 123 456`` in its groups."""
    return [*whole(match[1]), *whole(match[2]), *whole(match[3])]


@reads(r"(97[89][- ]\d[\d -]{7,15}[\dX])(?!\d)")
def _isbn(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``978-2-07-036822-8``."""
    return letters(match[1])


@reads(r"(\d{1,5})\.(\d{1,4})\.(\d{1,6})(?:\.(\d{1,6}))?(?!\d|\.\d)", r"(\d{1,3})\.(\d{1,2}|\d{4,})()()(?!\d|[.,]\d)")
def _version(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``2.0.1`` and ``3.11`` with ``point``."""
    parts = [part for part in match.groups() if part]
    if all(len(part) == 3 for part in parts[1:]):
        return None  # a number with dots
    words: list[str] = []
    for part in parts:
        words += ["point", *whole(part)]
    return words[1:]


@reads(rf"([A-Z]{{1,4}})-?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``A4``, ``MP3``, ``H2O`` and ``CAC40``."""
    start = [match[1].lower()] if match[1].lower() in ACRONYMS else letters(match[1])
    return [*start, *whole(match[2]), *letters(match[3])] if around.is_apart else None


@reads(rf"([a-z]+')([A-Z]{{1,3}})(\d{{1,4}}){NOT_IN_WORD}")
def _after_elision(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``l'A7`` with the article."""
    first, *others = letters(match[2])
    return [match[1] + first.lower(), *others, *whole(match[3])] if around.is_apart else None


@reads(rf"(?=[A-Za-z0-9]*[A-Za-z])(?=[A-Za-z0-9]*\d)([A-Za-z0-9]{{2,20}}){NOT_IN_WORD}")
def _mixed(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``B2B`` and ``7Zip``."""
    if not around.is_apart:
        return None
    words: list[str] = []
    for piece in re.findall(r"\d+|[A-Za-z]+", match[1]):
        is_word = len(piece) > 2 and piece.isalpha() and re.search("[aeiouy]", piece.lower()) is not None
        if piece.isdigit():
            words += whole(piece) if len(piece) < 5 else digits(piece)
        else:
            words += [piece.lower()] if is_word else letters(piece)
    return words


@reads(rf"\d{{{MAX_DIGITS + 1},}}")
def _long(match: re.Match[str], _around: FrenchAround) -> Reading:
    return digits(match[0])


@reads(r"(\d{8,14}|\d{3}(?: \d{3}){2}(?: \d{5})?)(?!\d|[.,]\d)")
def _cued(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read a long number after a word such as ``SIRET`` in its groups, or digit by digit."""
    if not any(word in DIGIT_CUES for word in around.far_before[-3:]):
        return None
    return [word for group in match[1].split() for word in (whole(group) if len(group) < 8 else digits(group))]


@reads(r"([LRDA])\.?\s?(\d{1,4})-(\d{1,3})(?:-(\d{1,2}))?(?!\d|-)")
def _article(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``L. 121-1`` of a code of law."""
    parts = [word for part in match.groups()[2:] if part for word in ("tiret", *whole(part))]
    return [match[1], *whole(match[2]), *parts] if around.is_apart else None


def spelled(text: str, is_tag: bool = False) -> list[str]:
    """Read an address as it is dictated: words as words, the rest letter by letter, signs by their names."""
    words: list[str] = []
    for piece in re.findall(rf"[A-ZÀ-Ý]?[a-zà-ÿœ]+|[A-ZÀ-Ý]+|\d+|[^\w\s]|_|[{LETTERS}]+", text):
        low = piece.lower()
        if piece.isdigit():
            words += whole(piece) if len(piece) < 5 else digits(piece)
        elif piece[0].isalpha():
            is_word = low in AS_WORDS or (
                len(low) > 2 and low not in SPELT and re.search("[aeiouyà-ÿœ]", low) is not None
            )
            words += [low] if is_word or (is_tag and not piece.isupper()) else letters(piece)
        else:
            words += ADDRESS_SIGNS.get(piece, "").split()
    return words


@reads(rf"(?:https?|ftp)://(?P<rest>[^\s/]{_TAIL}){_END}", rf"(?P<rest>www\.\w{_TAIL}){_END}")
def _web(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``https://meteo.fr`` without its scheme."""
    return spelled(match["rest"].rstrip("/"))


@reads(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
def _mail(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``marie@exemple.fr``."""
    return spelled(match[0])


@reads(rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{_DOMAINS})(?![\w-])(?:[/?]{_TAIL})?{_END}")
def _bare(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``meteo.fr/demain``."""
    return spelled(match[0].rstrip("/")) if re.search("[A-Za-z]{2}", match[0].partition(".")[0]) else None


@reads(rf"([#@])(?=\w*[{LETTERS}])(\w{{2,60}})")
def _tag(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``#BonneAnnée`` and ``@leroi``."""
    return ["hashtag" if match[1] == "#" else "arobase", *spelled(match[2], is_tag=True)]


@reads(r"\^(-)?(\d{1,3})")
def _power(match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``^4`` as ``puissance quatre``."""
    if match[2] in ("2", "3") and not match[1]:
        return ["au", "carré" if match[2] == "2" else "cube"]
    return ["puissance", *(["moins"] if match[1] else []), *whole(match[2])]


@reads(r"[-−](?=\s?\d)", r"(?<=[a-z\d] )[-−](?= [a-z\d]\b)")
def _minus(_match: re.Match[str], around: FrenchAround) -> Reading:
    """Read ``7 - 4`` with ``moins``."""
    before = around.text[max(0, around.start - 2) : around.start]
    return ["moins"] if not before.strip() or before.endswith((" ", "(", "=")) else None


@reads(r"(?<=\d )[:÷/](?= \d)")
def _divided(_match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``10 : 2``."""
    return ["divisé", "par"]


@reads(r"(?<=[\d)]) ?\* ?(?=[\d(])")
def _times(_match: re.Match[str], _around: FrenchAround) -> Reading:
    """Read ``2 * 3``."""
    return ["fois"]


@reads(f"[{re.escape(''.join(sign for sign in WORDS if len(sign) == 1))}]")
def _sign(match: re.Match[str], around: FrenchAround) -> Reading:
    """Read a sign with a word of its own, but no brackets or arrows made of ``<`` and ``>``."""
    before, after = around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]
    if match[0] == "†" and before.strip():
        return None
    if match[0] in "<>" and (
        match[0] in (before, after) or before.isalpha() or after.isalpha() or "/" in (before, after)
    ):
        return None
    if match[0] == "#" and not after.isdigit():
        return None
    return ["numéro"] if match[0] == "#" else WORDS[match[0]].split()


def name_of(sign: str) -> list[str]:
    """Return the words of a sign's Unicode name, which is English: ``grinning face``."""
    return re.findall("[a-z]+", unicodedata.name(sign, "").lower())


EARLY_RULES: list[Rule] = [*_article]
LETTER_RULES: list[Rule] = [*_iban, *_after_elision, *_letters_digits]
DIGIT_RULES: list[Rule] = [*_isbn, *_long, *_international, *_telephone, *_green, *_cued]
LATE_RULES: list[Rule] = [*_version]
MIXED_RULES: list[Rule] = [*_mixed]
CHUNK_RULES: list[Rule] = [*_web, *_mail, *_bare]
SIGN_RULES: list[Rule] = [
    *_tag,
    (pattern("²"), reads_as("au", "carré")),
    (pattern("³"), reads_as("au", "cube")),
    (pattern(r"/(?=\s?(?:jour|semaine|mois|an|heure|h|personne|nuit|kg|m²)(?![a-zà-ÿ]))"), reads_as("par")),
    (pattern("=="), reads_as("égale")),
    (pattern("!="), reads_as("différent", "de")),
    (pattern("<="), reads_as("inférieur", "ou", "égal", "à")),
    (pattern(">="), reads_as("supérieur", "ou", "égal", "à")),
    (pattern(r"[~≈](?=\s?\d)"), reads_as("environ")),
    *_power,
    *_minus,
    *_divided,
    *_times,
    *_sign,
]
