"""Read abbreviations, acronyms, Roman numerals, addresses, hashtags, and signs with a word of their own."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from ..roman import ROMAN, roman_value
from .numbers import cardinal, digits, ordinal, whole
from .rules import LETTERS, NOT_IN_WORD, NUMBERED, Reading, Rule, SpanishAround, gender_of, letters, reads, reads_as
from .tables import of_kind, rows, word_list

_ROWS = rows("abbreviations", 3)
_CASES = [
    *_ROWS,
    *((written[0].upper() + written[1:], kind, words) for written, kind, words in _ROWS if len(written.strip(".")) > 1),
]
WORDS = {re.sub(r"\s", "", written): words.split() for written, _, words in _CASES}
KINDS = {re.sub(r"\s", "", written): kind for written, kind, _ in _CASES}
"""Kinds of abbreviations by their forms without spaces."""

ACRONYMS, SPELT, SHOUTED = word_list("acronyms"), word_list("spelt"), word_list("shouted")
CENTURIES, RULERS, QUEENS = word_list("centuries"), word_list("rulers"), word_list("queens")
ADDRESS_WORDS = word_list("address-words")
MAX_ORDINAL = 10
"""Largest Roman numeral that is an ordinal after a ruler or a century: ``Felipe VI``, but ``Alfonso XIII``."""
MIN_WORD = 4
"""Letters of the shortest unknown capitals that are read as a word."""

SIGN_WORDS = of_kind(rows("signs", 3), "text")
"""Words for signs."""
ADDRESS_SIGNS = of_kind(rows("signs", 3), "address")
UNITS = {written: fields for written, *fields in rows("units", 4)}
"""Name for one, name for several and gender of units by their written forms."""

_FORMS = sorted({written for written, *_ in _CASES}, key=lambda written: (-len(written), written))
_ANY = "|".join(re.escape(written).replace(r"\ ", r"\s?") for written in _FORMS)
_TAIL = r"[^\s<>\"(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"(){}\[\]]|$))"
_DOMAINS = (
    "es|mx|ar|cl|co|pe|uy|ve|eu|com|org|net|info|edu|gob|gov|cat|io|uk|fr|de|it|tv|app|dev"
    "|html?|pdf|txt|docx?|jpe?g|png"
)


@reads(rf"({_ANY}){NOT_IN_WORD}")
def _abbreviation(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``Sr.``, ``p. ej.`` and ``EE. UU.``."""
    form = re.sub(r"\s", "", match[1])
    after = around.text[around.end : around.end + 3]
    if not around.is_apart or (KINDS[form] == "number" and not re.match(r":?\s?[\dIVXLC+(]", after)):
        return None
    if KINDS[form] == "title" and not re.match(rf"\s?[{LETTERS}]", after):
        return None
    if len(form.strip(".")) == 1 and form != "D." and not re.match(r"\s?[\dIVXLC]", after):
        return None
    return WORDS[form]


