"""Results of models: the model that made them, and files converted from sound or to sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from .runtime import Model


class ModelIdentity(TypedDict):
    """Name and hash of a model, as results and manifests state them."""

    model: str
    model_hash: str


def identity(model: Model) -> ModelIdentity:
    """Return the name and the hash of a model."""
    return {"model": model.name, "model_hash": model.folder.hash}


def model_text(model: str, model_hash: str) -> str:
    """Return name and hash of a model as text; an embedding without weights has no hash."""
    return f"{model} ({model_hash})" if model_hash else model


def maker(model: Model) -> str:
    """Return name and hash of a model as text."""
    return model_text(model.name, model.folder.hash)


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """The result of a model, with the name and the hash of the model."""

    model: str
    model_hash: str

    @property
    def by(self) -> str:
        """Name and hash of the model as text."""
        return model_text(self.model, self.model_hash)
