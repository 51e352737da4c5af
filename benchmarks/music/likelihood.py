"""Likelihood of held-out polyphonic scores, on the standard splits: chorales (JSB) and folk tunes (Nottingham).

    python -m benchmarks.music.likelihood --splits FOLDER                             # all five, hours of one core
    python -m benchmarks.music.likelihood --splits FOLDER --only jsb-16th --minutes 40
    python -m benchmarks.music.likelihood --splits FOLDER --model chorales            # jsb-16th by the bundled model

FOLDER has the arrays of ``splits.py``. Three protocols:

- ``jsb-joint``, ``nottingham-joint``: nats of a frame of the piano roll, whose notes are drawn one after the other.
- ``jsb-sigmoid``, ``nottingham-sigmoid``: nats of a frame whose 88 keys are independent given the past.
- ``jsb-16th``: nats of a note, four voices at sixteenths in a row.

The training step with the best validation frames is measured once on the test pieces: as it is, and with ``--keys
12`` also with its predictions averaged over transpositions of the piece to twelve keys.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns
from benchmarks.music.splits import SPLITS, Corpus, Examples, chorales, padded, piano_rolls
from wavewright.families.composer import COMPOSER
from wavewright.families.composer.config import ComposerConfig
from wavewright.families.composer.modules import N_OUTPUT_INTERVALS, Composer, event_nats, logits_by_pitch
from wavewright.families.composer.vocabulary import REST
from wavewright.families.loading import load_composer
from wavewright.nn.muon import Muon
from wavewright.nn.precision import supports_bfloat16

EVALUATE_EVERY_S = 40.0
EVALUATION_BATCH = 8
FIRST_LOGIT = -3.0  # of every key, since few of them sound
SHIFTS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
"""Semitones of the twelve keys over which predictions are averaged."""


LIKELIHOOD = Table(
    "nats of held-out scores",
    columns(
        protocol="s",
        unit="s",
        keys="d",
        valid=".3f",
        test=".3f",
        published=".3f",
        minutes=".1f",
        steps="d",
        parameters="d",
    ),
)


@dataclass(frozen=True)
class Protocol:
    """Data, network and unit of a row of the table."""

    file: str
    config: ComposerConfig
    unit: str  # of the likelihood: frame or note
    bar: float  # published figure to beat
    is_joint: bool = True
    bar_steps: int = 48
    crop: int = 192
    batch: int = 16
    max_shift: int = 6
    learning_rate: float = 1e-3
    weight_decay: float = 0.1


NETWORK = ComposerConfig(
    layout="voices",
    lowest=21,
    highest=108,
    has_plan=False,
    hidden_size=128,
    n_layers=2,
    dropout=0.35,
    feature_dropout=0.15,
    context_steps=512,
)

PROTOCOLS = {
    "jsb-16th": Protocol(
        "jsb-chorales-16th-satb.npz",
        replace(NETWORK, lowest=28, highest=90, hidden_size=160, n_layers=3),
        "note",
        0.335,
    ),
    "jsb-joint": Protocol("jsb-chorales.npz", NETWORK, "frame", 5.56, bar_steps=4, crop=128),
    "nottingham-joint": Protocol("nottingham.npz", NETWORK, "frame", 2.31, crop=256, batch=8),
    "jsb-sigmoid": Protocol(
        "jsb-chorales.npz", NETWORK, "frame", 8.10, is_joint=False, bar_steps=4, crop=128, learning_rate=2e-3
    ),
    "nottingham-sigmoid": Protocol("nottingham.npz", NETWORK, "frame", 3.07, is_joint=False, crop=256),
}


class SigmoidFrames(nn.Module):
    """The composer's network over time, and 88 keys that are independent given the past.

    The logit of a key is the sum of its own and of those of its intervals to the notes of the frame before.
    """

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        self.composer = Composer(config)
        self.composer.voices = nn.Identity()  # type: ignore[assignment]
        self.keys = nn.Linear(config.hidden_size, config.vocabulary.n_notes)
        self.intervals = nn.Linear(config.hidden_size, config.n_lanes * N_OUTPUT_INTERVALS)
        nn.init.constant_(self.keys.bias, FIRST_LOGIT)
        nn.init.zeros_(self.intervals.weight)
        nn.init.zeros_(self.intervals.bias)

    def logits(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the logits of the keys, ``(batch, steps, n_notes)``."""
        hidden, vocabulary = self.composer.contexts(batch["features"]), self.composer.config.vocabulary
        by_interval = self.intervals(hidden).unflatten(-1, (-1, N_OUTPUT_INTERVALS))
        logits: Tensor = self.keys(hidden) + logits_by_pitch(by_interval, batch["before"], vocabulary)
        return logits.float()

    def nats(self, batch: dict[str, Tensor]) -> Tensor:
        """Return nats of the frames, ``(batch, steps)``."""
        return frame_nats(self.logits(batch), batch)

    def mixed_nats(self, batches: dict[int, dict[str, Tensor]]) -> Tensor:
        """Return nats of the frames by the mean logits over transpositions, by semitones."""
        logits = [torch.roll(self.logits(batch), -semitones, -1) for semitones, batch in batches.items()]
        return frame_nats(torch.stack(logits).mean(0), batches[0])


