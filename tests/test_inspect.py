"""Inspection: every defect of a folder is listed, and a clean folder has none."""

import json
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder
from wavewright.data import own_output
from wavewright.data.duplicates import NEAR_DUPLICATE_DB, distances_db, equal_sets, fingerprint, near_duplicates
from wavewright.data.folder import scan
from wavewright.data.inspect import inspect_clips, measure
from wavewright.dsp.mel import mel_spectrogram
from wavewright.dsp.onset import onset_sample
from wavewright.outputs.watermark.marking import mark_wave
from wavewright.tasks.inspect_data import inspect

RATE = 16_000


def drum(frequency_hz: float, decay_seconds: float = 0.05, seconds: float = 0.3, seed: int = 0) -> np.ndarray:
    """A decaying tone with a noisy stroke, peak below 0.5: ``(time,)``."""
    time = np.arange(int(seconds * RATE)) / RATE
    stroke = np.random.default_rng(seed).uniform(-1, 1, time.size) * np.exp(-time / 0.005)
    return 0.3 * np.sin(2 * np.pi * frequency_hz * time) * np.exp(-time / decay_seconds) + 0.15 * stroke


def write_sound(path: Path, wave: np.ndarray, sample_rate: int = RATE, subtype: str = "PCM_16") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.round(32767 * wave).astype(np.int16) if subtype == "PCM_16" else wave
    soundfile.write(path, samples, sample_rate, subtype=subtype)
    return path


def measured(tmp_path: Path, wave: np.ndarray):
    write_sound(tmp_path / "1.wav", wave, subtype="FLOAT")
    return measure(scan(tmp_path).entries[0])


def test_measures_match_their_definitions(tmp_path):
    wave = np.stack([drum(200), 0.5 * drum(300) + 0.02], axis=1)
    actual = measured(tmp_path, np.concatenate([np.zeros((1600, 2)), wave, np.zeros((800, 2))]))
    stored = np.concatenate([np.zeros((1600, 2)), wave, np.zeros((800, 2))]).astype(np.float32)
    assert actual.peak == pytest.approx(np.abs(stored).max())
    assert actual.rms == pytest.approx(np.sqrt(np.mean(stored.astype(np.float64) ** 2)), rel=1e-6)
    assert actual.dc_offset == pytest.approx(stored[:, 1].mean(dtype=np.float64), rel=1e-5)
    assert actual.seconds == pytest.approx(0.45)
    assert actual.leading_silence_seconds == pytest.approx(0.1, abs=0.001)
    assert actual.trailing_silence_seconds == pytest.approx(0.05, abs=0.001)
    assert (actual.n_clipped, actual.is_silent) == (0, False)


def test_clipping_counts_runs_of_full_scale_across_blocks(tmp_path):
    wave = np.zeros(21 * RATE)
    wave[100:103] = 1.0  # three in a row: a loud peak, not clipping
    wave[500:504] = -1.0
    wave[900:950] = 1.0
    wave[10 * RATE - 2 : 10 * RATE + 2] = 1.0  # across the border of two blocks
    assert measured(tmp_path, wave).n_clipped == 3


def test_a_loud_low_tone_below_full_scale_is_not_clipped(tmp_path):
    assert measured(tmp_path, np.sin(2 * np.pi * 60 * np.arange(RATE) / RATE)).n_clipped == 0


def test_the_hash_is_of_the_sound_and_not_of_the_file(tmp_path):
    wave = drum(150)
    one = measure(scan(write_sound(tmp_path / "a" / "1.wav", wave).parent).entries[0])
    two = measure(scan(write_sound(tmp_path / "b" / "1.flac", wave).parent).entries[0])
    other = measure(scan(write_sound(tmp_path / "c" / "1.wav", wave, sample_rate=8000).parent).entries[0])
    assert one.audio_hash == two.audio_hash != other.audio_hash


