"""Products in integers: what the graph says is what the arithmetic says, frame by frame, and near what was trained."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from wavewright.contracts.settings import TrainingSettings
from wavewright.errors import BadSetting
from wavewright.models.card import Card
from wavewright.nn.export_spec import ExportSpec, GraphSpec
from wavewright.onnx_runtime import open_session
from wavewright.training.export import export_model, row_scales
from wavewright.training.integer_products import MOST_SATURATION_DB, Steps, saturation_db, steps_for

SAMPLE = np.full((1, 8), 0.5, np.float32)


class TwoProducts(nn.Module):
    """Two products of the same frames, and one that is too small for 8 bits."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.third = nn.Linear(64, 80), nn.Linear(64, 80), nn.Linear(80, 4)

    def forward(self, frames):
        return self.third(self.first(frames) * torch.sigmoid(self.second(frames)))


def written(folder, product_bits):
    module, frames = TwoProducts(), torch.randn(2, 9, 64)
    graph = GraphSpec(module, {"frames": frames}, ("out",), {"frames": (1,), "out": (1,)})
    card = Card(name="x", family="gan", sample_rate=8_000)
    export_model(folder, card, ExportSpec({"net.onnx": graph}, SAMPLE), 8, product_bits)
    return module, frames.numpy(), open_session(folder / "net.onnx")


def product(frames, linear, steps):
    """``frames @ weight.T + bias`` as steps of frames and of weights multiply."""
    weight = linear.weight.detach().numpy()
    taken = np.clip(np.rint(frames / steps.size) + steps.zero, 0, 255) - steps.zero
    scales = row_scales(weight)
    return (taken @ np.rint(weight / scales).T) * steps.size * scales[:, 0] + linear.bias.detach().numpy()


def test_products_are_those_of_the_steps(tmp_path):
    module, frames, session = written(tmp_path, 8)
    matrices = [linear.weight.detach().numpy() for linear in (module.first, module.second)]
    steps = steps_for(frames, [np.rint(matrix / row_scales(matrix)).astype(np.int8) for matrix in matrices])
    given = 1.5 * np.random.default_rng(0).standard_normal((1, 30, 64)).astype(np.float32)  # some beyond the examples
    gate = 1 / (1 + np.exp(-product(given, module.second, steps)))
    third = module.third.weight.detach().half().float().numpy()  # stored with 16 bits, and multiplied in float32
    expected = (product(given, module.first, steps) * gate) @ third.T + module.third.bias.detach().numpy()
    np.testing.assert_allclose(session.run(None, {"frames": given})[0], expected, atol=2e-5)


def test_only_matrices_of_8_bits_multiply_in_integers(tmp_path):
    written(tmp_path, 8)
    kinds = [node.op_type for node in onnx.load(tmp_path / "net.onnx", load_external_data=False).graph.node]
    assert (kinds.count("MatMulIntegerToFloat"), kinds.count("QuantizeLinear"), kinds.count("FusedMatMul")) == (2, 1, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "card.json",
        "net.onnx",
        "sample.ogg",
        "weights.safetensors",
    ]


def test_frames_do_not_depend_on_those_beside_them(tmp_path):
    _, frames, session = written(tmp_path, 8)
    whole = session.run(None, {"frames": frames[:1]})[0]
    pieces = [session.run(None, {"frames": frames[:1, start : start + 2]})[0] for start in range(0, 9, 2)]
    np.testing.assert_array_equal(np.concatenate(pieces, 1), whole)


def test_integers_come_near_to_floats(tmp_path):
    _, frames, floats = written(tmp_path / "floats", 32)
    _, _, integers = written(tmp_path / "integers", 8)
    wanted, got = (session.run(None, {"frames": frames})[0] for session in (floats, integers))
    assert 0 < np.sqrt(np.square(got - wanted).mean() / np.square(wanted).mean()) < 0.03


def test_integers_need_weights_of_8_bits():
    with pytest.raises(BadSetting, match="weight_bits 16"):
        TrainingSettings(product_bits=8)
    assert TrainingSettings(product_bits=8, weight_bits=8).product_bits == 8


def test_steps_reach_from_the_smallest_to_the_largest_and_zero_stands_for_zero():
    steps = Steps.of(np.array([-0.5, 2.0, 4.6], np.float32), 255)
    assert (steps.size, steps.zero) == (pytest.approx(0.02), 25)
    assert steps(np.array([-0.5, 0.0, 4.6, 100.0, -100.0])).tolist() == [0, 25, 255, 255, 0]
    assert Steps.of(np.array([3.0, 5.1]), 255).zero == 0  # 0 itself is always one of the steps
    assert Steps.of(np.zeros(3), 255) == Steps(np.float32(1.0), 0)


def test_pairs_of_products_saturate_at_16_bits():
    matrix = np.array([[127, 127, -3]], np.int8)
    none = saturation_db(np.array([[127, 127, 9]]), 0, matrix)  # 32,258 is less than 32,767
    assert none == -120
    # 255 * 127 * 2 = 64,770 loses 32,003 of itself, beside a third product of -27
    lost = saturation_db(np.array([[255, 255, 9]]), 0, matrix)
    assert lost == pytest.approx(20 * np.log10(32_003 / 64_743))


def test_what_would_saturate_has_fewer_steps():
    frames = np.random.default_rng(0).random((40, 16), np.float32)
    mild, large = (np.full((4, 16), size, np.int8) for size in (20, 127))
    assert steps_for(frames, [mild]) == Steps.of(frames, 255)
    steps = steps_for(frames, [mild, large])
    assert steps == Steps.of(frames, 127)
    assert saturation_db(steps(frames), steps.zero, large) == -120 < MOST_SATURATION_DB
