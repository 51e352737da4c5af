"""Export a trained network as a model folder: weights, ONNX graphs that point into them, a sample and a card.

Weights are stored by :mod:`.weights_file`. Products by matrices of 8 bits may be computed in integers, see
:func:`with_integer_products`; constant nodes are folded, see :func:`optimised`.

The exporter writes every shape and size as a node; these are a third to a half of the nodes of a network. Folding them
does not depend on the weights, so it is done once, at export, and a session opens in two thirds of the time.

Matrix products of exported graphs in 8-bit integers are faster than in float32 on CPUs that support them.
Each product by a matrix stored with 8 bits becomes two nodes: QuantizeLinear quantises the input in steps whose size
was determined on examples, and MatMulIntegerToFloat multiplies them by the stored steps (Jacob et al., "Quantization
and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018). Step sizes are fixed and
integer sums are exact, so a frame gives the same numbers in a batch of any size.

x86 processors without VNNI add each pair of products in 16 bits, which saturate (VPMADDUBSW); `onnx_runtime` opens
every session such that they are exact there as well.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from ..audio.clip import Clip
from ..base.errors import TrainingStopped
from ..base.files import sha256_of
from ..base.interruption import uninterrupted
from ..base.onnx_runtime import write_optimised
from ..models.card import CARD_FILE, Card
from ..models.folder import SAMPLE_FILE, SCALE_SUFFIX, ModelFolder, write_card
from ..models.replacing import PREFIX, finish_replacing, link_or_copy, replace_model
from ..nn.network import ExportSpec, GraphSpec
from .weights_file import rounded, write_graphs, write_safetensors

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
    """Return a graph with its products in integers, whose step sizes follow from examples of the graph's inputs."""
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


