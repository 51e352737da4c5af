"""The recogniser of the word error: what it is given, where recordings are cut, and what it needs."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from wavewright.base.errors import BadFolder, MissingExtra
from wavewright.metrics import recogniser
from wavewright.metrics.recogniser import GRAPHS, SAMPLE_RATE, Recogniser, pauses


def noise(seconds, level=0.1):
    return (level * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


class Model:
    """Stands in for MoonshineOnnxModel: its tokens are the number of samples and the limit of tokens."""

    def __init__(self, models_dir, model_name):
        assert model_name == "tiny"

    def generate(self, wave, max_tokens):
        return [[wave.shape[1], max_tokens]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of graphs, with stand-ins for the packages that open them."""
    for name in GRAPHS.values():
        (tmp_path / name).write_bytes(b"graph")
    tokenizer = SimpleNamespace(decode_batch=lambda tokens: [" {} samples, {} tokens ".format(*tokens[0])])
    package = SimpleNamespace(MoonshineOnnxModel=Model, load_tokenizer=lambda: tokenizer)
    monkeypatch.setitem(sys.modules, "moonshine_onnx", package)
    monkeypatch.setattr(recogniser, "find_spec", lambda name: True)
    caches = [SimpleNamespace(name=f"past_key_values.{n}.decoder.key", shape=[1, 4, 0, 52]) for n in range(8)]
    monkeypatch.setattr(
        recogniser, "open_session", lambda path: SimpleNamespace(name=path.name, get_inputs=lambda: caches)
    )
    return tmp_path


def test_speech_is_padded_and_tokens_are_limited(folder):
    silence = np.zeros(SAMPLE_RATE, np.float32)
    wave = np.concatenate([silence, noise(1.024), silence])
    opened = Recogniser(folder)
    assert (opened.model.encoder.name, opened.model.decoder.name) == tuple(GRAPHS.values())
    assert (opened.model.num_layers, opened.model.num_key_value_heads, opened.model.head_dim) == (8, 4, 52)
    samples, tokens = (int(word) for word in opened.text_of(wave, SAMPLE_RATE).split() if word.isdigit())
    assert abs(samples - 1.524 * SAMPLE_RATE) <= 1024
    assert tokens == 17
    assert opened.text_of(silence, SAMPLE_RATE) == ""
    assert opened.errors(silence, SAMPLE_RATE, "one two").n_errors == 2


def test_refuses(folder, monkeypatch):
    def damaged(path):
        raise RuntimeError("no graph")

    with monkeypatch.context() as patch:
        patch.setattr(recogniser, "open_session", damaged)
        with pytest.raises(BadFolder, match="cannot be opened: no graph"):
            Recogniser(folder)
    (folder / GRAPHS["decoder"]).unlink()
    with pytest.raises(BadFolder, match="has no decoder_model_merged"):
        Recogniser(folder)
    monkeypatch.setattr(recogniser, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip install --no-deps useful-moonshine-onnx"):
        Recogniser(folder)


def test_long_recordings_are_cut_where_they_are_quiet():
    wave = noise(70)
    quiet = [slice(start, start + SAMPLE_RATE // 2) for start in (5 * SAMPLE_RATE, 20 * SAMPLE_RATE, 48 * SAMPLE_RATE)]
    for part in quiet:
        wave[part] *= 0.01
    cuts = pauses(wave)
    assert len(cuts) == 2
    assert all(part.start < cut < part.stop for cut, part in zip(cuts, quiet[1:], strict=True))
    assert pauses(noise(30)) == []
