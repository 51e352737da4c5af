"""Matrix products of exported graphs in 8-bit integers, faster than in float32 on CPUs that support them.

Each product by a matrix stored with 8 bits becomes two nodes: QuantizeLinear quantises the input in steps whose size
was determined on examples, and MatMulIntegerToFloat multiplies them by the stored steps (Jacob et al., "Quantization
and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018). Step sizes are fixed and
integer sums are exact, so a frame gives the same numbers in a batch of any size.

x86 processors without VNNI add each pair of products in 16 bits, which saturate (VPMADDUBSW); `onnx_runtime` opens
every session such that they are exact there as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..models.folder import SCALE_SUFFIX

DOMAIN, DOMAIN_VERSION = "com.microsoft", 1
"""Domain of ONNX Runtime's own nodes."""

N_STEPS = 255
"""Steps from the smallest to the largest input."""

EXAMPLES_FILE = ".examples.onnx"
"""Temporary graph beside the weights, while the examples are computed."""


@dataclass(frozen=True)
class _Product:
    """A node that multiplies by a transposed matrix of 8 bits."""

    node: onnx.NodeProto
    stored: str  # name of the initializer of the matrix
    scales: str  # name of the initializer of the scales of its rows


@dataclass(frozen=True)
class Quantizer:
    """Affine quantisation of numbers to steps from 0 to 255."""

    step_size: np.float32  # difference between neighbouring steps
    zero_point: int  # the step that represents 0

    @classmethod
    def for_values(cls, values: np.ndarray) -> Quantizer:
        """Return the quantiser with ``N_STEPS`` from the smallest to the largest of ``values`` and 0."""
        low = min(float(values.min(initial=0.0)), 0.0)
        high = max(float(values.max(initial=0.0)), 0.0)
        step_size = np.float32((high - low) / N_STEPS or 1.0)
        return cls(step_size, round(-low / step_size))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the steps of ``values``, int32."""
        steps: np.ndarray = np.clip(np.rint(values / self.step_size) + self.zero_point, 0, 255).astype(np.int32)
        return steps


def with_integer_products(folder: Path, name: str, examples: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """Return a graph with its products in integers.

    - ``folder``, ``name``: folder and file name of the graph.
    - ``examples``: examples of the graph's inputs, which determine the step sizes.
    """
    model = onnx.load(folder / name, load_external_data=False)
    products = _products(model)
    input_values = _tensor_values(folder, model, sorted({product.node.input[0] for product in products}), examples)
    quantised: set[str] = set()
    for number, product in enumerate(products):
        source = product.node.input[0]
        nodes = []
        if source not in quantised:
            quantised.add(source)
            nodes.append(_quantise_node(model, source, Quantizer.for_values(input_values[source])))
        nodes += _product_nodes(model, product, number)
        position = list(model.graph.node).index(product.node)
        model.graph.node.remove(product.node)
        for node in reversed(nodes):
            model.graph.node.insert(position, node)
    _remove_unused(model)
    model.opset_import.append(helper.make_opsetid(DOMAIN, DOMAIN_VERSION))
    return model


def _products(model: onnx.ModelProto) -> list[_Product]:
    """Return the products ``x @ (stored * scales).T`` of a graph."""
    producers = {output: node for node in model.graph.node for output in node.output}
    data_types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    products = []
    for node in model.graph.node:
        transposition = producers.get(node.input[1]) if node.op_type == "MatMul" else None
        if transposition is None or transposition.op_type != "Transpose":
            continue
        weight = transposition.input[0]
        stored, scales = f"{weight}.stored", f"{weight}{SCALE_SUFFIX}"
        if data_types.get(stored) == onnx.TensorProto.INT8 and scales in data_types:
            products.append(_Product(node, stored, scales))
    return products


def _quantise_node(model: onnx.ModelProto, source: str, quantizer: Quantizer) -> onnx.NodeProto:
    """Return a node that quantises the tensor ``source``, and add its constants to the graph."""
    step_size, zero_point = np.array(quantizer.step_size), np.array(quantizer.zero_point, np.uint8)
    model.graph.initializer.append(numpy_helper.from_array(step_size, f"{source}.step"))
    model.graph.initializer.append(numpy_helper.from_array(zero_point, f"{source}.zero"))
    return helper.make_node("QuantizeLinear", [source, f"{source}.step", f"{source}.zero"], [f"{source}.steps"])


def _product_nodes(model: onnx.ModelProto, product: _Product, number: int) -> list[onnx.NodeProto]:
    """Return the nodes that multiply quantised inputs by a stored matrix, and add their constants to the graph."""
    source = product.node.input[0]
    transposed, scales, shape = f"product{number}.transposed", f"product{number}.scales", f"product{number}.flat"
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1]), shape))
    return [
        helper.make_node("Transpose", [product.stored], [transposed], perm=[1, 0]),
        helper.make_node("Reshape", [product.scales, shape], [scales]),
        helper.make_node(
            "MatMulIntegerToFloat",
            [f"{source}.steps", transposed, f"{source}.step", scales, f"{source}.zero"],
            list(product.node.output),
            domain=DOMAIN,
        ),
    ]


def _tensor_values(
    folder: Path, model: onnx.ModelProto, names: Sequence[str], examples: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the values of tensors of a graph, by name, when it computes the examples."""
    from ..base.onnx_runtime import open_session

    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    extended.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in examples)
    path = folder / EXAMPLES_FILE
    try:
        onnx.save_model(extended, path)
        session = open_session(path)
        outputs = session.run(None, dict(examples))
        output_names = [output.name for output in session.get_outputs()]
    finally:
        path.unlink(missing_ok=True)
    values = {**examples, **dict(zip(output_names, outputs, strict=True))}
    return {name: values[name] for name in names}


def _remove_unused(model: onnx.ModelProto) -> None:
    """Remove nodes whose outputs are not used, and initializers without a node."""
    while True:
        used = {name for node in model.graph.node for name in node.input}
        used |= {output.name for output in model.graph.output}
        unused = [node for node in model.graph.node if not used.intersection(node.output)]
        if not unused:
            break
        for node in unused:
            model.graph.node.remove(node)
    for tensor in list(model.graph.initializer):
        if tensor.name not in used:
            model.graph.initializer.remove(tensor)
