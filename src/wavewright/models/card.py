"""The card of a model: what it is, where its sound came from, how it was trained and what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import BadModel

FORMAT_VERSION = 1
CARD_FILE = "card.json"
SPEAKING = "acoustic"  # the family whose models are voices


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
    name: str = Field(min_length=1)
    family: str
    description: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
    labels: list[str] = Field(default_factory=list)
    sample_rate: int = Field(ge=1, le=768_000)
    licence: str = "unknown"
    sources: list[Source] = Field(default_factory=list)
    recipe: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict, description="sha256 of every other file of the folder")

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read ``card.json``; raises BadModel where it is missing, damaged or from a newer format."""
        path = Path(folder) / CARD_FILE
        if not path.is_file():
            raise BadModel(
                f"{folder} is not a model folder: it has no {CARD_FILE}; give a folder that training wrote, or a name from `wavewright models`."
            )
        try:
            text = path.read_bytes()
        except OSError as error:
            raise BadModel(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
        try:
            card = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadModel(
                f"{path} cannot be read as a model card ({where}: {first['msg']}); copy the model folder again."
            ) from error
        if card.format_version > FORMAT_VERSION:
            raise BadModel(
                f"{path} has format version {card.format_version}, this Wavewright reads up to {FORMAT_VERSION}; upgrade Wavewright to play it."
            )
        return card

    @property
    def speakers(self) -> tuple[str, ...] | None:
        """The speakers of a model that speaks texts, none where it has one without a name; None for other models."""
        return tuple(self.config.get("speakers", ())) if self.family == SPEAKING else None

    def voices(self, name: str) -> tuple[str, ...]:
        """The names of the voices of a model that is found as ``name``: ``<name>-<speaker>``, or its own."""
        if self.speakers is None:
            return ()
        return tuple(f"{name}-{speaker}" for speaker in self.speakers) or (name,)

    def to_json(self) -> str:
        """The card as indented JSON."""
        return json.dumps(self.model_dump(), indent=2, ensure_ascii=False) + "\n"
