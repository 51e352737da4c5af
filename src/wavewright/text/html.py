"""Convert HTML to plain text: remove tags, scripts and styles, decode entities, and end sentences at blocks."""

from __future__ import annotations

import re
from html import unescape

from .characters import PARAGRAPH, Characters, TextBuilder
from .skipped import OBJECT

_BLOCK_NAMES = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section select summary table
    tbody tfoot thead title tr ul
"""
BLOCKS = frozenset(_BLOCK_NAMES.split())
"""Elements that start and end a paragraph."""

CELLS = ("td", "th", "br")
"""Elements that are followed by a pause."""

OBJECTS = ("math", "svg")
"""Elements in whose place their description is spoken."""

HIDDEN = ("script", "style", "head", "template", "noscript", "nav", *OBJECTS, "rt", "rp", "rtc")
"""Elements whose contents are not spoken: links to elsewhere; of ruby text, the reading above the words."""

EMPTY = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
"""Elements without contents."""

_ATTRIBUTES = r"(?:[^<>\"']|\"[^\"]{0,2000}\"|'[^']{0,2000}'){0,2000}"
TAG = rf"</?(?P<name>[A-Za-z][A-Za-z0-9:-]{{0,40}})(?P<attributes>(?:[\s/]{_ATTRIBUTES})?)>"
_UNSPOKEN = re.compile(
    r"\s(?:hidden(?![\w-])(?!\s*=\s*[\"']?until-found)|aria-hidden\s*=\s*[\"']?true"
    r"|style\s*=\s*[\"'][^\"']*(?:display\s*:\s*none|visibility\s*:\s*hidden)"
    r"|(?:epub:type|role)\s*=\s*[\"'][^\"']*(?:pagebreak|noteref|backlink)"
    r"|class\s*=\s*[\"'](?:[^\"']*\s)?(?:page-?num(?:ber)?|pageno|pagebreak|footnote-ref|footnote-backref|noteref|"
    r"reference)(?=[\s\"']))",
    re.IGNORECASE,
)
"""Attributes of what is not shown, of marks of notes, and of page numbers that stand in the text."""

SCRIPT = (
    r"(?P<fraction><sup>\s*(?P<upper>\d{1,3})\s*</sup>\s*(?:[/\u2044]|&frasl;)\s*<sub>\s*(?P<lower>\d{1,3})\s*</sub>)"
    rf"|(?P<script><(?P<kind>[sS][uU][pPbB])(?P<traits>(?:\s{_ATTRIBUTES})?)>"
    r"(?P<raised>(?:(?!</?[sS][uU][pPbB]\b)[^\x00]){0,300}?)</(?P=kind)\s*>)"
    r"|(?P<note>(?<=[a-zA-Z,;!?.\"')\]\u2019\u201d])(?<!\d\.)"
    r"<[aA]\s[^<>]{0,300}?href\s*=\s*[\"']?[^\"'\s<>]{0,300}#[^<>]{0,300}>"
    r"\s*(?:\d{1,3}|[a-z]|[*\u2020\u2021\u00a7\u00b6]{1,3})\s*</[aA]\s*>)"
)
"""A fraction of raised and lowered digits, what is raised or lowered, and the link of a note right after a word."""

_TO_RAISED = str.maketrans(
    "0123456789+-\u2212n", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207b\u207f"
)
_POWER = re.compile(r"[-+\u2212]?\d{1,3}|[-+\u2212]?n|\d{0,2}[-+\u2212]")
_NOTE = re.compile(
    r"[\[(]?(?:\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*|[a-z](?:\s*,\s*[a-z])*|[*\u2020\u2021\u00a7\u00b6#]+)[\])]?"
)
_RAISED = re.compile(
    r"(?<![A-Za-z])(?:[a-zA-Z]|[a-z]{2}|mol|[A-Z][A-Za-z0-9]{0,10}\d?)$|[\u0391-\u03c9)\]][a-z]?$|(?<!\d)(?!(?:1[0-9]|20)\d\d$)\d+$"
)
"""Text before a power: a variable, a unit, a formula, a bracket or a number that is no year."""

ENTITY = r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
SPOKEN = rf"{SCRIPT}|(?P<tag>{TAG})|(?P<entity>{ENTITY})"
COMMENT = r"<!--|<!\[CDATA\[|<[!?][A-Za-z]"
TOKEN = re.compile(rf"(?P<comment>{COMMENT})|{SPOKEN}|(?P<space>\s+)")
MARKUP = re.compile(rf"(?P<comment>{COMMENT})|(?P<tag>{TAG})|(?P<entity>{ENTITY})|(?P<space>\s+)")
"""As TOKEN, with each tag by itself."""

_ALT, _SOURCE, _ALT_TEXT, _LABEL = (
    re.compile(rf"\s{name}\s*=\s*(?:\"([^\"]{{0,2000}})\"|'([^']{{0,2000}})')", re.IGNORECASE)
    for name in ("alt", "src", "alttext", "aria-label")
)
_TITLE = re.compile(r"<(?:title|desc)\b[^<>]{0,200}>([^<>]{1,2000})</")
_SIGNS = {"msup": "^", "msub": " ", "mfrac": "/"}
_SIMPLE = re.compile(
    rf"<({'|'.join(_SIGNS)})\b[^<>]{{0,200}}>" + r"\s*<m[ino]\b[^<>]{0,200}>([^<>]{0,50})</m[ino]>" * 2 + r"\s*</\1>"
)
_BUILT = re.compile(r"<m(?:su[bp]|frac|root|sqrt|over|under|multi|table|enclose|phantom)")
_FILE_NAME = re.compile(r"(?P<stem>[^/\\]*?)(?:\.[A-Za-z0-9]{1,5})?$")
_ENDS = {"<!--": re.compile("-->"), "<![CDATA[": re.compile(r"\]\]>")}
_DECLARATION_END = re.compile(">")


class Html:
    """Converts the segments of a document in order; a comment or hidden element may continue in the next one."""

    def __init__(self) -> None:
        self._hidden: re.Pattern[str] | None = None  # ends, and tags, of the hidden passage that is open
        self._depth = 0  # elements of its name that are open in it

    def convert(self, segment: str) -> Characters:
        """Return the plain text of the next segment, with the position of each character in it."""
        builder = TextBuilder(len(segment))
        position = self._resume(segment, 0)
        for match in TOKEN.finditer(segment):
            if match.start() < position:
                continue
            builder.add(segment[position : match.start()], range(position, match.start()))
            position = self._token(match, builder)
        builder.add(segment[position:], range(position, len(segment)))
        return builder.characters()

    def _resume(self, segment: str, position: int) -> int:
        """Skip a hidden passage and return the position after it."""
        if self._hidden is None:
            return position
        for tag in self._hidden.finditer(segment, position):
            is_opening = tag.lastindex is not None and not tag[1]
            self._depth += 1 if is_opening else -1
            if self._depth < 1:
                self._hidden = None
                return tag.end()
        return len(segment)

    def _token(self, match: re.Match[str], builder: TextBuilder) -> int:
        """Add the text for a tag, comment, entity or space, and return the position after it."""
        segment, position = match.string, match.start()
        if match["comment"]:
            self._hidden, self._depth = _ENDS.get(match["comment"], _DECLARATION_END), 1
            return self._resume(segment, match.end())
        if match["tag"]:
            name = match["name"].lower()
            if hides(match):
                self._hidden = re.compile(rf"<(/?){name}(?:\s{_ATTRIBUTES})?>", re.IGNORECASE)
                self._depth = 1
                end = self._resume(segment, match.end())
                builder.insert(PARAGRAPH if name in BLOCKS else stand_in(match, end), position)
                return end
        builder.insert(spoken_token(match), position)
        return match.end()


def hides(match: re.Match[str]) -> bool:
    """Return True if nothing is spoken of what follows a comment or a tag, up to its end."""
    name = _local_name(match)
    if not name:
        return True
    opens = match[0][1] != "/" and not match["attributes"].endswith("/") and name not in EMPTY
    return opens and (name in HIDDEN or _UNSPOKEN.search(match["attributes"]) is not None)


def _local_name(match: re.Match[str]) -> str:
    return (match["name"] or "").lower().rpartition(":")[2]


def stand_in(tag: re.Match[str], end: int) -> str:
    """Return what is spoken for a formula or drawing up to ``end``: a description, what is simple, or OBJECT."""
    name, attributes = _local_name(tag), tag["attributes"] or ""
    if name not in OBJECTS or _UNSPOKEN.search(attributes):
        return ""
    inside = re.sub(r"(</?)\w{1,40}:", r"\1", tag.string[tag.end() : end])
    title = _TITLE.search(inside)
    described = _attribute(_ALT_TEXT, attributes) or _attribute(_LABEL, attributes)
    described = described or (unescape(title[1]) if title else "")
    if described.strip() and "\\" not in described:  # of TeX
        return f" {' '.join(described.split())} "
    if name == "svg":
        return OBJECT if "<text" in inside else ""
    inside = re.sub(r"<annotation[\s\S]*?</annotation(?:-xml)?>", "", inside)
    while (simpler := _SIMPLE.sub(lambda each: f"<mi>{each[2]}{_SIGNS[each[1]]}{each[3]}</mi>", inside)) != inside:
        inside = simpler
    words = " ".join(unescape(re.sub(r"<[^<>]{0,2000}>", " ", inside)).split())
    return words and OBJECT if _BUILT.search(inside) else words


def spoken_token(match: re.Match[str]) -> str:
    """Return the text that replaces a tag, what is raised or lowered, an entity or a space."""
    if match["fraction"]:
        return f" {match['upper']}/{match['lower']}"
    if match["script"]:
        return _script_text(match)
    if match["note"]:
        return ""
    if match["tag"]:
        return _tag_text(match["name"].lower(), match["tag"], match["attributes"])
    return unescape(match["entity"]).replace("\n", " ") if match["entity"] else " "


def _script_text(match: re.Match[str]) -> str:
    """Return the text of what is raised or lowered by tags, and nothing for a mark that links to a note."""
    inner = unescape(re.sub(r"<[^<>]*>", "", match["raised"])).strip()
    before = unescape(re.sub(r"<[^<>]*>", "", match.string[max(0, match.start() - 80) : match.start()]))
    is_lowered = match["kind"].lower() == "sub"
    is_linked = "<a" in match["raised"].lower() or _UNSPOKEN.search(match["traits"])
    return "" if is_linked and not is_lowered and _NOTE.fullmatch(inner) else script_text(inner, before, is_lowered)


def script_text(inner: str, before: str, is_lowered: bool) -> str:
    """Return what is raised or lowered: a power, an index, letters as they are, and nothing for the mark of a note."""
    if is_lowered:
        return f" {inner}" if re.search(r"(?<![A-Za-z])[a-z]$", before) else inner
    if _POWER.fullmatch(inner) and _RAISED.search(before):
        return inner.translate(_TO_RAISED)
    if re.fullmatch(r"[-\u2212]?[a-z]", inner) and re.search(r"(?<![A-Za-z])[a-z]$|\)$", before):
        return f"^{inner}".replace("\u2212", "-")
    return "" if _NOTE.fullmatch(inner) else inner


def _tag_text(name: str, tag: str, attributes: str) -> str:
    """Return the text that replaces a tag: an empty line, a pause, the description of an image, or nothing."""
    if name in BLOCKS:
        return PARAGRAPH
    if name in CELLS:
        return ", " if name == "br" or tag[1] == "/" else " "
    description = _attribute(_ALT, attributes) if name == "img" else ""
    return f" {description} " if description and not _is_file_name(description, attributes) else ""


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    match = pattern.search(attributes)
    return unescape(match[1] or match[2] or "") if match else ""


def _is_file_name(description: str, attributes: str) -> bool:
    """Return whether the description of an image is just the name of its file."""
    stems = (_FILE_NAME.search(each.strip().lower()) for each in (description, _attribute(_SOURCE, attributes)))
    first, second = ("" if stem is None else stem["stem"] for stem in stems)
    return bool(first) and first == second and " " not in first
