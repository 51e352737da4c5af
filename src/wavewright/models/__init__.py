"""Models by name: find, list and load them."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from .. import families
from ..errors import BadModel
from ..names import quoted
from .card import CARD_FILE, Card, Source, playable
from .folder import ModelFolder

__all__ = ["Card", "ModelFolder", "Source", "bundled", "classifier_of", "find", "load", "names"]

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


def classifier_of(labels: set[str]) -> str | None:
    """The name of the first classifier that knows all of these labels, None where there is none or no label."""
    for name in names() if labels else []:
        try:
            card = Card.read(find(name))
        except BadModel:
            continue  # a damaged model elsewhere is no reason to refuse this
        if card.family == "classifier" and labels <= set(card.labels):
            return name
    return None


def load(name: str | Path) -> Any:
    """The runtime of a model, with every file compared with its hash; what it can do depends on its family.

    Raises BadModel for an unknown name, an unknown family or a damaged folder.
    """
    folder = ModelFolder(find(name))
    check_family(folder.card, folder.path)
    folder.verify()
    return families.module(folder.card.family, "runtime").open_model(folder)


def check_family(card: Card, path: Path) -> None:
    """Raise BadModel for a model of a family that this Wavewright does not know."""
    if card.family not in families.FAMILIES:
        known = ", ".join(families.FAMILIES)
        raise BadModel(
            f"{path} has the family {quoted(card.family)}; this Wavewright knows {known}: upgrade it to play this."
        )


def _is_model(path: Path) -> bool:
    return (playable(path) / CARD_FILE).is_file()


def _models_in(place: Path) -> list[Path]:
    return [path.parent for path in place.glob(f"*/{CARD_FILE}") if path.is_file()]


def _home() -> Path:
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("wavewright", appauthor=False) / "models"
