"""Packages of optional extras, looked up before work that needs them starts."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import MissingExtra, how_to_install

TRAINING_PACKAGES = {"torch": "PyTorch", "onnx": "onnx", "threadpoolctl": "threadpoolctl"}
"""Modules without which nothing is trained, and their names for users; PyTorch is often installed without the rest."""


def check_training(what: str, **more: str) -> None:
    """Check that the packages of training are installed.

    - ``more``: further modules of the extra ``train``, and their names for users.

    Raises MissingExtra with the names of all that are missing.
    """
    packages = TRAINING_PACKAGES | more
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise MissingExtra(f"{what} {_joined(missing)}, which {verb} not installed: {how_to_install('train')}.")


def training_problem() -> str:
    """Return why nothing can be trained here, or an empty text."""
    try:
        check_training("Training needs")
    except MissingExtra as error:
        return str(error)
    return ""


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
