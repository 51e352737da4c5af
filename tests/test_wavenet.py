"""WaveNet: the layer equals its formula, outputs are causal, likelihoods sum to one, batches, a warm start."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from tiny_clips import write_labelled
from torch import Tensor
from torch.nn import functional as F

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.contracts.family import exported_weights
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.data.sequences import N_QUANTILES
from wavewright.dsp.mel import log_mel, mel_to_features
from wavewright.families.wavenet import WAVENET
from wavewright.families.wavenet.config import POSITION_FEATURES, WaveNetConfig
from wavewright.families.wavenet.recipe import WaveNetDataSettings, WaveNetRecipe, prepare
from wavewright.families.wavenet.signal import (
    mel_frames,
    position_features,
    signal_to_classes,
    signal_to_wave,
    wave_to_signal,
)
from wavewright.families.wavenet.training import (
    WaveNet,
    WaveNetNetwork,
    WaveNetTraining,
    engine_tensors,
    logistics_nats,
    sample_nats,
)
from wavewright.models.card import Card
from wavewright.nn.gated import GatedLayer, convolve_layers, skip_sum
from wavewright.training.export import export_model
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

SMALL = {
    "sample_rate": 8_000,
    "n_layers": 4,
    "dilation_cycle": 3,
    "channels": 8,
    "skip_channels": 12,
    "head_channels": 10,
    "input_taps": 5,
    "n_mixtures": 3,
    "label_size": 4,
    "condition_channels": 8,
    "hop_length": 32,
    "condition_hop": 8,
    "n_fft": 64,
    "n_mels": 10,
    "f_max_hz": 4_000.0,
}


def plain_layer(layer: GatedLayer, hidden: Tensor, condition: Tensor | None, hold: int) -> tuple[Tensor, Tensor]:
    """The layer as the paper writes it, by ordinary operations."""
    before = F.pad(hidden, (0, 0, layer.dilation, 0))[:, : hidden.shape[1]]
    a = layer.dilated(torch.cat([before, hidden], dim=-1))
    if condition is not None:
        a = a + condition.repeat_interleave(hold, dim=1)[:, : hidden.shape[1]]
    channels = hidden.shape[-1]
    units = torch.tanh(a[..., :channels]) * torch.sigmoid(a[..., channels:])
    return hidden + layer.residual(units), units


@pytest.mark.parametrize("conditioned", [True, False])
@pytest.mark.parametrize("time", [2, 10, 12])  # shorter than the dilation, not whole segments, whole segments
def test_layer_and_its_gradient_equal_the_formula(time, conditioned):
    torch.manual_seed(0)
    layer = GatedLayer(6, 5, dilation=3)
    hidden = torch.randn(2, time, 6, requires_grad=True)
    condition = torch.randn(2, 3, 12, requires_grad=True) if conditioned else None
    results = []
    for function in (layer, lambda *arguments: plain_layer(layer, *arguments)):
        parameters = [*layer.dilated.parameters(), *layer.residual.parameters()]
        inputs = [hidden, *parameters] + ([condition] if conditioned else [])
        out, units = function(hidden, condition, 4)
        gradients = torch.autograd.grad((out**2).sum() + (units**3).sum(), inputs)
        results.append([out, units, *gradients])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_layers", [1, 5, 7])
def test_skip_sum_and_its_gradient_equal_the_formula(n_layers):
    torch.manual_seed(0)
    layers = [GatedLayer(6, 4, 1) for _ in range(n_layers)]
    units = [torch.randn(2, 9, 6, requires_grad=True) for _ in layers]
    bias = torch.randn(4, requires_grad=True)
    inputs = [bias, *units, *(layer.skip.weight for layer in layers)]
    results = []
    for total in (
        skip_sum(layers, units, bias),
        bias + sum(layer.skip(of_layer) for layer, of_layer in zip(layers, units, strict=True)),
    ):
        results.append([total, *torch.autograd.grad((total**3).sum(), inputs)])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("conditioned", [True, False])
def test_convolutions_and_products_are_the_same(conditioned):
    torch.manual_seed(0)
    layers = [GatedLayer(6, 4, dilation, is_last=dilation == 4) for dilation in (1, 2, 4)]
    hidden, bias = torch.randn(2, 11, 6, requires_grad=True), torch.randn(4, requires_grad=True)
    conditions = [torch.randn(2, 3, 12, requires_grad=True) if conditioned else None for _ in layers]
    inputs = [
        hidden,
        bias,
        *(p for layer in layers for p in layer.parameters()),
        *(c for c in conditions if c is not None),
    ]
    current, units = hidden, []
    for layer, condition in zip(layers, conditions, strict=True):
        current, of_layer = layer(current, condition, 4)
        units.append(of_layer)
    results = []
    for total in (skip_sum(layers, units, bias), convolve_layers(layers, hidden, conditions, 4, bias)):
        results.append([total, *torch.autograd.grad((total**3).sum(), inputs)])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-3, atol=1e-4)


def test_bfloat16_is_near_float32():
    torch.manual_seed(0)
    network = WaveNet(WaveNetConfig(condition="none", **SMALL))
    wave = 0.1 * torch.randn(2, 100)
    with torch.no_grad():
        exact = network(wave)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network(wave)
    assert 1e-5 < float((rounded - exact).abs().max()) < 0.05 * float(exact.abs().max())


@pytest.mark.parametrize("head", ["mu-law", "logistics"])
def test_an_output_depends_on_the_receptive_field_alone(head):
    torch.manual_seed(0)
    config = WaveNetConfig(condition="none", head=head, **SMALL)
    network = WaveNet(config)
    assert config.receptive_field == 5 + 1 + 2 + 4 + 1
    wave = torch.randn(1, 40).requires_grad_()
    is_used = torch.autograd.grad(network(wave)[0, 30].sum(), wave)[0][0].abs() > 0
    assert is_used.nonzero().flatten().tolist() == list(range(30 - config.receptive_field, 30))


def test_condition_reaches_the_samples_of_its_rows():
    torch.manual_seed(0)
    network = WaveNet(
        WaveNetConfig(condition="position", labels=("a", "b"), speakers=("x", "y"), condition_layers=0, **SMALL)
    )
    rows = network.conditioner(torch.randn(2, 5, POSITION_FEATURES), torch.tensor([0, 1]), torch.tensor([1, 1]))
    assert rows.shape == (2, 5 * 4, 4 * 2 * 8)
    frames = torch.randn(1, 5, POSITION_FEATURES).requires_grad_()
    outputs = network(torch.zeros(1, 160), frames, torch.tensor([0]), torch.tensor([0]))
    is_used = torch.autograd.grad(outputs[0, 64:72].sum(), frames)[0][0].abs().sum(1) > 0  # the first row of frame 2
    assert is_used.tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]  # through the convolution over rows, and the samples before
    assert outputs.shape == (1, 160, 9)


def test_probabilities_of_the_16_bit_grid_sum_to_one():
    torch.manual_seed(0)
    outputs = torch.randn(4, 9)
    outputs[:, 6:] = torch.tensor([[-1.0], [-4.0], [-8.0], [-12.0]])  # wide, narrow, a step wide, below the smallest
    grid = torch.arange(-32_767, 32_768) / 32_767
    for row in outputs:
        nats = logistics_nats(row.expand(len(grid), -1), grid.float())
        assert float(torch.exp(-nats.double()).sum()) == pytest.approx(1, abs=2e-3)
    edges = logistics_nats(torch.tensor([[0.0, -3.0, -1.0]]).expand(2, -1), torch.tensor([-1.0, 1.0]))
    assert float(torch.exp(-edges[0])) == pytest.approx(1 / (1 + math.exp(-(-1 + 3 + 0.5 / 32_767) * math.e)), rel=1e-5)


def test_likelihood_of_a_known_distribution_is_its_entropy():
    scale, rng = math.exp(-3.0), np.random.default_rng(0)
    wave = torch.from_numpy(rng.logistic(0.1, scale, 200_000)).float().clamp(-1, 1)
    nats = logistics_nats(torch.tensor([0.0, 0.1, -3.0]).expand(len(wave), -1), wave)
    assert float(nats.mean()) == pytest.approx(
        math.log(scale) + 2 + math.log(32_767), abs=0.01
    )  # differential entropy + grid


@pytest.mark.parametrize("pre_emphasis", [0.0, 0.85])
@pytest.mark.parametrize("head", ["mu-law", "logistics"])
def test_a_signal_becomes_the_wave_again_in_any_chunks(head, pre_emphasis):
    config = WaveNetConfig(head=head, pre_emphasis=pre_emphasis, **SMALL)
    time = np.arange(4_000) / 8_000
    wave = (0.4 * np.sin(2 * np.pi * 200 * time) + 0.1 * np.sin(2 * np.pi * 1_500 * time)).astype(np.float32)
    signal = wave_to_signal(wave[None], config)
    whole, _ = signal_to_wave(signal, config)
    assert np.abs(whole - wave).max() < (0.15 if head == "mu-law" else 1e-3)
    assert np.sqrt(np.mean((whole - wave) ** 2)) < (0.03 if head == "mu-law" else 2e-4)
    first, last = signal_to_wave(signal[:, :1_234], config)
    second, _ = signal_to_wave(signal[:, 1_234:], config, last)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)
    if head == "mu-law":
        assert set(np.unique(signal_to_classes(signal))) <= set(range(256))
        np.testing.assert_array_equal(signal_to_classes(np.array([-1.0, 0.0, 127 / 128])), [0, 128, 255])
        assert wave_to_signal(np.zeros((1, 3)), config).tolist() == [[0, 0, 0]]  # silence is silence


def test_mel_frames_are_the_house_mel_and_cover_the_wave():
    config = WaveNetConfig(condition="mel", **SMALL)
    wave = np.random.default_rng(0).normal(size=1_000).astype(np.float32) * 0.1
    frames = mel_frames(wave, config)
    assert frames.shape == (10, 32)  # 1000 / 32 begun
    as_of_1024 = 1_024 / 64  # a window of so many more samples finds so much more amplitude
    expected = log_mel(as_of_1024 * wave, 8_000, 64, 32, 10, f_max_hz=4_000, floor=1e-5)
    np.testing.assert_allclose(frames, expected[:, :32], atol=1e-5)
    np.testing.assert_allclose(mel_to_features(frames)[3], (frames[:, 3] + 5) / 4, atol=1e-6)


def test_position_features_of_a_clip():
    config = WaveNetConfig(**SMALL)
    rows = position_features(10, 288, config)  # a sound of 9 hops
    assert rows.shape == (10, POSITION_FEATURES)
    np.testing.assert_allclose(rows[:, 0], np.arange(10) / 9, atol=1e-6)
    assert rows[0, 3:6].tolist() == [1, 1, 1]  # the start
    assert rows[9, 6:].tolist() == [1, 1]  # the end
    np.testing.assert_allclose(position_features(4, 288, config, start=3 * 32), rows[3:7], atol=1e-6)
    assert np.all(rows[:, 2] == np.float32(np.log(288 / 8_000 / 0.5)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten decaying tones a label, 0.1 to 0.28 s at 8 kHz."""
    times = [np.arange(800 + 160 * index) / 8_000 for index in range(10)]
    waves = {
        label: [0.5 * np.exp(-4 * time) * np.sin(2 * np.pi * hz * time) for time in times]
        for label, hz in (("high", 900), ("low", 300))
    }
    return write_labelled(tmp_path_factory.mktemp("tones"), waves, 8_000)


