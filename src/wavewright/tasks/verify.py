"""Verify signed sound files and folders, and say what made them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.parameters import Quiet
from ..base.work_report import WorkReport
from ..data.each_sound import each_sound, entries_of
from ..data.entry import Entry
from ..outputs.provenance.keys import check_extra
from ..outputs.provenance.origin import installed
from ..outputs.provenance.verification import TrustedKeys, VerifiedFile, verify_file
from . import checked


@dataclass(frozen=True)
class VerifiedFolder(WorkReport):
    """Result of the verification of the files of a folder.

    Attributes
    ----------
    folder
        The folder.
    files
        Its sound files in order.
    n_verified
        Number of verified files.
    exit_code
        2 if files could not be read, else 1 unless all are verified.
    """

    folder: Path
    files: tuple[VerifiedFile, ...]
    n_verified: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.failed:
            object.__setattr__(self, "exit_code", int(self.n_verified < len(self.files)))

    def __str__(self) -> str:
        counts = f"{self.folder}: {self.n_verified} of {len(self.files) + len(self.failed)} files are verified"
        return "\n".join([*map(str, self.files), *self.failures(), counts])


@checked
def verify(
    file: Annotated[Path, Field(description="Sound file, or a folder.")],
    trust: Annotated[
        tuple[Path, ...],
        Field(description="Public key in PEM that a signature must have; may be given several times."),
    ] = (),
    quiet: Quiet = False,
) -> VerifiedFile | VerifiedFolder:
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
        return verify_file(file, trusted)
    find_model = cache(installed)

    def verify_inside(entry: Entry) -> VerifiedFile:
        return verify_file(entry.path, trusted, find_model)

    files, failed = each_sound(*entries_of([file]), f"verifying {file.name}", verify_inside, quiet)
    n_verified = sum(each.is_verified for each in files)
    return VerifiedFolder(folder=file, files=tuple(files), failed=failed, n_verified=n_verified)
