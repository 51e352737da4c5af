"""Signed files with more, less or other sound for some decoders: none is verified; FFmpeg is the second decoder."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import shutil
import struct

import numpy as np
import pytest
import soundfile

import wavewright
from wavewright.audio.clip import Clip
from wavewright.audio.file_formats.ogg import pages
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.outputs.provenance import keys
from wavewright.outputs.provenance.record import Envelope, side_file_of

RATE = 16_000
BLOCK = 4_096  # samples of a FLAC frame
FORMATS = ("wav", "flac", "ogg", "opus", "mp3", "aiff")


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVEWRIGHT_KEYS", str(tmp_path / "keys"))
    return wavewright.new_key()


def noise(n_samples, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def encoded(wave, format, subtype=None):
    file = io.BytesIO()
    kind = {"opus": "OGG"}.get(format, format.upper())
    soundfile.write(file, wave, RATE, subtype or ("OPUS" if format == "opus" else None), format=kind)
    return file.getvalue()


def by_ffmpeg(contents, format):
    """All samples that FFmpeg plays, None where it plays none."""
    av = pytest.importorskip("av")
    try:
        with av.open(io.BytesIO(contents)) as container:
            frames = [frame.to_ndarray().reshape(1, -1) for frame in container.decode(audio=0)]
    except (av.FFmpegError, IndexError):
        return None
    return np.concatenate(frames, axis=1) if frames else None


def is_verified(path):
    try:
        return wavewright.verify(path).sounds[0].is_verified
    except BadAudio:
        return False


def signed(tmp_path, format, wave=None, subtype=None):
    path = tmp_path / f"a.{format}"
    path.write_bytes(encoded(noise(4 * BLOCK) if wave is None else wave, format, subtype))
    wavewright.sign(path)
    assert wavewright.verify(path).sounds[0].is_verified
    return path


def chunk(name, content, order="<"):
    return name + struct.pack(f"{order}I", len(content)) + content + bytes(len(content) % 2)


def riff(*chunks, order="<", kind=b"WAVE", magic=b"RIFF"):
    body = kind + b"".join(chunks)
    return magic + struct.pack(f"{order}I", len(body)) + body


def chunks_of(contents, order="<"):
    position, found = 12, []
    while position < len(contents):
        name, length = struct.unpack(f"{order}4sI", contents[position : position + 8])
        found.append((name, contents[position + 8 : position + 8 + length]))
        position += 8 + length + length % 2
    return found


# ------------------------------------------------------------------------------------------------------ WAV and AIFF


def wav_attacks(contents):
    parts = chunks_of(contents)
    form, data = dict(parts)[b"fmt "], dict(parts)[b"data"]
    other = (noise(len(data) // 2, seed=9) * 32_767).astype("<i2").tobytes()
    rest = [chunk(name, content) for name, content in parts if name not in (b"fmt ", b"data")]
    sound, alien = chunk(b"data", data), chunk(b"data", other)
    fmt = chunk(b"fmt ", form)
    yield "a second sound before", riff(fmt, alien, sound, *rest)
    yield "a second sound behind", riff(fmt, sound, alien, *rest)
    yield "a second sound at the end", riff(fmt, sound, *rest, alien)
    yield "a sound in capitals", riff(fmt, sound, chunk(b"DATA", other), *rest)
    yield "a list of sounds", riff(fmt, chunk(b"LIST", b"wavl" + alien), sound, *rest)
    yield "a list of sounds as a chunk", riff(fmt, chunk(b"wavl", alien), sound, *rest)
    yield "another format", riff(fmt, chunk(b"fmt ", form[:4] + struct.pack("<I", 8_000) + form[8:]), sound, *rest)
    yield "a format behind the sound", riff(sound, fmt, *rest)
    yield "a block of another size", riff(chunk(b"fmt ", form[:12] + struct.pack("<H", 4) + form[14:]), sound, *rest)
    yield "bytes behind the end", contents + other
    yield "a chunk behind the end", contents + alien
    yield "a few bytes behind the end", riff(fmt, sound, *rest, b"abc")
    yield "no announced length", contents[:4] + b"\xff\xff\xff\xff" + contents[8:]
    yield "a smaller length", contents[:4] + struct.pack("<I", 36) + contents[8:]
    yield "a sound of unknown length", contents.replace(sound[:8], b"data\xff\xff\xff\xff", 1)
    yield "an ID3 tag before", b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + contents


def test_a_wav_file_has_one_sound(tmp_path):
    path = signed(tmp_path, "wav")
    contents = path.read_bytes()
    before = by_ffmpeg(contents, "wav")
    n_other = 0
    for name, attacked in wav_attacks(contents):
        path.write_bytes(attacked)
        assert not is_verified(path), name
        heard = by_ffmpeg(attacked, "wav")
        n_other += heard is None or not np.array_equal(heard, before)
    assert n_other >= 4  # FFmpeg plays something else in several of them


def test_a_sound_hidden_behind_one_of_an_odd_length_is_found(tmp_path):
    """FFmpeg 5.1 searches for further sound without the padding, one byte early, and plays 2,000 samples more here."""
    path = signed(tmp_path, "wav", noise(4_001), "PCM_U8")
    contents = path.read_bytes()
    parts = chunks_of(contents)
    sound = [chunk(name, content) for name, content in parts[:2]]
    record = chunk(b"prov", dict(parts)[b"prov"])
    empty = chunk(b"abc\x0a", b"")  # early by one byte, it is one of 10 bytes, which end in the next one
    path.write_bytes(riff(*sound, empty, chunk(b"LIST", b"INFO" + bytes(2_000)), record))
    assert is_verified(path)
    path.write_bytes(riff(*sound, empty, chunk(b"LIST", b"\0" + chunk(b"data", bytes(range(200)) * 10)), record))
    assert not is_verified(path)


def test_an_aiff_file_has_one_sound(tmp_path):
    path = signed(tmp_path, "aiff")
    contents = path.read_bytes()
    parts = chunks_of(contents, ">")
    sound = dict(parts)[b"SSND"]
    alien = chunk(b"SSND", bytes(len(sound)), ">")
    rest = [chunk(name, content, ">") for name, content in parts]
    kind = contents[8:12]
    common = dict(parts)[b"COMM"]
    half = struct.pack(">I", struct.unpack(">I", common[2:6])[0] // 2)
    short = chunk(b"COMM", common[:2] + half + common[6:], ">")
    for attacked in (
        riff(alien, *rest, order=">", kind=kind, magic=b"FORM"),
        riff(*rest, alien, order=">", kind=kind, magic=b"FORM"),
        riff(*rest, chunk(b"COMM", common, ">"), order=">", kind=kind, magic=b"FORM"),
        riff(short, chunk(b"SSND", sound, ">"), order=">", kind=kind, magic=b"FORM"),
        contents + bytes(64),
        contents[:4] + b"\xff\xff\xff\xff" + contents[8:],
    ):
        path.write_bytes(attacked)
        assert not is_verified(path)
    path.write_bytes(contents)
    assert is_verified(path)


# ------------------------------------------------------------------------------------------------------------- FLAC


def first_frame(contents):
    position = 4
    while not contents[position] & 0x80:
        position += 4 + int.from_bytes(contents[position + 1 : position + 4])
    return position + 4 + int.from_bytes(contents[position + 1 : position + 4])


def with_total(contents, n_samples):
    fields = int.from_bytes(contents[18:26]) >> 36 << 36 | n_samples
    return contents[:18] + fields.to_bytes(8) + contents[26:]


def test_frames_behind_the_announced_length_of_a_flac_file_are_found(tmp_path):
    """The sound that is announced is the signed one; FFmpeg plays what follows, too."""
    wave, more = noise(4 * BLOCK), noise(3 * BLOCK, seed=5)
    path = signed(tmp_path, "flac", wave)
    contents = path.read_bytes()
    longer = encoded(np.concatenate([wave, more]), "flac")
    attacked = with_total(contents[: first_frame(contents)] + longer[first_frame(longer) :], len(wave))
    path.write_bytes(attacked)
    assert len(soundfile.read(path)[0]) == len(wave)
    assert by_ffmpeg(attacked, "flac").shape[1] == len(wave) + len(more)
    assert not is_verified(path)
    unknown = with_total(attacked, 0)  # an unknown length is allowed, and an unknown hash; the sound is another one
    path.write_bytes(unknown[:26] + bytes(16) + unknown[42:])
    assert wavewright.verify(path).sounds[0].status == "changed"
    path.write_bytes(with_total(contents, 0))
    assert wavewright.verify(path).sounds[0].is_verified


def test_every_byte_of_a_flac_file_is_in_a_frame(tmp_path):
    path = signed(tmp_path, "flac")
    contents = path.read_bytes()
    start = first_frame(contents)
    other = encoded(noise(BLOCK, seed=3), "flac")
    stream = contents[4:42]
    for attacked in (
        contents + other[first_frame(other) :],
        contents + b"TAG" + bytes(125),
        contents + b"\1",
        contents[:start] + bytes(10) + contents[start:],
        contents[:start] + other[first_frame(other) :] + contents[start:],
        contents[:4] + stream + stream + contents[42:],
        contents[:-1] + bytes([contents[-1] ^ 1]),
    ):
        path.write_bytes(attacked)
        assert not is_verified(path)


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("n_samples", [1, 100, BLOCK, 3 * BLOCK + 17])
def test_flac_files_of_every_depth_and_length_are_signed(tmp_path, subtype, n_samples):
    wave = np.stack([noise(n_samples), noise(n_samples, seed=1)], axis=1)
    path = signed(tmp_path, "flac", wave, subtype)
    assert wavewright.verify(path).sounds[0].is_verified


def test_flac_files_of_ffmpeg_are_signed(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.flac"
    for rate, n_channels in ((44_100, 2), (12_345, 1), (96_000, 6)):
        with av.open(str(path), "w") as container:
            layout = {1: "mono", 2: "stereo", 6: "5.1"}[n_channels]
            stream = container.add_stream("flac", rate=rate, layout=layout)
            wave = (1e4 * np.random.default_rng(0).standard_normal((1, 9_000 * n_channels))).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave, "s16", layout)
            frame.sample_rate = rate
            for packet in (*stream.encode(frame), *stream.encode(None)):
                container.mux(packet)
        wavewright.sign(path)
        assert wavewright.verify(path).sounds[0].is_verified


# ---------------------------------------------------------------------------------------------------- Ogg and MP3


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_an_ogg_stream_ends_once(tmp_path, format):
    path = signed(tmp_path, format, noise(5 * RATE))
    contents = path.read_bytes()
    found = list(pages(io.BytesIO(contents)))
    assert len(found) > 4
    for index, change in ((-2, {"flags": 4}), (-1, {"flags": 0}), (-2, {"position": 10**9}), (3, {"position": 1})):
        changed = list(found)
        changed[index] = dataclasses.replace(changed[index], **change)
        path.write_bytes(b"".join(page.to_bytes() for page in changed))
        assert not is_verified(path)
    path.write_bytes(contents + contents)
    assert not is_verified(path)


def test_an_mp3_file_announces_the_frames_that_it_has(tmp_path):
    path = signed(tmp_path, "mp3")
    contents = path.read_bytes()
    position = max(contents.find(b"Xing\0\0\0\x0f"), contents.find(b"Info\0\0\0\x0f")) + 8
    n_frames = int.from_bytes(contents[position : position + 4])
    for wrong in (0, 1, n_frames - 1, n_frames + 1, 2**32 - 1):
        path.write_bytes(contents[:position] + wrong.to_bytes(4) + contents[position + 4 :])
        assert not is_verified(path)
    frame = contents[-200:]
    for tail in (frame, b"TAG" + contents[contents.rindex(b"\xff\xf3") :][:60].ljust(125, b"\0")):
        path.write_bytes(contents + tail)
        assert not is_verified(path)
    path.write_bytes(contents + b"TAG" + b"title".ljust(124, b"\0") + b"\xff")
    assert is_verified(path)


# ------------------------------------------------------------------------------------------------ the canonical way


def changed_at(contents, position, new):
    return contents[:position] + new + contents[position + len(new) :]


def extensible(n_channels, mask, n_more=22, valid_bits=16, form=b""):
    start = struct.pack("<HHIIHH", 0xFFFE, n_channels, RATE, RATE * n_channels * 2, n_channels * 2, 16)
    more = struct.pack("<HHI", n_more, valid_bits, mask) + bytes.fromhex("0100000000001000800000aa00389b71")
    return riff(chunk(b"fmt ", start + more + form), chunk(b"data", wave_bytes(n_channels)))


def wave_bytes(n_channels):
    return (noise(1_000 * n_channels) * 32_767).astype("<i2").tobytes()


def published(tmp_path, original, changed, endings=("wav", "wav")):
    """What is said of a changed file with the record of the original."""
    path = tmp_path / f"original.{endings[0]}"
    path.write_bytes(original)
    wavewright.sign(path, beside_only=True)
    other = tmp_path / f"other.{endings[1]}"
    other.write_bytes(changed)
    shutil.copy(side_file_of(path), side_file_of(other))
    try:
        return wavewright.verify(other).sounds[0].status
    except BadAudio:
        return "refused"


def tagged_flac(n_channels, *fields):
    contents = encoded(noise(1_000 * n_channels).reshape(-1, n_channels), "flac")
    comment = struct.pack("<II", 0, len(fields)) + b"".join(struct.pack("<I", len(each)) + each for each in fields)
    start = first_frame(contents)
    return (
        contents[:42].replace(b"fLaC\x80", b"fLaC\0") + b"\x84" + len(comment).to_bytes(3) + comment + contents[start:]
    )


def test_places_of_channels_are_signed(tmp_path):
    """FFmpeg's stereo of three channels leaves out a low-frequency channel (0x8) and has the centre (0x4) in both."""
    assert published(tmp_path, extensible(3, 0x7), extensible(3, 0x7)) == "verified"
    plain = riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 3, RATE, 6 * RATE, 6, 16)), chunk(b"data", wave_bytes(3)))
    for mask in (0xB, 0x103, 0x700):
        assert published(tmp_path, extensible(3, 0x7), extensible(3, mask)) == "changed"
        assert published(tmp_path, plain, extensible(3, mask)) == "changed"
    assert published(tmp_path, extensible(3, 0), plain) == "verified"
    assert published(tmp_path, extensible(1, 0x4), extensible(1, 0)) == "verified"
    assert published(tmp_path, extensible(1, 0x4), extensible(1, 0x8)) == "changed"
    for mask in (0x3, 0xF, 0x8000_0003):
        assert published(tmp_path, extensible(3, 0x7), extensible(3, mask)) == "refused"


