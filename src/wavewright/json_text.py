"""Read JSON that others wrote, every fault of which is a ValueError, and write a record as one line."""

from __future__ import annotations

import json
from typing import Any

MOST_DIGITS = 400
"""Of a whole number; Python takes long for more."""


def parse(text: str) -> Any:
    """Parse JSON text; raises ValueError, with the reason, for everything that cannot be read, values nested too deep among it."""
    try:
        return json.loads(text, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from error
    except RecursionError as error:
        raise ValueError("Its values are nested too deep") from error


def line_of(record: dict[str, Any]) -> str:
    """Return a record as one line of JSON, which UTF-8 can encode; letters of all scripts stay as they are where they can."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:  # bytes of a file's name that are no text
        line = json.dumps(record)
    return line + "\n"


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"A number has {len(digits)} digits")
    return int(digits)
