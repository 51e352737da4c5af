"""Sound files of other programs are read to their end: without lengths, with wrong ones, chained, cut, damaged."""

from __future__ import annotations

import struct
import sys
from contextlib import nullcontext

import numpy as np
import pytest
import soundfile

from tests.foreign_files import av, chirp, decode, encode
from wavewright.audio.clip import Clip
from wavewright.audio.file_kind import kind_of
from wavewright.audio.pcm import endless_wav_header, to_pcm
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, MissingExtra, SoundWarning
from wavewright.data.entry import read_length

RATE = 44_100


def assert_as_decoded(path, expected, atol=1e-4):
    """Assert that a file has these samples, and is said to have as many."""
    clip = Clip.read(path)
    assert clip.wave.shape == expected.shape
    assert open_sound(path).header.n_samples in (expected.shape[1], None)
    np.testing.assert_allclose(clip.wave, expected, atol=atol)
    middle = expected.shape[1] // (2 * clip.sample_rate)
    np.testing.assert_array_equal(Clip.read(path, middle).wave, clip.wave[:, middle * clip.sample_rate :])


MP3 = {
    "vbr": ({"q": "2"}, 44_100, 2),
    "low rate, mono": ({"q": "6"}, 22_050, 1),
    "mpeg 2.5": ({"q": "4"}, 11_025, 1),
    "cbr": ({"b": "64000"}, 48_000, 2),
    "abr": ({"abr": "1", "b": "96000"}, 32_000, 2),
}


@pytest.mark.parametrize("name", MP3)
@pytest.mark.parametrize("xing", ["0", "1"])
def test_all_frames_of_an_mp3_are_decoded_with_and_without_a_header(tmp_path, name, xing):
    options, rate, n_channels = MP3[name]
    wave = chirp(3.0, rate, n_channels)
    wave[:, rate:] *= np.linspace(0.01, 1.5, wave.shape[1] - rate)  # frames of many sizes
    path = encode(tmp_path / "a.mp3", "libmp3lame", wave, rate, options=options, container_options={"write_xing": xing})
    _, expected = decode(path)
    assert_as_decoded(path, expected)


def test_mp3_files_one_after_the_other_are_decoded_to_the_last(tmp_path):
    no_tags = {"id3v2_version": "0"}  # of those between the parts FFmpeg decodes a piece as a frame, and fails
    parts = [
        encode(tmp_path / f"{n}.mp3", "libmp3lame", chirp(n), RATE, options={"q": "3"}, container_options=no_tags)
        for n in (1, 2)
    ]
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(b"".join(path.read_bytes() for path in parts))
    _, expected = decode(joined)
    assert_as_decoded(joined, expected)


@pytest.mark.parametrize("fraction", [0.3, 0.55, 0.9])
def test_of_an_mp3_that_was_cut_all_whole_frames_are_decoded(tmp_path, fraction, capfd):
    path = encode(tmp_path / "a.mp3", "libmp3lame", chirp(4.0), RATE, options={"q": "4"})
    path.write_bytes(path.read_bytes()[: int(fraction * path.stat().st_size)])
    _, expected = decode(path)
    with pytest.warns(SoundWarning, match=r"promises 4\.\d\d s and holds \d\.\d\d s: it was cut short"):
        clip = Clip.read(path)
    assert 0 <= expected.shape[1] - clip.n_samples <= 1_152  # FFmpeg may decode the broken frame, too
    np.testing.assert_allclose(clip.wave, expected[:, : clip.n_samples], atol=1e-4)
    assert capfd.readouterr().err == ""


def test_an_mp3_that_is_damaged_in_the_middle_is_read_on_behind_it(tmp_path, capfd):
    path = encode(tmp_path / "a.mp3", "libmp3lame", chirp(4.0), RATE, options={"q": "4"})
    content = path.read_bytes()
    third = len(content) // 3
    path.write_bytes(content[:third] + bytes(1_000) + content[third + 1_000 :])
    with pytest.warns(SoundWarning, match=r"is damaged: \d+ bytes in it are no sound, and it promises 4\.\d\d s"):
        clip = Clip.read(path)
    assert clip.n_samples > 3.7 * RATE
    assert capfd.readouterr().err == "", "the decoder prints nothing"


@pytest.mark.parametrize(("ending", "rate"), [("ogg", RATE), ("opus", 48_000)])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_all_links_of_a_chained_ogg_file_are_decoded(tmp_path, ending, rate, n_channels):
    paths = [tmp_path / f"{seconds}.{ending}" for seconds in (1.0, 0.5, 1.7)]
    for path in paths:
        Clip(chirp(float(path.stem), rate, n_channels), rate).write(path)
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(b"".join(path.read_bytes() for path in paths))
    assert_as_decoded(joined, np.concatenate([Clip.read(path).wave for path in paths], axis=1), atol=0)