def test_fingerprints_ignore_level_and_lead_but_not_the_drum():
    wave = drum(150)
    marks = np.stack(
        [
            fingerprint(wave, RATE),
            fingerprint(0.01 * wave, RATE),
            fingerprint(np.concatenate([np.zeros(5000), wave]), RATE),
            fingerprint(drum(150, seed=1), RATE),
            fingerprint(drum(400, decay_seconds=0.15), RATE),
        ]
    )
    distances = distances_db(marks, marks)
    assert marks.shape == (5, 1200)
    assert marks.max() == 50 == pytest.approx(marks[0].max())
    assert distances[0, 1] < 0.01
    assert distances[0, 2] < 0.5
    assert distances[0, 3] < NEAR_DUPLICATE_DB < distances[0, 4]
    np.testing.assert_allclose(distances, distances.T, atol=1e-3)
    assert near_duplicates(marks) == [[0, 1, 2, 3]]


def test_distance_is_the_root_mean_square_over_active_cells():
    some = np.array([[3.0, 0.0, 4.0, 0.0]], dtype=np.float32)
    others = np.array([[0.0, 0.0, 4.0, 12.0], [3.0, 0.0, 4.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(distances_db(some, others), [[np.sqrt((9 + 144) / 3), 0]], rtol=1e-5)


def test_near_duplicates_are_linked_through_each_other():
    line = np.array([[10.0], [13.0], [40.0], [16.0], [43.5], [90.0]], dtype=np.float32)
    assert near_duplicates(line) == [[0, 1, 3], [2, 4]]
    assert near_duplicates(np.empty((0, 3), np.float32)) == []
    assert equal_sets(["b", "a", "b", "c", "a"]) == [[0, 2], [1, 4]]


@pytest.fixture
def flawed_folder(tmp_path) -> Path:
    write_sound(tmp_path / "kick" / "good.wav", drum(60, 0.1))
    write_sound(tmp_path / "kick" / "copy.flac", drum(60, 0.1))
    write_sound(tmp_path / "kick" / "soft.wav", 0.3 * drum(60, 0.1, seed=1))
    write_sound(tmp_path / "kick" / "silent.wav", np.zeros(4000))
    write_sound(tmp_path / "snare" / "clipped.wav", np.clip(20 * drum(1000, 0.2), -1, 1))
    write_sound(tmp_path / "snare" / "offset.wav", 0.5 * drum(2000, 0.02) + 0.1)
    write_sound(tmp_path / "snare" / "late.wav", np.concatenate([np.zeros(4000), drum(3000, 0.3)]))
    write_sound(tmp_path / "hat" / "tail.wav", np.concatenate([drum(5000, 0.01, seed=5), np.zeros(30_000)]), 22_050)
    write_sound(tmp_path / "hat" / "nan.wav", np.array([0.1, np.nan, 0.2]), subtype="FLOAT")
    write_sound(tmp_path / "hat" / "click.wav", np.array([0.5]))
    (tmp_path / "hat" / "empty.wav").write_bytes(b"")
    return tmp_path


def test_every_defect_is_listed(flawed_folder):
    report = inspect(flawed_folder)

    assert report.n_clips == 9
    assert report.labels == {"hat": 2, "kick": 4, "snare": 3}
    assert report.sample_rates == {16_000: 8, 22_050: 1}
    assert report.channels == {1: 9}
    assert report.hours * 3600 == pytest.approx((5 * 0.3 + 0.25 + 0.55 + 34_800 / 22_050 + 1 / RATE), rel=1e-6)
    assert report.seconds["max"] == pytest.approx(34_800 / 22_050)
    assert report.silent == ["kick/silent.wav"]
    assert report.too_short == ["hat/click.wav"]
    assert report.clipped == ["snare/clipped.wav"]
    assert report.dc_offset == ["hat/click.wav", "snare/offset.wav"]
    assert report.leading_silence == ["snare/late.wav"]
    assert report.trailing_silence == ["hat/tail.wav"]
    assert report.duplicates == [["kick/copy.flac", "kick/good.wav"]]
    assert report.near_duplicates == [["kick/copy.flac", "kick/good.wav", "kick/soft.wav"]]
    assert [each.what for each in report.failed] == ["hat/empty.wav", "hat/nan.wav"]
    assert "not a finite number" in report.failed[1].reason


def test_recordings_with_the_mark_of_generated_sound_are_listed(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(4):
        wave = 0.1 * rng.standard_normal((1, 3 * RATE)).astype(np.float32)
        wave = mark_wave(wave, RATE) if index % 2 else wave
        write_sound(tmp_path / "noise" / f"{index}.wav", wave[0])
    report = inspect(tmp_path)
    assert report.marked == ["noise/1.wav", "noise/3.wav"]
    assert any("2 clips are marked as generated by Wavewright (noise/1.wav" in warning for warning in report.warnings)


def test_short_recordings_with_the_mark_are_detected_together(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(30):
        write_sound(tmp_path / "hit" / f"{index:02d}.wav", mark_wave(0.1 * rng.standard_normal((1, 3_200)), RATE)[0])
    assert len(inspect(tmp_path).marked) == 30


def test_training_warns_of_marked_recordings_and_takes_little_time_for_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for index in range(40):
        wave = 0.1 * rng.standard_normal((1, 2 * RATE)).astype(np.float32)
        write_sound(tmp_path / f"{index:02d}.wav", (mark_wave(wave, RATE) if index < 20 else wave)[0])
    entries = scan(tmp_path, "none").entries
    messages: list[str] = []
    monkeypatch.setattr(own_output, "monotonic", lambda: 0.0)
    own_output.warn_of_marked(entries, messages.append)
    marked, searched = own_output.search_marked(entries)
    assert len(searched) == own_output.MAX_SEARCHED
    assert marked == [entry for entry in searched if entry.path.name < "20"]
    assert messages[0].startswith(f"warning: {len(marked)} of 32 recordings, drawn at random, have the mark")
    own_output.warn_of_marked(entries[20:], messages.append)
    assert len(messages) == 1
    clock = iter(range(0, 100))
    monkeypatch.setattr(own_output, "monotonic", lambda: 0.9 * next(clock))
    assert len(own_output.search_marked(entries, 2.0)[1]) == 2  # it ends at the third, which is after 2.7 s


def test_the_report_names_defects_and_remedies(flawed_folder):
    report = inspect(flawed_folder)
    text = str(report)
    assert "! 1 clip is silent (kick/silent.wav): training leaves out silent clips." in text.splitlines()
    assert (
        f"! {flawed_folder / 'hat' / 'empty.wav'} is an empty file; copy or export the sound again."
        in text.splitlines()
    )
    assert "1 clip is a copy of another (kick/copy.flac = kick/good.wav): keep one of each" in text
    assert "divide them by group" in text
    assert "the lowest, 16000 Hz, leaves nothing above 8000 Hz" in text
    assert json.loads(report.to_json())["warnings"] == list(report.warnings)


def test_a_clean_folder_has_no_warnings(tmp_path):
    for number in range(20):
        frequency_hz = 80 * 1.28**number
        write_sound(tmp_path / f"{number}.wav", drum(frequency_hz, 0.02 + 0.01 * (number % 4), seed=number))
    report = inspect(tmp_path)
    assert (report.warnings, report.labels, report.near_duplicates) == ((), {"none": 20}, [])
    assert str(report).endswith("Nothing is wrong with it.")


def test_one_clip_is_too_few_and_has_no_spread(tmp_path):
    write_sound(tmp_path / "1.wav", 0.5 * np.ones(RATE, np.float32) * np.sign(np.sin(np.arange(RATE))))
    lines = str(inspect(tmp_path)).splitlines()
    assert lines[0] == f"{tmp_path}: 1 clip, 1.0 s"
    assert "length    1.00 s" in lines
    assert lines[-1] == "! There are fewer than 20 training clips: add clips."


def test_of_many_unusable_files_a_screenful_is_named(tmp_path):
    write_sound(tmp_path / "good.wav", drum(100))
    for number in range(25):
        (tmp_path / f"{number:02}.wav").write_bytes(b"")
    report = inspect(tmp_path)
    assert sum("is an empty file" in warning for warning in report.warnings) == 20
    assert "5 more files cannot be used; --json lists all." in report.warnings
    assert len(report.failed) == 25


def test_progress_counts_the_clips(tmp_path):
    write_sound(tmp_path / "1.wav", drum(100))
    write_sound(tmp_path / "2.wav", drum(200))
    calls = []
    inspect_clips(scan(tmp_path), tmp_path, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


def test_a_folder_of_damaged_files_is_refused(tmp_path):
    write_sound(tmp_path / "nan.wav", np.array([0.1, np.nan]), subtype="FLOAT")
    with pytest.raises(BadFolder, match=r"no sound that can be used: .*nan\.wav"):
        inspect(tmp_path)


def test_the_fingerprint_is_that_of_all_frames():
    rng = np.random.default_rng(4)
    for n in (80, 1_600, 1_700, 9_000, 15_840, 15_841, 40_000):
        wave = rng.normal(size=n).astype(np.float32) * np.exp(-np.arange(n) / 3_000).astype(np.float32)
        head = np.zeros(15_841, np.float32)
        from_onset = wave[onset_sample(wave, 16_000) :][:15_841]
        head[: from_onset.size] = from_onset
        cells = mel_spectrogram(head, 16_000, 1024, 160, 48).reshape(48, -1, 4).mean(axis=2)
        level_db = 10 * np.log10(np.maximum(cells, 1e-20))
        expected = np.maximum(level_db - level_db.max() + 50, 0)
        np.testing.assert_allclose(fingerprint(wave, 16_000), expected.ravel(), atol=0.01)


def test_channels_that_cancel_and_samples_on_another_scale_are_named(tmp_path):
    sine = 0.5 * np.sin(np.arange(8_000) / 7)
    other = 0.5 * np.sin(np.arange(8_000) / 5)
    sounds = {"anti": [sine, -sine], "nearly": [sine, -0.9 * sine], "wide": [sine, other], "mono": [sine]}
    for name, channels in sounds.items():
        soundfile.write(tmp_path / f"{name}.wav", np.stack(channels, axis=1), 8_000, subtype="FLOAT")
    soundfile.write(tmp_path / "integers.wav", 32_767 * sine, 8_000, subtype="FLOAT")
    report = inspect(tmp_path)
    assert report.antiphase == ["anti.wav", "nearly.wav"]  # 20 log10(0.05 / sqrt((1 + 0.81) / 2)) = -25.6 dB
    assert report.off_scale == ["integers.wav"]
    assert any("in antiphase" in warning and "anti.wav" in warning for warning in report.warnings)
    assert any("perhaps scaled as integers" in warning for warning in report.warnings)


def test_a_folder_of_scores_is_inspected(tmp_path):
    for name, pitches in {"a.mid": (60, 64, 67), "b.mid": (62, 65), "copy.mid": (60, 64, 67)}.items():
        file = mido.MidiFile(ticks_per_beat=480)
        track = mido.MidiTrack([mido.MetaMessage("time_signature", numerator=3, denominator=4)])
        for pitch in pitches:
            track += [mido.Message("note_on", note=pitch), mido.Message("note_off", note=pitch, time=480)]
        file.tracks.append(track)
        file.save(tmp_path / name)
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    report = inspect(tmp_path)
    assert (report.n_scores, report.n_notes, report.metres) == (3, 8, {"3/4": 3})
    assert report.hours * 3600 == pytest.approx(8 * 0.5)
    assert report.duplicates == [["a.mid", "copy.mid"]]
    assert [each.what for each in report.failed] == ["broken.mid"]
    assert "3 scores" in str(report)
    assert "a.mid = copy.mid" in str(report)
    assert run(["data", "inspect", str(tmp_path)]) == 0