def recipe_for(condition: str = "position", **data: object) -> WaveNetRecipe:
    data = {"crop_samples": 1_024, "valid_fraction": 0.2, **data}
    return WaveNetRecipe(
        WaveNetConfig(condition=condition, **SMALL), WaveNetDataSettings(**data), TrainingSettings(batch_size=4)
    )


def test_batches_hold_what_their_condition_says(folder, tmp_path):
    prepared = prepare(recipe_for(), scan(folder, "folder").entries, tmp_path)
    assert prepared.recipe.model.labels == ("high", "low")
    batch, again = prepared.batches(3), prepared.batches(3)
    assert {name: value.shape for name, value in batch.items()} == {
        "signal": (4, 1_024),
        "mask": (4, 1_024),
        "frames": (4, 32, POSITION_FEATURES),
        "label": (4,),
    }
    assert all(np.array_equal(batch[name], again[name]) for name in batch)
    assert not np.array_equal(batch["signal"], prepared.batches(4)["signal"])
    store, starts = prepared.batches.store, []
    for step in range(20):
        batch = prepared.batches(step)
        for signal, mask, frames, label in zip(
            *(batch[name] for name in ("signal", "mask", "frames", "label")), strict=True
        ):
            pitch = np.abs(np.fft.rfft(signal)).argmax() * 8_000 / 1_024
            assert abs(pitch - (900, 300)[label]) < 30
            length = round(float(np.exp(frames[0, 2])) * 0.5 * 8_000)
            start = round(float(frames[0, 0]) * length)
            assert length in store.lengths
            assert start % 32 == 0
            assert mask.sum() == min(1_024, length - start)
            starts.append(start)
    assert 0 < np.mean(np.array(starts) > 0) < 0.7


