"""Read words with capitals: initials, acronyms, single letters, names in mixed case."""

from __future__ import annotations

import re

from ..pattern import pattern
from . import roman
from .numbers import cardinal, in_pairs
from .phones import LETTERS
from .pronounce import known
from .rules import LATER_LETTERS, NOT_IN_WORD, Around, Reading, Rule, letters, reads
from .tables import alternatives, mapping, of_kind, rows, word_list

ACRONYMS = word_list("acronyms")
INITIALISMS = word_list("initialisms")
EMPHASISED = word_list("emphasised")
LETTERED = word_list("letter-nouns")
MIXED_CASE = mapping("mixed_case")
PIECES = of_kind(rows("abbreviations", 3), "chess")
BETWEEN_SIZES = pattern(r"(?:[\d\u00bc-\u00be]|\d\s?(?:mm|cm|m|km|in|ft|px)\.?|\d['\"\u2032\u2033]) x \d$")


@reads(r"([NBRQK])(x?)([a-h])([1-8])(?=[+#]?(?:[\s,.;:!?)]|$))")
def _chess(match: re.Match[str], _around: Around) -> Reading:
    """Read the chess moves ``Nf3`` and ``Qxe4``."""
    return [PIECES[match[1]], *(["takes"] if match[2] else []), match[3].upper(), *cardinal(int(match[4]))]


@reads(r"US (\d{2,3})(?![\d,.%])")
def _highway(match: re.Match[str], _around: Around) -> Reading:
    """Read ``US 66``."""
    return ["U", "S", *in_pairs(match[1])]


@reads(r"([bd])\.(?=\s?[12]\d{3})")
def _of_life(match: re.Match[str], _around: Around) -> Reading:
    """Read ``b. 1920`` as ``born``."""
    return ["born" if match[1] == "b" else "died"]


@reads(r"((?:[A-Z]\.){2,12}|[A-Z](?:\.[A-Z]){1,12}(?![A-Za-z.]))('s\b)?")
def _dotted_initials(match: re.Match[str], _around: Around) -> Reading:
    """Read ``U.S.A.``."""
    *names, last = letters(match[1])
    return [*names, last + (match[2] or "")]


@reads(r"([A-Z])\.(?=\s*[A-Z][a-z'A-Z.])")
def _initial(match: re.Match[str], around: Around) -> Reading:
    """Read the initial of ``J. Smith``."""
    if match[1] == "I" and around.word_before.islower():
        return None
    is_start = around.word_before == "" or around.text[: around.start].rstrip()[-1:] in (".", "!", "?", "\n", '"')
    return [match[1]] if around.word_before[:1].isupper() or is_start else None


@reads(rf"([A-Z]{{2,12}})('?s)?{NOT_IN_WORD}")
def _acronym(match: re.Match[str], around: Around) -> Reading:
    """Read capitals as a word or letter by letter."""
    stem, ending = match[1], match[2] or ""
    low = stem.lower()
    if "&" in (around.text[around.start - 1 : around.start], around.text[around.end : around.end + 1]):
        return letters(stem)
    if low in ACRONYMS:
        return [low + ending]
    if low == "who" and around.word_before.lower() == "the" and not _is_shouted(around):
        return letters(stem)
    is_word = around.knows(low) and not is_spelled(low) and (_is_shouted(around) or (len(low) > 3 or low in EMPHASISED))
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
    return len(others) > 1 and 2 * sum(word.isupper() for word in others) > len(others)


@reads(rf"([A-Za-z])(?![A-Za-z0-9'{LATER_LETTERS}])")
def _single(match: re.Match[str], around: Around) -> Reading:
    """Read a single letter: its name, a pronoun or an article."""
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


@reads(rf"([A-HJ-Za-z])'s(?![A-Za-z0-9'{LATER_LETTERS}])")
def _letter_of(match: re.Match[str], _around: Around) -> Reading:
    """Read the plural or possessive of a letter: ``A's``."""
    return [f"{match[1].upper()}'s"]


def _joined(around: Around) -> bool:
    return around.text[around.start - 1 : around.start] in ("&", "-", "/")


def is_spelled(word: str) -> bool:
    """Return True if the lexicon has a word, in lower case, as the names of its letters: ``http``."""
    phones = known(word) or ()
    names = [phone for letter in word if letter.upper() in LETTERS for phone in LETTERS[letter.upper()].split()]
    return bool(phones) and [phone.rstrip("012") for phone in phones] == [phone.rstrip("012") for phone in names]


@reads(rf"(?:{alternatives(MIXED_CASE)}){NOT_IN_WORD}")
def _mixed_case(match: re.Match[str], _around: Around) -> Reading:
    """Read a word of the table of mixed case."""
    return MIXED_CASE[match[0]].split()


@reads(rf"[A-Za-z]?[a-z]+(?:[A-Z][a-z]*){{1,8}}(?![A-Za-z0-9'{LATER_LETTERS}])")
def _camel(match: re.Match[str], around: Around) -> Reading:
    """Read ``YouTube`` as one word, or by its capitals."""
    low = match[0].lower()
    humps = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", match[0])
    if around.knows(low) or any(len(hump) < 3 for hump in humps):
        return [low]
    return [word for hump in humps for word in (letters(hump) if hump.isupper() and len(hump) < 5 else [hump.lower()])]


MOVE_RULES: list[Rule] = [*_chess]
LETTER_RULES: list[Rule] = [
    *roman.SMALL_RULES,
    *_highway,
    *_of_life,
    *_mixed_case,
    *_dotted_initials,
    *_initial,
    *roman.RULES,
    *_acronym,
    *_letter_of,
    *_single,
    *_camel,
]