def test_places_are_the_same_in_wav_flac_and_aiff_files(tmp_path):
    name = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK="
    files = [
        tagged_flac(2),
        tagged_flac(2, name + b"0x3"),
        tagged_flac(2, name + b"0x03"),
        tagged_flac(2, name + b"0x0"),
    ]
    for same in files:
        assert published(tmp_path, files[0], same, ("flac", "flac")) == "verified"
    for field in (name + b"0x30", name.lower() + b"0x600", name.title() + b"0x1000A"):
        assert published(tmp_path, files[0], tagged_flac(2, field), ("flac", "flac")) in ("changed", "refused")
    for fields in ([name + b"3"], [name + b"0x"], [name + b"0x3", name + b"0x3"], [name + b"0x3 "], [name + b"0x7"]):
        assert published(tmp_path, files[0], tagged_flac(2, *fields), ("flac", "flac")) == "refused"
    samples = soundfile.read(io.BytesIO(tagged_flac(3)), dtype="int16")[0]
    wav = extensible(3, 0x7).replace(wave_bytes(3), samples.astype("<i2").tobytes())
    assert published(tmp_path, wav, tagged_flac(3), ("wav", "flac")) == "verified"
    assert published(tmp_path, wav, tagged_flac(3, name + b"0xB"), ("wav", "flac")) == "changed"
    aiff = Clip(samples.T / np.float32(2**15), RATE, ("L", "R", "C")).write(tmp_path / "placed.aiff").read_bytes()
    assert published(tmp_path, wav, aiff, ("wav", "aiff")) == "verified"
    place = aiff.index(b"CHAN") + 8  # of its kind, its mask, and the number of its descriptions
    for at, value, expected in ((4, 0xB, "changed"), (4, 3, "refused"), (4, 0, "refused"), (8, 1, "refused")):
        changed = changed_at(aiff, place + at, value.to_bytes(4))
        assert published(tmp_path, wav, changed, ("wav", "aiff")) == expected


