"""Clips of sequences: what is selected and split, and which crops and clips stand in a batch."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from wavewright.base.errors import BadFolder
from wavewright.data.entry import Entry
from wavewright.data.sequences import CropSampler, load_sequences

RATE = 8_000


@pytest.fixture
def entries(tmp_path):
    """Three training clips and a validation clip of each of two labels, 0.1 to 0.4 s, by two speakers."""
    made = []
    for number, label in enumerate(("a", "b")):
        for take in range(4):
            path = tmp_path / f"{label}{take}.wav"
            n = RATE * (take + 1) // 10
            soundfile.write(path, 0.1 * np.random.default_rng(take).standard_normal(n), RATE)
            split = "valid" if take == 3 else "train"
            speaker = ("x", "y")[(take + number) % 2]
            made.append(Entry(path, label, None, n / RATE, RATE, 1, n, split, speaker=speaker))
    return made


def test_labels_and_speakers_become_indices(entries, tmp_path):
    clips = load_sequences(entries, RATE, cache_folder=tmp_path)
    assert (clips.label_names, clips.speaker_names) == (("a", "b"), ("x", "y"))
    assert clips.labels.tolist() == [0] * 4 + [1] * 4
    assert clips.speakers.tolist() == [0, 1, 0, 1, 1, 0, 1, 0]
    assert clips.groups.tolist() == [str(entry.path) for entry in entries]
    chosen = load_sequences(entries, RATE, labels=("b",), speakers=("y",), cache_folder=tmp_path)
    assert [entry.path.name for entry in chosen.entries] == ["b0.wav", "b2.wav"]
    plain = load_sequences(entries, RATE, is_named=False, cache_folder=tmp_path)
    assert (plain.label_names, plain.speaker_names, len(plain.entries)) == ((), (), 8)


def test_long_clips_are_left_out(entries, tmp_path):
    clips = load_sequences(entries, RATE, longest_seconds=0.25, cache_folder=tmp_path)
    assert [entry.path.name for entry in clips.entries] == ["a0.wav", "a1.wav", "b0.wav", "b1.wav"]
    assert len(clips.failed) == 4


def test_nothing_to_train_on_is_refused(entries, tmp_path):
    with pytest.raises(BadFolder, match="None of the 2 clips is left to train on; check labels and splits"):
        load_sequences([entry for entry in entries if entry.split == "valid"], RATE, is_named=False)
    with pytest.raises(BadFolder, match="There is no clip with the label 'c' to train on"):
        load_sequences(entries, RATE, labels=("c",), cache_folder=tmp_path)


def test_quantiles_of_durations_are_those_of_a_label(entries, tmp_path):
    clips = load_sequences(entries, RATE, cache_folder=tmp_path)
    durations = np.array([1.0, 2.0, 3.0, 50.0, 5.0, 6.0, 7.0, 50.0])
    table = clips.duration_quantiles(durations, [0, 1, 2, 4, 5, 6])
    assert table.shape[:2] == (2, 2)
    np.testing.assert_allclose(table[:, 0, [0, 16, -1]], [[1, 2, 3], [5, 6, 7]])


def test_endless_clips_are_drawn_in_proportion_to_their_length():
    sampler = CropSampler(np.array([10, 30, 60]), 4, crop_frames=20)
    rng = np.random.default_rng(0)
    rows, starts = (np.concatenate(each) for each in zip(*(sampler.draw(rng) for _ in range(1_000)), strict=True))
    np.testing.assert_allclose(np.bincount(rows) / len(rows), [0.1, 0.3, 0.6], atol=0.03)
    assert set(starts[rows == 0]) == {0}
    assert set(starts[rows == 1]) == set(range(11))


def test_whole_clips_of_a_batch_are_about_equally_long():
    lengths = np.random.default_rng(1).permutation(np.arange(1, 401))
    sampler = CropSampler(lengths, 8, crop_frames=None)
    rng = np.random.default_rng(0)
    spans = []
    for _ in range(200):
        rows, starts = sampler.draw(rng)
        assert not starts.any()
        spans.append(np.ptp(lengths[rows]))
    assert np.mean(spans) < 100  # of 400
