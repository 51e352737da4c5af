"""Checkpoints: one safetensors file each, written whole or not at all, from which training continues bit for bit."""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

import torch
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize
from torch import Tensor

from ..contracts.settings import RANGES
from ..errors import BadModel, TrainingStopped
from ..whole_file import write_whole
from .health import Health

MOST_THREADS = int(RANGES["threads"][1])


class HasState(Protocol):
    """A module, as far as a checkpoint is concerned."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


Count = Annotated[int, Field(ge=0, le=10**9)]
Position = Annotated[float, Field(ge=0, le=1)]


@dataclass
class Progress:
    """Where a run stands: everything besides tensors that the next step depends on."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    step: Count = 0  # steps done
    steps: Count = 0  # steps planned
    threads: Annotated[int, Field(ge=0, le=MOST_THREADS)] = 1
    minutes: Annotated[float, Field(ge=0, le=1e9)] = 0.0  # of training, over all calls
    best: float | None = None  # best value of the metric
    best_step: Count = 0
    evaluations_since_best: Count = 0
    rollbacks: Annotated[int, Field(ge=0, le=1_000)] = 0  # each one halves the learning rate and draws other batches
    finished: str = ""  # why the run is over; empty while it is not
    metrics: dict[str, float] = field(default_factory=dict)  # of the last evaluation
    health: Health = field(default_factory=Health)
    breakpoints: list[tuple[Count, Position]] = field(
        default_factory=list
    )  # of the learning-rate schedule; see plan.py

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """Return the progress that :meth:`to_json` wrote; raises ValueError for anything else."""
        progress = TypeAdapter(cls).validate_json(text, strict=True)
        if progress.step > progress.steps or not (progress.threads or progress.step == 0):
            raise ValueError(f"it stands at step {progress.step} of {progress.steps} on {progress.threads} threads")
        return progress

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
            raise TrainingStopped(
                f"There is no space left to write {path}; free some and continue with --resume."
            ) from error
        raise


def load(path: Path, network: HasState, average: HasState, optimizers: dict[str, torch.optim.Optimizer]) -> Progress:
    """Load what :func:`save` wrote into the given objects; raise BadModel if it is damaged or does not fit."""
    tensors, progress = _read(path)
    try:
        states = {player: _optimizer_state(tensors, player, optimizer) for player, optimizer in optimizers.items()}
        network.load_state_dict(_below(tensors, "network/"))
        average.load_state_dict(_below(tensors, "average/"))
    except (RuntimeError, ValueError) as error:
        raise BadModel(
            f"{path} was made by a network of another shape; resume with the settings of the first call."
        ) from error
    for player, optimizer in optimizers.items():
        optimizer.load_state_dict({"state": states[player], "param_groups": optimizer.state_dict()["param_groups"]})
    return progress


def load_matching(path: Path, network: HasState) -> None:
    """Give a network what the one in a checkpoint has of the same name and shape; raises BadModel where the file cannot be read."""
    stored = _below(_read(path)[0], "network/")
    state = network.state_dict()
    fitting = {name: tensor for name, tensor in stored.items() if name in state and state[name].shape == tensor.shape}
    network.load_state_dict(state | fitting)


def _read(path: Path) -> tuple[dict[str, Tensor], Progress]:
    """Return the tensors and the progress in a checkpoint; raise BadModel where the file is damaged."""
    try:
        contents = path.read_bytes()  # at once, since another process may replace the file meanwhile
        tensors = deserialize(contents)
        header_bytes = int.from_bytes(contents[:8], "little")
        progress = Progress.from_json(json.loads(contents[8 : 8 + header_bytes])["__metadata__"]["progress"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadModel(
            f"{path} is not a checkpoint that can be read ({_reason(error)}); copy it again, or delete it to begin anew "
            "with --resume."
        ) from error
    return tensors, progress


def _reason(error: Exception) -> str:
    """Return the message of an error as one line."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'progress'}: {first['msg']}"
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def _optimizer_state(
    tensors: dict[str, Tensor], player: str, optimizer: torch.optim.Optimizer
) -> dict[int, dict[str, Tensor]]:
    """Return the AdamW state of each parameter by its index; raise ValueError where it does not fit the optimizer."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below(tensors, f"optimizer/{player}/").items():
        number, _, key = name.partition("/")
        state.setdefault(int(number), {})[key] = tensor
    shapes = [parameter.shape for group in optimizer.param_groups for parameter in group["params"]]
    for index, kept in state.items():
        if not 0 <= index < len(shapes):
            raise ValueError(f"the optimizer of {player} has no parameter {index}")
        fitting = {"step": torch.Size(), "exp_avg": shapes[index], "exp_avg_sq": shapes[index]}
        is_real = all(tensor.is_floating_point() for tensor in kept.values())  # a bool cannot count steps
        if not is_real or {key: tensor.shape for key, tensor in kept.items()} != fitting or not kept["step"] >= 0:
            raise ValueError(f"what the optimizer of {player} keeps of parameter {index} does not fit it")
    return state


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
