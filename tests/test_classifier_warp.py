"""Warped frequencies: which bands are read, tones that move by the factor, and batches without the setting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from wavewright.data.folder import scan
from wavewright.families.classifier.batches import WARPED_FRACTION, ClassBatches, ClassifierDataSettings, warped_bands
from wavewright.families.classifier.config import ClassifierConfig
from wavewright.families.classifier.features import log_mel_spectrogram
from wavewright.families.classifier.recipe import prepare, recipe
from wavewright.families.classifier.training import interpolated, perturbed

SAMPLE_RATE = 16_000
CONFIG = ClassifierConfig(
    sample_rate=SAMPLE_RATE, n_samples=4_000, labels=("a", "b"), n_fft=1_024, hop_length=256, n_mels=160, f_min_hz=50.0
)


def tone(frequency_hz: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(CONFIG.n_samples) / SAMPLE_RATE)).astype(np.float32)


def read(spectrogram: np.ndarray, bands: np.ndarray) -> np.ndarray:
    return interpolated(torch.as_tensor(spectrogram), torch.as_tensor(bands)).numpy()


def test_no_warp_reads_every_band_where_it_is():
    bands = warped_bands(np.ones(3), CONFIG)
    np.testing.assert_allclose(bands, np.broadcast_to(np.arange(CONFIG.n_mels), (3, CONFIG.n_mels)), atol=1e-3)


@pytest.mark.parametrize("warp", [0.8, 0.9, 1.1, 1.25])
@pytest.mark.parametrize("frequency_hz", [500.0, 1_200.0, 3_000.0])
def test_a_tone_comes_to_be_where_the_factor_puts_it(warp, frequency_hz):
    moved = read(log_mel_spectrogram(tone(frequency_hz), CONFIG)[None], warped_bands(np.array([warp]), CONFIG))[0]
    expected = log_mel_spectrogram(tone(warp * frequency_hz), CONFIG)
    middle = CONFIG.n_frames // 2
    assert abs(int(moved[:, middle].argmax()) - int(expected[:, middle].argmax())) <= 1


@pytest.mark.parametrize("warp", [0.5, 0.87, 1.15, 2.0])
def test_the_axis_keeps_its_order_and_its_end(warp):
    [bands] = warped_bands(np.array([warp]), CONFIG)
    assert np.all(np.diff(bands) >= 0)
    assert bands.min() >= 0
    assert bands.max() <= CONFIG.n_mels - 1
    assert bands[-1] == pytest.approx(CONFIG.n_mels - 1, abs=3)
    assert 0 < WARPED_FRACTION < 1


def test_a_band_between_two_is_their_mean():
    spectrogram = np.arange(24, dtype=np.float32).reshape(1, 6, 4)
    bands = np.array([[0, 0.5, 1.5, 3, 4.75, 5]], np.float32)
    np.testing.assert_allclose(read(spectrogram, bands)[0, :, 0], 4 * bands[0])


def batches_of(folder, **data) -> ClassBatches:
    base = recipe("tiny")
    model = replace(base.model, sample_rate=8_000, n_samples=2_000, n_fft=256, hop_length=64, n_mels=40)
    settings = replace(base.data, fit_to_folder=False, valid_fraction=0.0, **data)
    made = replace(base, model=model, data=settings, training=replace(base.training, batch_size=8, metric=""))
    return prepare(made, scan(folder, "folder").entries).batches


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        for index in range(3):
            (tmp_path / "clips" / label).mkdir(parents=True, exist_ok=True)
            soundfile.write(tmp_path / "clips" / label / f"{index}.wav", rng.uniform(-0.5, 0.5, 2_000), 8_000)
    return tmp_path / "clips"


def test_as_many_clips_are_warped_as_the_setting_says_and_nothing_else_changes(folder):
    usual, warped = batches_of(folder), batches_of(folder, warp_probability=0.5, largest_warp=1.3)
    plain = np.arange(40)
    fractions = []
    for step in range(40):
        without, batch = usual(step), warped(step)
        assert "bands" not in without
        for name, value in without.items():
            np.testing.assert_array_equal(value, batch[name])
        fractions.append(np.mean(np.abs(batch["bands"] - plain).max(1) > 1e-2))
    assert np.mean(fractions) == pytest.approx(0.5, abs=0.08)


def test_masks_come_after_the_warp(folder):
    batch = {name: torch.as_tensor(value) for name, value in batches_of(folder, warp_probability=1.0)(0).items()}
    batch["frequency_mask"] = torch.ones_like(batch["frequency_mask"])
    batch["frequency_mask"][:, 10:14] = 0
    made = perturbed(torch.ones(8, 40, batch["time_mask"].shape[1]), batch)
    assert made[:, 10:14].abs().max() == 0
    assert made[:, 14:, :].amax() == 1


def test_the_default_warps_nothing():
    assert ClassifierDataSettings().warp_probability == 0
