"""Messages of Speech Dispatcher as SSML that is always spoken: signs, capitals and spelling as the client asks.

Clients send SSML of any quality. What `wavewright.text.ssml` does not support is left out here, its text is kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ...text import ssml
from ...text.scripts import letter_names, passage, script_of, transliterate
from .module_settings import Capitals, ModuleSettings
from .sign_names import LEVELS, SignNames

CAPITAL_PITCH = "+4st"
"""Pitch of capital letters above that of others."""

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


PAUSING = ".,;:!?"
"""Signs that are pauses, too: they stay after their names at the end of a word."""

MAX_NAMED = 40
"""Characters that are named of a text in which nothing can be read."""

FIRST_OTHER_LETTER = "\u0250"
SCRIPTS = {"Cjk": "Chinese"}
"""Names of scripts that differ from the first word of their letters' names."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]")
_SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")
_TAG = re.compile(r"<[^<>]*>")
_MARK = re.compile(r"""<mark\s[^<>]*?name\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')[^<>]*>""")
_RUN = re.compile(r"(?P<word>[^\W_]+)|(?P<space>\s+)|(?P<sign>.)(?P=sign)*", re.DOTALL)


@dataclass(frozen=True)
class _MessagePart:
    """A part of a message: text to read, or markup with what it replaces."""

    text: str
    is_markup: bool = False


class MessageWriter:
    """Writes messages as SSML, with the names of signs in the language of the voice."""

    def __init__(self, names: SignNames, settings: ModuleSettings) -> None:
        self._names = names
        self._settings = settings

    def text(self, document: str) -> str:
        """Return a text, SSML or a part of it that is not well-formed, as SSML."""
        document = _NOT_XML.sub(" ", document)
        try:
            parts = _MarkupCleaner(document).parts
        except expat.ExpatError:
            parts = _parts_by_tags(document)
        return self._written(parts)

    def plain_text(self, document: str) -> str:
        """Return a text as SSML of which nothing but the marks is left."""
        return self._written(_parts_by_tags(_NOT_XML.sub(" ", document)))

    def named(self, document: str) -> str:
        """Return the names of the first characters of a text, and its marks, as SSML."""
        parts = _parts_by_tags(_NOT_XML.sub(" ", document))
        text = "".join(part.text for part in parts if not part.is_markup)
        visible = [character for character in _without_invisible(text) if not character.isspace()]
        marks = "".join(part.text for part in parts if part.is_markup)
        return _document(self._spelled("".join(visible[:MAX_NAMED])) + marks)

    def character(self, text: str) -> str:
        """Return a character, or a text that is sent as one, as SSML."""
        if len(text) > 1:
            return self.text(_document(escape(text)))
        return _document(character_ssml(text, self._names, self._settings.capitals))

    def key(self, text: str) -> str:
        """Return the name of a key as SSML."""
        return _document(key_ssml(_NOT_XML.sub(" ", text), self._names, self._settings.capitals))

    def icon(self, name: str) -> str:
        """Return the name of a sound icon, which is spoken, as SSML."""
        return self.text(_document(escape(re.sub(r"[-_]+", " ", name))))

    def _written(self, parts: list[_MessagePart]) -> str:
        text = "".join(part.text for part in parts if not part.is_markup)
        level = LEVELS.index(self._settings.punctuation)
        if not any(character.isalnum() for character in text):
            level = len(LEVELS)  # signs alone are always named
        return _document("".join(part.text if part.is_markup else self._read(part.text, level) for part in parts))

    def _read(self, text: str, level: int) -> str:
        """Return text without markup as SSML."""
        text = _without_invisible(text)
        if self._settings.spelling:
            return self._spelled(text)
        pieces = []
        position = 0
        while position < len(text):
            end, script = _unreadable(text, position)
            if script:
                pieces.append(f" {self._names.phrases['script'].format(script=script)} ")
                position = end
                continue
            match = _RUN.match(text, position)
            assert match is not None
            pieces.append(self._run(match, text, level))
            position = match.end()
        return "".join(pieces)

    def _run(self, match: re.Match[str], text: str, level: int) -> str:
        """Return a word, space, or the same sign once or several times as SSML."""
        if match["word"] and match[0][0].isupper():
            return capital_ssml(escape(match[0]), self._names, self._settings.capitals)
        sign = match["sign"]
        if sign is None or sign.isalnum() or unicodedata.combining(sign) or self._names.level(sign) > level:
            return escape(match[0])
        number = f"{len(match[0])} " if len(match[0]) > 1 else ""
        pause = sign if sign in PAUSING and not text[match.end() : match.end() + 1].strip() else ""
        return f" {number}{escape(self._names.of_character(sign))}{pause} "

    def _spelled(self, text: str) -> str:
        """Return the characters of a text as SSML, with a pause after each."""
        named = [
            character_ssml(character, self._names, self._settings.capitals)
            for character in text
            if not character.isspace() or len(text) == 1
        ]
        return "".join(f"{name}, " for name in named)


