"""Perth, another mark, run by PyTorch with torchaudio."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import Any

import numpy as np

from benchmarks.harness.peers import PERTH

NEEDS = ("librosa", "torch", "torchaudio", "pkg_resources", "yaml", "scipy")
THRESHOLD = 0.5


def has_perth() -> bool:
    """Return whether Perth and what else it needs are installed."""
    return PERTH.is_installed and all(importlib.util.find_spec(name) is not None for name in NEEDS)


def marked_by_perth(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return sound ``(time,)`` with the mark of Perth, as long as it was."""
    perth: Any = _perth()
    output = np.asarray(perth.apply_watermark(wave, sample_rate=sample_rate))[: len(wave)]
    return np.pad(output, (0, len(wave) - len(output)))


def is_perths(wave: np.ndarray, sample_rate: int) -> bool:
    """Return whether Perth detects its mark."""
    perth: Any = _perth()
    wave = np.ascontiguousarray(wave, np.float32)
    return bool(np.mean(perth.get_watermark(wave, sample_rate=sample_rate)) > THRESHOLD)


@cache
def _perth() -> object:
    module = importlib.import_module("perth.perth_net.perth_net_implicit.perth_watermarker")
    perth: object = module.PerthImplicitWatermarker()
    return perth
