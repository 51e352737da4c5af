"""Signed files with more, less or other sound for some decoders: none is verified; FFmpeg is the second decoder."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import struct

import numpy as np
import pytest
import soundfile

import wavewright
from wavewright.audio.file_formats.ogg import pages
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.outputs.provenance import keys
from wavewright.outputs.provenance.envelope import Envelope
from wavewright.outputs.provenance.finding import side_file_of

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
    kind = {"ogg": "OGG", "opus": "OGG"}.get(format, format.upper())
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
        return wavewright.verify(path).is_verified
    except BadAudio:
        return False


def signed(tmp_path, format, wave=None, subtype=None):
    path = tmp_path / f"a.{format}"
    path.write_bytes(encoded(noise(4 * BLOCK) if wave is None else wave, format, subtype))
    wavewright.sign(path)
    assert wavewright.verify(path).is_verified
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
    path.write_bytes(with_total(attacked, 0))  # an unknown length is allowed, and the sound is another one
    assert wavewright.verify(path).status == "changed"
    path.write_bytes(with_total(contents, 0))
    assert wavewright.verify(path).is_verified


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
    assert wavewright.verify(path).is_verified


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
        assert wavewright.verify(path).is_verified


# ---------------------------------------------------------------------------------------------------- Ogg and MP3


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_an_ogg_stream_ends_once(tmp_path, format):
    path = signed(tmp_path, format, noise(5 * RATE))
    contents = path.read_bytes()
    found = list(pages(io.BytesIO(contents)))
    assert len(found) > 4
    for index, change in ((-2, {"flags": 4}), (-1, {"flags": 0}), (-2, {"position": 10**9}), (3, {"position": 1})):
        from dataclasses import replace

        changed = list(found)
        changed[index] = replace(changed[index], **change)
        path.write_bytes(b"".join(page.to_bytes() for page in changed))
        if change != {"flags": 0}:  # a stream that was cut has no end
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
    assert wavewright.verify(tmp_path / "a.wave").is_verified


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
    assert wavewright.verify(path).is_verified
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
    found = wavewright.verify(path)
    assert (found.status, found.exit_code) == ("unreadable", 1)
    assert "several records, of which no one counts" in str(found)


def test_an_object_with_a_key_twice_is_no_record(tmp_path):
    """The first value is false, the last one is signed; programs differ in which they show."""
    path = signed(tmp_path, "aiff")
    side = side_file_of(path)
    text = side.read_text()
    for position, key in (("{", '"record": {"file": "other.wav"}, '), ('"record": {', '"task": "recorded by hand", ')):
        side.write_text(text.replace(position, position + key, 1))
        assert json.loads(side.read_text()) == json.loads(text)
        found = wavewright.verify(path)
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
    found = wavewright.verify(path)
    assert (found.status, found.exit_code) == ("forged", 1)
    assert found.signatures[0].key_id == hashlib.sha256(public).hexdigest()[:32]
    der = bytes.fromhex("302a300506032b6570032100") + public
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(BadSetting, match="a key by which everybody can sign"):
        wavewright.verify(path, trust=(tmp_path / "key.pem",))