def test_noise_is_added_to_the_inputs_alone_and_up_to_its_limit(folder, tmp_path):
    quiet, noisy = (
        prepare(recipe_for(input_noise=noise), scan(folder, "folder").entries, tmp_path) for noise in (0.0, 0.2)
    )
    assert "inputs" not in quiet.batches(3)
    deviations = []
    for step in range(20):
        batch = noisy.batches(step)
        assert batch["inputs"].dtype == np.float32
        assert np.abs(batch["inputs"]).max() <= 1
        deviations.extend((batch["inputs"] - batch["signal"]).std(axis=1))
    assert max(deviations) < 0.21
    assert np.mean(np.square(deviations)) == pytest.approx(
        0.2**2 / 5, rel=0.4
    )  # the mean of (0.2 u^2)^2, less what is clipped
    assert all("inputs" not in batch for batch in noisy.valid)


def test_likelihood_is_that_of_the_wave_given_the_noisy_past():
    torch.manual_seed(0)
    network = WaveNet(WaveNetConfig(condition="none", **SMALL))
    signal, past = (torch.rand(1, 64) - 0.5 for _ in range(2))
    outputs = network(past)
    expected = logistics_nats(outputs, signal)
    torch.testing.assert_close(sample_nats(network, {"signal": signal, "inputs": past}), expected)


