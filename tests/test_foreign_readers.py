"""Files of other programs that libsndfile does not read rightly, made by hand; their lengths are those of FFmpeg."""

from __future__ import annotations

import shutil
import struct
import subprocess
from importlib.util import find_spec

import numpy as np
import pytest
import soundfile

import wavewright
from tests.foreign_files import av, chirp, decode, encode
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, SoundWarning

RATE = 48_000
DATA = np.round(3_000 * np.sin(np.arange(RATE) / 20)).astype("<i2").tobytes()


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def large(magic, *chunks):
    """Return a file with sizes in 64 bits."""
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    sizes = chunk(b"ds64", struct.pack("<QQQI", 0, len(DATA), RATE, 0))
    body = magic + b"\xff" * 4 + b"WAVE" + sizes + form + b"".join(chunks) + b"data" + b"\xff" * 4 + DATA
    return body[:20] + struct.pack("<Q", len(body) - 8) + body[28:]


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("others", [(), (b"<a/>",), (b"<ab/>",), (b"1", b"22", b"333")])
def test_sizes_of_64_bits(tmp_path, magic, others):
    path = tmp_path / "a.wav"
    path.write_bytes(large(magic, *(chunk(b"axml", each) for each in others)))
    header = open_sound(path).header
    assert (header.n_samples, header.faults) == (RATE, ())
    np.testing.assert_array_equal(Clip.read(path).wave[0], np.frombuffer(DATA, "<i2") / np.float32(32_768))
    assert decode(path)[1].shape[1] == RATE


def w64(codec, n_bits, data, announced=None, channels=1):
    """Return a W64 file of an extensible format, as FFmpeg writes it for floats, high rates and many channels."""
    rest, known = bytes.fromhex("f3acd3118cd100c04f8edb8a"), bytes.fromhex("000000001000800000aa00389b71")
    width = channels * n_bits // 8
    form = struct.pack("<HHIIHHHHIH", 0xFFFE, channels, RATE, RATE * width, width, n_bits, 22, n_bits, 0, codec) + known
    body = b"wave" + rest + b"fmt " + rest + struct.pack("<Q", 24 + len(form)) + form
    body += b"data" + rest + struct.pack("<Q", len(data) + 24 if announced is None else announced) + data
    return b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + struct.pack("<Q", len(body) + 24) + body


@pytest.mark.parametrize(("codec", "subtype"), [(3, "<f4"), (3, "<f8"), (1, "<i2")])
@pytest.mark.parametrize("channels", [1, 6])
def test_extensible_w64_says_what_its_samples_are(tmp_path, codec, subtype, channels):
    wave = np.frombuffer(DATA, "<i2")
    data = (wave / (32_768 if codec == 3 else 1)).astype(subtype)
    path = tmp_path / "a.w64"
    path.write_bytes(w64(codec, data.itemsize * 8, data.tobytes(), channels=channels))
    assert open_sound(path).header.faults == ()
    np.testing.assert_array_equal(Clip.read(path).wave.T.ravel(), wave / np.float32(32_768))


@pytest.mark.parametrize(("announced", "n_left_out", "said"), [(2**63 - 1, 0, "how long"), (None, 40_000, "promises")])
def test_extensible_w64_of_a_pipe_or_cut_short(tmp_path, announced, n_left_out, said):
    data = np.frombuffer(DATA, "<i2").astype("<f4").tobytes()
    path = tmp_path / "a.w64"
    whole = w64(3, 32, data, announced)
    path.write_bytes(whole[: len(whole) - n_left_out])
    (fault,) = open_sound(path).header.faults
    assert said in fault
    with pytest.warns(SoundWarning, match=said):
        assert Clip.read(path).n_samples == RATE - n_left_out // 4


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 57, 58])
def test_gsm_has_as_many_samples_as_it_says(tmp_path, n_blocks):
    path = tmp_path / "a.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(n_blocks * 320) / 9), 8_000, subtype="GSM610")
    stated = path.read_bytes().index(b"fact") + 8
    (n_samples,) = struct.unpack_from("<I", path.read_bytes(), stated)
    assert open_sound(path).header.n_samples == Clip.read(path).n_samples == min(n_samples, decode(path)[1].shape[1])
    assert Clip.read(path, start_seconds=0.01).n_samples == n_samples - 80


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.27])
def test_mp3_in_wav_is_whole(tmp_path, seconds):
    path = encode(tmp_path / "a.wav", "libmp3lame", chirp(seconds), 44_100, format="wav")
    assert Clip.read(path).n_samples == pytest.approx(seconds * 44_100, abs=3_000)
    assert Clip.read(path).n_samples == decode(path)[1].shape[1]
    list(open_sound(path).blocks(strict=True))  # as training reads it


@pytest.mark.parametrize("format", ["mpegts", "vob"])
def test_streams_of_television_are_known_by_their_contents(tmp_path, format):
    path = encode(tmp_path / "a.bin", "mp2", chirp(), 44_100, format=format)
    np.testing.assert_allclose(Clip.read(path).wave, decode(path)[1], atol=1e-6)
    assert open_sound(path).metadata is not None


