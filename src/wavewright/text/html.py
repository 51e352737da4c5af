"""Convert HTML to plain text: remove tags, scripts and styles, decode entities, and end sentences at blocks."""

from __future__ import annotations

import re
from html import unescape

from .builder import PARAGRAPH, TextBuilder
from .characters import Characters

_BLOCK_NAMES = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section select summary table
    tbody tfoot thead title tr ul
"""
BLOCKS = frozenset(_BLOCK_NAMES.split())
"""Elements that start and end a paragraph."""

CELLS = ("td", "th", "br")
"""Elements that are followed by a pause."""

HIDDEN = ("script", "style", "head", "template", "svg", "math")
"""Elements whose contents are not spoken."""

_ATTRIBUTES = r"(?:[^<>\"']|\"[^\"]{0,2000}\"|'[^']{0,2000}'){0,2000}"
TAG = rf"</?(?P<name>[A-Za-z][A-Za-z0-9:-]{{0,40}})(?P<attributes>(?:[\s/]{_ATTRIBUTES})?)>"
ENTITY = r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
SPOKEN = rf"(?P<tag>{TAG})|(?P<entity>{ENTITY})"
COMMENT = r"<!--|<!\[CDATA\[|<[!?][A-Za-z]"
TOKEN = re.compile(rf"(?P<comment>{COMMENT})|{SPOKEN}|(?P<space>\s+)")
_ALT, _SOURCE = (
    re.compile(rf"\s{name}\s*=\s*(?:\"([^\"]{{0,2000}})\"|'([^']{{0,2000}})')", re.IGNORECASE)
    for name in ("alt", "src")
)
_FILE_NAME = re.compile(r"(?P<stem>[^/\\]*?)(?:\.[A-Za-z0-9]{1,5})?$")
_ENDS = {"<!--": re.compile("-->"), "<![CDATA[": re.compile(r"\]\]>")}
_DECLARATION_END = re.compile(">")


class Html:
    """Converts the segments of a document in order; a comment or hidden element may continue in the next one."""

    def __init__(self) -> None:
        self._hidden: re.Pattern[str] | None = None  # end of the hidden passage that is open

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
        end = self._hidden.search(segment, position)
        if end is None:
            return len(segment)
        self._hidden = None
        return end.end()

    def _token(self, match: re.Match[str], builder: TextBuilder) -> int:
        """Add the text for a tag, comment, entity or space, and return the position after it."""
        segment, position = match.string, match.start()
        if match["comment"]:
            self._hidden = _ENDS.get(match["comment"], _DECLARATION_END)
            return self._resume(segment, match.end())
        if match["tag"]:
            name = match["name"].lower()
            if name in HIDDEN and segment[position + 1] != "/" and not match["attributes"].endswith("/"):
                self._hidden = re.compile(rf"</{name}\s*>", re.IGNORECASE)
                builder.insert(" ", position)
                return self._resume(segment, match.end())
        builder.insert(spoken_token(match), position)
        return match.end()


def spoken_token(match: re.Match[str]) -> str:
    """Return the text that replaces a tag, an entity or a space."""
    if match["tag"]:
        return _tag_text(match["name"].lower(), match["tag"], match["attributes"])
    return unescape(match["entity"]).replace("\n", " ") if match["entity"] else " "


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
