"""Matrix products of exported graphs in integers of 8 bits, quicker than in float32 on CPUs that know them.

Each product of a matrix stored with 8 bits becomes two nodes: QuantizeLinear turns what comes in into steps of a size found beforehand
on examples, and MatMulIntegerToFloat multiplies those by the stored steps. Sizes are fixed, and sums of integers are exact, so a frame gives
the same numbers however many frames come with it (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..models.folder import SCALE_SUFFIX

DOMAIN, DOMAIN_VERSION = "com.microsoft", 1  # of ONNX Runtime's own nodes
ZERO, LARGEST = 128, 127  # of what comes in, as unsigned steps
EXAMPLES_FILE = ".examples.onnx"  # written beside the weights while examples run


@dataclass(frozen=True)
class _Product:
    """A node that multiplies by a transposed matrix of 8 bits, whose initializer is ``stored``, with scales ``scales``."""

    node: onnx.NodeProto
    stored: str
    scales: str


def with_integer_products(folder: Path, name: str, examples: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """The graph ``name`` of a folder with its products in integers, steps as large as the ``examples`` of its inputs need."""
    model = onnx.load(folder / name, load_external_data=False)
    products = _products(model)
    largest = _largest(folder, model, sorted({product.node.input[0] for product in products}), examples)
    quantized: dict[str, str] = {}
    for number, product in enumerate(products):
        given = product.node.input[0]
        place = list(model.graph.node).index(product.node)
        nodes = []
        if given not in quantized:
            quantized[given] = f"{given}.steps"
            step = np.float32(largest[given] / LARGEST)
            model.graph.initializer.append(numpy_helper.from_array(np.array(step), f"{given}.step"))
            model.graph.initializer.append(numpy_helper.from_array(np.array(ZERO, np.uint8), f"{given}.zero"))
            nodes.append(helper.make_node("QuantizeLinear", [given, f"{given}.step", f"{given}.zero"], [quantized[given]]))
        turned, scales = f"product{number}.turned", f"product{number}.scales"
        model.graph.initializer.append(numpy_helper.from_array(np.array([-1]), f"product{number}.flat"))
        nodes += [
            helper.make_node("Transpose", [product.stored], [turned], perm=[1, 0]),
            helper.make_node("Reshape", [product.scales, f"product{number}.flat"], [scales]),
            helper.make_node(
                "MatMulIntegerToFloat",
                [quantized[given], turned, f"{given}.step", scales, f"{given}.zero"],
                list(product.node.output),
                domain=DOMAIN,
            ),
        ]
        model.graph.node.remove(product.node)
        for node in reversed(nodes):
            model.graph.node.insert(place, node)
    _remove_unused(model)
    model.opset_import.append(helper.make_opsetid(DOMAIN, DOMAIN_VERSION))
    return model


def _products(model: onnx.ModelProto) -> list[_Product]:
    """The products ``x @ (stored * scales).T`` of a graph."""
    makers = {output: node for node in model.graph.node for output in node.output}
    weights = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    found = []
    for node in model.graph.node:
        turned = makers.get(node.input[1]) if node.op_type == "MatMul" else None
        if turned is None or turned.op_type != "Transpose":
            continue
        stored, scales = f"{turned.input[0]}.stored", f"{turned.input[0]}{SCALE_SUFFIX}"
        if weights.get(stored) == onnx.TensorProto.INT8 and scales in weights:
            found.append(_Product(node, stored, scales))
    return found


def _largest(folder: Path, model: onnx.ModelProto, names: list[str], examples: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The largest size of each named tensor of a graph while it computes the examples; 1 where all of it is 0."""
    import onnxruntime

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in examples)
    path = folder / EXAMPLES_FILE
    try:
        onnx.save_model(watched, path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        found = dict(zip((output.name for output in session.get_outputs()), session.run(None, dict(examples)), strict=True))
    finally:
        path.unlink(missing_ok=True)
    values = {**examples, **found}
    return {name: float(np.abs(values[name]).max(initial=0)) or 1.0 for name in names}


def _remove_unused(model: onnx.ModelProto) -> None:
    """Remove nodes whose outputs nobody asks for, and initializers that are left without a node."""
    while True:
        used = {name for node in model.graph.node for name in node.input} | {output.name for output in model.graph.output}
        idle = [node for node in model.graph.node if not used.intersection(node.output)]
        if not idle:
            break
        for node in idle:
            model.graph.node.remove(node)
    for tensor in list(model.graph.initializer):
        if tensor.name not in used:
            model.graph.initializer.remove(tensor)