def test_formats_are_of_the_length_of_their_kind(tmp_path):
    """FFmpeg finds no codec in an extensible format whose extension has no bytes."""
    data = chunk(b"data", wave_bytes(1))
    plain = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    original = riff(chunk(b"fmt ", plain), data)
    assert published(tmp_path, original, riff(chunk(b"fmt ", plain + bytes(2)), data)) == "verified"
    for form in (plain + b"\x16\0", plain + bytes(22), plain[:14], plain[:8] + struct.pack("<I", RATE) + plain[12:]):
        assert published(tmp_path, original, riff(chunk(b"fmt ", form), data)) == "refused"
    for more in ({"n_more": 0}, {"n_more": 24}, {"valid_bits": 0}, {"valid_bits": 12}, {"form": bytes(2)}):
        assert published(tmp_path, original, extensible(1, 0x4, **more)) == "refused"
    for other in (
        chunk(b"fact", struct.pack("<I", 900)),
        chunk(b"plst", bytes(4)),
        chunk(b"XMA2", bytes(40)),
        chunk(b"ds64", bytes(28)),
    ):
        assert published(tmp_path, original, riff(chunk(b"fmt ", plain), other, data)) == "refused"
    assert (
        published(tmp_path, original, riff(chunk(b"fmt ", plain), chunk(b"fact", struct.pack("<I", 1_000)), data))
        == "verified"
    )