@pytest.mark.parametrize(("ending", "rate"), [("ogg", RATE), ("opus", 48_000)])
@pytest.mark.parametrize("n_channels", [3, 5, 6])
def test_channels_of_ogg_files_have_the_order_of_wav_files(tmp_path, ending, rate, n_channels):
    time = np.arange(rate) / rate
    wave = np.array([[0.3 * np.sin(2 * np.pi * (40 + 10 * channel) * time)] for channel in range(n_channels)])[:, 0]
    path = Clip(wave, rate).write(tmp_path / f"a.{ending}")
    _, decoded = decode(path)  # in FFmpeg's order, which is that of WAV files
    for samples in (decoded, Clip.read(path).wave):
        spectra = np.abs(np.fft.rfft(samples[:, :rate]))
        assert list(spectra.argmax(axis=1)) == [40 + 10 * channel for channel in range(n_channels)]


def test_a_link_of_another_sample_rate_is_said_to_follow(tmp_path):
    for name, rate in (("a", RATE), ("b", 22_050)):
        Clip(chirp(1.0, rate), rate).write(tmp_path / f"{name}.ogg")
    joined = tmp_path / "joined.ogg"
    joined.write_bytes((tmp_path / "a.ogg").read_bytes() + (tmp_path / "b.ogg").read_bytes())
    with pytest.warns(SoundWarning, match=r"part 2, at 1\.00 s, has another sample rate .*22050 Hz"):
        clip = Clip.read(joined)
    np.testing.assert_array_equal(clip.wave, Clip.read(tmp_path / "a.ogg").wave)


SIZES = {
    "ffmpeg -": (2**32 - 1, 2**32 - 1),
    "sox -": (0x7FFFF024, 0x7FFFF000),
    "nothing yet": (0, 0),
    "header of an empty file": (36, 0),
    "riff alone": (None, 0),
    "data alone": (0, None),
    "2 GB": (2**31 - 1, 2**31 - 37),
    "almost 4 GB": (2**32 - 8, 2**32 - 44),
}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_file_without_sizes_is_read_to_its_end(tmp_path, name, subtype):
    riff, data = SIZES[name]
    wave = chirp(1.0)
    path = tmp_path / "a.wav"
    soundfile.write(path, wave.T, RATE, subtype)
    _, expected = decode(path)
    content = bytearray(path.read_bytes())
    position = content.index(b"data") + 4
    if riff is not None:
        struct.pack_into("<I", content, 4, riff)
    if data is not None:
        struct.pack_into("<I", content, position, data)
    path.write_bytes(content)
    if data is None:
        assert_as_decoded(path, expected, atol=0)
        return
    with pytest.warns(SoundWarning, match="does not say how long it is"):
        assert_as_decoded(path, expected, atol=0)


@pytest.mark.parametrize("endian", ["BIG", "LITTLE"])
def test_an_au_file_without_a_size_is_read_to_its_end(tmp_path, endian):
    path = tmp_path / "a.au"
    soundfile.write(path, chirp(1.0).T, RATE, "PCM_16", endian)
    expected = soundfile.read(path, dtype="float32")[0].T
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(4) + content[12:])
    with pytest.warns(SoundWarning, match="does not say how long it is"):
        assert_as_decoded(path, expected, atol=0)


@pytest.mark.parametrize("format", ["wav", "au", "caf"])
def test_what_ffmpeg_writes_to_a_pipe_is_read(tmp_path, format):
    class Pipe:
        """A file that cannot seek."""

        def __init__(self, path):
            self.file = path.open("wb")
            self.write = self.file.write

        name = "pipe"

    path = tmp_path / f"a.{format}"
    pipe = Pipe(path)
    wave = chirp(1.0)
    codec = "pcm_s16le" if format == "wav" else "pcm_s16be"
    with av.open(pipe, "w", format=format) as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        samples = np.ascontiguousarray((wave.T * 32_767).astype(np.int16).reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    pipe.file.close()
    with pytest.warns(SoundWarning, match="does not say how long") if format != "au" else nullcontext():
        assert_as_decoded(path, samples.reshape(-1, 2).T.astype(np.float32) / 32_768, atol=0)


def test_our_own_streams_are_read_as_files(tmp_path):
    wave = chirp(0.5, 16_000, 1)
    path = tmp_path / "stream.wav"
    path.write_bytes(endless_wav_header(16_000) + to_pcm(wave))
    with pytest.warns(SoundWarning, match="does not say how long"):
        assert_as_decoded(path, np.round(wave * 32_768) / 32_768, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.caf", "alac", 44_100),
        ("a.caf", "adpcm_ima_qt", 44_100),
        ("a.wav", "g722", 16_000),
        ("a.wav", "flac", 44_100),
        ("a.wav", "adpcm_yamaha", 22_050),
    ],
)
def test_codecs_that_libsndfile_does_not_know_are_read_in_its_containers(tmp_path, name, codec, rate):
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot write {codec}")
    path = encode(tmp_path / name, codec, chirp(1.0, rate, 1), rate)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.info(path)
    n_samples = decode(path)[1].shape[1]
    np.testing.assert_allclose(Clip.read(path).wave[:, :n_samples], decode(path)[1], atol=1e-6)


