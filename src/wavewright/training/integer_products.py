"""Matrix products of exported graphs in integers of 8 bits, quicker than in float32 on CPUs that know them.

Each product of a matrix stored with 8 bits becomes two nodes: QuantizeLinear turns what comes in into steps of a size found beforehand
on examples, and MatMulIntegerToFloat multiplies those by the stored steps. Sizes are fixed, and sums of integers are exact, so a frame gives
the same numbers however many frames come with it (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018).

CPUs with AVX2 but without VNNI add each pair of products in 16 bits, which saturate (VPMADDUBSW; many laptops have such a CPU). Where that
would be heard, what comes in has fewer and larger steps, down to 7 bits, with which no pair of the examples' products is too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..models.folder import SCALE_SUFFIX
from ..units import gain_to_db

DOMAIN, DOMAIN_VERSION = "com.microsoft", 1  # of ONNX Runtime's own nodes
COUNTS = (255, 223, 191, 159, 127)  # of steps from the smallest to the largest of what comes in; the last fit always
MOST_ROWS = 64  # of examples, that saturation is sought in
MOST_SATURATION_DB = -36.0  # of a product's power, on examples: no more than what rounding to 8 bits does
SMALLEST_SUM, LARGEST_SUM = -(2**15), 2**15 - 1
EXAMPLES_FILE = ".examples.onnx"  # written beside the weights while examples run


@dataclass(frozen=True)
class _Product:
    """A node that multiplies by a transposed matrix of 8 bits, whose initializer is ``stored``, with scales ``scales``."""

    node: onnx.NodeProto
    stored: str
    scales: str


@dataclass(frozen=True)
class Steps:
    """How numbers become whole steps from 0 on: ``size`` of a step, and the step ``zero`` that stands for 0."""

    size: np.float32
    zero: int

    @classmethod
    def of(cls, values: np.ndarray, count: int) -> Steps:
        """``count`` steps from the smallest to the largest of ``values``, or to 0 where that lies beyond."""
        low, high = min(float(values.min(initial=0.0)), 0.0), max(float(values.max(initial=0.0)), 0.0)
        size = np.float32((high - low) / count or 1.0)
        return cls(size, round(-low / size))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The steps of ``values``, int32."""
        return np.clip(np.rint(values / self.size) + self.zero, 0, 255).astype(np.int32)


def with_integer_products(folder: Path, name: str, examples: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """The graph ``name`` of a folder with its products in integers, steps as large as the ``examples`` of its inputs need."""
    model = onnx.load(folder / name, load_external_data=False)
    products = _products(model)
    values = _values(folder, model, sorted({product.node.input[0] for product in products}), examples)
    matrices = {tensor.name: tensor for tensor in onnx.load(folder / name).graph.initializer}
    quantized: dict[str, str] = {}
    for number, product in enumerate(products):
        given = product.node.input[0]
        place = list(model.graph.node).index(product.node)
        nodes = []
        if given not in quantized:
            quantized[given] = f"{given}.steps"
            of_given = [
                numpy_helper.to_array(matrices[other.stored]) for other in products if other.node.input[0] == given
            ]
            steps = steps_for(values[given], of_given)
            model.graph.initializer.append(numpy_helper.from_array(np.array(steps.size), f"{given}.step"))
            model.graph.initializer.append(numpy_helper.from_array(np.array(steps.zero, np.uint8), f"{given}.zero"))
            nodes.append(
                helper.make_node("QuantizeLinear", [given, f"{given}.step", f"{given}.zero"], [quantized[given]])
            )
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


def steps_for(values: np.ndarray, matrices: Sequence[np.ndarray]) -> Steps:
    """The steps of ``values (..., n)`` that are multiplied by each of ``matrices (outputs, n)`` int8: the finest with which pairs fit."""
    rows = values.reshape(-1, values.shape[-1])
    rows = rows[:: -(-len(rows) // MOST_ROWS)]
    for count in COUNTS:
        steps = Steps.of(values, count)
        taken = steps(rows)
        if all(saturation_db(taken, steps.zero, matrix) <= MOST_SATURATION_DB for matrix in matrices):
            break
    return steps


def saturation_db(rows: np.ndarray, zero: int, matrix: np.ndarray) -> float:
    """The error that pairs of products make when they are added in 16 bits, dB over the product's power.

    ``rows (n, inputs)`` are steps, of which ``zero`` stands for 0; ``matrix (outputs, inputs)`` is int8.
    """
    n_missing = rows.shape[1] % 2
    rows, matrix = np.pad(rows, ((0, 0), (0, n_missing))), np.pad(matrix.astype(np.int32), ((0, 0), (0, n_missing)))
    error = wanted = 0.0
    for row in rows:
        pairs = (row * matrix).reshape(len(matrix), -1, 2).sum(2)
        lost = (pairs - np.clip(pairs, SMALLEST_SUM, LARGEST_SUM)).sum(1)
        error += float(np.square(lost, dtype=np.float64).sum())
        wanted += float(np.square(pairs.sum(1) - zero * matrix.sum(1), dtype=np.float64).sum())
    return float(gain_to_db(np.sqrt(error / wanted))) if wanted else -np.inf


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


def _values(
    folder: Path, model: onnx.ModelProto, names: list[str], examples: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Each named tensor of a graph while it computes the examples."""
    from ..onnx_runtime import open_session

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in examples)
    path = folder / EXAMPLES_FILE
    try:
        onnx.save_model(watched, path)
        session = open_session(path)
        found = dict(
            zip((output.name for output in session.get_outputs()), session.run(None, dict(examples)), strict=True)
        )
    finally:
        path.unlink(missing_ok=True)
    values = {**examples, **found}
    return {name: values[name] for name in names}


def _remove_unused(model: onnx.ModelProto) -> None:
    """Remove nodes whose outputs nobody asks for, and initializers that are left without a node."""
    while True:
        used = {name for node in model.graph.node for name in node.input} | {
            output.name for output in model.graph.output
        }
        idle = [node for node in model.graph.node if not used.intersection(node.output)]
        if not idle:
            break
        for node in idle:
            model.graph.node.remove(node)
    for tensor in list(model.graph.initializer):
        if tensor.name not in used:
            model.graph.initializer.remove(tensor)
