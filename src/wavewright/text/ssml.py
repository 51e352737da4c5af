"""Parse SSML (the subset of W3C SSML 1.1 in docs/text.md) to plain text and spans with prosody, pauses and marks.

expat does the parsing. Document types are refused, and with them custom entities and everything external.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING
from xml.parsers import expat

from ..base.errors import BadSetting, BadText
from . import prosody
from .pattern import pattern
from .sentence import Sentence, Word
from .skipped import Skipped

if TYPE_CHECKING:
    from . import FrontEnd
    from .lexicon import Lexicon
    from .skipped import OnSkip

ELEMENTS: dict[str, tuple[str, ...]] = {
    "speak": (
        *("version", "xml:lang", "xmlns", "xsi:schemaLocation", "xml:base"),
        *("sentence-pause", "clause-pause", "paragraph-pause"),
    ),
    "p": ("xml:lang",),
    "s": ("xml:lang",),
    "break": ("time", "strength"),
    "prosody": ("rate", "pitch", "volume", "range", "duration"),
    "emphasis": ("level",),
    "say-as": ("interpret-as", "format", "detail"),
    "phoneme": ("alphabet", "ph"),
    "sub": ("alias",),
    "mark": ("name",),
    "voice": ("name",),
    "lang": ("xml:lang", "onlangfailure"),
    "w": ("role", "xml:lang", "xml:id"),
    "token": ("role", "xml:lang", "xml:id"),
    "audio": (
        *("src", "fetchtimeout", "fetchhint", "maxage", "maxstale", "clipBegin", "clipEnd", "repeatCount", "repeatDur"),
        *("soundLevel", "speed"),
    ),
    "desc": ("xml:lang",),
}
"""Supported elements and their attributes."""

REQUIRED = {
    "say-as": "interpret-as",
    "phoneme": "ph",
    "sub": "alias",
    "mark": "name",
    "voice": "name",
    "lang": "xml:lang",
}
EMPTY = ("break", "mark")
REPLACED = ("say-as", "phoneme", "sub")
"""Elements whose text is replaced by what their attributes define."""

EMPHASIS_LEVELS = ("strong", "moderate", "none", "reduced")
DEEPEST = 100
PARAGRAPH = "\n\n"
"""Text between paragraphs in ``SsmlDocument.text``."""

SENTENCE = " \n \n "
"""Text between the sentences of ``<s>`` elements: a front end ends a sentence there, and it is no paragraph break."""


_CLOSING = " \"')]}\u00ab\u00bb\u2018\u2019\u201c\u201d"  # after the sign that ends a sentence
_BETWEEN = pattern(rf"[{re.escape(_CLOSING)}]*([.?!,;:\n\u2026\u2013\u2014])")
_MARKS = {"\n": ".", "\u2026": ".", ":": ";", "\u2013": ";", "\u2014": ";"}


@dataclass(frozen=True)
class Duration:
    """The length of what one element encloses: its number in the document, and seconds."""

    number: int
    seconds: float


@dataclass(frozen=True)
class Span:
    """A stretch of text with one prosody, or a pause or mark without text.

    `speech/plan.py` turns the fields into prosody, pauses and marks; the prosody of levels of emphasis is in
    `speech/prosody.py`.

    - ``text``, ``written``: the text that the front end reads, and that in the document, which differs in ``sub``,
      ``say-as`` and ``phoneme``.
    - ``start``, ``end``: its position in ``SsmlDocument.text``.
    - ``rate``, ``pitch_semitones``, ``pitch_range``, ``volume_db``: speaking rate and range of the intonation as
      factors, pitch shift, gain.
    - ``emphasis``: one of `EMPHASIS_LEVELS`; ``none`` is neutral.
    - ``voice``, ``mark``: name of another voice, and of a mark.
    - ``front_end``: reads the text where it is not in the language of the whole document.
    - ``pause_seconds``: length of a pause, 0 for text and marks.
    - ``duration``: of the innermost ``prosody`` element with one.
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
    front_end: FrontEnd | None = None
    pause_seconds: float = 0.0
    mark: str | None = None
    duration: Duration | None = None


