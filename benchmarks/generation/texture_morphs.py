"""Measure the bundled model ``morph-textures``: reconstructions, morphs over time, and transfers.

    python -m benchmarks.generation.texture_morphs --corpus corpora/effects

The recordings are those of the split ``valid``. The error of a reconstruction is the mean difference of log-mel
spectrograms (80 bands, dB, above -80 dB of the loudest); its peer is Griffin-Lim from the mel spectrogram itself. Pairs
of a morph are from two folders of the corpus. Their distances are those of log-mel embeddings of the first, the middle
and the last second; a crossfade of the two recordings is the peer. A transfer should have the levels over time of the
one recording and the spectrum of the other; the peers have the one or the other by their construction: the second
recording with the levels of the first, and the first with the mean spectrum of the second by an equaliser.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_textures
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.base.units import db_to_gain
from wavewright.data.entry import Entry
from wavewright.dsp.mel import hz_to_mel, mel_spectrogram, mel_to_hz, power_to_db
from wavewright.families.lstm.config import LstmConfig
from wavewright.families.lstm.frames import frames_to_wave, wave_to_frames
from wavewright.families.vae.morphing import match_levels
from wavewright.families.vae.runtime import VaeRuntime
from wavewright.metrics.embeddings import LogMelEmbedding

SEED = 5
N_FFT, HOP, N_MELS = 2048, 512, 80
RANGE_DB = 80.0  # of a spectrogram that is compared
MIN_SECONDS = 3.0  # of a recording that is morphed
SECOND = 1.0  # of a morph that is embedded

RECONSTRUCTIONS = Table("reconstructions", columns(method="s", clips="d", log_mel_db=".2f"))
MORPHS = Table("morphs over time", columns(method="s", pairs="d", start=".2f", middle=".2f", end=".2f", detour=".2f"))

TRANSFERS = Table(
    "transfers", columns(method="s", pairs="d", level_correlation=".2f", spectrum_db=".1f", texture_position=".2f")
)


def mel_db(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the log-mel spectrogram of ``wave (time,)`` in dB, ``(bands, frames)``."""
    return power_to_db(mel_spectrogram(wave, sample_rate, N_FFT, HOP, N_MELS), range_db=None)


def error_db(wave: np.ndarray, reference: np.ndarray, sample_rate: int) -> float:
    """Return the mean difference of two log-mel spectrograms, in dB."""
    n = min(len(wave), len(reference))
    levels, expected = (mel_db(each[:n], sample_rate) for each in (wave, reference))
    floor = expected.max() - RANGE_DB
    return float(np.abs(np.maximum(levels, floor) - np.maximum(expected, floor)).mean())


def by_griffin_lim(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a wave ``(time,)`` from the mel spectrogram of another, with phases by fast Griffin-Lim."""
    config = LstmConfig(
        sample_rate=sample_rate, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS, source="griffin-lim", n_iterations=32
    )
    return frames_to_wave(wave_to_frames(wave, config), config, np.random.default_rng(SEED), len(wave))


def crossfade(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a wave that changes from ``a`` to ``b (time,)`` with equal power."""
    t = np.linspace(0, np.pi / 2, len(a))
    return np.asarray(np.cos(t) * a + np.sin(t) * b, np.float32)


def add_reconstructions(model: VaeRuntime, waves: Sequence[np.ndarray], report: Report) -> None:
    """Add the errors of the model and of Griffin-Lim."""
    methods: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "latents": lambda wave: model.vary(wave, 0.0, residual=0.0)[0][0],
        "latents and residual": lambda wave: model.vary(wave, 0.0)[0][0],
        f"Griffin-Lim of {N_MELS} bands": lambda wave: by_griffin_lim(wave, model.sample_rate),
    }
    for method, function in methods.items():
        errors = [error_db(function(wave), wave, model.sample_rate) for wave in waves]
        report.add(RECONSTRUCTIONS, {"method": method, "clips": len(errors), "log_mel_db": float(np.mean(errors))})


