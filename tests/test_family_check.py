"""The check of a family: every family of the package passes, and each breach of the contract has its sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from wavewright import families
from wavewright.base.errors import BadFamily
from wavewright.base.ranges import ranged
from wavewright.contracts.config import ModelConfig
from wavewright.contracts.family import Capability, Family, HealthRules
from wavewright.contracts.family_check import check_exported, check_family, check_model
from wavewright.contracts.recipe import RecipeOf
from wavewright.contracts.runtime import Codec
from wavewright.families import FAMILIES


@dataclass(frozen=True)
class GoodConfig(ModelConfig):
    VALIDATION_METRICS = ("valid/mse",)

    channels: int = ranged(4, 1, 64)
    gain: float = ranged(0.5, 0.0, 1.0)
    widths: tuple[int, ...] = ranged((2, 3), 1, 8)
    causal: bool = False


GoodRecipe = RecipeOf[GoodConfig, None]


def good_recipe(size):
    return GoodRecipe(GoodFamily.sizes[size], None)


def unused(*arguments):
    raise NotImplementedError


def recipes_with(**functions):
    """Modules as a family returns them, from a class."""
    known = {"recipe": good_recipe, "prepare": unused} | functions
    module = SimpleNamespace(**{name: function for name, function in known.items() if function is not None})
    return lambda self: module


class GoodFamily(Family):
    name = "good"
    config = GoodConfig
    sizes: ClassVar = {"tiny": GoodConfig()}
    health = HealthRules(loss="valid/mse")
    capabilities = frozenset({Capability.CODE})
    weight_prefixes = ("encoder.",)
    recipes = recipes_with()

    def runtime(self):
        return Codec

    def training(self):
        raise NotImplementedError


@dataclass(frozen=True)
class Unbounded(GoodConfig):
    depth: int = 3


@dataclass(frozen=True)
class Dividing(GoodConfig):
    hop: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.channels % (self.hop + 10**12)  # divides by zero at one of the wild values


@dataclass(frozen=True)
class AnyLabel(GoodConfig):
    def __post_init__(self) -> None:
        replace(GoodConfig(), channels=self.channels, gain=self.gain, widths=self.widths, sample_rate=self.sample_rate)


def sized(config):
    return lambda size: RecipeOf(config(), None)


def family_with(**attributes):
    return type("Other", (GoodFamily,), attributes)()


def test_every_package_of_a_family_is_in_the_table():
    packages = {path.parent.name for path in Path(families.__file__).parent.glob("*/__init__.py")}
    assert packages == set(FAMILIES)
    assert list(FAMILIES) == sorted(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_keeps_its_contract(name):
    check_family(FAMILIES[name])


def test_a_family_that_keeps_its_contract_is_accepted():
    check_family(GoodFamily())


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"name": "my family"}, "'my family' breaks its contract: its name is no identifier"),
        ({"name": "Mine"}, "its name is no identifier in lower case"),
        ({"capabilities": frozenset()}, "it has no capabilities"),
        ({"health": HealthRules(loss="valid/los")}, "name valid/los, and its metrics are valid/mse"),
        ({"sizes": {"small": GoodConfig()}}, "its sizes are small; tests need one that is called tiny"),
        ({"sizes": {"tiny": ModelConfig()}}, "its size tiny is a ModelConfig, not a GoodConfig"),
        (
            {"recipes": recipes_with(recipe=lambda size: GoodRecipe(GoodConfig(channels=5), None))},
            "another configuration than the size",
        ),
        ({"metrics": (), "health": HealthRules()}, "knows the metrics valid/mse, the family not all of them"),
        (
            {"config": Unbounded, "sizes": {"tiny": Unbounded()}, "recipes": recipes_with(recipe=sized(Unbounded))},
            "Unbounded accepts depth=-1000000000000; give it a range",
        ),
        ({"recipes": recipes_with(prepare=None)}, "its recipe.py defines no function prepare"),
        ({"runtime": lambda self: len}, "its runtime <built-in function len> is no class that is derived from Model"),
        (
            {"config": Dividing, "sizes": {"tiny": Dividing()}, "recipes": recipes_with(recipe=sized(Dividing))},
            "raises ZeroDivisionError, not BadSetting",
        ),
        (
            {"config": AnyLabel, "sizes": {"tiny": AnyLabel()}, "recipes": recipes_with(recipe=sized(AnyLabel))},
            r"accepts the labels \('a', 'a'\)",
        ),
    ],
)
def test_a_breach_has_its_sentence(attributes, sentence):
    with pytest.raises(BadFamily, match=sentence):
        check_family(family_with(**attributes))


def exported(files, weights):
    """A model folder with these files and weights."""
    tensors = {name: np.zeros(2, np.float32) for name in weights}
    return SimpleNamespace(card=SimpleNamespace(files=dict.fromkeys(files, "")), tensors=lambda: tensors)


def test_exported_files_and_weights_are_those_that_the_family_declares():
    files = ("weights.safetensors", "sample.ogg", "encoder.onnx")
    check_exported(GoodFamily(), exported(files, ["encoder.0.weight"]))
    with pytest.raises(BadFamily, match=r"exports latents\.safetensors; list every further file in extra_files"):
        check_exported(GoodFamily(), exported((*files, "latents.safetensors"), ["encoder.0.weight"]))
    check_exported(
        family_with(extra_files={"latents.safetensors": "latents"}),
        exported((*files, "latents.safetensors"), ["encoder.0.weight"]),
    )
    with pytest.raises(
        BadFamily, match=r"no weights whose names start with 'encoder\.', .* its weights are decoder\.w"
    ):
        check_exported(GoodFamily(), exported(files, ["decoder.w"]))


def test_a_model_has_the_base_classes_of_its_capabilities():
    model = type(
        "TinyCodec",
        (Codec,),
        dict.fromkeys(Codec.__abstractmethods__, None)
        | {"__init__": lambda self: None, "card": SimpleNamespace(config={})},
    )()
    check_model(GoodFamily(), model)
    with pytest.raises(BadFamily, match="opens a TinyCodec, which is a Codec; its capabilities are none"):
        check_model(family_with(capabilities=frozenset()), model)
    with pytest.raises(BadFamily, match="opens a TinyCodec, which is not a Vocoder; its capabilities are CODE, VOCODE"):
        check_model(family_with(capabilities=frozenset({Capability.VOCODE, Capability.CODE})), model)
