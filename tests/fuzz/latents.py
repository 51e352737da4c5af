"""Files of latents: damaged, or with wrong numbers and shapes and a valid check."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from fuzz import mutate

USES = ("vae",)

MODEL = "morph-drums"

_healthy: dict[str, Any] = {}


def WARM_UP() -> None:
    from wavewright.families import loading

    player = loading.load(MODEL)
    models_load = loading.load
    loading.load = lambda name: player if name == MODEL else models_load(name)
    wave = (np.sin(np.arange(20_000) / 12) * np.exp(-np.arange(20_000) / 4_000)).astype(np.float32)
    latents = player.encode(wave)
    metadata = {"version": 1, "model": MODEL, "model_hash": player.folder.hash, "sample_rate": player.sample_rate}
    metadata |= {"n_samples": 20_000, "level_db": -3.0, "label": player.labels[0]}
    _healthy.update(latents=latents, metadata=metadata)
    decode_latents(random.Random(0), Path.cwd(), is_damaged=False)


def decode_latents(rng: random.Random, folder: Path, is_damaged: bool = True) -> None:
    """Decode a file of latents."""
    from wavewright.audio.sound_file import open_sound
    from wavewright.tasks.decode import decode

    path = folder / "latents.safetensors"
    path.write_bytes(_damaged(rng) if is_damaged else _contents(_healthy["latents"], json.dumps(_healthy["metadata"])))
    decoded = decode(path, folder / "out.wav")
    str(decoded)
    header = open_sound(decoded.out).header
    assert (header.n_samples, header.sample_rate) == (round(decoded.seconds * decoded.sample_rate), decoded.sample_rate)
    decoded.out.unlink()


def _damaged(rng: random.Random) -> bytes:
    latents, metadata = _healthy["latents"], dict(_healthy["metadata"])
    kind = rng.randrange(6)
    if kind == 0:
        return _contents(latents, mutate.json_of(rng, metadata))
    if kind == 1:
        metadata["n_samples"] = rng.choice((1, 100, 20_001, 10**6, 2**40, 2**62))
        metadata["sample_rate"] = rng.choice((1_000, 8_000, 44_100, 768_000))
        metadata["level_db"] = rng.choice((-200.0, 0.0, 200.0, -1e-300))
        return _contents(latents, json.dumps(metadata))
    if kind == 2:
        numbers = np.random.default_rng(rng.getrandbits(32)).standard_normal(latents.shape) * rng.choice(
            (1, 1e3, 1e20, 1e38)
        )
        numbers = numbers.astype(np.float32)
        numbers.flat[0] = rng.choice((0.0, np.nan, np.inf, -np.inf, 1e38, -1e38))
        return _contents(numbers, json.dumps(metadata))
    if kind == 3:
        shape = rng.choice(
            ((), (0,), (1,), (5, 5), (0, latents.shape[-1]), (2, *latents.shape), (*latents.shape, 1), (1, 1, 1))
        )
        dtype = rng.choice(("<f4", "<f4", "<f8", "<i4", "u1", "<f2"))
        return _contents(np.zeros(shape, dtype), json.dumps(metadata))
    return mutate.bytes_of(rng, _contents(latents, json.dumps(metadata)))


def _contents(latents: np.ndarray, metadata: str) -> bytes:
    """Return a file, with a valid check where the metadata can be parsed."""
    from safetensors.numpy import save

    from wavewright.inference.latent_clips.latent_file import METADATA_KEY, TENSOR, _check

    try:
        parsed = json.loads(metadata)
        parsed["check"] = _check(latents, parsed)
        metadata = json.dumps(parsed)
        metadata.encode()
    except (ValueError, TypeError, RecursionError):
        metadata = metadata.encode("utf-8", "replace").decode()
    return save({TENSOR: latents}, {METADATA_KEY: metadata})


READERS = {"latents": decode_latents}