def test_rf64_files_say_one_length(tmp_path):
    original = encoded(noise(1_000), "rf64", "PCM_16")
    sizes, data = original.index(b"ds64") + 8, original.index(b"data") + 4
    assert published(tmp_path, original, original) == "verified"
    whole = struct.unpack("<I", original[sizes + 8 : sizes + 12])[0]
    for position, number, n_bytes in (
        *((data, 0, 4), (data, whole // 2, 4), (4, 0, 4), (4, 100, 4)),
        *((sizes + 8, 0, 8), (sizes + 8, whole - 2, 8), (sizes + 16, 0, 8), (sizes + 16, 999, 8), (sizes + 24, 1, 4)),
    ):
        changed = changed_at(original, position, number.to_bytes(n_bytes, "little"))
        assert published(tmp_path, original, changed) == "refused", (position, number)
    assert published(tmp_path, original, changed_at(original, data, struct.pack("<I", whole))) == "verified"


def test_rates_of_aiff_files_are_whole_numbers(tmp_path):
    original = encoded(noise(1_000), "aiff")
    rate = original.index(b"COMM") + 16
    exponent, mantissa = struct.unpack(">HQ", original[rate : rate + 10])
    assert mantissa >> (63 + 0x3FFF - exponent) == RATE
    endings = ("aiff", "aiff")
    for other in ((exponent, mantissa | 1), (exponent, mantissa + (1 << 48)), (exponent + 1, mantissa >> 1)):
        assert (
            published(tmp_path, original, changed_at(original, rate, struct.pack(">HQ", *other)), endings) == "refused"
        )
    parts = [chunk(*part, ">") for part in chunks_of(original, ">")]
    for other in (
        chunk(b"CHAN", bytes(12), ">"),
        chunk(b"FVER", bytes.fromhex("a2805140"), ">"),
        chunk(b"chan", b"", ">"),
    ):
        changed = riff(other, *parts, order=">", kind=b"AIFF", magic=b"FORM")
        assert published(tmp_path, original, changed, endings) == "refused"


def test_blocks_and_frames_of_flac_files_are_as_announced(tmp_path):
    """FFmpeg leaves out blocks that are larger than the largest one of the header."""
    original = encoded(noise(3 * BLOCK + 100), "flac")
    endings = ("flac", "flac")
    for position, number, n_bytes in (
        *((8, BLOCK, 2), (8, BLOCK + 1, 2), (10, BLOCK - 1, 2), (10, 2 * BLOCK, 2), (8, 16, 2)),
        *((12, 2**20, 3), (15, 100, 3), (15, 2**24 - 1, 3), (26, 1, 4)),
    ):
        changed = changed_at(original, position, number.to_bytes(n_bytes))
        is_same = changed == original or (position, number) == (15, 2**24 - 1)
        assert published(tmp_path, original, changed, endings) == ("verified" if is_same else "refused"), position
    start = first_frame(original)
    sizes = [BLOCK, BLOCK, BLOCK, 100]
    second = original.index(original[start : start + 4], start + 4) - start
    for points in (
        [(0, 0, BLOCK)],
        [(BLOCK, second, BLOCK)],
        [(0, 0, BLOCK), (BLOCK, second, BLOCK)],
        [(2**64 - 1, 0, 0)],
    ):
        assert published(tmp_path, original, with_seek_points(original, points), endings) == "verified"
    for points in (
        [(0, second, BLOCK)],
        [(BLOCK, 0, BLOCK)],
        [(BLOCK, second, sizes[-1])],
        [(BLOCK, second, BLOCK), (0, 0, BLOCK)],
    ):
        assert published(tmp_path, original, with_seek_points(original, points), endings) == "refused"


def with_seek_points(contents, points):
    table = b"".join(struct.pack(">QQH", *point) for point in points)
    return contents[:42] + b"\3" + len(table).to_bytes(3) + table + contents[42:]


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_pages_have_the_positions_of_their_packets_and_an_end(tmp_path, format):
    original = encoded(noise(4 * RATE), format)
    found = list(pages(io.BytesIO(original)))
    endings = (format, format)
    assert published(tmp_path, original, original, endings) == "verified"
    middle = len(found) - 2
    assert middle > 1
    position = found[middle].position
    for index, change in (
        *((-1, {"flags": 0}), (middle, {"flags": 1}), (0, {"flags": 0}), (0, {"position": 5})),
        *((middle, {"position": each}) for each in (-1, 0, position + 1, position - 960, position + 2**32)),
        *((-1, {"position": each}) for each in (-1, position - 1, found[-1].position + 10_000)),
    ):
        changed = list(found)
        changed[index] = dataclasses.replace(changed[index], **change)
        contents = b"".join(page.to_bytes() for page in changed)
        assert published(tmp_path, original, contents, endings) == "refused", (index, change)
    version = changed_at(original, len(found[0].to_bytes()) + 4, b"\1")
    assert published(tmp_path, original, version, endings) == "refused"


def test_the_description_of_an_mp3_file_is_right_and_silent(tmp_path):
    original = encoded(noise(RATE), "mp3")
    name = max(original.find(b"Xing\0\0\0\x0f"), original.find(b"Info\0\0\0\x0f"))
    n_bytes = int.from_bytes(original[name + 12 : name + 16])
    endings = ("mp3", "mp3")
    assert n_bytes == len(original)
    for position, new in (
        *((name + 12, (n_bytes + change).to_bytes(4)) for change in (-1, 1, 10**6)),
        *((name + 12, bytes(4)), (name + 120, b"LAMF"), (name + 120, bytes(9)), (name - 1, b"\1"), (name + 160, b"\1")),
        *((1, bytes([original[1] & 0xFE])), (5, b"\x80")),
    ):
        assert published(tmp_path, original, changed_at(original, position, new), endings) == "refused", position
    assert published(tmp_path, original, changed_at(original, name + 141, b"\x24\x00\x00"), endings) == "changed"
    silent = changed_at(changed_at(original, name + 120, bytes(9)), name + 141, bytes(3))
    assert published(tmp_path, original, silent, endings) == "changed"
    assert published(tmp_path, original, changed_at(original, name + 4, b"\0\0\0\x07"), endings) == "changed"


# ------------------------------------------------------------------------------------------------------- all formats


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_verified_sounds_as_it_did_for_ffmpeg_too(tmp_path, format):
    """Bytes cut out, put in, doubled and changed at random."""
    path = signed(tmp_path, format, noise(9_000))
    contents = path.read_bytes()
    before = by_ffmpeg(contents, format)
    rng = np.random.default_rng(4)
    n_refused = 0
    for _ in range(120):
        start, end = sorted(rng.integers(0, len(contents), 2))
        piece = contents[start : start + int(rng.integers(1, 400))]
        attacked = [
            contents[:start] + piece + contents[start:],
            contents[:start] + contents[start + len(piece) :],
            contents + piece,
            contents + contents[start:end],
            contents[:start] + bytes([contents[start] ^ 1 << int(rng.integers(8))]) + contents[start + 1 :],
            contents[:start] + rng.bytes(4) + contents[start + 4 :],
        ][int(rng.integers(6))]
        path.write_bytes(attacked)
        if is_verified(path):
            np.testing.assert_array_equal(by_ffmpeg(attacked, format), before)
        else:
            n_refused += 1
    assert n_refused > 40


def test_a_name_of_another_kind_is_refused(tmp_path):
    path = signed(tmp_path, "wav")
    shutil.copy(path, tmp_path / "a.mp3")
    with pytest.raises(BadAudio, match=r"no \.mp3 file, whatever its name says"):
        wavewright.verify(tmp_path / "a.mp3")
    shutil.copy(path, tmp_path / "a.wave")
    assert wavewright.verify(tmp_path / "a.wave").sounds[0].is_verified


@pytest.mark.parametrize("kind", ["AU", "CAF", "W64"])
def test_kinds_that_are_not_checked_are_not_signed(tmp_path, kind):
    soundfile.write(tmp_path / f"a.{kind.lower()}", noise(100), RATE, "PCM_16", format=kind)
    with pytest.raises(BadAudio, match="of a kind that cannot be signed; convert it to wav"):
        wavewright.sign(tmp_path / f"a.{kind.lower()}")


@pytest.mark.parametrize("format", ["RF64", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_all_kinds_of_wav_files_are_signed(tmp_path, format, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(101), RATE, subtype, format=format)
    wavewright.sign(path)
    assert wavewright.verify(path).sounds[0].is_verified
    path.write_bytes(path.read_bytes() + bytes(10))
    assert not is_verified(path)


# ---------------------------------------------------------------------------------------------------------- records


@pytest.mark.parametrize("format", ["wav", "flac", "ogg", "mp3"])
def test_of_several_records_in_a_file_none_counts(tmp_path, format):
    path = signed(tmp_path, format)
    text = json.loads(side_file_of(path).read_text())
    record = json.dumps(text, separators=(",", ":")).encode()
    contents = path.read_bytes()
    if format == "wav":
        twice = riff(*(chunk(*part) for part in chunks_of(contents)), chunk(b"prov", record))
    elif format == "mp3":
        body = contents[10 : 10 + int.from_bytes(bytes(contents[6:10])[2:]) // 256 * 128 + contents[9]]
        frame = body[body.index(b"TXXX") :]
        length = len(frame) + len(body)
        size = bytes((length >> shift) & 127 for shift in (21, 14, 7, 0))
        twice = contents[:6] + size + frame + contents[10:]
    else:
        from wavewright.audio.file_formats.vorbis_comment import VorbisComment
        from wavewright.outputs.provenance.tags import FIELD

        original = VorbisComment.with_value
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                VorbisComment,
                "with_value",
                lambda comment, name, value: VorbisComment(
                    comment.vendor,
                    (*original(comment, name, value).fields, f"{name.lower()}=".encode() + value),
                    comment.tail,
                ),
            )
            from wavewright.outputs.provenance import tags

            assert FIELD == "WAVEWRIGHT_PROVENANCE"
            assert tags.write(path, tmp_path / f"b.{format}", record)
        twice = (tmp_path / f"b.{format}").read_bytes()
    path.write_bytes(twice)
    side_file_of(path).unlink()
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.is_verified) == ("unreadable", False)
    assert "several records, of which no one counts" in str(found)


def test_an_object_with_a_key_twice_is_no_record(tmp_path):
    """The first value is false, the last one is signed; programs differ in which they show."""
    path = signed(tmp_path, "aiff")
    side = side_file_of(path)
    text = side.read_text()
    for position, key in (("{", '"record": {"file": "other.wav"}, '), ('"record": {', '"task": "recorded by hand", ')):
        side.write_text(text.replace(position, position + key, 1))
        assert json.loads(side.read_text()) == json.loads(text)
        found = wavewright.verify(path).sounds[0]
        assert (found.status, found.signatures[0].reason) == ("unreadable", "An object has a key twice")


# ------------------------------------------------------------------------------------------------------------- keys

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
L = 2**252 + 27742317777372353535851937790883648493


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def times(scalar, point):
    result = (0, 1)
    while scalar:
        result = add(result, point) if scalar & 1 else result
        point, scalar = add(point, point), scalar >> 1
    return result


def point_of(y):
    """A point of the curve with this y, None without one (RFC 8032, 5.1.3)."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x, y) if x * x % P == square else None


def test_keys_of_small_order_verify_nothing():
    """L times any point is one of the eight points of small order."""
    torsion, y = set(), 2
    while len(torsion) < 8:
        point = point_of(y)
        if point is not None:
            small = times(L, point)
            torsion |= {times(k, small) for k in range(8)}
            ordinary = add(point, point)
            assert not keys.has_small_order((ordinary[1] | (ordinary[0] & 1) << 255).to_bytes(32, "little"))
        y += 1
    encodings = [(y | (x & 1) << 255).to_bytes(32, "little") for x, y in torsion]
    assert len(set(encodings)) == 8
    assert all(keys.has_small_order(each) for each in encodings)
    for y in (P, P + 1, P + 2, 2**255 - 1):  # further ways to write small numbers
        assert keys.has_small_order(y.to_bytes(32, "little"))


def test_a_signature_without_a_private_key_is_forged(tmp_path):
    """By the neutral point as the key, one signature fits every text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public, signature = (1).to_bytes(32, "little"), (1).to_bytes(32, "little") + bytes(32)
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"anything")  # OpenSSL takes it
    path = signed(tmp_path, "aiff")
    record = json.loads(side_file_of(path).read_text())["record"]
    side_file_of(path).write_text(Envelope(record, public, signature).to_text())
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.is_verified) == ("forged", False)
    assert found.signatures[0].key_id == hashlib.sha256(public).hexdigest()[:32]
    der = bytes.fromhex("302a300506032b6570032100") + public
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(BadSetting, match="a key by which everybody can sign"):
        wavewright.verify(path, trust=(tmp_path / "key.pem",))