def test_durations_are_those_of_the_training_clips_of_a_label(folder, tmp_path):
    prepared = prepare(recipe_for(valid_fraction=0.0), scan(folder, "folder").entries, tmp_path)
    assert prepared.durations.shape == (2, N_QUANTILES)
    assert prepared.durations[0, 0] == pytest.approx(0.1, abs=0.02)  # a little silence may be trimmed
    assert prepared.durations[0, -1] == pytest.approx(0.28, abs=0.02)
    assert np.all(np.diff(prepared.durations, axis=1) >= 0)
    assert prepared.valid == ()
    assert prepared.recipe.training.metric == ""


def test_the_mel_frames_of_a_crop_are_those_of_the_clip(folder, tmp_path):
    recipe = recipe_for("mel", level=False, start_fraction=0.0, crop_samples=256)
    prepared = prepare(recipe, scan(folder, "folder").entries, tmp_path)
    model = prepared.recipe.model
    assert model.labels == ()
    batch, store = prepared.batches(1), prepared.batches.store
    for signal, frames in zip(batch["signal"], batch["frames"], strict=True):
        is_crop = False
        for i in range(len(store)):
            clip = np.pad(store[i][0], (0, 512))
            whole = mel_to_features(mel_frames(clip, model))
            for first in range(store.lengths[i] // 32):
                same = np.allclose(wave_to_signal(clip, model)[first * 32 : first * 32 + 256], signal, atol=1e-4)
                if same and np.allclose(whole[first : first + 8], frames, atol=1e-3):
                    is_crop = True
        assert is_crop


def test_evaluation_is_in_bits_and_ignores_padding(folder, tmp_path):
    torch.manual_seed(0)
    prepared = prepare(recipe_for(), scan(folder, "folder").entries, tmp_path)
    network = WaveNet(prepared.recipe.model)
    nats = counted = 0.0
    for batch in prepared.valid:
        tensors = {name: torch.as_tensor(value) for name, value in batch.items()}
        for row in range(len(batch["signal"])):
            length = int(batch["mask"][row].sum())
            one = {name: value[row : row + 1] for name, value in tensors.items()}
            nats += float(sample_nats(network, one)[0, :length].detach().sum())
            counted += length
    assert WaveNetTraining().evaluate(network, prepared)["valid/bits"] == pytest.approx(
        nats / counted / math.log(2), rel=1e-4
    )


def test_a_few_steps_learn_a_tone(folder, tmp_path):
    torch.manual_seed(0)
    prepared = prepare(recipe_for(), scan(folder, "folder").entries, tmp_path)
    network = WaveNetNetwork(prepared.recipe.model)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    before = WaveNetTraining().evaluate(network.wavenet, prepared)["valid/bits"]
    for step in range(40):
        batch = {name: torch.as_tensor(value) for name, value in prepared.batches(step).items()}
        loss = network.turns(step)[0][1](batch)["likelihood/nats"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert WaveNetTraining().evaluate(network.wavenet, prepared)["valid/bits"] < before - 2


def test_engine_tensors_have_the_shapes_that_the_config_says():
    config = WaveNetConfig(condition="mel", head="mu-law", **SMALL)
    shapes = {name: array.shape for name, array in engine_tensors(WaveNet(config)).items()}
    assert shapes["input.weight"] == (8, 5)
    assert shapes["skip.weight"] == (12, 4 * 8)
    assert shapes["output.weight"] == (256, 10)
    assert [name for name in shapes if name.startswith("dilated.0")] == ["dilated.0.weight", "dilated.0.bias"]
    assert "residual.3.weight" not in shapes
    assert len(shapes) == 8 + 2 * 4 + 2 * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"condition_hop": 60}, "condition_hop is 60; it must be a divisor of hop_length"),
        ({"labels": ("a", "a")}, "labels are 'a', 'a'; each needs a name of its own"),
        ({"condition": "mel", "f_max_hz": 9_000.0}, "f_max_hz is 9000.0"),
        ({"n_layers": 0}, "n_layers is 0"),
        ({"condition": "mel", "n_fft": 64}, "n_fft is 64; it must be at least hop_length"),
    ],
)
def test_impossible_configs_are_refused(changes, message):
    with pytest.raises(BadSetting, match=message):
        WaveNetConfig(**changes)


