"""Denoisers of other programs in ONNX files: their forms, their states, and what is said of others."""

import json
from functools import partial

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from wavewright import batch, enhance
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadModel, BadSetting
from wavewright.contracts.enhancement import EnhancementSettings
from wavewright.families.loading import load_enhancer

pytestmark = pytest.mark.uses()

WHOLE = EnhancementSettings(max_attenuation_db=120.0)


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def write_graph(path, nodes, inputs, outputs, constants=()):
    tensors = [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in constants]
    graph = helper.make_graph(nodes, "denoiser", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save_model(model, path)
    return path


def write_gains(path, shape=(1, 257, 1, 2), output_shape=None):
    """Write a graph of spectra whose gain is half of that of the frame before, 1 for the first."""
    nodes = [
        helper.make_node("Exp", ["age"], ["gain"]),
        helper.make_node("Mul", ["mix", "gain"], ["enh"]),
        helper.make_node("Sub", ["age", "log2"], ["age_out"]),
    ]
    inputs = [value("mix", shape), value("age", [1])]
    return write_graph(
        path, nodes, inputs, [value("enh", output_shape or shape), value("age_out", [1])], [("log2", [np.log(2)])]
    )


def write_sums(path, piece=160, extra=()):
    """Write a graph of waves that adds the piece before."""
    nodes = [helper.make_node("Add", ["x", "last"], ["y"]), helper.make_node("Identity", ["x"], ["next_last"])]
    outputs = [value("y", [1, piece]), value("next_last", [1, 160])]
    return write_graph(path, nodes, [value("x", [1, piece]), value("last", [1, 160]), *extra], outputs)


def noise(n_samples, n_channels=1):
    return np.random.default_rng(0).normal(0, 0.1, (n_channels, n_samples)).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 257, 1, 2), (1, 2, 257, 1), (1, 1, 257, 2), (257, 2)])
def test_each_frame_has_the_state_that_the_one_before_left(tmp_path, shape):
    wave = noise(8 * 256)
    model = load_enhancer(write_gains(tmp_path / "gains.onnx", shape))
    assert (model.sample_rate, model.name) == (16_000, "gains.onnx")
    # The frames of a square-root Hann window on both sides, each times its own gain, overlapped.
    window = np.sqrt(np.hanning(513)[:-1])
    padded, expected = np.pad(wave[0], (256, 256)), np.zeros(10 * 256)
    for frame in range(9):
        part = slice(256 * frame, 256 * frame + 512)
        expected[part] += 0.5**frame * window**2 * padded[part]
    np.testing.assert_allclose(model.enhance(wave, WHOLE)[0], expected[256:-256], atol=1e-6)


def test_pieces_of_a_wave_have_states_too(tmp_path):
    wave = noise(1_000, 2)
    expected = wave + np.pad(wave, ((0, 0), (160, 0)))[:, :1_000]
    model = load_enhancer(write_sums(tmp_path / "sums.onnx"))
    np.testing.assert_allclose(model.enhance(wave, WHOLE), expected, atol=1e-6)
    half = EnhancementSettings(max_attenuation_db=120.0, mix=0.5)
    np.testing.assert_allclose(model.enhance(wave, half), (wave + expected) / 2, atol=1e-6)


@pytest.mark.parametrize("write", [write_gains, write_sums])
def test_chunks_and_restored_states_give_the_same_samples(tmp_path, write):
    model, wave = load_enhancer(write(tmp_path / "model.onnx")), noise(5_000, 2)
    stream, other = model.stream(2), model.stream(2)
    parts = [stream.push(part) for part in np.split(wave, [1, 700, 701, 3_000], axis=1)[:3]]
    other.restore(stream.state())
    parts += [other.push(part) for part in np.split(wave, [1, 700, 701, 3_000], axis=1)[3:]]
    joined = np.concatenate([*parts, other.finish()], axis=1)[:, other.latency_samples :]
    np.testing.assert_array_equal(joined, model.enhance(wave))


