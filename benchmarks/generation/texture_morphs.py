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
from wavewright.dsp.mel import mel_spectrogram, power_to_db
from wavewright.families.lstm.config import LstmConfig
from wavewright.families.lstm.frames import frames_to_wave, wave_to_frames
from wavewright.families.vae.runtime import VaeRuntime

SEED = 5
N_FFT, HOP, N_MELS = 2048, 512, 80
RANGE_DB = 80.0  # of a spectrogram that is compared
MIN_SECONDS = 3.0  # of a recording that is morphed
SECOND = 1.0  # of a morph that is embedded

RECONSTRUCTIONS = Table("reconstructions", columns(method="s", clips="d", log_mel_db=".2f"))


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


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, default=Path("corpora/effects"))
    parser.add_argument("--model", default="morph-textures")
    parser.add_argument("--count", type=int, default=30, help="recordings that are reconstructed")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure reconstructions."""
    model = load_as(VaeRuntime, options.model)
    entries = corpus_entries(options.corpus, "valid")
    chosen = draw_entries(entries, min(options.count, len(entries)), SEED)
    add_reconstructions(model, [read_wave(entry.path, model.sample_rate) for entry in chosen], report)


BENCHMARK = Benchmark(__doc__, (RECONSTRUCTIONS,), add_options, measure, smoke={"corpus": smoke_textures, "count": 2})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
