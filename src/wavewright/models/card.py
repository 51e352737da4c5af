"""The card of a model: configuration, sources, licence, training and metrics."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ..base.errors import BadModel
from ..base.names import MAX_SHOWN_CHARACTERS, control_character_in, name_problem, quoted
from ..base.validation import fault_of
from .consent import UNKNOWN, Consent

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT_VERSION = 1
CARD_FILE = "card.json"
READY_FOLDER = ".export-ready"
"""Subfolder with a complete new model that is replacing the old one; while it exists, it is loaded instead."""
MAX_CARD_BYTES = 2**22

ConfigT = TypeVar("ConfigT", bound="DataclassInstance")


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
    """A set of recordings that a model was trained on."""

    model_config = ConfigDict(extra="forbid")

    name: str
    licence: str
    credit: str = ""
    origin: str = Field(default="", description="public repository or distribution package, by name")
    n_clips: int = 0
    via: str = Field(default="", description="model whose weights the training started from")


class Card(BaseModel):
    """Description of a model, stored as ``card.json`` in its folder."""

    model_config = ConfigDict(extra="forbid")

    format_version: int = FORMAT_VERSION
    name: Annotated[str, _name_validator(is_file=True)]
    family: str
    description: str = ""
    config: dict[str, object] = {}
    labels: list[Annotated[str, _name_validator(is_file=False)]] = []
    sample_rate: int = Field(ge=1, le=768_000)
    licence: str = UNKNOWN
    sources: list[Source] = []
    consent: Consent | None = Field(default=None, description="of the speakers of a voice")
    recipe: dict[str, object] = {}
    training: dict[str, object] = {}
    metrics: dict[str, object] = {}
    size_reason: str = Field(default="", description="why a bundled model is larger than 5 MB")
    former_hashes: list[str] = Field(
        default=[], description="earlier hashes of the same weights and graphs, which coded files may carry"
    )
    files: Annotated[dict[str, str], AfterValidator(_checked_files)] = Field(
        default={}, description="sha256 of every other file of the folder"
    )

    @model_validator(mode="before")
    @classmethod
    def _has_no_control_characters(cls, values: object) -> object:
        """Refuse control characters, which would change the terminal that shows them."""
        character = control_character_in(values)
        if character is not None:
            raise ValueError(f"a text contains the control character {character}")
        return values

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read the card of a model folder without its config; see :func:`.families.loading.read_card`.

        Raises BadModel if the card is missing, damaged or of a newer format.
        """
        path = active_folder(Path(folder)) / CARD_FILE
        if not path.is_file():
            raise BadModel(
                f"{folder} is not a model folder: it has no {CARD_FILE}; give a folder that training wrote, or a name "
                "from `wavewright models`."
            )
        return cls.read_file(path)

    @classmethod
    def read_file(cls, path: Path) -> Card:
        """Read a card without validating its config; raise BadModel if it is damaged or of a newer format."""
        try:
            with path.open("rb") as opened:
                contents = opened.read(MAX_CARD_BYTES + 1)
        except OSError as error:
            raise BadModel(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
        if len(contents) > MAX_CARD_BYTES:
            raise BadModel(
                f"{path} is larger than {MAX_CARD_BYTES:,} bytes, which no model card is; copy the model folder again."
            )
        try:
            card = cls.model_validate_json(contents)
        except ValidationError as error:
            raise BadModel(
                f"{path} cannot be read as a model card ({_first_error(error)}); copy the model folder again."
            ) from error
        if card.format_version > FORMAT_VERSION:
            raise BadModel(
                f"{path} has format version {card.format_version}, this Wavewright reads up to {FORMAT_VERSION}; "
                "upgrade Wavewright to use it."
            )
        return card

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers in the config; empty without any."""
        names = self.config.get("speakers")
        return tuple(map(str, names)) if isinstance(names, list | tuple) else ()

    def config_as(self, kind: type[ConfigT], folder: Path) -> ConfigT:
        """Return the config as the dataclass of a family, with labels and sample rate; errors name ``folder``.

        Raises BadModel if a setting is unknown, of a wrong type or out of its range.
        """
        settings = {**self.config, "labels": self.labels, "sample_rate": self.sample_rate}
        unknown = sorted(settings.keys() - {field.name for field in dataclasses.fields(kind)})
        if unknown:
            named = ", ".join(map(quoted, unknown[:4]))
            raise BadModel(
                f"The card of {folder} has settings that no {self.family} has ({named}); upgrade Wavewright to use it."
            )
        try:
            config: ConfigT = _adapter(kind).validate_python(settings)
        except ValidationError as error:
            raise BadModel(
                f"The config on the card of {folder} is wrong ({_first_error(error, 1)}); copy the model again."
            ) from error
        return config

    def to_json(self) -> str:
        """Return the card as indented JSON."""
        return json.dumps(self.model_dump(), indent=2, ensure_ascii=False) + "\n"


def active_folder(folder: Path) -> Path:
    """Return the folder to load: the model folder itself, or a complete new model in it that is replacing it."""
    ready = folder / READY_FOLDER
    return ready if (ready / CARD_FILE).is_file() else folder


@cache
def _adapter(kind: type[ConfigT]) -> TypeAdapter[ConfigT]:
    return TypeAdapter(kind)


def _first_error(error: ValidationError, depth: int | None = None) -> str:
    """Return the location, down to a depth, and the message of the first error of a validation."""
    fault = fault_of(error)
    where = ".".join(map(str, fault.keys[:depth]))
    return f"{where[:MAX_SHOWN_CHARACTERS]}: {fault.message}" if where else fault.message
