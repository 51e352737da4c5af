"""Signed records of sound files: what changes a sound, what does not, and what a record says."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_models import make_gan

import wavewright
from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.file_formats.mpeg import frame_bytes
from wavewright.audio.sound_file import open_sound, read_origin
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.outputs.provenance import keys
from wavewright.outputs.provenance.keys import load_private_key
from wavewright.outputs.provenance.record import side_file_of
from wavewright.outputs.provenance.signing import record_of, sign_file
from wavewright.outputs.provenance.sound_hash import sound_hash

RATE = 16_000
COMMENT = {"comment": json.dumps({"model": "drums", "model_hash": "0123456789ab", "seed": 7, "label": "kick"})}
EMBEDDED = ("wav", "flac", "ogg", "opus", "mp3")
FORMATS = (*EMBEDDED, "aiff")


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    """A key of the user's, in a folder of its own."""
    monkeypatch.setenv("WAVEWRIGHT_KEYS", str(tmp_path / "keys"))
    return wavewright.new_key()


def noise(seconds: float = 0.2, seed: int = 0, n_channels: int = 1) -> Clip:
    rng = np.random.default_rng(seed)
    return Clip(rng.uniform(-0.5, 0.5, (n_channels, int(seconds * RATE))).astype(np.float32), RATE)


def decoded(path):
    return soundfile.read(path, dtype="float64")[0]


# ------------------------------------------------------------------------------------------------ what is the sound


def test_the_hash_is_that_of_the_samples(tmp_path):
    import hashlib

    samples = np.array([[0.5, -0.25], [0.125, 1 - 2**-15]])  # (time, channels)
    soundfile.write(tmp_path / "a.wav", samples, RATE, "PCM_16")
    expected = hashlib.sha256(b"samples 16000 2\n" + samples.astype("<f8").tobytes()).hexdigest()
    assert sound_hash(tmp_path / "a.wav")[0].sha256 == expected
    for name, subtype in (("b.flac", "PCM_24"), ("c.aiff", "PCM_32"), ("d.wav", "FLOAT"), ("e.wav", "DOUBLE")):
        soundfile.write(tmp_path / name, samples, RATE, subtype)
        assert sound_hash(tmp_path / name)[0].sha256 == expected
    soundfile.write(tmp_path / "f.wav", samples, 8_000, "PCM_16")
    soundfile.write(tmp_path / "g.wav", samples.reshape(-1), RATE, "PCM_16")
    assert len({sound_hash(tmp_path / name)[0].sha256 for name in ("a.wav", "f.wav", "g.wav")}) == 3


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_the_smallest_change_of_any_sample_is_found(tmp_path, subtype):
    """One unit in the last place of the subtype, at samples at random and at both ends."""
    bits = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 24, "DOUBLE": 53}[subtype]
    rng = np.random.default_rng(1)
    samples = np.round(rng.uniform(0.25, 0.49, 400) * 2 ** (bits - 1)) / 2 ** (bits - 1)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype)
    assert np.array_equal(decoded(tmp_path / "a.wav"), samples)
    seen = {sound_hash(tmp_path / "a.wav")[0].sha256}
    positions = [0, 399, *rng.choice(range(1, 399), 6, replace=False)]
    for position in positions:
        changed = samples.copy()
        changed[position] += 2.0 ** -(bits - 1)
        soundfile.write(tmp_path / "b.wav", changed, RATE, subtype)
        seen.add(sound_hash(tmp_path / "b.wav")[0].sha256)
    assert len(seen) == 1 + len(positions)


@pytest.mark.parametrize("format", FORMATS)
def test_metadata_are_no_sound(tmp_path, format):
    hashes = set()
    for number, tags in enumerate(({}, COMMENT, {"title": "a" * 1_500, "artist": "Zoë"})):
        path = noise().write(tmp_path / f"{number}.{format}", metadata=tags)
        hashes.add(sound_hash(path)[0].sha256)
    assert len(hashes) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_another_sound_has_another_hash(tmp_path, format):
    paths = [noise(seed=seed).write(tmp_path / f"{seed}.{format}") for seed in range(2)]
    paths.append(Clip(noise().wave[:, :-1_600], RATE).write(tmp_path / f"short.{format}"))
    assert len({sound_hash(path)[0].sha256 for path in paths}) == 3


