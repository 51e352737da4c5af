#!/usr/bin/env bash
# ONNX 1.23.2, ONNX Runtime 1.32.0: the operators for mel spectrograms are not the functions of their names.
#
# Guess: MelWeightMatrix with 10 filters from 0 to 8,000 Hz has the triangles of the formula that its specification
# names, 2595 log10(1 + f / 700), rounded to bins; HammingWindow is 0.54 - 0.46 cos, as in NumPy, SciPy and PyTorch.
# Seen: the range is divided by 12 in place of 11, so that the last filter peaks at 5,000 Hz in place of 6,219 and ends at
# 6,344 in place of 8,000. Nothing above it reaches a model, and each filter lies lower than the one it learned with; of
# 80 filters some are 265 Hz low. The window has 25/46 for 0.54, 0.087 at its ends in place of 0.08. ONNX's own reference
# gives the same, so it is the standard. A graph with both has features that it was not trained with, and nothing
# complains; matrix and window belong into it as constants.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat > "$work/filters.py" <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

RATE, N_FFT = 16_000, 512


def outputs(operator, **inputs):
    """Return what ONNX Runtime and ONNX's reference make of an operator."""
    inputs = {name: np.array(value, np.float32 if isinstance(value, float) else np.int64) for name, value in inputs.items()}
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), [])
        for name, value in inputs.items()
    ]
    node = helper.make_node(operator, list(inputs), ["y"])
    graph = helper.make_graph([node], "graph", given, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0], ReferenceEvaluator(model).run(None, inputs)[0]


for n_mels in (10, 80):
    edges = 700 * (10 ** (np.linspace(0, np.log10(1 + RATE / 2 / 700), n_mels + 2)) - 1)
    found, reference = outputs("MelWeightMatrix", n_mels=n_mels, n_fft=N_FFT, rate=RATE, low=0.0, high=RATE / 2)
    peaks = found.argmax(axis=0) * RATE / N_FFT
    end = (np.flatnonzero(found[:, -1])[-1] + 1) * RATE / N_FFT
    print(n_mels, "ONNX", *np.rint([peaks[-1], end]).astype(int), "the same", np.array_equal(found, reference))
    print(n_mels, "formula", *np.rint(edges[-2:]).astype(int), "higher by", round((edges[1:-1] - peaks).max()))
found, reference = outputs("HammingWindow", size=400)
print(f"window {found[0]:.4f} {reference[0]:.4f} {np.hamming(400)[0]:.4f}")
PY
seen=$("$work/venv/bin/python" "$work/filters.py")
printf 'filters, peak and end of the last one in Hz; first value of a window in ONNX Runtime, its reference, NumPy:\n%s\n' "$seen"
[ "$seen" = $'10 ONNX 5000 6344 the same True\n10 formula 6219 8000 higher by 1219\n80 ONNX 7469 7750 the same True\n80 formula 7734 8000 higher by 265\nwindow 0.0870 0.0870 0.0800' ]