@pytest.mark.parametrize("n_bytes", [20, 40])
def test_a_header_that_breaks_off_is_damage_for_both_libraries(tmp_path, n_bytes):
    path = tmp_path / "a.wav"
    soundfile.write(path, chirp(1.0, RATE, 1).T, RATE, "PCM_24")
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(BadAudio, match="cut short"):
        open_sound(path)


def test_a_file_without_samples_says_so(tmp_path):
    """The edit list of an M4A file counts milliseconds, so one sample lasts none."""
    path = Clip(np.full((1, 1), 0.5, np.float32), RATE).write(tmp_path / "a.m4a")
    with pytest.raises(BadAudio, match="holds no samples"):
        Clip.read(path)


@pytest.mark.parametrize("is_quiet_first", [False, True])
def test_the_length_of_raw_aac_does_not_follow_from_the_bitrate_of_its_beginning(tmp_path, is_quiet_first, recwarn):
    noise, quiet = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE), np.zeros(6 * RATE)
    wave = np.concatenate((quiet, noise) if is_quiet_first else (noise, quiet))
    encode(tmp_path / "a.aac", "aac", wave[None].astype(np.float32), RATE, format="adts")
    n_frames, _, _ = read_length(tmp_path / "a.aac")
    assert 0 <= n_frames - len(wave) <= 3 * 1024  # whole frames, of which one or two are the encoder's delay
    assert Clip.read(tmp_path / "a.aac").wave.shape[1] == n_frames
    assert not recwarn.list


@pytest.mark.parametrize("has_av", [True, False])
@pytest.mark.parametrize("name", ["a.wav", "a.rf64", "a.w64"])
def test_mpeg_audio_of_a_variable_bitrate_in_wav_is_read_to_its_end(tmp_path, monkeypatch, recwarn, name, has_av):
    wave = np.concatenate(
        (np.random.default_rng(0).uniform(-0.5, 0.5, 4 * RATE), np.zeros(8 * RATE), chirp(4.0, RATE, 1)[0])
    )
    path, kind = tmp_path / name, "w64" if name == "a.w64" else "wav"
    rf64 = {"rf64": "always"} if name == "a.rf64" else None
    mono = wave[None].astype(np.float32)
    encode(path, "libmp3lame", mono, RATE, format=kind, options={"q": "4"}, container_options=rf64)
    if not has_av:
        monkeypatch.setitem(sys.modules, "av", None)
    assert 0 <= read_length(path)[0] - len(wave) <= 4 * 1152
    np.testing.assert_allclose(Clip.read(path).wave, decode(path)[1], atol=1e-5)
    assert not recwarn.list


@pytest.mark.parametrize("name", ["a.wav", "a.w64"])
def test_mpeg_audio_in_wav_that_was_cut_is_named(tmp_path, name):
    path = encode(tmp_path / name, "libmp3lame", chirp(4.0), RATE, format=name[2:])
    path.write_bytes(path.read_bytes()[:20_000])
    expected = decode(path)[1]
    with pytest.warns(SoundWarning, match="was cut short"):
        wave = Clip.read(path).wave
    np.testing.assert_allclose(wave, expected[:, : wave.shape[1]], atol=1e-5)
    assert 0 <= expected.shape[1] - wave.shape[1] <= 1152


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "mp2"), ("a.w64", "adpcm_swf"), ("a.wav", "pcm_s64le")])
def test_without_pyav_a_codec_that_needs_it_is_not_damage(tmp_path, monkeypatch, name, codec):
    path = encode(tmp_path / name, codec, chirp(1.0), RATE)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match="needs PyAV"):
        open_sound(path)


