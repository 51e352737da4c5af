"""Parse untrusted JSON, raising ValueError for every fault, and write a record as one line."""

from __future__ import annotations

import json
from typing import Any

MOST_DIGITS = 400
"""Largest number of digits of an integer; Python takes long to convert more."""


def parse(text: str) -> Any:
    """Parse JSON text; raise ValueError with the reason where that fails, also for values nested too deep."""
    try:
        return json.loads(text, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from error
    except RecursionError as error:
        raise ValueError("Its values are nested too deep") from error


def line_of(record: dict[str, Any]) -> str:
    """Return a record as one line of JSON that UTF-8 can encode; escape non-ASCII characters only where it cannot."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:  # a file name with bytes that are not valid UTF-8
        line = json.dumps(record)
    return line + "\n"


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"A number has {len(digits)} digits")
    return int(digits)
