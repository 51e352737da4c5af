"""The last layer of classifiers that start from an encoder: a logistic regression, checked at its optimum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_families import recordings, trained

from wavewright.families.classifier import CLASSIFIER
from wavewright.families.classifier.training import PENALTY, inputs_and_targets, logistic_regression
from wavewright.models.folder import ModelFolder
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

ENCODER_WEIGHT = "blocks.0.f2.0.weight"


def run_from_encoder(out, pooling="mean", output="softmax", **data):
    """Return a run from the encoder of the tests, which has not begun."""
    base = ModelFolder(trained("encoder").out)
    recipe = CLASSIFIER.fine_tuning(base)
    base_weight = data.pop("base_weight", 0.0)
    recipe = replace(
        recipe,
        model=replace(recipe.model, pooling=pooling, output=output),
        data=replace(recipe.data, **{"fitted_batches": 6, **data}),
        training=replace(
            recipe.training, steps=2, batch_size=8, threads=1, metric="", base_weight=base_weight, warmup_steps=0
        ),
    )
    return Run(out, "classifier", recipe, recordings(), Provenance("run", "Recognises."), base=base)


@pytest.mark.parametrize("is_single", [True, False])
def test_the_gradient_is_zero_at_the_optimum(is_single):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(60, 5, generator=generator).double()
    targets = torch.rand(60, 3, generator=generator).double()
    targets = targets / targets.sum(1, keepdim=True) if is_single else targets
    weight, bias = logistic_regression(inputs, targets, is_single)
    logits = inputs @ weight.T + bias
    excess = (logits.softmax(1) if is_single else logits.sigmoid()) - targets
    share = 1 if is_single else targets.shape[1]  # the mean is over clips and labels
    torch.testing.assert_close(excess.mean(0), torch.zeros(3).double(), atol=1e-4, rtol=0)
    slope = excess.T @ inputs / len(inputs) / share + 2 * PENALTY * weight
    torch.testing.assert_close(slope, torch.zeros(3, 5).double(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("pooling", ["mean", "statistics"])
def test_the_last_layer_is_the_regression_of_scaled_inputs(pooling, tmp_path):
    run = run_from_encoder(tmp_path / "run", pooling)
    module = run.network.inference_module().eval()
    inputs, targets = inputs_and_targets(module, run.prepared.batches, 6)
    scaled = (inputs - inputs.mean(0)) / (inputs.std(0) + 1e-3)
    weight, bias = logistic_regression(scaled, targets, is_single=True)
    with torch.no_grad():
        pooled = inputs.float() if pooling == "mean" else module.scale(inputs.float())
        logits = module.fc(pooled).double()
    torch.testing.assert_close(logits, scaled @ weight.T + bias, atol=0.05, rtol=0.01)
    assert (logits.argmax(1) == targets.argmax(1)).double().mean() > 0.7  # high and low tones


def test_the_encoder_stays_and_a_run_can_do_without_the_fit(tmp_path):
    fitted = run_from_encoder(tmp_path / "a").network.inference_module()
    random = run_from_encoder(tmp_path / "b", fitted_batches=0).network.inference_module()
    again = run_from_encoder(tmp_path / "c").network.inference_module()
    known = ModelFolder(trained("encoder").out).weights()[f"encoder.{ENCODER_WEIGHT}"]
    for module in (fitted, random):
        assert np.array_equal(module.get_parameter(ENCODER_WEIGHT).detach().numpy(), known.astype(np.float32))
    assert not torch.allclose(fitted.fc.weight, random.fc.weight, atol=0.01)
    assert torch.equal(fitted.fc.weight, again.fc.weight)


@pytest.mark.parametrize("fitted_batches", [6, 0])
def test_a_fitted_layer_belongs_to_the_base(fitted_batches, tmp_path):
    run = run_from_encoder(tmp_path / "run", fitted_batches=fitted_batches, base_weight=1.0)
    before = run.network.inference_module().fc.weight.detach().clone()
    run.train(Call(quiet=True))
    learned = torch.from_numpy(ModelFolder(run.out).weights()["classifier.fc.weight"].astype(np.float32))
    assert torch.allclose(learned, before, rtol=2e-3, atol=1e-3) == bool(fitted_batches)


@pytest.mark.parametrize("output", ["sigmoid", "frames"])
def test_classifiers_of_several_labels_and_of_events_start_from_an_encoder(output, tmp_path):
    module = run_from_encoder(tmp_path / "run", output=output).network.inference_module().eval()
    random = run_from_encoder(tmp_path / "random", output=output, fitted_batches=0).network.inference_module()
    assert torch.allclose(module.fc.weight, random.fc.weight) == (output == "frames")  # of events there are no targets
    with torch.no_grad():
        assert module(torch.zeros(1, module.config.n_mels, module.config.n_frames))[0].isfinite().all()