def optimised(model: onnx.ModelProto, folder: Path | None = None) -> onnx.ModelProto:
    """Return a graph with the same inputs, outputs and weights, and fewer nodes.

    - ``model``: graph whose weights are external data. They are not read, and nodes that compute with them alone are
      not folded, so that weights keep their names, types and offsets.
    - ``folder``: existing folder for temporary files, such as a hidden one that is removed or swept; default: the
      system's.
    - returns: graph of standard nodes; if ``model`` has nodes of ONNX Runtime's own domain, the result may have more of
      them.

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


OPSET = 17
"""The first one with LayerNormalization; every ONNX Runtime since 1.12 reads it."""

TOLERANCE = 1e-4
"""Largest difference between an output of a graph and of its module, for values up to 1; relative for larger ones."""

CHOICE_TOLERANCE = 0.03
"""Fraction of integer outputs, such as codes, that may differ: the nearest of two candidates may change by rounding."""

INTEGER_TOLERANCE = 0.2
"""Error of graphs with products in 8 bits, over the output, as root mean squares."""

SAMPLE_PEAK = 0.89
"""Peak of the sample, -1 dB: lossy coding overshoots a little."""


def export_copy(module: nn.Module, weight_bits: int = 16) -> nn.Module:
    """Return a copy of a module as it is exported: in evaluation mode, on the CPU, with rounded weights."""
    copied = copy.deepcopy(module).cpu().float().eval().requires_grad_(False)
    for tensor in copied.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(rounded(tensor.numpy(), weight_bits).astype(np.float32)))
    return copied


def export_graph(graph: GraphSpec, folder: Path | None = None) -> onnx.ModelProto:
    """Return the graph of a module, for any size of its free axes, with its weights inside, named as in the module.

    - ``folder``: folder for a temporary file, so that the left-overs of a killed process are removed with it; default:
      the system's.
    """
    names = [*graph.inputs, *graph.outputs]
    dynamic_axes = {
        name: {axis: "batch" if graph.is_batched and axis == 0 else f"{name}_{axis}" for axis in graph.free_axes(name)}
        for name in names
    }
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(dir=folder) as temporary:
        # The tracer warns of Python numbers that become constants and of its own age; outputs are compared later.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module,
            # One clip: the tracer stores a GRU's initial state, and only that of one clip expands to any batch size.
            tuple(tensor[:1] if graph.is_batched else tensor for tensor in graph.inputs.values()),
            Path(temporary) / "graph.onnx",
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes=dynamic_axes,
            opset_version=OPSET,
            # Folding here would store products of weights in the graph; ONNX Runtime folds when it loads.
            do_constant_folding=False,
            # The newer exporter takes ten times as long or more, and turns interpolation into slow gathers.
            dynamo=False,
        )
        return onnx.load(Path(temporary) / "graph.onnx")


def export_model(
    folder: Path, card: Card, spec: ExportSpec, weight_bits: int = 16, product_bits: int = 32
) -> ModelFolder:
    """Write a model folder and return it, opened.

    Everything is written into a hidden folder and compared with PyTorch, then it replaces the previous model, see
    :func:`.models.replacing.replace_model`.

    - ``card``: its copy in the folder gets the hashes of all other files.
    - ``product_bits``: matrices of 8 bits multiply in float32 (32), or in integers (8) whose step sizes follow from the
      graphs' example inputs.

    Raises TrainingStopped if the network produces NaN or infinite values, or RuntimeError if the outputs of a graph
    differ from those of its module.
    """
    folder.mkdir(parents=True, exist_ok=True)
    finish_replacing(folder)
    graphs = {
        name: replace(graph, module=export_copy(graph.module, weight_bits)) for name, graph in spec.graphs.items()
    }
    weights = {name: rounded(array, weight_bits).astype(np.float32) for name, array in spec.weights.items()}

    def write(temporary: Path) -> None:
        write_graphs(temporary, {name: export_graph(graph, temporary) for name, graph in graphs.items()}, weights)
        for name, tensors in spec.files.items():
            write_safetensors(temporary / name, tensors)
        write_sample(temporary, Clip(spec.sample, card.sample_rate))
        write_hashed_card(temporary, card)
        if product_bits == 8:
            for name, graph in graphs.items():
                _check_against_torch(ModelFolder(temporary), name, graph)
                examples = {key: tensor.numpy() for key, tensor in graph.inputs.items()}
                onnx.save_model(with_integer_products(temporary, name, examples), temporary / name)
        for name in graphs:
            graph_file = onnx.load(temporary / name, load_external_data=False)
            onnx.save_model(optimised(graph_file, temporary), temporary / name)
        write_hashed_card(temporary, card)
        for name, graph in graphs.items():
            _check_against_torch(ModelFolder(temporary), name, graph, has_integer_products=product_bits == 8)

    return _replace(folder, write)


def replace_tensors(folder: ModelFolder, name: str, tensors: Mapping[str, np.ndarray]) -> ModelFolder:
    """Write a file of tensors into a model folder and its hash on the card; return the folder, opened again.

    A file ``name`` that exists is replaced.
    """

    def write(temporary: Path) -> None:
        for other in folder.card.files.keys() - {name}:
            link_or_copy(folder.file(other), temporary / other)
        write_safetensors(temporary / name, tensors)
        write_hashed_card(temporary, folder.card)

    return _replace(folder.path, write)


def write_sample(folder: Path, clip: Clip) -> None:
    """Write the sample of a model, scaled so that lossy coding does not exceed full scale."""
    peak = float(np.abs(clip.wave).max(initial=0.0))
    Clip(clip.wave * min(1.0, SAMPLE_PEAK / max(peak, SAMPLE_PEAK)), clip.sample_rate).write(folder / SAMPLE_FILE)


def write_hashed_card(folder: Path, card: Card) -> None:
    """Write a card with the hashes of all other files of a folder."""
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != CARD_FILE}
    write_card(folder, card.model_copy(update={"files": files}))


def _replace(folder: Path, write: Callable[[Path], None]) -> ModelFolder:
    """Replace the model in a folder by one that ``write`` writes into a hidden folder."""
    temporary = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        write(temporary)
        replace_model(folder, temporary)
    finally:
        with uninterrupted():
            shutil.rmtree(temporary, ignore_errors=True)
    return ModelFolder(folder)


def _check_against_torch(folder: ModelFolder, name: str, graph: GraphSpec, has_integer_products: bool = False) -> None:
    """Compare the outputs of a written graph with those of its module, if it takes batches for one clip and three."""
    input_shapes = {key: _free_shape(tensor.shape, graph.free_axes(key)) for key, tensor in graph.inputs.items()}
    clips = [{key: tensor[torch.arange(n) % len(tensor)] for key, tensor in graph.inputs.items()} for n in (1, 3)]
    for inputs in clips if graph.is_batched else [graph.inputs]:
        with torch.no_grad():
            outputs = graph.module(*inputs.values())
        references = [output.numpy() for output in ((outputs,) if isinstance(outputs, Tensor) else outputs)]
        output_shapes = {
            key: _free_shape(array.shape, graph.free_axes(key))
            for key, array in zip(graph.outputs, references, strict=True)
        }
        session = folder.session(name, input_shapes, output_shapes)
        estimates = session.run(list(graph.outputs), {key: tensor.numpy() for key, tensor in inputs.items()})
        for key, reference, estimate in zip(graph.outputs, references, estimates, strict=True):
            if not np.isfinite(reference).all():
                raise TrainingStopped(
                    f"The network's {key} is not a finite number; resume from an earlier checkpoint with a lower "
                    "training.learning_rate."
                )
            error, tolerance = _error(reference, estimate, has_integer_products)
            if not error <= tolerance:
                raise RuntimeError(f"{name} gives {key} {error:.2g} away from torch; at most {tolerance} is allowed.")


def _error(reference: np.ndarray, estimate: np.ndarray, has_integer_products: bool) -> tuple[float, float]:
    """Return the error of an output and the largest one that is allowed."""
    if reference.dtype.kind in "iu":
        return float((reference != estimate).mean()), CHOICE_TOLERANCE
    difference = reference - estimate
    if has_integer_products:
        relative_power = np.square(difference).mean() / max(np.square(reference).mean(), 1e-12)
        return float(np.sqrt(relative_power)), INTEGER_TOLERANCE
    return float(np.abs(difference).max() / max(1.0, np.abs(reference).max())), TOLERANCE


def _free_shape(shape: Sequence[int], free: Sequence[int]) -> tuple[int | None, ...]:
    """Return a shape with None for the axes of any length."""
    return tuple(None if axis in free else size for axis, size in enumerate(shape))
