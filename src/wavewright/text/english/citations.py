"""Read what books, laws and papers are cited by: verses, reports, bills, sections, numbers of figures, ISBNs."""

from __future__ import annotations

import re

from ..pattern import pattern
from .abbreviations import BEFORE_NUMBER, GENERAL, TITLES
from .numbers import digits, in_pairs, letters, ordinal, whole
from .rules import (
    Around,
    Reading,
    Rule,
    alternatives,
    mapping,
    named_in,
    of_kind,
    reads,
    reads_as,
    rows,
    rule,
    word_list,
)

BOOKS = mapping("bible")
"""Books of the Bible by their short names."""
ABBREVIATIONS = {*TITLES, *BEFORE_NUMBER, *GENERAL}
BOOK_NAMES = {*BOOKS, *BOOKS.values()} | word_list("bible-books")
NUMBERED_BOOKS = alternatives(word_list("numbered-books"))
ONE_BEFORE = pattern(
    r"\b(?:P(?:ub)?\. ?L\.\s(?:No\.\s)?|No\.\s|(?i:fig|figure|table|eq|equation|problem|exhibit)\.?\s)$"
)
"""The name of one thing before two numbers that are no range."""
SHARED = ("rule", "split", "mix", "blend", "principle", "ratio", "chance", "partnership", "divide")
LAW = of_kind(rows("abbreviations", 3), "law")
"""Reports and collections of laws, between numbers or before the number of a law."""


@reads(r"(\d{2,})-(0\d{2,})(?![-–/.:]?\d)", r"(0\d{2,})-(\d{2,})(?![-–/.:]?\d)")
def _identifier(match: re.Match[str], _around: Around) -> Reading:
    """Read ``2024-0117``: groups with leading zeros count nothing."""
    return [word for group in match.groups() for word in (in_pairs(group) if len(group) == 4 else whole(group))]


@reads(r"(\d{1,3})-(\d{1,3})(?![-–/.:]?\d)")
def _two_numbers(match: re.Match[str], around: Around) -> Reading:
    """Read ``Pub. L. 116-136``, ``No. 22-451``, ``Fig. 4-2`` and ``the 80-20 rule``, which are no ranges."""
    is_split = int(match[1]) + int(match[2]) == 100 and around.word_after in SHARED
    is_one = ONE_BEFORE.search(around.text, *around.before)
    return [*in_pairs(match[1]), *in_pairs(match[2])] if is_one or is_split else None


@reads(r"(\d{1,3}):(\d{1,3})(?:\s?[-–]\s?(\d{1,3}))?(?![\d:])")
def _verses(match: re.Match[str], around: Around) -> Reading:
    """Read ``Psalm 23:1-4``."""
    if around.word_before.lower() not in BOOK_NAMES or not around.word_before[:1].isupper():
        return None
    until = ["to", *whole(match[3])] if match[3] else []
    return [*whole(match[1]), *whole(match[2]), *until]


_book_number = reads(
    r"([123])(?=\s(?:Corinthians|Chronicles|Thessalonians|Maccabees)\b)",
    rf"([123])(?=\s(?:{NUMBERED_BOOKS})\.?\s\d{{1,3}}(?![\d,]))",
)(reads_as(named_in({"1": "first", "2": "second", "3": "third"})))


_book = reads(
    rf"({alternatives(name.title() for name in BOOKS)})\.?(?=\s\d{{1,3}}:\d)",
    rf"({alternatives(name.title() for name in BOOKS if name not in ABBREVIATIONS)})\.(?=\s\d{{1,3}}(?![\d,.]\d|\d))",
)(reads_as(lambda name: [BOOKS[name.lower()]]))


_numbered_item = reads(
    r"(?<=(?:ISBN|ISSN)[:\s])(\d[\d -]{6,16}[\d])-?(X)?(?![\dA-Za-z])",
    r"(97[89][- ]\d[\d -]{6,14}\d)(X)?(?![\dA-Za-z-])",
    r"(\d-\d{2,7}-\d{1,6}-[\dX]|\d{3}-\d\d-\d{4}|\d\d-\d{7})()(?![\d-])",
    r"(\d{9})(X)(?![A-Za-z0-9])",
    r"(97[89]\d{10})()(?!\d)",
)(reads_as(digits, letters))
"""Rules of an ISBN or ISSN, which may end with an X."""


@reads(r"(\d+)\.(\d+)-(\d+)(?![\d-])")
def _section(match: re.Match[str], around: Around) -> Reading:
    """Read the section ``§ 1.61-1``."""
    is_section = re.search(r"§\s?$", around.left(2))
    return [*whole(match[1]), "point", *whole(match[2]), "dash", *whole(match[3])] if is_section else None


_preprint = reads(r"(?<=[vV]:)(\d{4})\.(\d{4,5})(?!\d)", r"(?<=[vV]: )(\d{4})\.(\d{4,5})(?!\d)")(
    reads_as(in_pairs, "point", digits)  # arXiv:1706.03762
)


@reads(rf"(?<=\d )({alternatives(LAW)})\.?(?=\s(?:§§?\s?)?\d)", r"(Pub\. ?L)\.(\sNo\.)?(?=\s\d)")
def _of_law(match: re.Match[str], _around: Around) -> Reading:
    """Read ``115 Stat. 272`` and ``Pub. L. No. 107-56``."""
    return [*LAW[match[1]].split(), *(["number"] if match.lastindex == 2 else [])]


@reads(r"(?<=\d )((?:[A-Z]\. ?){1,4}|So\. |F\. ?Supp\. )([234])(?:d|th)(?=\s\d)")
def _series_of_law(match: re.Match[str], _around: Around) -> Reading:
    """Read ``347 F.3d 672``: the series of a report."""
    name = match[1].strip().removesuffix(".")
    return [*(LAW[name].split() if name in LAW else letters(name)), *ordinal(int(match[2]))]


VERSE_RULES: list[Rule] = [*_verses, *_book_number]
NUMBER_RULES: list[Rule] = [*_numbered_item]
DIGIT_RULES: list[Rule] = [*_identifier, *_two_numbers, *_section, *_preprint]
LETTER_RULES: list[Rule] = [
    rule(r"n\.(?=\s\d{1,3}(?!\d))(?<![–-]\d\d, n\.)", "note"),  # not of several pages
    rule(r"nn\.(?=\s\d{1,3}(?!\d))", "notes"),
    *_series_of_law,
    *_of_law,
    rule(r"(S)\.(?=\s\d{1,4}(?!\d))", letters),  # S. 2155, a bill of the Senate
    *_book,
]