@pytest.mark.parametrize("format", EMBEDDED)
def test_no_changed_byte_of_a_file_changes_a_verified_sound(tmp_path, format):
    """Whatever is damaged, a file that is still verified decodes to the same samples."""
    path = noise(0.3).write(tmp_path / f"a.{format}", metadata={"title": "tone"})
    wavewright.sign(path)
    contents, before = path.read_bytes(), decoded(path)
    rng = np.random.default_rng(2)
    n_refused = n_verified = 0
    for _ in range(150):
        changed = bytearray(contents)
        for position in rng.integers(0, len(changed), rng.integers(1, 4)):
            changed[position] ^= 1 << int(rng.integers(8))
        cut = int(rng.integers(0, 40))
        path.write_bytes(changed[:-cut] if rng.random() < 0.2 and cut else changed)
        try:
            is_verified = wavewright.verify(path).sounds[0].is_verified
        except BadAudio:
            is_verified = False
        n_refused += not is_verified
        n_verified += is_verified
        if is_verified:
            np.testing.assert_array_equal(decoded(path), before)
    assert n_refused > 50
    path.write_bytes(contents)
    assert wavewright.verify(path).sounds[0].is_verified


def test_delays_of_mp3_files_are_sound(tmp_path):
    path = noise(0.3).write(tmp_path / "a.mp3")
    contents = path.read_bytes()
    position = contents.index(b"Xing") + 141
    shifted = bytearray(contents)
    delay, padding = divmod(int.from_bytes(contents[position : position + 3]), 2**12)
    shifted[position : position + 3] = ((delay + 50) * 2**12 + padding - 50).to_bytes(3)
    (tmp_path / "b.mp3").write_bytes(shifted)
    assert sound_hash(tmp_path / "b.mp3") != sound_hash(path)
    named = contents.replace(b"LAME3.100", b"LAME3.999", 1)
    (tmp_path / "c.mp3").write_bytes(named)
    assert sound_hash(tmp_path / "c.mp3") == sound_hash(path)


def test_lengths_of_mpeg_frames():
    """MPEG 1 at 128 kbit/s and 44.1 kHz, padded; MPEG 2 at 64 kbit/s and 22.05 kHz; MPEG 2.5 at 8 kbit/s and 8 kHz."""
    frames = {"fffb9264": 418, "fff38064": 208, "ffe31864": 72, "fffbf064": 0, "fffb9c64": 0, "ffeb9064": 0, "00": 0}
    assert {header: frame_bytes(bytes.fromhex(header)) for header in frames} == frames


def test_what_an_ogg_file_cannot_hold_is_refused(tmp_path):
    path = noise(5.0, seed=3).write(tmp_path / "a.ogg")
    contents = path.read_bytes()
    pages = [b"OggS" + page for page in contents.split(b"OggS")[1:]]
    for number, (damaged, reason) in enumerate(
        {
            contents + contents: "several streams",
            b"".join(pages[:2]): "holds no samples",
            b"".join([*pages[:3], *pages[4:]]): "one of its Ogg pages is missing",
            contents[:-1] + bytes([contents[-1] ^ 1]): "damaged",
        }.items()
    ):
        other = tmp_path / f"{number}.ogg"
        other.write_bytes(damaged)
        with pytest.raises(BadAudio, match=reason):
            wavewright.sign(other)
        assert not side_file_of(other).exists()