@reads(rf"([A-ZÁÉÍÓÚÜÑ]{{2,30}}){NOT_IN_WORD}", rf"([A-ZÑ]{{2,5}})(s){NOT_IN_WORD}")
def _capitals(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``DNI`` letter by letter, ``ONU`` and shouted words as words."""
    word = match[1].lower()
    if not around.is_apart:
        return None
    plural = len(match.groups()) > 1
    if word in ACRONYMS:
        return [word + "s" * plural]
    if word in SPELT or (plural and len(word) < MIN_WORD):
        return letters(match[1])
    neighbours = (around.word_before, around.word_after)
    is_among_others = any(len(other) > 1 and other.isupper() for other in neighbours)
    is_word = around.knows(word) and (len(word) >= MIN_WORD or is_among_others)
    return [word + "s" * plural] if is_word or word in SHOUTED else letters(match[1])


@reads(rf"([b-df-hj-np-tv-xz]{{2,4}}){NOT_IN_WORD}")
def _without_vowels(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``pdf`` letter by letter."""
    return letters(match[1]) if around.is_apart and not around.knows(match[1]) else None


@reads(r"(km)(?=\s\d)", rf"(kg|km|cm|mm|ml|kWh|MB|GB){NOT_IN_WORD}", r"(et al)\.", rf"([eE]-?mail)(s?){NOT_IN_WORD}")
def _whole_word(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``km 21``, ``el kg``, ``et al.`` and ``e-mail``."""
    if match[1] in UNITS:
        is_unit = around.text[around.end :][1:2].isdigit() or around.word_before in ("el", "cada", "por", "un")
        return [UNITS[match[1]][0]] if is_unit else None
    return ["et", "al"] if match[1] == "et al" else [f"email{match[2]}"]


@reads(rf"({ROMAN})(\.?[ºª])?{NOT_IN_WORD}")
def _roman(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``siglo XXI``, ``Felipe VI``, ``II Guerra Mundial`` and ``capítulo IV``."""
    if not match[1] or not around.is_apart:
        return None
    value, before, after = roman_value(match[1]), around.word_before.lower(), around.word_after
    is_small = not {*match[1]} - {*"IVX"}
    is_series = before in ("y", "a", "al", "o", "e", "i", "ii", "iii", "iv", "v")
    in_series = {word.removesuffix("s") for word in around.far_before} if is_series else set()
    if before in CENTURIES or before in RULERS or in_series & CENTURIES:
        end = "a" if before in QUEENS else "o"
        return ordinal(value, end) if value <= MAX_ORDINAL else cardinal(value)
    if before.removesuffix("s") in NUMBERED or in_series & NUMBERED:
        return cardinal(value)
    if match[2] and is_small:
        return ordinal(value, "a" if match[2].endswith("ª") else "o")
    is_name = after[:1].isupper() and not after.isupper() and around.text[around.end : around.end + 1] == " "
    if is_name and is_small and (len(match[1]) > 1 or before in ("la", "el", "del", "al")):
        end = "a" if before == "la" or gender_of(after) == "f" else "o"
        return ordinal(value, "er" if end == "o" else end)
    return cardinal(value) if len(match[1]) > 1 and value < 50 and around.word_before[:1].isupper() else None


def spelled(text: str, around: SpanishAround, is_tag: bool = False) -> list[str]:
    """Read an address as it is dictated: words as words, the rest letter by letter, signs by their names.

    In a tag, such as ``#DíaDelLibro``, all pieces in mixed case are words.
    """
    words: list[str] = []
    for piece in re.findall(r"[A-ZÁÉÍÓÚÜÑ]?[a-záéíóúüñ]+|[A-ZÁÉÍÓÚÜÑ]+|\d+|[^\w\s]|_", text):
        low = piece.lower()
        if piece.isdigit():
            words += whole(piece) if len(piece) < 5 else digits(piece)
        elif piece[0].isalpha():
            is_word = low in ADDRESS_WORDS or (len(low) > 2 and low not in SPELT and around.knows(low))
            words += [low] if is_word or (is_tag and not piece.isupper()) else letters(piece)
        else:
            words += ADDRESS_SIGNS.get(piece, "").split()
    return words


@reads(rf"(?:https?|ftp)://(?P<rest>[^\s/]{_TAIL}){_END}", rf"(?P<rest>www\.\w{_TAIL}){_END}")
def _web(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``https://tiempo.com`` without its scheme."""
    return spelled(match["rest"].rstrip("/"), around)


@reads(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
def _mail(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``ana@example.es``."""
    return spelled(match[0], around)


@reads(rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{_DOMAINS})(?![\w-])(?:[/?]{_TAIL})?{_END}")
def _bare(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``tiempo.es/hoy``."""
    return spelled(match[0].rstrip("/"), around) if re.search("[A-Za-z]{2}", match[0].partition(".")[0]) else None


@reads(rf"([#@])(?=\w*[{LETTERS}])(\w{{2,60}})")
def _tag(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``#DíaDelLibro`` and ``@casa_real``."""
    return [ADDRESS_SIGNS[match[1]], *spelled(match[2], around, is_tag=True)]


@reads(r"\^(-)?(\d{1,3})")
def _power(match: re.Match[str], _around: SpanishAround) -> Reading:
    """Read ``^2`` as ``elevado a dos``."""
    return ["elevado", "a", *(["menos"] if match[1] else []), *whole(match[2])]


@reads(r"[-−](?=\s?\d)", r"(?<=\d )[-−](?= [a-z]\b)", r"(?<=[a-z] )[-−](?= [a-z\d]\b)")
def _minus(_match: re.Match[str], around: SpanishAround) -> Reading:
    """Read ``7 - 4`` with ``menos``."""
    before = around.text[max(0, around.start - 2) : around.start]
    return ["menos"] if not before.strip() or before.endswith((" ", "(", "=")) else None


@reads(f"[{re.escape(''.join(SIGN_WORDS))}]")
def _word(match: re.Match[str], around: SpanishAround) -> Reading:
    """Read a sign with a word of its own, but no brackets or arrows made of ``<`` and ``>``."""
    before, after = around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]
    if match[0] in "<>" and (
        match[0] in (before, after) or before.isalpha() or after.isalpha() or "/" in (before, after)
    ):
        return None
    if match[0] == "º" and not before.strip():
        return None
    if match[0] == "#" and not re.match(r"\s?\d", around.text[around.end : around.end + 2]):
        return None
    return SIGN_WORDS[match[0]].split()


def name_of(sign: str) -> list[str]:
    """Return the words of a sign's Unicode name, which is English: ``grinning face``."""
    return re.findall("[a-z]+", unicodedata.name(sign, "").lower())


CHUNK_RULES: list[Rule] = [*_web, *_mail, *_bare]
LETTER_RULES: list[Rule] = [*_whole_word[1:2], *_whole_word[3:], *_abbreviation, *_roman, *_capitals, *_without_vowels]
SIGN_RULES: list[Rule] = [
    *_tag,
    (pattern(r"(?<=\d )[:÷/](?= \d)"), reads_as("dividido", "entre")),
    (pattern(r"(?<=[\d)]) ?\* ?(?=[\d(])"), reads_as("por")),
    (pattern(r"/(?=\s?(?:día|semana|mes|año|hora|h|persona|noche|kg|m²)(?![a-záéíóúñ]))"), reads_as("por")),
    (pattern("=="), reads_as("igual", "a")),
    (pattern("!="), reads_as("distinto", "de")),
    (pattern("<="), reads_as("menor", "o", "igual", "que")),
    (pattern(">="), reads_as("mayor", "o", "igual", "que")),
    (pattern(r"[~≈](?=\s?\d)"), reads_as("aproximadamente")),
    *_power,
    *_minus,
    *_word,
]
SPELT_RULES: list[Rule] = [*_whole_word[:3], *_without_vowels]
