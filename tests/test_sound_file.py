"""Sound files that no recorder writes: absurd levels, names without text, bytes that only look like MP3."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

import wavewright
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, BadFolder
from wavewright.data.folder import scan
from wavewright.data.inspect import inspect_clips

RATE = 8_000


def test_absurd_levels_are_refused_and_whole_numbers_taken_for_floats_are_not(tmp_path):
    wave = 0.5 * np.sin(np.arange(RATE) / 10)
    for scale, name in ((2.0**15, "integers.wav"), (1e30, "absurd.wav")):
        soundfile.write(tmp_path / name, wave * scale, RATE, subtype="FLOAT")
    assert np.abs(Clip.read(tmp_path / "integers.wav").wave).max() == pytest.approx(2.0**14, rel=1e-3)
    with pytest.raises(BadAudio, match=r"absurd\.wav holds a sample 5e\+28 times full scale, at 0\.0001 s; export"):
        Clip.read(tmp_path / "absurd.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing overflows on the way
        report = inspect_clips(scan(tmp_path), tmp_path)
    assert (report.n_clips, [each.what for each in report.failed]) == (1, ["absurd.wav"])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems store names as text")
def test_a_name_that_is_no_text_is_one_problem_of_a_folder(tmp_path):
    good = Clip(np.full((1, RATE), 0.5), RATE).write(tmp_path / "good.wav")
    with open(os.fsencode(tmp_path) + b"/bad\xff.wav", "wb") as file:  # noqa: PTH123 (a Path cannot hold these bytes)
        file.write(good.read_bytes())
    scanned = scan(tmp_path)
    assert [entry.path for entry in scanned.entries] == [good]
    assert "is not valid text on this system; rename the file." in scanned.failed[0].reason


def test_a_name_with_a_null_is_refused(tmp_path):
    (tmp_path / "list.jsonl").write_text('{"audio_filepath": "a\\u0000.wav"}', encoding="utf-8")
    with pytest.raises(BadFolder, match="is not valid text on this system"):
        scan(tmp_path / "list.jsonl")


def test_bytes_without_a_frame_are_no_mp3(tmp_path, capfd):
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(5_000))
    with pytest.raises(BadAudio, match=r"noise\.mp3 cannot be decoded") as refusal:
        Clip.read(tmp_path / "noise.mp3")
    assert "does not exist" not in str(refusal.value)


def opens_of(path, monkeypatch, work):
    """Return how often Python and libsndfile open a file while a function runs."""
    opened = []
    of_python, of_library = io.open, soundfile.SoundFile.__init__

    def count(file):
        opened.extend([file] if isinstance(file, str | os.PathLike) and Path(file) == path else [])

    def open_(file, *arguments, **named):
        count(file)
        return of_python(file, *arguments, **named)

    def init(self, file, *arguments, **named):
        count(file)
        of_library(self, file, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(io, "open", open_)
        patch.setattr(soundfile.SoundFile, "__init__", init)
        work()
    return len(opened)


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_a_sound_is_opened_for_each_thing_that_is_asked_of_it_once(tmp_path, monkeypatch, ending):
    path = Clip(np.full((1, 16_000), 0.25, np.float32), 16_000).write(tmp_path / f"a{ending}", metadata={"title": "A"})
    whole = Clip.read(path).wave

    def use():
        sound = open_sound(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]  # opens it once more
        for _ in range(2):
            assert (sound.hash, sound.tags["title"], sound.header.sample_rate) == (digest, "A", 16_000)
        np.testing.assert_array_equal(np.concatenate([*sound.blocks()], axis=1), whole)

    assert opens_of(path, monkeypatch, use) == 4 + 1
    edited = tmp_path / f"b{ending}"
    assert opens_of(path, monkeypatch, lambda: wavewright.edit(path, edited, do="gain -6dB", quiet=True)) == 4


def test_a_sound_may_be_replaced_while_it_is_open(tmp_path):
    """Nothing holds the file, which Windows would refuse to replace."""
    path = Clip(np.full((1, 8_000), 0.25, np.float32), 8_000).write(tmp_path / "a.wav")
    handles = Path("/proc/self/fd")
    n_before = len([*handles.iterdir()]) if handles.is_dir() else 0
    sound = open_sound(path)
    assert sound.metadata is sound.metadata
    assert sound.hash
    assert not n_before or len([*handles.iterdir()]) == n_before
    Clip(np.full((1, 8_000), 0.5, np.float32), 8_000).write(tmp_path / "b.wav").replace(path)
    np.testing.assert_allclose(next(sound.blocks()), 0.5)
