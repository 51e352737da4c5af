"""The card of a model: what it is, where its sound came from, how it was trained and what was measured."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ..errors import BadModel
from ..names import LONGEST_SHOWN, control_character_in, name_problem, quoted

FORMAT_VERSION = 1
CARD_FILE = "card.json"
READY_FOLDER = ".export-ready"
"""Subfolder with a complete new model that is replacing the old one; while it exists, it is loaded instead."""
LARGEST_CARD_BYTES = 2**22

Config = TypeVar("Config")


def _name_validator(is_file: bool) -> AfterValidator:
    """Return the validator of a name, or of one that becomes a file name."""

    def check(name: str) -> str:
        problem = name_problem(name, is_file)
        if problem is not None:
            raise ValueError(f"the name {quoted(name)} {problem}")
        return name

    return AfterValidator(check)


def _checked_files(files: dict[str, str]) -> dict[str, str]:
    for name in files:
        if name == CARD_FILE or name_problem(name, is_file=True) is not None:
            raise ValueError(f"{quoted(name)} is listed; a card may list plain file names of its own folder only")
    return files


class Source(BaseModel):
    """One set of recordings that a model learned from."""

    model_config = ConfigDict(extra="forbid")

    name: str
    licence: str
    credit: str = ""
    origin: str = Field("", description="public repository or distribution package, by name")
    n_clips: int = 0


class Card(BaseModel):
    """Everything that is known of a model, stored as ``card.json`` in its folder."""

    model_config = ConfigDict(extra="forbid")

    format_version: int = FORMAT_VERSION
    name: Annotated[str, _name_validator(is_file=True)]
    family: str
    description: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
    labels: list[Annotated[str, _name_validator(is_file=False)]] = Field(default_factory=list)
    sample_rate: int = Field(ge=1, le=768_000)
    licence: str = "unknown"
    sources: list[Source] = Field(default_factory=list)
    recipe: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    size_reason: str = Field(default="", description="why a bundled model is larger than 5 MB")
    former_hashes: list[str] = Field(
        default_factory=list, description="earlier hashes of the same weights and graphs, which coded files may carry"
    )
    files: Annotated[dict[str, str], AfterValidator(_checked_files)] = Field(
        default_factory=dict, description="sha256 of every other file of the folder"
    )

    @model_validator(mode="before")
    @classmethod
    def _has_no_control_characters(cls, given: Any) -> Any:
        """Refuse control characters, which would change the terminal that shows them."""
        found = control_character_in(given)
        if found is not None:
            raise ValueError(f"a text contains the control character {found}")
        return given

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read the card of a model folder, without validating its config; see :func:`wavewright.loading.read_card`.

        Raises BadModel where the card is missing, damaged or from a newer format.
        """
        path = playable(Path(folder)) / CARD_FILE
        if not path.is_file():
            raise BadModel(
                f"{folder} is not a model folder: it has no {CARD_FILE}; give a folder that training wrote, or a name from "
                "`wavewright models`."
            )
        return cls.read_file(path)

    @classmethod
    def read_file(cls, path: Path) -> Card:
        """Read a card without validating its config; raise BadModel where it is damaged or from a newer format."""
        try:
            card = cls.model_validate_json(_contents(path))
        except ValidationError as error:
            raise BadModel(
                f"{path} cannot be read as a model card ({_first_error(error)}); copy the model folder again."
            ) from error
        if card.format_version > FORMAT_VERSION:
            raise BadModel(
                f"{path} has format version {card.format_version}, this Wavewright reads up to {FORMAT_VERSION}; upgrade "
                "Wavewright to play it."
            )
        return card

    def config_as(self, kind: type[Config], folder: Path) -> Config:
        """Return the config as the dataclass ``kind`` of a family, with the card's labels and sample rate.

        Raises BadModel, which names ``folder``, for a setting that is unknown, of a wrong type or out of its range.
        """
        given = {**self.config, "labels": self.labels, "sample_rate": self.sample_rate}
        unknown = sorted(given.keys() - {field.name for field in dataclasses.fields(kind)})  # type: ignore[arg-type]
        if unknown:
            named = ", ".join(map(quoted, unknown[:4]))
            raise BadModel(
                f"The card of {folder} has settings that no {self.family} has ({named}); upgrade Wavewright to play it."
            )
        try:
            config: Config = _adapter(cast("Any", kind)).validate_python(given)
            return config
        except ValidationError as error:
            raise BadModel(
                f"The config on the card of {folder} is wrong ({_first_error(error, 1)}); copy the model again."
            ) from error

    def to_json(self) -> str:
        """The card as indented JSON."""
        return json.dumps(self.model_dump(), indent=2, ensure_ascii=False) + "\n"


def playable(folder: Path) -> Path:
    """Return the folder to load: the model folder itself, or the complete new model in it that replaces it."""
    ready = folder / READY_FOLDER
    return ready if (ready / CARD_FILE).is_file() else folder


def _contents(path: Path) -> bytes:
    """Return the bytes of a card; raise BadModel where it cannot be read or is far too large."""
    try:
        with path.open("rb") as opened:
            contents = opened.read(LARGEST_CARD_BYTES + 1)
    except OSError as error:
        raise BadModel(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if len(contents) > LARGEST_CARD_BYTES:
        raise BadModel(
            f"{path} is larger than {LARGEST_CARD_BYTES:,} bytes, which no model card is; copy the model folder again."
        )
    return contents


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _first_error(error: ValidationError, depth: int | None = None) -> str:
    """Return the location, down to a depth, and the message of the first error of a validation."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][:depth])
    what = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{where[:LONGEST_SHOWN]}: {what}" if where else what
