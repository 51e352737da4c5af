"""Replaces the model in a folder by a new one, so that whenever the process is killed, one of the two is whole and plays.

The new model is written into a hidden folder in the model folder, which is then renamed to READY_FOLDER, in one step. From then on
the new model plays, from there (:func:`.card.playable`), while its files take the places of the old ones; at last the hidden folder
is renamed away, again in one step, and deleted. What a killed process leaves over is finished and swept by the next one that writes.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..errors import BadModel
from .card import CARD_FILE, READY_FOLDER, Card, playable

PREFIX = ".export-"
"""How the names of hidden files and folders begin."""


def replace_model(folder: Path, prepared: Path) -> None:
    """Replace the model in ``folder``, if there is one, by that in ``prepared``, a hidden folder in it.

    Files of the old model that the new one does not have are deleted.
    """
    _finish(folder)
    prepared.rename(folder / READY_FOLDER)
    finish_replacing(folder)


def finish_replacing(folder: Path) -> None:
    """Finish what a killed process has begun, and delete what it left over."""
    _finish(folder)
    for left_over in folder.glob(f"{PREFIX}*"):
        if left_over.is_dir() and not left_over.is_symlink():
            shutil.rmtree(left_over, ignore_errors=True)
        else:
            left_over.unlink(missing_ok=True)


def _finish(folder: Path) -> None:
    """Put the files of a model that is ready into their places, the card last; where none is, nothing is done."""
    ready = folder / READY_FOLDER
    if playable(folder) != ready:
        shutil.rmtree(ready, ignore_errors=True)
        return
    new = Card.read(folder).files.keys()
    for name in new:
        _put(ready / name, folder / name)
    for name in _files_of(folder) - new:
        (folder / name).unlink(missing_ok=True)
    _put(ready / CARD_FILE, folder / CARD_FILE)
    ready.rename(folder / f"{PREFIX}{secrets.token_hex(4)}")


def _put(source: Path, place: Path) -> None:
    """Give a file a second name, in the place of what has it."""
    temporary = place.with_name(f"{PREFIX}{secrets.token_hex(4)}")
    link_or_copy(source, temporary)
    temporary.replace(place)


def link_or_copy(source: Path, place: Path) -> None:
    """Give a file a second name, or copy it where the disk knows no links."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _files_of(folder: Path) -> set[str]:
    """Return the names of the files that the card in a folder itself lists; none where it cannot be read."""
    with suppress(BadModel):
        return {*Card.read_file(folder / CARD_FILE).files}
    return set()
