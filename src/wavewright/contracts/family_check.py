"""Check that a model family keeps its contract, and explain a breach to its developer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

from ..base.errors import BadFamily, BadSetting
from .config import ModelConfig
from .family import Capability, Family

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ..models.folder import ModelFolder
    from .runtime import Model

WILD_INTEGERS = (-(10**12), 10**12)
WILD_FLOATS = (*map(float, WILD_INTEGERS), math.nan, math.inf)
"""Values that no setting accepts."""


def check_family(family: Family[ModelConfig]) -> None:
    """Check everything about a family that needs neither data nor PyTorch.

    Raises
    ------
    BadFamily
        With the first problem.
    """
    for problem in _problems(family):
        raise BadFamily(f"The family {family.name!r} breaks its contract: {problem}.")


def check_exported(family: Family[ModelConfig], folder: ModelFolder) -> None:
    """Check an exported model folder: its extra files and the names of its weights.

    Raises BadFamily if the folder has a file that the family does not declare, or no weights with one of its prefixes.
    """
    from ..models.folder import SAMPLE_FILE, WEIGHTS_FILE

    known = {WEIGHTS_FILE, SAMPLE_FILE, *family.extra_files}
    undeclared = sorted(name for name in folder.card.files if name not in known and not name.endswith(".onnx"))
    if undeclared:
        raise BadFamily(
            f"The family {family.name!r} exports {', '.join(undeclared)}; list every further file in extra_files."
        )
    weights = folder.tensors().keys()
    for prefix in family.weight_prefixes:
        if not any(name.startswith(prefix) for name in weights):
            raise BadFamily(
                f"The family {family.name!r} exports no weights whose names start with {prefix!r}, one of its "
                f"weight_prefixes; its weights are {', '.join(sorted(weights)[:4])}, ..."
            )


def check_model(family: Family[ModelConfig], model: Model) -> None:
    """Check that a model that is open has the base classes of its capabilities, and no others.

    Raises BadFamily if a base class is missing, or a capability is not declared.
    """
    from . import composition, enhancement, morphing, note_detection, runtime

    bases: dict[Capability, type[Model]] = {
        Capability.GENERATE: runtime.Generator,
        Capability.INTERPOLATE: runtime.Interpolator,
        Capability.AUTOENCODE: runtime.Autoencoder,
        Capability.MORPH: morphing.Morpher,
        Capability.VOCODE: runtime.Vocoder,
        Capability.CODE: runtime.Codec,
        Capability.SPEAK: runtime.AcousticModel,
        Capability.CLASSIFY: runtime.Classifier,
        Capability.EMBED: runtime.Encoder,
        Capability.ENHANCE: enhancement.Enhancer,
        Capability.SEPARATE: enhancement.Enhancer,
        Capability.CANCEL_ECHO: enhancement.EchoCanceller,
        Capability.COMPOSE: composition.ScoreComposer,
        Capability.PERFORM: composition.ScorePlayer,
        Capability.TRANSCRIBE: note_detection.NoteDetector,
    }
    required = family.capabilities_of(model.card.config)
    needed = {bases[capability] for capability in required if capability in bases}
    for base in dict.fromkeys(bases.values()):
        is_base = isinstance(model, base)
        if is_base != (base in needed):
            raise BadFamily(
                f"The family {family.name!r} opens a {type(model).__name__}, which {'is' if is_base else 'is not'} a "
                f"{base.__name__}; its capabilities are {', '.join(sorted(each.name for each in required)) or 'none'}."
            )


def _problems(family: Family[ModelConfig]) -> Iterator[str]:
    if not (family.name.isidentifier() and family.name == family.name.lower()):
        yield "its name is no identifier in lower case"
    if not family.capabilities:
        yield "it has no capabilities"
    yield from _missing_functions(family)
    unknown = sorted(set(family.health.metrics) - set(family.metrics))
    if unknown:
        yield f"its health rules name {', '.join(unknown)}, and its metrics are {', '.join(family.metrics)}"
    if "tiny" not in family.sizes:
        yield f"its sizes are {', '.join(family.sizes)}; tests need one that is called tiny"
    for size, config in family.sizes.items():
        yield from _size_problems(family, size, config)
    yield from _numbers_without_range(family.config())
    yield from _unchecked_labels(family.config())


def _missing_functions(family: Family[ModelConfig]) -> Iterator[str]:
    """Yield a problem for each function that ``recipe.py`` lacks, and for a runtime that is no model."""
    from .runtime import Model

    module = family.recipes()
    for name in ("recipe", "prepare"):
        if not callable(vars(module).get(name)):
            yield f"its recipe.py defines no function {name}"
    runtime = family.runtime()
    if not (isinstance(runtime, type) and issubclass(runtime, Model)):
        yield f"its runtime {runtime!r} is no class that is derived from Model"


def _size_problems(family: Family[ModelConfig], size: str, config: ModelConfig) -> Iterator[str]:
    if not isinstance(config, family.config):
        yield f"its size {size} is a {type(config).__name__}, not a {family.config.__name__}"
        return
    recipe = family.recipe(size)
    if recipe.model != config:
        yield f"its recipe of size {size} has another configuration than the size"
    if is_dataclass(recipe.data) and not isinstance(recipe.data, type):
        yield from _numbers_without_range(recipe.data)
    if set(config.metrics) - set(family.metrics):
        yield f"its size {size} knows the metrics {', '.join(config.metrics)}, the family not all of them"


def _unchecked_labels(config: ModelConfig) -> Iterator[str]:
    for labels in (("a", "a"), ("",), ("a\nb",)):
        try:
            replace(config, labels=labels)
        except BadSetting:
            continue
        yield f"its configuration accepts the labels {labels}; its __post_init__ has to call that of ModelConfig"


def _numbers_without_range(settings: DataclassInstance) -> Iterator[str]:
    """Yield a problem for each number of a dataclass that accepts wild values, or raises another error for them."""
    name = type(settings).__name__
    for field in fields(settings):
        for wild in _wild_values(vars(settings)[field.name]):
            try:
                replace(settings, **{field.name: wild})
            except BadSetting:
                continue
            except Exception as error:  # a misfit is reported by its kind
                yield f"{name}({field.name}={wild}) raises {type(error).__name__}, not BadSetting; give it a range"
            else:
                yield f"{name} accepts {field.name}={wild}; give it a range"


def _wild_values(value: object) -> list[object]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return list(WILD_INTEGERS)
    if isinstance(value, float):
        return list(WILD_FLOATS)
    if isinstance(value, tuple) and value and not isinstance(value[0], bool):
        return [(wild,) * len(value) for wild in _wild_values(value[0])]
    return []
