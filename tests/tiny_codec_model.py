"""A tiny codec with fresh weights, exported like a real one, and the sounds that its codebooks are placed by."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from wavewright.audio.clip import Clip
from wavewright.data.folder import scan
from wavewright.families.codec.config import SIZES
from wavewright.families.codec.modules import CodecAutoencoder
from wavewright.families.codec.recipe import CodecDataSettings, CodecPrepared, CodecRecipe, prepare, recipe
from wavewright.families.codec.training import CodecTraining
from wavewright.models.card import Card
from wavewright.training.export import export_copy, export_model

TINY = SIZES["tiny"]


def write_glides(folder: Path) -> Path:
    """Twenty gliding tones with noise, 0.7 s at 16 kHz."""
    time = np.arange(11_200) / 16_000
    for index in range(20):
        rng = np.random.default_rng(index)
        tone = np.sin(2 * np.pi * np.cumsum(rng.uniform(100, 400) * (1 + rng.uniform(-0.5, 1) * time)) / 16_000)
        wave = (0.4 * tone**3 + 0.02 * rng.standard_normal(len(time))).astype(np.float32)
        Clip(wave[None], 16_000).write(folder / f"{index}.wav")
    return folder


def prepared(folder: Path, cache: Path, **model: object) -> CodecPrepared:
    """The sounds of a folder as a tiny codec learns from them; ``model`` changes its config."""
    tiny = recipe("tiny")
    data = CodecDataSettings(crop_frames=12, valid_fraction=0.3)
    training = dataclasses.replace(tiny.training, batch_size=3, metric="valid/mel")
    return prepare(
        CodecRecipe(dataclasses.replace(tiny.model, **model), data, training), scan(folder, "none").entries, cache
    )


def export_codec(sounds: Path, cache: Path, model_folder: Path, **model: object) -> CodecAutoencoder:
    """Write a codec to a model folder, its codebooks set by one batch; return its network as exported."""
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, **model)
    data = prepared(sounds, cache, **model)
    codec = CodecTraining().build(config)
    for step in (0, TINY.unquantised_steps):
        batch = {name: torch.as_tensor(array) for name, array in data.batches(step).items()}
        codec.turns(step)[0][1](batch)
    with torch.no_grad():  # as training leaves them: no two alike
        for parameter in codec.autoencoder.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    card = Card(
        name=model_folder.name, family="codec", config=dataclasses.asdict(config), labels=[], sample_rate=16_000
    )
    export_model(model_folder, card, CodecTraining().export(codec.autoencoder.eval(), data))
    return export_copy(codec.autoencoder)  # type: ignore[return-value]


def drawn_codes(n_frames, seed=0, n_codebooks=4):
    """Codes of which some frames are silent."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 64, (n_codebooks, n_frames)).astype(np.int16)
    codes[:, rng.random(n_frames) < 0.2] = -1
    return codes
