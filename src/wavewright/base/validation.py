"""The first fault that pydantic finds in values from outside, in words for users."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

SENTENCES = {
    "greater_than_equal": "it must be at least {ge}",
    "greater_than": "it must be more than {gt}",
    "less_than_equal": "it must be at most {le}",
    "less_than": "it must be less than {lt}",
    "too_short": "it must have at least {min_length}, and has {actual_length}",
    "too_long": "it must have at most {max_length}",
    "string_too_short": "it must have at least {min_length} characters",
    "string_too_long": "it must have at most {max_length} characters",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "finite_number": "it must be a finite number",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "it must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "it must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "it must be true or false"),
    **dict.fromkeys(("tuple_type", "list_type"), "it must be a list"),
    **dict.fromkeys(("dict_type", "model_type"), "it must be a table"),
    "string_type": "it must be text",
    "extra_forbidden": "there is no such key",
}
"""By the type of a fault, with its limits; of other types pydantic's own words are shown."""


class Fault(NamedTuple):
    """A value that is not allowed: its kind for pydantic, its position, itself, and what is allowed."""

    kind: str
    keys: tuple[int | str, ...]
    value: object
    message: str

    @property
    def position(self) -> str:
        """The keys with dots between them."""
        return ".".join(map(str, self.keys))


def fault_of(error: ValidationError) -> Fault:
    """Return the first fault of a validation."""
    first = error.errors()[0]
    limits = first.get("ctx", {}).items()
    shown = {name: int(each) if isinstance(each, float) and each.is_integer() else each for name, each in limits}
    own = first["msg"].removeprefix("Value error, ").rstrip(".")
    sentence = SENTENCES.get(first["type"])
    message = sentence.format_map(shown) if sentence else own[:1].lower() + own[1:]
    return Fault(first["type"], first["loc"], first["input"], message)
