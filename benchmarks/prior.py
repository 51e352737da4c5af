"""What a prior costs: parameters and megabytes of each size and cell, CPU time of a training step, how fast codes are drawn and sound is made.

    python benchmarks/prior.py --codec speech-codec

Weights are fresh and codes drawn at random: neither changes what a multiplication costs. One thread, CPU time, the
median of a few runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from wavewright import loading
from wavewright.families.prior.config import SIZES, PriorConfig
from wavewright.families.prior.network import PriorNetwork
from wavewright.families.prior.recipe import recipe
from wavewright.families.prior.training import PriorTraining
from wavewright.models.card import Card
from wavewright.training.export import export_model

CLIPS, CROP_SECONDS, DRAWN_SECONDS, TIMES = 16, 4.0, 4.0, 4
CONVNEXT = {"n_layers": 4, "hidden_size": 256}  # about as large as the size small


def configs(codec_name: str) -> dict[str, PriorConfig]:
    """The sizes, and the other cells at the size small, for a codec."""
    codec = loading.load(codec_name)
    known = {name: getattr(codec, name) for name in ("sample_rate", "hop_length", "codebook_size")}
    known |= {"codec": codec_name, "codec_hash": codec.folder.hash}
    sizes = {size: PriorConfig(**{**known, **settings}) for size, settings in SIZES.items()}
    gru, convnext = replace(sizes["small"], cell="gru"), replace(sizes["small"], cell="convnext", **CONVNEXT)
    return sizes | {"small, gru": gru, "small, convnext": convnext}


def median_seconds(run: Callable[[], object]) -> float:
    """Return the CPU seconds of a run, the median of a few after a first one."""
    times = []
    for _ in range(1 + TIMES):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return statistics.median(times[1:])


def step_seconds(config: PriorConfig, bfloat16: bool) -> float:
    """A training step of CLIPS crops of CROP_SECONDS."""
    torch.manual_seed(0)
    network = PriorNetwork(config)
    optimizer = torch.optim.AdamW(network.parameters())
    n_frames = round(CROP_SECONDS * config.frame_rate)
    batch = {
        "symbols": torch.randint(config.codebook_size, (CLIPS, 1 + n_frames, config.n_codebooks)),
        "mask": torch.ones(CLIPS, n_frames),
        "label": torch.zeros(CLIPS, dtype=torch.int64),
        "speaker": torch.zeros(CLIPS, dtype=torch.int64),
    }

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            loss = network.turns(0)[0][1](batch)["codes/nats"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return median_seconds(step)


def row(name: str, config: PriorConfig, folder: Path) -> dict[str, object]:
    """The figures of one model with fresh weights."""
    predictor = PriorNetwork(config).eval().predictor
    sample_frames = SimpleNamespace(
        draw_sample_frames=lambda *_: 5, codec=loading.load(config.codec), recipe=recipe("small")
    )
    card = Card(name=folder.name, family="prior", config=asdict(config), sample_rate=config.sample_rate)
    export_model(folder, card, PriorTraining().export(predictor, sample_frames))  # type: ignore[arg-type]
    player = loading.load(folder)
    return {
        "row": name,
        "parameters_m": round(sum(tensor.numel() for tensor in predictor.parameters()) / 1e6, 2),
        "megabytes": round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6, 1),
        "ms_a_step": round(1e3 * step_seconds(config, bfloat16=True)),
        "ms_a_step_float32": round(1e3 * step_seconds(config, bfloat16=False)),
        "codes_times_real_time": round(DRAWN_SECONDS / median_seconds(lambda: player.tokens(seconds=DRAWN_SECONDS)), 1),
        "sound_times_real_time": round(
            DRAWN_SECONDS / median_seconds(lambda: player.generate(seconds=DRAWN_SECONDS)), 1
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codec", default="speech-codec")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        for number, (name, config) in enumerate(configs(given.codec).items()):
            print(json.dumps(row(name, config, Path(place) / f"prior-{number}")), flush=True)
    print(f"training steps of {CLIPS} crops of {CROP_SECONDS:g} s, torch {torch.__version__}")


if __name__ == "__main__":
    main()
