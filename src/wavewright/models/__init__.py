"""Model folders by name: search them and list them."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from ..errors import BadModel
from .card import CARD_FILE, Card, Source, active_folder
from .folder import ModelFolder

__all__ = ["Card", "ModelFolder", "Source", "bundled", "find", "names", "search_path"]

HOME_VARIABLE = "WAVEWRIGHT_HOME"
RUNS_FOLDER = "runs"
BUNDLED_FOLDER = Path(__file__).parent / "bundled"


def search_path() -> list[Path]:
    """Return the folders with models, in the order of the search: runs, the user's model folder, the bundled models."""
    return [Path(RUNS_FOLDER), _home(), BUNDLED_FOLDER]


def names() -> list[str]:
    """Return the sorted names of all models in the folders of `search_path`."""
    return sorted({path.name for folder in search_path() for path in _models_in(folder)})


def bundled() -> list[str]:
    """Return the sorted names of the models that are part of the installation."""
    return sorted(path.name for path in _models_in(BUNDLED_FOLDER))


def find(name: str | Path) -> Path:
    """Return the folder of a model.

    Parameters
    ----------
    name
        Path of a model folder, or name of a model in one of the folders of `search_path`.

    Raises
    ------
    BadModel
        If there is no such model.
    """
    path = Path(name)
    if _is_model(path):
        return path
    if len(path.parts) != 1 or path.is_absolute():
        if path.is_dir():
            Card.read(path)  # raises BadModel with what the folder lacks
        raise BadModel(
            f"There is no model folder {path}; give a folder that training wrote, or a name from `wavewright models`."
        )
    for folder in search_path():
        if _is_model(folder / path):
            return folder / path
    nearest = difflib.get_close_matches(str(name), names(), n=3, cutoff=0.4)
    hint = f"the nearest are {', '.join(nearest)}; " if nearest else ""
    raise BadModel(f"There is no model {str(name)!r}; {hint}`wavewright models` lists all.")


def _is_model(path: Path) -> bool:
    return (active_folder(path) / CARD_FILE).is_file()


def _models_in(folder: Path) -> list[Path]:
    return [path.parent for path in folder.glob(f"*/{CARD_FILE}") if path.is_file()]


def _home() -> Path:
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("wavewright", appauthor=False) / "models"
