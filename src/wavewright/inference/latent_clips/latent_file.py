"""Files of latents (.safetensors): one tensor, and metadata that names the model and the clip to restore."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...audio.sound_file import SAMPLE_RATES_HZ
from ...base.errors import BadAudio
from ...base.json_text import parse
from ...base.units import db_to_gain
from ...base.validation import fault_of
from ...base.whole_file import write_whole

SUFFIX = ".safetensors"
TENSOR = "latents"
METADATA_KEY = "wavewright"  # a single entry: safetensors writes several in random order
MAX_BYTES = 2**28  # of a file that is read; ten minutes of latents take far less
MAX_LEVEL_DB = 200.0
SILENT_DB = -MAX_LEVEL_DB  # level of silence


class LatentMetadata(BaseModel):
    """Metadata of a file of latents.

    - ``version``: of the format.
    - ``model``, ``model_hash``: name and hash of the model.
    - ``sample_rate``, ``n_samples``: of the decoded clip.
    - ``level_db``: level that was subtracted from the clip before encoding; SILENT_DB for silence.
    - ``label``: for the decoder, or None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Literal[1] = 1
    model: str
    model_hash: str
    sample_rate: int = Field(ge=SAMPLE_RATES_HZ[0], le=SAMPLE_RATES_HZ[1])
    n_samples: int = Field(ge=1)
    level_db: float = Field(0.0, ge=-MAX_LEVEL_DB, le=MAX_LEVEL_DB)
    label: str | None = None

    @property
    def gain(self) -> float:
        """Factor of the decoded wave."""
        return 0.0 if self.level_db == SILENT_DB else float(db_to_gain(self.level_db))


@dataclass(frozen=True)
class LatentFile:
    """Latents and their metadata."""

    latents: np.ndarray  # ``(latent_size,)`` or ``(n, latent_size)`` float32
    metadata: LatentMetadata  # the model, and the clip to restore

    def write(self, path: Path) -> int:
        """Write the file atomically and return its size in bytes; the same latents give the same bytes."""
        from safetensors.numpy import save

        fields = self.metadata.model_dump()
        text = json.dumps({**fields, "check": _check(self.latents, fields)}, sort_keys=True)
        latents = np.ascontiguousarray(self.latents, "<f4")  # safetensors stores the memory of an array, in any order
        contents = save({TENSOR: latents}, {METADATA_KEY: text})
        write_whole(path, contents)
        return len(contents)

    @classmethod
    def read(cls, path: Path) -> LatentFile:
        """Read a file; raise BadAudio if it is missing, damaged or of another kind."""
        latents, fields = _read_unchecked(path)
        check = fields.pop("check", None)
        if latents.dtype != np.float32 or check != _check(latents, fields):
            raise BadAudio(
                f"{path} is damaged: its content does not match its check; copy it again, or encode the sound again."
            )
        try:
            return cls(latents, LatentMetadata.model_validate(fields))
        except ValidationError as error:
            fault = fault_of(error)
            wrong = f"{fault.position}: {fault.message}"
            raise BadAudio(
                f"{path} has invalid metadata ({wrong}); encode the sound again, or upgrade Wavewright."
            ) from error


def _read_unchecked(path: Path) -> tuple[np.ndarray, dict[str, object]]:
    """Return the latents of a file and the fields of its metadata."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadAudio(
            f"{path} is a folder; give a {SUFFIX} file." if path.is_dir() else f"{path} does not exist; check the path."
        )
    n_bytes = path.stat().st_size
    if n_bytes > MAX_BYTES:
        raise BadAudio(f"{path} has {n_bytes:,} bytes; files of latents have at most {MAX_BYTES:,}: give another.")
    try:
        with safe_open(path, framework="numpy") as opened:
            fields = parse((opened.metadata() or {}).get(METADATA_KEY, "null"))
            latents = opened.get_tensor(TENSOR) if fields is not None else np.zeros(0)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BadAudio(
            f"{path} cannot be read as latents ({reason}); copy it again, or encode the sound again."
        ) from error
    if not isinstance(fields, dict):
        raise BadAudio(f"{path} holds no latents of a sound; give a file that `wavewright encode` wrote with a VAE.")
    return latents, fields


def _check(latents: np.ndarray, fields: dict[str, object]) -> str:
    """Return 16 digits of the SHA-256 of the metadata, the shape and the latents (little-endian)."""
    text = json.dumps([fields, latents.shape], sort_keys=True).encode()
    return hashlib.sha256(text + np.ascontiguousarray(latents).astype("<f4").tobytes()).hexdigest()[:16]
