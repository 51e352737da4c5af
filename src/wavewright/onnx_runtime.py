"""The one file that imports ONNX Runtime; its telemetry is off, because the package sets ``ORT_DISABLE_TELEMETRY`` before."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from onnxruntime import InferenceSession

__all__ = ["InferenceSession", "open_session", "write_optimised"]

ERRORS_ALONE = 4  # log severity: warnings are for authors of graphs, and every failure is raised as well


def open_session(path: Path | str, optimise: bool = True) -> InferenceSession:
    """Open a graph on the CPU for one thread.

    Parameters
    ----------
    path
        ONNX file; its external data is read from the same folder.
    optimise
        Let ONNX Runtime rewrite the graph; without it every node of the file stays.

    Raises
    ------
    Exception
        Errors of ONNX Runtime, which share no other base class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ALONE
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def write_optimised(contents: bytes, path: Path, extended: bool = False) -> None:
    """Write a graph as ONNX Runtime rewrites it on any machine.

    Parameters
    ----------
    contents
        The ONNX graph.
    path
        ONNX file that is written.
    extended
        Put ONNX Runtime's own nodes for several of the standard.

    Raises
    ------
    Exception
        Errors of ONNX Runtime, which share no other base class.
    """
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = levels.ORT_ENABLE_EXTENDED if extended else levels.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = ERRORS_ALONE
    InferenceSession(contents, options, providers=["CPUExecutionProvider"])