class _MarkupCleaner:
    """The parts of well-formed SSML, without elements and attributes that are not supported."""

    def __init__(self, document: str) -> None:
        self.parts: list[_MessagePart] = []
        self._open: list[str] = []  # end tags, empty for elements that are left out
        self._n_replaced = 0  # open elements whose text stays as it is
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.Parse(document.strip().encode("utf-8"), True)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        required = ssml.REQUIRED.get(name)
        is_left_out = name not in ssml.ELEMENTS or name == "speak" or (required and required not in attributes)
        self._open.append("" if is_left_out else f"</{name}>")
        if not is_left_out:
            known = [f" {key}={quoteattr(value)}" for key, value in attributes.items() if key in ssml.ELEMENTS[name]]
            self.parts.append(_MessagePart(f"<{name}{''.join(known)}>", is_markup=True))
            self._n_replaced += name in ssml.REPLACED

    def _end(self, name: str) -> None:
        if end := self._open.pop():
            self.parts.append(_MessagePart(end, is_markup=True))
            self._n_replaced -= name in ssml.REPLACED

    def _characters(self, text: str) -> None:
        is_replaced = self._n_replaced > 0
        self.parts.append(_MessagePart(escape(text) if is_replaced else text, is_markup=is_replaced))

    def _refuse_doctype(self, *_: object) -> None:
        raise expat.ExpatError("a document type")


def _parts_by_tags(document: str) -> list[_MessagePart]:
    """Return the text and the marks of SSML that need not be well-formed."""
    parts = []
    position = 0
    for tag in _TAG.finditer(document):
        parts.append(_MessagePart(unescape(document[position : tag.start()])))
        position = tag.end()
        if mark := _MARK.fullmatch(tag[0]):
            name = unescape(mark[1] or mark[2] or "")
            parts.append(_MessagePart(f"<mark name={quoteattr(name)}/>", is_markup=True))
    parts.append(_MessagePart(unescape(document[position:])))
    return [part for part in parts if part.text]


def _without_invisible(text: str) -> str:
    return _SKIN_TONE.sub("", _INVISIBLE.sub("", text))


def _unreadable(text: str, position: int) -> tuple[int, str]:
    """Return end and script of a passage that front ends cannot read, an empty script if there is none."""
    character = text[position]
    if character < FIRST_OTHER_LETTER or not character.isalpha() or script_of(character) == "Latin":
        return position, ""
    if position and text[position - 1].isalpha() and script_of(text[position - 1]) == script_of(character):
        return position, ""
    end = passage(text, position)
    word = text[position:end]
    is_read = bool(letter_names(word) or transliterate(word))
    script = script_of(character)
    return end, "" if is_read else SCRIPTS.get(script, script)


def _document(body: str) -> str:
    return f"<speak>{body}</speak>"


def message_forms(writer: MessageWriter, kind: str, text: str) -> Iterator[str]:
    """Yield forms of a message as SSML, from the best to one that can always be read."""
    writers = {"SPEAK": writer.text, "CHAR": writer.character, "KEY": writer.key, "SOUND_ICON": writer.icon}
    yield writers[kind](text)
    document = text if kind == "SPEAK" else escape(text)
    yield writer.plain_text(document)
    yield writer.named(document)
