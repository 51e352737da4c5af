"""Verify signed sound files and folders, and say what made them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.parameters import Quiet
from ..base.result import Result
from ..base.runner import each_item
from ..base.task_parameters import checked
from ..data.entry import Entry
from ..data.folder import entries_of, items_of
from ..outputs.provenance.keys import check_extra
from ..outputs.provenance.origin import installed
from ..outputs.provenance.verification import TrustedKeys, VerifiedFile, verify_file


@dataclass(frozen=True, kw_only=True)
class Verified(Result):
    """Result of the verification of sound files, in their order."""

    sounds: tuple[VerifiedFile, ...]

    @property
    def exit_code(self) -> int:
        """2 if files could not be read, else 1 unless all are verified."""
        return super().exit_code or int(not all(each.is_verified for each in self.sounds))

    def __str__(self) -> str:
        n_files, n_verified = len(self.sounds) + len(self.failed), sum(each.is_verified for each in self.sounds)
        counts = [f"{n_verified} of {n_files} files are verified"] if n_files > 1 else []
        return "\n".join([*map(str, self.sounds), *self.endings(), *counts])


@checked
def verify(
    file: Annotated[Path, Field(description="Sound file, or a folder.")],
    trust: Annotated[
        tuple[Path, ...],
        Field(description="Public key in PEM that a signature must have; may be given several times."),
    ] = (),
    quiet: Quiet = False,
) -> Verified:
    """Verify the signature of a sound file, or of all of a folder: who signed it, whether it changed, what made it.

    The records beside the file and in its metadata are compared with the sound. Whatever they are, a change of other
    metadata or of the name is no change of the sound. Where the model that made the sound is installed, what it learned
    from is listed. The exit code is 1 unless every file is verified.

    Raises BadAudio if the only file cannot be read; BadFolder if a folder contains no sound; BadSetting if a file of
    ``trust`` is no public key; MissingExtra without the extra ``sign``.
    """
    check_extra()
    trusted = TrustedKeys.read(trust)
    if not file.is_dir():
        return Verified(sounds=(verify_file(file, trusted),))
    find_model = cache(installed)

    def verify_inside(entry: Entry) -> VerifiedFile:
        return verify_file(entry.path, trusted, find_model)

    entries, unread = entries_of([file])
    files, failed = each_item([*unread, *items_of(entries)], lambda: verify_inside, f"verifying {file.name}", quiet)
    return Verified(sounds=files, failed=failed)
