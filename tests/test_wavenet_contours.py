"""Contours of a WaveNet: values for known waves, storage, sampling, and their use in training and inference."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tiny_clips import write_labelled

from wavewright.base.errors import BadModel, BadSetting
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.folder import scan
from wavewright.families.wavenet.config import CONTOUR_FEATURES, CONTOURS_FILE, POSITION_FEATURES, WaveNetConfig
from wavewright.families.wavenet.contours import ContourSet, crop_contour, measure_contour, stretch_contour
from wavewright.families.wavenet.recipe import WaveNetDataSettings, WaveNetRecipe, prepare
from wavewright.families.wavenet.runtime import WaveNetRuntime
from wavewright.families.wavenet.training import WaveNet, WaveNetTraining
from wavewright.models.card import Card
from wavewright.training.export import export_model

LAYERS = WaveNetConfig(
    sample_rate=8_000, n_layers=3, dilation_cycle=3, channels=8, skip_channels=8, head_channels=8, head="mu-law"
)
CONFIG = dataclasses.replace(LAYERS, contour=True, condition_channels=8, hop_length=32, condition_hop=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six tones a label, 0.2 to 0.25 s at 8 kHz, 100 Hz for one label and 200 Hz for the other."""
    times = [np.arange(1_600 + 80 * index) / 8_000 for index in range(6)]
    waves = {
        label: [0.5 * np.sign(np.sin(2 * np.pi * hz * time)) for time in times]
        for label, hz in (("high", 200), ("low", 100))
    }
    return write_labelled(tmp_path_factory.mktemp("tones"), waves, 8_000)


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory):
    recipe = WaveNetRecipe(
        CONFIG, WaveNetDataSettings(crop_samples=512, valid_fraction=0.2), TrainingSettings(batch_size=4)
    )
    return prepare(recipe, scan(folder, "folder").entries, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def model(prepared, tmp_path_factory):
    torch.manual_seed(0)
    network = WaveNet(prepared.recipe.model).eval()
    card = Card(
        name="tiny",
        family="wavenet",
        config=dataclasses.asdict(prepared.recipe.model),
        labels=["high", "low"],
        sample_rate=8_000,
    )
    return export_model(tmp_path_factory.mktemp("model") / "tiny", card, WaveNetTraining().export(network, prepared))


def test_a_contour_says_loudness_pitch_and_voicing():
    time = np.arange(8_000) / 8_000
    tone = 0.5 * np.sin(2 * np.pi * 200 * time)
    contour = measure_contour(np.concatenate([tone, np.zeros(4_000)]), CONFIG)
    assert contour.shape == (375, CONTOUR_FEATURES)
    loudness, octaves, periodicity = contour[20:200].mean(axis=0)
    assert loudness == pytest.approx((np.log(0.125) + 6) / 3, abs=0.01)  # the mean square of a sine is half its square
    assert octaves == pytest.approx(1.0, abs=0.01)  # 200 Hz over 100 Hz
    assert periodicity > 0.95
    assert contour[-10:, 0] == pytest.approx((np.log(1e-5) + 6) / 3)
    assert contour[-10:, 1] == pytest.approx(1.0, abs=0.02)
    assert np.all(contour[-10:, 2] == 0)


def test_after_its_end_a_contour_is_silent_and_stretching_keeps_its_ends():
    contour = np.array([[1.0, 0.5, 0.9], [2.0, 1.5, 0.7]], np.float32)
    covered = crop_contour(contour, 4, 1)
    np.testing.assert_allclose(covered[0], contour[1])
    np.testing.assert_allclose(covered[1:], np.tile([(np.log(1e-5) + 6) / 3, 1.5, 0.0], (3, 1)), rtol=1e-6)
    assert crop_contour(contour, 3, 5).shape == (3, CONTOUR_FEATURES)
    np.testing.assert_allclose(stretch_contour(contour, 3)[:, 0], [1.0, 1.5, 2.0])
    np.testing.assert_allclose(stretch_contour(contour, 2), contour)


def test_contours_come_back_and_are_drawn_by_label_and_speaker():
    rng = np.random.default_rng(0)
    clips = [rng.standard_normal((n, CONTOUR_FEATURES)).astype(np.float32) for n in (2, 3, 1, 2)]
    contours = ContourSet.of_clips(clips, [60, 96, 1, 64], [0, 0, 1, 0], [0, 1, 0, 1])
    again = ContourSet.from_tensors(contours.tensors(), 32)
    for clip, contour in enumerate(clips):
        np.testing.assert_allclose(again.contour(clip, 32), contour, atol=2e-3)
    assert [again.choose(quantile, 0, 1) for quantile in (0.0, 0.49, 0.5, 0.999)] == [1, 1, 3, 3]
    assert again.choose(0.7, 1, 5) == 2  # nobody of that label is speaker 5
    assert again.choose(0.3, 9, 0) == 1  # nor is there a label 9: the clip at 0.3 of all four
    with pytest.raises(ValueError, match="do not fit"):
        ContourSet.from_tensors({**contours.tensors(), "frames": contours.frames[:-1]}, 32)
    with pytest.raises(ValueError, match="missing"):
        ContourSet.from_tensors({"frames": contours.frames}, 32)


def test_a_crop_is_conditioned_on_the_contour_of_its_position(prepared):
    batches = prepared.batches
    for step in range(4):
        batch = batches(step)
        assert batch["frames"].shape == (4, 16, POSITION_FEATURES + CONTOUR_FEATURES)
        whole = [batches.contour(int(row)) for row in batches.rows]
        for frames in batch["frames"]:
            assert any(
                np.array_equal(frames[:, POSITION_FEATURES:], crop_contour(contour, 16, first))
                for contour in whole
                for first in range(len(contour))
            )
    pitches = {label: [] for label in (0, 1)}
    contours = batches.contours()
    for clip, label in enumerate(contours.labels):
        pitches[int(label)].append(float(np.median(contours.contour(clip, 32)[:, 1])))
    assert pitches[0] == pytest.approx([1.0] * len(pitches[0]), abs=0.05)  # 200 Hz
    assert pitches[1] == pytest.approx([0.0] * len(pitches[1]), abs=0.05)


def test_sounds_last_as_long_as_the_clip_whose_contour_they_have(model, prepared):
    runtime = WaveNetRuntime(model)
    lengths = prepared.batches.contours().samples
    clips = runtime.generate("low", 6, seed=3)
    assert {clip.shape[1] for clip in clips} <= set(lengths.tolist())
    assert len({clip.shape[1] for clip in clips}) > 1
    np.testing.assert_array_equal(np.concatenate(list(runtime.stream("low", 3, 2)), axis=1), clips[2])
    assert runtime.generate("low", 1, seed=3, seconds=0.5)[0].shape == (1, 4_000)
    longer = runtime.continue_from(clips[0][:, :400], 0.3, "low")
    np.testing.assert_allclose(longer[:, :400], clips[0][:, :400], atol=0.02)  # as mu-law keeps it


def test_damaged_contours_and_a_contour_without_position_are_refused(model, tmp_path):
    with pytest.raises(BadSetting, match="contour belongs to condition=position; give both"):
        dataclasses.replace(CONFIG, condition="none")
    path = model.path / CONTOURS_FILE
    tensors = load_file(path)
    try:
        save_file({**tensors, "samples": tensors["samples"][:-1]}, path)
        with pytest.raises(BadModel, match="holds no contours"):
            WaveNetRuntime(model).generate("low")
    finally:
        save_file(tensors, path)
