"""Labels and speakers: those of a data set or of the settings, their clips, the reasons of exclusions; durations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wavewright.base.errors import BadFolder
from wavewright.data.entry import Entry
from wavewright.data.selection import label_indices, select_labels, select_labels_and_speakers
from wavewright.data.sequences import duration_quantiles, exclude_long


def entry(label, speaker=None, split="train", seconds=1.0):
    name = f"{label}-{speaker}-{split}-{seconds:g}.wav"
    return Entry(Path(name), label, None, seconds, 8_000, 1, round(8_000 * seconds), split, speaker=speaker)


def test_labels_that_occur_often_enough_are_learned():
    entries = [entry("a"), entry("b"), entry("a"), entry(None), entry("c", split="valid"), entry("b", split="test")]
    named = select_labels(entries, smallest_class=2)
    assert named.labels == ("a",)
    assert named.entries == (entries[0], entries[2])
    assert [problem.reason for problem in named.failed] == [
        "its label 'b' has only 1 training clips; 2 are needed",
        "it has no label, where others have one",
        "its label 'c' has only 0 training clips; 2 are needed",
    ]
    assert select_labels([entry(None), entry(None, split="test")]).entries == (
        entry(None),
    )  # none has one: none is told


def test_requested_labels_may_be_rare_and_others_are_left_out_without_a_problem():
    entries = [entry("a"), entry("b"), entry("a"), entry("b", split="valid")]
    named = select_labels(entries, ("b",), smallest_class=2)
    assert (named.labels, named.entries, named.failed) == (("b",), (entries[1], entries[3]), ())


def test_speakers_are_learned_if_every_training_clip_has_one_and_there_are_several():
    two = [entry("a", "ann"), entry("a", "bob"), entry("a", None, "valid")]
    named = select_labels_and_speakers(two)
    assert (named.labels, named.speakers, named.entries) == (("a",), ("ann", "bob"), tuple(two[:2]))
    assert [problem.reason for problem in named.failed] == ["it has no speaker, where others have one"]
    for entries in ([entry("a", "ann"), entry("a", "ann")], [*two, entry("a")]):
        named = select_labels_and_speakers(entries)
        assert (named.speakers, named.entries) == ((), tuple(entries))
    assert select_labels_and_speakers(two, speakers=("bob",)).entries == (two[1],)


def test_names_that_no_clip_has_are_refused():
    entries = [entry("a", "ann"), entry("b", "bob"), entry("c", split="valid")]
    with pytest.raises(BadFolder, match="no clip with the label 'c' to train on; the folder has a, b"):
        select_labels_and_speakers(entries, labels=("a", "c"))
    with pytest.raises(BadFolder, match="no clip of the speaker 'bob' to train on; the folder has ann"):
        select_labels_and_speakers(entries, labels=("a",), speakers=("bob",))
    with pytest.raises(BadFolder, match="the folder has no labels"):
        select_labels_and_speakers([entry(None)], labels=("a",))


def test_label_indices():
    np.testing.assert_array_equal(label_indices(["b", "a", "b"], ("a", "b")), [1, 0, 1])
    np.testing.assert_array_equal(label_indices([None, "x"], ()), [0, 0])


def test_durations_of_a_label_by_a_speaker_with_enough_clips():
    kept, failed = exclude_long([entry("a", seconds=1.0), entry("a", seconds=2.5)], 2.0)
    assert [one.seconds for one in kept] == [1.0]
    assert failed[0].reason == "it lasts 2.5 s; whole sounds may last 2 s (data.longest_seconds)"
    durations = np.arange(1.0, 31.0)
    labels, speakers = np.repeat([0, 0, 1], 10), np.repeat([0, 1, 0], 10)
    table = duration_quantiles(durations, labels, speakers, 3, 2)
    np.testing.assert_allclose(table[..., [0, -1]], [[[1, 10], [11, 20]], [[21, 30], [21, 30]], [[1, 30], [1, 30]]])
    np.testing.assert_allclose(table[0, 0, 16], 5.5)
