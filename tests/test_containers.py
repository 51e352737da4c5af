"""Containers that FFmpeg opens: tags of old recorders, playlists under other names, files that break a library."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("av")

import av

import wavewright
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.file_kind import CONTAINERS
from wavewright.audio.metadata_file import text_of_tag
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio

RATE = 16_000
KINDS = {"m4a": "aac", "avi": "pcm_s16le", "wv": "wavpack", "mka": "pcm_s16le", "flv": "mp3"}
PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile {}\n",
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{}</BaseURL></MPD>',
    "ffmetadata": ";FFMETADATA1\ntitle={}\n",
}


def container(path, codec, **tags):
    """Write half a second of noise with PyAV."""
    wave = np.random.default_rng(0).uniform(-0.3, 0.3, (1, RATE // 2)).astype(np.float32)
    rate = 44_100 if path.suffix == ".flv" else RATE
    with av.open(str(path), "w") as written:
        written.metadata.update(tags)
        stream = written.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(stream.format.name, "mono", rate, stream.frame_size or None)
        frame = av.AudioFrame.from_ndarray(wave, "fltp", "mono")
        frame.sample_rate = RATE
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            for packet in stream.encode(part):
                written.mux(packet)
        for packet in stream.encode(None):
            written.mux(packet)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_tags_that_are_not_utf_8_are_read(tmp_path, kind):
    """As recorders in Windows' alphabet wrote them; the sound is that of the file with the tag in ASCII."""
    path = container(tmp_path / f"a.{kind}", KINDS[kind], title="Caf~ No 5")
    plain = np.concatenate(list(open_sound(path).chunks()), axis=1)
    contents = path.read_bytes()
    old = b"Caf~ No 5" if b"Caf~ No 5" in contents else "Caf~ No 5".encode("utf-16-le")
    assert contents.count(old) >= 1
    is_bytes = old == b"Caf~ No 5"
    path.write_bytes(contents.replace(old, b"Caf\xe9 No 5" if is_bytes else "Café No 5".encode("utf-16-le")))
    assert open_sound(path).tags["title"] == "Café No 5"
    np.testing.assert_array_equal(np.concatenate(list(open_sound(path).chunks()), axis=1), plain)
    rate = open_sound(path).header.sample_rate
    assert wavewright.analyse(path, quiet=True).seconds == pytest.approx(plain.shape[1] / rate)


def test_texts_of_tags():
    for text in ("plain", "Zoë 名", "ｆｕｌｌ"):
        assert text_of_tag(text) == text
    assert text_of_tag(b"Zo\xeb \x80".decode("utf-8", "surrogateescape")) == "Zoë €"
    assert text_of_tag(b"\x81\xff".decode("utf-8", "surrogateescape")) == "\x81ÿ"


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("ending", ["mp4", "mkv", "m4a", "avi", "wma", "aac"])
def test_a_playlist_under_another_name_opens_nothing(tmp_path, name, ending):
    soundfile.write(tmp_path / "private.wav", np.full(RATE, 0.25), RATE)
    path = tmp_path / f"list.{ending}"
    path.write_text(PLAYLISTS[name].format("private.wav"))
    for read in (open_sound, Clip.read):
        with pytest.raises(BadAudio, match=r"copy or export it again|no sound file"):
            read(path)


def test_the_listed_containers_exist():
    assert not [name for name in CONTAINERS if name not in av.formats_available]
    assert not {"concat", "hls", "dash", "sdp", "lavfi", "image2", "rtsp", "applehttp"} & {*CONTAINERS}


def test_one_bad_file_stops_no_folder(tmp_path, monkeypatch, capsys):
    """Whatever a file does to a library: here, errors that no sound file should cause."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    for name in ("a.wav", "b.wav", "c.wav", "d.wav"):
        soundfile.write(folder / name, np.sin(np.arange(RATE) / 9) / 4, RATE)
    container(folder / "e.wv", "wavpack", title="Caf~")
    (folder / "e.wv").write_bytes((folder / "e.wv").read_bytes().replace(b"Caf~", b"Caf\xe9"))
    errors = {
        "b.wav": UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "x"),
        "c.wav": ZeroDivisionError(),
        "d.wav": OSError(5),
    }

    from wavewright.audio import sound_file

    open_sound = sound_file._finite

    def failing(path, *arguments):
        if path.name in errors:
            raise errors[path.name]
        return open_sound(path, *arguments)

    monkeypatch.setattr(sound_file, "_finite", failing)
    command = ["edit", str(folder), "--do", "gain -3dB", "--out", str(tmp_path / "out"), "--workers", "1", "--json"]
    assert run(command) == 2
    result = json.loads(capsys.readouterr().out)
    failed = {Path(each["what"]).name: each["reason"] for each in result["failed"]}
    assert {*failed} == {*errors}
    assert len(result["files"]) == 2
    assert "please report it" in failed["c.wav"]
    assert all(reason.endswith((".", "file.")) for reason in failed.values())
