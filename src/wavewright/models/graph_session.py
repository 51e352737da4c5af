"""Run an ONNX graph and check the shapes of its outputs against those that its family expects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadModel, printable

if TYPE_CHECKING:
    import numpy as np

    from ..onnx_runtime import InferenceSession

Shapes = dict[str, tuple[int | None, ...]]
"""Shape of each input or output of a graph by name; ``None`` is a free dimension, such as the batch or time."""

ExpectedShapes = Mapping[str, tuple[int | None, ...]]
"""The same, as it is expected."""


SOURCE_LINE = re.compile(r"(?:/|[A-Z]:\\)\S+\.(?:cc|h):\d+ \S.*\) ")
"""File, line and function of ONNX Runtime in its messages: ``/core/graph/model.cc:166 onnxruntime::Model(...) ``."""


def reason_of(error: Exception) -> str:
    """Return the message of an ONNX Runtime error without the names of its functions, files and nodes."""
    reason = SOURCE_LINE.sub("", str(error)).splitlines()[0] if str(error) else type(error).__name__
    return printable(reason.rpartition("[ONNXRuntimeError] : ")[2].rpartition("Status Message: ")[2].rstrip(". "))


class GraphSession:
    """A session of ONNX Runtime that raises BadModel for failures and for outputs of unexpected shapes."""

    def __init__(self, path: Path, session: InferenceSession, outputs: ExpectedShapes):
        self._path, self._session, self._outputs = path, session, outputs
        self._names = [output.name for output in session.get_outputs()]

    def get_inputs(self) -> list[Any]:
        """Return the inputs as ONNX Runtime describes them."""
        inputs: list[Any] = self._session.get_inputs()
        return inputs

    def get_outputs(self) -> list[Any]:
        """Return the outputs as ONNX Runtime describes them."""
        outputs: list[Any] = self._session.get_outputs()
        return outputs

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Compute the outputs ``names``, or all; raise BadModel where the graph fails or a shape is unexpected."""
        names = self._names if names is None else list(names)
        try:
            outputs: list[np.ndarray] = self._session.run(names, dict(inputs))
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise self.misfit(reason_of(error)) from error
        for name, output in zip(names, outputs, strict=True):
            self._check_shape(name, output)
        return outputs

    def check_length(self, output: np.ndarray, length: int) -> None:
        """Raise BadModel unless an output ``(batch, time, ...)`` has the length that follows from the inputs."""
        if output.shape[1] != length:
            raise self.misfit(f"an output has {output.shape[1]} steps where {length} are due")

    def misfit(self, reason: str) -> BadModel:
        """Return the error for a graph that does not match the card of its model."""
        return BadModel(f"{self._path} does not fit its card ({reason}); copy the model folder again.")

    def _check_shape(self, name: str, output: np.ndarray) -> None:
        expected = self._outputs[name]
        if len(output.shape) != len(expected) or any(
            size is not None and index and size != found
            for index, (found, size) in enumerate(zip(output.shape, expected, strict=True))
        ):
            shape = tuple("any" if size is None else size for size in expected)
            raise self.misfit(f"{name} has the shape {output.shape}, expected is {shape}".replace("'", ""))
