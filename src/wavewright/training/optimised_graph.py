"""Fold constant nodes of exported graphs, which ONNX Runtime would otherwise fold each time it opens one.

The exporter writes every shape and size as a node; these are a third to a half of the nodes of a network. Folding them
does not depend on the weights, so it is done once, at export, and a session opens in two thirds of the time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx

from ..base.onnx_runtime import write_optimised
from .integer_products import DOMAIN


def optimised(model: onnx.ModelProto, folder: Path | None = None) -> onnx.ModelProto:
    """Return a graph with the same inputs, outputs and weights, and fewer nodes.

    Parameters
    ----------
    model : onnx.ModelProto
        Graph whose weights are external data. They are not read, and nodes that compute with them alone are not
        folded, so that weights keep their names, types and offsets.
    folder : Path, optional
        Existing folder for temporary files, such as a hidden one that is removed or swept; default: the system's.

    Returns
    -------
    onnx.ModelProto
        Graph of standard nodes; if ``model`` has nodes of ONNX Runtime's own domain, the result may have more of them.

    Notes
    -----
    ONNX Runtime does not fold inputs of a graph, so weights are declared as inputs while the graph is optimised.
    """
    graph = onnx.ModelProto()
    graph.CopyFrom(model)
    weights = [tensor for tensor in graph.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
    for tensor in weights:
        graph.graph.initializer.remove(tensor)
        graph.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        path = Path(temporary) / "graph.onnx"
        has_own_nodes = any(node.domain == DOMAIN for node in model.graph.node)
        write_optimised(graph.SerializeToString(), path, extended=has_own_nodes)
        result = onnx.load(path)
    names = {tensor.name for tensor in weights}
    used = {name for node in result.graph.node for name in node.input}
    used |= {output.name for output in result.graph.output}
    for value in [value for value in result.graph.input if value.name in names]:
        result.graph.input.remove(value)
    result.graph.initializer.extend(tensor for tensor in weights if tensor.name in used)
    domains = {node.domain for node in result.graph.node}
    for operators in [operators for operators in result.opset_import if operators.domain not in domains]:
        result.opset_import.remove(operators)
    return result
