"""A codec of means, which codes each frame as its mean, level by level; and codes by formula."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from wavewright.contracts.runtime import Codec
from wavewright.dsp.stream import ChunkStream, WaveStream
from wavewright.families import loading
from wavewright.families.codec.wwc import TOTAL
from wavewright.families.codec.wwc.contexts import (
    DTYPES,
    TABLE_SIZE,
    ContextTables,
    n_groups_for,
    table_shapes,
)
from wavewright.families.codec.wwc.range_coder import RangeCoder, entropy_bits, quantised_frequencies

SAMPLE_RATE, HOP_LENGTH = 16_000, 320
N_CODEBOOKS, CODEBOOK_SIZE = 4, 32


class MeansEncoder(ChunkStream[np.ndarray]):
    """Each frame's mean, quantised; a frame of zeros has the code -1."""

    def __init__(self) -> None:
        self.held = np.zeros(0, np.float32)

    def push(self, wave: np.ndarray) -> np.ndarray:
        held = np.concatenate([self.held, wave])
        n_frames = len(held) // HOP_LENGTH
        self.held = held[n_frames * HOP_LENGTH :]
        return self.codes(held[: n_frames * HOP_LENGTH].reshape(n_frames, HOP_LENGTH))

    def finish(self) -> np.ndarray:
        padded = np.zeros((1 if len(self.held) else 0, HOP_LENGTH), np.float32)
        padded.ravel()[: len(self.held)] = self.held
        return self.codes(padded)

    def codes(self, frames: np.ndarray) -> np.ndarray:
        left = (frames.mean(axis=1, dtype=np.float64) + 1.0) / 2.0  # [0, 1]
        codes = np.zeros((N_CODEBOOKS, len(frames)), np.int16)
        for level in range(N_CODEBOOKS):
            codes[level] = np.clip(np.floor(left * CODEBOOK_SIZE), 0, CODEBOOK_SIZE - 1)
            left = left * CODEBOOK_SIZE - codes[level]
        codes[:, ~frames.any(axis=1)] = -1
        return codes


class MeansDecoder(WaveStream):
    """Constant frames, each given when the next one is known: a look-ahead of one frame."""

    def __init__(self, n_codebooks: int) -> None:
        self.n_codebooks = n_codebooks
        self.held = np.zeros((n_codebooks, 0), np.int16)

    def push(self, codes: np.ndarray) -> np.ndarray:
        held = np.concatenate([self.held, codes], axis=1)
        self.held = held[:, -1:]
        return self.wave(held[:, :-1])

    def finish(self) -> np.ndarray:
        return self.wave(self.held)

    def wave(self, codes: np.ndarray) -> np.ndarray:
        steps = CODEBOOK_SIZE ** -np.arange(1.0, self.n_codebooks + 1)
        means = 2.0 * (steps @ codes + steps[-1] / 2) - 1.0
        return np.repeat(np.where(codes[0] == -1, 0.0, means), HOP_LENGTH).astype(np.float32)


class Hashed:
    """The folder of a model that has no former hashes."""

    def __init__(self, model_hash: str) -> None:
        self.hash = model_hash

    @property
    def hashes(self) -> tuple[str, ...]:
        return (self.hash,)