def test_media_of_other_kinds_are_refused_in_a_sentence(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    with pytest.raises(BadAudio, match="cannot be signed; convert it to wav, flac"):
        wavewright.sign(tmp_path / "a.m4a")


# -------------------------------------------------------------------------------------------- signing and verifying


@pytest.mark.parametrize("format", FORMATS)
def test_a_signed_file_is_verified_and_keeps_all_else(tmp_path, format, own_keys):
    path = noise().write(tmp_path / f"a.{format}", metadata={**COMMENT, "title": "kick"})
    before, tags = decoded(path), open_sound(path).tags
    signed = wavewright.sign(path)
    assert (signed.files[0].details["key_id"], signed.is_new, signed.files[0].details["in_file"]) == (
        own_keys.details["key_id"],
        True,
        format in EMBEDDED,
    )
    np.testing.assert_array_equal(decoded(path), before)
    assert open_sound(path).tags == tags
    found = wavewright.verify(path).sounds[0]
    assert (found.is_verified, found.status, found.signatures != ()) == (True, "verified", True)
    assert [each.where for each in found.signatures] == (["in the file"] if format in EMBEDDED else []) + ["beside it"]
    assert {each.key_name for each in found.signatures} == {"your own key"}
    record = found.record
    assert (record.file, record.task, record.models[0].name, record.models[0].hash) == (
        f"a.{format}",
        "generate",
        "drums",
        "0123456789ab",
    )
    assert record.settings == {"seed": 7, "label": "kick"}
    assert record.digital_source_type == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert "made by generate, with drums (0123456789ab), seed 7" in str(found)
    assert not [name.name for name in tmp_path.iterdir() if name.name.startswith(".")]


@pytest.mark.parametrize("format", EMBEDDED)
@pytest.mark.parametrize("n_bytes", [0, 1, 30, 700, 66_000])
def test_any_length_of_comments_has_room(tmp_path, format, n_bytes):
    """Ogg's pages and ID3's sizes change with the comment; libsndfile still decodes the same."""
    path = noise().write(tmp_path / f"a.{format}")
    before = decoded(path)
    for fill in ("x", "y"):  # the second replaces the first
        text = json.dumps({"fill": fill * n_bytes}).encode()
        from wavewright.outputs.provenance import tags

        assert tags.write(path, tmp_path / f"b.{format}", text)
        assert tags.read(tmp_path / f"b.{format}") == [text]
        np.testing.assert_array_equal(decoded(tmp_path / f"b.{format}"), before)
        assert sound_hash(tmp_path / f"b.{format}")[0] == sound_hash(path)[0]
        path = (tmp_path / f"b.{format}").rename(tmp_path / f"a.{format}")
    again = tmp_path / f"c.{format}"
    assert tags.write(path, again, text)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("format", EMBEDDED)
def test_ffmpeg_finds_the_record_and_decodes_the_same(tmp_path, format):
    av = pytest.importorskip("av")

    def by_ffmpeg(path):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
            return np.concatenate(frames, axis=1), {**container.metadata, **container.streams.audio[0].metadata}

    path = noise(n_channels=2).write(tmp_path / f"a.{format}")
    before, _ = by_ffmpeg(path)
    wavewright.sign(path)
    after, tags = by_ffmpeg(path)
    np.testing.assert_array_equal(after, before)
    if format != "wav":  # ffmpeg skips the chunk
        assert json.loads(tags["WAVEWRIGHT_PROVENANCE"])["record"]["file"] == path.name


@pytest.mark.parametrize("format", EMBEDDED)
def test_the_record_in_the_file_is_enough(tmp_path, format):
    path = noise().write(tmp_path / f"a.{format}")
    signed = wavewright.sign(path)
    copied = tmp_path / "elsewhere" / f"renamed ü 名.{format}"
    copied.parent.mkdir()
    shutil.copy(path, copied)
    found = wavewright.verify(copied).sounds[0]
    assert (found.status, [each.where for each in found.signatures]) == ("verified", ["in the file"])
    assert found.record.file == path.name
    signed.files[0].details["side_file"].unlink()
    assert wavewright.verify(path).sounds[0].is_verified


def test_the_record_beside_the_file_is_enough_and_the_file_can_stay_as_it_is(tmp_path):
    path = noise().write(tmp_path / "a.wav")
    contents = path.read_bytes()
    signed = wavewright.sign(path, beside_only=True)
    assert (signed.files[0].details["in_file"], path.read_bytes()) == (False, contents)
    assert "beside it in a.wav.provenance.json alone" in str(signed)
    assert wavewright.verify(path).sounds[0].is_verified
    assert not wavewright.sign(path, beside_only=True).is_new


@pytest.mark.parametrize("format", EMBEDDED)
def test_other_programs_may_change_metadata(tmp_path, format):
    """ffmpeg copies the coded sound with another title, and divides Ogg files into other pages."""
    av = pytest.importorskip("av")
    path = noise(3.0, n_channels=2).write(tmp_path / f"a.{format}", metadata=COMMENT)
    wavewright.sign(path)
    copied = tmp_path / f"b.{format}"
    with av.open(str(path)) as source, av.open(str(copied), "w") as target:
        target.metadata.update({"title": "another", "artist": "x" * 300})
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    shutil.copy(side_file_of(path), side_file_of(copied))
    assert open_sound(copied).tags["title"] == "another"
    assert wavewright.verify(copied).sounds[0].is_verified


def test_what_is_signed_again_is_kept(tmp_path, own_keys):
    path = noise().write(tmp_path / "a.flac")
    wavewright.sign(path)
    contents, side = path.read_bytes(), side_file_of(path).read_bytes()
    assert not wavewright.sign(path).is_new
    assert (path.read_bytes(), side_file_of(path).read_bytes()) == (contents, side)
    side_file_of(path).unlink()
    assert wavewright.sign(path).is_new
    other = keys.new_key(tmp_path / "other")
    assert wavewright.sign(path, key=other.files[1].path).is_new
    assert {each.key_id for each in wavewright.verify(path).sounds[0].signatures} == {other.details["key_id"]}


# ------------------------------------------------------------------------------------------------------- what is wrong


def changed_sound(path):
    soundfile.write(path, decoded(path) * 0.5, RATE, "PCM_16")


def test_a_changed_sound_is_found(tmp_path):
    path = noise().write(tmp_path / "a.wav")
    wavewright.sign(path)
    changed_sound(path)
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.is_verified) == ("changed", False)
    assert "not verified, the sound is not the signed one" in str(found)