def test_every_speaker_is_learned_from_and_clips_without_a_label_are_named(folder, tmp_path):
    entries = [
        replace(entry, speaker="xyz"[i % 3], group="xyz"[i % 3])
        for i, entry in enumerate(scan(folder, "folder").entries)
    ]
    prepared = prepare(recipe_for(), entries, tmp_path)
    assert prepared.recipe.model.speakers == ("x", "y", "z")
    assert {entry.speaker for entry in prepared.train_entries} == {"x", "y", "z"}
    assert prepare(recipe_for("mel"), entries, tmp_path).recipe.model.speakers == ()
    entries[3] = replace(entries[3], label=None)
    prepared = prepare(recipe_for(), entries, tmp_path)
    assert [problem.reason for problem in prepared.failed] == ["it has no label, where others have one"]
    assert len(prepared.train_entries) + 1 <= 20


class Latest:
    """Draws the latest start that there is."""

    def random(self):
        return 1.0

    def integers(self, n):
        return n - 1

    def uniform(self, low, high):
        return low


def test_the_last_sample_of_a_long_clip_is_learned(folder, tmp_path):
    batches = prepare(recipe_for(crop_samples=512), scan(folder, "folder").entries, tmp_path).batches
    for index, (row, length) in enumerate(zip(batches.rows, batches.lengths, strict=True)):
        crop = batches._crop(index, Latest())
        n_signal = int(crop["mask"].sum())
        whole = wave_to_signal(batches.store[int(row)], batches.recipe.model)[0]
        assert 480 < n_signal <= 512
        np.testing.assert_array_equal(crop["signal"][:n_signal], whole[length - n_signal :])


