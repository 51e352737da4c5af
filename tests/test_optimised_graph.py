"""Optimised graphs: fewer nodes, the same numbers, weights where they were."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from test_integer_products import written
from tiny_models import TinySpectral, make_gan, seeded
from torch import nn

from wavewright.base.onnx_runtime import open_session
from wavewright.nn.network import GraphSpec
from wavewright.training import export
from wavewright.training.export import optimised


@pytest.fixture
def as_exported(monkeypatch):
    """Leave exported graphs as they are."""
    monkeypatch.setattr(export, "optimised", lambda model, folder: model)


def external(model):
    """The external data of a graph: name, type, shape and where it lies."""
    tensors = [tensor for tensor in model.graph.initializer if tensor.external_data]
    return {t.name: (t.data_type, [*t.dims], [(entry.key, entry.value) for entry in t.external_data]) for t in tensors}


@pytest.mark.parametrize("product_bits", [32, 8])
def test_numbers_weights_and_metadata_stay(tmp_path, as_exported, product_bits):
    _, frames, before = written(tmp_path, product_bits)
    model = onnx.load(tmp_path / "net.onnx", load_external_data=False)
    smaller = optimised(model)
    assert external(smaller) == external(model) != {}
    assert [entry.value for entry in smaller.metadata_props] == [entry.value for entry in model.metadata_props] != []
    onnx.save_model(smaller, tmp_path / "smaller.onnx")
    after = open_session(tmp_path / "smaller.onnx", is_optimised=True)
    for length in (1, 9, 40):
        inputs = {"frames": np.resize(frames, (3, length, 64))}
        np.testing.assert_array_equal(after.run(None, inputs)[0], before.run(None, inputs)[0])
    assert [(i.name, i.shape) for i in after.get_inputs()] == [(i.name, i.shape) for i in before.get_inputs()]


def test_nodes_that_compute_shapes_go(tmp_path, as_exported):
    class Flattened(nn.Module):
        def forward(self, wave):
            return wave.reshape(wave.shape[0], -1, 4).mean(-1).unsqueeze(1) * wave.new_ones(1)

    graph = GraphSpec(Flattened(), {"wave": torch.ones(2, 6, 8)}, ("out",))
    model = export.export_graph(graph)
    smaller = optimised(model)
    assert len(smaller.graph.node) < len(model.graph.node) / 2
    assert "Constant" not in {node.op_type for node in smaller.graph.node}


def test_what_is_optimised_once_stays_as_it_is(tmp_path):
    folder = make_gan(tmp_path, "tiny", seeded(TinySpectral))
    model = onnx.load(folder / "generator.onnx", load_external_data=False)
    assert len(optimised(model).graph.node) == len(model.graph.node)


def test_standard_graphs_keep_to_standard_nodes(tmp_path):
    folder = make_gan(tmp_path, "tiny", seeded(TinySpectral))
    model = onnx.load(folder / "generator.onnx", load_external_data=False)
    assert {node.domain for node in model.graph.node} == {""}
    assert {operators.domain for operators in model.opset_import} == {""}
    onnx.checker.check_model(str(folder / "generator.onnx"), full_check=True)
