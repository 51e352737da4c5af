"""Gliding voices of known pitch, and the recipe of a tiny vocoder that is trained on them for a moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from wavewright.audio.clip import Clip
from wavewright.families.vocoder.config import SIZES
from wavewright.families.vocoder.recipe import VocoderDataSettings, VocoderRecipe, recipe

SAMPLE_RATE = 16_000
TINY = replace(SIZES["tiny"], sample_rate=SAMPLE_RATE)


def glide(seconds: float = 0.8, low_hz: float = 110.0, high_hz: float = 150.0, sample_rate: int = SAMPLE_RATE):
    """Return a voice ``(time,)`` of ten partials whose pitch rises linearly, and its phase in periods ``(time,)``."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    phase = low_hz * time + (high_hz - low_hz) * time**2 / (2 * seconds)
    partials = [np.cos(2 * np.pi * k * phase) / k for k in range(1, 11)]
    return (0.15 * np.sum(partials, axis=0)).astype(np.float32), phase


def write_voices(folder: Path) -> Path:
    """Write eight voices, each with a little noise."""
    for index in range(8):
        wave, _ = glide(0.8, 100 + 10 * index, 140 + 10 * index)
        noise = 0.01 * np.random.default_rng(index).standard_normal(len(wave))
        Clip((wave + noise).astype(np.float32)[None], SAMPLE_RATE).write(folder / f"{index}.wav")
    return folder


def tiny_recipe(data: VocoderDataSettings | None = None) -> VocoderRecipe:
    """Return the recipe of four steps of a tiny vocoder, two of them with critics."""
    base = recipe("tiny")
    training = replace(base.training, steps=4, batch_size=2, threads=1, evaluate_every=4, metric="valid/mel")
    training = replace(training, precision="float32", weight_bits=16, product_bits=32)  # exported as trained
    model = replace(TINY, adversarial_from=2)
    return VocoderRecipe(model, data or VocoderDataSettings(crop_frames=12, valid_fraction=0.3), training)
