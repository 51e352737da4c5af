"""Data that users may write as TOML files: checked models, those that come with Wavewright by their names."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .errors import BadSetting, printable
from .names import quoted
from .rules import broken_rule
from .text_encoding import read_decoded
from .validation import fault_of

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_FILE_BYTES = 2**20
MAX_KEY_PARTS = 32
TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<part>\"{3}(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}|'{3}(?:[^']|'{1,2}(?!'))*+'{3,5}
    |"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[\w+-]+)|(?P<open>["'])|(?P<dot>\.)|(?P<comment>\#[^\n]*)|(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
"""Parts of keys, which look like texts, numbers and words, and what lies between them."""

MAX_SHOWN = 12


class TomlTable(BaseModel):
    """Base of the tables of a file: unknown names are errors, and rules between keys follow their fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _keeps_rules(self) -> Self:
        keys = type(self).model_fields
        defaults = {name: key.get_default(call_default_factory=True) for name, key in keys.items()}
        values = {name: getattr(self, name) for name in keys}
        if problem := broken_rule({name: key.metadata for name, key in keys.items()}, values, defaults):
            raise ValueError(problem.rstrip("."))
        return self


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML of unknown origin.

    The parser of Python takes the square of the length of dotted keys, which are therefore limited.

    Raises ValueError if it is no TOML, or a key has more than MAX_KEY_PARTS parts.
    """
    n_dots, is_part = 0, False
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "open":  # a string without an end, at which the parser stops, too
            break
        if kind == "blank":
            continue
        n_dots = n_dots + 1 if kind == "dot" and is_part else n_dots if kind == "part" and not is_part else 0
        is_part = kind == "part"
        if n_dots >= MAX_KEY_PARTS:
            line = text.count("\n", 0, token.start()) + 1
            raise ValueError(f"a key with more than {MAX_KEY_PARTS} parts at line {line}")
    return tomllib.loads(text)


def toml_value(value: object) -> str:
    """Return a text, number, list or table of them in TOML, whose strings JSON's are, but for the delete character."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {toml_value(each)}' for name, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class TomlTables(Generic[ModelT]):
    """A kind of data in TOML files.

    - ``folder``: where those are that come with Wavewright.
    - ``kind``: a noun for messages, such as ``style``.
    """

    def __init__(self, folder: Path, model: type[ModelT], kind: str) -> None:
        self._folder, self._model, self._kind = folder, model, kind
        self._loaded: dict[str, ModelT] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of those that come with Wavewright, sorted."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.toml")))

    def parse(self, text: str, name: str = "") -> ModelT:
        """Read TOML; raise BadSetting with the position of the first fault in ``name``."""
        name = name or f"The {self._kind}"
        try:
            contents = parse_toml(text)
        except (RecursionError, ValueError) as error:
            raise BadSetting(f"{name} is no TOML ({printable(str(error))}); correct it there.") from error
        try:
            return self._model.model_validate(contents)
        except ValidationError as error:
            fault = fault_of(error)
            keys = [f"number {key + 1}" if isinstance(key, int) else str(key) for key in fault.keys]
            where = f"{', '.join(keys)}: " if keys else ""
            raise BadSetting(f"{name}: {where}{printable(fault.message)}.") from error

    def load(self, name: str | Path) -> ModelT:
        """Return the data of a name, or of a TOML file.

        Raises BadSetting if there is none of this name, or the file cannot be read or is wrong.
        """
        text = str(name)
        if text in self.names:
            if text not in self._loaded:
                self._loaded[text] = self.parse((self._folder / f"{text}.toml").read_text(encoding="utf-8"), text)
            return self._loaded[text]
        path = Path(name)
        if path.suffix.lower() != ".toml":
            from difflib import get_close_matches

            likely = get_close_matches(text, self.names, MAX_SHOWN, 0.3) or self.names[:MAX_SHOWN]
            raise BadSetting(
                f"There is no {self._kind} {quoted(text)}; give one such as {', '.join(likely)}, or a file of one "
                "(.toml)."
            )
        try:
            n_bytes = path.stat().st_size
            if n_bytes > MAX_FILE_BYTES:
                raise BadSetting(f"{quoted(text)} has {n_bytes} bytes; a {self._kind} has at most {MAX_FILE_BYTES}.")
            contents = read_decoded(path, quoted(text))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise BadSetting(f"The {self._kind} {quoted(text)} cannot be read ({reason}).") from error
        return self.parse(contents, quoted(path.name))