def test_swapped_records_are_found(tmp_path):
    paths = [noise(seed=seed).write(tmp_path / f"{seed}.wav") for seed in range(2)]
    sides = [wavewright.sign(path).files[0].details["side_file"] for path in paths]
    texts = [side.read_bytes() for side in sides]
    sides[0].write_bytes(texts[1])
    found = wavewright.verify(paths[0]).sounds[0]
    assert (found.status, [each.status for each in found.signatures]) == ("changed", ["verified", "changed"])
    assert found.record.file == "0.wav"


@pytest.mark.parametrize(
    ("name", "value"),
    [("file", "b.wav"), ("time", "2020-01-01T00:00:00Z"), ("settings", {"seed": 8, "label": "kick"}), ("models", [])],
)
def test_any_change_of_the_record_is_found(tmp_path, name, value):
    path = noise().write(tmp_path / "a.wav", metadata=COMMENT)
    side = wavewright.sign(path).files[0].details["side_file"]
    envelope = json.loads(side.read_text())
    envelope["record"][name] = value
    side.write_text(json.dumps(envelope))
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.is_verified) == ("forged", False)


def test_the_layout_of_a_record_is_no_change(tmp_path):
    path = noise().write(tmp_path / "a.wav", metadata=COMMENT)
    side = wavewright.sign(path).files[0].details["side_file"]
    envelope = json.loads(side.read_text())
    envelope["record"] = dict(reversed(envelope["record"].items()))
    side.write_text(json.dumps(envelope, indent=7))
    assert wavewright.verify(path).sounds[0].is_verified


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"record": {}}',
        '{"record": {}, "signature": 3}',
        "[" * 100_000,
        '{"record": ' + '{"a":' * 900 + "1" + "}" * 900 + ', "signature": {}}',
        '{"record": {"a": 1e999}, "signature": {}}',
        '{"record": {"a": "\\ud800"}, "signature": {"algorithm": "Ed25519"}}',
        "x" * (2**20 + 1),
        "9" * 10_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_record_is_unreadable(tmp_path, text):
    path = noise().write(tmp_path / "a.wav")
    side_file_of(path).write_text(text)
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.is_verified, found.record) == ("unreadable", False, None)


def test_every_truncation_and_byte_of_a_record_matters(tmp_path):
    path = noise(0.05).write(tmp_path / "a.wav", metadata=COMMENT)
    side = wavewright.sign(path, beside_only=True).files[0].details["side_file"]
    text = side.read_bytes()
    rng = np.random.default_rng(0)
    for length in rng.choice(range(len(text) - 2), 60, replace=False):
        side.write_bytes(text[:length])
        assert not wavewright.verify(path).sounds[0].is_verified
    same = json.loads(text)
    for position in rng.choice(range(len(text)), 200, replace=False):
        changed = bytearray(text)
        changed[position] ^= 1 << int(rng.integers(7))
        side.write_bytes(changed)
        try:
            is_same = json.loads(changed.decode()) == same
        except ValueError:
            is_same = False
        assert wavewright.verify(path).sounds[0].is_verified == is_same


