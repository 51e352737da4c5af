"""Every kind of sound file is read, from any start; pipes and devices named like one are refused without waiting."""

from __future__ import annotations

import os
import socket
import sys

import numpy as np
import pytest
import soundfile

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, BadText, SoundWarning
from wavewright.data.folder import scan
from wavewright.data.manifest import is_metadata
from wavewright.speech.chapters import find_chapters

FORMATS = ("AIFF", "AU", "CAF", "FLAC", "MP3", "OGG", "RF64", "W64", "WAV", "WAVEX")
RATE = 16_000
LOSSY = {
    **dict.fromkeys(("ALAW", "ULAW", "PCM_U8", "PCM_S8", "DPCM_8", "DWVW_12"), 0.02),
    **dict.fromkeys(("IMA_ADPCM", "MS_ADPCM", "G721_32", "G723_24", "G723_40", "VORBIS"), 0.1),
    **dict.fromkeys(("OPUS", "GSM610", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"), 0.35),
    **dict.fromkeys(("MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"), 0.1),
}
"""The largest difference from what was written, of full scale."""
DELAYED = ("MPEG_LAYER_I", "MPEG_LAYER_II")  # no encoder of libsndfile's

KINDS = [
    (name, subtype) for name in FORMATS for subtype in soundfile.available_subtypes(name) if subtype not in DELAYED
]


def write(path, name, subtype, wave, rate=RATE, endian="FILE"):
    try:
        with soundfile.SoundFile(path, "w", rate, wave.shape[1], subtype, endian, name) as file:
            file.write(wave)
    except soundfile.LibsndfileError:
        pytest.skip("libsndfile does not write this kind")


@pytest.mark.parametrize(("name", "subtype"), KINDS)
@pytest.mark.parametrize("n_samples", [4_801, 16_000])
def test_healthy_sound_is_read_from_any_start(tmp_path, name, subtype, n_samples):
    wave = (0.4 * np.sin(np.arange(n_samples) / 20)).astype(np.float32)[:, None]
    path = tmp_path / f"sound.{'wav' if name == 'WAVEX' else name.lower()}"
    write(path, name, subtype, wave)
    clip = Clip.read(path)
    assert clip.sample_rate == RATE
    assert n_samples <= clip.n_samples <= n_samples + 2_304, "block codecs pad the end"
    middle = slice(n_samples // 8, -n_samples // 8)
    assert np.abs(clip.wave[0, :n_samples][middle] - wave[middle, 0]).max() <= LOSSY.get(subtype, 0.002)
    for start in (0.05, 0.123, 0.29):
        later = Clip.read(path, start).wave
        np.testing.assert_array_equal(later, clip.wave[:, round(start * RATE) :])
    assert [entry.n_frames for entry in scan(tmp_path, "none").entries] == [clip.n_samples]


def test_an_au_file_of_the_other_byte_order_is_read(tmp_path):
    wave = np.linspace(-0.5, 0.5, 1_000)[:, None]
    for endian in ("BIG", "LITTLE"):
        write(tmp_path / f"{endian}.au", "AU", "PCM_16", wave, endian=endian)
        np.testing.assert_allclose(Clip.read(tmp_path / f"{endian}.au").wave[0], wave[:, 0], atol=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_without_waiting(tmp_path, monkeypatch, kind, capsys):
    monkeypatch.chdir(tmp_path)
    Clip(np.full((1, 8_000), 0.25, np.float32), 8_000).write("good.wav")
    for name in ("bad.wav", "bad.wwc", "bad.txt", "metadata.csv", "bad.safetensors"):
        if kind == "pipe":
            os.mkfifo(name)
        elif kind == "device":
            os.symlink("/dev/zero", name)  # noqa: PTH211
        else:
            with socket.socket(socket.AF_UNIX) as opened:
                opened.bind(name)
    with pytest.raises(BadAudio, match=r"bad\.wav is a pipe, socket or device; save the sound to a file"):
        Clip.read("bad.wav")
    scanned = scan(tmp_path)
    assert [entry.path.name for entry in scanned.entries] == ["good.wav"]
    assert [problem.what.name for problem in scanned.failed] == ["bad.wav"]
    assert not is_metadata(tmp_path / "metadata.csv")
    with pytest.raises(BadText, match=r"bad\.txt is a pipe, socket or device; save the text"):
        find_chapters(tmp_path / "bad.txt")
    assert run(["data", "inspect", "."]) == 0
    assert "bad.wav is a pipe, socket or device" in capsys.readouterr().out
    for arguments in (["decode", "bad.wwc"], ["decode", "bad.safetensors"], ["encode", "bad.wav"], ["plot", "bad.wav"]):
        assert run(arguments) == 2
    assert capsys.readouterr().err.count("bad.") >= 4


def test_a_name_that_is_too_long_is_one_problem_among_others(tmp_path):
    Clip(np.full((1, 8_000), 0.25, np.float32), 8_000).write(tmp_path / "good.wav")
    lines = [f'{{"audio_filepath": "{name}"}}\n' for name in ("good.wav", "n" * 300 + ".wav", "d/" * 3_000 + "a.wav")]
    (tmp_path / "list.jsonl").write_text("".join(lines))
    scanned = scan(tmp_path / "list.jsonl")
    assert (len(scanned.entries), len(scanned.failed)) == (1, 2)


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("places", [(0.5,), (0.2, 0.7), (0.3, 0.31, 0.9)])
def test_what_follows_damaged_frames_of_a_flac_file_is_read(tmp_path, n_channels, places):
    """Frames are independent of each other: other samples are those that were written, at their places."""
    random = np.random.default_rng(0)
    wave = random.integers(-9_000, 9_000, (20 * RATE, n_channels)).astype(np.int16)
    path = tmp_path / "a.flac"
    soundfile.write(path, wave, RATE, "PCM_16")
    content = bytearray(path.read_bytes())
    for place in places:
        start = int(place * len(content))
        content[start : start + 60] = b"\xaa" * 60
    path.write_bytes(content)
    with pytest.warns(SoundWarning, match=r"damaged or cut short after .* What can be decoded was read"):
        read = Clip.read(path)
    assert read.n_samples == len(wave)
    differs = (read.wave != wave.T / 2**15).any(axis=0)
    assert 0 < differs.sum() <= 2 * 4_096 * len(places)
    for start in np.flatnonzero(np.diff(differs.astype(int)) == 1) / len(wave):
        assert min(abs(start - place) for place in places) < 0.04
    with pytest.raises(BadAudio, match="copy or export it again"):
        list(open_sound(path).chunks(strict=True))


def test_a_flac_file_that_was_cut_short_ends_there(tmp_path):
    wave = np.random.default_rng(0).integers(-9_000, 9_000, 20 * RATE).astype(np.int16)
    soundfile.write(tmp_path / "a.flac", wave, RATE, "PCM_16")
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 3])
    with pytest.warns(SoundWarning, match="cut short"):
        read = Clip.read(tmp_path / "a.flac")
    assert 0.3 < read.n_samples / len(wave) < 0.34
    np.testing.assert_array_equal(read.wave[0], wave[: read.n_samples] / np.float32(2**15))
