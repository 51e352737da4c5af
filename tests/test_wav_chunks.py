"""Loop points in WAV files, byte by byte and as other readers see them."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
import scipy.io.wavfile
import soundfile

from wavewright import Clip, edit, generate
from wavewright.audio import clip, metadata_file
from wavewright.audio.clip import write_blocks
from wavewright.audio.file_formats.metadata import SoundMetadata
from wavewright.audio.sound_file import open_sound
from wavewright.audio.wav_chunks import LoopPoints, loop_chunk, read_loops
from wavewright.base.errors import BadSetting

RATE = 8_000


def wave(n_samples: int, n_channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (n_channels, n_samples)).astype(np.float32)


def loops_by_libsndfile(path) -> list[tuple[int, int]]:
    with soundfile.SoundFile(path) as file:
        found = re.findall(r"Start : +(\d+) +End : +(\d+)", file.extra_info)
    return [(int(first), int(last)) for first, last in found]


def test_the_bytes_of_a_chunk():
    expected = bytes.fromhex(
        "736d706c 3c000000"  # smpl, 60 bytes
        "00000000 00000000 93580000 3c000000"  # manufacturer, product, 22675.7 ns at 44.1 kHz, middle C
        "00000000 00000000 00000000 01000000 00000000"  # fraction, SMPTE, one loop, no more bytes
        "00000000 00000000 0a000000 e7030000 00000000 00000000"  # from 10 to 999, endless
    ).replace(bytes.fromhex("93580000"), struct.pack("<I", 22_676))
    assert loop_chunk((LoopPoints(10, 1_000),), 44_100) == expected


@pytest.mark.parametrize(
    ("n_samples", "subtype"), [(1_000, "PCM_16"), (1_001, "PCM_U8"), (777, "FLOAT"), (9, "PCM_24")]
)
def test_a_loop_is_read_by_others_and_the_file_stays_whole(tmp_path, n_samples, subtype):
    plain = Clip(wave(n_samples), RATE).write(tmp_path / "plain.wav", subtype, {"comment": "a loop"})
    path = Clip(wave(n_samples), RATE).write(tmp_path / "loop.wav", subtype, {"comment": "a loop"}, is_loop=True)
    assert read_loops(path) == (LoopPoints(0, n_samples),)
    assert loops_by_libsndfile(path) == [(0, n_samples - 1)]
    assert struct.unpack("<I", path.read_bytes()[4:8])[0] == path.stat().st_size - 8
    assert path.stat().st_size % 2 == 0
    np.testing.assert_array_equal(Clip.read(path).wave, Clip.read(plain).wave)
    assert open_sound(path).tags["comment"] == "a loop"
    assert read_loops(plain) == ()


@pytest.mark.filterwarnings("ignore:Chunk")
def test_scipy_and_ffmpeg_read_the_sound(tmp_path):
    path = Clip(wave(1_000, 2), RATE).write(tmp_path / "loop.wav", is_loop=True)
    rate, samples = scipy.io.wavfile.read(path)
    assert (rate, samples.shape) == (RATE, (1_000, 2))
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    np.testing.assert_array_equal(np.concatenate(frames, axis=1)[0], samples.ravel())


def test_rf64_files_have_loops_too(tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "MAX_CHUNK_FILE_BYTES", 1_000)
    path = tmp_path / "long.wav"
    write_blocks(path, [Clip(wave(999), RATE)], None, None, 1.0, is_loop=True)
    contents = path.read_bytes()
    assert contents[:4] == b"RF64"
    assert struct.unpack("<Q", contents[20:28])[0] == len(contents) - 8
    assert read_loops(path) == (LoopPoints(0, 999),)
    with soundfile.SoundFile(path) as file:
        assert "smpl : 60" in file.extra_info  # libsndfile finds the chunk, and skips it in RF64 files


def test_several_loops(tmp_path):
    path = Clip(wave(1_000), RATE).write(tmp_path / "a.wav")
    loops = (LoopPoints(0, 100), LoopPoints(500, 1_000))
    metadata_file.write(path, SoundMetadata(loops=loops), RATE, 1_000)
    assert read_loops(path) == loops
    assert loops_by_libsndfile(path) == [(0, 99), (500, 999)]


def test_other_files_have_no_loops(tmp_path):
    flac = Clip(wave(100), RATE).write(tmp_path / "a.flac", is_loop=True)
    assert read_loops(flac) == ()
    assert read_loops(tmp_path / "missing.wav") == ()
    for bad in (LoopPoints(5, 5), LoopPoints(-1, 5), LoopPoints(0, 2**32)):
        with pytest.raises(BadSetting, match="no place"):
            loop_chunk((bad,), RATE)


def test_damaged_chunks_are_no_loops(tmp_path):
    path = Clip(wave(100), RATE).write(tmp_path / "a.wav", is_loop=True)
    contents = path.read_bytes()
    for n_bytes in range(0, len(contents), 7):
        path.write_bytes(contents[:n_bytes])
        assert read_loops(path) == ()
    path.write_bytes(contents[:-24] + struct.pack("<6I", 0, 0, 50, 20, 0, 0))  # ends before it starts
    assert read_loops(path) == ()


def test_a_chain_that_ends_with_a_loop_makes_loop_points(tmp_path):
    source = Clip(wave(4 * RATE, 2), RATE).write(tmp_path / "in.wav")
    out = edit(source, tmp_path / "out.wav", do="highpass 100; loop 1.5s").out
    assert read_loops(out) == (LoopPoints(0, 12_000),)
    assert read_loops(edit(source, tmp_path / "no.wav", do="loop 1.5s; gain 1dB").out) == ()


def test_generate_makes_loops(tmp_path):
    made = generate("ambience", "rain", count=2, seconds=1.5, loop=True, out=tmp_path)
    for each in made.files:
        path = tmp_path / each.path.name
        assert "-loop-" in each.path.name
        assert each.seconds == 1.5
        assert read_loops(path) == (LoopPoints(0, round(1.5 * 44_100)),)
        assert '"loop": true' in open_sound(path).tags["comment"]
    with pytest.raises(BadSetting, match="interpolate and loop exclude each other"):
        generate("drums", interpolate=(1, 2), loop=True, out=tmp_path)


def _chunk(name: bytes, content: bytes, is_padded: bool = True) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(is_padded and len(content) % 2)


@pytest.mark.filterwarnings("ignore:.*does not say how long it is")
@pytest.mark.parametrize("is_padded", [True, False])
@pytest.mark.parametrize(
    ("magic", "n_declared", "order"),
    [
        (b"RIFF", 2_000, "odd format sound"),
        (b"RIFF", 2_000, "format odd sound"),
        (b"RIFF", 2_000, "format sound odd"),
        (b"RIFF", 0xFFFFFFFF, "odd format sound"),
        (b"RIFF", 0xFFFFFFFF, "format odd sound"),
        (b"RF64", 0xFFFFFFFF, "sizes format odd sound"),
        (b"BW64", 0xFFFFFFFF, "sizes odd format sound"),
        (b"BW64", 0xFFFFFFFF, "sizes format odd sound"),
    ],
)
def test_chunks_of_odd_lengths_may_lack_their_pad_bytes(tmp_path, is_padded, magic, n_declared, order):
    samples = np.random.default_rng(0).integers(-9_000, 9_000, 1_000).astype("<i2")
    parts = {
        "odd": _chunk(b"LIST", b"INFO" + struct.pack("<4sI", b"INAM", 5) + b"hello", is_padded),
        "format": _chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)),
        "sizes": _chunk(b"ds64", struct.pack("<QQQI", 0, 2_000, 1_000, 0)),
        "sound": b"data" + struct.pack("<I", n_declared) + samples.tobytes(),
    }
    body = b"".join(parts[name] for name in order.split())
    path = tmp_path / "odd.wav"
    path.write_bytes(magic + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    np.testing.assert_array_equal(np.rint(Clip.read(path).wave[0] * 32_768), samples)
    assert open_sound(path).tags == {"title": "hello"}