def add_morphs(model: VaeRuntime, pairs: Sequence[tuple[np.ndarray, np.ndarray]], report: Report) -> None:
    """Add where the morphs are at their start, in the middle and at their end: 0 at the one sound, 1 at the other."""
    methods: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "morph": lambda a, b: model.morph(a, b, over_time=True)[0][0],
        "without residual": lambda a, b: model.morph(a, b, over_time=True, residual=0.0)[0][0],
        "crossfade": crossfade,
    }
    n = round(SECOND * model.sample_rate)
    embedding = LogMelEmbedding(model.sample_rate, SECOND)
    for method, function in methods.items():
        positions, detours = [], []
        for a, b in pairs:
            morphed = function(a, b)
            starts = (0, (len(morphed) - n) // 2, len(morphed) - n)
            first, last, made = (np.stack([wave[start : start + n] for start in starts]) for wave in (a, b, morphed))
            vectors_a, vectors_b, vectors = (embedding(waves, model.sample_rate) for waves in (first, last, made))
            to_a, to_b = (np.linalg.norm(vectors - ends, axis=1) for ends in (vectors_a, vectors_b))
            positions.append(to_a / (to_a + to_b))
            detours.append((to_a[1] + to_b[1]) / np.linalg.norm(vectors_a[1] - vectors_b[1]))
        start, middle, end = np.mean(positions, axis=0)
        row = {"method": method, "pairs": len(pairs), "start": start, "middle": middle, "end": end}
        report.add(MORPHS, row | {"detour": float(np.mean(detours))})


def with_spectrum(a: np.ndarray, b: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return ``a (time,)`` with the mean spectrum of ``b`` in mel bands, by a filter without delay."""
    n_fft = len(a) + len(a) % 2
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    centres_hz = mel_to_hz(np.linspace(0, hz_to_mel(sample_rate / 2), N_MELS + 2))[1:-1]
    gains_db = mean_bands_db(b, sample_rate) - mean_bands_db(a, sample_rate)
    gains = db_to_gain(np.interp(frequencies, centres_hz, gains_db.clip(-40, 40)))
    return np.asarray(np.fft.irfft(np.fft.rfft(a, n_fft) * gains, n_fft)[: len(a)], np.float32)


def mean_bands_db(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the mean power of ``wave (time,)`` in mel bands relative to that of all, in dB, at least -80."""
    power = mel_spectrogram(wave, sample_rate, N_FFT, HOP, N_MELS).mean(axis=-1)
    return np.asarray(10 * np.log10(np.maximum(power / power.sum(), 1e-8)))


def levels_db(wave: np.ndarray) -> np.ndarray:
    """Return the levels of ``wave (time,)`` in hops, in dB, at most 60 below the loudest."""
    levels = 10 * np.log10(np.square(wave[: len(wave) // HOP * HOP]).reshape(-1, HOP).mean(axis=1) + 1e-12)
    return np.asarray(np.maximum(levels, levels.max() - 60.0))


def add_transfers(model: VaeRuntime, pairs: Sequence[tuple[np.ndarray, np.ndarray]], report: Report) -> None:
    """Add how much of a transfer is the rhythm of the one sound, and how much the sound of the other.

    The correlation is that of levels over time with the first sound, the spectrum the mean difference of mel bands from
    the second, and the position that of log-mel embeddings of all seconds: 0 at the first sound, 1 at the second.
    """
    rate = model.sample_rate
    methods: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "transfer": lambda a, b: model.transfer(a, b)[0],
        "second with the levels of the first": lambda a, b: match_levels(b, a, HOP),
        "first with the spectrum of the second": lambda a, b: with_spectrum(a, b, rate),
    }
    n = round(SECOND * rate)
    embedding = LogMelEmbedding(rate, SECOND)
    for method, function in methods.items():
        rows = []
        for a, b in pairs:
            made = function(a, b)
            segments = [each[: len(each) // n * n].reshape(-1, n) for each in (a, b, made)]
            of_a, of_b, of_made = (embedding(waves, rate).mean(axis=0) for waves in segments)
            to_a, to_b = (float(np.linalg.norm(of_made - of)) for of in (of_a, of_b))
            correlation = np.corrcoef(levels_db(made), levels_db(a))[0, 1]
            difference = np.abs(mean_bands_db(made, rate) - mean_bands_db(b, rate)).mean()
            rows.append((correlation, difference, to_a / (to_a + to_b)))
        correlation, difference, position = np.mean(rows, axis=0)
        row = {"method": method, "pairs": len(pairs), "level_correlation": correlation, "spectrum_db": difference}
        report.add(TRANSFERS, row | {"texture_position": position})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/effects"))
    parser.add_argument("--model", default="morph-textures")
    parser.add_argument("--count", type=int, default=30, help="recordings that are reconstructed")
    parser.add_argument("--pairs", type=int, default=20, help="morphs")


def draw_pairs(entries: Sequence[Entry], count: int) -> list[tuple[Entry, Entry]]:
    """Return pairs of recordings from two folders."""
    rng, pairs = np.random.default_rng(SEED), []
    while len(pairs) < count:
        a, b = (entries[row] for row in rng.choice(len(entries), 2, replace=False))
        if Path(a.path).parent != Path(b.path).parent or len({Path(entry.path).parent for entry in entries}) == 1:
            pairs.append((a, b))
    return pairs


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure reconstructions and morphs."""
    model = load_as(VaeRuntime, options.model)
    entries = corpus_entries(options.corpus, "valid")
    chosen = draw_entries(entries, min(options.count, len(entries)), SEED)
    add_reconstructions(model, [read_wave(entry.path, model.sample_rate) for entry in chosen], report)
    long = corpus_entries(options.corpus, "valid", min_seconds=MIN_SECONDS)
    pairs = []
    for a, b in draw_pairs(long, options.pairs):
        waves = [read_wave(entry.path, model.sample_rate) for entry in (a, b)]
        n = min(map(len, waves))
        pairs.append((waves[0][:n], waves[1][:n]))
    add_morphs(model, pairs, report)
    add_transfers(model, pairs, report)


BENCHMARK = Benchmark(
    __doc__,
    (RECONSTRUCTIONS, MORPHS, TRANSFERS),
    add_options,
    measure,
    smoke={"corpus": smoke_textures, "count": 2, "pairs": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
