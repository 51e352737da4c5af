"""Train the network of four-part harmony on Bach's chorales.

    python recipes/harmony.py jsb-chorales-16th-satb.npz --out runs/harmony              # 14 minutes on one thread
    python recipes/harmony.py jsb-chorales-16th-satb.npz --out runs/harmony --bundle     # into the package

The file has the chorales of the split of Boulanger-Lewandowski, Bengio and Vincent (2012) at sixteenths: arrays
``train``, ``valid`` and ``test (steps, 4)``, the MIDI pitches of soprano, alto, tenor and bass (-1 is silent), and
``<split>_lengths``, the steps of each chorale. It is that of github.com/czhuang/JSB-Chorales-dataset.

The network is orderless: it predicts the pitches of any cells (a voice at a step) from any others. A training example
hides single cells, beats of voices, or whole voices.

References
----------
B. Uria, I. Murray, H. Larochelle: A deep and tractable density estimator. ICML, 2014.
C.-Z. A. Huang, T. Cooijmans, A. Roberts, A. Courville, D. Eck: Counterpoint by convolution. ISMIR, 2017.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from wavewright.music.accompaniment.voice_leading import (
    HIGHEST,
    LOWEST,
    N_CELLS,
    N_PITCHES,
    SILENT,
    SILENT_CELL,
    STEPS_PER_QUARTER,
    UNKNOWN,
)

CHANNELS = 128
DILATIONS = (1, 2, 4, 8, 16, 1, 2, 4, 8, 16)
CROP = 64
BATCH = 16
LEARNING_RATE = 2e-3
DROPOUT = 0.1
WARMUP = 60
MAX_TRANSPOSITION = 6
SMOOTHED = 0.995  # weight of the past in the averaged weights
N_VALID = 256
EVALUATED = 400  # steps from one evaluation to the next

Pieces = list[np.ndarray]


class StepNorm(nn.LayerNorm):
    """Layer normalisation of the channels of each step, ``(batch, channels, steps)``."""

    def __init__(self) -> None:
        super().__init__(CHANNELS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    """Residual block: a dilated convolution over time and a product with the channels of each step."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.norm = StepNorm()
        self.mix_time = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation)
        self.mix_channels = nn.Conv1d(CHANNELS, CHANNELS, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.dropout(self.mix_channels(functional.gelu(self.mix_time(self.norm(x)))))


class HarmonyNetwork(nn.Module):
    """Logits of the pitches of all cells ``(batch, steps, 4, N_PITCHES)`` given ``cells (batch, steps, 4)``."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.Embedding(4 * N_CELLS, CHANNELS)
        self.phases = nn.Embedding(STEPS_PER_QUARTER, CHANNELS)
        nn.init.normal_(self.cells.weight, std=0.5)
        nn.init.normal_(self.phases.weight, std=0.5)
        self.blocks = nn.Sequential(*map(Block, DILATIONS))
        self.norm = StepNorm()
        self.out = nn.Conv1d(CHANNELS, 4 * N_PITCHES, 1)

    def forward(self, cells: torch.Tensor, phases: torch.Tensor) -> torch.Tensor:
        columns = cells + torch.arange(4, device=cells.device) * N_CELLS
        x = self.cells(columns).sum(2) + self.phases(phases)
        x = self.out(functional.gelu(self.norm(self.blocks(x.transpose(1, 2)))))
        return x.transpose(1, 2).unflatten(2, (4, N_PITCHES))


def pieces_of(arrays: np.lib.npyio.NpzFile, split: str) -> Pieces:
    """Return the chorales of a split, each ``(steps, 4)``."""
    return np.split(arrays[split].astype(np.int64), np.cumsum(arrays[f"{split}_lengths"])[:-1])


def cells_of(pitches: np.ndarray) -> np.ndarray:
    """Convert pitches to cells of the network."""
    return np.where(pitches == SILENT, SILENT_CELL, pitches - LOWEST + 1)


def crop_of(piece: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return CROP steps of a chorale from a beat on, transposed within the range of all chorales."""
    start = STEPS_PER_QUARTER * rng.integers(0, max(0, len(piece) - CROP) // STEPS_PER_QUARTER + 1)
    crop = piece[start : start + CROP]
    crop = np.pad(crop, ((0, CROP - len(crop)), (0, 0)), constant_values=SILENT)
    sounding = piece[piece != SILENT]
    low = max(-MAX_TRANSPOSITION, LOWEST - int(sounding.min()))
    high = min(MAX_TRANSPOSITION - 1, HIGHEST - int(sounding.max()))
    shift = rng.integers(low, high + 1)
    return np.where(crop == SILENT, SILENT, crop + shift)


def hidden_of(rng: np.random.Generator) -> np.ndarray:
    """Draw which cells of a crop are hidden, ``(CROP, 4)`` bool."""
    kind, share = rng.random(), rng.uniform(0.02, 1.0)
    if kind < 0.25:
        hidden = rng.random((CROP, 4)) < share
    elif kind < 0.6:
        hidden = np.repeat(rng.random((CROP // STEPS_PER_QUARTER, 4)) < share, STEPS_PER_QUARTER, axis=0)
    else:
        voices = rng.permutation(4)[: rng.integers(1, 4)] if rng.random() < 0.5 else np.array([1, 2, 3])
        beats = rng.random((CROP // STEPS_PER_QUARTER, 4)) < rng.uniform(0.3, 1.3)
        hidden = np.repeat(beats, STEPS_PER_QUARTER, axis=0)
        hidden[:, np.setdiff1d(np.arange(4), voices)] = False
    if not hidden.any():
        hidden[rng.integers(CROP), rng.integers(4)] = True
    return hidden


def batch_of(pieces: Pieces, n: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cells ``(n, CROP, 4)`` with hidden ones, and targets, -1 where nothing is to be predicted."""
    lengths = np.array([len(piece) for piece in pieces], float)
    chosen = rng.choice(len(pieces), n, p=lengths / lengths.sum())
    crops = np.stack([crop_of(pieces[index], rng) for index in chosen])
    hidden = np.stack([hidden_of(rng) for _ in range(n)])
    targets = np.where(hidden & (crops != SILENT), crops - LOWEST, -1)
    return torch.as_tensor(np.where(hidden, UNKNOWN, cells_of(crops))), torch.as_tensor(targets)


def loss_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean over examples of the mean negative log-likelihood of the hidden cells, in nats."""
    losses = functional.cross_entropy(logits.flatten(0, 2), targets.flatten(), ignore_index=-1, reduction="none")
    counts = (targets >= 0).flatten(1).sum(1)
    means = losses.view(len(targets), -1).sum(1) / counts.clamp(min=1)
    return means[counts > 0].mean()


def evaluate(network: HarmonyNetwork, pieces: Pieces, alone: int | None = None) -> dict[str, float]:
    """Return loss and accuracy of hidden cells; with ``alone``, of all voices but that one."""
    network.eval()
    rng = np.random.default_rng(1)
    losses, right, total = [], 0, 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for _ in range(N_VALID // 32):
            cells, targets = batch_of(pieces, 32, rng)
            if alone is not None:
                full = torch.where(targets >= 0, targets + 1, cells)
                hidden = torch.arange(4).expand_as(full) != alone
                targets = torch.where(hidden & (full != SILENT_CELL), full - 1, -1)
                cells = torch.where(hidden, UNKNOWN, full)
            logits = network(cells, phases_of(len(cells)))
            losses.append(float(loss_of(logits.float(), targets)))
            right += int(((logits.argmax(-1) == targets) & (targets >= 0)).sum())
            total += int((targets >= 0).sum())
    network.train()
    return {"nll": float(np.mean(losses)), "accuracy": right / total}


def phases_of(n: int) -> torch.Tensor:
    """Return the sixteenth of its quarter that each step is, ``(n, CROP)``."""
    return (torch.arange(CROP) % STEPS_PER_QUARTER).expand(n, CROP)


def train(pieces: dict[str, Pieces], out: Path, minutes: float, seed: int) -> None:
    """Train for a number of minutes and write the averaged weights."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = HarmonyNetwork()
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(SMOOTHED)
    )
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.02)
    started, step, progress = time.monotonic(), 0, 0.0
    while progress < 1:
        step += 1
        progress = min((time.monotonic() - started) / (60 * minutes), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(step / WARMUP, 1) * 0.5 * (1 + math.cos(math.pi * progress))
        cells, targets = batch_of(pieces["train"], BATCH, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(cells, phases_of(BATCH))
        loss = loss_of(logits.float(), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(network)
        if step % EVALUATED == 0 or progress == 1:
            figures = evaluate(averaged.module, pieces["valid"])
            shown = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
            print(f"step {step} ({progress * minutes:.1f} minutes): valid {shown}", flush=True)
            torch.save({"weights": averaged.module.state_dict(), "steps": step}, out / "weights.pt")


def export(network: HarmonyNetwork, path: Path) -> None:
    """Write the network as an ONNX graph with 16-bit weights."""
    network.eval()
    axes = {0: "batch", 1: "steps"}
    torch.onnx.export(
        network,
        (torch.zeros(3, CROP, 4, dtype=torch.int64), phases_of(3).contiguous()),
        str(path),
        input_names=["cells", "phases"],
        output_names=["logits"],
        dynamic_axes={"cells": axes, "phases": axes, "logits": axes},
        opset_version=17,
        dynamo=False,
    )
    halve(path)


def halve(path: Path) -> None:
    """Store the weights of a graph as 16-bit numbers, which a Cast converts when it is loaded."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 1:
            name = tensor.name
            halved = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
            tensor.CopyFrom(halved)
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    del model.graph.value_info[:]
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("chorales", type=Path, help="jsb-chorales-16th-satb.npz")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=14.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bundle", action="store_true", help="export the trained network into the package")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with np.load(args.chorales) as arrays:
        pieces = {split: pieces_of(arrays, split) for split in ("train", "valid", "test")}
    if args.bundle:
        bundle(pieces, args.out)
    else:
        train(pieces, args.out, args.minutes, args.seed)


def bundle(pieces: dict[str, Pieces], out: Path) -> None:
    """Export the network of a run with its card."""
    from wavewright.music import accompaniment

    network = HarmonyNetwork()
    checkpoint = torch.load(out / "weights.pt", weights_only=True)
    network.load_state_dict(checkpoint["weights"])
    metrics = {}
    for split in ("valid", "test"):
        metrics |= {f"{split}/{name}": round(value, 4) for name, value in evaluate(network, pieces[split]).items()}
        given = evaluate(network, pieces[split], alone=0)
        metrics |= {f"{split}/{name}_of_soprano": round(value, 4) for name, value in given.items()}
    card = {
        "description": "Predicts the pitches of hidden cells of four-part chorales at sixteenths from all others.",
        "licence": "CC0-1.0",
        "steps": checkpoint["steps"],
        "n_parameters": sum(p.numel() for p in network.parameters()),
        "metrics": metrics,
        "sources": [
            {
                "name": "JSB-Chorales-dataset",
                "licence": "Public domain",
                "credit": "J. S. Bach, 229 chorales for training; split of Boulanger-Lewandowski et al. (2012)",
                "origin": "github.com/czhuang/JSB-Chorales-dataset",
                "n_pieces": len(pieces["train"]),
            }
        ],
    }
    export(network, out / "harmony.onnx")
    data = Path(accompaniment.__file__).parent / "data"
    data.mkdir(exist_ok=True)
    shutil.copyfile(out / "harmony.onnx", data / "harmony.onnx")
    (data / "harmony.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(metrics, indent=2))


if __name__ == "__main__":
    main()
