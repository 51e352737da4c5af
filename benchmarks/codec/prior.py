"""Measure the cost of priors over codes: size, time of a training step, and speed of sampling, by size and by cell.

    python -m benchmarks.codec.prior --codec speech-codec

Weights are fresh and codes are drawn at random: neither changes the cost of a multiplication. One thread, processor
time, the median of a few runs; bfloat16 where the processor has it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import torch

from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from wavewright.families import loading
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.families.prior.config import SIZES, PriorConfig
from wavewright.families.prior.recipe import recipe
from wavewright.families.prior.runtime import PriorRuntime
from wavewright.families.prior.training import PriorNetwork, PriorTraining
from wavewright.models.card import Card
from wavewright.nn.precision import supports_bfloat16
from wavewright.training.export import export_model

CONVNEXT = replace(SIZES["small"], cell="convnext", n_layers=4, hidden_size=256)  # about as large as the size small
GRU = replace(SIZES["small"], cell="gru")
CONFIGS = {**SIZES, "small, gru": GRU, "small, convnext": CONVNEXT}

PRIORS = Table(
    "priors",
    columns(prior="s", million_parameters=".2f", megabytes=".1f")
    | optional(ms_a_step_bfloat16=".0f")
    | columns(ms_a_step_float32=".0f")
    | columns(codes_times_real_time=".1f", sound_times_real_time=".1f"),
)


def config_of(name: str, codec_name: str) -> PriorConfig:
    """Return a config of ``CONFIGS`` for a codec."""
    codec = load_as(CodecRuntime, codec_name)
    return replace(
        CONFIGS[name],
        codec=codec_name,
        codec_hash=codec.folder.hash,
        sample_rate=codec.sample_rate,
        hop_length=codec.hop_length,
        codebook_size=codec.codebook_size,
    )


def step_seconds(config: PriorConfig, options: argparse.Namespace, bfloat16: bool) -> float:
    """Return the processor time of a training step of ``--clips`` crops of ``--seconds``."""
    torch.manual_seed(0)
    network = PriorNetwork(config)
    optimizer = torch.optim.AdamW(network.parameters())
    n_frames = round(options.seconds * config.frame_rate)
    batch = {
        "symbols": torch.randint(config.codebook_size, (options.clips, 1 + n_frames, config.n_codebooks)),
        "mask": torch.ones(options.clips, n_frames),
        "label": torch.zeros(options.clips, dtype=torch.int64),
        "speaker": torch.zeros(options.clips, dtype=torch.int64),
    }

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            loss = network.turns(0)[0][1](batch)["codes/nats"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return median_seconds(step, options.runs)


def row_of(name: str, config: PriorConfig, folder: Path, options: argparse.Namespace) -> Row:
    """Export a model with fresh weights to ``folder`` and return its row."""
    predictor = PriorNetwork(config).eval().predictor
    has_bfloat16 = supports_bfloat16(torch.device("cpu"))
    prepared = SimpleNamespace(
        draw_sample_frames=lambda *_: 5, codec=loading.load(config.codec), recipe=recipe("small")
    )
    card = Card(name=folder.name, family="prior", config=asdict(config), sample_rate=config.sample_rate)
    export_model(folder, card, PriorTraining().export(predictor, prepared))  # type: ignore[arg-type]
    prior = load_as(PriorRuntime, folder)
    codes_seconds = median_seconds(lambda: prior.tokens(seconds=options.seconds), options.runs)
    sound_seconds = median_seconds(lambda: prior.generate(seconds=options.seconds), options.runs)
    return {
        "prior": name,
        "million_parameters": sum(tensor.numel() for tensor in predictor.parameters()) / 1e6,
        "megabytes": sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
        "ms_a_step_bfloat16": 1e3 * step_seconds(config, options, bfloat16=True) if has_bfloat16 else None,
        "ms_a_step_float32": 1e3 * step_seconds(config, options, bfloat16=False),
        "codes_times_real_time": options.seconds / codes_seconds,
        "sound_times_real_time": options.seconds / sound_seconds,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--codec", default="speech-codec")
    parser.add_argument("--only", nargs="+", default=list(CONFIGS), choices=CONFIGS)
    parser.add_argument("--clips", type=int, default=16, help="crops in a training step")
    parser.add_argument("--seconds", type=float, default=4.0, help="of a crop, and of a sampled sound")
    parser.add_argument("--runs", type=int, default=4, help="that a median is taken of")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each size and cell."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for index, name in enumerate(options.only):
            config = config_of(name, options.codec)
            report.add(PRIORS, row_of(name, config, Path(folder) / f"prior-{index}", options))
    report.note(f"Training steps of {options.clips} crops of {options.seconds:g} s, PyTorch {torch.__version__}.")


BENCHMARK = Benchmark(
    __doc__, (PRIORS,), add_options, measure, smoke={"only": ["tiny"], "clips": 2, "seconds": 0.4, "runs": 1}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