@pytest.mark.parametrize("n_samples", [10_000, 44_100, 50_001])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_aac_in_m4a_is_as_long_as_what_was_encoded(tmp_path, n_samples, rate):
    path = Clip(chirp(1.5, rate)[:, :n_samples], rate).write(tmp_path / "a.m4a")
    assert (open_sound(path).header.n_samples, Clip.read(path).n_samples) == (n_samples, n_samples)
    if program := shutil.which("ffmpeg"):
        wav = Clip(chirp(1.5, rate)[:, :n_samples], rate).write(tmp_path / "a.wav")
        for codec in ("aac", "alac"):
            out = tmp_path / f"{codec}.m4a"
            subprocess.run(
                [program, "-v", "error", "-i", wav, "-c:a", codec, out], check=True, stdin=subprocess.DEVNULL
            )
            assert Clip.read(out).n_samples == n_samples


NIST = """NIST_1A
   1024
channel_count -i 1
sample_count -i 48000
sample_rate -i 48000
sample_n_bytes -i 2
sample_byte_format -s2 01
sample_coding -s3 pcm
end_head
"""


@pytest.mark.parametrize(
    "changed", [{}, {"sample_coding -s3 pcm\n": ""}, {"-s3 pcm": "-s26 pcm,embedded-shorten-v2.00"}]
)
def test_nist_sphere(tmp_path, changed):
    header = NIST
    for old, new in changed.items():
        header = header.replace(old, new)
    path = tmp_path / "a.sph"
    path.write_bytes(header.encode().ljust(1_024, b" ") + DATA)
    if "shorten" in header:
        with pytest.raises(BadAudio):
            Clip.read(path)  # the samples are none
    else:
        assert Clip.read(path).n_samples == RATE


@pytest.mark.skipif(find_spec("av") is None, reason="PyAV is not installed")
def test_a_voc_file_of_many_blocks_has_no_clicks(tmp_path):
    """FFmpeg writes a block for each 512 samples, whose headers are no samples."""
    samples = np.round(128 + 100 * np.sin(2 * np.pi * 440 / 10_000 * np.arange(4_096))).astype("u1")
    blocks = [b"\1" + (514).to_bytes(3, "little") + bytes([256 - 100, 0]) + samples[:512].tobytes()]
    blocks += [b"\2" + (512).to_bytes(3, "little") + part.tobytes() for part in np.split(samples[512:], 7)]
    path = tmp_path / "a.voc"
    path.write_bytes(b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x010A, 0x1129) + b"".join(blocks) + b"\0")
    clip = Clip.read(path)
    assert clip.sample_rate == 10_000
    np.testing.assert_allclose(clip.wave[0], (samples - 128.0) / 128, atol=1e-6)


def test_the_channels_of_an_8svx_file_follow_each_other(tmp_path):
    pytest.importorskip("av")
    left, right = np.arange(-100, 100, dtype=np.int8), np.full(200, 50, np.int8)
    body = left.tobytes() + right.tobytes()
    chunks = b"VHDR" + struct.pack(">IIIIHBBI", 20, len(left), 0, 0, 8_000, 1, 0, 65_536)
    chunks += b"CHAN" + struct.pack(">II", 4, 6) + b"BODY" + struct.pack(">I", len(body)) + body
    (tmp_path / "a.8svx").write_bytes(b"FORM" + struct.pack(">I", 4 + len(chunks)) + b"8SVX" + chunks)
    np.testing.assert_array_equal(Clip.read(tmp_path / "a.8svx").wave * 128, [left, right])


@pytest.mark.parametrize("magic", [b"Creative Voice File\x1a", b"RIFF", b"caff\0\1\0\0", b"NIST_1A\n", b"BW64"])
def test_a_head_alone_is_a_sentence(tmp_path, magic):
    path = tmp_path / "a.bin"
    path.write_bytes(magic + bytes(100))
    with pytest.raises(BadAudio, match=r"a\.bin"):
        Clip.read(path)


@pytest.mark.parametrize("size", [2**63 - 20, 2**62, -5, 10**6])
def test_places_beyond_a_caf_file_are_a_sentence(tmp_path, size):
    form = b"desc" + struct.pack(">q", 32) + struct.pack(">d4sIIIII", 16_000.0, b"lpcm", 0, 2, 1, 1, 16)
    path = tmp_path / "a.caf"
    path.write_bytes(b"caff\0\1\0\0" + form + b"free" + struct.pack(">q", size) + b"data" + bytes(2_012))
    with pytest.raises(BadAudio, match=r"a\.caf"):
        Clip.read(path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_the_ending_raw_says_nothing(tmp_path, ending):
    path = Clip(chirp(0.5), 44_100).write(tmp_path / f"a.{ending}")
    renamed = path.rename(tmp_path / "a.RAW")
    assert Clip.read(renamed).n_channels == 2
    assert wavewright.edit(renamed, tmp_path / "b.wav", do="gain 0dB", quiet=True).n_channels == 2
    with av.open(str(renamed)) as container:
        assert container.streams.audio[0].rate == open_sound(renamed).header.sample_rate


def test_what_is_no_sound_stays_refused(tmp_path):
    for name, content in (("a.txt", b"hello\n" * 100), ("b.bin", bytes(range(256)) * 40), ("c.raw", b"\1\2" * 5_000)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadAudio, match="is not a sound file") as refusal:
            Clip.read(tmp_path / name)
        assert "PyAV" not in str(refusal.value), "it is there"
