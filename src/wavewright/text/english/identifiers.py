"""Spell out technical identifiers: MAC and IPv6 addresses, UUIDs, hashes, hexadecimal numbers and colors."""

from __future__ import annotations

import re

from .numbers import decimal, letters
from .rules import NOT_IN_WORD, Around, Reading, Rule, reads, rule

MIN_CHANGES = 3
"""Smallest number of changes between letters and digits in a hash; with fewer, it is a word with a number."""

_HEX = "[0-9A-Fa-f]"
_END = r"(?![A-Za-z0-9]|[:-][0-9A-Fa-f])"
_MAC = rf"{_HEX}{{2}}(?:([:-]){_HEX}{{2}})(?:\1{_HEX}{{2}}){{1,6}}{_END}|{_HEX}{{4}}(?:\.{_HEX}{{4}}){{2}}{_END}"
_IPV6 = rf"(?:{_HEX}{{0,4}}:){{2,7}}{_HEX}{{0,4}}(?:%\w{{1,20}})?(?:/(\d{{1,3}}))?(?![\w:])"
_UUID = rf"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}{NOT_IN_WORD}"


def _stands_alone(around: Around) -> bool:
    """Return True if no letter, digit or colon is right before."""
    return not re.match(r"[\w:]", around.left(1))


@reads(_MAC)
def _mac(match: re.Match[str], around: Around) -> Reading:
    """Spell ``00:1A:2B:3C:4D:5E``, or its first part, ``00:1A:2B``; times of day have no letters."""
    plain = re.sub("[^0-9A-Za-z]", "", match[0])
    has_both = not plain.isdigit() and not plain.isalpha()
    return letters(plain) if _stands_alone(around) and (has_both or len(plain) >= 12) else None


@reads(_IPV6)
def _ipv6(match: re.Match[str], around: Around) -> Reading:
    """Spell ``2001:db8::1/64``."""
    address, _, mask = match[0].partition("/")
    groups = address.partition("%")[0]
    is_whole = "::" in groups if groups.count(":") < 7 else groups.count(":") == 7
    is_proportion = re.fullmatch(r"\d{1,3}:\d{1,3}::\d{1,3}:\d{1,3}", match[0])
    if not is_whole or is_proportion or not _stands_alone(around) or not re.search(_HEX, groups):
        return None
    pieces = re.findall(r"::|:|%|\w+", address)
    names = {"::": ["colon", "colon"], ":": ["colon"], "%": ["percent"]}
    words = [word for piece in pieces for word in names.get(piece, letters(piece))]
    return [*words, *(["slash", *decimal(mask)] if mask else [])]


@reads(_UUID)
def _uuid(match: re.Match[str], _around: Around) -> Reading:
    """Spell ``550e8400-e29b-41d4-a716-446655440000`` with its dashes."""
    groups = match[0].split("-")
    return [word for number, group in enumerate(groups) for word in [*(["dash"] if number else []), *letters(group)]]


@reads(rf"{_HEX}{{7,128}}{NOT_IN_WORD}(?!-\d)")
def _hash(match: re.Match[str], _around: Around) -> Reading:
    """Spell ``3f2a9bc``: digits and letters of one case, mixed."""
    changes = len(re.findall("[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])", match[0]))
    is_one_case = match[0] in (match[0].lower(), match[0].upper())
    return letters(match[0]) if is_one_case and changes >= MIN_CHANGES else None


@reads(rf"#((?:{_HEX}{{8}}|{_HEX}{{6}}|{_HEX}{{3,4}}){NOT_IN_WORD})")
def _color(match: re.Match[str], _around: Around) -> Reading:
    """Spell ``#ff8800`` and ``#fff``, but not ``#face``."""
    is_number = not match[1].isalpha() and not match[1].isdigit()
    return ["hash", *letters(match[1])] if is_number or len({*match[1].lower()}) == 1 else None


RULES: list[Rule] = [*_uuid, *_mac, *_ipv6, *_hash]
DIGIT_RULES: list[Rule] = [
    rule(rf"(0(?:[xX]{_HEX}{{1,64}}|[bB][01]{{2,64}})){NOT_IN_WORD}", letters),  # 0x1F, 0b101
    *RULES,
]
SIGN_RULES: list[Rule] = [*_color, *_ipv6]
