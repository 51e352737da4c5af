"""Sound files that no recorder writes: absurd levels, names without text, bytes that only look like MP3."""

from __future__ import annotations

import os
import sys
import warnings

import numpy as np
import pytest
import soundfile

from wavewright.audio.clip import Clip
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
    assert (report.n_clips, list(report.unusable)) == (1, ["absurd.wav"])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems store names as text")
def test_a_name_that_is_no_text_is_one_problem_of_a_folder(tmp_path):
    good = Clip(np.full((1, RATE), 0.5), RATE).write(tmp_path / "good.wav")
    with open(os.fsencode(tmp_path) + b"/bad\xff.wav", "wb") as file:  # noqa: PTH123 (a Path cannot hold these bytes)
        file.write(good.read_bytes())
    scanned = scan(tmp_path)
    assert [entry.path for entry in scanned.entries] == [good]
    assert "is not valid text on this system; rename the file." in scanned.problems[0].reason


def test_a_name_with_a_null_is_refused(tmp_path):
    (tmp_path / "list.jsonl").write_text('{"audio_filepath": "a\\u0000.wav"}', encoding="utf-8")
    with pytest.raises(BadFolder, match="is not valid text on this system"):
        scan(tmp_path / "list.jsonl")


def test_bytes_without_a_frame_are_no_mp3(tmp_path, capfd):
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(5_000))
    with pytest.raises(BadAudio, match=r"noise\.mp3 cannot be decoded") as refusal:
        Clip.read(tmp_path / "noise.mp3")
    assert "does not exist" not in str(refusal.value)
