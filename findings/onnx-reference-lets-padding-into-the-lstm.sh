#!/usr/bin/env bash
# onnx 1.23.2: its reference evaluator ignores the lengths of an LSTM, GRU or RNN, and the clip, and says nothing.
#
# Guess: LSTM and the operators of audio give equal numbers in ONNX Runtime and in onnx.reference, by which backends are
# judged, with sequence_lens too.
# Seen: the padding is read like sound. With lengths of 7 and 3 the frames 4 to 7 of the short sound are not zero, and
# its backward pass begins in the padding, so that its first frame too differs from what it is alone. LSTM, GRU and RNN
# do so. clip=0.3 changes nothing in an LSTM. ONNX Runtime 1.32.0 follows the page in each. Who compares an exported
# recogniser with the evaluator on a batch of sounds of unequal length sees differences as large as the states, and
# looks for them in the export. Compare single sounds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2> "$work/log"

cat > "$work/lengths.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

HIDDEN, FRAMES, LENGTHS = 4, 7, np.array([7, 3], np.int32)
RANDOM = np.random.default_rng(0)
SOUNDS = RANDOM.normal(size=(FRAMES, 2, 3)).astype(np.float32)


def outputs(kind, gates, lengths=LENGTHS, sounds=SOUNDS, **attributes):
    """Return Y of an operator by ONNX Runtime and by the evaluator: frames x directions x sounds x units."""
    random = np.random.default_rng(1)
    shapes = {"w": (2, gates * HIDDEN, 3), "r": (2, gates * HIDDEN, HIDDEN)}
    weights = {name: random.normal(size=shape).astype(np.float32) / 2 for name, shape in shapes.items()}
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in {**weights, "lengths": lengths}.items()]
    settings = {"hidden_size": HIDDEN, "direction": "bidirectional", **attributes}
    node = onnx.helper.make_node(kind, ["x", "w", "r", "", "lengths"], ["y"], **settings)
    signal = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, sounds.shape)
    graph = onnx.helper.make_graph([node], "rnn", [signal], [onnx.ValueInfoProto(name="y")], tensors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": sounds})[0], ReferenceEvaluator(model).run(None, {"x": sounds})[0]


for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    alone = outputs(kind, gates, LENGTHS[1:], SOUNDS[:3, 1:])[0]
    for name, batch in zip(("ONNX Runtime", "reference"), outputs(kind, gates)):
        tests = {
            "padding is zero": not batch[3:, :, 1].any(),
            "forward as alone": np.allclose(batch[:3, 0, 1:], alone[:, 0], atol=1e-5),
            "backward as alone": np.allclose(batch[:3, 1, 1:], alone[:, 1], atol=1e-5),
        }
        print(f"{kind}, {name}:", ", ".join(f"{test} {'yes' if is_so else 'no'}" for test, is_so in tests.items()))
lengths = np.array([7, 7], np.int32)
free, clipped = outputs("LSTM", 4, lengths), outputs("LSTM", 4, lengths, clip=0.3)
print("clip changes an LSTM:", *("no" if np.array_equal(one, other) else "yes" for one, other in zip(free, clipped)))
PY
seen=$("$work/venv/bin/python" "$work/lengths.py")
printf 'a short sound in a batch with a long one:\n%s\n' "$seen"
[ "$seen" = 'LSTM, ONNX Runtime: padding is zero yes, forward as alone yes, backward as alone yes
LSTM, reference: padding is zero no, forward as alone yes, backward as alone no
GRU, ONNX Runtime: padding is zero yes, forward as alone yes, backward as alone yes
GRU, reference: padding is zero no, forward as alone yes, backward as alone no
RNN, ONNX Runtime: padding is zero yes, forward as alone yes, backward as alone yes
RNN, reference: padding is zero no, forward as alone yes, backward as alone no
clip changes an LSTM: yes no' ]
