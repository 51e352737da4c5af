"""Checks that every effect passes: streams in random blocks, types, shapes, short and bad sounds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio
from wavewright.effects import Effect


def noise(n_samples: int, n_channels: int = 2, seed: int = 0, level: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((n_channels, n_samples))).astype(np.float32)


def tone(hz: float, sample_rate: int, seconds: float, peak: float = 1.0, n_channels: int = 1) -> np.ndarray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.tile(peak * np.sin(2 * np.pi * hz * time), (n_channels, 1)).astype(np.float32)


def cuts(n_samples: int, seed: int, longest: int) -> list[int]:
    """Random block boundaries; some blocks are empty."""
    rng = np.random.default_rng(seed)
    edges = [0]
    while edges[-1] < n_samples:
        edges.append(min(n_samples, edges[-1] + int(rng.integers(0, longest + 1))))
    return edges


def in_blocks(effect: Effect, wave: np.ndarray, sample_rate: int, edges: list[int]) -> np.ndarray:
    stream = effect.stream(SoundFormat(sample_rate, len(wave)))
    pieces = stream.process_blocks(wave[:, a:b] for a, b in pairwise(edges))
    return np.concatenate([np.zeros((stream.n_output_channels, 0), np.float32), *pieces], axis=1)


def check_streams(effect: Effect, sample_rate: int = 16_000, n_channels: int = 2, n_samples: int = 3_000) -> None:
    wave = noise(n_samples, n_channels)
    before = wave.copy()
    whole = effect(wave, sample_rate)
    np.testing.assert_array_equal(wave, before)
    assert whole.dtype == np.float32
    assert np.isfinite(whole).all()
    for seed, longest in enumerate((2, 40, 700, n_samples)):
        edges = cuts(n_samples, seed, longest)
        np.testing.assert_array_equal(in_blocks(effect, wave, sample_rate, edges), whole)
    singly = list(range(n_samples + 1))
    np.testing.assert_array_equal(in_blocks(effect, wave, sample_rate, singly), whole)


def check_edges(effect: Effect, sample_rate: int = 16_000, n_channels: int = 2, keeps_length: bool = True) -> None:
    for n_samples in (0, 1, 2):
        wave = noise(n_samples, n_channels)
        processed = effect(wave, sample_rate)
        assert processed.dtype == np.float32
        assert np.isfinite(processed).all()
        if keeps_length:
            assert processed.shape[1] == n_samples
    silence = effect(np.zeros((n_channels, 500), np.float32), sample_rate)
    assert np.abs(silence).max(initial=0.0) < 1e-3
    for bad in (np.nan, np.inf):
        wave = noise(50, n_channels)
        wave[-1, 20] = bad
        with pytest.raises(BadAudio, match="not finite"):
            effect(wave, sample_rate)
    with pytest.raises(BadAudio, match="channels"):
        effect.stream(SoundFormat(sample_rate, n_channels)).push(noise(50, n_channels + 1))


def check_effect(effect: Effect, **sizes: int) -> None:
    check_streams(effect, **sizes)
    sizes.pop("n_samples", None)
    check_edges(effect, **sizes)
