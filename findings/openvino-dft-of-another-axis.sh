#!/usr/bin/env bash
# OpenVINO 2026.4.1: a DFT of opset 20 goes over axis 1 whatever axis it has, and a one-sided one has an axis too many.
#
# Guess: STFT, DFT and windows give equal numbers in ONNX Runtime 1.32.0, in the evaluator of onnx 1.23.2 and in
# OpenVINO.
# Seen: opset 20 made the axis an input, that is -2, the last one before real and imaginary parts, where it is left out.
# OpenVINO goes over axis 1, with no input and with an input of 2: of a spectrogram of 64 frames of 16 samples it takes
# the DFT over the frames, with a shape that fits and no word. With opset 17 and its attribute of 2 all three agree.
# One-sided DFTs of a real signal, of either opset, come as 1 x 513 x 1 x 2 in place of 1 x 513 x 2, so that what is
# multiplied by them later is spread over an axis that is not there, or is refused far from its cause. A vocoder or a
# denoiser with a DFT inside has to be tested by its numbers after the move. Export with opset 17, reshape after DFT.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 \
  2> "$work/log"

cat > "$work/axes.py" <<'PY'
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx.reference import ReferenceEvaluator

FILE = Path(sys.argv[1]) / "model.onnx"
FRAMES = np.random.default_rng(0).normal(size=(1, 64, 16, 2)).astype(np.float32)
WAVE = np.random.default_rng(1).normal(size=(1, 1024, 1)).astype(np.float32)


def outputs(inputs, names, opset=20, **attributes):
    """Return what three runtimes make of one DFT with constant inputs after the signal."""
    constants = [onnx.numpy_helper.from_array(np.array(value, np.int64), name) for name, value in names.items() if name]
    node = onnx.helper.make_node("DFT", ["x", *names], ["y"], **attributes)
    signal = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, inputs.shape)
    graph = onnx.helper.make_graph([node], "dft", [signal], [onnx.ValueInfoProto(name="y")], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)
    onnx.save(model, FILE)
    session = onnxruntime.InferenceSession(FILE, providers=["CPUExecutionProvider"])
    reference = ReferenceEvaluator(model)
    compiled = openvino.Core().compile_model(FILE, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return session.run(None, {"x": inputs})[0], reference.run(None, {"x": inputs})[0], compiled(inputs)[0]


def axis(spectrum):
    """Return over which axes FRAMES was transformed."""
    wave = FRAMES[..., 0] + 1j * FRAMES[..., 1]
    complex_ = spectrum[..., 0] + 1j * spectrum[..., 1]
    return [axis for axis in (1, 2) if np.allclose(np.fft.fft(wave, axis=axis), complex_, atol=1e-3)]


print("opset 20, no axis:", *map(axis, outputs(FRAMES, {})))
print("opset 20, axis 2:", *map(axis, outputs(FRAMES, {"": 0, "axis": 2})))
print("opset 17, axis 2:", *map(axis, outputs(FRAMES, {}, opset=17, axis=2)))
print("one-sided, opset 20:", *(each.shape for each in outputs(WAVE, {"": 0, "axis": 1}, onesided=1)))
print("one-sided, opset 17:", *(each.shape for each in outputs(WAVE, {}, opset=17, onesided=1)))
PY
seen=$("$work/venv/bin/python" "$work/axes.py" "$work")
printf 'axes and shapes by ONNX Runtime, onnx.reference and OpenVINO:\n%s\n' "$seen"
[ "$seen" = 'opset 20, no axis: [2] [2] [1]
opset 20, axis 2: [2] [2] [1]
opset 17, axis 2: [2] [2] [2]
one-sided, opset 20: (1, 513, 2) (1, 513, 2) (1, 513, 1, 2)
one-sided, opset 17: (1, 513, 2) (1, 513, 2) (1, 513, 1, 2)' ]
