"""How a network is trained: settings shared by every family, and overrides checked by name and type."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ..errors import BadSetting
from ..ranges import check_ranges
from .schedule import MOST_STEPS, schedule_position

RANGES = {
    "steps": (0, MOST_STEPS),
    "batch_size": (1, 65_536),
    "accumulate": (1, 65_536),
    "learning_rate": (1e-9, 10.0),
    "betas": (0.0, 0.999999),
    "weight_decay": (0.0, 1.0),
    "final_fraction": (0.0, 1.0),
    "warmup_steps": (0, 1_000_000_000),
    "clip_norm": (0.0, 1e6),
    "ema_decay": (0.0, 0.999999),
    "base_weight": (0.0, 1.0),
    "seed": (0, 2**32 - 1),
    "evaluate_every": (1, 1_000_000_000),
    "save_every": (1, 1_000_000_000),
    "patience": (0, 1_000_000),
    "threads": (0, 256),
}
"""The smallest and largest value of each number in the settings."""

FINE_TUNING_LEARNING_RATE = 3e-4


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that the training loop needs besides the network and its data; raises BadSetting for a number out of its range."""

    steps: int = 0  # length of the whole run; 0: as many as fit into --max-minutes
    batch_size: int = 8
    accumulate: int = 1  # batches whose gradients are averaged in one step
    learning_rate: float = 3e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    final_fraction: float = 0.1  # of the learning rate, reached at the last step
    warmup_steps: int = 0
    clip_norm: float = 0.0  # largest norm of a player's gradient, 0 for no limit
    ema_decay: float = 0.999  # of the averaged weights; shorter averages at the start
    base_weight: float = (
        0.0  # of the model that a run begins from, in the weights that play: 0 what was learned, 1 the base
    )
    seed: int = 0
    evaluate_every: int = 500  # steps between evaluations, sounds to hear and plots to see
    save_every: int = 250  # steps between checkpoints
    metric: str = ""  # validation metric that names the best checkpoint; lower is better, or higher with a leading "-"
    patience: int = 0  # evaluations without a better metric before the run ends, 0 for never
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    weight_bits: Literal[16, 8] = 16  # of each number of the exported matrices; with 8, each row has a scale
    product_bits: Literal[32, 8] = 32  # in which the exported graphs multiply by matrices of 8 bits
    threads: int = 0  # 0: time each count over the first steps and keep the fastest
    device: str = "cpu"  # "cpu", "cuda" or "mps"

    def __post_init__(self) -> None:
        check_ranges(self, RANGES)
        if self.product_bits == 8 and self.weight_bits != 8:
            raise BadSetting(
                f"product_bits is 8 and weight_bits {self.weight_bits}; only matrices of 8 bits multiply in 8 bits."
            )

    def for_fine_tuning(self, steps: int, evaluate_every: int) -> TrainingSettings:
        """Return these settings for a short training from another model: lower rate, shorter warm-up and average.

        Parameters
        ----------
        steps
            Length of the training.
        evaluate_every
            Steps between evaluations.
        """
        return replace(
            self,
            steps=steps,
            learning_rate=FINE_TUNING_LEARNING_RATE,
            warmup_steps=50,
            ema_decay=0.995,
            evaluate_every=evaluate_every,
        )

    def learning_rate_at(self, step: int, steps: int, breakpoints: Sequence[tuple[int, float]] = ()) -> float:
        """Return the learning rate of a step (counted from 0) in a run of ``steps`` steps.

        ``breakpoints`` are those of :func:`.schedule.schedule_position`.
        """
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        position = schedule_position(step, steps, breakpoints)
        if self.schedule == "linear":
            share = 1 - (1 - self.final_fraction) * position
        elif self.schedule == "cosine":
            share = self.final_fraction + (1 - self.final_fraction) * (1 + math.cos(math.pi * position)) / 2
        else:
            share = 1.0
        return self.learning_rate * warm * share


ADVERSARIAL_SETTINGS = TrainingSettings(
    learning_rate=1e-3,
    betas=(0.8, 0.99),
    schedule="cosine",
    warmup_steps=200,
    clip_norm=5.0,
    ema_decay=0.998,
    evaluate_every=1_000,
)
"""Settings of networks that reconstruct audio with critics of frames, after HiFi-GAN and Vocos."""


def override(settings: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Apply ``name=value`` assignments to named dataclasses.

    ``settings`` maps a section name (``"model"``, ``"training"``) to its dataclass. A name is ``section.field``, or ``field`` where
    only one section has it. Returns the changed dataclasses. Raises BadSetting for an unknown or ambiguous name, for a value of the
    wrong type and where a section refuses its values.
    """
    values: dict[str, dict[str, Any]] = {section: {} for section in settings}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise BadSetting(
                f"The setting {assignment!r} has no value; write it as name=value, for example training.seed=7."
            )
        section, field = _find(settings, name.strip())
        values[section][field] = _parse(type(settings[section]), field, text.strip(), f"{section}.{field}")
    # All at once: values that fit each other may not fit those that they replace.
    return {section: replace(kept, **values[section]) for section, kept in settings.items()}


def _find(settings: dict[str, Any], name: str) -> tuple[str, str]:
    known = [
        (section, field.name) for section, value in settings.items() if is_dataclass(value) for field in fields(value)
    ]
    section, dot, field = name.rpartition(".")
    matches = [pair for pair in known if pair[1] == field and (not dot or pair[0] == section)]
    if len(matches) == 1:
        return matches[0]
    names = [f"{pair[0]}.{pair[1]}" for pair in known]
    if matches:
        raise BadSetting(
            f"The setting {name!r} could mean {' or '.join(f'{s}.{f}' for s, f in matches)}; write the whole name."
        )
    near = get_close_matches(name, names + [pair[1] for pair in known], n=3)
    raise BadSetting(
        f"There is no setting {name!r}; {'near are ' + ', '.join(near) if near else 'known are ' + ', '.join(names)}."
    )


def _parse(kind: type, field: str, text: str, name: str) -> Any:
    hint = get_type_hints(kind)[field]
    adapter = TypeAdapter(hint)
    given: Any = (
        [part.strip() for part in text.strip("()[]").split(",") if part.strip()] if "tuple" in str(hint) else text
    )
    if text.lower() == "none":
        given = None
    if get_origin(hint) is Literal:  # whose numbers no text equals
        given = next((value for value in get_args(hint) if str(value) == text), text)
    try:
        return adapter.validate_python(given)
    except ValidationError as error:
        raise BadSetting(f"The setting {name} cannot be {text!r}: {error.errors()[0]['msg'].lower()}.") from error