def test_a_deep_record_with_a_good_signature_is_refused(tmp_path):
    from wavewright.outputs.provenance.record import Envelope

    path = noise().write(tmp_path / "a.wav")
    deep: dict[str, object] = {}
    for _ in range(300):
        deep = {"a": deep}
    envelope = Envelope.seal(deep, load_private_key())
    side_file_of(path).write_text(envelope.to_text())
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.signatures[0].reason) == ("unreadable", "its record is of a later version")


@pytest.mark.parametrize("name", ["a.wav", f"{'a' * 245}.wav"])  # whose record has no name that a file can have
def test_without_a_record_nothing_is_verified(tmp_path, name):
    found = wavewright.verify(noise().write(tmp_path / name)).sounds[0]
    assert (found.status, found.is_verified, found.signatures) == ("unsigned", False, ())


def test_trust_is_a_matter_of_keys(tmp_path, own_keys):
    path = noise().write(tmp_path / "a.wav")
    other = keys.new_key(tmp_path / "other")
    wavewright.sign(path, key=other.files[1].path)
    found = wavewright.verify(path).sounds[0]
    assert (found.status, found.signatures[0].key_name) == ("verified", None)
    assert "a key that is not known here" in str(found)
    assert wavewright.verify(path, trust=(own_keys.files[0].path,)).sounds[0].status == "untrusted"
    found = wavewright.verify(path, trust=(own_keys.files[0].path, other.files[0].path)).sounds[0]
    assert (found.status, found.signatures[0].key_name) == ("verified", f"the key in {other.files[0].path}")


