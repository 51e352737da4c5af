"""Measure the error of 8-bit integer products on CPUs that add pairs of products in 16 bits (AVX2 without VNNI).

    python -m benchmarks.system.integer_products --clip corpora/speech/kathleen/arctic_b0500_1592526468.flac

It runs on any machine: the voice ``en`` speaks, and ``vocoder`` plays its speech and a copy of the clip, while the
inputs of each product are recorded; then pairs are added as such a CPU would. The error of sums that overflow is
relative to the power of the product, in dB; -120 dB where none does.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright import loading
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder
from wavewright.models.graph_session import GraphSession, Shapes
from wavewright.onnx_runtime import open_session
from wavewright.text import front_end
from wavewright.training.integer_products import saturation_db

PRODUCT = "MatMulIntegerToFloat"
MAX_ROWS = 400  # of the inputs of a product
TEXT = "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore!"

PRODUCTS = Table("products", columns(graph="s", product="s", error_db=".1f"))


class RecordingSession(GraphSession):
    """A session that also records the inputs of its integer products, in ``recorded`` by tensor name."""

    def __init__(self, folder: ModelFolder, name: str, inputs: Shapes, outputs: Shapes) -> None:
        graph = onnx.load(folder.file(name), load_external_data=False)
        self.products = [node for node in graph.graph.node if node.op_type == PRODUCT]
        tensors = (tensor for node in self.products for tensor in (node.input[0], node.input[1], node.input[4]))
        self.recorded: dict[str, list[np.ndarray]] = {tensor: [] for tensor in tensors}
        self.names = [output.name for output in graph.graph.output]
        graph.graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in self.recorded)
        with tempfile.TemporaryDirectory() as beside:
            shutil.copyfile(folder.file(WEIGHTS_FILE), Path(beside) / WEIGHTS_FILE)
            onnx.save(graph, Path(beside) / name)
            self.recording_session = open_session(Path(beside) / name, optimise=False)
        super().__init__(folder.file(name), self.recording_session, inputs, outputs)

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Compute outputs like a session of a model, and record the inputs of the products."""
        arrays = self.recording_session.run([*self.names, *self.recorded], dict(inputs))
        by_name = dict(zip([*self.names, *self.recorded], arrays, strict=True))
        for tensor, arrays_of_tensor in self.recorded.items():
            arrays_of_tensor.append(by_name[tensor])
        return [by_name[name] for name in names or self.names]

    def errors_db(self) -> Iterator[tuple[str, float]]:
        """Yield the output of each product and the error of its sums."""
        for node in self.products:
            inputs = self.recorded[node.input[0]]
            rows = np.concatenate([array.reshape(-1, array.shape[-1]) for array in inputs])
            rows = rows[np.linspace(0, len(rows) - 1, min(MAX_ROWS, len(rows))).astype(int)].astype(np.int32)
            matrix, zero = self.recorded[node.input[1]][0], int(self.recorded[node.input[4]][0].item())
            yield node.output[0], saturation_db(rows, zero, matrix.T)


@contextmanager
def recording_sessions() -> Iterator[dict[str, RecordingSession]]:
    """Open graphs as recording sessions for a while; yield them by model and file."""
    sessions: dict[str, RecordingSession] = {}
    original = ModelFolder.session

    def session(folder: ModelFolder, name: str, inputs: Shapes, outputs: Shapes) -> GraphSession:
        return sessions.setdefault(f"{folder.card.name}/{name}", RecordingSession(folder, name, inputs, outputs))

    ModelFolder.session = session  # type: ignore[assignment,method-assign]
    try:
        yield sessions
    finally:
        ModelFolder.session = original  # type: ignore[method-assign]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument(
        "--clip", type=Path, default=Path("corpora/speech/kathleen/arctic_b0500_1592526468.flac"), help="speech to copy"
    )
    parser.add_argument("--voice", default="en")
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--text", default=TEXT)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each product of the voice and the vocoder."""
    with recording_sessions() as sessions:
        voice, vocoder = loading.load_acoustic_model(options.voice), loading.load_vocoder(options.vocoder)
        for sentence in front_end(voice.language).sentences(options.text):
            vocoder.vocode(voice.speak_symbols(sentence.symbols).mel, 0)
        vocoder.vocode(vocoder.mel_of(read_wave(options.clip, vocoder.sample_rate)), 0)
    for graph, session in sessions.items():
        for product, error_db in session.errors_db():
            report.add(PRODUCTS, {"graph": graph, "product": product, "error_db": error_db})


def smoke_clip(folder: Path) -> Path:
    """Return a sentence of the smoke mode."""
    return corpus_entries(smoke_speech(folder))[0].path


BENCHMARK = Benchmark(__doc__, (PRODUCTS,), add_options, measure, smoke={"clip": smoke_clip, "text": "Yes."})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
