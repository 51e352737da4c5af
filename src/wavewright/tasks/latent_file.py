"""The latents of a sound as a .safetensors file, which says by which model they were made and what decoding has to give back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..clip import SAMPLE_RATES_HZ
from ..errors import BadAudio
from ..json_text import parse
from ..units import db_to_gain
from ..whole_file import write_whole

SUFFIX = ".safetensors"
TENSOR = "latents"
METADATA_KEY = "wavewright"  # one entry, for safetensors writes several in an order of chance
LARGEST_BYTES = 2**28  # of a file that is read; ten minutes of latents take far less
LOUDEST_DB = 200.0
SILENT_DB = -LOUDEST_DB  # the level that says that the sound was silence


class About(BaseModel):
    """What latents were made of: the model, and the sound that decoding gives, ``n_samples`` at ``sample_rate``.

    ``level_db`` was taken from the sound's level before it was encoded, SILENT_DB from silence; ``label`` is what the decoder is told, or None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Literal[1] = 1
    model: str
    model_hash: str
    sample_rate: int = Field(ge=SAMPLE_RATES_HZ[0], le=SAMPLE_RATES_HZ[1])
    n_samples: int = Field(ge=1)
    level_db: float = Field(0.0, ge=-LOUDEST_DB, le=LOUDEST_DB)
    label: str | None = None

    @property
    def gain(self) -> float:
        """What a decoded wave is multiplied by."""
        return 0.0 if self.level_db == SILENT_DB else float(db_to_gain(self.level_db))


@dataclass(frozen=True)
class LatentFile:
    """``latents (latent_size,)`` or ``(n, latent_size)`` float32, and what they were made of."""

    latents: np.ndarray
    about: About

    def write(self, path: Path) -> int:
        """Write the file whole or not at all; returns its bytes. The same latents give the same bytes."""
        from safetensors.numpy import save

        said = self.about.model_dump()
        text = json.dumps({**said, "check": _check(self.latents, said)}, sort_keys=True)
        contents = save({TENSOR: self.latents}, {METADATA_KEY: text})
        write_whole(path, contents)
        return len(contents)

    @classmethod
    def read(cls, path: Path) -> LatentFile:
        """The latents of a file; raises BadAudio for one that is missing, damaged or of another kind."""
        latents, said = _opened(path)
        check = said.pop("check", None)
        if latents.dtype != np.float32 or check != _check(latents, said):
            raise BadAudio(
                f"{path} is damaged: what it holds does not fit its check; copy it again, or encode the sound again."
            )
        try:
            return cls(latents, About.model_validate(said))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BadAudio(
                f"{path} says of its latents what cannot be ({where}: {first['msg']}); encode the sound again, or upgrade Wavewright."
            ) from error


def _opened(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """The latents of a file and what it says of them."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadAudio(
            f"{path} is a folder; give a {SUFFIX} file." if path.is_dir() else f"{path} does not exist; check the path."
        )
    n_bytes = path.stat().st_size
    if n_bytes > LARGEST_BYTES:
        raise BadAudio(f"{path} has {n_bytes:,} bytes; files of latents have at most {LARGEST_BYTES:,}: give another.")
    try:
        with safe_open(path, framework="numpy") as opened:
            said = parse((opened.metadata() or {}).get(METADATA_KEY, "null"))
            latents = opened.get_tensor(TENSOR) if said is not None else np.zeros(0)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BadAudio(
            f"{path} cannot be read as latents ({reason}); copy it again, or encode the sound again."
        ) from error
    if not isinstance(said, dict):
        raise BadAudio(f"{path} holds no latents of a sound; give a file that `wavewright encode` wrote with a VAE.")
    return latents, said


def _check(latents: np.ndarray, said: dict[str, Any]) -> str:
    """The first digits of the SHA-256 of the latents (little-endian), their shape and what is said of them."""
    words = json.dumps([said, latents.shape], sort_keys=True).encode()
    return hashlib.sha256(words + np.ascontiguousarray(latents).astype("<f4").tobytes()).hexdigest()[:16]
