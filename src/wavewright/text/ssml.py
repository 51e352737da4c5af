"""Speech markup (W3C SSML 1.1, the part in docs/text.md) to a plain text and the spans of it that are spoken in one way.

Read by expat alone: document types, and with them entities of one's own and everything external, are refused.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from xml.parsers import expat

from ..errors import BadText
from . import prosody

ELEMENTS: dict[str, tuple[str, ...]] = {
    "speak": ("version", "xml:lang", "xmlns", "xmlns:xsi", "xsi:schemaLocation", "xml:base"),
    **{
        "p": ("xml:lang",),
        "s": ("xml:lang",),
        "break": ("time", "strength"),
        "prosody": ("rate", "pitch", "volume", "range"),
    },
    **{
        "emphasis": ("level",),
        "say-as": ("interpret-as", "format", "detail"),
        "phoneme": ("alphabet", "ph"),
        "sub": ("alias",),
    },
    **{"mark": ("name",), "voice": ("name",)},
}
NEEDED = {"say-as": "interpret-as", "phoneme": "ph", "sub": "alias", "mark": "name", "voice": "name"}
EMPTY = ("break", "mark")
REPLACED = ("say-as", "phoneme", "sub")
DEEPEST = 100
PARAGRAPH = "\n\n"
"""What stands between paragraphs in ``Markup.text``."""

SENTENCE = " \n \n "
"""What stands between sentences that ``<s>`` parts: it ends them for a front end, and is no paragraph's end."""


class Reader(Protocol):
    """What of a front end is needed here."""

    def phones(self, text: str, alphabet: str = "x-arpabet") -> tuple[str, ...]: ...

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str: ...


@dataclass(frozen=True)
class Span:
    """A piece of the text that is spoken in one way, or a pause or a mark between two pieces, which has no text.

    ``start`` and ``end`` are places in ``Markup.text``; ``written`` is what stood in the markup. ``rate``, ``pitch_range`` are factors,
    ``pitch_semitones`` and ``volume_db`` are added, ``emphasis`` is ``strong``, ``moderate``, ``none`` (as usual) or ``reduced``,
    ``voice`` a name or None.
    """

    text: str = ""
    start: int = 0
    end: int = 0
    written: str = ""
    rate: float = 1.0
    pitch_semitones: float = 0.0
    pitch_range: float = 1.0
    volume_db: float = 0.0
    emphasis: str = "none"
    voice: str | None = None
    pause_seconds: float = 0.0
    mark: str | None = None


@dataclass(frozen=True)
class Markup:
    """What a document says: the text that a front end reads, and its spans in their order; their texts joined are that text."""

    text: str
    spans: tuple[Span, ...]

    def span_at(self, place: int) -> Span:
        """The span that a character of the text lies in."""
        spoken = [span for span in self.spans if span.text]
        return spoken[max(0, bisect_right([span.start for span in spoken], place) - 1)]


def is_markup(text: str) -> bool:
    """Whether a text is meant as SSML: it begins with ``<speak`` or an XML declaration."""
    return re.match(r"\ufeff?\s*<(?:speak[\s>/]|\?xml\s)", text) is not None


def read(document: str, front_end: Reader) -> Markup:
    """The text and spans of a document.

    Raises BadText, with line and column, where it is no whole XML, has an element, attribute or value that is not understood, or a
    document type; and where it is nested more than 100 deep.
    """
    return _Document(document, front_end).markup


