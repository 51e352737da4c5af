"""SFZ files read: includes, definitions and headers, merged to the opcodes of each region; and SFZ as text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from ...base.errors import BadSoundFont, ScoreWarning
from ...base.names import quoted

MAX_BYTES = 16 << 20
"""Of all text that a file and its includes come to."""

MAX_INCLUDES = 4_096
MAX_DEPTH = 32
MAX_DEFINITIONS = 4_096
MAX_REGIONS = 65_536

COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
DIRECTIVE = re.compile(
    r'(?:^|(?<=[\s>]))#(?:include[ \t]*(?:"([^"\n]*)"|(\S+))|define[ \t]+\$(\w+)[ \t]+(\S+))', re.MULTILINE
)
"""An include, in quotes or without, or a definition; several may stand on a line, also after headers and opcodes."""
TOKEN = re.compile(r"<(\w+)>|(?:(?<=\s)|^|(?<=>))([A-Za-z_][\w$]*)=", re.MULTILINE)

LEVELS = ("global", "master", "group", "region")
"""Headers whose opcodes hold for all regions below them; each empties those that follow it."""

FILE_NAMES = ("sample", "default_path")
OFFSETS = ("note_offset", "octave_offset")
"""Opcodes of control headers that hold for the regions that follow."""


@dataclass
class _SfzSource:
    """A file and what it includes, while it is read."""

    root: Path
    definitions: dict[str, str] = field(default_factory=dict)
    missing: dict[Path, None] = field(default_factory=dict)
    n_bytes: int = 0
    n_included: int = 0

    def expanded(self, path: Path, depth: int) -> Iterator[str]:
        """Yield pieces of the text of a file, with its includes and without comments, definitions replaced."""
        text = COMMENT.sub(lambda comment: " " if "\n" not in comment[0] else "\n", self._read(path, depth))
        position = 0
        for directive in DIRECTIVE.finditer(text):
            yield self._replaced(text[position : directive.start()])
            position = directive.end()
            quoted_name, name, defined, value = directive.groups()
            if defined:
                self.definitions[defined] = self._replaced(value)
                if len(self.definitions) > MAX_DEFINITIONS:
                    raise BadSoundFont(f"{self.root} has more than {MAX_DEFINITIONS} definitions.")
                continue
            self.n_included += 1
            if self.n_included > MAX_INCLUDES:
                raise BadSoundFont(f"{self.root} includes more than {MAX_INCLUDES} files; it has a loop.")
            included = found_file(self.root.parent, self._replaced(quoted_name or name))
            yield "\n"
            if included.is_file():
                yield from self.expanded(included, depth + 1)
            else:
                self.missing[included] = None
            yield "\n"
        yield self._replaced(text[position:])

    def _read(self, path: Path, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise BadSoundFont(f"{self.root} includes {quoted(path.name)} in itself, or more than {MAX_DEPTH} deep.")
        try:
            contents = path.read_bytes() if path.is_file() else None
        except OSError as error:
            raise BadSoundFont(f"{path} cannot be read ({error.strerror}); give the path of an .sfz file.") from error
        if contents is None:
            raise BadSoundFont(f"{path} does not exist; give the path of an .sfz file.")
        self.n_bytes += len(contents)
        if self.n_bytes > MAX_BYTES:
            raise BadSoundFont(f"{self.root} has more than {MAX_BYTES >> 20} MB of text; that is no SFZ file.")
        if b"\0" in contents[:1_024]:
            raise BadSoundFont(f"{path} is not text, as an SFZ file is; .sf2 and .sf3 files have those endings.")
        try:
            text = contents.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = contents.decode("latin-1")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _replaced(self, text: str) -> str:
        """Replace definitions by the shortest name that fits, as ARIA and sfizz: of ``$CC12`` the defined ``$CC1``."""
        if "$" not in text or not self.definitions:
            self._count(text)
            return text
        names = sorted(self.definitions, key=len)
        pattern = re.compile(r"\$(" + "|".join(map(re.escape, names)) + ")")
        replaced = pattern.sub(lambda found: self.definitions[found[1]], text)
        self._count(replaced)
        return replaced

    def _count(self, text: str) -> None:
        self.n_bytes += len(text)
        if self.n_bytes > MAX_BYTES:
            raise BadSoundFont(f"{self.root} has more than {MAX_BYTES >> 20} MB of text; that is no SFZ file.")


def found_file(folder: Path, name: str) -> Path:
    """Return the path of a file that an SFZ names, which may have backslashes or another case."""
    path = folder.joinpath(*PureWindowsPath(name.strip()).parts)
    if path.exists():
        return path
    known = folder
    for part in PureWindowsPath(name.strip()).parts:
        step = known / part
        if not step.exists() and known.is_dir():
            step = next((each for each in known.iterdir() if each.name.casefold() == part.casefold()), step)
        known = step
    return known


def read_headers(path: Path) -> list[SfzHeader]:
    """Return the headers of an SFZ file with the opcodes of each, its includes in their places.

    A warning names the includes that do not exist. Raises BadSoundFont if a file cannot be read, is no text, or
    includes itself.
    """
    source = _SfzSource(path)
    headers = parse_headers("".join(source.expanded(path, 0)))
    for missing in source.missing:
        sentence = f"{path.name}: {missing}, which it includes, does not exist. It was left out."
        warnings.warn(sentence, ScoreWarning, stacklevel=2)
    return headers


def parse_headers(text: str) -> list[SfzHeader]:
    """Return the headers of a text without directives."""
    headers: list[SfzHeader] = []
    tokens = list(TOKEN.finditer(text))
    opcodes: dict[str, str] = {}
    for token, following in zip(tokens, [*tokens[1:], None], strict=False):
        if token[1] is not None:
            opcodes = {}
            headers.append(SfzHeader(token[1].lower(), opcodes))
        elif headers:
            value = text[token.end() : len(text) if following is None else following.start()]
            # A value ends with its line; only names of files have blanks in them.
            value = value.split("\n")[0].strip()
            name = token[2].lower()
            opcodes[name] = value if name in FILE_NAMES or name.endswith("_label") else (value.split() or [""])[0]
    return headers


@dataclass(frozen=True)
class SfzRegion:
    """A region with the opcodes of all headers above it."""

    opcodes: Mapping[str, str]  # values as they stand in the file; of ``sample``, the name with the default path


def read_regions(path: Path) -> tuple[list[SfzRegion], dict[str, str]]:
    """Return the regions of an SFZ file in order, and the opcodes of its control headers, with names of others."""
    control: dict[str, str] = {}
    current: dict[str, dict[str, str]] = {level: {} for level in LEVELS}
    regions = []
    for header in read_headers(path):
        if header.name == "control":
            control |= header.opcodes
        elif header.name not in LEVELS:
            control[f"<{header.name}>"] = ""
        if header.name not in LEVELS:
            continue
        for level in LEVELS[LEVELS.index(header.name) :]:
            current[level] = {}
        own = dict(header.opcodes)
        if "sample" in own and not own["sample"].startswith("*"):
            own["sample"] = control.get("default_path", "") + own["sample"]
        current[header.name] = own
        if header.name == "region":
            merged = {name: control[name] for name in OFFSETS if name in control}
            for level in LEVELS:
                merged |= _unambiguous(current[level], merged)
            regions.append(SfzRegion(merged))
            if len(regions) > MAX_REGIONS:
                raise BadSoundFont(f"{path} has more than {MAX_REGIONS} regions.")
    return regions, control


def _unambiguous(opcodes: Mapping[str, str], above: dict[str, str]) -> dict[str, str]:
    """Return opcodes by their usual names, and drop those of headers above that a ``key`` replaces."""
    named = {ALIASES.get(name, name): value for name, value in opcodes.items()}
    if "key" in named:
        for name in ("lokey", "hikey", "pitch_keycenter"):
            above.pop(name, None)
    return named


ALIASES = {
    "loopmode": "loop_mode",
    "loopstart": "loop_start",
    "loopend": "loop_end",
    "offby": "off_by",
    "pitch": "tune",
    "gain": "volume",
    "cutoff1": "cutoff",
    "resonance1": "resonance",
    "fil1_type": "fil_type",
    "fil1_keytrack": "fil_keytrack",
    "fil1_keycenter": "fil_keycenter",
    "fil1_veltrack": "fil_veltrack",
    "bendup": "bend_up",
    "benddown": "bend_down",
}
"""Other names of opcodes."""


LINE_HEADERS = ("region", "control")
"""Headers whose opcodes stand on their line; those of others follow, one a line."""


@dataclass(frozen=True)
class SfzHeader:
    """A header, such as ``<group>``, and the opcodes that follow it."""

    name: str  # without brackets
    opcodes: Mapping[str, str] = field(default_factory=dict)  # values as they stand in the file, by opcode


def sfz_text(headers: Sequence[SfzHeader], comment: str = "") -> str:
    """Return the text of an SFZ file, which begins with the lines of a comment."""
    lines = [f"// {line}" for line in comment.splitlines()]
    for header in headers:
        opcodes = [f"{name}={value}" for name, value in header.opcodes.items()]
        if header.name in LINE_HEADERS:
            # A value may hold blanks, so that of the sample ends its line.
            opcodes.sort(key=lambda each: each.startswith("sample="))
            lines.append(" ".join([f"<{header.name}>", *opcodes]))
        else:
            lines += ["", f"<{header.name}>", *opcodes]
    return "\n".join(lines) + "\n"
