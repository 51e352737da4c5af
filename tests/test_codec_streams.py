"""Streams: a frame goes out when it is there, and what comes out is what a file would give, whatever the chunks."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import soundfile
from byte_streams import ByteStream
from tiny_codec import HOP_LENGTH, SAMPLE_RATE, installed, sine, steps

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.pcm import endless_wav_header, read_pcm, to_pcm
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.base.parameters import STANDARD_STREAM
from wavewright.families.codec.wwc.header import HEADER_BYTES
from wavewright.tasks.decode import decode, decode_stream
from wavewright.tasks.encode import encode, encode_stream

RATE = SAMPLE_RATE


@pytest.fixture(autouse=True)
def codec(tmp_path, monkeypatch):
    """A working folder, and the codec of means under the name ``speech-codec``."""
    return installed(tmp_path, monkeypatch)


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


@pytest.mark.parametrize("n_samples", [1, 320, 5_000, 17_000])
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
    n_read, sent = [], []
    wave = steps(5 * HOP_LENGTH)
    samples = pcm_of(wave)

    class Source:
        def read(self, n_bytes):
            start = sum(n_read)
            n_read.append(min(n_bytes, 2 * HOP_LENGTH, len(samples) - start))
            return samples[start : start + n_read[-1]]

    encode_stream(Source(), Pipe(lambda data: sent.append((sum(n_read), len(data)))), codec, 1.0)
    assert sent[0] == (4, HEADER_BYTES)  # four bytes tell whether a WAV file comes
    at = [n_samples for n_samples, _ in sent[1:-1]]
    assert at == [640 + 4, 1280 + 4, 1920 + 4, 2560 + 4, 3200]


@pytest.mark.parametrize("n_bytes_declared", [None, 0, 0xFFFFFFFF])
def test_a_wav_file_on_a_pipe(tmp_path, codec, capsys, n_bytes_declared):
    wave = sine(44_100, 44_100, 2)
    data = bytearray(Clip(wave, 44_100).write(tmp_path / "a.wav").read_bytes())
    if n_bytes_declared is not None:
        position = data.index(b"data") + 4
        data[position : position + 4] = n_bytes_declared.to_bytes(4, "little")
    else:
        data += b"LIST" + bytes(20)  # what comes behind the samples is none
    coded, decoded = io.BytesIO(), io.BytesIO()
    encode_stream(io.BytesIO(data), coded, codec, 2)
    assert "44100 Hz is resampled to the 16000 Hz of means" in capsys.readouterr().err
    decode_stream(io.BytesIO(coded.getvalue()), decoded)
    back = np.frombuffer(decoded.getvalue(), "<i2").reshape(-1, 2).T / 32_768
    assert back.shape == wave.shape
    np.testing.assert_allclose(back[:, 2_000:-2_000], wave[:, 2_000:-2_000], atol=0.13)


def test_the_stream_commands_write_nothing_else(monkeypatch, capsys, codec):
    wave = steps(3_210)
    expected = streamed(wave, codec)
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdin", ByteStream(pcm_of(wave)))
    monkeypatch.setattr(sys, "stdout", sink)
    assert run(["encode", "-", "--kbps", "1"]) == 0
    assert sink.buffer.getvalue() == expected
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdin", ByteStream(expected))
    monkeypatch.setattr(sys, "stdout", sink)
    assert run(["decode", "-"]) == 0
    assert len(sink.buffer.getvalue()) == 2 * 3_210
    monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_a_damaged_stream_says_so_on_standard_error(codec, capsys):
    data = streamed(steps(RATE), codec)
    decoded = io.BytesIO()
    decode_stream(io.BytesIO(data[: len(data) // 2]), decoded)
    error = capsys.readouterr().err
    assert error.startswith("Packets of standard input are damaged or missing; what they held is lost: from 0.")
    assert error.endswith(" s on, and the sound ends there.\n")
    assert 0.3 * RATE < len(decoded.getvalue()) / 2 < 0.7 * RATE


def test_a_reader_that_goes_away_ends_a_stream_without_a_word(codec, capsys):
    class Closed(io.BytesIO):
        def write(self, data):
            raise BrokenPipeError

    encode_stream(io.BytesIO(bytes(6_400)), Closed(), codec, 1.0)
    decode_stream(io.BytesIO(streamed(steps(RATE), codec)), Closed())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "No sound came on standard input"),
        (b"RIFF1234AVI ", "begins like a WAV file and is none"),
        (b"RIFF1234WAVEfmt ", "does not say what its samples are"),
        (b"RIFF1234WAVEdata\x08\0\0\0abcdefgh", "does not say what its samples are"),
        (
            b"ID3\x04" + bytes(700),
            "standard input is an MP3 file, and a stream takes raw samples or WAV; decode it first",
        ),
        (b"RF64\xff\xff\xff\xffWAVE", "standard input is an RF64 file"),
        (b"WWC\x02" + bytes(30), "is a .wwc file, so it is encoded already; `wavewright decode` makes sound of it"),
        (b"RIFF1234WAVEjunk\xff\xff\xff\x7f", "does not say what its samples are"),
    ],
)
def test_bad_sound_on_a_pipe_is_refused(codec, data, words):
    sink = io.BytesIO()
    with pytest.raises(BadAudio, match=words):
        encode_stream(io.BytesIO(data), sink, codec, 1.0)
    assert sink.getvalue() == b""


def test_a_stream_without_a_sample_becomes_no_file(tmp_path, codec):
    coded, decoded = io.BytesIO(), io.BytesIO()
    encode_stream(io.BytesIO(endless_wav_header(RATE)), coded, codec, 1.0)
    (tmp_path / "a.wwc").write_bytes(coded.getvalue())
    with pytest.raises(
        BadAudio,
        match=r"a\.wwc is of a sound without a sample, so there is nothing to decode; encode one that has some",
    ):
        decode(tmp_path / "a.wwc")
    assert [path.name for path in tmp_path.glob("a*")] == ["a.wwc"]
    decode_stream(io.BytesIO(coded.getvalue()), decoded)
    assert decoded.getvalue() == b""


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_wav_files_of_other_kinds_on_a_pipe_are_refused(tmp_path, codec, subtype):
    data = Clip(steps(RATE), RATE).write(tmp_path / "a.wav", subtype).read_bytes()
    with pytest.raises(BadAudio, match="on a pipe, 16-bit PCM can be read"):
        encode_stream(io.BytesIO(data), io.BytesIO(), codec, 1.0)


@pytest.mark.parametrize(("suffix", "name"), [("flac", "a FLAC"), ("ogg", "an Ogg"), ("aiff", "an AIFF")])
def test_sound_files_of_other_kinds_are_not_taken_for_samples(tmp_path, codec, suffix, name):
    data, sink = Clip(steps(RATE), RATE).write(tmp_path / f"a.{suffix}").read_bytes(), io.BytesIO()
    with pytest.raises(BadAudio, match=f"is {name} file, .* or give the file by its name instead of a stream"):
        encode_stream(io.BytesIO(data), sink, codec, 1.0)
    assert sink.getvalue() == b""


@pytest.mark.parametrize(
    ("format", "name"), [("RF64", "RF64"), ("W64", "WAV64"), ("AU", "AU"), ("CAF", "CAF"), ("MP3", "MP3")]
)
def test_sound_files_without_an_ending_are_not_taken_for_samples(tmp_path, codec, format, name):
    soundfile.write(tmp_path / "a", steps(RATE).T, RATE, format=format)
    sink = io.BytesIO()
    with pytest.raises(BadAudio, match=f"is an? {name} file"):
        encode_stream(io.BytesIO((tmp_path / "a").read_bytes()), sink, codec, 1.0)
    assert sink.getvalue() == b""


def test_raw_samples_that_begin_like_a_frame_of_an_mp3_are_samples():
    """The bytes of the first two samples are a header of layer III; what follows is none."""
    raw = b"\xff\xfb\x90\x64" + bytes(4_000)
    audio = read_pcm(io.BytesIO(raw), RATE)
    assert not audio.is_wav
    assert b"".join(to_pcm(wave) for wave in audio.waves) == raw


def test_ctrl_c_ends_the_sound_and_finishes_the_stream(codec):
    wave = steps(10 * HOP_LENGTH)

    class Microphone(io.BytesIO):
        def read1(self, n_bytes=-1):
            if self.tell() >= 1_000:
                raise KeyboardInterrupt
            return self.read(1_000)

    sink = io.BytesIO()
    encode_stream(Microphone(pcm_of(wave)), sink, codec, 1.0)
    assert sink.getvalue() == streamed(wave[:, : (4 + 1_000) // 2], codec)


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_a_terminal_is_no_pipe(monkeypatch, name):
    ends = {"stdin": ByteStream(), "stdout": ByteStream()}
    ends[name].isatty = lambda: True
    for end, standard in ends.items():
        monkeypatch.setattr(sys, end, standard)
    for task in (encode, decode):
        with pytest.raises(BadSetting, match=rf"standard {name[3:]}(put)? is the terminal; redirect it\."):
            task(STANDARD_STREAM)