class MeansCodec(Codec):
    """All that tasks need of a codec, without a model folder."""

    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH
    n_codebooks, codebook_size, latency_samples = N_CODEBOOKS, CODEBOOK_SIZE, HOP_LENGTH

    def __init__(self, model_hash: str = "0123456789ab") -> None:
        self.card = SimpleNamespace(name="means", family="codec")
        self.folder = Hashed(model_hash)
        self.frequencies = np.full((N_CODEBOOKS, CODEBOOK_SIZE), TOTAL // CODEBOOK_SIZE, np.uint32)  # 5 bits a code
        self.labels = ()

    def encoder(self) -> MeansEncoder:
        return MeansEncoder()

    def decoder(self, n_codebooks: int | None = None) -> MeansDecoder:
        return MeansDecoder(N_CODEBOOKS if n_codebooks is None else n_codebooks)

    @property
    def has_context_model(self) -> bool:
        return False

    def entropy_coder(self, n_codebooks: int, with_context: bool) -> RangeCoder:
        return RangeCoder(self.frequencies[:n_codebooks])

    def mean_code_bits(self, with_past: bool) -> np.ndarray:
        return entropy_bits(self.frequencies)


def numbers(n: int, seed: int = 1) -> np.ndarray:
    """``n`` numbers of 31 bits by a linear congruence (Park and Miller, 1988), the same on every machine for ever."""
    values = []
    for _ in range(n):
        seed = seed * 48_271 % (2**31 - 1)
        values.append(seed)
    return np.array(values, dtype=np.int64)


def drawn_codes(n_channels: int, n_codebooks: int, n_frames: int, codebook_size: int, seed: int = 1) -> np.ndarray:
    """Codes ``(n_channels, n_codebooks, n_frames)`` int16 of which low ones are frequent, and some frames silent."""
    first, second, silent = numbers(3 * n_channels * n_codebooks * n_frames, seed).reshape(
        3, n_channels, n_codebooks, n_frames
    )
    codes = np.minimum(first % codebook_size, second % codebook_size).astype(np.int16)
    is_silent = (silent[:, 0] // 1000 % 100 < 8) | (
        silent[:, 0, np.maximum(np.arange(n_frames) - 1, 0)] // 1000 % 100 < 8
    )
    return np.where(is_silent[:, None], np.int16(-1), codes)


def table(n_codebooks: int, codebook_size: int) -> np.ndarray:
    """Frequencies ``(n_codebooks, codebook_size)`` of codes drawn as by :func:`drawn_codes`."""
    return quantised_frequencies(drawn_codes(1, n_codebooks, 500, codebook_size, seed=7)[0], codebook_size)


def drawn_contexts(n_codebooks: int, codebook_size: int, seed: int = 5) -> ContextTables:
    """ContextTables of numbers by formula, which make some codes far more frequent than others."""
    drawn_shapes = {
        name: shape
        for name, shape in table_shapes(n_codebooks, codebook_size).items()
        if name not in ("order", "table", "millibits")
    }
    largest = {
        "inside": 60,
        "back": 40,
        "unknown": 30,
        "mix": 40,
        "mix_bias": 50,
        "bias": 90,
        "group_bias": 900,
        "code_bias": 900,
    }
    drawn = (
        numbers(sum(math.prod(shape) for shape in drawn_shapes.values()) + n_codebooks * codebook_size, seed) // 1_000
    )
    tensors, position = {}, n_codebooks * codebook_size
    for name, shape in drawn_shapes.items():
        count, most = math.prod(shape), largest.get(name, 25)
        tensors[name] = (drawn[position : position + count] % (2 * most + 1) - most).reshape(shape).astype(DTYPES[name])
        position += count
    n_groups = n_groups_for(codebook_size)
    most_parts = TOTAL // max(n_groups, codebook_size // n_groups)
    return ContextTables(
        order=np.argsort(drawn[: n_codebooks * codebook_size].reshape(n_codebooks, -1), axis=1, kind="stable").astype(
            np.int16
        ),
        table=np.array([max(1, (most_parts >> n // 8) - n) for n in range(TABLE_SIZE)], np.int32),
        millibits=np.full((2, n_codebooks), 1_000 * (codebook_size.bit_length() - 1), np.int32),
        **tensors,
    )


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> MeansCodec:
    """The codec of means as the model ``speech-codec``, the only codec there is, and ``folder`` as working folder."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "home"))
    means = MeansCodec()
    load = loading.load
    monkeypatch.setattr(loading, "load", lambda name: means if name == "speech-codec" else load(name))
    monkeypatch.setattr(loading, "_hashes_of", lambda capability: {"speech-codec": means.folder.hashes})
    return means


def steps(n_samples: int, n_channels: int = 1, seed: int = 0) -> np.ndarray:
    """Return sound that the codec of means preserves: constant frames, some silent, the last one maybe partial."""
    n_frames = -(-n_samples // HOP_LENGTH)
    means = np.random.default_rng(seed).uniform(-0.9, 0.9, (n_channels, n_frames)).astype(np.float32)
    means[:, n_frames // 2 : n_frames // 2 + 3] = 0.0
    return np.repeat(means, HOP_LENGTH, axis=1)[:, :n_samples]


def sine(n_samples: int, sample_rate: int, n_channels: int = 1) -> np.ndarray:
    """Slow sines ``(n_channels, n_samples)``, which change little in a frame."""
    time = np.arange(n_samples) / sample_rate
    return np.stack([0.5 * np.sin(2 * np.pi * (2 + channel) * time) for channel in range(n_channels)]).astype(
        np.float32
    )


def check_any_bytes(coder, codebook_size):
    """Decode random and constant bytes with a coder of three codebooks; the codes must be those of the codebooks."""
    rng = np.random.default_rng(3)
    for n_bytes in (0, 1, 5, 60, 2_000):
        for payload in (rng.bytes(n_bytes), b"\xff" * n_bytes, bytes(n_bytes)):
            codes = coder.decode(payload, 2, 60)
            assert codes.shape == (2, 3, 60)
            assert codes.min() >= -1
            assert codes.max() < codebook_size
