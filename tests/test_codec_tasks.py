"""Encode and decode: rate, channels and samples come back, for any length and after damage."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
import soundfile
from command_line import refused
from tiny_codec import HOP_LENGTH, SAMPLE_RATE, installed, sine, steps
from tiny_models import change_card, make_gan

from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip, write_blocks
from wavewright.audio.file_formats.metadata import Marker, SoundMetadata
from wavewright.base.errors import BadAudio, BadModel, BadSetting, SoundWarning
from wavewright.contracts.family import Capability
from wavewright.families import codec_files, loading
from wavewright.families.codec.wwc.header import HEADER_BYTES
from wavewright.families.codec.wwc.packet_reader import PacketReader
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode

RATE = SAMPLE_RATE


@pytest.fixture(autouse=True)
def codec(tmp_path, monkeypatch):
    """A working folder, and the codec of means under the name ``speech-codec``."""
    return installed(tmp_path, monkeypatch)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_a_sound_comes_back(tmp_path, n_channels):
    wave = steps(5 * RATE, n_channels)
    Clip(wave, RATE).write(tmp_path / "a.wav", "FLOAT")
    encoded = encode(tmp_path / "a.wav", kbps=n_channels)
    assert encoded.out == tmp_path / "a.wwc"
    assert encoded.details["n_bytes"] == encoded.out.stat().st_size
    assert encoded.details["kbps"] == pytest.approx(8 * encoded.details["n_bytes"] / 5 / 1000)
    assert encoded.details["kbps"] == pytest.approx(n_channels, rel=0.1)
    result = decode(encoded.out)
    assert result.out == tmp_path / "a-decoded.wav"
    assert (result.seconds, result.sample_rate, result.n_channels, result.details["lost_seconds"]) == (
        5.0,
        RATE,
        n_channels,
        (),
    )
    back = Clip.read(result.out).wave
    assert back.shape == wave.shape
    np.testing.assert_allclose(back, wave, atol=2 * 32.0 ** -encoded.details["n_codebooks"] + 2.0**-16)
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
        np.testing.assert_allclose(
            back.wave[:, edge:-edge], wave[:, edge:-edge], atol=0.13
        )  # a frame late would be 0.19


def test_the_result_says_what_was_done(tmp_path, capsys):
    Clip(sine(44_100, 44_100, 2), 44_100).write(tmp_path / "a.wav")
    assert run(["encode", "a.wav", "--kbps", "2.1"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    n_bytes = (tmp_path / "a.wwc").stat().st_size
    assert first == "a.wwc: 1.00 s, 44100 Hz, stereo by means (0123456789ab)"
    assert second == f"  {n_bytes} bytes, {8 * n_bytes / 1000:.2f} kbps, 4 codebooks of means"
    assert (
        third == "44100 Hz is resampled to the 16000 Hz of means, and what lies above 8000 Hz is lost; "
        "decoding gives 44100 Hz back."
    )
    assert run(["decode", "a.wwc", "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert captured.err == ""
    assert (result["out"], result["by"], result["notes"]) == ("a-decoded.wav", "means (0123456789ab)", [])
    [file] = result["files"]
    assert (file["path"], file["source"]) == ("a-decoded.wav", "a.wwc")
    assert (file["seconds"], file["sample_rate"], file["n_channels"]) == (1.0, 44_100, 2)
    assert result["details"] == {
        "n_codebooks": 4,
        "n_bytes": n_bytes,
        "kbps": 8 * n_bytes / 1000,
        "lost_seconds": [],
        "repaired_byte": None,
        "n_trailing_bytes": 0,
        "refused_from": None,
    }


@pytest.mark.parametrize("more", [{}, {"tokens": 2}])
def test_tags_and_markers_have_no_place_in_codes_and_are_named(tmp_path, more):
    metadata = SoundMetadata((("title", "t"), ("artist", "a")), markers=(Marker(0.5, None, "here"),))
    write_blocks(tmp_path / "a.wav", [Clip(steps(RATE, 1), RATE)], None, metadata)
    with pytest.warns(SoundWarning, match=r"Left out: the tag 'title', the tag 'artist', 1 of its 1 markers\."):
        encode(tmp_path / "a.wav", **more)


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
    assert lines[2:] == [
        "Byte 7 of b.wwc, in its header, was damaged and has been put right.",
        "Packets of b.wwc are damaged or missing; what they held is lost: 3.00 to 4.00 s.",
    ]
    back = Clip.read(tmp_path / "b-decoded.wav").wave
    assert back.shape == whole.shape
    np.testing.assert_array_equal(back[:, : 3 * RATE], whole[:, : 3 * RATE])
    np.testing.assert_array_equal(back[:, 4 * RATE :], whole[:, 4 * RATE :])
    assert (back[:, 3 * RATE : 4 * RATE] == 0).all()
    result = decode((tmp_path / "b.wwc"), tmp_path / "c.wav")
    assert (result.details["lost_seconds"], result.details["repaired_byte"]) == (((3.0, 4.0),), 7)


def test_a_file_that_breaks_off_gives_what_is_there(tmp_path):
    wave = steps(6 * RATE + 77)
    Clip(wave, 44_100).write(tmp_path / "a.wav", "FLOAT")
    data = encode(tmp_path / "a.wav", kbps=1).out.read_bytes()
    seconds = wave.shape[1] / 44_100
    (tmp_path / "a.wwc").write_bytes(data[:-5])
    result = decode(tmp_path / "a.wwc")
    assert result.details["lost_seconds"] == ((2.0, round(seconds, 3)),)
    assert result.seconds == 2.0
    assert soundfile.info(result.out).frames == 2 * 44_100
    assert str(result).splitlines()[2] == (
        f"Packets of {tmp_path / 'a.wwc'} are damaged or missing; what they held is lost: "
        f"2.00 to {seconds:.2f} s, and the sound is {round(seconds, 3) - 2:.2f} s shorter."
    )
    (tmp_path / "a.wwc").write_bytes(data[: HEADER_BYTES + 20])
    with pytest.raises(BadAudio, match="has no packet that is whole, so there is nothing to decode; copy it again"):
        decode(tmp_path / "a.wwc", tmp_path / "none.wav")
    assert not (tmp_path / "none.wav").exists()


def test_bytes_behind_the_end_are_counted_and_change_nothing(tmp_path):
    Clip(steps(2 * RATE + 7), RATE).write(tmp_path / "a.wav", "FLOAT")
    data = encode(tmp_path / "a.wav", kbps=0.3).out.read_bytes()
    whole = decode(tmp_path / "a.wwc", tmp_path / "whole.wav")
    assert whole.details["n_trailing_bytes"] == 0
    assert str(whole).endswith("1 codebook of means")
    for n_trailing, words in ((1, "1 byte"), (200_000, "200,000 bytes")):
        (tmp_path / "b.wwc").write_bytes(data + bytes(n_trailing))
        result = decode(tmp_path / "b.wwc", tmp_path / "b.wav")
        assert result.details["n_trailing_bytes"] == n_trailing
        assert str(result).splitlines()[2:] == [
            f"The data after the end of {tmp_path / 'b.wwc'} ({words}) belongs to no packet and was ignored."
        ]
        assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()


def test_a_long_file_takes_little_memory(tmp_path):
    minutes, rng = 20, np.random.default_rng(0)
    blocks = (Clip(np.repeat(rng.uniform(-0.5, 0.5, (1, 3_000)), HOP_LENGTH, axis=1), RATE) for _ in range(minutes))
    write_blocks(tmp_path / "long.wav", blocks)
    encode(tmp_path / "long.wav", kbps=1, out=tmp_path / "first.wwc")  # compiles, outside of what is measured
    tracemalloc.start()
    encoded = encode(tmp_path / "long.wav", kbps=1)
    encode_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    result = decode(encoded.out)
    decode_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.seconds == 60 * minutes
    assert soundfile.info(result.out).frames == 60 * minutes * RATE
    assert max(encode_bytes, decode_bytes) < 8e6  # the samples are 77 MB, the codes of all codebooks 0.5 MB


def test_the_bitrate_nearest_to_the_asked_one_is_taken(codec):
    bits = np.cumsum(codec.mean_code_bits(with_past=True))
    rates = [(50 * level_bits + 60) / 1000 for level_bits in bits]
    for kbps, n_codebooks in (
        (rates[0] / 1.2, 1),
        (rates[0], 1),
        (0.49 * rates[0] + 0.51 * rates[1], 2),
        (rates[3] * 1.2, 4),
    ):
        assert codec_files.n_codebooks_for(codec, kbps, 1) == n_codebooks
    assert codec_files.n_codebooks_for(codec, (100 * bits[1] + 60) / 1000, 2) == 2
    for kbps in (rates[0] / 1.3, rates[3] * 1.3):
        with pytest.raises(BadSetting, match=rf"by means; its bitrates go from {rates[0]:.2f} to {rates[3]:.2f} kbps"):
            codec_files.n_codebooks_for(codec, kbps, 1)
    assert codec_files.n_codebooks_for(codec, None, 1) == 1 + np.argmin(np.abs(np.array(rates) - 3))
    assert codec_files.n_codebooks_for(codec, None, 9) == 1  # the least, which is far above 3 kbps


def test_many_channels_have_shorter_packets(codec):
    assert codec_files.frames_per_packet(codec, 1) == codec_files.frames_per_packet(codec, 9) == 50
    assert 1 <= codec_files.frames_per_packet(codec, 255) < 20
    with pytest.raises(BadSetting, match=r"has 256 channels; a \.wwc file has at most 255"):
        codec_files.frames_per_packet(codec, 256)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["encode", "none.wav"], "none.wav does not exist; check the path."),
        (
            ["encode", "a.wav", "--kbps", "99", "--out", "b.wwc"],
            "99 kbps cannot be made of 1 channel by means; its bitrates go from",
        ),
        (["encode", "a.wav", "--kbps", "0"], "--kbps is 0; it must be more than 0."),
        (["encode", "a.wav", "--kbps", "nan"], "--kbps is nan; it must be more than 0."),
        (
            ["encode", "a.wav", "--out", "a.json"],
            "a.json ends with '.json'; codes are written to .wwc files; .json needs --tokens.",
        ),
        (["encode", "a.wav", "--out", "a.mp3"], "a.mp3 ends with '.mp3'; codes are written to .wwc files."),
        (["encode", "a.wav", "--out", "no/a.wwc"], "because the folder no does not exist; create it first."),
        (["encode", "a.wav", "--model", "none"], "There is no model 'none';"),
        (
            ["encode", "a.wav", "--model", "home/tiny"],
            "home/tiny is of the family gan, which has no codes; give a codec",
        ),
        (["decode", "-", "--out", "b.wav"], "not from - to b.wav; name two files."),
        (["encode"], "Missing argument 'FILE'."),
        (["encode", "a.wwc"], "a.wwc is not a sound file;"),
        (["decode", "none.wwc"], "none.wwc does not exist; check the path."),
        (["decode", "home"], "home is a folder; give a .wwc file."),
        (["decode", "a.wav"], "a.wav is no .wwc file; give one that `wavewright encode` wrote."),
        (["decode", "empty.wwc"], "empty.wwc is empty; give a .wwc file that `wavewright encode` wrote."),
        (["decode", "a.wwc", "--out", "a.txt"], "a.txt ends with '.txt'; sound is written to .wav"),
        (["decode", "a.wwc", "--model", "home/tiny"], "home/tiny is of the family gan, which has no codes;"),
        (
            ["decode", "other.wwc"],
            "other.wwc was encoded by the codec ba9876543210, "
            "which is not among the models here (speech-codec is 0123456789ab);",
        ),
        (
            ["decode", "other.wwc", "--model", "speech-codec"],
            "other.wwc was encoded by the codec ba9876543210, "
            "and speech-codec is 0123456789ab; give the model that encoded it",
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
    with pytest.raises(
        BadModel, match="codebooks at 16000 Hz, and speech-codec has 4 at 8000 Hz, whose hash it carries"
    ):
        decode(tmp_path / "a.wwc")


def test_codecs_are_found_by_their_hash(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    make_gan(tmp_path / "home")
    folder = make_gan(tmp_path / "home", "mine")
    (folder / "card.json").write_text(
        (folder / "card.json").read_text(encoding="utf-8").replace('"gan"', '"codec"'), encoding="utf-8"
    )
    change_card(folder, config={}, labels=[], former_hashes=["0123456789ab"])
    (tmp_path / "home" / "broken").mkdir()
    (tmp_path / "home" / "broken" / "card.json").write_text("{", encoding="utf-8")
    hashes = loading._hashes_of(Capability.CODE)
    assert hashes["mine"] == (models.ModelFolder(folder).hash, "0123456789ab")
    assert not {"tiny", "broken"} & hashes.keys()


def test_a_sound_that_breaks_off_is_encoded_as_far_as_it_goes_and_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    Clip(steps(30 * RATE), RATE).write(tmp_path / "a.flac")
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    with pytest.warns(SoundWarning, match=r"a\.flac is damaged or cut short"):
        assert 0 < encode(tmp_path / "a.flac", kbps=1).seconds < 30
    Clip(steps(3 * RATE), RATE).write(tmp_path / "b.wav")
    out = encode(tmp_path / "b.wav", kbps=1).out
    before = sorted(tmp_path.iterdir())

    def fail(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PacketReader, "__iter__", fail)
    with pytest.raises(Exception, match="No space left"):
        decode(out)
    assert sorted(tmp_path.iterdir()) == before
