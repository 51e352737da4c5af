"""Tokens of a codec: codes as integers of one vocabulary and back, files of them, and their faults."""

from __future__ import annotations

import json

import numpy as np
import pytest
from command_line import refused
from hypothesis import given, strategies as st
from tiny_codec import CODEBOOK_SIZE, HOP_LENGTH, N_CODEBOOKS, SAMPLE_RATE, installed, steps

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.inference.code_tokens import codes_of, tokens_of
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode

SILENCE = 3 * CODEBOOK_SIZE


@pytest.fixture
def codec(tmp_path, monkeypatch):
    """A working folder, and the codec of means under the name ``speech-codec``."""
    return installed(tmp_path, monkeypatch)


@given(st.integers(1, 12), st.integers(2, 1_024), st.integers(0, 40), st.integers(0, 2**31))
def test_codes_come_back(n_codebooks, codebook_size, n_frames, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, codebook_size, (n_codebooks, n_frames))
    codes[:, rng.random(n_frames) < 0.2] = -1
    tokens = tokens_of(codes, codebook_size)
    assert tokens.shape == (n_codebooks * n_frames,)
    assert ((tokens >= 0) & (tokens <= n_codebooks * codebook_size)).all()
    np.testing.assert_array_equal(codes_of(tokens, n_codebooks, codebook_size), codes)


def test_tokens_follow_frame_after_frame_and_coarse_to_fine():
    codes = np.array([[1, -1, 3], [4, -1, 6]])
    assert tokens_of(codes, 10).tolist() == [1, 14, 20, 20, 3, 16]


@pytest.mark.parametrize(
    ("tokens", "fault"),
    [
        ([0, 32, 64, 1], "There are 4 tokens, and a frame has 3"),
        ([0, 32, 64, 33, 32, 64], r"Token 3 is 33; at place 0 of a frame it must be 0 to 31, or 96 in all"),
        ([0, 96, 64], "Token 1 is 96; at place 1 of a frame it must be 32 to 63"),
        ([96, 96, 64], "Token 2 is 64"),
        ([-1, 32, 64], "Token 0 is -1"),
        ([0, 32, 97], "Token 2 is 97"),
    ],
)
def test_faults_are_named_with_their_place(tokens, fault):
    with pytest.raises(BadSetting, match=fault):
        codes_of(np.array(tokens), 3, CODEBOOK_SIZE)


def test_a_sound_comes_back_from_its_tokens(tmp_path, codec):
    wave = steps(2 * SAMPLE_RATE, 1)
    Clip(wave, SAMPLE_RATE).write(tmp_path / "a.wav", "FLOAT")
    encoded = encode(tmp_path / "a.wav", tokens=3)
    assert encoded.out == tmp_path / "a.json"
    assert (encoded.details["n_tokens"], encoded.details["tokens_per_second"], encoded.details["vocabulary"]) == (
        300,
        150.0,
        SILENCE + 1,
    )
    contents = json.loads(encoded.out.read_text())
    assert len(contents["tokens"]) == 300
    decoded = decode(encoded.out, tmp_path / "b.wav", watermark=False)
    back = Clip.read(decoded.out).wave
    np.testing.assert_allclose(back, wave, atol=2 * 32.0**-3 + 2.0**-16)
    encode(decoded.out, out=tmp_path / "c.json", tokens=3)  # a second time: the means of frames are the same
    assert json.loads((tmp_path / "c.json").read_text())["tokens"] == contents["tokens"]


def test_channels_are_mixed_and_resampled(tmp_path, codec):
    wave = steps(44_100, 2)
    Clip(wave, 44_100).write(tmp_path / "a.wav", "FLOAT")
    encoded = encode(tmp_path / "a.wav", tokens=1)
    assert encoded.details["n_tokens"] == -(-SAMPLE_RATE // HOP_LENGTH)
    assert encoded.seconds == 1.0
    assert decode(encoded.out).sample_rate == SAMPLE_RATE


def test_what_a_model_wrote_is_decoded_with_a_mark(tmp_path, codec):
    Clip(steps(SAMPLE_RATE, 1), SAMPLE_RATE).write(tmp_path / "a.wav")
    contents = json.loads(encode(tmp_path / "a.wav", tokens=2).out.read_text())
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.integers(0, CODEBOOK_SIZE, 150), CODEBOOK_SIZE + rng.integers(0, CODEBOOK_SIZE, 150)], 1)
    (tmp_path / "drawn.json").write_text(json.dumps(contents | {"tokens": drawn.ravel().tolist()}))
    decoded = decode(tmp_path / "drawn.json")
    assert decoded.details["is_marked"]
    assert decoded.seconds == 3.0
    assert decoded.out == tmp_path / "drawn-decoded.wav"


def test_bad_files_of_tokens_are_refused(tmp_path, codec, capsys):
    Clip(steps(SAMPLE_RATE, 1), SAMPLE_RATE).write(tmp_path / "a.wav")
    contents = json.loads(encode(tmp_path / "a.wav", tokens=2).out.read_text())
    path = tmp_path / "b.json"
    for changed, fault in (
        ({"tokens": [0]}, "There are 1 tokens, and a frame has 2"),
        ({"tokens": []}, "has no tokens"),
        ({"tokens": ["x"]}, r"holds no tokens of a codec \(tokens.0: "),
        ({"n_codebooks": 0}, r"holds no tokens of a codec \(n_codebooks: "),
        ({"n_codebooks": N_CODEBOOKS + 1, "tokens": [0] * (N_CODEBOOKS + 1)}, "cannot be decoded"),
        ({"other": 1}, r"holds no tokens of a codec \(other: "),
    ):
        path.write_text(json.dumps(contents | changed))
        with pytest.raises(BadAudio, match=fault):
            decode(path)
    path.write_bytes(b"\xff\x00")
    assert "cannot be read as JSON" in refused(capsys, "decode", "b.json")
    path.write_text("[1, 2]")
    assert "holds no tokens" in refused(capsys, "decode", "b.json")
    assert "does not exist" in refused(capsys, "decode", "none.json")
    assert not list(tmp_path.glob("*-decoded.wav"))


def test_impossible_options_are_refused(tmp_path, codec, capsys):
    Clip(steps(SAMPLE_RATE, 1), SAMPLE_RATE).write(tmp_path / "a.wav")
    assert "--tokens and --kbps exclude each other" in refused(
        capsys, "encode", "a.wav", "--tokens", "2", "--kbps", "3"
    )
    assert "leave --tokens out" in refused(capsys, "encode", "-", "--tokens", "2")
    assert "tokens are written to .json files" in refused(capsys, "encode", "a.wav", "--tokens", "2", "--out", "a.wwc")
    assert run(["encode", "a.wav", "--tokens", "2", "--quiet"]) == 0
