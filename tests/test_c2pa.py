"""C2PA manifests beside the signed records: written, read by the library of C2PA itself, and refused where unknown."""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import suppress

import numpy as np
import pytest
import soundfile

import wavewright
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadSetting, WavewrightError
from wavewright.outputs.provenance import tags
from wavewright.outputs.provenance.c2pa_manifest import MIME_TYPES, certificate_chain, read_manifest
from wavewright.outputs.provenance.keys import load_private_key
from wavewright.outputs.provenance.record import side_file_of
from wavewright.outputs.provenance.sound_hash import sound_hash

c2pa = pytest.importorskip("c2pa")

RATE = 16_000
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMMENT = {"comment": json.dumps({"model": "drums", "model_hash": "0123456789ab", "seed": 7}), "title": "kick"}
FORMATS = ("wav", "flac", "mp3")


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVEWRIGHT_KEYS", str(tmp_path / "keys"))
    return wavewright.new_key()


@pytest.fixture(params=FORMATS)
def path(request, tmp_path):
    """A generated sound in each format."""
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 4_000)).astype(np.float32)
    return Clip(wave, RATE).write(tmp_path / f"a.{request.param}", metadata=COMMENT)


def report_of(path):
    """What the library says, as any other program would ask it."""
    with path.open("rb") as file, c2pa.Reader(MIME_TYPES[path.suffix], file) as reader:
        return json.loads(reader.json()), reader.get_validation_state()


def with_manifest(path, manifest=None):
    """Let the library sign a file in the name of another program."""
    key = load_private_key()
    signer = c2pa.Signer.from_callback(key.sign, c2pa.C2paSigningAlg.ED25519, certificate_chain(key).decode(), None)
    action = {"action": "c2pa.created", "digitalSourceType": TRAINED}
    claims = {"claim_generator_info": [{"name": "Other", "version": "1"}]}
    claims["assertions"] = [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}]
    target = path.with_name(f"other{path.suffix}")
    with path.open("rb") as source, target.open("w+b") as copy, c2pa.Builder(manifest or claims) as builder:
        builder.sign(signer, MIME_TYPES[path.suffix], source, copy)
    return target


def test_the_library_of_c2pa_reads_the_manifest(path):
    before, tags_before = soundfile.read(path)[0], open_sound(path).tags
    hash_before = sound_hash(path)[0]
    wavewright.sign(path, c2pa=True)
    np.testing.assert_array_equal(soundfile.read(path)[0], before)
    assert (open_sound(path).tags, sound_hash(path)[0]) == (tags_before, hash_before)
    report, state = report_of(path)
    assert state == "Valid"
    assert [each["code"] for each in report["validation_status"]] == ["signingCredential.untrusted"]
    manifest = report["manifests"][report["active_manifest"]]
    assert (manifest["title"], manifest["claim_generator_info"][0]["name"]) == (path.name, "Wavewright")
    assertions = {each["label"]: each["data"] for each in manifest["assertions"]}
    (action,) = assertions["c2pa.actions.v2"]["actions"]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", TRAINED)
    envelope = json.loads(assertions["org.wavewright.outputs.provenance"]["envelope"])
    assert envelope == json.loads(side_file_of(path).read_text())


def test_all_three_records_are_verified(path, own_keys):
    wavewright.sign(path, c2pa=True)
    found = wavewright.verify(path, trust=(own_keys.files[0].path,)).sounds[0]
    assert [each.where for each in found.signatures] == ["in the file", "beside it", "in the C2PA manifest"]
    assert found.is_verified
    assert "trainedAlgorithmicMedia" in found.signatures[2].reason
    assert "which anybody can make" in str(found)
    side_file_of(path).unlink()
    assert wavewright.verify(path).sounds[0].is_verified


def test_what_is_signed_again_is_kept_and_a_manifest_stays_valid(path):
    wavewright.sign(path, c2pa=True)
    contents = path.read_bytes()
    assert not wavewright.sign(path, c2pa=True).is_new
    assert not wavewright.sign(path).is_new
    other = wavewright.new_key(path.parent / "other")
    assert not wavewright.sign(path, key=other.files[1].path).files[0].details["in_file"]
    assert path.read_bytes() == contents
    wavewright.sign(path, key=other.files[1].path, c2pa=True)
    assert report_of(path)[1] == "Valid"
    found = wavewright.verify(path, trust=(other.files[0].path,)).sounds[0]
    assert found.is_verified
    assert abs(path.stat().st_size - len(contents)) < 200


