"""Results of models: the model that made them, and files converted from sound or to sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from .runtime import Model


class ModelIdentity(TypedDict):
    """Name and hash of a model, as results and manifests state them."""

    model: str
    model_hash: str


def identity(model: Model) -> ModelIdentity:
    """Return the name and the hash of a model."""
    return {"model": model.name, "model_hash": model.folder.hash}


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """The result of a model, with the name and the hash of the model."""

    model: str
    model_hash: str

    @property
    def made_by(self) -> str:
        """Name and hash of the model as text; an embedding without weights has no hash."""
        return f"{self.model} ({self.model_hash})" if self.model_hash else self.model


@dataclass(frozen=True, kw_only=True)
class ConvertedFile(ModelResult):
    """A file ``out`` that a model made of ``file``; ``seconds`` and ``sample_rate``, in Hz, are those of the sound."""

    out: Path
    file: Path
    seconds: float
    sample_rate: int
