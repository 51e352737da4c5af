"""ONNX Runtime sessions; no other file imports it. ``wavewright/__init__.py`` disables its telemetry."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

import onnxruntime
from onnxruntime import InferenceSession

__all__ = ["InferenceSession", "open_session", "write_optimised"]

SEVERITY_FATAL = 4  # warnings are for authors of graphs, and every failure is raised as well
EXACT_PRODUCTS = ("session.x64quantprecision", "1")
"""Entry of a session by which products of 8-bit integers are exact on x86 processors without VNNI.

They add each pair of products in 16 bits, which saturates (VPMADDUBSW); with the entry, ONNX Runtime uses slower
instructions that do not. With VNNI the products are exact without it, and faster.
"""


@cache
def has_vnni() -> bool:
    """Return True if NumPy sees the AVX-512 of Ice Lake or Zen 4, which has VNNI; others count as without."""
    core = importlib.import_module("numpy._core._multiarray_umath")
    return bool(getattr(core, "__cpu_features__", {}).get("AVX512_ICL"))


APPLIED_AT_EXPORT = (
    *("ConstantSharing", "CommonSubexpressionElimination", "MatMulAddFusion", "ReshapeFusion"),
    *("GatherSliceToSplitFusion", "GatherToSliceFusion", "TransposeOptimizer"),
)
"""Optimisations that take the longest of those that `write_optimised` applies, by ONNX Runtime's names."""


def open_session(path: Path | str, is_optimised: bool = False) -> InferenceSession:
    """Open a graph on the CPU for one thread; its integer products are exact on every processor.

    - ``path``: ONNX file; its external data is read from the same folder.
    - ``is_optimised``: the graph is of `write_optimised`; what that has done is not tried again.

    Raises Exception errors of ONNX Runtime, which have no other base class in common.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = SEVERITY_FATAL
    options.enable_mem_reuse = False  # to plan which outputs share memory takes a third of the time to open a graph
    if not has_vnni():
        options.add_session_config_entry(*EXACT_PRODUCTS)
    applied = APPLIED_AT_EXPORT if is_optimised else ()
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=[*applied])


def write_optimised(contents: bytes, path: Path, extended: bool = False) -> None:
    """Write a graph with ONNX Runtime's optimisations that are the same on every machine.

    - ``contents``: the ONNX graph.
    - ``path``: ONNX file that is written.
    - ``extended``: fuse standard nodes into ONNX Runtime's own ones.

    Raises Exception errors of ONNX Runtime, which have no other base class in common.
    """
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = levels.ORT_ENABLE_EXTENDED if extended else levels.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = SEVERITY_FATAL
    InferenceSession(contents, options, providers=["CPUExecutionProvider"])