def test_outputs_of_open_shapes_and_a_rate_in_the_toml_file(tmp_path):
    path = write_gains(tmp_path / "open.onnx", (1, 481, 1, 2), ("a", "b", "c", "d"))
    assert load_enhancer(path).sample_rate == 48_000
    (tmp_path / "open.toml").write_text("sample_rate = 44_100\n", encoding="utf-8")
    assert load_enhancer(path).sample_rate == 44_100


def test_what_the_graph_does_not_say_comes_from_the_toml_file(tmp_path):
    path = write_sums(tmp_path / "sums.onnx", "n", [value("limit", [], TensorProto.INT64)])
    with pytest.raises(BadModel, match=r"an input that is no state.*limit \[\].*constants\.limit.*sums\.toml"):
        load_enhancer(path)
    (tmp_path / "sums.toml").write_text("[constants]\nlimit = 12\n", encoding="utf-8")
    with pytest.raises(BadModel, match=r"waves of any length.*as piece in sums\.toml"):
        load_enhancer(path)
    (tmp_path / "sums.toml").write_text("piece = 160\n[constants]\nlimit = 12\n", encoding="utf-8")
    wave = noise(480)
    np.testing.assert_allclose(load_enhancer(path).enhance(wave, WHOLE)[:, :160], wave[:, :160], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate = 3", "rate: there is no such key; it may have sample_rate"),
        ("sample_rate = 3", "sample_rate: it must be at least 8000"),
        ("]", "is no TOML"),
    ],
)
def test_a_toml_file_that_is_not_valid_is_refused(tmp_path, text, said):
    path = write_sums(tmp_path / "sums.onnx")
    (tmp_path / "sums.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=said):
        load_enhancer(path)


def test_a_graph_of_another_form_is_refused_in_words(tmp_path):
    copy = helper.make_node("Identity", ["x"], ["y"])
    path = write_graph(tmp_path / "mel.onnx", [copy], [value("x", [1, 80, 100])], [value("y", [1, 80, 100])])
    with pytest.raises(BadModel, match=r"takes x \[1, 80, 100\], which is neither the spectrum of a frame"):
        load_enhancer(path)
    (tmp_path / "text.onnx").write_text("no graph", encoding="utf-8")
    with pytest.raises(BadModel, match="cannot be opened as an ONNX graph"):
        load_enhancer(tmp_path / "text.onnx")
    with pytest.raises(BadModel, match="does not exist"):
        load_enhancer(tmp_path / "none.onnx")
    (tmp_path / "mel.toml").write_text('output = "z"', encoding="utf-8")
    with pytest.raises(BadModel, match=r"has no output 'z'.*it has y \[1, 80, 100\]"):
        load_enhancer(path)


def test_a_file_a_folder_and_a_batch_are_enhanced_and_kept(tmp_path):
    path = write_gains(tmp_path / "gains.onnx")
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name, rate in (("a", 16_000), ("b", 44_100)):
        Clip(noise(rate // 2), rate).write(sounds / f"{name}.wav")
    file = enhance(sounds / "a.wav", tmp_path / "a.wav", model=str(path), quiet=True)
    assert file.by.startswith("gains.onnx (")
    assert np.abs(Clip.read(tmp_path / "a.wav").wave[:, -4_000:]).max() < 0.1 * np.abs(noise(8_000)).max()
    enhance_all = partial(enhance, sounds, tmp_path / "out", model=str(path), workers=1, quiet=True)
    assert [each.is_new for each in enhance_all().files] == [True, True]
    assert [each.is_new for each in enhance_all().files] == [False, False]
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text(json.dumps({"task": "enhance", "source": "sounds/a.wav", "model": str(path)}), encoding="utf-8")
    assert batch(jobs, tmp_path / "batch", on="serial", quiet=True).details["n_new"] == 1
    write_gains(path, (1, 2, 257, 1))  # another model of the same name
    assert batch(jobs, tmp_path / "batch", on="serial", quiet=True).details["n_new"] == 1
    assert [each.is_new for each in enhance_all().files] == [True, True]
