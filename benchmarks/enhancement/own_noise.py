"""Measure what minutes of training on a noise of one's own gain over the bundled denoiser.

    python -m benchmarks.enhancement.own_noise --noise FOLDER --train-speech corpora/speech --speech corpora/prompts

``--noise`` is a folder of recordings of one noise, such as a fan or a keyboard. Two thirds of it are for training, with
the speech of ``--train-speech``, by ``wavewright train`` on one thread for ``--minutes`` each: the size ``tiny`` from
the beginning, and the bundled model further (``--from``). Sentences of speakers that no model has heard are mixed with
the other third at ``--ratios``; wide-band PESQ and SI-SDR in dB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.enhancement.denoise import LEVEL_DB, active_rms, model_denoiser
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_ambience, smoke_speech
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns, optional
from benchmarks.speech.judges import SAMPLE_RATE, Judges, add_judge_options, mean_interval
from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain
from wavewright.data.folder import scan
from wavewright.metrics.paired import si_sdr_db

TRAIN_SHARE = 2 / 3
GAP_SECONDS = 0.05  # between recordings of the noise in a mixture
SEED = 5
MIN_GAIN = 0.3  # of PESQ over the bundled model

OWN_NOISE = Table(
    "noise of one's own",
    columns(noise="s", denoiser="s", minutes="g", snr_db="s", clips="d")
    | optional(pesq=".2f")
    | columns(si_sdr_db=".1f"),
)


def split_noise(folder: Path, train_folder: Path) -> np.ndarray:
    """Write two thirds of the recordings of a folder as files for training; return the rest as one wave."""
    waves = [read_wave(entry.path, SAMPLE_RATE) for entry in scan(folder).entries]
    order = np.random.default_rng(SEED).permutation(len(waves))
    n_left = int(TRAIN_SHARE * sum(map(len, waves)))
    train_folder.mkdir(parents=True)
    rest: list[np.ndarray] = []
    for index in order:
        part, remaining = waves[index][:n_left], waves[index][n_left:]
        n_left -= len(part)
        if len(part) > SAMPLE_RATE // 20:
            Clip(part[None], SAMPLE_RATE).write(train_folder / f"{index}.flac")
        rest += [remaining, np.zeros(int(GAP_SECONDS * SAMPLE_RATE), np.float32)] if len(remaining) else []
    return np.concatenate(rest)


def train(noise: Path, out: Path, options: argparse.Namespace, *arguments: str) -> None:
    """Run ``wavewright train`` on a folder of noise."""
    command = [sys.executable, "-m", "wavewright", "train", str(noise), "--speech", str(options.train_speech)]
    command += ["--out", str(out), "--max-minutes", f"{options.minutes:g}", "--set", "training.threads=1", *arguments]
    if options.steps:
        command += ["--set", f"training.steps={options.steps}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--noise", type=Path, default=Path("corpora/own-noise"), help="recordings of one noise")
    parser.add_argument("--train-speech", type=Path, default=Path("corpora/speech"), help="folder of clean speech")
    parser.add_argument("--speech", type=Path, default=Path("corpora/prompts"), help="a corpus of other speakers")
    parser.add_argument("--split", default="test")
    parser.add_argument("--base", default="denoise-16k", help="the bundled model")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=0, help="of each training; default: what the minutes permit")
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--ratios", type=float, nargs="+", default=[0.0, 5.0, 10.0])
    add_judge_options(parser)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each denoiser and ratio, and the gain over the bundled one."""
    judges = Judges(options, report, with_pesq=True)
    entries = draw_entries(corpus_entries(options.speech, options.split, min_seconds=1.5), options.count)
    sentences = [read_wave(entry.path, SAMPLE_RATE) for entry in entries]
    sentences = [wave * np.float32(db_to_gain(LEVEL_DB) / active_rms(wave)) for wave in sentences]
    with tempfile.TemporaryDirectory() as folder:
        noise = split_noise(options.noise, Path(folder) / "noise")
        runs = {
            "tiny": ("--family", "denoiser", "--size", "tiny"),
            f"{options.base}, further": ("--from", options.base),
        }
        denoisers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            "noisy": lambda wave: wave,
            options.base: model_denoiser(options.base),
        }
        for name, arguments in runs.items():
            out = Path(folder) / name.split(",")[0]
            train(Path(folder) / "noise", out, options, *arguments)
            denoisers[name] = model_denoiser(str(out))
        pesq: dict[tuple[str, float], float] = {}
        for ratio_db in options.ratios:
            rng = np.random.default_rng(SEED)
            mixtures = [mixture(wave, noise, ratio_db, rng) for wave in sentences]
            for name, denoise in denoisers.items():
                estimates = [denoise(wave) for wave in mixtures]
                scores = [judges.pesq(*pair) for pair in zip(sentences, estimates, strict=True)]
                ratios = [si_sdr_db(*pair) for pair in zip(sentences, estimates, strict=True)]
                row = {"noise": options.noise.name, "denoiser": name, "minutes": options.minutes * (name in runs)}
                row |= {"snr_db": f"{ratio_db:g}", "clips": len(sentences)}
                report.add(OWN_NOISE, row | {"pesq": mean_interval(scores), "si_sdr_db": mean_interval(ratios)})
                pesq[name, ratio_db] = float(np.mean(scores))
    for name in runs:
        gain = float(np.mean([pesq[name, ratio_db] - pesq[options.base, ratio_db] for ratio_db in options.ratios]))
        if np.isfinite(gain):  # PESQ is installed
            report.target(name, f"PESQ over {options.base}", gain, at_least=MIN_GAIN)


def mixture(speech: np.ndarray, noise: np.ndarray, ratio_db: float, rng: np.random.Generator) -> np.ndarray:
    """Return speech in noise ``(time,)`` from a random place."""
    repeated = np.tile(noise, -(-len(speech) // len(noise)) + 1)
    start = int(rng.integers(len(repeated) - len(speech)))
    part = repeated[start : start + len(speech)]
    level = db_to_gain(LEVEL_DB - ratio_db) / (np.sqrt(np.mean(np.square(part, dtype=np.float64))) + 1e-9)
    mixed: np.ndarray = (speech + np.float32(level) * part).astype(np.float32)
    return mixed / max(1.0, float(np.abs(mixed).max()))


BENCHMARK = Benchmark(
    __doc__,
    (OWN_NOISE, TARGETS),
    add_options,
    measure,
    smoke={
        "noise": smoke_ambience,
        "train_speech": lambda folder: smoke_speech(folder / "train"),
        "speech": smoke_speech,
        "count": 1,
        "ratios": [5.0],
        "steps": 2,
        "no_dnsmos": True,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
