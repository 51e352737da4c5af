"""Read telephone numbers, codes with letters and digits, versions, proportions, addresses and signs."""

from __future__ import annotations

import re
import unicodedata

from ..pattern import pattern
from .numbers import MAX_DIGITS, cardinal, digits, letters, whole
from .rules import LETTERS, NOT_IN_WORD, ItalianAround, Reading, Rule, of_kind, reads, reads_as, rows, word_list

WORDS = of_kind(rows("signs", 3), "text")
"""Words for signs."""
ADDRESS_SIGNS = of_kind(rows("signs", 3), "address")
"""Words for signs in addresses."""
DIGIT_CUES, PROPORTION_CUES = word_list("digit-cues"), word_list("proportion-cues")
AS_WORDS, SPELT = word_list("address-words"), word_list("spelt")

_TAIL = r"[^\s<>\"(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"(){}\[\]]|$))"
_DOMAINS = "it|eu|com|org|net|info|edu|gov|io|uk|fr|de|ch|tv|app|dev|roma|shop|html?|pdf|txt|docx?|jpe?g|png|mp3"


@reads(r"([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])")
def _iban(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read an IBAN sign by sign."""
    return letters(match[1])


@reads(r"(\+|00)(\d{1,3})(?:[\s/.-]{0,3}\(?\d{1,8}\)?){1,6}(?!\d)")
def _international(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``+39 347 1234567``."""
    n_digits = sum(character.isdigit() for character in match[0])
    return ["più", *digits(match[0])] if match[1] == "+" and n_digits > 7 else None


@reads(
    r"\(?0\d{1,4}\)?[\s/-]{1,3}\d{3,9}(?:[\s-]\d{1,9}){0,4}(?![\d.,:]\d|\d)",
    r"0\d{6,14}(?!\d)",
    r"3\d\d[\s/.-]\d{6,7}(?!\d)",
    r"3\d\d[\s/.-]\d{3}[\s.-]\d{3,4}(?!\d)",
    r"8\d\d[\s/.-]\d{6}(?!\d)",
    r"3\d{9}(?!\d)",
)
def _telephone(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``06 1234567``, ``333 4567890`` and ``800 123456``."""
    return digits(match[0])


@reads(r"(\d{3,15}(?:[\s/-]\d{2,8}){0,3})(?![\d.,:]\d|\d)")
def _cued(match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``PIN 1234`` digit by digit."""
    last = [word for word in around.far_before if word not in ("il", "è", "n", "lo", "al")][-1:]
    return digits(match[1]) if last and last[0] in DIGIT_CUES and len(match[1]) > 3 else None


@reads(r"(\d{5})(?=\s[A-Z][a-z])")
def _postcode(match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``00184 Roma``."""
    before = around.text[max(0, around.start - 2) : around.start]
    return digits(match[1]) if match[1][0] == "0" or before in ("", ", ", "- ") else None


@reads(r"(97[89][- ]\d[\d -]{7,15}[\dX])(?!\d)")
def _isbn(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``978-88-06-21893-5``."""
    return letters(match[1])


@reads(r"(\d{1,5})\.(\d{1,4})\.(\d{1,6})(?:\.(\d{1,6}))?(?!\d|\.\d)", r"(\d{1,3})\.(\d{1,2})()()(?!\d|[.,]\d)")
def _version(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``2.0.1`` and ``3.11`` with ``punto``."""
    parts = [part for part in match.groups() if part]
    if all(len(part) == 3 for part in parts[1:]):
        return None  # a number with dots
    words: list[str] = []
    for part in parts:
        words += ["punto", *whole(part)]
    return words[1:]


@reads(r"(\d{1,4})\s?:\s?(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d:])")
def _proportion(match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``1:10.000`` and ``16:9``; with spaces a division."""
    if " " in match[0]:
        return [*whole(match[1]), "diviso", *whole(match[2])]
    near = {word.lower() for word in (*around.words_before, around.word_after)}
    is_time = len(match[2]) == 2 and int(match[1]) < 25 and int(match[2]) < 60
    return None if is_time and not near & PROPORTION_CUES else [*whole(match[1]), "a", *whole(match[2])]


@reads(rf"([A-Z]{{1,4}})-?(\d{{1,4}})([A-Za-z]{{0,2}}){NOT_IN_WORD}")
def _letters_digits(match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``A4``, ``MP3`` and ``H2O``."""
    if not around.is_apart:
        return None
    number = digits(match[2]) if match[2][0] == "0" else cardinal(int(match[2]))
    return [*letters(match[1]), *number, *letters(match[3])]


@reads(rf"([a-z]+')([A-Z]{{1,3}})(\d{{1,4}}){NOT_IN_WORD}")
def _after_elision(match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``l'A1`` with the article."""
    first, *others = letters(match[2])
    return [match[1] + first, *others, *whole(match[3])] if around.is_apart else None


@reads(rf"(?=[A-Za-z0-9]*[A-Za-z])(?=[A-Za-z0-9]*\d)([A-Za-z0-9]{{2,20}}){NOT_IN_WORD}")
def _mixed(match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``B2B``, ``7Zip`` and ``H2O``."""
    if not around.is_apart:
        return None
    words: list[str] = []
    for piece in re.findall(r"\d+|[A-Za-z]+", match[1]):
        is_word = len(piece) > 2 and piece.isalpha() and re.search("[aeiou]", piece.lower()) is not None
        if piece.isdigit():
            words += cardinal(int(piece)) if len(piece) < 4 and piece[0] != "0" else digits(piece)
        else:
            words += [piece.lower()] if is_word else letters(piece)
    return words


@reads(rf"\d{{{MAX_DIGITS + 1},}}")
def _long(match: re.Match[str], _around: ItalianAround) -> Reading:
    return digits(match[0])


def spelled(text: str, is_tag: bool = False) -> list[str]:
    """Read an address as it is dictated: words as words, the rest letter by letter, signs by their names."""
    words: list[str] = []
    for piece in re.findall(rf"[A-Z]?[a-zà-ù]+|[A-Z]+|\d+|[^\w\s]|_|[{LETTERS}]+", text):
        low = piece.lower()
        if piece.isdigit():
            words += whole(piece) if len(piece) < 5 else digits(piece)
        elif piece[0].isalpha():
            is_word = low in AS_WORDS or (
                len(low) > 2 and low not in SPELT and re.search("[aeiouyà-ù]", low) is not None
            )
            words += [low] if is_word or (is_tag and not piece.isupper()) else letters(piece)
        else:
            words += ADDRESS_SIGNS.get(piece, "").split()
    return words


@reads(rf"(?:https?|ftp)://(?P<rest>[^\s/]{_TAIL}){_END}", rf"(?P<rest>www\.\w{_TAIL}){_END}")
def _web(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``https://meteo.com`` without its scheme."""
    rest = match["rest"].rstrip("/")
    if rest.lower().startswith("www."):
        return ["vu", "vu", "vu", *spelled(rest[3:])]
    return spelled(rest)


@reads(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
def _mail(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``mario@esempio.it``."""
    return spelled(match[0])


@reads(rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{_DOMAINS})(?![\w-])(?:[/?]{_TAIL})?{_END}")
def _bare(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``meteo.it/oggi``."""
    return spelled(match[0].rstrip("/"))


@reads(r"#(?=\w*[A-Za-zà-ù])(\w{2,60})")
def _hashtag(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``#BuonAnno``."""
    return ["hashtag", *spelled(match[1], is_tag=True)]


@reads(r"@(?=\w*[A-Za-z])(\w{2,60})")
def _handle(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``@rainews``."""
    return ["chiocciola", *spelled(match[1], is_tag=True)]


@reads(r"\^(-)?(\d{1,3})")
def _power(match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``^4`` as ``alla quattro``."""
    if match[2] in ("2", "3") and not match[1]:
        return ["al", "quadrato" if match[2] == "2" else "cubo"]
    return ["alla", *(["meno"] if match[1] else []), *whole(match[2])]


@reads(r"[-−](?=\s?\d)", r"(?<=[a-z\d] )[-−](?= [a-z\d]\b)")
def _minus(_match: re.Match[str], around: ItalianAround) -> Reading:
    """Read ``7 - 4`` with ``meno``."""
    before = around.text[max(0, around.start - 2) : around.start]
    return ["meno"] if not before.strip() or before.endswith((" ", "(", "=")) else None


@reads(r"(?<=\d )[:÷/](?= \d)")
def _divided(_match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``10 : 2``."""
    return ["diviso"]


@reads(r"(?<=[\d)]) ?\* ?(?=[\d(])")
def _times(_match: re.Match[str], _around: ItalianAround) -> Reading:
    """Read ``2 * 3``."""
    return ["per"]


@reads(f"[{re.escape(''.join(sign for sign in WORDS if len(sign) == 1))}]")
def _sign(match: re.Match[str], around: ItalianAround) -> Reading:
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
    return ["numero"] if match[0] == "#" else WORDS[match[0]].split()


def name_of(sign: str) -> list[str]:
    """Return the words of a sign's Unicode name: ``grinning face``."""
    return re.findall("[a-z]+", unicodedata.name(sign, "").lower())


LETTER_RULES: list[Rule] = [*_iban, *_after_elision, *_letters_digits]
DIGIT_RULES: list[Rule] = [*_isbn, *_long, *_international, *_telephone, *_cued, *_postcode, *_proportion]
LATE_RULES: list[Rule] = [*_version]
MIXED_RULES: list[Rule] = [*_mixed]
CHUNK_RULES: list[Rule] = [*_web, *_mail, *_bare]
SIGN_RULES: list[Rule] = [
    *_hashtag,
    *_handle,
    (pattern("²"), reads_as("al", "quadrato")),
    (pattern("³"), reads_as("al", "cubo")),
    (pattern(r"=="), reads_as("uguale")),
    (pattern(r"!="), reads_as("diverso", "da")),
    (pattern(r"<="), reads_as("minore", "o", "uguale", "a")),
    (pattern(r">="), reads_as("maggiore", "o", "uguale", "a")),
    (pattern(r"[~≈](?=\s?\d)"), reads_as("circa")),
    *_power,
    *_minus,
    *_divided,
    *_times,
    *_sign,
]