@pytest.mark.parametrize(
    ("head", "frame", "rate"),
    [(b"#!AMR\n", b"\x3c" + bytes(31), 8_000), (b"#!AMR-WB\n", b"\x14" + bytes(32), 16_000)],
    ids=("narrow", "wide"),
)
def test_calls_in_amr_are_whole(tmp_path, head, frame, rate, recwarn):
    (tmp_path / "a.amr").write_bytes(head + 1_000 * frame)
    assert read_length(tmp_path / "a.amr") == (1_000 * rate // 50, rate, 1)
    assert Clip.read(tmp_path / "a.amr").seconds == 20.0
    assert not recwarn.list


def without(start, end):
    """Return what stores the packets that do not begin within these seconds."""
    return lambda packet: None if packet.pts and start <= packet.pts * packet.time_base < end else packet


def frequency(clip, seconds):
    """Return the frequency of the loudest partial in a fifth of a second, in Hz."""
    start, n_samples = round(seconds * clip.sample_rate), clip.sample_rate // 5
    spectrum = np.abs(np.fft.rfft(clip.wave[0, start : start + n_samples] * np.hanning(n_samples)))
    return 5 * int(spectrum.argmax())


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.webm", "libopus"), ("a.opus", "libopus"), ("a.m4a", "aac"), ("a.ts", "aac"), ("a.mkv", "flac")],
)
def test_pauses_of_which_nothing_is_stored_are_silent(tmp_path, name, codec, recwarn):
    wave = chirp(6.0, 48_000, 1)
    whole = Clip.read(encode(tmp_path / f"whole-{name}", codec, wave, 48_000))
    paused = Clip.read(encode(tmp_path / name, codec, wave, 48_000, stored=without(2, 4)))
    assert abs(paused.n_samples - whole.n_samples) < 0.005 * 48_000
    assert not paused.wave[:, round(2.2 * 48_000) : round(3.9 * 48_000)].any()
    for seconds in (1.0, 4.5, 5.5):
        assert frequency(paused, seconds) == pytest.approx(frequency(whole, seconds), rel=0.01)
    assert not recwarn.list


CODECS = ("aac", "ac3", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "alac", "flac", "libmp3lame", "libopus", "mp2")
CODECS += ("pcm_alaw", "pcm_f32le", "pcm_s16be", "pcm_s16le", "pcm_s64le", "tta", "wavpack")
ENDINGS = ("3gp", "aac", "aiff", "asf", "au", "avi", "caf", "flac", "flv", "m4a", "mka", "mov", "mp3", "mxf", "ogg")
ENDINGS += ("rf64", "ts", "tta", "vob", "w64", "wav", "webm", "wma", "wv")


@pytest.mark.parametrize("codec", CODECS)
def test_no_container_adds_or_takes_sound(tmp_path, codec, recwarn):
    """Of what FFmpeg can write, with times and without, each sample is at its place; edit lists cut what was added."""
    rate = 48_000 if codec == "libopus" else RATE
    wave = chirp(1.3, rate, 1)
    n_read = 0
    for ending in ENDINGS:
        kind = {"m4a": "ipod", "rf64": "wav"}.get(ending)
        options = {"rf64": "always"} if ending == "rf64" else None
        path = tmp_path / f"a.{ending}"
        try:
            _, expected = decode(encode(path, codec, wave, rate, format=kind, container_options=options))
        except (ValueError, OSError, IndexError, av.FFmpegError):  # this FFmpeg does not write it, or not read it
            continue
        is_whole = 2 * expected.shape[1] > wave.shape[1]  # of AAC in WAV FFmpeg decodes the first packets alone
        if is_whole:
            read = Clip.read(path).wave
            n_samples = wave.shape[1] if read.shape == wave.shape else expected.shape[1]
            np.testing.assert_allclose(read, expected[:, :n_samples], atol=0.01, err_msg=ending)
            n_read += 1
    assert n_read
    assert not recwarn.list


def test_a_pause_beyond_what_a_file_can_last_is_named(tmp_path, monkeypatch):
    def stored(packet):
        later = 7_200 / packet.time_base if packet.pts * packet.time_base >= 2 else 0
        packet.pts, packet.dts = packet.pts + later, packet.dts + later
        return packet

    monkeypatch.setattr("wavewright.audio.sound_file.claimed_samples", lambda path, container: (None, False))
    path = encode(tmp_path / "a.ts", "aac", chirp(4.0, 48_000, 1), 48_000, stored=stored)
    with pytest.warns(SoundWarning, match=r"has pauses of more than an hour \(7200\.\d\d s at 2\.\d\d s\)"):
        assert Clip.read(path).seconds == pytest.approx(4.0, abs=0.1)


