"""Clips made like recordings: ends, spectrum, noise; folders of clips and procedures as sources."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.data.labelled import SAMPLE_RATE, SECONDS, SOUNDS, ProceduralLabels
from wavewright.training.clip_sources import FolderOfClips, MatchedSource, RecordingMatch, cut_ends, edges_db, match_of

RATE = 8_000


def noise(seed: int, n_samples: int = RATE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n_samples)


def level_db(wave: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequency = np.fft.rfftfreq(len(wave), 1 / RATE)
    return float(10 * np.log10(power[(frequency >= low_hz) & (frequency < high_hz)].mean()))


def test_a_clip_gets_a_part_of_the_spectrum_of_a_recording():
    dull = sosfilt(butter(2, 600, fs=RATE, output="sos"), noise(0))
    match = RecordingMatch({"a": [dull]}, RATE)
    slopes = []
    for seed in range(12):
        clip = match(noise(seed + 1), "a", np.random.default_rng(seed))
        assert clip.dtype == np.float32
        assert np.abs(clip).max() == pytest.approx(1.0, abs=1e-6)
        slopes.append(level_db(clip, 100, 500) - level_db(clip, 2_500, 3_800))
    goal = level_db(dull, 100, 500) - level_db(dull, 2_500, 3_800)
    assert all(0.2 * goal < slope < 1.1 * goal for slope in slopes)
    assert max(slopes) - min(slopes) > 0.2 * goal  # the part is drawn
    assert match(noise(1), "a", np.random.default_rng(3)) == pytest.approx(
        match(noise(1), "a", np.random.default_rng(3))
    )


def test_ends_are_cut_at_the_level_of_the_ends_of_the_recording():
    ramp = np.concatenate([np.linspace(0.001, 1.0, 4_000), np.linspace(1.0, 0.1, 2_000)])
    carrier = np.where(np.arange(len(ramp)) % 2, 1.0, -1.0)
    start, end = edges_db(ramp * carrier, RATE)
    assert start == pytest.approx(20 * np.log10(ramp[79]), abs=0.01)
    assert end == pytest.approx(20 * np.log10(ramp[-80]), abs=0.01)
    cut = cut_ends(ramp * carrier, -20.0, -6.0)
    assert abs(cut[0]) == pytest.approx(0.1, abs=0.001)
    assert abs(cut[-1]) == pytest.approx(10**-0.3, abs=0.001)
    assert len(cut_ends(np.array([0.0, 1.0, 0.0]), -12.0, -12.0)) == 1
    assert edges_db(np.ones(100), RATE) == (-12.0, -12.0)


def test_noise_of_the_recording_is_added_and_silence_stays():
    def word(seed: int) -> np.ndarray:
        wave = 0.01 * noise(seed)
        wave[3_000:5_000] += np.sin(np.arange(2_000))
        return wave

    match = RecordingMatch({"a": [word(0)]}, RATE)
    deviations = [np.std(match(word(seed), "a", np.random.default_rng(seed))[500:2_500]) for seed in range(1, 6)]
    assert np.mean(deviations) == pytest.approx(0.01 * 2**0.5, rel=0.15)  # its own and that of the recording
    assert not match(np.zeros(100), "a", np.random.default_rng(0)).any()


@pytest.mark.parametrize("n_samples", [1, 2, 50, 300])
def test_shortest_clips_and_recordings(n_samples):
    match = match_of(np.pad(noise(0, n_samples), (0, 400))[None], ["a"], RATE)
    assert len(match.recordings["a"][0]) == n_samples  # zeros that follow are cut off
    for length in (1, 3, 400):
        clip = match(noise(1, length), "a", np.random.default_rng(0))
        assert 1 <= len(clip) <= length
        assert np.isfinite(clip).all()


def test_matched_sources_give_what_seed_and_index_say():
    recordings = np.stack([noise(seed) / 4 for seed in range(3)])
    source = MatchedSource(ProceduralLabels(), {"rain": "wet"}, match_of(recordings, ["wet"] * 3, RATE))
    assert (source.name, source.labels, source.sample_rate) == ("procedures", ("rain",), RATE)
    both = source.generate("rain", 2, seed=1)
    assert [wave.shape[0] for wave in both] == [1, 1]
    np.testing.assert_array_equal(source.generate("rain", 1, seed=1, start=1)[0], both[1])
    assert not np.array_equal(both[0][:, :100], both[1][:, :100])


@pytest.mark.parametrize("label", SOUNDS)
def test_procedures_have_clips_of_each_label(label):
    source = ProceduralLabels()
    first, second = source.generate(label, 2, seed=3)
    for wave in (first, second):
        assert wave.shape[0] == 1
        assert wave.shape[1] == pytest.approx(SECONDS * SAMPLE_RATE, rel=0.01)
        assert wave.dtype == np.float32
        assert 0.5 < np.abs(wave).max() < 1.0
    np.testing.assert_array_equal(source.generate(label, 1, seed=3, start=1)[0], second)
    assert not np.array_equal(first[:, :1_000], second[:, :1_000])


def test_unknown_labels_of_procedures_are_refused():
    with pytest.raises(BadSetting, match="theirs are rain, wind"):
        ProceduralLabels().generate("dog-bark")
    with pytest.raises(BadSetting, match="no label 'dog-bark'"):
        ProceduralLabels.named("procedures:rain,dog-bark")


def test_procedures_by_name():
    assert ProceduralLabels.named("procedures").labels == tuple(SOUNDS)
    assert ProceduralLabels.named("procedures:wind,rain").labels == ("wind", "rain")
    assert ProceduralLabels.named("procedures:wind, rain,wind").labels == ("wind", "rain")
    assert ProceduralLabels.named("drums") is None


def test_ticks_come_at_regular_times():
    wave = ProceduralLabels().generate("clock-tick", 1, seed=0)[0][0]
    level = np.abs(wave[: len(wave) // 100 * 100]).reshape(-1, 100).max(axis=1)
    loud = np.flatnonzero(level > 0.3)
    starts = loud[np.insert(np.diff(loud) > 10, 0, True)] * 100 / SAMPLE_RATE
    intervals = np.diff(starts)
    assert len(intervals) >= 3
    assert np.ptp(intervals[::2]) < 0.03  # every other one may be late


def test_folders_give_each_clip_once_in_the_order_of_a_seed(tmp_path):
    for label in ("high", "low"):
        for index in range(5):
            path = tmp_path / "made" / label / f"{index}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.full(100 + index, 0.1), RATE)
    source = FolderOfClips(tmp_path / "made")
    assert (source.name, source.labels, source.sample_rate) == ("made", ("high", "low"), RATE)
    lengths = [wave.shape[1] for wave in source.generate("high", 9, seed=1)]
    assert sorted(lengths) == [100, 101, 102, 103, 104]
    assert [source.generate("high", 1, seed=1, start=index)[0].shape[1] for index in range(5)] == lengths
    assert source.generate("high", 1, seed=1, start=5) == []
    assert any([wave.shape[1] for wave in source.generate("high", 5, seed=seed)] != lengths for seed in range(2, 6))
    assert source.content_hash == FolderOfClips(tmp_path / "made").content_hash
    mixed = [wave.shape[1] for wave in source.generate(None, 4, seed=1)]
    by_label = [[wave.shape[1] for wave in source.generate(label, 2, seed=1)] for label in ("high", "low")]
    assert mixed == [length for pair in zip(*by_label, strict=True) for length in pair]
    soundfile.write(tmp_path / "made" / "low" / "1.wav", np.full(101, 0.2), RATE)  # of the same length
    changed = FolderOfClips(tmp_path / "made")
    assert source.content_hash != changed.content_hash
    source = changed
    (tmp_path / "made" / "low" / "0.wav").unlink()
    assert source.content_hash != FolderOfClips(tmp_path / "made").content_hash
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFolder):
        FolderOfClips(tmp_path / "empty")


def test_a_manifest_of_segments_gives_the_segments(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.linspace(-0.5, 0.5, 2 * RATE), RATE)
    records = [{"audio_filepath": "long.wav", "label": "up", "offset": start, "duration": 0.5} for start in (0.0, 1.0)]
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    waves = FolderOfClips(tmp_path).generate("up", 2)
    assert [wave.shape for wave in waves] == [(1, RATE // 2)] * 2
    assert sorted(round(float(wave[0, 0]), 2) for wave in waves) == [-0.5, 0.0]
