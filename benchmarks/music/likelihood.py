"""Likelihood of held-out chorales by a composer, on the standard splits: nats of a note of four voices at sixteenths.

    python -m benchmarks music.likelihood --chorales jsb-chorales-16th-satb.npz

The file has the splits of Boulanger-Lewandowski et al. (2012): ``train``, ``valid`` and ``test`` of pieces after each
other, ``(steps, 4)``, MIDI numbers or -1 for rests, and ``train_lengths`` and so on, the steps of each piece. The
published figure is that of the Music Transformer (Huang et al., 2018) on the validation pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.families.composer import COMPOSER
from wavewright.families.composer.config import ComposerConfig
from wavewright.families.composer.grid import Grid, longest_matches, open_features, previous_symbols
from wavewright.families.composer.modules import Composer, event_nats
from wavewright.families.composer.vocabulary import FIRST_NOTE, REST
from wavewright.families.loading import load_composer

PUBLISHED = 0.335
N_VOICES, BAR_STEPS, BATCH = 4, 16, 8

LIKELIHOOD = Table("nats of a note", columns(model="s", split="s", pieces="d", nats=".3f"))


def chorales(path: Path, split: str, config: ComposerConfig) -> list[Grid]:
    """Return the chorales of a split as grids."""
    with np.load(path) as arrays:
        pieces = np.split(arrays[split].astype(np.int64), np.cumsum(arrays[f"{split}_lengths"])[:-1])
    symbols = [np.where(piece < 0, REST, piece - config.lowest + FIRST_NOTE) for piece in pieces]
    held = [np.concatenate([np.zeros((1, N_VOICES), bool), each[1:] == each[:-1]]) for each in symbols]
    return [Grid(each, is_held, BAR_STEPS) for each, is_held in zip(symbols, held, strict=True)]


def arrays_of(grid: Grid, config: ComposerConfig) -> dict[str, np.ndarray]:
    """Return the arrays of a piece for the network, without the batch dimension."""
    features = open_features(config, grid, longest_matches(grid.symbols, grid.is_held))
    before = previous_symbols(grid.symbols, config.vocabulary.unknown)
    return {"features": features, "symbols": grid.symbols, "is_held": grid.is_held, "before": before}


def padded(crops: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return crops as a batch, with ``mask (batch, steps)``."""
    longest = max(len(crop["symbols"]) for crop in crops)
    batch = {
        name: np.stack([np.pad(crop[name], ((0, longest - len(crop[name])), (0, 0))) for crop in crops])
        for name in crops[0]
    }
    batch["mask"] = np.stack([np.arange(longest) < len(crop["symbols"]) for crop in crops])
    return batch


class Joint(nn.Module):
    """The composer as it is: the voices of a step one after the other."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        self.composer = Composer(config)

    def nats(self, batch: dict[str, Tensor]) -> Tensor:
        """Return nats of the steps, ``(batch, steps)``."""
        config, symbols, before = self.composer.config, batch["symbols"], batch["before"]
        lanes, events = torch.arange(config.n_lanes), torch.arange(config.vocabulary.n_events)
        is_target, can_hold = batch["mask"][..., None].expand_as(symbols), before != config.vocabulary.unknown
        output = self.composer(batch["features"], symbols, batch["is_held"], before, lanes[None, None], is_target)
        symbols, is_held, before, can_hold = (each[is_target] for each in (symbols, batch["is_held"], before, can_hold))
        allowed = (events != before[:, None]) | ~can_hold[:, None]
        nats = torch.zeros(is_target.shape)
        nats[is_target] = event_nats(output, symbols, is_held, can_hold, allowed)
        return nats.sum(-1)


@torch.no_grad()
def mean_nats(model: Joint, grids: Sequence[Grid]) -> float:
    """Return the mean nats of a note over whole pieces."""
    total = 0.0
    for first in range(0, len(grids), BATCH):
        batch = padded([arrays_of(grid, model.composer.config) for grid in grids[first : first + BATCH]])
        total += float(model.nats({name: torch.from_numpy(array) for name, array in batch.items()}).sum().double())
    return total / sum(grid.symbols.size for grid in grids)


def measure(options: Options, report: Report) -> None:
    """Add a row for each held-out split."""
    folder = load_composer(options.model).folder
    config = replace(folder.config(ComposerConfig), layout="voices", n_voices=N_VOICES)
    model = Joint(config).eval()
    weights = COMPOSER.initial_weights(folder, config)
    model.composer.load_state_dict({key: torch.from_numpy(weights[key]) for key in model.composer.state_dict()})
    for split in ("valid", "test"):
        grids = chorales(options.chorales, split, config)
        nats = mean_nats(model, grids)
        report.add(LIKELIHOOD, model=options.model, split=split, pieces=len(grids), nats=nats)
        if split == "valid":
            report.target(options.model, "nats of a note of the validation pieces", nats, at_most=PUBLISHED)


def synthetic_chorales(folder: Path) -> Path:
    """Write splits of random chorales."""
    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    for split in ("valid", "test"):
        steps = rng.integers(55, 75, (24, N_VOICES)).repeat(2, axis=0)
        arrays |= {split: steps.astype(np.int8), f"{split}_lengths": np.array([16, 32])}
    np.savez(folder / "chorales.npz", **arrays)
    return folder / "chorales.npz"


BENCHMARK = Benchmark(
    __doc__,
    (LIKELIHOOD,),
    measure,
    Option("chorales", Path("jsb-chorales-16th-satb.npz"), smoke=synthetic_chorales),
    Option("model", "chorales", "a composer of four voices"),
)
