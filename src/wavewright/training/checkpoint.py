"""Checkpoints: one safetensors file each, written whole or not at all, from which training resumes bit-equal."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

import torch
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as deserialize, save as serialize
from torch import Tensor, nn

from ..base.errors import BadModel, TrainingStopped
from ..base.validation import fault_of
from ..base.whole_file import write_whole
from ..contracts.settings import MAX_THREADS
from .health import Health

Optimizers = Mapping[str, torch.optim.Optimizer]
"""Optimizers by the names of the players."""

Count = Annotated[int, Field(ge=0, le=10**9)]
Position = Annotated[float, Field(ge=0, le=1)]


@dataclass
class Progress:
    """Everything besides tensors that the next step of a run depends on."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    step: Count = 0  # steps done
    steps: Count = 0  # steps planned
    threads: Annotated[int, Field(ge=0, le=MAX_THREADS)] = 1
    minutes: Annotated[float, Field(ge=0, le=1e9)] = 0.0  # of training, over all calls
    best: float | None = None  # best value of the metric
    best_step: Count = 0
    evaluations_since_best: Count = 0
    rollbacks: Annotated[int, Field(ge=0, le=1_000)] = 0  # each one halves the learning rate and draws other batches
    finished: str = ""  # why the run is finished; empty if it is not
    stopped_by: str = ""  # signal that ended the call; of a checkpoint, empty
    metrics: dict[str, float] = field(default_factory=dict)  # of the last evaluation
    health: Health = field(default_factory=Health)
    breakpoints: list[tuple[Count, Position]] = field(default_factory=list)  # of the learning-rate schedule
    evaluate_every: Count = 0  # steps between evaluations of a plan by the clock; 0: those of the settings

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """Return the progress that :meth:`to_json` wrote; raise ValueError for any other text."""
        progress = TypeAdapter(cls).validate_json(text, strict=True)
        if progress.step > progress.steps or not (progress.threads or progress.step == 0):
            raise ValueError(f"it is at step {progress.step} of {progress.steps} on {progress.threads} threads")
        return progress

    def to_json(self) -> str:
        """Return the progress as JSON."""
        return json.dumps(asdict(self))


def save(path: Path, progress: Progress, network: nn.Module, average: nn.Module, optimizers: Optimizers) -> None:
    """Write a checkpoint: progress, network, its inference module with averaged weights, optimizers of the players.

    Raises TrainingStopped if there is no space left; the file keeps its previous contents.
    """
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
            raise TrainingStopped(
                f"There is no space left to write {path}; free some and continue with --resume."
            ) from error
        raise


def load(path: Path, network: nn.Module, average: nn.Module, optimizers: Optimizers) -> Progress:
    """Load a checkpoint into the network, its averaged module and its optimizers; return the progress.

    Raises BadModel if the file is damaged or of another network.
    """
    tensors, progress = _read(path)
    try:
        states = {player: _optimizer_state(tensors, player, optimizer) for player, optimizer in optimizers.items()}
        network.load_state_dict(_with_prefix(tensors, "network/"))
        average.load_state_dict(_with_prefix(tensors, "average/"))
    except (RuntimeError, ValueError) as error:
        raise BadModel(
            f"{path} was made by a network of another shape; resume with the settings of the first call."
        ) from error
    for player, optimizer in optimizers.items():
        optimizer.load_state_dict({"state": states[player], "param_groups": optimizer.state_dict()["param_groups"]})
    return progress


def load_matching(path: Path, network: nn.Module) -> None:
    """Load the tensors of a checkpoint whose names and shapes a network has; raise BadModel if the file is damaged."""
    stored = _with_prefix(_read(path)[0], "network/")
    state = network.state_dict()
    matching = {name: tensor for name, tensor in stored.items() if name in state and state[name].shape == tensor.shape}
    network.load_state_dict(state | matching)


def _read(path: Path) -> tuple[dict[str, Tensor], Progress]:
    """Return the tensors and the progress of a checkpoint; raise BadModel if the file is damaged."""
    try:
        contents = path.read_bytes()  # at once: another process may replace the file meanwhile
        tensors = deserialize(contents)
        header_bytes = int.from_bytes(contents[:8], "little")
        progress = Progress.from_json(json.loads(contents[8 : 8 + header_bytes])["__metadata__"]["progress"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadModel(
            f"{path} is not a checkpoint that can be read ({_reason(error)}); copy it again, or delete it: "
            "--resume continues from the best checkpoint where there is one, or else from the beginning."
        ) from error
    return tensors, progress


def _reason(error: Exception) -> str:
    """Return the message of an error as one line."""
    if isinstance(error, ValidationError):
        fault = fault_of(error)
        return f"{fault.position or 'progress'}: {fault.message}"
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def _optimizer_state(
    tensors: Mapping[str, Tensor], player: str, optimizer: torch.optim.Optimizer
) -> dict[int, dict[str, Tensor]]:
    """Return the state of each parameter by its index; raise ValueError if it is not that of the optimizer."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _with_prefix(tensors, f"optimizer/{player}/").items():
        index, _, key = name.partition("/")
        states.setdefault(int(index), {})[key] = tensor
    groups = [(group, parameter) for group in optimizer.param_groups for parameter in group["params"]]
    for number, state in states.items():
        if not 0 <= number < len(groups):
            raise ValueError(f"the optimizer of {player} has no parameter {number}")
        group, parameter = groups[number]
        expected = {"step": torch.Size(), "exp_avg": parameter.shape}
        if not group.get("is_matrix"):  # of Muon, which keeps the momentum alone
            expected["exp_avg_sq"] = parameter.shape
        is_real = all(tensor.is_floating_point() for tensor in state.values())  # a bool cannot count steps
        if not is_real or {key: tensor.shape for key, tensor in state.items()} != expected or not state["step"] >= 0:
            raise ValueError(f"the state of parameter {number} of the optimizer of {player} has another shape or type")
    return states


def _with_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names have a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
