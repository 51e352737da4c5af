"""Texts of every format that repeat a few tokens many times: time and memory must stay in proportion to the bytes."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from pathlib import Path

SIZES = (2_000, 20_000, 100_000)  # bytes

ABC = (
    "[",
    "[[",
    "]",
    "{",
    "}",
    '"',
    "!",
    "+",
    "|:",
    ":|",
    "|1",
    "(3",
    "[CEG]",
    "[K:",
    "[V:2]",
    "A",
    "^",
    "&",
    ">",
    "\n",
)
ABC += ("\nP:A", "\nw:", "\nM:", "-", "z99", ":", "|", " ", "\\", "%", "\nV:1 ", "|2", "a/////", "999", "\nX:1\nK:C\n")
SVG = (
    "<path",
    "<path d=",
    "<path d='",
    '"',
    "'",
    ">",
    "M0 0",
    "L1 1",
    "C",
    " 1 2 3 4 5 6",
    "T1 1",
    "d=",
    " ",
    "9",
    "e9",
)
SVG += ("<", "-", ".", "z", "/>", "<path d='M0 0", "H1", "\n", "<!--", "&a;", "=")
TOML = ("a.", "a", "[", "]", "[[", "]]", "{", "}", "=", "1", "\n", '"', "'", '"""', "'''", ".", ",", "\\", "#", "a=1\n")
TOML += ("[a]\n", "[[a]]\n", "a.b=1\n", "points=[", "[0,1],", "values=[", "1,", '"x".', " ", "1e9", "a={b=", "\t")
CSV = ("1", "1\n", "1,2\n", ",", ";", " ", "#", "9", "e", "-", "\n", "1 2 3\n", "x", "\r", "\t", ".5")
XML = (
    "<note>",
    "</note>",
    "<measure>",
    "</measure>",
    "<a b='c'>",
    "</a>",
    "<!--",
    "-->",
    "&amp;",
    "x",
    "<![CDATA[",
    "]]>",
)
XML += (
    "<part>",
    "</part>",
    "<pitch><step>C</step><octave>4</octave></pitch>",
    "<duration>1</duration>",
    "<chord/>",
    "<",
)
XML += (
    "<repeat direction='backward' times='9'/>",
    "<barline>",
    "</barline>",
    "<backup><duration>1</duration></backup>",
)
MARKUP = (
    "<p>",
    "</p>",
    "<s>",
    "<prosody rate='9%'>",
    "</prosody>",
    "<break/>",
    "<",
    ">",
    "&amp;",
    "a",
    "**",
    "*",
    "_",
    "`",
)
MARKUP += (
    "[",
    "](",
    ")",
    "# ",
    "\n",
    "\n\n",
    "- ",
    "> ",
    "|",
    "~~",
    "<!--",
    "![",
    "<b>",
    "</b>",
    "\\",
    "1. ",
    "    ",
    "http://",
)
TEXT = (
    "a",
    "1",
    ".",
    ",",
    " ",
    "$",
    "-",
    "/",
    ":",
    "'",
    "A.",
    "Dr. ",
    "1,000",
    "1/2",
    "10:30",
    "x@y.z",
    "www.",
    "%",
    "(",
    ")",
)
TEXT += (
    "II",
    "Mr.",
    "2024-01-01",
    "kg",
    "\n",
    "\u2019",
    "\u2013",
    "e.g.",
    "...",
    "!",
    "3rd",
    "0",
    "£",
    "a-",
    "A",
    "#",
    "&",
)
CHAIN = (
    "gain 1",
    ";",
    "(",
    ")",
    "[",
    "]",
    "-",
    "dB",
    " ",
    "eq",
    ",",
    "=",
    '"',
    "'",
    "1",
    "k",
    "Hz",
    "..",
    "fade in=1s; ",
    "|",
)
FORMULA = ("(", ")", "sin(", "+", "-", "*", "1", "t", "f", "pi", "2*", "saw(", ".", "e", "^", "**", " ", "/", ",")
JSON = (
    "{",
    "}",
    "[",
    "]",
    '"',
    '"a":',
    "1",
    ",",
    "\\",
    "\n",
    '{"a":1}\n',
    "9",
    "e",
    "-",
    "null",
    "\\u00e9",
    '"x"',
    " ",
)
LEXICON = ("a", " ", "AH0", "\t", "\n", "hello HH AH0 L OW1\n", ";", "#", "(2)", "1", "'", "word  ", "ə", "/")


def WARM_UP() -> None:
    import wavewright.music.rules  # noqa: F401
    from wavewright.tasks.phonemes import phonemes

    phonemes("Hello, it is 10:30.")


HEALTHY = {
    ABC: ("X:1\nK:C\n", "CDEF|", "\n"),
    SVG: ('<svg><path d="M0 0', "L1 1L2 -1", 'L9 9"/></svg>'),
    CSV: ("", "1\n-1\n", ""),
    TOML: ("", "# a comment\n", ""),
    XML: (
        "<score-partwise><part-list><score-part id='a'/></part-list><part id='a'><measure><attributes><divisions>1"
        "</divisions></attributes>",
        "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>",
        "</measure></part></score-partwise>",
    ),
    MARKUP: ("", "One word. ", ""),
    TEXT: ("", "It is 10:30. ", ""),
    CHAIN: ("gain 1dB", "; gain 1dB", ""),
    FORMULA: ("sin(2*pi*f*t)", "+0", ""),
    JSON: ("", '{"file": "a.wav", "do": "gain 1dB"}\n', ""),
    LEXICON: ("", "hello  HH AH0 L OW1\n", ""),
}
"""For each format, the start, the piece that is repeated and the end of a text that is read."""