@dataclass(frozen=True)
class SsmlDocument:
    """A parsed document: the text that the front end reads, and the spans in order, whose texts joined are `text`.

    ``pauses`` has the lengths in seconds of the pauses that ``speak`` sets: ``sentence``, ``clause``, ``paragraph``;
    ``unplayed`` are the sound files, of which only the text within is spoken.
    """

    text: str
    spans: tuple[Span, ...]
    pauses: Mapping[str, float] = field(default_factory=dict)
    unplayed: tuple[Skipped, ...] = ()

    def sentences(
        self, front_end: FrontEnd, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None
    ) -> Iterator[Sentence]:
        """Yield the sentences, each stretch in one language read by its own front end.

        - ``front_end``: of text without one of its own, see `FrontEnd.stream`.
        - ``lexicon``: phones of words in the language of ``front_end``, and in others.

        Where the language changes within a sentence, a comma's pause separates the two. Raises what `FrontEnd.stream`
        does.
        """
        for sound in self.unplayed:
            if on_skip is None:
                raise BadText(f"The SSML has {sound}; leave it out.")
            on_skip(sound)
        spans = [span for span in self.spans if span.text]
        runs = [list(run) for _, run in groupby(spans, lambda span: id(span.front_end))]
        runs = [run for run in runs if any(map(str.isalnum, "".join(span.text for span in run)))]
        for number, run in enumerate(runs or [spans]):
            reader = (run[0].front_end if run else None) or front_end
            start, end = (run[0].start, run[-1].end) if len(runs) > 1 else (0, len(self.text))
            mark = "" if number >= len(runs) - 1 else _mark_between(self.text[start:end], self.text[end:])
            own = lexicon if lexicon is None or reader.symbols == front_end.symbols else lexicon.of(reader.language)
            sentences = reader.stream(self.text[start:end], own, on_skip and _shifted(on_skip, start))
            yield from _moved(sentences, start, mark)

    def span_at(self, position: int) -> Span:
        """Return the span that contains a character of `text`."""
        spans = [span for span in self.spans if span.text]
        return spans[max(0, bisect_right([span.start for span in spans], position) - 1)]


def _moved(sentences: Iterable[Sentence], offset: int, mark: str) -> Iterator[Sentence]:
    """Yield sentences of a later stretch of a text; the last one ends with a mark unless that is empty."""
    last: tuple[Word, ...] = ()
    for sentence in sentences:
        if last:
            yield Sentence(last)
        last = tuple(replace(word, start=word.start + offset, end=word.end + offset) for word in sentence.words)
    if last:
        yield Sentence((*last[:-1], replace(last[-1], mark_after=mark or last[-1].mark_after)))


def _mark_between(text: str, following: str) -> str:
    """Return the mark after a text whose last sentence goes on in another language, empty if it ends there."""
    if _BETWEEN.search(text[len(text.rstrip(_CLOSING)) - 1 :]):
        return ""
    sign = _BETWEEN.match(following)
    return _MARKS.get(sign[1], sign[1]) if sign else ","


def _shifted(on_skip: OnSkip, offset: int) -> OnSkip:
    return lambda passage: on_skip(replace(passage, start=passage.start + offset, end=passage.end + offset))


def looks_like_ssml(text: str) -> bool:
    """Return whether a text starts with ``<speak``, after comments or not, or a declaration of XML or of its type."""
    start = r"\ufeff?\s*(?:<!--(?:(?!-->)[^\x00]){0,5000}-->\s*)?<(?:speak[\s>/]|\?xml\s|!DOCTYPE\s+speak[\s>])"
    return re.match(start, text) is not None


Resolve = Callable[[str | None, str | None], tuple["FrontEnd", str | None]]
"""Returns the front end and the name of the voice for the name of a voice and a language, each None for the usual one.

Raises BadSetting if no voice speaks the language.
"""


def parse(document: str, front_end: FrontEnd, resolve: Resolve | None = None) -> SsmlDocument:
    """Parse a document.

    - ``document``: SSML.
    - ``front_end``: front end of the document, which expands ``say-as`` and parses the phones of ``phoneme``.
    - ``resolve``: finds the front end and the voice of what is in another language; without, ``front_end`` reads all.
    - returns: the text and its spans.

    Raises BadText if the document is not well-formed XML, has a document type, is nested more than 100 deep, or has an
    unknown element, attribute or value; the message has the line and column.
    """
    return _Parser(document, front_end, resolve).document


