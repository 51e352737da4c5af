"""Model folders by name: find and list them."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from ..errors import BadModel
from .card import CARD_FILE, Card, Source, playable
from .folder import ModelFolder

__all__ = ["Card", "ModelFolder", "Source", "bundled", "find", "names"]

HOME_VARIABLE = "WAVEWRIGHT_HOME"
RUNS_FOLDER = "runs"
BUNDLED_FOLDER = Path(__file__).parent / "bundled"


def places() -> list[Path]:
    """The folders that hold models by name, first found first played: runs here, the user's own, the bundled ones."""
    return [Path(RUNS_FOLDER), _home(), BUNDLED_FOLDER]


def names() -> list[str]:
    """The names of all models that ``find`` finds without a path, sorted."""
    return sorted({path.name for place in places() for path in _models_in(place)})


def bundled() -> list[str]:
    """The names of the models that came with the installation, sorted."""
    return sorted(path.name for path in _models_in(BUNDLED_FOLDER))


def find(name: str | Path) -> Path:
    """The folder of a model: a path, or a name in ``runs/``, the user's model folder or the bundled models, in this order.

    Raises BadModel for a name that is in none of them.
    """
    path = Path(name)
    if _is_model(path):
        return path
    if len(path.parts) != 1 or path.is_absolute():
        if path.is_dir():
            Card.read(path)  # raises: it says what the folder lacks
        raise BadModel(
            f"There is no model folder {path}; give a folder that training wrote, or a name from `wavewright models`."
        )
    for place in places():
        if _is_model(place / path):
            return place / path
    nearest = difflib.get_close_matches(str(name), names(), n=3, cutoff=0.4)
    hint = f"the nearest are {', '.join(nearest)}; " if nearest else ""
    raise BadModel(f"There is no model {str(name)!r}; {hint}`wavewright models` lists all.")


def _is_model(path: Path) -> bool:
    return (playable(path) / CARD_FILE).is_file()


def _models_in(place: Path) -> list[Path]:
    return [path.parent for path in place.glob(f"*/{CARD_FILE}") if path.is_file()]


def _home() -> Path:
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("wavewright", appauthor=False) / "models"
