"""Load a model of one family."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from wavewright.base.errors import BadModel
from wavewright.contracts.runtime import Model
from wavewright.families import loading

Runtime = TypeVar("Runtime", bound=Model)


def load_as(runtime: type[Runtime], name: str | Path) -> Runtime:
    """Return a model by name or folder; raise BadModel if its family does not run as ``runtime``."""
    model = loading.load(name)
    if not isinstance(model, runtime):
        raise BadModel(f"{name} is a {model.card.family}, which this benchmark does not measure; name another model.")
    return model
