"""Compare embeddings by how well they tell speakers apart: the one of ``wavewright audit --voices``, and others.

    python -m benchmarks.speech.speaker_separation --corpora corpora/speech corpora/prompts corpora/digits

Utterances are joined from the recordings of each speaker as the audit does it, twelve of each. ``limit`` is the 99.9th
percentile of the similarities of different speakers, ``above`` the fraction of pairs of one speaker that exceed it.
``mfcc`` are means and deviations of 24 coefficients. Embeddings other than Resemblyzer's are standardised over all
utterances first. Each corpus has its own microphones, so all rows are better than between recordings of one room.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.fft import dct

from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_digits
from benchmarks.harness.peers import RESEMBLYZER
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.auditing.voices import PERCENTILE, SAMPLE_RATE, speaker_embedder, utterances
from wavewright.dsp.mel import mel_spectrogram, power_to_db
from wavewright.families import loading

N_UTTERANCES = 12
N_RECORDINGS = 120  # of a speaker

SEPARATION = Table(
    "speaker separation",
    columns(embedding="s", speakers="d", utterances="d", equal_error_percent=".1f", limit=".3f", above_percent=".1f"),
)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Embed utterances of all speakers by each embedding, and compare all pairs."""
    waves: list[np.ndarray] = []
    speakers: list[str] = []
    for corpus in options.corpora:
        entries = corpus_entries(corpus)
        for speaker in sorted({entry.speaker for entry in entries if entry.speaker}):
            chosen = shuffle_entries([e for e in entries if e.speaker == speaker], N_RECORDINGS)
            joined = list(utterances([read_wave(entry.path, SAMPLE_RATE) for entry in chosen], SAMPLE_RATE))
            waves += joined[:N_UTTERANCES]
            speakers += [speaker] * len(joined[:N_UTTERANCES])
    encoder = loading.load_encoder("sound-encoder")
    embeddings: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
        "mfcc": (mfcc_statistics, True),
        "sound-encoder": (lambda wave: encoder.embed(wave[None], SAMPLE_RATE)[0], True),
    }
    if RESEMBLYZER.is_installed:
        embeddings[RESEMBLYZER.name] = (speaker_embedder(), False)
    names = np.array(speakers)
    for name, (embed, is_standardised) in embeddings.items():
        rows = np.stack([embed(wave) for wave in waves])
        rows = (rows - rows.mean(0)) / np.maximum(rows.std(0), 1e-9) if is_standardised else rows
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        upper = np.triu_indices(len(rows), 1)
        is_same, similarities = (names[:, None] == names)[upper], (rows @ rows.T)[upper]
        if is_same.all():  # one speaker alone
            is_same[::2] = False
        same, different = similarities[is_same], similarities[~is_same]
        limit = np.percentile(different, PERCENTILE)
        report.add(
            SEPARATION,
            {
                "embedding": name,
                "speakers": len(set(speakers)),
                "utterances": len(waves),
                "equal_error_percent": 100 * equal_error(same, different),
                "limit": float(limit),
                "above_percent": 100 * float((same > limit).mean()),
            },
        )


def equal_error(same: np.ndarray, different: np.ndarray) -> float:
    """Return the error at the limit where as many pairs of one speaker are below it as of different ones above it."""
    limits = np.sort(np.concatenate([same, different]))
    missed = np.searchsorted(np.sort(same), limits) / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), limits) / len(different)
    return float(np.maximum(missed, accepted).min())


def mfcc_statistics(wave: np.ndarray) -> np.ndarray:
    """Return means and deviations of the cepstra of a wave ``(time,)``, without quiet frames."""
    mel_db = power_to_db(mel_spectrogram(wave, SAMPLE_RATE, 512, 160, 40), floor=1e-6)
    level = mel_db.mean(axis=0)
    cepstra = dct(mel_db[:, level > level.max() - 30], axis=0, norm="ortho")[1:25]
    return np.concatenate([cepstra.mean(axis=1), cepstra.std(axis=1)])


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpora", type=Path, nargs="+", default=[Path("corpora/speech"), Path("corpora/digits")])


def _smoke_corpora(folder: Path) -> list[Path]:
    return [smoke_digits(folder)]


BENCHMARK = Benchmark(__doc__ or "", (SEPARATION,), _options, measure, {"corpora": _smoke_corpora})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
