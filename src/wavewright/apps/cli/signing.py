"""The option ``--sign`` of the commands that write sound files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...audio.video_file import CODECS
from ...base.errors import BadSetting
from ...outputs.written_sounds import written_sounds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from ...outputs.provenance.signing import SignedFile


@dataclass(frozen=True)
class Signer:
    """Signs what a command writes.

    Attributes
    ----------
    task
        Name of the command.
    key
        Private key.
    folders
        Folders of the files that the command reads.
    """

    task: str
    key: Ed25519PrivateKey
    folders: tuple[Path, ...]

    @classmethod
    def of(cls, task: str, inputs: Mapping[str, object], out: object, stream: bool) -> Signer:
        """Open the user's key, before any work; raise BadSetting without one, for streams and kinds without signatures.

        ``inputs`` are the arguments that are files to read, ``out`` is what is to be written.
        """
        from ...outputs.provenance.keys import load_private_key

        if stream:
            raise BadSetting("A stream has no file for a signature; leave --sign out, or write a file.")
        suffix = Path(str(out or "")).suffix.lower()
        if suffix == ".m4a" or suffix in CODECS:
            raise BadSetting(f"{out} is of a kind that cannot be signed; write wav, flac, aiff, ogg, opus or mp3.")
        folders = {Path(str(value)).parent for value in inputs.values() if value is not None}
        return cls(task, load_private_key(), tuple(sorted(folders)))

    def sign(self, result: object) -> tuple[SignedFile, ...]:
        """Sign the files of a result; raise BadSetting if there is none."""
        from ...outputs.provenance.signing import sign_file

        files = written_sounds(self.task, result)
        if files is None:
            raise BadSetting("No sound file was written that could be signed; leave --sign out.")
        return tuple(sign_file(path, self.key, task=self.task, ingredient_folders=self.folders) for path in files)
