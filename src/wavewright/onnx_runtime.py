"""The one file that imports ONNX Runtime; its telemetry is off, because the package sets ``ORT_DISABLE_TELEMETRY`` before."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from onnxruntime import InferenceSession

__all__ = ["InferenceSession", "open_session"]

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