def test_a_manifest_is_of_the_whole_file(path):
    """Any bit of the sound or of the metadata counts, since the hash of C2PA covers all bytes outside the manifest."""
    wavewright.sign(path, c2pa=True)
    contents = path.read_bytes()
    manifest_start = contents.index(b"jumdc2pa")
    start = 1_000 if path.suffix == ".wav" else len(contents) - 600  # of the sound, which is in front of the manifest
    for position in (*range(start, start + 450, 90), manifest_start + 1_000):
        changed = bytearray(contents)
        changed[position] ^= 1
        path.write_bytes(changed)
        with suppress(WavewrightError):
            assert not wavewright.verify(path).sounds[0].is_verified
    path.write_bytes(contents)
    assert wavewright.verify(path).sounds[0].is_verified


def test_a_changed_tag_makes_the_manifest_invalid_alone(path):
    wavewright.sign(path, c2pa=True)
    changed = path.with_name(f"changed{path.suffix}")
    assert tags.write(path, changed, tags.read(path)[0] + b" ")
    found = wavewright.verify(changed).sounds[0]
    assert [each.status for each in found.signatures] == ["verified", "changed"]
    assert (found.status, found.is_verified) == ("changed", False)


def test_manifests_of_other_programs_are_read(path, own_keys):
    other = with_manifest(path)
    found = wavewright.verify(other).sounds[0]
    assert (found.status, found.record, found.signatures[0].key_id) == ("verified", None, "")
    assert "made by Other" in str(found)
    assert wavewright.verify(other, trust=(own_keys.files[0].path,)).sounds[0].status == "untrusted"
    assert read_manifest(path) is None


def test_a_record_copied_into_a_manifest_does_not_fit_another_sound(path, own_keys):
    wavewright.sign(path)
    text = tags.read(path)[0].decode()
    wave = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 4_000)).astype(np.float32)
    other = Clip(wave, RATE).write(path.with_name(f"b{path.suffix}"))
    action = {"action": "c2pa.created", "digitalSourceType": TRAINED}
    for data in ({"envelope": text}, {"envelope": "["}, {"envelope": 3}, {}, {"envelope": [text]}):
        assertion = {"label": "org.wavewright.outputs.provenance", "data": data}
        claims = {"assertions": [assertion, {"label": "c2pa.actions.v2", "data": {"actions": [action]}}]}
        found = wavewright.verify(with_manifest(other, claims), trust=(own_keys.files[0].path,)).sounds[0]
        assert not found.is_verified
        assert (found.status == "changed") == (data == {"envelope": text})


def test_nothing_is_fetched(path):
    """A file that names its manifest on the network is read without asking there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa"
        asked = threading.Event()

        def wait():
            try:
                server.accept()[0].close()
                asked.set()
            except OSError:
                pass

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        key = load_private_key()
        chain = certificate_chain(key).decode()
        signer = c2pa.Signer.from_callback(key.sign, c2pa.C2paSigningAlg.ED25519, chain, None)
        other = path.with_name(f"remote{path.suffix}")
        with path.open("rb") as source, other.open("w+b") as copy, c2pa.Builder({"assertions": []}) as builder:
            builder.set_no_embed()
            builder.set_remote_url(address)
            builder.add_action({"action": "c2pa.created", "digitalSourceType": TRAINED})
            builder.sign(signer, MIME_TYPES[path.suffix], source, copy)
        found = wavewright.verify(other).sounds[0]
        assert not found.is_verified
        assert not asked.is_set()


@pytest.mark.parametrize("format", ["ogg", "opus", "aiff"])
def test_other_formats_are_refused_in_a_sentence(tmp_path, format, capsys):
    path = Clip(np.full((1, 4_000), 0.1, np.float32), RATE).write(tmp_path / f"a.{format}", metadata=COMMENT)
    assert run(["sign", str(path), "--c2pa"]) == 2
    assert "C2PA knows WAV, FLAC and MP3 files, but neither Ogg nor Opus" in capsys.readouterr().err
    assert not side_file_of(path).exists()


def test_what_is_not_known_is_not_claimed(tmp_path):
    path = Clip(np.full((1, 4_000), 0.1, np.float32), RATE).write(tmp_path / "recorded.wav")
    with pytest.raises(BadSetting, match="how a sound came to be, which is not known of"):
        wavewright.sign(path, c2pa=True)
    with pytest.raises(BadSetting, match="beside_only and c2pa exclude each other"):
        wavewright.sign(path, c2pa=True, beside_only=True)
    assert not side_file_of(path).exists()


def test_without_the_extra_the_rest_is_verified(path, monkeypatch):
    wavewright.sign(path, c2pa=True)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = wavewright.verify(path).sounds[0]
    assert (found.is_verified, len(found.signatures)) == (True, 2)
    with pytest.raises(WavewrightError, match=r'pip install "\.\[c2pa\]"'):
        wavewright.sign(path, c2pa=True)