class _Document:
    """A document while it is read: the styles of the open elements, and the spans so far."""

    def __init__(self, document: str, front_end: Reader) -> None:
        self._front_end = front_end
        self._open: list[tuple[str, Mapping[str, str], Span]] = []
        self._inside: list[str] = []
        self._spans: list[Span] = []
        self._length = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse_type
        try:
            self._parser.Parse(document.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code) or "broken markup"
            raise BadText(
                f"The SSML is not whole at line {error.lineno}, column {error.offset + 1} ({what}); close every element, and write "
                "&amp; for & and &lt; for <."
            ) from error
        self.markup = Markup("".join(span.text for span in self._spans), tuple(self._spans))

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._check(name, attributes)
        style = self._style
        if name == "prosody":
            style = self._with_prosody(style, attributes)
        elif name == "emphasis":
            level = attributes.get("level", "moderate")
            style = replace(
                style, emphasis=self._one_of(level, ("strong", "moderate", "none", "reduced"), "level of <emphasis>")
            )
        elif name == "voice":
            style = replace(style, voice=attributes["name"].strip() or None)
        elif name == "break":
            if self._spans and self._spans[-1].text and not self._spans[-1].text[-1].isspace():
                self._add(" ", style)  # what stands on its two sides is not one word
            self._add("", replace(style, pause_seconds=self._value(prosody.parse_break, attributes)))
        elif name == "mark":
            self._add("", replace(style, mark=attributes["name"]))
        elif name in ("p", "s"):
            self._part(PARAGRAPH if name == "p" else SENTENCE)
        self._open.append((name, attributes, style))

    def _end(self, name: str) -> None:
        _, attributes, style = self._open.pop()
        if name in REPLACED:
            written = " ".join("".join(self._inside).split())
            self._inside = []
            self._add(self._instead(name, attributes, written), style, written)
        elif name in ("p", "s"):
            self._part(PARAGRAPH if name == "p" else SENTENCE)

    def _characters(self, text: str) -> None:
        if self._open and self._open[-1][0] in REPLACED:
            self._inside.append(text)
        elif self._open and self._open[-1][0] in EMPTY:
            if text.strip():
                raise BadText(f"<{self._open[-1][0]}> {self._where} holds text; it must be empty.")
        else:
            plain = re.sub(r"\s+", " ", text)
            self._add(plain, self._style, plain)

    def _refuse_type(self, *_: object) -> None:
        raise BadText(
            f"The SSML declares a document type {self._where}; leave it out, entities of one's own are not read."
        )

    @property
    def _style(self) -> Span:
        return self._open[-1][2] if self._open else Span()

    @property
    def _where(self) -> str:
        return f"at line {self._parser.CurrentLineNumber}, column {self._parser.CurrentColumnNumber + 1}"

    def _check(self, name: str, attributes: Mapping[str, str]) -> None:
        if name not in ELEMENTS:
            raise BadText(
                f"The SSML has <{name}> {self._where}, which is not understood; it can be {', '.join(ELEMENTS)}."
            )
        if bool(self._open) == (name == "speak"):
            raise BadText(f"The SSML has <{name}> {self._where}; <speak> must stand around everything, once.")
        if self._open and self._open[-1][0] in (*REPLACED, *EMPTY):
            raise BadText(
                f"<{self._open[-1][0]}> holds <{name}> {self._where}; it can hold text alone."
                if self._open[-1][0] not in EMPTY
                else f"<{self._open[-1][0]}> holds <{name}> {self._where}; it must be empty."
            )
        if len(self._open) >= DEEPEST:
            raise BadText(f"The SSML is nested deeper than {DEEPEST} elements {self._where}.")
        strange = next((key for key in attributes if key not in ELEMENTS[name]), None)
        if strange is not None:
            known = ", ".join(ELEMENTS[name])
            raise BadText(
                f"<{name}> {self._where} has the attribute {strange!r}, which is not understood; it can be {known}."
            )
        if name in NEEDED and NEEDED[name] not in attributes:
            raise BadText(f"<{name}> {self._where} lacks the attribute {NEEDED[name]}.")

    def _with_prosody(self, style: Span, attributes: Mapping[str, str]) -> Span:
        changes = {key: self._value(getattr(prosody, f"parse_{key}"), value) for key, value in attributes.items()}
        return replace(
            style,
            rate=self._within("rate", style.rate * changes.get("rate", 1.0), prosody.RATES),
            pitch_semitones=self._within("pitch", style.pitch_semitones + changes.get("pitch", 0.0), prosody.PITCHES),
            pitch_range=self._within("range", style.pitch_range * changes.get("range", 1.0), prosody.RANGES),
            volume_db=self._within("volume", style.volume_db + changes.get("volume", 0.0), prosody.VOLUMES),
        )

    def _within(self, name: str, value: float, limits: tuple[float, float]) -> float:
        if not limits[0] <= value <= limits[1]:
            unit = {"pitch": " semitones", "volume": " dB"}.get(name, " times the usual")
            raise BadText(
                f"<prosody> {self._where} makes the {name} {value:g}{unit}; it must lie between {limits[0]:g} and {limits[1]:g}."
            )
        return value

    def _value(self, parse: Callable[[Any], float], given: str | Mapping[str, str]) -> float:
        try:
            return parse(given)
        except ValueError as error:
            raise BadText(f"<{'break' if isinstance(given, Mapping) else 'prosody'}> {self._where}: {error}") from None

    def _one_of(self, given: str, known: tuple[str, ...], what: str) -> str:
        if given not in known:
            raise BadText(f"The {what} {self._where} is {given!r}; it can be {', '.join(known)}.")
        return given

    def _instead(self, name: str, attributes: Mapping[str, str], written: str) -> str:
        try:
            if name == "sub":
                return " ".join(attributes["alias"].split())
            if name == "say-as":
                return self._front_end.say_as(written, attributes["interpret-as"], attributes.get("format", ""))
            phones = self._front_end.phones(attributes["ph"], attributes.get("alphabet", "ipa"))
            return f"[[{' '.join(phones)}]]"
        except BadText as error:
            raise BadText(f"<{name}> {self._where}: {error}") from error

    def _part(self, between: str) -> None:
        """End a paragraph or a sentence, unless that has just been done."""
        if self._length and not (self._spans and self._spans[-1].text in (PARAGRAPH, between)):
            self._add(between, self._style)

    def _add(self, text: str, style: Span, written: str = "") -> None:
        if not text and not style.pause_seconds and style.mark is None:
            return
        start, self._length = self._length, self._length + len(text)
        self._spans.append(replace(style, text=text, start=start, end=self._length, written=written))
