"""Replace the model in a folder such that, whenever the process is killed, either the old or the new model is complete.

The new model is written into a hidden folder inside the model folder, which is then renamed to READY_FOLDER, in one
step. From then on the new model is loaded from there (:func:`.card.active_folder`) while its files replace the old
ones. At last the hidden folder is renamed, again in one step, and deleted. The next process that writes into the folder
completes a replacement that was interrupted and removes left-over files.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..base.errors import BadModel
from ..base.interruption import uninterrupted
from .card import CARD_FILE, READY_FOLDER, Card, active_folder

PREFIX = ".export-"
"""Prefix of the names of hidden files and folders."""


def replace_model(folder: Path, prepared: Path) -> None:
    """Replace the model in a folder by that of a hidden subfolder; files that only the present one has are deleted."""
    with uninterrupted():
        _finish(folder)
        prepared.rename(folder / READY_FOLDER)
        finish_replacing(folder)


def finish_replacing(folder: Path) -> None:
    """Complete an interrupted replacement, and delete left-over files."""
    with uninterrupted():
        _finish(folder)
        for left_over in folder.glob(f"{PREFIX}*"):
            if left_over.is_dir() and not left_over.is_symlink():
                shutil.rmtree(left_over, ignore_errors=True)
            else:
                left_over.unlink(missing_ok=True)


def _finish(folder: Path) -> None:
    """Move the files of a model in READY_FOLDER into ``folder``, the card last; without one, do nothing."""
    ready = folder / READY_FOLDER
    if active_folder(folder) != ready:
        shutil.rmtree(ready, ignore_errors=True)
        return
    new = Card.read(folder).files.keys()
    for name in new:
        _put(ready / name, folder / name)
    for name in _files_of(folder) - new:
        (folder / name).unlink(missing_ok=True)
    _put(ready / CARD_FILE, folder / CARD_FILE)
    ready.rename(folder / f"{PREFIX}{secrets.token_hex(4)}")


def _put(source: Path, target: Path) -> None:
    """Link or copy ``source`` to ``target``, replacing an existing file in one step."""
    temporary = target.with_name(f"{PREFIX}{secrets.token_hex(4)}")
    link_or_copy(source, temporary)
    temporary.replace(target)


def link_or_copy(source: Path, target: Path) -> None:
    """Create a hard link, or a copy if the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _files_of(folder: Path) -> set[str]:
    """Return the file names on the card that lies directly in a folder; an empty set if it cannot be read."""
    with suppress(BadModel):
        return {*Card.read_file(folder / CARD_FILE).files}
    return set()
