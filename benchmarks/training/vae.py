"""How well the VAE rebuilds drums of kits that it never heard, beside a waveform VAE of the same size, with and without critics.

    python -m benchmarks.training.vae --corpus corpora/drums --minutes 20
    python -m benchmarks.training.vae --corpus corpora/drums --minutes 5 --only spectral waveform --json vae.json

All learn from the same clips with the same losses and settings for as many minutes of one core; where critics come, they come at half of
the steps. The kits that the manifest marks ``valid`` and ``test`` are held out; no label is told. Mel distance in nats, lower is better;
multi-resolution STFT distance, lower is better; SI-SDR in dB, higher is better.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn

from benchmarks.training.waveform_vae import WaveformVae
from wavewright.contracts.settings import override
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.families.vae.config import VaeConfig
from wavewright.families.vae.network import Vae, decode_all, encode_all
from wavewright.families.vae.recipe import VaePrepared, VaeRecipe, prepare, recipe, reconstruction_metrics
from wavewright.training.loop import Loop
from wavewright.training.report import Report

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
TIMED_STEPS = 6


@dataclass(frozen=True)
class Peer:
    """One row of the table."""

    build: Callable[[VaeConfig], Vae]
    has_critics: bool


PEERS = {
    "spectral": Peer(Vae, False),
    "waveform": Peer(WaveformVae, False),
    "spectral with critics": Peer(Vae, True),
    "waveform with critics": Peer(WaveformVae, True),
}


def entries_of(corpus: Path) -> list[Entry]:
    """The clips of the labels that count, the held-out kits all marked ``valid``."""
    found = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    return [replace(e, split="train" if e.split == "train" else "valid") for e in found if e.label in LABELS]


def seconds_a_step(network: Vae, prepared: VaePrepared) -> float:
    """Processor seconds of a step, the median of some."""
    with tempfile.TemporaryDirectory() as folder, Report(Path(folder), quiet=True, mute=True) as report:
        settings = replace(
            prepared.recipe.training, steps=TIMED_STEPS, evaluate_every=10**6, save_every=10**6, metric=""
        )
        loop = Loop(network, prepared.batches, settings, Path(folder), report)
        loop.progress.steps, loop.progress.threads = TIMED_STEPS, 1
        times = []
        for _ in range(TIMED_STEPS):
            begin = time.process_time()
            loop._one_step(lambda first: [prepared.batches(first)])
            times.append(time.process_time() - begin)
    return float(np.median(times[1:]))


def trained(peer: Peer, prepared: VaePrepared, minutes: float, out: Path) -> tuple[nn.Module, int]:
    """The averaged autoencoder after so many minutes of one core, and the number of its steps."""
    torch.set_num_threads(1)
    model = replace(prepared.recipe.model, adversarial_from=0)
    alone = seconds_a_step(peer.build(model), prepared)
    steps = int(60 * minutes / alone)
    if peer.has_critics:
        together = seconds_a_step(peer.build(replace(model, adversarial_from=1)), prepared)
        steps = int(60 * minutes / ((alone + together) / 2))
        model = replace(model, adversarial_from=max(1, steps // 2))
    torch.manual_seed(0)
    settings = replace(prepared.recipe.training, steps=steps, evaluate_every=10**6, save_every=10**6, metric="")
    with Report(out, quiet=False) as report:
        loop = Loop(peer.build(model), prepared.batches, settings, out / "checkpoints", report)
        loop.run()
    return loop.average, steps


def measured(autoencoder: nn.Module, waves: np.ndarray, sample_rate: int) -> dict[str, float]:
    """The distances of held-out ``waves (n, n_samples)`` from what is rebuilt of them."""
    rebuilt = decode_all(autoencoder, encode_all(autoencoder, waves)[0])
    return reconstruction_metrics(waves, rebuilt, sample_rate)


def settings_of(size: str, overrides: list[str]) -> VaeRecipe:
    """The recipe of all peers."""
    base = recipe(size)
    base = replace(base, model=replace(base.model, labels=LABELS), training=replace(base.training, threads=1))
    return replace(base, **override({part: getattr(base, part) for part in ("model", "data", "training")}, overrides))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/vae-benchmark"))
    parser.add_argument("--size", default="base")
    parser.add_argument("--minutes", type=float, default=20.0, help="of one core, for each")
    parser.add_argument("--only", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    prepared = prepare(settings_of(given.size, given.set), entries_of(given.corpus), given.out / "cache")
    if prepared.valid is None:
        parser.error("the corpus has no held-out kits")
    waves, rate, rows = prepared.waves(prepared.valid), prepared.recipe.model.sample_rate, {}
    print(f"{len(waves)} held-out clips")
    for name in given.only:
        autoencoder, steps = trained(PEERS[name], prepared, given.minutes, given.out / name.replace(" ", "-"))
        rows[name] = measured(autoencoder, waves, rate)
        rows[name] |= {"steps": steps, "parameters": sum(p.numel() for p in autoencoder.parameters())}
        print(
            f"{name:24}" + "  ".join(f"{key.removeprefix('valid/')} {value:.4g}" for key, value in rows[name].items()),
            flush=True,
        )
    if {"spectral", "waveform"} <= rows.keys():
        share = 1 - rows["spectral"]["valid/mel"] / rows["waveform"]["valid/mel"]
        print(f"the spectral VAE's mel distance is {share:.1%} below the waveform VAE's (bar: 15 %)")
    if given.json:
        given.json.write_text(json.dumps({"minutes": given.minutes, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
