"""Training settings of all families, the learning-rate schedule, and overrides checked by name and type."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ..base.errors import BadSetting
from ..base.ranges import RangedSettings, ranged, ruled
from ..base.rules import Needs
from ..base.validation import fault_of
from .config import MAX_STEPS

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Breakpoints = list[tuple[int, float]]
"""Steps in rising order, each with its position on the learning-rate schedule (0 to 1)."""


def schedule_position(step: int, steps: int, breakpoints: Sequence[tuple[int, float]] = ()) -> float:
    """Return the position from 0 to 1 of a step, counted from 0, on the schedule of a run of ``steps``.

    It is piecewise linear: 0 at the first step, those of the breakpoints, which rise, and 1 at the last step.
    """
    points = [(0, 0.0), *breakpoints, (max(steps, 1), 1.0)]
    following = next((index for index, (later, _) in enumerate(points) if later > step), None)
    if following is None:
        return 1.0
    (start, first), (end, last) = points[following - 1], points[following]
    return first + (last - first) * (step - start) / (end - start)


RecipeT = TypeVar("RecipeT", bound="DataclassInstance")

FINE_TUNING_LEARNING_RATE = 3e-4
MAX_THREADS = 256


@dataclass(frozen=True)
class TrainingSettings(RangedSettings):
    """Settings of the training loop.

    Raises BadSetting if a number is out of its range, or a rule between them is broken.

    Attributes
    ----------
    steps
        Length of the whole run; 0: as many as fit into ``--max-minutes``.
    batch_size
        Clips in a batch.
    accumulate
        Batches whose gradients are averaged in one step.
    optimizer
        ``"muon"`` orthogonalises the momentum of matrices, see :class:`.nn.muon.Muon`.
    learning_rate, betas, weight_decay
        Of the optimizer.
    schedule
        Of the learning rate over the whole run, after the warm-up.
    final_fraction
        Of the learning rate, reached at the last step.
    warmup_steps
        Over which the learning rate rises linearly from 0. A VAE's ``model.warmup_steps`` is another: its KL ramp.
    clip_norm
        Largest norm of a player's gradient, 0 for no limit.
    ema_decay
        Decay of the averaged weights; smaller in the first steps.
    base_weight
        Weight of the model that a training starts from in the exported weights: 0 for the learned weights alone, 1 for
        the base alone.
    frozen
        Beginnings of the names of weights of the exported network that are not trained.
    seed
        Of the initial weights, the batches and everything random in a step.
    evaluate_every
        Steps between evaluations and samples.
    save_every
        Steps between checkpoints.
    metric
        Validation metric that chooses the best checkpoint; lower is better, or higher with a leading ``-``.
    patience
        Evaluations without a better ``metric`` after which the run ends, 0 for never.
    precision
        ``"auto"`` is bfloat16 where the machine multiplies it natively.
    weight_bits
        Bits of each number of the exported matrices; with 8, each row has a scale.
    product_bits
        Bits in which the exported graphs multiply by matrices of 8 bits.
    threads
        0: time several numbers over the first steps and keep the fastest.
    device
        ``"cpu"``, ``"cuda"`` or ``"mps"``.
    """

    steps: int = ranged(0, 0, MAX_STEPS)
    batch_size: int = ranged(8, 1, 65_536)
    accumulate: int = ranged(1, 1, 65_536)
    optimizer: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = ranged(3e-4, 1e-9, 10.0)
    betas: tuple[float, float] = ranged((0.9, 0.99), 0.0, 0.999999)
    weight_decay: float = ranged(0.0, 0.0, 1.0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    final_fraction: float = ranged(0.1, 0.0, 1.0)
    warmup_steps: int = ranged(0, 0, MAX_STEPS)
    clip_norm: float = ranged(0.0, 0.0, 1e6)
    ema_decay: float = ranged(0.999, 0.0, 0.999999)
    base_weight: float = ranged(0.0, 0.0, 1.0)
    frozen: tuple[str, ...] = ()
    seed: int = ranged(0, 0, 2**32 - 1)
    evaluate_every: int = ranged(500, 1, MAX_STEPS)
    save_every: int = ranged(250, 1, MAX_STEPS)
    metric: str = ""
    patience: int = ranged(0, 0, 1_000_000, Needs("metric"))
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    weight_bits: Literal[16, 8] = 16
    product_bits: Literal[32, 8] = ruled(32, Needs("weight_bits", 8))
    threads: int = ranged(0, 0, MAX_THREADS)
    device: str = "cpu"

    def for_fine_tuning(self, steps: int, evaluate_every: int = 250) -> TrainingSettings:
        """Return these settings for ``steps`` from another model: lower rate, shorter warm-up and average."""
        return replace(
            self,
            steps=steps,
            learning_rate=FINE_TUNING_LEARNING_RATE,
            warmup_steps=50,
            ema_decay=0.995,
            evaluate_every=evaluate_every,
        )

    def learning_rate_at(self, step: int, steps: int, breakpoints: Sequence[tuple[int, float]] = ()) -> float:
        """Return the learning rate of a step; the arguments are those of :func:`schedule_position`."""
        warmup = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        position = schedule_position(step, steps, breakpoints)
        if self.schedule == "linear":
            factor = 1 - (1 - self.final_fraction) * position
        elif self.schedule == "cosine":
            factor = self.final_fraction + (1 - self.final_fraction) * (1 + math.cos(math.pi * position)) / 2
        else:
            factor = 1.0
        return self.learning_rate * warmup * factor


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

VOICE_SETTINGS = replace(ADVERSARIAL_SETTINGS, weight_bits=8, product_bits=8)
"""Settings of the networks of a voice, which are exported in 8 bits."""

COSINE_SETTINGS = TrainingSettings(
    learning_rate=2e-3, weight_decay=0.01, schedule="cosine", final_fraction=0.02, warmup_steps=100, clip_norm=1.0
)
"""Settings of networks that minimise one loss."""


def assignments_of(settings: Mapping[str, object] | Iterable[str]) -> tuple[str, ...]:
    """Return settings as texts ``name=value``, from such texts or from values by name."""
    if not isinstance(settings, Mapping):
        return tuple(settings)
    return tuple(f"{name}={_text_of(value)}" for name, value in settings.items())


def _text_of(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def override(recipe: RecipeT, assignments: Iterable[str]) -> RecipeT:
    """Return a recipe with some of its settings changed.

    Raises BadSetting if a name is unknown or ambiguous, a value has the wrong type, or a section refuses its values.

    Parameters
    ----------
    recipe
        Dataclass whose sections are dataclasses: ``model``, ``data``, ``training``.
    assignments
        Texts ``name=value``. A name is ``section.field``, or ``field`` if only one section has it.
    """
    sections = {
        name: value for name, value in vars(recipe).items() if is_dataclass(value) and not isinstance(value, type)
    }
    return replace(recipe, **_changed(sections, assignments))


def override_settings(settings: RecipeT, assignments: Iterable[str]) -> RecipeT:
    """Return a dataclass with some of its fields changed by texts ``name=value``; errors are those of `override`."""
    return cast("RecipeT", _changed({"": cast("DataclassInstance", settings)}, assignments)[""])


def _changed(sections: Mapping[str, DataclassInstance], assignments: Iterable[str]) -> dict[str, DataclassInstance]:
    """Return sections by name, the only one of which may have the name "", with some of their fields changed."""
    values: dict[str, dict[str, object]] = {name: {} for name in sections}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise BadSetting(f"The setting {assignment!r} has no value; write {name}=VALUE.")
        section, field = _find(sections, name.strip())
        values[section][field] = _parse(type(sections[section]), field, text.strip(), _name(section, field))
    # All at once: new values that agree may contradict those that they replace.
    return {name: replace(section, **values[name]) for name, section in sections.items()}


def _name(section: str, field: str) -> str:
    return f"{section}.{field}" if section else field


def _find(sections: Mapping[str, DataclassInstance], name: str) -> tuple[str, str]:
    """Return the section and the field that a name means; raise BadSetting if there is none or there are several."""
    known = [(section, field.name) for section, value in sections.items() for field in fields(value)]
    section, dot, field = name.rpartition(".")
    matches = [pair for pair in known if pair[1] == field and (not dot or pair[0] == section)]
    if len(matches) == 1:
        return matches[0]
    names = [_name(*pair) for pair in known]
    if matches:
        listed = " or ".join(_name(*pair) for pair in matches)
        raise BadSetting(f"The setting {name!r} could mean {listed}; write the whole name.")
    nearest = get_close_matches(name, dict.fromkeys([*names, *(pair[1] for pair in known)]), n=3)
    hint = f"the nearest are {', '.join(nearest)}" if nearest else f"known are {', '.join(names)}"
    raise BadSetting(f"There is no setting {name!r}; {hint}.")


def _parse(section: type, field: str, text: str, name: str) -> object:
    """Return the value of a field from its text; raise BadSetting if it has another type."""
    hint = get_type_hints(section)[field]
    value: object = text
    if "tuple" in str(hint):
        value = [item.strip() for item in text.strip("()[]").split(",") if item.strip()]
    if text.lower() == "none":
        value = None
    if get_origin(hint) is Literal:  # pydantic converts no text to a number there
        value = next((option for option in get_args(hint) if str(option) == text), text)
    try:
        parsed: object = TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        raise BadSetting(f"The setting {name} cannot be {text!r}: {fault_of(error).message}.") from error
    return parsed
