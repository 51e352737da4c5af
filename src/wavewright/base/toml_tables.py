"""Data that users may write as TOML files: checked models, those that come with Wavewright by their names."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .errors import BadSetting, Named, printable
from .names import labelled, quoted
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

    noun: ClassVar[str] = ""  # what one of a list of them is called in messages

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
        with Named(name or f"The {self._kind}"):
            return parse_table(self._model, text, f"a {self._kind}")

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
        with Named(f"The {self._kind} {quoted(text)}"):
            contents = read_toml(path)
        return self.parse(contents, quoted(path.name))


def read_toml(path: Path, max_bytes: int = MAX_FILE_BYTES) -> str:
    """Return a text file; raise BadSetting if it cannot be read or is too large."""
    try:
        n_bytes = path.stat().st_size
        if n_bytes > max_bytes:
            raise BadSetting(f"The file has {n_bytes} bytes; at most {max_bytes} are read.")
        return read_decoded(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise BadSetting(f"The file cannot be read ({reason}); give a text file in TOML.") from error


def parse_table(model: type[ModelT], text: str, what: str) -> ModelT:
    """Return the contents of a TOML text, checked.

    - ``model``: the model of the whole file.
    - ``what``: what the file is, for messages.

    Raises BadSetting with the position of the first fault.
    """
    try:
        contents = parse_toml(text)
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"This is no TOML ({printable(str(error))}); correct it there.") from error
    try:
        return model.model_validate(contents)
    except ValidationError as error:
        raise BadSetting(_message_of(error, model, contents, what)) from error


def _message_of(error: ValidationError, model: type[BaseModel], contents: dict[str, Any], what: str) -> str:
    """Return the message of the first fault: where it is, what was given, what is allowed."""
    fault = fault_of(error)
    keys, last = list(fault.keys), ""
    if not keys or not isinstance(keys[-1], int):  # else the fault is that of a whole table
        last = str(keys.pop()) if keys else what
    value: Any = contents  # of any type, as the file has it
    table: type[BaseModel] | None = model
    words: list[str] = []
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else value[int(key)] if isinstance(value, list) else None
        if isinstance(key, str) and table is not None and key in table.model_fields:
            table = _table_in(table.model_fields[key].annotation)
        noun = getattr(table, "noun", "")
        if isinstance(key, int) and words and noun:
            name = value.get("name", "") if isinstance(value, dict) else ""
            words[-1] = labelled(noun, name if name and isinstance(name, str) else f"{noun} {key + 1}")
        else:
            words.append(f"number {key + 1}" if isinstance(key, int) else key)
    where = f"{', '.join(words) or what}: "
    if fault.kind == "missing":
        return f"{where}{last} is missing."
    if fault.kind == "extra_forbidden" and table is not None:
        return f"{where}there is no setting {quoted(last)}; there are {', '.join(table.model_fields)}."
    if fault.kind == "value_error":
        return f"{where}{last}: {printable(fault.message)}." if last else f"{where}{printable(fault.message)}."
    return f"{where}{last or 'it'} is {printable(repr(fault.value))}; {printable(fault.message)}."


def _table_in(annotation: object) -> type[BaseModel] | None:
    """Return the model of the tables in the value of a key."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)
