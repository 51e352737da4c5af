"""Run an ONNX graph and check the shapes of its outputs against those that its family expects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import BadModel, printable

if TYPE_CHECKING:
    import numpy as np

    from ..base.onnx_runtime import InferenceSession

Shapes = dict[str, tuple[int | None, ...]]
"""Shape of each input or output of a graph by name; ``None`` is a free dimension, such as the batch or time."""

ExpectedShapes = Mapping[str, tuple[int | None, ...]]
"""Expected shapes, which may be a constant of the family."""


SOURCE_LINE = re.compile(r"(?:/|[A-Z]:\\)\S+\.(?:cc|h):\d+ \S.*\) ")
"""File, line and function of ONNX Runtime in its messages: ``/core/graph/model.cc:166 onnxruntime::Model(...) ``."""


def reason_of(error: Exception) -> str:
    """Return the message of an ONNX Runtime error without the names of its functions, files and nodes."""
    reason = SOURCE_LINE.sub("", str(error)).splitlines()[0] if str(error) else type(error).__name__
    return printable(reason.rpartition("[ONNXRuntimeError] : ")[2].rpartition("Status Message: ")[2].rstrip(". "))


class GraphSession:
    """A session of ONNX Runtime that raises BadModel for failures and for outputs of unexpected shapes.

    - ``path``: file of the graph, for messages.
    - ``session``: the session of ONNX Runtime.
    - ``inputs``, ``outputs``: expected shapes; the first dimension is the batch, whatever its size here.
    """

    def __init__(self, path: Path, session: InferenceSession, inputs: ExpectedShapes, outputs: ExpectedShapes) -> None:
        self._path = path
        self._session = session
        self._inputs = inputs
        self._outputs = outputs
        self._checked: dict[str, tuple[int, ...]] = {}  # the last shape of each output, which was right
        self.output_names: list[str] = [output.name for output in session.get_outputs()]

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Compute outputs of the graph, by default all of them in the order of `output_names`.

        Raises BadModel if the graph fails or an output has an unexpected shape.
        """
        names = self.output_names if names is None else list(names)
        try:
            outputs: list[np.ndarray] = self._session.run(names, dict(inputs))
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise self.mismatch(reason_of(error)) from error
        for name, output in zip(names, outputs, strict=True):
            if self._checked.get(name) != output.shape:
                self._check_shape(name, output)
                self._checked[name] = output.shape
        return outputs

    def zero_input(self, name: str) -> np.ndarray:
        """Return a float32 input of zeros, such as the memory at the start of a stream; free dimensions have size 1."""
        import numpy as np

        return np.zeros([1 if size is None else size for size in self._inputs[name]], np.float32)

    def check_length(self, output: np.ndarray, length: int) -> None:
        """Raise BadModel unless an output ``(batch, time, ...)`` has the length that follows from the inputs."""
        if output.shape[1] != length:
            raise self.mismatch(f"an output has {output.shape[1]} steps where {length} are due")

    def mismatch(self, reason: str) -> BadModel:
        """Return the error for a graph that does not match the card of its model."""
        return BadModel(f"{self._path} does not fit its card ({reason}); copy the model folder again.")

    def _check_shape(self, name: str, output: np.ndarray) -> None:
        expected = self._outputs[name]
        matches = len(output.shape) == len(expected) and all(
            axis == 0 or size is None or output.shape[axis] == size for axis, size in enumerate(expected)
        )
        if not matches:
            shape = tuple("any" if size is None else size for size in expected)
            raise self.mismatch(f"{name} has the shape {output.shape}, expected is {shape}".replace("'", ""))
