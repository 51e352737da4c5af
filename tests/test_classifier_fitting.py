"""Settings of a classifier that follow the recordings: rates, lengths, groups, labels, random crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

from wavewright.base.errors import BadFolder
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.families.classifier.batches import ClassifierDataSettings
from wavewright.families.classifier.config import SIZES, ClassifierConfig
from wavewright.families.classifier.recipe import (
    ClassifierRecipe,
    check_labels,
    fine_tuning,
    fit_settings,
    group_and_split,
    prepare,
    recipe,
)
from wavewright.models import find
from wavewright.models.folder import ModelFolder

SMALL, DATA = SIZES["small"], ClassifierDataSettings()


def entries(rate: int, seconds: float, n: int = 20, names: str = "clip-{}") -> list[Entry]:
    return [
        Entry(Path(f"{'ab'[i % 2]}/{names.format(i)}.wav"), "ab"[i % 2], None, seconds, rate, 1, round(rate * seconds))
        for i in range(n)
    ]


@pytest.mark.parametrize(
    ("rate", "seconds", "expected"),
    [
        (8_000, 0.5, (8_000, 4_000, 256, 160, 40)),
        (16_000, 1.0, (16_000, 16_000, 512, 320, 40)),
        (44_100, 1.5, (44_100, 66_150, 2048, 1024, 80)),
        (44_100, 0.7, (44_100, 30_870, 2048, 512, 80)),
        (96_000, 0.1, (44_100, 11_025, 2048, 512, 80)),
    ],
)
def test_settings_follow_the_recordings(rate, seconds, expected):
    model, data = fit_settings(SMALL, DATA, entries(rate, seconds))
    assert (model.sample_rate, model.n_samples, model.n_fft, model.hop_length, model.n_mels) == expected
    assert data == DATA


def test_settings_of_the_user_stay():
    model, _ = fit_settings(replace(SMALL, sample_rate=22_050, n_mels=120), DATA, entries(8_000, 0.5))
    assert (model.sample_rate, model.n_mels, model.n_samples) == (22_050, 120, 11_025)


def test_long_recordings_are_cropped_and_not_aligned():
    model, data = fit_settings(SMALL, DATA, entries(16_000, 7.0))
    assert (model.n_samples, data.crop, data.align) == (32_000, True, False)


def test_the_rate_of_a_few_odd_recordings_does_not_count_but_that_of_many_does():
    assert fit_settings(SMALL, DATA, [*entries(8_000, 1, 2), *entries(16_000, 1, 98)])[0].sample_rate == 16_000
    assert fit_settings(SMALL, DATA, [*entries(8_000, 1, 20), *entries(16_000, 1, 80)])[0].sample_rate == 8_000


def test_labels_that_differ_in_case_are_refused():
    with pytest.raises(BadFolder, match="'Dog' and 'dog' differ only in case"):
        check_labels(
            [replace(entry, label=label) for entry, label in zip(entries(8_000, 1, 2), ("Dog", "dog"), strict=True)]
        )


def spoken(speakers: tuple[str, ...], takes: int = 6) -> list[Entry]:
    return [
        Entry(Path(f"{label}/{speaker}_{take}.wav"), label, None, 1.0, 8_000, 1, 8_000)
        for label in "ab"
        for speaker in speakers
        for take in range(takes)
    ]


def test_speakers_in_file_names_become_groups():
    divided, notes = group_and_split(spoken(("ann", "bob", "cleo", "dan", "eve")), DATA)
    assert "5 speakers or sources (ann, bob, cleo, dan and 1 more)" in notes[0]
    splits = {entry.group: set() for entry in divided}
    for entry in divided:
        splits[entry.group].add(entry.split)
    assert all(len(each) == 1 for each in splits.values())
    assert {"train", "valid"} <= {split for each in splits.values() for split in each}


def test_recordings_can_be_divided_by_name():
    _, notes = group_and_split(spoken(("ann", "bob", "cleo")), replace(DATA, split_by="name"))
    assert notes == ()


@pytest.mark.parametrize("names", ["clip-{}", "clip_{}", "{}_take"])
def test_other_file_names_are_no_groups(names):
    divided, notes = group_and_split(entries(8_000, 1, 40, names), DATA)
    assert notes == ()
    assert {entry.group for entry in divided} == {None}


@pytest.mark.parametrize(
    ("n_speakers", "takes", "n_of_one_label", "are_groups"),
    [(3, 2, 0, True), (2, 4, 0, False), (3, 1, 0, False), (5, 2, 1, True), (5, 4, 2, False)],
)
def test_prefixes_are_speakers_if_three_have_four_recordings_each_of_several_labels(
    n_speakers, takes, n_of_one_label, are_groups
):
    speakers = ("ann", "bob", "cleo", "dan", "eve")[:n_speakers]
    recordings = spoken(speakers, takes)
    alike = [entry for entry in recordings if entry.path.stem.partition("_")[0] in speakers[:n_of_one_label]]
    recordings = [replace(entry, label="a") if entry in alike else entry for entry in recordings]
    divided, notes = group_and_split(recordings, DATA)
    assert {entry.group for entry in divided} == ({*speakers} if are_groups else {None})
    assert len(notes) == are_groups


GROUPS, SPLITS = st.sampled_from([None, "ann", "bob", "cleo"]), st.sampled_from([None, "train", "valid", "test"])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("ab"), GROUPS, SPLITS), min_size=1, max_size=12))
def test_groups_are_on_one_side_and_what_is_for_testing_stays(rows):
    recordings = [
        Entry(Path(f"{label}/{index}.wav"), label, group, 1.0, 8_000, 1, 8_000, split)
        for index, (label, group, split) in enumerate(rows)
    ]
    divided, notes = group_and_split(recordings, DATA)
    assert [replace(entry, split=None) for entry in divided] == [replace(entry, split=None) for entry in recordings]
    assert {entry.split for entry in divided} <= {"train", "valid", "test"}
    sides, before = {}, {}
    for entry, given_entry in zip(divided, recordings, strict=True):
        assert (entry.split == "test") == (given_entry.split == "test")
        if entry.group is not None:
            sides.setdefault(entry.group, set()).add(entry.split)
            before.setdefault(entry.group, set()).add(given_entry.split)
    for group in before:
        assert not {"train", "valid"} <= sides[group]
    if not any({"train", "valid"} <= splits for splits in before.values()):
        assert all(old.split in (None, new.split) for new, old in zip(divided, recordings, strict=True))
    leaks = sum("test" in splits and len(splits - {None}) > 1 for splits in before.values())
    assert any("in test and in train or valid" in note for note in notes) == bool(leaks)


def test_speakers_on_both_sides_of_a_manifest_are_named():
    divided = [
        replace(entry, split="test" if entry.path.stem.endswith("_0") else "train")
        for entry in spoken(("ann", "bob", "cleo"))
    ]
    unchanged, notes = group_and_split(divided, DATA)
    assert "ann, bob, cleo" in notes[0]
    assert "train and in test" in notes[0]
    assert unchanged == divided


@pytest.fixture
def long_clips(tmp_path) -> Path:
    """Six clips of 3 s at 4 kHz, ramps whose value is the time."""
    for index in range(6):
        path = tmp_path / "long" / "ab"[index % 2] / f"{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.linspace(0.1, 0.9, 12_000), 4_000, subtype="FLOAT")
    return tmp_path / "long"


def test_crops_are_from_the_whole_recording(long_clips, tmp_path):
    found = [replace(e, split="valid" if e.path.stem in "01" else "train") for e in scan(long_clips, "folder").entries]
    base = recipe("tiny")
    data = replace(base.data, largest_delay_seconds=0.0)
    prepared = prepare(ClassifierRecipe(base.model, data, base.training), found, tmp_path / "cache")
    assert prepared.recipe.data.crop
    rng = np.random.default_rng(0)
    starts = [prepared.batches.crop(0, rng)[0, 0] for _ in range(60)]
    assert min(starts) < 0.15 < 0.25 < max(starts)
    n_samples = prepared.recipe.model.n_samples
    assert prepared.valid_waves.shape == (4, n_samples)  # 3 s are two windows of 2 s, at the start and the end
    np.testing.assert_array_equal(prepared.valid_clips, [0, 0, 1, 1])
    assert prepared.valid_waves[0, 0] < prepared.valid_waves[1, 0]


def test_training_further_crops_long_recordings_and_keeps_the_window(long_clips, tmp_path):
    base = ModelFolder(find("drum-classifier"))
    made = fine_tuning(base)
    prepared = prepare(made, scan(long_clips, "folder").entries, tmp_path / "cache")
    assert prepared.recipe.data.crop
    assert not prepared.recipe.data.align
    assert prepared.recipe.model.n_samples == made.model.n_samples == base.config(ClassifierConfig).n_samples
    short = [replace(entry, seconds=0.2) for entry in scan(long_clips, "folder").entries]
    assert fit_settings(made.model, made.data, short, ())[1] == made.data


def divided_by(splits: dict[str, str]) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """Splits of each group after division, of four groups whose clips have the splits in turn; and the notes."""
    given = []
    for group, names in splits.items():
        for i, entry in enumerate(entries(8_000, 0.5, 12)):
            given.append(replace(entry, group=group, split=names.split()[i % len(names.split())]))
    result, notes = group_and_split(given, DATA)
    assert [(each.path, each.group) for each in result] == [(each.path, each.group) for each in given]
    return {group: {str(each.split) for each in result if each.group == group} for group in splits}, notes


def test_groups_in_train_and_valid_are_divided_anew_and_warned_of():
    found, notes = divided_by({"ann": "train valid", "bob": "train valid", "eve": "train", "zoe": "test"})
    assert all(len(splits) == 1 for splits in found.values())
    assert found["zoe"] == {"test"}
    assert {"train", "valid"} <= set.union(*found.values())
    assert len(notes) == 1
    assert "ann, bob in train and in valid" in notes[0]


def test_groups_in_test_and_train_stay_and_are_warned_of():
    found, notes = divided_by({"ann": "train test", "bob": "train", "eve": "valid"})
    assert found == {"ann": {"train", "test"}, "bob": {"train"}, "eve": {"valid"}}
    assert "ann in test" in notes[0]


def test_a_manifest_without_leaks_stays_as_it_is():
    assert divided_by({"ann": "train", "bob": "valid", "eve": "test"}) == (
        {"ann": {"train"}, "bob": {"valid"}, "eve": {"test"}},
        (),
    )
