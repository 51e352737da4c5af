"""Checkpoints: one safetensors file each, written whole or not at all, from which training continues bit for bit."""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize
from torch import Tensor

from ..errors import BadModel, TrainingStopped
from ..whole_file import write_whole
from .health import Health


class HasState(Protocol):
    """A module, as far as a checkpoint is concerned."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


@dataclass
class Progress:
    """Where a run stands: everything besides tensors that the next step depends on."""

    step: int = 0  # steps done
    steps: int = 0  # steps planned
    threads: int = 1
    minutes: float = 0.0  # of training, over all calls
    best: float | None = None  # best value of the metric
    best_step: int = 0
    evaluations_since_best: int = 0
    rollbacks: int = 0  # each one halves the learning rate and draws other batches
    finished: str = ""  # why the run is over; empty while it is not
    metrics: dict[str, float] = field(default_factory=dict)  # of the last evaluation
    health: Health = field(default_factory=Health)

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """Where a run stood; raises TypeError or ValueError for anything else."""
        stored = json.loads(text)
        return cls(**{**stored, "health": Health(**stored.get("health", {}))})

    def to_json(self) -> str:
        """The text that :meth:`from_json` reads."""
        return json.dumps(asdict(self))


def save(
    path: Path, progress: Progress, network: HasState, average: HasState, optimizers: dict[str, torch.optim.Optimizer]
) -> None:
    """Write network, averaged weights, optimizer state and progress into one file."""
    tensors = {f"network/{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"average/{name}": tensor for name, tensor in average.state_dict().items()}
    for player, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{player}/{index}/{name}": torch.as_tensor(value) for name, value in state.items()}
    owned = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_whole(path, serialize(owned, metadata={"progress": progress.to_json()}))
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            raise TrainingStopped(f"There is no space left to write {path}; free some and continue with --resume.") from error
        raise


def load(path: Path, network: HasState, average: HasState, optimizers: dict[str, torch.optim.Optimizer]) -> Progress:
    """Read what :func:`save` wrote into the given objects; raises BadModel where the file does not fit them."""
    try:
        contents = path.read_bytes()  # at once, since another process may replace the file meanwhile
        tensors = deserialize(contents)
        header_bytes = int.from_bytes(contents[:8], "little")
        progress = Progress.from_json(json.loads(contents[8 : 8 + header_bytes])["__metadata__"]["progress"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BadModel(
            f"{path} is not a checkpoint that can be read ({error}); copy it again, or delete it to begin anew with --resume."
        ) from error
    try:
        network.load_state_dict(_below(tensors, "network/"))
        average.load_state_dict(_below(tensors, "average/"))
    except RuntimeError as error:
        raise BadModel(f"{path} was made by a network of another shape; resume with the settings of the first call.") from error
    for player, optimizer in optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _below(tensors, f"optimizer/{player}/").items():
            index, key = name.split("/", 1)
            state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return progress


def lend(path: Path, network: HasState) -> None:
    """Give a network what the one in a checkpoint has of the same name and shape; raises BadModel where the file cannot be read."""
    try:
        stored = _below(deserialize(path.read_bytes()), "network/")
    except (SafetensorError, OSError) as error:
        raise BadModel(f"{path} is not a checkpoint that can be read ({error}); copy it again, or delete it.") from error
    state = network.state_dict()
    fitting = {name: tensor for name, tensor in stored.items() if name in state and state[name].shape == tensor.shape}
    network.load_state_dict(state | fitting)


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