def repeated(rng: random.Random, tokens: tuple[str, ...]) -> str:
    """Return a start, a few tokens as often as needed, and an end; sometimes nothing, or a healthy text."""
    counts = ((0, 1, 2), (1, 2, 3, 6), (0, 1))
    pieces = ["".join(rng.choice(tokens) for _ in range(rng.choice(each))) for each in counts]
    chance = rng.random()
    if chance < 0.08:
        return ""
    if chance < 0.3:
        pieces = list(HEALTHY[tokens])
    n_bytes = rng.choice(SIZES)
    return pieces[0] + pieces[1] * max(1, n_bytes // len(pieces[1].encode())) + pieces[2]


def read_abc(rng: random.Random, folder: Path) -> None:
    """Read an ABC file."""
    _read_score(folder / "x.abc", _after("X:1\nK:C\n", repeated(rng, ABC)).encode())


def read_musicxml(rng: random.Random, folder: Path) -> None:
    """Read a MusicXML file, also a compressed one."""
    start = "<score-partwise><part-list><score-part id='a'/></part-list><part id='a'><measure>"
    text = repeated(rng, XML)
    contents = (text if rng.random() < 0.3 else _after(start, text)).encode()
    if rng.random() < 0.4:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.xml", contents)
        contents = buffer.getvalue()
    _read_score(folder / "x.musicxml", contents)


def _after(start: str, text: str) -> str:
    """Return a text after a start, unless it is empty or has one of its own."""
    return start + text if text and not text.startswith(start[:4]) else text


def _read_score(path: Path, contents: bytes) -> None:
    from wavewright.music.formats import read_tunes

    path.write_bytes(contents)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        str(read_tunes(path)[0].seconds)


def read_wave(rng: random.Random, folder: Path) -> None:
    """Read a drawing or table of one period."""
    from wavewright.synth.waves import read_period

    ending, tokens = rng.choice((("svg", SVG), ("csv", CSV), ("txt", CSV)))
    path = folder / f"x.{ending}"
    path.write_text(repeated(rng, tokens), encoding="utf-8", newline="")
    read_period(path)


def read_toml(rng: random.Random, folder: Path) -> None:
    """Read a project, a preset of layers, a patch or a rule."""
    from wavewright.effects.mixing.project import read_project
    from wavewright.inference.layering.layers import read_preset
    from wavewright.music.rules import compose_by_rule
    from wavewright.synth import load_patch, patch_names
    from wavewright.synth.patch import PATCHES

    path = folder / "x.toml"
    text = repeated(rng, TOML)
    if text.startswith(HEALTHY[TOML][1]):
        patch = (PATCHES / f"{rng.choice(patch_names())}.toml").read_text(encoding="utf-8")
        path.write_text(patch + "\n" + text, encoding="utf-8", newline="")
        load_patch(path)
        return
    path.write_text(text, encoding="utf-8", newline="")
    rng.choice((read_project, lambda path: read_preset(str(path)), load_patch, compose_by_rule))(path)


def read_text(rng: random.Random, folder: Path) -> None:
    """Convert a text or markup to phonemes."""
    from wavewright.tasks.phonemes import phonemes

    text = repeated(rng, rng.choice((TEXT, MARKUP)))[:20_000]
    options = rng.choice(({}, {}, {"ssml": True}, {"markup": "markdown"}, {"markup": "html"}))
    (folder / "text.txt").write_text(text, encoding="utf-8", newline="")
    phonemes(text, **options)


def read_chain(rng: random.Random, folder: Path) -> None:
    """Parse a chain of effects."""
    from wavewright.effects.editing.chain import Chain

    (folder / "chain.txt").write_text(text := repeated(rng, CHAIN), encoding="utf-8", newline="")
    Chain.parse(text)


def read_formula(rng: random.Random, folder: Path) -> None:
    """Parse a formula of a wave."""
    from wavewright.synth import wave_patch

    (folder / "formula.txt").write_text(
        text := repeated(rng, FORMULA)[: rng.choice((201, 10**6))], encoding="utf-8", newline=""
    )
    wave_patch(text)


def read_json(rng: random.Random, folder: Path) -> None:
    """Read a manifest or a list of jobs."""
    from wavewright.apps.batch_jobs.batch import read_jobs
    from wavewright.data.folder import scan

    path = folder / "manifest.jsonl"
    path.write_text(repeated(rng, JSON), encoding="utf-8", newline="")
    if rng.random() < 0.5:
        list(read_jobs(str(path), "edit", ()))
    else:
        scan(folder, "none")


def read_words(rng: random.Random, folder: Path) -> None:
    """Read a lexicon."""
    from wavewright.tasks.phonemes import phonemes

    path = folder / "words.txt"
    path.write_text(repeated(rng, LEXICON), encoding="utf-8", newline="")
    phonemes("Hello.", lexicon=path)


READERS = {
    "growth-abc": read_abc,
    "growth-musicxml": read_musicxml,
    "growth-waves": read_wave,
    "growth-toml": read_toml,
    "growth-texts": read_text,
    "growth-chains": read_chain,
    "growth-formulas": read_formula,
    "growth-json": read_json,
    "growth-lexicons": read_words,
}
