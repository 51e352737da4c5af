"""False alarms in recordings without key words: where they are, and the clips that are written of them."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate
from test_recognise import RATE, ToneClassifier, noise, tone

from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.data.folder import scan
from wavewright.inference.recognition import false_alarms
from wavewright.inference.recognition.false_alarms import find_alarms, peaks, write_alarms
from wavewright.models import find


@pytest.fixture
def recordings(tmp_path) -> Path:
    """Noise of ten seconds, in which a tone of one key word begins at 3 s, and one of the other at 7 s."""
    folder = tmp_path / "talks"
    folder.mkdir()
    for name, frequency, start in (("a", 1_000, 3), ("b", 2_000, 7)):
        wave = noise(10)
        wave[start * RATE : (start + 2) * RATE] = tone(frequency, 2)
        soundfile.write(folder / f"{name}.wav", wave, RATE, subtype="FLOAT")
    soundfile.write(folder / "c.wav", np.zeros(5 * RATE), RATE)
    return folder


def test_peaks_come_from_the_largest_on_and_keep_a_distance():
    confidences = np.array([[0.1, 0.2], [0.9, 0.3], [0.8, 0.1], [0.2, 0.1], [0.0, 0.6], [0.3, 0.04]])
    assert list(peaks(confidences, 0.05, 1)) == [(1, 0), (4, 1)]
    assert list(peaks(confidences, 0.05, 0)) == [(1, 0), (2, 0), (4, 1), (5, 0), (0, 1), (3, 0)]
    assert not list(peaks(np.zeros((0, 2)), 0.05, 1))


def test_alarms_are_found_where_the_words_are(recordings):
    alarms, problems = find_alarms(ToneClassifier(), scan(recordings, "none").entries, smallest=0.5)
    assert not problems
    assert {(alarm.entry.path.name, alarm.label) for alarm in alarms} == {("a.wav", "low"), ("b.wav", "high")}
    for alarm in alarms:
        start = {"low": 3, "high": 7}[alarm.label]
        assert start < alarm.seconds < start + 3
    confidences = [alarm.confidence for alarm in alarms]
    assert confidences == sorted(confidences, reverse=True)


def test_the_most_confident_are_kept(recordings):
    entries = scan(recordings, "none").entries
    every, _ = find_alarms(ToneClassifier(), entries, smallest=0.0)
    assert find_alarms(ToneClassifier(), entries, most=2, smallest=0.0)[0] == every[:2]


def test_a_clip_has_the_sound_of_its_alarm(recordings, tmp_path):
    written = write_alarms(ToneClassifier(), scan(recordings, "none").entries, tmp_path / "_hard", most=1)
    [path] = written.sound_files
    clip, rate = soundfile.read(path)
    recording, _ = soundfile.read(recordings / f"{'a' if written.files[0].details['label'] == 'low' else 'b'}.wav")
    model = ToneClassifier()
    assert rate == model.sample_rate
    assert len(clip) == round(1.9 * model.window_samples)
    sums = np.concatenate([[0.0], np.cumsum(recording**2)])
    energy = sums[len(clip) :] - sums[: -len(clip)]
    start = int(np.argmin(energy - 2 * correlate(recording, clip, "valid", "fft")))  # where the squared error is least
    assert np.abs(recording[start : start + len(clip)] - clip).max() < 1e-4


def test_recordings_of_the_same_name_have_clips_of_their_own(recordings, tmp_path):
    entries = []
    for name in ("first", "second"):
        folder = tmp_path / name / "talk"
        folder.mkdir(parents=True)
        (folder / "a.wav").write_bytes((recordings / "a.wav").read_bytes())
        entries += scan(folder, "none").entries
    written = write_alarms(ToneClassifier(), entries, tmp_path / "_hard", smallest=0.5)
    assert set(written.sound_files) == set((tmp_path / "_hard").iterdir())
    assert len(set(written.sound_files)) == len(written.files) >= 2
    assert any(path.stem.endswith("-2") for path in written.sound_files)


def test_clips_of_one_recording_are_those_of_its_whole_wave():
    rng = np.random.default_rng(0)
    for _ in range(20):
        wave = rng.standard_normal((1, 500)).astype(np.float32)
        blocks = np.split(wave, np.sort(rng.integers(0, 500, 6)), axis=1)
        ends = np.sort(rng.integers(1, 540, 5)).tolist()
        for end, last in zip(ends, false_alarms._last_samples(blocks, ends, 60), strict=True):
            assert np.array_equal(last, wave[:, max(0, end - 60) : end])


def test_clips_of_earlier_alarms_stay(recordings, tmp_path):
    folder = tmp_path / "_hard"
    entries = scan(recordings, "none").entries
    first = set(write_alarms(ToneClassifier(), entries[:1], folder).sound_files)
    second = set(write_alarms(ToneClassifier(), entries[1:], folder).sound_files)
    assert set(folder.iterdir()) == first | second
    assert len(first) + len(second) == len(first | second)


def test_no_clip_is_written_where_one_cannot_be(recordings, tmp_path, monkeypatch):
    written = []

    def write_two(clip, path):
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        path.write_bytes(b"")

    folder = tmp_path / "_hard"
    entries = scan(recordings, "none").entries
    earlier = set(write_alarms(ToneClassifier(), entries[:1], folder).sound_files)
    monkeypatch.setattr(false_alarms.Clip, "write", write_two)
    with pytest.raises(OSError, match="No space left") as raised:
        write_alarms(ToneClassifier(), entries, folder, most=50)
    assert len(written) == 2
    assert set(folder.rglob("*")) == earlier
    assert str(raised.value.filename).startswith(f"{folder}/")


def test_a_folder_that_is_no_background_label_is_refused_before_anything_is_read(recordings, tmp_path):
    with pytest.raises(BadSetting, match="_hard"):
        write_alarms(ToneClassifier(), [], tmp_path / "hard")
    assert not (tmp_path / "hard").exists()


def test_recordings_of_which_none_can_be_read_are_refused(recordings, tmp_path):
    entries = scan(recordings, "none").entries[:1]
    (recordings / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(BadFolder, match="None of the recordings"):
        write_alarms(ToneClassifier(), entries, tmp_path / "_hard")


def test_the_command_writes_clips_and_says_so(tmp_path, capsys):
    wave = 0.7 * np.random.default_rng(0).uniform(-1, 1, 2 * 44_100)
    soundfile.write(tmp_path / "x.wav", wave, 44_100)
    arguments = ["collect-alarms", "drum-classifier", str(tmp_path / "x.wav"), "--out", str(tmp_path / "_hard")]
    assert run([*arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = [file["path"] for file in printed["files"]]
    assert sorted(written) == sorted(str(path) for path in (tmp_path / "_hard").iterdir())
    assert written
    assert run(arguments) == 0
    assert "false alarms of a confidence of at least" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_named(tmp_path, capsys):
    soundfile.write(tmp_path / "x.wav", 0.7 * np.random.default_rng(0).uniform(-1, 1, 2 * 44_100), 44_100)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    files = [str(tmp_path / name) for name in ("x.wav", "broken.wav")]
    assert run(["collect-alarms", "drum-classifier", *files, "--out", str(tmp_path / "_hard")]) == 2
    printed = capsys.readouterr().out
    assert "false alarms" in printed
    assert "broken.wav" in printed


def test_a_file_that_calibration_cannot_read_is_named(tmp_path, capsys):
    shutil.copytree(find("drum-classifier"), tmp_path / "model")
    soundfile.write(tmp_path / "x.wav", 0.7 * np.random.default_rng(0).uniform(-1, 1, 2 * 44_100), 44_100)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    files = [str(tmp_path / name) for name in ("x.wav", "broken.wav")]
    assert run(["calibrate-recogniser", str(tmp_path / "model"), *files]) == 2
    printed = capsys.readouterr().out
    assert "threshold" in printed
    assert "broken.wav" in printed


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "_hard").write_bytes(b"")
    with pytest.raises(BadSetting, match="is a file"):
        write_alarms(ToneClassifier(), [], tmp_path / "_hard")


def test_a_bundled_model_is_not_calibrated(tmp_path, capsys):
    (tmp_path / "x.wav").write_bytes(b"")
    assert run(["calibrate-recogniser", "drum-classifier", str(tmp_path / "x.wav")]) == 2
    assert "comes with Wavewright" in capsys.readouterr().err
