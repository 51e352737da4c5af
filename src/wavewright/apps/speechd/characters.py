"""Single characters and keys as SSML: letters by their names, signs by theirs, capitals marked."""

from __future__ import annotations

import re
import unicodedata
from xml.sax.saxutils import escape

from .module_settings import Capitals
from .sign_names import SignNames

CAPITAL_PITCH = "+4st"
"""How much higher capital letters are spoken."""

OWN_LETTERS = {"de": "äöüß", "es": "ñ"}
"""Letters with a name of their own, by language."""

KEYPAD = "kp-"


def character_ssml(character: str, names: SignNames, capitals: Capitals) -> str:
    """Return a letter, digit, sign or space as SSML."""
    spoken = _letter(character, names) if character.isalnum() else names.of_character(character)
    spoken = spoken if spoken.startswith("<") else escape(spoken)
    return capital_ssml(spoken, names, capitals) if character.isupper() else spoken


def capital_ssml(spoken: str, names: SignNames, capitals: Capitals) -> str:
    """Return a letter or word with a capital as SSML, which says so as the client asks."""
    if capitals == "spell":
        return f"{names.phrases['capital']} {spoken}"
    return f'<prosody pitch="{CAPITAL_PITCH}">{spoken}</prosody>' if capitals == "icon" else spoken


def key_ssml(key: str, names: SignNames, capitals: Capitals) -> str:
    """Return a key such as ``control_a``, ``f1`` or ``kp-5`` as SSML."""
    if len(key) == 1:
        return character_ssml(key, names, capitals)
    parts = [part for part in key.split("_") if part]
    return " ".join(_part_of_key(part, names, capitals) for part in parts) or character_ssml("_", names, capitals)


def _part_of_key(part: str, names: SignNames, capitals: Capitals) -> str:
    """Return one key of several that are pressed together as SSML."""
    low = part.lower()
    if len(part) == 1:
        return character_ssml(part, names, capitals)
    if low in names.keys:
        return escape(names.keys[low])
    if low.startswith(KEYPAD):
        return f"{names.phrases['keypad']} {_part_of_key(part[len(KEYPAD) :], names, capitals)}"
    if re.fullmatch(r"f\d{1,2}", low):
        return f"{_spelled('f')} {low[1:]}"
    return escape(part.replace("-", " "))


def _letter(character: str, names: SignNames) -> str:
    """Return a letter or digit as SSML: ``e acute`` for one with an accent, its Unicode name in another script."""
    if character.isascii() or character.lower() in OWN_LETTERS.get(names.language, ""):
        return _spelled(character)
    if character.isdecimal():
        return _spelled(str(unicodedata.decimal(character)))
    base, _, accent = unicodedata.name(character, "").removesuffix(" SIGN").partition(" WITH ")
    match = re.fullmatch("LATIN (?:SMALL|CAPITAL) LETTER ([A-Z])", base)
    if match:
        accents = [names.accents.get(name, name.lower()) for name in accent.split(" AND ")]
        return f"{_spelled(match[1].lower())} {escape(' '.join(accents))}"
    return names.of_character(character)


def _spelled(character: str) -> str:
    return f'<say-as interpret-as="characters">{escape(character)}</say-as>'
