"""Signs the sound files of jobs with the key of the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ....base.errors import WavewrightError, sentence_of
from .task_job import TaskJob

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class JobSigner:
    """Signs what jobs wrote. The processes of jobs have no key: they run what clients ask for.

    - ``key``: private key.
    """

    key: Ed25519PrivateKey

    def sign(self, job: TaskJob, sounds: Sequence[str]) -> list[str]:
        """Sign sound files of a job by their paths; return a sentence for each one that is not signed."""
        from ....outputs.provenance.signing import sign_file

        problems = []
        for path in map(job.folder.joinpath, sounds):
            if not _is_in(job.folder, path):
                continue  # a file that was given, or one of another folder
            try:
                sign_file(path, self.key, task=job.prepared.task.name)
            except (WavewrightError, OSError) as error:
                problems.append(f"{path.name} is not signed: {sentence_of(error)}")
        return problems


def _is_in(folder: Path, path: Path) -> bool:
    """Whether a path is a file of a folder, and no link."""
    return path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder.resolve())
