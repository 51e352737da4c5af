"""Products in integers: the graph equals the arithmetic, frame by frame, and approximates the trained module."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from wavewright.base.errors import BadSetting
from wavewright.base.onnx_runtime import open_session
from wavewright.contracts.settings import TrainingSettings
from wavewright.models.card import Card
from wavewright.nn.network import ExportSpec, GraphSpec
from wavewright.training.export import Quantizer, export_model
from wavewright.training.weights_file import row_scales

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


def product(frames, linear, quantizer):
    """``frames @ weight.T + bias`` computed from quantised frames and weights."""
    weight = linear.weight.detach().numpy()
    steps = np.clip(np.rint(frames / quantizer.step_size) + quantizer.zero_point, 0, 255) - quantizer.zero_point
    scales = row_scales(weight)
    return (steps @ np.rint(weight / scales).T) * quantizer.step_size * scales[:, 0] + linear.bias.detach().numpy()


def test_products_are_those_of_the_steps(tmp_path):
    module, frames, session = written(tmp_path, 8)
    quantizer = Quantizer.for_values(frames)
    inputs = 1.5 * np.random.default_rng(0).standard_normal((1, 30, 64)).astype(np.float32)  # some beyond the examples
    gate = 1 / (1 + np.exp(-product(inputs, module.second, quantizer)))
    third = module.third.weight.detach().half().float().numpy()  # stored with 16 bits, and multiplied in float32
    expected = (product(inputs, module.first, quantizer) * gate) @ third.T + module.third.bias.detach().numpy()
    np.testing.assert_allclose(session.run(None, {"frames": inputs})[0], expected, atol=2e-5)


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
    with pytest.raises(BadSetting, match="product_bits belongs to weight_bits=8"):
        TrainingSettings(product_bits=8)
    assert TrainingSettings(product_bits=8, weight_bits=8).product_bits == 8


def test_steps_span_the_values_and_zero_is_exact():
    quantizer = Quantizer.for_values(np.array([-0.5, 2.0, 4.6], np.float32))
    assert (quantizer.step_size, quantizer.zero_point) == (pytest.approx(0.02), 25)
    assert quantizer(np.array([-0.5, 0.0, 4.6, 100.0, -100.0])).tolist() == [0, 25, 255, 255, 0]
    assert Quantizer.for_values(np.array([3.0, 5.1])).zero_point == 0  # 0 itself is always one of the steps
    assert Quantizer.for_values(np.zeros(3)) == Quantizer(np.float32(1.0), 0)
