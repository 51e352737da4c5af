"""Make the key that signs, and show it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.task_parameters import checked
from ..outputs.made import Made
from ..outputs.provenance import keys as key_files
from ..outputs.provenance.keys import key_folder, own_key


@checked
def new_key(
    out: Annotated[Path | None, Field(description="Folder for the two files; default: your own data folder.")] = None,
) -> Made:
    """Make a pair of Ed25519 keys: a private one that signs, and a public one that verifies.

    Raises BadFolder if the folder has a key, which is never replaced, or cannot be written; MissingExtra without the
    extra ``sign``.
    """
    return key_files.new_key(key_folder() if out is None else out)


@checked
def show_key() -> Made:
    """Show the id and the files of your key.

    Raises BadSetting if there is no key; MissingExtra without the extra ``sign``.
    """
    return own_key()
