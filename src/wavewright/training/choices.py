"""Choose the family, the recipe, the base and the recordings of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from .. import families
from ..base.errors import BadSetting
from ..contracts.recipe import Recipe
from ..contracts.settings import override
from ..data.entry import Scan
from ..data.parameters import FolderParameters
from ..data.scores import scan_scores
from ..models import find
from ..models.folder import ModelFolder

DEFAULT_FAMILY = "gan"


def scan_for(family: str, folder: Path, source: FolderParameters) -> Scan:
    """Return the recordings of a folder, or its scores for a family that learns from scores."""
    if families.family(family).learns_from_scores:
        return scan_scores(folder)
    return source.scan(folder)


def choose_recipe(
    family: str, size: str, settings: Sequence[str] = (), device: str = "cpu", base: ModelFolder | None = None
) -> Recipe:
    """Return the recipe of a family and size, or of fine-tuning ``base``, with overrides ``name=value``.

    Raises BadSetting if a name is unknown, a value is out of its range or the device is not available.
    """
    chosen = families.family(family)
    if size not in chosen.sizes:
        raise BadSetting(f"There is no size {size!r}; {family} has {', '.join(chosen.sizes)}.")
    _check_device(device)
    recipe: Recipe = chosen.recipe(size) if base is None else chosen.fine_tuning(base)
    usual_device = recipe.training.device
    recipe = override(recipe, settings)
    if recipe.training.device != usual_device:
        raise BadSetting("The device is no setting of --set; give it with --device.")
    if base is None and recipe.training.base_weight:
        raise BadSetting(
            "training.base_weight is the weight of the model that a run starts from; give one with --from."
        )
    return replace(recipe, training=replace(recipe.training, device=device))


def family_of(base: str | Path | None) -> str:
    """Return the family of the model that training starts from, and without one the usual family."""
    return DEFAULT_FAMILY if base is None else ModelFolder(find(base)).card.family


def open_base(base: str | Path, family: str | None) -> ModelFolder:
    """Open the model that training starts from; raise BadModel if it is damaged, BadSetting if of another family."""
    folder = ModelFolder(find(base))
    folder.verify()
    if family and folder.card.family not in (family, *families.family(family).starts_from):
        raise BadSetting(
            f"{folder.path} is of the family {folder.card.family}, and a training starts from a model of its own, "
            f"{family}: give another --from."
        )
    return folder


def _check_device(device: str) -> None:
    available = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    if device not in available:
        raise BadSetting(f"The device {device!r} is not available; this machine has {', '.join(available)}.")