def frame_nats(logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Return nats of the frames ``(batch, steps)`` of a batch, of independent keys."""
    roll = torch.zeros(*logits.shape[:2], logits.shape[2] + 1)
    roll.scatter_(2, batch["symbols"], 1.0)
    return F.binary_cross_entropy_with_logits(logits, roll[..., 1:], reduction="none").sum(-1) * batch["mask"]


class JointFrames(nn.Module):
    """The composer as it is: the voices of a step one after the other."""

    def __init__(self, config: ComposerConfig, is_sorted: bool) -> None:
        super().__init__()
        self.composer, self.is_sorted = Composer(config), is_sorted

    def nats(self, batch: dict[str, Tensor]) -> Tensor:
        """Return nats of the steps, ``(batch, steps)``."""
        config, symbols, before = self.composer.config, batch["symbols"], batch["before"]
        lanes, events = torch.arange(config.n_lanes), torch.arange(config.vocabulary.n_events)
        is_target, can_hold = batch["mask"][..., None].expand_as(symbols), before != config.vocabulary.unknown
        below = F.pad(symbols[..., :-1], (1, 0), value=REST)
        if self.is_sorted:
            is_target = is_target & ((lanes == 0) | (below != REST))
            can_hold = can_hold & ((before > below) | (before == REST))
        output = self.composer(batch["features"], symbols, batch["is_held"], before, lanes[None, None], is_target)
        symbols, is_held, before, can_hold, below = (
            each[is_target] for each in (symbols, batch["is_held"], before, can_hold, below)
        )
        allowed = (events != before[:, None]) | ~can_hold[:, None]
        if self.is_sorted:
            allowed &= (events > below[:, None]) | (events == REST)
        nats = torch.zeros(is_target.shape)
        nats[is_target] = event_nats(output, symbols, is_held, can_hold, allowed)
        return nats.sum(-1)

    def mixed_nats(self, batches: dict[int, dict[str, Tensor]]) -> Tensor:
        """Return nats of the steps by the mean probability over transpositions, by semitones."""
        log_probabilities = torch.stack([-self.nats(batch) for batch in batches.values()])
        return math.log(len(batches)) - torch.logsumexp(log_probabilities, 0)


def tensors(batch: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Return a batch as tensors."""
    return {name: torch.from_numpy(array) for name, array in batch.items()}


@torch.no_grad()
def evaluate(model: SigmoidFrames | JointFrames, examples: Examples, shifts: Sequence[int] = (0,)) -> float:
    """Return mean nats of a frame over whole pieces, of the mean prediction over transpositions."""
    total = 0.0
    order = np.argsort(examples.lengths)
    for first in range(0, len(order), EVALUATION_BATCH):
        rows = order[first : first + EVALUATION_BATCH]
        batches = {shift: tensors(padded([examples.piece(row, shift) for row in rows])) for shift in shifts}
        total += float(model.mixed_nats(batches).sum().double())
    return total / float(examples.lengths.sum())


def corpus_of(protocol: Protocol, folder: Path) -> Corpus:
    """Read the pieces of a protocol."""
    path = folder / protocol.file
    return (
        chorales(path, protocol.config)
        if protocol.unit == "note"
        else piano_rolls(path, protocol.config, protocol.bar_steps)
    )


def train(name: str, protocol: Protocol, options: argparse.Namespace) -> list[Row]:
    """Train for some minutes of processor time; return the rows of a protocol."""
    minutes, out, seed = options.minutes, options.out, options.seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    corpus = corpus_of(protocol, options.splits)
    examples = {split: Examples(corpus, split) for split in corpus.pieces}
    build = JointFrames(corpus.config, corpus.is_sorted) if protocol.is_joint else SigmoidFrames(corpus.config)
    model = build.train()
    average = copy.deepcopy(model).eval()
    n_parameters = sum(p.numel() for p in model.parameters())
    optimizer = Muon(model.parameters(), protocol.learning_rate, (0.9, 0.98), protocol.weight_decay)
    per = corpus.config.n_lanes if protocol.unit == "note" else 1
    use_bfloat16 = supports_bfloat16(torch.device("cpu"))
    best, best_state, step, start, evaluated = math.inf, None, 0, time.process_time(), 0.0
    losses: list[float] = []
    next_evaluation = EVALUATE_EVERY_S
    while True:
        elapsed = time.process_time() - start - evaluated
        position = min(elapsed / (60 * minutes), 1.0)
        if position >= 1.0 or elapsed >= next_evaluation:
            before = time.process_time()
            next_evaluation += EVALUATE_EVERY_S
            valid = evaluate(average, examples["valid"]) / per
            evaluated += time.process_time() - before
            print(
                f"{name}: {elapsed / 60:5.1f} min, step {step}, valid {valid:.4f}, "
                f"train {np.mean(losses or [math.nan]):.4f}",
                file=sys.stderr,
                flush=True,
            )
            losses = []
            if valid < best:
                best, best_state = valid, copy.deepcopy(average.state_dict())
                if out is not None:
                    out.mkdir(parents=True, exist_ok=True)
                    torch.save(best_state, out / f"{name}.pt")
            if position >= 1.0:
                break
        for group in optimizer.param_groups:
            warmup = min(1.0, (step + 1) / 100)
            group["lr"] = protocol.learning_rate * warmup * (0.02 + 0.98 * (1 + math.cos(math.pi * position)) / 2)
        batch = tensors(examples["train"].batch(rng, protocol.batch, protocol.crop, protocol.max_shift))
        with torch.autocast("cpu", torch.bfloat16, enabled=use_bfloat16):
            nats = model.nats(batch)
        loss = nats.sum() / batch["mask"].sum() / per
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        decay = min(0.999, (step + 1) / (step + 10))
        with torch.no_grad():
            for kept, weight in zip(average.parameters(), model.parameters(), strict=True):
                kept.lerp_(weight, 1 - decay)
        step += 1
    if best_state is not None:
        average.load_state_dict(best_state)
    cells = {"minutes": minutes, "steps": step, "parameters": n_parameters}
    return rows_of(name, average, examples, options.keys, cells)


def rows_of(
    name: str, model: SigmoidFrames | JointFrames, examples: dict[str, Examples], keys: int, cells: Row
) -> list[Row]:
    """Return the rows of a model: in the own key of each piece, and over several keys."""
    protocol, rows = PROTOCOLS[name], []
    per = examples["valid"].config.n_lanes if protocol.unit == "note" else 1
    for n_keys in sorted({1, keys}):
        shifts = SHIFTS[:n_keys]
        nats = {split: evaluate(model, examples[split], shifts) / per for split in ("valid", "test")}
        row = {"protocol": name, "unit": protocol.unit, "published": protocol.bar, "keys": n_keys}
        rows.append({**row, **cells, **nats})
    return rows


def measure_model(model: str, options: argparse.Namespace) -> list[Row]:
    """Return the rows of a trained composer of chorales, which has learned to fill in known cells as well."""
    name, folder = "jsb-16th", load_composer(model).folder
    config = folder.config(ComposerConfig)
    corpus = chorales(options.splits / PROTOCOLS[name].file, config)
    frames = JointFrames(corpus.config, corpus.is_sorted).eval()
    weights = COMPOSER.initial_weights(folder, config)
    frames.composer.load_state_dict({key: torch.from_numpy(weights[key]) for key in frames.composer.state_dict()})
    examples = {split: Examples(corpus, split) for split in ("valid", "test")}
    training = folder.card.training
    cells = {"minutes": training["minutes"], "steps": training["steps"]}
    cells["parameters"] = sum(p.numel() for p in frames.parameters())
    return rows_of(name, frames, examples, options.keys, cells)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--splits", type=Path, help="folder of the arrays")
    parser.add_argument("--only", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    parser.add_argument("--model", help="measure this composer of chorales by jsb-16th, and train nothing")
    parser.add_argument("--minutes", type=float, default=30.0, help="of processor time for each row")
    parser.add_argument("--out", type=Path, help="folder for the weights")
    parser.add_argument("--keys", type=int, default=1, choices=range(1, len(SHIFTS) + 1), metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cell", choices=("transformer", "lstm"), default="transformer")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train and measure a model for each protocol."""
    if options.model is not None:
        for row in measure_model(options.model, options):
            report.add(LIKELIHOOD, row)
        return
    for name in options.only:
        protocol = PROTOCOLS[name]
        protocol = replace(protocol, config=replace(protocol.config, cell=options.cell))
        for row in train(name, protocol, options):
            report.add(LIKELIHOOD, row)


def synthetic_splits(folder: Path) -> Path:
    """Write splits of random chorales."""
    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    for split in SPLITS:
        steps = rng.integers(55, 75, (96, 4)).repeat(2, axis=0)
        arrays |= {split: steps.astype(np.int8), f"{split}_lengths": np.array([64, 128])}
    np.savez(folder / PROTOCOLS["jsb-16th"].file, **arrays)
    return folder


BENCHMARK = Benchmark(
    __doc__,
    (LIKELIHOOD,),
    add_options,
    measure,
    smoke={"splits": synthetic_splits, "only": ["jsb-16th"], "minutes": 0.01},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
