"""Sound files of other programs, made by hand and by FFmpeg, in which every field has a text of its own to look for."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from tests.foreign_files import av, encode

RATE = 16_000
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LEVELS = "level|loudness|_gain|mp3gain"


@dataclass(frozen=True)
class Planted:
    """A field of a file: what a line that names it matches, and the text that is in it."""

    name: str
    text: str


Fields = list[Planted]
FILES: dict[str, Callable[[Path], Fields]] = {}
"""Makers of the files by their names, whose endings are those of the files; each returns what it planted."""


def maker(name: str) -> Callable[[Callable[[Path], Fields]], Callable[[Path], Fields]]:
    """Register the maker of a file."""

    def registered(function: Callable[[Path], Fields]) -> Callable[[Path], Fields]:
        FILES[name] = function
        return function

    return registered


def searchable(path: Path) -> bytes:
    """Return the bytes of a file, those of its texts in other encodings, and those of its pictures in base64."""
    content = path.read_bytes()
    wide = [
        content[offset:].decode(code, "replace").encode() for code in ("utf-16-le", "utf-16-be") for offset in (0, 1)
    ]
    coded = [base64.b64decode(each[: len(each) // 4 * 4]) for each in re.findall(rb"[A-Za-z0-9+/]{60,}=*", content)]
    return b"\0".join([content, *wide, *coded])


def sine(seconds: float = 1.0, n_channels: int = 1) -> np.ndarray:
    """Return tones ``(channels, time)``."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.stack([0.3 * np.sin(2 * np.pi * (300 + 100 * k) * time) for k in range(n_channels)]).astype(np.float32)


def picture(text: str) -> bytes:
    """Return a picture with a text behind its end."""
    return PNG + text.encode()


# --- WAV


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def wav(path: Path, *chunks: bytes, n_channels: int = 1, mask: int | None = None, magic: bytes = b"RIFF") -> None:
    data = np.round(32_767 * sine(1.0, n_channels).T).astype("<i2").tobytes()
    block = 2 * n_channels
    form = struct.pack("<HHIIHH", 1 if mask is None else 0xFFFE, n_channels, RATE, block * RATE, block, 16)
    if mask is not None:
        form += struct.pack("<HHI", 22, 16, mask) + struct.pack("<HHI", 1, 0, 0x100000) + b"\x80\0\0\xaa\0\x38\x9b\x71"
    sizes = b"" if magic == b"RIFF" else chunk(b"ds64", struct.pack("<QQQI", 0, len(data), RATE, 0))
    body = b"WAVE" + sizes + chunk(b"fmt ", form) + b"".join(chunks)
    if sizes:
        content = magic + b"\xff" * 4 + body + b"data" + b"\xff" * 4 + data
        content = content[:20] + struct.pack("<Q", len(content) - 8) + content[28:]
    else:
        body += chunk(b"data", data)
        content = magic + struct.pack("<I", len(body)) + body
    path.write_bytes(content)


def info(**texts: str) -> bytes:
    return chunk(b"LIST", b"INFO" + b"".join(chunk(k.encode(), v.encode() + b"\0") for k, v in texts.items()))


def bext(description: str, history: str, umid: bytes = b"", loudness: bool = False) -> bytes:
    content = bytearray(602)
    content[: len(description)] = description.encode()
    content[256:267] = b"bextauthor9"
    struct.pack_into("<QH", content, 338, 3_600 * RATE, 2 if loudness else 1)
    content[348 : 348 + len(umid)] = umid
    if loudness:
        struct.pack_into("<5h", content, 412, -2_300, 500, -100, -2_000, -2_100)
    return chunk(b"bext", bytes(content) + history.encode())


@maker("info.wav")
def _(path):
    texts = {"INAM": "title11", "IART": "artist12", "ICMT": "comment13", "ISRC": "source14", "ILNG": "lang15"}
    texts |= {"IENG": "engineer16", "IKEY": "keywords17", "ITCH": "technician18", "IMED": "medium19", "ICRD": "1999-08"}
    wav(path, info(**texts))
    names = ("title", "artist", "comment", "isrc", "language", "engineer", "keywords", "encodedby", "imed", "date")
    return [Planted(f"tag '{name}'", text) for name, text in zip(names, texts.values(), strict=True)]


@maker("bext.wav")
def _(path):
    wav(path, bext("described21", "A=PCM,history22\r\n", b"umid23", loudness=True))
    return [Planted("'bext'", text) for text in ("described21", "history22", "umid23", "bextauthor9")]


@maker("production.wav")
def _(path):
    xml = b"<BWFXML><SCENE>scene31</SCENE><NOTE>note32</NOTE></BWFXML>"
    wav(path, chunk(b"iXML", xml), chunk(b"axml", b"<a>axml33</a>"), chunk(b"cart", b"0101cart34".ljust(2_048, b"\0")))
    fields = [Planted("'iXML'", "scene31"), Planted("'iXML'", "note32")]
    return [*fields, Planted("'axml'", "axml33"), Planted("'cart'", "cart34")]