def test_impossible_recipes_and_folders_are_refused(folder, tmp_path):
    with pytest.raises(BadSetting, match="crop_samples is 1000; it must be a multiple of hop_length"):
        WaveNetRecipe(WaveNetConfig(), WaveNetDataSettings(crop_samples=1_000), TrainingSettings())
    with pytest.raises(BadSetting, match=r"metric is 'loss'; a WaveNet is measured by valid/bits \("):
        WaveNetRecipe(WaveNetConfig(), WaveNetDataSettings(), TrainingSettings(metric="loss"))
    unknown = WaveNetRecipe(WaveNetConfig(labels=("bell",), **SMALL), recipe_for().data, TrainingSettings())
    with pytest.raises(BadFolder, match="no clip with the label 'bell' to train on; the folder has high, low"):
        prepare(unknown, scan(folder, "folder").entries, tmp_path)


def test_a_training_starts_from_another_model(folder, tmp_path):
    """A known label keeps its embedding, a new one starts from the mean, other weights are those of the base."""
    torch.manual_seed(0)
    entries = scan(folder, "folder").entries
    prepared = prepare(recipe_for(), entries, tmp_path)
    model = prepared.recipe.model
    network = WaveNet(model).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # zeros of fresh biases are equal tensors, which are exported as one
            parameter.add_(0.01 * torch.randn_like(parameter))
    card = Card(name="base", family="wavenet", config=asdict(model), labels=list(model.labels), sample_rate=8_000)
    base = export_model(tmp_path / "base", card, WaveNetTraining().export(network, prepared))
    tuned = WAVENET.fine_tuning(base)
    assert tuned.model == replace(model, labels=())
    started = replace(tuned, data=recipe_for().data, training=TrainingSettings(batch_size=2, steps=1, threads=1))
    renamed = Scan(tuple(replace(entry, label={"high": "bright", "low": "low"}[entry.label]) for entry in entries))
    run = Run(tmp_path / "run", "wavenet", started, renamed, Provenance("run"), tmp_path, base)
    assert run.recipe.model.labels == ("bright", "low")
    weights = {name: tensor.numpy().copy() for name, tensor in run.network.inference_module().state_dict().items()}
    table = "conditioner.label_embedding.weight"
    for name, tensor in network.state_dict().items():
        if name != table:
            rounded = tensor.half().float() if tensor.ndim > 1 else tensor
            np.testing.assert_allclose(weights[name], rounded.numpy(), atol=1e-6, err_msg=name)
    known = exported_weights(base, WAVENET.weight_prefixes)[table]
    np.testing.assert_allclose(weights[table], [known.mean(axis=0), known[1]], rtol=1e-5)
    assert WAVENET.new_tables(base, run.recipe.model) == [table]
    assert np.isfinite(run.train(Call(quiet=True)).metrics["valid/bits"])
    with pytest.raises(BadSetting, match="base has the labels high, low, and this training has none"):
        WAVENET.initial_weights(base, tuned.model)
