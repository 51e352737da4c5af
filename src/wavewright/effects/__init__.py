"""Effects on sound: frozen settings that process a whole wave, or open a stream for one of any length."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import *  # noqa: F403


def __getattr__(name: str) -> Any:  # noqa: ANN401 - of any of the public names
    """Return a public name of `catalogue`, which imports all effects; commands import the few that they use."""
    return getattr(import_module(".catalogue", __name__), name)


def __dir__() -> list[str]:
    """Return the public names of `catalogue`, for completion."""
    return sorted(import_module(".catalogue", __name__).__all__)
