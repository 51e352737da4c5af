"""Likelihood of held-out chorales by a composer, on the standard splits: nats of a note of four voices at sixteenths.

    python -m benchmarks music.likelihood --chorales jsb-chorales-16th-satb.npz

The file has the splits of Boulanger-Lewandowski et al. (2012): ``train``, ``valid`` and ``test`` of pieces after each
other, ``(steps, 4)``, MIDI numbers or -1 for rests, and ``train_lengths`` and so on, the steps of each piece. In it, a
note that is repeated goes on; so the probability that a voice starts what it sounds already is that of nothing.
The published figure is that of the Music Transformer (Huang et al., 2018) on the validation pieces.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import chorales, smoke_chorales
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.families.composer.config import ComposerConfig
from wavewright.families.composer.grid import Grid
from wavewright.families.composer.runtime import OnnxSteps, cell_nats
from wavewright.families.composer.vocabulary import FIRST_NOTE, REST
from wavewright.families.loading import load_composer

PUBLISHED = 0.335
BAR_STEPS = 16

LIKELIHOOD = Table("nats of a note", columns(model="s", split="s", pieces="d", nats=".3f"))


class OtherNotes(OnnxSteps):
    """The steps of a network of which no voice starts what it sounds already."""

    def voice_step(self, *inputs: np.ndarray) -> tuple[float, np.ndarray]:
        hold, logits = super().voice_step(*inputs)
        *_, before, _, lane = inputs
        is_known = before[lane] != self.config.vocabulary.unknown
        return hold, np.where(is_known & (np.arange(len(logits)) == before[lane]), -np.inf, logits)


def grid_of(piece: np.ndarray, config: ComposerConfig) -> Grid:
    """Return a chorale ``(steps, 4)`` as a grid."""
    symbols = np.where(piece < 0, REST, piece - config.lowest + FIRST_NOTE)
    return Grid(symbols, np.concatenate([np.zeros_like(symbols[:1]), symbols[1:] == symbols[:-1]]) > 0, BAR_STEPS)


def measure(options: Options, report: Report) -> None:
    composer = load_composer("chorales")
    config = composer.folder.config(ComposerConfig)
    steps = OtherNotes(composer.folder, config)
    for split in ("valid", "test"):
        grids = [grid_of(piece, config) for piece in chorales(options.chorales, split)]
        nats = float(np.concatenate([cell_nats(config, steps, grid) for grid in grids]).mean())
        report.add(LIKELIHOOD, model="chorales", split=split, pieces=len(grids), nats=nats)
        if split == "valid":
            report.target("chorales", "nats of a note of the validation pieces", nats, at_most=PUBLISHED)


BENCHMARK = Benchmark(measure, Option("chorales", Path("jsb-chorales-16th-satb.npz"), smoke=smoke_chorales))