class _Parser:
    """Parses one document; holds the open elements with their styles, and the spans so far."""

    def __init__(self, document: str, front_end: FrontEnd, resolve: Resolve | None) -> None:
        self._front_end = front_end
        self._resolve = resolve
        self._open: list[tuple[str, Mapping[str, str], Span]] = []
        self._content: list[str] = []  # text of the open element that is replaced
        self._spans: list[Span] = []
        self._length = 0
        self._n_durations = 0
        self._unplayed: list[Skipped] = []
        self._n_hidden = 0  # open elements of which nothing is spoken
        self._pauses: dict[str, float] = {}
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start_element
        self._expat.EndElementHandler = self._end_element
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartDoctypeDeclHandler = self._check_doctype
        self._expat.SkippedEntityHandler = self._refuse_entities
        try:
            self._expat.Parse(document.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "broken markup"
            raise BadText(
                f"The SSML is not well-formed at line {error.lineno}, column {error.offset + 1} ({reason}); "
                "close every element, and write &amp; for & and &lt; for <."
            ) from error
        text = "".join(span.text for span in self._spans)
        self.document = SsmlDocument(text, tuple(self._spans), self._pauses, tuple(self._unplayed))

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        self._check_element(name, attributes)
        style = self._style
        if name == "speak":
            self._pauses = self._lengths(attributes)
        elif name == "prosody":
            style = self._with_prosody(style, attributes)
        elif name == "emphasis":
            style = replace(style, emphasis=self._emphasis_level(attributes.get("level", "moderate")))
        elif name == "voice":
            style = self._in_language(replace(style, voice=attributes["name"].strip() or None), None)
        elif name == "break":
            self._add_pause(attributes, style)
        elif name == "mark":
            self._add("", replace(style, mark=attributes["name"]))
        elif name in ("p", "s"):
            self._separate(PARAGRAPH if name == "p" else SENTENCE)
        elif name == "audio":
            self._unplayed.append(Skipped(attributes.get("src", ""), self._length, self._length, "a sound file"))
        self._n_hidden += name == "desc"
        if language := attributes.get("xml:lang", "").strip():
            is_required = name != "speak" and attributes.get("onlangfailure") != "ignorelang"
            style = self._in_language(style, language, is_required)
        self._open.append((name, attributes, style))

    def _end_element(self, name: str) -> None:
        _, attributes, style = self._open.pop()
        self._n_hidden -= name == "desc"
        if name in REPLACED:
            written = " ".join("".join(self._content).split())
            self._content = []
            self._add(self._replacement(name, attributes, written), style, written)
        elif name in ("p", "s"):
            self._separate(PARAGRAPH if name == "p" else SENTENCE)

    def _characters(self, text: str) -> None:
        parent = self._open[-1][0] if self._open else ""
        if self._n_hidden:
            return
        if parent in REPLACED:
            self._content.append(text)
        elif parent in EMPTY:
            if text.strip():
                raise BadText(f"<{parent}> {self._where} contains text; it must be empty.")
        else:
            plain = re.sub(r"\s+", " ", text)
            self._add(plain, self._style, plain)

    def _check_doctype(self, _name: str, _system: str | None, _public: str | None, has_own: bool) -> None:
        """Refuse declarations within the document; the file of a type is never opened."""
        if has_own:
            self._refuse_entities()

    def _refuse_entities(self, *_: object) -> None:
        raise BadText(f"The SSML has entities of its own {self._where}; remove them, they are not supported.")

    @property
    def _style(self) -> Span:
        return self._open[-1][2] if self._open else Span()

    @property
    def _where(self) -> str:
        return f"at line {self._expat.CurrentLineNumber}, column {self._expat.CurrentColumnNumber + 1}"

    def _check_element(self, name: str, attributes: Mapping[str, str]) -> None:
        if name not in ELEMENTS:
            raise BadText(f"The SSML has <{name}> {self._where}, which is not supported; use {', '.join(ELEMENTS)}.")
        if bool(self._open) == (name == "speak"):
            raise BadText(f"The SSML has <{name}> {self._where}; one <speak> must enclose everything.")
        parent = self._open[-1][0] if self._open else ""
        if parent in REPLACED:
            raise BadText(f"<{parent}> contains <{name}> {self._where}; it may only contain text.")
        if parent in EMPTY:
            raise BadText(f"<{parent}> contains <{name}> {self._where}; it must be empty.")
        if len(self._open) >= DEEPEST:
            raise BadText(f"The SSML is nested deeper than {DEEPEST} elements {self._where}.")
        known = (*ELEMENTS[name], *(attribute for attribute in attributes if attribute.startswith("xmlns:")))
        unknown = next((attribute for attribute in attributes if attribute not in known), None)
        if unknown is not None:
            raise BadText(
                f"<{name}> {self._where} has the attribute {unknown!r}, which is not supported; "
                f"use {', '.join(ELEMENTS[name])}."
            )
        if name in REQUIRED and REQUIRED[name] not in attributes:
            raise BadText(f"<{name}> {self._where} lacks the attribute {REQUIRED[name]}.")

    def _with_prosody(self, style: Span, attributes: Mapping[str, str]) -> Span:
        """Return the style with the rates and ranges multiplied, the pitches and volumes added."""
        changes = {name: self._parse_prosody(_PROSODY_PARSERS[name], value) for name, value in attributes.items()}
        return replace(
            style,
            rate=self._within("rate", style.rate * changes.get("rate", 1.0), prosody.RATES),
            pitch_semitones=self._within("pitch", style.pitch_semitones + changes.get("pitch", 0.0), prosody.PITCHES),
            pitch_range=self._within("range", style.pitch_range * changes.get("range", 1.0), prosody.RANGES),
            volume_db=self._within("volume", style.volume_db + changes.get("volume", 0.0), prosody.VOLUMES),
            duration=self._duration(changes["duration"]) if "duration" in changes else style.duration,
        )

    def _duration(self, seconds: float) -> Duration:
        self._n_durations += 1
        return Duration(self._n_durations, seconds)

    def _in_language(self, style: Span, language: str | None, is_required: bool = True) -> Span:
        """Return the style with the front end and the voice of a language, None for that of its voice."""
        if self._resolve is None:
            return style
        try:
            front_end, voice = self._resolve(style.voice, language)
        except BadSetting as error:
            if not is_required:
                if not self._open:  # of the whole document, not by its wish
                    self._unplayed.append(Skipped(str(language), 0, 0, "a language without a voice"))
                return style
            raise BadSetting(f"The SSML has another language {self._where}: {error}") from error
        return replace(style, front_end=front_end, voice=voice)

    def _parse_prosody(self, parser: Callable[[str], float], value: str) -> float:
        try:
            return parser(value)
        except ValueError as error:
            raise BadText(f"<prosody> {self._where}: {error}") from None

    def _within(self, name: str, value: float, limits: tuple[float, float]) -> float:
        if not limits[0] <= value <= limits[1]:
            unit = {"pitch": " semitones", "volume": " dB"}.get(name, " times the usual")
            raise BadText(
                f"<prosody> {self._where} makes the {name} {value:g}{unit}; "
                f"it must lie between {limits[0]:g} and {limits[1]:g}."
            )
        return value

    def _emphasis_level(self, level: str) -> str:
        if level not in EMPHASIS_LEVELS:
            raise BadText(
                f"The level of <emphasis> {self._where} is {level!r}; it can be {', '.join(EMPHASIS_LEVELS)}."
            )
        return level

    def _replacement(self, name: str, attributes: Mapping[str, str], written: str) -> str:
        """Return the text that the front end reads for the content of a replaced element."""
        front_end = self._style.front_end or self._front_end
        try:
            if name == "sub":
                return " ".join(attributes["alias"].split())
            if name == "say-as":
                return front_end.say_as(written, attributes["interpret-as"], attributes.get("format", ""))
            phones = front_end.phones(attributes["ph"], attributes.get("alphabet", "ipa"))
            return f"[[{' '.join(phones)}]]"
        except BadText as error:
            raise BadText(f"<{name}> {self._where}: {error}") from error

    def _separate(self, separator: str) -> None:
        """End a paragraph or a sentence, unless one has just ended."""
        if self._length and not (self._spans and self._spans[-1].text in (PARAGRAPH, separator)):
            self._add(separator, self._style)

    def _lengths(self, attributes: Mapping[str, str]) -> dict[str, float]:
        """Return the lengths of pauses of ``speak``."""
        lengths: dict[str, float] = {}
        for attribute, value in attributes.items():
            name, _, kind = attribute.partition("-")
            if kind == "pause":
                try:
                    lengths[name] = prosody.parse_length(value)
                except ValueError as error:
                    raise BadText(f"The {attribute} of <speak> {self._where}: {error}") from None
        return lengths

    def _add_pause(self, attributes: Mapping[str, str], style: Span) -> None:
        try:
            seconds = prosody.parse_break(attributes)
        except ValueError as error:
            raise BadText(f"<break> {self._where}: {error}") from None
        if self._spans and self._spans[-1].text and not self._spans[-1].text[-1].isspace():
            self._add(" ", style)  # the text before and after a pause is not one word
        self._add("", replace(style, pause_seconds=seconds))

    def _add(self, text: str, style: Span, written: str = "") -> None:
        """Append a span; drop one without text, pause or mark."""
        if not text and not style.pause_seconds and style.mark is None:
            return
        start = self._length
        self._length += len(text)
        self._spans.append(replace(style, text=text, start=start, end=self._length, written=written))


_PROSODY_PARSERS: dict[str, Callable[[str], float]] = {
    "rate": prosody.parse_rate,
    "pitch": prosody.parse_pitch,
    "range": prosody.parse_range,
    "volume": prosody.parse_volume,
    "duration": prosody.parse_duration,
}
