"""A tiny network of two players and loops that train it, for the tests of training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from wavewright.contracts.family import HealthRules
from wavewright.contracts.settings import TrainingSettings
from wavewright.nn.network import Network
from wavewright.training import checkpoint, processes
from wavewright.training.loop import LAST, Loop

SETTINGS = TrainingSettings(
    steps=12, batch_size=4, save_every=5, evaluate_every=4, threads=1, precision="float32", seed=3
)


class TwoPlayers(Network):
    """A line fitted by one player, and a second player that learns the first one's mean error; noisy on purpose."""

    def __init__(self):
        super().__init__()
        self.line, self.echo = nn.Linear(3, 1), nn.Linear(1, 1)

    def players(self):
        return {"line": self.line, "echo": self.echo}

    def inference_module(self):
        return self.line

    def loss_weights(self, step):
        return {"line/square": 1.0, "echo/square": 0.5}

    def turns(self, step):
        return [("line", self.line_loss), ("echo", self.echo_loss)]

    def line_loss(self, batch):
        batch["error"] = self.line(batch["x"] + 0.1 * torch.randn_like(batch["x"])) - batch["x"].sum(1, keepdim=True)
        return {"line/square": batch["error"].square().mean()}

    def echo_loss(self, batch):
        return {"echo/square": (self.echo(batch["error"].detach()) - batch["error"].detach().abs()).square().mean()}


class Quiet:
    """An observer that records everything."""

    def __init__(self):
        self.losses, self.messages, self.evaluations = [], [], []

    def step(self, progress, losses, seconds):
        self.losses.append(losses)

    def evaluation(self, progress, metrics):
        self.evaluations.append(metrics)

    def log(self, message):
        self.messages.append(message)


def batches(step: int) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng([5, step]).normal(size=(4, 3)).astype(np.float32)}


def make_loop(folder: Path, settings: TrainingSettings = SETTINGS, evaluate=None, health_rules=None) -> Loop:
    torch.manual_seed(0)
    return Loop(TwoPlayers(), batches, settings, folder, Quiet(), evaluate, health_rules=health_rules or HealthRules())


def make_shared_loop(folder: Path, accumulate: int) -> Loop:
    """A loop without noise whose last process meets a loss that is no number in its second step."""
    settings = replace(SETTINGS, accumulate=accumulate, steps=3, evaluate_every=1, metric="rank")
    loop = make_loop(folder, settings, lambda _: {"rank": processes.rank()})

    def line_loss(batch):
        batch["error"] = loop.network.line(batch["x"]) - 1
        is_bad = (loop.progress.step, loop.progress.rollbacks, processes.rank()) == (1, 0, processes.world_size() - 1)
        return {"line/square": batch["error"].square().mean() * (float("nan") if is_bad else 1.0)}

    loop.network.line_loss = line_loss
    return loop


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / LAST)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def step_of(path: Path) -> int:
    """The step of a checkpoint, -1 while there is none; one that is there must load."""
    if not path.is_file():
        return -1
    network = TwoPlayers()
    optimizers = {name: torch.optim.AdamW(player.parameters()) for name, player in network.players().items()}
    return checkpoint.load(path, network, nn.Linear(3, 1), optimizers).step
