"""Compare generated speech without words with held-out speech: Frechet distance and modulation spectra.

    python recipes/speech_prior.py --corpus corpora/speech --max-minutes 60
    wavewright train corpora/speech/manifest.jsonl --family lstm --set source=voice --set sample_rate=16000 \\
        --set n_fft=400 --set hop_length=160 --set n_mels=40 --set training.steps=1500 --out runs/speech-lstm
    python -m benchmarks.generation.speech --corpus corpora/speech --model runs/speech-prior --model runs/speech-lstm
    python -m benchmarks.generation.speech --corpus corpora/speech --model runs/speech-prior --seconds 10

Each clip of a model is as long as a recording of the split ``train``, or ``--seconds``, and all have one peak. Each
clip is cut into as many pieces of two seconds as it has room for, at random positions: cut from their start,
recordings would count the silence there. As many pieces of each side count; the row of the recordings is the distance
from held-out speech (split ``valid``) to training speech (split ``train``). The row ``codec`` of a prior is training
speech through its codec with as many codebooks, which no prior on it can improve on.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries, read_wave, shuffle_entries, smoke_speech
from benchmarks.harness.modulation import modulation_distance
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, Value, columns, optional
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadModel
from wavewright.families import loading
from wavewright.families.lstm.runtime import LstmRuntime
from wavewright.families.prior.runtime import PriorRuntime
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.metrics.relative_frechet import frechet_at_equal_counts

SAMPLE_RATE = 16_000
PIECE_SECONDS = 2.0
PIECE_SAMPLES = round(PIECE_SECONDS * SAMPLE_RATE)
MIN_LEVEL_DB = -50.0  # quieter pieces are pauses
PEAK = 0.95
MAX_HELD_OUT = 10_000

SPEECH = Table(
    "speech",
    columns(speech="s", pieces="d", frechet_distance=".2f", modulation_db=".2f") | optional(times_real_time=".1f"),
)


def load_speaker(name: str) -> LstmRuntime | PriorRuntime:
    """Return a model that generates clips of any length; raise BadModel for another."""
    model = loading.load(name)
    if not isinstance(model, LstmRuntime | PriorRuntime):
        raise BadModel(f"{name} does not generate clips of any length; give a prior or an LSTM.")
    return model


def recordings(corpus: Path, split: str, count: int) -> list[np.ndarray]:
    """Return at most ``count`` recordings ``(time,)`` of a split, at least a piece long, at full level."""
    entries = shuffle_entries(corpus_entries(corpus, split, min_seconds=PIECE_SECONDS), count)
    return [normalise(read_wave(entry.path, SAMPLE_RATE)) for entry in entries]


def normalise(wave: np.ndarray) -> np.ndarray:
    """Return the wave with a peak of 0.95."""
    normalised: np.ndarray = (PEAK * wave / max(np.abs(wave).max(), 1e-9)).astype(np.float32)
    return normalised


def generate(model: LstmRuntime | PriorRuntime, seconds: list[float]) -> tuple[list[np.ndarray], float]:
    """Return clips ``(time,)`` of these lengths at 16 kHz, and their speed in times real time."""
    model.generate(count=1, seconds=1.0)  # loads and compiles on its first call
    clips = []
    start = time.process_time()
    for index, length in enumerate(seconds):
        clips += model.generate(count=1, seed=SEED + index, seconds=length)
    speed = sum(seconds) / (time.process_time() - start)
    return [normalise(Clip(wave, model.sample_rate).resample(SAMPLE_RATE).wave[0]) for wave in clips], speed


def through_codec(prior: PriorRuntime, waves: list[np.ndarray]) -> list[np.ndarray]:
    """Return recordings through the codec of a prior, with the codebooks that the prior draws."""
    resampled = [Clip(wave[None], SAMPLE_RATE).resample(prior.sample_rate).wave[0] for wave in waves]
    decoded = [prior.codec.decode(prior.codec.encode(wave)[: prior.n_codebooks]) for wave in resampled]
    return [Clip(wave, prior.sample_rate).resample(SAMPLE_RATE).wave[0] for wave in decoded]


def pieces(waves: list[np.ndarray]) -> np.ndarray:
    """Return pieces of two seconds ``(n, time)`` at random positions, as many of each wave as fit, without pauses."""
    rng = np.random.default_rng(SEED)
    long_enough = [wave for wave in waves if len(wave) >= PIECE_SAMPLES]
    cut = []
    for wave in long_enough:
        for start in rng.integers(0, len(wave) - PIECE_SAMPLES + 1, len(wave) // PIECE_SAMPLES):
            cut.append(wave[start : start + PIECE_SAMPLES])
    min_rms = 10 ** (MIN_LEVEL_DB / 20)
    return np.stack([piece for piece in cut if np.sqrt(np.mean(piece**2)) > min_rms])


def row_of(name: str, held_out: np.ndarray, estimate: np.ndarray, speed: float | None = None) -> dict[str, Value]:
    """Return the distances between held-out pieces and others."""
    embedding = LogMelEmbedding(SAMPLE_RATE, PIECE_SECONDS)
    reference, embedded = (EmbeddedClips.of(embedding(side, SAMPLE_RATE)) for side in (held_out, estimate))
    n = min(len(held_out), len(estimate))
    return {
        "speech": name,
        "pieces": len(estimate),
        "frechet_distance": frechet_at_equal_counts(reference, embedded).value,
        "modulation_db": modulation_distance(held_out[:n], estimate[:n], SAMPLE_RATE),
        "times_real_time": speed,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--model", action="append", default=None, help="a model that generates without labels")
    parser.add_argument("--count", type=int, default=150, help="clips of each model, and recordings beside them")
    parser.add_argument("--seconds", type=float, default=None, help="of each clip of a model; else as the recordings")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for the recordings, for each model and for the codec of each prior."""
    loaded = {name: load_speaker(name) for name in options.model or ["runs/speech-prior"]}
    held_out = pieces(recordings(options.corpus, "valid", MAX_HELD_OUT))
    training = recordings(options.corpus, "train", options.count)
    report.add(SPEECH, row_of("recordings", held_out, pieces(training)))
    for name, model in loaded.items():
        if isinstance(model, PriorRuntime):
            report.add(SPEECH, row_of(f"codec of {name}", held_out, pieces(through_codec(model, training))))
        waves, speed = generate(model, [options.seconds or len(wave) / SAMPLE_RATE for wave in training])
        report.add(SPEECH, row_of(name, held_out, pieces(waves), speed))


BENCHMARK = Benchmark(
    __doc__,
    (SPEECH,),
    add_options,
    measure,
    smoke={"corpus": smoke_speech, "model": ["ambience"], "count": 4, "seconds": 2.0},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
