"""The 8-bit products of bundled models are exact, on processors whose 16-bit sums saturate as well.

The expected values are those of the same graphs with each product in float64, which holds these integers exactly.
"""

from __future__ import annotations

import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from wavewright.base.onnx_runtime import EXACT_PRODUCTS, open_session
from wavewright.families.loading import load_acoustic_model, load_vocoder
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder
from wavewright.text import front_end

PRODUCT = "MatMulIntegerToFloat"
MIN_SNR_DB = 45.0  # a sum that ends on the other side of a rounding gives another step to the next product


def in_float64(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return nodes that compute a MatMulIntegerToFloat with zero points and bias in float64."""
    steps, matrix, steps_scale, scales, zero, matrix_zero, bias = [*node.input, "", ""][:7]
    name = node.output[0]
    nodes, terms = [], {}
    for part, source in (("steps", steps), ("matrix", matrix), ("zero", zero), ("matrix_zero", matrix_zero)):
        if source:
            terms[part] = f"{name}.{part}"
            nodes.append(helper.make_node("Cast", [source], [terms[part]], to=TensorProto.DOUBLE))
    for part, subtracted in (("steps", "zero"), ("matrix", "matrix_zero")):
        if subtracted in terms:
            nodes.append(helper.make_node("Sub", [terms[part], terms[subtracted]], [f"{name}.{part}.centred"]))
            terms[part] = f"{name}.{part}.centred"
    nodes += [
        helper.make_node("MatMul", [terms["steps"], terms["matrix"]], [f"{name}.sums"]),
        helper.make_node("Cast", [f"{name}.sums"], [f"{name}.floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [steps_scale, scales], [f"{name}.scales"]),
        helper.make_node("Mul", [f"{name}.floats", f"{name}.scales"], [f"{name}.scaled" if bias else name]),
    ]
    return [*nodes, helper.make_node("Add", [f"{name}.scaled", bias], [name])] if bias else nodes


def exact_session(folder: ModelFolder, name: str, beside):
    graph = onnx.load(folder.file(name), load_external_data=False)
    nodes = [new for node in graph.graph.node for new in (in_float64(node) if node.op_type == PRODUCT else [node])]
    assert len(nodes) > len(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    beside.mkdir(parents=True)
    shutil.copyfile(folder.file(WEIGHTS_FILE), beside / WEIGHTS_FILE)
    onnx.save(graph, beside / name)
    return open_session(beside / name)


class ComparedSession:
    """A session of a model, and the same in float64; the ratio of output to difference of each run, in decibels."""

    def __init__(self, session, exact, ratios):
        self.session, self.exact, self.ratios = session, exact, ratios

    def run(self, names, inputs):
        outputs = self.session.run(names, inputs)
        for output, expected in zip(outputs, self.exact.run(names, dict(inputs)), strict=True):
            if np.issubdtype(expected.dtype, np.floating) and np.any(expected):
                error = np.square(output - expected, dtype=np.float64).sum() + 1e-30
                self.ratios.append(10 * np.log10(np.square(expected, dtype=np.float64).sum() / error))
        return outputs

    def __getattr__(self, name):
        return getattr(self.session, name)


@pytest.mark.uses("en", "vocoder")
def test_bundled_voices_play_the_integers_of_their_weights(tmp_path, monkeypatch):
    original, ratios = ModelFolder.session, {}

    def session(folder, name, inputs, outputs):
        of_graph = ratios.setdefault(f"{folder.card.name}/{name}", [])
        exact = exact_session(folder, name, tmp_path / folder.card.name / str(len(ratios)))
        return ComparedSession(original(folder, name, inputs, outputs), exact, of_graph)

    monkeypatch.setattr(ModelFolder, "session", session)
    voice, vocoder = load_acoustic_model("en"), load_vocoder("vocoder")
    for sentence in front_end(voice.language).sentences("Six thick thistles! The quick brown fox jumps over it."):
        vocoder.vocode(voice.speak_symbols(sentence.symbols).mel, 0)
    assert {"en/encoder.onnx", "en/decoder.onnx", "vocoder/frames.onnx"} <= set(ratios)
    assert min(min(of_graph) for of_graph in ratios.values()) > MIN_SNR_DB, ratios


@pytest.mark.parametrize("has_vnni", [False, True])
def test_sessions_ask_for_exact_products_where_the_processor_needs_it(has_vnni, tmp_path, monkeypatch):
    monkeypatch.setattr("wavewright.base.onnx_runtime.has_vnni", lambda: has_vnni)
    node = helper.make_node("Identity", ["x"], ["y"])
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]), opset_imports=opsets, ir_version=10)
    onnx.save(model, tmp_path / "g.onnx")
    options = open_session(tmp_path / "g.onnx").get_session_options()
    if has_vnni:
        with pytest.raises(RuntimeError, match="does not have configuration"):
            options.get_session_config_entry(EXACT_PRODUCTS[0])
    else:
        assert options.get_session_config_entry(EXACT_PRODUCTS[0]) == EXACT_PRODUCTS[1] == "1"
