"""Model folders by name: search them and list them."""

from __future__ import annotations

import difflib
import errno
import os
from contextlib import suppress
from pathlib import Path

from ..base.errors import BadModel, printable
from ..base.names import quoted
from .card import CARD_FILE, Card, Source, active_folder
from .folder import ModelFolder

__all__ = ["Card", "ModelFolder", "Source", "bundled", "find", "names", "search_path"]

HOME_VARIABLE = "WAVEWRIGHT_HOME"
RUNS_FOLDER = "runs"
BUNDLED_FOLDER = Path(__file__).parent / "bundled"
SEARCH_FILE, BEST_RUN = "tune.json", "best"
"""Of the folder of a search for settings: its result, and the model folder of its best run."""


def search_path() -> list[Path]:
    """Return the folders with models, in the order of the search: runs, the user's model folder, the bundled models."""
    return [Path(RUNS_FOLDER), _home(), BUNDLED_FOLDER]


def names() -> list[str]:
    """Return the sorted names of all models in the folders of `search_path`."""
    return sorted({path.name for folder in search_path() for path in _models_in(folder)})


def bundled() -> list[str]:
    """Return the sorted names of the models that are part of the installation."""
    return sorted(path.name for path in _models_in(BUNDLED_FOLDER))


def search(name: str | Path) -> Path | None:
    """Return the folder of a model as :func:`find`, None if there is none."""
    path = Path(name)
    is_name = len(path.parts) == 1 and not path.is_absolute()
    places = (path, *(folder / path for folder in search_path() if is_name))
    return next((found for place in places if (found := _model_at(place)) is not None), None)


def find(name: str | Path) -> Path:
    """Return the folder of a model.

    - ``name``: path of a model folder, or of a search for settings, which stands for its best run; or the name of a
      model or a search in one of the folders of `search_path`.

    Raises BadModel if there is no such model.
    """
    if (found := search(name)) is not None:
        return found
    path = Path(name)
    if len(path.parts) != 1 or path.is_absolute():
        with suppress(OSError):  # of a name that is too long
            if path.is_dir():
                Card.read(path)  # raises BadModel with what the folder lacks
        raise BadModel(
            f"There is no model folder {printable(str(path))}; give a folder that training wrote, or a name from "
            "`wavewright models`."
        )
    nearest = difflib.get_close_matches(str(name), names(), n=3, cutoff=0.4)
    hint = f"the nearest are {', '.join(nearest)}; " if nearest else ""
    raise BadModel(f"There is no model {quoted(str(name))}; {hint}`wavewright models` lists all.")


def _model_at(path: Path) -> Path | None:
    """Return the model folder at a path: itself, or the best run of a search; None if it is neither."""
    try:
        folders = (path, path / BEST_RUN) if (path / SEARCH_FILE).is_file() else (path,)
        return next((folder for folder in folders if (active_folder(folder) / CARD_FILE).is_file()), None)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file has such a name
            return None
        raise


def _models_in(folder: Path) -> list[Path]:
    """Return the folders of the models and the searches in a folder."""
    models = [path.parent for path in folder.glob(f"*/{CARD_FILE}") if path.is_file()]
    return models + [path.parent for path in folder.glob(f"*/{SEARCH_FILE}") if _model_at(path.parent) is not None]


def _home() -> Path:
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("wavewright", appauthor=False) / "models"
