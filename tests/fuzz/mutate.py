"""Damage bytes, texts and JSON values at random, by a ``random.Random``."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

EXTREME_BYTES = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"\x00" * 8,
)

STRANGE_NUMBERS = (
    "0",
    "-0",
    "-1",
    "1",
    "0.5",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551617",
    "1e308",
    "-1e308",
    "1e309",
    "1e-320",
    "NaN",
    "Infinity",
    "-Infinity",
    "9" * 400,
    "-" + "9" * 400,
    "9" * 5000,
    "0." + "1" * 400,
    "1e999999999",
)
"""Numbers as Python's JSON writes and reads them."""

STRANGE_NAMES = (
    "",
    " ",
    ".",
    "..",
    "/",
    "../../../x/y",
    "/fuzz-outside",
    "C:\\x",
    "\\\\host\\share",
    "a/b",
    "a\\b",
    "con",
    "nul.wav",
    "-rf",
    "n" * 255,
    "n" * 256,
    "n" * 5_000,
    "ü" * 200,
    "a\u2028b",
    "a\nb",
    "a\x00b",
    "\x1b[2J",
    "\ud800",
    "\U0001f600",
    "\u202eabc",
    "a\tb",
    "a\x85b",
    "~",
    "$HOME",
    "%s%n",
    "{0}",
    "'; --",
    '"',
    "|",
    "*?",
    "\ufeffa",
    "a" + "\u0301" * 300,
)

STRANGE_TEXTS = (*STRANGE_NAMES, "x" * 100_000, "é" * 10_000, "1" * 1_000, "a " * 5_000)


def bytes_of(rng: random.Random, contents: bytes) -> bytes:
    """Return ``contents`` with one to eight pieces of damage of any kind."""
    changed = bytearray(contents)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        rng.choice(BYTE_DAMAGE)(rng, changed)
    return bytes(changed)


def _position(rng: random.Random, contents: bytearray) -> int:
    """Return an index, half of the times near the start, where headers are."""
    end = min(len(contents), 64) if rng.random() < 0.5 else len(contents)
    return rng.randrange(end + 1)


def _flip(rng: random.Random, contents: bytearray) -> None:
    if contents:
        contents[min(_position(rng, contents), len(contents) - 1)] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, contents: bytearray) -> None:
    if contents:
        contents[min(_position(rng, contents), len(contents) - 1)] = rng.randrange(256)


def _overwrite(rng: random.Random, contents: bytearray) -> None:
    position, extreme = _position(rng, contents), rng.choice(EXTREME_BYTES)
    contents[position : position + len(extreme)] = extreme


def _truncate(rng: random.Random, contents: bytearray) -> None:
    del contents[_position(rng, contents) :]


def _delete(rng: random.Random, contents: bytearray) -> None:
    position = _position(rng, contents)
    del contents[position : position + rng.choice((1, 2, 4, 100, 5_000))]


def _insert(rng: random.Random, contents: bytearray) -> None:
    position = _position(rng, contents)
    contents[position:position] = rng.randbytes(rng.choice((1, 2, 4, 100, 5_000)))


def _noise(rng: random.Random, contents: bytearray) -> None:
    position, n_bytes = _position(rng, contents), rng.choice((4, 30, 1_000))
    contents[position : position + n_bytes] = rng.randbytes(n_bytes)


def _repeat(rng: random.Random, contents: bytearray) -> None:
    position, n_bytes = _position(rng, contents), rng.choice((4, 30, 1_000))
    contents[position:position] = contents[position : position + n_bytes] * rng.choice((1, 1, 5))


def _move(rng: random.Random, contents: bytearray) -> None:
    position, n_bytes = _position(rng, contents), rng.choice((4, 30, 1_000))
    piece = contents[position : position + n_bytes]
    del contents[position : position + n_bytes]
    there = _position(rng, contents)
    contents[there:there] = piece


BYTE_DAMAGE: tuple[Callable[[random.Random, bytearray], None], ...] = (
    *(_flip, _flip, _set, _set, _overwrite, _overwrite),
    *(_truncate, _delete, _insert, _noise, _repeat, _move),
)


def value_of(rng: random.Random, depth: int = 0) -> str:
    """Return a strange JSON value, as JSON."""
    kind = rng.randrange(8 if depth < 3 else 4)
    if kind == 0:
        return rng.choice(STRANGE_NUMBERS)
    if kind == 1:
        return json.dumps(rng.choice(STRANGE_TEXTS))
    if kind == 2:
        return rng.choice(("null", "true", "false", "[]", "{}", '""'))
    if kind == 3:
        return str(rng.randint(-(2**40), 2**40))
    if kind == 4:
        return "[" + ", ".join(value_of(rng, depth + 1) for _ in range(rng.randrange(4))) + "]"
    if kind == 5:
        items = (
            f"{json.dumps(rng.choice(STRANGE_NAMES))}: {value_of(rng, depth + 1)}" for _ in range(rng.randrange(4))
        )
        return "{" + ", ".join(items) + "}"
    if kind == 6:
        n = rng.choice((10, 1_000, 100_000))
        opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
        return opening * n + "1" + closing * (n if rng.random() < 0.7 else 0)
    return f"{rng.uniform(-1e3, 1e3)}"


def json_of(rng: random.Random, value: Any) -> str:
    """Return ``value`` as JSON with strange, missing or additional values in some places."""
    paths = list(_paths(value))
    chosen = {paths[rng.randrange(len(paths))] for _ in range(rng.choice((1, 1, 2, 3)))}
    return _written(rng, value, (), chosen)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    paths = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        paths += _paths(item, (*path, key))
    return paths


def _written(rng: random.Random, value: Any, path: tuple[Any, ...], chosen: set[tuple[Any, ...]]) -> str:
    if path in chosen:
        return value_of(rng)
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_written(rng, item, (*path, key), chosen)}" for key, item in value.items()]
        if any(other[:-1] == path for other in chosen) and items and rng.random() < 0.2:
            del items[rng.randrange(len(items))]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(rng, item, (*path, index), chosen) for index, item in enumerate(value)) + "]"
    return json.dumps(value)


def text_of(rng: random.Random, text: str) -> str:
    """Return ``text`` with strange pieces inserted, and pieces deleted or repeated."""
    characters = list(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        position = rng.randrange(len(characters) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            characters[position:position] = rng.choice(STRANGE_TEXTS)
        elif kind == 1:
            characters[position:position] = chr(
                rng.choice((rng.randrange(32), rng.randrange(0x300), rng.randrange(0x11_0000)))
            )
        elif kind == 2:
            del characters[position : position + rng.choice((1, 3, 50))]
        elif kind == 3:
            characters[position:position] = characters[position : position + rng.choice((1, 20))] * rng.choice(
                (1, 3, 200)
            )
        else:
            characters[position:position] = rng.choice(
                ("<", ">", "&", "&#0;", "<!--", "]]>", '"', "'", "\\", "|", "\t", "\r", "#", "*")
            )
    return "".join(characters)


def encoded(rng: random.Random, text: str) -> bytes:
    """Return a text as bytes, mostly as UTF-8."""
    encoding = rng.choice(("utf-8",) * 8 + ("utf-8-sig", "utf-16", "latin-1", "utf-32"))
    return text.encode(
        encoding, "surrogatepass" if encoding.startswith("utf") and encoding != "utf-8-sig" else "replace"
    )
