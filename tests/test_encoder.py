"""The encoder family: views, losses, embeddings of any length, warm start of classifiers, refusals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from command_line import refused
from tiny_families import recordings, trained

from wavewright import pretrain
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder, BadModel, BadSetting
from wavewright.families import loading
from wavewright.families.classifier import CLASSIFIER
from wavewright.families.encoder import ENCODER
from wavewright.families.encoder.config import SIZES, EncoderConfig
from wavewright.families.encoder.recipe import MASKED, ViewSettings, clean_statistics, draw_recordings, draw_views
from wavewright.families.encoder.runtime import windows_of
from wavewright.families.encoder.training import contrastive_loss
from wavewright.models.folder import ModelFolder
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train

UNCHANGED = ViewSettings(0.0, 1.0, 1.0, 0.0, 0.0, -6.0, 0.0, 0.0, 0.0, -20.0, 0.0, 0.0, 0.0)


def spectrograms(n=6, n_mels=40, n_frames=50):
    return np.random.default_rng(3).normal(-5, 2, (n, n_mels, n_frames)).astype(np.float32)


def noise(seconds, sample_rate=16_000, seed=0):
    return (0.2 * np.random.default_rng(seed).standard_normal(round(seconds * sample_rate))).astype(np.float32)


# --- recordings


def drawn(speakers, fraction, seed=0):
    names = np.array(speakers)
    probabilities = np.arange(1.0, len(names) + 1)
    rng = np.random.default_rng(seed)
    return draw_recordings(40, probabilities / probabilities.sum(), names, fraction, rng)


@pytest.mark.parametrize("fraction", [0.25, 1.0])
def test_a_fraction_of_a_batch_is_of_one_speaker(fraction):
    speakers = np.array(["ann", "ben", "ann", "cem", "ben"])
    for seed in range(5):
        own = speakers[drawn(speakers, fraction, seed)][: round(40 * fraction)]
        assert len(set(own)) == 1


def test_recordings_without_speakers_are_drawn_as_before():
    np.testing.assert_array_equal(drawn([""] * 5, 0.5), drawn(["ann"] * 5, 0.0))


# --- views


def test_a_view_that_changes_nothing_is_the_middle():
    views = draw_views(spectrograms(n_frames=50), 30, UNCHANGED, 0.0, (1, 2))
    np.testing.assert_allclose(views, spectrograms()[:, :, 10:40], atol=1e-5)


@pytest.mark.parametrize("shift", [0.0, 4.0])
def test_a_shift_of_whole_frames_moves_the_view(shift):
    ramp = np.broadcast_to(np.arange(50.0), (3, 40, 50))
    views = draw_views(ramp, 30, UNCHANGED, shift, (5,))
    starts = views[:, 0, 0] - 10
    assert (np.abs(starts) <= shift + 1e-5).all()
    np.testing.assert_allclose(views - views[:, :, :1], np.broadcast_to(np.arange(30.0), views.shape), atol=1e-4)


def test_a_stretch_changes_the_slope_within_its_range():
    ramp = np.broadcast_to(np.arange(80.0), (64, 40, 80))
    views = draw_views(ramp, 40, replace(UNCHANGED, largest_stretch=1.25), 0.0, (7,))
    slopes = views[:, 0, 21] - views[:, 0, 20]
    assert slopes.min() >= 0.8 - 1e-4
    assert slopes.max() <= 1.25 + 1e-4
    assert slopes.std() > 0.05


def test_an_equaliser_adds_the_same_curve_to_all_frames():
    views = draw_views(spectrograms(), 50, replace(UNCHANGED, curve_db=5.0, cut_probability=1.0), 0.0, (1,))
    curve = views - spectrograms()
    np.testing.assert_allclose(curve, np.broadcast_to(curve[:, :, :1], curve.shape), atol=1e-4)
    assert np.ptp(curve) > 1


def test_backgrounds_and_noise_only_add_power():
    for settings in (replace(UNCHANGED, mix_probability=1.0), replace(UNCHANGED, noise_probability=1.0)):
        views = draw_views(spectrograms(), 50, settings, 0.0, (1,))
        assert (views >= spectrograms() - 1e-4).all()
        assert (views > spectrograms() + 1e-3).any()


def test_masks_cover_no_more_than_their_fraction():
    settings = replace(UNCHANGED, mask_probability=1.0, frequency_mask_fraction=0.2, time_mask_fraction=0.1)
    is_masked = draw_views(spectrograms(32, 40, 50), 50, settings, 0.0, (1,)) == MASKED
    assert is_masked.any()
    assert is_masked.all(2).sum(1).max() <= 2 * 8
    assert is_masked.all(1).sum(1).max() <= 2 * 5


def test_statistics_ignore_the_level():
    settings = spectrograms()
    louder = clean_statistics(settings + 3, 20, 70.0)
    np.testing.assert_allclose(louder, clean_statistics(settings, 20, 70.0), atol=1e-5)
    assert louder.shape == (6, 120)


def test_a_constant_band_has_neither_deviation_nor_change():
    flat = np.broadcast_to(np.linspace(-9, 0, 40)[:, None], (2, 40, 50))
    mean, deviation, change = np.split(clean_statistics(flat, 20, 70.0), 3, axis=1)
    np.testing.assert_allclose(deviation, 0, atol=1e-6)
    np.testing.assert_allclose(change, 0, atol=1e-6)
    np.testing.assert_allclose(mean[0], np.linspace(-9, 0, 40) / (7 * np.log(10)) + 1, atol=1e-5)


# --- loss


def test_the_loss_of_pairs_that_are_orthogonal_to_all_others():
    n, temperature = 4, 0.5
    views = torch.eye(n).repeat(2, 1)
    expected = np.log(1 + (2 * n - 2) / np.exp(1 / temperature))  # one similarity of 1, six of 0
    assert float(contrastive_loss(views, temperature)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_equal_views_is_that_of_a_guess():
    assert float(contrastive_loss(torch.ones(10, 3), 0.2)) == pytest.approx(np.log(9), rel=1e-5)


# --- embeddings


def test_an_embedding_does_not_depend_on_the_batch_or_the_level():
    model = loading.load_encoder(trained("encoder").out)
    waves = np.stack([noise(0.7, seed=seed) for seed in range(3)])
    together = model.embed(waves)
    np.testing.assert_array_equal(together, np.concatenate([model.embed(wave[None]) for wave in waves]))
    np.testing.assert_allclose(model.embed(waves / 4), together, atol=1e-3)
    assert together.shape == (3, model.embedding_size)


def test_a_long_wave_has_the_mean_of_its_windows():
    model = loading.load_encoder(trained("encoder").out)
    n_samples = model.config.n_samples
    wave = noise(n_samples * 2 / model.sample_rate)
    windows = [wave[start : start + n_samples] for start in (0, n_samples // 2, n_samples)]
    expected = np.mean([model.embed(window[None])[0] for window in windows], axis=0)
    np.testing.assert_allclose(model.embed(wave[None])[0], expected, atol=1e-5)


def test_an_embedding_holds_statistics_of_each_band():
    module = trained("encoder").network.inference_module().eval()
    flat = torch.linspace(-9, 0, 40)[None, :, None].expand(2, 40, 30)
    mean, deviation, change = module(flat)[:, module.config.statistics_size :].split(40, 1)
    torch.testing.assert_close(mean[0], torch.linspace(-9, 0, 40) / (7 * np.log(10)) + 1)
    torch.testing.assert_close(deviation, torch.full((2, 40), 1e-5**0.5), atol=1e-4, rtol=0)
    torch.testing.assert_close(change, torch.zeros(2, 40))
    longer = module(torch.nn.functional.pad(flat, (0, 30), value=-90.0))
    torch.testing.assert_close(longer[:, module.config.statistics_size :][:, :40], mean, atol=0.01, rtol=0)


def test_silence_around_a_sound_does_not_count():
    wave = np.concatenate([np.zeros(8_000, np.float32), noise(0.5), np.zeros(32_000, np.float32)])
    assert all(np.abs(window).max() for window in windows_of(wave, 8_000))
    assert len(windows_of(np.zeros(100, np.float32), 8_000)) == 1


def test_waves_of_another_rate_are_resampled():
    model = loading.load_encoder(trained("encoder").out)
    time = np.arange(16_000) / 32_000
    slow = np.sin(2 * np.pi * 700 * time).astype(np.float32)
    np.testing.assert_allclose(model.embed(slow[None], 32_000), model.embed(slow[None, ::2]), atol=0.02)
    with pytest.raises(BadSetting, match="sample rate is 0"):
        model.embed(slow[None], 0)


def test_embeddings_need_no_torch():
    program = (
        f"import sys, numpy, wavewright; wavewright.load_encoder({str(trained('encoder').out)!r})"
        ".embed(numpy.ones((1, 9000)) / 3); print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "False"


# --- classifiers that start from an encoder


def test_a_classifier_starts_from_the_weights_of_an_encoder():
    base = ModelFolder(trained("encoder").out)
    recipe = CLASSIFIER.fine_tuning(base)
    model = replace(recipe.model, labels=("a", "b"), n_samples=9_000)
    weights = CLASSIFIER.initial_weights(base, model)
    network = CLASSIFIER.training().build(model).inference_module()
    fresh = network.state_dict().keys() - weights.keys()
    assert fresh == {"fc.weight", "fc.bias", *(f"scale.{name}" for name in network.scale.state_dict())}
    assert set(CLASSIFIER.fresh_weights(base, model)) == {"fc.weight", "fc.bias", "scale."}
    network.load_state_dict({**network.state_dict(), **{name: torch.as_tensor(w) for name, w in weights.items()}})
    encoder = trained("encoder").network.inference_module().eval()
    spectrogram = torch.as_tensor(spectrograms(2))
    torch.testing.assert_close(
        network.eval()(spectrogram)[1],
        encoder(spectrogram)[:, : model.embedding_size],
        atol=0.05,
        rtol=0.05,
    )
    assert recipe.data.fit_length
    assert (model.sample_rate, model.hop_length) == (16_000, 128)


def test_a_classifier_learns_from_an_encoder_and_plays(tmp_path):
    folder = recordings().entries[0].path.parents[1]
    out = tmp_path / "run"
    settings = ("steps=2", "batch_size=4", "threads=1", "evaluate_every=2")
    progress = train(
        TrainParameters(
            folder,
            "classifier",
            out=out,
            label_from="folder",
            set=settings,
            from_=str(trained("encoder").out),
            quiet=True,
        )
    )
    assert progress.step == 2
    model = loading.load_classifier(out)
    assert model.labels == ("high", "low")
    assert model.config.n_samples / model.sample_rate == pytest.approx(0.7, abs=0.01)  # that of the recordings
    with pytest.raises(BadModel, match="makes no embeddings; give an encoder"):
        loading.load_encoder(out)


def test_few_recordings_leave_the_encoder_as_it_is(tmp_path):
    base = trained("encoder").out
    settings = ("steps=3", "batch_size=4", "threads=1", "evaluate_every=3", "model.pooling=statistics")
    layer = "blocks.0.f1.1.running_mean"
    known = ModelFolder(base).weights()[f"encoder.{layer}"]
    for few_clips in (0, 20):
        out = tmp_path / str(few_clips)
        train(
            TrainParameters(
                recordings().entries[0].path.parents[1],
                "classifier",
                out=out,
                label_from="folder",
                set=(*settings, f"data.few_clips={few_clips}"),
                from_=str(base),
                quiet=True,
            )
        )
        learned = ModelFolder(out).weights()[f"classifier.{layer}"]
        assert np.allclose(learned, known, atol=1e-4) == (few_clips == 20)
        model = loading.load_classifier(out)
        probabilities, embeddings = model.classify(noise(0.7)[None])
        assert probabilities.shape == (1, 2)
        assert embeddings.shape == (1, model.config.embedding_size)
    assert model.config.pooled_size == model.config.vector_size
    assert replace(model.config, output="frames").pooled_size == model.config.embedding_size  # events have none


def test_other_families_do_not_start_from_an_encoder():
    with pytest.raises(BadSetting, match="starts from a model of its own, gan"):
        train(TrainParameters(trained("encoder").out, "gan", from_=str(trained("encoder").out)))


# --- the command


def test_pretrain_makes_an_encoder_of_mixed_rates(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "field").mkdir()
    for number, (rate, seconds, channels) in enumerate([(8_000, 0.2, 1), (44_100, 3.0, 2), (22_050, 1.1, 1)]):
        wave = np.stack([noise(seconds, rate, number)] * channels)
        Clip(wave, rate).write(tmp_path / "field" / f"{number}.wav")
    settings = ("steps=2", "batch_size=3", "threads=1", "valid_fraction=0")
    result = pretrain(tmp_path / "field", size="tiny", set=settings, quiet=True)
    assert result.details["step"] == 2
    assert str(result.out) == "runs/field-encoder".replace("/", "\\" if sys.platform == "win32" else "/")
    model = loading.load_encoder(result.out)
    assert model.card.training["n_clips"] == 3
    assert model.labels == ()


def test_one_recording_and_none_are_refused(tmp_path, capsys):
    folder = tmp_path / "one"
    folder.mkdir()
    assert "no sound" in refused(capsys, "pretrain", str(folder), "--out", str(tmp_path / "run"))
    Clip(noise(1.0)[None], 16_000).write(folder / "only.wav")
    with pytest.raises(BadFolder, match=r"needs 2 or more to train on, but the folder has 1"):
        pretrain(folder, out=tmp_path / "run", size="tiny", set=("valid_fraction=0",), max_minutes=0.01)
    assert not (tmp_path / "run").exists()


def test_a_seed_chooses_views_and_crops():
    recipe = ENCODER.recipe("tiny")
    prepared = ENCODER.prepare(recipe, recordings().entries)
    other = ENCODER.prepare(replace(recipe, training=replace(recipe.training, seed=1)), recordings().entries)
    first, again, second = prepared.batches(0), prepared.batches(0), other.batches(0)
    np.testing.assert_array_equal(first["first"], again["first"])
    assert not np.array_equal(first["first"], second["first"])
    assert not np.array_equal(first["first"], first["second"])


def tones(texts):
    """Entries of a batch of one recording each of four pitches, with texts."""
    entries = sorted(recordings().entries, key=lambda entry: entry.path)[: len(texts)]
    return [replace(entry, text=text, split="train") for entry, text in zip(entries, texts, strict=True)]


def views_of(texts, same_text, apart=0.0, speakers=(None,) * 4):
    recipe = ENCODER.recipe("tiny")
    pairs = {"same_text_probability": same_text, "apart_probability": apart, "valid_fraction": 0.0}
    recipe = replace(recipe, data=type(recipe.data)(**{**vars(recipe.data), **vars(UNCHANGED), **pairs}))
    entries = [replace(entry, speaker=speaker) for entry, speaker in zip(tones(texts), speakers, strict=True)]
    return ENCODER.prepare(recipe, entries).batches


def test_recordings_of_one_text_are_views_of_each_other():
    batches = views_of(["Go", "go", None, "stop"], 1.0)
    assert {row: list(others) for row, others in batches.same_text.items()} == {0: [1], 1: [0]}
    batch = batches(0)
    own = views_of(["Go", "go", None, "stop"], 0.0)(0)
    np.testing.assert_array_equal(batch["first"], own["first"])
    np.testing.assert_array_equal(own["first"], own["second"])  # views that change nothing
    is_paired = np.array([not np.array_equal(*pair) for pair in zip(batch["first"], batch["second"], strict=True)])
    assert 0 < is_paired.sum() < len(is_paired)
    first, second = np.split(batch["statistics"], 2)
    np.testing.assert_array_equal((first != second).any(1), is_paired)


def test_places_of_one_recording_are_views_of_each_other_if_nobody_speaks():
    speakers = ("anna", None, None, None)
    batch = views_of([None] * 4, 0.0, apart=1.0, speakers=speakers)(0)
    own = views_of([None] * 4, 0.0, speakers=speakers)(0)
    is_apart = [not np.array_equal(*pair) for pair in zip(batch["first"], batch["second"], strict=True)]
    rng = np.random.default_rng([0, 0])
    chosen = draw_recordings(len(is_apart), views_of([None] * 4, 0.0).probabilities, np.array(speakers), 0.0, rng)
    assert is_apart == [row != 0 for row in chosen]
    assert 0 < sum(is_apart) < len(is_apart)
    np.testing.assert_array_equal(own["first"], own["second"])


def test_sizes_have_the_weights_that_the_page_states():
    counts = {}
    for size, config in SIZES.items():
        module = ENCODER.training().build(config).inference_module()
        counts[size] = sum(weight.numel() for weight in module.parameters())
    assert counts["base"] < 100_000
    assert counts["tiny"] < counts["small"] < counts["base"]
    assert EncoderConfig().vector_size == 4 * 32 + 3 * 40


def test_a_model_without_weights_of_heads_can_be_trained_further(tmp_path):
    base = tmp_path / "base"
    shutil.copytree(trained("encoder").out, base, ignore=shutil.ignore_patterns("checkpoints"))
    folder = recordings().entries[0].path.parents[1]
    result = pretrain(
        folder, from_=str(base), out=tmp_path / "run", set=("steps=1", "batch_size=4", "threads=1"), quiet=True
    )
    assert result.details["step"] == 1