def test_without_pyav_pauses_are_named(tmp_path, monkeypatch):
    path = encode(tmp_path / "a.opus", "libopus", chirp(6.0, 48_000, 1), 48_000, stored=without(2, 4))
    monkeypatch.setattr("wavewright.audio.file_kind.find_spec", lambda name: None)
    with pytest.warns(SoundWarning, match="has pauses that are not stored. They were left out; to keep them, run pip"):
        assert Clip.read(path).seconds == pytest.approx(4.0, abs=0.1)


def test_packets_that_cannot_be_decoded_are_silent_and_what_follows_is_read(tmp_path):
    wave = chirp(6.0, RATE, 2)
    whole = Clip.read(encode(tmp_path / "whole.mkv", "flac", wave, RATE)).wave

    def stored(packet):
        if packet.pts and 2 <= packet.pts * packet.time_base < 3:
            packet.update(bytes(packet.size))
        return packet

    path = encode(tmp_path / "a.mkv", "flac", wave, RATE, stored=stored)
    with pytest.warns(SoundWarning, match=r"is damaged: \d+ of its packets, from 2\.0\d s on, cannot be decoded"):
        damaged = Clip.read(path).wave
    assert damaged.shape == whole.shape
    assert not damaged[:, round(2.1 * RATE) : 3 * RATE].any()
    for part in (slice(2 * RATE), slice(round(3.1 * RATE), None)):
        np.testing.assert_allclose(damaged[:, part], whole[:, part], atol=1e-6)
    with pytest.raises(BadAudio, match=r"is damaged: \d+ of its packets, from 2\.0\d s on"):
        list(open_sound(path).chunks(strict=True))


@pytest.mark.filterwarnings("ignore:.*of its packets")
@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "flac"), ("a.mka", "libopus")])
def test_a_container_that_is_cut_and_damaged_is_named_cut_short(tmp_path, name, codec):
    path = encode(tmp_path / name, codec, chirp(6.0, 48_000, 1), 48_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(200))
    with pytest.warns(SoundWarning, match="it was cut short, or its header is wrong"):
        assert 2.0 < Clip.read(path).seconds < 4.0


def test_a_stream_that_changes_its_rate_and_channels_is_read_on(tmp_path, recwarn):
    first = encode(tmp_path / "a.ts", "aac", chirp(2.0, 44_100, 2), 44_100)
    second = encode(tmp_path / "b.ts", "aac", chirp(2.0, 48_000, 1), 48_000)
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    both = Clip.read(tmp_path / "both.ts")
    assert (both.sample_rate, both.n_channels) == (44_100, 2)
    assert both.seconds == pytest.approx(Clip.read(first).seconds + Clip.read(second).seconds, abs=0.03)
    assert frequency(both, 1.0) == pytest.approx(frequency(Clip.read(first), 1.0), abs=10)
    assert frequency(both, 3.0) == pytest.approx(frequency(Clip.read(second), 1.0), rel=0.05)
    assert not recwarn.list


def test_pauses_of_a_call_in_amr_are_silent(tmp_path, recwarn):
    speech, noise, nothing = b"\x3c" + bytes(31), b"\x44" + bytes(5), b"\x7c"
    frames = [*50 * [speech], noise, *20 * [nothing], noise, *28 * [nothing], *50 * [speech], noise, *9 * [nothing]]
    (tmp_path / "a.amr").write_bytes(b"#!AMR\n" + b"".join(frames))
    assert Clip.read(tmp_path / "a.amr").seconds == pytest.approx(0.02 * len(frames))
    assert not recwarn.list


@pytest.mark.parametrize("packet", [b"Speex   1.2", b"\x80theora", b"fishead\0", b"\x7fFLAC"])
def test_what_libsndfile_does_not_decode_in_ogg_is_for_pyav(tmp_path, packet):
    header = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, 1, 0, 0, 1) + bytes([len(packet)])
    (tmp_path / "a.ogg").write_bytes(header + packet + bytes(64))
    assert kind_of(tmp_path / "a.ogg")[1] is None


def test_tracks_of_sound_that_are_not_read_are_named(tmp_path):
    with av.open(str(tmp_path / "a.mka"), "w") as container:
        streams = [container.add_stream("flac", rate=RATE, layout="mono") for _ in range(2)]
        for stream, hz in zip(streams, (300, 500), strict=True):
            wave = np.round(8_000 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.warns(SoundWarning, match="holds 2 tracks of sound; the first was read"):
        waves = list(open_sound(tmp_path / "a.mka").chunks(strict=True))  # nothing of the first is missing
    assert frequency(Clip(np.concatenate(waves, axis=1), RATE), 0.0) == 300