@maker("cues.wav")
def _(path):
    points = [(7, 1_600), (9, 8_000), (12, 12_000)]
    rows = [struct.pack("<II4sIII", number, at, b"data", 0, 0, at) for number, at in points]
    number = [struct.pack("<I", each) for each, _ in points]
    texts = chunk(b"labl", number[0] + b"label41\0") + chunk(b"labl", number[1] + b"label42\0")
    texts += chunk(b"note", number[1] + b"remark43\0") + chunk(b"labl", number[2] + b"label44\0")
    texts += chunk(b"ltxt", number[2] + struct.pack("<I", 800) + b"scrp" + struct.pack("<4H", 1, 2, 3, 4) + b"text45\0")
    wav(path, chunk(b"cue ", struct.pack("<I", 3) + b"".join(rows)), chunk(b"LIST", b"adtl" + texts))
    return [Planted("markers", text) for text in ("label41", "label42", "remark43", "label44", "text45")]


@maker("sampler.wav")
def _(path):
    head = struct.pack("<9I", 0x41, 7, 62_500, 60, 2**31, 30, 1, 2, 9)
    loops = struct.pack("<6I", 0, 1, 1_600, 8_000, 5, 3) + struct.pack("<6I", 1, 0, 9_000, 12_000, 0, 0)
    wav(path, chunk(b"smpl", head + loops + b"sampler51"), chunk(b"inst", struct.pack("<7b", 60, 0, -3, 20, 90, 5, 99)))
    return [Planted("sampler", "sampler51")]


def id3_frame(name: bytes, content: bytes, version: int = 4) -> bytes:
    if version == 2:
        return name + len(content).to_bytes(3) + content
    size = len(content)
    digits = size.to_bytes(4) if version == 3 else bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return name + digits + b"\0\0" + content


def id3(*frames: tuple[bytes, bytes], version: int = 4) -> bytes:
    body = b"".join(id3_frame(*frame, version) for frame in frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, 0]) + size + body


ID3_FRAMES = (
    (b"TIT2", b"\3title61"),
    (b"TPE1", b"\3artist62\0artist63"),
    (b"TMCL", b"\3flute\0player64"),
    (b"COMM", b"\3engmood65\0comment66"),
    (b"COMM", b"\3deumood67\0comment68"),
    (b"USLT", b"\3fra\0lyrics69"),
    (b"TXXX", b"\3own6a\0value6b"),
    (b"WXXX", b"\0link\0http://6c.example"),
    (b"WOAR", b"http://6d.example"),
    (b"PRIV", b"owner6e\0data6f"),
    (b"UFID", b"http://6g.example\0ident6h"),
    (b"POPM", b"rater6i\0\x80\0\0\0\x07"),
    (b"GEOB", b"\0text/plain\0name6j\0about6k\0object6l"),
    (b"APIC", b"\3image/png\0\3cover6m\0" + picture("image6n")),
    (b"APIC", b"\3image/png\0\4back6o\0" + picture("image6p")),
    (b"SYLT", b"\3eng\2\1synced6q\0word6r\0\0\0\1\0"),
    (b"RVA2", b"album6s\0\1\2\0\0"),
    (b"MCDI", b"discs6t"),
)
ID3_NAMES = {
    **{
        "title61": "'title'",
        "artist62": "'artist'",
        "artist63": "'artist'",
        "player64": "'performer'",
        "mood65": "mood65|comment",
    },
    **{"comment66": "mood65|comment", "mood67": "mood67|comment", "comment68": "mood67|comment", "lyrics69": "lyrics"},
    **{"own6a": "own6a", "value6b": "own6a", "6c.example": "WXXX", "6d.example": "'woar'", "owner6e": "PRIV"},
    **{
        "data6f": "PRIV",
        "6g.example": "UFID",
        "ident6h": "UFID",
        "rater6i": "POPM",
        "name6j": "GEOB",
        "about6k": "GEOB",
    },
    **{"object6l": "GEOB", "cover6m": "picture", "image6n": "picture", "back6o": "picture", "image6p": "picture"},
    **{"synced6q": "SYLT", "word6r": "SYLT", "album6s": "RVA2", "discs6t": "MCDI"},
}


@maker("id3.wav")
def _(path):
    wav(path, chunk(b"id3 ", id3(*ID3_FRAMES)))
    return [Planted(name, text) for text, name in ID3_NAMES.items()]


@maker("chunks.wav")
def _(path):
    names = ("acid", "strc", "afsp", "_PMX", "LGWV", "DISP", "minf", "Fake")
    wav(path, *(chunk(name.encode(), f"content7{k}".encode().ljust(24, b"\0")) for k, name in enumerate(names)))
    return [Planted(f"'{name}'", f"content7{k}") for k, name in enumerate(names)]


@maker("levels.wav")
def _(path):
    names = ("levl", "plst", "umid")
    wav(path, *(chunk(name.encode(), f"content8{k}".encode()) for k, name in enumerate(names)))
    return [Planted(f"'{name}'", f"content8{k}") for k, name in enumerate(names)]


