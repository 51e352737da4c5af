"""Background labels in the batches of a classifier: their share, and where they are mixed below other clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from wavewright.contracts.settings import TrainingSettings
from wavewright.data.folder import scan
from wavewright.families.classifier.batches import (
    BACKGROUND_RANGE_DB,
    CUT_FRACTION,
    ClassBatches,
    ClassifierDataSettings,
    rms,
)
from wavewright.families.classifier.config import ClassifierConfig
from wavewright.families.classifier.recipe import ClassifierRecipe, prepare

RATE = 8_000
MODEL = ClassifierConfig(sample_rate=RATE, n_samples=2_000, n_fft=256, hop_length=64, n_mels=40, width=1)
PURE = ClassifierDataSettings(
    align=False,
    fit_to_folder=False,
    valid_fraction=0.0,
    label_smoothing=0.0,
    largest_attenuation_db=0.0,
    slowest=1.0,
    fastest=1.0,
    largest_delay_seconds=0.0,
    tilt_db=0.0,
    curve_db=0.0,
    cut_probability=0.0,
    room_probability=0.0,
    damp_probability=0.0,
    drive_probability=0.0,
    noise_probability=0.0,
)


def folder_of(path, labels):
    """Clips of a short tone, and of noise where a label begins with an underscore."""
    rng = np.random.default_rng(0)
    for k, label in enumerate(labels):
        for index in range(3):
            wave = np.zeros(2_000)
            if label.startswith("_"):
                wave = rng.uniform(-0.5, 0.5, 2_000)
            else:
                wave[:500] = 0.5 * np.sin(2 * np.pi * (400 + 300 * k) * np.arange(500) / RATE)
            file = path / label / f"{index}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, wave, RATE, subtype="FLOAT")
    return path


def batches_of(path, labels, batch_size=20, **data) -> ClassBatches:
    return batches_of_folder(folder_of(path, labels), batch_size, **data)


def batches_of_folder(path, batch_size=20, **data) -> ClassBatches:
    recipe = ClassifierRecipe(MODEL, replace(PURE, **data), TrainingSettings(batch_size=batch_size))
    entries = scan(path, "folder").entries
    return prepare(recipe, [replace(entry, split="train") for entry in entries]).batches


@pytest.mark.parametrize(("share", "expected"), [(0.4, 8), (0.25, 5), (0.9, 18)])
def test_background_has_its_share_of_a_batch(tmp_path, share, expected):
    batches = batches_of(tmp_path, ("_noise", "_other", "a", "b", "c"), background_fraction=share)
    counts = batches(3)["target"].sum(0)
    assert counts[:2].sum() == expected
    assert abs(counts[0] - counts[1]) <= 1
    assert np.ptp(counts[2:]) <= 1


def test_a_share_of_nothing_is_that_of_any_label(tmp_path):
    batches = batches_of(tmp_path, ("_noise", "a", "b", "c"), background_fraction=0.0)
    np.testing.assert_array_equal(batches(0)["target"].sum(0), [5, 5, 5, 5])


def test_noise_lies_below_other_clips_in_its_range(tmp_path):
    batches = batches_of(tmp_path, ("_noise", "a", "b"), background_probability=1.0, smallest_background_db=6.0)
    batch = batches(0)
    levels = []
    for wave, target in zip(batch["wave"], batch["target"], strict=True):
        if target[0] == 0:
            noise = rms(wave[700:1_800])  # where the tone is over, and the fade of the end has not begun
            tone = np.sqrt(max(rms(wave[:500]) ** 2 - noise**2, 0) / 4)  # over the whole clip
            levels.append(20 * np.log10(tone / noise))
    assert len(levels) == 12
    assert min(levels) > 6 - 1
    assert max(levels) < 6 + BACKGROUND_RANGE_DB + 1


def test_without_a_background_label_nothing_is_mixed(tmp_path):
    batch = batches_of(tmp_path, ("a", "b"), background_probability=1.0)(0)
    assert np.abs(batch["wave"][:, 600:]).max() < 1e-6
    np.testing.assert_array_equal(batch["target"].sum(0), [10, 10])


def onset_of(wave) -> int:
    """The first sample that is not silent."""
    return int(np.flatnonzero(np.abs(wave) > 1e-3)[0])


def test_words_are_anywhere_in_the_window_and_hardly_cut(tmp_path):
    folder_of(tmp_path, ("a", "b"))
    for path in tmp_path.rglob("*.wav"):
        soundfile.write(path, soundfile.read(path)[0][:500], RATE, subtype="FLOAT")
    batches = batches_of_folder(tmp_path, crop=True, anywhere=True)
    waves = np.concatenate([batches(step)["wave"] for step in range(20)])
    onsets = np.array([onset_of(wave) for wave in waves])
    cut = CUT_FRACTION * 500
    lengths = np.array([np.flatnonzero(np.abs(wave) > 1e-3)[-1] + 1 for wave in waves]) - onsets
    assert onsets.min() < 20
    assert abs(onsets.max() - (2_000 - 500 + cut)) < 40
    assert np.all(np.histogram(onsets[onsets > 0], bins=5)[0] > len(waves) / 12)
    assert lengths.min() > 500 - cut - 90  # the last 10 ms of a window are faded out
    assert np.mean(lengths > 490) > 0.8


def test_words_begin_where_they_did_without(tmp_path):
    waves = batches_of(tmp_path, ("a", "b"))(0)["wave"]
    assert max(map(onset_of, waves)) < 5


@pytest.mark.parametrize(("most", "expected"), [(1.0, 0.75), (0.5, 0.5), (0.0, 0.0)])
def test_generated_clips_have_at_most_their_share(tmp_path, most, expected):
    folder_of(tmp_path, ("a", "b"))
    entries = [replace(entry, split="train") for entry in scan(tmp_path, "folder").entries]
    generated = [replace(entry, generated_by="voice") for entry in entries if entry.label == "a" for _ in range(3)]
    recipe = ClassifierRecipe(MODEL, replace(PURE, most_generated=most), TrainingSettings(batch_size=4))
    batches = prepare(recipe, [*entries, *generated]).batches
    rng = np.random.default_rng(0)
    drawn = [batches.store.entries[batches.draw_row(0, rng)].generated_by for _ in range(400)]
    assert abs(np.mean([name is not None for name in drawn]) - expected) < 0.08


def test_a_label_of_generated_clips_alone_is_drawn_whatever_their_share(tmp_path):
    folder_of(tmp_path, ("a", "b"))
    entries = [replace(entry, split="train") for entry in scan(tmp_path, "folder").entries]
    recipe = ClassifierRecipe(MODEL, replace(PURE, most_generated=0.0), TrainingSettings(batch_size=4))
    batches = prepare(recipe, entries).batches
    batches.generated[0], batches.groups[0] = [0, 1], []
    assert {batches.draw_row(0, np.random.default_rng(seed)) for seed in range(20)} == {0, 1}