def test_a_key_of_openssl_signs_too(tmp_path):
    """The only check of the raw bytes that another program makes: signature over RFC 8785."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    path = noise().write(tmp_path / "a.wav", metadata=COMMENT)
    side = wavewright.sign(path).files[0].details["side_file"]
    import base64

    envelope = json.loads(side.read_text())
    signature = envelope["signature"]
    record = json.dumps(envelope["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"]))
    key.verify(base64.b64decode(signature["value"]), record)  # raises InvalidSignature


# -------------------------------------------------------------------------------------------------------------- keys


def test_private_keys_are_the_owners_and_never_replaced(tmp_path, own_keys):
    if os.name == "posix":
        assert stat.S_IMODE(own_keys.files[1].path.stat().st_mode) == 0o600
    contents = own_keys.files[1].path.read_bytes()
    with pytest.raises(BadFolder, match="exists and is never replaced"):
        wavewright.new_key()
    assert own_keys.files[1].path.read_bytes() == contents
    assert keys.own_key().details == own_keys.details
    assert keys.new_key(tmp_path / "more").details["key_id"] != own_keys.details["key_id"]


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "public", "rsa", "password"])
def test_what_is_no_private_key_is_refused(tmp_path, kind, own_keys):
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    path = tmp_path / "key"
    if kind == "folder":
        path.mkdir()
    elif kind == "public":
        path = own_keys.files[0].path
    elif kind != "missing":
        pem = {"text": b"hello", "empty": b""}.get(kind)
        if kind == "rsa":
            key = rsa.generate_private_key(65_537, 1_024)
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if kind == "password":
            encryption = BestAvailableEncryption(b"secret")
            pem = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        path.write_bytes(pem)
    with pytest.raises(BadSetting, match=str(path)):
        wavewright.sign(noise().write(tmp_path / "a.wav"), key=path)
    assert not side_file_of(tmp_path / "a.wav").exists()


def test_a_key_with_a_password_signs_for_those_who_know_it(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVEWRIGHT_KEY_PASSWORD", "open sesame")
    monkeypatch.setenv("WAVEWRIGHT_KEYS", str(tmp_path / "locked"))
    files = wavewright.new_key()
    assert b"ENCRYPTED" in files.files[1].path.read_bytes()
    path = noise().write(tmp_path / "a.wav")
    assert (
        wavewright.sign(path).files[0].details["key_id"] == files.details["key_id"] == keys.own_key().details["key_id"]
    )
    plain = keys.new_key(tmp_path / "plain")  # another one, which has the same password now
    for password, problem in (("open", "does not have the password of"), ("", "protected by a password; set WAVEW")):
        monkeypatch.setenv("WAVEWRIGHT_KEY_PASSWORD", password)
        with pytest.raises(BadSetting, match=problem):
            wavewright.sign(path, key=plain.files[1].path)
    assert wavewright.verify(path).sounds[0].is_verified


def test_a_password_has_any_bytes_but_not_too_many(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVEWRIGHT_KEY_PASSWORD", "\udcff\udcfe")  # bytes that are not UTF-8
    files = keys.new_key(tmp_path / "bytes")
    assert (
        wavewright.sign(noise().write(tmp_path / "a.wav"), key=files.files[1].path).files[0].details["key_id"]
        == files.details["key_id"]
    )
    monkeypatch.setenv("WAVEWRIGHT_KEY_PASSWORD", 1024 * "x")
    with pytest.raises(BadSetting, match="has 1024 bytes; a password has at most 1023"):
        keys.new_key(tmp_path / "more")


def test_a_password_does_not_matter_to_a_key_without_one(tmp_path, monkeypatch, own_keys):
    monkeypatch.setenv("WAVEWRIGHT_KEY_PASSWORD", "open sesame")
    assert wavewright.sign(noise().write(tmp_path / "a.wav")).files[0].details["key_id"] == own_keys.details["key_id"]


def test_a_private_key_is_not_given_as_a_public_one(tmp_path, own_keys):
    with pytest.raises(BadSetting, match=r"is no public key in PEM; give a file such as signing-key\.pub\.pem"):
        wavewright.verify(noise().write(tmp_path / "a.wav"), trust=(own_keys.files[1].path,))


# ------------------------------------------------------------------------------------------- folders, links and names


def test_folders(tmp_path, capsys):
    folder = tmp_path / "sounds"
    (folder / "deep").mkdir(parents=True)
    noise().write(folder / "a.wav")
    noise(seed=1).write(folder / "deep" / "b.ogg")
    assert run(["sign", str(folder), "--quiet"]) == 0
    assert "\n2 files by key " in capsys.readouterr().out
    assert run(["verify", str(folder), "--quiet"]) == 0
    assert "2 of 2 files are verified" in capsys.readouterr().out
    noise(seed=2).write(folder / "c.flac")
    assert run(["verify", str(folder), "--quiet", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)["details"]
    assert [file["status"] for file in result["sounds"]] == ["verified", "unsigned", "verified"]
    (folder / "broken.wav").write_bytes(b"RIFF no")
    assert run(["verify", str(folder), "--quiet"]) == 2
    assert run(["sign", str(folder), "--quiet"]) == 2
    text = capsys.readouterr().out
    assert "\n3 of 4 files by key " in text
    assert ": 1 new, 2 kept, 1 failed\n" in text


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_links_that_leave_a_folder_are_not_signed(tmp_path):
    folder, outside = tmp_path / "sounds", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    secret = noise().write(outside / "secret.wav")
    contents = secret.read_bytes()
    noise(seed=1).write(folder / "a.wav")
    (folder / "link.wav").symlink_to(secret)
    (folder / "linked").symlink_to(outside)
    signed = wavewright.sign(folder, quiet=True)
    assert [file.path.name for file in signed.files] == ["a.wav"]
    assert {Path(each.what).name for each in signed.failed} <= {"link.wav", "secret.wav"}
    assert "leads out of" in str(signed)
    assert secret.read_bytes() == contents
    assert [path.name for path in outside.iterdir()] == ["secret.wav"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_stands_for_its_file(tmp_path):
    real = noise().write(tmp_path / "real.wav")
    link = tmp_path / "link.wav"
    link.symlink_to(real)
    real.chmod(0o640)
    assert wavewright.sign(link).files[0].path == real
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert wavewright.verify(link).sounds[0].is_verified


@pytest.mark.skipif(os.name != "posix", reason="pipes are of POSIX")
def test_a_pipe_beside_a_file_is_not_read(tmp_path):
    path = noise().write(tmp_path / "a.wav")
    os.mkfifo(side_file_of(path))
    assert wavewright.verify(path).sounds[0].status == "unsigned"


def test_a_name_too_long_for_its_record_is_refused(tmp_path):
    path = noise().write(tmp_path / f"{'x' * 240}.wav")
    contents = path.read_bytes()
    with pytest.raises(BadFolder, match="file systems allow 255"):
        wavewright.sign(path)
    assert path.read_bytes() == contents


def test_bad_files_are_refused_in_a_sentence(tmp_path, capsys):
    (tmp_path / "text.wav").write_text("hello")
    assert run(["verify", str(tmp_path / "text.wav")]) == 2
    assert run(["sign", str(tmp_path / "missing.wav")]) == 2
    assert run(["sign", str(tmp_path / "keys")]) == 2
    assert capsys.readouterr().err.count("wavewright: ") == 3


# ------------------------------------------------------------------------------------------------- what made a sound


def comment(**values):
    return {"comment": json.dumps(values)}


@pytest.mark.parametrize(
    ("values", "task", "kind"),
    [
        (
            {"model": "m", "model_hash": "1", "seed": 1, "index": 0, "label": None},
            "generate",
            "trainedAlgorithmicMedia",
        ),
        ({"model": "m", "model_hash": "1", "task": "morph", "sources": []}, "morph", "trainedAlgorithmicMedia"),
        ({"voice": "v", "model": "m", "model_hash": "1", "text": "a"}, "speak", "trainedAlgorithmicMedia"),
        ({"procedure": "rain", "seed": 1}, "synthesise", "algorithmicMedia"),
        ({"model": "m", "source": "a.wav", "dereverb": False, "mix": 1.0}, "enhance", "algorithmicallyEnhanced"),
        ({"edit": "gain", "source": "a.wav", "source_comment": {"procedure": "rain"}}, "edit", "algorithmicMedia"),
        ({"edit": "gain", "source": "a.wav", "source_comment": "recorded"}, "edit", None),
        ({"source": "a.wav", "source_hash": "1", "start_seconds": 1.0}, "split", None),
        ({"mix": "a.toml", "project_hash": "1"}, "mix", None),
        ({"task": 5, "edit": ["x"], "source": 7, "model": [], "sources": {}, "files": []}, "edit", None),
        ({"hello": "world"}, None, None),
    ],
)
def test_a_comment_says_what_made_a_sound(tmp_path, values, task, kind):
    record = record_of(noise().write(tmp_path / "a.wav", metadata=comment(**values)))
    assert record.task == task
    assert record.digital_source_type == (kind and f"http://cv.iptc.org/newscodes/digitalsourcetype/{kind}")
    assert (record.statement is None) == (kind is None)


def test_a_generated_file_leads_to_what_its_model_learned_from(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    monkeypatch.chdir(tmp_path)
    folder = models.ModelFolder(make_gan(tmp_path / "home"))
    assert run(["generate", "tiny", "--label", "snare", "--count", "2", "--out", "sounds", "--sign", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["details"]
    assert [entry["is_new"] for entry in result["signatures"]] == [True, True]
    assert run(["generate", "tiny", "--label", "snare", "--count", "2", "--out", "sounds", "--sign"]) == 0
    found = wavewright.verify(tmp_path / "sounds" / "tiny-snare-s0-001.wav").sounds[0]
    assert found.record.models[0].sha256 == folder.sha256 == found.models[0].sha256
    assert (found.record.settings["seed"], found.record.settings["index"]) == (0, 1)
    assert found.models[0].sources == tuple(folder.card.sources)
    assert "model tiny, licence" in str(found)
    assert "learned from nothing (0 clips, CC0-1.0)" in str(found)
    shutil.rmtree(tmp_path / "home")
    assert wavewright.verify(tmp_path / "sounds" / "tiny-snare-s0-001.wav").sounds[0].models == ()


def test_an_edit_names_the_signed_sound_that_it_was_made_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    noise().write(tmp_path / "a.wav", metadata=COMMENT)
    wavewright.sign(tmp_path / "a.wav")
    source = wavewright.verify(tmp_path / "a.wav").sounds[0].record
    (tmp_path / "out").mkdir()
    assert run(["edit", "a.wav", "--do", "gain -6", "--out", "out/b.flac", "--sign"]) == 0
    assert "out/b.flac: signed in the file and beside it" in capsys.readouterr().out
    record = wavewright.verify(tmp_path / "out" / "b.flac").sounds[0].record
    (ingredient,) = record.ingredients
    assert (ingredient.name, ingredient.sound_sha256) == ("a.wav", source.sound.sha256)
    assert len(ingredient.record_sha256) == 64
    assert record.digital_source_type.endswith("/trainedAlgorithmicMedia")
    shutil.copy("a.wav", "out/a.wav")
    assert "made of a.wav, which is here with the same sound and record" in str(wavewright.verify("out/b.flac"))
    noise(seed=5).write("out/a.wav")
    assert "but the file here has another sound" in str(wavewright.verify("out/b.flac"))
    (tmp_path / "out" / "a.wav").unlink()
    assert "made of a.wav, whose file is not here" in str(wavewright.verify("out/b.flac"))


def test_ingredients_can_be_given(tmp_path):
    voice, mix = noise().write(tmp_path / "voice.ogg"), noise(seed=1).write(tmp_path / "mix.wav")
    wavewright.sign(mix, made_of=(voice,))
    (ingredient,) = wavewright.verify(mix).sounds[0].record.ingredients
    assert (ingredient.name, ingredient.sound_sha256) == ("voice.ogg", sound_hash(voice)[0].sha256)
    with pytest.raises(BadAudio, match=r"missing\.wav is not there"):
        wavewright.sign(mix, made_of=(tmp_path / "missing.wav",))


def test_ingredients_with_paths_for_names_are_not_opened(tmp_path):
    (tmp_path / "sounds").mkdir()
    noise(seed=1).write(tmp_path / "secret.wav")
    tags = comment(edit="gain", source="../secret.wav", source_hash="1" * 12)
    path = noise().write(tmp_path / "sounds" / "a.wav", metadata=tags)
    wavewright.sign(path)
    found = wavewright.verify(path).sounds[0]
    assert found.ingredients == ("../secret.wav, whose file is not here",)
    assert found.record.ingredients[0].sound_sha256 is None


def test_signing_leaves_outputs_up_to_date(tmp_path, monkeypatch):
    """The comment, by which commands recognise their files, stays as it is."""
    monkeypatch.chdir(tmp_path)
    noise().write(tmp_path / "a.wav")
    assert run(["edit", "a.wav", "--do", "gain -6", "--out", "b.wav", "--sign"]) == 0
    contents = (tmp_path / "b.wav").read_bytes()
    origin = read_origin(tmp_path / "b.wav")
    assert run(["edit", "a.wav", "--do", "gain -6", "--out", "b.wav", "--sign"]) == 0
    assert (tmp_path / "b.wav").read_bytes() == contents
    assert origin["edit"] == "gain gain=-6dB"


def test_nothing_is_signed_unasked_or_made_of_a_stream(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    noise().write(tmp_path / "a.wav")
    assert run(["edit", "a.wav", "--do", "gain -6", "--out", "b.wav"]) == 0
    assert wavewright.verify("b.wav").sounds[0].status == "unsigned"
    assert run(["edit", "a.wav", "--do", "gain -6", "--out", "c.wav", "--dry-run", "--sign"]) == 0
    assert "There is no sound file to sign." in capsys.readouterr().out
    assert run(["speak", "hello", "--out", "-", "--sign"]) == 2
    assert "leave --sign out" in capsys.readouterr().err
    assert run(["edit", "a.wav", "--do", "gain -6", "--out", "c.m4a", "--sign"]) == 2
    assert "c.m4a is of a kind that cannot be signed" in capsys.readouterr().err
    assert not (tmp_path / "c.m4a").exists()
    monkeypatch.setenv("WAVEWRIGHT_KEYS", str(tmp_path / "none"))
    assert run(["synthesise", "laser", "--out", "c.wav", "--sign"]) == 2
    assert "`wavewright keys new` makes one" in capsys.readouterr().err
    assert not (tmp_path / "c.wav").exists()


def test_text_of_a_record_cannot_change_the_terminal(tmp_path):
    tags = comment(procedure="rain", task="\x1b[31mred\nline", seed="\x07", model="m\u202e", model_hash="1")
    path = noise().write(tmp_path / "a.wav", metadata=tags)
    sign_file(path, load_private_key())
    text = str(wavewright.verify(path))
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text.splitlines()) == 4
