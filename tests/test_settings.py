"""Settings of a run: ranges, numbers that depend on each other, and one sentence for each fault."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from dataclasses import fields, replace

import pytest

from wavewright.base.errors import BadSetting
from wavewright.base.ranges import ranges_of
from wavewright.contracts.config import ModelConfig
from wavewright.contracts.settings import TrainingSettings, override
from wavewright.families import FAMILIES
from wavewright.families.gan.config import METRICS, SIZES, GanConfig
from wavewright.families.gan.recipe import GanDataSettings, GanRecipe, Reference, recipe


def overridden(*assignments: str) -> GanRecipe:
    return override(recipe("tiny"), assignments)


def test_patience_needs_a_metric():
    with pytest.raises(BadSetting, match=r"^patience belongs to metric; give both, or leave patience out"):
        overridden("metric=", "patience=3")
    assert overridden("metric=distance", "patience=3").training.patience == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("product_bits=8", "^product_bits belongs to weight_bits=8; give both, or leave product_bits out"),
        ("weight_bits=8 product_bits=8", None),
    ],
)
def test_only_matrices_of_8_bits_multiply_in_8_bits(settings, message):
    if message is None:
        assert overridden(*settings.split()).training.product_bits == 8
        return
    with pytest.raises(BadSetting, match=message):
        overridden(*settings.split())


@pytest.mark.parametrize(
    ("kind", "free"),
    [
        (GanConfig, {"n_samples", "hop_length", "fade_in_samples", "augment_shift_samples"}),
        (GanDataSettings, set()),
        (TrainingSettings, set()),
    ],
)
def test_every_number_has_a_range(kind, free):
    numbers = {field.name for field in fields(kind) if field.type in ("int", "float", "tuple[float, float]")}
    assert ranges_of(kind).keys() | free == numbers


@pytest.mark.parametrize("fraction", [-0.1, 0.91, math.nan, math.inf])
def test_the_ends_belong_to_a_range_and_nothing_beyond_does(fraction):
    for end in ranges_of(GanDataSettings)["valid_fraction"]:
        assert GanDataSettings(valid_fraction=end).valid_fraction == end
    with pytest.raises(BadSetting, match=rf"^valid_fraction is {fraction}; it must lie between 0\.0 and 0\.9\.$"):
        GanDataSettings(valid_fraction=fraction)


@pytest.mark.parametrize(
    ("assignments", "sentence"),
    [
        (["n_samples=0"], "n_samples is 0, 0 s at 44100 Hz; a clip lasts 0.1 to 60 s, here 4410 to 2646000 samples."),
        (["n_samples=100000000"], "n_samples is 100000000, 2.27e+03 s at 44100 Hz; a clip lasts 0.1 to 60 s, here"),
        (["sample_rate=1"], "sample_rate is 1; it must lie between 4000 and 768000."),
        (["hop_length=3"], "hop_length is 3; it must lie between 32 and 512."),
        (["hop_length=1024"], "hop_length is 1024; it must lie between 32 and 512."),
        (["n_fft=255"], "n_fft is 255; it must be even and at most n_samples (31232)."),
        (["n_fft=16384", "n_samples=8192"], "n_fft is 16384; it must be even and at most n_samples (8192)."),
        (["latent_size=0"], "latent_size is 0; it must lie between 1 and 8192."),
        (["channels=0"], "channels is 0; it must lie between 1 and 2048."),
        (
            ["channels=17", "recurrent=true"],
            "channels is 17 and critic_channels 16; recurrent networks need even numbers",
        ),
        (["fade_in_samples=40000"], "fade_in_samples is 40000; it must lie between 0 and 31232."),
        (["augment_shift_samples=-1"], "augment_shift_samples is -1; it must lie between 0 and 31231."),
        (["labels=kick,kick"], "labels are 'kick', 'kick'; each needs a name of its own."),
        (["learning_rate=-1"], "learning_rate is -1.0; it must lie between 1e-09 and 10.0."),
        (["learning_rate=nan"], "learning_rate is nan; it must lie between 1e-09 and 10.0."),
        (["betas=0.5,1"], "betas is (0.5, 1.0); it must lie between 0.0 and 0.999999."),
        (["batch_size=0"], "batch_size is 0; it must lie between 1 and 65536."),
        (["batch_size=7"], "batch_size is 7; it must be a multiple of 4, the clips of a class in a batch."),
        (["evaluate_every=0"], "evaluate_every is 0; it must lie between 1 and 1000000000."),
        (["seed=-1"], "seed is -1; it must lie between 0 and 4294967295."),
        (["metric=loudness"], "metric is 'loudness'; a GAN is measured by distance, diversity, copying, level_db"),
        (["slowest=2"], "slowest is 2.0 and fastest 1.18; the slowest speed must not be the larger."),
        (["fastest=1e9"], "fastest is 1000000000.0; it must lie between 0.1 and 10.0."),
        (["valid_fraction=1"], "valid_fraction is 1.0; it must lie between 0.0 and 0.9."),
        (["n_samples=1e4"], "The setting model.n_samples cannot be '1e4'"),
        (["weight_bits=4"], "The setting training.weight_bits cannot be '4': it must be 16 or 8."),
        (["loss=l2"], "The setting model.loss cannot be 'l2': it must be 'r3gan', 'hinge', 'wgan-gp' or 'bce'."),
        (["n_samples"], "The setting 'n_samples' has no value; write n_samples=VALUE"),
        (["n_sample=5"], "There is no setting 'n_sample'; the nearest are n_samples"),
    ],
)
def test_what_cannot_be_is_one_sentence(assignments, sentence):
    with pytest.raises(BadSetting) as refusal:
        overridden(*assignments)
    assert str(refusal.value).startswith(sentence)
    assert str(refusal.value).endswith(".")


def test_values_that_fit_each_other_may_be_given_in_any_order():
    assert overridden("n_fft=256", "hop_length=64").model.hop_length == 64
    assert overridden("hop_length=64", "n_fft=256").model.n_fft == 256
    assert overridden("weight_bits=8").training.weight_bits == 8
    assert overridden("slowest=2", "fastest=3").data == GanDataSettings(slowest=2, fastest=3)


def test_every_size_can_be():
    for size in SIZES:
        assert recipe(size).training.batch_size % 4 == 0


def test_the_metrics_that_can_be_chosen_are_those_that_are_measured():
    assert overridden("metric=-diversity").training.metric == "-diversity"
    assert all(f"``{name}``" in (Reference.measure.__doc__ or "") for name in METRICS)


def random_integer(rng: random.Random, usual: int) -> int:
    return rng.choice([*range(10), 12, 16, 33, usual - 1, usual + 1, usual // 2])


def random_changes(rng: random.Random, config: ModelConfig) -> dict[str, object]:
    """Draw other values of one or two integers or tuples of integers, and sometimes of a switch."""
    values = {field.name: getattr(config, field.name) for field in fields(config) if field.name != "labels"}
    switches = [name for name, value in values.items() if isinstance(value, bool)]
    integers = [name for name, value in values.items() if isinstance(value, int) and name not in switches]
    integers += [name for name, value in values.items() if isinstance(value, tuple) and value and type(value[0]) is int]
    changes: dict[str, object] = {}
    for name in rng.sample(integers, rng.choice((1, 1, 2))):
        value = values[name]
        is_tuple = isinstance(value, tuple)
        changes[name] = tuple(random_integer(rng, each) for each in value) if is_tuple else random_integer(rng, value)
    if switches and rng.random() < 0.3:
        switch = rng.choice(switches)
        changes[switch] = not values[switch]
    return changes


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")  # a table of no symbols
@pytest.mark.parametrize("seed", range(5, 10))
@pytest.mark.parametrize("name", FAMILIES)
def test_integers_are_refused_in_a_sentence_or_make_a_network(name, seed):
    rng, family = random.Random(seed), FAMILIES[name]
    usual, training = family.recipe("tiny").model, family.training()
    with suppress(BadSetting):  # some families have no labels
        usual = replace(usual, labels=("a", "b"))
    n_refused = 0
    for _ in range(12):
        changes = random_changes(rng, usual)
        try:
            config = replace(usual, **changes)
        except BadSetting:
            n_refused += 1
            continue
        try:
            training.build(config)
        except Exception as error:
            raise AssertionError(f"{name} accepts {changes} and cannot build its network") from error
    assert 0 < n_refused < 12
