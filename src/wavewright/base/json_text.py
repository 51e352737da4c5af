"""Parse untrusted JSON, raising ValueError for every fault, and write a record as one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

MAX_DIGITS = 400
"""Largest number of digits of an integer; Python converts longer ones slowly."""

NOT_IN_JSON = {"python_only": True}
"""Metadata of a dataclass field that is omitted from JSON, such as audio."""

JsonValue: TypeAlias = Any  # of any JSON type, to be checked by the caller


def parse(text: str, has_unique_keys: bool = False) -> JsonValue:
    """Parse untrusted JSON text.

    - ``has_unique_keys``: refuse objects with a key twice, of which programs take different values.

    Raises ValueError with the reason, also for values nested too deep and numbers with too many digits.
    """
    try:
        return json.loads(text, parse_int=_whole_number, object_pairs_hook=_unique if has_unique_keys else None)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from error
    except RecursionError as error:
        raise ValueError("Its values are nested too deep") from error


def parse_sent(text: str) -> JsonValue:
    """Parse JSON text of a client as :func:`parse`; raise ValueError also for what UTF-8 cannot repeat in a reply."""
    value = parse(text)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("A text has half of a surrogate pair, which is no character") from error
    return value


def line_of(record: Mapping[str, object]) -> str:
    """Return a record as one line of JSON that UTF-8 can encode; escape non-ASCII characters only where it cannot."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:  # a file name with bytes that are not valid UTF-8
        line = json.dumps(record)
    return line + "\n"


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("An object has a key twice")
    return found


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has {len(digits)} digits")
    return int(digits)
