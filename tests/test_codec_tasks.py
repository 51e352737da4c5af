"""Encode and decode: the sound that comes back has the rate, channels and samples of what was given, whatever its length or damage."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
from tiny_codec import HOP_LENGTH, MeansCodec
from tiny_models import make_gan

from wavewright import models
from wavewright.cli import run
from wavewright.clip import Clip, write_blocks
from wavewright.errors import BadAudio, BadModel, BadSetting
from wavewright.families.codec.header import HEADER_BYTES
from wavewright.families.codec.packets import PacketReader
from wavewright.tasks import codecs
from wavewright.tasks.decode import decode, decode_stream
from wavewright.tasks.encode import encode, encode_stream

RATE = 16_000


@pytest.fixture(autouse=True)
def codec(tmp_path, monkeypatch):
    """A working folder, and the codec of means under the name ``speech-codec``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    means = MeansCodec()
    load = models.load
    monkeypatch.setattr(models, "load", lambda name: means if name == "speech-codec" else load(name))
    monkeypatch.setattr(codecs, "_hashes", lambda: {"speech-codec": means.folder.hash})
    return means


def steps(n_samples, n_channels=1, seed=0):
    """Sound that the codec of means keeps: each frame is constant, some are silent, and the last one may be part of one."""
    n_frames = -(-n_samples // HOP_LENGTH)
    means = np.random.default_rng(seed).uniform(-0.9, 0.9, (n_channels, n_frames)).astype(np.float32)
    means[:, n_frames // 2 : n_frames // 2 + 3] = 0.0
    return np.repeat(means, HOP_LENGTH, axis=1)[:, :n_samples]


def sine(n_samples, sample_rate, n_channels=1):
    time = np.arange(n_samples) / sample_rate
    return np.stack([0.5 * np.sin(2 * np.pi * (2 + channel) * time) for channel in range(n_channels)]).astype(np.float32)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_a_sound_comes_back(tmp_path, n_channels):
    wave = steps(5 * RATE, n_channels)
    Clip(wave, RATE).write(tmp_path / "a.wav", "FLOAT")
    encoded = encode(tmp_path / "a.wav", kbps=n_channels)
    assert encoded.out == tmp_path / "a.wwc"
    assert encoded.n_bytes == encoded.out.stat().st_size
    assert encoded.kbps == pytest.approx(8 * encoded.n_bytes / 5 / 1000)
    assert encoded.kbps == pytest.approx(n_channels, rel=0.1)
    result = decode(encoded.out)
    assert result.out == tmp_path / "a-decoded.wav"
    assert (result.seconds, result.sample_rate, result.n_channels, result.lost_seconds) == (5.0, RATE, n_channels, ())
    back = Clip.read(result.out).wave
    assert back.shape == wave.shape
    np.testing.assert_allclose(back, wave, atol=2 * 32.0**-encoded.n_levels + 2.0**-16)
    assert (back[wave == 0] == 0).all()


@pytest.mark.parametrize("n_samples", [1, 319, 320, 321, 16_001, 100_003])
@pytest.mark.parametrize(("sample_rate", "n_channels"), [(RATE, 1), (44_100, 2), (8_000, 1), (22_051, 1)])
def test_rate_channels_and_exact_length_come_back(tmp_path, n_samples, sample_rate, n_channels):
    wave = sine(n_samples, sample_rate, n_channels)
    Clip(wave, sample_rate).write(tmp_path / "a.wav", "FLOAT")
    decode(encode(tmp_path / "a.wav", kbps=n_channels, out=tmp_path / "b.wwc").out, tmp_path / "c.wav")
    back = Clip.read(tmp_path / "c.wav")
    assert (back.sample_rate, back.wave.shape) == (sample_rate, wave.shape)
    if n_samples > 10_000:  # a slow sine changes little in a frame
        edge = sample_rate // 25
        np.testing.assert_allclose(back.wave[:, edge:-edge], wave[:, edge:-edge], atol=0.13)  # a frame late would be 0.19


def test_the_result_says_what_was_done(tmp_path, capsys):
    Clip(sine(44_100, 44_100, 2), 44_100).write(tmp_path / "a.wav")
    assert run(["encode", "a.wav", "--kbps", "2.1"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    n_bytes = (tmp_path / "a.wwc").stat().st_size
    assert first == f"a.wwc: 1.00 s, 44100 Hz, stereo in {n_bytes} bytes, {8 * n_bytes / 1000:.2f} kbps, 4 levels of means"
    assert (
        second
        == "44100 Hz is resampled to the 16000 Hz of means, and what lies above 8000 Hz is lost; decoding gives 44100 Hz back."
    )
    assert run(["decode", "a.wwc", "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert captured.err == ""
    assert result == {
        "out": "a-decoded.wav",
        "file": "a.wwc",
        "model": "means",
        "model_hash": "0123456789ab",
        "seconds": 1.0,
        "sample_rate": 44_100,
        "n_channels": 2,
        "n_levels": 4,
        "n_bytes": n_bytes,
        "kbps": 8 * n_bytes / 1000,
        "lost_seconds": [],
        "repaired_byte": None,
    }


def test_damage_is_named_and_the_rest_is_exact(tmp_path, capsys):
    wave = steps(6 * RATE)
    Clip(wave, RATE).write(tmp_path / "a.wav", "FLOAT")
    data = bytearray(encode(tmp_path / "a.wav", kbps=1).out.read_bytes())
    decode(tmp_path / "a.wwc", tmp_path / "whole.wav")
    whole = Clip.read(tmp_path / "whole.wav").wave
    data[round(3.5 / 6 * len(data))] ^= 1  # in the fourth second
    data[7] ^= 1
    (tmp_path / "b.wwc").write_bytes(data)
    assert run(["decode", "b.wwc"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "Byte 7 of b.wwc, in its header, was damaged and has been put right.",
        "Packets of b.wwc are damaged or missing; what they held is lost: 3.00 to 4.00 s.",
    ]
    back = Clip.read(tmp_path / "b-decoded.wav").wave
    assert back.shape == whole.shape
    np.testing.assert_array_equal(back[:, : 3 * RATE], whole[:, : 3 * RATE])
    np.testing.assert_array_equal(back[:, 4 * RATE :], whole[:, 4 * RATE :])
    assert (back[:, 3 * RATE : 4 * RATE] == 0).all()
    result = decode((tmp_path / "b.wwc"), tmp_path / "c.wav")
    assert (result.lost_seconds, result.repaired_byte) == (((3.0, 4.0),), 7)


def test_a_file_that_breaks_off_gives_what_is_there(tmp_path):
    wave = steps(6 * RATE + 77)
    Clip(wave, 44_100).write(tmp_path / "a.wav", "FLOAT")
    data = encode(tmp_path / "a.wav", kbps=1).out.read_bytes()
    seconds = wave.shape[1] / 44_100
    (tmp_path / "a.wwc").write_bytes(data[:-5])
    result = decode(tmp_path / "a.wwc")
    assert result.lost_seconds == ((2.0, round(seconds, 3)),)
    assert result.seconds == 2.0
    assert soundfile.info(result.out).frames == 2 * 44_100
    (tmp_path / "a.wwc").write_bytes(data[: HEADER_BYTES + 20])
    with pytest.raises(BadAudio, match="has no packet that is whole, so there is nothing to decode; copy it again"):
        decode(tmp_path / "a.wwc", tmp_path / "none.wav")
    assert not (tmp_path / "none.wav").exists()


def pcm_of(wave):
    return np.rint(wave * 32_768).astype("<i2").tobytes()


def streamed(wave, codec):
    sink = io.BytesIO()
    encode_stream(io.BytesIO(pcm_of(wave)), sink, codec, 1.0)
    return sink.getvalue()


class Chunked(io.BytesIO):
    """A pipe that gives at most ``chunk`` bytes at a time."""

    chunk = 1

    def read1(self, n_bytes=-1):
        return self.read(min(n_bytes, self.chunk))


@pytest.mark.parametrize("n_samples", [1, 320, 5_000, 32_000])
def test_a_stream_equals_a_file_whatever_its_chunks(tmp_path, codec, n_samples):
    wave = np.rint(steps(n_samples) * 32_768) / 32_768
    Clip(wave, RATE).write(tmp_path / "a.wav", "PCM_16")
    encode(tmp_path / "a.wav", kbps=1)
    decode(tmp_path / "a.wwc", tmp_path / "b.wav", quiet=True)
    expected = soundfile.read(tmp_path / "b.wav", dtype="int16")[0]
    codes = []
    for chunk in (1, 7, 641, 10**6):
        source = Chunked(pcm_of(wave))
        source.chunk = chunk
        coded, decoded = io.BytesIO(), io.BytesIO()
        encode_stream(source, coded, codec, 1)
        codes.append(coded.getvalue())
        source = Chunked(coded.getvalue())
        source.chunk = chunk
        decode_stream(source, decoded)
        np.testing.assert_array_equal(np.frombuffer(decoded.getvalue(), "<i2"), expected)
    assert set(codes) == {codes[0]}


class Pipe(io.RawIOBase):
    """What is written to one end is sent on at once by ``react``."""

    def __init__(self, react):
        self.react = react

    def writable(self):
        return True

    def write(self, data):
        self.react(bytes(data))
        return len(data)


def test_a_frame_is_sent_before_the_next_sample_is_asked_for(codec):
    given, sent = [], []
    wave = steps(5 * HOP_LENGTH)
    samples = pcm_of(wave)

    class Source:
        def read(self, n_bytes):
            start = sum(given)
            given.append(min(n_bytes, 2 * HOP_LENGTH, len(samples) - start))
            return samples[start : start + given[-1]]

    encode_stream(Source(), Pipe(lambda data: sent.append((sum(given), len(data)))), codec, 1.0)
    assert sent[0] == (4, HEADER_BYTES)  # four bytes tell whether a WAV file comes
    at = [n_given for n_given, _ in sent[1:-1]]
    assert at == [640 + 4, 1280 + 4, 1920 + 4, 2560 + 4, 3200]


@pytest.mark.parametrize("n_bytes_said", [None, 0, 0xFFFFFFFF])
def test_a_wav_file_on_a_pipe(tmp_path, codec, capsys, n_bytes_said):
    wave = sine(44_100, 44_100, 2)
    data = bytearray(Clip(wave, 44_100).write(tmp_path / "a.wav").read_bytes())
    if n_bytes_said is not None:
        place = data.index(b"data") + 4
        data[place : place + 4] = n_bytes_said.to_bytes(4, "little")
    else:
        data += b"LIST" + bytes(20)  # what comes behind the samples is none
    coded, decoded = io.BytesIO(), io.BytesIO()
    encode_stream(io.BytesIO(data), coded, codec, 2)
    assert "44100 Hz is resampled to the 16000 Hz of means" in capsys.readouterr().err
    decode_stream(io.BytesIO(coded.getvalue()), decoded)
    back = np.frombuffer(decoded.getvalue(), "<i2").reshape(-1, 2).T / 32_768
    assert back.shape == wave.shape
    np.testing.assert_allclose(back[:, 2_000:-2_000], wave[:, 2_000:-2_000], atol=0.13)


class Standard:
    """Standard input or output with bytes below."""

    def __init__(self, data=b""):
        self.buffer = io.BytesIO(data)


def test_the_stream_commands_write_nothing_else(monkeypatch, capsys, codec):
    wave = steps(3_210)
    expected = streamed(wave, codec)
    sink = Standard()
    monkeypatch.setattr(sys, "stdin", Standard(pcm_of(wave)))
    monkeypatch.setattr(sys, "stdout", sink)
    assert run(["encode", "--stream", "--kbps", "1"]) == 0
    assert sink.buffer.getvalue() == expected
    sink = Standard()
    monkeypatch.setattr(sys, "stdin", Standard(expected))
    monkeypatch.setattr(sys, "stdout", sink)
    assert run(["decode", "--stream", "--json"]) == 0
    assert len(sink.buffer.getvalue()) == 2 * 3_210
    monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_a_damaged_stream_says_so_on_standard_error(codec, capsys):
    data = streamed(steps(RATE), codec)
    decoded = io.BytesIO()
    decode_stream(io.BytesIO(data[: len(data) // 2]), decoded)
    error = capsys.readouterr().err
    assert error.startswith("Packets of standard input are damaged or missing; what they held is lost: from 0.")
    assert error.endswith(" s on.\n")
    assert 0.3 * RATE < len(decoded.getvalue()) / 2 < 0.7 * RATE


def test_a_reader_that_goes_away_ends_a_stream_without_a_word(codec, capsys):
    class Closed(io.BytesIO):
        def write(self, data):
            raise BrokenPipeError

    encode_stream(io.BytesIO(bytes(6_400)), Closed(), codec, 1.0)
    decode_stream(io.BytesIO(streamed(steps(RATE), codec)), Closed())
    assert capsys.readouterr().err == ""


def test_a_long_file_takes_little_memory(tmp_path):
    minutes, rng = 20, np.random.default_rng(0)
    blocks = (Clip(np.repeat(rng.uniform(-0.5, 0.5, (1, 3_000)), HOP_LENGTH, axis=1), RATE) for _ in range(minutes))
    write_blocks(tmp_path / "long.wav", blocks)
    encode(tmp_path / "long.wav", kbps=1)  # compiles, outside of what is measured
    tracemalloc.start()
    encoded = encode(tmp_path / "long.wav", kbps=1)
    encode_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    result = decode(encoded.out)
    decode_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.seconds == 60 * minutes
    assert soundfile.info(result.out).frames == 60 * minutes * RATE
    assert max(encode_bytes, decode_bytes) < 8e6  # the samples are 77 MB, the codes of all levels 0.5 MB


def test_the_bitrate_nearest_to_the_asked_one_is_taken(codec):
    bits = np.cumsum(codecs.entropy_bits(codec.frequencies))
    rates = [(50 * level_bits + 60) / 1000 for level_bits in bits]
    for kbps, n_levels in ((rates[0] / 1.2, 1), (rates[0], 1), (0.49 * rates[0] + 0.51 * rates[1], 2), (rates[3] * 1.2, 4)):
        assert codecs.n_levels_for(codec, kbps, 1) == n_levels
    assert codecs.n_levels_for(codec, (100 * bits[1] + 60) / 1000, 2) == 2
    for kbps in (rates[0] / 1.3, rates[3] * 1.3):
        with pytest.raises(BadSetting, match=rf"by means; its bitrates go from {rates[0]:.2f} to {rates[3]:.2f} kbps"):
            codecs.n_levels_for(codec, kbps, 1)


def test_many_channels_have_shorter_packets(codec):
    assert codecs.frames_per_packet(codec, 1) == codecs.frames_per_packet(codec, 9) == 50
    assert 1 <= codecs.frames_per_packet(codec, 100) < 10
    with pytest.raises(BadSetting, match=r"has 256 channels; a \.wwc file has at most 255"):
        codecs.frames_per_packet(codec, 256)


def refused(capsys, *arguments):
    """The sentence of a call that must be refused."""
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.endswith(".")
    return line.removeprefix("wavewright: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["encode", "none.wav"], "none.wav does not exist; check the path."),
        (["encode", "a.wav", "--kbps", "99"], "99 kbps cannot be made of 1 channel by means; its bitrates go from"),
        (["encode", "a.wav", "--kbps", "0"], "--kbps is 0; input should be greater than 0."),
        (["encode", "a.wav", "--kbps", "nan"], "--kbps is nan; input should be greater than 0."),
        (["encode", "a.wav", "--out", "a.mp3"], "a.mp3 ends with '.mp3'; codes are written to .wwc files."),
        (["encode", "a.wav", "--out", "no/a.wwc"], "because the folder no does not exist; create it first."),
        (["encode", "a.wav", "--model", "none"], "There is no model 'none';"),
        (
            ["encode", "a.wav", "--model", "home/tiny"],
            "home/tiny is of the family gan, which makes no codes; give a codec with --model.",
        ),
        (
            ["encode", "a.wav", "--stream"],
            "A stream goes from standard input to standard output; leave a.wav out, or --stream.",
        ),
        (["decode", "--stream", "--out", "b.wav"], "leave b.wav out, or --stream."),
        (["encode"], "There is nothing to encode; give a sound file, or --stream to read standard input."),
        (["encode", "a.wwc"], "a.wwc is not a sound file;"),
        (["decode"], "There is nothing to decode; give a .wwc file, or --stream to read standard input."),
        (["decode", "none.wwc"], "none.wwc does not exist; check the path."),
        (["decode", "home"], "home is a folder; give a .wwc file."),
        (["decode", "a.wav"], "a.wav is no .wwc file; give one that `wavewright encode` wrote."),
        (["decode", "empty.wwc"], "empty.wwc is empty; give a .wwc file that `wavewright encode` wrote."),
        (["decode", "a.wwc", "--out", "a.txt"], "a.txt ends with '.txt'; sound is written to .wav"),
        (["decode", "a.wwc", "--model", "home/tiny"], "home/tiny is of the family gan, which makes no codes;"),
        (
            ["decode", "other.wwc"],
            "other.wwc was encoded by the codec ba9876543210, which is not among the models here (speech-codec is 0123456789ab);",
        ),
        (
            ["decode", "other.wwc", "--model", "speech-codec"],
            "other.wwc was encoded by the codec ba9876543210, and speech-codec is 0123456789ab; give the model that encoded it",
        ),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, codec, capsys, arguments, sentence):
    make_gan(tmp_path / "home")
    Clip(steps(RATE), RATE).write(tmp_path / "a.wav")
    encode(tmp_path / "a.wav", kbps=1)
    codec.folder.hash = "ba9876543210"
    encode(tmp_path / "a.wav", kbps=1, out=tmp_path / "other.wwc")
    codec.folder.hash = "0123456789ab"
    (tmp_path / "empty.wwc").touch()
    before = sorted(tmp_path.iterdir())
    assert sentence in refused(capsys, *arguments)
    assert sorted(tmp_path.iterdir()) == before


def test_a_codec_that_does_not_fit_its_hash_is_refused(tmp_path, codec):
    Clip(steps(RATE), RATE).write(tmp_path / "a.wav")
    encode(tmp_path / "a.wav", kbps=1)
    codec.sample_rate = 8_000
    with pytest.raises(BadModel, match="levels at 16000 Hz, and speech-codec has 4 at 8000 Hz, whose hash it carries"):
        decode(tmp_path / "a.wwc")


def test_codecs_are_found_by_their_hash(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    make_gan(tmp_path / "home")
    folder = make_gan(tmp_path / "home", "mine")
    (folder / "card.json").write_text(
        (folder / "card.json").read_text(encoding="utf-8").replace('"gan"', '"codec"'), encoding="utf-8"
    )
    (tmp_path / "home" / "broken").mkdir()
    (tmp_path / "home" / "broken" / "card.json").write_text("{", encoding="utf-8")
    found = codecs._hashes()
    assert found["mine"] == models.ModelFolder(folder).hash
    assert not {"tiny", "broken"} & found.keys()


def test_a_sound_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    Clip(steps(30 * RATE), RATE).write(tmp_path / "a.flac")
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadAudio, match=r"a\.flac"):
        encode(tmp_path / "a.flac", kbps=1)
    Clip(steps(3 * RATE), RATE).write(tmp_path / "b.wav")
    out = encode(tmp_path / "b.wav", kbps=1).out
    before = sorted(tmp_path.iterdir())

    def fail(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PacketReader, "__iter__", fail)
    with pytest.raises(Exception, match="No space left"):
        decode(out)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "No sound came on standard input"),
        (b"RIFF1234AVI ", "begins like a WAV file and is none"),
        (b"RIFF1234WAVEfmt ", "does not say what its samples are"),
        (b"RIFF1234WAVEdata\x08\0\0\0abcdefgh", "does not say what its samples are"),
        (b"RIFF1234WAVEjunk\xff\xff\xff\x7f", "does not say what its samples are"),
    ],
)
def test_bad_sound_on_a_pipe_is_refused(codec, data, words):
    sink = io.BytesIO()
    with pytest.raises(BadAudio, match=words):
        encode_stream(io.BytesIO(data), sink, codec, 1.0)
    assert sink.getvalue() == b""


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_wav_files_of_other_kinds_on_a_pipe_are_refused(tmp_path, codec, subtype):
    data = Clip(steps(RATE), RATE).write(tmp_path / "a.wav", subtype).read_bytes()
    with pytest.raises(BadAudio, match="on a pipe, 16-bit PCM can be read"):
        encode_stream(io.BytesIO(data), io.BytesIO(), codec, 1.0)