@maker("signed.wav")
def _(path):
    wav(path, chunk(b"prov", b"record91"), chunk(b"C2PA", b"jumb-manifest92"))
    return [Planted("'prov'", "record91"), Planted("'C2PA'", "manifest92")]


@maker("large.rf64.wav")
def _(path):
    wav(path, info(INAM="title101"), bext("described102", "history103"), magic=b"RF64")
    return [Planted("'title'", "title101"), Planted("'bext'", "described102"), Planted("'bext'", "history103")]


@maker("objects.bw64.wav")
def _(path):
    wav(path, chunk(b"axml", b"<adm>object111</adm>"), chunk(b"chna", b"\1\0\1\0track112"), magic=b"BW64")
    return [Planted("'axml'", "object111"), Planted("'chna'", "track112")]


@maker("padless.wav")
def _(path):
    wav(path, chunk(b"LIST", b"INFO" + b"INAM" + struct.pack("<I", 9) + b"title121\0" + chunk(b"IART", b"artist122\0")))
    return [Planted("'title'", "title121"), Planted("'artist'", "artist122")]


@maker("big endian.wav")
def _(path):
    data = np.round(32_767 * sine().T).astype(">i2").tobytes()

    def part(name, content):
        return name + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)

    listed = b"INFO" + part(b"INAM", b"title131\0") + part(b"IART", b"artist132\0")
    form = part(b"fmt ", struct.pack(">HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    body = b"WAVE" + form + part(b"LIST", listed) + part(b"own ", b"content133") + part(b"data", data)
    path.write_bytes(part(b"RIFX", body))
    return [Planted("'title'|LIST", "title131"), Planted("'artist'|LIST", "artist132"), Planted("'own'", "content133")]


GUID = bytes.fromhex("f3acd3118cd100c04f8edb8a")


@maker("sony.w64")
def _(path):
    soundfile.write(path, sine().T, RATE, "PCM_16", format="W64")
    content = path.read_bytes()
    added = b""
    for name, body in (
        (b"list", b"INFO" + chunk(b"INAM", b"title141\0")),
        (b"bext", b"described142".ljust(602, b"\0")),
    ):
        part = name + GUID + struct.pack("<Q", 24 + len(body)) + body
        added += part + bytes(-len(part) % 8)
    content = content + bytes(-len(content) % 8) + added
    path.write_bytes(content[:16] + struct.pack("<Q", len(content)) + content[24:])
    return [Planted("'title'|'list'", "title141"), Planted("'bext'", "described142")]


# --- AIFF, CAF and others in big-endian chunks


def iff(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)


def aiff(path: Path, *chunks: bytes, compression: bytes = b"") -> None:
    data = np.round(32_767 * sine().T).astype("<i2" if compression else ">i2").tobytes()
    rate = struct.pack(">HQ", 16_383 + 13, RATE << (63 - 13))
    common = struct.pack(">hIh", 1, RATE, 16) + rate + compression
    version = iff(b"FVER", struct.pack(">I", 0xA2805140)) if compression else b""
    body = version + iff(b"COMM", common) + b"".join(chunks) + iff(b"SSND", bytes(8) + data)
    path.write_bytes(iff(b"FORM", (b"AIFC" if compression else b"AIFF") + body))


@maker("texts.aiff")
def _(path):
    aiff(
        path,
        iff(b"NAME", b"title151"),
        iff(b"AUTH", b"author152"),
        iff(b"(c) ", b"1999 owner153"),
        iff(b"ANNO", b"note154"),
        iff(b"ANNO", b"note155"),
    )
    names = {"title151": "'title'", "author152": "'artist'", "owner153": "'copyright'"}
    return [Planted(name, text) for text, name in (names | {"note154": "'comment'", "note155": "'comment'"}).items()]


@maker("instrument.aiff")
def _(path):
    marks = [(1, 1_600, b"begin161"), (2, 8_000, b"end162"), (3, 12_000, b"point163")]
    rows = b"".join(
        struct.pack(">HIB", number, at, len(text)) + text + bytes((len(text) + 1) % 2) for number, at, text in marks
    )
    remarks = struct.pack(">H", 2) + struct.pack(">IhH", 3_000_000_000, 3, 10) + b"remark1640"
    remarks += struct.pack(">IhH", 3_000_000_001, 0, 10) + b"general165"
    played = struct.pack(">6bh6h", 60, 25, 20, 90, 5, 99, -3, 1, 1, 2, 0, 0, 0)
    aiff(path, iff(b"MARK", struct.pack(">H", 3) + rows), iff(b"COMT", remarks), iff(b"INST", played))
    fields = {"begin161": "markers", "end162": "markers", "point163": "markers", "remark164": "markers"}
    fields |= {"general165": "'comment'", "\xb2\xd0\x5e\0": "'COMT'"}
    return [Planted(name, text) for text, name in fields.items()]


@maker("chunks.aif")
def _(path):
    chunks = [
        iff(b"APPL", b"stocowner171"),
        iff(b"MIDI", b"\xf0exclusive172\xf7"),
        iff(b"AESD", b"status17300000000000000"),
    ]
    aiff(path, *chunks, iff(b"ID3 ", id3((b"TIT2", b"\3title174"), (b"TXXX", b"\3own175\0value176"))))
    fields = {"owner171": "'APPL'", "exclusive172": "'MIDI'", "status173": "'AESD'", "title174": "'title'"}
    return [Planted(name, text) for text, name in (fields | {"own175": "own175", "value176": "own175"}).items()]


@maker("little endian.aifc")
def _(path):
    aiff(path, iff(b"NAME", b"title181"), iff(b"Xown", b"content182"), compression=b"sowt\7name183\0")
    return [Planted("'title'", "title181"), Planted("'Xown'", "content182")]


@maker("amiga.8svx")
def _(path):
    data = np.round(127 * sine()[0]).astype("i1").tobytes()
    head = struct.pack(">IIIHBBI", len(data), 0, 32, RATE, 1, 0, 0x10000)
    texts = iff(b"NAME", b"title191") + iff(b"AUTH", b"author1920") + iff(b"ANNO", b"notes193")
    path.write_bytes(
        iff(b"FORM", b"8SVX" + iff(b"VHDR", head) + texts + iff(b"CHAN", b"\0\0\0\2") + iff(b"BODY", data))
    )
    fields = {"title191": "'title'", "author192": "'artist'", "notes193": "'comment'"}
    return [Planted(name, text) for text, name in fields.items()]


def caf(path: Path, *chunks: tuple[bytes, bytes]) -> None:
    data = np.round(32_767 * sine().T).astype(">i2").tobytes()
    form = struct.pack(">d4sIIIII", RATE, b"lpcm", 0, 2, 1, 1, 16)
    parts = ((b"desc", form), *chunks, (b"data", bytes(4) + data))
    path.write_bytes(b"caff\0\1\0\0" + b"".join(name + struct.pack(">q", len(each)) + each for name, each in parts))


def caf_strings(*pairs: tuple[str, str]) -> bytes:
    return struct.pack(">I", len(pairs)) + "".join(f"{name}\0{text}\0" for name, text in pairs).encode()


@maker("info.caf")
def _(path):
    texts = (("title", "title201"), ("artist", "artist202"), ("comments", "comment203"), ("key signature", "key204"))
    caf(path, (b"info", caf_strings(*texts)))
    return [Planted(f"'{name}'|'comment'", text) for name, text in texts]


@maker("markers.caf")
def _(path):
    marker = struct.pack(">IdIBBBBBBHI", 0, 4_800.0, 1, 0, 0, 0, 0, 0, 0, 0, 0)[:28]
    marks = struct.pack(">II", 0, 1) + marker
    strings = struct.pack(">IIq", 1, 1, 0) + b"marker211\0"
    chunks = [(b"mark", marks), (b"strg", strings), (b"uuid", bytes(16) + b"own212"), (b"midi", b"MThd213")]
    caf(
        path,
        *chunks,
        (b"inst", struct.pack(">fBBBBfIII", 60.0, 0, 127, 0, 127, 0.0, 0, 0, 0)),
        (b"umid", b"umid214".ljust(64, b"\0")),
    )
    return [
        Planted(name, text)
        for name, text in (("markers", "marker211"), ("uuid", "own212"), ("midi", "MThd213"), ("umid", "umid214"))
    ]


# --- FLAC and Ogg


def comment(*fields: str) -> bytes:
    rows = b"".join(struct.pack("<I", len(each.encode())) + each.encode() for each in fields)
    return struct.pack("<I", 6) + b"vendor" + struct.pack("<I", len(fields)) + rows


def flac(path: Path, *blocks: tuple[int, bytes], front: bytes = b"") -> None:
    soundfile.write(path, sine().T, RATE, "PCM_16", format="FLAC")
    content = path.read_bytes()
    first, position, is_last = content[4:42], 4, False
    while not is_last:
        is_last = bool(content[position] & 0x80)
        position += 4 + int.from_bytes(content[position + 1 : position + 4])
    parts = [bytes([first[0] & 0x7F]) + first[1:]]
    parts += [bytes([kind]) + len(body).to_bytes(3) + body for kind, body in blocks]
    parts[-1] = bytes([parts[-1][0] | 0x80]) + parts[-1][1:]
    path.write_bytes(front + b"fLaC" + b"".join(parts) + content[position:])


COMMENTS = (
    *("TITLE=title221", "ARTIST=artist222", "ARTIST=artist223", "PERFORMER=player224 (harp)", "DESCRIPTION=about225"),
    *("COMMENT=comment226", "LANGUAGE=lang227", "MY OWN=own228", "REPLAYGAIN_TRACK_GAIN=-6.229 dB", "ISRC=isrc22a"),
    *("LYRICS=[00:00.10]line22b\n[00:00.90]line22c", "CHAPTER001=00:00:00.500", "CHAPTER001NAME=chapter22d"),
    *("CHAPTER001URL=http://22e.example", "CHAPTER002=00:00:00.800", "CHAPTER002NAME=chapter22f"),
)
COMMENT_NAMES = {
    **{"title221": "'title'", "artist222": "'artist'", "artist223": "'artist'", "player224": "'performer'"},
    **{"about225": "'description'", "comment226": "'comment'", "lang227": "'language'", "own228": "'my own'"},
    **{"-6.229": LEVELS, "isrc22a": "'isrc'", "line22b": "lyrics", "line22c": "lyrics", "chapter22d": "markers"},
    **{"22e.example": "markers", "chapter22f": "markers"},
}


@maker("comments.flac")
def _(path):
    flac(path, (4, comment(*COMMENTS)))
    return [Planted(name, text) for text, name in COMMENT_NAMES.items()]


def picture_block(kind: int, described: str, text: str) -> bytes:
    about = described.encode()
    head = struct.pack(">2I", kind, 9) + b"image/png" + struct.pack(">I", len(about)) + about
    return head + struct.pack(">5I", 1, 1, 32, 0, len(picture(text))) + picture(text)


@maker("pictures.flac")
def _(path):
    flac(
        path,
        (4, comment("TITLE=title231")),
        (6, picture_block(3, "cover232", "image233")),
        (6, picture_block(8, "band234", "image235")),
    )
    names = {"title231": "'title'", "cover232": "picture", "image233": "picture"}
    return [Planted(name, text) for text, name in (names | {"band234": "picture", "image235": "picture"}).items()]


@maker("blocks.flac")
def _(path):
    last = struct.pack(">QB", RATE, 255) + bytes(12 + 14) + b"\0"
    sheet = b"catalog241".ljust(128, b"\0") + struct.pack(">Q", 0) + bytes(259) + b"\1" + last
    flac(
        path,
        (2, b"ownrapplication242"),
        (5, sheet),
        (4, comment('CUESHEET=TITLE "sheet243"', "TITLE=title244")),
        (1, bytes(9)),
    )
    names = {"catalog241": "'CUESHEET'", "application242": "'APPLICATION'", "sheet243": "'cuesheet'"}
    return [Planted(name, text) for text, name in (names | {"title244": "'title'"}).items()]


@maker("id3 before.flac")
def _(path):
    flac(
        path,
        (4, comment("TITLE=title251")),
        front=id3((b"TPE1", b"\3artist252"), (b"PRIV", b"own253\0data254"), version=4),
    )
    return [
        Planted("'title'", "title251"),
        Planted("'artist'", "artist252"),
        Planted("PRIV", "own253"),
        Planted("PRIV", "data254"),
    ]


@maker("signed.flac")
def _(path):
    flac(path, (4, comment("TITLE=title261", "WAVEWRIGHT_PROVENANCE=record262")))
    return [Planted("'title'", "title261"), Planted("signature|provenance", "record262")]


def ogg(path: Path, subtype: str, *fields: str) -> None:
    from wavewright.audio.file_formats import ogg as writer

    soundfile.write(path.with_suffix(".plain"), sine().T, RATE, subtype, format="OGG")
    with path.with_suffix(".plain").open("rb") as source, path.open("wb") as target:
        writer.write_fields(source, target, tuple(each.encode() for each in fields))
    path.with_suffix(".plain").unlink()


@maker("vorbis.ogg")
def _(path):
    block = base64.b64encode(picture_block(4, "back271", "image272")).decode()
    ogg(path, "VORBIS", *COMMENTS, f"METADATA_BLOCK_PICTURE={block}", "LOOPSTART=1600", "LOOPLENGTH=6400")
    fields = COMMENT_NAMES | {"back271": "picture", "image272": "picture"}
    return [Planted(name, text) for text, name in fields.items()]


@maker("opus.opus")
def _(path):
    ogg(path, "OPUS", *COMMENTS, "R128_TRACK_GAIN=-281")
    return [Planted(name, text) for text, name in (COMMENT_NAMES | {"-281": LEVELS}).items()]


def by_ffmpeg(path: Path, codec: str, format: str | None = None, **tags: str) -> Fields:
    encode(path, codec, sine(3.0, 2), 44_100, format=format, tags=tags)
    content = searchable(path)
    planted = [Planted(f"'{name}'", text) for name, text in tags.items() if text.encode() in content]
    assert planted
    return planted


TAGS = {"title": "title281", "artist": "artist282", "album": "album283", "comment": "comment284", "genre": "genre285"}
TAGS |= {"copyright": "owner286", "composer": "composer287"}


@maker("flac in ogg.oga")
def _(path):
    return by_ffmpeg(path, "flac", "ogg", **TAGS, own288="own289")


# --- MP3


def mp3(path: Path, front: bytes = b"", back: bytes = b"") -> None:
    encode(path, "libmp3lame", sine(1.0, 1), RATE, container_options={"id3v2_version": "0", "write_id3v1": "0"})
    path.write_bytes(front + path.read_bytes() + back)


@maker("id3 2.2.mp3")
def _(path):
    frames = [
        (b"TT2", b"\0title291"),
        (b"TP1", b"\0artist292"),
        (b"COM", b"\0engmood293\0comment294"),
        (b"TXX", b"\0own295\0value296"),
    ]
    frames += [
        (b"PIC", b"\0PNG\3cover297\0" + picture("image298")),
        (b"UFI", b"own299\0ident29a"),
        (b"GEO", b"\0text/plain\0a29b\0b\0c29c"),
    ]
    frames += [
        (b"TCO", b"\0(17)"),
        (b"CNT", b"\0\0\0\7"),
        (b"XYZ", b"unknown29d"),
        (b"IPL", b"\0producer\0person29e\0"),
    ]
    mp3(path, id3(*frames, version=2))
    names = {
        "title291": "'title'",
        "artist292": "'artist'",
        "mood293": "mood293|comment",
        "comment294": "mood293|comment",
    }
    names |= {"own295": "own295", "value296": "own295", "cover297": "picture", "image298": "picture", "own299": "UFID"}
    names |= {"ident29a": "UFID", "a29b": "GEOB", "c29c": "GEOB", "unknown29d": "XYZ", "person29e": "producer|involved"}
    return [Planted(name, text) for text, name in (names | {"Rock": "'genre'"}).items() if text != "Rock"]


@maker("id3 2.3.mp3")
def _(path):
    older = {b"TMCL": b"IPLS"}
    frames = [
        (older.get(name, name), content.replace(b"\3", b"\0", 1) if content[0] == 3 else content)
        for name, content in ID3_FRAMES
        if name != b"RVA2"
    ]
    frames = [(name, content.replace(b"artist62\0", b"")) for name, content in frames]
    frames += [
        (b"TDAT", b"\0" + b"2712"),
        (b"TYER", b"\0" + b"1987"),
        (b"RVAD", b"\1\x10level2a1"),
        (b"TFLT", b"\0MPG/2a2"),
    ]
    mp3(path, id3(*frames, version=3))
    names = {text: name for text, name in ID3_NAMES.items() if text not in ("artist62", "album6s")}
    names["player64"] = "'involvedpeople'"
    names |= {"1987": "'date'", "level2a1": "RVAD", "MPG/2a2": "'tflt'"}
    return [Planted(name, text) for text, name in names.items()]


@maker("chapters.mp3")
def _(path):
    def chapter(number, start, end, *inside):
        times = struct.pack(">4I", start, end, 2**32 - 1, 2**32 - 1)
        return b"CHAP", b"c%d\0" % number + times + b"".join(id3_frame(*each) for each in inside)

    frames = [chapter(1, 0, 500, (b"TIT2", b"\3one301"), (b"TIT3", b"\3under302"))]
    frames += [
        chapter(
            2,
            500,
            900,
            (b"TIT2", b"\3two303"),
            (b"WXXX", b"\3\0http://304.example"),
            (b"APIC", b"\3image/png\0\0about305\0" + picture("image306")),
        )
    ]
    contents = b"toc\0\3\2c1\0c2\0" + id3_frame(b"TIT2", b"\3contents307")
    mp3(path, id3(*frames, (b"CTOC", contents), (b"TIT2", b"\3title308")))
    names = dict.fromkeys(("one301", "under302", "two303", "304.example", "about305", "image306"), "markers")
    return [Planted(name, text) for text, name in (names | {"contents307": "CTOC", "title308": "'title'"}).items()]


def ape(*items: tuple[str, bytes, int]) -> bytes:
    body = b"".join(
        struct.pack("<II", len(each), kind << 1) + name.encode() + b"\0" + each for name, each, kind in items
    )
    footer = b"APETAGEX" + struct.pack("<IIII", 2_000, len(body) + 32, len(items), 0) + bytes(8)
    return body + footer


def id3v1(title: bytes, artist: bytes) -> bytes:
    return b"TAG" + title.ljust(30, b"\0") + artist.ljust(30, b"\0") + bytes(30) + b"1998" + bytes(30) + b"\x11"


@maker("ape.mp3")
def _(path):
    items = [("Title", b"title311", 0), ("Artist", b"artist312\0artist313", 0), ("My Own", b"own314", 0)]
    items += [("Cover Art (Front)", b"cover315.png\0" + picture("image316"), 1), ("MP3GAIN_MINMAX", b"100,317", 0)]
    mp3(path, back=ape(*items) + id3v1(b"title318", b"artist319"))
    fields = {
        "title311": "'title'",
        "artist312": "'artist'",
        "artist313": "'artist'",
        "own314": "'my own'",
        "100,317": LEVELS,
    }
    fields |= {"cover315": "Cover Art|picture", "image316": "Cover Art|picture"}
    return [Planted(name, text) for text, name in fields.items()]


@maker("lyrics3.mp3")
def _(path):
    fields = b"".join(
        name + b"%05d" % len(text) + text
        for name, text in ((b"IND", b"110"), (b"LYR", b"words321"), (b"INF", b"about322"), (b"EAL", b"album323"))
    )
    body = b"LYRICSBEGIN" + fields
    mp3(path, back=body + b"%06d" % len(body) + b"LYRICS200" + id3v1(b"title324", b"artist325"))
    names = {"words321": "lyrics", "about322": "Lyrics3|comment", "album323": "'album'|Lyrics3", "title324": "'title'"}
    return [Planted(name, text) for text, name in (names | {"artist325": "'artist'"}).items()]


@maker("manifest.mp3")
def _(path):
    store = b"\0application/x-c2pa-manifest-store\0c2pa\0c2pa manifest store\0" + bytes(4) + b"jumb\0\0\0\0jumdc2pa326"
    mp3(path, id3((b"TIT2", b"\3title327"), (b"GEOB", store)))
    return [Planted("'title'", "title327"), Planted("'GEOB'", "jumdc2pa326")]


@maker("version 1.mp3")
def _(path):
    mp3(path, back=id3v1(b"title331", b"artist332"))
    return [Planted("'title'", "title331"), Planted("'artist'", "artist332"), Planted("'date'", "1998")]


# --- what PyAV reads


FILES |= {
    name: partial(by_ffmpeg, codec=codec, format=format, **TAGS, **more)
    for name, codec, format, more in (
        ("tags.m4a", "aac", "ipod", {"lyrics": "lyrics341", "synopsis": "about342", "grouping": "group343"}),
        ("tags.mka", "flac", "matroska", {"OWN371": "own372"}),
        ("tags.nut.mkv", "ac3", "matroska", {}),
        ("tags.wv", "wavpack", "wv", {"own381": "own382"}),
        ("tags.tta", "tta", "tta", {}),
    )
}


@maker("several.wv")
def _(path):
    encode(path, "wavpack", sine(1.0, 1), RATE, format="wv")
    items = [("Artist", b"artist391\0artist392", 0), ("Cover Art (Back)", b"back393.png\0" + picture("image394"), 1)]
    path.write_bytes(path.read_bytes().split(b"APETAGEX")[0] + ape(*items))
    names = {"artist391": "'artist'", "artist392": "'artist'", "back393": "picture", "image394": "picture"}
    return [Planted(name, text) for text, name in names.items()]


@maker("id3.aac")
def _(path):
    encode(path, "aac", sine(1.0, 1), RATE, format="adts")
    path.write_bytes(id3(*ID3_FRAMES) + path.read_bytes())
    return [Planted(name, text) for text, name in ID3_NAMES.items()]


@maker("atoms.m4a")
def _(path):
    encode(path, "alac", sine(1.0, 1), RATE, format="ipod", tags={"title": "title351"})

    def atom(name, content):
        return struct.pack(">I", 8 + len(content)) + name + content

    content = path.read_bytes()
    start = content.index(b"moov") - 4
    size = int.from_bytes(content[start : start + 4])
    place = b"\xa9xyz" + b"\0\x0e\x15\xc7+52.35200+004.9"
    free = (
        atom(b"mean", bytes(4) + b"com.example")
        + atom(b"name", bytes(4) + b"own353")
        + atom(b"data", struct.pack(">II", 1, 0) + b"value354")
    )
    movie = content[start : start + size]
    data = movie.index(b"udta") - 4
    n_data = int.from_bytes(movie[data : data + 4])
    listed = movie.index(b"ilst") - 4
    n_listed = int.from_bytes(movie[listed : listed + 4])
    meta = movie.index(b"meta") - 4
    n_meta = int.from_bytes(movie[meta : meta + 4])
    added, beside = atom(b"----", free), struct.pack(">I", 4 + len(place)) + place + atom(b"Xown", b"content352")
    movie = bytearray(movie)
    for position, n_bytes in (
        (listed, n_listed + len(added)),
        (meta, n_meta + len(added)),
        (data, n_data + len(added) + len(beside)),
    ):
        movie[position : position + 4] = struct.pack(">I", n_bytes)
    movie[0:4] = struct.pack(">I", size + len(added) + len(beside))
    movie = (
        bytes(movie[: listed + n_listed])
        + added
        + bytes(movie[listed + n_listed : data + n_data])
        + beside
        + bytes(movie[data + n_data :])
    )
    assert start + size == len(content)
    path.write_bytes(content[:start] + movie + atom(b"uuid", bytes(16) + b"<xmp>packet355</xmp>"))
    names = {"title351": "'title'", "content352": "'Xown'", "own353": "own353|----", "value354": "own353|----"}
    return [
        Planted(name, text) for text, name in (names | {"packet355": "'uuid'", "52.352": "'\xa9xyz'|location"}).items()
    ]


@maker("book.m4b")
def _(path):
    encode(path.with_suffix(".m4a"), "aac", sine(1.0, 1), RATE, format="ipod", tags={"title": "title361"})
    with av.open(str(path.with_suffix(".m4a"))) as source, av.open(str(path), "w", format="ipod") as target:
        target.metadata["title"] = "title361"
        second = av.Fraction if hasattr(av, "Fraction") else __import__("fractions").Fraction
        target.set_chapters(
            [
                {
                    "id": k,
                    "start": 500 * k,
                    "end": 500 * k + 500,
                    "time_base": second(1, 1_000),
                    "metadata": {"title": text},
                }
                for k, text in enumerate(("one362", "two363"))
            ]
        )
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    path.with_suffix(".m4a").unlink()
    return [Planted("'title'", "title361"), Planted("markers", "one362"), Planted("markers", "two363")]


@maker("tracks.mka")
def _(path):
    parts = [encode(path.with_suffix(f".{k}.flac"), "flac", sine(3.0, 1), 44_100) for k in range(2)]
    with av.open(str(path), "w", format="matroska") as target:
        for number, part in enumerate(parts):
            with av.open(str(part)) as source:
                stream = target.add_stream_from_template(source.streams.audio[0])
                stream.metadata["title"] = f"voice38{number}"
                packets = [packet for packet in source.demux() if packet.dts is not None]
                for packet in packets:
                    packet.stream = stream
                parts[number] = packets
        for packet in (*parts[0], *parts[1]):
            target.mux(packet)
    for each in path.parent.glob("*.flac"):
        each.unlink()
    return [Planted("voice380|'title'", "voice380"), Planted("the track 'voice381'", "voice381")]


@maker("tags.aac")
def _(path):
    encode(path, "aac", sine(1.0, 1), RATE, format="adts")
    path.write_bytes(id3((b"TIT2", b"\3title391"), (b"PRIV", b"own392\0data393")) + path.read_bytes())
    return [Planted("'title'", "title391"), Planted("PRIV", "own392"), Planted("PRIV", "data393")]


# --- older ones


@maker("annotation.au")
def _(path):
    data = np.round(32_767 * sine().T).astype(">i2").tobytes()
    path.write_bytes(b".snd" + struct.pack(">5I", 40, len(data), 3, RATE, 1) + b"note401".ljust(16, b"\0") + data)
    return [Planted("'comment'|annotation", "note401")]


@maker("blocks.voc")
def _(path):
    data = np.round(128 + 100 * sine()[0]).astype("u1").tobytes()

    def block(kind, content):
        return bytes([kind]) + len(content).to_bytes(3, "little") + content

    body = block(5, b"text411\0") + block(9, struct.pack("<IBBHI", RATE, 8, 1, 0, 0) + data) + block(4, b"\7\0") + b"\0"
    path.write_bytes(
        b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x0114, 0x1233 - 0x0114 + 0x0000 & 0xFFFF) + body
    )
    return [Planted("'comment'|text", "text411")]


@maker("corpus.sph")
def _(path):
    lines = [
        "NIST_1A",
        "   1024",
        "speaker_id -s8 spkr4210",
        "channel_count -i 1",
        f"sample_count -i {RATE}",
        f"sample_rate -i {RATE}",
    ]
    lines += [
        "sample_n_bytes -i 2",
        "sample_byte_format -s2 01",
        "sample_coding -s3 pcm",
        "utterance_id -s6 utt422",
        "end_head",
        "",
    ]
    path.write_bytes(
        "\n".join(lines).encode().ljust(1_024, b" ") + np.round(32_767 * sine()[0]).astype("<i2").tobytes()
    )
    return [Planted("speaker_id", "spkr421"), Planted("utterance_id", "utt422")]


@maker("comments.sf")
def _(path):
    """The comment of a big-endian header, whose size counts itself, after the largest amplitude."""
    data = np.round(32_767 * sine()[0]).astype(">i2").tobytes()
    text = b"note501".ljust(12, b"\0")
    head = b"\x64\xa3\2\0" + struct.pack(">fII", RATE, 1, 2) + struct.pack(">hHfI", 1, 12, 0.5, 0)
    path.write_bytes((head + struct.pack(">hH", 2, 4 + len(text)) + text).ljust(1_024, b"\0") + data)
    return [Planted("'comment'|comment", "note501")]


@maker("names.avr")
def _(path):
    data = np.round(32_767 * sine()[0]).astype(">i2").tobytes()
    head = struct.pack(">4s8shhhhhIIII6x20x64s", b"2BIT", b"name511", 0, 16, -1, 0, -1, RATE, RATE, 0, RATE, b"own512")
    path.write_bytes(head + data)
    return [Planted("'title'", "name511"), Planted("'comment'|text", "own512")]


# --- channels


@maker("ambisonics.wav")
def _(path):
    """B-format of the first order, with the GUID of the format AMB."""
    wav(path, n_channels=4, mask=0)
    microsoft = b"\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    path.write_bytes(path.read_bytes().replace(microsoft, bytes.fromhex("2107d3118644c8c1ca000000")))
    return [Planted("ambisonics", "named, not kept")]


@maker("ambisonics.opus")
def _(path):
    encode(path, "libopus", sine(3.0, 4), 48_000, options={"mapping_family": "2"})
    return [Planted("ambisonics", "named, not kept")]


@maker("side.wav")
def _(path):
    wav(path, info(INAM="title431"), n_channels=4, mask=0x603)
    return [Planted("'title'", "title431")]
