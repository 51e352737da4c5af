"""What products in integers of 8 bits lose on CPUs that add pairs of them in 16 bits, as those with AVX2 and without VNNI do.

    python -m benchmarks.system.integer_products --clip corpora/speech/kathleen/arctic_b0500_1592526468.flac

Any machine tells: the voice ``en`` speaks and ``vocoder`` plays what it says and a copy of the clip, while what goes into each product is
written down; then pairs are added as such a CPU would. Printed for each product: the error of the sums that do not fit, dB over the
product's power; -120 where all do.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from wavewright import loading
from wavewright.clip import Clip
from wavewright.errors import WavewrightError
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder
from wavewright.onnx_runtime import open_session
from wavewright.text import front_end
from wavewright.training.integer_products import saturation_db

PRODUCT = "MatMulIntegerToFloat"
MOST_ROWS = 400  # of what goes into a product
TEXT = "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore!"


class Listening:
    """A session whose graph also says what goes into its products; kept in ``heard``, product by product."""

    def __init__(self, folder: ModelFolder, name: str):
        graph = onnx.load(folder.file(name), load_external_data=False)
        self.products = [node for node in graph.graph.node if node.op_type == PRODUCT]
        self.wanted = list(
            dict.fromkeys(place for node in self.products for place in (node.input[0], node.input[1], node.input[4]))
        )
        self.heard: dict[str, list[np.ndarray]] = {place: [] for place in self.wanted}
        graph.graph.output.extend(onnx.ValueInfoProto(name=place) for place in self.wanted)
        with tempfile.TemporaryDirectory() as beside:
            shutil.copyfile(folder.file(WEIGHTS_FILE), Path(beside) / WEIGHTS_FILE)
            onnx.save(graph, Path(beside) / name)
            self.session = open_session(Path(beside) / name, optimise=False)
        self.get_inputs = self.session.get_inputs

    def run(self, names: Sequence[str] | None, given: dict[str, np.ndarray]) -> list[Any]:
        outputs = [output.name for output in self.session.get_outputs()]
        found = dict(zip(outputs, self.session.run(None, given), strict=True))
        for place in self.wanted:
            self.heard[place].append(found[place])
        return [found[name] for name in names or outputs[: len(outputs) - len(self.wanted)]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--voice", default="en")
    parser.add_argument("--vocoder", default="vocoder")
    given = parser.parse_args()
    sessions: dict[str, Listening] = {}

    def listening(folder: ModelFolder, name: str, *_: object) -> Listening:
        return sessions.setdefault(f"{folder.card.name}/{name}", Listening(folder, name))

    ModelFolder.session = listening  # type: ignore[assignment,method-assign]
    try:
        voice, vocoder = loading.load(given.voice), loading.load(given.vocoder)
        for sentence in front_end(voice.language).sentences(TEXT):
            vocoder.vocode(voice.speak_symbols(sentence.symbols).mel, 0)
        vocoder.vocode(vocoder.mel_of(Clip.read(given.clip).mono().resample(vocoder.sample_rate).wave[0]), 0)
    except WavewrightError as error:
        parser.error(str(error))
    for graph, session in sessions.items():
        for node in session.products:
            rows = np.concatenate([heard.reshape(-1, heard.shape[-1]) for heard in session.heard[node.input[0]]])
            rows = rows[np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).astype(int)].astype(np.int32)
            matrix, zero = session.heard[node.input[1]][0], int(session.heard[node.input[4]][0].item())
            print(f"{graph:22} {node.output[0]:44} {saturation_db(rows, zero, matrix.T):7.1f} dB")


if __name__ == "__main__":
    main()
