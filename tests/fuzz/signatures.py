"""Signed files with other fields, parts and orders, whose checksums are right: what is verified sounds as it did.

FFmpeg, SoX, flac, mpg123 and opusdec say how it sounds; those that are not installed are left out.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from fuzz import mutate

RATE = 16_000
KINDS = {
    "wav": ("wav", "WAV", "PCM_16", 1),
    "extensible": ("wav", "WAVEX", "PCM_16", 4),
    "rf64": ("wav", "RF64", "PCM_24", 2),
    "aiff": ("aiff", "AIFF", "PCM_16", 1),
    "flac": ("flac", "FLAC", "PCM_16", 1),
    "ogg": ("ogg", "OGG", "VORBIS", 1),
    "opus": ("opus", "OGG", "OPUS", 2),
    "mp3": ("mp3", "MP3", "MPEG_LAYER_III", 1),
}
"""Ending, container, coding and channels of each kind of file."""

PROGRAMS = {
    "ffmpeg": ("wav aiff flac ogg opus mp3", "-v quiet -i {} -ac 2 -c:a pcm_f32be -f au -"),
    "sox": ("wav aiff flac ogg opus mp3", "-V0 -D {} -e floating-point -b 32 -t au -"),
    "flac": ("flac", "-d -s -c --force-aiff-format {}"),
    "mpg123": ("mp3", "-q -e s16 -s {}"),
    "opusdec": ("opus", "--quiet --no-dither --rate 48000 {} -"),
}
"""Endings that a program plays, and how it is asked."""

TIMEOUT_SECONDS = 60.0
END_SAMPLES = 2_048
"""A block of Ogg Vorbis: FFmpeg plays the end of a stream by how its last packets are divided into pages."""

ERROR = 2e-4  # of full scale
RIFF_NAMES = [
    b"data",
    b"fmt ",
    b"fact",
    b"LIST",
    b"JUNK",
    b"wavl",
    b"plst",
    b"ds64",
    b"bext",
    b"chna",
    b"id3 ",
    b"PAD ",
]
AIFF_NAMES = [b"COMM", b"SSND", b"FVER", b"CHAN", b"NAME", b"MARK", b"ANNO", b"wave", b"ID3 "]

Sounds = dict[str, tuple[bytes, np.ndarray]]

_healthy: dict[str, tuple[bytes, bytes, Sounds]] = {}


def WARM_UP() -> None:
    from wavewright.outputs.provenance.keys import load_private_key, new_key
    from wavewright.outputs.provenance.signing import sign_file

    folder = Path(tempfile.mkdtemp())
    key = load_private_key(new_key(folder).files[1].path)
    time = np.arange(2 * RATE) / RATE
    tones = [0.3 * np.sin(2 * np.pi * hz * time * (1 + (time > 1))) for hz in (440, 700, 310, 900)]
    for kind, (ending, container, subtype, n_channels) in KINDS.items():
        path = folder / f"{kind}.{ending}"
        soundfile.write(path, np.stack(tones[:n_channels], 1), RATE, subtype, format=container)
        signed = sign_file(path, key, beside_only=True)
        _healthy[kind] = path.read_bytes(), signed.details["side_file"].read_bytes(), sounds(path)
    shutil.rmtree(folder)


def sounds(path: Path) -> Sounds:
    """Return the header and the samples that each program plays."""
    played = {}
    for name, (endings, options) in PROGRAMS.items():
        program = shutil.which(name)
        if program is None or path.suffix[1:] not in endings.split():
            continue
        command = [program, *(str(path) if option == "{}" else option for option in options.split())]
        found = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False).stdout
        head, samples = b"", found
        if found[:4] == b".snd":
            start = int.from_bytes(found[4:8])
            head, samples = found[12:24], found[start:]  # coding, rate and channels
        elif found[:4] == b"FORM":
            start = found.index(b"SSND") + 16
            head, samples = found[found.index(b"COMM") :][8:26], found[start:]
        kind = ">f4" if found[:4] == b".snd" else ">i2" if found[:4] == b"FORM" else "<i2"
        scale = 1 if kind == ">f4" else 2**15
        whole = len(samples) // int(kind[2]) * int(kind[2])
        played[name] = head, np.frombuffer(samples[:whole], kind) / scale
    return played


def differs(before: Sounds, after: Sounds, kind: str) -> str:
    """Return which program plays another sound, empty if none does."""
    for name, (head, samples) in before.items():
        other_head, others = after[name]
        slack = END_SAMPLES if kind in ("ogg", "opus") and name == "ffmpeg" else 0
        n_both = min(len(samples), len(others))
        if len(samples) and (
            head != other_head
            or abs(len(samples) - len(others)) > slack
            or np.abs(samples[:n_both] - others[:n_both]).max(initial=0) > ERROR
        ):
            return f"{name} plays {len(others)} values {other_head.hex()} instead of {len(samples)} {head.hex()}"
    return ""


def verify_as_played(rng: random.Random, folder: Path) -> None:
    """Verify a changed file; compare what is played, if it is verified."""
    from wavewright.base.errors import BadAudio
    from wavewright.outputs.provenance.verification import TrustedKeys, verify_file

    kind = rng.choice(list(KINDS))
    contents, record, before = _healthy[kind]
    path = folder / f"{kind}.{KINDS[kind][0]}"
    changed = contents
    for _ in range(rng.choice((1, 1, 2))):
        changed = changed_file(rng, kind, changed)
    path.write_bytes(changed)
    path.with_name(f"{path.name}.provenance.json").write_bytes(record)
    if not verify_file(path, TrustedKeys({}, False), lambda _: None).is_verified:
        raise BadAudio(f"{path} is not verified; sign it again.")
    if changed != contents and (difference := differs(before, sounds(path), kind)):
        raise AssertionError(f"{kind}: {difference}")


def changed_file(rng: random.Random, kind: str, contents: bytes) -> bytes:
    """Return a file with one change; its checksums are right mostly."""
    change = {"aiff": aiff_file, "flac": flac_file, "ogg": ogg_file, "opus": ogg_file, "mp3": mp3_file}.get(kind, riff)
    if rng.random() < 0.1:
        return mutate.bytes_of(rng, contents)
    try:
        return change(rng, contents)
    except (
        ValueError,
        IndexError,
        RuntimeError,
        MemoryError,
        struct.error,
    ):  # an earlier change left nothing to change
        return contents


def number(rng: random.Random, value: int, n_bits: int) -> int:
    """Return another number of so many bits: near, half, extreme or at random."""
    ways: list[Callable[[], int]] = [
        *(
            lambda: value + 1,
            lambda: value - 1,
            lambda: value // 2,
            lambda: value * 2,
            lambda: 0,
            lambda: 2**n_bits - 1,
        ),
        *(lambda: rng.getrandbits(n_bits), lambda: value ^ 1 << rng.randrange(n_bits), lambda: value + 1_000),
    ]
    return rng.choice(ways)() % 2**n_bits


def with_field(rng: random.Random, contents: bytes, order: str = "little", limit: int = 64) -> bytes:
    """Return bytes with another number somewhere in the first ones."""
    size = rng.choice((1, 2, 4, 8))
    if len(contents) < size:
        return contents
    start = rng.randrange(0, min(len(contents), limit) - size + 1)
    value = int.from_bytes(contents[start : start + size], order)  # type: ignore[arg-type]
    return contents[:start] + number(rng, value, 8 * size).to_bytes(size, order) + contents[start + size :]  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ files of chunks


def riff(rng: random.Random, contents: bytes) -> bytes:
    """Change a WAV or RF64 file."""
    changed = chunked(rng, contents, "<", RIFF_NAMES, b"data")
    if changed[:4] == b"RF64" and rng.random() < 0.8:
        return changed[:4] + contents[4:8] + changed[8:20] + struct.pack("<Q", len(changed) - 8) + changed[28:]
    return changed


def aiff_file(rng: random.Random, contents: bytes) -> bytes:
    """Change an AIFF file, or make it an AIFF-C file first."""
    if contents[8:12] == b"AIFF" and rng.random() < 0.3:
        extra = rng.choice((b"NONE\0\0", b"twos\0\0", b"sowt\0\0", b"raw \0\0"))
        start = contents.index(b"COMM")
        common = b"COMM" + struct.pack(">I", 24) + contents[start + 8 : start + 26] + extra
        body = b"AIFC" + contents[12:start] + common + contents[start + 26 :]
        return b"FORM" + struct.pack(">I", len(body)) + body
    return chunked(rng, contents, ">", AIFF_NAMES, b"SSND")


def chunked(rng: random.Random, contents: bytes, order: str, names: list[bytes], sound: bytes) -> bytes:
    """Change a chunk, the order of chunks, or what chunks there are; sizes are right mostly."""
    chunks, position = [], 12
    while position + 8 <= len(contents):
        name, size = struct.unpack_from(f"{order}4sI", contents, position)
        size = min(size, len(contents) - position - 8)
        chunks.append((name, contents[position + 8 : position + 8 + size]))
        position += 8 + size + size % 2
    at = rng.randrange(len(chunks))
    name, content = chunks[at]
    way = rng.randrange(9)
    if way < 4:
        at = rng.choice([index for index, (name, _) in enumerate(chunks) if name != sound] or [at])
        byte_order = "little" if order == "<" else "big"
        chunks[at] = chunks[at][0], with_field(rng, chunks[at][1], byte_order)
    elif way == 4:
        chunks[at] = name, content + rng.randbytes(rng.choice((1, 2, 22))) if rng.random() < 0.5 else content[:-2]
    elif way == 5:
        chunks.insert(rng.randrange(len(chunks) + 1), rng.choice((chunks[at], chunks.pop(at))))
    elif way == 6:
        chunks[at] = rng.choice((name.upper(), name.lower(), rng.choice(names))), content
    else:
        some = rng.choice((b"", bytes(20), rng.randbytes(rng.choice((4, 12, 400))), content))
        chunks.insert(rng.randrange(len(chunks) + 1), (rng.choice(names), some))
    wrong = rng.randrange(2 * len(chunks)) if rng.random() < 0.1 else -1
    body = b""
    for index, (name, content) in enumerate(chunks):
        size = number(rng, len(content), 32) if index == wrong else len(content)
        size = 2**32 - 1 if contents[:4] == b"RF64" and name == b"data" else size
        body += name + struct.pack(f"{order}I", size) + content + bytes(len(content) % 2)
    size = number(rng, 4 + len(body), 32) if wrong >= len(chunks) else 4 + len(body)
    return contents[:4] + struct.pack(f"{order}I", size % 2**32) + contents[8:12] + body


# ----------------------------------------------------------------------------------------------------------- FLAC


def checksum(contents: bytes, bits: int, polynomial: int) -> bytes:
    """Return the checksum of the header of a frame (8 bits) or of a frame (16)."""
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in contents:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
    return value.to_bytes(bits // 8)


def flac_file(rng: random.Random, contents: bytes) -> bytes:
    """Change a block of metadata, the header of a frame, which frames there are, or their lengths."""
    blocks, position = [], 4
    while not blocks or not blocks[-1][0] & 0x80:
        size = int.from_bytes(contents[position + 1 : position + 4])
        blocks.append((contents[position], contents[position + 4 : position + 4 + size]))
        position += 4 + size
    blocks = [(kind & 0x7F, content) for kind, content in blocks]
    sound = contents[position:]
    at = rng.randrange(len(blocks))
    way = rng.randrange(8)
    if way < 2:
        blocks[0] = 0, with_field(rng, blocks[0][1], "big", 34)
    elif way == 2:
        mask = rng.choice((b"0x4", b"0x8", b"4", b"0x", b"0x3", b"1", b"0X4", b"0x00000004"))
        name = rng.choice((b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=", b"waveformatextensible_channel_mask=")) + mask
        comment = struct.pack("<III", 0, 1, len(name)) + name
        if rng.random() < 0.7:
            blocks = [block for block in blocks if block[0] != 4]
        blocks.insert(rng.randrange(1, len(blocks) + 1), (4, comment))
    elif way == 3:
        content = rng.choice((blocks[at][1], bytes(18), struct.pack(">QQH", rng.randrange(9_000), 9_000, 4_096)))
        blocks.insert(rng.randrange(len(blocks) + 1), (rng.choice((0, 1, 2, 3, 4, 5, 6, 20, 127)), content))
    elif way < 6:
        frames = [sound[start:end] for start, end in zip(*frame_edges(sound), strict=True)]
        at = rng.randrange(len(frames))
        if way == 4:
            frames[at] = with_header(rng, frames[at])
        else:
            frames.insert(rng.randrange(len(frames) + 1), rng.choice((frames[at], frames.pop(at))))
        sound = b"".join(frames)
    else:
        blocks[0], sound = divided(rng, contents, blocks[0][1])
    head = b"".join(
        bytes([kind | (0x80 if index == len(blocks) - 1 else 0)]) + len(content).to_bytes(3) + content
        for index, (kind, content) in enumerate(blocks)
    )
    return b"fLaC" + head + sound


def divided(rng: random.Random, contents: bytes, information: bytes) -> tuple[tuple[int, bytes], bytes]:
    """Return the samples in frames of other lengths, and the first block, which allows them mostly."""
    samples = soundfile.read(BytesIO(contents), dtype="int16", always_2d=True)[0]
    size = rng.choice((1_000, 2_048, 4_096, 5_000))
    edges = [*range(0, len(samples), size), len(samples)]
    if rng.random() < 0.7:
        del edges[rng.randrange(1, len(edges) - 1)]
    if rng.random() < 0.7:
        limits = struct.pack(">HH", rng.choice((16, 1_000, size)), rng.choice((size, 2 * size)))
        information = limits + rng.choice((bytes(6), information[4:10])) + information[10:]
    return (0, information), b"".join(frame(start, samples[start:end]) for start, end in pairwise(edges))


def frame_edges(sound: bytes) -> tuple[list[int], list[int]]:
    """Return where frames start and end."""
    starts = [at for at in range(len(sound) - 6) if is_header(sound[at : at + 16])]
    return starts, [*starts[1:], len(sound)]


def header_bytes(head: bytes) -> int:
    """Return the length of the header of a frame without its checksum."""
    extra = {6: 1, 7: 2}.get(head[2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    return 4 + max(1, 8 - (head[4] ^ 0xFF).bit_length()) + extra


def is_header(head: bytes) -> bool:
    """Return True for the start of a frame."""
    end = header_bytes(head)
    return head[0] == 0xFF and head[1] in (0xF8, 0xF9) and checksum(head[:end], 8, 7) == head[end : end + 1]


def with_header(rng: random.Random, contents: bytes) -> bytes:
    """Return a frame with another byte in its header, and right checksums."""
    at, end = rng.randrange(1, 6), header_bytes(contents)
    changed = contents[:at] + bytes([number(rng, contents[at], 8)]) + contents[at + 1 :]
    body = changed[:end] + checksum(changed[:end], 8, 7) + changed[end + 1 : -2]
    return body + checksum(body, 16, 0x8005)


def frame(start: int, samples: np.ndarray) -> bytes:
    """Return a frame of samples of one channel as they are, with the number of the first one."""
    head = b"\xff\xf9\x75\x08" + chr(start).encode() + struct.pack(">H", len(samples) - 1)
    body = head + checksum(head, 8, 7) + b"\x02" + samples.astype(">i2").tobytes()
    return body + checksum(body, 16, 0x8005)


# ---------------------------------------------------------------------------------------------------- Ogg and MP3


def ogg_file(rng: random.Random, contents: bytes) -> bytes:
    """Change the flags, the position, the number or the order of pages, or the comment."""
    from wavewright.audio.file_formats.ogg import Page, pages

    found = list(pages(BytesIO(contents)))
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.choice((rng.randrange(len(found)), len(found) - 1, len(found) - 2))
        page = found[at]
        way = rng.randrange(7)
        if way == 0:
            found[at] = replace(page, flags=page.flags ^ 1 << rng.randrange(3))
        elif way < 3:
            change = rng.choice((1, -1, 100, -100, 960, -960, 2**32, -page.position, -page.position - 1))
            found[at] = replace(page, position=page.position + change)
        elif way == 3:
            found.insert(rng.randrange(len(found) + 1), rng.choice((page, found.pop(at))))
        elif way == 4:
            found.insert(at, Page(rng.choice((0, 1, 4)), rng.choice((-1, page.position)), page.stream, 0, b"", b""))
        elif way == 5:
            found[at] = replace(page, stream=number(rng, page.stream, 32))
        else:
            found = [replace(each, stream=rng.getrandbits(32) if rng.random() < 0.1 else 7) for each in found]
    if rng.random() < 0.9:
        found = [replace(page, number=number) for number, page in enumerate(found)]
    return b"".join(page.to_bytes() for page in found)


def mp3_file(rng: random.Random, contents: bytes) -> bytes:
    """Change the first frame, which describes the others, or the tags."""
    way = rng.randrange(8)
    if way == 0:
        size = rng.choice((0, 10, 300))
        flags = rng.choice((0, 0, 0x10, 0x80))
        tag = b"ID3" + bytes([rng.choice((2, 3, 4, 5)), 0, flags, 0, 0, size >> 7, size & 127]) + bytes(size)
        return tag + contents
    if way == 1:
        end = rng.choice((b"TAG" + bytes(125), b"APETAGEX" + bytes(24), bytes(50), contents[-400:], rng.randbytes(3)))
        return contents + end
    start = max(contents.find(b"Xing"), contents.find(b"Info"), 0)
    if way < 5:
        at = start + rng.choice((0, 4, 8, 10, 12, 14, 116, 120, 124, 129, 131, 140, 141, 143, 144, 148, 152, 154))
        return contents[:at] + with_field(rng, contents[at:], "big", 8)
    if way == 5:
        return with_field(rng, contents, "big", start or 4)
    at = start + rng.randrange(500)
    return contents[:at] + bytes([number(rng, contents[at], 8)]) + contents[at + 1 :]


READERS = {"signatures": verify_as_played}
